#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# iSCSI: several hosts, and several sessions of one host. The initiator is open-iscsi.

load lib/scst
load lib/iscsi

image=$BATS_TEST_TMPDIR/image

# --- several initiators

# login_as INITIATOR: at $portal, beside the sessions of others
login_as() {
	iscsiadm -m iface -I "$1" -o new >/dev/null &&
		iscsiadm -m iface -I "$1" -o update -n iface.initiatorname \
			-v "$iqn:$1" >/dev/null &&
		node t0 "$portal" -I "$1" -o new >/dev/null &&
		node t0 "$portal" -I "$1" --login >/dev/null
}

# find_device INITIATOR LUN: sets scsi_device to that of its first session.
find_device() {
	local session name

	for session in /sys/class/iscsi_session/*; do
		read -r name <"$session/initiatorname"
		[ "$name" = "$iqn:$1" ] || continue
		scsi_device=$(echo "$session"/device/target*/*:"$2")
		[ -d "$scsi_device" ] && return
	done
	return 1
} 2>/dev/null

disk_of_is_ready() {
	local block

	find_device "$1" "$2" && block=("$scsi_device"/block/*) &&
		disk=/dev/${block[0]##*/} && node_is_ready "$disk"
}

# wait_for_disk_of INITIATOR LUN: prints /dev/sdX.
wait_for_disk_of() {
	wait_until 20 disk_of_is_ready "$@" && printf '%s\n' "$disk"
}

# luns_of INITIATOR: how many SCSI devices it has
luns_of() {
	find_device "$1" 0 &&
		find "${scsi_device%/*}" -mindepth 1 -maxdepth 1 -name '[0-9]*' | wc -l
}

sg_of() { # SCSI-DEVICE
	printf '/dev/%s\n' "$(ls "$1/scsi_generic")"
}

has_luns() {
	[ "$(luns_of "$1")" = "$2" ]
}

write_text() { # DISK TEXT
	printf '%-512s' "$2" | dd of="$1" bs=512 oflag=direct conv=fsync status=none
}

read_text() { # DISK
	dd if="$1" bs=512 count=1 iflag=direct status=none | tr -d ' \0'
}

@test "initiator A sees Da and Db, B sees Db read-only and Dc, of the same target" {
	requires sg_raw
	for name in Da Db Dc; do
		truncate -s 8M "$BATS_TEST_TMPDIR/$name"
		make_device fileio $name "path=$BATS_TEST_TMPDIR/$name"
	done
	groups=$iscsi:t0/groups
	mkdir -p "$groups"/{A,B} "$groups/A"/{initiators/"$iqn:A",luns/{0,1}} \
		"$groups/B"/{initiators/"$iqn:B",luns/{0,1}}
	ln -s devices/fileio/Da "$groups/A/luns/0/"
	ln -s devices/fileio/Db "$groups/A/luns/1/"
	attr_set "$groups/B/luns/0/read_only" 1
	ln -s devices/fileio/Db "$groups/B/luns/0/"
	ln -s devices/fileio/Dc "$groups/B/luns/1/"
	iscsi_target t0
	login_as A
	login_as B

	a0=$(wait_for_disk_of A 0)
	a1=$(wait_for_disk_of A 1)
	b0=$(wait_for_disk_of B 0)
	b1=$(wait_for_disk_of B 1)
	equal '2 2' "$(luns_of A) $(luns_of B)" 'LUNs'
	write_text "$a0" A-wrote-Da
	write_text "$a1" A-wrote-Db
	write_text "$b1" B-wrote-Dc
	equal A-wrote-Db "$(read_text "$b0")"
	for name in A-wrote-Da A-wrote-Db B-wrote-Dc; do
		matches "$name *" "$(head -c 16 "$BATS_TEST_TMPDIR/${name#*wrote-}")"
	done
	equal '0 1' "$(blockdev --getro "$a1") $(blockdev --getro "$b0")" 'read-only'
	find_device B 0
	matches '*Write protected*' "$(sg_raw -s 512 -i /dev/zero "$(sg_of "$scsi_device")" \
		2a 00 00 00 00 00 00 00 01 00 2>&1)"
	equal A-wrote-Db "$(read_text "$a1")"

	# A LUN is added for A while both are logged in.
	make_device nullio Dd size=1M
	mkdir "$groups/A/luns/2"
	ln -s devices/nullio/Dd "$groups/A/luns/2/"
	wait_for_disk_of A 2
	has_luns B 2

	# A third initiator logs in, and has no LUNs. The case of its name does not matter.
	login_as C
	equal 0 "$(cat "$iscsi:t0/sessions/$iqn:c/luns")"
}

# --- several sessions of one initiator

# find_disks: sets disks to those of all sessions' LUN 0, in order.
find_disks() {
	local device

	disks=()
	for device in /sys/class/iscsi_session/*/device/target*/*:0/block/*; do
		node_is_ready "/dev/${device##*/}" || return
		disks+=("/dev/${device##*/}")
	done
}

find_several_disks() {
	find_disks && [ "${#disks[@]}" -eq "$1" ]
}

