// SPDX-License-Identifier: GPL-2.0
/*
 * The watch of a device's backend, for handlers that nobody tells of its changes: once a second the
 * handler looks at the open backend, or whether the one that the device waits for is back.
 *
 * The work queues itself again as long as the device is active, draining or waiting, and has a
 * reference to the device meanwhile.
 */
#include <linux/fs_struct.h>
#include <linux/jiffies.h>
#include <linux/workqueue.h>

#include "cmd/cmd.h"
#include "graph/graph.h"

#define SCST_WATCH_INTERVAL	HZ

/* close_work takes backend_lock, too: the backend is not closed while it is looked at. */
static void scst_device_watch_open(struct scst_device *dev)
{
	if (!dev->handler->watch)
		return;
	mutex_lock(&dev->backend_lock);
	if (dev->open && READ_ONCE(dev->state) == SCST_DEV_ACTIVE)
		dev->handler->watch(dev);
	mutex_unlock(&dev->backend_lock);
}

/* The paths of handlers are looked up as those in the attributes: from process 1's root. */
static void scst_device_watch_absent(struct scst_device *dev)
{
	bool back = false;

	if (!dev->handler->is_back)
		return;
	scoped_with_init_fs() {
		back = dev->handler->is_back(dev);
	}
	if (back)
		scst_device_reopen(dev);
}

/* Returns whether there is something to be watched. */
static bool scst_device_look(struct scst_device *dev)
{
	switch (READ_ONCE(dev->state)) {
	case SCST_DEV_ACTIVE:
		scst_device_watch_open(dev);
		return true;
	case SCST_DEV_WAITING:
		scst_device_watch_absent(dev);
		return true;
	case SCST_DEV_DRAINING:
		return true;
	default:
		return false;
	}
}

static void scst_device_watch_work(struct work_struct *work)
{
	struct scst_device *dev = container_of(to_delayed_work(work), struct scst_device,
					       watch_work);

	if (scst_device_look(dev))
		scst_device_watch_start(dev);
	scst_device_put_from_worker(dev);
}

/**
 * scst_device_watch_start() - begin to watch, or go on with it
 * @dev: the device
 *
 * Context: process context; the caller holds a reference.
 */
void scst_device_watch_start(struct scst_device *dev)
{
	if (!dev->handler->watch && !dev->handler->is_back)
		return;
	scst_device_get(dev);
	if (!queue_delayed_work(dev->slow_wq, &dev->watch_work, SCST_WATCH_INTERVAL))
		scst_device_put(dev);
}

/**
 * scst_device_watch_stop() - do not look again
 * @dev: the device, which is draining or idle
 *
 * A look in progress is not waited for, because it may take its time: it sees the state.
 *
 * Context: process context; the caller holds a reference.
 */
void scst_device_watch_stop(struct scst_device *dev)
{
	if (cancel_delayed_work(&dev->watch_work))
		scst_device_put(dev);
}

/**
 * scst_device_watch_init() - initialize the watch of a new device
 * @dev: the device
 */
void scst_device_watch_init(struct scst_device *dev)
{
	INIT_DELAYED_WORK(&dev->watch_work, scst_device_watch_work);
}
