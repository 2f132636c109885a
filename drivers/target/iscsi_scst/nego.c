// SPDX-License-Identifier: GPL-2.0
/*
 * Negotiation, RFC 7143 6.2 and 13. Each key has a row: the stages that it may be used in, its
 * values, and how the values of both sides become one.
 */
#include <linux/kernel.h>
#include <linux/stddef.h>
#include <linux/string.h>

#include "iscst.h"

struct iscst_nego;

/**
 * struct iscst_key - a key
 * @name:	its name on the wire
 * @take:	handles the initiator's value. Returns 0, or Status-Class and
 *		Status-Detail.
 * @stages:	enum iscst_stage, or'ed
 * @normal:	the key is irrelevant to discovery sessions
 * @again:	the key may come more than once
 * @param:	offset of its result in struct iscst_params
 * @bound:	offset of the upper bound of its result; 0: none. Keys with a bound are
 *		negotiated after all others of the request.
 * @min:	smallest value
 * @max:	largest value
 */
struct iscst_key {
	const char *name;
	u16 (*take)(struct iscst_nego *nego);
	u8 stages;
	bool normal;
	bool again;
	u8 param;
	u8 bound;
	u32 min;
	u32 max;
};

/**
 * struct iscst_nego - the pair that is being negotiated
 * @conn:	the connection
 * @text:	its text; answers are added to the response
 * @login:	the log-in; NULL in full feature phase
 * @stage:	the stage
 * @bounded:	keys with a bound are negotiated now
 * @key:	the key
 * @value:	the initiator's value
 */
struct iscst_nego {
	struct iscst_conn *conn;
	struct iscst_text *text;
	struct iscst_login *login;
	enum iscst_stage stage;
	bool bounded;
	const struct iscst_key *key;
	char *value;
};

static u32 *iscst_param(struct iscst_params *params, const struct iscst_key *key)
{
	return (void *)params + key->param;
}

static u32 iscst_bound(struct iscst_params *params, const struct iscst_key *key)
{
	return key->bound ? *(u32 *)((void *)params + key->bound) : U32_MAX;
}

static u16 iscst_answer(struct iscst_nego *nego, const char *value)
{
	iscst_text_add(nego->text, nego->key->name, "%s", value);
	return 0;
}

static u16 iscst_answer_reject(struct iscst_nego *nego)
{
	return iscst_answer(nego, "Reject");
}

static void iscst_set(struct iscst_nego *nego, u32 value)
{
	WRITE_ONCE(*iscst_param(&nego->conn->params, nego->key), value);
}

static u32 iscst_limit(struct iscst_nego *nego)
{
	return min(*iscst_param(&nego->login->limits, nego->key),
		   iscst_bound(&nego->conn->params, nego->key));
}

static int iscst_parse_number(const struct iscst_nego *nego, u32 *number)
{
	if (iscst_number(nego->value, number))
		return -EINVAL;
	return *number < nego->key->min || *number > nego->key->max ? -EINVAL : 0;
}

static u16 iscst_take_bool(struct iscst_nego *nego, bool is_and)
{
	bool ours = iscst_limit(nego), theirs = !strcmp(nego->value, "Yes");
	bool result = is_and ? ours && theirs : ours || theirs;

	if (!theirs && strcmp(nego->value, "No"))
		return iscst_answer_reject(nego);
	iscst_set(nego, result);
	return iscst_answer(nego, result ? "Yes" : "No");
}

static u16 iscst_take_and(struct iscst_nego *nego)
{
	return iscst_take_bool(nego, true);
}

static u16 iscst_take_or(struct iscst_nego *nego)
{
	return iscst_take_bool(nego, false);
}

static u16 iscst_take_min_max(struct iscst_nego *nego, bool is_min)
{
	u32 ours = iscst_limit(nego), theirs, result;

	if (iscst_parse_number(nego, &theirs))
		return iscst_answer_reject(nego);
	result = is_min ? min(ours, theirs) : max(ours, theirs);
	iscst_set(nego, result);
	iscst_text_add(nego->text, nego->key->name, "%u", result);
	return 0;
}

static u16 iscst_take_min(struct iscst_nego *nego)
{
	return iscst_take_min_max(nego, true);
}

static u16 iscst_take_max(struct iscst_nego *nego)
{
	return iscst_take_min_max(nego, false);
}

