// SPDX-License-Identifier: GPL-2.0
/*
 * Negotiation: the result of every key for every kind of value, against RFC 7143 13; and the text
 * of keys.
 */
#include <kunit/test.h>
#include <linux/minmax.h>
#include <linux/module.h>
#include <linux/prandom.h>

#include "iscst.h"

#define ISCST_TEST_SEED		0x15c51
#define ISCST_TEST_ROUNDS	2000

struct iscst_nego_fixture {
	struct iscst_conn *conn;
	struct iscst_login *login;
	struct iscst_text text;
};

static int iscst_nego_test_init(struct kunit *test)
{
	struct iscst_nego_fixture *fix = kunit_kzalloc(test, sizeof(*fix), GFP_KERNEL);

	if (!fix)
		return -ENOMEM;
	fix->conn = kunit_kzalloc(test, sizeof(*fix->conn), GFP_KERNEL);
	fix->login = kunit_kzalloc(test, sizeof(*fix->login), GFP_KERNEL);
	if (!fix->conn || !fix->login)
		return -ENOMEM;
	fix->conn->login = fix->login;
	test->priv = fix;
	return 0;
}

/* A log-in with a known initiator, before any negotiation */
static int iscst_nego_test_begin(struct iscst_nego_fixture *fix)
{
	memset(fix->login, 0, sizeof(*fix->login));
	fix->login->identified = true;
	iscst_limits_init(&fix->login->limits);
	iscst_params_init(&fix->conn->params);
	return iscst_text_init(&fix->text, ISCST_LOGIN_SEGMENT);
}

/* Offers pairs with a newline between them. Returns as iscst_nego_text(). */
static u16 iscst_nego_test_offer(struct iscst_nego_fixture *fix, const char *offer,
				 enum iscst_stage stage)
{
	struct iscst_text *text = &fix->text;

	text->req_len = strlen(offer) + 1;
	memcpy(text->req, offer, text->req_len);
	strreplace(text->req, '\n', '\0');
	return iscst_nego_text(fix->conn, text, stage);
}

/* The answer in the same form, in the negotiation's own memory */
static char *iscst_nego_test_answer(struct iscst_text *text)
{
	u32 i;

	if (!text->rsp_len)
		return "";
	for (i = 0; i < text->rsp_len - 1; i++)
		if (!text->rsp[i])
			text->rsp[i] = '\n';
	return text->rsp;
}

struct iscst_test_offer {
	const char *offer;
	const char *answer;
};

static void iscst_nego_test_offers(struct kunit *test, const struct iscst_test_offer *offers,
				   size_t count, enum iscst_stage stage, bool discovery)
{
	struct iscst_nego_fixture *fix = test->priv;
	size_t i;

	for (i = 0; i < count; i++) {
		KUNIT_ASSERT_EQ(test, iscst_nego_test_begin(fix), 0);
		fix->login->discovery = discovery;
		KUNIT_EXPECT_EQ_MSG(test, iscst_nego_test_offer(fix, offers[i].offer, stage), 0,
				    "%s", offers[i].offer);
		KUNIT_EXPECT_STREQ_MSG(test, iscst_nego_test_answer(&fix->text),
				       offers[i].answer, "%s", offers[i].offer);
		iscst_text_exit(&fix->text);
	}
}

