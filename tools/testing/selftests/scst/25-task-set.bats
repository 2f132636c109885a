#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# The task set, SAM-5 8: task attributes, ACA, QErr, UA_INTLCK_CTRL, overlapped
# commands.

load lib/scst
load lib/probe
load lib/pr
: "${probe=}" # of lib/probe

turn=cdb=000000000000
turn_naca=cdb=000000000004
bad_naca=cdb=000000000084 # CONTROL has no such bit
write_1='dir=out len=512 cdb=2a000000000000000100 data=00'

setup() {
	scst_up
	make_device nullio d0 size=1M
	probe_target nullio/d0
	pr_ports_are a b c
}

# start_write TAG [ARGUMENTS...]: a write whose data arrives after go TAG
start_write() {
	probe_start "$1" "$write_1" data=hold "${@:2}"
}

try_go() {
	echo "go $1" >&"$probe"
} 2>/dev/null

# go TAG: its data arrives once the target has asked for it.
go() {
	wait_until 5 try_go "$1"
}

# answers RESULT...: the next results, in this order
answers() {
	local wanted

	for wanted in "$@"; do
		probe_next "$wanted*" || return
	done
}

# Every command that is not parked has been answered before a HEAD OF QUEUE command is.
nothing_else_happened() {
	probe_start 99 $turn attr=head && answers '99 status=00'
}

# control_page TST QERR INTLCK TAS ALG: of the control mode page
control_page() {
	local page

	printf -v page '000000000a0a%02x%02x%02x%02x000000000000' \
		$(($1 << 5)) $(($5 << 4 | $2 << 1)) $(($3 << 4)) $(($4 << 6))
	expect_status 00 "dir=out len=16 cdb=151000001000 data=$page"
}

# REQUEST SENSE clears a unit attention under every UA_INTLCK_CTRL.
no_attentions() {
	local port

	for port in b c; do
		as $port
		until send dir=in len=18 cdb=030000001200 && [[ $reply == *data=700000* ]]; do
			[ "$scsi_status" = 00 ] || return
		done
	done
}

# set_control ARGUMENTS: control_page, and the unit attentions of that are cleared.
set_control() {
	as a
	control_page "$@" && no_attentions && as a
}

# tmf RESPONSE FUNCTION [ARGUMENTS...]
tmf() {
	echo "tmf 100 fn=$2 ${*:3}" >&"$probe" && answers "100 response=$1"
}

abort_task=0 clear_aca=3 lun_reset=4
target_reset=5 nexus_reset=6 query_event=9 cold_reset=10

# --- task attributes

@test "ORDERED waits for older commands, SIMPLE for older ORDERED ones" {
	as a
	start_write 1
	start_write 2 attr=ordered
	probe_start 3 $turn
	start_write 4
	probe_start 5 $turn attr=untagged
	probe_start 6 $turn attr=ordered
	probe_start 7 $turn
	nothing_else_happened
	go 1
	answers '1 status=00'
	nothing_else_happened
	go 2
	answers '2 status=00' '3 status=00' '5 status=00'
	nothing_else_happened
	go 4
	answers '4 status=00' '6 status=00' '7 status=00'
}

@test "SIMPLE waits for HEAD OF QUEUE, and HEAD OF QUEUE waits for none" {
	as a
	start_write 1 attr=head
	probe_start 2 $turn
	start_write 3 attr=head
	probe_start 4 $turn attr=ordered
	go 3
	answers '3 status=00'
	nothing_else_happened
	go 1
	answers '1 status=00' '2 status=00' '4 status=00'
}

@test "task attributes order the commands of all initiators" {
	as a
	start_write 1
	as b
	probe_start 2 $turn attr=ordered
	as c
	probe_start 3 $turn
	nothing_else_happened
	as a
	go 1
	answers '1 status=00'
	as b
	answers '2 status=00'
	as c
	answers '3 status=00'
}

@test "TST 001b: task attributes order only the commands of the same nexus" {
	set_control 1 0 0 0 1
	as a
	start_write 1
	probe_start 2 $turn attr=ordered
	as b
	probe_start 3 $turn attr=ordered
	answers '3 status=00'
	as a
	nothing_else_happened
	go 1
	answers '1 status=00' '2 status=00'
}

