// SPDX-License-Identifier: GPL-2.0
/*
 * blockio: commands.
 *
 * A command becomes a request in the context that it arrives in, if block device and context allow
 * that: see scst_blockio_try(). Otherwise a worker submits bios for it. In both cases the memory is
 * the command's own, and nobody waits: the block layer calls back. If a transfer fails, a worker
 * repeats it in small parts, to find the first block that cannot be read or written.
 */
#include <linux/atomic.h>
#include <linux/bio.h>
#include <linux/blk-integrity.h>
#include <linux/blk-mq.h>
#include <linux/blkdev.h>
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/irqflags.h>
#include <linux/log2.h>
#include <linux/minmax.h>
#include <linux/scatterlist.h>
#include <linux/sched.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <linux/workqueue.h>
#include <scst/compat.h>

#include "vdisk_block.h"

/* Bios that are kept for when there is no memory */
#define SCST_BLOCKIO_POOL	4

/* Time for the removal of a disk to be seen after its first error, ms */
#define SCST_BLOCKIO_DEATH_MS	100

/*
 * Initiators wait for writes as for reads. The two flags together are those of direct I/O, which
 * write-back throttling leaves alone: it would put the submitter to sleep.
 */
#define SCST_BLOCKIO_FLAGS	(REQ_SYNC | REQ_IDLE)

/**
 * struct scst_blockio_part - a bio of a command, and in the first one the transfer
 * @first:	the transfer
 * @cmd:	the command
 * @work:	transfer: does what a call-back must not do
 * @left:	transfer: the bios that are in flight, and the submitter
 * @len:	transfer: its length, bytes
 * @submitted:	transfer: bytes for which there was a bio
 * @status:	transfer: the last error
 * @bio:	the bio
 */
struct scst_blockio_part {
	struct scst_blockio_part *first;
	struct scst_cmd *cmd;
	struct work_struct work;
	atomic_t left;
	u32 len;
	u32 submitted;
	blk_status_t status;
	struct bio bio;
};

/**
 * scst_blockio_init_bios() - allocate the bios of a device
 * @blk: the device
 *
 * Without a cache per CPU: bio_alloc_percpu_cache() must be called where sleeping is allowed, and
 * before Linux 6.2 it serves polled bios only.
 *
 * Context: process.
 * Return: 0 or -ENOMEM.
 */
int scst_blockio_init_bios(struct scst_blockio *blk)
{
	return bioset_init(&blk->bios, SCST_BLOCKIO_POOL, offsetof(struct scst_blockio_part, bio),
			   BIOSET_NEED_BVECS);
}

/**
 * scst_blockio_takes_requests() - whether a block device takes requests where sleeping is forbidden
 * @bdev: the block device
 *
 * It has to be the queue of a driver that is called with requests and says that it does not sleep.
 * That is the place of a stacking driver, which hands requests on from its own queue's call-back.
 * What submit_bio() does besides is not done for such a request, so devices that need it are
 * excluded: integrity data, for which memory would be allocated, and zones, whose writes are put in
 * order.
 *
 * Context: process.
 * Return: whether scst_blockio_try() may be used.
 */
bool scst_blockio_takes_requests(struct block_device *bdev)
{
	struct request_queue *q = bdev_get_queue(bdev);

	return queue_is_mq(q) && !(q->tag_set->flags & BLK_MQ_F_BLOCKING) &&
	       !blk_get_integrity(bdev->bd_disk) && !bdev_is_zoned(bdev);
}

/**
 * scst_blockio_is_dead() - whether the disk of a block device was removed
 * @bdev: the block device
 *
 * Context: any.
 * Return: true if nothing can be read or written any more.
 */
bool scst_blockio_is_dead(struct block_device *bdev)
{
	return test_bit(GD_DEAD, &bdev->bd_disk->state);
}

static struct scst_blockio *scst_blockio_of(const struct scst_cmd *cmd)
{
	return scst_device_priv(cmd->dev);
}

static loff_t scst_blockio_pos(const struct scst_cmd *cmd)
{
	return cmd->lba << scst_blockio_of(cmd)->shift;
}

static bool scst_blockio_writes(const struct scst_cmd *cmd)
{
	return cmd->io == SCST_IO_WRITE;
}

static bool scst_blockio_durable(const struct scst_cmd *cmd)
{
	return cmd->io == SCST_IO_SYNC || (scst_blockio_writes(cmd) && cmd->fua);
}

