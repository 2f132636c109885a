// SPDX-License-Identifier: GPL-2.0
/*
 * The lifetime of targets/<driver>/<target>/sessions/<session>/
 *
 * The kernel creates and removes these directories, in work items because a log-in may happen
 * under any of the driver's locks. A target that has some cannot be removed, as if an
 * administrator had created them. So the target's directory exists whenever a session's directory
 * is created or removed in it.
 */
#include <linux/configfs.h>
#include <linux/string.h>
#include <linux/workqueue.h>

#include "graph/graph.h"

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
 * This is the initiator port's name with "!" for "/", and with "~2" and so on for further sessions.
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

/* The first session directory of a target pins the target's directory. */
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

/* A session works without a directory, so a failure is only reported. */
static void scst_session_dir_work(struct work_struct *work)
{
	struct scst_session *sess = container_of(work, struct scst_session, dir_work);
	struct scst_target *tgt = sess->tgt;
	int ret;

	mutex_lock(&tgt->dirs_lock);
	ret = scst_session_dir_register(sess);
	sess->has_dir = !ret;
	mutex_unlock(&tgt->dirs_lock);
	/* -ENOENT: the target is being removed. */
	if (!ret || ret == -ENOENT)
		return;
	scst_target_set_error(tgt, "the session of %s has no directory in configfs: %pe",
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
 * scst_session_dir_make() - queue the creation of a session's directory
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
 * On return none of its attributes is being read or written.
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
