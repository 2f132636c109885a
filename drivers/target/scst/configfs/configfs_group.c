// SPDX-License-Identifier: GPL-2.0
/*
 * configfs: luns/<N>/ of a target or a group; groups/<group>/ and its
 * initiators/<pattern>/
 */
#include <linux/configfs.h>
#include <linux/module.h>
#include <linux/slab.h>

#include "configfs/configfs.h"
#include "graph/graph.h"
#include "observe/observe.h"

static struct scst_map_lun *scst_map_lun_from_item(struct config_item *item)
{
	return container_of(item, struct scst_map_lun, item);
}

/* luns/<N>/ */

static ssize_t scst_lun_read_only_show(struct config_item *item, char *page)
{
	return sysfs_emit(page, "%u\n", READ_ONCE(scst_map_lun_from_item(item)->read_only));
}

static ssize_t scst_lun_read_only_store(struct config_item *item, const char *page, size_t count)
{
	struct scst_map_lun *lun = scst_map_lun_from_item(item);
	bool read_only;
	int ret = scst_parse_bool(&lun->error, "read_only", page, &read_only);

	if (!ret)
		scst_map_lun_set_read_only(lun, read_only);
	return scst_error_end(&lun->error, "read_only", ret) ?: count;
}

CONFIGFS_ATTR(scst_lun_, read_only);

SCST_ATTR_LAST_ERROR(scst_lun_, scst_map_lun_from_item);

/* The device that the LUN is linked to: the link must be removed before the LUN. */
static ssize_t scst_lun_holders_show(struct config_item *item, char *page)
{
	struct scst_map_lun *lun = scst_map_lun_from_item(item);
	ssize_t len = 0;

	mutex_lock(&scst_config_lock);
	if (lun->dev)
		scst_emit_line(page, &len, "devices/%s/%s\n",
			       lun->dev->handler->name, lun->dev->name);
	mutex_unlock(&scst_config_lock);
	return len;
}

CONFIGFS_ATTR_RO(scst_lun_, holders);

static struct configfs_attribute *scst_lun_attrs[] = {
	&scst_lun_attr_read_only,
	&scst_lun_attr_last_error,
	&scst_lun_attr_holders,
	NULL,
};

/* Only devices have these item operations. */
static bool scst_item_is_device(const struct config_item *item)
{
	return item->ci_type && item->ci_type->ct_item_ops == scst_device_type.ct_item_ops;
}

static int scst_lun_allow_link(struct config_item *src, struct config_item *target)
{
	struct scst_map_lun *lun = scst_map_lun_from_item(src);
	int ret = -EINVAL;

	if (scst_item_is_device(target))
		ret = scst_map_lun_link(lun, scst_device_from_item(target));
	else
		scst_error_set(&lun->error, "the link must point to a device");
	return scst_error_end(&lun->error, "link", ret);
}

static void scst_lun_drop_link(struct config_item *src, struct config_item *target)
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

static struct scst_map_lun *scst_luns_add(struct scst_lun_map *map, const char *name)
{
	u32 number;

	if (scst_parse_lun(name, &number)) {
		scst_error_set(map->error, "luns/%s: must be a number from 0 to %u, no leading 0",
			       name, SCST_MAX_LUN);
		return ERR_PTR(-EINVAL);
	}
	return scst_map_lun_create(map, number);
}

static struct config_item *scst_luns_make(struct config_group *group, const char *name)
{
	struct scst_lun_map *map = scst_lun_map_from_group(group);
	struct scst_map_lun *lun = scst_luns_add(map, name);

	scst_error_end(map->error, "luns", PTR_ERR_OR_ZERO(lun));
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

static const struct config_item_type scst_luns_type = {
	.ct_group_ops = &scst_luns_group_ops,
	.ct_owner = THIS_MODULE,
};

/**
 * scst_map_lun_emit() - print the path of a LUN below the root
 * @lun:  the LUN
 * @page: the buffer, one page
 * @len:  bytes used in @page, updated
 *
 * Context: process context, under scst_config_lock.
 */
void scst_map_lun_emit(const struct scst_map_lun *lun, char *page, ssize_t *len)
{
	const struct scst_lun_map *map = lun->map;

	if (map->grp)
		scst_emit_line(page, len, "targets/%s/%s/groups/%s/luns/%u\n", map->tgt->ops->name,
			       map->tgt->name, scst_group_name(map->grp), lun->lun);
	else
		scst_emit_line(page, len, "targets/%s/%s/luns/%u\n",
			       map->tgt->ops->name, map->tgt->name, lun->lun);
}

/**
 * scst_lun_map_holders() - print the paths of a map's LUNs
 * @map:  the map
 * @page: the buffer, one page
 * @len:  bytes used in @page, updated
 *
 * Context: process context, under scst_config_lock.
 */
void scst_lun_map_holders(struct scst_lun_map *map, char *page, ssize_t *len)
{
	struct scst_map_lun *lun;
	unsigned long index;

	lockdep_assert_held(&scst_config_lock);
	xa_for_each(&map->luns, index, lun)
		scst_map_lun_emit(lun, page, len);
}

/**
 * scst_luns_dir_add() - add luns/ to a directory that is being created
 * @map:    the LUN map that luns/ represents
 * @parent: the directory
 */
void scst_luns_dir_add(struct scst_lun_map *map, struct config_group *parent)
{
	config_group_init_type_name(&map->group, "luns", &scst_luns_type);
	configfs_add_default_group(&map->group, parent);
}

/* initiators/<pattern>/ */

static struct scst_group *scst_group_from_item(struct config_item *item)
{
	return container_of(to_config_group(item), struct scst_group, group);
}

static void scst_pattern_release(struct config_item *item)
{
	scst_pattern_free(container_of(item, struct scst_pattern, item));
}

static struct configfs_item_operations scst_pattern_item_ops = {
	.release = scst_pattern_release,
};

/* No operation on a pattern can fail. */
static ssize_t scst_pattern_last_error_show(struct config_item *item, char *page)
{
	return sysfs_emit(page, "\n");
}

CONFIGFS_ATTR_RO(scst_pattern_, last_error);

static struct configfs_attribute *scst_pattern_attrs[] = {
	&scst_pattern_attr_last_error,
	&scst_free_attr_holders,
	NULL,
};

static const struct config_item_type scst_pattern_type = {
	.ct_item_ops = &scst_pattern_item_ops,
	.ct_attrs = scst_pattern_attrs,
	.ct_owner = THIS_MODULE,
};

/* initiators/ */

static struct scst_pattern *scst_patterns_add(struct scst_group *grp, const char *name)
{
	const char *trouble = scst_name_trouble(name);

