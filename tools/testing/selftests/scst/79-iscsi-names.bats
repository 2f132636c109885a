#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# iSCSI: names, addresses and secrets as administrators and other initiators use them.
# shellcheck disable=SC2016 # it is Perl's to expand

load lib/scst
load lib/iscsi

setup_file() {
	:
}

teardown_file() {
	scst_unload
}

# serial INITIATOR [TARGET [ADDRESS]]: the serial number of the initiator's LUN 0
serial() {
	iscsi-inq -i "$1" -e 1 -c 128 "iscsi://${3-$portal}/${2-$iqn:t0}/0" 2>/dev/null |
		sed -n 's/.*Unit Serial Number:\[\(.*\)\].*/\1/p'
}

# two_disks: LUN 0 of t0 is "everybodys", and "the-groups" for group g
two_disks() {
	make_device nullio d0 size=1M serial=everybodys
	make_device nullio d1 size=1M serial=the-groups
	mkdir -p "$iscsi:t0/groups/g/luns/0"
	ln -s devices/nullio/d1 "$iscsi:t0/groups/g/luns/0/"
	iscsi_link t0 0 nullio/d0
	iscsi_target t0
}

# --- keys that depend on each other, RFC 7143 13.14

@test "FirstBurstLength is never above MaxBurstLength, for any settings and offers" {
	iscsi_export nullio size=1M
	attr_set "$iscsi:t0/max_burst_length" 65536
	raw '
	sub answers {
		my ($first, $max, @offer) = @_;
		my $keys = login(@offer)->{keys};
		"$keys->{FirstBurstLength} $keys->{MaxBurstLength}" eq "$first $max" or
			fail "@offer: $keys->{FirstBurstLength} $keys->{MaxBurstLength}";
	}
	answers(65536, 65536, "MaxBurstLength=1048576", "FirstBurstLength=262144");
	# All that was granted may come as immediate data.
	my $tag = scsi(0xa0, 65536, write_10(0, 128), "i" x 65536);
	expect(0x21, itt => $tag, b3 => 2);
	$tag = scsi(0xa0, 65536, write_10(0, 128), "i" x 65536);
	expect(0x21, itt => $tag, b3 => 0);
	answers(65536, 65536, "FirstBurstLength=262144", "MaxBurstLength=1048576");
	answers(512, 65536, "FirstBurstLength=512", "MaxBurstLength=1048576");
	answers(1024, 1024, "FirstBurstLength=4096", "MaxBurstLength=1024");'
	initiator_start
	login t0
	equal '65536 65536' "$(negotiated first_burst_len) $(negotiated max_burst_len)"
	logout t0
	initiator_stop
}

# --- the case of names, RFC 7143 4.2.7.2, RFC 3722

@test "a group's patterns match names in any case" {
	two_disks
	initiators=$iscsi:t0/groups/g/initiators
	equal everybodys "$(serial iqn.1999-01.org.other:x)"
	for pattern in iqn.2018-12.com.wz:TEST001 IQN.2018-12.com.wz:test001 \
		'iqn.2018-12.COM.*' 'iqn.2018-12.com.wz:[S-U]est???'; do
		mkdir "$initiators/$pattern"
		for name in iqn.2018-12.com.wz:test001 iqn.2018-12.com.WZ:Test001; do
			equal the-groups "$(serial $name)" "$pattern, $name"
		done
		rmdir "$initiators/$pattern"
	done
	# The directory keeps the case that was typed, and no other can have that name.
	mkdir -p "$iscsi:t0/groups/h" "$initiators"/{'iqn.*','!iqn.2018-12.com.wz:T*',iqn.x:A}
	expect EEXIST mkdir "$initiators/iqn.x:a"
	expect EEXIST mkdir "$iscsi:t0/groups/h/initiators/IQN.X:A"
	matches '*iqn.x:A*group g*' "$(cat "$iscsi:t0/groups/h/last_error")"
	expect EEXIST mkdir "$initiators/IQN.*"
	expect EEXIST mkdir "$initiators/!iqn.2018-12.com.wz:t*"
	equal everybodys "$(serial iqn.2018-12.com.wz:test001)"
	attr_set "$iscsi:t0/explain" IQN.X:A
	matches 'iqn.x:a: groups/g/luns*' "$(cat "$iscsi:t0/explain")"
}

