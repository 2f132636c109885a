# SPDX-License-Identifier: GPL-2.0
# Sourced in the guest: the memory of sessions, LUNs and commands. One process is the initiator of
# all sessions, so that its own share is as small as possible.
# shellcheck shell=sh

# Few enough to measure them before LIO, which gives Data-Out three seconds, ends the first one
memory_sessions=16
memory_luns=256
memory_depth=128

# Logs in, and reports it; then has a window full of writes wait for their data, and reports it.
# shellcheck disable=SC2016 # Perl's variables
memory_initiator='
	my @keys = qw(InitialR2T=Yes ImmediateData=No HeaderDigest=None DataDigest=None
		MaxRecvDataSegmentLength=262144 MaxBurstLength=262144 FirstBurstLength=65536
		MaxOutstandingR2T=1 MaxConnections=1 DataPDUInOrder=Yes DataSequenceInOrder=Yes
		DefaultTime2Wait=2 DefaultTime2Retain=0 ErrorRecoveryLevel=0);
	sub say_so { open my $file, ">", $_[0] or die; close $file }
	my @sessions;
	for (1 .. $ENV{SESSIONS}) {
		$isid = pack "a4n", "\x80\x12\x34\x56", $_;
		open_conn();
		login_step(0x81, names(), "AuthMethod=None");
		login_step(0x87, @keys);
		scsi(0x80, 0, "\0" x 6);
		expect(0x21);
		push @sessions, [ $sock, $cmdsn, $expstatsn ];
		undef $sock;
	}
	say_so("logged_in");
	<STDIN>;
	for (@sessions) {
		($sock, $cmdsn, $expstatsn) = @$_;
		scsi(0xa0, 4096, write_10(0, 8)) for 1 .. $ENV{DEPTH};
		expect(0x31) for 1 .. $ENV{DEPTH};
	}
	say_so("waiting");
	<STDIN>'

# Bytes that the kernel uses: neither free, nor a cache, nor a process's own. Free objects in slab
# caches are returned first, and the free pages of CPUs count as free.
memory_used() {
	sync
	echo 3 >/proc/sys/vm/drop_caches
	for _mu_cache in /sys/kernel/slab/*/shrink; do
		echo 1 >"$_mu_cache"
	done 2>/dev/null
	awk '$1 == "MemTotal:" { used += $2 * 1024 }
		$1 ~ /^(MemFree|Buffers|Cached|AnonPages):$/ { used -= $2 * 1024 }
		$1 == "count:" { used -= $2 * 4096 }
		END { print used }' /proc/meminfo /proc/zoneinfo
}

# memory_row SIDE ROUND OP METRIC COUNT BYTES: for each of COUNT
memory_row() {
	row "$3" 0 "$memory_row_depth" 1 "$4" "$1" "$2" 0 "$(($6 / $5))"
}

memory_portal() {
	case $1 in
	ours) echo 127.0.0.1:3260 ;;
	lio) echo 127.0.0.1:3261 ;;
	esac
}

# memory_start SIDE SESSIONS: returns when they are logged in.
memory_start() {
	rm -f logged_in waiting go
	mkfifo go
	PORTAL=$(memory_portal "$1") TARGET=$bench_iqn:$1-null SESSIONS=$2 \
		DEPTH=$memory_depth perl "$bench/../lib/iscsi_pdu.pl" "$memory_initiator" <go &
	memory_pid=$!
	exec 8>go
	wait_for 60 test -e logged_in
}

# memory_stop SIDE: returns when nothing is left of its sessions.
memory_stop() {
	exec 8>&-
	kill "$memory_pid"
	wait "$memory_pid" 2>/dev/null
	wait_for 20 "${1}_has_no_sessions"
	# RCU frees some of it late.
	sleep 1
}

# memory_round SIDE ROUND
memory_round() {
	_mr_used=$(memory_used)
	memory_start "$1" "$memory_sessions"
	_mr_rest=$(memory_used)
	memory_row_depth=0
	memory_row "$1" "$2" none bytes_per_session "$memory_sessions" $((_mr_rest - _mr_used))
	echo go >&8
	wait_for 60 test -e waiting
	memory_row_depth=$memory_depth
	memory_row "$1" "$2" write bytes_per_command $((memory_sessions * memory_depth)) \
		$(($(memory_used) - _mr_rest))
	memory_stop "$1"
}

# memory_of_luns SIDE ROUND: in a session's map; the devices are there already.
memory_of_luns() {
	memory_start "$1" 1
	_ml_used=$(memory_used)
	for _ml_lun in $(seq "$memory_luns"); do
		"${1}_more_lun" iscsi "$_ml_lun"
	done
	memory_row_depth=0
	memory_row "$1" "$2" none bytes_per_lun "$memory_luns" \
		$(($(memory_used) - _ml_used))
	memory_stop "$1"
	less_luns "$1" iscsi "$memory_luns"
}

# Round 0 allocates the memory that stays once it is allocated.
memory() {
	bench_transport=iscsi
	bench_backing=null
	for _me_side in ours lio; do
		"${_me_side}_iscsi_target" null
		"${_me_side}_more_devices" "$memory_luns"
	done
	for _me_round in 0 1 2 3; do
		for _me_side in ours lio; do
			memory_round "$_me_side" "$_me_round"
			memory_of_luns "$_me_side" "$_me_round"
		done
	done | awk -F '\t' '$11 > 0'
}
