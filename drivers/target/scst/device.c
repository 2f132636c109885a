// SPDX-License-Identifier: GPL-2.0
/*
 * Device handlers and their devices.
 */
#include <linux/export.h>
#include <linux/module.h>
#include <linux/overflow.h>
#include <linux/slab.h>

#include "scst_priv.h"

#define SCST_DEFAULT_BUF_LIMIT	SZ_256M

static LIST_HEAD(scst_devices);		/* C */

static bool scst_handler_is_complete(const struct scst_handler_ops *ops)
{
	return ops->name && ops->open && ops->close && ops->execute;
}

/**
 * scst_handler_register - make a device handler known
 * @ops: its table
 *
 * Context: process context.
 * Return: 0, -EINVAL if a mandatory hook is missing, -EEXIST if the name is
 * taken, -ENOMEM.
 */
int scst_handler_register(const struct scst_handler_ops *ops)
{
	const struct scst_plugin desc = {
		.name = ops->name,
		.owner = ops->owner,
		.ops = ops,
	};

	if (!scst_handler_is_complete(ops))
		return -EINVAL;
	return scst_plugin_register(&scst_handlers, &desc, ops->attrs,
				    &scst_device_type);
}
EXPORT_SYMBOL_GPL(scst_handler_register);

/**
 * scst_handler_unregister - forget a device handler
 * @ops: its table
 *
 * Context: process context, from its module's exit: no device of it is left.
 */
void scst_handler_unregister(const struct scst_handler_ops *ops)
{
	scst_plugin_unregister(&scst_handlers, ops->name);
}
EXPORT_SYMBOL_GPL(scst_handler_unregister);

/**
 * scst_device_priv - a device's handler's own part
 * @dev: the device
 *
 * Context: any.
 * Return: as many bytes as the handler asked for.
 */
void *scst_device_priv(struct scst_device *dev)
{
	return dev->priv;
}
EXPORT_SYMBOL_GPL(scst_device_priv);

/**
 * scst_device_name - a device's name
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
 * scst_device_set_error - say what an operation on a device ran into
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
 * scst_device_config_lock - begin to change what is fixed while enabled
 * @dev: the device
 *
 * Context: process context.
 * Return: 0 with scst_config_lock held, or -EBUSY without it if the device is
 * not idle.
 */
int scst_device_config_lock(struct scst_device *dev)
{
	mutex_lock(&scst_config_lock);
	if (dev->state == SCST_DEV_IDLE)
		return 0;
	mutex_unlock(&scst_config_lock);
	scst_device_set_error(dev, "the device is %s: disable it first",
			      scst_device_state_name(dev));
	return -EBUSY;
}
EXPORT_SYMBOL_GPL(scst_device_config_lock);

/**
 * scst_device_config_unlock - the change is done
 * @dev: the device
 *
 * Context: process context, after scst_device_config_lock().
 */
void scst_device_config_unlock(struct scst_device *dev)
{
	mutex_unlock(&scst_config_lock);
}
EXPORT_SYMBOL_GPL(scst_device_config_unlock);

/**
 * scst_device_state_name - a device's state as configfs shows it
 * @dev: the device
 *
 * Context: any.
 * Return: the word.
 */
const char *scst_device_state_name(const struct scst_device *dev)
{
	static const char *const names[] = {
		[SCST_DEV_IDLE]	    = "idle",
		[SCST_DEV_ACTIVE]   = "active",
		[SCST_DEV_DRAINING] = "draining",
		[SCST_DEV_FAILED]   = "failed",
	};

	return names[READ_ONCE(dev->state)];
}

void scst_device_get(struct scst_device *dev)
{
	kref_get(&dev->kref);
}

