#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# sysfs: attributes and counters of devices, targets, sessions and their LUNs.

load lib/scst
load lib/probe
: "${probe=}" # of lib/probe
: "${scst_root:?}"

class=/sys/class
read_1=cdb=28000000000000000100
write_1=cdb=2a000000000000000100
ready=cdb=000000000000

# find_session INITIATOR: sets $session.
find_session() {
	local initiator

	for session in "$class"/scst_session/*; do
		read -r initiator 2>/dev/null <"$session/initiator" || continue
		[ "$initiator" != "$1" ] || return 0
	done
	fail "no session of $1"
}

# stats_read PATH: sets stat[NAME] to the value of each file of PATH/statistics, and
# stat[answered] to the sum over the histogram.
declare -gA stat
stats_read() {
	local file name bucket count

	for file in "$1"/statistics/*; do
		name=${file##*/}
		[ "$name" = latency_histogram ] || read -r "stat[$name]" <"$file"
	done
	stat[answered]=0
	while read -r bucket count; do
		: "$bucket"
		stat[answered]=$((stat[answered] + count))
	done <"$1/statistics/latency_histogram"
}

# stats_are PATH READS WRITES OTHERS READ-BYTES WRITE-BYTES ERRORS ABORTS DEPTH
stats_are() {
	stats_read "$1"
	equal "${*:2}" "${stat[read_commands]} ${stat[write_commands]} \
${stat[other_commands]} ${stat[read_bytes]} ${stat[write_bytes]} \
${stat[errors]} ${stat[aborts]} ${stat[queue_depth]}" "$1" &&
		equal $(($2 + $3 + $4)) "${stat[answered]}" "$1: the histogram's sum"
}

stats_are_not_less() {
	local name
	local -A before

	for name in "${!stat[@]}"; do
		before[$name]=${stat[$name]}
	done
	stats_read "$1"
	for name in "${!before[@]}"; do
		[ "$name" = queue_depth ] || [ "${stat[$name]}" -ge "${before[$name]}" ] ||
			fail "$1: $name: ${stat[$name]} after ${before[$name]}" || return
	done
}

# expect_cmd STATUS TAG ARGUMENTS...
expect_cmd() {
	probe_gives "$2 status=$1 *" "${@:2}"
}

@test "every command is counted once for its LUN, session and device" {
	make_device nullio d0 size=1M
	make_device nullio d1 size=1M
	probe_target nullio/d0
	mkdir targets/probe/t0/luns/1
	ln -s devices/nullio/d1 targets/probe/t0/luns/1/
	probe_login me
	find_session me
	stats_are "$session" 0 0 0 0 0 0 0 0
	# others: the unit attention of a new nexus, then ready
	expect_cmd 02 1 $ready
	expect_cmd 00 2 ctx=hardirq $ready
	# reads: the bytes transferred count, not those announced
	expect_cmd 00 3 ctx=softirq dir=in len=36 cdb=120000002400
	expect_cmd 00 4 ctx=hardirq dir=in len=1024 $read_1
	expect_cmd 00 5 dir=in len=100 $read_1
	# writes: one fails in its transfer, one is refused
	expect_cmd 00 6 ctx=hardirq dir=out len=512 $write_1 data=00
	expect_cmd 02 7 dir=out len=512 $write_1 data=fail
	expect_cmd 02 8 dir=out len=100 $write_1 data=00
	# others: no such command, and one that transfers nothing
	expect_cmd 02 9 cdb=ff0000000000
	expect_cmd 00 10 cdb=28000000000000000000
	stats_are "$session/lun0" 3 3 4 648 512 4 0 0
	stats_are "$session/lun1" 0 0 0 0 0 0 0 0
	# the other LUN, and an absent LUN, which counts for the session only
	expect_cmd 02 11 lun=0001000000000000 $ready
	expect_cmd 02 12 lun=0007000000000000 $ready
	stats_are "$session/lun1" 0 0 1 0 0 1 0 0
	stats_are "$session" 3 3 6 648 512 6 0 0

	# in flight, then aborted
	echo "cmd 13 dir=out len=512 $write_1 data=hold" >&"$probe"
	for path in "$session" "$session/lun0" "$class/scst_device/d0"; do
		stats_read "$path"
		equal 1 "${stat[queue_depth]}" "$path: queue_depth"
	done
	echo "tmf 14 fn=0 ref=13" >&"$probe"
	scst_sleep 0.3
	echo "go 13" >&"$probe"
	probe_next '13 aborted'
	probe_next '14 response=0'
	stats_are "$session/lun0" 3 3 4 648 512 4 1 0
	stats_are "$session" 3 3 6 648 512 6 1 0
	stats_are "$class/scst_device/d0" 3 3 4 648 512 4 1 0

	# another session adds to the device and to itself
	me=$probe
	probe_login other
	expect_cmd 02 1 $ready
	expect_cmd 00 2 dir=in len=512 $read_1
	mine=$session
	other=$probe
	find_session other
	[ "$session" != "$mine" ]
	stats_are "$session" 1 0 1 512 0 1 0 0
	stats_are "$mine" 3 3 6 648 512 6 1 0
	stats_are "$class/scst_device/d0" 4 3 5 1160 512 5 1 0

	# The device and the session keep the counts of a removed LUN, also of a command in flight.
	# The device keeps those of a session that has ended.
	probe_use "$me"
	echo "cmd 15 dir=out len=512 $write_1 data=hold" >&"$probe"
	background unlink_lun_0
	wait_until 10 lun_dir_is_gone "$mine"
	stats_read "$class/scst_device/d0"
	equal 1 "${stat[queue_depth]}"
	echo "go 15" >&"$probe"
	probe_next '15 status=00 *'
	jobs_end 10
	stats_are "$mine" 3 4 6 648 1024 6 1 0
	stats_are "$class/scst_device/d0" 4 4 5 1160 1024 5 1 0
	probe_logout
	probe_use "$other"
	probe_logout
	[ ! -e "$session" ]
	[ ! -e "$mine" ]
	stats_are "$class/scst_device/d0" 4 4 5 1160 1024 5 1 0
	stats_are "$class/scst_device/d1" 0 0 1 0 0 1 0 0
}

