/* SPDX-License-Identifier: GPL-2.0 */
/*
 * scst_probe: a target driver whose initiator ports are scripts, and devices that scripts control.
 *
 * Each open of /sys/kernel/debug/scst_probe/<target> is one initiator port. A
 * line that is written is a request, a line that is read a result:
 *
 *   login NAME
 *   cmd TAG cdb=HEX [lun=HEX] [ctx=CTX] [dir=none|out|in|unknown|both] [len=BYTES]
 *       [attr=simple|ordered|head|aca|untagged] [data=HEX|fail|hold] [send=fail]
 *       [show=BYTES] [hold=POINT[,POINT...]]
 *     -> TAG status=XX residual=N sense=HEX data=HEX
 *     -> TAG aborted
 *     -> TAG undelivered
 *   go TAG [fail] [ctx=CTX]
 *   where TAG
 *     -> TAG stage=POINT held=0|1 aborted=0|1
 *     -> TAG none
 *   tmf TAG fn=N [lun=HEX] [ref=TAG]
 *     -> TAG response=N [info=HEX]
 *   sync
 *   settled
 *   logout
 *
 * CTX is the context from which the core is called: thread, task, softirq or hardirq. The write
 * returns after the call. A read waits for a result for at most 30 seconds, unless the file is
 * O_NONBLOCK. It returns the end of the file if no request is pending. The answer to "where" is the
 * next line that is read.
 *
 * cmd: data= is the pattern that fills the Data-Out buffer. data=fail makes the transfer fail,
 * send=fail the delivery of the response. The result has the first BYTES of Data-In: 64 by default,
 * at most 1024. The result can be read when the core has released the command, or when the command
 * is held before finish.
 *
 * hold= stops the command the first time that it reaches each POINT. A POINT is before a stage of
 * enum scst_stage (translate decode admit check prepare execute backend complete respond finish),
 * in the transfer of its Data-Out (data, or data=hold) or in the transfer of its response (send).
 * "go" continues the command; "go fail" makes the held transfer fail. "where" prints the stage of
 * the command, or the point at which it is held. medium: a device of this module has the command.
 *
 * sync: the write returns when nothing makes progress by itself any more, in any session of any
 * target. Then every command is answered, held, at a medium, or parked until its turn. Every
 * function is answered or waits for such commands. "settled" fails with EAGAIN instead of waiting.
 *
 * logout: logs out. The file remains open for "go" and "where". Closing the file continues all
 * held commands, logs out and waits until the core has released the session.
 *
 * The devices are devices/probe/<device>/: disks of 1 MiB in blocks of "block_size" bytes. The
 * attribute "present" adds and removes the backend. A write of microcode, soft_threshold or
 * access_state to "attention" establishes that unit attention for all initiators. While a device
 * is open there is a file /sys/kernel/debug/scst_probe/devices/<device>. It takes
 *
 *   hold		commands that reach the medium wait there from now on
 *   auto		commands do not wait; all waiting commands are completed
 *   complete TAG|next [status=XX] [sense=KKAAQQ] [ctx=CTX]
 *
 * and lists the waiting commands in order of arrival: TAG read|write|verify|compare|sync|unmap LBA
 * BLOCKS. The medium is read, written or compared when a command completes with GOOD. A comparison
 * that finds a difference ends with its sense data instead.
 *
 * /sys/kernel/debug/scst_probe/log: 1 clears and starts the log, 0 stops it. The log has a line for
 * each event, in the order of the events:
 *
 *   NAME - login|logout|gone
 *   NAME TAG submit|held POINT|go|data received|data failed
 *   NAME TAG status XX|aborted|undelivered
 *   NAME TAG tmf FN|response N
 *   NAME - event lun N sense KKAAQQ
 *   DEVICE TAG read|write|verify|compare|sync|unmap LBA BLOCKS
 *   DEVICE TAG complete XX
 *
 * /sys/kernel/debug/scst_probe/stall: writing a point arms it. The next task that reaches an armed
 * point stays there without sleeping, and keeps its locks and references. Writing "go" ends all
 * stalls and disarms all points. Reading lists the points at which a task is stalled. The points
 * are those of enum scst_stall_point; probe_stall.c has their names. While a point is armed, calls
 * with ctx=hardirq are made on another CPU, if there is one.
 *
 * Lock order: probe_lock, session->lock, the lock of the media, the lock of the log. The spinlocks
 * are taken with interrupts off. A file may remain open after its target was disabled or removed:
 * its session is logged out then, and does not use the target.
 */
