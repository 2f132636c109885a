// SPDX-License-Identifier: GPL-2.0
/*
 * scst_probe: a log of events in their order.
 */
#include <linux/debugfs.h>
#include <linux/kstrtox.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/sizes.h>
#include <linux/vmalloc.h>

#include "probe.h"

#define PROBE_LOG_SIZE	SZ_1M
#define PROBE_LOG_LINE	256

/* Serializes reading, starting and stopping the log */
static DEFINE_MUTEX(probe_log_mutex);

/* Taken last, in any context: guards the variables below */
static DEFINE_SPINLOCK(probe_log_lock);
static bool probe_log_on;
static size_t probe_log_len;
static unsigned int probe_log_count;

/* Allocated when the log is started for the first time */
static char *probe_log_text;

__printf(1, 0)
static void probe_log_vadd(const char *fmt, va_list args)
{
	size_t room = PROBE_LOG_SIZE - probe_log_len;

	if (room >= PROBE_LOG_LINE) {
		probe_log_len += vscnprintf(probe_log_text + probe_log_len,
					    PROBE_LOG_LINE, fmt, args);
		return;
	}
	probe_log_len += scnprintf(probe_log_text + probe_log_len, room, "full\n");
	probe_log_on = false;
}

/**
 * probe_log() - count an event, and log it if the log is on
 * @fmt: WHO TAG EVENT ..., with a newline
 *
 * Context: any.
 */
void probe_log(const char *fmt, ...)
{
	unsigned long flags;
	va_list args;

	spin_lock_irqsave(&probe_log_lock, flags);
	probe_log_count++;
	if (probe_log_on) {
		va_start(args, fmt);
		probe_log_vadd(fmt, args);
		va_end(args);
	}
	spin_unlock_irqrestore(&probe_log_lock, flags);
}

/**
 * probe_log_events() - the number of events, logged or not
 *
 * Context: any.
 * Return: the number.
 */
unsigned int probe_log_events(void)
{
	return READ_ONCE(probe_log_count);
}

static int probe_log_set(bool on)
{
	lockdep_assert_held(&probe_log_mutex);
	if (on && !probe_log_text)
		probe_log_text = vmalloc(PROBE_LOG_SIZE);
	if (on && !probe_log_text)
		return -ENOMEM;
	spin_lock_irq(&probe_log_lock);
	probe_log_on = on;
	if (on)
		probe_log_len = 0;
	spin_unlock_irq(&probe_log_lock);
	return 0;
}

static ssize_t probe_log_write(struct file *file, const char __user *buf, size_t count, loff_t *pos)
{
	bool on;
	int ret = kstrtobool_from_user(buf, count, &on);

	if (ret)
		return ret;
	mutex_lock(&probe_log_mutex);
	ret = probe_log_set(on);
	mutex_unlock(&probe_log_mutex);
	return ret ?: count;
}

/* The text up to probe_log_len does not change until the log is started again. */
static ssize_t probe_log_read(struct file *file, char __user *buf, size_t count, loff_t *pos)
{
	ssize_t ret;
	size_t len;

	mutex_lock(&probe_log_mutex);
	spin_lock_irq(&probe_log_lock);
	len = probe_log_len;
	spin_unlock_irq(&probe_log_lock);
	ret = simple_read_from_buffer(buf, count, pos, probe_log_text, len);
	mutex_unlock(&probe_log_mutex);
	return ret;
}

const struct file_operations probe_log_fops = {
	.owner = THIS_MODULE,
	.open = simple_open,
	.read = probe_log_read,
	.write = probe_log_write,
	.llseek = default_llseek,
};

/**
 * probe_log_exit() - free the log
 */
void probe_log_exit(void)
{
	vfree(probe_log_text);
}
