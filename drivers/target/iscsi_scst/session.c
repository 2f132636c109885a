// SPDX-License-Identifier: GPL-2.0
/*
 * Sessions: created at the end of a log-in, reinstated by the initiator's next one, and seen by
 * the core. teardown.c unregisters them.
 */
#include <linux/idr.h>
#include <linux/inet.h>
#include <linux/jiffies.h>
#include <linux/lockdep.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "iscst.h"

/*
 * How long a log-in waits for the session that it reinstates to leave its target. That takes no
 * longer than the core allows its commands, even if a backend does not return them.
 */
#define ISCST_REINSTATE_TIMEOUT	(10 * HZ)

/*
 * The initiator may know from one PDU that is partly sent that there is room for one more
 * command.
 */
#define ISCST_SPARE_SLOTS	2

#define ISCST_DISCOVERY_DEPTH	8

/* Target session identifying handles: unique across targets */
static DEFINE_IDA(iscst_tsihs);

static void iscst_slot_init(struct iscst_session *session, unsigned int slot)
{
	struct iscst_cmd *cmd = &session->cmds[slot];

	cmd->conn = session->conn;
	cmd->slot = slot;
	cmd->ready.kind = ISCST_TX_READY;
	cmd->response.kind = ISCST_TX_RESPONSE;
	list_add_tail(&cmd->entry, &session->idle);
}

static int iscst_session_alloc_slots(struct iscst_session *session)
{
	unsigned int i, count = session->depth + ISCST_SPARE_SLOTS;

	if (!session->target)
		return 0;
	session->cmds = kvcalloc(count, sizeof(*session->cmds), GFP_KERNEL);
	if (!session->cmds)
		return -ENOMEM;
	session->nr_cmds = count;
	for (i = 0; i < count; i++)
		iscst_slot_init(session, i);
	return 0;
}

/**
 * iscst_session_free() - free a session
 * @session: the session, unlisted
 *
 * Slots that were released with the session still have their allocations.
 */
void iscst_session_free(struct iscst_session *session)
{
	iscst_cmd_reclaim(session);
	if (session->tsih)
		ida_free(&iscst_tsihs, session->tsih);
	kvfree(session->cmds);
	kfree_sensitive(session->proven);
	kfree(session);
}

static struct iscst_session *iscst_session_alloc(struct iscst_conn *conn)
{
	struct iscst_session *session = kzalloc_obj(*session);
	int tsih;

	if (!session)
		return NULL;
	session->conn = conn;
	session->target = conn->target;
	session->depth = conn->target ? READ_ONCE(conn->target->queue_depth) :
					ISCST_DISCOVERY_DEPTH;
	strscpy(session->initiator, conn->login->initiator, sizeof(session->initiator));
	strscpy(session->target_name, conn->target ? scst_target_name(conn->target->tgt) : "",
		sizeof(session->target_name));
	memcpy(session->isid, conn->login->isid, sizeof(session->isid));
	INIT_LIST_HEAD(&session->entry);
	INIT_LIST_HEAD(&session->idle);
	init_llist_head(&session->released);
	tsih = ida_alloc_range(&iscst_tsihs, 1, U16_MAX, GFP_KERNEL);
	if (tsih < 0 || iscst_session_alloc_slots(session)) {
		session->tsih = max(tsih, 0);
		iscst_session_free(session);
		return NULL;
	}
	session->tsih = tsih;
	swap(session->proven, conn->login->proven);
	return session;
}

static struct iscst_session *__iscst_session_find(const struct iscst_session *session)
{
	struct iscst_session *other;

	lockdep_assert_held(&iscst_lock);
	list_for_each_entry(other, &session->target->sessions, entry)
		if (!memcmp(other->isid, session->isid, sizeof(session->isid)) &&
		    !strcmp(other->initiator, session->initiator))
			return other;
	return NULL;
}

static u16 __iscst_session_enter(struct iscst_session *session)
{
	struct iscst_target *target = session->target;

	if (list_empty(&target->entry) || test_bit(ISCST_CONN_CLOSING, &session->conn->flags))
		return ISCST_LOGIN_TARGET_ERR(ISCSI_LOGIN_STATUS_SVC_UNAVAILABLE);
	if (target->session_count >= ISCST_MAX_SESSIONS) {
		iscst_conn_set_reason(session->conn, ISCST_REASON_TOO_MANY_SESSIONS);
		return ISCST_LOGIN_TARGET_ERR(ISCSI_LOGIN_STATUS_NO_RESOURCES);
	}
	list_add_tail(&session->entry, &target->sessions);
	target->session_count++;
	return 0;
}

/**
 * struct iscst_entry - a session that is to be listed at its target
 * @session:	the session
 * @status:	the result: 0, or Status-Class and Status-Detail
 */
struct iscst_entry {
	struct iscst_session *session;
	u16 status;
};

/*
 * RFC 7143 6.3.5: a log-in with the identifiers of an existing session reinstates it. The
 * connection of the existing session is closed first.
 * Returns whether the outcome is settled: the session is listed, or never will be.
 */
