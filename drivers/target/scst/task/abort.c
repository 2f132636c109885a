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
 * The backend has it and does not answer. When it does, nobody will know: the buffer is
 * not the initiator's, and there will be no response.
 */
static bool scst_cmd_is_fenced(const struct scst_cmd *cmd)
{
	return cmd->dev && READ_ONCE(cmd->dev->fenced) &&
	       READ_ONCE(cmd->stage) == SCST_STAGE_BACKEND &&
	       (cmd->buffer != SCST_BUFFER_DRIVER || !cmd->data_len);
}

/* It will not come back: it uses the driver's own buffer, which is not given back before. */
static bool scst_cmd_is_hopeless(const struct scst_cmd *cmd)
{
	return cmd->dev && READ_ONCE(cmd->dev->fenced) &&
	       READ_ONCE(cmd->stage) == SCST_STAGE_BACKEND;
}

/* Its backend is to be told off if it does not let go of it. */
static bool scst_cmd_is_overdue(const struct scst_cmd *cmd)
{
	unsigned long patience = READ_ONCE(cmd->patience);

	return READ_ONCE(cmd->stage) == SCST_STAGE_BACKEND &&
	       (!patience || time_after(jiffies, patience));
}

static bool scst_cmd_may_touch(const struct scst_cmd *cmd,
			       const struct scst_cmd_filter *filter)
{
	if (!scst_cmd_aborted(cmd) || scst_cmd_is_fenced(cmd))
		return false;
	/* This function does not wait for commands that were aborted later. */
	if ((s32)(cmd->abort_serial - filter->serial) > 0)
		return false;
	/* Commands that wait do not wait for each other. */
	if (filter->except && test_bit(SCST_CMD_WAITS, &cmd->flags))
		return false;
	if (filter->hopeful && scst_cmd_is_hopeless(cmd))
		return false;
	return !filter->backend || scst_cmd_is_overdue(cmd);
}

/*
 * An answered command has left the task set and does not touch the medium. Its driver may still
 * have its data and its status. Only its own nexus waits for that: the connection of another
 * one may be dead.
 */
static bool scst_cmd_has_ended(const struct scst_cmd *cmd,
			       const struct scst_cmd_filter *filter)
{
	if (!READ_ONCE(cmd->answered))
		return false;
	return filter->unanswered ||
	       (filter->answered_of && filter->answered_of != cmd->sess);
}

static bool scst_cmd_matches(const struct scst_cmd *cmd,
			     const struct scst_cmd_filter *filter)
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

/* Looks no further than to the first one. */
static bool scst_list_has(struct scst_cmd_list *list,
			  const struct scst_cmd_filter *filter)
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
 * scst_session_has() - whether a session has such a command
 * @sess:   the session
 * @filter: which commands are meant
 *
 * Context: thread or atomic.
 * Return: true if there is at least one.
 */
bool scst_session_has(struct scst_session *sess,
		      const struct scst_cmd_filter *filter)
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
 * @of:     no other session than this, or NULL
 * @filter: which commands are meant
 *
 * Context: under the device's lock.
 * Return: a session that has at least one, or NULL.
 */
