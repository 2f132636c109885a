/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The command: a target driver fills it in, the core decodes it and a device handler
 * executes it.
 *
 * A command has one owner at a time. It is the driver's until
 * scst_cmd_submit(), then the core's; the core lends it to the driver for a
 * data transfer (until scst_cmd_data_ready()), to the handler for execution
 * (until scst_cmd_complete()) and to the driver again for the response (until
 * scst_cmd_sent()). A former owner must not touch it any more.
 */
#ifndef _SCST_CMD_H
#define _SCST_CMD_H

#include <linux/bitops.h>
#include <linux/list.h>
#include <linux/llist.h>
#include <linux/scatterlist.h>
#include <linux/types.h>
#include <linux/workqueue.h>
#include <scsi/scsi_proto.h>
#include <scst/sense.h>

struct scst_device;
struct scst_kind;
struct scst_nexus;
struct scst_opcode;
struct scst_session;
struct scst_steps;
struct scst_task_set;

/* SPC-6 4.4.2.1 */
#define SCST_SENSE_BUFFERSIZE	252

/* LUNs are at most 14 bits wide: flat space addressing, SAM-5 4.7.4 */
#define SCST_MAX_LUN		16383

/**
 * enum scst_context - the context that a function is called in
 * @SCST_CTX_THREAD:	process context that may sleep
 * @SCST_CTX_TASK:	process context that may sleep for a moment, but has other work and may hold
 *			locks: what has to wait for I/O is left to a worker
 * @SCST_CTX_ATOMIC:	softirq or process context that must not sleep;
 *			interrupts are enabled
 * @SCST_CTX_HARDIRQ:	hard interrupt or interrupts disabled: the core does
 *			nothing but hand the command to this CPU's tasklet
 */
enum scst_context {
	SCST_CTX_THREAD,
	SCST_CTX_TASK,
	SCST_CTX_ATOMIC,
	SCST_CTX_HARDIRQ,
};

/**
 * enum scst_dir - direction of a data transfer, as the initiator sees it
 * @SCST_DIR_NONE:	no data
 * @SCST_DIR_OUT:	Data-Out: initiator to target
 * @SCST_DIR_IN:	Data-In: target to initiator
 * @SCST_DIR_UNKNOWN:	the transport announces neither direction nor length
 * @SCST_DIR_BOTH:	it announces both directions, each with its length
 */
enum scst_dir {
	SCST_DIR_NONE,
	SCST_DIR_OUT,
	SCST_DIR_IN,
	SCST_DIR_UNKNOWN,
	SCST_DIR_BOTH,
};

/**
 * enum scst_attr - task attributes, SAM-5 8.6
 * @SCST_ATTR_UNTAGGED:	the transport gave none; treated as SIMPLE
 * @SCST_ATTR_SIMPLE:	SIMPLE
 * @SCST_ATTR_ORDERED:	ORDERED
 * @SCST_ATTR_HEAD:	HEAD OF QUEUE
 * @SCST_ATTR_ACA:	ACA
 */
enum scst_attr {
	SCST_ATTR_UNTAGGED,
	SCST_ATTR_SIMPLE,
	SCST_ATTR_ORDERED,
	SCST_ATTR_HEAD,
	SCST_ATTR_ACA,
};

/**
 * enum scst_io - operation that a handler is asked for
 * @SCST_IO_NONE:	nothing: the core executes the command
 * @SCST_IO_READ:	the block operation of that name; see struct scst_block_ops
 * @SCST_IO_WRITE:	likewise
 * @SCST_IO_VERIFY:	likewise
 * @SCST_IO_COMPARE:	likewise
 * @SCST_IO_SYNC:	likewise
 * @SCST_IO_UNMAP:	likewise
 * @SCST_IO_ZERO:	write_zeroes; blocks stay allocated
 * @SCST_IO_ZERO_UNMAP:	write_zeroes; blocks may be deallocated
 * @SCST_IO_READ_AHEAD:	the block operation of that name
 * @SCST_IO_LBA_STATUS:	likewise
 * @SCST_IO_LOG:	core: a log page, for which it asks the handler
 * @SCST_IO_COMMAND:	the whole command, as @cdb says
 * @SCST_IO_STEP:	core: one of several operations, which the core chooses when it comes to it
 */
