// SPDX-License-Identifier: GPL-2.0
/*
 * Tests of the opcode table against the standards, and of decoding against a simple reference
 * that does not use the table.
 */
#include <kunit/test.h>
#include <linux/limits.h>
#include <linux/module.h>
#include <linux/prandom.h>
#include <linux/sizes.h>

#include "cmd/cmd.h"
#include "lu/kinds.h"
#include "lu/lu.h"

#define SCST_TEST_SEED		0x5c57
#define SCST_TEST_ROUNDS	64
#define SCST_TEST_BLOCK		512
#define NO_SA			SCST_OPCODE_NO_SA

enum scst_test_unit {
	NO_DATA, BYTES_IN, BYTES_OUT, BLOCKS_IN, BLOCKS_OUT, BLOCKS_TWICE, RANGE, ONE_BLOCK,
};

/**
 * struct scst_test_row - a command as its standard describes it
 * @opcode:	OPERATION CODE
 * @sa:		SERVICE ACTION or NO_SA
 * @cdb_len:	bytes
 * @unit:	unit of the length field, and the direction
 * @lba_bits:	bits of LOGICAL BLOCK ADDRESS, 0: none
 * @lba:	offset of its last byte
 * @len_bits:	bits of the length field, 0: none
 * @len:	offset of its last byte
 * @fixed:	bytes transferred if there is no length field
 */
struct scst_test_row {
	u8 opcode;
	u16 sa;
	u8 cdb_len;
	u8 unit;
	u8 lba_bits;
	u8 lba;
	u8 len_bits;
	u8 len;
	u8 fixed;
};

static const struct scst_test_row scst_test_rows[] = {
	/* SPC */
	{ 0x00, NO_SA, 6, NO_DATA },
	{ 0x03, NO_SA, 6, BYTES_IN, .len_bits = 8, .len = 4 },
	{ 0x12, NO_SA, 6, BYTES_IN, .len_bits = 16, .len = 4 },
	{ 0x15, NO_SA, 6, BYTES_OUT, .len_bits = 8, .len = 4 },
	{ 0x16, NO_SA, 6, NO_DATA },	/* SPC-2, as the next */
	{ 0x17, NO_SA, 6, NO_DATA },
	{ 0x1a, NO_SA, 6, BYTES_IN, .len_bits = 8, .len = 4 },
	{ 0x1c, NO_SA, 6, BYTES_IN, .len_bits = 16, .len = 4 },
	{ 0x1d, NO_SA, 6, NO_DATA },	/* but for parameters we do not have */
	{ 0x1e, NO_SA, 6, NO_DATA },
	{ 0x3b, NO_SA, 10, BYTES_OUT, .len_bits = 24, .len = 8 },
	{ 0x3c, NO_SA, 10, BYTES_IN, .len_bits = 24, .len = 8 },
	{ 0x4c, NO_SA, 10, BYTES_OUT, .len_bits = 16, .len = 8 },
	{ 0x4d, NO_SA, 10, BYTES_IN, .len_bits = 16, .len = 8 },
	{ 0x55, NO_SA, 10, BYTES_OUT, .len_bits = 16, .len = 8 },
	{ 0x56, NO_SA, 10, NO_DATA },	/* but for third parties */
	{ 0x57, NO_SA, 10, NO_DATA },
	{ 0x5a, NO_SA, 10, BYTES_IN, .len_bits = 16, .len = 8 },
	{ 0x5e, 0x00, 10, BYTES_IN, .len_bits = 16, .len = 8 },
	{ 0x5e, 0x01, 10, BYTES_IN, .len_bits = 16, .len = 8 },
	{ 0x5e, 0x02, 10, BYTES_IN, .len_bits = 16, .len = 8 },
	{ 0x5e, 0x03, 10, BYTES_IN, .len_bits = 16, .len = 8 },
	{ 0x5f, 0x00, 10, BYTES_OUT, .len_bits = 32, .len = 8 },
	{ 0x5f, 0x01, 10, BYTES_OUT, .len_bits = 32, .len = 8 },
	{ 0x5f, 0x02, 10, BYTES_OUT, .len_bits = 32, .len = 8 },
	{ 0x5f, 0x03, 10, BYTES_OUT, .len_bits = 32, .len = 8 },
	{ 0x5f, 0x04, 10, BYTES_OUT, .len_bits = 32, .len = 8 },
	{ 0x5f, 0x05, 10, BYTES_OUT, .len_bits = 32, .len = 8 },
	{ 0x5f, 0x06, 10, BYTES_OUT, .len_bits = 32, .len = 8 },
	{ 0x5f, 0x07, 10, BYTES_OUT, .len_bits = 32, .len = 8 },
	{ 0x5f, 0x08, 10, BYTES_OUT, .len_bits = 32, .len = 8 },
	{ 0xa0, NO_SA, 12, BYTES_IN, .len_bits = 32, .len = 9 },
	{ 0xa3, 0x0b, 12, BYTES_IN, .len_bits = 32, .len = 9 },
	{ 0xa3, 0x0c, 12, BYTES_IN, .len_bits = 32, .len = 9 },
	{ 0xa3, 0x0d, 12, BYTES_IN, .len_bits = 32, .len = 9 },
	{ 0xa3, 0x0f, 12, BYTES_IN, .len_bits = 32, .len = 9 },
	{ 0xa4, 0x0f, 12, BYTES_OUT, .len_bits = 32, .len = 9 },
	/* SBC */
	{ 0x08, NO_SA, 6, BLOCKS_IN, 21, 3, 8, 4 },
	{ 0x0a, NO_SA, 6, BLOCKS_OUT, 21, 3, 8, 4 },
	{ 0x1b, NO_SA, 6, NO_DATA },
	{ 0x25, NO_SA, 10, BYTES_IN, .fixed = 8 },
	{ 0x28, NO_SA, 10, BLOCKS_IN, 32, 5, 16, 8 },
	{ 0x2a, NO_SA, 10, BLOCKS_OUT, 32, 5, 16, 8 },
	{ 0x2e, NO_SA, 10, BLOCKS_OUT, 32, 5, 16, 8 },
	{ 0x2f, NO_SA, 10, RANGE, 32, 5, 16, 8 },
	{ 0x34, NO_SA, 10, RANGE, 32, 5, 16, 8 },
	{ 0x35, NO_SA, 10, RANGE, 32, 5, 16, 8 },
	{ 0x37, NO_SA, 10, BYTES_IN, .len_bits = 16, .len = 8 },
	{ 0x41, NO_SA, 10, ONE_BLOCK, 32, 5, 16, 8 },
	{ 0x42, NO_SA, 10, BYTES_OUT, .len_bits = 16, .len = 8 },
	{ 0x88, NO_SA, 16, BLOCKS_IN, 64, 9, 32, 13 },
	{ 0x89, NO_SA, 16, BLOCKS_TWICE, 64, 9, 8, 13 },
	{ 0x8a, NO_SA, 16, BLOCKS_OUT, 64, 9, 32, 13 },
	{ 0x8b, NO_SA, 16, BLOCKS_OUT, 64, 9, 32, 13 },
	{ 0x8e, NO_SA, 16, BLOCKS_OUT, 64, 9, 32, 13 },
	{ 0x8f, NO_SA, 16, RANGE, 64, 9, 32, 13 },
	{ 0x90, NO_SA, 16, RANGE, 64, 9, 32, 13 },
	{ 0x91, NO_SA, 16, RANGE, 64, 9, 32, 13 },
	{ 0x93, NO_SA, 16, ONE_BLOCK, 64, 9, 32, 13 },
	{ 0x9e, 0x10, 16, BYTES_IN, .len_bits = 32, .len = 13 },
	{ 0x9e, 0x12, 16, BYTES_IN, 64, 9, 32, 13 },
	{ 0xa8, NO_SA, 12, BLOCKS_IN, 32, 5, 32, 9 },
	{ 0xaa, NO_SA, 12, BLOCKS_OUT, 32, 5, 32, 9 },
	{ 0xae, NO_SA, 12, BLOCKS_OUT, 32, 5, 32, 9 },
	{ 0xaf, NO_SA, 12, RANGE, 32, 5, 32, 9 },
	{ 0xb7, NO_SA, 12, BYTES_IN, .len_bits = 32, .len = 9 },
};

