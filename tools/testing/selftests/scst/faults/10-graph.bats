#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# Every allocation of every operation on the graph fails once: the operation is
# refused, and nothing has changed, or it succeeds all the same. The kernel must be
# able to inject faults. With SCST_FAULT_STEP=N only every Nth allocation fails, and the
# first twelve.

load ../lib/scst
load ../lib/probe

target=targets/probe/t0

setup() {
	scst_up
	echo N >/sys/kernel/debug/failslab/ignore-gfp-wait
	echo 0 >/sys/kernel/debug/failslab/verbose
}

# every_allocation UNDO UNCHANGED OPERATION PATH [VALUE]: calls UNDO when the operation
# was done, and UNCHANGED, which must be true, when it was not.
every_allocation() {
	local undo=$1 unchanged=$2 step=${SCST_FAULT_STEP:-1} n result fired=0

	shift 2
	for ((n = 1; n < 1000; n += n < 12 ? 1 : step)); do
		result=$(perl "$BATS_TEST_DIRNAME/fail_nth.pl" "$n" "$@")
		case $result in
		'fired ENOMEM') $unchanged "$2" ;;
		'fired ok' | 'spent ok') $undo "$2" ;;
		*) false ;;
		esac || fail "allocation $n of $*: $result" || return
		[ "${result% *}" = fired ] || break
		fired=$((fired + 1))
	done
	echo "# $fired failed allocations: $*"
	[ "$fired" -gt 0 ] && [ "$n" -lt 1000 ]
}

is_absent() {
	[ ! -e "$1" ] && [ ! -L "$1" ]
}

# The last_error that says why PATH was not made
error_of() {
	case $1 in
	"$target/groups/g/"*) echo $target/groups/g/last_error ;;
	"$target/"*) echo $target/last_error ;;
	*) echo "${1%/*}/last_error" ;;
	esac
}

# An allocation that fails before our code runs is not in last_error.
is_absent_as_told() {
	is_absent "$1" || return
	! grep -q -e ENOMEM -e 'out of memory' "$(error_of "$1")" || told=$((told + 1))
}

@test "an object is made completely or not at all, and last_error says why" {
	make_device nullio d0 size=1M
	mkdir -p $target/groups/g
	for path in devices/nullio/f targets/probe/f $target/groups/f \
		$target/groups/g/luns/9 $target/groups/g/initiators/f; do
		told=0
		every_allocation rmdir is_absent_as_told mkdir "$path"
		[ "$told" -gt 0 ]
		mkdir "$path"
		attr_is "$(error_of "$path")" ''
	done
}

# sessions_have GROUP LUNS: both
sessions_have() {
	local name

	for name in v1 v2; do
		attr_is "$target/sessions/$name/group" "$1" &&
			attr_is "$target/sessions/$name/luns" "$2" || return
	done
}

# Two sessions that see a device as LUN 0 of the default map
two_sessions() {
	for n in 0 1 2; do
		make_device nullio d$n size=1M
	done
	mkdir -p $target/luns/{0,1} $target/groups/g/luns/{0,1}
	ln -s devices/nullio/d0 $target/luns/0/
	ln -s devices/nullio/d1 $target/groups/g/luns/0/
	ln -s devices/nullio/d2 $target/groups/g/luns/1/
	attr_set $target/enable 1
	for name in v1 v2; do
		probe_login $name
		wait_until 10 sessions_are_there $target/sessions/$name
	done
}

disable_device() {
	attr_set "$1" 0
}

is_idle() {
	attr_is "${1%/*}/state" idle
}

@test "a device is enabled completely or not at all" {
	mkdir -p devices/nullio/d0
	attr_set devices/nullio/d0/size 1M
	every_allocation disable_device is_idle write devices/nullio/d0/enable 1
}

unlink_second() {
	sessions_have '' 2 && rm "$1"
}

see_one() {
	sessions_have '' 1 && is_absent "$1"
}

@test "all sessions see a new LUN, or none does" {
	two_sessions
	every_allocation unlink_second see_one link $target/luns/1/x devices/nullio/d1
	sessions_have '' 1
}

move_back() {
	sessions_have g 2 && rmdir "$1"
}

@test "a pattern moves all its sessions, or none" {
	two_sessions
	every_allocation move_back see_one mkdir "$target/groups/g/initiators/v*"
	sessions_have '' 1
}

# Sessions that lack LUNs get them when the pattern is added and removed once more.
move_again() {
	if ! sessions_have '' 1 2>/dev/null; then
		lacking=$((lacking + 1))
		attr_is $target/last_error \
			"out of memory: initiators of ${1##*/} do not see all their LUNs" || return
		mkdir "$1" && rmdir "$1" && sessions_have '' 1 || return
	fi
	mkdir "$1" && sessions_have g 2
}

still_moved() {
	sessions_have g 2 && [ -d "$1" ]
}

@test "a removed pattern revokes its LUNs, and reports sessions that lack others" {
	two_sessions
	mkdir "$target/groups/g/initiators/v*"
	lacking=0
	every_allocation move_again still_moved rmdir "$target/groups/g/initiators/v*"
	[ "$lacking" -gt 0 ]
}

third_is_gone() {
	is_absent $target/sessions/v3
}

wait_for_third() {
	wait_until 10 third_is_gone
}

@test "a log-in succeeds completely or fails" {
	two_sessions
	every_allocation wait_for_third third_is_gone write "$probe_root/t0" 'login v3'
	sessions_have '' 1
}
