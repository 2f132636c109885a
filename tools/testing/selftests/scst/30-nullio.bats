#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# A disk without a medium.

load lib/scst
load lib/vdisk

nullio=devices/nullio/d0

@test "reads return zeroes, whatever was written" {
	disk=$(export_disk nullio size=64M)
	yes stale | head -c 4M >"$BATS_TEST_TMPDIR/old"
	for bytes in 512 4096 66048 1048576 4194304; do
		head -c $bytes "$BATS_TEST_TMPDIR/old" |
			dd of="$disk" bs=$bytes iflag=fullblock oflag=direct status=none
		dd if="$disk" bs=$bytes count=1 iflag=direct of="$BATS_TEST_TMPDIR/new" status=none
		equal $bytes "$(stat -c %s "$BATS_TEST_TMPDIR/new")"
		cmp -n $bytes "$BATS_TEST_TMPDIR/new" /dev/zero
	done
}

@test "a disk can have up to 2^64 - 1 blocks" {
	make_device nullio d0 blocks=18446744073709551615
	make_target t0 i0
	link_lun t0 0 nullio/d0
	sg=$(wait_for_sg t0 i0 0)
	matches '*Last LBA=18446744073709551614 *' "$(sg_readcap -l "$sg")"
	equal Good "$(sense_of -r 512 "$sg" 88 0 ff ff ff ff ff ff ff fe 0 0 0 1 0 0)"
	equal 'Illegal Request: Logical block address out of range' \
		"$(sense_of -r 512 "$sg" 88 0 ff ff ff ff ff ff ff fe 0 0 0 2 0 0)"
	equal 'Illegal Request: Logical block address out of range' \
		"$(sense_of -r 512 "$sg" 88 0 ff ff ff ff ff ff ff ff 0 0 0 1 0 0)"
}

@test "the capacity is set in bytes or in blocks, and the last write counts" {
	mkdir -p $nullio
	attr_refuses EINVAL $nullio/enable 1
	attr_set $nullio/blocks 8
	attr_set $nullio/size 1M
	attr_is $nullio/size 1048576
	attr_is $nullio/blocks ''
	attr_set $nullio/blocks 8
	attr_is $nullio/size ''
	attr_set $nullio/size ''
	attr_is $nullio/blocks 8
	attr_set $nullio/blocks ''
	attr_refuses EINVAL $nullio/enable 1
}

@test "numbers take suffixes, and other text is refused" {
	mkdir -p $nullio
	while read -r written read; do
		attr_set $nullio/size "$written"
		attr_is $nullio/size "$read"
	done <<-END
	1K 1024
	3m 3145728
	2G 2147483648
	5T 5497558138880
	16383P 18445618173802708992
	18446744073709551615 18446744073709551615
	END
	for nonsense in K 1KB 1.5G 0x10 ' 1' '1 ' 0 0G -1 1E; do
		attr_refuses EINVAL $nullio/size "$nonsense"
	done
	attr_refuses ERANGE $nullio/size 16384P
	attr_refuses ERANGE $nullio/size 18446744073709551616
	attr_refuses EINVAL $nullio/size 00000000000000000000000000000000001
}

@test "VERIFY succeeds for zeroes, and reports the offset of other data" {
	disk=$(export_disk nullio size=1M)
	sg=$(sg_of "$disk")
	data=$BATS_TEST_TMPDIR/data
	head -c 8192 /dev/zero >"$data"
	equal Good "$(verify_10 "$sg" 3 16 1 "$data")"
	for offset in 8191 512 511 0; do
		printf x | dd of="$data" bs=1 seek=$offset conv=notrunc status=none
		equal "Miscompare: Miscompare during verify operation: $offset" \
			"$(verify_10 "$sg" 3 16 1 "$data")"
	done
	truncate -s 0 "$data"
	truncate -s 512 "$data"
	equal Good "$(verify_10 "$sg" 0 2048 3 "$data")"
	printf x | dd of="$data" bs=1 seek=17 conv=notrunc status=none
	equal 'Miscompare: Miscompare during verify operation: 17' \
		"$(verify_10 "$sg" 0 2048 3 "$data")"
}

@test "the initiator sees no cache, and SYNCHRONIZE CACHE succeeds" {
	disk=$(export_disk nullio size=1M)
	equal 'write through' "$(cache_type "$disk")"
	equal Good "$(sync_10 "$(sg_of "$disk")")"
}

@test "rotational and read_only reach the initiator" {
	disk=$(export_disk nullio size=1M)
	queue=/sys/block/${disk#/dev/}/queue
	equal 0 "$(cat "$queue/rotational")"
	equal 0 "$(blockdev --getro "$disk")"
	scst_clear
	disk=$(export_disk nullio size=1M rotational=1 read_only=1)
	queue=/sys/block/${disk#/dev/}/queue
	equal 1 "$(cat "$queue/rotational")"
	equal 1 "$(blockdev --getro "$disk")"
	equal 'Data Protect: Write protected' "$(write_10 "$(sg_of "$disk")" 0 1 x)"
}
