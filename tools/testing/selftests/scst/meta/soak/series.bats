#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# The build checks of series.sh. It builds in the tree of series.sh itself, so that only the planted
# changes are built.

load ../copy

tests=tools/testing/selftests/scst

setup() {
	tree=$BATS_TEST_TMPDIR/tree
	work=$BATS_TEST_DIRNAME/../../../../../../build/series
	copy_tree "$tree"
}

@test "a correct patch builds" {
	"$tree/$tests/series.sh" --work "$work" check 2-vdisk
}

@test "a warning of W=1 is refused, and shown" {
	echo 'static const int scst_planted = 1;' >>"$tree/drivers/target/scst/handlers/vdisk/vdisk_null.c"
	run "$tree/$tests/series.sh" --work "$work" check 2-vdisk
	[ "$status" -ne 0 ]
	[[ $output == *"not ok 1 - 2-vdisk builds"*vdisk_null.c*warning:*scst_planted* ]]
}

@test "a patch that lacks a file that it needs is refused" {
	sed -i 's|^#include "vdisk.h"|&\n#include "../../local/local.h"|' \
		"$tree/drivers/target/scst/handlers/vdisk/vdisk_null.c"
	run "$tree/$tests/series.sh" --work "$work" check 2-vdisk
	[ "$status" -ne 0 ]
	[[ $output == *"not ok 1 - 2-vdisk builds"*local.h* ]]
}
