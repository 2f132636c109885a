// SPDX-License-Identifier: GPL-2.0
/*
 * blockio: a disk on a block device. Configuration, opening, closing, and the watch.
 *
 * Nobody tells the holder of a block device, in all supported kernels, that its size has changed or
 * that it is gone. So the core's watch looks once a second.
 */
#include <linux/blkdev.h>
#include <linux/dcache.h>
#include <linux/err.h>
#include <linux/fcntl.h>
#include <linux/fs.h>
#include <linux/lockdep.h>
#include <linux/log2.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/namei.h>
#include <linux/slab.h>
#include <linux/stat.h>
#include <linux/string.h>
#include <linux/sysfs.h>
#include <scsi/scsi_proto.h>
#include <scst/compat.h>

#include "vdisk_block.h"

/* Guards the list of open devices. */
static DEFINE_MUTEX(scst_blockio_lock);
static LIST_HEAD(scst_blockio_open_list);

static int scst_blockio_check_type(struct scst_device *dev, umode_t mode)
{
	if (S_ISBLK(mode))
		return 0;
	scst_device_set_error(dev, "path is %s, not a block device",
			      S_ISDIR(mode) ? "a directory" :
			      S_ISREG(mode) ? "a regular file" :
			      "a special file");
	return S_ISDIR(mode) ? -EISDIR : -ENOTBLK;
}

static struct scst_blockio *__scst_blockio_find(dev_t number)
{
	struct scst_blockio *blk;

	lockdep_assert_held(&scst_blockio_lock);
	list_for_each_entry(blk, &scst_blockio_open_list, entry)
		if (blk->bdev->bd_dev == number)
			return blk;
	return NULL;
}

/* Says who has the block device, as far as that can be known. */
static void scst_blockio_set_busy(struct scst_device *dev, dev_t number)
{
	struct scst_blockio *blk;

	mutex_lock(&scst_blockio_lock);
	blk = __scst_blockio_find(number);
	if (blk)
		scst_device_set_error(dev, "device %s uses the same block device",
				      scst_device_name(blk->dev));
	mutex_unlock(&scst_blockio_lock);
	if (!blk)
		scst_device_set_error(dev, "the block device, its disk or partition is in use: %s",
				      "mounted, part of a dm or md device, or opened exclusively");
}

static const char *scst_blockio_hint(const struct scst_blockio *blk, long err)
{
	switch (err) {
	case -EROFS:
	case -EACCES:
	case -EPERM:
		return blk->disk.read_only ? "" : "; set read_only if it is not writable";
	}
	return "";
}

/* The claim is the file's: O_EXCL without O_CREAT. */
static struct file *scst_blockio_open_path(struct scst_device *dev, const struct path *path)
{
	struct scst_blockio *blk = scst_device_priv(dev);
	struct inode *inode = d_inode(path->dentry);
	struct file *file;
	int ret;

	ret = scst_blockio_check_type(dev, inode->i_mode);
	if (ret)
		return ERR_PTR(ret);
	file = file_open_root(path, "", O_LARGEFILE | O_EXCL |
			      (blk->disk.read_only ? O_RDONLY : O_RDWR), 0);
	if (file == ERR_PTR(-EBUSY))
		scst_blockio_set_busy(dev, inode->i_rdev);
	else if (IS_ERR(file))
		scst_device_set_error(dev, "path cannot be opened: %pe%s", file,
				      scst_blockio_hint(blk, PTR_ERR(file)));
	return file;
}

/* The type is checked before the file is opened: see scst_fileio_open_file(). */
static struct file *scst_blockio_open_file(struct scst_device *dev)
{
	struct scst_blockio *blk = scst_device_priv(dev);
	struct file *file;
	struct path path;
	int ret;

	ret = kern_path(blk->disk.path, LOOKUP_FOLLOW, &path);
	if (ret) {
		scst_device_set_error(dev, "path cannot be opened: %pe", ERR_PTR(ret));
		return ERR_PTR(ret);
	}
	file = scst_blockio_open_path(dev, &path);
	path_put(&path);
	return file;
}

static int scst_blockio_check_writable(struct scst_device *dev)
{
	const struct scst_blockio *blk = scst_device_priv(dev);

	if (blk->disk.read_only || !bdev_read_only(blk->bdev))
		return 0;
	scst_device_set_error(dev, "the block device is read-only; set read_only");
	return -EROFS;
}

