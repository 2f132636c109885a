#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# Handlers that execute whole commands: any type of device, any command, the device's own
# status, sense data and residual, aborts and resets.

load lib/scst
load lib/probe
load lib/raw
: "${probe=}" # of lib/probe

tur=cdb=000000000000

# raw_setup [ATTRIBUTE=VALUE...]: d0 as LUN 0, and an initiator port that is ready
raw_setup() {
	make_device raw d0 "$@"
	probe_target raw/d0
	probe_login me
	probe_ready
}

# write_record TAG BYTES PATTERN, read_record TAG BYTES [ARGUMENT...]: variable blocks
write_record() {
	probe_cmd "$1" dir=out len="$2" cdb=0a00"$(printf '%06x' "$2")"00 data="$3"
}

read_record() {
	local tag=$1 len=$2

	shift 2
	probe_cmd "$tag" dir=in len="$len" cdb=0800"$(printf '%06x' "$len")"00 "$@"
}

# inquire TAG
inquire() {
	probe_cmd "$1" dir=in len=36 cdb=120000002400
}

# repeated BYTE TIMES
repeated() {
	local zeros

	printf -v zeros '%*s' "$2" ''
	printf '%s' "${zeros// /$1}"
}

# --- types

@test "a device has the peripheral device type that its handler gives it" {
	local type

	raw_setup
	matches "1 status=00 residual=0 sense= data=01800602* " "$(inquire 1) "
	for type in 03 05 07 08 0c; do
		attr_set devices/raw/d0/enable 0
		# the core answers for a closed device
		matches "2 status=00 * data=0[0-9a-f]0006* " "$(inquire 2) "
		attr_set devices/raw/d0/type $type
		attr_set devices/raw/d0/enable 1
		probe_gives "3 status=02 * sense=$(sense 06 3f 03)*" 3 $tur
		probe_gives "4 status=02 * sense=$(sense 06 28 00)*" 4 $tur
		matches "5 status=00 * data=${type}800602* " "$(inquire 5) "
	done
}

@test "an unknown device type is refused, and last_error has the reason" {
	make_device raw d0
	attr_set devices/raw/d0/enable 0
	attr_set devices/raw/d0/type 11
	expect EINVAL attr_write devices/raw/d0/enable 1
	attr_is devices/raw/d0/last_error "handler raw: devices of type 11h are not supported"
	attr_set devices/raw/d0/type 08
	attr_set devices/raw/d0/enable 1
}

@test "the core itself carries out REPORT LUNS and enforces reservations" {
	raw_setup
	probe_gives "1 status=00 * data=0000000800000000*" \
		1 dir=in len=64 cdb=a00000000000000000400000
	probe_gives "2 status=00 * data=fe070000*" \
		2 dir=in len=4 cdb=a30d00000000000000040000
	# an initiator without the reservation gets conflicts
	probe_gives "3 status=00 residual=0 sense= data=" 3 cdb=160000000000
	probe_login other
	probe_ready cdb=030000000000
	matches "4 status=18 *" "$(write_record 4 3 aa)"
	probe_gives "5 status=18 *" 5 dir=in len=4 cdb=c00102030405
	matches "6 status=00 *" "$(inquire 6)"
	# READ BLOCK LIMITS moves nothing
	probe_gives "7 status=00 residual=0 sense= data=00ffffff0001" \
		7 dir=in len=6 cdb=050000000000
}

@test "REQUEST SENSE goes to the device if the core has nothing pending" {
	raw_setup
	tell d0 attention 062a01
	probe_gives "1 status=00 * data=$(sense 06 2a 01)*" \
		1 dir=in len=18 cdb=030000001200
	probe_gives "2 status=00 residual=0 sense= data=$(repeated 03 18)" \
		2 dir=in len=18 cdb=030000001200
}

@test "a closed disk of unknown block size answers the block limits page" {
	raw_setup type=00 block_size=0
	attr_set devices/raw/d0/enable 0
	probe_gives "1 status=00 * data=00b0003c*" 1 dir=in len=64 cdb=1201b0004000
}

# --- lengths

