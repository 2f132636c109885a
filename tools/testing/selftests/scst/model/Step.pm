# SPDX-License-Identifier: GPL-2.0
# One step of a schedule: a line of text, to be done by the model and by the target.
#
#   SESSION login | logout			SESSION is a port's name and a number
#   SESSION cmd TAG OP [KEY=VALUE...]
#   SESSION go TAG [fail] [ctx=CTX]
#   SESSION tmf TAG FUNCTION [ref=TAG]
#   medium hold | auto
#   medium complete TAG [status=XX | sense=KKAAQQ] [ctx=CTX]
#
# OP is one of %cdb. Keys of all: attr naca=1 data=hold|fail send=hold|fail hold=STAGE ctx;
# of reads and writes: lba byte; of MODE SELECT: those of Sam::default_mode(); of pr_*:
# type key sa_key.
package Step;
use strict;
use warnings;

my %action = (
	pr_register => 0, pr_reserve => 1, pr_release => 2, pr_clear => 3,
	pr_preempt => 4, pr_preempt_abort => 5, pr_register_ignore => 6,
);

# The CDB without CONTROL, its length and that of the data, by direction
my %cdb = (
	tur => ['0000000000'],
	illegal => ['0000000000'],
	request_sense => ['0300000012', 'in', 18, 18],
	inquiry => ['1200000024', 'in', 36, 0],
	report_luns => ['a000000000000000020000', 'in', 512, 0],
	read => [sub { sprintf '2800%08x000001', $_[0]{lba} }, 'in', 512, 1],
	write => [sub { sprintf '2a00%08x000001', $_[0]{lba} }, 'out', 512],
	reserve6 => ['1600000000'],
	release6 => ['1700000000'],
	mode_select => ['1510000010', 'out', 16],
	read_keys => ['5e0000000000000200', 'in', 512, 128],
	read_reservation => ['5e0100000000000200', 'in', 512, 128],
	map {
		my $action = $action{$_};

		$_ => [sub { sprintf '5f%02x%02x000000000018', $action, $_[0]{type} },
		       'out', 24];
	} keys %action,
);

sub parse {
	my ($line) = @_;
	my ($who, $verb, @words) = split ' ', $line;
	my %step = (who => $who, verb => $verb, attr => 'simple', naca => 0, data => '',
		    send => '', type => 0, key => 0, sa_key => 0, ref => 0, line => $line);

	$step{tag} = shift @words if @words && $words[0] =~ /^\d+$/;
	$step{op} = shift @words if @words && $words[0] !~ /=/;
	for (@words) {
		my ($key, $value) = split /=/;

		$step{$key} = $value;
	}
	return \%step;
}

# --- for the target

sub data_out {
	my ($step) = @_;

	return $step->{byte} if $step->{op} eq 'write';
	return sprintf '%016x%016x%016x', $step->{key}, $step->{sa_key}, 0
		if $step->{op} =~ /^pr_/;
	return sprintf '000000000a0a%02x%02x%02x%02x000000000000',
		$step->{tst} << 5 | $step->{desc} << 2, $step->{alg} << 4 | $step->{qerr} << 1,
		$step->{intlck} << 4 | $step->{swp} << 3, $step->{tas} << 6;
}

# The request for the session's file
sub request {
	my ($step) = @_;
	my ($verb, $op) = @$step{qw(verb op)};

	return "$verb " . substr $step->{who}, 0, 1 if $verb eq 'login';
	return $verb if $verb eq 'logout';
	return $step->{line} =~ s/^\S+ //r if $verb eq 'go';
	return "tmf $step->{tag} fn=" . Tmf::number($op) . " ref=$step->{ref}"
		if $verb eq 'tmf';
	return command($step);
}

