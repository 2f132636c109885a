// SPDX-License-Identifier: GPL-2.0
/*
 * Task management functions, SAM-5 7.
 *
 * A function is answered when no affected command can touch the medium or the
 * initiator's memory any more, or as failed when that takes too long.
 */
#include <linux/export.h>
#include <linux/jiffies.h>
#include <linux/rcupdate.h>

#include "scst_priv.h"

#define SCST_TMF_TIMEOUT	(10 * HZ)

static bool scst_tmf_wait(struct scst_session *sess,
			  const struct scst_cmd_filter *filter,
			  unsigned long deadline)
{
	return scst_session_wait(sess, filter,
				 max_t(long, deadline - jiffies, 0));
}

/*
 * Abort commands of the function's own session and wait for them. If there is
 * none the answer is @otherwise.
 */
static enum scst_tmf_response
scst_tmf_abort_own(struct scst_tmf *tmf, struct scst_cmd_filter *filter,
		   enum scst_tmf_response otherwise)
{
	if (!scst_session_abort(tmf->sess, filter, false))
		return otherwise;
	filter->aborted = true;
	return scst_tmf_wait(tmf->sess, filter, jiffies + SCST_TMF_TIMEOUT) ?
	       SCST_TMF_COMPLETE : SCST_TMF_FAILED;
}

static enum scst_tmf_response scst_tmf_query(struct scst_tmf *tmf,
					     struct scst_cmd_filter *filter)
{
	return scst_session_has(tmf->sess, filter) ? SCST_TMF_SUCCEEDED :
	       SCST_TMF_COMPLETE;
}

/* Abort a device's commands of all sessions. */
static void scst_tmf_abort_device(struct scst_tmf *tmf, struct scst_device *dev,
				  bool attention)
{
	const struct scst_cmd_filter filter = { .dev = dev };
	struct scst_nexus *nexus;

	spin_lock_bh(&dev->lock);
	list_for_each_entry(nexus, &dev->nexuses, dev_entry) {
		bool other = nexus->sess != tmf->sess;

		if (scst_session_abort(nexus->sess, &filter, other) && other &&
		    attention && !dev->mode.tas)
			scst_ua_raise(nexus, SCST_UA_COMMANDS_CLEARED);
	}
	spin_unlock_bh(&dev->lock);
}

/* A session that still has aborted commands of a device, with a reference */
static struct scst_session *
scst_tmf_busy_session(struct scst_device *dev,
		      const struct scst_cmd_filter *filter)
{
	struct scst_session *found = NULL;
	struct scst_nexus *nexus;

	spin_lock_bh(&dev->lock);
	list_for_each_entry(nexus, &dev->nexuses, dev_entry) {
		if (!scst_session_has(nexus->sess, filter))
			continue;
		found = nexus->sess;
		scst_session_get(found);
		break;
	}
	spin_unlock_bh(&dev->lock);
	return found;
}

/**
 * scst_device_wait_aborted - wait until what was aborted on a device is gone
 * @dev:    the device
 * @except: a command that waits for the others, or NULL
 *
 * Context: process context without locks; may sleep.
 * Return: true if it is.
 */
bool scst_device_wait_aborted(struct scst_device *dev,
			      const struct scst_cmd *except)
{
	const struct scst_cmd_filter filter = {
		.dev = dev, .except = except, .aborted = true,
	};
	unsigned long deadline = jiffies + SCST_TMF_TIMEOUT;
	struct scst_session *sess;
	bool gone = true;

	while (gone && (sess = scst_tmf_busy_session(dev, &filter))) {
		gone = scst_tmf_wait(sess, &filter, deadline);
		scst_session_put(sess);
	}
	return gone;
}

static enum scst_tmf_response scst_tmf_wait_device(struct scst_device *dev)
{
	return scst_device_wait_aborted(dev, NULL) ? SCST_TMF_COMPLETE : SCST_TMF_FAILED;
}

static enum scst_tmf_response scst_tmf_clear_task_set(struct scst_tmf *tmf,
						      struct scst_device *dev)
{
	scst_tmf_abort_device(tmf, dev, true);
	return scst_tmf_wait_device(dev);
}

/* SAM-5 6.3.3: back to the state after power on, and everybody learns of it */
static enum scst_tmf_response scst_tmf_reset_device(struct scst_tmf *tmf,
						    struct scst_device *dev)
{
	enum scst_tmf_response response;

	scst_tmf_abort_device(tmf, dev, false);
	response = scst_tmf_wait_device(dev);
	scst_mode_reset(dev);
	WRITE_ONCE(dev->stopped, false);
	spin_lock_bh(&dev->lock);
	scst_reserve_set(dev, NULL);
	spin_unlock_bh(&dev->lock);
	scst_ua_raise_device(dev, SCST_UA_DEVICE_RESET, NULL);
	return response;
}

/* The device behind a LUN, with a reference */
static struct scst_device *scst_tmf_device(struct scst_session *sess, u32 lun)
{
	struct scst_device *dev = NULL;
	struct scst_nexus *nexus;

	rcu_read_lock();
	nexus = xa_load(&sess->nexuses, lun);
	if (nexus) {
		dev = nexus->dev;
		scst_device_get(dev);
	}
	rcu_read_unlock();
	return dev;
}

