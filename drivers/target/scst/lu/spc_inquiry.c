// SPDX-License-Identifier: GPL-2.0
/*
 * INQUIRY: standard data and vital product data.
 */
#include <linux/kernel.h>
#include <linux/string.h>

#include "cmd/cmd.h"
#include "lu/kinds.h"
#include "lu/lu.h"

#define SCST_INQUIRY_LEN	74
#define SCST_VERSION_SPC4	0x06

/* Version descriptors, SPC-5 table 150: no version of the document claimed */
#define SCST_CLAIM_SAM5		0x00a0
#define SCST_CLAIM_SPC4		0x0460

/* PERIPHERAL QUALIFIER 011b, PERIPHERAL DEVICE TYPE 1Fh */
#define SCST_NO_LUN		0x7f

/* Fields of a designation descriptor, SPC-6 7.7.6.1 */
#define SCST_CODE_BINARY	0x1
#define SCST_CODE_ASCII		0x2
#define SCST_CODE_UTF8		0x3
#define SCST_ASSOC_LU		0x00
#define SCST_ASSOC_PORT		0x10
#define SCST_ASSOC_TARGET	0x20
#define SCST_PIV		0x80
#define SCST_DESIG_T10		0x1
#define SCST_DESIG_NAA		0x3
#define SCST_DESIG_REL_PORT	0x4
#define SCST_DESIG_NAME		0x8

/* Bytes behind the vendor identification in a T10 vendor ID designator */
#define SCST_PORT_TEXT_LEN	(U8_MAX - SCST_VENDOR_LEN)

static void scst_put_padded(u8 *out, const char *text, size_t len)
{
	size_t used = strnlen(text, len);

	memcpy(out, text, used);
	memset(out + used, ' ', len - used);
}

/* Identity of LUNs without a logical unit and of well known logical units */
static const struct scst_identity scst_no_identity = {
	.vendor = "SCST",
};

static u8 scst_inquiry_type(const struct scst_cmd *cmd)
{
	if (cmd->dev)
		return cmd->kind->type;
	if (scst_lun_decode(&cmd->lun) == SCST_LUN_WELL_KNOWN)
		return TYPE_WLUN;
	return SCST_NO_LUN;
}

static void scst_inquiry_standard(struct scst_cmd *cmd)
{
	const struct scst_identity *id = cmd->dev ? &cmd->dev->id :
						    &scst_no_identity;
	u8 data[SCST_INQUIRY_LEN] = {};

	data[0] = scst_inquiry_type(cmd);
	if (cmd->dev && scst_medium_is_removable(cmd->dev))
		data[1] = 0x80;		/* RMB */
	data[2] = SCST_VERSION_SPC4;
	data[3] = 0x20 | 0x10 | 0x02;	/* NORMACA, HISUP, RESPONSE DATA FORMAT */
	data[4] = sizeof(data) - 5;
	data[7] = 0x02;			/* CMDQUE */
	scst_put_padded(&data[8], id->vendor, SCST_VENDOR_LEN);
	scst_put_padded(&data[16], id->product, SCST_PRODUCT_LEN);
	scst_put_padded(&data[32], id->revision, SCST_REVISION_LEN);
	put_unaligned_be16(SCST_CLAIM_SAM5, &data[58]);
	put_unaligned_be16(SCST_CLAIM_SPC4, &data[60]);
	if (cmd->dev)
		put_unaligned_be16(cmd->kind->claim, &data[62]);
	scst_data_in_whole(cmd, data, sizeof(data));
}

/* 80h */
static unsigned int scst_vpd_serial(const struct scst_cmd *cmd, u8 *page)
{
	const char *serial = cmd->dev->id.serial;

	memcpy(&page[SCST_VPD_HEADER_LEN], serial, strlen(serial));
	return strlen(serial);
}

/* Fill in the header of the descriptor at @out. The designator is already behind it. */
static unsigned int scst_put_designator(u8 *out, u8 code_set, u8 type, u8 len)
{
	out[0] = code_set;
	out[1] = type;
	out[3] = len;
	return 4 + len;
}

