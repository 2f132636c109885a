// SPDX-License-Identifier: GPL-2.0
/*
 * Steps: commands that need more than one operation of the handler. See steps.h.
 */
#include <linux/gfp.h>
#include <linux/minmax.h>
#include <linux/slab.h>

#include "cmd/cmd.h"
#include "lu/steps.h"

/**
 * scst_steps_alloc() - give a command room for its steps
 * @cmd:   the command, whose data is there
 * @size:  bytes of the structure that begins with struct scst_steps; the rest is zeroed
 * @nents: entries of a scatterlist that a step may need for data other than the command's
 * @next:  struct scst_steps.next
 *
 * Context: thread or atomic.
 * Return: the structure; or NULL, and the command's status is BUSY.
 */
void *scst_steps_alloc(struct scst_cmd *cmd, size_t size, unsigned int nents,
		       bool (*next)(struct scst_cmd *cmd, struct scst_steps *steps))
{
	size_t head = ALIGN(size, __alignof__(struct scatterlist));
	struct scst_steps *steps;

	steps = kzalloc(head + nents * sizeof(struct scatterlist), GFP_ATOMIC | __GFP_NOWARN);
	if (!steps) {
		scst_cmd_set_busy(cmd);
		return NULL;
	}
	steps->next = next;
	steps->lba = cmd->lba;
	steps->nblocks = cmd->nblocks;
	steps->sg = cmd->sg;
	steps->sg_nents = cmd->sg_nents;
	steps->data_len = cmd->data_len;
	steps->nents = nents;
	steps->part = (void *)steps + head;
	if (nents)
		sg_init_table(steps->part, nents);
	cmd->steps = steps;
	cmd->io_next = SCST_IO_STEP;
	return steps;
}

static void scst_step_changes(struct scst_steps *steps, u64 lba, u64 nblocks)
{
	steps->from = steps->to ? min(steps->from, lba) : lba;
	steps->to = max(steps->to, lba + nblocks);
}

/**
 * scst_step() - choose the next operation
 * @cmd:     the command
 * @io:      the operation
 * @lba:     its first block
 * @nblocks: its blocks, not zero
 *
 * Context: struct scst_steps.next.
 */
void scst_step(struct scst_cmd *cmd, enum scst_io io, u64 lba, u64 nblocks)
{
	cmd->io = io;
	cmd->lba = lba;
	cmd->nblocks = nblocks;
	if (io != SCST_IO_READ && io != SCST_IO_VERIFY && io != SCST_IO_COMPARE)
		scst_step_changes(cmd->steps, lba, nblocks);
}

/**
 * scst_step_data() - give the next operation a part of the command's own data
 * @cmd:    the command, with room for as many entries as its data has
 * @offset: offset of the part, bytes
 * @len:    its length, bytes, not zero
 *
 * Handlers use the data from its beginning. So the part gets a scatterlist of its own.
 *
 * Context: struct scst_steps.next.
 */
void scst_step_data(struct scst_cmd *cmd, u32 offset, u32 len)
{
	struct scst_steps *steps = cmd->steps;
	struct scatterlist *from = steps->sg;
	struct scatterlist *to = steps->part;
	u32 left = len;

	sg_init_table(to, steps->nents);
	for (; offset >= from->length; from = sg_next(from))
		offset -= from->length;
	for (cmd->sg_nents = 0; left; from = sg_next(from), to++) {
		u32 piece = min(left, from->length - offset);

		sg_set_page(to, sg_page(from), piece, from->offset + offset);
		cmd->sg_nents++;
		left -= piece;
		offset = 0;
	}
	sg_mark_end(to - 1);
	cmd->sg = steps->part;
	cmd->data_len = len;
}

/**
 * scst_steps_data_out() - read a part of the command's own Data-Out
 * @cmd:    a command that has it completely
 * @offset: offset of the part, bytes
 * @buf:    destination
 * @len:    length of the part, bytes
 *
 * Context: struct scst_steps.next.
 */
void scst_steps_data_out(const struct scst_cmd *cmd, u32 offset, void *buf, u32 len)
{
	const struct scst_steps *steps = cmd->steps;

	sg_pcopy_to_buffer(steps->sg, steps->sg_nents, buf, len, offset);
}

/**
 * scst_steps_pattern() - allocate memory for data that is not the command's own
 * @cmd: a command after scst_steps_alloc(), before scst_steps_start()
 * @len: bytes
 *
 * Context: thread or atomic.
 * Return: the memory, zeroed, which begins at a page; or NULL, and the command's status is BUSY.
 */
