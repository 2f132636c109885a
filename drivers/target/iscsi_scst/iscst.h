/* SPDX-License-Identifier: GPL-2.0 */
/*
 * iscsi_scst: an iSCSI target, RFC 7143.
 *
 * A connection receives and sends under the lock of its socket, which is what protects
 * all that is tagged W: there is no other lock on the data path. With few commands under
 * way it is the softirq that brings the packets which does so, as it has that lock; with
 * many it is io_work, on the same CPU or beside it (cpu.c). Everybody else posts to
 * conn->events and kicks io_work. What sleeps (log-in, log-out, text requests) is done by
 * slow_work, and nothing is received meanwhile.
 *
 * Legend:
 *
 * I: set before publication, then constant
 * G: iscst_lock
 * P: iscst_portal_lock
 * W: the socket's lock; slow_work, what it was given, while ISCST_CONN_SLOW is set;
 *    io_work once ISCST_CONN_CLOSED is, and nobody else: slow_work has ended by then
 *
 * conn->waiting has the commands that wait for their data. The core has lent them: each goes
 * back once, by whoever takes it off the list. That is who receives its data; io_work, when
 * it is aborted; slow_work, when the session is logged out; all three under the socket's lock.
 * io_work takes off what is left once the connection is dead, when there is no such lock.
 *
 * Lock order: configfs's su_mutex, then iscst_portal_lock, then iscst_lock, then the
 * core's configuration lock. What the core calls under the latter takes none of them.
 * iscst_lock comes before the socket's lock, and that before the core's spinlocks.
 *
 * Lifetimes. A connection ends in close_work, once, whoever asked for it:
 *
 * 1. The socket's call-backs are taken off: the network kicks io_work no more.
 * 2. io_work is flushed: ISCST_CONN_CLOSING keeps later rounds from receiving, so nobody
 *    starts slow_work any more. slow_work and the timer are cancelled: there is a session
 *    now or there never will be.
 * 3. ISCST_CONN_CLOSED is set and io_work flushed. From here on io_work gives back what
 *    the core hands out and touches the socket no more.
 * 4. The socket is shut down and released: its network namespace need not be there any
 *    more.
 * 5. With an I_T nexus, it is unregistered. The core aborts its commands; io_work gives
 *    back those that waited for data or were to be answered. When the core calls
 *    iscst_session_left(), nobody finds the session any more. When it calls
 *    iscst_session_unregistered(), the last release() is over and nothing kicks io_work.
 * 6. io_work is cancelled, and session and connection are freed.
 *
 * A log-out begins with 5, so that nothing of the session is left when it is answered.
 * Which of 4 and iscst_session_unregistered() comes last, under iscst_lock, goes on with 6.
 *
 * Who wants a connection to end only queues close_work, which iscst_lock keeps from
 * being the last user of it: freed connections are off iscst_conns.
 *
 * The core calls receive_data(), send_response() and release() for commands, which keep their
 * session. These give the command away: io_work may answer it before they return, and with
 * the last one the session ends and the connection is freed. What they still do with the
 * connection is in one RCU read-side section with that; the core waits for a grace period
 * between the last command and that call. aborted() and async_event() give nothing
 * away, and what tmf_done() answers is counted until it returns.
 */
#ifndef _ISCST_H
#define _ISCST_H

#include <linux/average.h>
#include <linux/bvec.h>
#include <linux/configfs.h>
#include <linux/kfifo.h>
#include <linux/kref.h>
#include <linux/list.h>
#include <linux/llist.h>
#include <linux/mutex.h>
#include <linux/net.h>
#include <linux/preempt.h>
#include <linux/scatterlist.h>
#include <linux/sched.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/wait.h>
#include <linux/workqueue.h>
#include <net/sock.h>
#include <scsi/iscsi_proto.h>
#include <scst/cmd.h>
#include <scst/compat.h>
#include <scst/inject.h>
#include <scst/target.h>

/* The port of an address that has none */
#define ISCST_PORT		"3260"

/* RFC 7143 6.1: the longest key and the longest simple value, with the NUL */
#define ISCST_KEY_LEN		64
#define ISCST_VALUE_LEN		256

/* Text that one log-in or text request may have, over all its PDUs, bytes */
#define ISCST_TEXT_MAX		16384

/* What log-in PDUs carry at most, both ways: the key's default */
#define ISCST_LOGIN_SEGMENT	ISCSI_DEF_MAX_RECV_SEG_LEN

/* What we declare for full feature phase */
#define ISCST_RECV_SEGMENT	262144

/*
 * Connections of a portal that have no normal session: logging in, or discovery. With more the
 * oldest ends; until they have, there are twice as many at most.
 */
#define ISCST_MAX_LOGINS	64
/* ... and those of them that one host may have */
#define ISCST_MAX_PEER_LOGINS	32
#define ISCST_LOGIN_TIMEOUT	(15 * HZ)
#define ISCST_DISCOVERY_TIMEOUT	(30 * HZ)
#define ISCST_CLOSE_TIMEOUT	(5 * HZ)
/* ... and before the session has ended: its backends' part */
#define ISCST_UNREGISTER_TIMEOUT	(60 * HZ)

/* How long an initiator may take to log out when it is asked to, seconds */
#define ISCST_LOGOUT_SECONDS	3

#define ISCST_MAX_SESSIONS	1024

/* Longer AHSs cannot be: TotalAHSLength counts words in a byte */
#define ISCST_AHS_MAX		(255 * 4)

/* Control PDUs that wait to be sent before nothing more is received */
#define ISCST_MAX_CTLS		64
#define ISCST_MAX_CTL_BYTES	SZ_256K

/* SCSI events that wait to be told; more are not: they are unit attentions, too */
#define ISCST_MAX_EVENTS	16

#define ISCST_NO_TAG		cpu_to_be32(ISCSI_RESERVED_TAG)

#define ISCST_SECRET_LEN	256
#define ISCST_CHALLENGE_LEN	32
/* What an initiator's may have, RFC 7143 12.1.3 */
#define ISCST_CHALLENGE_MAX	1024

