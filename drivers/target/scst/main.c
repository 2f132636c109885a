// SPDX-License-Identifier: GPL-2.0
/*
 * Generic SCSI target mid-level: the module.
 */
#include <linux/init.h>
#include <linux/module.h>
#include <linux/workqueue.h>

#include "lu/pr_file.h"
#include "lu/kinds.h"
#include "scst_priv.h"

/* All configuration; never taken on a command's way */
DEFINE_MUTEX(scst_config_lock);
struct workqueue_struct *scst_tmf_wq;
struct workqueue_struct *scst_session_wq;
struct workqueue_struct *scst_stats_wq;

char *scst_system_id;
module_param_named(system_id, scst_system_id, charp, 0444);
MODULE_PARM_DESC(system_id,
		 "What makes this machine's device identifiers unique (default: its DMI product UUID)");

static int __init scst_wq_init(void)
{
	scst_tmf_wq = alloc_workqueue("scst_tmf", WQ_MEM_RECLAIM | WQ_UNBOUND, 0);
	if (!scst_tmf_wq)
		return -ENOMEM;
	/* Its work waits for configfs, which waits for TMFs and teardown. */
	scst_session_wq = alloc_workqueue("scst_session", WQ_UNBOUND, 0);
	if (!scst_session_wq)
		goto out_tmf_wq;
	/* Those of scst_tmf cancel its work. */
	scst_stats_wq = alloc_workqueue("scst_stats", WQ_MEM_RECLAIM | WQ_UNBOUND, 1);
	if (!scst_stats_wq)
		goto out_session_wq;
	return 0;

out_session_wq:
	destroy_workqueue(scst_session_wq);
out_tmf_wq:
	destroy_workqueue(scst_tmf_wq);
	return -ENOMEM;
}

static void scst_wq_exit(void)
{
	destroy_workqueue(scst_session_wq);
	destroy_workqueue(scst_tmf_wq);
	destroy_workqueue(scst_stats_wq);
}

static int __init scst_init(void)
{
	int ret = scst_pr_dir_check() ?: scst_kinds_init();

	if (ret)
		return ret;
	scst_context_init();
	scst_pr_lockdep_init();
	ret = scst_cmd_cache_init();
	if (ret)
		goto out_context;
	ret = scst_buf_init();
	if (ret)
		goto out_cmd_cache;
	ret = scst_wq_init();
	if (ret)
		goto out_buf;
	ret = scst_internal_init();
	if (ret)
		goto out_wq;
	ret = scst_sysfs_init();
	if (ret)
		goto out_internal;
	ret = scst_configfs_init();
	if (ret)
		goto out_sysfs;
	return 0;

out_sysfs:
	scst_sysfs_exit();
out_internal:
	scst_internal_exit();
out_wq:
	scst_wq_exit();
out_buf:
	scst_buf_exit();
out_cmd_cache:
	scst_cmd_cache_exit();
out_context:
	scst_context_exit();
	return ret;
}
module_init(scst_init);

static void __exit scst_exit(void)
{
	scst_configfs_exit();
	scst_sysfs_exit();
	scst_internal_exit();
	scst_wq_exit();
	scst_buf_exit();
	scst_cmd_cache_exit();
	scst_context_exit();
}
module_exit(scst_exit);

MODULE_DESCRIPTION("Generic SCSI target mid-level");
MODULE_LICENSE("GPL");