/* MMC-6, of CD and DVD drives; those of SPC are tested above. */
static const struct scst_test_row scst_test_mmc_rows[] = {
	{ 0x1b, NO_SA, 6, NO_DATA },
	{ 0x25, NO_SA, 10, BYTES_IN, .fixed = 8 },
	{ 0x28, NO_SA, 10, BLOCKS_IN, 32, 5, 16, 8 },
	{ 0x2a, NO_SA, 10, BLOCKS_OUT, 32, 5, 16, 8 },
	{ 0x2f, NO_SA, 10, RANGE, 32, 5, 16, 8 },
	{ 0x35, NO_SA, 10, RANGE, 32, 5, 16, 8 },
	{ 0x43, NO_SA, 10, BYTES_IN, .len_bits = 16, .len = 8 },
	{ 0x46, NO_SA, 10, BYTES_IN, .len_bits = 16, .len = 8 },
	{ 0x4a, NO_SA, 10, BYTES_IN, .len_bits = 16, .len = 8 },
	{ 0x51, NO_SA, 10, BYTES_IN, .len_bits = 16, .len = 8 },
	{ 0x52, NO_SA, 10, BYTES_IN, .len_bits = 16, .len = 8 },
	{ 0xa8, NO_SA, 12, BLOCKS_IN, 32, 5, 32, 9 },
	{ 0xaa, NO_SA, 12, BLOCKS_OUT, 32, 5, 32, 9 },
	{ 0xad, NO_SA, 12, BYTES_IN, .len_bits = 16, .len = 9 },
	{ 0xbd, NO_SA, 12, BYTES_IN, .len_bits = 16, .len = 9 },
	{ 0xbe, NO_SA, 12, RANGE, 32, 5, 24, 8 },
};

/* Rows of SPC at the beginning of scst_test_rows[] */
#define SCST_TEST_SPC_ROWS	37

static const struct scst_handler_ops scst_test_handler = {
	.name = "test",
};

struct scst_cdb_fixture {
	struct scst_device *dev;
	struct scst_target_ops ops;
	struct scst_target *tgt;
	struct scst_session *sess;
	struct scst_cmd cmd;
	struct rnd_state rnd;
	u8 cdb[SCST_OPCODE_MAX_LEN];
};

static int scst_cdb_test_init(struct kunit *test)
{
	struct scst_cdb_fixture *fix = kunit_kzalloc(test, sizeof(*fix), GFP_KERNEL);

	if (!fix)
		return -ENOMEM;
	fix->dev = kunit_kzalloc(test, sizeof(*fix->dev), GFP_KERNEL);
	fix->tgt = kunit_kzalloc(test, sizeof(*fix->tgt), GFP_KERNEL);
	fix->sess = kunit_kzalloc(test, sizeof(*fix->sess), GFP_KERNEL);
	if (!fix->dev || !fix->tgt || !fix->sess)
		return -ENOMEM;
	fix->tgt->ops = &fix->ops;
	fix->sess->tgt = fix->tgt;
	fix->dev->handler = &scst_test_handler;
	fix->dev->kind = scst_kind_find(TYPE_DISK);
	fix->dev->params.block_size = SCST_TEST_BLOCK;
	fix->dev->params.nblocks = 1000;
	fix->dev->params.max_transfer = SZ_16M;
	fix->dev->mode.wce = true;
	prandom_seed_state(&fix->rnd, SCST_TEST_SEED);
	test->priv = fix;
	return 0;
}

/* A new command whose CDB has only operation code and service action */
static struct scst_cmd *scst_cdb_test_cmd(struct kunit *test, u8 opcode, u16 sa, u8 cdb_len)
{
	struct scst_cdb_fixture *fix = test->priv;

	memset(fix->cdb, 0, sizeof(fix->cdb));
	fix->cdb[0] = opcode;
	if (sa != NO_SA)
		fix->cdb[1] = sa;
	scst_cmd_init(&fix->cmd, fix->sess);
	fix->cmd.dev = fix->dev;
	fix->cmd.cdb = fix->cdb;
	fix->cmd.cdb_len = cdb_len;
	fix->cmd.expected_dir = SCST_DIR_UNKNOWN;
	return &fix->cmd;
}

static u8 *scst_cdb_test_cdb(struct kunit *test)
{
	struct scst_cdb_fixture *fix = test->priv;

	return fix->cdb;
}

static u64 scst_cdb_test_random(struct kunit *test, unsigned int bits)
{
	struct scst_cdb_fixture *fix = test->priv;
	u64 value = (u64)prandom_u32_state(&fix->rnd) << 32;

	value |= prandom_u32_state(&fix->rnd);
	return bits ? value >> (64 - bits) : 0;
}

/* Write a number whose last byte is byte @last. */
static void scst_cdb_test_put(u8 *cdb, unsigned int last, u64 value)
{
	for (; value; value >>= 8)
		cdb[last--] |= value & 0xff;
}