static void iscst_nego_test_operational(struct kunit *test)
{
	static const struct iscst_test_offer offers[] = {
		{ "HeaderDigest=None", "HeaderDigest=None" },
		{ "HeaderDigest=CRC32C,None", "HeaderDigest=CRC32C" },
		{ "HeaderDigest=None,CRC32C", "HeaderDigest=None" },
		{ "DataDigest=X-org.example,CRC32C", "DataDigest=CRC32C" },
		{ "DataDigest=CRC32", "DataDigest=Reject" },
		{ "DataDigest=CRC32C2,None", "DataDigest=None" },
		{ "DataDigest=", "DataDigest=Reject" },
		{ "MaxConnections=1", "MaxConnections=1" },
		{ "MaxConnections=65535", "MaxConnections=1" },
		{ "MaxConnections=0", "MaxConnections=Reject" },
		{ "MaxConnections=65536", "MaxConnections=Reject" },
		{ "InitialR2T=Yes", "InitialR2T=Yes" },
		{ "InitialR2T=No", "InitialR2T=No" },
		{ "InitialR2T=Maybe", "InitialR2T=Reject" },
		{ "ImmediateData=Yes", "ImmediateData=Yes" },
		{ "ImmediateData=No", "ImmediateData=No" },
		{ "ImmediateData=YES", "ImmediateData=Reject" },
		{ "MaxRecvDataSegmentLength=512", "" },
		{ "MaxRecvDataSegmentLength=16777215", "" },
		{ "MaxRecvDataSegmentLength=511", "MaxRecvDataSegmentLength=Reject" },
		{ "MaxRecvDataSegmentLength=16777216", "MaxRecvDataSegmentLength=Reject" },
		{ "MaxBurstLength=0x200", "MaxBurstLength=512" },
		{ "MaxBurstLength=0XfffFFF", "MaxBurstLength=1048576" },
		{ "FirstBurstLength=512", "FirstBurstLength=512" },
		/* Never more than MaxBurstLength, whose default is 262144 */
		{ "FirstBurstLength=65536\nMaxBurstLength=65535",
		  "MaxBurstLength=65535\nFirstBurstLength=65535" },
		{ "MaxBurstLength=1024\nFirstBurstLength=16777215",
		  "MaxBurstLength=1024\nFirstBurstLength=1024" },
		{ "FirstBurstLength=16777215\nMaxBurstLength=0",
		  "MaxBurstLength=Reject\nFirstBurstLength=262144" },
		{ "FirstBurstLength=262145", "FirstBurstLength=262144" },
		{ "DefaultTime2Wait=0", "DefaultTime2Wait=2" },
		{ "DefaultTime2Wait=3600", "DefaultTime2Wait=3600" },
		{ "DefaultTime2Retain=3600", "DefaultTime2Retain=0" },
		{ "DefaultTime2Retain=3601", "DefaultTime2Retain=Reject" },
		{ "MaxOutstandingR2T=65535", "MaxOutstandingR2T=8" },
		{ "DataPDUInOrder=No", "DataPDUInOrder=Yes" },
		{ "DataSequenceInOrder=No", "DataSequenceInOrder=Yes" },
		{ "ErrorRecoveryLevel=2", "ErrorRecoveryLevel=0" },
		{ "ErrorRecoveryLevel=3", "ErrorRecoveryLevel=Reject" },
		{ "iSCSIProtocolLevel=31", "iSCSIProtocolLevel=2" },
		{ "iSCSIProtocolLevel=0", "iSCSIProtocolLevel=0" },
		{ "iSCSIProtocolLevel=32", "iSCSIProtocolLevel=Reject" },
		{ "TaskReporting=FastAbort,RFC3720", "TaskReporting=RFC3720" },
		{ "TaskReporting=FastAbort", "TaskReporting=Reject" },
		{ "IFMarker=Yes", "IFMarker=No" },
		{ "OFMarker=Yes", "OFMarker=No" },
		{ "InitiatorAlias=me", "" },
		{ "X-org.example.new=1", "X-org.example.new=NotUnderstood" },
		{ "maxburstlength=512", "maxburstlength=NotUnderstood" },
		{ "AuthMethod=None", "AuthMethod=Reject" },
		{ "SendTargets=All", "SendTargets=Reject" },
		{ "TargetName=iqn.2026-11.org.example:t", "TargetName=Reject" },
		{ "TargetAlias=you", "TargetAlias=Reject" },
		{ "MaxBurstLength=Irrelevant", "" },
		{ "TargetAlias=NotUnderstood", "" },
		{ "MaxRecvDataSegmentLength=512\nMaxRecvDataSegmentLength=1024", "" },
		{ "InitialR2T=No\nX-a=\nMaxBurstLength=4096",
		  "InitialR2T=No\nX-a=NotUnderstood\nMaxBurstLength=4096" },
	};

	iscst_nego_test_offers(test, offers, ARRAY_SIZE(offers), ISCST_OPERATIONAL, false);
}

/* Keys of sessions with commands are irrelevant to discovery. */
static void iscst_nego_test_discovery(struct kunit *test)
{
	static const struct iscst_test_offer offers[] = {
		{ "MaxConnections=1", "MaxConnections=Irrelevant" },
		{ "InitialR2T=No", "InitialR2T=Irrelevant" },
		{ "MaxBurstLength=1", "MaxBurstLength=Irrelevant" },
		{ "TaskReporting=RFC3720", "TaskReporting=Irrelevant" },
		{ "HeaderDigest=CRC32C", "HeaderDigest=CRC32C" },
		{ "ErrorRecoveryLevel=1", "ErrorRecoveryLevel=0" },
	};

	iscst_nego_test_offers(test, offers, ARRAY_SIZE(offers), ISCST_OPERATIONAL, true);
}

