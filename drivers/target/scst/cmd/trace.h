/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Tracepoints: events of commands, task management functions, unit attentions and devices.
 * Documentation/scst/tracing.rst describes the events and their fields.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM scst

#if !defined(_SCST_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define _SCST_TRACE_H

#include <linux/tracepoint.h>

#include "cmd/cmd.h"
#include "cmd/opcode.h"

#ifndef _SCST_TRACE_NAMES
#define _SCST_TRACE_NAMES
#define scst_show_stage(stage)					\
	__print_symbolic(stage,					\
			 { SCST_STAGE_TRANSLATE, "translate" },	\
			 { SCST_STAGE_DECODE, "decode" },	\
			 { SCST_STAGE_ADMIT, "admit" },		\
			 { SCST_STAGE_CHECK, "check" },		\
			 { SCST_STAGE_PREPARE, "prepare" },	\
			 { SCST_STAGE_EXECUTE, "execute" },	\
			 { SCST_STAGE_RANGE, "range" },		\
			 { SCST_STAGE_QUEUED, "queued" },	\
			 { SCST_STAGE_BACKEND, "backend" },	\
			 { SCST_STAGE_COMPLETE, "complete" },	\
			 { SCST_STAGE_RESPOND, "respond" },	\
			 { SCST_STAGE_FINISH, "finish" })

#define scst_show_abort(by)					\
	__print_symbolic(by,					\
			 { SCST_ABORT_OWN, "own" },		\
			 { SCST_ABORT_OTHER, "other" },		\
			 { SCST_ABORT_SERVER, "server" })

#define scst_show_device_state(state)				\
	__print_symbolic(state,					\
			 { SCST_DEV_IDLE, "idle" },		\
			 { SCST_DEV_WAITING, "waiting" },	\
			 { SCST_DEV_ACTIVE, "active" },		\
			 { SCST_DEV_DRAINING, "draining" },	\
			 { SCST_DEV_FAILED, "failed" })

/* As in SCST_TMF and SCST_RESPONSE of uevents */
#define scst_show_tmf(fn)							\
	__print_symbolic(fn,							\
			 { SCST_TMF_ABORT_TASK, "abort-task" },			\
			 { SCST_TMF_ABORT_TASK_SET, "abort-task-set" },		\
			 { SCST_TMF_CLEAR_TASK_SET, "clear-task-set" },		\
			 { SCST_TMF_CLEAR_ACA, "clear-aca" },			\
			 { SCST_TMF_LUN_RESET, "lun-reset" },			\
			 { SCST_TMF_TARGET_RESET, "target-reset" },		\
			 { SCST_TMF_NEXUS_RESET, "nexus-reset" },		\
			 { SCST_TMF_QUERY_TASK, "query-task" },			\
			 { SCST_TMF_QUERY_TASK_SET, "query-task-set" },		\
			 { SCST_TMF_QUERY_ASYNC_EVENT, "query-async-event" },	\
			 { SCST_TMF_COLD_RESET, "cold-reset" })

#define scst_show_response(response)					\
	__print_symbolic(response,					\
			 { SCST_TMF_COMPLETE, "complete" },		\
			 { SCST_TMF_SUCCEEDED, "succeeded" },		\
			 { SCST_TMF_REJECTED, "rejected" },		\
			 { SCST_TMF_INCORRECT_LUN, "incorrect-lun" },	\
			 { SCST_TMF_FAILED, "failed" })

#define scst_show_pr_out(action)					\
	__print_symbolic(action,					\
			 { SCST_PR_REGISTER, "register" },		\
			 { SCST_PR_RESERVE, "reserve" },		\
			 { SCST_PR_RELEASE, "release" },		\
			 { SCST_PR_CLEAR, "clear" },			\
			 { SCST_PR_PREEMPT, "preempt" },		\
			 { SCST_PR_PREEMPT_ABORT, "preempt-and-abort" },	\
			 { SCST_PR_REGISTER_IGNORE, "register-and-ignore" },	\
			 { SCST_PR_REGISTER_MOVE, "register-and-move" },	\
			 { SCST_PR_REPLACE_LOST, "replace-lost" })

/* Returns sense key, ASC and ASCQ as one number, as in scst_sense_t; 0: no sense data. */
static inline u32 scst_trace_sense(const struct scst_cmd *cmd)
{
	const u8 *sense = cmd->sense;

	if (!cmd->sense_len)
		return 0;
	if ((sense[0] & 0x7f) >= 0x72)
		return get_unaligned_be24(&sense[1]) & 0xfffff;
	return (sense[2] & 0x0f) << 16 | get_unaligned_be16(&sense[12]);
}

