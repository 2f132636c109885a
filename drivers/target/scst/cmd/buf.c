// SPDX-License-Identifier: GPL-2.0
/*
 * Data buffers: allocation under a cap, and copying into and out of them.
 *
 * A buffer that the driver brings is not counted. The core's own buffers are counted, for the
 * machine and for each device. A command whose buffer would exceed a cap ends with TASK SET FULL
 * or BUSY, and the initiator retries it.
 */
#include <linux/export.h>
#include <linux/math64.h>
#include <linux/mm.h>
#include <linux/moduleparam.h>
#include <linux/percpu_counter.h>
#include <linux/scatterlist.h>
#include <linux/smp.h>

#include "cmd/cmd.h"

/*
 * Limits of the error of a counter, in bytes. A CPU keeps at most SCST_BUF_BATCH_MAX to itself,
 * and all CPUs together at most 1/SCST_BUF_STRAY of the cap. A cap is compared with the sum that
 * is known without the other CPUs, so the cap has the same error. A cap below SCST_BUF_SMALL is
 * exact: if a part of a small cap were lost, the rest might be too little for one command.
 */
#define SCST_BUF_BATCH_MAX	SZ_1M
#define SCST_BUF_STRAY		16
#define SCST_BUF_SMALL		SZ_64M

/*
 * Page order of the pieces of large buffers, where the allocator has such pieces. Fewer pieces
 * are faster to allocate, to send and to map. The page allocator keeps lists of this order on
 * each CPU.
 */
#define SCST_BUF_ORDER	PAGE_ALLOC_COSTLY_ORDER

static unsigned long scst_max_buffer_mb;
module_param_named(max_buffer_mb, scst_max_buffer_mb, ulong, 0444);
MODULE_PARM_DESC(max_buffer_mb,
		 "Limit on memory for data buffers, in MiB (default: a quarter of RAM)");

static struct scst_buf_cap scst_buf_all;

static u32 scst_buf_batch(u64 limit)
{
	if (limit < SCST_BUF_SMALL)
		return 0;
	return min_t(u64, div_u64(limit, SCST_BUF_STRAY * num_possible_cpus()), SCST_BUF_BATCH_MAX);
}

/**
 * scst_buf_cap_init() - initialize a cap with no memory in use
 * @cap:   the cap
 * @limit: bytes
 *
 * Context: process context.
 * Return: 0 or -ENOMEM.
 */
int scst_buf_cap_init(struct scst_buf_cap *cap, u64 limit)
{
	cap->limit = limit;
	cap->batch = scst_buf_batch(limit);
	return percpu_counter_init(&cap->bytes, 0, GFP_KERNEL);
}

void scst_buf_cap_exit(struct scst_buf_cap *cap)
{
	percpu_counter_destroy(&cap->bytes);
}

static void scst_buf_flush(void *counter)
{
	percpu_counter_add_batch(counter, 0, 0);
}

/**
 * scst_buf_cap_set() - change a cap
 * @cap:   the cap
 * @limit: bytes
 *
 * Flushes the counts that CPUs keep to themselves, which may be too much for a smaller cap.
 *
 * Context: process context.
 */
void scst_buf_cap_set(struct scst_buf_cap *cap, u64 limit)
{
	WRITE_ONCE(cap->batch, scst_buf_batch(limit));
	WRITE_ONCE(cap->limit, limit);
	on_each_cpu(scst_buf_flush, &cap->bytes, 1);
}

int scst_buf_init(void)
{
	if (!scst_max_buffer_mb)
		scst_max_buffer_mb = (totalram_pages() / 4) >> (20 - PAGE_SHIFT);
	return scst_buf_cap_init(&scst_buf_all, (u64)scst_max_buffer_mb << 20);
}

void scst_buf_exit(void)
{
	scst_buf_cap_exit(&scst_buf_all);
}

static void scst_buf_add(struct scst_buf_cap *cap, s64 len)
{
	percpu_counter_add_batch(&cap->bytes, len, READ_ONCE(cap->batch));
}

static bool scst_buf_charge(struct scst_buf_cap *cap, u64 limit, u64 len)
{
	scst_buf_add(cap, len);
	if (percpu_counter_read(&cap->bytes) <= (s64)limit)
		return true;
	scst_buf_add(cap, -(s64)len);
	return false;
}

static void scst_buf_uncharge(struct scst_cmd *cmd, u64 len)
{
	scst_buf_add(&scst_buf_all, -(s64)len);
	if (cmd->dev)
		scst_buf_add(&cmd->dev->buf, -(s64)len);
}