static bool iscst_session_try_enter(void *arg)
{
	struct iscst_entry *entry = arg;
	struct iscst_session *session = entry->session;
	struct iscst_session *other;

	mutex_lock(&iscst_lock);
	other = __iscst_session_find(session);
	if (other)
		iscst_conn_close(other->conn, ISCST_REASON_REPLACED);
	if (!other || test_bit(ISCST_CONN_CLOSING, &session->conn->flags)) {
		entry->status = __iscst_session_enter(session);
		other = NULL;
	}
	mutex_unlock(&iscst_lock);
	return !other;
}

static void iscst_session_unlist(struct iscst_session *session)
{
	mutex_lock(&iscst_lock);
	list_del_init(&session->entry);
	session->target->session_count--;
	mutex_unlock(&iscst_lock);
	wake_up_all(&iscst_waitq);
}

static u16 iscst_session_enter(struct iscst_session *session)
{
	struct iscst_entry entry = {
		.session = session,
		.status = ISCST_LOGIN_TARGET_ERR(ISCSI_LOGIN_STATUS_NO_RESOURCES),
	};

	if (!iscst_wait(iscst_session_try_enter, &entry, ISCST_REINSTATE_TIMEOUT))
		iscst_conn_set_reason(session->conn, ISCST_REASON_REINSTATEMENT);
	return entry.status;
}

static u16 iscst_session_register(struct iscst_session *session)
{
	struct scst_session *sess;
	u16 status = iscst_session_enter(session);

	if (status)
		return status;
	sess = scst_session_register(session->target->tgt, session->initiator, session);
	if (!IS_ERR(sess)) {
		session->sess = sess;
		return 0;
	}
	iscst_session_unlist(session);
	return PTR_ERR(sess) == -ENOMEM ? ISCST_LOGIN_TARGET_ERR(ISCSI_LOGIN_STATUS_NO_RESOURCES) :
	       ISCST_LOGIN_TARGET_ERR(ISCSI_LOGIN_STATUS_SVC_UNAVAILABLE);
}

/**
 * iscst_session_open() - create the session of a log-in
 * @conn: the connection
 *
 * Context: slow_work; waits for a session that is reinstated.
 * Return: 0, or Status-Class and Status-Detail.
 */
u16 iscst_session_open(struct iscst_conn *conn)
{
	struct iscst_session *session = iscst_session_alloc(conn);
	u16 status = 0;

	if (!session)
		return ISCST_LOGIN_TARGET_ERR(ISCSI_LOGIN_STATUS_NO_RESOURCES);
	if (session->target)
		status = iscst_session_register(session);
	if (status) {
		iscst_session_free(session);
		return status;
	}
	mutex_lock(&iscst_lock);
	WRITE_ONCE(conn->session, session);
	mutex_unlock(&iscst_lock);
	if (session->target)
		iscst_conn_established(conn);
	return 0;
}

/**
 * iscst_session_left() - allow the initiator to log in again
 * @sess: the I_T nexus, whose commands the core does not answer any more
 *
 * Its name and ISID, and its share of the target's sessions, are free. Its memory stays as
 * long as a backend has one of its commands.
 *
 * Context: process context; takes iscst_lock.
 */
void iscst_session_left(struct scst_session *sess)
{
	iscst_session_unlist(scst_session_priv(sess));
}

/**
 * iscst_transport_id() - the initiator port's TransportID, SPC-5 7.6.4.6
 * @sess: the I_T nexus
 * @id:   the result, zeroed
 *
 * Format 01b has the name and the ISID: "NAME,i,0xISID".
 *
 * Context: process context.
 * Return: bytes.
 */
unsigned int iscst_transport_id(struct scst_session *sess, u8 *id)
{
	struct iscst_session *session = scst_session_priv(sess);
	unsigned int len;

	len = scnprintf(id + 4, 252, "%s,i,0x%6phN", session->initiator, session->isid);
	len = round_up(len + 1, 4);
	id[0] = 0x40 | SCSI_PROTOCOL_ISCSI;
	put_unaligned_be16(max(len, 20U), id + 2);
	return 4 + max(len, 20U);
}

/**
 * iscst_address() - the address of an initiator
 * @sess:    the I_T nexus
 * @address: the result
 *
 * Context: process context.
 */
void iscst_address(struct scst_session *sess, char *address)
{
	struct iscst_session *session = scst_session_priv(sess);

	scnprintf(address, SCST_ADDRESS_LEN, "%pISpc", &session->conn->peer);
}

/**
 * iscst_disconnect() - ask an initiator to log out, for the administrator
 * @sess: the I_T nexus, whose directory is open
 *
 * Context: process context; takes iscst_lock.
 */
void iscst_disconnect(struct scst_session *sess)
{
	struct iscst_session *session = scst_session_priv(sess);

	mutex_lock(&iscst_lock);
	iscst_conn_ask_logout(session->conn);
	mutex_unlock(&iscst_lock);
}

/**
 * iscst_async_event() - let an initiator know of a unit attention condition
 * @sess:  the I_T nexus
 * @lun:   the logical unit
 * @sense: the condition
 *
 * Context: thread or atomic, perhaps under the core's spinlocks.
 */
void iscst_async_event(struct scst_session *sess, u32 lun, scst_sense_t sense)
{
	struct iscst_session *session = scst_session_priv(sess);
	const struct iscst_scsi_event event = { .lun = lun, .sense = sense };
	struct iscst_conn *conn = session->conn;

	kfifo_in_spinlocked(&conn->scsi_events, &event, 1, &conn->scsi_events_lock);
	iscst_conn_kick(conn);
}
