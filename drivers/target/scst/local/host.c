// SPDX-License-Identifier: GPL-2.0
/*
 * An initiator's SCSI host. The initiator's work item creates it, updates its LUNs and removes it,
 * so that no holder of a configuration lock waits for a scan or a backend.
 *
 * Removal is graceful at first: the session stays, so that the disk driver can write its caches
 * out. If that takes too long, the host is cut off: its session ends, the core aborts the commands
 * in flight, and later commands fail at once. A backend that never answers keeps its host from
 * being freed, but nothing else.
 */
#include <linux/module.h>
#include <linux/rcupdate.h>
#include <scsi/scsi_cmnd.h>
#include <scsi/scsi_device.h>

#include "local.h"

/* Commands in flight, for each hardware queue; their memory is allocated in advance */
#define SCST_LOCAL_QUEUE_DEPTH	256

/* Sectors that the longest scatterlist holds in single pages */
#define SCST_LOCAL_MAX_SECTORS	(SG_MAX_SEGMENTS << (PAGE_SHIFT - SECTOR_SHIFT))

/* Linux uses two bytes of a LUN, with the addressing method, as its number. */
#define SCST_LOCAL_MAX_LUN	0x10000

/* Called once for each request. Without it the mid-level clears the data for each command. */
static int scst_local_init_cmd(struct Scsi_Host *shost, struct scsi_cmnd *sc)
{
	struct scst_local_cmd *local = scsi_cmd_priv(sc);

	local->busy = false;
	return 0;
}

static SCST_CONST_HOST_TEMPLATE struct scsi_host_template scst_local_template = {
	.module = THIS_MODULE,
	.name = "scst_local",
	.proc_name = "scst_local",
	.queuecommand = scst_local_queuecommand,
	.change_queue_depth = scsi_change_queue_depth,
	.eh_abort_handler = scst_local_eh_abort,
	.eh_device_reset_handler = scst_local_eh_device_reset,
	.eh_target_reset_handler = scst_local_eh_target_reset,
	/* the only target on the bus */
	.eh_bus_reset_handler = scst_local_eh_target_reset,
	.eh_host_reset_handler = scst_local_eh_host_reset,
	.skip_settle_delay = 1,
	.cmd_size = sizeof(struct scst_local_cmd),
	.init_cmd_priv = scst_local_init_cmd,
	.can_queue = SCST_LOCAL_QUEUE_DEPTH,
	.cmd_per_lun = SCST_LOCAL_QUEUE_DEPTH,
	.this_id = -1,
	.sg_tablesize = SG_MAX_SEGMENTS,
	.max_sectors = SCST_LOCAL_MAX_SECTORS,
	.max_segment_size = UINT_MAX,
	.dma_boundary = ULONG_MAX,
};

static struct Scsi_Host *scst_local_host_alloc(void)
{
	struct Scsi_Host *shost;

	shost = scsi_host_alloc(&scst_local_template, sizeof(struct scst_local_host));
	if (!shost)
		return NULL;
	shost->max_channel = 0;
	shost->max_id = 1;
	shost->max_lun = SCST_LOCAL_MAX_LUN;
	shost->max_cmd_len = sizeof_field(struct scsi_cmnd, cmnd);
	shost->nr_hw_queues = num_online_cpus();
	/* SCSI-2's LUN in byte 1 of the CDB sets reserved bits. */
	shost->no_scsi2_lun_in_cdb = 1;
	return shost;
}

static void scst_local_host_init(struct scst_local_host *host,
				 struct scst_local_initiator *initiator, struct Scsi_Host *shost)
{
	host->shost = shost;
	host->initiator = initiator;
	init_completion(&host->gone);
	init_waitqueue_head(&host->waitq);
	mutex_init(&host->tmf_lock);
	init_completion(&host->tmf_done);
}

static void scst_local_session_gone(void *priv)
{
	struct scst_local_host *host = priv;

	complete(&host->gone);
}

/* End the session, unless it has been ended already. */
static void scst_local_host_cut(struct scst_local_host *host)
{
	struct scst_local_target *target = host->initiator->target;
	struct scst_session *sess;

	mutex_lock(&target->lock);
	sess = rcu_replace_pointer(host->sess, NULL, lockdep_is_held(&target->lock));
	mutex_unlock(&target->lock);
	if (!sess)
		return;
	/* After this no command and no function is submitted. */
	synchronize_rcu();
	scst_session_unregister(sess, scst_local_session_gone);
}

static bool scst_local_wants_host(const struct scst_local_initiator *initiator)
{
	lockdep_assert_held(&initiator->target->lock);
	return initiator->target->enabled && !initiator->removed && !initiator->relogin;
}

/* Whether the directory is removed and there is no host */
static bool scst_local_is_over(struct scst_local_initiator *initiator)
{
	bool over;

	mutex_lock(&initiator->target->lock);
	over = initiator->removed && !initiator->host;
	mutex_unlock(&initiator->target->lock);
	return over;
}

static void scst_local_host_publish(struct scst_local_host *host, struct scst_session *sess)
{
	struct scst_local_initiator *initiator = host->initiator;

	mutex_lock(&initiator->target->lock);
	rcu_assign_pointer(host->sess, sess);
	initiator->host = host;
	mutex_unlock(&initiator->target->lock);
}

/* Cancel the cut, or wait for it if it is running. */
static void scst_local_cancel_cut(struct scst_local_initiator *initiator)
{
	if (cancel_delayed_work_sync(&initiator->cut))
		scst_local_put(initiator);
}

