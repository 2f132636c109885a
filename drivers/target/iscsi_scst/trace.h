/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Tracepoints: connections, log-ins and PDUs. Fields in PDUs have the names of RFC 7143.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM iscsi_scst

#if !defined(_ISCST_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define _ISCST_TRACE_H

#include <linux/tracepoint.h>

#include "iscst.h"

#ifndef _ISCST_TRACE_NAMES
#define _ISCST_TRACE_NAMES

/* The names of both ends of a connection, if it has a session */
static inline void iscst_trace_names(const struct iscst_conn *conn, char *initiator,
				     char *target)
{
	const struct iscst_session *session = NULL;

	/* Pairs with iscst_login_publish(). */
	if (smp_load_acquire(&conn->state) != ISCST_CONN_LOGIN)
		session = conn->session;
	strscpy(initiator, session ? session->initiator : "", SCST_PORT_NAME_LEN);
	strscpy(target, session ? session->target_name : "", SCST_PORT_NAME_LEN);
}

/* The same, also during log-in: for slow_work and close_work, which own the log-in */
static inline void iscst_trace_login_names(const struct iscst_conn *conn, char *initiator,
					   char *target)
{
	strscpy(initiator, iscst_conn_initiator(conn), SCST_PORT_NAME_LEN);
	strscpy(target, iscst_conn_target_name(conn), SCST_PORT_NAME_LEN);
}
#endif

/* A connection, with the names of its ends as far as they are known */
DECLARE_EVENT_CLASS(iscst_conn,
	TP_PROTO(struct iscst_conn *conn),
	TP_ARGS(conn),
	TP_STRUCT__entry(
		__field(const void *, conn)
		__array(char, initiator, SCST_PORT_NAME_LEN)
		__array(char, target, SCST_PORT_NAME_LEN)
		__array(char, reason, ISCST_REASON_NAME_LEN)
		__array(u8, peer, sizeof(struct sockaddr_in6))
	),
	TP_fast_assign(
		__entry->conn = conn;
		iscst_trace_login_names(conn, __entry->initiator, __entry->target);
		strscpy(__entry->reason, iscst_reason_name(READ_ONCE(conn->reason)),
			ISCST_REASON_NAME_LEN);
		memcpy(__entry->peer, &conn->peer, sizeof(struct sockaddr_in6));
	),
	TP_printk("conn=%p address=%pISpc initiator=%s target=%s reason=%s", __entry->conn,
		  __entry->peer, __entry->initiator, __entry->target, __entry->reason)
);

DEFINE_EVENT(iscst_conn, iscst_conn_up,
	TP_PROTO(struct iscst_conn *conn), TP_ARGS(conn));

DEFINE_EVENT(iscst_conn, iscst_conn_down,
	TP_PROTO(struct iscst_conn *conn), TP_ARGS(conn));

DEFINE_EVENT(iscst_conn, iscst_session_end,
	TP_PROTO(struct iscst_conn *conn), TP_ARGS(conn));

/* A Login Request and its answer; status is Status-Class and Status-Detail */
TRACE_EVENT(iscst_login,
	TP_PROTO(struct iscst_conn *conn, u16 status),
	TP_ARGS(conn, status),
	TP_STRUCT__entry(
		__field(const void *, conn)
		__array(char, initiator, SCST_PORT_NAME_LEN)
		__array(char, target, SCST_PORT_NAME_LEN)
		__array(char, reason, ISCST_REASON_NAME_LEN)
		__field(u32, itt)
		__field(u16, status)
		__field(u8, flags)
	),
	TP_fast_assign(
		const struct iscsi_login_req *req = (void *)conn->rx.hdr;

		__entry->conn = conn;
		iscst_trace_login_names(conn, __entry->initiator, __entry->target);
		strscpy(__entry->reason, iscst_reason_name(READ_ONCE(conn->reason)),
			ISCST_REASON_NAME_LEN);
		__entry->itt = be32_to_cpu((__force __be32)req->itt);
		__entry->status = status;
		__entry->flags = req->flags;
	),
	TP_printk("conn=%p initiator=%s target=%s ITT=%#x CSG=%u NSG=%u T=%u status=%04x reason=%s",
		  __entry->conn, __entry->initiator, __entry->target, __entry->itt,
		  ISCSI_LOGIN_CURRENT_STAGE(__entry->flags),
		  ISCSI_LOGIN_NEXT_STAGE(__entry->flags),
		  !!(__entry->flags & ISCSI_FLAG_LOGIN_TRANSIT), __entry->status,
		  __entry->reason)
);

