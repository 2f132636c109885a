// SPDX-License-Identifier: GPL-2.0
/*
 * Asynchronous Messages, RFC 7143 11.9.
 */
#include <linux/kfifo.h>
#include <linux/string.h>
#include <scsi/scsi_common.h>

#include "iscst.h"

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
	struct iscst_ctl *ctl = iscst_async_alloc(conn, ISCSI_ASYNC_MSG_SCSI_EVENT, 2 + sense_len);

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
 * iscst_async_scsi() - send the SCSI events that are pending
 * @conn: the connection; events stay pending while its initiator does not read
 *
 * The conditions are also unit attentions, so the initiator may ignore the messages. Boot firmware
 * closes its session when it receives one. As it sends no NOP-Outs either, events stay pending
 * until the initiator has sent a NOP-Out.
 *
 * Context: io_work.
 */
void iscst_async_scsi(struct iscst_conn *conn)
{
	struct iscst_scsi_event event;

	if (!READ_ONCE(conn->target->scsi_events))
		kfifo_reset_out(&conn->scsi_events);
	if (!conn->has_sent_nop)
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
 * iscst_async_drop() - tell the initiator that its connection is dropped
 * @conn: the connection
 *
 * Context: under the socket's lock.
 */
void iscst_async_drop(struct iscst_conn *conn)
{
	struct iscst_ctl *ctl = iscst_async_alloc(conn,
						  ISCSI_ASYNC_MSG_DROPPING_ALL_CONNECTIONS, 0);
	struct iscsi_async *hdr;

	if (!ctl)
		return;
	hdr = (struct iscsi_async *)&ctl->hdr;
	/* Time2Retain, in param3, is zero: the target keeps nothing of the session. */
	hdr->param2 = cpu_to_be16(conn->params.time2wait);
	list_add_tail(&ctl->tx.entry, &conn->tx_list);
}
