#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# A backend that does not answer delays its own requests, and nothing else: no other device's
# commands, functions and configuration.

load lib/scst
load lib/vdisk
load lib/probe
load lib/pr
: "${probe=}" # of lib/probe

turn=cdb=000000000000
well=lun=0001000000000000
write_1='dir=out len=512 cdb=2a000000000000000100 data=a5'
read_1='dir=in len=512 show=4 cdb=28000000000000000100'
abort_task=0 abort_task_set=1 lun_reset=4
pr_dir=$BATS_FILE_TMPDIR/pr

setup() {
	pr_dir_up
}

teardown() {
	pr_dir_down
}

# within SECONDS COMMAND...
within() {
	local start=${EPOCHREALTIME/./} ms

	"${@:2}" || return
	ms=$(((${EPOCHREALTIME/./} - start) / 1000))
	((ms <= $1 * 1000)) || fail "${*:2}: took $ms ms"
}

# Two disks of initiators a and b: LUN 0 is on a file system of its own, $fs.
sick_and_well() {
	requires fsfreeze mkfs.ext4
	fs_make 48M
	truncate -s 8M "$fs/sick" "$BATS_TEST_TMPDIR/well"
	make_device fileio sick "path=$fs/sick" "$@"
	make_device fileio well "path=$BATS_TEST_TMPDIR/well" "$@"
	probe_target fileio/sick
	mkdir targets/probe/t0/luns/1
	ln -s devices/fileio/well targets/probe/t0/luns/1/
	pr_ports_are a b
	for port in a b; do
		as $port
		probe_ready $well
	done
}

# start FROM TO ARGUMENTS...: commands with these tags, of the current initiator
start() {
	local tag

	for ((tag = $1; tag <= $2; tag++)); do
		echo "cmd $tag ${*:3}"
	done >&"$probe"
}

well_answers() {
	probe_answers_to 5 "$well $read_1" '5 status=00 * data=00000000'
}

# probe_answers_to TAG ARGUMENTS ANSWER
probe_answers_to() {
	echo "cmd $1 $2" >&"$probe" && probe_answers "$3"
}

@test "a thousand commands at a frozen file system do not delay another disk" {
	sick_and_well drain_ms=500 fence_ms=20000
	fsfreeze -f "$fs"
	as a
	start 1000 2099 "$write_1 ctx=softirq"
	wait_until 20 probe_is 2099 queued 0
	probe_is 1000 backend 0
	as b
	within 5 well_answers
	bounded 10 cat devices/fileio/well/holders >/dev/null
	bounded 10 make_device nullio n1 size=1M
	bounded 10 remove_device nullio/n1
	within 5 probe_answers_to 6 "$well $read_1 ctx=softirq" '6 status=00'
	start 7 7 "$well $turn hold=respond"
	probe_wait_held 7 respond
	echo "tmf 100 fn=$abort_task_set $well" >&"$probe"
	wait_until 5 probe_is 7 respond 1 1
	echo 'go 7' >&"$probe"
	within 5 probe_answers '100 response=0' '7 aborted'
	attr_is devices/fileio/well/state active
}

@test "commands queued for a stuck backend are aborted at once, without a fence" {
	sick_and_well drain_ms=500 fence_ms=20000
	fsfreeze -f "$fs"
	as a
	start 1000 1199 "$write_1 ctx=softirq"
	wait_until 20 probe_is 1199 queued 0
	within 5 tmf_and_end 1199
	within 5 tmf_and_end 1198
	attr_is devices/fileio/sick/state active
	fsfreeze -u "$fs"
	wait_until 20 probe_is_gone 1197
	attr_is devices/fileio/sick/state active
}

tmf_and_end() {
	echo "tmf 100 fn=$abort_task ref=$1" >&"$probe"
	probe_answers '100 response=0' "$1 aborted"
}

# Operations that do not involve the device that does not answer
others_go_on() {
	bounded 10 cat devices/nullio/n0/holders >/dev/null
	bounded 10 log_in_and_read
	bounded 10 make_device nullio n1 size=1M
	bounded 10 ln -s devices/nullio/n1 targets/probe/t0/luns/9/
	bounded 10 rm targets/probe/t0/luns/9/n1
	bounded 10 remove_device nullio/n1
	bounded 10 attr_write devices/nullio/n0/enable 0
	bounded 10 attr_write devices/nullio/n0/enable 1
}

log_in_and_read() {
	probe_login x && probe_ready && probe_answers_to 5 "$read_1" '5 status=00' &&
		probe_logout
}

n0_is_exported() {
	make_device nullio n0 size=1M
	probe_target nullio/n0
	mkdir targets/probe/t0/luns/9
}

# is_opening DEVICE. A write to enable before that would wait.
is_opening() {
	expect EBUSY bounded 5 attr_write "$1/serial" x &&
		matches '*being opened*' "$(cat "$1/last_error")"
} 2>/dev/null

refuses_while_opening() {
	for attempt in "attr_write $1/enable 0" "attr_write $1/enable 1" \
		"attr_write $1/size 2M" "rmdir $1"; do
		# shellcheck disable=SC2086 # words
		expect EBUSY bounded 10 $attempt
	done
	matches '*being opened*' "$(cat "$1/last_error")"
	attr_is "$1/state" idle
}

