// SPDX-License-Identifier: GPL-2.0
/*
 * A sample device handler: disks in memory, which are empty whenever they are enabled.
 *
 * Documentation/scst/device-handler.rst walks through it. It is complete: all that a handler with
 * block operations has to do is here, and nothing else. There is no SCSI in it. The core
 * decodes CDBs, checks which blocks they name, answers INQUIRY and its like, and turns errors
 * into sense data.
 */
#include <linux/configfs.h>
#include <linux/kstrtox.h>
#include <linux/minmax.h>
#include <linux/module.h>
#include <linux/scatterlist.h>
#include <linux/sizes.h>
#include <linux/string.h>
#include <linux/sysfs.h>
#include <linux/vmalloc.h>
#include <scsi/scsi_proto.h>
#include <scst/handler.h>

#define SCST_RAM_BLOCK		512
#define SCST_RAM_DEFAULT_SIZE	SZ_1M

/* [device] */

/**
 * struct scst_ram - a disk
 * @size:	attribute: bytes, a multiple of the block size
 * @memory:	the medium, while the device is enabled
 */
struct scst_ram {
	u64 size;
	u8 *memory;
};

/* mkdir: the core has zeroed scst_device_priv(). */
static int scst_ram_create(struct scst_device *dev)
{
	struct scst_ram *ram = scst_device_priv(dev);

	ram->size = SCST_RAM_DEFAULT_SIZE;
	return 0;
}

/* [open] */

/*
 * "echo 1 > enable". Nothing else uses the device until this returns, and nothing waits for it: it
 * may take its time. The administrator reads in last_error why it failed.
 */
static int scst_ram_open(struct scst_device *dev, struct scst_device_params *params)
{
	struct scst_ram *ram = scst_device_priv(dev);

	ram->memory = vzalloc(ram->size);
	if (!ram->memory) {
		scst_device_set_error(dev, "no memory for %llu bytes", ram->size);
		return -ENOMEM;
	}
	params->block_size = SCST_RAM_BLOCK;
	params->nblocks = ram->size / SCST_RAM_BLOCK;
	params->non_rotating = true;
	return 0;
}

/* No command is here, and none will come. */
static void scst_ram_close(struct scst_device *dev)
{
	struct scst_ram *ram = scst_device_priv(dev);

	vfree(ram->memory);
}

/* [commands] */

static u8 *scst_ram_at(const struct scst_cmd *cmd)
{
	const struct scst_ram *ram = scst_device_priv(cmd->dev);

	return ram->memory + cmd->lba * SCST_RAM_BLOCK;
}

/*
 * The core has checked that the blocks exist, and cmd->sg has room for cmd->data_len bytes.
 * This is done when it returns, so the command is completed here; a handler with a device
 * below it returns, and completes it later, in the context that notifies it of the end.
 */
static void scst_ram_read(struct scst_cmd *cmd)
{
	sg_copy_from_buffer(cmd->sg, cmd->sg_nents, scst_ram_at(cmd), cmd->data_len);
	scst_cmd_complete(cmd, SCST_CTX_ATOMIC);
}

static void scst_ram_write(struct scst_cmd *cmd)
{
	sg_copy_to_buffer(cmd->sg, cmd->sg_nents, scst_ram_at(cmd), cmd->data_len);
	scst_cmd_complete(cmd, SCST_CTX_ATOMIC);
}

/* Memory can be read, and has no cache that could lose something. */
static void scst_ram_nothing(struct scst_cmd *cmd)
{
	scst_cmd_complete(cmd, SCST_CTX_ATOMIC);
}

/* The offset of the first byte that differs, or @len */
static u32 scst_ram_diff(const u8 *a, const u8 *b, u32 len)
{
	u32 i = 0;

	while (i < len && a[i] == b[i])
		i++;
	return i;
}

/*
 * With one block of data for many (BYTCHK 11b) each of them is to equal it; else there is as
 * much data as there are blocks. INFORMATION says where the first difference is.
 */
static u32 scst_ram_differs_at(const struct scst_cmd *cmd, const u8 *data)
{
	u32 len = cmd->data_len;
	u64 done, all = cmd->nblocks * SCST_RAM_BLOCK;
	u32 at = len;

	for (done = 0; done < all && at == len; done += len)
		at = scst_ram_diff(scst_ram_at(cmd) + done, data, len);
	return at;
}

static void scst_ram_compare(struct scst_cmd *cmd)
{
	u8 *data = kvmalloc(cmd->data_len, GFP_NOIO);
	u32 at;

	if (!data) {
		/* The initiator is to try again. */
		scst_cmd_set_busy(cmd);
	} else {
		sg_copy_to_buffer(cmd->sg, cmd->sg_nents, data, cmd->data_len);
		at = scst_ram_differs_at(cmd, data);
		if (at < cmd->data_len)
			scst_cmd_set_sense_info(cmd, SCST_SENSE_MISCOMPARE_VERIFY, at);
	}
	kvfree(data);
	scst_cmd_complete(cmd, SCST_CTX_THREAD);
}

static const struct scst_block_ops scst_ram_block_ops = {
	.read		= scst_ram_read,
	.write		= scst_ram_write,
	.verify		= scst_ram_nothing,
	.compare	= scst_ram_compare,
	.sync		= scst_ram_nothing,
};

/* [attributes] */

static ssize_t scst_ram_size_show(struct config_item *item, char *page)
{
	const struct scst_ram *ram = scst_device_priv(scst_device_from_item(item));

	return sysfs_emit(page, "%llu\n", ram->size);
}

/* No lock is held: text becomes a number. */
static int scst_ram_parse_size(struct scst_device *dev, const char *page, u64 *size)
{
	if (!kstrtou64(page, 10, size) && *size && !(*size % SCST_RAM_BLOCK))
		return 0;
	scst_device_set_error(dev, "size is not a positive multiple of %u", SCST_RAM_BLOCK);
	return -EINVAL;
}

/* The device is disabled, and stays so until this returns. */
static int scst_ram_apply_size(struct scst_device *dev, const u64 *size)
{
	struct scst_ram *ram = scst_device_priv(dev);

	ram->size = *size;
	return 0;
}

SCST_DEV_ATTR(scst_ram_, size, u64, scst_ram_parse_size, scst_ram_apply_size);

static struct configfs_attribute *const scst_ram_attrs[] = {
	&scst_ram_attr_size,
	NULL,
};

/* [module] */

static const struct scst_handler_ops scst_ram_ops = {
	.name			= "ram",
	.owner			= THIS_MODULE,
	.type			= TYPE_DISK,
	.product		= "RAM DISK",
	.device_priv_size	= sizeof(struct scst_ram),
	.may_sleep		= true,
	.attrs			= scst_ram_attrs,
	.block			= &scst_ram_block_ops,
	.create			= scst_ram_create,
	.open			= scst_ram_open,
	.close			= scst_ram_close,
};

static int __init scst_ram_init(void)
{
	return scst_handler_register(&scst_ram_ops);
}
module_init(scst_ram_init);

/* There are no devices any more: each of them keeps the module. */
static void __exit scst_ram_exit(void)
{
	scst_handler_unregister(&scst_ram_ops);
}
module_exit(scst_ram_exit);

MODULE_DESCRIPTION("Sample SCSI target device handler: disks in memory");
MODULE_LICENSE("GPL");
/* "mkdir devices/ram" loads the module by this name. */
MODULE_ALIAS("scst-handler-ram");
