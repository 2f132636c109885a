// SPDX-License-Identifier: GPL-2.0
/*
 * PERSISTENT RESERVE OUT, SPC-5 6.17.
 *
 * A service action changes a copy of the device's table, and returns whether the copy replaces
 * the table. Service actions are executed one at a time in the worker of the device's pr_wq, so
 * the table does not change meanwhile.
 *
 * A table that persists through power loss is made durable before it takes effect. File I/O may
 * take any time, so the command is parked meanwhile and can be aborted. The durable table takes
 * effect even if its command was aborted, so that table and file agree. Later service actions
 * wait in a queue until then, and can be aborted there.
 */
#include <linux/slab.h>

#include "cmd/cmd.h"
#include "lu/kinds.h"
#include "lu/lu.h"
#include "lu/pr.h"
#include "observe/observe.h"
#include "cmd/trace.h"

/* The parameter list; the last four values are those of REGISTER AND MOVE. */
#define SCST_PR_LIST_LEN	24
#define SCST_PR_FLAGS		20
#define SCST_PR_SPEC_I_PT	0x08
#define SCST_PR_ALL_TG_PT	0x04
#define SCST_PR_APTPL		0x01
#define SCST_PR_MOVE_FLAGS	17
#define SCST_PR_UNREG		0x02
#define SCST_PR_MOVE_PORT	18
#define SCST_PR_MOVE_LEN	20

/**
 * struct scst_pr_out - one PERSISTENT RESERVE OUT
 * @cmd:	the command; NULL: it was aborted while its table was written
 * @list:	its parameter list
 * @len:	bytes in @list
 * @action:	service action
 * @type:	TYPE
 * @key:	RESERVATION KEY
 * @sa_key:	SERVICE ACTION RESERVATION KEY
 * @dev:	the device
 * @old:	the table in effect
 * @pr:		the copy of @old that the service action changes
 * @me:		the registration of the command's I_T nexus in @pr, or NULL
 * @waits:	the command has to wait for the commands that it aborted
 * @ports:	relative target port identifiers that a registration is for
 * @port_count:	number of @ports
 */
struct scst_pr_out {
	struct scst_cmd *cmd;
	const u8 *list;
	u32 len;
	u8 action;
	u8 type;
	u64 key;
	u64 sa_key;
	struct scst_device *dev;
	const struct scst_pr *old;
	struct scst_pr *pr;
	struct scst_pr_reg *me;
	bool waits;
	u16 *ports;
	unsigned int port_count;
};

static bool scst_pr_conflict(struct scst_pr_out *out)
{
	scst_cmd_set_conflict(out->cmd);
	return false;
}

static bool scst_pr_refuse(struct scst_pr_out *out, unsigned int byte, int bit)
{
	scst_cmd_set_field_error(out->cmd, SCST_SENSE_INVALID_PARAM_FIELD, byte, bit);
	return false;
}

static bool scst_pr_refuse_cdb(struct scst_pr_out *out, unsigned int byte, int bit)
{
	scst_cmd_set_field_error(out->cmd, SCST_SENSE_INVALID_CDB_FIELD, byte, bit);
	return false;
}

static bool scst_pr_refuse_length(struct scst_pr_out *out)
{
	scst_cmd_set_field_error(out->cmd, SCST_SENSE_PARAM_LIST_LENGTH, 5, 7);
	return false;
}

static bool scst_pr_refuse_more(struct scst_pr_out *out)
{
	scst_cmd_set_sense(out->cmd, SCST_SENSE_NO_REGISTRATION_ROOM);
	return false;
}

/* The table could not be made durable: there is no room for it, or the file system failed. */
static bool scst_pr_refuse_unsaved(struct scst_pr_out *out, int err)
{
	if (err == -ENOSPC || err == -EDQUOT || err == -ENOMEM)
		return scst_pr_refuse_more(out);
	scst_cmd_set_sense(out->cmd, SCST_SENSE_INTERNAL_FAILURE);
	return false;
}

/* SPC-5 5.14.5.1: APTPL applies to the whole table. */
static void scst_pr_set_aptpl(struct scst_pr_out *out)
{
	unsigned int byte = out->action == SCST_PR_REGISTER_MOVE ?
			    SCST_PR_MOVE_FLAGS : SCST_PR_FLAGS;

	out->pr->aptpl = out->list[byte] & SCST_PR_APTPL;
}

