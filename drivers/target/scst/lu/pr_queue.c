// SPDX-License-Identifier: GPL-2.0
/*
 * PERSISTENT RESERVE OUT commands change a device's table one after the other, in a worker
 * of its pr_wq.
 *
 * A command is parked while it waits for its turn, and while its table is written: whoever
 * aborts it makes it go on, and what it wanted written is written without it. The work is
 * therefore the device's, not the command's: a worker may be with it, in a file system that
 * does not answer, long after the command's memory is another's.
 */
#include <linux/lockdep.h>
#include <linux/mutex.h>

#include "lu/opcodes.h"
#include "scst_priv.h"

/* Stands for commands that may sleep: lockdep learns what they must not wait for. */
static struct lock_class_key scst_pr_key;
static struct lockdep_map scst_pr_map __maybe_unused;

/**
 * scst_pr_lockdep_init() - no command takes scst_config_lock
 *
 * As if somebody waited for commands with it.
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

/* The next one that is not aborted */
static struct scst_cmd *scst_pr_queue_take(struct scst_device *dev)
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

static void scst_pr_queue_work(struct work_struct *work)
{
	struct scst_device *dev = container_of(work, struct scst_device, pr_work);
	struct scst_cmd *cmd;

	lock_map_acquire(&scst_pr_map);
	while ((cmd = scst_pr_queue_take(dev))) {
		cmd->in_worker = true;
		scst_cmd_run(cmd, SCST_STAGE_EXECUTE, SCST_CTX_THREAD);
	}
	lock_map_release(&scst_pr_map);
	scst_device_put_from_worker(dev);
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
	} else {
		/* Until the lock is free the command's nexus has one, too. */
		scst_device_get(dev);
		if (!queue_work(dev->pr_wq, &dev->pr_work))
			scst_device_put(dev);
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

	if (!dev || !cmd->op || !(cmd->op->flags & SCST_OPF_SLEEPS))
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

/**
 * scst_pr_queue_init() - nobody changes a new device's table yet
 * @dev: the device
 */
void scst_pr_queue_init(struct scst_device *dev)
{
	INIT_LIST_HEAD(&dev->pr_queue);
	INIT_WORK(&dev->pr_work, scst_pr_queue_work);
}
