// SPDX-License-Identifier: GPL-2.0
/*
 * configfs: targets/<driver>/<target>/
 */
#include <linux/configfs.h>
#include <linux/export.h>
#include <linux/module.h>
#include <linux/minmax.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "configfs/configfs.h"
#include "graph/graph.h"
#include "observe/observe.h"

/**
 * scst_target_from_item() - get the target of a directory
 * @item: the target's directory
 *
 * Context: any.
 * Return: the target.
 */
struct scst_target *scst_target_from_item(struct config_item *item)
{
	return container_of(to_config_group(item), struct scst_target, group);
}
EXPORT_SYMBOL_GPL(scst_target_from_item);

/* <target>/ */

static ssize_t scst_tgt_enable_show(struct config_item *item, char *page)
{
	return sysfs_emit(page, "%u\n", scst_target_enabled(scst_target_from_item(item)));
}

static ssize_t scst_tgt_enable_store(struct config_item *item, const char *page, size_t count)
{
	struct scst_target *tgt = scst_target_from_item(item);
	bool enable;
	int ret = scst_parse_bool(&tgt->error, "enable", page, &enable);

	if (!ret)
		ret = enable ? scst_target_enable(tgt) : scst_target_disable(tgt);
	return scst_target_op_end(tgt, "enable", ret) ?: count;
}

CONFIGFS_ATTR(scst_tgt_, enable);

static ssize_t scst_tgt_state_show(struct config_item *item, char *page)
{
	return sysfs_emit(page, "%s\n", scst_target_state_name(scst_target_from_item(item)));
}

CONFIGFS_ATTR_RO(scst_tgt_, state);

SCST_ATTR_LAST_ERROR(scst_tgt_, scst_target_from_item);

/*
 * The directories that must be removed before the target, and its sessions, as paths below the
 * root
 */
static ssize_t scst_tgt_holders_show(struct config_item *item, char *page)
{
	struct scst_target *tgt = scst_target_from_item(item);
	struct scst_session *sess;
	struct scst_group *grp;
	ssize_t len = 0;

	mutex_lock(&scst_config_lock);
	scst_lun_map_holders(&tgt->map, page, &len);
	list_for_each_entry(grp, &tgt->groups, entry)
		scst_emit_line(page, &len, "targets/%s/%s/groups/%s\n",
			       tgt->ops->name, tgt->name, scst_group_name(grp));
	list_for_each_entry(sess, &tgt->sessions, tgt_entry)
		scst_emit_line(page, &len, "targets/%s/%s/sessions/%s\n", tgt->ops->name, tgt->name,
			       config_item_name(&sess->dir.cg_item));
	mutex_unlock(&scst_config_lock);
	return len;
}

CONFIGFS_ATTR_RO(scst_tgt_, holders);

static ssize_t scst_tgt_drain_ms_show(struct config_item *item, char *page)
{
	return sysfs_emit(page, "%u\n", scst_target_from_item(item)->drain_ms);
}

static ssize_t scst_tgt_drain_ms_store(struct config_item *item, const char *page, size_t count)
{
	struct scst_target *tgt = scst_target_from_item(item);

	return scst_ms_store(&tgt->error, "drain_ms", page, count, &tgt->drain_ms);
}

CONFIGFS_ATTR(scst_tgt_, drain_ms);

static ssize_t scst_tgt_rel_tgt_id_show(struct config_item *item, char *page)
{
	return sysfs_emit(page, "%u\n", scst_target_from_item(item)->rel_tgt_id);
}

static ssize_t scst_tgt_rel_tgt_id_store(struct config_item *item, const char *page, size_t count)
{
	struct scst_target *tgt = scst_target_from_item(item);
	u16 id;
	int ret;

	if (kstrtou16(page, 10, &id) || !id) {
		scst_target_set_error(tgt, "rel_tgt_id: must be a number from 1 to %u", U16_MAX);
		return scst_target_op_end(tgt, "rel_tgt_id", -EINVAL);
	}
	mutex_lock(&scst_config_lock);
	ret = scst_target_set_rel_id(tgt, id);
	mutex_unlock(&scst_config_lock);
	return scst_target_op_end(tgt, "rel_tgt_id", ret) ?: count;
}

