// SPDX-License-Identifier: GPL-2.0
/*
 * Admission: a portal, and each host at it, has a limited number of connections without a normal
 * session.
 */
#include <linux/lockdep.h>
#include <net/ipv6.h>

#include "iscst.h"

/* An owner of an IPv6 address has the whole /64 of it, unless the address is link-local. */
static bool iscst_is_same_host6(const struct in6_addr *a, const struct in6_addr *b)
{
	bool is_link = ipv6_addr_type(a) & IPV6_ADDR_LINKLOCAL;

	return ipv6_prefix_equal(a, b, is_link ? 128 : 64);
}

static bool iscst_is_same_host(const struct sockaddr_storage *a, const struct sockaddr_storage *b)
{
	if (a->ss_family != b->ss_family)
		return false;
	if (a->ss_family == AF_INET6)
		return iscst_is_same_host6(&((const struct sockaddr_in6 *)a)->sin6_addr,
					   &((const struct sockaddr_in6 *)b)->sin6_addr);
	return ((const struct sockaddr_in *)a)->sin_addr.s_addr ==
	       ((const struct sockaddr_in *)b)->sin_addr.s_addr;
}

/* One host must not keep others from logging in. */
static bool __iscst_peer_is_at_limit(const struct iscst_conn *conn)
{
	const struct iscst_conn *other;
	unsigned int count = 0;

	lockdep_assert_held(&iscst_lock);
	list_for_each_entry(other, &iscst_conns, entry)
		count += other->is_login && other->portal == conn->portal &&
			 iscst_is_same_host(&other->peer, &conn->peer);
	return count >= ISCST_MAX_PEER_LOGINS;
}

/*
 * Idle connections must not keep others from logging in, so the oldest one is closed: a log-in
 * that makes progress ends long before it is the oldest. A log-in that slow_work is busy with
 * stays.
 */
static void __iscst_portal_evict(struct iscst_portal *portal)
{
	const unsigned long stays = BIT(ISCST_CONN_SLOW) | BIT(ISCST_CONN_CLOSING);
	struct iscst_conn *conn;

	lockdep_assert_held(&iscst_lock);
	list_for_each_entry(conn, &iscst_conns, entry) {
		if (conn->portal != portal || !conn->is_login || READ_ONCE(conn->flags) & stays)
			continue;
		iscst_conn_close(conn, ISCST_REASON_TOO_MANY_LOGINS);
		return;
	}
}

/**
 * __iscst_conn_is_admitted() - whether a portal has room for one more connection
 * @conn: the connection, which is not on the list yet
 *
 * Another connection may be closed to make room.
 *
 * Context: process context, under iscst_lock.
 * Return: true if it has.
 */
bool __iscst_conn_is_admitted(struct iscst_conn *conn)
{
	struct iscst_portal *portal = conn->portal;

	if (portal->logins >= 2 * ISCST_MAX_LOGINS || __iscst_peer_is_at_limit(conn))
		return false;
	if (portal->logins >= ISCST_MAX_LOGINS)
		__iscst_portal_evict(portal);
	return true;
}

/**
 * iscst_conn_unlist() - remove a connection from the list
 * @conn: the connection
 *
 * Context: process context; takes iscst_lock.
 */
void iscst_conn_unlist(struct iscst_conn *conn)
{
	mutex_lock(&iscst_lock);
	list_del(&conn->entry);
	if (conn->is_login)
		conn->portal->logins--;
	mutex_unlock(&iscst_lock);
}

/**
 * iscst_conn_established() - count a connection as a log-in no longer
 * @conn: the connection, which has a normal session
 *
 * Context: process context; takes iscst_lock.
 */
void iscst_conn_established(struct iscst_conn *conn)
{
	mutex_lock(&iscst_lock);
	conn->is_login = false;
	conn->portal->logins--;
	mutex_unlock(&iscst_lock);
}
