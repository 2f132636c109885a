// SPDX-License-Identifier: GPL-2.0
/*
 * Listening sockets: one serves all targets that name its address, in one network namespace.
 *
 * Sockets are bound to addresses that need not exist yet, as with IP_FREEBIND. A portal answers
 * as soon as its address exists, and nothing has to watch for that.
 */
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/tcp.h>
#include <net/ip.h>
#include <net/ipv6.h>
#include <net/net_namespace.h>

#include "iscst.h"

#define ISCST_BACKLOG	128

/* Protects what is tagged P: the listening sockets */
DEFINE_MUTEX(iscst_portal_lock);
static LIST_HEAD(iscst_portals);	/* P */

static void iscst_accept_work(struct work_struct *work)
{
	struct iscst_portal *portal = container_of(work, struct iscst_portal, accept_work);
	struct socket *sock;
	int i;

	for (i = 0; i < ISCST_BACKLOG; i++) {
		if (kernel_accept(portal->sock, &sock, O_NONBLOCK) < 0)
			return;
		scst_stall(SCST_STALL_ACCEPT);
		iscst_conn_create(portal, sock);
	}
	/* A context that removes the portal does not have to wait for the end of a flood. */
	queue_work(iscst_slow_wq, work);
}

static void iscst_listen_data_ready(struct sock *sk)
{
	struct iscst_portal *portal;

	/* A new connection inherits this call-back, and has it until it gets its own. */
	if (sk->sk_state != TCP_LISTEN)
		return;
	read_lock_bh(&sk->sk_callback_lock);
	portal = sk->sk_user_data;
	if (portal)
		queue_work(iscst_slow_wq, &portal->accept_work);
	read_unlock_bh(&sk->sk_callback_lock);
}

static void iscst_portal_set_callback(struct iscst_portal *portal)
{
	struct sock *sk = portal->sock->sk;

	write_lock_bh(&sk->sk_callback_lock);
	portal->data_ready = sk->sk_data_ready;
	sk->sk_data_ready = iscst_listen_data_ready;
	sk->sk_user_data = portal;
	write_unlock_bh(&sk->sk_callback_lock);
}

static void iscst_portal_clear_callback(struct iscst_portal *portal)
{
	struct sock *sk = portal->sock->sk;

	write_lock_bh(&sk->sk_callback_lock);
	sk->sk_data_ready = portal->data_ready;
	sk->sk_user_data = NULL;
	write_unlock_bh(&sk->sk_callback_lock);
}

static void iscst_listen_options(struct sock *sk)
{
	sock_set_reuseaddr(sk);
	/* Otherwise a wildcard excludes all others from its port. */
	sock_set_reuseport(sk);
	ip_sock_set_freebind(sk);
	tcp_sock_set_nodelay(sk);
	/* Otherwise [::] includes 0.0.0.0. */
	if (sk->sk_family == AF_INET6)
		ip6_sock_set_v6only(sk);
}

static int iscst_portal_listen(struct iscst_portal *portal)
{
	int ret;

	ret = sock_create_kern(portal->net, portal->addr.ss_family, SOCK_STREAM,
			       IPPROTO_TCP, &portal->sock);
	if (ret)
		return ret;
	iscst_listen_options(portal->sock->sk);
	iscst_portal_set_callback(portal);
	/* The type of the address differs from kernel to kernel. */
	ret = kernel_bind(portal->sock, (void *)&portal->addr, sizeof(portal->addr));
	if (!ret)
		ret = kernel_listen(portal->sock, ISCST_BACKLOG);
	if (!ret)
		return 0;
	iscst_portal_clear_callback(portal);
	sock_release(portal->sock);
	portal->sock = NULL;
	return ret;
}

static void iscst_portal_stop(struct iscst_portal *portal)
{
	lockdep_assert_held(&iscst_portal_lock);
	if (!portal->sock)
		return;
	iscst_portal_clear_callback(portal);
	cancel_work_sync(&portal->accept_work);
	sock_release(portal->sock);
	portal->sock = NULL;
}

static struct iscst_portal *__iscst_portal_find(struct net *net,
						const struct sockaddr_storage *addr)
{
	struct iscst_portal *portal;

	lockdep_assert_held(&iscst_portal_lock);
	list_for_each_entry(portal, &iscst_portals, entry)
		if (portal->sock && portal->net == net &&
		    !memcmp(&portal->addr, addr, sizeof(*addr)))
			return portal;
	return NULL;
}