void *scst_steps_pattern(struct scst_cmd *cmd, size_t len)
{
	struct scst_steps *steps = cmd->steps;

	steps->memory = alloc_pages_exact(len, GFP_ATOMIC | __GFP_NOWARN | __GFP_ZERO);
	steps->memory_len = len;
	if (!steps->memory)
		scst_cmd_set_busy(cmd);
	return steps->memory;
}

/**
 * scst_step_repeat() - give the next operation the memory of scst_steps_pattern(), maybe repeated
 * @cmd:   the command
 * @piece: bytes of the memory that are repeated
 * @len:   length of the data in bytes, at most @piece times the entries that the steps have
 *
 * Context: struct scst_steps.next.
 */
void scst_step_repeat(struct scst_cmd *cmd, u32 piece, u32 len)
{
	struct scst_steps *steps = cmd->steps;
	unsigned int i;

	cmd->sg = steps->part;
	cmd->sg_nents = DIV_ROUND_UP(len, piece);
	cmd->data_len = len;
	sg_init_table(steps->part, cmd->sg_nents);
	for (i = 0; i < cmd->sg_nents; i++) {
		sg_set_page(&steps->part[i], virt_to_page(steps->memory), min(piece, len), 0);
		len -= min(piece, len);
	}
}

/*
 * What the steps have changed is made durable if there is no write cache. Then initiators do not
 * send SYNCHRONIZE CACHE.
 */
static bool scst_steps_sync(struct scst_cmd *cmd)
{
	struct scst_steps *steps = cmd->steps;

	if (cmd->status != SAM_STAT_GOOD || steps->synced || !steps->to || cmd->fua)
		return false;
	/* Pairs with scst_mode_changed(): one of the two sees the other. */
	smp_mb();
	if (READ_ONCE(cmd->dev->mode.wce))
		return false;
	steps->synced = true;
	scst_step(cmd, SCST_IO_SYNC, steps->from, steps->to - steps->from);
	return true;
}

/* Returns whether there is another step. Afterwards the command has only its own data, if not. */
static bool scst_steps_next(struct scst_cmd *cmd)
{
	struct scst_steps *steps = cmd->steps;

	if (!scst_cmd_aborted(cmd) && !steps->synced && steps->next(cmd, steps))
		return true;
	if (!scst_cmd_aborted(cmd) && scst_steps_sync(cmd))
		return true;
	scst_steps_end(cmd);
	return false;
}

/**
 * scst_steps_start() - choose the first operation of a command
 * @cmd: a command after scst_steps_alloc()
 *
 * Context: struct scst_opcode.exec.
 */
void scst_steps_start(struct scst_cmd *cmd)
{
	if (!scst_steps_next(cmd))
		cmd->io = SCST_IO_NONE;
}

/**
 * scst_steps_go_on() - go on with the next step of a command
 * @cmd: a command of which an operation has ended with GOOD
 *
 * An operation may end before the handler returns. The worker or the tasklet keeps the stack from
 * growing with every step.
 *
 * Context: thread or atomic.
 * Return: the next stage; SCST_STAGE_RESPOND if there is no other step, or the command is aborted,
 * or its status is an error.
 */
enum scst_stage scst_steps_go_on(struct scst_cmd *cmd)
{
	cmd->io_next = SCST_IO_STEP;
	if (!scst_steps_next(cmd))
		return SCST_STAGE_RESPOND;
	if (cmd->dev->io_wq)
		return scst_cmd_queue_backend(cmd);
	scst_cmd_to_tasklet(cmd, SCST_STAGE_BACKEND);
	return SCST_STAGE_OWNED;
}

/**
 * scst_steps_end() - put the fields of a command back, and free its steps
 * @cmd: the command
 *
 * Context: thread or atomic.
 */
void scst_steps_end(struct scst_cmd *cmd)
{
	struct scst_steps *steps = cmd->steps;

	cmd->io_next = SCST_IO_NONE;
	cmd->lba = steps->lba;
	cmd->nblocks = steps->nblocks;
	cmd->sg = steps->sg;
	cmd->sg_nents = steps->sg_nents;
	cmd->data_len = steps->data_len;
	if (steps->memory)
		free_pages_exact(steps->memory, steps->memory_len);
	kfree(steps);
}
