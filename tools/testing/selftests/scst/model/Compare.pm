# SPDX-License-Identifier: GPL-2.0
# Whether the target did what the model allows.
#
# The model may continue in several ways (Sam::choose()): all states that fit the results are kept.
package Compare;
use strict;
use warnings;
use Storable qw(dclone freeze);

# Ways to try from one state in one step, and states to keep: the rest is ignored.
my ($max_ways, $max_states) = (4096, 16);

sub new {
	my ($class) = @_;

	return bless { states => [Sam::new()] }, $class;
}

sub state {
	my ($self) = @_;

	return $self->{states}[0];
}

# The next answers to choose() that have not been tried; none if all have
sub next_answers {
	my @asked = @Sam::asked;

	while (@asked) {
		my ($answer, $n) = @{ pop @asked };

		return (map({ $_->[0] } @asked), $answer + 1) if $answer + 1 < $n;
	}
	return;
}

# All states that a step may lead to
sub ways {
	my ($self, $step) = @_;
	my @ways;

	for my $state (@{ $self->{states} }) {
		@Sam::answers = ();
		for (1 .. $max_ways) {
			my $lu = dclone($state);

			@Sam::asked = ();
			$lu->{results} = {};
			Step::run($lu, $step);
			push @ways, $lu;
			@Sam::answers = next_answers() or last;
		}
	}
	return @ways;
}

sub text {
	my ($results) = @_;

	return join '', map {
		my $who = $_;

		map { "$who $_\n" } sort @{ $results->{$who} };
	} sort keys %$results;
}

# The ends of aborted commands that must come before each response to a function
sub aborted_before {
	my ($lines) = @_;
	my (@aborted, %before);

	for (@$lines) {
		push @aborted, $_ if / aborted$/;
		$before{$_} = [@aborted] if / response=/;
	}
	return \%before;
}

sub in_order {
	my ($wanted, $seen) = @_;

	for my $who (keys %$wanted) {
		my $wanted = aborted_before($wanted->{$who});
		my $seen = aborted_before($seen->{$who});

		for my $answer (keys %$wanted) {
			my %is_before = map { $_ => 1 } @{ $seen->{$answer} };

			return 0 if grep { !$is_before{$_} } @{ $wanted->{$answer} };
		}
	}
	return 1;
}

sub places {
	my ($lu) = @_;

	return join '', sort map { "$_->{nexus}{id} " . Step::where($_) . "\n" }
		Sam::all_commands($lu);
}

# Where the target has the commands that a model knows
sub places_of_target {
	my ($probe, $lu) = @_;

	return join '', sort map { "$_->{nexus}{id} " .
		$probe->where($_->{nexus}{id}, $_->{tag}) . "\n" } Sam::all_commands($lu);
}

# Does a step; returns undef, or the expected and the actual results.
sub step {
	my ($self, $probe, $step, $look) = @_;
	my @ways = $self->ways($step);
	my ($seen, $wanted);

	$probe->run($step);
	my $results = $probe->results;
	$seen = text($results);
	$wanted = text($ways[0]{results});
	my @fits = grep { text($_->{results}) eq $seen &&
			  in_order($_->{results}, $results) } @ways;
	if (@fits && ($look || @ways > 1)) {
		my $places = places_of_target($probe, $fits[0]);

		$wanted = places($fits[0]);
		$seen = $places;
		@fits = grep { places($_) eq $places } @fits;
	}
	return { wanted => $wanted, seen => $seen, before => describe($self->state) } if !@fits;
	my @old = @{ $self->{states} };
	$self->keep($probe, @fits);
	$self->drop(@old, @ways);
	return;
}

# Commands and nexuses refer to each other: that would keep their memory.
sub drop {
	my ($self, @states) = @_;
	my %kept = map { $_ => 1 } @{ $self->{states} };

	for my $lu (grep { !$kept{$_} } @states) {
		%$_ = () for Sam::all_commands($lu);
	}
}

# A state as readable text
sub describe {
	my ($lu) = @_;
	my %mode = %{ $lu->{mode} };
	my %set = %{ $lu->{set} };
	my $text = join(' ', 'mode', map { "$_=$mode{$_}" } sort keys %mode) . "\n";

	$text .= "ACA condition of $set{$_}{faulted}\n"
		for grep { $set{$_}{faulted} } sort keys %set;
	for my $nexus (@{ $lu->{nexuses} }) {
		$text .= "$nexus->{id} " . join(' ', @{ $nexus->{attentions} }) . "\n";
		$text .= '  ' . Step::where($_) . " $_->{line}\n" for @{ $nexus->{cmds} };
	}
	$text .= "waits: $_->{tmf}{line}\n" for grep { $_->{tmf} } @{ $lu->{waits} };
	return $text;
}

sub keep {
	my ($self, $probe, @states) = @_;
	my %kept;

	for my $lu (@states) {
		reap($probe, $lu);
		last if keys %kept == $max_states;
		local $Storable::canonical = 1;
		$kept{ @states > 1 ? freeze($lu) : 0 } //= $lu;
	}
	$self->{states} = [@kept{ sort keys %kept }];
}

# A nexus that has logged out and has no commands left is dropped.
sub reap {
	my ($probe, $lu) = @_;
	my %waits = map { $_->{tmf}{nexus}{id} => 1 } grep { $_->{tmf} } @{ $lu->{waits} };

	my @gone = grep { $_->{gone} } @{ $lu->{nexuses} };

	$lu->{results} = {};
	for my $nexus (@gone) {
		next if @{ $nexus->{cmds} } || $waits{ $nexus->{id} };
		@{ $lu->{nexuses} } = grep { $_ != $nexus } @{ $lu->{nexuses} };
		delete $lu->{set}{ $nexus->{id} };
		$probe->close($nexus->{id});
	}
}

1;
