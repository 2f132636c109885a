# SPDX-License-Identifier: GPL-2.0
# Sourced: builds the User-Mode-Linux kernels and that for s390x into the cache, once for
# each kernel source version and configuration. Needs common.sh, apt.sh and $scst_tests.
# shellcheck shell=sh

linux_dir=$bed_cache/linux

# The newest source package, of whatever release carries it.
linux_package() {
	apt_private apt-cache pkgnames linux-source- |
		grep -E '^linux-source-[0-9.]+$' | sort -V | tail -n 1
}

linux_unpack() {
	_lu_tmp=$(mktemp -d "$bed_cache/linux.XXXXXX") || exit 1
	apt_unpack "$1" "$_lu_tmp/deb"
	mkdir "$_lu_tmp/src"
	tar -C "$_lu_tmp/src" --strip-components=1 \
		-xJf "$_lu_tmp/deb/usr/src/${1%%=*}.tar.xz" || die "cannot unpack $1"
	printf '%s\n' "${1#*=}" >"$_lu_tmp/src/.scst-version"
	mkdir -p "$linux_dir"
	mv "$_lu_tmp/src" "$linux_dir/${1%%=*}"
	rm -rf "$_lu_tmp"
}

# Apply our patch to source tree $1.
linux_patch() {
	_lp_wanted=$scst_tests/vm/uml.patch
	_lp_applied=$1/.scst-patch
	! cmp -s "$_lp_wanted" "$_lp_applied" || return 0
	if [ -e "$_lp_applied" ]; then
		quietly patch -d "$1" -p1 -R -i "$_lp_applied" || die "cannot unpatch $1"
		rm "$_lp_applied"
	fi
	quietly patch -d "$1" -p1 -i "$_lp_wanted" || die "cannot patch $1"
	cp "$_lp_wanted" "$_lp_applied"
}

# Print the kernel source tree's path. Once there is one it is kept, so that a
# new package upstream does not mean a rebuild in the middle of a day's work.
linux_source() (
	lock linux
	set -- "$linux_dir"/linux-source-*
	if [ ! -d "$1" ]; then
		apt_setup
		_ls_name=$(linux_package)
		[ -n "$_ls_name" ] || die "no linux-source package found"
		linux_unpack "$_ls_name=$(apt_version "$_ls_name")"
		set -- "$linux_dir/$_ls_name"
	fi
	linux_patch "$1"
	printf '%s\n' "$1"
)

# The arguments of make for the architecture of bed $1, a list of words
built_arch() {
	case $1 in
	s390x) echo ARCH=s390 CROSS_COMPILE=s390x-linux-gnu- ;;
	*) echo ARCH=um ;;
	esac
}

# The fragments of bed $1, in the order in which they apply.
built_fragments() {
	case $1 in
	s390x) set -- "$1" ;;
	uml-smp) set -- uml-base "$1" ;;
	*) set -- uml-base uml-debug "$1" ;;
	esac
	for _bf_name in "$@"; do
		cat "$scst_tests/vm/$_bf_name.config"
	done
}

built_key() {
	{
		cat "$2/.scst-version"
		built_fragments "$1"
		[ "$1" = s390x ] || cat "$2/.scst-patch"
	} | sha256sum | cut -c1-12
}

# An option that Kconfig dropped would quietly weaken the tests.
built_check_config() {
	built_fragments "$1" | sed -n 's/^\(CONFIG_[A-Z0-9_]*=[ym]\)$/\1/p' |
		while read -r _bc_line; do
			grep -qx "$_bc_line" "$2/.config" || say "note: $_bc_line is not in effect"
		done
}

# built_make BED ARGUMENT...
built_make() {
	_bm_arch=$(built_arch "$1")
	shift
	# shellcheck disable=SC2086 # a list of words
	quietly make $_bm_arch "$@"
}

# Configure and build bed $1 from source $2 into directory $3.
built_compile() {
	built_fragments "$1" >"$3/scst.config"
	built_make "$1" -C "$2" O="$3" KCONFIG_ALLCONFIG="$3/scst.config" allnoconfig ||
		die "cannot configure the $1 kernel"
	built_check_config "$1" "$3"
	built_make "$1" -C "$2" O="$3" -j"$(nproc)" all || die "cannot build the $1 kernel"
	built_make "$1" -C "$3" INSTALL_MOD_PATH="$3/root" modules_install ||
		die "cannot install the $1 kernel's modules"
}

# Print the build directory of bed $1 (a KDIR for modules; the kernel is in it), building it
# if need be. The directory's place is written into its files, so it is built where it stays;
# the mark "complete" makes it count.
built_kernel() (
	_bk_src=$(linux_source) || exit 1
	_bk_dir=$bed_cache/${1%%-*}/$1-$(built_key "$1" "$_bk_src")
	[ -e "$_bk_dir/complete" ] || lock "${_bk_dir##*/}"
	if [ ! -e "$_bk_dir/complete" ]; then
		say "building the $1 kernel, once: about 10 minutes on two cores"
		rm -rf "$_bk_dir"
		mkdir -p "$_bk_dir"
		built_compile "$1" "$_bk_src" "$_bk_dir"
		: >"$_bk_dir/complete"
	fi
	printf '%s\n' "$_bk_dir"
)
