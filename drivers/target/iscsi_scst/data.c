// SPDX-License-Identifier: GPL-2.0
/*
 * Data-Out: immediate, unsolicited, and solicited by R2Ts, RFC 7143 4.2.5, 11.7, 11.8.
 *
 * DataPDUInOrder and DataSequenceInOrder are always Yes: a command's data arrives from the
 * front to the end, so its progress is one number.
 *
 * Unsolicited data may arrive before the core wants it, while the command is queued. It is
 * staged: at most FirstBurstLength bytes for each command of the window, and for all commands
 * together as much as scst_buf_reserve() has room for. Other commands end with BUSY.
 *
 * A command that waits for more than the PDU it came in holds its buffer for as long as its
 * initiator likes. A session holds no more of such memory than it leaves to others, and none
 * without progress for longer than data_timeout_ms.
 */
#include <linux/highmem.h>
#include <linux/minmax.h>
#include <linux/scatterlist.h>

#include "iscst.h"
#include "trace.h"

/* The command begins to wait for its initiator, if its session does not hold too much. */
static bool iscst_data_hold(struct iscst_cmd *cmd)
{
	struct iscst_session *session = cmd->conn->session;

	if (!scst_buf_leaves_enough(&cmd->cmd, session->held + cmd->cmd.data_len))
		return false;
	cmd->held = cmd->cmd.data_len;
	session->held += cmd->held;
	return true;
}

/* An R2T of which the socket has a part is still sent to its end. */
static void iscst_r2t_cancel(struct iscst_cmd *cmd)
{
	struct iscst_conn *conn = cmd->conn;

	if (!cmd->r2t_queued)
		return;
	list_del(&cmd->ready.entry);
	if (conn->tx.item == &cmd->ready)
		conn->tx.item = NULL;
	cmd->r2t_queued = false;
}

static void iscst_data_unhold(struct iscst_cmd *cmd)
{
	iscst_r2t_cancel(cmd);
	cmd->conn->session->held -= cmd->held;
	cmd->held = 0;
}

static void iscst_data_dequeue(struct iscst_cmd *cmd)
{
	list_del(&cmd->entry);
	/* R2Ts are only sent for commands that hold their buffer. */
	if (cmd->held)
		iscst_data_unhold(cmd);
	cmd->state = ISCST_CMD_EXECUTING;
}

static void iscst_data_set_status(struct iscst_cmd *cmd)
{
	static const scst_sense_t sense[] = {
		[ISCST_LOSS_CRC] = SCST_SENSE_PROTOCOL_CRC,
		[ISCST_LOSS_AMOUNT] = SCST_SENSE_UNSOLICITED_AMOUNT,
		[ISCST_LOSS_UNEXPECTED] = SCST_SENSE_UNSOLICITED_DATA,
	};

	if (cmd->loss == ISCST_LOSS_MEMORY)
		scst_cmd_set_busy(&cmd->cmd);
	else if (cmd->loss)
		scst_cmd_set_sense(&cmd->cmd, sense[cmd->loss]);
}

/**
 * iscst_data_fail() - let a command wait for its data no longer
 * @cmd: the command; if it waited, it may be released at any time from here on
 *
 * Context: under the socket's lock.
 */
void iscst_data_fail(struct iscst_cmd *cmd)
{
	iscst_rx_discard(cmd->conn, cmd);
	if (cmd->state == ISCST_CMD_SUBMITTED && cmd->ready_later) {
		cmd->ready_later = false;
		iscst_data_wanted(cmd);
	} else if (cmd->state == ISCST_CMD_WANTS_DATA) {
		iscst_data_dequeue(cmd);
		iscst_data_set_status(cmd);
		scst_cmd_data_ready(&cmd->cmd, false, SCST_CTX_ATOMIC);
	}
}

/*
 * RFC 7143 7.8: after a digest error the command fails when all its sequences in flight have
 * arrived. Their PDUs would belong to no task otherwise. After other errors it fails at once.
 */
static void iscst_data_fail_after_sequences(struct iscst_cmd *cmd)
{
	if (cmd->loss == ISCST_LOSS_CRC && cmd->state == ISCST_CMD_WANTS_DATA &&
	    (cmd->unsolicited || cmd->seq_sn != cmd->r2t_sn))
		iscst_rx_discard(cmd->conn, cmd);
	else
		iscst_data_fail(cmd);
}

