// SPDX-License-Identifier: GPL-2.0
/*
 * READ DEFECT DATA: the lists of defects are empty, in every format. Blocks that cannot be read are
 * the backend's, which may repair them.
 */
#include <linux/bits.h>

#include "cmd/cmd.h"
#include "lu/kinds.h"

/* READ DEFECT DATA(12), which scsi_proto.h does not have */
#define SCST_READ_DEFECT_DATA_12	0xb7

/* DEFECT LIST FORMAT, SBC-4 6.2: all but vendor-specific and reserved ones */
#define SCST_DEFECT_FORMATS	(BIT(0) | BIT(1) | BIT(2) | BIT(3) | BIT(4) | BIT(5))

/*
 * REQ_PLIST, REQ_GLIST and DEFECT LIST FORMAT are in one byte of the CDB. PLISTV, GLISTV and DEFECT
 * LIST FORMAT are in the same bits of byte 1 of the data.
 */
static void scst_defects_none(struct scst_cmd *cmd, unsigned int byte, u32 len)
{
	u8 request = cmd->cdb[byte] & 0x1f;
	u8 data[8] = {};

	if (!(SCST_DEFECT_FORMATS & BIT(request & 0x07))) {
		scst_cmd_set_field_error(cmd, SCST_SENSE_INVALID_CDB_FIELD, byte, 2);
		return;
	}
	data[1] = request;
	scst_data_in_whole(cmd, data, len);
}

/* READ DEFECT DATA(10) */
static void scst_exec_read_defects_10(struct scst_cmd *cmd)
{
	scst_defects_none(cmd, 2, 4);
}

/*
 * READ DEFECT DATA(12)
 *
 * ADDRESS DESCRIPTOR INDEX is behind the last descriptor, or at it, for any value.
 */
static void scst_exec_read_defects_12(struct scst_cmd *cmd)
{
	scst_defects_none(cmd, 1, 8);
}

static const struct scst_opcode scst_sbc_defect_rows[] = {
	{
		.name = "READ DEFECT DATA(10)",
		.opcode = READ_DEFECT_DATA,
		.sa = SCST_OPCODE_NO_SA,
		.cdb_len = 10,
		.dir = SCST_DIR_IN,
		.len_kind = SCST_LEN_ALLOCATION,
		.pr = SCST_PR_READ,
		.xfer = { .byte = 7, .len = 2 },
		.usage = { 0xff, 0x00, 0x1f, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff },
		.exec = scst_exec_read_defects_10,
	}, {
		.name = "READ DEFECT DATA(12)",
		.opcode = SCST_READ_DEFECT_DATA_12,
		.sa = SCST_OPCODE_NO_SA,
		.cdb_len = 12,
		.dir = SCST_DIR_IN,
		.len_kind = SCST_LEN_ALLOCATION,
		.pr = SCST_PR_READ,
		.xfer = { .byte = 6, .len = 4 },
		.usage = { 0xff, 0x1f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff },
		.exec = scst_exec_read_defects_12,
	},
};

const struct scst_opcode_set scst_sbc_defect_opcodes = {
	.rows = scst_sbc_defect_rows,
	.count = ARRAY_SIZE(scst_sbc_defect_rows),
};