/* Prepare a unit attention for all registrants except @except. */
static void scst_pr_tell_others(struct scst_pr *pr, struct scst_pr_reg *except, scst_sense_t ua)
{
	struct scst_pr_reg *reg;

	for (reg = scst_pr_next(pr, NULL); reg; reg = scst_pr_next(pr, reg))
		if (reg != except)
			reg->ua = ua;
}

static void scst_pr_unregister(struct scst_pr *pr, struct scst_pr_reg *reg)
{
	bool held = scst_pr_holds(pr, reg);

	reg->key = 0;
	if (!held || (scst_pr_all_registrants(pr->type) && scst_pr_keys(pr)))
		return;
	/* SPC-5 5.14.11.2.3 */
	if (scst_pr_registrants_only(pr->type))
		scst_pr_tell_others(pr, reg, SCST_UA_RESERVATIONS_RELEASED);
	pr->type = SCST_PR_NONE;
}

/* REGISTER and REGISTER AND IGNORE EXISTING KEY */

/* Register an initiator port with all target ports that the command selects. */
static bool scst_pr_register_id(struct scst_pr_out *out, const struct scst_transport_id *id)
{
	bool own = scst_transport_id_equal(id, &out->cmd->sess->transport_id);
	unsigned int i;

	for (i = 0; i < out->port_count; i++) {
		struct scst_pr_reg *reg = scst_pr_find(out->pr, id, out->ports[i]);

		if (reg && !own)
			return scst_pr_conflict(out);
		if (reg)
			reg->key = out->sa_key;
		else
			scst_pr_add(out->pr, id, out->ports[i], out->sa_key);
	}
	return true;
}

/* Read the TransportID at offset @at of the parameter list, and advance @at behind it. */
static bool scst_pr_next_id(struct scst_pr_out *out, u32 *at, struct scst_transport_id *id)
{
	u32 used = scst_transport_id_parse(out->list + *at, out->len - *at, id);

	if (!used)
		return scst_pr_refuse(out, *at, 7);
	*at += used;
	return true;
}

static bool scst_pr_register_list(struct scst_pr_out *out)
{
	struct scst_transport_id id;
	u32 at = SCST_PR_LIST_LEN + 4;

	if (!(out->list[SCST_PR_FLAGS] & SCST_PR_SPEC_I_PT))
		return true;
	while (at < out->len)
		if (!scst_pr_next_id(out, &at, &id) || !scst_pr_register_id(out, &id))
			return false;
	return true;
}

static bool scst_pr_register_new(struct scst_pr_out *out)
{
	if (!out->sa_key)
		return false;
	return scst_pr_register_id(out, &out->cmd->sess->transport_id) &&
	       scst_pr_register_list(out);
}

static bool scst_pr_register_change(struct scst_pr_out *out)
{
	unsigned int i;

	if (out->list[SCST_PR_FLAGS] & SCST_PR_SPEC_I_PT)
		return scst_pr_refuse(out, SCST_PR_FLAGS, 3);
	if (out->sa_key)
		return scst_pr_register_id(out, &out->cmd->sess->transport_id);
	for (i = 0; i < out->port_count; i++) {
		struct scst_pr_reg *reg;

		reg = scst_pr_find(out->pr, &out->cmd->sess->transport_id, out->ports[i]);
		if (reg)
			scst_pr_unregister(out->pr, reg);
	}
	return true;
}

static bool scst_pr_do_register(struct scst_pr_out *out)
{
	if (out->action == SCST_PR_REGISTER && out->key != (out->me ? out->me->key : 0))
		return scst_pr_conflict(out);
	if (!(out->me ? scst_pr_register_change(out) : scst_pr_register_new(out)))
		return false;
	scst_pr_set_aptpl(out);
	out->pr->generation++;
	return true;
}

/* RESERVE and RELEASE */

static void scst_pr_take(struct scst_pr_out *out)
{
	out->pr->type = out->type;
	out->pr->holder = out->me - out->pr->regs;
}

static bool scst_pr_do_reserve(struct scst_pr_out *out)
{
	if (!out->pr->type) {
		scst_pr_take(out);
		return true;
	}
	if (scst_pr_holds(out->pr, out->me) && out->pr->type == out->type)
		return false;
	return scst_pr_conflict(out);
}