/* Without a volatile cache of the block device every write is durable. */
static blk_opf_t scst_blockio_opf(const struct scst_cmd *cmd)
{
	if (!scst_blockio_writes(cmd))
		return REQ_OP_READ | SCST_BLOCKIO_FLAGS;
	if (cmd->fua && bdev_write_cache(scst_blockio_of(cmd)->bdev))
		return REQ_OP_WRITE | REQ_FUA | SCST_BLOCKIO_FLAGS;
	return REQ_OP_WRITE | SCST_BLOCKIO_FLAGS;
}

/*
 * Returns the sense code for an error of the block layer; @medium for errors of the medium.
 * SCST_SENSE_NONE: the initiator retries the command. SCST_SENSE_NEEDS_INTERVENTION: the block
 * device is gone.
 */
static scst_sense_t scst_blockio_sense(blk_status_t status, scst_sense_t medium)
{
	switch (status) {
	case BLK_STS_RESOURCE:
	case BLK_STS_DEV_RESOURCE:
	case BLK_STS_AGAIN:
		return SCST_SENSE_NONE;
	case BLK_STS_NOSPC:
		return SCST_SENSE_SPACE_ALLOC_FAILED;
	case BLK_STS_TIMEOUT:
	case BLK_STS_TRANSPORT:
		return SCST_SENSE_INTERNAL_ABORT;
	case BLK_STS_NOTSUPP:
	case BLK_STS_TARGET:
	case BLK_STS_RESV_CONFLICT:
		return SCST_SENSE_INTERNAL_FAILURE;
	case BLK_STS_OFFLINE:
		return SCST_SENSE_NEEDS_INTERVENTION;
	default:
		return medium;
	}
}

/*
 * A disk that is being removed fails requests some time before it is marked dead. Initiators give
 * blocks up for a medium error, so the mark is waited for.
 */
static bool scst_blockio_dies(struct block_device *bdev, blk_status_t status)
{
	unsigned int ms;

	for (ms = 0; status != BLK_STS_MEDIUM && ms < SCST_BLOCKIO_DEATH_MS; ms += 20) {
		if (scst_blockio_is_dead(bdev))
			return true;
		msleep(20);
	}
	return scst_blockio_is_dead(bdev);
}

static scst_sense_t scst_blockio_medium(const struct scst_cmd *cmd)
{
	switch (cmd->io) {
	case SCST_IO_WRITE:
	case SCST_IO_UNMAP:
	case SCST_IO_ZERO:
	case SCST_IO_ZERO_UNMAP:
		return SCST_SENSE_WRITE_ERROR;
	default:
		return SCST_SENSE_READ_ERROR;
	}
}

/* An error that has no block, or the error of one block. Context: a worker. */
static void scst_blockio_set_error(struct scst_cmd *cmd, blk_status_t status, u64 lba)
{
	scst_sense_t medium = scst_blockio_medium(cmd);
	scst_sense_t sense = scst_blockio_sense(status, medium);

	if (sense == medium && scst_blockio_dies(scst_blockio_of(cmd)->bdev, status))
		sense = SCST_SENSE_NEEDS_INTERVENTION;
	if (sense == SCST_SENSE_NONE)
		scst_cmd_set_busy(cmd);
	else if (sense == medium)
		scst_cmd_set_sense_info(cmd, sense, lba);
	else
		scst_cmd_set_sense(cmd, sense);
	if (sense == SCST_SENSE_NEEDS_INTERVENTION)
		scst_blockio_gone(cmd->dev);
}

/* --- transfers of the block layer */

/* The command has no bio any more. */
static void scst_blockio_done(struct scst_cmd *cmd, enum scst_context ctx)
{
	if (scst_blockio_durable(cmd))
		scst_cmd_tell_lost(cmd);
	scst_cmd_complete(cmd, ctx);
}

static void scst_blockio_work(struct work_struct *work);

/* No bio is in flight any more. */
static void scst_blockio_over(struct scst_blockio_part *first)
{
	enum scst_context ctx = scst_vdisk_context();
	struct scst_cmd *cmd = first->cmd;

	if (likely(!first->status && first->submitted == first->len &&
		   !(ctx == SCST_CTX_HARDIRQ && scst_blockio_durable(cmd)))) {
		bio_put(&first->bio);
		scst_blockio_done(cmd, ctx);
		return;
	}
	INIT_WORK(&first->work, scst_blockio_work);
	scst_device_queue_work(cmd->dev, &first->work);
}

