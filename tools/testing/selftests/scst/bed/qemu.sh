# SPDX-License-Identifier: GPL-2.0
# Sourced: fetches QEMU into the cache. bookworm's own can translate code while
# another CPU patches it, and keeps what it saw: now and then a stock kernel with
# several CPUs dies of a breakpoint that is long gone. The backported one does not,
# and is twice as fast. The libraries are bookworm's: they come with its package.
# Needs common.sh and apt.sh.
#
#   $bed_cache/qemu/root/      the packages' files
# shellcheck shell=sh

qemu_root=$bed_cache/qemu/root

qemu_version() {
	apt_private apt-cache madison "$1" | awk -F' *[|] *' '{ print $2 }' |
		grep bpo12 | sort -V | tail -n 1
}

qemu_install() {
	apt_setup
	say "fetching QEMU, once"
	rm -rf "$bed_cache/qemu"
	for _qi_package in qemu-system-x86 qemu-system-data; do
		apt_unpack "$_qi_package=$(qemu_version "$_qi_package")" "$qemu_root"
	done
	apt_unpack "seabios=$(apt_version seabios)" "$qemu_root"
	! ldd "$qemu_root/usr/bin/qemu-system-x86_64" | grep 'not found' >&2 ||
		die "QEMU lacks libraries"
	: >"$bed_cache/qemu/complete"
}

# Print QEMU's program and where its firmware is, one word a line.
qemu() (
	lock qemu
	[ -e "$bed_cache/qemu/complete" ] || qemu_install
	printf '%s\n' "$qemu_root/usr/bin/qemu-system-x86_64" \
		-L "$qemu_root/usr/share/seabios" -L "$qemu_root/usr/share/qemu"
)