static void scst_device_free(struct kref *kref)
{
	struct scst_device *dev = container_of(kref, struct scst_device, kref);
	struct scst_plugin *plugin = dev->plugin;

	if (dev->handler->destroy)
		dev->handler->destroy(dev);
	percpu_counter_destroy(&dev->buf_bytes);
	percpu_ref_exit(&dev->tasks);
	kfree(dev->name);
	kfree(dev);
	/* Last: nothing here is in the handler's module. */
	scst_plugin_put(plugin);
}

void scst_device_put(struct scst_device *dev)
{
	kref_put(&dev->kref, scst_device_free);
}

/* The last task is gone and no new one gets in. May be atomic context. */
static void scst_device_tasks_gone(struct percpu_ref *ref)
{
	struct scst_device *dev = container_of(ref, struct scst_device, tasks);

	queue_work(scst_tmf_wq, &dev->close_work);
}

static void scst_device_close_work(struct work_struct *work)
{
	struct scst_device *dev = container_of(work, struct scst_device,
					       close_work);

	dev->handler->close(dev);
	mutex_lock(&scst_config_lock);
	WRITE_ONCE(dev->state, SCST_DEV_IDLE);
	scst_device_notify(dev, SCST_EVENT_LUN_CHANGED);
	complete_all(&dev->closed);
	mutex_unlock(&scst_config_lock);
	scst_device_put(dev);
}

static int scst_device_init(struct scst_device *dev, const char *name)
{
	int ret = -ENOMEM;

	dev->name = kstrdup(name, GFP_KERNEL);
	if (!dev->name)
		return ret;
	ret = percpu_ref_init(&dev->tasks, scst_device_tasks_gone,
			      PERCPU_REF_INIT_DEAD | PERCPU_REF_ALLOW_REINIT,
			      GFP_KERNEL);
	if (ret)
		goto out_free_name;
	ret = percpu_counter_init(&dev->buf_bytes, 0, GFP_KERNEL);
	if (ret)
		goto out_exit_ref;
	kref_init(&dev->kref);
	init_completion(&dev->closed);
	INIT_WORK(&dev->close_work, scst_device_close_work);
	spin_lock_init(&dev->lock);
	INIT_LIST_HEAD(&dev->map_luns);
	INIT_LIST_HEAD(&dev->nexuses);
	scst_error_init(&dev->error);
	dev->buf_limit = SCST_DEFAULT_BUF_LIMIT;
	dev->drain_ms = SCST_DEFAULT_DRAIN_MS;
	scst_identity_init(dev);
	return 0;

out_exit_ref:
	percpu_ref_exit(&dev->tasks);
out_free_name:
	kfree(dev->name);
	return ret;
}

static struct scst_device *scst_device_alloc(struct scst_plugin *plugin,
					     const char *name)
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
	ret = scst_device_init(dev, name);
	if (ret) {
		kfree(dev);
		return ERR_PTR(ret);
	}
	__module_get(plugin->owner);
	return dev;
}

static bool __scst_device_exists(const char *name)
{
	struct scst_device *dev;

	lockdep_assert_held(&scst_config_lock);
	list_for_each_entry(dev, &scst_devices, entry)
		if (!strcmp(dev->name, name))
			return true;
	return false;
}

/* Names are unique over all handlers. */
static int scst_device_publish(struct scst_device *dev)
{
	int ret = 0;

	mutex_lock(&scst_config_lock);
	if (__scst_device_exists(dev->name))
		ret = -EEXIST;
	else
		list_add_tail(&dev->entry, &scst_devices);
	mutex_unlock(&scst_config_lock);
	return ret;
}

/**
 * scst_device_create - mkdir devices/<handler>/<device>
 * @plugin: the handler, pinned by the caller
 * @name:   the device's name
 *
 * Context: process context.
 * Return: the device, disabled, or an ERR_PTR: -EEXIST, -ENOMEM, or what the
 * handler says.
 */
