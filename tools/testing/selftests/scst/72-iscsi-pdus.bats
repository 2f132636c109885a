#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# iSCSI: PDUs that ordinary initiators do not send. lib/iscsi_pdu.pl is the initiator.
# shellcheck disable=SC2016 # it is Perl's to expand

load lib/scst
load lib/iscsi

setup_file() {
	:
}

teardown_file() {
	scst_unload
}

setup() {
	scst_up && modprobe iscsi_scst && iscsi_export nullio size=64M
}

teardown() {
	scst_down
	[ -z "${small-}" ] || scst_unload
}

# The start of two sessions of one initiator: turn(@a) and turn(@b) switch between them.
two_sessions='login_ready(@keys); my @a = ($sock, $cmdsn); $isid = "\x80\x12\x34\x56\x00\x02";
	login_ready(@keys); my @b = ($sock, $cmdsn); sub turn { ($sock, $cmdsn) = @_ }
	sub tmf { my ($fn, $rtt, $lun) = @_; my $tag = next_itt();
		put(pdu(0x42, 0x80 | $fn, pack("a8 N N N N N", $lun // "", $tag, $rtt, $cmdsn,
			$expstatsn, 0))); return $tag; }'

# --- log-in

@test "anything but a valid Login Request ends the connection" {
	raw 'for my $junk ("\0" x 48, "\xff" x 48, "GET / HTTP/1.0\r\n\r\n" . "x" x 48,
			pdu(0x01, 0xc0, ""), pdu(0x40, 0x80, ""), pdu(0x03, 0x87, ""),
			bhs(0x43, 0x87, "", "x" x 8193), bhs(0x43, 0x87, "", "", "\0" x 1020),
			bhs(0x43, 0x87, "", "x" x 0xffffff)) {
		open_conn(); put($junk . "\0" x 2048); expect_end();
	}
	works()'
}

@test "an invalid log-in is refused with the right status" {
	raw 'refused("0207", 0x87, "TargetName=$target");
	refused("0207", 0x87, "InitiatorName=$initiator");
	refused("0203", 0x87, "InitiatorName=$initiator", "TargetName=iqn.2026-11.org.example:t9");
	refused("0203", 0x87, "InitiatorName=$initiator", "TargetName=" . "x" x 255);
	refused("0209", 0x87, (names())[0, 1], "SessionType=Other");
	refused("0200", 0x87, "InitiatorName=me", "TargetName=$target");
	refused("0200", 0x87, "InitiatorName=iqn." . "x" x 220, "TargetName=$target");
	refused("0200", 0x87, names(), "HeaderDigest=None", "HeaderDigest=None");
	refused("0200", 0x87, names(), "=Value");
	refused("0200", 0x87, names(), "x" x 64 . "=Value");
	refused("0200", 0x87, names(), "NoValue");
	refused("020b", 0x86, names());
	refused("020b", 0x85, names());
	refused("020b", 0x8b, names());
	refused("020b", 0xc7, names());
	{ local $tsih = 9; open_conn(); $tsih = 9;
	  my $p = login_step(0x87, names()); $p->{status} eq "020a" or fail $p->{status}; }
	works()'
}

@test "a log-in that changes its ISID or goes back a stage is refused" {
	raw 'open_conn(); login_step(0x04, names()); $isid = "\x80\x12\x34\x56\x00\x02";
	my $p = login_step(0x87); $p->{status} eq "020b" or fail $p->{status};
	open_conn(); login_step(0x04, names());
	$p = login_step(0x81); $p->{status} eq "020b" or fail $p->{status};
	works()'
}

@test "a log-in to a disabled target gets the status Service Unavailable" {
	attr_set "$iscsi:t0/enable" 0
	raw 'refused("0301", 0x87, names())'
	attr_set "$iscsi:t0/enable" 1
	raw 'works()'
	rmdir "$iscsi:t0/portals/$portal"
	mkdir -p "$iscsi:t1/portals/$portal"
	raw 'refused("0203", 0x87, names())'
}

@test "a log-in is redirected before it is authenticated" {
	mkdir "$iscsi:t0/auth/*" "$iscsi:t0/portals/127.0.0.2:3260"
	attr_set "$iscsi:t0/redirect" 127.0.0.2:3260
	raw 'sub moved { my ($status, $where, @keys) = @_; open_conn(); my $p = login_step(0x81, @keys);
		$p->{status} eq $status or fail $p->{status}; $p->{flags} & 0x80 and fail "it goes on";
		$p->{data} eq text("TargetAddress=$where") or fail $p->{data}; close_conn(); }
	moved("0101", "127.0.0.2:3260", names(), "AuthMethod=CHAP", "X-org.example=1");
	open_conn(); login_step(0x87, "InitiatorName=$initiator", "SessionType=Discovery")->{status}
		eq "0000" or fail "no discovery";
	$portal = "127.0.0.2:3260"; refused("0201", 0x87, names())'
	attr_set "$iscsi:t0/redirect_permanent" 1
	attr_set "$iscsi:t0/redirect" there.example.org:860
	raw 'refused("0102", 0x87, names()); $portal = "127.0.0.2:3260"; refused("0102", 0x87, names())'
}

