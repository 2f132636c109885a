/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The pipeline and the tests' hook between its stages, which call each other.
 */
#ifndef _SCST_PIPELINE_H
#define _SCST_PIPELINE_H

#include "cmd/cmd.h"

enum scst_stage scst_cmd_to_backend(struct scst_cmd *cmd, enum scst_context ctx);

/* inject.c: commands stop where a test wants them to */
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
