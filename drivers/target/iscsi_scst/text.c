// SPDX-License-Identifier: GPL-2.0
/*
 * Text: key=value pairs, RFC 7143 6.1, over as many PDUs as they take; their values.
 */
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "iscst.h"

#define ISCST_TEXT_ROOM		4096

/**
 * iscst_text_init() - begin a text negotiation
 * @text:    the negotiation, zeroed
 * @rsp_max: size of the response at most, bytes
 *
 * Return: 0 or -ENOMEM.
 */
int iscst_text_init(struct iscst_text *text, u32 rsp_max)
{
	text->rsp_max = rsp_max;
	text->rsp_room = min_t(u32, rsp_max, ISCST_TEXT_ROOM);
	text->req = kvmalloc(ISCST_TEXT_MAX, GFP_KERNEL);
	text->rsp = kvmalloc(text->rsp_room, GFP_KERNEL);
	if (text->req && text->rsp)
		return 0;
	iscst_text_exit(text);
	return -ENOMEM;
}
EXPORT_SYMBOL_IF_KUNIT(iscst_text_init);

/**
 * iscst_text_exit() - end a text negotiation
 * @text: the negotiation; zeroed on return
 */
void iscst_text_exit(struct iscst_text *text)
{
	kvfree(text->req);
	kvfree(text->rsp);
	memset(text, 0, sizeof(*text));
}
EXPORT_SYMBOL_IF_KUNIT(iscst_text_exit);

static bool iscst_text_grow(struct iscst_text *text, u32 len)
{
	u32 room = text->rsp_room;
	char *rsp;

	while (room < text->rsp_len + len)
		room *= 2;
	if (room == text->rsp_room)
		return true;
	rsp = room <= text->rsp_max ? kvmalloc(room, GFP_KERNEL) : NULL;
	if (!rsp)
		return false;
	memcpy(rsp, text->rsp, text->rsp_len);
	kvfree(text->rsp);
	text->rsp = rsp;
	text->rsp_room = room;
	return true;
}

/**
 * iscst_text_add() - add a pair to the response
 * @text: the negotiation
 * @key:  the key
 * @fmt:  the value
 *
 * A pair without room sets text->full.
 */
void iscst_text_add(struct iscst_text *text, const char *key, const char *fmt, ...)
{
	va_list args;
	u32 len;

	va_start(args, fmt);
	len = strlen(key) + 1 + vsnprintf(NULL, 0, fmt, args) + 1;
	va_end(args);
	if (text->full || !iscst_text_grow(text, len)) {
		text->full = true;
		return;
	}
	text->rsp_len += sprintf(text->rsp + text->rsp_len, "%s=", key);
	va_start(args, fmt);
	text->rsp_len += vsprintf(text->rsp + text->rsp_len, fmt, args) + 1;
	va_end(args);
}

/**
 * iscst_text_next() - the next pair of a request
 * @text:  the negotiation; the "=" of the pair becomes a NUL, which the caller may undo
 * @pos:   the place in the request; 0 at first
 * @value: the value; NULL if this is no pair, or has no end
 *
 * Return: the key; NULL at the end.
 */
char *iscst_text_next(struct iscst_text *text, u32 *pos, char **value)
{
	u32 left = text->req_len - *pos;
	char *key = text->req + *pos;
	u32 len = strnlen(key, left);

	*value = NULL;
	if (!left)
		return NULL;
	*pos += min(len + 1, left);
	if (len == left)
		return key;
	*value = strchr(key, '=');
	if (*value == key || *value - key >= ISCST_KEY_LEN)
		*value = NULL;
	if (*value)
		*(*value)++ = '\0';
	return key;
}
EXPORT_SYMBOL_IF_KUNIT(iscst_text_next);

/**
 * iscst_text_receive() - receive a PDU's data as a part of a request
 * @conn: the connection
 * @text: the negotiation
 *
 * Context: io_work.
 * Return: 0, or -EMSGSIZE if the request becomes too long.
 */
int iscst_text_receive(struct iscst_conn *conn, struct iscst_text *text)
{
	if (conn->rx.len > ISCST_TEXT_MAX - text->req_len)
		return -EMSGSIZE;
	iscst_rx_to_buf(conn, text->req + text->req_len);
	return 0;
}

/**
 * iscst_number() - parse a numerical value, RFC 7143 6.1
 * @value:  decimal digits without a leading zero, or hexadecimal ones after 0x
 * @number: the result
 *
 * Return: 0, -EINVAL if @value is no number, or -ERANGE.
 */
int iscst_number(const char *value, u32 *number)
{
	bool hex = value[0] == '0' && (value[1] == 'x' || value[1] == 'X');
	const char *digits = value + (hex ? 2 : 0);

	/* kstrtou32() would accept a sign, a newline and a second 0x. */
	if (digits[strspn(digits, hex ? "0123456789abcdefABCDEF" : "0123456789")])
		return -EINVAL;
	if (!hex && digits[0] == '0' && digits[1])
		return -EINVAL;
	return kstrtou32(digits, hex ? 16 : 10, number);
}
EXPORT_SYMBOL_IF_KUNIT(iscst_number);

/**
 * iscst_list_find() - find a word in a list
 * @list: words with commas between them
 * @word: the word
 *
 * Return: its place in @list, or NULL.
 */
const char *iscst_list_find(const char *list, const char *word)
{
	size_t len = strlen(word);

	while (list) {
		if (!strncmp(list, word, len) && (!list[len] || list[len] == ','))
			return list;
		list = strchr(list, ',');
		if (list)
			list++;
	}
	return NULL;
}

/**
 * iscst_list_has() - whether a list has a word
 * @list: words with commas between them
 * @word: the word
 *
 * Return: true if it has.
 */
bool iscst_list_has(const char *list, const char *word)
{
	return iscst_list_find(list, word);
}
EXPORT_SYMBOL_IF_KUNIT(iscst_list_has);
