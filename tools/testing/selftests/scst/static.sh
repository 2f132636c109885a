#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# The checks that need no machine: compilers, sparse, checkpatch, shellcheck, the
# documentation's own. Prints TAP; exits 1 if a check finds something. With arguments, only
# builds for what is named: 6.1 or 6.12, stock kernels, or s390x, i386 or arm64, Linux 6.1.

set -u

scst_tests=$(cd "$(dirname "$0")" && pwd) || exit 1
scst_repo=$(cd "$scst_tests/../../../.." && pwd) || exit 1
cd "$scst_repo" || exit 1

. "$scst_tests/bed/common.sh"
. "$scst_tests/bed/cross.sh"
. "$scst_tests/lib/tap.sh"

setup=$scst_tests/setup.sh

# The sources of the kinds given, as find's -name knows them. Build output aside.
sources() {
	_so_names=
	for _so_pattern in "$@"; do
		_so_names="${_so_names:+$_so_names -o }-name $_so_pattern"
	done
	set -f
	# shellcheck disable=SC2086 # words of an expression
	find . \( -path ./build -o -path ./.git \) -prune -o \
		-type f \( $_so_names \) -print | sort
	set +f
}

shell_scripts() {
	find . \( -path ./build -o -path ./.git \) -prune -o -type f -perm -u+x -print |
		while read -r _ss_file; do
			head -n 1 "$_ss_file" | grep -q '^#!/bin/\(busybox \)\?sh' &&
				printf '%s\n' "$_ss_file"
		done | sort
}

# --- one function for each check: prints what is wrong, fails if anything is

build_kdir() {
	case $1 in
	[0-9]*) "$setup" kernel "$1" ;;
	*) "$setup" headers "$1" ;;
	esac
}

# The build's log in file $1, without sparse's complaint about a header of arm64
build_log() {
	grep -v -e '/asm/percpu\.h:.*: cast truncates bits' -e ': note: ' "$1"
}

# W=1 and sparse against a stock kernel or for an architecture. A file is checked again only when it
# changed; after a complaint, all are. For s390x the modules are those of make install.
check_build() {
	_cb_kdir=$(build_kdir "$1") || return 1
	_cb_objects=build/static-$1
	_cb_more=TEST_MODULES=y
	[ "$1" != s390x ] || _cb_more=SAMPLES=y
	# shellcheck disable=SC2046 # a list of words
	make --no-print-directory -s -j"$(nproc)" modules KDIR="$_cb_kdir" \
		objects="$_cb_objects" "$_cb_more" W=1 C=1 $(cross_make "$1") \
		>"$_cb_objects.log" 2>&1 &&
		! build_log "$_cb_objects.log" | grep -q -i -e 'warning:' -e 'error:' && return 0
	build_log "$_cb_objects.log" | sed "s|$scst_repo/$_cb_objects/||g" |
		awk '!seen[$0]++' | head -n 100
	rm -rf "$_cb_objects"
	return 1
}

# checkpatch.pl with options $1 on the files of standard input. It runs in the kernel tree, where it
# finds the kernel's own names.
checkpatch() {
	_cp_tool=$("$setup" checkpatch) || return 1
	(
		cd "${_cp_tool%/scripts/*}" || exit 1
		# shellcheck disable=SC2086 # options
		sed "s|^\\.|$scst_repo|" |
			xargs -r "$_cp_tool" --strict --terse --show-types --no-summary $1 -f
	) | sed "s|^$scst_repo/||"
}

# The files of standard input that have changed since all of them passed checkpatch; all of them if
# this file has.
checkpatch_passed=build/checkpatch-passed
changed() {
	if [ -e "$checkpatch_passed" ] &&
		[ -z "$(find "$scst_tests/static.sh" -newer "$checkpatch_passed")" ]; then
		xargs -I '{}' find '{}' -newer "$checkpatch_passed"
	else
		cat
	fi
}

# Exceptions: compat.h is where kernels' differences belong, so it asks for the version
# and defines what older ones lack; TRACE_EVENT() has a layout of its own, and so have
# macros for parts of it.
versions=LINUX_VERSION_CODE,CONSTANT_COMPARISON,EXPORT_SYMBOL,MACRO_ARG_UNUSED
trace_macros=COMPLEX_MACRO,MULTISTATEMENT_MACRO_USE_DO_WHILE,MACRO_ARG_REUSE
check_checkpatch() {
	_cc_start=$(mktemp -p build) || return 1
	{
		sources '*.[ch]' | grep -v -e /compat.h -e /trace.h | changed | checkpatch ''
		sources compat.h | changed | checkpatch "--ignore $versions"
		sources trace.h | changed |
			checkpatch "--ignore OPEN_ENDED_LINE,PARENTHESIS_ALIGNMENT,$trace_macros"
	} 2>&1 | grep . && rm -f "$_cc_start" && return 1
	mv "$_cc_start" "$checkpatch_passed"
}

