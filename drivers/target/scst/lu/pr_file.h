/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Files that store a device's persistent reservations.
 */
#ifndef _SCST_PR_FILE_H
#define _SCST_PR_FILE_H

#include <linux/types.h>

struct file;

/* The module parameter pr_dir */
extern char *scst_pr_dir;

/**
 * struct scst_pr_files - the files of a device
 * @dir:	the directory
 * @kept:	name of the current file
 * @fresh:	name of the new file while it is written
 * @failing:	a sync has failed: a file takes effect even if its content cannot be synced
 */
struct scst_pr_files {
	struct file *dir;
	char *kept;
	char *fresh;
	bool failing;
};

int scst_pr_dir_check(void);
int scst_pr_files_open(struct scst_pr_files *files, const char *device, bool make);
void scst_pr_files_close(struct scst_pr_files *files);
int scst_pr_files_put(struct scst_pr_files *files, const void *data, size_t len);
int scst_pr_files_remove(struct scst_pr_files *files);
int scst_pr_files_sync(struct scst_pr_files *files);
void *scst_pr_files_read(struct scst_pr_files *files, size_t max, size_t *len);

#endif /* _SCST_PR_FILE_H */
