// SPDX-License-Identifier: GPL-2.0
/*
 * Fencing: a device whose backend does not complete aborted commands in time is fenced, and
 * nothing waits for the backend any more.
 */
#include <linux/jiffies.h>
#include <linux/slab.h>
#include <linux/workqueue.h>

#include "cmd/cmd.h"
#include "cmd/opcode.h"
#include "graph/graph.h"
#include "observe/observe.h"
#include "task/task.h"
#include "cmd/trace.h"

static void scst_device_fence_work(struct work_struct *work)
{
	struct scst_device *dev = container_of(work, struct scst_device, fence_work);

	mutex_lock(&scst_config_lock);
	scst_event_fenced(dev->sysfs);
	scst_device_notify(dev, SCST_EVENT_LUN_CHANGED);
	mutex_unlock(&scst_config_lock);
	scst_device_put(dev);
}

/* Return: true if the device was active. */
static bool __scst_device_fence(struct scst_device *dev)
{
	bool active = dev->state == SCST_DEV_ACTIVE;

	lockdep_assert_held(&dev->lock);
	WRITE_ONCE(dev->fenced, true);
	trace_scst_device_fence(dev);
	if (active)
		__scst_device_move(dev, SCST_DEV_FAILED);
	__scst_device_wake_waiters(dev);
	return active;
}

/**
 * scst_device_fence() - fence a device whose backend holds overdue commands
 * @dev:  the device
 * @sess: session of the commands, or NULL for all sessions
 * @late: selects the overdue commands. If none is left, nothing is fenced: the device may have
 *	  been closed since the caller looked, and even enabled again.
 *
 * New commands fail at once. A command that the backend holds ends when the backend completes
 * it. The backend is closed after the last one, and the device cannot be enabled before that.
 *
 * Context: process context.
 */
void scst_device_fence(struct scst_device *dev, const struct scst_session *sess,
		       const struct scst_cmd_filter *late)
{
	bool fenced, news;

	spin_lock_bh(&dev->lock);
	fenced = __scst_device_find(dev, sess, late);
	news = fenced && __scst_device_fence(dev);
	spin_unlock_bh(&dev->lock);
	if (!fenced)
		return;
	scst_device_set_error(dev, "the backend did not complete aborted commands within %u ms",
			      READ_ONCE(dev->fence_ms));
	scst_device_op_end(dev, "enable", -ETIMEDOUT);
	if (news)
		scst_device_queue(dev, scst_session_wq, &dev->fence_work);
}

/**
 * scst_device_deadline() - the deadline for aborted commands of a device
 * @dev:   the device
 * @start: time of the abort, jiffies
 *
 * Context: any.
 * Return: the deadline, jiffies.
 */
unsigned long scst_device_deadline(const struct scst_device *dev, unsigned long start)
{
	return start + msecs_to_jiffies(READ_ONCE(dev->fence_ms));
}

/* Returns a session that has such a command, with a reference for the caller, or NULL. */
static struct scst_session *scst_device_get_busy(struct scst_device *dev,
						 const struct scst_session *of,
						 const struct scst_cmd_filter *filter)
{
	struct scst_session *sess;

	spin_lock_bh(&dev->lock);
	sess = __scst_device_find(dev, of, filter);
	if (sess)
		scst_session_get(sess);
	spin_unlock_bh(&dev->lock);
	return sess;
}

/*
 * Stop waiting for aborted commands of a device. If the backend holds one of them, the device is
 * fenced. A driver that holds one may still transfer its data. Returns true if none is left.
 */
static bool scst_device_give_up(struct scst_device *dev, const struct scst_session *of,
				struct scst_cmd_filter filter)
{
	bool left;

	filter.hopeful = false;
	filter.backend = true;
	if (!READ_ONCE(dev->fenced))
		scst_device_fence(dev, of, &filter);
	filter.backend = false;
	spin_lock_bh(&dev->lock);
	left = __scst_device_find(dev, of, &filter);
	spin_unlock_bh(&dev->lock);
	return !left;
}

/**
 * scst_device_wait_aborted() - wait until aborted commands of a device cannot touch its medium
 * @dev:      the device
 * @of:       wait only for commands of this session; NULL: of all sessions
 * @wait:     the wait, with a filter for the commands
 * @deadline: when the device is fenced if the backend still holds one of them, jiffies
 *
 * An aborted command that is not with the backend never gets there.
 *
 * Context: the waiter's work, which returns on SCST_WAIT_MORE.
 * Return: SCST_WAIT_MORE if the work will run again, else SCST_WAIT_LATE if such a command is left,
 * or SCST_WAIT_GONE.
 */
enum scst_wait scst_device_wait_aborted(struct scst_device *dev, const struct scst_session *of,
					struct scst_abort_wait *wait, unsigned long deadline)
{
	enum scst_wait state = SCST_WAIT_GONE;
	struct scst_session *sess;

	while (state == SCST_WAIT_GONE && (sess = scst_device_get_busy(dev, of, &wait->filter))) {
		state = scst_abort_wait_session(wait, sess, deadline, !of);
		scst_session_put(sess);
	}
	if (state == SCST_WAIT_MORE)
		return state;
	if ((state == SCST_WAIT_LATE || READ_ONCE(dev->fenced)) &&
	    !scst_device_give_up(dev, of, wait->filter))
		return SCST_WAIT_LATE;
	return SCST_WAIT_GONE;
}

/* A command that waits for those that it has aborted */
struct scst_cmd_wait {
	struct scst_abort_wait wait;
	struct scst_cmd *cmd;
	unsigned long deadline;
};

static void scst_cmd_wait_work(struct work_struct *work)
{
	struct scst_cmd_wait *run = container_of(to_delayed_work(work), struct scst_cmd_wait,
						 wait.waiter.work);
	struct scst_cmd *cmd = run->cmd;

	if (scst_device_wait_aborted(cmd->dev, NULL, &run->wait, run->deadline) == SCST_WAIT_MORE)
		return;
	scst_abort_wait_stop(&run->wait);
	kfree(run);
	scst_cmd_run(cmd, SCST_STAGE_COMPLETE, SCST_CTX_THREAD);
}

/**
 * scst_cmd_wait_aborted() - let a command wait for the commands that it has aborted
 * @cmd: the command, with SCST_CMD_WAITS set
 *
 * Context: process context.
 * Return: SCST_STAGE_OWNED.
 */
enum scst_stage scst_cmd_wait_aborted(struct scst_cmd *cmd)
{
	/* The command has taken effect and cannot fail any more. */
	struct scst_cmd_wait *run = kzalloc(sizeof(*run), GFP_NOIO | __GFP_NOFAIL);

	/* If two commands begin to wait, one sees the other's flag: see scst_cmd_may_touch(). */
	smp_mb();
	run->cmd = cmd;
	run->deadline = scst_device_deadline(cmd->dev, jiffies);
	run->wait.filter = (struct scst_cmd_filter) {
		.dev = cmd->dev, .except = cmd, .unanswered = true, .aborted = true,
		.hopeful = true, .serial = scst_abort_serial(),
	};
	INIT_DELAYED_WORK(&run->wait.waiter.work, scst_cmd_wait_work);
	scst_abort_wait_init(&run->wait, cmd->dev->slow_wq);
	scst_waiter_start(&run->wait.waiter);
	return SCST_STAGE_OWNED;
}

/**
 * scst_device_fence_init() - initialize the fencing of a new device
 * @dev: the device
 */
void scst_device_fence_init(struct scst_device *dev)
{
	INIT_WORK(&dev->fence_work, scst_device_fence_work);
}