# Sourced files are checked where they are used, with -a. Variables that a bats file gets through
# load are unknown: no SC2154 (referenced but not assigned) there.
check_shellcheck() {
	shell_scripts | xargs -r shellcheck -s sh -x -a -P SCRIPTDIR &&
		sources '*.bats' | xargs -r shellcheck -s bats -e SC2154 -x -P SCRIPTDIR &&
		sources '*.bash' | xargs -r shellcheck -s bash -x -P SCRIPTDIR
}

check_dash() {
	{
		shell_scripts
		sources '*.sh'
	} | sort -u | xargs -r -n 1 dash -n
}

# The name of a function has parentheses, so that the manual links what refers to it. The tool is
# Python, which must not leave its byte code in the kernel's source.
check_kernel_doc() {
	_ck_source=$("$setup" source) || return 1
	sources '*.[ch]' | grep -v -e _kunit -e /tools/ |
		PYTHONDONTWRITEBYTECODE=1 \
			xargs -r "$_ck_source/scripts/kernel-doc" -none -Werror -Wall || return
	# shellcheck disable=SC2016 # it is awk's
	sources '*.[ch]' | xargs awk '
		begun && /^ \* [[:alnum:]_]+ -/ { print FILENAME ": " $0; bare = 1 }
		{ begun = /^\/\*\*$/ }
		END { exit bare }'
}

check_sphinx() {
	sphinx-build -q -W -b html Documentation build/docs
}

# ABI files have a format of their own, without comments; a patch has the licence of
# what it changes.
check_spdx() {
	git ls-files | while read -r _cs_file; do
		[ ! -f "$_cs_file" ] || head -n 2 "$_cs_file" | grep -q SPDX-License-Identifier ||
			printf '%s\n' "$_cs_file: no SPDX-License-Identifier"
	done | grep -v -e '^COPYING' -e '^LICENSES/' -e /golden/ \
		-e ^Documentation/ABI/ -e '\.patch:' && return 1
	return 0
}

# The folders of the core are layers: a file uses its own and those below it. From the lowest up
layers='cmd observe task lu graph configfs'

# The core's folders and those above them that a file there includes
climbing_includes() {
	grep -r '^#include "' --include='*.[ch]' drivers/target/scst | awk -F'[/:"]' -v layers="$layers" '
		BEGIN { n = split(layers, names, " "); for (i = 1; i <= n; i++) rank[names[i]] = i }
		rank[$4] && (/"pipeline.h"/ || rank[$7] > rank[$4])'
}

# Symbols of higher layers that objects in directory $1 use. Every layer sends commands back into
# the pipeline, and takes the lock of configuration, which is in main.c.
climbing_symbols() {
	find drivers/target/scst -name '*.c' ! -name '*_kunit.c' ! -path '*/handlers/*' \
		! -path '*/local/*' -printf '%P\n' | sed 's/c$/o/' | (cd "$1" && xargs nm -A -P) | awk -F'[: ]+' -v layers="$layers" '
		BEGIN { n = split(layers, names, " "); for (i = 1; i <= n; i++) rank[names[i] "/"] = i }
		{ file[NR] = $1; name[NR] = $2; type[NR] = $3 }
		$3 ~ /[A-TV-Z]/ { home[$2] = $1 }
		function rank_of(object) {
			return match(object, ".*/") ? rank[substr(object, 1, RLENGTH)] : n + 1
		}
		END {
			for (i = 1; i <= NR; i++) {
				from = home[name[i]]
				if (type[i] != "U" || from ~ /^(|pipeline.o|main.o)$/) continue
				if (rank_of(from) > rank_of(file[i])) print file[i] ": " name[i] ", " from
			}
		}'
}

check_layers() {
	{
		climbing_includes
		climbing_symbols build/static-6.12/drivers/target/scst
	} 2>&1 | grep . && return 1
	return 0
}

# make soak builds it.
check_series() {
	"$scst_tests/series.sh" quick
}

# Linux 6.1 is built for s390x, which is big-endian; the vm bed builds it as it is.
builds=${*:-s390x 6.12}
mkdir -p build
for build in $builds; do
	tap_check "W=1 and sparse, $build" check_build "$build"
done
if [ $# -gt 0 ]; then
	tap_end
	exit
fi
tap_check 'no layer uses one above it' check_layers
tap_check 'checkpatch --strict' check_checkpatch
tap_check 'shellcheck' check_shellcheck
tap_check 'dash -n' check_dash
tap_check 'kernel-doc' check_kernel_doc
if [ -e Documentation/index.rst ]; then
	tap_check 'Sphinx' check_sphinx
else
	tap_skip 'Sphinx' 'no Documentation/index.rst'
fi
tap_check 'SPDX lines' check_spdx
tap_check 'the patch series' check_series
tap_end
