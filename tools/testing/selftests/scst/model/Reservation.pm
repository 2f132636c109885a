# SPDX-License-Identifier: GPL-2.0
# Persistent reservations, SPC-5 5.14, and RESERVE(6) and RELEASE(6) of SPC-2.
#
# regs: registrations in order, { port, key }; type: 0, or of the reservation; holder: the
# registration that holds it, unless all registrants do.
package Reservation;
use strict;
use warnings;

my ($we, $ea, $we_ro, $ea_ro, $we_ar, $ea_ar) = (1, 3, 5, 6, 7, 8);

sub none {
	return { generation => 0, regs => [], type => 0, holder => undef };
}

sub all_registrants {
	return $_[0] == $we_ar || $_[0] == $ea_ar;
}

sub registrants_only {
	return $_[0] == $we_ro || $_[0] == $ea_ro;
}

sub registration {
	my ($pr, $nexus) = @_;
	my ($reg) = grep { $_->{port} eq $nexus->{port} } @{ $pr->{regs} };

	return $reg;
}

sub holds {
	my ($pr, $reg) = @_;

	return 0 if !$pr->{type} || !$reg;
	return all_registrants($pr->{type}) || $pr->{holder} == $reg;
}

# --- conflicts

my %reads = map { $_ => 1 } qw(read);
my %always = map { $_ => 1 } qw(request_sense inquiry report_luns);
# These check for conflicts themselves.
my %own = map { $_ => 1 } qw(reserve6 release6 read_keys read_reservation pr_register
	pr_register_ignore pr_reserve pr_release pr_clear pr_preempt pr_preempt_abort);

# SPC-5 tables 70 and 71, SBC-4 table 12; SPC-2 table 10
sub conflicts {
	my ($lu, $cmd) = @_;
	my ($op, $nexus, $pr) = ($cmd->{op}, $cmd->{nexus}, $lu->{pr});
	my $reg = registration($pr, $nexus);

	return 0 if $always{$op} || $own{$op};
	return $lu->{reserved_by} ne $nexus->{id} if defined $lu->{reserved_by};
	return 0 if !$pr->{type} || $op eq 'tur';
	return 0 if $reg && (registrants_only($pr->{type}) || holds($pr, $reg));
	return 0 if $reads{$op} && $pr->{type} =~ /^($we|$we_ro|$we_ar)$/;
	return 1;
}

# --- RESERVE and RELEASE; SPC-5 5.14.3: registrations decide their result

sub persistent {
	my ($lu, $cmd) = @_;
	my $pr = $lu->{pr};
	my $reg = registration($pr, $cmd->{nexus});

	return 0 if !@{ $pr->{regs} };
	$cmd->{status} = '18' if !$reg || !$pr->{type} ||
		!(registrants_only($pr->{type}) || holds($pr, $reg));
	return 1;
}

