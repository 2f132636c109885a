// SPDX-License-Identifier: GPL-2.0
/*
 * The CPU that serves a connection. The incoming CPU has the packets in its caches. An initiator
 * with one command in flight at a time is served fastest there, in the softirq itself. With many
 * commands in flight, packets alone keep that CPU busy, and io_work does better on a neighbour,
 * unless the packets of another such connection keep the neighbour as busy. With many such
 * connections, each is served best on its incoming CPU.
 *
 * The number of commands in flight is the initiator's: when it sends a command, ExpStatSN tells
 * how many others it has no answer to. The target's own number depends on its speed, and so on
 * the CPU that serves the connection. A softirq that answers an initiator on the same machine
 * does so before the next command is sent, so that no other command seems to be in flight.
 * Commands are therefore left to io_work at first, and now and then later, to see how many others
 * arrive.
 */
#include <linux/atomic.h>
#include <linux/cpumask.h>
#include <linux/jiffies.h>
#include <linux/minmax.h>
#include <linux/percpu.h>
#include <linux/preempt.h>
#include <linux/sched/isolation.h>
#include <linux/smp.h>
#include <linux/topology.h>

#include "iscst.h"

/*
 * In sixteenths of a command, plus 1: an average of 0 would count as none. Measured with 1 to 32
 * commands in flight: up to 4 are answered faster on the incoming CPU, 8 and more beside it.
 */
#define ISCST_IN_FLIGHT(sixteenths)	((sixteenths) + 1)
#define ISCST_IN_FLIGHT_HIGH		ISCST_IN_FLIGHT(16)
#define ISCST_IN_FLIGHT_LOW		ISCST_IN_FLIGHT(12)

/* The number of others is capped, so that a burst is soon forgotten. */
#define ISCST_IN_FLIGHT_MAX		8

/* Lone commands in softirq before some are left to io_work, and the number of those */
#define ISCST_LONE_CMDS		1024
#define ISCST_SAMPLE_CMDS		64

/* Busy connections by their incoming CPU */
static DEFINE_PER_CPU(atomic_t, iscst_cpu_busy);

/* Counts the connection at @cpu instead of its former CPU; ISCST_CPU_NONE is no CPU. */
static void iscst_cpu_occupy(struct iscst_conn *conn, int cpu)
{
	int old;

	if (READ_ONCE(conn->busy_at) == cpu)
		return;
	old = xchg(&conn->busy_at, cpu);
	if (old != ISCST_CPU_NONE)
		atomic_dec(per_cpu_ptr(&iscst_cpu_busy, old));
	if (cpu != ISCST_CPU_NONE)
		atomic_inc(per_cpu_ptr(&iscst_cpu_busy, cpu));
}

/**
 * iscst_cpu_unoccupy() - count a connection at no CPU
 * @conn: the connection
 *
 * Context: any, once no packets arrive any more; io_work, after some time without packets.
 */
void iscst_cpu_unoccupy(struct iscst_conn *conn)
{
	iscst_cpu_occupy(conn, ISCST_CPU_NONE);
}

/* Without knowledge, the first commands are left to io_work. */
static void iscst_cpu_reset(struct iscst_conn *conn)
{
	ewma_iscst_in_flight_init(&conn->in_flight);
	conn->busy = false;
	conn->lone_cmds = 0;
	conn->sample = ISCST_SAMPLE_CMDS;
}

/**
 * iscst_cpu_init() - prepare a new connection
 * @conn: the connection, which has no CPU yet
 */
void iscst_cpu_init(struct iscst_conn *conn)
{
	conn->incoming_cpu = WORK_CPU_UNBOUND;
	conn->cpu = WORK_CPU_UNBOUND;
	conn->busy_at = ISCST_CPU_NONE;
	iscst_cpu_reset(conn);
}

/**
 * iscst_cpu_tick() - forget what an idle connection did, once a second
 * @conn: the connection
 *
 * Context: io_work.
 */
void iscst_cpu_tick(struct iscst_conn *conn)
{
	if (time_before(jiffies, conn->last_rx + HZ))
		return;
	iscst_cpu_reset(conn);
	iscst_cpu_unoccupy(conn);
}

/*
 * Whether a command says how many are in flight. A lone one in softirq does not. After a number
 * of lone commands, a few are left to io_work.
 */
static bool iscst_cpu_is_sample(struct iscst_conn *conn, u32 others)
{
	if (!conn->in_softirq) {
		if (conn->sample)
			conn->sample--;
		return true;
	}
	if (!others && ++conn->lone_cmds == ISCST_LONE_CMDS) {
		conn->lone_cmds = 0;
		conn->sample = ISCST_SAMPLE_CMDS;
	}
	return others;
}

/**
 * iscst_cpu_count() - count the other commands in flight when a command arrives
 * @conn:       the connection
 * @exp_statsn: the command's ExpStatSN
 *
 * An initiator with a wrong ExpStatSN affects only the CPU of its own connection.
 *
 * Context: under the socket's lock.
 */
void iscst_cpu_count(struct iscst_conn *conn, u32 exp_statsn)
{
	u32 others = conn->session->outstanding + conn->statsn - exp_statsn;
	unsigned long average;

	if (!iscst_cpu_is_sample(conn, others))
		return;
	others = min_t(u32, others, ISCST_IN_FLIGHT_MAX);
	ewma_iscst_in_flight_add(&conn->in_flight, ISCST_IN_FLIGHT(16 * others));
	average = ewma_iscst_in_flight_read(&conn->in_flight);
	if (average > ISCST_IN_FLIGHT_HIGH)
		conn->busy = true;
	else if (average < ISCST_IN_FLIGHT_LOW)
		conn->busy = false;
}

static bool iscst_cpu_is_idle(unsigned int cpu)
{
	return cpu < nr_cpu_ids && cpu_online(cpu) &&
	       !atomic_read(per_cpu_ptr(&iscst_cpu_busy, cpu));
}

/*
 * The next CPU of the node that is not isolated. Connections that are spread evenly over CPUs
 * stay so.
 */
static unsigned int iscst_cpu_neighbour(unsigned int cpu)
{
	const struct cpumask *node = cpumask_of_node(cpu_to_node(cpu));
	const struct cpumask *common = housekeeping_cpumask(HK_TYPE_DOMAIN);
	unsigned int next = cpumask_next_and(cpu, node, common);

	if (next >= nr_cpu_ids)
		next = cpumask_first_and(node, common);
	return iscst_cpu_is_idle(next) ? next : cpu;
}

/**
 * iscst_cpu_choose() - choose the CPU of io_work when packets arrive
 * @conn: the connection
 *
 * Packets from TCP's backlog arrive on the CPU of io_work, so they say nothing.
 *
 * Context: under the socket's lock and its callback lock, with bottom halves disabled, which
 * also keeps the RCU-protected mask of CPUs that are not isolated.
 */
void iscst_cpu_choose(struct iscst_conn *conn)
{
	int home = smp_processor_id();

	if (!in_serving_softirq())
		return;
	iscst_cpu_occupy(conn, conn->busy ? home : ISCST_CPU_NONE);
	WRITE_ONCE(conn->incoming_cpu, home);
	WRITE_ONCE(conn->cpu, conn->busy ? iscst_cpu_neighbour(home) : home);
}
