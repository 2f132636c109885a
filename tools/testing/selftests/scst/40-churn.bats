#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# Devices, LUNs, targets and sessions are made and removed from several shells at once, under I/O,
# for $SCST_CHURN_SECONDS.
#
# The shells get in each other's way. A failed operation does not matter, as long as nothing
# hangs, leaks or crashes, and everything works afterwards.

load lib/scst

seconds=${SCST_CHURN_SECONDS:-60}
stop=$BATS_TEST_TMPDIR/stop

# churn COMMAND...: repeats it until $stop exists.
churn() {
	while [ ! -e "$stop" ]; do
		"$@"
	done >/dev/null 2>&1
}

churn_devices() {
	make_device nullio "n$1" size=16M
	make_device fileio "f$1" "path=$BATS_TEST_TMPDIR/image$1"
	sleep 0.0$((RANDOM % 10))
	attr_set "devices/nullio/n$1/enable" 0
	attr_set "devices/nullio/n$1/size" $((RANDOM % 16 + 1))M
	attr_set "devices/nullio/n$1/enable" 1
	rmdir "devices/nullio/n$1" "devices/fileio/f$1"
}

churn_luns() {
	local handler

	for handler in nullio/n fileio/f; do
		link_lun "t$1" $((RANDOM % 4)) "$handler$((RANDOM % 2))"
	done
	sleep 0.0$((RANDOM % 10))
	for lun in "$scst_targets/t$1/luns"/*; do
		unlink_lun "t$1" "${lun##*/}"
		rmdir "$lun"
	done
}

churn_targets() {
	make_target "t$1" i0
	sleep 0.$((RANDOM % 10))
	attr_set "$scst_targets/t$1/enable" 0
	remove_initiator "t$1" i0
	rmdir "$scst_targets/t$1"
}

churn_sessions() {
	add_initiator t0 "s$1"
	sleep 0.$((RANDOM % 5))
	remove_initiator t0 "s$1"
}

# I/O to every disk that exists now, some at a time. A disk that disappears must not become a file
# of that name.
churn_io() {
	local disk

	for disk in /sys/class/scsi_host/host*/device/target*/*/block/sd*; do
		grep -q SCST "$disk/device/vendor" || continue
		disk=/dev/${disk##*/}
		timeout -s KILL 5 dd if=/dev/zero of="$disk" bs=64k count=64 \
			conv=nocreat oflag=direct &
		timeout -s KILL 5 dd if="$disk" of=/dev/null bs=4k count=256 iflag=direct
	done
	wait
}

churn_reading() {
	cat devices/*/*/* targets/*/*/* targets/*/*/luns/*/* \
		targets/*/*/initiators/*/*
	cat /sys/class/scst_*/*/* \
		/sys/class/scst_*/*/{statistics,lun*,lun*/statistics}/*
	sleep 0.05
}

@test "all objects can be made and removed concurrently under I/O" {
	for n in 0 1; do
		truncate -s 16M "$BATS_TEST_TMPDIR/image$n"
		mkdir -p devices/nullio devices/fileio "$scst_targets/t$n"
		background churn churn_devices $n
		background churn churn_luns $n
		background churn churn_sessions $n
	done
	background churn churn_targets 1
	attr_set "$scst_targets/t0/enable" 1
	add_initiator t0 i0
	background churn churn_io
	background churn churn_reading
	sleep "$seconds"
	: >"$stop"
	jobs_end 60
	scst_clear
	disk=$(export_disk nullio size=1M)
	dd if="$disk" of=/dev/null bs=64k iflag=direct status=none
}

# session_round N: one initiator's life; its disk is read and written.
session_round() {
	local disk

	add_initiator t0 "i$1" &&
		disk=$(wait_for_disk t0 "i$1" 0) &&
		dd if=/dev/zero of="$disk" bs=64k count=16 conv=nocreat \
			oflag=direct status=none &&
		dd if="$disk" of=/dev/null bs=64k count=16 iflag=direct status=none &&
		remove_initiator t0 "i$1"
}

session_rounds() {
	local left=5

	while [ $((left -= 1)) -ge 0 ]; do
		session_round "$1" || return
	done
	: >"$BATS_TEST_TMPDIR/done$1"
}

@test "initiators that log in and out do not disturb each other" {
	make_device nullio d0 size=16M
	make_target t0
	link_lun t0 0 nullio/d0
	for n in 1 2 3 4; do
		background session_rounds $n
	done
	for n in 1 2 3 4; do
		wait_until 120 test -e "$BATS_TEST_TMPDIR/done$n"
	done
}
