// SPDX-License-Identifier: GPL-2.0
/*
 * Text Requests in full feature phase, RFC 7143 11.10 and 11.11.
 */
#include <linux/string.h>

#include "iscst.h"

#define ISCST_TEXT_RSP_MAX	SZ_1M

/* Any Target Transfer Tag but the reserved one: only one negotiation is in progress. */
#define ISCST_TEXT_TAG		cpu_to_be32(1)

static bool iscst_text_is_continued(const struct iscst_conn *conn, const struct iscsi_text *req)
{
	return conn->text.req && req->ttt == ISCST_TEXT_TAG && req->itt == conn->text_itt;
}

/**
 * iscst_text_header() - handle the header of a Text Request, RFC 7143 11.10
 * @conn: the connection
 *
 * Context: io_work.
 * Return: 0, or an errno: the connection is to be closed.
 */
int iscst_text_header(struct iscst_conn *conn)
{
	const struct iscsi_text *req = (struct iscsi_text *)conn->rx.hdr;

	if (!iscst_text_is_continued(conn, req)) {
		if (req->ttt != ISCST_NO_TAG)
			return iscst_reject(conn, ISCSI_REASON_PROTOCOL_ERROR);
		/* A new negotiation replaces the one in progress. */
		iscst_text_exit(&conn->text);
		if (iscst_text_init(&conn->text, ISCST_TEXT_RSP_MAX))
			return -ENOMEM;
		conn->text_itt = req->itt;
	}
	return iscst_text_receive(conn, &conn->text);
}

/* Sends as much of the response as fits into one PDU. */
static int iscst_text_respond(struct iscst_conn *conn, bool final)
{
	struct iscst_text *text = &conn->text;
	u32 len = min(text->rsp_len - text->rsp_sent, conn->params.max_recv_data_segment_length);
	struct iscst_ctl *ctl = iscst_ctl_alloc(conn, ISCSI_OP_TEXT_RSP, len);
	bool more = text->rsp_sent + len < text->rsp_len;

	if (!ctl)
		return -ENOMEM;
	if (len)
		memcpy(ctl->data, text->rsp + text->rsp_sent, len);
	text->rsp_sent += len;
	ctl->hdr.flags = 0;
	if (more)
		ctl->hdr.flags = ISCSI_FLAG_TEXT_CONTINUE;
	else if (final)
		ctl->hdr.flags = ISCSI_FLAG_CMD_FINAL;
	ctl->hdr.itt = conn->text_itt;
	ctl->hdr.ttt = ctl->hdr.flags & ISCSI_FLAG_CMD_FINAL ? ISCST_NO_TAG : ISCST_TEXT_TAG;
	if (ctl->hdr.flags & ISCSI_FLAG_CMD_FINAL)
		iscst_text_exit(text);
	iscst_ctl_send(ctl);
	return 0;
}

static int iscst_text_answer(struct iscst_conn *conn, u8 flags)
{
	struct iscst_text *text = &conn->text;

	if (flags & ISCSI_FLAG_TEXT_CONTINUE)
		return iscst_text_respond(conn, false);
	if (text->rsp_sent == text->rsp_len) {
		text->rsp_len = 0;
		text->rsp_sent = 0;
		if (iscst_nego_text(conn, text, ISCST_FULL_FEATURE) || text->full)
			return -EPROTO;
		text->req_len = 0;
	}
	return iscst_text_respond(conn, flags & ISCSI_FLAG_CMD_FINAL);
}

/**
 * iscst_text_run() - answer the Text Request that was received
 * @conn: the connection
 *
 * Context: slow_work.
 */
void iscst_text_run(struct iscst_conn *conn)
{
	const struct iscsi_text *req = (struct iscsi_text *)conn->rx.hdr;

	conn->text.req_len += conn->rx.len;
	if (iscst_text_answer(conn, req->flags))
		iscst_conn_close(conn, ISCST_REASON_NONE);
}
