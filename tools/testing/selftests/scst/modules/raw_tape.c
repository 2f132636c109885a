// SPDX-License-Identifier: GPL-2.0
/*
 * scst_raw: a tape of a few records, SSC-5: the device without a script.
 */
#include <linux/minmax.h>
#include <linux/scatterlist.h>
#include <linux/string.h>
#include <linux/vmalloc.h>
#include <scsi/scsi_proto.h>

#include "raw.h"

#define RAW_REWIND	0x01
#define RAW_WRITE_MARKS	0x10

/* Bits of byte 2 of fixed format sense data, SPC-6 4.4.3 */
#define RAW_FILEMARK	0x80
#define RAW_EOM		0x40
#define RAW_ILI		0x20

static void raw_data_in(struct scst_cmd *cmd, const void *data, u32 len)
{
	len = min(len, cmd->data_len);
	sg_copy_from_buffer(cmd->sg, cmd->sg_nents, data, len);
	scst_cmd_set_transferred(cmd, len);
}

static void raw_sense(struct scst_cmd *cmd, u8 key, u8 bits, u8 asc, u8 ascq, s32 info)
{
	u8 sense[18] = { 0xf0, 0, key | bits, [7] = 10, [12] = asc, [13] = ascq };

	put_unaligned_be32(info, &sense[3]);
	scst_cmd_set_status(cmd, SAM_STAT_CHECK_CONDITION, sense, sizeof(sense));
}

static void raw_inquiry(struct scst_cmd *cmd)
{
	const struct raw_dev *raw = scst_device_priv(cmd->dev);
	u8 data[36] = { raw->type, 0x80, 0x06, 0x02, 31 };

	memcpy(&data[8], "RAW     DEVICE          0001", 28);
	if (cmd->cdb[1] & 0x01)
		raw_sense(cmd, ILLEGAL_REQUEST, 0, 0x24, 0x00, 0);
	else
		raw_data_in(cmd, data, sizeof(data));
}

static void raw_block_limits(struct scst_cmd *cmd)
{
	static const u8 data[6] = { 0, 0xff, 0xff, 0xff, 0, 1 };

	raw_data_in(cmd, data, sizeof(data));
}

/* Variable block length, buffered */
static void raw_mode_sense(struct scst_cmd *cmd)
{
	static const u8 data[12] = { 11, 0, 0x10, 8 };

	raw_data_in(cmd, data, sizeof(data));
}

static void raw_append(struct scst_cmd *cmd, u8 *data, u32 len)
{
	struct raw_dev *raw = scst_device_priv(cmd->dev);

	if (raw->pos == RAW_RECORDS) {
		vfree(data);
		raw_sense(cmd, VOLUME_OVERFLOW, RAW_EOM, 0x00, 0x02, len);
		return;
	}
	while (raw->count > raw->pos)
		vfree(raw->records[--raw->count].data);
	raw->records[raw->count++] = (struct raw_record) { .data = data, .len = len };
	raw->pos = raw->count;
}

static void raw_write(struct scst_cmd *cmd)
{
	u8 *data = vmalloc(cmd->data_len ?: 1);

	if (!data) {
		scst_cmd_set_busy(cmd);
		return;
	}
	sg_copy_to_buffer(cmd->sg, cmd->sg_nents, data, cmd->data_len);
	raw_append(cmd, data, cmd->data_len);
}

static void raw_read_record(struct scst_cmd *cmd, const struct raw_record *record)
{
	s32 difference = (s32)cmd->data_len - (s32)record->len;

	raw_data_in(cmd, record->data, record->len);
	if (difference && !(cmd->cdb[1] & 0x02))
		raw_sense(cmd, NO_SENSE, RAW_ILI, 0x00, 0x00, difference);
}

static void raw_read(struct scst_cmd *cmd)
{
	struct raw_dev *raw = scst_device_priv(cmd->dev);
	s32 wanted = cmd->data_len;

	if (raw->pos == raw->count) {
		scst_cmd_set_transferred(cmd, 0);
		raw_sense(cmd, BLANK_CHECK, 0, 0x00, 0x05, wanted);
	} else if (!raw->records[raw->pos++].data) {
		scst_cmd_set_transferred(cmd, 0);
		raw_sense(cmd, NO_SENSE, RAW_FILEMARK, 0x00, 0x01, wanted);
	} else {
		raw_read_record(cmd, &raw->records[raw->pos - 1]);
	}
}

static void raw_fill(struct scst_cmd *cmd)
{
	struct sg_mapping_iter miter;

	if (cmd->dir != SCST_DIR_IN)
		return;
	sg_miter_start(&miter, cmd->sg, cmd->sg_nents, SG_MITER_TO_SG);
	while (sg_miter_next(&miter))
		memset(miter.addr, cmd->cdb[0], miter.length);
	sg_miter_stop(&miter);
}

/**
 * raw_tape_execute() - execute a command, and set its status
 * @cmd: the command
 *
 * Context: process context.
 */
void raw_tape_execute(struct scst_cmd *cmd)
{
	struct raw_dev *raw = scst_device_priv(cmd->dev);

	switch (cmd->cdb[0]) {
	case RAW_REWIND:
		raw->pos = 0;
		break;
	case READ_BLOCK_LIMITS:
		raw_block_limits(cmd);
		break;
	case READ_6:
		raw_read(cmd);
		break;
	case WRITE_6:
		raw_write(cmd);
		break;
	case RAW_WRITE_MARKS:
		raw_append(cmd, NULL, 0);
		break;
	case INQUIRY:
		raw_inquiry(cmd);
		break;
	case MODE_SENSE:
		raw_mode_sense(cmd);
		break;
	default:
		raw_fill(cmd);
	}
}

/**
 * raw_tape_erase() - free all records of a tape
 * @raw: the device, without commands
 *
 * Context: process context.
 */
void raw_tape_erase(struct raw_dev *raw)
{
	while (raw->count)
		vfree(raw->records[--raw->count].data);
	raw->pos = 0;
}