static void scst_expect_refusal(struct kunit *test, struct scst_cmd *cmd, scst_sense_t sense)
{
	KUNIT_EXPECT_EQ(test, scst_cdb_decode(cmd), SCST_STAGE_COMPLETE);
	KUNIT_EXPECT_EQ(test, cmd->status, SAM_STAT_CHECK_CONDITION);
	KUNIT_EXPECT_EQ(test, cmd->sense[2], scst_sense_key(sense));
	KUNIT_EXPECT_EQ(test, cmd->sense[12], scst_sense_asc(sense));
	KUNIT_EXPECT_EQ(test, cmd->sense[13], scst_sense_ascq(sense));
}

static void scst_expect_pointer(struct kunit *test, const struct scst_cmd *cmd,
				unsigned int byte, unsigned int bit)
{
	KUNIT_EXPECT_EQ(test, cmd->sense[15], 0xc8 | bit);
	KUNIT_EXPECT_EQ(test, cmd->sense[16], 0);
	KUNIT_EXPECT_EQ(test, cmd->sense[17], byte);
}

/* --- the table */

static const struct scst_opcode *
scst_cdb_test_find(struct kunit *test, const struct scst_kind *kind,
		   const struct scst_test_row *row)
{
	const struct scst_cmd *cmd;
	bool known;

	cmd = scst_cdb_test_cmd(test, row->opcode, row->sa, row->cdb_len);
	return scst_kind_opcode(kind, cmd->cdb, cmd->cdb_len, &known);
}

static void scst_cdb_test_field(struct kunit *test, const struct scst_opcode *op,
				const struct scst_cdb_field *field,
				unsigned int bits, unsigned int last)
{
	unsigned int i;

	KUNIT_EXPECT_EQ_MSG(test, field->len, DIV_ROUND_UP(bits, 8), "%s", op->name);
	if (!bits)
		return;
	KUNIT_EXPECT_EQ_MSG(test, field->byte + field->len - 1, last, "%s", op->name);
	KUNIT_EXPECT_EQ_MSG(test, field->mask, bits % 8 ? BIT(bits % 8) - 1 : 0, "%s", op->name);
	/* Every bit of a field is used. */
	for (i = 0; i < field->len; i++) {
		u8 mask = !i && field->mask ? field->mask : 0xff;

		KUNIT_EXPECT_EQ_MSG(test, op->usage[field->byte + i] & mask, mask, "%s byte %u",
				    op->name, field->byte + i);
	}
}

static void scst_cdb_test_rows(struct kunit *test, const struct scst_kind *kind,
			       const struct scst_test_row *rows, unsigned int count)
{
	unsigned int i;

	for (i = 0; i < count; i++) {
		const struct scst_test_row *row = &rows[i];
		const struct scst_opcode *op = scst_cdb_test_find(test, kind, row);

		KUNIT_ASSERT_NOT_NULL_MSG(test, op, "%02xh", row->opcode);
		KUNIT_EXPECT_EQ(test, op->opcode, row->opcode);
		KUNIT_EXPECT_EQ(test, op->sa, row->sa);
		KUNIT_EXPECT_EQ(test, op->cdb_len, row->cdb_len);
		KUNIT_EXPECT_EQ(test, op->fixed_len, row->fixed);
		scst_cdb_test_field(test, op, &op->lba, row->lba_bits, row->lba);
		scst_cdb_test_field(test, op, &op->xfer, row->len_bits, row->len);
	}
}

/* A row that is added to the core needs a row of the standard here. */
static void scst_cdb_test_table(struct kunit *test)
{
	const struct scst_kind *kind = scst_kind_find(TYPE_DISK);

	KUNIT_EXPECT_EQ(test, kind->count, ARRAY_SIZE(scst_test_rows));
	scst_cdb_test_rows(test, kind, scst_test_rows, ARRAY_SIZE(scst_test_rows));
}

static void scst_cdb_test_mmc_table(struct kunit *test)
{
	const struct scst_kind *kind = scst_kind_find(TYPE_ROM);

	KUNIT_EXPECT_EQ(test, kind->count, SCST_TEST_SPC_ROWS + ARRAY_SIZE(scst_test_mmc_rows));
	scst_cdb_test_rows(test, kind, scst_test_rows, SCST_TEST_SPC_ROWS);
	scst_cdb_test_rows(test, kind, scst_test_mmc_rows, ARRAY_SIZE(scst_test_mmc_rows));
}

/* SAM-5 5.2, for all CDBs: the group code gives the length, and CONTROL is the last byte. */
static void scst_cdb_test_groups(struct kunit *test)
{
	const struct scst_kind *kind = scst_kind_find(TYPE_DISK);
	static const u8 lens[8] = { 6, 10, 10, 0, 16, 12, 0, 0 };
	unsigned int i, byte;

	for (i = 0; i < kind->count; i++) {
		const struct scst_opcode *op = kind->rows[i];

		KUNIT_EXPECT_EQ_MSG(test, op->cdb_len, lens[op->opcode >> 5], "%s", op->name);
		KUNIT_EXPECT_EQ_MSG(test, op->usage[0], 0xff, "%s", op->name);
		for (byte = op->cdb_len - 1; byte < SCST_OPCODE_MAX_LEN; byte++)
			KUNIT_EXPECT_EQ_MSG(test, op->usage[byte], 0, "%s", op->name);
	}
}

static void scst_cdb_test_rows_agree(struct kunit *test)
{
	const struct scst_kind *kind = scst_kind_find(TYPE_DISK);
	unsigned int i;

	for (i = 0; i < kind->count; i++) {
		const struct scst_opcode *op = kind->rows[i];
		bool medium = op->io != SCST_IO_NONE;
		bool writes = op->flags & SCST_OPF_WRITES;
		bool thin = op->flags & (SCST_OPF_THIN | SCST_OPF_SAME);
		bool atomic = op->flags & SCST_OPF_ATOMIC;

		KUNIT_EXPECT_EQ_MSG(test, medium, op->lba.len != 0, "%s", op->name);
		KUNIT_EXPECT_EQ_MSG(test, writes, op->io == SCST_IO_WRITE || thin || atomic, "%s",
				    op->name);
		KUNIT_EXPECT_TRUE_MSG(test, op->exec || op->exec_sleeping || medium, "%s",
				      op->name);
		if (op->sa != NO_SA)
			KUNIT_EXPECT_EQ_MSG(test, op->usage[op->sa_byte] & 0x1f,
					    0x1f, "%s", op->name);
		if (op->flags & SCST_OPF_FUA)
			KUNIT_EXPECT_TRUE_MSG(test, op->usage[1] & 0x08, "%s", op->name);
		if (op->flags & SCST_OPF_BYTCHK)
			KUNIT_EXPECT_EQ_MSG(test, op->usage[1] & 0x06, 0x06, "%s", op->name);
	}
}

