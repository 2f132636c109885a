/* SPDX-License-Identifier: GPL-2.0 */
/*
 * scst_raw: devices of any type that execute whole commands, controlled by a script.
 *
 * devices/raw/<device>/ has these attributes in addition to those of all devices:
 *
 *   type		PERIPHERAL DEVICE TYPE while it is enabled, hexadecimal; 01
 *   block_size		bytes; 0: only the device knows
 *   max_transfer	bytes; 0: the core's limit
 *
 * devices/raw_buffers/<device>/ is the same, but the handler allocates the data buffers.
 *
 * Without a script a device is a tape of a few records. WRITE(6) appends its data as one record.
 * WRITE FILEMARKS(6) appends a filemark. READ(6) returns the next record, with ILI and residual if
 * the record has another length. REWIND rewinds. INQUIRY, READ BLOCK LIMITS and MODE SENSE(6)
 * return the minimum. Any other command ends with GOOD, and its Data-In is filled with its
 * operation code.
 *
 * While a device is open there is a file /sys/kernel/debug/scst_raw/<device>. It takes
 *
 *   hold		commands wait from now on
 *   auto		commands do not wait; all waiting commands are completed
 *   complete TAG|next [status=XX] [sense=HEX] [sent=BYTES]
 *			complete a waiting command with this status and this much of its data;
 *			without status and sense the tape executes the command
 *   patience TAG MS	scst_cmd_set_patience() for a waiting command
 *   ends|keeps		an aborted command ends at once, or keeps waiting
 *   reset hold|go	resets wait, or end
 *   attention KKAAQQ	establish a unit attention for all initiators
 *   lost		the backend is lost
 *   own CDB [in BYTES]	the device sends an internal command to itself
 *   own abort		abort the internal command
 *
 * and lists the waiting commands in order of arrival: TAG CDB none|out|in BYTES; then
 *
 *   aborts N		number of calls of abort()
 *   resets N		number of calls of reset()
 *   buffers N		number of the handler's buffers in use
 *   own none|pending|aborted|status=XX sense=HEX data=HEX
 */
#ifndef _SCST_RAW_H
#define _SCST_RAW_H

#include <linux/completion.h>
#include <linux/list.h>
#include <linux/spinlock.h>
#include <scst/compat.h>
#include <scst/handler.h>

#define RAW_RECORDS	16
#define RAW_OWN_DATA	64

/**
 * struct raw_record - a record or a mark on the tape
 * @data:	NULL: a filemark
 * @len:	bytes
 */
struct raw_record {
	u8 *data;
	u32 len;
};

/**
 * struct raw_own - the internal command of a device
 * @internal:	the command
 * @state:	"none", "pending", "aborted" or "over"
 * @sg:		scatterlist of @data
 * @data:	Data-In buffer, RAW_OWN_DATA bytes
 */
struct raw_own {
	struct scst_internal_cmd internal;
	const char *state;
	struct scatterlist sg;
	u8 *data;
};

/**
 * struct raw_dev - a device
 * @dev:	the core's device
 * @type:	attribute
 * @block_size:	attribute
 * @max_transfer: attribute
 * @records:	the tape; one command at a time uses it
 * @count:	number of records on the tape
 * @pos:	index of the next record
 * @lock:	guards the fields after it
 * @waiting:	struct raw_waiting.entry
 * @hold:	commands wait
 * @keeps:	aborted commands keep waiting
 * @hold_reset:	resets wait for @reset_go
 * @reset_go:	ends the wait of resets
 * @aborts:	number of calls of abort()
 * @resets:	number of calls of reset()
 * @buffers:	number of the handler's buffers in use
 * @own:	its internal command
 * @file:	file in debugfs, while open
 */
struct raw_dev {
	struct scst_device *dev;
	u8 type;
	u32 block_size;
	u32 max_transfer;
	struct raw_record records[RAW_RECORDS];
	unsigned int count;
	unsigned int pos;
	spinlock_t lock;		/* guards the fields below */
	struct list_head waiting;
	bool hold;
	bool keeps;
	bool hold_reset;
	struct completion reset_go;
	unsigned int aborts;
	unsigned int resets;
	unsigned int buffers;
	struct raw_own own;
	struct dentry *file;
};

/* raw_tape.c */
void raw_tape_execute(struct scst_cmd *cmd);
void raw_tape_erase(struct raw_dev *raw);

/* raw_script.c */
void raw_script_init(void);
void raw_script_exit(void);
int raw_script_open(struct raw_dev *raw);
void raw_script_close(struct raw_dev *raw);
void raw_execute(struct scst_cmd *cmd);
void raw_abort(struct scst_cmd *cmd);
void raw_reset(struct scst_device *dev);

/* raw_own.c */
int raw_own_request(struct raw_dev *raw, char *args);
int raw_own_print(struct raw_dev *raw, char *line, size_t size);

#endif /* _SCST_RAW_H */
