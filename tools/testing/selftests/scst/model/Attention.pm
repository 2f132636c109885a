# SPDX-License-Identifier: GPL-2.0
# Unit attention conditions, SAM-5 5.14: a queue for each I_T_L nexus.
package Attention;
use strict;
use warnings;

# 5.14: the resets come first, in this order (new microcode belongs to them, but there is
# none here). The others keep theirs.
my @resets = qw(power_on device_reset nexus_loss);
my %rank = map { $resets[$_] => $_ } 0 .. $#resets;

our %sense = (
	power_on => '062900', device_reset => '062903', nexus_loss => '062907',
	mode_changed => '062a01', reservations_preempted => '062a03',
	reservations_released => '062a04', registrations_preempted => '062a05',
	commands_cleared => '062f00', previous_busy => '062c07',
	previous_conflict => '062c09',
);

sub rank {
	my ($what) = @_;

	return $rank{$what} // @resets;
}

# Each condition is pending once; a pending POWER ON covers all others.
sub raise {
	my ($nexus, $what) = @_;
	my $queue = $nexus->{attentions};
	my $at = @$queue;

	return if grep { $_ eq $what || $_ eq 'power_on' } @$queue;
	if (exists $rank{$what}) {
		$at = grep { rank($_) <= rank($what) } @$queue;
	}
	splice @$queue, $at, 0, $what;
}

sub raise_all {
	my ($lu, $what) = @_;

	raise($_, $what) for Sam::present($lu);
}

# SPC-6 7.5.10, UA_INTLCK_CTRL: reported by CHECK CONDITION, it may stay pending. SAM-5 5.3.3: if
# there is a conflict with a reservation, only a reset is reported.
sub report {
	my ($lu, $cmd, $conflict) = @_;
	my $queue = $cmd->{nexus}{attentions};

	return 0 if !@$queue || ($conflict && !exists $rank{ $queue->[0] });
	Sam::check_condition($lu, $cmd, $sense{ $queue->[0] });
	$cmd->{reports} = shift @$queue if $lu->{mode}{intlck} < 2;
	return 1;
}

# REQUEST SENSE, SPC-6 6.39, always takes it; its sense data is in fixed format here.
sub take {
	my ($lu, $cmd) = @_;

	$cmd->{reports} = shift @{ $cmd->{nexus}{attentions} };
	return $cmd->{reports} ? $sense{ $cmd->{reports} } : '000000';
}

# The condition has not been reported.
sub restore {
	my ($cmd) = @_;

	raise($cmd->{nexus}, delete $cmd->{reports}) if $cmd->{reports};
}

# SPC-6 7.5.10, UA_INTLCK_CTRL 11b
sub interlock {
	my ($lu, $cmd) = @_;
	my %previous = ('08' => 'previous_busy', '18' => 'previous_conflict');
	my $what = $previous{ $cmd->{status} };

	raise($cmd->{nexus}, $what) if $what && $lu->{mode}{intlck} == 3;
}

1;
