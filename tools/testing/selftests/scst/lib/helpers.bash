# SPDX-License-Identifier: GPL-2.0
# Loaded by every bats file (load lib/helpers): each test fails if the kernel had
# something to complain about while it ran. A file with a setup or teardown of its
# own calls kernel_log_mark and kernel_log_check there.
# shellcheck shell=bash

# shellcheck source=trouble.sh
. "${BASH_SOURCE[0]%/*}/trouble.sh"

# bats notes the line of every command before it runs, which costs more than the
# command. In libraries it need not: what failed is the line that called them.
note_lines_of_tests_only() {
	# shellcheck disable=SC2128 # the innermost one
	trap '[[ $BASH_SOURCE = *.bash ]] || bats_debug_trap "$BASH_SOURCE"' DEBUG
}

setup() {
	note_lines_of_tests_only
	kernel_log_mark
}

teardown() {
	kernel_log_check
}

# From here on the kernel's log is this test's only; the machine's console keeps
# everything.
kernel_log_mark() {
	dmesg -C
	printf 'scst-test: %s\n' "$BATS_TEST_DESCRIPTION" >/dev/kmsg
}

kernel_log() {
	dmesg
}

kernel_log_check() {
	if kernel_log | trouble >/dev/null; then
		echo "the kernel complained:"
		kernel_log | grep -m 1 -A 200 -F "$(kernel_log | trouble | head -n 1)"
		return 1
	fi
}

# requires COMMAND...: skip the test where one is not installed.
requires() {
	local command

	for command in "$@"; do
		command -v "$command" >/dev/null || skip "no $command"
	done
}

# requires_cpus N: skip the test where fewer things can happen at the same time.
requires_cpus() {
	[ "${SCST_CPUS:-1}" -ge "$1" ] || skip "fewer than $1 CPUs"
}