/* Reset every logical unit that the session sees, and what it saw before. */
static enum scst_tmf_response scst_tmf_reset_target(struct scst_tmf *tmf)
{
	enum scst_tmf_response response = SCST_TMF_COMPLETE;
	struct scst_cmd_filter any = { };
	unsigned long lun = 0;

	while ((lun = scst_session_next_lun(tmf->sess, lun)) != ULONG_MAX) {
		struct scst_device *dev = scst_tmf_device(tmf->sess, lun++);

		if (!dev)
			continue;
		if (scst_tmf_reset_device(tmf, dev) != SCST_TMF_COMPLETE)
			response = SCST_TMF_FAILED;
		scst_device_put(dev);
	}
	if (scst_tmf_abort_own(tmf, &any, SCST_TMF_COMPLETE) != SCST_TMF_COMPLETE)
		response = SCST_TMF_FAILED;
	return response;
}

static void scst_tmf_nexus_loss(struct scst_session *sess)
{
	struct scst_nexus *nexus;
	unsigned long lun;

	rcu_read_lock();
	xa_for_each(&sess->nexuses, lun, nexus) {
		spin_lock_bh(&nexus->dev->lock);
		scst_reserve_lost(nexus);
		spin_unlock_bh(&nexus->dev->lock);
		scst_ua_raise(nexus, SCST_UA_NEXUS_LOSS);
	}
	rcu_read_unlock();
}

static enum scst_tmf_response scst_tmf_run_lun(struct scst_tmf *tmf,
					       struct scst_device *dev)
{
	struct scst_cmd_filter filter = { .dev = dev };

	switch (tmf->fn) {
	case SCST_TMF_ABORT_TASK:
		filter.tag = &tmf->tag;
		return scst_tmf_abort_own(tmf, &filter, SCST_TMF_COMPLETE);
	case SCST_TMF_ABORT_TASK_SET:
		return scst_tmf_abort_own(tmf, &filter, SCST_TMF_COMPLETE);
	case SCST_TMF_CLEAR_TASK_SET:
		return scst_tmf_clear_task_set(tmf, dev);
	case SCST_TMF_LUN_RESET:
		return scst_tmf_reset_device(tmf, dev);
	case SCST_TMF_QUERY_TASK:
		filter.tag = &tmf->tag;
		return scst_tmf_query(tmf, &filter);
	case SCST_TMF_QUERY_TASK_SET:
		return scst_tmf_query(tmf, &filter);
	default:
		return SCST_TMF_REJECTED;
	}
}

/*
 * The LUN is not there. If it was taken away under commands that its backend
 * has not ended yet, the initiator may be asking for those.
 */
static enum scst_tmf_response scst_tmf_on_absent_lun(struct scst_tmf *tmf)
{
	struct scst_cmd_filter filter = { .lun = &tmf->lun };

	return scst_tmf_abort_own(tmf, &filter, SCST_TMF_INCORRECT_LUN);
}

static enum scst_tmf_response scst_tmf_on_lun(struct scst_tmf *tmf)
{
	struct scst_device *dev = scst_tmf_device(tmf->sess,
						  scst_lun_decode(&tmf->lun));
	enum scst_tmf_response response;

	if (!dev)
		return scst_tmf_on_absent_lun(tmf);
	response = scst_tmf_run_lun(tmf, dev);
	scst_device_put(dev);
	return response;
}

static enum scst_tmf_response scst_tmf_run(struct scst_tmf *tmf)
{
	struct scst_cmd_filter any = { };
	enum scst_tmf_response response;

	switch (tmf->fn) {
	case SCST_TMF_TARGET_RESET:
		return scst_tmf_reset_target(tmf);
	case SCST_TMF_NEXUS_RESET:
		response = scst_tmf_abort_own(tmf, &any, SCST_TMF_COMPLETE);
		scst_tmf_nexus_loss(tmf->sess);
		return response;
	default:
		return scst_tmf_on_lun(tmf);
	}
}

/**
 * scst_session_tmf_gone - a session has one of what it counts in @tmfs less
 * @sess: the session; gone on return, or soon
 *
 * Context: any.
 */
void scst_session_tmf_gone(struct scst_session *sess)
{
	rcu_read_lock();
	if (atomic_dec_and_test(&sess->tmfs))
		wake_up(&sess->waitq);
	rcu_read_unlock();
}

static void scst_tmf_work(struct work_struct *work)
{
	struct scst_tmf *tmf = container_of(work, struct scst_tmf, work);
	struct scst_session *sess = tmf->sess;

	tmf->response = scst_tmf_run(tmf);
	/* No ops->release() of an affected command is under way any more. */
	synchronize_rcu_expedited();
	scst_event_tmf(tmf);
	sess->tgt->ops->tmf_done(tmf);
	scst_session_tmf_gone(sess);
}

/**
 * scst_tmf_submit - hand a task management function to the core
 * @tmf: the function, filled in by the driver
 *
 * It affects the commands that were submitted before. The core calls
 * ops->tmf_done() when it is done.
 *
 * Context: any.
 */
void scst_tmf_submit(struct scst_tmf *tmf)
{
	atomic_inc(&tmf->sess->tmfs);
	INIT_WORK(&tmf->work, scst_tmf_work);
	queue_work(scst_tmf_wq, &tmf->work);
}
EXPORT_SYMBOL_GPL(scst_tmf_submit);
