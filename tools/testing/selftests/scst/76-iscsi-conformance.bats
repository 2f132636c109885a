#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# iSCSI: RFC 7143 by tables. lib/iscsi_pdu.pl is the initiator.
# shellcheck disable=SC2016 # it is Perl's to expand

load lib/scst
load lib/iscsi

# All tests share one target, and do not change it.
setup_file() {
	scst_load && modprobe iscsi_scst && truncate -s 16M "$BATS_FILE_TMPDIR/image" &&
		iscsi_export fileio "path=$BATS_FILE_TMPDIR/image"
}

teardown_file() {
	local status=0

	scst_clear || status=1
	cd /
	scst_is_unused && scst_unload || status=1
	return "$status"
}

setup() {
	note_lines_of_tests_only
	kernel_log_mark
	cd "$scst_root" || return
}

teardown() {
	kernel_log_check
}

# own_target ATTRIBUTE=VALUE...: raw's target from here on, with the same disk
own_target() {
	local name=own$BATS_TEST_NUMBER setting

	export TARGET=$iqn:$name
	iscsi_link "$name" 0 fileio/d0 || return
	for setting in "$@"; do
		attr_set "$iscsi:$name/${setting%%=*}" "${setting#*=}" || return
	done
	iscsi_target "$name"
}

# --- keys, RFC 7143 6.1, 6.2 and 13

# Invalid numbers: RFC 7143 6.1 has decimal ones without leading zeros, and hexadecimal ones.
no_numbers='my @no_numbers = ("", " ", "-1", "-4096", "+4096", "04096", "00", " 4096", "4096 ", "4096\n",
	"4096,512", "4096~8192", "0x", "0xg", "0x+1000", "0x0x1000", "0x 1000", "0b1000", "4096x", "4k",
	"Yes", "None", "8" x 20, "8" x 255, "0x1" . "0" x 7 . "1000", "4294971392");'

@test "numeric keys are negotiated at their limits, and rejected beyond them" {
	own_target max_burst_length=65536 first_burst_length=8192
	raw "$no_numbers"'my $n = 0;
	# key, smallest, largest, result of each, one between them and its result
	for (["MaxConnections", 1, 65535, 1, 1, 2, 1],
			["MaxBurstLength", 512, 16777215, 512, 65536, 4096, 4096],
			["FirstBurstLength", 512, 16777215, 512, 8192, 4096, 4096],
			["DefaultTime2Wait", 0, 3600, 2, 3600, 3, 3],
			["DefaultTime2Retain", 0, 3600, 0, 0, 20, 0],
			["MaxOutstandingR2T", 1, 65535, 1, 8, 4, 4],
			["ErrorRecoveryLevel", 0, 2, 0, 0, 1, 0],
			["iSCSIProtocolLevel", 0, 31, 0, 2, 1, 1]) {
		my ($key, $min, $max, $at_min, $at_max, $mid, $at_mid) = @$_;
		negotiates("$key=$min", $at_min); negotiates("$key=$max", $at_max);
		negotiates("$key=$mid", $at_mid); negotiates(sprintf("$key=0x%x", $mid), $at_mid);
		negotiates(sprintf("$key=0X%08X", $mid), $at_mid);
		negotiates("$key=" . ($max + 1), "Reject"); negotiates("$key=" . ($min - 1), "Reject");
	}
	negotiates("MaxBurstLength=$_", "Reject") for @no_numbers;
	negotiates("MaxRecvDataSegmentLength=$_", 262144) for 512, 16777215, "0x200";
	for my $no (511, 16777216, @no_numbers) {
		local $isid = pack "N n", 0x80000002, ++$n;
		my $p = login("MaxRecvDataSegmentLength=$no");
		$p->{data} =~ /MaxRecvDataSegmentLength=Reject\0/ or fail "$no: $p->{data}";
		close_conn();
	}'
}

@test "keys with words and lists accept known values, and reject unknown ones" {
	own_target initial_r2t=1 immediate_data=0
	raw '
	for my $key ("HeaderDigest", "DataDigest") {
		negotiates("$key=$_->[0]", $_->[1]) for ["None", "None"], ["CRC32C", "CRC32C"],
			["CRC32C,None", "CRC32C"], ["None,CRC32C", "None"], ["X-a,X-b,CRC32C", "CRC32C"],
			["X-CRC32C,None,CRC32C", "None"], ["X-None,CRC32C,None", "CRC32C"],
			["CRC32C-X,None", "None"], ["X-a", "Reject"], ["crc32c", "Reject"],
			["none", "Reject"], ["CRC32", "Reject"], ["CRC32CNone", "Reject"],
			["", "Reject"], [",", "Reject"], ["1", "Reject"];
	}
	for (["InitialR2T", "Yes", "Yes"], ["ImmediateData", "No", "No"], ["DataPDUInOrder", "Yes", "Yes"],
			["DataSequenceInOrder", "Yes", "Yes"], ["IFMarker", "No", "No"], ["OFMarker", "No", "No"]) {
		my ($key, $yes, $no) = @$_;
		negotiates("$key=Yes", $yes); negotiates("$key=No", $no);
		next if $key =~ /Marker/;
		negotiates("$key=$_", "Reject") for "yes", "NO", "1", "", "Yes,No", "Yes ", "YesNo", "True";
	}
	negotiates("TaskReporting=$_->[0]", $_->[1]) for ["RFC3720", "RFC3720"],
		["FastAbort,ResponseFence,RFC3720", "RFC3720"], ["FastAbort", "Reject"], ["", "Reject"];
	# an answer to an offer that was never made is not an offer
	negotiates("MaxBurstLength=$_", "") for "Reject", "Irrelevant", "NotUnderstood";
	negotiates("X-com.example.new=$_", "NotUnderstood") for "", "a", "b" x 255, "c" x 4000;
	negotiates("$_=1", "NotUnderstood") for "maxburstlength", "MaxBurstLength2", "MAXCONNECTIONS",
		"X" x 63, " MaxBurstLength";
	# keys of the target, of another phase, of another stage
	negotiates("$_", "Reject") for "TargetAddress=127.0.0.1:3260,1", "SendTargets=All",
		"AuthMethod=None", "CHAP_A=5", "CHAP_R=0x00", "CHAP_I=1", "CHAP_N=me", "CHAP_C=0x00";'
}

