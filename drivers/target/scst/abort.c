// SPDX-License-Identifier: GPL-2.0
/*
 * Finding, aborting and waiting for a session's commands.
 */
#include <linux/percpu.h>
#include <linux/rcupdate.h>

#include "scst_priv.h"

static bool scst_cmd_matches(const struct scst_cmd *cmd,
			     const struct scst_cmd_filter *filter)
{
	return cmd != filter->except &&
	       (!filter->nexus || cmd->nexus == filter->nexus) &&
	       (!filter->dev || cmd->dev == filter->dev) &&
	       (!filter->tag || cmd->tag == *filter->tag) &&
	       (!filter->lun || !memcmp(&cmd->lun, filter->lun,
					sizeof(cmd->lun))) &&
	       (!filter->aborted || scst_cmd_aborted(cmd));
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

static unsigned int scst_list_abort(struct scst_cmd_list *list,
				    const struct scst_cmd_filter *filter,
				    bool other)
{
	unsigned int count = 0;
	struct scst_cmd *cmd;

	spin_lock_bh(&list->lock);
	list_for_each_entry(cmd, &list->cmds, entry) {
		if (!scst_cmd_matches(cmd, filter))
			continue;
		count++;
		/* Who sees the command aborted must also see by whom. */
		if (other)
			set_bit(SCST_CMD_ABORTED_OTHER, &cmd->flags);
		/* Orders the two bits. */
		smp_mb__before_atomic();
		set_bit(SCST_CMD_ABORTED, &cmd->flags);
	}
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
 * Return: how many.
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
