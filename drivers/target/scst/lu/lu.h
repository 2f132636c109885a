/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The logical unit: its identity, its commands, its reservations.
 */
#ifndef _SCST_LU_H
#define _SCST_LU_H

#include "scst_priv.h"

/* cdb.c: decode */
enum scst_stage scst_cdb_decode(struct scst_cmd *cmd);

/* identity.c: serial number and NAA identifier from name and system */
unsigned int scst_naa_len(const u8 *naa);
void scst_identity_init(struct scst_device *dev);

/* ports.c: relative target port identifiers */
const struct scst_target *__scst_port_same_name(const struct scst_target *tgt);
struct scst_target *__scst_port_by_id(u16 id);
u16 __scst_port_free_id(void);
void __scst_port_set_id(struct scst_target *tgt, u16 id);
void __scst_port_add(struct scst_target *tgt);
void __scst_port_del(struct scst_target *tgt);
u16 *scst_port_ids(unsigned int *count);

/* transport_id.c: names of initiator ports in persistent reservations */
void scst_transport_id_fold(struct scst_transport_id *id);
void scst_transport_id_init(struct scst_session *sess);
unsigned int scst_transport_id_parse(const u8 *data, u32 len,
				     struct scst_transport_id *id);
bool scst_transport_id_equal(const struct scst_transport_id *a,
			     const struct scst_transport_id *b);

/* spc_mode.c */
void __scst_mode_reset(struct scst_device *dev);
void scst_mode_reset(struct scst_device *dev);

/* sbc.c */
bool scst_write_protected(const struct scst_cmd *cmd);
void scst_sbc_sync_all(struct scst_cmd *cmd);

/* sbc_io.c */
u32 scst_sbc_max_blocks(const struct scst_device *dev);
u32 scst_sbc_buffer_blocks(const struct scst_device *dev);
scst_sense_t scst_sbc_check_range(const struct scst_cmd *cmd);
void scst_sbc_execute(struct scst_cmd *cmd);

/* reserve.c, pr.c: reservations */
void scst_reserve_join(struct scst_nexus *nexus);
void scst_reserve_set(struct scst_device *dev, struct scst_nexus *nexus);
void scst_reserve_lost(struct scst_nexus *nexus);
bool scst_ua_or_conflict(struct scst_cmd *cmd);
bool scst_reserve_conflict(struct scst_cmd *cmd, enum scst_access access);
void scst_cmd_set_conflict(struct scst_cmd *cmd);
int scst_pr_restore(struct scst_device *dev);
void scst_pr_exit(struct scst_device *dev);

/* pr_queue.c: commands that change reservations */
struct scst_cmd *scst_pr_queue_take(struct scst_device *dev);
enum scst_stage scst_pr_queue_add(struct scst_cmd *cmd);
void scst_pr_queue_left(struct scst_cmd *cmd);

#endif /* _SCST_LU_H */
