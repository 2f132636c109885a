#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# COMPARE AND WRITE: its values, and that nothing is written between its comparison and its write.
# ORWRITE: likewise, between what it reads and what it writes.
# shellcheck disable=SC2154,SC2034 # lib/block sets loop, lib/vdisk fs; lib/probe reads probes

load lib/scst
load lib/probe
load lib/pr
load lib/block
load lib/vdisk
: "${probe=}" # of lib/probe

device=devices/probe/d0
abort_task=0 clear_aca=3 lun_reset=4
count=${SCST_CAW_COUNT:-50}

# Blocks of 8 bytes, so that a test writes out both halves of the Data-Out. Initiators a and c come
# through target t0, b and d through t1.
setup() {
	scst_up
	make_device probe d0 block_size=8 drain_ms=200 fence_ms=300
	probe_target probe/d0
	mkdir -p targets/probe/t1/luns/0
	ln -s devices/probe/d0 targets/probe/t1/luns/0/
	attr_set targets/probe/t1/enable 1
	ports_of t0 a c
	ports_of t1 b d
}

teardown() {
	probe_logout_all
	scst_down
	loops_down
	fs_down
}

# ports_of TARGET NAME...
ports_of() {
	local target=$1 name

	shift
	for name in "$@"; do
		probe_login "$name" "$target" && probe_ready && pr_ports["$name"]=$probe || return
	done
}

