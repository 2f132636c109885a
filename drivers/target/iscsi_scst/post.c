// SPDX-License-Identifier: GPL-2.0
/*
 * How others give a connection something to do: posts, kicks, and waits for what comes of it.
 */
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include "iscst.h"

DECLARE_WAIT_QUEUE_HEAD(iscst_waitq);
struct workqueue_struct *iscst_io_wq;
struct workqueue_struct *iscst_slow_wq;
struct workqueue_struct *iscst_close_wq;

/**
 * iscst_conn_kick() - have io_work run once more
 * @conn: the connection
 *
 * Context: any.
 */
void iscst_conn_kick(struct iscst_conn *conn)
{
	queue_work_on(READ_ONCE(conn->cpu), iscst_io_wq, &conn->io_work);
}

/**
 * iscst_conn_post() - give the connection something to do
 * @conn: the connection
 * @tx:   what; whoever serves the connection owns it from here on
 *
 * Who serves it at the moment looks when it is through with what it does. What interrupts
 * it may come after that look. For all others @tx is gone as soon as it is on the list, and
 * with it what kept @conn: a grace period does so until it is kicked.
 *
 * Context: thread or softirq.
 */
void iscst_conn_post(struct iscst_conn *conn, struct iscst_tx *tx)
{
	if (READ_ONCE(conn->server) == iscst_conn_context()) {
		llist_add(&tx->node, &conn->events);
		return;
	}
	rcu_read_lock();
	llist_add(&tx->node, &conn->events);
	/* Answers that come from a thread are too many for a point in every kernel. */
	if (IS_ENABLED(CONFIG_FAULT_INJECTION))
		scst_stall(SCST_STALL_POST);
	iscst_conn_kick(conn);
	rcu_read_unlock();
}

/**
 * iscst_conn_start_slow() - have slow_work handle the PDU that was received
 * @conn: the connection; nothing is received until it is through
 *
 * Context: io_work.
 */
void iscst_conn_start_slow(struct iscst_conn *conn)
{
	set_bit(ISCST_CONN_SLOW, &conn->flags);
	queue_work(iscst_slow_wq, &conn->slow_work);
}

/**
 * iscst_wait() - wait for what the end of a connection may bring about
 * @is_done: whether it is there; may sleep
 * @arg:     for @is_done
 * @timeout: how long at most, jiffies
 *
 * Context: process context without locks.
 * Return: whether it is there.
 */
bool iscst_wait(bool (*is_done)(void *arg), void *arg, long timeout)
{
	DEFINE_WAIT_FUNC(wait, woken_wake_function);
	bool done;

	add_wait_queue(&iscst_waitq, &wait);
	while (!(done = is_done(arg)) && timeout)
		timeout = wait_woken(&wait, TASK_IDLE, timeout);
	remove_wait_queue(&iscst_waitq, &wait);
	return done;
}

/*
 * Who waits for whom: slow_work for another connection's close_work, if it reinstates that
 * one's session. close_work for its own connection alone: for io_work, which waits for
 * nothing; for slow_work and the timer, which it takes back if they have not begun, and
 * which look at ISCST_CONN_CLOSING where they wait. However many log-ins fill their queue
 * and wait, close_work has its own: they all go on.
 */
int __init iscst_wq_init(void)
{
	iscst_io_wq = alloc_workqueue("iscst_io", WQ_MEM_RECLAIM | WQ_PERCPU, 0);
	if (!iscst_io_wq)
		return -ENOMEM;
	iscst_slow_wq = alloc_workqueue("iscst_slow", WQ_UNBOUND, WQ_UNBOUND_MAX_ACTIVE);
	if (!iscst_slow_wq)
		goto out_io;
	iscst_close_wq = alloc_workqueue("iscst_close", WQ_UNBOUND, WQ_UNBOUND_MAX_ACTIVE);
	if (!iscst_close_wq)
		goto out_slow;
	return 0;

out_slow:
	destroy_workqueue(iscst_slow_wq);
out_io:
	destroy_workqueue(iscst_io_wq);
	return -ENOMEM;
}

void iscst_wq_exit(void)
{
	destroy_workqueue(iscst_close_wq);
	destroy_workqueue(iscst_slow_wq);
	destroy_workqueue(iscst_io_wq);
}
