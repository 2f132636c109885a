// SPDX-License-Identifier: GPL-2.0
/*
 * Answers of SCSI commands: Data-In and SCSI Response.
 */
#include <linux/minmax.h>
#include <linux/string.h>

#include "iscst.h"

/**
 * iscst_cmd_respond() - queue the answer of a command
 * @cmd: the command; data that still arrives for it is discarded
 *
 * Context: under the socket's lock.
 */
void iscst_cmd_respond(struct iscst_cmd *cmd)
{
	struct iscst_conn *conn = cmd->conn;

	cmd->state = ISCST_CMD_RESPONDING;
	iscst_rx_discard(conn, cmd);
	iscst_tmf_answered(cmd);
	iscst_cursor_init(&cmd->cursor, cmd->cmd.sg, 0);
	list_add_tail(&cmd->response.entry, &conn->tx_list);
}

/* Bytes of Data-In of a command */
static u32 iscst_cmd_in_len(const struct iscst_cmd *cmd)
{
	return cmd->cmd.dir == SCST_DIR_IN ? cmd->cmd.data_len : 0;
}

/* RFC 7143 11.4.5.1: the flags, and the count */
static u8 iscst_cmd_residual(const struct iscst_cmd *cmd, __be32 *count)
{
	s64 residual = scst_cmd_residual(&cmd->cmd);

	*count = cpu_to_be32(min_t(u64, abs(residual), U32_MAX));
	if (residual > 0)
		return ISCSI_FLAG_CMD_UNDERFLOW;
	return residual < 0 ? ISCSI_FLAG_CMD_OVERFLOW : 0;
}

/*
 * RFC 7143 11.4.5: a command that was announced as bidirectional has data in one direction. All
 * of the other direction is residual.
 */
static u8 iscst_cmd_residuals(const struct iscst_cmd *cmd, struct iscsi_scsi_rsp *rsp)
{
	u8 flags = iscst_cmd_residual(cmd, &rsp->residual_count);
	__be32 other = cpu_to_be32(cmd->cmd.expected_other);

	if (likely(!cmd->bidirectional))
		return flags;
	if (cmd->cmd.expected_dir != SCST_DIR_IN) {
		rsp->bi_residual_count = other;
		return flags | (other ? ISCSI_FLAG_CMD_BIDI_UNDERFLOW : 0);
	}
	rsp->bi_residual_count = rsp->residual_count;
	rsp->residual_count = other;
	/* The bidirectional flags have the same order, two bits higher. */
	return flags << 2 | (other ? ISCSI_FLAG_CMD_UNDERFLOW : 0);
}

static void iscst_response_sense(struct iscst_tx_pdu *tx, const struct scst_cmd *cmd)
{
	if (!cmd->sense_len)
		return;
	put_unaligned_be16(cmd->sense_len, tx->sense);
	memcpy(tx->sense + 2, cmd->sense, cmd->sense_len);
	tx->buf = tx->sense;
	tx->len = 2 + cmd->sense_len;
}

static bool iscst_response_build(struct iscst_conn *conn, struct iscst_cmd *cmd)
{
	struct iscsi_scsi_rsp *rsp = (struct iscsi_scsi_rsp *)conn->tx.hdr;

	rsp->opcode = ISCSI_OP_SCSI_CMD_RSP;
	rsp->flags = ISCSI_FLAG_CMD_FINAL | iscst_cmd_residuals(cmd, rsp);
	rsp->cmd_status = cmd->cmd.status;
	rsp->itt = cmd->itt;
	rsp->exp_datasn = cpu_to_be32(cmd->cmd.dir == SCST_DIR_IN ? cmd->data_sn : cmd->r2t_sn);
	iscst_response_sense(&conn->tx, &cmd->cmd);
	iscst_cmdsn_uncount(cmd);
	iscst_cmdsn_fill(conn, (struct iscsi_hdr *)rsp, true);
	return true;
}

/* Length of the next Data-In: a segment, up to the end of a burst */
static u32 iscst_data_in_len(const struct iscst_conn *conn, const struct iscst_cmd *cmd)
{
	u32 left = iscst_cmd_in_len(cmd) - cmd->sent;
	u32 burst = conn->params.max_burst_length - cmd->sent % conn->params.max_burst_length;

	/* A text request may be changing it. */
	return min3(left, burst, READ_ONCE(conn->params.max_recv_data_segment_length));
}

/*
 * The last Data-In carries the status if that is GOOD, RFC 7143 11.7.3. It has no room for two
 * residuals.
 */
static bool iscst_data_in_has_status(const struct iscst_cmd *cmd)
{
	return cmd->cmd.status == SAM_STAT_GOOD && !cmd->cmd.sense_len && !cmd->bidirectional;
}

static void iscst_data_in_status(struct iscst_conn *conn, struct iscst_cmd *cmd,
				 struct iscsi_data_rsp *rsp)
{
	rsp->flags |= ISCSI_FLAG_DATA_STATUS | iscst_cmd_residual(cmd, &rsp->residual_count);
	rsp->cmd_status = cmd->cmd.status;
	iscst_cmdsn_uncount(cmd);
}

static bool iscst_data_in_build(struct iscst_conn *conn, struct iscst_cmd *cmd)
{
	struct iscsi_data_rsp *rsp = (struct iscsi_data_rsp *)conn->tx.hdr;
	u32 len = iscst_data_in_len(conn, cmd);
	u32 end = cmd->sent + len;
	bool last = end == iscst_cmd_in_len(cmd);
	bool status = last && iscst_data_in_has_status(cmd);

	rsp->opcode = ISCSI_OP_SCSI_DATA_IN;
	if (last || !(end % conn->params.max_burst_length))
		rsp->flags = ISCSI_FLAG_CMD_FINAL;
	rsp->itt = cmd->itt;
	rsp->ttt = ISCST_NO_TAG;
	rsp->datasn = cpu_to_be32(cmd->data_sn++);
	rsp->offset = cpu_to_be32(cmd->sent);
	if (status)
		iscst_data_in_status(conn, cmd, rsp);
	iscst_cmdsn_fill(conn, (struct iscsi_hdr *)rsp, status);
	if (!status)
		rsp->statsn = 0;
	conn->tx.len = len;
	conn->tx.cursor = cmd->cursor;
	iscst_cursor_skip(&cmd->cursor, len);
	cmd->sent = end;
	return status;
}

/**
 * iscst_cmd_build() - build the next PDU of an answer
 * @conn: the connection
 * @cmd:  the command
 *
 * Context: under the socket's lock.
 * Return: true if it is the last.
 */
bool iscst_cmd_build(struct iscst_conn *conn, struct iscst_cmd *cmd)
{
	if (cmd->sent < iscst_cmd_in_len(cmd))
		return iscst_data_in_build(conn, cmd);
	return iscst_response_build(conn, cmd);
}
