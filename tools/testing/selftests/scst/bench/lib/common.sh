# SPDX-License-Identifier: GPL-2.0
# Sourced in the guest: paths, and the format of a measured value.
# shellcheck shell=sh

# All files stay in memory: no other file system, no medium, no writeback.
bench_dir=/run/bench

# Bytes of each disk
bench_size=$((256 << 20))

bench_iqn=iqn.2026-11.org.example

fail() {
	printf 'bench: %s\n' "$*" >&2
	exit 1
}

# wait_for SECONDS COMMAND...: prints what the command prints once it succeeds.
wait_for() {
	_wf_tries=$(($1 * 20))
	shift
	until "$@"; do
		_wf_tries=$((_wf_tries - 1))
		[ "$_wf_tries" -gt 0 ] || fail "timed out: $*"
		sleep 0.05
	done
}

# The block device below a directory of sysfs
block_below() {
	for _bb_block in "$1"/target*/*/block/*; do
		blockdev --getsize64 "/dev/${_bb_block##*/}" >/dev/null 2>&1 || continue
		printf '/dev/%s\n' "${_bb_block##*/}"
		return 0
	done
	return 1
}

# Both sides get the same queue settings, without an I/O scheduler.
tune_disk() {
	echo none >"/sys/block/${1#/dev/}/queue/scheduler"
}

# A value, as report.pl reads it: row OP BYTES DEPTH JOBS METRIC SIDE ROUND COUNT VALUE.
# COUNT is the number of commands of VALUE, or 0 if it is for one already.
row() {
	printf '%s\t' "$SCST_BED" "$(uname -r)" "$bench_transport" "$bench_backing" "$@" |
		sed 's/\t$//'
	echo
}

# less_luns SIDE TRANSPORT LAST: removes LUNs 1 to LAST.
less_luns() {
	_ll_luns=$("$1_luns" "$2")
	for _ll_lun in $(seq "$3"); do
		rm "$_ll_luns$_ll_lun/device"
		rmdir "$_ll_luns$_ll_lun"
	done
}

bench_begin() {
	dmesg -n 1
	mkdir -p "$bench_dir"
	mount -t tmpfs -o size=75% bench "$bench_dir"
	# Whether memory comes in huge pages, which take long to clear, is chance.
	[ ! -d /sys/kernel/mm/transparent_hugepage ] ||
		echo never >/sys/kernel/mm/transparent_hugepage/enabled
	cd "$bench_dir" || exit 1
}
