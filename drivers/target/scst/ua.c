// SPDX-License-Identifier: GPL-2.0
/*
 * Unit attentions: queued per I_T_L nexus, reported once.
 *
 * Each condition stands in a queue at most once, so a queue never overflows
 * and raising a condition never fails. REPORTED LUNS DATA HAS CHANGED belongs
 * to the whole I_T nexus: it is kept in the session, and the first logical
 * unit that is asked reports it.
 */
#include <linux/export.h>

#include "opcodes.h"
#include "scst_priv.h"
#include "trace.h"

static const scst_sense_t scst_ua_sense[SCST_UA_COUNT] = {
	[SCST_UA_POWER_ON]	   = SCST_SENSE(UNIT_ATTENTION, 0x29, 0x00),
	[SCST_UA_BUS_RESET]	   = SCST_SENSE(UNIT_ATTENTION, 0x29, 0x02),
	[SCST_UA_MICROCODE_CHANGED] = SCST_SENSE(UNIT_ATTENTION, 0x3f, 0x01),
	[SCST_UA_DEVICE_RESET]	   = SCST_SENSE(UNIT_ATTENTION, 0x29, 0x03),
	[SCST_UA_NEXUS_LOSS]	   = SCST_SENSE(UNIT_ATTENTION, 0x29, 0x07),
	[SCST_UA_RESERVATIONS_PREEMPTED] = SCST_SENSE(UNIT_ATTENTION, 0x2a, 0x03),
	[SCST_UA_RESERVATIONS_RELEASED] = SCST_SENSE(UNIT_ATTENTION, 0x2a, 0x04),
	[SCST_UA_REGISTRATIONS_PREEMPTED] = SCST_SENSE(UNIT_ATTENTION, 0x2a, 0x05),
	[SCST_UA_COMMANDS_CLEARED] = SCST_SENSE(UNIT_ATTENTION, 0x2f, 0x00),
	[SCST_UA_CAPACITY_CHANGED] = SCST_SENSE(UNIT_ATTENTION, 0x2a, 0x09),
	[SCST_UA_MODE_CHANGED]	   = SCST_SENSE(UNIT_ATTENTION, 0x2a, 0x01),
	[SCST_UA_MEDIUM_CHANGED]   = SCST_SENSE(UNIT_ATTENTION, 0x28, 0x00),
	[SCST_UA_INQUIRY_CHANGED]  = SCST_SENSE(UNIT_ATTENTION, 0x3f, 0x03),
	[SCST_UA_SOFT_THRESHOLD]   = SCST_SENSE(UNIT_ATTENTION, 0x38, 0x07),
	[SCST_UA_ACCESS_STATE_CHANGED] = SCST_SENSE(UNIT_ATTENTION, 0x2a, 0x06),
	[SCST_UA_PREVIOUS_BUSY]	   = SCST_SENSE(UNIT_ATTENTION, 0x2c, 0x07),
	[SCST_UA_PREVIOUS_FULL]	   = SCST_SENSE(UNIT_ATTENTION, 0x2c, 0x08),
	[SCST_UA_PREVIOUS_CONFLICT] = SCST_SENSE(UNIT_ATTENTION, 0x2c, 0x09),
	[SCST_UA_LUNS_CHANGED]	   = SCST_SENSE(UNIT_ATTENTION, 0x3f, 0x0e),
};

/* Up to here, a logical unit is not what it was: these come first. */
#define SCST_UA_LAST_RESET	SCST_UA_NEXUS_LOSS
#define SCST_UA_LAST		SCST_UA_LUNS_CHANGED

static bool scst_ua_is_reset(enum scst_ua ua)
{
	return ua <= SCST_UA_LAST_RESET;
}

static bool scst_ua_pending(const struct scst_nexus *nexus, enum scst_ua ua)
{
	lockdep_assert_held(&nexus->ua_lock);
	return memchr(nexus->ua_queue, ua, nexus->ua_count);
}

static void __scst_ua_insert(struct scst_nexus *nexus, unsigned int at,
			     enum scst_ua ua)
{
	lockdep_assert_held(&nexus->ua_lock);
	memmove(&nexus->ua_queue[at + 1], &nexus->ua_queue[at],
		nexus->ua_count - at);
	nexus->ua_queue[at] = ua;
	WRITE_ONCE(nexus->ua_count, nexus->ua_count + 1);
}

/* SAM-5 5.14: a reset condition outranks the others, which keep their order. */
static void __scst_ua_queue(struct scst_nexus *nexus, enum scst_ua ua)
{
	unsigned int at = nexus->ua_count;

	if (scst_ua_is_reset(ua)) {
		at = 0;
		while (at < nexus->ua_count && nexus->ua_queue[at] <= ua)
			at++;
	}
	__scst_ua_insert(nexus, at, ua);
}

/**
 * scst_ua_init - a new nexus has just been powered on
 * @nexus: the nexus
 */
