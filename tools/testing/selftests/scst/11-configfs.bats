#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# Invalid operations on the directories: they fail with the right errno, change nothing, and
# last_error says why.
# shellcheck disable=SC2086 # no name has blanks

load lib/scst

device=devices/nullio/d0
target=$scst_targets/t0
lun=$target/luns/0

long_name() {
	head -c "$1" /dev/zero | tr '\0' a
}

# --- devices

@test "invalid names are refused" {
	expect ENOENT mkdir devices/no-such-handler
	expect ENOENT mkdir targets/no-such-driver
	expect EPERM mkdir things

	# Names are unique over all handlers.
	mkdir -p devices/nullio/d0 devices/fileio
	expect EEXIST mkdir devices/fileio/d0
	expect EEXIST mkdir devices/nullio/d0
	rmdir devices/nullio/d0
	mkdir devices/fileio/d0

	mkdir -p devices/nullio "$scst_targets"
	for kind in devices/nullio "$scst_targets"; do
		mkdir "$kind/$(long_name 223)"
		expect EINVAL mkdir "$kind/$(long_name 224)"
		expect ENAMETOOLONG mkdir "$kind/$(long_name 256)"
		expect EINVAL mkdir "$kind/with blank"
		expect EINVAL mkdir "$kind/"$'line\nbreak'
		expect EINVAL mkdir "$kind/"$'\xc3\xa4'
	done
}

@test "device attributes refuse invalid values" {
	mkdir -p $device
	attr_refuses EINVAL $device/enable 2
	attr_refuses EINVAL $device/enable yes
	attr_refuses EINVAL $device/enable ''
	attr_refuses EINVAL $device/drain_ms -1
	attr_refuses EINVAL $device/drain_ms 10s
	attr_refuses EINVAL $device/drain_ms 99999999999
	attr_refuses EINVAL $device/buffer_limit -1
	attr_refuses EINVAL $device/buffer_limit 18446744073709551615
	attr_refuses EINVAL $device/buffer_limit much
	for text in '' ' blank' 'blank ' $'tab\tinside' $'\xc3\xa4'; do
		attr_refuses EINVAL $device/vendor "$text"
		attr_refuses EINVAL $device/product "$text"
		attr_refuses EINVAL $device/revision "$text"
	done
	attr_refuses EINVAL $device/vendor "$(long_name 9)"
	attr_refuses EINVAL $device/product "$(long_name 17)"
	attr_refuses EINVAL $device/revision "$(long_name 5)"
	attr_refuses EINVAL $device/serial ''
	attr_refuses EINVAL $device/serial 'two words'
	attr_refuses EINVAL $device/serial "$(long_name 37)"
	for naa in '' 3 3x 300000000000000 30000000000000000 300000000000000x \
		0x3000000000000001 naa.3000000000000001 {2,3,5}0000000000000010000000000000001 \
		6000000000000001 600000000000000100000000000000010 \
		{0,1,4,7,8,f}000000000000001{,0000000000000001}; do
		attr_refuses EINVAL $device/naa_id "$naa"
	done

	attr_refuses EINVAL $device/block_size 0
	attr_refuses EINVAL $device/block_size 513
	attr_refuses EINVAL $device/block_size 256
	attr_refuses EINVAL $device/block_size 8192
	attr_refuses EINVAL $device/size 0
	attr_refuses EINVAL $device/size -512
	attr_refuses EINVAL $device/size 1X
	attr_refuses ERANGE $device/size 99999999P
	attr_refuses EINVAL $device/enable 1
	attr_set $device/size 1000
	attr_refuses EINVAL $device/enable 1
	attr_is $device/state idle
}

@test "attributes read back what was written" {
	mkdir -p $device
	attr_round_trip $device/drain_ms 0 1 60000
	attr_round_trip $device/buffer_limit 0 4096 9223372036854775807
	attr_round_trip $device/vendor x 'A vendor'
	attr_round_trip $device/product x 'Product with "~"'
	attr_round_trip $device/revision 1 v2.0
	attr_round_trip $device/serial x "$(long_name 36)"
	attr_round_trip $device/naa_id 2000000000000001 6fffffffffffffffffffffffffffffff \
		5fffffffffffffff 600000000000000f0000000000000001 3fffffffffffffff
	attr_set $device/naa_id 5ABCDEF000000001
	attr_is $device/naa_id 5abcdef000000001
	attr_round_trip $device/block_size 4096 2048 1024 512
	attr_round_trip $device/size 4096 1048576
	attr_round_trip $device/blocks 1 18446744073709551615
	attr_round_trip $device/read_only 1 0
	attr_round_trip $device/rotational 1 0
	attr_round_trip $device/thin 0 1

	mkdir -p $lun
	attr_round_trip $target/drain_ms 0 1 60000
	attr_round_trip $target/rel_tgt_id 1 65535 77
	attr_round_trip $lun/read_only 1 0
}

@test "read-only attributes cannot be written" {
	mkdir -p $device $lun
	for attribute in version $device/{state,last_error,holders} \
		$target/{state,last_error,holders} $lun/last_error; do
		before=$(attr_get "$attribute")
		expect EACCES attr_write "$attribute" 1
		attr_is "$attribute" "$before"
	done
}

