#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# Every allocation of every operation on the graph fails once: the operation is
# refused, and nothing has changed, or it succeeds all the same. The kernel must be
# able to inject faults. With SCST_FAULT_STEP=N only every Nth allocation fails, and the
# first twenty.

load ../lib/scst
load ../lib/probe

target=targets/probe/t0

setup() {
	scst_up
	echo N >/sys/kernel/debug/failslab/ignore-gfp-wait
	echo 0 >/sys/kernel/debug/failslab/verbose
}

# every_allocation UNDO OPERATION PATH [VALUE]: calls UNDO when the operation was
# done, and nothing_changed when it was not.
every_allocation() {
	local undo=$1 step=${SCST_FAULT_STEP:-1} n result fired=0

	shift
	for ((n = 1; n < 1000; n += n < 20 ? 1 : step)); do
		result=$(perl "$BATS_TEST_DIRNAME/fail_nth.pl" "$n" "$@")
		case $result in
		'fired ENOMEM') nothing_changed "$@" ;;
		'fired ok' | 'spent ok') $undo ;;
		*) false ;;
		esac || fail "allocation $n of $*: $result" || return
		[ "${result% *}" = fired ] || break
		fired=$((fired + 1))
	done
	echo "# $fired failed allocations: $*"
	[ "$fired" -gt 0 ] && [ "$n" -lt 1000 ]
}

# What is made anew must not be there if it failed.
nothing_changed() {
	case $1 in
	mkdir | link) [ ! -e "$2" ] && [ ! -L "$2" ] ;;
	esac
}

@test "objects are made as a whole or not at all" {
	make_device nullio d0 size=1M
	mkdir -p $target/groups/g
	every_allocation 'rmdir devices/nullio/f' mkdir devices/nullio/f
	every_allocation 'rmdir targets/probe/f' mkdir targets/probe/f
	every_allocation "rmdir $target/groups/f" mkdir $target/groups/f
	every_allocation "rmdir $target/groups/g/luns/9" mkdir $target/groups/g/luns/9
	every_allocation "rmdir $target/groups/g/initiators/f" \
		mkdir $target/groups/g/initiators/f
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
		wait_until 10 test -d $target/sessions/$name
	done
}

@test "a device is enabled or not" {
	mkdir -p devices/nullio/d0
	attr_set devices/nullio/d0/size 1M
	nothing_changed() {
		attr_is devices/nullio/d0/state idle
	}
	every_allocation 'attr_set devices/nullio/d0/enable 0' \
		write devices/nullio/d0/enable 1
}

@test "all sessions see a new LUN, or none does" {
	two_sessions
	undo() {
		sessions_have '' 2 && rm $target/luns/1/x
	}
	nothing_changed() {
		sessions_have '' 1 && [ ! -L $target/luns/1/x ]
	}
	every_allocation undo link $target/luns/1/x devices/nullio/d1
	sessions_have '' 1
}

@test "a pattern moves all its sessions, or none" {
	two_sessions
	undo() {
		sessions_have g 2 && rmdir "$target/groups/g/initiators/v*"
	}
	nothing_changed() {
		sessions_have '' 1 && [ ! -e "$target/groups/g/initiators/v*" ]
	}
	every_allocation undo mkdir "$target/groups/g/initiators/v*"
	sessions_have '' 1
}

@test "a pattern that goes leaves nobody what he must not see, and says what he lacks" {
	two_sessions
	mkdir "$target/groups/g/initiators/v*"
	lacking=0
	undo() {
		if ! sessions_have '' 1 2>/dev/null; then
			lacking=$((lacking + 1))
			matches 'out of memory: initiators of v\* lack LUNs' \
				"$(cat $target/last_error)" || return
			mkdir "$target/groups/g/initiators/v*"
			rmdir "$target/groups/g/initiators/v*"
			sessions_have '' 1 || return
		fi
		mkdir "$target/groups/g/initiators/v*"
		sessions_have g 2
	}
	every_allocation undo rmdir "$target/groups/g/initiators/v*"
	[ "$lacking" -gt 0 ]
}

@test "a log-in succeeds as a whole or fails" {
	two_sessions
	nothing_changed() {
		[ ! -d $target/sessions/v3 ]
	}
	undo() {
		wait_until 10 eval "[ ! -d $target/sessions/v3 ]"
	}
	every_allocation undo write "$probe_root/t0" 'login v3'
	sessions_have '' 1
}
