// SPDX-License-Identifier: GPL-2.0
/*
 * SCSI commands: from the PDU to the core, and the calls of the core about them.
 */
#include <linux/scatterlist.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "iscst.h"

/* Bytes of an AHS that its length does not count, RFC 7143 11.2.2 */
#define ISCST_AHS_HEADER	3

static struct iscst_cmd *iscst_cmd_from(struct scst_cmd *cmd)
{
	return container_of(cmd, struct iscst_cmd, cmd);
}

/**
 * iscst_receive_data() - receive the Data-Out of a command
 * @cmd: the command
 *
 * Context: thread or softirq.
 */
void iscst_receive_data(struct scst_cmd *cmd)
{
	iscst_conn_post(iscst_cmd_from(cmd)->conn, &iscst_cmd_from(cmd)->ready);
}

/**
 * iscst_aborted() - let a command that is aborted wait for its data no longer
 * @cmd: the command, in any state
 *
 * A command that comes to wait for its data later fails in iscst_data_wanted().
 *
 * Context: thread or softirq, under the core's spinlocks.
 */
void iscst_aborted(struct scst_cmd *cmd)
{
	struct iscst_conn *conn = iscst_cmd_from(cmd)->conn;

	set_bit(ISCST_CONN_ABORTED, &conn->flags);
	iscst_conn_kick(conn);
}

/**
 * iscst_send_response() - send the answer of a command
 * @cmd: the command
 *
 * Context: thread or softirq.
 */
void iscst_send_response(struct scst_cmd *cmd)
{
	iscst_conn_post(iscst_cmd_from(cmd)->conn, &iscst_cmd_from(cmd)->response);
}

/**
 * iscst_release() - take back the slot of a command
 * @cmd: the command
 *
 * The slot is free when its connection is served next. If the command has an answer, that is now.
 *
 * Context: thread or softirq, in an RCU read-side section.
 */
void iscst_release(struct scst_cmd *cmd)
{
	struct iscst_conn *conn = iscst_cmd_from(cmd)->conn;
	bool aborted = scst_cmd_aborted(cmd);

	llist_add(&iscst_cmd_from(cmd)->free, &conn->session->released);
	if (!aborted)
		return;
	set_bit(ISCST_CONN_ABORTED, &conn->flags);
	scst_stall(SCST_STALL_RELEASE);
	iscst_conn_kick(conn);
}

static void iscst_cmd_recycle(struct iscst_cmd *cmd)
{
	/* An aborted command has no answer that would carry MaxCmdSN. */
	if (unlikely(cmd->counted))
		iscst_cmdsn_reopen(cmd);
	iscst_rx_discard(cmd->conn, cmd);
	iscst_data_free(cmd);
	kfree(cmd->long_cdb);
	cmd->long_cdb = NULL;
	cmd->state = ISCST_CMD_IDLE;
	list_add_tail(&cmd->entry, &cmd->conn->session->idle);
}

/**
 * iscst_cmd_reclaim() - free the slots that the core has released
 * @session: the session
 *
 * Context: under the socket's lock, or without other users of the session.
 */
void iscst_cmd_reclaim(struct iscst_session *session)
{
	struct llist_node *nodes;
	struct iscst_cmd *cmd, *next;

	if (llist_empty(&session->released))
		return;
	nodes = llist_del_all(&session->released);
	llist_for_each_entry_safe(cmd, next, nodes, free)
		iscst_cmd_recycle(cmd);
}

static struct iscst_cmd *iscst_cmd_get(struct iscst_session *session)
{
	struct iscst_cmd *cmd;

	iscst_cmd_reclaim(session);
	cmd = list_first_entry_or_null(&session->idle, struct iscst_cmd, entry);
	if (cmd)
		list_del(&cmd->entry);
	return cmd;
}

/* RFC 7143 11.3.1 */
static bool iscst_cmd_is_valid(struct iscst_conn *conn, const struct iscsi_scsi_req *req)
{
	bool writes = req->flags & ISCSI_FLAG_CMD_WRITE;

	if (!(req->flags & ISCSI_FLAG_CMD_FINAL) && !writes)
		return false;
	if (!conn->rx.len)
		return true;
	return writes && conn->rx.len <= conn->params.first_burst_length &&
	       conn->rx.len <= be32_to_cpu(req->data_length);
}

