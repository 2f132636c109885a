// SPDX-License-Identifier: GPL-2.0
/*
 * Task management functions, SAM-5 7.
 *
 * A function succeeds when no affected command can touch the medium or the initiator's memory any
 * more. It fails if that takes too long.
 *
 * The function first aborts all affected commands. Then it waits for one device after the other,
 * and for one session of a device after the other. All deadlines count from the abort, and the
 * function waits without a thread (wait.c).
 */
#include <linux/export.h>
#include <linux/jiffies.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>

#include "cmd/cmd.h"
#include "graph/graph.h"
#include "lu/lu.h"
#include "observe/observe.h"
#include "task/task.h"
#include "cmd/trace.h"

/* QUERY ASYNCHRONOUS EVENT: how much is pending, SAM-5 7.10 */
#define SCST_UADE_ONE		0x10
#define SCST_UADE_MORE		0x20

/* Limit of the wait for commands of the function's own session, on any device or none, jiffies */
#define SCST_TMF_TIMEOUT	(10 * HZ)

/* Limit of the functions of one session that are in flight; more fail at once */
#define SCST_TMF_MAX		1024

/**
 * struct scst_tmf_run - a function in flight
 * @tmf:	the function
 * @wait:	the wait for the affected commands; its work runs the function
 * @start:	time of the abort, jiffies
 * @dev:	device of these commands, with a reference, or NULL
 * @next_lun:	first LUN to look at for the next device of a function for the whole target
 * @begun:	the affected commands are aborted
 * @waits:	the function waits for the affected commands
 * @all:	commands of all sessions are affected
 */
struct scst_tmf_run {
	struct scst_tmf *tmf;
	struct scst_abort_wait wait;
	unsigned long start;
	struct scst_device *dev;
	unsigned long next_lun;
	bool begun;
	bool waits;
	bool all;
};

static void scst_tmf_fail(struct scst_tmf_run *run)
{
	run->tmf->response = SCST_TMF_FAILED;
}

/* The only session whose commands are affected, or NULL for all */
static const struct scst_session *scst_tmf_of(const struct scst_tmf_run *run)
{
	return run->all ? NULL : run->tmf->sess;
}

static bool scst_tmf_is_reset(const struct scst_tmf *tmf)
{
	return tmf->fn == SCST_TMF_LUN_RESET || tmf->fn == SCST_TMF_TARGET_RESET ||
	       tmf->fn == SCST_TMF_COLD_RESET;
}

/* Returns true if the function has to wait for the reset of its device. */
static bool scst_tmf_settle_reset(struct scst_tmf_run *run, unsigned long deadline)
{
	long left = scst_time_left(deadline);

	if (!scst_tmf_is_reset(run->tmf))
		return false;
	scst_waiter_watch(&run->wait.waiter, run->tmf->sess);
	if (!scst_device_is_resetting(run->dev))
		return false;
	if (!left) {
		scst_tmf_fail(run);
		return false;
	}
	/* The session is not woken if it has lost its LUN of the device, so look now and then. */
	scst_waiter_sleep(&run->wait.waiter, min_t(long, left, SCST_LOOK_INTERVAL));
	return true;
}

/* Returns true if the function has to wait for commands or the reset of its device. */
static bool scst_tmf_settle_device(struct scst_tmf_run *run)
{
	unsigned long deadline = scst_device_deadline(run->dev, run->start);
	enum scst_wait wait;

	run->wait.filter.dev = run->dev;
	wait = scst_device_wait_aborted(run->dev, scst_tmf_of(run), &run->wait, deadline);
	if (wait == SCST_WAIT_MORE)
		return true;
	if (wait == SCST_WAIT_LATE)
		scst_tmf_fail(run);
	return !READ_ONCE(run->dev->fenced) && scst_tmf_settle_reset(run, deadline);
}

