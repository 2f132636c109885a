// SPDX-License-Identifier: GPL-2.0
/*
 * The pipeline: the ordered stages of a command, the loop that runs them, and the functions with
 * which drivers and handlers continue a command.
 *
 * A stage returns the next one, or SCST_STAGE_OWNED: then the command has another owner, and this
 * file must not touch it any more. Stages run in thread or atomic context, never in hard
 * interrupts.
 */
#include <linux/export.h>
#include <linux/ktime.h>
#include <linux/percpu.h>
#include <linux/rcupdate.h>

#include "cmd/cmd.h"
#include "cmd/opcode.h"
#include "lu/lu.h"
#include "lu/steps.h"
#include "pipeline.h"
#include "task/task.h"
#include "cmd/trace.h"

/*
 * SAM-5 5.11: the tag of the command belongs to another command of the nexus. The initiator has
 * lost track of its commands, so all its other commands for the logical unit are aborted.
 */
static enum scst_stage scst_overlapped(struct scst_cmd *cmd)
{
	const struct scst_cmd_filter filter = { .nexus = cmd->nexus, .except = cmd };

	scst_session_abort(cmd->sess, &filter, SCST_ABORT_OWN, cmd->sess);
	scst_cmd_set_sense(cmd, SCST_SENSE_OVERLAPPED);
	return SCST_STAGE_COMPLETE;
}

/*
 * Find the I_T_L nexus of the LUN. The lookup and the addition of the command to its list are one
 * RCU read-side section. So a grace period after a nexus is unpublished, all its commands are on
 * the lists.
 */
static enum scst_stage scst_stage_translate(struct scst_cmd *cmd)
{
	struct scst_nexus *nexus;
	bool overlapped;

	rcu_read_lock();
	nexus = xa_load(&cmd->sess->nexuses, scst_lun_decode(&cmd->lun));
	if (nexus) {
		cmd->nexus = nexus;
		cmd->dev = nexus->dev;
	}
	scst_stall(SCST_STALL_LOOKUP);
	scst_cmd_enlist(cmd);
	overlapped = !scst_tag_add(cmd);
	rcu_read_unlock();
	trace_scst_cmd_submit(cmd);
	return unlikely(overlapped) ? scst_overlapped(cmd) : SCST_STAGE_DECODE;
}

/* Write protection and the range of blocks, in the order of SAM-5 and SPC-6 */
static scst_sense_t scst_check_gates(struct scst_cmd *cmd)
{
	const struct scst_opcode *op = cmd->op;

	if ((op->flags & SCST_OPF_WRITES) && scst_write_protected(cmd))
		return SCST_SENSE_WRITE_PROTECTED;
	return scst_sbc_check_range(cmd);
}

/* No block is within the capacity if there is no medium. */
static scst_sense_t scst_gate_sense(const struct scst_cmd *cmd, scst_sense_t sense)
{
	scst_sense_t absent = scst_medium_sense(cmd->dev);

	return absent == SCST_SENSE_NONE ? sense : absent;
}

static enum scst_stage scst_stage_check(struct scst_cmd *cmd)
{
	enum scst_access access;
	scst_sense_t sense;

	if (!cmd->nexus)
		return SCST_STAGE_PREPARE;
	if (unlikely(scst_ua_is_due(cmd)) && scst_ua_or_conflict(cmd))
		return SCST_STAGE_COMPLETE;
	access = READ_ONCE(cmd->nexus->access);
	if (unlikely(access != SCST_ACCESS_ALL) && scst_reserve_conflict(cmd, access))
		return SCST_STAGE_COMPLETE;
	sense = scst_check_gates(cmd);
	if (sense == SCST_SENSE_NONE)
		return SCST_STAGE_PREPARE;
	/* The only field that can be invalid here is the transfer length. */
	if (sense == SCST_SENSE_INVALID_CDB_FIELD)
		scst_cmd_set_field_error(cmd, sense, cmd->op->xfer.byte, 7);
	else
		scst_cmd_set_sense(cmd, scst_gate_sense(cmd, sense));
	return SCST_STAGE_COMPLETE;
}

