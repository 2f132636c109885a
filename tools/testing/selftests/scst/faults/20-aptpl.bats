#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# The medium that reservations are kept on fails, earlier or later, while one is stored.
# The kernel must be able to inject faults. With SCST_FAULT_STEP it fails at fewer places.

load ../lib/scst
load ../lib/probe
load ../lib/pr
load ../lib/vdisk

pr_dir=$BATS_FILE_TMPDIR/pr
faults=/sys/kernel/debug/fail_make_request

setup() {
	[ -d "$faults" ] || skip "no fault injection"
	[ -d /sys/module/scst ] || modprobe scst "pr_dir=$pr_dir"
	scst_up
	echo 100 >"$faults/probability"
	echo 0 >"$faults/verbose"
	fs_make 8M
	ln -sfn "$fs" "$pr_dir"
	pr_device_on
	attr_set targets/probe/t0/enable 1
	pr_ports_are a b
}

teardown() {
	local status=0

	medium_works
	probe_logout_all
	scst_down || status=1
	fs_down || status=1
	return "$status"
}

# medium_fails BYTES: from now on, after so many more
medium_fails() {
	echo "$1" >"$faults/space" && echo -1 >"$faults/times" &&
		echo 1 >"/sys/block/${fs_loop#/dev/}/make-it-fail"
}

medium_works() {
	echo 0 >"/sys/block/${fs_loop#/dev/}/make-it-fail"
}

# The machine starts again, with another medium of the same content.
start_again() {
	umount "$fs"
	mount /dev/mapper/scst_fs "$fs" && pr_device_off && pr_device_on && as b &&
		take_attentions && as a && take_attentions
}

# store register|forget: adds or removes a registration.
store() {
	case $1 in
	register) as b && pr_cdb 6 0 && send "$pr_out" \
		"data=0000000000000000000000000000000b0000000001000000" ;;
	forget) as a && pr_cdb 6 0 && send "$pr_out" \
		"data=0000000000000000000000000000000a0000000000000000" ;;
	esac
}

@test "a command that cannot be stored fails and changes nothing" {
	local bytes before what failed step=1024

	[ "${SCST_FAULT_STEP:-1}" -eq 1 ] || step=16384
	as a
	pr_register 00 0 a 1
	for what in register forget; do
		failed=0
		for ((bytes = 1; ; bytes += step)); do
			pr_state
			before=$state
			medium_fails $bytes
			store $what
			medium_works
			as a
			[ "$scsi_status" != 00 ] || break
			matches '*sense=70000[45]*' "$reply"
			failed=$((failed + 1))
			pr_state
			equal "$before" "$state" "$what, $bytes bytes"
			# After a failure at the very end the medium may have the new state.
			start_again
			pr_state
			[ "$state" = "$before" ] || {
				[ $what = register ] && pr_in 0 && equal 00000010 "${data:8:8}"
				as b
				pr_out 00 6 0 0 0 1
			}
		done
		echo "# $what: $failed failures" >&3
		[ "$failed" -gt 2 ]
	done
	start_again
	pr_keys_are 0
}
