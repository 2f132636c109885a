#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# The sample device handler, samples/scst/scst_ram.c, with a real initiator

load lib/scst
load lib/vdisk

@test "fio verifies all data written to a RAM disk" {
	requires fio
	make_target t0 i0
	disk=$(add_disk t0 0 ram size=8388608)
	equal 8388608 "$(disk_size "$disk")"
	fio --name=verify --filename="$disk" --numjobs=2 --offset_increment=4m --size=4m \
		--rw=randrw --bsrange=512-64k --verify=crc32c --verify_fatal=1 --direct=1 \
		--ioengine=libaio --iodepth=8 --minimal
}

@test "VERIFY compares data with the medium, and reports the first difference" {
	requires sg_verify
	make_target t0 i0
	add_disk t0 0 ram size=1048576
	sg=$(wait_for_sg t0 i0 0)
	printf '%01024d' 0 >"$BATS_TEST_TMPDIR/zeroes"
	sg_raw -s 1024 -i "$BATS_TEST_TMPDIR/zeroes" "$sg" 2a 00 00 00 00 05 00 00 02 00
	sg_verify --ndo=1024 --in="$BATS_TEST_TMPDIR/zeroes" --lba=5 --count=2 "$sg"
	# one block, with which both are compared: BYTCHK 11b
	sg_verify --ebytchk=3 --ndo=512 --in="$BATS_TEST_TMPDIR/zeroes" --lba=5 --count=2 "$sg"
	printf '%0700d1%0323d' 0 0 >"$BATS_TEST_TMPDIR/other"
	equal 'Miscompare: Miscompare during verify operation: 700' \
		"$(sense_of -s 1024 -i "$BATS_TEST_TMPDIR/other" "$sg" 2f 02 00 00 00 05 00 00 02 00)"
}

@test "a RAM disk is empty after it is enabled again" {
	make_target t0 i0
	disk=$(add_disk t0 0 ram)
	echo here | dd of="$disk" conv=sync status=none oflag=direct bs=512
	equal here "$(dd if="$disk" status=none iflag=direct bs=512 count=1 | head -c 4)"
	attr_set devices/ram/d0/enable 0
	attr_set devices/ram/d0/enable 1
	equal '' "$(dd if="$disk" status=none iflag=direct bs=512 count=1 | tr -d '\0')"
}

@test "size refuses invalid values, and a lack of memory is reported" {
	mkdir -p devices/ram/d0
	attr_round_trip devices/ram/d0/size 512 1048576
	attr_refuses EINVAL devices/ram/d0/size 0
	attr_refuses EINVAL devices/ram/d0/size 513
	attr_refuses EINVAL devices/ram/d0/size much
	attr_set devices/ram/d0/size 1099511627776
	expect ENOMEM attr_write devices/ram/d0/enable 1
	attr_is devices/ram/d0/last_error "no memory for 1099511627776 bytes"
	attr_set devices/ram/d0/size 1048576
	attr_set devices/ram/d0/enable 1
	attr_refuses EBUSY devices/ram/d0/size 512
}
