#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# Nothing is freed, answered or released while a task still uses it. Here that task is slow, at a
# point where only a grace period, a reference or a flush makes others wait.

load lib/scst
load lib/probe
: "${probe=}" # of lib/probe

read_1=cdb=28000000000000000100
inquiry=cdb=120000002400
ready=cdb=000000000000

# A stalled tasklet is on another CPU than the shell. That CPU looks idle: workers would be put
# there as well, and be late.
tasklet_stalls() {
	requires_cpus 2
	taskset -pc 0 $$ >/dev/null
	workers_on 1
}

# workers_on CPUMASK: of workqueues that are bound to no CPU
workers_on() {
	echo "$1" >/sys/devices/virtual/workqueue/cpumask
}

teardown() {
	workers_on "$(printf %x $(((1 << ${SCST_CPUS:-1}) - 1)))"
	probe_logout_all
	scst_down
}

# A device d0, and an initiator port that sees it
lifetimes_setup() {
	make_device probe d0
	attr_set devices/probe/d0/drain_ms 20000
	probe_target probe/d0
	probe_login me
	probe_ready
	probe_log_start
}

# Command 7 waits at the medium.
at_medium() {
	medium d0 hold
	probe_request cmd 7 dir=in len=512 show=0 $read_1
	probe_wait_held 7 medium
}

# in_background COMMAND...: sets $job.
in_background() {
	background "$@"
	job=$!
}

unlink_lun_0() {
	find targets/probe/t0/luns/0 -type l -delete
}

session_is_hidden() {
	[ ! -d targets/probe/t0/sessions/me ]
}

# Command 7 goes on from the medium, and stays at this point.
stalls_on_its_way() {
	stall "$1"
	background medium d0 complete 7
	stall_wait "$1"
}

# --- lookup of a nexus

@test "removing a LUN waits for a command that has just looked it up" {
	lifetimes_setup
	stall lookup
	background probe_request cmd 7 dir=in len=36 show=0 $inquiry
	stall_wait lookup
	in_background unlink_lun_0
	waits_for_stall lookup is_dead "$job"
	probe_next '7 status=00 *'
}

@test "removing a LUN waits for a function that has just looked it up" {
	lifetimes_setup
	stall tmf
	probe_request tmf 100 fn=4
	stall_wait tmf
	in_background unlink_lun_0
	waits_for_stall tmf is_dead "$job"
	probe_next '100 response=0'
}

@test "a log-out aborts a command that a tasklet is submitting" {
	tasklet_stalls
	lifetimes_setup
	medium d0 hold
	stall lookup
	probe_request cmd 7 ctx=hardirq dir=in len=512 $read_1
	stall_wait lookup
	probe_request logout
	wait_until 5 attr_is targets/probe/t0/sessions/me/state closing
	waits_for_stall lookup probe_is 7 medium 1 1
	medium d0 complete 7
	probe_next '7 aborted'
}

# --- the driver's ops->release()

@test "a function completes only after the driver has released the command" {
	local fn

	lifetimes_setup
	for fn in 0 1 4 5 6; do
		at_medium
		stalls_on_its_way release
		probe_request tmf 100 fn=$fn ref=7
		waits_for_stall release probe_log_has 'me 100 response'
		probe_answers '7 status=00' '100 response=0'
		jobs_end 10
		probe_ready
		probe_log_start
	done
}

@test "another's reset completes only after the driver has released the command" {
	local me

	lifetimes_setup
	at_medium
	stalls_on_its_way release
	me=$probe
	probe_login other
	probe_request tmf 100 fn=4
	waits_for_stall release probe_log_has 'other 100 response'
	probe_next '100 response=0'
	probe_use "$me"
	probe_next '7 status=00 *'
}

# Another command wakes the log-out.
@test "a session ends only after the driver has released its commands" {
	local point

	lifetimes_setup
	for point in release released; do
		at_medium
		probe_request cmd 8 dir=in len=512 $read_1
		probe_wait_held 8 medium
		probe_request logout
		wait_until 10 session_is_hidden
		stalls_on_its_way $point
		medium d0 complete 8
		waits_for_stall $point probe_log_has 'me - gone'
		probe_answers '7 aborted' '8 aborted'
		jobs_end 10
		probe_logout
		probe_login me
		probe_ready
		probe_log_start
	done
}

# --- counts of a session

@test "a session stays until a function that has ended has finished waking it" {
	lifetimes_setup
	stall tmf_gone
	probe_request tmf 100 fn=7 ref=7
	stall_wait tmf_gone
	probe_next '100 response=0'
	probe_request logout
	waits_for_stall tmf_gone probe_log_has 'me - gone'
}

