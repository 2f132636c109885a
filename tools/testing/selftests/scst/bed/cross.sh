# SPDX-License-Identifier: GPL-2.0
# Sourced: fetches the headers of bookworm's kernel for other architectures into the cache. The
# programs that they run while modules are built (linux-kbuild) are the host's. Needs common.sh,
# apt.sh and stock.sh.
#
#   $bed_cache/cross/s390x/headers    KDIR for modules
#   $bed_cache/cross/s390x/root/      the packages' files
# shellcheck shell=sh

cross_flavour() {
	case $1 in
	s390x | arm64) echo "$1" ;;
	i386) echo 686-pae ;;
	*) die "unknown architecture $1: s390x, i386 or arm64" ;;
	esac
}

# The arguments of make to build for architecture $1, a list of words
cross_make() {
	case $1 in
	s390x) echo CROSS_COMPILE=s390x-linux-gnu- ;;
	arm64) echo CROSS_COMPILE=aarch64-linux-gnu- ;;
	esac
}

cross_release() {
	apt_private apt-cache pkgnames linux-headers-6.1.0- |
		sed -nE "s/^linux-headers-(6\\.1\\.0-[0-9]+)-$1$/\\1/p" | sort -V | tail -n 1
}

# Headers for architecture $1 into directory $2; prints their release.
cross_fetch() (
	apt_foreign "$1"
	apt_setup
	_cf_flavour=$(cross_flavour "$1") || exit 1
	_cf_release=$(cross_release "$_cf_flavour")
	[ -n "$_cf_release" ] || die "no linux-headers package for $1 found"
	apt_unpack "linux-headers-$_cf_release-$_cf_flavour" "$2"
	apt_unpack "linux-headers-$_cf_release-common" "$2"
	printf '%s\n' "$_cf_release-$_cf_flavour"
)

cross_install() {
	_ci_dir=$bed_cache/cross/$1
	say "fetching the headers of Linux 6.1 for $1, once"
	rm -rf "$_ci_dir"
	_ci_release=$(cross_fetch "$1" "$_ci_dir/root") || exit 1
	apt_setup
	apt_unpack "linux-kbuild-6.1=$(apt_version linux-kbuild-6.1)" "$_ci_dir/root"
	stock_relocate "$_ci_release" "$_ci_dir/root"
	ln -s "root/usr/src/linux-headers-$_ci_release" "$_ci_dir/headers"
	: >"$_ci_dir/complete"
}

# Print where the headers for architecture $1 are, fetching them if need be.
cross_headers() (
	cross_flavour "$1" >/dev/null || exit 1
	lock "cross-$1"
	[ -e "$bed_cache/cross/$1/complete" ] || cross_install "$1"
	printf '%s\n' "$bed_cache/cross/$1/headers"
)
