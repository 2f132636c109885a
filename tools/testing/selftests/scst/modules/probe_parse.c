// SPDX-License-Identifier: GPL-2.0
/*
 * scst_probe: parsing of requests.
 */
#include <linux/bitops.h>
#include <linux/kernel.h>
#include <linux/string.h>

#include "probe.h"

static int probe_parse_word(const char *value, const char *const *words, int n, u8 *result)
{
	int i = match_string(words, n, value);

	if (i < 0)
		return i;
	*result = i;
	return 0;
}

/**
 * probe_parse_hex() - parse hexadecimal bytes
 * @value:  the text
 * @result: the bytes
 * @max:    size of @result, bytes
 *
 * Return: the number of bytes, or -EINVAL.
 */
int probe_parse_hex(const char *value, u8 *result, size_t max)
{
	size_t len = strlen(value) / 2;

	if (len > max || strlen(value) % 2 || hex2bin(result, value, len))
		return -EINVAL;
	return len;
}

static int probe_parse_lun(const char *value, struct scsi_lun *lun)
{
	int len = probe_parse_hex(value, lun->scsi_lun, sizeof(lun->scsi_lun));

	return len < 0 ? len : 0;
}

static int probe_parse_cdb(const char *value, struct probe_cmd *probe)
{
	int len = probe_parse_hex(value, probe->cdb, sizeof(probe->cdb));

	if (len <= 0)
		return -EINVAL;
	probe->cmd.cdb = probe->cdb;
	probe->cmd.cdb_len = len;
	return 0;
}

static int probe_parse_data(const char *value, struct probe_cmd *probe)
{
	int len;

	if (!strcmp(value, "fail")) {
		probe->data_fails = true;
		return 0;
	}
	if (!strcmp(value, "hold")) {
		__set_bit(PROBE_DATA, &probe->holds);
		return 0;
	}
	len = probe_parse_hex(value, probe->data, sizeof(probe->data));
	if (len <= 0)
		return -EINVAL;
	probe->data_len = len;
	return 0;
}

static int probe_parse_send(const char *value, struct probe_cmd *probe)
{
	if (strcmp(value, "fail"))
		return -EINVAL;
	probe->send_fails = true;
	return 0;
}

/**
 * probe_parse_ctx() - parse thread, task, softirq or hardirq
 * @value: the text
 * @ctx:   the result
 *
 * Return: 0 or -EINVAL.
 */
int probe_parse_ctx(const char *value, enum scst_context *ctx)
{
	static const char *const words[] = {
		[SCST_CTX_THREAD] = "thread",
		[SCST_CTX_TASK] = "task",
		[SCST_CTX_ATOMIC] = "softirq",
		[SCST_CTX_HARDIRQ] = "hardirq",
	};
	u8 word;
	int ret = probe_parse_word(value, words, ARRAY_SIZE(words), &word);

	if (!ret)
		*ctx = word;
	return ret;
}

static int probe_parse_dir(const char *value, struct scst_cmd *cmd)
{
	static const char *const words[] = {
		[SCST_DIR_NONE] = "none",
		[SCST_DIR_OUT] = "out",
		[SCST_DIR_IN] = "in",
		[SCST_DIR_UNKNOWN] = "unknown",
		[SCST_DIR_BOTH] = "both",
	};

	return probe_parse_word(value, words, ARRAY_SIZE(words), &cmd->expected_dir);
}

static int probe_parse_attr(const char *value, struct scst_cmd *cmd)
{
	static const char *const words[] = {
		[SCST_ATTR_UNTAGGED] = "untagged",
		[SCST_ATTR_SIMPLE] = "simple",
		[SCST_ATTR_ORDERED] = "ordered",
		[SCST_ATTR_HEAD] = "head",
		[SCST_ATTR_ACA] = "aca",
	};

	return probe_parse_word(value, words, ARRAY_SIZE(words), &cmd->attr);
}

