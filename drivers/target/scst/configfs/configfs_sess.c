// SPDX-License-Identifier: GPL-2.0
/*
 * configfs: targets/<driver>/<target>/sessions/<session>/
 *
 * The kernel makes and removes these directories, in work items: a log-in may
 * happen under any of the driver's locks. While a target has some it cannot be
 * removed, as if somebody had made them: so its directory is there whenever one is
 * to be made or removed in it.
 */
#include <linux/configfs.h>
#include <linux/export.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "scst_priv.h"

/**
 * scst_session_from_item() - the session whose directory an item is
 * @item: the item
 *
 * Context: any.
 * Return: the session.
 */
struct scst_session *scst_session_from_item(struct config_item *item)
{
	return container_of(to_config_group(item), struct scst_session, dir);
}
EXPORT_SYMBOL_GPL(scst_session_from_item);

static ssize_t scst_sess_initiator_show(struct config_item *item, char *page)
{
	return sysfs_emit(page, "%s\n", scst_session_from_item(item)->initiator);
}

CONFIGFS_ATTR_RO(scst_sess_, initiator);

/* "": it sees the target's default map */
static ssize_t scst_sess_group_show(struct config_item *item, char *page)
{
	struct scst_session *sess = scst_session_from_item(item);
	const char *name = "";
	ssize_t len;

	mutex_lock(&scst_config_lock);
	if (sess->map && sess->map->grp)
		name = scst_group_name(sess->map->grp);
	len = sysfs_emit(page, "%s\n", name);
	mutex_unlock(&scst_config_lock);
	return len;
}

CONFIGFS_ATTR_RO(scst_sess_, group);

static ssize_t scst_sess_luns_show(struct config_item *item, char *page)
{
	struct scst_session *sess = scst_session_from_item(item);
	struct scst_nexus *nexus;
	unsigned long index;
	unsigned int luns = 0;

	rcu_read_lock();
	xa_for_each(&sess->nexuses, index, nexus)
		luns++;
	rcu_read_unlock();
	return sysfs_emit(page, "%u\n", luns);
}

CONFIGFS_ATTR_RO(scst_sess_, luns);

static ssize_t scst_sess_state_show(struct config_item *item, char *page)
{
	return sysfs_emit(page, "%s\n",
			  scst_session_state_name(scst_session_from_item(item)));
}

CONFIGFS_ATTR_RO(scst_sess_, state);

static ssize_t scst_sess_address_show(struct config_item *item, char *page)
{
	struct scst_session *sess = scst_session_from_item(item);
	char address[SCST_ADDRESS_LEN] = "";

	if (sess->tgt->ops->address)
		sess->tgt->ops->address(sess, address);
	return sysfs_emit(page, "%s\n", address);
}

CONFIGFS_ATTR_RO(scst_sess_, address);

static ssize_t scst_sess_login_time_show(struct config_item *item, char *page)
{
	return sysfs_emit(page, "%lld\n",
			  scst_session_from_item(item)->login_time);
}

CONFIGFS_ATTR_RO(scst_sess_, login_time);

static void scst_sess_read(struct config_item *item, struct scst_counts *counts)
{
	struct scst_session *sess = scst_session_from_item(item);

	scst_stats_read(&sess->stats, &sess->tally, counts);
}

static ssize_t scst_sess_commands_show(struct config_item *item, char *page)
{
	struct scst_counts counts;

	scst_sess_read(item, &counts);
	return sysfs_emit(page, "%llu\n", counts.n[SCST_COUNT_READS] +
			  counts.n[SCST_COUNT_WRITES] +
			  counts.n[SCST_COUNT_OTHERS]);
}

CONFIGFS_ATTR_RO(scst_sess_, commands);

#define SCST_SESS_COUNT(_name, _index)					\
static ssize_t scst_sess_##_name##_show(struct config_item *item,	\
					char *page)			\
{									\
	struct scst_counts counts;					\
									\
	scst_sess_read(item, &counts);					\
	return sysfs_emit(page, "%llu\n", counts.n[_index]);		\
}									\
CONFIGFS_ATTR_RO(scst_sess_, _name)

SCST_SESS_COUNT(read_bytes, SCST_COUNT_READ_BYTES);
SCST_SESS_COUNT(write_bytes, SCST_COUNT_WRITE_BYTES);
SCST_SESS_COUNT(errors, SCST_COUNT_ERRORS);
SCST_SESS_COUNT(aborts, SCST_COUNT_ABORTS);

static int scst_sess_disconnect(struct scst_session *sess, const char *page)
{
	bool disconnect;

	if (scst_parse_bool(page, &disconnect) || !disconnect) {
		scst_error_set(&sess->error, "disconnect: not 1");
		return -EINVAL;
	}
	if (!sess->tgt->ops->disconnect) {
		scst_error_set(&sess->error, "target driver %s cannot end a session",
			       sess->tgt->ops->name);
		return -EOPNOTSUPP;
	}
	sess->tgt->ops->disconnect(sess);
	return 0;
}

static ssize_t scst_sess_disconnect_store(struct config_item *item,
					  const char *page, size_t count)
{
	struct scst_session *sess = scst_session_from_item(item);

	return scst_error_end(&sess->error, "disconnect",
			      scst_sess_disconnect(sess, page)) ?: count;
}

CONFIGFS_ATTR_WO(scst_sess_, disconnect);

static ssize_t scst_sess_last_error_show(struct config_item *item, char *page)
{
	return scst_error_show(&scst_session_from_item(item)->error, page);
}

