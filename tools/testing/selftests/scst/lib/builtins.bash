# SPDX-License-Identifier: GPL-2.0
# Read by every bash in the beds (BASH_ENV), where starting a program takes 20 to 50 ms, and a
# system call 80 us.
#
# Programs that tests call all the time become commands of the shell. Without Debian's package
# bash-builtins they remain programs. Its ln has no -n.
# shellcheck shell=bash

for scst_builtin in mkdir rm rmdir sleep; do
	enable -f "/usr/lib/bash/$scst_builtin" "$scst_builtin"
done 2>/dev/null
unset scst_builtin

# From a pipe, the shell reads byte by byte. Versions up to 5.0 had files for here-strings, in which
# bats has whole test files.
export BASH_COMPAT=50

# To find a file's tests, bats reads all of what this prints, from a pipe, for a few lines.
bats-preprocess() {
	if [ -n "${CHECK_BATS_COMMENT_COMMANDS-}" ]; then
		command bats-preprocess "$@"
	else
		command bats-preprocess "$@" | grep '^bats_test_function '
	fi
}
