// SPDX-License-Identifier: GPL-2.0
/*
 * Injection, for tests: a driver can hold a command before any stage and resume it later.
 *
 * A held command looks like a command on a slow machine: it is on its session's list, where task
 * management functions and log-outs find it and wait for it. A command that is held before
 * TRANSLATE is on no list: it is counted as deferred, as if it came from a hard interrupt and its
 * tasklet had not run yet.
 *
 * Waiters for aborted commands are counted in task/inject_wait.c.
 */
#include <linux/export.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/percpu.h>
#include <linux/spinlock.h>
#include <scst/inject.h>

#include "pipeline.h"

/*
 * The driver of the commands that are held, and its hook. Both stay while the driver has
 * commands. For commands of other drivers only the driver is compared.
 */
static const struct scst_target_ops *scst_inject_driver;
static bool (*scst_inject_hook)(struct scst_cmd *cmd);

static DEFINE_MUTEX(scst_inject_lock);

/**
 * scst_inject_start() - let a driver hold its commands
 * @driver: the driver
 * @hold:   called with each of its commands before each stage, cmd->stage, in the command's
 *	    context; must not sleep. After false the command continues; after true the driver
 *	    owns the command until scst_inject_resume().
 *
 * Context: process context.
 * Return: 0, or -EBUSY if there is such a driver already.
 */
int scst_inject_start(const struct scst_target_ops *driver, bool (*hold)(struct scst_cmd *cmd))
{
	int ret = -EBUSY;

	mutex_lock(&scst_inject_lock);
	if (!scst_inject_driver) {
		scst_inject_hook = hold;
		WRITE_ONCE(scst_inject_driver, driver);
		static_branch_enable(&scst_inject_key);
		ret = 0;
	}
	mutex_unlock(&scst_inject_lock);
	return ret;
}
EXPORT_SYMBOL_GPL(scst_inject_start);

/**
 * scst_inject_stop() - undo scst_inject_start()
 *
 * Context: process context; the driver has no sessions.
 */
void scst_inject_stop(void)
{
	mutex_lock(&scst_inject_lock);
	static_branch_disable(&scst_inject_key);
	WRITE_ONCE(scst_inject_driver, NULL);
	mutex_unlock(&scst_inject_lock);
}
EXPORT_SYMBOL_GPL(scst_inject_stop);

/* The command is counted first: the driver may have resumed it before the hook returns. */
static bool scst_inject_hold_early(struct scst_cmd *cmd)
{
	struct scst_session *sess = cmd->sess;

	this_cpu_inc(sess->cmds->deferred);
	if (scst_inject_hook(cmd))
		return true;
	this_cpu_dec(sess->cmds->deferred);
	return false;
}

/**
 * __scst_inject_hold() - ask whether a command is held before a stage
 * @cmd: the command; the driver owns it if it is held
 *
 * Context: thread or atomic.
 * Return: true if it is held.
 */
bool __scst_inject_hold(struct scst_cmd *cmd)
{
	if (cmd->sess->tgt->ops != READ_ONCE(scst_inject_driver))
		return false;
	if (cmd->stage == SCST_STAGE_TRANSLATE)
		return scst_inject_hold_early(cmd);
	return scst_inject_hook(cmd);
}

/**
 * scst_inject_resume() - resume a held command
 * @cmd: the command, held before cmd->stage
 * @ctx: the caller's context; not SCST_CTX_HARDIRQ if the command is held before BACKEND and its
 *	 handler sleeps
 *
 * The hook is called once more. A command that was aborted meanwhile skips the stages before
 * COMPLETE. A command that is held before TRANSLATE continues in a tasklet, for any @ctx.
 *
 * Context: as @ctx says.
 */
void scst_inject_resume(struct scst_cmd *cmd, enum scst_context ctx)
{
	enum scst_stage stage = cmd->stage;

	if (ctx == SCST_CTX_HARDIRQ || stage == SCST_STAGE_TRANSLATE) {
		scst_cmd_to_tasklet(cmd, stage);
		return;
	}
	if (stage == SCST_STAGE_BACKEND)
		stage = scst_cmd_to_backend(cmd, ctx);
	scst_cmd_run(cmd, stage, ctx);
}
EXPORT_SYMBOL_GPL(scst_inject_resume);

/**
 * scst_inject_older_gone() - whether all commands from before queueing have ended
 * @cmd: a command that waits for its turn in its device's queue
 *
 * Context: any.
 * Return: true if no command holds dev->tasks any more; a command then waits only for commands
 * of the queue.
 */
bool scst_inject_older_gone(const struct scst_cmd *cmd)
{
	/* Pairs with scst_order_tasks_gone(). */
	return smp_load_acquire(&cmd->dev->tasks_gone);
}
EXPORT_SYMBOL_GPL(scst_inject_older_gone);

/**
 * scst_inject_others_leave() - whether waiting commands are about to be started
 * @cmd: a command that waits for its turn
 *
 * A command starts the commands that wait for it only after its own answer. Callers that look more
 * than once ask first whether @cmd is parked.
 *
 * Context: any; the caller sees to it that the command is not freed meanwhile.
 * Return: true if a command has left the queue, but has not started others yet.
 */
bool scst_inject_others_leave(const struct scst_cmd *cmd)
{
	/* Pairs with __scst_order_start_others(). */
	return smp_load_acquire(&cmd->dev->leaving);
}
EXPORT_SYMBOL_GPL(scst_inject_others_leave);

/**
 * scst_inject_sees_luns() - whether a session still has its LUNs
 * @sess: the session, which must not be freed meanwhile
 *
 * Context: thread or atomic, but no interrupt.
 * Return: false if a log-out has taken all LUNs away; true if that cannot be seen now.
 */
bool scst_inject_sees_luns(const struct scst_session *sess)
{
	bool sees;

	/* The holder of the lock may be about to take the LUNs away. */
	if (!mutex_trylock(&scst_config_lock))
		return true;
	sees = sess->map;
	mutex_unlock(&scst_config_lock);
	return sees;
}
EXPORT_SYMBOL_GPL(scst_inject_sees_luns);
