// SPDX-License-Identifier: GPL-2.0
/*
 * Text: key=value pairs, RFC 7143 6.1, over as many PDUs as they take; text requests in
 * full feature phase; SendTargets.
 */
#include <linux/inet.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "iscst.h"

#define ISCST_TEXT_ROOM		4096
#define ISCST_TEXT_RSP_MAX	SZ_1M

/* Any Target Transfer Tag but the reserved one: only one text is ever under way. */
#define ISCST_TEXT_TAG		cpu_to_be32(1)

/**
 * iscst_text_init() - begin a text negotiation
 * @text:    the negotiation, zeroed
 * @rsp_max: bytes that the answer may have
 *
 * Return: 0 or -ENOMEM.
 */
int iscst_text_init(struct iscst_text *text, u32 rsp_max)
{
	text->rsp_max = rsp_max;
	text->rsp_room = min_t(u32, rsp_max, ISCST_TEXT_ROOM);
	text->req = kvmalloc(ISCST_TEXT_MAX, GFP_KERNEL);
	text->rsp = kvmalloc(text->rsp_room, GFP_KERNEL);
	if (text->req && text->rsp)
		return 0;
	iscst_text_exit(text);
	return -ENOMEM;
}
EXPORT_SYMBOL_IF_KUNIT(iscst_text_init);

/**
 * iscst_text_exit() - a text negotiation is over
 * @text: the negotiation; zeroed on return
 */
void iscst_text_exit(struct iscst_text *text)
{
	kvfree(text->req);
	kvfree(text->rsp);
	memset(text, 0, sizeof(*text));
}
EXPORT_SYMBOL_IF_KUNIT(iscst_text_exit);

static bool iscst_text_grow(struct iscst_text *text, u32 len)
{
	u32 room = text->rsp_room;
	char *rsp;

	while (room < text->rsp_len + len)
		room *= 2;
	if (room == text->rsp_room)
		return true;
	rsp = room <= text->rsp_max ? kvmalloc(room, GFP_KERNEL) : NULL;
	if (!rsp)
		return false;
	memcpy(rsp, text->rsp, text->rsp_len);
	kvfree(text->rsp);
	text->rsp = rsp;
	text->rsp_room = room;
	return true;
}

/**
 * iscst_text_add() - add a key to the answer
 * @text: the negotiation
 * @key:  the key
 * @fmt:  its value
 *
 * What does not fit sets text->full.
 */
void iscst_text_add(struct iscst_text *text, const char *key, const char *fmt, ...)
{
	va_list args;
	u32 len;

	va_start(args, fmt);
	len = strlen(key) + 1 + vsnprintf(NULL, 0, fmt, args) + 1;
	va_end(args);
	if (text->full || !iscst_text_grow(text, len)) {
		text->full = true;
		return;
	}
	text->rsp_len += sprintf(text->rsp + text->rsp_len, "%s=", key);
	va_start(args, fmt);
	text->rsp_len += vsprintf(text->rsp + text->rsp_len, fmt, args) + 1;
	va_end(args);
}

/**
 * iscst_text_next() - take the next pair of a request
 * @text:  the negotiation; the key's "=" becomes a NUL, which the caller may undo
 * @pos:   where we are; 0 at first
 * @value: the value; NULL if this is no pair, or has no end
 *
 * Return: the key; NULL at the end.
 */
char *iscst_text_next(struct iscst_text *text, u32 *pos, char **value)
{
	u32 left = text->req_len - *pos;
	char *key = text->req + *pos;
	u32 len = strnlen(key, left);

	*value = NULL;
	if (!left)
		return NULL;
	*pos += min(len + 1, left);
	if (len == left)
		return key;
	*value = strchr(key, '=');
	if (*value == key || *value - key >= ISCST_KEY_LEN)
		*value = NULL;
	if (*value)
		*(*value)++ = '\0';
	return key;
}
EXPORT_SYMBOL_IF_KUNIT(iscst_text_next);

/**
 * iscst_text_receive() - receive a PDU's data as a part of a request
 * @conn: the connection
 * @text: the negotiation
 *
 * Context: io_work.
 * Return: 0, or -EMSGSIZE if the request becomes too long.
 */
