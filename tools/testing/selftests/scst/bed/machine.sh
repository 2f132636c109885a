# SPDX-License-Identifier: GPL-2.0
# Sourced by run_vm.sh: turns the options into a running machine. Every bed_NAME
# function sets
#   kernel_release kernel_headers kernel_modules kernel_make   for building our modules
#   kernel_root    the directory whose files the machine sees as its own
# and every start_NAME function becomes the machine. Needs the run_ variables.
# shellcheck shell=sh

# --- stock Debian kernels under QEMU

bed_vm() {
	machine_dir=$(stock_kernel "$run_kernel") || exit 1
	kernel_release=$(cat "$machine_dir/release")
	kernel_headers=$machine_dir/headers
	kernel_modules=$machine_dir/root/lib/modules/$kernel_release
	kernel_make=$(stock_make "$run_kernel")
	kernel_root=
}

initramfs_vm() {
	initramfs_modules "$machine_dir/root" "$kernel_release" \
		virtio_pci 9pnet_virtio 9p overlay
}

# The programs that tests start over and over, their libraries, and the scripts that
# each test reads: the guest keeps copies, because each opening of a file on 9p asks
# the host again.
warm_programs='bash cat sed awk grep ls mkdir rmdir ln rm dd find head tail od tr date seq
	stat dmesg timeout truncate blockdev udevadm sg_raw sg_luns'

vm_warm_files() {
	for _vw_name in $warm_programs; do
		_vw_file=$(command -v "$_vw_name") && _vw_file=$(realpath "$_vw_file") &&
			printf '%s\n' "$_vw_file" && ldd "$_vw_file" | grep -o '/[^ ]*'
	done | xargs realpath | sort -u
	find /usr/lib/bats-core /usr/libexec/bats-core /usr/lib/bash "$scst_tests/lib" -type f
	echo /etc/ld.so.cache
}

# Folder $2 of the host for the guest, under tag $1; $3 is on for read-only.
qemu_share() {
	printf '%s\n' -fsdev \
		"local,id=$1,path=$2,security_model=none,multidevs=remap,readonly=$3" \
		-device "virtio-9p-$qemu_bus,fsdev=$1,mount_tag=$1"
}

# Acknowledged writes are in the host's page cache at least, flushed ones as far
# as the host's own: killing QEMU loses exactly what the guest had not written.
qemu_disk() {
	printf '%s\n' -drive "file=$2,if=none,id=$1,format=raw,cache=writeback" \
		-device "virtio-blk-$qemu_bus,drive=$1"
}

qemu_devices() {
	qemu_share root "$kernel_root/" on
	qemu_share run "$run_dir" off
	qemu_share out "$run_out" off
	_qd_count=0
	for _qd_disk in $run_disks $run_scratch; do
		qemu_disk "disk$_qd_count" "$_qd_disk"
		_qd_count=$((_qd_count + 1))
	done
	[ "$run_net" != user ] ||
		printf '%s\n' -netdev user,id=net -device virtio-net-pci,netdev=net
}

# The options that choose what executes the guest. An instruction takes a nanosecond for the guest
# if they are counted.
vm_cpus() {
	if [ -n "$run_icount" ]; then
		printf '%s\n' -accel tcg,thread=single -icount "shift=0,sleep=$run_sleep" \
			-cpu "$kvm_emulated_cpu" -smp 1
	else
		qemu_accelerator "$machine_dir/vmlinux"
		printf '%s\n' -smp "$run_smp"
	fi
}

start_vm() {
	qemu_bus=pci
	vm_warm_files >"$run_dir/warm"
	# shellcheck disable=SC2046 # one word a line, file names without blanks
	set -- $(qemu) -machine q35 $(vm_cpus) $(qemu_devices) ${run_plugin:+-plugin "$run_plugin"} "$@"
	exec timeout -s KILL "$run_timeout" "$@" \
		-nodefaults -no-user-config -display none -no-reboot \
		-m "$run_mem" \
		-kernel "$machine_dir/vmlinux" -initrd "$run_dir/initramfs" \
		-append "$(vm_command_line)" -serial "file:$run_dir/console"
}

