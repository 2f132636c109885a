// SPDX-License-Identifier: GPL-2.0
/*
 * Reservations that persist through power loss, SPC-5 5.14.5: a table is written before it takes
 * effect, and read before the device's first command.
 *
 * A device whose saved table is damaged is enabled nevertheless. All but a few commands then
 * report that reservation information is lost, until REPLACE LOST RESERVATION replaces the table.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/crc32.h>
#include <linux/fs_struct.h>
#include <linux/printk.h>
#include <linux/slab.h>

#include "lu/lu.h"
#include "lu/pr.h"
#include "lu/pr_file.h"
#include "observe/observe.h"

#define SCST_PR_MAGIC		"SCST-PR"
#define SCST_PR_VERSION		2

/**
 * struct scst_pr_image - the header of a file; big-endian, like SCSI
 * @magic:	SCST_PR_MAGIC with its NUL
 * @version:	SCST_PR_VERSION
 * @len:	bytes in the file
 * @naa_id:	the device's NAA designator, padded with zeroes
 * @serial:	the device's unit serial number, padded with zeroes
 * @type:	SCST_PR_*
 * @holder:	index of the registration that holds the reservation, if one does
 * @count:	number of registrations that follow, each a struct scst_pr_image_reg
 *
 * The file ends with the CRC-32 of everything before it. PRGENERATION is not saved: it starts
 * again at every power on.
 */
struct scst_pr_image {
	u8 magic[8];
	__be32 version;
	__be32 len;
	u8 naa_id[SCST_NAA_LEN];
	u8 serial[SCST_SERIAL_LEN];
	__be32 type;
	__be32 holder;
	__be32 count;
} __packed;

/**
 * struct scst_pr_image_reg - a registration in a file
 * @key:	reservation key
 * @port:	relative target port identifier
 * @id_len:	bytes in @id
 * @id:		TransportID of the initiator port
 */
struct scst_pr_image_reg {
	__be64 key;
	__be16 port;
	__be16 id_len;
	u8 id[];
} __packed;

#define SCST_PR_IMAGE_MIN	(sizeof(struct scst_pr_image) + sizeof(__be32))
#define SCST_PR_IMAGE_MAX	(SCST_PR_IMAGE_MIN + SCST_PR_MAX_REGS *	\
				 (sizeof(struct scst_pr_image_reg) +	\
				  SCST_TRANSPORT_ID_LEN))

static u32 scst_pr_crc(const void *data, size_t len)
{
	return ~crc32_le(~0, data, len);
}

/* Writing */

static size_t scst_pr_image_len(const struct scst_pr *pr)
{
	size_t len = SCST_PR_IMAGE_MIN;
	const struct scst_pr_reg *reg;

	for (reg = scst_pr_next(pr, NULL); reg; reg = scst_pr_next(pr, reg))
		len += sizeof(struct scst_pr_image_reg) + reg->id.len;
	return len;
}

static u8 *scst_put_image_reg(u8 *at, const struct scst_pr_reg *reg)
{
	struct scst_pr_image_reg *out = (struct scst_pr_image_reg *)at;

	out->key = cpu_to_be64(reg->key);
	out->port = cpu_to_be16(reg->port);
	out->id_len = cpu_to_be16(reg->id.len);
	memcpy(out->id, reg->id.data, reg->id.len);
	return out->id + reg->id.len;
}

static u8 *scst_put_image_regs(struct scst_pr_image *image, const struct scst_pr *pr)
{
	const struct scst_pr_reg *reg;
	u8 *at = (u8 *)(image + 1);
	u32 count = 0;

	for (reg = scst_pr_next(pr, NULL); reg; reg = scst_pr_next(pr, reg)) {
		if (reg == &pr->regs[pr->holder])
			image->holder = cpu_to_be32(count);
		at = scst_put_image_reg(at, reg);
		count++;
	}
	image->count = cpu_to_be32(count);
	return at;
}

