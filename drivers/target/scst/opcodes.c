// SPDX-License-Identifier: GPL-2.0
/*
 * The rows of the opcode table, in ascending order of operation code and
 * service action.
 *
 * CDB usage data: bits that stand for something that is not there are zero, and
 * a CDB that sets one is refused. So there is no protection information
 * (RDPROTECT and the like), no grouping (GROUP NUMBER) and no ACA (NACA).
 */
#include <linux/build_bug.h>
#include <linux/export.h>
#include <linux/kernel.h>
#include <scsi/scsi_proto.h>

#include "opcodes.h"
#include "scst_priv.h"

#define SCST_TYPES_BLOCK	BIT(TYPE_DISK)

enum scst_row {
	SCST_ROW_TEST_UNIT_READY,
	SCST_ROW_REQUEST_SENSE,
	SCST_ROW_READ_6,
	SCST_ROW_WRITE_6,
	SCST_ROW_INQUIRY,
	SCST_ROW_MODE_SELECT_6,
	SCST_ROW_MODE_SENSE_6,
	SCST_ROW_START_STOP_UNIT,
	SCST_ROW_SEND_DIAGNOSTIC,
	SCST_ROW_PREVENT_ALLOW,
	SCST_ROW_READ_CAPACITY_10,
	SCST_ROW_READ_10,
	SCST_ROW_WRITE_10,
	SCST_ROW_WRITE_AND_VERIFY_10,
	SCST_ROW_VERIFY_10,
	SCST_ROW_SYNCHRONIZE_CACHE_10,
	SCST_ROW_MODE_SELECT_10,
	SCST_ROW_MODE_SENSE_10,
	SCST_ROW_READ_16,
	SCST_ROW_WRITE_16,
	SCST_ROW_WRITE_AND_VERIFY_16,
	SCST_ROW_VERIFY_16,
	SCST_ROW_SYNCHRONIZE_CACHE_16,
	SCST_ROW_READ_CAPACITY_16,
	SCST_ROW_REPORT_LUNS,
	SCST_ROW_REPORT_OPCODES,
	SCST_ROW_REPORT_TMFS,
	SCST_ROW_READ_12,
	SCST_ROW_WRITE_12,
	SCST_ROW_WRITE_AND_VERIFY_12,
	SCST_ROW_VERIFY_12,
	SCST_ROW_COUNT,
};

