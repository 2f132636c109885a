#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# Reservations that persist through power loss, SPC-5 5.14.5. Creating a device counts as its
# power on.

load lib/scst
load lib/probe
load lib/pr
load lib/vdisk

write_1='dir=out len=512 cdb=2a000000000000000100'
turn='cdb=000000000000'
pr_dir=$BATS_FILE_TMPDIR/pr

setup() {
	[ -d /sys/module/scst ] || modprobe scst "pr_dir=$pr_dir"
	scst_up
	rm -rf "$pr_dir"
	pr_device_on
	attr_set targets/probe/t0/enable 1
	pr_ports_are a b c
}

teardown() {
	local status=0

	probe_logout_all
	scst_down || status=1
	fs_down || status=1
	return "$status"
}

# power_cycle [ATTRIBUTE=VALUE...]
power_cycle() {
	pr_device_off && pr_device_on "$@" && for port in a b c; do
		as "$port"
		take_attentions || return
	done
}

reenable() {
	attr_set devices/nullio/d0/enable 0 && attr_set devices/nullio/d0/enable 1
}

# pr_aptpl_is ACTIVE: PTPL_A in REPORT CAPABILITIES data
pr_aptpl_is() {
	pr_in 2 && equal "00089da${1}ea010000" "${data:0:16}"
}

# Two registrations that persist, and a reservation
persist() {
	as a && pr_register 00 0 a 1 && as b && pr_register 00 0 b 1 &&
		as a && pr_reserve 00 "${1-1}" a
}

error_matches() {
	matches "$1" "$(cat devices/nullio/d0/last_error)"
}

lost() {
	as a && take_attentions && matches '* sense=700007*4401*' "$reply" "${1-}"
}

@test "every reservation survives disabling of the device, and a power loss" {
	for type in 1 3 5 6 7 8; do
		persist $type
		pr_aptpl_is 1
		pr_state
		before=$state
		reenable
		for port in a b c; do
			as $port
			take_attentions
		done
		pr_state
		equal "$before" "$state" "type $type, disabled"
		power_cycle
		as a
		pr_state
		equal "$before" "$state" "type $type, power loss"
		pr_aptpl_is 1
		pr_keys_are 0 a b
		pr_reservation_is $type "$([ $type -lt 7 ] && echo a || echo 0)"
		expect_status 00 "$write_1"
		as c
		expect_status 18 "$write_1"
		as a
		pr_clear 00 a
		power_cycle
		as a
		pr_keys_are 0
		pr_aptpl_is 1
	done
	as a
	pr_hears_nothing a b c
}

@test "changes of a reservation persist" {
	local port
	port=$(cat targets/probe/t0/rel_tgt_id)
	persist 5
	for change in 'pr_release 00 5 a' 'pr_reserve 00 3 a' "pr_move 00 a c 1 $port c"; do
		as a
		$change
		pr_state
		before=$state
		power_cycle
		as a
		pr_state
		equal "$before" "$state" "$change"
	done
	as b
	pr_preempt 00 8 b c
	power_cycle
	as b
	pr_keys_are 0 a b
	pr_reservation_is 8 0
	# A reset is no power loss, and ends no reservation.
	echo "tmf 5 fn=4" >&"$probe"
	probe_next '5 response=0'
	take_attentions
	pr_keys_are 0 a b
}

@test "the last APTPL decides, and nothing persists after APTPL zero" {
	as a
	pr_register 00 0 a 0
	pr_aptpl_is 0
	[ ! -e "$pr_dir" ]
	as b
	pr_out 00 6 0 0 b 1
	pr_aptpl_is 1
	equal 'd0.pr' "$(ls "$pr_dir")"
	# APTPL is ignored in other service actions, and in a REGISTER that changes nothing.
	as c
	pr_register 00 0 0 0
	as a
	pr_out 00 1 1 a 0 0
	pr_aptpl_is 1
	equal 'd0.pr' "$(ls "$pr_dir")"
	pr_register 00 a a 0
	pr_aptpl_is 0
	equal '' "$(ls "$pr_dir")"
	reenable
	as a
	take_attentions
	pr_reservation_is 1 a
	power_cycle
	as a
	pr_keys_are 0
	pr_reservation_is none
	pr_aptpl_is 0
}

@test "persistent reservations survive a reload of the modules" {
	persist 6
	pr_state
	before=$state
	port=$(cat targets/probe/t0/rel_tgt_id)
	probe_logout_all
	scst_clear
	cd /
	scst_is_unused
	scst_unload
	modprobe scst "pr_dir=$pr_dir"
	scst_load
	mkdir -p targets/probe/t0/luns/0
	attr_set targets/probe/t0/rel_tgt_id "$port"
	pr_device_on
	attr_set targets/probe/t0/enable 1
	pr_ports_are c a
	pr_state
	equal "$before" "$state"
	expect_status 00 "$write_1"
	as c
	expect_status 18 "$write_1"
}

