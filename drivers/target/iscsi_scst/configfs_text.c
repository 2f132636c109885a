// SPDX-License-Identifier: GPL-2.0
/*
 * configfs: names and lines of text in attributes.
 */
#include <linux/configfs.h>
#include <linux/ctype.h>
#include <linux/string.h>

#include "iscst.h"

static bool iscst_all_of(const char *text, int (*is)(int c), size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		if (!is(text[i]))
			return false;
	return true;
}

static int iscst_is_hex(int c)
{
	return isxdigit(c);
}

/* The ASCII characters that RFC 3722's preparation leaves */
static int iscst_is_name_char(int c)
{
	return islower(c) || isdigit(c) || c == '-' || c == '.' || c == ':';
}

/* iqn.YYYY-MM.NAME, RFC 7143 4.2.7.4 */
static bool iscst_iqn_is_valid(const char *name)
{
	static const char form[] = "dddd-dd.";
	size_t i;

	for (i = 0; form[i]; i++)
		if (form[i] == 'd' ? !isdigit(name[i]) : name[i] != form[i])
			return false;
	return name[i] && iscst_all_of(name, iscst_is_name_char, strlen(name));
}

/**
 * iscst_name_is_valid() - whether a text is an iSCSI name
 * @name: the text
 *
 * RFC 7143 4.2.7: an iqn., eui. or naa. name in its normal form.
 *
 * Return: true if it is.
 */
bool iscst_name_is_valid(const char *name)
{
	size_t len = strlen(name);

	if (len >= SCST_PORT_NAME_LEN)
		return false;
	if (strstarts(name, "iqn."))
		return iscst_iqn_is_valid(name + 4);
	if (strstarts(name, "eui."))
		return len == 4 + 16 && iscst_all_of(name + 4, iscst_is_hex, 16);
	if (strstarts(name, "naa."))
		return (len == 4 + 16 || len == 4 + 32) &&
		       iscst_all_of(name + 4, iscst_is_hex, len - 4);
	return false;
}

/**
 * iscst_show_text() - show a line of text
 * @text: the text, which iscst_lock protects
 * @page: the attribute's page
 *
 * Context: process context; takes iscst_lock.
 * Return: bytes.
 */
ssize_t iscst_show_text(const char *text, char *page)
{
	ssize_t len;

	mutex_lock(&iscst_lock);
	len = sysfs_emit(page, "%s\n", text);
	mutex_unlock(&iscst_lock);
	return len;
}

/* Copies one line of printable text without its newline, and pads it with NULs. */
static int iscst_copy_line(const char *page, char *text, size_t size)
{
	size_t len = strcspn(page, "\n");
	size_t i;

	if (len >= size)
		return -EINVAL;
	for (i = 0; i < len; i++)
		if (iscntrl(page[i]))
			return -EINVAL;
	memcpy(text, page, len);
	memset(text + len, 0, size - len);
	return 0;
}

/**
 * iscst_parse_text() - store a line of printable text
 * @page: the attribute's page
 * @text: the text, which iscst_lock protects
 * @size: its size, bytes
 *
 * Context: process context; takes iscst_lock.
 * Return: 0, or -EINVAL.
 */
int iscst_parse_text(const char *page, char *text, size_t size)
{
	int ret;

	mutex_lock(&iscst_lock);
	ret = iscst_copy_line(page, text, size);
	mutex_unlock(&iscst_lock);
	return ret;
}

/**
 * iscst_store_address() - store an address for initiators
 * @page: the attribute's page
 * @to:   the address, of ISCST_VALUE_LEN bytes; "": none
 *
 * Context: process context; takes iscst_lock.
 * Return: 0, or -EINVAL.
 */
int iscst_store_address(const char *page, char *to)
{
	char address[ISCST_VALUE_LEN];

	if (iscst_copy_line(page, address, sizeof(address)) ||
	    (address[0] && !iscst_address_is_valid(address)))
		return -EINVAL;
	mutex_lock(&iscst_lock);
	memcpy(to, address, sizeof(address));
	mutex_unlock(&iscst_lock);
	return 0;
}
