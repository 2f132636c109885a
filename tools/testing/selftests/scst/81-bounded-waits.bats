#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# Every wait is bounded by the time-outs of its object, however many sessions and functions wait at
# a backend that does not answer, and none of them delays others. SCST_WAITERS is the number of
# sessions and that of functions. A workqueue runs 256 of a kind at a time on older kernels, 1024 on
# newer ones.

load lib/scst
load lib/probe
load lib/pr
: "${probe=}" # of lib/probe

case $SCST_BED in
uml-smp*) scale='1100 100' ;;
uml) scale='100 40' ;;
*) scale='300 40' ;;
esac
read -r sessions functions <<<"${SCST_WAITERS-$scale}"
# Milliseconds; make check runs other beds beside this one.
delay=5000
[ -z "${SCST_WAITERS-}" ] || delay=1000

device=devices/probe/d0
turn=cdb=000000000000
write_1='dir=out len=512 cdb=2a000000000000000100 data=a5'
read_1='dir=in len=512 show=4 cdb=28000000000000000100'
tas_1='dir=out len=16 cdb=151000001000 data=000000000a0a00100040000000000000'
abort_task=0 clear_task_set=2 lun_reset=4 target_reset=5 query_task_set=8

setup() {
	left=$functions
	scst_up
	make_device probe d0 drain_ms=300 fence_ms=300
	probe_target probe/d0
}

teardown() {
	local status=0

	probe_logout_all
	scst_down || status=1
	return "$status"
}

# takes MILLISECONDS COMMAND...: no longer than that, on a machine that does nothing else. Sets
# $took.
takes() {
	local to=$1 start=${EPOCHREALTIME/./}

	shift
	"$@" || return
	took=$(((${EPOCHREALTIME/./} - start) / 1000))
	((took <= to)) || fail "$*: took $took ms"
}

# tmf RESPONSE FUNCTION [ARGUMENTS...]
tmf() {
	echo "tmf 100 fn=$2 ${*:3}" >&"$probe" && probe_next "100 response=$1"
}

# log_in NAME: as probe_login and probe_ready, without a fork
log_in() {
	local line

	probe_login "$1" && probe_start 1 "$turn" && read -r line <&"$probe"
}

# each COMMAND...: for every initiator port
each() {
	local probe

	for probe in "${probes[@]}"; do
		"$@" || return
	done
}

# ask REQUEST: a line, as it is
ask() {
	echo "$*" >&"$probe"
}

# stuck NUMBER: NUMBER initiator ports, each with command 7 at a medium that does not answer
stuck() {
	local n

	many_probes "$1"
	for ((n = 0; n < $1; n++)); do
		log_in "i$n"
	done
	medium d0 hold
	each probe_start 7 "$write_1"
}

# A second target with a healthy device, independent of the first one
bystander() {
	make_device nullio n0 size=1M &&
		mkdir -p targets/probe/t1/luns/0 targets/probe/t1/groups/g &&
		ln -s devices/nullio/n0 targets/probe/t1/luns/0/ &&
		attr_set targets/probe/t1/enable 1
}

bystander_works() {
	local probe line

	exec {probe}<>"$probe_root/t1" && echo "login other$1" >&"$probe" || return
	probe_ready && probe_gives '* status=00 *' 1 "$read_1" || return
	echo "tmf 2 fn=$query_task_set" >&"$probe"
	read -r line <&"$probe" && equal '2 response=0' "$line" || return
	exec {probe}>&-
	mkdir "targets/probe/t1/groups/g/initiators/x$1"
	cat devices/nullio/n0/holders >/dev/null
}

# bystander_goes_on NUMBER: it logs in, reads, asks, logs out, and a directory is made.
bystander_goes_on() {
	takes "$delay" bystander_works "$1" && echo "# bystander: $took ms" >&3
}

@test "many sessions and functions at a dead backend do not delay another target" {
	attr_set $device/fence_ms 600000
	bystander
	stuck "$sessions"
	each abort_if_left
	bystander_goes_on 1
	# and when they log out
	each ask logout
	bystander_goes_on 2
	wait_until 20 no_sessions
	bystander_goes_on 3
	medium d0 auto
}

# Only for the first $functions of the sessions
abort_if_left() {
	((left-- <= 0)) || ask "tmf 100 fn=$abort_task ref=7"
}