const struct scst_opcode scst_opcodes[] = {
	[SCST_ROW_TEST_UNIT_READY] = {
		.name = "TEST UNIT READY",
		.opcode = TEST_UNIT_READY,
		.sa = SCST_OPCODE_NO_SA,
		.cdb_len = 6,
		.flags = SCST_OPF_WELL_KNOWN,
		.pr = SCST_PR_ALLOW,
		.usage = { 0xff },
		.exec = scst_exec_test_unit_ready,
	},
	[SCST_ROW_REQUEST_SENSE] = {
		.name = "REQUEST SENSE",
		.opcode = REQUEST_SENSE,
		.sa = SCST_OPCODE_NO_SA,
		.cdb_len = 6,
		.dir = SCST_DIR_IN,
		.len_kind = SCST_LEN_ALLOCATION,
		.pr = SCST_PR_ALLOW,
		.flags = SCST_OPF_ANY_LUN | SCST_OPF_ANY_STATE |
			 SCST_OPF_SKIP_UA,
		.xfer = { .byte = 4, .len = 1 },
		.usage = { 0xff, 0x01, 0x00, 0x00, 0xff },
		.exec = scst_exec_request_sense,
	},
	[SCST_ROW_READ_6] = {
		.name = "READ(6)",
		.opcode = READ_6,
		.sa = SCST_OPCODE_NO_SA,
		.cdb_len = 6,
		.dir = SCST_DIR_IN,
		.len_kind = SCST_LEN_BLOCKS,
		.pr = SCST_PR_READ,
		.io = SCST_IO_READ,
		.flags = SCST_OPF_MEDIUM | SCST_OPF_ZERO_IS_256,
		.types = SCST_TYPES_BLOCK,
		.lba = { .byte = 1, .len = 3, .mask = 0x1f },
		.xfer = { .byte = 4, .len = 1 },
		.usage = { 0xff, 0x1f, 0xff, 0xff, 0xff },
	},
	[SCST_ROW_WRITE_6] = {
		.name = "WRITE(6)",
		.opcode = WRITE_6,
		.sa = SCST_OPCODE_NO_SA,
		.cdb_len = 6,
		.dir = SCST_DIR_OUT,
		.len_kind = SCST_LEN_BLOCKS,
		.pr = SCST_PR_WRITE,
		.io = SCST_IO_WRITE,
		.flags = SCST_OPF_MEDIUM | SCST_OPF_WRITES |
			 SCST_OPF_ZERO_IS_256,
		.types = SCST_TYPES_BLOCK,
		.lba = { .byte = 1, .len = 3, .mask = 0x1f },
		.xfer = { .byte = 4, .len = 1 },
		.usage = { 0xff, 0x1f, 0xff, 0xff, 0xff },
	},
	[SCST_ROW_INQUIRY] = {
		.name = "INQUIRY",
		.opcode = INQUIRY,
		.sa = SCST_OPCODE_NO_SA,
		.cdb_len = 6,
		.dir = SCST_DIR_IN,
		.len_kind = SCST_LEN_ALLOCATION,
		.pr = SCST_PR_ALLOW,
		.flags = SCST_OPF_ANY_LUN | SCST_OPF_ANY_STATE |
			 SCST_OPF_SKIP_UA,
		.xfer = { .byte = 3, .len = 2 },
		.usage = { 0xff, 0x01, 0xff, 0xff, 0xff },
		.exec = scst_exec_inquiry,
	},
	[SCST_ROW_MODE_SELECT_6] = {
		.name = "MODE SELECT(6)",
		.opcode = MODE_SELECT,
		.sa = SCST_OPCODE_NO_SA,
		.cdb_len = 6,
		.dir = SCST_DIR_OUT,
		.len_kind = SCST_LEN_PARAMETERS,
		.pr = SCST_PR_WRITE,
		.types = SCST_TYPES_BLOCK,
		.xfer = { .byte = 4, .len = 1 },
		.usage = { 0xff, 0x10, 0x00, 0x00, 0xff },
		.exec = scst_exec_mode_select,
	},
	[SCST_ROW_MODE_SENSE_6] = {
		.name = "MODE SENSE(6)",
		.opcode = MODE_SENSE,
		.sa = SCST_OPCODE_NO_SA,
		.cdb_len = 6,
		.dir = SCST_DIR_IN,
		.len_kind = SCST_LEN_ALLOCATION,
		.pr = SCST_PR_WRITE,
		.types = SCST_TYPES_BLOCK,
		.xfer = { .byte = 4, .len = 1 },
		.usage = { 0xff, 0x08, 0xff, 0xff, 0xff },
		.exec = scst_exec_mode_sense,
	},
	[SCST_ROW_START_STOP_UNIT] = {
		.name = "START STOP UNIT",
		.opcode = START_STOP,
		.sa = SCST_OPCODE_NO_SA,
		.cdb_len = 6,
		.pr = SCST_PR_WRITE,
		.types = SCST_TYPES_BLOCK,
		.usage = { 0xff, 0x01, 0x00, 0x0f, 0xf7 },
		.exec = scst_exec_start_stop,
	},
	[SCST_ROW_SEND_DIAGNOSTIC] = {
		.name = "SEND DIAGNOSTIC",
		.opcode = SEND_DIAGNOSTIC,
		.sa = SCST_OPCODE_NO_SA,
		.cdb_len = 6,
		.pr = SCST_PR_WRITE,
		.usage = { 0xff, 0x17 },
		.exec = scst_exec_send_diagnostic,
	},
	[SCST_ROW_PREVENT_ALLOW] = {
		.name = "PREVENT ALLOW MEDIUM REMOVAL",
		.opcode = ALLOW_MEDIUM_REMOVAL,
		.sa = SCST_OPCODE_NO_SA,
		.cdb_len = 6,
		.pr = SCST_PR_WRITE,
		.types = SCST_TYPES_BLOCK,
		.usage = { 0xff, 0x00, 0x00, 0x00, 0x01 },
		.exec = scst_exec_prevent_allow,
	},
	[SCST_ROW_READ_CAPACITY_10] = {
		.name = "READ CAPACITY(10)",
		.opcode = READ_CAPACITY,
		.sa = SCST_OPCODE_NO_SA,
		.cdb_len = 10,
		.dir = SCST_DIR_IN,
		.len_kind = SCST_LEN_FIXED,
		.fixed_len = 8,
		.pr = SCST_PR_ALLOW,
		.types = SCST_TYPES_BLOCK,
		.usage = { 0xff },
		.exec = scst_exec_read_capacity_10,
	},
	[SCST_ROW_READ_10] = {
		.name = "READ(10)",
		.opcode = READ_10,
		.sa = SCST_OPCODE_NO_SA,
		.cdb_len = 10,
		.dir = SCST_DIR_IN,
		.len_kind = SCST_LEN_BLOCKS,
		.pr = SCST_PR_READ,
		.io = SCST_IO_READ,
		.flags = SCST_OPF_MEDIUM | SCST_OPF_FUA,
		.types = SCST_TYPES_BLOCK,
		.lba = { .byte = 2, .len = 4 },
		.xfer = { .byte = 7, .len = 2 },
		.usage = { 0xff, 0x18, 0xff, 0xff, 0xff, 0xff, 0x00, 0xff, 0xff },
	},
	[SCST_ROW_WRITE_10] = {
		.name = "WRITE(10)",
		.opcode = WRITE_10,
		.sa = SCST_OPCODE_NO_SA,
		.cdb_len = 10,
		.dir = SCST_DIR_OUT,
		.len_kind = SCST_LEN_BLOCKS,
		.pr = SCST_PR_WRITE,
		.io = SCST_IO_WRITE,
		.flags = SCST_OPF_MEDIUM | SCST_OPF_WRITES | SCST_OPF_FUA,
		.types = SCST_TYPES_BLOCK,
		.lba = { .byte = 2, .len = 4 },
		.xfer = { .byte = 7, .len = 2 },
		.usage = { 0xff, 0x18, 0xff, 0xff, 0xff, 0xff, 0x00, 0xff, 0xff },
	},
	[SCST_ROW_WRITE_AND_VERIFY_10] = {
		.name = "WRITE AND VERIFY(10)",
		.opcode = WRITE_VERIFY,
		.sa = SCST_OPCODE_NO_SA,
		.cdb_len = 10,
		.dir = SCST_DIR_OUT,
		.len_kind = SCST_LEN_BLOCKS,
		.pr = SCST_PR_WRITE,
		.io = SCST_IO_WRITE,
		.io_next = SCST_IO_VERIFY,
		.flags = SCST_OPF_MEDIUM | SCST_OPF_WRITES | SCST_OPF_BYTCHK,
		.types = SCST_TYPES_BLOCK,
		.lba = { .byte = 2, .len = 4 },
		.xfer = { .byte = 7, .len = 2 },
		.usage = { 0xff, 0x16, 0xff, 0xff, 0xff, 0xff, 0x00, 0xff, 0xff },
	},
	[SCST_ROW_VERIFY_10] = {
		.name = "VERIFY(10)",
		.opcode = VERIFY,
		.sa = SCST_OPCODE_NO_SA,
		.cdb_len = 10,
		.dir = SCST_DIR_OUT,
		.len_kind = SCST_LEN_BLOCKS,
		.pr = SCST_PR_READ,
		.io = SCST_IO_VERIFY,
		.flags = SCST_OPF_MEDIUM | SCST_OPF_BYTCHK,
		.types = SCST_TYPES_BLOCK,
		.lba = { .byte = 2, .len = 4 },
		.xfer = { .byte = 7, .len = 2 },
		.usage = { 0xff, 0x16, 0xff, 0xff, 0xff, 0xff, 0x00, 0xff, 0xff },
	},
	[SCST_ROW_SYNCHRONIZE_CACHE_10] = {
		.name = "SYNCHRONIZE CACHE(10)",
		.opcode = SYNCHRONIZE_CACHE,
		.sa = SCST_OPCODE_NO_SA,
		.cdb_len = 10,
		.len_kind = SCST_LEN_RANGE,
		.pr = SCST_PR_WRITE,
		.io = SCST_IO_SYNC,
		.flags = SCST_OPF_MEDIUM,
		.types = SCST_TYPES_BLOCK,
		.lba = { .byte = 2, .len = 4 },
		.xfer = { .byte = 7, .len = 2 },
		.usage = { 0xff, 0x02, 0xff, 0xff, 0xff, 0xff, 0x00, 0xff, 0xff },
		.exec = scst_exec_synchronize_cache,
	},
	[SCST_ROW_MODE_SELECT_10] = {
		.name = "MODE SELECT(10)",
		.opcode = MODE_SELECT_10,
		.sa = SCST_OPCODE_NO_SA,
		.cdb_len = 10,
		.dir = SCST_DIR_OUT,
		.len_kind = SCST_LEN_PARAMETERS,
		.pr = SCST_PR_WRITE,
		.types = SCST_TYPES_BLOCK,
		.xfer = { .byte = 7, .len = 2 },
		.usage = { 0xff, 0x10, 0x00, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff },
		.exec = scst_exec_mode_select,
	},
	[SCST_ROW_MODE_SENSE_10] = {
		.name = "MODE SENSE(10)",
		.opcode = MODE_SENSE_10,
		.sa = SCST_OPCODE_NO_SA,
		.cdb_len = 10,
		.dir = SCST_DIR_IN,
		.len_kind = SCST_LEN_ALLOCATION,
		.pr = SCST_PR_WRITE,
		.types = SCST_TYPES_BLOCK,
		.xfer = { .byte = 7, .len = 2 },
		.usage = { 0xff, 0x18, 0xff, 0xff, 0x00, 0x00, 0x00, 0xff, 0xff },
		.exec = scst_exec_mode_sense,
	},
	[SCST_ROW_READ_16] = {
		.name = "READ(16)",
		.opcode = READ_16,
		.sa = SCST_OPCODE_NO_SA,
		.cdb_len = 16,
		.dir = SCST_DIR_IN,
		.len_kind = SCST_LEN_BLOCKS,
		.pr = SCST_PR_READ,
		.io = SCST_IO_READ,
		.flags = SCST_OPF_MEDIUM | SCST_OPF_FUA,
		.types = SCST_TYPES_BLOCK,
		.lba = { .byte = 2, .len = 8 },
		.xfer = { .byte = 10, .len = 4 },
		.usage = { 0xff, 0x18, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
			   0xff, 0xff, 0xff, 0xff, 0xff, 0xff },
	},
	[SCST_ROW_WRITE_16] = {
		.name = "WRITE(16)",
		.opcode = WRITE_16,
		.sa = SCST_OPCODE_NO_SA,
		.cdb_len = 16,
		.dir = SCST_DIR_OUT,
		.len_kind = SCST_LEN_BLOCKS,
		.pr = SCST_PR_WRITE,
		.io = SCST_IO_WRITE,
		.flags = SCST_OPF_MEDIUM | SCST_OPF_WRITES | SCST_OPF_FUA,
		.types = SCST_TYPES_BLOCK,
		.lba = { .byte = 2, .len = 8 },
		.xfer = { .byte = 10, .len = 4 },
		.usage = { 0xff, 0x18, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
			   0xff, 0xff, 0xff, 0xff, 0xff, 0xff },
	},
	[SCST_ROW_WRITE_AND_VERIFY_16] = {
		.name = "WRITE AND VERIFY(16)",
		.opcode = WRITE_VERIFY_16,
		.sa = SCST_OPCODE_NO_SA,
		.cdb_len = 16,
		.dir = SCST_DIR_OUT,
		.len_kind = SCST_LEN_BLOCKS,
		.pr = SCST_PR_WRITE,
		.io = SCST_IO_WRITE,
		.io_next = SCST_IO_VERIFY,
		.flags = SCST_OPF_MEDIUM | SCST_OPF_WRITES | SCST_OPF_BYTCHK,
		.types = SCST_TYPES_BLOCK,
		.lba = { .byte = 2, .len = 8 },
		.xfer = { .byte = 10, .len = 4 },
		.usage = { 0xff, 0x16, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
			   0xff, 0xff, 0xff, 0xff, 0xff, 0xff },
	},
	[SCST_ROW_VERIFY_16] = {
		.name = "VERIFY(16)",
		.opcode = VERIFY_16,
		.sa = SCST_OPCODE_NO_SA,
		.cdb_len = 16,
		.dir = SCST_DIR_OUT,
		.len_kind = SCST_LEN_BLOCKS,
		.pr = SCST_PR_READ,
		.io = SCST_IO_VERIFY,
		.flags = SCST_OPF_MEDIUM | SCST_OPF_BYTCHK,
		.types = SCST_TYPES_BLOCK,
		.lba = { .byte = 2, .len = 8 },
		.xfer = { .byte = 10, .len = 4 },
		.usage = { 0xff, 0x16, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
			   0xff, 0xff, 0xff, 0xff, 0xff, 0xff },
	},
	[SCST_ROW_SYNCHRONIZE_CACHE_16] = {
		.name = "SYNCHRONIZE CACHE(16)",
		.opcode = SYNCHRONIZE_CACHE_16,
		.sa = SCST_OPCODE_NO_SA,
		.cdb_len = 16,
		.len_kind = SCST_LEN_RANGE,
		.pr = SCST_PR_WRITE,
		.io = SCST_IO_SYNC,
		.flags = SCST_OPF_MEDIUM,
		.types = SCST_TYPES_BLOCK,
		.lba = { .byte = 2, .len = 8 },
		.xfer = { .byte = 10, .len = 4 },
		.usage = { 0xff, 0x02, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
			   0xff, 0xff, 0xff, 0xff, 0xff, 0xff },
		.exec = scst_exec_synchronize_cache,
	},
	[SCST_ROW_READ_CAPACITY_16] = {
		.name = "READ CAPACITY(16)",
		.opcode = SERVICE_ACTION_IN_16,
		.sa = SAI_READ_CAPACITY_16,
		.sa_byte = 1,
		.cdb_len = 16,
		.dir = SCST_DIR_IN,
		.len_kind = SCST_LEN_ALLOCATION,
		.pr = SCST_PR_ALLOW,
		.types = SCST_TYPES_BLOCK,
		.xfer = { .byte = 10, .len = 4 },
		.usage = { 0xff, 0x1f, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
			   0x00, 0x00, 0xff, 0xff, 0xff, 0xff },
		.exec = scst_exec_read_capacity_16,
	},
	[SCST_ROW_REPORT_LUNS] = {
		.name = "REPORT LUNS",
		.opcode = REPORT_LUNS,
		.sa = SCST_OPCODE_NO_SA,
		.cdb_len = 12,
		.dir = SCST_DIR_IN,
		.len_kind = SCST_LEN_ALLOCATION,
		.pr = SCST_PR_ALLOW,
		.flags = SCST_OPF_ANY_LUN | SCST_OPF_ANY_STATE |
			 SCST_OPF_SKIP_UA,
		.xfer = { .byte = 6, .len = 4 },
		.usage = { 0xff, 0x00, 0xff, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff },
		.exec = scst_exec_report_luns,
	},
	[SCST_ROW_REPORT_OPCODES] = {
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
	},
	[SCST_ROW_REPORT_TMFS] = {
		.name = "REPORT SUPPORTED TASK MANAGEMENT FUNCTIONS",
		.opcode = MAINTENANCE_IN,
		.sa = MI_REPORT_SUPPORTED_TASK_MANAGEMENT_FUNCTIONS,
		.sa_byte = 1,
		.cdb_len = 12,
		.dir = SCST_DIR_IN,
		.len_kind = SCST_LEN_ALLOCATION,
		.pr = SCST_PR_WRITE,
		.xfer = { .byte = 6, .len = 4 },
		.usage = { 0xff, 0x1f, 0x80, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff },
		.exec = scst_exec_report_tmfs,
	},
	[SCST_ROW_READ_12] = {
		.name = "READ(12)",
		.opcode = READ_12,
		.sa = SCST_OPCODE_NO_SA,
		.cdb_len = 12,
		.dir = SCST_DIR_IN,
		.len_kind = SCST_LEN_BLOCKS,
		.pr = SCST_PR_READ,
		.io = SCST_IO_READ,
		.flags = SCST_OPF_MEDIUM | SCST_OPF_FUA,
		.types = SCST_TYPES_BLOCK,
		.lba = { .byte = 2, .len = 4 },
		.xfer = { .byte = 6, .len = 4 },
		.usage = { 0xff, 0x18, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff },
	},
	[SCST_ROW_WRITE_12] = {
		.name = "WRITE(12)",
		.opcode = WRITE_12,
		.sa = SCST_OPCODE_NO_SA,
		.cdb_len = 12,
		.dir = SCST_DIR_OUT,
		.len_kind = SCST_LEN_BLOCKS,
		.pr = SCST_PR_WRITE,
		.io = SCST_IO_WRITE,
		.flags = SCST_OPF_MEDIUM | SCST_OPF_WRITES | SCST_OPF_FUA,
		.types = SCST_TYPES_BLOCK,
		.lba = { .byte = 2, .len = 4 },
		.xfer = { .byte = 6, .len = 4 },
		.usage = { 0xff, 0x18, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff },
	},
	[SCST_ROW_WRITE_AND_VERIFY_12] = {
		.name = "WRITE AND VERIFY(12)",
		.opcode = WRITE_VERIFY_12,
		.sa = SCST_OPCODE_NO_SA,
		.cdb_len = 12,
		.dir = SCST_DIR_OUT,
		.len_kind = SCST_LEN_BLOCKS,
		.pr = SCST_PR_WRITE,
		.io = SCST_IO_WRITE,
		.io_next = SCST_IO_VERIFY,
		.flags = SCST_OPF_MEDIUM | SCST_OPF_WRITES | SCST_OPF_BYTCHK,
		.types = SCST_TYPES_BLOCK,
		.lba = { .byte = 2, .len = 4 },
		.xfer = { .byte = 6, .len = 4 },
		.usage = { 0xff, 0x16, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff },
	},
	[SCST_ROW_VERIFY_12] = {
		.name = "VERIFY(12)",
		.opcode = VERIFY_12,
		.sa = SCST_OPCODE_NO_SA,
		.cdb_len = 12,
		.dir = SCST_DIR_OUT,
		.len_kind = SCST_LEN_BLOCKS,
		.pr = SCST_PR_READ,
		.io = SCST_IO_VERIFY,
		.flags = SCST_OPF_MEDIUM | SCST_OPF_BYTCHK,
		.types = SCST_TYPES_BLOCK,
		.lba = { .byte = 2, .len = 4 },
		.xfer = { .byte = 6, .len = 4 },
		.usage = { 0xff, 0x16, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff },
	},
};
EXPORT_SYMBOL_IF_KUNIT(scst_opcodes);

