#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# make check: static checks, KUnit, the harness's own tests, and the suite in every
# bed. The last line is "N passed, N failed, N skipped". With arguments, only the
# jobs named: static unit meta vm-6.1 vm-6.12 uml uml-smp powercut-vm
# powercut-uml-smp.

set -u

scst_tests=$(cd "$(dirname "$0")" && pwd) || exit 1
scst_repo=$(cd "$scst_tests/../../../.." && pwd) || exit 1
cd "$scst_repo" || exit 1

. "$scst_tests/lib/summary.sh"

results=build/out/check
setup=$scst_tests/setup.sh
run_vm=$scst_tests/run_vm.sh

# The longest first: as many as there are CPUs run at a time. With more, tests that
# measure pauses would measure the machine's.
all_jobs='vm-6.1 vm-6.12 uml static uml-smp powercut-vm powercut-uml-smp meta unit'

fetch() {
	"$setup" qemu && "$setup" kernel 6.1 && "$setup" kernel 6.12 &&
		"$setup" uml && "$setup" uml-smp
} >/dev/null

# The suite in a bed, with $1 seconds of churn and the tests of folder $2 besides: the
# other arguments start the bed.
suite() {
	_su_churn=$1
	_su_more=$2
	shift 2
	"$@" --scratch 2048 --timeout 3000 -- \
		env SCST_CHURN_SECONDS="$_su_churn" SCST_FAULT_STEP=97 SCST_CUT_STEP=29 \
		bats --tap "$scst_tests"/[0-9][0-9]-*.bats ${_su_more:+"$_su_more"}
}

run_job() {
	case $1 in
	static) "$scst_tests/static.sh" ;;
	unit) "$scst_tests/unit.sh" ;;
	meta) bats --tap "$scst_tests"/meta/*.bats ;;
	vm-*) suite 10 '' "$run_vm" --bed vm --kernel "${1#vm-}" ;;
	uml) suite 20 "$scst_tests"/faults "$run_vm" --bed uml ;;
	uml-smp) suite 60 '' "$run_vm" --bed uml-smp ;;
	powercut-*) "$scst_tests/powercut.sh" --bed "${1#powercut-}" ;;
	*) echo "no such job" ;;
	esac
}

seconds() {
	cut -d. -f1 /proc/uptime
}

show_failures() {
	summary_failures "$results/$1.tap"
	tail -n 120 "$results/$1.err" | sed 's/^/    | /'
}

# Run job $1, keep its results, and say how it went.
do_job() {
	_dj_start=$(seconds)
	run_job "$1" >"$results/$1.tap" 2>"$results/$1.err" </dev/null
	_dj_rc=$?
	summary_count "$results/$1.tap" "$_dj_rc" >"$results/$1.count"
	read -r _dj_passed _dj_failed _dj_skipped <"$results/$1.count"
	echo "$1: $_dj_passed passed, $_dj_failed failed, $_dj_skipped skipped" \
		"($(($(seconds) - _dj_start)) s)"
	[ "$_dj_failed" -eq 0 ] || show_failures "$1"
}

# A job that left no count never came to its end.
total() {
	for _to_job in "$@"; do
		cat "$results/$_to_job.count" 2>/dev/null || echo 0 1 0
	done | awk '
		{ passed += $1; failed += $2; skipped += $3 }
		END {
			print passed " passed, " failed " failed, " skipped " skipped"
			exit failed != 0
		}'
}

if [ "${1-}" = --job ]; then
	do_job "$2"
	exit
fi
rm -rf "$results"
mkdir -p "$results"
jobs=${*:-$all_jobs}
# shellcheck disable=SC2086 # a list of words
fetch && printf '%s\n' $jobs | xargs -n 1 -P "$(nproc)" "$scst_tests/check.sh" --job
# shellcheck disable=SC2086
total $jobs
