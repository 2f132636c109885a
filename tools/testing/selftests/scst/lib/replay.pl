#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0
# Reproduces a medium as a power failure leaves it after any of the writes that the device mapper's
# target log-writes has logged, see drivers/md/dm-log-writes.c.
#
#   replay.pl LOG                   prints the number of entries
#   replay.pl LOG MEDIUM FROM TO    writes entries FROM to TO - 1 to MEDIUM and prints
#                                   how many marks are among them
use strict;
use warnings;
no warnings 'portable';

my ($discard, $mark) = (4, 8);
my ($log_name, $medium_name, $from, $to) = @ARGV;

open my $log, '<:raw', $log_name or die "$log_name: $!";

sub bytes_at {
	my ($at, $count) = @_;

	seek $log, $at, 0 or die "$log_name: $!";
	(read $log, my $bytes, $count) == $count or die "$log_name ends early";
	return $bytes;
}

my ($magic, $version, $entries, $sector_size) = unpack 'Q<Q<Q<L<', bytes_at(0, 28);
die "$log_name is no log\n" unless $magic == 0x6a736677736872 && $version == 1;
unless (defined $medium_name) {
	print "$entries\n";
	exit;
}

open my $medium, '+<:raw', $medium_name or die "$medium_name: $!";
my $at = $sector_size;
my $marks = 0;
for my $entry (0 .. $to - 1) {
	my ($sector, $sectors, $flags) = unpack 'Q<Q<Q<', bytes_at($at, 24);
	my $size = $sectors * $sector_size;

	$at += $sector_size;
	if ($entry >= $from) {
		$marks++ if $flags & $mark;
		seek $medium, $sector * $sector_size, 0 or die "$medium_name: $!";
		print $medium $flags & $discard ? "\0" x $size : bytes_at($at, $size)
			if $size;
	}
	$at += $size unless $flags & $discard;
}
close $medium or die "$medium_name: $!";
print "$marks\n";