struct iscst_cmd;
struct iscst_conn;
struct iscst_session;

/* Why a connection ends, or a log-in is refused; what they are called is in reason.c */
enum iscst_reason {
	ISCST_REASON_NONE,
	/* Log-ins */
	ISCST_REASON_MALFORMED,		/* a request is not as RFC 7143 wants it */
	ISCST_REASON_NO_TARGET,		/* no target has that name */
	ISCST_REASON_WRONG_PORTAL,	/* one has it, and does not listen there */
	ISCST_REASON_DISABLED,		/* the target is disabled */
	ISCST_REASON_TOO_MANY_SESSIONS,
	ISCST_REASON_NO_SESSION,	/* the session to be joined is not there */
	ISCST_REASON_REINSTATEMENT,	/* the session to be replaced does not end */
	ISCST_REASON_NO_PROOF,		/* the initiator offers none, and has to */
	ISCST_REASON_NOT_LISTED,	/* nothing in auth/ is for the initiator */
	ISCST_REASON_WRONG_PROOF,	/* its CHAP name or response is wrong */
	ISCST_REASON_NO_OWN_PROOF,	/* it wants one, and there is none to give */
	ISCST_REASON_LOGIN_TIMEOUT,
	ISCST_REASON_TOO_MANY_LOGINS,
	/* Connections of sessions */
	ISCST_REASON_NOP_TIMEOUT,	/* no answer to a NOP-In */
	ISCST_REASON_SEND_TIMEOUT,	/* the initiator takes nothing of what is sent */
	ISCST_REASON_DATA_TIMEOUT,	/* Data-Out does not come */
	ISCST_REASON_LOGOUT_TIMEOUT,	/* the initiator was to log out */
	ISCST_REASON_HEADER_DIGEST,
	ISCST_REASON_DATA_DIGEST,
	ISCST_REASON_PROTOCOL,		/* a PDU is not as RFC 7143 wants it */
	ISCST_REASON_NO_MEMORY,
	ISCST_REASON_LOST,		/* the other side closed or reset it */
	/* From here on: what is no failure */
	ISCST_REASON_REPLACED,		/* by the initiator's next log-in */
	ISCST_REASON_REMOVED,		/* the administrator ended it */
	ISCST_REASONS,
};

/* The longest of their names, with the NUL */
#define ISCST_REASON_NAME_LEN	24

/**
 * struct iscst_portal - a listening socket
 * @addr:	where it listens
 * @net:	in which network namespace; not counted, see iscst_net_exit(); NULL: it
 *		is gone
 * @sock:	the socket; NULL: its namespace is gone
 * @data_ready:	the socket's own call-back
 * @accept_work: accepts connections
 * @users:	directories that ask for it
 * @logins:	its connections without a normal session
 * @refused:	how many connections failed before they had come to a target
 * @dirs:	struct iscst_portal_dir.portal_entry: which targets it serves
 * @kref:	@users as a whole, and each connection
 * @entry:	on the list of all
 */
struct iscst_portal {
	struct sockaddr_storage addr;		/* I */
	struct net *net;			/* P and G to clear */
	struct socket *sock;			/* P */
	void (*data_ready)(struct sock *sk);	/* I */
	struct work_struct accept_work;
	unsigned int users;			/* P */
	unsigned int logins;			/* G */
	atomic_t refused;
	struct list_head dirs;			/* G */
	struct kref kref;
	struct list_head entry;			/* P */
};

/**
 * struct iscst_portal_dir - portals/<address>:<port>/
 * @item:	the directory
 * @target:	the target
 * @portal:	the socket, which several targets may share
 * @announced:	what discovery tells instead of its address; "": nothing else
 * @entry:	on @target->portals
 * @portal_entry: on @portal->dirs
 */
struct iscst_portal_dir {
	struct config_item item;
	struct iscst_target *target;		/* I */
	struct iscst_portal *portal;		/* I */
	char announced[ISCST_VALUE_LEN];	/* G */
	struct list_head entry;			/* G */
	struct list_head portal_entry;		/* G */
};

/**
 * struct iscst_secret - who somebody is, and the proof
 * @user:	CHAP name; "": none
 * @secret:	CHAP secret
 */
struct iscst_secret {
	char user[ISCST_VALUE_LEN];
	char secret[ISCST_SECRET_LEN];
};

/**
 * struct iscst_auth - auth/<pattern>/: what initiators have to prove
 * @item:	the directory
 * @pattern:	its name, which is an initiator's, or a glob; folded
 * @target:	the target
 * @initiator:	what the initiator proves
 * @ours:	what the target proves, if it is asked to
 * @entry:	on @target->auths
 */
struct iscst_auth {
	struct config_item item;
	char pattern[SCST_PORT_NAME_LEN];	/* I */
	struct iscst_target *target;		/* I */
	struct iscst_secret initiator;		/* G */
	struct iscst_secret ours;		/* G */
	struct list_head entry;			/* G */
};

/**
 * struct iscst_params - what is negotiated, RFC 7143 13
 * @header_digest:	CRC32C or none
 * @data_digest:	likewise
 * @max_connections:	MaxConnections
 * @initial_r2t:	InitialR2T
 * @immediate_data:	ImmediateData
 * @max_recv_data_segment_length:	MaxRecvDataSegmentLength of the initiator, bytes
 * @max_burst_length:		MaxBurstLength, bytes
 * @first_burst_length:	FirstBurstLength, bytes
 * @time2wait:		DefaultTime2Wait, seconds
 * @time2retain:	DefaultTime2Retain, seconds
 * @max_outstanding_r2t:		MaxOutstandingR2T
 * @pdu_in_order:	DataPDUInOrder
 * @sequence_in_order:	DataSequenceInOrder
 * @recovery_level:	ErrorRecoveryLevel
 * @protocol_level:	iSCSIProtocolLevel
 */
