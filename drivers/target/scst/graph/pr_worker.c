// SPDX-License-Identifier: GPL-2.0
/*
 * The work item of a device's pr_wq, which executes the commands that change reservations, one
 * after the other.
 *
 * The work item belongs to the device and not to a command. A worker may hang in a file system
 * long after its command was aborted and the command's memory was reused.
 */
#include <linux/lockdep.h>
#include <linux/sched/mm.h>
#include <linux/workqueue.h>

#include "cmd/cmd.h"
#include "cmd/opcode.h"
#include "graph/graph.h"
#include "lu/lu.h"

/* For lockdep: a lock that stands for commands that may sleep */
static struct lock_class_key scst_pr_key;
static struct lockdep_map scst_pr_map __maybe_unused;

/**
 * scst_pr_lockdep_init() - make lockdep report commands that take scst_config_lock
 *
 * The map is acquired under scst_config_lock, as if its holder waited for commands.
 *
 * Context: process context.
 */
void scst_pr_lockdep_init(void)
{
	lockdep_init_map(&scst_pr_map, "scst_pr", &scst_pr_key, 0);
	mutex_lock(&scst_config_lock);
	lock_map_acquire(&scst_pr_map);
	lock_map_release(&scst_pr_map);
	mutex_unlock(&scst_config_lock);
}

static enum scst_stage scst_pr_execute(struct scst_cmd *cmd)
{
	enum scst_stage next;

	if (scst_cmd_aborted(cmd))
		return SCST_STAGE_COMPLETE;
	next = cmd->op->exec_sleeping(cmd);
	if (next != SCST_STAGE_OWNED && test_bit(SCST_CMD_WAITS, &cmd->flags))
		return scst_cmd_wait_aborted(cmd);
	return next;
}

/*
 * NOIO, because memory reclaim may write to a disk that this machine exports to itself. If a
 * command here is ORDERED, the commands of that write wait for it.
 */
static void scst_pr_work(struct work_struct *work)
{
	struct scst_device *dev = container_of(work, struct scst_device, pr_work);
	unsigned int flags = memalloc_noio_save();
	struct scst_cmd *cmd;

	lock_map_acquire(&scst_pr_map);
	while ((cmd = scst_pr_queue_take(dev)))
		scst_cmd_run(cmd, scst_pr_execute(cmd), SCST_CTX_THREAD);
	lock_map_release(&scst_pr_map);
	memalloc_noio_restore(flags);
	scst_device_put_from_worker(dev);
}

/**
 * scst_pr_worker_init() - initialize the queue and the work item of a new device
 * @dev: the device
 */
void scst_pr_worker_init(struct scst_device *dev)
{
	INIT_LIST_HEAD(&dev->pr_queue);
	INIT_WORK(&dev->pr_work, scst_pr_work);
}
