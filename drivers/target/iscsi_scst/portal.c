// SPDX-License-Identifier: GPL-2.0
/*
 * Portals: their addresses and their memory.
 *
 * A wildcard and single addresses may have the same port. TCP gives a connection to the socket
 * with the very address, or else to the wildcard's. Either way it can log in to all targets that
 * listen at the address, which includes those with the wildcard.
 */
#include <linux/ctype.h>
#include <linux/inet.h>
#include <linux/kernel.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <net/ipv6.h>

#include "iscst.h"

/* The ":" before the port in [ADDRESS]:PORT or ADDRESS:PORT, or NULL */
static char *iscst_find_port(const char *text)
{
	return strrchr(strchr(text, ']') ?: text, ':');
}

/* Splits [ADDRESS]:PORT or ADDRESS:PORT. The default port is iSCSI's, RFC 7143 13.8. */
static int iscst_portal_split(char *name, const char **address, const char **port)
{
	char *colon = iscst_find_port(name);
	size_t len;

	*port = colon ? colon + 1 : ISCST_PORT;
	if (colon)
		*colon = '\0';
	len = strlen(name);
	*address = name;
	if (name[0] != '[')
		return strchr(name, ':') ? -EINVAL : 0;
	if (name[len - 1] != ']')
		return -EINVAL;
	name[len - 1] = '\0';
	(*address)++;
	return strchr(*address, ':') ? 0 : -EINVAL;
}

static bool iscst_port_is_valid(const char *port)
{
	u16 number;

	return !kstrtou16(port, 10, &number) && number && port[0] != '0' && port[0] != '+';
}

/**
 * iscst_portal_parse() - parse the address of a portal
 * @net:  the network namespace of its scope
 * @text: ADDRESS or ADDRESS:PORT
 * @addr: the result
 *
 * Context: process context.
 * Return: 0, or -EINVAL.
 */
int iscst_portal_parse(struct net *net, const char *text, struct sockaddr_storage *addr)
{
	char name[INET6_ADDRSTRLEN + IFNAMSIZ + sizeof("[%]:65535")];
	const char *address, *port;

	memset(addr, 0, sizeof(*addr));
	if (strscpy(name, text, sizeof(name)) < 0 ||
	    iscst_portal_split(name, &address, &port) || !iscst_port_is_valid(port))
		return -EINVAL;
	return inet_pton_with_scope(net, AF_UNSPEC, address, port, addr);
}

/* The characters of RFC 1123 2.1. The name is not resolved. */
static bool iscst_is_host_name(const char *name)
{
	size_t i;

	for (i = 0; name[i]; i++)
		if (!isascii(name[i]) || (!isalnum(name[i]) && name[i] != '-' && name[i] != '.'))
			return false;
	return i;
}

/**
 * iscst_address_is_valid() - whether initiators may be sent to an address
 * @text: the address, RFC 7143 13.8, without a portal group tag
 *
 * Return: true if it has the form ADDRESS or ADDRESS:PORT, where ADDRESS is an IPv4
 * address, an IPv6 address in brackets, or a host name.
 */
bool iscst_address_is_valid(const char *text)
{
	struct in6_addr in6;
	char name[ISCST_VALUE_LEN];
	const char *address, *port;

	if (strscpy(name, text, sizeof(name)) < 0 ||
	    iscst_portal_split(name, &address, &port) || !iscst_port_is_valid(port))
		return false;
	if (text[0] == '[')
		return in6_pton(address, -1, in6.s6_addr, -1, NULL);
	return iscst_is_host_name(address);
}

/**
 * iscst_address_port() - the port to append to an address for initiators
 * @text: the address, with or without a port
 *
 * RFC 7143 13.8 allows an address without a port, but some initiators expect one.
 *
 * Return: a colon and the port, or "".
 */
const char *iscst_address_port(const char *text)
{
	return iscst_find_port(text) ? "" : ":" ISCST_PORT;
}

/**
 * iscst_portal_covers() - whether a portal serves the address of another
 * @portal: the portal
 * @other:  the other one, or the same
 *
 * Context: process context, under iscst_lock.
 * Return: true if @other is @portal, or @portal is the wildcard of its port.
 */
bool iscst_portal_covers(const struct iscst_portal *portal, const struct iscst_portal *other)
{
	const struct sockaddr_in *a = (const void *)&portal->addr;
	const struct sockaddr_in *b = (const void *)&other->addr;

	lockdep_assert_held(&iscst_lock);
	if (portal == other)
		return true;
	/* Both families have the port in the same place. */
	return portal->net && portal->net == other->net &&
	       a->sin_family == b->sin_family && a->sin_port == b->sin_port &&
	       inet_addr_is_any((void *)&portal->addr);
}

/**
 * iscst_conn_is_at() - whether a connection has an address on the target's side
 * @conn: the connection
 * @text: the address; a host name never matches
 *
 * Context: slow_work.
 * Return: true if it has.
 */
bool iscst_conn_is_at(struct iscst_conn *conn, const char *text)
{
	struct sockaddr_storage there, here = { };

	return !iscst_portal_parse(conn->net, text, &there) &&
	       kernel_getsockname(conn->sock, (struct sockaddr *)&here) >= 0 &&
	       !memcmp(&here, &there, sizeof(here));
}

static void iscst_portal_free(struct kref *kref)
{
	kfree(container_of(kref, struct iscst_portal, kref));
}

/**
 * iscst_portal_ref_put() - put a reference to a portal's memory
 * @portal: the portal
 *
 * Context: any.
 */
void iscst_portal_ref_put(struct iscst_portal *portal)
{
	kref_put(&portal->kref, iscst_portal_free);
}