/* Declared by the initiator about itself */
static u16 iscst_take_segment(struct iscst_nego *nego)
{
	u32 number;

	if (iscst_parse_number(nego, &number))
		return iscst_answer_reject(nego);
	iscst_set(nego, number);
	return 0;
}

/* The first known value of the list is chosen. */
static u16 iscst_take_digest(struct iscst_nego *nego)
{
	const char *crc = iscst_list_find(nego->value, "CRC32C");
	const char *none = iscst_list_find(nego->value, "None");
	bool has_crc = crc && (!none || crc < none);

	if (!crc && !none)
		return iscst_answer_reject(nego);
	iscst_set(nego, has_crc);
	return iscst_answer(nego, has_crc ? "CRC32C" : "None");
}

static bool iscst_is_port_name(const char *name)
{
	size_t i, len = strlen(name);

	if (!len || len >= SCST_PORT_NAME_LEN)
		return false;
	for (i = 0; i < len; i++)
		if (!isascii(name[i]) || !isgraph(name[i]))
			return false;
	return !strncasecmp(name, "iqn.", 4) || !strncasecmp(name, "eui.", 4) ||
	       !strncasecmp(name, "naa.", 4);
}

/* RFC 7143 4.2.7.2, RFC 3722: names are compared with their case folded. */
static u16 iscst_take_initiator_name(struct iscst_nego *nego)
{
	char *name = nego->login->initiator;

	if (!iscst_is_port_name(nego->value))
		return ISCST_LOGIN_ERR(ISCSI_LOGIN_STATUS_INIT_ERR);
	strscpy(name, nego->value, sizeof(nego->login->initiator));
	scst_name_fold(name, strlen(name));
	return 0;
}

static u16 iscst_take_target_name(struct iscst_nego *nego)
{
	if (strscpy(nego->login->target_name, nego->value, sizeof(nego->login->target_name)) < 0)
		return ISCST_LOGIN_ERR(ISCSI_LOGIN_STATUS_TGT_NOT_FOUND);
	return 0;
}

static u16 iscst_take_session_type(struct iscst_nego *nego)
{
	if (strcmp(nego->value, "Discovery") && strcmp(nego->value, "Normal"))
		return ISCST_LOGIN_ERR(ISCSI_LOGIN_STATUS_NO_SESSION_TYPE);
	nego->login->discovery = nego->value[0] == 'D';
	return 0;
}

/* Ignored */
static u16 iscst_take_nothing(struct iscst_nego *nego)
{
	return 0;
}

/* RFC 7143 13.25 has removed markers. */
static u16 iscst_take_marker(struct iscst_nego *nego)
{
	return iscst_answer(nego, "No");
}

static u16 iscst_take_reporting(struct iscst_nego *nego)
{
	return iscst_list_has(nego->value, "RFC3720") ? iscst_answer(nego, "RFC3720") :
							iscst_answer_reject(nego);
}

static u16 iscst_take_send_targets(struct iscst_nego *nego)
{
	return iscst_send_targets(nego->conn, nego->text, nego->value);
}

#define ISCST_TAKE_AUTH(_name, _field)						\
static u16 iscst_take_##_name(struct iscst_nego *nego)				\
{										\
	nego->login->chap._field = nego->value;					\
	return 0;								\
}

ISCST_TAKE_AUTH(auth_method, methods)
ISCST_TAKE_AUTH(chap_a, a)
ISCST_TAKE_AUTH(chap_n, n)
ISCST_TAKE_AUTH(chap_r, r)
ISCST_TAKE_AUTH(chap_i, i)
ISCST_TAKE_AUTH(chap_c, c)

#define ISCST_ANY_LOGIN	(ISCST_SECURITY | ISCST_OPERATIONAL)
#define ISCST_PARAM(_field)	.param = offsetof(struct iscst_params, _field)

