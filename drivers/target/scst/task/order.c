// SPDX-License-Identifier: GPL-2.0
/*
 * Admission of commands into a device's task set, and their order there, SAM-5 8.
 *
 * While all commands are SIMPLE there is nothing to put in order: each holds dev->tasks,
 * a per-CPU counter, from ADMIT until it has been executed, and admission writes no
 * shared cache line.
 *
 * A command with another attribute, or an ACA condition, begins queueing: dev->tasks is
 * killed, and later commands go through dev->queue, under dev->lock. Commands that still hold
 * dev->tasks are older than those; scst_order_tasks_gone() is called when they have ended.
 * When there has been no reason for queueing for a while, it ends.
 *
 * A command that may not start yet is parked: it waits without a thread until it is
 * its turn, or until it is aborted.
 */
#include "cmd/cmd.h"
#include "cmd/opcode.h"
#include "task/task.h"

/* To begin queueing costs an ORDERED command a grace period: do not end it at once. */
#define SCST_UNQUEUE_DELAY	HZ

/**
 * scst_order_refusal() - why a device that is not active takes no commands
 * @dev: the device
 *
 * Context: any.
 * Return: the sense code.
 */
scst_sense_t scst_order_refusal(const struct scst_device *dev)
{
	if (READ_ONCE(dev->state) == SCST_DEV_FAILED)
		return SCST_SENSE_INTERNAL_FAILURE;
	return SCST_SENSE_NEEDS_INTERVENTION;
}

/* Decoded before the device came back as something else? Once more. */
static bool scst_order_current(struct scst_cmd *cmd)
{
	if (likely(cmd->block_size == cmd->dev->params.block_size &&
		   cmd->kind == cmd->dev->kind))
		return true;
	scst_cmd_set_busy(cmd);
	return false;
}

/**
 * __scst_task_set() - the task set that a nexus's commands belong to
 * @nexus: the nexus
 *
 * Context: under its device's lock.
 * Return: its own, or the one that it shares.
 */
struct scst_task_set *__scst_task_set(struct scst_nexus *nexus)
{
	struct scst_device *dev = nexus->dev;

	lockdep_assert_held(&dev->lock);
	return dev->mode.tst ? &nexus->task_set : &dev->task_set;
}

/*
 * QUEUE ALGORITHM MODIFIER, SPC-6 7.5.10: restricted reordering demands that all ends
 * as if every command had been ORDERED.
 */
static u8 scst_order_of(const struct scst_cmd *cmd)
{
	if (cmd->attr > SCST_ATTR_SIMPLE)
		return cmd->attr;
	/*
	 * SPC-6 6.6: what is answered in any state need not wait for others. An internal
	 * command may be needed by one that others wait for.
	 */
	if ((cmd->op->flags & SCST_OPF_ANY_STATE) || cmd->nexus == cmd->dev->self)
		return SCST_ATTR_HEAD;
	return cmd->dev->mode.queue_alg && !READ_ONCE(cmd->dev->fifo) ? SCST_ATTR_SIMPLE :
								   SCST_ATTR_ORDERED;
}

/* SAM-5 8.6, with @older and @ordered of the set as they are for this command */
static bool __scst_order_may_start(const struct scst_cmd *cmd)
{
	const struct scst_task_set *set = cmd->set;

	if (cmd->order == SCST_ATTR_ACA)
		return true;
	if (set->faulted)
		return false;
	switch (cmd->order) {
	case SCST_ATTR_HEAD:
		return true;
	case SCST_ATTR_ORDERED:
		return cmd->dev->tasks_gone && !set->older && !set->heads;
	default:
		return !set->ordered && !set->heads;
	}
}

static void __scst_order_start_waiting(struct scst_cmd *cmd)
{
	cmd->waiting = false;
	cmd->dev->waiting--;
	if (scst_cmd_claim(cmd))
		scst_cmd_to_tasklet(cmd, SCST_STAGE_CHECK);
}

/* The walk through the queue comes to a command. */
static void __scst_order_meet(struct scst_device *dev, struct scst_cmd *cmd)
{
	struct scst_task_set *set = cmd->set;

	if (set->pass != dev->pass) {
		set->pass = dev->pass;
		set->older = false;
		set->ordered = false;
	}
	/* One that only its ACA condition brought here */
	if (cmd->admitted)
		return;
	if (cmd->waiting && __scst_order_may_start(cmd))
		__scst_order_start_waiting(cmd);
	set->older = true;
	set->ordered |= cmd->order == SCST_ATTR_ORDERED;
}

