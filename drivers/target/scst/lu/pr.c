// SPDX-License-Identifier: GPL-2.0
/*
 * Reservations: the access that they leave to the nexuses of a device.
 *
 * A command is checked against @access of its I_T_L nexus. @access is computed for all nexuses of
 * the device when reservations change, and for a new nexus when it is published. A command that
 * passed its check before a change counts as received before the change.
 */
#include <linux/slab.h>

#include "cmd/opcode.h"
#include "lu/lu.h"
#include "lu/pr.h"
#include "observe/observe.h"
#include "task/task.h"
#include "cmd/trace.h"

bool scst_pr_type_is_valid(u8 type)
{
	switch (type) {
	case SCST_PR_WE:
	case SCST_PR_EA:
	case SCST_PR_WE_RO:
	case SCST_PR_EA_RO:
	case SCST_PR_WE_AR:
	case SCST_PR_EA_AR:
		return true;
	default:
		return false;
	}
}

/**
 * scst_pr_holds() - check whether a registration holds the reservation
 * @pr:  the table
 * @reg: a registration in @pr
 *
 * Return: true if @reg holds the reservation; false also if there is no reservation.
 */
bool scst_pr_holds(const struct scst_pr *pr, const struct scst_pr_reg *reg)
{
	if (!pr->type || !reg->key)
		return false;
	return scst_pr_all_registrants(pr->type) || reg == &pr->regs[pr->holder];
}

/**
 * scst_pr_keys() - count the registrations
 * @pr: the table, or NULL
 *
 * Return: the number of registered I_T nexuses.
 */
unsigned int scst_pr_keys(const struct scst_pr *pr)
{
	const struct scst_pr_reg *reg;
	unsigned int keys = 0;

	for (reg = scst_pr_next(pr, NULL); reg; reg = scst_pr_next(pr, reg))
		keys++;
	return keys;
}

/**
 * scst_pr_find() - find the registration of an I_T nexus
 * @pr:   the table
 * @id:   its initiator port
 * @port: its relative target port identifier
 *
 * Return: the registration, or NULL. Its key is 0 if @pr ended it.
 */
struct scst_pr_reg *scst_pr_find(struct scst_pr *pr, const struct scst_transport_id *id, u16 port)
{
	struct scst_pr_reg *reg;

	for (reg = pr->regs; reg < pr->regs + pr->count; reg++)
		if (reg->port == port && scst_transport_id_equal(&reg->id, id))
			return reg;
	return NULL;
}

struct scst_pr_reg *scst_pr_find_nexus(struct scst_pr *pr, const struct scst_nexus *nexus)
{
	return scst_pr_find(pr, &nexus->sess->transport_id, nexus->sess->tgt->rel_tgt_id);
}

/**
 * scst_pr_add() - register an I_T nexus that is not registered
 * @pr:   the table, which has room
 * @id:   its initiator port
 * @port: its relative target port identifier
 * @key:  its reservation key
 *
 * Return: the registration; NULL, after a warning, if @pr has no room.
 */
struct scst_pr_reg *scst_pr_add(struct scst_pr *pr, const struct scst_transport_id *id, u16 port,
				u64 key)
{
	struct scst_pr_reg *reg = &pr->regs[pr->count];

	if (WARN_ON_ONCE(pr->count == pr->room))
		return NULL;
	pr->count++;
	reg->id = *id;
	reg->port = port;
	reg->ua = SCST_SENSE_NONE;
	reg->key = key;
	return reg;
}

/**
 * scst_pr_copy() - copy a table in order to change it
 * @old:  the table, or NULL for an empty copy
 * @more: number of registrations that may be added to the copy
 *
 * Context: process context.
 * Return: the copy, without registrations that have ended, or NULL if there is no memory.
 */
struct scst_pr *scst_pr_copy(const struct scst_pr *old, unsigned int more)
{
	unsigned int room = scst_pr_keys(old) + more;
	const struct scst_pr_reg *reg;
	struct scst_pr *pr;