CONFIGFS_ATTR(scst_tgt_, rel_tgt_id);

static ssize_t scst_tgt_explain_show(struct config_item *item, char *page)
{
	struct scst_target *tgt = scst_target_from_item(item);
	ssize_t len = 0;

	mutex_lock(&scst_config_lock);
	if (tgt->explained)
		len = scst_target_explain(tgt, tgt->explained, page);
	mutex_unlock(&scst_config_lock);
	return len;
}

static int scst_tgt_ask(struct scst_target *tgt, const char *page)
{
	size_t len = strcspn(page, "\n");
	char *initiator;

	if (!len || len >= SCST_PORT_NAME_LEN) {
		scst_target_set_error(tgt, "explain: must be the name of an initiator port");
		return -EINVAL;
	}
	initiator = kstrndup(page, len, GFP_KERNEL);
	if (!initiator)
		return -ENOMEM;
	scst_target_fold_name(tgt, initiator);
	mutex_lock(&scst_config_lock);
	swap(tgt->explained, initiator);
	mutex_unlock(&scst_config_lock);
	kfree(initiator);
	return 0;
}

static ssize_t scst_tgt_explain_store(struct config_item *item, const char *page, size_t count)
{
	struct scst_target *tgt = scst_target_from_item(item);

	return scst_target_op_end(tgt, "explain", scst_tgt_ask(tgt, page)) ?: count;
}

CONFIGFS_ATTR(scst_tgt_, explain);

static struct configfs_attribute *scst_tgt_attrs[] = {
	&scst_tgt_attr_enable,
	&scst_tgt_attr_state,
	&scst_tgt_attr_last_error,
	&scst_tgt_attr_holders,
	&scst_tgt_attr_drain_ms,
	&scst_tgt_attr_rel_tgt_id,
	&scst_tgt_attr_explain,
	NULL,
};

static void scst_tgt_release(struct config_item *item)
{
	struct scst_target *tgt = scst_target_from_item(item);

	scst_target_disable(tgt);
	scst_target_remove(tgt);
}

static struct configfs_item_operations scst_tgt_item_ops = {
	.release = scst_tgt_release,
};

const struct config_item_type scst_target_type = {
	.ct_item_ops = &scst_tgt_item_ops,
	.ct_attrs = scst_tgt_attrs,
	.ct_owner = THIS_MODULE,
};

/* targets/<driver>/ */

static void scst_tgt_add_dirs(struct scst_target *tgt)
{
	scst_luns_dir_add(&tgt->map, &tgt->group);
	config_group_init_type_name(&tgt->groups_group, "groups", &scst_groups_type);
	configfs_add_default_group(&tgt->groups_group, &tgt->group);
	config_group_init_type_name(&tgt->sessions_group, "sessions", &scst_sessions_type);
	configfs_add_default_group(&tgt->sessions_group, &tgt->group);
}

static struct config_group *scst_driver_dir_make(struct config_group *group, const char *name)
{
	struct scst_error *error = scst_parent_error(group);
	struct scst_target *tgt;

	tgt = scst_target_create(scst_plugin_of(group), name, error);
	scst_error_end(error, "mkdir", PTR_ERR_OR_ZERO(tgt));
	if (IS_ERR(tgt))
		return ERR_CAST(tgt);
	scst_tgt_add_dirs(tgt);
	return &tgt->group;
}

static void scst_driver_dir_drop(struct config_group *group, struct config_item *item)
{
	scst_target_unpublish(scst_target_from_item(item));
	config_item_put(item);
}

static struct configfs_item_operations scst_driver_dir_item_ops = {
	.release = scst_plugin_dir_release,
};

static struct configfs_group_operations scst_driver_dir_group_ops = {
	.make_group = scst_driver_dir_make,
	.drop_item = scst_driver_dir_drop,
};

const struct config_item_type scst_driver_dir_type = {
	.ct_item_ops = &scst_driver_dir_item_ops,
	.ct_attrs = scst_parent_attrs,
	.ct_group_ops = &scst_driver_dir_group_ops,
	.ct_owner = THIS_MODULE,
};
