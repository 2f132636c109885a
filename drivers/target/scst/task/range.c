// SPDX-License-Identifier: GPL-2.0
/*
 * Ranges of blocks. COMPARE AND WRITE and ORWRITE are atomic, SBC-4 5.3: no other command changes
 * their blocks between what they read and what they write, through whatever target port that
 * command comes.
 *
 * While nobody uses atomic commands, writes take no range and touch no shared cache line. The
 * admission of one begins queueing, see order.c. From then on each command that writes is admitted
 * through dev->queue, and is marked with SCST_CMD_RANGED. The atomic command keeps the place in
 * the task set that its task attribute gives it, so as a SIMPLE command it orders nothing.
 *
 * A marked command takes the range of its blocks before it goes to the backend:
 *
 * - Two ranges conflict if they overlap and one of the two commands is atomic.
 * - dev->ranges has the commands in the order in which they asked. A command waits for each older
 *   one there that it conflicts with, whether that one has its range or waits for it. So no
 *   command is overtaken for ever, and none waits for a younger one.
 * - Commands that hold dev->tasks are not marked. An atomic command waits until they have ended.
 *   It does not hold dev->tasks itself.
 * - The Data-Out is there before a command asks. An initiator that does not send its Data-Out
 *   keeps no range from others.
 * - A command of several operations asks again for each that has another range, and gives up the
 *   last one before. An atomic command has the range of all its blocks until its end. A
 *   synchronization changes no blocks, and takes no range.
 *
 * A command that waits is parked in the stage RANGE: aborts find it, and no thread waits. It gives
 * up its range when it leaves the queue, or when an ACA condition keeps it from being answered. An
 * aborted command that the backend has keeps the range until the backend has completed it. If the
 * device is fenced, waiting commands end with an error. A device that is being disabled executes
 * the commands that wait, or aborts them after drain_ms.
 *
 * Queueing does not end while an atomic command is on dev->ranges. It may end while one waits for
 * its Data-Out: the command begins queueing again when it asks for its range.
 */
#include "cmd/cmd.h"
#include "cmd/opcode.h"
#include "task/task.h"

/*
 * Of an atomic command these are all its blocks. Of another one they are the blocks of its next
 * operation.
 */
static void scst_range_set(struct scst_cmd *cmd)
{
	cmd->range_lba = cmd->lba;
	cmd->range_blocks = cmd->nblocks;
	cmd->has_range = false;
}

/**
 * __scst_range_mark() - mark a command that has to take the range of its blocks
 * @cmd: a command that is about to be added to its device's queue
 *
 * Commands that do not write blocks are not marked.
 *
 * Context: under the device's lock.
 */
void __scst_range_mark(struct scst_cmd *cmd)
{
	lockdep_assert_held(&cmd->dev->lock);
	if (!(cmd->op->flags & SCST_OPF_WRITES) || !cmd->dev->handler->block)
		return;
	INIT_LIST_HEAD(&cmd->range_entry);
	scst_range_set(cmd);
	set_bit(SCST_CMD_RANGED, &cmd->flags);
}

static bool scst_range_overlaps(const struct scst_cmd *a, const struct scst_cmd *b)
{
	return a->range_lba < b->range_lba + b->range_blocks &&
	       b->range_lba < a->range_lba + a->range_blocks;
}

static bool scst_range_conflicts(const struct scst_cmd *a, const struct scst_cmd *b)
{
	return (scst_range_is_atomic(a) || scst_range_is_atomic(b)) && scst_range_overlaps(a, b);
}

/* Whether a command on dev->ranges conflicts with no older one */
static bool __scst_range_is_free(const struct scst_cmd *cmd)
{
	const struct scst_device *dev = cmd->dev;
	const struct scst_cmd *older;

	if (!dev->atomic_ranges)
		return true;
	if (scst_range_is_atomic(cmd) && !dev->tasks_gone)
		return false;
	list_for_each_entry(older, &dev->ranges, range_entry) {
		if (older == cmd)
			break;
		if (scst_range_conflicts(older, cmd))
			return false;
	}
	return true;
}

/* Queueing may have ended while the command waited for its Data-Out. */
static void __scst_range_add(struct scst_cmd *cmd)
{
	struct scst_device *dev = cmd->dev;

	if (!scst_range_is_atomic(cmd))
		scst_range_set(cmd);
	list_add_tail(&cmd->range_entry, &dev->ranges);
	if (!scst_range_is_atomic(cmd))
		return;
	dev->atomic_ranges++;
	if (dev->state == SCST_DEV_ACTIVE)
		__scst_order_queueing(dev);
}

