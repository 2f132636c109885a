/* SPDX-License-Identifier: GPL-2.0 */
/*
 * scst_local: targets whose initiators are SCSI hosts of this machine.
 *
 * Lock legend:
 *
 * I: set before publication, then constant
 * T: target->lock
 * R: written under T, read under RCU
 * W: only the initiator's work touches it
 *
 * Lock order: configfs's su_mutex or the core's configuration lock, then
 * target->lock. Nothing waits for a SCSI host or a session under it: they are
 * made and removed by the initiator's work.
 *
 * Lifetimes:
 *
 * - An initiator's directory, its queued work and its queued cut each hold a
 *   reference to it. The last one also gives back the target. rmdir waits until
 *   only the directory's is left, unless a backend is stuck.
 * - A host has its session until it is cut off: host->sess becomes NULL, and
 *   after a grace period no command and no task management function is
 *   submitted any more. Its memory stays until the session is gone and the
 *   SCSI mid-level has let go of it.
 */
#ifndef _SCST_LOCAL_H
#define _SCST_LOCAL_H

#include <linux/bitmap.h>
#include <linux/completion.h>
#include <linux/configfs.h>
#include <linux/kref.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/wait.h>
#include <linux/workqueue.h>
#include <scsi/scsi_host.h>
#include <scst/cmd.h>
#include <scst/compat.h>
#include <scst/target.h>

#define SCST_LOCAL_LUNS		(SCST_MAX_LUN + 1)

/**
 * struct scst_local_target - a target port
 * @tgt:	the core's side of it
 * @group:	its directory
 * @initiators:	initiators/ in it
 * @lock:	guards what is tagged T
 * @list:	struct scst_local_initiator.entry: those that have a directory
 * @enabled:	initiators have hosts
 */
struct scst_local_target {
	struct scst_target *tgt;		/* I */
	struct config_group *group;		/* I */
	struct config_group initiators;
	struct mutex lock;			/* see T */
	struct list_head list;			/* T */
	bool enabled;				/* T */
};

/**
 * struct scst_local_initiator - an initiator port: initiators/<NAME>/
 * @item:	the directory
 * @kref:	keeps the memory
 * @name:	initiator port name; longer lived than the directory's
 * @target:	its target
 * @entry:	on @target->list
 * @removed:	the directory is gone
 * @relogin:	its host is to go, and a new one to come
 * @wq:		for @work alone: what the mid-level does there may wait for the backends of
 *		this initiator's LUNs, and nobody else is to wait for that
 * @work:	makes the host, keeps its LUNs up to date, removes it
 * @cut:	ends the host's session when the removal takes too long
 * @free_work:	frees the initiator, whose last reference @work may have given back
 * @over:	the directory is gone and there is no host any more
 * @host:	its SCSI host; NULL while there is none. Changed by @work.
 * @failed:	no host could be made the last time; @work's alone
 * @host_no:	the number of a host that is ready for use, or -1; changed by
 *		@work, read with READ_ONCE()
 */
struct scst_local_initiator {
	struct config_item item;
	struct kref kref;
	char *name;				/* I */
	struct scst_local_target *target;	/* I */
	struct list_head entry;			/* T */
	bool removed;				/* T */
	bool relogin;				/* T */
	struct workqueue_struct *wq;		/* I */
	struct work_struct work;
	struct delayed_work cut;
	struct work_struct free_work;
	struct completion over;
	struct scst_local_host *host;		/* T */
	bool failed;
	int host_no;
};

/**
 * struct scst_local_host - a SCSI host, in the tail of its struct Scsi_Host
 * @shost:	the mid-level's side of it
 * @initiator:	whose it is
 * @sess:	the I_T nexus; NULL once cut off
 * @gone:	the core has forgotten the session
 * @waitq:	woken when an aborted command is back
 * @tmf_lock:	one task management function at a time
 * @tmf:	that function
 * @tmf_done:	it is done
 * @removed:	LUNs that went away; a bit each
 * @changed:	LUNs that appeared or changed
 *
 * A bit in @removed or @changed is set by anybody and cleared by
 * @initiator->work, atomically.
 */
struct scst_local_host {
	struct Scsi_Host *shost;		/* I */
	struct scst_local_initiator *initiator;	/* I */
	struct scst_session __rcu *sess;	/* R */
	struct completion gone;
	wait_queue_head_t waitq;
	struct mutex tmf_lock;			/* for what says so */
	struct scst_tmf tmf;			/* tmf_lock */
	struct completion tmf_done;
	DECLARE_BITMAP(removed, SCST_LOCAL_LUNS);
	DECLARE_BITMAP(changed, SCST_LOCAL_LUNS);
};

/**
 * struct scst_local_cmd - what stands behind each struct scsi_cmnd
 * @cmd:	the core's command
 * @busy:	the core has it
 */
struct scst_local_cmd {
	struct scst_cmd cmd;
	bool busy;
};

extern struct workqueue_struct *scst_local_wq;	/* what waits for no backend */
extern struct device *scst_local_root;

/* target.c */
int scst_local_create(struct scst_target *tgt, struct config_group *group);
int scst_local_enable(struct scst_target *tgt);
void scst_local_disable(struct scst_target *tgt);
void scst_local_dismiss(struct scst_local_initiator *initiator);
void scst_local_kick(struct scst_local_initiator *initiator);
void scst_local_put(struct scst_local_initiator *initiator);

/* host.c */
void scst_local_work(struct work_struct *work);
void scst_local_cut_work(struct work_struct *work);
void scst_local_address(struct scst_session *sess, char *address);
void scst_local_disconnect(struct scst_session *sess);

/* lun.c */
void scst_local_event(struct scst_session *sess, enum scst_event event, u32 lun);
void scst_local_find_luns(struct scst_local_host *host);
void scst_local_update_luns(struct scst_local_host *host);

/* cmd.c */
scst_qc_status_t
scst_local_queuecommand(struct Scsi_Host *shost, struct scsi_cmnd *sc);
void scst_local_send_response(struct scst_cmd *cmd);
void scst_local_release(struct scst_cmd *cmd);

/* eh.c */
int scst_local_eh_abort(struct scsi_cmnd *sc);
int scst_local_eh_device_reset(struct scsi_cmnd *sc);
int scst_local_eh_target_reset(struct scsi_cmnd *sc);
int scst_local_eh_host_reset(struct scsi_cmnd *sc);
void scst_local_tmf_done(struct scst_tmf *tmf);

#endif /* _SCST_LOCAL_H */
