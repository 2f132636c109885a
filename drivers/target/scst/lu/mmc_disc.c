// SPDX-License-Identifier: GPL-2.0
/*
 * Commands that describe the disc in a CD or DVD drive, MMC-6: it is complete, with one session,
 * and this has one track of data that begins at block 0.
 */
#include <linux/cdrom.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/string.h>

#include "cmd/cmd.h"
#include "lu/kinds.h"
#include "lu/lu.h"
#include "lu/mmc.h"

/* The only track, and the lead-out */
#define SCST_TRACK		0x01
#define SCST_TRACK_LEADOUT	0xaa

/* ADR 1: the Q subchannel has the position; CONTROL 4: a track of data */
#define SCST_TRACK_ADR_CONTROL	0x14

/* Address types of READ TRACK INFORMATION, MMC-6 */
#define SCST_TRACK_BY_LBA	0
#define SCST_TRACK_BY_TRACK	1
#define SCST_TRACK_BY_SESSION	2

/* Formats of READ TOC/PMA/ATIP, MMC-6 */
#define SCST_TOC_TRACKS		0
#define SCST_TOC_SESSIONS	1
#define SCST_TOC_FULL		2

#define SCST_TOC_TRACK_LEN	8
#define SCST_TOC_POINT_LEN	11
#define SCST_TOC_MAX_LEN	(4 + 4 * SCST_TOC_POINT_LEN)

/* Formats of READ DISC STRUCTURE for a DVD, MMC-6 */
#define SCST_DVD_PHYSICAL	0
#define SCST_DVD_COPYRIGHT	1

#define SCST_DVD_FIRST_SECTOR	0x30000
#define SCST_DVD_LAST_SECTOR	0xffffff

/* A time on a CD in minutes, seconds and frames. The greatest is that of a larger disc. */
static void scst_put_msf(u64 lba, u8 *out)
{
	u32 frames = min_t(u64, lba + CD_MSF_OFFSET, 256 * CD_SECS * CD_FRAMES - 1);

	out[0] = frames / CD_FRAMES / CD_SECS;
	out[1] = frames / CD_FRAMES % CD_SECS;
	out[2] = frames % CD_FRAMES;
}

static unsigned int scst_put_toc_track(u8 track, u64 lba, bool msf, u8 *out)
{
	out[1] = SCST_TRACK_ADR_CONTROL;
	out[2] = track;
	if (msf)
		scst_put_msf(lba, &out[5]);
	else
		put_unaligned_be32(lba, &out[4]);
	return SCST_TOC_TRACK_LEN;
}

/* The tracks from a given one on, and the lead-out */
static unsigned int scst_toc_tracks(struct scst_cmd *cmd, u64 nblocks, u8 *data)
{
	bool msf = cmd->cdb[1] & 0x02;
	u8 first = cmd->cdb[6];
	unsigned int len = 4;

	if (first > SCST_TRACK && first != SCST_TRACK_LEADOUT) {
		scst_cmd_set_field_error(cmd, SCST_SENSE_INVALID_CDB_FIELD, 6, 7);
		return 0;
	}
	if (first <= SCST_TRACK)
		len += scst_put_toc_track(SCST_TRACK, 0, msf, &data[len]);
	return len + scst_put_toc_track(SCST_TRACK_LEADOUT, nblocks, msf, &data[len]);
}

/* The first track of the last session */
static unsigned int scst_toc_sessions(struct scst_cmd *cmd, u8 *data)
{
	return 4 + scst_put_toc_track(SCST_TRACK, 0, cmd->cdb[1] & 0x02, &data[4]);
}

static unsigned int scst_put_toc_point(u8 point, u8 *out)
{
	out[0] = 1;	/* session */
	out[1] = SCST_TRACK_ADR_CONTROL;
	out[3] = point;
	return SCST_TOC_POINT_LEN;
}

/* The Q subchannel of the lead-in */
static unsigned int scst_toc_full(struct scst_cmd *cmd, u64 nblocks, u8 *data)
{
	unsigned int len = 4;

	if (cmd->cdb[6] > 1) {
		scst_cmd_set_field_error(cmd, SCST_SENSE_INVALID_CDB_FIELD, 6, 7);
		return 0;
	}
	data[len + 8] = SCST_TRACK;
	len += scst_put_toc_point(0xa0, &data[len]);	/* the first track */
	data[len + 8] = SCST_TRACK;
	len += scst_put_toc_point(0xa1, &data[len]);	/* the last track */
	scst_put_msf(nblocks, &data[len + 8]);
	len += scst_put_toc_point(0xa2, &data[len]);	/* the lead-out */
	scst_put_msf(0, &data[len + 8]);
	return len + scst_put_toc_point(SCST_TRACK, &data[len]);
}

