// SPDX-License-Identifier: GPL-2.0
/*
 * configfs: devices/<handler>/<device>/
 */
#include <linux/configfs.h>
#include <linux/ctype.h>
#include <linux/export.h>
#include <linux/module.h>
#include <linux/string.h>

#include "cmd/cmd.h"
#include "configfs/configfs.h"
#include "graph/graph.h"
#include "lu/lu.h"
#include "observe/observe.h"
#include "task/task.h"

/**
 * scst_device_from_item() - get the device of a directory
 * @item: the device's directory
 *
 * Context: any.
 * Return: the device.
 */
struct scst_device *scst_device_from_item(struct config_item *item)
{
	return container_of(to_config_group(item), struct scst_device, group);
}
EXPORT_SYMBOL_GPL(scst_device_from_item);

static ssize_t scst_dev_enable_show(struct config_item *item, char *page)
{
	struct scst_device *dev = scst_device_from_item(item);

	return sysfs_emit(page, "%u\n", READ_ONCE(dev->state) == SCST_DEV_ACTIVE);
}

/*
 * rmdir would wait for a store in progress, with the parent directory locked. The dependency
 * makes rmdir fail instead, until the store is over.
 */
static int scst_dev_enable(struct scst_device *dev)
{
	struct config_item *item = &dev->group.cg_item;
	int ret = configfs_depend_item_unlocked(&scst_subsystem, item);

	if (ret)
		return ret;
	ret = scst_device_enable(dev);
	configfs_undepend_item(item);
	return ret;
}

static ssize_t scst_dev_enable_store(struct config_item *item, const char *page, size_t count)
{
	struct scst_device *dev = scst_device_from_item(item);
	bool enable;
	int ret = scst_parse_bool(&dev->error, "enable", page, &enable);

	if (!ret)
		ret = enable ? scst_dev_enable(dev) : scst_device_disable(dev);
	return scst_device_op_end(dev, "enable", ret) ?: count;
}

CONFIGFS_ATTR(scst_dev_, enable);

static ssize_t scst_dev_state_show(struct config_item *item, char *page)
{
	return sysfs_emit(page, "%s\n", scst_device_state_name(scst_device_from_item(item)));
}

CONFIGFS_ATTR_RO(scst_dev_, state);

SCST_ATTR_LAST_ERROR(scst_dev_, scst_device_from_item);

/* The LUNs that are linked to the device, as paths below the root */
static ssize_t scst_dev_holders_show(struct config_item *item, char *page)
{
	struct scst_device *dev = scst_device_from_item(item);
	struct scst_map_lun *lun;
	ssize_t len = 0;

	mutex_lock(&scst_config_lock);
	list_for_each_entry(lun, &dev->map_luns, dev_entry)
		scst_map_lun_emit(lun, page, &len);
	mutex_unlock(&scst_config_lock);
	return len;
}

CONFIGFS_ATTR_RO(scst_dev_, holders);

static ssize_t scst_dev_drain_ms_show(struct config_item *item, char *page)
{
	return sysfs_emit(page, "%u\n", scst_device_from_item(item)->drain_ms);
}

static ssize_t scst_dev_drain_ms_store(struct config_item *item, const char *page, size_t count)
{
	struct scst_device *dev = scst_device_from_item(item);

	return scst_ms_store(&dev->error, "drain_ms", page, count, &dev->drain_ms);
}

CONFIGFS_ATTR(scst_dev_, drain_ms);

static ssize_t scst_dev_fence_ms_show(struct config_item *item, char *page)
{
	return sysfs_emit(page, "%u\n", scst_device_from_item(item)->fence_ms);
}

static ssize_t scst_dev_fence_ms_store(struct config_item *item, const char *page, size_t count)
{
	struct scst_device *dev = scst_device_from_item(item);

	return scst_ms_store(&dev->error, "fence_ms", page, count, &dev->fence_ms);
}

CONFIGFS_ATTR(scst_dev_, fence_ms);

static ssize_t scst_dev_buffer_limit_show(struct config_item *item, char *page)
{
	return sysfs_emit(page, "%llu\n", READ_ONCE(scst_device_from_item(item)->buf.limit));
}

/* The block limits VPD page depends on the limit. */
static void scst_dev_set_buffer_limit(struct scst_device *dev, u64 limit)
{
	u32 before = scst_sbc_buffer_blocks(dev);

	scst_buf_cap_set(&dev->buf, limit);
	if (dev->open && scst_sbc_buffer_blocks(dev) != before)
		scst_ua_raise_device(dev, SCST_UA_INQUIRY_CHANGED, NULL);
}