static void scst_put_image(struct scst_pr_image *image, size_t len,
			   const struct scst_device *dev, const struct scst_pr *pr)
{
	u8 *end;

	memcpy(image->magic, SCST_PR_MAGIC, sizeof(image->magic));
	image->version = cpu_to_be32(SCST_PR_VERSION);
	image->len = cpu_to_be32(len);
	memcpy(image->naa_id, dev->id.naa_id, sizeof(image->naa_id));
	memcpy(image->serial, dev->id.serial, strlen(dev->id.serial));
	image->type = cpu_to_be32(pr->type);
	end = scst_put_image_regs(image, pr);
	put_unaligned_be32(scst_pr_crc(image, len - sizeof(__be32)), end);
}

static int scst_pr_put_table(struct scst_device *dev, struct scst_pr_files *files,
			     const struct scst_pr *pr)
{
	size_t len = scst_pr_image_len(pr);
	struct scst_pr_image *image;
	int ret;

	image = kvzalloc(len, GFP_KERNEL);
	if (!image)
		return -ENOMEM;
	scst_put_image(image, len, dev, pr);
	ret = scst_pr_files_put(files, image, len);
	kvfree(image);
	return ret;
}

/* A lost table is saved as an empty file, which is detected as damaged. */
static int scst_pr_put(struct scst_device *dev, struct scst_pr_files *files,
		       const struct scst_pr *pr)
{
	if (pr && pr->lost)
		return scst_pr_files_put(files, NULL, 0);
	if (pr && pr->aptpl)
		return scst_pr_put_table(dev, files, pr);
	return scst_pr_files_remove(files);
}

/*
 * If the sync fails, the new file may be durable or not, so @old is put back. If that is not
 * durable either, a power failure may leave a damaged file, which is detected when it is read.
 */
static int scst_pr_replace_file(struct scst_device *dev, struct scst_pr_files *files,
				const struct scst_pr *old, const struct scst_pr *pr)
{
	int ret = scst_pr_put(dev, files, pr);

	if (ret)
		return ret;
	ret = scst_pr_files_sync(files);
	if (!ret)
		return 0;
	files->failing = true;
	if (!scst_pr_put(dev, files, old))
		scst_pr_files_sync(files);
	return ret;
}

static int scst_pr_save_files(struct scst_device *dev, const struct scst_pr *old,
			      const struct scst_pr *pr)
{
	struct scst_pr_files files;
	int ret = scst_pr_files_open(&files, dev->name, pr->aptpl);

	if (ret)
		return ret == -ENOENT && !pr->aptpl ? 0 : ret;
	ret = scst_pr_replace_file(dev, &files, old, pr);
	scst_pr_files_close(&files);
	return ret;
}

static void scst_pr_write_failed(struct scst_device *dev, int err)
{
	scst_error_set(&dev->error, "reservations cannot be stored in pr_dir: %pe", ERR_PTR(err));
	pr_warn_ratelimited("%s: reservations cannot be stored in %s: %pe\n",
			    dev->name, scst_pr_dir, ERR_PTR(err));
}

/**
 * scst_pr_needs_save() - check whether replacing a table changes files
 * @old: the table in effect, or NULL
 * @pr:  the new table
 *
 * Return: true if scst_pr_save() has to change files.
 */
bool scst_pr_needs_save(const struct scst_pr *old, const struct scst_pr *pr)
{
	return pr->aptpl || (old && (old->aptpl || old->lost));
}

/**
 * scst_pr_save() - make a new table durable before it takes effect
 * @dev: the device
 * @old: the table in effect, or NULL
 * @pr:  the new table
 *
 * Context: the worker of the device's pr_wq, without locks; waits for the medium.
 * Return: 0; or an errno of the file system, and the file has @old, unless putting it back
 * failed, too.
 */
int scst_pr_save(struct scst_device *dev, const struct scst_pr *old, const struct scst_pr *pr)
{
	int ret = 0;

	lockdep_assert_not_held(&dev->pr_lock);
	if (!scst_pr_needs_save(old, pr))
		return 0;
	scoped_with_init_fs() {
		ret = scst_pr_save_files(dev, old, pr);
	}
	if (ret)
		scst_pr_write_failed(dev, ret);
	return ret;
}

/* Reading */

