// SPDX-License-Identifier: GPL-2.0
/*
 * Emulated disks: the module and the shared attributes.
 */
#include <linux/ctype.h>
#include <linux/kstrtox.h>
#include <linux/log2.h>
#include <linux/module.h>
#include <linux/overflow.h>
#include <linux/string.h>
#include <linux/sysfs.h>

#include "vdisk.h"

#define SCST_VDISK_MIN_SHIFT	9
#define SCST_VDISK_MAX_SHIFT	12

static struct scst_vdisk *scst_vdisk_from_item(struct config_item *item)
{
	return scst_device_priv(scst_device_from_item(item));
}

/**
 * scst_vdisk_create() - set the defaults of a new disk
 * @dev: the device
 *
 * Context: process.
 * Return: 0.
 */
int scst_vdisk_create(struct scst_device *dev)
{
	struct scst_vdisk *disk = scst_device_priv(dev);

	disk->block_shift = SCST_VDISK_MIN_SHIFT;
	return 0;
}

/**
 * scst_vdisk_check_size() - check that a size is a positive number of blocks
 * @dev:	the device
 * @size:	bytes
 *
 * Context: process; nothing else changes the device.
 * Return: 0, or -EINVAL with the device's last_error set.
 */
int scst_vdisk_check_size(struct scst_device *dev, u64 size)
{
	const struct scst_vdisk *disk = scst_device_priv(dev);
	u32 block_size = 1U << disk->block_shift;

	if (size && !(size & (block_size - 1)))
		return 0;
	scst_device_set_error(dev, "%llu bytes are not a positive number of %u-byte blocks",
			      size, block_size);
	return -EINVAL;
}

/**
 * scst_vdisk_fill_params() - fill in the parameters that the attributes give
 * @dev:	the device
 * @nblocks:	its capacity in blocks
 * @params:	result
 *
 * Context: process; nothing else changes the device.
 */
void scst_vdisk_fill_params(struct scst_device *dev, u64 nblocks,
			    struct scst_device_params *params)
{
	const struct scst_vdisk *disk = scst_device_priv(dev);

	params->nblocks = nblocks;
	params->block_size = 1U << disk->block_shift;
	params->read_only = disk->read_only;
	params->non_rotating = !disk->rotational;
}

/**
 * scst_vdisk_parse_bool() - parse 0 or 1
 * @dev:	the device, for its last_error
 * @page:	the text that was written
 * @value:	result
 *
 * Context: process.
 * Return: 0 or -EINVAL.
 */
int scst_vdisk_parse_bool(struct scst_device *dev, const char *page,
			  bool *value)
{
	u8 number;

	if (kstrtou8(page, 10, &number) || number > 1) {
		scst_device_set_error(dev, "only 0 and 1 are allowed");
		return -EINVAL;
	}
	*value = number;
	return 0;
}

/* Parses a number with an optional suffix for a power of 1024. */
static int scst_vdisk_parse_bytes(const char *text, u64 *value)
{
	static const char suffixes[] = "KMGTP";
	size_t len = strcspn(text, "\n");
	unsigned int shift = 0;
	const char *suffix;
	char digits[32];
	int ret;

	if (!len || len >= sizeof(digits))
		return -EINVAL;
	memcpy(digits, text, len);
	digits[len] = '\0';
	suffix = strchr(suffixes, toupper(digits[len - 1]));
	if (suffix) {
		shift = 10 * (suffix - suffixes + 1);
		digits[len - 1] = '\0';
	}
	ret = kstrtou64(digits, 10, value);
	if (ret)
		return ret;
	return check_shl_overflow(*value, shift, value) ? -ERANGE : 0;
}

/* Parses an empty line (0: not given) or a positive number. */
static int scst_vdisk_parse_capacity(struct scst_device *dev, const char *page,
				     u64 *value)
{
	int ret;

	*value = 0;
	if (page[0] == '\0' || page[0] == '\n')
		return 0;
	ret = scst_vdisk_parse_bytes(page, value);
	if (!ret && !*value)
		ret = -EINVAL;
	if (ret)
		scst_device_set_error(dev, ret == -ERANGE ?
				      "the number is too large" :
				      "not a positive number with an optional suffix K, M, G, T or P");
	return ret;
}

static ssize_t scst_vdisk_show_capacity(u64 value, char *page)
{
	return value ? sysfs_emit(page, "%llu\n", value) :
		       sysfs_emit(page, "\n");
}

/**
 * scst_vdisk_size_show() - show the capacity in bytes; an empty line if not given
 * @item:	the device
 * @page:	result
 *
 * Context: process.
 * Return: its length.
 */
ssize_t scst_vdisk_size_show(struct config_item *item, char *page)
{
	return scst_vdisk_show_capacity(scst_vdisk_from_item(item)->size, page);
}