@test "invalid names, session types and repeated keys end a log-in" {
	raw '
	my @bad = (["0209", "SessionType=normal"], ["0209", "SessionType="], ["0209", "SessionType=Discovery,Normal"],
		["0200", "SessionType=Normal", "SessionType=Normal"], ["0200", "InitiatorName=$initiator"],
		["0200", "TargetName=$target"], ["0200", "MaxBurstLength=512", "X=1", "MaxBurstLength=512"],
		["0200", "InitialR2T=No", "InitialR2T=Yes"], ["0200", ("x" x 64) . "=1"], ["0200", "=1"], ["0200", "="],
		["0200", "Key"], ["0200", ""]);
	refused(shift @$_, 0x87, "InitiatorName=$initiator", "TargetName=$target", @$_) for @bad;
	refused("0200", 0x87, "InitiatorName=$_", "TargetName=$target") for "", "iqn",
		"iqn.2026-11.org.example:a b", "iqn.2026-11.org.example:\x7f", "iqn.2026-11.org.example:\xc3\xa4",
		"iqn.2026-11.org.example:" . "i" x 200;
	refused("0203", 0x87, "InitiatorName=$initiator", "TargetName=$_") for "x",
		"$target ", "${target}x", substr($target, 0, -1), "t" x 4000;
	refused("0207", 0x87, "InitiatorName=$initiator", "TargetName=");
	# no NUL after the last key
	open_conn(); my $rest = $isid . pack "n N n n N N", 0, 7, 0, 0, 1, 0;
	put(pdu(0x43, 0x87, $rest, substr text(names()), 0, -1));
	my $p = expect(0x23); $p->{w36} >> 16 == 0x200 or fail sprintf "no NUL: %08x", $p->{w36};
	works()'
}

@test "keys give the same result in any order, over any number of requests" {
	raw "srand(${SCST_SEED-1});"'
	my %offer = (HeaderDigest => "None", DataDigest => "None", MaxConnections => 4, InitialR2T => "No",
		ImmediateData => "Yes", MaxRecvDataSegmentLength => 8192, MaxBurstLength => 16384,
		FirstBurstLength => 8192, DefaultTime2Wait => 5, DefaultTime2Retain => 9,
		MaxOutstandingR2T => 3, DataPDUInOrder => "No", DataSequenceInOrder => "No",
		ErrorRecoveryLevel => 2, iSCSIProtocolLevel => 31, TaskReporting => "RFC3720",
		InitiatorAlias => "me", "X-new" => 1);
	my %want = (HeaderDigest => "None", DataDigest => "None", MaxConnections => 1, InitialR2T => "No",
		ImmediateData => "Yes", MaxRecvDataSegmentLength => 262144, MaxBurstLength => 16384,
		FirstBurstLength => 8192, DefaultTime2Wait => 5, DefaultTime2Retain => 0,
		MaxOutstandingR2T => 3, DataPDUInOrder => "Yes", DataSequenceInOrder => "Yes",
		ErrorRecoveryLevel => 0, iSCSIProtocolLevel => 2, TaskReporting => "RFC3720",
		"X-new" => "NotUnderstood", TargetPortalGroupTag => 1);
	sub shuffled { my @in = @_; my @out; push @out, splice @in, random(scalar @in), 1 while @in; return @out }
	sub in_force { # the R2Ts of a command show the values in force
		scsi(0x80, 0, "\0" x 6); expect(0x21);
		my $tag = scsi(0xa0, 40960, write_10(0, 80), "i" x 512);
		expect(0x31, itt => $tag, w36 => 0, w40 => 512, w44 => 16384);
		expect(0x31, itt => $tag, w36 => 1, w40 => 16896, w44 => 16384);
		expect(0x31, itt => $tag, w36 => 2, w40 => 33280, w44 => 7680);
		close_conn(); }
	for my $round (1 .. 12) {
		my @keys = map { "$_=$offer{$_}" } sort keys %offer;
		@keys = $round == 1 ? @keys : $round == 2 ? reverse @keys : shuffled(@keys);
		my %got;
		open_conn();
		if ($round % 2) {
			my $p = login_step(0x87, shuffled(@keys, names()));
			%got = %{$p->{keys}};
		} else {
			my $per = 1 + random(5);
			%got = %{login_step(0x04, names(), splice @keys, 0, $per)->{keys}};
			while (@keys) {
				my $p = login_step(0x04, splice @keys, 0, $per);
				%got = (%got, %{$p->{keys}});
			}
			login_step(0x87)->{status} eq "0000" or fail "refused";
		}
		my $is = join " ", map { "$_=$got{$_}" } sort keys %got;
		my $should = join " ", map { "$_=$want{$_}" } sort keys %want;
		$is eq $should or fail "round $round: $is, expected $should";
		in_force();
	}'
}

@test "a discovery session answers Irrelevant to the keys of normal sessions" {
	raw 'open_conn();
	my $p = login_step(0x87, "InitiatorName=$initiator", "SessionType=Discovery", "MaxConnections=1",
		"InitialR2T=No", "ImmediateData=No", "MaxBurstLength=512", "FirstBurstLength=512",
		"MaxOutstandingR2T=1", "DataPDUInOrder=Yes", "DataSequenceInOrder=Yes", "TaskReporting=RFC3720",
		"HeaderDigest=CRC32C", "DefaultTime2Wait=3", "ErrorRecoveryLevel=1");
	my %want = (HeaderDigest => "CRC32C", DefaultTime2Wait => 3, ErrorRecoveryLevel => 0);
	for (sort keys %{$p->{keys}}) {
		next if /^MaxRecvDataSegmentLength|^TargetPortalGroupTag/;
		my $want = $want{$_} // "Irrelevant";
		$p->{keys}{$_} eq $want or fail "$_=$p->{keys}{$_}, expected $want";
	}
	# only text requests, NOP-Outs and log-outs are accepted
	$hdigest = 1;
	put(pdu(0x01, 0xc1, pack("x8 N N N N a16", 1, 36, $cmdsn, $expstatsn, $inquiry))); expect(0x3f, b2 => 5);
	$cmdsn++;
	put(pdu(0x42, 0x85, pack("x8 N N N N N", 2, 0xffffffff, $cmdsn, $expstatsn, 0))); expect(0x3f, b2 => 5);
	ping()'
}

