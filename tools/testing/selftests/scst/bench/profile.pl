#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0
# Where a command's instructions go: profile.pl FOLDER NAME COMMANDS [LINES]. The folder has
# three snapshots of the plugin profile.c, counts.NAME.0, .1 and .2, between which a short and
# a long run were made, which differ by so many commands; and kallsyms of the same boot.
# Prints the sums of the stages, then the dearest functions.
use strict;
use warnings;

my ($folder, $name, $commands, $lines) = @ARGV;
$commands or die "usage: profile.pl FOLDER NAME COMMANDS [LINES]\n";

# Functions of the kernel proper, by purpose; the first that fits counts.
my @stages = (
	[ 'copying and clearing' => qr/^(mem(cpy|set|move)|copy_user|clear_page|_copy_)/ ],
	[ 'network' => qr/^_?_?(tcp|ip|ipv4|inet|sk|skb|sock|net|dev|kfree_skb|alloc_skb|copy_skb|
		napi|loopback|eth|kernel_sendpage|kernel_sendmsg|neigh|dst|qdisc|netif|validate_xmit|
		process_backlog|enqueue_to_backlog|simple_copy_to_iter|cubictcp|raw_local)/x ],
	[ 'scheduler and workqueues' => qr/^_?_?(psi|sched|update_(load|curr|rq|min|cfs)|pick_next|
		enqueue_(task|entity)|dequeue_(task|entity)|ttwu|try_to_wake|wake|switch|finish_task|
		prepare_(task|to)|check_preempt|set_next|put_prev|place_entity|queue_work|insert_work|
		process_one_work|worker|native_sched_clock|rcu_note|context_switch|pwq|kick_pool|
		reweight|calc_delta|default_wake|autoremove|native_load)/x ],
	[ 'block layer' => qr/^_?_?(blk|bio|sbitmap|submit_bio|elv|mempool|bvec|blkdev|blockdev|
		part_|disk_)/x ],
	[ 'file system' => qr/^(shmem|filemap|generic_(file|perform)|vfs|ext4|kiocb|file_|
		folio|xas|xa_)/x ],
	[ 'system calls of fio' => qr/^(io_(submit|getevents)|do_io|aio|read_events|lookup_ioctx|
		entry_SYSCALL|syscall|do_syscall|x64_sys|__x64|internal_get_user|fget|fput)/x ],
);

sub read_symbols {
	my @symbols;

	open my $file, '<', "$folder/kallsyms" or die "$folder/kallsyms: $!\n";
	while (<$file>) {
		my ($address, $type, $symbol, $module) = split;

		push @symbols, [ $address, $symbol, $module // '' ] if $type =~ /^[tTwW]$/;
	}
	return sort { $a->[0] cmp $b->[0] } @symbols;
}

sub read_counts {
	my ($file_name) = @_;
	my %counts;

	open my $file, '<', $file_name or die "$file_name: $!\n";
	while (<$file>) {
		my ($address, $count) = split;

		$counts{$address} = $count;
	}
	return \%counts;
}

my @symbols = read_symbols();
my @counts = map { read_counts("$folder/counts.$name.$_") } 0 .. 2;

# The symbol at or before an address; addresses have 16 digits, so their order is that of
# their text.
sub symbol_at {
	my ($address) = @_;
	my ($low, $high) = (0, $#symbols);

	while ($low < $high) {
		my $middle = int(($low + $high + 1) / 2);

		if ($symbols[$middle][0] le $address) {
			$low = $middle;
		} else {
			$high = $middle - 1;
		}
	}
	return $symbols[$low];
}

sub stage_of {
	my ($symbol, $module) = @_;

	return $module =~ s/[][]//gr if $module;
	for my $stage (@stages) {
		return $stage->[0] if $symbol =~ $stage->[1];
	}
	return 'kernel, other';
}

# The instructions of a command: the difference of the long run and the short one
sub per_command {
	my ($address) = @_;
	my ($before, $between, $after) = map { $_->{$address} // 0 } @counts;

	return (($after - $between) - ($between - $before)) / $commands;
}

sub show {
	my ($title, $sums, $max) = @_;
	my @names = sort { $sums->{$b} <=> $sums->{$a} } keys %$sums;

	@names = grep { $sums->{$_} >= 1 } @names;
	splice @names, $max if @names > $max;
	print "\n$title\n";
	printf "%9.0f  %s\n", $sums->{$_}, $_ for @names;
}

my (%stages, %functions, $sum);
for my $address (keys %{ $counts[2] }) {
	my $cost = per_command($address) or next;
	my $symbol = $address =~ /^0+$/ ? undef : symbol_at($address);

	$sum += $cost;
	$stages{ $symbol ? stage_of(@$symbol[1, 2]) : 'user space' } += $cost;
	$functions{ $symbol ? join ' ', @$symbol[1, 2] : 'user space' } += $cost;
}
printf "%s: %.0f instructions for a command\n", $name, $sum;
show('by stage', \%stages, 99);
show('by function', \%functions, $lines // 40);