@test "records of any length are read back as written" {
	local len

	raw_setup
	for len in 1 3 511 4097; do
		equal "1 status=00 residual=0 sense= data=" "$(write_record 1 $len a5c3)"
	done
	probe_gives "2 status=00 residual=0 sense= data=" 2 cdb=010000000000
	for len in 1 3 511; do
		equal "3 status=00 residual=0 sense= data=$(repeated a5c3 $((len / 2)))$([ $((len % 2)) = 0 ] || echo a5)" \
			"$(read_record 3 $len show=512)"
	done
	matches "4 status=00 residual=0 sense= data=$(repeated a5c3 32)" "$(read_record 4 4097)"
}

@test "a record of another length is returned with ILI and the residual" {
	raw_setup
	write_record 1 60 11
	write_record 2 100 22
	probe_cmd 3 cdb=100000000100
	probe_cmd 4 cdb=010000000000
	# INFORMATION is the requested length minus the actual one
	equal "5 status=02 residual=40 sense=f00020000000280a00000000000000000000 data=$(repeated 11 60)" \
		"$(read_record 5 100)"
	equal "6 status=02 residual=0 sense=f00020ffffffd80a00000000000000000000 data=$(repeated 22 60)" \
		"$(read_record 6 60)"
	# a filemark, and the end of the data: no data at all
	equal "7 status=02 residual=60 sense=f000800000003c0a00000000000100000000 data=" \
		"$(read_record 7 60)"
	equal "8 status=02 residual=60 sense=f000080000003c0a00000000000500000000 data=" \
		"$(read_record 8 60)"
}

@test "a command transfers up to 16 MiB, and a longer one is refused" {
	raw_setup block_size=16777216
	probe_gives "1 status=00 residual=0 sense= data=" \
		1 dir=out len=16777216 cdb=0a0100000100 data=0123456789abcdef
	probe_cmd 2 cdb=010000000000
	probe_gives "3 status=00 residual=0 sense= data=$(repeated 0123456789abcdef 8)" \
		3 dir=in len=16777216 cdb=080100000100
	# two blocks of 16 MiB
	probe_gives "4 status=02 * sense=700005000000001200000000240000cf0002*" \
		4 dir=in len=33554432 cdb=080100000200
	# the handler's own limit
	attr_set devices/raw/d0/enable 0
	attr_set devices/raw/d0/max_transfer 65536
	attr_set devices/raw/d0/enable 1
	probe_ready
	matches "5 status=00 *" "$(write_record 5 65536 77)"
	matches "6 status=02 * sense=700005000000001200000000240000cf0002*" \
		"$(write_record 6 65537 77)"
	# an allocation length is only a limit
	probe_gives "7 status=00 residual=65536 sense= data=a3a3a3a3" \
		7 dir=in len=131072 show=4 cdb=a30c00000000000200000000
}

@test "without a block size, the length is the one that the transport announces" {
	raw_setup block_size=0
	probe_gives "1 status=00 residual=0 sense= data=" \
		1 dir=out len=2352 cdb=0a0100000100 data=2352
	probe_cmd 2 cdb=010000000000
	probe_gives "3 status=00 residual=0 sense= data=$(repeated 2352 32)" \
		3 dir=in len=2352 cdb=080100000100
}

# --- commands

@test "unknown commands pass to the device, with data in, data out or no data" {
	raw_setup
	tell d0 hold
	probe_request "cmd 1 dir=in len=7 cdb=c0ff02030405"
	probe_wait_held 1 backend || raw_wait d0 1
	equal '1 c0ff02030405 in 7' "$(raw_holds d0)"
	tell d0 complete 1
	probe_next "1 status=00 residual=0 sense= data=$(repeated c0 7)"
	probe_request "cmd 2 dir=out len=1000 cdb=e1000000000000000000 data=42"
	raw_wait d0 1
	equal '2 e1000000000000000000 out 1000' "$(raw_holds d0)"
	tell d0 complete next
	probe_next "2 status=00 residual=0 sense= data="
	probe_request "cmd 3 cdb=d20000000000"
	raw_wait d0 1
	equal '3 d20000000000 none 0' "$(raw_holds d0)"
	tell d0 complete next
	probe_next "3 status=00 residual=0 sense= data="
	# a service action that is in no row
	probe_request "cmd 4 dir=in len=5 cdb=a31f00000000000000050000"
	raw_wait d0 1
	tell d0 complete next
	probe_next "4 status=00 residual=0 sense= data=$(repeated a3 5)"
}

