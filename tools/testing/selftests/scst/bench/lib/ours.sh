# SPDX-License-Identifier: GPL-2.0
# Sourced in the guest: our side.
# shellcheck shell=sh

ours_root=/sys/kernel/config/scst

ours_load() {
	modprobe -a scst scst_vdisk scst_local iscsi_scst
}

ours_null() {
	mkdir -p "$ours_root/devices/nullio/null"
	echo "$bench_size" >"$ours_root/devices/nullio/null/size"
	echo 1 >"$ours_root/devices/nullio/null/enable"
}

ours_file() {
	head -c "$bench_size" /dev/zero >"$bench_dir/ours"
	mkdir -p "$ours_root/devices/fileio/file"
	echo "$bench_dir/ours" >"$ours_root/devices/fileio/file/path"
	echo 1 >"$ours_root/devices/fileio/file/enable"
}

ours_device() {
	case $1 in
	null) printf '%s\n' "$ours_root/devices/nullio/null" ;;
	file) printf '%s\n' "$ours_root/devices/fileio/file" ;;
	esac
}

ours_lun() {
	mkdir -p "$1/luns/0"
	ln -s "$(ours_device "$2")" "$1/luns/0/device"
}

ours_local_disk() {
	read -r _old_host 2>/dev/null <"$1/host" && [ -n "$_old_host" ] &&
		block_below "/sys/class/scsi_host/$_old_host/device"
}

# ours_local NULL-OR-FILE: prints the disk.
ours_local() {
	_ol_target=$ours_root/targets/local/$1
	mkdir -p "$_ol_target"
	ours_lun "$_ol_target" "$1"
	mkdir "$_ol_target/initiators/me"
	echo 1 >"$_ol_target/enable"
	wait_for 20 ours_local_disk "$_ol_target/initiators/me"
}

# ours_iscsi_target NULL-OR-FILE
ours_iscsi_target() {
	_oi_target=$ours_root/targets/iscsi/$bench_iqn:ours-$1
	mkdir -p "$_oi_target"
	ours_lun "$_oi_target" "$1"
	mkdir "$_oi_target/portals/127.0.0.1:3260"
	echo 1 >"$_oi_target/enable"
}

# ours_iscsi NULL-OR-FILE: prints the disk.
ours_iscsi() {
	ours_iscsi_target "$1"
	log_in "ours-$1" 127.0.0.1:3260
}

ours_target() {
	case $1 in
	local) printf '%s\n' "$ours_root/targets/local/null" ;;
	iscsi) printf '%s\n' "$ours_root/targets/iscsi/$bench_iqn:ours-null" ;;
	esac
}

# ours_more_devices COUNT: without a medium. A target exports each device once.
ours_more_devices() {
	for _od_number in $(seq "$1"); do
		_od_device=$(ours_device null)$_od_number
		mkdir "$_od_device"
		echo "$bench_size" >"$_od_device/size"
		echo 1 >"$_od_device/enable"
	done
}

# ours_luns TRANSPORT: the path of a LUN without its number
ours_luns() {
	printf '%s\n' "$(ours_target "$1")/luns/"
}

# ours_more_lun TRANSPORT LUN: for the device with that number
ours_more_lun() {
	_om_lun=$(ours_luns "$1")$2
	mkdir "$_om_lun"
	ln -s "$(ours_device null)$2" "$_om_lun/device"
}

ours_has_no_sessions() {
	for _on_session in "$(ours_target iscsi)/sessions"/*; do
		[ ! -e "$_on_session" ] || return 1
	done
}

# ours_more_sessions COUNT: of the local target
ours_more_sessions() {
	for _os_name in $(seq "$1"); do
		mkdir "$(ours_target local)/initiators/more$_os_name"
	done
}
