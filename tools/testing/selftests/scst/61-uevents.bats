#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# uevents: a transcript, compared with the operations.

load lib/scst
load lib/probe
: "${probe=}" # of lib/probe

abi=$BATS_TEST_DIRNAME/../../../../Documentation/ABI/testing/sysfs-scst
log=$BATS_TEST_TMPDIR/log

monitor() {
	exec udevadm monitor --kernel --property >"$log" 2>&1
}

logged() {
	grep -q -F -- "$1" "$log"
}

# Starts udevadm, and waits until it listens.
listen() {
	: >"$log"
	background monitor
	wait_until 20 logged 'the kernel uevent'
}

# Our events, one a line
transcript() {
	awk -v RS= -F '\n' '/\nSUBSYSTEM=scst_/ {
		line = ""
		for (i = 2; i <= NF; i++) {
			if (sub(/^ACTION=/, "", $i))
				line = $i line
			else if (sub(/^SUBSYSTEM=scst_/, "", $i) || $i ~ /^SCST_/)
				line = line " " $i
		}
		print line
	}' "$log"
}

# tmf TAG ARGUMENTS...: its event may come later.
tmf() {
	echo "tmf $*" >&"$probe"
	probe_result
}

@test "uevents match the operations in order, and their variables are documented" {
	requires udevadm
	listen
	mkdir -p devices/nullio/d0
	attr_set devices/nullio/d0/size 1M
	probe_target nullio/d0
	attr_set devices/nullio/d0/enable 1
	probe_login one
	one=$probe
	probe_ready
	probe_login two
	two=$probe
	probe_ready
	probe_use "$one"
	probe_gives '1 status=00 *' 1 cdb=160000000000
	probe_use "$two"
	probe_gives '2 status=18 *' 2 dir=out len=512 cdb=2a000000000000000100
	wait_until 10 logged SCST_OPCODE=2a
	mkdir targets/probe/t0/luns/3
	make_device nullio d1 size=1M
	ln -s devices/nullio/d1 targets/probe/t0/luns/3/
	equal '100 response=0' "$(tmf 100 fn=4 lun=0003000000000000)"
	wait_until 10 logged SCST_TMF=lun-reset
	equal '101 response=0' "$(tmf 101 fn=6)"
	wait_until 10 logged SCST_TMF=nexus-reset
	equal '102 response=3' "$(tmf 102 fn=4 lun=0009000000000000)"
	wait_until 10 logged SCST_RESPONSE=incorrect-lun
	probe_logout
	attr_set devices/nullio/d1/enable 0
	rm targets/probe/t0/luns/3/d1
	probe_use "$one"
	probe_logout
	wait_until 10 attr_is /sys/class/scst_target/probe:t0/sessions 0 2>/dev/null
	attr_set targets/probe/t0/enable 0
	scst_clear
	wait_until 10 logged 'remove   /devices/virtual/scst_device/d1 '

	d0='SCST_DEVICE=d0 SCST_HANDLER=nullio'
	d1='SCST_DEVICE=d1 SCST_HANDLER=nullio'
	t0='SCST_DRIVER=probe SCST_TARGET=t0'
	on_one="$t0 SCST_INITIATOR=one SCST_STATE"
	on_two="$t0 SCST_INITIATOR=two SCST_STATE"
	transcript >"$BATS_TEST_TMPDIR/is"
	cat >"$BATS_TEST_TMPDIR/should" <<-TEXT
		add device $d0 SCST_STATE=idle
		add target $t0 SCST_STATE=idle
		change target SCST_EVENT=state $t0 SCST_STATE=active
		change device SCST_EVENT=state $d0 SCST_STATE=active
		add session $on_one=active
		add session $on_two=active
		change session SCST_EVENT=reservation-conflict SCST_LUN=0 $d0 SCST_OPCODE=2a $on_two=active
		add device $d1 SCST_STATE=idle
		change device SCST_EVENT=state $d1 SCST_STATE=active
		change session SCST_EVENT=lun-add SCST_LUN=3 $d1 $on_one=active
		change session SCST_EVENT=lun-add SCST_LUN=3 $d1 $on_two=active
		change session SCST_EVENT=tmf SCST_LUN=3 $d1 SCST_TMF=lun-reset SCST_RESPONSE=complete $on_two=active
		change session SCST_EVENT=tmf SCST_TMF=nexus-reset SCST_RESPONSE=complete $on_two=active
		change session SCST_EVENT=tmf SCST_LUN=9 SCST_TMF=lun-reset SCST_RESPONSE=incorrect-lun $on_two=active
		change session SCST_EVENT=state $on_two=closing
		remove session $on_two=closing
		change device SCST_EVENT=state $d1 SCST_STATE=draining
		change device SCST_EVENT=state $d1 SCST_STATE=idle
		change session SCST_EVENT=lun-change SCST_LUN=3 $d1 $on_one=active
		change session SCST_EVENT=lun-remove SCST_LUN=3 $d1 $on_one=active
		change session SCST_EVENT=state $on_one=closing
		remove session $on_one=closing
		change target SCST_EVENT=state $t0 SCST_STATE=idle
		remove target $t0 SCST_STATE=idle
		change device SCST_EVENT=state $d0 SCST_STATE=draining
		change device SCST_EVENT=state $d0 SCST_STATE=idle
		remove device $d0 SCST_STATE=idle
		remove device $d1 SCST_STATE=idle
	TEXT
	diff -u "$BATS_TEST_TMPDIR/should" "$BATS_TEST_TMPDIR/is"

	# A failure's reason is seen further down.
	equal "$(grep -o -w 'SCST_[A-Z]*' "$abi" | grep -v -x SCST_REASON | sort -u)" \
		"$(grep -o '^SCST_[A-Z]*' "$log" | sort -u)" 'documented, and seen'
}

