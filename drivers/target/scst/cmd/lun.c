// SPDX-License-Identifier: GPL-2.0
/*
 * LUN formats, SAM-5 4.7.
 */
#include <linux/export.h>
#include <scsi/scsi_common.h>

#include "cmd/cmd.h"

#define SCST_LUN_METHOD(byte)	((byte) >> 6)
#define SCST_LUN_PERIPHERAL	0
#define SCST_LUN_FLAT		1
#define SCST_LUN_EXT_FLAT	0xd2	/* extended, 3-byte flat space */
#define SCST_LUN_EXT_WELL_KNOWN	0xc1

static u32 scst_lun_decode_extended(const u8 *b)
{
	switch (b[0]) {
	case SCST_LUN_EXT_FLAT:
		return b[4] | b[5] | b[6] | b[7] ? SCST_LUN_INVALID :
		       get_unaligned_be24(b + 1);
	case SCST_LUN_EXT_WELL_KNOWN:
		return b[1] == 0x01 && !get_unaligned_be32(b + 4) &&
		       !b[2] && !b[3] ? SCST_LUN_WELL_KNOWN : SCST_LUN_INVALID;
	}
	return SCST_LUN_INVALID;
}

/**
 * scst_lun_decode() - decode a LUN field, SAM-5 4.7
 * @lun: the field as received
 *
 * Context: any.
 * Return: the LUN, SCST_LUN_WELL_KNOWN for the REPORT LUNS well known logical unit, or
 * SCST_LUN_INVALID.
 */
u32 scst_lun_decode(const struct scsi_lun *lun)
{
	const u8 *b = lun->scsi_lun;

	if (SCST_LUN_METHOD(b[0]) > SCST_LUN_FLAT)
		return scst_lun_decode_extended(b);
	if (get_unaligned_be16(b + 2) | get_unaligned_be32(b + 4))
		return SCST_LUN_INVALID;
	if (SCST_LUN_METHOD(b[0]) == SCST_LUN_FLAT)
		return get_unaligned_be16(b) & SCST_MAX_LUN;
	return b[0] ? SCST_LUN_INVALID : b[1];
}
EXPORT_SYMBOL_IF_KUNIT(scst_lun_decode);

/**
 * scst_lun_encode() - encode a LUN as REPORT LUNS lists it, SAM-5 4.7
 * @lun: 0 to SCST_MAX_LUN
 * @out: the field: peripheral device addressing below 256, else flat space
 *
 * Context: any.
 */
void scst_lun_encode(u32 lun, struct scsi_lun *out)
{
	memset(out, 0, sizeof(*out));
	if (lun >= 256)
		lun |= SCST_LUN_FLAT << 14;
	put_unaligned_be16(lun, out->scsi_lun);
}
EXPORT_SYMBOL_GPL(scst_lun_encode);
