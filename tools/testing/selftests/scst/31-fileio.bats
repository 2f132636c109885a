#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# A disk on a regular file: data, sizes and the cache.
# shellcheck disable=SC2154 # fs_make sets fs

load lib/scst
load lib/probe
load lib/block
load lib/vdisk

fileio=devices/fileio/d0

teardown() {
	local status=0

	probe_logout_all
	scst_down || status=1
	fs_down || status=1
	return "$status"
}

# Data written to the disk is on the disk and in the file.
data_is_same() {
	local disk=$1 file=$2 size=$3

	dd if="$data" of="$disk" bs=64K seek=16 oflag=direct status=none
	dd if="$data" of="$disk" bs="$size" count=5 seek=3 oflag=direct status=none
	cmp -n $((1 << 20)) "$data" "$file" 0 $((1 << 20)) &&
		cmp -n $((5 * size)) "$data" "$file" 0 $((3 * size)) &&
		dd if="$disk" bs=1M skip=1 count=1 iflag=direct status=none |
		cmp - "$data" &&
		dd if="$disk" bs="$size" skip=3 count=5 iflag=direct status=none |
		cmp -n $((5 * size)) - "$data"
}

@test "disk and file have the same data, in every mode and block size" {
	fs_make 24M
	data=$BATS_TEST_TMPDIR/data
	head -c 1M /dev/urandom >"$data"
	make_target t0 i0
	lun=0
	for mode in block_size={512,1024,2048,4096}' '{direct,write_through}=1 \
		block_size={512,4096} 'direct=1 write_through=1'; do
		# shellcheck disable=SC2086 # one argument an attribute
		disk=$(add_disk t0 $lun fileio "path=$fs/$lun" size=2M $mode)
		data_is_same "$disk" "$fs/$lun" "$(blockdev --getss "$disk")"
		lun=$((lun + 1))
	done
}

@test "a sparse file stays sparse, and its holes read as zeroes" {
	fs_make 24M
	make_target t0 i0
	for direct in 0 1; do
		file=$fs/$direct
		disk=$(add_disk t0 $direct fileio "path=$file" size=32M direct=$direct)
		cmp -n $((32 << 20)) "$disk" /dev/zero
		dd if=/dev/urandom of="$disk" bs=64K count=1 seek=100 oflag=direct status=none
		sync "$file"
		[ "$(($(stat -c %b "$file") * 512))" -le $((128 << 10)) ]
	done
}

@test "files of more than 2 TiB work to their end" {
	image=$BATS_TEST_TMPDIR/image
	truncate -s 5T "$image"
	end=$(((5 << 40) - 4096))
	disk=$(export_disk fileio "path=$image")
	equal $((5 << 40)) "$(disk_size "$disk")"
	printf '%-4096s' end | dd of="$disk" bs=4096 oflag=direct seek=$((end / 4096)) status=none
	printf '%-4096s' low | dd of="$disk" bs=4096 oflag=direct seek=$(((end - (2 << 40)) / 4096)) status=none
	equal end "$(tail -c 4096 "$image" | tr -d ' ')"
	equal end "$(dd if="$disk" bs=4096 iflag=direct skip=$((end / 4096)) status=none | tr -d ' ')"
	cmp -n 4096 "$image" /dev/zero
}

@test "size creates a file, or extends an existing one" {
	image=$BATS_TEST_TMPDIR/image
	disk=$(export_disk fileio "path=$image" size=8M)
	equal $((8 << 20)) "$(stat -c %s "$image")"
	equal 600 "$(stat -c %a "$image")"
	equal $((8 << 20)) "$(disk_size "$disk")"
	head -c 8M /dev/urandom | tee "$BATS_TEST_TMPDIR/data" |
		dd of="$disk" bs=1M iflag=fullblock oflag=direct status=none
	scst_clear
	disk=$(export_disk fileio "path=$image" size=32M)
	equal $((32 << 20)) "$(stat -c %s "$image")"
	equal $((32 << 20)) "$(disk_size "$disk")"
	cmp -n $((8 << 20)) "$BATS_TEST_TMPDIR/data" "$disk"
	scst_clear
	disk=$(export_disk fileio "path=$image")
	equal $((32 << 20)) "$(disk_size "$disk")"
	attr_is $fileio/size ''
}

