#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# iSCSI: hostile initiators. Runs of fuzz/iscsi_fuzz.pl, for $SCST_FUZZ_SECONDS in all from seed
# $SCST_SEED, and cases that random input does not reach.
# shellcheck disable=SC2016 # it is Perl that expands them

load lib/scst
load lib/iscsi

seconds=${SCST_FUZZ_SECONDS:-20}

setup_file() {
	:
}

teardown_file() {
	scst_unload
}

setup() {
	truncate -s 16M "$BATS_TEST_TMPDIR/image"
	scst_up && modprobe iscsi_scst && iscsi_export fileio "path=$BATS_TEST_TMPDIR/image"
	export SESSIONS=$scst_root/$iscsi:t0/sessions
}

teardown() {
	scst_down
}

# A second target, which requires CHAP
export_with_chap() {
	make_device nullio d1 size=1M && mkdir -p "$iscsi:t1/auth/*" &&
		attr_set "$iscsi:t1/auth/*/user" me && attr_set "$iscsi:t1/auth/*/secret" secretsecret &&
		attr_set "$iscsi:t1/auth/*/target_user" you &&
		attr_set "$iscsi:t1/auth/*/target_secret" anothersecret &&
		iscsi_link t1 0 nullio/d1 && iscsi_target t1
}

