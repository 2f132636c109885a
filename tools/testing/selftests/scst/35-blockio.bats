#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# A disk on a block device.
# shellcheck disable=SC2154,SC2030,SC2031 # lib/block sets loop, sdebug and null; a test is a subshell

load lib/scst
load lib/vdisk
load lib/probe
load lib/block

blockio=devices/blockio/d0

# read_bytes DISK OFFSET LENGTH: past all page caches
read_bytes() {
	dd if="$1" bs="$3" skip="$2" count=1 iflag=direct,skip_bytes,fullblock status=none
}

# data_is_same DISK DEVICE: data that is written to the one is on the other.
data_is_same() {
	local size

	size=$(blockdev --getss "$1")
	dd if="$data" of="$1" bs=64K seek=16 oflag=direct status=none
	dd if="$data" of="$1" bs="$size" count=5 seek=3 oflag=direct status=none
	cmp "$data" <(read_bytes "$2" $((1 << 20)) $((1 << 20))) &&
		cmp "$data" <(read_bytes "$1" $((1 << 20)) $((1 << 20))) &&
		cmp -n $((5 * size)) "$data" <(read_bytes "$2" $((3 * size)) $((5 * size))) &&
		cmp -n $((5 * size)) "$data" <(read_bytes "$1" $((3 * size)) $((5 * size)))
}

random_data() { # SIZE
	data=$BATS_TEST_TMPDIR/data
	head -c "$1" /dev/urandom >"$data"
}

# fill DEVICE: random data on all of it, which is in $data, too
fill() {
	random_data "$(disk_size "$1")"
	dd if="$data" of="$1" bs=1M oflag=direct status=none
}

# refused ERRNO PATTERN [ATTRIBUTE=VALUE...]: d0 cannot be enabled, and last_error says why.
refused() {
	local errno=$1 pattern=$2 setting

	shift 2
	for setting in "$@"; do
		attr_set "$blockio/${setting%%=*}" "${setting#*=}" || return
	done
	attr_refuses "$errno" $blockio/enable 1 && matches "$pattern" "$(attr_get $blockio/last_error)"
}

# --- data

@test "disk and block device have the same data, on every kind of block device" {
	random_data 1M
	make_target t0 i0
	sdebug_make
	data_is_same "$(add_disk t0 0 blockio "path=$sdebug")" "$sdebug"
	loop_make 8M
	data_is_same "$(add_disk t0 1 blockio "path=$loop")" "$loop"
	loop_make 8M
	dm_make scst_block < <(printf '%s\n' "0 8192 linear $loop 8192" "8192 8192 linear $loop 0")
	data_is_same "$(add_disk t0 2 blockio path=/dev/mapper/scst_block)" /dev/mapper/scst_block
	null_make scst_null memory_backed=1 size=8 blocksize=4096
	data_is_same "$(add_disk t0 3 blockio "path=$null")" "$null"
	scst_clear
}

@test "a partition is the disk, and not more" {
	sdebug_make
	fill "$sdebug"
	addpart "$sdebug" 1 2048 8192
	wait_until 10 test -b "${sdebug}1"
	disk=$(export_disk blockio "path=${sdebug}1")
	equal $((8192 * 512)) "$(disk_size "$disk")"
	cmp -n $((8192 * 512)) "$data" "$disk" $((2048 * 512)) 0
	dd if=/dev/zero of="$disk" bs=4k seek=1023 count=1 oflag=direct status=none
	cmp -n 4096 /dev/zero <(read_bytes "$sdebug" $(((2048 + 8184) * 512)) 4096)
	cmp -n 512 <(tail -c +$(((2048 + 8192) * 512 + 1)) "$data") \
		<(read_bytes "$sdebug" $(((2048 + 8192) * 512)) 512)
	matches 'Illegal Request*' "$(read_10 "$(sg_of "$disk")" 8192 1)"
	scst_clear
	delpart "$sdebug" 1
}

@test "block_size is that of the block device, or a multiple of it" {
	make_target t0 i0
	loop_make 4M
	disk=$(add_disk t0 0 blockio "path=$loop")
	equal 512 "$(blockdev --getss "$disk")"
	attr_is $blockio/block_size ''
	attr_set $blockio/enable 0
	attr_round_trip $blockio/block_size 512 4096 ''
	for invalid in 0 256 1000 8192 x; do
		attr_refuses EINVAL $blockio/block_size "$invalid"
	done
	scst_clear
	make_target t0 i0
	disk=$(add_disk t0 0 blockio "path=$loop" block_size=2048)
	equal 2048 "$(blockdev --getss "$disk")"
	random_data 1M
	data_is_same "$disk" "$loop"
	scst_clear
	loop_make 4M -b 4096
	mkdir -p $blockio
	refused EINVAL 'block_size is less than * 4096' "path=$loop" block_size=512
	attr_set $blockio/block_size ''
	disk=$(export_disk blockio "path=$loop")
	equal 4096 "$(blockdev --getss "$disk")"
}

