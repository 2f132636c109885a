#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# The guides for writers: following them leads to a driver and to a handler of one's own.

repo=$BATS_TEST_DIRNAME/../../../../..
setup=$BATS_TEST_DIRNAME/../setup.sh
run_vm=$BATS_TEST_DIRNAME/../run_vm.sh

# block GUIDE N: that literal block of the section that leads to a module of one's own
block() {
	awk -v wanted="$2" '
		/^From a clone to a (driver|handler) of your own$/ { on = 1; next }
		on && /^=+$/ && seen++ { exit }
		on && /^    / { n += !inside; inside = 1 }
		on && /^[^ ]/ { inside = 0 }
		on && inside && n == wanted { print substr($0, 5) }' \
		"$repo/Documentation/scst/$1.rst"
}

# follow GUIDE < SCRIPT: build as the guide says, then use as it says, with SCRIPT before the end
follow() {
	local guide=$1 home=$BATS_TEST_TMPDIR kdir release

	kdir=$("$setup" uml)
	release=$(sed -n 's/.*UTS_RELEASE "\(.*\)"/\1/p' "$kdir/include/generated/utsrelease.h")
	# It builds the core, as the guide's first block does.
	"$run_vm" --bed uml -- test ! -d /sys/module/scst_mine || return
	block "$guide" 2 |
		sed "s,/lib/modules/\$(uname -r)/build,$kdir,; s,\$(uname -r),$release," >"$home/build"
	(cd "$repo" && HOME=$home ARCH=um sh -eu "$home/build") || return
	{
		block "$guide" 3
		block "$guide" 4
		cat
		block "$guide" 5
	} >"$home/use"
	"$run_vm" --bed uml --timeout 200 -- env HOME="$home" sh -eu "$home/use"
}

@test "the guide leads from the sample to a renamed driver that exports a disk" {
	follow target-driver <<-'END'
	host=$(cat targets/mine/t0/sessions/me/address)
	until dd if=/dev/$(ls /sys/class/scsi_device/${host#host}:0:0:0/device/block) \
		of=/dev/null bs=1M count=64 iflag=direct; do
		sleep 0.1
	done
	END
}

@test "the guide leads from the sample to a renamed handler whose disk keeps its data" {
	follow device-handler <<-'END'
	until host=$(cat targets/local/t0/initiators/me/host) && [ "$host" ] &&
		disk=/dev/$(ls /sys/class/scsi_device/${host#host}:0:0:0/device/block) &&
		[ "$(blockdev --getsize64 $disk)" = 8388608 ]; do
		sleep 0.1
	done
	head -c 8388608 /dev/urandom >$HOME/data
	dd if=$HOME/data of=$disk bs=1M oflag=direct
	dd if=$disk bs=1M iflag=direct | cmp - $HOME/data
	END
}
