// SPDX-License-Identifier: GPL-2.0
/*
 * uevents, for udev rules.
 *
 * Devices, targets and sessions are added and removed with the events of their class. All other
 * changes are change events with SCST_EVENT. Events of configuration are emitted in the context of
 * the change. Events that initiators cause may happen in any context: they are rate-limited and
 * emitted from a work item.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/device.h>
#include <linux/export.h>
#include <linux/kobject.h>
#include <linux/ratelimit.h>
#include <linux/rcupdate.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>

#include "cmd/cmd.h"
#include "observe/observe.h"

/*
 * The number of events that initiators of a target may cause in each interval. The limit is the
 * target's because an initiator may have any number of sessions.
 */
#define SCST_EVENT_BURST	20
#define SCST_EVENT_INTERVAL	(2 * HZ)

/* Failures of initiators, which are lines in the kernel's log as well */
#define SCST_FAILURE_BURST	10
#define SCST_FAILURE_INTERVAL	(5 * HZ)

/* Variables */

int scst_event_device_vars(SCST_CONST_CLASS struct device *dev, struct kobj_uevent_env *env)
{
	const struct scst_device *device = dev_get_drvdata(dev);

	return add_uevent_var(env, "SCST_DEVICE=%s", device->name) ?:
	       add_uevent_var(env, "SCST_HANDLER=%s", device->handler->name) ?:
	       add_uevent_var(env, "SCST_STATE=%s", scst_device_state_name(device));
}

int scst_event_target_vars(SCST_CONST_CLASS struct device *dev, struct kobj_uevent_env *env)
{
	const struct scst_target *tgt = dev_get_drvdata(dev);

	return add_uevent_var(env, "SCST_DRIVER=%s", tgt->ops->name) ?:
	       add_uevent_var(env, "SCST_TARGET=%s", tgt->name) ?:
	       add_uevent_var(env, "SCST_STATE=%s", scst_target_state_name(tgt));
}

int scst_event_session_vars(SCST_CONST_CLASS struct device *dev, struct kobj_uevent_env *env)
{
	const struct scst_session *sess = dev_get_drvdata(dev);

	return add_uevent_var(env, "SCST_DRIVER=%s", sess->tgt->ops->name) ?:
	       add_uevent_var(env, "SCST_TARGET=%s", sess->tgt->name) ?:
	       add_uevent_var(env, "SCST_INITIATOR=%*pE",
			      scst_session_name_len(sess), sess->initiator) ?:
	       add_uevent_var(env, "SCST_STATE=%s", scst_session_state_name(sess));
}

static int scst_event_lun_vars(struct kobj_uevent_env *env, const struct scst_nexus *nexus)
{
	return add_uevent_var(env, "SCST_LUN=%u", nexus->lun) ?:
	       add_uevent_var(env, "SCST_DEVICE=%s", nexus->dev->name) ?:
	       add_uevent_var(env, "SCST_HANDLER=%s", nexus->dev->handler->name);
}

/* No I/O for memory: reclaim may need a disk that this machine exports to itself. */
static void scst_event_emit(struct device *dev, char *vars[])
{
	unsigned int flags = memalloc_noio_save();

	kobject_uevent_env(&dev->kobj, KOBJ_CHANGE, vars);
	memalloc_noio_restore(flags);
}

/* Events of configuration */

/**
 * scst_event_state() - emit a change of an object's state
 * @dev: the object's sysfs device, or NULL
 *
 * Context: process context, under scst_config_lock.
 */
void scst_event_state(struct device *dev)
{
	char *vars[2] = { "SCST_EVENT=state" };

	lockdep_assert_held(&scst_config_lock);
	if (dev)
		scst_event_emit(dev, vars);
}

/**
 * scst_event_fenced() - emit the failure of a device whose backend did not answer in time
 * @dev: the device's sysfs device, or NULL
 *
 * Context: process context, under scst_config_lock.
 */
void scst_event_fenced(struct device *dev)
{
	char *vars[3] = { "SCST_EVENT=state", "SCST_REASON=backend-timeout" };

	lockdep_assert_held(&scst_config_lock);
	if (dev)
		scst_event_emit(dev, vars);
}

/**
 * scst_event_lun() - emit a change of a LUN that a session sees
 * @nexus: the nexus of the LUN; NULL: nothing is emitted
 * @event: the change
 *
 * LUNs that are added and removed together with their session cause no event.
 *
 * Context: process context, under scst_config_lock.
 */
