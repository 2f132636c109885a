// SPDX-License-Identifier: GPL-2.0
/*
 * Decoding of a CDB by its row, and comparison of the length that the transport announced with
 * the length that the CDB asks for.
 */
#include <scsi/scsi_common.h>
#include <scsi/scsi_proto.h>

#include "cmd/cmd.h"
#include "lu/kinds.h"
#include "lu/lu.h"
#include "task/task.h"

/* Longest parameter data the core returns and longest parameter list it accepts, bytes */
#define SCST_MAX_PARAM_DATA	SZ_256K
#define SCST_MAX_PARAM_LIST	SZ_64K

static u64 scst_cdb_number(const u8 *cdb, const struct scst_cdb_field *field)
{
	u64 value = cdb[field->byte];
	unsigned int i;

	if (!field->len)
		return 0;
	if (field->mask)
		value &= field->mask;
	for (i = 1; i < field->len; i++)
		value = value << 8 | cdb[field->byte + i];
	return value;
}

static bool scst_cdb_refuse_bit(struct scst_cmd *cmd, unsigned int byte, u8 bits)
{
	scst_cmd_set_field_error(cmd, SCST_SENSE_INVALID_CDB_FIELD, byte, fls(bits) - 1);
	return false;
}

/* The vendor-specific bits of CONTROL, in which old versions of a standard have a field */
static noinline bool scst_cdb_check_vendor(struct scst_cmd *cmd, u8 bits)
{
	unsigned int control = cmd->op->cdb_len - 1;

	bits &= ~cmd->op->usage[control];
	return !bits || scst_cdb_refuse_bit(cmd, control, bits);
}

/* Bits outside the row's usage map are refused: they request an unsupported feature. */
static bool scst_cdb_check_usage(struct scst_cmd *cmd)
{
	const struct scst_opcode *op = cmd->op;
	unsigned int i, control = op->cdb_len - 1;
	u8 extra;

	for (i = 1; i < control; i++) {
		extra = cmd->cdb[i] & ~op->usage[i];
		if (unlikely(extra))
			return scst_cdb_refuse_bit(cmd, i, extra);
	}
	extra = cmd->cdb[control] & ~SCST_CONTROL_NACA;
	return likely(!extra) || scst_cdb_check_vendor(cmd, extra);
}

/* Whether a command is executed on a LUN without a device */
static bool scst_cdb_needs_no_device(const struct scst_cmd *cmd)
{
	if (!cmd->op)
		return false;
	if (cmd->op->flags & SCST_OPF_ANY_LUN)
		return true;
	return (cmd->op->flags & SCST_OPF_WELL_KNOWN) &&
	       scst_lun_decode(&cmd->lun) == SCST_LUN_WELL_KNOWN;
}

/*
 * Row of the commands that have none, for handlers that execute whole commands. Such a command
 * may do anything, so it counts as a write: a reservation of another nexus or write protection
 * refuses it.
 */
static const struct scst_opcode scst_opcode_unknown = {
	.name = "unknown command",
	.sa = SCST_OPCODE_NO_SA,
	.len_kind = SCST_LEN_ANNOUNCED,
	.pr = SCST_PR_WRITE,
	.flags = SCST_OPF_WRITES,
};

/*
 * Whether the CDB was received completely, SPC-6 4.2.5.1. The group code gives the length; a
 * variable-length CDB contains its length. Only the device knows the length of a vendor-specific
 * CDB, so such a CDB passes.
 */
static bool scst_cdb_is_whole(const struct scst_cmd *cmd)
{
	if (cmd->cdb[0] >= VENDOR_SPECIFIC_CDB)
		return true;
	if (cmd->cdb[0] == VARIABLE_LENGTH_CMD)
		return cmd->cdb_len >= 8 && cmd->cdb_len >= 8 + cmd->cdb[7];
	return cmd->cdb_len >= COMMAND_SIZE(cmd->cdb[0]);
}