@test "a changed MaxRecvDataSegmentLength applies to the data after it" {
	raw 'login_ready("MaxRecvDataSegmentLength=4096", "MaxBurstLength=8192");
	sub segments { my ($want) = @_;
		my $tag = scsi(0xc0, 16384, read_10(0, 32)); my ($sizes, $p) = ("");
		do { $p = expect(0x25, itt => $tag); $sizes .= length($p->{data}) . ($p->{flags} & 0x80 ? "F " : " ");
		} until $p->{flags} & 1;
		$sizes eq $want or fail "Data-In of $sizes, expected $want"; }
	segments("4096 4096F 4096 4096F ");
	put(pdu(0x04, 0x80, pack("x8 N N N N", 77, 0xffffffff, $cmdsn++, $expstatsn),
		text("MaxRecvDataSegmentLength=3072")));
	expect(0x24, itt => 77, data => "");
	segments("3072 3072 2048F 3072 3072 2048F ");
	put(pdu(0x04, 0x80, pack("x8 N N N N", 78, 0xffffffff, $cmdsn++, $expstatsn),
		text("MaxRecvDataSegmentLength=511", "HeaderDigest=CRC32C", "InitiatorName=iqn.x", "X-a=b")));
	my $p = expect(0x24, itt => 78);
	$p->{data} eq text("MaxRecvDataSegmentLength=Reject", "HeaderDigest=Reject", "InitiatorName=Reject",
		"X-a=NotUnderstood") or fail $p->{data};
	segments("3072 3072 2048F 3072 3072 2048F ")'
}

# --- keys of the security stage, RFC 7143 12.1

@test "AuthMethod and CHAP keys accept known values in any order, and no others" {
	own_target
	mkdir "$iscsi:own$BATS_TEST_NUMBER/auth/*"
	for pair in user=me secret=secret target_user=you target_secret=other; do
		attr_set "$iscsi:own$BATS_TEST_NUMBER/auth/*/${pair%=*}" "${pair#*=}"
	done
	raw 'use Digest::MD5 "md5_hex"; use Digest::SHA qw(sha1_hex sha256_hex); use MIME::Base64;
	my %hash = (5 => \&md5_hex, 6 => \&sha1_hex, 7 => \&sha256_hex);
	sub offers { my ($key, $ahead, @table) = @_;
		for (@table) {
			my ($offer, $want) = @$_;
			open_conn(); $ahead->(); my $p = login_step(0x81, $key eq "AuthMethod" ? names() : (), "$key=$offer");
			my $got = $p->{status} eq "0000" ? $p->{keys}{$key} // "" : $p->{status};
			$got eq $want or fail "$key=$offer: $got, expected $want"; close_conn();
		} }
	my $methods = sub { };
	offers("AuthMethod", $methods, ["CHAP", "CHAP"], ["None,CHAP", "CHAP"], ["CHAP,None", "CHAP"],
		["SRP,KRB5,CHAP", "CHAP"], map { [$_, "0201"] } "None", "", ",", "chap", "SRP", "CHAP2", "XCHAP", "KRB5,None");
	{ local $target = "iqn.2026-11.org.example:t0";
	  offers("AuthMethod", $methods, ["None", "None"], ["CHAP,None", "None"], ["None,CHAP", "None"],
		map { [$_, "0201"] } "CHAP", "none", "", "SRP,KRB5"); }
	offers("CHAP_A", sub { login_step(0x81, names(), "AuthMethod=CHAP") }, ["5", "5"], ["6", "6"], ["7", "7"],
		["8", "8"], ["99,6", "6"], ["8,5", "8"], ["5,6,7,8", "5"], ["5,5,5", "5"], ["0,255,7", "7"],
		map { [$_, "0201"] } "", ",", "0", "05", "5 ", "0x5", "1", "99", "5;6", "256", "MD5");

	sub challenged { my ($alg) = @_; open_conn(); login_step(0x81, names(), "AuthMethod=CHAP");
		my $k = login_step(0x81, "CHAP_A=$alg")->{keys};
		$k->{CHAP_A} == $alg && $k->{CHAP_I} =~ /^\d{1,3}$/ && $k->{CHAP_I} < 256 && $k->{CHAP_C} =~ /^0x([0-9a-f]{2}){16,}$/
			or fail "challenge: ", join " ", %$k;
		return $hash{$alg}->(chr($k->{CHAP_I}) . "secret" . pack "H*", substr $k->{CHAP_C}, 2); }
	sub orders { my ($first, @rest) = @_; return [] unless defined $first;
		return map { my $o = $_; map { my @o = @$o; splice @o, $_, 0, $first; \@o } 0 .. @$o } orders(@rest); }
	for my $alg (sort keys %hash) {
		my $proof = "0x" . $hash{$alg}->("\x07other\x11\x22");
		for my $order ($alg == 5 ? orders(0 .. 3) : [0 .. 3]) {
			my @keys = ("CHAP_N=me", "CHAP_R=0x" . challenged($alg), "CHAP_I=7", "CHAP_C=0x1122");
			my $p = login_step(0x83, @keys[@$order]);
			$p->{status} eq "0000" && $p->{keys}{CHAP_N} eq "you" && $p->{keys}{CHAP_R} eq $proof
				or fail "algorithm $alg, order @$order: $p->{status} $p->{data}";
		}
	}
	# the same response in every encoding
	for (["0000", sub { "0x$_[0]" }], ["0000", sub { "0X" . uc $_[0] }], ["0000", sub { "0b" . encode_base64(pack("H*", $_[0]), "") }],
			["0201", sub { $_[0] }], ["0201", sub { "0x$_[0]00" }], ["0201", sub { "0x" . substr $_[0], 0, -2 }],
			["0201", sub { "0x" . substr $_[0], 1 }], ["0201", sub { "0x$_[0] " }],
			["0201", sub { "0b" . encode_base64(pack("H*", $_[0]), "") . "A" }]) {
		my ($status, $as) = @$_; my $p = login_step(0x81, "CHAP_N=me", "CHAP_R=" . $as->(challenged(5)));
		$p->{status} eq $status or fail $as->("..."), ": $p->{status}";
	}
	# keys that come too early
	for (["0201", "CHAP_A=5"], ["0201", "CHAP_N=me", "CHAP_R=0x00"], ["0201", "CHAP_I=1", "CHAP_C=0x00"]) {
		my ($status, @keys) = @$_; refused($status, 0x81, names(), @keys); refused($status, 0x87, names(), @keys);
	}'
}

