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

/* How long what was aborted may still take to go before nobody waits any more */
#define SCST_ABORT_GRACE	HZ

#define SCST_DEFAULT_DRAIN_MS	5000
#define SCST_DEFAULT_FENCE_MS	10000

struct device;
struct kobj_uevent_env;
struct scst_kind;

extern struct mutex scst_config_lock;		/* main.c */
extern struct configfs_subsystem scst_subsystem;	/* main.c */
extern struct workqueue_struct *scst_tmf_wq;	/* TMFs and teardown */
extern struct workqueue_struct *scst_session_wq;	/* log-outs, directories */
extern struct workqueue_struct *scst_stats_wq;	/* memory for counters */

/* Room for a file name, and for what is wrong with it */
#define SCST_ERROR_LEN	320

/**
 * struct scst_error - what the last failed operation on an object ran into
 * @lock:	guards the rest
 * @what:	the operation whose success empties @text, a constant; NULL: the one that
 *		is under way
 * @text:	one line, "" if there is nothing to be said
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
 * @deferred:	commands that wait for a tasklet to put them on a list; only
 *		the sum over all CPUs means something
 */
struct scst_cmd_list {
	spinlock_t lock;		/* guards cmds */
	struct list_head cmds;		/* L */
	long deferred;			/* this_cpu operations */
};

/* Unit attention conditions that may be pending: all of the core's, and some of a device's */
#define SCST_UA_QUEUE_LEN	24

/**
 * struct scst_task_set - commands that are ordered among themselves, SAM-5 8
 * @faulted:	the I_T_L nexus whose ACA condition is in effect, or NULL
 * @aca_cmd:	the command with the ACA attribute, or NULL
 * @members:	commands on the queue
 * @heads:	HEAD OF QUEUE commands among them
 * @ordereds:	ORDERED commands among them
 * @pass:	of the walk through the queue that @older and @ordered belong to
 * @older:	it has met a command
 * @ordered:	it has met an ORDERED command
 *
 * A device has one, for all, and each of its nexuses one of its own: TST of the
 * control mode page says which of them count.
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
 * struct scst_buf_cap - memory of data buffers, and how much of it there may be
 * @bytes:	in use
 * @limit:	the cap, bytes
 * @batch:	how much of @bytes a CPU may keep to itself
 */
struct scst_buf_cap {
	struct percpu_counter bytes;
	u64 limit;				/* W */
	u32 batch;				/* W */
};

/**
 * enum scst_abort - on whose behalf a command is aborted, and what its initiator hears
 * @SCST_ABORT_OWN:	of its own I_T nexus, which expects nothing more
 * @SCST_ABORT_OTHER:	of another one: TASK ABORTED if TAS says so, or nothing; SAM-5 5.6
 * @SCST_ABORT_SERVER:	the device or the LUN goes away: ABORTED COMMAND, COMMANDS CLEARED
 *			BY DEVICE SERVER, since no initiator knows of it
 */
enum scst_abort {
	SCST_ABORT_OWN,
	SCST_ABORT_OTHER,
	SCST_ABORT_SERVER,
};

/* The access that reservations leave an I_T_L nexus */
enum scst_access {
	SCST_ACCESS_ALL,
	SCST_ACCESS_READ,	/* a Write Exclusive reservation of another */
	SCST_ACCESS_NONE,	/* an Exclusive Access reservation of another */
	SCST_ACCESS_RESERVED,	/* RESERVE of another */
	SCST_ACCESS_LOST,	/* nobody knows whose persistent reservation */
};