static struct iscst_portal *__iscst_portal_create(struct net *net,
						  const struct sockaddr_storage *addr)
{
	struct iscst_portal *portal = kzalloc_obj(*portal);
	int ret;

	if (!portal)
		return ERR_PTR(-ENOMEM);
	portal->addr = *addr;
	portal->net = net;
	INIT_LIST_HEAD(&portal->dirs);
	kref_init(&portal->kref);
	INIT_WORK(&portal->accept_work, iscst_accept_work);
	ret = iscst_portal_listen(portal);
	if (ret) {
		kfree(portal);
		return ERR_PTR(ret);
	}
	list_add_tail(&portal->entry, &iscst_portals);
	return portal;
}

/**
 * iscst_portal_get() - get the portal of an address, and listen there if it is new
 * @net:  the network namespace
 * @name: ADDRESS or ADDRESS:PORT
 *
 * Context: process context; takes iscst_portal_lock.
 * Return: the portal, or an ERR_PTR: -EINVAL if @name is no address, -ENOMEM, -EADDRINUSE or
 * another errno of bind(2) and listen(2).
 */
struct iscst_portal *iscst_portal_get(struct net *net, const char *name)
{
	struct sockaddr_storage addr;
	struct iscst_portal *portal;
	int ret = iscst_portal_parse(net, name, &addr);

	if (ret)
		return ERR_PTR(ret);
	mutex_lock(&iscst_portal_lock);
	portal = __iscst_portal_find(net, &addr);
	if (!portal)
		portal = __iscst_portal_create(net, &addr);
	if (!IS_ERR(portal))
		portal->users++;
	mutex_unlock(&iscst_portal_lock);
	return portal;
}

/*
 * A connection whose target has a wildcard that covers the portal stays: the target still listens
 * at the address.
 */
static void iscst_portal_drop_conns(const struct iscst_portal *portal)
{
	struct iscst_conn *conn;

	mutex_lock(&iscst_lock);
	list_for_each_entry(conn, &iscst_conns, entry)
		if (conn->portal == portal &&
		    (!conn->target_portal || conn->target_portal == portal))
			iscst_conn_drop(conn, ISCST_REASON_REMOVED);
	mutex_unlock(&iscst_lock);
}

/**
 * iscst_portal_put() - put a directory's use of a portal
 * @portal: the portal; its socket is released after the last use
 *
 * Context: process context; takes iscst_portal_lock and iscst_lock.
 */
void iscst_portal_put(struct iscst_portal *portal)
{
	bool last;

	mutex_lock(&iscst_portal_lock);
	last = !--portal->users;
	if (last) {
		iscst_portal_stop(portal);
		list_del(&portal->entry);
	}
	mutex_unlock(&iscst_portal_lock);
	if (!last)
		return;
	iscst_portal_drop_conns(portal);
	iscst_portal_ref_put(portal);
}

/* Closes the connections of a network namespace. Returns whether none has a socket any more. */
static bool iscst_net_is_idle(void *net)
{
	struct iscst_conn *conn;
	bool busy = false;

	mutex_lock(&iscst_lock);
	list_for_each_entry(conn, &iscst_conns, entry) {
		if (conn->net != net || !conn->sock)
			continue;
		iscst_conn_close(conn, ISCST_REASON_NONE);
		busy = true;
	}
	mutex_unlock(&iscst_lock);
	return !busy;
}

/* A new namespace may get the same address in memory. */
static void iscst_portal_clear_net(struct iscst_portal *portal)
{
	iscst_portal_stop(portal);
	mutex_lock(&iscst_lock);
	portal->net = NULL;
	mutex_unlock(&iscst_lock);
}

/*
 * A network namespace is removed. The sockets hold no reference to it, so they are released now.
 * Sessions may take longer. The directories of the portals stay, without a socket.
 */
static void __net_exit iscst_net_exit(struct net *net)
{
	struct iscst_portal *portal;

	mutex_lock(&iscst_portal_lock);
	list_for_each_entry(portal, &iscst_portals, entry)
		if (portal->net == net)
			iscst_portal_clear_net(portal);
	mutex_unlock(&iscst_portal_lock);
	iscst_wait(iscst_net_is_idle, net, MAX_SCHEDULE_TIMEOUT);
}

static struct pernet_operations iscst_net_ops = {
	.exit = iscst_net_exit,
};

/* The exit of a pernet device runs while the network's own parts are still there. */
int __init iscst_portal_init(void)
{
	return register_pernet_device(&iscst_net_ops);
}

void iscst_portal_exit(void)
{
	unregister_pernet_device(&iscst_net_ops);
}