static void scst_cdb_test_order(struct kunit *test)
{
	const struct scst_kind *kind = scst_kind_find(TYPE_DISK);
	unsigned int i;

	for (i = 1; i < kind->count; i++) {
		const struct scst_opcode *a = kind->rows[i - 1];
		const struct scst_opcode *b = kind->rows[i];

		KUNIT_EXPECT_LT_MSG(test, a->opcode << 16 | a->sa, b->opcode << 16 | b->sa,
				    "%s, %s", a->name, b->name);
	}
}

/* The index finds every row, and reports operation codes without a row as unknown. */
static void scst_cdb_test_index(struct kunit *test)
{
	const struct scst_kind *kind = scst_kind_find(TYPE_DISK);
	unsigned int opcode, i;

	for (opcode = 0; opcode < 256; opcode++) {
		u8 cdb[SCST_OPCODE_MAX_LEN] = { opcode, 0xe0 };
		bool known, expected = false;

		for (i = 0; i < kind->count; i++) {
			const struct scst_opcode *op = kind->rows[i];

			if (op->opcode != opcode)
				continue;
			expected = true;
			if (op->sa != NO_SA)
				cdb[op->sa_byte] = 0xe0 | op->sa;
			KUNIT_EXPECT_PTR_EQ(test, op,
					    scst_kind_opcode(kind, cdb, sizeof(cdb),
							     &known));
		}
		scst_kind_opcode(kind, cdb, sizeof(cdb), &known);
		KUNIT_EXPECT_EQ_MSG(test, known, expected, "%02xh", opcode);
	}
}

static void scst_cdb_test_types(struct kunit *test)
{
	static const u8 inquiry[] = { 0x12 }, read_10[] = { 0x28 };
	const struct scst_kind *tape = scst_kind_find(TYPE_TAPE);
	bool known;

	KUNIT_EXPECT_NOT_NULL(test, scst_kind_opcode(tape, inquiry, 1, &known));
	KUNIT_EXPECT_NULL(test, scst_kind_opcode(tape, read_10, 1, &known));
	KUNIT_EXPECT_FALSE(test, known);
}

/* The pages of each type follow those of all types, in ascending order. */
static void scst_cdb_test_pages(struct kunit *test)
{
	unsigned int type, i;

	for (type = 0; type < 0x20; type++) {
		const struct scst_kind *kind = scst_kind_find(type);
		int vpd = 0x87, mode = -1, log = 0x00ff;

		if (!kind)
			continue;
		for (i = 0; i < kind->vpd_count; vpd = kind->vpd[i++].code)
			KUNIT_EXPECT_GT(test, kind->vpd[i].code, vpd);
		for (i = 0; i < kind->mode_count; mode = kind->mode[i++].image[0])
			KUNIT_EXPECT_GT(test, kind->mode[i].image[0], mode);
		for (i = 0; i < kind->log_count; i++) {
			int code = kind->log[i].code << 8 | kind->log[i].subpage;

			KUNIT_EXPECT_GT(test, code, log);
			log = code;
		}
	}
}

/* --- decoding */

static u32 scst_cdb_test_bytes(const struct scst_test_row *row, u64 len)
{
	switch (row->unit) {
	case BYTES_IN:
	case BYTES_OUT:
		return row->len_bits ? len : row->fixed;
	case BLOCKS_IN:
	case BLOCKS_OUT:
		return len * SCST_TEST_BLOCK;
	case ONE_BLOCK:
		return SCST_TEST_BLOCK;
	case BLOCKS_TWICE:
		return 2 * len * SCST_TEST_BLOCK;
	}
	return 0;
}

static u8 scst_cdb_test_dir(const struct scst_test_row *row, u32 bytes)
{
	if (!bytes)
		return SCST_DIR_NONE;
	return row->unit == BYTES_IN || row->unit == BLOCKS_IN ? SCST_DIR_IN :
								 SCST_DIR_OUT;
}

static bool scst_cdb_test_in_blocks(const struct scst_test_row *row)
{
	return row->unit == BLOCKS_IN || row->unit == BLOCKS_OUT || row->unit == BLOCKS_TWICE ||
	       row->unit == RANGE || row->unit == ONE_BLOCK;
}

static void scst_cdb_test_decode_one(struct kunit *test, const struct scst_test_row *row, u64 lba,
				     u64 len)
{
	struct scst_cmd *cmd = scst_cdb_test_cmd(test, row->opcode, row->sa, row->cdb_len);
	u8 *cdb = scst_cdb_test_cdb(test);
	u32 bytes;

	if (row->unit == ONE_BLOCK)
		len = max_t(u64, len, 1);
	scst_cdb_test_put(cdb, row->lba, lba);
	scst_cdb_test_put(cdb, row->len, len);
	if (!len && row->cdb_len == 6 && row->lba_bits)
		len = 256;
	bytes = scst_cdb_test_bytes(row, len);

	KUNIT_ASSERT_EQ_MSG(test, scst_cdb_decode(cmd), SCST_STAGE_ADMIT, "%02xh %*phN",
			    row->opcode, row->cdb_len, cdb);
	KUNIT_EXPECT_EQ(test, cmd->op->opcode, row->opcode);
	KUNIT_EXPECT_EQ(test, cmd->lba, lba);
	if (scst_cdb_test_in_blocks(row))
		KUNIT_EXPECT_EQ_MSG(test, cmd->nblocks, len, "%s", cmd->op->name);
	KUNIT_EXPECT_EQ_MSG(test, cmd->cdb_data_len, bytes, "%s", cmd->op->name);
	KUNIT_EXPECT_EQ_MSG(test, cmd->dir, scst_cdb_test_dir(row, bytes), "%s", cmd->op->name);
	KUNIT_EXPECT_LE(test, cmd->data_len, bytes);
	KUNIT_EXPECT_EQ(test, cmd->status, SAM_STAT_GOOD);
}

