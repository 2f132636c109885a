#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# CD and DVD drives: discs, the tray, and what hosts ask about both.
# shellcheck disable=SC2154,SC2034 # lib/block sets loop; lib/probe reads probes

load lib/scst
load lib/probe
load lib/block
: "${probe=}" # of lib/probe
scst_strerror[ENOMEDIUM]='No medium found'

drive=devices/cdrom/d0
lun_reset=4
target_reset=5

# Sense data
closed=$(sense 02 3a 01)
opened=$(sense 02 3a 02)
changed=$(sense 06 28 00)
prevented=$(sense 05 53 02)
out_of_range=$(sense 05 21 00)
protected=$(sense 07 27 00)

# CDBs
ready=000000000000
eject=1b0000000200
load=1b0000000300
prevent=1e0000000100
allow=1e0000000000

# Initiator ports by name
declare -gA ports=()

setup() {
	scst_up
	modprobe scst_probe
}

teardown() {
	probe_logout_all
	scst_down
	loops_down
}

# --- discs and initiator ports

# disc NAME LETTER BYTES: an image of such letters. Prints its path.
disc() {
	head -c "$3" /dev/zero | tr '\0' "$2" >"$BATS_TEST_TMPDIR/$1" && echo "$BATS_TEST_TMPDIR/$1"
}

# sparse NAME SIZE: an image of zeroes. Prints its path.
sparse() {
	truncate -s "$2" "$BATS_TEST_TMPDIR/$1" && echo "$BATS_TEST_TMPDIR/$1"
}

# drive_for PATH NAME...: a drive for these initiator ports. The last one is the current one.
drive_for() {
	local name

	make_device cdrom d0 ${1:+"path=$1"} && probe_target cdrom/d0 || return
	shift
	for name in "$@"; do
		enter "$name" || return
	done
}

# enter NAME: logs in, and takes what is pending.
enter() {
	probe_login "$1" && ports[$1]=$probe || return
	probe_cmd 0 cdb=$ready >/dev/null && probe_cmd 0 cdb=$ready >/dev/null
}

# as NAME COMMAND...
as() {
	probe_use "${ports[$1]}" && "${@:2}"
}

# --- commands

# ends STATUS CDB [SENSE]: a command without data
ends() {
	matches "1 status=$1 * sense=${3-}* data=" "$(probe_cmd 1 cdb="$2")" "$2"
}

# returns LENGTH CDB HEX: the Data-In begins so.
returns() {
	matches "1 status=00 * data=$3*" "$(probe_cmd 1 dir=in "len=$1" show=512 "cdb=$2")" "$2"
}

# gives LENGTH CDB HEX: the Data-In is that.
gives() {
	local result

	result=$(probe_cmd 1 dir=in "len=$1" show=512 "cdb=$2")
	matches '1 status=00 *' "$result" "$2" && equal "$3" "${result##*data=}" "$2"
}

# refuses LENGTH CDB SENSE: of a command with Data-In
refuses() {
	matches "1 status=02 * sense=$3*" "$(probe_cmd 1 dir=in "len=$1" "cdb=$2")" "$2"
}

# field BYTE BIT: INVALID FIELD IN CDB with a pointer
field() {
	printf '7000050000000012000000002400%02x%02x%04x' 0 $((0xc8 | $2)) "$1"
}

# cdb OPCODE BYTE1 BYTES2-5 BYTE6 LENGTH [CONTROL]: ten bytes
cdb() {
	printf '%02x%02x%08x%02x%04x%02x' "0x$1" "$2" "$3" "$4" "$5" "${6-0}"
}

# read_of LBA BLOCKS
read_of() {
	cdb 28 0 "$1" 0 "$2"
}

# event HEX: GET EVENT STATUS NOTIFICATION of the media class returns this event and status.
event() {
	gives 8 4a010000100000000800 "00060450${1}0000"
}

# capacity_is BLOCKS
capacity_is() {
	gives 8 25000000000000000000 "$(printf '%08x00000800' $(($1 - 1)))"
}

# profile_is PROFILE: with an allocation length of 8, the length is still that of all features.
profile_is() {
	gives 8 46000000000000000800 "0000004c0000$1"
}

# block_is LBA LETTER: the first byte of a block of the disc
block_is() {
	matches "1 status=00 * data=$(printf %02x "'$2")" \
		"$(probe_cmd 1 dir=in len=2048 show=1 "cdb=$(read_of "$1" 1)")" "block $1"
}

# --- tests