/*
 * The logical unit has only this designator, which SPC-4 7.8.6.2.1 allows. Initiators prefer
 * different kinds of designators, so a disk with several of them could appear as several disks.
 */
static unsigned int scst_put_lu_naa(const struct scst_identity *id, u8 *out)
{
	unsigned int len = scst_naa_len(id->naa_id);

	memcpy(&out[4], id->naa_id, len);
	return scst_put_designator(out, SCST_CODE_BINARY, SCST_ASSOC_LU | SCST_DESIG_NAA, len);
}

static unsigned int scst_put_port_id(const struct scst_target *tgt, u8 *out)
{
	u8 protocol = tgt->ops->protocol_id << 4;

	put_unaligned_be16(tgt->rel_tgt_id, &out[6]);
	return scst_put_designator(out, protocol | SCST_CODE_BINARY,
				   SCST_PIV | SCST_ASSOC_PORT | SCST_DESIG_REL_PORT, 4);
}

/* Names that may stand in a SCSI name string designator, SPC-6 7.7.6.11 */
static bool scst_is_scsi_name(const char *name)
{
	return !strncmp(name, "iqn.", 4) || !strncmp(name, "eui.", 4) || !strncmp(name, "naa.", 4);
}

/*
 * A SCSI name string is the name of the target device. Any other name identifies the target port,
 * with the names of vendor and driver before it.
 */
static unsigned int scst_put_target_name(struct scst_target *tgt, u8 *out)
{
	const char *name = tgt->name;
	u8 protocol = tgt->ops->protocol_id << 4;
	char text[SCST_PORT_TEXT_LEN + 1];
	size_t len;

	if (scst_is_scsi_name(name)) {
		len = strnlen(name, SCST_PORT_NAME_LEN - 1);
		memcpy(&out[4], name, len);
		/* The buffer is zeroed, so the terminator and the padding are in place. */
		return scst_put_designator(out, protocol | SCST_CODE_UTF8,
					   SCST_PIV | SCST_ASSOC_TARGET | SCST_DESIG_NAME,
					   round_up(len + 1, 4));
	}
	len = scnprintf(text, sizeof(text), "%s:%s", tgt->ops->name, name);
	scst_put_padded(&out[4], scst_no_identity.vendor, SCST_VENDOR_LEN);
	memcpy(&out[4 + SCST_VENDOR_LEN], text, len);
	return scst_put_designator(out, protocol | SCST_CODE_ASCII,
				   SCST_PIV | SCST_ASSOC_PORT | SCST_DESIG_T10,
				   SCST_VENDOR_LEN + len);
}

/* 83h; at most 4 + 20 + 8 + 4 + 255 bytes */
static unsigned int scst_vpd_device_id(const struct scst_cmd *cmd, u8 *page)
{
	struct scst_target *tgt = cmd->sess->tgt;
	u8 *out = &page[SCST_VPD_HEADER_LEN];

	out += scst_put_lu_naa(&cmd->dev->id, out);
	out += scst_put_port_id(tgt, out);
	out += scst_put_target_name(tgt, out);
	return out - &page[SCST_VPD_HEADER_LEN];
}

/* 86h: extended INQUIRY data */
static unsigned int scst_vpd_extended(const struct scst_cmd *cmd, u8 *page)
{
	page[5] = 0x07;			/* HEADSUP, ORDSUP, SIMPSUP */
	if (cmd->dev->params.volatile_cache)
		page[6] = 0x01;		/* V_SUP */
	page[7] = 0x01;			/* LUICLR: see scst_ua_raise_luns() */
	return 60;
}

/* 87h: all mode pages and subpages are shared by all I_T nexuses. */
static unsigned int scst_vpd_mode_policy(const struct scst_cmd *cmd, u8 *page)
{
	page[4] = 0x3f;
	page[5] = 0xff;
	return 4;
}

