#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0
# A hostile iSCSI initiator. A run takes one to three exchanges of the corpus, changes them, and
# plays them to the target at the same time, cut into random segments, and broken off at random
# places. Run N of --seed S is run 1 of --seed S+N-1.
#
# usage: iscsi_fuzz.pl [--seed N] [--runs N] [--seconds N] [--phase login|full]
#	[--sessions DIRECTORY] [--memory MIB] [--save FILE] [--replay FILE] CORPUS-FILE...
#
# --sessions: where configfs has the target's sessions; none may be left.
# --memory: by how much the machine's memory may shrink while it lasts.
# --save writes the actions of the last run, --replay repeats them.
use strict;
use warnings;
use FindBin;
use Getopt::Long;
use Socket qw(SOL_SOCKET SO_LINGER IPPROTO_TCP TCP_NODELAY);
use Time::HiRes qw(sleep time);

# The functions of an initiator, which must not see our arguments
BEGIN {
	local @ARGV = ();
	require "$FindBin::Bin/../lib/iscsi_pdu.pl";
	require "$FindBin::Bin/exchange.pl";
	require "$FindBin::Bin/mutate.pl";
}

our ($portal, $initiator, $sock, $cmdsn, $expstatsn, $hdigest, $ddigest);
my %opt = (seed => 1, runs => 100, seconds => 1e9, phase => 'login', memory => 256);
GetOptions(\%opt, 'seed=i', 'runs=i', 'seconds=i', 'phase=s', 'sessions=s', 'memory=i', 'save=s',
	   'replay=s') or exit 2;
my @corpus = map { [load_exchange($_)] } @ARGV;
my ($save, $noted);

# A target that works answers within these seconds.
use constant PATIENCE => 20;

# --- connections

# A connection that is played: {sock} undef before and after; {ttt} by ITT
sub connect_as {
	my ($conn) = @_;
	$conn->{sock} = IO::Socket::INET->new(PeerAddr => $portal, Proto => 'tcp', Timeout => 5)
		or fail "cannot connect to $portal: $!";
	setsockopt $conn->{sock}, IPPROTO_TCP, TCP_NODELAY, 1;
	$conn->{sock}->blocking(0);
}

# The rest is dropped if the target does not read.
sub send_raw {
	my ($conn, $bytes) = @_;
	my $until = time + 0.2;
	local $SIG{PIPE} = 'IGNORE';
	while (length $bytes && time < $until) {
		my $n = syswrite $conn->{sock}, $bytes;
		last if !defined $n && !$!{EAGAIN};
		$n ? substr($bytes, 0, $n, '') : IO::Select->new($conn->{sock})->can_write(0.05);
	}
}

# Note the tags of R2Ts. The target's PDUs become complete sooner or later.
sub look_at {
	my ($conn) = @_;
	while (length $conn->{in} >= 48) {
		my ($ahs, $len) = unpack 'x4 C X N', $conn->{in};
		my $whole = 48 + 4 * $conn->{hdigest} + ($len & 0xffffff);
		$whole += -$len & 3;
		$whole += 4 * $conn->{ddigest} if $len & 0xffffff;
		last if length $conn->{in} < $whole;
		my ($opcode, $itt, $ttt) = unpack 'C x15 N N', $conn->{in};
		push @{$conn->{ttt}{$itt}}, $ttt if $opcode == 0x31;
		substr $conn->{in}, 0, $whole, '';
	}
}

# take CONN, SECONDS: receive until nothing arrives for SECONDS.
sub take {
	my ($conn, $seconds) = @_;
	my $select = IO::Select->new($conn->{sock});
	for (1 .. 50) {
		$select->can_read($seconds) or return;
		my $n = sysread $conn->{sock}, $conn->{in}, 262144, length $conn->{in};
		return if !$n;
		look_at($conn);
	}
}

sub close_as {
	my ($conn, $how) = @_;
	return shutdown $conn->{sock}, 1 if $how eq 'half';
	setsockopt $conn->{sock}, SOL_SOCKET, SO_LINGER, pack('ii', 1, 0) if $how eq 'rst';
	close delete $conn->{sock};
	$conn->{over} = 1;
}