@test "each log-in key is negotiated to the right value" {
	attr_set "$iscsi:t0/max_burst_length" 65536
	attr_set "$iscsi:t0/alias" 'A disk of nothing'
	raw 'negotiates("HeaderDigest=$_->[0]", $_->[1]) for ["None", "None"], ["CRC32C", "CRC32C"],
		["CRC32C,None", "CRC32C"], ["None,CRC32C", "None"], ["X-new,CRC32C", "CRC32C"],
		["X-new", "Reject"], ["X-CRC32C,None,CRC32C", "None"];
	negotiates("MaxConnections=$_->[0]", $_->[1]) for [1, 1], [8, 1], ["0x8", 1], ["0x0x8", "Reject"], ["+1", "Reject"],
		["1\n", "Reject"], ["0x", "Reject"], ["08", "Reject"], [4294967297, "Reject"], [0, "Reject"],
		[65536, "Reject"], ["many", "Reject"], ["", "Reject"], [-1, "Reject"];
	negotiates("InitialR2T=$_->[0]", $_->[1]) for ["Yes", "Yes"], ["No", "No"], ["yes", "Reject"];
	negotiates("ImmediateData=$_->[0]", $_->[1]) for ["Yes", "Yes"], ["No", "No"], [1, "Reject"];
	negotiates("MaxBurstLength=$_->[0]", $_->[1]) for [512, 512], [65537, 65536],
		[16777215, 65536], [511, "Reject"], [16777216, "Reject"];
	negotiates("FirstBurstLength=$_->[0]", $_->[1]) for [512, 512], [16777215, 262144];
	negotiates("MaxRecvDataSegmentLength=512", 262144);
	negotiates("DefaultTime2Wait=$_->[0]", $_->[1]) for [0, 2], [3600, 3600], [3601, "Reject"];
	negotiates("DefaultTime2Retain=$_->[0]", $_->[1]) for [0, 0], [3600, 0];
	negotiates("MaxOutstandingR2T=$_->[0]", $_->[1]) for [1, 1], [65535, 8], [0, "Reject"];
	negotiates("DataPDUInOrder=No", "Yes"); negotiates("DataSequenceInOrder=No", "Yes");
	negotiates("ErrorRecoveryLevel=$_->[0]", $_->[1]) for [0, 0], [2, 0], [3, "Reject"];
	negotiates("iSCSIProtocolLevel=$_->[0]", $_->[1]) for [1, 1], [2, 2], [31, 2];
	negotiates("TaskReporting=ResponseFence,RFC3720", "RFC3720");
	negotiates("IFMarker=Yes", "No"); negotiates("X-org.example=1", "NotUnderstood");
	negotiates("InitiatorAlias=me", ""); negotiates("TargetAlias=NotUnderstood", "A disk of nothing");
	negotiates("SendTargets=All", "Reject"); negotiates("CHAP_A=5", "Reject");
	my $p = login("MaxConnections=1", "X=1"); $p->{keys}{TargetPortalGroupTag} eq 1 or fail "no group";
	works()'
}

@test "the keys of a log-in can be split anywhere over several PDUs" {
	raw 'for my $cut (1, 13, 14, 40) {
		open_conn();
		my $all = text(names(), "MaxBurstLength=4096");
		my $head = sub { $isid . pack("n N n n N N", 0, 7, 0, 0, 1, 0) };
		put(pdu(0x43, 0x44, $head->(), substr($all, 0, $cut)));
		expect(0x23, data => "", flags => 4);
		put(pdu(0x43, 0x87, $head->(), substr($all, $cut)));
		my $p = expect(0x23, flags => 0x87);
		$p->{data} =~ /MaxBurstLength=4096\0/ or fail $p->{data};
		ping();
	}
	works()'
}

@test "a log-in with an endless text or too many keys is ended" {
	raw 'open_conn();
	for (1 .. 3) { put(login_pdu(0x44, "x=" . "y" x 8000)); last unless receive(2); }
	expect_end();
	open_conn(); put(login_pdu(0x04, names(), map { "a$_=" } 1 .. 1000));
	my $p = receive(); $p->{w36} >> 16 == 0x200 or fail "no error";
	works()'
}

@test "pending log-ins are limited in number, oldest first to end, and in time" {
	raw 'my @idle = map { $from = "127.0.0." . (2 + $_ % 2); open_conn() } 1 .. 64;
	# The last connections are let in, and the oldest end.
	$from = "127.0.0.1"; my @last = map { open_conn() } 1 .. 2;
	$sock = $_, expect_end() for @idle[0, 1];
	!IO::Select->new(@idle[2 .. 63])->can_read(0.5) or fail "more than one has ended";
	$sock = $_, login_step(0x04, names()) for @last;
	works();
	open_conn(); put("\x43");
	my $begin = time; !get(1, 30) or fail "an answer";
	my $took = time - $begin; $took >= 10 && $took <= 20 or fail "after $took s";
	works()'
}

@test "pending log-ins of one host leave room for those of other hosts" {
	raw 'my @idle = map { open_conn() } 1 .. 32;
	not_let_in();
	$from = "127.0.0.2"; works(); push @idle, map { open_conn() } 1 .. 31; works();
	undef $from; not_let_in();
	close $idle[0]; select undef, undef, undef, 0.5; works()'
}

@test "a log-in with the same ISID replaces the session" {
	raw 'login(); my $old = $sock; login(); my $new = $sock;
	$sock = $old; expect_end(); $sock = $new; ping();
	$isid = "\x80\x12\x34\x56\x00\x02"; $new = $sock; login(); ping(); $sock = $new; ping()'
}