# fuzz PHASE: a failure can be repeated with the seed that is printed.
fuzz() {
	export_with_chap
	bounded $((seconds + 120)) "$BATS_TEST_DIRNAME/fuzz/iscsi_fuzz.pl" --phase "$1" \
		--seed "${SCST_SEED-1}" --runs 1000000 --seconds $((seconds / 2)) \
		--sessions "$iscsi:t0/sessions" "$BATS_TEST_DIRNAME"/fuzz/corpus/*.txt
}

@test "mutated log-ins do no harm" {
	fuzz login
}

@test "mutated exchanges of full feature phase do no harm" {
	fuzz full
}

@test "the unchanged exchanges of the corpus do no harm" {
	export_with_chap
	for exchange in "$BATS_TEST_DIRNAME"/fuzz/corpus/*.txt; do
		"$BATS_TEST_DIRNAME/fuzz/iscsi_fuzz.pl" --replay "$exchange" \
			--sessions "$iscsi:t0/sessions"
	done
}

# --- waits that an initiator can cause

@test "an empty Data-Out for a command without data does no harm" {
	raw 'login_ready("InitialR2T=No", "ImmediateData=No");
	for (1 .. 20) {
		my ($tag, $wire) = ($itt + 1, "");
		{ no warnings; local *put = sub { $wire .= $_[0] };
		  scsi(0x20, 0, pack("C x15", 0x35));
		  data_out($tag, 0xffffffff, 0, 0, "", 1); }
		put($wire);
		expect(0x21, itt => $tag, b3 => 0);
	}
	ping(); works()'
}

@test "a PDU that stops halfway does not delay another session's functions" {
	raw 'login_ready(); my $quick = $sock; my $quick_cmdsn = $cmdsn;
	$isid = "\x80\x12\x34\x56\x00\x02"; login_ready(); my $slow = $sock;
	my $pdu = pdu(0x01, 0xa1, pack("x8 N N N N a16", 9, 4096, $cmdsn, $expstatsn, write_10(0, 8)),
		"i" x 4096);
	put(substr $pdu, 0, 1000);
	($sock, $cmdsn) = ($quick, $quick_cmdsn);
	select undef, undef, undef, 0.2;
	put(pdu(0x42, 0x85, pack("x8 N N N N N", 500, 0xffffffff, $cmdsn, $expstatsn, 0)));
	my $p;
	for (1 .. 20) {
		$sock = $slow; put("i");
		$sock = $quick; $p = receive(0.5);
		last if $p && $p->{opcode} != 0x32;
	}
	$p && $p->{opcode} == 0x22 && $p->{b2} == 0 or fail "answer: ", $p ? $p->{b2} : "none"'
}

@test "an initiator that never reads is dropped, even if it keeps sending" {
	attr_set "$iscsi:t0/nop_interval_ms" 2000
	attr_set "$iscsi:t0/nop_timeout_ms" 2000
	raw 'login_ready(); my $slow = $sock;
	scsi(0xc0, 1 << 20, read_10(0, 2048)) for 1 .. 24;
	put("\x40");
	my ($begin, $ended) = time;
	while (time - $begin < 15 && !$ended) {
		select undef, undef, undef, 0.2;
		local $SIG{PIPE} = "IGNORE";
		$ended = !defined syswrite $sock, "\0" if $begin + 1 < time;
		my @left = glob "$ENV{SESSIONS}/*";
		$ended ||= !@left;
	}
	$ended or fail "still there"'
	wait_until 10 no_session
}

# --- half a log-in

@test "half log-ins and discovery sessions of a host are limited in number" {
	raw 'my @half;
	for (1 .. 32) {
		$from = "127.0.0.2";
		push @half, open_conn(); put(substr login_pdu(0x87, names()), 0, $_ * 3);
		$from = "127.0.0.3";
		push @half, open_conn();
		login_step(0x87, "InitiatorName=$initiator", "SessionType=Discovery");
	}
	not_let_in() for 1 .. 200;
	close $_ for @half;
	select undef, undef, undef, 0.5;
	works()'
}

# slow LIMIT, BYTES: sends BYTES to @conns, one at a time, until all of them have ended, which takes
# LIMIT seconds at most
slow='sub slow { my ($limit, @bytes) = @_; my $begin = time; my $left = 1;
	while ($left) {
		time - $begin < $limit or fail "$left connections are still there";
		$left = 0;
		for my $conn (@conns) {
			next if !$conn;
			local $sock = $conn; put(shift(@bytes) // "\0");
			if (!IO::Select->new($conn)->can_read(0)) { $left++; next; }
			sysread($conn, my $in, 4096) or undef $conn;
			$left++;
		}
		select undef, undef, undef, 0.5;
	}
	return time - $begin; }'

@test "a log-in that arrives byte by byte times out like any other" {
	raw 'our @conns = map { open_conn() } 1 .. 4;' "$slow" \
		'my $took = slow(25, map { ($_) x 4 } split //, login_pdu(0x04, names()));
		$took >= 10 or fail "after $took s"; works()'
}

@test "a log-in of endless exchanges times out like any other" {
	raw 'open_conn(); my $begin = time; login_step(0x04, names());
	while (1) {
		put(login_pdu(0x04)); receive(2) or last;
		time - $begin < 25 or fail "still there";
		select undef, undef, undef, 0.3;
	}
	works()'
}

@test "a discovery session ends after some time, even if it is not idle" {
	raw 'open_conn(); my $begin = time;
	login_step(0x87, "InitiatorName=$initiator", "SessionType=Discovery");
	while (1) {
		put(pdu(0x40, 0x80, pack("x8 N N N N", 1, 0xffffffff, $cmdsn, $expstatsn), "p"));
		receive(2) or last;
		time - $begin < 40 or fail "still there";
		select undef, undef, undef, 0.5;
	}
	time - $begin > 20 or fail "too early"; works()'
}

@test "a text request with a repeated key ends the connection" {
	raw 'open_conn();
	login_step(0x87, "InitiatorName=$initiator", "SessionType=Discovery");
	put(pdu(0x04, 0x80, pack("x8 N N N N", 1, 0xffffffff, $cmdsn++, $expstatsn),
		text("SendTargets=All") x 2));
	expect_end(); works()'
}

# --- connections that are lost

# lost_anywhere HOW: HOW is the code that makes the end of a connection an RST, or nothing for a FIN
lost_anywhere() {
	raw 'use Socket; my @data = ("i" x 448, "u" x 64, "x" x 64);
	my $login = login_pdu(0x87, names(), "InitialR2T=No", "FirstBurstLength=512");
	my $exchange = $login . pdu(0x01, 0x81, pack("x8 N N N N a16", 1, 0, 1, 1, "")) .
		pdu(0x01, 0x21, pack("x8 N N N N a16", 2, 2048, 2, 1, write_10(0, 4)), $data[0]) .
		pdu(0x05, 0x80, pack("x8 N N x4 N x4 N N", 2, 0xffffffff, 1, 0, 448), $data[1]);
	sub solicited { return pdu(0x05, 0x80, pack("x8 N N x4 N x4 N N", 2, $_[0], 1, 0, 512), $data[2]) }
	# The bytes in the middle of the first data are all alike.
	my $dull = length($login) + 48 + 48 + 32;
	for my $cut (grep { $_ < $dull || $_ > $dull + 384 } 1 .. length($exchange . solicited(0))) {
		open_conn();
		'"$1"'
		put(substr $exchange, 0, $cut);
		# A log-in that waits for the old session to end is pending: those are limited.
		if ($cut > length $login) { expect(0x23, flags => 0x87); }
		if ($cut > length $exchange) {
			my ($p, @came);
			do {
				$p = receive(5) or fail "$cut: no R2T: @came";
				push @came, unpack "H*", $p->{header};
			} while $p->{opcode} != 0x31;
			put(substr solicited($p->{ttt}), 0, $cut - length $exchange);
		}
		close_conn();
	}
	works()' && wait_until 20 no_session
}

@test "a connection that is closed after any byte leaves nothing behind" {
	lost_anywhere ''
}

@test "a connection that is reset after any byte leaves nothing behind" {
	lost_anywhere 'setsockopt $sock, SOL_SOCKET, SO_LINGER, pack("ii", 1, 0);'
}
