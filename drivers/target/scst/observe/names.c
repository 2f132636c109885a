// SPDX-License-Identifier: GPL-2.0
/*
 * Names of objects, and the words for their states, wherever they are shown.
 */
#include <linux/ctype.h>
#include <linux/rcupdate.h>
#include <linux/string.h>

#include "observe/observe.h"

#define SCST_NAME_LEN	SCST_PORT_NAME_LEN

/**
 * scst_name_trouble() - why a device or target cannot have a name
 * @name: the name
 *
 * Names go into uevents, INQUIRY data and scripts: no white space, nothing
 * that is not printable ASCII.
 *
 * Return: why, or NULL: it can.
 */
const char *scst_name_trouble(const char *name)
{
	size_t len = strlen(name);
	size_t i;

	static_assert(SCST_NAME_LEN == 223 + 1);
	if (len >= SCST_NAME_LEN)
		return "the name has more than 223 characters";
	for (i = 0; i < len; i++)
		if (!isascii(name[i]) || !isgraph(name[i]))
			return "the name has blanks, or what is not printable ASCII";
	return NULL;
}

/**
 * scst_name_check() - refuse a name that a device or target cannot have
 * @name: the name
 * @err:  of the directory that it is to be in
 *
 * Return: 0 or -EINVAL.
 */
int scst_name_check(const char *name, struct scst_error *err)
{
	const char *trouble = scst_name_trouble(name);

	if (!trouble)
		return 0;
	scst_error_set(err, "%s: %s", name, trouble);
	return -EINVAL;
}

/**
 * scst_device_state_name() - a device's state as configfs shows it
 * @dev: the device
 *
 * Context: any.
 * Return: the word.
 */
const char *scst_device_state_name(const struct scst_device *dev)
{
	static const char *const names[] = {
		[SCST_DEV_IDLE]	    = "idle",
		[SCST_DEV_WAITING]  = "waiting",
		[SCST_DEV_ACTIVE]   = "active",
		[SCST_DEV_DRAINING] = "draining",
		[SCST_DEV_FAILED]   = "failed",
	};

	return names[READ_ONCE(dev->state)];
}

/**
 * scst_target_state_name() - a target's state as it is shown
 * @tgt: the target
 *
 * Context: any.
 * Return: the word.
 */
const char *scst_target_state_name(const struct scst_target *tgt)
{
	if (READ_ONCE(tgt->enabled))
		return "active";
	return READ_ONCE(tgt->session_count) ? "draining" : "idle";
}

/**
 * scst_session_state_name() - a session's state as it is shown
 * @sess: the session
 *
 * Context: any.
 * Return: the word.
 */
const char *scst_session_state_name(const struct scst_session *sess)
{
	return READ_ONCE(sess->map) ? "active" : "closing";
}

/**
 * scst_session_name_len() - how much of an initiator port's name is shown
 * @sess: the session
 *
 * Show it with %pE: an initiator chooses its name, and must not break the line
 * that it stands on. Its length is limited because a uevent's is.
 *
 * Context: any.
 * Return: bytes.
 */
int scst_session_name_len(const struct scst_session *sess)
{
	return strnlen(sess->initiator, SCST_PORT_NAME_LEN - 1);
}

/**
 * scst_group_name() - a group's name
 * @grp: the group
 *
 * Return: the name of its directory.
 */
const char *scst_group_name(const struct scst_group *grp)
{
	return grp->group.cg_item.ci_name;
}

/**
 * scst_session_count_luns() - how many LUNs a session sees
 * @sess: the session
 *
 * Context: any but hard interrupts.
 * Return: their number.
 */
unsigned int scst_session_count_luns(struct scst_session *sess)
{
	struct scst_nexus *nexus;
	unsigned long index;
	unsigned int luns = 0;

	rcu_read_lock();
	xa_for_each(&sess->nexuses, index, nexus)
		luns++;
	rcu_read_unlock();
	return luns;
}