/**
 * __scst_order_dispatch() - start what waited for something that has happened
 * @dev: the device
 *
 * Context: under its lock.
 */
void __scst_order_dispatch(struct scst_device *dev)
{
	struct scst_cmd *cmd;

	lockdep_assert_held(&dev->lock);
	dev->pass++;
	list_for_each_entry(cmd, &dev->queue, queue_entry) {
		if (!dev->waiting)
			return;
		__scst_order_meet(dev, cmd);
	}
}

/*
 * Some devices take one command after the other. Restricted reordering puts SIMPLE commands
 * in order, too. With a task set for each nexus, nobody is to wait for what holds dev->tasks
 * through another nexus.
 */
static bool __scst_order_needs_queue(const struct scst_device *dev)
{
	return READ_ONCE(dev->fifo) || !dev->mode.queue_alg || dev->mode.tst;
}

static void __scst_order_count(struct scst_cmd *cmd, int step)
{
	struct scst_task_set *set = cmd->set;

	set->members += step;
	if (cmd->order == SCST_ATTR_HEAD)
		set->heads += step;
	else if (cmd->order == SCST_ATTR_ORDERED)
		set->ordereds += step;
}

/* The last command has gone from a device that takes no more. */
static void __scst_order_end(struct scst_device *dev)
{
	if (dev->state != SCST_DEV_ACTIVE && dev->tasks_gone &&
	    list_empty(&dev->queue) && !dev->leaving)
		queue_work(dev->slow_wq, &dev->close_work);
}

/**
 * scst_order_tasks_gone() - nobody holds dev->tasks any more
 * @tasks: that reference
 *
 * Context: thread or atomic.
 */
void scst_order_tasks_gone(struct percpu_ref *tasks)
{
	struct scst_device *dev = container_of(tasks, struct scst_device, tasks);

	spin_lock_bh(&dev->lock);
	dev->tasks_gone = true;
	__scst_order_dispatch(dev);
	__scst_order_end(dev);
	spin_unlock_bh(&dev->lock);
}

/**
 * scst_order_unqueue_later() - there may be no reason for queueing any more
 * @dev: the device
 *
 * Context: thread or atomic.
 */
void scst_order_unqueue_later(struct scst_device *dev)
{
	schedule_delayed_work(&dev->unqueue_work, SCST_UNQUEUE_DELAY);
}

/**
 * __scst_order_queueing() - let all commands go through the queue from now on
 * @dev: the device, active
 *
 * Context: under its lock.
 */
void __scst_order_queueing(struct scst_device *dev)
{
	lockdep_assert_held(&dev->lock);
	dev->queue_wanted = true;
	if (dev->queueing)
		return;
	dev->queueing = true;
	percpu_ref_kill(&dev->tasks);
	scst_order_unqueue_later(dev);
}

/**
 * __scst_order_adapt() - the control mode page has changed
 * @dev: the device
 * @old: the mode parameters before
 *
 * Context: under its lock.
 */
void __scst_order_adapt(struct scst_device *dev, const struct scst_mode *old)
{
	lockdep_assert_held(&dev->lock);
	if (dev->mode.tst != old->tst)
		__scst_aca_clear_all(dev);
	if (__scst_order_needs_queue(dev) && dev->state == SCST_DEV_ACTIVE)
		__scst_order_queueing(dev);
	else if (dev->queueing)
		scst_order_unqueue_later(dev);
}

static bool __scst_order_may_unqueue(struct scst_device *dev)
{
	struct scst_cmd *cmd;

	if (dev->queue_wanted || dev->waiting || dev->faults || !dev->tasks_gone)
		return false;
	list_for_each_entry(cmd, &dev->queue, queue_entry)
		if (cmd->order != SCST_ATTR_SIMPLE)
			return false;
	return true;
}

/* SIMPLE commands may be left on the queue: they are older than what comes later. */
static void scst_order_unqueue_work(struct work_struct *work)
{
	struct scst_device *dev = container_of(to_delayed_work(work),
					       struct scst_device, unqueue_work);

	spin_lock_bh(&dev->lock);
	if (dev->state != SCST_DEV_ACTIVE || !dev->queueing ||
	    __scst_order_needs_queue(dev))
		goto out_unlock;
	if (__scst_order_may_unqueue(dev)) {
		dev->queueing = false;
		dev->tasks_gone = false;
		percpu_ref_reinit(&dev->tasks);
	} else {
		dev->queue_wanted = false;
		scst_order_unqueue_later(dev);
	}
out_unlock:
	spin_unlock_bh(&dev->lock);
}