static void scst_cdb_refuse_unknown(struct scst_cmd *cmd, bool known)
{
	if (known)
		scst_cmd_set_field_error(cmd, SCST_SENSE_INVALID_CDB_FIELD, 1, 4);
	else
		scst_cmd_set_sense(cmd, SCST_SENSE_INVALID_OPCODE);
}

static bool scst_cdb_find(struct scst_cmd *cmd)
{
	bool known;

	cmd->kind = cmd->dev ? READ_ONCE(cmd->dev->kind) : scst_kind_find(TYPE_DISK);
	cmd->op = scst_kind_opcode(cmd->kind, cmd->cdb, cmd->cdb_len, &known);
	if (!cmd->op && cmd->dev && cmd->dev->handler->execute && scst_cdb_is_whole(cmd))
		cmd->op = &scst_opcode_unknown;
	if (!cmd->dev && !scst_cdb_needs_no_device(cmd))
		scst_cmd_set_sense(cmd, SCST_SENSE_LUN_NOT_SUPPORTED);
	else if (!cmd->op)
		scst_cdb_refuse_unknown(cmd, known);
	else if (cmd->cdb_len < cmd->op->cdb_len)
		scst_cmd_set_sense(cmd, SCST_SENSE_INVALID_CDB_FIELD);
	else
		return true;
	return false;
}

/*
 * BYTCHK, SBC-4 5.41: 00b compares nothing, and VERIFY transfers no data then; 01b compares all
 * blocks; 11b compares one block with every block of the range. WRITE AND VERIFY does not have
 * 11b. @blocks is set to the number of blocks to transfer. Returns false if the value is refused.
 */
static bool scst_cdb_bytchk(struct scst_cmd *cmd, u64 *blocks)
{
	u8 *io = cmd->io == SCST_IO_WRITE ? &cmd->io_next : &cmd->io;
	u8 bytchk = (cmd->cdb[1] >> 1) & 3;

	if (bytchk == 2 || (bytchk == 3 && cmd->io == SCST_IO_WRITE))
		return scst_cdb_refuse_bit(cmd, 1, 0x06);
	*io = bytchk ? SCST_IO_COMPARE : SCST_IO_VERIFY;
	if (cmd->io == SCST_IO_VERIFY)
		*blocks = 0;
	else if (bytchk == 3 && *blocks)
		*blocks = 1;
	return true;
}

/* The right amount of data would not help a write to a disk that is write protected. */
static bool scst_cdb_refuse_data(struct scst_cmd *cmd)
{
	bool protected = (cmd->op->flags & SCST_OPF_WRITES) && cmd->nexus &&
			 scst_write_protected(cmd);

	scst_cmd_set_sense(cmd, protected ? SCST_SENSE_WRITE_PROTECTED :
					    SCST_SENSE_INVALID_IU_FIELD);
	return false;
}

/*
 * Only the device knows the length of the transfer, so the announced length is used. A command
 * without a row also gets the announced direction. The command is refused if the direction is
 * unknown or both directions were announced.
 */
static bool scst_cdb_announced(struct scst_cmd *cmd)
{
	if (cmd->expected_dir == SCST_DIR_UNKNOWN || cmd->expected_dir == SCST_DIR_BOTH)
		return scst_cdb_refuse_data(cmd);
	if (cmd->op == &scst_opcode_unknown)
		cmd->dir = cmd->expected_dir;
	cmd->cdb_data_len = cmd->expected_len;
	return true;
}

/* The bytes that a medium access command transfers */
static bool scst_cdb_blocks(struct scst_cmd *cmd)
{
	const struct scst_opcode *op = cmd->op;
	u64 len = cmd->nblocks;

	if ((op->flags & SCST_OPF_BYTCHK) && !scst_cdb_bytchk(cmd, &len))
		return false;
	if (!(op->flags & SCST_OPF_FIXED) || (cmd->cdb[1] & 0x01)) {
		if (unlikely(!cmd->block_size) && cmd->io == SCST_IO_COMMAND)
			return scst_cdb_announced(cmd);
		len *= cmd->block_size;
	}
	if (len > U32_MAX)
		return scst_cdb_refuse_bit(cmd, op->xfer.byte, 0x80);
	cmd->cdb_data_len = len;
	return true;
}

