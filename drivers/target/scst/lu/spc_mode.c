// SPDX-License-Identifier: GPL-2.0
/*
 * Mode parameters: MODE SENSE and MODE SELECT.
 *
 * A page consists of a constant image, and of rows with the positions of the members of struct
 * scst_mode in it. The page that is sent, the page that is accepted and the changeable bits are
 * derived from them.
 */
#include <linux/bitops.h>
#include <linux/kernel.h>
#include <linux/string.h>

#include "cmd/cmd.h"
#include "lu/kinds.h"
#include "lu/lu.h"
#include "task/task.h"

/* PC, SPC-6 6.14.1 */
#define SCST_PC_CURRENT		0
#define SCST_PC_CHANGEABLE	1
#define SCST_PC_DEFAULT		2
#define SCST_PC_SAVED		3

#define SCST_PAGE_ALL		0x3f
#define SCST_SUBPAGE_ALL	0xff

/* Longest header, longest block descriptor and all pages, with room to spare */
#define SCST_MODE_DATA_MAX	255

/* Device-specific parameter of block devices, SBC-4 6.5.1 */
#define SCST_MODE_WP		0x80
#define SCST_MODE_DPOFUA	0x10

#define SCST_MODE_LONGLBA	0x01

enum scst_mode_change {
	SCST_MODE_FIXED,
	SCST_MODE_CHANGEABLE,
	SCST_MODE_IF_CACHED,	/* changeable if there is a volatile cache */
};

/**
 * struct scst_mode_field - the position of a member of struct scst_mode in a page
 * @page:	PAGE CODE
 * @byte:	offset in the page
 * @mask:	bits in that byte
 * @valid:	bitmap of the values that MODE SELECT may set; 0: all values
 * @offset:	offset in struct scst_mode
 * @change:	enum scst_mode_change
 */
struct scst_mode_field {
	u8 page;
	u8 byte;
	u8 mask;
	u8 offset;
	u8 change;
	u16 valid;
};

static const struct scst_mode_field scst_mode_fields[] = {
	{
		.page = 0x08, .byte = 2, .mask = 0x04,
		.offset = offsetof(struct scst_mode, wce),
		.change = SCST_MODE_IF_CACHED,
	}, {
		.page = 0x0a, .byte = 2, .mask = 0xe0,
		.offset = offsetof(struct scst_mode, tst),
		.change = SCST_MODE_CHANGEABLE,
		.valid = BIT(0) | BIT(1),
	}, {
		.page = 0x0a, .byte = 2, .mask = 0x04,
		.offset = offsetof(struct scst_mode, d_sense),
		.change = SCST_MODE_CHANGEABLE,
	}, {
		.page = 0x0a, .byte = 3, .mask = 0xf0,
		.offset = offsetof(struct scst_mode, queue_alg),
		.change = SCST_MODE_CHANGEABLE,
		.valid = BIT(0) | BIT(1),
	}, {
		.page = 0x0a, .byte = 3, .mask = 0x06,
		.offset = offsetof(struct scst_mode, qerr),
		.change = SCST_MODE_CHANGEABLE,
		.valid = BIT(0) | BIT(SCST_QERR_SET) | BIT(SCST_QERR_NEXUS),
	}, {
		.page = 0x0a, .byte = 4, .mask = 0x30,
		.offset = offsetof(struct scst_mode, ua_intlck),
		.change = SCST_MODE_CHANGEABLE,
		.valid = BIT(0) | BIT(SCST_UA_KEEP) | BIT(SCST_UA_KEEP_AND_ADD),
	}, {
		.page = 0x0a, .byte = 4, .mask = 0x08,
		.offset = offsetof(struct scst_mode, swp),
		.change = SCST_MODE_CHANGEABLE,
	}, {
		.page = 0x0a, .byte = 5, .mask = 0x40,
		.offset = offsetof(struct scst_mode, tas),
		.change = SCST_MODE_CHANGEABLE,
	}, {
		.page = 0x1c, .byte = 2, .mask = 0x08,
		.offset = offsetof(struct scst_mode, dexcpt),
		.change = SCST_MODE_CHANGEABLE,
	}, {
		.page = 0x1c, .byte = 3, .mask = 0x0f,
		.offset = offsetof(struct scst_mode, mrie),
		.change = SCST_MODE_CHANGEABLE,
		.valid = GENMASK(6, 0),
	},
};

