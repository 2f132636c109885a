// SPDX-License-Identifier: GPL-2.0
/*
 * Stalls, for tests: a thread stays inside a section that somebody else has to wait for.
 *
 * A grace period, a reference or a flush that is missing costs a use after free only when
 * its section takes long. At a point that is armed the next one that comes by loops until
 * it is let go: it holds what it holds there, and does not sleep.
 */
#include <linux/bitops.h>
#include <linux/export.h>
#include <linux/ktime.h>
#include <linux/preempt.h>
#include <linux/processor.h>
#include <scst/inject.h>

/* A test that has failed lets nobody go. Shorter than what RCU and lockups complain of */
#define SCST_STALL_MS	10000

/* Enabled while a driver injects: otherwise the points are jumped over. */
DEFINE_STATIC_KEY_FALSE(scst_inject_key);
EXPORT_SYMBOL_GPL(scst_inject_key);

static unsigned long scst_stall_armed;
static unsigned long scst_stall_at;

/**
 * __scst_stall() - scst_stall() while a driver injects
 * @point: the point
 *
 * Context: any in which the caller can be interrupted.
 */
void __scst_stall(enum scst_stall_point point)
{
	ktime_t limit;

	if (!test_and_clear_bit(point, &scst_stall_armed))
		return;
	limit = ktime_add_ms(ktime_get(), SCST_STALL_MS);
	set_bit(point, &scst_stall_at);
	while (test_bit(point, &scst_stall_at) && ktime_before(ktime_get(), limit)) {
		/* User-Mode-Linux preempts nowhere else: its only CPU is everybody's. */
		preempt_disable();
		cpu_relax();
		preempt_enable();
	}
	clear_bit(point, &scst_stall_at);
}
EXPORT_SYMBOL_GPL(__scst_stall);

/**
 * scst_stall_arm() - the next one that comes to a point stays there
 * @point: the point
 *
 * Context: any.
 */
void scst_stall_arm(enum scst_stall_point point)
{
	set_bit(point, &scst_stall_armed);
}
EXPORT_SYMBOL_GPL(scst_stall_arm);

/**
 * scst_stall_end() - nobody stays anywhere any more
 *
 * Context: any.
 */
void scst_stall_end(void)
{
	WRITE_ONCE(scst_stall_armed, 0);
	WRITE_ONCE(scst_stall_at, 0);
}
EXPORT_SYMBOL_GPL(scst_stall_end);

/**
 * scst_stall_is_armed() - whether somebody is going to stay somewhere
 *
 * Context: any.
 * Return: true if so.
 */
bool scst_stall_is_armed(void)
{
	return READ_ONCE(scst_stall_armed);
}
EXPORT_SYMBOL_GPL(scst_stall_is_armed);

/**
 * scst_stall_is_at() - whether somebody is at a point
 * @point: the point
 *
 * Context: any.
 * Return: true if so.
 */
bool scst_stall_is_at(enum scst_stall_point point)
{
	return test_bit(point, &scst_stall_at);
}
EXPORT_SYMBOL_GPL(scst_stall_is_at);
