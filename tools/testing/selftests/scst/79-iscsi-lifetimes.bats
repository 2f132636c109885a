#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# iSCSI: a connection, its session and its portal stay as long as somebody uses them who
# takes long, at the point where only the order of the end keeps them. lib/iscsi_pdu.pl
# is the initiator. Where nobody is seen waiting it takes the checkers of uml to find out.
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

# The initiator is gone, and with it its connection.
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

# What does not wait has half a second to do harm.
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

@test "a session is over when no command's end kicks its connection any more" {
	medium d0 hold
	initiator 'login_ready(); scsi(0xc0, 512, read_10($_, 1)) for 0, 1'
	wait_until 10 two_at_medium
	initiator_dies
	wait_until 10 no_session
	stall release
	background medium d0 complete next
	stall_wait release
	# This one wakes who waits for both.
	medium d0 complete next
	waits_for_stall release core_has_no_session
	medium d0 auto
	works
}

@test "a connection that ends while it is being made known is still there" {
	stall enter
	initiator 'open_conn(); put("x" x 48)'
	stall_wait enter
	initiator_dies
	stall_ends enter
	works
}

@test "a connection that ends while its log-in is handled waits for that" {
	stall slow
	initiator 'open_conn(); put(login_pdu(0x87, names()))'
	stall_wait slow
	initiator_dies
	stall_ends slow
	works
}

@test "a portal stays as long as a connection that came in there" {
	stall slow
	initiator 'open_conn(); put(login_pdu(0x87, names()))'
	stall_wait slow
	rmdir "$iscsi:t0/portals/$portal"
	stall_ends slow
	initiator_dies
	mkdir "$iscsi:t0/portals/$portal"
	works
}

@test "a portal does not go while it accepts a connection" {
	stall accept
	initiator 'open_conn(); put(login_pdu(0x87, names()))'
	stall_wait accept
	in_background rmdir "$iscsi:t0/portals/$portal"
	waits_for_stall accept is_dead "$waits"
	mkdir "$iscsi:t0/portals/$portal"
	works
}
