// SPDX-License-Identifier: GPL-2.0
/*
 * Log parameters: LOG SENSE and LOG SELECT.
 *
 * Nothing is saved, and no parameter can be set to a value of the initiator's: LOG SELECT resets
 * counters.
 */
#include <linux/kernel.h>
#include <linux/string.h>

#include "cmd/cmd.h"
#include "lu/kinds.h"
#include "lu/lu.h"
#include "task/task.h"

/* Bits of PC, SPC-6 6.6: cumulative values, else thresholds; default values, else current ones */
#define SCST_LOG_CUMULATIVE	0x40
#define SCST_LOG_DEFAULT	0x80
#define SCST_LOG_CODE		0x3f

/* The first byte of a page: DS, the page is not saved; SPF, it is a subpage */
#define SCST_LOG_DS		0x80
#define SCST_LOG_SPF		0x40

#define SCST_LOG_SUBPAGE_ALL	0xff

#define SCST_LOG_PCR		0x02

#define SCST_LOG_HEADER_LEN	4
#define SCST_LOG_PARAM_LEN	4

static unsigned int scst_log_supported(const struct scst_cmd *cmd,
				       const struct scst_log_page *page, u8 *out);
static unsigned int scst_log_subpages(const struct scst_cmd *cmd,
				      const struct scst_log_page *page, u8 *out);

/* Pages of all device types, in ascending order. Those of one type follow them. */
static const struct scst_log_page scst_log_pages[] = {
	{ .code = 0x00, .fill = scst_log_supported },
	{ .code = 0x00, .subpage = SCST_LOG_SUBPAGE_ALL, .fill = scst_log_subpages },
};

/* Return: the page with index @i, or NULL behind the last page */
static const struct scst_log_page *scst_log_page(const struct scst_kind *kind, unsigned int i)
{
	if (i < ARRAY_SIZE(scst_log_pages))
		return &scst_log_pages[i];
	i -= ARRAY_SIZE(scst_log_pages);
	return i < kind->log_count ? &kind->log[i] : NULL;
}

static bool scst_log_has(const struct scst_cmd *cmd, const struct scst_log_page *page)
{
	return !page->has || page->has(cmd->dev);
}

/* The next page that the device has, from index @i on. @i is set to the index behind it. */
static const struct scst_log_page *scst_log_next(const struct scst_cmd *cmd, unsigned int *i)
{
	const struct scst_log_page *page;

	while ((page = scst_log_page(cmd->kind, (*i)++)))
		if (scst_log_has(cmd, page))
			return page;
	return NULL;
}

static const struct scst_log_page *scst_log_find(const struct scst_cmd *cmd, u8 code, u8 subpage)
{
	const struct scst_log_page *page;
	unsigned int i = 0;

	while ((page = scst_log_next(cmd, &i)))
		if (page->code == code && page->subpage == subpage)
			return page;
	return NULL;
}

/* 00h/00h */
static unsigned int scst_log_supported(const struct scst_cmd *cmd,
				       const struct scst_log_page *page, u8 *out)
{
	unsigned int i = 0, n = 0;

	while ((page = scst_log_next(cmd, &i)))
		if (!page->subpage)
			out[n++] = page->code;
	return n;
}

/* 00h/FFh */
static unsigned int scst_log_subpages(const struct scst_cmd *cmd,
				      const struct scst_log_page *page, u8 *out)
{
	unsigned int i = 0, n = 0;

	while ((page = scst_log_next(cmd, &i))) {
		out[n++] = page->code;
		out[n++] = page->subpage;
	}
	return n;
}

/* --- LOG SENSE */

static u16 scst_log_pointer(const struct scst_cmd *cmd)
{
	return get_unaligned_be16(&cmd->cdb[5]);
}

/**
 * scst_log_is_default() - whether LOG SENSE asks for default values
 * @cmd: the command
 *
 * Context: any.
 * Return: true for default values of counters, which are zero; false for current values.
 */
bool scst_log_is_default(const struct scst_cmd *cmd)
{
	return cmd->cdb[2] & SCST_LOG_DEFAULT;
}

/**
 * scst_log_put() - write a log parameter
 * @cmd:     a LOG SENSE; it may ask for parameters with greater codes only
 * @out:     destination, zeroed
 * @code:    PARAMETER CODE
 * @control: SCST_LOG_COUNTER or SCST_LOG_LIST
 * @value:   the value
 * @len:     its length in bytes
 *
 * Context: any.
 * Return: bytes written.
 */
