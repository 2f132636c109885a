// SPDX-License-Identifier: GPL-2.0
/*
 * Unit attentions: queued per I_T_L nexus, reported once.
 *
 * A condition is represented by its sense code. A queue has each condition at most once. Raising a
 * condition never fails: a queue that would overflow is replaced with POWER ON, which makes an
 * initiator check everything. REPORTED LUNS DATA HAS CHANGED belongs to the whole I_T nexus. The
 * session keeps it, and the first logical unit that receives a command reports it.
 */
#include <linux/export.h>
#include <scsi/scsi_common.h>
#include <scsi/scsi_eh.h>

#include "task/task.h"
#include "cmd/trace.h"

/* Conditions of resets, new microcode and nexus loss: reported first, in this order, SAM-5 5.14 */
static const scst_sense_t scst_ua_resets[] = {
	SCST_UA_POWER_ON,
	SCST_UA_BUS_RESET,
	SCST_UA_MICROCODE_CHANGED,
	SCST_UA_DEVICE_RESET,
	SCST_UA_NEXUS_LOSS,
};

static unsigned int scst_ua_rank(scst_sense_t ua)
{
	unsigned int rank = 0;

	while (rank < ARRAY_SIZE(scst_ua_resets) && scst_ua_resets[rank] != ua)
		rank++;
	return rank;
}

static bool scst_ua_is_reset(scst_sense_t ua)
{
	return scst_ua_rank(ua) < ARRAY_SIZE(scst_ua_resets);
}

static bool scst_ua_pending(const struct scst_nexus *nexus, scst_sense_t ua)
{
	unsigned int i;

	lockdep_assert_held(&nexus->ua_lock);
	for (i = 0; i < nexus->ua_count; i++)
		if (nexus->ua_queue[i] == ua)
			return true;
	return false;
}

static void __scst_ua_insert(struct scst_nexus *nexus, unsigned int at, scst_sense_t ua)
{
	lockdep_assert_held(&nexus->ua_lock);
	memmove(&nexus->ua_queue[at + 1], &nexus->ua_queue[at],
		(nexus->ua_count - at) * sizeof(ua));
	WRITE_ONCE(nexus->ua_queue[at], ua);
	WRITE_ONCE(nexus->ua_count, nexus->ua_count + 1);
}

/* A condition of scst_ua_resets goes before the others, which keep their order. */
static void __scst_ua_queue(struct scst_nexus *nexus, scst_sense_t ua)
{
	unsigned int at = nexus->ua_count;

	if (at == SCST_UA_QUEUE_LEN) {
		WRITE_ONCE(nexus->ua_queue[0], SCST_UA_POWER_ON);
		WRITE_ONCE(nexus->ua_count, 1);
		return;
	}
	if (scst_ua_is_reset(ua)) {
		at = 0;
		while (at < nexus->ua_count &&
		       scst_ua_rank(nexus->ua_queue[at]) <= scst_ua_rank(ua))
			at++;
	}
	__scst_ua_insert(nexus, at, ua);
}

/**
 * scst_ua_init() - initialize the queue of a new nexus with POWER ON
 * @nexus: the nexus
 */
void scst_ua_init(struct scst_nexus *nexus)
{
	spin_lock_init(&nexus->ua_lock);
	nexus->ua_queue[0] = SCST_UA_POWER_ON;
	nexus->ua_count = 1;
}

/**
 * scst_ua_replaced() - set the unit attentions of a nexus whose LUN had another logical unit
 * @nexus:  the nexus, not published yet
 * @now:    identity of its logical unit
 * @before: identity of the earlier logical unit
 *
 * To the initiator another logical unit is the same LUN with other INQUIRY data. If both have the
 * same identifier, POWER ON remains pending. The queue needs no lock before @nexus is published.
 *
 * Context: process context, under scst_config_lock.
 */
void scst_ua_replaced(struct scst_nexus *nexus, const struct scst_lun_identity *now,
		      const struct scst_lun_identity *before)
{
	lockdep_assert(list_empty(&nexus->dev_entry));
	if (!memcmp(now->naa_id, before->naa_id, sizeof(now->naa_id)))
		return;
	nexus->ua_count = 0;
	if (now->nblocks != before->nblocks || now->block_size != before->block_size)
		nexus->ua_queue[nexus->ua_count++] = SCST_UA_CAPACITY_CHANGED;
	nexus->ua_queue[nexus->ua_count++] = SCST_UA_INQUIRY_CHANGED;
}

/**
 * scst_ua_trace() - trace the initial unit attentions of a new nexus
 * @nexus: the nexus
 *
 * Context: process context.
 */
void scst_ua_trace(const struct scst_nexus *nexus)
{
	unsigned int i;

	if (!trace_scst_ua_raise_enabled())
		return;
	for (i = 0; i < READ_ONCE(nexus->ua_count); i++)
		trace_scst_ua_raise(nexus->sess, nexus->lun, READ_ONCE(nexus->ua_queue[i]));
}

