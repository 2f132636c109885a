// SPDX-License-Identifier: GPL-2.0
/*
 * A place in a scatterlist.
 */
#include <linux/bvec.h>
#include <linux/minmax.h>

#include "iscst.h"

/**
 * iscst_cursor_init() - point into a scatterlist
 * @cursor: the cursor
 * @sg:     the list
 * @skip:   bytes that are behind
 */
void iscst_cursor_init(struct iscst_cursor *cursor, struct scatterlist *sg, u32 skip)
{
	cursor->sg = sg;
	cursor->off = 0;
	iscst_cursor_skip(cursor, skip);
}

/**
 * iscst_cursor_bvecs() - what comes next in a scatterlist
 * @cursor: the cursor
 * @bvecs:  where to
 * @max:    how many at most
 * @len:    bytes that are wanted; on return, bytes that @bvecs have
 *
 * Return: how many.
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
