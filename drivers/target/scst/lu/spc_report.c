// SPDX-License-Identifier: GPL-2.0
/*
 * Reports of a target about itself: its logical units, commands, task management functions and
 * state.
 */
#include <linux/string.h>

#include "cmd/cmd.h"
#include "lu/kinds.h"
#include "lu/lu.h"
#include "task/task.h"

/* SELECT REPORT, SPC-6 6.29 */
#define SCST_SELECT_ADDRESSABLE	0x00	/* all but well known logical units */
#define SCST_SELECT_WELL_KNOWN	0x01
#define SCST_SELECT_ALL		0x02
#define SCST_SELECT_ADMIN	0x10	/* administrative logical units */
#define SCST_SELECT_TOP		0x11	/* those, and all outside conglomerates */
#define SCST_SELECT_SUBSIDIARY	0x12	/* a conglomerate's other members */

#define SCST_LUNS_HEADER	8

/* REPORTING OPTIONS, SPC-6 6.34 */
#define SCST_REPORT_ALL		0
#define SCST_REPORT_NO_SA	1
#define SCST_REPORT_SA		2
#define SCST_REPORT_ANY		3

/* SUPPORT, SPC-6 6.34.3 */
#define SCST_SUPPORT_NONE	1
#define SCST_SUPPORT_STANDARD	3

#define SCST_TIMEOUTS_LEN	12

/*
 * The bits of supported functions in bytes 0 and 1 of REPORT SUPPORTED TASK MANAGEMENT FUNCTIONS
 */
static const u16 scst_tmf_bits[] = {
	[SCST_TMF_ABORT_TASK]	  = BIT(15),
	[SCST_TMF_ABORT_TASK_SET] = BIT(14),
	[SCST_TMF_CLEAR_ACA]	  = BIT(13),
	[SCST_TMF_CLEAR_TASK_SET] = BIT(12),
	[SCST_TMF_LUN_RESET]	  = BIT(11),
	[SCST_TMF_QUERY_TASK]	  = BIT(10),
	[SCST_TMF_TARGET_RESET]	  = BIT(9),
	[SCST_TMF_QUERY_ASYNC_EVENT] = BIT(2),
	[SCST_TMF_QUERY_TASK_SET] = BIT(1),
	[SCST_TMF_NEXUS_RESET]	  = BIT(0),
};

/* The REPORT LUNS well known logical unit, SAM-5 4.7.7.5.1 */
static const struct scsi_lun scst_report_luns_wlun = {
	.scsi_lun = { 0xc1, 0x01 },
};

static u32 scst_put_lun(struct scst_cmd *cmd, u32 offset, const struct scsi_lun *lun)
{
	scst_data_in(cmd, offset, lun, sizeof(*lun));
	return offset + sizeof(*lun);
}

static u32 scst_put_luns(struct scst_cmd *cmd, u32 offset)
{
	struct scsi_lun encoded;
	struct scst_nexus *nexus;
	unsigned long lun;

	/* Before the list is read: a later change raises the unit attention again. */
	scst_ua_luns_reported(cmd);
	xa_for_each_range(&cmd->sess->nexuses, lun, nexus, 0, SCST_MAX_LUN) {
		scst_lun_encode(lun, &encoded);
		offset = scst_put_lun(cmd, offset, &encoded);
	}
	return offset;
}

/*
 * REPORT LUNS
 *
 * There are no conglomerates, so the lists of administrative and of subsidiary logical units are
 * empty.
 */
