// SPDX-License-Identifier: GPL-2.0
/*
 * Finding, aborting and waiting for a session's commands.
 */
#include <linux/jiffies.h>
#include <linux/percpu.h>
#include <linux/rcupdate.h>

#include "cmd/cmd.h"
#include "task/task.h"
#include "cmd/trace.h"

/*
 * Returns whether a fenced backend keeps an aborted command that no waiter has to wait for. The
 * driver has no buffer in use, and there will be no response, so a late answer has no effect on
 * the initiator.
 */
static bool scst_cmd_is_fenced(const struct scst_cmd *cmd)
{
	return cmd->dev && READ_ONCE(cmd->dev->fenced) &&
	       READ_ONCE(cmd->stage) == SCST_STAGE_BACKEND &&
	       (cmd->buffer != SCST_BUFFER_DRIVER || !cmd->data_len);
}

/*
 * Returns whether a fenced backend keeps a command, even one that uses the driver's buffer. The
 * driver gets such a buffer back only if the backend answers.
 */
static bool scst_cmd_is_hopeless(const struct scst_cmd *cmd)
{
	return cmd->dev && READ_ONCE(cmd->dev->fenced) &&
	       READ_ONCE(cmd->stage) == SCST_STAGE_BACKEND;
}

/* Returns whether the backend keeps a command for longer than it may: then the device is fenced. */
static bool scst_cmd_is_overdue(const struct scst_cmd *cmd)
{
	unsigned long patience = READ_ONCE(cmd->patience);

	return READ_ONCE(cmd->stage) == SCST_STAGE_BACKEND &&
	       (!patience || time_after(jiffies, patience));
}

static bool scst_cmd_may_touch(const struct scst_cmd *cmd, const struct scst_cmd_filter *filter)
{
	if (!scst_cmd_aborted(cmd) || scst_cmd_is_fenced(cmd))
		return false;
	/* Commands that were aborted after the waiter took its serial do not count. */
	if ((s32)(cmd->abort_serial - filter->serial) > 0)
		return false;
	/* Commands that wait for aborted commands do not wait for each other. */
	if (filter->except && test_bit(SCST_CMD_WAITS, &cmd->flags))
		return false;
	if (filter->hopeful && scst_cmd_is_hopeless(cmd))
		return false;
	return !filter->backend || scst_cmd_is_overdue(cmd);
}

/*
 * An answered command has left the task set and does not touch the medium. Its driver may still
 * have to send data and status. Only waiters of the same I_T nexus wait for that, as the
 * connection of another nexus may be dead.
 */
static bool scst_cmd_has_ended(const struct scst_cmd *cmd, const struct scst_cmd_filter *filter)
{
	if (!READ_ONCE(cmd->answered))
		return false;
	return filter->unanswered || (filter->answered_of && filter->answered_of != cmd->sess);
}

static bool scst_cmd_matches(const struct scst_cmd *cmd, const struct scst_cmd_filter *filter)
{
	return cmd != filter->except &&
	       (!filter->nexus || cmd->nexus == filter->nexus) &&
	       (!filter->dev || cmd->dev == filter->dev) &&
	       (!filter->tag || cmd->tag == *filter->tag) &&
	       (!filter->lun || !memcmp(&cmd->lun, filter->lun,
					sizeof(cmd->lun))) &&
	       !scst_cmd_has_ended(cmd, filter) &&
	       (!filter->aborted || scst_cmd_may_touch(cmd, filter));
}

static bool scst_list_has(struct scst_cmd_list *list, const struct scst_cmd_filter *filter)
{
	struct scst_cmd *cmd;
	bool found = false;

	spin_lock_bh(&list->lock);
	list_for_each_entry(cmd, &list->cmds, entry) {
		found = scst_cmd_matches(cmd, filter);
		if (found)
			break;
	}
	spin_unlock_bh(&list->lock);
	return found;
}

/**
 * scst_session_has() - check whether a session has a matching command
 * @sess:   the session
 * @filter: selects the commands
 *
 * Context: thread or atomic.
 * Return: true if there is at least one.
 */
bool scst_session_has(struct scst_session *sess, const struct scst_cmd_filter *filter)
{
	int cpu;

	for_each_possible_cpu(cpu)
		if (scst_list_has(per_cpu_ptr(sess->cmds, cpu), filter))
			return true;
	return false;
}

