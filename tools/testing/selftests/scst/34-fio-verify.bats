#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# fio writes patterns in random places and sizes from several jobs, and finds all
# of them again.
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

@test "fio notices a disk that forgets" {
	run verify_with_fio "$(add_disk t0 0 nullio size=16M)"
	[ "$status" -ne 0 ]
	matches '*verify*' "$output"
}

@test "fio finds all it wrote through the page cache" {
	disk=$(add_disk t0 0 fileio "path=$fs/file" size=16M)
	verify_with_fio "$disk" --loops=2
	verify_with_fio "$disk" --fsync=16
}

@test "fio finds all it wrote with direct I/O" {
	disk=$(add_disk t0 0 fileio "path=$fs/file" size=16M direct=1)
	verify_with_fio "$disk" --loops=2
	verify_with_fio "$disk" --blockalign=4096 --bsrange=4k-256k
}

@test "fio finds all it wrote to a disk that writes through" {
	disk=$(add_disk t0 0 fileio "path=$fs/file" size=16M block_size=4096 write_through=1)
	verify_with_fio "$disk" --bsrange=4k-128k
}
