#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# A device whose backend does not end aborted commands is fenced: the task management function is
# answered in time, and nothing waits for the backend any more.

load lib/scst
load lib/probe
load lib/pr
: "${probe=}" # of lib/probe

device=devices/probe/d0
turn=cdb=000000000000
write_1='dir=out len=512 cdb=2a000000000000000100 data=a5'
tas_1='dir=out len=16 cdb=151000001000 data=000000000a0a00100040000000000000'
read_1='dir=in len=512 show=4 cdb=28000000000000000100'
abort_task=0 abort_task_set=1 clear_task_set=2 lun_reset=4 target_reset=5 nexus_reset=6

setup() {
	scst_up
	make_device probe d0 drain_ms=200 fence_ms=300
	probe_target probe/d0
	pr_ports_are a b
	medium d0 hold
}

teardown() {
	fsfreeze -u "$BATS_TEST_TMPDIR/frozen" 2>/dev/null || true
	remove_initiators t0 2>/dev/null || true
	disable devices/fileio/f0/enable 2>/dev/null || true
	probe_logout_all
	scst_down
}

# takes FROM TO COMMAND...: milliseconds
takes() {
	local from=$1 to=$2 start=${EPOCHREALTIME/./} ms

	shift 2
	"$@" || return
	ms=$(((${EPOCHREALTIME/./} - start) / 1000))
	((ms >= from && ms <= to)) || fail "$*: took $ms ms"
}

# tmf RESPONSE FUNCTION [ARGUMENTS...]
tmf() {
	echo "tmf 100 fn=$2 ${*:3}" >&"$probe" && probe_next "100 response=$1"
}

failed_sense="status=02 * sense=$(sense 04 44 00)"

# Command 7 of a is with a backend that does not answer.
fence() {
	as a
	probe_start 7 "$write_1"
	takes 300 2300 tmf 0 "${1:-$abort_task}" ref=7
	attr_is $device/state failed
}

# The backend answers at last.
end_late() {
	medium d0 complete 7 "$@"
	as a
	probe_next '7 aborted'
}

is_closed() {
	[ ! -e "$probe_root/devices/d0" ]
}

@test "fence_ms reads back what was written, and refuses invalid values" {
	attr_round_trip $device/fence_ms 0 1 600000
	for value in -1 600001 10s x ''; do
		attr_refuses EINVAL $device/fence_ms "$value"
	done
	attr_set $device/enable 0
	attr_round_trip $device/fence_ms 10000
}

@test "a function is answered after fence_ms, and later commands fail at once" {
	as a
	probe_start 7 "$write_1"
	probe_start 10 $turn attr=ordered
	as b
	probe_start 11 $turn
	as a
	takes 300 2300 tmf_and_failures
	attr_is $device/state failed
	matches '*within 300 ms' "$(attr_get $device/last_error)"
	as b
	probe_answers "11 $failed_sense"
	for port in a b; do
		as $port
		takes 0 250 expect_sense 04 44 00 $turn
		expect_sense 04 44 00 "$read_1"
		expect_sense 04 44 00 $turn attr=ordered
		expect_status 00 dir=in len=36 cdb=120000002400
	done
	probe_is_there
	end_late
	wait_until 5 is_closed
	attr_is $device/state failed
}

tmf_and_failures() {
	echo "tmf 100 fn=$abort_task ref=7" >&"$probe"
	probe_answers '100 response=0' "10 $failed_sense"
}

# Command 7 has not been answered.
probe_is_there() {
	as a
	probe_is 7 medium 1 1
}

@test "every aborting function fences the device, and later ones do not wait" {
	for fn in $abort_task $abort_task_set $clear_task_set $lun_reset $target_reset \
		$nexus_reset; do
		attr_set $device/fence_ms 300
		fence "$fn"
		# A function that waited would take this long.
		attr_set $device/fence_ms 10000
		for port in a b; do
			as $port
			takes 0 5000 tmf 0 $lun_reset
			takes 0 5000 tmf 0 $clear_task_set
		done
		end_late
		wait_until 5 is_closed
		attr_set $device/enable 1
		for port in a b; do
			as $port
			probe_ready
		done
		medium d0 hold
	done
}

@test "a command fenced by the function of another initiator ends only once" {
	for own in '' "$abort_task" "$lun_reset"; do
		as a
		expect_status 00 "$tas_1"
		as b
		probe_ready
		as a
		probe_start 7 "$write_1"
		as b
		takes 300 2300 tmf 0 $clear_task_set
		as a
		[ -z "$own" ] || tmf 0 "$own" ref=7
		# Command 7 must not be answered after a function of its own nexus has been.
		as b
		tmf 0 $clear_task_set
		medium d0 complete 7
		as a
		if [ -z "$own" ]; then
			probe_answers '7 status=40'
		else
			probe_answers '7 aborted'
		fi
		wait_until 5 is_closed
		attr_set $device/enable 1
		for port in a b; do
			as $port
			probe_ready
		done
		medium d0 hold
	done
}

