// SPDX-License-Identifier: GPL-2.0
/*
 * Commands of CD and DVD drives, MMC-6: those that read the medium, and those that move it. A drive
 * has one track of data, or the equivalent on a DVD. Writes are refused because the medium is
 * write protected.
 */
#include <linux/cdrom.h>
#include <linux/string.h>
#include <scsi/scsi_proto.h>

#include "cmd/cmd.h"
#include "lu/kinds.h"
#include "lu/lu.h"

/* LoEj and Start of START STOP UNIT, MMC-6 */
#define SCST_START_START	0x01
#define SCST_START_LOEJ		0x02

/* Expected sector types of READ CD, MMC-6 */
#define SCST_SECTOR_ANY		0
#define SCST_SECTOR_MODE_1	2

/* Event classes, MMC-6 */
#define SCST_EVENT_MEDIA	4
#define SCST_EVENT_BUSY		6
#define SCST_EVENT_CLASSES	(BIT(SCST_EVENT_MEDIA) | BIT(SCST_EVENT_BUSY))
#define SCST_EVENT_NEA		0x80	/* no requested class is there */

#define SCST_EVENT_HEADER_LEN	4
#define SCST_EVENT_LEN		8

/*
 * Commands that read or verify blocks: the core's part. The handler gets the number of the medium
 * whose blocks were meant.
 */
static void scst_exec_mmc_blocks(struct scst_cmd *cmd)
{
	struct scst_medium medium;

	if (!scst_medium_get(cmd, &medium))
		return;
	if (cmd->lba > medium.nblocks || cmd->nblocks > medium.nblocks - cmd->lba)
		scst_cmd_set_sense(cmd, SCST_SENSE_LBA_OUT_OF_RANGE);
	cmd->medium = medium.id;
}

/* READ CD: of a sector of data, the user data */
static void scst_exec_read_cd(struct scst_cmd *cmd)
{
	u8 type = (cmd->cdb[1] >> 2) & 7;

	if (type == SCST_SECTOR_ANY || type == SCST_SECTOR_MODE_1)
		scst_exec_mmc_blocks(cmd);
	else
		scst_cmd_set_sense(cmd, SCST_SENSE_ILLEGAL_TRACK_MODE);
}

/* READ CAPACITY */
static void scst_exec_mmc_capacity(struct scst_cmd *cmd)
{
	struct scst_medium medium;
	u8 data[8];

	if (!scst_medium_get(cmd, &medium))
		return;
	put_unaligned_be32(medium.nblocks - 1, &data[0]);
	put_unaligned_be32(cmd->block_size, &data[4]);
	scst_data_in_whole(cmd, data, sizeof(data));
}

/* SYNCHRONIZE CACHE(10): there is nothing to write. */
static void scst_exec_mmc_sync(struct scst_cmd *cmd)
{
	struct scst_medium medium;

	scst_medium_get(cmd, &medium);
}

/*
 * START STOP UNIT
 *
 * Without LoEj the disc starts or stops, which nobody can tell. Power conditions are refused when
 * the CDB is decoded: the feature that has them is not there.
 */
static void scst_exec_mmc_start_stop(struct scst_cmd *cmd)
{
	bool open = !(cmd->cdb[4] & SCST_START_START);

	if (!(cmd->cdb[4] & SCST_START_LOEJ))
		return;
	if (!scst_medium_move_tray(cmd->dev, open))
		scst_cmd_set_sense(cmd, SCST_SENSE_MEDIUM_REMOVAL_PREVENTED);
}

/* PREVENT ALLOW MEDIUM REMOVAL. Persistent prevention needs operational events: there are none. */
static void scst_exec_mmc_prevent(struct scst_cmd *cmd)
{
	scst_medium_prevent(cmd->nexus, cmd->cdb[4] & 0x01);
}

static unsigned int scst_event_header(u8 *data, u8 class, unsigned int len)
{
	put_unaligned_be16(len - 2, &data[0]);
	data[2] = class;
	data[3] = SCST_EVENT_CLASSES;
	return len;
}

/*
 * The class with the lowest number is reported. Of the class for a busy drive there are no events:
 * no command takes long here. An event that does not fit into the data stays pending.
 */
