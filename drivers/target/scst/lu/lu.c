// SPDX-License-Identifier: GPL-2.0
/*
 * The logical unit as a whole: what joins it and leaves it, and what sets it to a known state.
 *
 * Each of these events is one section under the device's lock, so that no command sees a part of
 * it: not a unit attention without the reset that it reports.
 */
#include <linux/sizes.h>

#include "lu/kinds.h"
#include "lu/lu.h"
#include "task/task.h"

/*
 * Longest transfer, in bytes, if the handler sets no limit. Much longer transfers would never get
 * a buffer under the limits of buf.c. An error tells the initiator more than BUSY for ever.
 */
#define SCST_DEFAULT_MAX_TRANSFER	SZ_16M

/**
 * __scst_lu_join() - let a nexus join
 * @nexus: the nexus, on its device's list
 *
 * Context: under the device's lock.
 */
void __scst_lu_join(struct scst_nexus *nexus)
{
	scst_reserve_join(nexus);
	__scst_lost_join(nexus);
}

/**
 * __scst_lu_leave() - let a nexus leave
 * @nexus: the nexus, for which no commands arrive any more
 *
 * Its persistent reservation stays.
 *
 * Context: under the device's lock.
 */
void __scst_lu_leave(struct scst_nexus *nexus)
{
	scst_reserve_lost(nexus);
	__scst_lost_leave(nexus);
	__scst_aca_clear(nexus);
	__scst_medium_allow(nexus);
}

/**
 * scst_lu_nexus_loss() - carry out an I_T nexus loss, SAM-5 6.3.4
 * @nexus: the nexus, which stays
 *
 * Context: thread or atomic.
 */
void scst_lu_nexus_loss(struct scst_nexus *nexus)
{
	spin_lock_bh(&nexus->dev->lock);
	scst_ua_raise(nexus, SCST_UA_NEXUS_LOSS);
	scst_reserve_lost(nexus);
	__scst_aca_clear(nexus);
	__scst_medium_allow(nexus);
	spin_unlock_bh(&nexus->dev->lock);
}

/**
 * scst_lu_reset() - carry out a logical unit reset, SAM-5 6.3.3, except for its commands
 * @dev: the device
 * @ua:  the condition that reports the reset to each nexus
 *
 * Context: thread or atomic.
 */
void scst_lu_reset(struct scst_device *dev, scst_sense_t ua)
{
	spin_lock_bh(&dev->lock);
	__scst_ua_raise_device(dev, ua, NULL);
	__scst_mode_reset(dev);
	scst_reserve_set(dev, NULL);
	__scst_aca_clear_all(dev);
	__scst_medium_reset(dev);
	spin_unlock_bh(&dev->lock);
}

static void scst_lu_set_kind(struct scst_device *dev, u8 type)
{
	const struct scst_kind *kind = scst_kind_find(type);

	WRITE_ONCE(dev->kind, kind);
	WRITE_ONCE(dev->fifo, kind->fifo);
}

/**
 * scst_lu_init() - set the type of a new device, and the parameters it has until it is opened
 * @dev:  the device, unpublished
 * @type: PERIPHERAL DEVICE TYPE that kinds.c has
 */
void scst_lu_init(struct scst_device *dev, u8 type)
{
	scst_lu_set_kind(dev, type);
	dev->params.max_transfer = SCST_DEFAULT_MAX_TRANSFER;
}

/*
 * The backend may not be the one that was open before: unit attentions report that. A removable
 * medium may have another capacity each time.
 */
static void __scst_lu_report_changes(struct scst_device *dev,
				     const struct scst_device_params *params)
{
	if (params->type != dev->kind->type)
		__scst_ua_raise_device(dev, SCST_UA_INQUIRY_CHANGED, NULL);
	if (scst_medium_is_removable(dev)) {
		if (params->nblocks)
			__scst_ua_raise_device(dev, SCST_UA_MEDIUM_CHANGED, NULL);
		return;
	}
	if (params->nblocks != dev->params.nblocks || params->block_size != dev->params.block_size)
		__scst_ua_raise_device(dev, SCST_UA_CAPACITY_CHANGED, NULL);
	__scst_ua_raise_device(dev, SCST_UA_MEDIUM_CHANGED, NULL);
}

/* A limit that the handler has left to the core. A handler may fill in what it does not have. */
static void scst_lu_complete_params(const struct scst_device *dev,
				    struct scst_device_params *params)
{
	const struct scst_block_ops *ops = dev->handler->block;

	if (!params->max_transfer)
		params->max_transfer = SCST_DEFAULT_MAX_TRANSFER;
	params->thin = params->thin && ops && ops->unmap;
	params->reads_zeroes = params->reads_zeroes && params->thin;
	if (!params->unmap_granularity)
		params->unmap_granularity = 1;
}

/**
 * scst_lu_opened() - take over the parameters of an opened backend
 * @dev:    the device, which is not active yet
 * @params: the parameters
 *
 * Context: process context, under scst_config_lock.
 */
void scst_lu_opened(struct scst_device *dev, const struct scst_device_params *params)
{
	lockdep_assert_held(&scst_config_lock);
	spin_lock_bh(&dev->lock);
	__scst_lu_report_changes(dev, params);
	scst_lu_set_kind(dev, params->type);
	dev->params = *params;
	scst_lu_complete_params(dev, &dev->params);
	if (scst_medium_is_removable(dev))
		__scst_medium_opened(dev, params);
	__scst_mode_reset(dev);
	spin_unlock_bh(&dev->lock);
}
