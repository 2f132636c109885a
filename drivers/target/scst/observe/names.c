// SPDX-License-Identifier: GPL-2.0
/*
 * Names of objects, and names of their states for configfs, sysfs and uevents.
 */
#include <linux/ctype.h>
#include <linux/rcupdate.h>
#include <linux/string.h>

#include "observe/observe.h"

#define SCST_NAME_LEN	SCST_PORT_NAME_LEN

/**
 * scst_name_trouble() - check a name of a device or target
 * @name: the name
 *
 * Names go into uevents, INQUIRY data and scripts, so only printable ASCII without white space is
 * allowed.
 *
 * Return: NULL, or the reason why the name is not allowed.
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
			return "the name has blanks or characters that are not printable ASCII";
	return NULL;
}

/**
 * scst_name_check() - check a name of a device or target, and set last_error
 * @name: the name
 * @err:  last_error of the parent directory
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
 * scst_device_state_name() - the name of a device's state
 * @dev: the device
 *
 * Context: any.
 * Return: the name.
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
 * scst_target_state_name() - the name of a target's state
 * @tgt: the target
 *
 * Context: any.
 * Return: the name.
 */
const char *scst_target_state_name(const struct scst_target *tgt)
{
	if (READ_ONCE(tgt->enabled))
		return "active";
	return READ_ONCE(tgt->session_count) ? "draining" : "idle";
}

/**
 * scst_session_state_name() - the name of a session's state
 * @sess: the session
 *
 * Context: any.
 * Return: the name.
 */
const char *scst_session_state_name(const struct scst_session *sess)
{
	return READ_ONCE(sess->map) ? "active" : "closing";
}

/**
 * scst_session_name_len() - the length of the part of an initiator port's name that is shown
 * @sess: the session
 *
 * The caller prints the name with %pE: an initiator chooses its name, and the name must not break
 * the line. The length is limited because the length of a uevent is limited.
 *
 * Context: any.
 * Return: bytes.
 */
int scst_session_name_len(const struct scst_session *sess)
{
	return strnlen(sess->initiator, SCST_PORT_NAME_LEN - 1);
}

/**
 * scst_group_name() - the name of a group
 * @grp: the group
 *
 * Return: the name of its directory.
 */
const char *scst_group_name(const struct scst_group *grp)
{
	return grp->group.cg_item.ci_name;
}

/**
 * scst_session_count_luns() - count the LUNs that a session sees
 * @sess: the session
 *
 * Context: any but hard interrupts.
 * Return: the number of LUNs.
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
