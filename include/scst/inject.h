/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Injection: a target driver for tests holds its commands before a stage, and stalls code at
 * the points where nothing may be freed under it.
 */
#ifndef _SCST_INJECT_H
#define _SCST_INJECT_H

#include <linux/jump_label.h>
#include <linux/types.h>
#include <scst/cmd.h>

struct scst_session;
struct scst_target_ops;

/**
 * enum scst_stall_point - points at which code can be stalled that others have to wait for
 * @SCST_STALL_LOOKUP:	a nexus was looked up, its command is on no list yet
 * @SCST_STALL_PARK:	a command is about to be parked, and an abort would not find it so
 * @SCST_STALL_LEFT:	a command has left its device, and those that waited for it start next
 * @SCST_STALL_SEND:	in the driver's ops->send_response()
 * @SCST_STALL_RELEASE:	in the driver's ops->release(), the command is off its list
 * @SCST_STALL_RELEASED: at the end of ops->release(), waiters are not woken yet
 * @SCST_STALL_COUNTED:	a tasklet has counted a deferred command down, and wakes next
 * @SCST_STALL_TMF:	a function found its device, and has no reference to it yet
 * @SCST_STALL_TMF_GONE: a function was counted down, and its session is woken next
 * @SCST_STALL_CLOSED:	a device was closed, and its reference is put next
 * @SCST_STALL_PUBLISH:	commands find a nexus, and the nexus that it replaces is retracted next
 * @SCST_STALL_CAPACITY: a backend is about to be asked for its capacity
 * @SCST_STALL_SUBMIT:	a driver found its session, and submits a function next
 * @SCST_STALL_PR_OUT:	PERSISTENT RESERVE OUT knows the new table, which is nowhere yet
 * @SCST_STALL_ACCEPT:	an iSCSI portal has accepted a connection
 * @SCST_STALL_ENTER:	a connection's call-backs are on, and its first look is next
 * @SCST_STALL_SLOW:	a connection's slow work begins
 * @SCST_STALL_POST:	an iSCSI answer was given away, and its connection is kicked next
 * @SCST_STALL_TICK:	a connection's second is over, and io_work is kicked next
 * @SCST_STALL_TICKED:	io_work has received what there was, and looks at the time next
 * @SCST_STALL_DROP:	an iSCSI session that has not been logged out is dropped next
 * @SCST_STALL_OVER:	an iSCSI session that was logged out is being unregistered
 * @SCST_STALL_POINTS:	their number
 */
enum scst_stall_point {
	SCST_STALL_LOOKUP,
	SCST_STALL_PARK,
	SCST_STALL_LEFT,
	SCST_STALL_SEND,
	SCST_STALL_RELEASE,
	SCST_STALL_RELEASED,
	SCST_STALL_COUNTED,
	SCST_STALL_TMF,
	SCST_STALL_TMF_GONE,
	SCST_STALL_CLOSED,
	SCST_STALL_PUBLISH,
	SCST_STALL_CAPACITY,
	SCST_STALL_SUBMIT,
	SCST_STALL_PR_OUT,
	SCST_STALL_ACCEPT,
	SCST_STALL_ENTER,
	SCST_STALL_SLOW,
	SCST_STALL_POST,
	SCST_STALL_TICK,
	SCST_STALL_TICKED,
	SCST_STALL_DROP,
	SCST_STALL_OVER,
	SCST_STALL_POINTS,
};

#if IS_ENABLED(CONFIG_SCST_INJECT)
DECLARE_STATIC_KEY_FALSE(scst_inject_key);

void __scst_stall(enum scst_stall_point point);

/**
 * scst_stall() - stay at a point if it is armed
 * @point: the point
 *
 * It does not sleep: the locks and sections that the caller holds there are what is tested.
 *
 * Context: any in which the caller can be interrupted.
 */
static inline void scst_stall(enum scst_stall_point point)
{
	if (static_branch_unlikely(&scst_inject_key))
		__scst_stall(point);
}
#else
static inline void scst_stall(enum scst_stall_point point)
{
}
#endif

void scst_stall_arm(enum scst_stall_point point);
void scst_stall_end(void);
bool scst_stall_is_armed(void);
bool scst_stall_is_at(enum scst_stall_point point);

int scst_inject_start(const struct scst_target_ops *driver, bool (*hold)(struct scst_cmd *cmd));
void scst_inject_stop(void);
bool scst_inject_older_gone(const struct scst_cmd *cmd);
bool scst_inject_others_leave(const struct scst_cmd *cmd);
bool scst_inject_sees_luns(const struct scst_session *sess);
void scst_inject_resume(struct scst_cmd *cmd, enum scst_context ctx);
unsigned int scst_inject_count_waits(void);

#endif /* _SCST_INJECT_H */
