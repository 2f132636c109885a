# SPDX-License-Identifier: GPL-2.0
# The target: a device and a port of scst_probe (modules/probe.h), used by nothing else.
package Probe;
use strict;
use warnings;
use Errno qw(EAGAIN);
use Fcntl;
use Step;

my ($configfs, $debugfs) = qw(/sys/kernel/config/scst /sys/kernel/debug/scst_probe);
my ($device, $target) = qw(devices/probe/model targets/probe/model);

sub attr {
	my ($path, $value) = @_;

	sysopen my $file, "$configfs/$path", O_WRONLY or die "$path: $!\n";
	defined syswrite $file, $value or die "$path: $!\n";
}

sub make_dirs {
	my ($path) = @_;

	mkdir "$configfs/$path" or $!{EEXIST} or die "$path: $!\n";
}

sub new {
	my ($class) = @_;
	my $self = bless { sessions => {}, ops => {} }, $class;

	make_dirs($_) for $device =~ s,/[^/]*$,,r, $device, $target =~ s,/[^/]*$,,r, $target,
		"$target/luns/0";
	# Functions may have to wait for as long as the schedule goes on.
	attr("$device/fence_ms", 60000);
	attr("$device/enable", 1);
	symlink "$configfs/$device", "$configfs/$target/luns/0/model" or die "luns/0: $!\n";
	attr("$target/enable", 1);
	$self->{control} = open_file("$debugfs/model");
	$self->{medium} = open_file("$debugfs/devices/model");
	return $self;
}

sub open_file {
	my ($path) = @_;

	sysopen my $file, $path, O_RDWR | O_NONBLOCK or die "$path: $!\n";
	return $file;
}

sub request {
	my ($file, $line) = @_;

	defined syswrite $file, $line or die "$line: $!\n";
}

# All sessions release their held commands before one is waited for: they may wait for each other's
# commands.
sub remove {
	my ($self) = @_;

	request($self->{medium}, 'auto');
	attr("$target/enable", 0);
	%$self = ();
	unlink "$configfs/$target/luns/0/model";
	rmdir "$configfs/$_" for "$target/luns/0", $target;
	attr("$device/enable", 0);
	rmdir "$configfs/$device" or die "$device: $!\n";
}

sub run {
	my ($self, $step) = @_;
	my ($who, $verb) = @$step{qw(who verb)};

	if ($who eq 'medium') {
		request($self->{medium}, Step::medium_request($step));
	} else {
		$self->{sessions}{$who} = open_file("$debugfs/model") if $verb eq 'login';
		$self->{ops}{$who}{ $step->{tag} } = $step->{op} if $verb eq 'cmd';
		request($self->{sessions}{$who}, Step::request($step));
	}
	request($self->{control}, 'sync');
}

# A session that has logged out, and has no commands any more
sub close {
	my ($self, $who) = @_;

	delete $self->{sessions}{$who};
}

# Results of each session, spelt as the model does
sub results {
	my ($self) = @_;
	my %results;

	for my $who (keys %{ $self->{sessions} }) {
		my $file = $self->{sessions}{$who};

		while (sysread $file, my $line, 4096) {
			push @{ $results{$who} }, $self->translate($who, $line);
		}
	}
	return \%results;
}

sub where {
	my ($self, $who, $tag) = @_;
	my $file = $self->{sessions}{$who};

	request($file, "where $tag");
	sysread $file, my $line, 4096;
	chomp $line;
	return $line;
}

# Sense key, additional sense code and qualifier, fixed or descriptor format
sub sense {
	my ($hex) = @_;
	my @byte = map { hex } $hex =~ /../g;

	return sprintf '%02x%02x%02xf', $byte[2] & 0xf, @byte[12, 13] if $byte[0] == 0x70;
	return sprintf '%02x%02x%02xd', @byte[1 .. 3] if $byte[0] == 0x72;
	return "?$hex";
}

sub data {
	my ($op, $hex) = @_;

	return substr sense($hex), 0, 6 if $op eq 'request_sense';
	return substr $hex, 0, 16 + 2 * hex substr $hex, 8, 8 if $op =~ /^read_/;
	return $hex;
}

sub translate {
	my ($self, $who, $line) = @_;
	my ($tag) = $line =~ /^(\d+)/;

	chomp $line;
	$line =~ s/ residual=\S+//;
	$line =~ s/ sense=(\S*)/$1 ? ' sense=' . sense($1) : ''/e;
	$line =~ s/ data=(\S*)/$1 ? ' data=' . data($self->{ops}{$who}{$tag}, $1) : ''/e;
	return $line;
}

1;