/* The header of a PDU; SN is the number at byte 24: CmdSN, or StatSN */
DECLARE_EVENT_CLASS(iscst_pdu,
	TP_PROTO(struct iscst_conn *conn, const struct iscsi_hdr *hdr, u32 len),
	TP_ARGS(conn, hdr, len),
	TP_STRUCT__entry(
		__field(const void *, conn)
		__array(char, initiator, SCST_PORT_NAME_LEN)
		__array(char, target, SCST_PORT_NAME_LEN)
		__field(u32, itt)
		__field(u32, sn)
		__field(u32, len)
		__field(u8, opcode)
		__field(u8, flags)
	),
	TP_fast_assign(
		__entry->conn = conn;
		iscst_trace_names(conn, __entry->initiator, __entry->target);
		__entry->itt = be32_to_cpu((__force __be32)hdr->itt);
		__entry->sn = get_unaligned_be32((const u8 *)hdr + 24);
		__entry->len = len;
		__entry->opcode = hdr->opcode;
		__entry->flags = hdr->flags;
	),
	TP_printk("conn=%p initiator=%s target=%s opcode=%#04x flags=%#04x ITT=%#x SN=%u length=%u",
		  __entry->conn, __entry->initiator, __entry->target, __entry->opcode,
		  __entry->flags, __entry->itt, __entry->sn, __entry->len)
);

DEFINE_EVENT(iscst_pdu, iscst_pdu_received,
	TP_PROTO(struct iscst_conn *conn, const struct iscsi_hdr *hdr, u32 len),
	TP_ARGS(conn, hdr, len));

DEFINE_EVENT(iscst_pdu, iscst_pdu_sent,
	TP_PROTO(struct iscst_conn *conn, const struct iscsi_hdr *hdr, u32 len),
	TP_ARGS(conn, hdr, len));

TRACE_EVENT(iscst_r2t,
	TP_PROTO(struct iscst_conn *conn, const struct iscsi_r2t_rsp *r2t),
	TP_ARGS(conn, r2t),
	TP_STRUCT__entry(
		__field(const void *, conn)
		__array(char, initiator, SCST_PORT_NAME_LEN)
		__array(char, target, SCST_PORT_NAME_LEN)
		__field(u32, itt)
		__field(u32, ttt)
		__field(u32, sn)
		__field(u32, offset)
		__field(u32, len)
	),
	TP_fast_assign(
		__entry->conn = conn;
		iscst_trace_names(conn, __entry->initiator, __entry->target);
		__entry->itt = be32_to_cpu((__force __be32)r2t->itt);
		__entry->ttt = be32_to_cpu((__force __be32)r2t->ttt);
		__entry->sn = be32_to_cpu(r2t->r2tsn);
		__entry->offset = be32_to_cpu(r2t->data_offset);
		__entry->len = be32_to_cpu(r2t->data_length);
	),
	TP_printk("conn=%p initiator=%s target=%s ITT=%#x TTT=%#x R2TSN=%u offset=%u length=%u",
		  __entry->conn, __entry->initiator, __entry->target, __entry->itt,
		  __entry->ttt, __entry->sn, __entry->offset, __entry->len)
);

/* The PDU that is rejected, RFC 7143 11.17.1 */
TRACE_EVENT(iscst_reject,
	TP_PROTO(struct iscst_conn *conn, u8 reason),
	TP_ARGS(conn, reason),
	TP_STRUCT__entry(
		__field(const void *, conn)
		__array(char, initiator, SCST_PORT_NAME_LEN)
		__array(char, target, SCST_PORT_NAME_LEN)
		__field(u32, itt)
		__field(u8, opcode)
		__field(u8, reason)
	),
	TP_fast_assign(
		const struct iscsi_hdr *hdr = (void *)conn->rx.hdr;

		__entry->conn = conn;
		iscst_trace_names(conn, __entry->initiator, __entry->target);
		__entry->itt = be32_to_cpu((__force __be32)hdr->itt);
		__entry->opcode = hdr->opcode;
		__entry->reason = reason;
	),
	TP_printk("conn=%p initiator=%s target=%s opcode=%#04x ITT=%#x reason=%#04x",
		  __entry->conn, __entry->initiator, __entry->target, __entry->opcode,
		  __entry->itt, __entry->reason)
);

#endif /* _ISCST_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
