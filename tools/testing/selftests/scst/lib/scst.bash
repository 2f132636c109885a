# SPDX-License-Identifier: GPL-2.0
# Loaded by the tests: makes, finds and removes what they need, over scst_local.
#
# Paths of objects are relative to /sys/kernel/config/scst, which is the working
# directory of every test: a device is devices/HANDLER/NAME, a target
# targets/local/NAME. Every function that fails says what it tried, and the
# errno's name.
# shellcheck shell=bash

scst_root=/sys/kernel/config/scst
scst_modules=(scst_local scst_vdisk scst)
scst_jobs=()

# How strerror() spells what the tests expect.
declare -A scst_errnos=(
	['Operation not permitted']=EPERM
	['No such file or directory']=ENOENT
	['Input/output error']=EIO
	['Argument list too long']=E2BIG
	['Cannot allocate memory']=ENOMEM
	['Permission denied']=EACCES
	['Device or resource busy']=EBUSY
	['File exists']=EEXIST
	['No such device']=ENODEV
	['Not a directory']=ENOTDIR
	['Is a directory']=EISDIR
	['Invalid argument']=EINVAL
	['File too large']=EFBIG
	['No space left on device']=ENOSPC
	['Read-only file system']=EROFS
	['Numerical result out of range']=ERANGE
	['File name too long']=ENAMETOOLONG
	['Directory not empty']=ENOTEMPTY
	['Value too large for defined data type']=EOVERFLOW
	['Operation not supported']=EOPNOTSUPP
)

# --- saying what is wrong

fail() {
	printf '%s\n' "$*" >&2
	return 1
}

# equal EXPECTED ACTUAL [WHAT]
equal() {
	[ "$1" = "$2" ] || fail "${3:+$3: }expected '$1', is '$2'"
}

# matches PATTERN TEXT [WHAT]: a glob
matches() {
	# shellcheck disable=SC2053 # the right side is a pattern
	[[ $2 == $1 ]] || fail "${3:+$3: }expected something like '$1', is '$2'"
}