CONFIGFS_ATTR_RO(scst_sess_, last_error);

static struct configfs_attribute *scst_sess_attrs[] = {
	&scst_sess_attr_initiator,
	&scst_sess_attr_group,
	&scst_sess_attr_luns,
	&scst_sess_attr_state,
	&scst_sess_attr_address,
	&scst_sess_attr_login_time,
	&scst_sess_attr_commands,
	&scst_sess_attr_read_bytes,
	&scst_sess_attr_write_bytes,
	&scst_sess_attr_errors,
	&scst_sess_attr_aborts,
	&scst_sess_attr_disconnect,
	&scst_sess_attr_last_error,
	&scst_free_attr_holders,
	NULL,
};

static void scst_sess_release(struct config_item *item)
{
	scst_session_free(scst_session_from_item(item));
}

static struct configfs_item_operations scst_sess_item_ops = {
	.release = scst_sess_release,
};

const struct config_item_type scst_session_type = {
	.ct_item_ops = &scst_sess_item_ops,
	.ct_attrs = scst_sess_attrs,
	.ct_owner = THIS_MODULE,
};

/* Nobody but the kernel makes anything here. */
const struct config_item_type scst_sessions_type = {
	.ct_owner = THIS_MODULE,
};

static bool scst_session_name_is_free(struct scst_target *tgt, const char *name)
{
	struct scst_session *sess;

	lockdep_assert_held(&scst_config_lock);
	list_for_each_entry(sess, &tgt->sessions, tgt_entry)
		if (!strcmp(config_item_name(&sess->dir.cg_item), name))
			return false;
	return true;
}

/**
 * scst_session_dir_name() - choose the name of a session's directory
 * @sess: the session, not on its target's list yet
 *
 * It is the initiator's, with "~2" and so on for its further sessions.
 *
 * Context: process context, under scst_config_lock.
 * Return: 0 or -ENOMEM.
 */
int scst_session_dir_name(struct scst_session *sess)
{
	char name[SCST_PORT_NAME_LEN + sizeof("~4294967295")];
	unsigned int n = 1;

	strscpy(name, sess->initiator, SCST_PORT_NAME_LEN);
	strreplace(name, '/', '!');
	while (!scst_session_name_is_free(sess->tgt, name)) {
		snprintf(name, sizeof(name), "%s~%u", sess->initiator, ++n);
		strreplace(name, '/', '!');
	}
	return config_item_set_name(&sess->dir.cg_item, "%s", name);
}

/* The first of a target's session directories keeps the target's own. */
static int scst_target_dirs_get(struct scst_target *tgt)
{
	int ret = 0;

	lockdep_assert_held(&tgt->dirs_lock);
	if (!tgt->dirs)
		ret = configfs_depend_item(&scst_subsystem, &tgt->group.cg_item);
	if (!ret)
		tgt->dirs++;
	return ret;
}

static void scst_target_dirs_put(struct scst_target *tgt)
{
	lockdep_assert_held(&tgt->dirs_lock);
	if (!--tgt->dirs)
		configfs_undepend_item(&tgt->group.cg_item);
}

static int scst_session_dir_register(struct scst_session *sess)
{
	struct scst_target *tgt = sess->tgt;
	int ret = scst_target_dirs_get(tgt);

	if (ret)
		return ret;
	ret = configfs_register_group(&tgt->sessions_group, &sess->dir);
	if (ret)
		scst_target_dirs_put(tgt);
	return ret;
}

/* Without a directory the session works all the same. */
static void scst_session_dir_work(struct work_struct *work)
{
	struct scst_session *sess = container_of(work, struct scst_session,
						 dir_work);
	struct scst_target *tgt = sess->tgt;
	int ret;

	mutex_lock(&tgt->dirs_lock);
	ret = scst_session_dir_register(sess);
	sess->has_dir = !ret;
	mutex_unlock(&tgt->dirs_lock);
	/* -ENOENT: the target is being removed. */
	if (!ret || ret == -ENOENT)
		return;
	scst_target_set_error(tgt, "no directory for the session of %s: %pe",
			      sess->initiator, ERR_PTR(ret));
	scst_target_op_end(tgt, "", ret);
}

/**
 * scst_session_dir_init() - prepare a session's directory
 * @sess: the session, which gets its first reference
 */
void scst_session_dir_init(struct scst_session *sess)
{
	config_group_init(&sess->dir);
	sess->dir.cg_item.ci_type = &sess->plugin->session_type;
	INIT_WORK(&sess->dir_work, scst_session_dir_work);
}

/**
 * scst_session_dir_make() - have a session's directory made
 * @sess: the session
 *
 * Context: any.
 */
void scst_session_dir_make(struct scst_session *sess)
{
	queue_work(scst_session_wq, &sess->dir_work);
}

/**
 * scst_session_dir_remove() - remove a session's directory
 * @sess: the session
 *
 * Nobody reads or writes its attributes any more on return.
 *
 * Context: process context without locks.
 */
void scst_session_dir_remove(struct scst_session *sess)
{
	struct scst_target *tgt = sess->tgt;

	cancel_work_sync(&sess->dir_work);
	if (!sess->has_dir)
		return;
	configfs_unregister_group(&sess->dir);
	mutex_lock(&tgt->dirs_lock);
	scst_target_dirs_put(tgt);
	mutex_unlock(&tgt->dirs_lock);
}
