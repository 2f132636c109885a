// SPDX-License-Identifier: GPL-2.0
/*
 * LOGICAL UNIT RESET reaches the device: its handler is called, without anybody's thread
 * waiting for it.
 *
 * dev->resets counts what was asked for, dev->resets_done what has been done. One call of
 * the handler does for all that were asked for before it: a thousand functions are not a
 * thousand resets. A call is over when the two are equal.
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
 * scst_device_reset() - have a device's handler reset it
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
	scst_device_get(dev);
	if (!queue_work(dev->slow_wq, &dev->reset_work))
		scst_device_put(dev);
}

/**
 * scst_device_is_resetting() - whether a reset that was asked for is not over
 * @dev: the device
 *
 * A waiter watches the wait queue of a session that sees the device: those are woken.
 *
 * Context: any.
 * Return: true if it is not.
 */
bool scst_device_is_resetting(const struct scst_device *dev)
{
	return READ_ONCE(dev->resets) != READ_ONCE(dev->resets_done);
}

/**
 * scst_device_reset_init() - nobody has asked for a reset of a new device
 * @dev: the device
 */
void scst_device_reset_init(struct scst_device *dev)
{
	INIT_WORK(&dev->reset_work, scst_device_reset_work);
}