@test "a CDB of 32 bytes passes as a whole, and a truncated one is refused" {
	local cdb=7f000000000000180009000000000000000000000000000000000000000000ab

	raw_setup
	tell d0 hold
	probe_request "cmd 1 dir=in len=512 show=4 cdb=$cdb"
	raw_wait d0 1
	equal "1 $cdb in 512" "$(raw_holds d0)"
	tell d0 auto
	probe_next "1 status=00 residual=0 sense= data=7f7f7f7f"
	probe_gives "2 status=02 * sense=$(sense 05 20 00)*" \
		2 dir=in len=512 cdb="${cdb:0:62}"
	probe_gives "3 status=02 * sense=$(sense 05 20 00)*" \
		3 dir=in len=512 cdb=a90000000000
}

@test "a command with bidirectional data or an unknown direction is refused" {
	raw_setup
	tell d0 hold
	probe_gives "1 status=02 * sense=$(sense 05 0e 03)* data=" \
		1 dir=both len=512 cdb=53000000000000000100
	probe_gives "2 status=02 * sense=$(sense 05 0e 03)* data=" \
		2 dir=unknown cdb=c00000000000
	equal '' "$(raw_holds d0)"
}

@test "a read-only LUN refuses unknown commands, as they may write" {
	raw_setup
	attr_set targets/probe/t0/luns/0/read_only 1
	probe_gives "1 status=02 * sense=$(sense 06 2a 01)*" 1 $tur
	matches "2 status=02 * sense=$(sense 07 27 00)*" "$(write_record 2 3 11)"
	probe_gives "3 status=02 * sense=$(sense 07 27 00)*" 3 cdb=c00000000000
	probe_gives "4 status=00 *" 4 dir=in len=6 cdb=050000000000
	matches "5 status=02 * sense=f00008*" "$(read_record 5 3)"
}

# --- completion

@test "a device's status and sense data arrive unchanged, up to 252 bytes" {
	local sense status

	sense=72030c02000000f4$(repeated 5a 244)
	raw_setup
	tell d0 hold
	probe_request "cmd 1 dir=in len=4 cdb=c00000000000"
	raw_wait d0 1
	tell d0 complete 1 sense="$sense"
	probe_next "1 status=02 residual=4 sense=$sense data="
	# a recovered error: data and sense data
	probe_request "cmd 2 dir=in len=4 cdb=c00000000000"
	raw_wait d0 1
	tell d0 complete 2 sense=7000010000000000 sent=3
	probe_next "2 status=02 residual=1 sense=7000010000000000 data=$(repeated 00 3)"
	# GOOD with a residual and sense data
	probe_request "cmd 3 dir=in len=4 cdb=c00000000000"
	raw_wait d0 1
	tell d0 complete 3 sense=7000000000000000 status=00 sent=1
	probe_next "3 status=00 residual=3 sense=7000000000000000 data=00"
	for status in 04 08 18 28; do
		probe_request "cmd 4 $tur"
		raw_wait d0 1
		tell d0 complete 4 status=$status
		probe_next "4 status=$status residual=0 sense= data="
	done
}

@test "the residual of a write is the data that the device did not take" {
	raw_setup
	tell d0 hold
	probe_request "cmd 1 dir=out len=100 cdb=0a0000006400 data=11"
	raw_wait d0 1
	tell d0 complete 1 sense=f00040000000280a00000000000200000000 sent=60
	probe_next "1 status=02 residual=40 sense=f00040000000280a00000000000200000000 data="
}

