/* SPDX-License-Identifier: GPL-2.0 */
/*
 * iscsi_scst: an iSCSI target, RFC 7143.
 *
 * A connection receives and sends under the lock of its socket, which protects all fields tagged
 * W. The data path has no other lock. While few commands are in flight, the softirq that brings
 * the packets serves the connection: it holds that lock anyway. While many are, io_work does, on
 * the same CPU or its neighbour (cpu.c). Other contexts post to conn->events and kick io_work.
 * slow_work does what sleeps: log-in, log-out, text requests. Nothing is received meanwhile.
 *
 * The end of a connection has three words:
 *
 * close:   iscst_conn_close() sets ISCST_CONN_CLOSING, which keeps later rounds from receiving, and
 *          queues close_work. Every connection ends this way.
 * drop:    iscst_conn_drop() sends the initiator the Asynchronous Message of RFC 7143 11.9 that
 *          says so, if its socket has room at once. Then the connection is closed.
 * log out: the initiator sends a Logout Request, RFC 7143 11.14. The session is unregistered, the
 *          request is answered, and the initiator closes. iscst_conn_ask_logout() asks an
 *          initiator to do so, and drops the connection of one that does not.
 *
 * A connection is closed when ISCST_CONN_CLOSED is set. A normal session is unregistered when the
 * core has called iscst_session_unregistered(). The connection is freed after both.
 *
 * Legend:
 *
 * I: set before publication, then constant
 * G: iscst_lock
 * P: iscst_portal_lock
 * W: the socket's lock; while ISCST_CONN_SLOW is set, slow_work for what it was given; once
 *    ISCST_CONN_CLOSED is set, io_work alone: slow_work has ended by then
 *
 * "G to set" means that readers without the lock have another reason why the field is there.
 * READ_ONCE() after a tag means that such readers use it, and writers WRITE_ONCE(). Fields without
 * a tag are atomic, lists without a lock, or objects with a lock of their own. Parts of a
 * connection, such as struct iscst_rx, are tagged where the connection has them.
 *
 * The commands on conn->waiting wait for data. The core has lent them, and each is returned once,
 * by the context that takes it off the list: the one that receives its data; io_work, when the
 * command is aborted; slow_work, when the session is logged out. All three hold the socket's lock.
 * Once the connection is closed, io_work returns the others without it.
 *
 * Lock order: configfs's su_mutex, then iscst_portal_lock, then iscst_lock, then the
 * core's configuration lock. Operations that the core calls under the latter take none of them.
 * iscst_lock comes before the socket's lock, and that before the core's spinlocks.
 *
 * Lifetimes. Every connection is torn down once, by close_work:
 *
 * 1. The socket's call-backs are restored: the network kicks io_work no more.
 * 2. io_work is flushed. ISCST_CONN_CLOSING keeps later rounds from receiving, so slow_work is not
 *    queued any more. slow_work and the timer are cancelled: whether there is a session is settled.
 * 3. ISCST_CONN_CLOSED is set and io_work flushed. From here on io_work returns what the core
 *    hands out, and does not touch the socket.
 * 4. The socket is shut down and released: its network namespace may be removed.
 * 5. A normal session is unregistered. The core aborts its commands; io_work returns those
 *    that waited for data or were to be answered. When the core calls iscst_session_left(), the
 *    session is not found any more. When it calls iscst_session_unregistered(), the last release()
 *    has returned and nothing kicks io_work.
 * 6. io_work is cancelled. Session and connection are freed.
 *
 * A log-out begins with 5, so that its answer is sent when nothing is left of the session.
 * The later one of 4 and iscst_session_unregistered(), under iscst_lock, continues with 6.
 *
 * A context that closes a connection only queues close_work. iscst_lock keeps the connection
 * until then: connections are taken off iscst_conns before they are freed.
 *
 * The core calls receive_data(), send_response() and release() for commands, which keep their
 * session. These calls give the command away: io_work may answer it before they return, and after
 * the last command the connection is freed. They give it away and use the connection in one RCU
 * read-side section. The core waits for a grace period between the last command and
 * iscst_session_unregistered(). aborted() and async_event() give nothing away. The function that
 * tmf_done() answers keeps the session until tmf_done() returns.
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

/* The port of an address without one */
#define ISCST_PORT		"3260"

