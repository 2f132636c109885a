# SPDX-License-Identifier: GPL-2.0
# Loaded by the tests: makes, finds and removes their objects, over a target driver whose
# initiators are SCSI hosts of this machine: scst_$SCST_DRIVER, that is scst_local or scst_sample.
# Tests of features that only scst_local has carry the tag local.
#
# Paths of objects are relative to /sys/kernel/config/scst, which is the working directory of
# every test: a device is devices/HANDLER/NAME, a target $scst_targets/NAME. Every function that
# fails prints what it tried, and the name of the errno. A file with a setup or teardown of its
# own calls scst_up and scst_down there.
#
# A fork costs tens of milliseconds on the slower beds. The shell itself does what every test
# needs, and what is polled, where it can.
# shellcheck shell=bash

# shellcheck source=helpers.bash
. "${BASH_SOURCE[0]%/*}/helpers.bash"

scst_root=/sys/kernel/config/scst
scst_driver=${SCST_DRIVER:-local}
scst_targets=targets/$scst_driver
scst_modules=(scst_kunit iscsi_scst_kunit scst_probe scst_raw scst_ram "scst_$scst_driver" iscsi_scst scst_vdisk scst)
scst_jobs=()

# The strings of strerror() for the errors that tests expect
declare -gA scst_strerror=(
	[ENOTBLK]='Block device required'
	[EPERM]='Operation not permitted'
	[ENOENT]='No such file or directory'
	[EIO]='Input/output error'
	[ENOMEM]='Cannot allocate memory'
	[EACCES]='Permission denied'
	[EBUSY]='Device or resource busy'
	[EEXIST]='File exists'
	[ENODEV]='No such device'
	[ENOTDIR]='Not a directory'
	[EISDIR]='Is a directory'
	[EINVAL]='Invalid argument'
	[EFBIG]='File too large'
	[ENOSPC]='No space left on device'
	[EROFS]='Read-only file system'
	[ERANGE]='Numerical result out of range'
	[ENAMETOOLONG]='File name too long'
	[ENOTEMPTY]='Directory not empty'
	[EOPNOTSUPP]='Operation not supported'
	[EBADE]='Invalid exchange'
	[EREMOTEIO]='Remote I/O error'
	[ESHUTDOWN]='Cannot send after transport endpoint shutdown'
	[EAGAIN]='Resource temporarily unavailable'
	[ETIMEDOUT]='Connection timed out'
)

# Error output of the last command of expect()
scst_stderr=${BATS_TEST_TMPDIR:-/tmp}/stderr

# --- assertions

fail() {
	printf '%s\n' "$*" >&2
	return 1
}

# equal EXPECTED ACTUAL [SUBJECT]
equal() {
	[ "$1" = "$2" ] || fail "${3:+$3: }expected '$1', is '$2'"
}

# matches PATTERN TEXT [SUBJECT]: a glob
matches() {
	# shellcheck disable=SC2053 # the right side is a pattern
	[[ $2 == $1 ]] || fail "${3:+$3: }expected something like '$1', is '$2'"
}

# expect ERRNO COMMAND...: the command must fail with that error.
expect() {
	local wanted=$1 message

	shift
	if "$@" >/dev/null 2>"$scst_stderr"; then
		fail "'$*' worked, $wanted was expected"
		return 1
	fi
	attr_read message "$scst_stderr"
	matches "*: ${scst_strerror[$wanted]}" "$message" "'$*', $wanted"
}

# --- text

# words VARIABLE TEXT [SEPARATORS]: splits the text. The shell reads a here-string byte by byte.
words() {
	local -
	local -n words_list=$1
	local IFS=${3-$' \t\n'}

	set -f
	# shellcheck disable=SC2206,SC2034 # it is to be split
	words_list=($2)
}

# --- waiting

# A descriptor without a writer: reading from it sleeps without a fork.
scst_sleep() {
	[ -n "${scst_quiet-}" ] || exec {scst_quiet}<> <(:)
	read -r -t "$1" -u "$scst_quiet" || true
}

# wait_until SECONDS COMMAND...: until the command succeeds.
wait_until() {
	local limit=$1 deadline=$((SECONDS + $1))

	shift
	until "$@"; do
		[ "$SECONDS" -lt "$deadline" ] || fail "not within $limit s: $*" ||
			return
		scst_sleep 0.02
	done
}