static bool scst_buf_charge_all(struct scst_cmd *cmd, u64 len)
{
	if (!scst_buf_charge(&scst_buf_all, scst_buf_all.limit, len))
		return false;
	if (!cmd->dev || scst_buf_charge(&cmd->dev->buf, READ_ONCE(cmd->dev->buf.limit), len))
		return true;
	scst_buf_add(&scst_buf_all, -(s64)len);
	return false;
}

/**
 * scst_buf_largest() - the largest buffer that fits the caps of a device
 * @dev: the device
 *
 * Context: any.
 * Return: bytes.
 */
u64 scst_buf_largest(const struct scst_device *dev)
{
	u64 limit = min(scst_buf_all.limit, READ_ONCE(dev->buf.limit));

	if (limit >= SCST_BUF_SMALL)
		limit -= limit / SCST_BUF_STRAY;
	return round_down(limit, PAGE_SIZE);
}

static bool scst_buf_alloc_order(struct scst_cmd *cmd, unsigned int order, gfp_t gfp)
{
	cmd->sg_order = order;
	cmd->sg = sgl_alloc_order(cmd->data_len, order, false,
				  gfp | __GFP_NOWARN | __GFP_NORETRY, &cmd->sg_nents);
	return cmd->sg;
}

/*
 * A device may report more bytes than it has transferred. Zeroed memory keeps earlier contents
 * from initiators.
 */
static gfp_t scst_buf_zero(const struct scst_cmd *cmd)
{
	return cmd->io == SCST_IO_COMMAND && cmd->dir == SCST_DIR_IN ? __GFP_ZERO : 0;
}

/* Large pieces only for multiples of their size: the unused rest of a piece is not counted. */
static bool scst_buf_alloc_pages(struct scst_cmd *cmd, gfp_t gfp)
{
	gfp_t zero = scst_buf_zero(cmd);

	if (IS_ALIGNED(cmd->data_len, PAGE_SIZE << SCST_BUF_ORDER) &&
	    scst_buf_alloc_order(cmd, SCST_BUF_ORDER, GFP_NOWAIT | __GFP_COMP | zero))
		return true;
	return scst_buf_alloc_order(cmd, 0, gfp | zero);
}

/* A handler's memory is not counted here: only the handler knows its limits. */
static bool scst_buf_alloc_handler(struct scst_cmd *cmd, gfp_t gfp)
{
	if (cmd->dev->handler->alloc_data(cmd, gfp)) {
		cmd->buffer = SCST_BUFFER_HANDLER;
		return true;
	}
	scst_cmd_set_busy(cmd);
	return false;
}

static bool scst_buf_alloc_core(struct scst_cmd *cmd, gfp_t gfp)
{
	u64 len = PAGE_ALIGN((u64)cmd->data_len);

	if (!scst_buf_charge_all(cmd, len))
		return false;
	if (!scst_buf_alloc_pages(cmd, gfp)) {
		scst_buf_uncharge(cmd, len);
		return false;
	}
	cmd->buf_pages = len >> PAGE_SHIFT;
	cmd->buffer = SCST_BUFFER_CORE;
	return true;
}

/**
 * scst_buf_alloc() - allocate the data buffer of a command
 * @cmd: a command with data and no buffer
 * @ctx: the caller's context
 *
 * Context: as @ctx says.
 * Return: false if there is no memory. If the handler allocates the buffer, the command's status
 * is set then.
 */
bool scst_buf_alloc(struct scst_cmd *cmd, enum scst_context ctx)
{
	gfp_t gfp = ctx == SCST_CTX_THREAD ? GFP_KERNEL : GFP_ATOMIC;

	if (cmd->io != SCST_IO_NONE && cmd->dev->handler->alloc_data)
		return scst_buf_alloc_handler(cmd, gfp);
	return scst_buf_alloc_core(cmd, gfp);
}

/**
 * scst_buf_free() - free the data buffer of a command, unless the driver owns it
 * @cmd: the command
 *
 * Context: thread or atomic.
 */
void scst_buf_free(struct scst_cmd *cmd)
{
	switch (cmd->buffer) {
	case SCST_BUFFER_CORE:
		scst_buf_uncharge(cmd, (u64)cmd->buf_pages << PAGE_SHIFT);
		sgl_free_order(cmd->sg, cmd->sg_order);
		break;
	case SCST_BUFFER_HANDLER:
		cmd->dev->handler->free_data(cmd);
		break;
	}
}

