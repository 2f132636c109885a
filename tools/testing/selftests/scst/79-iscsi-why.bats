#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# iSCSI: the reasons of failed log-ins and dropped sessions are in a counter, in last_error, in the
# kernel's log, in a uevent and in traces.
# shellcheck disable=SC2016 # it is Perl's to expand

load lib/scst
load lib/iscsi

log=$BATS_TEST_TMPDIR/log

setup_file() {
	:
}

teardown_file() {
	scst_unload
}

monitor() {
	exec udevadm monitor --kernel --property --subsystem-match=scst_target >"$log" 2>&1
}

logged() {
	grep -q -F -- "$1" "$log"
}

listen() {
	requires udevadm
	: >"$log"
	background monitor
	wait_until 20 logged 'the kernel uevent'
}

in_kernel_log() {
	kernel_log | grep -F " iscsi/$iqn:t0: " | grep -q -F -- "$1"
}

has_failed() {
	local count

	read -r count <"$iscsi:t0/failures/$1" && [ "$count" -gt 0 ]
}

# told REASON TEXT: a failure of t0 for that reason is reported everywhere.
told() {
	wait_until 20 has_failed "$1"
	wait_until 10 in_kernel_log "$2"
	matches "*: $2: $iqn:raw from 127.0.0.1:*" "$(cat "$iscsi:t0/last_error")"
	wait_until 10 logged "SCST_REASON=$1"
}

auth() {
	mkdir -p "$iscsi:t0/auth/$1"
	attr_set "$iscsi:t0/auth/$1/user" me
	attr_set "$iscsi:t0/auth/$1/secret" 'the right secret'
}

# chap SECRET, KEYS: the status of a log-in with CHAP
chap='use Digest::MD5 "md5";
sub chap {
	my ($secret, @keys) = @_;
	open_conn();
	login_step(0x81, names(), "AuthMethod=CHAP");
	my $k = login_step(0x81, "CHAP_A=5")->{keys};
	my $p = login_step(0x81, "CHAP_N=me", "CHAP_R=0x" . unpack("H*", md5(chr($k->{CHAP_I}) . $secret .
		pack "H*", substr $k->{CHAP_C}, 2)), @keys);
	close_conn();
	$p->{status} eq "0201" or fail $p->{status};
}'

@test "a log-in that fails to authenticate is reported with the reason" {
	iscsi_export nullio size=1M
	listen
	auth "$iqn:other"
	raw 'refused("0201", 0x87, names())'
	told no_proof 'the target requires CHAP, and the initiator does not offer it'
	raw "$chap"'chap("the right secret")'
	told not_listed 'no entry in auth/ matches the initiator'
	auth "$iqn:*"
	raw "$chap"'chap("the wrong secret")'
	told wrong_proof "the initiator's CHAP name or response is wrong"
	raw "$chap"'chap("the right secret", "CHAP_I=1", "CHAP_C=0x11")'
	told no_own_proof 'the target cannot answer mutual CHAP; check target_secret'
	wait_until 10 logged "SCST_INITIATOR=$iqn:raw"
	wait_until 10 logged "SCST_TARGET=$iqn:t0"
	for reason in no_proof not_listed wrong_proof no_own_proof; do
		attr_is "$iscsi:t0/failures/$reason" 1
	done
}

@test "a log-in at a wrong portal, malformed or to a disabled target is reported" {
	iscsi_export nullio size=1M
	listen
	mkdir -p "$iscsi:t1/portals/127.0.0.1:3261"
	PORTAL=127.0.0.1:3261 raw 'refused("0203", 0x87, names())'
	told wrong_portal 'the target does not listen at that address'
	raw 'refused("0200", 0x87, names(), "MaxBurstLength=512", "MaxBurstLength=512")'
	told malformed_login 'a Login Request violates RFC 7143'
	attr_set "$iscsi:t0/enable" 0
	raw 'refused("0301", 0x87, names())'
	told target_disabled 'the target is disabled'
	# A redirection and a connection without a log-in are no failures.
	attr_set "$iscsi:t0/enable" 1
	attr_set "$iscsi:t0/redirect" 127.0.0.2
	raw 'refused("0101", 0x87, names()); open_conn(); close_conn()'
	equal 3 "$(cat "$iscsi:t0/failures"/* | grep -c -v '^0$')"
}