/* RFC 7143 6.1: the longest key and the longest simple value, with the NUL */
#define ISCST_KEY_LEN		64
#define ISCST_VALUE_LEN		256

/* Text of one log-in or text request at most, over all its PDUs, bytes */
#define ISCST_TEXT_MAX		16384

/* Data of a log-in PDU at most, in both directions: the key's default */
#define ISCST_LOGIN_SEGMENT	ISCSI_DEF_MAX_RECV_SEG_LEN

/* MaxRecvDataSegmentLength that the target declares */
#define ISCST_RECV_SEGMENT	262144

/*
 * Connections of a portal without a normal session: in log-in, or for discovery. For one more the
 * oldest is closed. Until those are freed there may be twice as many.
 */
#define ISCST_MAX_LOGINS	64
/* ... and those of one host */
#define ISCST_MAX_PEER_LOGINS	32
#define ISCST_LOGIN_TIMEOUT	(15 * HZ)
#define ISCST_DISCOVERY_TIMEOUT	(30 * HZ)
#define ISCST_CLOSE_TIMEOUT	(5 * HZ)
/* How long the core may take to unregister a session that is logged out: its backends' part */
#define ISCST_UNREGISTER_TIMEOUT	(60 * HZ)

/* How long an initiator may take to log out after it was asked to, seconds */
#define ISCST_LOGOUT_SECONDS	3

#define ISCST_MAX_SESSIONS	1024

/* TotalAHSLength counts words, and is one byte. */
#define ISCST_AHS_MAX		(255 * 4)

/* Control PDUs to be sent at most before receiving stops */
#define ISCST_MAX_CTLS		64
#define ISCST_MAX_CTL_BYTES	SZ_256K

/* SCSI events that may be pending; more are lost, but are unit attentions as well */
#define ISCST_MAX_EVENTS	16

#define ISCST_NO_TAG		cpu_to_be32(ISCSI_RESERVED_TAG)

#define ISCST_SECRET_LEN	256
#define ISCST_CHALLENGE_LEN	32
/* The longest challenge of an initiator, RFC 7143 12.1.3 */
#define ISCST_CHALLENGE_MAX	1024

struct iscst_cmd;
struct iscst_conn;
struct iscst_session;

/* Reasons why a connection ends or a log-in is refused; reason.c has their names */
enum iscst_reason {
	ISCST_REASON_NONE,
	/* Log-ins */
	ISCST_REASON_MALFORMED,		/* a request violates RFC 7143 */
	ISCST_REASON_NO_TARGET,		/* no target has that name */
	ISCST_REASON_WRONG_PORTAL,	/* the target does not listen at that address */
	ISCST_REASON_DISABLED,		/* the target is disabled */
	ISCST_REASON_TOO_MANY_SESSIONS,
	ISCST_REASON_NO_SESSION,	/* the session to be joined does not exist */
	ISCST_REASON_REINSTATEMENT,	/* the session to be replaced does not end */
	ISCST_REASON_NO_PROOF,		/* the initiator does not offer the proof it owes */
	ISCST_REASON_NOT_LISTED,	/* the initiator matches nothing in auth/ */
	ISCST_REASON_WRONG_PROOF,	/* CHAP name or response of the initiator is wrong */
	ISCST_REASON_NO_OWN_PROOF,	/* the target cannot give the proof asked for */
	ISCST_REASON_LOGIN_TIMEOUT,
	ISCST_REASON_TOO_MANY_LOGINS,
	/* Connections of sessions */
	ISCST_REASON_NOP_TIMEOUT,	/* no answer to a NOP-In */
	ISCST_REASON_SEND_TIMEOUT,	/* the initiator reads nothing */
	ISCST_REASON_DATA_TIMEOUT,	/* Data-Out does not come */
	ISCST_REASON_LOGOUT_TIMEOUT,	/* the initiator did not log out when asked to */
	ISCST_REASON_HEADER_DIGEST,
	ISCST_REASON_DATA_DIGEST,
	ISCST_REASON_PROTOCOL,		/* a PDU violates RFC 7143 */
	ISCST_REASON_NO_MEMORY,
	ISCST_REASON_LOST,		/* the initiator closed or reset the connection */
	/* These are no failures: */
	ISCST_REASON_REPLACED,		/* by the initiator's next log-in */
	ISCST_REASON_REMOVED,		/* the administrator ended it */
	ISCST_REASONS,
};

