// SPDX-License-Identifier: GPL-2.0
/*
 * The move of a command from its caller's context to another one: to this CPU's tasklet for work
 * that a hard interrupt must not do, to a worker thread for work that sleeps. Also the workqueues
 * that the whole core shares.
 */
#include <linux/delay.h>
#include <linux/interrupt.h>
#include <linux/jiffies.h>
#include <linux/llist.h>
#include <linux/percpu.h>
#include <linux/rcupdate.h>
#include <linux/workqueue.h>

#include "cmd/cmd.h"
#include "cmd/opcode.h"

struct workqueue_struct *scst_tmf_wq;
struct workqueue_struct *scst_session_wq;
struct workqueue_struct *scst_stats_wq;

/**
 * struct scst_deferred - commands that wait for this CPU's tasklet
 * @cmds:	struct scst_cmd.deferred, the newest first
 * @passes:	incremented when @tasklet begins and when it ends; odd while it runs
 * @tasklet:	runs the commands
 */
struct scst_deferred {
	struct llist_head cmds;
	unsigned int passes;
	struct tasklet_struct tasklet;
};

static DEFINE_PER_CPU(struct scst_deferred, scst_deferred);

/*
 * Runs a command that was submitted from a hard interrupt. The deferred count keeps the session
 * until the command is on the session's list.
 */
static void scst_deferred_submit(struct scst_cmd *cmd)
{
	struct scst_session *sess = cmd->sess;

	scst_cmd_run(cmd, SCST_STAGE_TRANSLATE, SCST_CTX_ATOMIC);
	rcu_read_lock();
	this_cpu_dec(sess->cmds->deferred);
	scst_stall(SCST_STALL_COUNTED);
	/* Orders the decrement before the read of sess->waiters. */
	smp_mb();
	scst_session_wake(sess);
	rcu_read_unlock();
}

static void scst_deferred_run(struct tasklet_struct *tasklet)
{
	struct scst_deferred *deferred = container_of(tasklet, struct scst_deferred, tasklet);
	struct scst_cmd *cmd, *next;
	struct llist_node *cmds;

	WRITE_ONCE(deferred->passes, deferred->passes + 1);
	/* A full barrier: the count is odd before the list is empty. Pairs with the smp_rmb(). */
	cmds = llist_reverse_order(llist_del_all(&deferred->cmds));
	llist_for_each_entry_safe(cmd, next, cmds, deferred) {
		if (cmd->stage == SCST_STAGE_TRANSLATE)
			scst_deferred_submit(cmd);
		else
			scst_cmd_run(cmd, cmd->stage, SCST_CTX_ATOMIC);
	}
	/* Pairs with scst_deferred_state(): the commands are on their lists. */
	smp_store_release(&deferred->passes, deferred->passes + 1);
}

/* Returns whether commands wait for the next pass, and the count of passes. */
static bool scst_deferred_state(const struct scst_deferred *deferred, unsigned int *passes)
{
	bool more = !llist_empty(&deferred->cmds);

	/* If a pass has taken the commands, its first increment must be seen. */
	smp_rmb();
	/* Pairs with scst_deferred_run(). */
	*passes = smp_load_acquire(&deferred->passes);
	return more;
}

/*
 * Waits for the pass in progress and, if commands are pending, for one more. Commands that arrive
 * later are not waited for. Returns false after @deadline.
 */
static bool scst_deferred_flush(const struct scst_deferred *deferred, unsigned long deadline)
{
	unsigned int passes, enough;
	bool more = scst_deferred_state(deferred, &passes);

	enough = round_up(passes, 2) + (more ? 2 : 0);
	while ((more || passes & 1) && (int)(passes - enough) < 0) {
		if (time_after(jiffies, deadline))
			return false;
		fsleep(50);
		more = scst_deferred_state(deferred, &passes);
	}
	return true;
}

/**
 * scst_context_flush() - wait for the commands that are pending for tasklets
 *
 * Afterwards all commands that were submitted from hard interrupts before this call are on their
 * sessions' lists. If the tasklets do not run, the wait ends after SCST_ABORT_GRACE.
 *
 * Context: process context; may sleep.
 */
void scst_context_flush(void)
{
	unsigned long deadline = jiffies + SCST_ABORT_GRACE;
	int cpu;

	for_each_possible_cpu(cpu)
		if (!scst_deferred_flush(per_cpu_ptr(&scst_deferred, cpu), deadline))
			return;
}

