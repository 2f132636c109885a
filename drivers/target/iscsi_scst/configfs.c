// SPDX-License-Identifier: GPL-2.0
/*
 * configfs: targets/iscsi/<target>/ with portals/ and auth/.
 */
#include <linux/configfs.h>
#include <linux/ctype.h>
#include <linux/module.h>
#include <linux/nsproxy.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "iscst.h"

#define ISCST_DEFAULT_DEPTH		128
#define ISCST_MAX_DEPTH			1024
#define ISCST_DEFAULT_NOP_INTERVAL	15000
#define ISCST_DEFAULT_NOP_TIMEOUT	15000
#define ISCST_DEFAULT_DATA_TIMEOUT	30000
#define ISCST_MAX_MS			3600000

static bool iscst_all_of(const char *text, int (*is)(int c), size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		if (!is(text[i]))
			return false;
	return true;
}

static int iscst_is_hex(int c)
{
	return isxdigit(c);
}

/* What is left of UTF-8 after RFC 3722's preparation, as far as it is ASCII */
static int iscst_is_name_char(int c)
{
	return islower(c) || isdigit(c) || c == '-' || c == '.' || c == ':';
}

/* iqn.YYYY-MM.NAME, RFC 7143 4.2.7.4 */
static bool iscst_iqn_is_valid(const char *name)
{
	static const char form[] = "dddd-dd.";
	size_t i;

	for (i = 0; form[i]; i++)
		if (form[i] == 'd' ? !isdigit(name[i]) : name[i] != form[i])
			return false;
	return name[i] && iscst_all_of(name, iscst_is_name_char, strlen(name));
}

/**
 * iscst_name_is_valid() - whether a text is an iSCSI name
 * @name: the text
 *
 * RFC 7143 4.2.7: an iqn., eui. or naa. name in its normal form.
 *
 * Return: true if it is.
 */
bool iscst_name_is_valid(const char *name)
{
	size_t len = strlen(name);

	if (len >= SCST_PORT_NAME_LEN)
		return false;
	if (strstarts(name, "iqn."))
		return iscst_iqn_is_valid(name + 4);
	if (strstarts(name, "eui."))
		return len == 4 + 16 && iscst_all_of(name + 4, iscst_is_hex, 16);
	if (strstarts(name, "naa."))
		return (len == 4 + 16 || len == 4 + 32) &&
		       iscst_all_of(name + 4, iscst_is_hex, len - 4);
	return false;
}

/* <target>/ */

static struct iscst_target *iscst_target_from_item(struct config_item *item)
{
	return scst_target_priv(scst_target_from_item(item));
}

static int iscst_parse_u32(struct iscst_target *target, const char *name, const char *page,
			   u32 min, u32 max, u32 *value)
{
	u32 number;
	int ret = kstrtou32(page, 10, &number);

	if (ret || number < min || number > max) {
		scst_target_set_error(target->tgt, "%s: not %u to %u", name, min, max);
		ret = -EINVAL;
	} else {
		WRITE_ONCE(*value, number);
	}
	return scst_target_op_end(target->tgt, name, ret);
}

