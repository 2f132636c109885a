/* SPDX-License-Identifier: GPL-2.0 */
/*
 * scst_bench: declarations that its files share.
 */
#ifndef _SCST_BENCH_H
#define _SCST_BENCH_H

#include <linux/blk_types.h>
#include <linux/types.h>

#define BENCH_DEPTH_MAX	1024
#define BENCH_JOBS_MAX	64
#define BENCH_MS_MAX	60000

/**
 * struct bench_run - parameters of a benchmark
 * @bdev:	the block device
 * @op:		read or write
 * @bytes:	bytes of a request
 * @units:	number of such requests that fit on the device
 * @depth:	requests in flight, for each job
 * @batch:	requests that are submitted at a time
 * @jobs:	number of threads
 * @ms:		duration, milliseconds
 * @end:	end of the run, jiffies
 * @job:	array of @jobs
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
