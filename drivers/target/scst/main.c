// SPDX-License-Identifier: GPL-2.0
/*
 * Generic SCSI target mid-level: the module.
 */
#include <linux/init.h>
#include <linux/module.h>

#include "cmd/cmd.h"
#include "configfs/configfs.h"
#include "graph/graph.h"
#include "lu/kinds.h"
#include "lu/pr_file.h"
#include "observe/observe.h"

/* Guards all configuration; the command path does not take it. */
DEFINE_MUTEX(scst_config_lock);

/* The root of configuration, which configfs/configfs.c sets up */
struct configfs_subsystem scst_subsystem;

static int __init scst_init(void)
{
	int ret = scst_pr_dir_check() ?: scst_kinds_init();

	if (ret)
		return ret;
	scst_pr_lockdep_init();
	ret = scst_context_init();
	if (ret)
		return ret;
	ret = scst_cmd_cache_init();
	if (ret)
		goto out_context;
	ret = scst_buf_init();
	if (ret)
		goto out_cmd_cache;
	ret = scst_internal_init(&scst_session_type);
	if (ret)
		goto out_buf;
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
	scst_buf_exit();
	scst_cmd_cache_exit();
	scst_context_exit();
}
module_exit(scst_exit);

MODULE_DESCRIPTION("Generic SCSI target mid-level");
MODULE_LICENSE("GPL");
