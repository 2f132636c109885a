# SPDX-License-Identifier: GPL-2.0
# Read by every bash in the beds (BASH_ENV): programs that tests call all the time become commands
# of the shell, because starting a program takes 20 to 50 ms there. Without Debian's package
# bash-builtins they remain programs. Its ln has no -n.
# shellcheck shell=bash

for scst_builtin in mkdir rm rmdir sleep; do
	enable -f "/usr/lib/bash/$scst_builtin" "$scst_builtin"
done 2>/dev/null
unset scst_builtin

# bats asks for the time in this form before and after each test.
date() {
	if [ "$*" = +%s%N ]; then
		printf '%s000\n' "${EPOCHREALTIME/[.,]/}"
	else
		command date "$@"
	fi
}
