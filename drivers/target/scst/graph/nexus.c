// SPDX-License-Identifier: GPL-2.0
/*
 * I_T_L nexuses: allocated before they are needed, published, and freed after their last command.
 *
 * A change of the LUNs that sessions see has two steps. The first one can fail: new nexuses are
 * allocated, and their entries in the sessions' xarrays are reserved. The second one cannot fail:
 * the new nexuses are published, and others are unpublished.
 */
#include <linux/jiffies.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>

#include "cmd/cmd.h"
#include "graph/graph.h"
#include "lu/lu.h"
#include "observe/observe.h"
#include "task/task.h"

/* Guards the lists of unpublished nexuses that are being freed */
static DEFINE_SPINLOCK(scst_retire_lock);
static DECLARE_WAIT_QUEUE_HEAD(scst_retire_waitq);

/* The last step before a nexus's memory is freed: its waiter may return after it. */
static void scst_nexus_leave(struct scst_nexus *nexus)
{
	spin_lock(&scst_retire_lock);
	list_del_init(&nexus->change_entry);
	spin_unlock(&scst_retire_lock);
	wake_up_all(&scst_retire_waitq);
}

/*
 * Whether @old is a retracted nexus of an earlier session of the same I_T nexus. Its commands are
 * aborted, but the backend may still execute some of them: these must not take effect after newer
 * commands. RFC 7143 6.3.5 lets the initiator port log in again without waiting for them.
 */
static bool scst_nexus_precedes(const struct scst_nexus *old, const struct scst_nexus *nexus)
{
	return old->retracted && old->sess != nexus->sess &&
	       old->sess->tgt == nexus->sess->tgt &&
	       scst_transport_id_equal(&old->sess->transport_id, &nexus->sess->transport_id);
}

static bool __scst_nexus_is_behind(const struct scst_nexus *nexus)
{
	const struct scst_nexus *old;

	if (!nexus->dev->retracted)
		return false;
	list_for_each_entry(old, &nexus->dev->nexuses, dev_entry)
		if (scst_nexus_precedes(old, nexus))
			return true;
	return false;
}

static void __scst_nexus_join(struct scst_nexus *nexus)
{
	struct scst_device *dev = nexus->dev;

	lockdep_assert_held(&dev->lock);
	nexus->behind = __scst_nexus_is_behind(nexus);
	dev->behind += nexus->behind;
	list_add_tail(&nexus->dev_entry, &dev->nexuses);
	__scst_lu_join(nexus);
}

/* Clear @behind of the nexuses that have no earlier nexus any more. */
static void __scst_nexus_let_go_on(struct scst_device *dev)
{
	struct scst_nexus *nexus;

	list_for_each_entry(nexus, &dev->nexuses, dev_entry) {
		if (!nexus->behind || __scst_nexus_is_behind(nexus))
			continue;
		WRITE_ONCE(nexus->behind, false);
		dev->behind--;
	}
}

static void __scst_nexus_quit(struct scst_nexus *nexus)
{
	struct scst_device *dev = nexus->dev;

	lockdep_assert_held(&dev->lock);
	list_del(&nexus->dev_entry);
	if (nexus->retracted)
		__scst_lost_leave(nexus);
	dev->retracted -= nexus->retracted;
	dev->behind -= nexus->behind;
	if (dev->behind)
		__scst_nexus_let_go_on(dev);
}

static void scst_nexus_free(struct scst_nexus *nexus)
{
	spin_lock_bh(&nexus->dev->lock);
	__scst_nexus_quit(nexus);
	spin_unlock_bh(&nexus->dev->lock);
	scst_stats_nexus_exit(nexus);
	scst_device_put(nexus->dev);
	scst_session_put(nexus->sess);
	scst_nexus_leave(nexus);
	scst_buffer_exit(nexus);
	kfree(nexus);
}