@test "a log-in with a wrong TSIH, too slow or beyond the limit is reported" {
	iscsi_export nullio size=1M
	listen
	raw 'open_conn(); $tsih = 99; my $p = login_step(0x87, names());
	$p->{status} eq "020a" or fail $p->{status}'
	told no_session 'the session to join does not exist or takes no more connections'
	raw 'open_conn(); $tsih = 99;
	my $p = login_step(0x87, "InitiatorName=$initiator", "SessionType=Discovery");
	$p->{status} eq "020a" or fail $p->{status}'
	attr_is "$iscsi:t0/failures/no_session" 1
	raw 'open_conn(); login_step(0x04, names()); !receive(20) or fail "an answer"'
	told login_timeout 'the log-in timed out'
	# The oldest log-in is the first to end.
	raw 'open_conn(); login_step(0x04, names()); my $first = $sock; my @idle;
	for (1 .. 64) { $from = "127.0.0." . (2 + $_ % 3); push @idle, open_conn() }
	$sock = $first; expect_end()'
	told too_many_logins 'too many log-ins are in progress at the portal'
}

@test "the portal reports log-ins to absent targets" {
	iscsi_export nullio size=1M
	raw 'refused("0203", 0x87, "InitiatorName=$initiator", "TargetName=iqn.x\n:y")'
	attr_is "$iscsi:t0/portals/$portal/refused" 1
	kernel_log | grep -q -F "portal $portal: log-in refused: there is no such target: $iqn:raw from 127.0.0.1:"
	kernel_log | grep -q -F 'target iqn.x\n:y'
	raw 'open_conn(); put("GET / HTTP/1.1\r\n" . " " x 400); expect_end()'
	wait_until 10 attr_is "$iscsi:t0/portals/$portal/refused" 2 2>/dev/null
	attr_is "$iscsi:t0/last_error" ''
}

# The initiator answers one NOP-In, so it is known to do so.
nop='sub answers_once {
	my $p = expect(0x20, itt => 0xffffffff);
	put(pdu(0x40, 0x80, pack("x8 N N N N", 0xffffffff, $p->{ttt}, $cmdsn, $expstatsn)));
}'

@test "a session that is dropped is reported with the reason" {
	iscsi_export nullio size=1M
	listen
	# A replaced session and a log-out are no failures.
	raw 'login_ready(); my $first = session(); login_ready();
	put(pdu(0x46, 0x80, pack "x8 N x4 N N", next_itt(), $cmdsn, $expstatsn)); expect(0x26)'
	wait_until 10 no_session
	equal 0 "$(cat "$iscsi:t0/failures"/* | sort -u)"
	raw 'login_ready("HeaderDigest=CRC32C"); $hdigest = 0; put(pdu(0x40, 0x80, "") . "none"); expect_end()'
	told header_digest 'a header digest is wrong'
	raw 'login_ready(); put(pack "C C x3 a3 x40", 0x40, 0x80, "\xff\xff\xff"); expect_end()'
	told protocol 'a PDU violates RFC 7143'
	raw 'login_ready(); close_conn()'
	told connection_lost 'the initiator closed or reset the connection'
	attr_set "$iscsi:t0/nop_interval_ms" 1000
	attr_set "$iscsi:t0/nop_timeout_ms" 1000
	raw "$nop"'login_ready(); answers_once(); 1 while receive(10)'
	told nop_timeout 'the initiator did not answer a NOP-In'
	attr_set "$iscsi:t0/data_timeout_ms" 1000
	raw 'login_ready("InitialR2T=Yes", "ImmediateData=No"); scsi(0xa0, 4096, write_10(0, 8)); expect(0x31);
	1 while receive(10)'
	told data_timeout 'the initiator did not send the data of a write in time'
	# An error that does not end the session is only counted.
	raw 'login_ready("DataDigest=CRC32C"); $ddigest = 0;
	put(pdu(0x40, 0x80, pack("x8 N N N N", next_itt(), 0xffffffff, $cmdsn, $expstatsn), "ping") . "none");
	$ddigest = 1; expect(0x3f)'
	attr_is "$iscsi:t0/failures/data_digest" 1
}

