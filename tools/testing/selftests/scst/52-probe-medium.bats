#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# scst_probe's medium completes commands when and as a test wants, and its log keeps the order of
# events. Other tests rely on both.

load lib/scst
load lib/probe
: "${probe=}" # of lib/probe

# write_block TAG LBA BYTE: without waiting for the result
write_block() {
	probe_request "cmd $1 dir=out len=512 cdb=2a000000$(printf '%04x' "$2")00000100 data=$3"
}

# block_is LBA BYTES
block_is() {
	probe_gives "* status=00 * data=$2" \
		99 dir=in len=512 show=4 "cdb=28000000$(printf '%04x' "$1")00000100"
}

medium_setup() {
	make_device probe d0
	probe_target probe/d0
	probe_login me
	probe_ready
}

@test "written data is read back, also after the device was disabled and enabled" {
	medium_setup
	write_block 1 0 11
	write_block 2 2047 22
	probe_result
	probe_result
	block_is 0 11111111
	block_is 2047 22222222
	block_is 1 00000000
	attr_set devices/probe/d0/enable 0
	[ ! -e "$probe_root/devices/d0" ]
	attr_set devices/probe/d0/enable 1
	probe_ready
	block_is 2047 22222222
}

@test "commands reach the medium in order of arrival, and complete in any order" {
	medium_setup
	medium d0 hold
	write_block 1 7 11
	write_block 2 7 22
	probe_request cmd 3 dir=in len=512 show=4 cdb=28000000000700000100
	probe_request cmd 4 cdb=35000000000000000000
	probe_wait_held 4 medium
	equal "$(printf '%s\n' '1 write 7 1' '2 write 7 1' '3 read 7 1' '4 sync 0 2048')" \
		"$(medium_holds d0)"
	probe_is 2 medium 1 0
	expect ENOENT medium d0 complete 5
	expect EINVAL medium d0 complete
	medium d0 complete 2
	probe_next '2 status=00 *'
	medium d0 complete next ctx=softirq
	probe_next '1 status=00 *'
	# the data is that of the last write to complete
	medium d0 complete 3 ctx=hardirq
	probe_next '3 status=00 * data=11111111'
	medium d0 auto
	probe_next '4 status=00 *'
	equal '' "$(medium_holds d0)"
	block_is 7 11111111
}

@test "the medium completes a command with the given status or sense data" {
	medium_setup
	medium d0 hold
	write_block 1 7 11
	medium d0 complete 1 sense=030c00
	probe_next "1 status=02 * sense=$(sense 03 0c 00)* data="
	write_block 2 7 22
	medium d0 complete next status=08
	probe_next '2 status=08 *'
	medium d0 auto
	block_is 7 00000000
}

@test "the medium can complete a command after its initiator has logged out" {
	local late

	medium_setup
	late=$probe
	medium d0 hold
	write_block 1 7 11
	probe_request logout
	wait_until 5 probe_is 1 medium 1 1
	wait_until 5 eval '[ ! -d targets/probe/t0/sessions/me ]'
	# The same initiator logs in again.
	probe_login me
	medium d0 auto
	probe_ready
	probe_use "$late"
	probe_next '1 aborted'
	probe_logout
}

@test "the log lists events in order, with their initiators and devices" {
	medium_setup
	one=$probe
	probe_login two
	probe_ready
	two=$probe
	probe_log_start
	write_block 2 3 22
	probe_next '2 status=00 *'
	probe_request cmd 3 cdb=000000000000 hold=check
	probe_wait_held 3 check
	probe_use "$one"
	equal '4 response=0' "$(probe_request tmf 4 fn=1 && probe_result)"
	probe_use "$two"
	probe_request go 3
	probe_logout
	probe_use "$one"
	equal "$(printf '%s\n' 'two 2 submit' 'two 2 data received' 'd0 2 write 3 1' \
		'd0 2 complete 00' 'two 2 status 00' 'two 3 submit' 'two 3 held check' \
		'me 4 tmf 1' 'me 4 response 0' 'two 3 go' 'two 3 status 00' \
		'two - logout' 'two - gone')" "$(probe_log)"
	echo 0 >"$probe_root/log"
	probe_gives '5 status=00 *' 5 cdb=000000000000
	matches '*two - gone' "$(probe_log)"
	probe_log_start
	equal '' "$(probe_log)"
}

# hears PORT SENSE...: these unit attentions, in this order, and then none
hears() {
	local wanted

	probe_use "$1"
	shift
	for wanted in "$@"; do
		probe_gives "* status=02 *sense=70??06??????????????????$wanted*" \
			1 cdb=000000000000 || return
	done
	probe_gives '* status=00 *' 1 cdb=000000000000
}

@test "a backend's unit attentions reach each initiator once, in order" {
	medium_setup
	me=$probe
	probe_login other
	other=$probe
	probe_ready
	for what in soft_threshold microcode soft_threshold access_state; do
		echo "$what" >devices/probe/d0/attention
	done
	# New microcode comes first, like a reset.
	hears "$me" 3f01 3807 2a06
	hears "$other" 3f01 3807 2a06
	expect EINVAL attr_write devices/probe/d0/attention nonsense
	hears "$me"
}
