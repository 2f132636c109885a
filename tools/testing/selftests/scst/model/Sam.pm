# SPDX-License-Identifier: GPL-2.0
# A model of one logical unit: when commands start, how they end, and how that affects others. SAM-5
# unless a clause says otherwise.
#
# The logical unit is a hash, and so is each I_T_L nexus and each command in it:
#
#   nexus    id, port: session and initiator port; gone: it has logged out
#            attentions: see Attention.pm; cmds: its commands, in order of arrival
#   command  nexus, tag, op, attr, naca and what else a step says of it (Step.pm)
#            at: waiting | data | medium | blocked | waits | send | moving, or where it
#            is held: decode | check | execute | complete | respond
#            set, order: its task set, and the task attribute that it has there
#            status, sense, data: how it ends; aborted: undef | own | other;
#            answered: the driver has the response
#
# The standard orders events only as far as its clauses say. Where two events could come first, the
# model asks choose(): its caller tries all answers, and each is right.
package Sam;
use strict;
use warnings;
use Attention;
use Reservation;
use Tmf;

# --- what the standard leaves open

our (@answers, @asked);

# choose(N): 0 .. N - 1
sub choose {
	my ($n) = @_;
	my $answer = $answers[@asked] // 0;

	return 0 if $n < 2;
	push @asked, [$answer, $n];
	return $answer;
}

# --- the logical unit

sub new {
	return {
		mode => default_mode(), blocks => {}, medium_holds => 0, at_medium => [],
		nexuses => [], queue => [], set => { lu => {} }, waits => [], aborts => 0,
		pr => Reservation::none(), reserved_by => undef,
		tasks => [], workers => [], results => {},
	};
}

# SPC-6 7.5.10, the manufacturer's values
sub default_mode {
	return { tst => 0, qerr => 0, alg => 1, tas => 0, intlck => 0, swp => 0, desc => 0 };
}

sub result {
	my ($lu, $nexus, $line) = @_;

	push @{ $lu->{results}{ $nexus->{id} } }, $line;
}

sub log_in {
	my ($lu, $id, $port) = @_;
	my $nexus = { id => $id, port => $port, cmds => [], attentions => ['power_on'] };

	push @{ $lu->{nexuses} }, $nexus;
	$lu->{set}{$id} = {};
}

