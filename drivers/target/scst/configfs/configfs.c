// SPDX-License-Identifier: GPL-2.0
/*
 * configfs: the root, the directories of handlers and target drivers, and code shared by all
 * attributes.
 *
 * configfs calls make_group and drop_item under su_mutex, so neither of them waits for commands.
 * rmdir waits in release and unlink waits in drop_link, both without su_mutex.
 */
#include <linux/configfs.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "configfs/configfs.h"
#include "graph/graph.h"
#include "observe/observe.h"

#define SCST_VERSION	"0.1.0"

/**
 * scst_parse_bool() - parse the text written to a 0|1 attribute
 * @err:   last_error of the object
 * @name:  the attribute
 * @page:  the text
 * @value: the result
 *
 * Context: process context.
 * Return: 0, or -EINVAL with the reason in last_error.
 */
int scst_parse_bool(struct scst_error *err, const char *name, const char *page, bool *value)
{
	unsigned int number;

	if (kstrtouint(page, 10, &number) || number > 1) {
		scst_error_set(err, "%s: must be 0 or 1", name);
		return -EINVAL;
	}
	*value = number;
	return 0;
}

/**
 * scst_ms_store() - store an attribute in milliseconds
 * @err:   last_error of the object
 * @name:  the attribute, a constant
 * @page:  the text written
 * @count: bytes in @page
 * @ms:    the result, 0 to SCST_MAX_MS milliseconds; unchanged if the text is not valid
 *
 * Context: process context.
 * Return: @count, or -EINVAL with the reason in last_error.
 */
ssize_t scst_ms_store(struct scst_error *err, const char *name, const char *page, size_t count,
		      unsigned int *ms)
{
	unsigned int value;
	int ret = 0;

	if (kstrtouint(page, 10, &value) || value > SCST_MAX_MS) {
		scst_error_set(err, "%s: must be a number from 0 to %u", name, SCST_MAX_MS);
		ret = -EINVAL;
	} else {
		WRITE_ONCE(*ms, value);
	}
	return scst_error_end(err, name, ret) ?: count;
}

/* Attribute holders of an object that can always be removed: empty */
static ssize_t scst_free_holders_show(struct config_item *item, char *page)
{
	return 0;
}

struct configfs_attribute scst_free_attr_holders = {
	.ca_name = "holders",
	.ca_mode = 0444,
	.ca_owner = THIS_MODULE,
	.show = scst_free_holders_show,
};

/* Directories in which mkdir creates objects */

/**
 * struct scst_parent - a directory with a last_error that reports refused mkdirs
 * @group:	the directory
 * @error:	last_error
 */
struct scst_parent {
	struct config_group group;
	struct scst_error error;
};

static struct scst_parent *scst_parent_of(struct config_group *group)
{
	return container_of(group, struct scst_parent, group);
}

/**
 * scst_parent_error() - get the last_error that reports refused mkdirs in a directory
 * @group: the directory, which has scst_parent_attrs
 *
 * Return: its last_error.
 */
struct scst_error *scst_parent_error(struct config_group *group)
{
	return &scst_parent_of(group)->error;
}

static ssize_t scst_parent_last_error_show(struct config_item *item, char *page)
{
	return scst_error_show(scst_parent_error(to_config_group(item)), page);
}

CONFIGFS_ATTR_RO(scst_parent_, last_error);

struct configfs_attribute *scst_parent_attrs[] = {
	&scst_parent_attr_last_error,
	NULL,
};

/* devices/<handler>/ and targets/<driver>/ */

/**
 * struct scst_plugin_dir - devices/<handler>/ or targets/<driver>/
 * @dir:	the directory
 * @plugin:	the handler or target driver, pinned
 */
struct scst_plugin_dir {
	struct scst_parent dir;
	struct scst_plugin *plugin;
};

static struct scst_plugin_dir *scst_plugin_dir_of(struct config_group *group)
{
	return container_of(group, struct scst_plugin_dir, dir.group);
}

/**
 * scst_plugin_of() - get the handler or target driver of a directory
 * @group: devices/<handler>/ or targets/<driver>/
 *
 * Return: the plugin.
 */