/* Reports a new condition at once if the transport has asynchronous events, SAM-2 5.7.4. */
static void scst_ua_tell(struct scst_session *sess, u32 lun, scst_sense_t ua)
{
	const struct scst_target_ops *ops = sess->tgt->ops;

	trace_scst_ua_raise(sess, lun, ua);
	if (ops->async_event)
		ops->async_event(sess, lun, ua);
}

/**
 * scst_ua_raise() - establish a unit attention condition
 * @nexus: the nexus
 * @ua:    the condition
 *
 * While POWER ON is pending no other condition is added: POWER ON makes the initiator check
 * everything.
 *
 * Context: thread or atomic.
 */
void scst_ua_raise(struct scst_nexus *nexus, scst_sense_t ua)
{
	bool news;

	spin_lock_bh(&nexus->ua_lock);
	news = !READ_ONCE(nexus->retracted) && !scst_ua_pending(nexus, ua) &&
	       !scst_ua_pending(nexus, SCST_UA_POWER_ON);
	if (news)
		__scst_ua_queue(nexus, ua);
	spin_unlock_bh(&nexus->ua_lock);
	if (news)
		scst_ua_tell(nexus->sess, nexus->lun, ua);
}

/**
 * scst_ua_raise_luns() - establish REPORTED LUNS DATA HAS CHANGED for an I_T nexus
 * @sess: the session
 *
 * Context: thread or atomic.
 */
void scst_ua_raise_luns(struct scst_session *sess)
{
	if (!xchg(&sess->luns_changed, true))
		scst_ua_tell(sess, 0, SCST_UA_LUNS_CHANGED);
}

/**
 * __scst_ua_raise_device() - establish a unit attention condition for all nexuses of a device
 * @dev:    the device
 * @ua:     the condition
 * @except: a nexus to leave out, or NULL
 *
 * Context: under its lock.
 */
void __scst_ua_raise_device(struct scst_device *dev, scst_sense_t ua,
			    const struct scst_nexus *except)
{
	struct scst_nexus *nexus;

	lockdep_assert_held(&dev->lock);
	list_for_each_entry(nexus, &dev->nexuses, dev_entry)
		if (nexus != except)
			scst_ua_raise(nexus, ua);
}

/**
 * scst_ua_raise_device() - establish a unit attention condition for all nexuses of a device
 * @dev:    the device
 * @ua:     the condition
 * @except: a nexus to leave out, or NULL
 *
 * Context: thread or atomic.
 */
void scst_ua_raise_device(struct scst_device *dev, scst_sense_t ua, const struct scst_nexus *except)
{
	spin_lock_bh(&dev->lock);
	__scst_ua_raise_device(dev, ua, except);
	spin_unlock_bh(&dev->lock);
}

/**
 * scst_device_attention() - report a unit attention condition to all initiators of a device
 * @dev: the device
 * @ua:  a unit attention condition: SCST_UA_*, or another sense code of that key
 *
 * Context: thread or softirq.
 */
void scst_device_attention(struct scst_device *dev, scst_sense_t ua)
{
	scst_ua_raise_device(dev, ua, NULL);
}
EXPORT_SYMBOL_GPL(scst_device_attention);

/* Returns the first condition. With @reset, only if it is one of scst_ua_resets. */
static scst_sense_t scst_ua_dequeue(struct scst_nexus *nexus, bool reset, bool keep)
{
	scst_sense_t ua = SCST_SENSE_NONE;

	spin_lock_bh(&nexus->ua_lock);
	if (nexus->ua_count && (!reset || scst_ua_is_reset(nexus->ua_queue[0])))
		ua = nexus->ua_queue[0];
	if (ua != SCST_SENSE_NONE && !keep) {
		WRITE_ONCE(nexus->ua_count, nexus->ua_count - 1);
		memmove(&nexus->ua_queue[0], &nexus->ua_queue[1], nexus->ua_count * sizeof(ua));
	}
	spin_unlock_bh(&nexus->ua_lock);
	return ua;
}

static scst_sense_t scst_ua_first(struct scst_nexus *nexus, bool reset, bool keep)
{
	scst_sense_t ua = scst_ua_dequeue(nexus, reset, keep);
	int *luns = &nexus->sess->luns_changed;

	if (ua != SCST_SENSE_NONE || reset)
		return ua;
	return (keep ? READ_ONCE(*luns) : xchg(luns, false)) ? SCST_UA_LUNS_CHANGED : ua;
}

static scst_sense_t scst_ua_report_first(struct scst_cmd *cmd, bool reset, bool keep)
{
	scst_sense_t ua = scst_ua_first(cmd->nexus, reset, keep);

	if (ua == SCST_SENSE_NONE)
		return ua;
	cmd->ua = ua;
	cmd->ua_taken = !keep;
	trace_scst_ua_report(cmd, ua, keep);
	return ua;
}

/**
 * scst_ua_take() - dequeue the unit attention that is reported next
 * @cmd: the command that reports it
 *
 * Context: thread or atomic.
 * Return: its sense code, or SCST_SENSE_NONE.
 */