@test "malformed and wrong CHAP answers are refused" {
	mkdir "$iscsi:t0/auth/*"
	attr_set "$iscsi:t0/auth/*/user" me
	attr_set "$iscsi:t0/auth/*/secret" secret
	attr_set "$iscsi:t0/auth/*/target_user" you
	attr_set "$iscsi:t0/auth/*/target_secret" other
	raw 'use Digest::MD5 "md5_hex";
	refused("0201", 0x87, names()); refused("0201", 0x81, names(), "AuthMethod=None");
	sub begin { open_conn(); login_step(0x81, names(), "AuthMethod=CHAP,None");
		return login_step(0x81, "CHAP_A=9,5")->{keys}; }
	sub answers { my ($status, @keys) = @_; my $p = login_step(0x81, @keys);
		$p->{status} eq $status or fail "@keys: $p->{status}"; return $p; }
	sub right { my ($k) = @_; return "CHAP_R=0x" . md5_hex(chr($k->{CHAP_I}) . "secret" .
		pack("H*", substr $k->{CHAP_C}, 2)); }
	for my $wrong ("", "0", "0x", "0x0", "0xzz", "0b", "0b====", "12", "0x" . "00" x 16,
			"0x" . "00" x 300, "0x" . "0" x 8000) {
		begin(); answers("0201", "CHAP_N=me", "CHAP_R=$wrong");
	}
	begin(); answers("0207", "CHAP_N=me");
	my $k = begin(); answers("0201", "CHAP_N=you", right($k));
	$k = begin(); answers("0207", "CHAP_N=me", right($k), "CHAP_I=1");
	$k = begin(); answers("0201", "CHAP_N=me", right($k), "CHAP_I=1", "CHAP_C=$k->{CHAP_C}");
	$k = begin(); answers("0201", "CHAP_N=me", right($k), "CHAP_I=1", "CHAP_C=0x" . "11" x 1025);
	$k = begin(); answers("0201", "CHAP_N=me", right($k), "CHAP_I=256", "CHAP_C=0x1122");
	$k = begin(); my $p = answers("0000", "CHAP_N=me", right($k), "CHAP_I=1", "CHAP_C=0x1122");
	$p->{keys}{CHAP_R} eq "0x" . md5_hex("\x01other\x11\x22") or fail "wrong proof";
	$p = login_step(0x87); $p->{status} eq "0000" or fail $p->{status}; ping();
	$k = begin(); $p = answers("0000", "CHAP_N=me", right($k), "CHAP_I=0xA1", "CHAP_C=0x1122");
	$p->{keys}{CHAP_R} eq "0x" . md5_hex("\xa1other\x11\x22") or fail "wrong proof";
	open_conn(); login_step(0x81, names(), "AuthMethod=CHAP");
	$p = login_step(0x81, "CHAP_A=99"); $p->{status} eq "0201" or fail $p->{status};'
}

# --- full feature phase

@test "unknown requests are rejected" {
	raw 'login();
	for ([0x1c, 5], [0x10, 5], [0x43, 4], [0x04, 0]) {
		my ($opcode, $reason) = @$_;
		next unless $reason;
		put(pdu($opcode | 0x40, 0x80, pack("x8 N N N N", 99, 0, $cmdsn, $expstatsn), "data"));
		my $p = expect(0x3f, b2 => $reason);
		length $p->{data} == 48 or fail "not the header";
	}
	put(pdu(0x44, 0x80, pack("x8 N N N N", 99, 5, $cmdsn, $expstatsn), ""));
	expect(0x3f, b2 => 4);
	ping(); works()'
}

@test "a command with another CmdSN than the next one is ignored" {
	raw 'login();
	for (-1, 1, 2, 127, 128, 1000, 0x7fffffff) {
		local $cmdsn = ($cmdsn + $_) & 0xffffffff;
		scsi(0xc0, 36, $inquiry);
	}
	ping();
	my $tag = scsi(0xc0, 36, $inquiry); my $p = expect(0x25, itt => $tag);
	$p->{expcmdsn} == 2 or fail "ExpCmdSN $p->{expcmdsn}";
	$p->{maxcmdsn} == 129 or fail "MaxCmdSN $p->{maxcmdsn}"'
}

@test "NOP-Outs, text requests and log-outs get the right answers" {
	raw 'login();
	for my $len (0, 1, 2, 3, 4, 4095, 8192) {
		my $tag = next_itt(); my $data = "p" x $len;
		put(pdu(0x00, 0x80, pack("x8 N N N N", $tag, 0xffffffff, $cmdsn++, $expstatsn), $data));
		expect(0x20, itt => $tag, data => $data);
	}
	put(pdu(0x40, 0x80, pack("x8 N N N N", 0xffffffff, 0xffffffff, $cmdsn, $expstatsn), ""));
	put(pdu(0x04, 0x80, pack("x8 N N N N", 77, 0xffffffff, $cmdsn++, $expstatsn),
		text("SendTargets=")));
	my $p = expect(0x24, itt => 77, flags => 0x80, ttt => 0xffffffff);
	$p->{data} eq text("TargetName=$target", "TargetAddress=$portal,1") or fail $p->{data};
	put(pdu(0x04, 0x80, pack("x8 N N N N", 78, 0xffffffff, $cmdsn++, $expstatsn),
		text("SendTargets=All", "MaxBurstLength=512", "MaxRecvDataSegmentLength=4096")));
	$p = expect(0x24, itt => 78);
	$p->{data} eq text("SendTargets=Reject", "MaxBurstLength=Reject") or fail $p->{data};
	put(pdu(0x46, 0x81, pack("x8 N n x2 N N", 79, 5, $cmdsn, $expstatsn)));
	expect(0x26, itt => 79, b2 => 1);
	put(pdu(0x46, 0x82, pack("x8 N n x2 N N", 80, 0, $cmdsn, $expstatsn)));
	expect(0x26, itt => 80, b2 => 2);
	put(pdu(0x46, 0x80, pack("x8 N n x2 N N", 81, 0, $cmdsn, $expstatsn)));
	expect(0x26, itt => 81, b2 => 0);
	expect_end();
	works()'
}

