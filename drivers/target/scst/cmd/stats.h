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
 * @SCST_COUNT_OTHERS:		answered commands without data; this and the next two are in the
 *				order of enum scst_dir
 * @SCST_COUNT_WRITES:		answered commands with Data-Out
 * @SCST_COUNT_READS:		answered commands with Data-In
 * @SCST_COUNT_WRITE_BYTES:	bytes of Data-Out of answered commands
 * @SCST_COUNT_READ_BYTES:	bytes of Data-In of answered commands
 * @SCST_COUNT_ERRORS:		answered commands with a status that is neither GOOD nor
 *				CONDITION MET
 * @SCST_COUNT_ABORTS:		commands that were aborted before they were answered
 * @SCST_COUNT_LATENCY:		first bucket of the histogram of the answered commands' times
 * @SCST_COUNTS:		number of counters
 *
 * A command is counted when it is submitted, and as answered or aborted when it ends. All counters
 * but the histogram are in one cache line.
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
 * enum scst_errors - index of a counter of a device's medium errors
 * @SCST_ERRORS_WRITE:	writes that failed, and losses of cached writes
 * @SCST_ERRORS_READ:	reads that failed
 * @SCST_ERRORS_VERIFY:	verifications that failed; not those that found a difference
 * @SCST_ERRORS:	number of counters
 */
enum scst_errors {
	SCST_ERRORS_WRITE,
	SCST_ERRORS_READ,
	SCST_ERRORS_VERIFY,
	SCST_ERRORS,
};

/**
 * struct scst_counts - a CPU's share of the counters, or a sum of such shares
 * @n:	by enum scst_count
 */
struct scst_counts {
	u64 n[SCST_COUNTS];
};

/**
 * struct scst_tally - counters of an I_T_L nexus, or of a session's commands to LUNs that do not
 *	exist
 * @shares:	each CPU's counters; NULL until there have been SCST_TALLY_FEW commands
 * @few:	counters while @shares is NULL, by enum scst_count
 * @grow:	allocates @shares
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
 * struct scst_stats_sum - counters of all nexuses of a device or session
 * @lock:	guards the rest; no lock is taken under it
 * @parts:	struct scst_stats_part of the existing nexuses
 * @gone:	counters of the removed nexuses
 */
struct scst_stats_sum {
	struct mutex lock;		/* guards the rest */
	struct list_head parts;
	struct scst_counts gone;
};

#endif /* _SCST_STATS_H */
