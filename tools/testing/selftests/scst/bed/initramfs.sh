# SPDX-License-Identifier: GPL-2.0
# Sourced: makes the small initramfs that every bed starts from. Needs common.sh,
# $scst_tests and $kernel_root, where the bed's programs are.
# shellcheck shell=sh

# Print the files of module names $3... and what they need, in loading order, for
# the module tree below $1 of release $2.
initramfs_modules() {
	_im_root=$1
	_im_rel=$2
	shift 2
	for _im_name in "$@"; do
		modprobe -d "$_im_root" -S "$_im_rel" --show-depends "$_im_name" ||
			die "the kernel has no $_im_name"
	done | awk '$1 == "insmod" && !seen[$2]++ { print $2 }'
}

# Fill directory $1 with first process $2; the module files come on standard input.
initramfs_fill() {
	mkdir -p "$1/bin" "$1/proc" "$1/modules" "$1/lower" "$1/upper" "$1/root"
	cp "${kernel_root?}/bin/busybox" "$1/bin/busybox"
	for _if_tool in sh cat mkdir mount umount insmod switch_root poweroff; do
		ln -s busybox "$1/bin/$_if_tool"
	done
	cp "$2" "$1/init"
	_if_count=100
	while read -r _if_module; do
		_if_count=$((_if_count + 1))
		cp "$_if_module" "$1/modules/$_if_count.ko"
	done
}

# Write initramfs file $1 with the module files of standard input. $2 is another first process
# than that of beds.
initramfs_make() {
	_mk_dir=$(mktemp -d) || exit 1
	initramfs_fill "$_mk_dir" "${2:-$scst_tests/vm/initramfs}"
	(cd "$_mk_dir" && find . | cpio --quiet -o -H newc) >"$1"
	rm -rf "$_mk_dir"
}
