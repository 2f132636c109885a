// SPDX-License-Identifier: GPL-2.0
/*
 * Where a connection is served. It is at home on the CPU that takes its packets: what they
 * bring is in that CPU's caches. An initiator with one command under way at a time is not
 * served faster anywhere else, and best in the softirq itself. With many under way, packets
 * alone keep that CPU busy, and io_work does its part beside it: unless the CPU there is as
 * busy, with another such connection's packets. With many of them each is best served at
 * home.
 *
 * How many are under way is seen best from the initiator's side: when it sends a
 * command, which of those before has it no answer to? ExpStatSN says it. The target's own
 * view depends on how fast it is, and so on where it is served. If an initiator on the same
 * machine is answered in softirq, that is before it sends the next command, however many it
 * has. So at first, and now and then, commands are left to io_work, to see what comes
 * meanwhile.
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
 * In 16ths of a command, and 1 above that, as an average of 0 would count as none. Measured
 * with 1 to 32 commands under way: up to 4 are answered faster at home, 8 and more beside it.
 */
#define ISCST_IN_FLIGHT(sixteenths)	((sixteenths) + 1)
#define ISCST_IN_FLIGHT_HIGH		ISCST_IN_FLIGHT(16)
#define ISCST_IN_FLIGHT_LOW		ISCST_IN_FLIGHT(12)

/* Others that count at most, so that a burst is soon forgotten */
#define ISCST_IN_FLIGHT_MAX		8

/* Commands that come alone in softirq before some are left to io_work, and how many are */
#define ISCST_LONE_CMDS		1024
#define ISCST_SAMPLE_CMDS		64

/* How many connections with many commands under way are at home there */
static DEFINE_PER_CPU(atomic_t, iscst_cpu_busy);

/* Counts the connection at @cpu, and no more where it was; ISCST_CPU_NONE is nowhere. */
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
 * iscst_cpu_unoccupy() - a connection keeps no CPU busy any more
 * @conn: the connection
 *
 * Context: any, once no packets come any more; io_work, when none came for a while.
 */
void iscst_cpu_unoccupy(struct iscst_conn *conn)
{
	iscst_cpu_occupy(conn, ISCST_CPU_NONE);
}

/* Nothing is known: the first commands are left to io_work. */
static void iscst_cpu_reset(struct iscst_conn *conn)
{
	ewma_iscst_in_flight_init(&conn->in_flight);
	conn->busy = false;
	conn->lone_cmds = 0;
	conn->sample = ISCST_SAMPLE_CMDS;
}

/**
 * iscst_cpu_init() - a connection is made
 * @conn: the connection, which is nowhere yet
 */
void iscst_cpu_init(struct iscst_conn *conn)
{
	conn->incoming_cpu = WORK_CPU_UNBOUND;
	conn->cpu = WORK_CPU_UNBOUND;
	conn->busy_at = ISCST_CPU_NONE;
	iscst_cpu_reset(conn);
}

/**
 * iscst_cpu_tick() - once a second: has anything come?
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
 * Whether a command says how many are under way. In softirq one that comes alone does not; so
 * after some of those a few are left to io_work.
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
 * iscst_cpu_count() - a command has come: how many others does its initiator wait for?
 * @conn:       the connection
 * @exp_statsn: the command's ExpStatSN
 *
 * An initiator that says something wrong has only its own connection served elsewhere.
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
 * The next one of the node that is not kept free of such work: what is spread evenly stays
 * so.
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
 * iscst_cpu_choose() - packets have come: where is io_work to run?
 * @conn: the connection
 *
 * Packets that had to wait while io_work had the socket are handed over where io_work is:
 * that says nothing.
 *
 * Context: under the socket's lock and its callback lock, with bottom halves disabled, which
 * is also what keeps the mask of CPUs that are not isolated: RCU.
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
