// SPDX-License-Identifier: GPL-2.0
/*
 * Text of attributes with several lines.
 */
#include <linux/kernel.h>
#include <linux/string.h>
#include <linux/sysfs.h>

#include "observe/observe.h"

#define SCST_MORE	"...\n"

static bool scst_is_cut(const char *page, ssize_t len)
{
	ssize_t before = len - strlen(SCST_MORE);

	return before >= 0 && !strcmp(page + before, SCST_MORE);
}

/**
 * scst_emit_line() - add a line to the text of an attribute
 * @page: the text
 * @len:  bytes in @page
 * @fmt:  the line, with its newline
 *
 * A line that does not fit becomes "...", and later lines are dropped.
 */
void scst_emit_line(char *page, ssize_t *len, const char *fmt, ...)
{
	ssize_t room = PAGE_SIZE - sizeof(SCST_MORE) - *len;
	va_list args;
	int needed;

	if (room <= 0 || scst_is_cut(page, *len))
		return;
	va_start(args, fmt);
	needed = vsnprintf(page + *len, room, fmt, args);
	va_end(args);
	if (needed >= room)
		needed = sysfs_emit_at(page, *len, SCST_MORE);
	*len += needed;
}