static bool scst_cdb_check_same(struct scst_cmd *cmd)
{
	if (!cmd->nblocks || cmd->nblocks > SCST_SAME_MAX)
		return scst_cdb_refuse_bit(cmd, cmd->op->xfer.byte, 0x80);
	if ((cmd->cdb[1] & SCST_SAME_UNMAP) && scst_thin_is_off(cmd->dev))
		return scst_cdb_refuse_bit(cmd, 1, SCST_SAME_UNMAP);
	return true;
}

/* WRITE SAME: the blocks that are written, and the one that is transferred */
static bool scst_cdb_range(struct scst_cmd *cmd)
{
	if (!(cmd->op->flags & SCST_OPF_SAME))
		return true;
	if (cmd->io != SCST_IO_COMMAND && !scst_cdb_check_same(cmd))
		return false;
	if (cmd->cdb[1] & SCST_SAME_NDOB)
		return true;
	if (!cmd->block_size)
		return scst_cdb_announced(cmd);
	cmd->cdb_data_len = cmd->block_size;
	return true;
}

/*
 * COMPARE AND WRITE: the data to compare with, and the data to write. Not inline: other commands
 * would save the registers for the call.
 */
static noinline bool scst_cdb_twice(struct scst_cmd *cmd, u64 blocks)
{
	u64 len = 2 * blocks * cmd->block_size;

	cmd->nblocks = blocks;
	if (cmd->io == SCST_IO_COMMAND && !cmd->block_size)
		return scst_cdb_announced(cmd);
	if (len > U32_MAX ||
	    (cmd->io != SCST_IO_COMMAND && blocks > scst_sbc_max_compare(cmd->dev)))
		return scst_cdb_refuse_bit(cmd, cmd->op->xfer.byte, 0x80);
	cmd->cdb_data_len = len;
	return true;
}

/*
 * READ CD: the user data of sectors, or nothing. The other parts of a sector are refused when the
 * CDB is checked. Not inline: see above.
 */
static noinline bool scst_cdb_sectors(struct scst_cmd *cmd, u64 sectors)
{
	cmd->nblocks = sectors;
	if (cmd->io == SCST_IO_COMMAND)
		return scst_cdb_announced(cmd);
	if (!(cmd->cdb[9] & SCST_READ_CD_USER_DATA))
		return true;
	if (sectors > scst_sbc_max_blocks(cmd->dev))
		return scst_cdb_refuse_bit(cmd, cmd->op->xfer.byte, 0x80);
	cmd->cdb_data_len = sectors * cmd->block_size;
	return true;
}

/**
 * scst_cdb_refuse_list() - refuse the length of a parameter list
 * @cmd: the command
 *
 * Context: thread or atomic.
 * Return: false.
 */
bool scst_cdb_refuse_list(struct scst_cmd *cmd)
{
	scst_cmd_set_field_error(cmd, SCST_SENSE_PARAM_LIST_LENGTH, cmd->op->xfer.byte, 7);
	return false;
}

/*
 * A command that the device does not have, or a list that is too long for the core: before data is
 * fetched.
 */
static bool scst_cdb_parameters(struct scst_cmd *cmd, u64 len)
{
	if (!scst_thin_has(cmd->dev, cmd->op)) {
		scst_cmd_set_sense(cmd, SCST_SENSE_INVALID_OPCODE);
		return false;
	}
	if (len > SCST_MAX_PARAM_LIST && cmd->io != SCST_IO_COMMAND)
		return scst_cdb_refuse_list(cmd);
	cmd->cdb_data_len = len;
	return true;
}

