/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The graph of devices and initiators: plugins, devices, targets, sessions, I_T_L nexuses, LUN
 * maps, groups. This layer also deals with backends that are lost, resized, reset or hung.
 */
#ifndef _SCST_GRAPH_H
#define _SCST_GRAPH_H

#include "scst_priv.h"

struct scst_abort_wait;
struct scst_cmd_filter;

/* plugin.c: registered handlers and target drivers */
int scst_plugin_register(struct list_head *plugins, const struct scst_plugin *desc,
			 struct configfs_attribute *const *attrs,
			 struct configfs_attribute *const *session_attrs);
void scst_plugin_unregister(struct list_head *plugins, const char *name);
struct scst_plugin *scst_plugin_get(struct list_head *plugins, const char *kind, const char *name);
void scst_plugin_put(struct scst_plugin *plugin);
extern struct list_head scst_handlers;
extern struct list_head scst_target_drivers;

/* device.c */
struct scst_device *scst_device_create(struct scst_plugin *plugin,
				       const char *name, struct scst_error *why);
void scst_device_unpublish(struct scst_device *dev);
void scst_device_put(struct scst_device *dev);
void scst_device_put_from_worker(struct scst_device *dev);

/* pr_worker.c: the worker that changes reservations */
void scst_pr_lockdep_init(void);
void scst_pr_worker_init(struct scst_device *dev);

/* device_queue.c */
int scst_device_queues_init(struct scst_device *dev);
void scst_device_queues_exit(struct scst_device *dev);
void scst_device_queue(struct scst_device *dev, struct workqueue_struct *wq,
		       struct work_struct *work);

/* device_state.c */
int scst_device_state_init(struct scst_device *dev);
void __scst_device_move(struct scst_device *dev, enum scst_device_state state);
bool scst_device_is_closed(const struct scst_device *dev);
int __scst_device_check_opening(struct scst_device *dev);
int scst_device_enable(struct scst_device *dev);
int scst_device_disable(struct scst_device *dev);
void scst_device_reopen(struct scst_device *dev);

/* device_resize.c */
void scst_device_resize_init(struct scst_device *dev);

/* device_medium.c */
void scst_device_medium_init(struct scst_device *dev);

/* device_watch.c */
void scst_device_watch_init(struct scst_device *dev);
void scst_device_watch_start(struct scst_device *dev);
void scst_device_watch_stop(struct scst_device *dev);

/* device_reset.c */
void scst_device_reset(struct scst_device *dev);
bool scst_device_is_resetting(const struct scst_device *dev);
void scst_device_reset_init(struct scst_device *dev);

/* device_fence.c: a backend that does not answer */
void scst_device_fence_init(struct scst_device *dev);
unsigned long scst_device_deadline(const struct scst_device *dev, unsigned long start);
enum scst_wait scst_device_wait_aborted(struct scst_device *dev, const struct scst_session *of,
					struct scst_abort_wait *wait, unsigned long deadline);
void scst_device_fence(struct scst_device *dev, const struct scst_session *sess,
		       const struct scst_cmd_filter *late);
enum scst_stage scst_cmd_wait_aborted(struct scst_cmd *cmd);

/* target.c */
void scst_target_fold_name(const struct scst_target *tgt, char *name);
struct scst_target *scst_target_create(struct scst_plugin *plugin,
				       const char *name, struct scst_error *why);
void scst_target_unpublish(struct scst_target *tgt);
void scst_target_session_left(struct scst_target *tgt);
void scst_target_session_gone(struct scst_target *tgt);
void scst_target_remove(struct scst_target *tgt);
int scst_target_enable(struct scst_target *tgt);
int scst_target_disable(struct scst_target *tgt);
int scst_target_set_rel_id(struct scst_target *tgt, u16 id);

/* session.c: I_T nexuses */
struct scst_session *scst_session_alloc(struct scst_target *tgt, const char *initiator, void *priv);
void scst_session_free(struct scst_session *sess);

/* session_dir.c: sessions/<session>/ */
void scst_session_dir_init(struct scst_session *sess);
int scst_session_dir_name(struct scst_session *sess);
void scst_session_dir_make(struct scst_session *sess);
void scst_session_dir_remove(struct scst_session *sess);

/* nexus.c: I_T_L nexuses */
int scst_nexus_prepare(struct scst_session *sess, const struct scst_map_lun *lun,
		       struct list_head *fresh);
void scst_nexus_cancel(struct list_head *fresh);
void scst_nexus_publish(struct scst_nexus *nexus, struct list_head *dead);
void scst_nexus_unpublish(struct scst_nexus *nexus, struct list_head *dead);
void scst_nexus_reap(struct list_head *dead);
void scst_nexus_retire(struct list_head *dead);
void scst_nexus_reap_aborted(struct list_head *dead);
bool scst_nexus_set_read_only(struct scst_nexus *nexus, bool read_only);

/* visibility.c: LUN maps */
void scst_lun_map_init(struct scst_lun_map *map, struct scst_target *tgt,
		       struct scst_group *grp, struct scst_error *error);
void scst_lun_map_exit(struct scst_lun_map *map);
struct scst_map_lun *scst_map_lun_create(struct scst_lun_map *map, u32 lun);
void scst_map_lun_unpublish(struct scst_map_lun *lun);
int scst_map_lun_link(struct scst_map_lun *lun, struct scst_device *dev);
void scst_map_lun_unlink(struct scst_map_lun *lun);
void scst_map_lun_set_read_only(struct scst_map_lun *lun, bool read_only);
int scst_lun_map_attach(struct scst_lun_map *map, struct scst_session *sess);
void scst_lun_map_detach(struct scst_session *sess, struct list_head *dead);
int scst_session_prepare_map(struct scst_session *sess, struct scst_lun_map *map,
			     struct list_head *fresh);
void scst_session_publish(struct list_head *fresh, struct list_head *dead);
void scst_session_set_map(struct scst_session *sess, struct scst_lun_map *map,
			  struct list_head *dead);

/* notify.c */
void scst_session_notify(struct scst_session *sess, enum scst_event event, u32 lun);
void scst_device_notify(struct scst_device *dev, enum scst_event event);

/* group.c: groups of initiators */
struct scst_group *scst_group_create(struct scst_target *tgt, const char *name,
				     const struct config_item_type *type);
void scst_group_unpublish(struct scst_group *grp);
void scst_group_free(struct scst_group *grp);
struct scst_pattern *scst_pattern_create(struct scst_group *grp, const char *name,
					 const struct config_item_type *type);
void scst_pattern_unpublish(struct scst_pattern *pattern);
void scst_pattern_free(struct scst_pattern *pattern);
struct scst_lun_map *scst_target_find_map(struct scst_target *tgt, const char *initiator);
ssize_t scst_target_explain(struct scst_target *tgt, const char *initiator, char *page);

/* internal.c, internal_session.c: commands without an initiator */
extern struct scst_session *scst_internal_session;
int scst_internal_init(const struct config_item_type *type);
void scst_internal_exit(void);
int scst_internal_join(struct scst_device *dev);
void scst_internal_leave(struct scst_device *dev);

#endif /* _SCST_GRAPH_H */
