// SPDX-License-Identifier: GPL-2.0
/*
 * configfs: the attributes of targets/<driver>/<target>/sessions/<session>/
 */
#include <linux/configfs.h>
#include <linux/export.h>
#include <linux/module.h>

#include "cmd/cmd.h"
#include "configfs/configfs.h"
#include "graph/graph.h"
#include "observe/observe.h"

/**
 * scst_session_from_item() - get the session of a directory
 * @item: the session's directory
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

/* Name of the session's group; "": the session uses the target's default map */
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
	return sysfs_emit(page, "%u\n", scst_session_count_luns(scst_session_from_item(item)));
}

CONFIGFS_ATTR_RO(scst_sess_, luns);

static ssize_t scst_sess_state_show(struct config_item *item, char *page)
{
	return sysfs_emit(page, "%s\n", scst_session_state_name(scst_session_from_item(item)));
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
	return sysfs_emit(page, "%lld\n", scst_session_from_item(item)->login_time);
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

	if (scst_parse_bool(&sess->error, "disconnect", page, &disconnect) || !disconnect) {
		scst_error_set(&sess->error, "disconnect: must be 1");
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

static ssize_t scst_sess_disconnect_store(struct config_item *item, const char *page, size_t count)
{
	struct scst_session *sess = scst_session_from_item(item);

	return scst_error_end(&sess->error, "disconnect",
			      scst_sess_disconnect(sess, page)) ?: count;
}

CONFIGFS_ATTR_WO(scst_sess_, disconnect);

SCST_ATTR_LAST_ERROR(scst_sess_, scst_session_from_item);

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

/* Only the kernel creates directories here. */
const struct config_item_type scst_sessions_type = {
	.ct_owner = THIS_MODULE,
};