static ssize_t scst_dev_buffer_limit_store(struct config_item *item, const char *page, size_t count)
{
	struct scst_device *dev = scst_device_from_item(item);
	u64 limit;

	if (kstrtou64(page, 10, &limit) || limit > S64_MAX) {
		scst_device_set_error(dev, "buffer_limit: must be a number of bytes");
		return scst_device_op_end(dev, "buffer_limit", -EINVAL);
	}
	mutex_lock(&scst_config_lock);
	scst_dev_set_buffer_limit(dev, limit);
	mutex_unlock(&scst_config_lock);
	return scst_device_op_end(dev, "buffer_limit", 0) ?: count;
}

CONFIGFS_ATTR(scst_dev_, buffer_limit);

/* @offset: of a text in struct scst_identity */
static ssize_t scst_dev_text_show(struct config_item *item, char *page, size_t offset)
{
	const char *text = (const char *)&scst_device_from_item(item)->id + offset;
	ssize_t len;

	mutex_lock(&scst_config_lock);
	len = sysfs_emit(page, "%s\n", text);
	mutex_unlock(&scst_config_lock);
	return len;
}

/* @text: with its terminator, not longer than there is room */
static int scst_dev_text_set(struct scst_device *dev, size_t offset, const char *text)
{
	int ret = scst_device_config_lock(dev);

	if (ret)
		return ret;
	memcpy((char *)&dev->id + offset, text, strlen(text) + 1);
	scst_device_config_unlock(dev);
	return 0;
}

/* SPC-6 4.4.1: left-aligned ASCII graphic codes and blanks, without the blanks at the end */
static bool scst_dev_is_text(const char *text, size_t len)
{
	size_t i;

	if (!len || text[0] == ' ' || text[len - 1] == ' ')
		return false;
	for (i = 0; i < len; i++)
		if (!isascii(text[i]) || !isprint(text[i]))
			return false;
	return true;
}

static ssize_t scst_dev_text_store(struct config_item *item, const char *page, size_t count,
				   const char *what, size_t offset, size_t max)
{
	struct scst_device *dev = scst_device_from_item(item);
	size_t len = strcspn(page, "\n");
	char text[SCST_PRODUCT_LEN + 1];
	int ret = -EINVAL;

	if (len <= max && scst_dev_is_text(page, len)) {
		memcpy(text, page, len);
		text[len] = '\0';
		ret = scst_dev_text_set(dev, offset, text);
	} else {
		scst_device_set_error(dev,
				      "%s: must be 1 to %zu printable characters, no blank at an end",
				      what, max);
	}
	return scst_device_op_end(dev, what, ret) ?: count;
}

/* The functions of an attribute for a text of struct scst_identity: at most @_len characters */
#define SCST_DEV_TEXT(_name, _len)						\
static const size_t scst_dev_##_name##_offset = offsetof(struct scst_identity, _name); \
										\
