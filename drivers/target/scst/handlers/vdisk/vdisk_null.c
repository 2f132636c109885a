// SPDX-License-Identifier: GPL-2.0
/*
 * nullio: a disk without a medium. Writes are discarded, reads return zeroes.
 *
 * For measuring the cost of all other parts, and for tests with sizes that no file can have.
 */
#include <linux/module.h>
#include <linux/scatterlist.h>
#include <linux/string.h>
#include <scsi/scsi_proto.h>

#include "vdisk.h"

static int scst_nullio_open(struct scst_device *dev, struct scst_device_params *params)
{
	const struct scst_vdisk *disk = scst_device_priv(dev);
	u64 nblocks = disk->blocks;
	int ret;

	if (!disk->size && !nblocks) {
		scst_device_set_error(dev, "neither size nor blocks is set");
		return -EINVAL;
	}
	if (!nblocks) {
		ret = scst_vdisk_check_size(dev, disk->size);
		if (ret)
			return ret;
		nblocks = disk->size >> disk->block_shift;
	}
	scst_vdisk_fill_params(dev, nblocks, params);
	params->thin = scst_vdisk_wants_thin(dev);
	params->reads_zeroes = true;
	return 0;
}

static void scst_nullio_close(struct scst_device *dev)
{
}

/*
 * All blocks of the medium are equal. So with BYTCHK 11b one comparison of the Data-Out with zeroes
 * is enough: either the first block differs, or none.
 */
static void scst_nullio_compare(struct scst_cmd *cmd)
{
	struct sg_mapping_iter miter;
	u32 left = cmd->data_len;
	u32 offset = 0;
	const u8 *diff = NULL;

	sg_miter_start(&miter, cmd->sg, cmd->sg_nents, SG_MITER_ATOMIC | SG_MITER_FROM_SG);
	while (left && !diff && sg_miter_next(&miter)) {
		u32 len = min_t(u32, left, miter.length);

		diff = memchr_inv(miter.addr, 0, len);
		offset += diff ? diff - (const u8 *)miter.addr : len;
		left -= len;
	}
	sg_miter_stop(&miter);
	if (diff)
		scst_cmd_set_sense_info(cmd, SCST_SENSE_MISCOMPARE_VERIFY, offset);
	scst_cmd_complete(cmd, SCST_CTX_ATOMIC);
}

/*
 * Clears eight bytes at a time. memset() may use a byte-wise instruction: it is fast on a real
 * processor, but an emulated processor may take a step for each byte.
 */
static void scst_nullio_zero(void *buf, u32 len)
{
	u32 words = IS_ALIGNED((unsigned long)buf, sizeof(u64)) ? len / sizeof(u64) : 0;

	memset64(buf, 0, words);
	memset(buf + words * sizeof(u64), 0, len - words * sizeof(u64));
}

static void scst_nullio_read(struct scst_cmd *cmd)
{
	struct sg_mapping_iter miter;
	u32 left = cmd->data_len;

	sg_miter_start(&miter, cmd->sg, cmd->sg_nents, SG_MITER_ATOMIC | SG_MITER_TO_SG);
	while (left && sg_miter_next(&miter)) {
		u32 len = min_t(u32, left, miter.length);

		scst_nullio_zero(miter.addr, len);
		left -= len;
	}
	sg_miter_stop(&miter);
	scst_cmd_complete(cmd, SCST_CTX_ATOMIC);
}

/* Writes, verifications, write-back, and deallocation of what was never allocated */
static void scst_nullio_nothing(struct scst_cmd *cmd)
{
	scst_cmd_complete(cmd, SCST_CTX_ATOMIC);
}

static const struct scst_block_ops scst_nullio_block_ops = {
	.read		= scst_nullio_read,
	.write		= scst_nullio_nothing,
	.verify		= scst_nullio_nothing,
	.compare	= scst_nullio_compare,
	.sync		= scst_nullio_nothing,
	.unmap		= scst_nullio_nothing,
	.write_zeroes	= scst_nullio_nothing,
};

CONFIGFS_ATTR(scst_vdisk_, size);
CONFIGFS_ATTR(scst_vdisk_, blocks);
CONFIGFS_ATTR(scst_vdisk_, block_size);
CONFIGFS_ATTR(scst_vdisk_, read_only);
CONFIGFS_ATTR(scst_vdisk_, rotational);
CONFIGFS_ATTR(scst_vdisk_, thin);

static struct configfs_attribute *const scst_nullio_attrs[] = {
	&scst_vdisk_attr_size,
	&scst_vdisk_attr_blocks,
	&scst_vdisk_attr_block_size,
	&scst_vdisk_attr_read_only,
	&scst_vdisk_attr_rotational,
	&scst_vdisk_attr_thin,
	NULL,
};

static const struct scst_handler_ops scst_nullio_ops = {
	.name			= "nullio",
	.owner			= THIS_MODULE,
	.type			= TYPE_DISK,
	.product		= "NULLIO",
	.device_priv_size	= sizeof(struct scst_vdisk),
	.attrs			= scst_nullio_attrs,
	.block			= &scst_nullio_block_ops,
	.create			= scst_vdisk_create,
	.open			= scst_nullio_open,
	.close			= scst_nullio_close,
};

/**
 * scst_nullio_register() - register the handler
 *
 * Context: process.
 * Return: 0 or an errno.
 */
int scst_nullio_register(void)
{
	return scst_handler_register(&scst_nullio_ops);
}

/**
 * scst_nullio_unregister() - undo scst_nullio_register()
 *
 * Context: process; no device of the handler exists.
 */
void scst_nullio_unregister(void)
{
	scst_handler_unregister(&scst_nullio_ops);
}
