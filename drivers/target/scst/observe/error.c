// SPDX-License-Identifier: GPL-2.0
/*
 * last_error: one line per object that says what failed there last.
 *
 * It goes when the operation that it is about succeeds: a line that is there is still
 * true as far as the kernel knows.
 */
#include <linux/ctype.h>
#include <linux/kernel.h>
#include <linux/string.h>
#include <linux/sysfs.h>

#include "observe/observe.h"

/**
 * scst_error_init() - no operation failed yet
 * @err: the object's last_error
 */
void scst_error_init(struct scst_error *err)
{
	spin_lock_init(&err->lock);
	err->what = "";
	err->text[0] = '\0';
}

/* Names in it may be any bytes, and it is one line. */
static void __scst_error_flatten(struct scst_error *err)
{
	char *c;

	for (c = err->text; *c; c++)
		if (iscntrl(*c))
			*c = '?';
}

/**
 * scst_error_vset() - remember why the operation that is under way fails
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
 * scst_error_set() - remember why the operation that is under way fails
 * @err: the object's last_error
 * @fmt: one line, no newline
 *
 * Or what is to be known of it although it succeeds. scst_error_end() comes after it.
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
 * scst_error_end() - an operation on an object has ended
 * @err:  the object's last_error
 * @what: the operation, a constant; of what happened by itself, the operation whose
 *	  success is going to be its end, or "" for none
 * @ret:  0 or an errno
 *
 * If it succeeded, what is left of a failure of the same operation goes. If it failed and
 * nobody said why, the errno does.
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
 * scst_error_pass() - what an object ran into that is not going to be
 * @from: its last_error
 * @to:	  of the directory that it was to be in
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
