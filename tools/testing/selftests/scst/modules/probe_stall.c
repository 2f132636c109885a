// SPDX-License-Identifier: GPL-2.0
/*
 * scst_probe: the file "stall", which arms and ends stalls.
 */
#include <linux/fs.h>
#include <linux/module.h>
#include <linux/seq_file.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include <scst/inject.h>

#include "probe.h"

#define PROBE_STALL_LEN	64

static const char *const probe_stall_names[SCST_STALL_POINTS] = {
	[SCST_STALL_LOOKUP] = "lookup",
	[SCST_STALL_PARK] = "park",
	[SCST_STALL_LEFT] = "left",
	[SCST_STALL_SEND] = "send",
	[SCST_STALL_RELEASE] = "release",
	[SCST_STALL_RELEASED] = "released",
	[SCST_STALL_COUNTED] = "counted",
	[SCST_STALL_TMF] = "tmf",
	[SCST_STALL_TMF_GONE] = "tmf_gone",
	[SCST_STALL_CLOSED] = "closed",
	[SCST_STALL_PUBLISH] = "publish",
	[SCST_STALL_CAPACITY] = "capacity",
	[SCST_STALL_SUBMIT] = "submit",
	[SCST_STALL_PR_OUT] = "pr_out",
	[SCST_STALL_ACCEPT] = "accept",
	[SCST_STALL_ENTER] = "enter",
	[SCST_STALL_SLOW] = "slow",
	[SCST_STALL_POST] = "post",
	[SCST_STALL_TICK] = "tick",
	[SCST_STALL_TICKED] = "ticked",
	[SCST_STALL_DROP] = "drop",
	[SCST_STALL_OVER] = "over",
};

static int probe_stall_request(const char *word)
{
	int point;

	if (!strcmp(word, "go")) {
		scst_stall_end();
		return 0;
	}
	point = match_string(probe_stall_names, SCST_STALL_POINTS, word);
	if (point < 0)
		return point;
	scst_stall_arm(point);
	return 0;
}

static ssize_t probe_stall_write(struct file *file, const char __user *buf,
				 size_t count, loff_t *pos)
{
	char word[PROBE_STALL_LEN];
	int ret;

	if (count >= sizeof(word))
		return -EINVAL;
	if (copy_from_user(word, buf, count))
		return -EFAULT;
	word[count] = '\0';
	ret = probe_stall_request(strim(word));
	return ret ?: count;
}

static int probe_stall_show(struct seq_file *seq, void *unused)
{
	unsigned int point;

	for (point = 0; point < SCST_STALL_POINTS; point++)
		if (scst_stall_is_at(point))
			seq_printf(seq, "%s\n", probe_stall_names[point]);
	return 0;
}

static int probe_stall_open(struct inode *inode, struct file *file)
{
	return single_open(file, probe_stall_show, NULL);
}

const struct file_operations probe_stall_fops = {
	.owner = THIS_MODULE,
	.open = probe_stall_open,
	.read = seq_read,
	.write = probe_stall_write,
	.llseek = seq_lseek,
	.release = single_release,
};
