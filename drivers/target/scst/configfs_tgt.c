// SPDX-License-Identifier: GPL-2.0
/*
 * configfs: targets/<driver>/<target>/ and its luns/<N>/
 */
#include <linux/configfs.h>
#include <linux/export.h>
#include <linux/module.h>
#include <linux/slab.h>

#include "scst_priv.h"

/**
 * scst_target_from_item - the target whose directory an item is
 * @item: the item
 *
 * Context: any.
 * Return: the target.
 */
struct scst_target *scst_target_from_item(struct config_item *item)
{
	return container_of(to_config_group(item), struct scst_target, group);
}
EXPORT_SYMBOL_GPL(scst_target_from_item);

static struct scst_map_lun *scst_map_lun_from_item(struct config_item *item)
{
	return container_of(item, struct scst_map_lun, item);
}

/* luns/<N>/ */

static ssize_t scst_lun_read_only_show(struct config_item *item, char *page)
{
	return sysfs_emit(page, "%u\n",
			  READ_ONCE(scst_map_lun_from_item(item)->read_only));
}

static ssize_t scst_lun_read_only_store(struct config_item *item,
					const char *page, size_t count)
{
	struct scst_map_lun *lun = scst_map_lun_from_item(item);
	bool read_only;

	if (scst_parse_bool(page, &read_only)) {
		scst_error_set(&lun->error, "read_only: not 0 or 1");
		return -EINVAL;
	}
	WRITE_ONCE(lun->read_only, read_only);
	return count;
}

CONFIGFS_ATTR(scst_lun_, read_only);

static ssize_t scst_lun_last_error_show(struct config_item *item, char *page)
{
	return scst_error_show(&scst_map_lun_from_item(item)->error, page);
}

CONFIGFS_ATTR_RO(scst_lun_, last_error);

static struct configfs_attribute *scst_lun_attrs[] = {
	&scst_lun_attr_read_only,
	&scst_lun_attr_last_error,
	NULL,
};

/* Only devices have this release function. */
static bool scst_item_is_device(const struct config_item *item)
{
	return item->ci_type && item->ci_type->ct_item_ops ==
	       scst_device_type.ct_item_ops;
}

static int scst_lun_allow_link(struct config_item *src,
			       struct config_item *target)
{
	struct scst_map_lun *lun = scst_map_lun_from_item(src);

	if (!scst_item_is_device(target)) {
		scst_error_set(&lun->error, "the link does not lead to a device");
		return -EINVAL;
	}
	return scst_map_lun_link(lun, scst_device_from_item(target));
}

static void scst_lun_drop_link(struct config_item *src,
			       struct config_item *target)
{
	scst_map_lun_unlink(scst_map_lun_from_item(src));
}

static void scst_lun_release(struct config_item *item)
{
	kfree(scst_map_lun_from_item(item));
}

static struct configfs_item_operations scst_lun_item_ops = {
	.release = scst_lun_release,
	.allow_link = scst_lun_allow_link,
	.drop_link = scst_lun_drop_link,
};

static const struct config_item_type scst_lun_type = {
	.ct_item_ops = &scst_lun_item_ops,
	.ct_attrs = scst_lun_attrs,
	.ct_owner = THIS_MODULE,
};

/* luns/ */

static struct scst_lun_map *scst_lun_map_from_group(struct config_group *group)
{
	return container_of(group, struct scst_lun_map, group);
}

/* Decimal, no sign, no leading zero: one LUN has one name. */
static int scst_parse_lun(const char *name, u32 *lun)
{
	if (name[0] < '0' || name[0] > '9' || (name[0] == '0' && name[1]))
		return -EINVAL;
	if (kstrtouint(name, 10, lun) || *lun > SCST_MAX_LUN)
		return -EINVAL;
	return 0;
}

static struct config_item *scst_luns_make(struct config_group *group,
					  const char *name)
{
	struct scst_lun_map *map = scst_lun_map_from_group(group);
	struct scst_map_lun *lun;
	u32 number;

	if (scst_parse_lun(name, &number)) {
		scst_target_set_error(map->tgt, "luns/%s: not a number from 0 to %u",
				      name, SCST_MAX_LUN);
		return ERR_PTR(-EINVAL);
	}
	lun = scst_map_lun_create(map, number);
	if (IS_ERR(lun))
		return ERR_CAST(lun);
	config_item_init_type_name(&lun->item, name, &scst_lun_type);
	return &lun->item;
}

static void scst_luns_drop(struct config_group *group, struct config_item *item)
{
	scst_map_lun_unpublish(scst_map_lun_from_item(item));
	config_item_put(item);
}

static struct configfs_group_operations scst_luns_group_ops = {
	.make_item = scst_luns_make,
	.drop_item = scst_luns_drop,
};

