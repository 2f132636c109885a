// SPDX-License-Identifier: GPL-2.0
/*
 * Log-in, RFC 7143 6.3, 11.12, 11.13: the security stage, the operational stage, and then a
 * session.
 */
#include <linux/jiffies.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "iscst.h"
#include "trace.h"

static struct iscsi_login_req *iscst_login_req(struct iscst_conn *conn)
{
	return (struct iscsi_login_req *)conn->rx.hdr;
}

/**
 * iscst_login_alloc() - allocate a log-in
 *
 * Return: the log-in, or NULL.
 */
struct iscst_login *iscst_login_alloc(void)
{
	struct iscst_login *login = kzalloc_obj(*login);

	if (!login)
		return NULL;
	if (iscst_text_init(&login->text, ISCST_LOGIN_SEGMENT)) {
		kfree(login);
		return NULL;
	}
	iscst_limits_init(&login->limits);
	return login;
}

/**
 * iscst_login_free() - free a log-in
 * @login: the log-in, or NULL
 */
void iscst_login_free(struct iscst_login *login)
{
	if (!login)
		return;
	iscst_text_exit(&login->text);
	kfree_sensitive(login->proven);
	kfree_sensitive(login);
}

/**
 * iscst_login_header() - handle a header that arrives before there is a session
 * @conn: the connection
 *
 * Context: io_work.
 * Return: 0, or an errno: the connection is to be closed.
 */
int iscst_login_header(struct iscst_conn *conn)
{
	const struct iscsi_login_req *req = iscst_login_req(conn);

	if (req->opcode != (ISCSI_OP_LOGIN | ISCSI_OP_IMMEDIATE) || req->hlength)
		return -EPROTO;
	return iscst_text_receive(conn, &conn->login->text);
}

static u8 iscst_csg(const struct iscsi_login_req *req)
{
	return ISCSI_LOGIN_CURRENT_STAGE(req->flags);
}

static u8 iscst_nsg(const struct iscsi_login_req *req)
{
	return ISCSI_LOGIN_NEXT_STAGE(req->flags);
}

static u16 iscst_login_check_first(struct iscst_login *login, const struct iscsi_login_req *req)
{
	if (req->min_version > ISCSI_DRAFT20_VERSION)
		return ISCST_LOGIN_ERR(ISCSI_LOGIN_STATUS_NO_VERSION);
	if (iscst_csg(req) > ISCSI_OP_PARMS_NEGOTIATION_STAGE)
		return ISCST_LOGIN_ERR(ISCSI_LOGIN_STATUS_INVALID_REQUEST);
	memcpy(login->isid, req->isid, sizeof(login->isid));
	login->tsih = req->tsih;
	login->cid = req->cid;
	login->itt = req->itt;
	login->stage = iscst_csg(req);
	login->started = true;
	return 0;
}

/* The identifiers of a log-in are the same in all its requests. */
static u16 iscst_login_check_next(const struct iscst_login *login,
				  const struct iscsi_login_req *req)
{
	if (memcmp(login->isid, req->isid, sizeof(login->isid)) || login->tsih != req->tsih ||
	    login->cid != req->cid || login->itt != req->itt ||
	    login->stage != iscst_csg(req))
		return ISCST_LOGIN_ERR(ISCSI_LOGIN_STATUS_INVALID_REQUEST);
	return 0;
}

/* Stages only go forward, and stage 2 does not exist. */
static u16 iscst_login_check_flags(const struct iscsi_login_req *req)
{
	if (!(req->flags & ISCSI_FLAG_LOGIN_TRANSIT))
		return 0;
	if (req->flags & ISCSI_FLAG_LOGIN_CONTINUE || iscst_nsg(req) == 2 ||
	    iscst_nsg(req) <= iscst_csg(req))
		return ISCST_LOGIN_ERR(ISCSI_LOGIN_STATUS_INVALID_REQUEST);
	return 0;
}

static u16 iscst_login_check(struct iscst_login *login, const struct iscsi_login_req *req)
{
	u16 status = login->started ? iscst_login_check_next(login, req) :
				      iscst_login_check_first(login, req);

	return status ?: iscst_login_check_flags(req);
}