	pr = kvzalloc(struct_size(pr, regs, room), GFP_KERNEL);
	if (!pr)
		return NULL;
	pr->room = room;
	if (!old)
		return pr;
	pr->generation = old->generation;
	pr->type = old->type;
	pr->aptpl = old->aptpl;
	pr->lost = old->lost;
	for (reg = scst_pr_next(old, NULL); reg; reg = scst_pr_next(old, reg)) {
		if (reg == &old->regs[old->holder])
			pr->holder = pr->count;
		scst_pr_add(pr, &reg->id, reg->port, reg->key);
	}
	return pr;
}

static struct scst_pr *scst_device_pr(struct scst_device *dev)
{
	return rcu_dereference_protected(dev->pr, lockdep_is_held(&dev->lock));
}

/* The access that a persistent reservation of type @type leaves to other nexuses */
static enum scst_access scst_pr_access_of_others(u8 type)
{
	switch (type) {
	case SCST_PR_WE:
	case SCST_PR_WE_RO:
	case SCST_PR_WE_AR:
		return SCST_ACCESS_READ;
	case SCST_PR_EA:
	case SCST_PR_EA_RO:
	case SCST_PR_EA_AR:
		return SCST_ACCESS_NONE;
	default:
		return SCST_ACCESS_ALL;
	}
}

static enum scst_access scst_pr_access(struct scst_pr *pr, const struct scst_nexus *nexus)
{
	const struct scst_pr_reg *reg;

	if (pr && pr->lost)
		return SCST_ACCESS_LOST;
	if (!pr || !pr->type)
		return SCST_ACCESS_ALL;
	reg = scst_pr_find_nexus(pr, nexus);
	if (reg && reg->key && (scst_pr_registrants_only(pr->type) || scst_pr_holds(pr, reg)))
		return SCST_ACCESS_ALL;
	return scst_pr_access_of_others(pr->type);
}

static void scst_nexus_set_access(struct scst_nexus *nexus)
{
	struct scst_device *dev = nexus->dev;
	enum scst_access access;

	lockdep_assert_held(&dev->lock);
	if (dev->reserved_by)
		access = dev->reserved_by == nexus ? SCST_ACCESS_ALL :
						     SCST_ACCESS_RESERVED;
	else
		access = scst_pr_access(scst_device_pr(dev), nexus);
	WRITE_ONCE(nexus->access, access);
}

/**
 * scst_reserve_join() - set the access of a new nexus
 * @nexus: the nexus
 *
 * Context: under its device's lock.
 */
void scst_reserve_join(struct scst_nexus *nexus)
{
	scst_nexus_set_access(nexus);
}

/**
 * scst_reserve_set() - reserve a device by RESERVE, or release it
 * @dev:   the device
 * @nexus: the nexus that holds the device from now on, or NULL
 *
 * Context: under the device's lock.
 */
void scst_reserve_set(struct scst_device *dev, struct scst_nexus *nexus)
{
	struct scst_nexus *each;

	lockdep_assert_held(&dev->lock);
	if (dev->reserved_by == nexus)
		return;
	dev->reserved_by = nexus;
	list_for_each_entry(each, &dev->nexuses, dev_entry)
		scst_nexus_set_access(each);
}

/**
 * scst_reserve_lost() - release a nexus's device if the nexus holds it by RESERVE
 * @nexus: the nexus
 *
 * Context: under its device's lock.
 */
void scst_reserve_lost(struct scst_nexus *nexus)
{
	if (nexus->dev->reserved_by == nexus)
		scst_reserve_set(nexus->dev, NULL);
}

/*
 * PREEMPT AND ABORT, SPC-5 5.14.11.2.6. The sender may have preempted itself. The preempted nexus
 * does not prevent the removal of the medium any more, SPC-3 6.13.
 */
static void scst_pr_abort(struct scst_nexus *nexus, const struct scst_cmd *by)
{
	const struct scst_cmd_filter filter = { .nexus = nexus, .except = by };
	bool own = by && nexus->sess == by->sess;

	scst_session_abort(nexus->sess, &filter, own ? SCST_ABORT_OWN : SCST_ABORT_OTHER,
			   by ? by->sess : NULL);
	__scst_aca_clear(nexus);
	__scst_medium_allow(nexus);
}

