/* SPDX-License-Identifier: GPL-2.0 */
/*
 * scst_probe: a target driver that lets a script be any initiator port.
 *
 * Each open of /sys/kernel/debug/scst_probe/<target> is one initiator port. A
 * line that is written is a request, a line that is read a result:
 *
 *   login NAME
 *   cmd TAG cdb=HEX [lun=HEX] [ctx=thread|softirq|hardirq] [dir=none|out|in|unknown]
 *       [len=BYTES] [attr=simple|ordered|head|aca|untagged] [data=HEX|fail|hold]
 *       [show=BYTES]
 *     -> TAG status=XX residual=N sense=HEX data=HEX
 *     -> TAG aborted
 *   go TAG
 *   tmf TAG fn=N [lun=HEX] [ref=TAG]
 *     -> TAG response=N
 *
 * There are devices too, devices/probe/<device>/: disks of 1 MiB that read as zeroes
 * and whose backend comes and goes as the attribute "present" says.
 *
 * The result has the first BYTES of Data-In, 64 if nothing is said, at most 512.
 *
 * data= is what the Data-Out buffer holds, repeated as needed; "fail" lets the
 * transfer fail, "hold", alone or besides, lets it wait until "go". A read waits for
 * a result, and is at the end of the file when no request is under way.
 *
 * Locks: probe_lock, then session->lock (with interrupts off). A file may be open
 * longer than its target is there: it is logged out then, and does not touch it.
 */
#ifndef _SCST_PROBE_H
#define _SCST_PROBE_H

#include <linux/completion.h>
#include <linux/interrupt.h>
#include <linux/irq_work.h>
#include <linux/list.h>
#include <linux/llist.h>
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

enum probe_context {
	PROBE_THREAD,
	PROBE_SOFTIRQ,
	PROBE_HARDIRQ,
};

/**
 * struct probe_submitter - submits a session's commands from interrupts
 * @hardirq:	struct probe_cmd.submit_entry
 * @softirq:	likewise
 * @irq_work:	takes @hardirq
 * @tasklet:	takes @softirq
 */
struct probe_submitter {
	struct llist_head hardirq;
	struct llist_head softirq;
	struct irq_work irq_work;
	struct tasklet_struct tasklet;
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
 * @gone:	the core has let go of it
 * @ending:	somebody logs it out, or its target is gone
 * @lock:	guards @results, @pending and @held
 * @results:	struct probe_result.entry
 * @pending:	requests without a result
 * @held:	struct probe_cmd.held_entry, whose Data-Out waits
 * @waitq:	woken by results
 * @reading:	the line that is being read, by one reader at a time
 * @entry:	on @target->sessions
 * @submitter:	of commands that are to come from interrupts
 */
struct probe_session {
	struct probe_target *target;
	struct scst_session *sess;
	struct completion gone;
	bool ending;
	spinlock_t lock;		/* guards results, pending, held */
	struct list_head results;
	struct list_head held;
	unsigned int pending;
	wait_queue_head_t waitq;
	struct probe_result *reading;
	struct list_head entry;
	struct probe_submitter submitter;
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
 * @fail:	the Data-Out transfer fails
 * @hold:	the Data-Out transfer waits
 * @held_entry:	on the session's list
 * @answered:	a response was sent
 * @result:	the line
 * @submit_entry: on the submitter's list
 */
struct probe_cmd {
	struct scst_cmd cmd;
	struct probe_session *session;
	enum probe_context ctx;
	u8 cdb[PROBE_CDB_LEN];
	u8 data[PROBE_DATA_LEN];
	unsigned int data_len;
	u32 show;
	bool fail;
	bool hold;
	struct list_head held_entry;
	bool answered;
	struct probe_result *result;
	struct llist_node submit_entry;
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

/* probe_parse.c */
int probe_parse_cmd(char *args, struct probe_cmd *probe);
int probe_parse_tmf(char *args, struct probe_tmf *probe);

/* probe_cmd.c */
void probe_submitter_init(struct probe_submitter *submitter);
void probe_submitter_end(struct probe_submitter *submitter);
int probe_submit_cmd(struct probe_session *session, char *args);
int probe_submit_tmf(struct probe_session *session, char *args);
int probe_go(struct probe_session *session, const char *tag);
void probe_fail_held(struct probe_session *session);
void probe_receive_data(struct scst_cmd *cmd);
void probe_send_response(struct scst_cmd *cmd);
void probe_release(struct scst_cmd *cmd);
void probe_tmf_done(struct scst_tmf *tmf);

/* probe_dev.c */
extern const struct scst_handler_ops probe_handler_ops;

/* probe_session.c */
extern struct mutex probe_lock;
extern struct list_head probe_targets;
extern const struct file_operations probe_session_fops;
void probe_session_end(struct probe_session *session);
void probe_result_add(struct probe_session *session,
		      struct probe_result *result);

#endif /* _SCST_PROBE_H */
