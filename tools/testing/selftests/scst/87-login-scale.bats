#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# The time of one log-in or log-out does not grow with the number of sessions.
# SCST_LOGIN_SCALE is SESSIONS LUNS, where SESSIONS is even.

load lib/scst
load lib/probe

target=targets/probe/t0
read -r sessions luns <<<"${SCST_LOGIN_SCALE:-200 16}"

map_luns() {
	local n

	for ((n = 0; n < luns; n++)); do
		make_device nullio "d$n" size=1M &&
			mkdir -p "$target/luns/$n" &&
			ln -s "devices/nullio/d$n" "$target/luns/$n/" || return
	done
	attr_set $target/drain_ms 60000 && attr_set $target/enable 1
}

# log_in NAME COUNT: sets $took, in microseconds.
log_in() {
	local n start=${EPOCHREALTIME/./}

	for ((n = 0; n < $2; n++)); do
		probe_login "iqn.2026-11.example:$1-$n" || return
	done
	took=$((${EPOCHREALTIME/./} - start))
}

log_out_all() {
	local start=${EPOCHREALTIME/./}

	attr_set $target/enable 0 &&
		wait_until 60 attr_is /sys/class/scst_target/probe:t0/sessions 0 || return
	took=$((${EPOCHREALTIME/./} - start))
}

# The memory that the kernel itself uses, in KiB
kernel_memory() {
	awk '/^(Slab|Percpu|VmallocUsed):/ { sum += $2 } END { print sum }' /proc/meminfo
}

percpu_memory() {
	awk '/^Percpu:/ { print $2 }' /proc/meminfo
}

# With counters for each CPU it would be 320 bytes for each LUN and CPU.
@test "a LUN that is not used has no counters for each CPU" {
	many_probes 200
	luns=16 map_luns
	before=$(percpu_memory)
	log_in many 200
	[ $(($(percpu_memory) - before)) -lt 500 ]
	log_out_all
}

@test "the time of a log-in or log-out does not depend on the number of sessions" {
	many_probes "$sessions"
	map_luns
	before=$(kernel_memory)
	log_in few $((sessions / 2))
	first=$took
	log_in more $((sessions / 2))
	second=$took
	bytes=$((($(kernel_memory) - before) * 1024 / sessions))
	log_out_all
	echo "# $sessions sessions of $luns LUNs: a log-in" \
		"$((first * 2 / sessions)), then $((second * 2 / sessions)) us," \
		"a log-out $((took / sessions)) us, $bytes bytes each" >&3
	[ "$second" -lt $((2 * first + 2000000)) ]
	[ $((first + second)) -lt 60000000 ]
	[ "$took" -lt 60000000 ]
}
