// SPDX-License-Identifier: GPL-2.0
/*
 * The flags of a connection: other contexts set them as requests, and the service of the
 * connection handles and clears them.
 */
#include <linux/kfifo.h>

#include "iscst.h"

/*
 * An aborted command does not wait for its data: the initiator need not send it, or does not
 * know of the abort. Even the rest of the PDU that is being received is not waited for.
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

/* Moves all that is to be sent to @unsent, except for the answer to a TARGET COLD RESET. */
static void iscst_conn_hold_unsent(struct iscst_conn *conn, struct list_head *unsent)
{
	struct iscst_tx *tx, *next;

	list_splice_init(&conn->tx_list, unsent);
	list_for_each_entry_safe(tx, next, unsent, entry)
		if (tx->kind == ISCST_TX_CTL && container_of(tx, struct iscst_ctl, tx)->cold)
			list_move_tail(&tx->entry, &conn->tx_list);
}

/**
 * __iscst_conn_drop() - send the Asynchronous Message that drops a connection, and close it
 * @conn: the connection
 *
 * The message is lost if the socket has no room for it now. The answer to a TARGET COLD RESET
 * is sent before it, and nothing after it.
 *
 * Context: under the socket's lock.
 */
void __iscst_conn_drop(struct iscst_conn *conn)
{
	LIST_HEAD(unsent);

	iscst_conn_events(conn);
	iscst_conn_hold_unsent(conn, &unsent);
	iscst_async_drop(conn);
	iscst_tx_run(conn);
	list_splice(&unsent, &conn->tx_list);
	iscst_conn_close(conn, ISCST_REASON_NONE);
}

/**
 * iscst_conn_handle_flags() - handle the requests in the flags of a connection
 * @conn: the connection
 *
 * Context: io_work, under the socket's lock.
 * Return: true if a second has passed.
 */
bool iscst_conn_handle_flags(struct iscst_conn *conn)
{
	if (!iscst_conn_is_normal(conn))
		return false;
	if (test_and_clear_bit(ISCST_CONN_ABORTED, &conn->flags)) {
		/* The MaxCmdSN of every PDU from here on includes the slots of aborted commands. */
		iscst_cmd_reclaim(conn->session);
		iscst_conn_fail_aborted(conn);
	}
	iscst_async_scsi(conn);
	if (test_and_clear_bit(ISCST_CONN_WINDOW, &conn->flags))
		iscst_cmdsn_notify(conn);
	if (test_and_clear_bit(ISCST_CONN_ASK_LOGOUT, &conn->flags))
		iscst_async_logout(conn);
	if (test_and_clear_bit(ISCST_CONN_DROP, &conn->flags))
		__iscst_conn_drop(conn);
	return test_and_clear_bit(ISCST_CONN_TICK, &conn->flags);
}
