#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# make patch-series: lays the sources out as a kernel has them, as a series of patches on top of
# the kernel source that setup.sh keeps. Or proves that this series builds.

set -u

usage() {
	cat <<'TEXT'
usage: series.sh [--work DIR] patches   write the patches, print their names
       series.sh [--work DIR] check     prove each of them; prints TAP
       series.sh [--work DIR] check PATCH
                                        prove only that PATCH builds, such as 4-iscsi
       series.sh [--work DIR] quick     prove what needs no build

The patches are in DIR/patches (build/series/patches). The files are those that git knows, as
they are here. The kernel's source stays as it is. Signed-off-by is git's user.name and
user.email.
TEXT
}

scst_tests=$(cd "$(dirname "$0")" && pwd) || exit 1
scst_repo=$(cd "$scst_tests/../../../.." && pwd) || exit 1
cd "$scst_repo" || exit 1

. "$scst_tests/bed/common.sh"
. "$scst_tests/bed/initramfs.sh"
. "$scst_tests/lib/tap.sh"
. "$scst_tests/lib/trouble.sh"

# The programs of its initramfs are this machine's own.
kernel_root=
setup=$scst_tests/setup.sh
series_work=$scst_repo/build/series

case ${1-} in
--work)
	[ $# -gt 2 ] || { usage >&2 && exit 2; }
	mkdir -p "$2" && series_work=$(realpath "$2") || exit 1
	shift 2
	;;
esac
case ${1-} in
patches | check | quick) ;;
-h | --help) usage && exit 0 ;;
*) usage >&2 && exit 2 ;;
esac
mkdir -p "$series_work" || exit 1

. "$scst_tests/series/newest.sh"
. "$scst_tests/series/tree.sh"
. "$scst_tests/series/mirror.sh"
. "$scst_tests/series/prove.sh"

exec 8>"$series_work/lock"
flock 8
series_linux=$("$setup" source) || exit 1
compose || die "cannot lay out the series"
case $1 in
patches) printf '%s\n' "$series_work"/patches/* ;;
check) prove_all "${2-}" ;;
quick) prove_quick ;;
esac
