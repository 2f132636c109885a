// SPDX-License-Identifier: GPL-2.0
/*
 * scst_raw: the module, its devices and their attributes.
 */
#include <linux/kstrtox.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/scatterlist.h>
#include <linux/slab.h>
#include <linux/sysfs.h>
#include <scsi/scsi_proto.h>

#include "raw.h"

static int raw_create(struct scst_device *dev)
{
	struct raw_dev *raw = scst_device_priv(dev);

	raw->own.data = kzalloc(RAW_OWN_DATA, GFP_KERNEL);
	if (!raw->own.data)
		return -ENOMEM;
	raw->dev = dev;
	raw->type = TYPE_TAPE;
	raw->own.state = "none";
	spin_lock_init(&raw->lock);
	INIT_LIST_HEAD(&raw->waiting);
	init_completion(&raw->reset_go);
	return 0;
}

static void raw_destroy(struct scst_device *dev)
{
	struct raw_dev *raw = scst_device_priv(dev);

	WARN_ON(raw->buffers);
	raw_tape_erase(raw);
	kfree(raw->own.data);
}

static int raw_open(struct scst_device *dev, struct scst_device_params *params)
{
	struct raw_dev *raw = scst_device_priv(dev);

	params->type = raw->type;
	params->block_size = raw->block_size;
	params->max_transfer = raw->max_transfer;
	return raw_script_open(raw);
}

static void raw_close(struct scst_device *dev)
{
	raw_script_close(scst_device_priv(dev));
}

static void raw_count_buffers(struct scst_cmd *cmd, int step)
{
	struct raw_dev *raw = scst_device_priv(cmd->dev);

	spin_lock_bh(&raw->lock);
	raw->buffers += step;
	spin_unlock_bh(&raw->lock);
}

/* One piece, as for a handler that maps its buffers into a process */
static bool raw_alloc_data(struct scst_cmd *cmd, gfp_t gfp)
{
	cmd->sg = kmalloc_array(1, sizeof(*cmd->sg), gfp | __GFP_NOWARN);
	if (!cmd->sg)
		return false;
	cmd->handler_priv = alloc_pages_exact(cmd->data_len, gfp | __GFP_NOWARN);
	if (!cmd->handler_priv) {
		kfree(cmd->sg);
		cmd->sg = NULL;
		return false;
	}
	sg_init_one(cmd->sg, cmd->handler_priv, cmd->data_len);
	cmd->sg_nents = 1;
	raw_count_buffers(cmd, 1);
	return true;
}

static void raw_free_data(struct scst_cmd *cmd)
{
	free_pages_exact(cmd->handler_priv, cmd->sg->length);
	kfree(cmd->sg);
	raw_count_buffers(cmd, -1);
}

static struct raw_dev *raw_from_item(struct config_item *item)
{
	return scst_device_priv(scst_device_from_item(item));
}

static ssize_t raw_type_show(struct config_item *item, char *page)
{
	return sysfs_emit(page, "%02x\n", raw_from_item(item)->type);
}

static int raw_parse_type(struct scst_device *dev, const char *page, u8 *value)
{
	return kstrtou8(page, 16, value);
}

static int raw_apply_type(struct scst_device *dev, u8 *value)
{
	struct raw_dev *raw = scst_device_priv(dev);

	raw->type = *value;
	return 0;
}

SCST_DEV_ATTR(raw_, type, u8, raw_parse_type, raw_apply_type);

static int raw_parse_bytes(struct scst_device *dev, const char *page, u32 *value)
{
	return kstrtou32(page, 10, value);
}

static ssize_t raw_block_size_show(struct config_item *item, char *page)
{
	return sysfs_emit(page, "%u\n", raw_from_item(item)->block_size);
}

static int raw_apply_block_size(struct scst_device *dev, u32 *value)
{
	struct raw_dev *raw = scst_device_priv(dev);

	raw->block_size = *value;
	return 0;
}

SCST_DEV_ATTR(raw_, block_size, u32, raw_parse_bytes, raw_apply_block_size);

static ssize_t raw_max_transfer_show(struct config_item *item, char *page)
{
	return sysfs_emit(page, "%u\n", raw_from_item(item)->max_transfer);
}

static int raw_apply_max_transfer(struct scst_device *dev, u32 *value)
{
	struct raw_dev *raw = scst_device_priv(dev);

	raw->max_transfer = *value;
	return 0;
}

SCST_DEV_ATTR(raw_, max_transfer, u32, raw_parse_bytes, raw_apply_max_transfer);

static struct configfs_attribute *const raw_attrs[] = {
	&raw_attr_type,
	&raw_attr_block_size,
	&raw_attr_max_transfer,
	NULL,
};

static const struct scst_handler_ops raw_ops = {
	.name = "raw",
	.owner = THIS_MODULE,
	.type = TYPE_TAPE,
	.product = "RAW",
	.device_priv_size = sizeof(struct raw_dev),
	.may_sleep = true,
	.attrs = raw_attrs,
	.execute = raw_execute,
	.create = raw_create,
	.destroy = raw_destroy,
	.open = raw_open,
	.close = raw_close,
	.abort = raw_abort,
	.reset = raw_reset,
};

/* The same handler with buffers of its own */
static const struct scst_handler_ops raw_buffers_ops = {
	.name = "raw_buffers",
	.owner = THIS_MODULE,
	.type = TYPE_TAPE,
	.product = "RAW",
	.device_priv_size = sizeof(struct raw_dev),
	.may_sleep = true,
	.attrs = raw_attrs,
	.execute = raw_execute,
	.create = raw_create,
	.destroy = raw_destroy,
	.open = raw_open,
	.close = raw_close,
	.alloc_data = raw_alloc_data,
	.free_data = raw_free_data,
};

static int __init raw_init(void)
{
	int ret;

	raw_script_init();
	ret = scst_handler_register(&raw_ops);
	if (ret)
		goto out_script;
	ret = scst_handler_register(&raw_buffers_ops);
	if (ret)
		goto out_handler;
	return 0;

out_handler:
	scst_handler_unregister(&raw_ops);
out_script:
	raw_script_exit();
	return ret;
}
module_init(raw_init);

static void __exit raw_exit(void)
{
	scst_handler_unregister(&raw_buffers_ops);
	scst_handler_unregister(&raw_ops);
	raw_script_exit();
}
module_exit(raw_exit);

MODULE_ALIAS("scst-handler-raw");
MODULE_ALIAS("scst-handler-raw_buffers");
MODULE_DESCRIPTION("For tests: devices of any type that execute whole commands");
MODULE_LICENSE("GPL");
