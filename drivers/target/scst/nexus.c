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

#include "scst_priv.h"

static void scst_nexus_free(struct scst_nexus *nexus)
{
	spin_lock_bh(&nexus->dev->lock);
	list_del(&nexus->dev_entry);
	spin_unlock_bh(&nexus->dev->lock);
	scst_stats_nexus_exit(nexus);
	scst_device_put(nexus->dev);
	scst_session_put(nexus->sess);
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
	scst_ua_init(nexus);
	if (!scst_stats_nexus_init(nexus))
		return nexus;
	scst_nexus_free(nexus);
	return NULL;
}

/**
 * scst_nexus_prepare - do all that can fail of giving a session a LUN
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
 * scst_nexus_cancel - undo scst_nexus_prepare()
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
	INIT_LIST_HEAD(fresh);
}

/*
 * Its commands are in the device's task set as long as they are there: it stays among
 * the device's nexuses, for those that abort them and wait for them.
 */
static void scst_nexus_retract(struct scst_nexus *nexus, struct list_head *dead)
{
	spin_lock_bh(&nexus->dev->lock);
	WRITE_ONCE(nexus->retracted, true);
	scst_reserve_lost(nexus);
	__scst_aca_clear(nexus);
	spin_unlock_bh(&nexus->dev->lock);
	list_add_tail(&nexus->change_entry, dead);
	scst_sysfs_lun_del(nexus);
	scst_event_lun(nexus, SCST_EVENT_LUN_REMOVED);
}

/**
 * scst_nexus_publish - let commands find a prepared nexus
 * @nexus: the nexus; it leaves its list
 * @dead:  what stood in its place comes here
 *
 * Context: process context, under scst_config_lock.
 */
void scst_nexus_publish(struct scst_nexus *nexus, struct list_head *dead)
{
	struct scst_nexus *old;

	lockdep_assert_held(&scst_config_lock);
	list_del(&nexus->change_entry);
	spin_lock_bh(&nexus->dev->lock);
	list_add_tail(&nexus->dev_entry, &nexus->dev->nexuses);
	scst_reserve_join(nexus);
	spin_unlock_bh(&nexus->dev->lock);
	/* The place is reserved: this allocates nothing. */
	old = xa_store(&nexus->sess->nexuses, nexus->lun, nexus, GFP_KERNEL);
	if (old)
		scst_nexus_retract(old, dead);
	scst_sysfs_lun_add(nexus);
	scst_event_lun(nexus, SCST_EVENT_LUN_ADDED);
}

/**
 * scst_nexus_unpublish - let no command find a nexus any more
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

static bool scst_nexus_wait(struct scst_nexus *nexus, long timeout)
{
	const struct scst_cmd_filter filter = { .nexus = nexus };

	return scst_session_wait(nexus->sess, &filter, timeout);
}

static void scst_nexus_reap_work(struct work_struct *work)
{
	struct scst_nexus *nexus = container_of(work, struct scst_nexus,
						reap_work);

	scst_nexus_wait(nexus, MAX_SCHEDULE_TIMEOUT);
	scst_nexus_free(nexus);
}

static void scst_nexus_drain(struct scst_nexus *nexus, unsigned long start)
{
	const struct scst_cmd_filter filter = { .nexus = nexus };
	unsigned long deadline = start +
		msecs_to_jiffies(READ_ONCE(nexus->dev->drain_ms));

	if (scst_nexus_wait(nexus, max_t(long, deadline - jiffies, 0)))
		goto out_free;
	scst_session_abort(nexus->sess, &filter, true);
	if (scst_nexus_wait(nexus, SCST_ABORT_GRACE))
		goto out_free;
	INIT_WORK(&nexus->reap_work, scst_nexus_reap_work);
	queue_work(scst_tmf_wq, &nexus->reap_work);
	return;

out_free:
	scst_nexus_free(nexus);
}

/**
 * scst_nexus_retire - free unpublished nexuses when their commands are done
 * @dead: the nexuses; empty on return
 *
 * What still runs after the device's drain_ms is aborted; what does not even end
 * then is left to a worker.
 *
 * Context: process context without locks; may sleep.
 */
void scst_nexus_retire(struct list_head *dead)
{
	unsigned long start = jiffies;
	struct scst_nexus *nexus, *next;

	if (list_empty(dead))
		return;
	/*
	 * From here on all their commands stand on the lists. Expedited, because
	 * a script takes thousands of LUNs away, one after the other.
	 */
	synchronize_rcu_expedited();
	list_for_each_entry_safe(nexus, next, dead, change_entry)
		scst_nexus_drain(nexus, start);
	INIT_LIST_HEAD(dead);
}

/**
 * scst_nexus_free_idle - free unpublished nexuses that have no command
 * @dead: the nexuses; empty on return
 *
 * Context: process context.
 */
void scst_nexus_free_idle(struct list_head *dead)
{
	struct scst_nexus *nexus, *next;

	list_for_each_entry_safe(nexus, next, dead, change_entry)
		scst_nexus_free(nexus);
	INIT_LIST_HEAD(dead);
}

/**
 * scst_nexus_set_read_only - change an initiator's right to write
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