# Emulation is slow: time-outs in the guest are long, and hardening is off. Without init_on_alloc
# memory keeps its old contents, so that a leak of them is seen.
vm_command_line() {
	echo "console=ttyS0 loglevel=7 panic=-1 mitigations=off tsc=reliable" \
		"no_timer_check watchdog_thresh=60 rcupdate.rcu_cpu_stall_timeout=120" \
		"printk.devkmsg=on scsi_mod.scan=sync bed.root=9p" \
		"init_on_alloc=0 audit=0 lsm= randomize_kstack_offset=off"
}

# --- kernels built from source

bed_built() {
	machine_dir=$(built_kernel "$run_bed") || exit 1
	kernel_release=$(cat "$machine_dir/include/config/kernel.release")
	kernel_headers=$machine_dir
	kernel_modules=$machine_dir/root/lib/modules/$kernel_release
	kernel_make=$(built_arch "$run_bed")
	kernel_root=
}

# --- s390x under QEMU, which emulates it wherever it runs

bed_s390x() {
	bed_built
	kernel_root=$(s390x_root) || exit 1
}

s390x_warm_files() {
	for _sw_name in $warm_programs; do
		find "$kernel_root"/*bin "$kernel_root"/usr/*bin -name "$_sw_name"
	done | xargs realpath | sort -u
	find "$kernel_root"/lib/s390x-linux-gnu "$kernel_root"/usr/lib/bats-core \
		"$kernel_root"/usr/libexec/bats-core -type f
}

start_s390x() {
	qemu_bus=ccw
	{
		s390x_warm_files | sed "s|^$kernel_root||"
		find "$scst_tests/lib" -type f
	} >"$run_dir/warm"
	# shellcheck disable=SC2046 # one word a line, file names without blanks
	set -- $(qemu_s390x) -machine s390-ccw-virtio -accel tcg,thread=multi -smp "$run_smp" \
		$(qemu_devices) $(qemu_share repo "$scst_repo" on)
	exec timeout -s KILL "$run_timeout" "$@" \
		-nodefaults -no-user-config -display none -no-reboot -m "$run_mem" \
		-kernel "$machine_dir/arch/s390/boot/bzImage" -initrd "$run_dir/initramfs" \
		-append 'loglevel=7 panic=-1 printk.devkmsg=on bed.root=9p bed.repo=9p' \
		-serial "file:$run_dir/console"
}

# --- User-Mode-Linux

uml_disks() {
	_ud_count=0
	for _ud_disk in $run_disks $run_scratch; do
		printf 'ubd%s=%s\n' "$_ud_count" "$_ud_disk"
		_ud_count=$((_ud_count + 1))
	done
}

# One of the host's CPUs that we may use
any_cpu() {
	taskset -pc $$ | sed 's/.*: //' | tr , '\n' | while IFS=- read -r _ac_first _ac_last; do
		seq "$_ac_first" "${_ac_last:-$_ac_first}"
	done | shuf -n 1
}

# start_uml_kernel HOW OPTION...: HOW is what runs it, a list of words.
# Guest memory is a file in TMPDIR, which should therefore be a tmpfs.
# Only SIGKILL ends a machine that is stuck.
start_uml_kernel() {
	_su_how=$1
	shift
	# shellcheck disable=SC2046 # one word a line, file names without blanks
	set -- $(uml_disks) "$@"
	export TMPDIR="$run_tmp"
	# shellcheck disable=SC2086 # a list of words
	exec $_su_how timeout -s KILL "$run_timeout" "$machine_dir/linux" mem="${run_mem}M" \
		initrd="$run_dir/initramfs" bed.root=hostfs bed.run="$run_dir" \
		con=null con0=null,fd:1 panic=-1 noreboot loglevel=7 printk.devkmsg=on \
		kasan_multi_shot "$@" >"$run_dir/console"
}

# The kernel and the guest's processes take turns. On the same CPU of the host that is twice
# as fast as when they wake each other on another one.
start_uml() {
	start_uml_kernel "taskset -c $(any_cpu)" seccomp=on
}

start_uml_smp() {
	start_uml_kernel '' ncpus="$run_smp" seccomp=on
}
