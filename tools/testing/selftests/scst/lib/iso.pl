#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0
# Prints an ISO 9660 image that has one file: iso.pl VOLUME NAME TEXT
use strict;
use warnings;

use constant BLOCK => 2048;

# Numbers that a volume has in both byte orders
sub both16 { return pack 'vn', $_[0], $_[0] }
sub both32 { return pack 'VN', $_[0], $_[0] }

sub directory_record {
	my ($name, $block, $size, $flags) = @_;
	my $record = pack('x') . both32($block) . both32($size) . pack('C6x', 126, 12, 1, 0, 0, 0) .
		pack('Cxx', $flags) . both16(1) . pack('C/a*', $name);

	$record .= "\0" unless length($name) & 1;
	return pack('C', 1 + length $record) . $record;
}

sub block { return pack 'a' . BLOCK, $_[0] }

my ($volume, $name, $text) = @ARGV;
my ($path_l, $path_m, $root, $file, $blocks) = (18, 19, 20, 21, 22);
my $root_record = directory_record("\0", $root, BLOCK, 2);
my $date = ('0' x 16) . "\0";

my $primary = pack('Ca5Cx', 1, 'CD001', 1) . pack('A32 A32 x8', 'LINUX', $volume) .
	both32($blocks) . pack('x32') . both16(1) . both16(1) . both16(BLOCK) . both32(10) .
	pack('V2N2', $path_l, 0, $path_m, 0) . $root_record . (' ' x 623) . $date x 4 . pack('C', 1);

print "\0" x (16 * BLOCK), block($primary), block(pack 'Ca5C', 255, 'CD001', 1),
	block(pack 'CxVvxx', 1, $root, 1), block(pack 'CxNnxx', 1, $root, 1),
	block($root_record . directory_record("\1", $root, BLOCK, 2) .
		directory_record($name, $file, length $text, 0)),
	block($text);
