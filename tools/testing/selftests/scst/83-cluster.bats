#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# Reservations as cluster software uses them: a host that is fenced, by itself or by others, has no
# access, is notified, and does not get access back by accident.

load lib/scst
load lib/probe
load lib/pr
load lib/vdisk

read_1='dir=in len=512 cdb=28000000000000000100'
write_1='dir=out len=512 cdb=2a000000000000000100'
turn='cdb=000000000000'
reserve=cdb=160000000000
release=cdb=170000000000
lun_reset=4
pr_dir=$BATS_FILE_TMPDIR/pr

setup() {
	pr_dir_up
}

teardown() {
	pr_dir_down
}

cluster_setup() {
	pr_device_on
	attr_set targets/probe/t0/enable 1
	pr_ports_are a b c
}

# Ports a and b have the key 1, like a host that came back under another name; c has 2.
a_comes_back_as_b() {
	local port

	for port in a b; do
		as $port
		pr_register 00 0 1
	done
	as c
	pr_register 00 0 2
}

# all_is_cleared PORT KEY: CLEAR, and no unit attention is left pending.
all_is_cleared() {
	local port

	as "$1"
	pr_clear 00 "$2"
	for port in a b c; do
		as $port
		take_attentions
	done
}

# --- PREEMPT with the sender's own key

@test "PREEMPT of one's own key unregisters the sender without a unit attention" {
	cluster_setup
	# No reservation; one of another port; one of all registrants
	for type in 0 5 7; do
		a_comes_back_as_b
		[ $type = 0 ] || pr_reserve 00 $type 2
		as b
		pr_preempt 00 1 1 1
		pr_keys_are $((generation += 4)) 2
		case $type in
		0) pr_reservation_is none ;;
		5) pr_reservation_is 5 2 ;;
		7) pr_reservation_is 7 0 ;;
		esac
		pr_hears_nothing b c
		pr_hears 2a 05 a
		for port in a b; do
			as $port
			expect_status "$([ $type = 0 ] && echo 00 || echo 18)" "$write_1"
		done
		as c
		expect_status 00 "$write_1"
		# The sender may register again.
		as b
		pr_register 00 0 1
		expect_status 00 "$write_1"
		all_is_cleared c 2
		: $((generation += 2))
	done
}

@test "PREEMPT of the holder's key that is also one's own takes over the reservation" {
	cluster_setup
	a_comes_back_as_b
	as a
	pr_reserve 00 5 1
	as b
	pr_preempt 00 5 1 1
	pr_keys_are 4 1 2
	pr_reservation_is 5 1
	expect_status 00 "$write_1"
	pr_hears 2a 05 a
	pr_hears_nothing b c
	as a
	expect_status 18 "$write_1"
}

@test "a reservation of all registrants ends when the last ones preempt themselves" {
	cluster_setup
	for port in a b; do
		as $port
		pr_register 00 0 1
	done
	pr_reserve 00 8 1
	as c
	expect_status 18 "$read_1"
	as b
	pr_preempt 00 1 1 1
	pr_keys_are 3
	pr_reservation_is none
	as c
	expect_status 00 "$write_1"
}

@test "PREEMPT AND ABORT of one's own key aborts one's other commands" {
	cluster_setup
	a_comes_back_as_b
	as a
	probe_request cmd 7 "$write_1" data=11 data=hold
	as b
	probe_request cmd 8 "$write_1" data=22 data=hold
	probe_wait_held 8 data
	pr_cdb 5 1
	probe_request cmd 9 "$pr_out" data="$(printf '%016x%016x%016x' 1 1 0)"
	as c
	wait_until 5 pr_keys_are 4 2 2>/dev/null
	as a
	probe_request go 7
	probe_answers '7 aborted'
	as b
	probe_request go 8
	probe_answers '8 aborted' '9 status=00'
	pr_hears_nothing b c
	pr_hears 2a 05 a
}

# --- SAM-5 5.3.3: which status comes first

@test "a conflict comes before the unit attention of a PREEMPT, and keeps it" {
	cluster_setup
	pr_register_each 0 a b
	as a
	pr_reserve 00 3 a
	pr_preempt 00 3 a b
	as b
	expect_status 18 "$write_1"
	expect_status 18 "$read_1"
	expect_status 18 "$write_1 attr=ordered"
	pr_hears 2a 05 b
	expect_status 18 "$write_1"
	# The same goes for a conflict with RESERVE.
	all_is_cleared a a
	as c
	expect_status 00 dir=out len=16 cdb=151000001000 data=000000000a0a00100040000000000000
	expect_status 00 $reserve
	as b
	expect_status 18 $turn
	as c
	expect_status 00 $release
	pr_hears 2a 01 b
}

@test "a reset, new microcode and a lost nexus come before a conflict" {
	make_device probe p0
	probe_target probe/p0
	pr_ports_are a b
	as a
	pr_register 00 0 a
	pr_reserve 00 3 a
	as b
	expect_status 18 "$write_1"
	echo soft_threshold >devices/probe/p0/attention
	expect_status 18 "$write_1"
	echo microcode >devices/probe/p0/attention
	probe_request tmf 100 fn=$lun_reset
	probe_answers '100 response=0'
	for news in '3f 01' '29 03'; do
		# shellcheck disable=SC2086 # two words
		expect_sense 06 $news "$write_1"
	done
	expect_status 18 "$write_1"
	pr_hears 38 07 b
	# RESERVED, and a log-in: POWER ON
	probe_logout
	wait_until 5 eval '[ ! -d targets/probe/t0/sessions/b ]'
	probe_login b
	expect_sense 06 29 00 "$write_1"
	expect_status 18 "$write_1"
}