/* The longest name of a reason, with the NUL */
#define ISCST_REASON_NAME_LEN	24

/**
 * struct iscst_portal - a listening socket
 * @addr:	its address
 * @net:	its network namespace, not counted, see iscst_net_exit(); NULL: removed
 * @sock:	the socket; NULL: its namespace was removed
 * @data_ready:	the socket's own call-back
 * @accept_work: accepts connections; cancelled before @sock is released
 * @users:	directories for it
 * @logins:	its connections without a normal session
 * @refused:	connections that failed before they named a target of the portal
 * @dirs:	struct iscst_portal_dir.portal_entry of the targets that it serves
 * @kref:	one for all @users, and one for each connection
 * @entry:	on the list of all portals
 */
struct iscst_portal {
	struct sockaddr_storage addr;		/* I */
	struct net *net;			/* P and G to clear, either to read */
	struct socket *sock;			/* P; accept_work, see above */
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
 * @announced:	the address for discovery; "": that of the portal
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
 * struct iscst_secret - credentials
 * @user:	CHAP name; "": none
 * @secret:	CHAP secret
 */
struct iscst_secret {
	char user[ISCST_VALUE_LEN];
	char secret[ISCST_SECRET_LEN];
};

/**
 * struct iscst_auth - auth/<pattern>/: the proof that initiators owe
 * @item:	the directory
 * @pattern:	its name, a name of an initiator or a glob; folded
 * @target:	the target
 * @initiator:	the credentials of the initiator
 * @ours:	those of the target, for initiators that ask for them
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
 * @data_digest:	CRC32C or none
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
 * @tgt:	the target of the core
 * @portals_group: portals/
 * @auth_group:	auth/
 * @failures_group: failures/
 * @failures:	number of failures by enum iscst_reason
 * @portals:	struct iscst_portal_dir.entry
 * @auths:	struct iscst_auth.entry
 * @discovery_auth: discovery shows the target only to initiators with a proof
 * @sessions:	struct iscst_session.entry
 * @session_count: their number
 * @alias:	TargetAlias; "": none
 * @redirect:	address that initiators are sent to instead of a log-in; "": none
 * @redirect_permanent: the redirection is permanent
 * @queue_depth: commands of a session at most
 * @limits:	the most that initiators are granted
 * @nop_interval_ms: idle time before a NOP-In is sent; 0: never
 * @nop_timeout_ms: time for the answer
 * @scsi_events: unit attention conditions are sent to initiators when they are established
 * @request_logout: initiators are asked to log out before their sessions are dropped
 * @data_timeout_ms: how long writes wait without any data
 * @entry:	on the list of enabled targets
 * @portals_entry: on the list of targets with portals
 */
struct iscst_target {
	struct scst_target *tgt;		/* I */
	struct config_group portals_group;
	struct config_group auth_group;
	struct config_group failures_group;
	atomic_t failures[ISCST_REASONS];
	struct list_head portals;		/* G */
	struct list_head auths;			/* G */
	u32 discovery_auth;			/* G to set, READ_ONCE() */
	struct list_head sessions;		/* G */
	unsigned int session_count;		/* G */
	char alias[ISCST_VALUE_LEN];		/* G */
	char redirect[ISCST_VALUE_LEN];		/* G */
	u32 redirect_permanent;			/* G to set, READ_ONCE() */
	u32 queue_depth;			/* G to set, READ_ONCE() */
	struct iscst_params limits;		/* G to set, READ_ONCE() */
	u32 nop_interval_ms;			/* G to set, READ_ONCE() */
	u32 nop_timeout_ms;			/* G to set, READ_ONCE() */
	u32 scsi_events;			/* G to set, READ_ONCE() */
	u32 request_logout;			/* G to set, READ_ONCE() */
	u32 data_timeout_ms;			/* G to set, READ_ONCE() */
	struct list_head entry;			/* G */
	struct list_head portals_entry;		/* G */
};

/**
 * struct iscst_text - a text negotiation: request and response
 * @req:	key=value pairs of all PDUs so far, each with a NUL
 * @req_len:	its length in bytes
 * @rsp:	key=value pairs of the response
 * @rsp_len:	its length in bytes
 * @rsp_room:	allocated size of @rsp
 * @rsp_max:	largest size of @rsp
 * @rsp_sent:	bytes of @rsp that were handed over
 * @full:	a pair had no room in @rsp
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
	ISCST_CHAP_ALGORITHM,	/* CHAP_A is expected */
	ISCST_CHAP_RESPONSE,	/* CHAP_N and CHAP_R are expected */
	ISCST_CHAP_DONE,
};