unlink_lun_0() {
	rm targets/probe/t0/luns/0/d0
}

lun_dir_is_gone() {
	[ ! -e "$1/lun0" ]
}

@test "sysfs shows each object and its attributes while it exists, with any name" {
	odd='d!0:%n=\x{#}'
	make_device nullio "$odd" size=1M
	attr_is "$class/scst_device/$odd/handler" nullio
	attr_is "$class/scst_device/$odd/state" active
	mkdir -p targets/probe/t0/luns/{0,16383}
	ln -s "devices/nullio/$odd" targets/probe/t0/luns/16383/
	attr_is "$class/scst_target/probe:t0/state" idle
	attr_set targets/probe/t0/enable 1
	attr_is "$class/scst_target/probe:t0/state" active
	attr_is "$class/scst_target/probe:t0/sessions" 0

	# An initiator's name with a line break stays on one line. The shell's own echo would do two
	# writes.
	printf 'login a b\nSCST_STATE=\x01' >"$BATS_TEST_TMPDIR/login"
	exec {probe}<>"$probe_root/t0"
	probes+=("$probe")
	cat "$BATS_TEST_TMPDIR/login" >&"$probe"
	find_session 'a b\nSCST_STATE=\001'
	session_id=${session##*/}
	attr_is "$session/initiator" 'a b\nSCST_STATE=\001'
	equal 'SCST_DRIVER=probe
SCST_TARGET=t0
SCST_INITIATOR=a b\nSCST_STATE=\001
SCST_STATE=active' "$(cat "$session/uevent")"
	attr_is "$session/target" probe:t0
	attr_is "$session/state" active
	attr_is "$session/luns" 1
	attr_is "$class/scst_target/probe:t0/sessions" 1
	attr_is "$session/lun16383/device" "$odd"
	attr_is "$session/lun16383/read_only" 0
	attr_set targets/probe/t0/luns/16383/read_only 1
	attr_is "$session/lun16383/read_only" 1

	# live
	make_device nullio d1 size=1M
	ln -s devices/nullio/d1 targets/probe/t0/luns/0/
	attr_is "$session/luns" 2
	attr_is "$session/lun0/device" d1
	rm targets/probe/t0/luns/0/d1
	[ ! -e "$session/lun0" ]
	attr_is "$session/luns" 1
	attr_set "devices/nullio/$odd/enable" 0
	attr_is "$class/scst_device/$odd/state" idle

	# a session keeps its number while it exists
	probe_login second
	find_session second
	[ "${session##*/}" != "$session_id" ]
	remove_device nullio/d1
	[ ! -e "$class/scst_device/d1" ]
	probe_logout_all
	equal '' "$(ls "$class/scst_session")"
	scst_clear
	equal '' "$(ls "$class/scst_device"; ls "$class/scst_target")"
}

# settled PATH: udev has finished looking at the new disk.
settled() {
	local before

	stats_read "$1"
	before=${stat[answered]}
	scst_sleep 0.5
	stats_read "$1"
	[ "${stat[answered]}" = "$before" ]
}

# read_on PATH...: until there is a file "stop"
read_on() {
	while [ ! -e "$BATS_TEST_TMPDIR/stop" ]; do
		for path in "$@"; do
			stats_read "$path"
			stats_are_not_less "$path" || echo "$path" >"$BATS_TEST_TMPDIR/less"
		done
		: >"$BATS_TEST_TMPDIR/read"
	done
}

@test "counters match the I/O of a load, also while they are being read" {
	requires fio
	disk=$(export_disk nullio size=64M)
	echo 2 >"/sys/block/${disk#/dev/}/queue/nomerges"
	find_session i0
	luns=("$session" "$session/lun0" "$class/scst_device/d0")
	wait_until 20 settled "${luns[0]}"
	declare -A before
	for name in "${!stat[@]}"; do
		before[$name]=${stat[$name]}
	done
	background read_on "${luns[@]}"
	run fio --name=load --filename="$disk" --numjobs=2 --rw=randrw --bs=4k \
		--direct=1 --ioengine=libaio --iodepth=16 --size=16M \
		--group_reporting --minimal
	equal 0 "$status" "$output"
	: >"$BATS_TEST_TMPDIR/stop"
	jobs_end 20
	[ -e "$BATS_TEST_TMPDIR/read" ]
	[ ! -e "$BATS_TEST_TMPDIR/less" ]
	# field 6: KiB read; 47: KiB written
	IFS=';' read -ra fields <<<"$output"
	reads=$((fields[5] / 4)) writes=$((fields[46] / 4))
	equal 8192 $((reads + writes))
	for path in "${luns[@]}"; do
		stats_are "$path" $((before[read_commands] + reads)) \
			$((before[write_commands] + writes)) "${before[other_commands]}" \
			$((before[read_bytes] + reads * 4096)) \
			$((before[write_bytes] + writes * 4096)) \
			"${before[errors]}" "${before[aborts]}" 0
	done
}