/* Returns true if the function has to wait for commands of its own session, on any device. */
static bool scst_tmf_settle_session(struct scst_tmf_run *run)
{
	unsigned long deadline = run->start + SCST_TMF_TIMEOUT;

	run->wait.filter.dev = NULL;
	if (scst_abort_wait_session(&run->wait, run->tmf->sess, deadline, run->all) ==
	    SCST_WAIT_MORE)
		return true;
	run->wait.filter.hopeful = false;
	if (scst_session_has(run->tmf->sess, &run->wait.filter))
		scst_tmf_fail(run);
	return false;
}

static void scst_tmf_abort_own(struct scst_tmf_run *run)
{
	run->wait.filter.dev = run->dev;
	scst_session_abort(run->tmf->sess, &run->wait.filter, SCST_ABORT_OWN, run->tmf->sess);
	run->waits = true;
}

static void scst_tmf_abort_device(struct scst_tmf_run *run, bool attention)
{
	const struct scst_cmd_filter filter = { .dev = run->dev };

	spin_lock_bh(&run->dev->lock);
	__scst_device_abort(run->dev, &filter, run->tmf->sess, attention);
	spin_unlock_bh(&run->dev->lock);
	if (scst_tmf_is_reset(run->tmf))
		scst_device_reset(run->dev);
	run->all = true;
	run->waits = true;
}

static void scst_tmf_query(struct scst_tmf_run *run, const u64 *tag)
{
	const struct scst_cmd_filter present = {
		.dev = run->dev, .tag = tag, .unanswered = true,
	};

	if (scst_session_has(run->tmf->sess, &present))
		run->tmf->response = SCST_TMF_SUCCEEDED;
}

static void scst_tmf_clear_task_set(struct scst_tmf_run *run)
{
	/* SAM-5 7.5: if each nexus has its own task set, only that of this nexus is cleared. */
	if (READ_ONCE(run->dev->mode.tst))
		scst_tmf_abort_own(run);
	else
		scst_tmf_abort_device(run, true);
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

static void scst_tmf_put_device(struct scst_tmf_run *run)
{
	if (run->dev)
		scst_device_put(run->dev);
	run->dev = NULL;
}

/* Set run->dev to the device of the next LUN. Returns false if there is none. */
static bool scst_tmf_next_device(struct scst_tmf_run *run)
{
	struct scst_session *sess = run->tmf->sess;

	scst_tmf_put_device(run);
	while (!run->dev) {
		run->next_lun = scst_session_next_lun(sess, run->next_lun);
		if (run->next_lun == ULONG_MAX)
			return false;
		run->dev = scst_tmf_device(sess, run->next_lun++);
	}
	return true;
}

static void scst_tmf_first_device(struct scst_tmf_run *run)
{
	run->next_lun = 0;
	scst_tmf_next_device(run);
}

/*
 * Abort the commands of all devices that the session sees, except for I_T NEXUS RESET, and all
 * commands of the session, even if their LUN was removed or never existed. All are aborted before
 * the function waits for any, so the wait is as long as that for the slowest device.
 */
static void scst_tmf_begin_target(struct scst_tmf_run *run)
{
	const struct scst_cmd_filter any = { };

	if (run->tmf->fn != SCST_TMF_NEXUS_RESET)
		while (scst_tmf_next_device(run))
			scst_tmf_abort_device(run, false);
	scst_session_abort(run->tmf->sess, &any, SCST_ABORT_OWN, run->tmf->sess);
	run->waits = true;
	scst_tmf_first_device(run);
}

/*
 * SAM-5 7.4: CLEAR ACA has no effect without an ACA condition, or from a nexus that is not the
 * faulted one. It aborts the command with the ACA attribute. Returns true if there is one.
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
		scst_session_abort(nexus->sess, &filter, SCST_ABORT_OWN, nexus->sess);
	}
	__scst_aca_clear(nexus);
	return cmd;
}

static void scst_tmf_clear_aca(struct scst_tmf_run *run)
{
	struct scst_tmf *tmf = run->tmf;
	struct scst_device *dev = run->dev;
	struct scst_nexus *nexus;

	rcu_read_lock();
	nexus = scst_tmf_nexus(tmf->sess, scst_lun_decode(&tmf->lun));
	if (nexus && nexus->dev == dev) {
		spin_lock_bh(&dev->lock);
		run->waits = __scst_tmf_clear_aca(nexus, &tmf->tag);
		spin_unlock_bh(&dev->lock);
	}
	rcu_read_unlock();
	run->wait.filter.tag = &tmf->tag;
}

/* SAM-5 7.10 */
static void scst_tmf_query_event(struct scst_tmf *tmf)
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
		return;
	tmf->info[0] = (more ? SCST_UADE_MORE : SCST_UADE_ONE) | scst_sense_key(sense);
	tmf->info[1] = scst_sense_asc(sense);
	tmf->info[2] = scst_sense_ascq(sense);
	tmf->response = SCST_TMF_SUCCEEDED;
}

