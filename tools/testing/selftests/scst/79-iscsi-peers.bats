#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# iSCSI: peers that are silent, slow or hostile, peers that only look so, and how
# connections end. lib/iscsi_pdu.pl is the initiator.
# shellcheck disable=SC2016 # it is Perl's to expand
# shellcheck disable=SC2154 # fs_make sets fs

load lib/scst
load lib/probe
load lib/iscsi
load lib/vdisk

setup_file() {
	:
}

teardown_file() {
	scst_unload
}

setup() {
	scst_up && modprobe -a iscsi_scst scst_probe
}

teardown() {
	local status=0

	stall_go
	kill_jobs
	dmsetup resume scst_fs 2>/dev/null || true
	ip link del i0 2>/dev/null || true
	ip netns del target 2>/dev/null || true
	scst_down || status=1
	fs_down || status=1
	return "$status"
}

# --- races at the end, opened at fault points

export STALL=$probe_root/stall

# raw_stalling CODE...: raw with stall(POINT, SUB), which waits until a task is there, and go(POINT)
raw_stalling() {
	raw 'sub stall { my ($point, $do) = @_; stall_write($point); $do->(); my $tries = 400;
		until (stall_is($point)) { $tries-- or fail "nobody at $point"; nap(0.05); } }
	sub stall_write { open my $f, ">", $ENV{STALL} or fail "no stalls: $!"; syswrite $f, "@_\n" }
	sub stall_is { open my $f, "<", $ENV{STALL}; return grep /^$_[0]$/, <$f> }
	sub go { my ($point) = @_; stall_is($point) or fail "nobody at $point any more"; stall_write("go") }
	sub nap { select undef, undef, undef, $_[0] }' "$@"
}

@test "a log-in can replace a session that is logging out with pending writes" {
	iscsi_export nullio size=64M
	raw_stalling 'login_ready("InitialR2T=Yes", "ImmediateData=No");
	for (1 .. 20) { scsi(0xa0, 4096, write_10($_ * 8, 8)); expect(0x31); }
	my ($a, $a_cmdsn) = ($sock, $cmdsn);
	open_conn(); login_step(0x04, names()); my $b = $sock;
	$sock = $a; stall("over", sub { put(pdu(0x46, 0x80, pack("x8 N n x2 N N", 81, 0, $a_cmdsn, 1))) });
	$sock = $b; put(login_pdu(0x87)); nap(0.5); go("over");
	expect(0x23)->{w36} >> 16 == 0 or fail "not let in"; ping(); works()'
}

@test "a log-out that coincides with the connection's timer is answered" {
	iscsi_export nullio size=1M
	export SESSIONS=$scst_root/$iscsi:t0/sessions
	raw_stalling 'login_ready(); stall("tick", sub {});
	stall("ticked", sub { put(pdu(0x46, 0x80, pack("x8 N x4 N N", 81, $cmdsn, $expstatsn))) });
	nap(0.1) while glob "$ENV{SESSIONS}/*";
	nap(0.5); go("ticked"); expect(0x26); works()'
}

