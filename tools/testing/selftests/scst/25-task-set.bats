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

# start_write TAG [ARGUMENTS...]: one whose data does not come before go TAG.
start_write() {
	probe_start "$1" "$write_1" data=hold "${@:2}"
}

try_go() {
	echo "go $1" >&"$probe"
} 2>/dev/null

# go TAG: its data comes, as soon as it is asked for.
go() {
	wait_until 5 try_go "$1"
}

# answers RESULT...: the next ones, in this order
answers() {
	local wanted

	for wanted in "$@"; do
		matches "$wanted*" "$(probe_result)" || return
	done
}

# What is not parked has been answered when a HEAD OF QUEUE command is.
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

# REQUEST SENSE takes one, whatever UA_INTLCK_CTRL says.
no_attentions() {
	local port

	for port in b c; do
		as $port
		until send dir=in len=18 cdb=030000001200 && [[ $reply == *data=700000* ]]; do
			[ "$scsi_status" = 00 ] || return
		done
	done
}

# set_control ARGUMENTS: without the unit attentions
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

@test "ORDERED waits for what is older, SIMPLE for ORDERED, nobody for HEAD OF QUEUE" {
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

@test "SIMPLE waits for HEAD OF QUEUE, which does not wait for another" {
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

@test "the order is that of the device, whoever sends" {
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

@test "with a task set for each nexus the order is that of the nexus" {
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

@test "restricted reordering: SIMPLE is ORDERED" {
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

@test "a command that waits for its turn can be aborted, and its initiator may go" {
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

@test "many commands of all attributes come to an end, and the device is quick again" {
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

@test "a device is disabled while commands wait for their turn" {
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

@test "NACA establishes an ACA condition: who gets which status" {
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
	# others
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
	# what was started ends when the condition does
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

@test "an error of the ACA command ends the condition, or makes a new one" {
	as a
	expect_sense 05 24 00 $bad_naca
	expect_sense 05 24 00 $bad_naca attr=aca
	expect_status 30 $turn
	expect_sense 05 24 00 cdb=000000000080 attr=aca
	expect_status 00 $turn
}

@test "what waits its turn goes on waiting under an ACA condition" {
	as b
	start_write 1
	probe_start 2 $turn attr=ordered
	as a
	# refused by its CDB: it does not wait for anybody
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
	# It answers when that one is gone, but the condition ends at once.
	wait_until 5 expect_status 00 $turn
	go 2
	answers '2 aborted' '100 response=0'
	expect_status 00 $turn
}

@test "resets, and the end of the faulted nexus, end its ACA condition" {
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

@test "PREEMPT AND ABORT is let in, and ends the condition of whom it preempts" {
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

@test "with a task set for each nexus an ACA condition concerns nobody else" {
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

# error_under QERR TAS TST: a fails while a and b have a command each under way
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

@test "QErr 00b: an error ends nothing else" {
	error_under 0 0 0
	as a
	answers '11 status=00'
	as b
	answers '12 status=00'
}

@test "QErr 01b: an error ends all commands of the task set" {
	error_under 1 0 0
	as a
	answers '11 aborted'
	as b
	answers '12 aborted'
	pr_hears 2f 00 b
	pr_hears_nothing a c
}

@test "QErr 01b with TAS: TASK ABORTED instead of a unit attention" {
	error_under 1 1 0
	as a
	answers '11 aborted'
	as b
	answers '12 status=40'
	pr_hears_nothing a b c
}

@test "QErr 01b with a task set for each nexus, QErr 11b: only one's own end" {
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

@test "UA_INTLCK_CTRL keeps unit attentions until REQUEST SENSE" {
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

@test "UA_INTLCK_CTRL 11b tells of a RESERVATION CONFLICT, BUSY and TASK SET FULL once more" {
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
	# Its longest transfer is another one now.
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

@test "QUERY ASYNCHRONOUS EVENT tells what is pending, and leaves it there" {
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

@test "transports that have asynchronous events hear of unit attentions at once, and once" {
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
	# What is still to be told is not news.
	equal 4 "$(probe_log | grep -c event)"
	as a
	expect_sense 06 29 00 $turn
	expect_sense 06 3f 0e $turn
	expect_status 00 $turn
}

# --- overlapped commands

@test "a tag that another command has: both end, and all of the nexus" {
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
	# The tag can be used again, also by those that wait.
	as a
	start_write 7
	probe_start 7 $turn attr=ordered
	answers '7 status=02'
	try_go 7
	answers '7 aborted'
	expect_status 00 $turn
}