/* The negotiated limits of unsolicited data */
static enum iscst_loss iscst_cmd_check_unsolicited(const struct iscst_cmd *cmd)
{
	const struct iscst_params *params = &cmd->conn->params;

	if ((cmd->immediate && !params->immediate_data) ||
	    (cmd->unsolicited && params->initial_r2t))
		return ISCST_LOSS_UNEXPECTED;
	return ISCST_LOSS_NONE;
}

/* RFC 7143 11.2.2.3: the AHS has the bytes of the CDB after the 16th. */
static int iscst_cmd_set_long_cdb(struct iscst_cmd *cmd, const u8 *ahs, u32 len)
{
	u32 total = ISCSI_CDB_SIZE + len - 1;

	if (len < 2 || total > SCSI_MAX_VARLEN_CDB_SIZE || cmd->long_cdb)
		return -EINVAL;
	cmd->long_cdb = kmalloc(total, GFP_KERNEL);
	if (!cmd->long_cdb)
		return -ENOMEM;
	memcpy(cmd->long_cdb, cmd->cdb, ISCSI_CDB_SIZE);
	memcpy(cmd->long_cdb + ISCSI_CDB_SIZE, ahs + 4, len - 1);
	cmd->cmd.cdb = cmd->long_cdb;
	cmd->cmd.cdb_len = total;
	return 0;
}

/* RFC 7143 11.2.2.4: the header's EXPECTED DATA TRANSFER LENGTH is that of the Data-Out. */
static int iscst_cmd_set_read_length(struct iscst_cmd *cmd, const u8 *ahs, u32 len)
{
	if (len != sizeof(struct iscsi_rlength_ahdr) - ISCST_AHS_HEADER || cmd->bidirectional)
		return -EINVAL;
	cmd->bidirectional = true;
	cmd->cmd.expected_other = get_unaligned_be32(ahs + 4);
	return 0;
}

static int iscst_cmd_set_ahs(struct iscst_cmd *cmd, const u8 *ahs, u32 len)
{
	switch (ahs[2]) {
	case ISCSI_AHSTYPE_CDB:
		return iscst_cmd_set_long_cdb(cmd, ahs, len);
	case ISCSI_AHSTYPE_RLENGTH:
		return iscst_cmd_set_read_length(cmd, ahs, len);
	default:
		return 0;
	}
}

/* All additional header segments of the PDU, RFC 7143 11.2.2 */
static int iscst_cmd_parse_ahs(struct iscst_cmd *cmd, const struct iscsi_scsi_req *req)
{
	const u8 *ahs = (const u8 *)req + ISCSI_HDR_LEN;
	const u8 *end = ahs + req->hlength * 4;
	int ret = 0;

	while (!ret && end - ahs >= 4) {
		u32 len = get_unaligned_be16(ahs);

		if (len > end - ahs - ISCST_AHS_HEADER)
			return -EINVAL;
		ret = iscst_cmd_set_ahs(cmd, ahs, len);
		ahs += round_up(ISCST_AHS_HEADER + len, 4);
	}
	return ret;
}

static int iscst_cmd_set_cdb(struct iscst_cmd *cmd, const struct iscsi_scsi_req *req)
{
	const u8 both = ISCSI_FLAG_CMD_READ | ISCSI_FLAG_CMD_WRITE;
	int ret;

	memcpy(cmd->cdb, req->cdb, ISCSI_CDB_SIZE);
	cmd->cmd.cdb = cmd->cdb;
	cmd->cmd.cdb_len = ISCSI_CDB_SIZE;
	cmd->bidirectional = false;
	ret = iscst_cmd_parse_ahs(cmd, req);
	if (!ret && cmd->bidirectional != ((req->flags & both) == both))
		ret = -EINVAL;
	return ret;
}

static enum scst_attr iscst_cmd_attr(u8 flags)
{
	switch (flags & ISCSI_FLAG_CMD_ATTR_MASK) {
	case ISCSI_ATTR_UNTAGGED:
		return SCST_ATTR_UNTAGGED;
	case ISCSI_ATTR_ORDERED:
		return SCST_ATTR_ORDERED;
	case ISCSI_ATTR_HEAD_OF_QUEUE:
		return SCST_ATTR_HEAD;
	case ISCSI_ATTR_ACA:
		return SCST_ATTR_ACA;
	default:
		return SCST_ATTR_SIMPLE;
	}
}

