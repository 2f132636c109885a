#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0
# usage: run.pl [--seed N] [--steps N] [--nexuses N] [--shrink]
#        run.pl --replay FILE [--shrink]
#
# Random schedules of several initiator ports, done by scst_probe and by a model of SAM (Sam.pm),
# step by step. Step.pm has the format of a schedule. If the two disagree it prints where, and a
# schedule for --replay: all of it, or with --shrink a schedule from which nothing more can be left
# out. Exits with 0 if they agree, else with 1.
use strict;
use warnings;
use Cwd qw(abs_path);
use File::Basename qw(dirname);
use Getopt::Long;
use lib dirname(abs_path($0));
use Compare;
use Generate;
use Probe;
use Sam;
use Step;

my ($seed, $steps, $nexuses, $replay, $shrink) = (time, 1000, 3);
my @usage = ("seed=i" => \$seed, "steps=i" => \$steps, "nexuses=i" => \$nexuses,
	     "replay=s" => \$replay, "shrink" => \$shrink);

GetOptions(@usage) && !@ARGV or exit 2;
$| = 1;

# run(SOURCE): SOURCE returns the next step for the model's state, or undef at the end. Returns the
# disagreement, if there is one, and the lines that were done.
sub run {
	my ($source) = @_;
	my ($probe, $compare, @done) = (Probe->new, Compare->new);
	my $wrong;

	local @SIG{qw(INT TERM)} = (sub { die "interrupted\n" }) x 2;
	eval {
		while (!$wrong && defined(my $line = $source->($compare->state))) {
			my $step = Step::parse($line);

			next if !Step::is_possible($compare->state, $step);
			push @done, $line;
			$wrong = $compare->step($probe, $step, @done % 8 == 0 || $replay);
		}
	};
	$wrong = { wanted => "\n", seen => $@ } if $@;
	$probe->remove;
	return ($wrong, @done);
}

sub run_lines {
	my @lines = @_;

	return run(sub { shift @lines });
}

sub run_random {
	my $generate = Generate->new($nexuses);
	my $left = $steps;

	srand $seed;
	return run(sub { $left-- > 0 ? $generate->next_step($_[0]) : undef });
}

sub run_file {
	my ($path) = @_;

	open my $file, '<', $path or die "$path: $!\n";
	return run_lines(map { chomp; $_ } grep { !/^\s*(#|$)/ } <$file>);
}

# Leave out ever smaller pieces as long as there is a disagreement, and time.
sub shrunk {
	my @lines = @_;
	my $end = time + 60;

	for (my $size = int(@lines / 2) || 1; $size; $size = int($size / 2)) {
		for (my $at = 0; $at < @lines && time < $end;) {
			my @less = @lines;

			splice @less, $at, $size;
			my ($wrong, @done) = run_lines(@less);

			if ($wrong) {
				@lines = @done;
			} else {
				$at += $size;
			}
		}
	}
	return @lines;
}

sub report {
	my ($wrong, @lines) = @_;

	print "# step ", scalar @lines, ": $lines[-1]\n";
	print "# before:\n", ($wrong->{before} // '') =~ s/^/#   /gmr;
	print "# expected:\n", $wrong->{wanted} =~ s/^/#   /gmr;
	print "# seen:\n", $wrong->{seen} =~ s/^/#   /gmr;
	print map { "$_\n" } @lines;
}

print "# seed $seed, $steps steps, $nexuses nexuses\n" if !$replay;
my ($wrong, @lines) = $replay ? run_file($replay) : run_random();

exit 0 if !$wrong;
report($wrong, @lines);
if ($shrink) {
	@lines = shrunk(@lines);
	($wrong) = run_lines(@lines);
	report($wrong, @lines) if $wrong;
}
exit 1;
