// SPDX-License-Identifier: GPL-2.0
/*
 * Admission of commands into a device's task set, and their order there, SAM-5 8.
 *
 * While all commands are SIMPLE there is no order to keep. Each command holds dev->tasks, a
 * per-CPU reference, from ADMIT until it is answered, and admission writes no shared cache line.
 *
 * A command with another attribute, an atomic command (see range.c), or an ACA condition begins
 * queueing: dev->tasks is killed, and later commands go through dev->queue, under dev->lock.
 * Commands that still hold dev->tasks are older than the queued commands. scst_order_tasks_gone()
 * is called when they have ended. Queueing ends when there has been no reason for it for
 * SCST_UNQUEUE_DELAY.
 *
 * A command that may not start yet is parked: it waits without a thread until its turn, or until
 * it is aborted.
 */
#include "cmd/cmd.h"
#include "cmd/opcode.h"
#include "task/task.h"

/*
 * Jiffies between two checks whether queueing can end. Queueing does not end at once, because its
 * beginning costs an ORDERED command a grace period.
 */
#define SCST_UNQUEUE_DELAY	HZ

/**
 * scst_order_refusal() - select the sense code of a device that is not active
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

/*
 * A command may have been decoded before the device was enabled with another block size or device
 * type. Such a command ends with BUSY, and the initiator retries it.
 */
static bool scst_order_current(struct scst_cmd *cmd)
{
	if (likely(cmd->block_size == cmd->dev->params.block_size && cmd->kind == cmd->dev->kind))
		return true;
	scst_cmd_set_busy(cmd);
	return false;
}

/**
 * __scst_task_set() - the task set of a nexus's commands
 * @nexus: the nexus
 *
 * Context: under its device's lock.
 * Return: the task set of the nexus, or of its device, as TST says.
 */
struct scst_task_set *__scst_task_set(struct scst_nexus *nexus)
{
	struct scst_device *dev = nexus->dev;

	lockdep_assert_held(&dev->lock);
	return dev->mode.tst ? &nexus->task_set : &dev->task_set;
}

/*
 * The task attribute that decides a command's place on the queue. QUEUE ALGORITHM MODIFIER, SPC-6
 * 7.5.10: restricted reordering requires the same result as if every command were ORDERED.
 */
static u8 scst_order_of(const struct scst_cmd *cmd)
{
	if (cmd->attr > SCST_ATTR_SIMPLE)
		return cmd->attr;
	/*
	 * SPC-6 6.6: a command that is answered in any state need not wait for others. A
	 * command for which others wait may depend on an internal command.
	 */
	if ((cmd->op->flags & SCST_OPF_ANY_STATE) || cmd->nexus == cmd->dev->self)
		return SCST_ATTR_HEAD;
	return cmd->dev->mode.queue_alg && !READ_ONCE(cmd->dev->fifo) ? SCST_ATTR_SIMPLE :
								   SCST_ATTR_ORDERED;
}

/* SAM-5 8.6. @older and @ordered of the task set must be up to date for this command. */
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

/* One step of the walk through the queue */
static void __scst_order_meet(struct scst_device *dev, struct scst_cmd *cmd)
{
	struct scst_task_set *set = cmd->set;

	if (set->pass != dev->pass) {
		set->pass = dev->pass;
		set->older = false;
		set->ordered = false;
	}
	/* Only an ACA condition has put this command on the queue: it is not ordered. */
	if (cmd->admitted)
		return;
	if (cmd->waiting && __scst_order_may_start(cmd))
		__scst_order_start_waiting(cmd);
	set->older = true;
	set->ordered |= cmd->order == SCST_ATTR_ORDERED;
}

/**
 * __scst_order_dispatch() - start the waiting commands that may start now
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
 * A FIFO device executes its commands in order of arrival. Restricted reordering orders SIMPLE
 * commands, too. With a task set for each nexus, a command must not wait for commands of another
 * nexus that hold dev->tasks.
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

/* Closes a device that is not active any more when its last command has left. */
static void __scst_order_end(struct scst_device *dev)
{
	if (dev->state != SCST_DEV_ACTIVE && dev->tasks_gone &&
	    list_empty(&dev->queue) && !dev->leaving)
		queue_work(dev->slow_wq, &dev->close_work);
}

