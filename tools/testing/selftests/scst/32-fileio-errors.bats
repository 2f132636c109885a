#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# A disk on a regular file: errors of the medium, and invalid settings
# shellcheck disable=SC2154 # fs_make sets fs

load lib/scst
load lib/vdisk

fileio=devices/fileio/d0

# --- errors of the medium

@test "a read error is a medium error with the address of the block" {
	fs_make 24M
	file=$(fs_file file 8388608)
	disk=$(export_disk fileio "path=$file" block_size=4096)
	sg=$(sg_of "$disk")
	fs_break "$file" 800 8
	equal 'Medium Error: Unrecovered read error: 100' "$(read_10 "$sg" 96 32 4096)"
	equal 'Medium Error: Unrecovered read error: 100' "$(read_10 "$sg" 100 1 4096)"
	equal Good "$(read_10 "$sg" 96 4 4096)"
	equal Good "$(read_10 "$sg" 101 32 4096)"
	fs_repair
	equal Good "$(read_10 "$sg" 96 32 4096)"
}

@test "direct I/O reports the exact sector that cannot be read" {
	fs_make 24M
	file=$(fs_file file 8388608)
	disk=$(export_disk fileio "path=$file" direct=1)
	sg=$(sg_of "$disk")
	fs_break "$file" 803 1
	equal 'Medium Error: Unrecovered read error: 803' "$(read_10 "$sg" 700 256)"
	equal Good "$(read_10 "$sg" 700 103)"
	equal Good "$(read_10 "$sg" 804 100)"
}

@test "a write error is a medium error with the address of the block" {
	fs_make 24M
	file=$(fs_file file 8388608)
	make_target t0 i0
	sg=$(sg_of "$(add_disk t0 0 fileio "path=$file" block_size=4096 write_through=1)")
	fs_break "$file" 800 8
	equal 'Medium Error: Write error: 100' "$(write_10 "$sg" 96 32 through 4096)"
	equal 'Medium Error: Write error: 100' "$(write_10 "$sg" 100 1 through 4096)"
	equal Good "$(write_10 "$sg" 101 1 through 4096)"
	file=$(fs_file direct 8388608)
	sg=$(sg_of "$(add_disk t0 1 fileio "path=$file" direct=1)")
	fs_break "$file" 803 1
	equal 'Medium Error: Write error: 803' "$(write_10 "$sg" 700 256 direct)"
	equal Good "$(write_10 "$sg" 700 103 direct)"
}

@test "a cached write that fails later is reported once, by SYNCHRONIZE CACHE" {
	fs_make 24M
	file=$(fs_file file 8388608)
	disk=$(export_disk fileio "path=$file" block_size=4096)
	sg=$(sg_of "$disk")
	fs_break "$file" 800 8
	equal Good "$(write_10 "$sg" 100 1 lost 4096)"
	equal 'Hardware Error: Write error' "$(sync_10 "$sg")"
	fs_repair
	equal Good "$(sync_10 "$sg")"
}

@test "a write with FUA succeeds, and the loss of another is still reported" {
	fs_make 24M
	file=$(fs_file file 8388608)
	disk=$(export_disk fileio "path=$file" block_size=4096)
	sg=$(sg_of "$disk")
	fs_break "$file" 800 8
	equal Good "$(write_10 "$sg" 100 1 lost 4096)"
	expect EIO sync "$file"
	equal Good "$(write_10_fua "$sg" 500 1 kept 4096)"
	fs_holds kept
	equal 'Hardware Error: Write error' "$(sync_10 "$sg")"
}

@test "VERIFY finds an unreadable block even if it is cached" {
	fs_make 24M
	file=$(fs_file file 8388608)
	disk=$(export_disk fileio "path=$file" block_size=4096)
	sg=$(sg_of "$disk")
	fs_break "$file" 800 8
	fs_repair
	equal Good "$(read_10 "$sg" 100 1 4096)"
	fs_reload "$(fs_sector "$file" 800)" 8
	equal Good "$(read_10 "$sg" 100 1 4096)"
	# shellcheck disable=SC2046 # a CDB's bytes are words
	equal 'Medium Error: Unrecovered read error: 100' \
		"$(sense_of "$sg" $(cdb_10 0x2f 0 0 2048))"
}