@test "a unit attention of the device is reported once to each initiator" {
	raw_setup
	local me=$probe other

	probe_login other
	other=$probe
	probe_ready
	tell d0 hold
	probe_use "$me"
	probe_request "cmd 1 $tur"
	raw_wait d0 1
	tell d0 complete 1 sense="$(sense 06 28 01)00000000"
	probe_next "1 status=02 * sense=$(sense 06 28 01)*"
	# one that is unknown to the core, in descriptor format
	probe_request "cmd 2 $tur"
	raw_wait d0 1
	tell d0 complete 2 sense=72065a0100000000
	probe_next "2 status=02 * sense=72065a01*"
	# deferred sense data is not passed on to other initiators
	probe_request "cmd 3 $tur"
	raw_wait d0 1
	tell d0 complete 3 sense=710006000000000a00000000290000000000
	probe_result
	tell d0 auto
	probe_gives "4 status=00 *" 4 $tur
	probe_use "$other"
	probe_gives "5 status=02 * sense=$(sense 06 28 01)*" 5 $tur
	probe_gives "6 status=02 * sense=$(sense 06 5a 01)*" 6 $tur
	probe_gives "7 status=00 *" 7 $tur
}

@test "a unit attention of the device whose response is lost is reported again" {
	raw_setup
	tell d0 hold
	probe_request "cmd 1 $tur send=fail"
	raw_wait d0 1
	tell d0 complete 1 sense="$(sense 06 28 00)00000000"
	probe_next '1 undelivered'
	tell d0 auto
	probe_gives "2 status=02 * sense=$(sense 06 28 00)*" 2 $tur
	probe_gives "3 status=00 *" 3 $tur
}

@test "unit attentions that overflow the queue become POWER ON" {
	local i

	raw_setup
	for ((i = 1; i <= 24; i++)); do
		tell d0 attention "065a$(printf '%02x' "$i")"
	done
	probe_gives "1 status=02 * sense=$(sense 06 5a 01)*" 1 $tur
	tell d0 attention 065a19
	tell d0 attention 065a1a
	probe_gives "2 status=02 * sense=$(sense 06 29 00)*" 2 $tur
	probe_gives "3 status=00 *" 3 $tur
}

@test "Linux reads a short record of a tape with its data and ILI" {
	make_device raw d0
	link_lun t0 0 raw/d0
	make_target t0 i0
	sg=$(wait_for_sg t0 i0 0)
	matches '*PDT=1*' "$(sg_inq "$sg")"
	sg_turs -n 2 "$sg" || true
	head -c 60 /dev/urandom >"$BATS_TEST_TMPDIR/in"
	sg_raw -s 60 -i "$BATS_TEST_TMPDIR/in" "$sg" 0a 00 00 00 3c 00
	sg_raw "$sg" 01 00 00 00 00 00
	sg_raw -r 100 -o "$BATS_TEST_TMPDIR/out" "$sg" 08 00 00 00 64 00 \
		>"$BATS_TEST_TMPDIR/said" 2>&1 || true
	matches '*ILI*' "$(cat "$BATS_TEST_TMPDIR/said")"
	cmp -n 60 "$BATS_TEST_TMPDIR/in" "$BATS_TEST_TMPDIR/out"
}

# --- order

@test "a tape gets one command after the other, also from several initiators" {
	raw_setup
	local me=$probe

	probe_login other
	probe_ready
	tell d0 hold
	probe_request "cmd 1 dir=out len=3 cdb=0a0000000300 data=11"
	raw_wait d0 1
	probe_use "$me"
	probe_request "cmd 2 dir=out len=3 cdb=0a0000000300 data=22"
	probe_request "cmd 3 dir=out len=3 cdb=0a0000000300 data=33 ctx=softirq"
	wait_until 10 probe_is 3 admit 0 0
	equal '1 0a0000000300 out 3' "$(raw_holds d0)"
	tell d0 complete 1
	raw_wait d0 1
	equal '2 0a0000000300 out 3' "$(raw_holds d0)"
	# INQUIRY does not wait
	probe_request "cmd 4 dir=in len=36 cdb=120000002400"
	raw_wait d0 2
	tell d0 complete 4
	probe_next '4 status=00 *'
	tell d0 complete 2
	raw_wait d0 1
	tell d0 auto
	probe_answers '2 status=00' '3 status=00'
	probe_cmd 5 cdb=010000000000
	matches "6 status=00 * data=111111" "$(read_record 6 3)"
	matches "7 status=00 * data=222222" "$(read_record 7 3)"
	matches "8 status=00 * data=333333" "$(read_record 8 3)"
}

