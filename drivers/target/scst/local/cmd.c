// SPDX-License-Identifier: GPL-2.0
/*
 * Commands: from the SCSI mid-level to the core and back, in the caller's
 * context, in the mid-level's memory and on its scatterlist.
 */
#include <linux/blk-mq.h>
#include <linux/irqflags.h>
#include <linux/rcupdate.h>
#include <scsi/scsi_cmnd.h>
#include <scsi/scsi_device.h>
#include <scst/inject.h>

#include "local.h"

static enum scst_dir scst_local_dir(const struct scsi_cmnd *sc)
{
	switch (sc->sc_data_direction) {
	case DMA_TO_DEVICE:
		return SCST_DIR_OUT;
	case DMA_FROM_DEVICE:
		return SCST_DIR_IN;
	default:
		return SCST_DIR_NONE;
	}
}

static void scst_local_fill(struct scst_cmd *cmd, struct scsi_cmnd *sc)
{
	cmd->driver_priv = sc;
	cmd->cdb = sc->cmnd;
	cmd->cdb_len = sc->cmd_len;
	cmd->tag = blk_mq_unique_tag(scsi_cmd_to_rq(sc));
	cmd->attr = SCST_ATTR_SIMPLE;
	cmd->expected_dir = scst_local_dir(sc);
	cmd->expected_len = scsi_bufflen(sc);
	cmd->sg = scsi_sglist(sc);
	cmd->sg_nents = scsi_sg_count(sc);
	int_to_scsilun(sc->device->lun, &cmd->lun);
}

static void scst_local_submit(struct scst_session *sess, struct scsi_cmnd *sc)
{
	struct scst_local_cmd *local = scsi_cmd_priv(sc);

	/* The result if the command is aborted: the initiator tries again. */
	sc->result = DID_RESET << 16;
	WRITE_ONCE(local->busy, true);
	scst_cmd_init(&local->cmd, sess);
	scst_local_fill(&local->cmd, sc);
	scst_cmd_submit(&local->cmd, irqs_disabled() ? SCST_CTX_HARDIRQ : SCST_CTX_ATOMIC);
}

/**
 * scst_local_queuecommand() - submit a command of the mid-level
 * @shost: the host
 * @sc:    the command
 *
 * Without a session the command fails with DID_NO_CONNECT.
 *
 * Context: any; usually the task that wants the I/O, under RCU.
 * Return: 0: the command was accepted.
 */
scst_qc_status_t
scst_local_queuecommand(struct Scsi_Host *shost, struct scsi_cmnd *sc)
{
	struct scst_local_host *host = shost_priv(shost);
	struct scst_session *sess;

	rcu_read_lock();
	sess = rcu_dereference(host->sess);
	if (likely(sess)) {
		scst_local_submit(sess, sc);
	} else {
		sc->result = DID_NO_CONNECT << 16;
		scsi_done(sc);
	}
	rcu_read_unlock();
	return 0;
}

/**
 * scst_local_send_response() - set the mid-level's status, sense data and residual
 * @cmd: the command
 *
 * The data is in the mid-level's buffer already. The mid-level knows no overflow: after one there
 * is no residual, because the whole buffer was used.
 *
 * Context: thread or atomic.
 */
void scst_local_send_response(struct scst_cmd *cmd)
{
	struct scsi_cmnd *sc = cmd->driver_priv;
	s64 residual = scst_cmd_residual(cmd);

	sc->result = cmd->status;
	if (residual > 0)
		scsi_set_resid(sc, residual);
	if (cmd->sense_len)
		memcpy(sc->sense_buffer, cmd->sense,
		       min_t(size_t, cmd->sense_len, SCSI_SENSE_BUFFERSIZE));
	scst_cmd_sent(cmd, SCST_CTX_ATOMIC);
}

/**
 * scst_local_release() - return a command, answered or not, to the mid-level
 * @cmd: the command
 *
 * Only error handling waits for commands, and only for aborted ones, so only these wake it. After
 * scsi_done() the host still exists, but the command may be freed or reused.
 *
 * Context: thread or atomic, in an RCU read-side section.
 */
void scst_local_release(struct scst_cmd *cmd)
{
	struct scst_local_cmd *local = container_of(cmd, struct scst_local_cmd, cmd);
	struct scst_local_host *host = scst_session_priv(cmd->sess);
	bool aborted = scst_cmd_aborted(cmd);

	WRITE_ONCE(local->busy, false);
	scsi_done(cmd->driver_priv);
	if (unlikely(aborted)) {
		scst_stall(SCST_STALL_RELEASE);
		wake_up(&host->waitq);
	}
}
