// SPDX-License-Identifier: GPL-2.0
/*
 * Device handlers and their devices.
 */
#include <linux/export.h>
#include <linux/module.h>
#include <linux/overflow.h>
#include <linux/slab.h>

#include "cmd/cmd.h"
#include "graph/graph.h"
#include "lu/lu.h"
#include "observe/observe.h"
#include "task/task.h"

#define SCST_DEFAULT_BUF_LIMIT	SZ_256M

static LIST_HEAD(scst_devices);		/* C */

/**
 * scst_device_priv() - the handler's private data of a device
 * @dev: the device
 *
 * Context: any.
 * Return: the data: device_priv_size bytes, as the handler's table says.
 */
void *scst_device_priv(struct scst_device *dev)
{
	return dev->priv;
}
EXPORT_SYMBOL_GPL(scst_device_priv);

/**
 * scst_device_name() - a device's name
 * @dev: the device
 *
 * Context: any.
 * Return: the name.
 */
const char *scst_device_name(const struct scst_device *dev)
{
	return dev->name;
}
EXPORT_SYMBOL_GPL(scst_device_name);

/**
 * scst_device_set_error() - record in last_error why an operation on a device fails
 * @dev: the device
 * @fmt: one line, no newline
 *
 * Context: process context.
 */
void scst_device_set_error(struct scst_device *dev, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	scst_error_vset(&dev->error, fmt, args);
	va_end(args);
}
EXPORT_SYMBOL_GPL(scst_device_set_error);

/**
 * scst_device_op_end() - record the end of an operation on a device
 * @dev:  the device
 * @what: the operation, a constant string: the name of its attribute. For an event without an
 *	  operation: the operation whose success ends the failure, or "" for none
 * @ret:  0 or an errno
 *
 * Success clears an earlier failure of the same operation from last_error. After a failure
 * without scst_device_set_error(), last_error has the operation and the errno.
 *
 * Context: process context.
 * Return: @ret.
 */
int scst_device_op_end(struct scst_device *dev, const char *what, int ret)
{
	return scst_error_end(&dev->error, what, ret);
}
EXPORT_SYMBOL_GPL(scst_device_op_end);

/**
 * scst_device_config_lock() - begin to change a setting that is fixed while enabled
 * @dev: the device
 *
 * Context: process context.
 * Return: 0 with scst_config_lock held, or -EBUSY without it if the device is
 * open, or being opened.
 */
int scst_device_config_lock(struct scst_device *dev)
{
	int ret;

	mutex_lock(&scst_config_lock);
	ret = __scst_device_check_opening(dev);
	if (!ret && !scst_device_is_closed(dev)) {
		scst_device_set_error(dev, "the device is %s: disable it first",
				      scst_device_state_name(dev));
		ret = -EBUSY;
	}
	if (ret)
		mutex_unlock(&scst_config_lock);
	return ret;
}
EXPORT_SYMBOL_GPL(scst_device_config_lock);

/**
 * scst_device_config_unlock() - end the change of a setting
 * @dev: the device
 *
 * Context: process context, after scst_device_config_lock().
 */
void scst_device_config_unlock(struct scst_device *dev)
{
	mutex_unlock(&scst_config_lock);
}
EXPORT_SYMBOL_GPL(scst_device_config_unlock);

static void __scst_device_free(struct scst_device *dev)
{
	struct scst_plugin *plugin = dev->plugin;

	if (dev->created && dev->handler->destroy)
		dev->handler->destroy(dev);
	cancel_delayed_work_sync(&dev->medium_work);
	scst_device_queues_exit(dev);
	scst_internal_leave(dev);
	scst_buf_cap_exit(&dev->buf);
	cancel_delayed_work_sync(&dev->unqueue_work);
	percpu_ref_exit(&dev->tasks);
	scst_pr_exit(dev);
	kfree(dev->name);
	kfree(dev);
	/* Last: the handler's module may be unloaded after this. */
	scst_plugin_put(plugin);
}

static void scst_device_free(struct kref *kref)
{
	__scst_device_free(container_of(kref, struct scst_device, kref));
}

void scst_device_put(struct scst_device *dev)
{
	kref_put(&dev->kref, scst_device_free);
}

static void scst_device_free_work(struct work_struct *work)
{
	__scst_device_free(container_of(work, struct scst_device, free_work));
}

static void scst_device_free_later(struct kref *kref)
{
	struct scst_device *dev = container_of(kref, struct scst_device, kref);

	INIT_WORK(&dev->free_work, scst_device_free_work);
	queue_work(scst_session_wq, &dev->free_work);
}

/**
 * scst_device_put_from_worker() - release a reference in a worker of the device's workqueues
 * @dev: the device
 *
 * Freeing the device destroys its workqueues, and destroy_workqueue() waits for their workers. So
 * a work item on another workqueue frees the device.
 *
 * Context: process context.
 */
void scst_device_put_from_worker(struct scst_device *dev)
{
	kref_put(&dev->kref, scst_device_free_later);
}

