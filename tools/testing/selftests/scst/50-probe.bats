#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# The core seen by a target driver: contexts, announced lengths, memory, aborts.

load lib/scst
load lib/vdisk
load lib/probe
: "${probe=}" # of lib/probe
: "${scst_root:?}"

inquiry=cdb=120000002400
read_1=cdb=28000000000000000100
write_1=cdb=2a000000000000000100

teardown() {
	local status=0

	probe_logout_all
	scst_down || status=1
	fs_down || status=1
	return "$status"
}

# A driver gets these results in every context that it submits from.
everything_in() {
	local ctx=$1 data

	probe_ready
	data=$(printf '0%.0s' {1..128})

	probe_gives '1 status=00 residual=0 sense= data=' \
		1 ctx="$ctx" cdb=000000000000
	matches "2 status=00 residual=0 sense= data=000006324500* " \
		"$(probe_cmd 2 ctx="$ctx" dir=in len=36 $inquiry) "
	probe_gives "3 status=00 residual=0 sense= data=" \
		3 ctx="$ctx" dir=out len=512 $write_1 data=00
	probe_gives "4 status=00 residual=0 sense= data=$data" \
		4 ctx="$ctx" dir=in len=512 $read_1
	# announced more than the command transfers
	probe_gives "5 status=00 residual=512 sense= data=$data" \
		5 ctx="$ctx" dir=in len=1024 $read_1
	# announced less: the data is cut
	probe_gives "6 status=00 residual=-412 sense= data=$data" \
		6 ctx="$ctx" dir=in len=100 $read_1
	# announced nothing, for transports that announce no length
	probe_gives "7 status=00 residual=0 sense= data=$data" \
		7 ctx="$ctx" dir=unknown $read_1
	# Incomplete Data-Out and the wrong direction are refused before anything is done.
	probe_gives "8 status=02 residual=100 sense=$(sense 05 0e 03)* data=" \
		8 ctx="$ctx" dir=out len=100 $write_1 data=00
	probe_gives "9 status=02 residual=512 sense=$(sense 05 0e 03)* data=" \
		9 ctx="$ctx" dir=out len=512 $read_1 data=00
	probe_gives "10 status=02 residual=512 sense=$(sense 05 0e 03)* data=" \
		10 ctx="$ctx" dir=in len=512 $write_1
	# the transfer fails: DATA PHASE ERROR
	probe_gives "11 status=02 residual=512 sense=$(sense 0b 4b 00)* data=" \
		11 ctx="$ctx" dir=out len=512 $write_1 data=fail
	# no such LUN, no such command
	probe_gives "12 status=02 * sense=$(sense 05 25 00)* data=" \
		12 ctx="$ctx" lun=0007000000000000 cdb=000000000000
	probe_gives "13 status=02 * sense=$(sense 05 20 00)* data=" \
		13 ctx="$ctx" cdb=ff0000000000
}

@test "a handler that does not sleep gives the same answers in every context" {
	make_device nullio d0 size=1M
	probe_target nullio/d0
	for ctx in thread softirq hardirq; do
		probe_login "$ctx"
		everything_in "$ctx"
		probe_logout
	done
}

@test "a handler that sleeps gives the same answers in every context" {
	truncate -s 1M "$BATS_TEST_TMPDIR/image"
	make_device fileio d0 "path=$BATS_TEST_TMPDIR/image"
	probe_target fileio/d0
	for ctx in thread softirq hardirq; do
		probe_login "$ctx"
		everything_in "$ctx"
		probe_logout
	done
}

@test "written data is read back through the core's own buffers" {
	truncate -s 1M "$BATS_TEST_TMPDIR/image"
	make_device fileio d0 "path=$BATS_TEST_TMPDIR/image"
	probe_target fileio/d0
	probe_login me
	probe_ready
	probe_gives '1 status=00 residual=0 sense= data=' \
		1 dir=out len=512 $write_1 data=a5b6c7d8
	probe_gives "2 status=00 residual=0 sense= data=a5b6c7d8a5b6c7d8*" \
		2 ctx=hardirq dir=in len=512 $read_1
	equal a5b6c7d8 "$(od -An -tx1 -N 4 "$BATS_TEST_TMPDIR/image" | tr -d ' ')"
}

@test "commands beyond buffer_limit get BUSY, TASK SET FULL or INVALID FIELD IN CDB" {
	make_device nullio d0 size=1M
	attr_set devices/nullio/d0/buffer_limit 4096
	probe_target nullio/d0
	probe_login other
	other=$probe
	probe_ready
	probe_login me
	me=$probe
	probe_ready
	probe_gives '1 status=00 *' 1 dir=out len=4096 cdb=2a000000000000000800 data=00
	# No room for this one will ever be free.
	probe_gives "2 status=02 * sense=70000500000000120000000024000* data=" \
		2 dir=out len=4608 cdb=2a000000000000000900 data=00
	echo "cmd 3 dir=out len=512 $write_1 data=hold" >&"$probe"
	probe_gives '4 status=28 *' 4 dir=in len=512 $read_1
	probe_use "$other"
	probe_gives '4 status=08 *' 4 dir=in len=512 $read_1
	probe_use "$me"
	# a command without a buffer is carried out
	probe_gives '5 status=00 *' 5 cdb=000000000000
	echo "go 3" >&"$probe"
	probe_next '3 status=00 *'
	probe_gives '6 status=00 *' 6 dir=in len=512 $read_1
}

