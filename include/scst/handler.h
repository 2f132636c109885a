/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Device handlers: how a kind of device plugs into the core.
 *
 * A handler executes commands. It registers one const table and is told of the
 * devices that the administrator makes, opens and closes.
 */
#ifndef _SCST_HANDLER_H
#define _SCST_HANDLER_H

#include <linux/configfs.h>
#include <linux/types.h>
#include <scst/cmd.h>

struct scst_device;

/**
 * struct scst_block_params - what an emulated block device is
 * @nblocks:		capacity in logical blocks
 * @block_shift:	log2 of the logical block size in bytes: 9 to 12
 * @phys_exp:		log2 of logical blocks per physical block
 * @max_blocks:		longest transfer in blocks; 0: no limit but the core's
 * @read_only:		the medium cannot be written
 * @volatile_cache:	completed writes may be lost on power failure unless
 *			SCST_IO_SYNC or cmd->fua made them durable
 * @non_rotating:	solid state: VPD page B1h says so
 */
struct scst_block_params {
	u64 nblocks;
	u8 block_shift;
	u8 phys_exp;
	u32 max_blocks;
	bool read_only;
	bool volatile_cache;
	bool non_rotating;
};

/**
 * struct scst_handler_ops - a device handler
 * @name:		the directory under devices/; its module has the alias
 *			"scst-handler-<name>"
 * @owner:		THIS_MODULE
 * @type:		peripheral device type, SPC-6 6.7.2
 * @product:		PRODUCT IDENTIFICATION, at most 16 characters
 * @device_priv_size:	bytes behind scst_device_priv(), zeroed
 * @may_sleep:		@execute must be called in process context
 * @attrs:		the handler's own attributes of a device, or NULL
 * @create:		optional; mkdir: set defaults. Process context. Returns 0
 *			or an errno, with scst_device_set_error() having said why.
 * @destroy:		optional; the device is about to be freed. Undoes a @create that
 *			succeeded.
 * @open:		enable: acquire the backend and fill in @params. Process
 *			context, the enabler's; may take its time: nothing else
 *			changes the device meanwhile, and nobody waits for it.
 *			Returns 0 or an errno, with scst_device_set_error()
 *			having said why.
 * @close:		release the backend; no command runs and none will come.
 *			From a worker thread of the device's own.
 * @execute:		do what cmd->io says and call scst_cmd_complete() exactly
 *			once, from any context, now or later. Errors are reported
 *			with scst_cmd_set_sense() before that.
 * @capacity:		for those who call scst_device_resized(): how many blocks
 *			the open backend has now. 0: not one; then the device is
 *			treated as lost, and scst_device_set_error() said why.
 *			Process context; @close comes after its return.
 */
struct scst_handler_ops {
	const char *name;
	struct module *owner;
	u8 type;
	const char *product;
	size_t device_priv_size;
	bool may_sleep;
	struct configfs_attribute *const *attrs;

	int (*create)(struct scst_device *dev);
	void (*destroy)(struct scst_device *dev);
	int (*open)(struct scst_device *dev, struct scst_block_params *params);
	void (*close)(struct scst_device *dev);
	void (*execute)(struct scst_cmd *cmd);
	u64 (*capacity)(struct scst_device *dev);
};

int scst_handler_register(const struct scst_handler_ops *ops);
void scst_handler_unregister(const struct scst_handler_ops *ops);

void *scst_device_priv(struct scst_device *dev);
const char *scst_device_name(const struct scst_device *dev);
struct scst_device *scst_device_from_item(struct config_item *item);
__printf(2, 3)
void scst_device_set_error(struct scst_device *dev, const char *fmt, ...);
int scst_device_op_end(struct scst_device *dev, const char *what, int ret);

/**
 * enum scst_attention - what a backend has to tell initiators of its own accord
 * @SCST_ATTENTION_MICROCODE:	   MICROCODE HAS BEEN CHANGED
 * @SCST_ATTENTION_SOFT_THRESHOLD: THIN PROVISIONING SOFT THRESHOLD REACHED
 * @SCST_ATTENTION_ACCESS_STATE:   ASYMMETRIC ACCESS STATE CHANGED
 */
enum scst_attention {
	SCST_ATTENTION_MICROCODE,
	SCST_ATTENTION_SOFT_THRESHOLD,
	SCST_ATTENTION_ACCESS_STATE,
};

void scst_device_attention(struct scst_device *dev, enum scst_attention what);
void scst_device_lost(struct scst_device *dev);
void scst_device_write_lost(struct scst_device *dev, scst_sense_t sense);
void scst_device_resized(struct scst_device *dev);
void scst_device_queue_work(struct scst_device *dev, struct work_struct *work);

int scst_device_config_lock(struct scst_device *dev);
void scst_device_config_unlock(struct scst_device *dev);

/**
 * SCST_DEV_STORE - how an attribute of a handler's devices is written
 * @_attr:	<prefix><name> of the attribute; defines <prefix><name>_store()
 * @_what:	its name, a string
 * @_type:	T
 * @_parse:	int parse(struct scst_device *, const char *page, T *value):
 *		turn text into a value; no lock is held; 0 or an errno, with
 *		scst_device_set_error() having said why
 * @_apply:	int apply(struct scst_device *, T *value): check against the other
 *		attributes and store; configuration lock held, device disabled
 *
 * For attributes that several handlers share; else see SCST_DEV_ATTR().
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
 * SCST_DEV_ATTR - an attribute of a handler's devices, fixed while enabled
 * @_prefix:	the handler's function prefix
 * @_name:	file name
 * @_type:	see SCST_DEV_STORE()
 * @_parse:	see there
 * @_apply:	see there
 *
 * Defines a static <prefix><name>_store() and the attribute; the handler writes
 * <prefix><name>_show().
 */
#define SCST_DEV_ATTR(_prefix, _name, _type, _parse, _apply)		\
static ssize_t _prefix##_name##_store(struct config_item *item,	\
				      const char *page, size_t count);	\
SCST_DEV_STORE(_prefix##_name, #_name, _type, _parse, _apply)		\
CONFIGFS_ATTR(_prefix, _name)

#endif /* _SCST_HANDLER_H */
