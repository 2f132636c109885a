// SPDX-License-Identifier: GPL-2.0
/*
 * fileio: commands.
 *
 * A command becomes one or more transfers between memory and the file. Direct I/O is asynchronous:
 * the worker that starts a transfer does not wait, and the file system calls back at the end. If a
 * transfer is short or fails, a worker does the rest. After an error the rest is done block by
 * block, to find the block that cannot be read or written.
 */
#include <linux/bvec.h>
#include <linux/err.h>
#include <linux/errseq.h>
#include <linux/fadvise.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/refcount.h>
#include <linux/scatterlist.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/stat.h>
#include <linux/statfs.h>
#include <linux/string.h>
#include <linux/uio.h>
#include <linux/workqueue.h>
#include <scsi/scsi_proto.h>

#include "vdisk_file.h"

/* The mode of fallocate() after which a part of a file reads as zeroes and has its space */
#define SCST_FILEIO_ZERO	(FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE)

/* log2 of the bytes that stat() counts the space of a file in */
#define SCST_STAT_SHIFT		9

/* Pages of zeroes that are written at a time */
#define SCST_FILEIO_ZERO_PAGES	256

/**
 * struct scst_fileio_req - a transfer between memory and the file
 * @iocb:	the request to the file system
 * @fio:	the device
 * @cmd:	the command
 * @work:	does the rest of the transfer
 * @holders:	reference count: the submitter and, if the transfer is asynchronous, the call-back.
 *		The file system uses @iocb and the file until it has returned to the submitter.
 * @result:	result of the last step: bytes or an errno
 * @pos:	position of the transfer in the file, bytes
 * @len:	length of the transfer, bytes
 * @done:	bytes transferred
 * @by_block:	do the rest block by block
 * @write:	memory to file
 * @direct:	bypass the page cache
 * @since:	sample of the write-back errors before the last step
 * @nr_bvec:	entries of @bvec
 * @bvec:	the memory
 */
struct scst_fileio_req {
	struct kiocb iocb;
	struct scst_fileio *fio;
	struct scst_cmd *cmd;
	struct work_struct work;
	refcount_t holders;
	long result;
	loff_t pos;
	u32 len;
	u32 done;
	bool write;
	bool direct;
	bool by_block;
	errseq_t since;
	unsigned int nr_bvec;
	struct bio_vec bvec[];
};

static u64 scst_fileio_bytes(const struct scst_cmd *cmd, u64 blocks)
{
	return blocks * cmd->block_size;
}

static loff_t scst_fileio_pos(const struct scst_cmd *cmd)
{
	return scst_fileio_bytes(cmd, cmd->lba);
}

/*
 * An initiator on this machine may write back pages to free memory, and the command that does so
 * is executed here. So allocations must not wait for I/O, and dirty pages of other devices must
 * not throttle the command.
 */
#define SCST_FILEIO_PF	(PF_MEMALLOC_NOIO | PF_LOCAL_THROTTLE)

static unsigned int scst_fileio_enter(void)
{
	unsigned int saved = current->flags;

	current->flags |= SCST_FILEIO_PF;
	return saved;
}

static void scst_fileio_leave(unsigned int saved)
{
	current_restore_flags(saved, SCST_FILEIO_PF);
}

/*
 * Returns the sense code for an errno; @medium for errors of the medium. SCST_SENSE_NONE: the
 * initiator retries the command. SCST_SENSE_NEEDS_INTERVENTION: the file system's device was
 * removed.
 */
static scst_sense_t scst_fileio_sense(long err, scst_sense_t medium)
{
	switch (err) {
	case -ENOMEM:
	case -EAGAIN:
		return SCST_SENSE_NONE;
	case -ENOSPC:
	case -EDQUOT:
	case -EFBIG:
		return SCST_SENSE_SPACE_ALLOC_FAILED;
	case -EROFS:
		return SCST_SENSE_WRITE_PROTECTED;
	case -ENODEV:
	case -ENXIO:
	case -ENOTCONN:
	case -ESHUTDOWN:
	case -ESTALE:
		return SCST_SENSE_NEEDS_INTERVENTION;
	default:
		return medium;
	}
}

