# SPDX-License-Identifier: GPL-2.0
# Loaded after lib/scst by tests that send commands themselves: scst_probe takes any CDB with any
# announced length, from any context. The protocol is in modules/probe.h.
# shellcheck shell=bash

probe_root=/sys/kernel/debug/scst_probe

# probe_target DEVICE: target t0 of the probe driver, with HANDLER/NAME as LUN 0
probe_target() {
	mkdir -p targets/probe/t0/luns/0 &&
		ln -s "devices/$1" targets/probe/t0/luns/0/ &&
		attr_set targets/probe/t0/enable 1
}

probes=()

# probe_login NAME [TARGET]: an initiator port. Its file descriptor is $probe.
probe_login() {
	exec {probe}<>"$probe_root/${2-t0}" || return
	probes[probe]=$probe
	echo "login $1" >&"$probe"
}

# many_probes COUNT: makes room for so many initiator ports. The shell's select() supports no
# descriptors above 1023, so the one that scst_sleep() reads is opened first.
many_probes() {
	ulimit -n $(($1 + 200))
	scst_sleep 0.01
}

# probe_use PROBE: go on as another initiator port.
probe_use() {
	probe=$1
}

# Another file may get the number of the descriptor after that.
probe_logout() {
	exec {probe}>&-
	unset "probes[probe]"
}

# probe_request REQUEST...: the bare write
probe_request() {
	echo "$*" >&"$probe"
}

# probe_start TAG ARGUMENTS...: submits a command, whose result comes later.
probe_start() {
	probe_request cmd "$@"
}

# probe_result: prints the next result; fails if no command is in flight, or no result comes.
probe_result() {
	local line

	read -r line <&"$probe" && printf '%s\n' "$line"
}

# probe_next PATTERN: the next result is like this glob.
probe_next() {
	local line=

	read -r line <&"$probe"
	matches "$1" "$line"
}

# probe_gives PATTERN ARGUMENTS...: submits a command, whose result is like this glob.
probe_gives() {
	probe_start "${@:2}" && probe_next "$1"
}

# probe_answers RESULT...: the next results begin like these globs, in any order.
probe_answers() {
	local line i
	local -a open=("$@")

	while [ "${#open[@]}" -gt 0 ]; do
		read -r line <&"$probe" || fail "no answer; open: ${open[*]}" || return
		for i in "${!open[@]}"; do
			# shellcheck disable=SC2053 # a pattern
			[[ $line == ${open[i]}* ]] || continue
			unset "open[i]"
			continue 2
		done
		fail "'$line' is none of: ${open[*]}" || return
	done
}

# probe_cmd ARGUMENTS...: submits a command and prints its result.
probe_cmd() {
	echo "cmd $*" >&"$probe" && probe_result
}

# probe_where TAG: prints "stage=POINT held=0|1 aborted=0|1", or "none".
probe_where() {
	local line

	echo "where $1" >&"$probe" && line=$(probe_result) || return
	printf '%s\n' "${line#* }"
}

# probe_is TAG POINT HELD [ABORTED]
probe_is() {
	local line

	echo "where $1" >&"$probe" && read -r line <&"$probe" &&
		[[ $line = "$1 stage=$2 held=$3 aborted="${4-*} ]]
}

probe_is_gone() {
	local line

	echo "where $1" >&"$probe" && read -r line <&"$probe" && [ "$line" = "$1 none" ]
}

# probe_wait_held TAG POINT
probe_wait_held() {
	wait_until 10 probe_is "$1" "$2" 1 || fail "$1: $(probe_where "$1")"
}

# medium DEVICE REQUEST...: controls how a device of the handler probe answers.
medium() {
	local device=$1

	shift
	echo "$*" >"$probe_root/devices/$device"
}

# medium_holds DEVICE: prints the commands that it holds, in the order of arrival.
medium_holds() {
	cat "$probe_root/devices/$1"
}

# All devices answer, so that none delays a log-out. A device that nobody uses any more may close
# meanwhile: its file leaves the directory, and then a write to it fails.
medium_all_auto() {
	local file

	for file in "$probe_root"/devices/* ${raw_root:+"$raw_root"/*}; do
		[ ! -e "$file" ] || echo auto >"$file" || [ ! -e "$file" ] || return
	done
}

# Starts the log of events; probe_log prints it in their order.
probe_log_start() {
	echo 1 >"$probe_root/log"
}

probe_log() {
	cat "$probe_root/log"
}

# stall POINT: the next task that comes to a point of enum scst_stall_point stops there.
stall() {
	echo "$1" >"$probe_root/stall"
}

stall_is_at() {
	local points

	attr_read points "$probe_root/stall"
	[[ $'\n'$points$'\n' = *$'\n'"$1"$'\n'* ]]
}

stall_wait() {
	wait_until 10 stall_is_at "$1"
}

# All stopped tasks go on.
stall_go() {
	[ ! -e "$probe_root/stall" ] || stall go
}

# probe_log_has TEXT
probe_log_has() {
	local log

	attr_read log "$probe_root/log"
	[[ $log = *"$1"* ]]
}

# waits_for_stall POINT COMMAND...: the command fails as long as a task is stopped at the point,
# and works when that goes on. A missing wait shows up within half a second.
waits_for_stall() {
	local point=$1 i

	shift
	for ((i = 0; i < 25; i++)); do
		! "$@" || fail "did not wait for what is at $point: $*" || return
		scst_sleep 0.02
	done
	stall_is_at "$point" || fail "nothing is at $point any more" || return
	stall_go
	wait_until 10 "$@"
}

# sense KEY ASC ASCQ: how fixed format sense data begins
sense() {
	printf '7000%s000000000a00000000%s%s' "$1" "$2" "$3"
}

# probe_ready [ARGUMENTS...]: takes the unit attentions of a new nexus.
probe_ready() {
	local deadline=$((SECONDS + 30)) answer

	until probe_start 0 cdb=000000000000 "$@" && read -r answer <&"$probe" &&
		[[ $answer = *' status=00 '* ]]; do
		[ "$SECONDS" -lt "$deadline" ] || fail "not ready: $answer" || return
	done
}

probe_logout_all() {
	stall_go
	medium_all_auto
	for probe in "${probes[@]}"; do
		probe_logout
	done
}

teardown() {
	probe_logout_all
	scst_down
}
