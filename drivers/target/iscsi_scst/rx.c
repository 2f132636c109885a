// SPDX-License-Identifier: GPL-2.0
/*
 * Receiving: one PDU at a time, header, data and trailer. Data is copied from the socket's buffers
 * straight to its destination: the pages of a command, or the memory of a text.
 *
 * TCP hands over its packets under the socket's lock, and acknowledges them when all were taken.
 * Answers that are pending by then are sent before, and carry the acknowledgment. Otherwise the
 * data of a write would cost a packet of its own.
 */
#include <linux/jiffies.h>
#include <linux/minmax.h>
#include <linux/sizes.h>
#include <linux/skbuff.h>
#include <linux/uio.h>
#include <net/tcp.h>

#include "iscst.h"
#include "trace.h"

#define ISCST_RX_BVECS	16

/* Parts of PDUs to be received before pending answers are sent */
#define ISCST_RX_PARTS	32

/* Commands with more data are left to io_work, bytes */
#define ISCST_RX_SOFTIRQ_MAX	SZ_64K

/**
 * struct iscst_chunk - the rest of a packet
 * @skb:	the packet
 * @off:	the beginning of the rest
 * @len:	its length, bytes
 */
struct iscst_chunk {
	struct sk_buff *skb;
	u32 off;
	u32 len;
};

static struct iscsi_hdr *iscst_rx_hdr(struct iscst_conn *conn)
{
	return (struct iscsi_hdr *)conn->rx.hdr;
}

static int iscst_rx_copy(const struct iscst_chunk *chunk, void *buf, u32 len)
{
	len = min(len, chunk->len);
	return skb_copy_bits(chunk->skb, chunk->off, buf, len) ?: len;
}

static int iscst_rx_copy_sg(struct iscst_conn *conn, const struct iscst_chunk *chunk, u32 len)
{
	struct iscst_cursor *cursor = &conn->rx.cmd->cursor;
	struct bio_vec bvecs[ISCST_RX_BVECS];
	struct iov_iter iter;
	unsigned int n;
	int ret;

	len = min(len, chunk->len);
	n = iscst_cursor_bvecs(cursor, bvecs, ISCST_RX_BVECS, &len);
	iov_iter_bvec(&iter, ITER_DEST, bvecs, n, len);
	ret = skb_copy_datagram_iter(chunk->skb, chunk->off, &iter, len);
	if (ret)
		return ret;
	if (conn->params.data_digest)
		conn->rx.crc = iscst_crc_cursor(conn->rx.crc, cursor, len);
	iscst_cursor_skip(cursor, len);
	return len;
}

static int iscst_rx_copy_buf(struct iscst_conn *conn, const struct iscst_chunk *chunk,
			     void *buf, u32 len)
{
	int ret = iscst_rx_copy(chunk, buf, len);

	if (ret > 0 && conn->params.data_digest)
		conn->rx.crc = iscst_crc(conn->rx.crc, buf, ret);
	return ret;
}

/* A part of the data segment */
static int iscst_rx_copy_data(struct iscst_conn *conn, const struct iscst_chunk *chunk)
{
	struct iscst_rx *rx = &conn->rx;
	u32 left = rx->len - rx->off;

	if (rx->dest == ISCST_RX_CMD && rx->off < rx->keep)
		return iscst_rx_copy_sg(conn, chunk, rx->keep - rx->off);
	if (rx->dest == ISCST_RX_BUF)
		return iscst_rx_copy_buf(conn, chunk, rx->buf + rx->off, left);
	return iscst_rx_copy_buf(conn, chunk, rx->scratch, min_t(u32, left, sizeof(rx->scratch)));
}

static int iscst_rx_copy_part(struct iscst_conn *conn, const struct iscst_chunk *chunk)
{
	struct iscst_rx *rx = &conn->rx;

	switch (rx->state) {
	case ISCST_RX_HEADER:
		return iscst_rx_copy(chunk, rx->hdr + rx->off, rx->need - rx->off);
	case ISCST_RX_DATA:
		return iscst_rx_copy_data(conn, chunk);
	default:
		return iscst_rx_copy(chunk, rx->trailer + rx->off, rx->need - rx->off);
	}
}

