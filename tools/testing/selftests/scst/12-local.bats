#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# Initiators on the same machine: transfers that do not fit, absent LUNs, LUNs that come and go,
# resets, timeouts, removal under I/O

load lib/scst

image=$BATS_TEST_TMPDIR/image

# Block 0 of the image is all 'a', block 1 all 'b', and so on.
make_image() {
	local letter

	for letter in a b c d e f g h; do
		head -c 512 /dev/zero | tr '\0' $letter
	done >"$image"
	truncate -s 1M "$image"
	cp "$image" "$image.orig"
}

# export_image: exports it as LUN 0 of t0 to i0; prints the sg node.
export_image() {
	make_image
	export_disk fileio "path=$image" >/dev/null
	wait_for_sg t0 i0 0
}

image_is_untouched() {
	cmp "$image" "$image.orig"
}

# received BYTES ARGUMENT...: sg_raw succeeds, and receives so many.
received() {
	local wanted=$1

	shift
	run sg_raw "$@"
	echo "$output"
	[ "$status" -eq 0 ]
	[[ $output == *"Received $wanted bytes"* ]]
}

# ends STATUS ARGUMENT...: the exit status of sg_raw: 5 is ILLEGAL REQUEST, 9 INVALID COMMAND
# OPERATION CODE, 22 LOGICAL BLOCK ADDRESS OUT OF RANGE.
ends() {
	local wanted=$1

	shift
	run sg_raw "$@"
	echo "$output"
	equal "$wanted" "$status"
}

# --- transfers

@test "a short transfer is an underflow, and a long one is truncated" {
	sg=$(export_image)
	received 36 -r 512 "$sg" 12 00 00 00 24 00
	ends 0 -o "$image.out" -r 4096 "$sg" 28 00 00 00 00 01 00 00 01 00
	equal 512 "$(stat -c %s "$image.out")"
	cmp -n 512 "$image.out" "$image" 0 512

	ends 0 -o "$image.out" -r 512 "$sg" 28 00 00 00 00 02 00 00 04 00
	cmp -n 512 "$image.out" "$image" 0 1024
	ends 0 "$sg" 28 00 00 00 00 01 00 00 04 00
}

@test "a write ignores excess data, and is refused with too little" {
	sg=$(export_image)
	ends 5 -s 512 -i /dev/zero "$sg" 2a 00 00 00 00 01 00 00 02 00
	ends 5 "$sg" 2a 00 00 00 00 01 00 00 01 00
	image_is_untouched

	ends 0 -s 2048 -i /dev/zero "$sg" 2a 08 00 00 00 01 00 00 01 00
	cmp -n 512 "$image" "$image.orig"
	cmp -n 512 "$image" /dev/zero 512
	cmp "$image" "$image.orig" 1024 1024
}

@test "data in the wrong direction is refused, and unneeded data is residual" {
	sg=$(export_image)
	ends 5 -s 512 -i /dev/zero "$sg" 28 00 00 00 00 01 00 00 01 00
	ends 5 -r 512 "$sg" 2a 00 00 00 00 01 00 00 01 00
	ends 5 -s 36 -i /dev/zero "$sg" 12 00 00 00 24 00

	ends 0 -s 512 -i /dev/zero "$sg" 00 00 00 00 00 00
	ends 0 -r 512 "$sg" 00 00 00 00 00 00
	[[ $output != *'Received 512'* ]]
	image_is_untouched
}

@test "unknown commands, unknown fields and blocks out of range are refused" {
	sg=$(export_image)
	ends 9 "$sg" ff 00 00 00 00 00
	ends 9 "$sg" 02 00 00 00 00 00
	ends 5 "$sg" 00 00 00 00 01 00
	ends 22 -r 512 "$sg" 28 00 00 00 08 00 00 00 01 00
	ends 22 -r 1024 "$sg" 28 00 00 00 07 ff 00 00 02 00
	ends 22 -s 512 -i /dev/zero "$sg" 2a 00 ff ff ff ff 00 00 01 00
	image_is_untouched
}