static void scst_blockio_end_io(struct bio *bio)
{
	struct scst_blockio_part *part = container_of(bio, struct scst_blockio_part, bio);
	struct scst_blockio_part *first = part->first;

	if (unlikely(bio->bi_status))
		WRITE_ONCE(first->status, bio->bi_status);
	if (part != first)
		bio_put(bio);
	if (atomic_dec_and_test(&first->left))
		scst_blockio_over(first);
}

static struct scst_blockio_part *scst_blockio_alloc(struct scst_cmd *cmd, unsigned int nr_vecs,
						    blk_opf_t opf, gfp_t gfp)
{
	struct scst_blockio *blk = scst_blockio_of(cmd);
	struct scst_blockio_part *part;
	struct bio *bio;

	bio = bio_alloc_bioset(blk->bdev, nr_vecs, opf, gfp, &blk->bios);
	if (unlikely(!bio))
		return NULL;
	bio->bi_end_io = scst_blockio_end_io;
	part = container_of(bio, struct scst_blockio_part, bio);
	part->first = part;
	part->cmd = cmd;
	return part;
}

static void scst_blockio_begin(struct scst_blockio_part *first, u32 len)
{
	atomic_set(&first->left, 1);
	first->len = len;
	first->submitted = 0;
	first->status = BLK_STS_OK;
}

/* Fills a bio with the command's memory from @offset on. Returns the number of bytes. */
static u32 scst_blockio_fill(struct scst_blockio_part *part, u32 offset)
{
	struct scst_cmd *cmd = part->cmd;
	struct bio *bio = &part->bio;
	u32 left = cmd->data_len - offset;
	struct scatterlist *sg = cmd->sg;
	u32 skip = offset;

	for (; skip && skip >= sg->length; sg = sg_next(sg))
		skip -= sg->length;
	bio->bi_iter.bi_sector = (scst_blockio_pos(cmd) + offset) >> SECTOR_SHIFT;
	for (; left && bio->bi_vcnt < bio->bi_max_vecs; sg = sg_next(sg)) {
		u32 len = min(left, sg->length - skip);

		__bio_add_page(bio, sg_page(sg), len, sg->offset + skip);
		left -= len;
		skip = 0;
	}
	return bio->bi_iter.bi_size;
}

/* --- in the caller's context */

/*
 * Whether a request needs no division. A page is the smallest part that any limit allows, so it is
 * enough to count pages. Holes between the pages are left to submit_bio().
 */
static bool scst_blockio_is_simple(const struct request_queue *q, const struct scst_cmd *cmd)
{
	unsigned int align = q->limits.dma_alignment | (q->limits.logical_block_size - 1);
	u32 left = cmd->data_len;
	unsigned int pages = 0;
	struct scatterlist *sg;

	for (sg = cmd->sg; left; sg = sg_next(sg)) {
		u32 len = min(left, sg->length);

		left -= len;
		if ((sg->offset | len) & align)
			return false;
		if ((pages && offset_in_page(sg->offset)) ||
		    (left && offset_in_page(sg->offset + len)))
			return false;
		pages += DIV_ROUND_UP(offset_in_page(sg->offset) + len, PAGE_SIZE);
	}
	return pages <= queue_max_segments(q) && queue_max_segment_size(q) >= PAGE_SIZE;
}

/* Whether a request is neither too long nor crosses the boundary of a chunk, or the end. */
static bool scst_blockio_fits(struct block_device *bdev, sector_t sector, u32 sectors)
{
	const struct request_queue *q = bdev_get_queue(bdev);
	u32 chunk = q->limits.chunk_sectors;

	if (sectors > queue_max_sectors(q) || sector + sectors > bdev_nr_sectors(bdev))
		return false;
	if (!chunk)
		return true;
	sector += get_start_sect(bdev);
	return is_power_of_2(chunk) && (sector & (chunk - 1)) + sectors <= chunk;
}