/* Starts the commands that waited for what has left. */
static void __scst_order_start_others(struct scst_device *dev)
{
	scst_stall(SCST_STALL_LEFT);
	__scst_order_dispatch(dev);
	/*
	 * Pairs with scst_inject_others_leave(), which takes no lock: it must not read 0 while a
	 * command that may start is still parked.
	 */
	smp_store_release(&dev->leaving, dev->leaving - 1);
	__scst_order_end(dev);
}

/**
 * scst_order_tasks_gone() - the release function of dev->tasks
 * @tasks: the reference, which has no holder any more
 *
 * Context: thread or atomic.
 */
void scst_order_tasks_gone(struct percpu_ref *tasks)
{
	struct scst_device *dev = container_of(tasks, struct scst_device, tasks);

	spin_lock_bh(&dev->lock);
	dev->leaving++;
	/* Pairs with scst_inject_older_gone(), after which dev->leaving is read. */
	smp_store_release(&dev->tasks_gone, true);
	__scst_range_dispatch(dev);
	__scst_order_start_others(dev);
	spin_unlock_bh(&dev->lock);
}

/* Schedules a check whether queueing can end. */
static void scst_order_unqueue_later(struct scst_device *dev)
{
	schedule_delayed_work(&dev->unqueue_work, SCST_UNQUEUE_DELAY);
}

/**
 * __scst_order_queueing() - begin queueing: all later commands go through the queue
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
 * __scst_order_adapt() - adapt the order to a change of the control mode page
 * @dev: the device
 * @old: the mode parameters before the change
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
	if (dev->atomic_ranges)
		return false;
	list_for_each_entry(cmd, &dev->queue, queue_entry)
		if (cmd->order != SCST_ATTR_SIMPLE)
			return false;
	return true;
}

/* SIMPLE commands may remain on the queue: they are older than all later commands. */
static void scst_order_unqueue_work(struct work_struct *work)
{
	struct scst_device *dev = container_of(to_delayed_work(work),
					       struct scst_device, unqueue_work);

	spin_lock_bh(&dev->lock);
	if (dev->state != SCST_DEV_ACTIVE || !dev->queueing || __scst_order_needs_queue(dev))
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

/* Adds the youngest command of a task set. Returns whether the command may start now. */
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
	return scst_cmd_park(cmd, SCST_STAGE_COMPLETE);
}

/*
 * Returns whether a command becomes the ACA command of its task set. PREEMPT AND ABORT is admitted
 * in addition to it, with any attribute and of any nexus.
 */
static bool __scst_order_is_aca(const struct scst_cmd *cmd)
{
	const struct scst_task_set *set = cmd->set;

	return cmd->attr == SCST_ATTR_ACA && set->faulted == cmd->nexus && !set->aca_cmd;
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
	if (cmd->order != SCST_ATTR_SIMPLE || scst_range_is_atomic(cmd))
		__scst_order_queueing(dev);
	__scst_range_mark(cmd);
	return __scst_order_add(cmd) ? SCST_STAGE_CHECK : __scst_order_wait(cmd);
}

static bool scst_order_report(struct scst_cmd *cmd)
{
	return scst_ua_is_due(cmd) && scst_ua_report(cmd, false);
}

/*
 * The backend still has commands of an earlier session of the same initiator port. They may take
 * any time, so a new command does not wait for them, but ends with BUSY, SAM-5 5.3.1.
 */
static bool __scst_order_is_behind(struct scst_cmd *cmd)
{
	if (!cmd->nexus->behind)
		return false;
	if (!__scst_aca_refuse(cmd, __scst_task_set(cmd->nexus)) && !scst_order_report(cmd))
		scst_cmd_set_busy(cmd);
	return true;
}