static void scst_fileio_set_error(struct scst_cmd *cmd, scst_sense_t sense)
{
	if (sense == SCST_SENSE_NONE) {
		scst_cmd_set_busy(cmd);
		return;
	}
	if (sense == SCST_SENSE_NEEDS_INTERVENTION)
		scst_device_lost(cmd->dev);
	scst_cmd_set_sense(cmd, sense);
}

static struct scst_fileio_req *scst_fileio_req_alloc(struct scst_cmd *cmd, unsigned int nr_bvec)
{
	struct scst_fileio_req *req;

	req = kmalloc(struct_size(req, bvec, nr_bvec), GFP_NOIO | __GFP_NOWARN);
	if (!req)
		return NULL;
	req->fio = scst_device_priv(cmd->dev);
	req->cmd = cmd;
	req->pos = scst_fileio_pos(cmd);
	req->done = 0;
	req->write = false;
	req->direct = false;
	req->by_block = false;
	req->nr_bvec = 0;
	return req;
}

/*
 * A transfer without the alignment that direct I/O needs goes through the page cache, with which
 * direct I/O is coherent.
 */
static bool scst_fileio_can_direct(const struct scst_fileio_req *req)
{
	const struct scst_fileio *fio = req->fio;
	u64 offsets = req->pos | req->len;
	u32 addresses = 0;
	unsigned int i;

	for (i = 0; i < req->nr_bvec; i++) {
		offsets |= req->bvec[i].bv_len;
		addresses |= req->bvec[i].bv_offset;
	}
	return !(offsets & (fio->dio_offset_align - 1)) && !(addresses & (fio->dio_mem_align - 1));
}

static bool scst_fileio_durable(const struct scst_fileio_req *req)
{
	return req->write && (req->cmd->fua || req->fio->write_through);
}

static ssize_t scst_fileio_step(struct scst_fileio_req *req, u32 len,
				void (*complete)(struct kiocb *iocb, long ret))
{
	struct file *file = req->fio->file;
	struct kiocb *iocb = &req->iocb;
	struct iov_iter iter;

	iov_iter_bvec(&iter, req->write ? ITER_SOURCE : ITER_DEST, req->bvec,
		      req->nr_bvec, req->len);
	iov_iter_advance(&iter, req->done);
	iov_iter_truncate(&iter, len);
	init_sync_kiocb(iocb, file);
	iocb->ki_pos = req->pos + req->done;
	iocb->ki_complete = complete;
	if (!req->direct)
		iocb->ki_flags &= ~IOCB_DIRECT;
	if (!req->write)
		return file->f_op->read_iter(iocb, &iter);
	iocb->ki_flags |= IOCB_WRITE;
	if (scst_fileio_durable(req))
		iocb->ki_flags |= IOCB_DSYNC;
	req->since = filemap_sample_wb_err(req->fio->mapping);
	kiocb_start_write(iocb);
	return file->f_op->write_iter(iocb, &iter);
}

/*
 * A write that was in flight when the file was truncated extends it again. The writes of commands
 * cause no notification, so the size is checked here. See also scst_fileio_capacity().
 */
static void scst_fileio_check_size(const struct scst_fileio_req *req, long ret)
{
	if (unlikely(req->pos + req->done + ret > READ_ONCE(req->fio->size)))
		scst_device_resized(req->cmd->dev);
}

/*
 * Ends a step, in any context. If several callers make the file durable at the same time, only one
 * of them gets a write-back error. So each step checks for write-back errors itself.
 */
static void scst_fileio_step_done(struct scst_fileio_req *req, long ret)
{
	int err = 0;

	if (req->write) {
		kiocb_end_write(&req->iocb);
		scst_fileio_check_size(req, ret);
	}
	if (scst_fileio_durable(req))
		err = filemap_check_wb_err(req->fio->mapping, req->since);
	req->result = err && ret > 0 ? err : ret;
}

static void scst_fileio_step_sync(struct scst_fileio_req *req)
{
	u32 block_size = req->cmd->block_size;
	u32 len = req->len - req->done;

	if (req->by_block)
		len = min(len, block_size - (req->done & (block_size - 1)));
	scst_fileio_step_done(req, scst_fileio_step(req, len, NULL));
}