no_sessions() {
	! find_there targets/probe/t0/sessions/*
}

# count_failed: adds to $failed
count_failed() {
	local line

	while read -r line <&"$probe" && [ -n "$line" ]; do
		[ "$line" != '100 response=4' ] || failed=$((failed + 1))
	done
}

@test "a flood of functions of one session delays no other target, the excess fails" {
	local n failed=0

	attr_set $device/fence_ms 600000
	bystander
	log_in a
	medium d0 hold
	probe_start 7 "$write_1"
	for ((n = 0; n < 1100; n++)); do
		ask "tmf 100 fn=$abort_task ref=7"
	done
	bystander_goes_on 1
	# Only the functions beyond the limit are answered.
	for ((n = 0; n < 60; n++)); do
		probe_next '100 response=4'
	done
	medium d0 complete 7
	count_failed
	((failed <= 50)) || fail "$failed more have failed"
	tmf 0 $query_task_set
}

@test "a LUN of many sessions with stuck commands is removed in time" {
	stuck "$functions"
	takes 6000 rm targets/probe/t0/luns/0/d0
	medium d0 auto
	each probe_answers '7 status=02'
}

@test "a pattern for many sessions with stuck commands is added and removed in time" {
	mkdir -p targets/probe/t0/groups/g/luns/1
	ln -s "$device" targets/probe/t0/groups/g/luns/1/
	attr_set $device/fence_ms 600000
	stuck "$functions"
	takes 3000 mkdir 'targets/probe/t0/groups/g/initiators/i*'
	each probe_ready lun=0001000000000000
	each probe_start 8 "$write_1" lun=0001000000000000
	takes 6000 rmdir 'targets/probe/t0/groups/g/initiators/i*'
	medium d0 auto
	each probe_answers '7 status=02' '8 status=02'
}

@test "a target with stuck sessions is disabled, enabled and removed in time" {
	stuck "$functions"
	takes 6000 attr_set targets/probe/t0/enable 0
	attr_is targets/probe/t0/state idle
	takes 3000 attr_set targets/probe/t0/enable 1
	attr_is targets/probe/t0/state active
	probe_login other
	expect_status 02 $turn
	takes 6000 attr_set targets/probe/t0/enable 0
	find targets/probe/t0/luns/0 -type l -delete
	rmdir targets/probe/t0/luns/0
	takes 3000 rmdir targets/probe/t0
	medium d0 auto
	probe_logout_all
}

# --- one and the same I_T nexus

has_left() {
	[ ! -d targets/probe/t0/sessions/a ]
}

is_ready() {
	send "$turn" && [ "$scsi_status" = 00 ]
}

is_closed() {
	[ ! -e "$probe_root/devices/d0" ]
}

# log_in_again: as a, whose last session still has command 7
log_in_again() {
	ask logout
	wait_until 10 has_left
	probe_login a
	wait_until 10 sessions_are_there targets/probe/t0/sessions/a
	pr_ports["a"]=$probe
}

@test "a host whose command hangs logs in again, and has its other LUNs" {
	attr_set $device/fence_ms 600000
	make_device nullio n0 size=1M
	mkdir targets/probe/t0/luns/1
	ln -s devices/nullio/n0 targets/probe/t0/luns/1/
	pr_ports_are a b
	old=${pr_ports[a]}
	as a
	medium d0 hold
	probe_start 7 "$write_1"
	takes 5000 log_in_again
	expect_sense 06 29 00 $turn lun=0001000000000000
	expect_status 00 "$read_1" lun=0001000000000000
	# The old write must not overwrite a new one: new ones do not reach the medium.
	expect_sense 06 29 00 $turn
	expect_status 08 "$write_1"
	expect_status 08 $turn
	expect_status 00 dir=in len=36 cdb=120000002400
	equal '7 write 0 1' "$(medium_holds d0)"
	# Another host is not affected.
	as b
	probe_start 8 "$write_1"
	equal $'7 write 0 1\n8 write 0 1' "$(medium_holds d0)"
	medium d0 complete 7
	probe_use "$old"
	probe_next '7 aborted'
	as a
	wait_until 5 is_ready
	medium d0 auto
	expect_status 00 "$write_1"
}

@test "a command that a log-out leaves at a backend fences the device" {
	pr_ports_are a b
	as a
	medium d0 hold
	probe_start 7 "$write_1"
	ask logout
	as b
	wait_until 10 attr_is $device/state failed 2>/dev/null
	expect_sense 04 44 00 $turn
	tmf 0 $lun_reset
	medium d0 auto
	wait_until 5 is_closed
	attr_set $device/enable 1
	probe_login a
}

# --- a dead initiator

@test "functions do not wait for another nexus's response in delivery" {
	attr_set $device/fence_ms 600000
	pr_ports_are a b
	as b
	probe_start 7 "$read_1" hold=send
	probe_wait_held 7 send
	as a
	takes 5000 tmf 0 $clear_task_set
	takes 5000 tmf 0 $lun_reset
	takes 5000 tmf 0 $target_reset
	# A function of its own nexus waits for it.
	as b
	ask "tmf 100 fn=$abort_task ref=7"
	probe_request sync
	ask "go 7"
	probe_answers '7 status=00' '100 response=0'
}

@test "PREEMPT AND ABORT succeeds despite a response in delivery and a dead backend" {
	local data

	attr_set $device/fence_ms 600000
	pr_ports_are a b
	as a
	pr_register 00 0 a
	as b
	pr_register 00 0 b
	probe_start 7 "$read_1" hold=send
	probe_wait_held 7 send
	as a
	pr_cdb 5 3
	printf -v data '%016x%016x0000000000000000' 0xa 0xb
	takes 5000 expect_status 00 "$pr_out" "data=$data"
	# It does not wait for a backend that does not answer, either.
	as b
	ask 'go 7'
	probe_next '7 status=00 *'
	probe_ready
	pr_register 00 0 b
	medium d0 hold
	probe_start 8 "$write_1"
	attr_set $device/fence_ms 300
	as a
	pr_cdb 5 3
	expect_status 00 "$pr_out" "data=$data"
	attr_is $device/state failed
	medium d0 auto
	as b
	probe_next '8 *'
}

# --- fencing

# A command that uses the initiator's own memory keeps each function from completing.
@test "functions on a device that is fenced fail at once" {
	local disk

	requires sg_reset
	link_lun t0 0 probe/d0
	make_target t0 i0
	disk=$(wait_for_disk t0 i0 0)
	medium d0 hold
	background dd if=/dev/zero of="$disk" bs=4k count=1 oflag=direct status=none
	wait_until 10 medium_has_some
	expect_failure bounded 20 sg_reset -N -d "$disk"
	attr_is $device/state failed
	# A function that waited would take this long.
	attr_set $device/fence_ms 600000
	for reset in d t; do
		takes 7000 expect_failure bounded 8 sg_reset -N -$reset "$disk"
	done
	medium d0 auto
}

medium_has_some() {
	[ -n "$(medium_holds d0)" ]
}

expect_failure() {
	! "$@" >/dev/null 2>&1
}

@test "a function's timeout does not fence a device for commands aborted later" {
	attr_set $device/fence_ms 6000
	pr_ports_are a b
	as b
	probe_start 7 "$write_1" data=hold
	as a
	ask "tmf 100 fn=$clear_task_set"
	probe_request sync
	# Command 8 came later, and is with a backend that is slow, but alive.
	medium d0 hold
	probe_start 8 "$write_1"
	scst_sleep 2
	ask "tmf 108 fn=$abort_task ref=8"
	probe_next '100 response=4'
	attr_is $device/state active
	medium d0 complete 8
	probe_answers '8 aborted' '108 response=0'
	as b
	ask 'go 7'
	probe_next '7 aborted'
}

# --- commands that no initiator aborts

@test "a command whose device is disabled or LUN removed ends with an error" {
	attr_set $device/fence_ms 600000
	pr_ports_are a
	for tas in 0 1; do
		[ $tas = 0 ] || expect_status 00 "$tas_1"
		medium d0 hold
		probe_start 7 "$write_1"
		probe_start 8 "$write_1" hold=check
		takes 6000 expect ETIMEDOUT attr_write $device/enable 0
		medium d0 complete 7
		ask 'go 8'
		probe_answers "7 status=02 residual=512 sense=$(sense 0b 2f 02)" \
			"8 status=02 residual=512 sense=$(sense 0b 2f 02)"
		wait_until 5 attr_is $device/state idle
		attr_set $device/enable 1
		probe_ready
	done
	medium d0 hold
	probe_start 7 "$write_1"
	takes 6000 rm targets/probe/t0/luns/0/d0
	medium d0 complete 7
	probe_next "7 status=02 *sense=$(sense 0b 2f 02)*"
	# A command that its own nexus aborts as well gets no response.
	ln -s $device targets/probe/t0/luns/0/
	probe_ready
	probe_start 7 "$write_1"
	takes 6000 expect ETIMEDOUT attr_write $device/enable 0
	ask "tmf 100 fn=$abort_task ref=7"
	probe_request sync
	medium d0 complete 7
	probe_answers '7 aborted' '100 response=0'
}

# --- names

@test "two sessions with the longest name get a directory each, longer names fail" {
	local name

	printf -v name 'n%.0s' {1..223}
	probe_login "$name"
	wait_until 5 sessions_are_there "targets/probe/t0/sessions/$name"
	probe_login "$name"
	wait_until 5 sessions_are_there "targets/probe/t0/sessions/$name~2"
	exec {probe}<>"$probe_root/t0"
	expect ENAMETOOLONG ask "login n$name"
	exec {probe}>&-
}
