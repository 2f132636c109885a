// SPDX-License-Identifier: GPL-2.0
/*
 * COMPARE AND WRITE: the first half of the Data-Out is compared with the medium, and if they are
 * equal the second half is written. The range of its blocks makes that atomic: see range.c.
 */
#include <linux/math64.h>
#include <linux/minmax.h>
#include <linux/sizes.h>

#include "cmd/cmd.h"
#include "lu/kinds.h"
#include "lu/lu.h"
#include "lu/steps.h"

/*
 * The most that one command may compare and write. The field in the CDB and in the block limits
 * VPD page has one byte. Other writes to the blocks wait for both operations, so these have to be
 * short: cluster file systems use one block, or a page.
 */
#define SCST_COMPARE_MAX_BLOCKS	255
#define SCST_COMPARE_MAX_BYTES	SZ_128K

/**
 * struct scst_compare - a COMPARE AND WRITE command
 * @steps:	its steps
 * @begun:	number of its operations that have begun
 */
struct scst_compare {
	struct scst_steps steps;
	unsigned int begun;
};

/**
 * scst_sbc_max_compare() - longest COMPARE AND WRITE
 * @dev: a block device
 *
 * Context: any.
 * Return: logical blocks, at least one.
 */
u32 scst_sbc_max_compare(const struct scst_device *dev)
{
	u32 blocks = SCST_COMPARE_MAX_BYTES / scst_sbc_block_size(dev);

	return clamp_t(u32, min(blocks, scst_sbc_max_blocks(dev)), 1, SCST_COMPARE_MAX_BLOCKS);
}

/**
 * scst_sbc_buffer_compare() - longest COMPARE AND WRITE that uses a buffer of the core
 * @dev: a block device
 *
 * Context: any.
 * Return: logical blocks, at least one: 0 would mean that the command is not supported.
 */
u32 scst_sbc_buffer_compare(const struct scst_device *dev)
{
	u64 room = div_u64(scst_buf_largest(dev) / 2, scst_sbc_block_size(dev));

	return clamp_t(u64, room, 1, scst_sbc_max_compare(dev));
}

static bool scst_compare_next(struct scst_cmd *cmd, struct scst_steps *steps)
{
	struct scst_compare *compare = container_of(steps, struct scst_compare, steps);
	u32 half = steps->data_len / 2;

	switch (compare->begun++) {
	case 0:
		scst_step(cmd, SCST_IO_COMPARE, steps->lba, steps->nblocks);
		scst_step_data(cmd, 0, half);
		return true;
	case 1:
		scst_step(cmd, SCST_IO_WRITE, steps->lba, steps->nblocks);
		scst_step_data(cmd, half, half);
		return true;
	}
	return false;
}

/* COMPARE AND WRITE. Without a write cache its write is durable, as that of other commands. */
static void scst_exec_compare_and_write(struct scst_cmd *cmd)
{
	if (!READ_ONCE(cmd->dev->mode.wce))
		cmd->fua = true;
	if (!cmd->nblocks)
		cmd->io = SCST_IO_NONE;
	else if (scst_steps_alloc(cmd, sizeof(struct scst_compare), cmd->sg_nents,
				  scst_compare_next))
		scst_steps_start(cmd);
}

static const struct scst_opcode scst_sbc_compare_rows[] = {
	{
		.name = "COMPARE AND WRITE",
		.opcode = COMPARE_AND_WRITE,
		.sa = SCST_OPCODE_NO_SA,
		.cdb_len = 16,
		.dir = SCST_DIR_OUT,
		.len_kind = SCST_LEN_TWICE,
		.pr = SCST_PR_WRITE,
		.io = SCST_IO_COMPARE,
		.flags = SCST_OPF_WRITES | SCST_OPF_FUA | SCST_OPF_ATOMIC,
		.lba = { .byte = 2, .len = 8 },
		.xfer = { .byte = 13, .len = 1 },
		.usage = { 0xff, 0x18, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
			   0xff, 0xff, 0x00, 0x00, 0x00, 0xff },
		.exec = scst_exec_compare_and_write,
	},
};

const struct scst_opcode_set scst_sbc_compare_opcodes = {
	.rows = scst_sbc_compare_rows,
	.count = ARRAY_SIZE(scst_sbc_compare_rows),
};
