// SPDX-License-Identifier: GPL-2.0
/*
 * Statistics: counters and a histogram of latencies.
 *
 * A command writes only to this CPU's counters of its I_T_L nexus: no lock, no atomic operation,
 * no cache line of another CPU. A reader adds them up.
 *
 * An initiator sees many LUNs and uses few of them, so per-CPU counters are allocated after the
 * first SCST_TALLY_FEW commands of a nexus. Until then all CPUs share atomic counters.
 */
#include <linux/bitops.h>
#include <linux/cache.h>
#include <linux/ktime.h>
#include <linux/math64.h>
#include <linux/percpu.h>
#include <scsi/scsi_common.h>

#include "cmd/cmd.h"

static_assert(SCST_COUNT_OTHERS + SCST_DIR_OUT == SCST_COUNT_WRITES);
static_assert(SCST_COUNT_OTHERS + SCST_DIR_IN == SCST_COUNT_READS);
static_assert(SCST_COUNT_READ_BYTES - SCST_COUNT_WRITE_BYTES == SCST_DIR_IN - SCST_DIR_OUT);

/* More commands than an initiator sends to discover a LUN */
#define SCST_TALLY_FEW	64

/* A command to a LUN that does not exist is counted for its session only. */
static struct scst_tally *scst_cmd_tally(const struct scst_cmd *cmd)
{
	return cmd->nexus ? &cmd->nexus->tally : &cmd->sess->tally;
}

/* After a failed allocation the next attempt is SCST_TALLY_FEW commands later. */
static void scst_tally_grow_work(struct work_struct *work)
{
	struct scst_tally *tally = container_of(work, struct scst_tally, grow);

	if (tally->shares)
		return;
	/* A reader that finds the pointer finds the counters zeroed. */
	smp_store_release(&tally->shares,
			  __alloc_percpu_gfp(sizeof(struct scst_counts), SMP_CACHE_BYTES,
					     GFP_KERNEL | __GFP_NORETRY | __GFP_NOWARN));
}

static void scst_tally_init(struct scst_tally *tally)
{
	INIT_WORK(&tally->grow, scst_tally_grow_work);
}

static void scst_tally_exit(struct scst_tally *tally)
{
	cancel_work_sync(&tally->grow);
	free_percpu(tally->shares);
}

static void scst_count(struct scst_tally *tally, struct scst_counts __percpu *shares,
		       unsigned int i, u64 n)
{
	if (likely(shares))
		this_cpu_add(shares->n[i], n);
	else
		atomic64_add(n, &tally->few[i]);
}

/**
 * scst_stats_start() - count a submitted command
 * @cmd: the command after LUN translation
 *
 * Context: thread or atomic.
 */
void scst_stats_start(const struct scst_cmd *cmd)
{
	struct scst_tally *tally = scst_cmd_tally(cmd);
	struct scst_counts __percpu *shares = READ_ONCE(tally->shares);

	if (likely(shares))
		this_cpu_inc(shares->n[SCST_COUNT_STARTED]);
	else if (!(atomic64_inc_return(&tally->few[SCST_COUNT_STARTED]) % SCST_TALLY_FEW))
		queue_work(scst_stats_wq, &tally->grow);
}

static unsigned int scst_latency_bucket(u64 ns)
{
	return min(fls64(div_u64(ns, NSEC_PER_USEC)), SCST_LATENCY_BUCKETS - 1);
}

static bool scst_status_is_error(u8 status)
{
	return status != SAM_STAT_GOOD && status != SAM_STAT_CONDITION_MET;
}

/*
 * The operation that failed is the last one of the command. Commands that the device executes as a
 * whole have log pages of its own.
 */
static noinline void scst_stats_error(const struct scst_cmd *cmd)
{
	struct scsi_sense_hdr hdr;

	if (cmd->status != SAM_STAT_CHECK_CONDITION ||
	    !scsi_normalize_sense(cmd->sense, cmd->sense_len, &hdr) ||
	    hdr.sense_key != MEDIUM_ERROR)
		return;
	switch (cmd->io) {
	case SCST_IO_READ:
		atomic64_inc(&cmd->dev->errors[SCST_ERRORS_READ]);
		break;
	case SCST_IO_VERIFY:
	case SCST_IO_COMPARE:
		atomic64_inc(&cmd->dev->errors[SCST_ERRORS_VERIFY]);
		break;
	case SCST_IO_WRITE:
	case SCST_IO_UNMAP:
	case SCST_IO_ZERO:
	case SCST_IO_ZERO_UNMAP:
		atomic64_inc(&cmd->dev->errors[SCST_ERRORS_WRITE]);
		break;
	}
}

static void scst_stats_answered(const struct scst_cmd *cmd, struct scst_tally *tally,
				struct scst_counts __percpu *shares)
{
	u64 ns = ktime_get_ns() - cmd->start_ns;

	scst_count(tally, shares, SCST_COUNT_OTHERS + cmd->dir, 1);
	if (cmd->data_len)
		scst_count(tally, shares, SCST_COUNT_WRITE_BYTES + cmd->dir - SCST_DIR_OUT,
			   cmd->data_len);
	scst_count(tally, shares, SCST_COUNT_LATENCY + scst_latency_bucket(ns), 1);
	if (unlikely(scst_status_is_error(cmd->status))) {
		scst_count(tally, shares, SCST_COUNT_ERRORS, 1);
		scst_stats_error(cmd);
	}
}

