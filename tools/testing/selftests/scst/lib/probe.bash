# SPDX-License-Identifier: GPL-2.0
# Loaded by tests that are the initiator themselves, after lib/scst: scst_probe
# takes any CDB with any announced length, from any context. The protocol is in
# modules/probe.h.
# shellcheck shell=bash

probe_root=/sys/kernel/debug/scst_probe

# probe_target DEVICE: target t0 of the probe driver, with HANDLER/NAME as LUN 0
probe_target() {
	mkdir -p targets/probe/t0/luns/0 &&
		ln -s "devices/$1" targets/probe/t0/luns/0/ &&
		attr_set targets/probe/t0/enable 1
}

probes=()

# probe_login NAME: an initiator port. Its file descriptor is $probe.
probe_login() {
	exec {probe}<>"$probe_root/t0" || return
	probes[probe]=$probe
	echo "login $1" >&"$probe"
}

# probe_use PROBE: go on as another initiator port.
probe_use() {
	probe=$1
}

# A descriptor's number may be given to another file after that.
probe_logout() {
	exec {probe}>&-
	unset "probes[probe]"
}

# probe_result: prints the next result; fails if none is under way.
probe_result() {
	local line

	read -r line <&"$probe" && printf '%s\n' "$line"
}

# probe_cmd ARGUMENTS...: submits a command and prints its result.
probe_cmd() {
	echo "cmd $*" >&"$probe" && probe_result
}

# sense KEY ASC ASCQ: how fixed format sense data begins
sense() {
	printf '7000%s000000000a00000000%s%s' "$1" "$2" "$3"
}

# probe_ready: takes the unit attentions of a new nexus.
probe_ready() {
	until matches '* status=00 *' "$(probe_cmd 0 cdb=000000000000)" 2>/dev/null; do
		:
	done
}

probe_logout_all() {
	for probe in "${probes[@]}"; do
		probe_logout
	done
}

teardown() {
	probe_logout_all
	scst_down
}
