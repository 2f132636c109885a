/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One row per operation code and service action.
 *
 * A row describes a command: its decoding, the effect of unit attentions, reservations and write
 * protection, its execution, and its entry in REPORT SUPPORTED OPERATION CODES.
 */
#ifndef _SCST_OPCODE_H
#define _SCST_OPCODE_H

#include <linux/bits.h>
#include <linux/types.h>
#include <scst/cmd.h>

#define SCST_OPCODE_NO_SA	0xffff
#define SCST_OPCODE_MAX_LEN	32

/* CONTROL, the last byte of a CDB: CHECK CONDITION establishes an ACA condition, SAM-5 5.2 */
#define SCST_CONTROL_NACA	0x04

/**
 * enum scst_len_kind - meaning of a CDB's length field
 * @SCST_LEN_NONE:	there is no data
 * @SCST_LEN_ALLOCATION: ALLOCATION LENGTH, bytes: Data-In is cut to it
 * @SCST_LEN_PARAMETERS: PARAMETER LIST LENGTH, bytes of Data-Out
 * @SCST_LEN_BLOCKS:	TRANSFER LENGTH, blocks that are transferred
 * @SCST_LEN_RANGE:	number of blocks that the command works on; no data
 * @SCST_LEN_FIXED:	the CDB has no length field: always @fixed_len bytes of Data-In
 * @SCST_LEN_ANNOUNCED:	only the device knows; the transport announces the length
 * @SCST_LEN_TWICE:	number of blocks that the command works on; Data-Out is twice as long
 * @SCST_LEN_SECTORS:	number of CD sectors; another field says what is transferred of them
 */
enum scst_len_kind {
	SCST_LEN_NONE,
	SCST_LEN_ALLOCATION,
	SCST_LEN_PARAMETERS,
	SCST_LEN_BLOCKS,
	SCST_LEN_RANGE,
	SCST_LEN_FIXED,
	SCST_LEN_ANNOUNCED,
	SCST_LEN_TWICE,
	SCST_LEN_SECTORS,
};

/* Byte 9 of READ CD: the user data of the sectors */
#define SCST_READ_CD_USER_DATA	0x10

/**
 * struct scst_cdb_field - a big-endian number in a CDB
 * @byte:	offset of its first byte
 * @len:	bytes; 0 if the command has no such field
 * @mask:	valid bits of the first byte; 0 means all of them
 */
struct scst_cdb_field {
	u8 byte;
	u8 len;
	u8 mask;
};

/* Flags of a row */
#define SCST_OPF_ANY_LUN	BIT(0)	/* also answered for a LUN without a logical unit */
/* Also answered while the device is not ready; not part of the task set */
#define SCST_OPF_ANY_STATE	BIT(1)
#define SCST_OPF_SKIP_UA	BIT(2)	/* does not report unit attentions */
#define SCST_OPF_WRITES		BIT(3)	/* refused when write protected */
#define SCST_OPF_ZERO_IS_256	BIT(4)	/* a 6-byte CDB's length 0 means 256 */
#define SCST_OPF_FUA		BIT(5)	/* byte 1 bit 3 is FUA */
/* Byte 1 bits 1-2 are BYTCHK: 00b no data, 01b the blocks, 11b one block */
#define SCST_OPF_BYTCHK		BIT(6)
/* Atomic: see range.c. In the same byte as SCST_OPF_ANY_STATE, so that one test finds both. */
#define SCST_OPF_ATOMIC		BIT(7)
/* Executed by the core even if the handler executes whole commands */
#define SCST_OPF_CORE		BIT(8)
/* Byte 1 bit 0 is FIXED: the length counts blocks, else bytes */
#define SCST_OPF_FIXED		BIT(9)
/* Only supported by block devices that can deallocate blocks */
#define SCST_OPF_THIN		BIT(10)
/* Byte 1 bit 3 is UNMAP, bit 0 NDOB: the Data-Out is one block, or none. Not WSNZ. */
#define SCST_OPF_SAME		BIT(11)
#define SCST_OPF_WELL_KNOWN	BIT(12)	/* the REPORT LUNS well known LU supports it */