# key_count: sets $count to the number of registered keys.
key_count() {
	pr_in 0 && count=$((16#${data:8:8} / 8))
}

@test "hundreds of registrations persist" {
	local ids number=0 round i
	as a
	for ((round = 0; round < 12; round++)); do
		ids=
		for ((i = 0; i < 20; i++)); do
			printf -v ids '%s0f000014%08x%032d' "$ids" $((0x41414141 + number++)) 0
		done
		pr_cdb 0 0 508
		printf -v ids '%016x%016x0000000009000000%08x%s' 0 10 480 "$ids"
		expect_status 00 "$pr_out" "data=$ids"
		pr_register 00 a 0 1
	done
	key_count
	equal 240 "$count"
	power_cycle
	as a
	key_count
	equal 240 "$count"
}

@test "a device of the same name with another identity inherits no reservations" {
	persist
	cp "$pr_dir/d0.pr" "$BATS_TEST_TMPDIR/kept"
	for other in naa_id=3000000000000001 serial=other; do
		power_cycle "$other"
		as a
		pr_keys_are 0
		pr_aptpl_is 0
		cmp "$pr_dir/d0.pr" "$BATS_TEST_TMPDIR/kept"
	done
	power_cycle
	as a
	pr_keys_are 0 a b
	# A device whose identity changes keeps its registrations.
	attr_set devices/nullio/d0/enable 0
	attr_set devices/nullio/d0/serial other
	attr_set devices/nullio/d0/enable 1
	power_cycle serial=other
	as a
	pr_keys_are 0 a b
	power_cycle
	as a
	pr_keys_are 0
	# Every digit of a long identifier counts.
	power_cycle serial=other
	attr_set devices/nullio/d0/enable 0
	attr_set devices/nullio/d0/naa_id 6000000000000001000000000000000a
	attr_set devices/nullio/d0/enable 1
	power_cycle serial=other naa_id=6000000000000001000000000000000b
	as a
	pr_keys_are 0
	power_cycle serial=other naa_id=6000000000000001000000000000000a
	as a
	pr_keys_are 0 a b
}

@test "only d0.pr is ever read, and no temporary file is left" {
	persist
	equal 'd0.pr' "$(ls "$pr_dir")"
	cp "$pr_dir/d0.pr" "$BATS_TEST_TMPDIR/good"
	for name in old new; do
		cp "$BATS_TEST_TMPDIR/good" "$pr_dir/d0.$name"
	done
	for damage in 'truncate -s -1' 'truncate -s 0'; do
		cp "$BATS_TEST_TMPDIR/good" "$pr_dir/d0.pr"
		$damage "$pr_dir/d0.pr"
		power_cycle
		lost "$damage"
		error_matches '*are lost*'
	done
	rm "$pr_dir/d0.pr"
	power_cycle
	as a
	pr_keys_are 0
	pr_reservation_is none
	pr_register 00 0 a 1
	equal $'d0.old\nd0.pr' "$(ls "$pr_dir")"
}

# damaged_copies FILE DIRECTORY STEP: copies with one bit changed, in every STEPth
# byte, and of other lengths. Prints how many.
damaged_copies() {
	perl -e '
		my ($from, $to, $step) = @ARGV;
		local $/;
		open my $in, "<:raw", $from or die;
		my $good = <$in>;
		my $count = 0;
		sub put {
			open my $out, ">:raw", "$to/" . $count++ or die;
			print $out @_;
		}
		for (my $i = 0; $i < length $good; $i += $step) {
			my $bad = $good;
			vec($bad, 8 * $i + $i % 8, 1) ^= 1;
			put($bad);
		}
		put(substr $good, 0, $_) for 0, 1, 8, 12, 16, 24, 56, 67 .. 72, 80, 104;
		put(substr $good, 0, -1);
		put("$good\0");
		put($good . $good);
		put("\0" x length $good);
		print $count' "$@"
}

# change_numbers FILE "OFFSET=NUMBER...": big-endian, of 32 bits; the checksum is right.
change_numbers() {
	perl -e '
		my ($file, $changes) = @ARGV;
		local $/;
		open my $in, "<:raw", $file or die;
		my $all = <$in>;
		while ($changes =~ /(\d+)=(\d+)/g) {
			substr($all, $1, 4) = pack "N", $2;
		}
		my $crc = 0xffffffff;
		for (unpack "C*", substr $all, 0, -4) {
			$crc ^= $_;
			$crc = $crc >> 1 ^ ($crc & 1 ? 0xedb88320 : 0) for 1 .. 8;
		}
		substr($all, -4) = pack "N", ~$crc & 0xffffffff;
		open my $out, ">:raw", $file or die;
		print $out $all' "$@"
}

@test "a damaged file means lost reservations, until an intact one replaces it" {
	persist
	cp "$pr_dir/d0.pr" "$BATS_TEST_TMPDIR/good"
	mkdir "$BATS_TEST_TMPDIR/bad"
	count=$(damaged_copies "$BATS_TEST_TMPDIR/good" "$BATS_TEST_TMPDIR/bad" \
		"${SCST_DAMAGE_STEP:-13}")
	[ "$count" -gt 20 ]
	pr_device_off
	rm "$pr_dir"/*
	cp "$BATS_TEST_TMPDIR/bad/0" "$pr_dir/d0.pr"
	pr_device_on
	lost 'the first'
	error_matches '*are lost*'
	for ((i = 1; i < count; i++)); do
		cp "$BATS_TEST_TMPDIR/bad/$i" "$pr_dir/d0.pr"
		reenable
		lost "copy $i"
	done
	# A directory in place of the file
	rm "$pr_dir"/*
	mkdir "$pr_dir/d0.pr"
	reenable
	lost 'a directory'
	rmdir "$pr_dir/d0.pr"
	# An administrator restores a good copy.
	cp "$BATS_TEST_TMPDIR/good" "$pr_dir/d0.pr"
	reenable
	as a
	take_attentions
	pr_keys_are 0 a b
	pr_reservation_is 1 a
}

@test "a file with a valid checksum and invalid content counts as damaged" {
	persist
	cp "$pr_dir/d0.pr" "$BATS_TEST_TMPDIR/good"
	rm "$pr_dir"/*
	# The version; the reservation's type, its holder, how many registrations; the
	# first one's key, and its port with the length of its TransportID
	pr_device_off
	for change in 8=1 8=3 8=0 68=2 68=257 72=2 76=1 76=3 76=4294967295 '80=0 84=0' \
		88=0 88=23 88=25 88=300 88=65535; do
		cp "$BATS_TEST_TMPDIR/good" "$pr_dir/d0.pr"
		change_numbers "$pr_dir/d0.pr" "$change"
		[ -d devices/nullio/d0 ] && reenable || pr_device_on
		lost "$change"
	done
	# A valid change is accepted.
	cp "$BATS_TEST_TMPDIR/good" "$pr_dir/d0.pr"
	change_numbers "$pr_dir/d0.pr" 68=3
	reenable
	as a
	take_attentions
	pr_reservation_is 3 a
}

# pr_replace STATUS TYPE KEY NEW_KEY [FLAGS]
pr_replace() {
	pr_out "$1" 8 "$2" "$3" "$4" "${5-0}"
}

lose() {
	pr_device_off
	mkdir -p "$pr_dir"
	rm -f "$pr_dir"/*
	echo garbage >"$pr_dir/d0.pr"
	pr_device_on
	for port in a b c; do
		as $port
		take_attentions
	done
}

@test "lost reservations deny access until they are replaced" {
	as a
	pr_replace 02 1 0 a
	matches '*sense=7000050*2604*' "$reply"
	lose
	for command in "$turn" "$write_1" 'dir=in len=512 cdb=28000000000000000100' \
		cdb=160000000000 cdb=170000000000 cdb=1b0000000000 \
		'dir=in len=192 cdb=1a003f00c000' 'dir=in len=192 cdb=5e000000000000c00000' \
		'dir=in len=192 cdb=5e020000000000c00000' 'dir=in len=8 cdb=25000000000000000000'; do
		expect_sense 07 44 01 "$command"
	done
	pr_register 02 0 a 1
	matches '*sense=700007*4401*' "$reply"
	for command in 'dir=in len=96 cdb=120000006000' 'dir=in len=18 cdb=030000001200' \
		'dir=in len=512 cdb=a00000000000000002000000' cdb=1b0000000100; do
		expect_status 00 "$command"
	done
	# Invalid replacements
	pr_replace 02 1 1 a
	matches '*sense=7000050*2600*' "$reply"
	pr_replace 02 1 0 0
	matches '*sense=7000050*2600*' "$reply"
	for flags in 4 8; do
		pr_replace 02 1 0 a $flags
		matches '*sense=7000050*2600*' "$reply"
	done
	pr_replace 02 2 0 a
	matches '*sense=7000050*2400*' "$reply"
	lost
	equal garbage "$(cat "$pr_dir/d0.pr")"
	# The first valid replacement takes effect.
	pr_replace 00 1 0 a 1
	pr_keys_are 0 a
	pr_reservation_is 1 a
	expect_status 00 "$write_1"
	as b
	expect_status 18 "$write_1"
	pr_replace 02 1 0 b 1
	matches '*sense=7000050*2604*' "$reply"
	pr_register 00 0 b 1
	pr_keys_are 1 a b
	power_cycle
	as b
	pr_keys_are 0 a b
	pr_reservation_is 1 a
	pr_hears_nothing a b c
}

@test "lost reservations can be replaced by volatile ones, or discarded" {
	lose
	as a
	pr_replace 00 3 0 a
	pr_aptpl_is 0
	equal '' "$(ls "$pr_dir")"
	as b
	expect_status 18 "$write_1"
	power_cycle
	as b
	pr_keys_are 0
	expect_status 00 "$write_1"
	# An administrator: disable, remove the files, enable
	lose
	reenable
	lost
	attr_set devices/nullio/d0/enable 0
	rm "$pr_dir"/d0.*
	attr_set devices/nullio/d0/enable 1
	as b
	take_attentions
	pr_keys_are 0
	expect_status 00 "$write_1"
}

@test "a device cannot be enabled if pr_dir cannot be read" {
	pr_device_off
	mkdir "$BATS_TEST_TMPDIR/away"
	: >"$BATS_TEST_TMPDIR/file"
	ln -s "$BATS_TEST_TMPDIR/file" "$pr_dir"
	mkdir devices/nullio/d1
	attr_set devices/nullio/d1/size 1M
	attr_refuses ENOTDIR devices/nullio/d1/enable 1
	attr_is devices/nullio/d1/state idle
	# A symbolic link in place of the file is not followed.
	ln -sfn "$BATS_TEST_TMPDIR/away" "$pr_dir"
	ln -s "$BATS_TEST_TMPDIR/file" "$pr_dir/d1.pr"
	attr_refuses ELOOP devices/nullio/d1/enable 1
	rm "$pr_dir/d1.pr"
	attr_set devices/nullio/d1/enable 1
}

# pr_unsaved ASC FUNCTION ARGUMENTS: the function fails with HARDWARE ERROR, or for 55 with
# INSUFFICIENT REGISTRATION RESOURCES, and has no effect, neither now nor later.
pr_unsaved() {
	local asc=$1 before

	shift
	pr_state
	before=$state
	cp "$pr_dir/d0.pr" "$BATS_TEST_TMPDIR/before"
	"$1" 02 "${@:2}"
	case $asc in
	55) matches '*sense=700005*5504*' "$reply" ;;
	*) matches '*sense=700004*4400*' "$reply" ;;
	esac
	error_matches '*cannot be stored*'
	pr_state
	equal "$before" "$state" "$*"
	cmp "$pr_dir/d0.pr" "$BATS_TEST_TMPDIR/before"
}

@test "a command that cannot be stored is refused and changes nothing" {
	requires mkfs.ext4 dmsetup
	fs_make 8M
	ln -s "$fs" "$pr_dir"
	persist 5
	mount -o remount,ro "$fs"
	as a
	pr_unsaved 44 pr_register a c 1
	pr_unsaved 44 pr_register a 0 1
	pr_unsaved 44 pr_register a a 0
	pr_unsaved 44 pr_release 5 a
	pr_unsaved 44 pr_preempt 1 a b
	pr_unsaved 44 pr_clear a
	as c
	pr_unsaved 44 pr_register 0 c 1
	pr_hears_nothing a b c
	mount -o remount,rw "$fs"
	dd if=/dev/zero of="$fs/full" bs=4k status=none 2>/dev/null || true
	as c
	pr_unsaved 55 pr_register 0 c 1
	rm "$fs/full"
	pr_register 00 0 c 1
	pr_keys_are 3 a b c
	power_cycle
	pr_keys_are 0 a b c
	pr_reservation_is 5 a
	reenable
}

@test "a command is refused after an I/O error while it is stored" {
	requires mkfs.ext4 dmsetup
	fs_make 8M
	ln -s "$fs" "$pr_dir"
	persist 5
	sync
	before=$(sha256sum <"$pr_dir/d0.pr")
	echo "0 $fs_sectors error" | dmsetup load scst_fs
	dmsetup suspend --nolockfs scst_fs
	dmsetup resume scst_fs
	as c
	pr_register 02 0 c 1
	matches '*sense=700004*4400*' "$reply"
	pr_keys_are 2 a b
	pr_reservation_is 5 a
	# As after a power failure
	umount "$fs"
	fs_repair
	mount /dev/mapper/scst_fs "$fs"
	equal "$before" "$(sha256sum <"$pr_dir/d0.pr")"
	power_cycle
	as a
	pr_keys_are 0 a b
}
