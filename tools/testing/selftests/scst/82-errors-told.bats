#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# Errors are reported until an initiator has received the report: lost cached writes, a changed list
# of LUNs, and the state of an absent device.
# shellcheck disable=SC2016,SC2154 # it is Perl's to expand; fs_make sets fs

load lib/scst
load lib/vdisk
load lib/iscsi
load lib/probe
load lib/pr
: "${probe=}" # of lib/probe

turn=cdb=000000000000
sync=cdb=35000000000000000000
stop=cdb=1b0000000000
report_luns='dir=in len=64 cdb=a00000000000000000400000'

request_sense='dir=in len=18 cdb=030000001200'
block_limits='dir=in len=64 cdb=1201b0004000'

# A write of LOST to block 100: the cache takes it, and the medium does not.
write_lost='dir=out len=4096 cdb=2a000000006400000100 data=4c4f5354'

# lossy_disk: d0, whose block 100 fails, for the ports a and b
lossy_disk() {
	fs_make 24M
	lossy_file=$(fs_file file 8388608)
	make_device fileio d0 "path=$lossy_file" block_size=4096
	probe_target fileio/d0
	pr_ports_are a b
	as a
	fs_break "$lossy_file" 800 8
}

setup_file() {
	:
}

teardown_file() {
	scst_unload
}

setup() {
	scst_up
}

teardown() {
	local status=0

	probe_logout_all
	scst_down || status=1
	fs_down || status=1
	return "$status"
}

# write_and_sync DISK
write_and_sync() {
	head -c 4096 /dev/zero | dd "of=$1" bs=4096 seek=100 conv=notrunc,fsync status=none
}

# same_sense KEY ASC ASCQ: both TEST UNIT READY and REQUEST SENSE report it.
same_sense() {
	expect_sense "$@" $turn && expect_status 00 "$request_sense" &&
		matches "* data=7000$1??????????????????$2$3*" "$reply"
}

# hears_of_loss COMMAND...: it reports lost writes once, and then ends with GOOD.
hears_of_loss() {
	expect_sense 04 0c 00 "$@" && expect_status 00 "$@"
}

# The disk is ready, and its cache empty.
hears_of_nothing_more() {
	expect_status 00 dir=out len=4096 cdb=2a000000006500000100 && expect_status 00 $turn &&
		expect_status 00 $sync
}

# --- cached writes

@test "lost writes are reported again if the SYNCHRONIZE CACHE was aborted" {
	lossy_disk
	expect_status 00 "$write_lost"
	probe_start 2 $sync hold=respond
	probe_wait_held 2 respond
	probe_request tmf 100 fn=0 ref=2
	probe_request sync
	echo "go 2" >&"$probe"
	probe_answers '2 aborted' '100 response=0'
	fs_repair
	hears_of_loss $sync
	fs_lacks LOST
}

@test "lost writes are reported again if the response did not arrive" {
	lossy_disk
	expect_status 00 "$write_lost"
	probe_start 2 $sync send=fail
	probe_answers '2 undelivered'
	probe_start 2 $sync send=fail
	probe_answers '2 undelivered'
	fs_repair
	hears_of_loss $sync
}

@test "lost writes are reported once to each initiator" {
	lossy_disk
	expect_status 00 "$write_lost"
	as b
	hears_of_loss $sync
	fs_repair
	as a
	hears_of_loss $sync
	as b
	expect_status 00 $sync
}

@test "lost writes are reported by a SYNCHRONIZE CACHE of any other blocks" {
	lossy_disk
	expect_status 00 "$write_lost"
	as b
	expect_sense 04 0c 00 $sync
	as a
	hears_of_loss cdb=35000000000100000100
}

@test "lost writes are reported to an initiator that logs in again" {
	lossy_disk
	expect_status 00 "$write_lost"
	probe_logout
	as b
	expect_sense 04 0c 00 $sync
	fs_repair
	probe_login a
	probe_ready
	hears_of_loss $sync
}

@test "lost writes whose report did not arrive are reported after the next log-in" {
	lossy_disk
	expect_status 00 "$write_lost"
	probe_start 2 $sync send=fail
	probe_answers '2 undelivered'
	probe_logout
	fs_repair
	probe_login a
	probe_ready
	hears_of_loss $sync
}

@test "lost writes that all have been notified of are not reported to a newcomer" {
	lossy_disk
	expect_status 00 "$write_lost"
	expect_sense 04 0c 00 $sync
	as b
	expect_sense 04 0c 00 $sync
	fs_repair
	probe_login c
	probe_ready
	expect_status 00 $sync
}

