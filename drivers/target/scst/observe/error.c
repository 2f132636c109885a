// SPDX-License-Identifier: GPL-2.0
/*
 * last_error: one line per object about the last failed operation.
 *
 * The line is cleared when the same operation succeeds. So a line is true as far as the kernel
 * knows.
 */
#include <linux/ctype.h>
#include <linux/kernel.h>
#include <linux/string.h>
#include <linux/sysfs.h>

#include "observe/observe.h"

/**
 * scst_error_init() - initialize last_error, empty
 * @err: the object's last_error
 */
void scst_error_init(struct scst_error *err)
{
	spin_lock_init(&err->lock);
	err->what = "";
	err->text[0] = '\0';
}

/* Replaces control characters: names may have any bytes, and last_error is one line. */
static void __scst_error_flatten(struct scst_error *err)
{
	char *c;

	for (c = err->text; *c; c++)
		if (iscntrl(*c))
			*c = '?';
}

/**
 * scst_error_vset() - set the reason why the operation in progress fails
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
	__scst_error_flatten(err);
	err->what = NULL;
	spin_unlock(&err->lock);
}

/**
 * scst_error_set() - set the reason why the operation in progress fails
 * @err: the object's last_error
 * @fmt: one line, no newline
 *
 * Also for a warning about an operation that succeeds. The caller calls scst_error_end() later.
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
 * scst_error_end() - update last_error at the end of an operation
 * @err:  the object's last_error
 * @what: the operation, a constant string. For an error without an operation: the operation whose
 *	  success clears the error, or "" for none
 * @ret:  0 or an errno
 *
 * If the operation succeeded, an earlier failure of the same operation is cleared. If it failed
 * and no reason was set, the errno becomes the reason.
 *
 * Context: process context.
 * Return: @ret.
 */
int scst_error_end(struct scst_error *err, const char *what, int ret)
{
	bool said;

	spin_lock(&err->lock);
	said = !err->what;
	if (!said && ret)
		scnprintf(err->text, sizeof(err->text), "%s: %pe", what, ERR_PTR(ret));
	else if (!said && !strcmp(err->what, what))
		err->text[0] = '\0';
	if (said || ret)
		err->what = what;
	spin_unlock(&err->lock);
	return ret;
}

/**
 * scst_error_pass() - copy the error of an object that could not be created
 * @from: the object's last_error
 * @to:	  last_error of its parent directory
 *
 * Context: process context.
 */
void scst_error_pass(struct scst_error *from, struct scst_error *to)
{
	if (from->text[0])
		scst_error_set(to, "%s", from->text);
}

/**
 * scst_error_show() - print last_error
 * @err:  the object's last_error
 * @page: the result
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
