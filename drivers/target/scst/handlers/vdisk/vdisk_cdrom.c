// SPDX-License-Identifier: GPL-2.0
/*
 * cdrom: a CD or DVD drive. A disc is an image: a regular file or a block device, which is read
 * through the page cache.
 *
 * The disc can be changed while the device is enabled. A command has a reference to its disc while
 * it reads, and the last reference closes the image. So changing discs waits for no command.
 */
#include <linux/bvec.h>
#include <linux/err.h>
#include <linux/fcntl.h>
#include <linux/fs.h>
#include <linux/minmax.h>
#include <linux/module.h>
#include <linux/namei.h>
#include <linux/refcount.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/stat.h>
#include <linux/string.h>
#include <linux/sysfs.h>
#include <linux/uio.h>
#include <scsi/scsi_proto.h>
#include <scst/compat.h>

#include "vdisk.h"

/* log2 of the bytes in a block */
#define SCST_CDROM_SHIFT	11

/**
 * struct scst_cdrom_disc - a disc
 * @users:	references: the drive, and commands
 * @file:	the open image
 * @size:	its size when it was opened, bytes
 * @id:		number of the disc in its drive, see scst_device_set_medium()
 */
struct scst_cdrom_disc {
	refcount_t users;
	struct file *file;
	loff_t size;
	u32 id;
};

/**
 * struct scst_cdrom - a drive
 * @disk:	the attributes of all emulated disks
 * @open:	the device is enabled; changed under scst_device_backend_lock()
 * @discs:	number of discs that were in the drive; likewise
 * @lock:	guards @disc
 * @disc:	the disc in the drive; NULL: none. Changed under scst_device_backend_lock(), too.
 */
struct scst_cdrom {
	struct scst_vdisk disk;
	bool open;
	u32 discs;
	spinlock_t lock;	/* guards @disc */
	struct scst_cdrom_disc *disc;
};

static struct scst_cdrom *scst_cdrom_from_item(struct config_item *item)
{
	return scst_device_priv(scst_device_from_item(item));
}

/* Discs. Context: process. */

static int scst_cdrom_check_type(struct scst_device *dev, umode_t mode)
{
	if (S_ISREG(mode) || S_ISBLK(mode))
		return 0;
	scst_device_set_error(dev, "path is %s, not a regular file or a block device",
			      S_ISDIR(mode) ? "a directory" : "a special file");
	return S_ISDIR(mode) ? -EISDIR : -EINVAL;
}

/* The type is checked before the file is opened, because opening a FIFO blocks. */
static struct file *scst_cdrom_open_file(struct scst_device *dev, const char *name)
{
	struct file *file;
	struct path path;
	int ret;

	ret = kern_path(name, LOOKUP_FOLLOW, &path);
	if (ret) {
		scst_device_set_error(dev, "path cannot be opened: %pe", ERR_PTR(ret));
		return ERR_PTR(ret);
	}
	ret = scst_cdrom_check_type(dev, d_inode(path.dentry)->i_mode);
	file = ret ? ERR_PTR(ret) : file_open_root(&path, "", O_RDONLY | O_LARGEFILE, 0);
	if (!ret && IS_ERR(file))
		scst_device_set_error(dev, "path cannot be opened: %pe", file);
	path_put(&path);
	return file;
}

/* READ CAPACITY and the table of contents have 32 bits for the number of blocks. */
static int scst_cdrom_check_file(struct scst_device *dev, const struct file *file, loff_t size)
{
	if (!file->f_op->read_iter) {
		scst_device_set_error(dev, "path is on an unsupported file system, such as procfs");
		return -EINVAL;
	}
	if (!size) {
		scst_device_set_error(dev, "the image is empty");
		return -EINVAL;
	}
	if (size > (loff_t)U32_MAX << SCST_CDROM_SHIFT) {
		scst_device_set_error(dev, "the image is too large for a disc: %lld bytes", size);
		return -EFBIG;
	}
	return 0;
}