@test "a long list of targets comes in several PDUs" {
	for n in {1..40}; do
		iscsi_link "many$n" 0 nullio/d0
		iscsi_target "many$n"
	done
	raw 'open_conn();
	login_step(0x87, "InitiatorName=$initiator", "SessionType=Discovery",
		"MaxRecvDataSegmentLength=512")->{status} eq "0000" or fail "refused";
	my ($all, $ttt, $n, $data) = ("", 0xffffffff, 0, text("SendTargets=All"));
	while (1) {
		put(pdu(0x04, 0x80, pack("x8 N N N N", 5, $ttt, $cmdsn++, $expstatsn), $data));
		my $p = expect(0x24, itt => 5); $all .= $p->{data}; $ttt = $p->{ttt}; $data = ""; $n++;
		last if $p->{flags} & 0x80;
	}
	my @names = $all =~ /TargetName=/g; @names == 41 or fail scalar @names;
	$n > 4 or fail "in $n PDUs"'
}

@test "each task management function gets the right response code" {
	raw 'login();
	sub tmf { my ($fn, $rtt, $lun) = @_; my $tag = next_itt();
		put(pdu(0x42, 0x80 | $fn, pack("a8 N N N N N", $lun // "", $tag, $rtt, $cmdsn,
			$expstatsn, 0))); return expect(0x22, itt => $tag)->{b2}; }
	my %want = (0 => 5, 1 => 1, 2 => 0, 4 => 0, 5 => 0, 6 => 0, 8 => 4, 9 => 5, 11 => 5, 99 => 5);
	for (sort { $a <=> $b } keys %want) {
		my $got = tmf($_, 12345); $got == $want{$_} or fail "function $_: $got";
	}
	tmf(5, 0, "\x00\x09") == 2 or fail "LUN 9 is there";
	close_conn(); login("iSCSIProtocolLevel=2");
	tmf(11, 0) == 0 or fail "no nexus reset"; tmf(10, 0) == 0 or fail "no query task set"'
}

@test "a write can be aborted while its Data-Out is awaited" {
	raw 'login_ready("InitialR2T=Yes", "ImmediateData=No");
	my $tag = scsi(0xa0, 4096, write_10(0, 8)); my $r2t = expect(0x31, itt => $tag, w44 => 4096);
	put(pdu(0x42, 0x81, pack("x8 N N N N N", 500, $tag, $cmdsn, $expstatsn, 0)));
	expect(0x22, itt => 500, b2 => 0);
	data_out($tag, $r2t->{ttt}, 0, 0, "x" x 4096, 1);
	ping(); works()'
}

@test "ABORT TASK with another LUN than the task's finds no task" {
	raw 'login_ready("InitialR2T=Yes", "ImmediateData=No");
	my $tag = scsi(0xa0, 4096, write_10(0, 8)); my $r2t = expect(0x31, itt => $tag, w44 => 4096);
	put(pdu(0x42, 0x81, pack("a8 N N N N N", "\x00\x09", 500, $tag, $cmdsn, $expstatsn, 0)));
	expect(0x22, itt => 500, b2 => 1);
	data_out($tag, $r2t->{ttt}, 0, 0, "x" x 4096, 1);
	expect(0x21, itt => $tag, b3 => 0); ping()'
}

@test "LOGICAL UNIT RESET does not wait for the Data-Out of others' writes" {
	raw 'use Time::HiRes "time"; our @keys = ("InitialR2T=Yes", "ImmediateData=No");' \
		"$two_sessions" 'my $took = 0;
	for (1 .. 8) {
		turn(@a); my $tag = scsi(0xa0, 4096, write_10(0, 8)); $a[1] = $cmdsn;
		1 until receive()->{opcode} == 0x31;
		turn(@b); my $begin = time; tmf(5, 0);
		1 until receive()->{opcode} == 0x22;
		$took += time - $begin;
		turn(@a); scsi(0x80, 0, "\0" x 6); $a[1] = $cmdsn; 1 until receive()->{opcode} == 0x21;
	}
	$took < 2 or fail "$took s"'
}

@test "R2Ts ask for the missing data, up to MaxOutstandingR2T at a time" {
	raw 'login_ready("InitialR2T=Yes", "ImmediateData=Yes", "MaxBurstLength=1024", "MaxOutstandingR2T=2");
	my $tag = scsi(0xa0, 4096, write_10(0, 8), "i" x 512);
	my $a = expect(0x31, itt => $tag, w36 => 0, w40 => 512, w44 => 1024);
	my $b = expect(0x31, itt => $tag, w36 => 1, w40 => 1536, w44 => 1024);
	data_out($tag, $a->{ttt}, 0, 512, "x" x 512, 0); data_out($tag, $a->{ttt}, 1, 1024, "x" x 512, 1);
	my $c = expect(0x31, itt => $tag, w36 => 2, w40 => 2560, w44 => 1024);
	data_out($tag, $b->{ttt}, 0, 1536, "x" x 1024, 1);
	my $d = expect(0x31, itt => $tag, w36 => 3, w40 => 3584, w44 => 512);
	data_out($tag, $c->{ttt}, 0, 2560, "x" x 1024, 1); data_out($tag, $d->{ttt}, 0, 3584, "x" x 512, 1);
	expect(0x21, itt => $tag, b3 => 0);
	ping()'
}