/* Whether the command needs nothing but one request. */
static bool scst_blockio_can_try(const struct scst_blockio *blk, const struct scst_cmd *cmd)
{
	const struct request_queue *q = bdev_get_queue(blk->bdev);

	if (!blk->in_place || in_interrupt() || irqs_disabled() || READ_ONCE(q->elevator))
		return false;
	if (cmd->fua && bdev_write_cache(blk->bdev) &&
	    !(scst_blockio_writes(cmd) && bdev_fua(blk->bdev)))
		return false;
	return scst_blockio_fits(blk->bdev, scst_blockio_pos(cmd) >> SECTOR_SHIFT,
				 cmd->data_len >> SECTOR_SHIFT) &&
	       cmd->sg_nents <= BIO_MAX_VECS && scst_blockio_is_simple(q, cmd);
}

/* Returns whether the driver has taken the bio. */
static bool scst_blockio_issue(struct bio *bio)
{
	struct request *rq;

	rq = blk_mq_alloc_request(bdev_get_queue(bio->bi_bdev), bio->bi_opf, BLK_MQ_REQ_NOWAIT);
	if (IS_ERR(rq))
		return false;
	if (!blk_rq_append_bio(rq, bio)) {
		rq->__sector = bio->bi_iter.bi_sector;
		if (!blk_insert_cloned_request(rq))
			return true;
	}
	rq->bio = NULL;
	blk_mq_free_request(rq);
	return false;
}

/*
 * Executes a command where it arrives, without a thread, if that is possible. Returns false if it
 * is not: then nothing has happened.
 *
 * submit_bio() may sleep, and says so (might_sleep()) even with REQ_NOWAIT. Drivers mostly call
 * from a context that must not: scst_local from the call-back of its own queue, under RCU. In a
 * kernel with voluntary preemption that annotation is a scheduling point, which would end the RCU
 * read-side section. Stacking drivers are in the same place, and have blk_insert_cloned_request().
 * With a request that was allocated without waiting, nothing sleeps on the way to a driver that
 * does not: there are no call-backs of cgroups or of write-back throttling on it, no memory is
 * allocated but the bio, and nothing is put on a list of the current task.
 *
 * It does what blk_mq_submit_bio() does for a queue without a scheduler. With one, a worker
 * submits the bio, so that it goes through the scheduler: the block layer would change to a thread
 * anyway.
 *
 * In softirq there is no such way. The locks of block layer and drivers on the way of a request
 * are taken without turning softirqs off (ctx->lock, hctx->lock, drivers' as nvmeq->sq_lock), and
 * blk_mq_run_hw_queue() warns. So commands that arrive in softirq, as those of iSCSI do, are for
 * the worker.
 */
static bool scst_blockio_try(struct scst_cmd *cmd)
{
	struct scst_blockio *blk = scst_blockio_of(cmd);
	struct scst_blockio_part *first;

	if (!scst_blockio_can_try(blk, cmd))
		return false;
	first = scst_blockio_alloc(cmd, cmd->sg_nents, scst_blockio_opf(cmd),
				   GFP_NOWAIT | __GFP_NOWARN);
	if (unlikely(!first))
		return false;
	scst_blockio_begin(first, cmd->data_len);
	first->submitted = scst_blockio_fill(first, 0);
	first->bio.bi_iter.bi_sector += get_start_sect(blk->bdev);
	bio_set_flag(&first->bio, BIO_REMAPPED);
	if (likely(scst_blockio_issue(&first->bio)))
		return true;
	bio_put(&first->bio);
	return false;
}

/* --- in a worker */

/*
 * Submits the rest of a transfer, as far as there is memory for bios. The first bio is allocated
 * from the pool, and used again; the others are not, because a transfer that waits for a bio while
 * it holds one may wait forever. What they lack is submitted after the first ones have ended.
 */
static void scst_blockio_submit(struct scst_blockio_part *first)
{
	struct scst_cmd *cmd = first->cmd;
	struct scst_blockio_part *part = first;

	do {
		first->submitted += scst_blockio_fill(part, first->submitted);
		atomic_inc(&first->left);
		submit_bio(&part->bio);
		if (first->submitted == first->len)
			break;
		part = scst_blockio_alloc(cmd, BIO_MAX_VECS, scst_blockio_opf(cmd),
					  GFP_NOWAIT | __GFP_NOWARN);
		if (part)
			part->first = first;
	} while (part);
	if (atomic_dec_and_test(&first->left))
		scst_blockio_over(first);
}