static int scst_vdisk_apply_size(struct scst_device *dev, const u64 *size)
{
	struct scst_vdisk *disk = scst_device_priv(dev);

	disk->size = *size;
	if (*size)
		disk->blocks = 0;
	return 0;
}

SCST_DEV_STORE(scst_vdisk_size, "size", u64, scst_vdisk_parse_capacity,
	       scst_vdisk_apply_size)

/**
 * scst_vdisk_blocks_show() - show the capacity in blocks; an empty line if not given
 * @item:	the device
 * @page:	result
 *
 * Context: process.
 * Return: its length.
 */
ssize_t scst_vdisk_blocks_show(struct config_item *item, char *page)
{
	return scst_vdisk_show_capacity(scst_vdisk_from_item(item)->blocks,
					page);
}

static int scst_vdisk_apply_blocks(struct scst_device *dev, const u64 *blocks)
{
	struct scst_vdisk *disk = scst_device_priv(dev);

	disk->blocks = *blocks;
	if (*blocks)
		disk->size = 0;
	return 0;
}

SCST_DEV_STORE(scst_vdisk_blocks, "blocks", u64, scst_vdisk_parse_capacity,
	       scst_vdisk_apply_blocks)

/**
 * scst_vdisk_block_size_show() - show the logical block size in bytes
 * @item:	the device
 * @page:	result
 *
 * Context: process.
 * Return: its length.
 */
ssize_t scst_vdisk_block_size_show(struct config_item *item, char *page)
{
	return sysfs_emit(page, "%u\n",
			  1U << scst_vdisk_from_item(item)->block_shift);
}

static int scst_vdisk_parse_block_size(struct scst_device *dev,
				       const char *page, u8 *shift)
{
	u32 size;

	if (kstrtou32(page, 10, &size) || !is_power_of_2(size) ||
	    size < 1U << SCST_VDISK_MIN_SHIFT ||
	    size > 1U << SCST_VDISK_MAX_SHIFT) {
		scst_device_set_error(dev, "block_size is 512, 1024, 2048 or 4096");
		return -EINVAL;
	}
	*shift = ilog2(size);
	return 0;
}

static int scst_vdisk_apply_block_size(struct scst_device *dev, const u8 *shift)
{
	struct scst_vdisk *disk = scst_device_priv(dev);

	disk->block_shift = *shift;
	return 0;
}

SCST_DEV_STORE(scst_vdisk_block_size, "block_size", u8, scst_vdisk_parse_block_size,
	       scst_vdisk_apply_block_size)

/**
 * scst_vdisk_read_only_show() - show 1 if the medium cannot be written, else 0
 * @item:	the device
 * @page:	result
 *
 * Context: process.
 * Return: its length.
 */
ssize_t scst_vdisk_read_only_show(struct config_item *item, char *page)
{
	return sysfs_emit(page, "%d\n", scst_vdisk_from_item(item)->read_only);
}

static int scst_vdisk_apply_read_only(struct scst_device *dev,
				      const bool *value)
{
	struct scst_vdisk *disk = scst_device_priv(dev);

	disk->read_only = *value;
	return 0;
}

SCST_DEV_STORE(scst_vdisk_read_only, "read_only", bool, scst_vdisk_parse_bool,
	       scst_vdisk_apply_read_only)

/**
 * scst_vdisk_rotational_show() - show 1 if the disk is reported as spinning, else 0
 * @item:	the device
 * @page:	result
 *
 * Context: process.
 * Return: its length.
 */
ssize_t scst_vdisk_rotational_show(struct config_item *item, char *page)
{
	return sysfs_emit(page, "%d\n", scst_vdisk_from_item(item)->rotational);
}

static int scst_vdisk_apply_rotational(struct scst_device *dev,
				       const bool *value)
{
	struct scst_vdisk *disk = scst_device_priv(dev);

	disk->rotational = *value;
	return 0;
}

SCST_DEV_STORE(scst_vdisk_rotational, "rotational", bool, scst_vdisk_parse_bool,
	       scst_vdisk_apply_rotational)

static int __init scst_vdisk_init(void)
{
	int ret;

	ret = scst_nullio_register();
	if (ret)
		return ret;
	ret = scst_fileio_register();
	if (ret)
		scst_nullio_unregister();
	return ret;
}

static void __exit scst_vdisk_exit(void)
{
	scst_fileio_unregister();
	scst_nullio_unregister();
}

module_init(scst_vdisk_init);
module_exit(scst_vdisk_exit);

MODULE_DESCRIPTION("SCSI target: emulated disks");
MODULE_LICENSE("GPL");
MODULE_ALIAS("scst-handler-nullio");
MODULE_ALIAS("scst-handler-fileio");
