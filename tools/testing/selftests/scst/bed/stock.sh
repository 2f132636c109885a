# SPDX-License-Identifier: GPL-2.0
# Sourced: fetches Debian's stock kernels and their headers into the cache. Needs
# common.sh and apt.sh.
#
#   $bed_cache/stock/6.1/release      the kernel's release, as uname -r prints it
#   $bed_cache/stock/6.1/vmlinux      the uncompressed kernel, for PVH boot
#   $bed_cache/stock/6.1/headers      KDIR for modules
#   $bed_cache/stock/6.1/root/        the packages' files
# shellcheck shell=sh

# Releases of bookworm's kernel series $1, whose own compiler builds modules.
stock_releases() {
	case $1 in
	6.1) _sr_match='6\.1\.0-[0-9]+' ;;
	6.12) _sr_match='6\.12\.[0-9]+\+deb12(\.[0-9]+)?' ;;
	*) die "unknown kernel $1: 6.1 or 6.12" ;;
	esac
	apt_private apt-cache pkgnames linux-image- |
		sed -nE "s/^linux-image-($_sr_match)-amd64$/\\1/p" | sort -V
}

# The kbuild package that the headers of release $1 ask for.
stock_kbuild() {
	apt_private apt-cache show --no-all-versions "linux-headers-$1-amd64" |
		sed -n 's/^Depends: //p' | tr -s ', ' '\n' | grep '^linux-kbuild-'
}

stock_fetch() {
	for _sf_package in "linux-image-$1-amd64" "linux-headers-$1-amd64" \
		"linux-headers-$1-common" "$(stock_kbuild "$1")"; do
		apt_unpack "$_sf_package" "$2"
	done
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

# Write the ELF kernel inside bzImage $1: its offset and length stand in the setup
# header (Documentation/arch/x86/boot.rst), before the unpacked size's four bytes.
stock_vmlinux() {
	_sv_sects=$(od -An -j497 -N1 -tu1 "$1")
	_sv_offset=$(od -An -j584 -N4 -tu4 "$1")
	_sv_length=$(od -An -j588 -N4 -tu4 "$1")
	tail -c +$(((_sv_sects + 1) * 512 + _sv_offset + 1)) "$1" |
		head -c $((_sv_length - 4)) | stock_decompress "$1"
}

stock_decompress() {
	if grep -q '^CONFIG_KERNEL_ZSTD=y' "${1%/*}/config-${1##*/vmlinuz-}"; then
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
	stock_prune "$_si_dir/root/lib/modules/$_si_rel-amd64/kernel"
	depmod -b "$_si_dir/root" "$_si_rel-amd64" || die "depmod failed"
	stock_vmlinux "$_si_dir/root/boot/vmlinuz-$_si_rel-amd64" \
		>"$_si_dir/vmlinux" || die "cannot unpack the kernel $_si_rel-amd64"
	ln -s "root/usr/src/linux-headers-$_si_rel-amd64" "$_si_dir/headers"
	printf '%s\n' "$_si_rel-amd64" >"$_si_dir/release"
	: >"$_si_dir/complete"
}

# Print the directory of stock kernel $1 (6.1 or 6.12), fetching it if need be.
stock_kernel() (
	lock "stock-$1"
	[ -e "$bed_cache/stock/$1/complete" ] || stock_install "$1"
	printf '%s\n' "$bed_cache/stock/$1"
)