@test "attributes read back what was written" {
	mkdir -p $fileio
	attr_is $fileio/path ''
	attr_round_trip $fileio/path /a '/with blank' "/$(printf '%4093s' '' | tr ' ' a)" ''
	attr_round_trip $fileio/direct 1 0
	attr_round_trip $fileio/write_through 1 0
	attr_round_trip $fileio/size 512 ''
}

@test "the initiator sees a write cache where there is one" {
	fs_make 24M
	make_target t0 i0
	lun=0
	while read -r mode type; do
		truncate -s 1M "$fs/$lun"
		disk=$(add_disk t0 $lun fileio "path=$fs/$lun" "$mode")
		equal "$type" "$(cache_type "$disk")" "$mode"
		lun=$((lun + 1))
	done <<-END
	direct=0 write back
	direct=1 write back
	write_through=1 write through
	read_only=1 write through
	END
}

@test "a cached write is on the medium after SYNCHRONIZE CACHE, and not before" {
	fs_make 24M
	file=$(fs_file file 8388608)
	disk=$(export_disk fileio "path=$file")
	sg=$(sg_of "$disk")
	equal Good "$(write_10 "$sg" 64 8 cached-write)"
	fs_lacks cached-write
	flushes=$(fs_flushes)
	equal Good "$(sync_10 "$sg")"
	fs_holds cached-write
	[ "$(fs_flushes)" -gt "$flushes" ]
}

@test "a cached write is on the medium after a host has stopped the disk" {
	fs_make 24M
	file=$(fs_file file 8388608)
	disk=$(export_disk fileio "path=$file")
	sg=$(sg_of "$disk")
	equal Good "$(write_10 "$sg" 64 8 before-the-stop)"
	# NO_FLUSH
	sg_raw "$sg" 1b 00 00 00 04 00
	fs_lacks before-the-stop
	flushes=$(fs_flushes)
	sg_start --stop "$sg"
	fs_holds before-the-stop
	[ "$(fs_flushes)" -gt "$flushes" ]
}

@test "a write with FUA is on the medium when it completes" {
	fs_make 24M
	make_target t0 i0
	for direct in 0 1; do
		file=$(fs_file $direct 8388608)
		disk=$(add_disk t0 $direct fileio "path=$file" direct=$direct)
		flushes=$(fs_flushes)
		equal Good "$(write_10_fua "$(sg_of "$disk")" 64 8 fua-$direct)"
		fs_holds fua-$direct
		[ "$(fs_flushes)" -gt "$flushes" ]
	done
}

@test "a write with FUA into a hole is there after a power failure" {
	fs_make 24M
	truncate -s 8M "$fs/file"
	disk=$(export_disk fileio "path=$fs/file")
	equal Good "$(write_10_fua "$(sg_of "$disk")" 64 8 in-a-hole)"
	fs_crash
	matches 'in-a-hole*' "$(fs_crashed file | dd bs=512 skip=64 count=1 iflag=fullblock status=none)"
}

@test "every write is on the medium when it completes, with write_through" {
	fs_make 24M
	make_target t0 i0
	for direct in 0 1; do
		file=$(fs_file $direct 8388608)
		disk=$(add_disk t0 $direct fileio "path=$file" direct=$direct write_through=1)
		equal Good "$(write_10 "$(sg_of "$disk")" 64 8 through-$direct)"
		fs_holds through-$direct
	done
}

