/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The core's private structures, its lock legend, its lock order and its lifetimes. Functions
 * are declared in the header of their layer, from the lowest up: cmd/cmd.h, observe/observe.h,
 * task/task.h, lu/lu.h, graph/graph.h, configfs/configfs.h, and pipeline.h above them all. A
 * file uses its own layer and those below.
 *
 * Lock legend, for the field tags below:
 *
 * B: dev->backend_lock
 * I: set before publication, then constant
 * C: scst_config_lock
 * D: dev->lock
 * E: C while the device is closed, then constant
 * L: the list lock of the CPU that the command was submitted on
 * R: written under C, read under RCU
 * S: dev->lock to write, READ_ONCE() to read
 * T: tgt->enable_lock
 * U: nexus->ua_lock
 * W: a number by itself: WRITE_ONCE(), READ_ONCE()
 *
 * Lock order: configfs's su_mutex, scst_config_lock, dev->lock, a command list's lock,
 * nexus->ua_lock. tgt->enable_lock and dev->backend_lock come before scst_config_lock,
 * dev->pr_lock comes before dev->lock, a scst_stats_sum's lock comes last. PERSISTENT RESERVE
 * OUT takes pr_lock; no other command takes a mutex. No thread waits for a command while it
 * holds a lock.
 *
 * A device has registrations in dev->pr, or dev->reserved_by, or neither, but never both.
 * Each is set under dev->lock, and only if the other is not there. A table that is being made
 * durable counts as if it were there: dev->pr_claimed.
 *
 * Removing a sysfs object waits for its readers, most often under scst_config_lock. So show
 * and uevent callbacks take none of these locks but that of a scst_stats_sum.
 *
 * All spinlocks are taken with bottom halves off and never from hard interrupts: what happens
 * there moves to a tasklet first.
 *
 * Lifetimes:
 *
 * - A command is on its session's per-CPU list from TRANSLATE to FINISH. Leaving the list and
 *   releasing the command are one RCU read-side section. So when new commands of a kind are
 *   impossible, the lists have been seen empty of them, and a grace period has passed, neither
 *   the core nor the driver touches one of them again.
 * - A nexus is unpublished from its session's xarray. After a grace period all its commands
 *   are on the lists; once those are gone it is freed.
 * - A device's backend is used only by commands that hold dev->tasks. Closing kills that
 *   reference and waits until it is zero.
 * - A session leaves its target when no command of it can be submitted or answered any more,
 *   except those that a backend keeps. It is freed when its nexuses, its commands and its task
 *   management functions are gone, and its last reference is.
 */
#ifndef _SCST_PRIV_H
#define _SCST_PRIV_H

#include <linux/completion.h>
#include <linux/configfs.h>
#include <linux/jump_label.h>
#include <linux/kref.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/percpu-refcount.h>
#include <linux/percpu_counter.h>
#include <linux/ratelimit_types.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/wait.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>
#include <scst/cmd.h>
#include <scst/handler.h>
#include <scst/inject.h>
#include <scst/sense.h>
#include <scst/target.h>

#include <scst/compat.h>

#include "cmd/stats.h"

/* Time that a waiter gives aborted commands to end, jiffies */
#define SCST_ABORT_GRACE	HZ

#define SCST_DEFAULT_DRAIN_MS	5000
#define SCST_DEFAULT_FENCE_MS	10000

struct device;
struct kobj_uevent_env;
struct scst_echo;
struct scst_kind;

extern struct mutex scst_config_lock;		/* main.c */
extern struct configfs_subsystem scst_subsystem;	/* main.c */
extern struct workqueue_struct *scst_tmf_wq;	/* TMFs and teardown */
extern struct workqueue_struct *scst_session_wq;	/* log-outs, directories */
extern struct workqueue_struct *scst_stats_wq;	/* memory for counters */

/* Room for a file name and the error with it, bytes */
#define SCST_ERROR_LEN	320

/**
 * struct scst_error - last_error of an object: its last failed operation
 * @lock:	guards the rest
 * @what:	the operation whose success empties @text, a constant string; NULL: the
 *		operation in progress
 * @text:	one line, "" if there is no error
 */