@test "enabling a device on a frozen file system delays nothing else" {
	requires fsfreeze mkfs.ext4
	fs_make 24M
	n0_is_exported
	mkdir -p devices/fileio/f0
	attr_set devices/fileio/f0/path "$fs/disk"
	attr_set devices/fileio/f0/size 1M
	fsfreeze -f "$fs"
	background attr_write devices/fileio/f0/enable 1
	wait_until 10 is_opening devices/fileio/f0
	others_go_on
	refuses_while_opening devices/fileio/f0
	fsfreeze -u "$fs"
	jobs_end 20
	attr_is devices/fileio/f0/state active
}

# Reservations are kept in $fs from now on.
pr_dir_is_fs() {
	requires fsfreeze mkfs.ext4
	fs_make 24M
	mkdir -p "$pr_dir"
	mount --bind "$fs" "$pr_dir"
}

@test "enabling a device while pr_dir does not answer delays nothing else" {
	pr_dir_is_fs
	n0_is_exported
	mkdir targets/probe/t0/luns/1
	make_device nullio d0 size=1M
	ln -s devices/nullio/d0 targets/probe/t0/luns/1/
	pr_ports_are a
	probe_ready $well
	pr_cdb 0 0
	expect_status 00 "$well $pr_out" "data=$(printf '%032x0000000001000000' 10)"
	attr_set devices/nullio/d0/enable 0
	fsfreeze -f "$fs"
	background attr_write devices/nullio/d0/enable 1
	wait_until 10 is_opening devices/nullio/d0
	others_go_on
	refuses_while_opening devices/nullio/d0
	fsfreeze -u "$fs"
	jobs_end 20
	attr_is devices/nullio/d0/state active
}

# reserve TAG, register TAG: send the command, and do not wait for its status
reserve() {
	pr_cdb 1 5
	echo "cmd $1 $pr_out data=$(printf '%016x%032x' 10 0)" >&"$probe"
}

register() {
	pr_cdb 0 0
	echo "cmd $1 $pr_out data=$(printf '%032x0000000001000000' 11)" >&"$probe"
}

@test "a PERSISTENT RESERVE OUT aborted while it waits for pr_dir takes effect later" {
	pr_dir_is_fs
	pr_device_on drain_ms=500 fence_ms=20000
	mkdir targets/probe/t0/luns/1
	make_device nullio well size=1M
	ln -s devices/nullio/well targets/probe/t0/luns/1/
	attr_set targets/probe/t0/enable 1
	pr_ports_are a b
	probe_ready $well
	as a
	pr_register 00 0 a 1
	fsfreeze -f "$fs"
	reserve 7
	as b
	register 8
	wait_until 10 probe_is 8 execute 0
	pr_cdb 0 0
	within 5 expect_status 00 "$well $pr_out" "data=$(printf '%048x' 0)"
	as a
	within 5 tmf_and_end 7
	reserve 9
	as b
	echo "tmf 100 fn=$lun_reset" >&"$probe"
	within 5 probe_answers '100 response=0' '8 aborted'
	attr_is devices/nullio/d0/state active
	as a
	within 5 probe_answers '9 aborted'
	probe_request logout
	wait_until 5 eval '[ ! -d targets/probe/t0/sessions/a ]'
	as b
	take_attentions
	pr_reservation_is none
	fsfreeze -u "$fs"
	wait_until 20 pr_reservation_is 5 a
	register 10
	within 5 probe_answers '10 status=00'
	pr_keys_are 2 a b
}

@test "a device can be removed and created again while its reservation is written" {
	pr_dir_is_fs
	pr_device_on drain_ms=200 fence_ms=20000
	attr_set targets/probe/t0/enable 1
	pr_ports_are a
	pr_register 00 0 a 1
	fsfreeze -f "$fs"
	reserve 7
	wait_until 10 probe_is 7 execute 0
	bounded 10 pr_device_off
	# COMMANDS CLEARED BY DEVICE SERVER
	probe_answers "7 status=02 * sense=$(sense 0b 2f 02)"
	fsfreeze -u "$fs"
	pr_device_on
	take_attentions
}

@test "a thousand log-outs and several enables at the same time complete" {
	ulimit -n 1500
	# The shell can wait for a descriptor below 1024 only: open that one first.
	scst_sleep 0.01
	n0_is_exported
	rm targets/probe/t0/luns/0/n0
	mkdir -p devices/nullio/n{1..4}
	for n in 1 2 3 4; do
		attr_set devices/nullio/n$n/size 1M
	done
	for ((i = 0; i < 1100; i++)); do
		exec {probe}<>"$probe_root/t0"
		# shellcheck disable=SC2034 # of lib/probe
		probes[probe]=$probe
		echo "login i$i" >&"$probe"
	done
	background attr_write targets/probe/t0/enable 0
	for n in 1 2 3 4; do
		background attr_write devices/nullio/n$n/enable 1
	done
	jobs_end 120
	attr_is devices/nullio/n4/state active
}