# --- RESERVE and registrations exclude each other

# a_registers TAG APTPL
a_registers() {
	as a
	pr_cdb 0 0
	probe_request cmd "$1" "$pr_out" data="$(printf '%016x%016x00000000%02x000000' 0 10 "$2")"
}

table_is_being_written() {
	grep -q '^[0-9]* (kworker.*scst_pr:d0) D ' /proc/[0-9]*/stat 2>/dev/null
}

@test "a registration that another initiator's RESERVE overtakes is refused" {
	modprobe scst_probe
	cluster_setup
	for aptpl in 0 1; do
		stall pr_out
		a_registers 7 $aptpl
		stall_wait pr_out
		as b
		expect_status 00 $reserve
		stall_go
		as a
		probe_answers '7 status=18'
		expect_status 18 $turn
		as b
		expect_status 00 "$write_1"
		expect_status 00 $release
		pr_keys_are 0
		[ ! -e "$pr_dir/d0.pr" ]
	done
}

@test "RESERVE gets BUSY while a registration is being written, and then a conflict" {
	requires fsfreeze mkfs.ext4
	fs_make 24M
	mkdir -p "$pr_dir"
	mount --bind "$fs" "$pr_dir"
	cluster_setup
	fsfreeze -f "$fs"
	a_registers 7 1
	wait_until 10 table_is_being_written
	as b
	expect_status 08 $reserve
	expect_status 00 $release
	expect_status 00 "$write_1"
	as c
	expect_status 08 $reserve
	fsfreeze -u "$fs"
	as a
	probe_answers '7 status=00'
	pr_keys_are 1 a
	as b
	expect_status 18 $reserve
	as a
	pr_register 00 a 0 1
	as b
	expect_status 00 $reserve
	as a
	pr_register 18 0 a 1
}

@test "a registration that could not be written does not block RESERVE" {
	requires mkfs.ext4
	fs_make 24M
	mkdir -p "$pr_dir"
	mount --bind "$fs" "$pr_dir"
	cluster_setup
	mount -o remount,ro "$fs"
	as a
	pr_register 02 0 a 1
	as b
	expect_status 00 $reserve
	mount -o remount,rw "$fs"
}

# --- lengths of the parameter list

# move_of LENGTH-OF-ID BYTES-OF-ID: REGISTER AND MOVE to c
move_of() {
	local id

	printf -v id '%s%0*d' "$(tid c)" 100 0
	pr_cdb 7 0 $((24 + $2))
	printf -v pr_data 'data=%016x%016x00000001%s%s' 10 12 "$1" "${id:0:$((2 * $2))}"
}

@test "a TransportID that is longer or shorter than its list is refused" {
	cluster_setup
	as a
	pr_register 00 0 a
	pr_reserve 00 3 a
	for len in 00000000 00000014 00000019 0000001c ffffffe8 fffffff0 ffffffff; do
		move_of $len 24
		expect_sense 05 1a 00 "$pr_out" "$pr_data"
	done
	move_of 00000018 28
	expect_sense 05 1a 00 "$pr_out" "$pr_data"
	for action in 1 2 3 4 5; do
		pr_cdb $action 3 28
		expect_sense 05 1a 00 "$pr_out" data=000000000000000a
	done
	pr_keys_are 1 a
	pr_reservation_is 3 a
	move_of 00000018 24
	expect_status 00 "$pr_out" "$pr_data"
	pr_reservation_is 3 c
}

# --- the file

@test "a damaged file of reservations does not give a fenced host access" {
	cluster_setup
	pr_register_each 1 a b
	pr_reserve 00 5 b
	as a
	pr_preempt 00 5 a b
	as b
	expect_status 18 "$write_1"
	pr_device_off
	printf X | dd of="$pr_dir/d0.pr" bs=1 seek=70 conv=notrunc status=none
	pr_device_on
	for port in b a; do
		as $port
		take_attentions
		expect_sense 07 44 01 "$write_1"
	done
	matches '*reservations are lost*' "$(cat devices/nullio/d0/last_error)"
	# REPLACE LOST RESERVATION sets new ones, which last.
	pr_out 00 8 5 0 a 1
	pr_device_off
	pr_device_on
	for port in a b; do
		as $port
		take_attentions
	done
	expect_status 18 "$write_1"
	as a
	expect_status 00 "$write_1"
	equal d0.pr "$(ls "$pr_dir")"
}

# The file system is one without a journal: it goes on after an error.
@test "a change refused because pr_dir could not be written does not appear later" {
	local sector

	requires mkfs.ext4 dmsetup
	fs_make 24M -O ^has_journal
	mkdir -p "$fs/pr" "$pr_dir"
	mount --bind "$fs/pr" "$pr_dir"
	cluster_setup
	pr_register_each 1 a b
	pr_reserve 00 5 b
	# The new file has a name already, so that only renaming it fails.
	: >"$pr_dir/d0.new"
	sync "$pr_dir/d0.new"
	# The directory can still be read: only writing it fails.
	sector=$(fs_sector "$fs/pr" 0)
	[ -n "$sector" ]
	fs_reload "$sector" 8
	as a
	pr_out 02 4 5 a b
	matches '*sense=700004*4400*' "$reply"
	pr_keys_are 2 a b
	pr_reservation_is 5 b
	pr_device_off
	pr_device_on
	as a
	take_attentions
	pr_keys_are 0 a b
	pr_reservation_is 5 b
	fs_repair
}