@test "a fenced device can be enabled again after its backend has answered" {
	fence
	expect EBUSY attr_write $device/enable 1
	end_late sense=031100
	wait_until 5 is_closed
	attr_set $device/enable 1
	attr_is $device/state active
	for port in a b; do
		as $port
		expect_sense 06 28 00 $turn
		expect_status 00 "$write_1"
		expect_status 00 "$read_1"
		matches '* data=a5a5a5a5' "$reply"
	done
}

@test "late answers of the backend are handled in every context" {
	for ctx in thread softirq hardirq; do
		fence
		end_late ctx=$ctx
		wait_until 5 is_closed
		attr_set $device/enable 1
		as a
		probe_ready
		medium d0 hold
	done
}

@test "a fenced device that is disabled drains, and is idle once it is closed" {
	fence
	expect ETIMEDOUT attr_write $device/enable 0
	attr_is $device/state draining
	expect EBUSY attr_write $device/enable 1
	as b
	expect_sense 02 04 03 $turn
	end_late
	wait_until 5 attr_is $device/state idle
	attr_set $device/enable 1
	as b
	expect_sense 06 28 00 $turn
	# disabled after it was closed
	as a
	probe_ready
	medium d0 hold
	fence
	end_late
	wait_until 5 is_closed
	attr_set $device/enable 0
	attr_is $device/state idle
}

@test "a session, a LUN and a device can be removed while the device is fenced" {
	fence
	probe_request logout
	wait_until 5 eval '[ ! -d targets/probe/t0/sessions/a ]'
	bounded 10 rm targets/probe/t0/luns/0/d0
	bounded 10 rmdir targets/probe/t0/luns/0
	bounded 10 attr_write $device/enable 0 || true
	bounded 10 rmdir $device
	[ ! -d $device ]
	as b
	expect_sense 05 25 00 $turn
	# Its name can be used again.
	end_late
	wait_until 5 is_closed
	make_device probe d0
}

@test "commands in flight when the device is fenced fail, or end as usual" {
	as a
	probe_start 1 "$write_1" hold=check
	probe_start 2 "$write_1" hold=backend
	probe_start 3 $turn hold=respond
	probe_start 4 $turn hold=admit
	fence
	echo 'go 4' >&"$probe"
	probe_answers "4 $failed_sense"
	probe_is_there
	for tag in 1 2 3; do
		echo "go $tag" >&"$probe"
	done
	medium d0 auto
	probe_answers '7 aborted' '1 status=00' '2 status=00' '3 status=00'
	wait_until 5 is_closed
}

@test "a write that lacks data fences no device, and the function fails" {
	as a
	probe_start 7 "$write_1" data=hold
	takes 300 2300 tmf 4 $abort_task ref=7
	attr_is $device/state active
	as b
	expect_status 00 $turn
	as a
	echo 'go 7' >&"$probe"
	probe_answers '7 aborted'
}

@test "memory of the initiator is kept as long as a fenced backend may use it" {
	requires fsfreeze mkfs.ext4 sg_turs
	export_frozen_disk
	echo 1 >"/sys/block/${disk##*/}/device/timeout"
	fsfreeze -f "$BATS_TEST_TMPDIR/frozen"
	background dd if=/dev/zero of="$disk" bs=4k count=1 oflag=direct status=none
	writer=$!
	wait_until 20 attr_is devices/fileio/f0/state failed 2>/dev/null
	other=$(node_of t0 i1 0 scsi_generic)
	takes 0 2000 expect_failure sg_turs "$other"
	# The mid-level still waits, and has not given the pages back.
	expect_failure is_dead "$writer"
	fsfreeze -u "$BATS_TEST_TMPDIR/frozen"
	wait_until 30 is_dead "$writer"
	wait_until 10 closed_and_enabled
	wait_until 20 dd if="$(wait_for_disk t0 i1 0)" of=/dev/null bs=4k count=1 \
		iflag=direct status=none
}

expect_failure() {
	! "$@" >/dev/null 2>&1
}

closed_and_enabled() {
	attr_write devices/fileio/f0/enable 1
} 2>/dev/null

# A device on a file in a file system that can be frozen; sets $disk.
export_frozen_disk() {
	local image=$BATS_TEST_TMPDIR/image below

	mkdir "$BATS_TEST_TMPDIR/frozen"
	truncate -s 64M "$image"
	make_device fileio below "path=$image"
	make_target below i0
	link_lun below 0 fileio/below
	below=$(wait_for_disk below i0 0)
	mkfs.ext4 -q -O ^has_journal "$below"
	mount "$below" "$BATS_TEST_TMPDIR/frozen"
	truncate -s 8M "$BATS_TEST_TMPDIR/frozen/image"
	make_device fileio f0 "path=$BATS_TEST_TMPDIR/frozen/image" fence_ms=500
	make_target t0 i0 i1
	link_lun t0 0 fileio/f0
	disk=$(wait_for_disk t0 i0 0)
	wait_for_disk t0 i1 0
}