@test "several sessions of one initiator are separate I_T nexuses" {
	requires sg_persist
	truncate -s 8M "$image"
	iscsi_export fileio "path=$image"
	login t0 node.session.nr_sessions=3
	sessions=("$iscsi:t0/sessions"/*)
	equal "$iqn:i0 $iqn:i0~2 $iqn:i0~3" "${sessions[*]##*/sessions/}"
	equal 3 "$(sort -u "$iscsi:t0/sessions"/*/isid | wc -l)" 'ISIDs'
	wait_until 20 find_several_disks 3

	write_text "${disks[0]}" one
	equal 'one one' "$(read_text "${disks[1]}") $(read_text "${disks[2]}")"
	sg_persist -n -o -G -S 1 "${disks[0]}" >/dev/null
	sg_persist -n -o -R -K 1 -T 5 "${disks[0]}" >/dev/null
	write_text "${disks[0]}" holder
	expect EBADE write_text "${disks[1]}" other

	# The log-out of one session leaves the others.
	sessions=(/sys/class/iscsi_session/*)
	iscsiadm -m session -r "${sessions[1]##*session}" --logout >/dev/null
	find_there "$iscsi:t0/sessions"/*
	equal 2 "${#scst_there[@]}" 'sessions left'
	equal holder "$(read_text "${disks[2]}")"
	sg_persist -n -o -C -K 1 "${disks[0]}" >/dev/null
	write_text "${disks[2]}" other
}

# --- a disk that grows

monitor() {
	exec udevadm monitor --kernel --property --subsystem-match=scsi \
		>"$BATS_TEST_TMPDIR/uevents" 2>&1
}

seen() {
	grep -q "$1" "$BATS_TEST_TMPDIR/uevents"
} 2>/dev/null

seen_twice() {
	[ "$(grep -c "$1" "$BATS_TEST_TMPDIR/uevents")" -ge 2 ]
}

is_told() {
	read_text "$disk" >/dev/null && seen SDEV_UA=CAPACITY_DATA_HAS_CHANGED
}

@test "open-iscsi is notified of a file that grows, and uses the new blocks" {
	requires udevadm
	truncate -s 4M "$image"
	iscsi_export fileio "path=$image"
	login t0
	disk=$(wait_for_iscsi_disk t0 0)
	background monitor
	wait_until 10 seen 'the kernel uevent'
	truncate -s 6M "$image"
	wait_until 10 is_told
	equal $((4 << 20)) "$(disk_size "$disk")" 'before somebody looks'
	node t0 "$portal" --rescan >/dev/null
	equal $((6 << 20)) "$(disk_size "$disk")"
	printf '%-512s' end | dd of="$disk" bs=512 seek=12287 oflag=direct conv=fsync status=none
	equal end "$(tail -c 512 "$image" | tr -d ' ')"

	# also while the disk is being written
	background dd if=/dev/zero of="$disk" bs=4k count=1000000 oflag=direct status=none
	truncate -s 8M "$image"
	wait_until 10 seen_twice SDEV_UA=CAPACITY_DATA_HAS_CHANGED
	node t0 "$portal" --rescan >/dev/null
	equal $((8 << 20)) "$(disk_size "$disk")"
}

# --- authentication and digests

chap=(node.session.auth.authmethod=CHAP node.session.auth.username=me
	node.session.auth.password=a-secret-of-mine)
mutual=(node.session.auth.username_in=target node.session.auth.password_in=a-secret-of-its-own)
digest='node.conn[0].iscsi'
digests=(None CRC32C)

# carries_data ALGORITHM HEADER-DIGEST DATA-DIGEST: mutual CHAP; digests are 0 or 1
carries_data() {
	login t0 "${chap[@]}" "${mutual[@]}" "node.session.auth.chap_algs=$1" \
		"$digest.HeaderDigest=${digests[$2]}" "$digest.DataDigest=${digests[$3]}" || return
	equal "$2 $3" "$(negotiated header_digest) $(negotiated data_digest)" "$*" &&
		read_text "$(wait_for_iscsi_disk t0 0)" >/dev/null && logout t0
}

# All combinations in the quick bed, every fifth one in others
@test "mutual CHAP works with every algorithm and every combination of digests" {
	iscsi_export nullio size=1M
	mkdir "$iscsi:t0/auth/$iqn:i0"
	attr_set "$iscsi:t0/auth/$iqn:i0/user" me
	attr_set "$iscsi:t0/auth/$iqn:i0/secret" a-secret-of-mine
	attr_set "$iscsi:t0/auth/$iqn:i0/target_user" target
	attr_set "$iscsi:t0/auth/$iqn:i0/target_secret" a-secret-of-its-own
	n=0
	for alg in MD5 SHA1 SHA256 SHA3-256; do
		for header in 0 1; do
			for data in 0 1; do
				[ "$SCST_BED" = uml-smp ] || [ $((n++ % 5)) -eq 0 ] || continue
				carries_data $alg $header $data
			done
		done
	done
}
