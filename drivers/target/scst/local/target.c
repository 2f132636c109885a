// SPDX-License-Identifier: GPL-2.0
/*
 * Targets and their initiators, as configured in configfs. The initiator's work item in host.c
 * applies the configuration.
 */
#include <linux/module.h>
#include <linux/slab.h>

#include "local.h"

static struct scst_local_initiator *scst_local_initiator_from_item(struct config_item *item)
{
	return container_of(item, struct scst_local_initiator, item);
}

static void scst_local_free_work(struct work_struct *work)
{
	struct scst_local_initiator *initiator =
		container_of(work, struct scst_local_initiator, free_work);
	struct config_group *target = initiator->target->group;

	destroy_workqueue(initiator->wq);
	kfree(initiator->name);
	kfree(initiator);
	config_group_put(target);
}

static void scst_local_initiator_free(struct kref *kref)
{
	struct scst_local_initiator *initiator =
		container_of(kref, struct scst_local_initiator, kref);

	queue_work(scst_local_wq, &initiator->free_work);
}

/**
 * scst_local_put() - release a reference to an initiator
 * @initiator: the initiator
 *
 * Context: process context, without locks.
 */
void scst_local_put(struct scst_local_initiator *initiator)
{
	kref_put(&initiator->kref, scst_local_initiator_free);
}

/**
 * scst_local_kick() - queue an initiator's work
 * @initiator: the initiator; the caller holds a reference
 *
 * Context: any.
 */
void scst_local_kick(struct scst_local_initiator *initiator)
{
	kref_get(&initiator->kref);
	if (!queue_work(initiator->wq, &initiator->work))
		scst_local_put(initiator);
}

/**
 * scst_local_dismiss() - begin to remove an initiator's host
 * @initiator: the initiator
 *
 * The removal is graceful for drain_ms. Then the host is cut off.
 *
 * Context: process context, under the target's lock.
 */
void scst_local_dismiss(struct scst_local_initiator *initiator)
{
	unsigned int drain_ms = scst_target_drain_ms(initiator->target->tgt);

	lockdep_assert_held(&initiator->target->lock);

	kref_get(&initiator->kref);
	if (!queue_delayed_work(scst_local_wq, &initiator->cut, msecs_to_jiffies(drain_ms)))
		scst_local_put(initiator);
	scst_local_kick(initiator);
}

static ssize_t scst_local_initiator_host_show(struct config_item *item, char *page)
{
	struct scst_local_initiator *initiator = scst_local_initiator_from_item(item);
	int host_no = READ_ONCE(initiator->host_no);

	if (host_no < 0)
		return sysfs_emit(page, "\n");
	return sysfs_emit(page, "host%d\n", host_no);
}
CONFIGFS_ATTR_RO(scst_local_initiator_, host);

static struct configfs_attribute *scst_local_initiator_attrs[] = {
	&scst_local_initiator_attr_host,
	NULL,
};

/* More than the time that the core gives aborted commands to end, milliseconds */
#define SCST_LOCAL_GRACE_MS	2000

/*
 * rmdir, without the subsystem's mutex: wait for the end of the host. If a backend holds commands
 * for longer, only the initiator's work waits for it.
 */
static void scst_local_initiator_release(struct config_item *item)
{
	struct scst_local_initiator *initiator = scst_local_initiator_from_item(item);
	unsigned int ms = scst_target_drain_ms(initiator->target->tgt) + SCST_LOCAL_GRACE_MS;

	if (wait_for_completion_timeout(&initiator->over, msecs_to_jiffies(ms)))
		flush_work(&initiator->work);
	scst_local_put(initiator);
}

static struct configfs_item_operations scst_local_initiator_item_ops = {
	.release = scst_local_initiator_release,
};

static const struct config_item_type scst_local_initiator_type = {
	.ct_item_ops = &scst_local_initiator_item_ops,
	.ct_attrs = scst_local_initiator_attrs,
	.ct_owner = THIS_MODULE,
};