static void scst_pr_tell(struct scst_nexus *nexus, const struct scst_cmd *by,
			 struct scst_pr *pr, bool abort)
{
	const struct scst_pr_reg *reg = scst_pr_find_nexus(pr, nexus);

	scst_nexus_set_access(nexus);
	if (!reg)
		return;
	/* Commands that arrive later are checked against the new @access. */
	if (abort && !reg->key)
		scst_pr_abort(nexus, by);
	if (reg->ua != SCST_SENSE_NONE && (!by || nexus != by->nexus))
		scst_ua_raise(nexus, reg->ua);
}

/**
 * scst_pr_claim() - block RESERVE while a device's new table is made durable
 * @dev: the device
 *
 * RESERVE cannot reserve the device until scst_pr_publish() or scst_pr_unclaim().
 *
 * Context: the worker of the device's pr_wq.
 * Return: false if a nexus already holds the device by RESERVE.
 */
bool scst_pr_claim(struct scst_device *dev)
{
	bool claimed;

	spin_lock_bh(&dev->lock);
	claimed = !dev->reserved_by;
	dev->pr_claimed = claimed;
	spin_unlock_bh(&dev->lock);
	return claimed;
}

/**
 * scst_pr_unclaim() - undo scst_pr_claim() for a table that could not be made durable
 * @dev: the device
 *
 * Context: the worker of the device's pr_wq.
 */
void scst_pr_unclaim(struct scst_device *dev)
{
	spin_lock_bh(&dev->lock);
	dev->pr_claimed = false;
	spin_unlock_bh(&dev->lock);
}

static void __scst_pr_swap(struct scst_device *dev, struct scst_pr *pr)
{
	struct scst_pr *old = scst_device_pr(dev);

	rcu_assign_pointer(dev->pr, pr);
	if (old)
		kvfree_rcu(old, rcu);
}

static void __scst_pr_publish(struct scst_device *dev, const struct scst_cmd *by,
			      struct scst_pr *pr, bool abort)
{
	struct scst_nexus *nexus;

	__scst_pr_swap(dev, pr);
	dev->pr_claimed = false;
	list_for_each_entry(nexus, &dev->nexuses, dev_entry)
		scst_pr_tell(nexus, by, pr, abort);
}

/**
 * scst_pr_publish() - replace a device's table and notify the nexuses concerned
 * @dev:   the device
 * @by:    the command that changed the table, whose nexus is not notified; NULL if it was aborted
 * @pr:    the new table
 * @abort: abort the commands of nexuses whose registrations ended
 *
 * Context: process context, under the device's pr_lock.
 * Return: true; or false, with nothing changed, if a nexus holds the device by RESERVE. That is
 * impossible after scst_pr_claim().
 */
bool scst_pr_publish(struct scst_device *dev, const struct scst_cmd *by,
		     struct scst_pr *pr, bool abort)
{
	bool free;

	lockdep_assert_held(&dev->pr_lock);
	spin_lock_bh(&dev->lock);
	free = !dev->reserved_by;
	if (free)
		__scst_pr_publish(dev, by, pr, abort);
	spin_unlock_bh(&dev->lock);
	return free;
}

/**
 * scst_pr_replace() - replace a device's table without notifying any nexus
 * @dev: the device, which executes no commands
 * @pr:  the new table, or NULL
 *
 * Context: process context, under the device's pr_lock.
 */
void scst_pr_replace(struct scst_device *dev, struct scst_pr *pr)
{
	struct scst_nexus *nexus;

	lockdep_assert_held(&dev->pr_lock);
	spin_lock_bh(&dev->lock);
	__scst_pr_swap(dev, pr);
	list_for_each_entry(nexus, &dev->nexuses, dev_entry)
		scst_nexus_set_access(nexus);
	spin_unlock_bh(&dev->lock);
}

/**
 * scst_pr_exit() - free a device's persistent reservations
 * @dev: the device, which has no users any more
 */
