/* SPDX-License-Identifier: GPL-2.0 */
/*
 * blockio: declarations that its configuration (vdisk_block.c) and its commands
 * (vdisk_block_io.c) share.
 *
 * Locks:
 *
 * - scst_blockio_lock guards the list of open devices, and nothing else. No file is opened or
 *   closed under it.
 * - The core calls open(), close(), capacity() and watch() one at a time, under the device's
 *   backend lock. They alone change @size and what is constant while the device is open.
 * - Commands take no lock of blockio's.
 *
 * Lifetimes:
 *
 * - The open file claims the block device, and keeps it and its queue. The core closes the device
 *   when it has no command any more: a command returns its last bio before scst_cmd_complete(). So
 *   @bdev and @bios are there for every command.
 * - A request belongs to the block layer from the moment that it accepts it. It is freed after the
 *   call-back of its bio has returned, with a reference to the queue of its own.
 * - A transfer is kept in front of its first bio. Each bio that was submitted counts in @left, and
 *   so does the submitter. Whoever brings it to zero owns the transfer.
 * - is_back() runs while the device is closed. It uses a copy of the path, and nothing else here.
 */
#ifndef _SCST_VDISK_BLOCK_H
#define _SCST_VDISK_BLOCK_H

#include <linux/bio.h>
#include <linux/blkdev.h>
#include <linux/list.h>
#include <linux/types.h>

#include "vdisk.h"

/**
 * struct scst_blockio - a disk on a block device
 * @disk:	the attributes of all emulated disks
 * @dev:	the device
 * @file:	the open file, which claims the block device; constant while the device is open, and
 *		so are the next ones
 * @bdev:	the block device of @file
 * @bios:	the bios of commands
 * @shift:	log2 of the logical block size in bytes
 * @in_place:	the driver of the block device takes requests in a context that must not sleep: see
 *		scst_blockio_takes_requests()
 * @size:	size of the block device in bytes when it was last looked at
 * @entry:	on the list of open devices; guarded by scst_blockio_lock
 */
struct scst_blockio {
	struct scst_vdisk disk;
	struct scst_device *dev;
	struct file *file;
	struct block_device *bdev;
	struct bio_set bios;
	u8 shift;
	bool in_place;
	u64 size;
	struct list_head entry;
};

/* vdisk_block.c */
void scst_blockio_gone(struct scst_device *dev);

/* vdisk_block_io.c */
extern const struct scst_block_ops scst_blockio_block_ops;
int scst_blockio_init_bios(struct scst_blockio *blk);
bool scst_blockio_takes_requests(struct block_device *bdev);
bool scst_blockio_is_dead(struct block_device *bdev);

#endif /* _SCST_VDISK_BLOCK_H */