@test "restricted reordering: SIMPLE is treated as ORDERED" {
	set_control 0 0 0 0 0
	as a
	start_write 1
	probe_start 2 $turn
	nothing_else_happened
	go 1
	answers '1 status=00' '2 status=00'
	control_page 0 0 0 0 1
	start_write 1
	probe_start 2 $turn
	answers '2 status=00'
	go 1
	answers '1 status=00'
}

@test "a waiting command can be aborted, and its initiator can log out" {
	as a
	start_write 1
	as b
	probe_start 2 $turn attr=ordered
	probe_start 3 $turn
	echo "tmf 100 fn=$abort_task ref=2" >&"$probe"
	probe_answers '2 aborted' '3 status=00' '100 response=0'
	probe_start 4 $turn attr=ordered
	probe_start 5 $turn
	probe_logout
	as a
	go 1
	answers '1 status=00'
	probe_start 2 $turn
	answers '2 status=00'
}

@test "many commands of all attributes complete, and the device can be disabled" {
	local tag

	for port in a b c; do
		as $port
		for ((tag = 0; tag < 60; tag++)); do
			case $((tag % 5)) in
			0) probe_start $tag "$write_1" ctx=softirq attr=ordered ;;
			1) probe_start $tag "$write_1" ctx=hardirq attr=head ;;
			*) probe_start $tag "$write_1" ctx=softirq ;;
			esac
		done
	done
	for port in a b c; do
		as $port
		for ((tag = 0; tag < 60; tag++)); do
			answers '* status=00'
		done
	done
	attr_set devices/nullio/d0/enable 0
	attr_set devices/nullio/d0/enable 1
}

@test "waiting commands are aborted when their device is disabled" {
	attr_set devices/nullio/d0/drain_ms 200
	as a
	start_write 1
	probe_start 2 $turn attr=ordered
	probe_start 3 $turn
	expect ETIMEDOUT attr_write devices/nullio/d0/enable 0
	answers '2 status=02 * sense=70000b*2f02' '3 status=02 * sense=70000b*2f02'
	try_go 1
	answers '1 status=02 * sense=70000b*2f02'
	wait_until 5 attr_is devices/nullio/d0/state idle
}

# --- ACA

@test "an ACA condition ends other commands with ACA ACTIVE or BUSY" {
	as a
	start_write 11
	expect_sense 05 24 00 $bad_naca
	# the faulted nexus
	for attr in simple ordered head untagged; do
		expect_status 30 $turn attr=$attr
	done
	expect_status 30 dir=in len=36 cdb=120000002400
	expect_status 30 cdb=ff0000000000
	expect_status 00 $turn attr=aca
	expect_status 00 dir=in len=18 cdb=030000001200 attr=aca
	# other nexuses
	as b
	expect_status 08 $turn
	expect_status 30 $turn_naca
	expect_status 30 $turn attr=aca
	expect_status 08 dir=in len=36 cdb=120000002400
	tmf 0 $clear_aca
	expect_status 08 $turn
	# only one ACA command at a time
	as a
	start_write 2 attr=aca
	expect_status 30 $turn attr=aca
	go 2
	answers '2 status=00'
	# A command that was started before completes when the condition ends.
	try_go 11
	expect_status 00 $turn attr=aca
	echo "tmf 100 fn=$clear_aca" >&"$probe"
	probe_answers '11 status=00' '100 response=0'
	expect_status 00 $turn
	as b
	expect_status 00 $turn
}

@test "the ACA attribute without an ACA condition is refused" {
	as a
	expect_sense 05 49 00 $turn attr=aca
	expect_sense 05 49 00 dir=in len=36 cdb=120000002400 attr=aca
	expect_status 00 $turn
}

@test "an error of an ACA command ends the condition, or establishes a new one" {
	as a
	expect_sense 05 24 00 $bad_naca
	expect_sense 05 24 00 $bad_naca attr=aca
	expect_status 30 $turn
	expect_sense 05 24 00 cdb=000000000080 attr=aca
	expect_status 00 $turn
}