@test "STOP reports lost writes once to each initiator, again if it did not arrive" {
	lossy_disk
	expect_status 00 "$write_lost"
	probe_start 2 $stop send=fail
	probe_answers '2 undelivered'
	as b
	expect_sense 04 0c 00 $stop
	fs_repair
	hears_of_nothing_more
	as a
	hears_of_loss $stop
	hears_of_nothing_more
}

@test "STOP and MODE SELECT that turns off the write cache report lost writes" {
	lossy_disk
	expect_status 00 "$write_lost"
	as b
	expect_sense 04 0c 00 $sync
	as a
	expect_sense 04 0c 00 $stop
	expect_status 00 "$write_lost"
	as b
	expect_sense 04 0c 00 $sync
	as a
	# WCE cleared
	expect_sense 04 0c 00 dir=out len=24 cdb=151000001800 \
		data=000000000812000000000000000000000000000000000000
}

@test "without a write cache, a write reports writes that were lost before" {
	lossy_disk
	expect_status 00 "$write_lost"
	as b
	expect_sense 04 0c 00 dir=out len=24 cdb=151000001800 \
		data=000000000812000000000000000000000000000000000000
	as a
	expect_sense 06 2a 01 $turn
	hears_of_loss dir=out len=4096 cdb=2a000000000100000100 data=aa
}

@test "fsync of a disk fails once after its writes were lost" {
	fs_make 24M
	lossy_file=$(fs_file file 8388608)
	disk=$(export_disk fileio "path=$lossy_file" block_size=4096)
	fs_break "$lossy_file" 800 8
	expect EREMOTEIO write_and_sync "$disk"
	fs_repair
	write_and_sync "$disk"
}

# --- lists of LUNs

@test "REPORT LUNS that did not arrive or was aborted keeps the unit attention" {
	make_device nullio n0 size=1M
	make_device nullio n1 size=1M
	probe_target nullio/n0
	pr_ports_are a
	mkdir targets/probe/t0/luns/5
	ln -s devices/nullio/n1 targets/probe/t0/luns/5/
	probe_start 1 "$report_luns" send=fail
	probe_answers '1 undelivered'
	probe_start 2 "$report_luns" hold=respond
	probe_wait_held 2 respond
	probe_request tmf 100 fn=0 ref=2
	probe_request sync
	echo "go 2" >&"$probe"
	probe_answers '2 aborted' '100 response=0'
	expect_sense 06 3f 0e $turn
	expect_status 00 $turn
	# A REPORT LUNS that has arrived clears the unit attention.
	rm targets/probe/t0/luns/5/n1
	expect_status 00 "$report_luns"
	expect_status 00 $turn
}

# --- Data-Out that ends inside a block

@test "iSCSI: Data-Out that ends inside a block is refused, and nothing is written" {
	modprobe iscsi_scst
	truncate -s 1M "$BATS_TEST_TMPDIR/image"
	iscsi_export fileio "path=$BATS_TEST_TMPDIR/image"
	bounded 60 perl "$BATS_TEST_DIRNAME/lib/iscsi_pdu.pl" '
	login_ready("ImmediateData=Yes", "InitialR2T=No", "FirstBurstLength=65536");
	my $data = "X" x 10000;
	for my $opcode (0x2a, 0x2e, 0xaa, 0xae, 0x8a, 0x8e, 0x0a) {
		my $cdb = $opcode < 0x20 ? pack("C6", $opcode, 0, 0, 0, 20, 0) :
			$opcode < 0x80 ? pack("CCNCnC", $opcode, 0, 0, 0, 20, 0) :
			$opcode < 0xa0 ? pack("CCNNNCC", $opcode, 0, 0, 0, 20, 0, 0) :
			pack("CCNNCC", $opcode, 0, 0, 20, 0, 0);
		my $tag = scsi(0xa0, 10000, $cdb, $data);
		my $p = expect(0x21, itt => $tag, b3 => 2);
		my $sense = unpack "H*", $p->{data};
		$sense =~ /^....70..05.{18}0e03/ or fail sprintf "%02x: %s", $opcode, $sense;
		($p->{flags} & 6) == 4 && $p->{w44} == 240 or
			fail sprintf "%02x: flags %02x residual %u", $opcode, $p->{flags}, $p->{w44};
	}
	# VERIFY with BYTCHK
	my $tag = scsi(0xa0, 10000, pack("CCNCnC", 0x2f, 2, 0, 0, 20, 0), $data);
	fails($tag, "050e03");
	ping()'
	cmp -n 1048576 /dev/zero "$BATS_TEST_TMPDIR/image"
}