static unsigned int scst_event_put(struct scst_cmd *cmd, u8 *data)
{
	bool keep = cmd->data_len < SCST_EVENT_LEN;
	u8 classes = cmd->cdb[4];

	if (classes & BIT(SCST_EVENT_MEDIA)) {
		data[4] = scst_medium_take_event(cmd->nexus, keep, &data[5]);
		return scst_event_header(data, SCST_EVENT_MEDIA, SCST_EVENT_LEN);
	}
	if (classes & BIT(SCST_EVENT_BUSY))
		return scst_event_header(data, SCST_EVENT_BUSY, SCST_EVENT_LEN);
	return scst_event_header(data, SCST_EVENT_NEA, SCST_EVENT_HEADER_LEN);
}

/* GET EVENT STATUS NOTIFICATION. Asynchronous operation is not supported. */
static void scst_exec_get_event(struct scst_cmd *cmd)
{
	u8 data[SCST_EVENT_LEN] = {};
	unsigned int len;

	if (!(cmd->cdb[1] & 0x01)) {
		scst_cmd_set_field_error(cmd, SCST_SENSE_INVALID_CDB_FIELD, 1, 0);
		return;
	}
	len = scst_event_put(cmd, data);
	scst_data_in_whole(cmd, data, len);
}

/* MECHANISM STATUS: one slot, idle */
static void scst_exec_mechanism_status(struct scst_cmd *cmd)
{
	u8 data[8] = {};

	if (READ_ONCE(cmd->dev->medium.open))
		data[1] = 0x10;	/* door open */
	data[5] = 1;
	scst_data_in_whole(cmd, data, sizeof(data));
}