/*
 * SAM-5 5.3.1: TASK SET FULL tells an initiator to wait for one of its own commands; BUSY is
 * for an initiator that has none here. A length that will never fit is more than the block
 * limits VPD page allows.
 */
static void scst_refuse_data(struct scst_cmd *cmd)
{
	if (cmd->status != SAM_STAT_GOOD)
		return;
	if (cmd->dev && cmd->data_len > scst_buf_largest(cmd->dev))
		scst_cmd_set_field_error(cmd, SCST_SENSE_INVALID_CDB_FIELD, cmd->op->xfer.byte, 7);
	else if (scst_nexus_has_others(cmd))
		cmd->status = SAM_STAT_TASK_SET_FULL;
	else
		scst_cmd_set_busy(cmd);
}

static enum scst_stage scst_stage_prepare(struct scst_cmd *cmd, enum scst_context ctx)
{
	const struct scst_target_ops *ops = cmd->sess->tgt->ops;

	if (!cmd->data_len)
		return SCST_STAGE_EXECUTE;
	if (!cmd->sg && !scst_buf_alloc(cmd, ctx)) {
		scst_refuse_data(cmd);
		return SCST_STAGE_COMPLETE;
	}
	if (cmd->dir == SCST_DIR_IN)
		return SCST_STAGE_EXECUTE;
	if (!ops->receive_data) {
		cmd->received = true;
		return SCST_STAGE_EXECUTE;
	}
	ops->receive_data(cmd);
	return SCST_STAGE_OWNED;
}

static enum scst_stage scst_stage_execute(struct scst_cmd *cmd, enum scst_context ctx)
{
	/* In a worker for any @ctx: it may have to wait for other commands and their data. */
	if (cmd->op->exec_sleeping)
		return scst_pr_queue_add(cmd);
	if (cmd->op->exec && cmd->io != SCST_IO_COMMAND)
		cmd->op->exec(cmd);
	if (cmd->status == SAM_STAT_GOOD && cmd->io != SCST_IO_NONE)
		return scst_cmd_to_backend(cmd, ctx);
	return SCST_STAGE_COMPLETE;
}

/* From here on the backend has the command. */
static enum scst_stage scst_stage_backend(struct scst_cmd *cmd)
{
	const struct scst_handler_ops *handler = cmd->dev->handler;

	if (handler->abort)
		/* Pairs with scst_abort_tell(): it sees the stage or the handler sees the abort. */
		smp_mb();
	if (cmd->io == SCST_IO_COMMAND)
		handler->execute(cmd);
	else
		scst_sbc_execute(cmd);
	return SCST_STAGE_OWNED;
}

/* A read that is a step may have to take a range first. */
static bool scst_try_read(struct scst_cmd *cmd)
{
	if (cmd->io != SCST_IO_READ || cmd->io_next != SCST_IO_NONE)
		return false;
	return cmd->dev->handler->block->try_read && cmd->dev->handler->block->try_read(cmd);
}

/**
 * scst_cmd_to_backend() - send a command to its backend in a suitable context
 * @cmd: a command with an operation left for the backend
 * @ctx: the caller's context
 *
 * Context: thread or atomic.
 * Return: the next stage.
 */
enum scst_stage scst_cmd_to_backend(struct scst_cmd *cmd, enum scst_context ctx)
{
	if (ctx == SCST_CTX_THREAD || !cmd->dev->handler->may_sleep)
		return SCST_STAGE_BACKEND;
	if (ctx == SCST_CTX_TASK && scst_try_read(cmd))
		return SCST_STAGE_COMPLETE;
	return scst_cmd_queue_backend(cmd);
}

/*
 * Data that was not transferred counts as residual. For a command that is refused because not
 * enough Data-Out was announced, the residual is the part that was missing.
 */
static void scst_no_data(struct scst_cmd *cmd)
{
	if (!cmd->data_out_short)
		cmd->cdb_data_len = 0;
	cmd->data_len = 0;
}

/*
 * The next operation of the backend: a verification, a step, or a synchronization of a write that
 * was decoded while there was a write cache, now that there is none.
 */
static enum scst_io scst_next_io(struct scst_cmd *cmd)
{
	enum scst_io next = cmd->io_next;

