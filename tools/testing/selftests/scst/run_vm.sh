#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Boots a test bed with freshly built modules, runs a command in it, and exits with
# the command's exit status.

set -u

usage() {
	cat <<'TEXT'
usage: run_vm.sh [OPTION...] -- COMMAND [ARG...]

Runs COMMAND as root in a virtual machine that sees the host's files (writes go to
memory and are lost) and has our modules for modprobe. The working directory is the
repository; $SCST_OUT names a folder that is kept (build/out).

  --bed BED       uml              every checker, one CPU (the default)
                  uml-smp          several CPUs, no checkers: fast
                  uml-smp-lockdep  several CPUs, lockdep
                  vm               a stock Debian kernel under QEMU
                  s390x            big-endian, under QEMU: KUnit, cheap checkers,
                                   its own programs instead of the host's
  --kernel V      with vm: 6.1 (the default), 6.12 or 7.3
  --smp N         CPUs (2; uml has 1)
  --mem MB        memory (2048)
  --timeout S     give up and kill the machine after S seconds (900)
  --net NET       none: loopback only (the default); user: QEMU's user network
  --disk FILE     attach FILE as a disk, may be repeated; $SCST_DISKS names them
  --scratch MB    an empty ext4 file system on /scratch
  --udev          run systemd-udevd in the guest
  --icount        with vm: one CPU, whose clock counts instructions: each takes
                  one nanosecond
  --real-waits    with --icount: the clock of an idle CPU runs in real time, for
                  programs that measure how long they wait for others
  --plugin FILE   with vm: a plugin for QEMU, with arguments after commas
  --times FILE    write down how many seconds each part took

exit status: COMMAND's, or
   98  the machine ended without an exit status of COMMAND
   99  the kernel warned, crashed, hung or leaked: see the end of its log
  124  timeout
  125  the bed could not be started
TEXT
}

wrong_usage() {
	printf 'run_vm.sh: %s\n' "$*" >&2
	usage >&2
	exit 125
}

scst_tests=$(cd "$(dirname "$0")" && pwd) || exit 125
scst_repo=$(cd "$scst_tests/../../../.." && pwd) || exit 125

. "$scst_tests/bed/common.sh"
. "$scst_tests/bed/apt.sh"
. "$scst_tests/bed/stock.sh"
. "$scst_tests/bed/built.sh"
. "$scst_tests/bed/s390x.sh"
. "$scst_tests/bed/modules.sh"
. "$scst_tests/bed/initramfs.sh"
. "$scst_tests/bed/qemu.sh"
. "$scst_tests/bed/kvm.sh"
. "$scst_tests/bed/machine.sh"
. "$scst_tests/bed/verdict.sh"
. "$scst_tests/bed/times.sh"
. "$scst_tests/lib/trouble.sh"

run_bed=uml
run_kernel=
run_smp=
run_mem=2048
run_timeout=900
run_net=none
run_disks=
run_scratch_mb=
run_scratch=
run_udev=
run_icount=
run_sleep=off
run_plugin=
run_times=
run_out=$scst_repo/build/out

is_number() {
	case $2 in
	'' | *[!0-9]*) wrong_usage "$1 takes a number, not '$2'" ;;
	esac
}

add_disk() {
	[ -f "$1" ] || [ -b "$1" ] || wrong_usage "no such disk: $1"
	run_disks="$run_disks $(realpath "$1")"
}

# Take the option $1, whose value is $2.
take_option() {
	case $1 in
	--bed) run_bed=$2 ;;
	--kernel) run_kernel=$2 ;;
	--net) run_net=$2 ;;
	--disk) add_disk "$2" ;;
	--smp) is_number "$@" && run_smp=$2 ;;
	--mem) is_number "$@" && run_mem=$2 ;;
	--timeout) is_number "$@" && run_timeout=$2 ;;
	--plugin) run_plugin=$2 ;;
	--times) run_times=$2 ;;
	--scratch) is_number "$@" && run_scratch_mb=$2 ;;
	*) wrong_usage "unknown option $1" ;;
	esac
}

check_options() {
	case $run_bed in
	vm) : "${run_kernel:=6.1}" "${run_smp:=2}" ;;
	uml) : "${run_smp:=1}" ;;
	uml-smp | uml-smp-lockdep | s390x) : "${run_smp:=2}" ;;
	*) wrong_usage "unknown bed $run_bed" ;;
	esac
	case $run_bed-$run_kernel in
	vm-6.1 | vm-6.12 | vm-7.3 | uml- | uml-smp- | uml-smp-lockdep- | s390x-) ;;
	*) wrong_usage "bed $run_bed has no kernel $run_kernel" ;;
	esac
	case $run_bed-$run_net in
	*-none | vm-user) ;;
	*) wrong_usage "bed $run_bed has no network $run_net" ;;
	esac
	[ "$run_bed" != uml ] || [ "$run_smp" = 1 ] || wrong_usage "bed uml has one CPU"
	[ "$run_bed" = vm ] || [ -z "$run_icount" ] || wrong_usage "--icount needs --bed vm"
}

