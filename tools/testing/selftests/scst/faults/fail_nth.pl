#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0
# usage: fail_nth.pl N OPERATION PATH [VALUE]
#
# Does one system call of which the Nth allocation fails. Prints "fired" if there
# was one, else "spent", and how the call ended: "ok" or the errno's name.
use strict;
use warnings;
use Errno;

my ($n, $operation, $path, $value) = @ARGV;
my ($nth, $file, $left);
my %operations = (
	mkdir => sub { mkdir $path },
	rmdir => sub { rmdir $path },
	link  => sub { symlink $value, $path },
	write => sub { syswrite $file, "$value\n" },
);

open $nth, '+<', '/proc/self/fail-nth' or die "fail-nth: $!";
if ($operation eq 'write') {
	open $file, '+<', $path or die "$path: $!";
}
my $call = $operations{$operation};
syswrite $nth, $n;
my $done = $call->();
my $error = $!;
sysseek $nth, 0, 0;
sysread $nth, $left, 16;
sysseek $nth, 0, 0;
syswrite $nth, 0;
my ($name) = grep { !$done && $error == Errno->$_ } keys %!;
print $left == 0 ? 'fired' : 'spent', ' ', $done ? 'ok' : $name // $error + 0, "\n";
