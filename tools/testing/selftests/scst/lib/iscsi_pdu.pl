#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0
# A scripted iSCSI initiator, for valid and invalid PDUs: runs the Perl code in its arguments with
# the functions below. Dies, with a message, when a check fails. Field names are those of
# RFC 7143 11, in lower case.
use strict;
use warnings;
use IO::Socket::INET;
use IO::Select;
use Socket qw(IPPROTO_TCP TCP_NODELAY);

our $portal = $ENV{PORTAL} || '127.0.0.1:3260';
our $target = $ENV{TARGET} || 'iqn.2026-11.org.example:t0';
our $from;
our $initiator = 'iqn.2026-11.org.example:raw';
our ($sock, $cmdsn, $expstatsn, $tsih, $hdigest, $ddigest, $itt) = (undef, 1, 0, 0, 0, 0, 0);
our $isid = "\x80\x12\x34\x56\x00\x01";
our @crc_table = map {
	my $c = $_;
	$c = $c & 1 ? ($c >> 1) ^ 0x82f63b78 : $c >> 1 for 1 .. 8;
	$c;
} 0 .. 255;

sub crc32c {
	my $crc = 0xffffffff;
	$crc = ($crc >> 8) ^ $crc_table[($crc ^ $_) & 0xff] for unpack 'C*', $_[0];
	return pack 'V', $crc ^ 0xffffffff;
}

sub fail { die join('', @_) . "\n" }

# open_conn: from $from, if it is set
sub open_conn {
	$sock = IO::Socket::INET->new(PeerAddr => $portal, LocalAddr => $from,
				      Proto => 'tcp', Timeout => 5)
		or fail "cannot connect to $portal: $!";
	setsockopt $sock, IPPROTO_TCP, TCP_NODELAY, 1;
	($cmdsn, $expstatsn, $tsih, $hdigest, $ddigest) = (1, 0, 0, 0, 0);
	return $sock;
}

sub close_conn { close $sock if $sock; undef $sock }

# Send bytes. It is no error if the other side has closed the connection.
sub put {
	local $SIG{PIPE} = 'IGNORE';
	syswrite $sock, $_[0];
}

sub pad { my $n = length($_[0]) % 4; return $n ? "\0" x (4 - $n) : '' }