static void scst_exec_report_luns(struct scst_cmd *cmd)
{
	u32 allocation = get_unaligned_be32(&cmd->cdb[6]);
	u8 select = cmd->cdb[2];
	u8 header[SCST_LUNS_HEADER] = {};
	u32 end = sizeof(header);

	if (select > SCST_SELECT_SUBSIDIARY ||
	    (select > SCST_SELECT_ALL && select < SCST_SELECT_ADMIN)) {
		scst_cmd_set_field_error(cmd, SCST_SENSE_INVALID_CDB_FIELD, 2, 7);
		return;
	}
	if (allocation < 16) {
		scst_cmd_set_field_error(cmd, SCST_SENSE_INVALID_CDB_FIELD, 6, 7);
		return;
	}
	if (select == SCST_SELECT_ADDRESSABLE || select == SCST_SELECT_ALL ||
	    select == SCST_SELECT_TOP)
		end = scst_put_luns(cmd, end);
	if (select == SCST_SELECT_WELL_KNOWN || select == SCST_SELECT_ALL)
		end = scst_put_lun(cmd, end, &scst_report_luns_wlun);
	put_unaligned_be32(end - sizeof(header), header);
	scst_data_in(cmd, 0, header, sizeof(header));
	scst_data_in_end(cmd, end);
}

/* Timeouts are not specified, because they depend on the backend. */
static u32 scst_put_timeouts(struct scst_cmd *cmd, u32 offset)
{
	u8 data[SCST_TIMEOUTS_LEN] = {};

	put_unaligned_be16(sizeof(data) - 2, data);
	scst_data_in(cmd, offset, data, sizeof(data));
	return offset + sizeof(data);
}

static u32 scst_put_opcode(struct scst_cmd *cmd, u32 offset,
			   const struct scst_opcode *op, bool timeouts)
{
	u8 data[8] = {};

	data[0] = op->opcode;
	if (op->sa != SCST_OPCODE_NO_SA) {
		put_unaligned_be16(op->sa, &data[2]);
		data[5] |= 0x01;
	}
	if (timeouts)
		data[5] |= 0x02;
	put_unaligned_be16(op->cdb_len, &data[6]);
	scst_data_in(cmd, offset, data, sizeof(data));
	offset += sizeof(data);
	return timeouts ? scst_put_timeouts(cmd, offset) : offset;
}

static void scst_report_all_opcodes(struct scst_cmd *cmd, bool timeouts)
{
	const struct scst_kind *kind = cmd->kind;
	u8 header[4];
	u32 end = sizeof(header);
	unsigned int i;

	for (i = 0; i < kind->count; i++)
		if (scst_thin_has(cmd->dev, kind->rows[i]))
			end = scst_put_opcode(cmd, end, kind->rows[i], timeouts);
	put_unaligned_be32(end - sizeof(header), header);
	scst_data_in(cmd, 0, header, sizeof(header));
	scst_data_in_end(cmd, end);
}

/* In the usage data, operation code and service action have their values, not masks. */
static u32 scst_put_usage(struct scst_cmd *cmd, u32 offset, const struct scst_opcode *op)
{
	u8 usage[SCST_OPCODE_MAX_LEN];

	memcpy(usage, op->usage, sizeof(usage));
	usage[0] = op->opcode;
	if ((op->flags & SCST_OPF_SAME) && scst_thin_is_off(cmd->dev))
		usage[1] &= ~SCST_SAME_UNMAP;
	usage[op->cdb_len - 1] |= SCST_CONTROL_NACA;
	if (op->sa != SCST_OPCODE_NO_SA)
		usage[op->sa_byte] = (usage[op->sa_byte] & ~0x1f) | op->sa;
	scst_data_in(cmd, offset, usage, op->cdb_len);
	return offset + op->cdb_len;
}

static void scst_report_one_opcode(struct scst_cmd *cmd,
				   const struct scst_opcode *op, bool timeouts)
{
	u8 header[4] = { 0, SCST_SUPPORT_NONE };
	u32 end = sizeof(header);

	if (op) {
		header[1] = SCST_SUPPORT_STANDARD | (timeouts ? 0x80 : 0);
		put_unaligned_be16(op->cdb_len, &header[2]);
		end = scst_put_usage(cmd, end, op);
		if (timeouts)
			end = scst_put_timeouts(cmd, end);
	}
	scst_data_in(cmd, 0, header, sizeof(header));
	scst_data_in_end(cmd, end);
}

/*
 * Build a CDB of the requested command, and look up its row. All service actions are in the low
 * five bits of byte 1, so a greater service action has no row.
 */
