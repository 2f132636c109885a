// SPDX-License-Identifier: GPL-2.0
/*
 * Reasons: why a connection ends or a log-in is refused. The first reason counts: later ones
 * follow from it.
 *
 * A failure is reported in a counter of the target, its last_error, a uevent and a line in the
 * kernel's log. The last two are rate-limited for each target. A failure before the initiator has
 * named a target is reported by the portal.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/atomic.h>
#include <linux/printk.h>
#include <linux/string.h>

#include "iscst.h"
#include "trace.h"

/**
 * struct iscst_reason_text - the name of a reason
 * @name: in SCST_REASON, in failures/ and in traces
 * @text: in messages
 */
struct iscst_reason_text {
	const char *name;
	const char *text;
};

static const struct iscst_reason_text iscst_reasons[] = {
	[ISCST_REASON_NONE] = { "none", "" },
	[ISCST_REASON_MALFORMED] = {
		"malformed_login", "a Login Request violates RFC 7143" },
	[ISCST_REASON_NO_TARGET] = { "no_target", "there is no such target" },
	[ISCST_REASON_WRONG_PORTAL] = {
		"wrong_portal", "the target does not listen at that address" },
	[ISCST_REASON_DISABLED] = { "target_disabled", "the target is disabled" },
	[ISCST_REASON_TOO_MANY_SESSIONS] = {
		"too_many_sessions", "the target has reached its session limit" },
	[ISCST_REASON_NO_SESSION] = {
		"no_session", "the session to join does not exist or takes no more connections" },
	[ISCST_REASON_REINSTATEMENT] = {
		"reinstatement", "the session to replace did not end in time" },
	[ISCST_REASON_NO_PROOF] = {
		"no_proof", "the target requires CHAP, and the initiator does not offer it" },
	[ISCST_REASON_NOT_LISTED] = { "not_listed", "no entry in auth/ matches the initiator" },
	[ISCST_REASON_WRONG_PROOF] = {
		"wrong_proof", "the initiator's CHAP name or response is wrong" },
	[ISCST_REASON_NO_OWN_PROOF] = {
		"no_own_proof", "the target cannot answer mutual CHAP; check target_secret" },
	[ISCST_REASON_LOGIN_TIMEOUT] = { "login_timeout", "the log-in timed out" },
	[ISCST_REASON_TOO_MANY_LOGINS] = {
		"too_many_logins", "too many log-ins are in progress at the portal" },
	[ISCST_REASON_NOP_TIMEOUT] = { "nop_timeout", "the initiator did not answer a NOP-In" },
	[ISCST_REASON_SEND_TIMEOUT] = {
		"send_timeout", "the initiator stopped reading from the connection" },
	[ISCST_REASON_DATA_TIMEOUT] = {
		"data_timeout", "the initiator did not send the data of a write in time" },
	[ISCST_REASON_LOGOUT_TIMEOUT] = {
		"logout_timeout", "the initiator did not log out when asked to" },
	[ISCST_REASON_HEADER_DIGEST] = { "header_digest", "a header digest is wrong" },
	[ISCST_REASON_DATA_DIGEST] = { "data_digest", "a data digest is wrong" },
	[ISCST_REASON_PROTOCOL] = { "protocol", "a PDU violates RFC 7143" },
	[ISCST_REASON_NO_MEMORY] = { "no_memory", "out of memory" },
	[ISCST_REASON_LOST] = {
		"connection_lost", "the initiator closed or reset the connection" },
	[ISCST_REASON_REPLACED] = { "replaced", "the initiator has logged in again" },
	[ISCST_REASON_REMOVED] = { "removed", "the administrator ended the session" },
};

/**
 * iscst_reason_name() - the name of a reason
 * @reason: the reason
 *
 * Context: any.
 * Return: one word.
 */
const char *iscst_reason_name(enum iscst_reason reason)
{
	return iscst_reasons[reason].name;
}

/**
 * iscst_conn_initiator() - the name of a connection's initiator
 * @conn: the connection
 *
 * Context: slow_work or close_work, which own the log-in.
 * Return: the name, or "" if it is not known.
 */
const char *iscst_conn_initiator(const struct iscst_conn *conn)
{
	if (conn->session)
		return conn->session->initiator;
	return conn->login ? conn->login->initiator : "";
}

/**
 * iscst_conn_target_name() - the name of the target that an initiator has asked for
 * @conn: the connection
 *
 * Context: slow_work or close_work, which own the log-in.
 * Return: the name, which need not be that of a target, or "" if it is not known.
 */
const char *iscst_conn_target_name(const struct iscst_conn *conn)
{
	if (conn->session)
		return conn->session->target_name;
	return conn->login ? conn->login->target_name : "";
}