static bool scst_cdb_length(struct scst_cmd *cmd)
{
	const struct scst_opcode *op = cmd->op;
	u64 value = scst_cdb_number(cmd->cdb, &op->xfer);

	if (!value && (op->flags & SCST_OPF_ZERO_IS_256))
		value = 256;
	switch (op->len_kind) {
	case SCST_LEN_ALLOCATION:
		cmd->cdb_data_len = value;
		return true;
	case SCST_LEN_PARAMETERS:
		return scst_cdb_parameters(cmd, value);
	case SCST_LEN_BLOCKS:
		cmd->nblocks = value;
		return scst_cdb_blocks(cmd);
	case SCST_LEN_RANGE:
		cmd->nblocks = value;
		return scst_cdb_range(cmd);
	case SCST_LEN_FIXED:
		cmd->cdb_data_len = op->fixed_len;
		return true;
	case SCST_LEN_ANNOUNCED:
		return scst_cdb_announced(cmd);
	case SCST_LEN_TWICE:
		return scst_cdb_twice(cmd, value);
	case SCST_LEN_SECTORS:
		return scst_cdb_sectors(cmd, value);
	}
	return true;
}

/*
 * A write is durable on completion if FUA is set, if the medium is to be verified next, or if the
 * write cache is disabled.
 */
static bool scst_cdb_fua(const struct scst_cmd *cmd)
{
	if ((cmd->op->flags & SCST_OPF_FUA) && (cmd->cdb[1] & 0x08))
		return true;
	if (cmd->io_next != SCST_IO_NONE)
		return true;
	return cmd->io == SCST_IO_WRITE && !READ_ONCE(cmd->dev->mode.wce);
}

/*
 * Whether responses report data that the initiator had not announced. If so, a write can be cut
 * to the announced length, and a read can be executed without data.
 */
static bool scst_cdb_tells_overflow(const struct scst_cmd *cmd)
{
	return cmd->sess->tgt->ops->reports_overflow;
}

/* A read can be executed without its data; a write cannot. */
static bool scst_cdb_drop_data(struct scst_cmd *cmd)
{
	if (cmd->dir != SCST_DIR_IN || !scst_cdb_tells_overflow(cmd))
		return false;
	cmd->dir = SCST_DIR_NONE;
	cmd->data_len = 0;
	cmd->cdb_data_len = 0;
	return true;
}

/*
 * A write is cut to the announced length if that is a whole number of blocks. Data to compare and
 * parameter lists are never cut, because they are needed completely.
 */
static bool scst_cdb_cut_write(struct scst_cmd *cmd)
{
	if (!scst_cdb_tells_overflow(cmd))
		return false;
	cmd->data_out_short = cmd->io != SCST_IO_WRITE || cmd->expected_len % cmd->block_size;
	if (cmd->data_out_short)
		return false;
	cmd->nblocks = cmd->expected_len / cmd->block_size;
	cmd->data_len = cmd->expected_len;
	if (!cmd->data_len)
		cmd->dir = SCST_DIR_NONE;
	return true;
}

static bool scst_cdb_cut(struct scst_cmd *cmd)
{
	if (cmd->dir == SCST_DIR_OUT)
		return scst_cdb_cut_write(cmd);
	cmd->data_len = cmd->expected_len;
	return true;
}

/* Both directions were announced: move the length of the one that the CDB uses to @expected_len. */
static void scst_cdb_choose_direction(struct scst_cmd *cmd)
{
	if (cmd->dir == SCST_DIR_IN)
		swap(cmd->expected_len, cmd->expected_other);
	cmd->expected_dir = cmd->dir == SCST_DIR_IN ? SCST_DIR_IN : SCST_DIR_OUT;
}

/*
 * Compare the announced length with that of the CDB, RFC 7143 11.4.5.1 and FCP-4 9.4.2. Data-In
 * is cut to the announced length, and the rest is residual. A write is cut in the same way if
 * responses report the overflow. Other Data-Out that is not complete is refused. Data in the
 * wrong direction is refused, except that a read is executed without data if responses report the
 * overflow. A refused command has no effect.
 */