static int scst_get_image_reg(const u8 **at, const u8 *end, struct scst_pr *pr)
{
	const struct scst_pr_image_reg *in = (const struct scst_pr_image_reg *)*at;
	struct scst_transport_id id = {};

	if (end - *at < sizeof(*in))
		return -EBADMSG;
	id.len = be16_to_cpu(in->id_len);
	if (!in->key || id.len < SCST_TRANSPORT_ID_MIN || id.len > sizeof(id.data) ||
	    id.len > end - in->id)
		return -EBADMSG;
	memcpy(id.data, in->id, id.len);
	scst_transport_id_fold(&id);
	scst_pr_add(pr, &id, be16_to_cpu(in->port), be64_to_cpu(in->key));
	*at = in->id + id.len;
	return 0;
}

static int scst_get_image_regs(const struct scst_pr_image *image, const u8 *end, struct scst_pr *pr)
{
	const u8 *at = (const u8 *)(image + 1);
	unsigned int i;
	int ret;

	for (i = 0; i < pr->room; i++) {
		ret = scst_get_image_reg(&at, end, pr);
		if (ret)
			return ret;
	}
	return at == end ? 0 : -EBADMSG;
}

static bool scst_get_image_type(const struct scst_pr_image *image, struct scst_pr *pr)
{
	u32 type = be32_to_cpu(image->type);

	pr->type = type;
	pr->holder = be32_to_cpu(image->holder);
	if (type == SCST_PR_NONE)
		return true;
	return type <= SCST_PR_EA_AR && scst_pr_type_is_valid(type) && pr->count &&
	       (scst_pr_all_registrants(type) || pr->holder < pr->count);
}

static struct scst_pr *scst_get_image(const struct scst_pr_image *image, size_t len)
{
	u32 count = be32_to_cpu(image->count);
	struct scst_pr *pr;
	int ret;

	if (count > SCST_PR_MAX_REGS)
		return ERR_PTR(-EBADMSG);
	pr = scst_pr_copy(NULL, count);
	if (!pr)
		return ERR_PTR(-ENOMEM);
	ret = scst_get_image_regs(image, (const u8 *)image + len - sizeof(__be32), pr);
	if (!ret && scst_get_image_type(image, pr)) {
		pr->aptpl = true;
		return pr;
	}
	kvfree(pr);
	return ERR_PTR(-EBADMSG);
}

static bool scst_pr_image_is_whole(const struct scst_pr_image *image, size_t len)
{
	size_t end = len - sizeof(__be32);

	return len >= SCST_PR_IMAGE_MIN &&
	       !memcmp(image->magic, SCST_PR_MAGIC, sizeof(image->magic)) &&
	       be32_to_cpu(image->version) == SCST_PR_VERSION &&
	       be32_to_cpu(image->len) == len &&
	       get_unaligned_be32((const u8 *)image + end) == scst_pr_crc(image, end);
}

/* A new device with the name of an earlier one does not get its reservations. */
static bool scst_pr_image_is_of(const struct scst_pr_image *image, const struct scst_device *dev)
{
	return !memcmp(image->naa_id, dev->id.naa_id, sizeof(image->naa_id)) &&
	       !strncmp(image->serial, dev->id.serial, sizeof(image->serial));
}

/* Errnos: -ENOENT: no file; -EXDEV: file of another device; -EBADMSG: damaged or unreadable. */
static struct scst_pr *scst_pr_read(struct scst_device *dev, struct scst_pr_files *files)
{
	struct scst_pr_image *image;
	struct scst_pr *pr;
	size_t len;

	image = scst_pr_files_read(files, SCST_PR_IMAGE_MAX, &len);
	if (image == ERR_PTR(-EIO) || image == ERR_PTR(-EUCLEAN))
		return ERR_PTR(-EBADMSG);
	if (IS_ERR(image))
		return ERR_CAST(image);
	if (!scst_pr_image_is_whole(image, len))
		pr = ERR_PTR(-EBADMSG);
	else if (!scst_pr_image_is_of(image, dev))
		pr = ERR_PTR(-EXDEV);
	else
		pr = scst_get_image(image, len);
	kvfree(image);
	return pr;
}

