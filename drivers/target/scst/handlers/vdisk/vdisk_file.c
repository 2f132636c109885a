// SPDX-License-Identifier: GPL-2.0
/*
 * fileio: a disk on a regular file. Configuration, opening and closing.
 */
#include <linux/dcache.h>
#include <linux/err.h>
#include <linux/fcntl.h>
#include <linux/fs.h>
#include <linux/lockdep.h>
#include <linux/minmax.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/namei.h>
#include <linux/pagemap.h>
#include <linux/stat.h>
#include <linux/sysfs.h>
#include <scsi/scsi_proto.h>

#include "vdisk_file.h"

/* Guards the list of open devices. */
static DEFINE_MUTEX(scst_fileio_lock);
static LIST_HEAD(scst_fileio_open_list);

static struct scst_fileio *scst_fileio_from_item(struct config_item *item)
{
	return scst_device_priv(scst_device_from_item(item));
}

/*
 * Checks the attributes before the file is created or extended. So a device that is refused leaves
 * no change behind.
 */
static int scst_fileio_check_attrs(struct scst_device *dev)
{
	struct scst_fileio *fio = scst_device_priv(dev);
	int ret = scst_vdisk_check_path(dev);

	if (ret)
		return ret;
	if (fio->disk.size > MAX_LFS_FILESIZE) {
		scst_device_set_error(dev, "size is too large for a file: %llu bytes",
				      fio->disk.size);
		return -EFBIG;
	}
	return fio->disk.size ? scst_vdisk_check_size(dev, fio->disk.size) : 0;
}

static int scst_fileio_open_flags(const struct scst_fileio *fio)
{
	int flags = O_LARGEFILE;

	flags |= fio->disk.read_only ? O_RDONLY : O_RDWR;
	if (fio->direct)
		flags |= O_DIRECT;
	if (fio->write_through)
		flags |= O_DSYNC;
	return flags;
}

static int scst_fileio_check_type(struct scst_device *dev, umode_t mode)
{
	if (S_ISREG(mode))
		return 0;
	scst_device_set_error(dev, "path is %s, not a regular file",
			      S_ISDIR(mode) ? "a directory" :
			      S_ISBLK(mode) ? "a block device" :
			      "a special file");
	return S_ISDIR(mode) ? -EISDIR : -EINVAL;
}

static const char *scst_fileio_hint(const struct scst_fileio *fio, long err)
{
	switch (err) {
	case -EINVAL:
		return fio->direct ? "; the file system may not support direct I/O" : "";
	case -EROFS:
	case -EACCES:
	case -EPERM:
	case -ETXTBSY:
		return fio->disk.read_only ? "" : "; set read_only if the file is not writable";
	case -ENOENT:
		return fio->disk.size || fio->disk.read_only ? "" :
		       "; a file is created if size is set";
	}
	return "";
}

static struct file *scst_fileio_opened(struct scst_device *dev, struct file *file)
{
	if (IS_ERR(file))
		scst_device_set_error(dev, "path cannot be opened: %pe%s", file,
				      scst_fileio_hint(scst_device_priv(dev),
						       PTR_ERR(file)));
	return file;
}

/*
 * The type is checked before the file is opened, because opening a FIFO blocks, and opening some
 * devices has side effects.
 */
static struct file *scst_fileio_open_file(struct scst_device *dev)
{
	struct scst_fileio *fio = scst_device_priv(dev);
	int flags = scst_fileio_open_flags(fio);
	struct file *file;
	struct path path;
	int ret;

	ret = kern_path(fio->disk.path, LOOKUP_FOLLOW, &path);
	if (ret == -ENOENT && fio->disk.size && !fio->disk.read_only)
		return scst_fileio_opened(dev, filp_open(fio->disk.path,
							 flags | O_CREAT | O_EXCL,
							 0600));
	if (ret)
		return scst_fileio_opened(dev, ERR_PTR(ret));
	ret = scst_fileio_check_type(dev, d_inode(path.dentry)->i_mode);
	file = ret ? ERR_PTR(ret) :
		     scst_fileio_opened(dev, file_open_root(&path, "", flags, 0));
	path_put(&path);
	return file;
}