void scst_event_lun(const struct scst_nexus *nexus, enum scst_event event)
{
	static const char *const names[] = {
		[SCST_EVENT_LUN_ADDED]	 = "lun-add",
		[SCST_EVENT_LUN_REMOVED] = "lun-remove",
		[SCST_EVENT_LUN_CHANGED] = "lun-change",
	};
	struct kobj_uevent_env *env;

	lockdep_assert_held(&scst_config_lock);
	if (!nexus || !nexus->sess->map)
		return;
	env = kzalloc_obj(*env);
	if (env && !add_uevent_var(env, "SCST_EVENT=%s", names[event]) &&
	    !scst_event_lun_vars(env, nexus))
		scst_event_emit(nexus->sess->sysfs, env->envp);
	kfree(env);
}

/* Events that initiators cause */

/**
 * struct scst_notice - an event of a session that waits for its work item
 * @work:	emits the event
 * @sess:	the session, which is pinned
 * @env:	the variables of the event
 */
struct scst_notice {
	struct work_struct work;
	struct scst_session *sess;
	struct kobj_uevent_env env;
};

static void scst_notice_work(struct work_struct *work)
{
	struct scst_notice *notice = container_of(work, struct scst_notice, work);

	scst_event_emit(notice->sess->sysfs, notice->env.envp);
	scst_session_unpin(notice->sess);
	kfree(notice);
}

static int scst_notice_lun(struct scst_notice *notice, u32 lun)
{
	const struct scst_nexus *nexus;
	int ret;

	rcu_read_lock();
	nexus = xa_load(&notice->sess->nexuses, lun);
	if (nexus)
		ret = scst_event_lun_vars(&notice->env, nexus);
	else
		ret = add_uevent_var(&notice->env, "SCST_LUN=%u", lun);
	rcu_read_unlock();
	return ret;
}

static struct scst_notice *scst_notice_alloc(struct scst_session *sess)
{
	struct scst_notice *notice = kzalloc(sizeof(*notice), GFP_ATOMIC | __GFP_NOWARN);

	if (notice)
		notice->sess = sess;
	return notice;
}

/*
 * Begins an event about @lun, or about no LUN if @lun is above SCST_MAX_LUN. Returns NULL if there
 * are too many events or no memory.
 */
static struct scst_notice *scst_notice_begin(struct scst_session *sess, const char *what, u32 lun)
{
	struct scst_notice *notice = NULL;

	if (__ratelimit(&sess->tgt->event_limit))
		notice = scst_notice_alloc(sess);
	if (!notice)
		return NULL;
	if (!add_uevent_var(&notice->env, "SCST_EVENT=%s", what) &&
	    (lun > SCST_MAX_LUN || !scst_notice_lun(notice, lun)))
		return notice;
	kfree(notice);
	return NULL;
}

/* Pins the session until the event has been emitted. */
static void scst_notice_queue(struct scst_notice *notice)
{
	scst_session_pin(notice->sess);
	INIT_WORK(&notice->work, scst_notice_work);
	queue_work(scst_tmf_wq, &notice->work);
}

static u32 scst_tmf_lun(const struct scst_tmf *tmf)
{
	if (scst_tmf_is_for_target(tmf))
		return SCST_LUN_INVALID;
	return scst_lun_decode(&tmf->lun);
}

/**
 * scst_event_tmf() - emit a task management function that is about to be answered
 * @tmf: the function
 *
 * Context: any; the caller keeps the session of @tmf.
 */
void scst_event_tmf(const struct scst_tmf *tmf)
{
	static const char *const functions[] = {
		[SCST_TMF_ABORT_TASK]	     = "abort-task",
		[SCST_TMF_ABORT_TASK_SET]    = "abort-task-set",
		[SCST_TMF_CLEAR_TASK_SET]    = "clear-task-set",
		[SCST_TMF_CLEAR_ACA]	     = "clear-aca",
		[SCST_TMF_LUN_RESET]	     = "lun-reset",
		[SCST_TMF_TARGET_RESET]	     = "target-reset",
		[SCST_TMF_NEXUS_RESET]	     = "nexus-reset",
		[SCST_TMF_QUERY_TASK]	     = "query-task",
		[SCST_TMF_QUERY_TASK_SET]    = "query-task-set",
		[SCST_TMF_QUERY_ASYNC_EVENT] = "query-async-event",
		[SCST_TMF_COLD_RESET]	     = "cold-reset",
	};
	static const char *const responses[] = {
		[SCST_TMF_COMPLETE]	 = "complete",
		[SCST_TMF_SUCCEEDED]	 = "succeeded",
		[SCST_TMF_REJECTED]	 = "rejected",
		[SCST_TMF_INCORRECT_LUN] = "incorrect-lun",
		[SCST_TMF_FAILED]	 = "failed",
	};
	struct scst_notice *notice;

	notice = scst_notice_begin(tmf->sess, "tmf", scst_tmf_lun(tmf));
	if (!notice)
		return;
	add_uevent_var(&notice->env, "SCST_TMF=%s", functions[tmf->fn]);
	add_uevent_var(&notice->env, "SCST_RESPONSE=%s", responses[tmf->response]);
	scst_notice_queue(notice);
}

