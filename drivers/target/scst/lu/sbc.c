// SPDX-License-Identifier: GPL-2.0
/*
 * Block commands about a medium as a whole: its capacity, its cache, its power conditions.
 */
#include <linux/string.h>

#include "cmd/cmd.h"
#include "lu/kinds.h"
#include "lu/lu.h"

/* POWER CONDITION of START STOP UNIT, SBC-4 5.31 */
#define SCST_POWER_START_VALID	0x0
#define SCST_POWER_ACTIVE	0x1

/* PRE-FETCH(16), which scsi_proto.h does not have */
#define SCST_PRE_FETCH_16	0x90

/* READ CAPACITY(10) */
static void scst_exec_read_capacity_10(struct scst_cmd *cmd)
{
	const struct scst_device *dev = cmd->dev;
	u64 last = READ_ONCE(dev->params.nblocks) - 1;
	u8 data[8];

	/* All ones refer the initiator to READ CAPACITY(16). */
	put_unaligned_be32(min_t(u64, last, U32_MAX), &data[0]);
	put_unaligned_be32(dev->params.block_size, &data[4]);
	scst_data_in_whole(cmd, data, sizeof(data));
}

/* READ CAPACITY(16) */
static void scst_exec_read_capacity_16(struct scst_cmd *cmd)
{
	const struct scst_device *dev = cmd->dev;
	u8 data[32] = {};

	put_unaligned_be64(READ_ONCE(dev->params.nblocks) - 1, &data[0]);
	put_unaligned_be32(dev->params.block_size, &data[8]);
	data[13] = dev->params.phys_exp;
	if (dev->params.thin)
		data[14] |= 0x80;	/* LBPME */
	if (dev->params.reads_zeroes)
		data[14] |= 0x40;	/* LBPRZ */
	scst_data_in_whole(cmd, data, sizeof(data));
}

/* A number of blocks of zero: all up to the last one */
static void scst_sbc_to_the_end(struct scst_cmd *cmd)
{
	u64 capacity = READ_ONCE(cmd->dev->params.nblocks);

	if (!cmd->nblocks && cmd->lba < capacity)
		cmd->nblocks = capacity - cmd->lba;
}

/* SYNCHRONIZE CACHE(10), (16): the core's part */
static void scst_exec_synchronize_cache(struct scst_cmd *cmd)
{
	scst_sbc_to_the_end(cmd);
}

/*
 * PRE-FETCH(10), (16)
 *
 * The status is never CONDITION MET: that would mean that all blocks will be in the cache, and no
 * backend promises so. With GOOD, IMMED makes no difference. GROUP NUMBER changes nothing that the
 * command does, and any is accepted.
 */
static void scst_exec_prefetch(struct scst_cmd *cmd)
{
	scst_sbc_to_the_end(cmd);
	if (!cmd->nblocks || !cmd->dev->handler->block->read_ahead)
		cmd->io = SCST_IO_NONE;
}

/**
 * scst_sbc_sync_all() - make the handler write back the cache of the whole device
 * @cmd: a command that has no other block operation
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

/*
 * START STOP UNIT
 *
 * START=0 does not stop the disk, because other initiators may use it. Firmware and hosts send it
 * when they shut down, and no initiator would start the disk again. Its purpose is that no data
 * is lost at power-off, so the cache is written back. The idle and standby conditions are
 * refused: they require the power condition mode page. The page is not implemented, because an
 * idle disk here consumes no less power.
 */
static void scst_exec_start_stop(struct scst_cmd *cmd)
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

/*
 * PREVENT ALLOW MEDIUM REMOVAL
 *
 * The medium of a disk cannot be removed, so the command has nothing to do.
 */
static void scst_exec_prevent_allow(struct scst_cmd *cmd)
{
}