static void scst_local_host_forget(struct scst_local_host *host)
{
	struct scst_local_initiator *initiator = host->initiator;

	mutex_lock(&initiator->target->lock);
	initiator->host = NULL;
	mutex_unlock(&initiator->target->lock);
	scst_local_cancel_cut(initiator);
	scst_local_host_cut(host);
	wait_for_completion(&host->gone);
	scsi_host_put(host->shost);
}

static int scst_local_host_add(struct scst_local_host *host)
{
	struct scst_local_initiator *initiator = host->initiator;
	struct scst_session *sess;
	int ret;

	sess = scst_session_register(initiator->target->tgt, initiator->name, host);
	if (IS_ERR(sess)) {
		scsi_host_put(host->shost);
		return PTR_ERR(sess);
	}
	scst_local_host_publish(host, sess);
	ret = scsi_add_host(host->shost, scst_local_root);
	if (ret) {
		scst_local_host_forget(host);
		return ret;
	}
	WRITE_ONCE(initiator->host_no, host->shost->host_no);
	scst_local_find_luns(host);
	return 0;
}

static void scst_local_host_remove(struct scst_local_host *host)
{
	WRITE_ONCE(host->initiator->host_no, -1);
	scsi_remove_host(host->shost);
	scst_local_host_forget(host);
}

/* The old host was removed: a new one may be created. */
static void scst_local_may_return(struct scst_local_initiator *initiator)
{
	mutex_lock(&initiator->target->lock);
	if (initiator->relogin) {
		initiator->relogin = false;
		scst_local_kick(initiator);
	}
	mutex_unlock(&initiator->target->lock);
}

/*
 * Report success or failure to the target's last_error. Success is reported only after a failure of
 * the same initiator, so that it does not clear another initiator's failure. A target that is
 * being disabled meanwhile is no error.
 */
static void scst_local_host_tell(struct scst_local_initiator *initiator, int ret)
{
	struct scst_target *tgt = initiator->target->tgt;

	if (ret == -ESHUTDOWN || (!ret && !initiator->failed))
		return;
	initiator->failed = ret;
	if (ret)
		scst_target_set_error(tgt, "initiator %s: no SCSI host: %pe",
				      initiator->name, ERR_PTR(ret));
	scst_target_op_end(tgt, "host", ret);
}

static void scst_local_host_create(struct scst_local_initiator *initiator)
{
	struct Scsi_Host *shost = scst_local_host_alloc();
	int ret = -ENOMEM;

	if (shost) {
		scst_local_host_init(shost_priv(shost), initiator, shost);
		ret = scst_local_host_add(shost_priv(shost));
	}
	scst_local_host_tell(initiator, ret);
}

/**
 * scst_local_work() - create, update or remove an initiator's host, as the configuration asks
 * @work: &struct scst_local_initiator.work
 *
 * Each change of the configuration queues the work again, so one pass is enough.
 *
 * Context: process context, without locks.
 */
void scst_local_work(struct work_struct *work)
{
	struct scst_local_initiator *initiator =
		container_of(work, struct scst_local_initiator, work);
	bool wanted;

	mutex_lock(&initiator->target->lock);
	wanted = scst_local_wants_host(initiator);
	mutex_unlock(&initiator->target->lock);

	if (initiator->host && !wanted)
		scst_local_host_remove(initiator->host);
	else if (!wanted)
		scst_local_cancel_cut(initiator);
	if (!wanted)
		scst_local_may_return(initiator);
	else if (!initiator->host)
		scst_local_host_create(initiator);
	if (initiator->host)
		scst_local_update_luns(initiator->host);
	if (scst_local_is_over(initiator))
		complete_all(&initiator->over);
	scst_local_put(initiator);
}

/**
 * scst_local_address() - print the name of a session's SCSI host
 * @sess:    the session
 * @address: the buffer, SCST_ADDRESS_LEN bytes
 *
 * Context: process context.
 */
void scst_local_address(struct scst_session *sess, char *address)
{
	struct scst_local_host *host = scst_session_priv(sess);

	snprintf(address, SCST_ADDRESS_LEN, "host%u", host->shost->host_no);
}

/**
 * scst_local_disconnect() - end a session for the administrator
 * @sess: the session
 *
 * Its initiator logs in again, through a new host.
 *
 * Context: process context.
 */
void scst_local_disconnect(struct scst_session *sess)
{
	struct scst_local_host *host = scst_session_priv(sess);
	struct scst_local_initiator *initiator = host->initiator;

	mutex_lock(&initiator->target->lock);
	if (initiator->host == host) {
		initiator->relogin = true;
		scst_local_dismiss(initiator);
	}
	mutex_unlock(&initiator->target->lock);
}

/**
 * scst_local_cut_work() - cut an initiator's host off when a graceful removal has timed out
 * @work: &struct scst_local_initiator.cut
 *
 * The work may run late and find a new host, which stays.
 *
 * Context: process context, without locks.
 */
void scst_local_cut_work(struct work_struct *work)
{
	struct scst_local_initiator *initiator =
		container_of(work, struct scst_local_initiator, cut.work);
	struct scst_local_host *host = NULL;

	mutex_lock(&initiator->target->lock);
	if (!scst_local_wants_host(initiator))
		host = initiator->host;
	mutex_unlock(&initiator->target->lock);
	if (host)
		scst_local_host_cut(host);
	scst_local_put(initiator);
}
