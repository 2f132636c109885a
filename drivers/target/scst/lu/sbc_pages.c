// SPDX-License-Identifier: GPL-2.0
/*
 * The vital product data and mode pages of block devices.
 */
#include "lu/kinds.h"
#include "lu/lu.h"

/* B0h */
static unsigned int scst_vpd_block_limits(const struct scst_cmd *cmd, u8 *page)
{
	const struct scst_device_params *params = &cmd->dev->params;
	u32 max = cmd->buffer == SCST_BUFFER_CORE ? scst_sbc_buffer_blocks(cmd->dev) :
						    scst_sbc_max_blocks(cmd->dev);

	put_unaligned_be16(1U << params->phys_exp, &page[6]);
	put_unaligned_be32(max, &page[8]);
	return 60;
}

/* B1h */
static unsigned int scst_vpd_block_characteristics(const struct scst_cmd *cmd,
						   u8 *page)
{
	put_unaligned_be16(cmd->dev->params.non_rotating ? 1 : 0, &page[4]);
	return 60;
}

/* B2h: fully provisioned, so everything is zero */
static unsigned int scst_vpd_provisioning(const struct scst_cmd *cmd, u8 *page)
{
	return 4;
}

const struct scst_vpd_page scst_sbc_vpd_pages[SCST_SBC_VPD_COUNT] = {
	{ .code = 0xb0, .fill = scst_vpd_block_limits },
	{ .code = 0xb1, .fill = scst_vpd_block_characteristics },
	{ .code = 0xb2, .fill = scst_vpd_provisioning },
};

const struct scst_mode_page scst_sbc_mode_pages[SCST_SBC_MODE_COUNT] = {
	{ .len = 12, .image = { 0x01, 10 } },	/* read-write error recovery */
	{ .len = 16, .image = { 0x02, 14 } },	/* disconnect-reconnect */
	{ .len = 20, .image = { 0x08, 18 } },	/* caching */
	{ .len = 12, .image = { 0x0a, 10 } },	/* control */
	{ .len = 12, .image = { 0x1c, 10 } },	/* informational exceptions */
};
