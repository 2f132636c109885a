// SPDX-License-Identifier: GPL-2.0
/*
 * Parameters: their values before a negotiation, and the limits of a new target.
 */
#include <linux/module.h>
#include <linux/sizes.h>

#include "iscst.h"

/**
 * iscst_params_init() - set the parameters that hold before a negotiation
 * @params: the parameters; the defaults of RFC 7143 13
 */
void iscst_params_init(struct iscst_params *params)
{
	*params = (struct iscst_params) {
		.max_connections = 1,
		.initial_r2t = true,
		.immediate_data = true,
		.max_recv_data_segment_length = ISCSI_DEF_MAX_RECV_SEG_LEN,
		.max_burst_length = ISCSI_DEF_MAX_BURST_LEN,
		.first_burst_length = ISCSI_DEF_FIRST_BURST_LEN,
		.time2wait = ISCSI_DEF_TIME2WAIT,
		.time2retain = 20,
		.max_outstanding_r2t = 1,
		.pdu_in_order = true,
		.sequence_in_order = true,
		.protocol_level = 1,
	};
}
EXPORT_SYMBOL_IF_KUNIT(iscst_params_init);

/**
 * iscst_limits_init() - set the limits of a new target
 * @limits: the limits
 */
void iscst_limits_init(struct iscst_params *limits)
{
	iscst_params_init(limits);
	limits->initial_r2t = false;
	limits->max_burst_length = SZ_1M;
	limits->first_burst_length = SZ_256K;
	limits->time2retain = 0;
	limits->max_outstanding_r2t = 8;
	limits->protocol_level = 2;
}
EXPORT_SYMBOL_IF_KUNIT(iscst_limits_init);