static void iscst_nego_test_other_stages(struct kunit *test)
{
	static const struct iscst_test_offer security[] = {
		{ "CHAP_A=5\nAuthMethod=CHAP", "" },
		{ "MaxBurstLength=512", "MaxBurstLength=Reject" },
	};
	static const struct iscst_test_offer full[] = {
		{ "MaxBurstLength=512", "MaxBurstLength=Reject" },
		{ "HeaderDigest=None", "HeaderDigest=Reject" },
		{ "MaxRecvDataSegmentLength=4096", "" },
	};

	iscst_nego_test_offers(test, security, ARRAY_SIZE(security), ISCST_SECURITY, false);
	iscst_nego_test_offers(test, full, ARRAY_SIZE(full), ISCST_FULL_FEATURE, false);
}

static void iscst_nego_test_errors(struct kunit *test)
{
	static const char * const offers[] = {
		"MaxBurstLength=512\nMaxBurstLength=512", "InitialR2T", "=Yes",
		"0123456789012345678901234567890123456789012345678901234567890123=",
	};
	struct iscst_nego_fixture *fix = test->priv;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(offers); i++) {
		KUNIT_ASSERT_EQ(test, iscst_nego_test_begin(fix), 0);
		KUNIT_EXPECT_EQ_MSG(test, iscst_nego_test_offer(fix, offers[i], ISCST_OPERATIONAL),
				    0x0200, "%s", offers[i]);
		iscst_text_exit(&fix->text);
	}
}

static u16 iscst_nego_test_names(struct iscst_nego_fixture *fix, const char *offer)
{
	u16 status;

	fix->login->identified = false;
	status = iscst_nego_test_offer(fix, offer, ISCST_NAMES);
	iscst_text_exit(&fix->text);
	return status;
}

static void iscst_nego_test_who(struct kunit *test)
{
	static const struct {
		const char *offer;
		u16 status;
	} offers[] = {
		{ "InitiatorName=iqn.2026-11.org.example:i", 0 },
		{ "InitiatorName=eui.02004567A425678D", 0 },
		{ "InitiatorName=i", 0x0200 },
		{ "InitiatorName=", 0x0200 },
		{ "InitiatorName=iqn.2026-11.org.example:\x7f", 0x0200 },
		{ "InitiatorName=iqn.2026-11.org.example: i", 0x0200 },
		{ "SessionType=Discovery", 0 },
		{ "SessionType=discovery", 0x0209 },
		{ "TargetName=anything", 0 },
		{ "TargetName=a\nTargetName=a", 0x0200 },
		{ "MaxBurstLength=nonsense", 0 },
	};
	struct iscst_nego_fixture *fix = test->priv;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(offers); i++) {
		KUNIT_ASSERT_EQ(test, iscst_nego_test_begin(fix), 0);
		KUNIT_EXPECT_EQ_MSG(test, iscst_nego_test_names(fix, offers[i].offer),
				    offers[i].status, "%s", offers[i].offer);
	}
}

/* Random lengths on both sides: the result is the smaller one within bounds, or the default. */
static void iscst_nego_test_random(struct kunit *test)
{
	struct iscst_nego_fixture *fix = test->priv;
	const struct iscst_params *params = &fix->conn->params;
	struct rnd_state rnd;
	char offer[40];
	int i;

	prandom_seed_state(&rnd, ISCST_TEST_SEED);
	for (i = 0; i < ISCST_TEST_ROUNDS; i++) {
		u32 theirs = prandom_u32_state(&rnd) >> (prandom_u32_state(&rnd) % 32);
		u32 ours = 512 + prandom_u32_state(&rnd) % SZ_1M;
		bool legal = theirs >= 512 && theirs < SZ_16M;

		KUNIT_ASSERT_EQ(test, iscst_nego_test_begin(fix), 0);
		fix->login->limits.max_burst_length = ours;
		sprintf(offer, i % 2 ? "MaxBurstLength=%u" : "MaxBurstLength=0x%x", theirs);
		KUNIT_EXPECT_EQ(test, iscst_nego_test_offer(fix, offer, ISCST_OPERATIONAL), 0);
		KUNIT_EXPECT_EQ_MSG(test, params->max_burst_length,
				    legal ? min(ours, theirs) : ISCSI_DEF_MAX_BURST_LEN,
				    "%s, %u", offer, ours);
		iscst_nego_commit(fix->conn);
		KUNIT_EXPECT_LE(test, params->first_burst_length, params->max_burst_length);
		iscst_text_exit(&fix->text);
	}
}