static int scst_blockio_set_shift(struct scst_device *dev)
{
	struct scst_blockio *blk = scst_device_priv(dev);
	unsigned int size = bdev_logical_block_size(blk->bdev);

	blk->shift = blk->disk.block_shift ?: ilog2(size);
	if (1U << blk->shift < size) {
		scst_device_set_error(dev, "block_size is less than that of the block device, %u",
				      size);
		return -EINVAL;
	}
	if (blk->shift > SCST_VDISK_MAX_SHIFT) {
		scst_device_set_error(dev, "blocks of %u bytes are too large", size);
		return -EINVAL;
	}
	return 0;
}

/* Returns the number of whole blocks; if 0, the device's last_error says why. */
static u64 scst_blockio_capacity(struct scst_device *dev)
{
	struct scst_blockio *blk = scst_device_priv(dev);
	u64 nblocks;

	blk->size = bdev_nr_bytes(blk->bdev);
	nblocks = blk->size >> blk->shift;
	if (!nblocks)
		scst_device_set_error(dev, "the %llu bytes of the device are less than a block",
				      blk->size);
	return nblocks;
}

/* What initiators should know of the block device's limits */
static void scst_blockio_fill_limits(const struct scst_blockio *blk,
				     struct scst_device_params *params)
{
	u32 granularity = bdev_io_min(blk->bdev) >> blk->shift;
	u8 physical = ilog2(bdev_physical_block_size(blk->bdev));

	if (physical > blk->shift)
		params->phys_exp = physical - blk->shift;
	if (granularity <= U16_MAX)
		params->opt_granularity = granularity;
	params->opt_transfer = bdev_io_opt(blk->bdev) >> blk->shift;
}

/*
 * The kernel does not promise what a discarded block reads as. A granularity that is not a number
 * of blocks is not one that initiators can keep.
 */
static void scst_blockio_fill_thin(struct scst_device *dev, struct scst_device_params *params)
{
	const struct scst_blockio *blk = scst_device_priv(dev);
	unsigned int max = bdev_max_discard_sectors(blk->bdev) >> (blk->shift - SECTOR_SHIFT);
	u32 blocks = (1U << blk->shift) - 1;
	u32 granularity = bdev_discard_granularity(blk->bdev);
	u32 alignment = bdev_discard_alignment(blk->bdev);

	params->thin = max && scst_vdisk_wants_thin(dev);
	params->max_unmap = max;
	if ((granularity | alignment) & blocks)
		return;
	params->unmap_granularity = granularity >> blk->shift;
	params->unmap_alignment = alignment >> blk->shift;
}

/* A block device without a block may be a loop device or a drive before it has a medium. */
static int scst_blockio_fill_params(struct scst_device *dev, struct scst_device_params *params)
{
	struct scst_blockio *blk = scst_device_priv(dev);
	u64 nblocks = scst_blockio_capacity(dev);

	if (!nblocks)
		return -ENXIO;
	scst_vdisk_fill_params(dev, nblocks, params);
	params->block_size = 1U << blk->shift;
	params->non_rotating = !bdev_rot(blk->bdev);
	params->volatile_cache = bdev_write_cache(blk->bdev) && !blk->disk.read_only;
	scst_blockio_fill_limits(blk, params);
	scst_blockio_fill_thin(dev, params);
	return 0;
}

/*
 * Commands bypass the page cache of the block device. What others have written there must not
 * overwrite the initiators' data later.
 */
static int scst_blockio_drop_cache(struct scst_device *dev)
{
	const struct scst_blockio *blk = scst_device_priv(dev);
	int ret;

	ret = sync_blockdev(blk->bdev);
	if (ret) {
		scst_device_set_error(dev, "the page cache of the device cannot be written: %pe",
				      ERR_PTR(ret));
		return ret;
	}
	invalidate_bdev(blk->bdev);
	return 0;
}

static int scst_blockio_setup(struct scst_device *dev, struct scst_device_params *params)
{
	struct scst_blockio *blk = scst_device_priv(dev);
	int ret;

	ret = scst_blockio_check_writable(dev) ?: scst_blockio_set_shift(dev) ?:
	      scst_blockio_fill_params(dev, params) ?: scst_blockio_drop_cache(dev);
	if (ret)
		return ret;
	blk->in_place = scst_blockio_takes_requests(blk->bdev);
	return scst_blockio_init_bios(blk);
}