# A zombie counts as dead, for the shell may be late in reaping it.
is_dead() {
	local stat

	read -r stat 2>/dev/null <"/proc/$1/stat" || return 0
	stat=${stat##*) }
	[ "${stat%% *}" = Z ]
}

# Runs in the background, without the traps of bats. bats waits for every process that has its
# descriptor 3.
scst_start() {
	(
		trap - DEBUG ERR EXIT
		set +e
		"$@"
	) 3>&- &
}

# family_of PROCESS: prints it and all its descendants.
family_of() {
	local child

	echo "$1"
	for child in $(pgrep -P "$1"); do
		family_of "$child"
	done
}

# show_stuck PROCESS...: shows where they wait.
show_stuck() {
	local process

	for process in "$@"; do
		tr '\0' ' ' <"/proc/$process/cmdline"
		grep State "/proc/$process/status"
		cat "/proc/$process/stack"
	done >&2 2>/dev/null
}

# bounded SECONDS COMMAND...: gives the command up after that time, even if it cannot be killed.
bounded() {
	local limit=$1 pid
	local -a family

	shift
	scst_start "$@"
	pid=$!
	if ! wait_until "$limit" is_dead "$pid"; then
		mapfile -t family < <(family_of "$pid")
		show_stuck "${family[@]}"
		kill -KILL "${family[@]}"
		return 1
	fi
	wait "$pid"
}

# background COMMAND...: the teardown kills it.
background() {
	scst_start "$@"
	scst_jobs+=("$!")
}

# jobs_end SECONDS: every background job must end by itself.
jobs_end() {
	local pid

	for pid in "${scst_jobs[@]}"; do
		wait_until "$1" is_dead "$pid" || return
	done
}

# The children of a job are killed, too: they would go on with I/O.
kill_jobs() {
	local job member
	local -a family

	for job in "${scst_jobs[@]}"; do
		kill -STOP "$job" 2>/dev/null || continue
		mapfile -t family < <(family_of "$job")
		kill -KILL "${family[@]}" 2>/dev/null || true
		for member in "${family[@]}"; do
			wait_until 10 is_dead "$member" || true
		done
	done
	scst_jobs=()
}

# --- attributes

# The bare write, for expect().
attr_write() {
	printf '%s\n' "$2" >"$1"
}

# attr_set PATH VALUE
attr_set() {
	attr_write "$@" || fail "$1 = '$2': $(cat "${1%/*}/last_error")"
}

# attr_read VARIABLE PATH: reads all lines without a fork.
attr_read() {
	local -n text=$1

	IFS= read -r -d '' text <"$2" || true
	text=${text%$'\n'}
}

# attr_get PATH
attr_get() {
	local value

	value=$(<"$1") && printf '%s\n' "$value"
}

# attr_is PATH VALUE
attr_is() {
	local value

	attr_read value "$1"
	equal "$2" "$value" "$1"
}

# attr_refuses ERRNO PATH VALUE: the write fails and changes nothing, and last_error says why if
# the object has one.
attr_refuses() {
	local before reason=none error=${2%/*}/last_error

	attr_read before "$2"
	expect "$1" attr_write "$2" "$3" && attr_is "$2" "$before" || return
	[ ! -e "$error" ] || attr_read reason "$error"
	[ -n "$reason" ] || fail "$2: '$3' was refused, and $error is empty"
}

# attr_round_trip PATH VALUE...: each value is read as it was written.
attr_round_trip() {
	local path=$1 value

	shift
	for value in "$@"; do
		attr_set "$path" "$value" && attr_is "$path" "$value" || return
	done
}

# --- objects

# make_device HANDLER NAME [ATTRIBUTE=VALUE...]: and enables it.
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
	mkdir -p "$scst_targets/$1/luns/$2" &&
		ln -s "devices/$3" "$scst_targets/$1/luns/$2/"
}

# unlink_lun TARGET LUN
unlink_lun() {
	find "$scst_targets/$1/luns/$2" -type l -delete
}

remove_device() {
	attr_set "devices/$1/enable" 0 && rmdir "devices/$1"
}

# add_initiator TARGET INITIATOR: unless it is logged in. The target is enabled.
add_initiator() {
	case $scst_driver in
	local) mkdir -p "$scst_targets/$1/initiators/$2" ;;
	*) [ -e "$scst_targets/$1/sessions/$2" ] || attr_set "$scst_targets/$1/login" "$2" ;;
	esac
}

# remove_initiator TARGET INITIATOR: its session ends, and it does not log in again.
remove_initiator() {
	local session=$scst_targets/$1/sessions/$2

	case $scst_driver in
	local) rmdir "$scst_targets/$1/initiators/$2" ;;
	*) [ ! -e "$session" ] || attr_set "$session/disconnect" 1 && wait_until 20 test ! -e "$session" ;;
	esac
}

# remove_initiators TARGET
remove_initiators() {
	local session

	for session in "$scst_targets/$1/sessions"/*/; do
		session=${session%/}
		remove_initiator "$1" "${session##*/}" || return
	done
}

# make_target NAME [INITIATOR...]: enabled, with initiators.
make_target() {
	local target=$1 initiator

	mkdir -p "$scst_targets/$target" && attr_set "$scst_targets/$target/enable" 1 || return
	shift
	for initiator in "$@"; do
		add_initiator "$target" "$initiator" || return
	done
}

# export_disk HANDLER ATTRIBUTE=VALUE...: device d0 as LUN 0 of target t0 for initiator i0. Prints
# the disk.
export_disk() {
	local handler=$1

	shift
	make_device "$handler" d0 "$@" &&
		mkdir -p "$scst_targets/t0" &&
		link_lun t0 0 "$handler/d0" &&
		make_target t0 i0 &&
		wait_for_disk t0 i0 0
}

# --- the initiator's side

# find_host TARGET INITIATOR: sets scst_host to hostN.
find_host() {
	scst_host=
	read -r scst_host 2>/dev/null <"$scst_targets/$1/sessions/$2/address" &&
		[ -e "/sys/class/scsi_host/$scst_host" ]
}

# find_address TARGET INITIATOR LUN: sets scst_address to H:C:I:L. Linux takes the addressing
# method as a part of the number, so numbers above 255 differ.
find_address() {
	find_host "$1" "$2" &&
		scst_address=${scst_host#host}:0:0:$(($3 < 256 ? $3 : $3 | 0x4000))
}

# find_node TARGET INITIATOR LUN KIND: sets scst_node to /dev/sdX for block, to
# /dev/sgN for scsi_generic.
find_node() {
	local node

	scst_node=
	find_address "$1" "$2" "$3" || return
	for node in "/sys/class/scsi_device/$scst_address/device/$4"/*; do
		scst_node=/dev/${node##*/}
	done
	[ -e "$scst_node" ]
}

# node_is_ready NODE: sd has read the capacity of the disk, and the disk can be opened. The node
# and the size appear a moment before that.
node_is_ready() {
	local size

	[ -b "$1" ] && read -r size <"/sys/block/${1#/dev/}/size" &&
		[ "$size" -gt 0 ] && : <"$1"
} 2>/dev/null

disk_is_ready() {
	find_node "$1" "$2" "$3" block && node_is_ready "$scst_node"
}

# host_of TARGET INITIATOR: prints hostN.
host_of() {
	find_host "$@" && printf '%s\n' "$scst_host"
}

# wait_for_host TARGET INITIATOR: prints hostN.
wait_for_host() {
	wait_until 20 find_host "$@" && host_of "$@"
}

# node_of TARGET INITIATOR LUN KIND: prints what find_node finds.
node_of() {
	find_node "$@" && printf '%s\n' "$scst_node"
}

# show_initiator TARGET INITIATOR: for a test that misses a disk
show_initiator() {
	local host

	host=$(host_of "$1" "$2")
	echo "initiator $1/$2: host '$host', target: $(cat "$scst_targets/$1/last_error")"
	ls -d "/sys/class/scsi_device/${host#host}:"*/device/{block,scsi_generic}/*
	dmesg | tail -n 30
} >&2

# wait_for_disk TARGET INITIATOR LUN: prints /dev/sdX.
wait_for_disk() {
	wait_until 20 disk_is_ready "$@" || {
		show_initiator "$@"
		return 1
	}
	printf '%s\n' "$scst_node"
}

# wait_for_sg TARGET INITIATOR LUN: prints /dev/sgN.
wait_for_sg() {
	wait_until 20 find_node "$@" scsi_generic && printf '%s\n' "$scst_node"
}

# sessions_are_there DIRECTORY...: configfs shows a directory a moment before its attributes.
sessions_are_there() {
	local directory

	for directory in "$@"; do
		[ -e "$directory/state" ] || return
	done
}

lun_is_gone() {
	find_address "$@" || return 0
	[ ! -e "/sys/class/scsi_device/$scst_address" ]
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
	[ -d "/sys/module/scst_$scst_driver" ] || modprobe -a scst "scst_$scst_driver" || return
	cd "$scst_root" || return
}

# Unmounts the file systems of the test, the last one first.
unmount_all() {
	local where i
	local -a mounted=()

	while read -r _ where _; do
		[[ $where != "$BATS_TEST_TMPDIR"/* ]] || mounted+=("$where")
	done </proc/mounts
	for ((i = ${#mounted[@]} - 1; i >= 0; i--)); do
		bounded 20 umount -l "${mounted[i]}" || true
	done
}

# find_there PATH...: sets scst_there to the paths that exist. A glob that matches nothing stands
# for itself.
find_there() {
	local path

	scst_there=()
	for path in "$@"; do
		[ ! -e "$path" ] || scst_there+=("$path")
	done
	[ "${#scst_there[@]}" -gt 0 ]
}

# remove PATH...: removes the directories that exist.
remove() {
	! find_there "$@" || rmdir "${scst_there[@]}"
}

# disable PATH...: clears the enable attributes that exist.
disable() {
	local path

	find_there "$@" || return 0
	for path in "${scst_there[@]}"; do
		attr_set "$path" 0
	done
}

# remove_links PATH...: removes those that are symbolic links.
remove_links() {
	local path
	local -a links=()

	for path in "$@"; do
		[ ! -L "$path" ] || links+=("$path")
	done
	[ "${#links[@]}" -eq 0 ] || rm "${links[@]}"
}

# Takes down all objects, in any state.
scst_clear_now() {
	local status=0

	remove targets/*/*/initiators/* targets/*/*/portals/* targets/*/*/auth/* || status=1
	disable targets/*/*/enable
	remove_links targets/*/*/luns/*/* targets/*/*/groups/*/luns/*/* || status=1
	remove targets/*/*/luns/* targets/*/*/groups/*/luns/* || status=1
	remove targets/*/*/groups/*/initiators/* targets/*/*/groups/* \
		targets/*/*/ || status=1
	disable devices/*/*/enable
	remove devices/*/*/ devices/*/ targets/*/ || status=1
	return "$status"
}

# The same, within a minute. Fails if an object cannot be removed.
scst_clear() {
	cd "$scst_root" 2>/dev/null || return 0
	find_there devices/*/ targets/*/ || return 0
	bounded 60 scst_clear_now
}

# module_is_unused MODULE: except by other modules. A holder of a target, a session or a device
# holds its module.
module_is_unused() {
	local count holders

	read -r count 2>/dev/null <"/sys/module/$1/refcnt" || return 0
	holders=("/sys/module/$1/holders"/*)
	[ -e "${holders[0]}" ] || holders=()
	[ "$count" -eq "${#holders[@]}" ]
}

# Removed objects may be freed in the background.
scst_is_unused() {
	local module

	for module in "${scst_modules[@]}"; do
		wait_until 30 module_is_unused "$module" || return
	done
}

# Unloading is slow, so it is done once per file.
scst_unload() {
	local module

	for module in "${scst_modules[@]}"; do
		[ ! -d "/sys/module/$module" ] || modprobe -r "$module" || return
	done
}

scst_up() {
	note_lines_of_tests_only
	kernel_log_mark
	scst_load
}

# No object may be left, and the kernel must not have complained.
scst_down() {
	local status=0

	kill_jobs
	unmount_all
	scst_clear || status=1
	cd /
	scst_is_unused || status=1
	kernel_log_check || status=1
	return "$status"
}

setup() {
	scst_up
}

teardown() {
	scst_down
}

teardown_file() {
	scst_unload
}
