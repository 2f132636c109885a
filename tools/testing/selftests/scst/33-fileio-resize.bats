#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# The file behind a disk in use changes its size.
# shellcheck disable=SC2154 # fs_make sets fs, lib/probe sets probe

load lib/scst
load lib/vdisk
load lib/probe

fileio=devices/fileio/d0
image=$BATS_TEST_TMPDIR/image

teardown() {
	local status=0

	probe_logout_all
	scst_down || status=1
	fs_down || status=1
	return "$status"
}

# disk_has BYTES: the initiator has noticed this size by itself.
disk_has() {
	local sectors

	read -r sectors <"/sys/block/${disk#/dev/}/size"
	[ $((sectors * 512)) -eq "$1" ]
}

disk_becomes() {
	wait_until 10 disk_has "$1"
}

# disk_has_all_of FILE
disk_has_all_of() {
	disk_has $(($(stat -c %s "$1") & ~511))
}

capacity_is() { # BLOCKS
	local wanted

	printf -v wanted '%08x00000200' $(($1 - 1))
	probe_gives "1 status=00 * data=$wanted" \
		1 dir=in len=8 cdb=25000000000000000000
}

# attention KEY ASC ASCQ: TEST UNIT READY reports this.
attention() {
	[[ $(probe_cmd 1 cdb=000000000000) == *"sense=$(sense "$@")"* ]]
}

ready() {
	probe_gives '* status=00 *' 1 cdb=000000000000
}

# hears_once PROBE: it gets the unit attention of a new capacity, and no other one.
hears_once() {
	probe_use "$1"
	wait_until 10 attention 06 2a 09 && ready
}

# A disk on $image for two initiators, $one and $two
probes_on() { # BYTES [ATTRIBUTE=VALUE...]
	truncate -s "$1" "$image"
	shift
	make_device fileio d0 "path=$image" "$@"
	probe_target fileio/d0
	probe_login one
	one=$probe
	probe_ready
	probe_login two
	two=$probe
	probe_ready
}

@test "the disk follows every change of the size of the file" {
	truncate -s 1M "$image"
	disk=$(export_disk fileio "path=$image")
	truncate -s 4M "$image"
	disk_becomes $((4 << 20))
	truncate -s 2M "$image"
	disk_becomes $((2 << 20))
	head -c 1M /dev/zero >>"$image"
	disk_becomes $((3 << 20))
	fallocate -l 5M "$image"
	disk_becomes $((5 << 20))
	dd if=/dev/zero of="$image" bs=512 seek=20479 count=1 conv=notrunc status=none
	disk_becomes $((10 << 20))
	# A partial block at the end does not count.
	truncate -s $((6 * 1024 * 1024 + 100)) "$image"
	disk_becomes $((6 << 20))
	printf '%-512s' end | dd of="$disk" bs=512 seek=12287 oflag=direct status=none
	equal end "$(dd if="$image" bs=512 skip=12287 count=1 status=none | tr -d ' ')"
}

@test "size changes are noticed on ext4, tmpfs and overlayfs, direct or not" {
	fs_make 24M
	mkdir "$BATS_TEST_TMPDIR"/{ram,merged}
	mount -t tmpfs ram "$BATS_TEST_TMPDIR/ram"
	mkdir "$BATS_TEST_TMPDIR/ram"/{lower,upper,work}
	truncate -s 1M "$BATS_TEST_TMPDIR/ram/lower/image"
	mount -t overlay overlay "$BATS_TEST_TMPDIR/merged" -o "lowerdir=$BATS_TEST_TMPDIR/ram/lower,upperdir=$BATS_TEST_TMPDIR/ram/upper,workdir=$BATS_TEST_TMPDIR/ram/work"
	make_target t0 i0
	lun=0
	for setting in "$fs direct=1" "$fs direct=0" "$BATS_TEST_TMPDIR/ram direct=0" \
		"$BATS_TEST_TMPDIR/merged direct=0" \
		"$BATS_TEST_TMPDIR/merged read_only=1"; do
		file=${setting% *}/image$lun
		# The last file is still in the lower layer.
		[ "$lun" != 4 ] || file=${setting% *}/image
		[ -e "$file" ] || truncate -s 1M "$file"
		disk=$(add_disk t0 $lun fileio "path=$file" "${setting#* }")
		truncate -s 2M "$file"
		disk_becomes $((2 << 20))
		printf '%-512s' more >>"$file"
		disk_becomes $(((2 << 20) + 512))
		truncate -s 512K "$file"
		disk_becomes $((512 << 10))
		lun=$((lun + 1))
	done
	scst_clear
}

@test "a new capacity is one unit attention for each I_T_L nexus" {
	probes_on 1M
	truncate -s 2M "$image"
	hears_once "$one"
	hears_once "$two"
	capacity_is 4096
	probe_use "$one"
	ready
	capacity_is 4096

	# Changes that leave the capacity as it is are not reported.
	touch "$image"
	truncate -s $((2 * 1024 * 1024 + 511)) "$image"
	dd if=/dev/zero of="$image" bs=512 count=64 conv=notrunc status=none
	truncate -s 1M "$image"
	hears_once "$two"
	hears_once "$one"
	capacity_is 2048
	probe_gives '1 status=02 *' 1 dir=in len=512 cdb=28000000080000000100
	probe_gives "1 status=02 * sense=$(sense 05 21 00)*" \
		1 dir=in len=512 cdb=28000000080000000100
}