static void scst_tmf_begin_device(struct scst_tmf_run *run)
{
	struct scst_tmf *tmf = run->tmf;

	switch (tmf->fn) {
	case SCST_TMF_ABORT_TASK:
		run->wait.filter.tag = &tmf->tag;
		scst_tmf_abort_own(run);
		break;
	case SCST_TMF_ABORT_TASK_SET:
		scst_tmf_abort_own(run);
		break;
	case SCST_TMF_CLEAR_TASK_SET:
		scst_tmf_clear_task_set(run);
		break;
	case SCST_TMF_CLEAR_ACA:
		scst_tmf_clear_aca(run);
		break;
	case SCST_TMF_LUN_RESET:
		scst_tmf_abort_device(run, false);
		break;
	case SCST_TMF_QUERY_TASK:
		scst_tmf_query(run, &tmf->tag);
		break;
	case SCST_TMF_QUERY_TASK_SET:
		scst_tmf_query(run, NULL);
		break;
	case SCST_TMF_QUERY_ASYNC_EVENT:
		scst_tmf_query_event(tmf);
		break;
	default:
		tmf->response = SCST_TMF_REJECTED;
	}
}

/*
 * The LUN does not exist. It may have been removed while its backend holds commands: then the
 * function waits for these.
 */
static void scst_tmf_begin_absent_lun(struct scst_tmf_run *run)
{
	struct scst_cmd_filter filter = { .lun = &run->tmf->lun };

	run->waits = scst_session_abort(run->tmf->sess, &filter, SCST_ABORT_OWN, run->tmf->sess);
	filter.aborted = true;
	filter.serial = scst_abort_serial();
	run->waits |= scst_session_has(run->tmf->sess, &filter);
	run->wait.filter.lun = &run->tmf->lun;
	if (!run->waits)
		run->tmf->response = SCST_TMF_INCORRECT_LUN;
}

static void scst_tmf_begin_lun(struct scst_tmf_run *run)
{
	struct scst_tmf *tmf = run->tmf;

	run->dev = scst_tmf_device(tmf->sess, scst_lun_decode(&tmf->lun));
	if (run->dev)
		scst_tmf_begin_device(run);
	else
		scst_tmf_begin_absent_lun(run);
}

/* Abort the affected commands. The function waits for these, and not for commands aborted later. */
static void scst_tmf_begin(struct scst_tmf_run *run)
{
	run->begun = true;
	scst_context_flush();
	if (scst_tmf_is_for_target(run->tmf))
		scst_tmf_begin_target(run);
	else
		scst_tmf_begin_lun(run);
	run->wait.filter.aborted = true;
	run->wait.filter.hopeful = true;
	run->wait.filter.answered_of = run->all ? run->tmf->sess : NULL;
	run->wait.filter.serial = scst_abort_serial();
	run->start = jiffies;
}

/* The other effects of a function on a device, after its commands have ended */
static void scst_tmf_end_device(struct scst_tmf_run *run)
{
	if (scst_tmf_is_reset(run->tmf))
		scst_lu_reset(run->dev, run->tmf->fn == SCST_TMF_COLD_RESET ?
				      SCST_UA_POWER_ON : SCST_UA_DEVICE_RESET);
}

