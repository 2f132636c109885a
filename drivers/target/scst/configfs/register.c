// SPDX-License-Identifier: GPL-2.0
/*
 * Registration of handlers and target drivers. Their ops tables are checked, and the directories
 * of their objects get the core's attributes and their own.
 */
#include <linux/export.h>

#include "configfs/configfs.h"
#include "graph/graph.h"
#include "lu/kinds.h"

static bool scst_handler_is_complete(const struct scst_handler_ops *ops)
{
	return ops->name && ops->open && ops->close && !ops->block == !!ops->execute &&
	       !ops->alloc_data == !ops->free_data && scst_kind_find(ops->type);
}

/**
 * scst_handler_register() - register a device handler
 * @ops: its ops table
 *
 * Context: process context.
 * Return: 0; -EINVAL if the table is not complete or its device type is not supported; -EEXIST if
 * the name is taken; or -ENOMEM.
 */
int scst_handler_register(const struct scst_handler_ops *ops)
{
	const struct scst_plugin desc = {
		.name = ops->name,
		.owner = ops->owner,
		.ops = ops,
		.type = scst_device_type,
	};

	if (!scst_handler_is_complete(ops))
		return -EINVAL;
	return scst_plugin_register(&scst_handlers, &desc, ops->attrs, NULL);
}
EXPORT_SYMBOL_GPL(scst_handler_register);

/**
 * scst_handler_unregister() - unregister a device handler
 * @ops: its ops table
 *
 * Context: process context, from its module's exit: all its devices have been removed.
 */
void scst_handler_unregister(const struct scst_handler_ops *ops)
{
	scst_plugin_unregister(&scst_handlers, ops->name);
}
EXPORT_SYMBOL_GPL(scst_handler_unregister);

static bool scst_target_driver_is_complete(const struct scst_target_ops *ops)
{
	return ops->name && (ops->disable || ops->disconnect) && ops->send_response &&
	       ops->tmf_done;
}

/**
 * scst_target_driver_register() - register a target driver
 * @ops: its ops table
 *
 * Context: process context.
 * Return: 0; -EINVAL if a mandatory hook is missing; -EEXIST if the name is taken; or -ENOMEM.
 */
int scst_target_driver_register(const struct scst_target_ops *ops)
{
	const struct scst_plugin desc = {
		.name = ops->name,
		.owner = ops->owner,
		.ops = ops,
		.type = scst_target_type,
		.session_type = scst_session_type,
	};

	if (!scst_target_driver_is_complete(ops))
		return -EINVAL;
	return scst_plugin_register(&scst_target_drivers, &desc, ops->attrs, ops->session_attrs);
}
EXPORT_SYMBOL_GPL(scst_target_driver_register);

/**
 * scst_target_driver_unregister() - unregister a target driver
 * @ops: its ops table
 *
 * Context: process context, from its module's exit: all its targets have been removed.
 */
void scst_target_driver_unregister(const struct scst_target_ops *ops)
{
	scst_plugin_unregister(&scst_target_drivers, ops->name);
}
EXPORT_SYMBOL_GPL(scst_target_driver_unregister);
