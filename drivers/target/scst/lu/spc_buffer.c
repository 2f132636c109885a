// SPDX-License-Identifier: GPL-2.0
/*
 * WRITE BUFFER and READ BUFFER: the echo buffer, with which an initiator tests the way to the
 * device server. Each I_T_L nexus has an echo buffer of its own, so initiators do not overwrite
 * each other's. There is no other buffer, and no microcode.
 */
#include <linux/gfp.h>
#include <linux/minmax.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "cmd/cmd.h"
#include "lu/kinds.h"
#include "lu/lu.h"

/* MODE, SPC-6 6.23 and 6.69 */
#define SCST_BUFFER_DESCRIPTOR		0x03
#define SCST_BUFFER_ECHO		0x0a
#define SCST_BUFFER_ECHO_DESCRIPTOR	0x0b

#define SCST_BUFFER_EBOS	0x01	/* in byte 0 of the echo buffer descriptor */

#define SCST_ECHO_MAX		512

/**
 * struct scst_echo - what the initiator has last written to the echo buffer of its nexus
 * @len:	its length, bytes
 * @data:	the data
 */
struct scst_echo {
	u32 len;
	u8 data[SCST_ECHO_MAX];
};

/**
 * scst_buffer_exit() - free the echo buffer of a nexus
 * @nexus: the nexus, which has no commands any more
 */
void scst_buffer_exit(struct scst_nexus *nexus)
{
	kfree(nexus->echo);
}

static void scst_buffer_set_echo(struct scst_nexus *nexus, struct scst_echo *echo)
{
	spin_lock_bh(&nexus->dev->lock);
	swap(nexus->echo, echo);
	spin_unlock_bh(&nexus->dev->lock);
	kfree(echo);
}

static void scst_buffer_write_echo(struct scst_cmd *cmd)
{
	u32 len = cmd->cdb_data_len;
	struct scst_echo *echo;

	if (len > SCST_ECHO_MAX) {
		scst_cmd_set_field_error(cmd, SCST_SENSE_INVALID_CDB_FIELD, 6, 7);
		return;
	}
	echo = kmalloc(sizeof(*echo), GFP_ATOMIC | __GFP_NOWARN);
	if (!echo) {
		scst_cmd_set_busy(cmd);
		return;
	}
	echo->len = scst_data_out(cmd, 0, echo->data, len);
	scst_buffer_set_echo(cmd->nexus, echo);
}

/* WRITE BUFFER. In the mode of the echo buffer, BUFFER ID and BUFFER OFFSET are ignored. */
static void scst_exec_write_buffer(struct scst_cmd *cmd)
{
	if ((cmd->cdb[1] & 0x1f) != SCST_BUFFER_ECHO)
		scst_cmd_set_field_error(cmd, SCST_SENSE_INVALID_CDB_FIELD, 1, 4);
	else
		scst_buffer_write_echo(cmd);
}

static void scst_buffer_read_echo(struct scst_cmd *cmd)
{
	struct scst_echo echo = {};
	bool written;

	spin_lock_bh(&cmd->dev->lock);
	written = cmd->nexus->echo;
	if (written)
		echo = *cmd->nexus->echo;
	spin_unlock_bh(&cmd->dev->lock);
	if (!written) {
		scst_cmd_set_sense(cmd, SCST_SENSE_COMMAND_SEQUENCE);
		return;
	}
	scst_data_in_whole(cmd, echo.data, echo.len);
}

/* A descriptor of zeroes says that there is no buffer with that BUFFER ID. */
static void scst_buffer_describe(struct scst_cmd *cmd, u8 flags, u16 capacity)
{
	u8 data[4] = { flags };

	put_unaligned_be16(capacity, &data[2]);
	scst_data_in_whole(cmd, data, sizeof(data));
}

/* READ BUFFER(10) */
static void scst_exec_read_buffer(struct scst_cmd *cmd)
{
	switch (cmd->cdb[1] & 0x1f) {
	case SCST_BUFFER_DESCRIPTOR:
		scst_buffer_describe(cmd, 0, 0);
		break;
	case SCST_BUFFER_ECHO:
		scst_buffer_read_echo(cmd);
		break;
	case SCST_BUFFER_ECHO_DESCRIPTOR:
		scst_buffer_describe(cmd, SCST_BUFFER_EBOS, SCST_ECHO_MAX);
		break;
	default:
		scst_cmd_set_field_error(cmd, SCST_SENSE_INVALID_CDB_FIELD, 1, 4);
		break;
	}
}

static const struct scst_opcode scst_buffer_rows[] = {
	{
		.name = "WRITE BUFFER",
		.opcode = WRITE_BUFFER,
		.sa = SCST_OPCODE_NO_SA,
		.cdb_len = 10,
		.dir = SCST_DIR_OUT,
		.len_kind = SCST_LEN_PARAMETERS,
		.pr = SCST_PR_WRITE,
		.xfer = { .byte = 6, .len = 3 },
		.usage = { 0xff, 0x1f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff },
		.exec = scst_exec_write_buffer,
	}, {
		.name = "READ BUFFER(10)",
		.opcode = READ_BUFFER,
		.sa = SCST_OPCODE_NO_SA,
		.cdb_len = 10,
		.dir = SCST_DIR_IN,
		.len_kind = SCST_LEN_ALLOCATION,
		.pr = SCST_PR_READ,
		.xfer = { .byte = 6, .len = 3 },
		.usage = { 0xff, 0x1f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff },
		.exec = scst_exec_read_buffer,
	},
};

const struct scst_opcode_set scst_buffer_opcodes = {
	.rows = scst_buffer_rows,
	.count = ARRAY_SIZE(scst_buffer_rows),
};