struct scst_error {
	spinlock_t lock;		/* guards the rest */
	const char *what;
	char text[SCST_ERROR_LEN];
};

/**
 * struct scst_cmd_list - the commands submitted on one CPU in one session
 * @lock:	guards @cmds
 * @cmds:	struct scst_cmd.entry
 * @deferred:	number of commands that wait for a tasklet to put them on a list; only the sum
 *		over all CPUs is meaningful
 */
struct scst_cmd_list {
	spinlock_t lock;		/* guards cmds */
	struct list_head cmds;		/* L */
	long deferred;			/* this_cpu operations */
};

/* Limit of pending unit attentions: enough for all of the core's, and some of a device's */
#define SCST_UA_QUEUE_LEN	24

/**
 * struct scst_task_set - commands that are ordered among themselves, SAM-5 8
 * @faulted:	the I_T_L nexus whose ACA condition is in effect, or NULL
 * @aca_cmd:	the command with the ACA attribute, or NULL
 * @members:	number of commands on the queue
 * @heads:	number of HEAD OF QUEUE commands on the queue
 * @ordereds:	number of ORDERED commands on the queue
 * @pass:	number of the walk through the queue for which @older and @ordered are valid
 * @older:	there is an older command
 * @ordered:	there is an older ORDERED command
 *
 * A device has one for all its nexuses, and each nexus has its own. TST of the control mode page
 * selects the ones in use.
 */
struct scst_task_set {
	struct scst_nexus *faulted;		/* D */
	struct scst_cmd *aca_cmd;		/* D */
	unsigned int members;			/* D */
	unsigned int heads;			/* D */
	unsigned int ordereds;			/* D */
	unsigned int pass;			/* D */
	bool older;				/* D */
	bool ordered;				/* D */
};

/**
 * struct scst_buf_cap - memory of data buffers, and its limit
 * @bytes:	bytes in use
 * @limit:	the limit, bytes
 * @batch:	part of @bytes that a CPU may count locally, bytes
 */
struct scst_buf_cap {
	struct percpu_counter bytes;
	u64 limit;				/* W */
	u32 batch;				/* W */
};

/**
 * enum scst_abort - the origin of an abort, and the response of the aborted command
 * @SCST_ABORT_OWN:	the command's own I_T nexus: no response
 * @SCST_ABORT_OTHER:	another I_T nexus: TASK ABORTED if TAS is set, or no response; SAM-5 5.6
 * @SCST_ABORT_SERVER:	the device or the LUN is disabled or removed: ABORTED COMMAND, COMMANDS
 *			CLEARED BY DEVICE SERVER, since no initiator knows of the abort
 */
enum scst_abort {
	SCST_ABORT_OWN,
	SCST_ABORT_OTHER,
	SCST_ABORT_SERVER,
};

/* The access that reservations leave an I_T_L nexus */
enum scst_access {
	SCST_ACCESS_ALL,
	SCST_ACCESS_READ,	/* a Write Exclusive reservation of another nexus */
	SCST_ACCESS_NONE,	/* an Exclusive Access reservation of another nexus */
	SCST_ACCESS_RESERVED,	/* RESERVE of another nexus */
	SCST_ACCESS_LOST,	/* the saved persistent reservations are unknown */
};

/**
 * struct scst_waiter - a wait for commands of a session, without a thread; see wait.c
 * @entry:	on @sess->waitq
 * @work:	checks whether the commands have ended, and continues then
 * @wq:		workqueue of @work
 * @woken:	bit 0: a command has ended, and @work has not checked since
 * @looked:	time of the last check, jiffies
 * @sess:	session of the commands, with a reference; NULL: not waiting
 */
struct scst_waiter {
	struct wait_queue_entry entry;
	struct delayed_work work;
	struct workqueue_struct *wq;		/* I */
	unsigned long woken;
	unsigned long looked;			/* its work; READ_ONCE() */
	struct scst_session *sess;		/* its work */
};

