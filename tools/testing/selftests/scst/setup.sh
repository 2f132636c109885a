#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Gets everything the tests need: Debian packages on the host; kernels, their headers and sources in
# a cache folder. Existing files are kept.

set -u

usage() {
	cat <<'TEXT'
usage: setup.sh packages              install missing Debian packages (root or sudo)
       setup.sh qemu                  QEMU, to run stock kernels
       setup.sh kernel 6.1|6.12|7.3   a stock Debian kernel and its headers
       setup.sh headers s390x|i386|arm64
                                      the headers of Debian 12's kernel for that architecture
       setup.sh uml|uml-smp|uml-smp-lockdep
                                      a User-Mode-Linux kernel: built from source
       setup.sh s390x                 a big-endian kernel with KUnit: built from source
       setup.sh source                a recent kernel's source, unpacked
       setup.sh checkpatch            the same, for its checkpatch.pl

All but packages print a path: the program, the KDIR to build modules with, the source tree, or
the script. The cache is $SCST_CACHE, or else ${XDG_CACHE_HOME:-~/.cache}/scst.
TEXT
}

scst_tests=$(cd "$(dirname "$0")" && pwd) || exit 1

. "$scst_tests/bed/common.sh"
. "$scst_tests/bed/packages.sh"
. "$scst_tests/bed/apt.sh"
. "$scst_tests/bed/qemu.sh"
. "$scst_tests/bed/stock.sh"
. "$scst_tests/bed/cross.sh"
. "$scst_tests/bed/built.sh"

case "${1-}" in
packages) packages_install ;;
qemu) qemu ;;
kernel)
	_dir=$(stock_kernel "${2-}") || exit 1
	printf '%s\n' "$_dir/headers"
	;;
headers) cross_headers "${2-}" ;;
uml | uml-smp | uml-smp-lockdep | s390x) built_kernel "$1" ;;
source) linux_source ;;
checkpatch)
	_dir=$(linux_source) || exit 1
	printf '%s\n' "$_dir/scripts/checkpatch.pl"
	;;
-h | --help) usage ;;
*) usage >&2 && exit 2 ;;
esac
