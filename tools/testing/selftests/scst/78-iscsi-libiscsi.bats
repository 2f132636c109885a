#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# iSCSI: libiscsi's tests.

load lib/scst
load lib/iscsi

image=$BATS_TEST_TMPDIR/image

# Beds that run at the same time have the same $SCST_OUT.
libiscsi_log=$SCST_OUT/iscsi-test-cu-$SCST_BED-$SCST_KERNEL.log

# libiscsi OPTION... URL...: runs its tests, and prints what failed.
libiscsi() {
	iscsi-test-cu --dataloss --allow-sanitize "$@" >"$libiscsi_log" 2>&1
	awk '
		/^Suite: / { suite = $2 }
		/^  Test: / { test = $2 }
		/FAILED$/ && !/\[FAILED\]/ { print suite "." test }' "$libiscsi_log"
}

# SUITE.TEST: REASON of those that were skipped
libiscsi_skipped() {
	awk '
		/^Suite: / { suite = $2 }
		/^  Test: / { test = $2; said = 0 }
		/\[SKIPPED\] / && !said++ {
			sub(/.*\[SKIPPED\] /, "")
			sub(/[. ]*(Skipping test\.?)? *$/, "")
			print suite "." test ": " $0
		}' "$libiscsi_log" | sort
}

@test "libiscsi's tests pass over two portals, and only those listed are skipped" {
	requires iscsi-test-cu
	truncate -s 100M "$image"
	iscsi_export fileio "path=$image"
	mkdir "$iscsi:t0/portals/127.0.0.1:3261"
	# These two want an error for 256 blocks, but the field in their CDB has one byte: it says 0.
	equal $'CompareAndWrite.Simple\nCompareAndWrite.Miscompare' "$(libiscsi --test=ALL \
		"iscsi://127.0.0.1/$iqn:t0/0" "iscsi://127.0.0.1:3261/$iqn:t0/0")"
	grep -q 'tests  *230  *230  *228  *2  *0' "$libiscsi_log"
	diff <(grep -v '^#' "$BATS_TEST_DIRNAME/golden/libiscsi-skipped") <(libiscsi_skipped)
}

@test "libiscsi's test of a write-protected disk passes" {
	requires iscsi-test-cu
	truncate -s 1M "$image"
	iscsi_export fileio "path=$image"
	attr_set "$iscsi:t0/luns/0/read_only" 1
	equal '' "$(libiscsi --test=ALL.ReadOnly "iscsi://127.0.0.1/$iqn:t0/0")"
	grep 'not write-protected' "$libiscsi_log" && return 1
	grep -q 'tests  *1  *1  *1  *0  *0' "$libiscsi_log"
}
