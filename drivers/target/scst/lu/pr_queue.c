// SPDX-License-Identifier: GPL-2.0
/*
 * The queue of PERSISTENT RESERVE OUT commands that are to change a device's table.
 *
 * A command is parked while it waits in the queue, and while its table is written. An abort
 * completes a parked command, and a table that is being written is written to the end without its
 * command.
 */
#include <linux/workqueue.h>

#include "cmd/cmd.h"
#include "cmd/opcode.h"
#include "lu/lu.h"
#include "lu/pr.h"
#include "task/task.h"

/**
 * scst_pr_queue_take() - take the next command that is to change a device's table
 * @dev: the device
 *
 * Context: the worker of the device's pr_wq.
 * Return: the next command that is not aborted, now owned by the caller, or NULL.
 */
struct scst_cmd *scst_pr_queue_take(struct scst_device *dev)
{
	struct scst_cmd *cmd, *next, *taken = NULL;

	spin_lock_bh(&dev->lock);
	list_for_each_entry_safe(cmd, next, &dev->pr_queue, pr_entry) {
		list_del(&cmd->pr_entry);
		if (!scst_cmd_claim(cmd))
			continue;
		taken = cmd;
		break;
	}
	spin_unlock_bh(&dev->lock);
	return taken;
}

/**
 * scst_pr_queue_add() - queue a command that is to change its device's table
 * @cmd: the command, which has a device
 *
 * Context: thread or atomic.
 * Return: SCST_STAGE_OWNED, or SCST_STAGE_COMPLETE if the command is aborted.
 */
enum scst_stage scst_pr_queue_add(struct scst_cmd *cmd)
{
	struct scst_device *dev = cmd->dev;
	enum scst_stage next;

	spin_lock_bh(&dev->lock);
	list_add_tail(&cmd->pr_entry, &dev->pr_queue);
	next = scst_cmd_park(cmd, SCST_STAGE_COMPLETE);
	if (next != SCST_STAGE_OWNED) {
		list_del(&cmd->pr_entry);
	} else if (queue_work(dev->pr_wq, &dev->pr_work)) {
		/*
		 * The reference of the work item. The worker takes this lock before it drops the
		 * reference, and until the lock is released the command's nexus has a reference,
		 * too.
		 */
		scst_device_get(dev);
	}
	spin_unlock_bh(&dev->lock);
	return next;
}

static void __scst_pr_queue_left(struct scst_device *dev, const struct scst_cmd *cmd)
{
	struct scst_cmd *each;

	if (dev->pr_saver == cmd)
		dev->pr_saver = NULL;
	list_for_each_entry(each, &dev->pr_queue, pr_entry) {
		if (each != cmd)
			continue;
		list_del(&each->pr_entry);
		return;
	}
}

/**
 * scst_pr_queue_left() - remove an aborted command from its device's queue
 * @cmd: the command; it may also be the one whose table is being written, or neither
 *
 * Context: thread or atomic.
 */
void scst_pr_queue_left(struct scst_cmd *cmd)
{
	struct scst_device *dev = cmd->dev;

	if (!dev || !cmd->op || !cmd->op->exec_sleeping)
		return;
	spin_lock_bh(&dev->lock);
	__scst_pr_queue_left(dev, cmd);
	spin_unlock_bh(&dev->lock);
}

/**
 * scst_pr_save_begin() - park a command whose table is about to be written
 * @cmd: the command, taken from the queue
 *
 * Context: process context without locks.
 * Return: SCST_STAGE_OWNED, or SCST_STAGE_COMPLETE if the command is aborted.
 */
enum scst_stage scst_pr_save_begin(struct scst_cmd *cmd)
{
	struct scst_device *dev = cmd->dev;
	enum scst_stage next;

	spin_lock_bh(&dev->lock);
	dev->pr_saver = cmd;
	next = scst_cmd_park(cmd, SCST_STAGE_COMPLETE);
	if (next != SCST_STAGE_OWNED)
		dev->pr_saver = NULL;
	spin_unlock_bh(&dev->lock);
	return next;
}

/**
 * scst_pr_save_end() - take back the parked command after its table was written
 * @dev: the device
 *
 * Context: process context without locks.
 * Return: the command, owned by the caller again; NULL if it was aborted.
 */
struct scst_cmd *scst_pr_save_end(struct scst_device *dev)
{
	struct scst_cmd *cmd;

	spin_lock_bh(&dev->lock);
	cmd = dev->pr_saver;
	/* An aborted command cannot end before it has cleared pr_saver under the lock. */
	if (cmd && !scst_cmd_claim(cmd))
		cmd = NULL;
	dev->pr_saver = NULL;
	spin_unlock_bh(&dev->lock);
	return cmd;
}
