// SPDX-License-Identifier: GPL-2.0
/*
 * scst_probe: calls into the core from softirqs and hard interrupts, one at a time.
 */
#include <linux/bottom_half.h>
#include <linux/completion.h>
#include <linux/cpumask.h>
#include <linux/hrtimer.h>
#include <linux/interrupt.h>
#include <linux/mutex.h>
#include <linux/smp.h>
#include <scst/inject.h>

#include "probe.h"

static DEFINE_MUTEX(probe_call_lock);

/* The call in progress; guarded by probe_call_lock */
static void (*probe_call)(void *arg, enum scst_context ctx);
static void *probe_call_arg;

/* A timer, because on some test machines irq_work waits for the next tick */
static struct hrtimer probe_timer;
static DECLARE_COMPLETION(probe_timer_done);

static enum hrtimer_restart probe_call_hardirq(struct hrtimer *timer)
{
	WARN_ON_ONCE(!in_hardirq());
	probe_call(probe_call_arg, SCST_CTX_HARDIRQ);
	complete(&probe_timer_done);
	return HRTIMER_NORESTART;
}

static void probe_call_softirq(struct tasklet_struct *tasklet)
{
	probe_call(probe_call_arg, SCST_CTX_ATOMIC);
}

static DECLARE_TASKLET(probe_tasklet, probe_call_softirq);

static void probe_call_in_softirq(void)
{
	/* The tasklet usually runs in local_bh_enable(). */
	local_bh_disable();
	tasklet_schedule(&probe_tasklet);
	local_bh_enable();
	tasklet_kill(&probe_tasklet);
}

static void probe_timer_start(void *unused)
{
	hrtimer_start(&probe_timer, 0, HRTIMER_MODE_REL_PINNED_HARD);
}

/* A stalled tasklet on this CPU would stop the caller, which holds locks. So use another CPU. */
static void probe_call_in_hardirq(void)
{
	unsigned int cpu = get_cpu();

	if (scst_stall_is_armed())
		cpu = cpumask_any_but(cpu_online_mask, cpu);
	if (cpu >= nr_cpu_ids || smp_call_function_single(cpu, probe_timer_start, NULL, 1))
		probe_timer_start(NULL);
	put_cpu();
	wait_for_completion(&probe_timer_done);
}

/**
 * probe_call_in() - call a function in a context, and wait for it
 * @ctx:  the context
 * @call: the function
 * @arg:  its argument
 *
 * Context: process context.
 */
void probe_call_in(enum scst_context ctx, void (*call)(void *arg, enum scst_context ctx), void *arg)
{
	if (ctx == SCST_CTX_THREAD || ctx == SCST_CTX_TASK) {
		call(arg, ctx);
		return;
	}
	mutex_lock(&probe_call_lock);
	probe_call = call;
	probe_call_arg = arg;
	if (ctx == SCST_CTX_ATOMIC)
		probe_call_in_softirq();
	else
		probe_call_in_hardirq();
	mutex_unlock(&probe_call_lock);
}

/**
 * probe_context_init() - initialize the timer
 */
void probe_context_init(void)
{
	hrtimer_setup(&probe_timer, probe_call_hardirq, CLOCK_MONOTONIC, HRTIMER_MODE_REL_HARD);
}

/**
 * probe_context_exit() - stop the timer
 */
void probe_context_exit(void)
{
	hrtimer_cancel(&probe_timer);
}

/**
 * probe_context() - the context of the caller
 *
 * Context: any; a thread must be able to sleep.
 * Return: the context for the core.
 */
enum scst_context probe_context(void)
{
	if (in_hardirq() || irqs_disabled())
		return SCST_CTX_HARDIRQ;
	return in_softirq() ? SCST_CTX_ATOMIC : SCST_CTX_THREAD;
}
