// SPDX-License-Identifier: GPL-2.0
/*
 * The events of a connection: items that other contexts posted are queued to be sent. They fail
 * if the connection is closed.
 */
#include <linux/lockdep.h>

#include "iscst.h"

/* The connection is closed: its items fail. */
static void iscst_tx_fail(struct iscst_tx *tx)
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
	if (test_bit(ISCST_CONN_CLOSED, &conn->flags)) {
		iscst_tx_fail(tx);
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
 * iscst_conn_events() - handle the items that were posted
 * @conn: the connection
 *
 * Context: under the socket's lock, or the connection is closed.
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

/**
 * iscst_conn_drain() - give back all that a closed connection owns
 * @conn: the connection
 *
 * Context: io_work, or after it was cancelled. No lock is needed: nothing else uses the
 * connection any more.
 */
void iscst_conn_drain(struct iscst_conn *conn)
{
	struct iscst_tx *tx;

	lockdep_assert(test_bit(ISCST_CONN_CLOSED, &conn->flags));
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
		iscst_tx_fail(tx);
	}
	iscst_conn_events(conn);
	WRITE_ONCE(conn->server, 0);
}
