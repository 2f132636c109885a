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

/* QUERY ASYNCHRONOUS EVENT: how much is pending, SAM-5 7.10 */
#define SCST_UADE_ONE		0x10
#define SCST_UADE_MORE		0x20

/* How long commands are waited for that are with no backend */
#define SCST_TMF_TIMEOUT	(10 * HZ)

static unsigned long scst_tmf_deadline(const struct scst_device *dev,
				       unsigned long start)
{
	return start + msecs_to_jiffies(READ_ONCE(dev->fence_ms));
}

static bool scst_tmf_wait(struct scst_session *sess,
			  const struct scst_cmd_filter *filter,
			  unsigned long deadline)
{
	struct scst_inject_wait wait;
	bool gone;

	scst_inject_wait_begin(&wait, sess, filter);
	gone = scst_session_wait(sess, filter,
				 max_t(long, deadline - jiffies, 0));
	scst_inject_wait_end(&wait);
	return gone;
}

/*
 * Wait for aborted commands of a session to go. A backend that keeps one too long is
 * fenced off; a driver that does may bring or take data yet.
 */
static bool scst_tmf_settle(struct scst_session *sess, struct scst_device *dev,
			    struct scst_cmd_filter filter, unsigned long deadline)
{
	filter.dev = dev;
	filter.aborted = true;
	if (scst_tmf_wait(sess, &filter, deadline))
		return true;
	filter.backend = true;
	scst_device_fence(dev, sess, &filter);
	filter.backend = false;
	return !scst_session_has(sess, &filter);
}

static enum scst_tmf_response scst_tmf_result(bool done)
{
	return done ? SCST_TMF_COMPLETE : SCST_TMF_FAILED;
}

/* Abort commands of the function's own session for a device, and wait for them. */
static enum scst_tmf_response scst_tmf_abort_own(struct scst_tmf *tmf,
						 struct scst_device *dev,
						 struct scst_cmd_filter filter)
{
	filter.dev = dev;
	scst_session_abort(tmf->sess, &filter, false);
	return scst_tmf_result(scst_tmf_settle(tmf->sess, dev, filter,
					       scst_tmf_deadline(dev, jiffies)));
}

