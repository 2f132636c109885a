// SPDX-License-Identifier: GPL-2.0
/*
 * CHECK CONDITION and its effect on other commands. It establishes an ACA condition if the command
 * asked for one with NACA (SAM-5 5.9). It aborts other commands if QErr of the control mode page
 * says so (SPC-6 7.5.10).
 *
 * While an ACA condition is in effect, started commands of its task set are executed, but are
 * parked in COMPLETE and not answered before the condition is cleared. Commands that have not
 * started wait. New commands are refused, except for one with the ACA attribute.
 */
#include <scsi/scsi_common.h>

#include "cmd/cmd.h"
#include "cmd/opcode.h"
#include "task/task.h"

/* PREEMPT AND ABORT must not wait until another initiator has cleared its ACA condition. */
static bool scst_cmd_is_preempt_abort(const struct scst_cmd *cmd)
{
	return scst_cmd_is(cmd, PERSISTENT_RESERVE_OUT, SCST_PR_PREEMPT_ABORT);
}

/* Returns NACA of the CONTROL byte, also of a CDB that was not decoded, SAM-5 5.2. */
static bool scst_cmd_naca(const struct scst_cmd *cmd)
{
	unsigned int at = cmd->cdb[0] == VARIABLE_LENGTH_CMD ? 1 :
			  scsi_command_size(cmd->cdb) - 1;

	return at < cmd->cdb_len && (cmd->cdb[at] & SCST_CONTROL_NACA);
}

/**
 * __scst_aca_refuse() - check whether an ACA condition keeps a new command out of a task set
 * @cmd: the command
 * @set: the task set
 *
 * SAM-5 5.9.4. A command with the ACA attribute is also refused if there is no ACA condition,
 * SAM-5 8.6.5.
 *
 * Context: under the device's lock.
 * Return: true if the command is refused; its status is set then.
 */
bool __scst_aca_refuse(struct scst_cmd *cmd, const struct scst_task_set *set)
{
	bool own = set->faulted == cmd->nexus, aca = cmd->attr == SCST_ATTR_ACA;

	lockdep_assert_held(&cmd->dev->lock);
	if (!set->faulted) {
		if (aca)
			scst_cmd_set_sense(cmd, SCST_SENSE_INVALID_MESSAGE);
		return aca;
	}
	if ((own && aca && !set->aca_cmd) || scst_cmd_is_preempt_abort(cmd))
		return false;
	cmd->status = own || aca || scst_cmd_naca(cmd) ? SAM_STAT_ACA_ACTIVE :
							  SAM_STAT_BUSY;
	cmd->sense_len = 0;
	return true;
}

/* Started commands complete. Waiting commands start if the order allows it. */
static void __scst_aca_end(struct scst_device *dev, struct scst_task_set *set)
{
	struct scst_cmd *cmd;

	set->faulted = NULL;
	set->aca_cmd = NULL;
	WRITE_ONCE(dev->faults, dev->faults - 1);
	list_for_each_entry(cmd, &dev->queue, queue_entry)
		if (cmd->set == set && READ_ONCE(cmd->stage) == SCST_STAGE_COMPLETE &&
		    scst_cmd_claim(cmd))
			scst_cmd_to_tasklet(cmd, SCST_STAGE_COMPLETE);
	__scst_order_dispatch(dev);
}

/**
 * __scst_aca_clear() - clear the ACA condition of a nexus, if there is one
 * @nexus: the nexus
 *
 * Context: under its device's lock.
 */
void __scst_aca_clear(struct scst_nexus *nexus)
{
	struct scst_device *dev = nexus->dev;

	lockdep_assert_held(&dev->lock);
	if (dev->task_set.faulted == nexus)
		__scst_aca_end(dev, &dev->task_set);
	if (nexus->task_set.faulted)
		__scst_aca_end(dev, &nexus->task_set);
}

/**
 * __scst_aca_clear_all() - clear all ACA conditions of a device
 * @dev: the device
 *
 * Context: under its lock.
 */
