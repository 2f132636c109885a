#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# A backend that does not answer keeps waiting what was asked of it, and nothing else:
# no other device's commands, functions and configuration.

load lib/scst
load lib/vdisk
load lib/probe
load lib/pr
: "${probe=}" # of lib/probe

turn=cdb=000000000000
well=lun=0001000000000000
write_1='dir=out len=512 cdb=2a000000000000000100 data=a5'
read_1='dir=in len=512 show=4 cdb=28000000000000000100'
abort_task=0 abort_task_set=1

teardown() {
	local status=0

	[ -z "${fs-}" ] || fsfreeze -u "$fs" 2>/dev/null || true
	disable devices/*/*/enable 2>/dev/null || true
	probe_logout_all
	scst_down || status=1
	fs_down || status=1
	return "$status"
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
		until [[ $(probe_cmd 0 $well $turn) == *status=00* ]]; do :; done
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

@test "a thousand commands at a frozen file system: another disk reads, and its functions are answered" {
	sick_and_well drain_ms=500 fence_ms=20000
	fsfreeze -f "$fs"
	as a
	start 1000 2099 "$write_1 ctx=softirq"
	wait_until 20 probe_is 2099 queued 0
	probe_is 1000 backend 0
	as b
	within 5 well_answers
	within 5 probe_answers_to 6 "$well $read_1 ctx=softirq" '6 status=00'
	start 7 7 "$well $turn hold=respond"
	probe_wait_held 7 respond
	echo "tmf 100 fn=$abort_task_set $well" >&"$probe"
	wait_until 5 probe_is 7 respond 1 1
	echo 'go 7' >&"$probe"
	within 5 probe_answers '100 response=0' '7 aborted'
	attr_is devices/fileio/well/state active
}

@test "what waits for a worker of a stuck backend is aborted at once, and fences nothing" {
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