@test "a waiting command keeps waiting during an ACA condition" {
	as b
	start_write 1
	probe_start 2 $turn attr=ordered
	as a
	# A command that is refused for its CDB does not wait.
	expect_sense 05 24 00 $bad_naca attr=ordered
	as b
	try_go 1
	probe_start 9 $turn
	answers '9 status=08'
	as a
	tmf 0 $clear_aca
	as b
	answers '1 status=00' '2 status=00'
}

@test "CLEAR ACA aborts the command with the ACA attribute" {
	as a
	expect_sense 05 24 00 $bad_naca
	start_write 2 attr=aca
	echo "tmf 100 fn=$clear_aca" >&"$probe"
	# CLEAR ACA is answered after that command has ended. The condition ends at once.
	wait_until 5 expect_status 00 $turn
	go 2
	answers '2 aborted' '100 response=0'
	expect_status 00 $turn
}

@test "resets, and a log-out of the faulted nexus, end its ACA condition" {
	for fn in $lun_reset $target_reset $nexus_reset $cold_reset; do
		as a
		expect_sense 05 24 00 $bad_naca
		tmf 0 "$fn"
		probe_ready
		as b
		probe_ready
		as c
		probe_ready
	done
	as a
	expect_sense 05 24 00 $bad_naca
	probe_logout
	as b
	wait_until 5 expect_status 00 $turn
}

@test "PREEMPT AND ABORT is executed, and ends the ACA condition of its victim" {
	as a
	pr_register 00 0 a
	as b
	pr_register 00 0 b
	as a
	pr_reserve 00 1 a
	expect_sense 05 24 00 $bad_naca
	as b
	expect_status 08 $turn
	pr_out 00 5 1 b a
	expect_status 00 $turn
	as c
	expect_status 00 $turn
}

@test "TST 001b: an ACA condition affects only its own nexus" {
	set_control 1 0 0 0 1
	as a
	expect_sense 05 24 00 $bad_naca
	expect_status 30 $turn
	as b
	expect_status 00 $turn
	expect_status 00 $turn attr=ordered
	expect_sense 05 24 00 $bad_naca
	expect_status 30 $turn
	as c
	expect_status 00 $turn
	as a
	tmf 0 $clear_aca
	expect_status 00 $turn
	as b
	expect_status 30 $turn
	tmf 0 $clear_aca
	expect_status 00 $turn
}

# --- QErr, TAS

# error_under QERR TAS TST: a command of a fails while a and b have one in flight each.
error_under() {
	set_control "$3" "$1" 0 "$2" 1
	as b
	start_write 12
	as a
	start_write 11
	expect_sense 05 24 00 cdb=000000000080
	try_go 11
	as b
	try_go 12
}

@test "QErr 00b: an error aborts no other command" {
	error_under 0 0 0
	as a
	answers '11 status=00'
	as b
	answers '12 status=00'
}

@test "QErr 01b: an error aborts all commands of the task set" {
	error_under 1 0 0
	as a
	answers '11 aborted'
	as b
	answers '12 aborted'
	pr_hears 2f 00 b
	pr_hears_nothing a c
}

@test "QErr 01b with TAS: TASK ABORTED replaces the unit attention" {
	error_under 1 1 0
	as a
	answers '11 aborted'
	as b
	answers '12 status=40'
	pr_hears_nothing a b c
}

@test "QErr 01b with TST 001b, QErr 11b: only commands of the same nexus abort" {
	for qerr_tst in '1 1' '3 0'; do
		# shellcheck disable=SC2086 # two words
		set -- $qerr_tst
		error_under "$1" 0 "$2"
		as a
		answers '11 aborted'
		as b
		answers '12 status=00'
		pr_hears_nothing a b c
		set_control 0 0 0 0 1
	done
}

# --- unit attentions

