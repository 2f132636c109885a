/* SPDX-License-Identifier: GPL-2.0 */
/*
 * fileio: what its configuration (vdisk_file.c) and its commands
 * (vdisk_file_io.c) share.
 */
#ifndef _SCST_VDISK_FILE_H
#define _SCST_VDISK_FILE_H

#include <linux/errseq.h>
#include <linux/fs.h>
#include <linux/list.h>
#include <linux/spinlock.h>
#include <linux/types.h>

#include "vdisk.h"

struct scst_fileio_watch;

/**
 * struct scst_fileio - a disk on a regular file
 * @disk:	what all emulated disks have
 * @path:	the file; NULL: not given. Written under the configuration lock and
 *		scst_fileio_lock, read under either.
 * @direct:	bypass the page cache
 * @write_through: a completed write is durable
 * @file:	the open file, constant while the device is enabled
 * @mapping:	the page cache that holds its data: with overlayfs another file's
 * @watch:	tells when somebody changes the size of the file; while it is open
 * @size:	of the file in bytes, when it was last looked at. Changed under the
 *		lock of @watch, read with READ_ONCE().
 * @dio_offset_align: positions and lengths of direct I/O are multiples of this
 * @dio_mem_align: and memory addresses of this; powers of two
 * @sync_lock:	guards @synced; the core's device lock is taken in it
 * @synced:	the failures of write-back that the core has been told of. The file's
 *		own cursor does not do: it also moves on when a single write is made
 *		durable.
 * @entry:	on the list of open devices; guarded by scst_fileio_lock
 */
struct scst_fileio {
	struct scst_vdisk disk;
	char *path;
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

#endif /* _SCST_VDISK_FILE_H */