static const struct iscst_key iscst_keys[] = {
	{ "InitiatorName", iscst_take_initiator_name, ISCST_NAMES },
	{ "TargetName", iscst_take_target_name, ISCST_NAMES },
	{ "SessionType", iscst_take_session_type, ISCST_NAMES },
	{ "InitiatorAlias", iscst_take_nothing, ISCST_ANY_LOGIN | ISCST_FULL_FEATURE,
	  .again = true },
	{ "AuthMethod", iscst_take_auth_method, ISCST_SECURITY },
	{ "CHAP_A", iscst_take_chap_a, ISCST_SECURITY },
	{ "CHAP_N", iscst_take_chap_n, ISCST_SECURITY },
	{ "CHAP_R", iscst_take_chap_r, ISCST_SECURITY },
	{ "CHAP_I", iscst_take_chap_i, ISCST_SECURITY },
	{ "CHAP_C", iscst_take_chap_c, ISCST_SECURITY },
	{ "HeaderDigest", iscst_take_digest, ISCST_OPERATIONAL, ISCST_PARAM(header_digest) },
	{ "DataDigest", iscst_take_digest, ISCST_OPERATIONAL, ISCST_PARAM(data_digest) },
	{ "MaxConnections", iscst_take_min, ISCST_OPERATIONAL, true,
	  ISCST_PARAM(max_connections), .min = 1, .max = U16_MAX },
	{ "InitialR2T", iscst_take_or, ISCST_OPERATIONAL, true, ISCST_PARAM(initial_r2t) },
	{ "ImmediateData", iscst_take_and, ISCST_OPERATIONAL, true,
	  ISCST_PARAM(immediate_data) },
	{ "MaxRecvDataSegmentLength", iscst_take_segment,
	  ISCST_OPERATIONAL | ISCST_FULL_FEATURE, .again = true,
	  ISCST_PARAM(max_recv_data_segment_length), .min = 512, .max = SZ_16M - 1 },
	{ "MaxBurstLength", iscst_take_min, ISCST_OPERATIONAL, true,
	  ISCST_PARAM(max_burst_length), .min = 512, .max = SZ_16M - 1 },
	{ "FirstBurstLength", iscst_take_min, ISCST_OPERATIONAL, true,
	  ISCST_PARAM(first_burst_length),
	  .bound = offsetof(struct iscst_params, max_burst_length),
	  .min = 512, .max = SZ_16M - 1 },
	{ "DefaultTime2Wait", iscst_take_max, ISCST_OPERATIONAL, ISCST_PARAM(time2wait),
	  .max = 3600 },
	{ "DefaultTime2Retain", iscst_take_min, ISCST_OPERATIONAL, ISCST_PARAM(time2retain),
	  .max = 3600 },
	{ "MaxOutstandingR2T", iscst_take_min, ISCST_OPERATIONAL, true,
	  ISCST_PARAM(max_outstanding_r2t), .min = 1, .max = U16_MAX },
	{ "DataPDUInOrder", iscst_take_or, ISCST_OPERATIONAL, true,
	  ISCST_PARAM(pdu_in_order) },
	{ "DataSequenceInOrder", iscst_take_or, ISCST_OPERATIONAL, true,
	  ISCST_PARAM(sequence_in_order) },
	{ "ErrorRecoveryLevel", iscst_take_min, ISCST_OPERATIONAL,
	  ISCST_PARAM(recovery_level), .max = 2 },
	{ "iSCSIProtocolLevel", iscst_take_min, ISCST_OPERATIONAL,
	  ISCST_PARAM(protocol_level), .max = 31 },
	{ "TaskReporting", iscst_take_reporting, ISCST_OPERATIONAL, true },
	{ "IFMarker", iscst_take_marker, ISCST_OPERATIONAL },
	{ "OFMarker", iscst_take_marker, ISCST_OPERATIONAL },
	{ "SendTargets", iscst_take_send_targets, ISCST_FULL_FEATURE },
	/* Keys that only targets declare */
	{ "TargetAlias", iscst_answer_reject, 0 },
	{ "TargetAddress", iscst_answer_reject, 0 },
	{ "TargetPortalGroupTag", iscst_answer_reject, 0 },
};

static const struct iscst_key *iscst_key_find(const char *name)
{
	size_t i;

	BUILD_BUG_ON(ARRAY_SIZE(iscst_keys) > 64);
	for (i = 0; i < ARRAY_SIZE(iscst_keys); i++)
		if (!strcmp(iscst_keys[i].name, name))
			return &iscst_keys[i];
	return NULL;
}

/*
 * RFC 7143 6.2: no key is negotiated twice, unless it is only declared. This also keeps a text
 * request from asking for a list of targets a thousand times.
 */
