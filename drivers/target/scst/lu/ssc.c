// SPDX-License-Identifier: GPL-2.0
/*
 * Commands of sequential-access devices, SSC-5: the properties that the core needs of commands
 * that it passes on. Commands without a row count as writes.
 */
#include <scsi/scsi_proto.h>

#include "lu/kinds.h"

/* REWIND, SSC-5 7.8. The kernel calls it REZERO UNIT, its name on other devices. */
#define SCST_REWIND	0x01

/* A command that moves the medium conflicts with a reservation, even if it only reads. */
static const struct scst_opcode scst_ssc_rows[] = {
	{
		.name = "REWIND",
		.opcode = SCST_REWIND,
		.sa = SCST_OPCODE_NO_SA,
		.cdb_len = 6,
		.pr = SCST_PR_WRITE,
		.usage = { 0xff, 0x01 },
	}, {
		.name = "READ BLOCK LIMITS",
		.opcode = READ_BLOCK_LIMITS,
		.sa = SCST_OPCODE_NO_SA,
		.cdb_len = 6,
		.dir = SCST_DIR_IN,
		.len_kind = SCST_LEN_ANNOUNCED,
		.pr = SCST_PR_ALLOW,
		.usage = { 0xff, 0x01 },
	}, {
		.name = "READ(6)",
		.opcode = READ_6,
		.sa = SCST_OPCODE_NO_SA,
		.cdb_len = 6,
		.dir = SCST_DIR_IN,
		.len_kind = SCST_LEN_BLOCKS,
		.pr = SCST_PR_WRITE,
		.flags = SCST_OPF_FIXED,
		.xfer = { .byte = 2, .len = 3 },
		.usage = { 0xff, 0x03, 0xff, 0xff, 0xff },
	}, {
		.name = "WRITE(6)",
		.opcode = WRITE_6,
		.sa = SCST_OPCODE_NO_SA,
		.cdb_len = 6,
		.dir = SCST_DIR_OUT,
		.len_kind = SCST_LEN_BLOCKS,
		.pr = SCST_PR_WRITE,
		.flags = SCST_OPF_WRITES | SCST_OPF_FIXED,
		.xfer = { .byte = 2, .len = 3 },
		.usage = { 0xff, 0x01, 0xff, 0xff, 0xff },
	}, {
		.name = "SPACE(6)",
		.opcode = SPACE,
		.sa = SCST_OPCODE_NO_SA,
		.cdb_len = 6,
		.pr = SCST_PR_WRITE,
		.usage = { 0xff, 0x0f, 0xff, 0xff, 0xff },
	}, {
		.name = "LOAD UNLOAD",
		.opcode = START_STOP,
		.sa = SCST_OPCODE_NO_SA,
		.cdb_len = 6,
		.pr = SCST_PR_WRITE,
		.usage = { 0xff, 0x01, 0x00, 0x00, 0x0f },
	}, {
		.name = "READ POSITION",
		.opcode = READ_POSITION,
		.sa = SCST_OPCODE_NO_SA,
		.cdb_len = 10,
		.dir = SCST_DIR_IN,
		.len_kind = SCST_LEN_ANNOUNCED,
		.pr = SCST_PR_ALLOW,
		.usage = { 0xff, 0x1f, 0x00, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff },
	},
};

const struct scst_opcode_set scst_ssc_opcodes = {
	.rows = scst_ssc_rows,
	.count = ARRAY_SIZE(scst_ssc_rows),
};