	if (next == SCST_IO_NONE && cmd->io == SCST_IO_WRITE && !cmd->fua) {
		/* Pairs with scst_mode_changed(): one of the two sees the other. */
		smp_mb();
		if (unlikely(!READ_ONCE(cmd->dev->mode.wce)))
			return SCST_IO_SYNC;
	}
	cmd->io_next = SCST_IO_NONE;
	return next;
}

/*
 * Goes on with the next operation, if the command is not aborted. Returns SCST_STAGE_RESPOND if
 * there is none.
 */
static enum scst_stage scst_begin_io(struct scst_cmd *cmd, enum scst_io next, enum scst_context ctx)
{
	if (next == SCST_IO_STEP)
		return scst_steps_go_on(cmd);
	if (scst_cmd_aborted(cmd))
		return SCST_STAGE_RESPOND;
	cmd->io = next;
	return scst_cmd_to_backend(cmd, ctx);
}

static void scst_complete_failed(struct scst_cmd *cmd)
{
	if (cmd->io_next == SCST_IO_STEP)
		scst_steps_end(cmd);
	if (!cmd->received && !cmd->transferred)
		scst_no_data(cmd);
}

/* Whether the command's status affects other commands, or an ACA condition affects this one */
static bool scst_others_concerned(const struct scst_cmd *cmd)
{
	if (!cmd->nexus)
		return false;
	return cmd->status == SAM_STAT_CHECK_CONDITION || READ_ONCE(cmd->dev->faults);
}

static enum scst_stage scst_stage_complete(struct scst_cmd *cmd, enum scst_context ctx)
{
	if (cmd->status == SAM_STAT_GOOD) {
		enum scst_io next = scst_next_io(cmd);
		enum scst_stage stage;

		if (unlikely(next != SCST_IO_NONE)) {
			stage = scst_begin_io(cmd, next, ctx);
			if (stage != SCST_STAGE_RESPOND)
				return stage;
		}
	} else {
		scst_complete_failed(cmd);
	}
	if (unlikely(cmd->device_status))
		scst_ua_spread(cmd);
	return unlikely(scst_others_concerned(cmd)) ? scst_aca_complete(cmd) :
						      SCST_STAGE_RESPOND;
}

/*
 * SAM-5 5.6: an aborted command gets no status, unless another I_T nexus aborted it and the
 * control mode page asks for TASK ABORTED. If the device server aborted it, no initiator knows of
 * the abort: the command ends with an error after which the initiator tries again. Returns true
 * if the command gets a status.
 */
static bool scst_end_aborted(struct scst_cmd *cmd)
{
	scst_ua_restore(cmd);
	if (test_bit(SCST_CMD_ABORTED_SERVER, &cmd->flags)) {
		scst_cmd_set_sense(cmd, SCST_SENSE_COMMANDS_CLEARED);
	} else if (test_bit(SCST_CMD_ABORTED_OTHER, &cmd->flags) && cmd->dev &&
		   READ_ONCE(cmd->dev->mode.tas)) {
		cmd->status = SAM_STAT_TASK_ABORTED;
		cmd->sense_len = 0;
	} else {
		return false;
	}
	scst_no_data(cmd);
	return true;
}

/*
 * A function of another nexus may wait for cmd->answered. A grace period lies between the moment
 * that the function sees the flag and its own answer. The flag and send_response() are one RCU
 * read-side section, so the function is answered after the status was sent.
 */
static void scst_send_aborted(struct scst_cmd *cmd)
{
	struct scst_session *sess = cmd->sess;

	rcu_read_lock();
	WRITE_ONCE(cmd->answered, true);
	sess->tgt->ops->send_response(cmd);
	wake_up(&sess->waitq);
	rcu_read_unlock();
}

static enum scst_stage scst_respond(struct scst_cmd *cmd)
{
	bool aborted = scst_cmd_aborted(cmd);

	scst_stats_end(cmd, aborted);
	scst_tag_del(cmd);
	if (unlikely(aborted)) {
		scst_pr_queue_left(cmd);
		if (!scst_end_aborted(cmd))
			return SCST_STAGE_FINISH;
	} else if (cmd->status != SAM_STAT_GOOD && cmd->nexus) {
		scst_ua_interlock(cmd);
	}
	trace_scst_cmd_respond(cmd);
	if (unlikely(aborted)) {
		scst_send_aborted(cmd);
		return SCST_STAGE_OWNED;
	}
	WRITE_ONCE(cmd->answered, true);
	cmd->sess->tgt->ops->send_response(cmd);
	return SCST_STAGE_OWNED;
}