static enum scst_tmf_response scst_tmf_query(struct scst_tmf *tmf,
					     const struct scst_cmd_filter *filter)
{
	return scst_session_has(tmf->sess, filter) ? SCST_TMF_SUCCEEDED :
	       SCST_TMF_COMPLETE;
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

static bool scst_device_settle(struct scst_device *dev, const struct scst_cmd *except,
			       unsigned long deadline)
{
	const struct scst_cmd_filter filter = {
		.dev = dev, .except = except, .aborted = true,
	};
	struct scst_session *sess;
	bool gone = true;

	while (gone && (sess = scst_tmf_busy_session(dev, &filter))) {
		gone = scst_tmf_settle(sess, dev, filter, deadline);
		scst_session_put(sess);
	}
	return gone;
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
	return scst_device_settle(dev, except, scst_tmf_deadline(dev, jiffies));
}

static void scst_tmf_abort_device(struct scst_tmf *tmf, struct scst_device *dev,
				  bool attention)
{
	const struct scst_cmd_filter filter = { .dev = dev };

	spin_lock_bh(&dev->lock);
	__scst_device_abort(dev, &filter, tmf->sess, attention);
	spin_unlock_bh(&dev->lock);
}

static enum scst_tmf_response scst_tmf_clear_task_set(struct scst_tmf *tmf,
						      struct scst_device *dev)
{
	const struct scst_cmd_filter any = { };

	/* SAM-5 7.5: a task set of its own is nobody else's. */
	if (READ_ONCE(dev->mode.tst))
		return scst_tmf_abort_own(tmf, dev, any);
	scst_tmf_abort_device(tmf, dev, true);
	return scst_tmf_result(scst_device_wait_aborted(dev, NULL));
}

/*
 * SAM-5 6.3.3: back to the state after power on, and everybody learns of it. The commands
 * are aborted already.
 */
static bool scst_tmf_reset_device(struct scst_device *dev, enum scst_ua ua,
				  unsigned long start)
{
	bool gone = scst_device_settle(dev, NULL, scst_tmf_deadline(dev, start));

	/* What goes on when an ACA condition ends is to meet all of it. */
	spin_lock_bh(&dev->lock);
	__scst_ua_raise_device(dev, ua, NULL);
	__scst_mode_reset(dev);
	WRITE_ONCE(dev->stopped, false);
	scst_reserve_set(dev, NULL);
	__scst_aca_clear_all(dev);
	spin_unlock_bh(&dev->lock);
	return gone;
}

static enum scst_tmf_response scst_tmf_reset_lun(struct scst_tmf *tmf,
						 struct scst_device *dev)
{
	unsigned long start = jiffies;

	scst_tmf_abort_device(tmf, dev, false);
	return scst_tmf_result(scst_tmf_reset_device(dev, SCST_UA_DEVICE_RESET, start));
}

/* The I_T_L nexus of a LUN, until the RCU read-side section ends */
static struct scst_nexus *scst_tmf_nexus(struct scst_session *sess, u32 lun)
{
	return xa_load(&sess->nexuses, lun);
}

/* The device behind a LUN, with a reference */
static struct scst_device *scst_tmf_device(struct scst_session *sess, u32 lun)
{
	struct scst_device *dev = NULL;
	struct scst_nexus *nexus;

	rcu_read_lock();
	nexus = scst_tmf_nexus(sess, lun);
	if (nexus) {
		dev = nexus->dev;
		scst_stall(SCST_STALL_TMF);
		scst_device_get(dev);
	}
	rcu_read_unlock();
	return dev;
}

/* The device behind the first LUN from @lun on; NULL: there is none. */
static struct scst_device *scst_tmf_next_device(struct scst_session *sess,
						unsigned long *lun)
{
	struct scst_device *dev = NULL;

	while (!dev && (*lun = scst_session_next_lun(sess, *lun)) != ULONG_MAX)
		dev = scst_tmf_device(sess, (*lun)++);
	return dev;
}

/* All of a session, also what is on no LUN any more, or never was */
static void scst_tmf_abort_session(struct scst_tmf *tmf)
{
	const struct scst_cmd_filter any = { };

	scst_session_abort(tmf->sess, &any, false);
}

static bool scst_tmf_wait_session(struct scst_tmf *tmf)
{
	const struct scst_cmd_filter aborted = { .aborted = true };

	return scst_tmf_wait(tmf->sess, &aborted, jiffies + SCST_TMF_TIMEOUT);
}

/*
 * Reset every logical unit that the session sees. All are aborted before any is waited
 * for, so the time adds up to that of the slowest.
 */
static enum scst_tmf_response scst_tmf_reset_target(struct scst_tmf *tmf)
{
	enum scst_ua ua = tmf->fn == SCST_TMF_COLD_RESET ? SCST_UA_POWER_ON :
							   SCST_UA_DEVICE_RESET;
	unsigned long start = jiffies, lun = 0;
	struct scst_device *dev;
	bool done = true;

	while ((dev = scst_tmf_next_device(tmf->sess, &lun))) {
		scst_tmf_abort_device(tmf, dev, false);
		scst_device_put(dev);
	}
	scst_tmf_abort_session(tmf);
	lun = 0;
	while ((dev = scst_tmf_next_device(tmf->sess, &lun))) {
		done &= scst_tmf_reset_device(dev, ua, start);
		scst_device_put(dev);
	}
	return scst_tmf_result(scst_tmf_wait_session(tmf) && done);
}

static void scst_tmf_nexus_loss(struct scst_session *sess)
{
	struct scst_nexus *nexus;
	unsigned long lun;

	rcu_read_lock();
	xa_for_each(&sess->nexuses, lun, nexus) {
		/* As in scst_tmf_reset_device() */
		scst_ua_raise(nexus, SCST_UA_NEXUS_LOSS);
		spin_lock_bh(&nexus->dev->lock);
		scst_reserve_lost(nexus);
		__scst_aca_clear(nexus);
		spin_unlock_bh(&nexus->dev->lock);
	}
	rcu_read_unlock();
}

/* SAM-5 6.3.5: as if the initiator port had logged out and in again */
static enum scst_tmf_response scst_tmf_reset_nexus(struct scst_tmf *tmf)
{
	const struct scst_cmd_filter any = { };
	unsigned long start = jiffies, lun = 0;
	struct scst_device *dev;
	bool done = true;

	scst_tmf_abort_session(tmf);
	while ((dev = scst_tmf_next_device(tmf->sess, &lun))) {
		done &= scst_tmf_settle(tmf->sess, dev, any,
					scst_tmf_deadline(dev, start));
		scst_device_put(dev);
	}
	done &= scst_tmf_wait_session(tmf);
	scst_tmf_nexus_loss(tmf->sess);
	return scst_tmf_result(done);
}

/*
 * SAM-5 7.4: of another nexus than the faulted one, and without an ACA condition, it has
 * no effect. To the command with the ACA attribute it is ABORT TASK.
 */
static bool __scst_tmf_clear_aca(struct scst_nexus *nexus, u64 *tag)
{
	struct scst_cmd_filter filter = { .nexus = nexus, .tag = tag };
	struct scst_task_set *set = __scst_task_set(nexus);
	struct scst_cmd *cmd = set->aca_cmd;

	if (set->faulted != nexus)
		return false;
	if (cmd) {
		*tag = cmd->tag;
		scst_session_abort(nexus->sess, &filter, false);
	}
	__scst_aca_clear(nexus);
	return cmd;
}

static enum scst_tmf_response scst_tmf_clear_aca(struct scst_tmf *tmf,
						 struct scst_device *dev)
{
	struct scst_cmd_filter filter = { .tag = &tmf->tag };
	struct scst_nexus *nexus;
	bool aborted = false;

	rcu_read_lock();
	nexus = scst_tmf_nexus(tmf->sess, scst_lun_decode(&tmf->lun));
	if (nexus && nexus->dev == dev) {
		spin_lock_bh(&dev->lock);
		aborted = __scst_tmf_clear_aca(nexus, &tmf->tag);
		spin_unlock_bh(&dev->lock);
	}
	rcu_read_unlock();
	return scst_tmf_result(!aborted ||
			       scst_tmf_settle(tmf->sess, dev, filter,
					       scst_tmf_deadline(dev, jiffies)));
}

/* SAM-5 7.10 */
static enum scst_tmf_response scst_tmf_query_event(struct scst_tmf *tmf)
{
	scst_sense_t sense = SCST_SENSE_NONE;
	struct scst_nexus *nexus;
	bool more;

	rcu_read_lock();
	nexus = scst_tmf_nexus(tmf->sess, scst_lun_decode(&tmf->lun));
	if (nexus)
		sense = scst_ua_peek(nexus, &more);
	rcu_read_unlock();
	if (sense == SCST_SENSE_NONE)
		return SCST_TMF_COMPLETE;
	tmf->info[0] = (more ? SCST_UADE_MORE : SCST_UADE_ONE) | scst_sense_key(sense);
	tmf->info[1] = scst_sense_asc(sense);
	tmf->info[2] = scst_sense_ascq(sense);
	return SCST_TMF_SUCCEEDED;
}

static enum scst_tmf_response scst_tmf_run_lun(struct scst_tmf *tmf,
					       struct scst_device *dev)
{
	struct scst_cmd_filter filter = { .dev = dev };
	struct scst_cmd_filter present = { .dev = dev, .unanswered = true };

	switch (tmf->fn) {
	case SCST_TMF_ABORT_TASK:
		filter.tag = &tmf->tag;
		return scst_tmf_abort_own(tmf, dev, filter);
	case SCST_TMF_ABORT_TASK_SET:
		return scst_tmf_abort_own(tmf, dev, filter);
	case SCST_TMF_CLEAR_TASK_SET:
		return scst_tmf_clear_task_set(tmf, dev);
	case SCST_TMF_CLEAR_ACA:
		return scst_tmf_clear_aca(tmf, dev);
	case SCST_TMF_LUN_RESET:
		return scst_tmf_reset_lun(tmf, dev);
	case SCST_TMF_QUERY_TASK:
		present.tag = &tmf->tag;
		return scst_tmf_query(tmf, &present);
	case SCST_TMF_QUERY_TASK_SET:
		return scst_tmf_query(tmf, &present);
	case SCST_TMF_QUERY_ASYNC_EVENT:
		return scst_tmf_query_event(tmf);
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
	unsigned int count = scst_session_abort(tmf->sess, &filter, false);

	filter.aborted = true;
	if (!count && !scst_session_has(tmf->sess, &filter))
		return SCST_TMF_INCORRECT_LUN;
	return scst_tmf_result(scst_tmf_wait(tmf->sess, &filter,
					     jiffies + SCST_TMF_TIMEOUT));
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

/**
 * scst_tmf_is_for_target - whether a function is not for one logical unit
 * @tmf: the function
 *
 * Context: any.
 * Return: true if it has no LUN.
 */
bool scst_tmf_is_for_target(const struct scst_tmf *tmf)
{
	return tmf->fn == SCST_TMF_TARGET_RESET || tmf->fn == SCST_TMF_COLD_RESET ||
	       tmf->fn == SCST_TMF_NEXUS_RESET;
}

static enum scst_tmf_response scst_tmf_run(struct scst_tmf *tmf)
{
	if (!scst_tmf_is_for_target(tmf))
		return scst_tmf_on_lun(tmf);
	if (tmf->fn == SCST_TMF_NEXUS_RESET)
		return scst_tmf_reset_nexus(tmf);
	return scst_tmf_reset_target(tmf);
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
	if (atomic_dec_and_test(&sess->tmfs)) {
		scst_stall(SCST_STALL_TMF_GONE);
		wake_up(&sess->waitq);
	}
	rcu_read_unlock();
}

static void scst_tmf_work(struct work_struct *work)
{
	struct scst_tmf *tmf = container_of(work, struct scst_tmf, work);
	struct scst_session *sess = tmf->sess;

	scst_context_flush();
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
 * It affects the commands that were submitted before, from whatever context. The core
 * calls ops->tmf_done() when it is done.
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
