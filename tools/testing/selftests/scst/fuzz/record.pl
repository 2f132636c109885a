#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0
# Stands between an initiator and the target, and prints what the initiator sends as an
# exchange for the corpus (see exchange.pl). For one connection without digests.
#
# usage: record.pl PORT [PORTAL]
use strict;
use warnings;
use FindBin;
use IO::Select;
use IO::Socket::INET;

require "$FindBin::Bin/exchange.pl";
my ($port, $portal) = (@ARGV, '127.0.0.1:3260');
$| = 1;

sub relay {
	my ($from, $to) = @_;
	my $n = sysread $from, my $bytes, 65536;
	return '' if !$n;
	syswrite $to, $bytes;
	return $bytes;
}

# Print the PDUs that are complete; returns the rest.
sub print_pdus {
	my ($bytes) = @_;
	while (length $bytes >= 48) {
		my ($words) = unpack 'x4 N', $bytes;
		my $header = 48 + 4 * ($words >> 24);
		my $len = $words & 0xffffff;
		last if length $bytes < $header + $len + (-$len & 3);
		print format_action(['pdu', substr($bytes, 0, $header), substr $bytes, $header, $len]), "\n";
		$bytes = substr $bytes, $header + $len + (-$len & 3);
	}
	return $bytes;
}

my $listener = IO::Socket::INET->new(LocalPort => $port, Listen => 1, ReuseAddr => 1) or die "$!\n";
my $initiator = $listener->accept or die "$!\n";
my $target = IO::Socket::INET->new(PeerAddr => $portal) or die "$!\n";
my $select = IO::Select->new($initiator, $target);
my $rest = '';
while (1) {
	for my $from ($select->can_read) {
		my $bytes = relay($from, $from == $initiator ? $target : $initiator);
		exit if $bytes eq '';
		$rest = print_pdus($rest . $bytes) if $from == $initiator;
	}
}