#ifndef _SCST_PROBE_H
#define _SCST_PROBE_H

#include <linux/completion.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/spinlock.h>
#include <linux/wait.h>
#include <scst/compat.h>
#include <scst/handler.h>
#include <scst/target.h>

#define PROBE_CDB_LEN	32
#define PROBE_DATA_LEN	1024
#define PROBE_SHOW_LEN	64
#define PROBE_LINE_LEN	2048

/**
 * enum probe_point - points at which a command can be held, after those of enum scst_stage
 * @PROBE_DATA:		in ops->receive_data()
 * @PROBE_SEND:		in ops->send_response()
 * @PROBE_MEDIUM:	at the medium of a device of this module
 * @PROBE_POINTS:	number of points, stages included
 */
enum probe_point {
	PROBE_DATA = SCST_STAGE_OWNED,
	PROBE_SEND,
	PROBE_MEDIUM,
	PROBE_POINTS,
};

/**
 * struct probe_target - a target port
 * @tgt:	the core's target
 * @sessions:	struct probe_session.entry: open files; under probe_lock
 * @entry:	on the list of enabled targets; under probe_lock
 * @file:	file in debugfs, while enabled
 */
struct probe_target {
	struct scst_target *tgt;
	struct list_head sessions;
	struct list_head entry;
	struct dentry *file;
};

/**
 * struct probe_session - an initiator port: an open file
 * @target:	the target
 * @sess:	the core's session, after log-in
 * @name:	name of the initiator port
 * @gone:	the core has released @sess
 * @logged_out:	no request is submitted any more; under probe_lock
 * @ending:	the file is being closed, or the target is disabled; under probe_lock
 * @lock:	guards the fields after it, and the holds of @cmds
 * @released:	no command is held any more
 * @results:	struct probe_result.entry
 * @cmds:	struct probe_cmd.entry
 * @pending:	requests without a result
 * @tmfs:	task management functions without a result
 * @waitq:	woken when a result is added
 * @reading:	the line that is being read; there is one reader at a time
 * @entry:	on @target->sessions
 */
struct probe_session {
	struct probe_target *target;
	struct scst_session *sess;
	char name[SCST_PORT_NAME_LEN];
	struct completion gone;
	bool logged_out;
	bool ending;
	spinlock_t lock;		/* guards the fields below */
	bool released;
	struct list_head results;
	struct list_head cmds;
	unsigned int pending;
	unsigned int tmfs;
	wait_queue_head_t waitq;
	struct probe_result *reading;
	struct list_head entry;
};

/**
 * struct probe_result - a line to read
 * @entry:	on the session's list
 * @len:	bytes in @line
 * @pos:	bytes that were read
 * @line:	the line with its newline
 */
struct probe_result {
	struct list_head entry;
	unsigned int len;
	unsigned int pos;
	char line[PROBE_LINE_LEN];
};

/**
 * struct probe_cmd - a command in flight
 * @cmd:	the core's command
 * @session:	its initiator port
 * @ctx:	the context of its submission
 * @cdb:	the CDB
 * @data:	pattern of the Data-Out buffer
 * @data_len:	length of the pattern, bytes
 * @show:	bytes of Data-In that the result shows
 * @data_fails:	the Data-Out transfer fails, unless it is held
 * @send_fails:	the delivery of the response fails, unless it is held
 * @holds:	points at which it has still to be held, bits of enum probe_point
 * @held:	it is held
 * @point:	the point at which it is held
 * @fail:	the current transfer fails
 * @answered:	a response was sent
 * @result:	the result, until it can be read
 * @entry:	on the session's list
 */
