// SPDX-License-Identifier: GPL-2.0
/*
 * SEND DIAGNOSTIC and RECEIVE DIAGNOSTIC RESULTS: the default self-test, and no diagnostic pages
 * but the one that lists them.
 */
#include "cmd/cmd.h"
#include "lu/kinds.h"

/*
 * SEND DIAGNOSTIC
 *
 * The default self-test passes, because a command that gets here shows that the device server
 * works. All other diagnostics are refused when the CDB is decoded.
 */
static void scst_exec_send_diagnostic(struct scst_cmd *cmd)
{
}

/*
 * RECEIVE DIAGNOSTIC RESULTS
 *
 * SEND DIAGNOSTIC asks for no page. So the page that is returned without PCV is this one, too.
 */
static void scst_exec_receive_diagnostic(struct scst_cmd *cmd)
{
	/* PAGE CODE, reserved, PAGE LENGTH, and the code of the supported page */
	static const u8 supported[] = { 0x00, 0x00, 0x00, 0x01, 0x00 };

	if (cmd->cdb[2]) {
		scst_cmd_set_field_error(cmd, SCST_SENSE_INVALID_CDB_FIELD, 2, 7);
		return;
	}
	scst_data_in_whole(cmd, supported, sizeof(supported));
}

static const struct scst_opcode scst_diagnostic_rows[] = {
	{
		.name = "RECEIVE DIAGNOSTIC RESULTS",
		.opcode = RECEIVE_DIAGNOSTIC,
		.sa = SCST_OPCODE_NO_SA,
		.cdb_len = 6,
		.dir = SCST_DIR_IN,
		.len_kind = SCST_LEN_ALLOCATION,
		.pr = SCST_PR_WRITE,
		.xfer = { .byte = 3, .len = 2 },
		.usage = { 0xff, 0x01, 0xff, 0xff, 0xff },
		.exec = scst_exec_receive_diagnostic,
	}, {
		.name = "SEND DIAGNOSTIC",
		.opcode = SEND_DIAGNOSTIC,
		.sa = SCST_OPCODE_NO_SA,
		.cdb_len = 6,
		.pr = SCST_PR_WRITE,
		.usage = { 0xff, 0x17 },
		.exec = scst_exec_send_diagnostic,
	},
};

const struct scst_opcode_set scst_diagnostic_opcodes = {
	.rows = scst_diagnostic_rows,
	.count = ARRAY_SIZE(scst_diagnostic_rows),
};