static unsigned int scst_vpd_supported(const struct scst_cmd *cmd, u8 *page);

/* Pages of all device types, in ascending order. Those of one type follow them. */
static const struct scst_vpd_page scst_vpd_pages[] = {
	{ .code = 0x00, .fill = scst_vpd_supported },
	{ .code = 0x80, .fill = scst_vpd_serial },
	{ .code = 0x83, .fill = scst_vpd_device_id },
	{ .code = 0x86, .fill = scst_vpd_extended },
	{ .code = 0x87, .fill = scst_vpd_mode_policy },
};

/* Return: the page with index @i, or NULL behind the last page */
static const struct scst_vpd_page *scst_vpd_page(const struct scst_kind *kind, unsigned int i)
{
	if (i < ARRAY_SIZE(scst_vpd_pages))
		return &scst_vpd_pages[i];
	i -= ARRAY_SIZE(scst_vpd_pages);
	return i < kind->vpd_count ? &kind->vpd[i] : NULL;
}

/* 00h */
static unsigned int scst_vpd_supported(const struct scst_cmd *cmd, u8 *page)
{
	const struct scst_vpd_page *vpd;
	unsigned int n = 0;

	while ((vpd = scst_vpd_page(cmd->kind, n)))
		page[SCST_VPD_HEADER_LEN + n++] = vpd->code;
	return n;
}

static const struct scst_vpd_page *scst_vpd_find(const struct scst_kind *kind, u8 code)
{
	const struct scst_vpd_page *vpd;
	unsigned int i = 0;

	while ((vpd = scst_vpd_page(kind, i++)))
		if (vpd->code == code)
			return vpd;
	return NULL;
}

static void scst_inquiry_vpd(struct scst_cmd *cmd)
{
	const struct scst_kind *kind = cmd->kind;
	const struct scst_vpd_page *page = scst_vpd_find(kind, cmd->cdb[2]);
	u8 data[SCST_VPD_MAX_LEN] = {};
	unsigned int len;

	if (!page) {
		scst_cmd_set_field_error(cmd, SCST_SENSE_INVALID_CDB_FIELD, 2, 7);
		return;
	}
	len = page->fill(cmd, data);
	data[0] = kind->type;
	data[1] = page->code;
	put_unaligned_be16(len, &data[2]);
	scst_data_in_whole(cmd, data, SCST_VPD_HEADER_LEN + len);
}

/*
 * INQUIRY
 *
 * A LUN without a logical unit has no vital product data.
 */
static void scst_exec_inquiry(struct scst_cmd *cmd)
{
	bool evpd = cmd->cdb[1] & 0x01;

	if (!evpd && cmd->cdb[2])
		scst_cmd_set_field_error(cmd, SCST_SENSE_INVALID_CDB_FIELD, 2, 7);
	else if (!evpd)
		scst_inquiry_standard(cmd);
	else if (!cmd->dev)
		scst_cmd_set_field_error(cmd, SCST_SENSE_INVALID_CDB_FIELD, 1, 0);
	else
		scst_inquiry_vpd(cmd);
}

static const struct scst_opcode scst_inquiry_rows[] = {
	{
		.name = "INQUIRY",
		.opcode = INQUIRY,
		.sa = SCST_OPCODE_NO_SA,
		.cdb_len = 6,
		.dir = SCST_DIR_IN,
		.len_kind = SCST_LEN_ALLOCATION,
		.pr = SCST_PR_ALLOW,
		.flags = SCST_OPF_ANY_LUN | SCST_OPF_ANY_STATE | SCST_OPF_SKIP_UA,
		.xfer = { .byte = 3, .len = 2 },
		.usage = { 0xff, 0x01, 0xff, 0xff, 0xff },
		.exec = scst_exec_inquiry,
	},
};

const struct scst_opcode_set scst_inquiry_opcodes = {
	.rows = scst_inquiry_rows,
	.count = ARRAY_SIZE(scst_inquiry_rows),
};
