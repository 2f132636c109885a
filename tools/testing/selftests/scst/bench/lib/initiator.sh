# SPDX-License-Identifier: GPL-2.0
# Sourced in the guest: open-iscsi, with files of its own in /etc.
# shellcheck shell=sh

initiator_listens() {
	grep -q ISCSIADM /proc/net/unix
}

initiator_start() {
	modprobe iscsi_tcp
	mkdir -p /etc/iscsi /run/lock/iscsi
	mount -t tmpfs iscsi /etc/iscsi
	echo "InitiatorName=$bench_iqn:initiator" >/etc/iscsi/initiatorname.iscsi
	cat >/etc/iscsi/iscsid.conf <<-CONF
		node.startup = manual
		node.session.cmds_max = 128
		node.session.queue_depth = 64
		node.session.iscsi.InitialR2T = No
		node.session.iscsi.ImmediateData = Yes
		node.session.iscsi.FirstBurstLength = 65536
	CONF
	setsid iscsid -f >"$bench_dir/iscsid.log" 2>&1 &
	initiator_pid=$!
	wait_for 20 initiator_listens
}

initiator_stop() {
	iscsiadm -m node --logoutall=all >/dev/null
	# A signal that comes before it sleeps would not wake it.
	iscsiadm -k 0
	wait "$initiator_pid" 2>/dev/null
	umount /etc/iscsi
}

iscsi_disk() {
	for _id_session in /sys/class/iscsi_session/*; do
		[ "$(cat "$_id_session/targetname")" != "$bench_iqn:$1" ] ||
			block_below "$_id_session/device" || continue
	done | grep .
}

# log_in TARGET PORTAL: prints the disk.
log_in() {
	iscsiadm -m node -T "$bench_iqn:$1" -p "$2" -o new >/dev/null || fail "no record of $1"
	iscsiadm -m node -T "$bench_iqn:$1" -p "$2" --login >/dev/null ||
		fail "cannot log in to $1"
	wait_for 20 iscsi_disk "$1"
}
