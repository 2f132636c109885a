#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# make check: static checks, KUnit, the harness's own tests, and the suite in the
# beds. The last line is "N passed, N failed, N skipped". With arguments, only the
# jobs named: static unit meta vm-6.1 vm-6.12 vm-6.12-smp uml uml-iscsi uml-smp uml-sample
# uml-smp-sample powercut-vm powercut-uml-smp, and those of make soak alone: vm-7.3 s390x
# unit-s390x. With SCST_WHOLE=1, every bed runs every test.

set -u

scst_tests=$(cd "$(dirname "$0")" && pwd) || exit 1
scst_repo=$(cd "$scst_tests/../../../.." && pwd) || exit 1
cd "$scst_repo" || exit 1

. "$scst_tests/lib/summary.sh"

results=build/out/check
setup=$scst_tests/setup.sh
run_vm=$scst_tests/run_vm.sh

# The longest jobs first. There is one more at a time than there are CPUs: tests wait a lot.
all_jobs='uml vm-6.12 vm-6.1 uml-iscsi uml-smp static vm-6.12-smp uml-sample powercut-vm meta'
all_jobs="$all_jobs powercut-uml-smp unit"
slots=$(($(nproc) + 1))

# Every file runs in uml, which has the checkers. Every other bed runs the files that show that the
# whole works there. One of the stock kernels runs those that use the kernel around us (configfs,
# sysfs, VFS, SCSI, sockets). Beds with several CPUs run those about concurrency. The rest tests our
# own logic, which is the same everywhere.
everywhere='00|10|74'
one_stock='1[12]|2[34]|3[1-578]|6.|7[015]|86'
several='1[56]|2[89]|3[58]|4.|7[17]|8[14]'
several_stock='4.'
# With the sample driver: its initiators, and the commands of SPC
sample='1[02]|20'
# For make soak: on the newest stock kernel, and on a big-endian machine
newest_stock='00|1[02]|23|31|7[01]'
big_endian='00|1[02]|2[0-2]|25|30'

fetch() {
	"$setup" qemu && "$setup" kernel 6.1 && "$setup" kernel 6.12 &&
		"$setup" uml && "$setup" uml-smp
} >/dev/null

# The suite's files whose numbers match $1
files() {
	find "$scst_tests" -maxdepth 1 -name '[0-9][0-9]-*.bats' |
		grep -E "/($1)-[^/]*\$" | sort
}

# The target driver whose initiators have the disks is scst_$suite_driver.
suite_driver=local
suite_filter=

# Files $2 of the suite in a bed, with $1 seconds of churn: the other arguments start the bed. A
# test that hangs must not take the others along.
suite() {
	_su_churn=$1
	_su_files=$2
	shift 2
	# shellcheck disable=SC2086 # options and a list of files
	"$@" --scratch 2048 --timeout 4800 -- \
		env SCST_CHURN_SECONDS="$_su_churn" SCST_FAULT_STEP=97 SCST_CUT_STEP=29 \
		SCST_DRIVER="$suite_driver" BATS_TEST_TIMEOUT=600 \
		bats --tap --timing $suite_filter $_su_files
}

all_files() {
	files '[0-9]*'
}

# part FILES...: those that a bed has
part() {
	if [ "${SCST_WHOLE:-0}" = 1 ]; then
		all_files
	else
		files "$everywhere"
		printf '%s\n' "$@"
	fi
}

# half N: one of the stock kernels runs half 0, the other half 1.
half() {
	files "$one_stock" | awk "NR % 2 == $1"
}

# Two emulated CPUs that wait for each other cost more than twice as much as one. Only tests of
# concurrency have two.
stock() {
	_st_files=$1
	shift
	suite 10 "$_st_files" "$run_vm" --bed vm "$@"
}

# The files whose disks or targets belong to a target driver
driver_files() {
	all_files | xargs grep -lE 'export_disk|make_target|scst_targets|lib/sg'
}

# The suite with scst_sample, without the tests of scst_local alone
suite_of_sample() {
	_ss_files=$(files "$sample")
	[ "${SCST_WHOLE:-0}" != 1 ] || _ss_files=$(driver_files)
	suite_driver=sample
	suite_filter='--filter-tags !local'
	suite 20 "$_ss_files" "$run_vm" "$@"
}

run_job() {
	case $1 in
	static) "$scst_tests/static.sh" ;;
	unit) "$scst_tests/unit.sh" ;;
	meta) bats --tap "$scst_tests"/meta/*.bats ;;
	vm-6.1) stock "$(part "$(half 0)")" --kernel 6.1 --smp 1 ;;
	vm-6.12) stock "$(part "$(half 1)")" --kernel 6.12 --smp 1 ;;
	vm-6.12-smp) stock "$(files "$several_stock")" --kernel 6.12 --smp 2 ;;
	vm-7.3) stock "$(files "$newest_stock")" --kernel 7.3 --smp 1 ;;
	s390x) suite 10 "$(files "$big_endian")" "$run_vm" --bed s390x ;;
	unit-s390x) "$run_vm" --bed s390x --timeout 900 -- "$scst_tests/vm/kunit" ;;
	uml) suite 20 "$(files '[^7].') $scst_tests/faults" "$run_vm" --bed uml ;;
	uml-iscsi) suite 20 "$(files '7.')" "$run_vm" --bed uml ;;
	uml-smp) suite 60 "$(part "$(files "$several")")" "$run_vm" --bed uml-smp ;;
	*-sample) suite_of_sample --bed "${1%-sample}" ;;
	powercut-*) "$scst_tests/powercut.sh" --bed "${1#powercut-}" ;;
	*) echo "unknown job: $1" ;;
	esac
}

seconds() {
	cut -d. -f1 /proc/uptime
}

show_failures() {
	summary_failures "$results/$1.tap"
	tail -n 120 "$results/$1.err" | sed 's/^/    | /'
}

# Seconds of the CPU that a shell's programs have taken: what it has written with times, in file $1
cpu_seconds() {
	awk -F'[ms ]+' 'NR == 2 { print int(60 * ($1 + $3) + $2 + $4) }' "$1"
}

# Run job $1, keep its results, and report them.
do_job() {
	_dj_start=$(seconds)
	run_job "$1" >"$results/$1.tap" 2>"$results/$1.err" </dev/null
	_dj_rc=$?
	times >"$results/$1.times"
	summary_count "$results/$1.tap" "$_dj_rc" >"$results/$1.count"
	read -r _dj_passed _dj_failed _dj_skipped <"$results/$1.count"
	echo "$1: $_dj_passed passed, $_dj_failed failed, $_dj_skipped skipped" \
		"($(($(seconds) - _dj_start)) s, of a CPU $(cpu_seconds "$results/$1.times") s)"
	[ "$_dj_failed" -eq 0 ] || show_failures "$1"
}

# A job without a count has not ended.
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
fetch && printf '%s\n' $jobs | xargs -n 1 -P "$slots" "$scst_tests/check.sh" --job
# shellcheck disable=SC2086
total $jobs