/* The rows address members as bytes, so every member must be one byte. */
static_assert(sizeof(struct scst_mode) == ARRAY_SIZE(scst_mode_fields));

static u8 scst_mode_get(const struct scst_mode *mode, const struct scst_mode_field *field)
{
	return READ_ONCE(((const u8 *)mode)[field->offset]);
}

static void scst_mode_set(struct scst_mode *mode, const struct scst_mode_field *field, u8 value)
{
	WRITE_ONCE(((u8 *)mode)[field->offset], value);
}

static void scst_mode_copy(struct scst_mode *to, const struct scst_mode *from)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(scst_mode_fields); i++)
		scst_mode_set(to, &scst_mode_fields[i], scst_mode_get(from, &scst_mode_fields[i]));
}

static bool scst_mode_changeable(const struct scst_device *dev, const struct scst_mode_field *field)
{
	if (field->change == SCST_MODE_IF_CACHED)
		return dev->params.volatile_cache;
	return field->change == SCST_MODE_CHANGEABLE;
}

/* No failure is ever predicted, so exceptions are off by default. */
static struct scst_mode scst_mode_defaults(const struct scst_device *dev)
{
	return (struct scst_mode) {
		.wce = dev->params.volatile_cache,
		.queue_alg = 1,		/* unrestricted reordering */
		.dexcpt = true,
	};
}

static void __scst_mode_change(struct scst_device *dev, const struct scst_mode *mode)
{
	struct scst_mode old = dev->mode;

	lockdep_assert_held(&dev->lock);
	scst_mode_copy(&dev->mode, mode);
	__scst_order_adapt(dev, &old);
}

/**
 * __scst_mode_reset() - set the mode parameters to their defaults
 * @dev: an opened device
 *
 * Context: under the device's lock.
 */
void __scst_mode_reset(struct scst_device *dev)
{
	struct scst_mode mode = scst_mode_defaults(dev);

	__scst_mode_change(dev, &mode);
}

static const struct scst_mode_page *scst_mode_find(const struct scst_device *dev, u8 code)
{
	const struct scst_kind *kind = dev->kind;
	unsigned int i;

	for (i = 0; i < kind->mode_count; i++)
		if (kind->mode[i].image[0] == code)
			return &kind->mode[i];
	return NULL;
}

/* The page with the values of @mode */
static void scst_mode_page_values(const struct scst_mode_page *page,
				  const struct scst_device *dev,
				  const struct scst_mode *mode, u8 *out)
{
	unsigned int i;

	memcpy(out, page->image, page->len);
	if (page->fill)
		page->fill(dev, out);
	for (i = 0; i < ARRAY_SIZE(scst_mode_fields); i++) {
		const struct scst_mode_field *field = &scst_mode_fields[i];

		if (field->page == page->image[0])
			out[field->byte] |= scst_mode_get(mode, field) << __ffs(field->mask);
	}
}

/* The page with ones in the bits that MODE SELECT may change */
static void scst_mode_page_changeable(const struct scst_mode_page *page,
				      const struct scst_device *dev, u8 *out)
{
	unsigned int i;

	memset(out, 0, page->len);
	memcpy(out, page->image, 2);
	for (i = 0; i < ARRAY_SIZE(scst_mode_fields); i++) {
		const struct scst_mode_field *field = &scst_mode_fields[i];

		if (field->page == page->image[0] && scst_mode_changeable(dev, field))
			out[field->byte] |= field->mask;
	}
}

static unsigned int scst_put_mode_page(const struct scst_mode_page *page,
				       const struct scst_device *dev, u8 pc, u8 *out)
{
	struct scst_mode defaults;

	switch (pc) {
	case SCST_PC_CHANGEABLE:
		scst_mode_page_changeable(page, dev, out);
		break;
	case SCST_PC_DEFAULT:
		defaults = scst_mode_defaults(dev);
		scst_mode_page_values(page, dev, &defaults, out);
		break;
	default:
		scst_mode_page_values(page, dev, &dev->mode, out);
		break;
	}
	return page->len;
}

