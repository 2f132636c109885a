/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Configuration: the directories of configfs and their attributes.
 */
#ifndef _SCST_CONFIGFS_H
#define _SCST_CONFIGFS_H

#include "scst_priv.h"

/* configfs.c: the root, and code shared by all directories */
#define SCST_MAX_MS	600000
extern struct configfs_attribute scst_free_attr_holders;
int scst_configfs_init(void);
void scst_configfs_exit(void);
int scst_parse_bool(struct scst_error *err, const char *name, const char *page, bool *value);
ssize_t scst_ms_store(struct scst_error *err, const char *name, const char *page, size_t count,
		      unsigned int *ms);
extern struct configfs_attribute *scst_parent_attrs[];
struct scst_error *scst_parent_error(struct config_group *group);
struct scst_plugin *scst_plugin_of(struct config_group *group);
void scst_plugin_dir_release(struct config_item *item);

/* Attribute last_error of the object that @_of returns for an item */
#define SCST_ATTR_LAST_ERROR(_prefix, _of)						\
static ssize_t _prefix##last_error_show(struct config_item *item, char *page)		\
{											\
	return scst_error_show(&(_of)(item)->error, page);				\
}											\
CONFIGFS_ATTR_RO(_prefix, last_error)

/* configfs_dev.c */
extern const struct config_item_type scst_device_type;
extern const struct config_item_type scst_handler_dir_type;

/* configfs_tgt.c */
extern const struct config_item_type scst_target_type;
extern const struct config_item_type scst_driver_dir_type;

/* configfs_group.c */
void scst_map_lun_emit(const struct scst_map_lun *lun, char *page, ssize_t *len);
void scst_lun_map_holders(struct scst_lun_map *map, char *page, ssize_t *len);
void scst_luns_dir_add(struct scst_lun_map *map, struct config_group *parent);
extern const struct config_item_type scst_groups_type;

/* configfs_sess.c */
extern const struct config_item_type scst_sessions_type;
extern const struct config_item_type scst_session_type;

#endif /* _SCST_CONFIGFS_H */