@test "a drive is an MMC device with a removable medium" {
	drive_for "$(disc one a 64K)" a
	returns 96 120000006000 058006
	make_target l0 i0
	link_lun l0 0 cdrom/d0
	sg=$(wait_for_sg l0 i0 0)
	inquiry=$(sg_inq -d "$sg")
	for part in 'RMB=1' 'PDT=5' 'MMC-6 (no version claimed)' 'Product identification: CDROM'; do
		matches "*$part*" "$inquiry"
	done
}

@test "a host gets what it asks about a CD" {
	drive_for "$(disc one a 204800)" a
	capacity_is 100
	profile_is 0008
	# READ TOC: the tracks by block and by time; the lead-out; sessions; the lead-in
	gives 12 "$(cdb 43 0 0 0 12)" 001201010014010000000000
	gives 20 "$(cdb 43 0 0 1 20)" 0012010100140100000000000014aa0000000064
	gives 20 "$(cdb 43 2 0 0 20)" 0012010100140100000002000014aa0000000319
	gives 12 "$(cdb 43 0 0 170 12)" 000a01010014aa0000000064
	gives 12 "$(cdb 43 0 0x01000000 0 12)" 000a01010014010000000000
	gives 12 "$(cdb 43 2 0x01000000 0 12)" 000a01010014010000000200
	gives 48 "$(cdb 43 2 0x02000000 0 48)" "$(printf %s 002e0101 \
		011400a000000000010000 011400a100000000010000 \
		011400a200000000000319 0114000100000000000200)"
	refuses 12 "$(cdb 43 0 0 2 12)" "$(field 6 7)"
	refuses 12 "$(cdb 43 0 0x04000000 0 12)" "$(field 2 3)"
	# where hosts had the format before there was a field for it
	gives 12 "$(cdb 43 0 0 0 12 0x40)" 000a01010014010000000000
	# READ DISC INFORMATION, READ TRACK INFORMATION
	returns 34 "$(cdb 51 0 0 0 34)" 00200e010101012000
	returns 36 "$(cdb 52 1 1 0 36)" \
		0022010100040102000000000000000000000000000000000000006400000063
	returns 36 "$(cdb 52 0 99 0 36)" 00220101
	refuses 36 "$(cdb 52 0 100 0 36)" "$out_of_range"
	refuses 36 "$(cdb 52 1 2 0 36)" "$(field 2 7)"
	refuses 36 "$(cdb 52 3 1 0 36)" "$(field 1 1)"
	# MECHANISM STATUS; READ DISC STRUCTURE, which is for DVDs
	gives 8 bd0000000000000000080000 0000000000010000
	refuses 8 ad0000000000000000080000 "$(sense 05 30 02)"
}

@test "a disc that is too large for a CD is a DVD" {
	drive_for "$(sparse one $((449850 * 2048)))" a
	profile_is 0008
	attr_set $drive/path "$(sparse two $((449851 * 2048)))"
	ends 02 $ready "$changed"
	profile_is 0010
	gives 12 "$(cdb 43 2 0 170 12)" 000a01010014aa0000640001
	gives 24 ad0000000000000000180000 "08020000010f010000030000$(
		printf 00%06x $((0x30000 + 449850)))0000000000000000"
	gives 8 ad0000000000000100080000 0006000000000000
	refuses 8 ad0000000000000200080000 "$(field 7 7)"
	refuses 8 ad0000000000010000080000 "$(field 6 7)"
	refuses 8 ad0100000000000000080000 "$(field 1 3)"
	attr_set $drive/path "$(sparse three 50G)"
	ends 02 $ready "$changed"
	capacity_is $((50 << 19))
	gives 12 "$(cdb 43 2 0 170 12)" 000a01010014aa0000ff3b4a
}