@test "SendTargets answers All in discovery sessions only, and a name in any session" {
	own_target
	raw 'my $t0 = text("TargetName=iqn.2026-11.org.example:t0", "TargetAddress=$portal,1");
	my $own = text("TargetName=$target", "TargetAddress=$portal,1");
	sub asks { my ($kind, @table) = @_;
		for (@table) {
			my ($which, @want) = @$_;
			put(pdu(0x04, 0x80, pack("x8 N N N N", 5, 0xffffffff, $cmdsn++, $expstatsn), text("SendTargets=$which")));
			my $got = expect(0x24, itt => 5, flags => 0x80)->{data};
			grep { $got eq $_ } @want or fail "$kind, $which: $got";
		} }
	my @names = (["iqn.2026-11.org.example:t0", $t0], [$target, $own], ["${target}x", ""], [substr($target, 0, -1), ""],
		["all", ""], ["All ", ""], ["x" x 255, ""], [uc $target, $own]);
	open_conn(); login_step(0x87, "InitiatorName=$initiator", "SessionType=Discovery")->{status} eq "0000" or fail "refused";
	asks("discovery", @names, ["", ""]);
	my $all = sub { put(pdu(0x04, 0x80, pack("x8 N N N N", 5, 0xffffffff, $cmdsn++, $expstatsn), text("SendTargets=All")));
		return expect(0x24)->{data} };
	my $data = $all->(); index($data, $own) >= 0 && index($data, $t0) >= 0 or fail $data;
	close_conn(); login();
	asks("normal", @names, ["", $own], ["All", text("SendTargets=Reject")])'
}

# --- identity: ISID, TSIH, CID, ITT, stages, RFC 7143 6.3 and 11.12

@test "the requests of a log-in must agree in ISID, TSIH, CID, ITT and stage" {
	raw '
	sub request { my ($flags, %o) = @_;
		put(pdu(0x43, $flags, ($o{isid} // $isid) . pack("n N n n N N", $o{tsih} // 0, $o{itt} // 7,
			$o{cid} // 0, 0, $o{cmdsn} // 1, $o{expstatsn} // 0), text(@{$o{keys} // []}),
			"", $o{version}));
		my $p = expect(0x23); return sprintf "%04x", $p->{w36} >> 16; }
	# the status, and the fields in which the second request differs
	for (["0000"], ["0000", cmdsn => 5], ["0000", expstatsn => 99], ["0000", expstatsn => 0xffffffff],
			["020b", isid => "\x80\x12\x34\x56\x00\x02"], ["020b", isid => "\0" x 6], ["020b", tsih => 1],
			["020b", tsih => 0xffff], ["020b", cid => 1], ["020b", itt => 8], ["020b", itt => 0xffffffff]) {
		my ($status, %other) = @$_;
		open_conn(); request(0x04, keys => [names()]) eq "0000" or fail "first";
		my $got = request(0x87, %other); $got eq $status or fail "@{[%other]}: $got, expected $status";
		close_conn();
	}
	# flags of the first and of the second: T 80, C 40, CSG 0c, NSG 03
	for (["0000", 0x04, 0x87], ["0000", 0x81, 0x87], ["0000", 0x00, 0x83], ["0000", 0x00, 0x81, 0x87],
			["0000", 0x83], ["020b", 0x82], ["020b", 0x80], ["020b", 0x84], ["020b", 0x85], ["020b", 0x8f],
			["020b", 0x8c], ["020b", 0x08], ["020b", 0x0c], ["020b", 0xc7], ["020b", 0x81, 0x83],
			["020b", 0x81, 0x00], ["020b", 0x00, 0x04], ["020b", 0x04, 0x81], ["020b", 0x04, 0x0f]) {
		my ($status, @flags) = @$_; my $got;
		open_conn(); my @keys = names();
		for (@flags) { $got = request($_, keys => \@keys); @keys = (); }
		$got eq $status or fail sprintf "%s: $got, expected $status", join " ", map { sprintf "%02x", $_ } @flags;
		close_conn();
	}
	works()'
}

@test "a log-in with an unsupported version is refused" {
	raw 'for (["0000", 0, 0], ["0000", 0, 255], ["0205", 1, 1], ["0205", 255, 255]) {
		my ($status, $min, $max) = @$_;
		open_conn(); my $pdu = login_pdu(0x87, names()); substr($pdu, 2, 2) = pack "C C", $max, $min;
		put($pdu); my $p = expect(0x23); $p->{b3} == 0 or fail "active version $p->{b3}";
		my $got = sprintf "%04x", $p->{w36} >> 16; $got eq $status or fail "$min to $max: $got";
		close_conn();
	}'
}

@test "a log-in with a wrong TSIH is refused, and leaves the session alone" {
	raw 'my $p = login(); my $there = unpack "n", substr $p->{header}, 14, 2; $there or fail "no TSIH";
	my ($old, $old_cmdsn) = ($sock, $cmdsn); my $other = "\x80\x12\x34\x56\x00\x02";
	for (["0208", $isid, $there], ["020a", $other, $there], ["020a", $isid, $there + 1], ["020a", $other, 0xffff]) {
		my ($status, $id, $handle) = @$_;
		local $isid = $id; open_conn(); $tsih = $handle;
		my $p = login_step(0x87, names()); $p->{status} eq $status or fail "TSIH $handle: $p->{status}";
		close_conn();
	}
	($sock, $cmdsn) = ($old, $old_cmdsn); ping();
	# Another initiator with the same ISID gets a session of its own.
	{ local $initiator = "iqn.2026-11.org.example:another"; login(); ping(); }
	($sock, $cmdsn) = ($old, $old_cmdsn); ping();
	# The same initiator replaces its session, and gets another TSIH.
	$p = login(); unpack("n", substr $p->{header}, 14, 2) != $there or fail "the same TSIH";
	$sock = $old; expect_end(); works()'
}

