# SPDX-License-Identifier: GPL-2.0
# Sourced by the bed scripts: paths, messages and locks.
# shellcheck shell=sh

# depmod, modprobe and mkfs are not in everybody's path.
PATH=$PATH:/usr/sbin:/sbin

bed_cache=${SCST_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/scst}

say() {
	printf '%s\n' "$*" >&2
}

die() {
	say "${0##*/}: $*"
	exit 1
}

# Run a command quietly; show what it printed only when it fails.
quietly() {
	_q_log=$(mktemp) || exit 1
	"$@" >"$_q_log" 2>&1
	_q_rc=$?
	[ "$_q_rc" -eq 0 ] || tail -n 40 "$_q_log" >&2
	rm -f "$_q_log"
	return "$_q_rc"
}

# One process at a time gets past this for a given name; the lock goes with the
# shell (or subshell) that took it.
lock() {
	mkdir -p "$bed_cache/lock" || exit 1
	exec 9>"$bed_cache/lock/$1"
	flock 9
}
