/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Declarations that the emulated disks share.
 */
#ifndef _SCST_VDISK_H
#define _SCST_VDISK_H

#include <linux/configfs.h>
#include <linux/types.h>
#include <scst/cmd.h>
#include <scst/handler.h>

/**
 * struct scst_vdisk - the attributes of every emulated disk
 * @size:	capacity in bytes; 0: not given
 * @blocks:	capacity in logical blocks; 0: not given
 * @block_shift: log2 of the logical block size in bytes
 * @read_only:	the medium cannot be written
 * @rotational:	the disk is reported as spinning
 *
 * The first member of a handler's device structure. It is changed under the configuration lock
 * while the device is disabled. At most one of @size and @blocks is given.
 */
struct scst_vdisk {
	u64 size;
	u64 blocks;
	u8 block_shift;
	bool read_only;
	bool rotational;
};

int scst_vdisk_create(struct scst_device *dev);
int scst_vdisk_check_size(struct scst_device *dev, u64 size);
void scst_vdisk_fill_params(struct scst_device *dev, u64 nblocks,
			    struct scst_device_params *params);
int scst_vdisk_parse_bool(struct scst_device *dev, const char *page,
			  bool *value);

/* The shared attributes. A handler declares the ones that it has with CONFIGFS_ATTR(). */
#define SCST_VDISK_ATTR_DECLARE(_name)					\
ssize_t scst_vdisk_##_name##_show(struct config_item *item, char *page);\
ssize_t scst_vdisk_##_name##_store(struct config_item *item,		\
				   const char *page, size_t count)

SCST_VDISK_ATTR_DECLARE(size);
SCST_VDISK_ATTR_DECLARE(blocks);
SCST_VDISK_ATTR_DECLARE(block_size);
SCST_VDISK_ATTR_DECLARE(read_only);
SCST_VDISK_ATTR_DECLARE(rotational);

/* vdisk_null.c */
int scst_nullio_register(void);
void scst_nullio_unregister(void);

/* vdisk_file.c */
int scst_fileio_register(void);
void scst_fileio_unregister(void);

#endif /* _SCST_VDISK_H */