# PERSISTENT RESERVE OUT: pr_out ACTION, KEY, NEW KEY, TRANSPORTID ends with good status
pr_out='sub pr_out {
	my ($action, $key, $new, $id) = @_;
	my $list = pack "Q> Q> x4 C x3", $key, $new, $id ? 8 : 0;
	$list .= pack "N a*", length $id, $id if $id;
	expect(0x21, itt => scsi(0xa0, length $list,
		pack("C C C x2 N x", 0x5f, $action, 3, length $list), $list), b3 => 0);
}
sub transport_id { return pack "C x n a*", 0x45, length $_[0], $_[0] }'

@test "an initiator is one port, in whatever case its name is written" {
	iscsi_export nullio size=1M
	raw "$pr_out"'
	login_ready();
	my $first = session();
	pr_out(0, 0, 7);
	$initiator = uc $initiator;
	login_ready();
	my $second = session();
	# The same name and ISID: the first session is replaced, its registration stays.
	in_session($first, sub { expect_end() });
	$sock = $second->[0];
	pr_out(1, 7, 0);
	pr_out(2, 7, 0);
	# A TransportID from another initiator: its hexadecimal digits match in any case, too
	pr_out(0, 7, 0);
	pr_out(0, 0, 8, transport_id("iqn.2026-11.org.example:OTHER,i,0x80123456ABCD\0\0"));
	close_conn();
	$initiator = "iqn.2026-11.org.example:other";
	$isid = "\x80\x12\x34\x56\xab\xcd";
	login_ready();
	pr_out(1, 8, 0)'
}