@test "a transfer larger than max_buffer_mb is refused" {
	cd /
	scst_unload
	modprobe scst max_buffer_mb=1
	cd "$scst_root"
	make_device nullio d0 size=64M
	probe_target nullio/d0
	probe_login me
	probe_ready
	probe_gives '1 status=00 *' 1 dir=in len=1048576 cdb=28000000000000080000
	probe_gives "2 status=02 * sense=70000500000000120000000024000* data=" \
		2 dir=in len=1049088 cdb=28000000000000080100
	probe_gives '3 status=00 *' 3 dir=in len=512 $read_1
}

@test "ABORT TASK completes after its task has ended, and the task gets no response" {
	make_device nullio d0 size=1M
	probe_target nullio/d0
	probe_login me
	probe_ready
	echo "cmd 7 dir=out len=512 $write_1 data=hold" >&"$probe"
	echo "tmf 100 fn=7 ref=7" >&"$probe"
	equal '100 response=1' "$(probe_result)" 'QUERY TASK: succeeded'
	echo "tmf 101 fn=0 ref=7" >&"$probe"
	wait_until 5 probe_is 7 data 1 1
	echo "go 7" >&"$probe"
	probe_next '7 aborted'
	probe_next '101 response=0'
	echo "tmf 102 fn=7 ref=7" >&"$probe"
	equal '102 response=0' "$(probe_result)" 'QUERY TASK: no such task'
	echo "tmf 103 fn=4 lun=0005000000000000" >&"$probe"
	equal '103 response=3' "$(probe_result)" 'incorrect LUN'
}

@test "a device that was never enabled answers INQUIRY for each VPD page" {
	mkdir -p devices/nullio/d0
	probe_target nullio/d0
	probe_login me
	for page in 00 80 83 b0 b1 b2; do
		probe_gives '1 status=00 *' 1 dir=in len=255 cdb=1201${page}00ff00
	done
}

@test "a log-in without an initiator name is refused" {
	make_device nullio d0 size=1M
	probe_target nullio/d0
	expect EINVAL probe_login ''
	equal '' "$(ls targets/probe/t0/sessions)"
}

@test "LOGICAL UNIT RESET aborts others' tasks, and each initiator is notified" {
	make_device nullio d0 size=1M
	probe_target nullio/d0
	probe_login one
	probe_ready
	one=$probe
	echo "cmd 7 dir=out len=512 $write_1 data=hold" >&"$one"
	probe_login two
	probe_ready
	two=$probe
	echo "tmf 100 fn=4" >&"$two"
	probe_use "$one"
	wait_until 5 probe_is 7 data 1 1
	echo "go 7" >&"$one"
	probe_use "$two"
	probe_next '100 response=0'
	probe_gives "1 status=02 * sense=$(sense 06 29 03)*" \
		1 cdb=000000000000
	probe_logout
	probe_use "$one"
	probe_next '7 aborted'
	probe_gives "2 status=02 * sense=$(sense 06 29 03)*" \
		2 cdb=000000000000
	probe_gives '3 status=00 *' 3 cdb=000000000000
}

@test "a log-out in the middle of data transfers leaves no commands behind" {
	make_device nullio d0 size=1M
	probe_target nullio/d0
	for _ in 1 2 3; do
		probe_login me
		probe_ready
		for tag in 1 2 3 4; do
			echo "cmd $tag ctx=hardirq dir=out len=512 $write_1 data=hold" >&"$probe"
		done
		probe_logout
	done
}

@test "disabling a device aborts a task in its data transfer when the transfer ends" {
	make_device nullio d0 size=1M
	attr_set devices/nullio/d0/drain_ms 300
	probe_target nullio/d0
	probe_login me
	probe_ready
	echo "cmd 7 dir=out len=512 $write_1 data=hold" >&"$probe"
	wait_until 5 test -e /sys/kernel/debug/scst_probe/t0
	expect ETIMEDOUT attr_write devices/nullio/d0/enable 0
	attr_is devices/nullio/d0/state draining
	probe_gives "1 status=02 * sense=$(sense 02 04 03)*" \
		1 cdb=000000000000
	echo "go 7" >&"$probe"
	probe_next "7 status=02 * sense=$(sense 0b 2f 02)*"
	wait_until 5 attr_is devices/nullio/d0/state idle
	attr_set devices/nullio/d0/enable 1
	probe_gives "2 status=02 * sense=$(sense 06 28 00)*" 2 cdb=000000000000
	probe_gives '3 status=00 *' 3 cdb=000000000000
}