# Writes until the file system is full, and once more.
fill() {
	local lba

	for lba in 8192 9216 10240; do
		[ "$(write_10 "$1" "$lba" 1024 fill)" = Good ] || break
	done
	write_10 "$1" "$lba" 1024 fill
}

@test "a write without space is refused, and succeeds when there is space" {
	small=$BATS_TEST_TMPDIR/small
	mkdir "$small"
	mount -t tmpfs -o size=1M small "$small"
	truncate -s 16M "$small/file"
	disk=$(export_disk fileio "path=$small/file")
	sg=$(sg_of "$disk")
	head -c 1M /dev/zero >"$small/filler" || true
	equal 'Data Protect: Space allocation failed write protect' \
		"$(write_10 "$sg" 100 8 full)"
	rm "$small/filler"
	equal Good "$(write_10 "$sg" 100 8 space)"
	equal 'Data Protect: Space allocation failed write protect' \
		"$(fill "$sg")"
	equal Good "$(read_10 "$sg" 0 8)"
	scst_clear
	umount "$small"
}

# The file is cut below overlayfs, which does not notice.
@test "reads beyond an unnoticed end of the file are medium errors" {
	tree=$BATS_TEST_TMPDIR/tree
	mkdir "$tree"
	mount -t tmpfs tree "$tree"
	mkdir "$tree"/{lower,upper,work,merged}
	mount -t overlay overlay "$tree/merged" \
		-o "lowerdir=$tree/lower,upperdir=$tree/upper,workdir=$tree/work"
	truncate -s 4M "$tree/merged/image"
	disk=$(export_disk fileio "path=$tree/merged/image")
	sg=$(sg_of "$disk")
	truncate -s $((1000 * 512 + 100)) "$tree/upper/image"
	equal Good "$(read_10 "$sg" 0 1000)"
	equal 'Medium Error: Unrecovered read error: 1000' "$(read_10 "$sg" 990 20)"
	equal 'Medium Error: Unrecovered read error: 2000' "$(read_10 "$sg" 2000 8)"
	equal Good "$(write_10 "$sg" 2000 8 again)"
	equal Good "$(read_10 "$sg" 990 20)"
	scst_clear
}

# --- bad input

# refused ERRNO PATH [ATTRIBUTE=VALUE...]: d0 cannot be enabled on this file.
refused() {
	local errno=$1 setting

	attr_set $fileio/path "$2" || return
	shift 2
	for setting in "$@"; do
		attr_set "$fileio/${setting%%=*}" "${setting#*=}" || return
	done
	attr_refuses "$errno" $fileio/enable 1 || return
	case $errno in
	ENOENT) attr_is $fileio/state waiting ;;
	*) attr_is $fileio/state idle ;;
	esac
}

@test "only regular files can be exported" {
	mkdir -p $fileio
	mkfifo "$BATS_TEST_TMPDIR/fifo"
	mkdir "$BATS_TEST_TMPDIR/directory"
	ln -s loop "$BATS_TEST_TMPDIR/loop"
	ln -s /no/such/file "$BATS_TEST_TMPDIR/dangling"
	refused EINVAL ''
	refused ENOENT /no/such/file
	refused ENOENT "$BATS_TEST_TMPDIR/dangling"
	refused ENOTDIR /proc/version/file
	refused EISDIR "$BATS_TEST_TMPDIR/directory"
	refused EISDIR "$BATS_TEST_TMPDIR/directory" read_only=1
	refused EINVAL /dev/null
	bounded 10 refused EINVAL "$BATS_TEST_TMPDIR/fifo"
	refused EINVAL /proc/version
	refused ELOOP "$BATS_TEST_TMPDIR/loop"
}

@test "invalid values of path, direct and write_through are refused" {
	mkdir -p $fileio
	attr_set $fileio/path /a
	attr_refuses EINVAL $fileio/path relative
	printf '/two\nlines\n' >"$BATS_TEST_TMPDIR/lines"
	expect EINVAL dd if="$BATS_TEST_TMPDIR/lines" of=$fileio/path status=none
	attr_is $fileio/path /a
	attr_refuses ENAMETOOLONG $fileio/path "/$(printf '%4094s' '' | tr ' ' a)"
	attr_refuses ENAMETOOLONG $fileio/path "/$(printf '%9000s' '' | tr ' ' a)"
	for nonsense in 2 -1 yes '' 01x; do
		attr_refuses EINVAL $fileio/direct "$nonsense"
		attr_refuses EINVAL $fileio/write_through "$nonsense"
	done
}

