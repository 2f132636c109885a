#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# iSCSI: many sessions, many log-ins, and a network namespace that is removed under load.
# SCST_SESSIONS, SCST_LOGINS and SCST_NAMESPACES are the numbers.
# shellcheck disable=SC2016 # it is Perl's to expand

load lib/scst
load lib/iscsi

case $SCST_BED in
uml-smp*) scale=(256 1000 2) ;;
uml) scale=(256 200 2) ;;
*) scale=(48 100 1) ;;
esac
export SCST_SESSIONS=${SCST_SESSIONS-${scale[0]}} SCST_LOGINS=${SCST_LOGINS-${scale[1]}}
namespaces=${SCST_NAMESPACES-${scale[2]}}

setup_file() {
	:
}

teardown_file() {
	scst_unload
}

setup() {
	scst_up && modprobe iscsi_scst
}

teardown() {
	local status=0

	kill_jobs
	ip netns del target 2>/dev/null || true
	scst_down || status=1
	return "$status"
}

# disks: four, as LUNs 0 to 3 of t0
disks() {
	local n

	for n in 0 1 2 3; do
		truncate -s 1M "$BATS_TEST_TMPDIR/image$n"
		make_device fileio "d$n" "path=$BATS_TEST_TMPDIR/image$n" && iscsi_link t0 $n "fileio/d$n" ||
			return
	done
}