/**
 * __scst_device_find() - find a session that has commands of a device
 * @dev:    the device
 * @of:     check only this session; NULL: all sessions
 * @filter: selects the commands
 *
 * Context: under the device's lock.
 * Return: a session that has at least one matching command, or NULL.
 */
struct scst_session *__scst_device_find(struct scst_device *dev, const struct scst_session *of,
					const struct scst_cmd_filter *filter)
{
	struct scst_nexus *nexus;

	lockdep_assert_held(&dev->lock);
	list_for_each_entry(nexus, &dev->nexuses, dev_entry)
		if ((!of || nexus->sess == of) && scst_session_has(nexus->sess, filter))
			return nexus->sess;
	return !of && scst_session_has(dev->self->sess, filter) ? dev->self->sess : NULL;
}

/**
 * scst_nexus_has_others() - check whether a command's I_T_L nexus has other commands
 * @cmd: a command on its session's list
 *
 * Context: thread or atomic.
 * Return: true if the nexus has more commands.
 */
bool scst_nexus_has_others(const struct scst_cmd *cmd)
{
	const struct scst_cmd_filter filter = { .nexus = cmd->nexus, .except = cmd };
	struct scst_cmd_list *own = per_cpu_ptr(cmd->sess->cmds, cmd->cpu);

	return scst_list_has(own, &filter) || scst_session_has(cmd->sess, &filter);
}

/**
 * scst_cmd_park() - park a command
 * @cmd:     a command that its owner has put on a queue
 * @aborted: the next stage if the command is aborted
 *
 * A later scst_cmd_claim() makes its caller the owner, who continues the command. An abort claims
 * the command, too, and may come first.
 *
 * Context: under the device's lock.
 * Return: SCST_STAGE_OWNED, or @aborted: then the caller still owns the command.
 */
enum scst_stage scst_cmd_park(struct scst_cmd *cmd, enum scst_stage aborted)
{
	scst_stall(SCST_STALL_PARK);
	/* Traced before the bit is set: after that another owner may claim the command. */
	trace_scst_cmd_park(cmd);
	set_bit(SCST_CMD_PARKED, &cmd->flags);
	/* Pairs with scst_cmd_abort(): one of the two sees the other. */
	smp_mb__after_atomic();
	return scst_cmd_aborted(cmd) && scst_cmd_claim(cmd) ? aborted : SCST_STAGE_OWNED;
}

/**
 * scst_cmd_claim() - become the owner of a parked command
 * @cmd: the command, which must not be freed meanwhile
 *
 * Context: under the device's lock or the list lock of the command.
 * Return: true if the caller owns the command now; false if it was not parked.
 */
bool scst_cmd_claim(struct scst_cmd *cmd)
{
	if (!test_and_clear_bit(SCST_CMD_PARKED, &cmd->flags))
		return false;
	trace_scst_cmd_unpark(cmd);
	return true;
}

/*
 * Notifies the owner of an aborted command. The driver may be waiting for its data, or the handler
 * for its device.
 */
static void scst_abort_tell(struct scst_cmd *cmd)
{
	const struct scst_target_ops *ops = cmd->sess->tgt->ops;

	if (ops->aborted)
		ops->aborted(cmd);
	/* Pairs with scst_stage_backend(): the command was marked aborted before. */
	if (READ_ONCE(cmd->stage) == SCST_STAGE_BACKEND && cmd->dev->handler->abort)
		cmd->dev->handler->abort(cmd);
}

/* Counts the calls of scst_abort_serial(). */
static atomic_t scst_abort_count;

/**
 * scst_abort_serial() - separate the aborts before this call from later ones
 *
 * Context: any.
 * Return: the value for scst_cmd_filter.serial.
 */
u32 scst_abort_serial(void)
{
	return atomic_inc_return(&scst_abort_count) - 1;
}

static void scst_cmd_forget_others(struct scst_cmd *cmd)
{
	clear_bit(SCST_CMD_ABORTED_OTHER, &cmd->flags);
	clear_bit(SCST_CMD_ABORTED_SERVER, &cmd->flags);
}

/*
 * Context: under the list lock of the command. A command that its own I_T nexus aborts must not be
 * answered, even if another nexus aborted it before: the initiator may reuse its tag. Returns
 * whether the initiator loses the command by this abort, which must be the first one.
 */
