// SPDX-License-Identifier: GPL-2.0
/*
 * A device's own workqueues: what its backend keeps waiting keeps no other device's work
 * waiting.
 *
 * Each queue has a rescuer. When there is no memory, or no process identifier, for another
 * worker thread, the work of a device still goes on unless its own backend holds it. Work
 * must therefore not wait for other work of the same queue.
 */
#include <linux/export.h>
#include <linux/workqueue.h>

#include "cmd/cmd.h"
#include "graph/graph.h"
#include "lu/lu.h"

/*
 * Commands that sleep in a backend at the same time, for each CPU. This is deep enough for
 * a file system: what it does not keep in its cache waits for the same medium. Without the
 * bound a backend that does not answer takes a thread for each command of its initiators,
 * and hundreds of such backends all process identifiers of the machine.
 */
#define SCST_IO_MAX_ACTIVE	64

/**
 * scst_device_queues_init() - make the workqueues of a new device
 * @dev: the device, with handler and name
 *
 * Context: process context.
 * Return: 0 or -ENOMEM.
 */
int scst_device_queues_init(struct scst_device *dev)
{
	if (dev->handler->may_sleep) {
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
 * @dev: the device, which nobody uses any more
 *
 * Context: process context, but no worker of the device's own.
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
 * scst_device_queue_work() - let a worker of the device go on with a command
 * @dev:  the device, whose handler has may_sleep set
 * @work: the handler's; it may wait for the backend, but not for other such work
 *
 * Context: any.
 */
void scst_device_queue_work(struct scst_device *dev, struct work_struct *work)
{
	queue_work(dev->io_wq, work);
}
EXPORT_SYMBOL_GPL(scst_device_queue_work);
