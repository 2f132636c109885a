# SPDX-License-Identifier: GPL-2.0
# Loaded by the tests of reservations, after lib/probe: initiator ports with names of one letter,
# all on target t0
# shellcheck shell=bash

declare -gA pr_ports=()

# pr_ports_are NAME...: log in, and take the unit attentions.
pr_ports_are() {
	local name

	for name in "$@"; do
		probe_login "$name"
		# shellcheck disable=SC2154 # lib/probe sets it
		pr_ports[$name]=$probe
		probe_ready
	done
}

# as NAME: the commands that follow come from that port.
as() {
	probe_use "${pr_ports[$1]}"
}

# send ARGUMENTS...: submits a command; sets $scsi_status and $reply to its result.
send() {
	echo "cmd 1 $*" >&"$probe" && read -r reply <&"$probe" || return
	scsi_status=${reply#*status=}
	scsi_status=${scsi_status%% *}
}

# expect_status STATUS ARGUMENTS...
expect_status() {
	local wanted=$1

	shift
	send "$@" && equal "$wanted" "$scsi_status" "$*: $reply"
}

# expect_sense KEY ASC ASCQ ARGUMENTS...
expect_sense() {
	local wanted="1 status=02 *sense=70??$1??????????????????$2$3*"

	shift 3
	send "$@" && matches "$wanted" "$reply" "$*"
}

# pr_cdb ACTION TYPE [LENGTH]: sets $pr_out to the beginning of the command.
pr_cdb() {
	printf -v pr_out 'dir=out len=%d cdb=5f%02x%02x0000%08x00' "${3:-24}" "$1" "$2" \
		"${3:-24}"
}

# PERSISTENT RESERVE OUT; keys in hexadecimal. pr_FUNCTION STATUS ...
# pr_out STATUS ACTION TYPE KEY SERVICE_ACTION_KEY [FLAGS]
pr_out() {
	local data

	printf -v data '%016x%016x00000000%02x000000' "0x$4" "0x$5" "${6:-0}"
	pr_cdb "$2" "$3"
	expect_status "$1" "$pr_out" "data=$data"
}

pr_register() { # STATUS KEY NEW_KEY [FLAGS]
	pr_out "$1" 0 0 "$2" "$3" "${4:-0}"
}

# pr_register_each FLAGS PORT...: the name of each port is its key. The commands that follow come
# from the last one.
pr_register_each() {
	local flags=$1 port

	shift
	for port in "$@"; do
		as "$port" && pr_register 00 0 "$port" "$flags" || return
	done
}

pr_reserve() { # STATUS TYPE KEY
	pr_out "$1" 1 "$2" "$3" 0
}

pr_release() { # STATUS TYPE KEY
	pr_out "$1" 2 "$2" "$3" 0
}

pr_clear() { # STATUS KEY
	pr_out "$1" 3 0 "$2" 0
}

pr_preempt() { # STATUS TYPE KEY VICTIM'S_KEY
	pr_out "$1" 4 "$2" "$3" "$4"
}

# tid NAME: its TransportID, as the probe's protocol has it
tid() {
	printf '0f000014%02x%038d' "'$1" 0
}

# pr_move STATUS KEY NEW_KEY FLAGS PORT NAME: REGISTER AND MOVE
pr_move() {
	pr_cdb 7 0 48
	expect_status "$1" "$pr_out" \
		"data=$(printf '%016x%016x00%02x%04x%08x%s' "0x$2" "0x$3" "$4" "$5" 24 "$(tid "$6")")"
}

# pr_in ACTION: sets $data to what it returned, in hexadecimal.
pr_in() {
	send "dir=in len=512 show=128 cdb=5e0${1}0000000000020000" &&
		equal 00 "$scsi_status" "$reply" || return
	data=${reply#*data=}
}

# pr_keys_are GENERATION KEY...: of READ KEYS, one digit each
pr_keys_are() {
	local wanted key

	printf -v wanted '%08x%08x' "$1" $((8 * ($# - 1)))
	shift
	for key in "$@"; do
		printf -v wanted '%s%016x' "$wanted" "0x$key"
	done
	pr_in 0 && equal "$wanted" "${data:0:${#wanted}}" 'READ KEYS'
}

# pr_reservation_is TYPE KEY, or none: of READ RESERVATION
pr_reservation_is() {
	local wanted

	pr_in 1 || return
	if [ "$1" = none ]; then
		equal 00000000 "${data:8:8}" 'READ RESERVATION'
	else
		printf -v wanted '%016x00000000%04x' "0x$2" "$1"
		equal "$wanted" "${data:16:28}" 'READ RESERVATION'
	fi
}

# pr_hears ASC ASCQ NAME...: each port has that unit attention, and then none.
pr_hears() {
	local asc=$1 ascq=$2 name

	shift 2
	for name in "$@"; do
		as "$name"
		expect_sense 06 "$asc" "$ascq" cdb=000000000000 &&
			pr_hears_nothing "$name" || return
	done
}

# pr_hears_nothing NAME...
pr_hears_nothing() {
	local name

	for name in "$@"; do
		as "$name"
		expect_status 00 cdb=000000000000 || return
	done
}

# Verdicts of the standards' tables on each command: a is allowed, c a conflict, and a dot a
# conflict with RESERVE of a command that persistent reservations allow. The columns:
# - RESERVE of another; Write Exclusive and Exclusive Access of another;
# - a registrant, with a reservation of all registrants or for registrants only;
# - the others, with Write Exclusive and Exclusive Access of these kinds.
pr_commands=(
	'.aaaaa cdb=000000000000'
	'aaaaaa dir=in len=18 cdb=030000001200'
	'cacaac dir=in len=512 cdb=080000000100'
	'cccacc dir=out len=512 cdb=0a0000000100'
	'aaaaaa dir=in len=96 cdb=120000006000'
	'cccacc dir=out len=4 cdb=151000000400'
	'cccacc dir=in len=192 cdb=1a003f00c000'
	'aaaaaa cdb=1b0000000100'
	'cccacc cdb=1b0000000000'
	'cccacc cdb=1b0000003100'
	'cccacc dir=in len=5 cdb=1c0100000500'
	'cccacc cdb=1d0400000000'
	'aaaaaa cdb=1e0000000000'
	'cccacc cdb=1e0000000100'
	'aaaaaa dir=in len=8 cdb=25000000000000000000'
	'cacaac dir=in len=512 cdb=28000000000000000100'
	'cccacc dir=out len=512 cdb=2a000000000000000100'
	'cccacc dir=out len=512 cdb=2e000000000000000100'
	'cacaac cdb=2f000000000000000100'
	'cacaac cdb=34000000000000000100'
	'cccacc cdb=35000000000000000000'
	'cacaac dir=in len=4 cdb=37001800000000000400'
	'cccacc dir=out len=4 cdb=3b0a0000000000000400'
	'cacaac dir=in len=4 cdb=3c0b0000000000000400'
	'cccacc dir=out len=512 cdb=41000000000000000100'
	'cccacc dir=out len=8 cdb=42000000000000000800'
	'cccacc cdb=4c004000000000000000'
	'aaaaaa dir=in len=64 cdb=4d004000000000004000'
	'cccacc dir=out len=8 cdb=55100000000000000800'
	'cccacc dir=in len=192 cdb=5a003f0000000000c000'
	'.aaaaa dir=in len=192 cdb=5e000000000000c00000'
	'.aaaaa dir=in len=192 cdb=5e010000000000c00000'
	'.aaaaa dir=in len=192 cdb=5e020000000000c00000'
	'.aaaaa dir=in len=192 cdb=5e030000000000c00000'
	'cacaac dir=in len=512 cdb=88000000000000000000000000010000'
	'cccacc dir=out len=1024 cdb=89000000000000000000000000010000'
	'cccacc dir=out len=512 cdb=8a000000000000000000000000010000'
	'cccacc dir=out len=512 cdb=8b000000000000000000000000010000'
	'cccacc dir=out len=512 cdb=8e000000000000000000000000010000'
	'cacaac cdb=8f000000000000000000000000010000'
	'cacaac cdb=90000000000000000000000000010000'
	'cccacc cdb=91000000000000000000000000000000'
	'cccacc dir=out len=512 cdb=93000000000000000000000000010000'
	'aaaaaa dir=in len=32 cdb=9e100000000000000000000000200000'
	'cacaac dir=in len=32 cdb=9e120000000000000000000000200000'
	'aaaaaa dir=in len=512 cdb=a00000000000000002000000'
	'aaaaaa dir=in len=8 cdb=a30b00000000000000080000'
	'cccacc dir=in len=512 cdb=a30c00000000000002000000'
	'cccacc dir=in len=16 cdb=a30d80000000000000100000'
	'aaaaaa dir=in len=12 cdb=a30f000000000000000c0000'
	'cccacc cdb=a40f00000000000000000000'
	'cacaac dir=in len=512 cdb=a80000000000000000010000'
	'cccacc dir=out len=512 cdb=aa0000000000000000010000'
	'cccacc dir=out len=512 cdb=ae0000000000000000010000'
	'cacaac cdb=af0000000000000000010000'
	'cacaac dir=in len=8 cdb=b71800000000000000080000'
)

# pr_matrix PORT COLUMN: sends every command from that port. With column - all are allowed.
pr_matrix() {
	local command verdict

	as "$1"
	for command in "${pr_commands[@]}"; do
		verdict=a
		[ "$2" = - ] || verdict=${command:$2:1}
		[ "$verdict" != . ] || verdict=c
		send "show=0 ${command#* }" || return
		case $verdict$scsi_status in
		c18) ;;
		c* | a18) fail "column $2 from $1: $command: $reply" || return ;;
		esac
	done
}

# pr_state: sets $state to what READ FULL STATUS returns, without the generation.
pr_state() {
	send 'dir=in len=512 show=512 cdb=5e030000000000020000' &&
		equal 00 "$scsi_status" "$reply" || return
	state=${reply#*data=}
	state=${state:8}
}

# take_attentions: until another result comes, which may be another error.
take_attentions() {
	send cdb=000000000000 || return
	while [[ $reply == *sense=700006* ]]; do
		send cdb=000000000000 || return
	done
}

# Device d0, behind LUN 0 of the probe's target t0. Creating a device counts as its power on.
# pr_device_on [ATTRIBUTE=VALUE...]
pr_device_on() {
	make_device nullio d0 size=1M "$@" && mkdir -p targets/probe/t0/luns/0 &&
		ln -s devices/nullio/d0 targets/probe/t0/luns/0/
}

pr_device_off() {
	rm targets/probe/t0/luns/0/d0 && remove_device nullio/d0
}

# --- test files that keep reservations in $pr_dir, which may be on $fs of lib/vdisk

pr_dir_up() {
	# shellcheck disable=SC2154 # the file says where
	[ -d /sys/module/scst ] || modprobe scst "pr_dir=$pr_dir"
	scst_up
}

pr_dir_down() {
	local status=0

	[ -z "${fs-}" ] || fsfreeze -u "$fs" 2>/dev/null || true
	probe_logout_all
	scst_down || status=1
	! mountpoint -q "$pr_dir" || umount "$pr_dir" || status=1
	rm -rf "${pr_dir:?}"
	fs_down || status=1
	return "$status"
}