/**
 * struct scst_nexus - I_T_L nexus: a logical unit as one session sees it
 * @sess:	the I_T nexus
 * @dev:	the device
 * @lun:	the LUN
 * @read_only:	writes through it are refused
 * @access:	enum scst_access
 * @retracted:	unpublished: no new command finds it
 * @behind:	the initiator port has logged in again, and a retracted nexus of its earlier
 *		session still has commands on the device: new commands get BUSY until then
 * @task_set:	its own task set, if TST asks for one
 * @prevents:	it prevents the removal of the medium
 * @media_events: bitmap of media events that were not reported to it; see medium.c
 * @losses_told: value of @dev->losses up to which its initiator was notified; see lost.c
 * @ua_lock:	guards the queue
 * @ua_count:	number of pending unit attentions
 * @ua_queue:	their sense codes, in the order of reports and without duplicates
 * @echo:	echo buffer, or NULL: see spc_buffer.c
 * @tally:	counters of its commands
 * @dev_part:	@tally as a part of @dev->stats
 * @sess_part:	@tally as a part of @sess->stats
 * @sysfs:	its device in sysfs, or NULL
 * @dev_entry:	on @dev->nexuses
 * @change_entry: on a list of nexuses that are to be published, or freed
 * @reaper:	frees it after its last command, once it is unpublished
 * @reap_start:	start of the time limit of @reap_stage, jiffies
 * @reap_serial: scst_abort_serial() when its commands were aborted
 * @reap_stage:	stage of its end; see nexus.c
 */
struct scst_nexus {
	struct scst_session *sess;		/* I */
	struct scst_device *dev;		/* I */
	u32 lun;				/* I */
	bool read_only;				/* C, read with READ_ONCE() */
	u8 access;				/* S */
	bool retracted;				/* S */
	bool behind;				/* S */
	bool prevents;				/* D */
	u8 media_events;			/* D */
	unsigned int losses_told;		/* S */
	struct scst_task_set task_set;		/* D */
	spinlock_t ua_lock;			/* guards U */
	u8 ua_count;				/* U, read with READ_ONCE() */
	scst_sense_t ua_queue[SCST_UA_QUEUE_LEN]; /* U */
	struct scst_echo *echo;			/* D */
	struct scst_tally tally;		/* as in stats.c */
	struct scst_stats_part dev_part;	/* dev->stats.lock */
	struct scst_stats_part sess_part;	/* sess->stats.lock */
	struct device *sysfs;			/* C */
	struct list_head dev_entry;		/* D */
	struct list_head change_entry;		/* C, then scst_retire_lock of nexus.c */
	struct scst_waiter reaper;
	unsigned long reap_start;		/* @reaper */
	u32 reap_serial;			/* @reaper */
	u8 reap_stage;				/* @reaper */
};

/* Length of the longest NAA designator, bytes */
#define SCST_NAA_LEN		16

/**
 * struct scst_lun_identity - properties by which an initiator recognizes a logical unit
 * @naa_id:	its NAA designator; zeroes: there is none
 * @nblocks:	its capacity, blocks
 * @block_size:	bytes in a block
 */
struct scst_lun_identity {
	u8 naa_id[SCST_NAA_LEN];
	u64 nblocks;
	u32 block_size;
};

/**
 * struct scst_map_lun - one LUN of a LUN map: luns/<N>/
 * @item:	the directory
 * @map:	the map
 * @lun:	N
 * @dev:	the device linked to it, or NULL
 * @before:	identity of the device that was linked to it before
 * @read_only:	writes through it are refused
 * @dev_entry:	on @dev->map_luns
 * @error:	last_error
 */
struct scst_map_lun {
	struct config_item item;
	struct scst_lun_map *map;		/* I */
	u32 lun;				/* I */
	struct scst_device *dev;		/* C */
	struct scst_lun_identity before;	/* C */
	bool read_only;				/* C, read with READ_ONCE() */
	struct list_head dev_entry;		/* C */
	struct scst_error error;
};

/**
 * struct scst_lun_map - the LUNs of a group of initiators, or of all other initiators of a target
 * @group:	the luns/ directory
 * @tgt:	the target
 * @grp:	its group of initiators; NULL: the default map
 * @error:	last_error of the group or the target
 * @luns:	struct scst_map_lun by LUN
 * @sessions:	struct scst_session.map_entry
 */