/* An initiator chooses its name, so control characters are replaced: they would break the line. */
static inline void scst_trace_flatten(char *name)
{
	for (; *name; name++)
		if (iscntrl(*name))
			*name = '?';
}

static inline u32 scst_trace_tmf_lun(const struct scst_tmf *tmf)
{
	if (scst_tmf_is_for_target(tmf))
		return SCST_LUN_INVALID;
	return scst_lun_decode(&tmf->lun);
}
#endif

/* The session and the LUN, in all events that have them */
#define SCST_TRACE_SESS_ENTRY(sess)						\
		__string(initiator, (sess)->initiator)				\
		__string(target, (sess)->tgt->name)				\
		__field(int, lun)

#define SCST_TRACE_SESS_ASSIGN(sess, _lun)					\
		SCST_ASSIGN_STR(initiator, (sess)->initiator);			\
		SCST_ASSIGN_STR(target, (sess)->tgt->name);			\
		scst_trace_flatten(__get_str(initiator));			\
		__entry->lun = _lun

#define SCST_TRACE_SESS_FORMAT	"initiator=%s target=%s lun=%d"
#define SCST_TRACE_SESS_ARGS	__get_str(initiator), __get_str(target), __entry->lun

/* The command, in all events that have one */
#define SCST_TRACE_CMD_ENTRY							\
		SCST_TRACE_SESS_ENTRY(cmd->sess)				\
		__field(u64, tag)						\
		__field(const void *, cmd)

#define SCST_TRACE_CMD_ASSIGN							\
		SCST_TRACE_SESS_ASSIGN(cmd->sess, scst_lun_decode(&cmd->lun));	\
		__entry->tag = cmd->tag;					\
		__entry->cmd = cmd

#define SCST_TRACE_CMD_FORMAT	"cmd=%p " SCST_TRACE_SESS_FORMAT " tag=%#llx"
#define SCST_TRACE_CMD_ARGS	__entry->cmd, SCST_TRACE_SESS_ARGS, __entry->tag

TRACE_EVENT(scst_cmd_submit,
	TP_PROTO(const struct scst_cmd *cmd),
	TP_ARGS(cmd),
	TP_STRUCT__entry(
		SCST_TRACE_CMD_ENTRY
		__field(u32, expected_len)
		__field(u8, opcode)
		__field(u8, attr)
	),
	TP_fast_assign(
		SCST_TRACE_CMD_ASSIGN;
		__entry->expected_len = cmd->expected_len;
		__entry->opcode = cmd->cdb[0];
		__entry->attr = cmd->attr;
	),
	TP_printk(SCST_TRACE_CMD_FORMAT " opcode=%#04x attr=%u expected=%u",
		  SCST_TRACE_CMD_ARGS, __entry->opcode, __entry->attr,
		  __entry->expected_len)
);

/* The stage of a command */
DECLARE_EVENT_CLASS(scst_cmd_at,
	TP_PROTO(const struct scst_cmd *cmd),
	TP_ARGS(cmd),
	TP_STRUCT__entry(
		SCST_TRACE_CMD_ENTRY
		__field(u8, stage)
	),
	TP_fast_assign(
		SCST_TRACE_CMD_ASSIGN;
		__entry->stage = cmd->stage;
	),
	TP_printk(SCST_TRACE_CMD_FORMAT " stage=%s", SCST_TRACE_CMD_ARGS,
		  scst_show_stage(__entry->stage))
);

DEFINE_EVENT(scst_cmd_at, scst_cmd_stage,
	TP_PROTO(const struct scst_cmd *cmd), TP_ARGS(cmd));

DEFINE_EVENT(scst_cmd_at, scst_cmd_park,
	TP_PROTO(const struct scst_cmd *cmd), TP_ARGS(cmd));

DEFINE_EVENT(scst_cmd_at, scst_cmd_unpark,
	TP_PROTO(const struct scst_cmd *cmd), TP_ARGS(cmd));

