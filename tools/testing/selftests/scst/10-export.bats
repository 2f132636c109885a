#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# Devices become an initiator's disks, and go away again.

load lib/scst

@test "modules load on demand, and new objects are idle" {
	[ -n "$(attr_get version)" ]
	rmmod "scst_$scst_driver"
	mkdir -p devices/nullio/d0 "$scst_targets/t0"
	[ -d /sys/module/scst_vdisk ]
	[ -d "/sys/module/scst_$scst_driver" ]

	for object in devices/nullio/d0 "$scst_targets/t0"; do
		attr_is "$object/enable" 0
		attr_is "$object/state" idle
		attr_is "$object/last_error" ''
		attr_is "$object/holders" ''
	done
}

@test "a nullio disk has the configured size, takes writes and reads as zeroes" {
	disk=$(export_disk nullio size=64M)
	equal $((64 << 20)) "$(disk_size "$disk")"
	attr_is devices/nullio/d0/state active
	attr_is "$scst_targets/t0/state" active

	yes full | dd of="$disk" bs=1M count=8 oflag=direct iflag=fullblock status=none
	dd if="$disk" bs=4M count=16 iflag=direct status=none | cmp - /dev/zero -n $((64 << 20))
}

@test "block sizes from 512 to 4096 bytes reach the initiator" {
	make_target t0 i0
	for size in 512 1024 2048 4096; do
		make_device nullio "d$size" block_size=$size size=16M
		link_lun t0 0 "nullio/d$size"
		disk=$(wait_for_disk t0 i0 0)
		equal $size "$(blockdev --getss "$disk")"
		equal $((16 << 20)) "$(disk_size "$disk")"
		unlink_lun t0 0
		wait_for_no_lun t0 i0 0
	done
}

@test "a file system on a fileio disk is in the file, and survives a new export" {
	requires mkfs.ext4
	image=$BATS_TEST_TMPDIR/image
	tree=$BATS_TEST_TMPDIR/mount
	truncate -s 64M "$image"
	mkdir "$tree"
	disk=$(export_disk fileio "path=$image")
	mkfs.ext4 -q "$disk"
	mount "$disk" "$tree"
	cp -r /etc/systemd/. "$tree/"
	umount "$tree"
	cmp "$disk" "$image"
	fsck.ext4 -n -f "$image"

	scst_clear
	mount -o ro "$(export_disk fileio "path=$image")" "$tree"
	diff -r --no-dereference /etc/systemd "$tree" -x lost+found
	umount "$tree"
}

@test "a device becomes visible when it is linked, in any order of creation" {
	make_device nullio d0 size=1M
	make_target t0 i0
	mkdir "$scst_targets/t0/luns/0"
	wait_for_host t0 i0
	sleep 1
	lun_is_gone t0 i0 0
	ln -s devices/nullio/d0 "$scst_targets/t0/luns/0/"
	wait_for_disk t0 i0 0

	scst_clear
	make_device nullio d0 size=1M
	mkdir -p "$scst_targets/t0/luns/0"
	make_target t0 i0
	ln -s devices/nullio/d0 "$scst_targets/t0/luns/0/"
	wait_for_disk t0 i0 0
	add_initiator t0 i1
	wait_for_disk t0 i1 0
}

@test "each initiator has a host of its own, and a device has one WWID everywhere" {
	make_device nullio d0 size=1M
	make_device nullio d1 size=2M
	for target in t0 t1; do
		make_target $target i0 i1
		link_lun $target 0 nullio/d0
		link_lun $target 1 nullio/d1
	done
	for initiator in i0 i1; do
		equal $((1 << 20)) "$(disk_size "$(wait_for_disk t0 $initiator 0)")"
		equal $((2 << 20)) "$(disk_size "$(wait_for_disk t0 $initiator 1)")"
	done
	[ "$(host_of t0 i0)" != "$(host_of t0 i1)" ]

	wwid() {
		cat "/sys/block/$(basename "$(wait_for_disk "$@")")/device/wwid"
	}
	equal "$(wwid t0 i0 0)" "$(wwid t1 i0 0)"
	[ "$(wwid t0 i0 0)" != "$(wwid t0 i0 1)" ]
}

@test "the lowest and the highest LUNs of each addressing method work" {
	make_target t0 i0
	for lun in 0 1 255 256 16383; do
		make_device nullio "d$lun" "blocks=$((lun + 100))"
		link_lun t0 $lun "nullio/d$lun"
	done
	for lun in 0 1 255 256 16383; do
		disk=$(wait_for_disk t0 i0 $lun)
		equal $(((lun + 100) * 512)) "$(disk_size "$disk")"
	done
}

@test "a disabled device is not ready, and a disabled target has no disks" {
	disk=$(export_disk nullio size=1M)
	sg=$(wait_for_sg t0 i0 0)
	attr_set devices/nullio/d0/enable 0
	attr_is devices/nullio/d0/state idle
	run sg_turs -v "$sg"
	[ "$status" -eq 2 ]
	attr_set devices/nullio/d0/enable 1
	wait_until 10 sg_turs "$sg"
	wait_until 10 dd if="$disk" of=/dev/null bs=1M count=1 iflag=direct status=none

	attr_set "$scst_targets/t0/enable" 0
	wait_until 10 test ! -b "$disk"
	make_target t0 i0
	wait_for_disk t0 i0 0
}

@test "a LUN is read-only while another LUN of the same device is writable" {
	make_device nullio d0 size=1M
	make_target t0 i0
	mkdir "$scst_targets/t0/luns/1"
	attr_set "$scst_targets/t0/luns/1/read_only" 1
	ln -s devices/nullio/d0 "$scst_targets/t0/luns/1/"
	make_target t1 i0
	link_lun t1 0 nullio/d0
	disk=$(wait_for_disk t0 i0 1)
	equal 1 "$(blockdev --getro "$disk")"
	equal 0 "$(blockdev --getro "$(wait_for_disk t1 i0 0)")"
	run sg_raw -s 512 -i /dev/zero "$(wait_for_sg t0 i0 1)" 2a 00 00 00 00 00 00 00 01 00
	[ "$status" -eq 7 ]
}