static void scst_cdb_test_decode(struct kunit *test)
{
	unsigned int i, round;

	for (i = 0; i < ARRAY_SIZE(scst_test_rows); i++) {
		const struct scst_test_row *row = &scst_test_rows[i];
		/*
		 * The bytes of 22 bits of blocks fit in a u32, and parameter lists of 16 bits of
		 * bytes are accepted.
		 */
		unsigned int bits = min_t(unsigned int, row->len_bits,
					  row->unit == ONE_BLOCK ? 16 :
					  scst_cdb_test_in_blocks(row) ? 22 :
					  row->unit == BYTES_OUT ? 16 : 32);

		scst_cdb_test_decode_one(test, row, 0, 0);
		for (round = 0; round < SCST_TEST_ROUNDS; round++)
			scst_cdb_test_decode_one(test, row,
						 scst_cdb_test_random(test, row->lba_bits),
						 scst_cdb_test_random(test, bits));
	}
}

/* A transfer of more than U32_MAX bytes is refused, without wrap-around to a small one. */
static void scst_cdb_test_decode_huge(struct kunit *test)
{
	struct scst_cmd *cmd = scst_cdb_test_cmd(test, 0x88, NO_SA, 16);

	scst_cdb_test_put(scst_cdb_test_cdb(test), 13, (1ULL << 32) / SCST_TEST_BLOCK);
	scst_expect_refusal(test, cmd, SCST_SENSE_INVALID_CDB_FIELD);
	KUNIT_EXPECT_EQ(test, cmd->sense[17], 10);
}

/* A parameter list that is longer than the limit is refused. */
static void scst_cdb_test_long_list(struct kunit *test)
{
	static const u32 lens[] = { SZ_64K + 1, SZ_1M, U32_MAX };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(lens); i++) {
		struct scst_cmd *cmd = scst_cdb_test_cmd(test, 0x5f, 0x00, 10);

		scst_cdb_test_put(scst_cdb_test_cdb(test), 8, lens[i]);
		scst_expect_refusal(test, cmd, SCST_SENSE_PARAM_LIST_LENGTH);
		scst_expect_pointer(test, cmd, 5, 7);
	}
}

static void scst_cdb_test_unknown(struct kunit *test)
{
	unsigned int opcode, i;

	for (opcode = 0; opcode < 256; opcode++) {
		for (i = 0; i < ARRAY_SIZE(scst_test_rows); i++)
			if (scst_test_rows[i].opcode == opcode)
				break;
		if (i == ARRAY_SIZE(scst_test_rows))
			scst_expect_refusal(test, scst_cdb_test_cmd(test, opcode, NO_SA, 16),
					    SCST_SENSE_INVALID_OPCODE);
	}
}

static void scst_cdb_test_service_actions(struct kunit *test)
{
	static const u8 opcodes[] = { 0x5e, 0x5f, 0x9e, 0xa3 };
	unsigned int i, sa;

	for (i = 0; i < ARRAY_SIZE(opcodes); i++) {
		for (sa = 0; sa < 32; sa++) {
			struct scst_cmd *cmd;

			cmd = scst_cdb_test_cmd(test, opcodes[i], sa, 16);
			if (scst_cdb_decode(cmd) == SCST_STAGE_ADMIT) {
				KUNIT_EXPECT_EQ(test, cmd->op->sa, sa);
				continue;
			}
			KUNIT_EXPECT_EQ(test, cmd->sense[12], 0x24);
			scst_expect_pointer(test, cmd, 1, 4);
		}
	}
}

/* NACA is valid in the CONTROL byte of all commands. */
static u8 scst_test_usage(const struct scst_opcode *op, unsigned int byte)
{
	return byte == op->cdb_len - 1 ? SCST_CONTROL_NACA : op->usage[byte];
}

/* Every bit that a row does not use is refused, with a field pointer to it. */
static void scst_cdb_test_reserved_bits(struct kunit *test)
{
	const struct scst_kind *kind = scst_kind_find(TYPE_DISK);
	unsigned int i, byte, bit;

	for (i = 0; i < kind->count; i++) {
		const struct scst_opcode *op = kind->rows[i];

		for (byte = 1; byte < op->cdb_len; byte++) {
			for (bit = 0; bit < 8; bit++) {
				struct scst_cmd *cmd;

				if (scst_test_usage(op, byte) & BIT(bit))
					continue;
				cmd = scst_cdb_test_cmd(test, op->opcode, op->sa, op->cdb_len);
				scst_cdb_test_cdb(test)[byte] |= BIT(bit);
				scst_expect_refusal(test, cmd, SCST_SENSE_INVALID_CDB_FIELD);
				scst_expect_pointer(test, cmd, byte, bit);
			}
		}
	}
}

/* A CDB that is too short is refused, and bytes behind it are not read. */
static void scst_cdb_test_short(struct kunit *test)
{
	struct scst_cmd *cmd = scst_cdb_test_cmd(test, 0x28, NO_SA, 6);

	scst_expect_refusal(test, cmd, SCST_SENSE_INVALID_CDB_FIELD);
	cmd = scst_cdb_test_cmd(test, 0x9e, 0x10, 1);
	scst_expect_refusal(test, cmd, SCST_SENSE_INVALID_CDB_FIELD);
}

static void scst_cdb_test_bytchk(struct kunit *test)
{
	static const struct {
		u8 opcode, cdb_len, len, bytchk;
		bool ok;
		u8 io, io_next;
		u32 blocks;
	} cases[] = {
		{ 0x2f, 10, 8, 0, true, SCST_IO_VERIFY, SCST_IO_NONE, 0 },
		{ 0x2f, 10, 8, 1, true, SCST_IO_COMPARE, SCST_IO_NONE, 7 },
		{ 0x2f, 10, 8, 2, false },
		{ 0x2f, 10, 8, 3, true, SCST_IO_COMPARE, SCST_IO_NONE, 1 },
		{ 0xaf, 12, 9, 3, true, SCST_IO_COMPARE, SCST_IO_NONE, 1 },
		{ 0x8f, 16, 13, 1, true, SCST_IO_COMPARE, SCST_IO_NONE, 7 },
		{ 0x2e, 10, 8, 0, true, SCST_IO_WRITE, SCST_IO_VERIFY, 7 },
		{ 0x2e, 10, 8, 1, true, SCST_IO_WRITE, SCST_IO_COMPARE, 7 },
		{ 0x2e, 10, 8, 2, false },
		{ 0xae, 12, 9, 3, false },
		{ 0x8e, 16, 13, 1, true, SCST_IO_WRITE, SCST_IO_COMPARE, 7 },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		struct scst_cmd *cmd = scst_cdb_test_cmd(test, cases[i].opcode,
							 NO_SA, cases[i].cdb_len);

		scst_cdb_test_cdb(test)[1] = cases[i].bytchk << 1;
		scst_cdb_test_cdb(test)[cases[i].len] = 7;
		if (!cases[i].ok) {
			scst_expect_refusal(test, cmd, SCST_SENSE_INVALID_CDB_FIELD);
			scst_expect_pointer(test, cmd, 1, 2);
			continue;
		}
		KUNIT_EXPECT_EQ(test, scst_cdb_decode(cmd), SCST_STAGE_ADMIT);
		KUNIT_EXPECT_EQ(test, cmd->io, cases[i].io);
		KUNIT_EXPECT_EQ(test, cmd->io_next, cases[i].io_next);
		KUNIT_EXPECT_EQ(test, cmd->nblocks, 7);
		KUNIT_EXPECT_EQ(test, cmd->cdb_data_len, cases[i].blocks * SCST_TEST_BLOCK);
	}
}