static ssize_t scst_dev_##_name##_show(struct config_item *item, char *page)	\
{										\
	return scst_dev_text_show(item, page, scst_dev_##_name##_offset);	\
}										\
										\
static ssize_t scst_dev_##_name##_store(struct config_item *item, const char *page, \
					size_t count)				\
{										\
	return scst_dev_text_store(item, page, count, #_name,			\
				   scst_dev_##_name##_offset, _len);		\
}

SCST_DEV_TEXT(vendor, SCST_VENDOR_LEN)
SCST_DEV_TEXT(product, SCST_PRODUCT_LEN)
SCST_DEV_TEXT(revision, SCST_REVISION_LEN)
CONFIGFS_ATTR(scst_dev_, vendor);
CONFIGFS_ATTR(scst_dev_, product);
CONFIGFS_ATTR(scst_dev_, revision);

static ssize_t scst_dev_serial_show(struct config_item *item, char *page)
{
	return scst_dev_text_show(item, page, offsetof(struct scst_identity, serial));
}

/* SPC-6 7.7.20: ASCII graphic codes */
static int scst_dev_parse_serial(struct scst_device *dev, const char *page, char *serial)
{
	size_t len = strcspn(page, "\n");
	size_t i;

	if (!len || len > SCST_SERIAL_LEN)
		goto out_refuse;
	for (i = 0; i < len; i++)
		if (!isascii(page[i]) || !isgraph(page[i]))
			goto out_refuse;
	memcpy(serial, page, len);
	serial[len] = '\0';
	return 0;

out_refuse:
	scst_device_set_error(dev, "serial: must be 1 to %u printable characters without blanks",
			      SCST_SERIAL_LEN);
	return -EINVAL;
}

static ssize_t scst_dev_serial_store(struct config_item *item, const char *page, size_t count)
{
	struct scst_device *dev = scst_device_from_item(item);
	char serial[SCST_SERIAL_LEN + 1];
	int ret = scst_dev_parse_serial(dev, page, serial) ?:
		  scst_dev_text_set(dev, offsetof(struct scst_identity, serial), serial);

	return scst_device_op_end(dev, "serial", ret) ?: count;
}

CONFIGFS_ATTR(scst_dev_, serial);

static ssize_t scst_dev_naa_id_show(struct config_item *item, char *page)
{
	const u8 *naa = scst_device_from_item(item)->id.naa_id;
	ssize_t len;

	mutex_lock(&scst_config_lock);
	len = sysfs_emit(page, "%*phN\n", scst_naa_len(naa), naa);
	mutex_unlock(&scst_config_lock);
	return len;
}

/* SPC-6 7.7.6.6: the first digit, the NAA field, determines the number of digits. */
static int scst_dev_parse_naa_id(struct scst_device *dev, const char *page, u8 *naa)
{
	size_t digits = strcspn(page, "\n");

	if ((digits == 16 || digits == 32) && !hex2bin(naa, page, digits / 2) &&
	    scst_naa_len(naa) == digits / 2)
		return 0;
	scst_device_set_error(dev,
			      "naa_id: must be 16 hex digits (first: 2, 3 or 5) or 32 (first: 6)");
	return -EINVAL;
}

static ssize_t scst_dev_naa_id_store(struct config_item *item, const char *page, size_t count)
{
	struct scst_device *dev = scst_device_from_item(item);
	u8 naa[SCST_NAA_LEN] = {};
	int ret = scst_dev_parse_naa_id(dev, page, naa);

	if (!ret)
		ret = scst_device_config_lock(dev);
	if (ret)
		return scst_device_op_end(dev, "naa_id", ret);
	memcpy(dev->id.naa_id, naa, sizeof(naa));
	scst_device_config_unlock(dev);
	return scst_device_op_end(dev, "naa_id", 0) ?: count;
}

CONFIGFS_ATTR(scst_dev_, naa_id);

static struct configfs_attribute *scst_dev_attrs[] = {
	&scst_dev_attr_enable,
	&scst_dev_attr_state,
	&scst_dev_attr_last_error,
	&scst_dev_attr_holders,
	&scst_dev_attr_drain_ms,
	&scst_dev_attr_fence_ms,
	&scst_dev_attr_buffer_limit,
	&scst_dev_attr_vendor,
	&scst_dev_attr_product,
	&scst_dev_attr_revision,
	&scst_dev_attr_serial,
	&scst_dev_attr_naa_id,
	NULL,
};

static void scst_dev_release(struct config_item *item)
{
	struct scst_device *dev = scst_device_from_item(item);

	scst_device_disable(dev);
	scst_device_put(dev);
}

static struct configfs_item_operations scst_dev_item_ops = {
	.release = scst_dev_release,
};

const struct config_item_type scst_device_type = {
	.ct_item_ops = &scst_dev_item_ops,
	.ct_attrs = scst_dev_attrs,
	.ct_owner = THIS_MODULE,
};

static struct config_group *scst_handler_dir_make(struct config_group *group, const char *name)
{
	struct scst_error *error = scst_parent_error(group);
	struct scst_device *dev;

	dev = scst_device_create(scst_plugin_of(group), name, error);
	scst_error_end(error, "mkdir", PTR_ERR_OR_ZERO(dev));
	return IS_ERR(dev) ? ERR_CAST(dev) : &dev->group;
}

static void scst_handler_dir_drop(struct config_group *group, struct config_item *item)
{
#ifdef scst_configfs_unhash
	scst_configfs_unhash(item);
#endif
	scst_device_unpublish(scst_device_from_item(item));
	config_item_put(item);
}

static struct configfs_item_operations scst_handler_dir_item_ops = {
	.release = scst_plugin_dir_release,
};

static struct configfs_group_operations scst_handler_dir_group_ops = {
	.make_group = scst_handler_dir_make,
	.drop_item = scst_handler_dir_drop,
};

const struct config_item_type scst_handler_dir_type = {
	.ct_item_ops = &scst_handler_dir_item_ops,
	.ct_attrs = scst_parent_attrs,
	.ct_group_ops = &scst_handler_dir_group_ops,
	.ct_owner = THIS_MODULE,
};