static bool iscst_key_is_new(struct iscst_nego *nego)
{
	u64 bit = BIT_ULL(nego->key - iscst_keys);

	if (nego->key->again)
		return true;
	if (nego->text->seen & bit)
		return false;
	nego->text->seen |= bit;
	return true;
}

/* An initiator's reply to a declaration of the target is no offer. */
static bool iscst_is_reply(const char *value)
{
	return !strcmp(value, "NotUnderstood") || !strcmp(value, "Irrelevant") ||
	       !strcmp(value, "Reject");
}

/*
 * Names come with the first request of a log-in, and are handled before its other keys. Keys with
 * a bound are handled after the others. Returns whether the pair has its turn at another time.
 */
static bool iscst_is_out_of_turn(const struct iscst_nego *nego)
{
	bool is_name = nego->key && nego->key->stages & ISCST_NAMES;
	bool is_bounded = nego->key && nego->key->bound;

	if (is_bounded != nego->bounded)
		return true;
	if (nego->stage == ISCST_NAMES)
		return !is_name;
	return is_name && nego->login && !nego->login->identified;
}

static u16 iscst_nego_pair(struct iscst_nego *nego, const char *name)
{
	nego->key = iscst_key_find(name);
	if (iscst_is_out_of_turn(nego) || iscst_is_reply(nego->value))
		return 0;
	if (!nego->key) {
		iscst_text_add(nego->text, name, "NotUnderstood");
		return 0;
	}
	if (!(nego->key->stages & nego->stage))
		return iscst_answer_reject(nego);
	if (!iscst_key_is_new(nego))
		return ISCST_LOGIN_ERR(ISCSI_LOGIN_STATUS_INIT_ERR);
	if (nego->key->normal && nego->login && nego->login->discovery)
		return iscst_answer(nego, "Irrelevant");
	return nego->key->take(nego);
}

static u16 iscst_nego_pairs(struct iscst_nego *nego)
{
	u16 status = 0;
	u32 pos = 0;
	char *name;

	while (!status && (name = iscst_text_next(nego->text, &pos, &nego->value))) {
		if (!nego->value)
			return ISCST_LOGIN_ERR(ISCSI_LOGIN_STATUS_INIT_ERR);
		status = iscst_nego_pair(nego, name);
		nego->value[-1] = '=';
	}
	return status;
}

/**
 * iscst_nego_text() - negotiate all keys of a request
 * @conn:  the connection
 * @text:  the request; answers are added to the response
 * @stage: the stage
 *
 * Context: slow_work.
 * Return: 0, or Status-Class and Status-Detail.
 */
u16 iscst_nego_text(struct iscst_conn *conn, struct iscst_text *text, enum iscst_stage stage)
{
	struct iscst_nego nego = {
		.conn = conn, .text = text, .login = conn->login, .stage = stage,
	};
	u16 status = iscst_nego_pairs(&nego);

	nego.bounded = true;
	return status ?: iscst_nego_pairs(&nego);
}
EXPORT_SYMBOL_IF_KUNIT(iscst_nego_text);

/**
 * iscst_nego_offer() - declare the target's keys of the operational stage, once
 * @conn: the connection
 *
 * Context: slow_work.
 */
void iscst_nego_offer(struct iscst_conn *conn)
{
	struct iscst_login *login = conn->login;

	if (login->segment_declared)
		return;
	login->segment_declared = true;
	iscst_text_add(&login->text, "MaxRecvDataSegmentLength", "%u", ISCST_RECV_SEGMENT);
	if (!conn->target)
		return;
	mutex_lock(&iscst_lock);
	if (conn->target->alias[0])
		iscst_text_add(&login->text, "TargetAlias", "%s", conn->target->alias);
	mutex_unlock(&iscst_lock);
}

/**
 * iscst_nego_commit() - put in force what the log-in has negotiated
 * @conn: the connection
 *
 * Context: slow_work.
 */
void iscst_nego_commit(struct iscst_conn *conn)
{
	struct iscst_params *params = &conn->params;

	/* One of the two may be a default. */
	params->first_burst_length = min(params->first_burst_length, params->max_burst_length);
	if (conn->login->segment_declared)
		conn->segment = ISCST_RECV_SEGMENT;
}
EXPORT_SYMBOL_IF_KUNIT(iscst_nego_commit);