static enum scst_stage scst_stage_respond(struct scst_cmd *cmd)
{
	const struct scst_order_end end = scst_order_done(cmd);
	enum scst_stage stage = scst_respond(cmd);

	scst_order_next(&end);
	return stage;
}

/* Put an undelivered unit attention back, or record that a loss of writes was reported. */
static void scst_finish_telling(struct scst_cmd *cmd)
{
	if (test_bit(SCST_CMD_UNDELIVERED, &cmd->flags))
		scst_ua_restore(cmd);
	if (test_bit(SCST_CMD_TELLS_LOSS, &cmd->flags))
		scst_lost_told(cmd);
}

static enum scst_stage scst_stage_finish(struct scst_cmd *cmd)
{
	if (unlikely(READ_ONCE(cmd->flags) &
		     (BIT(SCST_CMD_UNDELIVERED) | BIT(SCST_CMD_TELLS_LOSS))))
		scst_finish_telling(cmd);
	scst_cmd_finish(cmd);
	return SCST_STAGE_OWNED;
}

static enum scst_stage scst_stage_run(struct scst_cmd *cmd, enum scst_stage stage,
				      enum scst_context ctx)
{
	switch (stage) {
	case SCST_STAGE_TRANSLATE:
		return scst_stage_translate(cmd);
	case SCST_STAGE_DECODE:
		return scst_cdb_decode(cmd);
	case SCST_STAGE_ADMIT:
		return scst_order_admit(cmd);
	case SCST_STAGE_CHECK:
		return scst_stage_check(cmd);
	case SCST_STAGE_PREPARE:
		return scst_stage_prepare(cmd, ctx);
	case SCST_STAGE_EXECUTE:
		return scst_stage_execute(cmd, ctx);
	case SCST_STAGE_BACKEND:
		return scst_stage_backend(cmd);
	case SCST_STAGE_COMPLETE:
		return scst_stage_complete(cmd, ctx);
	case SCST_STAGE_RESPOND:
		return scst_stage_respond(cmd);
	case SCST_STAGE_FINISH:
		return scst_stage_finish(cmd);
	case SCST_STAGE_RANGE:
	case SCST_STAGE_QUEUED:
	case SCST_STAGE_OWNED:
		break;
	}
	return SCST_STAGE_OWNED;
}

/* Whether the next stage may be another one than the last stage has returned: one test for all */
static bool scst_cmd_is_diverted(const struct scst_cmd *cmd)
{
	return READ_ONCE(cmd->flags) & (BIT(SCST_CMD_ABORTED) | BIT(SCST_CMD_RANGED));
}

/*
 * An aborted command skips the stages that could touch the medium. A command that takes ranges
 * has one before it goes to the backend. The handler may need a worker after a wait.
 */
static enum scst_stage scst_stage_divert(struct scst_cmd *cmd, enum scst_stage stage,
					 enum scst_context ctx)
{
	if (stage >= SCST_STAGE_COMPLETE)
		return stage;
	if (scst_cmd_aborted(cmd))
		return SCST_STAGE_COMPLETE;
	if (stage < SCST_STAGE_RANGE)
		return stage;
	stage = scst_range_take(cmd);
	return stage == SCST_STAGE_BACKEND ? scst_cmd_to_backend(cmd, ctx) : stage;
}

/**
 * scst_cmd_run() - run the stages of a command until it has another owner
 * @cmd:   the command
 * @stage: the first stage
 * @ctx:   not SCST_CTX_HARDIRQ
 *
 * Context: as @ctx says.
 */
void scst_cmd_run(struct scst_cmd *cmd, enum scst_stage stage, enum scst_context ctx)
{
	while (stage != SCST_STAGE_OWNED) {
		if (unlikely(scst_cmd_is_diverted(cmd))) {
			stage = scst_stage_divert(cmd, stage, ctx);
			if (stage == SCST_STAGE_OWNED)
				return;
		}
		cmd->stage = stage;
		if (scst_inject_hold(cmd))
			return;
		trace_scst_cmd_stage(cmd);
		stage = scst_stage_run(cmd, stage, ctx);
	}
}