/*
 * After an error the rest is done block by block, to find the failing block. A file system may not
 * report how far a transfer came.
 */
static void scst_fileio_divide(struct scst_fileio_req *req)
{
	u32 block_size = req->cmd->block_size;

	req->by_block = true;
	if (block_size < req->fio->dio_offset_align || block_size < req->fio->dio_mem_align)
		req->direct = false;
}

/* Evaluates the last step. Returns whether there is more to do. */
static bool scst_fileio_go_on(struct scst_fileio_req *req)
{
	scst_sense_t medium = req->write ? SCST_SENSE_WRITE_ERROR :
					   SCST_SENSE_READ_ERROR;
	struct scst_cmd *cmd = req->cmd;
	long ret = req->result;
	scst_sense_t sense;

	if (ret > 0) {
		req->done += ret;
		return req->done < req->len;
	}
	sense = scst_fileio_sense(ret, medium);
	if (sense != medium) {
		scst_fileio_set_error(cmd, sense);
		return false;
	}
	if (ret && !req->by_block && !scst_cmd_aborted(cmd)) {
		scst_fileio_divide(req);
		return true;
	}
	/* Also if the file ends before the disk does. */
	scst_cmd_set_sense_info(cmd, sense, (req->pos + req->done) >> req->fio->disk.block_shift);
	return false;
}

/* Does the rest of a transfer, in process context. Returns whether all of it was done. */
static bool scst_fileio_finish(struct scst_fileio_req *req)
{
	while (scst_fileio_go_on(req)) {
		scst_fileio_step_sync(req);
		cond_resched();
	}
	return req->done == req->len;
}

static void scst_fileio_end(struct scst_fileio_req *req, enum scst_context ctx)
{
	struct scst_cmd *cmd = req->cmd;

	if (scst_fileio_durable(req))
		scst_cmd_tell_lost(cmd);
	kfree(req);
	scst_cmd_complete(cmd, ctx);
}

static void scst_fileio_work(struct work_struct *work)
{
	struct scst_fileio_req *req = container_of(work, struct scst_fileio_req, work);
	unsigned int saved = scst_fileio_enter();

	scst_fileio_finish(req);
	scst_fileio_end(req, SCST_CTX_THREAD);
	scst_fileio_leave(saved);
}

static void scst_fileio_iocb_complete(struct kiocb *iocb, long ret)
{
	struct scst_fileio_req *req = container_of(iocb, struct scst_fileio_req, iocb);

	scst_fileio_step_done(req, ret);
	if (!refcount_dec_and_test(&req->holders))
		return;
	if (req->result != req->len)
		scst_device_queue_work(req->cmd->dev, &req->work);
	else
		scst_fileio_end(req, scst_vdisk_context());
}

static void scst_fileio_start(struct scst_fileio_req *req)
{
	long ret;

	refcount_set(&req->holders, 2);
	ret = scst_fileio_step(req, req->len, req->direct ? scst_fileio_iocb_complete : NULL);
	if (ret != -EIOCBQUEUED)
		scst_fileio_step_done(req, ret);
	else if (!refcount_dec_and_test(&req->holders))
		return;
	scst_fileio_finish(req);
	scst_fileio_end(req, SCST_CTX_THREAD);
}

/*
 * If several callers make the file durable at the same time, only one of them gets a write-back
 * error. sync_lock counts the error once, and before a later caller checks: a command that waited
 * for the same pages finds the error counted. Other errors of the file system also count, unless
 * a retry is enough.
 */
static void scst_fileio_count_lost(struct scst_device *dev, errseq_t since, int ret)
{
	struct scst_fileio *fio = scst_device_priv(dev);
	int lost;

	spin_lock(&fio->sync_lock);
	lost = errseq_check_and_advance(&fio->mapping->wb_err, &fio->synced);
	if (!lost && !filemap_check_wb_err(fio->mapping, since) &&
	    scst_fileio_sense(ret, SCST_SENSE_WRITES_LOST) != SCST_SENSE_NONE)
		lost = ret;
	if (lost)
		scst_vdisk_lost(dev, scst_fileio_sense(lost, SCST_SENSE_WRITES_LOST), lost);
	spin_unlock(&fio->sync_lock);
}