/**
 * struct iscst_chap - CHAP, RFC 7143 12.1.3
 * @state:	the step
 * @alg:	the algorithm
 * @id:		the target's identifier
 * @challenge:	the target's challenge
 * @methods:	AuthMethod in this request, or NULL
 * @a:		CHAP_A in this request, or NULL
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
 * struct iscst_login - a log-in
 * @text:	its text
 * @initiator:	InitiatorName, folded
 * @target_name: TargetName
 * @discovery:	SessionType is Discovery
 * @started:	the first request is valid
 * @identified:	initiator and target are known
 * @group_declared: TargetPortalGroupTag was sent
 * @segment_declared: the target's MaxRecvDataSegmentLength was sent
 * @authenticated: the security stage is complete, or was not needed
 * @stage:	CSG of the request that is expected
 * @isid:	ISID of the first request; all others have the same
 * @tsih:	its TSIH
 * @cid:	its CID
 * @itt:	its Initiator Task Tag
 * @limits:	what the target grants
 * @chap:	the proof
 * @proven:	credentials that the initiator of a discovery session has proved
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
 * struct iscst_tx - an item of a connection: posted to conn->events, then to be sent
 * @node:	on conn->events
 * @entry:	on conn->tx_list
 * @kind:	the structure that it is a part of
 */
struct iscst_tx {
	union {
		struct llist_node node;
		struct list_head entry;
	};
	u8 kind;
};

/**
 * struct iscst_ctl - a control PDU, which belongs to no SCSI command
 * @tx:		its item
 * @conn:	its connection
 * @hdr:	its header; sequence numbers are filled in when it is sent
 * @numbered:	the PDU takes a StatSN
 * @cold:	it answers TARGET COLD RESET, and is sent before the connection is dropped
 * @data:	data segment, allocated
 * @len:	its length in bytes
 * @tmf:	the task management function that it answers
 * @entry:	on conn->aborts if that is ABORT TASK
 * @answered:	the task was answered before the abort
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
 * @off:	offset in it, bytes
 */
struct iscst_cursor {
	struct scatterlist *sg;
	u32 off;
};

enum iscst_cmd_state {
	ISCST_CMD_IDLE,
	ISCST_CMD_SUBMITTED,	/* the core has it */
	ISCST_CMD_WANTS_DATA,	/* the core has lent it until its Data-Out is received */
	ISCST_CMD_EXECUTING,	/* the core has it, with its Data-Out */
	ISCST_CMD_RESPONDING,	/* the core has lent it until its answer is sent */
};

/* Errors of a command's data, RFC 7143 11.4.7.2 */
enum iscst_loss {
	ISCST_LOSS_NONE,
	ISCST_LOSS_CRC,		/* a digest error, or a PDU that is missing after one */
	ISCST_LOSS_AMOUNT,	/* more or less than was asked for or negotiated */
	ISCST_LOSS_UNEXPECTED,	/* unsolicited, where that was not negotiated */
	ISCST_LOSS_MEMORY,	/* no memory for its stage */
};