static enum scst_stage __scst_range_wait(struct scst_cmd *cmd)
{
	struct scst_device *dev = cmd->dev;

	if (dev->state == SCST_DEV_FAILED) {
		scst_cmd_set_sense(cmd, scst_order_refusal(dev));
		return SCST_STAGE_COMPLETE;
	}
	WRITE_ONCE(cmd->stage, SCST_STAGE_RANGE);
	return scst_cmd_park(cmd, SCST_STAGE_COMPLETE);
}

/* Whether the range that a command has is enough for its operation */
static bool __scst_range_is_enough(const struct scst_cmd *cmd)
{
	if (!cmd->has_range || scst_range_is_atomic(cmd))
		return cmd->has_range;
	return cmd->range_lba == cmd->lba && cmd->range_blocks == cmd->nblocks;
}

static enum scst_stage __scst_range_take(struct scst_cmd *cmd)
{
	if (cmd->io == SCST_IO_SYNC || __scst_range_is_enough(cmd))
		return SCST_STAGE_BACKEND;
	__scst_range_leave(cmd);
	__scst_range_add(cmd);
	cmd->has_range = __scst_range_is_free(cmd);
	return cmd->has_range ? SCST_STAGE_BACKEND : __scst_range_wait(cmd);
}

/**
 * scst_range_take() - take the range of a command's blocks, or wait for it
 * @cmd: a command with SCST_CMD_RANGED that is about to go to the backend
 *
 * Context: thread or atomic.
 * Return: BACKEND if the command has the range; OWNED if it waits: it continues in the stage RANGE
 * then, which calls this again; COMPLETE if it is aborted or its device has failed.
 */
enum scst_stage scst_range_take(struct scst_cmd *cmd)
{
	struct scst_device *dev = cmd->dev;
	enum scst_stage stage;

	spin_lock_bh(&dev->lock);
	stage = __scst_range_take(cmd);
	spin_unlock_bh(&dev->lock);
	return stage;
}

static void __scst_range_start(struct scst_cmd *cmd)
{
	cmd->has_range = true;
	if (scst_cmd_claim(cmd))
		scst_cmd_to_tasklet(cmd, SCST_STAGE_RANGE);
}

/*
 * Starts the waiting commands that conflict with no older one any more. @left: only those that
 * waited for this command, which has left dev->ranges; NULL: all.
 */
static void __scst_range_start_free(struct scst_device *dev, const struct scst_cmd *left)
{
	struct scst_cmd *cmd;

	list_for_each_entry(cmd, &dev->ranges, range_entry) {
		if (cmd->has_range || (left && !scst_range_conflicts(left, cmd)))
			continue;
		if (__scst_range_is_free(cmd))
			__scst_range_start(cmd);
	}
}

/**
 * __scst_range_leave() - give up the range of a command, if it has or waits for one
 * @cmd: the command, on the queue of its device
 *
 * Commands that waited for it start.
 *
 * Context: under the device's lock.
 */
void __scst_range_leave(struct scst_cmd *cmd)
{
	lockdep_assert_held(&cmd->dev->lock);
	if (!test_bit(SCST_CMD_RANGED, &cmd->flags) || list_empty(&cmd->range_entry))
		return;
	list_del_init(&cmd->range_entry);
	if (cmd->dev->atomic_ranges)
		__scst_range_start_free(cmd->dev, cmd);
	if (scst_range_is_atomic(cmd))
		cmd->dev->atomic_ranges--;
}

/**
 * __scst_range_dispatch() - start the waiting commands that conflict with no other
 * @dev: a device whose commands from before queueing have ended
 *
 * Context: under its lock.
 */
void __scst_range_dispatch(struct scst_device *dev)
{
	lockdep_assert_held(&dev->lock);
	__scst_range_start_free(dev, NULL);
}

/**
 * __scst_range_fail_waiting() - end the commands that wait for a range
 * @dev: a device that has failed
 *
 * Context: under its lock.
 */
void __scst_range_fail_waiting(struct scst_device *dev)
{
	struct scst_cmd *cmd;

	lockdep_assert_held(&dev->lock);
	list_for_each_entry(cmd, &dev->ranges, range_entry) {
		if (cmd->has_range || !scst_cmd_claim(cmd))
			continue;
		scst_cmd_set_sense(cmd, scst_order_refusal(dev));
		scst_cmd_to_tasklet(cmd, SCST_STAGE_COMPLETE);
	}
}

/**
 * scst_range_init() - initialize the ranges of a new device
 * @dev: the device
 */
void scst_range_init(struct scst_device *dev)
{
	INIT_LIST_HEAD(&dev->ranges);
}
