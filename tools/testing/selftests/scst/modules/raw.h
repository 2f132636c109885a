/* SPDX-License-Identifier: GPL-2.0 */
/*
 * scst_raw: devices that execute whole commands, of any type, as a script says.
 *
 * devices/raw/<device>/ has, besides what all devices have:
 *
 *   type		PERIPHERAL DEVICE TYPE while it is enabled, hexadecimal; 01
 *   block_size		bytes; 0: only the device knows
 *   max_transfer	bytes; 0: the core's limit
 *
 * devices/raw_buffers/<device>/ is the same, but its data buffers are the handler's own.
 *
 * By itself a device is a tape of a few records: WRITE(6) appends what it gets as one
 * record, WRITE FILEMARKS(6) marks, READ(6) returns the next record with ILI and residual
 * if it has another length, REWIND rewinds. INQUIRY, READ BLOCK LIMITS and MODE SENSE(6) say
 * what they must, any other command ends with GOOD, and its Data-In is its operation code.
 *
 * While one is open there is /sys/kernel/debug/scst_raw/<device>. It takes
 *
 *   hold		commands wait from now on
 *   auto		they do not, and nothing waits any more
 *   complete TAG|next [status=XX] [sense=HEX] [sent=BYTES]
 *			it ends like that, with so much of its data; without status and
 *			sense as the device ends it
 *   patience TAG MS	it may take so long
 *   ends|keeps		what becomes of a command that is aborted: it ends at once, or waits
 *   reset hold|go	resets wait, or end
 *   attention KKAAQQ	all initiators are told
 *   lost		the backend is gone
 *   own CDB [in BYTES]	a command of the device's own for itself
 *   own abort		that is aborted
 *
 * and lists what waits, in the order of arrival: TAG CDB none|out|in BYTES; then
 *
 *   aborts N		how often it was told that a command is aborted
 *   resets N		and that it is reset
 *   buffers N		of the handler's own that are in use
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
 * struct raw_own - the device's command for itself
 * @internal:	the command
 * @state:	"none", "pending" or "over"
 * @sg:		of @data
 * @data:	what it reads
 */
struct raw_own {
	struct scst_internal_cmd internal;
	const char *state;
	struct scatterlist sg;
	u8 *data;
};

/**
 * struct raw_dev - a device
 * @dev:	the core's
 * @type:	attribute
 * @block_size:	attribute
 * @max_transfer: attribute
 * @records:	the tape; commands come one after the other
 * @count:	records on it
 * @pos:	the next one
 * @lock:	guards what follows
 * @waiting:	struct raw_waiting.entry
 * @hold:	commands wait
 * @keeps:	those that are aborted, too
 * @hold_reset:	resets wait
 * @reset_go:	for this
 * @aborts:	calls of abort()
 * @resets:	calls of reset()
 * @buffers:	own buffers in use
 * @own:	its command for itself
 * @file:	in debugfs, while open
 */
struct raw_dev {
	struct scst_device *dev;
	u8 type;
	u32 block_size;
	u32 max_transfer;
	struct raw_record records[RAW_RECORDS];
	unsigned int count;
	unsigned int pos;
	spinlock_t lock;		/* guards what follows */
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