struct scst_lun_map {
	struct config_group group;
	struct scst_target *tgt;		/* I */
	struct scst_group *grp;			/* I */
	struct scst_error *error;		/* I */
	struct xarray luns;			/* C */
	struct list_head sessions;		/* C */
};

enum scst_pattern_kind {
	SCST_PATTERN_EXACT,
	SCST_PATTERN_GLOB,
	SCST_PATTERN_EXCLUDE,
};

/**
 * struct scst_pattern - groups/<group>/initiators/<pattern>/
 * @item:	the directory
 * @grp:	the group
 * @kind:	exact name, glob or exclusion
 * @text:	the name or glob, in the form that is compared
 * @entry:	on @grp->patterns
 * @dead:	I_T_L nexuses that sessions lost when the pattern was added or removed
 * @reap_work:	has @dead freed after the pattern was added
 */
struct scst_pattern {
	struct config_item item;
	struct scst_group *grp;			/* I */
	enum scst_pattern_kind kind;		/* I */
	char *text;				/* I */
	struct list_head entry;			/* C */
	struct list_head dead;			/* C */
	struct work_struct reap_work;
};

/**
 * struct scst_group - initiators of a target that share a LUN map
 * @group:	the directory
 * @patterns_group: initiators/ in it
 * @tgt:	the target
 * @patterns:	struct scst_pattern.entry
 * @map:	LUN map of its initiators
 * @entry:	on @tgt->groups, in order of creation
 * @error:	last_error
 */
struct scst_group {
	struct config_group group;
	struct config_group patterns_group;
	struct scst_target *tgt;		/* I */
	struct list_head patterns;		/* C */
	struct scst_lun_map map;
	struct list_head entry;			/* C */
	struct scst_error error;
};

#define SCST_TRANSPORT_ID_MIN	24
/* The longest TransportID is that of an iSCSI initiator port. */
#define SCST_TRANSPORT_ID_LEN	256

/**
 * struct scst_transport_id - a TransportID, SPC-5 7.6.4
 * @len:	valid bytes in @data
 * @data:	the TransportID, followed by zeroes
 */
struct scst_transport_id {
	u16 len;
	u8 data[SCST_TRANSPORT_ID_LEN];
};

/**
 * struct scst_session - I_T nexus
 * @id:		its name in sysfs
 * @tgt:	the target port
 * @plugin:	registration of its driver, which it pins: an open file of its directory holds
 *		@dir, whose type is in the registration
 * @initiator:	the initiator port's name
 * @transport_id: the initiator port's TransportID, for persistent reservations
 * @priv:	private pointer of the driver
 * @map:	its LUN map; NULL: the session is being ended
 * @next_map:	its LUN map after the change in progress
 * @nexuses:	struct scst_nexus by LUN
 * @cmds:	its commands, by CPU
 * @luns_changed: REPORTED LUNS DATA HAS CHANGED is pending; not a bool, because xchg() of a
 *		byte returns more than the byte on s390
 * @tags:	tags of its commands; NULL: the driver guarantees that they are unique
 * @pins:	number of task management functions, uevents of the session, nexuses with
 *		commands, and calls of disconnect(): its end waits for all of them
 * @waiters:	number of waiters for its commands
 * @waitq:	woken when a command ends while there are @waiters, and when @pins becomes 0
 * @stats:	counters of its nexuses
 * @tally:	counters of commands without a nexus
 * @sysfs:	its device in sysfs
 * @map_entry:	on @map->sessions
 * @tgt_entry:	on @tgt->sessions
 * @disconnected: its driver was asked to end it, because its target is being disabled
 * @gone:	call-back of the driver, called when the session has ended
 * @closer:	ends the session
 * @close_start: time when its commands were aborted, jiffies
 * @closing:	the end has begun
 * @left:	removed from its target
 * @dir:	its directory, whose references are the session's; see
 *		configfs_sess.c
 * @dir_work:	creates the directory
 * @has_dir:	the directory exists; changed by @dir_work and then @closer
 * @login_time:	seconds since 1970
 * @error:	last_error
 */
