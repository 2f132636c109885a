#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# The power is cut after any write to the medium of persistent reservations. The state
# afterwards is the one that was acknowledged last, or that of the command in flight, as a
# whole. With SCST_CUT_STEP=N the power is cut after every Nth write only.

load lib/scst
load lib/probe
load lib/pr
load lib/vdisk

pr_dir=$BATS_FILE_TMPDIR/pr

# The port and the command of each step
sequence=(
	'a pr_register 00 0 a 1'
	'b pr_register 00 0 b 1'
	'a pr_reserve 00 1 a'
	'b pr_preempt 00 6 b a'
	'a pr_register 00 0 a 1'
	'a pr_register 00 a a 0'
	'b pr_register 00 b c 1'
	'b pr_release 00 6 c'
	'a pr_clear 00 a'
)
nothing=00000000

setup() {
	modprobe -q dm-log-writes || skip "no dm-log-writes"
	requires mkfs.ext4 dmsetup perl
	modprobe -q loop
	[ -d /sys/module/scst ] || modprobe scst "pr_dir=$pr_dir"
	scst_up
	fs=$BATS_TEST_TMPDIR/fs
	medium=$BATS_TEST_TMPDIR/medium
	log=$BATS_TEST_TMPDIR/log
	mkdir "$fs"
	ln -sfn "$fs" "$pr_dir"
	mkdir -p targets/probe/t0
	attr_set targets/probe/t0/enable 1
}

teardown() {
	local status=0

	probe_logout_all
	scst_down || status=1
	logged_down || status=1
	return "$status"
}

# A file system whose writes are logged; $medium.base is how it was before.
logged_up() {
	truncate -s 6M "$medium" &&
		mkfs.ext4 -q -F -b 1024 -J size=1 -E lazy_itable_init=0,nodiscard "$medium" &&
		cp "$medium" "$medium.base" && truncate -s 128M "$log" || return
	medium_loop=$(losetup -f --show "$medium") && log_loop=$(losetup -f --show "$log") &&
		echo "0 $(blockdev --getsz "$medium_loop") log-writes $medium_loop $log_loop" |
		dmsetup create scst_log && mount /dev/mapper/scst_log "$fs"
}

logged_down() {
	! mountpoint -q "$fs" || umount "$fs" || return
	[ ! -e /dev/mapper/scst_log ] || dmsetup remove --retry scst_log || return
	[ -z "${medium_loop-}" ] || losetup -d "$medium_loop"
	[ -z "${log_loop-}" ] || losetup -d "$log_loop"
	medium_loop='' log_loop=''
}

# Sets $state to what must be there if the power fails now.
persistent_state() {
	pr_in 2 || return
	if ((16#${data:6:2} & 1)); then
		pr_state
	else
		state=$nothing
	fi
}

# Runs all steps, with a mark in the log after each. Sets the array states: before the first step,
# and after each.
run_sequence() {
	local step

	pr_device_on
	pr_ports_are a b
	states=("$nothing")
	for step in "${sequence[@]}"; do
		as "${step%% *}"
		take_attentions && ${step#* } && persistent_state &&
			dmsetup message scst_log 0 mark step || return
		states+=("$state")
	done
	probe_logout_all
	pr_device_off
}

# Sets $state to the state of a machine that boots with the medium as it is.
state_after_cut() {
	cp "$medium.base" "$medium.cut" && medium_loop=$(losetup -f --show "$medium.cut") &&
		mount -t ext4 "$medium_loop" "$fs" && pr_device_on && probe_login a &&
		take_attentions && pr_state || return
	probe_logout
	pr_device_off && logged_down
}

# After $1 writes, of which $2 are marks, the state is that after step $2, or after the next one.
check_cut() {
	state_after_cut || fail "after write $1, step $2" || return
	case $state in
	"${states[$2]}" | "${states[$2 + 1]-}") ;;
	*) fail "after write $1, step $2: $state" ;;
	esac
}

@test "a power cut after any write leaves the state before or after the command" {
	local entries entry last=0 marks=0 step=${SCST_CUT_STEP:-1}

	logged_up
	run_sequence
	equal 10 "$(printf '%s\n' "${states[@]}" | wc -l)"
	umount "$fs"
	logged_down
	entries=$(perl "$BATS_TEST_DIRNAME/lib/replay.pl" "$log")
	[ "$entries" -gt 50 ]
	for ((entry = step < 3 ? 0 : $$ % step; entry < entries; entry += step)); do
		marks=$((marks + $(perl "$BATS_TEST_DIRNAME/lib/replay.pl" "$log" \
			"$medium.base" "$last" "$entry")))
		last=$entry
		check_cut "$entry" "$marks"
	done
	echo "# $entries writes"
	[ "$marks" -gt 3 ]
}
