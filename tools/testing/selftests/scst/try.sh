#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# make try: builds what changed, runs test files in one bed, and reports at the end the failures and
# the time of each part.

set -u

usage() {
	cat <<'TEXT'
usage: try.sh [--bed BED] [--filter PATTERN] TEST...

Runs the test files whose names begin with TEST, such as 30, 30-nullio or faults/10. TEST may also
be the path of a test file. With --filter, runs only the tests whose names match the regular
expression PATTERN. BED is one of run_vm.sh's: uml (the default), uml-smp, uml-smp-lockdep or vm.

exit status: 0 if all passed, 2 for wrong usage, or else that of run_vm.sh
TEXT
}

wrong_usage() {
	printf 'try.sh: %s\n' "$*" >&2
	usage >&2
	exit 2
}

scst_tests=$(cd "$(dirname "$0")" && pwd) || exit 2
scst_repo=$(cd "$scst_tests/../../../.." && pwd) || exit 2

. "$scst_tests/lib/summary.sh"

bed=uml
filter=
results=$scst_repo/build/out/try

# Take the option $1, whose value is $2.
take_option() {
	case $1 in
	--bed) bed=$2 ;;
	--filter) filter=$2 ;;
	*) wrong_usage "unknown option $1" ;;
	esac
}

# The test files that $1 names, one a line
files() {
	if [ -f "$1" ]; then
		realpath "$1"
		return
	fi
	set -- "$scst_tests/${1%.bats}"*.bats
	[ -e "$1" ] && printf '%s\n' "$@"
}

all_files() {
	for _af_name in "$@"; do
		files "$_af_name" || wrong_usage "no test file begins with '$_af_name'"
	done
}

# Results appear as they come.
run() {
	# shellcheck disable=SC2086 # a list of files
	{
		"$scst_tests/run_vm.sh" --bed "$bed" --scratch 2048 --times "$results/times" -- \
			env BATS_TEST_TIMEOUT=600 bats --tap --timing ${filter:+-f "$filter"} $1
		echo $? >"$results/status"
	} | tee "$results/tap"
	return "$(cat "$results/status")"
}

# The failures again: the first report may be far up by now.
show_failures() {
	echo
	echo "FAILED:"
	summary_failures "$results/tap"
	echo "    the kernel's log: ${results%/try}/console-$bed"
}

# show STATUS: a bed that reports trouble has failed, though every test passed.
show() {
	read -r _sh_passed _sh_failed _sh_skipped <<-COUNT
	$(summary_count "$results/tap" "$1")
	COUNT
	[ "$_sh_failed" -eq 0 ] || show_failures
	echo "$_sh_passed passed, $_sh_failed failed, $_sh_skipped skipped;" \
		"seconds: $(cat "$results/times" 2>/dev/null)"
	[ "$((_sh_passed + _sh_failed + _sh_skipped))" -gt 0 ] || {
		echo "no test matches '$filter'"
		return 1
	}
}

while [ $# -gt 0 ]; do
	case $1 in
	-h | --help) usage && exit 0 ;;
	-*)
		[ $# -gt 1 ] || wrong_usage "$1 needs a value"
		take_option "$1" "$2"
		shift
		;;
	*) break ;;
	esac
	shift
done
[ $# -gt 0 ] || wrong_usage "TEST is missing"
chosen=$(all_files "$@") || exit
rm -rf "$results"
mkdir -p "$results" || exit 1
run "$chosen"
status=$?
show "$status" || status=1
exit "$status"
