// SPDX-License-Identifier: GPL-2.0
/*
 * scst_probe: devices whose backend comes and goes.
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
	probe->medium = vzalloc(PROBE_MEDIUM_SIZE);
	return probe->medium ? 0 : -ENOMEM;
}

static void probe_dev_destroy(struct scst_device *dev)
{
	struct probe_dev *probe = scst_device_priv(dev);

	WARN_ON(!probe->medium);
	vfree(probe->medium);
}

static int probe_dev_open(struct scst_device *dev, struct scst_block_params *params)
{
	struct probe_dev *probe = scst_device_priv(dev);

	if (!READ_ONCE(probe->present)) {
		scst_device_set_error(dev, "the backend is absent");
		return -ENODEV;
	}
	params->nblocks = PROBE_MEDIUM_SIZE >> SECTOR_SHIFT;
	params->block_shift = SECTOR_SHIFT;
	return probe_medium_open(dev);
}

static ssize_t probe_dev_present_show(struct config_item *item, char *page)
{
	struct probe_dev *probe = scst_device_priv(scst_device_from_item(item));

	return sysfs_emit(page, "%u\n", READ_ONCE(probe->present));
}

static ssize_t probe_dev_present_store(struct config_item *item, const char *page,
				       size_t count)
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

static ssize_t probe_dev_attention_store(struct config_item *item, const char *page,
					 size_t count)
{
	static const char *const names[] = {
		[SCST_ATTENTION_MICROCODE]	= "microcode",
		[SCST_ATTENTION_SOFT_THRESHOLD] = "soft_threshold",
		[SCST_ATTENTION_ACCESS_STATE]	= "access_state",
	};
	int what = sysfs_match_string(names, page);

	if (what < 0)
		return what;
	scst_device_attention(scst_device_from_item(item), what);
	return count;
}
CONFIGFS_ATTR_WO(probe_dev_, attention);

static struct configfs_attribute *const probe_dev_attrs[] = {
	&probe_dev_attr_attention,
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
	.create = probe_dev_create,
	.destroy = probe_dev_destroy,
	.open = probe_dev_open,
	.close = probe_medium_close,
	.execute = probe_medium_execute,
};
