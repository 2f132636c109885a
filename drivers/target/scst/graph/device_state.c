// SPDX-License-Identifier: GPL-2.0
/*
 * A device's states: its backend is opened, lost, and closed when the last task is
 * gone.
 */
#include <linux/export.h>
#include <linux/sizes.h>

#include "cmd/cmd.h"
#include "graph/graph.h"
#include "lu/kinds.h"
#include "lu/lu.h"
#include "observe/observe.h"
#include "task/task.h"
#include "cmd/trace.h"

/*
 * Longest transfer where the handler names none, in bytes. Much longer ones could never
 * get a buffer under the caps of buf.c, and a refusal tells the initiator more than BUSY
 * for ever.
 */
#define SCST_DEFAULT_MAX_TRANSFER	SZ_16M

/**
 * scst_device_is_closed() - whether a device has no open backend
 * @dev: the device
 *
 * Context: process context, under scst_config_lock.
 * Return: whether what is fixed while it is enabled may change.
 */
bool scst_device_is_closed(const struct scst_device *dev)
{
	lockdep_assert_held(&scst_config_lock);
	return !dev->open && !dev->opening;
}

/**
 * __scst_device_check_opening() - whether a device can be changed, or is being opened
 * @dev: the device
 *
 * Context: process context, under scst_config_lock.
 * Return: 0, or -EBUSY with the reason in last_error.
 */
int __scst_device_check_opening(struct scst_device *dev)
{
	lockdep_assert_held(&scst_config_lock);
	if (!dev->opening)
		return 0;
	scst_device_set_error(dev,
			      "the device is being opened: backend or pr_dir has not answered yet");
	return -EBUSY;
}

/**
 * __scst_device_move() - a device enters another state
 * @dev:   the device
 * @state: the state
 *
 * Context: under its lock.
 */
void __scst_device_move(struct scst_device *dev, enum scst_device_state state)
{
	bool was_active = dev->state == SCST_DEV_ACTIVE;

	lockdep_assert_held(&dev->lock);
	trace_scst_device_state(dev, state);
	WRITE_ONCE(dev->state, state);
	if (state == SCST_DEV_ACTIVE)
		__scst_order_start(dev);
	else if (was_active)
		__scst_order_stop(dev);
}

/*
 * It is told only if it is news. The lock is taken in any case: who has had close_work
 * queued lets go of it before the device can be freed.
 */
static void __scst_device_set_state(struct scst_device *dev,
				    enum scst_device_state state)
{
	bool news;

	lockdep_assert_held(&scst_config_lock);
	spin_lock_bh(&dev->lock);
	news = dev->state != state;
	if (news)
		__scst_device_move(dev, state);
	spin_unlock_bh(&dev->lock);
	if (news)
		scst_event_state(dev->sysfs);
}

/* Where a device is that has no open backend. */
static enum scst_device_state __scst_device_closed_state(const struct scst_device *dev)
{
	if (dev->state == SCST_DEV_FAILED)
		return SCST_DEV_FAILED;
	return dev->lost ? SCST_DEV_WAITING : SCST_DEV_IDLE;
}

static void __scst_device_next_generation(struct scst_device *dev)
{
	lockdep_assert_held(&scst_config_lock);
	spin_lock_bh(&dev->lock);
	WRITE_ONCE(dev->generation, dev->generation + 1);
	spin_unlock_bh(&dev->lock);
	wake_up_all(&dev->generation_waitq);
}

static void scst_device_close_work(struct work_struct *work)
{
	struct scst_device *dev = container_of(work, struct scst_device,
					       close_work);

	mutex_lock(&dev->backend_lock);
	dev->handler->close(dev);
	mutex_lock(&scst_config_lock);
	dev->open = false;
	__scst_device_set_state(dev, __scst_device_closed_state(dev));
	scst_device_notify(dev, SCST_EVENT_LUN_CHANGED);
	__scst_device_next_generation(dev);
	mutex_unlock(&scst_config_lock);
	mutex_unlock(&dev->backend_lock);
	scst_stall(SCST_STALL_CLOSED);
	scst_device_put_from_worker(dev);
}

/**
 * scst_device_set_kind() - a device is of a peripheral device type
 * @dev:  the device, closed
 * @type: PERIPHERAL DEVICE TYPE, which there is
 *
 * Context: process context; nobody else knows the device, or under scst_config_lock.
 */
void scst_device_set_kind(struct scst_device *dev, u8 type)
{
	const struct scst_kind *kind = scst_kind_find(type);

	WRITE_ONCE(dev->kind, kind);
	WRITE_ONCE(dev->fifo, kind->fifo);
}