sub reserve {
	my ($lu, $cmd) = @_;
	my $id = $cmd->{nexus}{id};

	return if persistent($lu, $cmd);
	if (($lu->{reserved_by} // $id) ne $id) {
		$cmd->{status} = '18';
	# A nexus that has logged out gets no reservation, as it would not release it.
	} elsif ($cmd->{nexus}{gone}) {
		$cmd->{status} = '08';
	} else {
		$lu->{reserved_by} = $id;
	}
}

sub release {
	my ($lu, $cmd) = @_;

	return if persistent($lu, $cmd);
	$lu->{reserved_by} = undef if ($lu->{reserved_by} // '') eq $cmd->{nexus}{id};
}

# --- PERSISTENT RESERVE IN, SPC-5 6.16

sub in {
	my ($lu, $cmd) = @_;
	my $pr = $lu->{pr};
	my $list = '';

	# SPC-2 5.5.1
	return $cmd->{status} = '18' if defined $lu->{reserved_by};
	if ($cmd->{op} eq 'read_keys') {
		$list .= sprintf '%016x', $_->{key} for @{ $pr->{regs} };
	} elsif ($pr->{type}) {
		$list = sprintf '%016x00000000%04x0000',
			all_registrants($pr->{type}) ? 0 : $pr->{holder}{key}, $pr->{type};
	}
	$cmd->{data} = sprintf '%08x%08x%s', $pr->{generation}, length($list) / 2, $list;
}

# --- PERSISTENT RESERVE OUT, SPC-5 6.17 and 5.14.5 to 5.14.11

sub out {
	my ($lu, $cmd) = @_;

	act($lu, $cmd) if !$cmd->{aborted} && !invalid_type($lu, $cmd);
	Sam::complete($lu, $cmd) if $cmd->{at} ne 'waits';
}

sub act {
	my ($lu, $cmd) = @_;
	my $reg = registration($lu->{pr}, $cmd->{nexus});

	# SPC-2 5.5.1
	return $cmd->{status} = '18' if defined $lu->{reserved_by};
	return register($lu, $cmd, $reg) if $cmd->{op} =~ /register/;
	# 5.14.1
	return $cmd->{status} = '18' if !$reg || $reg->{key} != $cmd->{key};
	no strict 'refs';
	&{ $cmd->{op} }($lu, $cmd, $reg);
}

# The CDB is checked first.
sub invalid_type {
	my ($lu, $cmd) = @_;

	return 0 if $cmd->{op} !~ /^pr_(reserve|release)$/;
	return 0 if $cmd->{type} =~ /^($we|$ea|$we_ro|$ea_ro|$we_ar|$ea_ar)$/;
	Sam::check_condition($lu, $cmd, '052400');
	return 1;
}

sub announce {
	my ($lu, $except, $what, @regs) = @_;

	for my $nexus (Sam::present($lu)) {
		next if $nexus == $except;
		Attention::raise($nexus, $what)
			if grep { $_->{port} eq $nexus->{port} } @regs;
	}
}

sub remove {
	my ($pr, @gone) = @_;
	my %gone = map { $_->{port} => 1 } @gone;

	@{ $pr->{regs} } = grep { !$gone{ $_->{port} } } @{ $pr->{regs} };
}

# 5.14.7; unregistering 5.14.11.2.3
sub register {
	my ($lu, $cmd, $reg) = @_;
	my $pr = $lu->{pr};

	if ($cmd->{op} eq 'pr_register' && $cmd->{key} != ($reg ? $reg->{key} : 0)) {
		return $cmd->{status} = '18';
	}
	return if !$reg && !$cmd->{sa_key};
	$pr->{generation}++;
	if (!$reg) {
		push @{ $pr->{regs} }, { port => $cmd->{nexus}{port}, key => $cmd->{sa_key} };
	} elsif ($cmd->{sa_key}) {
		$reg->{key} = $cmd->{sa_key};
	} else {
		unregister($lu, $cmd->{nexus}, $reg);
	}
}

sub unregister {
	my ($lu, $nexus, $reg) = @_;
	my $pr = $lu->{pr};
	my $held = holds($pr, $reg);

	remove($pr, $reg);
	return if !$held || (all_registrants($pr->{type}) && @{ $pr->{regs} });
	announce($lu, $nexus, 'reservations_released', @{ $pr->{regs} })
		if registrants_only($pr->{type});
	@$pr{qw(type holder)} = (0, undef);
}

# 5.14.9
sub pr_reserve {
	my ($lu, $cmd, $reg) = @_;
	my $pr = $lu->{pr};

	if (!$pr->{type}) {
		@$pr{qw(type holder)} = ($cmd->{type}, $reg);
	} elsif (!holds($pr, $reg) || $pr->{type} != $cmd->{type}) {
		$cmd->{status} = '18';
	}
}

# 5.14.11.2
sub pr_release {
	my ($lu, $cmd, $reg) = @_;
	my $pr = $lu->{pr};

	return if !holds($pr, $reg);
	return Sam::check_condition($lu, $cmd, '052604') if $pr->{type} != $cmd->{type};
	announce($lu, $cmd->{nexus}, 'reservations_released', @{ $pr->{regs} })
		if $pr->{type} != $we && $pr->{type} != $ea;
	@$pr{qw(type holder)} = (0, undef);
}

# 5.14.11.4
sub pr_clear {
	my ($lu, $cmd) = @_;
	my $pr = $lu->{pr};

	announce($lu, $cmd->{nexus}, 'reservations_preempted', @{ $pr->{regs} });
	$lu->{pr} = { %{ none() }, generation => $pr->{generation} + 1 };
}

# 5.14.11.3
sub pr_preempt {
	my ($lu, $cmd, $reg) = @_;
	my $pr = $lu->{pr};
	my $key = $cmd->{sa_key};
	my $reservation = $pr->{type} && (all_registrants($pr->{type}) ? !$key :
					  $pr->{holder}{key} == $key);
	my @found = grep { !$key || $_->{key} == $key } @{ $pr->{regs} };
	# The sender that takes the reservation stays registered.
	my @victims = grep { !$reservation || $_ != $reg } @found;
	my $old_type = $pr->{type};

	return Sam::check_condition($lu, $cmd, '052600') if !$key && !$reservation;
	return Sam::check_condition($lu, $cmd, '052400')
		if $reservation && $cmd->{type} !~ /^($we|$ea|$we_ro|$ea_ro|$we_ar|$ea_ar)$/;
	return $cmd->{status} = '18' if !@found;
	remove($pr, @victims);
	$pr->{generation}++;
	if ($reservation) {
		@$pr{qw(type holder)} = ($cmd->{type}, $reg);
		announce($lu, $cmd->{nexus}, 'reservations_released', @{ $pr->{regs} })
			if $old_type != $cmd->{type};
	} elsif (!@{ $pr->{regs} }) {
		@$pr{qw(type holder)} = (0, undef);
	}
	abort_victims($lu, $cmd, @victims) if Sam::is_preempt_abort($cmd);
	announce($lu, $cmd->{nexus}, 'registrations_preempted', grep { $_ != $reg } @victims);
	return if !Sam::is_preempt_abort($cmd);
	$cmd->{at} = 'waits';
	push @{ $lu->{waits} }, { kind => 'lu', cmd => $cmd, since => $lu->{aborts}++ };
}

sub pr_preempt_abort { pr_preempt(@_) }

# 5.14.11.3: PREEMPT AND ABORT: their commands, and their ACA conditions; the sender may be
# one of them
sub abort_victims {
	my ($lu, $cmd, @victims) = @_;

	for my $nexus (Sam::present($lu)) {
		next if !grep { $_->{port} eq $nexus->{port} } @victims;
		Sam::abort_nexus($lu, $nexus, $nexus == $cmd->{nexus} ? 'own' : 'other', $cmd);
		Sam::clear_aca($lu, $nexus);
	}
}

1;
