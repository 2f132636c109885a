// SPDX-License-Identifier: GPL-2.0
/*
 * Sending: one PDU at a time, header, data and trailer, as far as the socket has room. Data is
 * sent out of the pages of its command.
 */
#include <linux/bvec.h>
#include <linux/jiffies.h>
#include <linux/minmax.h>
#include <linux/sizes.h>
#include <linux/socket.h>
#include <linux/string.h>
#include <linux/uio.h>
#include <net/tcp.h>

#include "iscst.h"
#include "trace.h"

#define ISCST_TX_BVECS	16

/* PDUs to be sent before pending data is received */
#define ISCST_TX_PDUS	32

/*
 * After a PDU with more data, the packets in TCP's backlog are processed first: above all
 * acknowledgments, which keep the data moving. Bytes.
 */
#define ISCST_TX_LONG	SZ_16K

static bool iscst_tx_has_more(struct iscst_conn *conn)
{
	const struct iscst_tx_pdu *tx = &conn->tx;

	if (!tx->item)
		return !list_empty(&conn->tx_list);
	return !tx->last || !list_is_singular(&conn->tx_list);
}

static int iscst_tx_flags(bool more)
{
	return MSG_DONTWAIT | MSG_NOSIGNAL | (more ? MSG_MORE : 0);
}

static int iscst_tx_send_buf(struct iscst_conn *conn, const void *buf, u32 len, bool more)
{
	struct msghdr msg = { .msg_flags = iscst_tx_flags(more) };
	struct kvec vec = { .iov_base = (void *)buf, .iov_len = len };

	iov_iter_kvec(&msg.msg_iter, ITER_SOURCE, &vec, 1, len);
	return tcp_sendmsg_locked(conn->sock->sk, &msg, len);
}

static int iscst_tx_send_header(struct iscst_conn *conn)
{
	struct iscst_tx_pdu *tx = &conn->tx;

	return iscst_tx_send_buf(conn, tx->hdr + tx->off, tx->hdr_len - tx->off,
				 tx->len || iscst_tx_has_more(conn));
}

/* Sends a part of @bvecs without a copy. Returns bytes, or an errno. */
#ifndef scst_tcp_send_bvecs
static int scst_tcp_send_bvecs(struct sock *sk, struct bio_vec *bvecs, unsigned int n,
			       size_t len, int flags)
{
	struct msghdr msg = { .msg_flags = flags | MSG_SPLICE_PAGES };

	iov_iter_bvec(&msg.msg_iter, ITER_SOURCE, bvecs, n, len);
	return tcp_sendmsg_locked(sk, &msg, len);
}
#endif

static int iscst_tx_send_pages(struct iscst_conn *conn, u32 left, bool more)
{
	struct bio_vec bvecs[ISCST_TX_BVECS];
	u32 len = left;
	unsigned int n;
	int ret;

	n = iscst_cursor_bvecs(&conn->tx.cursor, bvecs, ISCST_TX_BVECS, &len);
	ret = scst_tcp_send_bvecs(conn->sock->sk, bvecs, n, len,
				  iscst_tx_flags(more || len < left));
	if (ret > 0)
		iscst_cursor_skip(&conn->tx.cursor, ret);
	return ret;
}

static int iscst_tx_send_data(struct iscst_conn *conn)
{
	struct iscst_tx_pdu *tx = &conn->tx;
	u32 done = tx->off - tx->hdr_len;
	bool more = tx->trailer_len || iscst_tx_has_more(conn);

	if (tx->buf)
		return iscst_tx_send_buf(conn, tx->buf + done, tx->len - done, more);
	return iscst_tx_send_pages(conn, tx->len - done, more);
}

static int iscst_tx_send_trailer(struct iscst_conn *conn)
{
	struct iscst_tx_pdu *tx = &conn->tx;
	u32 done = tx->off - tx->hdr_len - tx->len;

	return iscst_tx_send_buf(conn, tx->trailer + done, tx->trailer_len - done,
				 iscst_tx_has_more(conn));
}

static bool iscst_tx_is_done(const struct iscst_tx_pdu *tx)
{
	return tx->off == tx->hdr_len + tx->len + tx->trailer_len;
}

/* Sends a part of the PDU. Returns bytes, or an errno. */
static int iscst_tx_send_part(struct iscst_conn *conn)
{
	const struct iscst_tx_pdu *tx = &conn->tx;

	if (tx->off < tx->hdr_len)
		return iscst_tx_send_header(conn);
	if (tx->off < tx->hdr_len + tx->len)
		return iscst_tx_send_data(conn);
	return iscst_tx_send_trailer(conn);
}

/* Sends the rest of the PDU. Returns 1 when it is complete, 0 when the socket is full. */
static int iscst_tx_send(struct iscst_conn *conn)
{
	while (!iscst_tx_is_done(&conn->tx)) {
		int ret = iscst_tx_send_part(conn);

		if (ret == -EAGAIN)
			return 0;
		if (ret < 0)
			return ret;
		conn->tx.off += ret;
		conn->last_tx = jiffies;
	}
	return 1;
}