static bool scst_pr_do_release(struct scst_pr_out *out)
{
	struct scst_pr *pr = out->pr;

	if (!scst_pr_holds(pr, out->me))
		return false;
	if (pr->type != out->type) {
		scst_cmd_set_sense(out->cmd, SCST_SENSE_INVALID_RELEASE);
		return false;
	}
	if (pr->type != SCST_PR_WE && pr->type != SCST_PR_EA)
		scst_pr_tell_others(pr, out->me, SCST_UA_RESERVATIONS_RELEASED);
	pr->type = SCST_PR_NONE;
	return true;
}

/* CLEAR and PREEMPT */

static bool scst_pr_do_clear(struct scst_pr_out *out)
{
	struct scst_pr_reg *reg;

	out->pr->type = SCST_PR_NONE;
	scst_pr_tell_others(out->pr, out->me, SCST_UA_RESERVATIONS_PREEMPTED);
	for (reg = scst_pr_next(out->pr, NULL); reg; reg = scst_pr_next(out->pr, reg))
		reg->key = 0;
	out->pr->generation++;
	return true;
}

/*
 * End the registrations whose key is @sa_key, or all if @sa_key is zero, except @except. Returns
 * whether there was such a registration, including @except.
 */
static bool scst_pr_preempt_keys(struct scst_pr_out *out, const struct scst_pr_reg *except)
{
	struct scst_pr_reg *reg;
	bool found = false;

	for (reg = scst_pr_next(out->pr, NULL); reg; reg = scst_pr_next(out->pr, reg)) {
		if (out->sa_key && reg->key != out->sa_key)
			continue;
		found = true;
		if (reg == except)
			continue;
		if (reg != out->me)
			reg->ua = SCST_UA_REGISTRATIONS_PREEMPTED;
		reg->key = 0;
	}
	return found;
}

/* SPC-5 5.14.11.2.4: whether @sa_key stands for the reservation, too */
static bool scst_pr_preempts_reservation(const struct scst_pr_out *out)
{
	const struct scst_pr *pr = out->pr;

	if (!pr->type)
		return false;
	if (scst_pr_all_registrants(pr->type))
		return !out->sa_key;
	return pr->regs[pr->holder].key == out->sa_key;
}

static void scst_pr_preempt_reservation(struct scst_pr_out *out)
{
	if (out->pr->type != out->type)
		scst_pr_tell_others(out->pr, out->me, SCST_UA_RESERVATIONS_RELEASED);
	scst_pr_take(out);
}

static bool scst_pr_do_preempt(struct scst_pr_out *out)
{
	bool reservation = scst_pr_preempts_reservation(out);

	if (!out->sa_key && !reservation)
		return scst_pr_refuse(out, 8, 7);
	if (reservation && !scst_pr_type_is_valid(out->type))
		return scst_pr_refuse_cdb(out, 2, 3);
	/* SPC-5 5.14.11.2.4 and 5.14.11.2.5: the new reservation holder stays registered. */
	if (!scst_pr_preempt_keys(out, reservation ? out->me : NULL))
		return scst_pr_conflict(out);
	if (reservation)
		scst_pr_preempt_reservation(out);
	else if (!scst_pr_keys(out->pr))
		out->pr->type = SCST_PR_NONE;
	out->pr->generation++;
	return true;
}

/* REGISTER AND MOVE */

static bool scst_pr_move_id(struct scst_pr_out *out, struct scst_transport_id *id)
{
	u32 at = SCST_PR_LIST_LEN;

	if (!scst_pr_next_id(out, &at, id))
		return false;
	/* A target port and its initiator ports use the same protocol. */
	if ((id->data[0] ^ out->cmd->sess->transport_id.data[0]) & 0x0f)
		return scst_pr_refuse(out, SCST_PR_LIST_LEN, 3);
	return true;
}

static bool scst_pr_move_check(struct scst_pr_out *out)
{
	if (scst_pr_all_registrants(out->pr->type))
		return scst_pr_conflict(out);
	if (!scst_pr_holds(out->pr, out->me))
		return scst_pr_refuse_cdb(out, 1, 4);
	if (!out->sa_key)
		return scst_pr_refuse(out, 8, 7);
	return true;
}