void scst_pr_exit(struct scst_device *dev)
{
	kvfree(rcu_dereference_protected(dev->pr, true));
}

/* START STOP UNIT with START=1 and no power condition */
static bool scst_cmd_starts(const struct scst_cmd *cmd)
{
	return cmd->op->pr == SCST_PR_START && (cmd->cdb[4] & 0xf1) == 0x01;
}

/* SPC-5 5.14.5.3: commands that are allowed while reservation information is lost */
static bool scst_lost_allows(const struct scst_cmd *cmd)
{
	return (cmd->op->flags & SCST_OPF_ANY_STATE) || scst_cmd_starts(cmd) ||
	       scst_cmd_is(cmd, PERSISTENT_RESERVE_OUT, SCST_PR_REPLACE_LOST);
}

/*
 * Commands that a reservation of another nexus allows: SPC-5 table 71 and SBC-4 table 12; for
 * RESERVE, SPC-2 table 10
 */
static bool scst_access_allows(const struct scst_cmd *cmd, enum scst_access access)
{
	switch (cmd->op->pr) {
	case SCST_PR_ALLOW:
	case SCST_PR_OWN:
		return true;
	case SCST_PR_ALLOW_PERSISTENT:
		return access != SCST_ACCESS_RESERVED;
	case SCST_PR_READ:
		return access == SCST_ACCESS_READ;
	case SCST_PR_START:
		return scst_cmd_starts(cmd);
	case SCST_PR_PREVENT:
		return !(cmd->cdb[4] & 0x03);
	default:
		return false;
	}
}

/*
 * Whether a reservation of another nexus ends a command with RESERVATION CONFLICT. Commands that
 * check reservations themselves, such as PERSISTENT RESERVE OUT, pass here.
 */
static bool scst_access_forbids(const struct scst_cmd *cmd, enum scst_access access)
{
	return access != SCST_ACCESS_ALL && access != SCST_ACCESS_LOST &&
	       !scst_access_allows(cmd, access);
}

/**
 * scst_ua_or_conflict() - report a pending unit attention or a reservation conflict
 * @cmd: a command for which scst_ua_is_due()
 *
 * SAM-5 5.3.3: RESERVATION CONFLICT has precedence over unit attention conditions, except those
 * of a reset, of new microcode and of I_T nexus loss. Unit attention conditions stay pending when
 * a command ends with RESERVATION CONFLICT. So a preempted initiator port is notified by its next
 * command that the reservation allows.
 *
 * Context: thread or atomic.
 * Return: true if the command ended, with its status set. After false, reservations must still be
 * checked.
 */
bool scst_ua_or_conflict(struct scst_cmd *cmd)
{
	bool conflict = scst_access_forbids(cmd, READ_ONCE(cmd->nexus->access));

	if (scst_ua_report(cmd, conflict))
		return true;
	if (conflict)
		scst_cmd_set_conflict(cmd);
	return conflict;
}

/**
 * scst_reserve_conflict() - check a command against reservations
 * @cmd:    a decoded command with a nexus
 * @access: the access that reservations leave to the nexus, other than SCST_ACCESS_ALL
 *
 * Context: thread or atomic.
 * Return: true if the command is refused, with its status set.
 */
bool scst_reserve_conflict(struct scst_cmd *cmd, enum scst_access access)
{
	if (access == SCST_ACCESS_LOST) {
		if (scst_lost_allows(cmd))
			return false;
		scst_cmd_set_sense(cmd, SCST_SENSE_RESERVATIONS_LOST);
		return true;
	}
	if (!scst_access_forbids(cmd, access))
		return false;
	scst_cmd_set_conflict(cmd);
	return true;
}

/**
 * scst_cmd_set_conflict() - end a command with RESERVATION CONFLICT
 * @cmd: the command
 *
 * Context: thread or atomic.
 */
void scst_cmd_set_conflict(struct scst_cmd *cmd)
{
	cmd->status = SAM_STAT_RESERVATION_CONFLICT;
	trace_scst_reservation_conflict(cmd);
	scst_event_conflict(cmd);
}
