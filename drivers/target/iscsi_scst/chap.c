// SPDX-License-Identifier: GPL-2.0
/*
 * Authentication: none, or CHAP one-way and mutual, RFC 7143 12.1 and RFC 1994.
 */
#include <crypto/hash.h>
#include <crypto/sha2.h>
#include <linux/base64.h>
#include <linux/bitops.h>
#include <linux/glob.h>
#include <linux/module.h>
#include <linux/random.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "iscst.h"

/**
 * struct iscst_chap_alg - a hash algorithm for CHAP
 * @number:	its number at IANA
 * @name:	its name in the crypto API
 */
struct iscst_chap_alg {
	const char *number;
	const char *name;
};

static const struct iscst_chap_alg iscst_chap_algs[] = {
	{ "5", "md5" },
	{ "6", "sha1" },
	{ "7", "sha256" },
	{ "8", "sha3-256" },
};

/* The longest digest of the algorithms */
#define ISCST_DIGEST_LEN	SHA256_DIGEST_SIZE

/**
 * struct iscst_proof - a copy of the credentials in an auth/ entry
 * @initiator:	those of the initiator
 * @ours:	those of the target
 */
struct iscst_proof {
	struct iscst_secret initiator;
	struct iscst_secret ours;
};

static struct iscst_auth *__iscst_auth_find(struct iscst_target *target, const char *initiator)
{
	struct iscst_auth *auth;

	lockdep_assert_held(&iscst_lock);
	list_for_each_entry(auth, &target->auths, entry)
		if (!strcmp(auth->pattern, initiator))
			return auth;
	list_for_each_entry(auth, &target->auths, entry)
		if (glob_match(auth->pattern, initiator))
			return auth;
	return NULL;
}

/* The entry of the first target that has one, among those with or without discovery_auth */
static struct iscst_auth *__iscst_auth_in_discovery(const char *initiator, bool wanted)
{
	struct iscst_auth *auth = NULL;
	struct iscst_target *target;

	lockdep_assert_held(&iscst_lock);
	list_for_each_entry(target, &iscst_targets, entry)
		if (!auth && READ_ONCE(target->discovery_auth) == wanted)
			auth = __iscst_auth_find(target, initiator);
	return auth;
}

/*
 * In a discovery session the first target with discovery_auth says what has to be proved. For an
 * initiator that insists on a proof, the first of the other targets does.
 */
static struct iscst_auth *__iscst_auth_of_login(struct iscst_conn *conn)
{
	const char *initiator = conn->login->initiator;

	if (conn->target)
		return __iscst_auth_find(conn->target, initiator);
	return __iscst_auth_in_discovery(initiator, true) ?:
	       __iscst_auth_in_discovery(initiator, false);
}

/* Returns a copy, to be freed with kfree_sensitive(), or NULL. */
static struct iscst_proof *iscst_proof_get(struct iscst_conn *conn)
{
	struct iscst_proof *proof = kzalloc_obj(*proof);
	struct iscst_auth *auth;

	if (!proof)
		return NULL;
	mutex_lock(&iscst_lock);
	auth = __iscst_auth_of_login(conn);
	if (auth) {
		proof->initiator = auth->initiator;
		proof->ours = auth->ours;
	} else {
		iscst_conn_set_reason(conn, ISCST_REASON_NOT_LISTED);
	}
	mutex_unlock(&iscst_lock);
	return proof;
}

/**
 * iscst_auth_needed() - whether an initiator has to prove its identity
 * @conn: the connection
 *
 * If auth/ has any entry, an initiator that matches none is refused.
 *
 * Context: process context; takes iscst_lock.
 * Return: true if it has to.
 */
bool iscst_auth_needed(struct iscst_conn *conn)
{
	bool needed;

	if (!conn->target)
		return false;
	mutex_lock(&iscst_lock);
	needed = !list_empty(&conn->target->auths);
	mutex_unlock(&iscst_lock);
	return needed;
}

static bool iscst_is_proven(const struct iscst_secret *proven, const struct iscst_secret *secret)
{
	return !strcmp(proven->user, secret->user) &&
	       !crypto_memneq(proven->secret, secret->secret, sizeof(secret->secret));
}

