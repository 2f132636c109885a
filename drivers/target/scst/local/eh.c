// SPDX-License-Identifier: GPL-2.0
/*
 * Error handling: what the SCSI mid-level does about commands that time out
 * becomes task management functions.
 */
#include <linux/blk-mq.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <scsi/scsi.h>
#include <scsi/scsi_cmnd.h>
#include <scsi/scsi_device.h>

#include "local.h"

/**
 * scst_local_tmf_done - a task management function ended
 * @tmf: the function
 *
 * Context: process context.
 */
void scst_local_tmf_done(struct scst_tmf *tmf)
{
	struct scst_local_host *host = container_of(tmf, struct scst_local_host, tmf);

	complete(&host->tmf_done);
}

/* Returns whether there is a session to submit it to. */
static bool scst_local_tmf_submit(struct scst_local_host *host)
{
	struct scst_session *sess;

	rcu_read_lock();
	sess = rcu_dereference(host->sess);
	if (sess) {
		host->tmf.sess = sess;
		scst_tmf_submit(&host->tmf);
	}
	rcu_read_unlock();
	return sess;
}

/* The core answers in bounded time. */
static int scst_local_tmf(struct scsi_cmnd *sc, enum scst_tmf_fn fn, u64 tag)
{
	struct scst_local_host *host = shost_priv(sc->device->host);
	int ret = FAILED;

	mutex_lock(&host->tmf_lock);
	memset(&host->tmf, 0, sizeof(host->tmf));
	host->tmf.fn = fn;
	host->tmf.tag = tag;
	int_to_scsilun(sc->device->lun, &host->tmf.lun);
	reinit_completion(&host->tmf_done);
	if (scst_local_tmf_submit(host)) {
		wait_for_completion(&host->tmf_done);
		if (host->tmf.response == SCST_TMF_COMPLETE ||
		    host->tmf.response == SCST_TMF_SUCCEEDED)
			ret = SUCCESS;
	}
	mutex_unlock(&host->tmf_lock);
	return ret;
}

/**
 * scst_local_eh_abort - abort a command that timed out
 * @sc: the command
 *
 * Context: process context.
 * Return: SUCCESS: the core will not touch the command any more; or FAILED.
 */
int scst_local_eh_abort(struct scsi_cmnd *sc)
{
	return scst_local_tmf(sc, SCST_TMF_ABORT_TASK,
			      blk_mq_unique_tag(scsi_cmd_to_rq(sc)));
}

/**
 * scst_local_eh_device_reset - reset a logical unit
 * @sc: any command for it
 *
 * Context: process context.
 * Return: SUCCESS: the core will not touch this host's commands for it any
 * more; or FAILED.
 */
int scst_local_eh_device_reset(struct scsi_cmnd *sc)
{
	return scst_local_tmf(sc, SCST_TMF_LUN_RESET, 0);
}

/**
 * scst_local_eh_target_reset - reset all logical units
 * @sc: any command of the host
 *
 * Context: process context.
 * Return: SUCCESS: the core will not touch this host's commands any more; or
 * FAILED.
 */
int scst_local_eh_target_reset(struct scsi_cmnd *sc)
{
	return scst_local_tmf(sc, SCST_TMF_TARGET_RESET, 0);
}

static bool scst_local_see_busy(struct scsi_cmnd *sc, void *priv)
{
	struct scst_local_cmd *local = scsi_cmd_priv(sc);
	bool *busy = priv;

	*busy = READ_ONCE(local->busy);
	return !*busy;
}

static bool scst_local_host_busy(struct scst_local_host *host)
{
	bool busy = false;

	scsi_host_busy_iter(host->shost, scst_local_see_busy, &busy);
	return busy;
}

/*
 * The error handler's last resort. If it failed, the mid-level would give up the
 * commands and free their pages, while a backend may still read or write them:
 * so the error handler, which nobody but this host needs, waits until the
 * backend has let go. A command that is not busy any more may still be on its
 * way through release(): that is what the grace period is for.
 */
static void scst_local_wait_idle(struct scst_local_host *host)
{
	while (scst_local_host_busy(host))
		wait_event_idle_timeout(host->waitq, !scst_local_host_busy(host), HZ);
	synchronize_rcu();
}

/**
 * scst_local_eh_host_reset - lose the I_T nexus and all its commands
 * @sc: any command of the host
 *
 * Context: process context; waits for as long as it takes if it is the error
 * handler that calls.
 * Return: SUCCESS: the core will not touch this host's commands any more; or
 * FAILED.
 */
int scst_local_eh_host_reset(struct scsi_cmnd *sc)
{
	struct scst_local_host *host = shost_priv(sc->device->host);
	int ret = scst_local_tmf(sc, SCST_TMF_NEXUS_RESET, 0);

	if (current != host->shost->ehandler)
		return ret;
	scst_local_wait_idle(host);
	return SUCCESS;
}
