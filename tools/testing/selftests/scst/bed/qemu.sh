# SPDX-License-Identifier: GPL-2.0
# Sourced: fetches QEMU into the cache. bookworm's own can translate code while another CPU patches
# it, and keep the stale translation: now and then a stock kernel with several CPUs dies of a
# breakpoint that was removed long before. The backported one does not, and is twice as fast. The
# libraries are bookworm's: they come with its package.
# Needs common.sh and apt.sh.
#
#   $bed_cache/qemu/root/          the packages' files
#   $bed_cache/qemu-s390x/root/    those of the one that emulates s390x
# shellcheck shell=sh

qemu_root=$bed_cache/qemu/root

qemu_version() {
	apt_private apt-cache madison "$1" | awk -F' *[|] *' '{ print $2 }' |
		grep bpo12 | sort -V | tail -n 1
}

# qemu_complete DIR PROGRAM
qemu_complete() {
	! ldd "$1/root/usr/bin/$2" | grep 'not found' >&2 || die "QEMU lacks libraries"
	: >"$1/complete"
}

qemu_install() {
	apt_setup
	say "fetching QEMU, once"
	rm -rf "$bed_cache/qemu"
	for _qi_package in qemu-system-x86 qemu-system-data; do
		apt_unpack "$_qi_package=$(qemu_version "$_qi_package")" "$qemu_root"
	done
	apt_unpack "seabios=$(apt_version seabios)" "$qemu_root"
	qemu_complete "$bed_cache/qemu" qemu-system-x86_64
}

# Print QEMU's program and where its firmware is, one word a line.
qemu() (
	lock qemu
	[ -e "$bed_cache/qemu/complete" ] || qemu_install
	printf '%s\n' "$qemu_root/usr/bin/qemu-system-x86_64" \
		-L "$qemu_root/usr/share/seabios" -L "$qemu_root/usr/share/qemu"
)

qemu_s390x_install() {
	apt_setup
	say "fetching QEMU for s390x, once"
	rm -rf "$1"
	apt_unpack "qemu-system-s390x=$(qemu_version qemu-system-s390x)" "$1/root"
	qemu_complete "$1" qemu-system-s390x
}

# Print the program that emulates s390x. It starts a kernel without firmware.
qemu_s390x() (
	_qs_dir=$bed_cache/qemu-s390x
	lock qemu-s390x
	[ -e "$_qs_dir/complete" ] || qemu_s390x_install "$_qs_dir"
	printf '%s\n' "$_qs_dir/root/usr/bin/qemu-system-s390x"
)
