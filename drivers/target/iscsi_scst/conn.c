// SPDX-License-Identifier: GPL-2.0
/*
 * Connections: accepted, allocated, listed; and their slow_work.
 */
#include <linux/jiffies.h>
#include <linux/net.h>
#include <linux/slab.h>
#include <net/sock.h>

#include "iscst.h"
#include "trace.h"

static void iscst_conn_slow_work(struct work_struct *work)
{
	struct iscst_conn *conn = container_of(work, struct iscst_conn, slow_work);

	scst_stall(SCST_STALL_SLOW);
	if (conn->state == ISCST_CONN_LOGIN)
		iscst_login_run(conn);
	else if (conn->state == ISCST_CONN_AWAIT_CLOSE)
		iscst_session_logged_out(conn);
	else
		iscst_text_run(conn);
	/* Orders the work before the flag whose clearing hands the connection to io_work. */
	smp_mb__before_atomic();
	clear_bit(ISCST_CONN_SLOW, &conn->flags);
	iscst_conn_kick(conn);
}

static struct iscst_conn *iscst_conn_alloc(struct iscst_portal *portal, struct socket *sock)
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

/* Returns false if the portal or the host has too many connections without a session. */
static bool iscst_conn_admit(struct iscst_conn *conn)
{
	struct iscst_portal *portal = conn->portal;
	bool enters;

	mutex_lock(&iscst_lock);
	enters = __iscst_conn_is_admitted(conn);
	if (enters) {
		portal->logins++;
		conn->is_login = true;
		kref_get(&portal->kref);
		list_add_tail(&conn->entry, &iscst_conns);
		/* Once the call-backs are set, close_work may run, and cancels the timer. */
		queue_delayed_work(iscst_slow_wq, &conn->timer, HZ);
		iscst_conn_set_callbacks(conn);
		scst_stall(SCST_STALL_ENTER);
		/* Data may have come before the call-backs were set. */
		iscst_conn_kick(conn);
	}
	mutex_unlock(&iscst_lock);
	return enters;
}

/**
 * iscst_conn_create() - make a connection of an accepted socket
 * @portal: the portal that accepted it
 * @sock:   the socket; the connection owns it from here on
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
	if (iscst_conn_admit(conn))
		return;
	iscst_conn_set_reason(conn, ISCST_REASON_TOO_MANY_LOGINS);
	iscst_conn_report_close(conn);
	iscst_login_free(conn->login);
	kfree(conn);
out_release:
	/* The socket has the call-back of the portal's, and no user data. */
	sock->sk->sk_data_ready = portal->data_ready;
	/* Without lingering, a silent peer cannot keep the memory of the socket. */
	sock_no_linger(sock->sk);
	sock_release(sock);
}
