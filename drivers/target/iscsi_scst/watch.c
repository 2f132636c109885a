// SPDX-License-Identifier: GPL-2.0
/*
 * Timeouts: once a second each connection is checked for an initiator that does not answer, read
 * or send, and for a log-in, discovery or log-out that takes too long.
 */
#include <linux/jhash.h>
#include <linux/jiffies.h>
#include <net/tcp.h>

#include "iscst.h"

/* A longer time between two checks means that the machine did not run, in jiffies. */
#define ISCST_STALL	(5 * HZ)

static bool iscst_conn_all_acked(const struct iscst_conn *conn)
{
	const struct tcp_sock *tp = tcp_sk(conn->sock->sk);

	return !conn->tx.busy && list_empty(&conn->tx_list) && tp->snd_una == tp->write_seq;
}

/* Notes when the initiator's TCP acknowledged something, with the precision of a second. */
static void iscst_conn_note_acks(struct iscst_conn *conn)
{
	u32 acked = tcp_sk(conn->sock->sk)->snd_una;

	if (acked == conn->acked)
		return;
	conn->acked = acked;
	conn->last_ack = jiffies;
}

/*
 * An initiator that reads nothing counts as lost, even if it still sends: data for it would keep
 * the memory of its commands, and delay all that wait for their release.
 */
static bool iscst_conn_send_timed_out(const struct iscst_conn *conn, unsigned long timeout)
{
	return conn->tx.busy && time_after(jiffies, conn->last_tx + timeout) &&
	       time_after(jiffies, conn->last_ack + timeout);
}

/*
 * The initiator has neither sent nor acknowledged anything for @timeout, and nothing of it is
 * unread. Data from before the NOP-In may take its time.
 */
static bool iscst_conn_nop_timed_out(const struct iscst_conn *conn, unsigned long timeout)
{
	return conn->nop_pending && time_after(jiffies, conn->nop_sent + timeout) &&
	       time_after(jiffies, conn->last_rx + timeout) &&
	       time_after(jiffies, conn->last_ack + timeout) &&
	       skb_queue_empty_lockless(&conn->sock->sk->sk_receive_queue);
}

static bool iscst_conn_is_idle(const struct iscst_conn *conn, unsigned long interval)
{
	return !conn->nop_pending && time_after(jiffies, conn->last_rx + interval) &&
	       time_after(jiffies, conn->nop_sent + interval);
}

static enum iscst_reason iscst_conn_peer_timeout(const struct iscst_conn *conn,
						 unsigned long timeout)
{
	if (iscst_conn_send_timed_out(conn, timeout))
		return ISCST_REASON_SEND_TIMEOUT;
	if (iscst_conn_nop_timed_out(conn, timeout))
		return ISCST_REASON_NOP_TIMEOUT;
	return ISCST_REASON_NONE;
}

/*
 * Boot firmware does not answer NOP-Ins. Until an initiator has sent a NOP-Out, acknowledgments
 * of its TCP are taken for the answer.
 */
static void iscst_conn_check_peer(struct iscst_conn *conn)
{
	u32 interval = READ_ONCE(conn->target->nop_interval_ms);
	u32 timeout = READ_ONCE(conn->target->nop_timeout_ms);
	enum iscst_reason reason;

	iscst_conn_note_acks(conn);
	if (!conn->has_sent_nop && iscst_conn_all_acked(conn))
		conn->nop_pending = false;
	reason = iscst_conn_peer_timeout(conn, msecs_to_jiffies(timeout));
	if (reason)
		iscst_conn_close(conn, reason);
	else if (interval && iscst_conn_is_idle(conn, msecs_to_jiffies(interval)))
		iscst_nop_ping(conn);
}

/* A hash of how much data each waiting command has: it changes with every byte received. */
static u32 iscst_data_place(const struct iscst_conn *conn)
{
	const struct iscst_cmd *cmd;
	u32 place = conn->rx.cmd ? conn->rx.off : 0;

	list_for_each_entry(cmd, &conn->waiting, entry)
		place = jhash_3words(cmd->slot, cmd->generation, cmd->off, place);
	return place;
}

/* Whether the initiator has received every R2T that may be outstanding now. */
static bool iscst_data_is_asked_for(const struct iscst_conn *conn)
{
	const struct iscst_cmd *cmd;

	list_for_each_entry(cmd, &conn->waiting, entry)
		if (cmd->r2t_queued)
			return false;
	return !before(tcp_sk(conn->sock->sk)->snd_una, conn->data_seq);
}

/*
 * Whether commands have waited for @timeout without any data. The time runs from when TCP
 * acknowledged the last R2T. The check is made once a second and costs commands nothing.
 */
