/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The task set, SAM-5 8: order, ACA, aborts and their waiters, unit attentions.
 */
#ifndef _SCST_TASK_H
#define _SCST_TASK_H

#include "cmd/opcode.h"
#include "scst_priv.h"

/* order.c: admission into the task set */

/**
 * struct scst_order_end - state between scst_order_done() and scst_order_next()
 * @dev:	the device
 * @tasks:	a reference of its tasks has to be put
 * @queue:	commands on its queue may be able to start
 */
struct scst_order_end {
	struct scst_device *dev;
	bool tasks;
	bool queue;
};

enum scst_stage scst_order_admit(struct scst_cmd *cmd);
scst_sense_t scst_order_refusal(const struct scst_device *dev);
struct scst_order_end scst_order_done(struct scst_cmd *cmd);
void scst_order_next(const struct scst_order_end *end);
struct scst_task_set *__scst_task_set(struct scst_nexus *nexus);
void __scst_order_dispatch(struct scst_device *dev);
void __scst_order_queueing(struct scst_device *dev);
void __scst_order_adapt(struct scst_device *dev, const struct scst_mode *old);
void __scst_order_start(struct scst_device *dev);
void __scst_order_stop(struct scst_device *dev);
void scst_order_tasks_gone(struct percpu_ref *tasks);
void scst_order_init(struct scst_device *dev);

/* range.c: ranges of blocks, for commands that are atomic */
void __scst_range_mark(struct scst_cmd *cmd);
enum scst_stage scst_range_take(struct scst_cmd *cmd);
void __scst_range_leave(struct scst_cmd *cmd);
void __scst_range_dispatch(struct scst_device *dev);
void __scst_range_fail_waiting(struct scst_device *dev);
void scst_range_init(struct scst_device *dev);

/*
 * Returns whether the core has to make a decoded command atomic. A device that executes whole
 * commands does that itself.
 */
static inline bool scst_range_is_atomic(const struct scst_cmd *cmd)
{
	return (cmd->op->flags & SCST_OPF_ATOMIC) && cmd->dev->handler->block;
}

/* aca.c: CHECK CONDITION and its effect on other commands */
bool __scst_aca_refuse(struct scst_cmd *cmd, const struct scst_task_set *set);
enum scst_stage scst_aca_complete(struct scst_cmd *cmd);
void __scst_aca_clear(struct scst_nexus *nexus);
void __scst_aca_clear_all(struct scst_device *dev);

/* abort.c: find, abort and wait for a session's commands */

/**
 * struct scst_cmd_filter - selects commands of a session
 * @nexus:	only commands of this I_T_L nexus; NULL: any
 * @dev:	only commands of this device; NULL: any
 * @lun:	only commands sent to this LUN; NULL: any
 * @tag:	only commands with this tag; NULL: any
 * @except:	not this command; NULL: no exception
 * @unanswered:	only commands in the task set. An answered command has left the task set, even if
 *		its driver has not delivered the answer yet.
 * @answered_of: answered commands only of this session; NULL: of all sessions
 * @aborted:	only aborted commands that may still touch the medium or the initiator's memory
 * @serial:	with @aborted: only commands that were aborted before scst_abort_serial() returned
 *		this value
 * @hopeful:	with @aborted: no commands that a fenced backend keeps
 * @backend:	with @aborted: only commands that the backend keeps for longer than it may
 */
struct scst_cmd_filter {
	const struct scst_nexus *nexus;
	const struct scst_device *dev;
	const struct scsi_lun *lun;
	const u64 *tag;
	const struct scst_cmd *except;
	const struct scst_session *answered_of;
	bool unanswered;
	bool aborted;
	bool hopeful;
	bool backend;
	u32 serial;
};

unsigned int scst_session_abort(struct scst_session *sess, const struct scst_cmd_filter *filter,
				enum scst_abort by, const struct scst_session *who);
u32 scst_abort_serial(void);
bool scst_session_has(struct scst_session *sess, const struct scst_cmd_filter *filter);
struct scst_session *__scst_device_find(struct scst_device *dev, const struct scst_session *of,
					const struct scst_cmd_filter *filter);
bool scst_nexus_has_others(const struct scst_cmd *cmd);
enum scst_stage scst_cmd_park(struct scst_cmd *cmd, enum scst_stage aborted);
bool scst_cmd_claim(struct scst_cmd *cmd);
void __scst_device_abort(struct scst_device *dev, const struct scst_cmd_filter *filter,
			 const struct scst_session *by, bool attention);

/*
 * Polling interval in jiffies. A command that is answered while it is aborted wakes no waiter, and
 * its driver may keep it. So a waiter that ignores answered commands polls.
 */
