// SPDX-License-Identifier: GPL-2.0
/*
 * Emulated disks: the module and the shared attributes.
 */
#include <linux/ctype.h>
#include <linux/err.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/kstrtox.h>
#include <linux/limits.h>
#include <linux/log2.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/overflow.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/sysfs.h>

#include "vdisk.h"

#define SCST_VDISK_MIN_SHIFT	9

/* Guards the paths of all devices. */
static DEFINE_MUTEX(scst_vdisk_path_lock);

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
	disk->thin = true;
	return 0;
}

/**
 * scst_vdisk_destroy() - free what the attributes of a disk have allocated
 * @dev: the device
 *
 * Context: process.
 */
void scst_vdisk_destroy(struct scst_device *dev)
{
	struct scst_vdisk *disk = scst_device_priv(dev);

	kfree(disk->path);
}

/**
 * scst_vdisk_check_path() - check that the attribute path is given
 * @dev: the device
 *
 * Context: process; nothing else changes the device.
 * Return: 0, or -EINVAL with the device's last_error set.
 */
int scst_vdisk_check_path(struct scst_device *dev)
{
	const struct scst_vdisk *disk = scst_device_priv(dev);

	if (disk->path)
		return 0;
	scst_device_set_error(dev, "path is not set");
	return -EINVAL;
}

/**
 * scst_vdisk_path_dup() - a copy of the attribute path, while it may be changed
 * @dev: the device
 *
 * Context: process.
 * Return: the copy, for kfree(), or NULL.
 */
char *scst_vdisk_path_dup(struct scst_device *dev)
{
	const struct scst_vdisk *disk = scst_device_priv(dev);
	char *path;

	mutex_lock(&scst_vdisk_path_lock);
	path = kstrdup(disk->path, GFP_KERNEL);
	mutex_unlock(&scst_vdisk_path_lock);
	return path;
}

/**
 * scst_vdisk_close_file() - close a backend before the device is reported idle
 * @file: the file
 *
 * The last fput() of a worker thread would be deferred. But the administrator may unmount the file
 * system, or use the block device, as soon as the device is reported idle, so the file is released
 * synchronously.
 *
 * A process releases the file before its system call returns.
 *
 * Context: a worker thread or a process.
 */
void scst_vdisk_close_file(struct file *file)
{
	bool worker = current->flags & PF_KTHREAD;

	if (worker)
		get_file(file);
	filp_close(file, NULL);
	if (worker)
		__fput_sync(file);
}

/**
 * scst_vdisk_lost() - report that cached writes were lost
 * @dev:   the device
 * @sense: sense code of the error, of which only SCST_SENSE_SPACE_ALLOC_FAILED is passed on
 * @err:   errno of the error
 *
 * Context: thread or atomic, but not hard interrupts.
 */
void scst_vdisk_lost(struct scst_device *dev, scst_sense_t sense, int err)
{
	if (sense != SCST_SENSE_SPACE_ALLOC_FAILED)
		sense = SCST_SENSE_WRITES_LOST;
	scst_device_set_error(dev, "cached writes were lost: %pe", ERR_PTR(err));
	scst_device_op_end(dev, "", err);
	scst_device_write_lost(dev, sense);
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
	scst_device_set_error(dev, "%llu bytes are not a positive multiple of block_size %u",
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
void scst_vdisk_fill_params(struct scst_device *dev, u64 nblocks, struct scst_device_params *params)
{
	const struct scst_vdisk *disk = scst_device_priv(dev);

	params->nblocks = nblocks;
	params->block_size = 1U << disk->block_shift;
	params->read_only = disk->read_only;
	params->non_rotating = !disk->rotational;
}

/**
 * scst_vdisk_wants_thin() - whether initiators may deallocate blocks, if the backend can
 * @dev: the device
 *
 * Context: process; nothing else changes the device.
 * Return: false if the attributes forbid it.
 */
bool scst_vdisk_wants_thin(struct scst_device *dev)
{
	const struct scst_vdisk *disk = scst_device_priv(dev);

	return disk->thin && !disk->read_only;
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
int scst_vdisk_parse_bool(struct scst_device *dev, const char *page, bool *value)
{
	u8 number;

	if (kstrtou8(page, 10, &number) || number > 1) {
		scst_device_set_error(dev, "the value must be 0 or 1");
		return -EINVAL;
	}
	*value = number;
	return 0;
}

/**
 * scst_vdisk_path_show() - show the path; an empty line if not given
 * @item:	the device
 * @page:	result
 *
 * Context: process.
 * Return: its length.
 */
ssize_t scst_vdisk_path_show(struct config_item *item, char *page)
{
	struct scst_vdisk *disk = scst_vdisk_from_item(item);
	ssize_t len;

	mutex_lock(&scst_vdisk_path_lock);
	len = sysfs_emit(page, "%s\n", disk->path ?: "");
	mutex_unlock(&scst_vdisk_path_lock);
	return len;
}

/**
 * scst_vdisk_parse_path() - parse a path, or an empty line
 * @dev:  the device, for its last_error
 * @page: the text that was written
 * @text: result: the path in it
 *
 * Context: process.
 * Return: 0, -EINVAL or -ENAMETOOLONG.
 */
int scst_vdisk_parse_path(struct scst_device *dev, const char *page, struct scst_vdisk_text *text)
{
	size_t len = strlen(page);

	if (len && page[len - 1] == '\n')
		len--;
	/* configfs truncates text that is longer than a page. */
	if (len >= PATH_MAX - 1) {
		scst_device_set_error(dev, "path is too long");
		return -ENAMETOOLONG;
	}
	if (len && (page[0] != '/' || memchr(page, '\n', len))) {
		scst_device_set_error(dev, "path must be an absolute path on one line");
		return -EINVAL;
	}
	text->start = page;
	text->len = len;
	return 0;
}

/**
 * scst_vdisk_swap_path() - change the path
 * @dev:  the device
 * @path: the new path or NULL; result: the old one, for kfree()
 *
 * Context: process; nothing else changes the path.
 */
void scst_vdisk_swap_path(struct scst_device *dev, char **path)
{
	struct scst_vdisk *disk = scst_device_priv(dev);

	mutex_lock(&scst_vdisk_path_lock);
	swap(disk->path, *path);
	mutex_unlock(&scst_vdisk_path_lock);
}

/**
 * scst_vdisk_apply_path() - store a path
 * @dev:  the device
 * @text: the path; empty: not given
 *
 * Context: process, under the configuration lock.
 * Return: 0 or -ENOMEM.
 */
int scst_vdisk_apply_path(struct scst_device *dev, const struct scst_vdisk_text *text)
{
	char *path = NULL;

	if (text->len) {
		path = kmemdup_nul(text->start, text->len, GFP_KERNEL);
		if (!path)
			return -ENOMEM;
	}
	scst_vdisk_swap_path(dev, &path);
	kfree(path);
	return 0;
}

SCST_DEV_STORE(scst_vdisk_path, "path", struct scst_vdisk_text, scst_vdisk_parse_path,
	       scst_vdisk_apply_path)

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
static int scst_vdisk_parse_capacity(struct scst_device *dev, const char *page, u64 *value)
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
				      "must be a positive number, optionally with K, M, G, T or P");
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

SCST_DEV_STORE(scst_vdisk_size, "size", u64, scst_vdisk_parse_capacity, scst_vdisk_apply_size)

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
	return scst_vdisk_show_capacity(scst_vdisk_from_item(item)->blocks, page);
}

static int scst_vdisk_apply_blocks(struct scst_device *dev, const u64 *blocks)
{
	struct scst_vdisk *disk = scst_device_priv(dev);

	disk->blocks = *blocks;
	if (*blocks)
		disk->size = 0;
	return 0;
}

SCST_DEV_STORE(scst_vdisk_blocks, "blocks", u64, scst_vdisk_parse_capacity, scst_vdisk_apply_blocks)

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
	return sysfs_emit(page, "%u\n", 1U << scst_vdisk_from_item(item)->block_shift);
}