@test "many sessions write and read four LUNs each at the same time" {
	disks
	iscsi_target t0
	export SESSIONS=$scst_root/$iscsi:t0/sessions
	ulimit -n $((SCST_SESSIONS + 64))
	raw '(my $count, my @all) = ($ENV{SCST_SESSIONS});
	sub lun { return pack "n x6", $_[0] }
	sub each_session { my ($do) = @_;
		for my $n (0 .. $#all) { in_session($all[$n], sub { $do->($n) }) } }
	sub block { my ($n, $lun) = @_; return sprintf "%-512s", "session $n, LUN $lun" }
	for (1 .. $count) {
		$isid = pack "N n", 0x80000000, $_; login();
		for (0 .. 3) { scsi(0x80, 0, "\0" x 6, "", "", lun($_)); expect(0x21); }
		push @all, session();
	}
	my $tries = 300;
	until ((my @there = glob "$ENV{SESSIONS}/*") == $count) {
		$tries-- or fail scalar(@there), " sessions";
		select undef, undef, undef, 0.1;
	}
	for my $round (1 .. 2) {
		each_session(sub { my ($n) = @_;
			scsi(0xa0, 512, write_10($n, 1), block($n * $round, $_), "", lun($_)) for 0 .. 3; });
		each_session(sub { expect(0x21, b3 => 0) for 0 .. 3 });
		# each reads what its neighbour wrote
		each_session(sub { my ($n) = @_; $n = ($n + 1) % $count;
			scsi(0xc0, 512, read_10($n, 1), "", "", lun($_)) for 0 .. 3; });
		each_session(sub { my ($n) = @_; $n = ($n + 1) % $count;
			my %got = map { expect(0x25)->{data} => 1 } 0 .. 3;
			$got{block($n * $round, $_)} or fail "session $n lost what it wrote" for 0 .. 3; });
	}'
	wait_until 30 no_session
}

@test "a target refuses the 1025th session, and reports it" {
	requires_cpus 2
	iscsi_export nullio size=1M
	ulimit -n 1200
	raw 'my @all; for (1 .. 1024) { $isid = pack "N n", 0x80000000, $_; login(); push @all, $sock }
	$isid = pack "N n", 0x80000001, 0; refused("0302", 0x87, names());
	$sock = pop @all; close_conn(); select undef, undef, undef, 0.5; login_ready()'
	attr_is "$iscsi:t0/failures/too_many_sessions" 1
	kernel_log | grep -q -F ' the target has reached its session limit: '
	wait_until 30 no_session
}

@test "many log-ins and log-outs complete within a minute" {
	iscsi_export nullio size=1M
	raw 'my $begin = time; my $left = $ENV{SCST_LOGINS};
	while ($left > 0) {
		my @all;
		for (1 .. 32) { $isid = pack "N n", 0x80000000, $_; login(); push @all, $sock; }
		for (@all) {
			$sock = $_; put(pdu(0x46, 0x80, pack("x8 N n x2 N N", 1, 0, $cmdsn, $expstatsn)));
		}
		for (@all) { $sock = $_; expect(0x26, b2 => 0); close_conn(); }
		$left -= @all;
	}
	my $took = time - $begin; $took <= 60 or fail "$took s"'
	wait_until 10 no_session
}

# --- which CPU does the work

# begin ISID, CPU: a session whose packets come to that CPU
# burst SESSION, UNDER_WAY, TIMES: UNDER_WAY commands at once, TIMES times
# beside SESSION: whether it works on another CPU than its packets arrive at
cpus='my @cpus = (0 .. $ENV{CPUS} - 1);
	sub pin { syscall(203, 0, 8, pack "Q", 1 << $_[0] % @cpus) < 0 and fail "affinity: $!" }
	sub begin { my ($id, $cpu) = @_;
		$isid = pack "N n", 0x80000000, $id; pin($cpu); login_ready();
		return { session => session(), cpu => $cpu, isid => "0x" . unpack("H*", $isid) };
	}
	sub burst { my ($s, $under_way, $times) = @_;
		pin($s->{cpu});
		in_session($s->{session}, sub { for (1 .. $times) {
			scsi(0x80, 0, "\0" x 6) for 1 .. $under_way;
			expect(0x21, b3 => 0) for 1 .. $under_way;
		} });
	}
	sub attribute { local @ARGV = "$_[0]/$_[1]"; my $line = <>; chomp $line; return $line }
	sub beside { my ($s) = @_;
		my ($dir) = grep { attribute($_, "isid") eq $s->{isid} } glob "$ENV{SESSIONS}/*";
		return attribute($dir, "cpu") != attribute($dir, "incoming_cpu");
	}
	# a machine with one CPU has no other
	sub is_beside { my ($s, $what) = @_; beside($s) == (@cpus > 1) or fail "at home: $what" }
	sub is_at_home { my ($s, $what) = @_; beside($s) and fail "beside: $what" }
'

# on_cpus CODE: raw, with these functions
on_cpus() {
	SESSIONS=$scst_root/$iscsi:t0/sessions CPUS=$(nproc) raw "$cpus$1"
}

@test "a session with many commands in flight moves to a second CPU, and back" {
	iscsi_export nullio size=1M
	on_cpus 'my $s = begin(1, 0);
	burst($s, 1, 400); is_at_home($s, "one");
	burst($s, 32, 40); is_beside($s, "32");
	burst($s, 2, 400); is_at_home($s, "two");
	burst($s, 8, 100); is_beside($s, "8");
	burst($s, 1, 400); is_at_home($s, "one again");'
}

@test "a session does not move to a CPU that is busy with another session" {
	iscsi_export nullio size=1M
	on_cpus 'my ($s0, $s1) = (begin(1, 0), begin(2, 1));
	burst($s0, 32, 40); is_beside($s0, "alone");
	# the first one is never idle, however slow the machine
	for (1 .. 10) { burst($s0, 32, 1); burst($s1, 32, 4); }
	is_at_home($s1, "its neighbour is busy");
	burst($s0, 32, 1); is_at_home($s0, "both are busy");
	# the other one is idle
	my $tries = 100;
	until (beside($s0) || @cpus == 1) {
		$tries-- or fail "at home, though the other is idle";
		select undef, undef, undef, 0.1;
		burst($s0, 32, 1);
	}'
}

# --- a network namespace

there() {
	nsenter --net=/run/netns/target "$@"
}

netns_up() {
	ip netns add target &&
		ip link add name i0 type veth peer name t0 netns target &&
		ip address add 10.78.0.1/24 dev i0 && ip link set i0 up &&
		there ip address add 10.78.0.2/24 dev t0 && there ip link set t0 up
}

# Complete and partial log-ins, over and over
storm() {
	exec perl "$BATS_TEST_DIRNAME/lib/iscsi_pdu.pl" '$| = 1;
	for (my $n = 0; ; $n++) {
		$isid = pack "N n", 0x80000001, $n % 16;
		eval {
			login_ready(); scsi(0xa0, 4096, write_10(0, 8)); scsi(0xc0, 4096, read_10(0, 8));
			open_conn(); put(substr login_pdu(0x87, names()), 0, $n % 200);
		} or select undef, undef, undef, 0.1;
	}' >/dev/null 2>&1
}

# All of these initiators are at work.
commands_ran() {
	local name count

	for name in "$@"; do
		read -r count <"$iscsi:t0/sessions/$iqn:$name/commands" && [ "$count" -gt 10 ] ||
			return
	done
} 2>/dev/null

portal_is_gone() {
	grep -q gone "$iscsi:t0/portals/10.78.0.2:3260/state"
}

@test "removing a network namespace under load ends its sessions, and no others" {
	requires ip nsenter iscsi-perf
	modprobe veth
	disks
	iscsi_target t0
	export PORTAL=10.78.0.2:3260
	for ((n = 0; n < namespaces; n++)); do
		netns_up
		there mkdir "$iscsi:t0/portals/10.78.0.2:3260"
		background storm
		wait_until 20 has_session
		for lun in 0 1 2 3; do
			background exec iscsi-perf -i "$iqn:i$lun" "iscsi://10.78.0.2/$iqn:t0/$lun"
		done
		wait_until 20 commands_ran i0 i1 i2 i3
		scst_sleep 0.5
		ip netns del target
		wait_until 20 portal_is_gone
		wait_until 20 no_session
		kill_jobs
		bounded 10 rmdir "$iscsi:t0/portals/10.78.0.2:3260"
		PORTAL=$portal raw 'works()'
	done
}
