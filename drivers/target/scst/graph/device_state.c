// SPDX-License-Identifier: GPL-2.0
/*
 * The states of a device: its backend is opened, may be lost, and is closed when the last
 * command that uses it has completed.
 */
#include <linux/export.h>
#include <linux/fs_struct.h>

#include "cmd/cmd.h"
#include "graph/graph.h"
#include "lu/kinds.h"
#include "lu/lu.h"
#include "observe/observe.h"
#include "task/task.h"
#include "cmd/trace.h"

/**
 * scst_device_is_closed() - whether a device has no open backend
 * @dev: the device
 *
 * Context: process context, under scst_config_lock.
 * Return: true if the backend is neither open nor being opened, so that settings that are fixed
 * while the device is enabled may change.
 */
bool scst_device_is_closed(const struct scst_device *dev)
{
	lockdep_assert_held(&scst_config_lock);
	return !dev->open && !dev->opening;
}

/**
 * __scst_device_check_opening() - check that a device is not being opened
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
 * __scst_device_move() - change the state of a device
 * @dev:   the device
 * @state: the new state
 *
 * Context: under the device's lock.
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
 * The uevent is sent only if the state changes. The lock is taken in any case: the task that
 * queued close_work holds it, and must release it before the device can be freed.
 */
static void __scst_device_set_state(struct scst_device *dev, enum scst_device_state state)
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

/* The state of a device without an open backend */
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
	struct scst_device *dev = container_of(work, struct scst_device, close_work);

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

/* Errors of open() after which the device waits for its backend */
static bool scst_backend_is_absent(int err)
{
	return err == -ENOENT || err == -ENODEV || err == -ENXIO;
}

/* From here on only the opener changes the device: see __scst_device_check_opening(). */
static void __scst_device_start_opening(struct scst_device *dev)
{
	lockdep_assert_held(&scst_config_lock);
	dev->opening = true;
	__scst_device_next_generation(dev);
}

static int scst_device_begin_open(struct scst_device *dev)
{
	int ret;

	mutex_lock(&scst_config_lock);
	ret = __scst_device_check_opening(dev);
	if (!ret && dev->open) {
		scst_device_set_error(dev, "the device is %s already", scst_device_state_name(dev));
		ret = -EBUSY;
	}
	if (!ret)
		__scst_device_start_opening(dev);
	mutex_unlock(&scst_config_lock);
	return ret;
}

/* Returns whether the device still waits. The administrator may have ended that. */
static bool scst_device_begin_reopen(struct scst_device *dev)
{
	bool waits;

	mutex_lock(&scst_config_lock);
	waits = dev->state == SCST_DEV_WAITING && !dev->opening && !dev->open && !dev->removed;
	if (waits)
		__scst_device_start_opening(dev);
	mutex_unlock(&scst_config_lock);
	return waits;
}

static void __scst_device_opened(struct scst_device *dev, const struct scst_device_params *params)
{
	lockdep_assert_held(&dev->backend_lock);
	scst_lu_opened(dev, params);
	scst_device_get(dev);
	dev->lost = false;
	WRITE_ONCE(dev->fenced, false);
	dev->open = true;
	__scst_device_set_state(dev, SCST_DEV_ACTIVE);
	scst_device_notify(dev, SCST_EVENT_LUN_CHANGED);
}

/*
 * Returns false if the device was removed meanwhile: a worker that opens it by itself keeps nobody
 * from that.
 */
static bool scst_device_end_open(struct scst_device *dev, const struct scst_device_params *params,
				 int ret, bool waiting)
{
	bool removed;

	mutex_lock(&scst_config_lock);
	dev->opening = false;
	removed = dev->removed;
	if (!removed && !ret)
		__scst_device_opened(dev, params);
	else if (!removed && (waiting || scst_backend_is_absent(ret)))
		__scst_device_set_state(dev, SCST_DEV_WAITING);
	else
		__scst_device_set_state(dev, SCST_DEV_IDLE);
	if (dev->state != SCST_DEV_IDLE)
		scst_device_watch_start(dev);
	mutex_unlock(&scst_config_lock);
	return !removed;
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
		scst_device_set_error(dev, "handler %s: devices of type %02xh are not supported",
				      dev->handler->name, params->type);
		return -EINVAL;
	}
	if (dev->handler->block && !params->block_size) {
		scst_device_set_error(dev, "handler %s reports no block size",
				      dev->handler->name);
		return -EINVAL;
	}
	return 0;
}