static bool iscst_rx_has_digests(const struct iscst_conn *conn)
{
	return conn->state == ISCST_CONN_FULL;
}

static u32 iscst_rx_header_len(struct iscst_conn *conn)
{
	u32 len = ISCSI_HDR_LEN + iscst_rx_hdr(conn)->hlength * 4;

	if (iscst_rx_has_digests(conn) && conn->params.header_digest)
		len += ISCSI_CRC_LEN;
	return len;
}

/* RFC 7143 7.8: with a wrong header digest even the length of the PDU may be wrong. */
static bool iscst_rx_header_is_intact(struct iscst_conn *conn)
{
	u32 len = ISCSI_HDR_LEN + iscst_rx_hdr(conn)->hlength * 4;

	if (conn->rx.need == len)
		return true;
	return iscst_crc_matches(iscst_crc(ISCST_CRC_INIT, conn->rx.hdr, len), conn->rx.hdr + len);
}

/* A request in full feature phase with a valid CmdSN */
static int iscst_rx_request(struct iscst_conn *conn)
{
	switch (iscst_rx_hdr(conn)->opcode & ISCSI_OPCODE_MASK) {
	case ISCSI_OP_NOOP_OUT:
		return iscst_nop_out(conn);
	case ISCSI_OP_SCSI_CMD:
		return iscst_scsi_cmd(conn);
	case ISCSI_OP_SCSI_TMFUNC:
		return iscst_tmf(conn);
	case ISCSI_OP_TEXT:
		return iscst_text_header(conn);
	case ISCSI_OP_LOGOUT:
		return iscst_logout(conn);
	default:
		return iscst_reject(conn, ISCSI_REASON_CMD_NOT_SUPPORTED);
	}
}

static int iscst_rx_full_feature(struct iscst_conn *conn)
{
	struct iscsi_hdr *hdr = iscst_rx_hdr(conn);

	switch (hdr->opcode & ISCSI_OPCODE_MASK) {
	case ISCSI_OP_SCSI_DATA_OUT:
		return iscst_data_out(conn);
	case ISCSI_OP_SNACK:
		return iscst_reject(conn, ISCSI_REASON_CMD_NOT_SUPPORTED);
	case ISCSI_OP_LOGIN:
		return iscst_reject(conn, ISCSI_REASON_PROTOCOL_ERROR);
	default:
		if (iscst_cmdsn_take(conn->session, hdr) == ISCST_CMDSN_IGNORE)
			return 0;
		return iscst_rx_request(conn);
	}
}

/* The header is complete: it decides where the data goes. */
static int iscst_rx_header(struct iscst_conn *conn)
{
	struct iscst_rx *rx = &conn->rx;

	if (!iscst_rx_header_is_intact(conn))
		return -EBADMSG;
	rx->len = ntoh24(iscst_rx_hdr(conn)->dlength);
	if (rx->len > conn->segment)
		return -EMSGSIZE;
	rx->state = ISCST_RX_DATA;
	rx->dest = ISCST_RX_DISCARD;
	rx->off = 0;
	rx->cmd = NULL;
	rx->ctl = NULL;
	rx->crc = ISCST_CRC_INIT;
	trace_iscst_pdu_received(conn, iscst_rx_hdr(conn), rx->len);
	return conn->state == ISCST_CONN_LOGIN ? iscst_login_header(conn) :
						 iscst_rx_full_feature(conn);
}

static void iscst_rx_next(struct iscst_conn *conn)
{
	conn->rx.state = ISCST_RX_HEADER;
	conn->rx.off = 0;
	conn->rx.need = ISCSI_HDR_LEN;
	conn->rx.cmd = NULL;
	conn->rx.ctl = NULL;
}

/* The PDU is complete. */
static int iscst_rx_done(struct iscst_conn *conn)
{
	struct iscsi_hdr *hdr = iscst_rx_hdr(conn);
	struct iscst_cmd *cmd = conn->rx.cmd;
	u32 len = conn->rx.len;
	int ret = 0;

	if (cmd) {
		conn->rx.cmd = NULL;
		iscst_data_received(cmd, len, hdr->flags & ISCSI_FLAG_CMD_FINAL);
	} else if (conn->rx.ctl) {
		ret = iscst_nop_out_done(conn);
	} else if (conn->rx.dest == ISCST_RX_BUF) {
		iscst_conn_start_slow(conn);
	}
	iscst_rx_next(conn);
	return ret;
}