/* Writes a part of the page cache to the medium. */
static int scst_fileio_fsync(struct scst_device *dev, loff_t start, loff_t end)
{
	struct scst_fileio *fio = scst_device_priv(dev);
	errseq_t since = filemap_sample_wb_err(fio->mapping);
	int ret;

	ret = vfs_fsync_range(fio->file, start, end, 1);
	scst_fileio_count_lost(dev, since, ret);
	return ret ?: filemap_check_wb_err(fio->mapping, since);
}

static int scst_fileio_uncache(struct scst_device *dev, loff_t pos, u64 len)
{
	struct scst_fileio *fio = scst_device_priv(dev);
	int ret;

	ret = scst_fileio_fsync(dev, pos, pos + len - 1);
	if (!ret)
		vfs_fadvise(fio->file, pos, len, POSIX_FADV_DONTNEED);
	return ret;
}

/*
 * Writes cached data to the medium and drops it, so that the next read comes from the medium.
 * Returns false if writing failed.
 */
static bool scst_fileio_to_medium(struct scst_cmd *cmd, u64 len)
{
	int ret = scst_fileio_uncache(cmd->dev, scst_fileio_pos(cmd), len);

	if (!ret)
		return true;
	scst_fileio_set_error(cmd, scst_fileio_sense(ret, SCST_SENSE_WRITE_ERROR));
	return false;
}

/* Returns false if the caller has to complete the command. */
static bool scst_fileio_transfer(struct scst_cmd *cmd)
{
	struct scst_fileio_req *req;

	if (!cmd->data_len)
		return false;
	if (cmd->io == SCST_IO_READ && cmd->fua && !scst_fileio_to_medium(cmd, cmd->data_len))
		return false;
	req = scst_fileio_req_alloc(cmd, cmd->sg_nents);
	if (!req) {
		scst_cmd_set_busy(cmd);
		return false;
	}
	req->nr_bvec = scst_vdisk_map(cmd, req->bvec);
	req->len = cmd->data_len;
	req->write = cmd->io == SCST_IO_WRITE;
	req->direct = req->fio->direct && scst_fileio_can_direct(req);
	INIT_WORK(&req->work, scst_fileio_work);
	scst_fileio_start(req);
	return true;
}

static bool scst_fileio_read_medium(struct scst_cmd *cmd, void *priv, u8 *buf, u64 offset, u32 len)
{
	struct scst_fileio_req *req = priv;

	bvec_set_page(&req->bvec[0], virt_to_page(buf), len, offset_in_page(buf));
	req->nr_bvec = 1;
	req->pos = scst_fileio_pos(cmd) + offset;
	req->len = len;
	req->done = 0;
	req->by_block = false;
	req->direct = req->fio->direct && scst_fileio_can_direct(req);
	scst_fileio_step_sync(req);
	return scst_fileio_finish(req);
}

/* COMPARE AND WRITE compares what a read returns, which may be in the cache only. */
static bool scst_fileio_looks_at_medium(const struct scst_cmd *cmd)
{
	return cmd->cdb[0] != COMPARE_AND_WRITE;
}

static void scst_fileio_verify(struct scst_cmd *cmd)
{
	struct scst_fileio_req *req = scst_fileio_req_alloc(cmd, 1);
	u64 len = scst_vdisk_verify_len(cmd);

	if (!req)
		scst_cmd_set_busy(cmd);
	else if (len && (!scst_fileio_looks_at_medium(cmd) || scst_fileio_to_medium(cmd, len)))
		scst_vdisk_verify(cmd, scst_fileio_read_medium, req);
	kfree(req);
}

/*
 * scst_cmd_tell_lost() has already set the status for an error that counts as a loss. Without a
 * status a retry is enough.
 */
