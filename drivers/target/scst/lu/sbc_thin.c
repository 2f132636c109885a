// SPDX-License-Identifier: GPL-2.0
/*
 * Block commands of thin provisioning, SBC-4 4.7: UNMAP; WRITE SAME, which may deallocate
 * where it writes zeroes; and GET LBA STATUS, which reports what is deallocated.
 */
#include <linux/math64.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/sizes.h>
#include <linux/string.h>

#include "cmd/cmd.h"
#include "lu/kinds.h"
#include "lu/lu.h"
#include "lu/steps.h"

/*
 * An abort takes effect after so many bytes, which backends deallocate in a moment. Zeroes may have
 * to be written. Other data is written from as much memory as a transfer of that length would have.
 */
#define SCST_THIN_STEP		SZ_1G
#define SCST_ZERO_STEP		SZ_64M
#define SCST_SAME_STEP		SZ_1M

#define SCST_UNMAP_HEADER	8
#define SCST_UNMAP_RANGE	16

#define SCST_STATUS_HEADER	8
#define SCST_STATUS_RANGE	16

/* PROVISIONING STATUS */
#define SCST_STATUS_MAPPED	0x0	/* or not known */
#define SCST_STATUS_DEALLOCATED	0x1

/**
 * struct scst_unmap - where an UNMAP stands
 * @steps:	its steps
 * @offset:	offset of the next UNMAP BLOCK DESCRIPTOR in the parameter list, bytes
 * @end:	offset of the byte behind the last one
 * @lba:	the blocks of the current descriptor that are left
 * @left:	their number
 */
struct scst_unmap {
	struct scst_steps steps;
	u32 offset;
	u32 end;
	u64 lba;
	u64 left;
};

/**
 * struct scst_same - where a WRITE SAME stands
 * @steps:	its steps
 * @io:		the operation of each step
 * @lba:	the blocks that are left
 * @left:	their number
 * @max:	blocks of a step
 * @piece:	with SCST_IO_WRITE: bytes of the pattern, a number of blocks
 */
struct scst_same {
	struct scst_steps steps;
	enum scst_io io;
	u64 lba;
	u64 left;
	u32 max;
	u32 piece;
};

/**
 * scst_thin_is_off() - whether a device refuses to deallocate blocks
 * @dev: the device
 *
 * A device that is not active refuses all commands later, for another reason. It is not known yet
 * what its backend can do.
 *
 * Context: any.
 * Return: true if the device is active, the core emulates the disk, and the backend cannot.
 */
bool scst_thin_is_off(const struct scst_device *dev)
{
	return !dev->handler->execute && READ_ONCE(dev->state) == SCST_DEV_ACTIVE &&
	       !dev->params.thin;
}

/**
 * scst_thin_has() - whether a device has a command that only some devices have
 * @dev: the device, or NULL for a LUN that has none
 * @op:  a row of its type
 *
 * Context: any.
 * Return: false if the device does not support the command.
 */
bool scst_thin_has(const struct scst_device *dev, const struct scst_opcode *op)
{
	if (!(op->flags & SCST_OPF_THIN))
		return true;
	if (!dev)
		return false;
	return !scst_thin_is_off(dev);
}

/*
 * The blocks of the next step, at most @max. A step that is not the last one ends where a unit of
 * deallocation ends, so that no unit is divided.
 */
static u64 scst_thin_piece(const struct scst_device *dev, u64 lba, u64 left, u64 max)
{
	u32 granularity = dev->params.unmap_granularity;
	u32 over;

	if (left <= max)
		return left;
	div_u64_rem(lba + max + granularity - dev->params.unmap_alignment, granularity, &over);
	return over < max ? max - over : max;
}

static u32 scst_thin_blocks(const struct scst_device *dev, u32 bytes)
{
	return max_t(u32, bytes / dev->params.block_size, 1);
}

static u32 scst_unmap_max(const struct scst_device *dev)
{
	return min_not_zero(dev->params.max_unmap, scst_thin_blocks(dev, SCST_THIN_STEP));
}

/* --- UNMAP */

