// SPDX-License-Identifier: GPL-2.0
/*
 * The end of a connection and of its session; iscst.h has the order.
 */
#include <linux/lockdep.h>
#include <linux/slab.h>
#include <net/net_namespace.h>
#include <net/tcp.h>

#include "iscst.h"

/* How long TCP tries to send what a released socket has, without progress, ms */
#define ISCST_LINGER_MS	5000

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

/**
 * iscst_conn_free() - the last of a connection
 * @conn: the connection: dead, and its session is gone from the core
 *
 * Context: process context without locks.
 */
void iscst_conn_free(struct iscst_conn *conn)
{
	/* Waits for iscst_conn_admit(), which kicks io_work. */
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
 * The core is done with it. Its target may go from here on. Unless the connection waits
 * for that, it is told that it is logged out, and frees the session when it ends.
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

/**
 * iscst_conn_unregister() - a connection's socket is gone: its session ends
 * @conn: the connection; may be gone on return
 *
 * Context: process context; takes iscst_lock.
 * Return: true if the core still has the session: it goes on when that is gone.
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
 * iscst_session_logged_out() - the initiator has logged out: its session ends
 * @conn: the connection, in slow_work
 *
 * Context: process context; takes iscst_lock and the socket's lock.
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

/* The order of the end; the numbers are those of iscst.h. */
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
