// SPDX-License-Identifier: GPL-2.0
/*
 * Discovery: SendTargets, RFC 7143 appendix C.
 */
#include <linux/inet.h>
#include <linux/lockdep.h>
#include <linux/string.h>

#include "iscst.h"

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
 * An initiator cannot use a wildcard: it is told the address of the target that it is connected
 * to, if that has the same family. Returns whether there is an address.
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
	/* Both families have the port in the same place. */
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
	/* A wildcard may stand for an address that another portal of the target names. */
	if (!memcmp(&addr, &dir->portal->addr, sizeof(addr)) ||
	    !iscst_target_is_at(dir->target, conn->net, &addr))
		iscst_text_add(text, "TargetAddress", "%pISpc,1", &addr);
}

/* A target is shown if it has a portal in the initiator's network and a device for it. */
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
 * RFC 7143 appendix C: without an address, an initiator would assume the one it is connected to.
 * A target that has none for the initiator is not named.
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
 * @conn:  the connection
 * @text:  the negotiation
 * @which: "All", in a discovery session only; a target's name; "": the session's target
 *
 * Context: slow_work; takes iscst_lock.
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
