/* SPDX-License-Identifier: GPL-2.0 */
/*
 * TransportIDs: what initiator ports are called in persistent reservations.
 */
#ifndef _SCST_TRANSPORT_ID_H
#define _SCST_TRANSPORT_ID_H

#include <linux/types.h>

struct scst_session;

#define SCST_TRANSPORT_ID_MIN	24
/* The longest one is that of an iSCSI initiator port. */
#define SCST_TRANSPORT_ID_LEN	256

/**
 * struct scst_transport_id - a TransportID, SPC-5 7.6.4
 * @len:	bytes
 * @data:	the rest is zeroes
 */
struct scst_transport_id {
	u16 len;
	u8 data[SCST_TRANSPORT_ID_LEN];
};

void scst_transport_id_fold(struct scst_transport_id *id);
void scst_transport_id_init(struct scst_session *sess);
unsigned int scst_transport_id_parse(const u8 *data, u32 len,
				     struct scst_transport_id *id);
bool scst_transport_id_equal(const struct scst_transport_id *a,
			     const struct scst_transport_id *b);

#endif /* _SCST_TRANSPORT_ID_H */