/**
 * iscst_auth_shows() - whether discovery may show a target to an initiator
 * @conn:   the connection, with its session
 * @target: the target
 *
 * Context: process context, under iscst_lock.
 * Return: true if the target has no discovery_auth, the initiator is logged in to it, or has
 * given the proof that the target asks for.
 */
bool iscst_auth_shows(struct iscst_conn *conn, struct iscst_target *target)
{
	const struct iscst_session *session = conn->session;
	struct iscst_auth *auth;

	if (!READ_ONCE(target->discovery_auth) || session->target == target)
		return true;
	auth = __iscst_auth_find(target, session->initiator);
	return auth && session->proven && iscst_is_proven(session->proven, &auth->initiator);
}

/*
 * Whether CHAP may be used. Discovery needs no proof, but may show more with one. If it would show
 * the same, CHAP is used for an initiator that insists, if there is a secret. An initiator that
 * does not insist may have other secrets for discovery than for log-ins.
 */
static bool iscst_chap_is_usable(struct iscst_conn *conn, bool insists)
{
	const char *initiator = conn->login->initiator;
	bool usable;

	if (conn->target)
		return iscst_auth_needed(conn);
	mutex_lock(&iscst_lock);
	usable = __iscst_auth_in_discovery(initiator, true) ||
		 (insists && __iscst_auth_in_discovery(initiator, false));
	mutex_unlock(&iscst_lock);
	return usable;
}

/* RFC 7143 6.2.1: the first method of the initiator's list that may be used, or NULL */
static const char *iscst_auth_choose(struct iscst_conn *conn, const char *methods)
{
	const char *chap = iscst_list_find(methods, "CHAP");
	const char *none = iscst_list_find(methods, "None");

	if (iscst_auth_needed(conn))
		none = NULL;
	if (chap && !iscst_chap_is_usable(conn, !none))
		chap = NULL;
	if (chap && none)
		return chap < none ? "CHAP" : "None";
	if (chap)
		return "CHAP";
	return none ? "None" : NULL;
}

static const struct iscst_chap_alg *iscst_chap_alg_find(const char *number, size_t len)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(iscst_chap_algs); i++) {
		const struct iscst_chap_alg *alg = &iscst_chap_algs[i];

		if (strlen(alg->number) == len && !memcmp(alg->number, number, len))
			return alg;
	}
	return NULL;
}

/*
 * The first algorithm of the list that the target and the kernel support. Each is looked up once:
 * a look-up may load a module, and the list may repeat a number a thousand times.
 */
VISIBLE_IF_KUNIT const struct iscst_chap_alg *iscst_chap_choose(const char *list)
{
	unsigned long tried = 0;

	while (list) {
		const struct iscst_chap_alg *alg = iscst_chap_alg_find(list, strcspn(list, ","));

		if (alg && !__test_and_set_bit(alg - iscst_chap_algs, &tried) &&
		    crypto_has_shash(alg->name, 0, 0))
			return alg;
		list = strchr(list, ',');
		if (list)
			list++;
	}
	return NULL;
}
EXPORT_SYMBOL_IF_KUNIT(iscst_chap_choose);

static u16 iscst_auth_fail(struct iscst_conn *conn, enum iscst_reason reason)
{
	iscst_conn_set_reason(conn, reason);
	return ISCST_LOGIN_ERR(ISCSI_LOGIN_STATUS_AUTH_FAILED);
}

static u16 iscst_chap_challenge(struct iscst_conn *conn)
{
	struct iscst_login *login = conn->login;
	struct iscst_chap *chap = &login->chap;

	if (!chap->a)
		return ISCST_LOGIN_ERR(ISCSI_LOGIN_STATUS_MISSING_FIELDS);
	chap->alg = iscst_chap_choose(chap->a);
	if (!chap->alg)
		return iscst_auth_fail(conn, ISCST_REASON_NO_PROOF);
	get_random_bytes(&chap->id, sizeof(chap->id));
	get_random_bytes(chap->challenge, sizeof(chap->challenge));
	iscst_text_add(&login->text, "CHAP_A", "%s", chap->alg->number);
	iscst_text_add(&login->text, "CHAP_I", "%u", chap->id);
	iscst_text_add(&login->text, "CHAP_C", "0x%*phN", ISCST_CHALLENGE_LEN, chap->challenge);
	chap->state = ISCST_CHAP_RESPONSE;
	return 0;
}