/* A command is aborted. @who is the session that asked for it; NULL: no initiator did. */
TRACE_EVENT(scst_cmd_abort,
	TP_PROTO(const struct scst_cmd *cmd, enum scst_abort by,
		 const struct scst_session *who),
	TP_ARGS(cmd, by, who),
	TP_STRUCT__entry(
		SCST_TRACE_CMD_ENTRY
		__string(by_initiator, who ? who->initiator : "")
		__string(by_target, who ? who->tgt->name : "")
		__field(u8, stage)
		__field(u8, by)
	),
	TP_fast_assign(
		SCST_TRACE_CMD_ASSIGN;
		SCST_ASSIGN_STR(by_initiator, who ? who->initiator : "");
		SCST_ASSIGN_STR(by_target, who ? who->tgt->name : "");
		scst_trace_flatten(__get_str(by_initiator));
		__entry->stage = READ_ONCE(cmd->stage);
		__entry->by = by;
	),
	TP_printk(SCST_TRACE_CMD_FORMAT " stage=%s by=%s by_initiator=%s by_target=%s",
		  SCST_TRACE_CMD_ARGS, scst_show_stage(__entry->stage),
		  scst_show_abort(__entry->by), __get_str(by_initiator),
		  __get_str(by_target))
);

TRACE_EVENT(scst_cmd_respond,
	TP_PROTO(const struct scst_cmd *cmd),
	TP_ARGS(cmd),
	TP_STRUCT__entry(
		SCST_TRACE_CMD_ENTRY
		__field(s64, residual)
		__field(u32, data_len)
		__field(u32, sense)
		__field(u8, opcode)
		__field(u8, status)
	),
	TP_fast_assign(
		SCST_TRACE_CMD_ASSIGN;
		__entry->residual = scst_cmd_residual(cmd);
		__entry->data_len = cmd->data_len;
		__entry->sense = scst_trace_sense(cmd);
		__entry->opcode = cmd->cdb[0];
		__entry->status = cmd->status;
	),
	TP_printk(SCST_TRACE_CMD_FORMAT
		  " opcode=%#04x status=%#04x sense=%06x data=%u residual=%lld",
		  SCST_TRACE_CMD_ARGS, __entry->opcode, __entry->status, __entry->sense,
		  __entry->data_len, __entry->residual)
);

TRACE_EVENT(scst_reservation_conflict,
	TP_PROTO(const struct scst_cmd *cmd),
	TP_ARGS(cmd),
	TP_STRUCT__entry(
		SCST_TRACE_CMD_ENTRY
		__field(u8, opcode)
	),
	TP_fast_assign(
		SCST_TRACE_CMD_ASSIGN;
		__entry->opcode = cmd->cdb[0];
	),
	TP_printk(SCST_TRACE_CMD_FORMAT " opcode=%#04x", SCST_TRACE_CMD_ARGS,
		  __entry->opcode)
);

/* PERSISTENT RESERVE OUT is about to be answered, SPC-5 6.17 */
TRACE_EVENT(scst_pr_out,
	TP_PROTO(const struct scst_cmd *cmd, u64 key, u64 sa_key),
	TP_ARGS(cmd, key, sa_key),
	TP_STRUCT__entry(
		SCST_TRACE_CMD_ENTRY
		__field(u64, key)
		__field(u64, sa_key)
		__field(u32, sense)
		__field(u8, action)
		__field(u8, type)
		__field(u8, status)
	),
	TP_fast_assign(
		SCST_TRACE_CMD_ASSIGN;
		__entry->key = key;
		__entry->sa_key = sa_key;
		__entry->sense = scst_trace_sense(cmd);
		__entry->action = cmd->cdb[1] & 0x1f;
		__entry->type = cmd->cdb[2] & 0x0f;
		__entry->status = cmd->status;
	),
	TP_printk(SCST_TRACE_CMD_FORMAT
		  " action=%s type=%u key=%#llx sa_key=%#llx status=%#04x sense=%06x",
		  SCST_TRACE_CMD_ARGS, scst_show_pr_out(__entry->action), __entry->type,
		  __entry->key, __entry->sa_key, __entry->status, __entry->sense)
);

/* A unit attention condition is established */
TRACE_EVENT(scst_ua_raise,
	TP_PROTO(const struct scst_session *sess, u32 lun, scst_sense_t sense),
	TP_ARGS(sess, lun, sense),
	TP_STRUCT__entry(
		SCST_TRACE_SESS_ENTRY(sess)
		__field(u32, sense)
	),
	TP_fast_assign(
		SCST_TRACE_SESS_ASSIGN(sess, lun);
		__entry->sense = (__force u32)sense;
	),
	TP_printk(SCST_TRACE_SESS_FORMAT " sense=%06x", SCST_TRACE_SESS_ARGS,
		  __entry->sense)
);