	if (!strcmp(name, "!"))
		trouble = "a name or pattern must follow the !";
	if (!trouble)
		return scst_pattern_create(grp, name, &scst_pattern_type);
	scst_error_set(&grp->error, "initiators/%s: %s", name, trouble);
	return ERR_PTR(-EINVAL);
}

static struct config_item *scst_patterns_make(struct config_group *group, const char *name)
{
	struct scst_group *grp = container_of(group, struct scst_group, patterns_group);
	struct scst_pattern *pattern = scst_patterns_add(grp, name);

	scst_error_end(&grp->error, "initiators", PTR_ERR_OR_ZERO(pattern));
	return IS_ERR(pattern) ? ERR_CAST(pattern) : &pattern->item;
}

static void scst_patterns_drop(struct config_group *group, struct config_item *item)
{
	scst_pattern_unpublish(container_of(item, struct scst_pattern, item));
	config_item_put(item);
}

static struct configfs_group_operations scst_patterns_group_ops = {
	.make_item = scst_patterns_make,
	.drop_item = scst_patterns_drop,
};

static const struct config_item_type scst_patterns_type = {
	.ct_group_ops = &scst_patterns_group_ops,
	.ct_owner = THIS_MODULE,
};

/* groups/<group>/ */

SCST_ATTR_LAST_ERROR(scst_grp_, scst_group_from_item);

static void scst_group_emit_patterns(struct scst_group *grp, char *page, ssize_t *len)
{
	struct scst_pattern *pattern;

	list_for_each_entry(pattern, &grp->patterns, entry)
		scst_emit_line(page, len, "targets/%s/%s/groups/%s/initiators/%s\n",
			       grp->tgt->ops->name, grp->tgt->name, scst_group_name(grp),
			       config_item_name(&pattern->item));
}

static ssize_t scst_grp_holders_show(struct config_item *item, char *page)
{
	struct scst_group *grp = scst_group_from_item(item);
	ssize_t len = 0;

	mutex_lock(&scst_config_lock);
	scst_group_emit_patterns(grp, page, &len);
	scst_lun_map_holders(&grp->map, page, &len);
	mutex_unlock(&scst_config_lock);
	return len;
}

CONFIGFS_ATTR_RO(scst_grp_, holders);

static struct configfs_attribute *scst_grp_attrs[] = {
	&scst_grp_attr_last_error,
	&scst_grp_attr_holders,
	NULL,
};

static void scst_grp_release(struct config_item *item)
{
	scst_group_free(scst_group_from_item(item));
}

static struct configfs_item_operations scst_grp_item_ops = {
	.release = scst_grp_release,
};

static const struct config_item_type scst_grp_type = {
	.ct_item_ops = &scst_grp_item_ops,
	.ct_attrs = scst_grp_attrs,
	.ct_owner = THIS_MODULE,
};

/* groups/ */

static struct scst_group *scst_groups_add(struct scst_target *tgt, const char *name)
{
	const char *trouble = scst_name_trouble(name);

	if (!trouble)
		return scst_group_create(tgt, name, &scst_grp_type) ?: ERR_PTR(-ENOMEM);
	scst_target_set_error(tgt, "groups/%s: %s", name, trouble);
	return ERR_PTR(-EINVAL);
}

static struct config_group *scst_groups_make(struct config_group *group, const char *name)
{
	struct scst_target *tgt = container_of(group, struct scst_target, groups_group);
	struct scst_group *grp = scst_groups_add(tgt, name);

	scst_target_op_end(tgt, "groups", PTR_ERR_OR_ZERO(grp));
	if (IS_ERR(grp))
		return ERR_CAST(grp);
	config_group_init_type_name(&grp->patterns_group, "initiators", &scst_patterns_type);
	configfs_add_default_group(&grp->patterns_group, &grp->group);
	scst_luns_dir_add(&grp->map, &grp->group);
	return &grp->group;
}

static void scst_groups_drop(struct config_group *group, struct config_item *item)
{
	scst_group_unpublish(scst_group_from_item(item));
	config_item_put(item);
}

static struct configfs_group_operations scst_groups_group_ops = {
	.make_group = scst_groups_make,
	.drop_item = scst_groups_drop,
};

const struct config_item_type scst_groups_type = {
	.ct_group_ops = &scst_groups_group_ops,
	.ct_owner = THIS_MODULE,
};
