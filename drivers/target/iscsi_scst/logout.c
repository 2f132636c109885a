// SPDX-License-Identifier: GPL-2.0
/*
 * Logout Requests, RFC 7143 11.14.
 */
#include "iscst.h"

static u8 iscst_logout_response(struct iscst_conn *conn, const struct iscsi_logout *req)
{
	switch (req->flags & ISCSI_FLAG_LOGOUT_REASON_MASK) {
	case ISCSI_LOGOUT_REASON_CLOSE_SESSION:
		return ISCSI_LOGOUT_SUCCESS;
	case ISCSI_LOGOUT_REASON_CLOSE_CONNECTION:
		return be16_to_cpu(req->cid) == conn->cid ? ISCSI_LOGOUT_SUCCESS :
							    ISCSI_LOGOUT_CID_NOT_FOUND;
	default:
		return ISCSI_LOGOUT_RECOVERY_UNSUPPORTED;
	}
}

/*
 * The answer @ctl is sent when the session is unregistered. slow_work does that: iscst_lock cannot
 * be taken under the socket's lock.
 */
static void iscst_logout_accept(struct iscst_conn *conn, struct iscst_ctl *ctl)
{
	iscst_conn_await_close(conn);
	if (!conn->session->sess) {
		iscst_ctl_send(ctl);
		return;
	}
	conn->session->logout = ctl;
	iscst_conn_start_slow(conn);
}

/**
 * iscst_logout() - handle the header of a Logout Request
 * @conn: the connection; pending answers are sent before this one
 *
 * Context: io_work.
 * Return: 0, or -ENOMEM.
 */
int iscst_logout(struct iscst_conn *conn)
{
	struct iscsi_logout *req = (struct iscsi_logout *)conn->rx.hdr;
	struct iscst_ctl *ctl = iscst_ctl_alloc(conn, ISCSI_OP_LOGOUT_RSP, 0);
	struct iscsi_logout_rsp *rsp;

	if (!ctl)
		return -ENOMEM;
	rsp = (struct iscsi_logout_rsp *)&ctl->hdr;
	rsp->itt = req->itt;
	rsp->response = iscst_logout_response(conn, req);
	rsp->t2wait = cpu_to_be16(conn->params.time2wait);
	rsp->t2retain = cpu_to_be16(conn->params.time2retain);
	if (rsp->response == ISCSI_LOGOUT_SUCCESS)
		iscst_logout_accept(conn, ctl);
	else
		iscst_ctl_send(ctl);
	return 0;
}
