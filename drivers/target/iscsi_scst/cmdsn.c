// SPDX-License-Identifier: GPL-2.0
/*
 * The command window, RFC 7143 4.2.2.1: CmdSN, ExpCmdSN, MaxCmdSN.
 *
 * A session has one connection, whose PDUs arrive in order. A CmdSN that is not the next one
 * leaves a gap that no PDU will fill, so the PDU is ignored like one outside the window.
 */
#include "iscst.h"

/**
 * iscst_cmdsn_take() - check the CmdSN of a request
 * @session: the session
 * @hdr:     the request
 *
 * Context: under the socket's lock.
 * Return: whether the request is to be carried out or ignored.
 */
enum iscst_cmdsn iscst_cmdsn_take(struct iscst_session *session, const struct iscsi_hdr *hdr)
{
	u32 cmdsn = be32_to_cpu(hdr->statsn);	/* requests have CmdSN there */

	if (iscst_is_immediate(hdr))
		return ISCST_CMDSN_NEXT;
	if (cmdsn != session->exp_cmdsn || iscsi_sna_gt(cmdsn, session->max_cmdsn))
		return ISCST_CMDSN_IGNORE;
	session->exp_cmdsn++;
	return ISCST_CMDSN_NEXT;
}

/**
 * iscst_cmdsn_count() - count a command in the window
 * @cmd: the command
 *
 * Context: under the socket's lock.
 */
void iscst_cmdsn_count(struct iscst_cmd *cmd)
{
	cmd->counted = true;
	cmd->conn->session->outstanding++;
}

/**
 * iscst_cmdsn_uncount() - count a command in the window no longer
 * @cmd: a command that is being answered, or was aborted
 *
 * Context: under the socket's lock.
 */
void iscst_cmdsn_uncount(struct iscst_cmd *cmd)
{
	if (!cmd->counted)
		return;
	cmd->counted = false;
	cmd->conn->session->outstanding--;
}

/**
 * iscst_cmdsn_reopen() - open the window after a command without an answer
 * @cmd: a command that was aborted
 *
 * An initiator that takes the window for closed sends nothing that could be answered, so
 * iscst_cmdsn_notify() has to tell it. iscst_release() has kicked io_work.
 *
 * Context: under the socket's lock, or without other users of the session.
 */
void iscst_cmdsn_reopen(struct iscst_cmd *cmd)
{
	struct iscst_session *session = cmd->conn->session;

	iscst_cmdsn_uncount(cmd);
	if (session->max_cmdsn == session->exp_cmdsn - 1)
		set_bit(ISCST_CONN_WINDOW, &cmd->conn->flags);
}

static void iscst_cmdsn_update(struct iscst_session *session)
{
	u32 max = session->exp_cmdsn - 1 + session->depth - session->outstanding;

	if (iscsi_sna_gt(max, session->max_cmdsn))
		session->max_cmdsn = max;
}

/**
 * iscst_cmdsn_fill() - fill in the sequence numbers of a PDU that is about to be sent
 * @conn:     the connection
 * @hdr:      the PDU's header
 * @numbered: the PDU takes a StatSN
 *
 * Login Responses before the last one have no session, and their CmdSNs are filled in already.
 *
 * Context: under the socket's lock.
 */
void iscst_cmdsn_fill(struct iscst_conn *conn, struct iscsi_hdr *hdr, bool numbered)
{
	struct iscst_session *session = READ_ONCE(conn->session);

	hdr->statsn = cpu_to_be32(conn->statsn);
	if (numbered)
		conn->statsn++;
	if (!session)
		return;
	iscst_cmdsn_update(session);
	hdr->exp_statsn = cpu_to_be32(session->exp_cmdsn);
	hdr->max_statsn = cpu_to_be32(session->max_cmdsn);
}