@test "an initiator can turn the cache off, and cached data is written" {
	fs_make 24M
	file=$(fs_file file 8388608)
	disk=$(export_disk fileio "path=$file")
	sg=$(sg_of "$disk")
	equal Good "$(write_10 "$sg" 64 8 before)"
	echo 'write through' >/sys/block/"${disk#/dev/}"/device/scsi_disk/*/cache_type
	equal 'write through' "$(cache_type "$disk")"
	fs_holds before
	equal Good "$(write_10 "$sg" 128 8 after)"
	fs_holds after
}

@test "VERIFY reads the medium, and compares data with it" {
	fs_make 24M
	data=$BATS_TEST_TMPDIR/data
	make_target t0 i0
	for direct in 0 1; do
		file=$fs/$direct
		head -c 1M /dev/urandom | tee "$file" >"$data"
		disk=$(add_disk t0 $direct fileio "path=$file" direct=$direct)
		sg=$(sg_of "$disk")
		sg_verify --count=2048 "$sg"
		equal Good "$(verify_10 "$sg" 0 2048 1 "$data")"
		for offset in 1048575 40000 0; do
			printf '\0' | dd of="$data" bs=1 seek=$offset conv=notrunc status=none
			was=$(dd if="$file" bs=1 skip=$offset count=1 status=none | xxd -p)
			[ "$was" != 00 ] || continue
			equal "Miscompare: Miscompare during verify operation: $offset" \
				"$(verify_10 "$sg" 0 2048 1 "$data")"
		done
	done
}

@test "VERIFY compares each of many blocks with one" {
	fs_make 24M
	block=$BATS_TEST_TMPDIR/block
	printf '%-512s' same >"$block"
	# shellcheck disable=SC2046 # a word for each block
	printf '%-512s' $(yes same | head -n 100) >"$fs/file"
	disk=$(export_disk fileio "path=$fs/file")
	sg=$(sg_of "$disk")
	equal Good "$(verify_10 "$sg" 0 100 3 "$block")"
	equal Good "$(write_10 "$sg" 70 1 other)"
	equal "Miscompare: Miscompare during verify operation: $((60 * 512))" \
		"$(verify_10 "$sg" 10 90 3 "$block")"
}

@test "a read with FUA returns cached data, and makes it durable" {
	fs_make 24M
	file=$(fs_file file 8388608)
	disk=$(export_disk fileio "path=$file")
	sg=$(sg_of "$disk")
	equal Good "$(write_10 "$sg" 64 8 fua-read)"
	fs_lacks fua-read
	equal Good "$(read_10 "$sg" 64 8 512 8)"
	fs_holds fua-read
}

@test "a read-only disk can be read, and refuses writes" {
	fs_make 24M
	printf '%-1048576s' content >"$fs/file"
	mount -o remount,ro "$fs"
	disk=$(export_disk fileio "path=$fs/file" read_only=1)
	equal 1 "$(blockdev --getro "$disk")"
	cmp -n $((1 << 20)) "$fs/file" "$disk"
	equal 'Data Protect: Write protected' "$(write_10 "$(sg_of "$disk")" 0 1 x)"
}

@test "the block size of the file system is the physical block size of the disk" {
	fs_make 24M
	truncate -s 8M "$fs/file"
	disk=$(export_disk fileio "path=$fs/file")
	equal 512 "$(blockdev --getss "$disk")"
	equal 4096 "$(blockdev --getpbsz "$disk")"
}

# --- without a worker

# read_by WORKERS FILE [ARGUMENTS...]: a process that has other work reads 64 blocks of the file; so
# many workers do it.
read_by() {
	local workers=$1 file=$2 reply

	shift 2
	traced workqueue/workqueue_execute_start answer probe_cmd 1 ctx=task dir=in len=32768 \
		show=512 "${@:-cdb=28000000004000004000}" >"$BATS_TEST_TMPDIR/trace"
	reply=$(<"$BATS_TEST_TMPDIR/answer")
	equal "1 status=00 residual=0 sense= data=$(dd if="$file" bs=512 skip=64 count=1 \
		status=none | od -An -v -tx1 | tr -d ' \n')" "$reply" &&
		equal "$workers" "$(grep -c 'function scst_cmd_backend_work' "$BATS_TEST_TMPDIR/trace")"
}

# answer COMMAND...: keeps what it prints.
answer() {
	"$@" >"$BATS_TEST_TMPDIR/answer"
}

@test "a read of cached data needs no worker" {
	requires_tracing workqueue/workqueue_execute_start
	fs_make 24M
	data=$fs/image
	head -c 1M /dev/urandom >"$data"
	make_device fileio d0 "path=$data"
	probe_target fileio/d0
	probe_login me
	probe_ready
	sync "$data"
	echo 3 >/proc/sys/vm/drop_caches
	read_by 1 "$data"
	read_by 0 "$data"
	# with FUA: from the medium, and through the cache
	read_by 1 "$data" cdb=28080000004000004000
	read_by 0 "$data"
	attr_set $fileio/enable 0
	attr_set $fileio/direct 1
	attr_set $fileio/enable 1
	probe_ready
	read_by 1 "$data"
}

@test "a read does not change the time of access of the file" {
	fs_make 24M
	data=$fs/image
	head -c 1M /dev/urandom >"$data"
	touch -a -d 2001-01-01 "$data"
	disk=$(export_disk fileio "path=$data")
	dd if="$disk" of=/dev/null bs=64K iflag=direct status=none
	equal 978307200 "$(stat -c %X "$data")"
}