# The errno's name in an error message of a shell command.
errno_of() {
	local text=${1##*: }

	printf '%s\n' "${scst_errnos[$text]:-unknown ($1)}"
}

# expect ERRNO COMMAND...: the command must fail with that error.
expect() {
	local wanted=$1 message

	shift
	if message=$(LC_ALL=C "$@" 2>&1 >/dev/null); then
		fail "'$*' worked, $wanted was expected"
		return 1
	fi
	message=${message##*$'\n'}
	[ "$(errno_of "$message")" = "$wanted" ] ||
		fail "'$*' failed with $(errno_of "$message"), $wanted was expected"
}

# requires PROGRAM...: skip the test where one is missing
requires() {
	local program

	for program in "$@"; do
		command -v "$program" >/dev/null || skip "$program is not installed"
	done
}

# --- waiting

# wait_until SECONDS COMMAND...: until the command succeeds.
wait_until() {
	local end=$((SECONDS + $1 + 1)) limit=$1

	shift
	until "$@"; do
		[ "$SECONDS" -lt "$end" ] || fail "not within $limit s: $*" || return
		sleep 0.05
	done
}

is_dead() {
	! kill -0 "$1" 2>/dev/null
}

# bounded SECONDS COMMAND...: give the command up, even if it cannot be killed.
bounded() {
	local limit=$1 pid

	shift
	"$@" &
	pid=$!
	if ! wait_until "$limit" is_dead "$pid"; then
		kill -KILL "$pid"
		return 1
	fi
	wait "$pid"
}

# background COMMAND...: tear-down kills it.
background() {
	"$@" &
	scst_jobs+=("$!")
}

kill_jobs() {
	local pid

	for pid in "${scst_jobs[@]}"; do
		kill -KILL "$pid" 2>/dev/null || continue
		wait_until 10 is_dead "$pid" || true
	done
	scst_jobs=()
}

# --- attributes

# attr_set PATH VALUE
attr_set() {
	local message

	message=$(LC_ALL=C printf '%s\n' "$2" 2>&1 >"$1") && return
	fail "$1 = '$2': $(errno_of "$message"): $message"
}

# What printf says of a failed write, for expect().
attr_write() {
	LC_ALL=C printf '%s\n' "$2" >"$1"
}

# attr_refuses ERRNO PATH VALUE: the write fails, changes nothing, and where the
# object has a last_error, that says why.
attr_refuses() {
	local before error=${2%/*}/last_error

	before=$(cat "$2")
	expect "$1" attr_write "$2" "$3" || return
	equal "$before" "$(cat "$2")" "$2 after '$3' was refused" || return
	[ ! -e "$error" ] || [ -n "$(cat "$error")" ] ||
		fail "$error is empty after '$3' was refused for $2"
}

# attr_get PATH
attr_get() {
	cat "$1"
}

# attr_is PATH VALUE
attr_is() {
	equal "$2" "$(cat "$1")" "$1"
}

# attr_round_trip PATH VALUE...: reads back what was written, and what was read
# can be written.
attr_round_trip() {
	local path=$1 value

	shift
	for value in "$@"; do
		attr_set "$path" "$value" && attr_is "$path" "$value" &&
			attr_set "$path" "$(cat "$path")" &&
			attr_is "$path" "$value" || return
	done
}

# --- objects

# make_device HANDLER NAME [ATTRIBUTE=VALUE...]: and enable it.
make_device() {
	local device=devices/$1/$2 setting

	mkdir -p "$device" || return
	shift 2
	for setting in "$@"; do
		attr_set "$device/${setting%%=*}" "${setting#*=}" || return
	done
	attr_set "$device/enable" 1
}

# link_lun TARGET LUN DEVICE: DEVICE is HANDLER/NAME.
link_lun() {
	mkdir -p "targets/local/$1/luns/$2" &&
		ln -s "devices/$3" "targets/local/$1/luns/$2/"
}

# unlink_lun TARGET LUN
unlink_lun() {
	find "targets/local/$1/luns/$2" -type l -delete
}

remove_device() {
	attr_set "devices/$1/enable" 0 && rmdir "devices/$1"
}

# make_target NAME [INITIATOR...]: enabled, with initiators.
make_target() {
	local target=targets/local/$1 initiator

	mkdir -p "$target" && attr_set "$target/enable" 1 || return
	shift
	for initiator in "$@"; do
		mkdir "$target/initiators/$initiator" || return
	done
}

# export_disk HANDLER ATTRIBUTE=VALUE...: device d0 as LUN 0 of target t0 for
# initiator i0. Prints the disk.
export_disk() {
	local handler=$1

	shift
	make_device "$handler" d0 "$@" &&
		mkdir -p targets/local/t0 &&
		link_lun t0 0 "$handler/d0" &&
		make_target t0 i0 &&
		wait_for_disk t0 i0 0
}

# --- the initiator's side

# host_of TARGET INITIATOR: prints hostN.
host_of() {
	local host

	read -r host <"targets/local/$1/initiators/$2/host" && [ -n "$host" ] &&
		printf '%s\n' "$host"
}

wait_for_host() {
	wait_until 20 host_of "$1" "$2" >/dev/null && host_of "$1" "$2"
}

# Linux's number of a LUN: above 255 the addressing method shows in it.
linux_lun() {
	printf '%d\n' "$(($1 < 256 ? $1 : $1 | 0x4000))"
}

# scsi_address TARGET INITIATOR LUN: prints H:C:I:L.
scsi_address() {
	local host

	host=$(host_of "$1" "$2") &&
		printf '%s:0:0:%s\n' "${host#host}" "$(linux_lun "$3")"
}

# node_of TARGET INITIATOR LUN KIND: /dev/sdX for block, /dev/sgN for scsi_generic
node_of() {
	local address node

	address=$(scsi_address "$1" "$2" "$3") || return
	for node in "/sys/class/scsi_device/$address/device/$4"/*; do
		[ -e "$node" ] && [ -e "/dev/${node##*/}" ] &&
			printf '/dev/%s\n' "${node##*/}" && return
	done
	return 1
}

# The disk is there and open to all: sd has read its capacity.
disk_is_ready() {
	local disk

	disk=$(node_of "$1" "$2" "$3" block) && blockdev --getsize64 "$disk"
} >/dev/null 2>&1

# wait_for_disk TARGET INITIATOR LUN: prints /dev/sdX.
wait_for_disk() {
	wait_until 20 disk_is_ready "$@" && node_of "$@" block
}

# wait_for_sg TARGET INITIATOR LUN: prints /dev/sgN.
wait_for_sg() {
	wait_until 20 node_of "$@" scsi_generic >/dev/null &&
		node_of "$@" scsi_generic
}

lun_is_gone() {
	local address

	address=$(scsi_address "$@") || return 0
	[ ! -e "/sys/class/scsi_device/$address" ]
}

# wait_for_no_lun TARGET INITIATOR LUN
wait_for_no_lun() {
	wait_until 20 lun_is_gone "$@"
}

# disk_size DISK: bytes
disk_size() {
	blockdev --getsize64 "$1"
}

# --- up and down

scst_load() {
	modprobe -a scst scst_local && [ -d "$scst_root" ] && cd "$scst_root"
}

# Names of the disks of all local hosts.
local_disks() {
	local host

	for host in /sys/class/scsi_host/host*; do
		[ "$(cat "$host/proc_name" 2>/dev/null)" = scst_local ] || continue
		find "$host"/device/target*/*/block -mindepth 1 -maxdepth 1 \
			-printf '%f\n' 2>/dev/null
	done
}

unmount_disks() {
	local disk where

	for disk in $(local_disks); do
		while read -r where; do
			bounded 20 umount -l "$where" || true
		done < <(awk -v d="/dev/$disk" '$1 ~ "^" d "[0-9]*$" { print $2 }' /proc/mounts)
	done
}

# down COMMAND PATH...: for every path that exists; what fails is reported.
down() {
	local command=$1 path status=0

	shift
	for path in "$@"; do
		[ -e "$path" ] || [ -L "$path" ] || continue
		bounded 30 "$command" "$path" || {
			fail "cannot $command $path" || status=1
		}
	done
	return "$status"
}

disable() {
	[ "$(cat "$1")" = 0 ] || attr_set "$1" 0
}

# Take down whatever stands, in any state. Fails if something would not go.
scst_clear() {
	local luns status=0

	[ -d "$scst_root" ] || return 0
	cd "$scst_root" || return
	down rmdir targets/*/*/initiators/* || status=1
	down disable targets/*/*/enable || status=1
	for luns in targets/*/*/luns targets/*/*/groups/*/luns; do
		mapfile -t links < <(find "$luns" -type l 2>/dev/null)
		down rm "${links[@]}" || status=1
		down rmdir "$luns"/* || status=1
	done
	down rmdir targets/*/*/groups/*/initiators/* targets/*/*/groups/* \
		targets/*/* || status=1
	down disable devices/*/*/enable || status=1
	down rmdir devices/*/* || status=1
	cd /
	return "$status"
}

# Removing the last users may end in the background.
scst_unload() {
	local module

	for module in "${scst_modules[@]}"; do
		[ -d "/sys/module/$module" ] || continue
		wait_until 30 modprobe -r -q "$module" || return
	done
}

# In setup() of every test.
scst_up() {
	scst_load
}

# In teardown() of every test: nothing may be left.
scst_down() {
	local status=0

	kill_jobs
	unmount_disks
	scst_clear || status=1
	scst_unload || status=1
	return "$status"
}