/* The core itself answers commands that are answered in any state. */
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
	/* Queueing has ended since dev->tasks was tried, or it was not tried. */
	if (cmd->attr <= SCST_ATTR_SIMPLE && !dev->queueing && !scst_range_is_atomic(cmd)) {
		percpu_ref_get(&dev->tasks);
		cmd->admitted = true;
		return SCST_STAGE_CHECK;
	}
	return __scst_order_enqueue(cmd);
}

/*
 * Commands that are answered in any state start at once, as SPC-6 allows, except under an ACA
 * condition.
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

static enum scst_stage scst_order_admit_locked(struct scst_cmd *cmd)
{
	enum scst_stage stage;

	spin_lock_bh(&cmd->dev->lock);
	stage = __scst_order_admit(cmd);
	spin_unlock_bh(&cmd->dev->lock);
	return stage;
}

static enum scst_stage scst_order_admit_special(struct scst_cmd *cmd)
{
	if (!cmd->dev || ((cmd->op->flags & SCST_OPF_ANY_STATE) && cmd->io == SCST_IO_NONE))
		return scst_order_admit_any_state(cmd);
	return scst_order_admit_locked(cmd);
}

/**
 * scst_order_admit() - admit a command into its device's task set
 * @cmd: a decoded command
 *
 * Unit attentions are reported before an error of the device's state, SAM-5 5.14.
 *
 * Context: thread or atomic.
 * Return: CHECK if the command may start; OWNED if it waits for others; COMPLETE if it was refused,
 * and its status is set then.
 */
enum scst_stage scst_order_admit(struct scst_cmd *cmd)
{
	if (!cmd->dev || (cmd->op->flags & (SCST_OPF_ANY_STATE | SCST_OPF_ATOMIC)))
		return scst_order_admit_special(cmd);
	if (likely(cmd->attr <= SCST_ATTR_SIMPLE && !READ_ONCE(cmd->nexus->behind)) &&
	    likely(percpu_ref_tryget_live(&cmd->dev->tasks))) {
		cmd->admitted = true;
		return scst_order_current(cmd) ? SCST_STAGE_CHECK :
						 SCST_STAGE_COMPLETE;
	}
	return scst_order_admit_locked(cmd);
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
	__scst_range_leave(cmd);
	spin_unlock_bh(&dev->lock);
}

static void scst_order_left(struct scst_device *dev)
{
	spin_lock_bh(&dev->lock);
	__scst_order_start_others(dev);
	spin_unlock_bh(&dev->lock);
}

/**
 * scst_order_done() - take a command off the queue of its device
 * @cmd: a command that is about to be answered
 *
 * Commands that wait for this one must not be answered before it. So they start only when
 * scst_order_next() is called.
 *
 * Context: thread or atomic.
 * Return: the argument for scst_order_next(), which is called after the answer was given to the
 * driver. It keeps the device open until then.
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
 * scst_order_next() - start the commands that waited for an answered command
 * @end: the return value of scst_order_done()
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
 * __scst_order_start() - begin to admit commands
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
 * __scst_order_stop() - admit no more commands
 * @dev: a device that has just left the state ACTIVE
 *
 * Admitted commands are executed. If the device has failed, waiting commands end with an error.
 * The backend is closed when the last command has ended.
 *
 * Context: under its lock.
 */
void __scst_order_stop(struct scst_device *dev)
{
	lockdep_assert_held(&dev->lock);
	__scst_aca_clear_all(dev);
	if (dev->state == SCST_DEV_FAILED) {
		__scst_order_fail_waiting(dev);
		__scst_range_fail_waiting(dev);
	}
	if (!dev->queueing)
		percpu_ref_kill(&dev->tasks);
	__scst_order_end(dev);
}

/**
 * scst_order_init() - initialize the queue of a new device
 * @dev: the device
 */
void scst_order_init(struct scst_device *dev)
{
	INIT_LIST_HEAD(&dev->queue);
	scst_range_init(dev);
	INIT_DELAYED_WORK(&dev->unqueue_work, scst_order_unqueue_work);
}