@test "a media changer gets its commands concurrently" {
	raw_setup type=08
	tell d0 hold
	probe_request "cmd 1 cdb=a50000000000000000000000"
	probe_request "cmd 2 cdb=a50000000000000000000000"
	raw_wait d0 2
	tell d0 auto
	probe_answers '1 status=00' '2 status=00'
}

# --- aborts and resets

@test "a device is notified of an aborted command, and ABORT TASK completes" {
	raw_setup
	attr_set devices/raw/d0/fence_ms 30000
	tell d0 hold
	probe_request "cmd 1 cdb=190000000000"
	raw_wait d0 1
	probe_request 'tmf 2 fn=0 ref=1'
	probe_answers '1 aborted' '2 response=0'
	equal 1 "$(raw_get d0 aborts)"
	attr_is devices/raw/d0/state active
	# the device is not notified of a command that it has not received
	probe_request "cmd 3 cdb=190000000000 hold=execute"
	probe_wait_held 3 execute
	probe_request 'tmf 4 fn=0 ref=3'
	wait_until 10 probe_is 3 execute 1 1
	probe_request "go 3"
	probe_answers '3 aborted' '4 response=0'
	equal 1 "$(raw_get d0 aborts)"
}

@test "LOGICAL UNIT RESET reaches the device, and completes after the device's reset" {
	raw_setup
	probe_log_start
	tell d0 hold
	tell d0 reset hold
	probe_request "cmd 1 cdb=190000000000"
	raw_wait d0 1
	probe_request 'tmf 2 fn=4'
	probe_next '1 aborted'
	wait_until 10 raw_is d0 resets 1
	scst_sleep 0.3
	! probe_log_has 'me 2 response' || fail "answered before that"
	probe_request "cmd 3 dir=in len=36 cdb=120000002400 hold=translate"
	probe_wait_held 3 translate
	tell d0 reset go
	probe_next '2 response=0'
	tell d0 auto
	probe_request "go 3"
	probe_next '3 status=00 *'
	probe_gives "4 status=02 * sense=$(sense 06 29 03)*" 4 $tur
}

@test "a reset that does not end fails in time, and delays no other device" {
	raw_setup
	attr_set devices/raw/d0/fence_ms 300
	make_device raw d1
	mkdir targets/probe/t0/luns/1
	ln -s devices/raw/d1 targets/probe/t0/luns/1/
	tell d0 reset hold
	probe_request 'tmf 1 fn=4'
	probe_next '1 response=4'
	probe_request 'tmf 2 fn=4 lun=0001000000000000'
	probe_next '2 response=0'
	tell d0 reset go
	attr_is devices/raw/d0/state active
}

@test "a hundred concurrent resets are at most three calls of the handler" {
	local i
	local -a answers=()

	raw_setup
	tell d0 reset hold
	for ((i = 1; i <= 100; i++)); do
		probe_request "tmf $i fn=4"
		answers+=("$i response=0")
	done
	wait_until 10 raw_is d0 resets 1
	tell d0 reset go
	probe_answers "${answers[@]}"
	# the first, and one for all that came after it had begun
	[ "$(raw_get d0 resets)" -le 3 ]
}

@test "a device is not fenced before a command's own timeout is over" {
	raw_setup
	attr_set devices/raw/d0/fence_ms 300
	tell d0 hold
	tell d0 keeps
	probe_request "cmd 1 cdb=190000000000"
	raw_wait d0 1
	tell d0 patience 1 600000
	probe_request 'tmf 2 fn=0 ref=1'
	probe_next '2 response=4'
	attr_is devices/raw/d0/state active
	# its timeout is over
	tell d0 patience 1 1
	scst_sleep 0.05
	probe_request 'tmf 3 fn=0 ref=1'
	probe_next '3 response=0'
	attr_is devices/raw/d0/state failed
	tell d0 auto
	probe_next '1 aborted'
}