/**
 * struct scst_waiter - something that waits for a session's commands without a thread
 * @entry:	on @sess->waitq
 * @work:	looks whether they are gone, and goes on then
 * @wq:		where
 * @woken:	bit 0: a command has gone, and @work has not looked since
 * @looked:	when it looked last, jiffies
 * @sess:	whose commands, with a reference; NULL: it does not wait
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
 * @retracted:	no new command finds it
 * @behind:	the initiator port has logged in anew, and a retracted nexus of its still
 *		has commands on the device, which must not meet newer ones
 * @task_set:	its own, if it has one
 * @losses_told: how many of @dev->losses its initiator knows of; see lost.c
 * @ua_lock:	guards the queue
 * @ua_count:	pending unit attentions
 * @ua_queue:	their sense codes, the next to report first; each stands there once
 * @tally:	what its commands counted
 * @dev_part:	@tally as a part of @dev->stats
 * @sess_part:	@tally as a part of @sess->stats
 * @sysfs:	what stands for it in sysfs, or NULL
 * @dev_entry:	on @dev->nexuses
 * @change_entry: on the list of those who publish, remove or wait for it
 * @reaper:	frees it, once it is unpublished, when its last command is gone
 * @reap_start:	what @reap_stage has come to lasts since then, jiffies
 * @reap_serial: scst_abort_serial() when its commands were aborted
 * @reap_stage:	how far its end has come; see nexus.c
 */
struct scst_nexus {
	struct scst_session *sess;		/* I */
	struct scst_device *dev;		/* I */
	u32 lun;				/* I */
	bool read_only;				/* C, read with READ_ONCE() */
	u8 access;				/* S */
	bool retracted;				/* S */
	bool behind;				/* S */
	unsigned int losses_told;		/* S */
	struct scst_task_set task_set;		/* D */
	spinlock_t ua_lock;			/* guards U */
	u8 ua_count;				/* U, read with READ_ONCE() */
	scst_sense_t ua_queue[SCST_UA_QUEUE_LEN]; /* U */
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

/* The longest NAA designator */
#define SCST_NAA_LEN		16

/**
 * struct scst_lun_identity - what tells an initiator one logical unit from another
 * @naa_id:	its NAA designator; zeroes: there is none
 * @nblocks:	its capacity
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
 * struct scst_lun_map - who of a target's initiators sees what
 * @group:	the luns/ directory
 * @tgt:	the target
 * @grp:	the group of initiators that it is for; NULL: the default map
 * @error:	last_error of whose it is
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
 * @kind:	what it means
 * @text:	the name or glob, in the form in which names are compared
 * @entry:	on @grp->patterns
 * @dead:	I_T_L nexuses that sessions lost when it came or went
 * @reap_work:	has them free themselves when it came
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
 * @map:	what its initiators see
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
/* The longest one is that of an iSCSI initiator port. */
#define SCST_TRANSPORT_ID_LEN	256

/**
 * struct scst_transport_id - a TransportID, SPC-5 7.6.4
 * @len:	bytes
 * @data:	the rest is zeroes
 */
struct scst_transport_id {
	u16 len;
	u8 data[SCST_TRANSPORT_ID_LEN];
};

/**
 * struct scst_session - I_T nexus
 * @id:		its name in sysfs
 * @tgt:	the target port
 * @plugin:	its driver's registration, which it pins: whoever has a file of its
 *		directory open has @dir, and with that the type that is there
 * @initiator:	the initiator port's name
 * @transport_id: what it is called in persistent reservations
 * @priv:	the driver's
 * @map:	the LUN map it sees; NULL: it is being torn down
 * @next_map:	the one that it is about to see
 * @nexuses:	struct scst_nexus by LUN
 * @cmds:	all its commands
 * @luns_changed: REPORTED LUNS DATA HAS CHANGED is to be reported; no bool, as
 *		xchg() of a byte returns more than the byte on s390
 * @tags:	of its commands; NULL: the driver sees to it that they are unique
 * @pins:	what it is not freed before: task management functions, uevents that it
 *		caused, and nexuses that wait for their commands
 * @waiters:	somebody waits for commands to go
 * @waitq:	woken when a command went while there were @waiters, and when a
 *		TMF ended
 * @stats:	what its nexuses counted
 * @tally:	what commands counted whose LUN is not there
 * @sysfs:	what stands for it in sysfs
 * @map_entry:	on @map->sessions
 * @tgt_entry:	on @tgt->sessions
 * @gone:	the driver's call-back when it is gone
 * @closer:	tears it down
 * @close_start: when its commands were aborted, jiffies
 * @closing:	that was done
 * @left:	it is on no list of its target any more
 * @dir:	its directory, whose references are the session's; see
 *		configfs_sess.c
 * @dir_work:	makes the directory
 * @has_dir:	there is one; changed by @dir_work and then @closer
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
	struct config_group dir;
	struct work_struct dir_work;
	bool has_dir;				/* @dir_work, then @closer */
	time64_t login_time;			/* I */
	struct scst_error error;
};

