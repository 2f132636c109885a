// SPDX-License-Identifier: GPL-2.0
/*
 * NOP-Out and NOP-In, RFC 7143 11.18 and 11.19.
 */
#include <linux/jiffies.h>

#include "iscst.h"

/**
 * iscst_nop_out() - handle the header of a NOP-Out
 * @conn: the connection
 *
 * A ping is answered with its own data. A NOP-Out with the target's tag answers a NOP-In, and may
 * be a ping as well.
 *
 * Context: io_work.
 * Return: 0, or -ENOMEM.
 */
int iscst_nop_out(struct iscst_conn *conn)
{
	struct iscsi_hdr *hdr = (struct iscsi_hdr *)conn->rx.hdr;
	struct iscst_ctl *ctl;

	if (!conn->has_sent_nop) {
		conn->has_sent_nop = true;
		/* Asynchronous Messages were held back until now. */
		iscst_conn_kick(conn);
	}
	if (hdr->ttt != ISCST_NO_TAG)
		conn->nop_pending = false;
	if (hdr->itt == RESERVED_ITT)
		return 0;
	ctl = iscst_ctl_alloc(conn, ISCSI_OP_NOOP_IN, conn->rx.len);
	if (!ctl)
		return -ENOMEM;
	ctl->hdr.lun = hdr->lun;
	ctl->hdr.itt = hdr->itt;
	ctl->hdr.ttt = ISCST_NO_TAG;
	conn->rx.ctl = ctl;
	iscst_rx_to_buf(conn, ctl->data);
	return 0;
}

/**
 * iscst_nop_out_done() - answer a ping whose data is complete
 * @conn: the connection
 *
 * Context: io_work.
 * Return: 0.
 */
int iscst_nop_out_done(struct iscst_conn *conn)
{
	struct iscst_ctl *ctl = conn->rx.ctl;
	u32 len = min(ctl->len, conn->params.max_recv_data_segment_length);

	atomic_sub(ctl->len - len, &conn->ctl_bytes);
	ctl->len = len;
	iscst_ctl_send(ctl);
	return 0;
}

/* Sends a NOP-In. @ttt is ISCST_NO_TAG: no answer, the PDU only carries the sequence numbers. */
static void iscst_nop_in(struct iscst_conn *conn, __be32 ttt)
{
	struct iscst_ctl *ctl = iscst_ctl_alloc(conn, ISCSI_OP_NOOP_IN, 0);

	if (!ctl)
		return;
	ctl->hdr.ttt = ttt;
	ctl->numbered = false;
	iscst_ctl_send(ctl);
}

/**
 * iscst_nop_ping() - send a NOP-In that is to be answered
 * @conn: the connection
 *
 * Context: io_work.
 */
void iscst_nop_ping(struct iscst_conn *conn)
{
	conn->nop_pending = true;
	conn->nop_sent = jiffies;
	/* Any tag but the reserved one will do: only one ping is ever outstanding. */
	iscst_nop_in(conn, cpu_to_be32(1));
}

/**
 * iscst_cmdsn_notify() - tell the initiator that the window is open, if it does not know
 * @conn: the connection
 *
 * Any other PDU that is about to be sent carries MaxCmdSN, too.
 *
 * Context: io_work.
 */
void iscst_cmdsn_notify(struct iscst_conn *conn)
{
	const struct iscst_session *session = conn->session;

	if (session->max_cmdsn == session->exp_cmdsn - 1 && list_empty(&conn->tx_list) &&
	    llist_empty(&conn->events))
		iscst_nop_in(conn, ISCST_NO_TAG);
}
