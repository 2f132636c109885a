// SPDX-License-Identifier: GPL-2.0
/*
 * LUN maps: who sees which device under which LUN.
 *
 * A map belongs to the configuration; the command path sees only each session's
 * xarray of I_T_L nexuses, which is kept in step with the map here.
 */
#include <linux/jiffies.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>

#include "scst_priv.h"

static struct scst_nexus *scst_nexus_create(struct scst_session *sess,
					    struct scst_map_lun *lun)
{
	struct scst_nexus *nexus = kzalloc(sizeof(*nexus), GFP_KERNEL);

	if (!nexus)
		return NULL;
	scst_session_get(sess);
	scst_device_get(lun->dev);
	config_item_get(&lun->item);
	nexus->sess = sess;
	nexus->map_lun = lun;
	nexus->dev = lun->dev;
	nexus->lun = lun->lun;
	INIT_LIST_HEAD(&nexus->dead_entry);
	scst_ua_init(nexus);
	return nexus;
}

/**
 * scst_nexus_free - free a nexus that no command uses any more
 * @nexus: the nexus
 *
 * Context: process context without locks.
 */
void scst_nexus_free(struct scst_nexus *nexus)
{
	config_item_put(&nexus->map_lun->item);
	scst_device_put(nexus->dev);
	scst_session_put(nexus->sess);
	kfree(nexus);
}

static void scst_nexus_unpublish(struct scst_nexus *nexus,
				 struct list_head *dead)
{
	lockdep_assert_held(&scst_config_lock);
	xa_erase(&nexus->sess->nexuses, nexus->lun);
	spin_lock_bh(&nexus->dev->lock);
	list_del(&nexus->dev_entry);
	spin_unlock_bh(&nexus->dev->lock);
	list_add_tail(&nexus->dead_entry, dead);
}

static int scst_nexus_publish(struct scst_session *sess,
			      struct scst_map_lun *lun)
{
	struct scst_nexus *nexus = scst_nexus_create(sess, lun);
	int ret;