/**
 * struct iscst_cmd - a SCSI command; one slot of a session
 * @cmd:	the command of the core
 * @conn:	its connection
 * @ready:	item: the core wants the data; R2Ts
 * @response:	item: the answer
 * @free:	on the session's list of released commands
 * @entry:	on the session's list of idle commands, or on conn->waiting
 * @itt:	Initiator Task Tag
 * @state:	enum iscst_cmd_state
 * @generation:	number of uses of the slot; part of Target Transfer Tags
 * @slot:	its index
 * @counted:	the command counts in the command window
 * @loss:	enum iscst_loss: the command fails when the core wants its data
 * @immediate:	immediate data is being received
 * @unsolicited: unsolicited Data-Out PDUs follow
 * @bidirectional: data was announced for both directions
 * @ready_later: the core wants the data, but a PDU of it is being received
 * @r2t_queued:	@ready is on conn->tx_list
 * @held:	size of its buffer in bytes, while more PDUs are expected for it
 * @in_order_sn: DataSN of the next Data-Out
 * @off:	Buffer Offset of the next Data-Out
 * @seq_end:	end of its sequence
 * @seq_sn:	R2TSN of that sequence
 * @r2t_off:	Buffer Offset of the next R2T
 * @r2t_sn:	R2TSN of the next R2T
 * @sent:	bytes of Data-In that were sent
 * @data_sn:	DataSN of the next Data-In
 * @cursor:	place in the command's data
 * @stage:	buffer of unsolicited data that came before the core wanted it
 * @stage_nents: its entries
 * @stage_len:	its size in bytes
 * @cdb:	the CDB
 * @long_cdb:	a CDB of more than 16 bytes, allocated
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
 * struct iscst_session - a session, which has one connection
 * @target:	the target; NULL: discovery
 * @sess:	the session of the core, its I_T nexus; NULL: discovery
 * @conn:	the connection
 * @initiator:	name of the initiator
 * @target_name: name of the target; "": discovery
 * @isid:	the initiator's part of the session identifier
 * @tsih:	the target's part
 * @entry:	on @target->sessions
 * @proven:	credentials that the initiator of a discovery session has proved, or NULL
 * @unregistering: scst_session_unregister() was called
 * @unregistered: the core has called iscst_session_unregistered()
 * @logout:	the answer to the Logout Request
 * @exp_cmdsn:	ExpCmdSN: CmdSN of the next command
 * @max_cmdsn:	MaxCmdSN: the end of the command window
 * @depth:	commands in flight at most
 * @outstanding: commands in flight
 * @cmds:	the slots
 * @nr_cmds:	number of slots
 * @idle:	slots without a command
 * @released:	slots that the core has released
 * @recent:	slot of the latest command
 * @held:	iscst_cmd.held of all commands, bytes
 * @staged:	iscst_cmd.stage_len of all commands with a stage, bytes
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
	bool unregistering;			/* G */
	bool unregistered;			/* G to set, READ_ONCE() */
	struct iscst_ctl *logout;		/* W to set, before unregistering */
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
	ISCST_RX_DISCARD,	/* data is discarded */
	ISCST_RX_CMD,		/* @cmd->cursor for @keep bytes; the rest is discarded */
	ISCST_RX_BUF,		/* @buf */
};

/**
 * struct iscst_rx - the PDU that is being received
 * @state:	the part of the PDU
 * @dest:	the destination of its data
 * @need:	length of the header or trailer, bytes
 * @off:	bytes of the part that were received
 * @len:	length of the data segment, bytes
 * @keep:	bytes of the data segment for @cmd
 * @crc:	CRC of the data so far
 * @cmd:	the command for the data
 * @buf:	the buffer for the data
 * @ctl:	the control PDU for the data
 * @hdr:	header, AHSs, digest
 * @trailer:	padding, digest
 * @scratch:	buffer for data that is discarded
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
 * @busy:	a PDU was begun
 * @last:	the PDU is the last one of @item
 * @item:	the item that it belongs to; NULL: cancelled
 * @off:	bytes that the socket has taken
 * @hdr_len:	length of @hdr and its digest, bytes
 * @len:	length of the data segment, bytes
 * @trailer_len: length of padding and digest, bytes
 * @cursor:	place of the data in a scatterlist
 * @buf:	the data, if it is not in a scatterlist
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
	ISCST_CONN_CLOSING,	/* close_work was queued */
	ISCST_CONN_CLOSED,	/* the socket must not be touched any more */
	ISCST_CONN_SLOW,	/* slow_work has the received PDU */
	ISCST_CONN_TICK,	/* io_work: a second has passed */
	ISCST_CONN_ABORTED,	/* io_work: commands were aborted */
	ISCST_CONN_WINDOW,	/* io_work: the initiator may not know that the window is open */
	ISCST_CONN_ASK_LOGOUT,	/* io_work: ask the initiator to log out */
	ISCST_CONN_LOGOUT_ASKED, /* the initiator was asked to, and @drop_at is valid */
	ISCST_CONN_DROP,	/* io_work: drop the connection */
};

