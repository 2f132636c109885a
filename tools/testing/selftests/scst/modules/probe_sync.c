// SPDX-License-Identifier: GPL-2.0
/*
 * scst_probe: waiting until nothing makes progress any more.
 */
#include <linux/delay.h>
#include <linux/jiffies.h>
#include <linux/string.h>
#include <scst/inject.h>

#include "probe.h"

#define PROBE_SYNC_TIMEOUT	(5 * HZ)

/**
 * struct probe_census - counts of all sessions
 * @events:	events so far
 * @tmfs:	task management functions in progress
 * @older:	commands from before a device began to queue
 * @hearing:	commands that wait for their turn while scst_order_tasks_gone() may be about to run
 * @executing:	commands that the core executes: they may wait for others
 * @moving:	commands and log-outs that make progress by themselves
 */
struct probe_census {
	unsigned int events;
	unsigned int tmfs;
	unsigned int older;
	unsigned int hearing;
	unsigned int executing;
	unsigned int moving;
};

/* Returns whether a command has left the task set and is held after that. */
static bool probe_is_answered(const struct probe_cmd *probe)
{
	return probe->held && (probe->point == PROBE_SEND || probe->point == SCST_STAGE_FINISH);
}

/* A command that is parked in EXECUTE waits for a worker or for a file. */
static void probe_count_running(const struct scst_cmd *cmd, struct probe_census *census)
{
	bool executes = READ_ONCE(cmd->stage) == SCST_STAGE_EXECUTE;
	bool parked = test_bit(SCST_CMD_PARKED, &cmd->flags);

	if (parked == executes) {
		census->moving++;
	} else if (executes) {
		census->executing++;
	} else {
		census->hearing += !scst_inject_older_gone(cmd);
		census->moving += scst_inject_others_leave(cmd);
	}
}

static void probe_count_cmd(const struct probe_cmd *probe, struct probe_census *census)
{
	census->older += READ_ONCE(probe->cmd.admitted) && !probe_is_answered(probe);
	if (!probe->held && !probe_medium_has(&probe->cmd))
		probe_count_running(&probe->cmd, census);
}

/*
 * Returns whether a log-out has aborted a command. A command that another nexus has aborted is
 * aborted again by the log-out, as it must not be answered then.
 */
static bool probe_is_aborted_by_own(const struct probe_cmd *probe)
{
	return scst_cmd_aborted(&probe->cmd) &&
	       !test_bit(SCST_CMD_ABORTED_OTHER, &probe->cmd.flags);
}

/*
 * Returns whether a log-out makes progress. A log-out that waits has removed the LUNs and aborted
 * the commands that keep the session. It cannot find commands that are held before TRANSLATE.
 */
static bool probe_logout_moves(struct probe_session *session)
{
	const struct probe_cmd *probe;

	lockdep_assert_held(&session->lock);
	if (!session->logged_out || completion_done(&session->gone))
		return false;
	if ((list_empty(&session->cmds) && !session->tmfs) || scst_inject_sees_luns(session->sess))
		return true;
	list_for_each_entry(probe, &session->cmds, entry)
		if (!probe_is_aborted_by_own(probe) &&
		    !(probe->held && probe->point == SCST_STAGE_TRANSLATE))
			return true;
	return false;
}

static void probe_count_session(struct probe_session *session, struct probe_census *census)
{
	const struct probe_cmd *probe;

	spin_lock_irq(&session->lock);
	list_for_each_entry(probe, &session->cmds, entry)
		probe_count_cmd(probe, census);
	census->tmfs += session->tmfs;
	census->moving += probe_logout_moves(session);
	spin_unlock_irq(&session->lock);
}

static void probe_count(struct probe_census *census)
{
	struct probe_session *session;
	struct probe_target *target;

	*census = (struct probe_census){ .events = probe_log_events() };
	list_for_each_entry(target, &probe_targets, entry)
		list_for_each_entry(session, &target->sessions, entry)
			probe_count_session(session, census);
}

/*
 * After a device has begun to queue, commands may wait for commands from before. They start a grace
 * period after the last of these has ended.
 */
static bool probe_turn_comes(const struct probe_census *census)
{
	return census->hearing && !census->older;
}

/*
 * Returns whether nothing makes progress, and all functions and executing commands wait for
 * commands that make no progress. Counting takes a while, so it is done twice, and both counts
 * have to be equal.
 */
static bool probe_is_settled(void)
{
	struct probe_census before, after;
	unsigned int waits;

	probe_count(&before);
	if (before.moving || probe_turn_comes(&before))
		return false;
	waits = scst_inject_count_waits();
	probe_count(&after);
	return waits == after.tmfs + after.executing && !memcmp(&before, &after, sizeof(after));
}

/**
 * probe_settled() - execute a script's "settled" line
 *
 * Context: process context, under probe_lock.
 * Return: 0, or -EAGAIN if something makes progress.
 */
int probe_settled(void)
{
	lockdep_assert_held(&probe_lock);
	return probe_is_settled() ? 0 : -EAGAIN;
}

/**
 * probe_sync() - execute a script's "sync" line
 *
 * Context: process context, under probe_lock.
 * Return: 0, or -ETIMEDOUT if something still makes progress.
 */
int probe_sync(void)
{
	unsigned long deadline = jiffies + PROBE_SYNC_TIMEOUT;

	lockdep_assert_held(&probe_lock);
	while (!probe_is_settled()) {
		if (time_after(jiffies, deadline))
			return -ETIMEDOUT;
		fsleep(50);
	}
	return 0;
}
