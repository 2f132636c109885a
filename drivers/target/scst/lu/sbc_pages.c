// SPDX-License-Identifier: GPL-2.0
/*
 * The vital product data and mode pages of block devices.
 */
#include "lu/kinds.h"
#include "lu/lu.h"

static void scst_vpd_unmap_limits(const struct scst_device_params *params, u8 *page)
{
	/* MAXIMUM UNMAP LBA COUNT: the core divides what is more than the handler takes. */
	put_unaligned_be32(U32_MAX, &page[20]);
	put_unaligned_be32(SCST_MAX_UNMAP_RANGES, &page[24]);
	put_unaligned_be32(params->unmap_granularity, &page[28]);
	put_unaligned_be32(BIT(31) | params->unmap_alignment, &page[32]);	/* UGAVALID */
}

static u8 scst_vpd_max_compare(const struct scst_cmd *cmd)
{
	if (cmd->buffer == SCST_BUFFER_CORE)
		return scst_sbc_buffer_compare(cmd->dev);
	return scst_sbc_max_compare(cmd->dev);
}

/* B0h */
static unsigned int scst_vpd_block_limits(const struct scst_cmd *cmd, u8 *page)
{
	const struct scst_device_params *params = &cmd->dev->params;
	u32 max = cmd->buffer == SCST_BUFFER_CORE ? scst_sbc_buffer_blocks(cmd->dev) :
						    scst_sbc_max_blocks(cmd->dev);

	page[4] = 0x01;		/* WSNZ: no blocks are not all blocks */
	page[5] = scst_vpd_max_compare(cmd);
	put_unaligned_be16(params->opt_granularity ?: 1U << params->phys_exp, &page[6]);
	put_unaligned_be32(max, &page[8]);
	put_unaligned_be32(min(params->opt_transfer, max), &page[12]);
	if (params->thin)
		scst_vpd_unmap_limits(params, page);
	put_unaligned_be64(SCST_SAME_MAX, &page[36]);
	return 60;
}

/*
 * B1h. Volatile caches are the only ones that SYNCHRONIZE CACHE and FUA are about, SBC-4 4.15.
 * BYTCHK compares with what a read of a deallocated block returns.
 */
static unsigned int scst_vpd_block_characteristics(const struct scst_cmd *cmd, u8 *page)
{
	put_unaligned_be16(cmd->dev->params.non_rotating ? 1 : 0, &page[4]);
	page[8] = 0x02;			/* FUAB */
	if (cmd->dev->params.thin)
		page[8] |= 0x01;	/* VBULS */
	return 60;
}

/* B2h: everything is zero if the disk is fully provisioned. */
static unsigned int scst_vpd_provisioning(const struct scst_cmd *cmd, u8 *page)
{
	const struct scst_device_params *params = &cmd->dev->params;

	if (params->thin) {
		page[5] = 0xe0;		/* LBPU, LBPWS, LBPWS10: UNMAP and WRITE SAME */
		page[6] = 0x02;		/* PROVISIONING TYPE: thin */
	}
	if (params->reads_zeroes)
		page[5] |= 0x04;	/* LBPRZ */
	return 4;
}

/* B7h: there are neither streams nor scattered writes. */
static unsigned int scst_vpd_block_limits_ext(const struct scst_cmd *cmd, u8 *page)
{
	return 60;
}

const struct scst_vpd_page scst_sbc_vpd_pages[SCST_SBC_VPD_COUNT] = {
	{ .code = 0xb0, .fill = scst_vpd_block_limits },
	{ .code = 0xb1, .fill = scst_vpd_block_characteristics },
	{ .code = 0xb2, .fill = scst_vpd_provisioning },
	{ .code = 0xb7, .fill = scst_vpd_block_limits_ext },
};

const struct scst_mode_page scst_sbc_mode_pages[SCST_SBC_MODE_COUNT] = {
	{ .len = 12, .image = { 0x01, 10 } },	/* read-write error recovery */
	{ .len = 16, .image = { 0x02, 14 } },	/* disconnect-reconnect */
	{ .len = 20, .image = { 0x08, 18 } },	/* caching */
	{ .len = 12, .image = { 0x0a, 10 } },	/* control */
	{ .len = 12, .image = { 0x1c, 10 } },	/* informational exceptions */
};
