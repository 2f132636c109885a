// SPDX-License-Identifier: GPL-2.0
/*
 * Internal commands: the core or a handler sends them to a device, without an initiator. A copy
 * engine reads its source this way.
 *
 * They are admitted, ordered and counted like all other commands. A reset aborts them and waits
 * for them. Each device has an I_T_L nexus for them in the session of internal_session.c, under a
 * LUN that only this file uses. This nexus is not on the device's list: it has no unit
 * attentions, and reservations do not restrict it.
 */
#include <linux/export.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "cmd/cmd.h"
#include "graph/graph.h"
#include "task/task.h"

/* Extended flat space addressing, SAM-5 4.7.7.4: 24 bits */
#define SCST_INTERNAL_METHOD	0xd2
#define SCST_INTERNAL_LUNS	XA_LIMIT(0, 0xffffff)

/**
 * scst_internal_cmd_init() - prepare an internal command for a device
 * @internal: the command
 * @dev:      the device; until @done is called it must stay open, or the caller holds a
 *	      reference to it
 * @cdb:      the CDB
 * @cdb_len:  length of @cdb, at most SCST_INTERNAL_CDB_LEN bytes
 * @done:     called when the core has released the command, and must not sleep. If
 *	      scst_cmd_aborted(), the command was aborted; else its status, sense data and
 *	      residual are valid.
 *
 * For data, set expected_dir, expected_len, sg and sg_nents. Then call scst_cmd_submit().
 *
 * Context: any.
 */
void scst_internal_cmd_init(struct scst_internal_cmd *internal, struct scst_device *dev,
			    const u8 *cdb, unsigned int cdb_len,
			    void (*done)(struct scst_internal_cmd *internal))
{
	struct scst_cmd *cmd = &internal->cmd;

	scst_cmd_init(cmd, scst_internal_session);
	memcpy(internal->cdb, cdb, cdb_len);
	internal->done = done;
	cmd->cdb = internal->cdb;
	cmd->cdb_len = cdb_len;
	cmd->tag = (unsigned long)internal;
	cmd->attr = SCST_ATTR_SIMPLE;
	cmd->lun.scsi_lun[0] = SCST_INTERNAL_METHOD;
	put_unaligned_be24(dev->self->lun, &cmd->lun.scsi_lun[1]);
}
EXPORT_SYMBOL_GPL(scst_internal_cmd_init);

/**
 * scst_internal_cmd_abort() - abort an internal command
 * @internal: the command; its done() is called when the core has released it
 *
 * Context: thread or atomic.
 */
void scst_internal_cmd_abort(struct scst_internal_cmd *internal)
{
	const u64 tag = internal->cmd.tag;
	const struct scst_cmd_filter filter = { .tag = &tag };

	scst_session_abort(scst_internal_session, &filter, SCST_ABORT_OWN, scst_internal_session);
}
EXPORT_SYMBOL_GPL(scst_internal_cmd_abort);

/**
 * scst_internal_join() - create the nexus of a device's internal commands
 * @dev: the device
 *
 * The nexus is marked as retracted, so unit attentions and ACA conditions ignore it.
 *
 * Context: process context.
 * Return: 0 or an errno.
 */
int scst_internal_join(struct scst_device *dev)
{
	struct scst_session *sess = scst_internal_session;
	struct scst_nexus *self = kzalloc_obj(*self);
	int ret;

	if (!self)
		return -ENOMEM;
	self->sess = sess;
	self->dev = dev;
	self->retracted = true;
	spin_lock_init(&self->ua_lock);
	INIT_LIST_HEAD(&self->dev_entry);
	ret = xa_alloc(&sess->nexuses, &self->lun, self, SCST_INTERNAL_LUNS, GFP_KERNEL);
	if (ret) {
		kfree(self);
		return ret;
	}
	scst_stats_nexus_init(self);
	dev->self = self;
	return 0;
}

/**
 * scst_internal_leave() - undo scst_internal_join()
 * @dev: the device, which is no longer in use
 *
 * Context: process context.
 */
void scst_internal_leave(struct scst_device *dev)
{
	struct scst_nexus *self = dev->self;

	xa_erase(&self->sess->nexuses, self->lun);
	scst_stats_nexus_exit(self);
	kfree(self);
}
