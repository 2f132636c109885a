// SPDX-License-Identifier: GPL-2.0
/*
 * A removable medium: whether there is one, who prevents its removal, and the events of both.
 *
 * The medium is a part of the logical unit, so all initiators see the same. The handler says what
 * lies in the drive. The tray is the core's: a medium that an initiator has ejected lies in the
 * open tray until the tray is closed, or the handler has another medium.
 *
 * Everything here is guarded by the device's lock. A change is one section under it: what an
 * initiator learns of the new medium comes after the unit attention that reports it.
 */
#include <linux/export.h>
#include <linux/jiffies.h>
#include <linux/workqueue.h>

#include "cmd/cmd.h"
#include "lu/kinds.h"
#include "lu/lu.h"
#include "task/task.h"

/* Sessions are notified after this time, jiffies: initiators can move the tray at any rate. */
#define SCST_MEDIUM_DELAY	(HZ / 10)

static scst_sense_t scst_medium_state(bool open, u64 nblocks)
{
	if (open)
		return SCST_SENSE_TRAY_OPEN;
	return nblocks ? SCST_SENSE_NONE : SCST_SENSE_TRAY_CLOSED;
}

/**
 * scst_medium_is_removable() - whether the core has the drive of a device
 * @dev: the device
 *
 * A device that executes whole commands has its own.
 *
 * Context: any.
 * Return: true if the medium is removable, and its state is here.
 */
bool scst_medium_is_removable(const struct scst_device *dev)
{
	return READ_ONCE(dev->kind)->mmc && dev->handler->block;
}

/**
 * scst_medium_sense() - what a command gets that needs the medium
 * @dev: the device
 *
 * Context: any.
 * Return: SCST_SENSE_NONE, also if the medium is not removable; or the sense code.
 */
scst_sense_t scst_medium_sense(const struct scst_device *dev)
{
	if (!scst_medium_is_removable(dev))
		return SCST_SENSE_NONE;
	return scst_medium_state(READ_ONCE(dev->medium.open), READ_ONCE(dev->params.nblocks));
}

/**
 * scst_medium_read() - what is in the drive, also nothing
 * @dev:    the device
 * @medium: result
 *
 * Context: thread or atomic.
 */
void scst_medium_read(struct scst_device *dev, struct scst_medium *medium)
{
	spin_lock_bh(&dev->lock);
	*medium = dev->medium;
	spin_unlock_bh(&dev->lock);
}

/**
 * scst_medium_get() - the medium for a command that needs it
 * @cmd:    a command that is being executed
 * @medium: result
 *
 * If the medium was changed after the unit attentions of the command were checked, the command
 * reports that. So no command finds a medium of which its initiator was not notified.
 *
 * Context: thread or atomic.
 * Return: true; or false, with the status of the command set.
 */
bool scst_medium_get(struct scst_cmd *cmd, struct scst_medium *medium)
{
	scst_sense_t sense;

	scst_medium_read(cmd->dev, medium);
	if (unlikely(scst_ua_is_due(cmd)) && scst_ua_report(cmd, false))
		return false;
	sense = scst_medium_state(medium->open, medium->nblocks);
	if (sense != SCST_SENSE_NONE)
		scst_cmd_set_sense(cmd, sense);
	return sense == SCST_SENSE_NONE;
}

static void __scst_medium_event(struct scst_device *dev, u8 clear, u8 event)
{
	struct scst_nexus *nexus;

	lockdep_assert_held(&dev->lock);
	list_for_each_entry(nexus, &dev->nexuses, dev_entry)
		nexus->media_events = (nexus->media_events & ~clear) | event;
}

/* The last change is reported, not those before it. */
static void __scst_medium_update(struct scst_device *dev, u64 nblocks, bool open)
{
	bool was_there = dev->params.nblocks;
	u64 seen = open ? 0 : nblocks;

	lockdep_assert_held(&dev->lock);
	dev->medium.nblocks = nblocks;
	WRITE_ONCE(dev->medium.open, open);
	WRITE_ONCE(dev->params.nblocks, seen);
	if (seen) {
		__scst_medium_event(dev, SCST_MEDIA_ALL, SCST_MEDIA_NEW);
		__scst_ua_raise_device(dev, SCST_UA_MEDIUM_CHANGED, NULL);
	} else if (was_there) {
		__scst_medium_event(dev, SCST_MEDIA_ALL, SCST_MEDIA_REMOVAL);
	}
	queue_delayed_work(dev->slow_wq, &dev->medium_work, SCST_MEDIUM_DELAY);
}

/**
 * scst_medium_is_locked() - whether an initiator prevents the removal of the medium
 * @dev: the device
 *
 * Context: any.
 * Return: true if so.
 */
bool scst_medium_is_locked(const struct scst_device *dev)
{
	return READ_ONCE(dev->medium.preventers);
}

static void __scst_medium_set_prevents(struct scst_nexus *nexus, bool prevents)
{
	struct scst_device *dev = nexus->dev;

	lockdep_assert_held(&dev->lock);
	WRITE_ONCE(dev->medium.preventers, dev->medium.preventers + prevents - nexus->prevents);
	nexus->prevents = prevents;
}

/**
 * scst_medium_prevent() - carry out PREVENT ALLOW MEDIUM REMOVAL
 * @nexus:   the nexus
 * @prevent: PREVENT
 *
 * Context: thread or atomic.
 */
