// SPDX-License-Identifier: GPL-2.0
/*
 * Injection, for tests: between any two stages of its way a command can be taken
 * out of the core's hands, and given back later.
 *
 * A held command is where it would be if the machine were slow: on its session's
 * list, for task management functions and log-outs to find and to wait for.
 * Before TRANSLATE there is no list that it could be on: there it is counted as
 * if it had come from a hard interrupt and its tasklet were late.
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
 * Whose commands are held, and who decides. As long as there are commands of the
 * driver both stay: what else comes by only compares.
 */
static const struct scst_target_ops *scst_inject_driver;
static bool (*scst_inject_hook)(struct scst_cmd *cmd);

static DEFINE_MUTEX(scst_inject_lock);

/**
 * scst_inject_start() - a driver's commands can be held from now on
 * @driver: the driver
 * @hold:   called with each of its commands before each stage, cmd->stage: false
 *	    lets it go on, after true it is the driver's until
 *	    scst_inject_resume(). Not sleeping, in the command's context.
 *
 * Context: process context.
 * Return: 0, or -EBUSY if another driver does so.
 */
int scst_inject_start(const struct scst_target_ops *driver,
		      bool (*hold)(struct scst_cmd *cmd))
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

/* The driver may have given it back before the hook returns. */
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
 * @cmd: the command; somebody else's if it is
 *
 * Context: thread or atomic.
 * Return: true if it is.
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
 * scst_inject_resume() - a held command goes on
 * @cmd: the command; a hook that returned true has left it at cmd->stage
 * @ctx: the caller's context; before the backend of a handler that sleeps it is not
 *	 SCST_CTX_HARDIRQ
 *
 * The hook is asked once more. A command that was aborted meanwhile goes the way of the aborted.
 * Before TRANSLATE the command goes on in a tasklet, whatever the context.
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
 * scst_inject_older_gone() - whether a command waits for what its device's queue knows
 * @cmd: a command that waits for its turn
 *
 * Context: any.
 * Return: false if there was something before its device began to queue, and it has not
 * been heard that this is gone.
 */
bool scst_inject_older_gone(const struct scst_cmd *cmd)
{
	return READ_ONCE(cmd->dev->tasks_gone);
}
EXPORT_SYMBOL_GPL(scst_inject_older_gone);

/**
 * scst_inject_others_leave() - is somebody about to see whose turn it is?
 * @cmd: a command that waits for its turn
 *
 * A command lets those that wait for it go on when it is gone itself already.
 *
 * Context: any; the command must not go meanwhile.
 * Return: true if there is such a command.
 */
bool scst_inject_others_leave(const struct scst_cmd *cmd)
{
	return READ_ONCE(cmd->dev->leaving);
}
EXPORT_SYMBOL_GPL(scst_inject_others_leave);

/**
 * scst_inject_sees_luns() - has a session still its LUNs?
 * @sess: the session, which must not go meanwhile
 *
 * Context: thread or atomic, but no interrupt.
 * Return: false once a log-out has taken all of them away.
 */
bool scst_inject_sees_luns(const struct scst_session *sess)
{
	bool sees;

	/* Its holder may be about to take them away. */
	if (!mutex_trylock(&scst_config_lock))
		return true;
	sees = sess->map;
	mutex_unlock(&scst_config_lock);
	return sees;
}
EXPORT_SYMBOL_GPL(scst_inject_sees_luns);
