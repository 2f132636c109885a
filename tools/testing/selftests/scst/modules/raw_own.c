// SPDX-License-Identifier: GPL-2.0
/*
 * scst_raw: internal commands, which a device sends to itself.
 */
#include <linux/kstrtox.h>
#include <linux/scatterlist.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "raw.h"

static void raw_own_done(struct scst_internal_cmd *internal)
{
	struct raw_own *own = container_of(internal, struct raw_own, internal);

	WRITE_ONCE(own->state, scst_cmd_aborted(&internal->cmd) ? "aborted" : "over");
}

static int raw_own_data(struct raw_own *own, char *args)
{
	struct scst_cmd *cmd = &own->internal.cmd;
	const char *word = strsep(&args, " ");

	if (!word)
		return 0;
	if (strcmp(word, "in") || !args || kstrtou32(args, 0, &cmd->expected_len) ||
	    cmd->expected_len > RAW_OWN_DATA)
		return -EINVAL;
	cmd->expected_dir = SCST_DIR_IN;
	sg_init_one(&own->sg, own->data, RAW_OWN_DATA);
	cmd->sg = &own->sg;
	cmd->sg_nents = 1;
	return 0;
}

/**
 * raw_own_request() - execute a script's "own" line
 * @raw:  the device, open
 * @args: the text after "own"
 *
 * Return: 0 or an errno.
 */
int raw_own_request(struct raw_dev *raw, char *args)
{
	struct raw_own *own = &raw->own;
	const char *word = strsep(&args, " ");
	u8 cdb[SCST_INTERNAL_CDB_LEN];
	size_t len;

	if (!word)
		return -EINVAL;
	if (!strcmp(word, "abort")) {
		scst_internal_cmd_abort(&own->internal);
		return 0;
	}
	len = strlen(word) / 2;
	if (!len || len > sizeof(cdb) || hex2bin(cdb, word, len))
		return -EINVAL;
	scst_internal_cmd_init(&own->internal, raw->dev, cdb, len, raw_own_done);
	memset(own->data, 0, RAW_OWN_DATA);
	if (raw_own_data(own, args))
		return -EINVAL;
	WRITE_ONCE(own->state, "pending");
	scst_cmd_submit(&own->internal.cmd, SCST_CTX_THREAD);
	return 0;
}

/**
 * raw_own_print() - print the state or the result of the internal command
 * @raw:  the device
 * @line: the text
 * @size: size of @line, bytes
 *
 * Return: number of characters.
 */
int raw_own_print(struct raw_dev *raw, char *line, size_t size)
{
	const struct scst_cmd *cmd = &raw->own.internal.cmd;
	const char *state = READ_ONCE(raw->own.state);

	if (strcmp(state, "over"))
		return scnprintf(line, size, "own %s\n", state);
	return scnprintf(line, size, "own status=%02x sense=%*phN data=%*phN\n", cmd->status,
			 min_t(int, cmd->sense_len, 18), cmd->sense,
			 cmd->dir == SCST_DIR_IN ? cmd->data_len : 0, raw->own.data);
}