struct iscst_params {
	u32 header_digest;
	u32 data_digest;
	u32 max_connections;
	u32 initial_r2t;
	u32 immediate_data;
	u32 max_recv_data_segment_length;
	u32 max_burst_length;
	u32 first_burst_length;
	u32 time2wait;
	u32 time2retain;
	u32 max_outstanding_r2t;
	u32 pdu_in_order;
	u32 sequence_in_order;
	u32 recovery_level;
	u32 protocol_level;
};

/**
 * struct iscst_target - a target, with one target portal group
 * @tgt:	the core's side of it
 * @portals_group: portals/
 * @auth_group:	auth/
 * @failures_group: failures/
 * @failures:	how often what went wrong, by enum iscst_reason
 * @portals:	struct iscst_portal_dir.entry
 * @auths:	struct iscst_auth.entry
 * @discovery_auth: only those who have proved who they are discover it
 * @sessions:	struct iscst_session.entry
 * @session_count: how many
 * @alias:	TargetAlias; "": none
 * @redirect:	where initiators are sent instead of being let in; "": nowhere
 * @redirect_permanent: and they are to remember it
 * @queue_depth: commands that a session may have
 * @limits:	what initiators are granted at most
 * @nop_interval_ms: how long a connection is idle before it is asked for a sign
 *		of life; 0: never
 * @nop_timeout_ms: how long the answer may take
 * @scsi_events: initiators are told of unit attention conditions when they are established
 * @request_logout: initiators are asked to log out before their sessions are ended
 * @data_timeout_ms: how long writes may wait for data without getting any
 * @entry:	on the list of enabled targets
 * @portals_entry: on the list of those that have portals
 */
struct iscst_target {
	struct scst_target *tgt;		/* I */
	struct config_group portals_group;
	struct config_group auth_group;
	struct config_group failures_group;
	atomic_t failures[ISCST_REASONS];
	struct list_head portals;		/* G */
	struct list_head auths;			/* G */
	u32 discovery_auth;			/* READ_ONCE() */
	struct list_head sessions;		/* G */
	unsigned int session_count;		/* G */
	char alias[ISCST_VALUE_LEN];		/* G */
	char redirect[ISCST_VALUE_LEN];		/* G */
	u32 redirect_permanent;			/* READ_ONCE() */
	u32 queue_depth;			/* READ_ONCE() */
	struct iscst_params limits;		/* READ_ONCE() */
	u32 nop_interval_ms;			/* READ_ONCE() */
	u32 nop_timeout_ms;			/* READ_ONCE() */
	u32 scsi_events;			/* READ_ONCE() */
	u32 request_logout;			/* READ_ONCE() */
	u32 data_timeout_ms;			/* READ_ONCE() */
	struct list_head entry;			/* G */
	struct list_head portals_entry;		/* G */
};

/**
 * struct iscst_text - a text negotiation: what came and what goes back
 * @req:	key=value pairs, each with a NUL, over all PDUs so far
 * @req_len:	bytes
 * @rsp:	likewise
 * @rsp_len:	bytes
 * @rsp_room:	room in @rsp
 * @rsp_max:	what that may grow to
 * @rsp_sent:	bytes of @rsp that were handed over
 * @full:	something did not fit into @rsp
 * @seen:	a bit for each key that was negotiated
 */
struct iscst_text {
	char *req;
	u32 req_len;
	char *rsp;
	u32 rsp_len;
	u32 rsp_room;
	u32 rsp_max;
	u32 rsp_sent;
	bool full;
	u64 seen;
};

enum iscst_chap_state {
	ISCST_CHAP_OFF,
	ISCST_CHAP_ALGORITHM,	/* CHAP_A is awaited */
	ISCST_CHAP_RESPONSE,	/* CHAP_N and CHAP_R are */
	ISCST_CHAP_DONE,
};

/**
 * struct iscst_chap - CHAP, RFC 7143 12.1.3
 * @state:	what is awaited
 * @alg:	the algorithm
 * @id:		our identifier
 * @challenge:	our challenge
 * @methods:	AuthMethod in this request, or NULL
 * @a:		likewise, CHAP_A
 * @n:		CHAP_N
 * @r:		CHAP_R
 * @i:		CHAP_I
 * @c:		CHAP_C
 */
struct iscst_chap {
	enum iscst_chap_state state;
	const struct iscst_chap_alg *alg;
	u8 id;
	u8 challenge[ISCST_CHALLENGE_LEN];
	const char *methods;
	const char *a, *n, *r, *i, *c;
};

/**
 * struct iscst_login - a log-in under way
 * @text:	its text
 * @initiator:	InitiatorName, folded
 * @target_name: TargetName
 * @discovery:	SessionType
 * @started:	the first request was understood
 * @identified:	who it is and what it wants is known
 * @group_declared:	the target's portal group was told
 * @segment_declared: our MaxRecvDataSegmentLength was declared
 * @authenticated: the security stage is over, or was not needed
 * @stage:	CSG that we are in
 * @isid:	of the first request; all others have the same
 * @tsih:	likewise
 * @cid:	likewise
 * @itt:	likewise
 * @limits:	what we grant
 * @chap:	the proof
 * @proven:	what a discovery session's initiator has proved
 */
struct iscst_login {
	struct iscst_text text;
	char initiator[SCST_PORT_NAME_LEN];
	char target_name[SCST_PORT_NAME_LEN];
	bool discovery;
	bool started;
	bool identified;
	bool group_declared;
	bool segment_declared;
	bool authenticated;
	u8 stage;
	u8 isid[6];
	__be16 tsih;
	__be16 cid;
	itt_t itt;
	struct iscst_params limits;
	struct iscst_chap chap;
	struct iscst_secret *proven;
};

enum iscst_tx_kind {
	ISCST_TX_CTL,		/* struct iscst_ctl */
	ISCST_TX_READY,		/* iscst_cmd.ready: the core wants its data; R2T */
	ISCST_TX_RESPONSE,	/* iscst_cmd.response: Data-In, SCSI Response */
};

/**
 * struct iscst_tx - something for io_work: on conn->events, then to be sent
 * @node:	on conn->events
 * @entry:	on conn->tx_list
 * @kind:	what it is a part of
 */
struct iscst_tx {
	union {
		struct llist_node node;
		struct list_head entry;
	};
	u8 kind;
};