# 5.9.5, 6.3.5: the nexus is lost, and with it its commands, its reservation by RESERVE and its ACA
# condition. Commands that the condition has blocked may still end.
sub log_out {
	my ($lu, $nexus) = @_;

	$nexus->{gone} = 1;
	$lu->{reserved_by} = undef if ($lu->{reserved_by} // '') eq $nexus->{id};
	clear_aca($lu, $nexus);
	push @{ $lu->{waits} }, { kind => 'logout', nexus => $nexus };
}

sub present {
	my ($lu) = @_;

	return grep { !$_->{gone} } @{ $lu->{nexuses} };
}

sub all_commands {
	my ($lu) = @_;

	return map { @{ $_->{cmds} } } @{ $lu->{nexuses} };
}

# --- time

# Everything that proceeds without a step: commands one after the other, service actions that wait
# for commands, and functions and log-outs whose commands have ended.
sub settle {
	my ($lu) = @_;

	while (1) {
		# Each worker has a thread of its own: any of them may be the quickest.
		my @next = ($lu->{tasks}[0] // (), @{ $lu->{workers} });

		push @next, grep { Tmf::is_over($lu, $_) } @{ $lu->{waits} };
		return if !@next;
		my $next = $next[choose(scalar @next)];
		if (ref $next eq 'HASH') {
			@{ $lu->{waits} } = grep { $_ != $next } @{ $lu->{waits} };
			Tmf::go_on($lu, $next);
		} else {
			my ($what, $cmd) = @$next;

			for my $list (@$lu{qw(tasks workers)}) {
				@$list = grep { $_ != $next } @$list;
			}
			my %does = (check => \&check, complete => \&complete,
				    execute => \&Reservation::out);
			$does{$what}->($lu, $cmd);
		}
	}
}

sub later {
	my ($lu, $what, $cmd) = @_;

	$cmd->{at} = 'moving';
	push @{ $lu->{tasks} }, [$what, $cmd];
}

# --- the path of a command

my %without_data_out = map { $_ => 1 } qw(tur read request_sense inquiry report_luns
	illegal reserve6 release6 read_keys read_reservation);

# SPC-6 5.?: they report no unit attention, and never wait for other commands
my %any_state = map { $_ => 1 } qw(request_sense inquiry report_luns);

# Whether a command is held before a stage (modules/probe.h), which happens once. For the standard
# such a command is merely slow.
sub is_held {
	my ($cmd, $stage) = @_;

	return 0 if ($cmd->{hold} // '') ne $stage || $cmd->{was_held}++;
	$cmd->{at} = $stage;
	return 1;
}

# A command resumes where it was held, or with Data-Out or the response.
sub go_on {
	my ($lu, $cmd, $fails) = @_;
	my $at = $cmd->{at};
	my %does = (decode => \&decode, check => \&check, execute => \&execute,
		    complete => \&complete, respond => \&respond);

	return data_arrives($lu, $cmd, $fails) if $at eq 'data';
	return deliver($lu, $cmd, $fails) if $at eq 'send';
	$cmd->{at} = 'moving';
	$at = 'complete' if $cmd->{aborted} && $at ne 'respond';
	return $does{$at}->($lu, $cmd);
}

sub check_condition {
	my ($lu, $cmd, $sense) = @_;

	$cmd->{status} = '02';
	$cmd->{sense} = $sense . ($lu->{mode}{desc} ? 'd' : 'f');
}

sub submit {
	my ($lu, $cmd) = @_;
	my $nexus = $cmd->{nexus};
	my @others = @{ $nexus->{cmds} };

	$cmd->{status} = '00';
	$cmd->{at} = 'moving';
	push @{ $nexus->{cmds} }, $cmd;
	# 5.11: overlapped
	if (grep { $_->{tag} == $cmd->{tag} && $_->{at} ne 'send' } @others) {
		abort($lu, $_, 'own') for @others;
		settle($lu) if !choose(2);
		$cmd->{overlapped} = 1;
		check_condition($lu, $cmd, '0b4e00');
		complete($lu, $cmd);
	} else {
		decode($lu, $cmd);
	}
}

# 5.3: an invalid command does not enter the task set.
sub decode {
	my ($lu, $cmd) = @_;

	return if is_held($cmd, 'decode');
	return admit($lu, $cmd) if $cmd->{op} ne 'illegal';
	check_condition($lu, $cmd, '052400');
	complete($lu, $cmd);
}

# SPC-6 7.5.10, TST
sub task_set {
	my ($lu, $nexus) = @_;

	return $lu->{set}{ $lu->{mode}{tst} ? $nexus->{id} : 'lu' };
}

# 8.6; QUEUE ALGORITHM MODIFIER, SPC-6 7.5.10: restricted reordering
sub order_of {
	my ($lu, $cmd) = @_;

	return $cmd->{attr} if $cmd->{attr} =~ /^(ordered|head)$/;
	return $lu->{mode}{alg} ? 'simple' : 'ordered';
}

sub admit {
	my ($lu, $cmd) = @_;
	my $set = task_set($lu, $cmd->{nexus});

	return complete($lu, $cmd) if refused($lu, $cmd, $set);
	return check($lu, $cmd) if $any_state{ $cmd->{op} } && $cmd->{attr} ne 'aca';
	if (!$any_state{ $cmd->{op} } && is_behind($lu, $cmd->{nexus})) {
		# 5.3.1
		$cmd->{status} = '08' if !Attention::report($lu, $cmd, 0);
		return complete($lu, $cmd);
	}
	$cmd->{set} = $set;
	$cmd->{order} = $set->{faulted} ? 'aca' : order_of($lu, $cmd);
	$set->{aca_cmd} = $cmd if is_aca_command($cmd, $set);
	push @{ $lu->{queue} }, $cmd;
	return check($lu, $cmd) if may_start($lu, $cmd);
	$cmd->{at} = 'waiting';
}

# 8.6: a command is in the task set until it ends, started or not.
sub may_start {
	my ($lu, $cmd) = @_;
	my $set = $cmd->{set};
	my @same = grep { $_->{set} == $set } @{ $lu->{queue} };
	my @older;

	# 8.6.5
	return 1 if $cmd->{order} eq 'aca';
	# 5.9.4
	return 0 if $set->{faulted};
	# 8.6.4
	return 1 if $cmd->{order} eq 'head';
	return 0 if grep { $_->{order} eq 'head' } @same;
	for (@same) {
		last if $_ == $cmd;
		push @older, $_;
	}
	# 8.6.3
	return !@older if $cmd->{order} eq 'ordered';
	# 8.6.2
	return !grep { $_->{order} eq 'ordered' } @older;
}

sub start_waiting {
	my ($lu) = @_;

	for my $cmd (@{ $lu->{queue} }) {
		next if $cmd->{at} ne 'waiting' || !may_start($lu, $cmd);
		later($lu, 'check', $cmd);
	}
}

# Commands that an earlier nexus of the port left when it logged out must not come after new ones.
sub is_behind {
	my ($lu, $nexus) = @_;

	return grep { $_->{gone} && $_->{port} eq $nexus->{port} && @{ $_->{cmds} } }
		@{ $lu->{nexuses} };
}

# 5.3.3, 5.14: resets, then reservations, then other unit attentions, then the medium
sub check {
	my ($lu, $cmd) = @_;

	return complete($lu, $cmd) if $cmd->{aborted};
	return if is_held($cmd, 'check');
	my $conflict = Reservation::conflicts($lu, $cmd);

	if (!$any_state{ $cmd->{op} } && Attention::report($lu, $cmd, $conflict)) {
		return complete($lu, $cmd);
	}
	if ($conflict) {
		$cmd->{status} = '18';
		return complete($lu, $cmd);
	}
	# SPC-6 7.5.10, SWP
	if ($cmd->{op} eq 'write' && $lu->{mode}{swp}) {
		check_condition($lu, $cmd, '072700');
		return complete($lu, $cmd);
	}
	if ($without_data_out{ $cmd->{op} }) {
		return execute($lu, $cmd);
	}
	$cmd->{at} = 'data';
	data_arrives($lu, $cmd, $cmd->{data_out} eq 'fail') if $cmd->{data_out} ne 'hold';
}

# Data-Out has arrived, or its transfer has failed.
sub data_arrives {
	my ($lu, $cmd, $fails) = @_;

	$cmd->{at} = 'moving';
	if ($fails) {
		check_condition($lu, $cmd, '0b4b00') if !$cmd->{aborted};
		return complete($lu, $cmd);
	}
	return $cmd->{aborted} ? complete($lu, $cmd) : execute($lu, $cmd);
}

sub execute {
	my ($lu, $cmd) = @_;
	my $op = $cmd->{op};

	return if is_held($cmd, 'execute');
	if ($op =~ /^(read|write)$/) {
		$cmd->{at} = 'medium';
		return push @{ $lu->{at_medium} }, $cmd if $lu->{medium_holds};
		return medium_ends($lu, $cmd, '00');
	}
	if ($op =~ /^pr_/) {
		return push @{ $lu->{workers} }, ['execute', $cmd];
	}
	Reservation::in($lu, $cmd) if $op =~ /^read_/;
	Reservation::reserve($lu, $cmd) if $op eq 'reserve6';
	Reservation::release($lu, $cmd) if $op eq 'release6';
	mode_select($lu, $cmd) if $op eq 'mode_select';
	$cmd->{data} = Attention::take($lu, $cmd) if $op eq 'request_sense';
	complete($lu, $cmd);
}

# The medium has read or written, also for commands that have been aborted meanwhile.
sub medium_ends {
	my ($lu, $cmd, $status, $sense) = @_;

	@{ $lu->{at_medium} } = grep { $_ != $cmd } @{ $lu->{at_medium} };
	$cmd->{at} = 'moving';
	$cmd->{status} = $status;
	check_condition($lu, $cmd, $sense) if $sense;
	if ($cmd->{status} eq '00' && $cmd->{op} eq 'write') {
		$lu->{blocks}{ $cmd->{lba} } = $cmd->{byte};
	} elsif ($cmd->{status} eq '00') {
		$cmd->{data} = $lu->{blocks}{ $cmd->{lba} } // '00';
	}
	complete($lu, $cmd);
}

# SPC-6 6.11, 7.5.10
sub mode_select {
	my ($lu, $cmd) = @_;
	my %new = map { $_ => $cmd->{$_} } keys %{ $lu->{mode} };
	my $old = $lu->{mode};

	# QERR 10b is reserved
	return check_condition($lu, $cmd, '052600') if $new{qerr} == 2;
	$lu->{mode} = \%new;
	clear_all_aca($lu) if $new{tst} != $old->{tst};
	return if !grep { $new{$_} != $old->{$_} } keys %new;
	for (present($lu)) {
		Attention::raise($_, 'mode_changed') if $_ != $cmd->{nexus};
	}
}

# --- ACA, 5.9

# PERSISTENT RESERVE OUT with PREEMPT AND ABORT: 5.9.4, for those that cannot wait
sub is_preempt_abort {
	my ($cmd) = @_;

	return $cmd->{op} eq 'pr_preempt_abort' && !$cmd->{overlapped};
}

sub is_aca_command {
	my ($cmd, $set) = @_;

	return $cmd->{attr} eq 'aca' && ($set->{faulted} // '') eq $cmd->{nexus}{id} &&
	       !$set->{aca_cmd};
}

# 5.9.4: the status of a command refused while an ACA condition is in effect; 8.6.5 while none is
sub refused {
	my ($lu, $cmd, $set) = @_;
	my $own = ($set->{faulted} // '') eq $cmd->{nexus}{id};
	my $aca = $cmd->{attr} eq 'aca';

	if (!$set->{faulted}) {
		check_condition($lu, $cmd, '054900') if $aca;
		return $aca;
	}
	return 0 if is_preempt_abort($cmd) || is_aca_command($cmd, $set);
	$cmd->{status} = $own || $aca || $cmd->{naca} ? '30' : '08';
	delete $cmd->{sense};
	return 1;
}

sub complete {
	my ($lu, $cmd) = @_;
	my $set = $cmd->{set} // task_set($lu, $cmd->{nexus});
	my $exempt = is_preempt_abort($cmd) || ($cmd->{order} // '') eq 'aca';

	return if is_held($cmd, 'complete');
	return respond($lu, $cmd) if $cmd->{aborted};
	if ($set->{faulted} && !$exempt) {
		# 5.9.4: those that had been started end when the condition does
		if ($cmd->{set}) {
			$cmd->{at} = 'blocked';
			$cmd->{blocked_at} = ++$lu->{time};
			return;
		}
		# It ended before it could be refused.
		return respond($lu, $cmd)
			if $cmd->{status} eq '02' && refused($lu, $cmd, $set);
	}
	if ($cmd->{status} eq '02') {
		fault($lu, $cmd, $set);
		# Commands that end or resume because of that may be quicker.
		settle($lu) if @{ $lu->{tasks} } && choose(2);
	}
	respond($lu, $cmd);
}

sub fault {
	my ($lu, $cmd, $set) = @_;

	abort_others($lu, $cmd);
	# 5.9.4: a CHECK CONDITION of the ACA command ends the condition, or makes a new one
	if ($set->{faulted}) {
		end_aca($lu, $set) if $cmd->{attr} eq 'aca' && !$cmd->{naca} &&
			$set->{faulted} eq $cmd->{nexus}{id};
	} elsif ($cmd->{naca} && !$cmd->{nexus}{gone}) {
		$set->{faulted} = $cmd->{nexus}{id};
	}
}

# SPC-6 7.5.10, QERR: 01b all commands of the task set, 11b those of the nexus
sub abort_others {
	my ($lu, $cmd) = @_;
	my $nexus = $cmd->{nexus};
	my ($qerr, $tst) = @{ $lu->{mode} }{qw(qerr tst)};

	return if !$qerr;
	for my $other (present($lu)) {
		next if $other != $nexus && ($qerr == 3 || $tst);
		abort_nexus($lu, $other, $other == $nexus ? 'own' : 'other', $cmd, 1);
	}
}

sub end_aca {
	my ($lu, $set) = @_;
	my @blocked = grep { $_->{set} == $set && $_->{at} eq 'blocked' } @{ $lu->{queue} };

	@$set{qw(faulted aca_cmd)} = ();
	# Their order is not specified. It matters if one faults.
	if (grep { $_->{status} eq '02' } @blocked) {
		@blocked = sort { $a->{blocked_at} <=> $b->{blocked_at} } @blocked
			if choose(@blocked > 1 ? 2 : 1);
	}
	later($lu, 'complete', $_) for @blocked;
	start_waiting($lu);
}

sub clear_aca {
	my ($lu, $nexus) = @_;

	for my $set ($lu->{set}{lu}, $lu->{set}{ $nexus->{id} }) {
		end_aca($lu, $set) if ($set->{faulted} // '') eq $nexus->{id};
	}
}

sub clear_all_aca {
	my ($lu) = @_;

	clear_aca($lu, $_) for present($lu);
}

# --- the end of a command

sub respond {
	my ($lu, $cmd) = @_;

	return if is_held($cmd, 'respond');
	leave($lu, $cmd);
	if ($cmd->{aborted}) {
		Attention::restore($cmd);
		# 5.6; SPC-6 7.5.10, TAS
		return vanish($lu, $cmd) if $cmd->{aborted} eq 'own' || !$lu->{mode}{tas};
		$cmd->{status} = '40';
		delete $cmd->{sense};
	} else {
		Attention::interlock($lu, $cmd);
	}
	delete $cmd->{data} if $cmd->{status} ne '00';
	$cmd->{at} = 'send';
	$cmd->{answered} = 1;
	deliver($lu, $cmd, $cmd->{send} eq 'fail') if $cmd->{send} ne 'hold';
	start_waiting($lu);
}

sub leave {
	my ($lu, $cmd) = @_;

	@{ $lu->{queue} } = grep { $_ != $cmd } @{ $lu->{queue} };
	return if !$cmd->{set};
	delete $cmd->{set}{aca_cmd} if ($cmd->{set}{aca_cmd} // 0) == $cmd;
}

sub vanish {
	my ($lu, $cmd) = @_;

	forget($lu, $cmd, 'aborted');
	start_waiting($lu);
}

sub forget {
	my ($lu, $cmd, $how) = @_;
	my $cmds = $cmd->{nexus}{cmds};

	@$cmds = grep { $_ != $cmd } @$cmds;
	result($lu, $cmd->{nexus}, "$cmd->{tag} $how");
}

sub deliver {
	my ($lu, $cmd, $fails) = @_;
	my $how = "status=$cmd->{status}";

	# 5.14: it has not been reported
	Attention::restore($cmd) if $fails;
	$how .= " sense=$cmd->{sense}" if $cmd->{sense};
	$how .= " data=$cmd->{data}" if $cmd->{data};
	forget($lu, $cmd, $fails ? 'undelivered' : $how);
}

# --- abortion

# A command that has been answered or aborted before is not in the task set any more: it is not
# lost. But a command that its own nexus aborts is never answered: by then its tag may belong to
# another command. Returns whether it is lost.
sub abort {
	my ($lu, $cmd, $by) = @_;

	if ($cmd->{aborted}) {
		$cmd->{aborted} = 'own' if $by eq 'own';
		return 0;
	}
	$cmd->{aborted} = $by;
	$cmd->{aborted_at} = $lu->{aborts};
	later($lu, 'complete', $cmd) if $cmd->{at} =~ /^(waiting|blocked)$/;
	return !$cmd->{answered};
}

# All commands of a nexus but one; returns how many are lost. With an attention, the nexus is
# notified by COMMANDS CLEARED BY ANOTHER INITIATOR, unless its commands get TASK ABORTED.
sub abort_nexus {
	my ($lu, $nexus, $by, $except, $attention) = @_;
	my $count = 0;

	for my $cmd (@{ $nexus->{cmds} }) {
		$count += abort($lu, $cmd, $by) if !$except || $cmd != $except;
	}
	Attention::raise($nexus, 'commands_cleared')
		if $count && $attention && $by eq 'other' && !$lu->{mode}{tas};
	return $count;
}

1;
