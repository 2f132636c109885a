// SPDX-License-Identifier: GPL-2.0
/*
 * The ways to end a connection: close, drop, log out. iscst.h defines the words. teardown.c does
 * the work.
 */
#include <linux/errno.h>
#include <linux/jiffies.h>
#include <linux/lockdep.h>

#include "iscst.h"

/**
 * iscst_conn_is_normal() - whether a connection belongs to a normal session
 * @conn: the connection
 *
 * Context: any.
 * Return: true if it is logged in to a target: its session has an I_T nexus.
 */
bool iscst_conn_is_normal(const struct iscst_conn *conn)
{
	/* Pairs with iscst_login_publish(). */
	return smp_load_acquire(&conn->state) == ISCST_CONN_FULL && conn->session->sess;
}

/**
 * iscst_conn_close() - close a connection
 * @conn:   the connection
 * @reason: why; ISCST_REASON_NONE: no failure, or a reason that is set already
 *
 * Context: any; the caller is the connection's own work, or holds iscst_lock or the
 * socket's call-back lock.
 */
void iscst_conn_close(struct iscst_conn *conn, enum iscst_reason reason)
{
	iscst_conn_set_reason(conn, reason);
	if (test_and_set_bit(ISCST_CONN_CLOSING, &conn->flags))
		return;
	queue_work(iscst_close_wq, &conn->close_work);
	/* slow_work may be waiting for another session. */
	wake_up_all(&iscst_waitq);
}

static enum iscst_reason iscst_reason_of(int err)
{
	switch (err) {
	case -EBADMSG:
		return ISCST_REASON_HEADER_DIGEST;
	case -EPROTO:
	case -EMSGSIZE:
		return ISCST_REASON_PROTOCOL;
	case -ENOMEM:
		return ISCST_REASON_NO_MEMORY;
	default:
		return ISCST_REASON_LOST;
	}
}

/**
 * iscst_conn_close_errno() - close a connection after an error
 * @conn: the connection
 * @err:  the errno of receiving or sending
 *
 * Context: as for iscst_conn_close().
 */
void iscst_conn_close_errno(struct iscst_conn *conn, int err)
{
	iscst_conn_close(conn, iscst_reason_of(err));
}

/**
 * iscst_conn_drop() - drop a connection
 * @conn:   the connection; without a normal session it is closed
 * @reason: why, as for iscst_conn_close()
 *
 * Context: process context; the caller is the connection's own work, or holds iscst_lock.
 */
void iscst_conn_drop(struct iscst_conn *conn, enum iscst_reason reason)
{
	if (!iscst_conn_is_normal(conn)) {
		iscst_conn_close(conn, reason);
		return;
	}
	iscst_conn_set_reason(conn, reason);
	scst_stall(SCST_STALL_DROP);
	set_bit(ISCST_CONN_DROP, &conn->flags);
	iscst_conn_kick(conn);
}

/**
 * iscst_conn_ask_logout() - ask the initiator to log out
 * @conn: the connection; it is dropped after ISCST_LOGOUT_SECONDS
 *
 * A connection without a session is closed. If the target has request_logout off, the
 * connection is dropped.
 *
 * Context: process context, under iscst_lock.
 */
void iscst_conn_ask_logout(struct iscst_conn *conn)
{
	lockdep_assert_held(&iscst_lock);
	if (!conn->session || !conn->session->sess) {
		iscst_conn_close(conn, ISCST_REASON_NONE);
		return;
	}
	if (!conn->target || !READ_ONCE(conn->target->request_logout)) {
		iscst_conn_drop(conn, ISCST_REASON_NONE);
		return;
	}
	if (test_bit(ISCST_CONN_LOGOUT_ASKED, &conn->flags))
		return;
	WRITE_ONCE(conn->drop_at, jiffies + ISCST_LOGOUT_SECONDS * HZ);
	/* Orders the time before the flag that makes it valid. */
	smp_mb__before_atomic();
	set_bit(ISCST_CONN_LOGOUT_ASKED, &conn->flags);
	set_bit(ISCST_CONN_ASK_LOGOUT, &conn->flags);
	iscst_conn_kick(conn);
}

/**
 * iscst_conn_await_close() - discard all that arrives, and let the initiator close
 * @conn: the connection; pending answers are still sent
 *
 * Context: under the socket's lock, or slow_work.
 */
void iscst_conn_await_close(struct iscst_conn *conn)
{
	WRITE_ONCE(conn->started, jiffies);
	WRITE_ONCE(conn->state, ISCST_CONN_AWAIT_CLOSE);
}

/**
 * iscst_target_drop_sessions() - drop all connections of a target
 * @target:   the target
 * @graceful: ask the initiators to log out first
 *
 * Context: process context; takes iscst_lock.
 */
void iscst_target_drop_sessions(struct iscst_target *target, bool graceful)
{
	struct iscst_conn *conn;

	mutex_lock(&iscst_lock);
	list_for_each_entry(conn, &iscst_conns, entry) {
		if (conn->target != target)
			continue;
		if (graceful)
			iscst_conn_ask_logout(conn);
		else
			iscst_conn_drop(conn, ISCST_REASON_REMOVED);
	}
	mutex_unlock(&iscst_lock);
}
