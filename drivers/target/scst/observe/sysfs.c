// SPDX-License-Identifier: GPL-2.0
/*
 * sysfs: the existing objects. Devices, targets and sessions have a class each. The LUNs of a
 * session are below the session.
 *
 * An entry is a struct device with a pointer to its object. Removing an entry waits for its
 * readers, so the object need only outlive its entry. Entries of devices, targets and LUNs are
 * added and removed under scst_config_lock. So show functions and uevent callbacks must not take
 * that lock.
 */
#include <linux/device.h>
#include <linux/idr.h>
#include <linux/slab.h>
#include <linux/sysfs.h>

#include "cmd/cmd.h"
#include "observe/observe.h"

/**
 * struct scst_sysfs - an entry
 * @dev:	the device of the driver core; its drvdata is the object
 * @stats:	the counters of the object's nexuses, or NULL
 * @tally:	the object's own counters, or NULL
 */
struct scst_sysfs {
	struct device dev;
	struct scst_stats_sum *stats;
	const struct scst_tally *tally;
};

static DEFINE_IDA(scst_session_ida);

static struct scst_sysfs *to_scst_sysfs(struct device *dev)
{
	return container_of(dev, struct scst_sysfs, dev);
}

/* statistics/ */

static void scst_sysfs_read(struct device *dev, struct scst_counts *counts)
{
	const struct scst_sysfs *entry = to_scst_sysfs(dev);

	scst_stats_read(entry->stats, entry->tally, counts);
}

/**
 * struct scst_count_attr - an attribute that shows one counter
 * @attr:	the attribute
 * @index:	enum scst_count
 */
struct scst_count_attr {
	struct device_attribute attr;
	unsigned int index;
};

static ssize_t scst_count_show(struct device *dev, struct device_attribute *attr, char *page)
{
	const struct scst_count_attr *count = container_of(attr, struct scst_count_attr, attr);
	struct scst_counts counts;

	scst_sysfs_read(dev, &counts);
	return sysfs_emit(page, "%llu\n", counts.n[count->index]);
}

#define SCST_COUNT_ATTR(_name, _index)					\
static struct scst_count_attr scst_count_attr_##_name = {		\
	.attr = __ATTR(_name, 0444, scst_count_show, NULL),		\
	.index = _index,						\
}

SCST_COUNT_ATTR(read_commands, SCST_COUNT_READS);
SCST_COUNT_ATTR(write_commands, SCST_COUNT_WRITES);
SCST_COUNT_ATTR(other_commands, SCST_COUNT_OTHERS);
SCST_COUNT_ATTR(read_bytes, SCST_COUNT_READ_BYTES);
SCST_COUNT_ATTR(write_bytes, SCST_COUNT_WRITE_BYTES);
SCST_COUNT_ATTR(errors, SCST_COUNT_ERRORS);
SCST_COUNT_ATTR(aborts, SCST_COUNT_ABORTS);

static ssize_t queue_depth_show(struct device *dev, struct device_attribute *attr, char *page)
{
	struct scst_counts counts;

	scst_sysfs_read(dev, &counts);
	return sysfs_emit(page, "%llu\n", scst_stats_depth(&counts));
}
static DEVICE_ATTR_RO(queue_depth);

static ssize_t latency_histogram_show(struct device *dev, struct device_attribute *attr, char *page)
{
	struct scst_counts counts;
	ssize_t len = 0;
	unsigned int i;

	scst_sysfs_read(dev, &counts);
	for (i = 0; i < SCST_LATENCY_BUCKETS; i++)
		len += sysfs_emit_at(page, len, "%lu %llu\n", i ? 1UL << (i - 1) : 0,
				     counts.n[SCST_COUNT_LATENCY + i]);
	return len;
}
static DEVICE_ATTR_RO(latency_histogram);

static struct attribute *scst_stats_attrs[] = {
	&scst_count_attr_read_commands.attr.attr,
	&scst_count_attr_write_commands.attr.attr,
	&scst_count_attr_other_commands.attr.attr,
	&scst_count_attr_read_bytes.attr.attr,
	&scst_count_attr_write_bytes.attr.attr,
	&scst_count_attr_errors.attr.attr,
	&scst_count_attr_aborts.attr.attr,
	&dev_attr_queue_depth.attr,
	&dev_attr_latency_histogram.attr,
	NULL,
};

static const struct attribute_group scst_stats_group = {
	.name = "statistics",
	.attrs = scst_stats_attrs,
};