static struct iscst_ctl *iscst_login_rsp(struct iscst_conn *conn, u8 flags, u32 len)
{
	const struct iscsi_login_req *req = iscst_login_req(conn);
	struct iscst_ctl *ctl = iscst_ctl_alloc(conn, ISCSI_OP_LOGIN_RSP, len);
	struct iscsi_login_rsp *rsp;

	if (!ctl)
		return NULL;
	rsp = (struct iscsi_login_rsp *)&ctl->hdr;
	rsp->flags = flags;
	memcpy(rsp->isid, req->isid, sizeof(rsp->isid));
	rsp->tsih = conn->session ? cpu_to_be16(conn->session->tsih) : req->tsih;
	rsp->itt = req->itt;
	rsp->exp_cmdsn = req->cmdsn;
	rsp->max_cmdsn = req->cmdsn;
	return ctl;
}

/* Refuses the log-in with a status or a redirection. The initiator closes. */
static void iscst_login_reject(struct iscst_conn *conn, u16 status)
{
	const struct iscst_text *text = &conn->login->text;
	u32 len = status >> 8 == ISCSI_STATUS_CLS_REDIRECT ? text->rsp_len : 0;
	struct iscst_ctl *ctl = iscst_login_rsp(conn, 0, len);
	struct iscsi_login_rsp *rsp;

	if (!ctl) {
		iscst_conn_close(conn, ISCST_REASON_NONE);
		return;
	}
	if (len)
		memcpy(ctl->data, text->rsp, len);
	rsp = (struct iscsi_login_rsp *)&ctl->hdr;
	rsp->status_class = status >> 8;
	rsp->status_detail = status & 0xff;
	iscst_conn_await_close(conn);
	iscst_ctl_send(ctl);
}

static u16 iscst_login_respond(struct iscst_conn *conn, u8 flags)
{
	struct iscst_text *text = &conn->login->text;
	struct iscst_ctl *ctl;

	if (text->full)
		return ISCST_LOGIN_ERR(ISCSI_LOGIN_STATUS_INIT_ERR);
	ctl = iscst_login_rsp(conn, flags, text->rsp_len);
	if (!ctl)
		return ISCST_LOGIN_TARGET_ERR(ISCSI_LOGIN_STATUS_NO_RESOURCES);
	if (text->rsp_len)
		memcpy(ctl->data, text->rsp, text->rsp_len);
	text->rsp_len = 0;
	iscst_ctl_send(ctl);
	return 0;
}

/* The portal of the target that covers the one of the connection, or NULL */
static struct iscst_portal *__iscst_login_portal(const struct iscst_conn *conn,
						 const struct iscst_target *target)
{
	struct iscst_portal *wildcard = NULL;
	struct iscst_portal_dir *dir;

	lockdep_assert_held(&iscst_lock);
	list_for_each_entry(dir, &target->portals, entry) {
		if (dir->portal == conn->portal)
			return dir->portal;
		if (iscst_portal_covers(dir->portal, conn->portal))
			wildcard = dir->portal;
	}
	return wildcard;
}

/* The target of that name that listens at the connection's address, enabled or not */
static struct iscst_target *__iscst_login_find(struct iscst_conn *conn)
{
	struct iscst_target *target;

	lockdep_assert_held(&iscst_lock);
	list_for_each_entry(target, &iscst_listening, portals_entry) {
		if (strcasecmp(scst_target_name(target->tgt), conn->login->target_name))
			continue;
		conn->target_portal = __iscst_login_portal(conn, target);
		if (conn->target_portal)
			return target;
		iscst_conn_set_reason(conn, ISCST_REASON_WRONG_PORTAL);
		__iscst_conn_report(conn, target);
	}
	return NULL;
}

/*
 * RFC 7143 13.8 and 11.13.5. A log-in at the very address of the redirection is accepted:
 * otherwise initiators would be redirected for ever.
 */