/**
 * struct iscst_ctl - a PDU that has no SCSI command
 * @tx:		for io_work
 * @conn:	its connection
 * @hdr:	header; sequence numbers are filled in when it is sent
 * @numbered:	it has a StatSN of its own
 * @cold:	it answers TARGET COLD RESET, and goes out before the session ends
 * @data:	data segment, allocated
 * @len:	its length in bytes
 * @tmf:	the task management function that it answers
 * @entry:	on conn->aborts if that is ABORT TASK
 * @answered:	the task was answered before it could be aborted
 */
struct iscst_ctl {
	struct iscst_tx tx;
	struct iscst_conn *conn;
	struct iscsi_hdr hdr;
	bool numbered;
	bool cold;
	void *data;
	u32 len;
	struct scst_tmf tmf;
	struct list_head entry;			/* W */
	bool answered;				/* W */
};

/**
 * struct iscst_cursor - a place in a scatterlist
 * @sg:		the entry
 * @off:	bytes of it that are behind
 */
struct iscst_cursor {
	struct scatterlist *sg;
	u32 off;
};

enum iscst_cmd_state {
	ISCST_CMD_IDLE,
	ISCST_CMD_SUBMITTED,	/* the core has it */
	ISCST_CMD_WANTS_DATA,	/* it is ours until its Data-Out is there */
	ISCST_CMD_EXECUTING,	/* the core has it, with its Data-Out */
	ISCST_CMD_RESPONDING,	/* it is ours until it is answered */
};

/* What is wrong with a command's data, RFC 7143 11.4.7.2 */
enum iscst_loss {
	ISCST_LOSS_NONE,
	ISCST_LOSS_CRC,		/* a digest, or a PDU is missing that must have had one */
	ISCST_LOSS_AMOUNT,	/* it is not as much as was asked for or agreed on */
	ISCST_LOSS_UNEXPECTED,	/* nobody asked for it */
	ISCST_LOSS_MEMORY,	/* there was no room to put it aside */
};

/**
 * struct iscst_cmd - a SCSI command; one slot of a session
 * @cmd:	the core's command
 * @conn:	the connection that it came on
 * @ready:	for io_work: the core wants its data; R2Ts
 * @response:	for io_work: the answer
 * @free:	on the session's list of released commands
 * @entry:	on the session's list of idle ones, or on conn->waiting
 * @itt:	its Initiator Task Tag
 * @state:	where it is
 * @slot:	its index
 * @generation:	how often it was used; part of Target Transfer Tags
 * @counted:	it takes its share of the command window
 * @loss:	enum iscst_loss: it fails as soon as the core wants its data
 * @immediate:	immediate data is being received
 * @unsolicited: unsolicited Data-Out PDUs follow
 * @bidirectional: data was announced for both directions
 * @ready_later: the core wants its data, but a PDU is being received
 * @r2t_queued:	@ready is on conn->tx_list
 * @held:	bytes of its buffer, while it waits for more than the PDU it came in
 * @in_order_sn: DataSN that the next Data-Out has
 * @off:	Buffer Offset that it has
 * @seq_end:	where its sequence ends
 * @seq_sn:	R2TSN of that sequence
 * @r2t_off:	what the next R2T asks for begins here
 * @r2t_sn:	and this is its R2TSN
 * @sent:	bytes of Data-In that were sent
 * @data_sn:	DataSN of the next Data-In
 * @cursor:	in the command's data
 * @stage:	unsolicited data that came before the core wanted it
 * @stage_nents: its entries
 * @stage_len:	its size
 * @cdb:	the CDB
 * @long_cdb:	or, if it does not fit, the CDB, allocated
 */
struct iscst_cmd {
	struct scst_cmd cmd;
	struct iscst_conn *conn;		/* I */
	struct iscst_tx ready;
	struct iscst_tx response;
	struct llist_node free;
	struct list_head entry;			/* W */
	itt_t itt;				/* W, and so is all that follows */
	u8 state;
	u8 generation;
	u16 slot;				/* I */
	bool counted;
	u8 loss;
	bool immediate;
	bool unsolicited;
	bool bidirectional;
	bool ready_later;
	bool r2t_queued;
	u32 held;
	u32 in_order_sn;
	u32 off;
	u32 seq_end;
	u32 seq_sn;
	u32 r2t_off;
	u32 r2t_sn;
	u32 sent;
	u32 data_sn;
	struct iscst_cursor cursor;
	struct scatterlist *stage;
	unsigned int stage_nents;
	u32 stage_len;
	u8 cdb[ISCSI_CDB_SIZE];
	u8 *long_cdb;
};

/**
 * struct iscst_session - a session; its connection is apart
 * @target:	the target; NULL: discovery
 * @sess:	the core's side of it; NULL: discovery
 * @conn:	the connection
 * @initiator:	the initiator's name
 * @target_name: the target's; "": discovery
 * @isid:	its part of the session's identifier
 * @tsih:	ours
 * @entry:	on @target->sessions
 * @proven:	what the initiator has proved; NULL: nothing, or not for discovery
 * @unregistering:	the core was told to forget it
 * @unregistered:	and has done so
 * @logout:	the answer to the log-out that ended it
 * @exp_cmdsn:	CmdSN of the next command
 * @max_cmdsn:	CmdSN of the last that may be sent
 * @depth:	commands at a time
 * @outstanding: commands now
 * @cmds:	the slots
 * @nr_cmds:	how many
 * @idle:	those that are free
 * @released:	those that the core gave back
 * @recent:	the last one that came
 * @held:	iscst_cmd.held of all of them, bytes
 * @staged:	iscst_cmd.stage_len of those that have something put aside, bytes
 */
