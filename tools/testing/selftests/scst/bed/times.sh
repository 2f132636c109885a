# SPDX-License-Identifier: GPL-2.0
# Sourced by run_vm.sh: how long each part of a run took. Its marks are empty files in the run's
# directory, some of them made by the guest. Needs the run_ variables.
# shellcheck shell=sh

times_mark() {
	: >"$run_dir/$1"
}

# times_between FROM TO WHAT: "SECONDS WHAT", or nothing if one did not happen
times_between() {
	stat -c %.1Y "$run_dir/$1" "$run_dir/$2" 2>/dev/null | awk -v what="$3" '
		NR == 1 { from = $1 }
		NR == 2 { printf "%.1f %s\n", $1 - from, what }'
}

times_write() {
	[ -n "$run_times" ] || return 0
	times_mark ended
	{
		times_between begun built build
		times_between built booted boot
		times_between booted ran command
		times_between ran ended checks
	} | paste -s -d , | sed 's/,/, /g' >"$run_times"
}