@test "all disks on one file follow its size" {
	truncate -s 1M "$image"
	make_target t0 i0
	disks=()
	for lun in 0 1 2; do
		disks+=("$(add_disk t0 $lun fileio "path=$image" read_only=1)")
	done
	truncate -s 3M "$image"
	for disk in "${disks[@]}"; do
		disk_becomes $((3 << 20))
	done
	attr_set devices/fileio/d1/enable 0
	truncate -s 2M "$image"
	for disk in "${disks[0]}" "${disks[2]}"; do
		disk_becomes $((2 << 20))
	done
}

@test "the size attribute follows the file, and the device can be enabled again" {
	truncate -s 1M "$image"
	disk=$(export_disk fileio "path=$image" size=1M)
	truncate -s 2M "$image"
	disk_becomes $((2 << 20))
	attr_is $fileio/size $((2 << 20))
	attr_set $fileio/enable 0
	attr_set $fileio/enable 1
	truncate -s 1M "$image"
	disk_becomes $((1 << 20))
	attr_is $fileio/size $((1 << 20))
	attr_set $fileio/enable 0
	attr_set $fileio/enable 1
	equal $((1 << 20)) "$(stat -c %s "$image")"

	attr_set $fileio/enable 0
	attr_set $fileio/size ''
	attr_set $fileio/enable 1
	truncate -s 4M "$image"
	disk_becomes $((4 << 20))
	attr_is $fileio/size ''
}

@test "a write in flight extends a file that was cut meanwhile" {
	probes_on 8M
	probe_use "$one"
	echo "cmd 2 dir=out len=512 cdb=2a000000138800000100 data=hold" >&"$probe"
	truncate -s 1M "$image"
	hears_once "$two"
	capacity_is 2048
	echo "go 2" >&"$one"
	hears_once "$two"
	capacity_is 5001
	equal $((5001 * 512)) "$(stat -c %s "$image")"
	probe_use "$one"
	probe_next '2 status=00 *'
}

@test "a VERIFY in flight of blocks that were cut off is a medium error" {
	probes_on 8M
	probe_use "$one"
	echo "cmd 2 dir=out len=512 cdb=2f020000138800000100 data=hold" >&"$probe"
	truncate -s 1M "$image"
	hears_once "$two"
	echo "go 2" >&"$one"
	probe_use "$one"
	probe_next '2 status=02 * sense=f00003*1100*'
	equal $((1 << 20)) "$(stat -c %s "$image")"
}

@test "a file below one block makes the disk not ready until it is enabled again" {
	truncate -s 1M "$image"
	disk=$(export_disk fileio "path=$image")
	sg=$(sg_of "$disk")
	for bytes in 0 511; do
		truncate -s $bytes "$image"
		wait_until 10 grep -q waiting $fileio/state
		matches "*$bytes bytes*" "$(attr_get $fileio/last_error)"
		matches 'Not Ready*' "$(read_10 "$sg" 0 1)"
		attr_refuses EINVAL $fileio/enable 1
		truncate -s 2M "$image"
		attr_set $fileio/enable 1
		disk_becomes $((2 << 20))
		dd if="$disk" of=/dev/null bs=1M iflag=direct status=none
	done
}

@test "a disk keeps its file when that is removed or replaced" {
	truncate -s 1M "$image"
	disk=$(export_disk fileio "path=$image")
	exec {held}<>"$image"
	truncate -s 4M "$image.new"
	mv "$image.new" "$image"
	rm "$image"
	dd if=/dev/zero of="$disk" bs=64k count=16 oflag=direct status=none
	truncate -s 2M "/proc/self/fd/$held"
	disk_becomes $((2 << 20))
	exec {held}>&-
	attr_set $fileio/enable 0
	attr_refuses ENOENT $fileio/enable 1
}

# Reads and writes until it is killed.
keep_busy() {
	while :; do
		dd if="$1" of=/dev/null bs=64k iflag=direct
		dd if=/dev/zero of="$1" bs=64k conv=nocreat oflag=direct
	done 2>/dev/null
}

@test "the disk has the size of the file after changes under I/O" {
	fs_make 24M
	for direct in 0 1; do
		truncate -s 16M "$fs/file"
		disk=$(export_disk fileio "path=$fs/file" direct=$direct)
		background keep_busy "$disk"
		background keep_busy "$disk"
		for size in 4M 16M 3M 512 1M 8M 64K 16M 4M; do
			truncate -s "$size" "$fs/file"
			scst_sleep 0.1
		done
		kill_jobs
		wait_until 10 disk_has_all_of "$fs/file"
		truncate -s 4M "$fs/file"
		disk_becomes $((4 << 20))
		scst_clear
	done
}

@test "a device that is removed while its file changes leaves no references" {
	truncate -s 1M "$image"
	resize() {
		while :; do
			truncate -s 2M "$image"
			truncate -s 1M "$image"
		done
	}
	background resize
	for _ in 1 2 3 4 5 6 7 8 9 10; do
		make_device fileio d0 "path=$image"
		remove_device fileio/d0
	done
	scst_clear
	cd /
	scst_is_unused
	scst_unload
}