struct iscst_session {
	struct iscst_target *target;		/* I */
	struct scst_session *sess;		/* I */
	struct iscst_conn *conn;		/* I */
	char initiator[SCST_PORT_NAME_LEN];	/* I */
	char target_name[SCST_PORT_NAME_LEN];	/* I */
	u8 isid[6];				/* I */
	u16 tsih;				/* I */
	struct list_head entry;			/* G */
	struct iscst_secret *proven;		/* I */
	bool unregistering;				/* G */
	bool unregistered;				/* G to set, READ_ONCE() */
	struct iscst_ctl *logout;		/* W to set, then G */
	u32 exp_cmdsn;				/* W */
	u32 max_cmdsn;				/* W */
	u32 depth;				/* I */
	u32 outstanding;			/* W */
	struct iscst_cmd *cmds;			/* I */
	unsigned int nr_cmds;			/* I */
	struct list_head idle;			/* W */
	struct llist_head released;
	struct iscst_cmd *recent;		/* W */
	u64 held;				/* W */
	u64 staged;				/* W */
};

enum iscst_rx_state {
	ISCST_RX_HEADER,
	ISCST_RX_DATA,
	ISCST_RX_TRAILER,
};

enum iscst_rx_dest {
	ISCST_RX_DISCARD,		/* nowhere */
	ISCST_RX_CMD,		/* @cmd->cursor, for @keep bytes; then nowhere */
	ISCST_RX_BUF,		/* @buf */
};

/**
 * struct iscst_rx - the PDU that is being received
 * @state:	what comes next
 * @dest:	where data goes
 * @need:	bytes of the header, or trailer
 * @off:	bytes of the part that are there
 * @len:	of the data segment, bytes
 * @keep:	of those for @cmd
 * @crc:	of the data so far
 * @cmd:	whose data it is
 * @buf:	or where it goes
 * @ctl:	the answer that it is for
 * @hdr:	header, AHSs, digest
 * @trailer:	padding, digest
 * @scratch:	what nobody wants
 */
struct iscst_rx {
	u8 state;
	u8 dest;
	u32 need;
	u32 off;
	u32 len;
	u32 keep;
	u32 crc;
	struct iscst_cmd *cmd;
	void *buf;
	struct iscst_ctl *ctl;
	u8 hdr[ISCSI_HDR_LEN + ISCST_AHS_MAX + ISCSI_CRC_LEN] __aligned(8);
	u8 trailer[ISCSI_PAD_LEN + ISCSI_CRC_LEN];
	u8 scratch[512];
};

/**
 * struct iscst_tx_pdu - the PDU that is being sent
 * @busy:	there is one
 * @last:	it is the last of @item
 * @item:	what it is of; NULL: that is gone
 * @off:	bytes that the socket has
 * @hdr_len:	of @hdr and digest, bytes
 * @len:	of the data segment
 * @trailer_len: of padding and digest
 * @cursor:	where the data is
 * @buf:	or where it is
 * @hdr:	header and digest
 * @trailer:	padding and digest
 * @sense:	data segment of a SCSI Response
 */
struct iscst_tx_pdu {
	bool busy;
	bool last;
	struct iscst_tx *item;
	u32 off;
	u32 hdr_len;
	u32 len;
	u32 trailer_len;
	struct iscst_cursor cursor;
	const void *buf;
	u8 hdr[ISCSI_HDR_LEN + ISCSI_CRC_LEN] __aligned(8);
	u8 trailer[ISCSI_PAD_LEN + ISCSI_CRC_LEN];
	u8 sense[2 + SCST_SENSE_BUFFERSIZE];
};

/* Bits of iscst_conn.flags: atomic operations */
enum iscst_conn_flag {
	ISCST_CONN_CLOSING,	/* close_work is queued, or was */
	ISCST_CONN_CLOSED,	/* the socket is not to be touched any more */
	ISCST_CONN_SLOW,	/* slow_work has the received PDU */
	ISCST_CONN_TICK,	/* the timer has something for io_work */
	ISCST_CONN_ABORTED,	/* so has the core: commands were aborted */
	ISCST_CONN_WINDOW,	/* the window may be open, and the initiator not know */
	ISCST_CONN_ASK_LOGOUT,	/* the initiator is to be asked to log out */
	ISCST_CONN_LOGOUT_ASKED,	/* it is, and @drop_at holds */
	ISCST_CONN_DROP,	/* it is to be told that the connection ends, which does so */
};

/**
 * struct iscst_scsi_event - a unit attention condition that the initiator is to hear of
 * @lun:	where
 * @sense:	which
 */
struct iscst_scsi_event {
	u32 lun;
	scst_sense_t sense;
};

enum iscst_conn_state {
	ISCST_CONN_LOGIN,
	ISCST_CONN_FULL,	/* full feature phase */
	ISCST_CONN_AWAIT_CLOSE,	/* logged out: waits for the initiator to close */
};

#define ISCST_CPU_NONE	(-1)

/* Over the last 64 commands; see cpu.c */
DECLARE_EWMA(iscst_in_flight, 10, 64)