static int iscst_chap_decode_hex(const char *digits, size_t len, u8 *bin, size_t size)
{
	if (len % 2 || len / 2 > size || hex2bin(bin, digits, len / 2))
		return -EINVAL;
	return len / 2;
}

/* Padding is mandatory, and decoders of some kernels ignore what follows it. */
static int iscst_chap_decode_base64(const char *text, size_t len, u8 *bin, size_t size)
{
	size_t padding = (text[len - 1] == '=') + (len > 1 && text[len - 2] == '=');
	size_t wanted = len / 4 * 3 - padding;

	if (len % 4 || wanted > size || base64_decode(text, len, bin, true, BASE64_STD) != wanted)
		return -EINVAL;
	return wanted;
}

/* RFC 7143 6.1: a binary value, hexadecimal or base64. Returns its length or an errno. */
VISIBLE_IF_KUNIT int iscst_chap_decode(const char *value, u8 *bin, size_t size)
{
	size_t len = strlen(value);

	if (len < 3 || value[0] != '0')
		return -EINVAL;
	switch (value[1]) {
	case 'x':
	case 'X':
		return iscst_chap_decode_hex(value + 2, len - 2, bin, size);
	case 'b':
	case 'B':
		return iscst_chap_decode_base64(value + 2, len - 2, bin, size);
	default:
		return -EINVAL;
	}
}
EXPORT_SYMBOL_IF_KUNIT(iscst_chap_decode);

/* RFC 1994 4.1: the hash of identifier, secret and challenge. Returns its length. */
VISIBLE_IF_KUNIT int iscst_chap_hash(const struct iscst_chap_alg *alg, u8 id, const char *secret,
				     const u8 *challenge, int len, u8 *digest)
{
	struct crypto_shash *tfm = crypto_alloc_shash(alg->name, 0, 0);
	SHASH_DESC_ON_STACK(desc, tfm);
	int ret;

	if (IS_ERR(tfm))
		return PTR_ERR(tfm);
	desc->tfm = tfm;
	ret = crypto_shash_init(desc) ?:
	      crypto_shash_update(desc, &id, 1) ?:
	      crypto_shash_update(desc, secret, strlen(secret)) ?:
	      crypto_shash_finup(desc, challenge, len, digest) ?:
	      crypto_shash_digestsize(tfm);
	shash_desc_zero(desc);
	crypto_free_shash(tfm);
	return ret;
}
EXPORT_SYMBOL_IF_KUNIT(iscst_chap_hash);

VISIBLE_IF_KUNIT bool iscst_chap_is_right(const struct iscst_chap *chap,
					  const struct iscst_secret *secret)
{
	u8 response[ISCST_DIGEST_LEN], wanted[ISCST_DIGEST_LEN];
	int len = iscst_chap_decode(chap->r, response, sizeof(response));
	int wanted_len = iscst_chap_hash(chap->alg, chap->id, secret->secret,
					 chap->challenge, ISCST_CHALLENGE_LEN, wanted);

	return wanted_len > 0 && len == wanted_len && secret->secret[0] &&
	       !strcmp(secret->user, chap->n) && !crypto_memneq(response, wanted, len);
}
EXPORT_SYMBOL_IF_KUNIT(iscst_chap_is_right);

/*
 * The target proves its identity. A challenge that equals the target's own is refused: the
 * initiator has just given the answer.
 */