/* The new command is the youngest of its task set. Returns whether it need not wait. */
static bool __scst_order_add(struct scst_cmd *cmd)
{
	struct scst_task_set *set = cmd->set;
	bool start;

	set->older = set->members;
	set->ordered = set->ordereds;
	start = __scst_order_may_start(cmd);
	list_add_tail(&cmd->queue_entry, &cmd->dev->queue);
	cmd->queued = true;
	__scst_order_count(cmd, 1);
	return start;
}

static enum scst_stage __scst_order_wait(struct scst_cmd *cmd)
{
	cmd->waiting = true;
	cmd->dev->waiting++;
	return scst_cmd_park(cmd) ? SCST_STAGE_OWNED : SCST_STAGE_COMPLETE;
}

/* PREEMPT AND ABORT is let in beside it, with any attribute and of any nexus. */
static bool __scst_order_is_aca(const struct scst_cmd *cmd)
{
	const struct scst_task_set *set = cmd->set;

	return cmd->attr == SCST_ATTR_ACA && set->faulted == cmd->nexus &&
	       !set->aca_cmd;
}

static enum scst_stage __scst_order_enqueue(struct scst_cmd *cmd)
{
	struct scst_device *dev = cmd->dev;

	cmd->set = __scst_task_set(cmd->nexus);
	if (__scst_aca_refuse(cmd, cmd->set))
		return SCST_STAGE_COMPLETE;
	cmd->order = cmd->set->faulted ? SCST_ATTR_ACA : scst_order_of(cmd);
	if (__scst_order_is_aca(cmd))
		cmd->set->aca_cmd = cmd;
	if (cmd->order != SCST_ATTR_SIMPLE)
		__scst_order_queueing(dev);
	return __scst_order_add(cmd) ? SCST_STAGE_CHECK : __scst_order_wait(cmd);
}

static bool scst_order_report(struct scst_cmd *cmd)
{
	return scst_ua_is_due(cmd) && scst_ua_report(cmd, false);
}

/*
 * Commands of its port's last session are still with the backend. It does not wait for them as
 * for older commands of its task set: nobody knows how long they take. SAM-5 5.3.1: BUSY.
 */
static bool __scst_order_is_behind(struct scst_cmd *cmd)
{
	if (!cmd->nexus->behind)
		return false;
	if (!__scst_aca_refuse(cmd, __scst_task_set(cmd->nexus)) &&
	    !scst_order_report(cmd))
		scst_cmd_set_busy(cmd);
	return true;
}

/* The core answers itself what is answered in any state. */
static enum scst_stage scst_order_refuse(struct scst_cmd *cmd)
{
	if (cmd->op->flags & SCST_OPF_ANY_STATE) {
		cmd->io = SCST_IO_NONE;
		return SCST_STAGE_CHECK;
	}
	if (!scst_order_report(cmd))
		scst_cmd_set_sense(cmd, scst_order_refusal(cmd->dev));
	return SCST_STAGE_COMPLETE;
}

static enum scst_stage __scst_order_admit(struct scst_cmd *cmd)
{
	struct scst_device *dev = cmd->dev;

	if (dev->state != SCST_DEV_ACTIVE)
		return scst_order_refuse(cmd);
	if (!scst_order_current(cmd) || __scst_order_is_behind(cmd))
		return SCST_STAGE_COMPLETE;
	/* Queueing ended just now. */
	if (cmd->attr <= SCST_ATTR_SIMPLE && !dev->queueing) {
		percpu_ref_get(&dev->tasks);
		cmd->admitted = true;
		return SCST_STAGE_CHECK;
	}
	return __scst_order_enqueue(cmd);
}

/*
 * Commands that are answered in any state are processed at once, as SPC-6 allows, except under
 * an ACA condition.
 */
static enum scst_stage scst_order_admit_any_state(struct scst_cmd *cmd)
{
	struct scst_device *dev = cmd->dev;
	enum scst_stage stage = SCST_STAGE_CHECK;

	if (!dev || (cmd->attr != SCST_ATTR_ACA && likely(!READ_ONCE(dev->faults))))
		return stage;
	spin_lock_bh(&dev->lock);
	cmd->set = __scst_task_set(cmd->nexus);
	if (cmd->attr == SCST_ATTR_ACA)
		stage = __scst_order_enqueue(cmd);
	else if (__scst_aca_refuse(cmd, cmd->set))
		stage = SCST_STAGE_COMPLETE;
	spin_unlock_bh(&dev->lock);
	return stage;
}