@test "names in auth/, in log-ins and in discovery match in any case" {
	two_disks
	mkdir "$iscsi:t0/auth/iqn.2018-12.com.wz:TEST001"
	expect EEXIST mkdir "$iscsi:t0/auth/IQN.2018-12.com.wz:test001"
	attr_set "$iscsi:t0/auth/iqn.2018-12.com.wz:TEST001/user" host
	attr_set "$iscsi:t0/auth/iqn.2018-12.com.wz:TEST001/secret" 'a secret of 16 bytes'
	export LIBISCSI_CHAP_USERNAME=host LIBISCSI_CHAP_PASSWORD='a secret of 16 bytes'
	equal everybodys "$(serial iqn.2018-12.com.wz:test001)"
	equal everybodys "$(serial iqn.2018-12.com.wz:Test001 iqn.2026-11.org.EXAMPLE:T0)"
	equal '' "$(serial iqn.2018-12.com.wz:test002)"
	rmdir "$iscsi:t0/auth"/*
	unset LIBISCSI_CHAP_USERNAME LIBISCSI_CHAP_PASSWORD

	mkdir targets/iscsi/eui.02004567A425678D
	expect EEXIST mkdir targets/iscsi/eui.02004567a425678d
	expect EINVAL mkdir targets/iscsi/iqn.2026-11.org.Example:t1
	# Discovery shows a name as it was created.
	raw 'login_step(0x87, "InitiatorName=$initiator", "SessionType=Discovery") if open_conn();
	my $tag = next_itt();
	put(pdu(0x04, 0x80, pack("x8 N N N N", $tag, 0xffffffff, $cmdsn++, $expstatsn),
		text("SendTargets=" . uc $target)));
	my $p = expect(0x24, itt => $tag);
	$p->{data} eq text("TargetName=$target", "TargetAddress=$portal,1") or fail $p->{data} =~ tr/\0/ /r'
}

# --- target names, RFC 7143 4.2.7, SPC-4 7.8.6.11

# vpd_has_name: the SCSI name string in page 83h is $target's name, with zeroes behind it
vpd_has_name='login_ready();
my $d = expect(0x25, itt => scsi(0xc0, 4096, pack "CCC n x", 0x12, 1, 0x83, 4096))->{data};
my ($at, @names) = (4);
unpack("x2 n", $d) == length($d) - 4 or fail "PAGE LENGTH";
while ($at < length $d) {
	my ($type, $len) = unpack "x$at x C x C", $d;
	push @names, substr $d, $at + 4, $len if ($type & 15) == 8;
	$at += 4 + $len;
}
$at == length $d or fail "designators of $at bytes in a page of " . length $d;
my $wanted = pack "a" . 4 * int(length($target) / 4 + 1), $target;
$target !~ /^iqn/ or grep { $_ eq $wanted } @names or fail "no SCSI name string $target"'

@test "target names of up to 223 bytes work in log-ins and in VPD page 83h" {
	make_device nullio d0 size=1M
	mkdir -p targets/iscsi
	for name in iqn.2003-01.org.linux-iscsi.iron_man.x8664:sn.d93914fac7d4 \
		iqn.2015-1.workgroup:raid 'iqn.2015-01.workgroup:a b' iqn.15-01.org.example \
		IQN.2015-01.org.example:x naa.52004567BA64678; do
		expect EINVAL mkdir "targets/iscsi/$name"
	done
	long=iqn.2001-04.com.example:$(printf 'x%.0s' {1..196})
	for name in iqn.2001-04.com.example naa.62004567BA64678D0123456789ABCDEF "$long" "${long}x" \
		"${long}xx" "${long}xxx"; do
		mkdir -p "targets/iscsi/$name"/{luns/0,portals/"$portal"}
		ln -s devices/nullio/d0 "targets/iscsi/$name/luns/0/"
		attr_set "targets/iscsi/$name/enable" 1
		TARGET=$name raw "$vpd_has_name"
		iscsi-ls "iscsi://$portal" | grep -qF "Target:$name Portal:$portal"
	done
	expect EINVAL mkdir "targets/iscsi/${long}xxxx"
}

# --- portals

# shown TARGET ADDRESS: the target's addresses, as discovery at ADDRESS shows them
shown() {
	iscsi-ls "iscsi://$2" 2>/dev/null | sed -n "s/.*$iqn:$1 Portal://p" | sort | xargs
}

two_targets() {
	make_device nullio d0 size=1M serial=one
	make_device nullio d1 size=1M serial=two
	mkdir -p "$iscsi:t0" "$iscsi:t1"
	iscsi_link t0 0 nullio/d0
	iscsi_link t1 0 nullio/d1
	attr_set "$iscsi:t0/enable" 1
	attr_set "$iscsi:t1/enable" 1
}

@test "a wildcard and a single address share a port, in any order of creation" {
	two_targets
	for order in '0.0.0.0:3260 127.0.0.9:3260' '127.0.0.9:3260 0.0.0.0:3260'; do
		for at in $order; do
			case $at in
			0.*) mkdir "$iscsi:t0/portals/$at" ;;
			*) mkdir "$iscsi:t1/portals/$at" ;;
			esac
		done
		# t1 has the single address only, t0 every address by its wildcard.
		for address in 127.0.0.1 127.0.0.9; do
			equal one "$(serial "$iqn:i" "$iqn:t0" $address)" "$order: t0 at $address"
			equal "$address:3260,1" "$(shown t0 $address)"
			equal 127.0.0.9:3260,1 "$(shown t1 $address)"
		done
		equal two "$(serial "$iqn:i" "$iqn:t1" 127.0.0.9)" "$order"
		equal '' "$(serial "$iqn:i" "$iqn:t1" 127.0.0.1)" "$order"
		mkdir "$iscsi:t0/portals/127.0.0.9:3260"
		equal 127.0.0.9:3260,1 "$(shown t0 127.0.0.9)"
		rmdir "$iscsi:t0/portals"/* "$iscsi:t1/portals"/*
	done
}

@test "IPv6 and IPv4 wildcards and a single address share a port" {
	two_targets
	ip address add 2001:db8::9/128 dev lo
	mkdir "$iscsi:t0/portals"/{'[::]:3260',0.0.0.0:3260} "$iscsi:t1/portals/[2001:db8::9]:3260"
	equal two "$(serial "$iqn:i" "$iqn:t1" '[2001:db8::9]')"
	equal one "$(serial "$iqn:i" "$iqn:t0" '[2001:db8::9]')"
	equal one "$(serial "$iqn:i" "$iqn:t0" '[::1]')"
	equal one "$(serial "$iqn:i" "$iqn:t0" 127.0.0.1)"
	equal '' "$(serial "$iqn:i" "$iqn:t1" '[::1]')"
	equal '[::1]:3260,1' "$(shown t0 '[::1]')"
	ip address del 2001:db8::9/128 dev lo
}

@test "removing a single address ends its own sessions only" {
	two_targets
	mkdir "$iscsi:t0/portals/0.0.0.0:3260" "$iscsi:t1/portals/127.0.0.9:3260"
	background env PORTAL=127.0.0.9:3260 TARGET="$iqn:t0" perl \
		"$BATS_TEST_DIRNAME/lib/iscsi_pdu.pl" \
		'login_ready(); sleep 1 until -e $ENV{BATS_TEST_TMPDIR} . "/go"; ping()'
	background env PORTAL=127.0.0.9:3260 TARGET="$iqn:t1" perl \
		"$BATS_TEST_DIRNAME/lib/iscsi_pdu.pl" 'login_ready(); ready(); expect(0x32, w36 => 3 << 24); expect_end()'
	wait_until 20 has_session t0
	wait_ready
	rmdir "$iscsi:t1/portals/127.0.0.9:3260"
	wait_until 20 is_dead "${scst_jobs[1]}"
	wait "${scst_jobs[1]}"
	touch "$BATS_TEST_TMPDIR/go"
	wait_until 20 is_dead "${scst_jobs[0]}"
	wait "${scst_jobs[0]}"
	# The wildcard serves the address until it is removed.
	equal one "$(serial "$iqn:i" "$iqn:t0" 127.0.0.9)"
	rmdir "$iscsi:t0/portals/0.0.0.0:3260"
	equal '' "$(serial "$iqn:i" "$iqn:t0" 127.0.0.9)"
}

@test "an address without a port gets port 3260" {
	two_targets
	mkdir "$iscsi:t0/portals/127.0.0.1" "$iscsi:t1/portals"/{'[::1]',127.0.0.1:3261}
	expect EEXIST mkdir "$iscsi:t0/portals/127.0.0.1:3260"
	matches '*127.0.0.1:3260*EEXIST*' "$(cat "$iscsi:t0/last_error")"
	equal '127.0.0.1:3260,1' "$(shown t0 127.0.0.1:3260)"
	equal two "$(serial "$iqn:i" "$iqn:t1" '[::1]:3260')"
	for name in ::1 '[::1]:' '[::1]3260' 127.0.0.1: '[127.0.0.1]' localhost '[' ']' ':'; do
		expect EINVAL mkdir "$iscsi:t0/portals/$name"
	done
	matches '*must be <IP address>*EINVAL*' "$(cat "$iscsi:t0/last_error")"
	# The same goes for a redirect.
	attr_round_trip "$iscsi:t0/redirect" 127.0.0.1 '[2001:db8::1]' a-host.example.org
	raw 'our %keys; open_conn();
	my $p = login_step(0x87, names());
	"$p->{status} $p->{keys}{TargetAddress}" eq "0101 a-host.example.org:3260" or
		fail "$p->{status} $p->{keys}{TargetAddress}"'
}

@test "discovery shows announced addresses, and omits targets without an address" {
	two_targets
	mkdir "$iscsi:t0/portals/0.0.0.0:3260" "$iscsi:t1/portals/[::]:3261"
	# Behind NAT: announced instead of the machine's addresses, or beside them
	attr_set "$iscsi:t0/portals/0.0.0.0:3260/announced" 192.0.2.77:13260
	equal 192.0.2.77:13260,1 "$(shown t0 127.0.0.1)"
	mkdir "$iscsi:t0/portals/192.0.2.78:3260"
	equal '192.0.2.77:13260,1 192.0.2.78:3260,1' "$(shown t0 127.0.0.1)"
	attr_round_trip "$iscsi:t0/portals/0.0.0.0:3260/announced" nas.example.org '[2001:db8::1]' ''
	for address in a:b:c 'a b' 10.0.0.1:0 '[::1' $'a\tb'; do
		attr_refuses EINVAL "$iscsi:t0/portals/0.0.0.0:3260/announced" "$address" 2>/dev/null
	done
	equal '127.0.0.1:3260,1 192.0.2.78:3260,1' "$(shown t0 127.0.0.1)"
	# t1 has no IPv4 address.
	raw 'open_conn(); login_step(0x87, "InitiatorName=$initiator", "SessionType=Discovery");
	put(pdu(0x04, 0x80, pack("x8 N N N N", 5, 0xffffffff, $cmdsn++, $expstatsn), text("SendTargets=All")));
	my $got = expect(0x24)->{data};
	$got =~ /t1/ and fail $got =~ tr/\0/ /r'
	equal '[::1]:3261,1' "$(shown t1 '[::1]:3261')"
	attr_set "$iscsi:t1/portals/[::]:3261/announced" 192.0.2.79
	equal 192.0.2.79:3260,1 "$(shown t1 127.0.0.1)"
}

# --- CHAP, RFC 7143 12.1.3, 6.1, RFC 1994

# require_chap USER SECRET [TARGET-USER TARGET-SECRET]: of all initiators
require_chap() {
	mkdir -p "$iscsi:t0/auth/*"
	attr_set "$iscsi:t0/auth/*/user" "$1"
	attr_set "$iscsi:t0/auth/*/secret" "$2"
	[ $# -lt 4 ] || attr_set "$iscsi:t0/auth/*/target_user" "$3"
	[ $# -lt 4 ] || attr_set "$iscsi:t0/auth/*/target_secret" "$4"
}

# enters USER SECRET: whether libiscsi can log in
enters() {
	LIBISCSI_CHAP_USERNAME=$1 LIBISCSI_CHAP_PASSWORD=$2 \
		iscsi-inq "iscsi://$portal/$iqn:t0/0" >/dev/null 2>&1
}

@test "CHAP names and secrets can have any bytes but a newline" {
	iscsi_export nullio size=1M
	long=$(printf 'x%.0s' {1..200})
	while IFS=: read -r user secret; do
		require_chap "$user" "$secret"
		attr_is "$iscsi:t0/auth/*/user" "$user"
		enters "$user" "$secret" || fail "user '$user', secret '$secret'"
		! enters "$user" "${secret:0:12}x" || fail "user '$user', a part of '$secret'"
	done <<-TEXT
		host:buckeye/redhat123456_&!
		host:ab#cd#efgh1234
		host:#!\$^*()[]{}<>|;
		host:%s%n%d%x percent
		host:quo'te"back\\slash
		host: blanks on both sides 
		host:              
		host:twelve bytes
		host:16 bytes secret!
		host:17 bytes secret!!
		host:$long
		江月:江月江月江月江月江月
		üöäÜÖÄáÀ:üöäÜÖÄadmin!23
		user name#1:another secret 1
	TEXT
	printf host >"$iscsi:t0/auth/*/user"
	printf 'no newline here!' >"$iscsi:t0/auth/*/secret"
	enters host 'no newline here!'
}

# chap CHALLENGE, RESPONSE FORMAT, CHALLENGE FORMAT, FLAGS: logs in with mutual CHAP as $user and
# $theirs, asks the target for $name and $ours.
chap='use Digest::MD5 "md5"; use MIME::Base64;
our ($user, $theirs, $name, $ours) = ("host", "the initiators secret", "disk", "the targets own secret");
my $hex = sub { "0x" . unpack "H*", $_[0] };
my $HEX = sub { "0X" . uc unpack "H*", $_[0] };
my $b64 = sub { "0b" . encode_base64($_[0], "") };
sub step {
	my $p = login_step(@_);
	$p->{status} eq "0000" or fail "@_: status $p->{status}";
	return $p;
}
sub chap {
	my ($challenge, $r, $c, $flags) = @_;
	open_conn();
	my $p = step($flags, names(), "AuthMethod=CHAP");
	$p->{flags} & 0x80 || $p->{keys}{AuthMethod} ne "CHAP" and fail "T granted before CHAP began";
	$p = step($flags, "CHAP_A=5");
	$p->{flags} & 0x80 and fail "T granted before the proof";
	my ($id, $c_theirs) = @{$p->{keys}}{qw(CHAP_I CHAP_C)};
	my $proof = md5(chr($id) . $theirs . pack("H*", substr $c_theirs, 2));
	$p = step(0x81, "CHAP_N=$user", "CHAP_R=" . $r->($proof), "CHAP_I=7", "CHAP_C=" . $c->($challenge));
	$p->{flags} == 0x81 or fail sprintf "flags %02x after the proof", $p->{flags};
	"$p->{keys}{CHAP_N} $p->{keys}{CHAP_R}" eq
		"$name 0x" . unpack "H*", md5(chr(7) . $ours . $challenge) or fail "no proof of the target";
	step(0x87)->{flags} == 0x87 or fail "no full feature phase";
	expect(0x25, itt => scsi(0xc0, 36, $inquiry));
	close_conn();
}'

@test "mutual CHAP grants T after both proofs, and accepts hexadecimal and base64" {
	iscsi_export nullio size=1M
	require_chap host 'the initiators secret' disk 'the targets own secret'
	raw "$chap"'
	chap("Z" x 16, $hex, $hex, 0x81);
	chap("Z" x 16, $hex, $hex, 0);
	chap("Zy", $HEX, $HEX, 0x81);
	chap("Z", $hex, $b64, 0x81);
	for my $length (1022 .. 1024) {
		chap("Z" x $length, $_, $_, 0x81) for $hex, $b64;
	}
	for my $as ($hex, $b64) {
		eval { chap("Z" x 1025, $as, $as, 0x81); 1 } and fail "a challenge of 1025 bytes";
		$@ =~ /status 0201/ or fail $@;
	}'
	long=$(printf 'n%.0s' {1..255})
	require_chap "$long" "${long//n/s}" "${long//n/m}" "${long//n/t}"
	raw "$chap"'($user, $theirs, $name, $ours) = map { $_ x 255 } qw(n s m t); chap("Z" x 1024, $b64, $b64, 0x81)'
}

# --- discovery with and without CHAP, RFC 7143 6.2.1: the first method that may be used

# discovers METHODS, SECRET: the method that the target chooses, and the status
discovers='sub discovers {
	my ($methods, $secret) = @_;
	open_conn();
	my $p = login_step(0x81, "InitiatorName=$initiator", "SessionType=Discovery", "AuthMethod=$methods");
	my $method = $p->{keys}{AuthMethod};
	if (($method // "") eq "CHAP") {
		my $k = login_step(0x81, "CHAP_A=5")->{keys};
		$p = login_step(0x81, "CHAP_N=host", "CHAP_R=0x" . unpack "H*",
			md5(chr($k->{CHAP_I}) . $secret . pack "H*", substr $k->{CHAP_C}, 2));
	}
	close_conn();
	return join " ", $method // (), $p->{status};
}
sub is { my ($want, @as) = @_; my $got = discovers(@as); $got eq $want or fail "@as: $got, expected $want" }
'

@test "discovery uses CHAP where the initiator or discovery_auth requires it" {
	iscsi_export nullio size=1M
	raw 'use Digest::MD5 "md5";'"$discovers"'is("0201", "CHAP"); is("None 0000", "CHAP,None")'
	require_chap host 'the right secret'
	raw 'use Digest::MD5 "md5";'"$discovers"'
	is("None 0000", "None");
	is("CHAP 0000", "CHAP", "the right secret");
	is("CHAP 0201", "CHAP", "the wrong secret");
	# An initiator that offers both may have another secret for discovery.
	is("None 0000", $_) for "CHAP,None", "None,CHAP"'
	attr_set "$iscsi:t0/discovery_auth" 1
	raw 'use Digest::MD5 "md5";'"$discovers"'
	is("CHAP 0000", "CHAP,None", "the right secret");
	is("CHAP 0201", "CHAP,None", "the wrong secret");
	is("CHAP 0000", "CHAP", "the right secret");
	is("CHAP 0201", "CHAP", "the wrong secret");
	is("None 0000", "None,CHAP")'
}

# discover_as NAME SECRET: with open-iscsi; no name: without CHAP
discover_as() {
	local record=(iscsiadm -m discoverydb -t sendtargets -p "$portal")
	local setting

	rm -rf /etc/iscsi/nodes /etc/iscsi/send_targets
	"${record[@]}" -o new >/dev/null
	if [ -n "$1" ]; then
		for setting in authmethod=CHAP "username=$1" "password=$2"; do
			"${record[@]}" -o update -n "discovery.sendtargets.auth.${setting%%=*}" \
				-v "${setting#*=}"
		done
	fi
	"${record[@]}" --discover 2>&1
}

@test "open-iscsi discovers without CHAP, and with the log-in's secret or another" {
	iscsi_export nullio size=1M
	initiator_start
	found="$portal,1 $iqn:t0"
	equal "$found" "$(discover_as '')"
	equal "$found" "$(discover_as host 'some secret or other')"
	require_chap host 'the right secret'
	equal "$found" "$(discover_as '')"
	equal "$found" "$(discover_as host 'the right secret')"
	equal "$found" "$(discover_as other 'some secret or other')"
	attr_set "$iscsi:t0/discovery_auth" 1
	equal "$found" "$(discover_as host 'the right secret')"
	for user in host other ''; do
		! discover_as "$user" 'the wrong secret' | grep -F "$iqn:t0"
	done
	initiator_stop
}

# --- the first Login Response, RFC 7143 13.9, and digests, 13.1

@test "TargetPortalGroupTag is in the first Login Response of any log-in" {
	iscsi_export nullio size=1M
	tag='sub tag {
		my ($flags, @keys) = @_;
		open_conn();
		my $p = login_step($flags, names(), @keys);
		"$p->{status} $p->{keys}{TargetPortalGroupTag}" eq "0000 1" or fail "@keys: $p->{status}";
		close_conn();
	}
	tag(0x81, "AuthMethod=CHAP,None");'
	raw "$tag"'tag(0x81, "AuthMethod=None,CHAP"); tag(0x87); tag(0x81); tag(0x00, "AuthMethod=None")'
	require_chap host 'the initiators secret'
	raw "$tag"
	equal "$portal,1" "$(shown t0 "$portal")"
}

@test "a discovery session uses the digests that it has negotiated" {
	iscsi_export nullio size=1M
	raw 'sub discover {
		open_conn();
		my $keys = login_step(0x87, "InitiatorName=$initiator", "SessionType=Discovery", @_)->{keys};
		$hdigest = ($keys->{HeaderDigest} // "") eq "CRC32C";
		$ddigest = ($keys->{DataDigest} // "") eq "CRC32C";
		put(pdu(0x04, 0x80, pack("x8 N N N N", 5, 0xffffffff, $cmdsn++, $expstatsn), text("SendTargets=All")));
		expect(0x24, itt => 5)->{data} eq text("TargetName=$target", "TargetAddress=$portal,1") or fail "@_";
		close_conn();
	}
	discover("HeaderDigest=CRC32C,None", "DataDigest=CRC32C,None");
	discover("HeaderDigest=None,CRC32C");
	discover("HeaderDigest=CRC32C", "DataDigest=CRC32C", "MaxRecvDataSegmentLength=512");
	discover()'
}
