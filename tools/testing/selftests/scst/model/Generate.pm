# SPDX-License-Identifier: GPL-2.0
# The next step of a schedule: random, but possible in the model's state.
package Generate;
use strict;
use warnings;

# The limit of commands in flight
my $max_open = 10;

sub new {
	my ($class, $ports) = @_;

	return bless { ports => [('a' .. 'z')[0 .. $ports - 1]], sessions => 0, busy => 0 },
		$class;
}

sub one_of {
	return $_[rand @_];
}

sub chance {
	return rand() < $_[0];
}

sub next_step {
	my ($self, $lu) = @_;
	my @away = $self->away($lu);
	my @ends = ends($lu);
	my $open = Sam::all_commands($lu);

	# Functions must not wait for too long.
	$self->{busy} = @{ $lu->{waits} } ? $self->{busy} + 1 : 0;
	return $self->login(one_of(@away)) if @away && chance(@away == @{ $self->{ports} } ? 1 : .2);
	return one_of(@ends)
		if @ends && chance($self->{busy} > 30 ? .9 : $open < $max_open ? .35 : .95);
	return $self->other($lu);
}

sub ctx {
	return one_of('', '', ' ctx=softirq', ' ctx=hardirq');
}

sub away {
	my ($self, $lu) = @_;
	my %here = map { $_->{port} => 1 } Sam::present($lu);

	return grep { !$here{$_} } @{ $self->{ports} };
}

sub login {
	my ($self, $port) = @_;

	return $port . ++$self->{sessions} . ' login';
}

# The steps that let commands end
sub ends {
	my ($lu) = @_;
	my @ends;

	for my $cmd (Sam::all_commands($lu)) {
		my $who = $cmd->{nexus}{id};

		next if $cmd->{at} =~ /^(waiting|blocked|waits)$/;
		if ($cmd->{at} eq 'medium') {
			push @ends, "medium complete $cmd->{tag}" .
				one_of(('') x 6, ' status=08', ' sense=031100') . ctx();
		} else {
			my $fail = $cmd->{at} =~ /^(data|send)$/ && chance(.15);

			push @ends, "$who go $cmd->{tag}" . ($fail ? ' fail' : '') . ctx();
		}
	}
	return @ends;
}

sub other {
	my ($self, $lu) = @_;
	my $nexus = one_of(Sam::present($lu));
	my $dice = rand;

	return medium($lu) if $dice < .02;
	return "$nexus->{id} logout" if $dice < .04;
	return clear_aca($self, $lu) if $dice < .15 && faulted($lu);
	return tmf($self, $nexus) if $dice < .25;
	return command($self, $lu, $nexus);
}

sub medium {
	my ($lu) = @_;

	return "medium " . ($lu->{medium_holds} && !@{ $lu->{at_medium} } ? 'auto' : 'hold');
}

sub faulted {
	my ($lu) = @_;

	return grep { $_ } map { $_->{faulted} } values %{ $lu->{set} };
}

# Tags are a session's own, and there are few of them.
sub tag {
	my ($nexus, $lu) = @_;
	my ($number) = $nexus->{id} =~ /(\d+)/;
	my %used = map { $_->{tag} => $_ } @{ $nexus->{cmds} };
	my @overlapped = grep { $used{$_}{at} ne 'send' } keys %used;
	my @free = grep { !$used{$_} } map { $number * 100 + $_ } 0 .. $max_open + 10;

	return one_of(sort @overlapped) if @overlapped && chance(.02);
	return $free[0];
}

sub clear_aca {
	my ($self, $lu) = @_;
	my $id = one_of(sort(faulted($lu)));

	return tmf_line($id, 'clear_aca', 0);
}

sub tmf_line {
	my ($id, $function, $ref) = @_;
	my ($number) = $id =~ /(\d+)/;

	return sprintf '%s tmf %d %s ref=%d', $id, $number * 100 + 99, $function, $ref;
}

sub tmf {
	my ($self, $nexus) = @_;
	my @tags = map { $_->{tag} } @{ $nexus->{cmds} };
	my $function = one_of(('abort_task') x 6, qw(abort_task_set abort_task_set
		clear_task_set clear_task_set clear_aca lun_reset target_reset nexus_reset
		query_task query_task_set query_event query_event cold_reset));

	return tmf_line($nexus->{id}, $function, @tags && chance(.9) ? one_of(@tags) : 0);
}

my @attrs = (('simple') x 8, ('ordered') x 4, ('head') x 2, 'untagged');

sub command {
	my ($self, $lu, $nexus) = @_;
	my $op = one_of(('tur') x 4, ('read') x 4, ('write') x 8, qw(request_sense
		request_sense inquiry report_luns illegal illegal reserve6 release6
		release6), ('pr') x 6, ('mode_select') x 2);
	my $set = Sam::task_set($lu, $nexus);
	my $own = ($set->{faulted} // '') eq $nexus->{id};
	my @words = ($nexus->{id}, 'cmd', tag($nexus, $lu));
	my $held = 1;

	if ($op eq 'pr') {
		push @words, reservation();
	} elsif ($op eq 'mode_select') {
		my $line = mode_select($lu);

		$held = 0 if $line !~ /tst=$lu->{mode}{tst}/;
		push @words, $line;
	} else {
		push @words, $op;
		push @words, 'lba=' . int rand 4 if $op =~ /^(read|write)$/;
		push @words, sprintf 'byte=%02x', rand 256 if $op eq 'write';
	}
	push @words, 'attr=' . (chance($own ? .5 : .02) ? 'aca' : one_of(@attrs));
	push @words, 'naca=1' if chance(.15);
	push @words, 'data=hold' if $held && $words[3] =~ /^(write|pr_|mode)/ && chance(.5);
	push @words, 'send=' . one_of('hold', 'fail') if $held && chance(.08);
	push @words, 'hold=' . one_of(qw(decode check execute complete respond))
		if $held && chance(.1);
	return join(' ', @words) . ctx();
}

# TST changes the task sets themselves: only while they are empty
sub mode_select {
	my ($lu) = @_;
	my %mode = %{ $lu->{mode} };

	$mode{tst} = int rand 2 if !Sam::all_commands($lu);
	$mode{qerr} = one_of(0, 0, 1, 1, 3, 3, 2);
	$mode{alg} = one_of(0, 1, 1);
	$mode{intlck} = one_of(0, 0, 2, 3);
	$mode{$_} = one_of(0, 0, 1) for qw(tas swp desc);
	return join ' ', 'mode_select', map { "$_=$mode{$_}" } sort keys %mode;
}

sub reservation {
	my $op = one_of(('pr_register') x 4, 'pr_register_ignore', ('pr_reserve') x 3,
		'pr_release', 'pr_clear', 'pr_preempt', ('pr_preempt_abort') x 2, 'read_keys',
		'read_reservation');

	return $op if $op =~ /^read/;
	return sprintf '%s type=%d key=%d sa_key=%d', $op,
		one_of(1, 3, 5, 6, 7, 8, 1, 3, 5, 6, 7, 8, 2), rand 3, rand 3;
}

1;
