#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# Many shells edit the same graph at random. The resulting graph is consistent: every session has
# the group and the LUNs that the directories name.

load lib/scst
load lib/probe

target=targets/probe/t0
ports='p1 p2 q1 q2'
patterns=('p1' 'q2' 'p*' 'q?' '*' '!*1' '!q*')

# One random change. Most of them fail: another shell was faster, or the change is invalid.
edit() {
	local grp=$target/groups/g$((RANDOM % 3)) n=$((RANDOM % 4))
	local map=$grp/luns

	[ $((RANDOM % 4)) -gt 0 ] || map=$target/luns
	case $((RANDOM % 8)) in
	0 | 1) mkdir "$grp/initiators/${patterns[RANDOM % ${#patterns[@]}]}" ;;
	2) rmdir "$grp/initiators/${patterns[RANDOM % ${#patterns[@]}]}" ;;
	3) mkdir "$map/$n" ;;
	4) ln -s "devices/nullio/d$((RANDOM % 4))" "$map/$n/x" ;;
	5) rm "$map/$n/x" ;;
	6) rmdir "$map/$n" ;;
	7)
		attr_write "$map/$n/read_only" $((RANDOM % 2))
		[ $((RANDOM % 4)) -gt 0 ] || rmdir "$grp" || mkdir "$grp"
		;;
	esac
}

storm() {
	local left=$1

	RANDOM=$2
	while [ $((left -= 1)) -ge 0 ]; do
		edit
	done >/dev/null 2>&1
}

# The group of a port according to the directories: that of its exact name, else the first one
# that explain reports as matching.
expected_group() {
	local grp

	for grp in "$target"/groups/*; do
		[ ! -d "$grp/initiators/$1" ] || { echo "${grp##*/}" && return; }
	done
	attr_write $target/explain "$1"
	awk -F '[/:]' '/: matches / { print $2; exit }' $target/explain
}

port_is_right() {
	local grp map links

	grp=$(expected_group "$1")
	map=$target/${grp:+groups/$grp/}luns
	links=("$map"/*/x)
	[ -e "${links[0]}" ] || links=()
	attr_is "$target/sessions/$1/group" "$grp" &&
		attr_is "$target/sessions/$1/luns" "${#links[@]}"
}

@test "the graph is consistent after fifty shells have edited it at random" {
	for n in 0 1 2 3; do
		make_device nullio d$n size=1M
	done
	mkdir -p $target/groups/{g0,g1,g2}
	attr_set $target/enable 1
	for port in $ports; do
		probe_login "$port"
		wait_until 5 sessions_are_there $target/sessions/"$port"
	done
	for round in $([ "$SCST_BED" = vm ] && echo 1 || echo 1 2); do
		for shell in {1..50}; do
			background storm 6 $((round * 100 + shell))
		done
		jobs_end 120
		for port in $ports; do
			port_is_right "$port" || fail "$(find $target)"
		done
	done
	for n in 0 1 2 3; do
		attr_set devices/nullio/d$n/enable 0
		attr_set devices/nullio/d$n/enable 1
	done
}