int iscst_text_receive(struct iscst_conn *conn, struct iscst_text *text)
{
	if (conn->rx.len > ISCST_TEXT_MAX - text->req_len)
		return -EMSGSIZE;
	iscst_rx_to_buf(conn, text->req + text->req_len);
	return 0;
}

/* SendTargets, RFC 7143 appendix C */

static bool iscst_target_is_at(const struct iscst_target *target, const struct net *net,
			       const struct sockaddr_storage *addr)
{
	const struct iscst_portal_dir *dir;

	lockdep_assert_held(&iscst_lock);
	list_for_each_entry(dir, &target->portals, entry)
		if (dir->portal->net == net && !memcmp(&dir->portal->addr, addr, sizeof(*addr)))
			return true;
	return false;
}

/*
 * An initiator cannot use 0.0.0.0: it is told the address that it has reached us at, if
 * that is of the same kind. Returns whether there is an address.
 */
static bool iscst_portal_address(struct iscst_conn *conn, const struct iscst_portal *portal,
				 struct sockaddr_storage *addr)
{
	*addr = portal->addr;
	if (!inet_addr_is_any((void *)addr))
		return true;
	if (kernel_getsockname(conn->sock, (struct sockaddr *)addr) < 0 ||
	    addr->ss_family != portal->addr.ss_family)
		return false;
	/* Of both families the port is in the same place. */
	((struct sockaddr_in *)addr)->sin_port =
		((const struct sockaddr_in *)&portal->addr)->sin_port;
	return true;
}

static void iscst_send_address(struct iscst_conn *conn, struct iscst_text *text,
			       const struct iscst_portal_dir *dir)
{
	struct sockaddr_storage addr;

	if (dir->announced[0]) {
		iscst_text_add(text, "TargetAddress", "%s%s,1", dir->announced,
			       iscst_address_port(dir->announced));
		return;
	}
	if (!iscst_portal_address(conn, dir->portal, &addr))
		return;
	/* A wildcard's address may be one that the target has anyway. */
	if (!memcmp(&addr, &dir->portal->addr, sizeof(addr)) ||
	    !iscst_target_is_at(dir->target, conn->net, &addr))
		iscst_text_add(text, "TargetAddress", "%pISpc,1", &addr);
}

/* A target has something to show to whoever asks, on the network that it asks from. */
static bool iscst_target_is_shown(struct iscst_conn *conn, struct iscst_target *target)
{
	const char *initiator = conn->session->initiator;
	struct iscst_portal_dir *dir;

	lockdep_assert_held(&iscst_lock);
	list_for_each_entry(dir, &target->portals, entry)
		if (dir->portal->net == conn->net)
			return iscst_auth_shows(conn, target) &&
			       scst_target_shows(target->tgt, initiator);
	return false;
}

/*
 * RFC 7143 appendix C: without an address an initiator would take the one that it has asked
 * at. A target that has none for it is not named.
 */
static void iscst_send_target(struct iscst_conn *conn, struct iscst_text *text,
			      struct iscst_target *target)
{
	u32 before = text->rsp_len, named;
	struct iscst_portal_dir *dir;

	iscst_text_add(text, "TargetName", "%s", scst_target_name(target->tgt));
	named = text->rsp_len;
	list_for_each_entry(dir, &target->portals, entry)
		if (dir->portal->net == conn->net)
			iscst_send_address(conn, text, dir);
	if (text->rsp_len == named)
		text->rsp_len = before;
}

static bool iscst_target_is_wanted(struct iscst_conn *conn, struct iscst_target *target,
				   const char *which)
{
	if (!which[0])
		return target == conn->session->target;
	return !strcmp(which, "All") || !strcasecmp(which, scst_target_name(target->tgt));
}

/**
 * iscst_send_targets() - answer SendTargets
 * @conn:  the connection, in slow_work
 * @text:  the negotiation
 * @which: "All", in a discovery session only; a target's name; "": the session's target
 *
 * Context: process context; takes iscst_lock.
 * Return: 0.
 */