static unsigned int scst_put_mode_pages(const struct scst_device *dev, u8 pc, u8 code, u8 *out)
{
	const struct scst_kind *kind = dev->kind;
	unsigned int i, len = 0;

	for (i = 0; i < kind->mode_count; i++)
		if (code == SCST_PAGE_ALL || code == kind->mode[i].image[0])
			len += scst_put_mode_page(&kind->mode[i], dev, pc, out + len);
	return len;
}

static unsigned int scst_mode_bd_len(bool longlba)
{
	return longlba ? 16 : 8;
}

/* The block descriptor, SBC-4 6.5.2 */
static unsigned int scst_put_mode_bd(const struct scst_device *dev, bool longlba, u8 *out)
{
	u64 nblocks = READ_ONCE(dev->params.nblocks);
	u32 block_size = dev->params.block_size;

	if (longlba) {
		put_unaligned_be64(nblocks, &out[0]);
		put_unaligned_be32(block_size, &out[12]);
	} else {
		put_unaligned_be32(min_t(u64, nblocks, U32_MAX), &out[0]);
		put_unaligned_be24(block_size, &out[5]);
	}
	return scst_mode_bd_len(longlba);
}

static u8 scst_mode_device_specific(const struct scst_cmd *cmd)
{
	if (cmd->kind->mmc)
		return 0;
	return SCST_MODE_DPOFUA | (scst_write_protected(cmd) ? SCST_MODE_WP : 0);
}

static bool scst_mode_is_10(const struct scst_cmd *cmd)
{
	return cmd->op->cdb_len == 10;
}

static unsigned int scst_mode_header_len(const struct scst_cmd *cmd)
{
	return scst_mode_is_10(cmd) ? 8 : 4;
}

static void scst_put_mode_header(const struct scst_cmd *cmd, u8 *data, unsigned int len,
				 unsigned int bd_len, bool longlba)
{
	if (scst_mode_is_10(cmd)) {
		put_unaligned_be16(len - 2, &data[0]);
		data[3] = scst_mode_device_specific(cmd);
		data[4] = longlba ? SCST_MODE_LONGLBA : 0;
		put_unaligned_be16(bd_len, &data[6]);
	} else {
		data[0] = len - 1;
		data[2] = scst_mode_device_specific(cmd);
		data[3] = bd_len;
	}
}

static bool scst_mode_sense_check(struct scst_cmd *cmd)
{
	u8 code = cmd->cdb[2] & 0x3f, subpage = cmd->cdb[3];

	if (cmd->cdb[2] >> 6 == SCST_PC_SAVED)
		scst_cmd_set_sense(cmd, SCST_SENSE_SAVING_UNSUPPORTED);
	else if (code != SCST_PAGE_ALL && !scst_mode_find(cmd->dev, code))
		scst_cmd_set_field_error(cmd, SCST_SENSE_INVALID_CDB_FIELD, 2, 5);
	else if (subpage && subpage != SCST_SUBPAGE_ALL)
		scst_cmd_set_field_error(cmd, SCST_SENSE_INVALID_CDB_FIELD, 3, 7);
	else
		return true;
	return false;
}

/*
 * MODE SENSE(6), (10)
 *
 * No page has subpages. MMC-6: drives have no block descriptor and no device-specific parameter.
 */
static void scst_exec_mode_sense(struct scst_cmd *cmd)
{
	bool dbd = (cmd->cdb[1] & 0x08) || cmd->kind->mmc, longlba = !dbd && (cmd->cdb[1] & 0x10);
	unsigned int len = scst_mode_header_len(cmd), bd_len = 0;
	u8 data[SCST_MODE_DATA_MAX] = {};

	if (!scst_mode_sense_check(cmd))
		return;
	if (!dbd)
		bd_len = scst_put_mode_bd(cmd->dev, longlba, &data[len]);
	len += bd_len;
	len += scst_put_mode_pages(cmd->dev, cmd->cdb[2] >> 6, cmd->cdb[2] & 0x3f, &data[len]);
	scst_put_mode_header(cmd, data, len, bd_len, longlba);
	scst_data_in_whole(cmd, data, len);
}

static bool scst_mode_refuse(struct scst_cmd *cmd, unsigned int byte, u8 bits)
{
	scst_cmd_set_field_error(cmd, SCST_SENSE_INVALID_PARAM_FIELD, byte, fls(bits) - 1);
	return false;
}

