# SPDX-License-Identifier: GPL-2.0
# The parts of PDUs, and their mutations. All chance comes from rand(), so that a seed repeats a
# run.
use strict;
use warnings;

# Byte, length and name of the fields, RFC 7143 11
our @common = ([0, 1], [1, 1], [2, 1], [3, 1], [4, 1], [5, 3], [8, 8], [16, 4]);
our @numbers = ([24, 4], [28, 4]);
our %fields = (
	0x00 => [[20, 4]],
	0x01 => [[20, 4], [32, 1], [33, 1], [34, 4], [39, 2], [32, 16]],
	0x02 => [[20, 4], [32, 4], [36, 4]],
	0x03 => [[8, 6], [14, 2], [20, 2]],
	0x04 => [[20, 4]],
	0x05 => [[20, 4], [36, 4], [40, 4]],
	0x06 => [[20, 2]],
	0x10 => [[20, 4], [40, 4], [44, 4]],
);
our @words = qw(InitiatorName TargetName SessionType InitiatorAlias TargetAlias TargetAddress
	TargetPortalGroupTag AuthMethod CHAP_A CHAP_N CHAP_R CHAP_I CHAP_C HeaderDigest DataDigest
	MaxConnections InitialR2T ImmediateData MaxRecvDataSegmentLength MaxBurstLength
	FirstBurstLength DefaultTime2Wait DefaultTime2Retain MaxOutstandingR2T DataPDUInOrder
	DataSequenceInOrder ErrorRecoveryLevel iSCSIProtocolLevel TaskReporting IFMarker OFMarker
	SendTargets X-org.example.fuzz);
our @values = ('', 'Yes', 'No', 'None', 'CHAP', 'CRC32C', 'Reject', 'NotUnderstood', 'All',
	'Discovery', 'Normal', 'CRC32C,None', 'None,CRC32C', '5,6,7,8', ',', ',,,,', '=', '0', '1',
	'2', '511', '512', '4096', '65536', '16777215', '16777216', '4294967295', '4294967296', '-1',
	'0x', '0x0', '0xffffffff', '0b', '0bAAAA', '0bA===', '0x' . '11' x 16, '0x' . 'ff' x 1024,
	'x' x 64, 'x' x 255, 'x' x 256, 'iqn.2026-11.org.example:t0', "\xff\xfe", '%s%n', '8,' x 900);

sub pick { return $_[random(scalar @_)] }
sub chance { return rand() < $_[0] }

sub opcode_of { return ord($_[0]) & 0x3f }

# other_number NUMBER, BITS
sub other_number {
	my ($n, $bits) = @_;
	my $max = $bits == 64 ? ~0 : (1 << $bits) - 1;
	return pick(0, 1, 2, 3, 4, $max, $max - 1, $max >> 1, ($max >> 1) + 1, $n + 1, $n - 1, $n * 2,
		$n ^ 1 << random($bits), $n ^ 1 << random($bits), random(256), random(65536),
		512, 4096, 65536) & $max;
}

