// SPDX-License-Identifier: GPL-2.0
/*
 * Time: what a connection is given, and what its initiator may take.
 */
#include <linux/jhash.h>
#include <linux/jiffies.h>
#include <net/tcp.h>

#include "iscst.h"

/* With longer between two looks at a connection than that, nobody had the time to look */
#define ISCST_STALL	(5 * HZ)

static bool iscst_conn_all_acked(const struct iscst_conn *conn)
{
	const struct tcp_sock *tp = tcp_sk(conn->sock->sk);

	return !conn->tx.busy && list_empty(&conn->tx_list) && tp->snd_una == tp->write_seq;
}

/* Once a second: has the initiator's TCP acknowledged anything? */
static void iscst_conn_note_acks(struct iscst_conn *conn)
{
	u32 acked = tcp_sk(conn->sock->sk)->snd_una;

	if (acked == conn->acked)
		return;
	conn->acked = acked;
	conn->last_ack = jiffies;
}

/*
 * An initiator that does not take what it has asked for is as good as gone, even if it
 * goes on sending: what is to be sent to it would keep the memory of its commands, and
 * whoever waits for their end.
 */
static bool iscst_conn_send_timed_out(const struct iscst_conn *conn, unsigned long timeout)
{
	return conn->tx.busy && time_after(jiffies, conn->last_tx + timeout) &&
	       time_after(jiffies, conn->last_ack + timeout);
}

/*
 * It is silent if for that long it has neither sent nor acknowledged anything, and nothing of
 * it is there unread. What was sent before the NOP-In may take its time.
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
 * The firmware that a machine boots with does not answer NOP-Ins. While that is all there is
 * known of an initiator, its TCP answers for it.
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

/* Where all that wait stand: another number when one of them has got data. */
static u32 iscst_data_place(const struct iscst_conn *conn)
{
	const struct iscst_cmd *cmd;
	u32 place = conn->rx.cmd ? conn->rx.off : 0;

	list_for_each_entry(cmd, &conn->waiting, entry)
		place = jhash_3words(cmd->slot, cmd->generation, cmd->off, place);
	return place;
}

/* Whether the initiator has all R2Ts that there are to be at the moment. */
static bool iscst_data_is_asked_for(const struct iscst_conn *conn)
{
	const struct iscst_cmd *cmd;

	list_for_each_entry(cmd, &conn->waiting, entry)
		if (cmd->r2t_queued)
			return false;
	return !before(tcp_sk(conn->sock->sk)->snd_una, conn->data_seq);
}

/**
 * iscst_data_is_overdue() - has the data that commands wait for not moved for too long?
 * @conn:    the connection
 * @timeout: how long it may take, jiffies; from when TCP acknowledged the last R2T
 *
 * It is looked at once a second, which costs commands nothing.
 *
 * Context: under the socket's lock.
 * Return: whether it has not.
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

/* The target, or the machine it runs on, has slept: that is not its initiators' time. */
static void iscst_conn_check_stall(struct iscst_conn *conn)
{
	if (time_after(jiffies, conn->ticked + ISCST_STALL)) {
		conn->nop_sent = jiffies;
		conn->last_ack = jiffies;
		conn->data_since = jiffies;
	}
	conn->ticked = jiffies;
}

/*
 * Once a second, when what has arrived has been received. If that was a log-out the session may
 * have ended by now, and the target may be gone.
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

/* A log-out is answered when its session has ended, and has its time from then on. */
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

/* A discovery session has its time, and then it is over. */
static enum iscst_reason iscst_conn_due_reason(const struct iscst_conn *conn)
{
	if (test_bit(ISCST_CONN_LOGOUT_ASKED, &conn->flags))
		return ISCST_REASON_LOGOUT_TIMEOUT;
	return READ_ONCE(conn->state) == ISCST_CONN_LOGIN ? ISCST_REASON_LOGIN_TIMEOUT :
							    ISCST_REASON_NONE;
}

void iscst_conn_timer(struct work_struct *work)
{
	struct iscst_conn *conn = container_of(work, struct iscst_conn, timer.work);

	if (iscst_conn_is_due(conn))
		iscst_conn_drop(conn, iscst_conn_due_reason(conn));
	set_bit(ISCST_CONN_TICK, &conn->flags);
	scst_stall(SCST_STALL_TICK);
	iscst_conn_kick(conn);
	/* Until close_work cancels it: a log-out that comes in between takes the drop's place. */
	queue_delayed_work(iscst_slow_wq, &conn->timer, HZ);
}
