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
#include <linux/irqflags.h>
#include <linux/pagemap.h>
#include <linux/preempt.h>
#include <linux/refcount.h>
#include <linux/scatterlist.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uio.h>
#include <linux/workqueue.h>

#include "vdisk_file.h"

/* Bytes that VERIFY reads at a time: a multiple of every block size */
#define SCST_FILEIO_CHUNK	(16 * 1024)

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

static struct scst_fileio_req *scst_fileio_req_alloc(struct scst_cmd *cmd,
						     unsigned int nr_bvec)
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

static void scst_fileio_map(struct scst_fileio_req *req)
{
	struct scst_cmd *cmd = req->cmd;
	u32 left = cmd->data_len;
	struct scatterlist *sg;

	for (sg = cmd->sg; left; sg = sg_next(sg)) {
		u32 len = min(left, sg->length);

		bvec_set_page(&req->bvec[req->nr_bvec++], sg_page(sg), len,
			      sg->offset);
		left -= len;
	}
	req->len = cmd->data_len;
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
	return !(offsets & (fio->dio_offset_align - 1)) &&
	       !(addresses & (fio->dio_mem_align - 1));
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
	if (block_size < req->fio->dio_offset_align ||
	    block_size < req->fio->dio_mem_align)
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
	scst_cmd_set_sense_info(cmd, sense,
				(req->pos + req->done) >> req->fio->disk.block_shift);
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
	struct scst_fileio_req *req =
		container_of(work, struct scst_fileio_req, work);
	unsigned int saved = scst_fileio_enter();

	scst_fileio_finish(req);
	scst_fileio_end(req, SCST_CTX_THREAD);
	scst_fileio_leave(saved);
}

static void scst_fileio_iocb_complete(struct kiocb *iocb, long ret)
{
	struct scst_fileio_req *req =
		container_of(iocb, struct scst_fileio_req, iocb);

	scst_fileio_step_done(req, ret);
	if (!refcount_dec_and_test(&req->holders))
		return;
	if (req->result != req->len)
		scst_device_queue_work(req->cmd->dev, &req->work);
	else
		scst_fileio_end(req, in_hardirq() || irqs_disabled() ?
				     SCST_CTX_HARDIRQ : SCST_CTX_ATOMIC);
}

static void scst_fileio_start(struct scst_fileio_req *req)
{
	long ret;

	refcount_set(&req->holders, 2);
	ret = scst_fileio_step(req, req->len, req->direct ?
					      scst_fileio_iocb_complete : NULL);
	if (ret != -EIOCBQUEUED)
		scst_fileio_step_done(req, ret);
	else if (!refcount_dec_and_test(&req->holders))
		return;
	scst_fileio_finish(req);
	scst_fileio_end(req, SCST_CTX_THREAD);
}

static void scst_fileio_lost(struct scst_device *dev, int err)
{
	scst_sense_t sense = scst_fileio_sense(err, SCST_SENSE_WRITES_LOST);

	if (sense != SCST_SENSE_SPACE_ALLOC_FAILED)
		sense = SCST_SENSE_WRITES_LOST;
	scst_device_set_error(dev, "cached writes were lost: %pe", ERR_PTR(err));
	scst_device_op_end(dev, "", err);
	scst_device_write_lost(dev, sense);
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
		scst_fileio_lost(dev, lost);
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
	if (cmd->io == SCST_IO_READ && cmd->fua &&
	    !scst_fileio_to_medium(cmd, cmd->data_len))
		return false;
	req = scst_fileio_req_alloc(cmd, cmd->sg_nents);
	if (!req) {
		scst_cmd_set_busy(cmd);
		return false;
	}
	scst_fileio_map(req);
	req->write = cmd->io == SCST_IO_WRITE;
	req->direct = req->fio->direct && scst_fileio_can_direct(req);
	INIT_WORK(&req->work, scst_fileio_work);
	scst_fileio_start(req);
	return true;
}

