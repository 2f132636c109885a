// SPDX-License-Identifier: GPL-2.0
/*
 * Unit attentions: queued per I_T_L nexus, reported once.
 *
 * A condition is its sense code. It stands in a queue at most once, and raising it never
 * fails: a queue that would overflow becomes POWER ON, after which an initiator takes
 * nothing for granted. REPORTED LUNS DATA HAS CHANGED belongs to the whole I_T nexus: it
 * is kept in the session, and the first logical unit that is asked reports it.
 */
#include <linux/export.h>
#include <scsi/scsi_common.h>
#include <scsi/scsi_eh.h>

#include "task/task.h"
#include "cmd/trace.h"

/* SAM-5 5.14: a logical unit is not what it was. These come first, in this order. */
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

/* A reset condition outranks the others, which keep their order. */
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
 * scst_ua_init() - a new nexus has just been powered on
 * @nexus: the nexus
 */
void scst_ua_init(struct scst_nexus *nexus)
{
	spin_lock_init(&nexus->ua_lock);
	nexus->ua_queue[0] = SCST_UA_POWER_ON;
	nexus->ua_count = 1;
}

/**
 * scst_ua_replaced() - a new nexus stands where there was another logical unit
 * @nexus:  the nexus, not published yet
 * @now:    its logical unit
 * @before: what was there
 *
 * To the initiator it is the same LUN with other INQUIRY data; if it really is
 * the same, it comes back as if powered on. No lock is needed as nobody else has @nexus:
 * a published one belongs to its commands, too.
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
 * scst_ua_trace() - a nexus is there, with the unit attentions that it begins with
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
		trace_scst_ua_raise(nexus->sess, nexus->lun,
				    READ_ONCE(nexus->ua_queue[i]));
}

/* A condition is new. Transports that can tell the initiator at once do, SAM-2 5.7.4. */
static void scst_ua_tell(struct scst_session *sess, u32 lun, scst_sense_t ua)
{
	const struct scst_target_ops *ops = sess->tgt->ops;

	trace_scst_ua_raise(sess, lun, ua);
	if (ops->async_event)
		ops->async_event(sess, lun, ua);
}

/**
 * scst_ua_raise() - establish a unit attention condition
 * @nexus: where
 * @ua:    which
 *
 * An initiator that is still to hear of POWER ON takes nothing for granted then:
 * it need not hear of more.
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
 * scst_ua_raise_luns() - REPORTED LUNS DATA HAS CHANGED, for an I_T nexus as a whole
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
 * __scst_ua_raise_device() - establish a unit attention condition for all of a
 *	device's nexuses
 * @dev:    the device
 * @ua:     which
 * @except: a nexus that knows already, or NULL
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
 * scst_ua_raise_device() - establish a unit attention condition for all of a
 *	device's nexuses
 * @dev:    the device
 * @ua:     which
 * @except: a nexus that knows already, or NULL
 *
 * Context: thread or atomic.
 */
void scst_ua_raise_device(struct scst_device *dev, scst_sense_t ua,
			  const struct scst_nexus *except)
{
	spin_lock_bh(&dev->lock);
	__scst_ua_raise_device(dev, ua, except);
	spin_unlock_bh(&dev->lock);
}

/**
 * scst_device_attention() - tell all initiators of a device what has come to pass there
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

/* The first, unless only a reset condition will do and it is not one */
static scst_sense_t scst_ua_dequeue(struct scst_nexus *nexus, bool reset, bool keep)
{
	scst_sense_t ua = SCST_SENSE_NONE;

	spin_lock_bh(&nexus->ua_lock);
	if (nexus->ua_count && (!reset || scst_ua_is_reset(nexus->ua_queue[0])))
		ua = nexus->ua_queue[0];
	if (ua != SCST_SENSE_NONE && !keep) {
		WRITE_ONCE(nexus->ua_count, nexus->ua_count - 1);
		memmove(&nexus->ua_queue[0], &nexus->ua_queue[1],
			nexus->ua_count * sizeof(ua));
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
 * scst_ua_take() - dequeue the unit attention that is to be reported next
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
 * scst_ua_peek() - what an initiator has not been told yet
 * @nexus: its nexus
 * @more:  set if there is more than that
 *
 * Context: thread or atomic.
 * Return: the sense code that is to be reported next, or SCST_SENSE_NONE.
 */
scst_sense_t scst_ua_peek(struct scst_nexus *nexus, bool *more)
{
	scst_sense_t ua = scst_ua_first(nexus, false, true);

	*more = READ_ONCE(nexus->ua_count) + READ_ONCE(nexus->sess->luns_changed) > 1;
	return ua;
}

/**
 * scst_ua_restore() - what a command was to report has not reached the initiator
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
 * @resets: only one of a reset, of new microcode or of I_T nexus loss
 *
 * UA_INTLCK_CTRL of the control mode page may keep it pending until REQUEST SENSE.
 *
 * Context: thread or atomic.
 * Return: true if it ended; its status is set then.
 */
bool scst_ua_report(struct scst_cmd *cmd, bool resets)
{
	scst_sense_t sense =
		scst_ua_report_first(cmd, resets, READ_ONCE(cmd->dev->mode.ua_intlck));

	if (sense == SCST_SENSE_NONE)
		return false;
	scst_cmd_set_sense(cmd, sense);
	return true;
}

/* The unit attention condition in the sense data of a command, or SCST_SENSE_NONE */
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
 * scst_ua_spread() - a device has ended a command: does it tell of what concerns others?
 * @cmd: the command, with status and sense data of its device's own
 *
 * A device knows one initiator, the core. To its other initiators the core passes the
 * condition on, and to this one if the command is not answered.
 *
 * Context: thread or atomic.
 */
void scst_ua_spread(struct scst_cmd *cmd)
{
	scst_sense_t ua = scst_ua_in_sense(cmd);

	/* It may come by here once more, when an ACA condition has been cleared. */
	cmd->device_status = false;
	if (ua == SCST_SENSE_NONE)
		return;
	cmd->ua = ua;
	cmd->ua_taken = true;
	scst_ua_raise_device(cmd->dev, ua, cmd->nexus);
}

/**
 * scst_ua_interlock() - a command was not accepted: is the initiator to hear of it again?
 * @cmd: a command with a nexus, about to be answered
 *
 * UA_INTLCK_CTRL 11b, SPC-6 7.5.10.
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
 * scst_ua_luns_reported() - REPORT LUNS tells an initiator the news
 * @cmd: the command; if its answer does not arrive, they are news again
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