static const struct scst_opcode *
scst_requested_opcode(const struct scst_cmd *cmd, bool *known, bool *has_sa)
{
	u16 sa = get_unaligned_be16(&cmd->cdb[4]);
	u8 cdb[2] = { cmd->cdb[3], sa & 0x1f };
	const struct scst_opcode *op;

	op = scst_kind_opcode(cmd->kind, cdb, sizeof(cdb), known);
	*has_sa = *known && (!op || op->sa != SCST_OPCODE_NO_SA);
	return *has_sa && sa > 0x1f ? NULL : op;
}

/* REPORT SUPPORTED OPERATION CODES */
static void scst_exec_report_opcodes(struct scst_cmd *cmd)
{
	bool timeouts = cmd->cdb[2] & 0x80;
	u8 options = cmd->cdb[2] & 0x07;
	u16 sa = get_unaligned_be16(&cmd->cdb[4]);
	const struct scst_opcode *op;
	bool known, has_sa;

	if (options == SCST_REPORT_ALL) {
		scst_report_all_opcodes(cmd, timeouts);
		return;
	}
	op = scst_requested_opcode(cmd, &known, &has_sa);
	if (options > SCST_REPORT_ANY ||
	    (options == SCST_REPORT_NO_SA && has_sa) ||
	    (options == SCST_REPORT_SA && known && !has_sa)) {
		scst_cmd_set_field_error(cmd, SCST_SENSE_INVALID_CDB_FIELD, 2, 2);
		return;
	}
	if (options == SCST_REPORT_ANY && !has_sa && sa)
		op = NULL;
	if (op && !scst_thin_has(cmd->dev, op))
		op = NULL;
	scst_report_one_opcode(cmd, op, timeouts);
}

/* REPORT SUPPORTED TASK MANAGEMENT FUNCTIONS */
static void scst_exec_report_tmfs(struct scst_cmd *cmd)
{
	bool extended = cmd->cdb[2] & 0x80;
	u32 len = extended ? 16 : 4;
	u8 data[16] = {};
	unsigned int fn;
	u16 bits = 0;

	if (get_unaligned_be32(&cmd->cdb[6]) < 4) {
		scst_cmd_set_field_error(cmd, SCST_SENSE_INVALID_CDB_FIELD, 6, 7);
		return;
	}
	for (fn = 0; fn < ARRAY_SIZE(scst_tmf_bits); fn++)
		bits |= scst_tmf_bits[fn];
	put_unaligned_be16(bits, data);
	data[3] = len - 4;
	scst_data_in_whole(cmd, data, len);
}

/* REPORT ALIASES: there are none, as CHANGE ALIASES is not supported. */
static void scst_exec_report_aliases(struct scst_cmd *cmd)
{
	u8 data[8] = {};

	put_unaligned_be32(sizeof(data) - 4, &data[0]);
	scst_data_in_whole(cmd, data, sizeof(data));
}

/* Pollable sense data, SPC-4 5.12: the sense code that TEST UNIT READY would report */
static scst_sense_t scst_pollable_sense(const struct scst_device *dev)
{
	if (READ_ONCE(dev->state) != SCST_DEV_ACTIVE)
		return scst_order_refusal(dev);
	return scst_medium_sense(dev);
}

static scst_sense_t scst_current_sense(struct scst_cmd *cmd)
{
	scst_sense_t sense;

	if (!cmd->dev)
		return scst_lun_decode(&cmd->lun) == SCST_LUN_WELL_KNOWN ?
		       SCST_SENSE_NONE : SCST_SENSE_LUN_NOT_SUPPORTED;
	sense = scst_ua_take(cmd);
	return sense == SCST_SENSE_NONE ? scst_pollable_sense(cmd->dev) : sense;
}

/* REQUEST SENSE */
static void scst_exec_request_sense(struct scst_cmd *cmd)
{
	bool desc = cmd->cdb[1] & 0x01;
	u8 data[SCST_SENSE_BUFFERSIZE];
	unsigned int len;

	len = scst_sense_build(data, desc, scst_current_sense(cmd));
	scst_data_in_whole(cmd, data, len);
}