/* BYTCHK 11b: the Data-Out is one block, and every block has to be equal to it. */
static bool scst_fileio_compares_one(const struct scst_cmd *cmd)
{
	return (cmd->cdb[1] & 0x06) == 0x06 &&
	       cmd->data_len == cmd->block_size;
}

static u64 scst_fileio_verify_len(const struct scst_cmd *cmd)
{
	if (cmd->io == SCST_IO_COMPARE && !scst_fileio_compares_one(cmd))
		return cmd->data_len;
	return scst_fileio_bytes(cmd, cmd->nblocks);
}

static void scst_fileio_expect(struct scst_cmd *cmd, u8 *buf, u64 offset,
			       u32 len)
{
	u32 block_size = cmd->block_size;
	u32 i;

	if (!scst_fileio_compares_one(cmd)) {
		sg_pcopy_to_buffer(cmd->sg, cmd->sg_nents, buf, len, offset);
		return;
	}
	for (i = 0; i < len; i += block_size)
		sg_copy_to_buffer(cmd->sg, cmd->sg_nents, buf + i, block_size);
}

static bool scst_fileio_equal(struct scst_cmd *cmd, const u8 *medium,
			      const u8 *expected, u64 offset, u32 len)
{
	u32 i;

	for (i = 0; i < len; i++) {
		if (medium[i] == expected[i])
			continue;
		scst_cmd_set_sense_info(cmd, SCST_SENSE_MISCOMPARE_VERIFY,
					offset + i);
		return false;
	}
	return true;
}

/* Reads a part of the medium, and compares it for SCST_IO_COMPARE. */
static bool scst_fileio_verify_chunk(struct scst_fileio_req *req, u8 *buf,
				     u64 offset, u32 len)
{
	struct scst_cmd *cmd = req->cmd;
	u8 *expected = buf + SCST_FILEIO_CHUNK;

	bvec_set_page(&req->bvec[0], virt_to_page(buf), len,
		      offset_in_page(buf));
	req->nr_bvec = 1;
	req->pos = scst_fileio_pos(cmd) + offset;
	req->len = len;
	req->done = 0;
	req->by_block = false;
	req->direct = req->fio->direct && scst_fileio_can_direct(req);
	scst_fileio_step_sync(req);
	if (!scst_fileio_finish(req))
		return false;
	if (cmd->io != SCST_IO_COMPARE)
		return true;
	scst_fileio_expect(cmd, expected, offset, len);
	return scst_fileio_equal(cmd, buf, expected, offset, len);
}

static void scst_fileio_verify_all(struct scst_fileio_req *req, u8 *buf)
{
	struct scst_cmd *cmd = req->cmd;
	u64 len = scst_fileio_verify_len(cmd);
	u64 offset;
	u32 part;

	if (!len || !scst_fileio_to_medium(cmd, len))
		return;
	for (offset = 0; offset < len; offset += part) {
		part = min_t(u64, len - offset, SCST_FILEIO_CHUNK);
		if (scst_cmd_aborted(cmd) ||
		    !scst_fileio_verify_chunk(req, buf, offset, part))
			return;
		cond_resched();
	}
}

static void scst_fileio_verify(struct scst_cmd *cmd)
{
	struct scst_fileio_req *req = scst_fileio_req_alloc(cmd, 1);
	u8 *buf = kmalloc(2 * SCST_FILEIO_CHUNK, GFP_NOIO | __GFP_NOWARN);

	if (req && buf)
		scst_fileio_verify_all(req, buf);
	else
		scst_cmd_set_busy(cmd);
	kfree(buf);
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

const struct scst_block_ops scst_fileio_block_ops = {
	.read		= scst_fileio_do_transfer,
	.write		= scst_fileio_do_transfer,
	.verify		= scst_fileio_do_verify,
	.compare	= scst_fileio_do_verify,
	.sync		= scst_fileio_do_sync,
};