static struct scst_nexus *scst_nexus_create(struct scst_session *sess,
					    const struct scst_map_lun *lun)
{
	struct scst_nexus *nexus = kzalloc(sizeof(*nexus), GFP_KERNEL);

	if (!nexus)
		return NULL;
	scst_session_get(sess);
	scst_device_get(lun->dev);
	nexus->sess = sess;
	nexus->dev = lun->dev;
	nexus->lun = lun->lun;
	nexus->read_only = lun->read_only;
	INIT_LIST_HEAD(&nexus->dev_entry);
	INIT_LIST_HEAD(&nexus->change_entry);
	scst_ua_init(nexus);
	scst_stats_nexus_init(nexus);
	return nexus;
}

/**
 * scst_nexus_prepare() - allocate a session's nexus for a LUN, so that publishing cannot fail
 * @sess:  the session
 * @lun:   the LUN, with a device
 * @fresh: list that gets the nexus
 *
 * Context: process context, under scst_config_lock.
 * Return: 0 or -ENOMEM.
 */
int scst_nexus_prepare(struct scst_session *sess, const struct scst_map_lun *lun,
		       struct list_head *fresh)
{
	struct scst_nexus *nexus;
	int ret;

	lockdep_assert_held(&scst_config_lock);
	ret = xa_reserve(&sess->nexuses, lun->lun, GFP_KERNEL);
	if (ret)
		return ret;
	nexus = scst_nexus_create(sess, lun);
	if (!nexus) {
		xa_release(&sess->nexuses, lun->lun);
		return -ENOMEM;
	}
	list_add_tail(&nexus->change_entry, fresh);
	return 0;
}

/**
 * scst_nexus_cancel() - undo scst_nexus_prepare()
 * @fresh: the list of prepared nexuses; empty on return
 *
 * Context: process context, under scst_config_lock.
 */
void scst_nexus_cancel(struct list_head *fresh)
{
	struct scst_nexus *nexus, *next;

	lockdep_assert_held(&scst_config_lock);
	list_for_each_entry_safe(nexus, next, fresh, change_entry) {
		xa_release(&nexus->sess->nexuses, nexus->lun);
		scst_nexus_free(nexus);
	}
}

/*
 * A retracted nexus stays on the device's list until it is freed: its commands are in the device's
 * task set, and aborts and waiters must find them.
 */
static void scst_nexus_retract(struct scst_nexus *nexus, struct list_head *dead)
{
	spin_lock_bh(&nexus->dev->lock);
	WRITE_ONCE(nexus->retracted, true);
	nexus->dev->retracted++;
	__scst_lu_leave(nexus);
	spin_unlock_bh(&nexus->dev->lock);
	list_add_tail(&nexus->change_entry, dead);
	scst_sysfs_lun_del(nexus);
	scst_event_lun(nexus, SCST_EVENT_LUN_REMOVED);
}

/**
 * scst_nexus_publish() - let commands find a prepared nexus
 * @nexus: the nexus; it is removed from its list
 * @dead:  list that gets the nexus that it replaces, if there is one
 *
 * Context: process context, under scst_config_lock.
 */
void scst_nexus_publish(struct scst_nexus *nexus, struct list_head *dead)
{
	struct scst_nexus *old;

	lockdep_assert_held(&scst_config_lock);
	list_del_init(&nexus->change_entry);
	spin_lock_bh(&nexus->dev->lock);
	__scst_nexus_join(nexus);
	spin_unlock_bh(&nexus->dev->lock);
	/* The entry is reserved, so this allocates nothing. */
	old = xa_store(&nexus->sess->nexuses, nexus->lun, nexus, GFP_KERNEL);
	scst_stall(SCST_STALL_PUBLISH);
	if (old)
		scst_nexus_retract(old, dead);
	scst_ua_trace(nexus);
	scst_sysfs_lun_add(nexus);
	scst_event_lun(nexus, SCST_EVENT_LUN_ADDED);
}

/**
 * scst_nexus_unpublish() - hide a nexus from new commands
 * @nexus: the nexus
 * @dead:  list that gets the nexus
 *
 * Context: process context, under scst_config_lock.
 */
void scst_nexus_unpublish(struct scst_nexus *nexus, struct list_head *dead)
{
	lockdep_assert_held(&scst_config_lock);
	xa_erase(&nexus->sess->nexuses, nexus->lun);
	scst_nexus_retract(nexus, dead);
}