@test "Data-Out out of order fails the command" {
	raw 'login_ready("InitialR2T=Yes", "ImmediateData=No");
	my @wrong = ([1, 0, 1024, 0], [0, 512, 1024, 0], [0, 0, 1024, 1], [0, 0, 4096, 0],
		[0, 0, 4608, 1], [0, 0, 0, 1], [0, 0xffffff00, 1024, 0]);
	for (@wrong) {
		my ($datasn, $offset, $len, $final) = @$_;
		my $tag = scsi(0xa0, 4096, write_10(0, 8)); my $r2t = expect(0x31, itt => $tag);
		data_out($tag, $r2t->{ttt}, $datasn, $offset, "x" x $len, $final);
		# A PDU seems to be missing: the rest of the sequence is waited for.
		if ($datasn) { ping(); data_out($tag, $r2t->{ttt}, 2, 2048, "x" x 2048, 1); }
		fails($tag, $datasn ? "0b4705" : "0b0c0d");
		data_out($tag, $r2t->{ttt}, 1, 1024, "late" x 256, 1);
		ping();
	}
	my $tag = scsi(0xa0, 4096, write_10(0, 8)); my $r2t = expect(0x31, itt => $tag);
	data_out($tag, $r2t->{ttt} ^ $_, 0, 0, "x" x 4096, 1) for 1, 0x10000, 0x1000000;
	data_out($tag + 1, $r2t->{ttt}, 0, 0, "x" x 4096, 1);
	data_out($tag, 0xffffffff, 0, 0, "x" x 4096, 1);
	data_out($tag, $r2t->{ttt}, 0, 0, "x" x 4096, 1);
	expect(0x21, itt => $tag, b3 => 0)'
}

@test "unsolicited data is taken in order, and a wrong amount is refused" {
	raw 'login_ready("InitialR2T=No", "ImmediateData=Yes", "FirstBurstLength=1024");
	my $tag = scsi(0x20, 4096, write_10(0, 8), "i" x 512);
	data_out($tag, 0xffffffff, 0, 512, "u" x 512, 1);
	my $r2t = expect(0x31, itt => $tag, w40 => 1024, w44 => 3072);
	data_out($tag, $r2t->{ttt}, 0, 1024, "x" x 3072, 1);
	expect(0x21, itt => $tag, b3 => 0);
	$tag = scsi(0x20, 4096, write_10(0, 8), "i" x 512);
	data_out($tag, 0xffffffff, 0, 512, "u" x 1024, 1); fails($tag, "0b0c0d");
	$tag = scsi(0x20, 4096, write_10(0, 8), "i" x 512);
	data_out($tag, 0xffffffff, 0, 512, "u" x 256, 1); fails($tag, "0b0c0d");
	$tag = scsi(0x20, 512, write_10(1 << 30, 1));
	expect(0x21, itt => $tag, b3 => 2);
	data_out($tag, 0xffffffff, 0, 0, "u" x 512, 1);
	for ([0xa0, 512, "i" x 1024], [0xc0, 512, "i" x 512], [0x40, 512, ""],
			[0xa0, 4096, "i" x 2048]) {
		scsi($_->[0], $_->[1], write_10(0, 1), $_->[2]); expect(0x3f, b2 => 4);
	}
	ping(); works()'
}

@test "unsolicited data that was not negotiated fails the command" {
	raw 'login_ready("InitialR2T=Yes", "ImmediateData=No");
	my $tag = scsi(0xa0, 512, write_10(0, 1), "i" x 512); fails($tag, "0b0c0c");
	$tag = scsi(0x20, 512, write_10(0, 1)); fails($tag, "0b0c0c");
	data_out($tag, 0xffffffff, 0, 0, "u" x 512, 1); ping();
	$tag = scsi(0xa0, 512, write_10(0, 1)); my $r2t = expect(0x31, itt => $tag, w44 => 512);
	data_out($tag, $r2t->{ttt}, 0, 0, "x" x 512, 1); expect(0x21, itt => $tag, b3 => 0);
	close_conn(); login_ready("InitialR2T=Yes", "ImmediateData=Yes");
	$tag = scsi(0x20, 512, write_10(0, 1)); fails($tag, "0b0c0c"); ping()'
}

@test "an extended CDB is accepted, and a malformed AHS is rejected" {
	raw 'login_ready();
	my $ahs = pack("n C C a16", 17, 1, 0, "");
	my $tag = scsi(0xc0, 512, pack("C x6 C", 0x7f, 24), "", $ahs);
	expect(0x21, itt => $tag, b3 => 2);
	for my $bad (pack("n C x", 0xffff, 1), pack("n C x", 0, 1), pack("n C x", 1, 1),
			pack("n C x", 0, 0) x 255, pack("n C x a1016", 1017, 1, "")) {
		scsi(0xc0, 36, $inquiry, "", $bad); my $p = receive() // fail "ended";
		$p->{opcode} == (length $bad == 1020 && $bad =~ /^\0\0/ ? 0x25 : 0x3f) or
			fail "opcode $p->{opcode}: ", unpack "H*", $bad;
	}
	ping(); works()'
}

