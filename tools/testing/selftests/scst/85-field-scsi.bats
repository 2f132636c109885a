#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# SCSI: faults of other targets that initiators have met in the field. Each test names the clause of
# the standard.
# shellcheck disable=SC2154,SC2034 # the libraries set reply and data, and use probes

load lib/scst
load lib/sg
load lib/probe
load lib/pr

setup() {
	scst_up
}

# probe_lun LUN DEVICE: HANDLER/NAME, behind a LUN of the probe's target t0
probe_lun() {
	mkdir -p "targets/probe/t0/luns/$1" && ln -s "devices/$2" "targets/probe/t0/luns/$1/"
}

# probe_initiator NAME LUN...: logs in to t0, and takes the unit attentions of these LUNs.
probe_initiator() {
	local lun

	attr_set targets/probe/t0/enable 1 && probe_login "$1" || return
	shift
	for lun in "$@"; do
		send "lun=$(at "$lun")" cdb=000000000000 || return
	done
}

# at LUN: its eight bytes, peripheral addressing
at() {
	printf '%04x%012d' "$1" 0
}

# reads LUN CDB: sets $data to the Data-In of a command that may return 255 bytes.
reads() {
	send "lun=$(at "$1")" dir=in len=255 show=255 "cdb=$2" &&
		equal 00 "$scsi_status" "$2: $reply" || return
	data=${reply#*data=}
}

# --- VPD and mode pages

# SPC-4 6.6.1: INVALID FIELD IN CDB for a page that is not supported; 7.8.13: page 00h lists
# those that are, in ascending order.
@test "each of the 256 VPD pages is returned correctly, or refused if not listed" {
	make_device nullio d0 size=1M
	probe_lun 0 nullio/d0
	probe_initiator me 0
	reads 0 12010000ff00
	equal $((0x${data:4:4} + 4)) $((${#data} / 2)) 'PAGE LENGTH of page 00h'
	listed=$(fold -w 2 <<<"${data:8}")
	equal "$(sort -u <<<"$listed")" "$listed" 'ascending order'
	for page in {0..255}; do
		printf -v hex %02x "$page"
		if [[ $listed = *$hex* ]]; then
			reads 0 "1201${hex}00ff00"
			equal "$hex $((0x${data:4:4} + 4))" "${data:2:2} $((${#data} / 2))" "page $hex"
		else
			refused_page "1201${hex}100000" "page $hex"
		fi
		# without EVPD there are no pages
		[ "$page" = 0 ] || refused_page "1200${hex}100000" "EVPD 0, page $hex"
	done
}

# refused_page CDB WHAT: there is no data, and the field pointer is at the PAGE CODE.
refused_page() {
	send dir=in len=4096 "cdb=$1" &&
		matches '1 status=02 residual=4096 sense=70000500000000??????????2400??c?0002* data=' \
			"$reply" "$2"
}

# SBC-3 6.4.2.2, 6.4.2.3: NUMBER OF LOGICAL BLOCKS of the short descriptor is FFFFFFFFh when
# it does not fit; byte 5 on is the LOGICAL BLOCK LENGTH alone.
@test "block descriptors are right for any capacity, short, long and disabled" {
	# LUN, block size, blocks; blocks of the short and the long descriptor, block length
	capacities='0 512 2097152 00200000 0000000000200000 000200
		1 4096 262144 00040000 0000000000040000 001000
		2 512 4294967295 ffffffff 00000000ffffffff 000200
		3 512 4294967296 ffffffff 0000000100000000 000200
		4 512 10737418240 ffffffff 0000000280000000 000200
		5 4096 18446744073709551615 ffffffff ffffffffffffffff 001000'
	while read -r lun block_size blocks _; do
		make_device nullio "d$lun" block_size="$block_size" blocks="$blocks"
		probe_lun "$lun" "nullio/d$lun"
	done <<<"$capacities"
	probe_initiator me {0..5}
	while read -r lun _ _ short long length; do
		reads "$lun" 1a000800ff00
		equal "$((${#data} / 2 - 1)) 08${short}00$length" \
			"$((0x${data:0:2})) ${data:6:18}" "LUN $lun: MODE SENSE(6)"
		reads "$lun" 5a00080000000000ff00
		equal "$((${#data} / 2 - 2)) 00 0008${short}00$length" \
			"$((0x${data:0:4})) ${data:8:2} ${data:12:20}" "LUN $lun: MODE SENSE(10)"
		reads "$lun" 5a10080000000000ff00
		equal "01 0010${long}0000000000$length" "${data:8:2} ${data:12:36}" \
			"LUN $lun: LLBAA"
		reads "$lun" 1a080800ff00
		equal 000812 "${data:6:6}" "LUN $lun: MODE SENSE(6) with DBD"
		reads "$lun" 5a08080000000000ff00
		equal 00000812 "${data:12:8}" "LUN $lun: MODE SENSE(10) with DBD"
		send "lun=$(at "$lun")" dir=in len=255 cdb=1a0008000400
		matches '* residual=251 *' "$reply" "LUN $lun: four bytes of it"
	done <<<"$capacities"
}

cache_type_of() {
	cat "/sys/block/${1#/dev/}/device/scsi_disk"/*/cache_type
}

set_cache_type() {
	echo "$2" 2>/dev/null >"$(echo "/sys/block/${1#/dev/}/device/scsi_disk"/*/cache_type)"
}

# SPC-4 6.11: MODE SELECT accepts the data that MODE SENSE returned; SBC-3 6.4.5. "daft" is RCD,
# which no disk of ours can change. Without a cache WCE cannot be changed, either.
@test "Linux's cache_type accepts the modes that the disk has, and no others" {
	truncate -s 1M "$BATS_TEST_TMPDIR"/{wb,wt}
	make_device fileio wb "path=$BATS_TEST_TMPDIR/wb"
	make_device fileio wt "path=$BATS_TEST_TMPDIR/wt" write_through=1
	make_target t0 i0
	while read -r lun device takes_back type; do
		link_lun t0 "$lun" "$device"
		disk=$(wait_for_disk t0 i0 "$lun")
		equal "$type" "$(cache_type_of "$disk")" "$device"
		for value in "$type" 'write through' none 'write back' 'write back, no read (daft)' \
			'write through'; do
			set_cache_type "$disk" "$value" && type=$value || case $takes_back:$value in
			*:'write through' | yes:'write back' | *:"$type") fail "$device refuses $value" ;;
			esac
			equal "$type" "$(cache_type_of "$disk")" "$device after $value"
		done
		dd if=/dev/zero of="$disk" bs=64k count=4 oflag=direct status=none
	done <<-DEVICES
	0 fileio/wb yes write back
	1 fileio/wt no write through
	DEVICES
}

# --- addresses

# SBC-3 4.5, 5.15
@test "one command may cross LBA 2^31, and LBA 2^32" {
	image=$BATS_TEST_TMPDIR/image
	truncate -s $(((2 << 40) + (1 << 20))) "$image"
	export_disk fileio "path=$image" >/dev/null
	sg=$(wait_for_sg t0 i0 0)
	for i in {0..7}; do
		printf '%-512s' "block $i"
	done >"$BATS_TEST_TMPDIR/eight"
	while read -r opcode lba; do
		good -s 4096 -i "$BATS_TEST_TMPDIR/eight" "$sg" "$opcode:00:$lba:8"
		cmp -n 4096 "$image" "$BATS_TEST_TMPDIR/eight" $((lba * 512)) 0
		for opcode in 28 a8 88; do
			good -r 1024 -o "$BATS_TEST_TMPDIR/two" "$sg" "$opcode:00:$((lba + 3)):2"
			cmp -n 1024 "$BATS_TEST_TMPDIR/two" "$BATS_TEST_TMPDIR/eight" 0 1536
		done
		for opcode in 2f 35; do
			good "$sg" "$opcode:00:$((lba + 3)):2"
		done
	done <<-WRITES
	2a $(((1 << 31) - 4))
	8a $(((1 << 32) - 4))
	WRITES
	cmp -n 4096 "$image" /dev/zero
	last=$(((1 << 32) + 2047))
	good -r 512 "$sg" "88:00:$last:1"
	for range in "$last:2" -1:1 -8:8 -1:2; do
		ends 'Illegal Request: Logical block address out of range' \
			scsi -r 4096 "$sg" "88:00:$range"
	done
}

# SBC-3 5.15: FFFFFFFFh in READ CAPACITY(10) means that there are more.
@test "Linux sees every block of disks around 2^32 blocks" {
	make_target t0 i0
	for lun in 0 1 2; do
		make_device nullio "d$lun" blocks=$((4294967295 + lun))
		link_lun t0 "$lun" "nullio/d$lun"
	done
	for lun in 0 1 2; do
		equal $((4294967295 + lun)) "$(blockdev --getsz "$(wait_for_disk t0 i0 "$lun")")"
	done
}

# --- identity

# SPC-4 7.8.6.1: a designator is of one logical unit only.
@test "device names that differ in one byte give different, stable identifiers" {
	printf -v long 'n%.0s' {1..222}
	base=prefix-of-a-cluster-csi-pvc-4562489f-2f2c-4fb4-8c8e-52540000abcd-and-a-suffix
	names=("$base-a" "$base-b" "${base}_c" "$base.d" "${long}1" "${long}2" "${long:0:200}"
		0 00 disk disk1 Disk)
	for lun in "${!names[@]}"; do
		make_device nullio "${names[lun]}" size=1M
		probe_lun "$lun" "nullio/${names[lun]}"
	done
	expect ENAMETOOLONG mkdir "devices/nullio/${long}1234" 2>/dev/null ||
		expect EINVAL mkdir "devices/nullio/${long}33"
	probe_initiator me
	for lun in "${!names[@]}"; do
		reads "$lun" 12018000ff00
		echo "$data" >>"$BATS_TEST_TMPDIR/serials"
		reads "$lun" 12018300ff00
		echo "$data" >>"$BATS_TEST_TMPDIR/designators"
		matches "*$(cat "devices/nullio/${names[lun]}/naa_id")*" "$data"
	done
	for kind in serials designators; do
		equal "${#names[@]}" "$(sort -u "$BATS_TEST_TMPDIR/$kind" | wc -l)" "$kind"
	done
	before=$(cat devices/nullio/disk/serial devices/nullio/disk/naa_id)
	rm targets/probe/t0/luns/9/disk
	remove_device nullio/disk
	mkdir devices/nullio/disk
	equal "$before" "$(cat devices/nullio/disk/serial devices/nullio/disk/naa_id)"
}

# SPC-4 6.6.2, SAM-5 5.14: INQUIRY DATA HAS CHANGED, and the command is not carried out.
@test "a write meant for the former device of a LUN does not reach the new one" {
	truncate -s 1M "$BATS_TEST_TMPDIR"/{old,new}
	for name in old new; do
		make_device fileio $name "path=$BATS_TEST_TMPDIR/$name" serial=$name
	done
	probe_lun 5 fileio/old
	probe_initiator me 5
	write_1="lun=$(at 5) dir=out len=512 cdb=2a000000000000000100 data=6f6c6421"
	expect_status 00 "$write_1"
	rm targets/probe/t0/luns/5/old && ln -s devices/fileio/new targets/probe/t0/luns/5/
	expect_sense 06 3f 03 "$write_1"
	expect_sense 06 3f 0e "$write_1"
	cmp -n 4096 "$BATS_TEST_TMPDIR/new" /dev/zero
	reads 5 12018000ff00
	equal "$(printf new | od -An -tx1 | tr -d ' \n')" "${data:8}"
}

# --- what one host does to another

# SBC-3 5.20 lets START=0 stop the disk for all; hosts that restart, and firmware, send it, and
# do not start the disk again.
@test "a disk that a host has stopped is still usable by all hosts" {
	truncate -s 16M "$BATS_TEST_TMPDIR/image"
	disk=$(export_disk fileio "path=$BATS_TEST_TMPDIR/image")
	add_initiator t0 i1
	mkdir "$BATS_TEST_TMPDIR/fs"
	sg=$(wait_for_sg t0 i1 0)
	wait_until 10 sg_turs "$sg" 2>/dev/null
	mkfs.ext4 -q "$disk"
	mount "$disk" "$BATS_TEST_TMPDIR/fs"
	good "$sg" 1b 00 00 00 00 00
	dd if=/dev/urandom of="$BATS_TEST_TMPDIR/fs/file" bs=4k count=64 conv=fsync status=none
	good "$sg" 00 00 00 00 00 00
	good -r 512 "$sg" 28:00:0:1
	umount "$BATS_TEST_TMPDIR/fs"
	e2fsck -fn "$disk"
}

# --- what is refused

# SPC-4 4.3.3, SPC-6 5.6: INVALID FIELD IN CDB, and the field is the SERVICE ACTION.
@test "an unsupported service action is INVALID FIELD IN CDB" {
	make_device nullio d0 size=1M
	probe_lun 0 nullio/d0
	probe_initiator me 0
	while read -r what command; do
		send "$command"
		matches "1 status=02 * sense=70000500000000??????????2400??c?0001*" "$reply" "$what"
	done <<-COMMANDS
	SERVICE_ACTION_IN_1Fh dir=in len=32 cdb=9e1f0000000000000000000000200000
	READ_LONG_16 dir=in len=32 cdb=9e110000000000000000000000200000
	MAINTENANCE_IN_1Fh dir=in len=32 cdb=a31f00000000000000200000
	REPORT_TARGET_PORT_GROUPS dir=in len=32 cdb=a30a00000000000000200000
	SET_TARGET_PORT_GROUPS cdb=a40a00000000000000000000
	PERSISTENT_RESERVE_IN_1Fh dir=in len=24 cdb=5e1f0000000000001800
	PERSISTENT_RESERVE_OUT_1Fh dir=out len=24 cdb=5f1f0000000000001800
	COMMANDS
	# an operation code without any supported service action
	expect_sense 05 20 00 cdb=ab0a00000000000000000000
}

# --- reservations

# ports_of TARGET NAME...: as pr_ports_are; a port is called TARGET:NAME here.
ports_of() {
	local target=$1 name

	shift
	for name in "$@"; do
		probe_login "$name" "$target" && pr_ports["$target:$name"]=$probe &&
			probe_ready || return
	done
}

# keys_are KEY...: ascending
keys_are() {
	pr_in 0 && equal "$*" "$(fold -w 16 <<<"${data:16:2*0x${data:8:8}}" |
		sed 's/^0*//' | sort | xargs)" 'READ KEYS'
}

# SPC-4 5.13.7: an I_T nexus is an initiator port and a target port; 6.15.3: ALL_TG_PT
# registers an initiator port through all target ports.
@test "two initiator ports and two target ports have four registrations" {
	pr_device_on
	mkdir -p targets/probe/t1/luns/0
	ln -s devices/nullio/d0 targets/probe/t1/luns/0/
	attr_set targets/probe/t0/enable 1
	attr_set targets/probe/t1/enable 1
	ports_of t0 a b
	ports_of t1 a b
	key=1
	keys=()
	for port in t0:a t0:b t1:a t1:b; do
		as $port
		pr_register 00 0 $key
		keys+=($((key++)))
		keys_are "${keys[@]}"
	done
	# each is independent
	as t1:a
	pr_register 00 3 0
	keys_are 1 2 4
	# a registers through both target ports
	as t0:a
	pr_register 00 1 0
	pr_register 00 0 5 4
	keys_are 2 4 5 5
	as t1:a
	pr_reserve 00 5 5
	for port in t0:a t0:b t1:a t1:b; do
		as $port
		expect_status 00 dir=out len=512 cdb=2a000000000000000100
	done
	as t1:a
	pr_release 00 5 5
	for port in t0:a t0:b t1:b; do
		as $port
		probe_ready
	done
	as t0:a
	pr_register 00 5 0 4
	keys_are 2 4
}