struct scst_session {
	int id;					/* I */
	struct scst_target *tgt;		/* I */
	struct scst_plugin *plugin;		/* I */
	char *initiator;			/* I */
	struct scst_transport_id transport_id;	/* I */
	void *priv;				/* I */
	struct scst_lun_map *map;		/* C, read with READ_ONCE() */
	struct scst_lun_map *next_map;		/* C */
	struct xarray nexuses;			/* R */
	struct scst_cmd_list __percpu *cmds;	/* I */
	int luns_changed;			/* READ_ONCE(), xchg() */
	struct scst_tags *tags;			/* I */
	atomic_t pins;
	atomic_t waiters;
	wait_queue_head_t waitq;
	struct scst_stats_sum stats;
	struct scst_tally tally;		/* as in stats.c */
	struct device *sysfs;			/* I, until it is drained */
	struct list_head map_entry;		/* C */
	void (*gone)(void *priv);		/* I, from unregister on */
	struct scst_waiter closer;
	unsigned long close_start;		/* @closer */
	bool closing;				/* @closer */
	bool left;				/* @closer */
	struct list_head tgt_entry;		/* C */
	bool disconnected;			/* C */
	struct config_group dir;
	struct work_struct dir_work;
	bool has_dir;				/* @dir_work, then @closer */
	time64_t login_time;			/* I */
	struct scst_error error;
};

/**
 * struct scst_plugin - a registered handler or target driver
 * @entry:	on scst_handlers or scst_target_drivers
 * @name:	the directory's name
 * @owner:	its module
 * @ops:	its table: struct scst_handler_ops or struct scst_target_ops
 * @type:	type of its objects' directories, with the core's attributes, then its own
 * @session_type: type of sessions' directories, likewise
 */
struct scst_plugin {
	struct list_head entry;			/* C */
	const char *name;			/* I */
	struct module *owner;			/* I */
	const void *ops;			/* I */
	struct config_item_type type;		/* I */
	struct config_item_type session_type;	/* I */
};

/**
 * struct scst_target - a target port
 * @group:	the directory
 * @plugin:	registration of its driver, which it pins
 * @ops:	table of its driver
 * @name:	its name
 * @created:	its driver's create() succeeded
 * @map:	the default LUN map
 * @groups_group: groups/ in it
 * @groups:	struct scst_group.entry
 * @sessions_group: sessions/ in it
 * @sessions:	struct scst_session.tgt_entry
 * @dirs_lock:	guards @dirs
 * @dirs:	number of @sessions that have a directory
 * @explained:	initiator that the attribute explain is about, or NULL
 * @rel_tgt_id:	RELATIVE TARGET PORT IDENTIFIER, unique, never 0
 * @enable_lock: serialises enabling and disabling, which call the driver
 * @enabled:	initiators may log in
 * @removed:	its directory was removed
 * @session_count: number of registered sessions that have not left
 * @session_refs: number of registered sessions that have not ended; they keep the memory
 * @waitq:	woken when a session leaves
 * @error:	last_error
 * @drain_ms:	time that a removal waits for commands before it aborts them, milliseconds
 * @event_limit: rate limit of the uevents that its initiators cause
 * @failure_limit: rate limit of the uevents about failures, and of their lines in the kernel log
 * @failures:	struct scst_failure.node: uevents that are to be emitted
 * @failure_work: emits the uevents of @failures
 * @sysfs:	its device in sysfs, or NULL
 * @entry:	on the list of all targets
 * @priv:	private data of the driver
 */