/* Stages of the end of a nexus */
enum {
	SCST_REAP_DRAIN,	/* its commands may complete */
	SCST_REAP_ABORTED,	/* its commands are aborted */
	SCST_REAP_FENCED,	/* its device is fenced */
};

/* Time left for the stage, jiffies */
static long scst_nexus_time_left(const struct scst_nexus *nexus)
{
	const struct scst_device *dev = nexus->dev;

	switch (nexus->reap_stage) {
	case SCST_REAP_DRAIN:
		return scst_time_left(nexus->reap_start +
				      msecs_to_jiffies(READ_ONCE(dev->drain_ms)));
	case SCST_REAP_ABORTED:
		return scst_time_left(nexus->reap_start +
				      msecs_to_jiffies(READ_ONCE(dev->fence_ms)));
	default:
		return MAX_SCHEDULE_TIMEOUT;
	}
}

static void scst_nexus_set_aborted(struct scst_nexus *nexus)
{
	nexus->reap_serial = scst_abort_serial();
	nexus->reap_start = jiffies;
	nexus->reap_stage = SCST_REAP_ABORTED;
}

static void scst_nexus_abort(struct scst_nexus *nexus)
{
	const struct scst_cmd_filter filter = { .nexus = nexus };

	scst_session_abort(nexus->sess, &filter, SCST_ABORT_SERVER, NULL);
	scst_nexus_set_aborted(nexus);
}

/* Fence the device if its backend holds overdue commands, as task management functions do. */
static void scst_nexus_fence(struct scst_nexus *nexus)
{
	const struct scst_cmd_filter late = {
		.nexus = nexus, .aborted = true, .backend = true,
		.serial = nexus->reap_serial,
	};

	scst_device_fence(nexus->dev, nexus->sess, &late);
	/* If the device is not fenced, commands with a longer limit are looked at again. */
	nexus->reap_start = jiffies;
	if (READ_ONCE(nexus->dev->fenced))
		nexus->reap_stage = SCST_REAP_FENCED;
}

/* Returns true if its commands have completed; if not, its work runs again. */
static bool scst_nexus_is_drained(struct scst_nexus *nexus)
{
	const struct scst_cmd_filter filter = { .nexus = nexus };
	enum scst_wait wait;

	while ((wait = scst_waiter_wait(&nexus->reaper, nexus->sess, &filter,
					scst_nexus_time_left(nexus))) == SCST_WAIT_LATE) {
		if (nexus->reap_stage == SCST_REAP_DRAIN)
			scst_nexus_abort(nexus);
		else
			scst_nexus_fence(nexus);
	}
	return wait == SCST_WAIT_GONE;
}

static void scst_nexus_reap_work(struct work_struct *work)
{
	struct scst_nexus *nexus = container_of(to_delayed_work(work), struct scst_nexus,
						reaper.work);
	struct scst_session *sess = nexus->sess;

	if (!scst_nexus_is_drained(nexus))
		return;
	scst_session_get(sess);
	scst_nexus_free(nexus);
	/* The end of the session waits for its nexuses. */
	scst_session_unpin(sess);
	scst_session_put(sess);
}

static bool scst_nexus_is_idle(struct scst_nexus *nexus)
{
	const struct scst_cmd_filter filter = { .nexus = nexus };

	return !scst_session_has(nexus->sess, &filter);
}

static void scst_nexus_start_reaper(struct scst_nexus *nexus)
{
	scst_session_pin(nexus->sess);
	INIT_DELAYED_WORK(&nexus->reaper.work, scst_nexus_reap_work);
	scst_waiter_init(&nexus->reaper, scst_tmf_wq);
	scst_waiter_start(&nexus->reaper);
}

/*
 * Free the nexuses without commands. Each of the others has a reaper that frees it after its last
 * command.
 */
static void scst_nexus_start_reapers(struct list_head *dead)
{
	struct scst_nexus *nexus, *next;

	list_for_each_entry_safe(nexus, next, dead, change_entry)
		if (scst_nexus_is_idle(nexus))
			scst_nexus_free(nexus);
	/* Each reaper removes its nexus from the list. */
	spin_lock(&scst_retire_lock);
	list_for_each_entry(nexus, dead, change_entry)
		scst_nexus_start_reaper(nexus);
	spin_unlock(&scst_retire_lock);
}

