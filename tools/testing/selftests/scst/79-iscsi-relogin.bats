#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# iSCSI: a host restarts while one of its commands hangs in a backend, and logs in again
# under the same name and ISID, RFC 7143 6.3.5.
# shellcheck disable=SC2016 # it is Perl's to expand

load lib/scst
load lib/probe
load lib/iscsi

device=devices/probe/d0

setup_file() {
	:
}

teardown_file() {
	scst_unload
}

# Two LUNs, of which the first hangs
setup() {
	scst_up && modprobe -a iscsi_scst scst_probe || return
	make_device probe d0 drain_ms=300 fence_ms=600000
	make_device nullio n0 size=1M
	mkdir -p "$iscsi:t0"
	iscsi_link t0 0 probe/d0
	iscsi_link t0 1 nullio/n0
	attr_set "$iscsi:t0/drain_ms" 300
	iscsi_target t0
}

teardown() {
	local status=0

	medium_all_auto
	scst_down || status=1
	return "$status"
}

# raw CODE...
raw() {
	bounded 120 perl "$BATS_TEST_DIRNAME/lib/iscsi_pdu.pl" 'use Time::HiRes "time";
	our $one = pack "H16", "0001";
	# status LENGTH, CDB, DATA, LUN: the status of a command, after its unit attentions
	sub status { my ($length, $cdb, $data, $lun) = @_; my $p;
		for (1 .. 8) {
			$p = expect(0x21, itt => scsi($length ? 0xa0 : 0x80, $length, $cdb, $data,
						      "", $lun));
			last if $p->{b3} != 2;
		}
		return $p->{b3};
	}
	sub tur { return status(0, "\0" x 6, "", $_[0]) }
	sub try_write { return status(512, write_10(0, 1), "n" x 512, $_[0]) }
	# The host disappears without a log-out.
	sub power_off {
		setsockopt $sock, Socket::SOL_SOCKET(), Socket::SO_LINGER(), pack("ii", 1, 0);
		close $sock;
	}
	sub other { our ($isid, $initiator);
		local $isid = "\x80\x12\x34\x56\x00\x77";
		local $initiator = "iqn.2026-11.org.example:other"; $_[0]->();
	}
	# 10 s would be the time-out of the log-in that is tested.
	sub quickly { my $start = time; my $took;
		login(); $took = time - $start; $took < 5 or fail sprintf "%.1f s", $took;
	}
	' "$@"
}

# hang [CODE...]: the host restarts while its write hangs.
hang() {
	HOLDS=$probe_root/devices/d0 raw 'sub holds { local @ARGV = $ENV{HOLDS}; return join "", <> }
	my $p = login(); my $old = unpack "x14 n", $p->{header};
	tur(""); tur($one);
	scsi(0xa0, 512, write_10(0, 1), "w" x 512);
	select undef, undef, undef, 0.05 until holds() =~ /write/;
	power_off();
	'"$*"
}

@test "the host logs in at once, has its other LUNs, and finds the hung one BUSY" {
	medium d0 hold
	hang
	raw 'other(sub { quickly(); tur($one) == 0 or fail "another host"; close_conn() });
	quickly();
	tur($one) == 0 or fail "the other LUN";
	try_write($one) == 0 or fail "a write to the other LUN";
	tur("") == 8 or fail "not BUSY";
	try_write("") == 8 or fail "the old write may come after the new one"'
	# There is one write, the old one.
	matches '* write 0 1' "$(medium_holds d0)"
	# The LUN is usable again when its backend is.
	medium d0 auto
	raw 'quickly(); my $tries = 100;
	until (try_write("") == 0) { $tries-- or fail "BUSY for ever"; select undef, undef, undef, 0.05 }'
	wait_until 10 no_session_is_left
}

@test "a host that logs in repeatedly leaves one old session behind" {
	medium d0 hold
	hang
	for _ in 1 2 3 4; do
		raw 'quickly(); tur($one) == 0 or fail "LUN 1"; try_write("") == 8 or fail "LUN 0"; power_off()'
	done
	wait_until 10 one_session_is_left
	medium d0 auto
	wait_until 10 no_session_is_left
}

no_session_is_left() {
	! find_there /sys/class/scst_session/*
}

is_closed() {
	[ ! -e "$probe_root/devices/d0" ]
}

one_session_is_left() {
	find_there /sys/class/scst_session/* && [ ${#scst_there[@]} -eq 1 ]
}

@test "the device is fenced after fence_ms, and the host still logs in" {
	attr_set $device/fence_ms 500
	medium d0 hold
	hang
	wait_until 20 attr_is $device/state failed 2>/dev/null
	raw 'quickly(); tur($one) == 0 or fail "LUN 1"; tur("") == 2 or fail "LUN 0"'
	medium d0 auto
	wait_until 10 is_closed
	attr_set $device/enable 1
	raw 'quickly(); try_write("") == 0 or fail "LUN 0"'
}

@test "the host logs in after a reset, and after device and target are disabled" {
	medium d0 hold
	hang
	attr_set $device/fence_ms 300
	raw 'other(sub { login(); my $tag = next_itt();
		put(pdu(0x42, 0x80 | 5, pack("x8 N N N N", $tag, 0xffffffff, $cmdsn, $expstatsn)));
		expect(0x22, b2 => 0) });
	quickly(); tur($one) == 0 or fail "after the reset"'
	expect ETIMEDOUT attr_write $device/enable 0
	raw 'quickly(); tur($one) == 0 or fail "after the device was disabled"'
	bounded 10 find "$iscsi:t0/luns/0" -type l -delete
	raw 'quickly(); tur($one) == 0 or fail "after the LUN was unlinked"'
	bounded 10 attr_set "$iscsi:t0/enable" 0
	bounded 10 attr_set "$iscsi:t0/enable" 1
	raw 'quickly(); tur($one) == 0 or fail "after the target was disabled"'
}

@test "a log-in with the TSIH of a session that has ended is refused" {
	medium d0 hold
	hang 'quickly(); power_off(); open_conn(); $tsih = $old; my $p2 = login_step(0x87, names());
	$p2->{status} eq "020a" or fail "status $p2->{status}"'
}
