// SPDX-License-Identifier: GPL-2.0
/*
 * VERIFY and COMPARE of the disks with a medium.
 */
#include <linux/minmax.h>
#include <linux/scatterlist.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "vdisk.h"

/* BYTCHK 11b: the Data-Out is one block, and every block has to be equal to it. */
static bool scst_vdisk_compares_one(const struct scst_cmd *cmd)
{
	return (cmd->cdb[1] & 0x06) == 0x06 && cmd->data_len == cmd->block_size;
}

/**
 * scst_vdisk_verify_len() - the length of the medium that a command verifies
 * @cmd: a command, with SCST_IO_VERIFY or SCST_IO_COMPARE
 *
 * Context: any.
 * Return: bytes.
 */
u64 scst_vdisk_verify_len(const struct scst_cmd *cmd)
{
	if (cmd->io == SCST_IO_COMPARE && !scst_vdisk_compares_one(cmd))
		return cmd->data_len;
	return cmd->nblocks * cmd->block_size;
}

static void scst_vdisk_expect(struct scst_cmd *cmd, u8 *buf, u64 offset, u32 len)
{
	u32 block_size = cmd->block_size;
	u32 i;

	if (!scst_vdisk_compares_one(cmd)) {
		sg_pcopy_to_buffer(cmd->sg, cmd->sg_nents, buf, len, offset);
		return;
	}
	for (i = 0; i < len; i += block_size)
		sg_copy_to_buffer(cmd->sg, cmd->sg_nents, buf + i, block_size);
}

/* Compares a part of the medium with the Data-Out, which is copied to @buf. */
static bool scst_vdisk_compare(struct scst_cmd *cmd, const u8 *medium, u8 *buf, u64 offset, u32 len)
{
	u32 i;

	if (cmd->io != SCST_IO_COMPARE)
		return true;
	scst_vdisk_expect(cmd, buf, offset, len);
	for (i = 0; i < len; i++) {
		if (medium[i] == buf[i])
			continue;
		scst_cmd_set_sense_info(cmd, SCST_SENSE_MISCOMPARE_VERIFY, offset + i);
		return false;
	}
	return true;
}

static bool scst_vdisk_verify_part(struct scst_cmd *cmd, scst_vdisk_read_t read, void *priv,
				   u8 *buf, u64 offset, u32 len)
{
	return !scst_cmd_aborted(cmd) && read(cmd, priv, buf, offset, len) &&
	       scst_vdisk_compare(cmd, buf, buf + SCST_VDISK_CHUNK, offset, len);
}

/**
 * scst_vdisk_verify() - read the blocks of a command, and compare them for SCST_IO_COMPARE
 * @cmd:  a command, with SCST_IO_VERIFY or SCST_IO_COMPARE
 * @read: reads a part of the medium
 * @priv: for @read
 *
 * Context: process; the caller completes the command.
 */
void scst_vdisk_verify(struct scst_cmd *cmd, scst_vdisk_read_t read, void *priv)
{
	u8 *buf = kmalloc(2 * SCST_VDISK_CHUNK, GFP_NOIO | __GFP_NOWARN);
	u64 left = scst_vdisk_verify_len(cmd);
	u64 offset = 0;

	if (!buf) {
		scst_cmd_set_busy(cmd);
		return;
	}
	while (left) {
		u32 len = min_t(u64, left, SCST_VDISK_CHUNK);

		if (!scst_vdisk_verify_part(cmd, read, priv, buf, offset, len))
			break;
		offset += len;
		left -= len;
		cond_resched();
	}
	kfree(buf);
}