#define SCST_LOOK_INTERVAL	HZ

/* wait.c: waiting for a session's commands, without a thread */
enum scst_wait {
	SCST_WAIT_GONE,
	SCST_WAIT_LATE,
	SCST_WAIT_MORE,
};

void scst_waiter_init(struct scst_waiter *waiter, struct workqueue_struct *wq);
void scst_waiter_start(struct scst_waiter *waiter);
void scst_waiter_watch(struct scst_waiter *waiter, struct scst_session *sess);
void scst_waiter_sleep(struct scst_waiter *waiter, long timeout);
void scst_waiter_stop(struct scst_waiter *waiter);
enum scst_wait scst_waiter_wait(struct scst_waiter *waiter, struct scst_session *sess,
				const struct scst_cmd_filter *filter, long timeout);
long scst_time_left(unsigned long deadline);
void __scst_device_wake_waiters(struct scst_device *dev);

/* inject_wait.c: count waiters for a test */

/**
 * struct scst_inject_wait - a waiter for aborted commands
 * @sess:	the session of the commands
 * @filter:	selects the commands
 * @entry:	on the list of all waiters, or empty
 */
struct scst_inject_wait {
	struct scst_session *sess;
	const struct scst_cmd_filter *filter;
	struct list_head entry;
};

#if IS_ENABLED(CONFIG_SCST_INJECT)
void scst_inject_wait_begin(struct scst_inject_wait *wait, struct scst_session *sess,
			    const struct scst_cmd_filter *filter);
void scst_inject_wait_end(struct scst_inject_wait *wait);
#else
static inline void scst_inject_wait_begin(struct scst_inject_wait *wait, struct scst_session *sess,
					  const struct scst_cmd_filter *filter)
{
}

static inline void scst_inject_wait_end(struct scst_inject_wait *wait)
{
}
#endif

/**
 * struct scst_abort_wait - a wait for aborted commands
 * @waiter:	continues it
 * @inject:	counts it, for tests
 * @filter:	selects the commands
 */
struct scst_abort_wait {
	struct scst_waiter waiter;
	struct scst_inject_wait inject;
	struct scst_cmd_filter filter;
};

void scst_abort_wait_init(struct scst_abort_wait *wait, struct workqueue_struct *wq);
void scst_abort_wait_stop(struct scst_abort_wait *wait);
enum scst_wait scst_abort_wait_session(struct scst_abort_wait *wait, struct scst_session *sess,
				       unsigned long deadline, bool poll);

/* ua.c: unit attentions */
void scst_ua_init(struct scst_nexus *nexus);
void scst_ua_replaced(struct scst_nexus *nexus, const struct scst_lun_identity *now,
		      const struct scst_lun_identity *before);
void scst_ua_raise(struct scst_nexus *nexus, scst_sense_t ua);
void __scst_ua_raise_device(struct scst_device *dev, scst_sense_t ua,
			    const struct scst_nexus *except);
void scst_ua_raise_device(struct scst_device *dev, scst_sense_t ua,
			  const struct scst_nexus *except);
void scst_ua_raise_luns(struct scst_session *sess);
void scst_ua_trace(const struct scst_nexus *nexus);
bool scst_ua_report(struct scst_cmd *cmd, bool resets);
void scst_ua_spread(struct scst_cmd *cmd);
scst_sense_t scst_ua_take(struct scst_cmd *cmd);
scst_sense_t scst_ua_peek(struct scst_nexus *nexus, bool *more);
void scst_ua_restore(struct scst_cmd *cmd);
void scst_ua_interlock(struct scst_cmd *cmd);
void scst_ua_luns_reported(struct scst_cmd *cmd);

/* Returns whether a unit attention is pending for the nexus of @cmd, which has one. */
static inline bool scst_ua_is_pending(const struct scst_cmd *cmd)
{
	return READ_ONCE(cmd->nexus->ua_count) || READ_ONCE(cmd->sess->luns_changed);
}

/* Returns whether @cmd has to report a pending unit attention with scst_ua_report(). */
static inline bool scst_ua_is_due(const struct scst_cmd *cmd)
{
	return unlikely(scst_ua_is_pending(cmd)) && !(cmd->op->flags & SCST_OPF_SKIP_UA);
}

/* lost.c: cached writes that did not reach the medium */
void __scst_lost_join(struct scst_nexus *nexus);
void __scst_lost_leave(struct scst_nexus *nexus);
void scst_lost_forget(struct scst_device *dev);
void scst_lost_told(struct scst_cmd *cmd);

#endif /* _SCST_TASK_H */