static void iscst_nego_test_number(struct kunit *test)
{
	static const char * const wrong[] = {
		"", "0x", "-1", "+1", "1 ", " 1", "1\n", "0x0x1", "01", "1a", "0xg", "4294967296",
		"0x100000000", "1.0",
	};
	u32 number;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(wrong); i++)
		KUNIT_EXPECT_NE_MSG(test, iscst_number(wrong[i], &number), 0, "%s", wrong[i]);
	KUNIT_EXPECT_EQ(test, iscst_number("4294967295", &number), 0);
	KUNIT_EXPECT_EQ(test, number, U32_MAX);
	KUNIT_EXPECT_EQ(test, iscst_number("0XfF", &number), 0);
	KUNIT_EXPECT_EQ(test, number, 255);
}

static void iscst_nego_test_list(struct kunit *test)
{
	KUNIT_EXPECT_TRUE(test, iscst_list_has("None", "None"));
	KUNIT_EXPECT_TRUE(test, iscst_list_has("CHAP,None", "None"));
	KUNIT_EXPECT_TRUE(test, iscst_list_has(",,None,", "None"));
	KUNIT_EXPECT_FALSE(test, iscst_list_has("", "None"));
	KUNIT_EXPECT_FALSE(test, iscst_list_has("NoneX,XNone", "None"));
	KUNIT_EXPECT_FALSE(test, iscst_list_has("No,ne", "None"));
}

/* Text without a "=", a key or an end is no pair. Nothing after the text is read. */
static void iscst_text_test_pairs(struct kunit *test)
{
	static const char text[] = "a=1\0b==2\0c=\0\0d\0=e\0f=no end";
	static const struct {
		const char *key;
		const char *value;
	} pairs[] = {
		{ "a", "1" }, { "b", "=2" }, { "c", "" }, { "", NULL }, { "d", NULL },
		{ "=e", NULL }, { "f=no end", NULL },
	};
	struct iscst_text req = { .req_len = sizeof(text) - 1 };
	char *key, *value;
	u32 pos = 0;
	size_t i;

	req.req = kunit_kzalloc(test, sizeof(text), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, req.req);
	memcpy(req.req, text, sizeof(text));
	for (i = 0; i < ARRAY_SIZE(pairs); i++) {
		key = iscst_text_next(&req, &pos, &value);
		KUNIT_ASSERT_NOT_NULL(test, key);
		KUNIT_EXPECT_STREQ(test, key, pairs[i].key);
		KUNIT_ASSERT_EQ(test, !value, !pairs[i].value);
		if (value)
			KUNIT_EXPECT_STREQ(test, value, pairs[i].value);
	}
	KUNIT_EXPECT_NULL(test, iscst_text_next(&req, &pos, &value));
}

static struct kunit_case iscst_nego_cases[] = {
	KUNIT_CASE(iscst_nego_test_operational),
	KUNIT_CASE(iscst_nego_test_discovery),
	KUNIT_CASE(iscst_nego_test_other_stages),
	KUNIT_CASE(iscst_nego_test_errors),
	KUNIT_CASE(iscst_nego_test_who),
	KUNIT_CASE(iscst_nego_test_random),
	KUNIT_CASE(iscst_nego_test_number),
	KUNIT_CASE(iscst_nego_test_list),
	KUNIT_CASE(iscst_text_test_pairs),
	{}
};

static struct kunit_suite iscst_nego_suite = {
	.name = "iscst_nego",
	.init = iscst_nego_test_init,
	.test_cases = iscst_nego_cases,
};

kunit_test_suite(iscst_nego_suite);

MODULE_DESCRIPTION("KUnit tests of the iSCSI target driver");
MODULE_IMPORT_NS("EXPORTED_FOR_KUNIT_TESTING");
MODULE_LICENSE("GPL");
