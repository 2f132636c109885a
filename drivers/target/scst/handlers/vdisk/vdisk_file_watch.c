// SPDX-License-Identifier: GPL-2.0
/*
 * fileio: somebody changes the size of the file.
 *
 * The kernel's file notification, the one behind inotify, calls whenever a file has
 * been modified by a system call. Commands do not pay for it: they call the file's
 * own operations, which notify nobody.
 *
 * A mark, which says what is to be notified of, is freed by the kernel when nobody
 * uses it any more. That may be after the device has been closed, or has gone.
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
 * struct scst_fileio_watch - looks at the size of an open file
 * @mark:	what the kernel knows of it
 * @lock:	guards @dev, and the size in its &struct scst_fileio
 * @dev:	the device; NULL: it has been closed
 */
struct scst_fileio_watch {
	struct fsnotify_mark mark;
	spinlock_t lock;	/* as above */
	struct scst_device *dev;
};

static struct fsnotify_group *scst_fileio_group;
static atomic_t scst_fileio_watches;	/* that have not been freed yet */

/* Returns whether the size is not what it was when it was last looked at. */
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

/* In the context of whoever modifies the file, who may have locked it. */
static int scst_fileio_modified(struct fsnotify_mark *mark, u32 mask,
				struct inode *inode, struct inode *dir,
				const struct qstr *name, u32 cookie)
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
 * scst_fileio_watch_start() - look at the size of a file, and whenever it may change
 * @dev: the device, whose file is open
 *
 * With overlayfs it is the file that was opened: whatever changes the one below does
 * so through it, as overlayfs demands.
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
		scst_device_set_error(dev, "the file cannot be watched: %pe",
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
 * scst_fileio_nblocks() - how many whole blocks the file had at the last look
 * @dev: the device
 *
 * An attribute that says how large the file is to be keeps up with who has changed
 * it: or the device could not be enabled the next time. Like the capacity it does without
 * a part of a block at the end of the file.
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
 * scst_fileio_capacity() - how many whole blocks the file has
 * @dev: the device, enabled
 *
 * Context: process; nothing else changes the device.
 * Return: see scst_fileio_nblocks().
 */
u64 scst_fileio_capacity(struct scst_device *dev)
{
	struct scst_fileio *fio = scst_device_priv(dev);

	/*
	 * A write under way may make larger what was cut off. It looks at fio->size
	 * after that: after a grace period it does not miss what was stored there
	 * before, or its doing is not missed here.
	 */
	synchronize_rcu();
	scst_fileio_look(fio->watch);
	return scst_fileio_nblocks(dev);
}

/**
 * scst_fileio_watch_init() - prepare for watching files
 *
 * Context: process.
 * Return: 0 or -ENOMEM.
 */
int scst_fileio_watch_init(void)
{
	/* Several read-only devices may have the same file. */
	scst_fileio_group = fsnotify_alloc_group(&scst_fileio_fsnotify_ops,
						 FSNOTIFY_GROUP_DUPS);
	return PTR_ERR_OR_ZERO(scst_fileio_group);
}

/**
 * scst_fileio_watch_exit() - undo scst_fileio_watch_init()
 *
 * Context: process; no device of the handler exists. Waits for those who still use a
 * mark.
 */
void scst_fileio_watch_exit(void)
{
	wait_var_event(&scst_fileio_watches, !atomic_read(&scst_fileio_watches));
	fsnotify_put_group(scst_fileio_group);
	/* And until the call that freed the last one has returned. */
	fsnotify_wait_marks_destroyed();
}
