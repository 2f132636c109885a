// SPDX-License-Identifier: GPL-2.0
/*
 * RESERVE and RELEASE, SPC-2 7.21 and 7.17. Persistent reservations have replaced them, but old
 * initiators still use them. Only whole logical units are reserved.
 */
#include "lu/kinds.h"
#include "lu/lu.h"
#include "lu/pr.h"

/*
 * SPC-5 5.14.3: while I_T nexuses are registered, RESERVE and RELEASE have no effect. The status
 * is GOOD for a nexus to which the persistent reservation gives access, and RESERVATION CONFLICT
 * for all others.
 */
static bool scst_reserve_is_compatible(struct scst_cmd *cmd, struct scst_pr *pr)
{
	const struct scst_pr_reg *reg = scst_pr_find_nexus(pr, cmd->nexus);

	return reg && reg->key && pr->type &&
	       (scst_pr_registrants_only(pr->type) || scst_pr_holds(pr, reg));
}

/* Return: whether any I_T nexus is registered. If so, the status of the command is set. */
static bool scst_reserve_is_persistent(struct scst_cmd *cmd)
{
	struct scst_pr *pr;

	pr = rcu_dereference_protected(cmd->dev->pr, lockdep_is_held(&cmd->dev->lock));
	if (!scst_pr_keys(pr))
		return false;
	if (!scst_reserve_is_compatible(cmd, pr))
		scst_cmd_set_conflict(cmd);
	return true;
}

/*
 * RESERVE(6), (10)
 *
 * The status is BUSY while a persistent reservation table is being written: the table may take
 * effect or not.
 */
static void scst_exec_reserve(struct scst_cmd *cmd)
{
	struct scst_device *dev = cmd->dev;

	spin_lock_bh(&dev->lock);
	if (scst_reserve_is_persistent(cmd))
		goto out_unlock;
	if (dev->reserved_by && dev->reserved_by != cmd->nexus)
		scst_cmd_set_conflict(cmd);
	else if (cmd->nexus->retracted || dev->pr_claimed)
		scst_cmd_set_busy(cmd);
	else
		scst_reserve_set(dev, cmd->nexus);
out_unlock:
	spin_unlock_bh(&dev->lock);
}

/*
 * RELEASE(6), (10)
 *
 * RELEASE has no effect on the reservation of another nexus, and that is no error.
 */
static void scst_exec_release(struct scst_cmd *cmd)
{
	struct scst_device *dev = cmd->dev;

	spin_lock_bh(&dev->lock);
	if (!scst_reserve_is_persistent(cmd))
		scst_reserve_lost(cmd->nexus);
	spin_unlock_bh(&dev->lock);
}

static const struct scst_opcode scst_reserve_rows[] = {
	{
		.name = "RESERVE(6)",
		.opcode = RESERVE_6,
		.sa = SCST_OPCODE_NO_SA,
		.cdb_len = 6,
		.pr = SCST_PR_OWN,
		.flags = SCST_OPF_CORE,
		.usage = { 0xff },
		.exec = scst_exec_reserve,
	}, {
		.name = "RELEASE(6)",
		.opcode = RELEASE_6,
		.sa = SCST_OPCODE_NO_SA,
		.cdb_len = 6,
		.pr = SCST_PR_OWN,
		.flags = SCST_OPF_CORE,
		.usage = { 0xff },
		.exec = scst_exec_release,
	}, {
		.name = "RESERVE(10)",
		.opcode = RESERVE_10,
		.sa = SCST_OPCODE_NO_SA,
		.cdb_len = 10,
		.pr = SCST_PR_OWN,
		.flags = SCST_OPF_CORE,
		.usage = { 0xff },
		.exec = scst_exec_reserve,
	}, {
		.name = "RELEASE(10)",
		.opcode = RELEASE_10,
		.sa = SCST_OPCODE_NO_SA,
		.cdb_len = 10,
		.pr = SCST_PR_OWN,
		.flags = SCST_OPF_CORE,
		.usage = { 0xff },
		.exec = scst_exec_release,
	},
};

const struct scst_opcode_set scst_reserve_opcodes = {
	.rows = scst_reserve_rows,
	.count = ARRAY_SIZE(scst_reserve_rows),
};
