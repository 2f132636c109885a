// SPDX-License-Identifier: GPL-2.0
/*
 * REPORT TIMESTAMP and SET TIMESTAMP: the clock of a logical unit. It shows the time of this
 * machine until an initiator sets it.
 */
#include <linux/ktime.h>

#include "cmd/cmd.h"
#include "lu/kinds.h"
#include "lu/lu.h"
#include "task/task.h"

/* Timestamp parameter data, and parameter list of SET TIMESTAMP, bytes */
#define SCST_TIMESTAMP_LEN	12

/* TIMESTAMP ORIGIN, SPC-6 5.3 */
#define SCST_ORIGIN_COMMAND	2
#define SCST_ORIGIN_OTHER	3

static u64 scst_timestamp_now(void)
{
	return ktime_to_ms(ktime_get_real());
}

/* REPORT TIMESTAMP */
static void scst_exec_report_timestamp(struct scst_cmd *cmd)
{
	struct scst_clock *clock = &cmd->dev->clock;
	u8 data[SCST_TIMESTAMP_LEN] = {};

	put_unaligned_be16(SCST_TIMESTAMP_LEN - 2, &data[0]);
	spin_lock_bh(&cmd->dev->lock);
	data[2] = clock->is_set ? SCST_ORIGIN_COMMAND : SCST_ORIGIN_OTHER;
	put_unaligned_be48(scst_timestamp_now() + clock->ahead_ms, &data[4]);
	spin_unlock_bh(&cmd->dev->lock);
	scst_data_in_whole(cmd, data, sizeof(data));
}

static void scst_timestamp_set(struct scst_cmd *cmd, u64 ms)
{
	struct scst_device *dev = cmd->dev;

	spin_lock_bh(&dev->lock);
	dev->clock = (struct scst_clock) {
		.ahead_ms = ms - scst_timestamp_now(), .is_set = true,
	};
	__scst_ua_raise_device(dev, SCST_UA_TIMESTAMP_CHANGED, cmd->nexus);
	spin_unlock_bh(&dev->lock);
}

/* SET TIMESTAMP */
static void scst_exec_set_timestamp(struct scst_cmd *cmd)
{
	u8 data[SCST_TIMESTAMP_LEN];

	if (!cmd->cdb_data_len)
		return;
	if (scst_data_out(cmd, 0, data, sizeof(data)) == sizeof(data))
		scst_timestamp_set(cmd, get_unaligned_be48(&data[4]));
	else
		scst_cdb_refuse_list(cmd);
}

static const struct scst_opcode scst_timestamp_rows[] = {
	{
		.name = "REPORT TIMESTAMP",
		.opcode = MAINTENANCE_IN,
		.sa = MI_REPORT_TIMESTAMP,
		.sa_byte = 1,
		.cdb_len = 12,
		.dir = SCST_DIR_IN,
		.len_kind = SCST_LEN_ALLOCATION,
		.pr = SCST_PR_ALLOW,
		.xfer = { .byte = 6, .len = 4 },
		.usage = { 0xff, 0x1f, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff },
		.exec = scst_exec_report_timestamp,
	}, {
		.name = "SET TIMESTAMP",
		.opcode = MAINTENANCE_OUT,
		.sa = MO_SET_TIMESTAMP,
		.sa_byte = 1,
		.cdb_len = 12,
		.dir = SCST_DIR_OUT,
		.len_kind = SCST_LEN_PARAMETERS,
		.pr = SCST_PR_WRITE,
		.xfer = { .byte = 6, .len = 4 },
		.usage = { 0xff, 0x1f, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff },
		.exec = scst_exec_set_timestamp,
	},
};

const struct scst_opcode_set scst_timestamp_opcodes = {
	.rows = scst_timestamp_rows,
	.count = ARRAY_SIZE(scst_timestamp_rows),
};
