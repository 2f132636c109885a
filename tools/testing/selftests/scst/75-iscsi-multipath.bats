#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# iSCSI: one disk over two portals, with multipathd and udevd as hosts have them. The portals'
# addresses are removed and added.

load lib/scst
load lib/iscsi
load lib/host

image=$BATS_TEST_TMPDIR/image
paths=(10.77.0.1:3260 10.77.0.2:3260)

address() { # add|del PATH
	ip address "$1" "${2%:*}/32" dev lo
}

setup() {
	requires fio dmsetup
	scst_up && modprobe iscsi_scst || return
	truncate -s 16M "$image"
	iscsi_export fileio "path=$image"
	attr_set "$iscsi:t0/nop_interval_ms" 1000
	attr_set "$iscsi:t0/nop_timeout_ms" 1000
	for path in "${paths[@]}"; do
		address add "$path" && mkdir "$iscsi:t0/portals/$path"
	done
	host_start
}

teardown() {
	local status=0

	touch "$BATS_TEST_TMPDIR/enough"
	[ -z "${writer-}" ] || wait_until 30 is_dead "$writer" || status=1
	host_stop || status=1
	logout_all || status=1
	for path in "${paths[@]}"; do
		address del "$path" 2>/dev/null || true
	done
	scst_down || status=1
	return "$status"
}

# --- what the host sees

# log_in PATH: a path that does not answer fails within seconds.
log_in() {
	node t0 "$1" -o new >/dev/null &&
		node_settings t0 "$1" 'node.conn[0].timeo.noop_out_interval=1' \
			'node.conn[0].timeo.noop_out_timeout=1' &&
		node t0 "$1" --login >/dev/null
}

# has_paths ACTIVE FAILED: how many the map has
has_paths() {
	local status

	status=$(dmsetup status --target multipath) &&
		[ "$(grep -o ':[0-9]* A ' <<<"$status" | wc -l)" = "$1" ] &&
		[ "$(grep -o ':[0-9]* F ' <<<"$status" | wc -l)" = "$2" ]
}

has_sessions() { # COUNT
	find_there "$iscsi:t0/sessions"/* && [ "${#scst_there[@]}" = "$1" ]
}

# --- the writer

# Until there is a file "enough"
verify_io() {
	until [ -e "$BATS_TEST_TMPDIR/enough" ]; do
		fio --name=verify --filename="$1" --size=4M --rw=randwrite --bsrange=512-64k \
			--bs_unaligned=0 --blockalign=512 --ioengine=libaio --iodepth=8 --direct=1 \
			--verify=crc32c --verify_fatal=1 --serialize_overlap=1 \
			--verify_state_save=0 --output="$BATS_TEST_TMPDIR/fio" || return
	done
}

writes_done() {
	local fields

	read -ra fields <"/sys/block/$map/stat" && writes=${fields[4]}
}

has_written_since() {
	writes_done && [ "$writes" -gt $(($1 + 20)) ]
}

goes_on() {
	writes_done && wait_until 30 has_written_since "$writes"
}

# A path fails, I/O continues on the other one, and the path comes back.
does_without() { # HOW-IT-FAILS HOW-IT-COMES-BACK, both with what is lost last
	local fail=$1 mend=$2

	shift 2
	$fail "$@" && wait_until 30 has_paths 1 1 && wait_until 30 has_sessions 1 && goes_on &&
		$mend "$@" && wait_until 30 has_paths 2 0 && has_sessions 2 && goes_on
}

# Slow beds have only the failure that takes longest to be noticed.
@test "I/O survives a silent path and a removed portal, and the paths come back" {
	for path in "${paths[@]}"; do
		log_in "$path"
	done
	wait_until 30 has_paths 2 0
	disk=/dev/mapper/$(dmsetup ls --target multipath | cut -f 1)
	# udevd makes the node when the map is there.
	wait_until 30 test -b "$disk"
	map=$(dmsetup info -c --noheadings -o blkdevname "$disk")
	scst_start verify_io "$disk"
	writer=$!
	goes_on
	does_without 'address del' 'address add' "${paths[1]}"
	[ "$SCST_BED" != uml-smp ] || does_without rmdir mkdir "$iscsi:t0/portals/${paths[0]}"
	touch "$BATS_TEST_TMPDIR/enough"
	wait "$writer"
	unset writer
}
