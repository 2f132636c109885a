# SPDX-License-Identifier: GPL-2.0
# Loaded by 42-tasks-churn.bats, after lib/probe: the operations that its shells repeat
# shellcheck shell=bash
# shellcheck disable=SC2154 # of lib/probe and the test

tasks_attrs=(simple simple simple untagged ordered head aca)
tasks_ctx=(thread softirq hardirq)
tasks_cdbs=(
	cdb=000000000000
	cdb=000000000004
	cdb=000000000080
	cdb=000000000084
	'dir=out len=512 data=11 cdb=2a000000000000000100'
	'dir=out len=512 data=11 cdb=2a000000000000000104'
	'dir=out len=1024 data=11 cdb=89000000000000000000000000010000'
	'dir=out len=2048 data=00 cdb=89000000000000000000000000020000'
	'dir=in len=512 show=0 cdb=28000000000000000100'
	'dir=in len=4096 show=0 cdb=28000000000000000804'
	'dir=in len=18 cdb=030000001200'
	cdb=35000000000000000000
	'dir=out len=24 cdb=5f000000000000001800 data=0000000000000000000000000000000a00000000'
	'dir=out len=24 cdb=5f040100000000001800 data=000000000000000a000000000000000a00000000'
)
tasks_points=(decode admit check prepare data execute backend complete respond send finish)

# pick WORD...: sets $pick to a random one.
pick() {
	shift $((RANDOM % $#))
	pick=$1
}

# tasks_command TAG: submits a random command. Tags repeat now and then, and some commands are
# held at a random point.
tasks_command() {
	local line="cmd $1"

	pick "${tasks_cdbs[@]}"
	line+=" $pick"
	pick "${tasks_attrs[@]}"
	line+=" attr=$pick"
	pick "${tasks_ctx[@]}"
	line+=" ctx=$pick"
	if ((RANDOM % 4 == 0)); then
		pick "${tasks_points[@]}"
		line+=" hold=$pick"
		held+=("$1")
	fi
	((RANDOM % 8)) || line+=' send=fail'
	echo "$line" >&"$probe"
}

tasks_mode_select() {
	local page

	printf -v page '000000000a0a%02x%02x%02x%02x000000000000' \
		$((RANDOM % 2 << 5)) $((RANDOM % 2 << 4 | (RANDOM % 3 ? 0 : 2))) \
		$((RANDOM % 4 == 0 ? 0x20 : 0)) $((RANDOM % 2 << 6))
	echo "cmd 8 dir=out len=16 cdb=151000001000 data=$page" >&"$probe"
}

tasks_function() {
	echo "tmf 900 fn=$((RANDOM % 11)) ref=$((RANDOM % 40 + 10))" >&"$probe"
}

# All held commands go on.
tasks_go() {
	local tag

	for tag in "${held[@]}"; do
		pick "${tasks_ctx[@]}"
		echo "go $tag ctx=$pick" >&"$probe"
	done
	held=()
} 2>/dev/null

# Takes all results up to that of an INQUIRY, which waits for no other command.
tasks_collect() {
	local line

	echo "cmd 5 dir=in len=36 show=0 cdb=120000002400" >&"$probe"
	while read -r line <&"$probe" && [[ $line != "5 "* ]]; do
		:
	done
}

tasks_all_gone() {
	local i

	for ((i = 10; i < 50; i++)); do
		probe_is_gone $i || return
	done
}

# A tag may be held more than once, so all go on. CLEAR ACA, as an ACA condition would block others
# for ever.
tasks_release() {
	local i

	for ((i = 0; i < 40; i++)); do
		held+=($((i + 10)))
	done
	tasks_go
	echo "tmf 901 fn=3" >&"$probe"
}

tasks_round() {
	local i
	local -a held=()

	for ((i = 0; i < 30; i++)); do
		case $((RANDOM % 24)) in
		0) tasks_mode_select ;;
		1 | 2) tasks_function ;;
		3) tasks_go ;;
		*) tasks_command $((RANDOM % 40 + 10)) ;;
		esac
	done
	tasks_release
}

# tasks_finish NAME: all commands of the initiator end.
tasks_finish() {
	local try tag
	local -a held=()

	for ((try = 0; try < 100; try++)); do
		tasks_release
		tasks_collect
		tasks_all_gone && return
		scst_sleep 0.2
	done
	for ((tag = 10; tag < 50; tag++)); do
		printf '%s: %s\n' "$1" "$tag $(probe_where $tag)"
	done >"$BATS_TEST_TMPDIR/trouble-$1"
}

# tasks_initiator NAME: stays logged in.
tasks_initiator() {
	probe_login "$1"
	while [ ! -e "$stop" ]; do
		tasks_round 2>/dev/null
		tasks_collect
	done
	tasks_finish "$1"
	probe_logout
}

# An initiator that logs in and out, with commands in flight
tasks_guest() {
	probe_login guest
	tasks_round
	((RANDOM % 2)) || probe_request logout
	probe_logout
}

# tasks_medium DEVICE: it holds commands for a while, and ends them with random results.
tasks_medium() {
	local i

	medium "$1" hold
	for ((i = 0; i < 20; i++)); do
		case $((RANDOM % 4)) in
		0) medium "$1" complete next sense=030c00 ;;
		1) medium "$1" complete next ctx=hardirq ;;
		*) medium "$1" complete next ctx=softirq ;;
		esac
	done
	# Longer than fence_ms, now and then
	((RANDOM % 8)) || scst_sleep 0.6
	medium "$1" auto
}

tasks_device_is_back() {
	local state

	read -r state <"$1/state"
	[ "$state" = active ] || attr_write "$1/enable" 1
} 2>/dev/null

tasks_device() {
	scst_sleep 0.$((RANDOM % 9 + 1))
	((RANDOM % 3)) || attr_write "$1/enable" 0
	tasks_device_is_back "$1"
}
