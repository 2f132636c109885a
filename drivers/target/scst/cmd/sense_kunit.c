// SPDX-License-Identifier: GPL-2.0
/*
 * Tests of sense data in both formats, byte by byte as in SPC-6 4.4.
 */
#include <kunit/test.h>

#include "cmd/cmd.h"

struct scst_sense_fixture {
	struct scst_device *dev;
	struct scst_cmd cmd;
};

static int scst_sense_test_init(struct kunit *test)
{
	struct scst_sense_fixture *fix = kunit_kzalloc(test, sizeof(*fix), GFP_KERNEL);

	if (!fix)
		return -ENOMEM;
	fix->dev = kunit_kzalloc(test, sizeof(*fix->dev), GFP_KERNEL);
	if (!fix->dev)
		return -ENOMEM;
	fix->cmd.dev = fix->dev;
	/* Bytes of an earlier command must not remain. */
	memset(fix->cmd.sense, 0xa5, sizeof(fix->cmd.sense));
	test->priv = fix;
	return 0;
}

static struct scst_cmd *scst_sense_test_cmd(struct kunit *test, bool desc)
{
	struct scst_sense_fixture *fix = test->priv;

	fix->dev->mode.d_sense = desc;
	return &fix->cmd;
}

/* Compares all sense bytes. Those after the last expected byte must be zero. */
static void scst_expect_sense(struct kunit *test, const struct scst_cmd *cmd,
			      const u8 *bytes, size_t n)
{
	u8 expected[SCST_SENSE_BUFFERSIZE] = {};

	memcpy(expected, bytes, n);
	KUNIT_EXPECT_EQ(test, cmd->status, SAM_STAT_CHECK_CONDITION);
	KUNIT_EXPECT_EQ(test, cmd->sense_len, expected[7] + 8);
	KUNIT_EXPECT_MEMEQ(test, cmd->sense, expected, sizeof(expected));
}

static void scst_sense_test_fixed(struct kunit *test)
{
	static const u8 expected[] = {
		0x70, 0, 0x03, 0, 0, 0, 0, 10, 0, 0, 0, 0, 0x11, 0x00,
	};
	struct scst_cmd *cmd = scst_sense_test_cmd(test, false);

	scst_cmd_set_sense(cmd, SCST_SENSE_READ_ERROR);
	scst_expect_sense(test, cmd, expected, sizeof(expected));
	KUNIT_EXPECT_EQ(test, cmd->sense_len, 18);
}

static void scst_sense_test_descriptor(struct kunit *test)
{
	static const u8 expected[] = { 0x72, 0x07, 0x27, 0x07 };
	struct scst_cmd *cmd = scst_sense_test_cmd(test, true);

	scst_cmd_set_sense(cmd, SCST_SENSE_SPACE_ALLOC_FAILED);
	scst_expect_sense(test, cmd, expected, sizeof(expected));
	KUNIT_EXPECT_EQ(test, cmd->sense_len, 8);
}

/* Without a device there is no control mode page: the format is fixed. */
static void scst_sense_test_no_device(struct kunit *test)
{
	struct scst_cmd *cmd = scst_sense_test_cmd(test, true);

	cmd->dev = NULL;
	scst_cmd_set_sense(cmd, SCST_SENSE_LUN_NOT_SUPPORTED);
	KUNIT_EXPECT_EQ(test, cmd->sense[0], 0x70);
	KUNIT_EXPECT_EQ(test, cmd->sense[12], 0x25);
}

static void scst_sense_test_info_fixed(struct kunit *test)
{
	static const u8 expected[] = {
		0xf0, 0, 0x0e, 0xfe, 0xdc, 0xba, 0x98, 10, 0, 0, 0, 0, 0x1d, 0,
	};
	struct scst_cmd *cmd = scst_sense_test_cmd(test, false);

	scst_cmd_set_sense_info(cmd, SCST_SENSE_MISCOMPARE_VERIFY, 0xfedcba98);
	scst_expect_sense(test, cmd, expected, sizeof(expected));
}

/* More than 32 bits do not fit: VALID stays zero. */
static void scst_sense_test_info_too_long(struct kunit *test)
{
	struct scst_cmd *cmd = scst_sense_test_cmd(test, false);

	scst_cmd_set_sense_info(cmd, SCST_SENSE_READ_ERROR, 1ULL << 32);
	KUNIT_EXPECT_EQ(test, cmd->sense[0], 0x70);
	KUNIT_EXPECT_EQ(test, cmd->sense_len, 18);
}