static int probe_parse_cmd_arg(const char *key, char *value, struct probe_cmd *probe)
{
	if (!strcmp(key, "cdb"))
		return probe_parse_cdb(value, probe);
	if (!strcmp(key, "lun"))
		return probe_parse_lun(value, &probe->cmd.lun);
	if (!strcmp(key, "ctx"))
		return probe_parse_ctx(value, &probe->ctx);
	if (!strcmp(key, "dir"))
		return probe_parse_dir(value, &probe->cmd);
	if (!strcmp(key, "len"))
		return kstrtou32(value, 0, &probe->cmd.expected_len);
	if (!strcmp(key, "show"))
		return kstrtou32(value, 0, &probe->show);
	if (!strcmp(key, "attr"))
		return probe_parse_attr(value, &probe->cmd);
	if (!strcmp(key, "data"))
		return probe_parse_data(value, probe);
	if (!strcmp(key, "send"))
		return probe_parse_send(value, probe);
	if (!strcmp(key, "hold"))
		return probe_parse_points(value, &probe->holds);
	return -EINVAL;
}

/**
 * probe_parse_cmd() - parse TAG key=value ...
 * @args:  the text; changed
 * @probe: the command, initialised
 *
 * Return: 0 or -EINVAL.
 */
int probe_parse_cmd(char *args, struct probe_cmd *probe)
{
	const char *tag = strsep(&args, " ");

	if (!tag || kstrtou64(tag, 0, &probe->cmd.tag))
		return -EINVAL;
	probe->cmd.attr = SCST_ATTR_SIMPLE;
	probe->show = PROBE_SHOW_LEN;
	while (args) {
		char *value = strsep(&args, " ");
		char *key = strsep(&value, "=");

		if (!value || probe_parse_cmd_arg(key, value, probe))
			return -EINVAL;
	}
	return probe->cmd.cdb_len ? 0 : -EINVAL;
}

/**
 * probe_parse_go() - parse TAG [fail] [ctx=...]
 * @args: the text; changed
 * @tag:  the command's tag
 * @ctx:  the context in which it continues; unchanged without ctx=
 * @fail: set if its transfer fails
 *
 * Return: 0 or -EINVAL.
 */
int probe_parse_go(char *args, u64 *tag, enum scst_context *ctx, bool *fail)
{
	const char *word = strsep(&args, " ");

	if (kstrtou64(word, 0, tag))
		return -EINVAL;
	while ((word = strsep(&args, " "))) {
		if (!strcmp(word, "fail"))
			*fail = true;
		else if (!strstarts(word, "ctx=") || probe_parse_ctx(word + 4, ctx))
			return -EINVAL;
	}
	return 0;
}

static int probe_parse_tmf_arg(const char *key, const char *value, struct probe_tmf *probe)
{
	unsigned int fn;

	if (!strcmp(key, "lun"))
		return probe_parse_lun(value, &probe->tmf.lun);
	if (!strcmp(key, "ref"))
		return kstrtou64(value, 0, &probe->tmf.tag);
	if (strcmp(key, "fn") || kstrtouint(value, 0, &fn) || fn > SCST_TMF_COLD_RESET)
		return -EINVAL;
	probe->tmf.fn = fn;
	return 0;
}

/**
 * probe_parse_tmf() - parse TAG key=value ...
 * @args:  the text; changed
 * @probe: the function, zeroed
 *
 * Return: 0 or -EINVAL.
 */
int probe_parse_tmf(char *args, struct probe_tmf *probe)
{
	const char *tag = strsep(&args, " ");

	if (!tag || kstrtou64(tag, 0, &probe->tag))
		return -EINVAL;
	while (args) {
		char *value = strsep(&args, " ");
		char *key = strsep(&value, "=");

		if (!value || probe_parse_tmf_arg(key, value, probe))
			return -EINVAL;
	}
	return 0;
}