static bool scst_pr_do_move(struct scst_pr_out *out)
{
	u16 port = get_unaligned_be16(&out->list[SCST_PR_MOVE_PORT]);
	struct scst_transport_id id;
	struct scst_pr_reg *to;

	if (!scst_pr_move_check(out) || !scst_pr_move_id(out, &id))
		return false;
	to = scst_pr_find(out->pr, &id, port);
	if (to == out->me)
		return scst_pr_refuse(out, SCST_PR_LIST_LEN, 7);
	if (to)
		to->key = out->sa_key;
	else
		to = scst_pr_add(out->pr, &id, port, out->sa_key);
	out->pr->holder = to - out->pr->regs;
	if (out->list[SCST_PR_MOVE_FLAGS] & SCST_PR_UNREG)
		out->me->key = 0;
	scst_pr_set_aptpl(out);
	out->pr->generation++;
	return true;
}

/* REPLACE LOST RESERVATION, SPC-5 5.14.11.3 */

static bool scst_pr_do_replace(struct scst_pr_out *out)
{
	if (!out->pr->lost) {
		scst_cmd_set_sense(out->cmd, SCST_SENSE_INVALID_RELEASE);
		return false;
	}
	if (out->key)
		return scst_pr_refuse(out, 0, 7);
	if (!out->sa_key)
		return scst_pr_refuse(out, 8, 7);
	out->me = scst_pr_add(out->pr, &out->cmd->sess->transport_id, out->ports[0], out->sa_key);
	scst_pr_take(out);
	scst_pr_set_aptpl(out);
	out->pr->lost = false;
	out->pr->generation = 0;
	return true;
}

/* Common to all service actions */

static bool scst_pr_is_register(const struct scst_pr_out *out)
{
	return out->action == SCST_PR_REGISTER || out->action == SCST_PR_REGISTER_IGNORE;
}

static bool scst_pr_run(struct scst_pr_out *out)
{
	if (scst_pr_is_register(out))
		return scst_pr_do_register(out);
	if (out->action == SCST_PR_REPLACE_LOST)
		return scst_pr_do_replace(out);
	if (!out->me || out->me->key != out->key)
		return scst_pr_conflict(out);
	switch (out->action) {
	case SCST_PR_RESERVE:
		return scst_pr_do_reserve(out);
	case SCST_PR_RELEASE:
		return scst_pr_do_release(out);
	case SCST_PR_CLEAR:
		return scst_pr_do_clear(out);
	case SCST_PR_REGISTER_MOVE:
		return scst_pr_do_move(out);
	default:
		return scst_pr_do_preempt(out);
	}
}

/* Greatest number of registrations that the command may add */
static unsigned int scst_pr_more(const struct scst_pr_out *out)
{
	u32 ids = 1 + (out->len - SCST_PR_LIST_LEN) / SCST_PR_LIST_LEN;

	return scst_pr_is_register(out) ? ids * out->port_count :
	       out->action == SCST_PR_REGISTER_MOVE || out->action == SCST_PR_REPLACE_LOST;
}

static bool scst_pr_run_on_copy(struct scst_pr_out *out)
{
	struct scst_device *dev = out->dev;
	unsigned int more = scst_pr_more(out);

	lockdep_assert_held(&dev->pr_lock);
	out->old = rcu_dereference_protected(dev->pr, lockdep_is_held(&dev->pr_lock));
	if (more > SCST_PR_MAX_REGS)
		return scst_pr_refuse_more(out);
	out->pr = scst_pr_copy(out->old, more);
	if (!out->pr)
		return scst_pr_refuse_more(out);
	out->me = scst_pr_find_nexus(out->pr, out->cmd->nexus);
	if (!scst_pr_run(out))
		goto out_free;
	if (scst_pr_keys(out->pr) > SCST_PR_MAX_REGS) {
		scst_pr_refuse_more(out);
		goto out_free;
	}
	return true;

out_free:
	kvfree(out->pr);
	return false;
}

