// SPDX-License-Identifier: GPL-2.0
/*
 * A command's lifetime: its memory and its place on its session's list.
 */
#include <linux/export.h>
#include <linux/jiffies.h>
#include <linux/percpu.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "cmd/cmd.h"

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
 * @sess: the I_T nexus that received it
 *
 * ops->release() returns the memory to the driver.
 *
 * Context: any.
 */
void scst_cmd_init(struct scst_cmd *cmd, struct scst_session *sess)
{
	/* What begins with the sense buffer is written before it is read, and is not cleared. */
	memset(cmd, 0, offsetof(struct scst_cmd, sense));
	cmd->sess = sess;
}
EXPORT_SYMBOL_GPL(scst_cmd_init);

/**
 * scst_cmd_alloc() - allocate a command
 * @sess: the I_T nexus that received it
 * @gfp:  allocation flags
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
 * scst_cmd_finish() - take a command off its list and release it
 * @cmd: the command; freed on return
 *
 * Leaving the list and releasing the memory are one RCU read-side section: see the lifetimes in
 * scst_priv.h.
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
	 * A waiter increments sess->waiters before it looks at the list under the list lock.
	 * So a waiter that saw this command on the list is woken here.
	 */
	scst_session_wake(sess);
	rcu_read_unlock();
}

/**
 * scst_cmd_set_undelivered() - note that a response did not reach the initiator
 * @cmd: the command, before scst_cmd_sent()
 *
 * A unit attention that the response reported becomes pending again.
 *
 * Context: any.
 */
void scst_cmd_set_undelivered(struct scst_cmd *cmd)
{
	set_bit(SCST_CMD_UNDELIVERED, &cmd->flags);
}
EXPORT_SYMBOL_GPL(scst_cmd_set_undelivered);

/**
 * scst_cmd_set_transferred() - set the amount of data that a device has transferred
 * @cmd: a command that a handler executes
 * @len: bytes, at most cmd->data_len
 *
 * Without this call the device has transferred all data, or none if the command ends with an
 * error. After this call Data-In is sent with any status. The rest is residual.
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
 * scst_cmd_set_patience() - allow a command to take longer than others
 * @cmd: a command that a handler executes
 * @ms:  time from now on, milliseconds; 0: no longer than others
 *
 * If the command is aborted and its backend does not complete it, the device is not fenced before
 * this time has passed.
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
 * scst_cmd_residual() - the residual count of a command
 * @cmd: a command for which ops->send_response() was called
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

/**
 * scst_session_unpin() - undo scst_session_pin()
 * @sess: the session; it may be freed at any time after this
 *
 * Context: any.
 */
void scst_session_unpin(struct scst_session *sess)
{
	rcu_read_lock();
	if (atomic_dec_and_test(&sess->pins)) {
		scst_stall(SCST_STALL_TMF_GONE);
		wake_up(&sess->waitq);
	}
	rcu_read_unlock();
}