const struct config_item_type scst_luns_type = {
	.ct_group_ops = &scst_luns_group_ops,
	.ct_owner = THIS_MODULE,
};

/* <target>/ */

static ssize_t scst_tgt_enable_show(struct config_item *item, char *page)
{
	return sysfs_emit(page, "%u\n",
			  scst_target_enabled(scst_target_from_item(item)));
}

static ssize_t scst_tgt_enable_store(struct config_item *item, const char *page,
				     size_t count)
{
	struct scst_target *tgt = scst_target_from_item(item);
	bool enable;
	int ret;

	if (scst_parse_bool(page, &enable)) {
		scst_target_set_error(tgt, "enable: not 0 or 1");
		return -EINVAL;
	}
	ret = enable ? scst_target_enable(tgt) : scst_target_disable(tgt);
	return ret ?: count;
}

CONFIGFS_ATTR(scst_tgt_, enable);

static ssize_t scst_tgt_state_show(struct config_item *item, char *page)
{
	struct scst_target *tgt = scst_target_from_item(item);

	if (scst_target_enabled(tgt))
		return sysfs_emit(page, "active\n");
	return sysfs_emit(page, "%s\n", READ_ONCE(tgt->session_count) ?
			  "draining" : "idle");
}

CONFIGFS_ATTR_RO(scst_tgt_, state);

static ssize_t scst_tgt_last_error_show(struct config_item *item, char *page)
{
	return scst_error_show(&scst_target_from_item(item)->error, page);
}

CONFIGFS_ATTR_RO(scst_tgt_, last_error);

/* The LUNs that must be removed first, as paths below the root */
static ssize_t scst_tgt_holders_show(struct config_item *item, char *page)
{
	struct scst_target *tgt = scst_target_from_item(item);
	struct scst_map_lun *lun;
	unsigned long index;
	ssize_t len = 0;

	mutex_lock(&scst_config_lock);
	xa_for_each(&tgt->map.luns, index, lun)
		len += sysfs_emit_at(page, len, "targets/%s/%s/luns/%lu\n",
				     tgt->ops->name, tgt->name, index);
	mutex_unlock(&scst_config_lock);
	return len;
}

CONFIGFS_ATTR_RO(scst_tgt_, holders);

static ssize_t scst_tgt_drain_ms_show(struct config_item *item, char *page)
{
	return sysfs_emit(page, "%u\n", scst_target_from_item(item)->drain_ms);
}

static ssize_t scst_tgt_drain_ms_store(struct config_item *item,
				       const char *page, size_t count)
{
	struct scst_target *tgt = scst_target_from_item(item);
	int ret = scst_parse_drain_ms(page, &tgt->drain_ms);

	if (ret)
		scst_target_set_error(tgt, "drain_ms: not 0 to %u",
				      SCST_MAX_DRAIN_MS);
	return ret ?: count;
}

CONFIGFS_ATTR(scst_tgt_, drain_ms);

static ssize_t scst_tgt_rel_tgt_id_show(struct config_item *item, char *page)
{
	return sysfs_emit(page, "%u\n", scst_target_from_item(item)->rel_tgt_id);
}

static ssize_t scst_tgt_rel_tgt_id_store(struct config_item *item,
					 const char *page, size_t count)
{
	struct scst_target *tgt = scst_target_from_item(item);
	u16 id;
	int ret;

	if (kstrtou16(page, 10, &id) || !id) {
		scst_target_set_error(tgt, "rel_tgt_id: not 1 to %u", U16_MAX);
		return -EINVAL;
	}
	mutex_lock(&scst_config_lock);
	ret = scst_target_set_rel_id(tgt, id);
	mutex_unlock(&scst_config_lock);
	return ret ?: count;
}

CONFIGFS_ATTR(scst_tgt_, rel_tgt_id);

static struct configfs_attribute *scst_tgt_attrs[] = {
	&scst_tgt_attr_enable,
	&scst_tgt_attr_state,
	&scst_tgt_attr_last_error,
	&scst_tgt_attr_holders,
	&scst_tgt_attr_drain_ms,
	&scst_tgt_attr_rel_tgt_id,
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

static struct config_group *scst_driver_dir_make(struct config_group *group,
						 const char *name)
{
	struct scst_target *tgt;

	if (!scst_name_is_valid(name))
		return ERR_PTR(-EINVAL);
	tgt = scst_target_create(scst_plugin_of(group), name);
	return IS_ERR(tgt) ? ERR_CAST(tgt) : &tgt->group;
}

static void scst_driver_dir_drop(struct config_group *group,
				 struct config_item *item)
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
	.ct_group_ops = &scst_driver_dir_group_ops,
	.ct_owner = THIS_MODULE,
};
