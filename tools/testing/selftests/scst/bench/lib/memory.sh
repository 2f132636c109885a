# SPDX-License-Identifier: GPL-2.0
# Sourced in the guest: what is held for sessions, LUNs and commands. Sessions are those of
# an initiator that is one process, whatever their number: its half is as small as can be.
# shellcheck shell=sh

memory_sessions=64
memory_luns=256
memory_depth=128

# Logs in, and says so; then has a window full of writes wait for their data, and says so.
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

# Bytes that nobody uses; what only a cache uses is not counted.
memory_free() {
	sync
	echo 3 >/proc/sys/vm/drop_caches
	sleep 1
	awk '$1 == "MemFree:" { print $2 * 1024 }' /proc/meminfo
}

# memory_row SIDE ROUND OP METRIC COUNT BEFORE: for each of COUNT
memory_row() {
	row "$3" 0 "$memory_row_depth" 1 "$4" "$1" "$2" 0 \
		"$((($6 - $(memory_free)) / $5))"
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

memory_stop() {
	exec 8>&-
	kill "$memory_pid"
	wait "$memory_pid" 2>/dev/null
}

# memory_round SIDE ROUND
memory_round() {
	_mr_free=$(memory_free)
	memory_start "$1" "$memory_sessions"
	memory_row_depth=0
	memory_row "$1" "$2" none bytes_per_session "$memory_sessions" "$_mr_free"
	_mr_free=$(memory_free)
	echo go >&8
	wait_for 60 test -e waiting
	memory_row_depth=$memory_depth
	memory_row "$1" "$2" write bytes_per_command $((memory_sessions * memory_depth)) \
		"$_mr_free"
	memory_stop
}

# memory_of_luns SIDE: with a session that sees them; the devices are there already.
memory_of_luns() {
	"${1}_more_devices" "$memory_luns"
	memory_start "$1" 1
	_ml_free=$(memory_free)
	for _ml_lun in $(seq "$memory_luns"); do
		"${1}_more_lun" iscsi "$_ml_lun"
	done
	memory_row_depth=0
	memory_row "$1" 1 none bytes_per_lun "$memory_luns" "$_ml_free"
	memory_stop
}

memory() {
	bench_transport=iscsi
	bench_backing=null
	ours_iscsi_target null
	lio_iscsi_target null
	memory_round ours 1
	memory_round lio 1
	memory_of_luns ours
	memory_of_luns lio
}