@test "a write in flight when the write cache is turned off is durable on completion" {
	fs_make 24M
	make_device fileio d0 "path=$(fs_file image 1048576)"
	probe_target fileio/d0
	probe_login me
	probe_ready
	probe_gives '1 status=00 *' 1 dir=out len=512 $write_1 data=6361636865642121
	fs_lacks 'cached!!'
	echo "cmd 2 dir=out len=512 cdb=2a000000000100000100 data=756e646572776179 data=hold" \
		>&"$probe"
	# MODE SELECT(6): the caching page, without WCE
	probe_gives '3 status=00 *' 3 dir=out len=24 cdb=151000001800 \
		"data=000000000812$(printf '0%.0s' {1..36})"
	fs_holds 'cached!!'
	echo "go 2" >&"$probe"
	probe_next '2 status=00 *'
	fs_holds underway
}

@test "stages, submission and response are traced" {
	cd /sys/kernel/tracing || skip 'the kernel traces nothing'
	[ -d events/scst ] || skip 'the kernel has no event tracing'
	cd "$scst_root"
	make_device nullio d0 size=1M
	probe_target nullio/d0
	probe_login me
	probe_ready
	echo 1 >/sys/kernel/tracing/events/scst/enable
	probe_cmd 77 dir=in len=512 $read_1
	echo 0 >/sys/kernel/tracing/events/scst/enable
	run cat /sys/kernel/tracing/trace
	matches '*scst_cmd_submit: * lun=0 tag=0x4d opcode=0x28 attr=1 expected=512*' "$output"
	for stage in translate decode admit check prepare execute backend complete \
		respond finish; do
		matches "*scst_cmd_stage: * stage=$stage*" "$output"
	done
	matches '*scst_cmd_respond: * tag=0x4d opcode=0x28 status=0x00 * data=512 residual=0*' "$output"
}

# probe_disk BLOCK_SIZE
probe_disk() {
	make_device probe d0 block_size="$1"
	probe_target probe/d0
	probe_login me
	probe_ready
}

@test "block sizes that are not a power of two work" {
	local size last

	for size in 520 2352 4160; do
		probe_disk $size
		last=$((1048576 / size - 1))
		# READ CAPACITY(10) and (16), MODE SENSE's block descriptor
		probe_gives "1 status=00 residual=0 sense= data=$(printf '%08x%08x' $last $size)" \
			1 dir=in len=8 cdb=25000000000000000000
		probe_gives "2 status=00 * data=$(printf '%016x%08x' $last $size)*" \
			2 dir=in len=32 cdb=9e100000000000000000000000200000
		probe_gives "3 status=00 * data=????????$(printf '%08x00%06x' $((last + 1)) $size)*" \
			3 dir=in len=64 cdb=1a003f004000
		# three blocks, and the middle one of them again
		probe_gives "4 status=00 residual=0 sense= data=" \
			4 dir=out len=$((3 * size)) data=0123456789abcdef \
				cdb=2a000000000500000300
		probe_gives "5 status=00 residual=0 sense= data=0123456789abcdef" \
			5 dir=in len=$size show=8 cdb=28000000000600000100
		probe_gives "6 status=00 residual=0 sense= data=0000000000000000" \
			6 dir=in len=$size show=8 cdb=28000000000800000100
		# announced less than a block, and the last block and one more
		probe_gives "7 status=02 * sense=$(sense 05 0e 03)*" \
			7 dir=out len=512 cdb=2a000000000500000100
		probe_gives "8 status=00 *" \
			8 dir=in len=$size "cdb=2800$(printf '%08x' $last)00000100"
		probe_gives "9 status=02 * sense=$(sense 05 21 00)*" \
			9 dir=in len=$((2 * size)) "cdb=2800$(printf '%08x' $last)00000200"
		probe_logout
		scst_clear
	done
}

@test "a block device without a block size cannot be enabled" {
	mkdir -p devices/probe/d0
	attr_set devices/probe/d0/block_size 0
	expect EINVAL attr_write devices/probe/d0/enable 1
	attr_is devices/probe/d0/last_error "handler probe reports no block size"
}

@test "a device that was never enabled answers VPD pages, and READ with NOT READY" {
	mkdir -p devices/probe/d0 targets/probe/t0/luns/0
	ln -s devices/probe/d0 targets/probe/t0/luns/0/
	attr_set targets/probe/t0/enable 1
	probe_login me
	probe_gives "1 status=00 * data=00b0003c*" \
		1 dir=in len=64 cdb=1201b0004000
	probe_cmd 2 cdb=000000000000
	probe_gives "3 status=02 * sense=$(sense 02 04 03)*" 3 dir=unknown $read_1
}
