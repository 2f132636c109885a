#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# make demo: in a virtual machine with a stock Debian kernel, a file becomes a SCSI
# disk, gets a file system and real files, is taken down, set up again and compared,
# and once more over iSCSI.

set -u

scst_tests=$(cd "$(dirname "$0")" && pwd) || exit 1

echo "Building the modules and booting a stock Debian kernel ..."
exec "$scst_tests/run_vm.sh" --bed vm --mem 1024 --scratch 1024 --timeout 600 -- \
	"$scst_tests/vm/demo"