@test "a session stays until a submitting tasklet has finished waking it" {
	tasklet_stalls
	lifetimes_setup
	stall counted
	probe_request cmd 7 ctx=hardirq $ready
	stall_wait counted
	probe_request logout
	waits_for_stall counted probe_log_has 'me - gone'
	probe_next '7 status=00 *'
}

# --- a device's backend

# Commands go through the device's queue from now on, and earlier ones have ended.
queue_all() {
	probe_gives '8 status=00 *' 8 dir=out len=16 cdb=151000001000 \
		data=000000000a0a00000000000000000000
	probe_gives '9 status=00 *' 9 dir=in len=512 $read_1
}

@test "a device is not closed before the response of its command has been sent" {
	local prepare

	lifetimes_setup
	for prepare in true queue_all; do
		$prepare
		stall send
		background probe_request cmd 7 dir=in len=512 show=0 $read_1
		stall_wait send
		in_background attr_write devices/probe/d0/enable 0
		waits_for_stall send is_dead "$job"
		probe_next '7 status=00 *'
		attr_set devices/probe/d0/enable 1
		probe_ready
	done
}

@test "disabling a device waits until its close has finished" {
	lifetimes_setup
	stall closed
	in_background attr_write devices/probe/d0/enable 0
	stall_wait closed
	waits_for_stall closed is_dead "$job"
}

@test "a device is not closed while its backend is asked for its capacity" {
	truncate -s 1M "$BATS_TEST_TMPDIR/image"
	make_device fileio f0 "path=$BATS_TEST_TMPDIR/image"
	modprobe scst_probe
	stall capacity
	truncate -s 2M "$BATS_TEST_TMPDIR/image"
	stall_wait capacity
	in_background attr_write devices/fileio/f0/enable 0
	waits_for_stall capacity is_dead "$job"
}

# --- publication of a nexus

@test "a command that finds another device behind its LUN gets a unit attention" {
	lifetimes_setup
	make_device probe d1
	mkdir -p targets/probe/t0/groups/g/luns/0
	ln -s devices/probe/d1 targets/probe/t0/groups/g/luns/0/
	stall publish
	background mkdir targets/probe/t0/groups/g/initiators/me
	stall_wait publish
	probe_gives "7 status=02 * sense=$(sense 06 3f 03)*" 7 $ready
	stall_is_at publish
}

# --- scst_local

local_session_ends() {
	local state=closing

	read -r state <"$scst_targets/t0/sessions/i0/state"
	[ "$state" = closing ]
} 2>/dev/null

# bats test_tags=local
@test "a log-out waits for a function that the host is about to submit" {
	local disk

	modprobe scst_probe
	disk=$(export_disk nullio size=1M)
	attr_set "$scst_targets/t0/drain_ms" 100
	stall submit
	background sg_reset --device "$disk"
	stall_wait submit
	background attr_write "$scst_targets/t0/enable" 0
	waits_for_stall submit local_session_ends
}

# --- an abort and a command being parked

@test "an abort that comes while a command is being parked is not lost" {
	tasklet_stalls
	lifetimes_setup
	at_medium
	stall park
	probe_request cmd 8 ctx=hardirq attr=ordered $ready
	stall_wait park
	probe_request tmf 100 fn=0 ref=8
	# The function aborts the command, and then needs the device's lock. The tasklet holds it
	# until it goes on by itself: nothing else runs on this CPU meanwhile.
	wait_until 30 probe_is_gone 8
	probe_answers '8 aborted' '100 response=0'
	medium d0 complete 7
	probe_next '7 status=00 *'
}

# --- the driver's view of commands that are about to start

# What waits for command 7 starts next, but has not started.
sync_waits_for_left() {
	stall_wait left
	expect EAGAIN probe_request settled
	stall_is_at left
	stall_go
	probe_request sync
	probe_answers '7 status=00' '8 status=00'
}

@test "sync waits for commands that another one on the queue starts" {
	tasklet_stalls
	lifetimes_setup
	medium d0 hold
	probe_request cmd 7 attr=ordered dir=in len=512 show=0 $read_1
	probe_wait_held 7 medium
	probe_request cmd 8 $ready
	stall left
	medium d0 complete 7 ctx=hardirq
	sync_waits_for_left
}

# Queueing begins on the other CPU, where the end of the older commands is noticed, too.
@test "sync waits for commands that the last one from before queueing starts" {
	tasklet_stalls
	lifetimes_setup
	at_medium
	stall left
	probe_request cmd 8 ctx=hardirq attr=ordered $ready
	medium d0 complete 7 ctx=hardirq
	sync_waits_for_left
}
