// SPDX-License-Identifier: GPL-2.0
/*
 * Changes of a device's capacity while it is enabled.
 *
 * The range check of new commands uses the new capacity at once. Commands that passed the check
 * before reach the backend as they are: the handler refuses access to blocks that no longer
 * exist.
 */
#include <linux/export.h>
#include <linux/jiffies.h>

#include "cmd/cmd.h"
#include "graph/graph.h"
#include "task/task.h"

/* Shortest time between two changes: a file that is being copied grows with every write. */
#define SCST_RESIZE_INTERVAL	(HZ / 10)

/* The capacity is set before initiators are notified, so they read the new one afterwards. */
static void __scst_device_set_capacity(struct scst_device *dev, u64 nblocks)
{
	lockdep_assert_held(&scst_config_lock);
	if (nblocks == dev->params.nblocks)
		return;
	WRITE_ONCE(dev->params.nblocks, nblocks);
	WRITE_ONCE(dev->resized, jiffies);
	scst_ua_raise_device(dev, SCST_UA_CAPACITY_CHANGED, NULL);
	scst_device_notify(dev, SCST_EVENT_LUN_CHANGED);
}

static void scst_device_ask_capacity(struct scst_device *dev)
{
	u64 nblocks;

	scst_stall(SCST_STALL_CAPACITY);
	nblocks = dev->handler->capacity(dev);
	if (!nblocks) {
		scst_device_op_end(dev, "enable", -ENXIO);
		scst_device_lost(dev);
		return;
	}
	mutex_lock(&scst_config_lock);
	if (dev->state == SCST_DEV_ACTIVE)
		__scst_device_set_capacity(dev, nblocks);
	mutex_unlock(&scst_config_lock);
}

/* close_work takes backend_lock, too: the backend is not closed while it is being asked. */
static void scst_device_resize_work(struct work_struct *work)
{
	struct scst_device *dev = container_of(to_delayed_work(work),
					       struct scst_device, resize_work);

	mutex_lock(&dev->backend_lock);
	if (dev->open && READ_ONCE(dev->state) == SCST_DEV_ACTIVE)
		scst_device_ask_capacity(dev);
	mutex_unlock(&dev->backend_lock);
	scst_device_put_from_worker(dev);
}

static unsigned long scst_device_resize_delay(const struct scst_device *dev)
{
	unsigned long last = READ_ONCE(dev->resized);

	return time_in_range(jiffies, last, last + SCST_RESIZE_INTERVAL) ? SCST_RESIZE_INTERVAL : 0;
}

/**
 * scst_device_resized() - report that the capacity of a device's backend may have changed
 * @dev: the device
 *
 * A work item calls the handler's capacity(). If the capacity has changed, all sessions that see
 * the device are notified, and get the unit attention CAPACITY DATA HAS CHANGED. Changes in quick
 * succession may be reported as one.
 *
 * Context: any.
 */
void scst_device_resized(struct scst_device *dev)
{
	scst_device_get(dev);
	if (!queue_delayed_work(dev->slow_wq, &dev->resize_work, scst_device_resize_delay(dev)))
		scst_device_put(dev);
}
EXPORT_SYMBOL_GPL(scst_device_resized);

/**
 * scst_device_resize_init() - initialize the resizing of a new device
 * @dev: the device
 */
void scst_device_resize_init(struct scst_device *dev)
{
	INIT_DELAYED_WORK(&dev->resize_work, scst_device_resize_work);
}