/* A command reports a unit attention condition. @kept: the condition stays established. */
TRACE_EVENT(scst_ua_report,
	TP_PROTO(const struct scst_cmd *cmd, scst_sense_t sense, bool kept),
	TP_ARGS(cmd, sense, kept),
	TP_STRUCT__entry(
		SCST_TRACE_CMD_ENTRY
		__field(u32, sense)
		__field(bool, kept)
	),
	TP_fast_assign(
		SCST_TRACE_CMD_ASSIGN;
		__entry->sense = (__force u32)sense;
		__entry->kept = kept;
	),
	TP_printk(SCST_TRACE_CMD_FORMAT " sense=%06x kept=%d", SCST_TRACE_CMD_ARGS,
		  __entry->sense, __entry->kept)
);

/* A task management function. Whether lun and tag are valid depends on the function. */
#define SCST_TRACE_TMF_ENTRY							\
		SCST_TRACE_SESS_ENTRY(tmf->sess)				\
		__field(u64, tag)						\
		__field(const void *, tmf)					\
		__field(u8, fn)

#define SCST_TRACE_TMF_ASSIGN							\
		SCST_TRACE_SESS_ASSIGN(tmf->sess, scst_trace_tmf_lun(tmf));	\
		__entry->tag = tmf->tag;					\
		__entry->tmf = tmf;						\
		__entry->fn = tmf->fn

#define SCST_TRACE_TMF_FORMAT	"tmf=%p " SCST_TRACE_SESS_FORMAT " tag=%#llx fn=%s"
#define SCST_TRACE_TMF_ARGS							\
		__entry->tmf, SCST_TRACE_SESS_ARGS, __entry->tag,		\
		scst_show_tmf(__entry->fn)

TRACE_EVENT(scst_tmf_receive,
	TP_PROTO(const struct scst_tmf *tmf),
	TP_ARGS(tmf),
	TP_STRUCT__entry(
		SCST_TRACE_TMF_ENTRY
	),
	TP_fast_assign(
		SCST_TRACE_TMF_ASSIGN;
	),
	TP_printk(SCST_TRACE_TMF_FORMAT, SCST_TRACE_TMF_ARGS)
);

TRACE_EVENT(scst_tmf_answer,
	TP_PROTO(const struct scst_tmf *tmf),
	TP_ARGS(tmf),
	TP_STRUCT__entry(
		SCST_TRACE_TMF_ENTRY
		__field(u8, response)
	),
	TP_fast_assign(
		SCST_TRACE_TMF_ASSIGN;
		__entry->response = tmf->response;
	),
	TP_printk(SCST_TRACE_TMF_FORMAT " response=%s", SCST_TRACE_TMF_ARGS,
		  scst_show_response(__entry->response))
);

TRACE_EVENT(scst_device_state,
	TP_PROTO(const struct scst_device *dev, u8 state),
	TP_ARGS(dev, state),
	TP_STRUCT__entry(
		__string(device, dev->name)
		__string(handler, dev->handler->name)
		__field(u8, before)
		__field(u8, state)
	),
	TP_fast_assign(
		SCST_ASSIGN_STR(device, dev->name);
		SCST_ASSIGN_STR(handler, dev->handler->name);
		__entry->before = dev->state;
		__entry->state = state;
	),
	TP_printk("device=%s handler=%s before=%s state=%s", __get_str(device),
		  __get_str(handler), scst_show_device_state(__entry->before),
		  scst_show_device_state(__entry->state))
);

/* A device is fenced: the core does not wait for its backend any more. */
TRACE_EVENT(scst_device_fence,
	TP_PROTO(const struct scst_device *dev),
	TP_ARGS(dev),
	TP_STRUCT__entry(
		__string(device, dev->name)
		__string(handler, dev->handler->name)
		__field(u32, fence_ms)
		__field(u8, state)
	),
	TP_fast_assign(
		SCST_ASSIGN_STR(device, dev->name);
		SCST_ASSIGN_STR(handler, dev->handler->name);
		__entry->fence_ms = READ_ONCE(dev->fence_ms);
		__entry->state = dev->state;
	),
	TP_printk("device=%s handler=%s fence_ms=%u state=%s", __get_str(device),
		  __get_str(handler), __entry->fence_ms,
		  scst_show_device_state(__entry->state))
);

#endif /* _SCST_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH cmd
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