/* Reads a descriptor. Returns false if its blocks are out of range. */
static bool scst_unmap_read(struct scst_cmd *cmd, u32 offset, u64 *lba, u64 *nblocks)
{
	u8 range[SCST_UNMAP_RANGE] = {};

	scst_data_out(cmd, offset, range, sizeof(range));
	*lba = get_unaligned_be64(&range[0]);
	*nblocks = get_unaligned_be32(&range[8]);
	if (scst_sbc_has_blocks(cmd->dev, *lba, *nblocks))
		return true;
	scst_cmd_set_sense(cmd, SCST_SENSE_LBA_OUT_OF_RANGE);
	return false;
}

/* The descriptors are read again, and checked: their memory may be the initiator's. */
static bool scst_unmap_next(struct scst_cmd *cmd, struct scst_steps *steps)
{
	struct scst_unmap *unmap = container_of(steps, struct scst_unmap, steps);
	u64 nblocks;

	while (!unmap->left) {
		if (unmap->offset == unmap->end ||
		    !scst_unmap_read(cmd, unmap->offset, &unmap->lba, &unmap->left))
			return false;
		unmap->offset += SCST_UNMAP_RANGE;
	}
	nblocks = scst_thin_piece(cmd->dev, unmap->lba, unmap->left, scst_unmap_max(cmd->dev));
	scst_step(cmd, SCST_IO_UNMAP, unmap->lba, nblocks);
	unmap->lba += nblocks;
	unmap->left -= nblocks;
	return true;
}

static void scst_unmap_start(struct scst_cmd *cmd, u32 end)
{
	struct scst_unmap *unmap = scst_steps_alloc(cmd, sizeof(*unmap), 0, scst_unmap_next);

	if (!unmap)
		return;
	unmap->offset = SCST_UNMAP_HEADER;
	unmap->end = end;
	scst_steps_start(cmd);
}

/*
 * The end of the whole descriptors that are there: the shortest of the three lengths counts,
 * SBC-4 5.35.2.
 */
static u32 scst_unmap_end(struct scst_cmd *cmd)
{
	u8 header[SCST_UNMAP_HEADER] = {};
	u32 len;

	scst_data_out(cmd, 0, header, sizeof(header));
	len = min_t(u32, get_unaligned_be16(&header[0]) + 2, cmd->cdb_data_len);
	len = min_t(u32, get_unaligned_be16(&header[2]) + SCST_UNMAP_HEADER, len);
	len -= min_t(u32, len, SCST_UNMAP_HEADER);
	return SCST_UNMAP_HEADER + round_down(len, SCST_UNMAP_RANGE);
}

/* All descriptors are checked before the first one is executed. */
static bool scst_unmap_check(struct scst_cmd *cmd, u32 end)
{
	u32 offset = SCST_UNMAP_HEADER;
	u64 lba, nblocks;

	if ((end - offset) / SCST_UNMAP_RANGE > SCST_MAX_UNMAP_RANGES) {
		scst_cmd_set_field_error(cmd, SCST_SENSE_INVALID_PARAM_FIELD, 2, 7);
		return false;
	}
	for (; offset < end; offset += SCST_UNMAP_RANGE)
		if (!scst_unmap_read(cmd, offset, &lba, &nblocks))
			return false;
	return true;
}

/* UNMAP. The device may have been enabled again, without thin provisioning, since decoding. */
static void scst_exec_unmap(struct scst_cmd *cmd)
{
	u32 end;

	if (!cmd->dev->params.thin) {
		scst_cmd_set_sense(cmd, SCST_SENSE_INVALID_OPCODE);
	} else if (cmd->cdb_data_len && cmd->cdb_data_len < SCST_UNMAP_HEADER) {
		scst_cdb_refuse_list(cmd);
	} else if (cmd->cdb_data_len) {
		end = scst_unmap_end(cmd);
		if (scst_unmap_check(cmd, end))
			scst_unmap_start(cmd, end);
	}
}

/* --- WRITE SAME */

static bool scst_same_next(struct scst_cmd *cmd, struct scst_steps *steps)
{
	struct scst_same *same = container_of(steps, struct scst_same, steps);
	u64 nblocks = scst_thin_piece(cmd->dev, same->lba, same->left, same->max);

	if (!nblocks)
		return false;
	scst_step(cmd, same->io, same->lba, nblocks);
	if (same->io == SCST_IO_WRITE)
		scst_step_repeat(cmd, same->piece, nblocks * cmd->block_size);
	same->lba += nblocks;
	same->left -= nblocks;
	return true;
}

