#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# make bench: our target and LIO, measured in the same boot. Prints a table and writes
# build/bench.json, build/bench.svg and build/bench.rst. With arguments, only the parts
# named; the results of the others stay as they were.

set -u

usage() {
	cat <<'TEXT'
usage: bench.sh [PART...]

  local    instructions for a command through a local SCSI host    vm 6.1, one CPU
  iscsi    likewise through iSCSI over loopback TCP                vm 6.1, one CPU
  native   microseconds for a command at native speed              uml-smp
  wall     IOPS and bandwidth in wall-clock time                   vm 6.1, two CPUs
  memory   bytes held for a session, a LUN, a command              uml-smp
  scale    cost with more CPUs, sessions, LUNs                     uml-smp
  profile  instructions of local and iscsi, by function            vm 6.1, one CPU

Without arguments: all but profile. With PROFILE=1: profile as well.
TEXT
}

scst_tests=$(cd "$(dirname "$0")/.." && pwd) || exit 1
scst_repo=$(cd "$scst_tests/../../../.." && pwd) || exit 1
cd "$scst_repo" || exit 1

# shellcheck source=../bed/common.sh
. "$scst_tests/bed/common.sh"

bench=$scst_tests/bench
raw=build/bench
all_parts='local iscsi native wall memory scale'

# guest PART OPTION...: in the bed that the options start
guest() {
	_gu_part=$1
	shift
	"$scst_tests/run_vm.sh" "$@" --timeout 1500 -- env BENCH_ROUNDS="${BENCH_ROUNDS-}" \
		"$bench/guest" "$_gu_part"
}

measure() {
	case $1 in
	local) guest "$1" --bed vm --icount ;;
	iscsi) guest "$1" --bed vm --icount --real-waits ;;
	wall) guest "$1" --bed vm ;;
	native | memory) guest "$1" --bed uml-smp ;;
	scale) guest "$1" --bed uml-smp --smp 1 && guest "$1" --bed uml-smp --smp 2 &&
		guest "$1" --bed uml-smp --smp 4 ;;
	esac
}

# The measured values are kept if the part is complete.
run_part() {
	if [ "$1" = profile ]; then
		"$bench/profile.sh"
	else
		measure "$1" >"$raw/$1.new" && mv "$raw/$1.new" "$raw/$1.raw"
	fi
}

report() {
	set --
	for _re_part in $all_parts; do
		[ ! -e "$raw/$_re_part.raw" ] || set -- "$@" "$raw/$_re_part.raw"
	done
	[ $# -eq 0 ] || "$bench/report.pl" --json build/bench.json --svg build/bench.svg \
		--rst build/bench.rst "$@"
}

[ $# -gt 0 ] || [ "${PROFILE:-0}" != 1 ] || all_parts="$all_parts profile"
# shellcheck disable=SC2086 # a list of words
[ $# -gt 0 ] || set -- $all_parts
for part in "$@"; do
	case " $all_parts profile " in
	*" $part "*) ;;
	*) usage >&2 && exit 2 ;;
	esac
done

mkdir -p "$raw"
status=0
for part in "$@"; do
	run_part "$part" || {
		say "bench.sh: $part failed"
		status=1
	}
done
report || exit 1
exit "$status"
