#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# The writer's guide for target drivers: what it says of a driver of one's own is so.

repo=$BATS_TEST_DIRNAME/../../../../..
setup=$BATS_TEST_DIRNAME/../setup.sh
run_vm=$BATS_TEST_DIRNAME/../run_vm.sh

# block N: that literal block of the section
block() {
	awk -v wanted="$1" '
		$0 == "From a clone to a driver of your own" { on = 1; next }
		on && /^=+$/ && seen++ { exit }
		on && /^    / { n += !inside; inside = 1 }
		on && /^[^ ]/ { inside = 0 }
		on && inside && n == wanted { print substr($0, 5) }' \
		"$repo/Documentation/scst/target-driver.rst"
}

@test "the guide leads from the sample to a driver with another name that exports a disk" {
	kdir=$("$setup" uml)
	release=$(sed -n 's/.*UTS_RELEASE "\(.*\)"/\1/p' "$kdir/include/generated/utsrelease.h")
	home=$BATS_TEST_TMPDIR
	# It builds the core, as the guide's first block does.
	"$run_vm" --bed uml -- test ! -d /sys/module/scst_mine
	block 2 | sed "s,/lib/modules/\$(uname -r)/build,$kdir,; s,\$(uname -r),$release," \
		>"$home/build"
	(cd "$repo" && HOME=$home ARCH=um sh -eu "$home/build")

	{
		block 3
		block 4
		cat <<-'END'
		host=$(cat targets/mine/t0/sessions/me/address)
		until dd if=/dev/$(ls /sys/class/scsi_device/${host#host}:0:0:0/device/block) \
			of=/dev/null bs=1M count=64 iflag=direct; do
			sleep 0.1
		done
		END
		block 5
	} >"$home/use"
	"$run_vm" --bed uml --timeout 200 -- env HOME="$home" sh -eu "$home/use"
}
