#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# The core says why: in last_error of an object and of the directory in which it was to be,
# and in a uevent when a backend is fenced off.

load lib/scst
load lib/probe
load lib/pr
: "${probe=}" # of lib/probe

device=devices/nullio/d0
target=targets/local/t0
write_1='dir=out len=512 cdb=2a000000000000000100 data=a5'
abort_task=0

long_name() {
	head -c "$1" /dev/zero | tr '\0' a
}

# says PATTERN DIRECTORY: one line in last_error
says() {
	local said

	attr_read said "$2/last_error"
	matches "$1" "$said" "$2/last_error" && [[ $said != *$'\n'* ]]
}

# refuses ERRNO PATTERN DIRECTORY NAME GOOD: mkdir DIRECTORY/NAME fails and DIRECTORY says
# why, until GOOD is made there.
refuses() {
	expect "$1" mkdir "$3/$4" && says "$2" "$3" && mkdir "$3/$5" && attr_is "$3/last_error" '' &&
		rmdir "$3/$5"
}

# --- last_error

@test "what a directory of handlers or drivers refuses it says, until mkdir works" {
	attr_is devices/last_error ''
	attr_is targets/last_error ''
	refuses ENOENT '*no-such*scst-handler-no-such*' devices no-such nullio
	refuses ENOENT '*no-such*scst-target-no-such*' targets no-such local
	# One does not speak for the other.
	expect ENOENT mkdir devices/no-such
	attr_is targets/last_error ''
	mkdir devices/nullio
}

@test "a name that cannot be: the directory says why, until mkdir works" {
	mkdir -p devices/nullio targets/local
	for kind in devices/nullio targets/local; do
		attr_is "$kind/last_error" ''
		refuses EINVAL '*more than 223 characters' "$kind" "$(long_name 224)" "$(long_name 223)"
		refuses EINVAL '*more than 223 characters' "$kind" "$(long_name 255)" ok
		refuses EINVAL 'with blank: *blanks*' "$kind" 'with blank' ok
		refuses EINVAL 'line?break: *not printable*' "$kind" $'line\nbreak' ok
		refuses EINVAL '*not printable*' "$kind" $'\xc3\xa4' ok
	done
}

@test "a name that is used: the directory says by whom, until mkdir works" {
	mkdir -p devices/nullio/d0 devices/fileio
	refuses EEXIST 'd0: *devices/nullio' devices/fileio d0 d1
	attr_is devices/nullio/last_error ''
	rmdir devices/nullio/d0
	mkdir devices/fileio/d0

	iqn=iqn.2026-11.org.example
	mkdir -p "targets/iscsi/$iqn:t0"
	refuses EINVAL 'iqn.2026-11.ORG.example:t0: *RFC 7143*' targets/iscsi \
		iqn.2026-11.ORG.example:t0 "$iqn:t1"
	refuses EINVAL 'disk: *iqn.*' targets/iscsi disk "$iqn:t1"
}

@test "what cannot be in a target or a group it says, until mkdir works there" {
	mkdir -p $target/groups/g
	refuses_in() {
		local where=$5

		expect "$1" mkdir "$where/$3" && says "$2" "$6" && mkdir "$where/$4" &&
			attr_is "$6/last_error" ''
	}
	refuses_in EINVAL 'luns/01: not a number*' 01 1 $target/luns $target
	refuses_in EINVAL 'groups/a b: *blanks*' 'a b' h $target/groups $target
	refuses_in ENAMETOOLONG 'initiators/aaa*more than 223 bytes' "$(long_name 224)" i0 \
		$target/initiators $target
	refuses_in EINVAL 'luns/x: not a number*' x 0 $target/groups/g/luns $target/groups/g
	refuses_in EINVAL 'initiators/!: *nobody' '!' '!x' $target/groups/g/initiators $target/groups/g
	mkdir $target/groups/h/initiators/me
	refuses_in EEXIST '*me is in group h already' me you $target/groups/g/initiators \
		$target/groups/g
}