/**
 * iscst_data_fail_all() - let all commands of a connection wait for their data no longer
 * @conn: the connection
 *
 * Context: under the socket's lock, or the connection is closed.
 */
void iscst_data_fail_all(struct iscst_conn *conn)
{
	struct iscst_cmd *cmd;

	while ((cmd = list_first_entry_or_null(&conn->waiting, struct iscst_cmd, entry)))
		iscst_data_fail(cmd);
}

/**
 * iscst_r2t_pump() - queue an R2T if one more may be outstanding
 * @cmd: a command whose unsolicited data, if any, was received
 *
 * Context: under the socket's lock.
 */
void iscst_r2t_pump(struct iscst_cmd *cmd)
{
	if (cmd->state != ISCST_CMD_WANTS_DATA || cmd->loss || cmd->r2t_queued ||
	    cmd->r2t_off >= cmd->cmd.data_len ||
	    cmd->r2t_sn - cmd->seq_sn >= cmd->conn->params.max_outstanding_r2t)
		return;
	cmd->r2t_queued = true;
	list_add_tail(&cmd->ready.entry, &cmd->conn->tx_list);
}

/*
 * Target Transfer Tag: the slot, its generation and the R2TSN. It is never the reserved tag, as
 * there are fewer slots.
 */
static __be32 iscst_ttt(const struct iscst_cmd *cmd, u32 r2t_sn)
{
	return cpu_to_be32((u32)cmd->generation << 24 | (r2t_sn & 0xff) << 16 | cmd->slot);
}

/**
 * iscst_r2t_build() - build an R2T, RFC 7143 11.8
 * @conn: the connection
 * @cmd:  the command
 *
 * Context: under the socket's lock.
 * Return: true if no other R2T may follow now.
 */
bool iscst_r2t_build(struct iscst_conn *conn, struct iscst_cmd *cmd)
{
	struct iscsi_r2t_rsp *rsp = (struct iscsi_r2t_rsp *)conn->tx.hdr;
	u32 len = min(conn->params.max_burst_length, cmd->cmd.data_len - cmd->r2t_off);

	rsp->opcode = ISCSI_OP_R2T;
	rsp->flags = ISCSI_FLAG_CMD_FINAL;
	rsp->lun = cmd->cmd.lun;
	rsp->itt = cmd->itt;
	rsp->ttt = iscst_ttt(cmd, cmd->r2t_sn);
	rsp->r2tsn = cpu_to_be32(cmd->r2t_sn++);
	rsp->data_offset = cpu_to_be32(cmd->r2t_off);
	rsp->data_length = cpu_to_be32(len);
	cmd->r2t_off += len;
	iscst_cmdsn_fill(conn, (struct iscsi_hdr *)rsp, false);
	trace_iscst_r2t(conn, rsp);
	return cmd->r2t_off >= cmd->cmd.data_len ||
	       cmd->r2t_sn - cmd->seq_sn >= conn->params.max_outstanding_r2t;
}

static void iscst_data_next_sequence(struct iscst_cmd *cmd)
{
	cmd->in_order_sn = 0;
	cmd->seq_end = min(cmd->off + cmd->conn->params.max_burst_length, cmd->cmd.data_len);
}

/* The core wants data, and no PDU of it is being received. */
static void iscst_data_continue(struct iscst_cmd *cmd)
{
	if (cmd->off >= cmd->cmd.data_len) {
		iscst_data_dequeue(cmd);
		scst_cmd_data_ready(&cmd->cmd, true, SCST_CTX_ATOMIC);
		return;
	}
	if (cmd->immediate)
		return;
	if (!cmd->held && !iscst_data_hold(cmd)) {
		cmd->loss = ISCST_LOSS_MEMORY;
		iscst_data_fail(cmd);
		return;
	}
	if (cmd->unsolicited)
		return;
	if (!cmd->r2t_sn && !cmd->r2t_queued) {
		cmd->r2t_off = cmd->off;
		iscst_data_next_sequence(cmd);
	}
	iscst_r2t_pump(cmd);
}

/**
 * iscst_data_free() - free the stage of a command
 * @cmd: the command, with or without one
 *
 * Context: under the socket's lock, or without other users of the command.
 */
void iscst_data_free(struct iscst_cmd *cmd)
{
	if (!cmd->stage)
		return;
	sgl_free(cmd->stage);
	scst_buf_unreserve(cmd->stage_len);
	cmd->conn->session->staged -= cmd->stage_len;
	cmd->stage = NULL;
}