static struct scst_cmd *scst_cdb_test_same_cmd(struct kunit *test, u8 byte1, u64 blocks)
{
	struct scst_cmd *cmd = scst_cdb_test_cmd(test, 0x93, NO_SA, 16);

	scst_cdb_test_cdb(test)[1] = byte1;
	scst_cdb_test_put(scst_cdb_test_cdb(test), 13, blocks);
	return cmd;
}

/* WRITE SAME: the number of blocks has limits, and NDOB means no data. */
static void scst_cdb_test_same(struct kunit *test)
{
	static const u64 wrong[] = { 0, 65536, U32_MAX };
	struct scst_cmd *cmd;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(wrong); i++) {
		cmd = scst_cdb_test_same_cmd(test, 0, wrong[i]);
		scst_expect_refusal(test, cmd, SCST_SENSE_INVALID_CDB_FIELD);
		scst_expect_pointer(test, cmd, 10, 7);
	}
	cmd = scst_cdb_test_same_cmd(test, 0, 65535);
	KUNIT_EXPECT_EQ(test, scst_cdb_decode(cmd), SCST_STAGE_ADMIT);
	cmd = scst_cdb_test_same_cmd(test, 0x01, 7);
	KUNIT_EXPECT_EQ(test, scst_cdb_decode(cmd), SCST_STAGE_ADMIT);
	KUNIT_EXPECT_EQ(test, cmd->cdb_data_len, 0);
	KUNIT_EXPECT_EQ(test, cmd->dir, SCST_DIR_NONE);
	KUNIT_EXPECT_EQ(test, cmd->nblocks, 7);
}

/* What a fully provisioned disk does not have */
static void scst_cdb_test_thin(struct kunit *test)
{
	struct scst_cdb_fixture *fix = test->priv;
	struct scst_cmd *cmd;

	fix->dev->state = SCST_DEV_ACTIVE;
	scst_expect_refusal(test, scst_cdb_test_cmd(test, 0x42, NO_SA, 10),
			    SCST_SENSE_INVALID_OPCODE);
	cmd = scst_cdb_test_same_cmd(test, 0x08, 1);
	scst_expect_refusal(test, cmd, SCST_SENSE_INVALID_CDB_FIELD);
	scst_expect_pointer(test, cmd, 1, 3);
	fix->dev->params.thin = true;
	cmd = scst_cdb_test_cmd(test, 0x42, NO_SA, 10);
	KUNIT_EXPECT_EQ(test, scst_cdb_decode(cmd), SCST_STAGE_ADMIT);
	cmd = scst_cdb_test_same_cmd(test, 0x08, 1);
	KUNIT_EXPECT_EQ(test, scst_cdb_decode(cmd), SCST_STAGE_ADMIT);
}

static void scst_cdb_test_fua(struct kunit *test)
{
	struct scst_cdb_fixture *fix = test->priv;
	struct scst_cmd *cmd = scst_cdb_test_cmd(test, 0x2a, NO_SA, 10);

	KUNIT_EXPECT_EQ(test, scst_cdb_decode(cmd), SCST_STAGE_ADMIT);
	KUNIT_EXPECT_FALSE(test, cmd->fua);

	cmd = scst_cdb_test_cmd(test, 0x2a, NO_SA, 10);
	fix->cdb[1] = 0x08;
	KUNIT_EXPECT_EQ(test, scst_cdb_decode(cmd), SCST_STAGE_ADMIT);
	KUNIT_EXPECT_TRUE(test, cmd->fua);

	/* The medium is verified, not the cache. */
	cmd = scst_cdb_test_cmd(test, 0x2e, NO_SA, 10);
	KUNIT_EXPECT_EQ(test, scst_cdb_decode(cmd), SCST_STAGE_ADMIT);
	KUNIT_EXPECT_TRUE(test, cmd->fua);

	/* Without a write cache every write is durable, WRITE(6) too. */
	fix->dev->mode.wce = false;
	cmd = scst_cdb_test_cmd(test, 0x0a, NO_SA, 6);
	KUNIT_EXPECT_EQ(test, scst_cdb_decode(cmd), SCST_STAGE_ADMIT);
	KUNIT_EXPECT_TRUE(test, cmd->fua);
}

/* --- ranges, residuals */

static void scst_cdb_test_range(struct kunit *test)
{
	static const struct {
		u64 capacity, lba;
		u32 blocks;
		scst_sense_t sense;
	} cases[] = {
		{ 1000, 0, 1000, SCST_SENSE_NONE },
		{ 1000, 999, 1, SCST_SENSE_NONE },
		{ 1000, 1000, 0, SCST_SENSE_NONE },
		{ 1000, 1001, 0, SCST_SENSE_LBA_OUT_OF_RANGE },
		{ 1000, 1000, 1, SCST_SENSE_LBA_OUT_OF_RANGE },
		{ 1000, 999, 2, SCST_SENSE_LBA_OUT_OF_RANGE },
		{ 1000, U64_MAX, 2, SCST_SENSE_LBA_OUT_OF_RANGE },
		{ U64_MAX, U64_MAX - 1, 1, SCST_SENSE_NONE },
		{ U64_MAX, U64_MAX - 1, 2, SCST_SENSE_LBA_OUT_OF_RANGE },
		{ U64_MAX, U64_MAX, 1, SCST_SENSE_LBA_OUT_OF_RANGE },
		{ U64_MAX, 0, 2000, SCST_SENSE_NONE },
		{ U64_MAX, 0, 2001, SCST_SENSE_INVALID_CDB_FIELD },
	};
	struct scst_cdb_fixture *fix = test->priv;
	unsigned int i;

	fix->dev->params.max_transfer = 2000 * SCST_TEST_BLOCK;
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		struct scst_cmd *cmd = scst_cdb_test_cmd(test, 0x88, NO_SA, 16);

		fix->dev->params.nblocks = cases[i].capacity;
		scst_cdb_test_put(fix->cdb, 9, cases[i].lba);
		scst_cdb_test_put(fix->cdb, 13, cases[i].blocks);
		KUNIT_ASSERT_TRUE(test, scst_cdb_decode(cmd));
		KUNIT_EXPECT_EQ_MSG(test, (__force u32)scst_sbc_check_range(cmd),
				    (__force u32)cases[i].sense, "case %u", i);
	}
}

