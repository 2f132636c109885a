# SPDX-License-Identifier: GPL-2.0
# Sourced: a big-endian machine. Its kernel is built (built.sh); its programs are bookworm's
# for s390x, unpacked into the cache: the host's own cannot run there. Needs common.sh and
# apt.sh.
#
#   $bed_cache/s390x/root-KEY/    the packages' files
# shellcheck shell=sh

s390x_packages() {
	cat <<-LIST
	bash
	bats
	busybox-static
	coreutils
	dash
	diffutils
	dmsetup
	e2fsprogs
	findutils
	grep
	hostname
	iproute2
	kmod
	mawk
	mount
	perl
	procps
	sed
	sg3-utils
	udev
	util-linux
	LIST
}

# The configuration in $1 that the packages' scripts would have done, as far as the tests need it
s390x_configure() {
	ln -s mawk "$1/usr/bin/awk"
	echo 'root:x:0:0:root:/root:/bin/bash' >"$1/etc/passwd"
	rm -rf "$1/usr/share/doc" "$1/usr/share/man" "$1/usr/share/locale"
}

s390x_install() (
	apt_foreign s390x
	apt_setup
	say "fetching the programs of an s390x machine, once"
	rm -rf "$1"
	# shellcheck disable=SC2046 # a list of words
	apt_unpack_all "$1" $(s390x_packages)
	s390x_configure "$1"
	: >"$1.complete"
)

# Print where the machine's root directory is, fetching its files if need be.
s390x_root() (
	_sr_dir=$bed_cache/s390x/root-$(s390x_packages | sha256sum | cut -c1-12)
	lock s390x
	[ -e "$_sr_dir.complete" ] || s390x_install "$_sr_dir"
	printf '%s\n' "$_sr_dir"
)
