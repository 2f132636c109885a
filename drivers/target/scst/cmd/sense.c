// SPDX-License-Identifier: GPL-2.0
/*
 * Sense data: built here and nowhere else, in the format that the logical unit
 * is set to (D_SENSE of the control mode page).
 */
#include <linux/export.h>
#include <linux/string.h>
#include <scsi/scsi_common.h>

#include "cmd/cmd.h"

/* Additional sense codes whose field pointer counts bytes of Data-Out */
static bool scst_sense_in_parameters(scst_sense_t sense)
{
	return sense == SCST_SENSE_INVALID_PARAM_FIELD;
}

/* Both formats say in byte 7 how many bytes follow the first eight. */
static unsigned int scst_sense_total(const u8 *buf)
{
	return buf[7] + 8;
}

/**
 * scst_sense_build() - write sense data
 * @buf:   at least SCST_SENSE_BUFFERSIZE bytes; all of them are written
 * @desc:  descriptor format, else fixed format
 * @sense: what to say
 *
 * Context: any.
 * Return: valid bytes in @buf.
 */
unsigned int scst_sense_build(u8 *buf, bool desc, scst_sense_t sense)
{
	memset(buf, 0, SCST_SENSE_BUFFERSIZE);
	scsi_build_sense_buffer(desc, buf, scst_sense_key(sense),
				scst_sense_asc(sense), scst_sense_ascq(sense));
	return scst_sense_total(buf);
}
EXPORT_SYMBOL_IF_KUNIT(scst_sense_build);

/**
 * scst_cmd_desc_sense() - which format of sense data a command is to get
 * @cmd: the command
 *
 * Context: any.
 * Return: true for descriptor format.
 */
bool scst_cmd_desc_sense(const struct scst_cmd *cmd)
{
	return cmd->dev && READ_ONCE(cmd->dev->mode.d_sense);
}

/**
 * scst_cmd_set_sense() - end a command with CHECK CONDITION
 * @cmd:   the command
 * @sense: why
 *
 * Context: any.
 */
void scst_cmd_set_sense(struct scst_cmd *cmd, scst_sense_t sense)
{
	cmd->status = SAM_STAT_CHECK_CONDITION;
	cmd->sense_len = scst_sense_build(cmd->sense, scst_cmd_desc_sense(cmd),
					  sense);
}
EXPORT_SYMBOL_GPL(scst_cmd_set_sense);

/**
 * scst_cmd_set_sense_info() - end a command with CHECK CONDITION and a number
 * @cmd:   the command
 * @sense: why
 * @info:  INFORMATION: the logical block or the byte offset concerned. Fixed
 *	   format has room for 32 bits and does not mark more as valid.
 *
 * Context: any.
 */
void scst_cmd_set_sense_info(struct scst_cmd *cmd, scst_sense_t sense, u64 info)
{
	scst_cmd_set_sense(cmd, sense);
	scsi_set_sense_information(cmd->sense, sizeof(cmd->sense), info);
	cmd->sense_len = scst_sense_total(cmd->sense);
}
EXPORT_SYMBOL_GPL(scst_cmd_set_sense_info);

/**
 * scst_cmd_set_status() - end a command as its device has ended it
 * @cmd:       a command that a handler executes as a whole
 * @status:    SAM status
 * @sense:     the device's sense data, in either format; NULL if there is none
 * @sense_len: its length, of which up to SCST_SENSE_BUFFERSIZE bytes are passed on
 *
 * A unit attention in the sense data is for all other I_T nexuses, too: they get it from
 * the core.
 *
 * Context: any.
 */
void scst_cmd_set_status(struct scst_cmd *cmd, u8 status, const u8 *sense,
			 unsigned int sense_len)
{
	cmd->status = status;
	cmd->sense_len = min_t(unsigned int, sense_len, sizeof(cmd->sense));
	memcpy(cmd->sense, sense, cmd->sense_len);
	cmd->device_status = true;
}
EXPORT_SYMBOL_GPL(scst_cmd_set_status);

/**
 * scst_cmd_set_field_error() - end a command with CHECK CONDITION and say which
 *			      field is at fault
 * @cmd:   the command
 * @sense: SCST_SENSE_INVALID_PARAM_FIELD if the field stands in the Data-Out,
 *	   else it stands in the CDB
 * @byte:  offset of the field's first byte
 * @bit:   its leftmost bit in that byte, 7 to 0; -1 says nothing about bits
 *
 * Context: any.
 */
void scst_cmd_set_field_error(struct scst_cmd *cmd, scst_sense_t sense,
			      u16 byte, int bit)
{
	/* The helper takes any number from 8 on for "no bit". */
	u8 pointer = bit < 0 ? 8 : bit;

	scst_cmd_set_sense(cmd, sense);
	scsi_set_sense_field_pointer(cmd->sense, sizeof(cmd->sense), byte,
				     pointer, !scst_sense_in_parameters(sense));
	cmd->sense_len = scst_sense_total(cmd->sense);
}
EXPORT_SYMBOL_GPL(scst_cmd_set_field_error);

/**
 * scst_cmd_set_busy() - end a command with BUSY: the initiator is to try again
 * @cmd: the command
 *
 * Context: any.
 */
void scst_cmd_set_busy(struct scst_cmd *cmd)
{
	cmd->status = SAM_STAT_BUSY;
}
EXPORT_SYMBOL_GPL(scst_cmd_set_busy);