static u16 iscst_chap_prove(struct iscst_conn *conn, const struct iscst_proof *proof, u8 *challenge)
{
	struct iscst_login *login = conn->login;
	struct iscst_chap *chap = &login->chap;
	int len = iscst_chap_decode(chap->c, challenge, ISCST_CHALLENGE_MAX);
	u8 digest[ISCST_DIGEST_LEN];
	u32 id;

	if (len <= 0 || iscst_number(chap->i, &id) || id > U8_MAX)
		return iscst_auth_fail(conn, ISCST_REASON_MALFORMED);
	if (len == ISCST_CHALLENGE_LEN && !crypto_memneq(challenge, chap->challenge, len))
		return iscst_auth_fail(conn, ISCST_REASON_NO_OWN_PROOF);
	/* One secret for both directions would allow the same reflection. */
	if (!proof->ours.secret[0] || !strcmp(proof->ours.secret, proof->initiator.secret))
		return iscst_auth_fail(conn, ISCST_REASON_NO_OWN_PROOF);
	len = iscst_chap_hash(chap->alg, id, proof->ours.secret, challenge, len, digest);
	if (len < 0)
		return ISCST_LOGIN_TARGET_ERR(ISCSI_LOGIN_STATUS_NO_RESOURCES);
	iscst_text_add(&login->text, "CHAP_N", "%s", proof->ours.user);
	iscst_text_add(&login->text, "CHAP_R", "0x%*phN", len, digest);
	return 0;
}

static u16 iscst_chap_check(struct iscst_conn *conn, const struct iscst_proof *proof)
{
	struct iscst_login *login = conn->login;
	const struct iscst_chap *chap = &login->chap;
	u16 status = 0;
	u8 *challenge;

	if (!iscst_chap_is_right(chap, &proof->initiator))
		return iscst_auth_fail(conn, ISCST_REASON_WRONG_PROOF);
	if (!chap->i != !chap->c)
		return ISCST_LOGIN_ERR(ISCSI_LOGIN_STATUS_MISSING_FIELDS);
	if (chap->c) {
		challenge = kmalloc(ISCST_CHALLENGE_MAX, GFP_KERNEL);
		if (!challenge)
			return ISCST_LOGIN_TARGET_ERR(ISCSI_LOGIN_STATUS_NO_RESOURCES);
		status = iscst_chap_prove(conn, proof, challenge);
		kfree(challenge);
	}
	login->chap.state = ISCST_CHAP_DONE;
	login->authenticated = !status;
	if (!status && !conn->target)
		login->proven = kmemdup(&proof->initiator, sizeof(proof->initiator), GFP_KERNEL);
	return status;
}

static u16 iscst_chap_response(struct iscst_conn *conn)
{
	const struct iscst_chap *chap = &conn->login->chap;
	struct iscst_proof *proof;
	u16 status;

	if (!chap->n || !chap->r)
		return ISCST_LOGIN_ERR(ISCSI_LOGIN_STATUS_MISSING_FIELDS);
	proof = iscst_proof_get(conn);
	if (!proof)
		return ISCST_LOGIN_TARGET_ERR(ISCSI_LOGIN_STATUS_NO_RESOURCES);
	status = iscst_chap_check(conn, proof);
	kfree_sensitive(proof);
	return status;
}

static u16 iscst_auth_start(struct iscst_conn *conn, const char *methods)
{
	struct iscst_login *login = conn->login;
	const char *method = iscst_auth_choose(conn, methods);

	/* CHAP is not chosen for an initiator without an entry: it has nothing to prove. */
	if (!method)
		return iscst_auth_fail(conn, iscst_list_has(methods, "CHAP") ?
				       ISCST_REASON_NOT_LISTED : ISCST_REASON_NO_PROOF);
	iscst_text_add(&login->text, "AuthMethod", "%s", method);
	if (method[0] == 'N')
		login->authenticated = true;
	else
		login->chap.state = ISCST_CHAP_ALGORITHM;
	return 0;
}

/**
 * iscst_auth_step() - handle a request of the security stage
 * @conn: the connection; conn->login->chap has the keys of the request
 *
 * Context: slow_work.
 * Return: 0, or Status-Class and Status-Detail.
 */
u16 iscst_auth_step(struct iscst_conn *conn)
{
	struct iscst_login *login = conn->login;

	switch (login->chap.state) {
	case ISCST_CHAP_ALGORITHM:
		return iscst_chap_challenge(conn);
	case ISCST_CHAP_RESPONSE:
		return iscst_chap_response(conn);
	default:
		break;
	}
	if (login->chap.methods)
		return iscst_auth_start(conn, login->chap.methods);
	if (!login->authenticated && iscst_auth_needed(conn))
		return iscst_auth_fail(conn, ISCST_REASON_NO_PROOF);
	login->authenticated = true;
	return 0;
}