/**
 * struct iscst_conn - a connection
 * @sock:	the socket; NULL once released
 * @portal:	where it came in
 * @net:	the socket's network namespace
 * @write_space: the socket's own call-back
 * @state_change: likewise
 * @peer:	the initiator's address
 * @entry:	on the list of all
 * @target:	the target, once it is known
 * @target_portal:	the portal of its that @portal's address belongs to; only to be compared
 * @session:	the session, once there is one
 * @is_login:	it counts in @portal->logins
 * @flags:	enum iscst_conn_flag
 * @reason:	enum iscst_reason: why it ends
 * @reported:	that was told of
 * @state:	where it is
 * @incoming_cpu:	the CPU that takes the packets
 * @cpu:	where io_work runs
 * @in_flight:	other commands that the initiator waits for; see cpu.c
 * @busy:	there are so many that they keep @incoming_cpu busy
 * @lone_cmds:	commands that came alone in softirq
 * @sample:	so many more are left to io_work
 * @busy_at:	where that is counted, or ISCST_CPU_NONE
 * @server:	who serves it at the moment: iscst_conn_context(), or 0
 * @in_softirq:	it is a softirq
 * @io_work:	receives and sends; see the top
 * @slow_work:	does what sleeps
 * @close_work:	ends it
 * @timer:	runs once a second
 * @events:	struct iscst_tx.node, from anybody
 * @scsi_events: for the initiator; only io_work takes them out
 * @scsi_events_lock: held to put them in
 * @tx_list:	struct iscst_tx.entry
 * @waiting:	struct iscst_cmd.entry: those in ISCST_CMD_WANTS_DATA
 * @aborts:	struct iscst_ctl.entry
 * @ctls:	control PDUs that are not sent yet, and TMFs
 * @ctl_bytes:	their data
 * @rx:		what is being received
 * @tx:		what is being sent
 * @cid:	the connection's identifier
 * @statsn:	StatSN of the next answer
 * @segment:	our MaxRecvDataSegmentLength, as the initiator knows it
 * @params:	what is in force
 * @login:	the log-in, while it lasts
 * @text:	text negotiation in full feature phase
 * @text_itt:	its Initiator Task Tag
 * @last_rx:	when something was received, jiffies
 * @last_tx:	when the socket last took something, or had to, jiffies
 * @started:	when this state began, jiffies
 * @drop_at:	when the connection is ended if nobody logs out, jiffies
 * @nop_sent:	when a NOP-In was sent, jiffies
 * @nop_pending: no answer to it yet
 * @has_sent_nop:	the initiator has sent a NOP-Out
 * @acked:	TCP's sequence number up to which it has acknowledged what it was sent
 * @ticked:	when it was looked at last, once a second, jiffies
 * @last_ack:	when that last moved, jiffies, as seen once a second
 * @data_place:	where the commands stood that wait for data, iscst_data_is_overdue()
 * @data_seq:	TCP's sequence number behind what they had asked for then
 * @data_since:	since when they stand there and the initiator knows, jiffies
 */
struct iscst_conn {
	struct socket *sock;			/* G to clear */
	struct iscst_portal *portal;		/* I */
	struct net *net;			/* I */
	void (*write_space)(struct sock *sk);	/* I */
	void (*state_change)(struct sock *sk);	/* I */
	struct sockaddr_storage peer;		/* I */
	struct list_head entry;			/* G */
	struct iscst_target *target;		/* G to set */
	const struct iscst_portal *target_portal;		/* G */
	struct iscst_session *session;		/* G to set */
	bool is_login;				/* G */
	unsigned long flags;
	enum iscst_reason reason;		/* cmpxchg() */
	bool reported;				/* G */
	u8 state;				/* W, smp_load_acquire() */
	int incoming_cpu;				/* READ_ONCE() */
	int cpu;				/* READ_ONCE() */
	struct ewma_iscst_in_flight in_flight;	/* W */
	bool busy;				/* W */
	u16 lone_cmds;				/* W */
	u8 sample;				/* W */
	int busy_at;				/* xchg() */
	unsigned long server;			/* W, READ_ONCE() */
	bool in_softirq;			/* W, READ_ONCE() */
	struct work_struct io_work;
	struct work_struct slow_work;
	struct work_struct close_work;
	struct delayed_work timer;
	struct llist_head events;
	DECLARE_KFIFO(scsi_events, struct iscst_scsi_event, ISCST_MAX_EVENTS);
	spinlock_t scsi_events_lock;		/* for those who put them in */
	struct list_head tx_list;		/* W */
	struct list_head waiting;		/* W */
	struct list_head aborts;		/* W */
	atomic_t ctls;
	atomic_t ctl_bytes;
	struct iscst_rx rx;			/* W */
	struct iscst_tx_pdu tx;			/* W */
	u16 cid;				/* W */
	u32 statsn;				/* W */
	u32 segment;				/* W */
	struct iscst_params params;		/* W */
	struct iscst_login *login;		/* W */
	struct iscst_text text;			/* W */
	itt_t text_itt;				/* W */
	unsigned long last_rx;			/* READ_ONCE() */
	unsigned long started;			/* READ_ONCE() */
	unsigned long drop_at;			/* READ_ONCE() */
	unsigned long last_tx;			/* W */
	unsigned long nop_sent;			/* W */
	bool nop_pending;			/* W */
	bool has_sent_nop;				/* W */
	u32 acked;				/* W */
	unsigned long ticked;			/* W */
	unsigned long last_ack;			/* W */
	u32 data_place;				/* W */
	u32 data_seq;				/* W */
	unsigned long data_since;		/* W */
};

/* lists.c */
extern struct mutex iscst_lock;
extern struct list_head iscst_targets;		/* G: those that are enabled */
extern struct list_head iscst_listening;	/* G: targets that have portals */
extern struct list_head iscst_conns;		/* G */

/* portal.c */
void iscst_portal_ref_put(struct iscst_portal *portal);
int iscst_portal_parse(struct net *net, const char *text, struct sockaddr_storage *addr);
bool iscst_address_is_valid(const char *text);
const char *iscst_address_port(const char *text);
bool iscst_portal_covers(const struct iscst_portal *portal,
			 const struct iscst_portal *other);
bool iscst_conn_is_at(struct iscst_conn *conn, const char *text);

/* listen.c */
extern struct mutex iscst_portal_lock;
struct iscst_portal *iscst_portal_get(struct net *net, const char *name);
void iscst_portal_put(struct iscst_portal *portal);
int iscst_portal_init(void);
void iscst_portal_exit(void);

/* conn.c */
void iscst_conn_create(struct iscst_portal *portal, struct socket *sock);

/* admit.c */
bool __iscst_conn_is_admitted(struct iscst_conn *conn);
void iscst_conn_unlist(struct iscst_conn *conn);
void iscst_conn_established(struct iscst_conn *conn);

/* post.c */
extern wait_queue_head_t iscst_waitq;		/* woken when a connection or session ends */
extern struct workqueue_struct *iscst_io_wq;
extern struct workqueue_struct *iscst_slow_wq;
extern struct workqueue_struct *iscst_close_wq;
int iscst_wq_init(void);
void iscst_wq_exit(void);
void iscst_conn_kick(struct iscst_conn *conn);
void iscst_conn_post(struct iscst_conn *conn, struct iscst_tx *tx);
void iscst_conn_start_slow(struct iscst_conn *conn);
bool iscst_wait(bool (*is_done)(void *arg), void *arg, long timeout);