/**
 * scst_buf_reserve() - count memory in which a driver stages Data-Out
 * @len:  bytes
 * @held: bytes that the session has staged, @len included
 *
 * For Data-Out that arrives before the core asks for it. Staged data may use half of the
 * machine's cap; the other half remains for commands that are being executed. A session gets no
 * more of that half than it leaves free.
 *
 * Context: thread or atomic.
 * Return: false if there is no room.
 */
bool scst_buf_reserve(u32 len, u64 held)
{
	return scst_buf_charge(&scst_buf_all, scst_buf_all.limit / 2 - held, PAGE_ALIGN((u64)len));
}
EXPORT_SYMBOL_GPL(scst_buf_reserve);

/**
 * scst_buf_unreserve() - undo scst_buf_reserve()
 * @len: bytes, as reserved
 *
 * Context: thread or atomic.
 */
void scst_buf_unreserve(u32 len)
{
	scst_buf_add(&scst_buf_all, -(s64)PAGE_ALIGN((u64)len));
}
EXPORT_SYMBOL_GPL(scst_buf_unreserve);

/* A command that is alone under a cap passes, however small the cap is. */
static bool scst_buf_has_left(struct scst_buf_cap *cap, u64 bytes, u64 own)
{
	s64 used = percpu_counter_read(&cap->bytes);

	return used + (s64)bytes <= (s64)READ_ONCE(cap->limit) || used <= (s64)own;
}

/**
 * scst_buf_leaves_enough() - check that a session leaves enough memory to others
 * @cmd:  a command of the session, with its buffer
 * @held: bytes that the session's commands, @cmd included, hold until the initiator acts
 *
 * A session may hold no more than the free part of the machine's cap and of the device's cap. So
 * the next session finds free memory, however many sessions there are.
 *
 * Context: thread or atomic.
 * Return: false if the caller has to end @cmd with BUSY.
 */
bool scst_buf_leaves_enough(const struct scst_cmd *cmd, u64 held)
{
	u64 own = PAGE_ALIGN((u64)cmd->data_len);

	return scst_buf_has_left(&scst_buf_all, held, own) &&
	       (!cmd->dev || scst_buf_has_left(&cmd->dev->buf, held, own));
}
EXPORT_SYMBOL_GPL(scst_buf_leaves_enough);

/**
 * scst_data_in() - write a part of a Data-In parameter list
 * @cmd:    the command
 * @offset: offset of the part in the list, bytes
 * @buf:    the part
 * @len:    its length in bytes
 *
 * Data that does not fit is dropped, SPC-6 4.2.5.6.
 *
 * Context: thread or atomic.
 */
void scst_data_in(struct scst_cmd *cmd, u32 offset, const void *buf, u32 len)
{
	if (offset >= cmd->data_len)
		return;
	sg_pcopy_from_buffer(cmd->sg, cmd->sg_nents, buf, min(len, cmd->data_len - offset), offset);
}

/**
 * scst_data_in_end() - complete a Data-In parameter list
 * @cmd:   the command
 * @total: length of the whole list in bytes
 *
 * Context: thread or atomic.
 */
void scst_data_in_end(struct scst_cmd *cmd, u32 total)
{
	cmd->cdb_data_len = min(cmd->cdb_data_len, total);
	cmd->data_len = min(cmd->data_len, cmd->cdb_data_len);
}

/**
 * scst_data_in_whole() - write a Data-In parameter list that is in one piece
 * @cmd: the command
 * @buf: the list
 * @len: its length in bytes
 *
 * Context: thread or atomic.
 */
void scst_data_in_whole(struct scst_cmd *cmd, const void *buf, u32 len)
{
	scst_data_in(cmd, 0, buf, len);
	scst_data_in_end(cmd, len);
}

/**
 * scst_data_out() - read a part of a Data-Out parameter list
 * @cmd:    the command
 * @offset: offset of the part in the list, bytes
 * @buf:    destination
 * @len:    length of the part, bytes
 *
 * Context: thread or atomic.
 * Return: bytes copied, less than @len at the end of the list.
 */
u32 scst_data_out(struct scst_cmd *cmd, u32 offset, void *buf, u32 len)
{
	if (offset >= cmd->data_len)
		return 0;
	return sg_pcopy_to_buffer(cmd->sg, cmd->sg_nents, buf,
				  min(len, cmd->data_len - offset), offset);
}
