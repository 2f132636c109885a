# SPDX-License-Identifier: GPL-2.0
# Sourced: writes test results as TAP.
# shellcheck shell=sh

tap_count=0
tap_failures=0

# Result line for the test called $1; $2 is its status.
tap_result() {
	tap_count=$((tap_count + 1))
	if [ "$2" -eq 0 ]; then
		printf 'ok %s - %s\n' "$tap_count" "$1"
	else
		tap_failures=$((tap_failures + 1))
		printf 'not ok %s - %s\n' "$tap_count" "$1"
	fi
}

# The test called $1 is the command that follows; its output is shown if it fails.
tap_check() {
	_tc_name=$1
	shift
	_tc_log=$(mktemp) || exit 1
	"$@" >"$_tc_log" 2>&1
	_tc_rc=$?
	tap_result "$_tc_name" "$_tc_rc"
	[ "$_tc_rc" -eq 0 ] || sed 's/^/# /' "$_tc_log"
	rm -f "$_tc_log"
}

tap_skip() {
	tap_count=$((tap_count + 1))
	printf 'ok %s - %s # skip %s\n' "$tap_count" "$1" "$2"
}

# Print the plan; fail if a test has failed.
tap_end() {
	printf '1..%s\n' "$tap_count"
	[ "$tap_failures" -eq 0 ]
}