@test "the data buffered for waiting commands is limited by max_buffer_mb" {
	scst_clear
	cd /
	scst_unload
	small=1
	modprobe scst max_buffer_mb=12
	scst_load
	modprobe iscsi_scst
	iscsi_export nullio size=64M
	raw 'my ($tag, $r2t);
	sub write_256k { return scsi(0xa0, 262144, write_10(0, 512), "i" x 262144) }
	sub many { login_ready("InitialR2T=Yes", "ImmediateData=Yes", "FirstBurstLength=262144");
		$tag = next_itt(); put(pdu(0x01, 0xa2, pack("x8 N N N N a16", $tag, 512, $cmdsn++,
			$expstatsn, write_10(0, 1))));
		$r2t = expect(0x31, itt => $tag); write_256k() for 1 .. 32; ping(); }
	# The memory is free again when its session ends.
	for (1 .. 3) { many(); close_conn(); }
	many(); data_out($tag, $r2t->{ttt}, 0, 0, "x" x 512, 1);
	my %n; $n{expect(0x21)->{b3}}++ for 0 .. 32;
	$n{0} > 8 or fail "$n{0} written"; ($n{8} // 0) + ($n{0x28} // 0) > 4 or fail "all written";
	write_256k(); expect(0x21, b3 => 0); ping()'
}

@test "a bidirectional command gets a residual for each direction" {
	raw 'login_ready("ImmediateData=Yes"); sub reads { return pack "n C x N", 5, 2, $_[0] }
	sub ends { my ($tag, $flags, $in, $out) = @_; my $p = expect(0x21, itt => $tag, b3 => 0);
		$p->{flags} == (0x80 | $flags) && $p->{w40} == $in && $p->{w44} == $out or
			fail unpack "H*", $p->{header}; }
	my $tag = scsi(0xe0, 512, write_10(0, 1), "i" x 512, reads(1024)); ends($tag, 0x08, 1024, 0);
	$tag = scsi(0xe0, 1024, write_10(0, 1), "i" x 512, reads(0)); ends($tag, 0x02, 0, 512);
	$tag = scsi(0xe0, 512, read_10(0, 1), "i" x 512, reads(512));
	length expect(0x25, itt => $tag, flags => 0x80)->{data} == 512 or fail "short";
	ends($tag, 0x02, 0, 512);
	$tag = scsi(0xe0, 0, read_10(0, 2), "", reads(512)); expect(0x25, itt => $tag, flags => 0x80);
	ends($tag, 0x10, 512, 0);
	$tag = scsi(0xe0, 512, "\0" x 6, "", reads(4)); ends($tag, 0x0a, 4, 512);
	# Its data comes while it waits for an ORDERED command, and is dropped.
	my $first = next_itt(); put(pdu(0x01, 0xa2, pack("x8 N N N N a16", $first, 512, $cmdsn++,
		$expstatsn, write_10(0, 1)))); my $r2t = expect(0x31, itt => $first);
	$tag = scsi(0xe0, 512, read_10(0, 1), "i" x 512, reads(0)); ping();
	data_out($first, $r2t->{ttt}, 0, 0, "x" x 512, 1); expect(0x21, itt => $first, b3 => 0);
	ends($tag, 0x12, 512, 512);
	for ([0xe0, ""], [0xa0, reads(512)], [0xc0, reads(512)], [0xe0, reads(512) x 2],
			[0xe0, pack "n C x N", 4, 2, 512], [0xe0, pack "n C x5 N", 9, 2, 512]) {
		scsi($_->[0], 512, write_10(0, 1), "", $_->[1]); expect(0x3f, b2 => 4);
	}
	ping()'
}

@test "a data digest error fails its command, a header digest error the connection" {
	raw 'login_ready("HeaderDigest=CRC32C", "DataDigest=CRC32C", "InitialR2T=Yes",
		"MaxBurstLength=4096", "FirstBurstLength=4096", "MaxOutstandingR2T=2");
	ping();
	my $tag = scsi(0xc0, 36, $inquiry); expect(0x25, itt => $tag);
	{ no warnings; my $right = \&crc32c; my $n = 0;
	  local *crc32c = sub { return $n++ == 1 ? "oops" : $right->(@_) };
	  $tag = scsi(0xa0, 512, write_10(0, 1), "i" x 512); }
	expect(0x3f, b2 => 2); fails($tag, "0b4705");
	$tag = scsi(0xa0, 4096, write_10(0, 8)); my $r2t = expect(0x31, itt => $tag);
	{ no warnings; my $right = \&crc32c; my $n = 0;
	  local *crc32c = sub { return $n++ == 1 ? "oops" : $right->(@_) };
	  data_out($tag, $r2t->{ttt}, 0, 0, "x" x 4096, 1);
	  $n = 0; put(pdu(0x40, 0x80, pack("x8 N N N N", 9, 0xffffffff, $cmdsn, $expstatsn), "p")); }
	expect(0x3f, b2 => 2); fails($tag, "0b4705"); expect(0x3f, b2 => 2);
	ping();
	# The data of pending R2Ts is waited for, and no further R2T is sent.
	$tag = scsi(0xa0, 8192, write_10(0, 16)); $r2t = expect(0x31, itt => $tag, w44 => 4096);
	my $next = expect(0x31, itt => $tag, w40 => 4096);
	{ no warnings; my $right = \&crc32c; my $n = 0;
	  local *crc32c = sub { return $n++ == 1 ? "oops" : $right->(@_) };
	  data_out($tag, $r2t->{ttt}, 0, 0, "x" x 2048, 0); }
	expect(0x3f, b2 => 2); data_out($tag, $r2t->{ttt}, 1, 2048, "x" x 2048, 1); ping();
	data_out($tag, $next->{ttt}, 0, 4096, "x" x 4096, 1); fails($tag, "0b4705"); ping();
	{ no warnings; local *crc32c = sub { return "oops" };
	  put(pdu(0x40, 0x80, pack("x8 N N N N", 9, 0xffffffff, $cmdsn, $expstatsn), "")); }
	expect_end(); works()'
}

@test "a session ends when its initiator stops answering NOP-Ins" {
	attr_set "$iscsi:t0/nop_interval_ms" 1000
	attr_set "$iscsi:t0/nop_timeout_ms" 2000
	raw 'login(); my $p = expect(0x20, itt => 0xffffffff);
	put(pdu(0x40, 0x80, pack("x8 N N N N", 0xffffffff, $p->{ttt}, $cmdsn, $expstatsn), ""));
	expect(0x20, itt => 0xffffffff);
	my $begin = time; !receive(20) or fail "more"; time - $begin < 10 or fail "too late"'
}

