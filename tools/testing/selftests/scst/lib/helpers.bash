# SPDX-License-Identifier: GPL-2.0
# Loaded by every bats file (load lib/helpers): each test fails if the kernel complained while it
# ran. A file with a setup or teardown of its own calls kernel_log_mark and kernel_log_check there.
# shellcheck shell=bash

# Libraries are read for every test: bats is not to note their lines. setup() turns that on again,
# for the test alone.
trap - DEBUG

# shellcheck source=trouble.sh
. "${BASH_SOURCE[0]%/*}/trouble.sh"

# bats notes the line of every command before it runs. In a function that a test calls this is not
# needed, as the failed line is the one that calls it; and a command there would cost twenty system
# calls more.
note_lines_of_tests_only() {
	set +T
}

# bats asks for the time before and after each test. Its own function starts a program.
get_mills_since_epoch() {
	printf '%s\n' $((${EPOCHREALTIME/[.,]/} / 1000))
}

setup() {
	note_lines_of_tests_only
	kernel_log_mark
}

teardown() {
	kernel_log_check
}

kernel_log_mark() {
	printf 'scst-test: %s\n' "$BATS_TEST_DESCRIPTION" >/dev/kmsg
}

# What the kernel has written since the last test
kernel_log() {
	dmesg
}

# Looks at the kernel's log and empties it; the console of the machine keeps everything. The shell
# looks first, because each test does this, and processes are expensive in the beds.
kernel_log_check() {
	local log first

	log=$(dmesg -c)
	[[ $log =~ $trouble_pattern ]] && first=$(trouble <<<"$log" | head -n 1) || return 0
	[ -n "$first" ] || return 0
	echo "the kernel complained:"
	grep -m 1 -A 200 -F "$first" <<<"$log"
	return 1
}

# requires COMMAND...: skip the test where one is not installed.
requires() {
	local command

	for command in "$@"; do
		command -v "$command" >/dev/null || skip "no $command"
	done
}

# requires_cpus N: skip the test on a machine with fewer CPUs.
requires_cpus() {
	[ "${SCST_CPUS:-1}" -ge "$1" ] || skip "fewer than $1 CPUs"
}