static u16 __iscst_login_redirect(struct iscst_conn *conn, const struct iscst_target *target)
{
	if (!target->redirect[0] || iscst_conn_is_at(conn, target->redirect))
		return 0;
	iscst_text_add(&conn->login->text, "TargetAddress", "%s%s", target->redirect,
		       iscst_address_port(target->redirect));
	return ISCSI_STATUS_CLS_REDIRECT << 8 |
	       (READ_ONCE(target->redirect_permanent) ? ISCSI_LOGIN_STATUS_TGT_MOVED_PERM :
							ISCSI_LOGIN_STATUS_TGT_MOVED_TEMP);
}

/* A session has one connection, so no log-in adds one to an existing session. */
static u16 __iscst_login_join(const struct iscst_conn *conn)
{
	const struct iscst_login *login = conn->login;
	const struct iscst_session *session;

	lockdep_assert_held(&iscst_lock);
	if (!login->tsih)
		return 0;
	list_for_each_entry(session, &conn->target->sessions, entry)
		if (session->tsih == be16_to_cpu(login->tsih) &&
		    !memcmp(session->isid, login->isid, sizeof(login->isid)) &&
		    !strcmp(session->initiator, login->initiator))
			return ISCST_LOGIN_ERR(ISCSI_LOGIN_STATUS_CONN_ADD_FAILED);
	return ISCST_LOGIN_ERR(ISCSI_LOGIN_STATUS_NO_SESSION);
}

static u16 __iscst_login_choose(struct iscst_conn *conn)
{
	struct iscst_target *target = __iscst_login_find(conn);
	u16 status;

	if (!target)
		return ISCST_LOGIN_ERR(ISCSI_LOGIN_STATUS_TGT_NOT_FOUND);
	if (list_empty(&target->entry)) {
		iscst_conn_set_reason(conn, ISCST_REASON_DISABLED);
		__iscst_conn_report(conn, target);
		return ISCST_LOGIN_TARGET_ERR(ISCSI_LOGIN_STATUS_SVC_UNAVAILABLE);
	}
	status = __iscst_login_redirect(conn, target);
	if (status)
		return status;
	conn->target = target;
	conn->login->limits = target->limits;
	return __iscst_login_join(conn);
}

static u16 iscst_login_find_target(struct iscst_conn *conn)
{
	u16 status;

	mutex_lock(&iscst_lock);
	status = __iscst_login_choose(conn);
	mutex_unlock(&iscst_lock);
	return status;
}

/* The first request names initiator and target, RFC 7143 6.3.1. */
static u16 iscst_login_identify(struct iscst_conn *conn)
{
	struct iscst_login *login = conn->login;
	u16 status;

	if (login->identified)
		return 0;
	status = iscst_nego_text(conn, &login->text, ISCST_NAMES);
	if (status)
		return status;
	if (!login->initiator[0])
		return ISCST_LOGIN_ERR(ISCSI_LOGIN_STATUS_MISSING_FIELDS);
	if (login->discovery)
		return login->tsih ? ISCST_LOGIN_ERR(ISCSI_LOGIN_STATUS_NO_SESSION) : 0;
	if (!login->target_name[0])
		return ISCST_LOGIN_ERR(ISCSI_LOGIN_STATUS_MISSING_FIELDS);
	return iscst_login_find_target(conn);
}

static void iscst_login_declare_group(struct iscst_conn *conn)
{
	struct iscst_login *login = conn->login;

	if (login->group_declared || !conn->target)
		return;
	login->group_declared = true;
	iscst_text_add(&login->text, "TargetPortalGroupTag", "1");
}

static u16 iscst_login_stage(struct iscst_conn *conn)
{
	struct iscst_login *login = conn->login;

	if (login->stage == ISCSI_SECURITY_NEGOTIATION_STAGE)
		return iscst_auth_step(conn);
	if (!login->authenticated && iscst_auth_needed(conn)) {
		iscst_conn_set_reason(conn, ISCST_REASON_NO_PROOF);
		return ISCST_LOGIN_ERR(ISCSI_LOGIN_STATUS_AUTH_FAILED);
	}
	login->authenticated = true;
	iscst_nego_offer(conn);
	return 0;
}

