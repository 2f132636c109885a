// SPDX-License-Identifier: GPL-2.0
/*
 * fileio: changes of the file's size by others.
 *
 * fsnotify, the kernel's file notification behind inotify, calls back when a system call has
 * modified the file. Commands do not pay for this: they call the file operations directly, which
 * cause no notification.
 *
 * A mark selects the file and the events. fsnotify frees a mark when it has no users any more.
 * That may be after the device was closed, or even freed.
 */
#include <linux/atomic.h>
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/fsnotify_backend.h>
#include <linux/lockdep.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/wait_bit.h>
#include <scst/compat.h>

#include "vdisk_file.h"

/**
 * struct scst_fileio_watch - watches the size of an open file
 * @mark:	the mark of fsnotify
 * @lock:	guards @dev, and the size in its &struct scst_fileio
 * @dev:	the device; NULL: it was closed
 */
struct scst_fileio_watch {
	struct fsnotify_mark mark;
	spinlock_t lock;	/* as above */
	struct scst_device *dev;
};

static struct fsnotify_group *scst_fileio_group;
static atomic_t scst_fileio_watches;	/* watches that have not been freed yet */

/* Returns whether the size has changed since the last check. */
static bool __scst_fileio_look(struct scst_fileio_watch *watch)
{
	struct scst_fileio *fio = scst_device_priv(watch->dev);
	loff_t size = i_size_read(file_inode(fio->file));

	lockdep_assert_held(&watch->lock);
	if (size == fio->size)
		return false;
	WRITE_ONCE(fio->size, size);
	return true;
}

static void scst_fileio_look(struct scst_fileio_watch *watch)
{
	spin_lock(&watch->lock);
	if (watch->dev && __scst_fileio_look(watch))
		scst_device_resized(watch->dev);
	spin_unlock(&watch->lock);
}

/* Context: the task that modifies the file, which may have locked the file. */
static int scst_fileio_modified(struct fsnotify_mark *mark, u32 mask, struct inode *inode,
				struct inode *dir, const struct qstr *name, u32 cookie)
{
	scst_fileio_look(container_of(mark, struct scst_fileio_watch, mark));
	return 0;
}

static void scst_fileio_free_mark(struct fsnotify_mark *mark)
{
	kfree(container_of(mark, struct scst_fileio_watch, mark));
	if (atomic_dec_and_test(&scst_fileio_watches))
		wake_up_var(&scst_fileio_watches);
}

static const struct fsnotify_ops scst_fileio_fsnotify_ops = {
	.handle_inode_event	= scst_fileio_modified,
	.free_mark		= scst_fileio_free_mark,
};

static struct scst_fileio_watch *scst_fileio_watch_alloc(struct scst_device *dev)
{
	struct scst_fileio_watch *watch = kzalloc_obj(*watch);

	if (!watch)
		return NULL;
	atomic_inc(&scst_fileio_watches);
	spin_lock_init(&watch->lock);
	watch->dev = dev;
	fsnotify_init_mark(&watch->mark, scst_fileio_group);
	watch->mark.mask = FS_MODIFY;
	return watch;
}

/**
 * scst_fileio_watch_start() - begin to watch the size of a device's file
 * @dev: the device, whose file is open
 *
 * With overlayfs the mark is on the file of the overlay. Overlayfs requires that the file below is
 * changed only through the overlay.
 *
 * Context: process.
 * Return: 0 or an errno.
 */
int scst_fileio_watch_start(struct scst_device *dev)
{
	struct scst_fileio *fio = scst_device_priv(dev);
	struct scst_fileio_watch *watch = scst_fileio_watch_alloc(dev);
	int ret;

	if (!watch)
		return -ENOMEM;
	ret = fsnotify_add_inode_mark(&watch->mark, file_inode(fio->file), 0);
	if (ret) {
		fsnotify_put_mark(&watch->mark);
		scst_device_set_error(dev, "the size of the file cannot be watched: %pe",
				      ERR_PTR(ret));
		return ret;
	}
	fio->watch = watch;
	spin_lock(&watch->lock);
	__scst_fileio_look(watch);
	spin_unlock(&watch->lock);
	return 0;
}

/**
 * scst_fileio_watch_stop() - undo scst_fileio_watch_start()
 * @fio: the device, whose file is still open
 *
 * Context: process.
 */
void scst_fileio_watch_stop(struct scst_fileio *fio)
{
	struct scst_fileio_watch *watch = fio->watch;

	spin_lock(&watch->lock);
	watch->dev = NULL;
	spin_unlock(&watch->lock);
	fsnotify_destroy_mark(&watch->mark, scst_fileio_group);
	fsnotify_put_mark(&watch->mark);
}

/**
 * scst_fileio_nblocks() - the number of whole blocks of the file at the last check
 * @dev: the device
 *
 * The attribute size, if it is set, is changed to the size of these blocks. Otherwise the device
 * could not be enabled again after its file was extended. A part of a block at the end of the file
 * is ignored.
 *
 * Context: process; nothing else changes the device.
 * Return: logical blocks; if 0, the device's last_error says why.
 */
u64 scst_fileio_nblocks(struct scst_device *dev)
{
	struct scst_fileio *fio = scst_device_priv(dev);
	loff_t size = READ_ONCE(fio->size);
	u64 nblocks = size >> fio->disk.block_shift;

	if (!nblocks)
		scst_device_set_error(dev, "the %lld bytes of the file are less than a block",
				      size);
	else if (fio->disk.size)
		fio->disk.size = nblocks << fio->disk.block_shift;
	return nblocks;
}

/**
 * scst_fileio_capacity() - the number of whole blocks of the file
 * @dev: the device, enabled
 *
 * Context: process; nothing else changes the device.
 * Return: see scst_fileio_nblocks().
 */
u64 scst_fileio_capacity(struct scst_device *dev)
{
	struct scst_fileio *fio = scst_device_priv(dev);

	/*
	 * A write in flight may extend a file that was truncated. It changes the size of the
	 * file, and then reads fio->size. After a grace period either the write has read the
	 * value that was stored in fio->size before, or its change is seen here.
	 */
	synchronize_rcu();
	scst_fileio_look(fio->watch);
	return scst_fileio_nblocks(dev);
}

/**
 * scst_fileio_watch_init() - allocate the fsnotify group
 *
 * Context: process.
 * Return: 0 or -ENOMEM.
 */
int scst_fileio_watch_init(void)
{
	/* Several read-only devices may have a mark on the same file. */
	scst_fileio_group = fsnotify_alloc_group(&scst_fileio_fsnotify_ops, FSNOTIFY_GROUP_DUPS);
	return PTR_ERR_OR_ZERO(scst_fileio_group);
}

/**
 * scst_fileio_watch_exit() - undo scst_fileio_watch_init()
 *
 * Context: process; no device of the handler exists. Waits until all marks are freed.
 */
void scst_fileio_watch_exit(void)
{
	wait_var_event(&scst_fileio_watches, !atomic_read(&scst_fileio_watches));
	fsnotify_put_group(scst_fileio_group);
	/* The call that freed the last mark may not have returned yet. */
	fsnotify_wait_marks_destroyed();
}
