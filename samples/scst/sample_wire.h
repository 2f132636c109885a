/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The wire of the sample target driver: a SCSI host of this machine for each initiator port that
 * is logged in. A driver for hardware or a network has something else in its place.
 */
#ifndef _SAMPLE_WIRE_H
#define _SAMPLE_WIRE_H

#include <linux/completion.h>
#include <linux/wait.h>
#include <linux/workqueue.h>
#include <scsi/scsi_cmnd.h>
#include <scsi/scsi_host.h>
#include <scst/target.h>

/* [objects] */
/**
 * struct sample_port - an initiator port, from its log-in to its last use: shost_priv()
 * @sess:	its session, or NULL; written under sample_lock
 * @end_work:	removes the port
 * @gone:	completed when the core has forgotten the session
 * @shost:	the SCSI host. This field and those after it belong to sample_wire.c.
 * @busy:	number of commands that the driver has
 * @idle:	woken when @busy becomes 0
 * @luns_work:	updates @changed LUNs
 * @lost:	LUNs that were removed
 * @changed:	LUNs that were added, changed or removed
 */
struct sample_port {
	struct scst_session __rcu *sess;
	struct work_struct end_work;
	struct completion gone;

	struct Scsi_Host *shost;
	atomic_t busy;
	wait_queue_head_t idle;
	struct work_struct luns_work;
	DECLARE_BITMAP(lost, SCST_MAX_LUN + 1);
	DECLARE_BITMAP(changed, SCST_MAX_LUN + 1);
};

/**
 * struct sample_cmd - a command: scsi_cmd_priv()
 * @cmd:	the core's part
 * @tmf:	the task management function of its error handling
 * @tmf_done:	completed when the core has answered @tmf
 * @busy:	the driver has the command; belongs to sample_wire.c
 */
struct sample_cmd {
	struct scst_cmd cmd;
	struct scst_tmf tmf;
	struct completion tmf_done;
	bool busy;
};

/* [calls] */
/* The wire calls the driver. */
bool sample_submit(struct sample_port *port, struct scsi_cmnd *sc);
bool sample_tmf(struct scsi_cmnd *sc, enum scst_tmf_fn fn);

/* The driver calls the wire. */
struct sample_port *sample_wire_add(void);
void sample_wire_remove(struct sample_port *port);
void sample_wire_free(struct sample_port *port);
void sample_wire_done(struct sample_port *port, struct scsi_cmnd *sc);
void sample_wire_lun_changed(struct sample_port *port, u32 lun, bool lost);

#endif /* _SAMPLE_WIRE_H */
