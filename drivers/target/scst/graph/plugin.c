// SPDX-License-Identifier: GPL-2.0
/*
 * Registered handlers and target drivers. They are found by name, and loaded if they are not
 * registered.
 */
#include <linux/kmod.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "graph/graph.h"

LIST_HEAD(scst_handlers);		/* C */
LIST_HEAD(scst_target_drivers);		/* C */

static unsigned int scst_attr_count(struct configfs_attribute *const *attrs)
{
	unsigned int n = 0;

	while (attrs && attrs[n])
		n++;
	return n;
}

/* Return: a new array with the attributes of both, or NULL. */
static struct configfs_attribute **
scst_attrs_merge(struct configfs_attribute *const *common, struct configfs_attribute *const *own)
{
	unsigned int n = scst_attr_count(common);
	unsigned int m = scst_attr_count(own);
	struct configfs_attribute **attrs;

	attrs = kcalloc(n + m + 1, sizeof(*attrs), GFP_KERNEL);
	if (!attrs)
		return NULL;
	memcpy(attrs, common, n * sizeof(*attrs));
	if (m)
		memcpy(attrs + n, own, m * sizeof(*attrs));
	return attrs;
}

static struct scst_plugin *__scst_plugin_find(struct list_head *plugins, const char *name)
{
	struct scst_plugin *plugin;

	lockdep_assert_held(&scst_config_lock);
	list_for_each_entry(plugin, plugins, entry)
		if (!strcmp(plugin->name, name))
			return plugin;
	return NULL;
}

static int scst_plugin_publish(struct list_head *plugins, struct scst_plugin *plugin)
{
	int ret = 0;

	mutex_lock(&scst_config_lock);
	if (__scst_plugin_find(plugins, plugin->name))
		ret = -EEXIST;
	else
		list_add_tail(&plugin->entry, plugins);
	mutex_unlock(&scst_config_lock);
	return ret;
}

static void scst_plugin_free(struct scst_plugin *plugin)
{
	kfree(plugin->session_type.ct_attrs);
	kfree(plugin->type.ct_attrs);
	kfree(plugin);
}

static int scst_type_add_attrs(struct config_item_type *type, const struct config_item_type *base,
			       struct configfs_attribute *const *attrs)
{
	type->ct_attrs = scst_attrs_merge(base->ct_attrs, attrs);
	return type->ct_attrs ? 0 : -ENOMEM;
}

/**
 * scst_plugin_register() - register a handler or target driver
 * @plugins: scst_handlers or scst_target_drivers
 * @desc:    its name, owner and ops, and types with the core's attributes
 * @attrs:   its own attributes, or NULL
 * @session_attrs: a target driver's own attributes of sessions, or NULL
 *
 * Context: process context.
 * Return: 0, -ENOMEM, or -EEXIST if the name is taken.
 */
int scst_plugin_register(struct list_head *plugins, const struct scst_plugin *desc,
			 struct configfs_attribute *const *attrs,
			 struct configfs_attribute *const *session_attrs)
{
	struct scst_plugin *plugin = kmemdup(desc, sizeof(*desc), GFP_KERNEL);
	int ret;

	if (!plugin)
		return -ENOMEM;
	plugin->type.ct_attrs = NULL;
	plugin->session_type.ct_attrs = NULL;
	ret = scst_type_add_attrs(&plugin->type, &desc->type, attrs) ?:
	      scst_type_add_attrs(&plugin->session_type, &desc->session_type, session_attrs) ?:
	      scst_plugin_publish(plugins, plugin);
	if (ret)
		scst_plugin_free(plugin);
	return ret;
}

/**
 * scst_plugin_unregister() - unregister a handler or target driver
 * @plugins: scst_handlers or scst_target_drivers
 * @name:    its name
 *
 * Its devices or targets pin its module, so none is left.
 *
 * Context: process context.
 */
void scst_plugin_unregister(struct list_head *plugins, const char *name)
{
	struct scst_plugin *plugin;

	mutex_lock(&scst_config_lock);
	plugin = __scst_plugin_find(plugins, name);
	list_del(&plugin->entry);
	mutex_unlock(&scst_config_lock);
	scst_plugin_free(plugin);
}

static struct scst_plugin *scst_plugin_find_get(struct list_head *plugins, const char *name)
{
	struct scst_plugin *plugin;

	mutex_lock(&scst_config_lock);
	plugin = __scst_plugin_find(plugins, name);
	if (plugin && !try_module_get(plugin->owner))
		plugin = NULL;
	mutex_unlock(&scst_config_lock);
	return plugin;
}

/**
 * scst_plugin_get() - find and pin a handler or target driver, and load it if necessary
 * @plugins: scst_handlers or scst_target_drivers
 * @kind:    "handler" or "target": the alias of its module is scst-<kind>-<name>
 * @name:    its name
 *
 * Context: process context; scst_config_lock is not held, because loading the
 * module takes it.
 * Return: the handler or target driver, or NULL if there is none.
 */
struct scst_plugin *scst_plugin_get(struct list_head *plugins, const char *kind, const char *name)
{
	struct scst_plugin *plugin = scst_plugin_find_get(plugins, name);

	if (plugin)
		return plugin;
	request_module("scst-%s-%s", kind, name);
	return scst_plugin_find_get(plugins, name);
}

/**
 * scst_plugin_put() - unpin a handler or target driver
 * @plugin: the handler or target driver
 *
 * Context: any.
 */
void scst_plugin_put(struct scst_plugin *plugin)
{
	module_put(plugin->owner);
}
