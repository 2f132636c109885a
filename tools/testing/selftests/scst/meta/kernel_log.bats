#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# The checks on the kernel's log: a test during which the kernel warns must fail.

bats_require_minimum_version 1.5.0

setup() {
	tests=$BATS_TEST_DIRNAME/..
}

trouble_in() (
	. "$BATS_TEST_DIRNAME/../lib/trouble.sh"
	printf '%s\n' "$1" | trouble
)

@test "a test during which the kernel warns fails, and the machine with it" {
	run "$tests/run_vm.sh" --bed uml-smp --timeout 60 -- \
		bats --tap "$BATS_TEST_DIRNAME/fixtures/warns.bats"
	[ "$status" -eq 99 ]
	[[ "$output" == *"ok 1 a quiet test"* ]]
	[[ "$output" == *"not ok 2 a test during which the kernel warns"* ]]
	[[ "$output" == *"ok 3 the test after it"* ]]
}

@test "reports of the kernel's checkers count as trouble" {
	trouble_in 'WARNING: CPU: 0 PID: 1 at kernel/x.c:1 f+0x1/0x2'
	trouble_in 'WARNING: possible circular locking dependency detected'
	trouble_in 'BUG: KASAN: slab-use-after-free in f+0x1/0x2'
	trouble_in 'BUG: sleeping function called from invalid context at x.c:1'
	trouble_in 'UBSAN: array-index-out-of-bounds in x.c:1:2'
	trouble_in 'INFO: task sh:12 blocked for more than 30 seconds.'
	trouble_in 'rcu: INFO: rcu_preempt detected stalls on CPUs/tasks:'
	trouble_in 'Oops: general protection fault'
}

# report PLACE TASK: a warning, and another one after it
report() {
	printf '%s\n' 'hello' '[ 1.0] ------------[ cut here ]------------' \
		"[ 1.1] WARNING: CPU: 0 PID: 1 at kernel/workqueue.c:1 $1.part.0+0x1/0x2" \
		"[ 1.2] Workqueue: $2" '[ 1.3] ---[ end trace 0000000000000000 ]---'
}

@test "a known fault of the initiator is no trouble, and hides none" {
	local place=check_flush_dependency
	local unbind='iscsi_ctrl_0:1 __iscsi_unbind_session [scsi_transport_iscsi]'

	run ! trouble_in "$(report $place "$unbind")"
	trouble_in "$(report $place 'scst_tmf scst_tmf_work [scst]')"
	trouble_in "$(report other "$unbind")"
	trouble_in "$(report $place "$unbind")"$'\n'"$(report other other)"
	trouble_in "$(report other other)"$'\n'"$(report $place "$unbind")"
	trouble_in "$(report $place "$unbind")"$'\nBUG: KASAN: slab-use-after-free in f+0x1/0x2'
	# cut off
	trouble_in "$(report other "$unbind" | head -n 3)"
}

@test "ordinary messages do not count as trouble" {
	run ! trouble_in 'sd 0:0:0:0: [sda] Attached SCSI disk'
	run ! trouble_in 'EXT4-fs (sda): mounted filesystem'
	run ! trouble_in 'kmemleak: 3 new suspected memory leaks (see /sys/kernel/debug/kmemleak)'
	run ! trouble_in 'hello: loading out-of-tree module taints kernel.'
}