# caw TAG LBA OLD NEW [ARGUMENTS...]: without waiting. OLD and NEW are as many blocks.
caw() {
	local blocks=$((${#3} / 16)) cdb

	printf -v cdb '8900%016x000000%02x0000' "$2" "$blocks"
	probe_start "$1" dir=out "len=$((blocks * 16))" "cdb=$cdb" "data=$3$4" "${@:5}"
}

# put TAG LBA DATA [ARGUMENTS...]: a WRITE(10), without waiting
put() {
	local blocks=$((${#3} / 16)) cdb

	printf -v cdb '2a00%08x00%04x00' "$2" "$blocks"
	probe_start "$1" dir=out "len=$((blocks * 8))" "cdb=$cdb" "data=$3" "${@:4}"
}

# has LBA DATA: the blocks there
has() {
	local bytes=$((${#2} / 2)) cdb

	printf -v cdb '2800%08x00%04x00' "$1" $((bytes / 8))
	probe_gives "* status=00 * data=$2" 99 dir=in "len=$bytes" "cdb=$cdb"
}

zero=0000000000000000
one=1111111111111111
two=2222222222222222
six=6666666666666666

# differs_at OFFSET: the next result is MISCOMPARE with that INFORMATION, in fixed format.
differs_at() {
	probe_next "* status=02 * sense=f0000e$(printf %08x "$1")0a000000001d00*"
}

# tmf RESPONSE FUNCTION [ARGUMENTS...]
tmf() {
	echo "tmf 100 fn=$2 ${*:3}" >&"$probe" && probe_answers "100 response=$1"
}

# The medium has these commands, and no others, in this order.
medium_is() {
	equal "$(printf '%s\n' "$@")" "$(medium_holds d0)"
}

medium_gets() {
	wait_until 5 medium_is "$@" 2>/dev/null || medium_is "$@"
}

# waits PORT TAG: it waits for the range of its blocks.
waits() {
	as "$1"
	wait_until 5 probe_is "$2" range 0 || fail "$2: $(probe_where "$2")"
}

medium_writes() {
	[[ $(medium_holds d0) = *"$1 write "* ]]
}

# compares_and_writes TAG: completes both operations, of which the medium has the first.
compares_and_writes() {
	medium d0 complete "$1" && wait_until 5 medium_writes "$1" && medium d0 complete "$1"
}

# A COMPARE AND WRITE of a, tag 1, of block 5 is at its comparison, which will find no difference.
comparing() {
	as a
	put 90 5 $one
	probe_answers '90 status=00'
	medium d0 hold
	caw 1 5 $one $two
	medium_gets '1 compare 5 1'
}

# --- values

@test "equal blocks are replaced, and a difference is reported and changes nothing" {
	as a
	put 1 5 $one$two
	probe_answers '1 status=00'
	caw 2 5 $one$two $two$six
	probe_next '2 status=00 residual=0 sense= data='
	has 5 $two$six
	# the first byte, the last one of the first block, the first one of the second
	caw 3 5 00${two:2}$six $zero$zero
	differs_at 0
	caw 3 5 ${two:2}00$six $zero$zero
	differs_at 7
	caw 3 5 ${two}00${six:2} $zero$zero
	differs_at 8
	has 4 $zero$two$six$zero
	# with FUA and DPO, and without a write cache
	probe_start 4 dir=out len=16 cdb=89180000000000000005000000010000 data=$two$one
	probe_answers '4 status=00'
	has 5 $one$six
	# the last block
	caw 5 131071 $zero $one
	probe_answers '5 status=00'
	has 131071 $one
}

@test "INFORMATION has the offset in descriptor format, too" {
	as a
	expect_status 00 dir=out len=16 \
		cdb=151000001000 data=000000000a0a04100000000000000000
	caw 3 5 0000000000000100 $one
	probe_next '3 status=02 * sense=720e1d000000000c000a80000000000000000006*'
	has 5 $zero
}

# see DEVICE: as LUN 0 of target t0
see() {
	remove_links targets/probe/t0/luns/0/*
	ln -s "devices/$1" targets/probe/t0/luns/0/
	as a
	probe_ready
}

# flushes WANTED MODE-PAGE-BYTE FUA: of a disk whose caching page has that byte, after the command
flushes() {
	local before

	expect_status 00 dir=out len=24 cdb=151000001800 \
		"data=000000000812${2}0000000000000000000000000000000000"
	before=$(flushes_of "$loop")
	expect_status 00 dir=out len=1024 data=00 "cdb=89${3}0000000000000000000000010000"
	equal "$1" $(($(flushes_of "$loop") > before))
}

@test "its write is durable with FUA, and without a write cache" {
	loop_make 4M
	make_device blockio b0 "path=$loop"
	see blockio/b0
	flushes 0 04 00
	flushes 1 04 08
	flushes 1 00 00
	see probe/d0
	remove_device blockio/b0
}

@test "no blocks are no error, and transfer nothing" {
	as a
	expect_status 00 cdb=89000000000000000000000000000000
	expect_status 00 cdb=89000000000000020000000000000000
	expect_sense 05 21 00 cdb=89000000000000020001000000000000
	expect_sense 05 21 00 dir=out len=16 cdb=89000000000000020000000000010000
	expect_sense 05 21 00 dir=out len=32 cdb=8900ffffffffffffffff000000020000
}

@test "half of the Data-Out is refused, and changes nothing" {
	as a
	expect_sense 05 0e 03 dir=out len=8 cdb=89000000000000000005000000010000 data=00
	expect_sense 05 0e 03 dir=in len=16 cdb=89000000000000000005000000010000
	has 5 $zero
}

@test "protection, groups, reserved bits and read-only LUNs are refused" {
	as a
	expect_sense 05 24 00 dir=out len=16 cdb=89200000000000000005000000010000
	expect_sense 05 24 00 dir=out len=16 cdb=89020000000000000005000000010000
	expect_sense 05 24 00 dir=out len=16 cdb=89000000000000000005000000010100
	expect_sense 05 24 00 dir=out len=16 cdb=89000000000000000005000001010000
	attr_set targets/probe/t0/luns/0/read_only 1
	probe_ready
	expect_sense 07 27 00 dir=out len=16 cdb=89000000000000000005000000010000
}

@test "more blocks than VPD page B0h allows are refused" {
	make_device nullio n0 size=1M block_size=4096
	mkdir targets/probe/t0/luns/1
	ln -s devices/nullio/n0 targets/probe/t0/luns/1/
	as a
	probe_ready
	probe_ready lun=0001000000000000
	probe_gives '* status=00 * data=00b0003c01ff*' \
		1 dir=in len=64 cdb=1201b0004000
	probe_gives '* status=00 * data=00b0003c0120*' \
		1 dir=in len=64 cdb=1201b0004000 lun=0001000000000000
	probe_gives '1 status=00 *' 1 lun=0001000000000000 dir=out len=262144 data=00 \
		cdb=89000000000000000000000000200000
	probe_gives "1 status=02 * sense=70000500000000??00000000240000cf000d*" \
		1 lun=0001000000000000 dir=out len=270336 data=00 \
			cdb=89000000000000000000000000210000
}

@test "a reservation of another nexus refuses it" {
	as b
	pr_register 00 0 b
	pr_reserve 00 1 b
	as a
	expect_status 18 dir=out len=16 cdb=89000000000000000005000000010000
	as b
	caw 1 5 $zero $one
	probe_answers '1 status=00'
}

@test "REPORT SUPPORTED OPERATION CODES describes it" {
	as a
	probe_gives '* status=00 * data=000300108918ffffffffffffffff000000ff0004' \
		1 dir=in len=64 cdb=a30c01890000000000400000
}

# works_on DEVICE: in every context. The pattern of three bytes is written first, so that the first
# half of the Data-Out is equal. The second half begins with its third byte.
works_on() {
	local context

	see "$1"
	for context in thread softirq hardirq; do
		probe_start 1 dir=out len=512 ctx=$context cdb=2a000000000700000100 data=616263
		probe_answers '1 status=00'
		probe_start 2 dir=out len=1024 ctx=$context data=616263 \
			cdb=89000000000000000007000000010000
		probe_answers '2 status=00'
		probe_gives '* status=00 * data=636162636162' \
			3 dir=in len=512 show=6 cdb=28000000000700000100
		probe_start 4 dir=out len=1024 ctx=$context data=616263 \
			cdb=89000000000000000007000000010000
		differs_at 0
		probe_start 5 dir=out len=2048 ctx=$context data=636162 \
			cdb=89080000000000000007000000020000
		differs_at 512
	done
	see probe/d0
}

@test "it works on files" {
	fs_make 24M
	make_device fileio f0 "path=$fs/image" size=1M
	works_on fileio/f0
	for attribute in write_through direct; do
		attr_set devices/fileio/f0/enable 0
		attr_set devices/fileio/f0/$attribute 1
		attr_set devices/fileio/f0/enable 1
		works_on fileio/f0
	done
}

@test "it works on block devices" {
	loop_make 4M
	make_device blockio b0 "path=$loop"
	works_on blockio/b0
	remove_device blockio/b0
}

# --- exclusion

@test "an overlapping write of another target waits for comparison and write" {
	comparing
	as b
	put 2 5 $six
	put 3 6 $one
	put 4 4 $one$six
	waits b 2
	waits b 4
	medium_is '1 compare 5 1' '3 write 6 1'
	medium d0 complete 1
	medium_gets '3 write 6 1' '1 write 5 1'
	waits b 2
	medium d0 complete 1
	as a
	probe_answers '1 status=00'
	medium_gets '3 write 6 1' '2 write 5 1' '4 write 4 2'
	medium d0 auto
	as b
	probe_answers '2 status=00' '3 status=00' '4 status=00'
}

@test "a write is not kept from blocks of a comparison that has failed" {
	comparing
	as b
	put 2 5 $six
	waits b 2
	medium d0 complete 1 sense=030c00
	as a
	probe_answers '1 status=02'
	medium_gets '2 write 5 1'
	medium d0 auto
	as b
	probe_answers '2 status=00'
	has 5 $six
}

@test "it waits for older writes, of before queueing and of after" {
	medium d0 hold
	as b
	put 2 5 $one
	medium_gets '2 write 5 1'
	as a
	caw 1 5 $one $two
	waits a 1
	# Queueing has begun. This write does not overlap.
	as b
	put 3 9 $six
	medium_gets '2 write 5 1' '3 write 9 1'
	as c
	caw 4 9 $six $one
	waits c 4
	medium d0 complete 2
	medium_gets '3 write 9 1' '1 compare 5 1'
	waits c 4
	medium d0 complete 3
	medium_gets '1 compare 5 1' '4 compare 9 1'
	medium d0 auto
	as a
	probe_answers '1 status=00'
	as c
	probe_answers '4 status=00'
	has 5 $two
	has 9 $one
}

@test "commands that wait for the same blocks go on in the order in which they came" {
	comparing
	as b
	caw 2 5 $two $six
	waits b 2
	as c
	put 3 4 $one$one$one
	waits c 3
	as d
	caw 4 6 $one $two
	waits d 4
	as b
	put 5 7 $six
	medium_gets '1 compare 5 1' '5 write 7 1'
	compares_and_writes 1
	medium_gets '5 write 7 1' '2 compare 5 1'
	compares_and_writes 2
	medium_gets '5 write 7 1' '3 write 4 3'
	waits d 4
	medium d0 complete 3
	medium_gets '5 write 7 1' '4 compare 6 1'
	medium d0 auto
	as d
	probe_answers '4 status=00'
	has 4 $one$one$two$six
}

@test "reads, verifications and synchronizations do not wait" {
	comparing
	as b
	probe_start 2 dir=in len=8 cdb=28000000000500000100
	probe_start 3 cdb=2f000000000500000100
	probe_start 4 cdb=35000000000000000000
	medium_gets '1 compare 5 1' '2 read 5 1' '3 verify 5 1' '4 sync 0 131072'
}

@test "UNMAP waits for the blocks of each of its ranges when it comes to them" {
	comparing
	as b
	probe_start 2 dir=out len=40 cdb=42000000000000002800 \
		data=00260020000000000000000000000009000000010000000000000000000000050000000100000000
	medium_gets '1 compare 5 1' '2 unmap 9 1'
	medium d0 complete 2
	waits b 2
	put 3 9 $six
	medium_gets '1 compare 5 1' '3 write 9 1'
	compares_and_writes 1
	medium_gets '3 write 9 1' '2 unmap 5 1'
	medium d0 auto
	as b
	probe_answers '2 status=00' '3 status=00'
}

@test "it orders nothing, but ORDERED commands wait for it" {
	comparing
	as a
	probe_start 2 cdb=000000000000
	probe_answers '2 status=00'
	probe_start 3 cdb=000000000000 attr=ordered
	probe_start 4 cdb=000000000000 attr=head
	probe_answers '4 status=00'
	probe_is 3 admit 0
	medium d0 auto
	probe_answers '1 status=00' '3 status=00'
}

@test "an initiator that does not send its Data-Out keeps nobody waiting" {
	as a
	caw 1 5 $zero $six data=hold
	wait_until 5 probe_is 1 data 1
	as b
	caw 2 5 $zero $one
	probe_answers '2 status=00'
	put 3 5 $two data=hold
	wait_until 5 probe_is 3 data 1
	as c
	caw 4 5 $one $two
	probe_answers '4 status=00'
	as a
	probe_request go 1
	differs_at 0
	as b
	probe_request go 3
	probe_answers '3 status=00'
}

@test "it is atomic if its Data-Out comes long after queueing has ended" {
	as a
	caw 1 5 $one $two data=hold
	wait_until 5 probe_is 1 data 1
	scst_sleep 2.5
	medium d0 hold
	as b
	put 2 5 $one
	medium_gets '2 write 5 1'
	as a
	probe_request go 1
	waits a 1
	as b
	put 3 5 $six
	waits b 3
	medium d0 complete 2
	medium_gets '1 compare 5 1'
	medium d0 auto
	as a
	probe_answers '1 status=00'
	as b
	probe_answers '2 status=00' '3 status=00'
	has 5 $six
}

# --- ends

@test "waiting commands can be aborted, and those behind them go on" {
	comparing
	as b
	caw 2 5 $two $six
	waits b 2
	as c
	put 3 5 $one
	waits c 3
	as d
	put 4 5 $six
	waits d 4
	as c
	echo "tmf 100 fn=$abort_task ref=3" >&"$probe"
	probe_answers '3 aborted' '100 response=0'
	as b
	echo "tmf 100 fn=$abort_task ref=2" >&"$probe"
	probe_answers '2 aborted' '100 response=0'
	medium_is '1 compare 5 1'
	medium d0 auto
	as a
	probe_answers '1 status=00'
	as d
	probe_answers '4 status=00'
	has 5 $six
}

@test "an aborted command keeps its blocks until the medium has completed it" {
	comparing
	as b
	put 2 5 $six
	waits b 2
	as a
	echo "tmf 100 fn=$abort_task ref=1" >&"$probe"
	wait_until 5 probe_is 1 medium 1 1
	waits b 2
	medium d0 complete 1
	as a
	probe_answers '1 aborted' '100 response=0'
	# Its write does not follow.
	medium_gets '2 write 5 1'
	medium d0 auto
	as b
	probe_answers '2 status=00'
}

@test "a reset of the logical unit ends those that wait" {
	comparing
	as b
	put 2 5 $six
	waits b 2
	as c
	echo "tmf 100 fn=$lun_reset" >&"$probe"
	as b
	probe_answers '2 aborted'
	medium d0 complete 1
	as c
	probe_answers '100 response=0'
	as a
	probe_answers '1 aborted'
	medium d0 auto
	probe_ready
	has 5 $one
	caw 1 5 $one $two
	probe_answers '1 status=00'
}

@test "initiators can log out while they wait, and while they compare" {
	comparing
	as b
	caw 2 5 $two $six
	waits b 2
	as d
	put 3 5 $six
	waits d 3
	as b
	probe_logout
	as a
	probe_request logout
	wait_until 5 probe_is 1 medium 1 1
	waits d 3
	medium d0 complete 1
	medium_gets '3 write 5 1'
	medium d0 auto
	as d
	probe_answers '3 status=00'
	as a
	probe_next '1 aborted'
	probe_logout
}

@test "a device that is disabled executes those that wait, or aborts them" {
	comparing
	as b
	put 2 5 $six
	waits b 2
	expect ETIMEDOUT attr_write $device/enable 0
	probe_answers '2 status=02 * sense=70000b*2f02'
	medium d0 auto
	as a
	probe_answers '1 status=02 * sense=70000b*2f02'
	wait_until 5 attr_is $device/state idle
	attr_set $device/enable 1
	attr_set $device/drain_ms 10000
	as a
	probe_ready
	as b
	probe_ready
	comparing
	as b
	put 2 5 $six
	waits b 2
	background attr_write $device/enable 0
	wait_until 5 attr_is $device/state draining
	medium d0 auto
	probe_answers '2 status=00'
	as a
	probe_answers '1 status=00'
	jobs_end 10
	attr_set $device/enable 1
}

@test "those that wait for a backend that does not answer end when it is fenced" {
	comparing
	as b
	put 2 5 $six
	waits b 2
	put 3 5 $six data=hold
	wait_until 5 probe_is 3 data 1
	as a
	tmf 0 $abort_task ref=1
	attr_is $device/state failed
	as b
	probe_answers "2 status=02 * sense=$(sense 04 44 00)"
	probe_request go 3
	probe_answers "3 status=02 * sense=$(sense 04 44 00)"
	medium d0 complete 1
	as a
	probe_next '1 aborted'
	wait_until 5 test ! -e "$probe_root/devices/d0"
	attr_set $device/enable 1
	probe_ready
	caw 1 5 $one $two
	probe_answers '1 status=00'
}

@test "an ACA condition of its nexus does not keep its blocks from others" {
	as a
	expect_status 00 dir=out len=16 cdb=151000001000 data=000000000a0a20100000000000000000
	for port in b c d; do
		as $port
		probe_ready
	done
	comparing
	as b
	put 2 5 $six
	waits b 2
	as a
	probe_start 9 cdb=000000000084
	probe_answers '9 status=02 * sense=700005'
	compares_and_writes 1
	# It is not answered before CLEAR ACA.
	medium_gets '2 write 5 1'
	probe_is 1 complete 0
	medium d0 auto
	as b
	probe_answers '2 status=00'
	as a
	echo "tmf 100 fn=$clear_aca" >&"$probe"
	probe_answers '1 status=00' '100 response=0'
}

# --- ORWRITE

# orwrite TAG LBA BLOCKS PATTERN: without waiting
orwrite() {
	local cdb

	printf -v cdb '8b00%016x%08x0000' "$2" "$3"
	probe_start "$1" dir=out "len=$(($3 * 8))" "cdb=$cdb" "data=$4"
}

@test "an overlapping write waits for all of an ORWRITE, not only for its next piece" {
	as a
	put 90 699 $one$six
	probe_answers '90 status=00'
	medium d0 hold
	orwrite 1 100 600 02
	medium_gets '1 read 100 512'
	as b
	put 2 699 $six
	waits b 2
	put 3 700 $two
	medium_gets '1 read 100 512' '3 write 700 1'
	medium d0 complete 1
	medium_gets '3 write 700 1' '1 write 100 512'
	medium d0 complete 1
	medium_gets '3 write 700 1' '1 read 612 88'
	waits b 2
	medium d0 complete 1
	medium_gets '3 write 700 1' '1 write 612 88'
	medium d0 complete 1
	medium_gets '3 write 700 1' '1 sync 100 600'
	waits b 2
	medium d0 complete 1
	medium_gets '3 write 700 1' '2 write 699 1'
	medium d0 auto
	probe_answers '2 status=00' '3 status=00'
	as a
	probe_answers '1 status=00'
	has 698 0202020202020202$six$two
}

@test "an ORWRITE waits for an older write, and is aborted between two pieces" {
	medium d0 hold
	as a
	put 1 5 $one
	medium_gets '1 write 5 1'
	as b
	orwrite 2 5 600 02
	waits b 2
	medium d0 complete 1
	medium_gets '2 read 5 512'
	medium d0 complete 2
	medium_gets '2 write 5 512'
	echo "tmf 100 fn=$abort_task ref=2" >&"$probe"
	wait_until 5 probe_is 2 medium 1 1
	medium d0 complete 2
	probe_answers '2 aborted' '100 response=0'
	medium d0 auto
	has 5 1313131313131313
	has 516 0202020202020202$zero
}

# --- counting

# count_up TARGET NAME: adds $count to block 0, as the hosts of a cluster would. No forks: they
# would take most of the time.
count_up() {
	local done=0 line value next

	probe_login "$2" "$1" && probe_ready || return
	while ((done < count)); do
		probe_start 1 dir=in len=8 cdb=28000000000000000100
		read -r line <&"$probe"
		value=${line#*data=}
		printf -v next %016x $((16#$value + 1))
		caw 2 0 "$value" "$next"
		read -r line <&"$probe"
		case $line in
		'2 status=00 '*) done=$((done + 1)) ;;
		'2 status=02 '*sense=f0000e*) ;;
		*) fail "$2: $line" || return ;;
		esac
	done
	probe_logout
	: >"$BATS_TEST_TMPDIR/counted-$2"
}

@test "eight initiators over two targets count, and no step is lost" {
	local i

	for i in 1 2 3 4; do
		background count_up t0 "host$i"
		background count_up t1 "guest$i"
	done
	jobs_end $((60 + count / 2))
	equal 8 "$(find "$BATS_TEST_TMPDIR" -name 'counted-*' | wc -l)"
	as a
	has 0 "$(printf %016x $((8 * count)))"
}
