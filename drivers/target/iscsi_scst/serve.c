// SPDX-License-Identifier: GPL-2.0
/*
 * Service of a connection: in the softirq that brings its packets, or in io_work.
 */
#include <linux/kfifo.h>
#include <linux/preempt.h>
#include <net/tcp.h>

#include "iscst.h"

/* Rounds of io_work before other work has the CPU */
#define ISCST_BUDGET	64

static bool iscst_conn_has_flags(struct iscst_conn *conn)
{
	const unsigned long pending = BIT(ISCST_CONN_TICK) | BIT(ISCST_CONN_ABORTED) |
				      BIT(ISCST_CONN_WINDOW) | BIT(ISCST_CONN_ASK_LOGOUT) |
				      BIT(ISCST_CONN_DROP);

	return (READ_ONCE(conn->flags) & pending) || !kfifo_is_empty(&conn->scsi_events);
}

/* Returns as iscst_tx_run(). */
static int iscst_conn_transfer(struct iscst_conn *conn)
{
	struct iscst_session *session;
	int ret;

	lockdep_assert(lockdep_sock_is_held(conn->sock->sk));
	ret = iscst_conn_answer(conn);
	if (ret >= 0)
		ret = iscst_rx_run(conn);
	if (ret >= 0)
		ret = iscst_conn_answer(conn);
	session = READ_ONCE(conn->session);
	if (session)
		iscst_cmd_reclaim(session);
	return ret;
}

/* Returns 1 if more may be pending, 0 if not, or an errno. */
static int iscst_conn_round(struct iscst_conn *conn)
{
	struct sock *sk = conn->sock->sk;
	bool tick;
	int ret = 0;

	lock_sock(sk);
	WRITE_ONCE(conn->server, iscst_conn_context());
	tick = iscst_conn_has_flags(conn) && iscst_conn_handle_flags(conn);
	if (!test_bit(ISCST_CONN_CLOSING, &conn->flags))
		ret = iscst_conn_transfer(conn);
	if (unlikely(tick) && ret >= 0)
		iscst_conn_tick(conn);
	WRITE_ONCE(conn->server, 0);
	/* TCP processes the packets of its backlog here. */
	release_sock(sk);
	return ret ?: !llist_empty(&conn->events) || iscst_rx_has_more(conn);
}

/**
 * iscst_conn_io_work() - serve a connection
 * @work: its io_work
 *
 * Context: io_work. A connection that is closed only gives back what it owns.
 */
void iscst_conn_io_work(struct work_struct *work)
{
	struct iscst_conn *conn = container_of(work, struct iscst_conn, io_work);
	int budget = ISCST_BUDGET;
	int ret;

	if (test_bit(ISCST_CONN_CLOSED, &conn->flags)) {
		iscst_conn_drain(conn);
		return;
	}
	do {
		if (test_bit(ISCST_CONN_CLOSING, &conn->flags))
			return;
		ret = iscst_conn_round(conn);
	} while (ret > 0 && --budget);
	if (ret < 0)
		iscst_conn_close_errno(conn, ret);
	else if (ret > 0)
		iscst_conn_kick(conn);
}

/*
 * The softirq executes and answers commands while few are in flight: waking io_work would cost
 * more than the work itself. io_work does what may sleep, and everything while another context
 * owns the socket.
 */
static bool iscst_conn_fits_softirq(const struct iscst_conn *conn)
{
	const unsigned long blocked = BIT(ISCST_CONN_SLOW) | BIT(ISCST_CONN_CLOSING);

	return in_serving_softirq() && !sock_owned_by_user_nocheck(conn->sock->sk) &&
	       READ_ONCE(conn->state) == ISCST_CONN_FULL && !conn->busy && !conn->sample &&
	       !(READ_ONCE(conn->flags) & blocked);
}

/* Whether work is left that the softirq must not, or did not, do. */
static bool iscst_conn_has_more(struct iscst_conn *conn)
{
	return !llist_empty(&conn->events) || !list_empty(&conn->tx_list) || conn->tx.busy ||
	       iscst_rx_wants_work(conn) || iscst_rx_has_more(conn);
}

