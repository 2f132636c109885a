// SPDX-License-Identifier: GPL-2.0
/*
 * Notification of sessions about changes of the LUNs that they see.
 */
#include <linux/lockdep.h>

#include "graph/graph.h"
#include "observe/observe.h"
#include "task/task.h"

/**
 * scst_session_notify() - notify a session of a change of a LUN
 * @sess:  the session
 * @event: the change
 * @lun:   the LUN
 *
 * Context: process context, under scst_config_lock.
 */
void scst_session_notify(struct scst_session *sess, enum scst_event event, u32 lun)
{
	lockdep_assert_held(&scst_config_lock);
	if (event != SCST_EVENT_LUN_CHANGED)
		scst_ua_raise_luns(sess);
	else
		scst_event_lun(xa_load(&sess->nexuses, lun), event);
	if (sess->tgt->ops->event)
		sess->tgt->ops->event(sess, event, lun);
}

/**
 * scst_device_notify() - notify all sessions that see a device of a change
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