/* Entries */

static void scst_sysfs_release(struct device *dev)
{
	kfree(to_scst_sysfs(dev));
}

/* The uevents of an entry are suppressed until scst_sysfs_announce(). */
static struct scst_sysfs *scst_sysfs_alloc(void *object)
{
	struct scst_sysfs *entry = kzalloc_obj(*entry);

	if (!entry)
		return NULL;
	device_initialize(&entry->dev);
	entry->dev.release = scst_sysfs_release;
	dev_set_drvdata(&entry->dev, object);
	dev_set_uevent_suppress(&entry->dev, true);
	device_set_pm_not_required(&entry->dev);
	return entry;
}

/* Adds an entry, or frees it. The entry has no name if there was no memory for the name. */
static int scst_sysfs_add(struct scst_sysfs *entry, struct device **where)
{
	int ret = dev_name(&entry->dev) ? device_add(&entry->dev) : -ENOMEM;

	if (ret)
		put_device(&entry->dev);
	else
		*where = &entry->dev;
	return ret;
}

static void scst_sysfs_announce(struct device *dev)
{
	dev_set_uevent_suppress(dev, false);
	kobject_uevent(&dev->kobj, KOBJ_ADD);
}

static void scst_sysfs_del(struct device **where)
{
	struct device *dev = *where;

	*where = NULL;
	if (dev)
		device_unregister(dev);
}

/* scst_device/<device>/ */

static ssize_t scst_dev_state_show(struct device *dev, struct device_attribute *attr, char *page)
{
	return sysfs_emit(page, "%s\n", scst_device_state_name(dev_get_drvdata(dev)));
}

static ssize_t handler_show(struct device *dev, struct device_attribute *attr, char *page)
{
	const struct scst_device *device = dev_get_drvdata(dev);

	return sysfs_emit(page, "%s\n", device->handler->name);
}
static DEVICE_ATTR_RO(handler);

static struct device_attribute scst_dev_attr_state = __ATTR(state, 0444, scst_dev_state_show, NULL);

static struct attribute *scst_dev_attrs[] = {
	&scst_dev_attr_state.attr,
	&dev_attr_handler.attr,
	NULL,
};

static const struct attribute_group scst_dev_group = {
	.attrs = scst_dev_attrs,
};

static const struct attribute_group *scst_dev_groups[] = {
	&scst_dev_group,
	&scst_stats_group,
	NULL,
};

static SCST_CONST_CLASS struct class scst_device_class = {
	.name = "scst_device",
	.dev_groups = scst_dev_groups,
	.dev_uevent = scst_event_device_vars,
};

/**
 * scst_sysfs_device_add() - add the entry of a device
 * @dev: the device
 *
 * Context: process context, under scst_config_lock.
 * Return: 0 or an errno.
 */
int scst_sysfs_device_add(struct scst_device *dev)
{
	struct scst_sysfs *entry = scst_sysfs_alloc(dev);
	int ret;

	lockdep_assert_held(&scst_config_lock);
	if (!entry)
		return -ENOMEM;
	entry->dev.class = &scst_device_class;
	entry->stats = &dev->stats;
	dev_set_name(&entry->dev, "%s", dev->name);
	ret = scst_sysfs_add(entry, &dev->sysfs);
	if (!ret)
		scst_sysfs_announce(dev->sysfs);
	return ret;
}

/**
 * scst_sysfs_device_del() - remove the entry of a device
 * @dev: the device
 *
 * Context: process context, under scst_config_lock.
 */
void scst_sysfs_device_del(struct scst_device *dev)
{
	lockdep_assert_held(&scst_config_lock);
	scst_sysfs_del(&dev->sysfs);
}

/* scst_target/<driver>:<target>/ */

static ssize_t scst_tgt_state_show(struct device *dev, struct device_attribute *attr, char *page)
{
	return sysfs_emit(page, "%s\n", scst_target_state_name(dev_get_drvdata(dev)));
}

static ssize_t sessions_show(struct device *dev, struct device_attribute *attr, char *page)
{
	const struct scst_target *tgt = dev_get_drvdata(dev);

	return sysfs_emit(page, "%u\n", READ_ONCE(tgt->session_count));
}
static DEVICE_ATTR_RO(sessions);

static struct device_attribute scst_tgt_attr_state = __ATTR(state, 0444, scst_tgt_state_show, NULL);