static struct scst_cdrom_disc *scst_cdrom_disc_open(struct scst_device *dev, const char *name)
{
	struct scst_cdrom *cd = scst_device_priv(dev);
	struct file *file = scst_cdrom_open_file(dev, name);
	struct scst_cdrom_disc *disc;
	int ret = -ENOMEM;

	if (IS_ERR(file))
		return ERR_CAST(file);
	disc = kzalloc_obj(*disc);
	if (!disc)
		goto out_close;
	refcount_set(&disc->users, 1);
	disc->file = file;
	disc->size = i_size_read(file->f_mapping->host);
	ret = scst_cdrom_check_file(dev, file, disc->size);
	if (ret)
		goto out_free;
	disc->id = ++cd->discs;
	return disc;

out_free:
	kfree(disc);
out_close:
	scst_vdisk_close_file(file);
	return ERR_PTR(ret);
}

static void scst_cdrom_disc_put(struct scst_cdrom_disc *disc)
{
	if (!disc || !refcount_dec_and_test(&disc->users))
		return;
	scst_vdisk_close_file(disc->file);
	kfree(disc);
}

static u64 scst_cdrom_nblocks(const struct scst_cdrom_disc *disc)
{
	return disc ? DIV_ROUND_UP_ULL(disc->size, 1 << SCST_CDROM_SHIFT) : 0;
}

/* Returns the disc that was in the drive before. */
static struct scst_cdrom_disc *scst_cdrom_swap(struct scst_cdrom *cd, struct scst_cdrom_disc *disc)
{
	spin_lock(&cd->lock);
	swap(cd->disc, disc);
	spin_unlock(&cd->lock);
	return disc;
}

/* Commands. Context: a worker of the device. */

/*
 * The disc that a command is for. If it is not in the drive any more, the initiator tries again,
 * and is notified of the change then.
 */
static struct scst_cdrom_disc *scst_cdrom_disc_get(struct scst_cmd *cmd)
{
	struct scst_cdrom *cd = scst_device_priv(cmd->dev);
	struct scst_cdrom_disc *disc;

	spin_lock(&cd->lock);
	disc = cd->disc;
	if (disc && disc->id == cmd->medium)
		refcount_inc(&disc->users);
	else
		disc = NULL;
	spin_unlock(&cd->lock);
	if (!disc)
		scst_cmd_set_busy(cmd);
	return disc;
}

static void scst_cdrom_set_error(struct scst_cmd *cmd, ssize_t err, loff_t pos)
{
	if (err == -ENOMEM || err == -EAGAIN)
		scst_cmd_set_busy(cmd);
	else
		scst_cmd_set_sense_info(cmd, SCST_SENSE_READ_ERROR, pos >> SCST_CDROM_SHIFT);
}

/*
 * Reads the image from a position on. The part of the last block behind the end of the image is
 * filled with zeroes. If the image ends earlier than when it was opened, that is a medium error.
 */
static bool scst_cdrom_fill(struct scst_cmd *cmd, const struct scst_cdrom_disc *disc,
			    struct iov_iter *iter, loff_t pos)
{
	size_t len = iov_iter_count(iter);
	size_t there = min_t(u64, len, disc->size - pos);

	iov_iter_truncate(iter, there);
	while (iov_iter_count(iter)) {
		ssize_t ret = vfs_iter_read(disc->file, iter, &pos, 0);

		if (ret <= 0) {
			scst_cdrom_set_error(cmd, ret, pos);
			return false;
		}
	}
	iov_iter_reexpand(iter, len - there);
	iov_iter_zero(len - there, iter);
	return true;
}

static loff_t scst_cdrom_pos(const struct scst_cmd *cmd)
{
	return cmd->lba << SCST_CDROM_SHIFT;
}

static void scst_cdrom_transfer(struct scst_cmd *cmd, struct scst_cdrom_disc *disc)
{
	struct iov_iter iter;
	struct bio_vec *bvec;

	if (!cmd->data_len)
		return;
	bvec = kmalloc_array(cmd->sg_nents, sizeof(*bvec), GFP_NOIO | __GFP_NOWARN);
	if (!bvec) {
		scst_cmd_set_busy(cmd);
		return;
	}
	iov_iter_bvec(&iter, ITER_DEST, bvec, scst_vdisk_map(cmd, bvec), cmd->data_len);
	scst_cdrom_fill(cmd, disc, &iter, scst_cdrom_pos(cmd));
	kfree(bvec);
}

