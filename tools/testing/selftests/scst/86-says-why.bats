#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# The core reports reasons: in last_error of an object and of its parent directory, in a uevent when
# a backend is fenced, and in traces with the initiator and the target.
# shellcheck disable=SC2086 # no name has blanks

load lib/scst
load lib/probe
load lib/pr
: "${probe=}" # of lib/probe

docs=$BATS_TEST_DIRNAME/../../../../Documentation
device=devices/nullio/d0
target=$scst_targets/t0
turn=cdb=000000000000
read_1='dir=in len=512 cdb=28000000000000000100'
write_1='dir=out len=512 cdb=2a000000000000000100 data=a5'
abort_task=0 lun_reset=4 nexus_reset=6

long_name() {
	head -c "$1" /dev/zero | tr '\0' a
}

# says PATTERN DIRECTORY: one line in last_error
says() {
	local said

	attr_read said "$2/last_error"
	matches "$1" "$said" "$2/last_error" && [[ $said != *$'\n'* ]]
}

# refuses ERRNO PATTERN DIRECTORY NAME GOOD: mkdir DIRECTORY/NAME fails, and DIRECTORY has the
# reason until GOOD is created there.
refuses() {
	expect "$1" mkdir "$3/$4" && says "$2" "$3" && mkdir "$3/$5" && attr_is "$3/last_error" '' &&
		rmdir "$3/$5"
}

# --- last_error

@test "an unknown handler or driver is reported by its directory until mkdir works" {
	attr_is devices/last_error ''
	attr_is targets/last_error ''
	refuses ENOENT '*no-such*scst-handler-no-such*' devices no-such nullio
	refuses ENOENT '*no-such*scst-target-no-such*' targets no-such "$scst_driver"
	# Each directory has its own last_error.
	expect ENOENT mkdir devices/no-such
	attr_is targets/last_error ''
	mkdir devices/nullio
}

@test "an invalid name is reported by its directory until mkdir works" {
	mkdir -p devices/nullio "$scst_targets"
	for kind in devices/nullio "$scst_targets"; do
		attr_is "$kind/last_error" ''
		refuses EINVAL '*more than 223 characters' "$kind" "$(long_name 224)" "$(long_name 223)"
		refuses EINVAL '*more than 223 characters' "$kind" "$(long_name 255)" ok
		refuses EINVAL 'with blank: *blanks*' "$kind" 'with blank' ok
		refuses EINVAL 'line\?break: *not printable*' "$kind" $'line\nbreak' ok
		refuses EINVAL '*not printable*' "$kind" $'\xc3\xa4' ok
	done
}