static struct scst_local_initiator *
scst_local_initiator_alloc(struct scst_local_target *target, const char *name)
{
	struct scst_local_initiator *initiator = kzalloc_obj(*initiator);

	if (!initiator)
		return NULL;
	initiator->name = kstrdup(name, GFP_KERNEL);
	initiator->wq = alloc_ordered_workqueue("scst_local/%.16s", 0, name);
	if (!initiator->name || !initiator->wq)
		goto out_free;
	config_group_get(target->group);
	initiator->target = target;
	initiator->host_no = -1;
	kref_init(&initiator->kref);
	INIT_WORK(&initiator->work, scst_local_work);
	INIT_DELAYED_WORK(&initiator->cut, scst_local_cut_work);
	INIT_WORK(&initiator->free_work, scst_local_free_work);
	init_completion(&initiator->over);
	return initiator;

out_free:
	if (initiator->wq)
		destroy_workqueue(initiator->wq);
	kfree(initiator->name);
	kfree(initiator);
	return NULL;
}

static struct scst_local_initiator *
scst_local_initiators_add(struct scst_local_target *target, const char *name)
{
	if (strlen(name) < SCST_PORT_NAME_LEN)
		return scst_local_initiator_alloc(target, name) ?: ERR_PTR(-ENOMEM);
	scst_target_set_error(target->tgt, "initiators/%s: the name has more than %u bytes",
			      name, SCST_PORT_NAME_LEN - 1);
	return ERR_PTR(-ENAMETOOLONG);
}

static struct config_item *scst_local_make_initiator(struct config_group *group, const char *name)
{
	struct scst_local_target *target =
		container_of(group, struct scst_local_target, initiators);
	struct scst_local_initiator *initiator;

	initiator = scst_local_initiators_add(target, name);
	scst_target_op_end(target->tgt, "initiators", PTR_ERR_OR_ZERO(initiator));
	if (IS_ERR(initiator))
		return ERR_CAST(initiator);
	config_item_init_type_name(&initiator->item, name, &scst_local_initiator_type);

	mutex_lock(&target->lock);
	list_add_tail(&initiator->entry, &target->list);
	if (target->enabled)
		scst_local_kick(initiator);
	mutex_unlock(&target->lock);
	return &initiator->item;
}

static void scst_local_drop_initiator(struct config_group *group, struct config_item *item)
{
	struct scst_local_initiator *initiator = scst_local_initiator_from_item(item);
	struct scst_local_target *target = initiator->target;

	mutex_lock(&target->lock);
	list_del(&initiator->entry);
	initiator->removed = true;
	scst_local_dismiss(initiator);
	mutex_unlock(&target->lock);
	config_item_put(item);
}

static struct configfs_group_operations scst_local_initiators_group_ops = {
	.make_item = scst_local_make_initiator,
	.drop_item = scst_local_drop_initiator,
};

static const struct config_item_type scst_local_initiators_type = {
	.ct_group_ops = &scst_local_initiators_group_ops,
	.ct_owner = THIS_MODULE,
};

/**
 * scst_local_create() - prepare a target whose directory is being created
 * @tgt:   the target
 * @group: its directory
 *
 * Context: process context, under the core's configuration lock.
 * Return: 0.
 */
int scst_local_create(struct scst_target *tgt, struct config_group *group)
{
	struct scst_local_target *target = scst_target_priv(tgt);

	target->tgt = tgt;
	target->group = group;
	mutex_init(&target->lock);
	INIT_LIST_HEAD(&target->list);
	config_group_init_type_name(&target->initiators, "initiators", &scst_local_initiators_type);
	configfs_add_default_group(&target->initiators, group);
	return 0;
}

/**
 * scst_local_enable() - have a host created for every initiator
 * @tgt: the target
 *
 * Context: process context.
 * Return: 0; a host that cannot be created is reported in the target's last_error.
 */
int scst_local_enable(struct scst_target *tgt)
{
	struct scst_local_target *target = scst_target_priv(tgt);
	struct scst_local_initiator *initiator;

	mutex_lock(&target->lock);
	target->enabled = true;
	list_for_each_entry(initiator, &target->list, entry)
		scst_local_kick(initiator);
	mutex_unlock(&target->lock);
	return 0;
}

/**
 * scst_local_disable() - have the host of every initiator removed
 * @tgt: the target
 *
 * Context: process context. Does not wait for the hosts.
 */
void scst_local_disable(struct scst_target *tgt)
{
	struct scst_local_target *target = scst_target_priv(tgt);
	struct scst_local_initiator *initiator;

	mutex_lock(&target->lock);
	target->enabled = false;
	list_for_each_entry(initiator, &target->list, entry)
		scst_local_dismiss(initiator);
	mutex_unlock(&target->lock);
}
