/* SPDX-License-Identifier: GPL-2.0 */
/*
 * scst_bench: what its parts know of each other.
 */
#ifndef _SCST_BENCH_H
#define _SCST_BENCH_H

#include <linux/blk_types.h>
#include <linux/types.h>

#define BENCH_DEPTH_MAX	1024
#define BENCH_JOBS_MAX	64
#define BENCH_MS_MAX	60000

/**
 * struct bench_run - what is to be done
 * @bdev:	where
 * @op:		read or write
 * @bytes:	of a request
 * @units:	requests that the device has room for
 * @depth:	requests under way, for each job
 * @batch:	of those, how many are submitted at a time
 * @jobs:	threads
 * @ms:		how long
 * @end:	until when, jiffies
 * @job:	one for each
 */
struct bench_run {
	struct block_device *bdev;
	enum req_op op;
	unsigned int bytes;
	u64 units;
	unsigned int depth;
	unsigned int batch;
	unsigned int jobs;
	unsigned int ms;
	unsigned long end;
	struct bench_job *job;
};

int bench_jobs_alloc(struct bench_run *run);
int bench_jobs_run(struct bench_run *run);
u64 bench_jobs_requests(const struct bench_run *run);
void bench_jobs_free(struct bench_run *run);

#endif /* _SCST_BENCH_H */