/**
 * scst_event_conflict() - emit a reservation conflict
 * @cmd: the command that ends with RESERVATION CONFLICT
 *
 * Context: any; the caller keeps the session of @cmd.
 */
void scst_event_conflict(const struct scst_cmd *cmd)
{
	struct scst_notice *notice;

	notice = scst_notice_begin(cmd->sess, "reservation-conflict", cmd->nexus->lun);
	if (!notice)
		return;
	add_uevent_var(&notice->env, "SCST_OPCODE=%02x", cmd->cdb[0]);
	scst_notice_queue(notice);
}

/* Failures of initiators at a target */

/**
 * struct scst_failure - an event of a target's failure that waits for the target's work item
 * @node:	on the target's list
 * @env:	the variables of the event
 */
struct scst_failure {
	struct llist_node node;
	struct kobj_uevent_env env;
};

static void scst_failure_emit(struct scst_target *tgt, struct scst_failure *failure)
{
	mutex_lock(&scst_config_lock);
	if (tgt->sysfs)
		scst_event_emit(tgt->sysfs, failure->env.envp);
	mutex_unlock(&scst_config_lock);
	kfree(failure);
}

static void scst_failure_work(struct work_struct *work)
{
	struct scst_target *tgt = container_of(work, struct scst_target, failure_work);
	struct scst_failure *failure, *next;
	struct llist_node *nodes;

	nodes = llist_reverse_order(llist_del_all(&tgt->failures));
	llist_for_each_entry_safe(failure, next, nodes, node)
		scst_failure_emit(tgt, failure);
}

static void scst_failure_queue(struct scst_target *tgt, const char *initiator, const char *reason)
{
	struct scst_failure *failure = kzalloc_obj(*failure);

	if (!failure)
		return;
	if (add_uevent_var(&failure->env, "SCST_EVENT=failure") ||
	    add_uevent_var(&failure->env, "SCST_INITIATOR=%*pE",
			   (int)strlen(initiator), initiator) ||
	    add_uevent_var(&failure->env, "SCST_REASON=%s", reason)) {
		kfree(failure);
		return;
	}
	llist_add(&failure->node, &tgt->failures);
	queue_work(scst_tmf_wq, &tgt->failure_work);
}

/**
 * scst_target_tell_failure() - report a failed log-in at a target, or a session that was cut off
 * @tgt:       the target
 * @initiator: the initiator port's name; "" if it is not known
 * @reason:    the reason in one word
 * @fmt:       one line for people, no newline
 *
 * The line becomes the target's last_error. Unless the rate limit is exceeded, it is also written
 * to the kernel's log, and a uevent with SCST_REASON is emitted.
 *
 * Context: process context; the caller keeps @tgt. The driver may hold its own locks.
 */
void scst_target_tell_failure(struct scst_target *tgt, const char *initiator,
			      const char *reason, const char *fmt, ...)
{
	struct va_format vaf = { .fmt = fmt };
	va_list args;

	va_start(args, fmt);
	vaf.va = &args;
	scst_error_set(&tgt->error, "%pV", &vaf);
	scst_error_end(&tgt->error, "", -ECONNABORTED);
	if (__ratelimit(&tgt->failure_limit)) {
		pr_notice("%s/%s: %pV\n", tgt->ops->name, tgt->name, &vaf);
		scst_failure_queue(tgt, initiator, reason);
	}
	va_end(args);
}
EXPORT_SYMBOL_GPL(scst_target_tell_failure);

/**
 * scst_event_target_exit() - wait for the failure events of a target
 * @tgt: the target; no driver reports a failure of it any more
 *
 * Context: process context without scst_config_lock.
 */
void scst_event_target_exit(struct scst_target *tgt)
{
	/* While the list is not empty the work item is queued. */
	flush_work(&tgt->failure_work);
}

/**
 * scst_event_target_init() - initialize the rate limits and failure events of a new target
 * @tgt: the target
 */
void scst_event_target_init(struct scst_target *tgt)
{
	ratelimit_state_init(&tgt->failure_limit, SCST_FAILURE_INTERVAL, SCST_FAILURE_BURST);
	init_llist_head(&tgt->failures);
	INIT_WORK(&tgt->failure_work, scst_failure_work);
	ratelimit_state_init(&tgt->event_limit, SCST_EVENT_INTERVAL, SCST_EVENT_BURST);
	/* Without this flag messages about suppressed events would let initiators fill the log. */
	ratelimit_set_flags(&tgt->event_limit, RATELIMIT_MSG_ON_RELEASE);
}