static const struct scst_opcode scst_sbc_rows[] = {
	{
		.name = "START STOP UNIT",
		.opcode = START_STOP,
		.sa = SCST_OPCODE_NO_SA,
		.cdb_len = 6,
		.pr = SCST_PR_START,
		.usage = { 0xff, 0x01, 0x00, 0x0f, 0xf7 },
		.exec = scst_exec_start_stop,
	}, {
		.name = "PREVENT ALLOW MEDIUM REMOVAL",
		.opcode = ALLOW_MEDIUM_REMOVAL,
		.sa = SCST_OPCODE_NO_SA,
		.cdb_len = 6,
		.pr = SCST_PR_PREVENT,
		.usage = { 0xff, 0x00, 0x00, 0x00, 0x01 },
		.exec = scst_exec_prevent_allow,
	}, {
		.name = "READ CAPACITY(10)",
		.opcode = READ_CAPACITY,
		.sa = SCST_OPCODE_NO_SA,
		.cdb_len = 10,
		.dir = SCST_DIR_IN,
		.len_kind = SCST_LEN_FIXED,
		.fixed_len = 8,
		.pr = SCST_PR_ALLOW,
		.usage = { 0xff },
		.exec = scst_exec_read_capacity_10,
	}, {
		.name = "PRE-FETCH(10)",
		.opcode = PRE_FETCH,
		.sa = SCST_OPCODE_NO_SA,
		.cdb_len = 10,
		.len_kind = SCST_LEN_RANGE,
		.pr = SCST_PR_READ,
		.io = SCST_IO_READ_AHEAD,
		.lba = { .byte = 2, .len = 4 },
		.xfer = { .byte = 7, .len = 2 },
		.usage = { 0xff, 0x02, 0xff, 0xff, 0xff, 0xff, 0x1f, 0xff, 0xff },
		.exec = scst_exec_prefetch,
	}, {
		.name = "PRE-FETCH(16)",
		.opcode = SCST_PRE_FETCH_16,
		.sa = SCST_OPCODE_NO_SA,
		.cdb_len = 16,
		.len_kind = SCST_LEN_RANGE,
		.pr = SCST_PR_READ,
		.io = SCST_IO_READ_AHEAD,
		.lba = { .byte = 2, .len = 8 },
		.xfer = { .byte = 10, .len = 4 },
		.usage = { 0xff, 0x02, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
			   0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x1f },
		.exec = scst_exec_prefetch,
	}, {
		.name = "SYNCHRONIZE CACHE(10)",
		.opcode = SYNCHRONIZE_CACHE,
		.sa = SCST_OPCODE_NO_SA,
		.cdb_len = 10,
		.len_kind = SCST_LEN_RANGE,
		.pr = SCST_PR_WRITE,
		.io = SCST_IO_SYNC,
		.lba = { .byte = 2, .len = 4 },
		.xfer = { .byte = 7, .len = 2 },
		.usage = { 0xff, 0x02, 0xff, 0xff, 0xff, 0xff, 0x00, 0xff, 0xff },
		.exec = scst_exec_synchronize_cache,
	}, {
		.name = "SYNCHRONIZE CACHE(16)",
		.opcode = SYNCHRONIZE_CACHE_16,
		.sa = SCST_OPCODE_NO_SA,
		.cdb_len = 16,
		.len_kind = SCST_LEN_RANGE,
		.pr = SCST_PR_WRITE,
		.io = SCST_IO_SYNC,
		.lba = { .byte = 2, .len = 8 },
		.xfer = { .byte = 10, .len = 4 },
		.usage = { 0xff, 0x02, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
			   0xff, 0xff, 0xff, 0xff, 0xff, 0xff },
		.exec = scst_exec_synchronize_cache,
	}, {
		.name = "READ CAPACITY(16)",
		.opcode = SERVICE_ACTION_IN_16,
		.sa = SAI_READ_CAPACITY_16,
		.sa_byte = 1,
		.cdb_len = 16,
		.dir = SCST_DIR_IN,
		.len_kind = SCST_LEN_ALLOCATION,
		.pr = SCST_PR_ALLOW,
		.xfer = { .byte = 10, .len = 4 },
		.usage = { 0xff, 0x1f, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
			   0x00, 0x00, 0xff, 0xff, 0xff, 0xff },
		.exec = scst_exec_read_capacity_16,
	},
};

const struct scst_opcode_set scst_sbc_opcodes = {
	.rows = scst_sbc_rows,
	.count = ARRAY_SIZE(scst_sbc_rows),
};

/**
 * scst_write_protected() - check whether a command's logical unit refuses writes
 * @cmd: a command with a nexus
 *
 * Context: any.
 * Return: true if the medium, SWP of the control mode page or the LUN map forbids writes.
 */
bool scst_write_protected(const struct scst_cmd *cmd)
{
	const struct scst_device *dev = cmd->dev;

	return dev->params.read_only || READ_ONCE(dev->mode.swp) ||
	       READ_ONCE(cmd->nexus->read_only);
}