static bool scst_pr_run_locked(struct scst_pr_out *out)
{
	struct scst_device *dev = out->dev;
	bool done = false;

	mutex_lock(&dev->pr_lock);
	if (READ_ONCE(dev->reserved_by))
		scst_pr_conflict(out);
	else
		done = scst_pr_run_on_copy(out);
	mutex_unlock(&dev->pr_lock);
	return done;
}

static bool scst_pr_store(struct scst_pr_out *out)
{
	int ret;

	if (scst_pr_save_begin(out->cmd) != SCST_STAGE_OWNED)
		return false;
	ret = scst_pr_save(out->dev, out->old, out->pr);
	scst_error_end(&out->dev->error, "pr_dir", ret);
	out->cmd = scst_pr_save_end(out->dev);
	if (ret && out->cmd)
		scst_pr_refuse_unsaved(out, ret);
	return !ret;
}

/* Make the new table durable if necessary. Return: whether it may take effect. */
static bool scst_pr_make_durable(struct scst_pr_out *out)
{
	if (!scst_pr_needs_save(out->old, out->pr))
		return true;
	if (!scst_pr_claim(out->dev))
		return scst_pr_conflict(out);
	if (scst_pr_store(out))
		return true;
	scst_pr_unclaim(out->dev);
	return false;
}

/*
 * Publishing fails only for a table that was not claimed. Such a table was not written, so its
 * command was not parked and out->cmd is not NULL.
 */
static bool scst_pr_take_effect(struct scst_pr_out *out)
{
	struct scst_device *dev = out->dev;
	bool done;

	mutex_lock(&dev->pr_lock);
	done = scst_pr_publish(dev, out->cmd, out->pr, out->action == SCST_PR_PREEMPT_ABORT);
	mutex_unlock(&dev->pr_lock);
	return done || scst_pr_conflict(out);
}

static bool scst_pr_change(struct scst_pr_out *out)
{
	if (!scst_pr_run_locked(out))
		return false;
	scst_stall(SCST_STALL_PR_OUT);
	if (scst_pr_make_durable(out) && scst_pr_take_effect(out))
		return true;
	kvfree(out->pr);
	return false;
}

static bool scst_pr_check_cdb(struct scst_pr_out *out)
{
	bool typed = out->action == SCST_PR_RESERVE ||
		     out->action == SCST_PR_RELEASE || out->action == SCST_PR_REPLACE_LOST;

	if (typed && out->cmd->cdb[2] >> 4)
		return scst_pr_refuse_cdb(out, 2, 7);
	if (typed && !scst_pr_type_is_valid(out->type))
		return scst_pr_refuse_cdb(out, 2, 3);
	return true;
}

/* The length of the TransportID has to agree with PARAMETER LIST LENGTH. */
static bool scst_pr_check_move(struct scst_pr_out *out)
{
	u32 id_len = get_unaligned_be32(&out->list[SCST_PR_MOVE_LEN]);

	return out->len - SCST_PR_LIST_LEN == id_len || scst_pr_refuse_length(out);
}

/* The length of the list of TransportIDs has to agree with PARAMETER LIST LENGTH. */
static bool scst_pr_check_ids(struct scst_pr_out *out)
{
	u32 at = SCST_PR_LIST_LEN;

	if (out->action != SCST_PR_REGISTER)
		return scst_pr_refuse(out, SCST_PR_FLAGS, 3);
	if (out->len < at + 4 || out->len - at - 4 != get_unaligned_be32(&out->list[at]))
		return scst_pr_refuse_length(out);
	return true;
}

static bool scst_pr_check_list(struct scst_pr_out *out)
{
	if (out->action == SCST_PR_REGISTER_MOVE)
		return scst_pr_check_move(out);
	if (out->list[SCST_PR_FLAGS] & SCST_PR_SPEC_I_PT)
		return scst_pr_check_ids(out);
	if (out->len != SCST_PR_LIST_LEN)
		return scst_pr_refuse_length(out);
	if (out->action == SCST_PR_REPLACE_LOST && (out->list[SCST_PR_FLAGS] & SCST_PR_ALL_TG_PT))
		return scst_pr_refuse(out, SCST_PR_FLAGS, 2);
	return true;
}