/**
 * scst_vdisk_parse_block_size() - parse a logical block size
 * @dev:   the device, for its last_error
 * @page:  the text that was written
 * @shift: result: log2 of the size
 *
 * Context: process.
 * Return: 0 or -EINVAL.
 */
int scst_vdisk_parse_block_size(struct scst_device *dev, const char *page, u8 *shift)
{
	u32 size;

	if (kstrtou32(page, 10, &size) || !is_power_of_2(size) ||
	    size < 1U << SCST_VDISK_MIN_SHIFT ||
	    size > 1U << SCST_VDISK_MAX_SHIFT) {
		scst_device_set_error(dev, "block_size must be 512, 1024, 2048 or 4096");
		return -EINVAL;
	}
	*shift = ilog2(size);
	return 0;
}

/**
 * scst_vdisk_apply_block_size() - store a logical block size
 * @dev:   the device
 * @shift: log2 of the size
 *
 * Context: process, under the configuration lock.
 * Return: 0.
 */
int scst_vdisk_apply_block_size(struct scst_device *dev, const u8 *shift)
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

static int scst_vdisk_apply_read_only(struct scst_device *dev, const bool *value)
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

static int scst_vdisk_apply_rotational(struct scst_device *dev, const bool *value)
{
	struct scst_vdisk *disk = scst_device_priv(dev);

	disk->rotational = *value;
	return 0;
}

SCST_DEV_STORE(scst_vdisk_rotational, "rotational", bool, scst_vdisk_parse_bool,
	       scst_vdisk_apply_rotational)

/**
 * scst_vdisk_thin_show() - show 1 if initiators may deallocate blocks, else 0
 * @item:	the device
 * @page:	result
 *
 * Context: process.
 * Return: its length.
 */
ssize_t scst_vdisk_thin_show(struct config_item *item, char *page)
{
	return sysfs_emit(page, "%d\n", scst_vdisk_from_item(item)->thin);
}

static int scst_vdisk_apply_thin(struct scst_device *dev, const bool *value)
{
	struct scst_vdisk *disk = scst_device_priv(dev);

	disk->thin = *value;
	return 0;
}

SCST_DEV_STORE(scst_vdisk_thin, "thin", bool, scst_vdisk_parse_bool, scst_vdisk_apply_thin)

static int __init scst_vdisk_init(void)
{
	int ret;

	ret = scst_nullio_register();
	if (ret)
		return ret;
	ret = scst_fileio_register();
	if (ret)
		goto out_nullio;
	ret = scst_blockio_register();
	if (ret)
		goto out_fileio;
	ret = scst_cdrom_register();
	if (ret)
		goto out_blockio;
	return 0;

out_blockio:
	scst_blockio_unregister();
out_fileio:
	scst_fileio_unregister();
out_nullio:
	scst_nullio_unregister();
	return ret;
}

static void __exit scst_vdisk_exit(void)
{
	scst_cdrom_unregister();
	scst_blockio_unregister();
	scst_fileio_unregister();
	scst_nullio_unregister();
}

module_init(scst_vdisk_init);
module_exit(scst_vdisk_exit);

MODULE_DESCRIPTION("SCSI target: emulated disks");
MODULE_LICENSE("GPL");
MODULE_ALIAS("scst-handler-nullio");
MODULE_ALIAS("scst-handler-fileio");
MODULE_ALIAS("scst-handler-blockio");
MODULE_ALIAS("scst-handler-cdrom");