@test "an initiator that never reads cannot fill the target's memory" {
	raw 'login(); my $junk = pdu(0x40, 0x80, pack("x8 N N N N", 1, 0xffffffff, 1, 1), "p" x 4096);
	$sock->blocking(0); my $sent = 0; my $select = IO::Select->new($sock);
	while ($sent < 200 << 20 && $select->can_write(2)) { $sent += syswrite($sock, $junk) // last; }
	$sent < 64 << 20 or fail "$sent bytes taken";
	works()'
}

@test "an added LUN is reported by an asynchronous message" {
	make_device nullio d1 size=1M
	scst_start raw 'login_ready(); ping(); ready();
	my $p = expect(0x32);
	substr($p->{data}, 2, 3) eq "\x70\x00\x06" or fail unpack "H*", $p->{data};
	substr($p->{data}, 14, 2) eq "\x3f\x0e" or fail unpack "H*", $p->{data}; ping()'
	waiter=$!
	wait_ready
	iscsi_link t0 1 nullio/d1
	wait "$waiter"
}

@test "a unit attention is also reported by an asynchronous message" {
	make_device nullio d1 size=1M
	iscsi_link t0 300 nullio/d1
	raw 'our @keys;' "$two_sessions" '
	for (\@a, \@b) {
		turn(@$_); scsi(0x80, 0, "\0" x 6, undef, undef, "\x41\x2c"); expect(0x21, b3 => 2);
		ping(); $_->[1] = $cmdsn;
	}
	my $tag = tmf(5, 0, "\x41\x2c"); my %seen;
	for (1 .. 2) { my $p = receive(); $seen{$p->{opcode}} = $p; }
	$seen{0x22}{itt} == $tag && $seen{0x32} or fail "no message";
	turn(@a);
	my $p = expect(0x32, itt => 0xffffffff, w36 => 0);
	substr($p->{header}, 8, 8) eq pack("n x6", 0x412c) or fail "LUN ", unpack "H*", $p->{header};
	substr($p->{data}, 0, 5) eq "\x00\x12\x70\x00\x06" or fail unpack "H*", $p->{data};
	substr($p->{data}, 14, 2) eq "\x29\x03" or fail unpack "H*", $p->{data};
	$tag = scsi(0x80, 0, "\0" x 6, undef, undef, "\x41\x2c");
	$p = expect(0x21, itt => $tag, b3 => 2);
	substr($p->{data}, 14, 2) eq "\x29\x03" or fail "no unit attention"'
}

@test "TARGET COLD RESET is answered, and then all sessions of the target end" {
	make_device nullio d1 size=1M
	raw 'our @keys;' "$two_sessions" '
	sub gone { my $p; do { $p = receive() } while $p->{opcode} == 0x32 && $p->{w36} >> 24 == 0;
		$p->{opcode} == 0x32 && $p->{w36} >> 24 == 3 or fail "opcode $p->{opcode}";
		my $q = receive(); !$q or fail "more: $q->{opcode} ", unpack("H*", $q->{header}) }
	turn(@a); scsi(0xa0, 4096, write_10(0, 8)); expect(0x31);
	my $tag = tmf(7, 0); expect(0x22, itt => $tag, b2 => 0);
	gone(); turn(@b); gone(); login_ready(); works()'
}

@test "QUERY ASYNCHRONOUS EVENT reports a pending unit attention, and keeps it" {
	raw 'sub pending { my $tag = next_itt(); put(pdu(0x42, 0x8c, pack("x8 N N N N N", $tag, 0, $cmdsn,
		$expstatsn, 0))); my $p = expect(0x22, itt => $tag);
		return sprintf "%d %s", $p->{b2}, unpack "H*", substr $p->{header}, 8, 8; }
	login("iSCSIProtocolLevel=2");
	pending() eq "7 1629000000000000" or fail pending() for 1 .. 2;
	scsi(0x80, 0, "\0" x 6); expect(0x21, b3 => 2);
	pending() eq "0 0000000000000000" or fail pending()'
}

# ends_session CHECK COMMAND...: COMMAND ends a session with commands in flight. CHECK is Perl that
# looks at the messages which the initiator got.
ends_session() {
	scst_start raw 'login_ready(); scsi(0xc0, 4096, read_10(0, 8)) for 1 .. 4;
	put(pdu(0x01, 0xa1, pack("x8 N N N N a16", 99, 4096, $cmdsn++, $expstatsn, write_10(0, 8))));
	ready();
	my ($p, @last, @asked);
	while ($p = receive(20)) {
		@last = ($p->{opcode}, $p->{header});
		@asked = (time, $p) if $p->{opcode} == 0x32 && $p->{w36} >> 24 == 1;
	}
	!@last || $last[0] != 0x32 and fail "ends with opcode $last[0]";
	unpack("x36 C", $last[1]) == 3 or fail unpack "H*", $last[1];
	my (undef, $wait, $retain) = unpack "x38 n n n", $last[1];
	"$wait $retain" eq "2 0" or fail "$wait $retain";' "$1"
	waiter=$!
	wait_ready
	shift
	bounded 20 "$@"
	wait "$waiter"
}

@test "an initiator that ignores a request to log out is notified of being dropped" {
	ends_session '@asked && time - $asked[0] >= 2 or fail "not asked, or no time to log out";
	$asked[1]{w40} & 0xffff or fail "no time given"' attr_set "$iscsi:t0/enable" 0
}

@test "an initiator dropped without a request to log out is notified of it" {
	attr_set "$iscsi:t0/drain_ms" 0
	ends_session '!@asked or fail "asked to log out"' attr_set "$iscsi:t0/enable" 0
	attr_set "$iscsi:t0/enable" 1
	ends_session '!@asked or fail "asked to log out"' rmdir "$iscsi:t0/portals/$portal"
}

# --- anything

@test "TCP urgent data ends the connection" {
	raw 'use Socket qw(MSG_OOB);
	login_ready(); ping();
	send $sock, "!", MSG_OOB or fail "send: $!";
	put(pdu(0x40, 0x80, pack("x8 N N N N", next_itt(), 0xffffffff, $cmdsn, $expstatsn)));
	expect_end();
	works()'
}

