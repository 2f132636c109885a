// SPDX-License-Identifier: GPL-2.0
/*
 * Block commands that read, write or verify: their rows and the check of their block range. The
 * handler executes them.
 */
#include <linux/export.h>
#include <linux/math64.h>

#include "cmd/cmd.h"
#include "lu/kinds.h"
#include "lu/lu.h"

/**
 * scst_sbc_block_size() - a block size to divide by
 * @dev: a block device
 *
 * The block size is zero until the device has been opened.
 *
 * Context: any.
 * Return: bytes, at least one.
 */
u32 scst_sbc_block_size(const struct scst_device *dev)
{
	return dev->params.block_size ?: 1;
}

/**
 * scst_sbc_has_blocks() - whether a range of blocks lies within the capacity
 * @dev:     a block device
 * @lba:     first block
 * @nblocks: number of blocks; 0: the range may begin behind the last block
 *
 * Context: any.
 * Return: false if one of the blocks is out of range.
 */
bool scst_sbc_has_blocks(const struct scst_device *dev, u64 lba, u64 nblocks)
{
	u64 capacity = READ_ONCE(dev->params.nblocks);

	return lba <= capacity && nblocks <= capacity - lba;
}

/**
 * scst_sbc_max_blocks() - longest transfer of one command
 * @dev: a block device
 *
 * Context: any.
 * Return: logical blocks.
 */
u32 scst_sbc_max_blocks(const struct scst_device *dev)
{
	return dev->params.max_transfer / scst_sbc_block_size(dev);
}

/**
 * scst_sbc_buffer_blocks() - longest transfer of one command that uses a buffer of the core
 * @dev: a block device
 *
 * Context: any.
 * Return: logical blocks, at least one: 0 would mean that there is no limit.
 */
u32 scst_sbc_buffer_blocks(const struct scst_device *dev)
{
	u64 room = div_u64(scst_buf_largest(dev), scst_sbc_block_size(dev));

	return clamp_t(u64, room, 1, scst_sbc_max_blocks(dev));
}

/**
 * scst_sbc_check_range() - check the block range of a medium access command
 * @cmd: a decoded command with a device
 *
 * Context: any.
 * Return: SCST_SENSE_NONE; SCST_SENSE_LBA_OUT_OF_RANGE; or SCST_SENSE_INVALID_CDB_FIELD if the
 * length field asks for a longer transfer than the device's max_transfer.
 */
scst_sense_t scst_sbc_check_range(const struct scst_cmd *cmd)
{
	const struct scst_opcode *op = cmd->op;

	if (!op->lba.len)
		return SCST_SENSE_NONE;
	if (!scst_sbc_has_blocks(cmd->dev, cmd->lba, cmd->nblocks))
		return SCST_SENSE_LBA_OUT_OF_RANGE;
	if (op->len_kind == SCST_LEN_BLOCKS &&
	    cmd->nblocks * cmd->block_size > cmd->dev->params.max_transfer)
		return SCST_SENSE_INVALID_CDB_FIELD;
	return SCST_SENSE_NONE;
}
EXPORT_SYMBOL_IF_KUNIT(scst_sbc_check_range);

/* The operations that are rare. */
static noinline void scst_sbc_execute_rare(struct scst_cmd *cmd, const struct scst_block_ops *ops)
{
	switch (cmd->io) {
	case SCST_IO_UNMAP:
		ops->unmap(cmd);
		break;
	case SCST_IO_ZERO:
	case SCST_IO_ZERO_UNMAP:
		ops->write_zeroes(cmd);
		break;
	case SCST_IO_READ_AHEAD:
		ops->read_ahead(cmd);
		break;
	case SCST_IO_LBA_STATUS:
		scst_thin_lba_status(cmd);
		break;
	case SCST_IO_LOG:
		scst_log_sense_sleeping(cmd);
		break;
	}
}

/**
 * scst_sbc_execute() - pass a command to the handler of a block device
 * @cmd: the command, owned by the handler from now on
 *
 * Context: thread, or atomic if the handler does not set may_sleep.
 */
void scst_sbc_execute(struct scst_cmd *cmd)
{
	const struct scst_block_ops *ops = cmd->dev->handler->block;

	switch (cmd->io) {
	case SCST_IO_READ:
		ops->read(cmd);
		break;
	case SCST_IO_WRITE:
		ops->write(cmd);
		break;
	case SCST_IO_VERIFY:
		ops->verify(cmd);
		break;
	case SCST_IO_COMPARE:
		ops->compare(cmd);
		break;
	case SCST_IO_SYNC:
		ops->sync(cmd);
		break;
	default:
		scst_sbc_execute_rare(cmd, ops);
		break;
	}
}

