// SPDX-License-Identifier: GPL-2.0
/*
 * scst_bench: block I/O from inside the kernel, so that system calls do not hide the cost of a
 * command. A run begins when a process writes a line to /sys/kernel/debug/scst_bench/run:
 *
 *   FD read|write BYTES DEPTH BATCH JOBS MS
 *
 * FD is a block device that the process has open. The write returns after MS milliseconds. During
 * this time each of JOBS threads keeps up to DEPTH requests in flight and submits BATCH at a time.
 * Afterwards the file "requests" has the number of requests, and the file "nanoseconds" has the
 * duration.
 */
#include <linux/blkdev.h>
#include <linux/debugfs.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/ktime.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "bench.h"

#define BENCH_LINE_LEN	128

static struct dentry *bench_root;
static DEFINE_MUTEX(bench_lock);
static u64 bench_requests;		/* bench_lock to write */
static u64 bench_nanoseconds;		/* bench_lock to write */

static int bench_parse(char *line, struct bench_run *run, int *fd)
{
	char op[6];

	if (sscanf(line, "%d %5s %u %u %u %u %u", fd, op, &run->bytes, &run->depth,
		   &run->batch, &run->jobs, &run->ms) != 7)
		return -EINVAL;
	if (!strcmp(op, "write"))
		run->op = REQ_OP_WRITE;
	else if (!strcmp(op, "read"))
		run->op = REQ_OP_READ;
	else
		return -EINVAL;
	if (!run->bytes || run->bytes > SZ_1M || !run->depth || run->depth > BENCH_DEPTH_MAX ||
	    !run->batch || run->batch > run->depth || !run->jobs ||
	    run->jobs > BENCH_JOBS_MAX || !run->ms || run->ms > BENCH_MS_MAX)
		return -EINVAL;
	return 0;
}

/* The open file keeps the block device. */
static int bench_run_file(struct bench_run *run, struct file *file)
{
	u64 start;
	int ret;

	if (!S_ISBLK(file_inode(file)->i_mode))
		return -ENOTBLK;
	run->bdev = I_BDEV(file->f_mapping->host);
	run->units = div_u64(bdev_nr_bytes(run->bdev), run->bytes);
	if (!run->units)
		return -ENOSPC;
	ret = bench_jobs_alloc(run);
	if (ret)
		return ret;
	start = ktime_get_ns();
	ret = bench_jobs_run(run);
	bench_nanoseconds = ktime_get_ns() - start;
	bench_requests = bench_jobs_requests(run);
	bench_jobs_free(run);
	return ret;
}

static int bench_do(char *line)
{
	struct bench_run run = {};
	struct file *file;
	int fd, ret;

	ret = bench_parse(line, &run, &fd);
	if (ret)
		return ret;
	file = fget(fd);
	if (!file)
		return -EBADF;
	mutex_lock(&bench_lock);
	ret = bench_run_file(&run, file);
	mutex_unlock(&bench_lock);
	fput(file);
	return ret;
}

static ssize_t bench_write(struct file *file, const char __user *buf, size_t len, loff_t *pos)
{
	char line[BENCH_LINE_LEN];
	int ret;

	if (len >= sizeof(line))
		return -EINVAL;
	if (copy_from_user(line, buf, len))
		return -EFAULT;
	line[len] = '\0';
	ret = bench_do(line);
	return ret ?: len;
}

static const struct file_operations bench_run_fops = {
	.owner = THIS_MODULE,
	.open = simple_open,
	.write = bench_write,
};

static int __init bench_init(void)
{
	bench_root = debugfs_create_dir("scst_bench", NULL);
	debugfs_create_file("run", 0200, bench_root, NULL, &bench_run_fops);
	debugfs_create_u64("requests", 0400, bench_root, &bench_requests);
	debugfs_create_u64("nanoseconds", 0400, bench_root, &bench_nanoseconds);
	return 0;
}

static void __exit bench_exit(void)
{
	debugfs_remove_recursive(bench_root);
}

module_init(bench_init);
module_exit(bench_exit);
MODULE_DESCRIPTION("Block I/O for benchmarks");
MODULE_LICENSE("GPL");
