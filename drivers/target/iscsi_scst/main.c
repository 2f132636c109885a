// SPDX-License-Identifier: GPL-2.0
/*
 * iscsi_scst: the module, its ops table, enabled targets.
 */
#include <linux/module.h>

#include "iscst.h"

static int iscst_enable(struct scst_target *tgt)
{
	struct iscst_target *target = scst_target_priv(tgt);

	mutex_lock(&iscst_lock);
	list_add_tail(&target->entry, &iscst_targets);
	mutex_unlock(&iscst_lock);
	return 0;
}

/* Whether no log-in to a target is in progress: log-ins do not count as sessions yet. */
static bool iscst_target_has_no_login(void *target)
{
	struct iscst_conn *conn;
	bool found = false;

	mutex_lock(&iscst_lock);
	list_for_each_entry(conn, &iscst_conns, entry)
		found |= conn->target == target && !conn->session;
	mutex_unlock(&iscst_lock);
	return !found;
}

/* The connection's timer has the precision of a second. */
static bool iscst_has_time_for_logout(const struct scst_target *tgt)
{
	return scst_target_drain_ms(tgt) >= (ISCST_LOGOUT_SECONDS + 1) * MSEC_PER_SEC;
}

/*
 * Sessions keep the target, log-ins do not. Log-ins are waited for, which takes as long as it
 * takes to close a socket.
 */
static void iscst_disable(struct scst_target *tgt)
{
	struct iscst_target *target = scst_target_priv(tgt);

	mutex_lock(&iscst_lock);
	list_del_init(&target->entry);
	mutex_unlock(&iscst_lock);
	iscst_target_drop_sessions(target, iscst_has_time_for_logout(tgt));
	iscst_wait(iscst_target_has_no_login, target, MAX_SCHEDULE_TIMEOUT);
}

static const struct scst_target_ops iscst_ops = {
	.name = "iscsi",
	.owner = THIS_MODULE,
	.protocol_id = SCSI_PROTOCOL_ISCSI,
	.reports_overflow = true,
	.folds_names = true,
	.target_priv_size = sizeof(struct iscst_target),
	.attrs = iscst_target_attrs,
	.session_attrs = iscst_session_attrs,
	.create = iscst_create,
	.enable = iscst_enable,
	.disable = iscst_disable,
	.receive_data = iscst_receive_data,
	.aborted = iscst_aborted,
	.send_response = iscst_send_response,
	.release = iscst_release,
	.tmf_done = iscst_tmf_done,
	.session_left = iscst_session_left,
	.transport_id = iscst_transport_id,
	.address = iscst_address,
	.disconnect = iscst_disconnect,
	.async_event = iscst_async_event,
};

static int __init iscst_init(void)
{
	int ret = iscst_wq_init();

	if (ret)
		return ret;
	ret = iscst_portal_init();
	if (ret)
		goto out_wq;
	ret = scst_target_driver_register(&iscst_ops);
	if (ret)
		goto out_portal;
	return 0;

out_portal:
	iscst_portal_exit();
out_wq:
	iscst_wq_exit();
	return ret;
}

static bool iscst_is_idle(void *unused)
{
	bool idle;

	mutex_lock(&iscst_lock);
	idle = list_empty(&iscst_conns);
	mutex_unlock(&iscst_lock);
	return idle;
}

/* Targets pin the module. Without them no socket listens, and all connections are closing. */
static void __exit iscst_exit(void)
{
	scst_target_driver_unregister(&iscst_ops);
	iscst_wait(iscst_is_idle, NULL, MAX_SCHEDULE_TIMEOUT);
	iscst_portal_exit();
	iscst_wq_exit();
}

module_init(iscst_init);
module_exit(iscst_exit);

MODULE_ALIAS("scst-target-iscsi");
MODULE_DESCRIPTION("iSCSI target driver");
MODULE_LICENSE("GPL");