static bool scst_cdrom_verify_part(struct scst_cmd *cmd, void *priv, u8 *buf, u64 offset, u32 len)
{
	struct kvec kvec = { .iov_base = buf, .iov_len = len };
	struct iov_iter iter;

	iov_iter_kvec(&iter, ITER_DEST, &kvec, 1, len);
	return scst_cdrom_fill(cmd, priv, &iter, scst_cdrom_pos(cmd) + offset);
}

static void scst_cdrom_verify(struct scst_cmd *cmd, struct scst_cdrom_disc *disc)
{
	scst_vdisk_verify(cmd, scst_cdrom_verify_part, disc);
}

/* An initiator on this machine may need the disc to free memory: no I/O for memory. */
static void scst_cdrom_do(struct scst_cmd *cmd,
			  void (*execute)(struct scst_cmd *cmd, struct scst_cdrom_disc *disc))
{
	struct scst_cdrom_disc *disc = scst_cdrom_disc_get(cmd);
	unsigned int saved = memalloc_noio_save();

	if (disc)
		execute(cmd, disc);
	scst_cdrom_disc_put(disc);
	scst_cmd_complete(cmd, SCST_CTX_THREAD);
	memalloc_noio_restore(saved);
}

static void scst_cdrom_do_read(struct scst_cmd *cmd)
{
	scst_cdrom_do(cmd, scst_cdrom_transfer);
}

static void scst_cdrom_do_verify(struct scst_cmd *cmd)
{
	scst_cdrom_do(cmd, scst_cdrom_verify);
}

/* All others are refused: the medium is write protected, and has no cache. */
static const struct scst_block_ops scst_cdrom_block_ops = {
	.read		= scst_cdrom_do_read,
	.verify		= scst_cdrom_do_verify,
};

/* The drive. Context: process. */

static int scst_cdrom_create(struct scst_device *dev)
{
	struct scst_cdrom *cd = scst_device_priv(dev);

	spin_lock_init(&cd->lock);
	cd->disk.block_shift = SCST_CDROM_SHIFT;
	cd->disk.read_only = true;
	return 0;
}

static int scst_cdrom_open(struct scst_device *dev, struct scst_device_params *params)
{
	struct scst_cdrom *cd = scst_device_priv(dev);
	struct scst_cdrom_disc *disc = NULL;

	if (cd->disk.path)
		disc = scst_cdrom_disc_open(dev, cd->disk.path);
	if (IS_ERR(disc))
		return PTR_ERR(disc);
	scst_vdisk_fill_params(dev, scst_cdrom_nblocks(disc), params);
	if (disc)
		params->medium = disc->id;
	scst_cdrom_swap(cd, disc);
	WRITE_ONCE(cd->open, true);
	return 0;
}

static void scst_cdrom_close(struct scst_device *dev)
{
	struct scst_cdrom *cd = scst_device_priv(dev);

	WRITE_ONCE(cd->open, false);
	scst_cdrom_disc_put(scst_cdrom_swap(cd, NULL));
}

/* Returns 0, and the disc that is not in the drive any more, or an errno. */
static int scst_cdrom_change(struct scst_device *dev, struct scst_cdrom_disc **disc)
{
	int ret;

	ret = scst_device_set_medium(dev, scst_cdrom_nblocks(*disc), *disc ? (*disc)->id : 0);
	if (ret)
		scst_device_set_error(dev,
				      "an initiator prevents removal: eject there, or set tray_open");
	else
		*disc = scst_cdrom_swap(scst_device_priv(dev), *disc);
	return ret;
}

