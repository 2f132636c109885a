// SPDX-License-Identifier: GPL-2.0
/*
 * Error handling: the SCSI mid-level's handlers for commands that timed out send task management
 * functions.
 */
#include <linux/blk-mq.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <scsi/scsi.h>
#include <scsi/scsi_cmnd.h>
#include <scsi/scsi_device.h>
#include <scst/inject.h>

#include "local.h"

/**
 * scst_local_tmf_done() - complete a task management function
 * @tmf: the function
 *
 * Context: process context.
 */
void scst_local_tmf_done(struct scst_tmf *tmf)
{
	struct scst_local_host *host = container_of(tmf, struct scst_local_host, tmf);

	complete(&host->tmf_done);
}

/* Returns false if there is no session to submit the function to. */
static bool scst_local_tmf_submit(struct scst_local_host *host)
{
	struct scst_session *sess;

	rcu_read_lock();
	sess = rcu_dereference(host->sess);
	if (sess) {
		scst_stall(SCST_STALL_SUBMIT);
		host->tmf.sess = sess;
		scst_tmf_submit(&host->tmf);
	}
	rcu_read_unlock();
	return sess;
}

/* The core answers in bounded time. Returns true if the function succeeded. */
static bool scst_local_tmf(struct scsi_cmnd *sc, enum scst_tmf_fn fn, u64 tag)
{
	struct scst_local_host *host = shost_priv(sc->device->host);
	bool done = false;

	mutex_lock(&host->tmf_lock);
	memset(&host->tmf, 0, sizeof(host->tmf));
	host->tmf.fn = fn;
	host->tmf.tag = tag;
	int_to_scsilun(sc->device->lun, &host->tmf.lun);
	reinit_completion(&host->tmf_done);
	if (scst_local_tmf_submit(host)) {
		wait_for_completion(&host->tmf_done);
		done = host->tmf.response == SCST_TMF_COMPLETE;
	}
	mutex_unlock(&host->tmf_lock);
	return done;
}

/**
 * struct scst_local_search - a search for busy commands
 * @sdev:	logical unit of the commands; NULL: any
 * @found:	there is a busy command
 */
struct scst_local_search {
	const struct scsi_device *sdev;
	bool found;
};

static bool scst_local_search_cmd(struct scsi_cmnd *sc, void *priv)
{
	const struct scst_local_cmd *local = scsi_cmd_priv(sc);
	struct scst_local_search *search = priv;

	if (!search->sdev || search->sdev == sc->device)
		search->found = READ_ONCE(local->busy);
	return !search->found;
}

static bool scst_local_busy(struct scst_local_host *host, const struct scsi_device *sdev)
{
	struct scst_local_search search = { .sdev = sdev };

	scsi_host_busy_iter(host->shost, scst_local_search_cmd, &search);
	return search.found;
}

/*
 * The result for the mid-level. After SUCCESS it frees the pages of the commands, so the core must
 * have released them. A command that is no longer busy may still be in release(): the grace period
 * waits for that.
 */
static int scst_local_verdict(bool success)
{
	if (!success)
		return FAILED;
	synchronize_rcu();
	return SUCCESS;
}

static int scst_local_reset(struct scsi_cmnd *sc, enum scst_tmf_fn fn,
			    const struct scsi_device *sdev)
{
	struct scst_local_host *host = shost_priv(sc->device->host);

	return scst_local_verdict(scst_local_tmf(sc, fn, 0) && !scst_local_busy(host, sdev));
}

/**
 * scst_local_eh_abort() - abort a command that timed out
 * @sc: the command
 *
 * Context: process context.
 * Return: SUCCESS: the core will not touch the command any more; or FAILED.
 */
int scst_local_eh_abort(struct scsi_cmnd *sc)
{
	const struct scst_local_cmd *local = scsi_cmd_priv(sc);

	scst_local_tmf(sc, SCST_TMF_ABORT_TASK, blk_mq_unique_tag(scsi_cmd_to_rq(sc)));
	return scst_local_verdict(!READ_ONCE(local->busy));
}

/**
 * scst_local_eh_device_reset() - reset a logical unit
 * @sc: any command for it
 *
 * Context: process context.
 * Return: SUCCESS: the core will not touch this host's commands for the logical unit any more; or
 * FAILED.
 */
int scst_local_eh_device_reset(struct scsi_cmnd *sc)
{
	return scst_local_reset(sc, SCST_TMF_LUN_RESET, sc->device);
}

/**
 * scst_local_eh_target_reset() - reset all logical units
 * @sc: any command of the host
 *
 * Context: process context.
 * Return: SUCCESS: the core will not touch this host's commands any more; or
 * FAILED.
 */
int scst_local_eh_target_reset(struct scsi_cmnd *sc)
{
	return scst_local_reset(sc, SCST_TMF_TARGET_RESET, NULL);
}

/*
 * The error handler's last step must not fail: the mid-level would then free the pages of the
 * commands while a backend may still read or write them. So the error handler, which only this host
 * uses, waits until the backend has released them.
 */
static void scst_local_wait_idle(struct scst_local_host *host)
{
	while (scst_local_busy(host, NULL))
		wait_event_idle_timeout(host->waitq, !scst_local_busy(host, NULL), HZ);
}

/**
 * scst_local_eh_host_reset() - reset the I_T nexus and abort all its commands
 * @sc: any command of the host
 *
 * Context: process context; waits without limit if the caller is the error handler.
 * Return: SUCCESS: the core will not touch this host's commands any more; or
 * FAILED.
 */
int scst_local_eh_host_reset(struct scsi_cmnd *sc)
{
	struct scst_local_host *host = shost_priv(sc->device->host);

	scst_local_tmf(sc, SCST_TMF_NEXUS_RESET, 0);
	if (current == host->shost->ehandler)
		scst_local_wait_idle(host);
	return scst_local_verdict(!scst_local_busy(host, NULL));
}
