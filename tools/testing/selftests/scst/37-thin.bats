#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# Thin provisioning: UNMAP, WRITE SAME, GET LBA STATUS.
# shellcheck disable=SC2154,SC2030,SC2031 # lib/block sets loop and sdebug; a test is a subshell

load lib/scst
load lib/sg
load lib/vdisk
load lib/probe
load lib/block
: "${probe=}" # of lib/probe

out_of_range='Illegal Request: Logical block address out of range'
invalid_opcode='Illegal Request: Invalid command operation code'
list_length='Illegal Request: Parameter list length error'

# --- commands

# unmap_list BLOCKS...: the parameter list of UNMAP, in hex. BLOCKS is LBA:COUNT.
unmap_list() {
	local range

	printf '%04x%04x00000000' $((16 * $# + 6)) $((16 * $#))
	for range in "$@"; do
		printf '%016x%08x00000000' "${range%:*}" "${range#*:}"
	done
}

# send_list HEX SG: UNMAP with this parameter list
send_list() {
	local list=$BATS_TEST_TMPDIR/list length=$((${#1} / 2)) high low

	xxd -r -p <<<"$1" >"$list"
	printf -v high %02x $((length >> 8))
	printf -v low %02x $((length & 255))
	if [ "$length" = 0 ]; then
		scsi "$2" 42 00 00 00 00 00 00 00 00 00
	else
		scsi -s "$length" -i "$list" "$2" 42 00 00 00 00 00 00 "$high" "$low" 00
	fi
}

# unmap SG BLOCKS...
unmap() {
	send_list "$(unmap_list "${@:2}")" "$1"
}

# block_of BYTE [SIZE]: a file with a block of such bytes
block_of() {
	head -c "${2-512}" /dev/zero | tr '\0' "$1" >"$BATS_TEST_TMPDIR/block" &&
		echo "$BATS_TEST_TMPDIR/block"
}

# write_same SG OPCODE BYTE1 LBA BLOCKS BYTE [SIZE]: each of the blocks gets such bytes.
write_same() {
	scsi -s "${7-512}" -i "$(block_of "$6" "${7-512}")" "$1" "$2:$3:$4:$5"
}

# page SG CODE: sets the array data
page() {
	good -r 64 "$1" 12 01 "$2" 00 40 00
}

# field FIRST LENGTH: a number in the array data
field() {
	local hex

	printf -v hex %s "${data[@]:$1:$2}"
	echo $((16#$hex))
}

# --- data

# image_make SIZE: the file $image, filled with "x", and its copy $expected
image_make() {
	image=$BATS_TEST_TMPDIR/image
	expected=$BATS_TEST_TMPDIR/expected
	head -c "$1" /dev/zero | tr '\0' x >"$expected"
	cp "$expected" "$image"
}

# expect_bytes BYTE LBA BLOCKS [SIZE]: those blocks are to have such bytes, and no others change.
expect_bytes() {
	local size=${4-512}

	head -c $(($3 * size)) /dev/zero | tr '\0' "$1" |
		dd of="$expected" bs=1M seek=$(($2 * size)) oflag=seek_bytes conv=notrunc \
			iflag=fullblock status=none
}

# disk_has_expected DISK: its blocks, as many as are expected, are as expected.
disk_has_expected() {
	cmp "$expected" <(dd if="$1" bs=1M count=$(($(stat -c %s "$expected") >> 20)) iflag=direct \
		status=none)
}

# blocks_of FILE: 512-byte blocks that it occupies
blocks_of() {
	stat -c %b "$1"
}

# thin_disk ATTRIBUTE=VALUE...: fileio on $image. Sets disk and sg.
thin_disk() {
	disk=$(export_disk fileio "path=$image" "$@") && sg=$(sg_of "$disk")
}

# sdebug_thin: a SCSI disk of this machine that has units of 128 blocks, the first one at block 8
sdebug_thin() { # [MODULE-PARAMETER...]
	sdebug_make lbpu=1 lbpws=1 lbpws10=1 unmap_granularity=128 unmap_alignment=8 "$@"
}

# fill_x DEVICE MIB: fills it with "x".
fill_x() {
	tr '\0' x </dev/zero | dd of="$1" bs=1M count="$2" iflag=fullblock oflag=direct status=none
}

# x_or_0 DISK LBA...: the first byte of each block, "0" if it is zero
x_or_0() {
	local lba

	for lba in "${@:2}"; do
		dd if="$1" bs=512 skip="$lba" count=1 iflag=direct status=none | head -c 1 | tr '\0' 0
	done
}

# --- UNMAP

@test "UNMAP gives the space of a file back, and the blocks read as zeroes" {
	image_make 8M
	thin_disk
	before=$(blocks_of "$image")
	# 8 units; then a part of a unit at each end, and one unit between
	ends Good unmap "$sg" 64:64 1023:10
	expect_bytes '\0' 64 64
	expect_bytes '\0' 1023 10
	cmp "$expected" "$image"
	disk_has_expected "$disk"
	equal $((64 + 8)) $((before - $(blocks_of "$image")))
	# and what was deallocated is written again
	ends Good write_same "$sg" 41 00 64 64 y
	expect_bytes y 64 64
	disk_has_expected "$disk"
	equal 8 $((before - $(blocks_of "$image")))
}

@test "UNMAP works with direct I/O and with blocks of 4096 bytes" {
	fs_make 64M
	image_make 8M
	mv "$image" "$fs/image"
	image=$fs/image
	sync "$image"
	before=$(blocks_of "$image")
	thin_disk direct=1 block_size=4096
	ends Good unmap "$sg" 16:32 2047:1
	expect_bytes '\0' 16 32 4096
	expect_bytes '\0' 2047 1 4096
	disk_has_expected "$disk"
	equal $((33 * 8)) $((before - $(blocks_of "$image")))
}

@test "the parameter list of UNMAP is checked before anything is done" {
	image_make 1M
	thin_disk
	# the list that FreeBSD sends: 38 descriptors
	ends Good unmap "$sg" 0:8 8:8 16:8 24:8 32:8 40:8 48:8 56:8 64:8 72:8 80:8 88:8 96:8 104:8 \
		112:8 120:8 128:8 136:8 144:8 152:8 160:8 168:8 176:8 184:8 192:8 200:8 208:8 216:8 \
		224:8 232:8 240:8 248:8 256:8 264:8 272:8 280:8 288:8 296:8
	expect_bytes '\0' 0 304
	disk_has_expected "$disk"
	# no list, an empty list, no blocks, overlapping blocks
	ends Good send_list '' "$sg"
	ends Good send_list 0006000000000000 "$sg"
	ends Good unmap "$sg" 400:0 2048:0
	disk_has_expected "$disk"
	ends Good unmap "$sg" 400:16 404:16
	expect_bytes '\0' 400 20
	disk_has_expected "$disk"
	for length in 1 4 7; do
		ends "$list_length: Command: byte 7 bit 7" \
			send_list "$(printf "%0$((length * 2))d" 0)" "$sg"
	done
	# one descriptor of three is out of range
	ends "$out_of_range" unmap "$sg" 500:8 2047:2 600:8
	ends "$out_of_range" unmap "$sg" 500:8 600:8 2049:0
	ends "$out_of_range" unmap "$sg" 500:8 -1:1
	disk_has_expected "$disk"
	refused 'byte 1 bit 0' "$sg" 42 01 00 00 00 00 00 00 00 00
	refused 'byte 6 bit 0' "$sg" 42 00 00 00 00 00 01 00 00 00
}

@test "descriptors that the lengths in the list do not cover are ignored" {
	image_make 1M
	thin_disk
	list=$(unmap_list 8:8 64:8)
	# UNMAP DATA LENGTH of one descriptor; BLOCK DESCRIPTOR DATA LENGTH of one and a half
	ends Good send_list "0016${list:4}" "$sg"
	expect_bytes '\0' 8 8
	disk_has_expected "$disk"
	list=$(unmap_list 16:8 64:8)
	ends Good send_list "${list:0:4}0018${list:8}" "$sg"
	expect_bytes '\0' 16 8
	disk_has_expected "$disk"
	# both are zero; the list is shorter than they say
	ends Good send_list "00000000${list:8}" "$sg"
	list=$(unmap_list 24:8 64:8)
	ends Good send_list "${list:0:48}" "$sg"
	expect_bytes '\0' 24 8
	disk_has_expected "$disk"
}

@test "more descriptors than the block limits page allows are refused" {
	image_make 1M
	thin_disk
	page "$sg" b0
	max=$(field 24 4)
	ranges=()
	for ((i = 0; i < max; i++)); do
		ranges+=($((i * 8)):1)
	done
	ends Good unmap "$sg" "${ranges[@]}"
	dd if="$expected" of="$image" conv=notrunc status=none
	bad_parameter 'byte 2 bit 7' unmap "$sg" "${ranges[@]}" 3:1
	disk_has_expected "$disk"
}

# is_thin SG YES|NO: every place where the disk says so
is_thin() {
	local said=no

	sg=$1
	page "$sg" b2
	[ "${data[5]}${data[6]}" = 0000 ] || said=yes
	equal "$2" "$said" 'page B2h'
	page "$sg" b0
	said=no
	[ "$(printf %s "${data[@]:20:16}")" = 00000000000000000000000000000000 ] || said=yes
	equal "$2" "$said" 'page B0h'
	good -r 32 "$sg" 9e 10 00 00 00 00 00 00 00 00 00 00 00 20 00 00
	said=no
	[ "${data[14]}" = 00 ] || said=yes
	equal "$2" "$said" 'READ CAPACITY(16)'
	good -r 1024 "$sg" a3 0c 00 00 00 00 00 00 04 00 00 00
	said=no
	[[ " ${data[*]} " != *' 42 00 00 00 00 00 00 0a '* ]] || said=yes
	equal "$2" "$said" 'REPORT SUPPORTED OPERATION CODES'
	good -r 64 "$sg" a3 0c 01 42 00 00 00 00 00 40 00 00
	said=no
	[ "${data[1]}" = 01 ] || said=yes
	equal "$2" "$said" 'UNMAP is reported'
	good -r 64 "$sg" a3 0c 01 93 00 00 00 00 00 40 00 00
	said=no
	[ "${data[5]}" = 01 ] || said=yes
	equal "$2" "$said" 'the UNMAP bit of WRITE SAME is reported'
}

@test "a disk that is not thin refuses UNMAP, and says so everywhere" {
	image_make 1M
	make_target t0 i0
	sg=$(sg_of "$(add_disk t0 0 fileio "path=$image" thin=0)")
	is_thin "$sg" no
	ends "$invalid_opcode" unmap "$sg" 8:8
	refused 'byte 1 bit 3' "$sg" 93:09:8:8
	refused 'byte 1 bit 3' "$sg" 41:08:8:8
	cmp "$expected" "$image"
	good "$sg" 93:01:8:8
	expect_bytes '\0' 8 8
	cmp "$expected" "$image"
	loop_make 1M
	blockdev --setro "$loop"
	is_thin "$(sg_of "$(add_disk t0 1 blockio "path=$loop" read_only=1)")" no
	blockdev --setrw "$loop"
	is_thin "$(sg_of "$(add_disk t0 2 nullio size=1M)")" yes
	image_make 1M
	attr_set devices/fileio/d0/enable 0
	attr_refuses EINVAL devices/fileio/d0/thin 2
	attr_round_trip devices/fileio/d0/thin 0 1
	attr_set devices/fileio/d0/enable 1
	attr_refuses EBUSY devices/fileio/d0/thin 0
	wait_until 10 sg_turs "$sg"
	is_thin "$sg" yes
}

@test "the block limits say what is deallocated as a whole" {
	make_target t0 i0
	image_make 1M
	sg=$(sg_of "$(add_disk t0 0 fileio "path=$image")")
	page "$sg" b0
	equal '4294967295 8 2147483648' "$(field 20 4) $(field 28 4) $(field 32 4)"
	page "$sg" b2
	equal 'e4 02' "${data[*]:5:2}"
	sdebug_thin
	sg=$(sg_of "$(add_disk t0 1 blockio "path=$sdebug")")
	page "$sg" b0
	equal "4294967295 128 $((2147483648 + 8))" "$(field 20 4) $(field 28 4) $(field 32 4)"
	# What a discarded block reads as is not promised.
	page "$sg" b2
	equal 'e0 02' "${data[*]:5:2}"
	good -r 32 "$sg" 9e 10 00 00 00 00 00 00 00 00 00 00 00 20 00 00
	equal 80 "${data[14]}"
	scst_clear
}

@test "UNMAP is a discard of the block device" {
	loop_make 8M
	fill_x "$loop" 8
	disk=$(export_disk blockio "path=$loop")
	before=$(blocks_of "$loop_file")
	ends Good unmap "$(sg_of "$disk")" 64:64 1024:128
	equal 192 $((before - $(blocks_of "$loop_file")))
	cmp -n 32768 /dev/zero <(dd if="$disk" bs=32K skip=1 count=1 iflag=direct status=none)
	scst_clear
}

@test "UNMAP reaches every unit of a block device that it covers" {
	sdebug_thin
	fill_x "$sdebug" 24
	sg=$(sg_of "$(export_disk blockio "path=$sdebug")")
	ends Good unmap "$sg" 2:256
	# Units begin at 8 and 136. The second one is covered in part.
	equal x00x "$(x_or_0 "$sdebug" 7 8 135 136)"
	scst_clear
}

@test "an UNMAP that is too long for the block device is divided where units end" {
	sdebug_thin unmap_max_blocks=200
	fill_x "$sdebug" 24
	sg=$(sg_of "$(export_disk blockio "path=$sdebug")")
	ends Good unmap "$sg" 8:1024
	equal x00000000x "$(x_or_0 "$sdebug" 7 8 136 264 392 520 648 776 904 1032)"
	scst_clear
}

@test "what was unmapped stays so through a power failure" {
	fs_make 64M
	make_target t0 i0
	for through in 0 1; do
		yes stale | tr -d '\n' | head -c 1M >"$fs/file$through"
		sync "$fs/file$through"
		sg=$(sg_of "$(add_disk t0 $through fileio "path=$fs/file$through" write_through=$through)")
		ends Good unmap "$sg" 8:16
		[ $through = 1 ] || equal Good "$(sync_10 "$sg")"
		fs_crash
		matches 'stale*' "$(fs_crashed file$through | head -c 4096)"
		cmp -n 8192 /dev/zero <(fs_crashed file$through | tail -c +4097)
		scst_clear
		make_target t0 i0
	done
	scst_clear
}

# --- WRITE SAME

# same_zeroes DISK SG: the blocks read as zeroes, and those around them have what $filled has.
same_zeroes() {
	local disk=$1 sg=$2 command opcode byte1 range

	for command in '41 08' '93 08' '41 00' '93 00' '93 09' '93 01'; do
		read -r opcode byte1 <<<"$command"
		dd if="$filled" of="$disk" bs=1M oflag=direct status=none
		cp "$filled" "$expected"
		for range in 1:127 256:128 519:1; do
			case $byte1 in
			*0 | *8) ends Good write_same "$sg" "$opcode" "$byte1" "${range%:*}" "${range#*:}" '\0' ;;
			*) good "$sg" "$opcode:$byte1:$range" ;;
			esac || return
			expect_bytes '\0' "${range%:*}" "${range#*:}"
		done
		disk_has_expected "$disk" || fail "$command" || return
	done
}

@test "after WRITE SAME of zeroes all blocks read as zeroes, aligned or not" {
	image_make 1M
	filled=$BATS_TEST_TMPDIR/filled
	cp "$expected" "$filled"
	make_target t0 i0
	disk=$(add_disk t0 0 fileio "path=$image")
	same_zeroes "$disk" "$(sg_of "$disk")"
	# scsi_debug does not zero the parts of a unit if it is told that zeroes need no space.
	sdebug_thin lbprz=0
	disk=$(add_disk t0 1 blockio "path=$sdebug")
	same_zeroes "$disk" "$(sg_of "$disk")"
	scst_clear
}

@test "WRITE SAME of zeroes on ext4 gives the space back with UNMAP, and keeps it without" {
	fs_make 64M
	image_make 8M
	mv "$image" "$fs/image"
	image=$fs/image
	sync "$image"
	before=$(blocks_of "$image")
	thin_disk
	ends Good write_same "$sg" 93 00 64 64 '\0'
	equal 0 $((before - $(blocks_of "$image")))
	ends Good write_same "$sg" 93 08 256 64 '\0'
	equal 64 $((before - $(blocks_of "$image")))
	expect_bytes '\0' 64 64
	expect_bytes '\0' 256 64
	disk_has_expected "$disk"
}

@test "WRITE SAME of other data writes it to each block, of every handler and block size" {
	image_make 8M
	make_target t0 i0
	for size in 512 4096; do
		disk=$(add_disk t0 $size fileio "path=$image" block_size=$size)
		sg=$(sg_of "$disk")
		# more than one transfer, and not a whole number of pages
		count=$((3 * 1048576 / size + 3))
		for byte1 in 00 08; do
			ends Good write_same "$sg" 93 $byte1 5 $count $byte1 $size
			expect_bytes $byte1 5 $count $size
			disk_has_expected "$disk"
		done
		ends Good write_same "$sg" 41 00 $((8388608 / size - 1)) 1 z $size
		expect_bytes z $((8388608 / size - 1)) 1 $size
		disk_has_expected "$disk"
		unlink_lun t0 $size
		wait_for_no_lun t0 i0 $size
		remove_device fileio/d$size
	done
	sdebug_thin
	dd if="$expected" of="$sdebug" bs=1M oflag=direct status=none
	disk=$(add_disk t0 1 blockio "path=$sdebug")
	ends Good write_same "$(sg_of "$disk")" 93 00 5 6003 w
	expect_bytes w 5 6003
	disk_has_expected "$disk"
	disk=$(add_disk t0 2 nullio size=1M)
	ends Good write_same "$(sg_of "$disk")" 93 00 0 2048 w
	scst_clear
}

@test "WRITE SAME of no blocks, or of more than the block limits page allows, is refused" {
	disk=$(export_disk nullio size=1T)
	sg=$(sg_of "$disk")
	page "$sg" b0
	equal 01 "${data[4]}"
	max=$(field 36 8)
	for lba in 0 2147483640 2147483648; do
		refused 'byte 10 bit 7' "$sg" 93:01:$lba:0
		refused 'byte 7 bit 7' "$sg" "41:00:$lba:0"
	done
	good "$sg" "93:01:0:$max"
	refused 'byte 10 bit 7' "$sg" 93:01:0:$((max + 1))
	ends "$out_of_range" scsi "$sg" 93:01:2147483640:9
	good "$sg" 93:01:2147483640:8
	# ANCHOR, protection, group number
	for bit in 4 5 7; do
		printf -v byte1 %02x $((1 | 1 << bit))
		refused "byte 1 bit $bit" "$sg" "93:$byte1:0:1"
	done
	refused 'byte 1 bit 0' "$sg" 41:01:0:1
}

# --- order, errors and aborts

# probe_unmap TAG BLOCKS...: without waiting for the result
probe_unmap() {
	local list

	list=$(unmap_list "${@:2}")
	probe_request cmd "$1" dir=out len=$((${#list} / 2)) "data=$list" \
		"cdb=42000000000000$(printf %04x $((${#list} / 2)))00"
}

probe_setup() {
	make_device probe d0
	probe_target probe/d0
	probe_login one
	probe_ready
	probe_log_start
}

# steps_are STEP...: what the medium was asked for
steps_are() {
	equal "$*" "$(probe_log | awk '$1 == "d0" && $3 != "complete" {
		printf "%s%s %s %s", n++ ? ", " : "", $3, $4, $5 }')"
}

@test "the blocks of UNMAP are unmapped one range at a time, and made durable without a cache" {
	probe_setup
	probe_unmap 1 8:8 100:50 3:0 2047:1
	probe_next '1 status=00 *'
	steps_are unmap 8 8, unmap 100 50, unmap 2047 1, sync 8 2040
}

@test "WRITE SAME of a handler that only writes is a write of that data" {
	probe_setup
	probe_gives '1 status=00 *' 1 dir=out len=512 data=61626364 \
		cdb=93000000000000000003000007d00000
	steps_are write 3 2000, sync 3 2000
	for lba in 3 1000 2002; do
		probe_gives '* data=6162636461626364' 2 dir=in len=512 show=8 \
			"cdb=28000000$(printf %04x $lba)00000100"
	done
	probe_gives '* data=0000000000000000' 2 dir=in len=512 show=8 \
		cdb=2800000007d300000100
	probe_gives '3 status=00 *' 3 cdb=93010000000000000003000007d00000
	probe_gives '* data=0000000000000000' 2 dir=in len=512 show=8 \
		cdb=2800000003e800000100
}

@test "an abort takes effect between two ranges" {
	for stop in tmf reset; do
		probe_setup
		medium d0 hold
		probe_unmap 1 8:8 100:50 200:1
		probe_wait_held 1 medium
		case $stop in
		tmf) probe_request tmf 9 fn=0 ref=1 ;;
		reset) probe_request tmf 9 fn=4 ;;
		esac
		wait_until 10 probe_is 1 medium 1 1
		medium d0 complete 1
		probe_answers '1 aborted' '9 response=0'
		steps_are unmap 8 8
		probe_logout_all
		scst_clear
	done
}

@test "an error ends the command, and the rest is not unmapped" {
	probe_setup
	medium d0 hold
	probe_unmap 1 8:8 100:50 200:1
	probe_wait_held 1 medium
	medium d0 complete 1
	wait_until 10 probe_log_has 'unmap 100'
	medium d0 complete 1 sense=030c00
	probe_next "1 status=02 * sense=$(sense 03 0c 00)*"
	steps_are unmap 8 8, unmap 100 50
}

@test "a reservation of another nexus refuses UNMAP and WRITE SAME" {
	probe_setup
	probe_gives '1 status=00 *' 1 cdb=160000000000
	probe_login two
	until [[ $(probe_cmd 0 cdb=a00000000000000000400000 dir=in len=64) = *status=00* ]]; do :; done
	probe_cmd 2 cdb=000000000000
	probe_unmap 3 8:8
	probe_next '3 status=18 *'
	probe_gives '4 status=18 *' 4 dir=out len=512 cdb=93000000000000000003000007d00000
	steps_are
}

# --- GET LBA STATUS

# status SG LBA LENGTH: prints "LBA COUNT STATE" of each descriptor.
status() {
	local i hex
	local -a bytes

	printf -v hex '%016x%08x' "$2" "$3"
	mapfile -t bytes < <(fold -w 2 <<<"$hex")
	good -r "$3" "$1" 9e 12 "${bytes[@]}" 00 00
	equal $((${#data[@]} - 4)) "$(field 0 4)" 'PARAMETER DATA LENGTH'
	for ((i = 8; i < ${#data[@]}; i += 16)); do
		echo "$(field $i 8) $(field $((i + 8)) 4) ${data[i + 12]}"
	done
}

@test "GET LBA STATUS reports the holes of a file" {
	image_make 1M
	thin_disk
	equal '0 2048 00' "$(status "$sg" 0 512)"
	ends Good unmap "$sg" 64:64 1024:1024
	equal "$(printf '%s\n' '0 64 00' '64 64 01' '128 896 00' '1024 1024 01')" "$(status "$sg" 0 512)"
	equal "$(printf '%s\n' '65 63 01' '128 896 00')" "$(status "$sg" 65 40)"
	equal '2047 1 01' "$(status "$sg" 2047 24)"
	for lba in 2048 2049; do
		ends "$out_of_range" scsi -r 24 "$sg" 9e 12 00 00 00 00 00 00 08 0$((lba - 2048)) \
			00 00 00 18 00 00
	done
	# a cut descriptor, and no data at all
	good -r 12 "$sg" 9e 12 00 00 00 00 00 00 00 00 00 00 00 0c 00 00
	equal 12 ${#data[@]}
	good "$sg" 9e 12 00 00 00 00 00 00 00 00 00 00 00 00 00 00
	# a report type
	refused 'byte 14 bit 0' -r 24 "$sg" 9e 12 00 00 00 00 00 00 00 00 00 00 00 18 01 00
}

@test "GET LBA STATUS reports all blocks as mapped where it is not known, or the disk is not thin" {
	image_make 1M
	truncate -s 2M "$image"
	make_target t0 i0
	equal '0 4096 00' "$(status "$(sg_of "$(add_disk t0 0 fileio "path=$image" thin=0)")" 0 512)"
	sg=$(sg_of "$(add_disk t0 1 nullio size=8T)")
	equal '0 4294967295 00' "$(status "$sg" 0 512)"
	equal '17179869183 1 00' "$(status "$sg" 17179869183 512)"
	loop_make 1M
	equal '1 2047 00' "$(status "$(sg_of "$(add_disk t0 2 blockio "path=$loop")")" 1 512)"
	scst_clear
}

# --- hosts

@test "blkdiscard frees every unit that it covers, and blkdiscard -z zeroes" {
	image_make 8M
	thin_disk
	before=$(blocks_of "$image")
	blkdiscard -o 1024 -l $((256 * 512)) "$disk"
	equal $((31 * 8)) $((before - $(blocks_of "$image")))
	blkdiscard -z -o $((1 << 20)) -l $((1 << 20)) "$disk"
	cmp -n $((1 << 20)) -i 0:$((1 << 20)) /dev/zero "$image"
	blkdiscard "$disk"
	equal 0 "$(blocks_of "$image")"
}

@test "fstrim and mkfs give back what a file system does not use" {
	truncate -s 64M "$BATS_TEST_TMPDIR/image"
	image=$BATS_TEST_TMPDIR/image
	tr '\0' x </dev/zero | dd of="$image" bs=1M count=64 conv=notrunc iflag=fullblock status=none
	thin_disk
	mkfs.ext4 -q -E discard "$disk"
	made=$(blocks_of "$image")
	[ "$made" -lt $((16 << 11)) ]
	mkdir "$BATS_TEST_TMPDIR/mnt"
	mount "$disk" "$BATS_TEST_TMPDIR/mnt"
	head -c 16M /dev/urandom >"$BATS_TEST_TMPDIR/mnt/big"
	sync -f "$BATS_TEST_TMPDIR/mnt"
	full=$(blocks_of "$image")
	[ $((full - made)) -ge $((16 << 11)) ]
	rm "$BATS_TEST_TMPDIR/mnt/big"
	sync -f "$BATS_TEST_TMPDIR/mnt"
	fstrim "$BATS_TEST_TMPDIR/mnt"
	[ $((full - $(blocks_of "$image"))) -ge $((16 << 11)) ]
	umount "$BATS_TEST_TMPDIR/mnt"
}

@test "sg_unmap, sg_write_same and sg_get_lba_status agree with the disk" {
	image_make 1M
	thin_disk
	sg_unmap --force --lba=8 --num=8 "$sg"
	expect_bytes '\0' 8 8
	sg_write_same --16 --unmap --lba=1 --num=3 --in=/dev/zero --xferlen=512 "$sg"
	expect_bytes '\0' 1 3
	disk_has_expected "$disk"
	matches '*deallocated*' "$(sg_get_lba_status --lba=8 "$sg")"
	matches '*LBPU): 1*LBPWS): 1*LBPRZ): 1*' "$(sg_vpd -p lbpv "$sg" | tr '\n' ' ')"
}
