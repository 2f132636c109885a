/* SPDX-License-Identifier: GPL-2.0 */
/*
 * fileio: declarations that its configuration (vdisk_file.c), its commands (vdisk_file_io.c) and
 * the watch of its file (vdisk_file_watch.c) share.
 */
#ifndef _SCST_VDISK_FILE_H
#define _SCST_VDISK_FILE_H

#include <linux/errseq.h>
#include <linux/falloc.h>
#include <linux/fs.h>
#include <linux/list.h>
#include <linux/spinlock.h>
#include <linux/types.h>

#include "vdisk.h"

struct scst_fileio_watch;

/* The mode of fallocate() that deallocates: the part reads as zeroes afterwards. */
#define SCST_FILEIO_PUNCH	(FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE)

/**
 * struct scst_fileio - a disk on a regular file
 * @disk:	the attributes of all emulated disks
 * @direct:	bypass the page cache
 * @write_through: a completed write is durable
 * @file:	the open file, constant while the device is enabled
 * @mapping:	the page cache of the file's data: with overlayfs the real file's
 * @watch:	notifies of changes of the file's size while the device is enabled
 * @size:	size of the file in bytes at the last check. Changed under the lock of @watch, read
 *		with READ_ONCE().
 * @dio_offset_align: alignment in bytes of positions and lengths of direct I/O; a power of two
 * @dio_mem_align: alignment in bytes of memory addresses of direct I/O; a power of two
 * @sync_lock:	guards @synced; the core's device lock is taken under it
 * @synced:	cursor of the write-back errors that were reported to the core. The file's own
 *		cursor is no substitute, as it also moves when a single write is made durable.
 * @entry:	on the list of open devices; guarded by scst_fileio_lock
 */
struct scst_fileio {
	struct scst_vdisk disk;
	bool direct;
	bool write_through;
	struct file *file;
	struct address_space *mapping;
	struct scst_fileio_watch *watch;
	loff_t size;
	u32 dio_offset_align;
	u32 dio_mem_align;
	spinlock_t sync_lock;	/* guards @synced */
	errseq_t synced;
	struct list_head entry;
};

/* vdisk_file_watch.c */
int scst_fileio_watch_start(struct scst_device *dev);
void scst_fileio_watch_stop(struct scst_fileio *fio);
u64 scst_fileio_nblocks(struct scst_device *dev);
u64 scst_fileio_capacity(struct scst_device *dev);
int scst_fileio_watch_init(void);
void scst_fileio_watch_exit(void);

/* vdisk_file_io.c */
extern const struct scst_block_ops scst_fileio_block_ops;

/* vdisk_file_try.c */
void scst_fileio_try_prepare(struct file *file);
bool scst_fileio_try_read(struct scst_cmd *cmd);

#endif /* _SCST_VDISK_FILE_H */