# --- numbers in full feature phase, RFC 7143 4.2.2

@test "CmdSN can begin at any number, and wraps around" {
	raw 'for my $begin (0, 1, 0x7ffffffe, 0x7fffffff, 0x80000000, 0xfffffffd, 0xffffffff) {
		open_conn(); $cmdsn = $begin;
		login_step(0x87, names())->{status} eq "0000" or fail "refused";
		scsi(0x80, 0, "\0" x 6); expect(0x21); $cmdsn &= 0xffffffff;
		for (1 .. 5) {
			my $tag = scsi(0xc0, 36, $inquiry); my $p = expect(0x25, itt => $tag); $cmdsn &= 0xffffffff;
			$p->{expcmdsn} == $cmdsn or fail "ExpCmdSN $p->{expcmdsn}, expected $cmdsn";
			$p->{maxcmdsn} == (($cmdsn + 127) & 0xffffffff) or fail "MaxCmdSN $p->{maxcmdsn}";
		}
		close_conn();
	}'
}

# requests: every kind of request that has a CmdSN, as a function of CmdSN, ExpStatSN and the
# immediate bit, with the opcode of its answer
requests='my @requests = (
	["a command", 0x25, sub { pdu(0x01 | $_[2], 0xc1, pack("x8 N N N N a16", 71, 36, @_[0, 1], $inquiry)) }],
	["a ping", 0x20, sub { pdu(0x00 | $_[2], 0x80, pack("x8 N N N N", 72, 0xffffffff, @_[0, 1]), "p") }],
	["a text", 0x24, sub { pdu(0x04 | $_[2], 0x80, pack("x8 N N N N", 73, 0xffffffff, @_[0, 1]), text("X-a=b")) }],
	["a function", 0x22, sub { pdu(0x02 | $_[2], 0x81, pack("x8 N N N N N", 74, 99, @_[0, 1], 0)) }],
	["a log-out", 0x26, sub { pdu(0x06 | $_[2], 0x82, pack("x8 N n x2 N N", 75, 0, @_[0, 1])) }]);'

@test "a request of any kind with another CmdSN than the next one is ignored" {
	raw "$requests"'login_ready();
	for (@requests) {
		my ($name, $answer, $make) = @$_;
		for my $off (-1, 1, 127, 128, 0x7fffffff, -0x80000000) {
			put($make->(($cmdsn + $off) & 0xffffffff, $expstatsn, 0));
		}
		ping();
		put($make->($cmdsn++, $expstatsn, 0)); my $p = expect($answer);
		$p->{expcmdsn} == $cmdsn or fail "$name: ExpCmdSN $p->{expcmdsn}";
		# an immediate request does not advance CmdSN
		put($make->($cmdsn, $expstatsn, 0x40)); $p = expect($answer);
		$p->{expcmdsn} == $cmdsn or fail "immediate, $name: ExpCmdSN $p->{expcmdsn}";
	}'
}

@test "requests with any ExpStatSN are answered, with consecutive StatSNs" {
	raw "$requests"'login_ready(); my $next = $expstatsn;
	for my $off (0, -1, 1, 1000, 0x7fffffff, -0x80000000) {
		for (@requests) {
			my ($name, $answer, $make) = @$_;
			put($make->($cmdsn++, ($next + $off) & 0xffffffff, 0)); my $p = expect($answer);
			$p->{statsn} == $next or fail "$name: StatSN $p->{statsn}, expected $next";
			$next++;
		}
	}
	# a PDU without status does not advance StatSN
	my $tag = scsi(0xa0, 1024, write_10(0, 2)); expect(0x31, itt => $tag, statsn => $next);
	$tag = scsi(0xc0, 524288, read_10(0, 1024)); my ($p, $n) = (undef, 0);
	do { $p = expect(0x25, itt => $tag); $n++;
		$p->{w36} == $n - 1 or fail "DataSN $p->{w36}"; } until $p->{flags} & 1;
	$n > 2 && $p->{statsn} == $next or fail "StatSN $p->{statsn} after $n"'
}

@test "the command window closes when it is full, and opens again" {
	own_target queue_depth=4
	raw 'login_ready("InitialR2T=Yes", "ImmediateData=No");
	my @waiting;
	for (1 .. 4) { my $tag = scsi(0xa0, 512, write_10($_, 1)); push @waiting, expect(0x31, itt => $tag); }
	my $p = $waiting[-1]; $p->{maxcmdsn} == $p->{expcmdsn} - 1 or fail "window of $p->{maxcmdsn}";
	scsi(0xc0, 36, $inquiry); $cmdsn--;			# outside of it
	ping();
	# a few immediate commands are accepted beyond it, and more are rejected
	my ($rejected, $taken) = (0, 0);
	for (1 .. 4) {
		put(pdu(0x41, 0xa1, pack("x8 N N N N a16", 900 + $_, 512, $cmdsn, $expstatsn, write_10(9, 1))));
		$p = receive(); $rejected++ if $p->{opcode} == 0x3f && $p->{b2} == 6;
		if ($p->{opcode} == 0x31) { $taken++; push @waiting, $p; }
	}
	$rejected && $taken + $rejected == 4 or fail "$taken taken, $rejected rejected";
	for (@waiting) { data_out($_->{itt}, $_->{ttt}, 0, 0, "w" x 512, 1); $p = expect(0x21, itt => $_->{itt}, b3 => 0); }
	$p->{maxcmdsn} == $p->{expcmdsn} + 3 or fail "window is not open: $p->{expcmdsn} to $p->{maxcmdsn}";
	ping()'
}

# --- Data-Out, RFC 7143 11.7

