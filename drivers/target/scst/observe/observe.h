/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The view of the objects for user space: names, last_error, sysfs, uevents. This layer reads the
 * fields of objects.
 */
#ifndef _SCST_OBSERVE_H
#define _SCST_OBSERVE_H

#include "scst_priv.h"

struct kobj_uevent_env;

/* error.c: last_error */
void scst_error_init(struct scst_error *err);
__printf(2, 0)
void scst_error_vset(struct scst_error *err, const char *fmt, va_list args);
__printf(2, 3)
void scst_error_set(struct scst_error *err, const char *fmt, ...);
int scst_error_end(struct scst_error *err, const char *what, int ret);
void scst_error_pass(struct scst_error *from, struct scst_error *to);
ssize_t scst_error_show(struct scst_error *err, char *page);

/* names.c: names of objects and states */
const char *scst_name_trouble(const char *name);
int scst_name_check(const char *name, struct scst_error *err);
const char *scst_device_state_name(const struct scst_device *dev);
const char *scst_target_state_name(const struct scst_target *tgt);
const char *scst_session_state_name(const struct scst_session *sess);
int scst_session_name_len(const struct scst_session *sess);
unsigned int scst_session_count_luns(struct scst_session *sess);
const char *scst_group_name(const struct scst_group *grp);

/* text.c: attributes of several lines */
__printf(3, 4)
void scst_emit_line(char *page, ssize_t *len, const char *fmt, ...);

/* sysfs.c: existing devices, targets, sessions and LUNs */
int scst_sysfs_init(void);
void scst_sysfs_exit(void);
int scst_sysfs_device_add(struct scst_device *dev);
void scst_sysfs_device_del(struct scst_device *dev);
int scst_sysfs_target_add(struct scst_target *tgt);
void scst_sysfs_target_del(struct scst_target *tgt);
int scst_sysfs_session_add(struct scst_session *sess);
void scst_sysfs_session_announce(struct scst_session *sess);
void scst_sysfs_session_del(struct scst_session *sess);
void scst_sysfs_lun_add(struct scst_nexus *nexus);
void scst_sysfs_lun_del(struct scst_nexus *nexus);

/* event.c: uevents */
int scst_event_device_vars(SCST_CONST_CLASS struct device *dev, struct kobj_uevent_env *env);
int scst_event_target_vars(SCST_CONST_CLASS struct device *dev, struct kobj_uevent_env *env);
int scst_event_session_vars(SCST_CONST_CLASS struct device *dev, struct kobj_uevent_env *env);
void scst_event_state(struct device *dev);
void scst_event_fenced(struct device *dev);
void scst_event_lun(const struct scst_nexus *nexus, enum scst_event event);
void scst_event_tmf(const struct scst_tmf *tmf);
void scst_event_conflict(const struct scst_cmd *cmd);
void scst_event_target_init(struct scst_target *tgt);
void scst_event_target_exit(struct scst_target *tgt);

#endif /* _SCST_OBSERVE_H */
