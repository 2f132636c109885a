// SPDX-License-Identifier: GPL-2.0
/*
 * LUN maps: the devices that initiators see, and their LUNs.
 *
 * A map belongs to the configuration. The command path uses only the xarray of I_T_L nexuses of
 * each session, which this file keeps in step with the map.
 */
#include <linux/slab.h>

#include "graph/graph.h"
#include "lu/lu.h"
#include "observe/observe.h"
#include "task/task.h"

/**
 * scst_lun_map_init() - initialize an empty map
 * @map:   the map
 * @tgt:   its target
 * @grp:   its group of initiators; NULL: the default map
 * @error: last_error for operations on the map
 */
void scst_lun_map_init(struct scst_lun_map *map, struct scst_target *tgt,
		       struct scst_group *grp, struct scst_error *error)
{
	map->tgt = tgt;
	map->grp = grp;
	map->error = error;
	xa_init(&map->luns);
	INIT_LIST_HEAD(&map->sessions);
}

/**
 * scst_lun_map_exit() - undo scst_lun_map_init(); the map is empty
 * @map: the map
 */
void scst_lun_map_exit(struct scst_lun_map *map)
{
	xa_destroy(&map->luns);
}

/**
 * scst_map_lun_create() - mkdir luns/<N>
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
 * scst_map_lun_unpublish() - rmdir luns/<N>: the number is free again
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

/**
 * scst_map_lun_set_read_only() - allow or forbid writes through a LUN
 * @lun:       the LUN
 * @read_only: true: writes are refused
 *
 * Context: process context.
 */