enum scst_io {
	SCST_IO_NONE,
	SCST_IO_READ,
	SCST_IO_WRITE,
	SCST_IO_VERIFY,
	SCST_IO_COMPARE,
	SCST_IO_SYNC,
	SCST_IO_UNMAP,
	SCST_IO_ZERO,
	SCST_IO_ZERO_UNMAP,
	SCST_IO_READ_AHEAD,
	SCST_IO_LBA_STATUS,
	SCST_IO_LOG,
	SCST_IO_COMMAND,
	SCST_IO_STEP,
};

/**
 * enum scst_stage - where a command is on its way
 * @SCST_STAGE_TRANSLATE:	LUN to I_T_L nexus
 * @SCST_STAGE_DECODE:		opcode table, length, direction
 * @SCST_STAGE_ADMIT:		the device's task set takes it, or parks it
 * @SCST_STAGE_CHECK:		unit attentions, reservations, protection
 * @SCST_STAGE_PREPARE:		data buffer, Data-Out transfer
 * @SCST_STAGE_EXECUTE:		the core does its part, if it has one
 * @SCST_STAGE_RANGE:		it waits for the range of its blocks
 * @SCST_STAGE_QUEUED:		a worker of the device is to go on with it; the backend
 *				has not got it
 * @SCST_STAGE_BACKEND:		the handler does its part, if it has one
 * @SCST_STAGE_COMPLETE:	sense data, residuals, post-processing
 * @SCST_STAGE_RESPOND:		the driver delivers data and status
 * @SCST_STAGE_FINISH:		leaves the session and is freed
 * @SCST_STAGE_OWNED:		not a stage: the command has another owner now
 */
enum scst_stage {
	SCST_STAGE_TRANSLATE,
	SCST_STAGE_DECODE,
	SCST_STAGE_ADMIT,
	SCST_STAGE_CHECK,
	SCST_STAGE_PREPARE,
	SCST_STAGE_EXECUTE,
	SCST_STAGE_RANGE,
	SCST_STAGE_QUEUED,
	SCST_STAGE_BACKEND,
	SCST_STAGE_COMPLETE,
	SCST_STAGE_RESPOND,
	SCST_STAGE_FINISH,
	SCST_STAGE_OWNED,
};

/**
 * enum scst_buffer - whose a command's data buffer is
 * @SCST_BUFFER_DRIVER:	the driver's, or there is none
 * @SCST_BUFFER_CORE:	the core's
 * @SCST_BUFFER_HANDLER: the handler's
 */
enum scst_buffer {
	SCST_BUFFER_DRIVER,
	SCST_BUFFER_CORE,
	SCST_BUFFER_HANDLER,
};

/**
 * enum scst_cmd_flag - bits of scst_cmd.flags
 * @SCST_CMD_ABORTED:		a task management function or a log-out aborted it
 * @SCST_CMD_ABORTED_OTHER:	the abort came from another I_T nexus
 * @SCST_CMD_ABORTED_SERVER:	the device server itself aborted it
 * @SCST_CMD_PARKED:		it is parked; whoever clears this bit lets it go on
 * @SCST_CMD_UNDELIVERED:	its response did not reach the initiator
 * @SCST_CMD_TELLS_LOSS:	it reports that cached writes were lost
 * @SCST_CMD_WAITS:		it waits for commands that it aborted, and does nothing else
 *				any more
 * @SCST_CMD_RANGED:		it writes, and takes the range of its blocks first
 *
 * Others than the owner set them: by atomic operations.
 */
enum scst_cmd_flag {
	SCST_CMD_ABORTED,
	SCST_CMD_ABORTED_OTHER,
	SCST_CMD_ABORTED_SERVER,
	SCST_CMD_PARKED,
	SCST_CMD_UNDELIVERED,
	SCST_CMD_TELLS_LOSS,
	SCST_CMD_WAITS,
	SCST_CMD_RANGED,
};