static void scst_blockio_submit_more(struct scst_blockio_part *first)
{
	struct scst_cmd *cmd = first->cmd;

	bio_reset(&first->bio, scst_blockio_of(cmd)->bdev, scst_blockio_opf(cmd));
	first->bio.bi_end_io = scst_blockio_end_io;
	atomic_set(&first->left, 1);
	scst_blockio_submit(first);
}

/* Transfers between @buf and the medium, and waits. */
static blk_status_t scst_blockio_rw(struct scst_blockio *blk, blk_opf_t opf, void *buf, loff_t pos,
				    u32 len)
{
	blk_status_t status;
	struct bio *bio;

	bio = bio_alloc_bioset(blk->bdev, 1, opf, GFP_NOIO, &blk->bios);
	bio->bi_iter.bi_sector = pos >> SECTOR_SHIFT;
	__bio_add_page(bio, virt_to_page(buf), len, offset_in_page(buf));
	submit_bio_wait(bio);
	status = bio->bi_status;
	bio_put(bio);
	return status;
}

/*
 * Transfers a part of a command through @buf. @len is a number of blocks, and may be more than the
 * command has memory for: an initiator may want a part of a block only.
 */
static blk_status_t scst_blockio_copy(struct scst_cmd *cmd, void *buf, u32 offset, u32 len)
{
	u32 room = min(len, cmd->data_len - offset);
	bool write = scst_blockio_writes(cmd);
	blk_status_t status;

	if (write)
		sg_pcopy_to_buffer(cmd->sg, cmd->sg_nents, buf, room, offset);
	status = scst_blockio_rw(scst_blockio_of(cmd), scst_blockio_opf(cmd), buf,
				 scst_blockio_pos(cmd) + offset, len);
	if (!write && !status)
		sg_pcopy_from_buffer(cmd->sg, cmd->sg_nents, buf, room, offset);
	return status;
}

/* Reads a part of the medium. */
static blk_status_t scst_blockio_read_medium(struct scst_cmd *cmd, void *buf, u32 offset, u32 len)
{
	return scst_blockio_rw(scst_blockio_of(cmd), REQ_OP_READ | SCST_BLOCKIO_FLAGS, buf,
			       scst_blockio_pos(cmd) + offset, len);
}

/* A function that transfers a part of a command */
typedef blk_status_t (*scst_blockio_step_t)(struct scst_cmd *cmd, void *buf, u32 offset, u32 len);

/*
 * Does a part of a command, and block by block if it fails. Returns false if a block failed: the
 * command has its sense data then, and the blocks before have been done.
 */
static bool scst_blockio_step(struct scst_cmd *cmd, scst_blockio_step_t step, void *buf,
			      u64 offset, u32 len)
{
	scst_sense_t medium = scst_blockio_medium(cmd);
	u8 shift = scst_blockio_of(cmd)->shift;
	blk_status_t status = step(cmd, buf, offset, len);
	u64 end = offset + len;

	if (!status)
		return true;
	if (scst_blockio_sense(status, medium) != medium) {
		scst_blockio_set_error(cmd, status, 0);
		return false;
	}
	for (; offset < end && !scst_cmd_aborted(cmd); offset += 1U << shift) {
		status = step(cmd, buf, offset, 1U << shift);
		if (status) {
			scst_blockio_set_error(cmd, status, cmd->lba + (offset >> shift));
			return false;
		}
	}
	return offset >= end;
}

/* Does all of a command in small parts, through memory of its own. */
static void scst_blockio_by_steps(struct scst_cmd *cmd)
{
	void *buf = kmalloc(SCST_VDISK_CHUNK, GFP_NOIO | __GFP_NOWARN);
	u32 offset, len;

	if (!buf) {
		scst_cmd_set_busy(cmd);
		return;
	}
	for (offset = 0; offset < cmd->data_len && !scst_cmd_aborted(cmd); offset += len) {
		len = min_t(u32, cmd->data_len - offset, SCST_VDISK_CHUNK);
		len = round_up(len, cmd->block_size);
		if (!scst_blockio_step(cmd, scst_blockio_copy, buf, offset, len))
			break;
		cond_resched();
	}
	kfree(buf);
}