static struct attribute *scst_tgt_attrs[] = {
	&scst_tgt_attr_state.attr,
	&dev_attr_sessions.attr,
	NULL,
};

static const struct attribute_group scst_tgt_group = {
	.attrs = scst_tgt_attrs,
};

static const struct attribute_group *scst_tgt_groups[] = {
	&scst_tgt_group,
	NULL,
};

static SCST_CONST_CLASS struct class scst_target_class = {
	.name = "scst_target",
	.dev_groups = scst_tgt_groups,
	.dev_uevent = scst_event_target_vars,
};

/**
 * scst_sysfs_target_add() - add the entry of a target
 * @tgt: the target
 *
 * Context: process context, under scst_config_lock.
 * Return: 0 or an errno.
 */
int scst_sysfs_target_add(struct scst_target *tgt)
{
	struct scst_sysfs *entry = scst_sysfs_alloc(tgt);
	int ret;

	lockdep_assert_held(&scst_config_lock);
	if (!entry)
		return -ENOMEM;
	entry->dev.class = &scst_target_class;
	dev_set_name(&entry->dev, "%s:%s", tgt->ops->name, tgt->name);
	ret = scst_sysfs_add(entry, &tgt->sysfs);
	if (!ret)
		scst_sysfs_announce(tgt->sysfs);
	return ret;
}

/**
 * scst_sysfs_target_del() - remove the entry of a target
 * @tgt: the target
 *
 * Context: process context, under scst_config_lock.
 */
void scst_sysfs_target_del(struct scst_target *tgt)
{
	lockdep_assert_held(&scst_config_lock);
	scst_sysfs_del(&tgt->sysfs);
}

/* scst_session/<id>/ */

static ssize_t scst_sess_state_show(struct device *dev, struct device_attribute *attr, char *page)
{
	return sysfs_emit(page, "%s\n", scst_session_state_name(dev_get_drvdata(dev)));
}

static ssize_t initiator_show(struct device *dev, struct device_attribute *attr, char *page)
{
	const struct scst_session *sess = dev_get_drvdata(dev);

	return sysfs_emit(page, "%*pE\n", scst_session_name_len(sess), sess->initiator);
}
static DEVICE_ATTR_RO(initiator);

static ssize_t target_show(struct device *dev, struct device_attribute *attr, char *page)
{
	const struct scst_session *sess = dev_get_drvdata(dev);

	return sysfs_emit(page, "%s:%s\n", sess->tgt->ops->name, sess->tgt->name);
}
static DEVICE_ATTR_RO(target);

static ssize_t luns_show(struct device *dev, struct device_attribute *attr, char *page)
{
	return sysfs_emit(page, "%u\n", scst_session_count_luns(dev_get_drvdata(dev)));
}
static DEVICE_ATTR_RO(luns);

static struct device_attribute scst_sess_attr_state =
	__ATTR(state, 0444, scst_sess_state_show, NULL);

static struct attribute *scst_sess_attrs[] = {
	&scst_sess_attr_state.attr,
	&dev_attr_initiator.attr,
	&dev_attr_target.attr,
	&dev_attr_luns.attr,
	NULL,
};

static const struct attribute_group scst_sess_group = {
	.attrs = scst_sess_attrs,
};

static const struct attribute_group *scst_sess_groups[] = {
	&scst_sess_group,
	&scst_stats_group,
	NULL,
};

static SCST_CONST_CLASS struct class scst_session_class = {
	.name = "scst_session",
	.dev_groups = scst_sess_groups,
	.dev_uevent = scst_event_session_vars,
};

/**
 * scst_sysfs_session_add() - add the entry of a session, with its uevents suppressed
 * @sess: the session, without LUNs
 *
 * Context: process context.
 * Return: 0 or an errno.
 */
int scst_sysfs_session_add(struct scst_session *sess)
{
	struct scst_sysfs *entry = scst_sysfs_alloc(sess);
	int ret;

	if (!entry)
		return -ENOMEM;
	ret = ida_alloc(&scst_session_ida, GFP_KERNEL);
	if (ret < 0) {
		put_device(&entry->dev);
		return ret;
	}
	sess->id = ret;
	entry->dev.class = &scst_session_class;
	entry->stats = &sess->stats;
	entry->tally = &sess->tally;
	dev_set_name(&entry->dev, "%d", sess->id);
	ret = scst_sysfs_add(entry, &sess->sysfs);
	if (ret)
		ida_free(&scst_session_ida, sess->id);
	return ret;
}