/**
 * scst_cmd_submit() - hand a new command to the core
 * @cmd: the command, filled in as struct scst_cmd says
 * @ctx: the caller's context
 *
 * The core owns the command from here on. It calls ops->send_response() once, perhaps before this
 * returns. Only for an aborted command it may omit the call.
 *
 * Context: as @ctx says.
 */
void scst_cmd_submit(struct scst_cmd *cmd, enum scst_context ctx)
{
	cmd->start_ns = ktime_get_ns();
	if (ctx == SCST_CTX_HARDIRQ) {
		this_cpu_inc(cmd->sess->cmds->deferred);
		scst_cmd_to_tasklet(cmd, SCST_STAGE_TRANSLATE);
	} else {
		scst_cmd_run(cmd, SCST_STAGE_TRANSLATE, ctx);
	}
}
EXPORT_SYMBOL_GPL(scst_cmd_submit);

static void scst_cmd_resume(struct scst_cmd *cmd, enum scst_stage stage, enum scst_context ctx)
{
	if (ctx == SCST_CTX_HARDIRQ)
		scst_cmd_to_tasklet(cmd, stage);
	else
		scst_cmd_run(cmd, stage, ctx);
}

/**
 * scst_cmd_data_ready() - report that the Data-Out of ops->receive_data() has arrived, or failed
 * @cmd:      the command
 * @received: true: all data is in cmd->sg; false: the transfer failed
 * @ctx:      the caller's context
 *
 * After a failure the driver may have set the status, with scst_cmd_set_sense() or
 * scst_cmd_set_busy(). The default is a data phase error.
 *
 * Context: as @ctx says.
 */
void scst_cmd_data_ready(struct scst_cmd *cmd, bool received, enum scst_context ctx)
{
	if (received) {
		cmd->received = true;
		scst_cmd_resume(cmd, SCST_STAGE_EXECUTE, ctx);
	} else {
		if (cmd->status == SAM_STAT_GOOD)
			scst_cmd_set_sense(cmd, SCST_SENSE_DATA_PHASE_ERROR);
		scst_cmd_resume(cmd, SCST_STAGE_COMPLETE, ctx);
	}
}
EXPORT_SYMBOL_GPL(scst_cmd_data_ready);

/**
 * scst_cmd_complete() - report that the handler has executed a command
 * @cmd: the command, with an error set if it failed
 * @ctx: the caller's context
 *
 * The handler calls this exactly once for each operation that it was given.
 *
 * Context: as @ctx says.
 */
void scst_cmd_complete(struct scst_cmd *cmd, enum scst_context ctx)
{
	scst_cmd_resume(cmd, SCST_STAGE_COMPLETE, ctx);
}
EXPORT_SYMBOL_GPL(scst_cmd_complete);

/**
 * scst_cmd_defer() - have a worker of the device call the handler's operation again
 * @cmd: the command, whose operation the handler has not begun
 *
 * The handler calls this instead of executing the operation, and does not touch the command any
 * more. cmd->handler_priv is kept. If the command is aborted before a worker takes it, the
 * operation is not called again: nothing that has to be freed may hang on handler_priv.
 *
 * Context: thread or atomic; the handler has may_defer set.
 */
void scst_cmd_defer(struct scst_cmd *cmd)
{
	enum scst_stage stage = scst_cmd_queue_backend(cmd);

	if (unlikely(stage != SCST_STAGE_OWNED))
		scst_cmd_run(cmd, stage, SCST_CTX_ATOMIC);
}
EXPORT_SYMBOL_GPL(scst_cmd_defer);

/**
 * scst_cmd_sent() - report that the driver has delivered a response, or failed to
 * @cmd: the command; the caller must not touch it any more
 * @ctx: the caller's context
 *
 * Context: as @ctx says.
 */
void scst_cmd_sent(struct scst_cmd *cmd, enum scst_context ctx)
{
	scst_cmd_resume(cmd, SCST_STAGE_FINISH, ctx);
}
EXPORT_SYMBOL_GPL(scst_cmd_sent);