@test "an initiator dropped for not reading or not logging out is reported" {
	iscsi_export nullio size=1M
	listen
	attr_set "$iscsi:t0/nop_timeout_ms" 1000
	background raw 'login_ready(); scsi(0xc0, 1 << 20, read_10(0, 2048)) for 1 .. 32; sleep 60'
	told send_timeout 'the initiator stopped reading from the connection'
	wait_until 10 no_session
	# The request to log out must come after the first response, for which login_ready() waits.
	background raw 'login_ready(); ready(); sleep 60'
	wait_ready
	wait_until 10 sessions_are_there "$iscsi:t0/sessions/$iqn:raw"
	attr_set "$iscsi:t0/sessions/$iqn:raw/disconnect" 1
	told logout_timeout 'the initiator did not log out when asked to'
}

@test "an initiator that keeps failing floods neither the log nor the uevents" {
	iscsi_export nullio size=1M
	listen
	auth "$iqn:other"
	start=$SECONDS
	raw 'refused("0201", 0x87, names()) for 1 .. 60'
	most=$((10 * ((SECONDS - start) / 5 + 2)))
	attr_is "$iscsi:t0/failures/no_proof" 60
	wait_until 10 logged SCST_REASON=no_proof
	for count in "$(grep -c SCST_REASON "$log")" "$(kernel_log | grep -c 'does not offer')"; do
		[ "$count" -ge 5 ]
		[ "$count" -le "$most" ] || [ "$most" -ge 60 ]
	done
}

@test "connections, log-ins and PDUs are traced" {
	[ -d /sys/kernel/tracing/events/iscsi_scst ] || skip 'the kernel has no event tracing'
	iscsi_export nullio size=1M
	echo 1 >/sys/kernel/tracing/events/iscsi_scst/enable
	raw 'login_ready();
	my $tag = scsi(0xa0, 65536, write_10(0, 128), "i" x 512);
	my $p = expect(0x31, itt => $tag);
	data_out($tag, $p->{ttt}, 0, 512, "d" x 65024, 1);
	expect(0x21, itt => $tag);
	put(pdu(0x5c, 0x80, pack "x8 N", 0x77)); expect(0x3f);
	close_conn();
	refused("0203", 0x87, "InitiatorName=$initiator", "TargetName=iqn.x")'
	wait_until 10 has_failed connection_lost
	echo 0 >/sys/kernel/tracing/events/iscsi_scst/enable
	run cat /sys/kernel/tracing/trace
	echo >/sys/kernel/tracing/trace
	who="initiator=$iqn:raw target=$iqn:t0"
	for event in "conn_up: conn=* address=127.0.0.1:* initiator= target= reason=none" \
		"login: conn=* $who ITT=0x7 CSG=1 NSG=3 T=1 status=0000 reason=none" \
		"login: conn=* initiator=$iqn:raw target=iqn.x *status=0203 reason=no_target" \
		"pdu_received: conn=* $who opcode=0x01 flags=0xa1 ITT=0x2 SN=* length=512" \
		"r2t: conn=* $who ITT=0x2 TTT=* R2TSN=0 offset=512 length=65024" \
		"pdu_sent: conn=* $who opcode=0x21 flags=0x80 ITT=0x2 SN=* length=0" \
		"reject: conn=* $who opcode=0x5c ITT=0x77 reason=0x05" \
		"conn_down: conn=* $who reason=connection_lost" \
		"session_end: conn=* $who reason=connection_lost"; do
		# shellcheck disable=SC2053 # a pattern
		[[ $output == *iscst_$event* ]] || fail "no iscst_$event in $output"
	done
}