/**
 * struct scst_plugin - a registered handler or target driver
 * @entry:	on the list of its kind
 * @name:	the directory's name
 * @owner:	its module
 * @ops:	its table: struct scst_handler_ops or struct scst_target_ops
 * @type:	of its objects' directories, with the core's attributes, then its own
 * @session_type: likewise, of sessions' directories
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
 * @plugin:	its driver's registration, which it pins
 * @ops:	its driver
 * @name:	its name
 * @created:	its driver's create() succeeded
 * @map:	the default LUN map
 * @groups_group: groups/ in it
 * @groups:	struct scst_group.entry
 * @sessions_group: sessions/ in it
 * @sessions:	struct scst_session.tgt_entry
 * @dirs_lock:	guards @dirs
 * @dirs:	how many of @sessions have a directory
 * @explained:	the initiator that explain is asked about, or NULL
 * @rel_tgt_id:	RELATIVE TARGET PORT IDENTIFIER, unique, never 0
 * @enable_lock: serialises enabling and disabling, which call the driver
 * @enabled:	initiators may log in
 * @removed:	its directory is gone
 * @session_count: sessions registered that have not left
 * @session_refs: sessions registered and not yet gone; they keep the memory
 * @waitq:	woken when @session_count becomes 0
 * @error:	last_error
 * @drain_ms:	how long a removal waits before it aborts what still runs
 * @event_limit: of the uevents that its initiators cause
 * @failure_limit: of those that tell of failures, and of lines in the kernel's log
 * @failures:	struct scst_failure.node: those to be emitted
 * @failure_work: emits them
 * @sysfs:	what stands for it in sysfs, or NULL
 * @entry:	on the list of all targets
 * @priv:	the driver's
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
	SCST_DEV_WAITING,	/* for its backend, which was not there */
	SCST_DEV_ACTIVE,
	SCST_DEV_DRAINING,
	SCST_DEV_FAILED,
};

/* QERR, SPC-6 7.5.10 */
#define SCST_QERR_SET		1	/* an error ends all commands of the task set */
#define SCST_QERR_NEXUS		3	/* of its own nexus only */

/* UA_INTLCK_CTRL, SPC-6 7.5.10 */
#define SCST_UA_KEEP		2	/* until REQUEST SENSE */
#define SCST_UA_KEEP_AND_ADD	3	/* and BUSY and the like raise some, too */

