// SPDX-License-Identifier: GPL-2.0
/*
 * scst_bench: the threads that submit requests.
 */
#include <linux/bio.h>
#include <linux/blkdev.h>
#include <linux/completion.h>
#include <linux/jiffies.h>
#include <linux/kthread.h>
#include <linux/llist.h>
#include <linux/math64.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/wait_bit.h>

#include "bench.h"

/* Spreads requests over the whole device: a prime that is far from a power of two. */
#define BENCH_STRIDE	2654435761ULL

/**
 * struct bench_slot - a request and its memory
 * @node:	on its job's list while it is idle
 * @job:	the job
 * @page:	the data
 * @bio:	the request
 * @vec:	the vector of @bio
 */
struct bench_slot {
	struct llist_node node;
	struct bench_job *job;
	struct page *page;
	struct bio bio;
	struct bio_vec vec;
};

/**
 * struct bench_job - a thread and its requests
 * @run:	the parameters
 * @slots:	array of run->depth
 * @idle:	slots that are not in flight
 * @nr_idle:	their number. The thread waits for it, so the job may be freed after an increment.
 * @started:	requests submitted so far
 * @status:	status of a request that failed
 * @done:	the thread has finished
 */
struct bench_job {
	struct bench_run *run;
	struct bench_slot *slots;
	struct llist_head idle;
	atomic_t nr_idle;
	u64 started;
	blk_status_t status;
	struct completion done;
};

static void bench_end_io(struct bio *bio)
{
	struct bench_slot *slot = bio->bi_private;
	struct bench_job *job = slot->job;
	unsigned int batch = job->run->batch;

	if (bio->bi_status)
		job->status = bio->bi_status;
	llist_add(&slot->node, &job->idle);
	if (atomic_inc_return(&job->nr_idle) >= batch)
		wake_up_var(&job->nr_idle);
}

static void bench_submit(struct bench_job *job)
{
	const struct bench_run *run = job->run;
	struct bench_slot *slot;
	u64 unit;

	slot = llist_entry(llist_del_first(&job->idle), struct bench_slot, node);
	div64_u64_rem(job->started++ * BENCH_STRIDE, run->units, &unit);
	bio_init(&slot->bio, run->bdev, &slot->vec, 1, run->op);
	__bio_add_page(&slot->bio, slot->page, run->bytes, 0);
	slot->bio.bi_iter.bi_sector = unit * run->bytes >> SECTOR_SHIFT;
	slot->bio.bi_private = slot;
	slot->bio.bi_end_io = bench_end_io;
	submit_bio(&slot->bio);
}

static void bench_submit_batch(struct bench_job *job)
{
	unsigned int n = job->run->batch;
	struct blk_plug plug;

	wait_var_event(&job->nr_idle, atomic_read(&job->nr_idle) >= n);
	atomic_sub(n, &job->nr_idle);
	blk_start_plug(&plug);
	while (n--)
		bench_submit(job);
	blk_finish_plug(&plug);
}

static int bench_thread(void *data)
{
	struct bench_job *job = data;
	const struct bench_run *run = job->run;

	do {
		bench_submit_batch(job);
	} while (time_before(jiffies, run->end) && !job->status);
	wait_var_event(&job->nr_idle, atomic_read(&job->nr_idle) == run->depth);
	complete(&job->done);
	return 0;
}

static void bench_slots_free(struct bench_job *job)
{
	unsigned int order = get_order(job->run->bytes);
	unsigned int i;

	if (!job->slots)
		return;
	for (i = 0; i < job->run->depth; i++)
		if (job->slots[i].page)
			__free_pages(job->slots[i].page, order);
	kvfree(job->slots);
}

static int bench_slots_alloc(struct bench_job *job)
{
	unsigned int order = get_order(job->run->bytes);
	unsigned int i;

	job->slots = kvcalloc(job->run->depth, sizeof(*job->slots), GFP_KERNEL);
	if (!job->slots)
		return -ENOMEM;
	for (i = 0; i < job->run->depth; i++) {
		struct bench_slot *slot = &job->slots[i];

		slot->job = job;
		slot->page = alloc_pages(GFP_KERNEL | __GFP_COMP, order);
		if (!slot->page)
			return -ENOMEM;
		llist_add(&slot->node, &job->idle);
	}
	atomic_set(&job->nr_idle, job->run->depth);
	return 0;
}

/**
 * bench_jobs_free() - undo bench_jobs_alloc()
 * @run: the parameters
 */
void bench_jobs_free(struct bench_run *run)
{
	unsigned int i;

	for (i = 0; i < run->jobs; i++)
		bench_slots_free(&run->job[i]);
	kfree(run->job);
}

/**
 * bench_jobs_alloc() - allocate the memory of a run
 * @run: the parameters
 *
 * Return: 0 or -ENOMEM.
 */
int bench_jobs_alloc(struct bench_run *run)
{
	unsigned int i;
	int ret = 0;

	run->job = kcalloc(run->jobs, sizeof(*run->job), GFP_KERNEL);
	if (!run->job)
		return -ENOMEM;
	for (i = 0; i < run->jobs; i++)
		run->job[i].run = run;
	for (i = 0; i < run->jobs && !ret; i++) {
		init_llist_head(&run->job[i].idle);
		init_completion(&run->job[i].done);
		ret = bench_slots_alloc(&run->job[i]);
	}
	if (ret)
		bench_jobs_free(run);
	return ret;
}

/**
 * bench_jobs_run() - run all jobs and wait for them
 * @run: the parameters
 *
 * Context: process context; may sleep.
 * Return: 0, or the errno of a failed request or of a thread that could not be started.
 */
int bench_jobs_run(struct bench_run *run)
{
	unsigned int started, i;
	int ret = 0;

	run->end = jiffies + msecs_to_jiffies(run->ms);
	for (started = 0; started < run->jobs; started++) {
		struct task_struct *task = kthread_run(bench_thread, &run->job[started],
						       "scst_bench/%u", started);

		ret = PTR_ERR_OR_ZERO(task);
		if (ret)
			break;
	}
	for (i = 0; i < started; i++) {
		wait_for_completion(&run->job[i].done);
		if (run->job[i].status)
			ret = blk_status_to_errno(run->job[i].status);
	}
	return ret;
}

/**
 * bench_jobs_requests() - count the requests of a run
 * @run: the parameters
 *
 * Return: the number of requests of all jobs.
 */
u64 bench_jobs_requests(const struct bench_run *run)
{
	u64 sum = 0;
	unsigned int i;

	for (i = 0; i < run->jobs; i++)
		sum += run->job[i].started;
	return sum;
}
