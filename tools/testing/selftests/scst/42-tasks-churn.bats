#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# Commands of all attributes from several initiators, task management functions, MODE SELECT,
# log-outs and a device that is disabled, all at once, for $SCST_LOAD_SECONDS.
#
# The result of a command does not matter, as long as each one ends, nothing hangs, leaks or
# crashes, and everything works afterwards.

load lib/scst
load lib/probe
load lib/tasks
: "${probe=}" # of lib/probe

seconds=${SCST_LOAD_SECONDS:-15}
stop=$BATS_TEST_TMPDIR/stop

setup() {
	scst_up
	mkdir -p devices/probe/d0
	attr_set devices/probe/d0/fence_ms 400
	attr_set devices/probe/d0/drain_ms 300
	attr_set devices/probe/d0/enable 1
	probe_target probe/d0
}

# churn COMMAND...: repeats it until $stop exists.
churn() {
	while [ ! -e "$stop" ]; do
		"$@" 2>/dev/null
	done
}

@test "every command ends under functions, MODE SELECT, log-outs and disabling" {
	local n

	for n in 1 2 3; do
		background tasks_initiator "i$n"
	done
	background churn tasks_guest
	background churn tasks_medium d0
	background churn tasks_device devices/probe/d0
	scst_sleep "$seconds"
	: >"$stop"
	jobs_end 90
	equal '' "$(cat "$BATS_TEST_TMPDIR"/trouble-* 2>/dev/null)"
	wait_until 20 tasks_device_is_back devices/probe/d0
	probe_login after
	# UA_INTLCK_CTRL may be left at a value that keeps unit attentions.
	probe_request tmf 900 fn=4
	probe_next '900 response=0'
	probe_ready
	probe_gives '1 status=00 *' 1 attr=ordered cdb=000000000000
}
