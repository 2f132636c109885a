// SPDX-License-Identifier: GPL-2.0
/*
 * configfs: portals/ of a target.
 */
#include <linux/configfs.h>
#include <linux/module.h>
#include <linux/nsproxy.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "iscst.h"

static struct iscst_portal_dir *iscst_portal_dir_from_item(struct config_item *item)
{
	return container_of(item, struct iscst_portal_dir, item);
}

static ssize_t iscst_portal_state_show(struct config_item *item, char *page)
{
	struct iscst_portal_dir *dir = iscst_portal_dir_from_item(item);
	bool listens;

	mutex_lock(&iscst_portal_lock);
	listens = dir->portal->sock;
	mutex_unlock(&iscst_portal_lock);
	return sysfs_emit(page, "%s\n", listens ? "listening" : "gone");
}

CONFIGFS_ATTR_RO(iscst_portal_, state);

static ssize_t iscst_portal_refused_show(struct config_item *item, char *page)
{
	const struct iscst_portal_dir *dir = iscst_portal_dir_from_item(item);

	return sysfs_emit(page, "%u\n", atomic_read(&dir->portal->refused));
}

CONFIGFS_ATTR_RO(iscst_portal_, refused);

static ssize_t iscst_portal_announced_show(struct config_item *item, char *page)
{
	return iscst_show_text(iscst_portal_dir_from_item(item)->announced, page);
}

static ssize_t iscst_portal_announced_store(struct config_item *item, const char *page,
					    size_t count)
{
	struct iscst_portal_dir *dir = iscst_portal_dir_from_item(item);
	struct scst_target *tgt = dir->target->tgt;
	int ret = iscst_store_address(page, dir->announced);

	if (ret)
		scst_target_set_error(tgt, "portals/%s/announced: must be <address>[:<port>]",
				      config_item_name(item));
	return scst_target_op_end(tgt, "announced", ret) ?: count;
}

CONFIGFS_ATTR(iscst_portal_, announced);

static struct configfs_attribute *iscst_portal_attrs[] = {
	&iscst_portal_attr_state,
	&iscst_portal_attr_announced,
	&iscst_portal_attr_refused,
	NULL,
};

static void iscst_portal_dir_release(struct config_item *item)
{
	struct iscst_portal_dir *dir = iscst_portal_dir_from_item(item);

	iscst_portal_ref_put(dir->portal);
	kfree(dir);
}

static struct configfs_item_operations iscst_portal_item_ops = {
	.release = iscst_portal_dir_release,
};

static const struct config_item_type iscst_portal_type = {
	.ct_item_ops = &iscst_portal_item_ops,
	.ct_attrs = iscst_portal_attrs,
	.ct_owner = THIS_MODULE,
};

static int __iscst_portal_dir_add(struct iscst_target *target, struct iscst_portal_dir *dir)
{
	struct iscst_portal_dir *other;

	lockdep_assert_held(&iscst_lock);
	list_for_each_entry(other, &target->portals, entry)
		if (other->portal == dir->portal)
			return -EEXIST;
	if (list_empty(&target->portals))
		list_add_tail(&target->portals_entry, &iscst_listening);
	list_add_tail(&dir->entry, &target->portals);
	list_add_tail(&dir->portal_entry, &dir->portal->dirs);
	return 0;
}

static int iscst_portal_dir_add(struct iscst_target *target, struct iscst_portal_dir *dir,
				const char *name)
{
	int ret;

	dir->target = target;
	dir->portal = iscst_portal_get(current->nsproxy->net_ns, name);
	if (IS_ERR(dir->portal))
		return PTR_ERR(dir->portal);
	mutex_lock(&iscst_lock);
	ret = __iscst_portal_dir_add(target, dir);
	mutex_unlock(&iscst_lock);
	if (ret)
		iscst_portal_put(dir->portal);
	else
		kref_get(&dir->portal->kref);
	return ret;
}

static const char *iscst_portal_error_text(int err)
{
	switch (err) {
	case -EINVAL:
		return "the name must be <IP address>[:<port>]";
	case -EEXIST:
		return "the target has that portal already";
	case -EADDRINUSE:
		return "another socket listens there";
	default:
		return "cannot listen";
	}
}

static struct config_item *iscst_make_portal(struct config_group *group, const char *name)
{
	struct iscst_target *target = container_of(group, struct iscst_target, portals_group);
	struct iscst_portal_dir *dir = kzalloc_obj(*dir);
	int ret = dir ? iscst_portal_dir_add(target, dir, name) : -ENOMEM;

	if (ret)
		scst_target_set_error(target->tgt, "portals/%s: %s: %pe", name,
				      iscst_portal_error_text(ret), ERR_PTR(ret));
	scst_target_op_end(target->tgt, "portals", ret);
	if (ret) {
		kfree(dir);
		return ERR_PTR(ret);
	}
	config_item_init_type_name(&dir->item, name, &iscst_portal_type);
	return &dir->item;
}

/* Connections that were accepted for this target at the portal are dropped. */
static void iscst_drop_portal(struct config_group *group, struct config_item *item)
{
	struct iscst_portal_dir *dir = iscst_portal_dir_from_item(item);
	struct iscst_conn *conn;

	mutex_lock(&iscst_lock);
	list_del(&dir->entry);
	list_del(&dir->portal_entry);
	if (list_empty(&dir->target->portals))
		list_del(&dir->target->portals_entry);
	list_for_each_entry(conn, &iscst_conns, entry)
		if (conn->target_portal == dir->portal && conn->target == dir->target)
			iscst_conn_drop(conn, ISCST_REASON_REMOVED);
	mutex_unlock(&iscst_lock);
	iscst_portal_put(dir->portal);
	config_item_put(item);
}

static struct configfs_group_operations iscst_portals_group_ops = {
	.make_item = iscst_make_portal,
	.drop_item = iscst_drop_portal,
};

const struct config_item_type iscst_portals_type = {
	.ct_group_ops = &iscst_portals_group_ops,
	.ct_owner = THIS_MODULE,
};
