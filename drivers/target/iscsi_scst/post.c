// SPDX-License-Identifier: GPL-2.0
/*
 * Work for a connection: posts, kicks, the queues of its work items, and a wait for the outcome.
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
 * iscst_conn_post() - hand an event to a connection
 * @conn: the connection
 * @tx:   the event; it belongs to the connection from here on
 *
 * The context that serves the connection at the moment looks at the events when it is done. An
 * interrupt of it may come after that look, and so needs the kick. In all other contexts @tx may
 * be handled as soon as it is on the list, and then no longer keeps @conn. The RCU read-side
 * section does so until @conn is kicked.
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
	scst_stall(SCST_STALL_POST);
	iscst_conn_kick(conn);
	rcu_read_unlock();
}

/**
 * iscst_conn_start_slow() - let slow_work handle the PDU that was received
 * @conn: the connection; nothing is received until slow_work is done
 *
 * Context: io_work.
 */
void iscst_conn_start_slow(struct iscst_conn *conn)
{
	set_bit(ISCST_CONN_SLOW, &conn->flags);
	queue_work(iscst_slow_wq, &conn->slow_work);
}

/**
 * iscst_wait() - wait for a consequence of a connection's end
 * @is_done: the condition; may sleep
 * @arg:     its argument
 * @timeout: how long at most, jiffies
 *
 * Context: process context without locks.
 * Return: whether the condition is true.
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

/**
 * iscst_wq_init() - allocate the work queues
 *
 * The waits among work items have no circle. slow_work may wait for the close_work of another
 * connection, whose session it reinstates. close_work waits for the other work of its own
 * connection alone. Of that, io_work waits for nothing. slow_work and the timer are cancelled if
 * they have not begun, and look at ISCST_CONN_CLOSING where they wait. close_work has a queue of
 * its own, so log-ins that wait cannot fill it.
 *
 * Context: process context.
 * Return: 0 or -ENOMEM.
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

/**
 * iscst_wq_exit() - free the work queues
 *
 * Context: process context; no connection is left.
 */
void iscst_wq_exit(void)
{
	destroy_workqueue(iscst_close_wq);
	destroy_workqueue(iscst_slow_wq);
	destroy_workqueue(iscst_io_wq);
}
