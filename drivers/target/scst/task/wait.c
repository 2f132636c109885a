// SPDX-License-Identifier: GPL-2.0
/*
 * Waiting for a session's commands without a thread.
 *
 * A backend may keep a command for ever, and there may be as many that wait for it as
 * there are initiators. A worker that slept for each would be missing where other devices
 * and sessions need it. So a waiter is an entry on the session's wait queue and a work
 * item: the work is queued when a command has gone and when time is over, looks, and
 * returns.
 */
#include <linux/jiffies.h>
#include <linux/workqueue.h>

#include "cmd/cmd.h"
#include "task/task.h"

/*
 * However many commands go, the work is queued once, and runs at most once a jiffy: with as
 * many waiters as commands each of which looks at all of them.
 */
static int scst_waiter_wake(struct wait_queue_entry *entry, unsigned int mode,
			    int flags, void *key)
{
	struct scst_waiter *waiter = container_of(entry, struct scst_waiter, entry);

	if (!test_and_set_bit(0, &waiter->woken))
		mod_delayed_work(waiter->wq, &waiter->work,
				 time_after(jiffies, READ_ONCE(waiter->looked)) ? 0 : 1);
	return 0;
}

/**
 * scst_waiter_init() - prepare a waiter
 * @waiter: the waiter, with its work initialized: lockdep tells works apart by where that
 *	    was done
 * @wq:     where it goes on
 */
void scst_waiter_init(struct scst_waiter *waiter, struct workqueue_struct *wq)
{
	init_waitqueue_func_entry(&waiter->entry, scst_waiter_wake);
	waiter->wq = wq;
	waiter->woken = 0;
	waiter->sess = NULL;
}

/**
 * scst_waiter_start() - have a waiter look for the first time
 * @waiter: the waiter
 *
 * All that it does happens in its work, which never runs twice at a time: nothing of it
 * needs a lock.
 *
 * Context: any.
 */
void scst_waiter_start(struct scst_waiter *waiter)
{
	mod_delayed_work(waiter->wq, &waiter->work, 0);
}

/**
 * scst_waiter_watch() - look at a session's commands from here on
 * @waiter: the waiter
 * @sess:   the session
 *
 * A command that goes after this queues the work again. So the caller may look now and, if
 * something is left, return.
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
	 * Orders the count of waiters and the bit before the look. Pairs with
	 * scst_cmd_finish(): either the look finds the command gone, or the command finds
	 * the waiter, whose bit is clear.
	 */
	smp_mb__after_atomic();
}

/**
 * scst_waiter_sleep() - look again after some time, if no command goes before
 * @waiter:  the waiter, watching
 * @timeout: how long, jiffies
 *
 * Context: the waiter's work, which returns after this.
 */
void scst_waiter_sleep(struct scst_waiter *waiter, long timeout)
{
	/* A wake-up since scst_waiter_watch() has queued it, and that stays so. */
	if (timeout != MAX_SCHEDULE_TIMEOUT)
		queue_delayed_work(waiter->wq, &waiter->work, timeout);
}

/**
 * scst_waiter_stop() - watch no more
 * @waiter: the waiter; nothing queues its work any more, and it may be freed
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
 * scst_waiter_wait() - wait until a session has no such command any more
 * @waiter:  the waiter
 * @sess:    the session
 * @filter:  which commands are meant
 * @timeout: how long, jiffies
 *
 * A driver may still be in ops->release() for the last of them: an RCU grace
 * period later it is not.
 *
 * Context: the waiter's work, which returns if it is to wait.
 * Return: SCST_WAIT_GONE, SCST_WAIT_LATE if they are there and the time is over, or
 * SCST_WAIT_MORE if the work will run again.
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
 * scst_time_left() - how long it is until a time
 * @deadline: the time, jiffies
 *
 * Context: any.
 * Return: jiffies; 0 if it has passed.
 */
long scst_time_left(unsigned long deadline)
{
	return max_t(long, deadline - jiffies, 0);
}

/**
 * __scst_device_wake_waiters() - those that wait for a device's commands look once more
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

/**
 * scst_session_wait() - wait until a session has no such command any more
 * @sess:    the session
 * @filter:  which commands are meant
 * @timeout: how long, jiffies
 *
 * A driver may still be in ops->release() for the last of them: an RCU grace
 * period later it is not.
 *
 * Context: process context; may sleep.
 * Return: true if they are gone.
 */
bool scst_session_wait(struct scst_session *sess,
		       const struct scst_cmd_filter *filter, long timeout)
{
	bool gone;

	atomic_inc(&sess->waiters);
	/* See scst_cmd_finish(). */
	smp_mb__after_atomic();
	gone = wait_event_idle_timeout(sess->waitq,
				       !scst_session_has(sess, filter), timeout);
	atomic_dec(&sess->waiters);
	return gone;
}
