// SPDX-License-Identifier: GPL-2.0
/*
 * Admission of commands into a device's task set.
 *
 * Every command that may touch the backend holds dev->tasks from ADMIT until
 * it has been executed: a per-CPU counter, so admission writes no shared cache
 * line. The reference is live while the device is active. Whoever must get in
 * between kills it, waits until the tasks are gone and revives it.
 */
#include "opcodes.h"
#include "scst_priv.h"

static scst_sense_t scst_order_refusal(const struct scst_device *dev)
{
	if (READ_ONCE(dev->state) == SCST_DEV_FAILED)
		return SCST_SENSE_INTERNAL_FAILURE;
	return SCST_SENSE_NEEDS_INTERVENTION;
}

/* Decoded before the device came back with another block size? Once more. */
static bool scst_order_current(struct scst_cmd *cmd)
{
	if (likely(cmd->block_shift == cmd->dev->params.block_shift))
		return true;
	scst_cmd_set_busy(cmd);
	return false;
}

/**
 * scst_order_admit - take a command into its device's task set
 * @cmd: a decoded command
 *
 * Unit attentions come before what the device's state has to say, SAM-5 5.14.
 *
 * Context: thread or atomic.
 * Return: true if it may go on; false if it was refused and its status is set.
 */
bool scst_order_admit(struct scst_cmd *cmd)
{
	if ((cmd->op->flags & SCST_OPF_ANY_STATE) || !cmd->dev)
		return true;
	if (likely(percpu_ref_tryget_live(&cmd->dev->tasks))) {
		cmd->admitted = true;
		return scst_order_current(cmd);
	}
	if (!scst_ua_report(cmd))
		scst_cmd_set_sense(cmd, scst_order_refusal(cmd->dev));
	return false;
}

/**
 * scst_order_done - a command leaves the task set
 * @cmd: a command that will not touch the backend any more
 *
 * Context: thread or atomic.
 */
void scst_order_done(struct scst_cmd *cmd)
{
	if (cmd->admitted)
		percpu_ref_put(&cmd->dev->tasks);
}