struct scst_target {
	struct config_group group;
	struct scst_plugin *plugin;		/* I */
	const struct scst_target_ops *ops;	/* I */
	char *name;				/* I */
	bool created;				/* I */
	struct scst_lun_map map;
	struct config_group groups_group;
	struct list_head groups;		/* C */
	struct config_group sessions_group;
	struct list_head sessions;		/* C */
	struct mutex dirs_lock;			/* taken without other locks */
	unsigned int dirs;			/* dirs_lock */
	char *explained;			/* C */
	u16 rel_tgt_id;				/* C and scst_targets_lock */
	struct mutex enable_lock;		/* taken before scst_config_lock */
	bool enabled;				/* C and T */
	bool removed;				/* C */
	unsigned int session_count;		/* C, read with READ_ONCE() */
	unsigned int session_refs;		/* C */
	wait_queue_head_t waitq;
	struct scst_error error;
	unsigned int drain_ms;			/* W */
	struct ratelimit_state event_limit;
	struct ratelimit_state failure_limit;
	struct llist_head failures;
	struct work_struct failure_work;
	struct device *sysfs;			/* C */
	struct list_head entry;			/* C and scst_targets_lock */
	u64 priv[];
};

enum scst_device_state {
	SCST_DEV_IDLE,
	SCST_DEV_WAITING,	/* for its backend, which is absent */
	SCST_DEV_ACTIVE,
	SCST_DEV_DRAINING,
	SCST_DEV_FAILED,
};

/* QERR, SPC-6 7.5.10 */
#define SCST_QERR_SET		1	/* an error aborts all other commands of the task set */
#define SCST_QERR_NEXUS		3	/* only those of the same nexus */

/* UA_INTLCK_CTRL, SPC-6 7.5.10 */
#define SCST_UA_KEEP		2	/* pending until REQUEST SENSE */
/* Likewise; and BUSY, TASK SET FULL and RESERVATION CONFLICT establish a unit attention */
#define SCST_UA_KEEP_AND_ADD	3

/**
 * struct scst_mode - mode parameters that MODE SELECT can change; see spc_mode.c
 * @wce:	write cache enable (caching page)
 * @swp:	software write protect (control page)
 * @d_sense:	descriptor format sense data (control page)
 * @tst:	task set type (control page)
 * @qerr:	queue error management (control page)
 * @queue_alg:	queue algorithm modifier (control page)
 * @tas:	task aborted status (control page)
 * @ua_intlck:	unit attention interlock (control page)
 * @dexcpt:	informational exceptions off (page 1Ch)
 * @mrie:	method of reporting them (page 1Ch)
 */
struct scst_mode {
	bool wce;
	bool swp;
	bool d_sense;
	u8 tst;
	u8 qerr;
	u8 queue_alg;
	bool tas;
	u8 ua_intlck;
	bool dexcpt;
	u8 mrie;
};

#define SCST_VENDOR_LEN		8
#define SCST_PRODUCT_LEN	16
#define SCST_REVISION_LEN	4
#define SCST_SERIAL_LEN		36	/* a UUID as text */

/**
 * struct scst_identity - identity of a device, which INQUIRY reports
 * @vendor:	T10 VENDOR IDENTIFICATION, NUL-terminated
 * @product:	PRODUCT IDENTIFICATION
 * @revision:	PRODUCT REVISION LEVEL
 * @serial:	unit serial number
 * @naa_id:	NAA designator, scst_naa_len() bytes and then zeroes
 */
struct scst_identity {
	char vendor[SCST_VENDOR_LEN + 1];
	char product[SCST_PRODUCT_LEN + 1];
	char revision[SCST_REVISION_LEN + 1];
	char serial[SCST_SERIAL_LEN + 1];
	u8 naa_id[SCST_NAA_LEN];
};

/**
 * struct scst_clock - the clock of a logical unit, which REPORT TIMESTAMP shows
 * @ahead_ms:	what it is ahead of this machine's, milliseconds
 * @is_set:	SET TIMESTAMP has set it
 */
struct scst_clock {
	s64 ahead_ms;
	bool is_set;
};

/**
 * struct scst_medium - the drive of a removable medium
 * @nblocks:	blocks of the medium that lies in it; 0: none does
 * @id:		the handler's number of the medium
 * @preventers:	nexuses that prevent its removal
 * @open:	the tray is open: initiators see no medium
 */
struct scst_medium {
	u64 nblocks;
	u32 id;
	unsigned int preventers;
	bool open;
};

