#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Plants faults, one after the other, in a copy of the tree: each patch in planted/ takes out a
# line that something relies on, and names the test that must notice. With arguments, only the
# patches of these names. Prints TAP.

set -u

scst_tests=$(cd "$(dirname "$0")" && pwd) || exit 1
scst_repo=$(cd "$scst_tests/../../../.." && pwd) || exit 1
cd "$scst_repo" || exit 1

. "$scst_tests/lib/tap.sh"

planted_dir=$scst_tests/planted
planted_tree=$scst_repo/build/planted

# The files that git knows, as they are here. Unchanged ones are left alone, as make compares the
# times of files.
copy_tree() {
	mkdir -p "$planted_tree" || return
	git ls-files | while read -r _ct_file; do
		cmp -s "$_ct_file" "$planted_tree/$_ct_file" ||
			cp --parents -t "$planted_tree" "$_ct_file" || return
	done
}

# field PATCH NAME
field() {
	sed -n "s/^$2: //p" "$planted_dir/$1.patch" | head -n 1
}

# apply PATCH [OPTION]
apply() {
	patch -s -p1 -d "$planted_tree" ${2:+"$2"} <"$planted_dir/$1.patch"
}

# The test that PATCH names, in its bed
run_test() {
	_rt_test=$(field "$1" Test)
	"$planted_tree/tools/testing/selftests/scst/run_vm.sh" --bed "$(field "$1" Bed)" \
		--scratch 2048 --timeout 400 -- env BATS_TEST_TIMEOUT=200 \
		bats --tap -f "${_rt_test#*: }" "tools/testing/selftests/scst/${_rt_test%%: *}"
}

# A fault is noticed by a test that fails, or by the kernel's own checkers.
is_noticed() {
	_in_log=$planted_tree/build/$1.log
	apply "$1" || return
	run_test "$1" >"$_in_log" 2>&1
	_in_rc=$?
	apply "$1" -R || return
	case $_in_rc in
	0 | 125) tail -n 40 "$_in_log" ;;
	98 | 99 | 124) return 0 ;;
	*) grep '^not ok ' "$_in_log" || tail -n 40 "$_in_log" ;;
	esac
	grep -q '^not ok ' "$_in_log"
}

copy_tree && mkdir -p "$planted_tree/build" || exit 1
[ $# -gt 0 ] || set -- "$planted_dir"/*.patch
for patch in "$@"; do
	patch=${patch##*/}
	tap_check "${patch%.patch} is noticed" is_noticed "${patch%.patch}"
done
tap_end