/*
 * RFC 7143 7.8: the PDU is rejected, and a command that lost its data fails. Other PDUs
 * are ignored.
 */
static int iscst_rx_data_digest_error(struct iscst_conn *conn)
{
	struct iscst_cmd *cmd = conn->rx.cmd;
	int ret = iscst_reject(conn, ISCSI_REASON_DATA_DIGEST_ERROR);

	iscst_conn_count(conn, ISCST_REASON_DATA_DIGEST);
	if (cmd)
		iscst_data_lose(cmd, ISCST_LOSS_CRC);
	if (conn->rx.ctl)
		iscst_ctl_free(conn->rx.ctl);
	iscst_rx_next(conn);
	return ret;
}

static int iscst_rx_trailer(struct iscst_conn *conn)
{
	struct iscst_rx *rx = &conn->rx;
	u32 pad = -rx->len & (ISCSI_PAD_LEN - 1);

	if (rx->need > pad && !iscst_crc_matches(iscst_crc(rx->crc, rx->trailer, pad),
						 rx->trailer + pad))
		return iscst_rx_data_digest_error(conn);
	return iscst_rx_done(conn);
}

/* The data is complete: padding and digest follow. */
static int iscst_rx_data(struct iscst_conn *conn)
{
	struct iscst_rx *rx = &conn->rx;

	rx->state = ISCST_RX_TRAILER;
	rx->off = 0;
	rx->need = -rx->len & (ISCSI_PAD_LEN - 1);
	if (rx->len && iscst_rx_has_digests(conn) && conn->params.data_digest)
		rx->need += ISCSI_CRC_LEN;
	return rx->need ? 0 : iscst_rx_trailer(conn);
}

/**
 * iscst_rx_wants_work() - whether a header is complete that the softirq left to io_work
 * @conn: the connection
 *
 * Context: under the socket's lock.
 * Return: true if so.
 */
bool iscst_rx_wants_work(const struct iscst_conn *conn)
{
	return conn->rx.state == ISCST_RX_HEADER && conn->rx.off == conn->rx.need;
}

static bool iscst_rx_cmd_fits_softirq(const struct iscsi_scsi_req *req)
{
	return !req->hlength && be32_to_cpu(req->data_length) <= ISCST_RX_SOFTIRQ_MAX;
}

/* The softirq handles what neither sleeps nor takes long: commands without AHSs, and data. */
static bool iscst_rx_fits_softirq(struct iscst_conn *conn)
{
	const struct iscsi_hdr *hdr = iscst_rx_hdr(conn);

	switch (hdr->opcode & ISCSI_OPCODE_MASK) {
	case ISCSI_OP_SCSI_DATA_OUT:
		return true;
	case ISCSI_OP_SCSI_CMD:
		return iscst_rx_cmd_fits_softirq((const struct iscsi_scsi_req *)hdr);
	default:
		return false;
	}
}

/* Continues after bytes of a part were received. */
static int iscst_rx_advance(struct iscst_conn *conn)
{
	struct iscst_rx *rx = &conn->rx;
	int ret;

	if (rx->state == ISCST_RX_TRAILER)
		return rx->off < rx->need ? 0 : iscst_rx_trailer(conn);
	if (rx->state == ISCST_RX_HEADER) {
		if (rx->off == ISCSI_HDR_LEN && rx->need == ISCSI_HDR_LEN)
			rx->need = iscst_rx_header_len(conn);
		if (rx->off < rx->need || (conn->in_softirq && !iscst_rx_fits_softirq(conn)))
			return 0;
		ret = iscst_rx_header(conn);
		if (ret)
			return ret;
	}
	return rx->off < rx->len ? 0 : iscst_rx_data(conn);
}