/* Cached writes of earlier commands may be lost, and no other command will find out. */
static void scst_blockio_sync_failed(struct scst_cmd *cmd, blk_status_t status)
{
	scst_sense_t sense = scst_blockio_sense(status, SCST_SENSE_WRITES_LOST);

	if (sense == SCST_SENSE_WRITES_LOST &&
	    scst_blockio_dies(scst_blockio_of(cmd)->bdev, status))
		sense = SCST_SENSE_NEEDS_INTERVENTION;
	if (sense == SCST_SENSE_NEEDS_INTERVENTION)
		scst_blockio_gone(cmd->dev);
	if (sense == SCST_SENSE_WRITES_LOST || sense == SCST_SENSE_NEEDS_INTERVENTION ||
	    sense == SCST_SENSE_SPACE_ALLOC_FAILED) {
		scst_vdisk_lost(cmd->dev, sense, blk_status_to_errno(status));
		scst_cmd_tell_lost(cmd);
	}
	if (cmd->status != SAM_STAT_GOOD)
		return;
	if (sense == SCST_SENSE_NONE)
		scst_cmd_set_busy(cmd);
	else
		scst_cmd_set_sense(cmd, sense);
}

/* Ends a transfer that failed. */
static void scst_blockio_failed(struct scst_cmd *cmd, blk_status_t status)
{
	if (cmd->io == SCST_IO_SYNC)
		scst_blockio_sync_failed(cmd, status);
	else if (scst_blockio_sense(status, scst_blockio_medium(cmd)) != scst_blockio_medium(cmd))
		scst_blockio_set_error(cmd, status, 0);
	else if (!scst_cmd_aborted(cmd))
		scst_blockio_by_steps(cmd);
}

static void scst_blockio_work(struct work_struct *work)
{
	struct scst_blockio_part *first = container_of(work, struct scst_blockio_part, work);
	unsigned int noio = memalloc_noio_save();
	blk_status_t status = first->status;
	struct scst_cmd *cmd = first->cmd;

	if (!status && first->submitted != first->len) {
		scst_blockio_submit_more(first);
	} else {
		bio_put(&first->bio);
		if (status)
			scst_blockio_failed(cmd, status);
		scst_blockio_done(cmd, SCST_CTX_THREAD);
	}
	memalloc_noio_restore(noio);
}

/*
 * Whether the block device can use the command's memory. Each entry has to be a number of blocks,
 * so that a bio ends at a block's end wherever it is full.
 */
static bool scst_blockio_is_aligned(const struct scst_cmd *cmd)
{
	struct block_device *bdev = scst_blockio_of(cmd)->bdev;
	u32 blocks = bdev_logical_block_size(bdev) - 1;
	u32 left = cmd->data_len;
	struct scatterlist *sg;

	for (sg = cmd->sg; left; sg = sg_next(sg)) {
		u32 len = min(left, sg->length);

		if (sg->offset & bdev_dma_alignment(bdev) || len & blocks)
			return false;
		left -= len;
	}
	return true;
}

/* A read with FUA gets what a power failure would leave. */
static bool scst_blockio_flush_before(struct scst_cmd *cmd)
{
	struct block_device *bdev = scst_blockio_of(cmd)->bdev;
	int ret = 0;

	if (cmd->fua && !scst_blockio_writes(cmd) && bdev_write_cache(bdev) &&
	    !bdev_read_only(bdev))
		ret = blkdev_issue_flush(bdev);
	if (!ret)
		return true;
	scst_blockio_set_error(cmd, errno_to_blk_status(ret), cmd->lba);
	return false;
}

static void scst_blockio_transfer_in_worker(struct scst_cmd *cmd)
{
	struct scst_blockio_part *first;

	if (!scst_blockio_flush_before(cmd)) {
		scst_cmd_complete(cmd, SCST_CTX_THREAD);
		return;
	}
	if (!scst_blockio_is_aligned(cmd)) {
		scst_blockio_by_steps(cmd);
		scst_blockio_done(cmd, SCST_CTX_THREAD);
		return;
	}
	first = scst_blockio_alloc(cmd, bio_max_segs(cmd->sg_nents), scst_blockio_opf(cmd),
				   GFP_NOIO);
	scst_blockio_begin(first, cmd->data_len);
	scst_blockio_submit(first);
}

static void scst_blockio_sync_in_worker(struct scst_cmd *cmd)
{
	struct scst_blockio_part *first;

	first = scst_blockio_alloc(cmd, 0, REQ_OP_WRITE | REQ_PREFLUSH | SCST_BLOCKIO_FLAGS,
				   GFP_NOIO);
	scst_blockio_begin(first, 0);
	submit_bio(&first->bio);
}