@test "the largest transfers work at queue depths 1 and 64" {
	disk=$(export_disk nullio size=64M)
	depth=/sys/block/${disk##*/}/device/queue_depth
	for value in 1 64; do
		echo $value >"$depth"
		equal $value "$(cat "$depth")"
		dd if=/dev/zero of="$disk" bs=32M count=2 oflag=direct status=none
		dd if="$disk" bs=32M count=2 iflag=direct status=none |
			cmp -n $((64 << 20)) - /dev/zero
	done
}

# --- LUNs

# scan TARGET INITIATOR ADDRESS: as an administrator does
scan() {
	echo "$3" >"/sys/class/scsi_host/$(host_of "$1" "$2")/scan"
}

@test "a scan finds the linked LUNs, and the well known logical unit lists them" {
	make_target t0 i0
	for lun in 300 7 255; do
		make_device nullio "d$lun" size=1M
		link_lun t0 $lun "nullio/d$lun"
		wait_for_disk t0 i0 $lun
	done
	scan t0 i0 '- - -'
	scan t0 i0 '0 0 0'
	scan t0 i0 '0 0 9'
	host=$(host_of t0 i0)
	equal "$(printf "${host#host}:0:0:%s\n" 16684 255 7)" \
		"$(basename -a "/sys/class/scsi_device/${host#host}:"*)"

	scan t0 i0 '0 0 49409'
	node=$(basename "/sys/class/scsi_device/${host#host}:0:0:49409/device/scsi_generic"/*)
	luns=$(sg_luns "/dev/$node" | grep -E -o '[0-9a-f]{16}' | tr '\n' ' ')
	equal '0007000000000000 00ff000000000000 412c000000000000 ' "$luns"
}

lun_0_is_2m() {
	[ "$(disk_size "$(node_of t0 i0 0 block)")" = $((2 << 20)) ]
} 2>/dev/null

@test "changed LUNs and capacities are noticed without a scan" {
	make_device nullio d0 size=1M
	make_device nullio d1 size=2M
	make_target t0 i0
	link_lun t0 0 nullio/d0
	disk=$(wait_for_disk t0 i0 0)
	link_lun t0 1 nullio/d1
	wait_for_disk t0 i0 1
	unlink_lun t0 1
	wait_for_no_lun t0 i0 1
	equal "$disk" "$(wait_for_disk t0 i0 0)"

	# another device behind the LUN
	for _ in 1 2 3; do
		unlink_lun t0 0
		link_lun t0 0 nullio/d1
		wait_until 10 lun_0_is_2m
		unlink_lun t0 0
		link_lun t0 0 nullio/d0
	done
	# changes faster than the initiator can scan
	for _ in 1 2 3; do
		for _ in 1 2 3 4 5 6 7 8; do
			unlink_lun t0 0
			link_lun t0 0 nullio/d0
		done
		unlink_lun t0 0
		link_lun t0 0 nullio/d1
		wait_until 10 lun_0_is_2m
	done
	unlink_lun t0 0
	link_lun t0 0 nullio/d0
	disk=$(wait_for_disk t0 i0 0)

	attr_set devices/nullio/d0/enable 0
	attr_set devices/nullio/d0/size 2M
	attr_set devices/nullio/d0/enable 1
	wait_until 10 lun_0_is_2m
	equal "$disk" "$(node_of t0 i0 0 block)"
}

# --- resets and removal

# Reads until it is killed; leaves a mark if a read fails.
keep_reading() {
	while dd if="$1" of=/dev/null bs=64k iflag=direct status=none; do
		:
	done
	: >"$BATS_TEST_TMPDIR/reading-failed"
}

@test "I/O survives resets of every kind" {
	disk=$(export_disk nullio size=64M)
	sg=$(wait_for_sg t0 i0 0)
	background keep_reading "$disk"
	for kind in -d -t -b -H; do
		for _ in 1 2 3; do
			sg_reset -N $kind "$sg"
		done
	done
	[ ! -e "$BATS_TEST_TMPDIR/reading-failed" ]
	dd if="$disk" of=/dev/null bs=1M iflag=direct status=none
}

@test "a LUN reset is reported to the other initiators as a unit attention" {
	make_device nullio d0 size=1M
	make_target t0 i0 i1
	link_lun t0 0 nullio/d0
	wait_for_disk t0 i0 0
	wait_for_disk t0 i1 0
	other=$(wait_for_sg t0 i1 0)
	wait_until 5 sg_turs "$other"
	sg_reset -N -d "$(wait_for_sg t0 i0 0)"
	run sg_turs -v "$other"
	[ "$status" -eq 6 ]
	sg_turs "$other"
}

@test "an initiator and a LUN can be removed under I/O" {
	disk=$(export_disk nullio size=64M)
	background keep_reading "$disk"
	sleep 0.5
	bounded 10 remove_initiator t0 i0
	wait_until 20 test ! -b "$disk"
	wait_until 20 test -e "$BATS_TEST_TMPDIR/reading-failed"

	kill_jobs
	scst_clear
	disk=$(export_disk nullio size=64M)
	background keep_reading "$disk"
	sleep 0.5
	bounded 10 rm "$scst_targets/t0/luns/0/d0"
	wait_for_no_lun t0 i0 0
	bounded 10 rmdir devices/nullio/d0
}

@test "an initiator whose disk is mounted can be removed and added again" {
	requires mkfs.ext4
	tree=$BATS_TEST_TMPDIR/tree
	truncate -s 64M "$image"
	mkdir "$tree"
	disk=$(export_disk fileio "path=$image")
	mkfs.ext4 -q "$disk"
	mount "$disk" "$tree"
	echo precious >"$tree/file"
	sync -f "$tree"
	bounded 10 remove_initiator t0 i0
	wait_until 20 test ! -b "$disk"
	umount -l "$tree"
	add_initiator t0 i0
	mount "$(wait_for_disk t0 i0 0)" "$tree"
	equal precious "$(cat "$tree/file")"
	umount "$tree"
}

# --- features of scst_local alone: directories of initiators, and their hosts

long_name() {
	head -c "$1" /dev/zero | tr '\0' a
}

# bats test_tags=local
@test "initiator names are unique within a target, and at most 223 bytes long" {
	target=$scst_targets/t0
	mkdir -p "$target"
	mkdir "$target/initiators/$(long_name 223)"
	expect ENAMETOOLONG mkdir "$target/initiators/$(long_name 224)"
	matches 'initiators/aaa*more than 223 bytes' "$(attr_get "$target/last_error")"
	mkdir "$target/initiators/i0"
	attr_is "$target/last_error" ''
	expect EEXIST mkdir "$target/initiators/i0"
	expect EPERM rmdir "$target/initiators"
}

# bats test_tags=local
@test "an initiator has a host while its target is enabled, and holds the target" {
	initiator=$scst_targets/t0/initiators/i0
	make_device nullio d0 size=1M
	link_lun t0 0 nullio/d0
	mkdir "$initiator"
	attr_is "$initiator/host" ''
	expect EACCES attr_write "$initiator/host" host1
	expect ENOTEMPTY rmdir "$scst_targets/t0"
	for _ in 1 2; do
		attr_set "$scst_targets/t0/enable" 1
		disk=$(wait_for_disk t0 i0 0)
		attr_is "$initiator/host" "$(host_of t0 i0)"
		attr_set "$scst_targets/t0/enable" 0
		[ ! -b "$disk" ]
		attr_is "$initiator/host" ''
	done
}

# bats test_tags=local
@test "an initiator whose session is ended logs in again by itself" {
	disk=$(export_disk nullio size=1M)
	host=$(host_of t0 i0)
	exec {old}<"$disk"
	attr_set "$scst_targets/t0/sessions/i0/disconnect" 1
	has_another_host() {
		find_host t0 i0 && [ "$scst_host" != "$host" ]
	}
	wait_until 20 has_another_host
	wait_for_disk t0 i0 0
	exec {old}<&-
	rmdir "$scst_targets/t0/initiators/i0"
	[ ! -e "$scst_targets/t0/sessions/i0" ]
}

# --- a backend that does not answer

# Exports a device on a file in a file system that can be frozen. That file system is on a disk of
# target below. Prints the disk.
export_frozen_disk() {
	frozen=$BATS_TEST_TMPDIR/frozen
	mkdir -p "$frozen"
	truncate -s 64M "$image"
	make_device fileio below "path=$image"
	make_target below i0
	link_lun below 0 fileio/below
	disk=$(wait_for_disk below i0 0)
	mkfs.ext4 -q -O ^has_journal "$disk"
	mount "$disk" "$frozen"
	truncate -s 8M "$frozen/image"
	export_disk fileio "path=$frozen/image"
}

freeze() {
	fsfreeze -f "$BATS_TEST_TMPDIR/frozen"
}

thaw() {
	fsfreeze -u "$BATS_TEST_TMPDIR/frozen"
}

teardown() {
	thaw 2>/dev/null || true
	scst_clear_above
	scst_down
}

# The device of t0 keeps the file system busy, so it goes first.
scst_clear_above() {
	remove_initiators t0
	disable devices/fileio/d0/enable
} >/dev/null 2>&1

write_block() {
	dd if=/dev/urandom of="$1" bs=4k count=1 oflag=direct status=none &&
		: >"$BATS_TEST_TMPDIR/written"
}

@test "a write that exceeds its timeout is aborted and repeated" {
	requires fsfreeze mkfs.ext4
	disk=$(export_frozen_disk)
	echo 1 >"/sys/block/${disk##*/}/device/timeout"
	freeze
	background write_block "$disk"
	sleep 4
	[ ! -e "$BATS_TEST_TMPDIR/written" ]
	thaw
	wait_until 30 test -e "$BATS_TEST_TMPDIR/written"
	dd if="$disk" of=/dev/null bs=4k count=1 iflag=direct status=none
}

@test "an initiator, LUN and target can be removed while the backend hangs" {
	requires fsfreeze mkfs.ext4
	disk=$(export_frozen_disk)
	attr_set devices/fileio/d0/drain_ms 500
	attr_set "$scst_targets/t0/drain_ms" 500
	freeze
	background write_block "$disk"
	sleep 1
	bounded 10 remove_initiator t0 i0
	bounded 10 rm "$scst_targets/t0/luns/0/d0"
	bounded 10 rmdir "$scst_targets/t0/luns/0"
	bounded 10 rmdir "$scst_targets/t0"
	expect ETIMEDOUT attr_write devices/fileio/d0/enable 0
	attr_is devices/fileio/d0/state draining
	thaw
	wait_until 30 grep -q idle devices/fileio/d0/state
}
