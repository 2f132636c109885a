/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The pipeline, and the hook between its stages for tests. The two call each other.
 */
#ifndef _SCST_PIPELINE_H
#define _SCST_PIPELINE_H

#include "cmd/cmd.h"

enum scst_stage scst_cmd_to_backend(struct scst_cmd *cmd, enum scst_context ctx);

/* inject.c: a test can hold a command before any stage */
#if IS_ENABLED(CONFIG_SCST_INJECT)
bool __scst_inject_hold(struct scst_cmd *cmd);

static inline bool scst_inject_hold(struct scst_cmd *cmd)
{
	return static_branch_unlikely(&scst_inject_key) && __scst_inject_hold(cmd);
}
#else
static inline bool scst_inject_hold(struct scst_cmd *cmd)
{
	return false;
}
#endif

#endif /* _SCST_PIPELINE_H */