/* Before there was a field for the format in byte 2, it was in the CONTROL byte. */
static u8 scst_toc_format(const struct scst_cmd *cmd)
{
	return (cmd->cdb[2] & 0x0f) ?: cmd->cdb[9] >> 6;
}

static unsigned int scst_toc_put(struct scst_cmd *cmd, u64 nblocks, u8 *data)
{
	switch (scst_toc_format(cmd)) {
	case SCST_TOC_TRACKS:
		return scst_toc_tracks(cmd, nblocks, data);
	case SCST_TOC_SESSIONS:
		return scst_toc_sessions(cmd, data);
	case SCST_TOC_FULL:
		return scst_toc_full(cmd, nblocks, data);
	}
	scst_cmd_set_field_error(cmd, SCST_SENSE_INVALID_CDB_FIELD, 2, 3);
	return 0;
}

/* READ TOC/PMA/ATIP */
static void scst_exec_read_toc(struct scst_cmd *cmd)
{
	u8 data[SCST_TOC_MAX_LEN] = {};
	struct scst_medium medium;
	unsigned int len;

	if (!scst_medium_get(cmd, &medium))
		return;
	len = scst_toc_put(cmd, medium.nblocks, data);
	if (!len)
		return;
	put_unaligned_be16(len - 2, &data[0]);
	data[2] = 1;	/* first and last track or session */
	data[3] = 1;
	scst_data_in_whole(cmd, data, len);
}

/* READ DISC INFORMATION: the standard information */
static void scst_exec_disc_information(struct scst_cmd *cmd)
{
	struct scst_medium medium;
	u8 data[34] = {};

	if (!scst_medium_get(cmd, &medium))
		return;
	put_unaligned_be16(sizeof(data) - 2, &data[0]);
	data[2] = 0x0e;		/* last session and disc are complete */
	data[3] = 1;		/* first track */
	data[4] = 1;		/* number of sessions */
	data[5] = 1;		/* first and last track of the last session */
	data[6] = 1;
	data[7] = 0x20;		/* URU: unrestricted use */
	memset(&data[16], 0xff, 8);	/* no session can be added */
	scst_data_in_whole(cmd, data, sizeof(data));
}

/* The track that contains a block, or has a number, or is the first one of a session */
static bool scst_track_check(struct scst_cmd *cmd, u64 nblocks)
{
	u32 number = get_unaligned_be32(&cmd->cdb[2]);

	switch (cmd->cdb[1] & 0x03) {
	case SCST_TRACK_BY_LBA:
		if (number < nblocks)
			return true;
		scst_cmd_set_sense(cmd, SCST_SENSE_LBA_OUT_OF_RANGE);
		return false;
	case SCST_TRACK_BY_TRACK:
	case SCST_TRACK_BY_SESSION:
		if (number == 1)
			return true;
		scst_cmd_set_field_error(cmd, SCST_SENSE_INVALID_CDB_FIELD, 2, 7);
		return false;
	}
	scst_cmd_set_field_error(cmd, SCST_SENSE_INVALID_CDB_FIELD, 1, 1);
	return false;
}

/* READ TRACK INFORMATION */
static void scst_exec_track_information(struct scst_cmd *cmd)
{
	struct scst_medium medium;
	u8 data[36] = {};

	if (!scst_medium_get(cmd, &medium) || !scst_track_check(cmd, medium.nblocks))
		return;
	put_unaligned_be16(sizeof(data) - 2, &data[0]);
	data[2] = SCST_TRACK;
	data[3] = 1;		/* session */
	data[5] = SCST_TRACK_ADR_CONTROL & 0x0f;
	data[6] = 0x01;		/* data mode 1 */
	data[7] = 0x02;		/* LRA_V */
	put_unaligned_be32(medium.nblocks, &data[24]);
	put_unaligned_be32(medium.nblocks - 1, &data[28]);
	scst_data_in_whole(cmd, data, sizeof(data));
}

static bool scst_dvd_check(struct scst_cmd *cmd, const struct scst_medium *medium)
{
	if (cmd->cdb[1] & 0x0f)
		scst_cmd_set_field_error(cmd, SCST_SENSE_INVALID_CDB_FIELD, 1, 3);
	else if (!scst_mmc_is_dvd(medium))
		scst_cmd_set_sense(cmd, SCST_SENSE_INCOMPATIBLE_MEDIUM);
	else if (cmd->cdb[6])
		scst_cmd_set_field_error(cmd, SCST_SENSE_INVALID_CDB_FIELD, 6, 7);
	else if (cmd->cdb[7] > SCST_DVD_COPYRIGHT)
		scst_cmd_set_field_error(cmd, SCST_SENSE_INVALID_CDB_FIELD, 7, 7);
	else
		return true;
	return false;
}