@test "a Data-Out PDU out of sequence fails its command, and no other" {
	raw 'login_ready("InitialR2T=No", "ImmediateData=Yes", "FirstBurstLength=1024", "MaxBurstLength=1024");
	# the Data-Outs of one sequence of 1024 bytes: DataSN, offset in it, length, F
	my @right = ([[0, 0, 1024, 1]], [[0, 0, 512, 0], [1, 512, 512, 1]], [[0, 0, 4, 0], [1, 4, 1020, 1]],
		[[0, 0, 1, 0], [1, 1, 1023, 1]], [map { [$_, $_ * 64, 64, $_ == 15 ? 1 : 0] } 0 .. 15]);
	my @wrong = ([[0, 0, 512, 0], [2, 512, 512, 1]], [[0, 0, 512, 0], [0, 512, 512, 1]],
		[[0, 0, 512, 0], [0xffffffff, 512, 512, 1]], [[1, 0, 512, 0]], [[0xffffffff, 0, 512, 0]],
		[[0, 512, 512, 0]], [[0, 0, 512, 0], [1, 0, 512, 1]], [[0, 0, 512, 0], [1, 511, 513, 1]],
		[[0, 0, 512, 0], [1, 513, 511, 1]], [[0, 0, 512, 0], [1, 512, 513, 1]], [[0, 0, 1028, 1]],
		[[0, 0, 1024, 0]], [[0, 0, 512, 1]], [[0, 0, 512, 0], [1, 512, 508, 1]], [[0, 0x80000000, 512, 0]],
		[[0, 0, 2048, 1]], [[0, 0, 512, 0], [1, 512, 512, 0]]);
	# Each sequence is ended: a target may wait until then.
	sub sequence { my ($tag, $ttt, $base, @pdus) = @_;
		data_out($tag, $ttt, $_->[0], $base + $_->[1], chr(65 + $_->[0] % 26) x $_->[2], $_->[3]) for @pdus;
		data_out($tag, $ttt, scalar @pdus, $base + 1024, "", 1) if !$pdus[-1][3]; }
	sub outcome { my ($what, $tag, $status) = @_; my $p;
		do { $p = receive() // fail "$what: the end" } while $p->{opcode} == 0x31;
		$p->{opcode} == 0x21 && $p->{itt} == $tag or fail "$what: ", unpack "H*", $p->{header};
		$p->{b3} == $status or fail "$what: status $p->{b3}";
		$status == 0 || unpack("x4 C", $p->{data}) == 0x0b or fail "$what: not ABORTED COMMAND"; }
	# a second command, which is correct
	my ($bystander, $by) = (scsi(0xa0, 512, write_10(100, 1))); $by = expect(0x31, itt => $bystander);
	for my $status (0, 2) {
		for my $pdus (@{$status ? \@wrong : \@right}) {
			my $what = join " ", map { "(@$_)" } @$pdus;
			# in the first and in the second solicited sequence
			my $tag = scsi(0xa0, 2048, write_10(0, 4)); my $r2t = expect(0x31, itt => $tag, w44 => 1024);
			sequence($tag, $r2t->{ttt}, 0, @$pdus);
			if (!$status) { $r2t = expect(0x31, itt => $tag, w40 => 1024); sequence($tag, $r2t->{ttt}, 1024, @$pdus); }
			outcome($what, $tag, $status);
			if ($status) {
				$tag = scsi(0xa0, 2048, write_10(0, 4)); $r2t = expect(0x31, itt => $tag);
				data_out($tag, $r2t->{ttt}, 0, 0, "a" x 1024, 1); $r2t = expect(0x31, itt => $tag, w40 => 1024);
				sequence($tag, $r2t->{ttt}, 1024, @$pdus); outcome("second, $what", $tag, $status);
			}
			ping();
		}
	}
	data_out($bystander, $by->{ttt}, 0, 0, "b" x 512, 1); expect(0x21, itt => $bystander, b3 => 0);
	my $tag = scsi(0xc0, 512, read_10(100, 1)); expect(0x25, itt => $tag, data => "b" x 512)'
}

@test "unsolicited Data-Out out of sequence or beyond FirstBurstLength is refused" {
	raw 'login_ready("InitialR2T=No", "ImmediateData=Yes", "FirstBurstLength=1024", "MaxBurstLength=4096");
	# immediate bytes; Data-Outs: DataSN, offset, length, F; the offset of the R2T, if any
	for ([0, [[0, 0, 1024, 1]], 1024], [512, [[0, 512, 512, 1]], 1024], [512, [[0, 512, 256, 0], [1, 768, 256, 1]], 1024],
			[512, [[0, 512, 4, 0], [1, 516, 508, 1]], 1024], [1024, [[0, 1024, 0, 1]], 1024],
			[512, [[1, 512, 512, 1]]], [512, [[0, 0, 512, 1]]], [512, [[0, 516, 508, 1]]], [512, [[0, 512, 516, 1]]],
			[512, [[0, 512, 256, 0], [2, 768, 256, 1]]], [512, [[0, 512, 256, 0], [1, 512, 256, 1]]],
			[0, [[0, 0, 1028, 1]]], [1024, [[0, 1024, 4, 1]]], [0, [[0, 0, 4096, 1]]]) {
		my ($now, $pdus, $goes_on) = @$_; my $what = "$now, " . join " ", map { "(@$_)" } @$pdus;
		my $tag = next_itt();
		put(pdu(0x01, 0x21, pack("x8 N N N N a16", $tag, 4096, $cmdsn++, $expstatsn, write_10(0, 8)), "i" x $now));
		data_out($tag, 0xffffffff, $_->[0], $_->[1], "u" x $_->[2], $_->[3]) for @$pdus;
		my $p = receive() // fail "$what: the end";
		if (defined $goes_on) {
			$p->{opcode} == 0x31 && $p->{w40} == $goes_on or fail "$what: ", unpack "H*", $p->{header};
			data_out($tag, $p->{ttt}, 0, $goes_on, "x" x (4096 - $goes_on), 1); $p = receive();
		}
		$p->{opcode} == 0x21 && $p->{itt} == $tag && $p->{b3} == (defined $goes_on ? 0 : 2)
			or fail "$what: ", unpack "H*", $p->{header};
		ping();
	}'
}

# --- digests, RFC 7143 7.8

@test "a wrong header digest of any PDU ends the connection" {
	raw 'for my $len (0, 3, 512) {
		my $data = "d" x $len;
		for my $make (sub { pdu(0x01, 0xc1, pack("x8 N N N N a16", 71, 36, @_, $inquiry)) },
				sub { pdu(0x01, 0xa1, pack("x8 N N N N a16", 71, 512, @_, write_10(0, 1)), $data) },
				sub { pdu(0x40, 0x80, pack("x8 N N N N", 72, 0xffffffff, @_), $data) },
				sub { pdu(0x04, 0x80, pack("x8 N N N N", 73, 0xffffffff, @_), $len ? text("X-a=b") : "") },
				sub { pdu(0x42, 0x81, pack("x8 N N N N N", 74, 99, @_, 0)) },
				sub { pdu(0x46, 0x80, pack("x8 N n x2 N N", 75, 0, @_)) },
				sub { pdu(0x05, 0x80, pack("x8 N N x4 N x4 N N", 76, 0xffffffff, $_[1], 0, 0), $data) },
				sub { pdu(0x7f, 0xff, "\xff" x 40, $data) }) {
			login("HeaderDigest=CRC32C", "DataDigest=CRC32C"); my $pdu = $make->($cmdsn, $expstatsn);
			substr($pdu, 48, 4) ^= "\0\x10\0\0"; put($pdu); expect_end();
		}
	}
	works()'
}

