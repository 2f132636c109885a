// SPDX-License-Identifier: GPL-2.0
/*
 * PERSISTENT RESERVE IN, SPC-5 6.16.
 */
#include <linux/string.h>

#include "cmd/cmd.h"
#include "lu/kinds.h"
#include "lu/lu.h"
#include "lu/pr.h"

#define SCST_PR_HEADER		8
#define SCST_PR_DESCRIPTOR	24

/* Bytes 2 to 5 of REPORT CAPABILITIES, SPC-5 6.16.4 */
#define SCST_PR_CAP_RLR		0x80	/* REPLACE LOST RESERVATION */
#define SCST_PR_CAP_CRH		0x10	/* RESERVE and RELEASE are compatible */
#define SCST_PR_CAP_SIP		0x08	/* SPEC_I_PT */
#define SCST_PR_CAP_ATP		0x04	/* ALL_TG_PT */
#define SCST_PR_CAP_PTPL	0x01	/* APTPL */
#define SCST_PR_CAP_TMV		0x80	/* the type mask is valid */
/* ALLOW COMMANDS: TEST UNIT READY is allowed; MODE SENSE and similar commands are not. */
#define SCST_PR_CAP_COMMANDS	0x20
#define SCST_PR_CAP_PTPL_ACTIVE	0x01	/* APTPL of the last registration */

static void scst_put_pr_header(struct scst_cmd *cmd, const struct scst_pr *pr, u32 end)
{
	u8 header[SCST_PR_HEADER];

	put_unaligned_be32(pr ? pr->generation : 0, &header[0]);
	put_unaligned_be32(end - sizeof(header), &header[4]);
	scst_data_in(cmd, 0, header, sizeof(header));
	scst_data_in_end(cmd, end);
}

static void scst_pr_read_keys(struct scst_cmd *cmd, const struct scst_pr *pr)
{
	const struct scst_pr_reg *reg;
	u32 end = SCST_PR_HEADER;
	u8 key[8];

	for (reg = scst_pr_next(pr, NULL); reg; reg = scst_pr_next(pr, reg)) {
		put_unaligned_be64(reg->key, key);
		scst_data_in(cmd, end, key, sizeof(key));
		end += sizeof(key);
	}
	scst_put_pr_header(cmd, pr, end);
}

/* The key is zero for a reservation of an All Registrants type. */
static void scst_pr_read_reservation(struct scst_cmd *cmd, const struct scst_pr *pr)
{
	u8 data[16] = {};
	u32 end = SCST_PR_HEADER;

	if (pr && pr->type) {
		if (!scst_pr_all_registrants(pr->type))
			put_unaligned_be64(pr->regs[pr->holder].key, data);
		data[13] = pr->type;
		scst_data_in(cmd, end, data, sizeof(data));
		end += sizeof(data);
	}
	scst_put_pr_header(cmd, pr, end);
}

static void scst_pr_report_capabilities(struct scst_cmd *cmd, const struct scst_pr *pr)
{
	u8 data[8] = {};

	put_unaligned_be16(sizeof(data), data);
	data[2] = SCST_PR_CAP_RLR | SCST_PR_CAP_CRH | SCST_PR_CAP_SIP |
		  SCST_PR_CAP_ATP | SCST_PR_CAP_PTPL;
	data[3] = SCST_PR_CAP_TMV | SCST_PR_CAP_COMMANDS;
	if (pr && pr->aptpl)
		data[3] |= SCST_PR_CAP_PTPL_ACTIVE;
	data[4] = BIT(SCST_PR_WE) | BIT(SCST_PR_EA) | BIT(SCST_PR_WE_RO) |
		  BIT(SCST_PR_EA_RO) | BIT(SCST_PR_WE_AR);
	data[5] = BIT(SCST_PR_EA_AR - 8);
	scst_data_in_whole(cmd, data, sizeof(data));
}

static u32 scst_put_full_status(struct scst_cmd *cmd, u32 offset, const struct scst_pr *pr,
				const struct scst_pr_reg *reg)
{
	u8 data[SCST_PR_DESCRIPTOR] = {};

	put_unaligned_be64(reg->key, data);
	if (scst_pr_holds(pr, reg)) {
		data[12] = 0x01;
		data[13] = pr->type;
	}
	put_unaligned_be16(reg->port, &data[18]);
	put_unaligned_be32(reg->id.len, &data[20]);
	scst_data_in(cmd, offset, data, sizeof(data));
	scst_data_in(cmd, offset + sizeof(data), reg->id.data, reg->id.len);
	return offset + sizeof(data) + reg->id.len;
}

static void scst_pr_read_full_status(struct scst_cmd *cmd, const struct scst_pr *pr)
{
	const struct scst_pr_reg *reg;
	u32 end = SCST_PR_HEADER;

	for (reg = scst_pr_next(pr, NULL); reg; reg = scst_pr_next(pr, reg))
		end = scst_put_full_status(cmd, end, pr, reg);
	scst_put_pr_header(cmd, pr, end);
}

static void scst_pr_in(struct scst_cmd *cmd, const struct scst_pr *pr)
{
	switch (cmd->cdb[1] & 0x1f) {
	case SCST_PR_READ_KEYS:
		scst_pr_read_keys(cmd, pr);
		break;
	case SCST_PR_READ_RESERVATION:
		scst_pr_read_reservation(cmd, pr);
		break;
	case SCST_PR_REPORT_CAPABILITIES:
		scst_pr_report_capabilities(cmd, pr);
		break;
	case SCST_PR_READ_FULL_STATUS:
		scst_pr_read_full_status(cmd, pr);
		break;
	}
}

/* PERSISTENT RESERVE IN */
static void scst_exec_pr_in(struct scst_cmd *cmd)
{
	/* SPC-2 5.5.1: a conflict even for the nexus that holds the device by RESERVE */
	if (READ_ONCE(cmd->dev->reserved_by)) {
		scst_cmd_set_conflict(cmd);
		return;
	}
	rcu_read_lock();
	scst_pr_in(cmd, rcu_dereference(cmd->dev->pr));
	rcu_read_unlock();
}

/* The rows of its service actions differ only in service action and name. */
#define SCST_PR_IN(_sa, _name)						\
{									\
	.name = "PERSISTENT RESERVE IN: " _name,			\
	.opcode = PERSISTENT_RESERVE_IN,				\
	.sa = SCST_PR_##_sa,						\
	.sa_byte = 1,							\
	.cdb_len = 10,							\
	.dir = SCST_DIR_IN,						\
	.len_kind = SCST_LEN_ALLOCATION,				\
	.pr = SCST_PR_OWN,						\
	.flags = SCST_OPF_CORE,						\
	.xfer = { .byte = 7, .len = 2 },				\
	.usage = { 0xff, 0x1f, 0x00, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff },	\
	.exec = scst_exec_pr_in,					\
}

static const struct scst_opcode scst_pr_in_rows[] = {
	SCST_PR_IN(READ_KEYS, "READ KEYS"),
	SCST_PR_IN(READ_RESERVATION, "READ RESERVATION"),
	SCST_PR_IN(REPORT_CAPABILITIES, "REPORT CAPABILITIES"),
	SCST_PR_IN(READ_FULL_STATUS, "READ FULL STATUS"),
};

const struct scst_opcode_set scst_pr_in_opcodes = {
	.rows = scst_pr_in_rows,
	.count = ARRAY_SIZE(scst_pr_in_rows),
};
