// SPDX-License-Identifier: GPL-2.0
/*
 * ORWRITE: the Data-Out is combined with what the medium has, bit by bit, and the result is
 * written. The range of its blocks makes that atomic: see range.c. The command works on a piece of
 * its blocks at a time, so that it needs little memory, however long it is.
 */
#include <linux/minmax.h>
#include <linux/mm.h>

#include "cmd/cmd.h"
#include "lu/kinds.h"
#include "lu/lu.h"
#include "lu/steps.h"

/* ORWRITE(16), which scsi_proto.h does not have */
#define SCST_ORWRITE_16		0x8b

/**
 * struct scst_orwrite - where an ORWRITE stands
 * @steps:	its steps
 * @medium:	a piece of the medium, which the steps read and write
 * @data:	the same piece of the Data-Out
 * @max:	blocks of a piece
 * @done:	blocks that were written
 * @read:	the medium's piece was read, and is written next
 */
struct scst_orwrite {
	struct scst_steps steps;
	u8 *medium;
	u8 *data;
	u32 max;
	u64 done;
	bool read;
};

static void scst_orwrite_combine(const struct scst_cmd *cmd, const struct scst_orwrite *orwrite,
				 u32 len)
{
	u32 i;

	scst_steps_data_out(cmd, orwrite->done * cmd->block_size, orwrite->data, len);
	for (i = 0; i < len; i++)
		orwrite->medium[i] |= orwrite->data[i];
}

static bool scst_orwrite_next(struct scst_cmd *cmd, struct scst_steps *steps)
{
	struct scst_orwrite *orwrite = container_of(steps, struct scst_orwrite, steps);
	u64 nblocks = min_t(u64, orwrite->max, steps->nblocks - orwrite->done);
	u32 len = nblocks * cmd->block_size;

	if (!nblocks)
		return false;
	scst_step(cmd, orwrite->read ? SCST_IO_WRITE : SCST_IO_READ, steps->lba + orwrite->done,
		  nblocks);
	scst_step_repeat(cmd, len, len);
	if (orwrite->read) {
		scst_orwrite_combine(cmd, orwrite, len);
		orwrite->done += nblocks;
	}
	orwrite->read = !orwrite->read;
	return true;
}

/* ORWRITE(16) */
static void scst_exec_orwrite(struct scst_cmd *cmd)
{
	u32 piece = PAGE_ALIGN(cmd->block_size);
	struct scst_orwrite *orwrite;

	if (!cmd->nblocks) {
		cmd->io = SCST_IO_NONE;
		return;
	}
	orwrite = scst_steps_alloc(cmd, sizeof(*orwrite), 1, scst_orwrite_next);
	if (!orwrite)
		return;
	orwrite->max = piece / cmd->block_size;
	orwrite->medium = scst_steps_pattern(cmd, 2 * piece);
	if (!orwrite->medium)
		return;
	orwrite->data = orwrite->medium + piece;
	scst_steps_start(cmd);
}

static const struct scst_opcode scst_sbc_orwrite_rows[] = {
	{
		.name = "ORWRITE(16)",
		.opcode = SCST_ORWRITE_16,
		.sa = SCST_OPCODE_NO_SA,
		.cdb_len = 16,
		.dir = SCST_DIR_OUT,
		.len_kind = SCST_LEN_BLOCKS,
		.pr = SCST_PR_WRITE,
		.io = SCST_IO_STEP,
		.flags = SCST_OPF_WRITES | SCST_OPF_FUA | SCST_OPF_ATOMIC,
		.lba = { .byte = 2, .len = 8 },
		.xfer = { .byte = 10, .len = 4 },
		.usage = { 0xff, 0x18, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
			   0xff, 0xff, 0xff, 0xff, 0xff, 0xff },
		.exec = scst_exec_orwrite,
	},
};

const struct scst_opcode_set scst_sbc_orwrite_opcodes = {
	.rows = scst_sbc_orwrite_rows,
	.count = ARRAY_SIZE(scst_sbc_orwrite_rows),
};
