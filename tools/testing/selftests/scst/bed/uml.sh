# SPDX-License-Identifier: GPL-2.0
# Sourced: builds the User-Mode-Linux kernels into the cache, once for each kernel
# source version and configuration. Needs common.sh, apt.sh and $scst_tests.
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

# Bring source tree $1 to what our patch makes of it.
linux_patch() {
	_lp_wanted=$scst_tests/vm/uml-stacktrace.patch
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

# The fragments of bed $1, in the order in which they apply.
uml_fragments() {
	_uf_debug=$scst_tests/vm/uml-debug.config
	[ "$1" != uml-smp ] || _uf_debug=
	cat "$scst_tests/vm/uml-base.config" ${_uf_debug:+"$_uf_debug"} \
		"$scst_tests/vm/$1.config"
}

uml_key() {
	{
		cat "$2/.scst-version"
		uml_fragments "$1"
		# without checkers nobody saves stack traces
		[ "$1" = uml-smp ] || cat "$2/.scst-patch"
	} | sha256sum | cut -c1-12
}

# An option that Kconfig dropped would quietly weaken the tests.
uml_check_config() {
	uml_fragments "$1" | sed -n 's/^\(CONFIG_[A-Z0-9_]*=[ym]\)$/\1/p' |
		while read -r _uc_line; do
			grep -qx "$_uc_line" "$2/.config" || say "note: $_uc_line is not in effect"
		done
}

# Configure and build bed $1 from source $2 into directory $3.
uml_compile() {
	uml_fragments "$1" >"$3/scst.config"
	quietly make -C "$2" O="$3" ARCH=um KCONFIG_ALLCONFIG="$3/scst.config" \
		allnoconfig || die "cannot configure the $1 kernel"
	uml_check_config "$1" "$3"
	quietly make -C "$2" O="$3" ARCH=um -j"$(nproc)" all ||
		die "cannot build the $1 kernel"
	quietly make -C "$3" ARCH=um INSTALL_MOD_PATH="$3/root" modules_install ||
		die "cannot install the $1 kernel's modules"
}

# Print the build directory of bed $1 (a KDIR for modules; the kernel is its file
# linux), building it if need be. The directory's place is written into its files,
# so it is built where it stays; the mark "complete" makes it count.
uml_build() (
	_ub_src=$(linux_source) || exit 1
	_ub_dir=$bed_cache/uml/$1-$(uml_key "$1" "$_ub_src")
	[ -e "$_ub_dir/complete" ] || lock "${_ub_dir##*/}"
	if [ ! -e "$_ub_dir/complete" ]; then
		say "building the $1 kernel, once: about 10 minutes on two cores"
		rm -rf "$_ub_dir"
		mkdir -p "$_ub_dir"
		uml_compile "$1" "$_ub_src" "$_ub_dir"
		: >"$_ub_dir/complete"
	fi
	printf '%s\n' "$_ub_dir"
)