/* The operation that writes zeroes. Without one of their own, they are written as other data. */
static enum scst_io scst_same_zero(const struct scst_cmd *cmd)
{
	const struct scst_device *dev = cmd->dev;

	if (!dev->handler->block->write_zeroes)
		return SCST_IO_WRITE;
	return (cmd->cdb[1] & SCST_SAME_UNMAP) && dev->params.thin ? SCST_IO_ZERO_UNMAP :
								      SCST_IO_ZERO;
}

/* Fills the pattern with copies of the block, which is zero if there is no Data-Out. */
static void scst_same_fill(struct scst_cmd *cmd, struct scst_same *same, u8 *pattern)
{
	u32 block_size = cmd->block_size;
	u32 at;

	scst_data_out(cmd, 0, pattern, block_size);
	if (!memchr_inv(pattern, 0, block_size))
		same->io = scst_same_zero(cmd);
	for (at = block_size; at < same->piece; at += block_size)
		memcpy(pattern + at, pattern, block_size);
	if (same->io != SCST_IO_WRITE)
		same->max = scst_thin_blocks(cmd->dev, SCST_ZERO_STEP);
}

/* How often a step repeats the pattern, which is @piece bytes long */
static u32 scst_same_nents(const struct scst_cmd *cmd, u32 piece)
{
	u32 step = min_t(u32, SCST_SAME_STEP, cmd->dev->params.max_transfer);
	u64 all = div_u64(cmd->nblocks * cmd->block_size + piece - 1, piece);

	return clamp_t(u64, step / piece, 1, all);
}

/* WRITE SAME(10), (16). Their number of blocks has been checked. */
static void scst_exec_write_same(struct scst_cmd *cmd)
{
	size_t len = PAGE_ALIGN(cmd->block_size);
	u32 piece = rounddown(len, cmd->block_size);
	u32 nents = scst_same_nents(cmd, piece);
	struct scst_same *same;
	u8 *pattern;

	same = scst_steps_alloc(cmd, sizeof(*same), nents, scst_same_next);
	if (!same)
		return;
	same->io = SCST_IO_WRITE;
	same->lba = cmd->lba;
	same->left = cmd->nblocks;
	same->piece = piece;
	same->max = nents * (piece / cmd->block_size);
	pattern = scst_steps_pattern(cmd, len);
	if (!pattern)
		return;
	scst_same_fill(cmd, same, pattern);
	scst_steps_start(cmd);
}

/* --- GET LBA STATUS */

/* Writes an LBA status descriptor, and returns its number of blocks, which may be less. */
static u32 scst_status_put(struct scst_cmd *cmd, u32 offset, u64 lba, u64 nblocks, bool mapped)
{
	u32 count = min_t(u64, nblocks, U32_MAX);
	u8 range[SCST_STATUS_RANGE] = {};

	put_unaligned_be64(lba, &range[0]);
	put_unaligned_be32(count, &range[8]);
	range[12] = mapped ? SCST_STATUS_MAPPED : SCST_STATUS_DEALLOCATED;
	scst_data_in(cmd, offset, range, sizeof(range));
	return count;
}

static void scst_status_end(struct scst_cmd *cmd, u32 end)
{
	u8 header[SCST_STATUS_HEADER] = {};

	put_unaligned_be32(end - sizeof(__be32), header);
	scst_data_in(cmd, 0, header, sizeof(header));
	scst_data_in_end(cmd, end);
}

/**
 * scst_thin_lba_status() - ask the handler which blocks are deallocated
 * @cmd: a GET LBA STATUS; it is completed
 *
 * There is at least one descriptor, and not more than the initiator has room for.
 *
 * Context: process context, may sleep.
 */
