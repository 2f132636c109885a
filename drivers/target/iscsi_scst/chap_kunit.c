// SPDX-License-Identifier: GPL-2.0
/*
 * CHAP: the hash of RFC 1994 with every algorithm, and the forms of values that initiators send.
 */
#include <crypto/sha2.h>
#include <kunit/test.h>

#include "iscst.h"

#define ISCST_TEST_ID		0xa1
#define ISCST_TEST_SECRET	"a-secret-of-mine"
#define ISCST_TEST_CHALLENGE	16

/* Hashes of ISCST_TEST_ID, ISCST_TEST_SECRET and a challenge of 0 to 15 */
static const struct {
	const char *number;
	const char *response;
} iscst_test_algs[] = {
	{ "5", "0081e958c877749b2fec4c569328f90a" },
	{ "6", "adab86bb821bc5983884029512bade144cf4670f" },
	{ "7", "c78cb19781dbf0e3fec2dff6b45aac97900b4fe583e6b7521b0d8418dd2d6485" },
	{ "8", "ca6750b7ca2834f018ccb025dd420169a21eeb1538c48fb74d35949f5da1719e" },
};

static void iscst_chap_test_hash(struct kunit *test)
{
	u8 challenge[ISCST_TEST_CHALLENGE], digest[SHA256_DIGEST_SIZE];
	char hex[2 * sizeof(digest) + 1];
	size_t i;

	for (i = 0; i < sizeof(challenge); i++)
		challenge[i] = i;
	for (i = 0; i < ARRAY_SIZE(iscst_test_algs); i++) {
		const struct iscst_chap_alg *alg = iscst_chap_choose(iscst_test_algs[i].number);
		int len;

		KUNIT_ASSERT_NOT_NULL(test, alg);
		len = iscst_chap_hash(alg, ISCST_TEST_ID, ISCST_TEST_SECRET, challenge,
				      sizeof(challenge), digest);
		KUNIT_ASSERT_GT(test, len, 0);
		snprintf(hex, sizeof(hex), "%*phN", len, digest);
		KUNIT_EXPECT_STREQ(test, hex, iscst_test_algs[i].response);
	}
}

static void iscst_chap_test_choose(struct kunit *test)
{
	const struct iscst_chap_alg *md5 = iscst_chap_choose("5");
	const struct iscst_chap_alg *sha256 = iscst_chap_choose("7");

	KUNIT_ASSERT_NOT_NULL(test, md5);
	KUNIT_ASSERT_NOT_NULL(test, sha256);
	KUNIT_EXPECT_PTR_NE(test, md5, sha256);
	KUNIT_EXPECT_PTR_EQ(test, iscst_chap_choose("7,5"), sha256);
	KUNIT_EXPECT_PTR_EQ(test, iscst_chap_choose("5,7"), md5);
	KUNIT_EXPECT_PTR_EQ(test, iscst_chap_choose("99,,77,5"), md5);
	KUNIT_EXPECT_NULL(test, iscst_chap_choose(""));
	KUNIT_EXPECT_NULL(test, iscst_chap_choose("05,55,4, 5"));
}

static void iscst_chap_test_decode(struct kunit *test)
{
	static const struct {
		const char *value;
		const char *bin;
		int len;
	} values[] = {
		{ "0x00ff10", "\x00\xff\x10", 3 },
		{ "0XAbCd", "\xab\xcd", 2 },
		{ "0bAP8Q", "\x00\xff\x10", 3 },
		{ "0BAP8=", "\x00\xff", 2 },
		{ "0bAA==", "\x00", 1 },
		{ "0x0011223344", NULL, -EINVAL },
		{ "0bAP8QIA==", "\x00\xff\x10\x20", 4 },
		{ "0bAAAAAAAA", NULL, -EINVAL },
		{ "0bAAAAAAA=", NULL, -EINVAL },
		{ "0bAP8", NULL, -EINVAL },
		{ "0bAA=", NULL, -EINVAL },
		{ "0bA===", NULL, -EINVAL },
		{ "0bAA==AP8=", NULL, -EINVAL },
		{ "0b====", NULL, -EINVAL },
		{ "", NULL, -EINVAL },
		{ "0", NULL, -EINVAL },
		{ "0x", NULL, -EINVAL },
		{ "0x1", NULL, -EINVAL },
		{ "0xgg", NULL, -EINVAL },
		{ "00ff", NULL, -EINVAL },
		{ "x00ff", NULL, -EINVAL },
	};
	u8 bin[4 + 3];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(values); i++) {
		memset(bin, 0xa5, sizeof(bin));
		KUNIT_EXPECT_EQ_MSG(test, iscst_chap_decode(values[i].value, bin, 4),
				    values[i].len, "%s", values[i].value);
		if (values[i].len > 0)
			KUNIT_EXPECT_MEMEQ(test, bin, values[i].bin, values[i].len);
	}
}

