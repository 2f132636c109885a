/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Declarations that the emulated disks share.
 */
#ifndef _SCST_VDISK_H
#define _SCST_VDISK_H

#include <linux/bvec.h>
#include <linux/configfs.h>
#include <linux/irqflags.h>
#include <linux/minmax.h>
#include <linux/preempt.h>
#include <linux/scatterlist.h>
#include <linux/types.h>
#include <scst/cmd.h>
#include <scst/handler.h>

struct file;

/* log2 of the largest logical block size, bytes */
#define SCST_VDISK_MAX_SHIFT	12

/**
 * struct scst_vdisk - the attributes of every emulated disk
 * @path:	the file or block device; NULL: not given. Written under the configuration lock and
 *		scst_vdisk_path_lock, read under either. cdrom: while the device is enabled, under
 *		scst_device_backend_lock() and scst_vdisk_path_lock.
 * @size:	capacity in bytes; 0: not given
 * @blocks:	capacity in logical blocks; 0: not given
 * @block_shift: log2 of the logical block size in bytes; blockio: 0: not given
 * @read_only:	the medium cannot be written
 * @rotational:	the disk is reported as spinning
 * @thin:	initiators may deallocate blocks, if the backend can
 *
 * The first member of a handler's device structure. It is changed under the configuration lock
 * while the device is disabled. At most one of @size and @blocks is given.
 */
struct scst_vdisk {
	char *path;
	u64 size;
	u64 blocks;
	u8 block_shift;
	bool read_only;
	bool rotational;
	bool thin;
};

/**
 * struct scst_vdisk_text - a part of the text that was written to an attribute
 * @start:	first character
 * @len:	characters
 */
struct scst_vdisk_text {
	const char *start;
	size_t len;
};

int scst_vdisk_create(struct scst_device *dev);
void scst_vdisk_destroy(struct scst_device *dev);
int scst_vdisk_check_path(struct scst_device *dev);
char *scst_vdisk_path_dup(struct scst_device *dev);
int scst_vdisk_parse_path(struct scst_device *dev, const char *page, struct scst_vdisk_text *text);
int scst_vdisk_apply_path(struct scst_device *dev, const struct scst_vdisk_text *text);
void scst_vdisk_swap_path(struct scst_device *dev, char **path);
void scst_vdisk_close_file(struct file *file);
void scst_vdisk_lost(struct scst_device *dev, scst_sense_t sense, int err);
int scst_vdisk_check_size(struct scst_device *dev, u64 size);
void scst_vdisk_fill_params(struct scst_device *dev, u64 nblocks,
			    struct scst_device_params *params);
bool scst_vdisk_wants_thin(struct scst_device *dev);
int scst_vdisk_parse_bool(struct scst_device *dev, const char *page, bool *value);
int scst_vdisk_parse_block_size(struct scst_device *dev, const char *page, u8 *shift);
int scst_vdisk_apply_block_size(struct scst_device *dev, const u8 *shift);

/* The shared attributes. A handler declares the ones that it has with CONFIGFS_ATTR(). */
#define SCST_VDISK_ATTR_DECLARE(_name)					\
ssize_t scst_vdisk_##_name##_show(struct config_item *item, char *page);\
ssize_t scst_vdisk_##_name##_store(struct config_item *item,		\
				   const char *page, size_t count)

SCST_VDISK_ATTR_DECLARE(path);
SCST_VDISK_ATTR_DECLARE(size);
SCST_VDISK_ATTR_DECLARE(blocks);
SCST_VDISK_ATTR_DECLARE(block_size);
SCST_VDISK_ATTR_DECLARE(read_only);
SCST_VDISK_ATTR_DECLARE(rotational);
SCST_VDISK_ATTR_DECLARE(thin);

/* The context of a call-back of the backend, which is not a thread */
static inline enum scst_context scst_vdisk_context(void)
{
	return in_hardirq() || irqs_disabled() ? SCST_CTX_HARDIRQ : SCST_CTX_ATOMIC;
}

/* Fills in the memory of a command's data, and returns the number of entries. */
static inline unsigned int scst_vdisk_map(const struct scst_cmd *cmd, struct bio_vec *bvec)
{
	struct scatterlist *sg;
	unsigned int nr = 0;
	u32 left = cmd->data_len;

	for (sg = cmd->sg; left; sg = sg_next(sg)) {
		u32 len = min(left, sg->length);

		bvec_set_page(&bvec[nr++], sg_page(sg), len, sg->offset);
		left -= len;
	}
	return nr;
}

/* vdisk_verify.c */

/* Bytes that are read from the medium at a time: a multiple of every block size */
#define SCST_VDISK_CHUNK	(16 * 1024)

/*
 * Reads @len bytes of the medium, which begin @offset bytes behind the command's first block.
 * Returns false if that failed: the command has its sense data then.
 */
typedef bool (*scst_vdisk_read_t)(struct scst_cmd *cmd, void *priv, u8 *buf, u64 offset, u32 len);

u64 scst_vdisk_verify_len(const struct scst_cmd *cmd);
void scst_vdisk_verify(struct scst_cmd *cmd, scst_vdisk_read_t read, void *priv);

/* vdisk_null.c */
int scst_nullio_register(void);
void scst_nullio_unregister(void);

/* vdisk_file.c */
int scst_fileio_register(void);
void scst_fileio_unregister(void);

/* vdisk_block.c */
int scst_blockio_register(void);
void scst_blockio_unregister(void);

/* vdisk_cdrom.c */
int scst_cdrom_register(void);
void scst_cdrom_unregister(void);

#endif /* _SCST_VDISK_H */
