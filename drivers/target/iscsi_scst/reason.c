// SPDX-License-Identifier: GPL-2.0
/*
 * Reasons: why a connection ends or a log-in is refused. The first one that is found
 * counts: what follows from it is no reason of its own.
 */
#include <linux/atomic.h>
#include <linux/errno.h>

#include "iscst.h"

/**
 * iscst_conn_set_reason - say why a connection ends, or its log-in is refused
 * @conn:   the connection
 * @reason: why; it counts if none was said before
 *
 * Context: any.
 */
void iscst_conn_set_reason(struct iscst_conn *conn, enum iscst_reason reason)
{
	cmpxchg(&conn->reason, ISCST_REASON_NONE, reason);
}

/**
 * iscst_conn_fail - have a connection end, and say why
 * @conn:   the connection
 * @reason: why
 *
 * Context: as iscst_conn_close().
 */
void iscst_conn_fail(struct iscst_conn *conn, enum iscst_reason reason)
{
	iscst_conn_set_reason(conn, reason);
	iscst_conn_close(conn);
}

static enum iscst_reason iscst_reason_of(int err)
{
	switch (err) {
	case -EBADMSG:
		return ISCST_REASON_HEADER_DIGEST;
	case -EPROTO:
	case -EMSGSIZE:
		return ISCST_REASON_PROTOCOL;
	case -ENOMEM:
		return ISCST_REASON_NO_MEMORY;
	default:
		return ISCST_REASON_LOST;
	}
}

/**
 * iscst_conn_fail_errno - have a connection end that cannot go on
 * @conn: the connection
 * @err:  what receiving or sending returned
 *
 * Context: as iscst_conn_close().
 */
void iscst_conn_fail_errno(struct iscst_conn *conn, int err)
{
	iscst_conn_fail(conn, iscst_reason_of(err));
}