unsigned int scst_log_put(const struct scst_cmd *cmd, u8 *out, u16 code, u8 control,
			  const u8 *value, u8 len)
{
	if (code < scst_log_pointer(cmd))
		return 0;
	put_unaligned_be16(code, &out[0]);
	out[2] = control;
	out[3] = len;
	memcpy(&out[SCST_LOG_PARAM_LEN], value, len);
	return SCST_LOG_PARAM_LEN + len;
}

static void scst_log_send(struct scst_cmd *cmd, const struct scst_log_page *page)
{
	u8 data[SCST_LOG_HEADER_LEN + SCST_LOG_MAX_LEN] = {};
	unsigned int len = page->fill(cmd, page, &data[SCST_LOG_HEADER_LEN]);

	data[0] = SCST_LOG_DS | (page->subpage ? SCST_LOG_SPF : 0) | page->code;
	data[1] = page->subpage;
	put_unaligned_be16(len, &data[2]);
	scst_data_in_whole(cmd, data, SCST_LOG_HEADER_LEN + len);
}

/* The page, or NULL: then the sense data tells which of the two codes is wrong. */
static const struct scst_log_page *scst_log_requested(struct scst_cmd *cmd)
{
	u8 code = cmd->cdb[2] & SCST_LOG_CODE;
	const struct scst_log_page *page = scst_log_find(cmd, code, cmd->cdb[3]);

	if (page)
		return page;
	if (scst_log_find(cmd, code, 0))
		scst_cmd_set_field_error(cmd, SCST_SENSE_INVALID_CDB_FIELD, 3, 7);
	else
		scst_cmd_set_field_error(cmd, SCST_SENSE_INVALID_CDB_FIELD, 2, 5);
	return NULL;
}

/**
 * scst_log_sense_sleeping() - the handler's part of LOG SENSE
 * @cmd: the command, for a page whose values the handler knows; it is completed
 *
 * Context: process context, may sleep.
 */
void scst_log_sense_sleeping(struct scst_cmd *cmd)
{
	const struct scst_log_page *page = scst_log_requested(cmd);

	if (page)
		scst_log_send(cmd, page);
	scst_cmd_complete(cmd, SCST_CTX_THREAD);
}

/* LOG SENSE. Counters have no thresholds. PC is ignored for other parameters. */
static void scst_exec_log_sense(struct scst_cmd *cmd)
{
	const struct scst_log_page *page = scst_log_requested(cmd);

	if (!page)
		return;
	if (page->reset && !(cmd->cdb[2] & SCST_LOG_CUMULATIVE))
		scst_cmd_set_field_error(cmd, SCST_SENSE_INVALID_CDB_FIELD, 2, 7);
	else if (scst_log_pointer(cmd) > page->last)
		scst_cmd_set_field_error(cmd, SCST_SENSE_INVALID_CDB_FIELD, 5, 7);
	else if (page->sleeps)
		cmd->io = SCST_IO_LOG;
	else
		scst_log_send(cmd, page);
}

/* --- LOG SELECT */

/* Whether the codes of a CDB without a parameter list select a page, SPC-6 6.6 */
static bool scst_log_is_selected(const struct scst_cmd *cmd, const struct scst_log_page *page)
{
	u8 code = cmd->cdb[2] & SCST_LOG_CODE;
	u8 subpage = cmd->cdb[3];

	if (!code && !subpage)
		return true;
	return page->code == code && (subpage == SCST_LOG_SUBPAGE_ALL || page->subpage == subpage);
}

/* Reset the selected pages. Other nexuses get a unit attention if that has changed anything. */
static void scst_log_reset(struct scst_cmd *cmd)
{
	const struct scst_log_page *page;
	bool changed = false;
	unsigned int i = 0;

	while ((page = scst_log_next(cmd, &i)))
		if (page->reset && scst_log_is_selected(cmd, page))
			changed |= page->reset(cmd->dev, page);
	if (changed)
		scst_ua_raise_device(cmd->dev, SCST_UA_LOG_CHANGED, cmd->nexus);
}

static bool scst_log_check_selected(struct scst_cmd *cmd)
{
	const struct scst_log_page *page;
	unsigned int i = 0;

	while ((page = scst_log_next(cmd, &i)))
		if (scst_log_is_selected(cmd, page))
			return true;
	return scst_log_requested(cmd);
}

