/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Steps: the operations of a command that needs more than one of the handler.
 *
 * exec() of such a command calls scst_steps_alloc(), keeps what it has to know in the structure
 * that it gets, and calls scst_steps_start(). From then on the core calls next() whenever an
 * operation has succeeded. next() chooses the next one with scst_step() and, if it has data,
 * scst_step_data() or scst_step_repeat().
 *
 * - The fields of the command that describe an operation are those of the step. The command's own
 *   are put back when the last step, an error or an abort ends the steps.
 * - An abort takes effect between two steps. So a step should be short.
 * - If there is no write cache, a synchronization is the last step: that makes all of them durable.
 * - Steps do not nest: each but the first one begins in a worker of the device or in the tasklet.
 */
#ifndef _SCST_STEPS_H
#define _SCST_STEPS_H

#include <linux/scatterlist.h>
#include <linux/types.h>
#include <scst/cmd.h>

/**
 * struct scst_steps - where a command with several operations stands
 * @next:	choose the next operation; returns false if there is none, maybe with an error
 *		status set. Thread or atomic.
 * @lba:	the command's own first block
 * @nblocks:	the command's own number of blocks
 * @sg:		the command's own data
 * @sg_nents:	entries in @sg
 * @data_len:	the command's own length of @sg, bytes
 * @from:	first block that a step has changed
 * @to:		the block behind the last one that a step has changed; 0: none
 * @synced:	the synchronization at the end has begun
 * @nents:	entries in @part
 * @part:	the data of a step
 * @memory:	pages that are freed with the steps, or NULL
 * @memory_len:	bytes in @memory
 *
 * The first member of a structure of the command's kind.
 */
struct scst_steps {
	bool (*next)(struct scst_cmd *cmd, struct scst_steps *steps);
	u64 lba;
	u64 nblocks;
	struct scatterlist *sg;
	unsigned int sg_nents;
	u32 data_len;
	u64 from;
	u64 to;
	bool synced;
	unsigned int nents;
	struct scatterlist *part;
	void *memory;
	size_t memory_len;
};

/* For commands */
void *scst_steps_alloc(struct scst_cmd *cmd, size_t size, unsigned int nents,
		       bool (*next)(struct scst_cmd *cmd, struct scst_steps *steps));
void scst_steps_start(struct scst_cmd *cmd);
void scst_step(struct scst_cmd *cmd, enum scst_io io, u64 lba, u64 nblocks);
void scst_step_data(struct scst_cmd *cmd, u32 offset, u32 len);
void scst_steps_data_out(const struct scst_cmd *cmd, u32 offset, void *buf, u32 len);
void *scst_steps_pattern(struct scst_cmd *cmd, size_t len);
void scst_step_repeat(struct scst_cmd *cmd, u32 piece, u32 len);

/* For the pipeline */
enum scst_stage scst_steps_go_on(struct scst_cmd *cmd);
void scst_steps_end(struct scst_cmd *cmd);

#endif /* _SCST_STEPS_H */