u16 iscst_send_targets(struct iscst_conn *conn, struct iscst_text *text, const char *which)
{
	struct iscst_target *target;

	if (!strcmp(which, "All") && conn->session->target) {
		iscst_text_add(text, "SendTargets", "Reject");
		return 0;
	}
	mutex_lock(&iscst_lock);
	list_for_each_entry(target, &iscst_targets, entry)
		if (iscst_target_is_wanted(conn, target, which) &&
		    iscst_target_is_shown(conn, target))
			iscst_send_target(conn, text, target);
	mutex_unlock(&iscst_lock);
	return 0;
}

/* Text requests */

static bool iscst_text_goes_on(const struct iscst_conn *conn, const struct iscsi_text *req)
{
	return conn->text.req && req->ttt == ISCST_TEXT_TAG && req->itt == conn->text_itt;
}

/**
 * iscst_text_header() - the header of a Text Request came, RFC 7143 11.10
 * @conn: the connection
 *
 * Context: io_work.
 * Return: 0, or an errno: the connection has to end.
 */
int iscst_text_header(struct iscst_conn *conn)
{
	const struct iscsi_text *req = (struct iscsi_text *)conn->rx.hdr;

	if (!iscst_text_goes_on(conn, req)) {
		if (req->ttt != ISCST_NO_TAG)
			return iscst_reject(conn, ISCSI_REASON_PROTOCOL_ERROR);
		/* A new one; what was under way is forgotten. */
		iscst_text_exit(&conn->text);
		if (iscst_text_init(&conn->text, ISCST_TEXT_RSP_MAX))
			return -ENOMEM;
		conn->text_itt = req->itt;
	}
	return iscst_text_receive(conn, &conn->text);
}

/* Send as much of the answer as one PDU takes. */
static int iscst_text_respond(struct iscst_conn *conn, bool final)
{
	struct iscst_text *text = &conn->text;
	u32 len = min(text->rsp_len - text->rsp_sent, conn->params.max_recv_data_segment_length);
	struct iscst_ctl *ctl = iscst_ctl_alloc(conn, ISCSI_OP_TEXT_RSP, len);
	bool more = text->rsp_sent + len < text->rsp_len;

	if (!ctl)
		return -ENOMEM;
	if (len)
		memcpy(ctl->data, text->rsp + text->rsp_sent, len);
	text->rsp_sent += len;
	ctl->hdr.flags = 0;
	if (more)
		ctl->hdr.flags = ISCSI_FLAG_TEXT_CONTINUE;
	else if (final)
		ctl->hdr.flags = ISCSI_FLAG_CMD_FINAL;
	ctl->hdr.itt = conn->text_itt;
	ctl->hdr.ttt = ctl->hdr.flags & ISCSI_FLAG_CMD_FINAL ? ISCST_NO_TAG : ISCST_TEXT_TAG;
	if (ctl->hdr.flags & ISCSI_FLAG_CMD_FINAL)
		iscst_text_exit(text);
	iscst_ctl_send(ctl);
	return 0;
}

static int iscst_text_answer(struct iscst_conn *conn, u8 flags)
{
	struct iscst_text *text = &conn->text;

	if (flags & ISCSI_FLAG_TEXT_CONTINUE)
		return iscst_text_respond(conn, false);
	if (text->rsp_sent == text->rsp_len) {
		text->rsp_len = 0;
		text->rsp_sent = 0;
		if (iscst_nego_text(conn, text, ISCST_FULL_FEATURE) || text->full)
			return -EPROTO;
		text->req_len = 0;
	}
	return iscst_text_respond(conn, flags & ISCSI_FLAG_CMD_FINAL);
}

/**
 * iscst_text_run() - answer the Text Request that was received
 * @conn: the connection, in slow_work
 *
 * Context: process context.
 */
void iscst_text_run(struct iscst_conn *conn)
{
	const struct iscsi_text *req = (struct iscsi_text *)conn->rx.hdr;

	conn->text.req_len += conn->rx.len;
	if (iscst_text_answer(conn, req->flags))
		iscst_conn_close(conn);
}
