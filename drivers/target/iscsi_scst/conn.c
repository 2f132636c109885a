// SPDX-License-Identifier: GPL-2.0
/*
 * Connections: from accept to the last reference; iscst.h has the order of the end.
 */
#include <linux/jiffies.h>
#include <linux/lockdep.h>
#include <linux/preempt.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <net/ipv6.h>
#include <net/net_namespace.h>
#include <net/tcp.h>

#include "iscst.h"
#include "trace.h"

/* How many rounds io_work does before it lets others have the CPU */
#define ISCST_BUDGET	64

/* With longer between two looks at a connection than that, nobody had the time to look */
#define ISCST_STALL	(5 * HZ)

/* How long TCP tries to send what a released socket has, without progress, ms */
#define ISCST_LINGER_MS	5000

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

/* What runs here: a task, or a softirq that has interrupted it. Never 0. */
static unsigned long iscst_conn_context(void)
{
	return (unsigned long)current + (in_serving_softirq() ? 1 : 0);
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
 * iscst_conn_close() - have a connection end
 * @conn: the connection
 *
 * Context: any; the caller is the connection's own work, or holds iscst_lock or the
 * socket's call-back lock.
 */
void iscst_conn_close(struct iscst_conn *conn)
{
	if (test_and_set_bit(ISCST_CONN_CLOSING, &conn->flags))
		return;
	queue_work(iscst_close_wq, &conn->close_work);
	/* slow_work may wait for another session. */
	wake_up_all(&iscst_waitq);
}

/**
 * iscst_conn_ask_logout() - have a connection end, and let the initiator do it
 * @conn: the connection; it is ended if that takes too long
 *
 * Context: process context, under iscst_lock.
 */
void iscst_conn_ask_logout(struct iscst_conn *conn)
{
	lockdep_assert_held(&iscst_lock);
	if (!conn->session || !conn->session->sess) {
		iscst_conn_close(conn);
		return;
	}
	if (!conn->target || !READ_ONCE(conn->target->request_logout)) {
		iscst_conn_drop(conn);
		return;
	}
	if (test_bit(ISCST_CONN_ASKED, &conn->flags))
		return;
	WRITE_ONCE(conn->cut_at, jiffies + ISCST_LOGOUT_SECONDS * HZ);
	/* Orders the time before the bit that makes it count. */
	smp_mb__before_atomic();
	set_bit(ISCST_CONN_ASKED, &conn->flags);
	set_bit(ISCST_CONN_LOGOUT, &conn->flags);
	iscst_conn_kick(conn);
}

/* Whether it is logged in to a target, and so has a session that the core knows. */
static bool iscst_conn_is_normal(const struct iscst_conn *conn)
{
	/* Pairs with iscst_login_over(). */
	return smp_load_acquire(&conn->state) == ISCST_CONN_FULL && conn->session->sess;
}

/**
 * iscst_conn_drop() - have a connection end, and tell the initiator
 * @conn: the connection
 *
 * Context: process context; the caller is the connection's own work, or holds iscst_lock.
 */
void iscst_conn_drop(struct iscst_conn *conn)
{
	if (!iscst_conn_is_normal(conn)) {
		iscst_conn_close(conn);
		return;
	}
	scst_stall(SCST_STALL_DROP);
	set_bit(ISCST_CONN_DROP, &conn->flags);
	iscst_conn_kick(conn);
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

/**
 * iscst_conn_over() - nothing that the initiator sends counts any more
 * @conn: the connection; what is to be sent is sent, then the initiator may close
 *
 * Context: io_work, or slow_work.
 */
void iscst_conn_over(struct iscst_conn *conn)
{
	WRITE_ONCE(conn->started, jiffies);
	WRITE_ONCE(conn->state, ISCST_CONN_OVER);
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

static void iscst_conn_slow_work(struct work_struct *work)
{
	struct iscst_conn *conn = container_of(work, struct iscst_conn, slow_work);

	scst_stall(SCST_STALL_SLOW);
	if (conn->state == ISCST_CONN_LOGIN)
		iscst_login_run(conn);
	else if (conn->state == ISCST_CONN_OVER)
		iscst_session_over(conn);
	else
		iscst_text_run(conn);
	/* Orders what was done before the bit that gives it to io_work. */
	smp_mb__before_atomic();
	clear_bit(ISCST_CONN_SLOW, &conn->flags);
	iscst_conn_kick(conn);
}

/* The connection is dead: what the core wanted of it fails. */
static void iscst_conn_refuse(struct iscst_tx *tx)
{
	struct iscst_cmd *cmd;

	switch (tx->kind) {
	case ISCST_TX_CTL:
		iscst_ctl_free(container_of(tx, struct iscst_ctl, tx));
		break;
	case ISCST_TX_READY:
		cmd = container_of(tx, struct iscst_cmd, ready);
		scst_cmd_data_ready(&cmd->cmd, false, SCST_CTX_ATOMIC);
		break;
	case ISCST_TX_RESPONSE:
		cmd = container_of(tx, struct iscst_cmd, response);
		scst_cmd_set_undelivered(&cmd->cmd);
		scst_cmd_sent(&cmd->cmd, SCST_CTX_ATOMIC);
		break;
	}
}

static void iscst_conn_event(struct iscst_conn *conn, struct iscst_tx *tx)
{
	if (test_bit(ISCST_CONN_DEAD, &conn->flags)) {
		iscst_conn_refuse(tx);
		return;
	}
	switch (tx->kind) {
	case ISCST_TX_CTL:
		list_add_tail(&tx->entry, &conn->tx_list);
		break;
	case ISCST_TX_READY:
		iscst_data_wanted(container_of(tx, struct iscst_cmd, ready));
		break;
	case ISCST_TX_RESPONSE:
		iscst_cmd_respond(container_of(tx, struct iscst_cmd, response));
		break;
	}
}

/**
 * iscst_conn_events() - look at what was posted
 * @conn: the connection
 *
 * Context: under the socket's lock, or it is dead.
 */
void iscst_conn_events(struct iscst_conn *conn)
{
	struct llist_node *nodes;
	struct iscst_tx *tx, *next;

	while (!llist_empty(&conn->events)) {
		nodes = llist_reverse_order(llist_del_all(&conn->events));
		llist_for_each_entry_safe(tx, next, nodes, node)
			iscst_conn_event(conn, tx);
	}
}

/*
 * All that the dead connection still owns goes back to whom it came from. Nobody else does
 * that at the same time: there is no lock.
 */
static void iscst_conn_drain(struct iscst_conn *conn)
{
	struct iscst_tx *tx;

	lockdep_assert(test_bit(ISCST_CONN_DEAD, &conn->flags));
	lockdep_assert(!work_busy(&conn->slow_work));
	WRITE_ONCE(conn->server, iscst_conn_context());
	conn->tx.item = NULL;
	if (conn->rx.cmd)
		iscst_data_fail(conn->rx.cmd);
	if (conn->rx.ctl)
		iscst_ctl_free(conn->rx.ctl);
	conn->rx.ctl = NULL;
	iscst_data_fail_all(conn);
	while ((tx = list_first_entry_or_null(&conn->tx_list, struct iscst_tx, entry))) {
		list_del(&tx->entry);
		iscst_conn_refuse(tx);
	}
	iscst_conn_events(conn);
	WRITE_ONCE(conn->server, 0);
}

/*
 * What is aborted does not wait for its data: the initiator need not send it any more, or
 * has not heard of it. Not even the end of the PDU that is being received is waited for.
 */
static void iscst_conn_fail_aborted(struct iscst_conn *conn)
{
	struct iscst_cmd *cmd, *next;

	if (conn->rx.cmd && scst_cmd_aborted(&conn->rx.cmd->cmd))
		iscst_data_fail(conn->rx.cmd);
	list_for_each_entry_safe(cmd, next, &conn->waiting, entry)
		if (scst_cmd_aborted(&cmd->cmd))
			iscst_data_fail(cmd);
}

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
static bool iscst_conn_takes_nothing(const struct iscst_conn *conn, unsigned long timeout)
{
	return conn->tx.busy && time_after(jiffies, conn->last_tx + timeout) &&
	       time_after(jiffies, conn->last_ack + timeout);
}

/*
 * It is silent if for that long it has neither sent nor acknowledged anything, and nothing of
 * it is there unread. What was sent before the NOP-In may take its time.
 */
static bool iscst_conn_is_silent(const struct iscst_conn *conn, unsigned long timeout)
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

static enum iscst_reason iscst_conn_overdue(const struct iscst_conn *conn,
					    unsigned long timeout)
{
	if (iscst_conn_takes_nothing(conn, timeout))
		return ISCST_REASON_SEND_TIMEOUT;
	if (iscst_conn_is_silent(conn, timeout))
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
	if (!conn->knows_nop && iscst_conn_all_acked(conn))
		conn->nop_pending = false;
	reason = iscst_conn_overdue(conn, msecs_to_jiffies(timeout));
	if (reason)
		iscst_conn_fail(conn, reason);
	else if (interval && iscst_conn_is_idle(conn, msecs_to_jiffies(interval)))
		iscst_ask_for_life(conn);
}

/* Take what waits for the socket away, but for the answer to a TARGET COLD RESET. */
static void iscst_conn_set_aside(struct iscst_conn *conn, struct list_head *unsent)
{
	struct iscst_tx *tx, *next;

	list_splice_init(&conn->tx_list, unsent);
	list_for_each_entry_safe(tx, next, unsent, entry)
		if (tx->kind == ISCST_TX_CTL && container_of(tx, struct iscst_ctl, tx)->cold)
			list_move_tail(&tx->entry, &conn->tx_list);
}

/*
 * The initiator hears of it if its socket takes that now: nobody waits for it. Before that
 * it is only told how a TARGET COLD RESET went, and after it nothing more.
 */
static void iscst_conn_take_leave(struct iscst_conn *conn)
{
	LIST_HEAD(unsent);

	iscst_conn_events(conn);
	iscst_conn_set_aside(conn, &unsent);
	iscst_async_drop(conn);
	iscst_tx_run(conn);
	list_splice(&unsent, &conn->tx_list);
	iscst_conn_close(conn);
}

static bool iscst_conn_has_news(struct iscst_conn *conn)
{
	const unsigned long news = BIT(ISCST_CONN_TICK) | BIT(ISCST_CONN_ABORTED) |
				   BIT(ISCST_CONN_WINDOW) | BIT(ISCST_CONN_LOGOUT) |
				   BIT(ISCST_CONN_DROP);

	return (READ_ONCE(conn->flags) & news) || !kfifo_is_empty(&conn->scsi_events);
}

/* Returns whether a second has passed. */
static bool iscst_conn_news(struct iscst_conn *conn)
{
	if (!iscst_conn_has_news(conn) || !iscst_conn_is_normal(conn))
		return false;
	if (test_and_clear_bit(ISCST_CONN_ABORTED, &conn->flags)) {
		/* What is sent from here on says how much room they leave in the window. */
		iscst_cmd_reclaim(conn->session);
		iscst_conn_fail_aborted(conn);
	}
	iscst_async_scsi(conn);
	if (test_and_clear_bit(ISCST_CONN_WINDOW, &conn->flags))
		iscst_cmdsn_tell(conn);
	if (test_and_clear_bit(ISCST_CONN_LOGOUT, &conn->flags))
		iscst_async_logout(conn);
	if (test_and_clear_bit(ISCST_CONN_DROP, &conn->flags))
		iscst_conn_take_leave(conn);
	return test_and_clear_bit(ISCST_CONN_TICK, &conn->flags);
}

/**
 * iscst_conn_answer() - send what there is
 * @conn: the connection
 *
 * Context: under the socket's lock.
 * Return: as iscst_tx_run().
 */
int iscst_conn_answer(struct iscst_conn *conn)
{
	iscst_conn_events(conn);
	return iscst_tx_run(conn);
}

/* Returns as iscst_tx_run(). */
static int iscst_conn_transfer(struct iscst_conn *conn)
{
	int ret;

	lockdep_assert(lockdep_sock_is_held(conn->sock->sk));
	ret = iscst_conn_answer(conn);
	if (ret >= 0)
		ret = iscst_rx_run(conn);
	if (ret >= 0)
		ret = iscst_conn_answer(conn);
	if (READ_ONCE(conn->session))
		iscst_cmd_reclaim(conn->session);
	return ret;
}

static void iscst_conn_check_data(struct iscst_conn *conn)
{
	u32 timeout = READ_ONCE(conn->target->data_timeout_ms);

	if (!iscst_data_is_overdue(conn, msecs_to_jiffies(timeout)))
		return;
	iscst_conn_set_reason(conn, ISCST_REASON_DATA_TIMEOUT);
	iscst_conn_take_leave(conn);
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
static void iscst_conn_tick(struct iscst_conn *conn)
{
	scst_stall(SCST_STALL_TICKED);
	if (!iscst_conn_is_normal(conn))
		return;
	iscst_cpu_tick(conn);
	iscst_conn_check_stall(conn);
	iscst_conn_check_peer(conn);
	iscst_conn_check_data(conn);
}

static int iscst_conn_serve(struct iscst_conn *conn)
{
	bool tick;
	int ret = 0;

	WRITE_ONCE(conn->server, iscst_conn_context());
	tick = iscst_conn_news(conn);
	if (!test_bit(ISCST_CONN_CLOSING, &conn->flags))
		ret = iscst_conn_transfer(conn);
	if (unlikely(tick) && ret >= 0)
		iscst_conn_tick(conn);
	WRITE_ONCE(conn->server, 0);
	return ret;
}

/* Returns 1 if there may be more to do, 0 if not, or an errno. */
static int iscst_conn_round(struct iscst_conn *conn)
{
	struct sock *sk = conn->sock->sk;
	int ret;

	lock_sock(sk);
	ret = iscst_conn_serve(conn);
	/* Packets that had to wait come now. */
	release_sock(sk);
	return ret ?: !llist_empty(&conn->events) || iscst_rx_has_more(conn);
}

/* Returns whether the budget was used up. */
static bool iscst_conn_run(struct iscst_conn *conn)
{
	int budget = ISCST_BUDGET;
	int ret = 1;

	while (ret > 0 && budget--) {
		if (test_bit(ISCST_CONN_CLOSING, &conn->flags))
			return false;
		ret = iscst_conn_round(conn);
	}
	if (ret < 0)
		iscst_conn_fail_errno(conn, ret);
	return ret > 0;
}

static void iscst_conn_io_work(struct work_struct *work)
{
	struct iscst_conn *conn = container_of(work, struct iscst_conn, io_work);

	if (test_bit(ISCST_CONN_DEAD, &conn->flags))
		iscst_conn_drain(conn);
	else if (iscst_conn_run(conn))
		iscst_conn_kick(conn);
}

/* A log-out is answered when its session has ended, and has its time from then on. */
static unsigned long iscst_conn_over_timeout(const struct iscst_conn *conn)
{
	const struct iscst_session *session = READ_ONCE(conn->session);

	return session && session->sess && !READ_ONCE(session->gone) ? ISCST_ENDING_TIMEOUT :
								       ISCST_LOGOUT_TIMEOUT;
}

static unsigned long iscst_conn_deadline(struct iscst_conn *conn)
{
	/* Pairs with iscst_login_over(). */
	switch (smp_load_acquire(&conn->state)) {
	case ISCST_CONN_LOGIN:
		return READ_ONCE(conn->started) + ISCST_LOGIN_TIMEOUT;
	case ISCST_CONN_OVER:
		return READ_ONCE(conn->started) + iscst_conn_over_timeout(conn);
	default:
		if (conn->session->sess)
			return jiffies + HZ;
		return READ_ONCE(conn->started) + ISCST_DISCOVERY_TIMEOUT;
	}
}

static bool iscst_conn_is_due(struct iscst_conn *conn)
{
	if (test_bit_acquire(ISCST_CONN_ASKED, &conn->flags) &&
	    time_after(jiffies, READ_ONCE(conn->cut_at)))
		return true;
	return time_after(jiffies, iscst_conn_deadline(conn));
}

/* A discovery session has its time, and then it is over. */
static enum iscst_reason iscst_conn_due_reason(const struct iscst_conn *conn)
{
	if (test_bit(ISCST_CONN_ASKED, &conn->flags))
		return ISCST_REASON_LOGOUT_TIMEOUT;
	return READ_ONCE(conn->state) == ISCST_CONN_LOGIN ? ISCST_REASON_LOGIN_TIMEOUT :
							    ISCST_REASON_NONE;
}

static void iscst_conn_timer(struct work_struct *work)
{
	struct iscst_conn *conn = container_of(work, struct iscst_conn, timer.work);

	if (iscst_conn_is_due(conn)) {
		iscst_conn_set_reason(conn, iscst_conn_due_reason(conn));
		iscst_conn_drop(conn);
	}
	set_bit(ISCST_CONN_TICK, &conn->flags);
	scst_stall(SCST_STALL_TICK);
	iscst_conn_kick(conn);
	/* Until close_work cancels it: a log-out that comes in between takes the drop's place. */
	queue_delayed_work(iscst_slow_wq, &conn->timer, HZ);
}

/*
 * With few commands under way they are carried out and answered as they come, in the
 * softirq that brings them: to wake io_work would cost more than all that it does. What
 * may sleep is left to it, and what somebody else has the socket for.
 */
static bool iscst_conn_is_quick(const struct iscst_conn *conn)
{
	const unsigned long busy = BIT(ISCST_CONN_SLOW) | BIT(ISCST_CONN_CLOSING);

	return in_serving_softirq() && !sock_owned_by_user_nocheck(conn->sock->sk) &&
	       conn->state == ISCST_CONN_FULL && !conn->many && !conn->sample &&
	       !(READ_ONCE(conn->flags) & busy);
}

/* Whether something is left, which is more than softirq may do. */
static bool iscst_conn_has_rest(struct iscst_conn *conn)
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
		iscst_conn_fail_errno(conn, ret);
	else if (iscst_conn_has_rest(conn))
		iscst_conn_kick(conn);
}

static void iscst_conn_packets(struct iscst_conn *conn)
{
	/* It looks after it has released the socket. */
	if (current_work() == &conn->io_work)
		return;
	iscst_cpu_choose(conn);
	if (iscst_conn_is_quick(conn))
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
		iscst_conn_packets(conn);
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

/* io_work finds out what is the matter when it receives. */
static void iscst_sk_state_change(struct sock *sk)
{
	struct iscst_conn *conn;

	read_lock_bh(&sk->sk_callback_lock);
	conn = sk->sk_user_data;
	if (conn)
		iscst_conn_kick(conn);
	read_unlock_bh(&sk->sk_callback_lock);
}

static void iscst_conn_set_callbacks(struct iscst_conn *conn)
{
	struct sock *sk = conn->sock->sk;

	write_lock_bh(&sk->sk_callback_lock);
	sk->sk_user_data = conn;
#ifndef scst_sk_no_task_frag
	/* The fragment of a task is not a softirq's. */
	sk->sk_use_task_frag = false;
#endif
	conn->write_space = sk->sk_write_space;
	conn->state_change = sk->sk_state_change;
	sk->sk_data_ready = iscst_sk_data_ready;
	sk->sk_write_space = iscst_sk_write_space;
	sk->sk_state_change = iscst_sk_state_change;
	write_unlock_bh(&sk->sk_callback_lock);
}

/* The socket may outlive the module: nothing of us stays behind. */
static void iscst_conn_clear_callbacks(struct iscst_conn *conn)
{
	struct sock *sk = conn->sock->sk;

	write_lock_bh(&sk->sk_callback_lock);
	sk->sk_user_data = NULL;
	sk->sk_data_ready = conn->portal->data_ready;
	sk->sk_write_space = conn->write_space;
	sk->sk_state_change = conn->state_change;
	write_unlock_bh(&sk->sk_callback_lock);
	iscst_cpu_leave(conn);
}

/*
 * What is unsent still goes out, the FIN at least; TCP gives it up when the peer takes none of
 * it. The timers for that run only while the network namespace is kept. In one that is going
 * away nothing can be sent, and the release closes the socket at once.
 */
static void iscst_sock_release(struct socket *sock)
{
	struct net *net = maybe_get_net(sock_net(sock->sk));

	if (net) {
		tcp_sock_set_user_timeout(sock->sk, ISCST_LINGER_MS);
		sk_net_refcnt_upgrade(sock->sk);
		put_net(net);
	}
	/* Sends what is corked; with data that nobody reads, the release would not. */
	kernel_sock_shutdown(sock, SHUT_WR);
	sock_release(sock);
}

/* The order of the end; the numbers are those of iscst.h. */
static void iscst_conn_close_work(struct work_struct *work)
{
	struct iscst_conn *conn = container_of(work, struct iscst_conn, close_work);

	iscst_conn_clear_callbacks(conn);		/* 1 */
	flush_work(&conn->io_work);			/* 2 */
	cancel_work_sync(&conn->slow_work);
	cancel_delayed_work_sync(&conn->timer);
	set_bit(ISCST_CONN_DEAD, &conn->flags);		/* 3 */
	iscst_conn_kick(conn);
	flush_work(&conn->io_work);
	iscst_conn_tell_end(conn);
	iscst_sock_release(conn->sock);			/* 4 */
	if (!iscst_session_end(conn))			/* 5 */
		iscst_conn_free(conn);			/* 6 */
}

static void iscst_conn_leave(struct iscst_conn *conn)
{
	mutex_lock(&iscst_lock);
	list_del(&conn->entry);
	if (conn->is_login)
		conn->portal->logins--;
	mutex_unlock(&iscst_lock);
}

/**
 * iscst_conn_free() - the last of a connection
 * @conn: the connection: dead, and its session is gone from the core
 *
 * Context: process context without locks.
 */
void iscst_conn_free(struct iscst_conn *conn)
{
	/* Waits for iscst_conn_enter(), which kicks io_work. */
	iscst_conn_leave(conn);
	cancel_work_sync(&conn->io_work);
	iscst_conn_drain(conn);
	if (conn->session)
		iscst_session_free(conn->session);
	iscst_login_free(conn->login);
	iscst_text_exit(&conn->text);
	iscst_portal_ref_put(conn->portal);
	kfree(conn);
	wake_up_all(&iscst_waitq);
}

/**
 * iscst_conn_established() - a normal session is there: this is no log-in any more
 * @conn: the connection
 *
 * Context: process context; takes iscst_lock.
 */
void iscst_conn_established(struct iscst_conn *conn)
{
	mutex_lock(&iscst_lock);
	conn->is_login = false;
	conn->portal->logins--;
	mutex_unlock(&iscst_lock);
}

static struct iscst_conn *iscst_conn_alloc(struct iscst_portal *portal,
					   struct socket *sock)
{
	struct iscst_conn *conn = kzalloc_obj(*conn);

	if (!conn)
		return NULL;
	conn->login = iscst_login_alloc();
	if (!conn->login) {
		kfree(conn);
		return NULL;
	}
	conn->portal = portal;
	conn->sock = sock;
	conn->net = sock_net(sock->sk);
	iscst_cpu_init(conn);
	conn->segment = ISCST_LOGIN_SEGMENT;
	conn->statsn = 1;
	conn->started = jiffies;
	conn->last_rx = jiffies;
	conn->last_ack = jiffies;
	conn->nop_sent = jiffies;
	conn->ticked = jiffies;
	conn->rx.need = ISCSI_HDR_LEN;
	iscst_params_init(&conn->params);
	init_llist_head(&conn->events);
	INIT_KFIFO(conn->scsi_events);
	spin_lock_init(&conn->scsi_events_lock);
	INIT_LIST_HEAD(&conn->tx_list);
	INIT_LIST_HEAD(&conn->waiting);
	INIT_LIST_HEAD(&conn->aborts);
	INIT_WORK(&conn->io_work, iscst_conn_io_work);
	INIT_WORK(&conn->slow_work, iscst_conn_slow_work);
	INIT_WORK(&conn->close_work, iscst_conn_close_work);
	INIT_DELAYED_WORK(&conn->timer, iscst_conn_timer);
	return conn;
}

/* Whoever has an IPv6 address has a network of them, unless it is that of a link. */
static bool iscst_is_same_host6(const struct in6_addr *a, const struct in6_addr *b)
{
	bool is_link = ipv6_addr_type(a) & IPV6_ADDR_LINKLOCAL;

	return ipv6_prefix_equal(a, b, is_link ? 128 : 64);
}

static bool iscst_is_same_host(const struct sockaddr_storage *a,
			       const struct sockaddr_storage *b)
{
	if (a->ss_family != b->ss_family)
		return false;
	if (a->ss_family == AF_INET6)
		return iscst_is_same_host6(&((const struct sockaddr_in6 *)a)->sin6_addr,
					   &((const struct sockaddr_in6 *)b)->sin6_addr);
	return ((const struct sockaddr_in *)a)->sin_addr.s_addr ==
	       ((const struct sockaddr_in *)b)->sin_addr.s_addr;
}

/* Nobody is to keep others from logging in. */
static bool __iscst_peer_has_enough(const struct iscst_conn *conn)
{
	const struct iscst_conn *other;
	unsigned int count = 0;

	lockdep_assert_held(&iscst_lock);
	list_for_each_entry(other, &iscst_conns, entry)
		count += other->is_login && other->portal == conn->portal &&
			 iscst_is_same_host(&other->peer, &conn->peer);
	return count >= ISCST_MAX_PEER_LOGINS;
}

/*
 * Who holds connections idle is not to keep others from logging in: a log-in that goes on is
 * over long before it is the oldest. One that the target itself is busy with stays.
 */
static void __iscst_portal_evict(struct iscst_portal *portal)
{
	const unsigned long stays = BIT(ISCST_CONN_SLOW) | BIT(ISCST_CONN_CLOSING);
	struct iscst_conn *conn;

	lockdep_assert_held(&iscst_lock);
	list_for_each_entry(conn, &iscst_conns, entry) {
		if (conn->portal != portal || !conn->is_login || READ_ONCE(conn->flags) & stays)
			continue;
		iscst_conn_fail(conn, ISCST_REASON_TOO_MANY_LOGINS);
		return;
	}
}

static bool __iscst_conn_may_enter(struct iscst_conn *conn)
{
	struct iscst_portal *portal = conn->portal;

	if (portal->logins >= 2 * ISCST_MAX_LOGINS || __iscst_peer_has_enough(conn))
		return false;
	if (portal->logins >= ISCST_MAX_LOGINS)
		__iscst_portal_evict(portal);
	return true;
}

/* Returns whether the portal takes one more that has not shown who it is. */
static bool iscst_conn_enter(struct iscst_conn *conn)
{
	struct iscst_portal *portal = conn->portal;
	bool enters;

	mutex_lock(&iscst_lock);
	enters = __iscst_conn_may_enter(conn);
	if (enters) {
		portal->logins++;
		conn->is_login = true;
		kref_get(&portal->kref);
		list_add_tail(&conn->entry, &iscst_conns);
		/* From the call-backs on it may end, and cancels this. */
		queue_delayed_work(iscst_slow_wq, &conn->timer, HZ);
		iscst_conn_set_callbacks(conn);
		scst_stall(SCST_STALL_ENTER);
		/* What came before the call-backs were there */
		iscst_conn_kick(conn);
	}
	mutex_unlock(&iscst_lock);
	return enters;
}

/**
 * iscst_conn_create() - a connection came in
 * @portal: where
 * @sock:   its socket, which is ours from here on
 *
 * Context: process context, the portal's accept_work.
 */
void iscst_conn_create(struct iscst_portal *portal, struct socket *sock)
{
	struct iscst_conn *conn = iscst_conn_alloc(portal, sock);

	if (!conn)
		goto out_release;
	kernel_getpeername(sock, (struct sockaddr *)&conn->peer);
	trace_iscst_conn_up(conn);
	if (iscst_conn_enter(conn))
		return;
	iscst_conn_set_reason(conn, ISCST_REASON_TOO_MANY_LOGINS);
	iscst_conn_tell_end(conn);
	iscst_login_free(conn->login);
	kfree(conn);
out_release:
	/* Its call-back is the portal's, and it has no user data of its own. */
	sock->sk->sk_data_ready = portal->data_ready;
	/* Nothing is left of it that a peer which went silent could keep. */
	sock_no_linger(sock->sk);
	sock_release(sock);
}