static void scst_device_init(struct scst_device *dev)
{
	kref_init(&dev->kref);
	spin_lock_init(&dev->lock);
	mutex_init(&dev->backend_lock);
	mutex_init(&dev->pr_lock);
	INIT_LIST_HEAD(&dev->map_luns);
	INIT_LIST_HEAD(&dev->nexuses);
	scst_stats_sum_init(&dev->stats);
	scst_order_init(dev);
	scst_pr_worker_init(dev);
	scst_device_resize_init(dev);
	scst_device_watch_init(dev);
	scst_device_medium_init(dev);
	scst_device_reset_init(dev);
	scst_device_fence_init(dev);
	scst_error_init(&dev->error);
	dev->drain_ms = SCST_DEFAULT_DRAIN_MS;
	dev->fence_ms = SCST_DEFAULT_FENCE_MS;
	scst_lu_init(dev, dev->handler->type);
}

static int scst_device_alloc_parts(struct scst_device *dev, const char *name)
{
	int ret = -ENOMEM;

	dev->name = kstrdup(name, GFP_KERNEL);
	if (!dev->name)
		return ret;
	ret = scst_device_state_init(dev);
	if (ret)
		goto out_free_name;
	ret = scst_buf_cap_init(&dev->buf, SCST_DEFAULT_BUF_LIMIT);
	if (ret)
		goto out_exit_ref;
	ret = scst_device_queues_init(dev);
	if (ret)
		goto out_destroy_counter;
	ret = scst_internal_join(dev);
	if (!ret)
		return 0;
	scst_device_queues_exit(dev);
out_destroy_counter:
	scst_buf_cap_exit(&dev->buf);
out_exit_ref:
	percpu_ref_exit(&dev->tasks);
out_free_name:
	kfree(dev->name);
	return ret;
}

static struct scst_device *scst_device_alloc(struct scst_plugin *plugin, const char *name)
{
	const struct scst_handler_ops *ops = plugin->ops;
	struct scst_device *dev;
	int ret;

	dev = kzalloc(struct_size(dev, priv, DIV_ROUND_UP(ops->device_priv_size,
							  sizeof(u64))),
		      GFP_KERNEL);
	if (!dev)
		return ERR_PTR(-ENOMEM);
	dev->plugin = plugin;
	dev->handler = ops;
	scst_device_init(dev);
	ret = scst_device_alloc_parts(dev, name);
	if (ret) {
		kfree(dev);
		return ERR_PTR(ret);
	}
	scst_identity_init(dev);
	__module_get(plugin->owner);
	return dev;
}

static struct scst_device *__scst_device_named(const char *name)
{
	struct scst_device *dev;

	lockdep_assert_held(&scst_config_lock);
	list_for_each_entry(dev, &scst_devices, entry)
		if (!strcmp(dev->name, name))
			return dev;
	return NULL;
}

/* Names are unique over all handlers. */
static int __scst_device_publish(struct scst_device *dev)
{
	struct scst_device *other = __scst_device_named(dev->name);
	int ret;

	if (other) {
		scst_device_set_error(dev, "%s: there is a device of that name in devices/%s",
				      dev->name, other->handler->name);
		return -EEXIST;
	}
	ret = scst_sysfs_device_add(dev);
	if (!ret)
		list_add_tail(&dev->entry, &scst_devices);
	return ret;
}

static int scst_device_publish(struct scst_device *dev)
{
	int ret;

	mutex_lock(&scst_config_lock);
	ret = __scst_device_publish(dev);
	mutex_unlock(&scst_config_lock);
	return ret;
}

static int scst_device_begin(struct scst_device *dev)
{
	int ret = 0;

	if (dev->handler->create)
		ret = dev->handler->create(dev);
	if (ret)
		return ret;
	dev->created = true;
	return scst_device_publish(dev);
}

/**
 * scst_device_create() - mkdir devices/<handler>/<device>
 * @plugin: the handler, pinned by the caller
 * @name:   the device's name
 * @why:    last_error of the parent directory: gets the reason of a failure
 *
 * Context: process context.
 * Return: the device, disabled, or an ERR_PTR: -EINVAL, -EEXIST, -ENOMEM, or an errno of the
 * handler.
 */
struct scst_device *scst_device_create(struct scst_plugin *plugin,
				       const char *name, struct scst_error *why)
{
	int ret = scst_name_check(name, why);
	struct scst_device *dev;

	if (ret)
		return ERR_PTR(ret);
	dev = scst_device_alloc(plugin, name);
	if (IS_ERR(dev))
		return dev;
	ret = scst_device_begin(dev);
	if (ret) {
		scst_error_pass(&dev->error, why);
		scst_device_put(dev);
		return ERR_PTR(ret);
	}
	config_group_init_type_name(&dev->group, name, &plugin->type);
	return dev;
}

/**
 * scst_device_unpublish() - rmdir: remove a device from sysfs and free its name
 * @dev: the device
 *
 * Context: process context.
 */
void scst_device_unpublish(struct scst_device *dev)
{
	mutex_lock(&scst_config_lock);
	dev->removed = true;
	scst_sysfs_device_del(dev);
	list_del(&dev->entry);
	mutex_unlock(&scst_config_lock);
}