# bhs OPCODE, FLAGS, BYTES 8-47, DATA, AHS
sub bhs {
	my ($opcode, $flags, $rest, $data, $ahs) = @_;
	return pack('CCxxCa3', $opcode, $flags, length($ahs // '') / 4,
		    substr(pack('N', length($data // '')), 1)) . pack('a40', $rest) . ($ahs // '');
}

# pdu as bhs: with digests and padding
sub pdu {
	my $header = bhs(@_);
	my $data = $_[3] // '';
	my $out = $header;
	$out .= crc32c($header) if $hdigest;
	$out .= $data . pad($data);
	$out .= crc32c($data . pad($data)) if $ddigest && length $data;
	return $out;
}

sub get {
	my ($len, $seconds) = (@_, 5);
	my $buf = '';
	$sock or return undef;
	my $select = IO::Select->new($sock);
	while (length $buf < $len) {
		$select->can_read($seconds) or return undef;
		my $n = sysread $sock, $buf, $len - length $buf, length $buf;
		return undef unless $n;
	}
	return $buf;
}

# receive [SECONDS]: a PDU, or undef at the end, or if there is none by then
sub receive {
	my ($seconds) = (@_, 5);
	my $header = get(48, $seconds) // return undef;
	my %p = (header => $header);
	@p{qw(opcode flags b2 b3 ahs)} = unpack 'CCCCC', $header;
	my $len = unpack 'N', "\0" . substr($header, 5, 3);
	@p{qw(itt ttt statsn expcmdsn maxcmdsn)} = unpack 'x16 NNNNN', $header;
	@p{qw(w36 w40 w44)} = unpack 'x36 NNN', $header;
	if ($hdigest) {
		get(4) eq crc32c($header) or fail 'wrong header digest';
	}
	$p{data} = $len ? get($len) : '';
	my $pad = $len % 4 ? get(4 - $len % 4) : '';
	if ($ddigest && $len) {
		get(4) eq crc32c($p{data} . $pad) or fail 'wrong data digest';
	}
	$expstatsn = $p{statsn} + 1 if $p{opcode} != 0x31 && $p{opcode} != 0x25;
	return \%p;
}

# expect OPCODE, FIELD => VALUE...: the next PDU is this. SCSI events are skipped if none is
# expected.
sub expect {
	my ($opcode, %want) = @_;
	my $p;
	do {
		$p = receive() //
			fail sprintf 'the connection ended, expected opcode %02x', $opcode;
	} while $p->{opcode} == 0x32 && $opcode != 0x32 && $p->{w36} >> 24 == 0;
	$p->{opcode} == $opcode or
		fail sprintf 'expected opcode %02x, got %s', $opcode, unpack 'H*', $p->{header};
	for (sort keys %want) {
		$p->{$_} eq $want{$_} or fail "opcode $opcode: $_ is $p->{$_}, expected $want{$_}";
	}
	return $p;
}

# The other side has ended the connection: the socket is readable, and has no data.
sub is_ended { return IO::Select->new($sock)->can_read(0) && !sysread $sock, my $more, 1 }

# expect_end [SECONDS]: the other side ends the connection, and sends no more PDUs.
sub expect_end {
	my ($seconds) = (@_, 8);
	my $p = receive($seconds);
	!$p or fail 'expected the end, got ' . unpack 'H*', $p->{header};
	is_ended() or fail 'the connection is still there';
	close_conn();
}

# fails ITT, SENSE: a command ends with CHECK CONDITION, and key, ASC and ASCQ in hexadecimal
sub fails {
	my ($tag, $sense) = @_;
	my $p = expect(0x21, itt => $tag, b3 => 2);
	my $got = sprintf '%02x%02x%02x', unpack 'x4 C x9 C C', $p->{data};
	$got eq $sense or fail "sense $got, expected $sense";
}

# A connection above the limit is reset, perhaps before connect() returns.
sub not_let_in {
	return expect_end() if eval { open_conn() };
	$@ =~ /reset by peer/ or fail $@;
}

sub text { return join '', map { "$_\0" } @_ }

# login_pdu FLAGS, KEY=VALUE...
sub login_pdu {
	my ($flags, @keys) = @_;
	return pdu(0x43, $flags, $isid . pack('n N n n N N', $tsih, 7, 0, 0, $cmdsn, $expstatsn),
		   text(@keys));
}

sub names { return ("InitiatorName=$initiator", "TargetName=$target", 'SessionType=Normal') }

# login_step FLAGS, KEY=VALUE...: the answer, its keys in $p->{keys}
sub login_step {
	put(login_pdu(@_));
	my $p = expect(0x23);
	$p->{keys} = { map { split /=/, $_, 2 } split /\0/, $p->{data} };
	$p->{status} = sprintf '%04x', $p->{w36} >> 16;
	return $p;
}

# login KEY=VALUE...: directly to full feature phase
sub login {
	my (@keys) = @_;
	open_conn();
	my $p = login_step(0x87, names(), @keys);
	$p->{status} eq '0000' or fail "log-in refused: $p->{status}";
	$p->{flags} == 0x87 or fail "log-in goes to $p->{flags}";
	$hdigest = ($p->{keys}{HeaderDigest} // '') eq 'CRC32C';
	$ddigest = ($p->{keys}{DataDigest} // '') eq 'CRC32C';
	return $p;
}

# refused STATUS, FLAGS, KEY=VALUE...: a log-in ends with that status
sub refused {
	my ($status, $flags, @keys) = @_;
	open_conn();
	my $p = login_step($flags, @keys);
	$p->{status} eq $status or fail "status $p->{status}, expected $status: @keys";
	close_conn();
}

# negotiates OFFER, RESULT: "Key=Value", and what the answer to it is
our $offers = 0;
sub negotiates {
	my ($offer, $result) = @_;
	my ($key) = split /=/, $offer;
	# Another ISID than that of the session before, so that its end need not be awaited.
	local $isid = pack 'N n', 0x80000001, ++$offers;
	my $p = login($offer);
	my $got = $p->{keys}{$key} // '';
	$got eq $result or fail "$offer: '$got', expected '$result'";
	close_conn();
}

sub next_itt { return ++$itt }

# scsi FLAGS, LENGTH, CDB, DATA, AHS: FLAGS 0xc0 to read, 0xa0 to write; returns the ITT
sub scsi {
	my ($flags, $len, $cdb, $data, $ahs, $lun) = @_;
	my $tag = next_itt();
	put(pdu(0x01, $flags | 1, pack('a8 N N N N a16', $lun // '', $tag, $len, $cmdsn++,
		$expstatsn, $cdb), $data, $ahs));
	return $tag;
}

# data_out ITT, TTT, DATASN, OFFSET, DATA, FINAL
sub data_out {
	my ($tag, $ttt, $datasn, $offset, $data, $final) = @_;
	put(pdu(0x05, $final ? 0x80 : 0, pack('x8 N N x4 N x4 N N', $tag, $ttt, $expstatsn,
		$datasn, $offset), $data));
}

sub write_10 { return pack 'C x N x n x', 0x2a, @_ }
sub read_10 { return pack 'C x N x n x', 0x28, @_ }
our $inquiry = pack 'C x x n x', 0x12, 36;

# login_ready: logs in, and takes the unit attention of a new I_T nexus.
sub login_ready {
	login(@_);
	scsi(0x80, 0, "\0" x 6);
	expect(0x21);
}

# ready: the caller of wait_ready in lib/iscsi.bash goes on.
sub ready { open my $f, '>', "$ENV{BATS_TEST_TMPDIR}/ready" or fail $! }

# session: returns the current session. in_session SESSION, CODE: runs CODE in that session.
sub session { return [$sock, $cmdsn, $expstatsn] }
sub in_session {
	my ($session, $do) = @_;
	($sock, $cmdsn, $expstatsn) = @$session;
	$do->();
	@$session = ($sock, $cmdsn, $expstatsn);
}

# The connection works: a ping comes back.
sub ping {
	my $tag = next_itt();
	put(pdu(0x40, 0x80, pack('x8 N N N N', $tag, 0xffffffff, $cmdsn, $expstatsn), 'ping'));
	expect(0x20, itt => $tag, data => 'ping');
}

# The target works: it serves a new initiator, once what was left behind is gone.
sub works {
	# An interrupted log-in with the usual ISID may still be in progress, and would replace this
	# session.
	local $isid = "\x80\x12\x34\x56\xff\xff";
	my $tries = 50;
	until (eval { login() }) {
		$tries-- or fail "nobody is let in: $@";
		select undef, undef, undef, 0.2;
	}
	my $tag = scsi(0xc0, 36, $inquiry);
	my $p = expect(0x25, itt => $tag);
	if ($p->{b3} || !($p->{flags} & 1)) {
		fail 'INQUIRY does not end with the data';
	}
	close_conn();
}

# seeded random numbers, so that a failure can be repeated
sub random { return int rand $_[0] }

eval join("\n", @ARGV) . ";\n1" or do { print STDERR $@; exit 1 };
