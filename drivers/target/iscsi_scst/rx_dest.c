// SPDX-License-Identifier: GPL-2.0
/*
 * Where the data of the PDU goes that is being received.
 */
#include "iscst.h"

/**
 * iscst_rx_to_buf() - a PDU's data goes into a buffer
 * @conn: the connection
 * @buf:  where to; as much room as the PDU has data
 *
 * Context: under the socket's lock.
 */
void iscst_rx_to_buf(struct iscst_conn *conn, void *buf)
{
	conn->rx.dest = ISCST_RX_BUF;
	conn->rx.buf = buf;
}

/**
 * iscst_rx_to_cmd() - a PDU's data is a command's
 * @conn: the connection
 * @cmd:  the command, whose cursor stands where the data belongs
 * @keep: bytes of it that are wanted; the others are dropped
 *
 * Context: under the socket's lock.
 */
void iscst_rx_to_cmd(struct iscst_conn *conn, struct iscst_cmd *cmd, u32 keep)
{
	conn->rx.dest = ISCST_RX_CMD;
	conn->rx.cmd = cmd;
	conn->rx.keep = keep;
}

/**
 * iscst_rx_discard() - a command wants no data any more
 * @conn: the connection
 * @cmd:  the command; what comes for it is dropped
 *
 * Context: under the socket's lock.
 */
void iscst_rx_discard(struct iscst_conn *conn, struct iscst_cmd *cmd)
{
	if (conn->rx.cmd != cmd)
		return;
	conn->rx.cmd = NULL;
	conn->rx.dest = ISCST_RX_DISCARD;
}
