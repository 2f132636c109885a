// SPDX-License-Identifier: GPL-2.0
/*
 * Control PDUs, which belong to no SCSI command: allocated, freed, sent; and Reject.
 */
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "iscst.h"
#include "trace.h"

/**
 * iscst_ctl_alloc() - allocate a control PDU
 * @conn:   the connection
 * @opcode: its opcode
 * @len:    bytes of its data segment, which the caller fills in
 *
 * The F bit is set, the Initiator Task Tag is the reserved one, and the PDU takes a StatSN.
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
 * iscst_ctl_free() - free a control PDU
 * @ctl: the PDU, sent or not
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
 * iscst_ctl_send() - send a control PDU
 * @ctl: the PDU; it belongs to the connection from here on
 *
 * Context: thread or softirq.
 */
void iscst_ctl_send(struct iscst_ctl *ctl)
{
	iscst_conn_post(ctl->conn, &ctl->tx);
}

/**
 * iscst_reject() - reject the PDU that is being received
 * @conn:   the connection
 * @reason: the Reason of RFC 7143 11.17.1
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