/**
 * scst_sysfs_session_announce() - emit the add event of a session
 * @sess: the session, with its LUNs
 *
 * Context: process context.
 */
void scst_sysfs_session_announce(struct scst_session *sess)
{
	scst_sysfs_announce(sess->sysfs);
}

/**
 * scst_sysfs_session_del() - remove the entry of a session
 * @sess: the session, without LUNs and task management functions
 *
 * Context: process context.
 */
void scst_sysfs_session_del(struct scst_session *sess)
{
	scst_sysfs_del(&sess->sysfs);
	ida_free(&scst_session_ida, sess->id);
}

/* scst_session/<id>/lun<N>/ */

static ssize_t device_show(struct device *dev, struct device_attribute *attr, char *page)
{
	const struct scst_nexus *nexus = dev_get_drvdata(dev);

	return sysfs_emit(page, "%s\n", nexus->dev->name);
}
static DEVICE_ATTR_RO(device);

static ssize_t read_only_show(struct device *dev, struct device_attribute *attr, char *page)
{
	const struct scst_nexus *nexus = dev_get_drvdata(dev);

	return sysfs_emit(page, "%u\n", READ_ONCE(nexus->read_only));
}
static DEVICE_ATTR_RO(read_only);

static struct attribute *scst_nexus_attrs[] = {
	&dev_attr_device.attr,
	&dev_attr_read_only.attr,
	NULL,
};

static const struct attribute_group scst_nexus_group = {
	.attrs = scst_nexus_attrs,
};

static const struct attribute_group *scst_nexus_groups[] = {
	&scst_nexus_group,
	&scst_stats_group,
	NULL,
};

static const struct device_type scst_nexus_type = {
	.name = "scst_lun",
	.groups = scst_nexus_groups,
};

static int scst_sysfs_lun_make(struct scst_nexus *nexus)
{
	struct scst_sysfs *entry = scst_sysfs_alloc(nexus);

	if (!entry)
		return -ENOMEM;
	entry->dev.parent = nexus->sess->sysfs;
	entry->dev.type = &scst_nexus_type;
	entry->tally = &nexus->tally;
	dev_set_name(&entry->dev, "lun%u", nexus->lun);
	return scst_sysfs_add(entry, &nexus->sysfs);
}

/**
 * scst_sysfs_lun_add() - add the entry of a session's LUN
 * @nexus: the nexus of the LUN
 *
 * The entry has no class and no bus: events of the LUN are events of its session. The entry of an
 * earlier LUN of this number has to be removed first, so the entry is added when the LUN is already
 * published. If that fails, last_error of the session says so, and the LUN works without an entry.
 *
 * Context: process context, under scst_config_lock.
 */
void scst_sysfs_lun_add(struct scst_nexus *nexus)
{
	int ret = scst_sysfs_lun_make(nexus);

	lockdep_assert_held(&scst_config_lock);
	if (!ret)
		return;
	scst_error_set(&nexus->sess->error, "LUN %u is not in sysfs: %pe", nexus->lun,
		       ERR_PTR(ret));
	scst_error_end(&nexus->sess->error, "", ret);
}

/**
 * scst_sysfs_lun_del() - remove the entry of a session's LUN
 * @nexus: the nexus of the LUN
 *
 * Context: process context, under scst_config_lock.
 */
void scst_sysfs_lun_del(struct scst_nexus *nexus)
{
	scst_sysfs_del(&nexus->sysfs);
}

static SCST_CONST_CLASS struct class *const scst_classes[] = {
	&scst_device_class,
	&scst_target_class,
	&scst_session_class,
};

/**
 * scst_sysfs_init() - register the classes
 *
 * Context: process context.
 * Return: 0 or an errno.
 */
int scst_sysfs_init(void)
{
	unsigned int i;
	int ret;

	for (i = 0; i < ARRAY_SIZE(scst_classes); i++) {
		ret = class_register(scst_classes[i]);
		if (ret)
			goto out_unregister;
	}
	return 0;

out_unregister:
	while (i--)
		class_unregister(scst_classes[i]);
	return ret;
}

/**
 * scst_sysfs_exit() - unregister the classes, which have no entries any more
 *
 * Context: process context.
 */
void scst_sysfs_exit(void)
{
	unsigned int i = ARRAY_SIZE(scst_classes);

	while (i--)
		class_unregister(scst_classes[i]);
}