static void iscst_conn_serve_softirq(struct iscst_conn *conn)
{
	struct sock *sk = conn->sock->sk;
	int ret;

	sk->sk_allocation = GFP_ATOMIC;
	WRITE_ONCE(conn->in_softirq, true);
	WRITE_ONCE(conn->server, iscst_conn_context());
	ret = iscst_conn_transfer(conn);
	WRITE_ONCE(conn->server, 0);
	WRITE_ONCE(conn->in_softirq, false);
	sk->sk_allocation = GFP_KERNEL;
	if (ret < 0)
		iscst_conn_close_errno(conn, ret);
	else if (iscst_conn_has_more(conn))
		iscst_conn_kick(conn);
}

static void iscst_conn_data_ready(struct iscst_conn *conn)
{
	/* io_work looks for packets itself after it has released the socket. */
	if (current_work() == &conn->io_work)
		return;
	iscst_cpu_choose(conn);
	if (iscst_conn_fits_softirq(conn))
		iscst_conn_serve_softirq(conn);
	else
		iscst_conn_kick(conn);
}

static void iscst_sk_data_ready(struct sock *sk)
{
	struct iscst_conn *conn;

	read_lock_bh(&sk->sk_callback_lock);
	conn = sk->sk_user_data;
	if (likely(conn))
		iscst_conn_data_ready(conn);
	read_unlock_bh(&sk->sk_callback_lock);
}

static void iscst_sk_write_space(struct sock *sk)
{
	struct iscst_conn *conn;

	read_lock_bh(&sk->sk_callback_lock);
	conn = sk->sk_user_data;
	if (conn && sk_stream_is_writeable(sk)) {
		clear_bit(SOCK_NOSPACE, &sk->sk_socket->flags);
		iscst_conn_kick(conn);
	}
	read_unlock_bh(&sk->sk_callback_lock);
}

/* The next receive returns the error or the end of the stream. */
static void iscst_sk_state_change(struct sock *sk)
{
	struct iscst_conn *conn;

	read_lock_bh(&sk->sk_callback_lock);
	conn = sk->sk_user_data;
	if (conn)
		iscst_conn_kick(conn);
	read_unlock_bh(&sk->sk_callback_lock);
}

/**
 * iscst_conn_set_callbacks() - install the call-backs of a connection's socket
 * @conn: the connection, which is served from here on
 *
 * Context: process context, under iscst_lock.
 */
void iscst_conn_set_callbacks(struct iscst_conn *conn)
{
	struct sock *sk = conn->sock->sk;

	write_lock_bh(&sk->sk_callback_lock);
	sk->sk_user_data = conn;
#ifndef scst_sk_no_task_frag
	/* A softirq must not use the page fragment of the task that it interrupted. */
	sk->sk_use_task_frag = false;
#endif
	conn->write_space = sk->sk_write_space;
	conn->state_change = sk->sk_state_change;
	sk->sk_data_ready = iscst_sk_data_ready;
	sk->sk_write_space = iscst_sk_write_space;
	sk->sk_state_change = iscst_sk_state_change;
	write_unlock_bh(&sk->sk_callback_lock);
}

/**
 * iscst_conn_clear_callbacks() - restore the call-backs of a connection's socket
 * @conn: the connection, which the network does not kick any more
 *
 * The socket may outlive the module: no pointer into it stays behind.
 *
 * Context: process context, close_work.
 */
void iscst_conn_clear_callbacks(struct iscst_conn *conn)
{
	struct sock *sk = conn->sock->sk;

	write_lock_bh(&sk->sk_callback_lock);
	sk->sk_user_data = NULL;
	sk->sk_data_ready = conn->portal->data_ready;
	sk->sk_write_space = conn->write_space;
	sk->sk_state_change = conn->state_change;
	write_unlock_bh(&sk->sk_callback_lock);
	iscst_cpu_unoccupy(conn);
}