/* Whether receiving pauses: for slow_work, or until the initiator has read its answers. */
static bool iscst_rx_is_paused(struct iscst_conn *conn)
{
	return test_bit_acquire(ISCST_CONN_SLOW, &conn->flags) ||
	       atomic_read(&conn->ctls) >= ISCST_MAX_CTLS ||
	       atomic_read(&conn->ctl_bytes) >= ISCST_MAX_CTL_BYTES;
}

/* Receives a part of a PDU. Returns bytes, or an errno. After a log-out all is discarded. */
static int iscst_rx_step(struct iscst_conn *conn, const struct iscst_chunk *chunk)
{
	int ret;

	if (conn->state == ISCST_CONN_AWAIT_CLOSE)
		return chunk->len;
	ret = iscst_rx_copy_part(conn, chunk);
	if (ret < 0)
		return ret;
	conn->rx.off += ret;
	return iscst_rx_advance(conn) ?: ret;
}

/* tcp_read_sock() may call again with the rest, so every reason to stop is checked again. */
static int iscst_rx_chunk(read_descriptor_t *desc, struct iscst_chunk *chunk)
{
	struct iscst_conn *conn = desc->arg.data;

	while (chunk->len && desc->count && !iscst_rx_is_paused(conn) &&
	       !iscst_rx_wants_work(conn)) {
		int ret = iscst_rx_step(conn, chunk);

		if (ret < 0)
			return ret;
		chunk->off += ret;
		chunk->len -= ret;
		desc->count--;
	}
	return 0;
}

/*
 * Takes a packet. Sending may let more packets in, which TCP may merge with this one, so that it
 * must not be used after that.
 */
static int iscst_rx_actor(read_descriptor_t *desc, struct sk_buff *skb, unsigned int off,
			  size_t len)
{
	struct iscst_conn *conn = desc->arg.data;
	struct iscst_chunk chunk = { .skb = skb, .off = off, .len = len };

	if (desc->error)
		return 0;
	desc->error = iscst_rx_chunk(desc, &chunk);
	if (!desc->error && !chunk.len && skb_queue_is_last(&conn->sock->sk->sk_receive_queue, skb))
		desc->error = min(iscst_conn_answer(conn), 0);
	return len - chunk.len;
}

/**
 * iscst_rx_has_more() - whether data, an error or the end of the stream is pending
 * @conn: the connection
 *
 * The call-back announces what arrives after this check.
 *
 * Context: any.
 * Return: true if so.
 */
bool iscst_rx_has_more(struct iscst_conn *conn)
{
	const struct sock *sk = conn->sock->sk;

	return !iscst_rx_is_paused(conn) &&
	       (!skb_queue_empty_lockless(&sk->sk_receive_queue) || READ_ONCE(sk->sk_err) ||
		READ_ONCE(sk->sk_shutdown) & RCV_SHUTDOWN);
}

/*
 * TCP handed over nothing. It does not hand over urgent data, nor what follows it. RFC 7143 has no
 * use for that.
 */
static int iscst_rx_end(struct iscst_conn *conn)
{
	struct sock *sk = conn->sock->sk;

	if (!skb_queue_empty(&sk->sk_receive_queue))
		return iscst_rx_is_paused(conn) ? 0 : -EPROTO;
	return sock_error(sk) ?: -ECONNRESET;
}

static int iscst_rx_read(struct iscst_conn *conn)
{
	read_descriptor_t desc = { .arg.data = conn, .count = ISCST_RX_PARTS };
	int ret = tcp_read_sock(conn->sock->sk, &desc, iscst_rx_actor);

	if (desc.error)
		return desc.error;
	if (ret <= 0)
		return ret ?: iscst_rx_end(conn);
	conn->last_rx = jiffies;
	return 0;
}

/**
 * iscst_rx_run() - receive what is pending, up to a few parts of PDUs
 * @conn: the connection
 *
 * Context: under the socket's lock.
 * Return: 0, or an errno: the connection is to be closed.
 */
int iscst_rx_run(struct iscst_conn *conn)
{
	int ret = 0;

	if (iscst_rx_wants_work(conn) && !iscst_rx_is_paused(conn))
		ret = iscst_rx_advance(conn);
	if (ret || iscst_rx_wants_work(conn) || !iscst_rx_has_more(conn))
		return ret;
	return iscst_rx_read(conn);
}