/* Refuses files of procfs and the like: they are regular files, but lack file operations. */
static int scst_fileio_check_ops(struct scst_device *dev, const struct file *file)
{
	const struct file_operations *ops = file->f_op;

	if (ops->read_iter && ops->fsync && (ops->write_iter || !(file->f_mode & FMODE_WRITE)))
		return 0;
	scst_device_set_error(dev, "path is on an unsupported file system, such as procfs");
	return -EINVAL;
}

/* Overlayfs may show one file's data in another. */
static bool scst_fileio_same_file(const struct scst_fileio *a, const struct scst_fileio *b)
{
	return file_inode(a->file) == file_inode(b->file) || a->mapping == b->mapping;
}

static struct scst_fileio *__scst_fileio_rival(const struct scst_fileio *fio)
{
	struct scst_fileio *other;

	lockdep_assert_held(&scst_fileio_lock);
	list_for_each_entry(other, &scst_fileio_open_list, entry)
		if (scst_fileio_same_file(fio, other) &&
		    !(fio->disk.read_only && other->disk.read_only))
			return other;
	return NULL;
}

/*
 * A file has one writable device, or any number of read-only devices. With two writable devices,
 * initiators of one device would not notice the writes to the other one.
 */
static int scst_fileio_claim(struct scst_device *dev)
{
	struct scst_fileio *fio = scst_device_priv(dev);
	bool busy;

	mutex_lock(&scst_fileio_lock);
	busy = __scst_fileio_rival(fio);
	if (!busy)
		list_add(&fio->entry, &scst_fileio_open_list);
	mutex_unlock(&scst_fileio_lock);
	if (!busy)
		return 0;
	scst_device_set_error(dev, "another enabled device uses the same file");
	return -EBUSY;
}

static void scst_fileio_unclaim(struct scst_fileio *fio)
{
	mutex_lock(&scst_fileio_lock);
	list_del(&fio->entry);
	mutex_unlock(&scst_fileio_lock);
}

/* A new size must be durable, as a write. */
static int scst_fileio_grow(struct scst_device *dev)
{
	struct scst_fileio *fio = scst_device_priv(dev);
	int ret;

	ret = vfs_truncate(&fio->file->f_path, fio->disk.size);
	if (!ret)
		ret = vfs_fsync(fio->file, 0);
	if (ret)
		scst_device_set_error(dev, "the file cannot grow to %llu bytes: %pe",
				      fio->disk.size, ERR_PTR(ret));
	return ret;
}

/* A part of a block at the end of the file is ignored: see scst_fileio_nblocks(). */
static int scst_fileio_fit_size(struct scst_device *dev)
{
	struct scst_fileio *fio = scst_device_priv(dev);
	u64 bytes = i_size_read(file_inode(fio->file));
	u64 size = round_down(bytes, 1ULL << fio->disk.block_shift);

	if (!fio->disk.size || fio->disk.size == size)
		return size ? 0 : scst_vdisk_check_size(dev, bytes);
	if (fio->disk.size < size) {
		scst_device_set_error(dev, "size is less than the %llu bytes of the file", bytes);
		return -EINVAL;
	}
	if (fio->disk.read_only) {
		scst_device_set_error(dev, "size is more than the %llu bytes of the read_only file",
				      bytes);
		return -EINVAL;
	}
	return scst_fileio_grow(dev);
}

/*
 * With a block size below the alignment of direct I/O, single blocks would go through the page
 * cache while other transfers are direct. A folio may be read before a direct write to a part of
 * it completes. If another part of the folio is then modified, write-back of the whole folio
 * overwrites the data of the direct write.
 */