void scst_thin_lba_status(struct scst_cmd *cmd)
{
	const struct scst_block_ops *ops = cmd->dev->handler->block;
	u64 capacity = READ_ONCE(cmd->dev->params.nblocks);
	u32 end = SCST_STATUS_HEADER;
	u64 lba = cmd->lba;
	u64 nblocks;
	bool mapped;

	do {
		nblocks = min(ops->lba_status(cmd, lba, &mapped), capacity - lba);
		lba += scst_status_put(cmd, end, lba, nblocks, mapped);
		end += SCST_STATUS_RANGE;
		cond_resched();
	} while (lba < capacity && end + SCST_STATUS_RANGE <= cmd->data_len &&
		 !scst_cmd_aborted(cmd));
	scst_status_end(cmd, end);
	scst_cmd_complete(cmd, SCST_CTX_THREAD);
}

/*
 * GET LBA STATUS: the core's part. If the handler does not know more, or the disk is fully
 * provisioned, all blocks are mapped.
 */
static void scst_exec_lba_status(struct scst_cmd *cmd)
{
	const struct scst_device *dev = cmd->dev;
	u64 capacity = READ_ONCE(dev->params.nblocks);

	if (cmd->lba >= capacity) {
		scst_cmd_set_sense(cmd, SCST_SENSE_LBA_OUT_OF_RANGE);
	} else if (!dev->params.thin || !dev->handler->block->lba_status) {
		cmd->io = SCST_IO_NONE;
		scst_status_put(cmd, SCST_STATUS_HEADER, cmd->lba, capacity - cmd->lba, true);
		scst_status_end(cmd, SCST_STATUS_HEADER + SCST_STATUS_RANGE);
	}
}

static const struct scst_opcode scst_thin_rows[] = {
	{
		.name = "UNMAP",
		.opcode = UNMAP,
		.sa = SCST_OPCODE_NO_SA,
		.cdb_len = 10,
		.dir = SCST_DIR_OUT,
		.len_kind = SCST_LEN_PARAMETERS,
		.pr = SCST_PR_WRITE,
		.flags = SCST_OPF_WRITES | SCST_OPF_THIN,
		.xfer = { .byte = 7, .len = 2 },
		.usage = { 0xff, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff },
		.exec = scst_exec_unmap,
	}, {
		.name = "WRITE SAME(10)",
		.opcode = WRITE_SAME,
		.sa = SCST_OPCODE_NO_SA,
		.cdb_len = 10,
		.dir = SCST_DIR_OUT,
		.len_kind = SCST_LEN_RANGE,
		.pr = SCST_PR_WRITE,
		.io = SCST_IO_STEP,
		.flags = SCST_OPF_WRITES | SCST_OPF_SAME,
		.lba = { .byte = 2, .len = 4 },
		.xfer = { .byte = 7, .len = 2 },
		.usage = { 0xff, 0x08, 0xff, 0xff, 0xff, 0xff, 0x00, 0xff, 0xff },
		.exec = scst_exec_write_same,
	}, {
		.name = "WRITE SAME(16)",
		.opcode = WRITE_SAME_16,
		.sa = SCST_OPCODE_NO_SA,
		.cdb_len = 16,
		.dir = SCST_DIR_OUT,
		.len_kind = SCST_LEN_RANGE,
		.pr = SCST_PR_WRITE,
		.io = SCST_IO_STEP,
		.flags = SCST_OPF_WRITES | SCST_OPF_SAME,
		.lba = { .byte = 2, .len = 8 },
		.xfer = { .byte = 10, .len = 4 },
		.usage = { 0xff, 0x09, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
			   0xff, 0xff, 0xff, 0xff, 0xff, 0xff },
		.exec = scst_exec_write_same,
	}, {
		.name = "GET LBA STATUS(16)",
		.opcode = SERVICE_ACTION_IN_16,
		.sa = SAI_GET_LBA_STATUS,
		.sa_byte = 1,
		.cdb_len = 16,
		.dir = SCST_DIR_IN,
		.len_kind = SCST_LEN_ALLOCATION,
		.pr = SCST_PR_READ,
		.io = SCST_IO_LBA_STATUS,
		.lba = { .byte = 2, .len = 8 },
		.xfer = { .byte = 10, .len = 4 },
		.usage = { 0xff, 0x1f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
			   0xff, 0xff, 0xff, 0xff, 0xff, 0xff },
		.exec = scst_exec_lba_status,
	},
};

const struct scst_opcode_set scst_thin_opcodes = {
	.rows = scst_thin_rows,
	.count = ARRAY_SIZE(scst_thin_rows),
};
