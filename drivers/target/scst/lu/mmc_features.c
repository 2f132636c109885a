// SPDX-License-Identifier: GPL-2.0
/*
 * What a CD or DVD drive can do, MMC-6: features and profiles of GET CONFIGURATION, and mode pages.
 */
#include <linux/cdrom.h>
#include <linux/string.h>

#include "cmd/cmd.h"
#include "lu/kinds.h"
#include "lu/lu.h"
#include "lu/mmc.h"

/* RT of GET CONFIGURATION, MMC-6 */
#define SCST_RT_ALL		0
#define SCST_RT_CURRENT		1
#define SCST_RT_ONE		2

#define SCST_PROFILE_CD_ROM	0x0008
#define SCST_PROFILE_DVD_ROM	0x0010

#define SCST_FEATURE_PROFILES	0x0000
#define SCST_FEATURE_HEADER	8
#define SCST_FEATURE_DATA	8
#define SCST_FEATURE_PERSISTENT	0x02
#define SCST_FEATURE_CURRENT	0x01

/* The media with which a feature is current */
#define SCST_WITH_NONE		BIT(0)
#define SCST_WITH_CD		BIT(1)
#define SCST_WITH_DVD		BIT(2)
#define SCST_WITH_ALL		(SCST_WITH_NONE | SCST_WITH_CD | SCST_WITH_DVD)

/**
 * struct scst_feature - a feature of a drive
 * @code:	Feature Code
 * @version:	Version
 * @with:	SCST_WITH_*; a feature that is current with all is persistent
 * @len:	Additional Length, bytes in @data
 * @data:	feature dependent data
 */
struct scst_feature {
	u16 code;
	u8 version;
	u8 with;
	u8 len;
	u8 data[SCST_FEATURE_DATA];
};

static const struct scst_feature scst_features[] = {
	{	/* Profile List, filled in by scst_feature_profiles() */
		.code = SCST_FEATURE_PROFILES, .with = SCST_WITH_ALL, .len = 8,
		.data = { 0, SCST_PROFILE_DVD_ROM, 0, 0, 0, SCST_PROFILE_CD_ROM },
	}, {	/* Core: SCSI; INQ2, DBE: the class of events for a busy drive */
		.code = 0x0001, .version = 2, .with = SCST_WITH_ALL, .len = 8,
		.data = { 0, 0, 0, 1, 0x03 },
	}, {	/* Morphing: events are polled. */
		.code = 0x0002, .version = 1, .with = SCST_WITH_ALL, .len = 4,
	}, {	/* Removable Medium: a tray, Load, Eject, Lock */
		.code = 0x0003, .version = 1, .with = SCST_WITH_ALL, .len = 4,
		.data = { 0x39 },
	}, {	/* Random Readable: bytes in a block, blocks in a readable unit, PP */
		.code = 0x0010, .with = SCST_WITH_CD | SCST_WITH_DVD, .len = 8,
		.data = { 0, 0, 0x08, 0, 0, 1, 0x01 },
	}, {	/* Multi-Read */
		.code = 0x001d, .with = SCST_WITH_CD,
	}, {	/* CD Read */
		.code = 0x001e, .version = 2, .with = SCST_WITH_CD, .len = 4,
	}, {	/* DVD Read */
		.code = 0x001f, .version = 1, .with = SCST_WITH_DVD, .len = 4,
	},
};

#define SCST_CONFIGURATION_MAX	\
	(SCST_FEATURE_HEADER + ARRAY_SIZE(scst_features) * (4 + SCST_FEATURE_DATA))

static u8 scst_feature_media(const struct scst_medium *medium)
{
	if (medium->open || !medium->nblocks)
		return SCST_WITH_NONE;
	return scst_mmc_is_dvd(medium) ? SCST_WITH_DVD : SCST_WITH_CD;
}

/* The profiles of the list, and CurrentP in each */
static void scst_feature_profiles(u8 media, u8 *data)
{
	data[2] = media == SCST_WITH_DVD;
	data[6] = media == SCST_WITH_CD;
}

static unsigned int scst_put_feature(const struct scst_feature *feature, u8 media, u8 *out)
{
	put_unaligned_be16(feature->code, &out[0]);
	out[2] = feature->version << 2;
	if (feature->with == SCST_WITH_ALL)
		out[2] |= SCST_FEATURE_PERSISTENT;
	if (feature->with & media)
		out[2] |= SCST_FEATURE_CURRENT;
	out[3] = feature->len;
	memcpy(&out[4], feature->data, feature->len);
	if (feature->code == SCST_FEATURE_PROFILES)
		scst_feature_profiles(media, &out[4]);
	return 4 + feature->len;
}