static int scst_fileio_check_direct(struct scst_device *dev)
{
	const struct scst_fileio *fio = scst_device_priv(dev);

	if (!fio->direct || fio->dio_offset_align <= 1U << fio->disk.block_shift)
		return 0;
	scst_device_set_error(dev, "direct I/O on this file needs a block_size of at least %u",
			      fio->dio_offset_align);
	return -EINVAL;
}

/*
 * If the file system does not report the alignment of direct I/O, the size of its blocks is used.
 * A size above a page is not a block size but the preferred size of a transfer.
 */
static int scst_fileio_dio_align(struct scst_device *dev)
{
	struct scst_fileio *fio = scst_device_priv(dev);
	struct kstat stat;

	fio->dio_offset_align = min_t(u32, i_blocksize(file_inode(fio->file)), PAGE_SIZE);
	fio->dio_mem_align = fio->dio_offset_align;
	if (vfs_getattr(&fio->file->f_path, &stat, STATX_DIOALIGN, AT_STATX_SYNC_AS_STAT))
		return 0;
	if (!(stat.result_mask & STATX_DIOALIGN) || !stat.dio_offset_align)
		return 0;
	fio->dio_offset_align = stat.dio_offset_align;
	fio->dio_mem_align = stat.dio_mem_align;
	return scst_fileio_check_direct(dev);
}

/*
 * Whether the file system can deallocate a part of a file. It is tried where no file has data: at
 * the end of the largest file. Overlayfs has another limit than the file system that it asks.
 */
static bool scst_fileio_can_punch(const struct scst_fileio *fio)
{
	const struct inode *inode = fio->mapping->host;
	loff_t len = i_blocksize(inode);
	loff_t pos = round_down(inode->i_sb->s_maxbytes - len, len);

	return !vfs_fallocate(fio->file, SCST_FILEIO_PUNCH, pos, len);
}

static void scst_fileio_fill_thin(struct scst_device *dev, struct scst_device_params *params)
{
	const struct scst_fileio *fio = scst_device_priv(dev);

	params->thin = scst_vdisk_wants_thin(dev) && scst_fileio_can_punch(fio);
	params->reads_zeroes = true;
	params->unmap_granularity = i_blocksize(fio->mapping->host) >> fio->disk.block_shift;
}

/* The file may have been truncated since its size was checked. */
static int scst_fileio_fill_params(struct scst_device *dev, struct scst_device_params *params)
{
	struct scst_fileio *fio = scst_device_priv(dev);
	u8 blkbits = min_t(u8, file_inode(fio->file)->i_blkbits, PAGE_SHIFT);
	u8 shift = fio->disk.block_shift;
	u64 nblocks = scst_fileio_nblocks(dev);

	if (!nblocks)
		return -EINVAL;
	scst_vdisk_fill_params(dev, nblocks, params);
	if (blkbits > shift)
		params->phys_exp = blkbits - shift;
	params->volatile_cache = !fio->write_through && !fio->disk.read_only;
	scst_fileio_fill_thin(dev, params);
	return 0;
}

static int scst_fileio_open(struct scst_device *dev, struct scst_device_params *params)
{
	struct scst_fileio *fio = scst_device_priv(dev);
	struct file *file;
	int ret;

	ret = scst_fileio_check_attrs(dev);
	if (ret)
		return ret;
	file = scst_fileio_open_file(dev);
	if (IS_ERR(file))
		return PTR_ERR(file);
	fio->file = file;
	fio->mapping = d_real_inode(file->f_path.dentry)->i_mapping;
	scst_fileio_try_prepare(file);
	ret = scst_fileio_check_ops(dev, file);
	if (ret)
		goto out_close;
	ret = scst_fileio_claim(dev);
	if (ret)
		goto out_close;
	ret = scst_fileio_fit_size(dev);
	if (ret)
		goto out_unclaim;
	ret = scst_fileio_watch_start(dev);
	if (ret)
		goto out_unclaim;
	ret = scst_fileio_dio_align(dev);
	if (ret)
		goto out_stop_watch;
	fio->synced = filemap_sample_wb_err(fio->mapping);
	ret = scst_fileio_fill_params(dev, params);
	if (ret)
		goto out_stop_watch;
	return 0;

out_stop_watch:
	scst_fileio_watch_stop(fio);
out_unclaim:
	scst_fileio_unclaim(fio);
out_close:
	filp_close(file, NULL);
	return ret;
}