@test "a name that is in use is reported by its directory until mkdir works" {
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

@test "an invalid LUN, group or pattern is reported by its target or group" {
	mkdir -p $target/groups/g
	refuses_in() {
		local where=$5

		expect "$1" mkdir "$where/$3" && says "$2" "$6" && mkdir "$where/$4" &&
			attr_is "$6/last_error" ''
	}
	refuses_in EINVAL 'luns/01: must be a number*' 01 1 $target/luns $target
	refuses_in EINVAL 'groups/a b: *blanks*' 'a b' h $target/groups $target
	refuses_in EINVAL 'luns/x: must be a number*' x 0 $target/groups/g/luns $target/groups/g
	refuses_in EINVAL 'initiators/!: *must follow*' '!' '!x' $target/groups/g/initiators \
		$target/groups/g
	mkdir $target/groups/h/initiators/me
	refuses_in EEXIST '*me is in group h already' me you $target/groups/g/initiators \
		$target/groups/g
}

# refused ERRNO PATH WRONG RIGHT: the reason for one attribute goes away when it is written, and not
# when another one is.
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

@test "the reason of a refused write stays until that attribute is written" {
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

@test "the reason why a device could not be enabled is cleared by enabling it" {
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

@test "the reason of a refused link stays until a link is created" {
	mkdir -p $device devices/nullio/d1 $target/luns/0 $target/luns/1
	ln -s $device $target/luns/0/
	expect EEXIST ln -s $device $target/luns/1/
	says '*d0 is LUN 0*' $target/luns/1
	ln -s devices/nullio/d1 $target/luns/1/
	attr_is $target/luns/1/last_error ''
}

@test "an iSCSI target reports a refusal until the same operation succeeds" {
	iscsi=targets/iscsi/iqn.2026-11.org.example:t0
	mkdir -p $iscsi
	refused EINVAL $iscsi/queue_depth 0 8
	refused EINVAL $iscsi/redirect 'a b' 127.0.0.1
	refused EINVAL $iscsi/alias "$(long_name 300)" x
	expect EINVAL mkdir $iscsi/portals/x
	says 'portals/x: the name must be *: -EINVAL' $iscsi
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
	probe_next '100 response=0'
	attr_is devices/probe/d0/state failed
}

@test "a fence sends a uevent, and stays in last_error until the device is enabled" {
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

# --- traces

tracing=/sys/kernel/tracing

requires_traces() {
	mountpoint -q $tracing || mount -t tracefs tracefs $tracing || skip 'the kernel traces nothing'
	[ -d $tracing/events/scst ] || skip 'the kernel has no event tracing'
}

trace_on() {
	echo >$tracing/trace
	echo 0 >$tracing/events/scst/filter
	echo 1 >$tracing/events/scst/enable
}

# trace_off: sets $trace
trace_off() {
	echo 0 >$tracing/events/scst/enable
	trace=$(cat $tracing/trace)
	echo >$tracing/trace
}

# traced EVENT FIELDS: a glob of one line
traced() {
	local line

	while read -r line; do
		# shellcheck disable=SC2053 # a pattern
		[[ $line != *": scst_$1: "$2 ]] || return 0
	done <<<"$trace"
	fail "no scst_$1: $2 in: $trace"
}

not_traced() {
	! traced "$@" 2>/dev/null || fail "scst_$1: $2 in: $trace"
}

trace_setup() {
	requires_traces
	make_device "$1" d0 "${@:2}"
	probe_target "$1/d0"
	mkdir targets/probe/t0/luns/5
	make_device nullio d5 size=1M
	ln -s devices/nullio/d5 targets/probe/t0/luns/5/
	pr_ports_are a b
}

# The fields that all events of a command begin with
a7='cmd=* initiator=a target=t0 lun=0 tag=0x7'
b8='cmd=* initiator=b target=t0 lun=0 tag=0x8'

@test "traces show each stage of a command with its initiator, target and LUN" {
	trace_setup nullio size=1M
	as b
	until send lun=0005000000000000 $turn && [ "$scsi_status" = 00 ]; do :; done
	trace_on
	probe_cmd 77 lun=0005000000000000 "$read_1"
	probe_cmd 78 lun=0009000000000000 "$read_1"
	trace_off
	who='cmd=* initiator=b target=t0 lun=5 tag=0x4d'
	traced cmd_submit "$who opcode=0x28 attr=1 expected=512"
	for stage in translate decode admit check prepare execute backend complete respond finish; do
		traced cmd_stage "$who stage=$stage"
	done
	traced cmd_respond "$who opcode=0x28 status=0x00 sense=000000 data=512 residual=0"
	traced cmd_respond 'cmd=* initiator=b target=t0 lun=9 tag=0x4e opcode=0x28 status=0x02 sense=052500 data=0 *'
}

@test "traces can be filtered by initiator" {
	trace_setup nullio size=1M
	trace_on
	echo 'initiator == "b"' >$tracing/events/scst/filter
	for port in a b; do
		as $port
		probe_cmd 8 $turn
	done
	attr_set devices/nullio/d0/enable 0
	trace_off
	traced cmd_submit "$b8 *"
	not_traced cmd_submit '* initiator=a *'
	traced device_state 'device=d0 *'
}

@test "traces replace control characters in an initiator's name" {
	trace_setup nullio size=1M
	probe_login $'x\001y'
	trace_on
	probe_cmd 77 $turn
	trace_off
	traced cmd_submit 'cmd=* initiator=x\?y target=t0 lun=0 tag=0x4d *'
}

@test "traces show that a command is parked and unparked" {
	trace_setup probe
	medium d0 hold
	trace_on
	as a
	probe_request cmd 7 "$write_1"
	wait_until 10 probe_is 7 medium 1
	as b
	probe_request cmd 8 $turn attr=ordered
	wait_until 10 probe_is 8 admit 0
	medium d0 auto
	probe_next '8 status=00*'
	trace_off
	traced cmd_park "$b8 stage=admit"
	traced cmd_unpark "$b8 stage=admit"
	not_traced cmd_park "$a7 *"
}

@test "traces show an abort and its origin: the initiator, another, or the target" {
	trace_setup probe drain_ms=100
	# The ordered ones wait for 7, so the backend does not have them.
	medium d0 hold
	as a
	probe_request cmd 7 "$write_1"
	wait_until 10 probe_is 7 medium 1
	for tag in 9 10 11; do
		probe_request cmd $tag $turn attr=ordered
		wait_until 10 probe_is $tag admit 0
	done
	trace_on
	probe_request tmf 100 fn=$abort_task ref=9
	probe_answers '9 aborted' '100 response=0'
	trace_off
	traced cmd_abort 'cmd=* initiator=a target=t0 lun=0 tag=0x9 stage=admit by=own by_initiator=a by_target=t0'
	not_traced cmd_abort '* tag=0xa *'
	trace_on
	as b
	probe_request tmf 101 fn=$lun_reset
	as a
	probe_answers '10 aborted' '11 aborted'
	medium d0 auto
	probe_answers '7 aborted'
	as b
	probe_answers '101 response=0'
	trace_off
	traced cmd_abort "$a7 stage=backend by=other by_initiator=b by_target=t0"
	traced cmd_abort '* initiator=a target=t0 lun=0 tag=0xb * by=other by_initiator=b *'
	medium d0 hold
	probe_ready_of_a
	probe_request cmd 7 "$write_1"
	wait_until 10 probe_is 7 medium 1
	trace_on
	background attr_write devices/probe/d0/enable 0
	wait_until 10 probe_is 7 medium 1 1
	medium d0 auto
	probe_answers '7 status=02 * sense='"$(sense 0b 2f 02)"
	trace_off
	traced cmd_abort "$a7 stage=backend by=server by_initiator= by_target="
}

probe_ready_of_a() {
	as a
	probe_ready
}

@test "traces show a task management function and its unit attention" {
	trace_setup nullio size=1M
	trace_on
	as b
	probe_request tmf 8 fn=$lun_reset lun=0005000000000000
	probe_answers '8 response=0'
	probe_request tmf 9 fn=$abort_task ref=55
	probe_answers '9 response=0'
	probe_request tmf 10 fn=$lun_reset lun=0009000000000000
	probe_answers '10 response=3'
	as a
	expect_sense 06 29 00 lun=0005000000000000 $turn
	probe_request tmf 11 fn=$nexus_reset
	probe_answers '11 response=0'
	trace_off
	traced tmf_receive 'tmf=* initiator=b target=t0 lun=5 tag=* fn=lun-reset'
	traced tmf_answer 'tmf=* initiator=b target=t0 lun=5 tag=* fn=lun-reset response=complete'
	traced tmf_receive 'tmf=* initiator=b target=t0 lun=0 tag=0x37 fn=abort-task'
	traced tmf_answer 'tmf=* initiator=b target=t0 lun=0 tag=0x37 fn=abort-task response=complete'
	traced tmf_answer 'tmf=* initiator=b target=t0 lun=9 tag=* fn=lun-reset response=incorrect-lun'
	traced tmf_answer 'tmf=* initiator=a target=t0 lun=-1 tag=* fn=nexus-reset response=complete'
	traced ua_report 'cmd=* initiator=a target=t0 lun=5 tag=0x1 sense=062900 kept=0'
	traced ua_raise 'initiator=a target=t0 lun=0 sense=062907'
}

@test "traces show where a unit attention is raised and reported" {
	trace_setup nullio size=1M
	as a
	trace_on
	probe_login c
	c=$probe
	expect_sense 06 29 00 $turn
	mkdir targets/probe/t0/luns/6
	make_device nullio d6 size=1M
	ln -s devices/nullio/d6 targets/probe/t0/luns/6/
	expect_sense 06 3f 0e $turn
	as b
	probe_request tmf 8 fn=$lun_reset
	probe_answers '8 response=0'
	probe_use "$c"
	expect_sense 06 29 03 $turn
	trace_off
	for sense in 062900 063f0e 062903; do
		traced ua_raise "initiator=c target=t0 lun=0 sense=$sense"
		traced ua_report "cmd=* initiator=c target=t0 lun=0 tag=0x1 sense=$sense kept=0"
	done
}

@test "traces show PERSISTENT RESERVE OUT, its status, and a conflict" {
	trace_setup nullio size=1M
	trace_on
	as a
	pr_out 00 0 0 0 a
	pr_out 00 1 3 a 0
	as b
	pr_out 18 1 3 b 0
	expect_status 18 "$read_1"
	pr_cdb 1 15
	expect_sense 05 24 00 "$pr_out"
	trace_off
	a1='cmd=* initiator=a target=t0 lun=0 tag=0x1'
	b1='cmd=* initiator=b target=t0 lun=0 tag=0x1'
	traced pr_out "$a1 action=register type=0 key=* sa_key=0xa status=0x00 sense=000000"
	traced pr_out "$a1 action=reserve type=3 key=0xa sa_key=* status=0x00 sense=000000"
	traced pr_out "$b1 action=reserve type=3 key=0xb sa_key=* status=0x18 sense=000000"
	traced pr_out "$b1 action=reserve type=15 * status=0x02 sense=052400"
	traced reservation_conflict "$b1 opcode=0x5f"
	traced reservation_conflict "$b1 opcode=0x28"
	not_traced reservation_conflict "$a1 *"
}

@test "traces show a fence and the states of a device" {
	requires_traces
	trace_on
	fence
	medium d0 auto
	wait_until 10 probe_is_closed
	attr_set devices/probe/d0/enable 1
	attr_set devices/probe/d0/enable 0
	trace_off
	on='device=d0 handler=probe'
	traced device_state "$on before=idle state=active"
	traced device_fence "$on fence_ms=100 state=active"
	traced device_state "$on before=active state=failed"
	traced device_state "$on before=failed state=active"
	traced device_state "$on before=active state=draining"
	traced device_state "$on before=draining state=idle"
}

# The fields that an event prints
fields_of() {
	sed -n 's/^print fmt: "\([^"]*\)".*/\1/p' "$1/format" | grep -o '[a-z_]*=' | tr -d '='
}

@test "every trace event is documented with all its fields" {
	requires_traces
	for event in "$tracing"/events/scst/scst_*/; do
		name=${event%/}
		name=${name##*/}
		text=$(awk -v RS= -v name="\`\`$name\`\`" 'index($0, name) == 1' "$docs/scst/tracing.rst")
		[ -n "$text" ] || fail "tracing.rst has no $name"
		# shellcheck disable=SC2016 # as it stands there
		documented=$(grep -o '``[a-z_]*``' <<<"$text" | tr -d '`')
		for field in $(fields_of "$event"); do
			[[ $field =~ ^(cmd|initiator|target|lun|tag)$ ]] ||
				grep -q -x -F "$field" <<<"$documented" || fail "tracing.rst: $name has no $field"
		done
	done
}