@test "an initiator that keeps resetting causes few uevents and no log messages" {
	requires udevadm
	listen
	make_device nullio d0 size=1M
	probe_target nullio/d0
	probe_login me
	start=$SECONDS
	for ((i = 0; i < 100; i++)); do
		equal "$i response=0" "$(tmf "$i" fn=4)"
	done
	# Suppressed events do not come later. Events of the configuration come regardless.
	probe_logout
	wait_until 10 logged 'remove   /devices/virtual/scst_session/'
	events=$(transcript | grep -c SCST_EVENT=tmf)
	[ "$events" -ge 20 ]
	[ "$events" -le $((20 * ((SECONDS - start) / 2 + 2))) ]
	equal '' "$(kernel_log | grep suppressed)"
}

@test "the longest names fit into a uevent" {
	requires udevadm
	listen
	printf -v name '%0223d' 0
	make_device nullio "$name" size=1M
	mkdir -p "targets/probe/$name/luns/16383"
	attr_set "targets/probe/$name/enable" 1
	# each of these bytes becomes four
	printf 'login ' >"$BATS_TEST_TMPDIR/login"
	printf '%0223d' 0 | tr 0 '\001' >>"$BATS_TEST_TMPDIR/login"
	exec {probe}<>"$probe_root/$name"
	probes+=("$probe")
	cat "$BATS_TEST_TMPDIR/login" >&"$probe"
	ln -s "devices/nullio/$name" "targets/probe/$name/luns/16383/"
	wait_until 10 logged SCST_EVENT=lun-add
	escaped=$(head -c 223 /dev/zero | tr '\0' x | sed 's/x/\\001/g')
	equal "change session SCST_EVENT=lun-add SCST_LUN=16383 SCST_DEVICE=$name \
SCST_HANDLER=nullio SCST_DRIVER=probe SCST_TARGET=$name SCST_INITIATOR=$escaped \
SCST_STATE=active" "$(transcript | tail -n 1)"
}

probe_is_closed() {
	[ ! -e "$probe_root/devices/d0" ]
}

# The monitor's output ends with a whole line then.
has_become_active() {
	transcript >"$BATS_TEST_TMPDIR/is"
	grep -q 'EVENT=state SCST_DEVICE.*SCST_STATE=active' "$BATS_TEST_TMPDIR/is"
}

@test "a fenced device sends a uevent with the reason" {
	requires udevadm
	make_device probe d0 fence_ms=100
	probe_target probe/d0
	probe_login one
	probe_ready
	echo hold >"$probe_root/devices/d0"
	listen
	probe_request cmd 7 dir=in len=512 cdb=28000000000000000100
	equal '100 response=0' "$(tmf 100 fn=0 ref=7)"
	wait_until 10 logged SCST_TMF=abort-task
	echo auto >"$probe_root/devices/d0"
	wait_until 10 probe_is_closed
	attr_set devices/probe/d0/enable 1
	wait_until 10 has_become_active
	grep 'device SCST_EVENT=state' "$BATS_TEST_TMPDIR/is" >"$BATS_TEST_TMPDIR/states"
	diff - "$BATS_TEST_TMPDIR/states" <<-TEXT
		change device SCST_EVENT=state SCST_REASON=backend-timeout SCST_DEVICE=d0 SCST_HANDLER=probe SCST_STATE=failed
		change device SCST_EVENT=state SCST_DEVICE=d0 SCST_HANDLER=probe SCST_STATE=active
	TEXT
	grep -q -w SCST_REASON "$abi"
}
