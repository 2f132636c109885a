// SPDX-License-Identifier: GPL-2.0
/*
 * The destination of the data of the PDU that is being received.
 */
#include "iscst.h"

/**
 * iscst_rx_to_buf() - receive a PDU's data into a buffer
 * @conn: the connection
 * @buf:  the buffer, with room for the data segment
 *
 * Context: under the socket's lock.
 */
void iscst_rx_to_buf(struct iscst_conn *conn, void *buf)
{
	conn->rx.dest = ISCST_RX_BUF;
	conn->rx.buf = buf;
}

/**
 * iscst_rx_to_cmd() - receive a PDU's data into the buffer of a command
 * @conn: the connection
 * @cmd:  the command; its cursor is at the place of the data
 * @keep: bytes that are wanted; the others are discarded
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
 * iscst_rx_discard() - discard the rest of a PDU's data
 * @conn: the connection
 * @cmd:  the command; a PDU of another one is not touched
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