#define ISCST_TARGET_ATTR(_name, _field, _min, _max)				\
static u32 *iscst_target_##_name(struct config_item *item)			\
{										\
	return (void *)iscst_target_from_item(item) +				\
	       offsetof(struct iscst_target, _field);				\
}										\
static ssize_t iscst_target_##_name##_show(struct config_item *item, char *page)	\
{										\
	return sysfs_emit(page, "%u\n", READ_ONCE(*iscst_target_##_name(item)));	\
}										\
static ssize_t iscst_target_##_name##_store(struct config_item *item,		\
					    const char *page, size_t count)	\
{										\
	return iscst_parse_u32(iscst_target_from_item(item), #_name, page,	\
			       _min, _max, iscst_target_##_name(item)) ?: count;	\
}										\
CONFIGFS_ATTR(iscst_target_, _name)

ISCST_TARGET_ATTR(queue_depth, queue_depth, 1, ISCST_MAX_DEPTH);
ISCST_TARGET_ATTR(nop_interval_ms, nop_interval_ms, 0, ISCST_MAX_MS);
ISCST_TARGET_ATTR(nop_timeout_ms, nop_timeout_ms, 1000, ISCST_MAX_MS);
ISCST_TARGET_ATTR(data_timeout_ms, data_timeout_ms, 1000, ISCST_MAX_MS);
ISCST_TARGET_ATTR(scsi_events, scsi_events, 0, 1);
ISCST_TARGET_ATTR(request_logout, request_logout, 0, 1);
ISCST_TARGET_ATTR(discovery_auth, discovery_auth, 0, 1);
ISCST_TARGET_ATTR(redirect_permanent, redirect_permanent, 0, 1);
ISCST_TARGET_ATTR(initial_r2t, limits.initial_r2t, 0, 1);
ISCST_TARGET_ATTR(immediate_data, limits.immediate_data, 0, 1);
ISCST_TARGET_ATTR(max_outstanding_r2t, limits.max_outstanding_r2t, 1, 64);
ISCST_TARGET_ATTR(max_burst_length, limits.max_burst_length, 512, SZ_16M - 1);
ISCST_TARGET_ATTR(first_burst_length, limits.first_burst_length, 512, SZ_1M);

/* A text that is guarded by iscst_lock */
static ssize_t iscst_show_text(const char *text, char *page)
{
	ssize_t len;

	mutex_lock(&iscst_lock);
	len = sysfs_emit(page, "%s\n", text);
	mutex_unlock(&iscst_lock);
	return len;
}

static ssize_t iscst_target_alias_show(struct config_item *item, char *page)
{
	return iscst_show_text(iscst_target_from_item(item)->alias, page);
}

/* Copy one line of printable text without its newline, and zeroes behind it. */
static int iscst_copy_line(const char *page, char *text, size_t size)
{
	size_t len = strcspn(page, "\n");
	size_t i;

	if (len >= size)
		return -EINVAL;
	for (i = 0; i < len; i++)
		if (iscntrl(page[i]))
			return -EINVAL;
	memcpy(text, page, len);
	memset(text + len, 0, size - len);
	return 0;
}

static int iscst_parse_text(const char *page, char *text, size_t size)
{
	int ret;

	mutex_lock(&iscst_lock);
	ret = iscst_copy_line(page, text, size);
	mutex_unlock(&iscst_lock);
	return ret;
}

static ssize_t iscst_target_alias_store(struct config_item *item, const char *page,
					size_t count)
{
	struct iscst_target *target = iscst_target_from_item(item);
	int ret = iscst_parse_text(page, target->alias, sizeof(target->alias));

	if (ret)
		scst_target_set_error(target->tgt, "alias: not a line of up to 255 bytes");
	return scst_target_op_end(target->tgt, "alias", ret) ?: count;
}

CONFIGFS_ATTR(iscst_target_, alias);

/* Copy an address that initiators are told, of up to ISCST_VALUE_LEN, or none. */
static int iscst_store_address(const char *page, char *to)
{
	char address[ISCST_VALUE_LEN];

	if (iscst_copy_line(page, address, sizeof(address)) ||
	    (address[0] && !iscst_address_is_valid(address)))
		return -EINVAL;
	mutex_lock(&iscst_lock);
	memcpy(to, address, sizeof(address));
	mutex_unlock(&iscst_lock);
	return 0;
}

static ssize_t iscst_target_redirect_show(struct config_item *item, char *page)
{
	return iscst_show_text(iscst_target_from_item(item)->redirect, page);
}

static ssize_t iscst_target_redirect_store(struct config_item *item, const char *page,
					   size_t count)
{
	struct iscst_target *target = iscst_target_from_item(item);
	int ret = iscst_store_address(page, target->redirect);

	if (ret)
		scst_target_set_error(target->tgt, "redirect: not an address and port");
	return scst_target_op_end(target->tgt, "redirect", ret) ?: count;
}

CONFIGFS_ATTR(iscst_target_, redirect);

struct configfs_attribute *iscst_target_attrs[] = {
	&iscst_target_attr_alias,
	&iscst_target_attr_discovery_auth,
	&iscst_target_attr_redirect,
	&iscst_target_attr_redirect_permanent,
	&iscst_target_attr_queue_depth,
	&iscst_target_attr_nop_interval_ms,
	&iscst_target_attr_nop_timeout_ms,
	&iscst_target_attr_data_timeout_ms,
	&iscst_target_attr_scsi_events,
	&iscst_target_attr_request_logout,
	&iscst_target_attr_initial_r2t,
	&iscst_target_attr_immediate_data,
	&iscst_target_attr_max_outstanding_r2t,
	&iscst_target_attr_max_burst_length,
	&iscst_target_attr_first_burst_length,
	NULL,
};

/* sessions/<session>/ */

static struct iscst_session *iscst_session_from_item(struct config_item *item)
{
	return scst_session_priv(scst_session_from_item(item));
}

static ssize_t iscst_session_isid_show(struct config_item *item, char *page)
{
	return sysfs_emit(page, "0x%6phN\n", iscst_session_from_item(item)->isid);
}

CONFIGFS_ATTR_RO(iscst_session_, isid);

static ssize_t iscst_session_tsih_show(struct config_item *item, char *page)
{
	return sysfs_emit(page, "%u\n", iscst_session_from_item(item)->tsih);
}

CONFIGFS_ATTR_RO(iscst_session_, tsih);

static ssize_t iscst_session_portal_show(struct config_item *item, char *page)
{
	const struct iscst_conn *conn = iscst_session_from_item(item)->conn;

	return sysfs_emit(page, "%pISpc\n", &conn->portal->addr);
}

CONFIGFS_ATTR_RO(iscst_session_, portal);

/*
 * _value is a field of conn. Of what is negotiated, all but MaxRecvDataSegmentLength stays
 * as it is; CPUs change.
 */
#define ISCST_SESSION_ATTR(_name, _value)					\
static ssize_t iscst_session_##_name##_show(struct config_item *item, char *page)	\
{										\
	const struct iscst_conn *conn = iscst_session_from_item(item)->conn;	\
										\
	return sysfs_emit(page, "%u\n", READ_ONCE(_value));			\
}										\
CONFIGFS_ATTR_RO(iscst_session_, _name)

ISCST_SESSION_ATTR(incoming_cpu, conn->home);
ISCST_SESSION_ATTR(cpu, conn->cpu);
ISCST_SESSION_ATTR(header_digest, conn->params.header_digest);
ISCST_SESSION_ATTR(data_digest, conn->params.data_digest);
ISCST_SESSION_ATTR(initial_r2t, conn->params.initial_r2t);
ISCST_SESSION_ATTR(immediate_data, conn->params.immediate_data);
ISCST_SESSION_ATTR(max_burst_length, conn->params.max_burst_length);
ISCST_SESSION_ATTR(first_burst_length, conn->params.first_burst_length);
ISCST_SESSION_ATTR(max_outstanding_r2t, conn->params.max_outstanding_r2t);
ISCST_SESSION_ATTR(max_recv_data_segment_length, conn->params.max_recv_data_segment_length);

struct configfs_attribute *iscst_session_attrs[] = {
	&iscst_session_attr_isid,
	&iscst_session_attr_tsih,
	&iscst_session_attr_portal,
	&iscst_session_attr_incoming_cpu,
	&iscst_session_attr_cpu,
	&iscst_session_attr_header_digest,
	&iscst_session_attr_data_digest,
	&iscst_session_attr_initial_r2t,
	&iscst_session_attr_immediate_data,
	&iscst_session_attr_max_burst_length,
	&iscst_session_attr_first_burst_length,
	&iscst_session_attr_max_outstanding_r2t,
	&iscst_session_attr_max_recv_data_segment_length,
	NULL,
};

/* portals/<address>[:<port>]/ */

static struct iscst_portal_dir *iscst_portal_dir_from_item(struct config_item *item)
{
	return container_of(item, struct iscst_portal_dir, item);
}

static ssize_t iscst_portal_state_show(struct config_item *item, char *page)
{
	struct iscst_portal_dir *dir = iscst_portal_dir_from_item(item);
	bool listens;

	mutex_lock(&iscst_portal_lock);
	listens = dir->portal->sock;
	mutex_unlock(&iscst_portal_lock);
	return sysfs_emit(page, "%s\n", listens ? "listening" : "gone");
}

CONFIGFS_ATTR_RO(iscst_portal_, state);

static ssize_t iscst_portal_refused_show(struct config_item *item, char *page)
{
	const struct iscst_portal_dir *dir = iscst_portal_dir_from_item(item);

	return sysfs_emit(page, "%u\n", atomic_read(&dir->portal->refused));
}

CONFIGFS_ATTR_RO(iscst_portal_, refused);

static ssize_t iscst_portal_announced_show(struct config_item *item, char *page)
{
	return iscst_show_text(iscst_portal_dir_from_item(item)->announced, page);
}

static ssize_t iscst_portal_announced_store(struct config_item *item, const char *page,
					    size_t count)
{
	struct iscst_portal_dir *dir = iscst_portal_dir_from_item(item);
	struct scst_target *tgt = dir->target->tgt;
	int ret = iscst_store_address(page, dir->announced);

	if (ret)
		scst_target_set_error(tgt, "portals/%s/announced: not an address and port",
				      config_item_name(item));
	return scst_target_op_end(tgt, "announced", ret) ?: count;
}

CONFIGFS_ATTR(iscst_portal_, announced);

static struct configfs_attribute *iscst_portal_attrs[] = {
	&iscst_portal_attr_state,
	&iscst_portal_attr_announced,
	&iscst_portal_attr_refused,
	NULL,
};

static void iscst_portal_dir_release(struct config_item *item)
{
	struct iscst_portal_dir *dir = iscst_portal_dir_from_item(item);

	iscst_portal_ref_put(dir->portal);
	kfree(dir);
}

static struct configfs_item_operations iscst_portal_item_ops = {
	.release = iscst_portal_dir_release,
};

static const struct config_item_type iscst_portal_type = {
	.ct_item_ops = &iscst_portal_item_ops,
	.ct_attrs = iscst_portal_attrs,
	.ct_owner = THIS_MODULE,
};

static int __iscst_portal_dir_add(struct iscst_target *target,
				  struct iscst_portal_dir *dir)
{
	struct iscst_portal_dir *other;

	lockdep_assert_held(&iscst_lock);
	list_for_each_entry(other, &target->portals, entry)
		if (other->portal == dir->portal)
			return -EEXIST;
	if (list_empty(&target->portals))
		list_add_tail(&target->portals_entry, &iscst_listening);
	list_add_tail(&dir->entry, &target->portals);
	list_add_tail(&dir->portal_entry, &dir->portal->dirs);
	return 0;
}

static int iscst_portal_dir_add(struct iscst_target *target, struct iscst_portal_dir *dir,
				const char *name)
{
	int ret;

	dir->target = target;
	dir->portal = iscst_portal_get(current->nsproxy->net_ns, name);
	if (IS_ERR(dir->portal))
		return PTR_ERR(dir->portal);
	mutex_lock(&iscst_lock);
	ret = __iscst_portal_dir_add(target, dir);
	mutex_unlock(&iscst_lock);
	if (ret)
		iscst_portal_put(dir->portal);
	else
		kref_get(&dir->portal->kref);
	return ret;
}

static const char *iscst_portal_trouble(int err)
{
	switch (err) {
	case -EINVAL:
		return "not an address and port";
	case -EEXIST:
		return "the target has that portal already";
	case -EADDRINUSE:
		return "somebody else listens there";
	default:
		return "cannot listen";
	}
}

static struct config_item *iscst_make_portal(struct config_group *group, const char *name)
{
	struct iscst_target *target = container_of(group, struct iscst_target,
						   portals_group);
	struct iscst_portal_dir *dir = kzalloc_obj(*dir);
	int ret = dir ? iscst_portal_dir_add(target, dir, name) : -ENOMEM;

	if (ret)
		scst_target_set_error(target->tgt, "portals/%s: %s: %pe", name,
				      iscst_portal_trouble(ret), ERR_PTR(ret));
	scst_target_op_end(target->tgt, "portals", ret);
	if (ret) {
		kfree(dir);
		return ERR_PTR(ret);
	}
	config_item_init_type_name(&dir->item, name, &iscst_portal_type);
	return &dir->item;
}

/* What came in through a portal ends with it. */
static void iscst_drop_portal(struct config_group *group, struct config_item *item)
{
	struct iscst_portal_dir *dir = iscst_portal_dir_from_item(item);
	struct iscst_conn *conn;

	mutex_lock(&iscst_lock);
	list_del(&dir->entry);
	list_del(&dir->portal_entry);
	if (list_empty(&dir->target->portals))
		list_del(&dir->target->portals_entry);
	list_for_each_entry(conn, &iscst_conns, entry)
		if (conn->via == dir->portal && conn->target == dir->target) {
			iscst_conn_set_reason(conn, ISCST_REASON_REMOVED);
			iscst_conn_drop(conn);
		}
	mutex_unlock(&iscst_lock);
	iscst_portal_put(dir->portal);
	config_item_put(item);
}

static struct configfs_group_operations iscst_portals_group_ops = {
	.make_item = iscst_make_portal,
	.drop_item = iscst_drop_portal,
};

static const struct config_item_type iscst_portals_type = {
	.ct_group_ops = &iscst_portals_group_ops,
	.ct_owner = THIS_MODULE,
};

/* auth/<pattern>/ */

static struct iscst_auth *iscst_auth_from_item(struct config_item *item)
{
	return container_of(item, struct iscst_auth, item);
}

static ssize_t iscst_auth_store_text(struct config_item *item, const char *name,
				     const char *page, char *text, size_t size)
{
	struct scst_target *tgt = iscst_auth_from_item(item)->target->tgt;
	int ret = iscst_parse_text(page, text, size);

	if (ret)
		scst_target_set_error(tgt, "auth/%s/%s: not a line of up to %zu bytes",
				      config_item_name(item), name, size - 1);
	return scst_target_op_end(tgt, name, ret);
}

#define ISCST_AUTH_ATTRS(_prefix, _field)					\
static struct iscst_secret *iscst_##_field##_from(struct config_item *item)	\
{										\
	return (void *)iscst_auth_from_item(item) +				\
	       offsetof(struct iscst_auth, _field);				\
}										\
static ssize_t iscst_auth_##_prefix##user_show(struct config_item *item, char *page)	\
{										\
	return iscst_show_text(iscst_##_field##_from(item)->user, page);	\
}										\
static ssize_t iscst_auth_##_prefix##user_store(struct config_item *item,	\
						const char *page, size_t count)	\
{										\
	return iscst_auth_store_text(item, #_prefix "user", page,		\
				     iscst_##_field##_from(item)->user,		\
				     ISCST_VALUE_LEN) ?: count;			\
}										\
static ssize_t iscst_auth_##_prefix##secret_store(struct config_item *item,	\
						  const char *page, size_t count)	\
{										\
	return iscst_auth_store_text(item, #_prefix "secret", page,		\
				     iscst_##_field##_from(item)->secret,	\
				     ISCST_SECRET_LEN) ?: count;		\
}										\
CONFIGFS_ATTR(iscst_auth_, _prefix##user);					\
CONFIGFS_ATTR_WO(iscst_auth_, _prefix##secret)

ISCST_AUTH_ATTRS(, initiator);
ISCST_AUTH_ATTRS(target_, ours);

static struct configfs_attribute *iscst_auth_attrs[] = {
	&iscst_auth_attr_user,
	&iscst_auth_attr_secret,
	&iscst_auth_attr_target_user,
	&iscst_auth_attr_target_secret,
	NULL,
};

static void iscst_auth_release(struct config_item *item)
{
	kfree_sensitive(iscst_auth_from_item(item));
}

static struct configfs_item_operations iscst_auth_item_ops = {
	.release = iscst_auth_release,
};

static const struct config_item_type iscst_auth_type = {
	.ct_item_ops = &iscst_auth_item_ops,
	.ct_attrs = iscst_auth_attrs,
	.ct_owner = THIS_MODULE,
};

/* configfs tells directories apart by the case of their names. */
static int iscst_auth_publish(struct iscst_auth *auth)
{
	struct iscst_auth *other;
	int ret = 0;

	mutex_lock(&iscst_lock);
	list_for_each_entry(other, &auth->target->auths, entry)
		if (!strcmp(other->pattern, auth->pattern))
			ret = -EEXIST;
	if (!ret)
		list_add_tail(&auth->entry, &auth->target->auths);
	mutex_unlock(&iscst_lock);
	return ret;
}

static struct iscst_auth *iscst_auth_add(struct iscst_target *target, const char *name)
{
	struct iscst_auth *auth;

	if (strlen(name) >= SCST_PORT_NAME_LEN) {
		scst_target_set_error(target->tgt, "auth/%s: the name has more than %u bytes",
				      name, SCST_PORT_NAME_LEN - 1);
		return ERR_PTR(-ENAMETOOLONG);
	}
	auth = kzalloc_obj(*auth);
	if (!auth)
		return ERR_PTR(-ENOMEM);
	auth->target = target;
	strscpy(auth->pattern, name, sizeof(auth->pattern));
	scst_name_fold(auth->pattern, strlen(name));
	if (iscst_auth_publish(auth)) {
		scst_target_set_error(target->tgt, "auth/%s: that name is there already",
				      name);
		kfree(auth);
		return ERR_PTR(-EEXIST);
	}
	return auth;
}

static struct config_item *iscst_make_auth(struct config_group *group, const char *name)
{
	struct iscst_target *target = container_of(group, struct iscst_target, auth_group);
	struct iscst_auth *auth = iscst_auth_add(target, name);

	scst_target_op_end(target->tgt, "auth", PTR_ERR_OR_ZERO(auth));
	if (IS_ERR(auth))
		return ERR_CAST(auth);
	config_item_init_type_name(&auth->item, name, &iscst_auth_type);
	return &auth->item;
}

static void iscst_drop_auth(struct config_group *group, struct config_item *item)
{
	mutex_lock(&iscst_lock);
	list_del(&iscst_auth_from_item(item)->entry);
	mutex_unlock(&iscst_lock);
	config_item_put(item);
}

static struct configfs_group_operations iscst_auths_group_ops = {
	.make_item = iscst_make_auth,
	.drop_item = iscst_drop_auth,
};

static const struct config_item_type iscst_auths_type = {
	.ct_group_ops = &iscst_auths_group_ops,
	.ct_owner = THIS_MODULE,
};

/**
 * iscst_create() - a target's directory is being made
 * @tgt:   the target
 * @group: its directory
 *
 * Context: process context, under the core's configuration lock.
 * Return: 0, or -EINVAL if the name is not an iSCSI name.
 */
int iscst_create(struct scst_target *tgt, struct config_group *group)
{
	struct iscst_target *target = scst_target_priv(tgt);

	if (!iscst_name_is_valid(scst_target_name(tgt))) {
		scst_target_set_error(tgt, "%s: not an iqn., eui. or naa. name, RFC 7143 4.2.7",
				      scst_target_name(tgt));
		return -EINVAL;
	}
	target->tgt = tgt;
	target->queue_depth = ISCST_DEFAULT_DEPTH;
	target->nop_interval_ms = ISCST_DEFAULT_NOP_INTERVAL;
	target->nop_timeout_ms = ISCST_DEFAULT_NOP_TIMEOUT;
	target->data_timeout_ms = ISCST_DEFAULT_DATA_TIMEOUT;
	target->scsi_events = 1;
	target->request_logout = 1;
	iscst_limits_init(&target->limits);
	INIT_LIST_HEAD(&target->portals);
	INIT_LIST_HEAD(&target->auths);
	INIT_LIST_HEAD(&target->sessions);
	INIT_LIST_HEAD(&target->entry);
	config_group_init_type_name(&target->portals_group, "portals", &iscst_portals_type);
	configfs_add_default_group(&target->portals_group, group);
	config_group_init_type_name(&target->auth_group, "auth", &iscst_auths_type);
	configfs_add_default_group(&target->auth_group, group);
	config_group_init_type_name(&target->failures_group, "failures",
				    &iscst_failures_type);
	configfs_add_default_group(&target->failures_group, group);
	return 0;
}