/**
 * scst_stats_end() - count a command that is about to be answered, or that was aborted
 * @cmd:     the command
 * @aborted: whether it was aborted
 *
 * Context: thread or atomic.
 */
void scst_stats_end(const struct scst_cmd *cmd, bool aborted)
{
	struct scst_tally *tally = scst_cmd_tally(cmd);
	struct scst_counts __percpu *shares = READ_ONCE(tally->shares);

	if (unlikely(aborted))
		scst_count(tally, shares, SCST_COUNT_ABORTS, 1);
	else
		scst_stats_answered(cmd, tally, shares);
}

/* On 32-bit machines a read may come between the writes of a counter's halves. */
static void scst_shares_add(struct scst_counts *sum, const struct scst_counts __percpu *shares)
{
	unsigned int i;
	int cpu;

	for_each_possible_cpu(cpu) {
		const struct scst_counts *share = per_cpu_ptr(shares, cpu);

		for (i = 0; i < SCST_COUNTS; i++)
			sum->n[i] += READ_ONCE(share->n[i]);
	}
}

static void scst_tally_add(struct scst_counts *sum, const struct scst_tally *tally)
{
	const struct scst_counts __percpu *shares = READ_ONCE(tally->shares);
	unsigned int i;

	for (i = 0; i < SCST_COUNTS; i++)
		sum->n[i] += atomic64_read(&tally->few[i]);
	if (shares)
		scst_shares_add(sum, shares);
}

/**
 * scst_stats_read() - add up counters
 * @sum:    counters of a device's or session's nexuses, or NULL
 * @own:    more counters to add, or NULL
 * @result: the result
 *
 * Commands may change the counters during the addition. The result is consistent only if no
 * command is in flight.
 *
 * Context: process context.
 */
void scst_stats_read(struct scst_stats_sum *sum, const struct scst_tally *own,
		     struct scst_counts *result)
{
	struct scst_stats_part *part;
	unsigned int i;

	memset(result, 0, sizeof(*result));
	if (own)
		scst_tally_add(result, own);
	if (!sum)
		return;
	mutex_lock(&sum->lock);
	for (i = 0; i < SCST_COUNTS; i++)
		result->n[i] += sum->gone.n[i];
	list_for_each_entry(part, &sum->parts, entry)
		scst_tally_add(result, part->tally);
	mutex_unlock(&sum->lock);
}

/**
 * scst_stats_depth() - the number of commands in flight
 * @counts: the counters
 *
 * Return: number of commands that were submitted and neither answered nor aborted.
 */
u64 scst_stats_depth(const struct scst_counts *counts)
{
	u64 ended = counts->n[SCST_COUNT_OTHERS] +
		    counts->n[SCST_COUNT_WRITES] +
		    counts->n[SCST_COUNT_READS] + counts->n[SCST_COUNT_ABORTS];

	/* A command that started and ended during the addition may be counted as ended only. */
	return counts->n[SCST_COUNT_STARTED] > ended ? counts->n[SCST_COUNT_STARTED] - ended : 0;
}

/**
 * scst_stats_sum_init() - initialize the sum of a device's or session's nexuses
 * @sum: the sum
 */
void scst_stats_sum_init(struct scst_stats_sum *sum)
{
	mutex_init(&sum->lock);
	INIT_LIST_HEAD(&sum->parts);
}

static void scst_stats_join(struct scst_stats_sum *sum, struct scst_stats_part *part,
			    const struct scst_tally *tally)
{
	part->tally = tally;
	mutex_lock(&sum->lock);
	list_add_tail(&part->entry, &sum->parts);
	mutex_unlock(&sum->lock);
}

/* The counts of a removed part stay in the sum. */
static void scst_stats_leave(struct scst_stats_sum *sum, struct scst_stats_part *part)
{
	mutex_lock(&sum->lock);
	scst_tally_add(&sum->gone, part->tally);
	list_del(&part->entry);
	mutex_unlock(&sum->lock);
}

/**
 * scst_stats_nexus_init() - initialize the counters of a nexus
 * @nexus: the nexus
 *
 * Context: process context.
 */
void scst_stats_nexus_init(struct scst_nexus *nexus)
{
	scst_tally_init(&nexus->tally);
	scst_stats_join(&nexus->dev->stats, &nexus->dev_part, &nexus->tally);
	scst_stats_join(&nexus->sess->stats, &nexus->sess_part, &nexus->tally);
}

/**
 * scst_stats_nexus_exit() - free the counters of a nexus
 * @nexus: the nexus, without commands
 *
 * Context: process context.
 */
void scst_stats_nexus_exit(struct scst_nexus *nexus)
{
	scst_stats_leave(&nexus->dev->stats, &nexus->dev_part);
	scst_stats_leave(&nexus->sess->stats, &nexus->sess_part);
	scst_tally_exit(&nexus->tally);
}

/**
 * scst_stats_session_init() - initialize the counters of a session
 * @sess: the session
 */
void scst_stats_session_init(struct scst_session *sess)
{
	scst_stats_sum_init(&sess->stats);
	scst_tally_init(&sess->tally);
}

/**
 * scst_stats_session_exit() - free the counters of a session
 * @sess: the session, without commands
 *
 * Context: process context.
 */
void scst_stats_session_exit(struct scst_session *sess)
{
	scst_tally_exit(&sess->tally);
}
