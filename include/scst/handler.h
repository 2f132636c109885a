/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Device handlers: how a kind of device plugs into the core.
 *
 * A handler executes commands. It registers one const table and is notified of the
 * devices that the administrator makes, opens and closes.
 */
#ifndef _SCST_HANDLER_H
#define _SCST_HANDLER_H

#include <linux/configfs.h>
#include <linux/types.h>
#include <scst/cmd.h>

struct scst_device;

/**
 * struct scst_device_params - properties that a handler's open() found
 * @type:		PERIPHERAL DEVICE TYPE, SPC-6 6.7.2; the handler's @type unless it
 *			is changed. The core knows 00h, 01h, 03h, 05h, 07h, 08h and 0Ch.
 * @block_size:		bytes in a logical block, any number. 0: only the device knows;
 *			then it is for the transport to say how long a transfer is.
 * @nblocks:		capacity in logical blocks; of no interest where the handler
 *			executes whole commands
 * @max_transfer:	longest transfer of one command in bytes; 0: no limit but the
 *			core's, 16 MiB
 * @phys_exp:		log2 of logical blocks per physical block
 * @read_only:		the medium cannot be written
 * @volatile_cache:	completed writes may be lost on power failure unless
 *			SCST_IO_SYNC or cmd->fua made them durable
 * @non_rotating:	solid state: VPD page B1h says so
 */
struct scst_device_params {
	u64 nblocks;
	u32 block_size;
	u32 max_transfer;
	u8 type;
	u8 phys_exp;
	bool read_only;
	bool volatile_cache;
	bool non_rotating;
};

/**
 * struct scst_block_ops - how an emulated block device executes commands
 * @read:	fill cmd->sg with cmd->data_len bytes from block cmd->lba on
 * @write:	write cmd->data_len bytes of cmd->sg from block cmd->lba on; durably if
 *		cmd->fua
 * @verify:	check that cmd->nblocks blocks from cmd->lba on can be read
 * @compare:	compare cmd->data_len bytes of cmd->sg with the medium at cmd->lba
 * @sync:	make cmd->nblocks blocks from cmd->lba on durable; 0: all the rest
 *
 * The core decodes the CDB, checks the blocks, and answers everything else. Each ends in
 * scst_cmd_complete(), once, from any context, now or later. Errors are reported with
 * scst_cmd_set_sense() before that.
 */
struct scst_block_ops {
	void (*read)(struct scst_cmd *cmd);
	void (*write)(struct scst_cmd *cmd);
	void (*verify)(struct scst_cmd *cmd);
	void (*compare)(struct scst_cmd *cmd);
	void (*sync)(struct scst_cmd *cmd);
};

/**
 * struct scst_handler_ops - a device handler
 * @name:		the directory under devices/; its module has the alias
 *			"scst-handler-<name>"
 * @owner:		THIS_MODULE
 * @type:		peripheral device type, SPC-6 6.7.2, of a device that has not been
 *			opened; open() may say another one
 * @product:		PRODUCT IDENTIFICATION, at most 16 characters
 * @device_priv_size:	bytes behind scst_device_priv(), zeroed
 * @may_sleep:		commands must be executed in process context
 * @attrs:		the handler's own attributes of a device, or NULL
 * @block:		operations of a block device, for types that have blocks. A handler
 *			has either this or @execute.
 * @execute:		execute a whole command, as cmd->cdb says, and call
 *			scst_cmd_complete() exactly once, from any context, now or later.
 *			The core still answers commands about the target or the nexus
 *			(REPORT LUNS, reservations, REPORT SUPPORTED TASK MANAGEMENT
 *			FUNCTIONS); INQUIRY and REQUEST SENSE while the
 *			device is not active; and REQUEST SENSE if it has a unit attention
 *			to report. Commands that the core does not know come, too, with
 *			direction and length from the transport.
 *			See scst_cmd_set_status() and scst_cmd_set_transferred().
 * @create:		optional; mkdir: set defaults. Process context. Returns 0
 *			or an errno, with scst_device_set_error() having said why.
 * @destroy:		optional; the device is about to be freed. Undoes a @create that
 *			succeeded.
 * @open:		enable: acquire the backend and fill in @params. Process
 *			context, the enabler's; may take its time: nothing else
 *			changes the device meanwhile, and nothing waits for it.
 *			Returns 0 or an errno, with scst_device_set_error()
 *			having said why.
 * @close:		release the backend; no command runs and none will come.
 *			From a worker thread of the device's own.
 * @capacity:		for handlers that call scst_device_resized(): how many blocks
 *			the open backend has now. 0: not one; then the device is
 *			treated as lost, and scst_device_set_error() said why.
 *			Process context; @close comes after its return.
 * @alloc_data:		optional; set cmd->sg and cmd->sg_nents to memory of the handler's
 *			own for cmd->data_len bytes. Not called if the driver has brought a
 *			buffer. @gfp says whether it may sleep. Returns false if there is
 *			none: the command ends with BUSY then.
 * @free_data:		with @alloc_data: the command is over. Not sleeping; maybe after
 *			@close, but before @destroy.
 * @abort:		optional; a command that was given to the handler is aborted: it is
 *			to end soon, however it does. Not sleeping, under spinlocks: only
 *			note it. May come at the same time as @execute or
 *			scst_cmd_complete(): @execute first puts the command where @abort
 *			finds it, and then looks at scst_cmd_aborted().
 * @reset:		optional; an initiator has reset the logical unit, and all its
 *			commands are aborted. The function is answered when this returns
 *			and they have ended. Process context, the device is open; may take
 *			its time. Several functions may share one call.
 */
