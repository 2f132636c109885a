// SPDX-License-Identifier: GPL-2.0
/*
 * Task management functions, RFC 7143 11.5 and 11.6.
 */
#include <linux/string.h>

#include "iscst.h"

/* RFC 7144: functions and response of iSCSIProtocolLevel 2 */
#define ISCST_TM_QUERY_TASK		9
#define ISCST_TM_QUERY_TASK_SET		10
#define ISCST_TM_NEXUS_RESET		11
#define ISCST_TM_QUERY_ASYNC_EVENT	12
#define ISCST_TM_RSP_SUCCEEDED		7

static const struct {
	bool known;
	enum scst_tmf_fn fn;
} iscst_tmf_fns[] = {
	[ISCSI_TM_FUNC_ABORT_TASK] = { true, SCST_TMF_ABORT_TASK },
	[ISCSI_TM_FUNC_ABORT_TASK_SET] = { true, SCST_TMF_ABORT_TASK_SET },
	[ISCSI_TM_FUNC_CLEAR_ACA] = { true, SCST_TMF_CLEAR_ACA },
	[ISCSI_TM_FUNC_CLEAR_TASK_SET] = { true, SCST_TMF_CLEAR_TASK_SET },
	[ISCSI_TM_FUNC_LOGICAL_UNIT_RESET] = { true, SCST_TMF_LUN_RESET },
	[ISCSI_TM_FUNC_TARGET_WARM_RESET] = { true, SCST_TMF_TARGET_RESET },
	[ISCSI_TM_FUNC_TARGET_COLD_RESET] = { true, SCST_TMF_COLD_RESET },
	[ISCST_TM_QUERY_TASK] = { true, SCST_TMF_QUERY_TASK },
	[ISCST_TM_QUERY_TASK_SET] = { true, SCST_TMF_QUERY_TASK_SET },
	[ISCST_TM_NEXUS_RESET] = { true, SCST_TMF_NEXUS_RESET },
	[ISCST_TM_QUERY_ASYNC_EVENT] = { true, SCST_TMF_QUERY_ASYNC_EVENT },
};

static u8 iscst_tmf_response(enum scst_tmf_response response)
{
	switch (response) {
	case SCST_TMF_COMPLETE:
		return ISCSI_TMF_RSP_COMPLETE;
	case SCST_TMF_SUCCEEDED:
		return ISCST_TM_RSP_SUCCEEDED;
	case SCST_TMF_INCORRECT_LUN:
		return ISCSI_TMF_RSP_NO_LUN;
	default:
		return ISCSI_TMF_RSP_REJECTED;
	}
}

static void iscst_tmf_answer(struct iscst_ctl *ctl, u8 response)
{
	((struct iscsi_tm_rsp *)&ctl->hdr)->response = response;
	iscst_ctl_send(ctl);
}

/**
 * iscst_tmf_done() - answer a function that the core has carried out
 * @tmf: the function
 *
 * RFC 7143 11.5.1: all sessions end after TARGET COLD RESET. The answer is posted before they are
 * dropped, so that it is still sent.
 *
 * Context: process context.
 */
void iscst_tmf_done(struct scst_tmf *tmf)
{
	struct iscst_ctl *ctl = container_of(tmf, struct iscst_ctl, tmf);
	struct iscst_target *target = ctl->conn->target;
	bool cold = ctl->cold;

	/* RFC 7144: ADDITIONAL RESPONSE INFORMATION; zero for functions without any */
	memcpy(((struct iscsi_tm_rsp *)&ctl->hdr)->rsvd2, tmf->info, sizeof(tmf->info));
	iscst_tmf_answer(ctl, iscst_tmf_response(tmf->response));
	if (cold)
		iscst_target_drop_sessions(target, false);
}

/**
 * iscst_tmf_answered() - mark the ABORT TASKs that come too late for a command
 * @cmd: the command, whose answer will be sent
 *
 * Context: under the socket's lock.
 */
void iscst_tmf_answered(struct iscst_cmd *cmd)
{
	struct iscst_ctl *ctl;

	list_for_each_entry(ctl, &cmd->conn->aborts, entry)
		if (ctl->tmf.tag == cmd->cmd.tag)
			ctl->answered = true;
}

