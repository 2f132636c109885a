/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The parts that all commands have: lifetime, buffer, sense data, tags, LUN formats, counters and
 * execution context. The lowest layer.
 */
#ifndef _SCST_CMD_LAYER_H
#define _SCST_CMD_LAYER_H

#include "scst_priv.h"

/* cmd.c: lifetime */
int scst_cmd_cache_init(void);
void scst_cmd_cache_exit(void);
void scst_cmd_enlist(struct scst_cmd *cmd);
void scst_cmd_finish(struct scst_cmd *cmd);
void scst_session_unpin(struct scst_session *sess);

/* The session is not freed before scst_session_unpin(). */
static inline void scst_session_pin(struct scst_session *sess)
{
	atomic_inc(&sess->pins);
}

/* Wake the waiters for the session's commands: a command has left its list. */
static inline void scst_session_wake(struct scst_session *sess)
{
	if (unlikely(atomic_read(&sess->waiters)))
		wake_up(&sess->waitq);
}

/* A session lives as long as its directory's item. */
static inline void scst_session_get(struct scst_session *sess)
{
	config_item_get(&sess->dir.cg_item);
}

static inline void scst_session_put(struct scst_session *sess)
{
	config_item_put(&sess->dir.cg_item);
}

/* Undone by scst_device_put() */
static inline void scst_device_get(struct scst_device *dev)
{
	kref_get(&dev->kref);
}

/* context.c: the move to a tasklet or a worker thread */
void scst_cmd_to_tasklet(struct scst_cmd *cmd, enum scst_stage stage);
enum scst_stage scst_cmd_queue_backend(struct scst_cmd *cmd);
bool scst_cmd_dequeue(struct scst_cmd *cmd);
void scst_context_flush(void);
int scst_context_init(void);
void scst_context_exit(void);

/*
 * pipeline.c: the return into the loop, for a command that had another owner. pipeline.c is above
 * all layers, but every layer may call this and scst_cmd_submit(), scst_cmd_data_ready(),
 * scst_cmd_complete() and scst_cmd_sent().
 */
void scst_cmd_run(struct scst_cmd *cmd, enum scst_stage stage, enum scst_context ctx);

/* Returns whether a task management function is for the target and has no LUN. */
static inline bool scst_tmf_is_for_target(const struct scst_tmf *tmf)
{
	return tmf->fn == SCST_TMF_TARGET_RESET || tmf->fn == SCST_TMF_COLD_RESET ||
	       tmf->fn == SCST_TMF_NEXUS_RESET;
}

/* lun.c: LUN formats */
#define SCST_LUN_INVALID	(~0U)
#define SCST_LUN_WELL_KNOWN	(~0U - 1)	/* REPORT LUNS well known LUN */
u32 scst_lun_decode(const struct scsi_lun *lun);

/* buf.c: data buffers */
int scst_buf_cap_init(struct scst_buf_cap *cap, u64 limit);
void scst_buf_cap_exit(struct scst_buf_cap *cap);
void scst_buf_cap_set(struct scst_buf_cap *cap, u64 limit);
u64 scst_buf_largest(const struct scst_device *dev);
bool scst_buf_alloc(struct scst_cmd *cmd, enum scst_context ctx);
void scst_buf_free(struct scst_cmd *cmd);
void scst_data_in(struct scst_cmd *cmd, u32 offset, const void *buf, u32 len);
void scst_data_in_whole(struct scst_cmd *cmd, const void *buf, u32 len);
void scst_data_in_end(struct scst_cmd *cmd, u32 total);
u32 scst_data_out(struct scst_cmd *cmd, u32 offset, void *buf, u32 len);
int scst_buf_init(void);
void scst_buf_exit(void);

/* sense.c */
unsigned int scst_sense_build(u8 *buf, bool desc, scst_sense_t sense);

/* tags.c: overlapped commands */
int scst_tags_init(struct scst_session *sess);
void scst_tags_exit(struct scst_session *sess);
bool scst_tag_add(struct scst_cmd *cmd);
void scst_tag_del(struct scst_cmd *cmd);

/* stats.c: counters and histograms */
void scst_stats_start(const struct scst_cmd *cmd);
void scst_stats_end(const struct scst_cmd *cmd, bool aborted);
void scst_stats_read(struct scst_stats_sum *sum, const struct scst_tally *own,
		     struct scst_counts *result);
u64 scst_stats_depth(const struct scst_counts *counts);
void scst_stats_sum_init(struct scst_stats_sum *sum);
void scst_stats_nexus_init(struct scst_nexus *nexus);
void scst_stats_nexus_exit(struct scst_nexus *nexus);
void scst_stats_session_init(struct scst_session *sess);
void scst_stats_session_exit(struct scst_session *sess);

#endif /* _SCST_CMD_LAYER_H */