struct scst_handler_ops {
	const char *name;
	struct module *owner;
	u8 type;
	const char *product;
	size_t device_priv_size;
	bool may_sleep;
	struct configfs_attribute *const *attrs;

	const struct scst_block_ops *block;
	void (*execute)(struct scst_cmd *cmd);

	int (*create)(struct scst_device *dev);
	void (*destroy)(struct scst_device *dev);
	int (*open)(struct scst_device *dev, struct scst_device_params *params);
	void (*close)(struct scst_device *dev);
	u64 (*capacity)(struct scst_device *dev);
	bool (*alloc_data)(struct scst_cmd *cmd, gfp_t gfp);
	void (*free_data)(struct scst_cmd *cmd);
	void (*abort)(struct scst_cmd *cmd);
	void (*reset)(struct scst_device *dev);
};

int scst_handler_register(const struct scst_handler_ops *ops);
void scst_handler_unregister(const struct scst_handler_ops *ops);

void *scst_device_priv(struct scst_device *dev);
const char *scst_device_name(const struct scst_device *dev);
struct scst_device *scst_device_from_item(struct config_item *item);
__printf(2, 3)
void scst_device_set_error(struct scst_device *dev, const char *fmt, ...);
int scst_device_op_end(struct scst_device *dev, const char *what, int ret);

void scst_device_attention(struct scst_device *dev, scst_sense_t ua);
void scst_device_lost(struct scst_device *dev);
void scst_device_write_lost(struct scst_device *dev, scst_sense_t sense);
void scst_device_resized(struct scst_device *dev);
void scst_device_queue_work(struct scst_device *dev, struct work_struct *work);

/* The longest CDB of an internal command */
#define SCST_INTERNAL_CDB_LEN	32

/**
 * struct scst_internal_cmd - a command that comes from no initiator
 * @cmd:	the command
 * @cdb:	its CDB
 * @done:	called when the command has ended
 *
 * The caller embeds it in a structure of its own. See scst_internal_cmd_init().
 */
struct scst_internal_cmd {
	struct scst_cmd cmd;
	u8 cdb[SCST_INTERNAL_CDB_LEN];
	void (*done)(struct scst_internal_cmd *internal);
};

void scst_internal_cmd_init(struct scst_internal_cmd *internal, struct scst_device *dev,
			    const u8 *cdb, unsigned int cdb_len,
			    void (*done)(struct scst_internal_cmd *internal));
void scst_internal_cmd_abort(struct scst_internal_cmd *internal);

int scst_device_config_lock(struct scst_device *dev);
void scst_device_config_unlock(struct scst_device *dev);

/**
 * SCST_DEV_STORE() - how an attribute of a handler's devices is written
 * @_attr:	prefix and name of the attribute, as one word
 * @_what:	the name alone, a string
 * @_type:	type of the value
 * @_parse:	turns text into a value. No lock is held. Returns 0 or an errno, with
 *		scst_device_set_error() having said why.
 * @_apply:	checks the value against the other attributes and stores it. The
 *		configuration lock is held and the device is disabled. Returns as
 *		@_parse does.
 *
 * Defines the function ``<attr>_store()``. @_parse and @_apply are functions of this form::
 *
 *	int parse(struct scst_device *dev, const char *page, type *value);
 *	int apply(struct scst_device *dev, type *value);
 *
 * It is for an attribute that several handlers share. An attribute of one handler uses
 * SCST_DEV_ATTR().
 */
#define SCST_DEV_STORE(_attr, _what, _type, _parse, _apply)		\
ssize_t _attr##_store(struct config_item *item, const char *page,	\
		      size_t count)					\
{									\
	struct scst_device *dev = scst_device_from_item(item);		\
	_type value;							\
	int ret = _parse(dev, page, &value) ?: scst_device_config_lock(dev); \
									\
	if (!ret) {							\
		ret = _apply(dev, &value);				\
		scst_device_config_unlock(dev);				\
	}								\
	return scst_device_op_end(dev, _what, ret) ?: count;		\
}

/**
 * SCST_DEV_ATTR() - an attribute of a handler's devices, fixed while enabled
 * @_prefix:	the handler's function prefix
 * @_name:	file name
 * @_type:	type of the value
 * @_parse:	as that of SCST_DEV_STORE()
 * @_apply:	as that of SCST_DEV_STORE()
 *
 * Defines the static function ``<prefix><name>_store()`` and the attribute. The handler
 * writes ``<prefix><name>_show()``.
 */
#define SCST_DEV_ATTR(_prefix, _name, _type, _parse, _apply)		\
static ssize_t _prefix##_name##_store(struct config_item *item,	\
				      const char *page, size_t count);	\
SCST_DEV_STORE(_prefix##_name, #_name, _type, _parse, _apply)		\
CONFIGFS_ATTR(_prefix, _name)

#endif /* _SCST_HANDLER_H */
