#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# iSCSI: a connection, its session and its portal stay while a slow task uses them. A stall makes
# the task slow where only the order of the teardown protects them. lib/iscsi_pdu.pl is the
# initiator. Where no wait can be seen, the checkers of uml find the fault.
# shellcheck disable=SC2016 # it is Perl's to expand

load lib/scst
load lib/probe
load lib/iscsi

setup_file() {
	:
}

teardown_file() {
	scst_unload
}

setup() {
	scst_up && modprobe -a iscsi_scst scst_probe && iscsi_export probe
}

teardown() {
	stall_go
	medium_all_auto
	scst_down
}

# initiator CODE...: in the background, until it is killed; sets $job.
initiator() {
	background exec perl "$BATS_TEST_DIRNAME/lib/iscsi_pdu.pl" "$* ; sleep 60"
	job=$!
}

# The initiator dies, and its connection ends.
initiator_dies() {
	kill -KILL "$job"
	wait_until 10 is_dead "$job"
}

in_background() {
	background "$@"
	waits=$!
}

two_at_medium() {
	[ "$(medium_holds d0 | wc -l)" -eq 2 ]
}

# A task that wrongly does not wait has half a second to do harm.
stall_ends() {
	scst_sleep 0.5
	stall_is_at "$1" || fail "nothing is at $1 any more" || return
	stall_go
}

core_has_no_session() {
	! find_there /sys/class/scst_session/*
}

works() {
	bounded 60 perl "$BATS_TEST_DIRNAME/lib/iscsi_pdu.pl" 'works()'
}

@test "a session does not end while a command of it is being released" {
	medium d0 hold
	initiator 'login_ready(); scsi(0xc0, 512, read_10($_, 1)) for 0, 1'
	wait_until 10 two_at_medium
	initiator_dies
	wait_until 10 no_session
	stall release
	background medium d0 complete next
	stall_wait release
	# This completion wakes the wait for both.
	medium d0 complete next
	waits_for_stall release core_has_no_session
	medium d0 auto
	works
}

@test "a connection that ends while it is being set up is not freed too early" {
	stall enter
	initiator 'open_conn(); put("x" x 48)'
	stall_wait enter
	initiator_dies
	stall_ends enter
	works
}

@test "a connection that ends while its log-in is handled is not freed too early" {
	stall slow
	initiator 'open_conn(); put(login_pdu(0x87, names()))'
	stall_wait slow
	initiator_dies
	stall_ends slow
	works
}

@test "a removed portal is not freed before its connections" {
	stall slow
	initiator 'open_conn(); put(login_pdu(0x87, names()))'
	stall_wait slow
	rmdir "$iscsi:t0/portals/$portal"
	stall_ends slow
	initiator_dies
	mkdir "$iscsi:t0/portals/$portal"
	works
}

@test "removing a portal waits while it accepts a connection" {
	stall accept
	initiator 'open_conn(); put(login_pdu(0x87, names()))'
	stall_wait accept
	in_background rmdir "$iscsi:t0/portals/$portal"
	waits_for_stall accept is_dead "$waits"
	mkdir "$iscsi:t0/portals/$portal"
	works
}

@test "disabling a target first closes the connections that log in to it" {
	background raw 'open_conn(); login_step(0x04, names()); ready(); expect_end(30); ready(); sleep 60'
	wait_ready
	bounded 5 attr_set "$iscsi:t0/enable" 0
	wait_until 1 test -e "$BATS_TEST_TMPDIR/ready"
	attr_set "$iscsi:t0/enable" 1
	works
}