@test "UA_INTLCK_CTRL keeps unit attentions pending until REQUEST SENSE" {
	for intlck in 2 3; do
		set_control 0 0 $intlck 0 1
		as b
		pr_register 00 0 b
		as a
		pr_register 00 0 a
		as b
		pr_reserve 00 5 b
		pr_release 00 5 b
		as a
		expect_sense 06 2a 04 $turn
		expect_sense 06 2a 04 $turn
		send dir=in len=18 cdb=030000001200
		matches '*data=70000600000000??000000002a04*' "$reply"
		expect_status 00 $turn
		pr_clear 00 a
		as b
		expect_sense 06 2a 03 $turn
		send dir=in len=18 cdb=030000001200
		set_control 0 0 0 0 1
		pr_hears_nothing a b c
	done
}

@test "UA_INTLCK_CTRL 11b: conflict, BUSY and TASK SET FULL leave a unit attention" {
	set_control 0 0 3 0 1
	as a
	expect_status 00 cdb=160000000000
	as b
	expect_status 18 $turn
	as a
	expect_status 00 cdb=170000000000
	as b
	expect_sense 06 2c 09 $turn
	send dir=in len=18 cdb=030000001200
	expect_status 00 $turn
	attr_set devices/nullio/d0/buffer_limit 4096
	# The limit changes the maximum transfer length, which is INQUIRY data.
	as a
	send dir=in len=18 cdb=030000001200
	as b
	expect_sense 06 3f 03 $turn
	send dir=in len=18 cdb=030000001200
	as c
	send dir=in len=18 cdb=030000001200
	start_write 8
	as b
	expect_status 08 dir=out len=512 cdb=2a000000000000000100
	as c
	go 8
	answers '8 status=00'
	as b
	expect_sense 06 2c 07 $turn
	send dir=in len=18 cdb=030000001200
	start_write 7
	expect_status 28 dir=in len=4096 cdb=28000000000000000800
	go 7
	answers '7 status=00'
	expect_sense 06 2c 08 $turn
	send dir=in len=18 cdb=030000001200
	pr_hears_nothing a b c
}

@test "QUERY ASYNCHRONOUS EVENT reports a pending unit attention, and keeps it" {
	as a
	tmf '0 info=000000' $query_event
	tmf 0 $lun_reset
	tmf '1 info=162903' $query_event
	as b
	tmf '1 info=162903' $query_event
	rm targets/probe/t0/luns/0/d0
	make_device nullio d1 size=1M
	ln -s devices/nullio/d1 targets/probe/t0/luns/0/
	tmf '1 info=263f03' $query_event
	expect_sense 06 3f 03 $turn
	tmf '1 info=163f0e' $query_event
	expect_sense 06 3f 0e $turn
	tmf '0 info=000000' $query_event
}

@test "asynchronous events report each unit attention at once, and only once" {
	probe_log_start
	as a
	pr_register 00 0 a
	as b
	pr_register 00 0 b
	pr_clear 00 b
	rm targets/probe/t0/luns/0/d0
	run probe_log
	equal "a - event lun 0 sense 062a03" "$(grep event <<<"$output" | head -n 1)"
	for port in a b c; do
		equal 1 "$(grep -c "^$port - event lun 0 sense 063f0e" <<<"$output")"
	done
	equal 4 "$(grep -c event <<<"$output")"
	ln -s devices/nullio/d0 targets/probe/t0/luns/0/
	# A unit attention that is already pending causes no event.
	equal 4 "$(probe_log | grep -c event)"
	as a
	expect_sense 06 29 00 $turn
	expect_sense 06 3f 0e $turn
	expect_status 00 $turn
}

# --- overlapped commands

@test "an overlapped command and all commands of its nexus end" {
	as b
	start_write 7
	as a
	start_write 7
	start_write 8
	probe_start 7 $turn
	answers '7 status=02 residual=0 sense=70000b*4e00'
	try_go 7
	try_go 8
	answers '7 aborted' '8 aborted'
	as b
	try_go 7
	answers '7 status=00'
	# The tag can be used again, and the overlap with a parked command is detected, too.
	as a
	start_write 7
	probe_start 7 $turn attr=ordered
	answers '7 status=02'
	try_go 7
	answers '7 aborted'
	expect_status 00 $turn
}