static bool scst_cmd_abort(struct scst_cmd *cmd, enum scst_abort by, const struct scst_session *who)
{
	bool aborted = scst_cmd_aborted(cmd);
	bool lost = !aborted && !READ_ONCE(cmd->answered);

	trace_scst_cmd_abort(cmd, by, who);
	if (!aborted)
		cmd->abort_serial = atomic_read(&scst_abort_count);
	/* These bits are set before SCST_CMD_ABORTED. */
	if (by == SCST_ABORT_OWN)
		scst_cmd_forget_others(cmd);
	else if (!aborted)
		set_bit(by == SCST_ABORT_OTHER ? SCST_CMD_ABORTED_OTHER :
						 SCST_CMD_ABORTED_SERVER, &cmd->flags);
	/* Orders these bits before SCST_CMD_ABORTED. */
	smp_mb__before_atomic();
	set_bit(SCST_CMD_ABORTED, &cmd->flags);
	/* Pairs with scst_cmd_park(). */
	smp_mb__after_atomic();
	if (scst_cmd_claim(cmd) || scst_cmd_dequeue(cmd))
		scst_cmd_to_tasklet(cmd, SCST_STAGE_COMPLETE);
	else if (!aborted)
		scst_abort_tell(cmd);
	return lost;
}

static unsigned int scst_list_abort(struct scst_cmd_list *list,
				    const struct scst_cmd_filter *filter,
				    enum scst_abort by, const struct scst_session *who)
{
	unsigned int count = 0;
	struct scst_cmd *cmd;

	spin_lock_bh(&list->lock);
	list_for_each_entry(cmd, &list->cmds, entry)
		count += scst_cmd_matches(cmd, filter) && scst_cmd_abort(cmd, by, who);
	spin_unlock_bh(&list->lock);
	return count;
}

/**
 * scst_session_abort() - abort commands of a session
 * @sess:   the session
 * @filter: selects the commands
 * @by:     enum scst_abort: origin of the abort
 * @who:    the session that asked for the abort, for traces; NULL: none
 *
 * An aborted command does not reach the backend unless the backend has it already. The driver gets
 * the command back through ops->release(), with or without having sent a response.
 *
 * Context: thread or atomic.
 * Return: the number of these commands that were neither aborted before nor answered.
 */
unsigned int scst_session_abort(struct scst_session *sess, const struct scst_cmd_filter *filter,
				enum scst_abort by, const struct scst_session *who)
{
	unsigned int count = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		count += scst_list_abort(per_cpu_ptr(sess->cmds, cpu), filter, by, who);
	return count;
}

static enum scst_abort scst_abort_by(const struct scst_session *sess, const struct scst_session *by)
{
	if (!by)
		return SCST_ABORT_SERVER;
	return sess == by ? SCST_ABORT_OWN : SCST_ABORT_OTHER;
}

static void __scst_nexus_abort(struct scst_nexus *nexus, const struct scst_cmd_filter *filter,
			       const struct scst_session *by, bool attention)
{
	enum scst_abort abort = scst_abort_by(nexus->sess, by);
	struct scst_cmd_filter of_nexus = *filter;

	if (filter->nexus && filter->nexus != nexus)
		return;
	of_nexus.nexus = nexus;
	if (scst_session_abort(nexus->sess, &of_nexus, abort, by) && attention &&
	    abort == SCST_ABORT_OTHER && !nexus->dev->mode.tas)
		scst_ua_raise(nexus, SCST_UA_COMMANDS_CLEARED);
}

/**
 * __scst_device_abort() - abort a device's commands of all sessions
 * @dev:       the device
 * @filter:    selects commands of the device
 * @by:        the session that asked for the abort; NULL: the device server aborts
 * @attention: raise COMMANDS CLEARED for other initiators that lost commands, unless they get
 *	       TASK ABORTED
 *
 * Context: under the device's lock.
 */
void __scst_device_abort(struct scst_device *dev, const struct scst_cmd_filter *filter,
			 const struct scst_session *by, bool attention)
{
	struct scst_nexus *nexus;

	lockdep_assert_held(&dev->lock);
	list_for_each_entry(nexus, &dev->nexuses, dev_entry)
		__scst_nexus_abort(nexus, filter, by, attention);
	__scst_nexus_abort(dev->self, filter, by, attention);
}