/**
 * struct iscst_scsi_event - a unit attention condition to be sent to the initiator
 * @lun:	the logical unit
 * @sense:	the condition
 */
struct iscst_scsi_event {
	u32 lun;
	scst_sense_t sense;
};

enum iscst_conn_state {
	ISCST_CONN_LOGIN,
	ISCST_CONN_FULL,	/* full feature phase */
	ISCST_CONN_AWAIT_CLOSE,	/* logged out, or log-in refused: the initiator closes */
};

#define ISCST_CPU_NONE	(-1)

/* An average over the last 64 commands; see cpu.c */
DECLARE_EWMA(iscst_in_flight, 10, 64)

/**
 * struct iscst_conn - a connection
 * @sock:	the socket; NULL once released
 * @portal:	the portal that accepted it
 * @net:	the socket's network namespace
 * @write_space: the socket's own call-back
 * @state_change: the socket's own call-back
 * @peer:	the initiator's address
 * @entry:	on the list of all connections
 * @target:	the target; NULL: not known, discovery, or unregistered
 * @target_portal: the portal of @target that covers @portal; only to be compared
 * @session:	the session; NULL: in log-in
 * @is_login:	the connection counts in @portal->logins
 * @flags:	enum iscst_conn_flag
 * @reason:	enum iscst_reason: why it ends
 * @reported:	@reason was reported
 * @state:	enum iscst_conn_state
 * @incoming_cpu: the CPU that takes the packets
 * @cpu:	the CPU of io_work
 * @in_flight:	average number of other commands in flight; see cpu.c
 * @busy:	there are so many that their packets keep @incoming_cpu busy
 * @lone_cmds:	commands in softirq with no other in flight
 * @sample:	commands that are still left to io_work
 * @busy_at:	the CPU that counts @busy, or ISCST_CPU_NONE
 * @server:	iscst_conn_context() of the context that serves the connection, or 0
 * @in_softirq:	that is a softirq
 * @io_work:	receives and sends; see the top
 * @slow_work:	does what sleeps
 * @close_work:	tears the connection down
 * @timer:	runs once a second
 * @events:	struct iscst_tx.node, from any context
 * @scsi_events: for the initiator; only io_work takes them out
 * @scsi_events_lock: held to put them in
 * @tx_list:	struct iscst_tx.entry
 * @waiting:	struct iscst_cmd.entry of commands in ISCST_CMD_WANTS_DATA
 * @aborts:	struct iscst_ctl.entry
 * @ctls:	number of control PDUs that are not sent yet, and of TMFs
 * @ctl_bytes:	length of their data
 * @rx:		the PDU that is being received
 * @tx:		the PDU that is being sent
 * @cid:	CID
 * @statsn:	StatSN of the next answer
 * @segment:	MaxRecvDataSegmentLength that the initiator obeys
 * @params:	what is in force
 * @login:	the log-in; NULL: complete
 * @text:	text negotiation in full feature phase
 * @text_itt:	its Initiator Task Tag
 * @last_rx:	when data was last received, jiffies
 * @last_tx:	when the socket last took data, or was first offered some, jiffies
 * @started:	when this state began, jiffies
 * @drop_at:	when the connection is dropped unless the initiator logs out, jiffies
 * @nop_sent:	when a NOP-In was sent, jiffies
 * @nop_pending: the NOP-In was not answered yet
 * @has_sent_nop: the initiator has sent a NOP-Out
 * @acked:	TCP's sequence number up to which its peer has acknowledged data
 * @ticked:	when the timeouts were last checked, jiffies
 * @last_ack:	when @acked last changed, jiffies, with the precision of a second
 * @data_place:	hash of the progress of the commands that wait for data
 * @data_seq:	TCP's sequence number behind the R2Ts of then
 * @data_since:	since when @data_place is the same and the initiator has the R2Ts, jiffies
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
	const struct iscst_portal *target_portal;	/* G */
	struct iscst_session *session;		/* G to set, READ_ONCE() */
	bool is_login;				/* G */
	unsigned long flags;
	enum iscst_reason reason;		/* cmpxchg(), READ_ONCE() */
	bool reported;				/* G */
	u8 state;				/* W to set, READ_ONCE() or acquire */
	int incoming_cpu;			/* W to set, READ_ONCE() */
	int cpu;				/* W to set, READ_ONCE() */
	struct ewma_iscst_in_flight in_flight;	/* W */
	bool busy;				/* W */
	u16 lone_cmds;				/* W */
	u8 sample;				/* W */
	int busy_at;				/* xchg() */
	unsigned long server;			/* W to set, READ_ONCE() */
	bool in_softirq;			/* W to set, READ_ONCE() */
	struct work_struct io_work;
	struct work_struct slow_work;
	struct work_struct close_work;
	struct delayed_work timer;
	struct llist_head events;
	DECLARE_KFIFO(scsi_events, struct iscst_scsi_event, ISCST_MAX_EVENTS);
	spinlock_t scsi_events_lock;		/* producers of @scsi_events */
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
	struct iscst_params params;		/* W to set, READ_ONCE() */
	struct iscst_login *login;		/* W */
	struct iscst_text text;			/* W */
	itt_t text_itt;				/* W */
	unsigned long started;			/* WRITE_ONCE(), READ_ONCE() */
	unsigned long drop_at;			/* G to set, READ_ONCE() */
	unsigned long last_rx;			/* W */
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
extern struct list_head iscst_targets;		/* G: enabled targets */
extern struct list_head iscst_listening;	/* G: targets with portals */
extern struct list_head iscst_conns;		/* G */