const unsigned int scst_opcode_count = ARRAY_SIZE(scst_opcodes);
EXPORT_SYMBOL_IF_KUNIT(scst_opcode_count);

/* Where the rows of an operation code begin: the row's number plus one */
static const u8 scst_opcode_index[256] = {
	[TEST_UNIT_READY] = SCST_ROW_TEST_UNIT_READY + 1,
	[REQUEST_SENSE] = SCST_ROW_REQUEST_SENSE + 1,
	[READ_6] = SCST_ROW_READ_6 + 1,
	[WRITE_6] = SCST_ROW_WRITE_6 + 1,
	[INQUIRY] = SCST_ROW_INQUIRY + 1,
	[MODE_SELECT] = SCST_ROW_MODE_SELECT_6 + 1,
	[MODE_SENSE] = SCST_ROW_MODE_SENSE_6 + 1,
	[START_STOP] = SCST_ROW_START_STOP_UNIT + 1,
	[SEND_DIAGNOSTIC] = SCST_ROW_SEND_DIAGNOSTIC + 1,
	[ALLOW_MEDIUM_REMOVAL] = SCST_ROW_PREVENT_ALLOW + 1,
	[READ_CAPACITY] = SCST_ROW_READ_CAPACITY_10 + 1,
	[READ_10] = SCST_ROW_READ_10 + 1,
	[WRITE_10] = SCST_ROW_WRITE_10 + 1,
	[WRITE_VERIFY] = SCST_ROW_WRITE_AND_VERIFY_10 + 1,
	[VERIFY] = SCST_ROW_VERIFY_10 + 1,
	[SYNCHRONIZE_CACHE] = SCST_ROW_SYNCHRONIZE_CACHE_10 + 1,
	[MODE_SELECT_10] = SCST_ROW_MODE_SELECT_10 + 1,
	[MODE_SENSE_10] = SCST_ROW_MODE_SENSE_10 + 1,
	[READ_16] = SCST_ROW_READ_16 + 1,
	[WRITE_16] = SCST_ROW_WRITE_16 + 1,
	[WRITE_VERIFY_16] = SCST_ROW_WRITE_AND_VERIFY_16 + 1,
	[VERIFY_16] = SCST_ROW_VERIFY_16 + 1,
	[SYNCHRONIZE_CACHE_16] = SCST_ROW_SYNCHRONIZE_CACHE_16 + 1,
	[SERVICE_ACTION_IN_16] = SCST_ROW_READ_CAPACITY_16 + 1,
	[REPORT_LUNS] = SCST_ROW_REPORT_LUNS + 1,
	[MAINTENANCE_IN] = SCST_ROW_REPORT_OPCODES + 1,
	[READ_12] = SCST_ROW_READ_12 + 1,
	[WRITE_12] = SCST_ROW_WRITE_12 + 1,
	[WRITE_VERIFY_12] = SCST_ROW_WRITE_AND_VERIFY_12 + 1,
	[VERIFY_12] = SCST_ROW_VERIFY_12 + 1,
};

