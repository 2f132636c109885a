# SPDX-License-Identifier: GPL-2.0
# Sourced in the guest: LIO's side, with the settings that come closest to ours.
# shellcheck shell=sh

lio_root=/sys/kernel/config/target

lio_load() {
	modprobe -a target_core_mod target_core_file tcm_loop iscsi_target_mod
}

lio_null() {
	mkdir -p "$lio_root/core/rd_mcp_0/null"
	echo "rd_pages=$((bench_size / 4096)),rd_nullio=1" >"$lio_root/core/rd_mcp_0/null/control"
	echo 1 >"$lio_root/core/rd_mcp_0/null/enable"
}

# Its writes are to end in the page cache, as ours do.
lio_file() {
	head -c "$bench_size" /dev/zero >"$bench_dir/lio"
	mkdir -p "$lio_root/core/fileio_0/file"
	echo "fd_dev_name=$bench_dir/lio,fd_dev_size=$bench_size,fd_buffered_io=1" \
		>"$lio_root/core/fileio_0/file/control"
	echo 1 >"$lio_root/core/fileio_0/file/enable"
}

lio_device() {
	case $1 in
	null) printf '%s\n' "$lio_root/core/rd_mcp_0/null" ;;
	file) printf '%s\n' "$lio_root/core/fileio_0/file" ;;
	esac
}

lio_lun() {
	mkdir "$1/lun/lun_0"
	ln -s "$(lio_device "$2")" "$1/lun/lun_0/device"
}

# A World Wide Name for each backing
lio_wwn() {
	case $1 in
	null) echo naa.5001405000000001 ;;
	file) echo naa.5001405000000002 ;;
	esac
}

# tcm_loop's directory in sysfs says which target port it is.
lio_local_disk() {
	for _lld_host in /sys/devices/tcm_loop_0/tcm_loop_adapter_*/host*; do
		[ ! -e "$_lld_host" ] || block_below "$_lld_host" || continue
	done | grep -v -F -x -e "${lio_seen:-none}" | grep .
}

# lio_local NULL-OR-FILE: prints the disk.
lio_local() {
	lio_seen=$(lio_local_disk)
	_ll_tpg=$lio_root/loopback/$(lio_wwn "$1")/tpgt_1
	mkdir -p "$_ll_tpg"
	lio_wwn "$1" | sed 's/naa.5/naa.6/' >"$_ll_tpg/nexus"
	lio_lun "$_ll_tpg" "$1"
	wait_for 20 lio_local_disk
}

# lio_iscsi_target NULL-OR-FILE
lio_iscsi_target() {
	_li_tpg=$lio_root/iscsi/$bench_iqn:lio-$1/tpgt_1
	mkdir -p "$_li_tpg"
	mkdir "$_li_tpg/np/127.0.0.1:3261"
	echo 0 >"$_li_tpg/attrib/authentication"
	echo 1 >"$_li_tpg/attrib/generate_node_acls"
	echo 0 >"$_li_tpg/attrib/demo_mode_write_protect"
	echo No >"$_li_tpg/param/InitialR2T"
	echo 128 >"$_li_tpg/attrib/default_cmdsn_depth"
	lio_lun "$_li_tpg" "$1"
	echo 1 >"$_li_tpg/enable"
}

# lio_iscsi NULL-OR-FILE: prints the disk.
lio_iscsi() {
	lio_iscsi_target "$1"
	log_in "lio-$1" 127.0.0.1:3261
}

lio_tpg() {
	case $1 in
	local) printf '%s\n' "$lio_root/loopback/$(lio_wwn null)/tpgt_1" ;;
	iscsi) printf '%s\n' "$lio_root/iscsi/$bench_iqn:lio-null/tpgt_1" ;;
	esac
}

# LIO can export the same device as any number of LUNs.
lio_more_devices() {
	:
}

# lio_luns TRANSPORT: the path of a LUN without its number
lio_luns() {
	printf '%s\n' "$(lio_tpg "$1")/lun/lun_"
}

# lio_more_lun TRANSPORT LUN: the null device once more
lio_more_lun() {
	_lm_lun=$(lio_luns "$1")$2
	mkdir "$_lm_lun"
	ln -s "$(lio_device null)" "$_lm_lun/device"
}

lio_has_no_sessions() {
	! grep -q . "$(lio_tpg iscsi)/dynamic_sessions"
}

# lio_more_sessions COUNT: a target port has one session only, so these are more ports.
lio_more_sessions() {
	for _ls_name in $(seq "$1"); do
		_ls_tpg=$lio_root/loopback/naa.50014051$(printf '%08d' "$_ls_name")/tpgt_1
		mkdir -p "$_ls_tpg"
		printf 'naa.60014051%08d\n' "$_ls_name" >"$_ls_tpg/nexus"
		lio_lun "$_ls_tpg" null
	done
}