/**
 * scst_order_admit() - take a command into its device's task set
 * @cmd: a decoded command
 *
 * Unit attentions come before what the device's state has to say, SAM-5 5.14.
 *
 * Context: thread or atomic.
 * Return: CHECK if it may go on; OWNED if it waits for others; COMPLETE if it was
 * refused, and its status is set then.
 */
enum scst_stage scst_order_admit(struct scst_cmd *cmd)
{
	enum scst_stage stage;

	if (!cmd->dev || ((cmd->op->flags & SCST_OPF_ANY_STATE) && cmd->io == SCST_IO_NONE))
		return scst_order_admit_any_state(cmd);
	if (likely(cmd->attr <= SCST_ATTR_SIMPLE && !READ_ONCE(cmd->nexus->behind)) &&
	    likely(percpu_ref_tryget_live(&cmd->dev->tasks))) {
		cmd->admitted = true;
		return scst_order_current(cmd) ? SCST_STAGE_CHECK :
						 SCST_STAGE_COMPLETE;
	}
	spin_lock_bh(&cmd->dev->lock);
	stage = __scst_order_admit(cmd);
	spin_unlock_bh(&cmd->dev->lock);
	return stage;
}

static void scst_order_leave(struct scst_cmd *cmd)
{
	struct scst_device *dev = cmd->dev;

	spin_lock_bh(&dev->lock);
	dev->leaving++;
	list_del(&cmd->queue_entry);
	cmd->queued = false;
	if (!cmd->admitted)
		__scst_order_count(cmd, -1);
	if (cmd->waiting)
		dev->waiting--;
	if (cmd->set->aca_cmd == cmd)
		cmd->set->aca_cmd = NULL;
	spin_unlock_bh(&dev->lock);
}

static void scst_order_left(struct scst_device *dev)
{
	spin_lock_bh(&dev->lock);
	dev->leaving--;
	__scst_order_dispatch(dev);
	__scst_order_end(dev);
	spin_unlock_bh(&dev->lock);
}

/**
 * scst_order_done() - a command leaves the task set
 * @cmd: a command that is about to be answered
 *
 * Those that wait for it are not to be answered before it is.
 *
 * Context: thread or atomic.
 * Return: what is to be given to scst_order_next() when the answer is on its way; it keeps
 * the device open.
 */
struct scst_order_end scst_order_done(struct scst_cmd *cmd)
{
	struct scst_order_end end = {
		.dev = cmd->dev, .tasks = cmd->admitted, .queue = cmd->queued,
	};

	if (unlikely(cmd->queued))
		scst_order_leave(cmd);
	return end;
}

/**
 * scst_order_next() - let those go on that waited for a command
 * @end: what scst_order_done() returned
 *
 * Context: thread or atomic.
 */
void scst_order_next(const struct scst_order_end *end)
{
	if (unlikely(end->queue))
		scst_order_left(end->dev);
	if (likely(end->tasks))
		percpu_ref_put(&end->dev->tasks);
}

/**
 * __scst_order_start() - let commands in
 * @dev: a device whose backend is open
 *
 * Context: under its lock.
 */
void __scst_order_start(struct scst_device *dev)
{
	lockdep_assert_held(&dev->lock);
	dev->queueing = false;
	dev->tasks_gone = false;
	percpu_ref_reinit(&dev->tasks);
	if (__scst_order_needs_queue(dev))
		__scst_order_queueing(dev);
}

static void __scst_order_fail_waiting(struct scst_device *dev)
{
	struct scst_cmd *cmd;

	list_for_each_entry(cmd, &dev->queue, queue_entry) {
		if (!cmd->waiting || !scst_cmd_claim(cmd))
			continue;
		scst_cmd_set_sense(cmd, scst_order_refusal(dev));
		scst_cmd_to_tasklet(cmd, SCST_STAGE_COMPLETE);
	}
}

/**
 * __scst_order_stop() - let no command in any more
 * @dev: a device that has just ceased to be active
 *
 * Admitted commands go on, unless the backend has failed. When the last one is gone the backend
 * is closed.
 *
 * Context: under its lock.
 */
void __scst_order_stop(struct scst_device *dev)
{
	lockdep_assert_held(&dev->lock);
	__scst_aca_clear_all(dev);
	if (dev->state == SCST_DEV_FAILED)
		__scst_order_fail_waiting(dev);
	if (!dev->queueing)
		percpu_ref_kill(&dev->tasks);
	__scst_order_end(dev);
}

/**
 * scst_order_init() - a new device has no commands
 * @dev: the device
 */
void scst_order_init(struct scst_device *dev)
{
	INIT_LIST_HEAD(&dev->queue);
	INIT_DELAYED_WORK(&dev->unqueue_work, scst_order_unqueue_work);
}
