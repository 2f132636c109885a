# SPDX-License-Identifier: GPL-2.0
# Sourced: fetches Debian's stock kernels and their headers into the cache. Needs
# common.sh and apt.sh.
#
#   $bed_cache/stock/6.1/release      the kernel's release, as uname -r prints it
#   $bed_cache/stock/6.1/vmlinux      the uncompressed kernel, for PVH boot
#   $bed_cache/stock/6.1/headers      KDIR for modules
#   $bed_cache/stock/6.1/root/        the packages' files
# shellcheck shell=sh

# Releases of kernel series $1: bookworm's, and one of a later Debian.
stock_releases() {
	case $1 in
	6.1) _sr_match='6\.1\.0-[0-9]+' ;;
	6.12) _sr_match='6\.12\.[0-9]+\+deb12(\.[0-9]+)?' ;;
	7.3) _sr_match='7\.3\.[0-9]+\+deb13' ;;
	*) die "unknown kernel $1: 6.1, 6.12 or 7.3" ;;
	esac
	apt_private apt-cache pkgnames linux-image- |
		sed -nE "s/^linux-image-($_sr_match)-amd64$/\\1/p" | sort -V
}

# The kbuild package that the headers of release $1 ask for.
stock_kbuild() {
	apt_private apt-cache show --no-all-versions "linux-headers-$1-amd64" |
		sed -n 's/^Depends: //p' | tr -s ', ' '\n' | grep '^linux-kbuild-'
}

# The packages that have the kernel of release $1 and its modules. A later Debian's are
# unpacked where /lib is /usr/lib.
stock_image() {
	case $1 in
	6.*) echo "linux-image-$1-amd64" ;;
	*) echo "linux-base-$1-amd64 linux-binary-$1-amd64 linux-modules-$1-amd64" ;;
	esac
}

stock_fetch() {
	for _sf_package in $(stock_image "$1") "linux-headers-$1-amd64" \
		"linux-headers-$1-common" "$(stock_kbuild "$1")"; do
		apt_unpack "$_sf_package" "$2"
	done
	[ -e "$2/lib" ] || ln -s usr/lib "$2/lib"
}

# The arguments of make to build for kernel $1: bookworm's compiler is older than a later Debian's.
stock_make() {
	case $1 in
	7.*) echo CC=gcc-12 ;;
	esac
}

# Kbuild's programs of a later Debian, below directory $1, run with its C library, and the
# kernel is configured for what bookworm's compiler can do.
stock_for_bookworm() {
	_fb_libs=$1/libc/usr/lib/x86_64-linux-gnu
	apt_unpack "libc6=$(apt_version libc6)" "$1/libc"
	find "$1"/usr/lib/linux-kbuild-*/ -type f -perm -u+x | while read -r _fb_file; do
		ldd "$_fb_file" 2>&1 | grep -q 'GLIBC_.* not found' || continue
		mv "$_fb_file" "$_fb_file.elf"
		# shellcheck disable=SC2016 # the script expands these
		printf '#!/bin/sh\nexec %s --library-path %s --argv0 "$0" "$0.elf" "$@"\n' \
			"$_fb_libs/ld-linux-x86-64.so.2" \
			"$_fb_libs:/usr/lib/x86_64-linux-gnu" >"$_fb_file"
		chmod +x "$_fb_file"
	done
	sed -i -E '/CONFIG_CC_HAS_(ASSUME|MIN_FUNCTION_ALIGNMENT)/d' \
		"$1"/usr/src/linux-headers-*-amd64/include/*/autoconf.h \
		"$1"/usr/src/linux-headers-*-amd64/include/config/auto.conf
}

# The headers of release $1 expect to be installed in /; $2 is where they are instead.
stock_relocate() {
	sed -i "s|/usr/src/|$2/usr/src/|" "$2/usr/src/linux-headers-$1/Makefile"
}

# Modules for hardware that no bed has: without them depmod is quick.
stock_prune() {
	(
		cd "$1" || exit 1
		rm -rf sound drivers/gpu drivers/media drivers/iio drivers/staging \
			drivers/usb drivers/infiniband drivers/net/wireless \
			drivers/net/ethernet drivers/net/usb drivers/input drivers/hid \
			drivers/hwmon drivers/mfd drivers/i2c drivers/power \
			drivers/platform drivers/comedi net/mac80211 net/wireless \
			net/bluetooth drivers/bluetooth
		# Unpacking xz is slow in an emulated machine.
		find . -name '*.ko.xz' -exec xz -d {} +
	)
}

# Write the ELF kernel inside bzImage $1, configured as $2 says: its offset and length stand
# in the setup header (Documentation/arch/x86/boot.rst), before the unpacked size's four bytes.
stock_vmlinux() {
	_sv_sects=$(od -An -j497 -N1 -tu1 "$1")
	_sv_offset=$(od -An -j584 -N4 -tu4 "$1")
	_sv_length=$(od -An -j588 -N4 -tu4 "$1")
	tail -c +$(((_sv_sects + 1) * 512 + _sv_offset + 1)) "$1" |
		head -c $((_sv_length - 4)) | stock_decompress "$2"
}

stock_decompress() {
	if grep -q '^CONFIG_KERNEL_ZSTD=y' "$1"; then
		zstd -dc
	else
		xz -dc
	fi
}

stock_install() {
	_si_dir=$bed_cache/stock/$1
	apt_setup
	_si_rel=$(stock_releases "$1" | tail -n 1)
	[ -n "$_si_rel" ] || die "no linux-image package of series $1 found"
	say "fetching the stock kernel $_si_rel-amd64, once"
	rm -rf "$_si_dir"
	stock_fetch "$_si_rel" "$_si_dir/root"
	stock_relocate "$_si_rel-amd64" "$_si_dir/root"
	case $_si_rel in
	7.*) stock_for_bookworm "$_si_dir/root" ;;
	esac
	stock_prune "$_si_dir/root/lib/modules/$_si_rel-amd64/kernel"
	depmod -b "$_si_dir/root" "$_si_rel-amd64" || die "depmod failed"
	ln -s "root/usr/src/linux-headers-$_si_rel-amd64" "$_si_dir/headers"
	_si_image=$_si_dir/root/boot/vmlinuz-$_si_rel-amd64
	[ -e "$_si_image" ] || _si_image=$_si_dir/root/lib/modules/$_si_rel-amd64/vmlinuz
	stock_vmlinux "$_si_image" "$_si_dir/headers/.config" \
		>"$_si_dir/vmlinux" || die "cannot unpack the kernel $_si_rel-amd64"
	printf '%s\n' "$_si_rel-amd64" >"$_si_dir/release"
	: >"$_si_dir/complete"
}

# Print the directory of stock kernel $1 (6.1, 6.12 or 7.3), fetching it if need be.
stock_kernel() (
	lock "stock-$1"
	[ -e "$bed_cache/stock/$1/complete" ] || stock_install "$1"
	printf '%s\n' "$bed_cache/stock/$1"
)