static u32 iscst_tx_data_crc(const struct iscst_tx_pdu *tx, u32 pad)
{
	u32 crc = tx->buf ? iscst_crc(ISCST_CRC_INIT, tx->buf, tx->len) :
			    iscst_crc_cursor(ISCST_CRC_INIT, &tx->cursor, tx->len);

	return iscst_crc(crc, tx->trailer, pad);
}

/* The last response of a log-in has no digests: what was negotiated is in force after it. */
static void iscst_tx_seal(struct iscst_conn *conn)
{
	struct iscst_tx_pdu *tx = &conn->tx;
	struct iscsi_hdr *hdr = (struct iscsi_hdr *)tx->hdr;
	bool digests = hdr->opcode != ISCSI_OP_LOGIN_RSP;
	u32 pad = -tx->len & (ISCSI_PAD_LEN - 1);

	hton24(hdr->dlength, tx->len);
	trace_iscst_pdu_sent(conn, hdr, tx->len);
	tx->hdr_len = ISCSI_HDR_LEN;
	if (digests && conn->params.header_digest) {
		iscst_crc_put(iscst_crc(ISCST_CRC_INIT, hdr, ISCSI_HDR_LEN),
			      tx->hdr + ISCSI_HDR_LEN);
		tx->hdr_len += ISCSI_CRC_LEN;
	}
	memset(tx->trailer, 0, pad);
	tx->trailer_len = pad;
	if (digests && conn->params.data_digest && tx->len) {
		iscst_crc_put(iscst_tx_data_crc(tx, pad), tx->trailer + pad);
		tx->trailer_len += ISCSI_CRC_LEN;
	}
	tx->off = 0;
	tx->busy = true;
}

static bool iscst_ctl_build(struct iscst_conn *conn, struct iscst_ctl *ctl)
{
	struct iscst_tx_pdu *tx = &conn->tx;
	struct iscsi_hdr *hdr = (struct iscsi_hdr *)tx->hdr;

	*hdr = ctl->hdr;
	iscst_tmf_build(ctl, hdr);
	iscst_cmdsn_fill(conn, hdr, ctl->numbered);
	tx->buf = ctl->data;
	tx->len = ctl->len;
	return true;
}

/* Builds the next PDU of an item. */
static void iscst_tx_build(struct iscst_conn *conn, struct iscst_tx *item)
{
	struct iscst_tx_pdu *tx = &conn->tx;

	conn->last_tx = jiffies;
	tx->item = item;
	tx->buf = NULL;
	tx->len = 0;
	memset(tx->hdr, 0, ISCSI_HDR_LEN);
	switch (item->kind) {
	case ISCST_TX_CTL:
		tx->last = iscst_ctl_build(conn, container_of(item, struct iscst_ctl, tx));
		break;
	case ISCST_TX_READY:
		tx->last = iscst_r2t_build(conn, container_of(item, struct iscst_cmd, ready));
		break;
	case ISCST_TX_RESPONSE:
		tx->last = iscst_cmd_build(conn, container_of(item, struct iscst_cmd, response));
		break;
	}
	iscst_tx_seal(conn);
}

static void iscst_tx_item_sent(struct iscst_tx *item)
{
	struct iscst_cmd *cmd;

	list_del(&item->entry);
	switch (item->kind) {
	case ISCST_TX_CTL:
		iscst_ctl_free(container_of(item, struct iscst_ctl, tx));
		break;
	case ISCST_TX_READY:
		cmd = container_of(item, struct iscst_cmd, ready);
		cmd->r2t_queued = false;
		/* A sequence may have ended while the socket was full. */
		iscst_r2t_pump(cmd);
		break;
	case ISCST_TX_RESPONSE:
		cmd = container_of(item, struct iscst_cmd, response);
		scst_cmd_sent(&cmd->cmd, SCST_CTX_ATOMIC);
		break;
	}
}

/* Sends the PDU that was begun, or the next one. Returns as iscst_tx_run(). */
static int iscst_tx_step(struct iscst_conn *conn)
{
	struct iscst_tx_pdu *tx = &conn->tx;
	struct iscst_tx *item;
	int ret;

	if (!tx->busy) {
		item = list_first_entry_or_null(&conn->tx_list, struct iscst_tx, entry);
		if (!item)
			return 0;
		iscst_tx_build(conn, item);
	}
	ret = iscst_tx_send(conn);
	if (ret <= 0)
		return ret;
	tx->busy = false;
	item = tx->item;
	tx->item = NULL;
	if (item && tx->last)
		iscst_tx_item_sent(item);
	return 1;
}

/**
 * iscst_tx_run() - send what the socket has room for, up to a few PDUs
 * @conn: the connection
 *
 * Context: under the socket's lock.
 * Return: 1 if more may be pending, 0 if not or if the socket is full, or an errno.
 */
int iscst_tx_run(struct iscst_conn *conn)
{
	int ret = 1;
	int i;

	for (i = 0; i < ISCST_TX_PDUS && ret > 0; i++) {
		ret = iscst_tx_step(conn);
		if (conn->tx.len > ISCST_TX_LONG)
			break;
	}
	return ret;
}