/**
 * scst_cmd_to_tasklet() - move a command to this CPU's tasklet
 * @cmd:   the command
 * @stage: the stage to continue with
 *
 * Context: any.
 */
void scst_cmd_to_tasklet(struct scst_cmd *cmd, enum scst_stage stage)
{
	struct scst_deferred *deferred = get_cpu_ptr(&scst_deferred);

	cmd->stage = stage;
	llist_add(&cmd->deferred, &deferred->cmds);
	tasklet_schedule(&deferred->tasklet);
	put_cpu_ptr(&scst_deferred);
}

static void scst_cmd_backend_work(struct work_struct *work)
{
	struct scst_cmd *cmd = container_of(work, struct scst_cmd, work);

	scst_cmd_run(cmd, SCST_STAGE_BACKEND, SCST_CTX_THREAD);
}

/**
 * scst_cmd_queue_backend() - queue a command for a worker that gives it to the backend
 * @cmd: the command
 *
 * Takes the list lock of the command, which an abort holds, too. If the abort comes first, the
 * command is not queued. If the abort comes later, it finds the command QUEUED and its work
 * initialised, and cancels the work.
 *
 * Context: thread or atomic.
 * Return: OWNED, or COMPLETE if the command is aborted.
 */
enum scst_stage scst_cmd_queue_backend(struct scst_cmd *cmd)
{
	struct scst_cmd_list *list = per_cpu_ptr(cmd->sess->cmds, cmd->cpu);
	enum scst_stage next = SCST_STAGE_COMPLETE;

	spin_lock_bh(&list->lock);
	if (likely(!scst_cmd_aborted(cmd))) {
		INIT_WORK(&cmd->work, scst_cmd_backend_work);
		cmd->stage = SCST_STAGE_QUEUED;
		queue_work(cmd->dev->io_wq, &cmd->work);
		next = SCST_STAGE_OWNED;
	}
	spin_unlock_bh(&list->lock);
	return next;
}

/**
 * scst_cmd_dequeue() - become the owner of an aborted command that waits for a worker
 * @cmd: the command, marked aborted
 *
 * A worker that has started on the command may leave QUEUED at any time. Its work is not pending
 * any more, and stays valid memory, so it is not cancelled. The command completes as aborted if the
 * worker sees the abort before it calls the backend.
 *
 * Context: under the list lock of the command.
 * Return: true if the caller owns the command now.
 */
bool scst_cmd_dequeue(struct scst_cmd *cmd)
{
	lockdep_assert_held(&per_cpu_ptr(cmd->sess->cmds, cmd->cpu)->lock);
	return READ_ONCE(cmd->stage) == SCST_STAGE_QUEUED && cancel_work(&cmd->work);
}

static int scst_wqs_create(void)
{
	scst_tmf_wq = alloc_workqueue("scst_tmf", WQ_MEM_RECLAIM | WQ_UNBOUND, 0);
	if (!scst_tmf_wq)
		return -ENOMEM;
	/* Its work items wait for configfs, which waits for work items of scst_tmf. */
	scst_session_wq = alloc_workqueue("scst_session", WQ_UNBOUND, 0);
	if (!scst_session_wq)
		goto out_tmf_wq;
	/* Work items of scst_tmf cancel its work items and wait for them. */
	scst_stats_wq = alloc_workqueue("scst_stats", WQ_MEM_RECLAIM | WQ_UNBOUND, 1);
	if (!scst_stats_wq)
		goto out_session_wq;
	return 0;

out_session_wq:
	destroy_workqueue(scst_session_wq);
out_tmf_wq:
	destroy_workqueue(scst_tmf_wq);
	return -ENOMEM;
}

static void scst_wqs_destroy(void)
{
	destroy_workqueue(scst_session_wq);
	destroy_workqueue(scst_tmf_wq);
	destroy_workqueue(scst_stats_wq);
}

static void scst_tasklets_init(void)
{
	int cpu;

	for_each_possible_cpu(cpu) {
		struct scst_deferred *deferred = per_cpu_ptr(&scst_deferred, cpu);

		init_llist_head(&deferred->cmds);
		tasklet_setup(&deferred->tasklet, scst_deferred_run);
	}
}

int scst_context_init(void)
{
	scst_tasklets_init();
	return scst_wqs_create();
}

void scst_context_exit(void)
{
	int cpu;

	scst_wqs_destroy();
	for_each_possible_cpu(cpu)
		tasklet_kill(&per_cpu_ptr(&scst_deferred, cpu)->tasklet);
}