/**
 * struct scst_cmd - one SCSI command
 * @sess:		the I_T nexus it came through
 * @cdb:		the CDB; stays valid until the command is freed
 * @cdb_len:		bytes in @cdb
 * @lun:		the LUN as received, SAM-5 4.7
 * @attr:		task attribute
 * @tag:		command identifier, unique in the I_T nexus
 * @expected_dir:	direction that the transport announced
 * @expected_len:	bytes that the transport announced; with SCST_DIR_BOTH, those of
 *			Data-Out. No command is bidirectional: decoding sets @expected_dir
 *			and @expected_len to the direction that the command has, if any.
 * @expected_other:	bytes that the transport announced for the other direction: until
 *			the command is decoded, Data-In
 * @driver_priv:	for the driver alone
 * @sg:			data buffer; the driver's own when it set one before
 *			submission (at least @expected_len bytes), else the
 *			core's
 * @sg_nents:		entries in @sg
 * @op:			core: the row of the operation code, once decoded
 * @dir:		direction of the transfer that takes place
 * @io:			enum scst_io: operation of the handler
 * @io_next:		enum scst_io: operation after @io has succeeded
 * @fua:		the write must be durable when it completes
 * @block_size:		bytes in a logical block; 0: only the device knows
 * @lba:		first logical block
 * @nblocks:		number of blocks
 * @cdb_data_len:	bytes that the CDB asks to transfer; for Data-In
 *			commands with an allocation length, after execution,
 *			the bytes that the device server had to offer
 * @data_len:		bytes that are transferred, never more than the
 *			transport announced
 * @status:		SAM status
 * @sense_len:		valid bytes in @sense
 * @abort_serial:	core: count of scst_abort_serial() when it was aborted
 * @handler_priv:	for the handler alone, while it executes the command
 * @kind:		core: the kind of its logical unit when it was decoded
 * @nexus:		core: the I_T_L nexus; NULL if the LUN is not there
 * @dev:		core: the device; NULL if the LUN is not there
 * @stage:		core: where the command is
 * @flags:		core: enum scst_cmd_flag
 * @start_ns:		core: when it was submitted
 * @admitted:		core: it holds a reference of its device's tasks
 * @queued:		core: it stands on its device's queue
 * @waiting:		core: it stands there and has not started
 * @order:		core: the task attribute that decides its place on that queue
 * @losses:		core: how many of its device's losses it reports, with
 *			SCST_CMD_TELLS_LOSS
 * @data_out_short:	core: refused, because too little Data-Out was announced
 * @received:		core: its Data-Out is there
 * @answered:		core: its driver has been given its status
 * @transferred:	core: the handler has said how much was transferred
 * @device_status:	core: the handler has set the status, and the core has not read it yet
 * @patience:		core: its backend may keep it until then, jiffies; 0: not longer than
 *			other commands
 * @buffer:		core: enum scst_buffer
 * @sg_order:		core: page order of the entries of @sg
 * @buf_pages:		core: pages that are counted for @sg
 * @core_memory:	core: the core allocated the command
 * @ua:			core: the unit attention condition that it reports, if @ua_taken
 * @ua_taken:		core: @ua is not pending any more
 * @tag_entry:		core: among its session's tags
 * @cpu:		core: on which CPU's list of @sess it stands
 * @entry:		core: on that list, see @cpu
 * @queue_entry:	core: on its device's queue
 * @set:		core: the task set that it belongs to on that queue
 * @work:		core: for the move to a worker thread
 * @pr_entry:		core: among those that change its device's reservations
 * @sense:		sense data, if any
 * @deferred:		core: for the move to a tasklet. An abort may look at @work meanwhile.
 * @steps:		core: its operations, while @io_next is SCST_IO_STEP; else not valid
 * @medium:		the medium that it reads or verifies, if that is removable; see
 *			&struct scst_device_params. If the handler has another one by now, the
 *			command ends with BUSY.
 * @range_entry:	core: with SCST_CMD_RANGED, among those that have or wait for a range; else
 *			not valid
 * @range_lba:		core: while @range_entry is there, the first block of the range
 * @range_blocks:	core: likewise, its blocks
 * @has_range:		core: likewise, the command does not wait for the range any more
 */