static bool scst_pr_find_ports(struct scst_pr_out *out)
{
	if (scst_pr_is_register(out) && (out->list[SCST_PR_FLAGS] & SCST_PR_ALL_TG_PT)) {
		out->ports = scst_port_ids(&out->port_count);
		return out->ports || scst_pr_refuse_more(out);
	}
	out->ports = kmalloc_array(1, sizeof(*out->ports), GFP_KERNEL);
	if (!out->ports)
		return scst_pr_refuse_more(out);
	out->ports[0] = out->cmd->sess->tgt->rel_tgt_id;
	out->port_count = 1;
	return true;
}

static void scst_pr_out(struct scst_pr_out *out)
{
	out->action = out->cmd->cdb[1] & 0x1f;
	out->type = out->cmd->cdb[2] & 0x0f;
	out->key = get_unaligned_be64(&out->list[0]);
	out->sa_key = get_unaligned_be64(&out->list[8]);
	if (!scst_pr_check_cdb(out) || !scst_pr_check_list(out) || !scst_pr_find_ports(out))
		return;
	out->waits = scst_pr_change(out) && out->action == SCST_PR_PREEMPT_ABORT;
	kfree(out->ports);
}

static void scst_pr_out_read(struct scst_pr_out *out)
{
	u8 *list;

	if (out->len < SCST_PR_LIST_LEN) {
		scst_pr_refuse_length(out);
		return;
	}
	list = kvzalloc(out->len, GFP_KERNEL);
	if (!list) {
		scst_pr_refuse_more(out);
		return;
	}
	out->list = list;
	if (scst_data_out(out->cmd, 0, list, out->len) == out->len)
		scst_pr_out(out);
	else
		scst_pr_refuse_length(out);
	kvfree(list);
}

/*
 * PERSISTENT RESERVE OUT
 *
 * The command cannot fail after its table has taken effect. Commands that it aborts must not
 * reach the medium after its status was sent.
 *
 * Context: the worker of the device's pr_wq; may sleep.
 * Return: SCST_STAGE_COMPLETE, or SCST_STAGE_OWNED if the command was aborted while it was
 * parked.
 */
static enum scst_stage scst_exec_pr_out(struct scst_cmd *cmd)
{
	struct scst_pr_out out = {
		.cmd = cmd, .dev = cmd->dev, .len = cmd->cdb_data_len,
	};

	scst_pr_out_read(&out);
	if (!out.cmd)
		return SCST_STAGE_OWNED;
	trace_scst_pr_out(cmd, out.key, out.sa_key);
	if (out.waits)
		set_bit(SCST_CMD_WAITS, &cmd->flags);
	return SCST_STAGE_COMPLETE;
}

/* The rows of its service actions differ only in service action and name. */
#define SCST_PR_OUT(_sa, _name)						\
{									\
	.name = "PERSISTENT RESERVE OUT: " _name,			\
	.opcode = PERSISTENT_RESERVE_OUT,				\
	.sa = SCST_PR_##_sa,						\
	.sa_byte = 1,							\
	.cdb_len = 10,							\
	.dir = SCST_DIR_OUT,						\
	.len_kind = SCST_LEN_PARAMETERS,				\
	.pr = SCST_PR_OWN,						\
	.flags = SCST_OPF_CORE,						\
	.xfer = { .byte = 5, .len = 4 },				\
	.usage = { 0xff, 0x1f, 0xff, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff },	\
	.exec_sleeping = scst_exec_pr_out,				\
}

static const struct scst_opcode scst_pr_out_rows[] = {
	SCST_PR_OUT(REGISTER, "REGISTER"),
	SCST_PR_OUT(RESERVE, "RESERVE"),
	SCST_PR_OUT(RELEASE, "RELEASE"),
	SCST_PR_OUT(CLEAR, "CLEAR"),
	SCST_PR_OUT(PREEMPT, "PREEMPT"),
	SCST_PR_OUT(PREEMPT_ABORT, "PREEMPT AND ABORT"),
	SCST_PR_OUT(REGISTER_IGNORE, "REGISTER AND IGNORE EXISTING KEY"),
	SCST_PR_OUT(REGISTER_MOVE, "REGISTER AND MOVE"),
	SCST_PR_OUT(REPLACE_LOST, "REPLACE LOST RESERVATION"),
};

const struct scst_opcode_set scst_pr_out_opcodes = {
	.rows = scst_pr_out_rows,
	.count = ARRAY_SIZE(scst_pr_out_rows),
};
