# SPDX-License-Identifier: GPL-2.0
# Sourced: finds out whether KVM works. Some hosts offer a /dev/kvm that cannot
# boot a stock kernel, so only a kernel that really boots counts; the answer is
# remembered. Needs common.sh and qemu.sh.
# shellcheck shell=sh

# A plain processor is emulated a sixth faster than one with everything. Without erms it is a
# tenth faster still: rep movsb is emulated byte by byte, so the kernel had better not use it.
kvm_emulated_cpu=Nehalem,+fsgsbase,+rdrand

kvm_file=$bed_cache/kvm-$(uname -r)

# Kernel $1 says this long after it found memory, CPUs and timers in order.
kvm_boots() {
	_kb_log=$(mktemp) || exit 1
	# shellcheck disable=SC2046 # one word a line, file names without blanks
	timeout -k 1 10 $(qemu) -machine q35 -accel kvm -cpu host \
		-nodefaults -no-user-config -display none -no-reboot -m 512 -smp 2 \
		-kernel "$1" -append 'console=ttyS0 panic=-1' \
		-serial "file:$_kb_log" >/dev/null 2>&1
	grep -q 'Kernel panic - not syncing: VFS' "$_kb_log"
	_kb_rc=$?
	rm -f "$_kb_log"
	return "$_kb_rc"
}

# Whether KVM can be used here and now; $1 is a kernel to try.
kvm_works() {
	[ -w /dev/kvm ] || return 1
	if [ ! -s "$kvm_file" ]; then
		if kvm_boots "$1"; then echo yes; else echo no; fi >"$kvm_file"
	fi
	grep -q yes "$kvm_file"
}

# The options that choose QEMU's accelerator, one word a line.
qemu_accelerator() {
	if kvm_works "$1"; then
		printf '%s\n' -accel kvm -cpu host
	else
		printf '%s\n' -accel tcg,thread=multi -cpu "$kvm_emulated_cpu"
	fi
}