@test "a connection that ends at any byte leaves nothing behind" {
	raw 'my $stream = login_pdu(0x87, names(), "InitialR2T=No", "FirstBurstLength=1024");
	$stream .= pdu(0x01, 0x21, pack("x8 N N N N a16", 1, 4096, 1, 1, write_10(0, 8)), "i" x 512);
	$stream .= pdu(0x05, 0x80, pack("x8 N N x4 N x4 N N", 1, 0xffffffff, 1, 0, 512), "u" x 512);
	$stream .= pdu(0x40, 0x80, pack("x8 N N N N", 2, 0xffffffff, 2, 1), "p" x 100);
	for (my $cut = 0; $cut <= length $stream; $cut += 7) {
		open_conn(); put(substr $stream, 0, $cut);
		receive(2) if $cut > 300 && $cut % 2;
		close_conn();
	}
	works()'
}

@test "random PDUs do no harm" {
	raw "srand(${SCST_SEED-1});"'
	sub noise { my ($pdu) = @_;
		for (1 .. 1 + random(3)) {
			my $at = random(length $pdu);
			my $how = random(4);
			substr($pdu, $at, 1) = chr random(256) if $how < 2;
			substr($pdu, $at, 1) = chr(ord(substr $pdu, $at, 1) ^ 1 << random(8)) if $how == 2;
			$pdu = substr $pdu, 0, $at if $how == 3 && !random(4);
		}
		return $pdu; }
	for my $round (1 .. 300) {
		open_conn();
		my @pdus = (login_pdu(0x87, names(), "InitialR2T=No", "FirstBurstLength=4096"));
		for (1 .. 8) {
			my @kinds = (
				sub { pdu(0x01, 0xc1, pack("x8 N N N N a16", $_, 512, $_, 1, read_10(0, 1))) },
				sub { pdu(0x01, 0x21, pack("x8 N N N N a16", $_, 4096, $_, 1, write_10(0, 8)), "i" x 512) },
				sub { pdu(0x05, 0x80, pack("x8 N N x4 N x4 N N", $_ - 1, 0xffffffff, 1, 0, 512), "u" x 512) },
				sub { pdu(0x40, 0x80, pack("x8 N N N N", $_, 0xffffffff, $_, 1), "ping") },
				sub { pdu(0x04, 0x80, pack("x8 N N N N", $_, 0xffffffff, $_, 1), text("SendTargets=")) },
				sub { pdu(0x42, 0x80 | random(12), pack("x8 N N N N N", $_, $_ - 1, $_, 1, 0)) },
				sub { pdu(0x46, 0x80, pack("x8 N n x2 N N", $_, 0, $_, 1)) });
			push @pdus, $kinds[random(scalar @kinds)]->();
		}
		my $noisy = random(scalar @pdus);
		$pdus[$_] = noise($pdus[$_]) for $noisy .. $noisy + random(2);
		put($_ // "") for @pdus;
		receive(0.05) for 1 .. 3;
		close_conn();
	}
	works()'
}

# --- devices that execute whole commands

# tape and $lun for scsi(): the device d1, scst_raw, as LUN 1
tape='my $lun = "\0\1" . "\0" x 6;
	sub script { open my $f, ">", "/sys/kernel/debug/scst_raw/d1" or fail $!; print $f @_; close $f }
	sub tape { return scsi($_[0], $_[1], pack("a16", pack "H*", $_[2]), $_[3], $_[4], $lun) }
	login_ready(); do { tape(0x80, 0, "000000000000") } while expect(0x21)->{b3};'

@test "a short record of a tape is Data-In, then sense data and the residual" {
	make_device raw d1
	iscsi_link t0 1 raw/d1
	raw "$tape" 'tape(0xa0, 60, "0a0000003c00", "x" x 60); expect(0x21, b3 => 0);
	tape(0x80, 0, "010000000000"); expect(0x21, b3 => 0);
	my $tag = tape(0xc0, 100, "080000006400");
	my $p = expect(0x25, itt => $tag, data => "x" x 60);
	$p->{flags} & 1 and fail "status came with the data";
	$p = expect(0x21, itt => $tag, b3 => 2, w44 => 40);
	$p->{flags} == 0x82 or fail "flags $p->{flags}";
	unpack("H*", $p->{data}) eq "0012f00020000000280a00000000000000000000" or
		fail unpack "H*", $p->{data};'
}

@test "252 bytes of sense data and a CDB of 32 bytes are transferred as a whole" {
	make_device raw d1
	iscsi_link t0 1 raw/d1
	raw "$tape" 'my $sense = "72030c02000000f4" . "5a" x 244;
	script("hold");
	my $cdb = "7f" . "00" x 6 . "18" . "00" x 8;
	my $tag = tape(0xc0, 4, $cdb, "", pack("n C C a16", 17, 1, 0, "\xab" x 16));
	my $line = "";
	for (my $i = 0; $i < 200 && $line !~ /^\d/; $i++) {
		select undef, undef, undef, 0.05;
		open my $f, "<", "/sys/kernel/debug/scst_raw/d1"; $line = <$f>; close $f;
	}
	$line eq "$tag $cdb" . "ab" x 16 . " in 4\n" or fail $line;
	script("complete next sense=$sense");
	my $p = expect(0x21, itt => $tag, b3 => 2, w44 => 4);
	unpack("H*", $p->{data}) eq "00fc$sense" or fail unpack "H*", $p->{data};'
}

@test "an unknown command with bidirectional data is refused" {
	make_device raw d1
	iscsi_link t0 1 raw/d1
	raw "$tape" 'my $tag = tape(0xe0, 4, "c00000000000", "abcd", pack("n C C N", 5, 2, 0, 4));
	fails($tag, "050e03");'
}