@test "removing a LUN fences its device after the timeout of its command" {
	raw_setup
	attr_set devices/raw/d0/fence_ms 300
	attr_set devices/raw/d0/drain_ms 0
	tell d0 hold
	tell d0 keeps
	probe_request "cmd 1 cdb=190000000000"
	raw_wait d0 1
	start=${EPOCHREALTIME/./}
	tell d0 patience 1 2000
	remove_links targets/probe/t0/luns/0/*
	wait_until 10 attr_is devices/raw/d0/state failed
	took=$(((${EPOCHREALTIME/./} - start) / 1000))
	[ "$took" -ge 1990 ] || fail "fenced after $took ms"
	tell d0 auto
}

@test "after the loss of the backend, commands are NOT READY and INQUIRY works" {
	raw_setup
	tell d0 lost
	wait_until 10 attr_is devices/raw/d0/state waiting
	probe_gives "1 status=02 * sense=$(sense 02 04 03)*" 1 $tur
	matches "2 status=00 * data=010006* " "$(inquire 2) "
	attr_set devices/raw/d0/enable 1
	probe_ready
	matches "3 status=00 * data=018006* " "$(inquire 3) "
}

# --- buffers

@test "data in a handler's own buffers is sent even after the device is disabled" {
	make_device raw_buffers d0
	probe_target raw_buffers/d0
	probe_login me
	probe_ready
	equal "1 status=00 residual=0 sense= data=" "$(write_record 1 5000 abcd)"
	probe_cmd 2 cdb=010000000000
	probe_request "cmd 3 dir=in len=5000 cdb=080000138800 show=8 hold=send"
	probe_wait_held 3 send
	raw_is d0 buffers 1
	# the backend has completed the command: it may go
	attr_set devices/raw_buffers/d0/enable 0
	probe_request "go 3"
	probe_next "3 status=00 residual=0 sense= data=abcdabcdabcdabcd"
	attr_set devices/raw_buffers/d0/enable 1
	raw_is d0 buffers 0
}

# --- internal commands

@test "a device's own commands are counted, never queued, and aborted by a reset" {
	local before after

	raw_setup
	attr_read before /sys/class/scst_device/d0/statistics/read_commands
	tell d0 own 050000000000 in 6
	equal 'status=00 sense= data=00ffffff0001' "$(raw_get d0 own)"
	attr_read after /sys/class/scst_device/d0/statistics/read_commands
	[ "$after" -eq $((before + 1)) ]
	tell d0 own 08000000ff00 in 10
	equal "status=02 sense=f000080000000a0a00000000000500000000 data=" "$(raw_get d0 own)"
	# it does not queue behind commands that wait for each other
	tell d0 hold
	probe_request "cmd 1 cdb=190000000000"
	raw_wait d0 1
	tell d0 own 000000000000
	raw_wait d0 2
	raw_is d0 own pending
	probe_request 'tmf 2 fn=4'
	probe_answers '1 aborted' '2 response=0'
	raw_is d0 own aborted
	tell d0 own 000000000000
	raw_wait d0 1
	tell d0 own abort
	wait_until 10 raw_is d0 own aborted
}

@test "a device's own commands ignore reservations, unit attentions and log-outs" {
	raw_setup
	probe_cmd 1 cdb=160000000000
	tell d0 attention 062a01
	tell d0 own 050000000000 in 6
	equal 'status=00 sense= data=00ffffff0001' "$(raw_get d0 own)"
	probe_gives "2 status=02 * sense=$(sense 06 2a 01)*" 2 $tur
	# a unit attention that it gets is reported to the initiators
	tell d0 hold
	tell d0 own 000000000000
	raw_wait d0 1
	tell d0 complete next sense="$(sense 06 28 00)00000000"
	tell d0 auto
	probe_gives "3 status=02 * sense=$(sense 06 28 00)*" 3 $tur
	probe_logout
	tell d0 own 000000000000
	equal 'status=00 sense= data=' "$(raw_get d0 own)"
	attr_set devices/raw/d0/enable 0
}
