#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# iSCSI: data, through open-iscsi.

load lib/scst
load lib/iscsi

image=$BATS_TEST_TMPDIR/image

# verify_io DISK [FIO-OPTION...]: writes of all sizes are read back and compared
verify_io() {
	local disk=$1

	shift
	fio --name=verify --filename="$disk" --size=24M --rw=randwrite --bsrange=512-300k \
		--bs_unaligned=0 --blockalign=512 --ioengine=libaio --iodepth=16 --direct=1 \
		--verify=crc32c --verify_fatal=1 --randrepeat=1 --serialize_overlap=1 \
		--output="$BATS_TEST_TMPDIR/fio" "$@" || {
		cat "$BATS_TEST_TMPDIR/fio"
		return 1
	}
}

export_image() {
	truncate -s 64M "$image"
	iscsi_export fileio "path=$image"
}

digests='node.conn[0].iscsi'

@test "data is correct with every combination of digests" {
	requires fio
	export_image
	for header in None CRC32C; do
		for data in None CRC32C; do
			login t0 "$digests.HeaderDigest=$header" "$digests.DataDigest=$data"
			equal "$header $data" "$(negotiated header_digest | sed 's/0/None/;s/1/CRC32C/') $(
				negotiated data_digest | sed 's/0/None/;s/1/CRC32C/')"
			verify_io "$(wait_for_iscsi_disk t0 0)"
			logout t0
		done
	done
}

@test "immediate, unsolicited and solicited data is written correctly" {
	requires fio
	export_image
	for setting in InitialR2T=Yes,ImmediateData=No InitialR2T=Yes,ImmediateData=Yes \
		InitialR2T=No,ImmediateData=No InitialR2T=No,ImmediateData=Yes; do
		login t0 "node.session.iscsi.${setting%,*}" "node.session.iscsi.${setting#*,}" \
			node.session.iscsi.FirstBurstLength=4096 \
			node.session.iscsi.MaxBurstLength=16384 \
			"$digests.MaxRecvDataSegmentLength=4096"
		verify_io "$(wait_for_iscsi_disk t0 0)" --size=8M
		logout t0
	done
}

@test "I/O works with a queue depth of 1 and segments of 512 bytes" {
	requires fio
	export_image
	attr_set "$iscsi:t0/queue_depth" 1
	attr_set "$iscsi:t0/max_burst_length" 512
	attr_set "$iscsi:t0/first_burst_length" 512
	login t0 "$digests.MaxRecvDataSegmentLength=512"
	verify_io "$(wait_for_iscsi_disk t0 0)" --size=2M
}

@test "a file system on an iSCSI disk is intact after the next log-in" {
	requires mkfs.ext4
	tree=$BATS_TEST_TMPDIR/tree
	mkdir "$tree"
	export_image
	login t0
	disk=$(wait_for_iscsi_disk t0 0)
	mkfs.ext4 -q "$disk"
	mount "$disk" "$tree"
	cp "$BATS_TEST_FILENAME" "$tree/file"
	umount "$tree"
	logout t0
	login t0
	mount "$(wait_for_iscsi_disk t0 0)" "$tree"
	cmp "$BATS_TEST_FILENAME" "$tree/file"
	umount "$tree"
}

@test "writes continue after the target was disabled and enabled" {
	requires fio
	export_image
	login t0
	disk=$(wait_for_iscsi_disk t0 0)
	scst_start verify_io "$disk" --time_based --runtime=12
	writer=$!
	for _ in 1 2; do
		scst_sleep 1.5
		bounded 10 attr_set "$iscsi:t0/enable" 0
		equal '' "$(ls "$iscsi:t0/sessions")"
		scst_sleep 2
		attr_set "$iscsi:t0/enable" 1
	done
	wait "$writer"
}

is_another_session() {
	local since

	read -r since <"$iscsi:t0/sessions/$iqn:i0/login_time" && [ "$since" != "$1" ]
} 2>/dev/null

@test "disconnect ends a session, and the initiator logs in again" {
	export_image
	login t0
	disk=$(wait_for_iscsi_disk t0 0)
	dd if="$disk" of=/dev/null bs=1M count=1 iflag=direct status=none
	since=$(cat "$iscsi:t0/sessions/$iqn:i0/login_time")
	scst_sleep 1.1
	attr_set "$iscsi:t0/sessions/$iqn:i0/disconnect" 1
	wait_until 20 is_another_session "$since"
	dd if="$disk" of=/dev/null bs=1M count=1 iflag=direct status=none
}

@test "I/O works after resets of the LUN and the target under load" {
	requires sg_reset
	iscsi_export nullio size=64M
	login t0
	disk=$(wait_for_iscsi_disk t0 0)
	background dd if="$disk" of=/dev/null bs=64k count=100000 iflag=direct status=none
	sg=/dev/$(ls "/sys/block/${disk#/dev/}/device/scsi_generic")
	for _ in 1 2 3; do
		sg_reset -N -d "$sg"
		sg_reset -N -t "$sg"
	done
	dd if="$disk" of=/dev/null bs=1M count=4 iflag=direct status=none
}

# The kernel itself keeps 32 reads in flight for five seconds.
read_many() {
	echo "4 read 4096 32 16 1 5000" 4<"$1" >/sys/kernel/debug/scst_bench/run
}

# The session works on another CPU than its packets arrive at, in each of 50 readings. A machine
# with one CPU has no other.
works_beside() {
	local session=$scst_root/$iscsi:t0/sessions/$iqn:i0 cpu home

	[ "$(nproc)" -gt 1 ] || return 0
	for _ in {1..50}; do
		read -r home <"$session/incoming_cpu"
		read -r cpu <"$session/cpu"
		[ "$cpu" != "$home" ] || return
	done
}

@test "a session with many commands in flight works on a second CPU" {
	iscsi_export nullio size=16M
	login t0
	modprobe scst_bench
	scst_start read_many "$(wait_for_iscsi_disk t0 0)"
	reads=$!
	wait_until 4 works_beside
	wait "$reads"
	modprobe -r scst_bench
}

@test "an added LUN appears at the initiator without a rescan" {
	iscsi_export nullio size=1M
	make_device nullio d1 size=2M
	login t0
	wait_for_iscsi_disk t0 0
	iscsi_link t0 300 nullio/d1
	wait_for_iscsi_disk t0 16684
	equal $((2 << 20)) "$(disk_size "$iscsi_disk")"
}

@test "asynchronous reports of unit attentions do not break the session" {
	requires sg_reset
	export_image
	login t0
	disk=$(wait_for_iscsi_disk t0 0)
	since=$(cat "$iscsi:t0/sessions/$iqn:i0/login_time")
	sg=/dev/$(ls "/sys/block/${disk#/dev/}/device/scsi_generic")
	for size in 65 66 67; do
		truncate -s ${size}M "$image"
		sg_reset -N -d "$sg"
		dd if="$disk" of=/dev/null bs=1M count=1 iflag=direct status=none
	done
	attr_is "$iscsi:t0/sessions/$iqn:i0/login_time" "$since"
}

@test "an idle initiator that answers NOP-Ins stays logged in" {
	iscsi_export nullio size=1M
	attr_set "$iscsi:t0/nop_interval_ms" 1000
	attr_set "$iscsi:t0/nop_timeout_ms" 1000
	login t0 node.conn[0].timeo.noop_out_interval=0
	since=$(cat "$iscsi:t0/sessions/$iqn:i0/login_time")
	scst_sleep 5
	attr_is "$iscsi:t0/sessions/$iqn:i0/login_time" "$since"
}
