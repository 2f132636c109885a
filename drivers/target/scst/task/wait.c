// SPDX-License-Identifier: GPL-2.0
/*
 * Waiting for a session's commands without a thread.
 *
 * A backend may keep a command for ever, and each initiator may have a waiter for it. If each
 * waiter blocked a worker, other devices and sessions would have none. So a waiter is an entry on
 * the session's wait queue and a work item. The work is queued when a command has left its list
 * and when the timeout expires. It checks the session's commands and returns.
 */
#include <linux/jiffies.h>
#include <linux/workqueue.h>

#include "cmd/cmd.h"
#include "task/task.h"

/*
 * The work is queued once for any number of commands that end, and runs at most once a jiffy.
 * There may be as many waiters as commands, and each waiter looks at all commands.
 */
static int scst_waiter_wake(struct wait_queue_entry *entry, unsigned int mode, int flags, void *key)
{
	struct scst_waiter *waiter = container_of(entry, struct scst_waiter, entry);

	if (!test_and_set_bit(0, &waiter->woken))
		mod_delayed_work(waiter->wq, &waiter->work,
				 time_after(jiffies, READ_ONCE(waiter->looked)) ? 0 : 1);
	return 0;
}

/**
 * scst_waiter_init() - prepare a waiter
 * @waiter: the waiter. The caller has initialized its work, because lockdep distinguishes works by
 *	    the place of their initialization.
 * @wq:     the workqueue of its work
 */
void scst_waiter_init(struct scst_waiter *waiter, struct workqueue_struct *wq)
{
	init_waitqueue_func_entry(&waiter->entry, scst_waiter_wake);
	waiter->wq = wq;
	waiter->woken = 0;
	waiter->sess = NULL;
}

/**
 * scst_waiter_start() - queue a waiter's work for the first time
 * @waiter: the waiter
 *
 * All other steps of the waiter run in its work. A work never runs twice at a time, so they need no
 * lock.
 *
 * Context: any.
 */
void scst_waiter_start(struct scst_waiter *waiter)
{
	mod_delayed_work(waiter->wq, &waiter->work, 0);
}

/**
 * scst_waiter_watch() - begin to watch a session's commands
 * @waiter: the waiter
 * @sess:   the session
 *
 * A command that leaves its list after this queues the work again. So the caller may check the
 * commands now and, if one is left, return.
 *
 * Context: the waiter's work.
 */
void scst_waiter_watch(struct scst_waiter *waiter, struct scst_session *sess)
{
	if (waiter->sess != sess) {
		scst_waiter_stop(waiter);
		scst_session_get(sess);
		waiter->sess = sess;
		atomic_inc(&sess->waiters);
		add_wait_queue(&sess->waitq, &waiter->entry);
	}
	WRITE_ONCE(waiter->looked, jiffies);
	clear_bit(0, &waiter->woken);
	/*
	 * Orders the count of waiters and the bit before the check. Pairs with
	 * scst_cmd_finish(): either the check does not find the command, or the command
	 * finds the waiter with a clear bit.
	 */
	smp_mb__after_atomic();
}

/**
 * scst_waiter_sleep() - queue the work after a timeout, if no command leaves its list before
 * @waiter:  the waiter, watching
 * @timeout: jiffies
 *
 * Context: the waiter's work, which returns after this.
 */
void scst_waiter_sleep(struct scst_waiter *waiter, long timeout)
{
	/* If a wake-up has queued the work since scst_waiter_watch(), it remains queued. */
	if (timeout != MAX_SCHEDULE_TIMEOUT)
		queue_delayed_work(waiter->wq, &waiter->work, timeout);
}

/**
 * scst_waiter_stop() - end watching
 * @waiter: the waiter; its work is not queued any more, and it may be freed
 *
 * Context: the waiter's work.
 */
