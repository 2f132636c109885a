// SPDX-License-Identifier: GPL-2.0
/*
 * The log pages of block devices. A page reports only what is known: there is no temperature, and
 * no rated workload.
 */
#include <linux/atomic.h>
#include <linux/math64.h>
#include <linux/minmax.h>

#include "cmd/cmd.h"
#include "lu/kinds.h"
#include "lu/lu.h"

/* Parameters of an error counter page, SPC-6 7.3.8 */
#define SCST_LOG_UNCORRECTED	0x0006

/* Parameters of the logical block provisioning page, SBC-4 6.4.6, and their SCOPE */
#define SCST_LOG_AVAILABLE	0x0001
#define SCST_LOG_USED		0x0002
#define SCST_SCOPE_DEDICATED	0x01
#define SCST_SCOPE_SHARED	0x02

/* Parameters of the self-test results page, SPC-6 7.3.20: their number is fixed. */
#define SCST_LOG_SELF_TESTS	20

/*
 * MOST RECENT TEMPERATURE READING, and the threshold that many disks have behind it: there is none.
 */
#define SCST_NO_TEMPERATURE	0xff

static atomic64_t *scst_log_counter(struct scst_device *dev, const struct scst_log_page *page)
{
	return &dev->errors[page->arg];
}

/* 02h, 03h, 05h: errors are either corrected below the handler, where nobody counts, or not. */
static unsigned int scst_log_errors(const struct scst_cmd *cmd,
				    const struct scst_log_page *page, u8 *out)
{
	u8 value[8] = {};

	if (!scst_log_is_default(cmd))
		put_unaligned_be64(atomic64_read(scst_log_counter(cmd->dev, page)), value);
	return scst_log_put(cmd, out, SCST_LOG_UNCORRECTED, SCST_LOG_COUNTER, value,
			    sizeof(value));
}

static bool scst_log_reset_errors(struct scst_device *dev, const struct scst_log_page *page)
{
	return atomic64_xchg(scst_log_counter(dev, page), 0);
}

static bool scst_log_has_space(const struct scst_device *dev)
{
	return dev->params.thin && dev->handler->block && dev->handler->block->space;
}

/*
 * A resource is a logical block, since VPD page B2h has no threshold exponent. A number that does
 * not fit is the largest one.
 */
static unsigned int scst_log_put_space(const struct scst_cmd *cmd, u8 *out, u16 code, u64 bytes,
				       u8 scope)
{
	u64 blocks = div_u64(bytes, scst_sbc_block_size(cmd->dev));
	u8 value[8] = {};

	put_unaligned_be32(min_t(u64, blocks, U32_MAX), &value[0]);
	value[4] = scope;
	return scst_log_put(cmd, out, code, SCST_LOG_LIST, value, sizeof(value));
}

/* 0Ch. If the handler fails, nothing is known. */
static unsigned int scst_log_space(const struct scst_cmd *cmd,
				   const struct scst_log_page *page, u8 *out)
{
	u64 used, available;
	unsigned int len;

	if (!cmd->dev->handler->block->space(cmd->dev, &used, &available))
		return 0;
	len = scst_log_put_space(cmd, out, SCST_LOG_AVAILABLE, available, SCST_SCOPE_SHARED);
	return len + scst_log_put_space(cmd, out + len, SCST_LOG_USED, used, SCST_SCOPE_DEDICATED);
}

/*
 * 10h: parameters without a self-test, which are zero. SEND DIAGNOSTIC has only the default
 * self-test, whose result is its status.
 */
static unsigned int scst_log_self_tests(const struct scst_cmd *cmd,
					const struct scst_log_page *page, u8 *out)
{
	static const u8 value[16] = {};
	unsigned int len = 0;
	u16 code;

	for (code = 1; code <= SCST_LOG_SELF_TESTS; code++)
		len += scst_log_put(cmd, out + len, code, SCST_LOG_LIST, value, sizeof(value));
	return len;
}

/* 2Fh: ADDITIONAL SENSE CODE 00h/00h, because no failure is ever predicted */
static unsigned int scst_log_exceptions(const struct scst_cmd *cmd,
					const struct scst_log_page *page, u8 *out)
{
	static const u8 value[4] = { 0x00, 0x00, SCST_NO_TEMPERATURE, SCST_NO_TEMPERATURE };

	return scst_log_put(cmd, out, 0x0000, SCST_LOG_LIST, value, sizeof(value));
}

#define SCST_LOG_ERRORS(_code, _counter) {				\
	.code = _code,							\
	.last = SCST_LOG_UNCORRECTED,					\
	.arg = _counter,						\
	.fill = scst_log_errors,					\
	.reset = scst_log_reset_errors,					\
}

const struct scst_log_page scst_sbc_log_pages[SCST_SBC_LOG_COUNT] = {
	SCST_LOG_ERRORS(0x02, SCST_ERRORS_WRITE),
	SCST_LOG_ERRORS(0x03, SCST_ERRORS_READ),
	SCST_LOG_ERRORS(0x05, SCST_ERRORS_VERIFY),
	{
		.code = 0x0c,
		.last = SCST_LOG_USED,
		.sleeps = true,
		.has = scst_log_has_space,
		.fill = scst_log_space,
	},
	{ .code = 0x10, .last = SCST_LOG_SELF_TESTS, .fill = scst_log_self_tests },
	{ .code = 0x2f, .fill = scst_log_exceptions },
};
