/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Tracepoints: a command's submission, its stages and its response.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM scst

#if !defined(_SCST_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define _SCST_TRACE_H

#include <linux/tracepoint.h>

#include "scst_priv.h"

#ifndef _SCST_TRACE_STAGES
#define _SCST_TRACE_STAGES
#define scst_show_stage(stage)					\
	__print_symbolic(stage,					\
			 { SCST_STAGE_TRANSLATE, "translate" },	\
			 { SCST_STAGE_DECODE, "decode" },	\
			 { SCST_STAGE_ADMIT, "admit" },		\
			 { SCST_STAGE_CHECK, "check" },		\
			 { SCST_STAGE_PREPARE, "prepare" },	\
			 { SCST_STAGE_EXECUTE, "execute" },	\
			 { SCST_STAGE_QUEUED, "queued" },	\
			 { SCST_STAGE_BACKEND, "backend" },	\
			 { SCST_STAGE_COMPLETE, "complete" },	\
			 { SCST_STAGE_RESPOND, "respond" },	\
			 { SCST_STAGE_FINISH, "finish" })
#endif

TRACE_EVENT(scst_cmd_submit,
	TP_PROTO(const struct scst_cmd *cmd),
	TP_ARGS(cmd),
	TP_STRUCT__entry(
		__field(const void *, cmd)
		__field(u64, tag)
		__field(u64, lun)
		__field(u32, expected_len)
		__field(u8, opcode)
		__field(u8, attr)
	),
	TP_fast_assign(
		__entry->cmd = cmd;
		__entry->tag = cmd->tag;
		__entry->lun = scst_lun_decode(&cmd->lun);
		__entry->expected_len = cmd->expected_len;
		__entry->opcode = cmd->cdb[0];
		__entry->attr = cmd->attr;
	),
	TP_printk("cmd=%p tag=%#llx lun=%llu opcode=%#04x attr=%u expected=%u",
		  __entry->cmd, __entry->tag, __entry->lun, __entry->opcode,
		  __entry->attr, __entry->expected_len)
);

TRACE_EVENT(scst_cmd_stage,
	TP_PROTO(const struct scst_cmd *cmd),
	TP_ARGS(cmd),
	TP_STRUCT__entry(
		__field(const void *, cmd)
		__field(u8, stage)
	),
	TP_fast_assign(
		__entry->cmd = cmd;
		__entry->stage = cmd->stage;
	),
	TP_printk("cmd=%p stage=%s", __entry->cmd,
		  scst_show_stage(__entry->stage))
);

TRACE_EVENT(scst_cmd_respond,
	TP_PROTO(const struct scst_cmd *cmd),
	TP_ARGS(cmd),
	TP_STRUCT__entry(
		__field(const void *, cmd)
		__field(u64, tag)
		__field(s64, residual)
		__field(u32, data_len)
		__field(u8, opcode)
		__field(u8, status)
	),
	TP_fast_assign(
		__entry->cmd = cmd;
		__entry->tag = cmd->tag;
		__entry->residual = scst_cmd_residual(cmd);
		__entry->data_len = cmd->data_len;
		__entry->opcode = cmd->cdb[0];
		__entry->status = cmd->status;
	),
	TP_printk("cmd=%p tag=%#llx opcode=%#04x status=%#04x data=%u residual=%lld",
		  __entry->cmd, __entry->tag, __entry->opcode, __entry->status,
		  __entry->data_len, __entry->residual)
);

#endif /* _SCST_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
