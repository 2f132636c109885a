// SPDX-License-Identifier: GPL-2.0
/*
 * Block commands: ranges, capacity, power conditions. The medium itself is the
 * handler's.
 */
#include <linux/sizes.h>
#include <linux/string.h>

#include "opcodes.h"
#include "scst_priv.h"

/*
 * Longest transfer where the handler names none, in bytes. Much longer ones
 * could never get a buffer under the caps of buf.c, and a refusal tells the
 * initiator more than BUSY for ever.
 */
#define SCST_SBC_MAX_TRANSFER	SZ_16M

/* POWER CONDITION of START STOP UNIT, SBC-4 5.31 */
#define SCST_POWER_START_VALID	0x0
#define SCST_POWER_ACTIVE	0x1

/**
 * scst_sbc_max_blocks - longest transfer of one command
 * @dev: a block device
 *
 * Context: any.
 * Return: logical blocks.
 */
u32 scst_sbc_max_blocks(const struct scst_device *dev)
{
	return dev->params.max_blocks ?:
	       SCST_SBC_MAX_TRANSFER >> dev->params.block_shift;
}

/**
 * scst_sbc_buffer_blocks - longest transfer of one command that needs a buffer of the core's
 * @dev: a block device
 *
 * Context: any.
 * Return: logical blocks, at least one: 0 would mean that there is no limit.
 */
u32 scst_sbc_buffer_blocks(const struct scst_device *dev)
{
	u64 room = scst_buf_largest(dev) >> dev->params.block_shift;

	return clamp_t(u64, room, 1, scst_sbc_max_blocks(dev));
}

/**
 * scst_sbc_check_range - check a medium access command's blocks
 * @cmd: a decoded command with a device
 *
 * Context: any.
 * Return: SCST_SENSE_NONE; SCST_SENSE_LBA_OUT_OF_RANGE; or
 * SCST_SENSE_INVALID_CDB_FIELD: the length field asks for a longer transfer
 * than the block limits VPD page allows.
 */
scst_sense_t scst_sbc_check_range(const struct scst_cmd *cmd)
{
	const struct scst_opcode *op = cmd->op;
	u64 capacity = READ_ONCE(cmd->dev->params.nblocks);

	if (!op->lba.len)
		return SCST_SENSE_NONE;
	if (cmd->lba > capacity || cmd->nblocks > capacity - cmd->lba)
		return SCST_SENSE_LBA_OUT_OF_RANGE;
	if (op->len_kind == SCST_LEN_BLOCKS &&
	    cmd->nblocks > scst_sbc_max_blocks(cmd->dev))
		return SCST_SENSE_INVALID_CDB_FIELD;
	return SCST_SENSE_NONE;
}
EXPORT_SYMBOL_IF_KUNIT(scst_sbc_check_range);

/**
 * scst_exec_read_capacity_10 - READ CAPACITY(10)
 * @cmd: the command
 *
 * Context: thread or atomic.
 */
void scst_exec_read_capacity_10(struct scst_cmd *cmd)
{
	const struct scst_device *dev = cmd->dev;
	u64 last = READ_ONCE(dev->params.nblocks) - 1;
	u8 data[8];

	/* All ones: ask with READ CAPACITY(16). */
	put_unaligned_be32(min_t(u64, last, U32_MAX), &data[0]);
	put_unaligned_be32(1U << dev->params.block_shift, &data[4]);
	scst_data_in(cmd, 0, data, sizeof(data));
	scst_data_in_end(cmd, sizeof(data));
}

/**
 * scst_exec_read_capacity_16 - READ CAPACITY(16)
 * @cmd: the command
 *
 * Context: thread or atomic.
 */
void scst_exec_read_capacity_16(struct scst_cmd *cmd)
{
	const struct scst_device *dev = cmd->dev;
	u8 data[32] = {};

	put_unaligned_be64(READ_ONCE(dev->params.nblocks) - 1, &data[0]);
	put_unaligned_be32(1U << dev->params.block_shift, &data[8]);
	data[13] = dev->params.phys_exp;
	scst_data_in(cmd, 0, data, sizeof(data));
	scst_data_in_end(cmd, sizeof(data));
}

/**
 * scst_exec_synchronize_cache - SYNCHRONIZE CACHE(10), (16): the core's part
 * @cmd: the command
 *
 * Context: thread or atomic.
 */
void scst_exec_synchronize_cache(struct scst_cmd *cmd)
{
	u64 capacity = READ_ONCE(cmd->dev->params.nblocks);

	/* NUMBER OF LOGICAL BLOCKS zero: all up to the last one */
	if (!cmd->nblocks && cmd->lba < capacity)
		cmd->nblocks = capacity - cmd->lba;
}

/**
 * scst_sbc_sync_all - make the handler write back the whole device
 * @cmd: a command that does nothing else on the medium
 *
 * Context: thread or atomic.
 */
void scst_sbc_sync_all(struct scst_cmd *cmd)
{
	cmd->io = SCST_IO_SYNC;
	cmd->lba = 0;
	cmd->nblocks = READ_ONCE(cmd->dev->params.nblocks);
}

static void scst_start_valid(struct scst_cmd *cmd)
{
	bool start = cmd->cdb[4] & 0x01;
	bool loej = cmd->cdb[4] & 0x02;
	bool no_flush = cmd->cdb[4] & 0x04;

	if (loej) {
		scst_cmd_set_field_error(cmd, SCST_SENSE_INVALID_CDB_FIELD, 4, 1);
		return;
	}
	if (!start && !no_flush)
		scst_sbc_sync_all(cmd);
}

/**
 * scst_exec_start_stop - START STOP UNIT
 * @cmd: the command
 *
 * Nobody stops a disk that others use, too: firmware and hosts that shut down send
 * START=0, and nobody starts the disk again. What is asked for is that nothing is lost
 * when the power goes, so the cache is written back. Idle and standby would need the
 * power condition mode page, which there is not: nothing here consumes less power when
 * it idles.
 *
 * Context: thread or atomic.
 */
void scst_exec_start_stop(struct scst_cmd *cmd)
{
	u8 condition = cmd->cdb[4] >> 4;
	u8 modifier = cmd->cdb[3];

	if (condition > SCST_POWER_ACTIVE)
		scst_cmd_set_field_error(cmd, SCST_SENSE_INVALID_CDB_FIELD, 4, 7);
	else if (modifier)
		scst_cmd_set_field_error(cmd, SCST_SENSE_INVALID_CDB_FIELD, 3, 3);
	else if (condition == SCST_POWER_START_VALID)
		scst_start_valid(cmd);
}

/**
 * scst_exec_prevent_allow - PREVENT ALLOW MEDIUM REMOVAL
 * @cmd: the command
 *
 * The medium of a disk cannot be removed: whatever is asked for is already so.
 *
 * Context: thread or atomic.
 */
void scst_exec_prevent_allow(struct scst_cmd *cmd)
{
}
