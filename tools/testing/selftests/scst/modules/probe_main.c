// SPDX-License-Identifier: GPL-2.0
/*
 * scst_probe: the module and its targets.
 */
#include <linux/debugfs.h>
#include <linux/module.h>
#include <scst/inject.h>

#include "probe.h"

static struct dentry *probe_root;

static int probe_create(struct scst_target *tgt, struct config_group *group)
{
	struct probe_target *target = scst_target_priv(tgt);

	target->tgt = tgt;
	INIT_LIST_HEAD(&target->sessions);
	return 0;
}

static int probe_enable(struct scst_target *tgt)
{
	struct probe_target *target = scst_target_priv(tgt);

	target->file = debugfs_create_file_unsafe(scst_target_name(tgt), 0600, probe_root, target,
						  &probe_session_fops);
	if (IS_ERR(target->file))
		return PTR_ERR(target->file);
	mutex_lock(&probe_lock);
	list_add_tail(&target->entry, &probe_targets);
	mutex_unlock(&probe_lock);
	return 0;
}

static void probe_disable(struct scst_target *tgt)
{
	struct probe_target *target = scst_target_priv(tgt);
	struct probe_session *session, *next;

	debugfs_remove(target->file);
	mutex_lock(&probe_lock);
	list_del(&target->entry);
	list_for_each_entry_safe(session, next, &target->sessions, entry)
		probe_session_end(session);
	mutex_unlock(&probe_lock);
}

static void probe_async_event(struct scst_session *sess, u32 lun, scst_sense_t sense)
{
	const struct probe_session *session = scst_session_priv(sess);

	probe_log("%s - event lun %u sense %02x%02x%02x\n", session->name, lun,
		  scst_sense_key(sense), scst_sense_asc(sense), scst_sense_ascq(sense));
}

static const struct scst_target_ops probe_ops = {
	.name = "probe",
	.owner = THIS_MODULE,
	.protocol_id = 0xf,
	.target_priv_size = sizeof(struct probe_target),
	.create = probe_create,
	.enable = probe_enable,
	.disable = probe_disable,
	.receive_data = probe_receive_data,
	.send_response = probe_send_response,
	.release = probe_release,
	.tmf_done = probe_tmf_done,
	.async_event = probe_async_event,
};

static int __init probe_init(void)
{
	int ret;

	probe_context_init();
	probe_root = debugfs_create_dir("scst_probe", NULL);
	debugfs_create_file("log", 0600, probe_root, NULL, &probe_log_fops);
	debugfs_create_file("stall", 0600, probe_root, NULL, &probe_stall_fops);
	probe_medium_init(probe_root);
	ret = scst_inject_start(&probe_ops, probe_hold_stage);
	if (ret)
		goto out_root;
	ret = scst_handler_register(&probe_handler_ops);
	if (ret)
		goto out_inject;
	ret = scst_target_driver_register(&probe_ops);
	if (ret)
		goto out_handler;
	return 0;

out_handler:
	scst_handler_unregister(&probe_handler_ops);
out_inject:
	scst_inject_stop();
out_root:
	debugfs_remove(probe_root);
	return ret;
}
module_init(probe_init);

static void __exit probe_exit(void)
{
	scst_target_driver_unregister(&probe_ops);
	scst_handler_unregister(&probe_handler_ops);
	scst_inject_stop();
	debugfs_remove(probe_root);
	probe_context_exit();
	probe_log_exit();
}
module_exit(probe_exit);

MODULE_ALIAS("scst-target-probe");
MODULE_ALIAS("scst-handler-probe");
MODULE_DESCRIPTION("For tests: initiator ports and devices that scripts control");
MODULE_LICENSE("GPL");
