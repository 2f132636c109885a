// SPDX-License-Identifier: GPL-2.0
/*
 * last_error: one line per object that says what the last failed operation on
 * it ran into.
 */
#include <linux/kernel.h>
#include <linux/sysfs.h>

#include "scst_priv.h"

/**
 * scst_error_init - no operation failed yet
 * @err: the object's last_error
 */
void scst_error_init(struct scst_error *err)
{
	spin_lock_init(&err->lock);
	err->text[0] = '\0';
}

/**
 * scst_error_vset - remember why an operation failed
 * @err:  the object's last_error
 * @fmt:  one line, no newline
 * @args: its arguments
 *
 * Context: process context.
 */
void scst_error_vset(struct scst_error *err, const char *fmt, va_list args)
{
	spin_lock(&err->lock);
	vscnprintf(err->text, sizeof(err->text), fmt, args);
	spin_unlock(&err->lock);
}

/**
 * scst_error_set - remember why an operation failed
 * @err: the object's last_error
 * @fmt: one line, no newline
 *
 * Context: process context.
 */
void scst_error_set(struct scst_error *err, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	scst_error_vset(err, fmt, args);
	va_end(args);
}

/**
 * scst_error_show - print last_error
 * @err:  the object's last_error
 * @page: where to
 *
 * Context: process context.
 * Return: bytes printed.
 */
ssize_t scst_error_show(struct scst_error *err, char *page)
{
	ssize_t ret;

	spin_lock(&err->lock);
	ret = sysfs_emit(page, "%s\n", err->text);
	spin_unlock(&err->lock);
	return ret;
}