static void scst_sense_test_info_descriptor(struct kunit *test)
{
	static const u8 expected[] = {
		0x72, 0x03, 0x0c, 0x00, 0, 0, 0, 12,
		0x00, 10, 0x80, 0, 0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef,
	};
	struct scst_cmd *cmd = scst_sense_test_cmd(test, true);

	scst_cmd_set_sense_info(cmd, SCST_SENSE_WRITE_ERROR, 0x0123456789abcdefULL);
	scst_expect_sense(test, cmd, expected, sizeof(expected));
}

static void scst_sense_test_field_fixed(struct kunit *test)
{
	struct scst_cmd *cmd = scst_sense_test_cmd(test, false);

	scst_cmd_set_field_error(cmd, SCST_SENSE_INVALID_CDB_FIELD, 0x0102, 5);
	KUNIT_EXPECT_EQ(test, cmd->sense[2], ILLEGAL_REQUEST);
	KUNIT_EXPECT_EQ(test, cmd->sense[12], 0x24);
	/* SKSV, C/D, BPV, bit pointer; field pointer */
	KUNIT_EXPECT_EQ(test, cmd->sense[15], 0xc8 | 5);
	KUNIT_EXPECT_EQ(test, cmd->sense[16], 0x01);
	KUNIT_EXPECT_EQ(test, cmd->sense[17], 0x02);
	KUNIT_EXPECT_GE(test, cmd->sense_len, 18);
}

static void scst_sense_test_field_descriptor(struct kunit *test)
{
	static const u8 expected[] = {
		0x72, 0x05, 0x24, 0x00, 0, 0, 0, 8,
		0x02, 6, 0, 0, 0xc8 | 7, 0x01, 0x02, 0,
	};
	struct scst_cmd *cmd = scst_sense_test_cmd(test, true);

	scst_cmd_set_field_error(cmd, SCST_SENSE_INVALID_CDB_FIELD, 0x0102, 7);
	scst_expect_sense(test, cmd, expected, sizeof(expected));
}

/* The field may be in the parameter list, and the bit may be unknown. */
static void scst_sense_test_field_parameters(struct kunit *test)
{
	static const u8 expected[] = {
		0x72, 0x05, 0x26, 0x00, 0, 0, 0, 8,
		0x02, 6, 0, 0, 0x80, 0, 12, 0,
	};
	struct scst_cmd *cmd = scst_sense_test_cmd(test, true);

	scst_cmd_set_field_error(cmd, SCST_SENSE_INVALID_PARAM_FIELD, 12, -1);
	scst_expect_sense(test, cmd, expected, sizeof(expected));

	cmd = scst_sense_test_cmd(test, false);
	scst_cmd_set_field_error(cmd, SCST_SENSE_INVALID_PARAM_FIELD, 12, 0);
	KUNIT_EXPECT_EQ(test, cmd->sense[15], 0x88);
	KUNIT_EXPECT_EQ(test, cmd->sense[17], 12);
}

/* The caller selects the format, as REQUEST SENSE does with its DESC bit. */
static void scst_sense_test_build(struct kunit *test)
{
	u8 buf[SCST_SENSE_BUFFERSIZE];

	KUNIT_EXPECT_EQ(test, scst_sense_build(buf, false, SCST_SENSE_NONE), 18);
	KUNIT_EXPECT_EQ(test, buf[0], 0x70);
	KUNIT_EXPECT_EQ(test, buf[2] | buf[12] | buf[13], 0);
	KUNIT_EXPECT_EQ(test, scst_sense_build(buf, true, SCST_SENSE_NONE), 8);
	KUNIT_EXPECT_EQ(test, buf[0], 0x72);
}

static struct kunit_case scst_sense_cases[] = {
	KUNIT_CASE(scst_sense_test_fixed),
	KUNIT_CASE(scst_sense_test_descriptor),
	KUNIT_CASE(scst_sense_test_no_device),
	KUNIT_CASE(scst_sense_test_info_fixed),
	KUNIT_CASE(scst_sense_test_info_too_long),
	KUNIT_CASE(scst_sense_test_info_descriptor),
	KUNIT_CASE(scst_sense_test_field_fixed),
	KUNIT_CASE(scst_sense_test_field_descriptor),
	KUNIT_CASE(scst_sense_test_field_parameters),
	KUNIT_CASE(scst_sense_test_build),
	{}
};

static struct kunit_suite scst_sense_suite = {
	.name = "scst_sense",
	.init = scst_sense_test_init,
	.test_cases = scst_sense_cases,
};

kunit_test_suite(scst_sense_suite);
