# SPDX-License-Identifier: GPL-2.0
# From measured values to results: medians of both sides, and their ratio.
package Values;
use strict;
use warnings;

# The columns that identify the result of a row, in order; the side, the round, the number of
# commands and the value follow.
our @keys = qw(bed kernel transport backing op block_bytes depth jobs metric);

sub read_rows {
	my ($name) = @_;
	my @rows;

	open my $file, '<', $name or die "$name: $!\n";
	while (<$file>) {
		chomp;
		my %row;
		@row{@keys, qw(side round count value)} = split /\t/;
		defined $row{value} && $row{value} =~ /^-?\d+(\.\d+)?$/
			or die "$name, line $.: not a measured value: $_\n";
		push @rows, \%row;
	}
	return @rows;
}

sub median {
	my @sorted = sort { $a <=> $b } @_;

	return ($sorted[$#sorted / 2] + $sorted[@sorted / 2]) / 2;
}

# The cost of a command, from two runs of different length. The cost of the run itself cancels out.
sub per_command {
	my ($small, $large) = sort { $a->{count} <=> $b->{count} } @_;

	$large or die "one run only: nothing to subtract\n";
	$large->{count} > $small->{count} or die "two runs with the same number of commands\n";
	return ($large->{value} - $small->{value}) / ($large->{count} - $small->{count});
}

# The value of a round, from its rows
sub round_value {
	my (@rows) = @_;

	return $rows[0]{count} ? per_command(@rows) : $rows[0]{value};
}

# A side's values, one for each round
sub side_values {
	my ($rounds) = @_;

	return map { round_value(@{ $rounds->{$_} }) } sort { $a <=> $b } keys %$rounds;
}

# How far the values are apart, as a part of their median
sub spread {
	my @sorted = sort { $a <=> $b } @_;
	my $median = median(@sorted);

	return $median ? ($sorted[-1] - $sorted[0]) / abs $median : 0;
}

# Only a round with both sides has a ratio.
sub ratios {
	my ($ours, $lio) = @_;
	my @pairs = grep { defined $ours->[$_] && $lio->[$_] } 0 .. $#$lio;

	return map { $ours->[$_] / $lio->[$_] } @pairs;
}

# A result; values that LIO does not have are undefined, and so is their ratio.
sub result {
	my ($row, $sides) = @_;
	my %result = map { $_ => $row->{$_} } @keys;
	my @ours = side_values($sides->{ours} // {});
	my @lio = side_values($sides->{lio} // {});
	my @ratios = ratios(\@ours, \@lio);

	$result{ours} = median(@ours) if @ours;
	$result{lio} = median(@lio) if @lio;
	$result{ratio} = $result{ours} / $result{lio} if @ratios;
	$result{spread} = spread(@ratios ? @ratios : @ours ? @ours : @lio);
	return \%result;
}

# Results, in the order in which their first rows came
sub results {
	my (%sides, %first, @order);

	for my $row (@_) {
		my $key = join "\t", @$row{@keys};

		push @order, $key if !$first{$key};
		$first{$key} //= $row;
		push @{ $sides{$key}{ $row->{side} }{ $row->{round} } }, $row;
	}
	return map { result($first{$_}, $sides{$_}) } @order;
}

1;