static const struct scst_opcode scst_sbc_io_rows[] = {
	{
		.name = "READ(6)",
		.opcode = READ_6,
		.sa = SCST_OPCODE_NO_SA,
		.cdb_len = 6,
		.dir = SCST_DIR_IN,
		.len_kind = SCST_LEN_BLOCKS,
		.pr = SCST_PR_READ,
		.io = SCST_IO_READ,
		.flags = SCST_OPF_ZERO_IS_256,
		.lba = { .byte = 1, .len = 3, .mask = 0x1f },
		.xfer = { .byte = 4, .len = 1 },
		.usage = { 0xff, 0x1f, 0xff, 0xff, 0xff },
	}, {
		.name = "WRITE(6)",
		.opcode = WRITE_6,
		.sa = SCST_OPCODE_NO_SA,
		.cdb_len = 6,
		.dir = SCST_DIR_OUT,
		.len_kind = SCST_LEN_BLOCKS,
		.pr = SCST_PR_WRITE,
		.io = SCST_IO_WRITE,
		.flags = SCST_OPF_WRITES | SCST_OPF_ZERO_IS_256,
		.lba = { .byte = 1, .len = 3, .mask = 0x1f },
		.xfer = { .byte = 4, .len = 1 },
		.usage = { 0xff, 0x1f, 0xff, 0xff, 0xff },
	}, {
		.name = "READ(10)",
		.opcode = READ_10,
		.sa = SCST_OPCODE_NO_SA,
		.cdb_len = 10,
		.dir = SCST_DIR_IN,
		.len_kind = SCST_LEN_BLOCKS,
		.pr = SCST_PR_READ,
		.io = SCST_IO_READ,
		.flags = SCST_OPF_FUA,
		.lba = { .byte = 2, .len = 4 },
		.xfer = { .byte = 7, .len = 2 },
		.usage = { 0xff, 0x18, 0xff, 0xff, 0xff, 0xff, 0x00, 0xff, 0xff },
	}, {
		.name = "WRITE(10)",
		.opcode = WRITE_10,
		.sa = SCST_OPCODE_NO_SA,
		.cdb_len = 10,
		.dir = SCST_DIR_OUT,
		.len_kind = SCST_LEN_BLOCKS,
		.pr = SCST_PR_WRITE,
		.io = SCST_IO_WRITE,
		.flags = SCST_OPF_WRITES | SCST_OPF_FUA,
		.lba = { .byte = 2, .len = 4 },
		.xfer = { .byte = 7, .len = 2 },
		.usage = { 0xff, 0x18, 0xff, 0xff, 0xff, 0xff, 0x00, 0xff, 0xff },
	}, {
		.name = "WRITE AND VERIFY(10)",
		.opcode = WRITE_VERIFY,
		.sa = SCST_OPCODE_NO_SA,
		.cdb_len = 10,
		.dir = SCST_DIR_OUT,
		.len_kind = SCST_LEN_BLOCKS,
		.pr = SCST_PR_WRITE,
		.io = SCST_IO_WRITE,
		.io_next = SCST_IO_VERIFY,
		.flags = SCST_OPF_WRITES | SCST_OPF_BYTCHK,
		.lba = { .byte = 2, .len = 4 },
		.xfer = { .byte = 7, .len = 2 },
		.usage = { 0xff, 0x16, 0xff, 0xff, 0xff, 0xff, 0x00, 0xff, 0xff },
	}, {
		.name = "VERIFY(10)",
		.opcode = VERIFY,
		.sa = SCST_OPCODE_NO_SA,
		.cdb_len = 10,
		.dir = SCST_DIR_OUT,
		.len_kind = SCST_LEN_BLOCKS,
		.pr = SCST_PR_READ,
		.io = SCST_IO_VERIFY,
		.flags = SCST_OPF_BYTCHK,
		.lba = { .byte = 2, .len = 4 },
		.xfer = { .byte = 7, .len = 2 },
		.usage = { 0xff, 0x16, 0xff, 0xff, 0xff, 0xff, 0x00, 0xff, 0xff },
	}, {
		.name = "READ(16)",
		.opcode = READ_16,
		.sa = SCST_OPCODE_NO_SA,
		.cdb_len = 16,
		.dir = SCST_DIR_IN,
		.len_kind = SCST_LEN_BLOCKS,
		.pr = SCST_PR_READ,
		.io = SCST_IO_READ,
		.flags = SCST_OPF_FUA,
		.lba = { .byte = 2, .len = 8 },
		.xfer = { .byte = 10, .len = 4 },
		.usage = { 0xff, 0x18, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
			   0xff, 0xff, 0xff, 0xff, 0xff, 0xff },
	}, {
		.name = "WRITE(16)",
		.opcode = WRITE_16,
		.sa = SCST_OPCODE_NO_SA,
		.cdb_len = 16,
		.dir = SCST_DIR_OUT,
		.len_kind = SCST_LEN_BLOCKS,
		.pr = SCST_PR_WRITE,
		.io = SCST_IO_WRITE,
		.flags = SCST_OPF_WRITES | SCST_OPF_FUA,
		.lba = { .byte = 2, .len = 8 },
		.xfer = { .byte = 10, .len = 4 },
		.usage = { 0xff, 0x18, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
			   0xff, 0xff, 0xff, 0xff, 0xff, 0xff },
	}, {
		.name = "WRITE AND VERIFY(16)",
		.opcode = WRITE_VERIFY_16,
		.sa = SCST_OPCODE_NO_SA,
		.cdb_len = 16,
		.dir = SCST_DIR_OUT,
		.len_kind = SCST_LEN_BLOCKS,
		.pr = SCST_PR_WRITE,
		.io = SCST_IO_WRITE,
		.io_next = SCST_IO_VERIFY,
		.flags = SCST_OPF_WRITES | SCST_OPF_BYTCHK,
		.lba = { .byte = 2, .len = 8 },
		.xfer = { .byte = 10, .len = 4 },
		.usage = { 0xff, 0x16, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
			   0xff, 0xff, 0xff, 0xff, 0xff, 0xff },
	}, {
		.name = "VERIFY(16)",
		.opcode = VERIFY_16,
		.sa = SCST_OPCODE_NO_SA,
		.cdb_len = 16,
		.dir = SCST_DIR_OUT,
		.len_kind = SCST_LEN_BLOCKS,
		.pr = SCST_PR_READ,
		.io = SCST_IO_VERIFY,
		.flags = SCST_OPF_BYTCHK,
		.lba = { .byte = 2, .len = 8 },
		.xfer = { .byte = 10, .len = 4 },
		.usage = { 0xff, 0x16, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
			   0xff, 0xff, 0xff, 0xff, 0xff, 0xff },
	}, {
		.name = "READ(12)",
		.opcode = READ_12,
		.sa = SCST_OPCODE_NO_SA,
		.cdb_len = 12,
		.dir = SCST_DIR_IN,
		.len_kind = SCST_LEN_BLOCKS,
		.pr = SCST_PR_READ,
		.io = SCST_IO_READ,
		.flags = SCST_OPF_FUA,
		.lba = { .byte = 2, .len = 4 },
		.xfer = { .byte = 6, .len = 4 },
		.usage = { 0xff, 0x18, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff },
	}, {
		.name = "WRITE(12)",
		.opcode = WRITE_12,
		.sa = SCST_OPCODE_NO_SA,
		.cdb_len = 12,
		.dir = SCST_DIR_OUT,
		.len_kind = SCST_LEN_BLOCKS,
		.pr = SCST_PR_WRITE,
		.io = SCST_IO_WRITE,
		.flags = SCST_OPF_WRITES | SCST_OPF_FUA,
		.lba = { .byte = 2, .len = 4 },
		.xfer = { .byte = 6, .len = 4 },
		.usage = { 0xff, 0x18, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff },
	}, {
		.name = "WRITE AND VERIFY(12)",
		.opcode = WRITE_VERIFY_12,
		.sa = SCST_OPCODE_NO_SA,
		.cdb_len = 12,
		.dir = SCST_DIR_OUT,
		.len_kind = SCST_LEN_BLOCKS,
		.pr = SCST_PR_WRITE,
		.io = SCST_IO_WRITE,
		.io_next = SCST_IO_VERIFY,
		.flags = SCST_OPF_WRITES | SCST_OPF_BYTCHK,
		.lba = { .byte = 2, .len = 4 },
		.xfer = { .byte = 6, .len = 4 },
		.usage = { 0xff, 0x16, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff },
	}, {
		.name = "VERIFY(12)",
		.opcode = VERIFY_12,
		.sa = SCST_OPCODE_NO_SA,
		.cdb_len = 12,
		.dir = SCST_DIR_OUT,
		.len_kind = SCST_LEN_BLOCKS,
		.pr = SCST_PR_READ,
		.io = SCST_IO_VERIFY,
		.flags = SCST_OPF_BYTCHK,
		.lba = { .byte = 2, .len = 4 },
		.xfer = { .byte = 6, .len = 4 },
		.usage = { 0xff, 0x16, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff },
	},
};

const struct scst_opcode_set scst_sbc_io_opcodes = {
	.rows = scst_sbc_io_rows,
	.count = ARRAY_SIZE(scst_sbc_io_rows),
};
