# SPDX-License-Identifier: GPL-2.0
# Sourced in the guest: block I/O out of the kernel, by the module scst_bench.
# shellcheck shell=sh

native_root=/sys/kernel/debug/scst_bench

# native_us DISK OP BYTES DEPTH BATCH JOBS MS: prints what a request takes.
native_us() {
	_nu_disk=$1
	shift
	echo "3 $*" 3<"$_nu_disk" >"$native_root/run" || fail "no I/O on $_nu_disk: $*"
	cat "$native_root/nanoseconds" "$native_root/requests" |
		awk 'NR == 1 { ns = $1 } END { printf "%.3f\n", ns / $1 / 1000 }'
}

# The disk of the host that does nothing
floor_disk() {
	for _fd_host in /sys/class/scsi_host/*; do
		[ "$(cat "$_fd_host/proc_name")" != scst_bench_floor ] ||
			block_below "$_fd_host/device" || continue
	done | grep .
}

null_blk_load() {
	modprobe null_blk queue_mode=2 irqmode=0 gb=1 hw_queue_depth=256
}

# native_row SIDE ROUND DISK OP BYTES DEPTH BATCH JOBS MS
native_row() {
	_nr_side=$1
	_nr_round=$2
	shift 2
	_nr_us=$(native_us "$@") || exit 1
	row "$2" "$3" "$4" "$6" us "$_nr_side" "$_nr_round" 0 "$_nr_us"
}
