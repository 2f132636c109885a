#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Cuts the power of a bed while it writes through fileio disks and changes a reservation
# that persists, boots it again with the same medium, and looks for everything that was
# acknowledged as durable.
# The arguments are run_vm.sh's options. Prints TAP.

set -u

scst_tests=$(cd "$(dirname "$0")" && pwd) || exit 1
scst_repo=$(cd "$scst_tests/../../../.." && pwd) || exit 1
cd "$scst_repo" || exit 1

. "$scst_tests/lib/tap.sh"

# How many writes of each kind must be acknowledged before the power is cut, and
# within how many seconds. A machine that does nothing else needs a minute.
cut_enough=100
cut_patience=280

# The guest sees it below $SCST_OUT.
mkdir -p build/out
cut_dir=$(mktemp -d "$scst_repo/build/out/powercut.XXXXXX") || exit 1
cut_disk=$cut_dir/disk
cut_bed=
trap 'rm -rf "$cut_dir"' EXIT
trap 'exit 1' INT TERM HUP

make_disk() {
	truncate -s 64M "$cut_disk" && mkfs.ext4 -q -F "$cut_disk"
}

is_enough() {
	for _ie_kind in fua flush cached key; do
		_ie_lines=$(wc -l <"$cut_dir/$_ie_kind") || return
		[ "$_ie_lines" -ge "$cut_enough" ] || return
	done 2>/dev/null
}

wait_until_enough() {
	for _wu_second in $(seq "$cut_patience"); do
		is_enough && return
		kill -0 "$cut_bed" 2>/dev/null || break
		sleep 1
	done
	echo "the bed has not written enough:"
	wc -l "$cut_dir"/*
	cat "$cut_dir/output"
	return 1
}

# run_vm.sh kills the machine when it gets a signal to end.
write_and_cut() {
	"$scst_tests/run_vm.sh" "$@" --disk "$cut_disk" --timeout 300 -- \
		"$scst_tests/vm/powercut" write "${cut_dir##*/}" >"$cut_dir/output" 2>&1 &
	cut_bed=$!
	wait_until_enough
	_wc_rc=$?
	kill -TERM "$cut_bed"
	wait "$cut_bed"
	return "$_wc_rc"
}

look_again() {
	"$scst_tests/run_vm.sh" "$@" --disk "$cut_disk" --timeout 300 -- \
		"$scst_tests/vm/powercut" read "${cut_dir##*/}"
}

# The place of every acknowledged write has that write, or a later one that was in flight. The file
# has lines of one block, "PLACE NUMBER".
lost() {
	awk -v kind="$1" '
		FILENAME != file { acknowledged[$1] = $2; next }
		$1 in acknowledged && $2 < acknowledged[$1] {
			print kind " write " acknowledged[$1] " of block " $1 " is lost: " $2
		}
		$1 in acknowledged { found++ }
		END {
			for (place in acknowledged) expected++
			if (found != expected) print expected - found " blocks are not there"
		}' file="$cut_dir/$1.found" "$cut_dir/$1" "$cut_dir/$1.found"
}

nothing_is_lost() {
	_nl_lost=$(lost "$1") || return
	[ -z "$_nl_lost" ] || {
		printf '%s\n' "$_nl_lost"
		return 1
	}
}

# The last key that was acknowledged, or the one that was in flight.
last_key_is_there() {
	_lk_last=$(tail -n 1 "$cut_dir/key") && _lk_found=$(cat "$cut_dir/key.found") ||
		return
	[ "$_lk_found" = "$_lk_last" ] || [ "$_lk_found" = $((_lk_last + 1)) ] || {
		echo "key $_lk_last was registered, found is '$_lk_found'"
		return 1
	}
}

something_is_lost() {
	[ -n "$(lost "$1")" ]
}

tap_check 'a medium' make_disk
tap_check 'the power is cut while a bed writes' write_and_cut "$@"
tap_check 'the bed boots again and reads the files' look_again "$@"
tap_check 'no write with FUA is lost' nothing_is_lost fua
tap_check 'no write followed by SYNCHRONIZE CACHE is lost' nothing_is_lost flush
tap_check 'no registration that persists is lost, and none is half there' last_key_is_there
tap_check 'the cut was one: writes that were only cached are lost' something_is_lost cached
tap_end