/* TEST UNIT READY */
static void scst_exec_test_unit_ready(struct scst_cmd *cmd)
{
	struct scst_medium medium;

	if (cmd->dev && cmd->kind->mmc)
		scst_medium_get(cmd, &medium);
}

static const struct scst_opcode scst_report_rows[] = {
	{
		.name = "TEST UNIT READY",
		.opcode = TEST_UNIT_READY,
		.sa = SCST_OPCODE_NO_SA,
		.cdb_len = 6,
		.flags = SCST_OPF_WELL_KNOWN,
		.pr = SCST_PR_ALLOW_PERSISTENT,
		.usage = { 0xff },
		.exec = scst_exec_test_unit_ready,
	}, {
		.name = "REQUEST SENSE",
		.opcode = REQUEST_SENSE,
		.sa = SCST_OPCODE_NO_SA,
		.cdb_len = 6,
		.dir = SCST_DIR_IN,
		.len_kind = SCST_LEN_ALLOCATION,
		.pr = SCST_PR_ALLOW,
		.flags = SCST_OPF_ANY_LUN | SCST_OPF_ANY_STATE | SCST_OPF_SKIP_UA,
		.xfer = { .byte = 4, .len = 1 },
		.usage = { 0xff, 0x01, 0x00, 0x00, 0xff },
		.exec = scst_exec_request_sense,
	}, {
		.name = "REPORT LUNS",
		.opcode = REPORT_LUNS,
		.sa = SCST_OPCODE_NO_SA,
		.cdb_len = 12,
		.dir = SCST_DIR_IN,
		.len_kind = SCST_LEN_ALLOCATION,
		.pr = SCST_PR_ALLOW,
		.flags = SCST_OPF_ANY_LUN | SCST_OPF_ANY_STATE | SCST_OPF_SKIP_UA | SCST_OPF_CORE,
		.xfer = { .byte = 6, .len = 4 },
		.usage = { 0xff, 0x00, 0xff, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff },
		.exec = scst_exec_report_luns,
	}, {
		.name = "REPORT ALIASES",
		.opcode = MAINTENANCE_IN,
		.sa = MI_REPORT_ALIASES,
		.sa_byte = 1,
		.cdb_len = 12,
		.dir = SCST_DIR_IN,
		.len_kind = SCST_LEN_ALLOCATION,
		.pr = SCST_PR_ALLOW,
		.xfer = { .byte = 6, .len = 4 },
		.usage = { 0xff, 0x1f, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff },
		.exec = scst_exec_report_aliases,
	}, {
		.name = "REPORT SUPPORTED OPERATION CODES",
		.opcode = MAINTENANCE_IN,
		.sa = MI_REPORT_SUPPORTED_OPERATION_CODES,
		.sa_byte = 1,
		.cdb_len = 12,
		.dir = SCST_DIR_IN,
		.len_kind = SCST_LEN_ALLOCATION,
		.pr = SCST_PR_WRITE,
		.xfer = { .byte = 6, .len = 4 },
		.usage = { 0xff, 0x1f, 0x87, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff },
		.exec = scst_exec_report_opcodes,
	}, {
		.name = "REPORT SUPPORTED TASK MANAGEMENT FUNCTIONS",
		.opcode = MAINTENANCE_IN,
		.sa = MI_REPORT_SUPPORTED_TASK_MANAGEMENT_FUNCTIONS,
		.sa_byte = 1,
		.cdb_len = 12,
		.dir = SCST_DIR_IN,
		.len_kind = SCST_LEN_ALLOCATION,
		.pr = SCST_PR_WRITE,
		.flags = SCST_OPF_CORE,
		.xfer = { .byte = 6, .len = 4 },
		.usage = { 0xff, 0x1f, 0x80, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff },
		.exec = scst_exec_report_tmfs,
	},
};

const struct scst_opcode_set scst_report_opcodes = {
	.rows = scst_report_rows,
	.count = ARRAY_SIZE(scst_report_rows),
};