static void scst_fileio_sync_failed(struct scst_cmd *cmd, int err)
{
	scst_sense_t sense = scst_fileio_sense(err, SCST_SENSE_WRITES_LOST);

	if (cmd->status == SAM_STAT_GOOD)
		scst_fileio_set_error(cmd, sense);
	else if (sense == SCST_SENSE_NEEDS_INTERVENTION)
		scst_device_lost(cmd->dev);
}

static void scst_fileio_sync(struct scst_cmd *cmd)
{
	loff_t start = scst_fileio_pos(cmd);
	loff_t end = LLONG_MAX;
	int ret;

	if (cmd->nblocks)
		end = start + scst_fileio_bytes(cmd, cmd->nblocks) - 1;
	ret = scst_fileio_fsync(cmd->dev, start, end);
	scst_cmd_tell_lost(cmd);
	if (ret)
		scst_fileio_sync_failed(cmd, ret);
}

/* An error of an operation that has no data, at its first block */
static void scst_fileio_range_failed(struct scst_cmd *cmd, int err)
{
	scst_sense_t sense = scst_fileio_sense(err, SCST_SENSE_WRITE_ERROR);

	if (sense == SCST_SENSE_WRITE_ERROR)
		scst_cmd_set_sense_info(cmd, sense, cmd->lba);
	else
		scst_fileio_set_error(cmd, sense);
}

/*
 * The file system writes zeroes to blocks of which it deallocates only a part. If it cannot
 * deallocate this part of the file, the blocks keep their data.
 */
static void scst_fileio_unmap(struct scst_cmd *cmd)
{
	struct scst_fileio *fio = scst_device_priv(cmd->dev);
	int ret;

	ret = vfs_fallocate(fio->file, SCST_FILEIO_PUNCH, scst_fileio_pos(cmd),
			    scst_fileio_bytes(cmd, cmd->nblocks));
	if (ret && ret != -EOPNOTSUPP)
		scst_fileio_range_failed(cmd, ret);
}

/*
 * For file systems that cannot make a part of a file read as zeroes. The core asks for no more at a
 * time than can be written before an abort takes effect.
 */
static void scst_fileio_write_zeroes(struct scst_cmd *cmd)
{
	struct scst_fileio_req *req = scst_fileio_req_alloc(cmd, SCST_FILEIO_ZERO_PAGES);
	u64 left = scst_fileio_bytes(cmd, cmd->nblocks);

	if (!req) {
		scst_cmd_set_busy(cmd);
		return;
	}
	while (req->nr_bvec < SCST_FILEIO_ZERO_PAGES)
		bvec_set_page(&req->bvec[req->nr_bvec++], ZERO_PAGE(0), PAGE_SIZE, 0);
	req->write = true;
	do {
		req->len = min_t(u64, left, SCST_FILEIO_ZERO_PAGES * PAGE_SIZE);
		req->done = 0;
		req->direct = req->fio->direct && scst_fileio_can_direct(req);
		scst_fileio_step_sync(req);
		if (!scst_fileio_finish(req))
			break;
		req->pos += req->len;
		left -= req->len;
	} while (left && !scst_cmd_aborted(cmd));
	kfree(req);
}

static void scst_fileio_zero(struct scst_cmd *cmd)
{
	struct scst_fileio *fio = scst_device_priv(cmd->dev);
	int mode = SCST_FILEIO_ZERO;
	int ret;

	if (cmd->io == SCST_IO_ZERO_UNMAP)
		mode = SCST_FILEIO_PUNCH;
	ret = vfs_fallocate(fio->file, mode, scst_fileio_pos(cmd),
			    scst_fileio_bytes(cmd, cmd->nblocks));
	if (ret == -EOPNOTSUPP)
		scst_fileio_write_zeroes(cmd);
	else if (ret)
		scst_fileio_range_failed(cmd, ret);
}

/* The file system reads as much in advance as it would for a process. Errors show up in reads. */
static void scst_fileio_read_ahead(struct scst_cmd *cmd)
{
	struct scst_fileio *fio = scst_device_priv(cmd->dev);

	if (!fio->direct)
		vfs_fadvise(fio->file, scst_fileio_pos(cmd), scst_fileio_bytes(cmd, cmd->nblocks),
			    POSIX_FADV_WILLNEED);
}