@test "features are reported by number, and as current with a disc that has them" {
	drive_for '' a
	profiles=000003080010000000080000 cd=001e0804 dvd=001f0404
	# one feature; one that does not exist; all from one on; current ones
	gives 28 "$(cdb 46 2 0 0 28)" "0000001000000000$profiles"
	gives 28 "$(cdb 46 2 0x00050000 0 28)" 0000000400000000
	gives 28 "$(cdb 46 0 0x001e0000 0 28)" "0000001400000000${cd}00000000${dvd}00000000"
	gives 28 "$(cdb 46 1 0x00100000 0 28)" 0000000400000000
	gives 20 "$(cdb 46 2 0x00010000 0 20)" 000000100000000000010b080000000103000000
	gives 16 "$(cdb 46 2 0x00030000 0 16)" 0000000c000000000003070439000000
	refuses 8 "$(cdb 46 3 0 0 8)" "$(field 1 1)"
	attr_set $drive/path "$(disc one a 64K)"
	profile_is 0008
	gives 40 "$(cdb 46 1 0x00100000 0 40)" "$(printf %s 0000001c00000008 \
		001001080000080000010100 001d0100 001e090400000000)"
	returns 28 "$(cdb 46 2 0 0 28)" 0000001000000008000003080010000000080100
	make_target l0 i0
	link_lun l0 0 cdrom/d0
	sg=$(wait_for_sg l0 i0 0)
	features=$(sg_get_config "$sg")
	for name in 'Core' 'Morphing' 'Removable media' 'Random readable' 'Multi-read' 'CD read' \
		'DVD read'; do
		matches "*$name*" "$features"
	done
}

@test "an odd end of an image is filled with zeroes" {
	sizes=(1 2047 2049 203264)
	for lun in 0 1 2 3; do
		make_device cdrom "d$lun" "path=$(disc "disc$lun" x "${sizes[lun]}")"
		link_lun l0 $lun "cdrom/d$lun"
	done
	make_target l0 i0
	for lun in 0 1 2 3; do
		sg=$(wait_for_sg l0 i0 $lun)
		blocks=$(((sizes[lun] + 2047) / 2048))
		cp "$BATS_TEST_TMPDIR/disc$lun" "$BATS_TEST_TMPDIR/whole"
		truncate -s $((blocks * 2048)) "$BATS_TEST_TMPDIR/whole"
		sg_turs "$sg" || sg_turs "$sg"
		matches "*Number of logical blocks=$blocks*" "$(sg_readcap "$sg")"
		sg_raw -r $((blocks * 2048)) -o "$BATS_TEST_TMPDIR/read" "$sg" \
			28 00 00 00 00 00 00 00 "$(printf %x $blocks)" 00
		cmp "$BATS_TEST_TMPDIR/read" "$BATS_TEST_TMPDIR/whole"
		sg_raw "$sg" 2f 00 00 00 00 00 00 00 "$(printf %x $blocks)" 00
	done
}

@test "a drive without a disc is ready for one" {
	drive_for '' a
	attr_is $drive/state active
	attr_is $drive/path ''
	ends 02 $ready "$closed"
	ends 02 35000000000000000000 "$closed"
	refuses 8 25000000000000000000 "$closed"
	refuses 2048 "$(read_of 0 1)" "$closed"
	refuses 2048 "$(read_of 7 1)" "$closed"
	ends 02 "$(read_of 0 0)" "$closed"
	refuses 12 "$(cdb 43 0 0 0 12)" "$closed"
	refuses 34 "$(cdb 51 0 0 0 34)" "$closed"
	refuses 36 "$(cdb 52 1 1 0 36)" "$closed"
	refuses 8 ad0000000000000000080000 "$closed"
	# REQUEST SENSE says so, too. All else works.
	returns 18 030000001200 70000200
	profile_is 0000
	event 0000
	gives 8 bd0000000000000000080000 0000000000010000
	ends 00 $prevent
	ends 00 $allow
	attr_set $drive/path "$(disc one a 64K)"
	ends 02 $ready "$changed"
	capacity_is 32
	attr_set $drive/path ''
	ends 02 $ready "$closed"
	event 0300
}

@test "an initiator opens and closes the tray" {
	drive_for "$(disc one a 64K)" a b
	event 0002
	as a ends 00 $eject
	attr_is $drive/tray_open 1
	for name in a b; do
		as "$name" ends 02 $ready "$opened"
		refuses 2048 "$(read_of 0 1)" "$opened"
		refuses 8 25000000000000000000 "$opened"
		gives 8 bd0000000000000000080000 0010000000010000
		profile_is 0000
		event 0301
		event 0001
		as "$name" ends 00 $eject
	done
	as b ends 00 $load
	attr_is $drive/tray_open 0
	for name in a b; do
		as "$name" ends 02 $ready "$changed"
		ends 00 $ready
		event 0202
		event 0002
		capacity_is 32
		block_is 31 a
	done
	# Without LoEj nothing moves; there are no power conditions.
	ends 00 1b0000000000
	ends 00 1b0000000100
	ends 00 $ready
	ends 02 1b0000003000 "$(field 4 5)"
}

