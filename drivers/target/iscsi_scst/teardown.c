// SPDX-License-Identifier: GPL-2.0
/*
 * Teardown of connections and sessions; iscst.h has the order.
 */
#include <linux/lockdep.h>
#include <linux/slab.h>
#include <net/net_namespace.h>
#include <net/tcp.h>

#include "iscst.h"

/* How long TCP tries to send what a released socket still has, without progress, ms */
#define ISCST_LINGER_MS	5000

/*
 * TCP still sends what is unsent, the FIN at least, and gives up when the peer acknowledges
 * nothing. The timers for that only run while the network namespace is kept. In a namespace that
 * is being removed nothing can be sent, and the release closes the socket at once.
 */
static void iscst_sock_release(struct socket *sock)
{
	struct net *net = maybe_get_net(sock_net(sock->sk));

	if (net) {
		tcp_sock_set_user_timeout(sock->sk, ISCST_LINGER_MS);
		sk_net_refcnt_upgrade(sock->sk);
		put_net(net);
	}
	/* Sends corked data. A release alone would reset a connection with unread data. */
	kernel_sock_shutdown(sock, SHUT_WR);
	sock_release(sock);
}

/**
 * iscst_conn_free() - free a connection and its session
 * @conn: the connection; it is closed and its session unregistered
 *
 * Context: process context without locks.
 */
void iscst_conn_free(struct iscst_conn *conn)
{
	/* The lock also waits for iscst_conn_admit(), which kicks io_work. */
	iscst_conn_unlist(conn);
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

/*
 * The core has unregistered the session; its target may be freed from here on. If the socket is
 * released, this is the last step. Otherwise the connection is logged out: it sends the answer,
 * and is freed when it is closed.
 */
static void iscst_session_unregistered(void *priv)
{
	struct iscst_session *session = priv;
	struct iscst_conn *conn = session->conn;
	bool is_last;

	mutex_lock(&iscst_lock);
	conn->target = NULL;
	WRITE_ONCE(conn->started, jiffies);
	WRITE_ONCE(session->unregistered, true);
	is_last = !conn->sock;
	if (!is_last)
		iscst_ctl_send(session->logout);
	mutex_unlock(&iscst_lock);
	wake_up_all(&iscst_waitq);
	if (!is_last)
		return;
	if (session->logout)
		iscst_ctl_free(session->logout);
	iscst_conn_free(conn);
}

static void iscst_session_unregister(struct iscst_session *session)
{
	lockdep_assert_held(&iscst_lock);
	if (session->unregistering)
		return;
	session->unregistering = true;
	scst_session_unregister(session->sess, iscst_session_unregistered);
}

/*
 * The socket is released: the session is unregistered. @conn may be freed on return. Returns true
 * if the core still has the session: iscst_session_unregistered() frees the connection then.
 */
static bool iscst_conn_unregister(struct iscst_conn *conn)
{
	struct iscst_session *session;
	bool waits;

	mutex_lock(&iscst_lock);
	conn->sock = NULL;
	session = conn->session;
	waits = session && session->sess && !session->unregistered;
	if (waits)
		iscst_session_unregister(session);
	mutex_unlock(&iscst_lock);
	wake_up_all(&iscst_waitq);
	return waits;
}

/**
 * iscst_session_logged_out() - unregister the session of an initiator that has logged out
 * @conn: the connection
 *
 * Context: slow_work; takes iscst_lock and the socket's lock.
 */
void iscst_session_logged_out(struct iscst_conn *conn)
{
	mutex_lock(&iscst_lock);
	iscst_session_unregister(conn->session);
	mutex_unlock(&iscst_lock);
	scst_stall(SCST_STALL_OVER);
	lock_sock(conn->sock->sk);
	lockdep_assert(!test_bit(ISCST_CONN_CLOSED, &conn->flags));
	iscst_data_fail_all(conn);
	release_sock(conn->sock->sk);
}

/**
 * iscst_conn_close_work() - tear a connection down
 * @work: its close_work
 *
 * The numbers are those of iscst.h.
 *
 * Context: process context; takes iscst_lock.
 */
void iscst_conn_close_work(struct work_struct *work)
{
	struct iscst_conn *conn = container_of(work, struct iscst_conn, close_work);

	iscst_conn_clear_callbacks(conn);		/* 1 */
	flush_work(&conn->io_work);			/* 2 */
	cancel_work_sync(&conn->slow_work);
	cancel_delayed_work_sync(&conn->timer);
	set_bit(ISCST_CONN_CLOSED, &conn->flags);	/* 3 */
	iscst_conn_kick(conn);
	flush_work(&conn->io_work);
	iscst_conn_report_close(conn);
	iscst_sock_release(conn->sock);			/* 4 */
	if (!iscst_conn_unregister(conn))		/* 5 */
		iscst_conn_free(conn);			/* 6 */
}