/* What runs here: a task, or a softirq that has interrupted it. Never 0. */
static inline unsigned long iscst_conn_context(void)
{
	return (unsigned long)current + (in_serving_softirq() ? 1 : 0);
}

/* If slow_work finds a softirq that is about to end, it is only less patient. */
static inline gfp_t iscst_conn_gfp(const struct iscst_conn *conn)
{
	return READ_ONCE(conn->in_softirq) ? GFP_ATOMIC : GFP_KERNEL;
}

/* serve.c */
void iscst_conn_io_work(struct work_struct *work);
void iscst_conn_set_callbacks(struct iscst_conn *conn);
void iscst_conn_clear_callbacks(struct iscst_conn *conn);

/* events.c */
void iscst_conn_events(struct iscst_conn *conn);
void iscst_conn_drain(struct iscst_conn *conn);

/* flags.c */
bool iscst_conn_handle_flags(struct iscst_conn *conn);
void __iscst_conn_drop(struct iscst_conn *conn);

/* watch.c */
void iscst_conn_tick(struct iscst_conn *conn);
void iscst_conn_timer(struct work_struct *work);

/* close.c */
bool iscst_conn_is_normal(const struct iscst_conn *conn);
void iscst_conn_close(struct iscst_conn *conn, enum iscst_reason reason);
void iscst_conn_close_errno(struct iscst_conn *conn, int err);
void iscst_conn_drop(struct iscst_conn *conn, enum iscst_reason reason);
void iscst_conn_ask_logout(struct iscst_conn *conn);
void iscst_conn_await_close(struct iscst_conn *conn);
void iscst_target_drop_sessions(struct iscst_target *target, bool graceful);

/* teardown.c */
void iscst_conn_close_work(struct work_struct *work);
void iscst_conn_free(struct iscst_conn *conn);
void iscst_session_logged_out(struct iscst_conn *conn);

/* reason.c */
void iscst_conn_set_reason(struct iscst_conn *conn, enum iscst_reason reason);
void iscst_conn_count(struct iscst_conn *conn, enum iscst_reason reason);
void __iscst_conn_report(struct iscst_conn *conn, struct iscst_target *target);
void iscst_conn_report_close(struct iscst_conn *conn);
void iscst_login_report(struct iscst_conn *conn, u16 status);
const char *iscst_reason_name(enum iscst_reason reason);
const char *iscst_conn_initiator(const struct iscst_conn *conn);
const char *iscst_conn_target_name(const struct iscst_conn *conn);
extern const struct config_item_type iscst_failures_type;

/* cpu.c */
void iscst_cpu_init(struct iscst_conn *conn);
void iscst_cpu_unoccupy(struct iscst_conn *conn);
void iscst_cpu_tick(struct iscst_conn *conn);
void iscst_cpu_count(struct iscst_conn *conn, u32 exp_statsn);
void iscst_cpu_choose(struct iscst_conn *conn);

/* session.c */
u16 iscst_session_open(struct iscst_conn *conn);
void iscst_session_free(struct iscst_session *session);
unsigned int iscst_transport_id(struct scst_session *sess, u8 *id);
void iscst_address(struct scst_session *sess, char *address);
void iscst_disconnect(struct scst_session *sess);
void iscst_session_left(struct scst_session *sess);
void iscst_async_event(struct scst_session *sess, u32 lun, scst_sense_t sense);

/* rx.c */
int iscst_rx_run(struct iscst_conn *conn);
bool iscst_rx_has_more(struct iscst_conn *conn);
bool iscst_rx_wants_work(const struct iscst_conn *conn);

/* rx_dest.c */
void iscst_rx_to_buf(struct iscst_conn *conn, void *buf);
void iscst_rx_to_cmd(struct iscst_conn *conn, struct iscst_cmd *cmd, u32 keep);
void iscst_rx_discard(struct iscst_conn *conn, struct iscst_cmd *cmd);

/* tx.c */
int iscst_tx_run(struct iscst_conn *conn);

/**
 * iscst_conn_answer() - send what there is
 * @conn: the connection
 *
 * Context: under the socket's lock.
 * Return: as iscst_tx_run().
 */
static inline int iscst_conn_answer(struct iscst_conn *conn)
{
	iscst_conn_events(conn);
	return iscst_tx_run(conn);
}

/* cursor.c */
void iscst_cursor_init(struct iscst_cursor *cursor, struct scatterlist *sg, u32 skip);
unsigned int iscst_cursor_bvecs(const struct iscst_cursor *cursor, struct bio_vec *bvecs,
				unsigned int max, u32 *len);

/**
 * iscst_cursor_skip() - move on in a scatterlist
 * @cursor: the cursor
 * @len:    bytes, not beyond the end
 */
static inline void iscst_cursor_skip(struct iscst_cursor *cursor, u32 len)
{
	cursor->off += len;
	while (cursor->sg && cursor->off >= cursor->sg->length) {
		cursor->off -= cursor->sg->length;
		cursor->sg = sg_next(cursor->sg);
	}
}

/* ctl.c */
struct iscst_ctl *iscst_ctl_alloc(struct iscst_conn *conn, u8 opcode, u32 len);
void iscst_ctl_free(struct iscst_ctl *ctl);
void iscst_ctl_send(struct iscst_ctl *ctl);
int iscst_reject(struct iscst_conn *conn, u8 reason);

static inline bool iscst_is_immediate(const struct iscsi_hdr *hdr)
{
	return hdr->opcode & ISCSI_OP_IMMEDIATE;
}

/* nop.c */
int iscst_nop_out(struct iscst_conn *conn);
int iscst_nop_out_done(struct iscst_conn *conn);
void iscst_nop_in(struct iscst_conn *conn, __be32 ttt);
void iscst_nop_ping(struct iscst_conn *conn);
void iscst_cmdsn_notify(struct iscst_conn *conn);

/* logout.c */
int iscst_logout(struct iscst_conn *conn);

/* async.c */
void iscst_async_scsi(struct iscst_conn *conn);
void iscst_async_logout(struct iscst_conn *conn);
void iscst_async_drop(struct iscst_conn *conn);

