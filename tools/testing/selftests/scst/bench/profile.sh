#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Where the instructions of a command go, ours and LIO's, exactly: QEMU counts them for
# each function. Prints the stages and the dearest functions, and keeps them below
# build/bench.

set -u

scst_tests=$(cd "$(dirname "$0")/.." && pwd) || exit 1
scst_repo=$(cd "$scst_tests/../../../.." && pwd) || exit 1
cd "$scst_repo" || exit 1

bench=$scst_tests/bench
commands=3000

# profile TRANSPORT OPTION...
profile() {
	_pr_transport=$1
	_pr_folder=$scst_repo/build/out/profile
	shift
	rm -rf "$_pr_folder"
	mkdir -p "$_pr_folder"
	"$scst_tests/run_vm.sh" --bed vm --icount "$@" --timeout 1500 \
		--plugin "$scst_repo/build/bench/profile.so,folder=$_pr_folder" -- \
		"$bench/guest" "profile-$_pr_transport" || exit 1
	for _pr_first in "$_pr_folder"/counts.*.0; do
		_pr_name=$(basename "$_pr_first" .0)
		"$bench/profile.pl" "$_pr_folder" "${_pr_name#counts.}" $commands |
			tee "build/bench/profile-${_pr_name#counts.}.txt"
		echo
	done
}

mkdir -p build/bench
cc -O2 -fPIC -shared -o build/bench/profile.so "$bench/profile.c" || exit 1
profile local
profile iscsi --real-waits