static struct scst_pr *scst_pr_lost(struct scst_device *dev)
{
	static const char what[] = "reservations are lost: the .pr file in pr_dir is damaged";
	struct scst_pr *pr = scst_pr_copy(NULL, 0);

	if (!pr)
		return ERR_PTR(-ENOMEM);
	pr->lost = true;
	scst_error_set(&dev->error, "%s", what);
	pr_warn("%s: %s\n", dev->name, what);
	return pr;
}

static struct scst_pr *scst_pr_read_files(struct scst_device *dev, struct scst_pr_files *files)
{
	struct scst_pr *pr = scst_pr_read(dev, files);

	if (pr == ERR_PTR(-EBADMSG))
		return scst_pr_lost(dev);
	if (pr == ERR_PTR(-EXDEV))
		pr_warn("%s: reservations in %s belong to another device and are ignored\n",
			dev->name, scst_pr_dir);
	return pr;
}

static struct scst_pr *scst_pr_read_device(struct scst_device *dev)
{
	struct scst_pr_files files;
	struct scst_pr *pr;
	int ret = scst_pr_files_open(&files, dev->name, false);

	if (ret)
		return ERR_PTR(ret);
	pr = scst_pr_read_files(dev, &files);
	scst_pr_files_close(&files);
	return pr;
}

static int scst_pr_load(struct scst_device *dev)
{
	struct scst_pr *pr = NULL;

	scoped_with_init_fs() {
		pr = scst_pr_read_device(dev);
	}
	if (pr == ERR_PTR(-ENOENT) || pr == ERR_PTR(-EXDEV))
		pr = NULL;
	if (IS_ERR(pr)) {
		scst_error_set(&dev->error, "reservations cannot be read from pr_dir: %pe", pr);
		return PTR_ERR(pr);
	}
	mutex_lock(&dev->pr_lock);
	scst_pr_replace(dev, pr);
	mutex_unlock(&dev->pr_lock);
	dev->pr_restored = true;
	return 0;
}

/* The table stays valid: only work items of pr_wq replace it, and the caller is one of them. */
static const struct scst_pr *scst_pr_current(struct scst_device *dev)
{
	const struct scst_pr *pr;

	mutex_lock(&dev->pr_lock);
	pr = rcu_dereference_protected(dev->pr, lockdep_is_held(&dev->pr_lock));
	mutex_unlock(&dev->pr_lock);
	return pr;
}

/*
 * A device that was enabled before still has its table. The table is saved again, because the
 * device may have another identity now. A lost table is read again, because the administrator may
 * have restored or removed the file.
 */
static int __scst_pr_restore(struct scst_device *dev)
{
	const struct scst_pr *pr = scst_pr_current(dev);

	if (!dev->pr_restored || (pr && pr->lost))
		return scst_pr_load(dev);
	return pr ? scst_pr_save(dev, pr, pr) : 0;
}

/**
 * struct scst_pr_restore - a work item that restores a device's table
 * @work:	the work item
 * @dev:	the device
 * @ret:	its result: 0 or an errno
 */
struct scst_pr_restore {
	struct work_struct work;
	struct scst_device *dev;
	int ret;
};

static void scst_pr_restore_work(struct work_struct *work)
{
	struct scst_pr_restore *restore = container_of(work, struct scst_pr_restore, work);

	restore->ret = __scst_pr_restore(restore->dev);
}

/**
 * scst_pr_restore() - restore a device's saved reservations
 * @dev: the device, which is about to be enabled
 *
 * A worker of pr_wq does the file I/O, with the kernel's credentials and the root directory of
 * the machine's first process.
 *
 * Context: process context without locks; waits for the medium.
 * Return: 0, also if the reservations are lost; or an errno with the reason in last_error.
 */
int scst_pr_restore(struct scst_device *dev)
{
	struct scst_pr_restore restore = { .dev = dev };

	INIT_WORK_ONSTACK(&restore.work, scst_pr_restore_work);
	queue_work(dev->pr_wq, &restore.work);
	flush_work(&restore.work);
	destroy_work_on_stack(&restore.work);
	return restore.ret;
}
