/* SPDX-License-Identifier: GPL-2.0 */
/*
 * scst_probe: a target driver that lets a script be any initiator port, and devices
 * that do what a script says.
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
 *   logout
 *
 * CTX, thread, softirq or hardirq, is where the core is called from; when the write
 * returns it has been. A read waits for a result, half a minute at most, unless the file
 * is O_NONBLOCK, and is at the end of the file when no request is under way. The answer
 * to "where" is the next line that is read.
 *
 * cmd: data= is what the Data-Out buffer holds, repeated as needed; "fail" lets the
 * transfer fail. send=fail lets the delivery of the response fail. The result has the
 * first BYTES of Data-In, 64 if nothing is said, at most 512. It can be read when the
 * core has let go of the command, or holds it before finish.
 *
 * hold= stops the command the first time that it gets to each POINT: before a stage of
 * enum scst_stage (translate decode admit check prepare execute backend complete
 * respond finish), in the transfer of its Data-Out (data, or data=hold) or of its
 * response (send).
 * "go" lets it go on; "fail" besides, that the transfer failed. "where" says which
 * stage it is in, or where it is held; medium: a device of ours has it.
 *
 * sync: when the write returns nothing moves by itself any more, in any session of any
 * target: every command is answered, held, at a medium or parked at the door of the task
 * set; every function is answered or waits for such commands.
 *
 * logout: log out, and stay open for "go" and "where". Closing the file lets go of
 * everything that is held, logs out and waits until the core has let go of the session.
 *
 * There are devices too, devices/probe/<device>/: disks of 1 MiB, in blocks of "block_size"
 * bytes, whose backend comes and goes as the attribute "present" says; what is written to
 * "attention", microcode, soft_threshold or access_state, is told to its initiators. While
 * one is open there is /sys/kernel/debug/scst_probe/devices/<device>. It takes
 *
 *   hold		commands that reach the medium wait there from now on
 *   auto		they do not, and nothing waits any more
 *   complete TAG|next [status=XX] [sense=KKAAQQ] [ctx=CTX]
 *
 * and lists what waits, in the order of arrival: TAG read|write|verify|compare|sync
 * LBA BLOCKS. The medium is read or written when a command completes with GOOD.
 *
 * /sys/kernel/debug/scst_probe/log: 1 starts it afresh, 0 stops it. It has a line for
 * each event, in the order in which they happened:
 *
 *   NAME - login|logout|gone
 *   NAME TAG submit|held POINT|go|data received|data failed
 *   NAME TAG status XX|aborted|undelivered
 *   NAME TAG tmf FN|response N
 *   NAME - event lun N sense KKAAQQ
 *   DEVICE TAG read|write|verify|compare|sync LBA BLOCKS
 *   DEVICE TAG complete XX
 *
 * /sys/kernel/debug/scst_probe/stall: the next one that comes to the point that is written
 * to it stays there, without sleeping, and keeps what it has there; "go" lets everybody
 * go, and disarms what nobody came to. It lists the points where somebody is. The points
 * are those of enum scst_stall_point: lookup park send release released counted tmf tmf_gone
 * closed submit accept enter slow post over. What is submitted from a hard
 * interrupt while a point is armed is so on another CPU, if there is one.
 *
 * Locks: probe_lock, then session->lock, then a device's lock (both with interrupts
 * off), then the log's. A file may be open longer than its target is there: it is logged
 * out then, and does not touch it.
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
#define PROBE_DATA_LEN	512
#define PROBE_SHOW_LEN	64
#define PROBE_LINE_LEN	2048

/**
 * enum probe_point - where a command can be held: before a stage, enum scst_stage, or
 * @PROBE_DATA:		in ops->receive_data()
 * @PROBE_SEND:		in ops->send_response()
 * @PROBE_MEDIUM:	in one of our devices, which knows
 * @PROBE_POINTS:	their number
 */
enum probe_point {
	PROBE_DATA = SCST_STAGE_OWNED,
	PROBE_SEND,
	PROBE_MEDIUM,
	PROBE_POINTS,
};

/**
 * struct probe_target - a target port
 * @tgt:	the core's
 * @sessions:	struct probe_session.entry: open files; under probe_lock
 * @entry:	on the list of enabled targets; under probe_lock
 * @file:	in debugfs, while enabled
 */
struct probe_target {
	struct scst_target *tgt;
	struct list_head sessions;
	struct list_head entry;
	struct dentry *file;
};

/**
 * struct probe_session - an initiator port: an open file
 * @target:	where it logs in
 * @sess:	the core's, once logged in
 * @name:	of the initiator port
 * @gone:	the core has let go of it
 * @logged_out:	under probe_lock: nothing is submitted any more
 * @ending:	under probe_lock: its file is being closed, or its target is gone
 * @lock:	guards what follows, and the holds of @cmds
 * @released:	nothing is held any more
 * @results:	struct probe_result.entry
 * @cmds:	struct probe_cmd.entry
 * @pending:	requests without a result
 * @tmfs:	task management functions among them
 * @waitq:	woken by results
 * @reading:	the line that is being read, by one reader at a time
 * @entry:	on @target->sessions
 */
struct probe_session {
	struct probe_target *target;
	struct scst_session *sess;
	char name[SCST_PORT_NAME_LEN];
	struct completion gone;
	bool logged_out;
	bool ending;
	spinlock_t lock;		/* guards what follows */
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
 * @pos:	how many of them were read
 * @line:	with a newline
 */
struct probe_result {
	struct list_head entry;
	unsigned int len;
	unsigned int pos;
	char line[PROBE_LINE_LEN];
};

/**
 * struct probe_cmd - a command under way
 * @cmd:	the core's
 * @session:	whose it is
 * @ctx:	where it is submitted from
 * @cdb:	the CDB
 * @data:	pattern of the Data-Out buffer
 * @data_len:	its length
 * @show:	bytes of Data-In that the result has
 * @data_fails:	so does the Data-Out transfer, if it is not held
 * @send_fails:	so does the response
 * @holds:	where it is still to be held, bits of enum probe_point
 * @held:	it is
 * @point:	there
 * @fail:	the transfer that is about to end failed
 * @answered:	a response was sent
 * @result:	the line, until it can be read
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
 * struct probe_tmf - a task management function under way
 * @tmf:	the core's
 * @session:	whose it is
 * @tag:	its own
 * @result:	the line
 */
struct probe_tmf {
	struct scst_tmf tmf;
	struct probe_session *session;
	u64 tag;
	struct probe_result *result;
};

/**
 * struct probe_dev - a device
 * @present:	its backend is there
 * @block_size:	attribute
 * @hold:	commands wait for the medium; see probe_medium.c
 * @medium:	its contents
 * @file:	in debugfs, while open
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
void __probe_result_add(struct probe_session *session,
			struct probe_result *result);

#endif /* _SCST_PROBE_H */