# mutate_field HEADER: one field has another value
sub mutate_field {
	my ($header) = @_;
	my ($at, $len) = @{pick(@common, @numbers, @{$fields{opcode_of($header)} // []},
		@{$fields{opcode_of($header)} // []})};
	if ($len > 8) {
		substr($header, $at + random($len), 1) = chr random(256);
		return $header;
	}
	my $n = unpack 'Q>', substr "\0" x 8 . substr($header, $at, $len), -8;
	substr($header, $at, $len) = substr pack('Q>', other_number($n, 8 * $len)), -$len;
	return $header;
}

# mutate_text DATA: pairs are dropped, repeated, sorted, added or changed.
sub mutate_text {
	my @pairs = split /\0/, $_[0];
	my $at = random(scalar @pairs || 1);
	my $new = pick(@words) . '=' . pick(@values);
	my $how = random(9);
	splice @pairs, $at, 1 if $how == 0;
	splice @pairs, $at, 0, $pairs[$at] // $new if $how == 1;
	@pairs = sort { $a cmp $b } @pairs if $how == 2;
	splice @pairs, $at, 0, $new if $how == 3 || $how == 4;
	$pairs[$at] = ($pairs[$at] // '') =~ s/=.*/'=' . pick(@values)/er if $how == 5 || $how == 6;
	$pairs[$at] = ($pairs[$at] // '') =~ s/=//r if $how == 7;
	return join("\0", @pairs) . pick("\0", '', "\0\0", '=') if $how == 8;
	return join '', map { "$_\0" } @pairs;
}

sub mutate_bytes {
	my ($data) = @_;
	my $at = random(length($data) + 1);
	return pick(substr($data, 0, $at), $data . chr(random(256)) x random(600), '',
		substr($data, 0, $at) . chr(random(256)) . substr($data, $at), "\xff" x length $data);
}

sub random_ahs {
	my $len = pick(0, 1, 2, 4, 5, 17, 245, 1017, 65535, random(1020));
	my $ahs = pack 'n C', $len, pick(0, 1, 2, 0x41, random(256));
	$ahs .= chr(random(256)) x random(40);
	$ahs .= pad($ahs);
	return substr $ahs x pick(1, 1, 1, 40), 0, 1020;
}

# Correct the length in the header.
sub set_length { substr($_[0]->[1], 5, 3) = substr pack('N', length $_[0]->[2]), 1 }

# mutate_pdu PDU: in place; its lengths may be wrong.
sub mutate_pdu {
	my ($pdu) = @_;
	my $how = random(10);
	if ($how < 5) {
		$pdu->[1] = mutate_field($pdu->[1]);
	} elsif ($how < 8) {
		$pdu->[2] = $pdu->[2] =~ /=/ ? mutate_text($pdu->[2]) : mutate_bytes($pdu->[2]);
		set_length($pdu) if chance(0.8);
	} elsif ($how == 8) {
		$pdu->[1] .= random_ahs();
		# two of them can be longer than the field can express
		substr($pdu->[1], 4, 1) = chr((length($pdu->[1]) - 48) / 4 & 0xff) if chance(0.8);
	} else {
		substr($pdu->[1], 0, 1) = chr random(256);
	}
	return $pdu;
}

# make_pdu ITT: a PDU that was not in the exchange
sub make_pdu {
	my ($tag) = @_;
	my $write = pick(write_10(random(64), 8), write_10(0xffffffff, 1), write_10(0, 0),
		pack('C x7 N', 0x8a, 0xffffffff));
	my $other = pick($tag, $tag - 1, $tag - 2, random(20));
	my $any = pick(0x01, 0x07, 0x08, 0x0f, 0x11, 0x1c, 0x1f, 0x20, 0x21, 0x31, 0x32, 0x3f);
	my @made = @{pick(
		[0x00 | pick(0, 0x40), 0x80, pack('x8 N N', $tag, 0xffffffff), 'p' x random(3000)],
		[0x01, 0xc1, pack('x8 N N x8 a16', $tag, pick(0, 512, 65536), read_10(random(64), 1))],
		[0x01, pick(0x21, 0xa1), pack('x8 N N x8 a16', $tag, pick(0, 512, 4096, 65536), $write),
			'i' x pick(0, 0, 512, 4096)],
		[0x01, pick(0x01, 0x21, 0x81, 0x82), pack('x8 N x12 a16', $tag, pack('C', 0x35))],
		[0x05, pick(0, 0x80), pack('x8 N N x12 N N', $other, pick(0xffffffff, 0x01000000),
			random(2), pick(0, 0, 512)), 'u' x pick(0, 512, 4096)],
		[0x42, 0x80 | random(12), pack('x8 N N', $tag, $other)],
		[0x04 | pick(0, 0x40), pick(0x80, 0, 0x40), pack('x8 N N', $tag, pick(0xffffffff, 1)),
			text(pick('SendTargets=All', 'SendTargets=', pick(@words) . '=' . pick(@values)))],
		[0x06 | pick(0, 0x40), 0x80 | random(4), pack('x8 N n', $tag, random(2))],
		[0x10, 0x80 | random(4), pack('x8 N N x8 N N', $other, 0xffffffff, random(4), random(4))],
		[0x43, 0x87, pack('x8 N', $tag), text('InitiatorName=iqn.2026-11.org.example:raw')],
		[$any, random(256), pack('x8 N N', $tag, random(100)), 'a' x random(20)])};
	my $data = $made[3] // '';
	return ['pdu', bhs(@made[0 .. 2], $data), $data];
}

# A request with a CmdSN gets the next one, so that it is not just ignored.
sub renumber {
	my $cmdsn = 1;
	for (grep { $_->[0] eq 'pdu' } @_) {
		my $first = ord $_->[1];
		next if ($first & 0x3f) =~ /^(5|16)$/;
		substr($_->[1], 24, 4) = pack 'N', $cmdsn;
		$cmdsn++ if !($first & 0x40);
	}
}

# mutate_exchange FIRST, ACTION...: the actions before FIRST stay unchanged.
sub mutate_exchange {
	my ($first, @actions) = @_;
	for (1 .. pick(0, 0, 1, 1, 2, 4)) {
		my $at = $first + random(@actions - $first + 1);
		my $how = random(4);
		my $twin = $actions[$at];
		splice @actions, $at, 0, make_pdu(100 + $at) if $how < 2;
		splice @actions, $at, 1 if $how == 2 && $twin;
		splice @actions, $at, 0, [@$twin] if $how == 3 && $twin;
	}
	renumber(@actions) if chance(0.9);
	my @pdus = grep { $_->[0] eq 'pdu' } @actions[$first .. $#actions];
	mutate_pdu(pick(@pdus)) for 1 .. (@pdus ? pick(0, 1, 1, 2, 3) : 0);
	return @actions;
}

1;