/* COMPARE AND WRITE is refused beyond its own limit, and needs all of its Data-Out. */
static void scst_cdb_test_compare(struct kunit *test)
{
	struct scst_cdb_fixture *fix = test->priv;
	struct scst_cmd *cmd = scst_cdb_test_cmd(test, 0x89, NO_SA, 16);

	fix->dev->params.block_size = SZ_4K;
	fix->cdb[13] = 33;
	scst_expect_refusal(test, cmd, SCST_SENSE_INVALID_CDB_FIELD);
	scst_expect_pointer(test, cmd, 13, 7);

	cmd = scst_cdb_test_cmd(test, 0x89, NO_SA, 16);
	fix->cdb[13] = 32;
	cmd->expected_dir = SCST_DIR_OUT;
	cmd->expected_len = SZ_256K;
	KUNIT_EXPECT_EQ(test, scst_cdb_decode(cmd), SCST_STAGE_ADMIT);
	KUNIT_EXPECT_EQ(test, cmd->data_len, SZ_256K);

	fix->ops.reports_overflow = true;
	cmd = scst_cdb_test_cmd(test, 0x89, NO_SA, 16);
	fix->cdb[13] = 32;
	cmd->expected_dir = SCST_DIR_OUT;
	cmd->expected_len = SZ_128K;
	scst_expect_refusal(test, cmd, SCST_SENSE_INVALID_IU_FIELD);
}

static void scst_cdb_test_residual(struct kunit *test)
{
	struct scst_cmd *cmd = scst_cdb_test_cmd(test, 0x28, NO_SA, 10);

	/* Underflow: 1024 bytes are announced for a block of 512. */
	scst_cdb_test_cdb(test)[8] = 1;
	cmd->expected_dir = SCST_DIR_IN;
	cmd->expected_len = 1024;
	KUNIT_ASSERT_TRUE(test, scst_cdb_decode(cmd));
	KUNIT_EXPECT_EQ(test, cmd->data_len, 512);
	KUNIT_EXPECT_EQ(test, scst_cmd_residual(cmd), 512);

	/* Overflow: Data-In is cut to the announced length. */
	cmd = scst_cdb_test_cmd(test, 0x28, NO_SA, 10);
	scst_cdb_test_cdb(test)[8] = 3;
	cmd->expected_dir = SCST_DIR_IN;
	cmd->expected_len = 1024;
	KUNIT_ASSERT_TRUE(test, scst_cdb_decode(cmd));
	KUNIT_EXPECT_EQ(test, cmd->data_len, 1024);
	KUNIT_EXPECT_EQ(test, scst_cmd_residual(cmd), -512);

	/* The largest numbers there are */
	cmd->expected_len = U32_MAX;
	cmd->cdb_data_len = 0;
	KUNIT_EXPECT_EQ(test, scst_cmd_residual(cmd), (s64)U32_MAX);
	cmd->expected_len = 0;
	cmd->cdb_data_len = U32_MAX;
	KUNIT_EXPECT_EQ(test, scst_cmd_residual(cmd), -(s64)U32_MAX);
	cmd->expected_dir = SCST_DIR_UNKNOWN;
	KUNIT_EXPECT_EQ(test, scst_cmd_residual(cmd), 0);
}

/* If both directions are announced, the CDB uses its own. The other length is kept. */
static void scst_cdb_test_both(struct kunit *test)
{
	static const struct {
		u8 opcode;
		u8 blocks;
		u8 dir;
		u32 expected_len;
		u32 data_len;
	} cases[] = {
		{ 0x28, 1, SCST_DIR_IN, 1024, 512 },
		{ 0x28, 4, SCST_DIR_IN, 1024, 1024 },
		{ 0x2a, 1, SCST_DIR_OUT, 4096, 512 },
		{ 0x35, 0, SCST_DIR_OUT, 4096, 0 },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		struct scst_cmd *cmd = scst_cdb_test_cmd(test, cases[i].opcode, NO_SA, 10);

		scst_cdb_test_cdb(test)[8] = cases[i].blocks;
		cmd->expected_dir = SCST_DIR_BOTH;
		cmd->expected_len = 4096;
		cmd->expected_other = 1024;
		KUNIT_ASSERT_TRUE(test, scst_cdb_decode(cmd));
		KUNIT_EXPECT_EQ_MSG(test, cmd->expected_dir, cases[i].dir, "case %u", i);
		KUNIT_EXPECT_EQ_MSG(test, cmd->expected_len, cases[i].expected_len, "case %u", i);
		KUNIT_EXPECT_EQ_MSG(test, cmd->expected_other, 5120 - cases[i].expected_len,
				    "case %u", i);
		KUNIT_EXPECT_EQ_MSG(test, cmd->data_len, cases[i].data_len, "case %u", i);
	}
}

/* Announced data that does not agree with the CDB is refused without overflow reports. */
static void scst_cdb_test_announced(struct kunit *test)
{
	struct scst_cmd *cmd = scst_cdb_test_cmd(test, 0x28, NO_SA, 10);

	scst_cdb_test_cdb(test)[8] = 1;
	cmd->expected_dir = SCST_DIR_OUT;
	cmd->expected_len = 512;
	scst_expect_refusal(test, cmd, SCST_SENSE_INVALID_IU_FIELD);

	cmd = scst_cdb_test_cmd(test, 0x2a, NO_SA, 10);
	scst_cdb_test_cdb(test)[8] = 2;
	cmd->expected_dir = SCST_DIR_OUT;
	cmd->expected_len = 512;
	scst_expect_refusal(test, cmd, SCST_SENSE_INVALID_IU_FIELD);
}