/*
 * Without a parameter list, PCR and PC for default cumulative values both mean a reset. All other
 * values of PC change nothing.
 */
static void scst_log_select_codes(struct scst_cmd *cmd)
{
	const u8 defaults = SCST_LOG_CUMULATIVE | SCST_LOG_DEFAULT;

	if (!scst_log_check_selected(cmd))
		return;
	if ((cmd->cdb[1] & SCST_LOG_PCR) || (cmd->cdb[2] & defaults) == defaults)
		scst_log_reset(cmd);
}

static bool scst_log_refuse(struct scst_cmd *cmd, unsigned int byte, int bit)
{
	scst_cmd_set_field_error(cmd, SCST_SENSE_INVALID_PARAM_FIELD, byte, bit);
	return false;
}

/*
 * Check the page at @at. Pages have to be in ascending order. @i is the index of the first one that
 * may come. A page may have no parameters: none can be changed.
 */
static bool scst_log_check_page(struct scst_cmd *cmd, u32 at, unsigned int *i)
{
	u32 left = cmd->cdb_data_len - at;
	const struct scst_log_page *page;
	u8 header[SCST_LOG_HEADER_LEN];

	if (scst_data_out(cmd, at, header, sizeof(header)) != sizeof(header))
		return scst_cdb_refuse_list(cmd);
	if (!(header[0] & SCST_LOG_SPF) && header[1])
		return scst_log_refuse(cmd, at + 1, 7);
	do {
		page = scst_log_next(cmd, i);
		if (!page)
			return scst_log_refuse(cmd, at, 5);
	} while (page->code != (header[0] & SCST_LOG_CODE) || page->subpage != header[1]);
	if (get_unaligned_be16(&header[2]) > left - sizeof(header))
		return scst_cdb_refuse_list(cmd);
	return !get_unaligned_be16(&header[2]) || scst_log_refuse(cmd, at + sizeof(header), 7);
}

static void scst_log_select_list(struct scst_cmd *cmd)
{
	unsigned int i = 0;
	u32 at = 0;

	if (cmd->cdb[1] & SCST_LOG_PCR)
		scst_cmd_set_field_error(cmd, SCST_SENSE_INVALID_CDB_FIELD, 1, 1);
	else if (cmd->cdb[2] & SCST_LOG_CODE)
		scst_cmd_set_field_error(cmd, SCST_SENSE_INVALID_CDB_FIELD, 2, 5);
	else if (cmd->cdb[3])
		scst_cmd_set_field_error(cmd, SCST_SENSE_INVALID_CDB_FIELD, 3, 7);
	else
		while (at < cmd->cdb_data_len && scst_log_check_page(cmd, at, &i))
			at += SCST_LOG_HEADER_LEN;
}

/* LOG SELECT */
static void scst_exec_log_select(struct scst_cmd *cmd)
{
	if (cmd->cdb_data_len)
		scst_log_select_list(cmd);
	else
		scst_log_select_codes(cmd);
}

static const struct scst_opcode scst_log_rows[] = {
	{
		.name = "LOG SELECT",
		.opcode = LOG_SELECT,
		.sa = SCST_OPCODE_NO_SA,
		.cdb_len = 10,
		.dir = SCST_DIR_OUT,
		.len_kind = SCST_LEN_PARAMETERS,
		.pr = SCST_PR_WRITE,
		.xfer = { .byte = 7, .len = 2 },
		.usage = { 0xff, 0x02, 0xff, 0xff, 0x00, 0x00, 0x00, 0xff, 0xff },
		.exec = scst_exec_log_select,
	}, {
		.name = "LOG SENSE",
		.opcode = LOG_SENSE,
		.sa = SCST_OPCODE_NO_SA,
		.cdb_len = 10,
		.dir = SCST_DIR_IN,
		.len_kind = SCST_LEN_ALLOCATION,
		.pr = SCST_PR_ALLOW,
		.xfer = { .byte = 7, .len = 2 },
		.usage = { 0xff, 0x00, 0xff, 0xff, 0x00, 0xff, 0xff, 0xff, 0xff },
		.exec = scst_exec_log_sense,
	},
};

const struct scst_opcode_set scst_log_opcodes = {
	.rows = scst_log_rows,
	.count = ARRAY_SIZE(scst_log_rows),
};
