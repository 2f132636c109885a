// SPDX-License-Identifier: GPL-2.0
/*
 * The wire of the sample target driver: see sample_wire.h. Nothing here is a pattern for a target
 * driver.
 */
#include <linux/module.h>
#include <scsi/scsi_device.h>
#include <scst/compat.h>

#include "sample_wire.h"

/* [commands] */

static scst_qc_status_t sample_queuecommand(struct Scsi_Host *shost, struct scsi_cmnd *sc)
{
	struct sample_port *port = shost_priv(shost);
	struct sample_cmd *sample = scsi_cmd_priv(sc);

	/* The result if the command is aborted and has no response: try again. */
	sc->result = DID_RESET << 16;
	WRITE_ONCE(sample->busy, true);
	atomic_inc(&port->busy);
	if (!sample_submit(port, sc)) {
		sc->result = DID_NO_CONNECT << 16;
		sample_wire_done(port, sc);
	}
	return 0;
}

/* The driver is done with a command. */
void sample_wire_done(struct sample_port *port, struct scsi_cmnd *sc)
{
	struct sample_cmd *sample = scsi_cmd_priv(sc);

	WRITE_ONCE(sample->busy, false);
	scsi_done(sc);
	/* The command may be a new one already. */
	if (atomic_dec_and_test(&port->busy))
		wake_up_all(&port->idle);
}

/* [abort] */

/* The owner of the command's memory counts: SUCCESS gives it to the mid-level. */
static int sample_eh_abort(struct scsi_cmnd *sc)
{
	struct sample_cmd *sample = scsi_cmd_priv(sc);

	sample_tmf(sc, SCST_TMF_ABORT_TASK);
	if (READ_ONCE(sample->busy))
		return FAILED;
	/* sample_wire_done() may not have returned yet. */
	synchronize_rcu();
	return SUCCESS;
}

/* [resets] */
/*
 * While the error handler runs, only commands that have timed out are busy. A reset without it,
 * by sg_reset for one, takes no memory back: there only the answer counts.
 */
static int sample_reset(struct scsi_cmnd *sc, enum scst_tmf_fn fn)
{
	struct sample_port *port = shost_priv(sc->device->host);
	bool done = sample_tmf(sc, fn);

	if (current == port->shost->ehandler) {
		/* The last resort: a backend may still write to the commands' pages. */
		if (fn == SCST_TMF_NEXUS_RESET)
			wait_event_idle(port->idle, !atomic_read(&port->busy));
		done = !atomic_read(&port->busy);
	}
	return done ? SUCCESS : FAILED;
}

static int sample_eh_device_reset(struct scsi_cmnd *sc)
{
	return sample_reset(sc, SCST_TMF_LUN_RESET);
}

static int sample_eh_target_reset(struct scsi_cmnd *sc)
{
	return sample_reset(sc, SCST_TMF_TARGET_RESET);
}

static int sample_eh_host_reset(struct scsi_cmnd *sc)
{
	return sample_reset(sc, SCST_TMF_NEXUS_RESET);
}

/* [LUNs] */

/* Where a LUN was lost, there may be another device by now. */
static void sample_update_lun(struct sample_port *port, u32 lun)
{
	struct scsi_device *sdev;
	struct scsi_lun wire;

	scst_lun_encode(lun, &wire);
	sdev = scsi_device_lookup(port->shost, 0, 0, scsilun_to_int(&wire));
	if (test_and_clear_bit(lun, port->lost) && sdev) {
		scsi_remove_device(sdev);
		scsi_device_put(sdev);
		sdev = NULL;
	}
	if (sdev) {
		scsi_rescan_device(sdev);
		scsi_device_put(sdev);
	} else {
		scsi_add_device(port->shost, 0, 0, scsilun_to_int(&wire));
	}
}

static void sample_luns_work(struct work_struct *work)
{
	struct sample_port *port = container_of(work, struct sample_port, luns_work);
	unsigned int lun;

	for_each_set_bit(lun, port->changed, SCST_MAX_LUN + 1)
		if (test_and_clear_bit(lun, port->changed))
			sample_update_lun(port, lun);
}

/* Have a LUN looked at. May be called under any lock. */
void sample_wire_lun_changed(struct sample_port *port, u32 lun, bool lost)
{
	if (lost)
		set_bit(lun, port->lost);
	set_bit(lun, port->changed);
	queue_work(system_unbound_wq, &port->luns_work);
}

/* [host] */

static SCST_CONST_HOST_TEMPLATE struct scsi_host_template sample_template = {
	.module = THIS_MODULE,
	.name = "scst_sample",
	.proc_name = "scst_sample",
	.queuecommand = sample_queuecommand,
	.change_queue_depth = scsi_change_queue_depth,
	.eh_abort_handler = sample_eh_abort,
	.eh_device_reset_handler = sample_eh_device_reset,
	.eh_target_reset_handler = sample_eh_target_reset,
	.eh_bus_reset_handler = sample_eh_target_reset,
	.eh_host_reset_handler = sample_eh_host_reset,
	.skip_settle_delay = 1,
	.cmd_size = sizeof(struct sample_cmd),
	.can_queue = 64,
	.cmd_per_lun = 64,
	.this_id = -1,
	.sg_tablesize = SG_MAX_SEGMENTS,
	.max_sectors = SG_MAX_SEGMENTS << (PAGE_SHIFT - SECTOR_SHIFT),
	.dma_boundary = ULONG_MAX,
};

static struct sample_port *sample_port_alloc(void)
{
	struct Scsi_Host *shost = scsi_host_alloc(&sample_template, sizeof(struct sample_port));
	struct sample_port *port;

	if (!shost)
		return NULL;
	shost->max_id = 1;
	shost->max_lun = U16_MAX + 1;
	shost->max_cmd_len = sizeof_field(struct scsi_cmnd, cmnd);
	shost->no_scsi2_lun_in_cdb = 1;
	port = shost_priv(shost);
	port->shost = shost;
	init_waitqueue_head(&port->idle);
	INIT_WORK(&port->luns_work, sample_luns_work);
	return port;
}

/* Make a port that is not logged in. Returns it or an ERR_PTR. */
struct sample_port *sample_wire_add(void)
{
	struct sample_port *port = sample_port_alloc();
	int ret;

	if (!port)
		return ERR_PTR(-ENOMEM);
	ret = scsi_add_host(port->shost, NULL);
	if (!ret)
		return port;
	scsi_host_put(port->shost);
	return ERR_PTR(ret);
}

/* Remove a port's disks. This waits for their commands, which may be in a backend. */
void sample_wire_remove(struct sample_port *port)
{
	scsi_remove_host(port->shost);
}

/* Free a port of which no LUN changes any more. */
void sample_wire_free(struct sample_port *port)
{
	cancel_work_sync(&port->luns_work);
	scsi_host_put(port->shost);
}