/* The text for @len bytes of 0x55 */
static void iscst_chap_test_write(char *text, size_t len, bool base64)
{
	static const char *const rests[] = { "", "VQ==", "VVU=" };

	strscpy(text, base64 ? "0b" : "0x", 3);
	if (base64) {
		memset(text + 2, 'V', len / 3 * 4);
		strscpy(text + 2 + len / 3 * 4, rests[len % 3], 5);
	} else {
		memset(text + 2, '5', 2 * len);
		text[2 + 2 * len] = '\0';
	}
}

/* Values up to the size of the buffer fit, longer ones do not: for sizes of all remainders. */
static void iscst_chap_test_lengths(struct kunit *test)
{
	static const size_t sizes[] = { 16, 20, 32, 1022, 1023, ISCST_CHALLENGE_MAX };
	const size_t room = ISCST_CHALLENGE_MAX + 4;
	u8 *bin = kunit_kzalloc(test, room, GFP_KERNEL);
	char *text = kunit_kzalloc(test, 2 * room + 3, GFP_KERNEL);
	size_t i, len;
	int base64;

	KUNIT_ASSERT_NOT_NULL(test, bin);
	KUNIT_ASSERT_NOT_NULL(test, text);
	for (i = 0; i < 2 * ARRAY_SIZE(sizes); i++) {
		base64 = i & 1;
		for (len = sizes[i / 2] - 3; len <= sizes[i / 2] + 3; len++) {
			bool fits = len <= sizes[i / 2];

			memset(bin, 0xa5, room);
			iscst_chap_test_write(text, len, base64);
			KUNIT_EXPECT_EQ_MSG(test, iscst_chap_decode(text, bin, sizes[i / 2]),
					    fits ? (int)len : -EINVAL, "%zu bytes, %.2s", len,
					    text);
			KUNIT_EXPECT_PTR_EQ(test, memchr_inv(bin, 0x55, fits ? len : 0), NULL);
			KUNIT_EXPECT_EQ(test, bin[fits ? len : sizes[i / 2]], 0xa5);
		}
	}
}

/* Only the whole response of the right user to the target's challenge is right. */
static void iscst_chap_test_proof(struct kunit *test)
{
	struct iscst_chap chap = { .id = ISCST_TEST_ID, .n = "me" };
	struct iscst_secret secret = { .user = "me", .secret = ISCST_TEST_SECRET };
	u8 digest[SHA256_DIGEST_SIZE];
	char response[2 * sizeof(digest) + sizeof("0x")];
	int len;

	chap.alg = iscst_chap_choose("7");
	KUNIT_ASSERT_NOT_NULL(test, chap.alg);
	len = iscst_chap_hash(chap.alg, chap.id, secret.secret, chap.challenge,
			      sizeof(chap.challenge), digest);
	KUNIT_ASSERT_EQ(test, len, sizeof(digest));
	snprintf(response, sizeof(response), "0x%*phN", len, digest);
	chap.r = response;
	KUNIT_EXPECT_TRUE(test, iscst_chap_is_right(&chap, &secret));

	chap.n = "you";
	KUNIT_EXPECT_FALSE(test, iscst_chap_is_right(&chap, &secret));
	chap.n = "me";
	chap.id++;
	KUNIT_EXPECT_FALSE(test, iscst_chap_is_right(&chap, &secret));
	chap.id--;
	chap.challenge[0]++;
	KUNIT_EXPECT_FALSE(test, iscst_chap_is_right(&chap, &secret));
	chap.challenge[0]--;
	response[strlen(response) - 2] = '\0';
	KUNIT_EXPECT_FALSE(test, iscst_chap_is_right(&chap, &secret));
}

/* An empty secret proves nothing. */
static void iscst_chap_test_no_secret(struct kunit *test)
{
	struct iscst_chap chap = { .n = "" };
	struct iscst_secret secret = { };
	char response[2 * SHA256_DIGEST_SIZE + sizeof("0x")];
	u8 digest[SHA256_DIGEST_SIZE];
	int len;

	chap.alg = iscst_chap_choose("7");
	KUNIT_ASSERT_NOT_NULL(test, chap.alg);
	len = iscst_chap_hash(chap.alg, 0, "", chap.challenge, sizeof(chap.challenge), digest);
	snprintf(response, sizeof(response), "0x%*phN", len, digest);
	chap.r = response;
	KUNIT_EXPECT_FALSE(test, iscst_chap_is_right(&chap, &secret));
}

static struct kunit_case iscst_chap_cases[] = {
	KUNIT_CASE(iscst_chap_test_hash),
	KUNIT_CASE(iscst_chap_test_choose),
	KUNIT_CASE(iscst_chap_test_decode),
	KUNIT_CASE(iscst_chap_test_lengths),
	KUNIT_CASE(iscst_chap_test_proof),
	KUNIT_CASE(iscst_chap_test_no_secret),
	{}
};

static struct kunit_suite iscst_chap_suite = {
	.name = "iscst_chap",
	.test_cases = iscst_chap_cases,
};

kunit_test_suite(iscst_chap_suite);