/**
 * iscst_conn_set_reason() - set the reason why a connection ends, or its log-in is refused
 * @conn:   the connection
 * @reason: the reason; ignored if there is one already
 *
 * Context: any.
 */
void iscst_conn_set_reason(struct iscst_conn *conn, enum iscst_reason reason)
{
	cmpxchg(&conn->reason, ISCST_REASON_NONE, reason);
}

/**
 * iscst_conn_count() - count a failure that does not end the session
 * @conn:   the connection
 * @reason: the failure
 *
 * Context: under the socket's lock.
 */
void iscst_conn_count(struct iscst_conn *conn, enum iscst_reason reason)
{
	if (conn->target)
		atomic_inc(&conn->target->failures[reason]);
}

static const char *iscst_conn_outcome(const struct iscst_conn *conn)
{
	return conn->session ? "session ended" : "log-in refused";
}

/* A name that is not that of a target may have any bytes. */
static void iscst_portal_report(const struct iscst_conn *conn)
{
	const char *initiator = iscst_conn_initiator(conn);
	const char *wanted = iscst_conn_target_name(conn);

	atomic_inc(&conn->portal->refused);
	pr_notice_ratelimited("portal %pISpc: %s: %s: %s from %pISpc, target %*pE\n",
			      &conn->portal->addr, iscst_conn_outcome(conn),
			      iscst_reasons[READ_ONCE(conn->reason)].text, initiator, &conn->peer,
			      (int)strlen(wanted), wanted);
}

/**
 * __iscst_conn_report() - report a failure once
 * @conn:   the connection, with its reason
 * @target: the target, or NULL if the initiator has named none
 *
 * Reasons that are no failures are not reported.
 *
 * Context: process context, under iscst_lock, which keeps @target.
 */
void __iscst_conn_report(struct iscst_conn *conn, struct iscst_target *target)
{
	enum iscst_reason reason = READ_ONCE(conn->reason);
	const char *initiator = iscst_conn_initiator(conn);

	lockdep_assert_held(&iscst_lock);
	if (conn->reported || !reason || reason >= ISCST_REASON_REPLACED)
		return;
	conn->reported = true;
	if (!target) {
		iscst_portal_report(conn);
		return;
	}
	atomic_inc(&target->failures[reason]);
	scst_target_tell_failure(target->tgt, initiator, iscst_reasons[reason].name,
				 "%s: %s: %s from %pISpc", iscst_conn_outcome(conn),
				 iscst_reasons[reason].text, initiator, &conn->peer);
}

static enum iscst_reason iscst_reason_of_status(u16 status)
{
	switch (status) {
	case ISCST_LOGIN_ERR(ISCSI_LOGIN_STATUS_AUTH_FAILED):
		return ISCST_REASON_WRONG_PROOF;
	case ISCST_LOGIN_ERR(ISCSI_LOGIN_STATUS_TGT_NOT_FOUND):
		return ISCST_REASON_NO_TARGET;
	case ISCST_LOGIN_ERR(ISCSI_LOGIN_STATUS_CONN_ADD_FAILED):
	case ISCST_LOGIN_ERR(ISCSI_LOGIN_STATUS_NO_SESSION):
		return ISCST_REASON_NO_SESSION;
	case ISCST_LOGIN_TARGET_ERR(ISCSI_LOGIN_STATUS_SVC_UNAVAILABLE):
		return ISCST_REASON_DISABLED;
	case ISCST_LOGIN_TARGET_ERR(ISCSI_LOGIN_STATUS_NO_RESOURCES):
		return ISCST_REASON_NO_MEMORY;
	default:
		return ISCST_REASON_MALFORMED;
	}
}

/**
 * iscst_login_report() - report a log-in that is refused
 * @conn:   the connection
 * @status: Status-Class and Status-Detail; a redirection is no failure
 *
 * Context: slow_work; takes iscst_lock.
 */
void iscst_login_report(struct iscst_conn *conn, u16 status)
{
	if (status >> 8 == ISCSI_STATUS_CLS_REDIRECT)
		return;
	iscst_conn_set_reason(conn, iscst_reason_of_status(status));
	mutex_lock(&iscst_lock);
	__iscst_conn_report(conn, conn->target);
	mutex_unlock(&iscst_lock);
}

/*
 * An initiator may close a connection in log-in or discovery at any time. After a log-out there is
 * no session to be lost.
 */
static bool iscst_close_is_expected(const struct iscst_conn *conn)
{
	const struct iscst_session *session = conn->session;

	if (conn->state == ISCST_CONN_AWAIT_CLOSE)
		return true;
	return READ_ONCE(conn->reason) == ISCST_REASON_LOST && !(session && session->sess);
}

