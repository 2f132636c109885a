/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Target drivers: how a transport plugs into the core.
 *
 * A target driver moves bytes. It registers one const table, is notified of
 * the targets that the administrator makes, registers an I_T nexus for every
 * initiator port that logs in and submits the commands that arrive on it.
 */
#ifndef _SCST_TARGET_H
#define _SCST_TARGET_H

#include <linux/configfs.h>
#include <linux/ctype.h>
#include <linux/types.h>
#include <linux/workqueue.h>
#include <scst/cmd.h>

struct scst_session;
struct scst_target;
struct scst_tmf;

/* Longest initiator or target port name: an iSCSI name, RFC 7143 4.2.7.1 */
#define SCST_PORT_NAME_LEN	224

/* Most bytes that ops->address() may write, with the NUL */
#define SCST_ADDRESS_LEN	128

/**
 * enum scst_event - change of a LUN that a session sees
 * @SCST_EVENT_LUN_ADDED:	it appeared
 * @SCST_EVENT_LUN_REMOVED:	it went away
 * @SCST_EVENT_LUN_CHANGED:	its capacity or readiness changed
 */
enum scst_event {
	SCST_EVENT_LUN_ADDED,
	SCST_EVENT_LUN_REMOVED,
	SCST_EVENT_LUN_CHANGED,
};

/**
 * struct scst_target_ops - a target driver
 * @name:		the directory under targets/; its module has the alias
 *			"scst-target-<name>"
 * @owner:		THIS_MODULE
 * @protocol_id:	PROTOCOL IDENTIFIER, SPC-6 7.6.1
 * @unique_tags:	the tags of a session's commands never repeat: else the core
 *			looks for overlapped commands
 * @reports_overflow:	responses tell the initiator of data that it had not announced:
 *			see scst_cmd_residual()
 * @folds_names:	names of initiator and target ports that differ only in the case
 *			of ASCII letters are the same: see scst_name_fold(). A
 *			session's name is folded by the core.
 * @target_priv_size:	bytes behind scst_target_priv()
 * @attrs:		the driver's own attributes of a target, or NULL
 * @session_attrs:	the driver's own attributes of a session, or NULL; read-only
 * @create:		optional; mkdir: check the name, set defaults, add default
 *			groups to @group. Process context under the
 *			configuration lock. Returns 0 or an errno, with
 *			scst_target_set_error() having said why.
 * @destroy:		optional; the target is about to be freed; all its
 *			sessions are gone. Undoes a @create that succeeded. Process
 *			context.
 * @enable:		optional; let initiators in: scst_session_register() works already.
 *			Process context without the core's configuration lock, never at
 *			once with @disable. Returns 0 or an errno.
 * @disable:		end all sessions, with scst_session_unregister(), and let no
 *			initiator in any more: scst_session_register() fails already. Then
 *			the core waits for the sessions to leave, as long as makes sense.
 *			Process context without locks; may wait, for scst_target_drain_ms()
 *			or work of its own, but not for a backend. Optional for a driver
 *			with @disconnect: the core calls that for each session.
 * @receive_data:	optional; fetch cmd->data_len bytes of Data-Out into
 *			cmd->sg, then call scst_cmd_data_ready(). Not sleeping.
 *			A driver whose commands come with their data has none.
 * @aborted:		optional; @cmd was aborted. If its Data-Out is awaited, that
 *			need not come any more: scst_cmd_data_ready() is to be called
 *			soon. Not sleeping, under spinlocks: only note it.
 * @send_response:	deliver cmd->data_len bytes of cmd->sg if cmd->dir is
 *			SCST_DIR_IN, then status and sense, then call
 *			scst_cmd_sent(), once. Not sleeping, and perhaps before
 *			scst_cmd_submit() has returned, as @receive_data and @release.
 * @release:		mandatory for drivers that call scst_cmd_init(): the core is done with
 *			a command that it set up, answered or not, and its memory is the
 *			driver's again. Not sleeping. The command's flags
 *			are still valid: scst_cmd_aborted() tells whether an
 *			answer was withheld.
 * @tmf_done:		a task management function ended with tmf->response;
 *			@tmf is the driver's again. Process context.
 * @session_left:	optional; after scst_session_unregister(): @sess has left its target, so
 *			the initiator port may log in again, and the target be enabled or
 *			removed. Commands that their backends hold may keep it for long.
 *			Process context.
 * @transport_id:	optional; write @sess's TransportID, SPC-5 7.6.4, into at most
 *			256 zeroed bytes and return its length: always the same
 *			bytes for the same initiator port. Process context.
 * @address:		optional; where @sess comes from, as text for a person, into
 *			SCST_ADDRESS_LEN bytes. Process context.
 * @disconnect:		optional; the administrator wants @sess to end: see to it,
 *			and do not wait for it here. The initiator may log in
 *			again. Process context.
 * @event:		optional; something happened to @lun of @sess, perhaps before
 *			scst_session_register() has returned it. Process context
 *			under the configuration lock: only note it.
 * @async_event:	optional, for transports that have asynchronous events: @sense,
 *			a unit attention condition, was established for @lun. The
 *			initiator gets it as a unit attention, too. Not sleeping, maybe
 *			under spinlocks: only note it.
 */