static void scst_nexus_begin_drain(struct list_head *dead)
{
	struct scst_nexus *nexus;

	list_for_each_entry(nexus, dead, change_entry)
		nexus->reap_start = jiffies;
	/*
	 * After this all their commands are on the lists. The grace period is expedited because a
	 * script may remove thousands of LUNs one after the other.
	 */
	synchronize_rcu_expedited();
	scst_nexus_start_reapers(dead);
}

/* Empty a list: the nexuses that are left there are freed without a waiter. */
static void scst_nexus_detach(struct list_head *dead)
{
	struct scst_nexus *nexus, *next;

	spin_lock(&scst_retire_lock);
	list_for_each_entry_safe(nexus, next, dead, change_entry)
		list_del_init(&nexus->change_entry);
	spin_unlock(&scst_retire_lock);
}

static bool scst_nexus_all_gone(const struct list_head *dead)
{
	bool gone;

	spin_lock(&scst_retire_lock);
	gone = list_empty(dead);
	spin_unlock(&scst_retire_lock);
	return gone;
}

/* The longest drain_ms of their devices and SCST_ABORT_GRACE, jiffies */
static long scst_nexus_patience(const struct list_head *dead)
{
	const struct scst_nexus *nexus;
	unsigned int ms = 0;

	list_for_each_entry(nexus, dead, change_entry)
		ms = max(ms, READ_ONCE(nexus->dev->drain_ms));
	return msecs_to_jiffies(ms) + SCST_ABORT_GRACE;
}

/**
 * scst_nexus_reap() - have unpublished nexuses freed after their commands
 * @dead: the nexuses; empty on return
 *
 * Commands that are in flight after the device's drain_ms are aborted. The caller waits for a
 * grace period, but not for commands.
 *
 * Context: process context without locks.
 */
void scst_nexus_reap(struct list_head *dead)
{
	if (list_empty(dead))
		return;
	scst_nexus_begin_drain(dead);
	scst_nexus_detach(dead);
}

/**
 * scst_nexus_retire() - have unpublished nexuses freed, and wait for that
 * @dead: the nexuses; empty on return
 *
 * For any number of nexuses, the wait is limited to the longest drain_ms of their devices and
 * SCST_ABORT_GRACE. A nexus that still has commands then is freed later.
 *
 * Context: process context without locks; may sleep.
 */
void scst_nexus_retire(struct list_head *dead)
{
	long patience;

	if (list_empty(dead))
		return;
	patience = scst_nexus_patience(dead);
	scst_nexus_begin_drain(dead);
	wait_event_idle_timeout(scst_retire_waitq, scst_nexus_all_gone(dead), patience);
	scst_nexus_detach(dead);
}

/**
 * scst_nexus_reap_aborted() - have the nexuses of a session that ends freed
 * @dead: the nexuses, whose commands are aborted; empty on return
 *
 * The caller does not wait for them.
 *
 * Context: process context without locks, a grace period after they were unpublished.
 */
void scst_nexus_reap_aborted(struct list_head *dead)
{
	struct scst_nexus *nexus;

	list_for_each_entry(nexus, dead, change_entry)
		scst_nexus_set_aborted(nexus);
	scst_nexus_start_reapers(dead);
	scst_nexus_detach(dead);
}

/**
 * scst_nexus_set_read_only() - change an initiator's right to write
 * @nexus:     the nexus
 * @read_only: true: writes are refused
 *
 * Context: process context, under scst_config_lock.
 * Return: true if the right has changed.
 */
bool scst_nexus_set_read_only(struct scst_nexus *nexus, bool read_only)
{
	lockdep_assert_held(&scst_config_lock);
	if (nexus->read_only == read_only)
		return false;
	WRITE_ONCE(nexus->read_only, read_only);
	/* WP in the header of the mode parameters, SBC-4 6.5.1 */
	scst_ua_raise(nexus, SCST_UA_MODE_CHANGED);
	return true;
}