@test "another disc is one write, and each initiator is notified once" {
	drive_for "$(disc one a 64K)" a b
	probe_log_start
	attr_set $drive/path "$(disc two b 128K)"
	for name in a b; do
		as "$name" event 0202
		refuses 2048 "$(read_of 0 1)" "$changed"
		capacity_is 64
		block_is 63 b
		ends 00 $ready
	done
	equal 2 "$(probe_log | grep -c 'event lun 0 sense 062800')"
	# a smaller one
	attr_set $drive/path "$(disc three c 4K)"
	for name in a b; do
		as "$name" refuses 2048 "$(read_of 63 1)" "$changed"
		refuses 2048 "$(read_of 63 1)" "$out_of_range"
		block_is 1 c
	done
}

@test "a command that was accepted for a disc does not read the next one" {
	drive_for "$(disc one a 64K)" a
	two=$(disc two b 64K)
	probe_start 5 dir=in len=2048 show=1 "cdb=$(read_of 0 1)" hold=execute
	probe_wait_held 5 execute
	attr_set $drive/path "$two"
	probe_request go 5
	probe_next "5 status=02 * sense=$changed*"
	block_is 0 b
	# The backend has it already: the initiator tries again, and then is notified.
	probe_start 6 dir=in len=2048 show=1 "cdb=$(read_of 0 1)" hold=backend
	probe_wait_held 6 backend
	attr_set $drive/path "$BATS_TEST_TMPDIR/one"
	probe_request go 6
	probe_next '6 status=08 *'
	refuses 2048 "$(read_of 0 1)" "$changed"
	block_is 0 a
	# A disc that lies in the tray is the same one afterwards.
	probe_start 7 dir=in len=2048 show=1 "cdb=$(read_of 0 1)" hold=backend
	probe_wait_held 7 backend
	ends 00 $eject
	probe_request go 7
	probe_next '7 status=00 * data=61'
}

@test "an initiator can prevent the removal of the disc" {
	drive_for "$(disc one a 64K)" a b
	two=$(disc two b 128K)
	as a ends 00 $prevent
	for name in a b; do
		as "$name" ends 02 $eject "$prevented"
		returns 12 5a082a00000000000c00 001c000000000000
		returns 30 5a002a00000000001e00 001c0000000000002a14080000002b
	done
	as b ends 00 $allow
	ends 02 $eject "$prevented"
	attr_refuses EBUSY $drive/path "$two"
	attr_refuses EBUSY $drive/path ''
	matches '*prevents removal*' "$(attr_get $drive/last_error)"
	# The initiators are asked for the disc, once.
	for name in a b; do
		as "$name" event 0102
		event 0002
		block_is 0 a
	done
	as a ends 00 $allow
	returns 30 5a002a00000000001e00 001c0000000000002a140800000029
	attr_set $drive/path "$two"
	attr_is $drive/last_error ''
	as a ends 02 $ready "$changed"
	as b ends 02 $ready "$changed"
	# Persistent prevention is not supported.
	ends 02 1e0000000200 "$(field 4 1)"
}

@test "the administrator opens the tray in any case" {
	drive_for "$(disc one a 64K)" a
	two=$(disc two b 128K)
	ends 00 $prevent
	attr_set $drive/tray_open 1
	ends 02 $ready "$opened"
	event 0301
	attr_set $drive/path "$two"
	attr_is $drive/tray_open 0
	ends 02 $ready "$changed"
	capacity_is 64
	# It is still prevented.
	ends 02 $eject "$prevented"
	attr_round_trip $drive/tray_open 1 1 0 0
	ends 02 $ready "$changed"
	attr_refuses EINVAL $drive/tray_open 2
	attr_set $drive/enable 0
	attr_refuses EINVAL $drive/tray_open 1
	attr_set $drive/tray_open 0
}

@test "prevention ends with the state of its nexus" {
	drive_for "$(disc one a 64K)" a b
	for fn in $lun_reset $target_reset; do
		as a ends 00 $prevent
		as b ends 02 $eject "$prevented"
		matches '7 response=*' "$(probe_request tmf 7 "fn=$fn" && probe_result)"
		ends 02 $ready
		ends 00 $eject
		ends 00 $load
		for name in a b; do
			as "$name"
			probe_ready
		done
	done
	as a ends 00 $prevent
	as b ends 02 $eject "$prevented"
	as a probe_logout
	probe_use "${ports[b]}"
	wait_until 5 ends 00 $eject
	ends 00 $load
	probe_ready
	# PREEMPT AND ABORT
	enter a
	as a probe_ready
	ends 00 $prevent
	for name in a b; do
		as "$name"
		key=000000000000000a
		[ "$name" = a ] || key=000000000000000b
		probe_gives '1 status=00 *' 1 dir=out len=24 cdb=5f000000000000001800 \
			"data=0000000000000000${key}0000000000000000"
	done
	as b ends 02 $eject "$prevented"
	probe_gives '1 status=00 *' 1 dir=out len=24 cdb=5f050000000000001800 \
		data=000000000000000b000000000000000a0000000000000000
	ends 00 $eject
}

