// SPDX-License-Identifier: GPL-2.0
/*
 * configfs: attributes of targets and sessions; a target's directory.
 */
#include <linux/configfs.h>
#include <linux/module.h>

#include "iscst.h"

#define ISCST_DEFAULT_DEPTH		128
#define ISCST_MAX_DEPTH			1024
#define ISCST_DEFAULT_NOP_INTERVAL	15000
#define ISCST_DEFAULT_NOP_TIMEOUT	15000
#define ISCST_DEFAULT_DATA_TIMEOUT	30000
#define ISCST_MAX_MS			3600000

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
		scst_target_set_error(target->tgt, "%s: must be a number from %u to %u",
				      name, min, max);
		ret = -EINVAL;
	} else {
		mutex_lock(&iscst_lock);
		WRITE_ONCE(*value, number);
		mutex_unlock(&iscst_lock);
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

static ssize_t iscst_target_alias_show(struct config_item *item, char *page)
{
	return iscst_show_text(iscst_target_from_item(item)->alias, page);
}

static ssize_t iscst_target_alias_store(struct config_item *item, const char *page, size_t count)
{
	struct iscst_target *target = iscst_target_from_item(item);
	int ret = iscst_parse_text(page, target->alias, sizeof(target->alias));

	if (ret)
		scst_target_set_error(target->tgt, "alias: must be one line of up to 255 bytes");
	return scst_target_op_end(target->tgt, "alias", ret) ?: count;
}

CONFIGFS_ATTR(iscst_target_, alias);

static ssize_t iscst_target_redirect_show(struct config_item *item, char *page)
{
	return iscst_show_text(iscst_target_from_item(item)->redirect, page);
}

static ssize_t iscst_target_redirect_store(struct config_item *item, const char *page, size_t count)
{
	struct iscst_target *target = iscst_target_from_item(item);
	int ret = iscst_store_address(page, target->redirect);

	if (ret)
		scst_target_set_error(target->tgt, "redirect: must be <address>[:<port>]");
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
 * _value is a field of conn. Negotiated values do not change, except for
 * MaxRecvDataSegmentLength. The CPUs change.
 */
#define ISCST_SESSION_ATTR(_name, _value)					\
static ssize_t iscst_session_##_name##_show(struct config_item *item, char *page)	\
{										\
	const struct iscst_conn *conn = iscst_session_from_item(item)->conn;	\
										\
	return sysfs_emit(page, "%u\n", READ_ONCE(_value));			\
}										\
CONFIGFS_ATTR_RO(iscst_session_, _name)

ISCST_SESSION_ATTR(incoming_cpu, conn->incoming_cpu);
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

/**
 * iscst_create() - prepare a target whose directory is being made
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
		scst_target_set_error(tgt, "%s: must be an iqn., eui. or naa. name, RFC 7143 4.2.7",
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
	config_group_init_type_name(&target->failures_group, "failures", &iscst_failures_type);
	configfs_add_default_group(&target->failures_group, group);
	return 0;
}
