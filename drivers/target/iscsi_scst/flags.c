// SPDX-License-Identifier: GPL-2.0
/*
 * What others have told a connection by a flag, once it is served.
 */
#include <linux/kfifo.h>

#include "iscst.h"

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

/* Take what waits for the socket away, but for the answer to a TARGET COLD RESET. */
static void iscst_conn_hold_unsent(struct iscst_conn *conn, struct list_head *unsent)
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

/* Returns whether a second has passed. */
bool iscst_conn_handle_flags(struct iscst_conn *conn)
{
	if (!iscst_conn_is_normal(conn))
		return false;
	if (test_and_clear_bit(ISCST_CONN_ABORTED, &conn->flags)) {
		/* What is sent from here on says how much room they leave in the window. */
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