void scst_medium_prevent(struct scst_nexus *nexus, bool prevent)
{
	spin_lock_bh(&nexus->dev->lock);
	__scst_medium_set_prevents(nexus, prevent && !nexus->retracted);
	spin_unlock_bh(&nexus->dev->lock);
}

/**
 * scst_medium_move_tray() - let an initiator open or close the tray
 * @dev:  the device
 * @open: what it asks for
 *
 * Context: thread or atomic.
 * Return: false if an initiator prevents that.
 */
bool scst_medium_move_tray(struct scst_device *dev, bool open)
{
	bool locked;

	spin_lock_bh(&dev->lock);
	locked = open && !dev->medium.open && scst_medium_is_locked(dev);
	if (!locked && open != dev->medium.open)
		__scst_medium_update(dev, dev->medium.nblocks, open);
	spin_unlock_bh(&dev->lock);
	return !locked;
}

/**
 * scst_medium_take_event() - take the media event that is reported next
 * @nexus:  the nexus
 * @keep:   the event stays pending
 * @status: set to the media status, MMC-6
 *
 * Context: thread or atomic.
 * Return: the event code, 0: no change.
 */
u8 scst_medium_take_event(struct scst_nexus *nexus, bool keep, u8 *status)
{
	struct scst_device *dev = nexus->dev;
	u8 event;

	spin_lock_bh(&dev->lock);
	event = nexus->media_events ? __fls(nexus->media_events) : 0;
	if (!keep)
		nexus->media_events &= ~BIT(event);
	*status = dev->medium.open ? SCST_MEDIA_TRAY_OPEN :
		  dev->medium.nblocks ? SCST_MEDIA_PRESENT : 0;
	spin_unlock_bh(&dev->lock);
	return event;
}

/**
 * __scst_medium_allow() - end a nexus's prevention of removal
 * @nexus: the nexus, which has lost its state or is preempted, SPC-3 6.13
 *
 * Context: under its device's lock.
 */
void __scst_medium_allow(struct scst_nexus *nexus)
{
	__scst_medium_set_prevents(nexus, false);
}

/**
 * __scst_medium_reset() - end all preventions of removal
 * @dev: the device
 *
 * Context: under its lock.
 */
void __scst_medium_reset(struct scst_device *dev)
{
	struct scst_nexus *nexus;

	lockdep_assert_held(&dev->lock);
	list_for_each_entry(nexus, &dev->nexuses, dev_entry)
		__scst_medium_allow(nexus);
}

/**
 * __scst_medium_opened() - the drive of a device that was opened
 * @dev:    the device
 * @params: what the handler has found
 *
 * Context: under its lock.
 */
void __scst_medium_opened(struct scst_device *dev, const struct scst_device_params *params)
{
	lockdep_assert_held(&dev->lock);
	__scst_medium_reset(dev);
	dev->medium.nblocks = params->nblocks;
	dev->medium.id = params->medium;
	WRITE_ONCE(dev->medium.open, false);
	__scst_medium_event(dev, SCST_MEDIA_ALL, params->nblocks ? SCST_MEDIA_NEW : 0);
}

/**
 * scst_device_set_medium() - report that another medium is in the drive
 * @dev:     a device whose medium is removable, open, under scst_device_backend_lock()
 * @nblocks: its capacity in blocks; 0: the drive is empty
 * @medium:  the handler's number of the medium, for cmd->medium
 *
 * The tray is closed afterwards. An initiator that prevents the removal of the medium before gets
 * the event that somebody asks for it.
 *
 * The handler changes its medium after this has returned. Commands that it gets in between are for
 * the new one.
 *
 * Context: thread or atomic.
 * Return: 0, or -EBUSY if an initiator prevents the removal.
 */
int scst_device_set_medium(struct scst_device *dev, u64 nblocks, u32 medium)
{
	int ret = 0;

	spin_lock_bh(&dev->lock);
	if (dev->params.nblocks && scst_medium_is_locked(dev)) {
		__scst_medium_event(dev, 0, SCST_MEDIA_EJECT_REQUEST);
		ret = -EBUSY;
	} else {
		dev->medium.id = medium;
		__scst_medium_update(dev, nblocks, false);
	}
	spin_unlock_bh(&dev->lock);
	return ret;
}
EXPORT_SYMBOL_GPL(scst_device_set_medium);

/**
 * scst_device_set_tray() - open or close the tray, whatever initiators prevent
 * @dev:  a device whose medium is removable, open
 * @open: whether it is to be open
 *
 * Context: thread or atomic.
 */
void scst_device_set_tray(struct scst_device *dev, bool open)
{
	spin_lock_bh(&dev->lock);
	if (open != dev->medium.open)
		__scst_medium_update(dev, dev->medium.nblocks, open);
	spin_unlock_bh(&dev->lock);
}
EXPORT_SYMBOL_GPL(scst_device_set_tray);

/**
 * scst_device_tray_is_open() - whether the tray is open
 * @dev: a device whose medium is removable
 *
 * Context: any.
 * Return: true if so.
 */
bool scst_device_tray_is_open(const struct scst_device *dev)
{
	return READ_ONCE(dev->medium.open);
}
EXPORT_SYMBOL_GPL(scst_device_tray_is_open);
