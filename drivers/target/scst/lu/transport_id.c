// SPDX-License-Identifier: GPL-2.0
/*
 * TransportIDs, SPC-5 7.6.4: the names of initiator ports in persistent reservations. Their
 * initiators need not be logged in.
 *
 * A name is stored in exactly one form: the shortest one, padded with zeroes as the standard
 * requires, and with the case of an iSCSI name folded. So two TransportIDs are equal if their
 * bytes are equal.
 */
#include <linux/minmax.h>
#include <linux/string.h>
#include <scsi/scsi_proto.h>

#include "lu/lu.h"

/* PROTOCOL IDENTIFIER and ADDITIONAL LENGTH, before a name */
#define SCST_NAME_HEADER	4
#define SCST_NAME_MIN		20

static bool scst_transport_id_is_name(const u8 *data)
{
	u8 protocol = data[0] & 0x0f;

	return protocol == SCSI_PROTOCOL_ISCSI || protocol == SCSI_PROTOCOL_UNSPEC;
}

static void scst_put_name(struct scst_transport_id *id, u8 first, const u8 *name,
			  unsigned int name_len)
{
	unsigned int len = max(round_up(name_len + 1, 4), SCST_NAME_MIN);

	memset(id, 0, sizeof(*id));
	id->data[0] = first;
	put_unaligned_be16(len, &id->data[2]);
	memcpy(&id->data[SCST_NAME_HEADER], name, name_len);
	id->len = SCST_NAME_HEADER + len;
}

/**
 * scst_transport_id_fold() - fold the case of the name in an iSCSI TransportID
 * @id: the TransportID, changed in place
 *
 * RFC 7143 4.2.7.2 folds the case of iSCSI names. The ISID behind the name is hexadecimal, so its
 * case may be folded, too.
 *
 * Context: any.
 */
void scst_transport_id_fold(struct scst_transport_id *id)
{
	if ((id->data[0] & 0x0f) == SCSI_PROTOCOL_ISCSI)
		scst_name_fold(&id->data[SCST_NAME_HEADER], id->len - SCST_NAME_HEADER);
}

/**
 * scst_transport_id_init() - set the TransportID of a session's initiator port
 * @sess: the session
 *
 * If the driver provides no TransportID, it is made of the port's name in the format of iSCSI.
 */
void scst_transport_id_init(struct scst_session *sess)
{
	const struct scst_target_ops *ops = sess->tgt->ops;
	struct scst_transport_id *id = &sess->transport_id;

	if (ops->transport_id)
		id->len = ops->transport_id(sess, id->data);
	else
		scst_put_name(id, ops->protocol_id, sess->initiator,
			      strnlen(sess->initiator, SCST_PORT_NAME_LEN));
}

static unsigned int scst_parse_name(const u8 *data, u32 len, struct scst_transport_id *id)
{
	unsigned int additional = get_unaligned_be16(&data[2]);
	const u8 *name = data + SCST_NAME_HEADER;
	unsigned int name_len;

	if (additional < SCST_NAME_MIN || additional % 4 ||
	    SCST_NAME_HEADER + additional > min_t(u32, len, sizeof(id->data)))
		return 0;
	name_len = strnlen(name, additional);
	if (!name_len || name_len == additional)
		return 0;
	scst_put_name(id, data[0], name, name_len);
	scst_transport_id_fold(id);
	return SCST_NAME_HEADER + additional;
}

/**
 * scst_transport_id_parse() - read a TransportID
 * @data: its first byte
 * @len:  bytes from @data to the end of the list
 * @id:   the result
 *
 * Context: any.
 * Return: bytes read, or 0 if the TransportID is not valid.
 */
unsigned int scst_transport_id_parse(const u8 *data, u32 len, struct scst_transport_id *id)
{
	if (len < SCST_TRANSPORT_ID_MIN)
		return 0;
	if (scst_transport_id_is_name(data))
		return scst_parse_name(data, len, id);
	memset(id, 0, sizeof(*id));
	memcpy(id->data, data, SCST_TRANSPORT_ID_MIN);
	id->len = SCST_TRANSPORT_ID_MIN;
	return SCST_TRANSPORT_ID_MIN;
}

/**
 * scst_transport_id_equal() - compare two TransportIDs
 * @a: one
 * @b: the other
 *
 * Context: any.
 * Return: true if they name the same port.
 */
bool scst_transport_id_equal(const struct scst_transport_id *a, const struct scst_transport_id *b)
{
	return a->len == b->len && !memcmp(a->data, b->data, a->len);
}
