#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# Counting: only results that are there count, and a missing one is a failure.

setup() {
	# shellcheck source=../lib/summary.sh
	. "$BATS_TEST_DIRNAME/../lib/summary.sh"
}

# counts TEXT STATUS: the counts of summary_count for TAP text
counts() {
	printf '%s\n' "$1" >"$BATS_TEST_TMPDIR/tap"
	summary_count "$BATS_TEST_TMPDIR/tap" "$2"
}

@test "passed, failed and skipped tests are counted separately" {
	[ "$(counts '1..4
ok 1 a
not ok 2 b
ok 3 c # skip no d
ok 4 d' 1)" = '2 1 1' ]
}

@test "planned tests without a result count as failed" {
	[ "$(counts '1..5
ok 1 a' 0)" = '1 4 0' ]
}

@test "no plan at all is a failure" {
	[ "$(counts '' 0)" = '0 1 0' ]
}

@test "a bed that reports trouble is a failure even if all tests passed" {
	[ "$(counts '1..1
ok 1 a' 99)" = '1 1 0' ]
}
