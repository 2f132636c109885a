// SPDX-License-Identifier: GPL-2.0
/*
 * Finding, aborting and waiting for a session's commands.
 */
#include <linux/percpu.h>
#include <linux/rcupdate.h>

#include "scst_priv.h"

/*
 * The backend has it and does not answer. When it does, nobody will know: the buffer is
 * the core's, and there will be no response.
 */
static bool scst_cmd_is_fenced(const struct scst_cmd *cmd)
{
	return cmd->dev && READ_ONCE(cmd->dev->fenced) &&
	       READ_ONCE(cmd->stage) == SCST_STAGE_BACKEND &&
	       (cmd->core_buffer || !cmd->data_len);
}

static bool scst_cmd_may_touch(const struct scst_cmd *cmd,
			       const struct scst_cmd_filter *filter)
{
	if (!scst_cmd_aborted(cmd) || scst_cmd_is_fenced(cmd))
		return false;
	/* Commands that wait do not wait for each other. */
	if (filter->except && test_bit(SCST_CMD_WAITS, &cmd->flags))
		return false;
	return !filter->backend || READ_ONCE(cmd->stage) == SCST_STAGE_BACKEND;
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
	       (!filter->unanswered || !READ_ONCE(cmd->answered)) &&
	       (!filter->aborted || scst_cmd_may_touch(cmd, filter));
}

static unsigned int scst_list_count(struct scst_cmd_list *list,
				    const struct scst_cmd_filter *filter)
{
	unsigned int count = 0;
	struct scst_cmd *cmd;

	spin_lock_bh(&list->lock);
	list_for_each_entry(cmd, &list->cmds, entry)
		count += scst_cmd_matches(cmd, filter);
	spin_unlock_bh(&list->lock);
	return count;
}

static unsigned int scst_session_count(struct scst_session *sess,
				       const struct scst_cmd_filter *filter)
{
	unsigned int count = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		count += scst_list_count(per_cpu_ptr(sess->cmds, cpu), filter);
	return count;
}

/**
 * scst_session_has - whether a session has such a command
 * @sess:   the session
 * @filter: which commands are meant
 *
 * Context: thread or atomic.
 * Return: true if there is at least one.
 */
bool scst_session_has(struct scst_session *sess,
		      const struct scst_cmd_filter *filter)
{
	return scst_session_count(sess, filter);
}

/**
 * scst_nexus_has_others - whether a command is not alone in its I_T_L nexus
 * @cmd: a command on its session's list
 *
 * Context: thread or atomic.
 * Return: true if the nexus has more commands.
 */
bool scst_nexus_has_others(const struct scst_cmd *cmd)
{
	const struct scst_cmd_filter filter = { .nexus = cmd->nexus };

	return scst_session_count(cmd->sess, &filter) > 1;
}

/**
 * scst_cmd_park - let a command wait until somebody makes it go on
 * @cmd: a command that its owner has put where it will be found
 *
 * Whoever is to make it go on claims it and sends it on its way. An abort does so, too,
 * and so may come before anybody else.
 *
 * Context: under the device's lock.
 * Return: true if it waits, and is not the caller's any more; false if it is aborted.
 */
bool scst_cmd_park(struct scst_cmd *cmd)
{
	scst_stall(SCST_STALL_PARK);
	set_bit(SCST_CMD_PARKED, &cmd->flags);
	/* Pairs with scst_cmd_abort(): one of the two sees the other. */
	smp_mb__after_atomic();
	return !scst_cmd_aborted(cmd) || !scst_cmd_claim(cmd);
}

/**
 * scst_cmd_claim - become the owner of a parked command
 * @cmd: the command, which must not go meanwhile
 *
 * Context: under the device's lock or that of the list that the command is on.
 * Return: true if the caller owns it now; false if it was not parked.
 */
bool scst_cmd_claim(struct scst_cmd *cmd)
{
	return test_and_clear_bit(SCST_CMD_PARKED, &cmd->flags);
}

/* The driver may have it, and wait for its data. */
static void scst_abort_tell(struct scst_cmd *cmd)
{
	const struct scst_target_ops *ops = cmd->sess->tgt->ops;

	if (ops->aborted)
		ops->aborted(cmd);
}

/*
 * Under the lock of its list. What its own nexus aborts must not be answered, even if
 * another did so before: by then its tag may belong to another command. Returns whether
 * the initiator loses the command by it: who was first counts.
 */
static bool scst_cmd_abort(struct scst_cmd *cmd, bool other)
{
	bool aborted = scst_cmd_aborted(cmd);
	bool lost = !aborted && !READ_ONCE(cmd->answered);

	/* Who sees the command aborted must also see by whom. */
	if (!other)
		clear_bit(SCST_CMD_ABORTED_OTHER, &cmd->flags);
	else if (!aborted)
		set_bit(SCST_CMD_ABORTED_OTHER, &cmd->flags);
	/* Orders the two bits. */
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
				    bool other)
{
	unsigned int count = 0;
	struct scst_cmd *cmd;

	spin_lock_bh(&list->lock);
	list_for_each_entry(cmd, &list->cmds, entry)
		count += scst_cmd_matches(cmd, filter) &&
			 scst_cmd_abort(cmd, other);
	spin_unlock_bh(&list->lock);
	return count;
}

/**
 * scst_session_abort - abort commands
 * @sess:   their session
 * @filter: which
 * @other:  on behalf of another I_T nexus
 *
 * An aborted command does not reach the backend any more unless it is there
 * already. Its driver gets it back through ops->release(), with or without
 * having sent a response.
 *
 * Context: thread or atomic.
 * Return: how many of those that were neither aborted before nor answered.
 */
unsigned int scst_session_abort(struct scst_session *sess,
				const struct scst_cmd_filter *filter, bool other)
{
	unsigned int count = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		count += scst_list_abort(per_cpu_ptr(sess->cmds, cpu), filter,
					 other);
	return count;
}

/**
 * __scst_device_abort - abort a device's commands of all sessions
 * @dev:       the device
 * @filter:    which of its commands are meant
 * @by:        on behalf of this session, or NULL
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
	list_for_each_entry(nexus, &dev->nexuses, dev_entry) {
		struct scst_cmd_filter of_nexus = *filter;
		bool other = nexus->sess != by;

		if (filter->nexus && filter->nexus != nexus)
			continue;
		of_nexus.nexus = nexus;
		if (scst_session_abort(nexus->sess, &of_nexus, other) && other &&
		    attention && !dev->mode.tas)
			scst_ua_raise(nexus, SCST_UA_COMMANDS_CLEARED);
	}
}

/**
 * scst_session_wait - wait until a session has no such command any more
 * @sess:    the session
 * @filter:  which commands are meant
 * @timeout: how long, jiffies
 *
 * A driver may still be in ops->release() for the last of them: an RCU grace
 * period later it is not.
 *
 * Context: process context; may sleep.
 * Return: true if they are gone.
 */
bool scst_session_wait(struct scst_session *sess,
		       const struct scst_cmd_filter *filter, long timeout)
{
	bool gone;

	atomic_inc(&sess->waiters);
	/* See scst_cmd_finish(). */
	smp_mb__after_atomic();
	gone = wait_event_idle_timeout(sess->waitq,
				       !scst_session_has(sess, filter), timeout);
	atomic_dec(&sess->waiters);
	return gone;
}