/**
 * enum scst_pr_policy - effect of another nexus's reservation on a command,
 *	SPC-6 table 81 and SBC-4 table 13
 * @SCST_PR_ALLOW:	always allowed
 * @SCST_PR_ALLOW_PERSISTENT: conflicts with RESERVE only
 * @SCST_PR_READ:	allowed under Write Exclusive types
 * @SCST_PR_WRITE:	conflicts with every type
 * @SCST_PR_START:	as SCST_PR_WRITE, but START STOP UNIT may start the unit
 * @SCST_PR_PREVENT:	as SCST_PR_WRITE, but PREVENT ALLOW MEDIUM REMOVAL may allow removal
 * @SCST_PR_OWN:	the command itself checks for a conflict
 */
enum scst_pr_policy {
	SCST_PR_ALLOW,
	SCST_PR_ALLOW_PERSISTENT,
	SCST_PR_READ,
	SCST_PR_WRITE,
	SCST_PR_START,
	SCST_PR_PREVENT,
	SCST_PR_OWN,
};

/**
 * struct scst_opcode - one operation code, or one service action of an operation code
 * @name:	the standard's name
 * @opcode:	OPERATION CODE
 * @sa:		SERVICE ACTION, or SCST_OPCODE_NO_SA
 * @sa_byte:	offset of the service action, if there is one: the low five bits of the byte;
 *		two bytes in 32-byte CDBs
 * @cdb_len:	bytes
 * @dir:	enum scst_dir
 * @len_kind:	enum scst_len_kind: meaning of @xfer
 * @fixed_len:	bytes of Data-In, if @len_kind is SCST_LEN_FIXED
 * @lba:	LOGICAL BLOCK ADDRESS
 * @xfer:	the length field
 * @flags:	SCST_OPF_*
 * @pr:		enum scst_pr_policy: reservation policy
 * @io:		enum scst_io: operation of the handler
 * @io_next:	enum scst_io: operation after @io has succeeded
 * @usage:	CDB USAGE DATA: the bits of the CDB that are evaluated. Of the CONTROL byte, only
 *		what is not the same for all rows. A command with any other bit set is
 *		refused.
 * @exec:	the core's part, or NULL. It must not sleep, and is done when it returns. It
 *		may set or clear cmd->io. Unless it has set an error status, the handler
 *		executes cmd->io next.
 * @exec_sleeping: replaces @exec if it may sleep. A worker of the device's pr_wq calls it.
 *		Returns the next stage.
 */
struct scst_opcode {
	const char *name;
	u8 opcode;
	u8 sa_byte;
	u16 sa;
	u8 cdb_len;
	u8 dir;
	u8 len_kind;
	u8 fixed_len;
	u8 pr;
	u8 io;
	u8 io_next;
	u16 flags;
	struct scst_cdb_field lba;
	struct scst_cdb_field xfer;
	u8 usage[SCST_OPCODE_MAX_LEN];
	void (*exec)(struct scst_cmd *cmd);
	enum scst_stage (*exec_sleeping)(struct scst_cmd *cmd);
};

/**
 * struct scst_opcode_set - the rows of one file, beside the functions that execute them
 * @rows:	the rows
 * @count:	their number
 */
struct scst_opcode_set {
	const struct scst_opcode *rows;
	unsigned int count;
};

/* PERSISTENT RESERVE OUT service actions, SPC-5 6.17.2 */
#define SCST_PR_REGISTER	0x00
#define SCST_PR_RESERVE		0x01
#define SCST_PR_RELEASE		0x02
#define SCST_PR_CLEAR		0x03
#define SCST_PR_PREEMPT		0x04
#define SCST_PR_PREEMPT_ABORT	0x05
#define SCST_PR_REGISTER_IGNORE	0x06
#define SCST_PR_REGISTER_MOVE	0x07
#define SCST_PR_REPLACE_LOST	0x08

/* Returns whether a command was decoded as this operation code and service action. */
static inline bool scst_cmd_is(const struct scst_cmd *cmd, u8 opcode, u16 sa)
{
	return cmd->op && cmd->op->opcode == opcode && cmd->op->sa == sa;
}

#endif /* _SCST_OPCODE_H */
