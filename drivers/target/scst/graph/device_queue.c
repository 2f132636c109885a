// SPDX-License-Identifier: GPL-2.0
/*
 * The workqueues of a device. Each device has its own, so a slow backend does not delay the work
 * of other devices.
 *
 * Each queue has a rescuer thread. If no other worker thread can be created, for lack of memory
 * or of process identifiers, the rescuer executes the work, unless the device's own backend
 * blocks it. So a work item must not wait for another one of the same queue.
 */
#include <linux/export.h>
#include <linux/workqueue.h>

#include "cmd/cmd.h"
#include "graph/graph.h"
#include "lu/lu.h"

/*
 * Limit of the commands that sleep in a backend at the same time, for each CPU. It is deep enough
 * for a file system: accesses that miss its cache wait for the same medium. Without a limit a
 * hung backend would take a thread for each command of its initiators, and hundreds of hung
 * backends would take all process identifiers of the machine.
 */
#define SCST_IO_MAX_ACTIVE	64

/**
 * scst_device_queues_init() - create the workqueues of a new device
 * @dev: the device; its handler and its name are set
 *
 * Context: process context.
 * Return: 0 or -ENOMEM.
 */
int scst_device_queues_init(struct scst_device *dev)
{
	if (dev->handler->may_sleep || dev->handler->may_defer) {
		dev->io_wq = alloc_workqueue("scst_io:%.15s", WQ_MEM_RECLAIM | WQ_PERCPU,
					     SCST_IO_MAX_ACTIVE, dev->name);
		if (!dev->io_wq)
			return -ENOMEM;
	}
	dev->pr_wq = alloc_ordered_workqueue("scst_pr:%.15s", WQ_MEM_RECLAIM, dev->name);
	dev->slow_wq = alloc_workqueue("scst_slow:%.13s", WQ_MEM_RECLAIM | WQ_UNBOUND, 0,
				       dev->name);
	if (dev->pr_wq && dev->slow_wq)
		return 0;
	scst_device_queues_exit(dev);
	return -ENOMEM;
}

/**
 * scst_device_queues_exit() - undo scst_device_queues_init()
 * @dev: the device, which is no longer in use
 *
 * Context: process context, but not a worker of the device's own workqueues.
 */
void scst_device_queues_exit(struct scst_device *dev)
{
	if (dev->slow_wq)
		destroy_workqueue(dev->slow_wq);
	if (dev->pr_wq)
		destroy_workqueue(dev->pr_wq);
	if (dev->io_wq)
		destroy_workqueue(dev->io_wq);
}

/**
 * scst_device_queue() - queue a work item of a device
 * @dev:  the device
 * @wq:   the workqueue
 * @work: the work item, which releases a reference to the device at its end
 *
 * Context: any; the caller holds a reference, too.
 */
void scst_device_queue(struct scst_device *dev, struct workqueue_struct *wq,
		       struct work_struct *work)
{
	scst_device_get(dev);
	if (!queue_work(wq, work))
		scst_device_put(dev);
}

/**
 * scst_device_queue_work() - queue a handler's work item on the device's own workqueue
 * @dev:  the device, whose handler has may_sleep or may_defer set
 * @work: the work item; it may wait for the backend, but not for another such work item
 *
 * Context: any.
 */
void scst_device_queue_work(struct scst_device *dev, struct work_struct *work)
{
	queue_work(dev->io_wq, work);
}
EXPORT_SYMBOL_GPL(scst_device_queue_work);
