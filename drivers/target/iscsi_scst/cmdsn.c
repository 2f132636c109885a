// SPDX-License-Identifier: GPL-2.0
/*
 * The command window, RFC 7143 4.2.2.1: CmdSN, ExpCmdSN, MaxCmdSN.
 *
 * A session has one connection, whose PDUs come in order: a CmdSN that is not the next
 * one is a gap that nothing will fill, and such a PDU is ignored like one outside the
 * window.
 */
#include "iscst.h"

/**
 * iscst_cmdsn_take() - look at a request's CmdSN
 * @session: the session
 * @hdr:     the request
 *
 * Context: under the socket's lock.
 * Return: whether it is to be carried out, or to be ignored.
 */
enum iscst_cmdsn iscst_cmdsn_take(struct iscst_session *session,
				  const struct iscsi_hdr *hdr)
{
	u32 cmdsn = be32_to_cpu(hdr->statsn);	/* CmdSN stands in its place */

	if (iscst_is_immediate(hdr))
		return ISCST_CMDSN_NEXT;
	if (cmdsn != session->exp_cmdsn || iscsi_sna_gt(cmdsn, session->max_cmdsn))
		return ISCST_CMDSN_IGNORE;
	session->exp_cmdsn++;
	return ISCST_CMDSN_NEXT;
}

/**
 * iscst_cmdsn_count() - a command takes its share of the window
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
 * iscst_cmdsn_uncount() - and gives it back
 * @cmd: a command that is answered, or will not be
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
 * iscst_cmdsn_reopen() - it gives it back without an answer
 * @cmd: a command that was aborted
 *
 * An initiator that thinks the window closed sends nothing that could be answered:
 * iscst_cmdsn_notify() is for it. iscst_release() has kicked io_work.
 *
 * Context: under the socket's lock, or nobody has the session any more.
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
 * iscst_cmdsn_fill() - a PDU is about to be sent: its sequence numbers
 * @conn:     the connection
 * @hdr:      the PDU's header
 * @numbered: it takes a StatSN
 *
 * Log-in responses before the last have no session and bring the others with them.
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