static void scst_fileio_close(struct scst_device *dev)
{
	struct scst_fileio *fio = scst_device_priv(dev);

	scst_fileio_watch_stop(fio);
	scst_fileio_unclaim(fio);
	scst_vdisk_close_file(fio->file);
}

static int scst_fileio_create(struct scst_device *dev)
{
	struct scst_fileio *fio = scst_device_priv(dev);

	spin_lock_init(&fio->sync_lock);
	return scst_vdisk_create(dev);
}

static ssize_t scst_fileio_direct_show(struct config_item *item, char *page)
{
	return sysfs_emit(page, "%d\n", scst_fileio_from_item(item)->direct);
}

static int scst_fileio_apply_direct(struct scst_device *dev, const bool *value)
{
	struct scst_fileio *fio = scst_device_priv(dev);

	fio->direct = *value;
	return 0;
}

static ssize_t scst_fileio_write_through_show(struct config_item *item, char *page)
{
	return sysfs_emit(page, "%d\n", scst_fileio_from_item(item)->write_through);
}

static int scst_fileio_apply_write_through(struct scst_device *dev, const bool *value)
{
	struct scst_fileio *fio = scst_device_priv(dev);

	fio->write_through = *value;
	return 0;
}

SCST_DEV_ATTR(scst_fileio_, direct, bool, scst_vdisk_parse_bool, scst_fileio_apply_direct);
SCST_DEV_ATTR(scst_fileio_, write_through, bool, scst_vdisk_parse_bool,
	      scst_fileio_apply_write_through);
CONFIGFS_ATTR(scst_vdisk_, path);
CONFIGFS_ATTR(scst_vdisk_, size);
CONFIGFS_ATTR(scst_vdisk_, block_size);
CONFIGFS_ATTR(scst_vdisk_, read_only);
CONFIGFS_ATTR(scst_vdisk_, rotational);
CONFIGFS_ATTR(scst_vdisk_, thin);

static struct configfs_attribute *const scst_fileio_attrs[] = {
	&scst_vdisk_attr_path,
	&scst_vdisk_attr_size,
	&scst_vdisk_attr_block_size,
	&scst_vdisk_attr_read_only,
	&scst_vdisk_attr_rotational,
	&scst_vdisk_attr_thin,
	&scst_fileio_attr_direct,
	&scst_fileio_attr_write_through,
	NULL,
};

static const struct scst_handler_ops scst_fileio_ops = {
	.name			= "fileio",
	.owner			= THIS_MODULE,
	.type			= TYPE_DISK,
	.product		= "FILEIO",
	.device_priv_size	= sizeof(struct scst_fileio),
	.may_sleep		= true,
	.attrs			= scst_fileio_attrs,
	.block			= &scst_fileio_block_ops,
	.create			= scst_fileio_create,
	.destroy		= scst_vdisk_destroy,
	.open			= scst_fileio_open,
	.close			= scst_fileio_close,
	.capacity		= scst_fileio_capacity,
};

/**
 * scst_fileio_register() - register the handler
 *
 * Context: process.
 * Return: 0 or an errno.
 */
int scst_fileio_register(void)
{
	int ret;

	ret = scst_fileio_watch_init();
	if (ret)
		return ret;
	ret = scst_handler_register(&scst_fileio_ops);
	if (ret)
		scst_fileio_watch_exit();
	return ret;
}

/**
 * scst_fileio_unregister() - undo scst_fileio_register()
 *
 * Context: process; no device of the handler exists.
 */
void scst_fileio_unregister(void)
{
	scst_handler_unregister(&scst_fileio_ops);
	scst_fileio_watch_exit();
}