@test "nothing is written to a disc" {
	drive_for "$(disc one a 64K)" a
	for cdb in 2a000000000000000100 aa0000000000000000010000; do
		probe_gives "1 status=02 * sense=$protected*" \
			1 dir=out len=2048 "cdb=$cdb" data=62
	done
	cmp "$BATS_TEST_TMPDIR/one" <(head -c 64K /dev/zero | tr '\0' a)
	ends 02 0a0000000100 "$(sense 05 20 00)"
}

@test "READ CD returns the user data of sectors" {
	drive_for "$(disc one a 64K)" a
	probe_gives '1 status=00 * data=6161' \
		1 dir=in len=4096 show=2 cdb=be000000001e000002100000
	probe_gives '1 status=00 * data=6161' \
		1 dir=in len=4096 show=2 cdb=be080000001e000002100000
	# no part of the sectors
	ends 00 be000000001e000002000000
	refuses 4096 be000000001f000002100000 "$out_of_range"
	# audio; raw sectors; a subchannel
	refuses 4096 be040000001e000002100000 "$(sense 05 64 00)"
	refuses 4704 be000000001e000002f80000 "$(field 9 7)"
	refuses 4096 be000000001e000002100100 "$(field 10 0)"
}

@test "events are polled, and those that do not fit stay" {
	drive_for "$(disc one a 64K)" a
	refuses 8 4a000000100000000800 "$(field 1 0)"
	attr_set $drive/path "$(disc two b 64K)"
	# Unit attentions wait for other commands.
	gives 4 4a010000100000000400 00060450
	event 0202
	event 0002
	gives 8 4a010000400000000800 0006065000000000
	gives 8 4a010000500000000800 0006045000020000
	gives 8 4a010000020000000800 00028050
	ends 02 $ready "$changed"
}

@test "an image that is cut ends in a medium error" {
	drive_for "$(disc one a 64K)" a
	block_is 31 a
	truncate -s 32K "$BATS_TEST_TMPDIR/one"
	result=$(probe_cmd 1 dir=in len=65536 "cdb=$(read_of 0 32)")
	matches '1 status=02 * sense=f00003000000100a000000001100*' "$result"
	block_is 15 a
	probe_gives '1 status=02 * sense=f00003000000100a000000001100*' \
		1 cdb=2f000000000000002000
	# One that was removed stays until the disc is changed.
	rm "$BATS_TEST_TMPDIR/one"
	block_is 0 a
	attr_refuses ENOENT $drive/path "$BATS_TEST_TMPDIR/one"
	block_is 0 a
}

@test "a path that is no image is refused, and the disc stays" {
	drive_for "$(disc one a 64K)" a
	mkfifo "$BATS_TEST_TMPDIR/fifo"
	: >"$BATS_TEST_TMPDIR/empty"
	attr_refuses ENOENT $drive/path /nowhere
	attr_refuses EISDIR $drive/path /
	attr_refuses EINVAL $drive/path "$BATS_TEST_TMPDIR/fifo"
	attr_refuses EINVAL $drive/path "$BATS_TEST_TMPDIR/empty"
	attr_refuses EINVAL $drive/path one
	attr_refuses EINVAL $drive/path /proc/self/comm
	ends 00 $ready
	block_is 0 a
	attr_set $drive/enable 0
	attr_set $drive/path /nowhere
	expect ENOENT attr_write $drive/enable 1
	matches 'path cannot be opened*' "$(attr_get $drive/last_error)"
}

@test "a block device is a disc, too" {
	loop_make 1M
	head -c 1M /dev/zero | tr '\0' l >"$loop"
	drive_for "$loop" a
	capacity_is 512
	block_is 511 l
}

@test "a disc in a drive that is enabled again is a new one" {
	drive_for "$(disc one a 64K)" a
	ends 00 $prevent
	attr_set $drive/enable 0
	attr_set $drive/path "$(disc two b 128K)"
	attr_set $drive/enable 1
	ends 02 $ready "$changed"
	ends 00 $ready
	event 0202
	ends 00 $eject
	attr_set $drive/enable 0
	attr_is $drive/tray_open 0
	attr_set $drive/enable 1
	ends 02 $ready "$changed"
	block_is 0 b
}