/* The backend may be another one than before. */
static void scst_device_set_params(struct scst_device *dev,
				   const struct scst_device_params *params)
{
	if (params->type != dev->kind->type)
		scst_ua_raise_device(dev, SCST_UA_INQUIRY_CHANGED, NULL);
	if (params->nblocks != dev->params.nblocks ||
	    params->block_size != dev->params.block_size)
		scst_ua_raise_device(dev, SCST_UA_CAPACITY_CHANGED, NULL);
	scst_ua_raise_device(dev, SCST_UA_MEDIUM_CHANGED, NULL);
	scst_device_set_kind(dev, params->type);
	dev->params = *params;
	if (!dev->params.max_transfer)
		dev->params.max_transfer = SCST_DEFAULT_MAX_TRANSFER;
	dev->lost = false;
	WRITE_ONCE(dev->fenced, false);
	scst_mode_reset(dev);
}

/* Worth another try when the backend has come */
static bool scst_backend_is_absent(int err)
{
	return err == -ENOENT || err == -ENODEV || err == -ENXIO;
}

/* From now on nobody changes the device but who opens it. */
static int scst_device_begin_open(struct scst_device *dev)
{
	int ret;

	mutex_lock(&scst_config_lock);
	ret = __scst_device_check_opening(dev);
	if (!ret && dev->open) {
		scst_device_set_error(dev, "the device is %s already",
				      scst_device_state_name(dev));
		ret = -EBUSY;
	}
	if (!ret) {
		dev->opening = true;
		__scst_device_next_generation(dev);
	}
	mutex_unlock(&scst_config_lock);
	return ret;
}

static void __scst_device_opened(struct scst_device *dev,
				 const struct scst_device_params *params)
{
	lockdep_assert_held(&dev->backend_lock);
	scst_device_set_params(dev, params);
	scst_device_get(dev);
	dev->open = true;
	__scst_device_set_state(dev, SCST_DEV_ACTIVE);
	scst_device_notify(dev, SCST_EVENT_LUN_CHANGED);
}

static void scst_device_end_open(struct scst_device *dev,
				 const struct scst_device_params *params, int ret)
{
	mutex_lock(&scst_config_lock);
	dev->opening = false;
	if (!ret)
		__scst_device_opened(dev, params);
	else
		__scst_device_set_state(dev, scst_backend_is_absent(ret) ?
					SCST_DEV_WAITING : SCST_DEV_IDLE);
	mutex_unlock(&scst_config_lock);
}

static void scst_device_cancel_open(struct scst_device *dev)
{
	mutex_lock(&scst_config_lock);
	dev->opening = false;
	mutex_unlock(&scst_config_lock);
}

static int scst_device_check_params(struct scst_device *dev,
				    const struct scst_device_params *params)
{
	const struct scst_kind *kind = scst_kind_find(params->type);

	if (!kind || (dev->handler->block && !kind->blocks)) {
		scst_device_set_error(dev, "%s cannot have a device of type %02xh",
				      dev->handler->name, params->type);
		return -EINVAL;
	}
	if (dev->handler->block && !params->block_size) {
		scst_device_set_error(dev, "%s does not say how large a block is",
				      dev->handler->name);
		return -EINVAL;
	}
	return 0;
}

static int scst_device_call_open(struct scst_device *dev,
				 struct scst_device_params *params)
{
	int ret = dev->handler->open(dev, params);

	if (ret)
		return ret;
	ret = scst_device_check_params(dev, params);
	if (ret)
		dev->handler->close(dev);
	return ret;
}

/* Work that looks at the backend, or at its loss, waits for the lock. */
static int scst_device_open(struct scst_device *dev)
{
	struct scst_device_params params = { .type = dev->handler->type };
	int ret;

	mutex_lock(&dev->backend_lock);
	ret = scst_device_call_open(dev, &params);
	scst_device_end_open(dev, &params, ret);
	mutex_unlock(&dev->backend_lock);
	return ret;
}

/**
 * scst_device_enable() - open the backend and let commands in
 * @dev: the device
 *
 * Backend and pr_dir may let it wait for as long as they like: only the caller waits.
 * To others the device is being opened until then.
 *
 * Context: process context without locks; may sleep.
 * Return: 0, -EBUSY if it is open or being opened, or what the handler says: if that is
 * that there is no backend, the device waits for it from now on.
 */
int scst_device_enable(struct scst_device *dev)
{
	int ret = scst_device_begin_open(dev);

	if (ret)
		return ret;
	ret = scst_pr_restore(dev);
	if (!ret)
		return scst_device_open(dev);
	scst_device_cancel_open(dev);
	return ret;
}

