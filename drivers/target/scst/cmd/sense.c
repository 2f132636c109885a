// SPDX-License-Identifier: GPL-2.0
/*
 * Sense data: built only here, in the format that D_SENSE of the control mode page selects.
 */
#include <linux/export.h>
#include <linux/string.h>
#include <scsi/scsi_common.h>

#include "cmd/cmd.h"

/* Returns whether the field pointer of a sense code counts bytes of Data-Out. */
static bool scst_sense_in_parameters(scst_sense_t sense)
{
	return sense == SCST_SENSE_INVALID_PARAM_FIELD;
}

/* In both formats byte 7 is the number of bytes after the first eight. */
static unsigned int scst_sense_total(const u8 *buf)
{
	return buf[7] + 8;
}

/**
 * scst_sense_build() - write sense data
 * @buf:   at least SCST_SENSE_BUFFERSIZE bytes; all of them are written
 * @desc:  descriptor format, else fixed format
 * @sense: the sense code
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

/* Returns whether a command's sense data has descriptor format. */
static bool scst_cmd_desc_sense(const struct scst_cmd *cmd)
{
	return cmd->dev && READ_ONCE(cmd->dev->mode.d_sense);
}

/**
 * scst_cmd_set_sense() - set CHECK CONDITION and sense data
 * @cmd:   the command
 * @sense: the sense code
 *
 * Context: any.
 */
void scst_cmd_set_sense(struct scst_cmd *cmd, scst_sense_t sense)
{
	cmd->status = SAM_STAT_CHECK_CONDITION;
	cmd->sense_len = scst_sense_build(cmd->sense, scst_cmd_desc_sense(cmd), sense);
}
EXPORT_SYMBOL_GPL(scst_cmd_set_sense);

/**
 * scst_cmd_set_sense_info() - set CHECK CONDITION and sense data with INFORMATION
 * @cmd:   the command
 * @sense: the sense code
 * @info:  INFORMATION: the logical block or the byte offset concerned. Fixed format has 32 bits
 *	   for it. A number that does not fit is not marked as valid.
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
 * scst_cmd_set_status() - set the status that a device has returned
 * @cmd:       a command that a handler executes as a whole
 * @status:    SAM status
 * @sense:     the device's sense data, in either format; NULL if there is none
 * @sense_len: its length in bytes; at most SCST_SENSE_BUFFERSIZE bytes are passed on
 *
 * The core establishes a unit attention of the sense data for all other I_T nexuses, too.
 *
 * Context: any.
 */
void scst_cmd_set_status(struct scst_cmd *cmd, u8 status, const u8 *sense, unsigned int sense_len)
{
	cmd->status = status;
	cmd->sense_len = min_t(unsigned int, sense_len, sizeof(cmd->sense));
	memcpy(cmd->sense, sense, cmd->sense_len);
	cmd->device_status = true;
}
EXPORT_SYMBOL_GPL(scst_cmd_set_status);

/**
 * scst_cmd_set_field_error() - set CHECK CONDITION and sense data with a field pointer
 * @cmd:   the command
 * @sense: SCST_SENSE_INVALID_PARAM_FIELD for a field of the Data-Out, else for a field of the CDB
 * @byte:  offset of the field's first byte
 * @bit:   its leftmost bit in that byte, 7 to 0; -1: no bit pointer
 *
 * Context: any.
 */
void scst_cmd_set_field_error(struct scst_cmd *cmd, scst_sense_t sense, u16 byte, int bit)
{
	/* scsi_set_sense_field_pointer() sets no bit pointer for numbers above 7. */
	u8 pointer = bit < 0 ? 8 : bit;

	scst_cmd_set_sense(cmd, sense);
	scsi_set_sense_field_pointer(cmd->sense, sizeof(cmd->sense), byte,
				     pointer, !scst_sense_in_parameters(sense));
	cmd->sense_len = scst_sense_total(cmd->sense);
}
EXPORT_SYMBOL_GPL(scst_cmd_set_field_error);

/**
 * scst_cmd_set_busy() - set BUSY: the initiator retries the command
 * @cmd: the command
 *
 * Context: any.
 */
void scst_cmd_set_busy(struct scst_cmd *cmd)
{
	cmd->status = SAM_STAT_BUSY;
}
EXPORT_SYMBOL_GPL(scst_cmd_set_busy);
