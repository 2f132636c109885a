// SPDX-License-Identifier: GPL-2.0
/*
 * scst_probe: commands are held at points, and continued by a script.
 */
#include <linux/bitops.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <scst/inject.h>

#include "probe.h"

static const char *const probe_point_names[PROBE_POINTS] = {
	[SCST_STAGE_TRANSLATE] = "translate",
	[SCST_STAGE_DECODE] = "decode",
	[SCST_STAGE_ADMIT] = "admit",
	[SCST_STAGE_CHECK] = "check",
	[SCST_STAGE_PREPARE] = "prepare",
	[SCST_STAGE_EXECUTE] = "execute",
	[SCST_STAGE_RANGE] = "range",
	[SCST_STAGE_QUEUED] = "queued",
	[SCST_STAGE_BACKEND] = "backend",
	[SCST_STAGE_COMPLETE] = "complete",
	[SCST_STAGE_RESPOND] = "respond",
	[SCST_STAGE_FINISH] = "finish",
	[PROBE_DATA] = "data",
	[PROBE_SEND] = "send",
	[PROBE_MEDIUM] = "medium",
};

/**
 * probe_parse_points() - parse POINT[,POINT...]
 * @value:  the text
 * @points: the bits of the points are added to this
 *
 * Return: 0 or -EINVAL.
 */
int probe_parse_points(char *value, unsigned long *points)
{
	const char *word;

	while ((word = strsep(&value, ","))) {
		int point = match_string(probe_point_names, PROBE_MEDIUM, word);

		if (point < 0)
			return -EINVAL;
		__set_bit(point, points);
	}
	return 0;
}

/**
 * probe_hold() - hold a command at a point, if a script wants that
 * @probe: the command; a held command is owned by the caller of probe_unhold()
 * @point: the point
 *
 * Context: any.
 * Return: true if the command is held.
 */
bool probe_hold(struct probe_cmd *probe, unsigned int point)
{
	struct probe_session *session = probe->session;
	unsigned long flags;
	bool held = false;

	spin_lock_irqsave(&session->lock, flags);
	if (!session->released && __test_and_clear_bit(point, &probe->holds)) {
		probe->point = point;
		probe->held = true;
		held = true;
		probe_log("%s %llu held %s\n", session->name, probe->cmd.tag,
			  probe_point_names[point]);
	}
	spin_unlock_irqrestore(&session->lock, flags);
	return held;
}

/**
 * probe_hold_stage() - hold a command before a stage; the hook for scst_inject_start()
 * @cmd: the command
 *
 * Context: thread or atomic.
 * Return: true if the command is held.
 */
bool probe_hold_stage(struct scst_cmd *cmd)
{
	struct probe_cmd *probe = container_of(cmd, struct probe_cmd, cmd);

	/* The initiator has the response, so the result does not wait for FINISH. */
	if (cmd->stage == SCST_STAGE_FINISH && probe->answered &&
	    test_bit(SCST_STAGE_FINISH, &probe->holds))
		probe_cmd_deliver(probe);
	return probe_hold(probe, cmd->stage);
}

static struct probe_cmd *__probe_find(struct probe_session *session, u64 tag)
{
	struct probe_cmd *probe;

	lockdep_assert_held(&session->lock);
	list_for_each_entry(probe, &session->cmds, entry)
		if (probe->cmd.tag == tag)
			return probe;
	return NULL;
}

static bool probe_is_transfer(const struct probe_cmd *probe)
{
	return probe->point == PROBE_DATA || probe->point == PROBE_SEND;
}

/* Ends the hold of a command. Only one caller gets the command. */
static struct probe_cmd *probe_unhold(struct probe_session *session, u64 tag, bool fail)
{
	struct probe_cmd *probe;

	spin_lock_irq(&session->lock);
	probe = __probe_find(session, tag);
	if (!probe || !probe->held) {
		probe = ERR_PTR(-ENOENT);
	} else if (fail && !probe_is_transfer(probe)) {
		probe = ERR_PTR(-EINVAL);
	} else {
		probe->held = false;
		probe->fail = fail;
		probe_log("%s %llu go\n", session->name, tag);
	}
	spin_unlock_irq(&session->lock);
	return probe;
}

static void probe_go_on(void *arg, enum scst_context ctx)
{
	struct probe_cmd *probe = arg;

	switch (probe->point) {
	case PROBE_DATA:
		probe_transfer(probe, ctx);
		break;
	case PROBE_SEND:
		probe_respond(probe, ctx);
		break;
	default:
		scst_inject_resume(&probe->cmd, ctx);
	}
}

/**
 * probe_go() - execute a script's "go" line: continue a held command
 * @session: the initiator port
 * @args:    the text after "go"
 *
 * Return: 0, -EINVAL, or -ENOENT if no such command is held.
 */
int probe_go(struct probe_session *session, char *args)
{
	enum scst_context ctx = SCST_CTX_THREAD;
	struct probe_cmd *probe;
	bool fail = false;
	u64 tag;

	if (probe_parse_go(args, &tag, &ctx, &fail))
		return -EINVAL;
	probe = probe_unhold(session, tag, fail);
	if (IS_ERR(probe))
		return PTR_ERR(probe);
	probe_call_in(ctx, probe_go_on, probe);
	return 0;
}

static struct probe_cmd *probe_unhold_any(struct probe_session *session)
{
	struct probe_cmd *probe;

	spin_lock_irq(&session->lock);
	session->released = true;
	list_for_each_entry(probe, &session->cmds, entry) {
		if (!probe->held)
			continue;
		probe->held = false;
		probe->fail = true;
		spin_unlock_irq(&session->lock);
		return probe;
	}
	spin_unlock_irq(&session->lock);
	return NULL;
}

/**
 * probe_release_all() - continue all held commands, hold no more, and fail held transfers
 * @session: the initiator port
 *
 * Context: process context.
 */
void probe_release_all(struct probe_session *session)
{
	struct probe_cmd *probe;

	while ((probe = probe_unhold_any(session)))
		probe_go_on(probe, SCST_CTX_THREAD);
}

static int probe_print_where(struct probe_session *session, u64 tag, struct probe_result *result)
{
	const struct probe_cmd *probe = __probe_find(session, tag);
	unsigned int point;
	bool held;

	if (!probe)
		return scnprintf(result->line, sizeof(result->line), "%llu none\n", tag);
	held = probe->held || probe_medium_has(&probe->cmd);
	point = probe->held ? probe->point :
		held ? PROBE_MEDIUM : READ_ONCE(probe->cmd.stage);
	return scnprintf(result->line, sizeof(result->line), "%llu stage=%s held=%d aborted=%d\n",
			 tag, probe_point_names[point], held, scst_cmd_aborted(&probe->cmd));
}

/**
 * probe_where() - execute a script's "where" line
 * @session: the initiator port
 * @args:    the tag
 *
 * Return: 0 or an errno.
 */
int probe_where(struct probe_session *session, const char *args)
{
	struct probe_result *result;
	u64 tag;

	if (kstrtou64(args, 0, &tag))
		return -EINVAL;
	result = kzalloc_obj(*result);
	if (!result)
		return -ENOMEM;
	spin_lock_irq(&session->lock);
	result->len = probe_print_where(session, tag, result);
	/* The answer is read before the results that have not been read yet. */
	list_add(&result->entry, &session->results);
	spin_unlock_irq(&session->lock);
	return 0;
}