/**
 * struct scst_device - one instance of a handler: a logical unit
 * @group:	the directory
 * @plugin:	registration of its handler, which it pins
 * @handler:	table of its handler
 * @kind:	its peripheral device type
 * @fifo:	its commands are executed in order of arrival, as its kind says
 * @name:	unique over all handlers
 * @created:	its handler's create() succeeded
 * @state:	enum scst_device_state; changed under C, too, except to FAILED
 * @tasks:	held by commands that may touch the backend: one per-CPU operation admits a
 *		command. Dead unless @state is ACTIVE and @queueing is false.
 * @queueing:	commands are admitted through @queue: see order.c
 * @tasks_gone:	no command holds @tasks
 * @queue_wanted: a reason for @queueing has occurred since @unqueue_work last looked
 * @faults:	number of task sets with an ACA condition
 * @waiting:	number of commands on @queue that have not started
 * @leaving:	number of commands that have left @queue or @tasks, and have not started others yet
 * @pass:	number of the last walk through @queue
 * @queue:	struct scst_cmd.queue_entry, in order of arrival
 * @ranges:	struct scst_cmd.range_entry, in order of arrival there: see range.c
 * @atomic_ranges: number of commands on @ranges that are atomic
 * @task_set:	task set of all its commands, if nexuses have none of their own
 * @unqueue_work: ends @queueing
 * @kref:	keeps the memory: held by the directory, each nexus, the open backend and work items
 * @io_wq:	workqueue of commands that sleep in the backend; NULL: the handler never sleeps
 * @pr_wq:	workqueue of commands that change @pr, one after the other
 * @slow_wq:	workqueue of other work that waits for the backend: see device_queue.c
 * @free_work:	frees the device, if one of its own workers released the last reference
 * @generation:	incremented before the backend is opened and after it is closed, so that a
 *		waiter or a late work item of one opening does not act on the next one
 * @generation_waitq: woken when @generation has changed
 * @close_work:	closes the backend after the last command that uses it
 * @open:	the backend is open; changed under @backend_lock, too
 * @opening:	the backend is being opened: nothing else changes the device meanwhile
 * @backend_lock: held while the handler opens, closes, queries or resets the backend
 * @fenced:	the backend has not completed aborted commands in time: nothing waits for it
 * @fence_ms:	time that the backend has to complete aborted commands, milliseconds
 * @fence_work:	notifies sessions and user space that the device is fenced
 * @lost:	the backend has disappeared
 * @lost_generation: @generation when the handler reported that
 * @lost_work:	drains the device after that
 * @resized:	time of the last change of the capacity, jiffies
 * @resize_work: asks the handler for the capacity
 * @watch_work:	looks at the backend once a second
 * @removed:	its directory was removed: nothing opens the backend any more
 * @resets:	number of resets that were requested of the handler
 * @resets_done: number of these that are completed
 * @reset_work:	calls the handler's reset()
 * @lock:	guards fields with the tag D
 * @params:	parameters that the handler's open() returned
 * @mode:	current mode parameters
 * @clock:	its clock
 * @losses:	number of times that cached writes were found not to have reached the medium
 * @losses_start: initial losses_told of a new nexus
 * @loss_sense:	sense code of the last loss
 * @left_ns:	time when a nexus, or the last command of one, last left, ns
 * @clean_ns:	writes that were completed before this time are on the medium, ns
 * @pr:		persistent reservations; NULL: there have been none
 * @pr_lock:	held to change @pr, but not while a file is written
 * @pr_queue:	struct scst_cmd.pr_entry: parked commands that will change @pr
 * @pr_work:	executes the commands of @pr_queue, one after the other
 * @pr_saver:	the parked command whose table is being written; NULL: none, or it was aborted
 * @pr_claimed: a new table is being written, and takes effect after that: RESERVE gets BUSY
 *		meanwhile
 * @pr_restored: the saved reservations have been read
 * @reserved_by: the nexus that holds the device with RESERVE, or NULL
 * @id:		identity
 * @buf:	data buffer memory
 * @drain_ms:	time that disabling waits for commands before it aborts them, milliseconds
 * @stats:	counters of its nexuses
 * @errors:	medium errors, by enum scst_errors
 * @sysfs:	its device in sysfs, or NULL
 * @map_luns:	struct scst_map_lun.dev_entry
 * @nexuses:	struct scst_nexus.dev_entry; retracted ones, too, until they are freed
 * @self:	the nexus of internal commands; not among @nexuses
 * @retracted:	number of retracted nexuses on @nexuses
 * @behind:	number of nexuses with the flag behind
 * @entry:	on the list of all devices
 * @medium:	its drive, if the medium is removable
 * @medium_work: notifies sessions of another medium
 * @error:	last_error
 * @priv:	private data of the handler
 */
