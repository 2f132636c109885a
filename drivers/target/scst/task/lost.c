// SPDX-License-Identifier: GPL-2.0
/*
 * Writes that a volatile cache took, answered with GOOD, and could not put on the medium.
 *
 * A device counts how often that was found out: dev->losses. Each I_T_L nexus has a
 * cursor in that count, nexus->losses_told. A command that promises durability and meets
 * a cursor that lags behind ends with an error, whoever found the loss out and whatever
 * blocks the command names. The cursor moves when the status has been delivered.
 *
 * Nobody knows whose writes they were. A new nexus may belong to an initiator that wrote
 * through another one before: its cursor begins at dev->losses_start. That stays behind
 * a loss if a nexus left before it had been told, and if one left after the last time
 * that the whole cache was written back without an error. Then every new nexus is told
 * once, until the device is disabled: telling too often is right, too rarely is not.
 */
#include <linux/export.h>
#include <linux/ktime.h>

#include "task/task.h"

/* Whether @a comes before @b in a count that may wrap */
static bool scst_lost_before(unsigned int a, unsigned int b)
{
	return (int)(a - b) < 0;
}

/* Writes of a nexus that has left may be in the cache still. */
static bool __scst_lost_left(const struct scst_device *dev)
{
	lockdep_assert_held(&dev->lock);
	return dev->left_ns && dev->left_ns >= dev->clean_ns;
}

/**
 * __scst_lost_join() - a new nexus: what it need not be told
 * @nexus: the nexus, on its device's list
 *
 * Context: under the device's lock.
 */
void __scst_lost_join(struct scst_nexus *nexus)
{
	lockdep_assert_held(&nexus->dev->lock);
	WRITE_ONCE(nexus->losses_told, nexus->dev->losses_start);
}

/**
 * __scst_lost_leave() - a nexus leaves, or the last of its commands does
 * @nexus: the nexus
 *
 * Context: under the device's lock.
 */
void __scst_lost_leave(struct scst_nexus *nexus)
{
	struct scst_device *dev = nexus->dev;

	lockdep_assert_held(&dev->lock);
	dev->left_ns = ktime_get_ns();
	if (scst_lost_before(nexus->losses_told, dev->losses_start))
		dev->losses_start = nexus->losses_told;
}

/**
 * scst_lost_forget() - a device is disabled: who comes later has not written to it
 * @dev: the device
 *
 * Context: thread or atomic.
 */
void scst_lost_forget(struct scst_device *dev)
{
	spin_lock_bh(&dev->lock);
	dev->losses_start = dev->losses;
	spin_unlock_bh(&dev->lock);
}

/**
 * scst_device_write_lost() - writes that were answered with GOOD are not on the medium
 * @dev:   the device
 * @sense: what initiators are told: SCST_SENSE_WRITES_LOST, or why the medium did not
 *	   take them
 *
 * To be called once for each time that the handler finds it out, before it calls
 * scst_cmd_tell_lost() for whichever command has to find it out, too.
 *
 * Context: thread or softirq.
 */
void scst_device_write_lost(struct scst_device *dev, scst_sense_t sense)
{
	bool settled;

	spin_lock_bh(&dev->lock);
	settled = dev->losses_start == dev->losses && !__scst_lost_left(dev);
	dev->loss_sense = sense;
	WRITE_ONCE(dev->losses, dev->losses + 1);
	if (settled)
		dev->losses_start = dev->losses;
	spin_unlock_bh(&dev->lock);
}
EXPORT_SYMBOL_GPL(scst_device_write_lost);

static bool scst_lost_is_whole(const struct scst_cmd *cmd)
{
	return cmd->io == SCST_IO_SYNC && !cmd->lba &&
	       cmd->nblocks >= READ_ONCE(cmd->dev->params.nblocks);
}

/* Everything that had been written when the command came is on the medium. */
static void scst_lost_clean(struct scst_cmd *cmd)
{
	struct scst_device *dev = cmd->dev;

	spin_lock_bh(&dev->lock);
	dev->clean_ns = max(dev->clean_ns, cmd->start_ns);
	spin_unlock_bh(&dev->lock);
}

static void scst_lost_report(struct scst_cmd *cmd)
{
	struct scst_device *dev = cmd->dev;

	spin_lock_bh(&dev->lock);
	cmd->losses = dev->losses;
	scst_cmd_set_sense(cmd, dev->loss_sense);
	spin_unlock_bh(&dev->lock);
	set_bit(SCST_CMD_TELLS_LOSS, &cmd->flags);
}

/**
 * scst_cmd_tell_lost() - end a command with an error if its initiator is to hear of a loss
 * @cmd: a command that is to end with GOOD
 *
 * A handler with a volatile cache calls it before it completes SCST_IO_SYNC, and a
 * SCST_IO_WRITE that is durable: without a write cache nobody sends SYNCHRONIZE CACHE
 * any more. FUA is about the blocks of its own command only.
 *
 * Context: thread or softirq.
 */
void scst_cmd_tell_lost(struct scst_cmd *cmd)
{
	if (cmd->status != SAM_STAT_GOOD)
		return;
	if (cmd->io != SCST_IO_SYNC && READ_ONCE(cmd->dev->mode.wce))
		return;
	if (unlikely(READ_ONCE(cmd->dev->losses) !=
		     READ_ONCE(cmd->nexus->losses_told)))
		scst_lost_report(cmd);
	else if (scst_lost_is_whole(cmd))
		scst_lost_clean(cmd);
}
EXPORT_SYMBOL_GPL(scst_cmd_tell_lost);

/**
 * scst_lost_told() - a command that reported a loss is over
 * @cmd: the command
 *
 * Context: thread or atomic.
 */
void scst_lost_told(struct scst_cmd *cmd)
{
	struct scst_nexus *nexus = cmd->nexus;

	if (scst_cmd_aborted(cmd) || test_bit(SCST_CMD_UNDELIVERED, &cmd->flags))
		return;
	spin_lock_bh(&cmd->dev->lock);
	if (scst_lost_before(nexus->losses_told, cmd->losses))
		WRITE_ONCE(nexus->losses_told, cmd->losses);
	spin_unlock_bh(&cmd->dev->lock);
}
