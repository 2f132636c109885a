# SPDX-License-Identifier: GPL-2.0
# The format of exchanges: of the corpus, and for --save and --replay. One action a line:
#
#	conn NUMBER		the next actions are of this connection, which the first one makes
#	pdu HEADER [DATA]	a PDU, with padding, and digests if they are on
#	digests HEADER DATA	1 or 0, from here on
#	raw BYTES		bytes as they are
#	read SECONDS		receive until nothing arrives for SECONDS
#	pause SECONDS
#	close fin|rst|half	half: nothing more is sent, but data can still be received
#
# Bytes are words of hex digits, HEX*COUNT, or "text" in which \0 is a NUL.
use strict;
use warnings;

sub parse_word {
	my ($word) = @_;
	return $1 =~ s/\\0/\0/gr if $word =~ /^"(.*)"$/;
	my ($hex, $count) = $word =~ /^((?:[0-9a-f]{2})+)(?:\*(\d+))?$/ or die "not hex: $word\n";
	return pack('H*', $hex) x ($count // 1);
}

sub parse_line {
	my ($line) = @_;
	my ($name, @words) = $line =~ /"[^"]*"|\S+/g;
	return [$name, map { parse_word($_) } @words] if $name =~ /^(pdu|raw)$/;
	die "unknown instruction '$line'\n" if $name !~ /^(conn|digests|read|pause|close)$/;
	return [$name, @words];
}

# load_exchange FILE: its actions; a pdu's bytes after the header are one string
sub load_exchange {
	my ($file) = @_;
	open my $in, '<', $file or die "$file: $!\n";
	my @actions = map { parse_line($_) } grep { /^[a-z]/ } <$in>;
	for (@actions) {
		my ($name, @rest) = @$_;
		$_ = [$name, $rest[0], join '', @rest[1 .. $#rest]] if $name eq 'pdu';
		$_ = [$name, join '', @rest] if $name eq 'raw';
	}
	return @actions;
}

sub format_plain {
	my ($bytes) = @_;
	return () if $bytes eq '';
	return '"' . $bytes =~ s/\0/\\0/gr . '"' if $bytes =~ /[ -~]{3}/ &&
		$bytes =~ /^[ !#-\[\]-~\0]+$/;
	return unpack 'H*', $bytes;
}

# format_bytes BYTES: long runs of the same byte are one word
sub format_bytes {
	my ($bytes) = @_;
	my ($plain, @words) = ('');
	while (length $bytes) {
		my $first = quotemeta substr $bytes, 0, 1;
		my ($run) = $bytes =~ /^($first+)/s;
		substr $bytes, 0, length $run, '';
		if (length $run < 32) {
			$plain .= $run;
			next;
		}
		push @words, format_plain($plain), unpack('H2', $run) . '*' . length $run;
		$plain = '';
	}
	return join ' ', @words, format_plain($plain);
}

sub format_action {
	my ($name, @rest) = @{$_[0]};
	return join ' ', 'pdu', unpack('H*', $rest[0]),
		length $rest[1] ? format_bytes($rest[1]) : () if $name eq 'pdu';
	return "raw " . format_bytes($rest[0]) if $name eq 'raw';
	return join ' ', $name, @rest;
}

1;
