#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# Errors between an initiator and a target, and the recovery from them: overlapped commands,
# responses that do not arrive, too many commands, log-outs

load lib/scst
load lib/probe
load lib/pr
load lib/matrix
: "${probe=}" # of lib/probe

turn=cdb=000000000000
write_1='dir=out len=512 cdb=2a000000000000000100 data=a5'
request_sense='dir=in len=18 cdb=030000001200'
in_task_set=(decode admit check prepare data execute backend complete respond)
points=(translate "${in_task_set[@]}" medium send finish parked blocked)

setup() {
	scst_up
	make_device probe d0
	probe_target probe/d0
	pr_ports_are a b
	as a
}

go() {
	echo "go $*" >&"$probe"
}

# tmf FUNCTION [ARGUMENTS...]
tmf() {
	echo "tmf 100 fn=$1 ${*:2}" >&"$probe"
}

# reset_heard_by_a: b resets the logical unit, and only a has the unit attention pending.
reset_heard_by_a() {
	as b
	tmf 4
	probe_answers '100 response=0'
	probe_ready
	as a
}

hears_of_it() {
	expect_sense 06 29 03 $turn && expect_status 00 $turn
}

# --- overlapped commands

@test "an overlapped command aborts all commands of its nexus at every point" {
	local point overlapped

	overlapped="status=02 residual=0 sense=$(sense 0b 4e 00)"
	for point in "${in_task_set[@]}"; do
		probe_start 7 "$write_1" hold="$point"
		probe_start 8 "$write_1" data=hold
		probe_start 7 $turn
		probe_request sync
		matches "7 $overlapped*" "$(probe_result)" "$point"
		go 7
		go 8
		probe_answers '7 aborted' '8 aborted'
		expect_status 00 $turn
	done
	medium d0 hold
	probe_start 7 "$write_1"
	probe_start 7 $turn
	probe_next "7 $overlapped*"
	medium d0 auto
	probe_answers '7 aborted'
	as b
	expect_status 00 $turn
}

@test "an overlapped command aborts a waiting one, or ends with ACA ACTIVE" {
	local point

	for point in parked blocked; do
		matrix_stop $point
		probe_start 7 $turn
		probe_request sync
		matrix_go $point
		[ $point = blocked ] || probe_answers '7 aborted' '7 status=02' '6 aborted'
		# Under the ACA condition it ends with ACA ACTIVE, as any command does.
		[ $point = parked ] || probe_answers '6 status=02' '7 aborted' '7 status=30' \
			'101 response=0'
		expect_status 00 $turn
	done
}

@test "a tag is free before its command is received, and after its answer" {
	local point

	for point in send finish translate; do
		probe_start 7 "$write_1" hold=$point
		probe_start 7 $turn
		probe_request sync
		go 7
		probe_answers '7 status=00' '7 status=00'
	done
}

# --- responses that are not delivered

@test "an undelivered unit attention is reported again" {
	reset_heard_by_a
	probe_start 7 $turn send=fail
	probe_answers '7 undelivered'
	probe_start 7 $turn hold=send
	probe_request sync
	go 7 fail ctx=hardirq
	probe_answers '7 undelivered'
	hears_of_it
	# REQUEST SENSE reports and clears it, too.
	reset_heard_by_a
	probe_start 7 "$request_sense" send=fail
	probe_answers '7 undelivered'
	probe_start 7 "$request_sense" hold=send
	probe_request sync
	go 7
	probe_next '7 status=00 * data=70000600000000??000000002903*'
	expect_status 00 $turn
	# A lost response without a unit attention establishes none.
	probe_start 7 $turn send=fail
	probe_answers '7 undelivered'
	expect_status 00 $turn
}

@test "an undelivered REPORTED LUNS DATA HAS CHANGED is reported again" {
	make_device probe d1
	mkdir targets/probe/t0/luns/1
	ln -s devices/probe/d1 targets/probe/t0/luns/1/
	probe_start 7 $turn send=fail
	probe_answers '7 undelivered'
	expect_sense 06 3f 0e $turn
	expect_status 00 $turn
}

# abort_carrier POINT TAS FUNCTION PORT RESULT HEARS: a command of a is to report a unit attention,
# 29/07, and is aborted before it does.
abort_carrier() {
	matrix_set_mode 0 0 "$2"
	as a
	tmf 6
	probe_answers '100 response=0'
	probe_start 7 $turn hold="$1"
	probe_request sync
	tell "$4" tmf 101 fn="$3" ref=7
	probe_request sync
	go 7
	probe_request sync
	matches "7 $5*" "$(probe_result)" "$*"
	ask a
	equal "$6" "$attentions" "$*"
}

@test "a unit attention survives an abort of the command that is to report it" {
	local point
	# shellcheck disable=SC2034 # of lib/matrix
	matrix_mode=

	for point in complete respond; do
		abort_carrier $point 0 0 a aborted 2907
		abort_carrier $point 1 1 a aborted 2907
		abort_carrier $point 0 2 b aborted 2907,2f00
		abort_carrier $point 1 2 b status=40 2907
	done
}

@test "a unit attention survives an abort while its response is lost" {
	reset_heard_by_a
	probe_start 7 $turn hold=send
	probe_request sync
	tmf 0 ref=7
	probe_request sync
	go 7 fail
	probe_answers '7 undelivered' '100 response=0'
	hears_of_it
}

# --- too many commands

@test "commands that ended with TASK SET FULL or BUSY succeed when repeated" {
	local tag

	attr_set devices/probe/d0/buffer_limit 8192
	as b
	probe_ready
	as a
	probe_ready
	medium d0 hold
	for ((tag = 10; tag < 20; tag++)); do
		probe_start $tag "$write_1"
	done
	probe_request sync
	for ((tag = 12; tag < 20; tag++)); do
		probe_next "$tag status=28 *"
	done
	# An initiator without commands here gets BUSY: it has no command to wait for.
	as b
	expect_status 08 "$write_1"
	expect_status 00 $turn
	as a
	medium d0 auto
	probe_answers '10 status=00' '11 status=00'
	for ((tag = 12; tag < 20; tag++)); do
		expect_status 00 "$write_1"
	done
	as b
	expect_status 00 "$write_1"
}

# --- log-outs

@test "a log-out with a command at any point lets waiting commands start" {
	local point

	for point in "${points[@]}"; do
		matrix_stop "$point"
		as b
		probe_start 20 $turn attr=ordered
		probe_start 21 $turn
		as a
		probe_request logout
		probe_request sync
		[ "$point" = blocked ] || matrix_go "$point"
		probe_request sync
		medium d0 auto
		as b
		if [ "$point" = blocked ]; then
			probe_answers '20 status=08' '21 status=08'
		else
			probe_answers '20 status=00' '21 status=00'
		fi
		expect_status 00 $turn
		expect_status 00 "$write_1"
		as a
		probe_logout
		pr_ports_are a
	done
}

@test "a log-out with commands at all points lets waiting commands start" {
	local point tag=30

	medium d0 hold
	for point in "${in_task_set[@]}" send finish; do
		probe_start $((tag++)) "$write_1" hold="$point"
	done
	probe_start 7 "$write_1"
	probe_start 8 $turn attr=ordered
	probe_start 9 $turn
	as b
	probe_start 20 $turn attr=ordered
	probe_start 21 $turn
	as a
	probe_request logout
	probe_request sync
	medium d0 auto
	probe_logout
	as b
	probe_answers '20 status=00' '21 status=00'
	pr_ports_are a
	expect_status 00 "$write_1"
}