static bool iscst_data_is_overdue(struct iscst_conn *conn, unsigned long timeout)
{
	u32 place = iscst_data_place(conn);

	if (list_empty(&conn->waiting) || place != conn->data_place) {
		conn->data_place = place;
		conn->data_seq = tcp_sk(conn->sock->sk)->write_seq;
		conn->data_since = jiffies;
	} else if (!iscst_data_is_asked_for(conn)) {
		conn->data_since = jiffies;
	}
	return time_after(jiffies, conn->data_since + timeout);
}

static void iscst_conn_check_data(struct iscst_conn *conn)
{
	u32 timeout = READ_ONCE(conn->target->data_timeout_ms);

	if (!iscst_data_is_overdue(conn, msecs_to_jiffies(timeout)))
		return;
	iscst_conn_set_reason(conn, ISCST_REASON_DATA_TIMEOUT);
	__iscst_conn_drop(conn);
}

/* The machine slept: that time does not count against the initiator. */
static void iscst_conn_check_stall(struct iscst_conn *conn)
{
	if (time_after(jiffies, conn->ticked + ISCST_STALL)) {
		conn->nop_sent = jiffies;
		conn->last_ack = jiffies;
		conn->data_since = jiffies;
	}
	conn->ticked = jiffies;
}

/**
 * iscst_conn_tick() - check the timeouts of a session, once a second
 * @conn: the connection; all that has arrived is received by now
 *
 * A log-out among what was received may have unregistered the session, and its target may be
 * freed.
 *
 * Context: io_work, under the socket's lock.
 */
void iscst_conn_tick(struct iscst_conn *conn)
{
	scst_stall(SCST_STALL_TICKED);
	if (!iscst_conn_is_normal(conn))
		return;
	iscst_cpu_tick(conn);
	iscst_conn_check_stall(conn);
	iscst_conn_check_peer(conn);
	iscst_conn_check_data(conn);
}

/* A log-out is answered when its session is unregistered. The initiator then has its time. */
static unsigned long iscst_conn_close_timeout(const struct iscst_conn *conn)
{
	const struct iscst_session *session = READ_ONCE(conn->session);

	if (session && session->sess && !READ_ONCE(session->unregistered))
		return ISCST_UNREGISTER_TIMEOUT;
	return ISCST_CLOSE_TIMEOUT;
}

static unsigned long iscst_conn_deadline(struct iscst_conn *conn)
{
	/* Pairs with iscst_login_publish(). */
	switch (smp_load_acquire(&conn->state)) {
	case ISCST_CONN_LOGIN:
		return READ_ONCE(conn->started) + ISCST_LOGIN_TIMEOUT;
	case ISCST_CONN_AWAIT_CLOSE:
		return READ_ONCE(conn->started) + iscst_conn_close_timeout(conn);
	default:
		if (conn->session->sess)
			return jiffies + HZ;
		return READ_ONCE(conn->started) + ISCST_DISCOVERY_TIMEOUT;
	}
}

static bool iscst_conn_is_due(struct iscst_conn *conn)
{
	if (test_bit_acquire(ISCST_CONN_LOGOUT_ASKED, &conn->flags) &&
	    time_after(jiffies, READ_ONCE(conn->drop_at)))
		return true;
	return time_after(jiffies, iscst_conn_deadline(conn));
}

/* The end of a discovery session's time is no failure. */
static enum iscst_reason iscst_conn_due_reason(const struct iscst_conn *conn)
{
	if (test_bit(ISCST_CONN_LOGOUT_ASKED, &conn->flags))
		return ISCST_REASON_LOGOUT_TIMEOUT;
	return READ_ONCE(conn->state) == ISCST_CONN_LOGIN ? ISCST_REASON_LOGIN_TIMEOUT :
							    ISCST_REASON_NONE;
}

/**
 * iscst_conn_timer() - drop a connection whose time is over, and let io_work check the others
 * @work: the connection's timer
 *
 * Context: process context, once a second.
 */
void iscst_conn_timer(struct work_struct *work)
{
	struct iscst_conn *conn = container_of(work, struct iscst_conn, timer.work);

	if (iscst_conn_is_due(conn))
		iscst_conn_drop(conn, iscst_conn_due_reason(conn));
	set_bit(ISCST_CONN_TICK, &conn->flags);
	scst_stall(SCST_STALL_TICK);
	iscst_conn_kick(conn);
	/* A log-out may prevent the drop, so the timer runs until close_work cancels it. */
	queue_delayed_work(iscst_slow_wq, &conn->timer, HZ);
}