@test "a file below one block is refused, and a partial last block is ignored" {
	mkdir -p $fileio
	image=$BATS_TEST_TMPDIR/image
	: >"$image"
	refused EINVAL "$image"
	truncate -s 511 "$image"
	refused EINVAL "$image"
	truncate -s 1023 "$image"
	refused EINVAL "$image" block_size=1024
	attr_set $fileio/block_size 512
	disk=$(export_disk fileio "path=$image")
	equal 512 "$(disk_size "$disk")"
	equal 1023 "$(stat -c %s "$image")"
}

@test "an invalid size is refused, and leaves the file as it is" {
	mkdir -p $fileio
	image=$BATS_TEST_TMPDIR/image
	truncate -s 1M "$image"
	refused EINVAL "$image" size=512K
	refused EINVAL "$image" size=2M read_only=1
	refused EFBIG "$image" size=16000P read_only=0
	refused EINVAL "$image" size=1048577
	equal $((1 << 20)) "$(stat -c %s "$image")"
	refused EINVAL "$image.new" size=1000
	refused EFBIG "$image.new" size=16000P
	refused ENOENT "$image.new" size=1M read_only=1
	[ ! -e "$image.new" ]
}

@test "a file on a read-only file system can only be exported read-only" {
	fs_make 24M
	truncate -s 1M "$fs/file"
	mount -o remount,ro "$fs"
	mkdir -p $fileio
	refused EROFS "$fs/file"
	attr_is $fileio/read_only 0
	attr_set $fileio/read_only 1
	attr_set $fileio/enable 1
}

@test "direct is refused on a file system without direct I/O" {
	mkdir -p $fileio "$BATS_TEST_TMPDIR/ram"
	mount -t ramfs ram "$BATS_TEST_TMPDIR/ram"
	truncate -s 1M "$BATS_TEST_TMPDIR/ram/file"
	refused EINVAL "$BATS_TEST_TMPDIR/ram/file" direct=1
	attr_set $fileio/direct 0
	attr_set $fileio/enable 1
	attr_set $fileio/enable 0
	umount "$BATS_TEST_TMPDIR/ram"
}

@test "a file is exported by one writable device, or by read-only ones" {
	mkdir -p $fileio
	image=$BATS_TEST_TMPDIR/image
	truncate -s 1M "$image"
	ln -s image "$BATS_TEST_TMPDIR/soft"
	ln "$image" "$BATS_TEST_TMPDIR/hard"
	make_device fileio d1 "path=$image"
	for name in image soft hard; do
		refused EBUSY "$BATS_TEST_TMPDIR/$name" read_only=0
		refused EBUSY "$BATS_TEST_TMPDIR/$name" read_only=1
	done
	attr_set devices/fileio/d1/enable 0
	attr_set devices/fileio/d1/read_only 1
	attr_set devices/fileio/d1/enable 1
	refused EBUSY "$image" read_only=0
	attr_set $fileio/read_only 1
	attr_set $fileio/enable 1
}

@test "an enabled device cannot be changed or enabled again" {
	image=$BATS_TEST_TMPDIR/image
	truncate -s 1M "$image"
	make_device fileio d0 "path=$image"
	attr_refuses EBUSY $fileio/enable 1
	for setting in path=/other size=2M direct=1 write_through=1 read_only=1 block_size=4096; do
		attr_refuses EBUSY "$fileio/${setting%%=*}" "${setting#*=}"
	done
	attr_is $fileio/state active
}

@test "the module cannot be unloaded while there are devices" {
	mkdir -p $fileio
	run modprobe -r scst_vdisk
	[ "$status" -ne 0 ]
	[ -d /sys/module/scst_vdisk ]
	rmdir $fileio devices/fileio
	wait_until 10 modprobe -r scst_vdisk
	[ ! -d /sys/module/scst_vdisk ]
}
