// SPDX-License-Identifier: GPL-2.0
/*
 * Stalls, for tests: a task stays in a section for which others have to wait.
 *
 * A missing grace period, reference or flush causes a use after free only if the section takes
 * long. The next task that reaches an armed point loops there until the test ends the stall. The
 * task keeps its locks and references, and does not sleep.
 */
#include <linux/bitops.h>
#include <linux/export.h>
#include <linux/ktime.h>
#include <linux/preempt.h>
#include <linux/processor.h>
#include <scst/inject.h>

/* Limit of a stall, for tests that fail: below the timeouts of the RCU and lockup detectors */
#define SCST_STALL_MS	10000

/* Enabled while a driver injects. While it is disabled the points cost a patched branch. */
DEFINE_STATIC_KEY_FALSE(scst_inject_key);
EXPORT_SYMBOL_GPL(scst_inject_key);

static unsigned long scst_stall_armed;
static unsigned long scst_stall_at;

/**
 * __scst_stall() - the part of scst_stall() that runs while a driver injects
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
		/* The only place where User-Mode-Linux preempts this loop on its single CPU */
		preempt_disable();
		cpu_relax();
		preempt_enable();
	}
	clear_bit(point, &scst_stall_at);
}
EXPORT_SYMBOL_GPL(__scst_stall);

/**
 * scst_stall_arm() - stall the next task that reaches a point
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
 * scst_stall_end() - disarm all points and end all stalls
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
 * scst_stall_is_armed() - check whether any point is armed
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
 * scst_stall_is_at() - check whether a task is stalled at a point
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