static int scst_blockio_open(struct scst_device *dev, struct scst_device_params *params)
{
	struct scst_blockio *blk = scst_device_priv(dev);
	struct file *file;
	int ret;

	ret = scst_vdisk_check_path(dev);
	if (ret)
		return ret;
	file = scst_blockio_open_file(dev);
	if (IS_ERR(file))
		return PTR_ERR(file);
	blk->file = file;
	blk->bdev = file_bdev(file);
	ret = scst_blockio_setup(dev, params);
	if (ret) {
		scst_vdisk_close_file(file);
		return ret;
	}
	mutex_lock(&scst_blockio_lock);
	list_add(&blk->entry, &scst_blockio_open_list);
	mutex_unlock(&scst_blockio_lock);
	return 0;
}

static void scst_blockio_close(struct scst_device *dev)
{
	struct scst_blockio *blk = scst_device_priv(dev);

	mutex_lock(&scst_blockio_lock);
	list_del(&blk->entry);
	mutex_unlock(&scst_blockio_lock);
	bioset_exit(&blk->bios);
	scst_vdisk_close_file(blk->file);
}

/**
 * scst_blockio_gone() - the block device of a device does not exist any more
 * @dev: the device, open
 *
 * Context: process.
 */
void scst_blockio_gone(struct scst_device *dev)
{
	scst_device_set_error(dev, "the block device is gone");
	scst_device_op_end(dev, "enable", -ENODEV);
	scst_device_lost(dev);
}

static void scst_blockio_watch(struct scst_device *dev)
{
	struct scst_blockio *blk = scst_device_priv(dev);

	if (scst_blockio_is_dead(blk->bdev))
		scst_blockio_gone(dev);
	else if (bdev_nr_bytes(blk->bdev) != blk->size)
		scst_device_resized(dev);
}

static bool scst_blockio_is_back(struct scst_device *dev)
{
	char *name = scst_vdisk_path_dup(dev);
	bool back = false;
	struct path path;

	if (!name)
		return false;
	if (!kern_path(name, LOOKUP_FOLLOW, &path)) {
		back = S_ISBLK(d_inode(path.dentry)->i_mode);
		path_put(&path);
	}
	kfree(name);
	return back;
}

static int scst_blockio_create(struct scst_device *dev)
{
	struct scst_blockio *blk = scst_device_priv(dev);

	blk->dev = dev;
	blk->disk.thin = true;
	return 0;
}

static ssize_t scst_blockio_block_size_show(struct config_item *item, char *page)
{
	const struct scst_blockio *blk = scst_device_priv(scst_device_from_item(item));
	u8 shift = blk->disk.block_shift;

	return shift ? sysfs_emit(page, "%u\n", 1U << shift) : sysfs_emit(page, "\n");
}

/* An empty line: that of the block device */
static int scst_blockio_parse_block_size(struct scst_device *dev, const char *page, u8 *shift)
{
	*shift = 0;
	if (page[0] == '\0' || page[0] == '\n')
		return 0;
	return scst_vdisk_parse_block_size(dev, page, shift);
}

SCST_DEV_ATTR(scst_blockio_, block_size, u8, scst_blockio_parse_block_size,
	      scst_vdisk_apply_block_size);
CONFIGFS_ATTR(scst_vdisk_, path);
CONFIGFS_ATTR(scst_vdisk_, read_only);
CONFIGFS_ATTR(scst_vdisk_, thin);

static struct configfs_attribute *const scst_blockio_attrs[] = {
	&scst_vdisk_attr_path,
	&scst_blockio_attr_block_size,
	&scst_vdisk_attr_read_only,
	&scst_vdisk_attr_thin,
	NULL,
};

static const struct scst_handler_ops scst_blockio_ops = {
	.name			= "blockio",
	.owner			= THIS_MODULE,
	.type			= TYPE_DISK,
	.product		= "BLOCKIO",
	.device_priv_size	= sizeof(struct scst_blockio),
	.may_defer		= true,
	.attrs			= scst_blockio_attrs,
	.block			= &scst_blockio_block_ops,
	.create			= scst_blockio_create,
	.destroy		= scst_vdisk_destroy,
	.open			= scst_blockio_open,
	.close			= scst_blockio_close,
	.capacity		= scst_blockio_capacity,
	.watch			= scst_blockio_watch,
	.is_back		= scst_blockio_is_back,
};

/**
 * scst_blockio_register() - register the handler
 *
 * Context: process.
 * Return: 0 or an errno.
 */
int scst_blockio_register(void)
{
	return scst_handler_register(&scst_blockio_ops);
}

/**
 * scst_blockio_unregister() - undo scst_blockio_register()
 *
 * Context: process; no device of the handler exists.
 */
void scst_blockio_unregister(void)
{
	scst_handler_unregister(&scst_blockio_ops);
}