static_assert(ARRAY_SIZE(scst_opcodes) == SCST_ROW_COUNT);
static_assert(SCST_ROW_COUNT < U8_MAX);

/**
 * scst_opcode_has_type - whether a row is there for a kind of device
 * @op:   the row
 * @type: peripheral device type
 *
 * Context: any.
 * Return: true if devices of @type have it.
 */
bool scst_opcode_has_type(const struct scst_opcode *op, u8 type)
{
	return !op->types || (op->types & BIT(type));
}
EXPORT_SYMBOL_IF_KUNIT(scst_opcode_has_type);

static bool scst_opcode_has_sa(const struct scst_opcode *op, const u8 *cdb,
			       unsigned int len)
{
	if (op->sa == SCST_OPCODE_NO_SA)
		return true;
	return op->sa_byte < len && (cdb[op->sa_byte] & 0x1f) == op->sa;
}

/**
 * scst_opcode_find - the row that a CDB belongs to
 * @type:  peripheral device type, at most 1Fh
 * @cdb:   the CDB
 * @len:   bytes in it, at least one
 * @known: set to whether devices of @type have the operation code at all,
 *	   perhaps with other service actions
 *
 * Context: any.
 * Return: the row, or NULL.
 */
const struct scst_opcode *scst_opcode_find(u8 type, const u8 *cdb,
					   unsigned int len, bool *known)
{
	const struct scst_opcode *end = scst_opcodes + SCST_ROW_COUNT;
	u8 first = scst_opcode_index[cdb[0]];
	const struct scst_opcode *op;

	*known = false;
	if (!first)
		return NULL;
	for (op = &scst_opcodes[first - 1]; op < end && op->opcode == cdb[0]; op++) {
		if (!scst_opcode_has_type(op, type))
			continue;
		*known = true;
		if (scst_opcode_has_sa(op, cdb, len))
			return op;
	}
	return NULL;
}
EXPORT_SYMBOL_IF_KUNIT(scst_opcode_find);
