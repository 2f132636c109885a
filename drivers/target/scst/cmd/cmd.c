// SPDX-License-Identifier: GPL-2.0
/*
 * A command's lifetime: where its memory comes from, on which list it stands,
 * and how drivers and handlers pass it on.
 */
#include <linux/export.h>
#include <linux/jiffies.h>
#include <linux/ktime.h>
#include <linux/percpu.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "scst_priv.h"

static struct kmem_cache *scst_cmd_cache;

int scst_cmd_cache_init(void)
{
	scst_cmd_cache = KMEM_CACHE(scst_cmd, 0);
	return scst_cmd_cache ? 0 : -ENOMEM;
}

void scst_cmd_cache_exit(void)
{
	kmem_cache_destroy(scst_cmd_cache);
}

/**
 * scst_cmd_init() - prepare a command in the driver's own memory
 * @cmd:  the memory
 * @sess: the I_T nexus it comes through
 *
 * The driver's ops->release() is told when the memory is its own again.
 *
 * Context: any.
 */
void scst_cmd_init(struct scst_cmd *cmd, struct scst_session *sess)
{
	/* Sense data is written before it is read, and worth not clearing. */
	memset(cmd, 0, offsetof(struct scst_cmd, sense));
	cmd->sess = sess;
}
EXPORT_SYMBOL_GPL(scst_cmd_init);

/**
 * scst_cmd_alloc() - allocate a command
 * @sess: the I_T nexus it comes through
 * @gfp:  how to allocate
 *
 * Context: as @gfp allows.
 * Return: the command, or NULL.
 */
struct scst_cmd *scst_cmd_alloc(struct scst_session *sess, gfp_t gfp)
{
	struct scst_cmd *cmd = kmem_cache_alloc(scst_cmd_cache, gfp);

	if (!cmd)
		return NULL;
	scst_cmd_init(cmd, sess);
	cmd->core_memory = true;
	return cmd;
}
EXPORT_SYMBOL_GPL(scst_cmd_alloc);

/**
 * scst_cmd_enlist() - put a command on its session's list
 * @cmd: the command
 *
 * Context: thread or atomic, in an RCU read-side section.
 */
void scst_cmd_enlist(struct scst_cmd *cmd)
{
	struct scst_cmd_list *list;

	local_bh_disable();
	cmd->cpu = smp_processor_id();
	list = this_cpu_ptr(cmd->sess->cmds);
	spin_lock(&list->lock);
	list_add_tail(&cmd->entry, &list->cmds);
	spin_unlock(&list->lock);
	scst_stats_start(cmd);
	local_bh_enable();
}

static void scst_cmd_release(struct scst_cmd *cmd)
{
	if (cmd->core_memory)
		kmem_cache_free(scst_cmd_cache, cmd);
	else
		cmd->sess->tgt->ops->release(cmd);
}

/**
 * scst_cmd_finish() - the end of a command
 * @cmd: the command; gone on return
 *
 * Leaving the list and giving up the memory are one RCU read-side section: see
 * the lifetimes in scst_priv.h.
 *
 * Context: thread or atomic.
 */
void scst_cmd_finish(struct scst_cmd *cmd)
{
	struct scst_session *sess = cmd->sess;
	struct scst_cmd_list *list = per_cpu_ptr(sess->cmds, cmd->cpu);

	scst_buf_free(cmd);
	rcu_read_lock();
	spin_lock_bh(&list->lock);
	list_del(&cmd->entry);
	spin_unlock_bh(&list->lock);
	scst_cmd_release(cmd);
	/*
	 * Waiters count themselves before they look at the list under its lock:
	 * one that saw this command there is seen here.
	 */
	if (unlikely(atomic_read(&sess->waiters)))
		wake_up(&sess->waitq);
	rcu_read_unlock();
}

/**
 * scst_cmd_submit() - hand a new command to the core
 * @cmd: the command, filled in as struct scst_cmd says
 * @ctx: the caller's context
 *
 * The core owns the command from here on. It calls ops->send_response() once,
 * perhaps before this returns, unless the command is aborted.
 *
 * Context: as @ctx says.
 */
void scst_cmd_submit(struct scst_cmd *cmd, enum scst_context ctx)
{
	cmd->start_ns = ktime_get_ns();
	if (ctx == SCST_CTX_HARDIRQ) {
		this_cpu_inc(cmd->sess->cmds->deferred);
		scst_cmd_to_tasklet(cmd, SCST_STAGE_TRANSLATE);
	} else {
		scst_cmd_run(cmd, SCST_STAGE_TRANSLATE, ctx);
	}
}
EXPORT_SYMBOL_GPL(scst_cmd_submit);

static void scst_cmd_resume(struct scst_cmd *cmd, enum scst_stage stage,
			    enum scst_context ctx)
{
	if (ctx == SCST_CTX_HARDIRQ)
		scst_cmd_to_tasklet(cmd, stage);
	else
		scst_cmd_run(cmd, stage, ctx);
}