@test "a log-out that comes as the session is dropped is answered" {
	iscsi_export nullio size=1M
	export DISCONNECT=$scst_root/$iscsi:t0/sessions/$iqn:raw/disconnect
	raw_stalling 'login_ready();
	stall("drop", sub { open my $f, ">", $ENV{DISCONNECT} or fail $!; syswrite $f, "1\n" });
	put(pdu(0x46, 0x80, pack("x8 N x4 N N", 81, $cmdsn, $expstatsn)));
	my $p; do { $p = receive() // fail "no answer" } until $p->{opcode} == 0x26;
	go("drop"); expect_end(20); works()'
}

@test "a connection that ends while the core hands over a response leaves nothing" {
	[ -d /sys/kernel/debug/failslab ] || skip "this kernel has no fault injection"
	truncate -s 1M "$BATS_TEST_TMPDIR/image"
	iscsi_export fileio "path=$BATS_TEST_TMPDIR/image"
	raw_stalling 'login_ready(); my $tag;
	stall("post", sub { $tag = scsi(0xc0, 4096, read_10(0, 8)) });
	put(pdu(0x40, 0x80, pack("x8 N N N N", 9, 0xffffffff, $cmdsn, $expstatsn)));
	expect(0x25, itt => $tag); expect(0x20, itt => 9); close_conn(); nap(1); go("post"); works()'
	wait_until 20 no_session
}

# --- sockets of peers that fall silent

# netns_up: 10.78.0.2 is in the namespace target, at the other end of i0; t0 listens there
netns_up() {
	modprobe veth
	ip netns add target
	ip link add name i0 type veth peer name t0 netns target
	ip address add 10.78.0.1/24 dev i0
	ip link set i0 up
	nsenter --net=/run/netns/target ip address add 10.78.0.2/24 dev t0
	nsenter --net=/run/netns/target ip link set t0 up
	export PORTAL=10.78.0.2:3260
	listen_there "$PORTAL"
}

# listen_there PORTAL
listen_there() {
	nsenter --net=/run/netns/target mkdir "$iscsi:t0/portals/$1"
}

# sockets_are COUNT NAMESPACE: the portal's sockets but for those that listen, and those that only
# wait for the other side's FIN, which cost little and last a minute
sockets_are() {
	local count

	count=$(nsenter "--net=$2" awk '$2 ~ /:0CBC$/ && $4 !~ /^0[56A]$/' /proc/net/tcp | wc -l)
	equal "$1" "$count" sockets 2>/dev/null
}

# Connections before log-in, and a session whose initiator does not read
silent='my @idle = map { open_conn() } 1 .. 4; login_ready();
	scsi(0xc0, 1 << 20, read_10(0, 2048)) for 1 .. 20; ready(); sleep 100'

@test "the sockets of peers that fell silent are closed" {
	iscsi_export nullio size=64M
	netns_up
	background raw "$silent"
	wait_until 20 sockets_are 5 /run/netns/target
	wait_ready
	ip link set i0 down
	bounded 20 rmdir "$iscsi:t0/portals/$PORTAL"
	wait_until 20 no_session
	wait_until 30 sockets_are 0 /run/netns/target
}

@test "a network namespace can be removed although peers in it fell silent" {
	iscsi_export nullio size=64M
	netns_up
	listen_there 10.78.0.2:3261
	background raw "$silent"
	wait_until 20 sockets_are 5 /run/netns/target
	wait_ready
	ip link set i0 down
	bounded 20 rmdir "$iscsi:t0/portals/$PORTAL"
	ip netns del target
	wait_until 40 grep -q gone "$iscsi:t0/portals/10.78.0.2:3261/state"
}

@test "the socket of a peer that answers, but does not read, is closed" {
	iscsi_export nullio size=64M
	background raw "$silent"
	wait_ready
	rmdir "$iscsi:t0/portals/$portal"
	wait_until 20 no_session
	wait_until 30 sockets_are 0 /proc/self/ns/net
}

# --- writes whose data does not come

# other CODE: a second initiator, after the first one's code has run
other() {
	printf '%s' 'my $first = session(); $initiator = "iqn.2026-11.org.example:other"; login_ready();' "$1"
}

@test "an initiator's writes that wait for data leave the disk usable to others" {
	iscsi_export nullio size=64M
	raw 'login_ready("InitialR2T=Yes", "ImmediateData=No"); my %n;
	for (1 .. 20) { scsi(0xa0, 16 << 20, write_10(0, 32768));
		my $p = receive(); $n{$p->{opcode} == 0x31 ? "waiting" : $p->{b3}}++; }
	$n{waiting} && $n{8} or fail join " ", %n;' "$(other '
	for (1 .. 16) { scsi(0xc0, 1 << 20, read_10(0, 2048)); my $p;
		do { $p = receive() } until $p->{opcode} == 0x21 || $p->{flags} & 1 && $p->{opcode} == 0x25;
		$p->{b3} == 0 or fail "status $p->{b3}"; }
	my $tag = scsi(0xa0, 16 << 20, write_10(0, 32768)); expect(0x31, itt => $tag)')"
}

@test "the more initiators let writes wait for data, the fewer writes each may have" {
	iscsi_export nullio size=64M
	attr_set "$iscsi:t0/nop_interval_ms" 0
	attr_set "$iscsi:t0/data_timeout_ms" 600000
	raw 'my (@all, @keep);
	for my $n (1 .. 8) {
		$initiator = "iqn.2026-11.org.example:i$n"; my $busy = 0;
		login_ready("InitialR2T=No", "ImmediateData=No");
		# Half of them announce unsolicited data, and do not send it.
		for (1 .. 20) {
			my $tag = next_itt(); put(pdu(0x01, $n & 1 ? 0xa1 : 0x21, pack("x8 N N N N a16",
				$tag, 4 << 20, $cmdsn++, $expstatsn, write_10(0, 8192)))); }
		put(pdu(0x40, 0x80, pack("x8 N N N N", 99, 0xffffffff, $cmdsn, $expstatsn)));
		while ((my $p = receive() // fail "ended")->{opcode} != 0x20) { $busy += $p->{b3} == 8; }
		push @all, 20 - $busy; push @keep, $sock;
	}
	$all[-1] < $all[0] or fail "@all";' "$(other '
	my $tag = scsi(0xc0, 4096, read_10(0, 8)); expect(0x25, itt => $tag, b3 => 0);
	$tag = scsi(0xa0, 4096, write_10(0, 8)); expect(0x31, itt => $tag)')"
}

@test "an initiator that does not send solicited data is dropped" {
	iscsi_export nullio size=64M
	attr_set "$iscsi:t0/data_timeout_ms" 2000
	raw 'login_ready("InitialR2T=Yes", "ImmediateData=No");
	scsi(0xa0, 4096, write_10(0, 8)); expect(0x31);
	my ($begin, $p) = time;
	# Other commands do not extend the time.
	do { my $tag = scsi(0xc0, 36, $inquiry); $p = receive(); select undef, undef, undef, 0.3 }
		while $p && $p->{opcode} == 0x25 && time - $begin < 20;
	$p && $p->{opcode} == 0x32 && $p->{w36} >> 24 == 3 or fail "not dropped"; works()'
}

@test "an initiator that sends its data slowly is not dropped" {
	iscsi_export nullio size=64M
	attr_set "$iscsi:t0/data_timeout_ms" 3000
	raw 'login_ready("InitialR2T=Yes", "ImmediateData=No", "MaxBurstLength=512");
	my @tags = map { scsi(0xa0, 4096, write_10(0, 8)) } 1 .. 2; my %r2t;
	sub asked { my $p = expect(0x31); $r2t{$p->{itt}} = $p } asked() for 1 .. 2;
	# One of them gets nothing at all for longer than the time-out.
	for (0 .. 7) { my $p = $r2t{$tags[1]}; select undef, undef, undef, 0.8;
		data_out($p->{itt}, $p->{ttt}, 0, $_ * 512, "x" x 512, 1); asked() if $_ < 7; }
	expect(0x21, itt => $tags[1], b3 => 0); ping()'
}

# --- signs of life

# nops INTERVAL TIMEOUT: of t0
nops() {
	attr_set "$iscsi:t0/nop_interval_ms" "$1" && attr_set "$iscsi:t0/nop_timeout_ms" "$2"
}

# nop_out ITT, TTT
nop_out='sub nop_out { put(pdu(0x40, 0x80, pack("x8 N N N N", @_, $cmdsn, $expstatsn))) }
	use Time::HiRes qw(time sleep);'

@test "an initiator that reads slowly is not dropped" {
	iscsi_export nullio size=64M
	nops 1000 2000
	raw "$nop_out" 'login_ready(); nop_out(9, 0xffffffff); expect(0x20, itt => 9);
	setsockopt $sock, Socket::SOL_SOCKET, Socket::SO_RCVBUF, 65536;
	scsi(0xc0, 1 << 20, read_10(0, 2048)) for 1 .. 32;
	my ($got, $begin, $buf) = (0, time);
	# The data in flight takes longer than the time-out.
	while ($got < 32 << 20) {
		sleep 0.2 if time - $begin < 7;
		my $n = sysread $sock, $buf, time - $begin < 7 ? 65536 : 1 << 20;
		$n or fail "cut off after $got bytes"; $got += $n; }'
}

@test "an initiator that sends commands, but does not answer NOP-Ins, is not dropped" {
	iscsi_export nullio size=64M
	nops 1000 1000
	raw "$nop_out" 'login_ready(); nop_out(9, 0xffffffff); expect(0x20, itt => 9);
	expect(0x20, itt => 0xffffffff); my $begin = time;
	while (time - $begin < 6) { my $tag = scsi(0xc0, 36, $inquiry);
		expect(0x25, itt => $tag); sleep 0.2; }'
}

@test "an initiator that never uses NOPs keeps its session while its TCP answers" {
	iscsi_export nullio size=64M
	nops 1000 1000
	raw "$nop_out" 'login_ready(); my ($begin, $n) = (time, 0);
	while (time - $begin < 7) { my $p = receive(2) // fail "ended";
		$p->{opcode} == 0x20 && $p->{ttt} != 0xffffffff or fail "opcode $p->{opcode}"; $n++; }
	$n <= 8 or fail "asked $n times"; my $tag = scsi(0xc0, 36, $inquiry);
	1 while ($_ = receive() // fail "ended")->{opcode} == 0x20;
	$_->{itt} == $tag or fail "no answer"'
}

@test "an initiator that never uses NOPs is dropped when its TCP is silent" {
	iscsi_export nullio size=64M
	netns_up
	nops 1000 2000
	background raw 'login_ready(); ready(); sleep 100'
	wait_ready
	wait_until 10 has_session
	ip link set i0 down
	wait_until 20 no_session
}

@test "a NOP-Out can answer a NOP-In and request an answer at the same time" {
	iscsi_export nullio size=64M
	nops 1000 1000
	raw "$nop_out" 'login_ready(); my $begin = time;
	while (time - $begin < 6) { my $p = receive(4) // fail "ended";
		nop_out(7, $p->{ttt}) if $p->{ttt} != 0xffffffff; $_{$p->{itt}}++; }
	$_{7} > 1 or fail "no answers"'
}

@test "an answer to a NOP-In counts before the target has read it" {
	iscsi_export nullio size=64M
	nops 1000 1000
	raw_stalling "$nop_out" 'login_ready(); ping(); my $p = expect(0x20);
	stall("slow", sub { put(pdu(0x44, 0x80, pack("x8 N N N N", 5, 0xffffffff, $cmdsn, $expstatsn),
		text("SendTargets="))) });
	nop_out(0xffffffff, $p->{ttt}); nap(4); go("slow"); $p = receive(20) // fail "ended";
	$p->{opcode} == 0x24 or fail "opcode $p->{opcode}"; ping()'
}

# --- asynchronous messages

# hears CODE...: a session runs CODE, and a LUN is added
hears() {
	make_device nullio d1 size=1M
	scst_start raw "$nop_out" 'login_ready(); ready();' "$@"
	waiter=$!
	wait_ready
	iscsi_link t0 1 nullio/d1
	wait "$waiter"
}

@test "an initiator that never uses NOPs gets no asynchronous messages" {
	iscsi_export nullio size=64M
	hears 'my $p = receive(4); !$p or fail "opcode $p->{opcode}";
	scsi(0x80, 0, "\0" x 6); expect(0x21, b3 => 2); scsi(0x80, 0, "\0" x 6); expect(0x21, b3 => 0)'
}

@test "an asynchronous message waits for the initiator's first NOP-Out" {
	iscsi_export nullio size=64M
	hears 'my $p = receive(3); !$p or fail "opcode $p->{opcode}"; nop_out(9, 0xffffffff);
	my %got; $got{receive(5)->{opcode}}++ for 1 .. 2; $got{0x32} && $got{0x20} or fail join " ", %got'
}

@test "no asynchronous messages are sent if scsi_events is 0" {
	iscsi_export nullio size=64M
	attr_set "$iscsi:t0/scsi_events" 0
	hears 'nop_out(9, 0xffffffff); expect(0x20, itt => 9); my $p = receive(4);
	!$p or fail "opcode $p->{opcode}"'
}

@test "no request to log out is sent if request_logout is 0" {
	iscsi_export nullio size=64M
	attr_set "$iscsi:t0/request_logout" 0
	scst_start raw 'login_ready(); ready(); my $p = receive(20) // fail "ended";
	$p->{w36} >> 24 == 3 or fail "event ", $p->{w36} >> 24; expect_end()'
	waiter=$!
	wait_ready
	wait_until 10 has_session
	for session in "$iscsi:t0/sessions"/*; do
		attr_write "$session/disconnect" 1
	done
	wait "$waiter"
}

# --- the command window

@test "the window opens by itself when another nexus aborts the pending commands" {
	iscsi_export nullio size=64M
	attr_set "$iscsi:t0/queue_depth" 4
	attr_set "$iscsi:t0/nop_interval_ms" 0
	raw 'our @keys = ("InitialR2T=Yes", "ImmediateData=No"); login_ready(@keys); my $p;
	for (1 .. 4) { scsi(0xa0, 4096, write_10($_ * 8, 8)); $p = expect(0x31); }
	$p->{maxcmdsn} == $cmdsn - 1 or fail "not closed";
	my $a = session(); $isid = "\x80\x12\x34\x56\x00\x02"; login_ready(@keys);
	put(pdu(0x42, 0x84, pack("x8 N N N N N", 70, 0, $cmdsn, $expstatsn, 0))); expect(0x22, itt => 70);
	in_session($a, sub { do { $p = receive() // fail "not told" } until $p->{maxcmdsn} >= $cmdsn;
		$p->{maxcmdsn} == $cmdsn + 3 or fail "$cmdsn to $p->{maxcmdsn}";
		$p->{opcode} == 0x20 && $p->{ttt} == 0xffffffff or fail "opcode $p->{opcode}";
		scsi(0x80, 0, "\0" x 6); expect(0x21); });'
}

# --- log-ins and log-outs

@test "two hosts that hold all connections idle do not block other log-ins" {
	iscsi_export nullio size=64M
	background raw 'for (;;) { $from = "127.0.0.2"; our @idle;
		for (2, 3) { $from = "127.0.0.$_"; push @idle, eval { open_conn() } for 1 .. 32; }
		select undef, undef, undef, 0.5; splice @idle, 0, 64 if @idle > 128; }'
	raw 'select undef, undef, undef, 2;
	for (1 .. 10) { login_ready(); ping(); close_conn(); select undef, undef, undef, 0.2; }'
}

@test "a log-out is answered when its session has ended, however long that takes" {
	fs_make 64M
	fs_file image 16777216
	iscsi_export fileio "path=$fs/image"
	echo 3 >/proc/sys/vm/drop_caches
	raw 'login_ready(); system "dmsetup suspend --nolockfs scst_fs";
	scsi(0xc0, 4096, read_10(2048, 8)); select undef, undef, undef, 0.5;
	put(pdu(0x46, 0x80, pack("x8 N n x2 N N", 81, 0, $cmdsn, $expstatsn)));
	my $over = IO::Select->new($sock)->can_read(8); system "dmsetup resume scst_fs";
	!$over or fail "answered, or ended"; expect(0x26, itt => 81, b2 => 0)'
}

# --- floods

@test "log-ins that fail, one by one or all at once, do not block others" {
	iscsi_export nullio size=64M
	raw 'my @wrong = ("InitiatorName=$initiator", "TargetName=$target-not", "SessionType=Normal");
	refused("0203", 0x87, @wrong) for 1 .. 200; works();
	# Refused connections that stay open
	my @all = map { $from = "127.0.0." . (2 + $_ % 4); open_conn(); login_step(0x87, @wrong); $sock } 1 .. 96;
	undef $from; works()'
}

@test "a flood of task management functions completes, and does not delay others" {
	iscsi_export nullio size=64M
	raw 'sub tmf { put(pdu(0x42, 0x82, pack("x8 N N N N N", $_[0], 0, $cmdsn, $expstatsn, 0))) }
	login_ready(); tmf($_) for 1 .. 1000; my $flood = session();
	$initiator = "iqn.2026-11.org.example:other"; login_ready(); tmf(9); expect(0x22, itt => 9, b2 => 0);
	in_session($flood, sub { expect(0x22, b2 => 0) for 1 .. 1000; ping() }); ping()'
}
