#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# fio writes patterns of random places and sizes from several jobs, and verifies them.
# shellcheck disable=SC2154 # fs_make sets fs

load lib/scst
load lib/vdisk

# verify_with_fio DISK [FIO-OPTION...]: three jobs, a part of the disk each.
verify_with_fio() {
	local disk=$1

	shift
	fio --name=verify --filename="$disk" --numjobs=3 --offset_increment=5m \
		--size=5m --rw=randrw --rwmixwrite=70 --bsrange=512-128k \
		--verify=crc32c --verify_fatal=1 --direct=1 --ioengine=libaio \
		--iodepth=16 --group_reporting --minimal "$@"
}

setup() {
	requires fio
	scst_up
	fs_make 48M
	make_target t0 i0
}

@test "fio detects a disk that loses data" {
	run verify_with_fio "$(add_disk t0 0 nullio size=16M)"
	[ "$status" -ne 0 ]
	matches '*verify*' "$output"
}

@test "fio verifies all data written through the page cache" {
	disk=$(add_disk t0 0 fileio "path=$fs/file" size=16M)
	verify_with_fio "$disk" --loops=2
	verify_with_fio "$disk" --fsync=16
}

@test "fio verifies all data written with direct I/O" {
	disk=$(add_disk t0 0 fileio "path=$fs/file" size=16M direct=1)
	verify_with_fio "$disk" --loops=2
	verify_with_fio "$disk" --blockalign=4096 --bsrange=4k-256k
}

@test "fio verifies all data written with write_through" {
	disk=$(add_disk t0 0 fileio "path=$fs/file" size=16M block_size=4096 write_through=1)
	verify_with_fio "$disk" --bsrange=4k-128k
}

@test "fio verifies all data written to a block device" {
	truncate -s 16M "$fs/medium"
	block=$(losetup -f --show "$fs/medium")
	disk=$(add_disk t0 0 blockio "path=$block")
	verify_with_fio "$disk" --iodepth=32
	verify_with_fio "$disk" --blockalign=4096 --bsrange=4k-1m --iodepth=32 --fsync=16
	scst_clear
	losetup -d "$block"
}

@test "fio verifies all data written to a block device without a worker" {
	modprobe scsi_debug dev_size_mb=16 delay=0 max_queue=64
	for node in /sys/bus/pseudo/drivers/scsi_debug/adapter*/host*/target*/*/block/*; do
		block=${node##*/}
	done
	wait_until 20 node_is_ready "/dev/$block"
	echo none >"/sys/block/$block/queue/scheduler"
	disk=$(add_disk t0 0 blockio "path=/dev/$block")
	verify_with_fio "$disk" --iodepth=32
	verify_with_fio "$disk" --blockalign=4096 --bsrange=4k-1m --iodepth=32 --fsync=16
	scst_clear
	wait_until 20 modprobe -q -r scsi_debug
}
