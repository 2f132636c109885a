// SPDX-License-Identifier: GPL-2.0
/*
 * RESERVE and RELEASE, SPC-2 7.21 and 7.17: what persistent reservations have
 * replaced, and old initiators still use. Only whole logical units are reserved.
 */
#include "opcodes.h"
#include "scst_priv.h"

/*
 * SPC-5 5.14.3: while I_T nexuses are registered there is no other kind of
 * reservation, but who has access by a persistent one is told that all went well.
 */
static bool scst_reserve_is_compatible(struct scst_cmd *cmd, struct scst_pr *pr)
{
	const struct scst_pr_reg *reg = scst_pr_find_nexus(pr, cmd->nexus);

	return reg && reg->key && pr->type &&
	       (scst_pr_registrants_only(pr->type) || scst_pr_holds(pr, reg));
}

/* Whether there are registrations, which settles it */
static bool scst_reserve_is_persistent(struct scst_cmd *cmd)
{
	struct scst_pr *pr;

	pr = rcu_dereference_protected(cmd->dev->pr,
				       lockdep_is_held(&cmd->dev->lock));
	if (!scst_pr_keys(pr))
		return false;
	if (!scst_reserve_is_compatible(cmd, pr))
		scst_cmd_set_conflict(cmd);
	return true;
}

/**
 * scst_exec_reserve - RESERVE(6), (10)
 * @cmd: the command
 *
 * While somebody's registration is on its way to the files nobody knows whether it will be
 * there: BUSY.
 *
 * Context: thread or atomic.
 */
void scst_exec_reserve(struct scst_cmd *cmd)
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

/**
 * scst_exec_release - RELEASE(6), (10)
 * @cmd: the command
 *
 * What another initiator reserved stays so, and that is no error.
 *
 * Context: thread or atomic.
 */
void scst_exec_release(struct scst_cmd *cmd)
{
	struct scst_device *dev = cmd->dev;

	spin_lock_bh(&dev->lock);
	if (!scst_reserve_is_persistent(cmd))
		scst_reserve_lost(cmd->nexus);
	spin_unlock_bh(&dev->lock);
}