@test "Data-Out that ends inside a block is refused for any target driver" {
	truncate -s 1M "$BATS_TEST_TMPDIR/image"
	make_device fileio d0 "path=$BATS_TEST_TMPDIR/image"
	probe_target fileio/d0
	pr_ports_are a
	expect_sense 05 0e 03 dir=out len=10000 cdb=2a000000000000001400 data=aa
	expect_sense 05 0e 03 dir=out len=10000 cdb=2e000000000000001400 data=aa
	expect_sense 05 0e 03 dir=out len=10000 cdb=2f020000000000001400 data=aa
	cmp -n 1048576 /dev/zero "$BATS_TEST_TMPDIR/image"
}

# --- what is not there

@test "REQUEST SENSE and TEST UNIT READY agree in every state of a device" {
	make_device probe d0
	attr_set devices/probe/d0/fence_ms 100
	probe_target probe/d0
	pr_ports_are a
	expect_status 00 $turn
	expect_status 00 "$request_sense"
	matches '* data=700000*' "$reply"
	# lost
	attr_set devices/probe/d0/present 0
	wait_until 10 attr_is devices/probe/d0/state waiting
	same_sense 02 04 03
	attr_set devices/probe/d0/enable 0
	same_sense 02 04 03
	# failed
	attr_set devices/probe/d0/present 1
	attr_set devices/probe/d0/enable 1
	probe_ready
	medium d0 hold
	probe_start 7 dir=in len=512 cdb=28000000000000000100
	probe_request tmf 100 fn=0 ref=7
	probe_answers '100 response='
	attr_is devices/probe/d0/state failed
	same_sense 04 44 00
	medium d0 auto
	probe_answers '7 aborted'
}

@test "a disk whose file gets an odd size is rounded down, and can be enabled again" {
	local image=$BATS_TEST_TMPDIR/image

	truncate -s 1M "$image"
	make_device fileio d0 "path=$image" size=1M block_size=4096
	truncate -s $(((2 << 20) + 1000)) "$image"
	wait_until 10 attr_is devices/fileio/d0/size $((2 << 20))
	attr_set devices/fileio/d0/enable 0
	attr_set devices/fileio/d0/enable 1
	attr_set devices/fileio/d0/enable 0
	attr_set devices/fileio/d0/size ''
	attr_set devices/fileio/d0/enable 1
	equal $(((2 << 20) + 1000)) "$(stat -c %s "$image")"
	attr_set devices/fileio/d0/enable 0
	attr_set devices/fileio/d0/size 1M
	attr_refuses EINVAL devices/fileio/d0/enable 1
}

@test "a device that its handler refuses to create is not destroyed" {
	# modules/probe_dev.c warns if it is asked to.
	make_device probe d0
	expect EINVAL mkdir devices/probe/uncreatable
}

# --- buffers

@test "a parameter list of an invalid length is refused without its transfer" {
	make_device nullio d0 size=1M
	probe_target nullio/d0
	pr_ports_are a
	for len in 00010001 00800000 fffffff0; do
		probe_start 1 dir=out len=$((16#$len)) "cdb=5f00000000${len}00" hold=data
		probe_answers "1 status=02 residual=$((16#$len)) sense=7000050000000012000000001a00"
	done
}

@test "the block limits page respects the buffer limits" {
	make_device nullio d0 size=64M
	probe_target nullio/d0
	pr_ports_are a
	probe_gives '* data=00b0003c01ff0001000080000*' 1 "$block_limits"
	attr_set devices/nullio/d0/buffer_limit $((1 << 20))
	expect_sense 06 3f 03 $turn
	probe_gives '* data=00b0003c01ff000100000800*' 1 "$block_limits"
	expect_status 00 dir=in len=$((1 << 20)) cdb=28000000000000080000
	expect_sense 05 24 00 dir=in len=$(((1 << 20) + 512)) cdb=28000000000000080100
	attr_set devices/nullio/d0/buffer_limit 1000
	expect_sense 06 3f 03 $turn
	# A page that stays the same raises no unit attention.
	attr_set devices/nullio/d0/buffer_limit 268435456
	expect_sense 06 3f 03 $turn
	attr_set devices/nullio/d0/buffer_limit 268435457
	expect_status 00 $turn
}

@test "direct I/O with smaller blocks than the medium's is refused" {
	# shellcheck disable=SC2034 # fs_make uses it
	fs_sector_size=4096
	fs_make 24M
	truncate -s 1M "$fs/file"
	mkdir -p devices/fileio/d0
	attr_set devices/fileio/d0/path "$fs/file"
	attr_set devices/fileio/d0/direct 1
	attr_refuses EINVAL devices/fileio/d0/enable 1
	attr_set devices/fileio/d0/block_size 4096
	attr_set devices/fileio/d0/enable 1
}
