// SPDX-License-Identifier: GPL-2.0
/*
 * configfs: the root, the directories of handlers and target drivers, and what
 * all attributes share.
 *
 * configfs calls make_group and drop_item under its su_mutex: neither waits for
 * commands. rmdir's waiting is done in release, unlink's in drop_link, both
 * without that mutex.
 */
#include <linux/configfs.h>
#include <linux/ctype.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "scst_priv.h"

#define SCST_VERSION	"0.1.0"

#define SCST_NAME_LEN	SCST_PORT_NAME_LEN

/**
 * scst_parse_bool - parse what is written to a 0|1 attribute
 * @page:  the text
 * @value: the result
 *
 * Return: 0 or -EINVAL.
 */
int scst_parse_bool(const char *page, bool *value)
{
	unsigned int number;

	if (kstrtouint(page, 10, &number) || number > 1)
		return -EINVAL;
	*value = number;
	return 0;
}

/**
 * scst_parse_drain_ms - parse what is written to a drain_ms attribute
 * @page:  the text
 * @value: the result, milliseconds
 *
 * Return: 0 or -EINVAL.
 */
int scst_parse_drain_ms(const char *page, unsigned int *value)
{
	unsigned int ms;

	if (kstrtouint(page, 10, &ms) || ms > SCST_MAX_DRAIN_MS)
		return -EINVAL;
	WRITE_ONCE(*value, ms);
	return 0;
}

/* Of what always can be removed */
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

#define SCST_MORE	"...\n"

static bool scst_is_cut(const char *page, ssize_t len)
{
	ssize_t before = len - strlen(SCST_MORE);

	return before >= 0 && !strcmp(page + before, SCST_MORE);
}

/**
 * scst_emit_line - add a line to what an attribute shows
 * @page: where to
 * @len:  bytes in @page
 * @fmt:  the line, with its newline
 *
 * When a line does not fit, it and what follows become "...".
 */
void scst_emit_line(char *page, ssize_t *len, const char *fmt, ...)
{
	ssize_t room = PAGE_SIZE - sizeof(SCST_MORE) - *len;
	va_list args;
	int needed;

	if (room <= 0 || scst_is_cut(page, *len))
		return;
	va_start(args, fmt);
	needed = vsnprintf(page + *len, room, fmt, args);
	va_end(args);
	if (needed >= room)
		needed = sysfs_emit_at(page, *len, SCST_MORE);
	*len += needed;
}

/**
 * scst_name_is_valid - whether a device or target may have a name
 * @name: the name
 *
 * Names go into uevents, INQUIRY data and scripts: no white space, nothing
 * that is not printable ASCII.
 *
 * Return: whether it may.
 */
bool scst_name_is_valid(const char *name)
{
	size_t len = strlen(name);
	size_t i;

	if (!len || len >= SCST_NAME_LEN)
		return false;
	for (i = 0; i < len; i++)
		if (!isascii(name[i]) || !isgraph(name[i]))
			return false;
	return true;
}

/**
 * struct scst_plugin_dir - devices/<handler>/ or targets/<driver>/
 * @group:	the directory
 * @plugin:	what it stands for, pinned
 */
struct scst_plugin_dir {
	struct config_group group;
	struct scst_plugin *plugin;
};

/**
 * scst_plugin_of - the plugin that a directory stands for
 * @group: devices/<handler>/ or targets/<driver>/
 *
 * Return: the plugin.
 */
struct scst_plugin *scst_plugin_of(struct config_group *group)
{
	return container_of(group, struct scst_plugin_dir, group)->plugin;
}

static struct config_group *
scst_plugin_dir_make(struct list_head *plugins, const char *kind,
		     const char *name, const struct config_item_type *type)
{
	struct scst_plugin_dir *dir = kzalloc(sizeof(*dir), GFP_KERNEL);

	if (!dir)
		return ERR_PTR(-ENOMEM);
	dir->plugin = scst_plugin_get(plugins, kind, name);
	if (!dir->plugin) {
		kfree(dir);
		return ERR_PTR(-ENOENT);
	}
	config_group_init_type_name(&dir->group, name, type);
	return &dir->group;
}

/**
 * scst_plugin_dir_release - the end of devices/<handler>/ or targets/<driver>/
 * @item: the directory
 */
void scst_plugin_dir_release(struct config_item *item)
{
	struct scst_plugin_dir *dir = container_of(to_config_group(item),
						   struct scst_plugin_dir, group);

	scst_plugin_put(dir->plugin);
	kfree(dir);
}

static struct config_group *scst_devices_make(struct config_group *group,
					      const char *name)
{
	return scst_plugin_dir_make(&scst_handlers, "handler", name,
				    &scst_handler_dir_type);
}

static struct configfs_group_operations scst_devices_group_ops = {
	.make_group = scst_devices_make,
};

static const struct config_item_type scst_devices_type = {
	.ct_group_ops = &scst_devices_group_ops,
	.ct_owner = THIS_MODULE,
};

static struct config_group *scst_targets_make(struct config_group *group,
					      const char *name)
{
	return scst_plugin_dir_make(&scst_target_drivers, "target", name,
				    &scst_driver_dir_type);
}

static struct configfs_group_operations scst_targets_group_ops = {
	.make_group = scst_targets_make,
};

static const struct config_item_type scst_targets_type = {
	.ct_group_ops = &scst_targets_group_ops,
	.ct_owner = THIS_MODULE,
};

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

struct configfs_subsystem scst_subsystem = {
	.su_group = {
		.cg_item = {
			.ci_namebuf = "scst",
			.ci_type = &scst_root_type,
		},
	},
};

static struct config_group scst_devices_group;
static struct config_group scst_targets_group;

int scst_configfs_init(void)
{
	config_group_init(&scst_subsystem.su_group);
	mutex_init(&scst_subsystem.su_mutex);
	config_group_init_type_name(&scst_devices_group, "devices",
				    &scst_devices_type);
	configfs_add_default_group(&scst_devices_group,
				   &scst_subsystem.su_group);
	config_group_init_type_name(&scst_targets_group, "targets",
				    &scst_targets_type);
	configfs_add_default_group(&scst_targets_group,
				   &scst_subsystem.su_group);
	return configfs_register_subsystem(&scst_subsystem);
}

void scst_configfs_exit(void)
{
	configfs_unregister_subsystem(&scst_subsystem);
}
