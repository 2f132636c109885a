// SPDX-License-Identifier: GPL-2.0
/*
 * PDUs without a SCSI command: NOP, Reject, Logout, Asynchronous Message.
 */
#include <linux/jiffies.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <scsi/scsi_common.h>

#include "iscst.h"
#include "trace.h"

/**
 * iscst_ctl_alloc() - make a PDU
 * @conn:   the connection
 * @opcode: what it is
 * @len:    bytes of its data segment, which may be filled in later
 *
 * Its F bit is set, its ITT is that of nothing, it takes a StatSN.
 *
 * Context: under the socket's lock, or slow_work.
 * Return: the PDU, or NULL.
 */
struct iscst_ctl *iscst_ctl_alloc(struct iscst_conn *conn, u8 opcode, u32 len)
{
	gfp_t gfp = iscst_conn_gfp(conn);
	struct iscst_ctl *ctl = kzalloc(sizeof(*ctl), gfp);

	if (!ctl)
		return NULL;
	if (len) {
		ctl->data = kvmalloc(len, gfp);
		if (!ctl->data) {
			kfree(ctl);
			return NULL;
		}
	}
	ctl->tx.kind = ISCST_TX_CTL;
	ctl->conn = conn;
	INIT_LIST_HEAD(&ctl->entry);
	ctl->len = len;
	ctl->numbered = true;
	ctl->hdr.opcode = opcode;
	ctl->hdr.flags = ISCSI_FLAG_CMD_FINAL;
	ctl->hdr.itt = RESERVED_ITT;
	atomic_inc(&conn->ctls);
	atomic_add(len, &conn->ctl_bytes);
	return ctl;
}

/**
 * iscst_ctl_free() - free a PDU, sent or not
 * @ctl: the PDU
 */
void iscst_ctl_free(struct iscst_ctl *ctl)
{
	struct iscst_conn *conn = ctl->conn;

	list_del(&ctl->entry);
	atomic_sub(ctl->len, &conn->ctl_bytes);
	atomic_dec(&conn->ctls);
	kvfree(ctl->data);
	kfree(ctl);
}

/**
 * iscst_ctl_send() - have a PDU sent
 * @ctl: the PDU, not to be touched any more
 *
 * Context: thread or softirq.
 */
void iscst_ctl_send(struct iscst_ctl *ctl)
{
	iscst_conn_post(ctl->conn, &ctl->tx);
}

/**
 * iscst_reject() - answer the PDU that is being received with a Reject
 * @conn:   the connection
 * @reason: why, RFC 7143 11.17.1
 *
 * Context: under the socket's lock.
 * Return: 0, or -ENOMEM.
 */
int iscst_reject(struct iscst_conn *conn, u8 reason)
{
	struct iscst_ctl *ctl = iscst_ctl_alloc(conn, ISCSI_OP_REJECT, ISCSI_HDR_LEN);
	struct iscsi_reject *hdr;

	if (!ctl)
		return -ENOMEM;
	hdr = (struct iscsi_reject *)&ctl->hdr;
	hdr->reason = reason;
	trace_iscst_reject(conn, reason);
	memcpy(ctl->data, conn->rx.hdr, ISCSI_HDR_LEN);
	iscst_ctl_send(ctl);
	return 0;
}

/**
 * iscst_nop_out() - the header of a NOP-Out came, RFC 7143 11.18
 * @conn: the connection
 *
 * A ping is answered with its own data. With our tag it answers ours, which it may do and be
 * a ping as well.
 *
 * Context: io_work.
 * Return: 0, or -ENOMEM.
 */