# sg_io DISK ADDRESS-OFFSET LBA LENGTH in|out [BYTE1]: one command, whose memory begins at that offset of a
# page. Data-In is printed, Data-Out read from standard input.
sg_io() {
	perl -e '
		my ($disk, $offset, $lba, $len, $dir, $byte1) = @ARGV;
		open(my $fh, "+<", $disk) or die "$disk: $!";
		my $mem = "x" x ($len + 12288);
		my $start = unpack("Q", pack("P", $mem));
		my $skip = 4096 - $start % 4096 + $offset;
		my $out = $dir eq "out";
		if ($out) {
			local $/;
			substr($mem, $skip, $len) = <STDIN>;
		}
		my $cdb = pack("CCQ>NCC", $out ? 0x8a : 0x88, $byte1 // 0, $lba, $len / 512, 0, 0);
		my $sense = "\0" x 64;
		my $io = pack("i i C C S I Q P P I I i Q C C C C S S i I I", ord "S",
			$out ? -2 : -3, 16, 64, 0, $len, $start + $skip, $cdb, $sense,
			20000, 0, 0, 0, (0) x 9);
		ioctl($fh, 0x2285, $io) or die "SG_IO of $len bytes: $!";
		my $status = (unpack("i i C C S I Q Q Q I I i Q C", $io))[13];
		die "status $status" if $status;
		print substr($mem, $skip, $len) unless $out;' "$@"
}

@test "long transfers are whole, in large pieces and in pages" {
	sdebug_make
	loop_make 24M
	make_target t0 i0
	lun=0
	for device in "$sdebug" "$loop"; do
		fill "$device"
		disk=$(add_disk t0 $lun blockio "path=$device")
		# 8 MiB are the most that a command of scst_local has.
		sg_io "$disk" 0 8 $((8 << 20)) in >"$BATS_TEST_TMPDIR/in"
		cmp "$BATS_TEST_TMPDIR/in" <(tail -c +4097 "$data" | head -c 8M)
		# The page cache of the disk is scattered.
		cmp "$data" "$disk"
		tail -c 8M "$data" | sg_io "$disk" 0 0 $((8 << 20)) out
		cmp <(tail -c 8M "$data") <(read_bytes "$device" 0 $((8 << 20)))
		lun=$((lun + 1))
	done
	scst_clear
}

# pattern TEXT BYTES
pattern() {
	yes "$1" | tr -d '\n' | head -c "$2"
}

@test "a transfer of 16 MiB in the memory of the core is whole" {
	make_target t0 i0
	for kind in sdebug loop; do
		sdebug_make
		loop_make 24M
		device=${!kind}
		make_device blockio d0 "path=$device"
		probe_target blockio/d0
		probe_login one
		probe_ready
		probe_gives '1 status=00 *' 1 dir=out len=16777216 \
			cdb=8a000000000000000010000080000000 data=616263
		cmp <(pattern abc 16777216) <(read_bytes "$device" $((16 * 512)) 16777216)
		probe_gives '2 status=00 * data=616263616263*' 2 dir=in len=16777216 \
			cdb=88000000000000000010000080000000 show=6
		probe_logout_all
		scst_clear
		sdebug_down
	done
}

# Probe one sees d0, on block device $1.
probe_on() {
	make_device blockio d0 "path=$1"
	probe_target blockio/d0
	probe_login one
	probe_ready
}

each_context() {
	local context

	for context in thread softirq hardirq; do
		probe_gives '1 status=00 *' 1 dir=out len=4096 ctx=$context \
			cdb=2a000000001000000800 data=616263 || return
		probe_gives '2 status=00 * data=616263616263*' 2 dir=in len=4096 \
			ctx=$context cdb=28000000001000000800 show=6 || return
		probe_gives '3 status=00 *' 3 ctx=$context cdb=35000000000000000000 || return
		probe_gives '4 status=00 *' 4 dir=out len=4096 ctx=$context \
			cdb=2f020000001000000800 data=616263 || return
		probe_gives '5 status=00 *' 5 dir=out len=4096 ctx=$context \
			cdb=2a080000001000000800 data=64 || return
	done
}

@test "commands that arrive in any context are executed" {
	sdebug_make
	probe_on "$sdebug"
	each_context
	probe_logout_all
	scst_clear
	loop_make 4M
	probe_on "$loop"
	each_context
}

@test "memory that the block device cannot use is copied" {
	sdebug_make
	fill "$sdebug"
	disk=$(export_disk blockio "path=$sdebug")
	for offset in 0 4 512 516 4092; do
		cmp <(head -c 65536 "$data") <(sg_io "$disk" $offset 0 65536 in)
		tail -c 100K "$data" | sg_io "$disk" $offset 1024 $((100 << 10)) out
		cmp <(tail -c 100K "$data") <(read_bytes "$sdebug" $((1024 * 512)) $((100 << 10)))
		dd if=/dev/zero of="$disk" bs=100K count=1 seek=524288 oflag=direct,seek_bytes status=none
	done
	# A part of a block
	cmp <(head -c 700 "$data") <(sg_raw -r 700 -o - "$(sg_of "$disk")" 28 00 00 00 00 00 00 00 02 00)
	scst_clear
}

# --- durability

@test "the initiator sees a write cache where the block device has one" {
	make_target t0 i0
	loop_make 4M
	equal 'write back' "$(cache_type "$(add_disk t0 0 blockio "path=$loop")")"
	null_make scst_null size=8
	equal 'write through' "$(cache_type "$(add_disk t0 1 blockio "path=$null")")"
	attr_set $blockio/enable 0
	attr_set $blockio/read_only 1
	attr_set $blockio/enable 1
	scst_clear
}

@test "a write with FUA, of memory that is copied, is durable" {
	loop_make 4M
	disk=$(export_disk blockio "path=$loop")
	flushes=$(flushes_of "$loop")
	head -c 4096 /dev/urandom >"$BATS_TEST_TMPDIR/out"
	sg_io "$disk" 4 0 4096 out 8 <"$BATS_TEST_TMPDIR/out"
	cmp "$BATS_TEST_TMPDIR/out" <(read_bytes "$loop" 0 4096)
	equal $((flushes + 1)) "$(flushes_of "$loop")"
}

@test "SYNCHRONIZE CACHE and FUA flush a block device with a cache, and others not" {
	loop_make 4M
	disk=$(export_disk blockio "path=$loop")
	sg=$(sg_of "$disk")
	flushes=$(flushes_of "$loop")
	equal Good "$(write_10 "$sg" 0 8 plain)"
	equal "$flushes" "$(flushes_of "$loop")"
	equal Good "$(sync_10 "$sg")"
	equal $((flushes + 1)) "$(flushes_of "$loop")"
	equal Good "$(write_10_fua "$sg" 8 8 durable)"
	equal $((flushes + 2)) "$(flushes_of "$loop")"
	matches 'durable*' "$(read_bytes "$loop" 4096 512)"
	equal Good "$(read_10 "$sg" 0 8 512 8)"
	equal $((flushes + 3)) "$(flushes_of "$loop")"
	scst_clear
	null_make scst_null size=8
	disk=$(export_disk blockio "path=$null")
	sg=$(sg_of "$disk")
	equal Good "$(write_10_fua "$sg" 0 8 durable)"
	equal Good "$(sync_10 "$sg")"
	equal 0 "$(flushes_of "$null")"
	scst_clear
}

@test "every write is flushed after the initiator has turned the cache off" {
	loop_make 4M
	disk=$(export_disk blockio "path=$loop")
	sg=$(sg_of "$disk")
	echo 'write through' >/sys/block/"${disk#/dev/}"/device/scsi_disk/*/cache_type
	flushes=$(flushes_of "$loop")
	equal Good "$(write_10 "$sg" 0 8 a)"
	equal Good "$(write_10 "$sg" 8 8 b)"
	equal $((flushes + 2)) "$(flushes_of "$loop")"
}

fua_writes() {
	equal Good "$(write_10_fua "$1" 0 8 durable)"
	equal Good "$(write_10 "$1" 8 8 plain)"
}

@test "FUA is passed on to a block device that knows it" {
	requires_tracing block/block_rq_complete
	sdebug_make
	equal 1 "$(cat "/sys/block/${sdebug#/dev/}/queue/fua")"
	disk=$(export_disk blockio "path=$sdebug")
	number=$(tr : , <"/sys/block/${sdebug#/dev/}/dev")
	traced block/block_rq_complete fua_writes "$(sg_of "$disk")" >"$BATS_TEST_TMPDIR/trace"
	grep -q "$number W[S]*F[S]* .* 0 + 8" "$BATS_TEST_TMPDIR/trace"
	grep -q "$number WS .* 8 + 8" "$BATS_TEST_TMPDIR/trace"
	scst_clear
}

@test "VERIFY reads the block device, and compares data with it" {
	loop_make 4M
	fill "$loop"
	disk=$(export_disk blockio "path=$loop")
	sg=$(sg_of "$disk")
	sg_verify --count=8192 "$sg"
	head -c 1M "$data" >"$BATS_TEST_TMPDIR/part"
	equal Good "$(verify_10 "$sg" 0 2048 1 "$BATS_TEST_TMPDIR/part")"
	printf 'other' | dd of="$loop" bs=1 seek=40000 conv=notrunc,fsync status=none
	equal 'Miscompare: Miscompare during verify operation: 40000' \
		"$(verify_10 "$sg" 0 2048 1 "$BATS_TEST_TMPDIR/part")"
}

# --- without a worker

null_io() {
	fio --name=io --filename="$1" --rw=randrw --bs=4k --iodepth=32 --ioengine=libaio \
		--direct=1 --number_ios=400 --minimal
}

@test "a worker is needed only where the block device may sleep" {
	requires fio
	requires_tracing workqueue/workqueue_execute_start
	null_make scst_null size=64 irqmode=0
	make_target t0 i0
	disk=$(add_disk t0 0 blockio "path=$null")
	scheduler_off "$disk"
	before=$(awk '{ print $1 + $5 }' "/sys/block/${null#/dev/}/stat")
	traced workqueue/workqueue_execute_start null_io "$disk" >"$BATS_TEST_TMPDIR/trace"
	[ $(($(awk '{ print $1 + $5 }' "/sys/block/${null#/dev/}/stat") - before)) -ge 400 ]
	equal 0 "$(grep -c 'function scst_cmd_backend_work' "$BATS_TEST_TMPDIR/trace")"
	# The scheduler of a block device is used.
	echo mq-deadline >"/sys/block/${null#/dev/}/queue/scheduler"
	traced workqueue/workqueue_execute_start null_io "$disk" >"$BATS_TEST_TMPDIR/trace"
	[ "$(grep -c 'function scst_cmd_backend_work' "$BATS_TEST_TMPDIR/trace")" -ge 400 ]
	scst_clear
}

# --- claims and refusals

@test "only block devices can be exported" {
	mkdir -p $blockio
	mkfifo "$BATS_TEST_TMPDIR/fifo"
	: >"$BATS_TEST_TMPDIR/file"
	refused EINVAL 'path is not set'
	refused ENOTBLK 'path is a regular file, not a block device' "path=$BATS_TEST_TMPDIR/file"
	refused EISDIR 'path is a directory, not a block device' "path=$BATS_TEST_TMPDIR"
	refused ENOTBLK 'path is a special file, not a block device' "path=$BATS_TEST_TMPDIR/fifo"
	refused ENOTBLK 'path is a special file, not a block device' path=/dev/null
	attr_is $blockio/state idle
	refused ENOENT '*No such file*' path=/dev/no/such/device || refused ENOENT '*ENOENT*'
	attr_is $blockio/state waiting
	attr_refuses EINVAL $blockio/path relative
}

@test "a block device has one user, and the other one is named" {
	loop_make 4M
	make_device blockio one "path=$loop"
	mkdir -p $blockio
	refused EBUSY 'device one uses the same block device' "path=$loop"
	refused EBUSY 'device one uses the same block device' read_only=1
	run mkfs.ext4 -q "$loop"
	[ "$status" -ne 0 ]
	attr_set devices/blockio/one/enable 0
	mkfs.ext4 -q "$loop"
	mkdir "$BATS_TEST_TMPDIR/fs"
	mount "$loop" "$BATS_TEST_TMPDIR/fs"
	refused EBUSY '*in use: mounted*' read_only=0
	umount "$BATS_TEST_TMPDIR/fs"
	dm_make scst_block <<<"0 2048 linear $loop 0"
	refused EBUSY '*part of a dm or md device*'
	attr_is $blockio/state idle
	dm_down
	attr_set $blockio/enable 1
}

@test "a disk and its partitions are not exported at the same time" {
	sdebug_make
	addpart "$sdebug" 1 2048 8192
	addpart "$sdebug" 2 16384 8192
	wait_until 10 test -b "${sdebug}2"
	make_device blockio one "path=${sdebug}1"
	make_device blockio two "path=${sdebug}2"
	mkdir -p $blockio
	refused EBUSY '*or partition is in use*' "path=$sdebug"
	remove_device blockio/one
	remove_device blockio/two
	attr_set $blockio/enable 1
	attr_set $blockio/enable 0
	delpart "$sdebug" 1
	delpart "$sdebug" 2
}

@test "a read-only block device needs read_only, and refuses writes" {
	loop_make 4M
	fill "$loop"
	blockdev --setro "$loop"
	mkdir -p $blockio
	refused EROFS '*set read_only*' "path=$loop" || refused EACCES '*set read_only*'
	disk=$(export_disk blockio "path=$loop" read_only=1)
	equal 1 "$(blockdev --getro "$disk")"
	cmp "$data" "$disk"
	equal 'Data Protect: Write protected' "$(write_10 "$(sg_of "$disk")" 0 1 x)"
	scst_clear
	blockdev --setrw "$loop"
}

@test "data in the page cache of the block device is on it before initiators write" {
	loop_make 4M
	exec {held}<>"$loop"
	printf '%-4096s' cached | dd of="$loop" conv=notrunc,nocreat status=none
	disk=$(export_disk blockio "path=$loop")
	matches 'cached*' "$(read_bytes "$disk" 0 512)"
	equal Good "$(write_10 "$(sg_of "$disk")" 0 8 newer)"
	sync "$loop"
	matches 'newer*' "$(read_bytes "$loop" 0 512)"
	exec {held}>&-
}

# --- errors

@test "a medium error has the address of the first bad block" {
	sdebug_make medium_error_start=5000 medium_error_count=3 opts=2
	make_target t0 i0
	disk=$(add_disk t0 0 blockio "path=$sdebug")
	sg=$(sg_of "$disk")
	equal 'Medium Error: Unrecovered read error: 5000' "$(read_10 "$sg" 5000 1)"
	equal 'Medium Error: Unrecovered read error: 5000' "$(read_10 "$sg" 4000 2000)"
	equal 'Medium Error: Unrecovered read error: 5002' "$(read_10 "$sg" 5002 100)"
	equal Good "$(read_10 "$sg" 4000 1000)"
	equal Good "$(read_10 "$sg" 5003 100)"
	matches 'Medium Error: * error: 5000' "$(sense_of "$sg" 2f 00 00 00 0f a0 00 07 d0 00)"
	scst_clear
}

@test "blocks that cannot be written are write errors, and those before them are written" {
	loop_make 8M
	bad="$(printf '%s\n' "0 5000 linear $loop 0" '5000 8 error' "5008 11376 linear $loop 5008")"
	dm_make scst_block <<<"$bad"
	disk=$(export_disk blockio path=/dev/mapper/scst_block)
	sg=$(sg_of "$disk")
	equal 'Medium Error: Write error: 5000' "$(write_10 "$sg" 4900 200 before)"
	equal 'Medium Error: Write error: 5007' "$(write_10 "$sg" 5007 2 behind)"
	equal 'Medium Error: Unrecovered read error: 5003' "$(read_10 "$sg" 5003 10)"
	equal Good "$(write_10 "$sg" 5008 8 behind)"
	matches 'before*' "$(read_bytes "$loop" $((4999 * 512)) 512)"
	dm_table scst_block <<<"0 16384 linear $loop 0"
	equal Good "$(write_10 "$sg" 4900 200 again)"
	scst_clear
}

# at_backend TAG: a worker has given the command to the block device, or is about to.
at_backend() {
	echo "where $1" >&"$probe"
	[[ $(probe_result) == "$1 stage=backend "* ]]
}

@test "a function does not wait for a block device that does not answer" {
	loop_make 4M
	dm_make scst_block <<<"0 8192 linear $loop 0"
	make_device blockio d0 path=/dev/mapper/scst_block fence_ms=300
	probe_target blockio/d0
	probe_login one
	probe_ready
	dmsetup suspend --nolockfs scst_block
	for tag in 1 2 3; do
		echo "cmd $tag dir=in len=512 cdb=28000000000000000100" >&"$probe"
	done
	for tag in 1 2 3; do
		wait_until 10 at_backend $tag
	done
	echo "tmf 9 fn=4" >&"$probe"
	probe_next '9 response=*'
	attr_is $blockio/state failed
	dmsetup resume scst_block
	wait_until 10 attr_write $blockio/enable 1
	attr_is $blockio/state active
	probe_logout_all
	scst_clear
}

# --- size, removal and return

# disk_becomes BYTES: the initiator has noticed this size by itself.
disk_has() {
	local sectors

	read -r sectors <"/sys/block/${disk#/dev/}/size"
	[ $((sectors * 512)) -eq "$1" ]
}

disk_becomes() {
	wait_until 15 disk_has "$1"
}

state_becomes() {
	wait_until 15 grep -qx "$1" $blockio/state || fail "$(cat $blockio/last_error)"
}

resize() {
	truncate -s "$1" "$loop_file" && losetup -c "$loop"
}

@test "the disk follows the size of the block device" {
	loop_make 4M
	disk=$(export_disk blockio "path=$loop")
	resize 8M
	disk_becomes $((8 << 20))
	printf '%-512s' end | dd of="$disk" bs=512 seek=16383 oflag=direct status=none
	matches 'end*' "$(read_bytes "$loop" $((16383 * 512)) 512)"
	resize 2M
	disk_becomes $((2 << 20))
	matches 'Illegal Request*' "$(read_10 "$(sg_of "$disk")" 4096 1)"
	resize 0
	state_becomes waiting
	matches 'Not Ready*' "$(read_10 "$(sg_of "$disk")" 0 1)"
	matches '*less than a block*' "$(attr_get $blockio/last_error)"
	resize 4M
	state_becomes active
	attr_is $blockio/last_error ''
	disk_becomes $((4 << 20))
}

keep_busy() {
	while :; do
		dd if="$1" of=/dev/null bs=64k iflag=direct
		dd if=/dev/zero of="$1" bs=64k conv=nocreat oflag=direct
	done 2>/dev/null
}

sdebug_link() {
	ln -sfn "$sdebug" "$BATS_TEST_TMPDIR/link"
}

@test "a disk that is removed under I/O is waited for, and served when it is back" {
	sdebug_make
	sdebug_link
	disk=$(export_disk blockio "path=$BATS_TEST_TMPDIR/link")
	sg=$(sg_of "$disk")
	background keep_busy "$disk"
	background keep_busy "$disk"
	scst_sleep 0.5
	echo 1 >"/sys/block/${sdebug#/dev/}/device/delete"
	state_becomes waiting
	kill_jobs
	matches 'Not Ready*' "$(read_10 "$sg" 0 1)"
	# The initiator did not take it for a bad block.
	run dmesg
	[[ $output != *'Medium Error'* ]]
	sdebug_down
	sdebug_make
	sdebug_link
	state_becomes active
	attr_is $blockio/last_error ''
	wait_until 10 equal Good "$(read_10 "$sg" 0 1)" || equal Good "$(read_10 "$sg" 0 1)"
	scst_clear
}

@test "a device waits for a block device that is not there yet, until it is disabled" {
	loop_make 4M
	link=$BATS_TEST_TMPDIR/link
	mkdir -p $blockio
	attr_set $blockio/path "$link"
	attr_refuses ENOENT $blockio/enable 1
	attr_is $blockio/state waiting
	# A path that leads elsewhere is not tried.
	: >"$link"
	scst_sleep 2
	attr_is $blockio/state waiting
	ln -sfn "$loop" "$link"
	state_becomes active
	attr_set $blockio/enable 0
	rm "$link"
	attr_refuses ENOENT $blockio/enable 1
	attr_set $blockio/enable 0
	attr_is $blockio/state idle
	ln -sfn "$loop" "$link"
	scst_sleep 3
	attr_is $blockio/state idle
}

@test "a device that waits can be changed and removed" {
	loop_make 4M
	mkdir -p $blockio
	attr_set $blockio/path /dev/no/such/device
	attr_refuses ENOENT $blockio/enable 1
	attr_set $blockio/path "$loop"
	state_becomes active
	attr_set $blockio/enable 0
	for _ in 1 2 3 4 5; do
		attr_set $blockio/path /dev/no/such/device
		attr_refuses ENOENT $blockio/enable 1
		attr_set $blockio/path "$loop"
		scst_sleep 0.9
		rmdir $blockio || { attr_set $blockio/enable 0 && rmdir $blockio; }
		mkdir $blockio
	done
	# The claim is gone with the device.
	wait_until 10 mkfs.ext4 -q "$loop"
}