static void scst_dvd_end(struct scst_cmd *cmd, u8 *data, unsigned int len, unsigned int total)
{
	put_unaligned_be16(total - 2, &data[0]);
	scst_data_in(cmd, len, page_address(ZERO_PAGE(0)), total - len);
	scst_data_in(cmd, 0, data, len);
	scst_data_in_end(cmd, total);
}

/* One layer of a DVD-ROM that is as large as it has to be */
static void scst_dvd_physical(struct scst_cmd *cmd, u64 nblocks)
{
	u64 last = min_t(u64, SCST_DVD_FIRST_SECTOR + nblocks - 1, SCST_DVD_LAST_SECTOR);
	u8 data[4 + 17] = {};

	data[4] = 0x01;		/* DVD-ROM, part version 1 */
	data[5] = 0x0f;		/* 120 mm, no maximum rate */
	data[6] = 0x01;		/* one layer, embossed */
	put_unaligned_be24(SCST_DVD_FIRST_SECTOR, &data[9]);
	put_unaligned_be24(last, &data[13]);
	scst_dvd_end(cmd, data, sizeof(data), 4 + 2048);
}

/* READ DISC STRUCTURE: the physical format, and that there is no copyright protection */
static void scst_exec_disc_structure(struct scst_cmd *cmd)
{
	struct scst_medium medium;
	u8 copyright[8] = {};

	if (!scst_medium_get(cmd, &medium) || !scst_dvd_check(cmd, &medium))
		return;
	if (cmd->cdb[7] == SCST_DVD_PHYSICAL)
		scst_dvd_physical(cmd, medium.nblocks);
	else
		scst_dvd_end(cmd, copyright, sizeof(copyright), sizeof(copyright));
}

static const struct scst_opcode scst_mmc_disc_rows[] = {
	{
		.name = "READ TOC/PMA/ATIP",
		.opcode = GPCMD_READ_TOC_PMA_ATIP,
		.sa = SCST_OPCODE_NO_SA,
		.cdb_len = 10,
		.dir = SCST_DIR_IN,
		.len_kind = SCST_LEN_ALLOCATION,
		.pr = SCST_PR_READ,
		.xfer = { .byte = 7, .len = 2 },
		.usage = { 0xff, 0x02, 0x0f, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xc0 },
		.exec = scst_exec_read_toc,
	}, {
		.name = "READ DISC INFORMATION",
		.opcode = GPCMD_READ_DISC_INFO,
		.sa = SCST_OPCODE_NO_SA,
		.cdb_len = 10,
		.dir = SCST_DIR_IN,
		.len_kind = SCST_LEN_ALLOCATION,
		.pr = SCST_PR_READ,
		.xfer = { .byte = 7, .len = 2 },
		.usage = { 0xff, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff },
		.exec = scst_exec_disc_information,
	}, {
		.name = "READ TRACK INFORMATION",
		.opcode = GPCMD_READ_TRACK_RZONE_INFO,
		.sa = SCST_OPCODE_NO_SA,
		.cdb_len = 10,
		.dir = SCST_DIR_IN,
		.len_kind = SCST_LEN_ALLOCATION,
		.pr = SCST_PR_READ,
		.xfer = { .byte = 7, .len = 2 },
		.usage = { 0xff, 0x03, 0xff, 0xff, 0xff, 0xff, 0x00, 0xff, 0xff },
		.exec = scst_exec_track_information,
	}, {
		.name = "READ DISC STRUCTURE",
		.opcode = GPCMD_READ_DVD_STRUCTURE,
		.sa = SCST_OPCODE_NO_SA,
		.cdb_len = 12,
		.dir = SCST_DIR_IN,
		.len_kind = SCST_LEN_ALLOCATION,
		.pr = SCST_PR_READ,
		.xfer = { .byte = 8, .len = 2 },
		.usage = { 0xff, 0x0f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xc0 },
		.exec = scst_exec_disc_structure,
	},
};

const struct scst_opcode_set scst_mmc_disc_opcodes = {
	.rows = scst_mmc_disc_rows,
	.count = ARRAY_SIZE(scst_mmc_disc_rows),
};