struct scst_device *scst_device_create(struct scst_plugin *plugin,
				       const char *name)
{
	struct scst_device *dev = scst_device_alloc(plugin, name);
	int ret = 0;

	if (IS_ERR(dev))
		return dev;
	if (dev->handler->create)
		ret = dev->handler->create(dev);
	if (ret)
		goto out_put;
	ret = scst_device_publish(dev);
	if (ret)
		goto out_put;
	config_group_init_type_name(&dev->group, name, &plugin->type);
	return dev;

out_put:
	scst_device_put(dev);
	return ERR_PTR(ret);
}

/**
 * scst_device_unpublish - rmdir: the name is free again
 * @dev: the device
 *
 * Context: process context.
 */
void scst_device_unpublish(struct scst_device *dev)
{
	mutex_lock(&scst_config_lock);
	list_del(&dev->entry);
	mutex_unlock(&scst_config_lock);
}

static void scst_device_set_params(struct scst_device *dev,
				   const struct scst_block_params *params)
{
	dev->params = *params;
	dev->stopped = false;
	scst_mode_reset(dev);
}

/**
 * scst_device_enable - open the backend and let commands in
 * @dev: the device
 *
 * Context: process context, under scst_config_lock.
 * Return: 0, -EBUSY if it is not idle, or what the handler says.
 */
int scst_device_enable(struct scst_device *dev)
{
	struct scst_block_params params = { };
	int ret;

	lockdep_assert_held(&scst_config_lock);
	if (dev->state != SCST_DEV_IDLE) {
		scst_device_set_error(dev, "the device is %s already",
				      scst_device_state_name(dev));
		return -EBUSY;
	}
	ret = dev->handler->open(dev, &params);
	if (ret)
		return ret;
	scst_device_set_params(dev, &params);
	reinit_completion(&dev->closed);
	scst_device_get(dev);
	WRITE_ONCE(dev->state, SCST_DEV_ACTIVE);
	percpu_ref_reinit(&dev->tasks);
	scst_device_notify(dev, SCST_EVENT_LUN_CHANGED);
	return 0;
}

/* Abort what still runs on a device, from whatever session. */
static void scst_device_abort(struct scst_device *dev)
{
	const struct scst_cmd_filter filter = { .dev = dev };
	struct scst_nexus *nexus;

	spin_lock_bh(&dev->lock);
	list_for_each_entry(nexus, &dev->nexuses, dev_entry)
		scst_session_abort(nexus->sess, &filter, true);
	spin_unlock_bh(&dev->lock);
}

static bool scst_device_wait_closed(struct scst_device *dev, long timeout)
{
	if (!wait_for_completion_timeout(&dev->closed, timeout))
		return false;
	/* Then nothing of the device's last time pins its handler's module. */
	flush_work(&dev->close_work);
	return true;
}

static int scst_device_await_close(struct scst_device *dev)
{
	if (scst_device_wait_closed(dev, msecs_to_jiffies(dev->drain_ms)))
		return 0;
	scst_device_abort(dev);
	if (scst_device_wait_closed(dev, SCST_ABORT_GRACE))
		return 0;
	scst_device_set_error(dev, "the backend holds commands; the device drains until they end");
	return -ETIMEDOUT;
}

/**
 * scst_device_disable - let no command in any more and close the backend
 * @dev: the device
 *
 * Commands that still run after drain_ms are aborted. If the backend does not
 * end them even then, it is closed later, when it does.
 *
 * Context: process context without locks; may sleep.
 * Return: 0 when the backend is closed, or -ETIMEDOUT.
 */
int scst_device_disable(struct scst_device *dev)
{
	mutex_lock(&scst_config_lock);
	if (dev->state == SCST_DEV_IDLE) {
		mutex_unlock(&scst_config_lock);
		return 0;
	}
	if (dev->state != SCST_DEV_DRAINING) {
		WRITE_ONCE(dev->state, SCST_DEV_DRAINING);
		percpu_ref_kill(&dev->tasks);
	}
	mutex_unlock(&scst_config_lock);
	return scst_device_await_close(dev);
}