struct scst_cmd {
	/* filled in by the driver before scst_cmd_submit() */
	struct scst_session *sess;
	const u8 *cdb;
	struct scsi_lun lun;
	u64 tag;
	u32 expected_len;
	u32 expected_other;
	u16 cdb_len;
	u8 expected_dir;
	u8 attr;
	void *driver_priv;
	struct scatterlist *sg;
	unsigned int sg_nents;

	/* decoded by the core */
	u8 dir;
	u8 io;
	u8 io_next;
	bool fua;

	/* result */
	u8 status;
	u8 sense_len;

	/* the core's own, where there is room for it */
	u32 abort_serial;

	const struct scst_opcode *op;
	u64 lba;
	u64 nblocks;
	u32 block_size;
	u32 cdb_data_len;
	u32 data_len;
	void *handler_priv;

	/* the core's own */
	const struct scst_kind *kind;
	struct scst_nexus *nexus;
	struct scst_device *dev;
	unsigned long flags;
	u64 start_ns;
	int cpu;
	u8 stage;
	bool admitted;
	bool queued;
	bool waiting;
	u8 order;
	bool ua_taken;
	bool data_out_short;
	bool received;
	bool answered;
	bool transferred;
	bool device_status;
	u8 buffer;
	u8 sg_order;
	bool core_memory;
	u32 buf_pages;
	unsigned int losses;
	scst_sense_t ua;
	unsigned long patience;
	struct list_head entry;
	struct hlist_node tag_entry;
	struct list_head queue_entry;
	struct scst_task_set *set;
	union {
		struct work_struct work;
		struct list_head pr_entry;
	};

	/* not cleared, as it is written before it is read: see scst_cmd_init() */
	u8 sense[SCST_SENSE_BUFFERSIZE];
	struct llist_node deferred;
	union {
		struct scst_steps *steps;
		u32 medium;
	};
	struct list_head range_entry;
	u64 range_lba;
	u64 range_blocks;
	bool has_range;
};

/* For target drivers */
struct scst_cmd *scst_cmd_alloc(struct scst_session *sess, gfp_t gfp);
void scst_cmd_init(struct scst_cmd *cmd, struct scst_session *sess);
void scst_cmd_submit(struct scst_cmd *cmd, enum scst_context ctx);
void scst_cmd_data_ready(struct scst_cmd *cmd, bool received, enum scst_context ctx);
void scst_cmd_set_undelivered(struct scst_cmd *cmd);
void scst_cmd_sent(struct scst_cmd *cmd, enum scst_context ctx);
s64 scst_cmd_residual(const struct scst_cmd *cmd);
bool scst_buf_reserve(u32 len, u64 held);
bool scst_buf_leaves_enough(const struct scst_cmd *cmd, u64 held);
void scst_buf_unreserve(u32 len);
void scst_lun_encode(u32 lun, struct scsi_lun *out);

/**
 * scst_cmd_aborted() - a task management function or a log-out ended a command
 * @cmd: the command
 *
 * Context: any.
 * Return: whether the command is aborted.
 */
static inline bool scst_cmd_aborted(const struct scst_cmd *cmd)
{
	return test_bit(SCST_CMD_ABORTED, &cmd->flags);
}

/* For device handlers */
void scst_cmd_complete(struct scst_cmd *cmd, enum scst_context ctx);
void scst_cmd_defer(struct scst_cmd *cmd);
void scst_cmd_set_busy(struct scst_cmd *cmd);
void scst_cmd_set_status(struct scst_cmd *cmd, u8 status, const u8 *sense, unsigned int sense_len);
void scst_cmd_set_transferred(struct scst_cmd *cmd, u32 len);
void scst_cmd_set_patience(struct scst_cmd *cmd, unsigned int ms);
void scst_cmd_tell_lost(struct scst_cmd *cmd);
void scst_cmd_set_sense(struct scst_cmd *cmd, scst_sense_t sense);
void scst_cmd_set_sense_info(struct scst_cmd *cmd, scst_sense_t sense, u64 info);
void scst_cmd_set_field_error(struct scst_cmd *cmd, scst_sense_t sense, u16 byte, int bit);

#endif /* _SCST_CMD_H */