int iscst_nop_out(struct iscst_conn *conn)
{
	struct iscsi_hdr *hdr = (struct iscsi_hdr *)conn->rx.hdr;
	struct iscst_ctl *ctl;

	if (!conn->knows_nop) {
		conn->knows_nop = true;
		/* Its asynchronous messages have waited for that. */
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
 * iscst_nop_out_done() - all of a ping is there
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

/**
 * iscst_nop_in() - send a NOP-In of our own, RFC 7143 11.19
 * @conn: the connection
 * @ttt:  ISCST_NO_TAG: it only brings the sequence numbers; else it is to be answered
 *
 * Context: io_work.
 */
void iscst_nop_in(struct iscst_conn *conn, __be32 ttt)
{
	struct iscst_ctl *ctl = iscst_ctl_alloc(conn, ISCSI_OP_NOOP_IN, 0);

	if (!ctl)
		return;
	ctl->hdr.ttt = ttt;
	ctl->numbered = false;
	iscst_ctl_send(ctl);
}

/**
 * iscst_ask_for_life() - ask for a sign of life
 * @conn: the connection
 *
 * Context: io_work.
 */
void iscst_ask_for_life(struct iscst_conn *conn)
{
	conn->nop_pending = true;
	conn->nop_sent = jiffies;
	/* Any tag but the reserved one: only one is ever under way. */
	iscst_nop_in(conn, cpu_to_be32(1));
}

static u8 iscst_logout_response(struct iscst_conn *conn, const struct iscsi_logout *req)
{
	switch (req->flags & ISCSI_FLAG_LOGOUT_REASON_MASK) {
	case ISCSI_LOGOUT_REASON_CLOSE_SESSION:
		return ISCSI_LOGOUT_SUCCESS;
	case ISCSI_LOGOUT_REASON_CLOSE_CONNECTION:
		return be16_to_cpu(req->cid) == conn->cid ? ISCSI_LOGOUT_SUCCESS :
							    ISCSI_LOGOUT_CID_NOT_FOUND;
	default:
		return ISCSI_LOGOUT_RECOVERY_UNSUPPORTED;
	}
}

/**
 * iscst_logout() - the header of a Logout Request came, RFC 7143 11.14
 * @conn: the connection; what it still has to send is sent first
 *
 * Context: io_work.
 * Return: 0, or -ENOMEM.
 */
int iscst_logout(struct iscst_conn *conn)
{
	struct iscsi_logout *req = (struct iscsi_logout *)conn->rx.hdr;
	struct iscst_ctl *ctl = iscst_ctl_alloc(conn, ISCSI_OP_LOGOUT_RSP, 0);
	struct iscsi_logout_rsp *rsp;

	if (!ctl)
		return -ENOMEM;
	rsp = (struct iscsi_logout_rsp *)&ctl->hdr;
	rsp->itt = req->itt;
	rsp->response = iscst_logout_response(conn, req);
	rsp->t2wait = cpu_to_be16(conn->params.time2wait);
	rsp->t2retain = cpu_to_be16(conn->params.time2retain);
	if (rsp->response == ISCSI_LOGOUT_SUCCESS)
		iscst_session_log_out(conn, ctl);
	else
		iscst_ctl_send(ctl);
	return 0;
}

static struct iscst_ctl *iscst_async_alloc(struct iscst_conn *conn, u8 event, u32 len)
{
	struct iscst_ctl *ctl = iscst_ctl_alloc(conn, ISCSI_OP_ASYNC_EVENT, len);

	if (ctl)
		((struct iscsi_async *)&ctl->hdr)->async_event = event;
	return ctl;
}

static void iscst_async_sense(struct iscst_conn *conn, const struct iscst_scsi_event *event)
{
	const u8 sense_len = 18;
	struct iscst_ctl *ctl = iscst_async_alloc(conn, ISCSI_ASYNC_MSG_SCSI_EVENT,
						  2 + sense_len);

	if (!ctl)
		return;
	scst_lun_encode(event->lun, &ctl->hdr.lun);
	memset(ctl->data, 0, ctl->len);
	put_unaligned_be16(sense_len, ctl->data);
	scsi_build_sense_buffer(0, ctl->data + 2, scst_sense_key(event->sense),
				scst_sense_asc(event->sense), scst_sense_ascq(event->sense));
	iscst_ctl_send(ctl);
}

/**
 * iscst_async_scsi() - tell of the SCSI events that wait
 * @conn: the connection; it waits with them while the initiator reads nothing
 *
 * RFC 7143 11.9.1. The initiator gets them as unit attentions, too: what it makes of the
 * messages is up to it. The firmware that a machine boots with ends the session when it gets
 * one; it has no NOPs either. Until an initiator has sent a NOP-Out, they wait.
 *
 * Context: io_work.
 */
void iscst_async_scsi(struct iscst_conn *conn)
{
	struct iscst_scsi_event event;

	if (!READ_ONCE(conn->target->scsi_events))
		kfifo_reset_out(&conn->scsi_events);
	if (!conn->knows_nop)
		return;
	while (atomic_read(&conn->ctls) < ISCST_MAX_CTLS && kfifo_get(&conn->scsi_events, &event))
		iscst_async_sense(conn, &event);
}

/**
 * iscst_async_logout() - ask the initiator to log out
 * @conn: the connection
 *
 * Context: io_work.
 */
void iscst_async_logout(struct iscst_conn *conn)
{
	struct iscst_ctl *ctl = iscst_async_alloc(conn, ISCSI_ASYNC_MSG_REQUEST_LOGOUT, 0);

	if (!ctl)
		return;
	((struct iscsi_async *)&ctl->hdr)->param3 = cpu_to_be16(ISCST_LOGOUT_SECONDS);
	iscst_ctl_send(ctl);
}

/**
 * iscst_async_drop() - tell the initiator that its session ends
 * @conn: the connection
 *
 * Context: io_work.
 */
void iscst_async_drop(struct iscst_conn *conn)
{
	struct iscst_ctl *ctl = iscst_async_alloc(conn,
						  ISCSI_ASYNC_MSG_DROPPING_ALL_CONNECTIONS, 0);
	struct iscsi_async *hdr;

	if (!ctl)
		return;
	hdr = (struct iscsi_async *)&ctl->hdr;
	/* Time2Retain, in param3, is zero: nothing of the session is kept. */
	hdr->param2 = cpu_to_be16(conn->params.time2wait);
	list_add_tail(&ctl->tx.entry, &conn->tx_list);
}
