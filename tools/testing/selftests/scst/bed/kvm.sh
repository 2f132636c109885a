# SPDX-License-Identifier: GPL-2.0
# Sourced: finds out whether KVM works. Some hosts offer a /dev/kvm that cannot
# boot a stock kernel, so only a kernel that really boots counts; the answer is
# remembered. Needs common.sh.
# shellcheck shell=sh

# A plain processor is emulated a sixth faster than one with everything.
kvm_emulated_cpu=Nehalem,+fsgsbase,+erms,+rdrand

kvm_file=$bed_cache/kvm-$(uname -r)

# Kernel $1 says this long after it found memory, CPUs and timers in order.
kvm_boots() {
	_kb_log=$(mktemp) || exit 1
	timeout -k 1 10 qemu-system-x86_64 -machine q35 -accel kvm -cpu host \
		-nodefaults -no-user-config -display none -no-reboot -m 512 -smp 2 \
		-kernel "$1" -append 'console=ttyS0 panic=-1' \
		-serial "file:$_kb_log" >/dev/null 2>&1
	grep -q 'Kernel panic - not syncing: VFS' "$_kb_log"
	_kb_rc=$?
	rm -f "$_kb_log"
	return "$_kb_rc"
}

kvm_probe() {
	if [ -w /dev/kvm ] && kvm_boots "$1"; then
		echo yes
	else
		echo no
	fi
}

# The options that choose QEMU's accelerator; $1 is a kernel to try.
qemu_accelerator() {
	[ -s "$kvm_file" ] || kvm_probe "$1" >"$kvm_file"
	case $(cat "$kvm_file") in
	yes) printf '%s\n' -accel kvm -cpu host ;;
	*) printf '%s\n' -accel tcg,thread=multi -cpu "$kvm_emulated_cpu" ;;
	esac
}
