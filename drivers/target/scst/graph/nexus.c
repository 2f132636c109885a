// SPDX-License-Identifier: GPL-2.0
/*
 * I_T_L nexuses: made before they are needed, published without fail, and freed
 * when no command uses them any more.
 *
 * A change of what sessions see goes in two steps. First everything that can fail
 * is done: the new nexuses are made and their places in the sessions' xarrays
 * reserved. Then they are published and others taken away, which cannot fail.
 */
#include <linux/jiffies.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>

#include "cmd/cmd.h"
#include "graph/graph.h"
#include "lu/lu.h"
#include "observe/observe.h"
#include "task/task.h"

/* Guards the lists of nexuses that somebody waits for */
static DEFINE_SPINLOCK(scst_retire_lock);
static DECLARE_WAIT_QUEUE_HEAD(scst_retire_waitq);

/* The last that is done to a nexus: who has waited for it may do what he likes then. */
static void scst_nexus_leave(struct scst_nexus *nexus)
{
	spin_lock(&scst_retire_lock);
	list_del_init(&nexus->change_entry);
	spin_unlock(&scst_retire_lock);
	wake_up_all(&scst_retire_waitq);
}

/*
 * Whether it is a nexus of the same I_T nexus, of a session before, and still has commands:
 * they are aborted, but what their backend does with them must not come after what is sent
 * now. RFC 7143 6.3.5 has the initiator port log in at once all the same.
 */
static bool scst_nexus_precedes(const struct scst_nexus *old,
				const struct scst_nexus *nexus)
{
	return old->retracted && old->sess != nexus->sess &&
	       old->sess->tgt == nexus->sess->tgt &&
	       scst_transport_id_equal(&old->sess->transport_id,
				       &nexus->sess->transport_id);
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
	scst_reserve_join(nexus);
	__scst_lost_join(nexus);
}

/* Those that were behind a nexus may go on. */
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
 * scst_nexus_prepare() - do all that can fail of giving a session a LUN
 * @sess:  the session
 * @lun:   the LUN, with a device
 * @fresh: the nexus comes here
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
 * @fresh: its list; empty on return
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
 * Its commands are in the device's task set as long as they are there: it stays among
 * the device's nexuses, for those that abort them and wait for them.
 */
static void scst_nexus_retract(struct scst_nexus *nexus, struct list_head *dead)
{
	spin_lock_bh(&nexus->dev->lock);
	WRITE_ONCE(nexus->retracted, true);
	nexus->dev->retracted++;
	scst_reserve_lost(nexus);
	__scst_lost_leave(nexus);
	__scst_aca_clear(nexus);
	spin_unlock_bh(&nexus->dev->lock);
	list_add_tail(&nexus->change_entry, dead);
	scst_sysfs_lun_del(nexus);
	scst_event_lun(nexus, SCST_EVENT_LUN_REMOVED);
}

/**
 * scst_nexus_publish() - let commands find a prepared nexus
 * @nexus: the nexus; it leaves its list
 * @dead:  what stood in its place comes here
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
	/* The place is reserved: this allocates nothing. */
	old = xa_store(&nexus->sess->nexuses, nexus->lun, nexus, GFP_KERNEL);
	scst_stall(SCST_STALL_PUBLISH);
	if (old)
		scst_nexus_retract(old, dead);
	scst_ua_trace(nexus);
	scst_sysfs_lun_add(nexus);
	scst_event_lun(nexus, SCST_EVENT_LUN_ADDED);
}

/**
 * scst_nexus_unpublish() - let no command find a nexus any more
 * @nexus: the nexus
 * @dead:  it comes here
 *
 * Context: process context, under scst_config_lock.
 */
void scst_nexus_unpublish(struct scst_nexus *nexus, struct list_head *dead)
{
	lockdep_assert_held(&scst_config_lock);
	xa_erase(&nexus->sess->nexuses, nexus->lun);
	scst_nexus_retract(nexus, dead);
}

/* How far the end of a nexus has come */
enum {
	SCST_REAP_DRAIN,	/* its commands may end as they would have */
	SCST_REAP_ABORTED,	/* they are aborted */
	SCST_REAP_FENCED,	/* their backend was told off, if it still has them */
};

/* When the time for that is over, jiffies from now */
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

/* As a task management function would */
static void scst_nexus_fence(struct scst_nexus *nexus)
{
	const struct scst_cmd_filter late = {
		.nexus = nexus, .aborted = true, .backend = true,
		.serial = nexus->reap_serial,
	};

	scst_device_fence(nexus->dev, nexus->sess, &late);
	/* Commands with more patience are looked at again. */
	nexus->reap_start = jiffies;
	if (READ_ONCE(nexus->dev->fenced))
		nexus->reap_stage = SCST_REAP_FENCED;
}

/* Returns whether its commands are gone; if not, its work runs again. */
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
	/* The session goes when its nexuses have. */
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
 * Free those that have no command, and have the others free themselves, each when its last
 * command is gone.
 */
static void scst_nexus_start_reapers(struct list_head *dead)
{
	struct scst_nexus *nexus, *next;

	list_for_each_entry_safe(nexus, next, dead, change_entry)
		if (scst_nexus_is_idle(nexus))
			scst_nexus_free(nexus);
	/* Each leaves the list by itself. */
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
	 * From here on all their commands stand on the lists. Expedited, because
	 * a script takes thousands of LUNs away, one after the other.
	 */
	synchronize_rcu_expedited();
	scst_nexus_start_reapers(dead);
}

/* Those that are left on a list go without anybody who waits for them. */
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

/* How long their commands have until they are aborted, and a second, jiffies */
static long scst_nexus_patience(const struct list_head *dead)
{
	const struct scst_nexus *nexus;
	unsigned int ms = 0;

	list_for_each_entry(nexus, dead, change_entry)
		ms = max(ms, READ_ONCE(nexus->dev->drain_ms));
	return msecs_to_jiffies(ms) + SCST_ABORT_GRACE;
}

/**
 * scst_nexus_reap() - free unpublished nexuses when their commands are done
 * @dead: the nexuses; empty on return
 *
 * Commands that still run after the device's drain_ms are aborted. The caller does not wait.
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
 * scst_nexus_retire() - free unpublished nexuses and wait until their commands are done
 * @dead: the nexuses; empty on return
 *
 * However many there are, it takes no longer than the longest drain_ms of their devices
 * and SCST_ABORT_GRACE. Commands that do not end even then are not waited for.
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
 * scst_nexus_reap_aborted() - free the nexuses of a session that ends
 * @dead: the nexuses, whose commands are aborted; empty on return
 *
 * Nobody waits for them here.
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
 * @read_only: writes are refused
 *
 * Context: process context, under scst_config_lock.
 * Return: whether this is news.
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
