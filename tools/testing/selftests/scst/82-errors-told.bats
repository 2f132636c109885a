#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# An error is told until somebody has heard it: cached writes that were lost, the list
# of LUNs that changed, and what a device that is not there has to say.
# shellcheck disable=SC2154 # fs_make sets fs

load lib/scst
load lib/vdisk
load lib/iscsi
load lib/probe
load lib/pr
: "${probe=}" # of lib/probe

turn=cdb=000000000000
sync=cdb=35000000000000000000
report_luns='dir=in len=64 cdb=a00000000000000000400000'

# A write of LOST to block 100, which goes to a cache whose medium does not take it
write_lost='dir=out len=4096 cdb=2a000000006400000100 data=4c4f5354'

# lossy_disk: d0, seen by the ports a and b, whose block 100 fails
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

# start TAG ARGUMENTS...
start() {
	echo "cmd $*" >&"$probe"
}

# hears_of_loss COMMAND...: once, and then all is well.
hears_of_loss() {
	expect_sense 04 0c 00 "$@" && expect_status 00 "$@"
}

# --- cached writes

@test "lost writes are told again if the SYNCHRONIZE CACHE that saw it was aborted" {
	lossy_disk
	expect_status 00 "$write_lost"
	start 2 $sync hold=respond
	probe_wait_held 2 respond
	probe_request tmf 100 fn=0 ref=2
	probe_request sync
	echo "go 2" >&"$probe"
	probe_answers '2 aborted' '100 response=0'
	fs_repair
	hears_of_loss $sync
	fs_lacks LOST
}

@test "lost writes are told again if the response did not arrive" {
	lossy_disk
	expect_status 00 "$write_lost"
	start 2 $sync send=fail
	probe_answers '2 undelivered'
	start 2 $sync send=fail
	probe_answers '2 undelivered'
	fs_repair
	hears_of_loss $sync
}

@test "lost writes are told to every initiator, once, whoever asked first" {
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

@test "lost writes are told by a SYNCHRONIZE CACHE of any other blocks" {
	lossy_disk
	expect_status 00 "$write_lost"
	as b
	expect_sense 04 0c 00 $sync
	as a
	hears_of_loss cdb=35000000000100000100
}

@test "lost writes are told to an initiator that logs in again" {
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

@test "lost writes are told again if the log-out came before the response" {
	lossy_disk
	expect_status 00 "$write_lost"
	start 2 $sync send=fail
	probe_answers '2 undelivered'
	probe_logout
	fs_repair
	probe_login a
	probe_ready
	hears_of_loss $sync
}

@test "who comes after lost writes have been told to all who could be concerned hears nothing" {
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

@test "MODE SELECT that ends the write cache and STOP tell of lost writes" {
	lossy_disk
	expect_status 00 "$write_lost"
	as b
	expect_sense 04 0c 00 $sync
	as a
	expect_sense 04 0c 00 cdb=1b0000000000
	expect_status 00 cdb=1b0000000100
	expect_status 00 "$write_lost"
	as b
	expect_sense 04 0c 00 $sync
	as a
	# WCE cleared
	expect_sense 04 0c 00 dir=out len=24 cdb=151000001800 \
		data=000000000812000000000000000000000000000000000000
}

@test "without a write cache a write tells what another initiator was told by its SYNC" {
	lossy_disk
	expect_status 00 "$write_lost"
	as b
	expect_sense 04 0c 00 dir=out len=24 cdb=151000001800 \
		data=000000000812000000000000000000000000000000000000
	as a
	expect_sense 06 2a 01 $turn
	hears_of_loss dir=out len=4096 cdb=2a000000000100000100 data=aa
}

@test "a file system on a disk hears of its lost writes" {
	fs_make 24M
	lossy_file=$(fs_file file 8388608)
	disk=$(export_disk fileio "path=$lossy_file" block_size=4096)
	fs_break "$lossy_file" 800 8
	expect EREMOTEIO write_and_sync "$disk"
	fs_repair
	write_and_sync "$disk"
}

# --- lists of LUNs

@test "REPORT LUNS that did not arrive, or was aborted, leaves the news untold" {
	make_device nullio n0 size=1M
	make_device nullio n1 size=1M
	probe_target nullio/n0
	pr_ports_are a
	mkdir targets/probe/t0/luns/5
	ln -s devices/nullio/n1 targets/probe/t0/luns/5/
	start 1 $report_luns send=fail
	probe_answers '1 undelivered'
	start 2 $report_luns hold=respond
	probe_wait_held 2 respond
	probe_request tmf 100 fn=0 ref=2
	probe_request sync
	echo "go 2" >&"$probe"
	probe_answers '2 aborted' '100 response=0'
	expect_sense 06 3f 0e $turn
	expect_status 00 $turn
	# What has arrived is no news any more.
	rm targets/probe/t0/luns/5/n1
	expect_status 00 $report_luns
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

@test "Data-Out that ends inside a block is refused by drivers that cannot tell, too" {
	truncate -s 1M "$BATS_TEST_TMPDIR/image"
	make_device fileio d0 "path=$BATS_TEST_TMPDIR/image"
	probe_target fileio/d0
	pr_ports_are a
	expect_sense 05 0e 03 dir=out len=10000 cdb=2a000000000000001400 data=aa
	expect_sense 05 0e 03 dir=out len=10000 cdb=2e000000000000001400 data=aa
	expect_sense 05 0e 03 dir=out len=10000 cdb=2f020000000000001400 data=aa
	cmp -n 1048576 /dev/zero "$BATS_TEST_TMPDIR/image"
}