static const struct scst_opcode scst_mmc_rows[] = {
	{
		.name = "START STOP UNIT",
		.opcode = START_STOP,
		.sa = SCST_OPCODE_NO_SA,
		.cdb_len = 6,
		.pr = SCST_PR_START,
		.usage = { 0xff, 0x01, 0x00, 0x00, 0x03 },
		.exec = scst_exec_mmc_start_stop,
	}, {
		.name = "PREVENT ALLOW MEDIUM REMOVAL",
		.opcode = ALLOW_MEDIUM_REMOVAL,
		.sa = SCST_OPCODE_NO_SA,
		.cdb_len = 6,
		.pr = SCST_PR_PREVENT,
		.usage = { 0xff, 0x00, 0x00, 0x00, 0x01 },
		.exec = scst_exec_mmc_prevent,
	}, {
		.name = "READ CAPACITY",
		.opcode = READ_CAPACITY,
		.sa = SCST_OPCODE_NO_SA,
		.cdb_len = 10,
		.dir = SCST_DIR_IN,
		.len_kind = SCST_LEN_FIXED,
		.fixed_len = 8,
		.pr = SCST_PR_ALLOW,
		.usage = { 0xff },
		.exec = scst_exec_mmc_capacity,
	}, {
		.name = "READ(10)",
		.opcode = READ_10,
		.sa = SCST_OPCODE_NO_SA,
		.cdb_len = 10,
		.dir = SCST_DIR_IN,
		.len_kind = SCST_LEN_BLOCKS,
		.pr = SCST_PR_READ,
		.io = SCST_IO_READ,
		.flags = SCST_OPF_FUA,
		.lba = { .byte = 2, .len = 4 },
		.xfer = { .byte = 7, .len = 2 },
		.usage = { 0xff, 0x18, 0xff, 0xff, 0xff, 0xff, 0x00, 0xff, 0xff },
		.exec = scst_exec_mmc_blocks,
	}, {
		.name = "WRITE(10)",
		.opcode = WRITE_10,
		.sa = SCST_OPCODE_NO_SA,
		.cdb_len = 10,
		.dir = SCST_DIR_OUT,
		.len_kind = SCST_LEN_BLOCKS,
		.pr = SCST_PR_WRITE,
		.io = SCST_IO_WRITE,
		.flags = SCST_OPF_WRITES | SCST_OPF_FUA,
		.lba = { .byte = 2, .len = 4 },
		.xfer = { .byte = 7, .len = 2 },
		.usage = { 0xff, 0x18, 0xff, 0xff, 0xff, 0xff, 0x00, 0xff, 0xff },
	}, {
		.name = "VERIFY(10)",
		.opcode = VERIFY,
		.sa = SCST_OPCODE_NO_SA,
		.cdb_len = 10,
		.len_kind = SCST_LEN_RANGE,
		.pr = SCST_PR_READ,
		.io = SCST_IO_VERIFY,
		.lba = { .byte = 2, .len = 4 },
		.xfer = { .byte = 7, .len = 2 },
		.usage = { 0xff, 0x10, 0xff, 0xff, 0xff, 0xff, 0x00, 0xff, 0xff },
		.exec = scst_exec_mmc_blocks,
	}, {
		.name = "SYNCHRONIZE CACHE",
		.opcode = SYNCHRONIZE_CACHE,
		.sa = SCST_OPCODE_NO_SA,
		.cdb_len = 10,
		.len_kind = SCST_LEN_RANGE,
		.pr = SCST_PR_WRITE,
		.lba = { .byte = 2, .len = 4 },
		.xfer = { .byte = 7, .len = 2 },
		.usage = { 0xff, 0x02, 0xff, 0xff, 0xff, 0xff, 0x00, 0xff, 0xff },
		.exec = scst_exec_mmc_sync,
	}, {
		.name = "GET EVENT STATUS NOTIFICATION",
		.opcode = GPCMD_GET_EVENT_STATUS_NOTIFICATION,
		.sa = SCST_OPCODE_NO_SA,
		.cdb_len = 10,
		.dir = SCST_DIR_IN,
		.len_kind = SCST_LEN_ALLOCATION,
		.pr = SCST_PR_ALLOW,
		.flags = SCST_OPF_SKIP_UA,
		.xfer = { .byte = 7, .len = 2 },
		.usage = { 0xff, 0x01, 0x00, 0x00, 0xff, 0x00, 0x00, 0xff, 0xff },
		.exec = scst_exec_get_event,
	}, {
		.name = "READ(12)",
		.opcode = READ_12,
		.sa = SCST_OPCODE_NO_SA,
		.cdb_len = 12,
		.dir = SCST_DIR_IN,
		.len_kind = SCST_LEN_BLOCKS,
		.pr = SCST_PR_READ,
		.io = SCST_IO_READ,
		.flags = SCST_OPF_FUA,
		.lba = { .byte = 2, .len = 4 },
		.xfer = { .byte = 6, .len = 4 },
		.usage = { 0xff, 0x18, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff },
		.exec = scst_exec_mmc_blocks,
	}, {
		.name = "WRITE(12)",
		.opcode = WRITE_12,
		.sa = SCST_OPCODE_NO_SA,
		.cdb_len = 12,
		.dir = SCST_DIR_OUT,
		.len_kind = SCST_LEN_BLOCKS,
		.pr = SCST_PR_WRITE,
		.io = SCST_IO_WRITE,
		.flags = SCST_OPF_WRITES | SCST_OPF_FUA,
		.lba = { .byte = 2, .len = 4 },
		.xfer = { .byte = 6, .len = 4 },
		.usage = { 0xff, 0x18, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff },
	}, {
		.name = "MECHANISM STATUS",
		.opcode = GPCMD_MECHANISM_STATUS,
		.sa = SCST_OPCODE_NO_SA,
		.cdb_len = 12,
		.dir = SCST_DIR_IN,
		.len_kind = SCST_LEN_ALLOCATION,
		.pr = SCST_PR_ALLOW,
		.xfer = { .byte = 8, .len = 2 },
		.usage = { 0xff, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff },
		.exec = scst_exec_mechanism_status,
	}, {
		.name = "READ CD",
		.opcode = GPCMD_READ_CD,
		.sa = SCST_OPCODE_NO_SA,
		.cdb_len = 12,
		.dir = SCST_DIR_IN,
		.len_kind = SCST_LEN_SECTORS,
		.pr = SCST_PR_READ,
		.io = SCST_IO_READ,
		.lba = { .byte = 2, .len = 4 },
		.xfer = { .byte = 6, .len = 3 },
		.usage = { 0xff, 0x1c, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
			   SCST_READ_CD_USER_DATA },
		.exec = scst_exec_read_cd,
	},
};

const struct scst_opcode_set scst_mmc_opcodes = {
	.rows = scst_mmc_rows,
	.count = ARRAY_SIZE(scst_mmc_rows),
};