void scst_ua_init(struct scst_nexus *nexus)
{
	spin_lock_init(&nexus->ua_lock);
	nexus->ua_queue[0] = SCST_UA_POWER_ON;
	nexus->ua_count = 1;
}

/**
 * scst_ua_replaced - a new nexus stands where there was another logical unit
 * @nexus: the nexus, not published yet
 * @face:  what was there
 *
 * To the initiator it is the same LUN with other INQUIRY data; if it really is
 * the same, it comes back as if powered on. No lock is needed as nobody else has @nexus:
 * a published one belongs to its commands, too.
 *
 * Context: process context, under scst_config_lock.
 */
void scst_ua_replaced(struct scst_nexus *nexus, const struct scst_lun_face *face)
{
	struct scst_lun_face now;

	lockdep_assert(list_empty(&nexus->dev_entry));
	scst_device_face(nexus->dev, &now);
	if (!memcmp(now.naa_id, face->naa_id, sizeof(now.naa_id)))
		return;
	nexus->ua_count = 0;
	if (now.nblocks != face->nblocks || now.block_shift != face->block_shift)
		nexus->ua_queue[nexus->ua_count++] = SCST_UA_CAPACITY_CHANGED;
	nexus->ua_queue[nexus->ua_count++] = SCST_UA_INQUIRY_CHANGED;
}

/**
 * scst_ua_trace - a nexus is there, with the unit attentions that it begins with
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
				    scst_ua_sense[READ_ONCE(nexus->ua_queue[i])]);
}

/* A condition is new. Transports that can tell the initiator at once do, SAM-2 5.7.4. */
static void scst_ua_tell(struct scst_session *sess, u32 lun, enum scst_ua ua)
{
	const struct scst_target_ops *ops = sess->tgt->ops;

	trace_scst_ua_raise(sess, lun, scst_ua_sense[ua]);
	if (ops->async_event)
		ops->async_event(sess, lun, scst_ua_sense[ua]);
}

/**
 * scst_ua_raise - establish a unit attention condition
 * @nexus: where
 * @ua:    which
 *
 * An initiator that is still to hear of POWER ON takes nothing for granted then:
 * it need not hear of more.
 *
 * Context: thread or atomic.
 */
void scst_ua_raise(struct scst_nexus *nexus, enum scst_ua ua)
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
 * scst_ua_raise_luns - REPORTED LUNS DATA HAS CHANGED, for an I_T nexus as a whole
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
 * __scst_ua_raise_device - establish a unit attention condition for all of a
 *	device's nexuses
 * @dev:    the device
 * @ua:     which
 * @except: a nexus that knows already, or NULL
 *
 * Context: under its lock.
 */
void __scst_ua_raise_device(struct scst_device *dev, enum scst_ua ua,
			    const struct scst_nexus *except)
{
	struct scst_nexus *nexus;

	lockdep_assert_held(&dev->lock);
	list_for_each_entry(nexus, &dev->nexuses, dev_entry)
		if (nexus != except)
			scst_ua_raise(nexus, ua);
}

/**
 * scst_ua_raise_device - establish a unit attention condition for all of a
 *	device's nexuses
 * @dev:    the device
 * @ua:     which
 * @except: a nexus that knows already, or NULL
 *
 * Context: thread or atomic.
 */
void scst_ua_raise_device(struct scst_device *dev, enum scst_ua ua,
			  const struct scst_nexus *except)
{
	spin_lock_bh(&dev->lock);
	__scst_ua_raise_device(dev, ua, except);
	spin_unlock_bh(&dev->lock);
}

/**
 * scst_device_attention - tell all initiators of a device what has come to pass there
 * @dev:  the device
 * @what: see enum scst_attention
 *
 * Context: thread or softirq.
 */
void scst_device_attention(struct scst_device *dev, enum scst_attention what)
{
	static const u8 uas[] = {
		[SCST_ATTENTION_MICROCODE]	= SCST_UA_MICROCODE_CHANGED,
		[SCST_ATTENTION_SOFT_THRESHOLD] = SCST_UA_SOFT_THRESHOLD,
		[SCST_ATTENTION_ACCESS_STATE]	= SCST_UA_ACCESS_STATE_CHANGED,
	};

	scst_ua_raise_device(dev, uas[what], NULL);
}
EXPORT_SYMBOL_GPL(scst_device_attention);

/* The first, if it is one up to @last; SCST_UA_COUNT: it is not. */
static enum scst_ua scst_ua_dequeue(struct scst_nexus *nexus, enum scst_ua last,
				    bool keep)
{
	enum scst_ua ua = SCST_UA_COUNT;

	spin_lock_bh(&nexus->ua_lock);
	if (nexus->ua_count && nexus->ua_queue[0] <= last)
		ua = nexus->ua_queue[0];
	if (ua != SCST_UA_COUNT && !keep) {
		WRITE_ONCE(nexus->ua_count, nexus->ua_count - 1);
		memmove(&nexus->ua_queue[0], &nexus->ua_queue[1],
			nexus->ua_count);
	}
	spin_unlock_bh(&nexus->ua_lock);
	return ua;
}

