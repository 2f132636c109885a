// SPDX-License-Identifier: GPL-2.0
/*
 * The session of internal commands, in place of an initiator port and its driver. Neither the
 * session nor its target is in configfs or sysfs.
 */
#include "cmd/cmd.h"
#include "graph/graph.h"

struct scst_session *scst_internal_session;

static void scst_internal_send_response(struct scst_cmd *cmd)
{
	scst_cmd_sent(cmd, SCST_CTX_ATOMIC);
}

static void scst_internal_release(struct scst_cmd *cmd)
{
	struct scst_internal_cmd *internal = container_of(cmd, struct scst_internal_cmd, cmd);

	internal->done(internal);
}

static const struct scst_target_ops scst_internal_ops = {
	.name		= "core",
	.unique_tags	= true,
	.send_response	= scst_internal_send_response,
	.release	= scst_internal_release,
};

/* No module to pin: only session_type is used, whose release frees the session. */
static struct scst_plugin scst_internal_plugin;

static struct scst_target scst_internal_target = {
	.plugin = &scst_internal_plugin,
	.ops = &scst_internal_ops,
	.name = "core",
};

/**
 * scst_internal_init() - create the session of internal commands
 * @type: type of sessions' directories, whose release frees the session
 *
 * Context: process context.
 * Return: 0 or -ENOMEM.
 */
int scst_internal_init(const struct config_item_type *type)
{
	scst_internal_plugin.session_type = *type;
	scst_internal_session = scst_session_alloc(&scst_internal_target, "core", NULL);
	if (!scst_internal_session)
		return -ENOMEM;
	xa_init_flags(&scst_internal_session->nexuses, XA_FLAGS_ALLOC);
	return 0;
}

void scst_internal_exit(void)
{
	scst_session_put(scst_internal_session);
}