@test "Linux mounts discs, and sees another one" {
	modprobe -q isofs || grep -q iso9660 /proc/filesystems || skip 'no ISO 9660'
	# In the beds, no udev loads drivers.
	[ -d /sys/bus/scsi/drivers/sr ] || modprobe sr_mod
	one=$BATS_TEST_TMPDIR/one.iso two=$BATS_TEST_TMPDIR/two.iso where=$BATS_TEST_TMPDIR/disc
	perl "$BATS_TEST_DIRNAME/lib/iso.pl" ONE README.TXT 'the first disc' >"$one"
	perl "$BATS_TEST_DIRNAME/lib/iso.pl" TWO README.TXT 'the second disc' >"$two"
	make_device cdrom d0 "path=$one"
	link_lun l0 0 cdrom/d0
	make_target l0 i0
	drive_node=$(wait_for_disk l0 i0 0)
	matches '/dev/sr*' "$drive_node"
	equal ONE "$(blkid -p -o value -s LABEL "$drive_node")"
	matches '*ID_CDROM_MEDIA_CD=1*' "$(/lib/udev/cdrom_id "$drive_node")"
	mkdir "$where"
	mount -t iso9660 -o ro "$drive_node" "$where"
	equal 'the first disc' "$(tr -d '\0' <"$where/readme.txt")"
	attr_refuses EBUSY $drive/path "$two"
	umount "$where"
	attr_set $drive/path "$two"
	mount -t iso9660 -o ro "$drive_node" "$where"
	equal 'the second disc' "$(tr -d '\0' <"$where/readme.txt")"
	umount "$where"
	equal TWO "$(blkid -p -o value -s LABEL "$drive_node")"
	sg_start --eject "$drive_node"
	attr_is $drive/tray_open 1
	# Linux closes the tray when the drive is opened, and looks at the disc the next time.
	blockdev --getsize64 "$drive_node"
	attr_is $drive/tray_open 0
	mount -t iso9660 -o ro "$drive_node" "$where"
	umount "$where"
	attr_set $drive/path "$(sparse dvd 2G)"
	matches '*ID_CDROM_MEDIA_DVD=1*' "$(/lib/udev/cdrom_id "$drive_node")"
	attr_set $drive/path ''
	expect ENOMEDIUM dd if="$drive_node" of=/dev/null count=1
}

# read_whole SG FILE: reads the disc with one command, again and again until there is the file
# "stop". The first read that succeeds makes FILE.read, a disc of more than one letter "mixed".
read_whole() {
	local data=$BATS_TEST_TMPDIR/$2

	while [ ! -e "$BATS_TEST_TMPDIR/stop" ]; do
		sg_raw -r 65536 -o "$data" "$1" 28 00 00 00 00 00 00 00 20 00 2>/dev/null || continue
		: >"$data.read"
		[ -z "$(tr -d a <"$data")" ] || [ -z "$(tr -d b <"$data")" ] ||
			: >"$BATS_TEST_TMPDIR/mixed"
	done
}

all_have_read() {
	local initiator reader

	for initiator in i0 i1; do
		for reader in 1 2; do
			[ -e "$BATS_TEST_TMPDIR/$initiator.$reader.read" ] || return
		done
	done
}

# On a busy machine a reader may be told of a change each time that it reads.
@test "discs are changed while all initiators read" {
	one=$(disc one a 64K)
	two=$(disc two b 64K)
	make_device cdrom d0 "path=$one"
	link_lun l0 0 cdrom/d0
	make_target l0 i0 i1
	for initiator in i0 i1; do
		sg=$(wait_for_sg l0 $initiator 0)
		for reader in 1 2; do
			background read_whole "$sg" "$initiator.$reader"
		done
	done
	for ((i = 0; i < 100; i++)); do
		attr_set $drive/path "$two"
		[ $((i % 4)) -ne 0 ] || attr_set $drive/path ''
		[ $((i % 5)) -ne 0 ] || attr_set $drive/tray_open 1
		attr_set $drive/path "$one"
		scst_sleep 0.01
	done
	wait_until 30 all_have_read
	: >"$BATS_TEST_TMPDIR/stop"
	jobs_end 20
	[ ! -e "$BATS_TEST_TMPDIR/mixed" ]
}