void scst_waiter_stop(struct scst_waiter *waiter)
{
	struct scst_session *sess = waiter->sess;

	if (!sess)
		return;
	remove_wait_queue(&sess->waitq, &waiter->entry);
	atomic_dec(&sess->waiters);
	cancel_delayed_work(&waiter->work);
	waiter->sess = NULL;
	scst_session_put(sess);
}

/**
 * scst_waiter_wait() - wait until a session has no matching command
 * @waiter:  the waiter
 * @sess:    the session
 * @filter:  selects the commands
 * @timeout: jiffies
 *
 * The driver may still be in ops->release() for the last command. After an RCU grace period it has
 * returned.
 *
 * Context: the waiter's work, which returns on SCST_WAIT_MORE.
 * Return: SCST_WAIT_GONE if there is no matching command; SCST_WAIT_LATE if there is one and the
 * timeout has expired; SCST_WAIT_MORE if the work will run again.
 */
enum scst_wait scst_waiter_wait(struct scst_waiter *waiter, struct scst_session *sess,
				const struct scst_cmd_filter *filter, long timeout)
{
	enum scst_wait wait = SCST_WAIT_GONE;

	scst_waiter_watch(waiter, sess);
	if (scst_session_has(sess, filter))
		wait = timeout > 0 ? SCST_WAIT_MORE : SCST_WAIT_LATE;
	if (wait == SCST_WAIT_MORE)
		scst_waiter_sleep(waiter, timeout);
	else
		scst_waiter_stop(waiter);
	return wait;
}

/**
 * scst_abort_wait_session() - wait for aborted commands of a session
 * @wait:     the wait
 * @sess:     the session
 * @deadline: jiffies
 * @poll:     look again every SCST_LOOK_INTERVAL
 *
 * Context: the waiter's work, which returns on SCST_WAIT_MORE.
 * Return: as scst_waiter_wait().
 */
enum scst_wait scst_abort_wait_session(struct scst_abort_wait *wait, struct scst_session *sess,
				       unsigned long deadline, bool poll)
{
	long left = scst_time_left(deadline);
	enum scst_wait state;

	if (poll)
		left = min_t(long, left, SCST_LOOK_INTERVAL);
	scst_inject_wait_end(&wait->inject);
	state = scst_waiter_wait(&wait->waiter, sess, &wait->filter, left);
	if (state == SCST_WAIT_MORE)
		scst_inject_wait_begin(&wait->inject, sess, &wait->filter);
	return state;
}

/**
 * scst_abort_wait_init() - prepare a wait
 * @wait: the wait, zeroed but for its filter. The caller has initialized the waiter's work.
 * @wq:   the workqueue of the waiter's work
 */
void scst_abort_wait_init(struct scst_abort_wait *wait, struct workqueue_struct *wq)
{
	scst_waiter_init(&wait->waiter, wq);
	INIT_LIST_HEAD(&wait->inject.entry);
}

/**
 * scst_abort_wait_stop() - end a wait
 * @wait: the wait; its work is not queued any more, and it may be freed
 *
 * Context: the waiter's work.
 */
void scst_abort_wait_stop(struct scst_abort_wait *wait)
{
	/* The waiter may still watch a session that has none of the aborted commands. */
	scst_inject_wait_end(&wait->inject);
	scst_waiter_stop(&wait->waiter);
}

/**
 * scst_time_left() - the time until a deadline
 * @deadline: the deadline, jiffies
 *
 * Context: any.
 * Return: jiffies; 0 if the deadline has passed.
 */
long scst_time_left(unsigned long deadline)
{
	return max_t(long, deadline - jiffies, 0);
}

/**
 * __scst_device_wake_waiters() - wake the waiters for a device's commands
 * @dev: the device
 *
 * Context: under its lock.
 */
void __scst_device_wake_waiters(struct scst_device *dev)
{
	struct scst_nexus *nexus;

	lockdep_assert_held(&dev->lock);
	list_for_each_entry(nexus, &dev->nexuses, dev_entry)
		wake_up(&nexus->sess->waitq);
	wake_up(&dev->self->sess->waitq);
}