sub command {
	my ($step) = @_;
	my ($cdb, $dir, $len, $show) = @{ $cdb{ $step->{op} } };
	my $control = ($step->{op} eq 'illegal' ? 0x80 : 0) | ($step->{naca} ? 4 : 0);
	my @words = ('cmd', $step->{tag});

	$cdb = $cdb->($step) if ref $cdb;
	push @words, sprintf('cdb=%s%02x', $cdb, $control), "attr=$step->{attr}";
	push @words, "dir=$dir", "len=$len" if $dir;
	push @words, "show=$show" if defined $show;
	push @words, 'data=' . data_out($step) if $dir && $dir eq 'out';
	push @words, "data=$step->{data}" if $step->{data};
	push @words, 'hold=send' if $step->{send} eq 'hold';
	push @words, 'send=fail' if $step->{send} eq 'fail';
	push @words, "hold=$step->{hold}" if $step->{hold};
	push @words, "ctx=$step->{ctx}" if $step->{ctx};
	return join ' ', @words;
}

# The request for the device's file
sub medium_request {
	my ($step) = @_;

	return $step->{line} =~ s/^medium //r;
}

# --- for the model

sub nexus {
	my ($lu, $step) = @_;
	my ($nexus) = grep { $_->{id} eq $step->{who} } @{ $lu->{nexuses} };

	return $nexus;
}

sub find {
	my ($lu, $step) = @_;
	my $nexus = nexus($lu, $step) or return;

	return if !defined $step->{tag};
	my ($cmd) = grep { $_->{tag} == $step->{tag} } @{ $nexus->{cmds} };

	return $cmd;
}

sub at_medium {
	my ($lu, $step) = @_;
	my ($cmd) = grep { $_->{tag} == $step->{tag} } @{ $lu->{at_medium} };

	return $cmd;
}

# Whether a step is possible: part of a schedule may depend on the rest.
sub is_possible {
	my ($lu, $step) = @_;
	my ($who, $verb) = @$step{qw(who verb)};
	my $nexus = nexus($lu, $step);

	return 1 if $who eq 'medium' && $verb eq 'hold';
	return !@{ $lu->{at_medium} } if $who eq 'medium' && $verb eq 'auto';
	return at_medium($lu, $step) if $who eq 'medium';
	return !grep { $_->{port} eq substr $who, 0, 1 } Sam::present($lu) if $verb eq 'login';
	return 0 if !$nexus;
	my $cmd = find($lu, $step);

	return can_go($cmd, $step->{op}) if $verb eq 'go';
	# Of two commands with the same tag only one can be resumed.
	return 0 if $verb eq 'cmd' && $cmd &&
		($cmd->{at} eq 'send' || $step->{hold} || $step->{send} eq 'hold');
	return !$nexus->{gone};
}

sub can_go {
	my ($cmd, $fails) = @_;

	return 0 if !$cmd || $cmd->{at} =~ /^(waiting|medium|blocked|waits)$/;
	return !$fails || $cmd->{at} =~ /^(data|send)$/;
}

sub run {
	my ($lu, $step) = @_;
	my ($verb, $op, $nexus) = (@$step{qw(verb op)}, nexus($lu, $step));

	if ($step->{who} eq 'medium') {
		$lu->{medium_holds} = $verb eq 'hold' if $verb ne 'complete';
		Sam::medium_ends($lu, at_medium($lu, $step), $step->{status} // '00',
				 $step->{sense}) if $verb eq 'complete';
	} elsif ($verb eq 'login') {
		Sam::log_in($lu, $step->{who}, substr $step->{who}, 0, 1);
	} elsif ($verb eq 'logout') {
		Sam::log_out($lu, $nexus);
	} elsif ($verb eq 'go') {
		my $cmd = find($lu, $step);

		Sam::go_on($lu, $cmd, $op);
	} elsif ($verb eq 'tmf') {
		Tmf::run($lu, { %$step, nexus => $nexus });
	} else {
		my %cmd = (%$step, nexus => $nexus, data_out => $step->{data});

		delete $cmd{data};
		Sam::submit($lu, \%cmd);
	}
	Sam::settle($lu);
}

# Where "where" finds a command
my %where = (
	waiting => 'stage=admit held=0', data => 'stage=data held=1',
	medium => 'stage=medium held=1', blocked => 'stage=complete held=0',
	waits => 'stage=execute held=0', send => 'stage=send held=1',
	map { $_ => "stage=$_ held=1" } qw(decode check execute complete respond),
);

sub where {
	my ($cmd) = @_;
	my $aborted = $cmd->{aborted} ? 1 : 0;

	return "$cmd->{tag} $where{ $cmd->{at} } aborted=$aborted";
}

1;
