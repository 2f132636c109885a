// SPDX-License-Identifier: GPL-2.0
/*
 * Peripheral device types. A row of the table lists a type's pages and the opcode sets of its
 * commands. Each set is defined in the source file of its commands.
 */
#include <linux/bug.h>
#include <linux/export.h>
#include <linux/init.h>
#include <linux/sort.h>
#include <scsi/scsi_proto.h>

#include "lu/kinds.h"
#include "scst_priv.h"

/* Version descriptors, SPC-5 table 150: no version of the document claimed */
#define SCST_CLAIM_SBC3		0x04c0
#define SCST_CLAIM_MMC6		0x04e0

/* Commands of all types */
static const struct scst_opcode_set *const scst_spc_sets[] __initconst = {
	&scst_report_opcodes, &scst_inquiry_opcodes, &scst_mode_opcodes,
	&scst_log_opcodes, &scst_diagnostic_opcodes, &scst_buffer_opcodes,
	&scst_timestamp_opcodes, &scst_reserve_opcodes, &scst_pr_in_opcodes, &scst_pr_out_opcodes,
};

/* Disks and optical memory */
#define SCST_BLOCK_KIND {						\
	.known = true,							\
	.blocks = true,							\
	.sets = { &scst_sbc_opcodes, &scst_sbc_io_opcodes,		\
		  &scst_sbc_compare_opcodes, &scst_sbc_orwrite_opcodes,	\
		  &scst_sbc_defect_opcodes, &scst_thin_opcodes },	\
	.claim = SCST_CLAIM_SBC3,					\
	.vpd = scst_sbc_vpd_pages,					\
	.vpd_count = SCST_SBC_VPD_COUNT,				\
	.mode = scst_sbc_mode_pages,					\
	.mode_count = SCST_SBC_MODE_COUNT,				\
	.log = scst_sbc_log_pages,					\
	.log_count = SCST_SBC_LOG_COUNT,				\
}

static struct scst_kind scst_kinds[] __ro_after_init = {
	[TYPE_DISK] = SCST_BLOCK_KIND,
	[TYPE_TAPE] = { .known = true, .fifo = true, .sets = { &scst_ssc_opcodes } },
	[TYPE_PROCESSOR] = { .known = true },
	[TYPE_ROM] = {
		.known = true,
		.blocks = true,
		.mmc = true,
		.sets = { &scst_mmc_opcodes, &scst_mmc_disc_opcodes, &scst_mmc_feature_opcodes },
		.claim = SCST_CLAIM_MMC6,
		.mode = scst_mmc_mode_pages,
		.mode_count = SCST_MMC_MODE_COUNT,
	},
	[TYPE_MOD] = SCST_BLOCK_KIND,
	[TYPE_MEDIUM_CHANGER] = { .known = true },
	[TYPE_RAID] = { .known = true },
};

static int __init scst_opcode_cmp(const void *a, const void *b)
{
	const struct scst_opcode *x = *(const struct scst_opcode **)a;
	const struct scst_opcode *y = *(const struct scst_opcode **)b;

	return (x->opcode << 16 | x->sa) - (y->opcode << 16 | y->sa);
}

static int __init scst_kind_add(struct scst_kind *kind, const struct scst_opcode_set *set)
{
	unsigned int i;

	if (WARN_ON(kind->count + set->count > SCST_KIND_ROWS))
		return -E2BIG;
	for (i = 0; i < set->count; i++)
		kind->rows[kind->count++] = &set->rows[i];
	return 0;
}

static int __init scst_kind_index(struct scst_kind *kind)
{
	unsigned int i;

	sort(kind->rows, kind->count, sizeof(kind->rows[0]), scst_opcode_cmp, NULL);
	for (i = 0; i < kind->count; i++) {
		if (i && WARN_ON(!scst_opcode_cmp(&kind->rows[i - 1], &kind->rows[i])))
			return -EEXIST;
		if (!kind->first[kind->rows[i]->opcode])
			kind->first[kind->rows[i]->opcode] = i + 1;
	}
	return 0;
}

static int __init scst_kind_init(struct scst_kind *kind)
{
	unsigned int i;
	int ret = 0;

	for (i = 0; i < ARRAY_SIZE(scst_spc_sets) && !ret; i++)
		ret = scst_kind_add(kind, scst_spc_sets[i]);
	for (i = 0; i < SCST_KIND_SETS && kind->sets[i] && !ret; i++)
		ret = scst_kind_add(kind, kind->sets[i]);
	return ret ?: scst_kind_index(kind);
}

/**
 * scst_kinds_init() - build the opcode tables of all device types
 *
 * Context: process context, before the first device is created.
 * Return: 0, -EEXIST if two sets have the same command, or -E2BIG if a type has more than
 * SCST_KIND_ROWS commands.
 */
int __init scst_kinds_init(void)
{
	unsigned int type;
	int ret = 0;

	for (type = 0; type < ARRAY_SIZE(scst_kinds) && !ret; type++) {
		if (!scst_kinds[type].known)
			continue;
		scst_kinds[type].type = type;
		ret = scst_kind_init(&scst_kinds[type]);
	}
	return ret;
}

/**
 * scst_kind_find() - find a peripheral device type
 * @type: PERIPHERAL DEVICE TYPE
 *
 * Context: any.
 * Return: the type's row, or NULL if devices of that type are not supported.
 */
const struct scst_kind *scst_kind_find(u8 type)
{
	if (type >= ARRAY_SIZE(scst_kinds) || !scst_kinds[type].known)
		return NULL;
	return &scst_kinds[type];
}
EXPORT_SYMBOL_IF_KUNIT(scst_kind_find);

static bool scst_opcode_has_sa(const struct scst_opcode *op, const u8 *cdb, unsigned int len)
{
	if (op->sa == SCST_OPCODE_NO_SA)
		return true;
	if (op->opcode == VARIABLE_LENGTH_CMD)
		return len >= op->sa_byte + 2 && get_unaligned_be16(&cdb[op->sa_byte]) == op->sa;
	return op->sa_byte < len && (cdb[op->sa_byte] & 0x1f) == op->sa;
}

/**
 * scst_kind_opcode() - find the row of a CDB
 * @kind:  the type of its logical unit
 * @cdb:   the CDB
 * @len:   bytes in @cdb, at least one
 * @known: set to true if the type has the operation code, perhaps only with other service
 *	   actions; to false if not
 *
 * Context: any.
 * Return: the row, or NULL.
 */
const struct scst_opcode *scst_kind_opcode(const struct scst_kind *kind, const u8 *cdb,
					   unsigned int len, bool *known)
{
	unsigned int i = kind->first[cdb[0]];

	*known = i;
	if (!i)
		return NULL;
	for (i--; i < kind->count && kind->rows[i]->opcode == cdb[0]; i++)
		if (scst_opcode_has_sa(kind->rows[i], cdb, len))
			return kind->rows[i];
	return NULL;
}
EXPORT_SYMBOL_IF_KUNIT(scst_kind_opcode);