/*
 * What lseek() finds. A block is deallocated if it is a hole as a whole. An error means that it is
 * not known.
 */
static u64 scst_fileio_run(const struct scst_fileio *fio, loff_t pos, bool *mapped)
{
	u8 shift = fio->disk.block_shift;
	loff_t data = vfs_llseek(fio->file, pos, SEEK_DATA);
	loff_t hole;

	*mapped = false;
	if (data == -ENXIO)
		return U64_MAX;
	if (data >= 0 && data - pos >= 1 << shift)
		return (data - pos) >> shift;
	*mapped = true;
	hole = data < 0 ? data : vfs_llseek(fio->file, data, SEEK_HOLE);
	return hole < 0 ? U64_MAX : DIV_ROUND_UP_ULL(hole - pos, 1ULL << shift);
}

/* The functions of scst_block_ops. Context: process. */

static void scst_fileio_do_transfer(struct scst_cmd *cmd)
{
	unsigned int saved = scst_fileio_enter();

	if (!scst_fileio_transfer(cmd))
		scst_cmd_complete(cmd, SCST_CTX_THREAD);
	scst_fileio_leave(saved);
}

/* For operations that are done when @execute returns */
static void scst_fileio_do(struct scst_cmd *cmd, void (*execute)(struct scst_cmd *cmd))
{
	unsigned int saved = scst_fileio_enter();

	execute(cmd);
	scst_cmd_complete(cmd, SCST_CTX_THREAD);
	scst_fileio_leave(saved);
}

static void scst_fileio_do_verify(struct scst_cmd *cmd)
{
	scst_fileio_do(cmd, scst_fileio_verify);
}

static void scst_fileio_do_sync(struct scst_cmd *cmd)
{
	scst_fileio_do(cmd, scst_fileio_sync);
}

static void scst_fileio_do_unmap(struct scst_cmd *cmd)
{
	scst_fileio_do(cmd, scst_fileio_unmap);
}

static void scst_fileio_do_zero(struct scst_cmd *cmd)
{
	scst_fileio_do(cmd, scst_fileio_zero);
}

static void scst_fileio_do_read_ahead(struct scst_cmd *cmd)
{
	scst_fileio_do(cmd, scst_fileio_read_ahead);
}

static u64 scst_fileio_lba_status(struct scst_cmd *cmd, u64 lba, bool *mapped)
{
	unsigned int saved = scst_fileio_enter();
	u64 nblocks;

	nblocks = scst_fileio_run(scst_device_priv(cmd->dev), scst_fileio_bytes(cmd, lba), mapped);
	scst_fileio_leave(saved);
	return nblocks;
}

static bool scst_fileio_stat(const struct path *path, u64 *used, u64 *available)
{
	struct kstatfs fs;
	struct kstat stat;

	if (vfs_statfs(path, &fs) ||
	    vfs_getattr(path, &stat, STATX_BLOCKS, AT_STATX_SYNC_AS_STAT))
		return false;
	*used = stat.blocks << SCST_STAT_SHIFT;
	*available = fs.f_bavail * fs.f_frsize;
	return true;
}

static bool scst_fileio_space(struct scst_device *dev, u64 *used, u64 *available)
{
	const struct scst_fileio *fio = scst_device_priv(dev);
	unsigned int saved = scst_fileio_enter();
	bool known;

	known = scst_fileio_stat(&fio->file->f_path, used, available);
	scst_fileio_leave(saved);
	return known;
}

const struct scst_block_ops scst_fileio_block_ops = {
	.try_read	= scst_fileio_try_read,
	.read		= scst_fileio_do_transfer,
	.write		= scst_fileio_do_transfer,
	.verify		= scst_fileio_do_verify,
	.compare	= scst_fileio_do_verify,
	.sync		= scst_fileio_do_sync,
	.unmap		= scst_fileio_do_unmap,
	.write_zeroes	= scst_fileio_do_zero,
	.read_ahead	= scst_fileio_do_read_ahead,
	.lba_status	= scst_fileio_lba_status,
	.space		= scst_fileio_space,
};