static enum scst_ua scst_ua_first(struct scst_nexus *nexus, enum scst_ua last,
				  bool keep)
{
	enum scst_ua ua = scst_ua_dequeue(nexus, last, keep);
	bool *luns = &nexus->sess->luns_changed;

	if (ua != SCST_UA_COUNT || last < SCST_UA_LUNS_CHANGED)
		return ua;
	return (keep ? READ_ONCE(*luns) : xchg(luns, false)) ? SCST_UA_LUNS_CHANGED : ua;
}

static scst_sense_t scst_ua_report_first(struct scst_cmd *cmd, enum scst_ua last,
					 bool keep)
{
	enum scst_ua ua = scst_ua_first(cmd->nexus, last, keep);

	if (ua == SCST_UA_COUNT)
		return SCST_SENSE_NONE;
	cmd->ua = ua;
	cmd->ua_taken = !keep;
	trace_scst_ua_report(cmd, scst_ua_sense[ua], keep);
	return scst_ua_sense[ua];
}

/**
 * scst_ua_take - dequeue the unit attention that is to be reported next
 * @cmd: the command that reports it
 *
 * Context: thread or atomic.
 * Return: its sense code, or SCST_SENSE_NONE.
 */
scst_sense_t scst_ua_take(struct scst_cmd *cmd)
{
	return scst_ua_report_first(cmd, SCST_UA_LAST, false);
}

/**
 * scst_ua_peek - what an initiator has not been told yet
 * @nexus: its nexus
 * @more:  set if there is more than that
 *
 * Context: thread or atomic.
 * Return: the sense code that is to be reported next, or SCST_SENSE_NONE.
 */
scst_sense_t scst_ua_peek(struct scst_nexus *nexus, bool *more)
{
	enum scst_ua ua = scst_ua_first(nexus, SCST_UA_LAST, true);

	*more = READ_ONCE(nexus->ua_count) + READ_ONCE(nexus->sess->luns_changed) > 1;
	return ua == SCST_UA_COUNT ? SCST_SENSE_NONE : scst_ua_sense[ua];
}

/**
 * scst_ua_restore - what a command was to report has not reached the initiator
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
		trace_scst_ua_raise(cmd->sess, 0, scst_ua_sense[SCST_UA_LUNS_CHANGED]);
	} else {
		scst_ua_raise(cmd->nexus, cmd->ua);
	}
}

static bool scst_ua_is_due(const struct scst_cmd *cmd)
{
	if (likely(!READ_ONCE(cmd->nexus->ua_count) &&
		   !READ_ONCE(cmd->sess->luns_changed)))
		return false;
	return !(cmd->op->flags & SCST_OPF_SKIP_UA);
}

/* Apart from its callers, so that commands without one save no registers. */
static noinline bool scst_ua_report_up_to(struct scst_cmd *cmd, enum scst_ua last)
{
	scst_sense_t sense =
		scst_ua_report_first(cmd, last, READ_ONCE(cmd->dev->mode.ua_intlck));

	if (sense == SCST_SENSE_NONE)
		return false;
	scst_cmd_set_sense(cmd, sense);
	return true;
}

/**
 * scst_ua_report - end a command with a pending unit attention, if there is one
 * @cmd: a decoded command with a nexus
 *
 * UA_INTLCK_CTRL of the control mode page may keep it pending until REQUEST SENSE.
 *
 * Context: thread or atomic.
 * Return: true if it ended; its status is set then.
 */
bool scst_ua_report(struct scst_cmd *cmd)
{
	return scst_ua_is_due(cmd) && scst_ua_report_up_to(cmd, SCST_UA_LAST);
}

/**
 * scst_ua_or_conflict - the same, for a command that a reservation may forbid
 * @cmd: a decoded command with a nexus
 *
 * SAM-5 5.3.3: RESERVATION CONFLICT outranks unit attention conditions, unless they are of
 * a reset, of new microcode or of I_T nexus loss. A command that ends with it leaves them
 * pending: who was preempted is told so by the next command that is allowed.
 *
 * Context: thread or atomic.
 * Return: true if it ended; its status is set then. False says nothing of reservations.
 */
bool scst_ua_or_conflict(struct scst_cmd *cmd)
{
	bool conflict;

	if (!scst_ua_is_due(cmd))
		return false;
	conflict = scst_reserve_forbids(cmd);
	if (scst_ua_report_up_to(cmd, conflict ? SCST_UA_LAST_RESET : SCST_UA_LAST))
		return true;
	if (conflict)
		scst_cmd_set_conflict(cmd);
	return conflict;
}

/**
 * scst_ua_interlock - a command was not accepted: is the initiator to hear of it again?
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
 * scst_ua_luns_reported - REPORT LUNS tells an initiator the news
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
	trace_scst_ua_report(cmd, scst_ua_sense[SCST_UA_LUNS_CHANGED], false);
}
