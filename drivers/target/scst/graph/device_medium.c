// SPDX-License-Identifier: GPL-2.0
/*
 * Devices whose medium is removable: the handler changes it while the device is open, and sessions
 * are notified.
 */
#include <linux/export.h>

#include "graph/graph.h"

/* Initiators have their unit attentions already: see medium.c. */
static void scst_device_medium_work(struct work_struct *work)
{
	struct scst_device *dev = container_of(to_delayed_work(work),
					       struct scst_device, medium_work);

	mutex_lock(&scst_config_lock);
	if (dev->state == SCST_DEV_ACTIVE)
		scst_device_notify(dev, SCST_EVENT_LUN_CHANGED);
	mutex_unlock(&scst_config_lock);
}

static int scst_device_check_open(struct scst_device *dev)
{
	int ret;

	mutex_lock(&scst_config_lock);
	ret = __scst_device_check_opening(dev);
	mutex_unlock(&scst_config_lock);
	return ret;
}

/**
 * scst_device_backend_lock() - keep a device from being opened or closed
 * @dev: the device
 *
 * For an attribute that can be written while the device is enabled, and then changes its backend.
 * The caller may take its time: the device's directory cannot be removed meanwhile, and nothing
 * else waits.
 *
 * Context: process context, the store function of an attribute.
 * Return: 1: the device is open, and the lock is held; 0: it is closed, and the lock is held;
 * -EBUSY: it is being opened, last_error says so; or another errno.
 */
int scst_device_backend_lock(struct scst_device *dev)
{
	struct config_item *item = &dev->group.cg_item;
	int ret = scst_device_check_open(dev) ?:
		  configfs_depend_item_unlocked(&scst_subsystem, item);

	if (ret)
		return ret;
	mutex_lock(&dev->backend_lock);
	return dev->open;
}
EXPORT_SYMBOL_GPL(scst_device_backend_lock);

/**
 * scst_device_backend_unlock() - undo scst_device_backend_lock()
 * @dev: the device
 *
 * Context: process context.
 */
void scst_device_backend_unlock(struct scst_device *dev)
{
	mutex_unlock(&dev->backend_lock);
	configfs_undepend_item(&dev->group.cg_item);
}
EXPORT_SYMBOL_GPL(scst_device_backend_unlock);

/**
 * scst_device_medium_init() - initialize the notification of a new device
 * @dev: the device
 */
void scst_device_medium_init(struct scst_device *dev)
{
	INIT_DELAYED_WORK(&dev->medium_work, scst_device_medium_work);
}