void scst_map_lun_set_read_only(struct scst_map_lun *lun, bool read_only)
{
	struct scst_session *sess;
	struct scst_nexus *nexus;

	mutex_lock(&scst_config_lock);
	lun->read_only = read_only;
	list_for_each_entry(sess, &lun->map->sessions, map_entry) {
		nexus = xa_load(&sess->nexuses, lun->lun);
		if (nexus && scst_nexus_set_read_only(nexus, read_only))
			scst_session_notify(sess, SCST_EVENT_LUN_CHANGED, lun->lun);
	}
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

static void scst_lun_identity_of(const struct scst_device *dev, struct scst_lun_identity *id)
{
	lockdep_assert_held(&scst_config_lock);
	memcpy(id->naa_id, dev->id.naa_id, sizeof(id->naa_id));
	id->nblocks = dev->params.nblocks;
	id->block_size = dev->params.block_size;
}

static void scst_nexus_replaced(struct scst_nexus *nexus, const struct scst_lun_identity *before)
{
	struct scst_lun_identity now;

	scst_lun_identity_of(nexus->dev, &now);
	scst_ua_replaced(nexus, &now, before);
}

static void scst_map_lun_attach_dev(struct scst_map_lun *lun, struct scst_device *dev)
{
	lun->dev = dev;
	list_add_tail(&lun->dev_entry, &dev->map_luns);
}

/* The LUN keeps the identity of its old device, to compare it with that of a new one. */
static void scst_map_lun_detach_dev(struct scst_map_lun *lun)
{
	scst_lun_identity_of(lun->dev, &lun->before);
	list_del_init(&lun->dev_entry);
	lun->dev = NULL;
}

static void scst_map_lun_publish(struct scst_map_lun *lun, struct list_head *fresh)
{
	struct scst_nexus *nexus, *next;
	LIST_HEAD(none);

	list_for_each_entry_safe(nexus, next, fresh, change_entry) {
		if (scst_naa_len(lun->before.naa_id))
			scst_nexus_replaced(nexus, &lun->before);
		scst_nexus_publish(nexus, &none);
		scst_session_notify(nexus->sess, SCST_EVENT_LUN_ADDED, lun->lun);
	}
}

static int __scst_map_lun_link(struct scst_map_lun *lun, struct scst_device *dev)
{
	struct scst_session *sess;
	LIST_HEAD(fresh);
	int ret = scst_map_lun_check(lun, dev);

	if (ret)
		return ret;
	scst_map_lun_attach_dev(lun, dev);
	list_for_each_entry(sess, &lun->map->sessions, map_entry) {
		ret = scst_nexus_prepare(sess, lun, &fresh);
		if (ret)
			goto out_cancel;
	}
	scst_map_lun_publish(lun, &fresh);
	return 0;

out_cancel:
	scst_error_set(&lun->error, "out of memory");
	scst_nexus_cancel(&fresh);
	list_del_init(&lun->dev_entry);
	lun->dev = NULL;
	return ret;
}

/**
 * scst_map_lun_link() - link a device to a LUN; all sessions of the map see it
 * @lun: the LUN
 * @dev: the device
 *
 * Context: process context.
 * Return: 0, -EEXIST if either is linked in this map already, -ENOMEM.
 */
int scst_map_lun_link(struct scst_map_lun *lun, struct scst_device *dev)
{
	int ret;

	mutex_lock(&scst_config_lock);
	ret = __scst_map_lun_link(lun, dev);
	mutex_unlock(&scst_config_lock);
	return ret;
}

/**
 * scst_map_lun_unlink() - unlink the device of a LUN
 * @lun: the LUN
 *
 * Commands that are in flight after the device's drain_ms are aborted. The function returns when
 * all commands have ended, at the latest SCST_ABORT_GRACE after the abort.
 *
 * Context: process context without locks; may sleep.
 */
void scst_map_lun_unlink(struct scst_map_lun *lun)
{
	struct scst_session *sess;
	struct scst_nexus *nexus;
	LIST_HEAD(dead);

	mutex_lock(&scst_config_lock);
	list_for_each_entry(sess, &lun->map->sessions, map_entry) {
		nexus = xa_load(&sess->nexuses, lun->lun);
		if (!nexus)
			continue;
		scst_nexus_unpublish(nexus, &dead);
		scst_session_notify(sess, SCST_EVENT_LUN_REMOVED, lun->lun);
	}
	scst_map_lun_detach_dev(lun);
	mutex_unlock(&scst_config_lock);
	scst_nexus_retire(&dead);
}

/* The LUN of @map that has the LUN and the device of a nexus, or NULL */
static struct scst_map_lun *scst_nexus_stays(struct scst_lun_map *map,
					     const struct scst_nexus *nexus)
{
	struct scst_map_lun *lun = xa_load(&map->luns, nexus->lun);

	return lun && lun->dev == nexus->dev ? lun : NULL;
}

/**
 * scst_session_prepare_map() - allocate a session's nexuses for a map, so that a move cannot fail
 * @sess:  the session
 * @map:   the map
 * @fresh: list that gets the nexuses that the session lacks
 *
 * Context: process context, under scst_config_lock.
 * Return: 0 or -ENOMEM.
 */
int scst_session_prepare_map(struct scst_session *sess, struct scst_lun_map *map,
			     struct list_head *fresh)
{
	struct scst_map_lun *lun;
	unsigned long index;
	int ret;

	lockdep_assert_held(&scst_config_lock);
	xa_for_each(&map->luns, index, lun) {
		struct scst_nexus *nexus = xa_load(&sess->nexuses, index);

		if (!lun->dev || (nexus && nexus->dev == lun->dev))
			continue;
		ret = scst_nexus_prepare(sess, lun, fresh);
		if (ret)
			return ret;
	}
	return 0;
}

/* The nexus that a new one will replace, or NULL. The new one gets its unit attentions here. */
static struct scst_nexus *scst_nexus_replaces(struct scst_nexus *nexus)
{
	struct scst_nexus *old = xa_load(&nexus->sess->nexuses, nexus->lun);
	struct scst_lun_identity before;

	if (!old)
		return NULL;
	scst_lun_identity_of(old->dev, &before);
	scst_nexus_replaced(nexus, &before);
	return old;
}

/**
 * scst_session_publish() - publish prepared nexuses and notify their sessions
 * @fresh: the nexuses; empty on return
 * @dead:  list that gets the nexuses that they replace
 *
 * Context: process context, under scst_config_lock.
 */
void scst_session_publish(struct list_head *fresh, struct list_head *dead)
{
	struct scst_nexus *nexus, *next, *old;

	list_for_each_entry_safe(nexus, next, fresh, change_entry) {
		old = scst_nexus_replaces(nexus);
		scst_nexus_publish(nexus, dead);
		if (old)
			scst_session_notify(nexus->sess, SCST_EVENT_LUN_REMOVED, nexus->lun);
		scst_session_notify(nexus->sess, SCST_EVENT_LUN_ADDED, nexus->lun);
	}
}

/**
 * scst_session_set_map() - move a session to another map
 * @sess: the session; the nexuses that it lacked are published already
 * @map:  the map
 * @dead: list that gets the nexuses that the session loses
 *
 * Context: process context, under scst_config_lock.
 */
void scst_session_set_map(struct scst_session *sess, struct scst_lun_map *map,
			  struct list_head *dead)
{
	struct scst_nexus *nexus;
	unsigned long index;

	lockdep_assert_held(&scst_config_lock);
	sess->map = map;
	list_move_tail(&sess->map_entry, &map->sessions);
	xa_for_each(&sess->nexuses, index, nexus) {
		struct scst_map_lun *lun = scst_nexus_stays(map, nexus);

		if (!lun) {
			scst_nexus_unpublish(nexus, dead);
			scst_session_notify(sess, SCST_EVENT_LUN_REMOVED, index);
		} else if (scst_nexus_set_read_only(nexus, lun->read_only)) {
			scst_session_notify(sess, SCST_EVENT_LUN_CHANGED, index);
		}
	}
}

/**
 * scst_lun_map_attach() - give a new session the LUNs of a map
 * @map:  the map
 * @sess: the session
 *
 * Context: process context, under scst_config_lock.
 * Return: 0 or -ENOMEM.
 */
int scst_lun_map_attach(struct scst_lun_map *map, struct scst_session *sess)
{
	struct scst_nexus *nexus, *next;
	LIST_HEAD(fresh);
	LIST_HEAD(none);
	int ret = scst_session_prepare_map(sess, map, &fresh);

	if (ret) {
		scst_nexus_cancel(&fresh);
		return ret;
	}
	list_for_each_entry_safe(nexus, next, &fresh, change_entry)
		scst_nexus_publish(nexus, &none);
	sess->map = map;
	list_add_tail(&sess->map_entry, &map->sessions);
	return 0;
}

/**
 * scst_lun_map_detach() - take all LUNs from a session
 * @sess: the session
 * @dead: list that gets its nexuses, which are freed after their commands
 *
 * Context: process context, under scst_config_lock.
 */
void scst_lun_map_detach(struct scst_session *sess, struct list_head *dead)
{
	struct scst_nexus *nexus;
	unsigned long index;

	lockdep_assert_held(&scst_config_lock);
	sess->map = NULL;
	list_del_init(&sess->map_entry);
	xa_for_each(&sess->nexuses, index, nexus)
		scst_nexus_unpublish(nexus, dead);
}
