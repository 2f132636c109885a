# SPDX-License-Identifier: GPL-2.0
# Task management functions, SAM-5 7. A function is answered when no command that it
# aborted can touch the medium or the initiator any more.
package Tmf;
use strict;
use warnings;

# enum scst_tmf_fn of the target
my @names = qw(abort_task abort_task_set clear_task_set clear_aca lun_reset target_reset
	nexus_reset query_task query_task_set query_event cold_reset);
my ($complete, $succeeded) = (0, 1);

sub number {
	my ($name) = @_;
	my ($number) = grep { $names[$_] eq $name } 0 .. $#names;

	return $number;
}

sub run {
	my ($lu, $tmf) = @_;

	no strict 'refs';
	&{ $tmf->{op} }($lu, $tmf);
}

sub answer {
	my ($lu, $tmf, $response, $info) = @_;

	$info = defined $info ? " info=$info" : '';
	Sam::result($lu, $tmf->{nexus}, "$tmf->{tag} response=$response$info");
}

# wait_for(KIND, ...): until there are no aborted commands any more
#   cmd:   with the function's reference to a tag
#   nexus: of the function's nexus
#   lu:    of all nexuses of the logical unit, also of those that have logged out
# Commands that are aborted later do not count. A command that has been answered counts for its own
# nexus, and for others only while it can touch the medium. A PREEMPT AND ABORT that waits itself
# has done all that it will do: another one does not wait for it.
sub wait_for {
	my ($lu, $tmf, $kind) = @_;

	push @{ $lu->{waits} }, { tmf => $tmf, kind => $kind, since => $lu->{aborts}++ };
}

sub is_over {
	my ($lu, $wait) = @_;
	my $tmf = $wait->{tmf};

	return 1 if $wait->{kind} eq 'logout';
	my @cmds = $wait->{kind} eq 'lu' ? Sam::all_commands($lu) : @{ $tmf->{nexus}{cmds} };

	@cmds = grep { $_->{tag} == $tmf->{ref} } @cmds if $wait->{kind} eq 'cmd';
	@cmds = grep { $_->{at} ne 'waits' } @cmds if $wait->{cmd};
	@cmds = grep { !$_->{answered} || (!$wait->{cmd} && $_->{nexus} == $tmf->{nexus}) }
		@cmds if $wait->{kind} eq 'lu';
	return !grep { $_->{aborted} && $_->{aborted_at} <= $wait->{since} } @cmds;
}

sub go_on {
	my ($lu, $wait) = @_;
	my $tmf = $wait->{tmf};

	return Sam::abort_nexus($lu, $wait->{nexus}, 'own') if $wait->{kind} eq 'logout';
	return Sam::complete($lu, $wait->{cmd}) if $wait->{cmd};
	reset_lun($lu, 'device_reset') if $tmf->{op} =~ /^(lun|target)_reset/;
	reset_lun($lu, 'power_on') if $tmf->{op} eq 'cold_reset';
	lose_nexus($lu, $tmf->{nexus}) if $tmf->{op} eq 'nexus_reset';
	answer($lu, $tmf, $complete);
}

# 7.2
sub abort_task {
	my ($lu, $tmf) = @_;

	for (@{ $tmf->{nexus}{cmds} }) {
		Sam::abort($lu, $_, 'own') if $_->{tag} == $tmf->{ref};
	}
	wait_for($lu, $tmf, 'cmd');
}

# 7.3
sub abort_task_set {
	my ($lu, $tmf) = @_;

	Sam::abort_nexus($lu, $tmf->{nexus}, 'own');
	wait_for($lu, $tmf, 'nexus');
}

# 7.5
sub clear_task_set {
	my ($lu, $tmf) = @_;

	return abort_task_set($lu, $tmf) if $lu->{mode}{tst};
	abort_all($lu, $tmf, 1);
	wait_for($lu, $tmf, 'lu');
}

sub abort_all {
	my ($lu, $tmf, $attention) = @_;

	for (Sam::present($lu)) {
		Sam::abort_nexus($lu, $_, $_ == $tmf->{nexus} ? 'own' : 'other', undef,
				 $attention);
	}
}

# 7.4: of no effect without an ACA condition of this nexus
sub clear_aca {
	my ($lu, $tmf) = @_;
	my $set = Sam::task_set($lu, $tmf->{nexus});
	my $cmd = $set->{aca_cmd};

	return answer($lu, $tmf, $complete)
		if ($set->{faulted} // '') ne $tmf->{nexus}{id};
	if ($cmd) {
		$tmf->{ref} = $cmd->{tag};
		Sam::abort($lu, $cmd, 'own');
		wait_for($lu, $tmf, 'cmd');
	}
	Sam::clear_aca($lu, $tmf->{nexus});
	answer($lu, $tmf, $complete) if !$cmd;
}

# 7.7, 6.3.3
sub lun_reset {
	my ($lu, $tmf) = @_;

	abort_all($lu, $tmf, 0);
	wait_for($lu, $tmf, 'lu');
}

sub reset_lun {
	my ($lu, $attention) = @_;

	$lu->{mode} = Sam::default_mode();
	$lu->{reserved_by} = undef;
	Attention::raise_all($lu, $attention);
	Sam::clear_all_aca($lu);
}

# SAM-3 7.7; RFC 7143 11.5.1. There is one logical unit.
sub target_reset { lun_reset(@_) }
sub cold_reset { lun_reset(@_) }

# 7.6, 6.3.5
sub nexus_reset {
	my ($lu, $tmf) = @_;

	Sam::abort_nexus($lu, $tmf->{nexus}, 'own');
	wait_for($lu, $tmf, 'nexus');
}

sub lose_nexus {
	my ($lu, $nexus) = @_;

	$lu->{reserved_by} = undef if ($lu->{reserved_by} // '') eq $nexus->{id};
	Attention::raise($nexus, 'nexus_loss') if !$nexus->{gone};
	Sam::clear_aca($lu, $nexus);
}

# 7.8, 7.9
sub query_task {
	my ($lu, $tmf) = @_;
	my @cmds = grep { $_->{tag} == $tmf->{ref} } present($tmf);

	answer($lu, $tmf, @cmds ? $succeeded : $complete);
}

sub query_task_set {
	my ($lu, $tmf) = @_;

	answer($lu, $tmf, present($tmf) ? $succeeded : $complete);
}

# A command that has been answered is not in the task set any more.
sub present {
	my ($tmf) = @_;

	return grep { !$_->{answered} } @{ $tmf->{nexus}{cmds} };
}

# 7.10: UADE DEPTH 01b: one is pending, 10b: more than one
sub query_event {
	my ($lu, $tmf) = @_;
	my @queue = @{ $tmf->{nexus}{attentions} };
	my $sense;

	return answer($lu, $tmf, $complete, '000000') if !@queue;
	$sense = $Attention::sense{ $queue[0] };
	substr($sense, 0, 1) = @queue > 1 ? '2' : '1';
	answer($lu, $tmf, $succeeded, $sense);
}

1;
