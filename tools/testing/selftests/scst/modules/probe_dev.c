// SPDX-License-Identifier: GPL-2.0
/*
 * scst_probe: devices whose backend is added and removed.
 */
#include <linux/blk_types.h>
#include <linux/module.h>
#include <linux/sizes.h>
#include <linux/string.h>
#include <linux/vmalloc.h>
#include <scsi/scsi_proto.h>

#include "probe.h"

#define PROBE_MEDIUM_SIZE	SZ_1M

static int probe_dev_create(struct scst_device *dev)
{
	struct probe_dev *probe = scst_device_priv(dev);

	if (!strcmp(scst_device_name(dev), "uncreatable"))
		return -EINVAL;
	probe->present = true;
	probe->block_size = SECTOR_SIZE;
	probe->medium = vzalloc(PROBE_MEDIUM_SIZE);
	return probe->medium ? 0 : -ENOMEM;
}

static void probe_dev_destroy(struct scst_device *dev)
{
	struct probe_dev *probe = scst_device_priv(dev);

	WARN_ON(!probe->medium);
	vfree(probe->medium);
}

static int probe_dev_open(struct scst_device *dev, struct scst_device_params *params)
{
	struct probe_dev *probe = scst_device_priv(dev);

	if (!READ_ONCE(probe->present)) {
		scst_device_set_error(dev, "the backend is absent");
		return -ENODEV;
	}
	params->block_size = probe->block_size;
	if (probe->block_size)
		params->nblocks = PROBE_MEDIUM_SIZE / probe->block_size;
	params->thin = true;
	return probe_medium_open(dev);
}

static ssize_t probe_dev_present_show(struct config_item *item, char *page)
{
	struct probe_dev *probe = scst_device_priv(scst_device_from_item(item));

	return sysfs_emit(page, "%u\n", READ_ONCE(probe->present));
}

static ssize_t probe_dev_present_store(struct config_item *item, const char *page, size_t count)
{
	struct scst_device *dev = scst_device_from_item(item);
	struct probe_dev *probe = scst_device_priv(dev);
	bool present;

	if (kstrtobool(page, &present))
		return -EINVAL;
	WRITE_ONCE(probe->present, present);
	if (!present)
		scst_device_lost(dev);
	return count;
}
CONFIGFS_ATTR(probe_dev_, present);

static ssize_t probe_dev_block_size_show(struct config_item *item, char *page)
{
	const struct probe_dev *probe = scst_device_priv(scst_device_from_item(item));

	return sysfs_emit(page, "%u\n", probe->block_size);
}

static int probe_dev_parse_block_size(struct scst_device *dev, const char *page, u32 *value)
{
	int ret = kstrtou32(page, 10, value);

	return ret ?: (*value > PROBE_MEDIUM_SIZE ? -ERANGE : 0);
}

static int probe_dev_apply_block_size(struct scst_device *dev, const u32 *value)
{
	struct probe_dev *probe = scst_device_priv(dev);

	probe->block_size = *value;
	return 0;
}
SCST_DEV_ATTR(probe_dev_, block_size, u32, probe_dev_parse_block_size, probe_dev_apply_block_size);

static ssize_t probe_dev_attention_store(struct config_item *item, const char *page, size_t count)
{
	static const struct {
		const char *name;
		scst_sense_t ua;
	} conditions[] = {
		{ "microcode", SCST_UA_MICROCODE_CHANGED },
		{ "soft_threshold", SCST_UA_SOFT_THRESHOLD },
		{ "access_state", SCST_UA_ACCESS_STATE_CHANGED },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(conditions); i++) {
		if (!sysfs_streq(page, conditions[i].name))
			continue;
		scst_device_attention(scst_device_from_item(item), conditions[i].ua);
		return count;
	}
	return -EINVAL;
}
CONFIGFS_ATTR_WO(probe_dev_, attention);

static struct configfs_attribute *const probe_dev_attrs[] = {
	&probe_dev_attr_attention,
	&probe_dev_attr_block_size,
	&probe_dev_attr_present,
	NULL,
};

const struct scst_handler_ops probe_handler_ops = {
	.name = "probe",
	.owner = THIS_MODULE,
	.type = TYPE_DISK,
	.product = "PROBE",
	.device_priv_size = sizeof(struct probe_dev),
	.attrs = probe_dev_attrs,
	.block = &probe_medium_ops,
	.create = probe_dev_create,
	.destroy = probe_dev_destroy,
	.open = probe_dev_open,
	.close = probe_medium_close,
};