/**
 * scst_cmd_data_ready() - the Data-Out that ops->receive_data() asked for is there
 * @cmd:      the command
 * @received: all of it is in cmd->sg; false: the transfer failed
 * @ctx:      the caller's context
 *
 * The driver may have said why it failed, with scst_cmd_set_sense() or
 * scst_cmd_set_busy().
 *
 * Context: as @ctx says.
 */
void scst_cmd_data_ready(struct scst_cmd *cmd, bool received,
			 enum scst_context ctx)
{
	if (received) {
		cmd->received = true;
		scst_cmd_resume(cmd, SCST_STAGE_EXECUTE, ctx);
	} else {
		if (cmd->status == SAM_STAT_GOOD)
			scst_cmd_set_sense(cmd, SCST_SENSE_DATA_PHASE_ERROR);
		scst_cmd_resume(cmd, SCST_STAGE_COMPLETE, ctx);
	}
}
EXPORT_SYMBOL_GPL(scst_cmd_data_ready);

/**
 * scst_cmd_complete() - the handler has executed a command
 * @cmd: the command, with an error set if it failed
 * @ctx: the caller's context
 *
 * To be called exactly once for each ops->execute().
 *
 * Context: as @ctx says.
 */
void scst_cmd_complete(struct scst_cmd *cmd, enum scst_context ctx)
{
	scst_cmd_resume(cmd, SCST_STAGE_COMPLETE, ctx);
}
EXPORT_SYMBOL_GPL(scst_cmd_complete);

/**
 * scst_cmd_set_undelivered() - the response did not reach the initiator
 * @cmd: the command, before scst_cmd_sent()
 *
 * A unit attention that it reported will be reported again.
 *
 * Context: any.
 */
void scst_cmd_set_undelivered(struct scst_cmd *cmd)
{
	set_bit(SCST_CMD_UNDELIVERED, &cmd->flags);
}
EXPORT_SYMBOL_GPL(scst_cmd_set_undelivered);

/**
 * scst_cmd_sent() - the driver has delivered a response, or failed to
 * @cmd: the command; gone on return, or soon
 * @ctx: the caller's context
 *
 * Context: as @ctx says.
 */
void scst_cmd_sent(struct scst_cmd *cmd, enum scst_context ctx)
{
	scst_cmd_resume(cmd, SCST_STAGE_FINISH, ctx);
}
EXPORT_SYMBOL_GPL(scst_cmd_sent);

/**
 * scst_cmd_set_busy() - end a command with BUSY: the initiator is to try again
 * @cmd: the command
 *
 * Context: any.
 */
void scst_cmd_set_busy(struct scst_cmd *cmd)
{
	cmd->status = SAM_STAT_BUSY;
}
EXPORT_SYMBOL_GPL(scst_cmd_set_busy);

/**
 * scst_cmd_set_transferred() - how much data a device has transferred
 * @cmd: a command that a handler executes
 * @len: bytes, at most cmd->data_len
 *
 * If nothing is said it is all of it, or none if the command ends with an error. Data-In
 * goes to the initiator with whatever status. The rest is residual.
 *
 * Context: any.
 */
void scst_cmd_set_transferred(struct scst_cmd *cmd, u32 len)
{
	cmd->transferred = true;
	if (len >= cmd->data_len)
		return;
	cmd->data_len = len;
	cmd->cdb_data_len = len;
}
EXPORT_SYMBOL_GPL(scst_cmd_set_transferred);

/**
 * scst_cmd_set_patience() - a command may take longer than others
 * @cmd: a command that a handler executes
 * @ms:  how long from now on, milliseconds; 0: no longer than others
 *
 * When it is aborted, and its backend does not let go of it, the device is not fenced
 * before that.
 *
 * Context: any.
 */
void scst_cmd_set_patience(struct scst_cmd *cmd, unsigned int ms)
{
	/* 0 is not a time. */
	WRITE_ONCE(cmd->patience, ms ? (jiffies + msecs_to_jiffies(ms)) | 1 : 0);
}
EXPORT_SYMBOL_GPL(scst_cmd_set_patience);

/**
 * scst_cmd_aborted() - a task management function or a log-out ended a command
 * @cmd: the command
 *
 * Context: any.
 * Return: whether the command is aborted.
 */
bool scst_cmd_aborted(const struct scst_cmd *cmd)
{
	return test_bit(SCST_CMD_ABORTED, &cmd->flags);
}
EXPORT_SYMBOL_GPL(scst_cmd_aborted);

/**
 * scst_cmd_residual() - how much the announced and the wanted length differ
 * @cmd: a command that ops->send_response() was called for
 *
 * Context: any.
 * Return: bytes; positive for underflow (the initiator announced more than was
 * transferred), negative for overflow (the command wanted to transfer more).
 */
s64 scst_cmd_residual(const struct scst_cmd *cmd)
{
	if (cmd->expected_dir == SCST_DIR_UNKNOWN)
		return 0;
	return (s64)cmd->expected_len - cmd->cdb_data_len;
}
EXPORT_SYMBOL_GPL(scst_cmd_residual);
