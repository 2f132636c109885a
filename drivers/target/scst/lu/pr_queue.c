// SPDX-License-Identifier: GPL-2.0
/*
 * PERSISTENT RESERVE OUT commands wait for their turn to change a device's table.
 *
 * A command is parked while it waits, and while its table is written: whoever aborts it makes
 * it go on, and what it wanted written is written without it.
 */
#include <linux/workqueue.h>

#include "cmd/cmd.h"
#include "cmd/opcode.h"
#include "lu/lu.h"
#include "lu/pr.h"
#include "task/task.h"

/**
 * scst_pr_queue_take() - whose turn it is to change the table
 * @dev: the device
 *
 * Context: the worker of the device's pr_wq.
 * Return: the next command that is not aborted, which is the caller's now, or NULL.
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
 * scst_pr_queue_add() - let a command wait for its turn to change the table
 * @cmd: the command, which has a device
 *
 * Context: thread or atomic.
 * Return: OWNED, or COMPLETE if it is aborted.
 */
enum scst_stage scst_pr_queue_add(struct scst_cmd *cmd)
{
	struct scst_device *dev = cmd->dev;
	enum scst_stage next = SCST_STAGE_OWNED;

	spin_lock_bh(&dev->lock);
	list_add_tail(&cmd->pr_entry, &dev->pr_queue);
	if (!scst_cmd_park(cmd)) {
		list_del(&cmd->pr_entry);
		next = SCST_STAGE_COMPLETE;
	} else if (queue_work(dev->pr_wq, &dev->pr_work)) {
		/*
		 * Until the lock is free the command's nexus has a reference, too, and the
		 * worker has not given one back.
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
 * scst_pr_queue_left() - an aborted command ends: nobody is to find it here any more
 * @cmd: the command
 *
 * Context: thread or atomic.
 */
void scst_pr_queue_left(struct scst_cmd *cmd)
{
	struct scst_device *dev = cmd->dev;

	if (!dev || !cmd->op || !(cmd->op->exec_sleeping))
		return;
	spin_lock_bh(&dev->lock);
	__scst_pr_queue_left(dev, cmd);
	spin_unlock_bh(&dev->lock);
}

/**
 * scst_pr_save_begin() - park a command whose table is about to be written
 * @cmd: the command, whose turn it is
 *
 * Context: process context without locks.
 * Return: true if it is not the caller's any more; false if it is aborted.
 */
bool scst_pr_save_begin(struct scst_cmd *cmd)
{
	struct scst_device *dev = cmd->dev;
	bool parked;

	spin_lock_bh(&dev->lock);
	dev->pr_saver = cmd;
	parked = scst_cmd_park(cmd);
	if (!parked)
		dev->pr_saver = NULL;
	spin_unlock_bh(&dev->lock);
	return parked;
}

/**
 * scst_pr_save_end() - the table has been written
 * @dev: the device
 *
 * Context: process context without locks.
 * Return: the command, which is the caller's again; NULL: it was aborted.
 */
struct scst_cmd *scst_pr_save_end(struct scst_device *dev)
{
	struct scst_cmd *cmd;

	spin_lock_bh(&dev->lock);
	cmd = dev->pr_saver;
	/* Under the lock one that is aborted has not left yet. */
	if (cmd && !scst_cmd_claim(cmd))
		cmd = NULL;
	dev->pr_saver = NULL;
	spin_unlock_bh(&dev->lock);
	return cmd;
}