struct probe_cmd {
	struct scst_cmd cmd;
	struct probe_session *session;
	enum scst_context ctx;
	u8 cdb[PROBE_CDB_LEN];
	u8 data[PROBE_DATA_LEN];
	unsigned int data_len;
	u32 show;
	bool data_fails;
	bool send_fails;
	unsigned long holds;
	bool held;
	unsigned int point;
	bool fail;
	bool answered;
	struct probe_result *result;
	struct list_head entry;
};

/**
 * struct probe_tmf - a task management function in progress
 * @tmf:	the core's function
 * @session:	its initiator port
 * @tag:	its own tag
 * @result:	the result
 */
struct probe_tmf {
	struct scst_tmf tmf;
	struct probe_session *session;
	u64 tag;
	struct probe_result *result;
};

/**
 * struct probe_dev - a device
 * @present:	the backend is present
 * @block_size:	the attribute
 * @hold:	commands wait at the medium; see probe_medium.c
 * @medium:	contents of the medium
 * @file:	file in debugfs, while open
 */
struct probe_dev {
	bool present;
	u32 block_size;
	bool hold;
	u8 *medium;
	struct dentry *file;
};

/* probe_parse.c */
int probe_parse_cmd(char *args, struct probe_cmd *probe);
int probe_parse_tmf(char *args, struct probe_tmf *probe);
int probe_parse_go(char *args, u64 *tag, enum scst_context *ctx, bool *fail);
int probe_parse_ctx(const char *value, enum scst_context *ctx);
int probe_parse_hex(const char *value, u8 *result, size_t max);

/* probe_context.c */
void probe_call_in(enum scst_context ctx,
		   void (*call)(void *arg, enum scst_context ctx), void *arg);
enum scst_context probe_context(void);
void probe_context_init(void);
void probe_context_exit(void);

/* probe_cmd.c */
int probe_submit_cmd(struct probe_session *session, char *args);
void probe_cmd_deliver(struct probe_cmd *probe);
void probe_transfer(struct probe_cmd *probe, enum scst_context ctx);
void probe_respond(struct probe_cmd *probe, enum scst_context ctx);
void probe_receive_data(struct scst_cmd *cmd);
void probe_send_response(struct scst_cmd *cmd);
void probe_release(struct scst_cmd *cmd);

/* probe_hold.c */
int probe_parse_points(char *value, unsigned long *points);
bool probe_hold(struct probe_cmd *probe, unsigned int point);
bool probe_hold_stage(struct scst_cmd *cmd);
int probe_go(struct probe_session *session, char *args);
void probe_release_all(struct probe_session *session);
int probe_where(struct probe_session *session, const char *args);

/* probe_tmf.c */
int probe_submit_tmf(struct probe_session *session, char *args);
void probe_tmf_done(struct scst_tmf *tmf);

/* probe_dev.c */
extern const struct scst_handler_ops probe_handler_ops;

/* probe_medium.c */
void probe_medium_init(struct dentry *root);
int probe_medium_open(struct scst_device *dev);
void probe_medium_close(struct scst_device *dev);
extern const struct scst_block_ops probe_medium_ops;
bool probe_medium_has(const struct scst_cmd *cmd);

/* probe_sync.c */
int probe_settled(void);
int probe_sync(void);

/* probe_stall.c */
extern const struct file_operations probe_stall_fops;

/* probe_log.c */
extern const struct file_operations probe_log_fops;
__printf(1, 2)
void probe_log(const char *fmt, ...);
unsigned int probe_log_events(void);
void probe_log_exit(void);

/* probe_session.c */
extern struct mutex probe_lock;
extern struct list_head probe_targets;
extern const struct file_operations probe_session_fops;
void probe_session_end(struct probe_session *session);
void __probe_result_add(struct probe_session *session, struct probe_result *result);

#endif /* _SCST_PROBE_H */