# A solicited Data-Out gets the tag of the R2T that came.
sub pdu_bytes {
	my ($conn, $header, $data) = @_;
	my ($opcode, $itt, $ttt) = unpack 'C x15 N N', $header;
	if ($opcode == 5 && $ttt != 0xffffffff) {
		take($conn, 0.05);
		my $asked = shift @{$conn->{ttt}{$itt} // []};
		substr($header, 20, 4) = pack 'N', $asked if defined $asked;
	}
	my $out = $header;
	$out .= crc32c($header) if $conn->{hdigest};
	$out .= $data . pad($data);
	$out .= crc32c($data . pad($data)) if $conn->{ddigest} && length $data;
	return $out;
}

# For --save: ACTION of CONN
sub note {
	my ($conn, $action) = @_;
	return if !$save;
	push @$save, ['conn', $conn->{number}] if $noted != $conn->{number};
	push @$save, $action;
	$noted = $conn->{number};
}

# perform CONN, ACTION
sub perform {
	my ($conn, $name, @rest) = @_;
	return if $conn->{over};
	connect_as($conn) if !$conn->{sock};
	@$conn{qw(hdigest ddigest)} = @rest if $name eq 'digests';
	($name, @rest) = ('raw', pdu_bytes($conn, @rest)) if $name eq 'pdu';
	return if $name eq 'raw' && $rest[0] eq '';
	note($conn, [$name, @rest]);
	send_raw($conn, $rest[0]) if $name eq 'raw';
	take($conn, $rest[0]) if $name eq 'read';
	sleep $rest[0] if $name eq 'pause';
	close_as($conn, $rest[0]) if $name eq 'close';
}

# --- a run

# Some segments with a pause between them, some with none
sub cut {
	my ($bytes) = @_;
	my @cuts;
	while (length $bytes > 1 && @cuts < 6) {
		push @cuts, ['raw', substr $bytes, 0, 1 + random(length $bytes), ''];
		push @cuts, ['pause', pick(0, 0.001, 0.004)] if chance(0.5);
	}
	return @cuts, ['raw', $bytes];
}

# play CONN, ACTION: a PDU in one segment, in several, or with the one after it
sub play {
	my ($conn, $action, $style) = @_;
	return perform($conn, @$action) if $action->[0] ne 'pdu' || $style == 0;
	connect_as($conn) if !$conn->{sock} && !$conn->{over};
	return if $conn->{over};
	$conn->{out} .= pdu_bytes($conn, @$action[1, 2]);
	return if $style == 1 && chance(0.5);
	perform($conn, @$_) for $style == 2 ? cut($conn->{out}) : ['raw', $conn->{out}];
	$conn->{out} = '';
}

# The first action that may be changed: in full feature phase, the one after the log-in
sub first_to_change {
	my (@actions) = @_;
	return 0 if $opt{phase} eq 'login';
	my ($last) = grep { $actions[$_][0] eq 'pdu' && opcode_of($actions[$_][1]) == 3 }
		reverse 0 .. $#actions;
	return ($last // -1) + 1;
}

# In the log-in phase, most PDUs after the log-in are left out.
sub choose_exchange {
	my @actions = map { [@$_] } @{pick(@corpus)};
	my $first = first_to_change(@actions);
	if ($opt{phase} eq 'login') {
		@actions = grep { $_->[0] ne 'pdu' || opcode_of($_->[1]) == 3 || chance(0.1) } @actions;
	} elsif (chance(0.3)) {
		push @actions, grep { $_->[0] eq 'pdu' && opcode_of($_->[1]) != 3 } map { [@$_] }
			@{pick(@corpus)};
	}
	return mutate_exchange($first, @actions);
}

# Another ISID, so that the log-in does not just replace the session beside it
sub rename_session {
	my ($isid, @actions) = @_;
	for (grep { $_->[0] eq 'pdu' && opcode_of($_->[1]) == 3 } @actions) {
		substr($_->[1], 13, 1) = chr $isid;
	}
	return @actions;
}

sub new_conn {
	my ($number) = @_;
	my @actions = choose_exchange();
	@actions = rename_session($number, @actions) if chance(0.7);
	splice @actions, random(@actions + 1) if chance(0.15);
	push @actions, ['read', 0.02] if chance(0.5);
	push @actions, ['close', 'half'], ['read', 0.02] if chance(0.1);
	return { number => $number, actions => \@actions, style => random(3), wait => chance(0.7),
		in => '', out => '', hdigest => 0, ddigest => 0, ttt => {} };
}

# One action of a connection; the answer to a log-in request is usually waited for.
sub step {
	my ($conn) = @_;
	my $action = shift @{$conn->{actions}};
	if (!$action) {
		perform($conn, 'raw', substr $conn->{out}, 0, random(length $conn->{out})) if
			$conn->{out};
		return perform($conn, 'close', pick('fin', 'rst'));
	}
	play($conn, $action, $conn->{style});
	perform($conn, 'read', 0.01) if $conn->{wait} && $action->[0] eq 'pdu' &&
		opcode_of($action->[1]) == 3;
}

sub run {
	my ($seed) = @_;
	srand $seed;
	($save, $noted) = ([], 0) if $opt{save};
	my @conns = map { new_conn($_) } 1 .. pick(1, 1, 2, 3);
	while (my @open = grep { !$_->{over} } @conns) {
		step(pick(@open));
	}
	save_actions() if $opt{save};
}

sub save_actions {
	open my $out, '>', $opt{save} or die "$opt{save}: $!\n";
	print $out format_action($_), "\n" for @$save;
	close $out;
}

sub replay {
	my (%conns, $conn);
	for (load_exchange($opt{replay}), map { ['conn', $_], ['close', 'fin'] } 1 .. 3) {
		my ($name, @rest) = @$_;
		$conn = $conns{$rest[0]} //= { number => $rest[0], in => '', hdigest => 0, ddigest => 0,
			ttt => {} } if $name eq 'conn';
		next if $name eq 'conn' || $name eq 'close' && !$conn->{sock};
		perform($conn, $name, @rest);
	}
}

# --- what must hold afterwards

# answer ITT: the status and the data of a command; other PDUs are ignored.
sub answer {
	my ($tag) = @_;
	my $data = '';
	while (1) {
		my $p = receive(PATIENCE) // fail 'the connection ended';
		next if $p->{itt} != $tag;
		$data .= $p->{data} if $p->{opcode} == 0x25;
		return ($p->{b3}, $data) if $p->{opcode} == 0x21 || $p->{opcode} == 0x25 && $p->{flags} & 1;
	}
}

sub status_of {
	my ($status) = answer(scsi(@_));
	return $status;
}

# The logical unit becomes ready, whatever was done to it, and even if there are reservations.
sub recover {
	my $tag = next_itt();
	put(pdu(0x42, 0x85, pack('x8 N N N N N', $tag, 0xffffffff, $cmdsn, $expstatsn, 0)));
	expect(0x22, itt => $tag, b2 => 0);
	for (1 .. 8) {
		return if !status_of(0x80, 0, "\0" x 6);
	}
	status_of(0xa0, 24, pack('C C x6 C x', 0x5f, 6, 24), pack 'x8 Q> x8', 1);
	status_of(0xa0, 24, pack('C C x6 C x', 0x5f, 3, 24), pack 'Q> x16', 1);
	!status_of(0x80, 0, "\0" x 6) or fail 'not ready';
}

sub io_works {
	local $initiator = 'iqn.2026-11.org.example:good';
	login();
	recover();
	my $block = pack('N', random(1 << 31)) x 128;
	!status_of(0xa0, 512, write_10(8, 1), $block) or fail 'WRITE fails';
	my ($status, $data) = answer(scsi(0xc0, 512, read_10(8, 1)));
	!$status && $data eq $block or fail 'what was written is not what is read';
	close_conn();
}

sub no_session_left {
	return if !$opt{sessions};
	my $until = time + PATIENCE;
	while (my @left = glob "$opt{sessions}/*") {
		time < $until or fail "sessions are left: @left";
		sleep 0.02;
	}
}

sub memory {
	open my $in, '<', '/proc/meminfo' or return 0;
	my ($kib) = join('', <$in>) =~ /MemAvailable:\s+(\d+)/;
	return $kib >> 10;
}

my $memory = memory();

sub memory_is_bounded {
	my $lost = $memory - memory();
	$lost <= $opt{memory} or fail "$lost MiB of memory are gone";
}

# A log-in may have to wait until those that were broken off have ended.
sub check {
	memory_is_bounded();
	no_session_left();
	io_works();
	no_session_left();
}

sub kernel_note {
	open my $out, '>', '/dev/kmsg' or return;
	print $out "iscsi_fuzz: @_\n";
}

sub fuzz {
	my $end = time + $opt{seconds};
	my $n = 0;
	while ($n < $opt{runs} && time < $end) {
		my $seed = $opt{seed} + $n++;
		kernel_note("--phase $opt{phase} --seed $seed") if $n % 16 == 1;
		run($seed);
		eval { check() if $n % 16 == 0; 1 } or die "runs up to --seed $seed: $@";
	}
	print "$n runs from --seed $opt{seed}\n";
}

$opt{replay} ? replay() : fuzz();
check();