struct scst_plugin *scst_plugin_of(struct config_group *group)
{
	return scst_plugin_dir_of(group)->plugin;
}

/**
 * scst_plugin_dir_release() - free devices/<handler>/ or targets/<driver>/ and unpin its plugin
 * @item: the directory
 */
void scst_plugin_dir_release(struct config_item *item)
{
	struct scst_plugin_dir *dir = scst_plugin_dir_of(to_config_group(item));

	scst_plugin_put(dir->plugin);
	kfree(dir);
}

/* devices/ and targets/ */

/**
 * struct scst_plugins_dir - devices/ or targets/
 * @dir:	the directory
 * @plugins:	the list of handlers or of target drivers
 * @kind:	"handler" or "target", as in the aliases of modules
 * @type:	item type of the directories in it
 */
struct scst_plugins_dir {
	struct scst_parent dir;
	struct list_head *plugins;
	const char *kind;
	const struct config_item_type *type;
};

static int scst_plugin_dir_find(struct scst_plugin_dir *dir,
				struct scst_plugins_dir *parent, const char *name)
{
	if (!dir)
		return -ENOMEM;
	dir->plugin = scst_plugin_get(parent->plugins, parent->kind, name);
	if (dir->plugin)
		return 0;
	scst_error_set(&parent->dir.error, "%s: no module with the alias scst-%s-%s can be loaded",
		       name, parent->kind, name);
	return -ENOENT;
}

static struct config_group *scst_plugins_make(struct config_group *group, const char *name)
{
	struct scst_plugins_dir *parent = container_of(group, struct scst_plugins_dir, dir.group);
	struct scst_plugin_dir *dir = kzalloc_obj(*dir);
	int ret = scst_plugin_dir_find(dir, parent, name);

	scst_error_end(&parent->dir.error, "mkdir", ret);
	if (ret) {
		kfree(dir);
		return ERR_PTR(ret);
	}
	scst_error_init(&dir->dir.error);
	config_group_init_type_name(&dir->dir.group, name, parent->type);
	return &dir->dir.group;
}

static struct configfs_group_operations scst_plugins_group_ops = {
	.make_group = scst_plugins_make,
};

static const struct config_item_type scst_plugins_type = {
	.ct_group_ops = &scst_plugins_group_ops,
	.ct_attrs = scst_parent_attrs,
	.ct_owner = THIS_MODULE,
};

static struct scst_plugins_dir scst_devices_dir = {
	.plugins = &scst_handlers,
	.kind = "handler",
	.type = &scst_handler_dir_type,
};

static struct scst_plugins_dir scst_targets_dir = {
	.plugins = &scst_target_drivers,
	.kind = "target",
	.type = &scst_driver_dir_type,
};

/* The root */

static ssize_t scst_root_version_show(struct config_item *item, char *page)
{
	return sysfs_emit(page, "%s\n", SCST_VERSION);
}

CONFIGFS_ATTR_RO(scst_root_, version);

static struct configfs_attribute *scst_root_attrs[] = {
	&scst_root_attr_version,
	NULL,
};

static const struct config_item_type scst_root_type = {
	.ct_attrs = scst_root_attrs,
	.ct_owner = THIS_MODULE,
};

static void scst_root_add(struct scst_plugins_dir *dir, const char *name)
{
	scst_error_init(&dir->dir.error);
	config_group_init_type_name(&dir->dir.group, name, &scst_plugins_type);
	configfs_add_default_group(&dir->dir.group, &scst_subsystem.su_group);
}

int scst_configfs_init(void)
{
	config_group_init_type_name(&scst_subsystem.su_group, "scst", &scst_root_type);
	mutex_init(&scst_subsystem.su_mutex);
	scst_root_add(&scst_devices_dir, "devices");
	scst_root_add(&scst_targets_dir, "targets");
	return configfs_register_subsystem(&scst_subsystem);
}

void scst_configfs_exit(void)
{
	configfs_unregister_subsystem(&scst_subsystem);
}
