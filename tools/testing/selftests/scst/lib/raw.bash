# SPDX-License-Identifier: GPL-2.0
# Loaded after lib/scst by tests of devices that execute whole commands: scst_raw. The requests to
# a device are in modules/raw.h. medium_all_auto of lib/probe is for these devices, too.
# shellcheck shell=bash

raw_root=/sys/kernel/debug/scst_raw

# tell DEVICE REQUEST...
tell() {
	local device=$1

	shift
	echo "$*" >"$raw_root/$device"
}

# raw_holds DEVICE: prints the commands that it holds, in the order of arrival.
raw_holds() {
	grep -E '^[0-9]' "$raw_root/$1" || true
}

# raw_get DEVICE WORD: prints the value behind WORD.
raw_get() {
	sed -n "s/^$2 //p" "$raw_root/$1"
}

raw_is() {
	[ "$(raw_get "$1" "$2")" = "$3" ]
}

# raw_wait DEVICE COUNT: until it holds so many commands
raw_wait() {
	wait_until 10 raw_has "$1" "$2"
}

raw_has() {
	[ "$(raw_holds "$1" | wc -l)" -eq "$2" ]
}
