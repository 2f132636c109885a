// SPDX-License-Identifier: GPL-2.0
/*
 * Digests: CRC32C, RFC 7143 13.1, by the kernel's own library.
 */
#include <linux/crc32c.h>
#include <linux/highmem.h>
#include <linux/minmax.h>

#include "iscst.h"

/**
 * iscst_crc() - continue a CRC
 * @crc:  the CRC so far, or ISCST_CRC_INIT
 * @data: the next bytes
 * @len:  their number
 *
 * Context: any.
 * Return: the CRC.
 */
u32 iscst_crc(u32 crc, const void *data, u32 len)
{
	return crc32c(crc, data, len);
}

/**
 * iscst_crc_cursor() - continue a CRC over a part of a scatterlist
 * @crc:    the CRC so far, or ISCST_CRC_INIT
 * @cursor: the beginning of the part
 * @len:    bytes
 *
 * Context: any.
 * Return: the CRC.
 */
u32 iscst_crc_cursor(u32 crc, const struct iscst_cursor *cursor, u32 len)
{
	struct iscst_cursor at = *cursor;

	while (len) {
		struct bio_vec bvec;
		u32 part = len;
		u8 *data;

		iscst_cursor_bvecs(&at, &bvec, 1, &part);
		part = min_t(u32, part, PAGE_SIZE - offset_in_page(bvec.bv_offset));
		data = kmap_local_page(bvec.bv_page + (bvec.bv_offset >> PAGE_SHIFT));
		crc = crc32c(crc, data + offset_in_page(bvec.bv_offset), part);
		kunmap_local(data);
		iscst_cursor_skip(&at, part);
		len -= part;
	}
	return crc;
}

/**
 * iscst_crc_put() - write a digest in its form on the wire
 * @crc:    the CRC
 * @digest: the digest
 */
void iscst_crc_put(u32 crc, u8 *digest)
{
	put_unaligned_le32(~crc, digest);
}

/**
 * iscst_crc_matches() - check a digest
 * @crc:    the CRC of the bytes received
 * @digest: the digest received
 *
 * Return: true if they match.
 */
bool iscst_crc_matches(u32 crc, const u8 *digest)
{
	return get_unaligned_le32(digest) == ~crc;
}
