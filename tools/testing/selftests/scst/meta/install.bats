#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# make install and make uninstall.

repo=$BATS_TEST_DIRNAME/../../../../..

# The installed modules of the kernel below $root, without paths
installed() {
	find "$root/lib/modules/$release/updates" -name '*.ko' -printf '%f\n' 2>/dev/null |
		sort | tr '\n' ' '
}

# on TARGET: make it for a stock kernel, below $root
on() {
	make -s -C "$repo" "$1" KDIR="$kdir" INSTALL_MOD_PATH="$root"
}

@test "installed modules are found by name and alias, and removed by uninstall" {
	kdir=$("$BATS_TEST_DIRNAME/../setup.sh" kernel 6.12)
	release=$(sed -n 's/.*UTS_RELEASE "\(.*\)"/\1/p' "$kdir/include/generated/utsrelease.h")
	root=$BATS_TEST_TMPDIR/root
	mkdir -p "$root/lib/modules/$release"
	: >"$root/lib/modules/$release/modules.order"
	: >"$root/lib/modules/$release/modules.builtin"
	: >"$root/lib/modules/$release/modules.builtin.modinfo"

	on install
	[ "$(installed)" = 'iscsi_scst.ko scst.ko scst_local.ko scst_vdisk.ko ' ]
	for alias in scst-target-local scst-target-iscsi scst-handler-fileio scst-handler-blockio \
		scst-handler-nullio scst-handler-cdrom; do
		modprobe -d "$root" -S "$release" --show-depends "$alias" |
			grep -q updates/scst/scst.ko
	done
	on uninstall
	[ -z "$(installed)" ]
	run modprobe -d "$root" -S "$release" --show-depends scst-target-local
	[ "$status" -ne 0 ]
}
