// SPDX-License-Identifier: GPL-2.0
/*
 * Statistics: counters and a histogram of latencies.
 *
 * A command writes only to this CPU's counters of its I_T_L nexus: no lock, no
 * atomic operation, no cache line of another CPU. Who reads adds up.
 */
#include <linux/bitops.h>
#include <linux/cache.h>
#include <linux/ktime.h>
#include <linux/math64.h>
#include <linux/percpu.h>

#include "scst_priv.h"

static_assert(SCST_COUNT_OTHERS + SCST_DIR_OUT == SCST_COUNT_WRITES);
static_assert(SCST_COUNT_OTHERS + SCST_DIR_IN == SCST_COUNT_READS);
static_assert(SCST_COUNT_READ_BYTES - SCST_COUNT_WRITE_BYTES ==
	      SCST_DIR_IN - SCST_DIR_OUT);

/* A command to a LUN that is not there is its session's only. */
static struct scst_counts __percpu *scst_cmd_counts(const struct scst_cmd *cmd)
{
	return cmd->nexus ? cmd->nexus->counts : &cmd->sess->cmds->counts;
}

/**
 * scst_stats_start - count a command that has been submitted
 * @cmd: the command after LUN translation
 *
 * Context: thread or atomic.
 */
void scst_stats_start(const struct scst_cmd *cmd)
{
	this_cpu_inc(scst_cmd_counts(cmd)->n[SCST_COUNT_STARTED]);
}

static unsigned int scst_latency_bucket(u64 ns)
{
	return min(fls64(div_u64(ns, NSEC_PER_USEC)), SCST_LATENCY_BUCKETS - 1);
}

static bool scst_status_is_error(u8 status)
{
	return status != SAM_STAT_GOOD && status != SAM_STAT_CONDITION_MET;
}

static void scst_stats_answered(const struct scst_cmd *cmd,
				struct scst_counts __percpu *counts)
{
	u64 ns = ktime_get_ns() - cmd->start_ns;

	this_cpu_inc(counts->n[SCST_COUNT_OTHERS + cmd->dir]);
	if (cmd->data_len)
		this_cpu_add(counts->n[SCST_COUNT_WRITE_BYTES + cmd->dir -
				       SCST_DIR_OUT], cmd->data_len);
	if (unlikely(scst_status_is_error(cmd->status)))
		this_cpu_inc(counts->n[SCST_COUNT_ERRORS]);
	this_cpu_inc(counts->n[SCST_COUNT_LATENCY + scst_latency_bucket(ns)]);
}

/**
 * scst_stats_end - count a command that is about to be answered, or is not
 * @cmd:     the command
 * @aborted: it is aborted
 *
 * Context: thread or atomic.
 */
void scst_stats_end(const struct scst_cmd *cmd, bool aborted)
{
	struct scst_counts __percpu *counts = scst_cmd_counts(cmd);

	if (unlikely(aborted))
		this_cpu_inc(counts->n[SCST_COUNT_ABORTS]);
	else
		scst_stats_answered(cmd, counts);
}

/* On 32-bit machines a counter may be read between the writes of its halves. */
static void scst_counts_add(struct scst_counts *sum,
			    const struct scst_counts __percpu *counts)
{
	unsigned int i;
	int cpu;

	for_each_possible_cpu(cpu) {
		const struct scst_counts *share = per_cpu_ptr(counts, cpu);

		for (i = 0; i < SCST_COUNTS; i++)
			sum->n[i] += READ_ONCE(share->n[i]);
	}
}

/**
 * scst_stats_read - add up what was counted
 * @sum:    of a device's or session's nexuses, or NULL
 * @own:    counters to be added, or NULL
 * @result: the result
 *
 * Counters go up while this adds: they fit each other when no command runs.
 *
 * Context: process context.
 */
void scst_stats_read(struct scst_stats_sum *sum,
		     const struct scst_counts __percpu *own,
		     struct scst_counts *result)
{
	struct scst_stats_part *part;
	unsigned int i;

	memset(result, 0, sizeof(*result));
	if (own)
		scst_counts_add(result, own);
	if (!sum)
		return;
	mutex_lock(&sum->lock);
	for (i = 0; i < SCST_COUNTS; i++)
		result->n[i] += sum->gone.n[i];
	list_for_each_entry(part, &sum->parts, entry)
		scst_counts_add(result, part->counts);
	mutex_unlock(&sum->lock);
}

/**
 * scst_stats_depth - how many commands are under way
 * @counts: what was counted
 *
 * Return: commands, submitted and neither answered nor aborted.
 */
u64 scst_stats_depth(const struct scst_counts *counts)
{
	u64 ended = counts->n[SCST_COUNT_OTHERS] +
		    counts->n[SCST_COUNT_WRITES] +
		    counts->n[SCST_COUNT_READS] + counts->n[SCST_COUNT_ABORTS];

	/* One that came and went while counters were added up may lack its start. */
	return counts->n[SCST_COUNT_STARTED] > ended ?
	       counts->n[SCST_COUNT_STARTED] - ended : 0;
}

/**
 * scst_stats_sum_init - nothing is counted yet
 * @sum: of a device's or session's nexuses
 */
void scst_stats_sum_init(struct scst_stats_sum *sum)
{
	mutex_init(&sum->lock);
	INIT_LIST_HEAD(&sum->parts);
}

static void scst_stats_join(struct scst_stats_sum *sum,
			    struct scst_stats_part *part,
			    struct scst_counts __percpu *counts)
{
	part->counts = counts;
	mutex_lock(&sum->lock);
	list_add_tail(&part->entry, &sum->parts);
	mutex_unlock(&sum->lock);
}

/* What it counted stays. */
static void scst_stats_leave(struct scst_stats_sum *sum,
			     struct scst_stats_part *part)
{
	mutex_lock(&sum->lock);
	scst_counts_add(&sum->gone, part->counts);
	list_del(&part->entry);
	mutex_unlock(&sum->lock);
}

/**
 * scst_stats_nexus_init - begin to count for a nexus
 * @nexus: the nexus
 *
 * Context: process context.
 * Return: 0 or -ENOMEM.
 */
int scst_stats_nexus_init(struct scst_nexus *nexus)
{
	nexus->counts = __alloc_percpu(sizeof(struct scst_counts),
				       SMP_CACHE_BYTES);
	if (!nexus->counts)
		return -ENOMEM;
	scst_stats_join(&nexus->dev->stats, &nexus->dev_part, nexus->counts);
	scst_stats_join(&nexus->sess->stats, &nexus->sess_part, nexus->counts);
	return 0;
}

/**
 * scst_stats_nexus_exit - a nexus has counted its last command
 * @nexus: the nexus; scst_stats_nexus_init() may have failed
 *
 * Context: process context.
 */
void scst_stats_nexus_exit(struct scst_nexus *nexus)
{
	if (!nexus->counts)
		return;
	scst_stats_leave(&nexus->dev->stats, &nexus->dev_part);
	scst_stats_leave(&nexus->sess->stats, &nexus->sess_part);
	free_percpu(nexus->counts);
}
