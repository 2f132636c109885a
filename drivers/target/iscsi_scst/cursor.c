// SPDX-License-Identifier: GPL-2.0
/*
 * Cursors: places in scatterlists.
 */
#include <linux/bvec.h>
#include <linux/minmax.h>

#include "iscst.h"

/**
 * iscst_cursor_init() - set a cursor
 * @cursor: the cursor
 * @sg:     the scatterlist
 * @skip:   bytes before the place
 */
void iscst_cursor_init(struct iscst_cursor *cursor, struct scatterlist *sg, u32 skip)
{
	cursor->sg = sg;
	cursor->off = 0;
	iscst_cursor_skip(cursor, skip);
}

/**
 * iscst_cursor_bvecs() - describe the bytes at a cursor
 * @cursor: the cursor
 * @bvecs:  the result
 * @max:    number of @bvecs at most
 * @len:    bytes that are wanted; on return, bytes that @bvecs have
 *
 * Return: number of @bvecs.
 */
unsigned int iscst_cursor_bvecs(const struct iscst_cursor *cursor, struct bio_vec *bvecs,
				unsigned int max, u32 *len)
{
	struct iscst_cursor at = *cursor;
	u32 left = *len;
	unsigned int n;

	for (n = 0; n < max && left && at.sg; n++) {
		u32 part = min(left, at.sg->length - at.off);

		bvec_set_page(&bvecs[n], sg_page(at.sg), part, at.sg->offset + at.off);
		iscst_cursor_skip(&at, part);
		left -= part;
	}
	*len -= left;
	return n;
}