/**
 * struct scst_mode - what MODE SELECT can change; see spc_mode.c
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
 * struct scst_identity - what INQUIRY says a device is
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
 * struct scst_device - one instance of a handler: a logical unit
 * @group:	the directory
 * @plugin:	its handler's registration, which it pins
 * @handler:	what executes its commands
 * @kind:	its peripheral device type
 * @fifo:	its commands are executed in order of arrival, as its kind says
 * @name:	unique over all handlers
 * @created:	its handler's create() succeeded
 * @state:	see the contract; also changed under C, but for the change to FAILED
 * @tasks:	held by commands that may touch the backend: one per-CPU operation
 *		admits a command. Dead unless @state is ACTIVE and there is no
 *		@queueing.
 * @queueing:	commands are admitted through @queue: see order.c
 * @tasks_gone:	nobody holds @tasks
 * @queue_wanted: there was a reason for @queueing since @unqueue_work last looked
 * @faults:	task sets with an ACA condition
 * @waiting:	commands of @queue that have not started
 * @leaving:	commands that have left @queue and are being answered
 * @pass:	number of the last walk through @queue
 * @queue:	struct scst_cmd.queue_entry, in order of arrival
 * @task_set:	of all its commands, if nexuses have none of their own
 * @unqueue_work: ends @queueing
 * @kref:	keeps the memory: the directory, every nexus, the open backend
 * @io_wq:	commands that its backend executes; NULL: that never sleeps
 * @pr_wq:	what changes @pr, one after the other
 * @slow_wq:	what else waits for its backend: see device_queue.c
 * @free_work:	frees it, if a worker of its own gave back the last reference
 * @generation:	counts when its backend is opened, and when it is closed: who waits for
 *		one end, or comes late, does not mean the next
 * @generation_waitq: woken when @generation has changed
 * @close_work:	closes it when the last task is gone
 * @open:	its backend is open; changed under @backend_lock, too
 * @opening:	it is being opened: nothing else changes it meanwhile
 * @backend_lock: held while its handler opens or closes it, or looks at its backend
 * @fenced:	it has not answered in time: nothing is expected of it any more
 * @fence_ms:	how long a task management function waits for it
 * @fence_work:	tells that it is fenced
 * @lost:	its backend disappeared
 * @lost_generation: in which @generation that was
 * @lost_work:	what follows from that
 * @resized:	when its capacity changed last, jiffies
 * @resize_work: finds out whether it has changed again
 * @resets:	how many resets of the device initiators have asked for
 * @resets_done: and how many of them are over
 * @reset_work:	has its handler reset it
 * @lock:	guards what is tagged D
 * @params:	what the handler's open() said
 * @mode:	current mode parameters
 * @losses:	how often cached writes were found not to have reached the medium
 * @losses_start: how many of these a new nexus need not be told
 * @loss_sense:	what is told of the last one
 * @left_ns:	when a nexus left, or the last of its commands
 * @clean_ns:	what was written before then is on the medium
 * @pr:		persistent reservations; NULL: there has been none
 * @pr_lock:	held by whoever changes them, but not while a file is written
 * @pr_queue:	struct scst_cmd.pr_entry: commands that are to change them, parked
 * @pr_work:	does so, one after the other
 * @pr_saver:	the command whose table is being written, parked; NULL: it is aborted
 * @pr_claimed: a table is on its way to the files, and takes effect then: RESERVE is
 *		too late, and registrations come before it
 * @pr_restored: what was kept of them was read
 * @reserved_by: the nexus that RESERVE gave the device to, or NULL
 * @id:		identity
 * @buf:	data buffer memory
 * @drain_ms:	how long disabling waits before it aborts what still runs
 * @stats:	what its nexuses counted
 * @sysfs:	what stands for it in sysfs, or NULL
 * @map_luns:	struct scst_map_lun.dev_entry
 * @nexuses:	struct scst_nexus.dev_entry; retracted ones, too, until they are freed
 * @self:	the nexus of internal commands; not among @nexuses
 * @retracted:	how many are
 * @behind:	how many are behind such a one
 * @entry:	on the list of all devices
 * @error:	last_error
 * @priv:	the handler's
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
	unsigned int resets;			/* D, READ_ONCE() */
	unsigned int resets_done;		/* D, READ_ONCE() */
	struct work_struct reset_work;
	spinlock_t lock;			/* guards D */
	struct scst_device_params params;	/* E, but nblocks: C, READ_ONCE() */
	struct scst_mode mode;			/* S */
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
	struct device *sysfs;			/* C */
	struct list_head map_luns;		/* C */
	struct list_head nexuses;		/* D */
	struct scst_nexus *self;		/* I */
	unsigned int retracted;			/* D */
	unsigned int behind;			/* D */
	struct list_head entry;			/* C */
	struct scst_error error;
	u64 priv[];
};

#endif /* _SCST_PRIV_H */