static bool scst_cdb_check_announced(struct scst_cmd *cmd)
{
	bool fits = true;

	cmd->data_len = cmd->cdb_data_len;
	if (unlikely(cmd->expected_dir == SCST_DIR_BOTH))
		scst_cdb_choose_direction(cmd);
	if (!cmd->data_len)
		cmd->dir = SCST_DIR_NONE;
	if (cmd->dir == SCST_DIR_NONE || cmd->expected_dir == SCST_DIR_UNKNOWN)
		return true;
	if (cmd->expected_len && cmd->expected_dir != cmd->dir)
		fits = scst_cdb_drop_data(cmd);
	else if (cmd->expected_len < cmd->data_len)
		fits = scst_cdb_cut(cmd);
	return fits || scst_cdb_refuse_data(cmd);
}

/* A large allocation length must not make the core allocate a large buffer. */
static void scst_cdb_limit_parameters(struct scst_cmd *cmd)
{
	if (cmd->op->len_kind == SCST_LEN_ALLOCATION)
		cmd->data_len = min_t(u32, cmd->data_len, SCST_MAX_PARAM_DATA);
}

/* Whether the core executes the command, even if the handler executes whole commands */
static bool scst_cdb_is_for_core(const struct scst_cmd *cmd)
{
	if (cmd->op->flags & SCST_OPF_CORE)
		return true;
	return cmd->op->opcode == REQUEST_SENSE && scst_ua_is_pending(cmd);
}

/* The device executes the command, and checks reserved bits and the block range itself. */
static bool scst_cdb_decode_whole(struct scst_cmd *cmd)
{
	u32 limit = cmd->dev->params.max_transfer;

	cmd->io = SCST_IO_COMMAND;
	if (!scst_cdb_length(cmd))
		return false;
	cmd->nblocks = 0;
	if (cmd->op->len_kind == SCST_LEN_ALLOCATION)
		cmd->cdb_data_len = min(cmd->cdb_data_len, limit);
	if (cmd->cdb_data_len <= limit)
		return scst_cdb_check_announced(cmd);
	return scst_cdb_refuse_bit(cmd, cmd->op->xfer.byte, 0x80);
}

static bool scst_cdb_decode_row(struct scst_cmd *cmd)
{
	const struct scst_opcode *op = cmd->op;

	if (!scst_cdb_check_usage(cmd))
		return false;
	cmd->io = op->io;
	cmd->io_next = op->io_next;
	cmd->lba = scst_cdb_number(cmd->cdb, &op->lba);
	if (cmd->dev)
		cmd->fua = scst_cdb_fua(cmd);
	if (!scst_cdb_length(cmd) || !scst_cdb_check_announced(cmd))
		return false;
	scst_cdb_limit_parameters(cmd);
	return true;
}

static bool scst_cdb_fill(struct scst_cmd *cmd)
{
	cmd->dir = cmd->op->dir;
	if (cmd->dev) {
		cmd->block_size = cmd->dev->params.block_size;
		if (unlikely(cmd->dev->handler->execute && !scst_cdb_is_for_core(cmd)))
			return scst_cdb_decode_whole(cmd);
	}
	return scst_cdb_decode_row(cmd);
}

/**
 * scst_cdb_decode() - find a command's row and decode its CDB
 * @cmd: a command after LUN translation
 *
 * Context: thread or atomic.
 * Return: SCST_STAGE_ADMIT; or SCST_STAGE_COMPLETE if the command is refused, with its status
 * set.
 */
enum scst_stage scst_cdb_decode(struct scst_cmd *cmd)
{
	return scst_cdb_find(cmd) && scst_cdb_fill(cmd) ? SCST_STAGE_ADMIT : SCST_STAGE_COMPLETE;
}
EXPORT_SYMBOL_IF_KUNIT(scst_cdb_decode);
