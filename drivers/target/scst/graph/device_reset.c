// SPDX-License-Identifier: GPL-2.0
/*
 * Resets of a device by its handler, for LOGICAL UNIT RESET and the resets of a target. A work
 * item calls the handler's reset(), and the task management function waits without a thread.
 *
 * dev->resets counts the requested resets, dev->resets_done the completed ones. One call of
 * reset() completes all resets that were requested before it: a thousand functions do not cause
 * a thousand calls. No reset is pending when the two counts are equal.
 */
#include "cmd/cmd.h"
#include "graph/graph.h"
#include "task/task.h"

static unsigned int scst_device_resets(struct scst_device *dev)
{
	unsigned int resets;

	spin_lock_bh(&dev->lock);
	resets = dev->resets;
	spin_unlock_bh(&dev->lock);
	return resets;
}

static void scst_device_reset_done(struct scst_device *dev, unsigned int resets)
{
	spin_lock_bh(&dev->lock);
	WRITE_ONCE(dev->resets_done, resets);
	__scst_device_wake_waiters(dev);
	spin_unlock_bh(&dev->lock);
}

static void scst_device_reset_work(struct work_struct *work)
{
	struct scst_device *dev = container_of(work, struct scst_device, reset_work);
	unsigned int resets = scst_device_resets(dev);

	mutex_lock(&dev->backend_lock);
	if (dev->open)
		dev->handler->reset(dev);
	mutex_unlock(&dev->backend_lock);
	scst_device_reset_done(dev, resets);
	scst_device_put_from_worker(dev);
}

/**
 * scst_device_reset() - request that a device's handler resets it
 * @dev: the device, whose commands are aborted
 *
 * Context: thread or atomic.
 */
void scst_device_reset(struct scst_device *dev)
{
	if (!dev->handler->reset)
		return;
	spin_lock_bh(&dev->lock);
	WRITE_ONCE(dev->resets, dev->resets + 1);
	spin_unlock_bh(&dev->lock);
	scst_device_queue(dev, dev->slow_wq, &dev->reset_work);
}

/**
 * scst_device_is_resetting() - whether a requested reset is pending
 * @dev: the device
 *
 * The end of a reset wakes the wait queue of each session that has a nexus with the device, so a
 * waiter watches one of these.
 *
 * Context: any.
 * Return: true if a reset is pending.
 */
bool scst_device_is_resetting(const struct scst_device *dev)
{
	return READ_ONCE(dev->resets) != READ_ONCE(dev->resets_done);
}

/**
 * scst_device_reset_init() - initialize the resets of a new device
 * @dev: the device
 */
void scst_device_reset_init(struct scst_device *dev)
{
	INIT_WORK(&dev->reset_work, scst_device_reset_work);
}
