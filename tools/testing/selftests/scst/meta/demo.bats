#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# The demo, in the quick bed.

@test "the demo exports a disk, shows the tree, and finds its files again" {
	run "$BATS_TEST_DIRNAME/../run_vm.sh" --bed uml-smp --scratch 1024 --timeout 120 \
		-- "$BATS_TEST_DIRNAME/../vm/demo"
	echo "$output"
	[ "$status" -eq 0 ]
	[[ $output == *' device -> '*devices/fileio/disk1* ]]
	[[ $output =~ ([0-9]+)' files copied'.*'All '([0-9]+)' checksums agree' ]]
	[ "${BASH_REMATCH[1]}" -gt 50 ]
	[ "${BASH_REMATCH[1]}" -eq "${BASH_REMATCH[2]}" ]
	[[ $output == *'over the network'*"All ${BASH_REMATCH[1]} checksums agree"* ]]
}