/* Copies staged data into the buffer of the command. */
static void iscst_data_unstage(struct iscst_cmd *cmd)
{
	u32 left = min(cmd->off, cmd->cmd.data_len);
	struct sg_mapping_iter miter;
	u32 off = 0;

	if (!cmd->stage)
		return;
	sg_miter_start(&miter, cmd->stage, cmd->stage_nents, SG_MITER_FROM_SG | SG_MITER_ATOMIC);
	while (off < left && sg_miter_next(&miter)) {
		u32 part = min_t(u32, miter.length, left - off);

		sg_pcopy_from_buffer(cmd->cmd.sg, cmd->cmd.sg_nents, miter.addr, part, off);
		off += part;
	}
	sg_miter_stop(&miter);
	iscst_data_free(cmd);
}

/**
 * iscst_data_wanted() - let a command wait for the data that the core wants
 * @cmd: the command
 *
 * Context: under the socket's lock.
 */
void iscst_data_wanted(struct iscst_cmd *cmd)
{
	struct iscst_conn *conn = cmd->conn;

	if (conn->rx.cmd == cmd) {
		cmd->ready_later = true;
		return;
	}
	cmd->state = ISCST_CMD_WANTS_DATA;
	list_add_tail(&cmd->entry, &conn->waiting);
	if (scst_cmd_aborted(&cmd->cmd) || conn->state == ISCST_CONN_AWAIT_CLOSE) {
		iscst_data_fail(cmd);
		return;
	}
	if (cmd->loss) {
		iscst_data_fail_after_sequences(cmd);
		return;
	}
	iscst_data_unstage(cmd);
	iscst_cursor_init(&cmd->cursor, cmd->cmd.sg, min(cmd->off, cmd->cmd.data_len));
	iscst_data_continue(cmd);
}

static bool iscst_data_stage(struct iscst_cmd *cmd)
{
	struct iscst_session *session = cmd->conn->session;

	if (cmd->stage)
		return true;
	cmd->stage_len = cmd->seq_end;
	if (!scst_buf_reserve(cmd->stage_len, session->staged + cmd->stage_len))
		return false;
	cmd->stage = sgl_alloc_order(cmd->stage_len, 0, false,
				     iscst_conn_gfp(cmd->conn) | __GFP_NOWARN, &cmd->stage_nents);
	if (cmd->stage)
		session->staged += cmd->stage_len;
	else
		scst_buf_unreserve(cmd->stage_len);
	return cmd->stage;
}

/**
 * iscst_data_expect() - prepare to receive a PDU with data of a command
 * @cmd: the command, which may be answered or released by now
 * @len: bytes
 *
 * A PDU without data only ends a sequence, and needs no stage.
 *
 * Context: under the socket's lock.
 */
void iscst_data_expect(struct iscst_cmd *cmd, u32 len)
{
	u32 wanted = cmd->cmd.data_len;

	if (cmd->loss)
		return;
	if (cmd->state == ISCST_CMD_SUBMITTED) {
		if (len && !iscst_data_stage(cmd)) {
			iscst_data_lose(cmd, ISCST_LOSS_MEMORY);
			return;
		}
		wanted = cmd->stage_len;
		iscst_cursor_init(&cmd->cursor, cmd->stage, cmd->off);
	} else if (cmd->state != ISCST_CMD_WANTS_DATA) {
		return;
	}
	iscst_rx_to_cmd(cmd->conn, cmd, min(len, wanted - min(cmd->off, wanted)));
}

/* A sequence, unsolicited or solicited by one R2T, is complete. */
static void iscst_data_sequence_end(struct iscst_cmd *cmd)
{
	if (cmd->unsolicited) {
		cmd->unsolicited = false;
		return;
	}
	cmd->seq_sn++;
	iscst_data_next_sequence(cmd);
}

/**
 * iscst_data_received() - account for a PDU with data of a command
 * @cmd:   the command
 * @len:   bytes
 * @final: the PDU's F bit
 *
 * Context: under the socket's lock.
 */
void iscst_data_received(struct iscst_cmd *cmd, u32 len, bool final)
{
	cmd->off += len;
	if (cmd->immediate) {
		cmd->immediate = false;
	} else {
		cmd->in_order_sn++;
		if (final)
			iscst_data_sequence_end(cmd);
	}
	if (cmd->ready_later) {
		cmd->ready_later = false;
		iscst_data_wanted(cmd);
	} else if (cmd->state == ISCST_CMD_WANTS_DATA) {
		iscst_data_continue(cmd);
	}
}

