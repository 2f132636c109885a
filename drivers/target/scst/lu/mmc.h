/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Media of CD and DVD drives.
 */
#ifndef _SCST_MMC_H
#define _SCST_MMC_H

#include <linux/cdrom.h>

#include "scst_priv.h"

/*
 * Blocks that have a time on a CD: two digits of minutes. A medium with more of them is a DVD.
 * Hosts see a difference: they ask a DVD for other things.
 */
#define SCST_CD_BLOCKS	(100 * CD_SECS * CD_FRAMES - CD_MSF_OFFSET)

static inline bool scst_mmc_is_dvd(const struct scst_medium *medium)
{
	return medium->nblocks > SCST_CD_BLOCKS;
}

#endif /* _SCST_MMC_H */
