#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# make try: the tests that it runs, its output and its exit status.

bats_require_minimum_version 1.5.0

setup() {
	repo=$BATS_TEST_DIRNAME/../../../../..
	fixtures=$BATS_TEST_DIRNAME/fixtures
}

# try ARGUMENT...: in the quick bed
try() {
	"$BATS_TEST_DIRNAME/../try.sh" --bed uml-smp "$@"
}

# The parts of a run, as the last line has them
in_parts() {
	[[ $1 =~ \;\ seconds:\ [0-9.]+\ build,\ [0-9.]+\ boot,\ ([0-9.]+)\ command,\ [0-9.]+\ checks$ ]]
}

@test "the arguments of make try are applied, and a passed test is counted" {
	run make --no-print-directory -C "$repo" try BED=uml-smp "T=$fixtures/tried.bats" \
		"F=it's one"
	[ "$status" -eq 0 ]
	[[ $output == *"1..1"*"ok 1 it's one that passes"* ]]
	[[ $output == *"1 passed, 0 failed, 0 skipped"* ]]
	in_parts "$output"
}

@test "failures are repeated at the end" {
	run try "$fixtures/tried.bats"
	[ "$status" -eq 1 ]
	[[ $output == *"FAILED:"*"not ok 2 one that fails"*"what is wrong"*"console-uml-smp"* ]]
	[[ $output == *"1 passed, 1 failed, 0 skipped"* ]]
	in_parts "$output"
}

@test "trouble in the kernel is a failure with status 99" {
	run try "$fixtures/warns.bats"
	[ "$status" -eq 99 ]
	[[ $output == *"FAILED:"*"not ok 2 a test during which the kernel warns"* ]]
	[[ $output == *"2 passed, 1 failed, 0 skipped"* ]]
}

@test "a number selects the files that begin with it" {
	run try --filter 'CPUs that it should' 00
	[ "$status" -eq 0 ]
	[[ $output == *"1 passed, 0 failed, 0 skipped"* ]]
}

@test "a pattern that matches no test is a failure" {
	run try --filter 'no such test' "$fixtures/tried.bats"
	[ "$status" -ne 0 ]
	[[ $output == *"no test matches 'no such test'"* ]]
}

@test "wrong usage is reported and starts nothing" {
	for arguments in '' 99 '--what 30' '--bed'; do
		# shellcheck disable=SC2086 # lists of words
		run "$BATS_TEST_DIRNAME/../try.sh" $arguments
		[ "$status" -eq 2 ]
		[[ $output == *usage:* ]]
	done
}