# The arguments as one line of shell.
quote() {
	for _qu_word in "$@"; do
		printf "'%s' " "$(printf '%s\n' "$_qu_word" | sed "s/'/'\\\\''/g")"
	done
	echo
}

is_under_qemu() {
	case $run_bed in
	uml*) return 1 ;;
	esac
}

# The guest's names of the disks that machine.sh attaches.
disk_names() {
	_dn_prefix=/dev/vd
	is_under_qemu || _dn_prefix=/dev/ubd
	_dn_letters='a b c d e f g h'
	for _dn_disk in "$@"; do
		printf '%s ' "$_dn_prefix${_dn_letters%% *}"
		_dn_letters=${_dn_letters#* }
	done
}

# The guest's name of the disk after the ones given.
next_disk_name() {
	# shellcheck disable=SC2046,SC2086 # lists of names
	set -- $(disk_names $run_disks "$run_scratch")
	[ -z "$run_scratch" ] || eval "printf '%s' \"\${$#}\""
}

write_env() {
	_we_root=9p _we_hung=90
	is_under_qemu || _we_root=hostfs _we_hung=30
	# shellcheck disable=SC2086 # a list of names
	cat <<-ENV
	SCST_BED=$run_bed
	SCST_CPUS=$run_smp
	SCST_KERNEL=$kernel_release
	SCST_ROOT=$_we_root
	SCST_REPO=$(quote "$scst_repo")
	SCST_TESTS=$(quote "$scst_tests")
	SCST_OUT=$(quote "$run_out")
	SCST_DISKS='$(disk_names $run_disks)'
	SCST_SCRATCH_DISK=$(next_disk_name)
	SCST_NET=$run_net
	SCST_UDEV=$run_udev
	SCST_HUNG_SECONDS=$_we_hung
	ENV
}

make_scratch() {
	[ -n "$run_scratch_mb" ] || return 0
	run_scratch=$run_dir/scratch
	truncate -s "${run_scratch_mb}M" "$run_scratch"
	quietly mkfs.ext4 -q -F "$run_scratch" || exit 125
}

# Everything the machine needs, in a directory of its own.
prepare() {
	run_tmp=${TMPDIR:-/tmp}
	[ ! -w /dev/shm ] || run_tmp=/dev/shm
	run_dir=$(mktemp -d "$run_tmp/scst.XXXXXX") || exit 125
	times_mark begun
	mkdir -p "$run_out"
	: >"$run_dir/stdout"
	: >"$run_dir/stderr"
	make_scratch
	modules_prepare "$kernel_release" "$kernel_headers" "$kernel_modules" \
		"$run_dir/modules" || exit 125
	case $run_bed in
	vm) initramfs_vm ;;
	esac | initramfs_make "$run_dir/initramfs"
	write_env >"$run_dir/env"
}

start() {
	case $run_bed in
	vm) start_vm ;;
	s390x) start_s390x ;;
	uml) start_uml ;;
	*) start_uml_smp ;;
	esac
}

# The machine is timeout's child, maybe in a session of its own: only timeout knows
# it, and takes ALRM for the end of its time.
stop() {
	if [ -n "${run_pid:-}" ]; then
		kill -s ALRM "$run_pid"
		wait "$run_pid"
	fi 2>/dev/null
	[ -z "${run_dir:-}" ] || rm -rf "$run_dir"
}

trap stop EXIT
trap 'exit 125' INT TERM HUP

while [ $# -gt 0 ]; do
	case $1 in
	--) shift && break ;;
	-h | --help) usage && exit 0 ;;
	--udev) run_udev=yes && shift ;;
	--icount) run_icount=yes && shift ;;
	--real-waits) run_sleep=on && shift ;;
	-*) [ $# -gt 1 ] || wrong_usage "$1 needs a value"
		take_option "$1" "$2"
		shift 2
		;;
	*) break ;;
	esac
done
[ $# -gt 0 ] || wrong_usage "COMMAND is missing"
check_options
case $run_bed in
vm) bed_vm ;;
s390x) bed_s390x ;;
*) bed_built ;;
esac
prepare
quote "$@" >"$run_dir/command"
times_mark built
run_machine
times_write
verdict
