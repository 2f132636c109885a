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
 * Lock order: configfs's su_mutex or the core's configuration lock, then target->lock. No thread
 * waits for a SCSI host or a session under target->lock: the initiator's work item creates and
 * removes them.
 *
 * Lifetimes:
 *
 * - An initiator's directory, its queued work and its queued cut each hold a reference to the
 *   initiator. The release of the last one also releases the target. rmdir waits until only the
 *   directory's reference is left, unless a backend hangs.
 * - A host has a session until the host is cut off: host->sess becomes NULL, and after a grace
 *   period no command and no task management function is submitted any more. The memory of the
 *   host stays until the session has ended and the SCSI mid-level has released the host.
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
 * @lock:	guards fields with the tag T
 * @list:	struct scst_local_initiator.entry: initiators that have a directory
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
 * @name:	initiator port name; lives longer than the directory's name
 * @target:	its target
 * @entry:	on @target->list
 * @removed:	the directory was removed
 * @relogin:	its host is to be removed, and a new one created
 * @wq:		for @work alone: the mid-level may wait there for the backends of this
 *		initiator's LUNs, and other work must not wait for that
 * @work:	creates the host, updates its LUNs, and removes it
 * @cut:	ends the host's session when the removal takes too long
 * @free_work:	frees the initiator, whose last reference @work may have released
 * @over:	completed when the directory was removed and there is no host any more
 * @host:	its SCSI host; NULL while there is none. Changed by @work.
 * @failed:	the last creation of a host failed; only for @work
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
 * @initiator:	its initiator
 * @sess:	the I_T nexus; NULL once cut off
 * @gone:	completed when the session has ended
 * @waitq:	woken when the core has released an aborted command
 * @tmf_lock:	serializes task management functions
 * @tmf:	the task management function in flight
 * @tmf_done:	completed when the core has answered @tmf
 * @removed:	LUNs that were removed, one bit each
 * @changed:	LUNs that were added or changed, one bit each
 *
 * A bit in @removed or @changed may be set by any task, and is cleared by @initiator->work,
 * atomically.
 */
struct scst_local_host {
	struct Scsi_Host *shost;		/* I */
	struct scst_local_initiator *initiator;	/* I */
	struct scst_session __rcu *sess;	/* R */
	struct completion gone;
	wait_queue_head_t waitq;
	struct mutex tmf_lock;			/* guards tmf */
	struct scst_tmf tmf;			/* tmf_lock */
	struct completion tmf_done;
	DECLARE_BITMAP(removed, SCST_LOCAL_LUNS);
	DECLARE_BITMAP(changed, SCST_LOCAL_LUNS);
};

/**
 * struct scst_local_cmd - private data of each struct scsi_cmnd
 * @cmd:	the core's command
 * @busy:	the core has it
 */
struct scst_local_cmd {
	struct scst_cmd cmd;
	bool busy;
};

extern struct workqueue_struct *scst_local_wq;	/* work that waits for no backend */
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