struct scst_target_ops {
	const char *name;
	struct module *owner;
	u8 protocol_id;
	bool unique_tags;
	bool reports_overflow;
	bool folds_names;
	size_t target_priv_size;
	struct configfs_attribute *const *attrs;
	struct configfs_attribute *const *session_attrs;

	int (*create)(struct scst_target *tgt, struct config_group *group);
	void (*destroy)(struct scst_target *tgt);
	int (*enable)(struct scst_target *tgt);
	void (*disable)(struct scst_target *tgt);

	void (*receive_data)(struct scst_cmd *cmd);
	void (*aborted)(struct scst_cmd *cmd);
	void (*send_response)(struct scst_cmd *cmd);
	void (*release)(struct scst_cmd *cmd);
	void (*tmf_done)(struct scst_tmf *tmf);
	void (*session_left)(struct scst_session *sess);
	unsigned int (*transport_id)(struct scst_session *sess, u8 *id);
	void (*address)(struct scst_session *sess, char *address);
	void (*disconnect)(struct scst_session *sess);
	void (*event)(struct scst_session *sess, enum scst_event event, u32 lun);
	void (*async_event)(struct scst_session *sess, u32 lun, scst_sense_t sense);
};

/**
 * scst_name_fold() - fold the case of a name
 * @name: the name, changed in place; need not end with a NUL
 * @len:  bytes
 *
 * ASCII letters become lower case. All other bytes stay: they may be parts of UTF-8
 * characters, which tolower() would tear apart.
 *
 * Context: any.
 */
static inline void scst_name_fold(char *name, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		if (isascii(name[i]))
			name[i] = tolower(name[i]);
}

int scst_target_driver_register(const struct scst_target_ops *ops);
void scst_target_driver_unregister(const struct scst_target_ops *ops);

void *scst_target_priv(struct scst_target *tgt);
const char *scst_target_name(const struct scst_target *tgt);
bool scst_target_enabled(const struct scst_target *tgt);
unsigned int scst_target_drain_ms(const struct scst_target *tgt);
struct scst_target *scst_target_from_item(struct config_item *item);
bool scst_target_shows(struct scst_target *tgt, const char *initiator);
__printf(2, 3)
void scst_target_set_error(struct scst_target *tgt, const char *fmt, ...);
int scst_target_op_end(struct scst_target *tgt, const char *what, int ret);

__printf(4, 5)
void scst_target_tell_failure(struct scst_target *tgt, const char *initiator,
			      const char *reason, const char *fmt, ...);