/**
 * iscst_conn_report_close() - report why a connection ends
 * @conn: the connection
 *
 * Context: close_work, when all other work is cancelled; takes iscst_lock.
 */
void iscst_conn_report_close(struct iscst_conn *conn)
{
	mutex_lock(&iscst_lock);
	trace_iscst_conn_down(conn);
	if (conn->session && conn->session->sess)
		trace_iscst_session_end(conn);
	if (!iscst_close_is_expected(conn))
		__iscst_conn_report(conn, conn->target);
	mutex_unlock(&iscst_lock);
}

/* failures/ */

static struct iscst_target *iscst_failures_target(struct config_item *item)
{
	return container_of(to_config_group(item), struct iscst_target, failures_group);
}

#define ISCST_FAILURE_ATTR(_name, _reason)					\
static ssize_t iscst_failure_##_name##_show(struct config_item *item, char *page)	\
{										\
	struct iscst_target *target = iscst_failures_target(item);		\
										\
	return sysfs_emit(page, "%u\n", atomic_read(&target->failures[_reason]));	\
}										\
CONFIGFS_ATTR_RO(iscst_failure_, _name)

ISCST_FAILURE_ATTR(malformed_login, ISCST_REASON_MALFORMED);
ISCST_FAILURE_ATTR(wrong_portal, ISCST_REASON_WRONG_PORTAL);
ISCST_FAILURE_ATTR(target_disabled, ISCST_REASON_DISABLED);
ISCST_FAILURE_ATTR(too_many_sessions, ISCST_REASON_TOO_MANY_SESSIONS);
ISCST_FAILURE_ATTR(no_session, ISCST_REASON_NO_SESSION);
ISCST_FAILURE_ATTR(reinstatement, ISCST_REASON_REINSTATEMENT);
ISCST_FAILURE_ATTR(no_proof, ISCST_REASON_NO_PROOF);
ISCST_FAILURE_ATTR(not_listed, ISCST_REASON_NOT_LISTED);
ISCST_FAILURE_ATTR(wrong_proof, ISCST_REASON_WRONG_PROOF);
ISCST_FAILURE_ATTR(no_own_proof, ISCST_REASON_NO_OWN_PROOF);
ISCST_FAILURE_ATTR(login_timeout, ISCST_REASON_LOGIN_TIMEOUT);
ISCST_FAILURE_ATTR(too_many_logins, ISCST_REASON_TOO_MANY_LOGINS);
ISCST_FAILURE_ATTR(nop_timeout, ISCST_REASON_NOP_TIMEOUT);
ISCST_FAILURE_ATTR(send_timeout, ISCST_REASON_SEND_TIMEOUT);
ISCST_FAILURE_ATTR(data_timeout, ISCST_REASON_DATA_TIMEOUT);
ISCST_FAILURE_ATTR(logout_timeout, ISCST_REASON_LOGOUT_TIMEOUT);
ISCST_FAILURE_ATTR(header_digest, ISCST_REASON_HEADER_DIGEST);
ISCST_FAILURE_ATTR(data_digest, ISCST_REASON_DATA_DIGEST);
ISCST_FAILURE_ATTR(protocol, ISCST_REASON_PROTOCOL);
ISCST_FAILURE_ATTR(no_memory, ISCST_REASON_NO_MEMORY);
ISCST_FAILURE_ATTR(connection_lost, ISCST_REASON_LOST);

static struct configfs_attribute *iscst_failure_attrs[] = {
	&iscst_failure_attr_malformed_login,
	&iscst_failure_attr_wrong_portal,
	&iscst_failure_attr_target_disabled,
	&iscst_failure_attr_too_many_sessions,
	&iscst_failure_attr_no_session,
	&iscst_failure_attr_reinstatement,
	&iscst_failure_attr_no_proof,
	&iscst_failure_attr_not_listed,
	&iscst_failure_attr_wrong_proof,
	&iscst_failure_attr_no_own_proof,
	&iscst_failure_attr_login_timeout,
	&iscst_failure_attr_too_many_logins,
	&iscst_failure_attr_nop_timeout,
	&iscst_failure_attr_send_timeout,
	&iscst_failure_attr_data_timeout,
	&iscst_failure_attr_logout_timeout,
	&iscst_failure_attr_header_digest,
	&iscst_failure_attr_data_digest,
	&iscst_failure_attr_protocol,
	&iscst_failure_attr_no_memory,
	&iscst_failure_attr_connection_lost,
	NULL,
};

const struct config_item_type iscst_failures_type = {
	.ct_attrs = iscst_failure_attrs,
	.ct_owner = THIS_MODULE,
};
