// SPDX-License-Identifier: GPL-2.0
/*
 * scst_probe: from text to requests.
 */
#include <linux/kernel.h>
#include <linux/string.h>

#include "probe.h"

static int probe_parse_word(const char *value, const char *const *words, int n,
			    u8 *result)
{
	int i = match_string(words, n, value);

	if (i < 0)
		return i;
	*result = i;
	return 0;
}

/* As many bytes as the text has; returns how many. */
static int probe_parse_hex(const char *value, u8 *result, size_t max)
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
		probe->fail = true;
		return 0;
	}
	if (!strcmp(value, "hold")) {
		probe->hold = true;
		return 0;
	}
	len = probe_parse_hex(value, probe->data, sizeof(probe->data));
	if (len <= 0)
		return -EINVAL;
	probe->data_len = len;
	return 0;
}

static int probe_parse_ctx(const char *value, struct probe_cmd *probe)
{
	static const char *const words[] = {
		[PROBE_THREAD] = "thread",
		[PROBE_SOFTIRQ] = "softirq",
		[PROBE_HARDIRQ] = "hardirq",
	};
	u8 ctx;
	int ret = probe_parse_word(value, words, ARRAY_SIZE(words), &ctx);

	probe->ctx = ctx;
	return ret;
}

static int probe_parse_dir(const char *value, struct scst_cmd *cmd)
{
	static const char *const words[] = {
		[SCST_DIR_NONE] = "none",
		[SCST_DIR_OUT] = "out",
		[SCST_DIR_IN] = "in",
		[SCST_DIR_UNKNOWN] = "unknown",
	};

	return probe_parse_word(value, words, ARRAY_SIZE(words),
				&cmd->expected_dir);
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

static int probe_parse_cmd_arg(const char *key, const char *value,
			       struct probe_cmd *probe)
{
	if (!strcmp(key, "cdb"))
		return probe_parse_cdb(value, probe);
	if (!strcmp(key, "lun"))
		return probe_parse_lun(value, &probe->cmd.lun);
	if (!strcmp(key, "ctx"))
		return probe_parse_ctx(value, probe);
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
	return -EINVAL;
}

/**
 * probe_parse_cmd - TAG key=value ...
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

static int probe_parse_tmf_arg(const char *key, const char *value,
			       struct probe_tmf *probe)
{
	unsigned int fn;

	if (!strcmp(key, "lun"))
		return probe_parse_lun(value, &probe->tmf.lun);
	if (!strcmp(key, "ref"))
		return kstrtou64(value, 0, &probe->tmf.tag);
	if (strcmp(key, "fn") || kstrtouint(value, 0, &fn) ||
	    fn > SCST_TMF_QUERY_ASYNC_EVENT)
		return -EINVAL;
	probe->tmf.fn = fn;
	return 0;
}

/**
 * probe_parse_tmf - TAG key=value ...
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
