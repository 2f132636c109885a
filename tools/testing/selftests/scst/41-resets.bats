#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# Resets, timeouts with aborts, log-outs and removals, while fio writes and verifies data through
# several initiators, for $SCST_LOAD_SECONDS: no command and no data is lost, and nothing hangs.
# shellcheck disable=SC2154 # fs_make sets fs

load lib/scst
load lib/vdisk

seconds=${SCST_LOAD_SECONDS:-15}
stop=$BATS_TEST_TMPDIR/stop
alone=$BATS_TEST_TMPDIR/alone

# The backend must answer again, even if the test has failed.
teardown() {
	local status=0

	: >"$stop"
	dmsetup resume scst_fs 2>/dev/null || true
	scst_down || status=1
	fs_down || status=1
	return "$status"
}

# again NAME COMMAND...: repeats it until $stop exists, whether it fails or not. It leaves a mark
# at the end.
again() {
	local name=$1

	shift
	while [ ! -e "$stop" ]; do
		"$@" >/dev/null 2>&1
	done
	: >"$BATS_TEST_TMPDIR/ended-$name"
}

# verify NAME DISK OFFSET: until $stop exists, or fio has found wrong data or an error.
verify() {
	while [ ! -e "$stop" ]; do
		fio --name="$1" --filename="$2" --offset="$3" --size=3m --rw=randrw \
			--rwmixwrite=70 --bsrange=512-64k --verify=crc32c \
			--verify_fatal=1 --direct=1 --ioengine=libaio --iodepth=16 \
			--minimal >"$BATS_TEST_TMPDIR/fio-$1" 2>&1 || return
	done
	: >"$BATS_TEST_TMPDIR/ended-$1"
}

reset() {
	local kinds=(-d -t -b -H)

	[ -e "$alone" ] || sg_reset -N "${kinds[RANDOM % 4]}" "${sgs[RANDOM % ${#sgs[@]}]}"
	scst_sleep 0.1$((RANDOM % 10))
}

# pause SECONDS: the backend does not answer
pause() {
	dmsetup suspend --nolockfs scst_fs
	scst_sleep "$1"
	dmsetup resume scst_fs
}

# The first pause is longer than a command may take, so that it is aborted. The second one is so
# long that the initiator waits for nothing else, but shorter than fence_ms.
suspend() {
	pause $((2 + RANDOM % 3))
	scst_sleep 2
	: >"$alone"
	pause 14
	rm "$alone"
	scst_sleep 2
}

# Another initiator logs in, is disconnected, and is removed.
log_out() {
	add_initiator t0 other
	scst_sleep 0.$((RANDOM % 5))
	attr_write "$scst_targets/t0/sessions/other/disconnect" 1
	scst_sleep 0.$((RANDOM % 5))
	remove_initiator t0 other
}

unlink_and_link() {
	unlink_lun t0 2
	scst_sleep 0.$((RANDOM % 5))
	link_lun t0 2 nullio/d2
	scst_sleep 0.$((RANDOM % 5))
}

# disks_of INITIATOR: adds its LUNs 0 and 1 to $disks, and their sg nodes to $sgs. A command may
# be aborted again and again, so sd must not give it up.
disks_of() {
	local lun disk where

	for lun in 0 1; do
		disk=$(wait_for_disk t0 "$1" $lun) || return
		where=/sys/block/${disk#/dev/}/device
		echo 1 >"$where/timeout"
		for where in "$where"/scsi_disk/*/max_retries; do
			echo -1 >"$where"
		done
		disks+=("$disk")
		sgs+=("$(wait_for_sg t0 "$1" $lun)")
	done
}

# all_ended SECONDS NAME...: each has left its mark.
all_ended() {
	local limit=$1 name

	shift
	for name in "$@"; do
		wait_until "$limit" test -e "$BATS_TEST_TMPDIR/ended-$name" || {
			cat "$BATS_TEST_TMPDIR/fio-$name"
			return 1
		}
	done
}

# sum FILE...: of the numbers in them, hexadecimal or not
sum() {
	local path number total=0

	for path in "$@"; do
		read -r number <"$path"
		total=$((total + number))
	done
	echo "$total"
}

# The load has caused timeouts and aborts.
timed_out_and_aborted() {
	[ "$(sum /sys/block/sd*/device/iotmo_cnt)" -gt 0 ] &&
		[ "$(sum /sys/class/scst_device/d[01]/statistics/aborts)" -gt 0 ]
}

@test "no command and no data is lost under resets, aborts and log-outs" {
	requires fio
	fs_make 48M
	make_target t0 i0 i1
	make_device fileio d0 "path=$fs/cached" size=12M fence_ms=60000
	make_device fileio d1 "path=$fs/direct" size=12M direct=1 fence_ms=60000
	make_device nullio d2 size=1M
	for lun in 0 1; do
		link_lun t0 $lun "fileio/d$lun"
	done
	link_lun t0 2 nullio/d2
	disks=()
	sgs=()
	disks_of i0
	disks_of i1

	background verify cached0 "${disks[0]}" 0
	background verify direct0 "${disks[1]}" 0
	background verify cached1 "${disks[2]}" 4m
	background verify direct1 "${disks[3]}" 4m
	background again resets reset
	background again suspends suspend
	background again logouts log_out
	background again luns unlink_and_link
	scst_sleep "$seconds"
	wait_until 60 timed_out_and_aborted
	: >"$stop"
	all_ended 120 resets suspends logouts luns cached0 direct0 cached1 direct1

	# No command is left, and both initiators see the same data.
	equal 0 "$(sum /sys/class/scst_device/d[012]/statistics/queue_depth)"
	cmp "${disks[0]}" "${disks[2]}"
	cmp "${disks[1]}" "${disks[3]}"
	scst_clear
	fsck=$(umount "$fs" && e2fsck -fn /dev/mapper/scst_fs 2>&1) || fail "$fsck"
}
