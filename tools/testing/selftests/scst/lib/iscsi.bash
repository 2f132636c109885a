# SPDX-License-Identifier: GPL-2.0
# Loaded by the tests of the iSCSI target, after lib/scst: targets by their short names, and
# open-iscsi as an initiator.
# shellcheck shell=bash

iqn=iqn.2026-11.org.example
iscsi=targets/iscsi/$iqn
portal=127.0.0.1:3260
# shellcheck disable=SC2034 # expect() uses them
scst_strerror[EADDRINUSE]='Address already in use'

# --- targets

# iscsi_target NAME [PORTAL...]: enabled, at $portal if none is given.
iscsi_target() {
	local name=$1 at

	shift
	[ $# -gt 0 ] || set -- "$portal"
	mkdir -p "$iscsi:$name" || return
	for at in "$@"; do
		mkdir "$iscsi:$name/portals/$at" || return
	done
	attr_set "$iscsi:$name/enable" 1
}

# iscsi_link NAME LUN DEVICE: DEVICE is HANDLER/NAME.
iscsi_link() {
	mkdir -p "$iscsi:$1/luns/$2" && ln -s "devices/$3" "$iscsi:$1/luns/$2/"
}

# iscsi_export HANDLER ATTRIBUTE=VALUE...: device d0 as LUN 0 of target t0
iscsi_export() {
	local handler=$1

	shift
	make_device "$handler" d0 "$@" && mkdir -p "$iscsi:t0" &&
		iscsi_link t0 0 "$handler/d0" && iscsi_target t0
}

# has_session [NAME]
has_session() {
	find_there "$iscsi:${1-t0}/sessions"/*
}

# no_session [NAME]
no_session() {
	! has_session "$@"
}

# --- initiators in Perl

# raw CODE...: runs CODE in lib/iscsi_pdu.pl.
raw() {
	bounded 150 perl "$BATS_TEST_DIRNAME/lib/iscsi_pdu.pl" "$@"
}

# wait_ready: until an initiator in the background has called ready()
wait_ready() {
	wait_until 20 test -e "$BATS_TEST_TMPDIR/ready" && rm "$BATS_TEST_TMPDIR/ready"
}

# --- open-iscsi

# Its files and locks are in the usual places. Writes to these stay in memory.
initiator_start() {
	modprobe -a iscsi_tcp && mkdir -p /etc/iscsi /run/lock/iscsi || return
	rm -rf /etc/iscsi/nodes /etc/iscsi/send_targets
	echo "InitiatorName=$iqn:i0" >/etc/iscsi/initiatorname.iscsi
	cat >/etc/iscsi/iscsid.conf <<-CONF
		node.startup = manual
		node.session.scan = auto
		node.session.timeo.replacement_timeout = 30
		node.session.iscsi.InitialR2T = No
		node.session.iscsi.ImmediateData = Yes
	CONF
	initiator_daemon
}

initiator_daemon() {
	# iscsid kills its process group when it ends.
	scst_start exec setsid iscsid -f >"$BATS_FILE_TMPDIR/iscsid.log" 2>&1
	echo $! >"$BATS_FILE_TMPDIR/iscsid.pid"
	wait_until 10 iscsid_listens
}

iscsid_listens() {
	grep -q 'ISCSIADM_ABSTRACT_NAMESPACE' /proc/net/unix
}

# The daemon checks for signals, and then sleeps: a signal in between is lost.
initiator_stop() {
	local pid

	read -r pid <"$BATS_FILE_TMPDIR/iscsid.pid" && rm "$BATS_FILE_TMPDIR/iscsid.pid" &&
		iscsiadm -k 0 && wait_until 10 is_dead "$pid"
}

# initiator_is NAME: its name in later log-ins
initiator_is() {
	echo "InitiatorName=$iqn:$1" >/etc/iscsi/initiatorname.iscsi
	initiator_stop && initiator_daemon
}

# discover [PORTAL]: prints PORTAL,GROUP NAME lines
discover() {
	iscsiadm -m discovery -t sendtargets -p "${1-$portal}"
}

# node NAME PORTAL ARGUMENT...
node() {
	local name=$1 at=$2

	shift 2
	iscsiadm -m node -T "$iqn:$name" -p "$at" "$@"
}

# node_settings NAME PORTAL SETTING=VALUE...: without node. or node.session. before them
node_settings() {
	local name=$1 at=$2 setting
	local -a all=()

	shift 2
	for setting in "$@"; do
		all+=(-n "${setting%%=*}" -v "${setting#*=}")
	done
	[ $# -eq 0 ] || node "$name" "$at" -o update "${all[@]}"
}

# login NAME [SETTING=VALUE...]: at $portal
login() {
	local name=$1

	shift
	node "$name" "$portal" >/dev/null 2>&1 ||
		node "$name" "$portal" -o new >/dev/null || return
	node_settings "$name" "$portal" "$@" && node "$name" "$portal" --login >/dev/null
}

# logout NAME
logout() {
	node "$1" "$portal" --logout >/dev/null
}

logout_all() {
	! find_there /sys/class/iscsi_session/* ||
		bounded 60 iscsiadm -m node --logoutall=all >/dev/null
	rm -rf /etc/iscsi/nodes /etc/iscsi/send_targets /etc/iscsi/ifaces
}

# negotiated NAME: prints attribute NAME of the session or the connection in sysfs.
negotiated() {
	cat /sys/class/iscsi_{session,connection}/*/"$1" 2>/dev/null
}

# find_iscsi_disk NAME LUN: sets iscsi_disk.
find_iscsi_disk() {
	local session target

	for session in /sys/class/iscsi_session/*; do
		read -r target <"$session/targetname"
		[ "$target" = "$iqn:$1" ] || continue
		iscsi_disk=$(echo "$session"/device/target*/*:"$2"/block/*)
		iscsi_disk=/dev/${iscsi_disk##*/}
		node_is_ready "$iscsi_disk" && return
	done
	return 1
} 2>/dev/null

# wait_for_iscsi_disk NAME LUN: prints /dev/sdX.
wait_for_iscsi_disk() {
	wait_until 20 find_iscsi_disk "$@" && printf '%s\n' "$iscsi_disk"
}

# --- up and down

setup_file() {
	initiator_start
}

teardown_file() {
	initiator_stop
	scst_unload
}

setup() {
	scst_up && modprobe iscsi_scst
}

teardown() {
	local status=0

	unmount_all
	logout_all || status=1
	scst_down || status=1
	return "$status"
}