	lockdep_assert_held(&scst_config_lock);
	if (!nexus)
		return -ENOMEM;
	spin_lock_bh(&nexus->dev->lock);
	list_add_tail(&nexus->dev_entry, &nexus->dev->nexuses);
	spin_unlock_bh(&nexus->dev->lock);
	ret = xa_insert(&sess->nexuses, lun->lun, nexus, GFP_KERNEL);
	if (ret) {
		spin_lock_bh(&nexus->dev->lock);
		list_del(&nexus->dev_entry);
		spin_unlock_bh(&nexus->dev->lock);
		scst_nexus_free(nexus);
	}
	return ret;
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

static void scst_nexus_drain(struct scst_nexus *nexus, unsigned long deadline)
{
	const struct scst_cmd_filter filter = { .nexus = nexus };
	long left = max_t(long, deadline - jiffies, 0);

	if (scst_nexus_wait(nexus, left))
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

/*
 * Free unpublished nexuses when their commands are done. What still runs after
 * @drain_ms is aborted; what does not even end then is left to a worker.
 */
static void scst_nexus_retire(struct list_head *dead, unsigned int drain_ms)
{
	unsigned long deadline = jiffies + msecs_to_jiffies(drain_ms);
	struct scst_nexus *nexus, *next;

	if (list_empty(dead))
		return;
	/* From here on all their commands stand on the lists. */
	synchronize_rcu();
	list_for_each_entry_safe(nexus, next, dead, dead_entry)
		scst_nexus_drain(nexus, deadline);
}

static void scst_session_notify(struct scst_session *sess, enum scst_event event,
				u32 lun)
{
	lockdep_assert_held(&scst_config_lock);
	if (event != SCST_EVENT_LUN_CHANGED)
		WRITE_ONCE(sess->luns_changed, true);
	if (sess->tgt->ops->event)
		sess->tgt->ops->event(sess, event, lun);
}

/**
 * scst_device_notify - tell all sessions that see a device of a change
 * @dev:   the device
 * @event: the change
 *
 * Context: process context, under scst_config_lock.
 */
void scst_device_notify(struct scst_device *dev, enum scst_event event)
{
	struct scst_map_lun *lun;
	struct scst_session *sess;

	lockdep_assert_held(&scst_config_lock);
	list_for_each_entry(lun, &dev->map_luns, dev_entry)
		list_for_each_entry(sess, &lun->map->sessions, map_entry)
			scst_session_notify(sess, event, lun->lun);
}

/**
 * scst_lun_map_init - an empty map
 * @map: the map
 * @tgt: its target
 */
void scst_lun_map_init(struct scst_lun_map *map, struct scst_target *tgt)
{
	map->tgt = tgt;
	xa_init(&map->luns);
	INIT_LIST_HEAD(&map->sessions);
}

/**
 * scst_lun_map_exit - the end of an empty map
 * @map: the map
 */
void scst_lun_map_exit(struct scst_lun_map *map)
{
	xa_destroy(&map->luns);
}

/**
 * scst_map_lun_create - mkdir luns/<N>
 * @map: the map
 * @lun: N
 *
 * Context: process context.
 * Return: the LUN with no device behind it, or an ERR_PTR.
 */
struct scst_map_lun *scst_map_lun_create(struct scst_lun_map *map, u32 lun)
{
	struct scst_map_lun *new = kzalloc(sizeof(*new), GFP_KERNEL);
	int ret;

	if (!new)
		return ERR_PTR(-ENOMEM);
	new->map = map;
	new->lun = lun;
	INIT_LIST_HEAD(&new->dev_entry);
	scst_error_init(&new->error);
	mutex_lock(&scst_config_lock);
	ret = xa_insert(&map->luns, lun, new, GFP_KERNEL);
	mutex_unlock(&scst_config_lock);
	if (!ret)
		return new;
	kfree(new);
	return ERR_PTR(ret == -EBUSY ? -EEXIST : ret);
}

/**
 * scst_map_lun_unpublish - rmdir luns/<N>: the number is free again
 * @lun: the LUN, with no device behind it
 *
 * Context: process context.
 */
void scst_map_lun_unpublish(struct scst_map_lun *lun)
{
	mutex_lock(&scst_config_lock);
	xa_erase(&lun->map->luns, lun->lun);
	mutex_unlock(&scst_config_lock);
}

static int scst_map_lun_check(struct scst_map_lun *lun, struct scst_device *dev)
{
	struct scst_map_lun *other;

	if (lun->dev) {
		scst_error_set(&lun->error, "LUN %u is linked to device %s already",
			       lun->lun, lun->dev->name);
		return -EEXIST;
	}
	list_for_each_entry(other, &dev->map_luns, dev_entry) {
		if (other->map != lun->map)
			continue;
		scst_error_set(&lun->error, "device %s is LUN %u of this map already",
			       dev->name, other->lun);
		return -EEXIST;
	}
	return 0;
}

static void scst_map_lun_unpublish_all(struct scst_map_lun *lun,
				       struct list_head *dead)
{
	struct scst_session *sess;
	struct scst_nexus *nexus;

	list_for_each_entry(sess, &lun->map->sessions, map_entry) {
		nexus = xa_load(&sess->nexuses, lun->lun);
		if (nexus)
			scst_nexus_unpublish(nexus, dead);
	}
}

static void scst_map_lun_notify(struct scst_map_lun *lun, enum scst_event event)
{
	struct scst_session *sess;

	list_for_each_entry(sess, &lun->map->sessions, map_entry)
		scst_session_notify(sess, event, lun->lun);
}

static int scst_map_lun_publish_all(struct scst_map_lun *lun)
{
	struct scst_session *sess;
	int ret;

	list_for_each_entry(sess, &lun->map->sessions, map_entry) {
		ret = scst_nexus_publish(sess, lun);
		if (ret)
			return ret;
	}
	return 0;
}

/**
 * scst_map_lun_link - put a device behind a LUN; all sessions of the map see it
 * @lun: the LUN
 * @dev: the device
 *
 * Context: process context.
 * Return: 0, -EEXIST if either is linked in this map already, -ENOMEM.
 */
int scst_map_lun_link(struct scst_map_lun *lun, struct scst_device *dev)
{
	LIST_HEAD(dead);
	int ret;

	mutex_lock(&scst_config_lock);
	ret = scst_map_lun_check(lun, dev);
	if (ret)
		goto out_unlock;
	lun->dev = dev;
	list_add_tail(&lun->dev_entry, &dev->map_luns);
	ret = scst_map_lun_publish_all(lun);
	if (ret) {
		scst_map_lun_unpublish_all(lun, &dead);
		list_del_init(&lun->dev_entry);
		lun->dev = NULL;
	} else {
		scst_map_lun_notify(lun, SCST_EVENT_LUN_ADDED);
	}
out_unlock:
	mutex_unlock(&scst_config_lock);
	scst_nexus_retire(&dead, 0);
	return ret;
}

/**
 * scst_map_lun_unlink - take the device behind a LUN away
 * @lun: the LUN
 *
 * Returns when all commands on it are done, at the latest a second after the
 * device's drain_ms, when they are aborted.
 *
 * Context: process context without locks; may sleep.
 */
void scst_map_lun_unlink(struct scst_map_lun *lun)
{
	unsigned int drain_ms;
	LIST_HEAD(dead);

	mutex_lock(&scst_config_lock);
	drain_ms = lun->dev->drain_ms;
	scst_map_lun_unpublish_all(lun, &dead);
	scst_map_lun_notify(lun, SCST_EVENT_LUN_REMOVED);
	list_del_init(&lun->dev_entry);
	lun->dev = NULL;
	mutex_unlock(&scst_config_lock);
	scst_nexus_retire(&dead, drain_ms);
}

/**
 * scst_lun_map_attach - a new session sees a map's LUNs
 * @map:  the map
 * @sess: the session
 *
 * Context: process context, under scst_config_lock.
 * Return: 0 or -ENOMEM.
 */
int scst_lun_map_attach(struct scst_lun_map *map, struct scst_session *sess)
{
	struct scst_map_lun *lun;
	unsigned long index;
	LIST_HEAD(dead);
	int ret;

	lockdep_assert_held(&scst_config_lock);
	sess->map = map;
	list_add_tail(&sess->map_entry, &map->sessions);
	xa_for_each(&map->luns, index, lun) {
		ret = lun->dev ? scst_nexus_publish(sess, lun) : 0;
		if (ret)
			goto out_detach;
	}
	return 0;

out_detach:
	/* No command can have seen them. */
	scst_lun_map_detach(sess, &dead);
	while (!list_empty(&dead)) {
		struct scst_nexus *nexus = list_first_entry(&dead, struct scst_nexus,
							    dead_entry);

		list_del(&nexus->dead_entry);
		scst_nexus_free(nexus);
	}
	return ret;
}

/**
 * scst_lun_map_detach - a session sees no LUN any more
 * @sess: the session
 * @dead: its nexuses come here, to be freed when they have no command left
 *
 * Context: process context, under scst_config_lock.
 */
void scst_lun_map_detach(struct scst_session *sess, struct list_head *dead)
{
	struct scst_nexus *nexus;
	unsigned long index;

	lockdep_assert_held(&scst_config_lock);
	list_del_init(&sess->map_entry);
	xa_for_each(&sess->nexuses, index, nexus)
		scst_nexus_unpublish(nexus, dead);
}
