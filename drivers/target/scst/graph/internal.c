// SPDX-License-Identifier: GPL-2.0
/*
 * Commands without an initiator: what the core or a handler wants of a device for itself,
 * as a copy engine reads its source.
 *
 * They are commands like all others: admitted, ordered, counted, aborted by a reset, and
 * waited for. Each device has an I_T_L nexus in the session of internal_session.c, under a LUN
 * by which only this file knows it. It is not among the device's nexuses: it has no unit
 * attentions, and reservations do not hold it back.
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
 * scst_internal_cmd_init() - prepare a command of one's own for a device
 * @internal: the command
 * @dev:      the device, of which the caller holds a reference until the command is over,
 *	      or which is open until then
 * @cdb:      the CDB
 * @cdb_len:  its length, at most SCST_INTERNAL_CDB_LEN
 * @done:     called when it is over: the core has let go of it. It was aborted if
 *	      scst_cmd_aborted() says so; else status, sense data and residual stand in it.
 *	      Not sleeping.
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
 * scst_internal_cmd_abort() - a command of one's own is not wanted any more
 * @internal: the command; its done() is called when it is over
 *
 * Context: thread or atomic.
 */
void scst_internal_cmd_abort(struct scst_internal_cmd *internal)
{
	const u64 tag = internal->cmd.tag;
	const struct scst_cmd_filter filter = { .tag = &tag };

	scst_session_abort(scst_internal_session, &filter, SCST_ABORT_OWN,
			   scst_internal_session);
}
EXPORT_SYMBOL_GPL(scst_internal_cmd_abort);

/**
 * scst_internal_join() - give a new device its own nexus
 * @dev: the device
 *
 * Nothing is raised for it: to unit attentions and ACA it has gone already.
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
 * @dev: the device, which nobody uses any more
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
