# SPDX-License-Identifier: GPL-2.0
# Loaded by the tests of disks on block devices, after lib/scst and lib/vdisk: block devices of
# several kinds
# shellcheck shell=bash disable=SC2154

null_root=/sys/kernel/config/nullb
tracing=/sys/kernel/tracing

# --- loop devices, which are served by threads

# loop_make SIZE [LOSETUP-OPTION...]: a loop device, $loop, on a new file, $loop_file
loop_make() {
	local size=$1

	shift
	modprobe -q loop
	loop_file=$BATS_TEST_TMPDIR/loop$RANDOM
	truncate -s "$size" "$loop_file"
	loop=$(losetup -f --show "$@" "$loop_file") && loops+=("$loop")
}

loops_down() {
	local status=0 device

	for device in "${loops[@]}"; do
		losetup -d "$device" || status=1
	done
	loops=()
	return "$status"
}

# --- SCSI disks of this machine, whose driver takes requests in any context

sdebug_find() {
	local node

	sdebug=
	for node in /sys/bus/pseudo/drivers/scsi_debug/adapter*/host*/target*/*/block/*; do
		sdebug=/dev/${node##*/}
	done
	node_is_ready "$sdebug"
}

# sdebug_make [MODULE-PARAMETER...]: the disk $sdebug, without a scheduler
sdebug_make() {
	modprobe scsi_debug delay=0 dev_size_mb=24 "$@" || return
	wait_until 20 sdebug_find && scheduler_off "$sdebug"
}

# Closes what a test has left open before.
sdebug_down() {
	[ ! -d /sys/module/scsi_debug ] || wait_until 20 modprobe -q -r scsi_debug
}

# scheduler_off DISK
scheduler_off() {
	echo none >"/sys/block/${1#/dev/}/queue/scheduler"
}

# --- null_blk

# null_make NAME [ATTRIBUTE=VALUE...]: /dev/NAME, without a scheduler
null_make() {
	local directory=$null_root/$1 setting

	modprobe null_blk nr_devices=0 && mkdir "$directory" || return
	for setting in "${@:2}"; do
		echo "${setting#*=}" >"$directory/${setting%%=*}" || return
	done
	echo 1 >"$directory/power"
	null=/dev/$(null_name "$directory") && wait_until 10 test -b "$null" && scheduler_off "$null"
}

# Since Linux 6.5 the disk has the name of its directory.
null_name() {
	if [ -e "/sys/block/${1##*/}" ]; then
		echo "${1##*/}"
	else
		echo "nullb$(cat "$1/index")"
	fi
}

null_down() {
	! find_there "$null_root"/*/ || rmdir "${scst_there[@]}" || return
	[ ! -d /sys/module/null_blk ] || wait_until 20 modprobe -q -r null_blk
}

# --- device mapper

# dm_make NAME: reads a table. dm_down removes the devices.
dm_make() {
	modprobe -q dm-mod
	dmsetup create "$1" && dms+=("$1")
}

# dm_table NAME: replaces the table.
dm_table() {
	dmsetup load "$1" && dmsetup suspend --nolockfs "$1" && dmsetup resume "$1"
}

dm_down() {
	local i status=0

	for ((i = ${#dms[@]} - 1; i >= 0; i--)); do
		dmsetup remove --retry "${dms[i]}" || status=1
	done
	dms=()
	return "$status"
}

# --- what reaches a block device

# flushes_of DISK: flush requests that it has completed
flushes_of() {
	awk '{ print $16 }' "/sys/block/${1#/dev/}/stat"
}

# requires_tracing EVENT: skip the test where the kernel has no such event.
requires_tracing() {
	[ -d "$tracing/events" ] || mount -t tracefs tracefs "$tracing" 2>/dev/null || true
	[ -d "$tracing/events/$1" ] || skip "the kernel does not trace $1"
}

# traced EVENT COMMAND...: prints what the kernel traces meanwhile.
traced() {
	local event=$tracing/events/$1/enable

	shift
	: >"$tracing/trace"
	echo 1 >"$event"
	"$@" >&2
	echo 0 >"$event"
	cat "$tracing/trace"
}

# lib/probe has its own, if it is loaded.
probes=()

setup() {
	loops=()
	dms=()
	scst_up
}

teardown() {
	local status=0

	[ "${#dms[@]}" -eq 0 ] || dmsetup resume "${dms[@]}"
	[ "${#probes[@]}" -eq 0 ] || probe_logout_all
	scst_down || status=1
	fs_down || status=1
	dm_down || status=1
	loops_down || status=1
	sdebug_down || status=1
	null_down || status=1
	return "$status"
}