/* Check the values of a page whose constant bits are valid, and store them in @mode. */
static bool scst_mode_select_values(struct scst_cmd *cmd, const u8 *data,
				    unsigned int at, struct scst_mode *mode)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(scst_mode_fields); i++) {
		const struct scst_mode_field *field = &scst_mode_fields[i];
		u8 value;

		if (field->page != data[at])
			continue;
		value = (data[at + field->byte] & field->mask) >> __ffs(field->mask);
		if (field->valid && !(field->valid & BIT(value)))
			return scst_mode_refuse(cmd, at + field->byte, field->mask);
		scst_mode_set(mode, field, value);
	}
	return true;
}

static bool scst_mode_select_page(struct scst_cmd *cmd, const u8 *data, unsigned int at,
				  unsigned int len, struct scst_mode *mode)
{
	const struct scst_mode_page *page = scst_mode_find(cmd->dev, data[at] & 0x3f);
	u8 now[SCST_MODE_PAGE_MAX], mask[SCST_MODE_PAGE_MAX];
	unsigned int i;

	if (!page)
		return scst_mode_refuse(cmd, at, 0x3f);
	if (len - at < 2)
		return scst_cdb_refuse_list(cmd);
	if (data[at + 1] != page->image[1])
		return scst_mode_refuse(cmd, at + 1, 0xff);
	if (len - at < page->len)
		return scst_cdb_refuse_list(cmd);
	scst_mode_page_values(page, cmd->dev, mode, now);
	scst_mode_page_changeable(page, cmd->dev, mask);
	/*
	 * Bytes 0 and 1 of @mask are no mask. Page code and length match; PS and SPF have to be
	 * zero.
	 */
	if (data[at] != now[0])
		return scst_mode_refuse(cmd, at, data[at] ^ now[0]);
	for (i = 2; i < page->len; i++) {
		u8 wrong = (data[at + i] ^ now[i]) & ~mask[i];

		if (wrong)
			return scst_mode_refuse(cmd, at + i, wrong);
	}
	return scst_mode_select_values(cmd, data, at, mode);
}

static bool scst_mode_select_pages(struct scst_cmd *cmd, const u8 *data, unsigned int at,
				   unsigned int len, struct scst_mode *mode)
{
	while (at < len) {
		if (!scst_mode_select_page(cmd, data, at, len, mode))
			return false;
		at += scst_mode_find(cmd->dev, data[at])->len;
	}
	return true;
}

/*
 * The block descriptor must have the current values: neither capacity nor block size can be
 * changed. A number of blocks of zero leaves the capacity unchanged.
 */
static bool scst_mode_select_bd(struct scst_cmd *cmd, const u8 *data, unsigned int at, bool longlba)
{
	unsigned int i, count_len = longlba ? 8 : 4;
	u8 now[16] = {};
	unsigned int len = scst_put_mode_bd(cmd->dev, longlba, now);

	if (!memchr_inv(&data[at], 0, count_len))
		memset(now, 0, count_len);
	for (i = 0; i < len; i++)
		if (data[at + i] != now[i])
			return scst_mode_refuse(cmd, at + i, data[at + i] ^ now[i]);
	return true;
}

/* Check the header and the block descriptor. @at is set to the offset of the first page. */
static bool scst_mode_select_header(struct scst_cmd *cmd, const u8 *data,
				    unsigned int len, unsigned int *at)
{
	bool is_10 = scst_mode_is_10(cmd);
	unsigned int medium_type = is_10 ? 2 : 1, bd_len, bd_len_at;
	bool longlba;

	*at = scst_mode_header_len(cmd);
	if (len < *at)
		return scst_cdb_refuse_list(cmd);
	if (data[medium_type])
		return scst_mode_refuse(cmd, medium_type, 0xff);
	longlba = is_10 && (data[4] & SCST_MODE_LONGLBA);
	bd_len = is_10 ? get_unaligned_be16(&data[6]) : data[3];
	bd_len_at = is_10 ? 6 : 3;
	if (!bd_len)
		return true;
	if (cmd->kind->mmc || bd_len != scst_mode_bd_len(longlba))
		return scst_mode_refuse(cmd, bd_len_at, 0xff);
	if (len - *at < bd_len)
		return scst_cdb_refuse_list(cmd);
	if (!scst_mode_select_bd(cmd, data, *at, longlba))
		return false;
	*at += bd_len;
	return true;
}

