# SPDX-License-Identifier: GPL-2.0
# Sourced: the Debian packages that the build and the tests need. Needs common.sh.
# shellcheck shell=sh

packages_needed() {
	cat <<-LIST
	gcc
	gcc-12
	gcc-s390x-linux-gnu
	gcc-aarch64-linux-gnu
	libc6-dev
	make
	flex
	bison
	bc
	libelf-dev
	kmod
	cpio
	xz-utils
	zstd
	qemu-system-x86
	busybox-static
	util-linux
	iproute2
	e2fsprogs
	dmsetup
	multipath-tools
	fio
	sg3-utils
	smartmontools
	open-iscsi
	libiscsi-bin
	udev
	bats
	bash-builtins
	sparse
	shellcheck
	dash
	git
	patch
	perl
	python3-sphinx
	LIST
}

packages_missing() {
	packages_needed | while read -r _pm_name; do
		dpkg-query -W -f '${db:Status-Status}\n' "$_pm_name" 2>/dev/null |
			grep -qx installed || printf '%s ' "$_pm_name"
	done
}

# The command prefix that makes us root, empty if we are; fails if nothing does.
packages_as_root() {
	[ "$(id -u)" -ne 0 ] || return 0
	sudo -n true 2>/dev/null || return 1
	echo sudo
}

packages_apt() {
	# shellcheck disable=SC2086 # sudo or nothing
	quietly $_pi_root env DEBIAN_FRONTEND=noninteractive apt-get "$@" ||
		die "apt-get $* failed"
}

packages_install() {
	_pi_missing=$(packages_missing)
	[ -n "$_pi_missing" ] || return 0
	_pi_root=$(packages_as_root) ||
		die "run as root: apt-get update; apt-get install $_pi_missing"
	say "installing Debian packages: $_pi_missing"
	packages_apt update
	# shellcheck disable=SC2086 # a list of words
	packages_apt install -y --no-install-recommends $_pi_missing
}
