#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# Block commands, as an initiator sees them.
# shellcheck disable=SC2046,SC2086 # the bytes of a CDB are words
# shellcheck disable=SC2154 # standard_disks sets sg and image

load lib/scst
load lib/sg

out_of_range='Illegal Request: Logical block address out of range'
miscompare='Miscompare: Miscompare during verify operation'

# write_blocks DEVICE OPCODE BYTE1 LBA BLOCKS: with new data
write_blocks() {
	head -c $(($5 * 512)) /dev/urandom >"$BATS_TEST_TMPDIR/written"
	send_blocks "$@"
}

# send_blocks DEVICE OPCODE BYTE1 LBA BLOCKS [SENT-BLOCKS]: with the data that was written last
send_blocks() {
	scsi -s $((${6-$5} * 512)) -i "$BATS_TEST_TMPDIR/written" "$1" "$2:$3:$4:$5"
}

# reads_back DEVICE OPCODE BYTE1 LBA BLOCKS
reads_back() {
	good -r $(($5 * 512)) -o "$BATS_TEST_TMPDIR/read" "$1" "$2:$3:$4:$5" &&
		cmp "$BATS_TEST_TMPDIR/read" "$BATS_TEST_TMPDIR/written"
}

@test "READ CAPACITY returns the last block and the block size" {
	returns '00 01 ff ff 00 00 02 00' -r 8 "$sg" 25 00 00 00 00 00 00 00 00 00
	good -r 512 "$sg" 9e 10 00 00 00 00 00 00 00 00 00 00 02 00 00 00
	equal '00 00 00 00 00 01 ff ff 00 00 02 00 00 00 c0 00' "${data[*]:0:16}"
	equal 32 ${#data[@]}
	returns '00 00 00 00 00 01 ff ff 00 00 02 00' \
		-r 12 "$sg" 9e 10 00 00 00 00 00 00 00 00 00 00 00 0c 00 00
	# an address and PMI, which are obsolete
	refused 'byte 5 bit 0' -r 8 "$sg" 25 00 00 00 00 01 00 00 00 00
	refused 'byte 14 bit 0' -r 32 "$sg" 9e 10 00 00 00 00 00 00 00 00 00 00 00 20 01 00
}

@test "READ CAPACITY(10) returns FFFFFFFFh for disks that need READ CAPACITY(16)" {
	for blocks in 4294967295 4294967296 4294967297 18446744073709551615; do
		make_device nullio d2 blocks=$blocks
		link_lun t0 2 nullio/d2
		device=$(wait_for_sg t0 i0 2)
		printf -v last %016x $((blocks - 1))
		good -r 32 "$device" 9e 10 00 00 00 00 00 00 00 00 00 00 00 20 00 00
		equal "$last" "$(printf %s "${data[@]:0:8}")"
		good -r 8 "$device" 25 00 00 00 00 00 00 00 00 00
		[ $last = 00000000fffffffe ] || last=ffffffffffffffff
		equal ${last:8} "$(printf %s "${data[@]:0:4}")"
		unlink_lun t0 2
		wait_for_no_lun t0 i0 2
		remove_device nullio/d2
	done
	# REPORT LUNS clears the unit attention of these changes.
	good -r 64 "$sg" a0 00 00 00 00 00 00 00 00 40 00 00
}

@test "every READ command returns data of every WRITE command" {
	lba=0
	for write in 0a 2a aa 8a 2e ae 8e; do
		lba=$((lba + 100))
		ends Good write_blocks "$sg" $write 00 $lba 9
		for read in 08 28 a8 88; do
			reads_back "$sg" $read 00 $lba 9
		done
		cmp -n $((9 * 512)) -i 0:$((lba * 512)) "$BATS_TEST_TMPDIR/written" \
			"$image"
	done
}

@test "length zero is 256 blocks in 6-byte commands, and none in the others" {
	ends Good write_blocks "$sg" 0a 00 300 256
	reads_back "$sg" 08 00 300 256
	for opcode in 28 a8 88 2a aa 8a 2e ae 8e 2f af 8f; do
		good "$sg" $opcode:00:0:0
		good "$sg" $opcode:00:131072:0
		ends "$out_of_range" scsi "$sg" $opcode:00:131073:0
	done
	reads_back "$sg" 28 00 300 256
}

@test "blocks beyond the last one are out of range for every command" {
	ends Good write_blocks "$sg" 8a 00 131070 2
	for opcode in 08 28 a8 88; do
		reads_back "$sg" $opcode 00 131070 2
		ends "$out_of_range" scsi -r 1024 "$sg" $opcode:00:131071:2
	done
	for opcode in 0a 2a aa 8a 2e ae 8e; do
		ends "$out_of_range" send_blocks "$sg" $opcode 00 131071 2
	done
	for opcode in 2f af 8f 35 91; do
		good "$sg" $opcode:00:131070:2
		ends "$out_of_range" scsi "$sg" $opcode:00:131071:2
	done
	# LBA plus length must not wrap around.
	for opcode in 88 8f 91; do
		ends "$out_of_range" scsi -r 1024 "$sg" $opcode:00:-1:2
	done
	reads_back "$sg" 28 00 131070 2
}

@test "a transfer above the limit of VPD page B0h is refused" {
	good -r 64 "$sg" 12 01 b0 00 40 00
	limit=$((16#${data[8]}${data[9]}${data[10]}${data[11]}))
	[ "$limit" -gt 0 ]
	refused 'byte 10 bit 7' -r 512 "$sg" 88:00:0:$((limit + 1))
	refused 'byte 6 bit 7' -r 512 "$sg" a8:00:0:$((limit + 1))
	refused 'byte 10 bit 7' "$sg" 8f:00:0:$((limit + 1))
	good "$sg" 8f:00:0:$limit
	# SYNCHRONIZE CACHE transfers no data, so the limit does not apply.
	good "$sg" 91:00:0:131072
}

@test "DPO and FUA are accepted, protection and group numbers are refused" {
	for opcode in 2a aa 8a; do
		ends Good write_blocks "$sg" $opcode 18 40 1
	done
	for opcode in 28 a8 88; do
		reads_back "$sg" $opcode 18 40 1
		refused 'byte 1 bit 5' -r 512 "$sg" $opcode:20:0:1
	done
	for opcode in 2f af 8f; do
		good "$sg" $opcode:10:0:1
		refused 'byte 1 bit 7' "$sg" $opcode:80:0:1
	done
	refused 'byte 6 bit 4' -r 512 "$sg" 28 00 00 00 00 00 10 00 01 00
	refused 'byte 14 bit 0' -r 512 "$sg" 88 00 00 00 00 00 00 00 00 00 00 00 00 01 01 00
}

@test "VERIFY compares data according to BYTCHK" {
	write_blocks "$sg" 2a 00 8 2
	for opcode in 2f af 8f; do
		good "$sg" $opcode:00:8:2
		ends Good send_blocks "$sg" $opcode 02 8 2
		ends "$miscompare" send_blocks "$sg" $opcode 02 9 2
		# one block against two that differ, and against zeroes
		ends Good send_blocks "$sg" $opcode 06 8 1
		ends "$miscompare" send_blocks "$sg" $opcode 06 8 2 1
		good -s 512 -i /dev/zero "$sg" $opcode:06:1000:200
		refused 'byte 1 bit 2' "$sg" $opcode:04:8:2
	done
}

@test "WRITE AND VERIFY writes, with and without comparison" {
	for opcode in 2e ae 8e; do
		ends Good write_blocks "$sg" $opcode 00 8 3
		reads_back "$sg" 28 00 8 3
		ends Good write_blocks "$sg" $opcode 02 8 3
		reads_back "$sg" 28 00 8 3
		ends 'Illegal Request: Invalid field in cdb: Command: byte 1 bit 2' \
			send_blocks "$sg" $opcode 06 8 3
	done
	sg_verify -l 8 -c 3 "$sg"
	sg_write_verify -l 8 -n 1 -i "$BATS_TEST_TMPDIR/written" -I 512 "$sg"
}

@test "SYNCHRONIZE CACHE works for a range, for all blocks, and with IMMED" {
	for opcode in 35 91; do
		good "$sg" $opcode:00:0:0
		good "$sg" $opcode:00:100:50
		good "$sg" $opcode:02:100:0
		good "$sg" $opcode:00:131072:0
		refused 'byte 1 bit 2' "$sg" $opcode:04:0:0
	done
	sg_sync "$sg"
}

@test "PRE-FETCH takes a range, all blocks, and IMMED" {
	for opcode in 34 90; do
		good "$sg" $opcode:00:8:2
		good "$sg" $opcode:02:131070:2
		good "$sg" $opcode:00:0:0
		good "$sg" $opcode:00:131072:0
		ends "$out_of_range" scsi "$sg" $opcode:00:131071:2
		ends "$out_of_range" scsi "$sg" $opcode:00:131073:0
		refused 'byte 1 bit 7' "$sg" $opcode:80:0:1
	done
	good "$sg" 34 00 00 00 00 08 1f 00 02 00
	good "$sg" 90 00 00 00 00 00 00 00 00 08 00 00 00 02 1f 00
}

@test "READ DEFECT DATA returns empty lists in every format" {
	for format in 18 11 0a 1b 04 15; do
		returns "00 $format 00 00" -r 512 "$sg" 37 00 $format 00 00 00 00 02 00 00
		returns "00 $format 00 00 00 00 00 00" \
			-r 512 "$sg" b7 $format 00 00 00 07 00 00 02 00 00 00
	done
	returns '00 18' -r 2 "$sg" 37 00 18 00 00 00 00 00 02 00
	refused 'byte 2 bit 2' -r 512 "$sg" 37 00 1f 00 00 00 00 02 00 00
	refused 'byte 1 bit 2' -r 512 "$sg" b7 0e 00 00 00 00 00 00 02 00 00 00
	refused 'byte 2 bit 7' -r 512 "$sg" 37 00 98 00 00 00 00 02 00 00
}

# or_into WRITTEN BEFORE: WRITTEN gets the bits that are set in one of the two files.
or_into() {
	perl -0777 -i -pe 'BEGIN { open my $file, "<:raw", pop @ARGV or die; $before = <$file> }
		$_ |= $before' "$@"
}

@test "ORWRITE sets the bits that are set in its data, and clears none" {
	ends Good write_blocks "$sg" 2a 00 700 20
	mv "$BATS_TEST_TMPDIR/written" "$BATS_TEST_TMPDIR/before"
	head -c $((20 * 512)) /dev/urandom >"$BATS_TEST_TMPDIR/written"
	ends Good send_blocks "$sg" 8b 00 700 20
	or_into "$BATS_TEST_TMPDIR/written" "$BATS_TEST_TMPDIR/before"
	reads_back "$sg" 28 00 700 20
	ends Good send_blocks "$sg" 8b 18 700 1
	good "$sg" 8b:00:131072:0
	ends "$out_of_range" send_blocks "$sg" 8b 00 131071 2
	refused 'byte 1 bit 7' -s 512 -i "$BATS_TEST_TMPDIR/written" "$sg" 8b:80:0:1
	refused 'byte 1 bit 1' -s 512 -i "$BATS_TEST_TMPDIR/written" "$sg" 8b:02:0:1
	reads_back "$sg" 28 00 700 20
}

@test "START STOP UNIT succeeds, and the disk stays ready" {
	# stop, with IMMED, with NO_FLUSH; start; the active power condition
	while read -r cdb; do
		good "$sg" $cdb
		good "$sg" 00 00 00 00 00 00
		returns '72 00 00 00 00 00 00 00' -r 252 "$sg" 03 01 00 00 fc 00
		ends Good write_blocks "$sg" 2a 00 0 1
		reads_back "$sg" 28 00 0 1
	done <<-CDBS
	1b 00 00 00 00 00
	1b 01 00 00 00 00
	1b 01 00 00 04 00
	1b 00 00 00 01 00
	1b 01 00 00 10 00
	CDBS
	sg_start --stop "$sg"
	sg_start --start "$sg"
}

@test "START STOP UNIT refuses to eject, and unsupported power conditions" {
	refused 'byte 4 bit 1' "$sg" 1b 00 00 00 02 00
	refused 'byte 4 bit 1' "$sg" 1b 00 00 00 03 00
	for condition in 2 3 7 a b f; do
		refused 'byte 4 bit 7' "$sg" 1b 00 00 00 ${condition}0 00
	done
	refused 'byte 3 bit 3' "$sg" 1b 00 00 01 01 00
	good "$sg" 00 00 00 00 00 00
}

@test "PREVENT ALLOW MEDIUM REMOVAL succeeds, although the medium is fixed" {
	sg_prevent "$sg"
	sg_prevent --allow "$sg"
	refused 'byte 4 bit 1' "$sg" 1e 00 00 00 02 00
	good "$sg" 1b 00 00 00 01 00
}

@test "transfers that do not match the CDB are cut or refused" {
	write_blocks "$sg" 2a 00 0 2
	# Data-In: underflow, overflow
	good -r 1024 "$sg" 28:00:0:1
	equal 512 ${#data[@]}
	good -r 512 -o "$BATS_TEST_TMPDIR/read" "$sg" 28:00:0:2
	equal 512 "$(stat -c %s "$BATS_TEST_TMPDIR/read")"
	cmp -n 512 "$BATS_TEST_TMPDIR/read" "$BATS_TEST_TMPDIR/written"
	# Data-Out: excess data is ignored, too little is refused
	ends Good send_blocks "$sg" 2a 00 4 1 2
	cmp -n 512 -i 0:2048 "$BATS_TEST_TMPDIR/written" "$image"
	cmp -n 512 -i 0:2560 /dev/zero "$image"
	send_blocks "$sg" 2a 00 6 2 1
	matches 'Illegal Request: *' "$answer"
	cmp -n 1024 -i 0:3072 /dev/zero "$image"
	# Data in the wrong direction
	scsi -r 512 "$sg" 2a:00:6:1
	matches 'Illegal Request: *' "$answer"
	cmp -n 1024 -i 0:3072 /dev/zero "$image"
}
