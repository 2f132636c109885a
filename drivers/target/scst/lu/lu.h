/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The logical unit: its identity, its commands, its reservations.
 */
#ifndef _SCST_LU_H
#define _SCST_LU_H

#include "scst_priv.h"

/* cdb.c: decode */
enum scst_stage scst_cdb_decode(struct scst_cmd *cmd);
bool scst_cdb_refuse_list(struct scst_cmd *cmd);

/* lu.c: the logical unit as a whole */
void __scst_lu_join(struct scst_nexus *nexus);
void __scst_lu_leave(struct scst_nexus *nexus);
void scst_lu_nexus_loss(struct scst_nexus *nexus);
void scst_lu_reset(struct scst_device *dev, scst_sense_t ua);
void scst_lu_init(struct scst_device *dev, u8 type);
void scst_lu_opened(struct scst_device *dev, const struct scst_device_params *params);

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
unsigned int scst_transport_id_parse(const u8 *data, u32 len, struct scst_transport_id *id);
bool scst_transport_id_equal(const struct scst_transport_id *a, const struct scst_transport_id *b);

/* spc_buffer.c: the echo buffer */
void scst_buffer_exit(struct scst_nexus *nexus);

/* spc_mode.c */
void __scst_mode_reset(struct scst_device *dev);

/* spc_log.c */
bool scst_log_is_default(const struct scst_cmd *cmd);
unsigned int scst_log_put(const struct scst_cmd *cmd, u8 *out, u16 code, u8 control,
			  const u8 *value, u8 len);
void scst_log_sense_sleeping(struct scst_cmd *cmd);

/* sbc.c */
bool scst_write_protected(const struct scst_cmd *cmd);
void scst_sbc_sync_all(struct scst_cmd *cmd);

/* sbc_compare.c */
u32 scst_sbc_max_compare(const struct scst_device *dev);
u32 scst_sbc_buffer_compare(const struct scst_device *dev);

/* sbc_io.c */
u32 scst_sbc_block_size(const struct scst_device *dev);
bool scst_sbc_has_blocks(const struct scst_device *dev, u64 lba, u64 nblocks);
u32 scst_sbc_max_blocks(const struct scst_device *dev);
u32 scst_sbc_buffer_blocks(const struct scst_device *dev);
scst_sense_t scst_sbc_check_range(const struct scst_cmd *cmd);
void scst_sbc_execute(struct scst_cmd *cmd);

/* sbc_thin.c: commands that deallocate blocks */

/* UNMAP BLOCK DESCRIPTORs of one command: with the header, they fit into a page. */
#define SCST_MAX_UNMAP_RANGES	255

/*
 * MAXIMUM WRITE SAME LENGTH: as many blocks as WRITE SAME(10) can name. Data that is not zero has
 * to be written, and initiators do not wait long.
 */
#define SCST_SAME_MAX		U16_MAX

/* UNMAP and NDOB in byte 1 of WRITE SAME */
#define SCST_SAME_UNMAP		0x08
#define SCST_SAME_NDOB		0x01

bool scst_thin_has(const struct scst_device *dev, const struct scst_opcode *op);
bool scst_thin_is_off(const struct scst_device *dev);
void scst_thin_lba_status(struct scst_cmd *cmd);

/* medium.c: a removable medium */

/* Media events that wait for a nexus, by event code, MMC-6: the highest goes first. */
#define SCST_MEDIA_EJECT_REQUEST	BIT(1)
#define SCST_MEDIA_NEW			BIT(2)
#define SCST_MEDIA_REMOVAL		BIT(3)
#define SCST_MEDIA_ALL			(SCST_MEDIA_EJECT_REQUEST | SCST_MEDIA_NEW | \
					 SCST_MEDIA_REMOVAL)

/* Media status, MMC-6 */
#define SCST_MEDIA_TRAY_OPEN		0x01
#define SCST_MEDIA_PRESENT		0x02

bool scst_medium_is_removable(const struct scst_device *dev);
scst_sense_t scst_medium_sense(const struct scst_device *dev);
void scst_medium_read(struct scst_device *dev, struct scst_medium *medium);
bool scst_medium_get(struct scst_cmd *cmd, struct scst_medium *medium);
bool scst_medium_is_locked(const struct scst_device *dev);
void scst_medium_prevent(struct scst_nexus *nexus, bool prevent);
bool scst_medium_move_tray(struct scst_device *dev, bool open);
u8 scst_medium_take_event(struct scst_nexus *nexus, bool keep, u8 *status);
void __scst_medium_allow(struct scst_nexus *nexus);
void __scst_medium_reset(struct scst_device *dev);
void __scst_medium_opened(struct scst_device *dev, const struct scst_device_params *params);

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