/* portal.c */
void iscst_portal_ref_put(struct iscst_portal *portal);
int iscst_portal_parse(struct net *net, const char *text, struct sockaddr_storage *addr);
bool iscst_address_is_valid(const char *text);
const char *iscst_address_port(const char *text);
bool iscst_portal_covers(const struct iscst_portal *portal, const struct iscst_portal *other);
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
void iscst_conn_post(struct iscst_conn *conn, struct iscst_tx *tx);
void iscst_conn_start_slow(struct iscst_conn *conn);
bool iscst_wait(bool (*is_done)(void *arg), void *arg, long timeout);

/**
 * iscst_conn_kick() - queue a connection's io_work
 * @conn: the connection
 *
 * Context: any.
 */
static inline void iscst_conn_kick(struct iscst_conn *conn)
{
	queue_work_on(READ_ONCE(conn->cpu), iscst_io_wq, &conn->io_work);
}

/* The context: a task, or a softirq that interrupted it. Never 0. */
static inline unsigned long iscst_conn_context(void)
{
	return (unsigned long)current + (in_serving_softirq() ? 1 : 0);
}

/* slow_work may see a softirq that is about to end. It then only allocates with less patience. */
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
 * iscst_conn_answer() - send what is pending
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
 * iscst_cursor_skip() - advance a cursor
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

enum iscst_cmdsn iscst_cmdsn_take(struct iscst_session *session, const struct iscsi_hdr *hdr);
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

/* Status-Class and Status-Detail of a Login Response as one number */
#define ISCST_LOGIN_ERR(detail)		(ISCSI_STATUS_CLS_INITIATOR_ERR << 8 | (detail))
#define ISCST_LOGIN_TARGET_ERR(detail)	(ISCSI_STATUS_CLS_TARGET_ERR << 8 | (detail))

/* nego.c */
enum iscst_stage {
	ISCST_NAMES = 1,	/* initiator, target, type of session: before all others */
	ISCST_SECURITY = 2,
	ISCST_OPERATIONAL = 4,
	ISCST_FULL_FEATURE = 8,
};

u16 iscst_nego_text(struct iscst_conn *conn, struct iscst_text *text, enum iscst_stage stage);
void iscst_nego_offer(struct iscst_conn *conn);
void iscst_nego_commit(struct iscst_conn *conn);

/* params.c */
void iscst_params_init(struct iscst_params *params);
void iscst_limits_init(struct iscst_params *limits);

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