/**
 * iscst_data_lose() - account for a PDU whose data is lost
 * @cmd:  the command; it may be released at any time from here on
 * @loss: why
 *
 * Context: under the socket's lock, while the PDU is conn->rx's.
 */
void iscst_data_lose(struct iscst_cmd *cmd, enum iscst_loss loss)
{
	const struct iscsi_hdr *hdr = (struct iscsi_hdr *)cmd->conn->rx.hdr;

	if (!cmd->loss)
		cmd->loss = loss;
	if (cmd->immediate)
		cmd->immediate = false;
	else if (hdr->flags & ISCSI_FLAG_CMD_FINAL)
		iscst_data_sequence_end(cmd);
	iscst_r2t_cancel(cmd);
	iscst_data_fail_after_sequences(cmd);
}

static bool iscst_cmd_awaits_unsolicited(const struct iscst_cmd *cmd, itt_t itt)
{
	return cmd->itt == itt && cmd->unsolicited &&
	       (cmd->state == ISCST_CMD_SUBMITTED || cmd->state == ISCST_CMD_WANTS_DATA);
}

/* The latest command is checked first: it is the usual one. */
static struct iscst_cmd *iscst_data_find_unsolicited(struct iscst_session *session, itt_t itt)
{
	unsigned int i;

	if (session->recent && iscst_cmd_awaits_unsolicited(session->recent, itt))
		return session->recent;
	for (i = 0; i < session->nr_cmds; i++)
		if (iscst_cmd_awaits_unsolicited(&session->cmds[i], itt))
			return &session->cmds[i];
	return NULL;
}

static struct iscst_cmd *iscst_data_find(struct iscst_session *session,
					 const struct iscsi_data *hdr)
{
	unsigned int slot = be32_to_cpu(hdr->ttt) & 0xffff;
	struct iscst_cmd *cmd;

	if (hdr->ttt == ISCST_NO_TAG)
		return iscst_data_find_unsolicited(session, hdr->itt);
	if (slot >= session->nr_cmds)
		return NULL;
	cmd = &session->cmds[slot];
	if (cmd->state != ISCST_CMD_WANTS_DATA || cmd->itt != hdr->itt ||
	    cmd->seq_sn == cmd->r2t_sn || hdr->ttt != iscst_ttt(cmd, cmd->seq_sn))
		return NULL;
	return cmd;
}

/*
 * RFC 7143 11.7: the PDU has to be the next one of its sequence. If it is a later one, a
 * digest error has cost one in between, 7.9. A sequence that ends at another place than it
 * should has the wrong amount of data.
 */
static enum iscst_loss iscst_data_check(const struct iscst_cmd *cmd,
					const struct iscsi_data *hdr, u32 len)
{
	bool final = hdr->flags & ISCSI_FLAG_CMD_FINAL;
	bool full = cmd->off + len == cmd->seq_end;

	if (be32_to_cpu(hdr->datasn) != cmd->in_order_sn)
		return ISCST_LOSS_CRC;
	if (be32_to_cpu(hdr->offset) != cmd->off ||
	    len > cmd->seq_end - min(cmd->off, cmd->seq_end))
		return ISCST_LOSS_AMOUNT;
	/* An empty PDU may end unsolicited data. */
	if (final != full && (final || !cmd->unsolicited))
		return ISCST_LOSS_AMOUNT;
	return ISCST_LOSS_NONE;
}

/**
 * iscst_data_out() - handle the header of a Data-Out
 * @conn: the connection
 *
 * Data for which no command waits is discarded: the command may have been answered or aborted
 * meanwhile. A PDU that is not the next one of its sequence fails the command: mending that would
 * need recovery within a command.
 *
 * Context: under the socket's lock.
 * Return: 0.
 */
int iscst_data_out(struct iscst_conn *conn)
{
	struct iscsi_data *hdr = (struct iscsi_data *)conn->rx.hdr;
	struct iscst_cmd *cmd = iscst_data_find(conn->session, hdr);
	enum iscst_loss loss;

	if (!cmd)
		return 0;
	loss = cmd->loss ?: iscst_data_check(cmd, hdr, conn->rx.len);
	if (loss)
		iscst_data_lose(cmd, loss);
	else
		iscst_data_expect(cmd, conn->rx.len);
	return 0;
}