static int scst_cdrom_insert(struct scst_device *dev, const struct scst_vdisk_text *text)
{
	struct scst_cdrom_disc *disc = NULL;
	char *path = NULL;
	int ret = 0;

	if (text->len) {
		path = kmemdup_nul(text->start, text->len, GFP_KERNEL);
		if (!path)
			return -ENOMEM;
		disc = scst_cdrom_disc_open(dev, path);
		ret = PTR_ERR_OR_ZERO(disc);
	}
	if (!ret) {
		ret = scst_cdrom_change(dev, &disc);
		if (!ret)
			scst_vdisk_swap_path(dev, &path);
		scst_cdrom_disc_put(disc);
	}
	kfree(path);
	return ret;
}

static int scst_cdrom_set_path(struct scst_device *dev, const struct scst_vdisk_text *text)
{
	int ret = scst_device_config_lock(dev);

	if (ret)
		return ret;
	ret = scst_vdisk_apply_path(dev, text);
	scst_device_config_unlock(dev);
	return ret;
}

static int scst_cdrom_write_path(struct scst_device *dev, const struct scst_vdisk_text *text)
{
	int ret = scst_device_backend_lock(dev);

	if (ret < 0)
		return ret;
	ret = ret ? scst_cdrom_insert(dev, text) : scst_cdrom_set_path(dev, text);
	scst_device_backend_unlock(dev);
	return ret;
}

static ssize_t scst_cdrom_path_show(struct config_item *item, char *page)
{
	return scst_vdisk_path_show(item, page);
}

static ssize_t scst_cdrom_path_store(struct config_item *item, const char *page, size_t count)
{
	struct scst_device *dev = scst_device_from_item(item);
	struct scst_vdisk_text text;
	int ret = scst_vdisk_parse_path(dev, page, &text) ?: scst_cdrom_write_path(dev, &text);

	return scst_device_op_end(dev, "path", ret) ?: count;
}

static ssize_t scst_cdrom_tray_open_show(struct config_item *item, char *page)
{
	bool open = READ_ONCE(scst_cdrom_from_item(item)->open) &&
		    scst_device_tray_is_open(scst_device_from_item(item));

	return sysfs_emit(page, "%d\n", open);
}

static int scst_cdrom_move_tray(struct scst_device *dev, bool open)
{
	int ret = scst_device_backend_lock(dev);

	if (ret < 0)
		return ret;
	if (ret)
		scst_device_set_tray(dev, open);
	else if (open)
		scst_device_set_error(dev, "the device is not enabled: its tray is closed");
	scst_device_backend_unlock(dev);
	return ret || !open ? 0 : -EINVAL;
}

static ssize_t scst_cdrom_tray_open_store(struct config_item *item, const char *page, size_t count)
{
	struct scst_device *dev = scst_device_from_item(item);
	bool open;
	int ret = scst_vdisk_parse_bool(dev, page, &open) ?: scst_cdrom_move_tray(dev, open);

	return scst_device_op_end(dev, "tray_open", ret) ?: count;
}

CONFIGFS_ATTR(scst_cdrom_, path);
CONFIGFS_ATTR(scst_cdrom_, tray_open);

static struct configfs_attribute *const scst_cdrom_attrs[] = {
	&scst_cdrom_attr_path,
	&scst_cdrom_attr_tray_open,
	NULL,
};

static const struct scst_handler_ops scst_cdrom_ops = {
	.name			= "cdrom",
	.owner			= THIS_MODULE,
	.type			= TYPE_ROM,
	.product		= "CDROM",
	.device_priv_size	= sizeof(struct scst_cdrom),
	.may_sleep		= true,
	.attrs			= scst_cdrom_attrs,
	.block			= &scst_cdrom_block_ops,
	.create			= scst_cdrom_create,
	.destroy		= scst_vdisk_destroy,
	.open			= scst_cdrom_open,
	.close			= scst_cdrom_close,
};

/**
 * scst_cdrom_register() - register the handler
 *
 * Context: process.
 * Return: 0 or an errno.
 */
int scst_cdrom_register(void)
{
	return scst_handler_register(&scst_cdrom_ops);
}

/**
 * scst_cdrom_unregister() - undo scst_cdrom_register()
 *
 * Context: process; no device of the handler exists.
 */
void scst_cdrom_unregister(void)
{
	scst_handler_unregister(&scst_cdrom_ops);
}
