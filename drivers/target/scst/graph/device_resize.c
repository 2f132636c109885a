// SPDX-License-Identifier: GPL-2.0
/*
 * A device's capacity changes while it is enabled.
 *
 * The range check of new commands goes by the new one at once. Commands that have
 * passed it already find the backend as it is: what they want of blocks that are
 * gone is the handler's to refuse.
 */
#include <linux/export.h>
#include <linux/jiffies.h>

#include "cmd/cmd.h"
#include "graph/graph.h"
#include "task/task.h"

/* A file that is copied to its place grows with every write: often enough for that */
#define SCST_RESIZE_INTERVAL	(HZ / 10)

/* First the capacity, then the news: whoever has heard them reads the new one. */
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

/* A device that fails meanwhile is not closed before the lock is free again. */
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

	return time_in_range(jiffies, last, last + SCST_RESIZE_INTERVAL) ?
	       SCST_RESIZE_INTERVAL : 0;
}

/**
 * scst_device_resized() - the capacity of a device's backend may have changed
 * @dev: the device
 *
 * The handler's capacity() is called soon, and if it has news, every initiator gets
 * them, and the unit attention CAPACITY DATA HAS CHANGED. Changes that follow one
 * upon the other may be told as one.
 *
 * Context: any.
 */
void scst_device_resized(struct scst_device *dev)
{
	scst_device_get(dev);
	if (!queue_delayed_work(dev->slow_wq, &dev->resize_work,
				scst_device_resize_delay(dev)))
		scst_device_put(dev);
}
EXPORT_SYMBOL_GPL(scst_device_resized);

/**
 * scst_device_resize_init() - nobody has resized a new device yet
 * @dev: the device
 */
void scst_device_resize_init(struct scst_device *dev)
{
	INIT_DELAYED_WORK(&dev->resize_work, scst_device_resize_work);
}