void __scst_aca_clear_all(struct scst_device *dev)
{
	struct scst_nexus *nexus;

	lockdep_assert_held(&dev->lock);
	if (!dev->faults)
		return;
	list_for_each_entry(nexus, &dev->nexuses, dev_entry)
		__scst_aca_clear(nexus);
}

/* Does nothing if the device is not active or the nexus has been retracted. */
static void __scst_aca_establish(struct scst_nexus *nexus, struct scst_task_set *set)
{
	struct scst_device *dev = nexus->dev;

	if (dev->state != SCST_DEV_ACTIVE || nexus->retracted)
		return;
	set->faulted = nexus;
	WRITE_ONCE(dev->faults, dev->faults + 1);
	__scst_order_queueing(dev);
}

/* QErr 01b aborts all other commands of the task set, 11b those of the same nexus. */
static void __scst_aca_abort_others(struct scst_cmd *cmd)
{
	const struct scst_mode *mode = &cmd->dev->mode;
	bool own = mode->qerr == SCST_QERR_NEXUS || mode->tst;
	const struct scst_cmd_filter filter = {
		.dev = cmd->dev,
		.nexus = own ? cmd->nexus : NULL,
		.except = cmd,
	};

	if (mode->qerr)
		__scst_device_abort(cmd->dev, &filter, cmd->sess, true);
}

/*
 * CHECK CONDITION of a command with the ACA attribute and without NACA clears the ACA condition of
 * its nexus.
 */
static void __scst_aca_fault(struct scst_cmd *cmd, struct scst_task_set *set)
{
	bool naca = scst_cmd_naca(cmd);

	__scst_aca_abort_others(cmd);
	if (set->faulted == cmd->nexus && cmd->attr == SCST_ATTR_ACA && !naca)
		__scst_aca_end(cmd->dev, set);
	else if (!set->faulted && naca)
		__scst_aca_establish(cmd->nexus, set);
}

/* Parks a command until the ACA condition is cleared. */
static enum scst_stage __scst_aca_block(struct scst_cmd *cmd, struct scst_task_set *set)
{
	if (!cmd->queued) {
		cmd->set = set;
		list_add_tail(&cmd->queue_entry, &cmd->dev->queue);
		cmd->queued = true;
	}
	__scst_range_leave(cmd);
	return scst_cmd_park(cmd, SCST_STAGE_RESPOND);
}

static enum scst_stage __scst_aca_complete(struct scst_cmd *cmd)
{
	struct scst_task_set *set = cmd->queued ? cmd->set :
						  __scst_task_set(cmd->nexus);
	bool exempt = scst_cmd_is_preempt_abort(cmd) ||
		      (cmd->queued && cmd->order == SCST_ATTR_ACA);

	if (set->faulted && !exempt) {
		if (cmd->admitted || cmd->queued)
			return __scst_aca_block(cmd, set);
		/* A command that failed before admission is refused here. Others complete. */
		if (cmd->status == SAM_STAT_CHECK_CONDITION && __scst_aca_refuse(cmd, set))
			return SCST_STAGE_RESPOND;
	}
	if (cmd->status == SAM_STAT_CHECK_CONDITION)
		__scst_aca_fault(cmd, set);
	return SCST_STAGE_RESPOND;
}

/**
 * scst_aca_complete() - complete a command with CHECK CONDITION or under an ACA condition
 * @cmd: a command with a nexus
 *
 * Context: thread or atomic.
 * Return: RESPOND, or OWNED if the command is parked until the ACA condition is cleared.
 */
enum scst_stage scst_aca_complete(struct scst_cmd *cmd)
{
	struct scst_device *dev = cmd->dev;
	enum scst_stage next;

	if (scst_cmd_aborted(cmd))
		return SCST_STAGE_RESPOND;
	spin_lock_bh(&dev->lock);
	next = __scst_aca_complete(cmd);
	spin_unlock_bh(&dev->lock);
	return next;
}