static void iscst_cmd_set_data(struct iscst_cmd *cmd, const struct iscsi_scsi_req *req)
{
	cmd->cmd.expected_dir = SCST_DIR_NONE;
	if (req->flags & ISCSI_FLAG_CMD_READ)
		cmd->cmd.expected_dir = SCST_DIR_IN;
	if (req->flags & ISCSI_FLAG_CMD_WRITE)
		cmd->cmd.expected_dir = SCST_DIR_OUT;
	if (cmd->bidirectional)
		cmd->cmd.expected_dir = SCST_DIR_BOTH;
	if (cmd->cmd.expected_dir != SCST_DIR_NONE)
		cmd->cmd.expected_len = be32_to_cpu(req->data_length);
	cmd->unsolicited = !(req->flags & ISCSI_FLAG_CMD_FINAL);
	cmd->immediate = cmd->conn->rx.len;
	cmd->seq_end = min(cmd->conn->params.first_burst_length, cmd->cmd.expected_len);
	cmd->loss = iscst_cmd_check_unsolicited(cmd);
}

static void iscst_cmd_reset(struct iscst_cmd *cmd)
{
	cmd->generation++;
	cmd->loss = ISCST_LOSS_NONE;
	cmd->ready_later = false;
	cmd->r2t_queued = false;
	cmd->in_order_sn = 0;
	cmd->off = 0;
	cmd->seq_sn = 0;
	cmd->r2t_off = 0;
	cmd->r2t_sn = 0;
	cmd->sent = 0;
	cmd->data_sn = 0;
	cmd->stage_len = 0;
}

static void iscst_cmd_fill(struct iscst_cmd *cmd, const struct iscsi_scsi_req *req)
{
	iscst_cmd_reset(cmd);
	cmd->itt = req->itt;
	cmd->cmd.lun = req->lun;
	cmd->cmd.tag = be32_to_cpu((__force __be32)req->itt);
	cmd->cmd.attr = iscst_cmd_attr(req->flags);
	iscst_cmd_set_data(cmd, req);
}

/*
 * The command is submitted before its data is received, so that the data is received into its
 * buffer: usually the core asks for it before scst_cmd_submit() returns.
 */
static void iscst_cmd_submit(struct iscst_cmd *cmd)
{
	struct iscst_conn *conn = cmd->conn;

	if (!iscst_is_immediate((struct iscsi_hdr *)conn->rx.hdr))
		iscst_cmdsn_count(cmd);
	cmd->state = ISCST_CMD_SUBMITTED;
	conn->session->recent = cmd;
	scst_cmd_submit(&cmd->cmd, conn->in_softirq ? SCST_CTX_ATOMIC : SCST_CTX_TASK);
	iscst_conn_events(conn);
	if (conn->rx.len)
		iscst_data_expect(cmd, conn->rx.len);
}

/**
 * iscst_scsi_cmd() - handle the header of a SCSI Command, RFC 7143 11.3
 * @conn: the connection
 *
 * Context: under the socket's lock.
 * Return: 0, or -ENOMEM.
 */
int iscst_scsi_cmd(struct iscst_conn *conn)
{
	const struct iscsi_scsi_req *req = (struct iscsi_scsi_req *)conn->rx.hdr;
	struct iscst_cmd *cmd;
	int ret;

	if (!conn->session->sess)
		return iscst_reject(conn, ISCSI_REASON_CMD_NOT_SUPPORTED);
	if (!iscst_cmd_is_valid(conn, req))
		return iscst_reject(conn, ISCSI_REASON_PROTOCOL_ERROR);
	iscst_cpu_count(conn, be32_to_cpu(req->exp_statsn));
	cmd = iscst_cmd_get(conn->session);
	if (!cmd)
		return iscst_reject(conn, ISCSI_REASON_IMM_CMD_REJECT);
	scst_cmd_init(&cmd->cmd, conn->session->sess);
	ret = iscst_cmd_set_cdb(cmd, req);
	if (ret) {
		kfree(cmd->long_cdb);
		cmd->long_cdb = NULL;
		list_add(&cmd->entry, &conn->session->idle);
		return ret == -EINVAL ? iscst_reject(conn, ISCSI_REASON_PROTOCOL_ERROR) :
					ret;
	}
	iscst_cmd_fill(cmd, req);
	iscst_cmd_submit(cmd);
	return 0;
}
