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

/* One piece, as what maps it into a process would want it */
static bool raw_alloc_data(struct scst_cmd *cmd, gfp_t gfp)
{
	cmd->sg = kmalloc(sizeof(*cmd->sg), gfp | __GFP_NOWARN);
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

#define RAW_ATTR(_name, _format, _parse)				\
static ssize_t raw_##_name##_show(struct config_item *item, char *page)	\
{									\
	const struct raw_dev *raw = scst_device_priv(scst_device_from_item(item)); \
									\
	return sysfs_emit(page, _format "\n", raw->_name);		\
}									\
									\
static int raw_parse_##_name(struct scst_device *dev, const char *page,	\
			     typeof_member(struct raw_dev, _name) *value) \
{									\
	return _parse;							\
}									\
									\
static int raw_apply_##_name(struct scst_device *dev,			\
			     typeof_member(struct raw_dev, _name) *value) \
{									\
	struct raw_dev *raw = scst_device_priv(dev);			\
									\
	raw->_name = *value;						\
	return 0;							\
}									\
									\
SCST_DEV_ATTR(raw_, _name, typeof_member(struct raw_dev, _name), raw_parse_##_name, \
	      raw_apply_##_name)

RAW_ATTR(type, "%02x", kstrtou8(page, 16, value));
RAW_ATTR(block_size, "%u", kstrtou32(page, 10, value));
RAW_ATTR(max_transfer, "%u", kstrtou32(page, 10, value));

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

/* The same, whose buffers are its own */
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
