#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# A disk has one name for the kernel, udev with and without sg3_utils, and multipath. The name stays
# the same when the disk moves here from another target.

load lib/scst
load lib/host
load lib/probe
load lib/pr

# One of each form: IEEE extended, locally assigned, IEEE registered, and registered extended
identifiers=(2123000000abcdef 3123456789abcdef 5001405123456789 6001405abcdef0123456789abcdef012)

setup() {
	scst_up
}

teardown() {
	local status=0

	host_stop || status=1
	probe_logout_all
	scst_down || status=1
	return "$status"
}

# --- what a host sees

# property NAME: of udev's $properties
property() {
	sed -n "s/^$1=//p" <<<"$properties"
}

# kernel_calls DISK NAA: Linux looks for IEEE extended identifiers under another digit
# (designator_prio() of scsi_lib.c). It has no name for such a disk, which is not a wrong name.
kernel_calls() {
	local wwid

	wwid=$(cat "/sys/block/${1#/dev/}/device/wwid" 2>/dev/null) || [[ $2 = 2* ]] || return
	[ -z "$wwid" ] || equal "naa.$2" "$wwid" "$1: wwid"
}

# is_called DISK NAA
is_called() {
	kernel_calls "$@"
	properties=$(udevadm info -q property "$1")
	equal "3$2" "$(/lib/udev/scsi_id --whitelisted "--device=$1")" "$1: scsi_id"
	equal "3$2" "$(property ID_SERIAL)" "$1: ID_SERIAL"
	equal "0x$2" "$(property ID_WWN_WITH_EXTENSION)" "$1: ID_WWN_WITH_EXTENSION"
	equal "0x${2:0:16}" "$(property ID_WWN)" "$1: ID_WWN"
	# It leads to the disk, or to the map on it.
	[ -e "/dev/disk/by-id/scsi-3$2" ] || fail "$1: no by-id/scsi-3$2"
	[ -e "/dev/disk/by-id/wwn-0x$2" ] || fail "$1: no by-id/wwn-0x$2"
}

# is_path DISK NAA: multipath takes the disk for a path of that name, also without udev.
is_path() {
	matches '*DM_MULTIPATH_DEVICE_PATH="1"*' "$(multipath -u "$1")" "$1"
	multipath -c "$1" >/dev/null
	multipath_conf 'uid_attribute ""'
	matches "*uid = 3$2 (sysfs)*" "$(multipath -v3 -d "$1" 2>&1)"
	multipath_conf ''
}

# Linux 7.3 gives the work of all block queues one lockdep class. A map's work waits for a disk's
# queue, and a disk's sysfs entries wait for its own work: lockdep takes that for a deadlock.
has_lockdep() {
	[ -e /proc/lockdep ]
}

# maps_are NAA...: these maps, and no others, in any order
maps_are() {
	[ "$(multipathd show maps raw format %w | sort)" = "$(printf '3%s\n' "$@" | sort)" ]
}

@test "kernel, scsi_id, udev and multipath agree on the name of a disk" {
	requires sg_inq
	[ -e /usr/lib/udev/rules.d/55-scsi-sg3_id.rules ] || skip "no udev rules of sg3_utils"
	if has_lockdep; then udevd_start; else host_start; fi
	make_target t0 i0
	make_device nullio d size=8M
	link_lun t0 0 nullio/d
	naa=("$(<devices/nullio/d/naa_id)" "${identifiers[@]}")
	for ((lun = 1; lun < ${#naa[@]}; lun++)); do
		make_device nullio "d$lun" size=8M "naa_id=${naa[lun]}"
		link_lun t0 $lun "nullio/d$lun"
	done
	for lun in "${!naa[@]}"; do
		wait_for_disk t0 i0 "$lun"
	done >"$BATS_TEST_TMPDIR/disks"
	udevadm settle
	mapfile -t disks <"$BATS_TEST_TMPDIR/disks"
	for lun in "${!naa[@]}"; do
		is_called "${disks[lun]}" "${naa[lun]}"
	done
	! has_lockdep || return 0
	wait_until 30 maps_are "${naa[@]}"
	for lun in "${!naa[@]}"; do
		is_path "${disks[lun]}" "${naa[lun]}"
	done
}

# --- identifiers

# SPC-4 7.8.6.2.1: a logical unit has at least one designator.
@test "the identifier is the logical unit's only designator" {
	make_device nullio d0 size=1M
	probe_target nullio/d0
	pr_ports_are a
	for naa in "${identifiers[@]}"; do
		attr_set devices/nullio/d0/enable 0
		attr_set devices/nullio/d0/naa_id "$naa"
		attr_set devices/nullio/d0/enable 1
		send dir=in len=255 show=255 cdb=12018300ff00
		page=${reply#*data=}
		equal $((0x${page:4:4} + 4)) $((${#page} / 2)) 'PAGE LENGTH'
		printf -v wanted '010300%02x%s' $((${#naa} / 2)) "$naa"
		equal "$wanted" "${page:8:${#wanted}}"
		# other designators belong to the port and the target
		for ((at = 8 + ${#wanted}; at < ${#page}; at += 8 + 2 * 0x${page:at + 6:2})); do
			matches '[12]' $((0x${page:at + 2:2} >> 4 & 3)) "ASSOCIATION at $at"
		done
	done
}

# SAM-5 5.14
@test "disks whose identifiers differ in the last digit are different disks" {
	for digit in 0 1; do
		make_device nullio d$digit size=1M naa_id=6001405abcdef0123456789abcdef01$digit
	done
	probe_target nullio/d0
	pr_ports_are a
	lun=targets/probe/t0/luns/0
	rm $lun/d0 && ln -s devices/nullio/d0 $lun/
	expect_sense 06 29 00 cdb=000000000000
	probe_ready
	rm $lun/d0 && ln -s devices/nullio/d1 $lun/
	expect_sense 06 3f 03 cdb=000000000000
}