@test "a wrong data digest rejects its PDU, and fails its command alone" {
	raw 'login_ready("HeaderDigest=CRC32C", "DataDigest=CRC32C", "InitialR2T=No", "ImmediateData=Yes",
		"FirstBurstLength=1024", "MaxBurstLength=1024");
	sub out { my ($tag, $ttt, $sn, $off, $len, $final) = @_;
		return pdu(0x05, $final ? 0x80 : 0, pack("x8 N N x4 N x4 N N", $tag, $ttt, $expstatsn, $sn, $off),
			"o" x $len); }
	sub rejected { my ($pdu) = @_; substr($pdu, -4) ^= "\x01\0\0\0"; put($pdu); expect(0x3f, b2 => 2); }
	sub is_aborted { my ($tag) = @_; my $p = expect(0x21, itt => $tag, b3 => 2);
		unpack("x4 C", $p->{data}) == 0x0b or fail "not ABORTED COMMAND"; }
	# more than the window has room for, if it lost one place for each
	for my $round (1 .. 50) {
		my $tag = next_itt();
		my $len = $round % 2 ? 512 : 509;
		rejected(pdu(0x01, 0xa1, pack("x8 N N N N a16", $tag, 1024, $cmdsn++, $expstatsn, write_10(0, 2)),
			"i" x $len));
		is_aborted($tag);
		$tag = next_itt();
		put(pdu(0x01, 0x21, pack("x8 N N N N a16", $tag, 2048, $cmdsn++, $expstatsn, write_10(0, 4)), "i" x 512));
		rejected(out($tag, 0xffffffff, 0, 512, 512, 1)); is_aborted($tag);
		$tag = scsi(0xa0, 2048, write_10(0, 4)); my $r2t = expect(0x31, itt => $tag);
		put(out($tag, $r2t->{ttt}, 0, 0, 512, 0)); rejected(out($tag, $r2t->{ttt}, 1, 512, 512, 1)); is_aborted($tag);
		put(out($tag, $r2t->{ttt}, 1, 512, 512, 1));		# too late
	}
	for (1 .. 3) {
		rejected(pdu(0x04, 0x80, pack("x8 N N N N", 73, 0xffffffff, $cmdsn++, $expstatsn),
			text("MaxRecvDataSegmentLength=512")));
		rejected(pdu(0x00, 0x80, pack("x8 N N N N", 74, 0xffffffff, $cmdsn++, $expstatsn), "ping"));
		rejected(out(999, 0xffffffff, 0, 0, 512, 1));
	}
	my $tag = scsi(0xc0, 1024, read_10(0, 2)); my $p = expect(0x25, itt => $tag);
	length $p->{data} == 1024 or fail "the text was taken";
	$p->{maxcmdsn} == $p->{expcmdsn} + 127 or fail "the window is $p->{expcmdsn} to $p->{maxcmdsn}";
	ping()'
}

# --- segmentation, and lost connections

@test "PDUs that arrive byte by byte are processed correctly" {
	raw 'for my $digest ("None", "CRC32C") {
		login_ready("HeaderDigest=$digest", "DataDigest=$digest", "InitialR2T=No", "FirstBurstLength=2048");
		my $lba = $digest eq "None" ? 200 : 300;
		my ($tag, $wire) = ($itt + 1, "");
		{ no warnings; local *put = sub { $wire .= $_[0] };
		  scsi(0x20, 1024, write_10($lba, 2), "i" x 301);	# with padding
		  data_out($tag, 0xffffffff, 0, 301, "u" x 723, 1);
		  scsi(0xc0, 512, pack("C x6 C", 0x7f, 24), "", pack("n C C a16", 17, 1, 0, ""));
		  put(pdu(0x04, 0x80, pack("x8 N N N N", 73, 0xffffffff, $cmdsn++, $expstatsn), text("X-a=b")));
		  put(pdu(0x40, 0x80, pack("x8 N N N N", 74, 0xffffffff, $cmdsn, $expstatsn), "ping!")); }
		put($_) for split //, $wire;
		my %came;
		for (1 .. 4) { my $p = receive() // fail "after $_ answers"; $came{$p->{itt}} = $p; }
		for ([$tag, 0x21], [$tag + 1, 0x21], [73, 0x24], [74, 0x20]) {
			my ($itt, $opcode) = @$_; my $p = $came{$itt} // fail "no answer to $itt";
			$p->{opcode} == $opcode or fail "$itt: ", unpack "H*", $p->{header};
		}
		$came{$tag}{b3} == 0 && $came{$tag + 1}{b3} == 2 or fail "status $came{$tag}{b3}, $came{$tag + 1}{b3}";
		$came{73}{data} eq text("X-a=NotUnderstood") && $came{74}{data} eq "ping!" or fail "other text";
		$tag = scsi(0xc0, 1024, read_10($lba, 2)); my $p = expect(0x25, itt => $tag);
		$p->{data} eq "i" x 301 . "u" x 723 or fail "other data";
		close_conn();
	}'
}