static int scst_device_call_open(struct scst_device *dev, struct scst_device_params *params)
{
	int ret = dev->handler->open(dev, params);

	if (ret)
		return ret;
	ret = scst_device_check_params(dev, params);
	if (ret)
		dev->handler->close(dev);
	return ret;
}

/*
 * resize_work, reset_work and lost_work wait for backend_lock until the backend is open. @waiting:
 * whatever the error is, the device goes on waiting.
 */
static int scst_device_open(struct scst_device *dev, bool waiting)
{
	struct scst_device_params params = { .type = dev->handler->type };
	int ret;

	mutex_lock(&dev->backend_lock);
	ret = scst_device_call_open(dev, &params);
	if (!scst_device_end_open(dev, &params, ret, waiting) && !ret)
		dev->handler->close(dev);
	mutex_unlock(&dev->backend_lock);
	return ret;
}

/**
 * scst_device_enable() - open the backend and admit commands
 * @dev: the device
 *
 * The backend and pr_dir may block the call without limit. Only the caller waits: other changes
 * of the device fail with -EBUSY meanwhile.
 *
 * Context: process context without locks; may sleep.
 * Return: 0, -EBUSY if the device is open or being opened, or an errno of pr_dir or the handler.
 * After -ENOENT, -ENODEV or -ENXIO of the handler the device waits for its backend.
 */
int scst_device_enable(struct scst_device *dev)
{
	int ret = scst_device_begin_open(dev);

	if (ret)
		return ret;
	ret = scst_pr_restore(dev);
	if (!ret)
		return scst_device_open(dev, false);
	scst_device_cancel_open(dev);
	return ret;
}

/**
 * scst_device_reopen() - enable a device that waits for its backend
 * @dev: the device
 *
 * After an error the device waits on, and last_error says why. Nothing is done if the device does
 * not wait any more.
 *
 * Context: a worker of the device's slow_wq, without locks.
 */
void scst_device_reopen(struct scst_device *dev)
{
	int ret;

	if (!scst_device_begin_reopen(dev))
		return;
	ret = scst_pr_restore(dev);
	if (ret)
		scst_device_cancel_open(dev);
	else
		scoped_with_init_fs() {
			ret = scst_device_open(dev, true);
		}
	scst_device_op_end(dev, "enable", ret);
}

/* Abort the commands of all sessions on a device, if its generation has not changed. */
static void scst_device_abort(struct scst_device *dev, unsigned int generation)
{
	const struct scst_cmd_filter filter = { .dev = dev };

	spin_lock_bh(&dev->lock);
	if (dev->generation == generation)
		__scst_device_abort(dev, &filter, NULL, false);
	spin_unlock_bh(&dev->lock);
}

static bool scst_device_wait_closed(struct scst_device *dev, unsigned int generation, long timeout)
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
	scst_device_set_error(dev, "commands are in flight in the backend; the device is draining");
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
 * scst_device_lost() - report that the backend of a device has disappeared
 * @dev: the device
 *
 * The LUNs of the device stay, and are not ready. The device waits until it is enabled again,
 * after the backend is back: by the administrator, or by the core if the handler has is_back().
 *
 * Context: any.
 */
void scst_device_lost(struct scst_device *dev)
{
	WRITE_ONCE(dev->lost_generation, READ_ONCE(dev->generation));
	scst_device_queue(dev, dev->slow_wq, &dev->lost_work);
}
EXPORT_SYMBOL_GPL(scst_device_lost);

/* Return: 1 if the backend is open, and drains from here on; 0 if it is closed. */
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
 * scst_device_disable() - admit no more commands and close the backend
 * @dev: the device
 *
 * Commands that are in flight after drain_ms are aborted. If the backend holds some of them for
 * SCST_ABORT_GRACE after that, it is closed later, when they end.
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
	if (ret < 0)
		return ret;
	scst_device_watch_stop(dev);
	if (!ret)
		return 0;
	ret = scst_device_await_close(dev, generation);
	/* After this close_work has released its reference, which pins the handler's module. */
	if (!ret)
		flush_work(&dev->close_work);
	return ret;
}

/**
 * scst_device_state_init() - initialize the state of a new device: idle
 * @dev: the device
 *
 * Context: process context.
 * Return: 0 or -ENOMEM.
 */
int scst_device_state_init(struct scst_device *dev)
{
	init_waitqueue_head(&dev->generation_waitq);
	INIT_WORK(&dev->close_work, scst_device_close_work);
	INIT_WORK(&dev->lost_work, scst_device_lost_work);
	return percpu_ref_init(&dev->tasks, scst_order_tasks_gone,
			       PERCPU_REF_INIT_DEAD | PERCPU_REF_ALLOW_REINIT, GFP_KERNEL);
}
