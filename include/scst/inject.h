/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Injection: a target driver for tests stops its commands where it wants.
 */
#ifndef _SCST_INJECT_H
#define _SCST_INJECT_H

#include <linux/types.h>
#include <scst/cmd.h>

struct scst_session;
struct scst_target_ops;

int scst_inject_start(const struct scst_target_ops *driver,
		      bool (*hold)(struct scst_cmd *cmd));
void scst_inject_stop(void);
bool scst_inject_older_gone(const struct scst_cmd *cmd);
bool scst_inject_others_leave(const struct scst_cmd *cmd);
bool scst_inject_sees_luns(const struct scst_session *sess);
void scst_inject_resume(struct scst_cmd *cmd, enum scst_context ctx);
unsigned int scst_inject_count_waits(void);

#endif /* _SCST_INJECT_H */