@test "PDUs that arrive all at once are processed correctly" {
	raw 'login_ready("InitialR2T=No"); my ($first, $wire) = ($itt + 1, "");
	{ no warnings; local *put = sub { $wire .= $_[0] };
	  for (0 .. 49) { scsi(0xa0, 512, write_10(400 + $_, 1), "$_." x 128 . "\0" x (512 - 128 * length "$_."));
		scsi(0xc0, 512, read_10(400 + $_, 1)); } }
	put($wire); my %data;
	for (1 .. 100) { my $p = receive() // fail "after $_ answers"; $p->{b3} == 0 or fail "status $p->{b3}";
		$data{$p->{itt}} = $p->{data} if $p->{opcode} == 0x25; }
	keys %data == 50 or fail scalar keys %data;
	for (0 .. 49) { my $tag = scsi(0xc0, 512, read_10(400 + $_, 1)); my $p = expect(0x25, itt => $tag);
		$p->{data} =~ /^(\Q$_.\E){128}\0*$/ or fail "block $_"; }'
}

# The connection is lost at the end of each stage. Cutting one exchange at each byte does not reach
# these stages.
stages='my @stages = (
	["connected" => sub { open_conn() }],
	["half identified" => sub { open_conn(); login_step(0x04, names()) }],
	["a key half told" => sub { open_conn();
		put(pdu(0x43, 0x44, $isid . pack("n N n n N N", 0, 7, 0, 0, 1, 0), substr text(names()), 0, 20));
		expect(0x23) }],
	["challenged" => sub { open_conn(); local $target = "iqn.2026-11.org.example:t1";
		login_step(0x81, names(), "AuthMethod=CHAP"); login_step(0x81, "CHAP_A=5") }],
	["refused" => sub { open_conn(); login_step(0x87, "InitiatorName=$initiator") }],
	["reinstating" => sub { login(); my $old = $sock; open_conn(); put(login_pdu(0x87, names())) }],
	["discovering" => sub { open_conn();
		login_step(0x87, "InitiatorName=$initiator", "SessionType=Discovery", "MaxRecvDataSegmentLength=512");
		put(pdu(0x04, 0x80, pack("x8 N N N N", 5, 0xffffffff, $cmdsn++, $expstatsn), text("SendTargets=All")));
		expect(0x24, flags => 0x40) }],
	["logged in" => sub { login() }],
	["a text half sent" => sub { login();
		put(pdu(0x04, 0x40, pack("x8 N N N N", 5, 0xffffffff, $cmdsn++, $expstatsn), "SendTar")); expect(0x24) }],
	["writes waiting for data" => sub { login_ready(); for (1 .. 100) { scsi(0xa0, 4096, write_10(0, 8)); expect(0x31) } }],
	["writes half there" => sub { login_ready("InitialR2T=No", "FirstBurstLength=1024");
		scsi(0x20, 4096, write_10(0, 8), "i" x 512) for 1 .. 100; }],
	["reads that nobody takes" => sub { login_ready(); scsi(0xc0, 1 << 20, read_10(0, 2048)) for 1 .. 20; }],
	["reads half taken" => sub { login_ready(); scsi(0xc0, 1 << 20, read_10(0, 2048)) for 1 .. 4; get(100000); }],
	["a flood of pings" => sub { login(); my $p = pdu(0x40, 0x80, pack("x8 N N N N", 5, 0xffffffff, 1, 1), "p" x 4096);
		put($p) for 1 .. 20 }],
	["functions under way" => sub { login_ready(); scsi(0xa0, 4096, write_10(0, 8)) for 1 .. 20;
		for my $fn (1, 2, 4, 5, 6) {
			put(pdu(0x42, 0x80 | $fn, pack("x8 N N N N N", 900 + $fn, $itt, $cmdsn, $expstatsn, 0)))
		} }],
	["logging out" => sub { login_ready(); scsi(0xa0, 4096, write_10(0, 8)) for 1 .. 20;
		put(pdu(0x46, 0x80, pack("x8 N n x2 N N", 81, 0, $cmdsn, $expstatsn))) }],
	["logged out" => sub { login(); put(pdu(0x46, 0x80, pack("x8 N n x2 N N", 81, 0, $cmdsn, $expstatsn)));
		expect(0x26) }],
	["a digest spoilt" => sub { login("DataDigest=CRC32C");
		my $p = pdu(0x40, 0x80, pack("x8 N N N N", 5, 0xffffffff, 1, 1), "p"); substr($p, -4) = "oops"; put($p); }],
	# It ends all sessions, and therefore comes last.
	["TARGET COLD RESET" => sub { login_ready(); scsi(0xa0, 4096, write_10(0, 8));
		put(pdu(0x42, 0x87, pack("x8 N N N N N", 900, 0xffffffff, $cmdsn, $expstatsn, 0))) }]);'

@test "a connection closed, half closed or reset at any stage leaves nothing behind" {
	make_device nullio d1 size=1M
	mkdir -p "$iscsi:t1/auth/*"
	attr_set "$iscsi:t1/auth/*/user" me
	attr_set "$iscsi:t1/auth/*/secret" a-secret-of-mine
	iscsi_link t1 0 nullio/d1
	iscsi_target t1
	for n in {2..9}; do
		iscsi_link "t$n" 0 nullio/d1
		iscsi_target "t$n"
	done
	export SESSIONS=$scst_root/$iscsi:t0/sessions
	raw "$stages"'use Socket; my $n = 0;
	for my $how (sub { close_conn() },
			sub { setsockopt $sock, SOL_SOCKET, SO_LINGER, pack("ii", 1, 0); close_conn(); },
			sub { shutdown $sock, 1; receive(5) for 1 .. 3; close_conn(); }) {
		for (@stages) {
			# A log-in that was cut off may still replace a later session of its ISID.
			local $isid = pack "N n", 0x80000002, ++$n;
			my ($name, $reach) = @$_;
			eval { $reach->(); 1 } or fail "$name: $@";
			$how->();
		}
		for (my $tries = 100; my @left = glob "$ENV{SESSIONS}/*"; $tries--) {
			$tries or fail "left: @left";
			select undef, undef, undef, 0.1;
		}
		works();
	}'
}