/**
 * iscst_tmf_build() - correct the response of an answer that is about to be sent
 * @ctl: any control PDU
 * @hdr: its header
 *
 * RFC 7143 11.6.1: a task that was answered did not exist any more.
 *
 * Context: under the socket's lock.
 */
void iscst_tmf_build(struct iscst_ctl *ctl, struct iscsi_hdr *hdr)
{
	struct iscsi_tm_rsp *rsp = (struct iscsi_tm_rsp *)hdr;

	if (ctl->answered && rsp->response == ISCSI_TMF_RSP_COMPLETE)
		rsp->response = ISCSI_TMF_RSP_NO_TASK;
}

/* Whether the task to be aborted exists and has no answer yet */
static bool iscst_tmf_has_task(struct iscst_session *session, const struct iscsi_tm *req)
{
	unsigned int i;

	for (i = 0; i < session->nr_cmds; i++) {
		const struct iscst_cmd *cmd = &session->cmds[i];

		if (cmd->itt == req->rtt && cmd->state != ISCST_CMD_IDLE &&
		    cmd->state != ISCST_CMD_RESPONDING &&
		    !memcmp(&cmd->cmd.lun, &req->lun, sizeof(req->lun)))
			return true;
	}
	return false;
}

/* Returns the response of a function that the core need not carry out, or -1. */
static int iscst_tmf_check(struct iscst_conn *conn, const struct iscsi_tm *req)
{
	u8 fn = ISCSI_TM_FUNC_VALUE(req);

	if (fn == ISCSI_TM_FUNC_TASK_REASSIGN)
		return ISCSI_TMF_RSP_NO_FAILOVER;
	if (fn >= ARRAY_SIZE(iscst_tmf_fns) || !iscst_tmf_fns[fn].known)
		return ISCSI_TMF_RSP_NOT_SUPPORTED;
	if (fn >= ISCST_TM_QUERY_TASK && conn->params.protocol_level < 2)
		return ISCSI_TMF_RSP_NOT_SUPPORTED;
	if (fn == ISCSI_TM_FUNC_ABORT_TASK && !iscst_tmf_has_task(conn->session, req))
		return ISCSI_TMF_RSP_NO_TASK;
	return -1;
}

static void iscst_tmf_submit(struct iscst_ctl *ctl, const struct iscsi_tm *req)
{
	u8 fn = ISCSI_TM_FUNC_VALUE(req);

	ctl->cold = fn == ISCSI_TM_FUNC_TARGET_COLD_RESET;
	ctl->tmf.sess = ctl->conn->session->sess;
	ctl->tmf.fn = iscst_tmf_fns[fn].fn;
	ctl->tmf.lun = req->lun;
	ctl->tmf.tag = be32_to_cpu((__force __be32)req->rtt);
	if (fn == ISCSI_TM_FUNC_ABORT_TASK)
		list_add(&ctl->entry, &ctl->conn->aborts);
	scst_tmf_submit(&ctl->tmf);
}

/**
 * iscst_tmf() - handle the header of a Task Management Function Request
 * @conn: the connection
 *
 * With one connection, all commands that were sent before the request have arrived before it.
 *
 * Context: io_work.
 * Return: 0, or -ENOMEM.
 */
int iscst_tmf(struct iscst_conn *conn)
{
	const struct iscsi_tm *req = (struct iscsi_tm *)conn->rx.hdr;
	struct iscst_ctl *ctl;
	int response;

	if (!conn->session->sess)
		return iscst_reject(conn, ISCSI_REASON_CMD_NOT_SUPPORTED);
	ctl = iscst_ctl_alloc(conn, ISCSI_OP_SCSI_TMFUNC_RSP, 0);
	if (!ctl)
		return -ENOMEM;
	ctl->hdr.itt = req->itt;
	response = iscst_tmf_check(conn, req);
	if (response < 0)
		iscst_tmf_submit(ctl, req);
	else
		iscst_tmf_answer(ctl, response);
	return 0;
}