/* Abort what still runs on a device, from whatever session, in that generation of it. */
static void scst_device_abort(struct scst_device *dev, unsigned int generation)
{
	const struct scst_cmd_filter filter = { .dev = dev };

	spin_lock_bh(&dev->lock);
	if (dev->generation == generation)
		__scst_device_abort(dev, &filter, NULL, false);
	spin_unlock_bh(&dev->lock);
}

static bool scst_device_wait_closed(struct scst_device *dev, unsigned int generation,
				    long timeout)
{
	return wait_event_timeout(dev->generation_waitq, READ_ONCE(dev->generation) != generation,
				  timeout);
}

static int scst_device_await_close(struct scst_device *dev, unsigned int generation)
{
	if (scst_device_wait_closed(dev, generation, msecs_to_jiffies(READ_ONCE(dev->drain_ms))))
		return 0;
	scst_device_abort(dev, generation);
	if (scst_device_wait_closed(dev, generation, SCST_ABORT_GRACE))
		return 0;
	scst_device_set_error(dev, "the backend holds commands; the device drains until they end");
	return -ETIMEDOUT;
}

static void __scst_device_drain(struct scst_device *dev)
{
	lockdep_assert_held(&scst_config_lock);
	__scst_device_set_state(dev, SCST_DEV_DRAINING);
}

static void scst_device_lost_work(struct work_struct *work)
{
	struct scst_device *dev = container_of(work, struct scst_device, lost_work);
	unsigned int generation;
	bool lost;

	mutex_lock(&dev->backend_lock);
	mutex_lock(&scst_config_lock);
	generation = dev->generation;
	lost = dev->state == SCST_DEV_ACTIVE && READ_ONCE(dev->lost_generation) == generation;
	if (lost) {
		dev->lost = true;
		__scst_device_drain(dev);
	}
	mutex_unlock(&scst_config_lock);
	mutex_unlock(&dev->backend_lock);
	if (lost && scst_device_await_close(dev, generation))
		scst_device_op_end(dev, "enable", -ETIMEDOUT);
	scst_device_put_from_worker(dev);
}

/**
 * scst_device_lost() - the backend of a device has disappeared
 * @dev: the device
 *
 * Its LUNs stay, not ready: the device waits until it is enabled again, when the
 * backend is back.
 *
 * Context: any.
 */
void scst_device_lost(struct scst_device *dev)
{
	WRITE_ONCE(dev->lost_generation, READ_ONCE(dev->generation));
	scst_device_get(dev);
	if (!queue_work(dev->slow_wq, &dev->lost_work))
		scst_device_put(dev);
}
EXPORT_SYMBOL_GPL(scst_device_lost);

/* Return: 1 if it closes from now on, 0 if it is closed. */
static int __scst_device_begin_close(struct scst_device *dev)
{
	dev->lost = false;
	scst_lost_forget(dev);
	if (dev->open)
		__scst_device_drain(dev);
	else
		__scst_device_set_state(dev, SCST_DEV_IDLE);
	return dev->open;
}

/**
 * scst_device_disable() - let no command in any more and close the backend
 * @dev: the device
 *
 * Commands that still run after drain_ms are aborted. If the backend does not
 * end them even then, it is closed later, when it does.
 *
 * Context: process context without locks; may sleep.
 * Return: 0 when the backend is closed, -ETIMEDOUT, or -EBUSY if it is being opened.
 */
int scst_device_disable(struct scst_device *dev)
{
	unsigned int generation;
	int ret;

	mutex_lock(&scst_config_lock);
	generation = dev->generation;
	ret = __scst_device_check_opening(dev) ?: __scst_device_begin_close(dev);
	mutex_unlock(&scst_config_lock);
	if (ret <= 0)
		return ret;
	ret = scst_device_await_close(dev, generation);
	/* Then nothing of the device's last time pins its handler's module. */
	if (!ret)
		flush_work(&dev->close_work);
	return ret;
}

/**
 * scst_device_state_init() - a new device is idle
 * @dev: the device
 *
 * Context: process context.
 * Return: 0 or -ENOMEM.
 */
int scst_device_state_init(struct scst_device *dev)
{
	dev->params.max_transfer = SCST_DEFAULT_MAX_TRANSFER;
	init_waitqueue_head(&dev->generation_waitq);
	INIT_WORK(&dev->close_work, scst_device_close_work);
	INIT_WORK(&dev->lost_work, scst_device_lost_work);
	return percpu_ref_init(&dev->tasks, scst_order_tasks_gone,
			       PERCPU_REF_INIT_DEAD | PERCPU_REF_ALLOW_REINIT,
			       GFP_KERNEL);
}