/* With overflow reports, a command is executed as far as the announced data allows. */
static void scst_cdb_test_overflow(struct kunit *test)
{
	static const struct {
		u8 opcode, byte_1;
		u8 dir;
		u32 expected_len;
		bool refused;
		u64 nblocks;
		u32 data_len;
		s64 residual;
	} cases[] = {
		{ 0x2a, 0, SCST_DIR_OUT, 512, false, 1, 512, -512 },
		{ 0x2a, 0, SCST_DIR_OUT, 700, true },
		{ 0x2a, 0, SCST_DIR_OUT, 200, true },
		{ 0x2a, 0, SCST_DIR_OUT, 0, false, 0, 0, -1024 },
		{ 0x2a, 0, SCST_DIR_IN, 1024, true },
		{ 0x2e, 2, SCST_DIR_OUT, 512, false, 1, 512, -512 },
		{ 0x2e, 2, SCST_DIR_OUT, 700, true },
		{ 0x2e, 0, SCST_DIR_OUT, 700, true },
		{ 0x2f, 2, SCST_DIR_OUT, 512, true },
		{ 0x28, 0, SCST_DIR_OUT, 4096, false, 2, 0, 4096 },
	};
	struct scst_cdb_fixture *fix = test->priv;
	unsigned int i;

	fix->ops.reports_overflow = true;
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		struct scst_cmd *cmd = scst_cdb_test_cmd(test, cases[i].opcode, NO_SA, 10);

		scst_cdb_test_cdb(test)[1] = cases[i].byte_1;
		scst_cdb_test_cdb(test)[8] = 2;
		cmd->expected_dir = cases[i].dir;
		cmd->expected_len = cases[i].expected_len;
		if (cases[i].refused) {
			scst_expect_refusal(test, cmd, SCST_SENSE_INVALID_IU_FIELD);
			continue;
		}
		KUNIT_ASSERT_EQ_MSG(test, scst_cdb_decode(cmd), SCST_STAGE_ADMIT, "case %u", i);
		KUNIT_EXPECT_EQ_MSG(test, cmd->nblocks, cases[i].nblocks, "case %u", i);
		KUNIT_EXPECT_EQ_MSG(test, cmd->data_len, cases[i].data_len, "case %u", i);
		KUNIT_EXPECT_EQ_MSG(test, scst_cmd_residual(cmd), cases[i].residual, "case %u", i);
	}
}

/* --- LUN formats */

static void scst_lun_test_decode(struct kunit *test)
{
	static const struct {
		struct scsi_lun lun;
		u32 number;
	} cases[] = {
		/* peripheral device addressing */
		{ { { 0x00, 0x00 } }, 0 },
		{ { { 0x00, 0xff } }, 255 },
		{ { { 0x01, 0x00 } }, SCST_LUN_INVALID },	/* bus 1 */
		/* flat space addressing */
		{ { { 0x40, 0x00 } }, 0 },
		{ { { 0x41, 0x00 } }, 256 },
		{ { { 0x7f, 0xff } }, 16383 },
		/* logical unit addressing: no second bus, no second target */
		{ { { 0x80, 0x00 } }, SCST_LUN_INVALID },
		{ { { 0xa1, 0x23 } }, SCST_LUN_INVALID },
		/* extended: well known logical units, long flat space, none */
		{ { { 0xc1, 0x01 } }, SCST_LUN_WELL_KNOWN },
		{ { { 0xc1, 0x02 } }, SCST_LUN_INVALID },
		{ { { 0xc1, 0x01, 0x01 } }, SCST_LUN_INVALID },
		{ { { 0xc1, 0x01, 0, 0, 0, 0, 0, 1 } }, SCST_LUN_INVALID },
		{ { { 0xd2, 0x00, 0x00, 0x05 } }, 5 },
		{ { { 0xd2, 0x00, 0x00, 0x05, 0x01 } }, SCST_LUN_INVALID },
		{ { { 0xff, 0xff, 0xff, 0xff } }, SCST_LUN_INVALID },
		/* a second level */
		{ { { 0x00, 0x01, 0x00, 0x01 } }, SCST_LUN_INVALID },
		{ { { 0x00, 0x01, 0, 0, 0, 0, 0, 1 } }, SCST_LUN_INVALID },
		{ { { 0x40, 0x01, 0, 0, 0x80 } }, SCST_LUN_INVALID },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++)
		KUNIT_EXPECT_EQ_MSG(test, scst_lun_decode(&cases[i].lun),
				    cases[i].number, "%8phN", &cases[i].lun);
}

static void scst_lun_test_round_trip(struct kunit *test)
{
	struct scsi_lun lun;
	u32 number;

	for (number = 0; number <= SCST_MAX_LUN; number++) {
		memset(&lun, 0xa5, sizeof(lun));
		scst_lun_encode(number, &lun);
		KUNIT_EXPECT_EQ(test, lun.scsi_lun[0] >> 6, number > 255);
		KUNIT_EXPECT_EQ(test, scst_lun_decode(&lun), number);
	}
}

static struct kunit_case scst_cdb_cases[] = {
	KUNIT_CASE(scst_cdb_test_table),
	KUNIT_CASE(scst_cdb_test_mmc_table),
	KUNIT_CASE(scst_cdb_test_groups),
	KUNIT_CASE(scst_cdb_test_rows_agree),
	KUNIT_CASE(scst_cdb_test_order),
	KUNIT_CASE(scst_cdb_test_index),
	KUNIT_CASE(scst_cdb_test_types),
	KUNIT_CASE(scst_cdb_test_pages),
	KUNIT_CASE(scst_cdb_test_decode),
	KUNIT_CASE(scst_cdb_test_decode_huge),
	KUNIT_CASE(scst_cdb_test_unknown),
	KUNIT_CASE(scst_cdb_test_service_actions),
	KUNIT_CASE(scst_cdb_test_reserved_bits),
	KUNIT_CASE(scst_cdb_test_short),
	KUNIT_CASE(scst_cdb_test_bytchk),
	KUNIT_CASE(scst_cdb_test_same),
	KUNIT_CASE(scst_cdb_test_thin),
	KUNIT_CASE(scst_cdb_test_fua),
	KUNIT_CASE(scst_cdb_test_range),
	KUNIT_CASE(scst_cdb_test_compare),
	KUNIT_CASE(scst_cdb_test_residual),
	KUNIT_CASE(scst_cdb_test_both),
	KUNIT_CASE(scst_cdb_test_announced),
	KUNIT_CASE(scst_cdb_test_long_list),
	KUNIT_CASE(scst_cdb_test_overflow),
	KUNIT_CASE(scst_lun_test_decode),
	KUNIT_CASE(scst_lun_test_round_trip),
	{}
};

static struct kunit_suite scst_cdb_suite = {
	.name = "scst_cdb",
	.init = scst_cdb_test_init,
	.test_cases = scst_cdb_cases,
};

kunit_test_suite(scst_cdb_suite);

MODULE_DESCRIPTION("KUnit tests of the generic SCSI target mid-level");
MODULE_IMPORT_NS("EXPORTED_FOR_KUNIT_TESTING");
MODULE_LICENSE("GPL");
