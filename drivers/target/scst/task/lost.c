// SPDX-License-Identifier: GPL-2.0
/*
 * Lost writes: a volatile cache took them, they were answered with GOOD, and they did not reach
 * the medium.
 *
 * dev->losses counts the losses that were detected on a device. Each I_T_L nexus has a cursor in
 * that count, nexus->losses_told. A command that promises durability ends with an error if the
 * cursor of its nexus lags behind the count. It does not matter which nexus detected the loss, and
 * which blocks the command names. The cursor moves when the status has been delivered.
 *
 * The origin of the lost writes is unknown. A new nexus may belong to an initiator that wrote
 * through an earlier nexus. So its cursor begins at dev->losses_start. This start remains before
 * a loss in two cases: a nexus left before the loss was reported to it, or a nexus left after the
 * last time that the whole cache was written back without an error. Then the loss is reported once
 * to every new nexus until the device is disabled. A report too many is correct, a missing report
 * is not.
 */
#include <linux/export.h>
#include <linux/ktime.h>

#include "task/task.h"

/* Returns whether @a is before @b in a count that may wrap. */
static bool scst_lost_before(unsigned int a, unsigned int b)
{
	return (int)(a - b) < 0;
}

/* Returns whether writes of a nexus that has left may still be in the cache. */
static bool __scst_lost_left(const struct scst_device *dev)
{
	lockdep_assert_held(&dev->lock);
	return dev->left_ns && dev->left_ns >= dev->clean_ns;
}

/**
 * __scst_lost_join() - set the loss cursor of a new nexus
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
 * __scst_lost_leave() - note that a nexus leaves, or the last of its commands
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
 * scst_lost_forget() - do not report earlier losses to new nexuses of a disabled device
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
 * scst_device_write_lost() - report that writes answered with GOOD are not on the medium
 * @dev:   the device
 * @sense: the sense code for initiators: SCST_SENSE_WRITES_LOST, or the reason why the medium did
 *	   not take the writes
 *
 * The handler calls this once for each loss that it detects, before it calls scst_cmd_tell_lost()
 * for a command that has to report the loss.
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
	atomic64_inc(&dev->errors[SCST_ERRORS_WRITE]);
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

/* All writes that were complete when the command arrived are on the medium. */
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
 * scst_cmd_tell_lost() - set an error status if a loss has not been reported to the initiator
 * @cmd: a command that would end with GOOD
 *
 * A handler with a volatile cache calls this before it completes SCST_IO_SYNC or a durable
 * SCST_IO_WRITE. A write reports a loss only while the write cache is disabled, as initiators send
 * no SYNCHRONIZE CACHE then. With a write cache, FUA concerns only the blocks of its own command.
 *
 * Context: thread or softirq.
 */
void scst_cmd_tell_lost(struct scst_cmd *cmd)
{
	if (cmd->status != SAM_STAT_GOOD)
		return;
	if (cmd->io != SCST_IO_SYNC && READ_ONCE(cmd->dev->mode.wce))
		return;
	if (unlikely(READ_ONCE(cmd->dev->losses) != READ_ONCE(cmd->nexus->losses_told)))
		scst_lost_report(cmd);
	else if (scst_lost_is_whole(cmd))
		scst_lost_clean(cmd);
}
EXPORT_SYMBOL_GPL(scst_cmd_tell_lost);

/**
 * scst_lost_told() - move the loss cursor of a nexus after a command has reported a loss
 * @cmd: the command; the cursor stays if the command was aborted or its response not delivered
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