@test "an enabled device cannot be changed or enabled again, but can be removed" {
	make_device nullio d0 size=1M
	attr_refuses EBUSY $device/enable 1
	attr_is $device/state active
	for attribute in size=2M blocks=2 block_size=4096 read_only=1 rotational=1 thin=0 \
		vendor=other product=other revision=2 serial=other naa_id=3000000000000001; do
		attr_refuses EBUSY "$device/${attribute%%=*}" "${attribute#*=}"
	done
	attr_set $device/drain_ms 100

	attr_set $device/enable 0
	attr_set $device/enable 0
	attr_set $device/size 2M
	attr_set $device/enable 1
	rmdir $device
	mkdir $device
	attr_is $device/enable 0
}

@test "a device whose path is not a usable file cannot be enabled" {
	file=devices/fileio/f0
	mkdir -p $file
	attr_refuses EINVAL $file/enable 1
	attr_set $file/path /no/such/file
	attr_refuses ENOENT $file/enable 1
	attr_set $file/path "$BATS_TEST_TMPDIR"
	attr_refuses EISDIR $file/enable 1
	: >"$BATS_TEST_TMPDIR/empty"
	attr_set $file/path "$BATS_TEST_TMPDIR/empty"
	attr_refuses EINVAL $file/enable 1
	attr_is $file/state idle
}

@test "objects in use cannot be removed, and list their holders" {
	make_device nullio d0 size=1M
	mkdir -p $lun
	link_lun t0 0 nullio/d0
	expect EBUSY rmdir $device
	expect ENOTEMPTY rmdir $lun
	expect ENOTEMPTY rmdir $target
	attr_is $device/holders $lun
	attr_is $target/holders $lun
	unlink_lun t0 0
	attr_is $device/holders ''
	rmdir $device $lun

	for directory in devices targets $target/luns; do
		expect EPERM rmdir "$directory"
	done
	rmdir $target
}

# --- targets and LUNs

@test "target attributes refuse invalid values, and rel_tgt_id while enabled" {
	mkdir -p $target
	attr_refuses EINVAL $target/enable 2
	attr_refuses EINVAL $target/enable ''
	attr_refuses EINVAL $target/drain_ms x
	attr_refuses EINVAL $target/drain_ms -5
	attr_refuses EINVAL $target/rel_tgt_id 0
	attr_refuses EINVAL $target/rel_tgt_id 65536
	attr_refuses EINVAL $target/rel_tgt_id one
	mkdir "$scst_targets/t1"
	[ "$(attr_get $target/rel_tgt_id)" != "$(attr_get "$scst_targets/t1/rel_tgt_id")" ]
	attr_set $target/rel_tgt_id 500
	attr_refuses EEXIST "$scst_targets/t1/rel_tgt_id" 500

	attr_set $target/enable 1
	attr_refuses EBUSY $target/enable 1
	attr_refuses EBUSY $target/rel_tgt_id 99
	attr_set $target/drain_ms 1000
	rmdir $target
	mkdir $target
	attr_is $target/enable 0
}

@test "LUN numbers are 0 to 16383, decimal, without leading zeros" {
	mkdir -p $target
	for number in 16384 4294967296 -1 +1 00 01 0x1 1a a ' 1'; do
		expect EINVAL mkdir "$target/luns/$number"
	done
	[ -n "$(attr_get $target/last_error)" ]
	mkdir $target/luns/0 $target/luns/16383
	expect EEXIST mkdir $target/luns/0
	expect EPERM mkdir $target/luns/0/x
}

@test "a LUN takes one device, a device one LUN of a map, and other links fail" {
	make_device nullio d0 size=1M
	make_device nullio d1 size=1M
	mkdir -p $lun $target/luns/1 "$scst_targets/t1"
	link_lun t0 0 nullio/d0
	expect EEXIST ln -s devices/nullio/d1 $lun/another
	matches '*d0*' "$(attr_get $lun/last_error)"
	[ -L $lun/d0 ]
	[ ! -e $lun/another ]

	expect EEXIST ln -s devices/nullio/d0 $lun/again
	expect EEXIST ln -s devices/nullio/d0 $target/luns/1/
	matches '*d0*' "$(attr_get $target/luns/1/last_error)"
	unlink_lun t0 0
	link_lun t0 1 nullio/d0

	expect EINVAL ln -s "$scst_targets/t1" $lun/x
	[ -n "$(attr_get $lun/last_error)" ]
	expect EINVAL ln -s devices/nullio $lun/x
	expect ENOENT ln -s devices/nullio/none $lun/x
	expect ENOTDIR ln -s /etc/passwd $lun/x
	expect EPERM ln -s $device $target/luns/x
}

# --- modules

@test "modules in use cannot be unloaded, unused ones can" {
	export_disk nullio size=1M
	for module in scst scst_vdisk "scst_$scst_driver"; do
		run modprobe -r $module
		[ "$status" -ne 0 ]
		[ -d "/sys/module/$module" ]
	done

	scst_clear
	mkdir devices/nullio
	run modprobe -r scst_vdisk
	[ "$status" -ne 0 ]
	rmdir devices/nullio
	modprobe -r scst_vdisk
}

