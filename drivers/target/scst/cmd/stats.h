/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The counters of each I_T_L nexus.
 */
#ifndef _SCST_STATS_H
#define _SCST_STATS_H

#include <linux/atomic.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/types.h>
#include <linux/workqueue.h>

/* Bucket 0: less than 1 us; n: from 2^(n - 1) us on; the last: from 16.8 s on */
#define SCST_LATENCY_BUCKETS	26

/**
 * enum scst_count - index of a counter
 * @SCST_COUNT_STARTED:		commands that were submitted
 * @SCST_COUNT_OTHERS:		answered commands without data; this and the next
 *				two in the order of enum scst_dir
 * @SCST_COUNT_WRITES:		answered commands with Data-Out
 * @SCST_COUNT_READS:		answered commands with Data-In
 * @SCST_COUNT_WRITE_BYTES:	bytes that they transferred
 * @SCST_COUNT_READ_BYTES:	likewise
 * @SCST_COUNT_ERRORS:		of the answered commands, those with a status
 *				that is neither GOOD nor CONDITION MET
 * @SCST_COUNT_ABORTS:		commands that were aborted, and not answered with
 *				a status of their own
 * @SCST_COUNT_LATENCY:		the first bucket of the histogram of the answered
 *				commands' times
 * @SCST_COUNTS:		how many there are
 *
 * Every command is counted when it is submitted and, among the answered or the
 * aborted, when it ends. All but the histogram is one cache line.
 */
enum scst_count {
	SCST_COUNT_STARTED,
	SCST_COUNT_OTHERS,
	SCST_COUNT_WRITES,
	SCST_COUNT_READS,
	SCST_COUNT_WRITE_BYTES,
	SCST_COUNT_READ_BYTES,
	SCST_COUNT_ERRORS,
	SCST_COUNT_ABORTS,
	SCST_COUNT_LATENCY,
	SCST_COUNTS = SCST_COUNT_LATENCY + SCST_LATENCY_BUCKETS,
};

/**
 * struct scst_counts - a CPU's share of the counters, or a sum of such shares
 * @n:	by enum scst_count
 */
struct scst_counts {
	u64 n[SCST_COUNTS];
};

/**
 * struct scst_tally - what the commands of an I_T_L nexus counted, or those of a session whose
 *	LUN is not there
 * @shares:	each CPU's; NULL as long as there were few commands
 * @few:	what was counted without them, by enum scst_count
 * @grow:	makes them
 */
struct scst_tally {
	struct scst_counts __percpu *shares;	/* set once, READ_ONCE() */
	atomic64_t few[SCST_COUNTS];
	struct work_struct grow;
};

/**
 * struct scst_stats_part - an I_T_L nexus's counters as a part of a sum
 * @entry:	on scst_stats_sum.parts
 * @tally:	the counters
 */
struct scst_stats_part {
	struct list_head entry;
	const struct scst_tally *tally;
};

/**
 * struct scst_stats_sum - what all nexuses of a device or session counted
 * @lock:	guards the rest; nothing is locked under it
 * @parts:	struct scst_stats_part of those that there are
 * @gone:	what those counted that there are no more
 */
struct scst_stats_sum {
	struct mutex lock;		/* guards the rest */
	struct list_head parts;
	struct scst_counts gone;
};

#endif /* _SCST_STATS_H */
