#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# The KUnit tests of the core's pure logic, where the kernel has KUnit.

load lib/scst

@test "every KUnit case passes" {
	requires_module kunit
	modprobe scst_kunit
	results=$(dmesg | grep -E ' (not )?ok [0-9]+ ')
	echo "$results"
	[[ $results == *' ok '* ]]
	[[ $results != *'not ok '* ]]
}