struct scst_device {
	struct config_group group;
	struct scst_plugin *plugin;		/* I */
	const struct scst_handler_ops *handler;	/* I */
	const struct scst_kind *kind;		/* E, READ_ONCE() */
	bool fifo;				/* E, READ_ONCE() */
	char *name;				/* I */
	bool created;				/* I */
	u8 state;				/* S */
	struct percpu_ref tasks;
	bool queueing;				/* D */
	bool tasks_gone;			/* D */
	bool queue_wanted;				/* D */
	unsigned int faults;			/* S */
	unsigned int waiting;			/* D */
	unsigned int leaving;			/* D */
	unsigned int pass;			/* D */
	struct list_head queue;			/* D */
	struct list_head ranges;		/* D */
	unsigned int atomic_ranges;		/* D */
	struct scst_task_set task_set;		/* D */
	struct delayed_work unqueue_work;
	struct kref kref;
	struct workqueue_struct *io_wq;		/* I */
	struct workqueue_struct *pr_wq;		/* I */
	struct workqueue_struct *slow_wq;	/* I */
	struct work_struct free_work;
	unsigned int generation;			/* C and D, read with READ_ONCE() */
	wait_queue_head_t generation_waitq;
	struct work_struct close_work;
	bool open;				/* B and C */
	bool opening;				/* C */
	struct mutex backend_lock;		/* B: taken before scst_config_lock */
	bool fenced;				/* S; cleared under C while closed */
	unsigned int fence_ms;			/* W */
	struct work_struct fence_work;
	bool lost;				/* C */
	unsigned int lost_generation;			/* WRITE_ONCE() */
	struct work_struct lost_work;
	unsigned long resized;			/* C, read with READ_ONCE() */
	struct delayed_work resize_work;
	struct delayed_work watch_work;
	bool removed;				/* C */
	unsigned int resets;			/* D, READ_ONCE() */
	unsigned int resets_done;		/* D, READ_ONCE() */
	struct work_struct reset_work;
	spinlock_t lock;			/* guards D */
	/* E, but nblocks: C, and D if the medium is removable, READ_ONCE() */
	struct scst_device_params params;
	struct scst_mode mode;			/* S */
	struct scst_clock clock;		/* D */
	unsigned int losses;			/* S */
	unsigned int losses_start;		/* D */
	scst_sense_t loss_sense;		/* D */
	u64 left_ns;				/* D */
	u64 clean_ns;				/* D */
	struct scst_pr __rcu *pr;		/* D and pr_lock */
	struct mutex pr_lock;			/* no file I/O under it */
	struct list_head pr_queue;		/* D */
	struct work_struct pr_work;
	struct scst_cmd *pr_saver;		/* D */
	bool pr_claimed;			/* D */
	bool pr_restored;			/* the worker of pr_wq */
	struct scst_nexus *reserved_by;		/* S */
	struct scst_identity id;		/* E */
	struct scst_buf_cap buf;
	unsigned int drain_ms;			/* W */
	struct scst_stats_sum stats;
	atomic64_t errors[SCST_ERRORS];
	struct device *sysfs;			/* C */
	struct list_head map_luns;		/* C */
	struct list_head nexuses;		/* D */
	struct scst_nexus *self;		/* I */
	unsigned int retracted;			/* D */
	unsigned int behind;			/* D */
	struct list_head entry;			/* C */
	struct scst_medium medium;		/* D, two with READ_ONCE() */
	struct delayed_work medium_work;
	struct scst_error error;
	u64 priv[];
};

#endif /* _SCST_PRIV_H */