struct scst_session *scst_session_register(struct scst_target *tgt,
					   const char *initiator, void *priv);
void scst_session_unregister(struct scst_session *sess, void (*gone)(void *priv));
void *scst_session_priv(const struct scst_session *sess);
struct scst_session *scst_session_from_item(struct config_item *item);
struct scst_target *scst_session_target(const struct scst_session *sess);
unsigned long scst_session_next_lun(struct scst_session *sess, unsigned long lun);

/**
 * enum scst_tmf_fn - task management functions, SAM-5 7.1
 * @SCST_TMF_ABORT_TASK:	ABORT TASK
 * @SCST_TMF_ABORT_TASK_SET:	ABORT TASK SET
 * @SCST_TMF_CLEAR_TASK_SET:	CLEAR TASK SET
 * @SCST_TMF_CLEAR_ACA:		CLEAR ACA
 * @SCST_TMF_LUN_RESET:		LOGICAL UNIT RESET
 * @SCST_TMF_TARGET_RESET:	TARGET RESET (SAM-3; transports still have it)
 * @SCST_TMF_NEXUS_RESET:	I_T NEXUS RESET
 * @SCST_TMF_QUERY_TASK:	QUERY TASK
 * @SCST_TMF_QUERY_TASK_SET:	QUERY TASK SET
 * @SCST_TMF_QUERY_ASYNC_EVENT:	QUERY ASYNCHRONOUS EVENT
 * @SCST_TMF_COLD_RESET:	TARGET RESET as if the power had been off (RFC 7143 11.5.1)
 */
enum scst_tmf_fn {
	SCST_TMF_ABORT_TASK,
	SCST_TMF_ABORT_TASK_SET,
	SCST_TMF_CLEAR_TASK_SET,
	SCST_TMF_CLEAR_ACA,
	SCST_TMF_LUN_RESET,
	SCST_TMF_TARGET_RESET,
	SCST_TMF_NEXUS_RESET,
	SCST_TMF_QUERY_TASK,
	SCST_TMF_QUERY_TASK_SET,
	SCST_TMF_QUERY_ASYNC_EVENT,
	SCST_TMF_COLD_RESET,
};

/**
 * enum scst_tmf_response - service responses, SAM-5 7.1
 * @SCST_TMF_COMPLETE:		FUNCTION COMPLETE
 * @SCST_TMF_SUCCEEDED:		FUNCTION SUCCEEDED
 * @SCST_TMF_REJECTED:		FUNCTION REJECTED
 * @SCST_TMF_INCORRECT_LUN:	INCORRECT LOGICAL UNIT NUMBER
 * @SCST_TMF_FAILED:		SERVICE DELIVERY OR TARGET FAILURE: a command
 *				could not be stopped in time
 */
enum scst_tmf_response {
	SCST_TMF_COMPLETE,
	SCST_TMF_SUCCEEDED,
	SCST_TMF_REJECTED,
	SCST_TMF_INCORRECT_LUN,
	SCST_TMF_FAILED,
};

/**
 * struct scst_tmf - one task management function
 * @sess:	the I_T nexus it came through
 * @fn:		the function
 * @lun:	the LUN as received, where the function has one
 * @tag:	the command to abort or query, where the function has one
 * @response:	the answer, valid in tmf_done
 * @info:	ADDITIONAL RESPONSE INFORMATION, SAM-5 7.10, of a QUERY ASYNCHRONOUS EVENT
 *		that succeeded
 * @work:	core: runs it
 *
 * The driver embeds it, zeroes it and fills in all but @response, @info and @work.
 */
struct scst_tmf {
	struct scst_session *sess;
	enum scst_tmf_fn fn;
	struct scsi_lun lun;
	u64 tag;
	enum scst_tmf_response response;
	u8 info[3];
	struct work_struct work;
};

void scst_tmf_submit(struct scst_tmf *tmf);

#endif /* _SCST_TARGET_H */