/* cmd.c */
int iscst_scsi_cmd(struct iscst_conn *conn);
void iscst_cmd_reclaim(struct iscst_session *session);
void iscst_receive_data(struct scst_cmd *cmd);
void iscst_aborted(struct scst_cmd *cmd);
void iscst_send_response(struct scst_cmd *cmd);
void iscst_release(struct scst_cmd *cmd);

/* response.c */
void iscst_cmd_respond(struct iscst_cmd *cmd);
bool iscst_cmd_build(struct iscst_conn *conn, struct iscst_cmd *cmd);

/* data.c */
void iscst_data_wanted(struct iscst_cmd *cmd);
void iscst_data_free(struct iscst_cmd *cmd);
void iscst_data_expect(struct iscst_cmd *cmd, u32 len);
int iscst_data_out(struct iscst_conn *conn);
void iscst_data_received(struct iscst_cmd *cmd, u32 len, bool final);
void iscst_data_fail(struct iscst_cmd *cmd);
void iscst_data_lose(struct iscst_cmd *cmd, enum iscst_loss loss);
void iscst_data_fail_all(struct iscst_conn *conn);
void iscst_r2t_pump(struct iscst_cmd *cmd);
bool iscst_r2t_build(struct iscst_conn *conn, struct iscst_cmd *cmd);

/* cmdsn.c */
enum iscst_cmdsn {
	ISCST_CMDSN_NEXT,
	ISCST_CMDSN_IGNORE,
};

enum iscst_cmdsn iscst_cmdsn_take(struct iscst_session *session,
				  const struct iscsi_hdr *hdr);
void iscst_cmdsn_count(struct iscst_cmd *cmd);
void iscst_cmdsn_uncount(struct iscst_cmd *cmd);
void iscst_cmdsn_reopen(struct iscst_cmd *cmd);
void iscst_cmdsn_fill(struct iscst_conn *conn, struct iscsi_hdr *hdr, bool numbered);

/* tmf.c */
int iscst_tmf(struct iscst_conn *conn);
void iscst_tmf_done(struct scst_tmf *tmf);
void iscst_tmf_answered(struct iscst_cmd *cmd);
void iscst_tmf_build(struct iscst_ctl *ctl, struct iscsi_hdr *hdr);

/* digest.c */
u32 iscst_crc(u32 crc, const void *data, u32 len);
u32 iscst_crc_cursor(u32 crc, const struct iscst_cursor *cursor, u32 len);
void iscst_crc_put(u32 crc, u8 *digest);
bool iscst_crc_matches(u32 crc, const u8 *digest);
#define ISCST_CRC_INIT	(~0U)

/* login.c */
int iscst_login_header(struct iscst_conn *conn);
void iscst_login_run(struct iscst_conn *conn);
struct iscst_login *iscst_login_alloc(void);
void iscst_login_free(struct iscst_login *login);

/* A Login Response's Status-Class and Status-Detail in one */
#define ISCST_LOGIN_ERR(detail)		(ISCSI_STATUS_CLS_INITIATOR_ERR << 8 | (detail))
#define ISCST_LOGIN_TARGET_ERR(detail)	(ISCSI_STATUS_CLS_TARGET_ERR << 8 | (detail))

/* nego.c */
enum iscst_stage {
	ISCST_NAMES = 1,	/* who wants what: looked at before all else */
	ISCST_SECURITY = 2,
	ISCST_OPERATIONAL = 4,
	ISCST_FULL_FEATURE = 8,
};

void iscst_params_init(struct iscst_params *params);
void iscst_limits_init(struct iscst_params *limits);
u16 iscst_nego_text(struct iscst_conn *conn, struct iscst_text *text,
		    enum iscst_stage stage);
void iscst_nego_offer(struct iscst_conn *conn);
void iscst_nego_commit(struct iscst_conn *conn);

/* chap.c */
u16 iscst_auth_step(struct iscst_conn *conn);
bool iscst_auth_needed(struct iscst_conn *conn);
bool iscst_auth_shows(struct iscst_conn *conn, struct iscst_target *target);
#if IS_ENABLED(CONFIG_KUNIT)
const struct iscst_chap_alg *iscst_chap_choose(const char *list);
int iscst_chap_decode(const char *value, u8 *bin, size_t size);
int iscst_chap_hash(const struct iscst_chap_alg *alg, u8 id, const char *secret,
		    const u8 *challenge, int len, u8 *digest);
bool iscst_chap_is_right(const struct iscst_chap *chap, const struct iscst_secret *secret);
#endif

/* text.c */
int iscst_text_init(struct iscst_text *text, u32 rsp_max);
void iscst_text_exit(struct iscst_text *text);
__printf(3, 4)
void iscst_text_add(struct iscst_text *text, const char *key, const char *fmt, ...);
char *iscst_text_next(struct iscst_text *text, u32 *pos, char **value);
int iscst_text_receive(struct iscst_conn *conn, struct iscst_text *text);
int iscst_number(const char *value, u32 *number);
const char *iscst_list_find(const char *list, const char *word);
bool iscst_list_has(const char *list, const char *word);

/* text_request.c */
int iscst_text_header(struct iscst_conn *conn);
void iscst_text_run(struct iscst_conn *conn);

/* discovery.c */
u16 iscst_send_targets(struct iscst_conn *conn, struct iscst_text *text, const char *which);

/* configfs.c */
extern struct configfs_attribute *iscst_target_attrs[];
extern struct configfs_attribute *iscst_session_attrs[];
int iscst_create(struct scst_target *tgt, struct config_group *group);

/* configfs_portal.c */
extern const struct config_item_type iscst_portals_type;

/* configfs_auth.c */
extern const struct config_item_type iscst_auths_type;

/* configfs_text.c */
bool iscst_name_is_valid(const char *name);
ssize_t iscst_show_text(const char *text, char *page);
int iscst_parse_text(const char *page, char *text, size_t size);
int iscst_store_address(const char *page, char *to);

#endif /* _ISCST_H */
