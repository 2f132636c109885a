#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0
# Makes results of measured values: report.pl [--json FILE] [--svg FILE] [--rst FILE] RAW...
# prints a table, and writes the files that are asked for. A line of a RAW file is a row() of
# lib/common.sh.
use strict;
use warnings;
use Getopt::Long;
use FindBin;
use lib $FindBin::Bin;
use Values;
use Show;

GetOptions('json=s' => \my $json, 'svg=s' => \my $svg, 'rst=s' => \my $rst) && @ARGV
	or die "usage: report.pl [--json FILE] [--svg FILE] [--rst FILE] RAW...\n";

sub write_file {
	my ($name, $text) = @_;

	open my $file, '>', $name or die "$name: $!\n";
	print $file $text;
	close $file or die "$name: $!\n";
}

my @results = Values::results(map { Values::read_rows($_) } @ARGV);
print Show::table(@results);
write_file($json, Show::json(@results)) if $json;
write_file($svg, Show::svg(@results)) if $svg;
write_file($rst, Show::rst(@results)) if $rst;