static bool scst_blockio_verify_part(struct scst_cmd *cmd, void *priv, u8 *buf, u64 offset, u32 len)
{
	return scst_blockio_step(cmd, scst_blockio_read_medium, buf, offset, len);
}

static void scst_blockio_verify_in_worker(struct scst_cmd *cmd)
{
	scst_vdisk_verify(cmd, scst_blockio_verify_part, NULL);
	scst_cmd_complete(cmd, SCST_CTX_THREAD);
}

/* The end of an operation that has no data. Its first block stands for all. */
static void scst_blockio_range_done(struct scst_cmd *cmd, int ret)
{
	if (ret)
		scst_blockio_set_error(cmd, errno_to_blk_status(ret), cmd->lba);
	scst_cmd_complete(cmd, SCST_CTX_THREAD);
}

/* A block device that does not discard after all keeps the data, which is no error. */
static void scst_blockio_unmap_in_worker(struct scst_cmd *cmd)
{
	const struct scst_blockio *blk = scst_blockio_of(cmd);
	int ret;

	ret = blkdev_issue_discard(blk->bdev, scst_blockio_pos(cmd) >> SECTOR_SHIFT,
				   cmd->nblocks << (blk->shift - SECTOR_SHIFT), GFP_NOIO);
	scst_blockio_range_done(cmd, ret == -EOPNOTSUPP ? 0 : ret);
}

/* The block layer writes zeroes if the block device has no other way. */
static void scst_blockio_zero_in_worker(struct scst_cmd *cmd)
{
	const struct scst_blockio *blk = scst_blockio_of(cmd);
	unsigned int flags = cmd->io == SCST_IO_ZERO_UNMAP ? 0 : BLKDEV_ZERO_NOUNMAP;
	int ret;

	ret = blkdev_issue_zeroout(blk->bdev, scst_blockio_pos(cmd) >> SECTOR_SHIFT,
				   cmd->nblocks << (blk->shift - SECTOR_SHIFT), GFP_NOIO, flags);
	scst_blockio_range_done(cmd, ret);
}

/* --- the functions of scst_block_ops. Context: thread or atomic. */

/*
 * Calls @execute in a worker. The core calls the same operation again there. Until then
 * cmd->handler_priv is the command itself. It must be NULL again afterwards: a command may have
 * several operations, and the next one may be called where this one ends.
 */
static void scst_blockio_in_worker(struct scst_cmd *cmd, void (*execute)(struct scst_cmd *cmd))
{
	unsigned int noio;

	if (!cmd->handler_priv) {
		cmd->handler_priv = cmd;
		scst_cmd_defer(cmd);
		return;
	}
	cmd->handler_priv = NULL;
	noio = memalloc_noio_save();
	execute(cmd);
	memalloc_noio_restore(noio);
}

static void scst_blockio_transfer(struct scst_cmd *cmd)
{
	if (unlikely(!cmd->data_len))
		scst_cmd_complete(cmd, SCST_CTX_ATOMIC);
	else if (cmd->handler_priv || !scst_blockio_try(cmd))
		scst_blockio_in_worker(cmd, scst_blockio_transfer_in_worker);
}

static void scst_blockio_verify(struct scst_cmd *cmd)
{
	scst_blockio_in_worker(cmd, scst_blockio_verify_in_worker);
}

static void scst_blockio_sync(struct scst_cmd *cmd)
{
	if (bdev_write_cache(scst_blockio_of(cmd)->bdev)) {
		scst_blockio_in_worker(cmd, scst_blockio_sync_in_worker);
		return;
	}
	scst_blockio_done(cmd, SCST_CTX_ATOMIC);
}

static void scst_blockio_unmap(struct scst_cmd *cmd)
{
	scst_blockio_in_worker(cmd, scst_blockio_unmap_in_worker);
}

static void scst_blockio_zero(struct scst_cmd *cmd)
{
	scst_blockio_in_worker(cmd, scst_blockio_zero_in_worker);
}

const struct scst_block_ops scst_blockio_block_ops = {
	.read		= scst_blockio_transfer,
	.write		= scst_blockio_transfer,
	.verify		= scst_blockio_verify,
	.compare	= scst_blockio_verify,
	.sync		= scst_blockio_sync,
	.unmap		= scst_blockio_unmap,
	.write_zeroes	= scst_blockio_zero,
};