static bool scst_feature_is_wanted(const struct scst_feature *feature, u8 media, u8 rt, u16 from)
{
	if (rt == SCST_RT_ONE)
		return feature->code == from;
	return feature->code >= from && (rt == SCST_RT_ALL || (feature->with & media));
}

static u16 scst_current_profile(u8 media)
{
	switch (media) {
	case SCST_WITH_CD:
		return SCST_PROFILE_CD_ROM;
	case SCST_WITH_DVD:
		return SCST_PROFILE_DVD_ROM;
	}
	return 0;
}

static unsigned int scst_put_features(const struct scst_cmd *cmd, u8 media, u8 *data)
{
	u16 from = get_unaligned_be16(&cmd->cdb[2]);
	u8 rt = cmd->cdb[1] & 0x03;
	unsigned int i, len = SCST_FEATURE_HEADER;

	for (i = 0; i < ARRAY_SIZE(scst_features); i++)
		if (scst_feature_is_wanted(&scst_features[i], media, rt, from))
			len += scst_put_feature(&scst_features[i], media, &data[len]);
	put_unaligned_be32(len - 4, &data[0]);
	put_unaligned_be16(scst_current_profile(media), &data[6]);
	return len;
}

/* GET CONFIGURATION: also without a medium, and unit attentions stay pending */
static void scst_exec_get_configuration(struct scst_cmd *cmd)
{
	u8 data[SCST_CONFIGURATION_MAX] = {};
	struct scst_medium medium;
	unsigned int len;

	if ((cmd->cdb[1] & 0x03) > SCST_RT_ONE) {
		scst_cmd_set_field_error(cmd, SCST_SENSE_INVALID_CDB_FIELD, 1, 1);
		return;
	}
	scst_medium_read(cmd->dev, &medium);
	len = scst_put_features(cmd, scst_feature_media(&medium), data);
	scst_data_in_whole(cmd, data, len);
}

static const struct scst_opcode scst_mmc_feature_rows[] = {
	{
		.name = "GET CONFIGURATION",
		.opcode = GPCMD_GET_CONFIGURATION,
		.sa = SCST_OPCODE_NO_SA,
		.cdb_len = 10,
		.dir = SCST_DIR_IN,
		.len_kind = SCST_LEN_ALLOCATION,
		.pr = SCST_PR_ALLOW,
		.flags = SCST_OPF_SKIP_UA,
		.xfer = { .byte = 7, .len = 2 },
		.usage = { 0xff, 0x03, 0xff, 0xff, 0x00, 0x00, 0x00, 0xff, 0xff },
		.exec = scst_exec_get_configuration,
	},
};

const struct scst_opcode_set scst_mmc_feature_opcodes = {
	.rows = scst_mmc_feature_rows,
	.count = ARRAY_SIZE(scst_mmc_feature_rows),
};

/* kB/s, for hosts that show the speed of a drive: 24 times that of audio */
#define SCST_CD_SPEED	(24 * 176)

/* Lock State: changed by PREVENT ALLOW MEDIUM REMOVAL */
static void scst_mode_capabilities(const struct scst_device *dev, u8 *page)
{
	if (scst_medium_is_locked(dev))
		page[6] |= 0x02;
}

const struct scst_mode_page scst_mmc_mode_pages[SCST_MMC_MODE_COUNT] = {
	{ .len = 12, .image = { 0x01, 10 } },	/* read error recovery */
	{ .len = 12, .image = { 0x0a, 10 } },	/* control */
	{ .len = 12, .image = { 0x1c, 10 } },	/* informational exceptions */
	{
		/*
		 * MM capabilities and mechanical status: reads DVD-ROM; Mode 2 sectors and audio
		 * are not supported; a tray, Eject, Lock
		 */
		.len = 22,
		.image = { 0x2a, 20, 0x08, 0x00, 0x00, 0x00, 0x29, 0x00,
			   SCST_CD_SPEED >> 8, SCST_CD_SPEED & 0xff, 0, 0, 0, 0,
			   SCST_CD_SPEED >> 8, SCST_CD_SPEED & 0xff },
		.fill = scst_mode_capabilities,
	},
};
