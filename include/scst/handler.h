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
 *			executes whole commands. 0, with a removable medium: there is none.
 * @max_transfer:	longest transfer of one command in bytes; 0: no limit but the
 *			core's, 16 MiB
 * @phys_exp:		log2 of logical blocks per physical block
 * @opt_granularity:	logical blocks: transfers are best multiples of that; 0: of a physical block
 * @opt_transfer:	logical blocks: transfers are best not longer than that; 0: not known
 * @read_only:		the medium cannot be written
 * @volatile_cache:	completed writes may be lost on power failure unless
 *			SCST_IO_SYNC or cmd->fua made them durable
 * @non_rotating:	solid state: VPD page B1h says so
 * @thin:		blocks can be deallocated; only if the handler has @unmap
 * @reads_zeroes:	with @thin: a deallocated block reads as zeroes
 * @unmap_granularity:	with @thin: logical blocks that are deallocated together; 0: one
 * @unmap_alignment:	with @thin: the first block of such a unit that does not begin at block 0,
 *			less than @unmap_granularity
 * @max_unmap:		logical blocks that one @unmap takes; 0: no limit but the core's, 1 GiB
 * @medium:		with a removable medium: the handler's number of it, for cmd->medium
 */
struct scst_device_params {
	u64 nblocks;
	u32 block_size;
	u32 max_transfer;
	u32 opt_transfer;
	u16 opt_granularity;
	u8 type;
	u8 phys_exp;
	bool read_only;
	bool volatile_cache;
	bool non_rotating;
	bool thin;
	bool reads_zeroes;
	u32 unmap_granularity;
	u32 unmap_alignment;
	u32 max_unmap;
	u32 medium;
};

/**
 * struct scst_block_ops - how an emulated block device executes commands
 * @try_read:	optional; only for handlers with may_sleep. Does what @read does, if nothing has to
 *		be waited for. Returns true then, without completing the command. Returns false
 *		otherwise, and @read follows in a worker. Process context, but the caller may hold
 *		locks: it submits no I/O and allocates no memory that could wait for I/O.
 * @read:	fill cmd->sg with cmd->data_len bytes from block cmd->lba on
 * @write:	write cmd->data_len bytes of cmd->sg from block cmd->lba on; durably if
 *		cmd->fua
 * @verify:	check that cmd->nblocks blocks from cmd->lba on can be read
 * @compare:	compare cmd->data_len bytes of cmd->sg with the medium at cmd->lba; with BYTCHK 11b,
 *		each of cmd->nblocks blocks with the one block there. The offset of the first
 *		difference is the INFORMATION of the sense data, scst_cmd_set_sense_info().
 * @sync:	make cmd->nblocks blocks from cmd->lba on durable; 0: all the rest. That includes
 *		the effect of @unmap and @write_zeroes.
 * @unmap:	optional; deallocate cmd->nblocks blocks from cmd->lba on, as far as that is
 *		possible. A block that stays allocated keeps its data, or reads as zeroes.
 * @write_zeroes: optional; let cmd->nblocks blocks from cmd->lba on read as zeroes. With
 *		SCST_IO_ZERO_UNMAP they should be deallocated where that is possible. Without this
 *		operation, zeroes come with @write.
 * @read_ahead:	optional; begin to read cmd->nblocks blocks from cmd->lba on into a cache, as far as
 *		that makes sense, without waiting for them
 * @lba_status:	optional; only for handlers with may_sleep. Returns how many blocks from @lba on
 *		have the same state, which is stored in @mapped: allocated or not known, or
 *		deallocated. More than there are: all the rest. Sleeps as it likes, and does not
 *		complete @cmd.
 * @space:	optional; only for handlers with may_sleep. Sets the bytes of storage that the
 *		blocks of an open device use, and the bytes that are available to them, perhaps
 *		also to others. Returns false if that is not known. Sleeps as it likes.
 *
 * The core decodes the CDB, checks the blocks, and answers everything else. Each operation on a
 * command but @lba_status ends in scst_cmd_complete(), once, from any context, now or later. Errors
 * are reported with scst_cmd_set_sense() before that.
 */
struct scst_block_ops {
	bool (*try_read)(struct scst_cmd *cmd);
	void (*read)(struct scst_cmd *cmd);
	void (*write)(struct scst_cmd *cmd);
	void (*verify)(struct scst_cmd *cmd);
	void (*compare)(struct scst_cmd *cmd);
	void (*sync)(struct scst_cmd *cmd);
	void (*unmap)(struct scst_cmd *cmd);
	void (*write_zeroes)(struct scst_cmd *cmd);
	void (*read_ahead)(struct scst_cmd *cmd);
	u64 (*lba_status)(struct scst_cmd *cmd, u64 lba, bool *mapped);
	bool (*space)(struct scst_device *dev, u64 *used, u64 *available);
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
 * @may_defer:		the handler calls scst_cmd_defer() or scst_device_queue_work() where an
 *			operation turns out to sleep. Implied by @may_sleep.
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
 * @watch:		optional; once a second while the device is active: look at the
 *			backend, and call scst_device_resized() or scst_device_lost() if it
 *			has changed. Process context, the device is open; may take its time.
 * @is_back:		optional; once a second while the device waits for its backend: whether
 *			it makes sense to try @open. The core does it then, in a worker
 *			thread, as often as needed. Process context, in the same worker; may
 *			take its time. The attributes may change meanwhile, because the
 *			device is closed.
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
	bool may_defer;
	struct configfs_attribute *const *attrs;

	const struct scst_block_ops *block;
	void (*execute)(struct scst_cmd *cmd);

	int (*create)(struct scst_device *dev);
	void (*destroy)(struct scst_device *dev);
	int (*open)(struct scst_device *dev, struct scst_device_params *params);
	void (*close)(struct scst_device *dev);
	u64 (*capacity)(struct scst_device *dev);
	void (*watch)(struct scst_device *dev);
	bool (*is_back)(struct scst_device *dev);
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

/* Removable media */
int scst_device_backend_lock(struct scst_device *dev);
void scst_device_backend_unlock(struct scst_device *dev);
int scst_device_set_medium(struct scst_device *dev, u64 nblocks, u32 medium);
void scst_device_set_tray(struct scst_device *dev, bool open);
bool scst_device_tray_is_open(const struct scst_device *dev);

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