struct scst_session *__scst_device_find(struct scst_device *dev,
					const struct scst_session *of,
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
 * scst_nexus_has_others() - whether a command is not alone in its I_T_L nexus
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
 * scst_cmd_park() - let a command wait until somebody makes it go on
 * @cmd: a command that its owner has put where it will be found
 *
 * To make it go on, the caller of scst_cmd_claim() becomes its owner and sends it on its way. An
 * abort does so, too, and may come first.
 *
 * Context: under the device's lock.
 * Return: true if it waits, and is not the caller's any more; false if it is aborted.
 */
bool scst_cmd_park(struct scst_cmd *cmd)
{
	scst_stall(SCST_STALL_PARK);
	/* From then on it may be anybody's. */
	trace_scst_cmd_park(cmd);
	set_bit(SCST_CMD_PARKED, &cmd->flags);
	/* Pairs with scst_cmd_abort(): one of the two sees the other. */
	smp_mb__after_atomic();
	return !scst_cmd_aborted(cmd) || !scst_cmd_claim(cmd);
}

/**
 * scst_cmd_claim() - become the owner of a parked command
 * @cmd: the command, which must not go meanwhile
 *
 * Context: under the device's lock or that of the list that the command is on.
 * Return: true if the caller owns it now; false if it was not parked.
 */
bool scst_cmd_claim(struct scst_cmd *cmd)
{
	if (!test_and_clear_bit(SCST_CMD_PARKED, &cmd->flags))
		return false;
	trace_scst_cmd_unpark(cmd);
	return true;
}

/* The driver may have it, and wait for its data, or the handler, and wait for its device. */
static void scst_abort_tell(struct scst_cmd *cmd)
{
	const struct scst_target_ops *ops = cmd->sess->tgt->ops;

	if (ops->aborted)
		ops->aborted(cmd);
	/* Pairs with scst_stage_backend(): the command was marked aborted before. */
	if (READ_ONCE(cmd->stage) == SCST_STAGE_BACKEND && cmd->dev->handler->abort)
		cmd->dev->handler->abort(cmd);
}

/* Counts the functions that wait for what has been aborted before them. */
static atomic_t scst_abort_count;

/**
 * scst_abort_serial() - tell what has been aborted by now from what will be
 *
 * Context: any.
 * Return: for scst_cmd_filter.serial.
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
 * Under the lock of its list. A command that its own nexus aborts must not be answered, even if
 * another nexus aborted it before: by then its tag may belong to another command. Returns whether
 * the initiator loses the command by this abort: only the first one counts.
 */
static bool scst_cmd_abort(struct scst_cmd *cmd, enum scst_abort by,
			   const struct scst_session *who)
{
	bool aborted = scst_cmd_aborted(cmd);
	bool lost = !aborted && !READ_ONCE(cmd->answered);

	trace_scst_cmd_abort(cmd, by, who);
	if (!aborted)
		cmd->abort_serial = atomic_read(&scst_abort_count);
	/* These bits are set before SCST_CMD_ABORTED: see below. */
	if (by == SCST_ABORT_OWN)
		scst_cmd_forget_others(cmd);
	else if (!aborted)
		set_bit(by == SCST_ABORT_OTHER ? SCST_CMD_ABORTED_OTHER :
						 SCST_CMD_ABORTED_SERVER, &cmd->flags);
	/* Orders the bits. */
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
		count += scst_cmd_matches(cmd, filter) &&
			 scst_cmd_abort(cmd, by, who);
	spin_unlock_bh(&list->lock);
	return count;
}

/**
 * scst_session_abort() - abort commands
 * @sess:   their session
 * @filter: which
 * @by:     on whose behalf
 * @who:    the session that asked for it, for traces; NULL: none did
 *
 * An aborted command does not reach the backend any more unless it is there
 * already. Its driver gets it back through ops->release(), with or without
 * having sent a response.
 *
 * Context: thread or atomic.
 * Return: how many of those that were neither aborted before nor answered.
 */
unsigned int scst_session_abort(struct scst_session *sess,
				const struct scst_cmd_filter *filter, enum scst_abort by,
				const struct scst_session *who)
{
	unsigned int count = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		count += scst_list_abort(per_cpu_ptr(sess->cmds, cpu), filter, by, who);
	return count;
}

static enum scst_abort scst_abort_by(const struct scst_session *sess,
				     const struct scst_session *by)
{
	if (!by)
		return SCST_ABORT_SERVER;
	return sess == by ? SCST_ABORT_OWN : SCST_ABORT_OTHER;
}

static void __scst_nexus_abort(struct scst_nexus *nexus,
			       const struct scst_cmd_filter *filter,
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
 * @filter:    which of its commands are meant
 * @by:        on behalf of this session; NULL: nobody asked for it
 * @attention: tell other initiators that lost commands, unless they get TASK ABORTED
 *
 * Context: under the device's lock.
 */
void __scst_device_abort(struct scst_device *dev,
			 const struct scst_cmd_filter *filter,
			 const struct scst_session *by, bool attention)
{
	struct scst_nexus *nexus;

	lockdep_assert_held(&dev->lock);
	list_for_each_entry(nexus, &dev->nexuses, dev_entry)
		__scst_nexus_abort(nexus, filter, by, attention);
	__scst_nexus_abort(dev->self, filter, by, attention);
}
