#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# The bed itself, which every other test relies on

load lib/helpers

@test "the command runs as root in the repository" {
	[ "$(id -u)" -eq 0 ]
	[ "$PWD" = "$SCST_REPO" ]
	[ -e Makefile ]
}

@test "the kernel is the one that the modules were built for" {
	[ "$(uname -r)" = "$SCST_KERNEL" ]
	[ -e "/lib/modules/$SCST_KERNEL/modules.dep" ]
}

@test "the byte order is that of the architecture" {
	order=0201
	[ "$SCST_BED" != s390x ] || order=0102
	[ "$(printf '\1\2' | od -An -tx2)" = " $order" ]
}

@test "the kernel's file systems are mounted" {
	mountpoint -q /proc
	mountpoint -q /sys/kernel/config
	mountpoint -q /sys/kernel/debug
	mountpoint -q /dev
	mountpoint -q /run
}

@test "host files are visible, and writes go to an overlay" {
	[ "$(stat -f -c %T /)" = overlayfs ]
	echo changed >"$SCST_TESTS/00-bed.bats.changed"
	[ -e "$SCST_TESTS/00-bed.bats.changed" ]
}

@test "files written to SCST_OUT read back" {
	echo kept >"$SCST_OUT/bed-$SCST_BED"
	[ "$(cat "$SCST_OUT/bed-$SCST_BED")" = kept ]
}

@test "the bed has the CPUs that it should" {
	[ "$(nproc)" -eq "$SCST_CPUS" ]
}

@test "loopback networking is up" {
	[[ "$(ip -o link show lo)" == *,UP* ]]
}

@test "modules load by name, and can be unloaded" {
	modprobe scsi_debug add_host=0
	[ -d /sys/bus/pseudo/drivers/scsi_debug ]
	modprobe -r scsi_debug
	[ ! -d /sys/module/scsi_debug ]
}
