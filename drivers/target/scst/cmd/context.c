// SPDX-License-Identifier: GPL-2.0
/*
 * The move of a command from the caller's context to one that fits: this CPU's
 * tasklet for work that a hard interrupt must not do, a worker thread for work
 * that sleeps. And the workqueues that the whole core has in common.
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
 * struct scst_deferred - commands on their way from hard interrupts
 * @cmds:	struct scst_cmd.deferred, the newest first
 * @passes:	how often @tasklet has begun and ended; odd while it runs
 * @tasklet:	goes on with them
 */
struct scst_deferred {
	struct llist_head cmds;
	unsigned int passes;
	struct tasklet_struct tasklet;
};

static DEFINE_PER_CPU(struct scst_deferred, scst_deferred);

/*
 * A command that was submitted from a hard interrupt goes on, and from the
 * moment that it is on its session's list it need not be counted any more. Its
 * session stays until then.
 */
static void scst_deferred_submit(struct scst_cmd *cmd)
{
	struct scst_session *sess = cmd->sess;

	scst_cmd_run(cmd, SCST_STAGE_TRANSLATE, SCST_CTX_ATOMIC);
	rcu_read_lock();
	this_cpu_dec(sess->cmds->deferred);
	scst_stall(SCST_STALL_COUNTED);
	/* Orders the count before the look at the waiters. */
	smp_mb();
	scst_session_wake(sess);
	rcu_read_unlock();
}

static void scst_deferred_run(struct tasklet_struct *tasklet)
{
	struct scst_deferred *deferred =
		container_of(tasklet, struct scst_deferred, tasklet);
	struct scst_cmd *cmd, *next;
	struct llist_node *cmds;

	WRITE_ONCE(deferred->passes, deferred->passes + 1);
	/* Orders the two; pairs with scst_deferred_state(). */
	cmds = llist_reverse_order(llist_del_all(&deferred->cmds));
	llist_for_each_entry_safe(cmd, next, cmds, deferred) {
		if (cmd->stage == SCST_STAGE_TRANSLATE)
			scst_deferred_submit(cmd);
		else
			scst_cmd_run(cmd, cmd->stage, SCST_CTX_ATOMIC);
	}
	/* Pairs with scst_deferred_state(): they are on their lists. */
	smp_store_release(&deferred->passes, deferred->passes + 1);
}

/* Does something wait for the next pass? And which is, or was, the last? */
static bool scst_deferred_state(const struct scst_deferred *deferred,
				unsigned int *passes)
{
	bool more = !llist_empty(&deferred->cmds);

	/* If a pass took the commands, that pass must be seen. */
	smp_rmb();
	/* Pairs with scst_deferred_run(). */
	*passes = smp_load_acquire(&deferred->passes);
	return more;
}

/* A pass is enough for what is there now, and what comes meanwhile does not count. */
static bool scst_deferred_flush(const struct scst_deferred *deferred,
				unsigned long deadline)
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
 * scst_context_flush() - let the commands go on that are on their way to a tasklet
 *
 * Those that were submitted from hard interrupts before stand on their sessions' lists
 * then, unless tasklets do not run.
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
 * scst_cmd_to_tasklet() - go on in this CPU's tasklet
 * @cmd:   the command
 * @stage: where to go on
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
 * scst_cmd_queue_backend() - let a worker of the device hand a command to the backend
 * @cmd: the command
 *
 * All under the lock of the list that it stands on. An abort, which holds that too, either
 * comes before: then the command is seen to be aborted here and not queued. Or it comes
 * after, finds the command QUEUED and its work initialised, and takes it out.
 *
 * Context: thread or atomic.
 * Return: OWNED, or COMPLETE if it is aborted.
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
 * A worker that has it already sees that it is aborted before it does anything with it.
 *
 * Context: under the lock of the list that the command is on.
 * Return: true if the caller owns it now.
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
	/* Its work waits for configfs, which waits for TMFs and teardown. */
	scst_session_wq = alloc_workqueue("scst_session", WQ_UNBOUND, 0);
	if (!scst_session_wq)
		goto out_tmf_wq;
	/* Those of scst_tmf cancel its work. */
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