/* Returns true if the function has to wait. */
static bool scst_tmf_settle_target(struct scst_tmf_run *run)
{
	while (run->dev) {
		if (scst_tmf_settle_device(run))
			return true;
		scst_tmf_end_device(run);
		scst_tmf_next_device(run);
	}
	return scst_tmf_settle_session(run);
}

static bool scst_tmf_settle(struct scst_tmf_run *run)
{
	if (!run->waits)
		return false;
	if (scst_tmf_is_for_target(run->tmf))
		return scst_tmf_settle_target(run);
	if (!run->dev)
		return scst_tmf_settle_session(run);
	if (scst_tmf_settle_device(run))
		return true;
	scst_tmf_end_device(run);
	return false;
}

static void scst_tmf_nexus_loss(struct scst_session *sess)
{
	struct scst_nexus *nexus;
	unsigned long lun;

	rcu_read_lock();
	xa_for_each(&sess->nexuses, lun, nexus)
		scst_lu_nexus_loss(nexus);
	rcu_read_unlock();
}

static void scst_tmf_answer(struct scst_tmf *tmf)
{
	struct scst_session *sess = tmf->sess;

	/* After this no ops->release() of an affected command is in progress. */
	synchronize_rcu_expedited();
	trace_scst_tmf_answer(tmf);
	scst_event_tmf(tmf);
	sess->tgt->ops->tmf_done(tmf);
	scst_session_unpin(sess);
}

static void scst_tmf_end(struct scst_tmf_run *run)
{
	struct scst_tmf *tmf = run->tmf;

	/* SAM-5 6.3.5: as if the initiator port had logged out and in again */
	if (tmf->fn == SCST_TMF_NEXUS_RESET)
		scst_tmf_nexus_loss(tmf->sess);
	scst_tmf_put_device(run);
	scst_abort_wait_stop(&run->wait);
	kfree(run);
	scst_tmf_answer(tmf);
}

/* Runs at the start of a function, after each wake-up or timeout, and at its end. */
static void scst_tmf_run_work(struct work_struct *work)
{
	struct scst_tmf_run *run = container_of(to_delayed_work(work), struct scst_tmf_run,
						wait.waiter.work);

	if (!run->begun)
		scst_tmf_begin(run);
	if (!scst_tmf_settle(run))
		scst_tmf_end(run);
}

/* NOIO: memory reclaim may wait for a command that the function aborts. */
static struct scst_tmf_run *scst_tmf_run_create(struct scst_tmf *tmf)
{
	struct scst_tmf_run *run = kzalloc(sizeof(*run), GFP_NOIO | __GFP_NOWARN);

	if (!run)
		return NULL;
	run->tmf = tmf;
	INIT_DELAYED_WORK(&run->wait.waiter.work, scst_tmf_run_work);
	scst_abort_wait_init(&run->wait, scst_tmf_wq);
	return run;
}

static void scst_tmf_work(struct work_struct *work)
{
	struct scst_tmf *tmf = container_of(work, struct scst_tmf, work);
	struct scst_tmf_run *run = NULL;

	if (atomic_read(&tmf->sess->pins) <= SCST_TMF_MAX)
		run = scst_tmf_run_create(tmf);
	tmf->response = run ? SCST_TMF_COMPLETE : SCST_TMF_FAILED;
	if (run)
		scst_waiter_start(&run->wait.waiter);
	else
		scst_tmf_answer(tmf);
}

/**
 * scst_tmf_submit() - hand a task management function to the core
 * @tmf: the function, filled in by the driver
 *
 * The function affects the commands that were submitted before, from any context. The core calls
 * ops->tmf_done() when the function has ended. If a session has too many functions in flight, see
 * SCST_TMF_MAX, further ones fail at once.
 *
 * Context: any.
 */
void scst_tmf_submit(struct scst_tmf *tmf)
{
	trace_scst_tmf_receive(tmf);
	scst_session_pin(tmf->sess);
	INIT_WORK(&tmf->work, scst_tmf_work);
	queue_work(scst_tmf_wq, &tmf->work);
}
EXPORT_SYMBOL_GPL(scst_tmf_submit);