/*
 * Other nexuses get a unit attention. If WCE was cleared, the cache is written back. A write in
 * flight that is not in the cache yet is written back when it completes.
 */
static void scst_mode_changed(struct scst_cmd *cmd, const struct scst_mode *old,
			      const struct scst_mode *new)
{
	if (!memcmp(old, new, sizeof(*old)))
		return;
	scst_ua_raise_device(cmd->dev, SCST_UA_MODE_CHANGED, cmd->nexus);
	if (old->wce && !new->wce) {
		/* Pairs with scst_next_io(). */
		smp_mb();
		scst_sbc_sync_all(cmd);
	}
}

/* All pages are checked before any takes effect. */
static void scst_mode_select(struct scst_cmd *cmd, const u8 *data, unsigned int len)
{
	struct scst_device *dev = cmd->dev;
	struct scst_mode old, new;
	unsigned int at;
	bool valid;

	if (!scst_mode_select_header(cmd, data, len, &at))
		return;
	spin_lock_bh(&dev->lock);
	scst_mode_copy(&old, &dev->mode);
	new = old;
	valid = scst_mode_select_pages(cmd, data, at, len, &new);
	if (valid)
		__scst_mode_change(dev, &new);
	spin_unlock_bh(&dev->lock);
	if (valid)
		scst_mode_changed(cmd, &old, &new);
}

/*
 * MODE SELECT(6), (10)
 *
 * SP is refused when the CDB is decoded, because mode pages are not saved.
 */
static void scst_exec_mode_select(struct scst_cmd *cmd)
{
	u8 data[SCST_MODE_DATA_MAX];
	u32 len = cmd->cdb_data_len;

	if (!len)
		return;
	if (!(cmd->cdb[1] & 0x10))
		scst_cmd_set_field_error(cmd, SCST_SENSE_INVALID_CDB_FIELD, 1, 4);
	else if (len > sizeof(data) || scst_data_out(cmd, 0, data, len) != len)
		scst_cdb_refuse_list(cmd);
	else
		scst_mode_select(cmd, data, len);
}

static const struct scst_opcode scst_mode_rows[] = {
	{
		.name = "MODE SELECT(6)",
		.opcode = MODE_SELECT,
		.sa = SCST_OPCODE_NO_SA,
		.cdb_len = 6,
		.dir = SCST_DIR_OUT,
		.len_kind = SCST_LEN_PARAMETERS,
		.pr = SCST_PR_WRITE,
		.xfer = { .byte = 4, .len = 1 },
		.usage = { 0xff, 0x10, 0x00, 0x00, 0xff },
		.exec = scst_exec_mode_select,
	}, {
		.name = "MODE SENSE(6)",
		.opcode = MODE_SENSE,
		.sa = SCST_OPCODE_NO_SA,
		.cdb_len = 6,
		.dir = SCST_DIR_IN,
		.len_kind = SCST_LEN_ALLOCATION,
		.pr = SCST_PR_WRITE,
		.xfer = { .byte = 4, .len = 1 },
		.usage = { 0xff, 0x08, 0xff, 0xff, 0xff },
		.exec = scst_exec_mode_sense,
	}, {
		.name = "MODE SELECT(10)",
		.opcode = MODE_SELECT_10,
		.sa = SCST_OPCODE_NO_SA,
		.cdb_len = 10,
		.dir = SCST_DIR_OUT,
		.len_kind = SCST_LEN_PARAMETERS,
		.pr = SCST_PR_WRITE,
		.xfer = { .byte = 7, .len = 2 },
		.usage = { 0xff, 0x10, 0x00, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff },
		.exec = scst_exec_mode_select,
	}, {
		.name = "MODE SENSE(10)",
		.opcode = MODE_SENSE_10,
		.sa = SCST_OPCODE_NO_SA,
		.cdb_len = 10,
		.dir = SCST_DIR_IN,
		.len_kind = SCST_LEN_ALLOCATION,
		.pr = SCST_PR_WRITE,
		.xfer = { .byte = 7, .len = 2 },
		.usage = { 0xff, 0x18, 0xff, 0xff, 0x00, 0x00, 0x00, 0xff, 0xff },
		.exec = scst_exec_mode_sense,
	},
};

const struct scst_opcode_set scst_mode_opcodes = {
	.rows = scst_mode_rows,
	.count = ARRAY_SIZE(scst_mode_rows),
};