static void iscst_login_set_numbers(struct iscst_conn *conn)
{
	const struct iscsi_login_req *req = iscst_login_req(conn);
	struct iscst_session *session = conn->session;

	session->exp_cmdsn = be32_to_cpu(req->cmdsn);
	session->max_cmdsn = session->exp_cmdsn - 1;
	conn->cid = be16_to_cpu(req->cid);
}

/* The last response is queued. The negotiated values hold for all PDUs after it. */
static void iscst_login_publish(struct iscst_conn *conn)
{
	iscst_login_free(conn->login);
	conn->login = NULL;
	WRITE_ONCE(conn->started, jiffies);
	/* Pairs with the acquire of readers of the state, which then see the session. */
	smp_store_release(&conn->state, ISCST_CONN_FULL);
}

static u16 iscst_login_complete(struct iscst_conn *conn, u8 flags)
{
	u16 status;

	iscst_nego_commit(conn);
	status = iscst_session_open(conn);
	if (status)
		return status;
	iscst_login_set_numbers(conn);
	status = iscst_login_respond(conn, flags);
	if (status) {
		iscst_conn_close(conn, ISCST_REASON_NONE);
		return 0;
	}
	iscst_login_publish(conn);
	return 0;
}

/* Answers a request, and changes to the stage that the initiator asks for if that is allowed. */
static u16 iscst_login_transit(struct iscst_conn *conn)
{
	const struct iscsi_login_req *req = iscst_login_req(conn);
	struct iscst_login *login = conn->login;
	u8 flags = iscst_csg(req) << 2;

	if (!(req->flags & ISCSI_FLAG_LOGIN_TRANSIT) || !login->authenticated)
		return iscst_login_respond(conn, flags);
	flags |= ISCSI_FLAG_LOGIN_TRANSIT | iscst_nsg(req);
	if (iscst_nsg(req) == ISCSI_FULL_FEATURE_PHASE)
		return iscst_login_complete(conn, flags);
	login->stage = iscst_nsg(req);
	return iscst_login_respond(conn, flags);
}

static void iscst_login_clear_keys(struct iscst_chap *chap)
{
	chap->methods = NULL;
	chap->a = NULL;
	chap->n = NULL;
	chap->r = NULL;
	chap->i = NULL;
	chap->c = NULL;
}

/* The text of a request is complete. */
static u16 iscst_login_text(struct iscst_conn *conn)
{
	struct iscst_login *login = conn->login;
	u16 status = iscst_login_identify(conn);

	if (status)
		return status;
	iscst_login_clear_keys(&login->chap);
	status = iscst_nego_text(conn, &login->text,
				 login->stage == ISCSI_SECURITY_NEGOTIATION_STAGE ?
				 ISCST_SECURITY : ISCST_OPERATIONAL);
	if (status)
		return status;
	login->identified = true;
	iscst_login_declare_group(conn);
	status = iscst_login_stage(conn);
	if (status)
		return status;
	login->text.req_len = 0;
	return iscst_login_transit(conn);
}

static u16 iscst_login_request(struct iscst_conn *conn)
{
	const struct iscsi_login_req *req = iscst_login_req(conn);
	struct iscst_login *login = conn->login;
	u16 status;

	login->text.req_len += conn->rx.len;
	status = iscst_login_check(login, req);
	if (status)
		return status;
	if (req->flags & ISCSI_FLAG_LOGIN_CONTINUE)
		return iscst_login_respond(conn, iscst_csg(req) << 2);
	return iscst_login_text(conn);
}

/**
 * iscst_login_run() - handle the Login Request that was received
 * @conn: the connection
 *
 * Context: slow_work; waits for a session that is reinstated.
 */
void iscst_login_run(struct iscst_conn *conn)
{
	u16 status = iscst_login_request(conn);

	if (status)
		iscst_login_report(conn, status);
	trace_iscst_login(conn, status);
	if (status)
		iscst_login_reject(conn, status);
}