scst_sense_t scst_ua_take(struct scst_cmd *cmd)
{
	return scst_ua_report_first(cmd, false, false);
}

/**
 * scst_ua_peek() - the unit attention that is reported next
 * @nexus: the nexus
 * @more:  set if more than one is pending
 *
 * Context: thread or atomic.
 * Return: its sense code, or SCST_SENSE_NONE.
 */
scst_sense_t scst_ua_peek(struct scst_nexus *nexus, bool *more)
{
	scst_sense_t ua = scst_ua_first(nexus, false, true);

	*more = READ_ONCE(nexus->ua_count) + READ_ONCE(nexus->sess->luns_changed) > 1;
	return ua;
}

/**
 * scst_ua_restore() - make a unit attention pending again that has not reached the initiator
 * @cmd: the command
 *
 * Context: thread or atomic.
 */
void scst_ua_restore(struct scst_cmd *cmd)
{
	if (!cmd->ua_taken)
		return;
	cmd->ua_taken = false;
	if (cmd->ua == SCST_UA_LUNS_CHANGED) {
		WRITE_ONCE(cmd->sess->luns_changed, true);
		trace_scst_ua_raise(cmd->sess, 0, SCST_UA_LUNS_CHANGED);
	} else {
		scst_ua_raise(cmd->nexus, cmd->ua);
	}
}

/**
 * scst_ua_report() - end a command with a pending unit attention, if there is one
 * @cmd:    a command for which scst_ua_is_due()
 * @resets: only a condition of a reset, of new microcode or of I_T nexus loss
 *
 * UA_INTLCK_CTRL of the control mode page may keep the condition pending until REQUEST SENSE.
 *
 * Context: thread or atomic.
 * Return: true if the command ends; its status is set then.
 */
bool scst_ua_report(struct scst_cmd *cmd, bool resets)
{
	scst_sense_t sense = scst_ua_report_first(cmd, resets, READ_ONCE(cmd->dev->mode.ua_intlck));

	if (sense == SCST_SENSE_NONE)
		return false;
	scst_cmd_set_sense(cmd, sense);
	return true;
}

/* Returns the unit attention condition in a command's sense data, or SCST_SENSE_NONE. */
static scst_sense_t scst_ua_in_sense(const struct scst_cmd *cmd)
{
	struct scsi_sense_hdr hdr;

	if (cmd->status != SAM_STAT_CHECK_CONDITION ||
	    !scsi_normalize_sense(cmd->sense, cmd->sense_len, &hdr) ||
	    hdr.sense_key != UNIT_ATTENTION || scsi_sense_is_deferred(&hdr))
		return SCST_SENSE_NONE;
	return SCST_SENSE(UNIT_ATTENTION, hdr.asc, hdr.ascq);
}

/**
 * scst_ua_spread() - pass a unit attention of a device's own sense data on to other nexuses
 * @cmd: the command, with status and sense data of the device
 *
 * A device has only one initiator, the core. The core raises the condition for all other nexuses
 * of the device, and again for this nexus if the command is not answered.
 *
 * Context: thread or atomic.
 */
void scst_ua_spread(struct scst_cmd *cmd)
{
	scst_sense_t ua = scst_ua_in_sense(cmd);

	/* After an ACA condition was cleared the command completes again. */
	cmd->device_status = false;
	if (ua == SCST_SENSE_NONE)
		return;
	cmd->ua = ua;
	cmd->ua_taken = true;
	scst_ua_raise_device(cmd->dev, ua, cmd->nexus);
}

/**
 * scst_ua_interlock() - establish a unit attention for a command that was not accepted
 * @cmd: a command with a nexus, about to be answered
 *
 * Only for UA_INTLCK_CTRL 11b, SPC-6 7.5.10.
 *
 * Context: thread or atomic.
 */
void scst_ua_interlock(struct scst_cmd *cmd)
{
	if (likely(READ_ONCE(cmd->dev->mode.ua_intlck) != SCST_UA_KEEP_AND_ADD))
		return;
	switch (cmd->status) {
	case SAM_STAT_BUSY:
		scst_ua_raise(cmd->nexus, SCST_UA_PREVIOUS_BUSY);
		break;
	case SAM_STAT_TASK_SET_FULL:
		scst_ua_raise(cmd->nexus, SCST_UA_PREVIOUS_FULL);
		break;
	case SAM_STAT_RESERVATION_CONFLICT:
		scst_ua_raise(cmd->nexus, SCST_UA_PREVIOUS_CONFLICT);
		break;
	}
}

/**
 * scst_ua_luns_reported() - REPORT LUNS clears REPORTED LUNS DATA HAS CHANGED
 * @cmd: the command; if its response is not delivered, the condition becomes pending again
 *
 * Context: any.
 */
void scst_ua_luns_reported(struct scst_cmd *cmd)
{
	if (!xchg(&cmd->sess->luns_changed, false))
		return;
	cmd->ua = SCST_UA_LUNS_CHANGED;
	cmd->ua_taken = true;
	trace_scst_ua_report(cmd, SCST_UA_LUNS_CHANGED, false);
}