# refused ERRNO PATH WRONG RIGHT: what is said of one attribute ends when it is written, and
# not when another is.
refused() {
	local object=${2%/*} said other

	attr_refuses "$1" "$2" "$3" || return
	attr_read said "$object/last_error"
	for other in "$object"/drain_ms "$object"/read_only; do
		[ ! -e "$other" ] || [ "$other" = "$2" ] ||
			attr_set "$other" "$(cat "$other")" || return
	done
	attr_is "$object/last_error" "$said" && attr_set "$2" "$4" &&
		attr_is "$object/last_error" ''
}

@test "what a write was refused for is said until that attribute can be written" {
	mkdir -p $device devices/fileio/f0 $target/luns/0
	refused EINVAL $device/enable x 0
	refused EINVAL $device/fence_ms x 10000
	refused EINVAL $device/drain_ms x 5000
	refused EINVAL $device/buffer_limit x 1000000
	refused EINVAL $device/serial '' x
	refused EINVAL $device/naa_id x 3000000000000001
	refused EINVAL $device/size x 1M
	refused EINVAL $device/blocks x 8
	refused EINVAL $device/block_size x 512
	refused EINVAL $device/rotational x 1
	refused EINVAL devices/fileio/f0/path x /tmp/x
	refused EINVAL devices/fileio/f0/direct x 0
	refused EINVAL devices/fileio/f0/write_through x 0
	refused EINVAL $target/enable x 0
	refused EINVAL $target/rel_tgt_id 0 7
	refused EINVAL $target/explain '' me
	refused EINVAL $target/drain_ms x 5000
	refused EINVAL $target/luns/0/read_only x 0
}

@test "a device that could not be enabled says nothing any more when it is" {
	mkdir -p $device devices/fileio/f0
	attr_refuses EINVAL $device/enable 1
	says 'neither size nor blocks is set' $device
	attr_set $device/size 1M
	says 'neither size nor blocks is set' $device
	attr_set $device/enable 1
	attr_is $device/last_error ''
	attr_refuses EBUSY $device/size 2M
	says '*disable it first' $device
	attr_set $device/enable 0
	attr_set $device/size 2M
	attr_is $device/last_error ''

	attr_set devices/fileio/f0/path "$BATS_TEST_TMPDIR/file"
	attr_refuses ENOENT devices/fileio/f0/enable 1
	says '*ENOENT*' devices/fileio/f0
	truncate -s 1M "$BATS_TEST_TMPDIR/file"
	attr_set devices/fileio/f0/enable 1
	attr_is devices/fileio/f0/last_error ''
}

@test "a link that is refused says why, until one is made" {
	mkdir -p $device devices/nullio/d1 $target/luns/0 $target/luns/1
	ln -s $device $target/luns/0/
	expect EEXIST ln -s $device $target/luns/1/
	says '*d0 is LUN 0*' $target/luns/1
	ln -s devices/nullio/d1 $target/luns/1/
	attr_is $target/luns/1/last_error ''
}

@test "an iSCSI target says what it refuses, until it does not" {
	iscsi=targets/iscsi/iqn.2026-11.org.example:t0
	mkdir -p $iscsi
	refused EINVAL $iscsi/queue_depth 0 8
	refused EINVAL $iscsi/redirect 'a b' 127.0.0.1
	refused EINVAL $iscsi/alias "$(long_name 300)" x
	expect EINVAL mkdir $iscsi/portals/x
	says 'portals/x: not an address and port: -EINVAL' $iscsi
	attr_set $iscsi/alias y
	says 'portals/x: *' $iscsi
	mkdir $iscsi/portals/127.0.0.1:3260
	attr_is $iscsi/last_error ''
	expect EINVAL attr_write $iscsi/portals/127.0.0.1:3260/announced 'a b'
	says 'portals/127.0.0.1:3260/announced: *' $iscsi
	attr_set $iscsi/portals/127.0.0.1:3260/announced 127.0.0.1
	attr_is $iscsi/last_error ''
	expect ENAMETOOLONG mkdir "$iscsi/auth/$(long_name 224)"
	says 'auth/aaa*more than 223 bytes' $iscsi
	mkdir $iscsi/auth/me
	attr_is $iscsi/last_error ''
	expect EINVAL attr_write $iscsi/auth/me/user "$(long_name 300)"
	says 'auth/me/user: *' $iscsi
	attr_set $iscsi/auth/me/user x
	attr_is $iscsi/last_error ''
}

@test "a session says what it refuses" {
	make_target t0 me
	wait_until 20 sessions_are_there $target/sessions/me
	expect EINVAL attr_write $target/sessions/me/disconnect 0
	says 'disconnect: not 1' $target/sessions/me
}

# --- a backend that does not answer

monitor() {
	exec udevadm monitor --kernel --property --subsystem-match=scst_device \
		>"$BATS_TEST_TMPDIR/log" 2>&1
}

logged() {
	grep -q -F -- "$1" "$BATS_TEST_TMPDIR/log"
}

probe_is_closed() {
	[ ! -e "$probe_root/devices/d0" ]
}

# Command 7 of a is with a backend that does not answer.
fence() {
	make_device probe d0 fence_ms=100
	probe_target probe/d0
	pr_ports_are a b
	medium d0 hold
	as a
	probe_request cmd 7 "$write_1"
	wait_until 10 probe_is 7 medium 1
	probe_request tmf 100 fn=$abort_task ref=7
	equal '100 response=0' "$(probe_result)"
	attr_is devices/probe/d0/state failed
}

@test "a fence has a uevent with its reason, and is told until the device is enabled again" {
	requires udevadm
	: >"$BATS_TEST_TMPDIR/log"
	background monitor
	wait_until 20 logged 'the kernel uevent'
	fence
	wait_until 10 logged SCST_REASON=backend-timeout
	event=$(awk -v RS= '/SCST_REASON=/' "$BATS_TEST_TMPDIR/log")
	for variable in ACTION=change SCST_EVENT=state SCST_DEVICE=d0 SCST_HANDLER=probe \
		SCST_STATE=failed SCST_REASON=backend-timeout; do
		matches $'*\n'"$variable"$'\n*' "$event"$'\n'
	done
	says '*within 100 ms' devices/probe/d0
	attr_set devices/probe/d0/drain_ms 100
	says '*within 100 ms' devices/probe/d0
	medium d0 auto
	wait_until 10 probe_is_closed
	attr_set devices/probe/d0/enable 1
	attr_is devices/probe/d0/last_error ''
	equal 1 "$(grep -c SCST_REASON= "$BATS_TEST_TMPDIR/log")"
}
