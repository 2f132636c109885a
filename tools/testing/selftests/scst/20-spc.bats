#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# Commands that all devices have, as an initiator sees them.
# shellcheck disable=SC2046,SC2086 # the bytes of a CDB are words
# shellcheck disable=SC2154 # standard_disks sets sg, sg_nullio and image

load lib/scst
load lib/sg

inquiry='12 00 00 00 ff 00'
mode_sense='1a 00 3f 00 ff 00'
caching='08 12 04 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00'
control='0a 0a 00 10 00 00 00 00 00 00 00 00'
exceptions='1c 0a 08 00 00 00 00 00 00 00 00 00'

# vpd PAGE [LENGTH]: the CDB
vpd() {
	printf '12 01 %s %02x %02x 00' "$1" $((${2-512} >> 8)) $((${2-512} & 255))
}

# mode_select DEVICE PAGE...: without block descriptor
mode_select() {
	local list="00 00 00 00 ${*:2}" length

	printf -v length %02x $(((${#list} + 1) / 3))
	data_out "$list" "$1" 15 10 00 00 "$length" 00
}

# has_page DEVICE PAGE: the page has these current values.
has_page() {
	good -r 255 "$1" 1a 08 "${2%% *}" 00 ff 00 &&
		equal "$2" "${data[*]:4}" "mode page"
}

# has_wp DEVICE BYTE: the device-specific parameter
has_wp() {
	good -r 255 "$1" $mode_sense && equal "$2" "${data[2]}" 'write protection'
}

# A second initiator of target t0, with nothing pending. Sets $other.
other_initiator() {
	add_initiator t0 i1
	other=$(wait_for_sg t0 i1 0)
	until scsi "$other" 00 00 00 00 00 00 && [ "$answer" = Good ]; do
		matches 'Unit Attention: *' "$answer"
	done
}

@test "INQUIRY and VPD pages match the golden files" {
	golden inquiry -r 512 "$sg" $inquiry
	for page in 00 80 86 87 b0 b1 b2 b7; do
		golden "vpd-$page" -r 512 "$sg" $(vpd $page)
	done
	golden "vpd-83-$scst_driver" -r 512 "$sg" $(vpd 83)
}

@test "INQUIRY has the vendor, product and revision that were set, filled with blanks" {
	own_objects
	make_device nullio d0 size=1M vendor=Vendor product='A product, set' revision=2.0
	link_lun t0 0 nullio/d0
	make_target t0 i0
	good -r 36 "$(wait_for_sg t0 i0 0)" 12 00 00 00 24 00
	equal 'Vendor  A product, set  2.0 |' "$(printf '%b' "$(printf '\\x%s' "${data[@]:8}")")|"
}

@test "INQUIRY data is cut to the allocation length, its length field is not" {
	returns '00 00 06 32 45' -r 5 "$sg" 12 00 00 00 05 00
	# The name of the target port has that of the driver in it.
	returns "00 83 00 $(printf %02x $((35 + ${#scst_driver})))" -r 4 "$sg" $(vpd 83 4)
	returns '' "$sg" 12 00 00 00 00 00
	# The allocation length exceeds the page.
	returns '00 b2 00 04 00 e4 02 00' -r 512 "$sg" $(vpd b2)
}

@test "INQUIRY refuses unsupported pages and bits" {
	refused 'byte 2 bit 7' -r 96 "$sg" 12 00 80 00 60 00
	refused 'byte 2 bit 7' -r 96 "$sg" 12 01 84 00 60 00
	refused 'byte 1 bit 1' -r 96 "$sg" 12 02 00 00 60 00
}

@test "identifiers differ between devices and machines, and survive a reload" {
	good -r 512 "$sg_nullio" $(vpd 83)
	other_id=${data[*]}
	good -r 64 "$sg" $(vpd 80 64)
	serial=${data[*]}
	good -r 512 "$sg" $(vpd 83)
	id=${data[*]}
	[ "$id" != "$other_id" ]

	reload system_id=elsewhere
	standard_disks
	good -r 64 "$sg" $(vpd 80 64)
	[ "$serial" != "${data[*]}" ]
	good -r 512 "$sg" $(vpd 83)
	[ "$id" != "${data[*]}" ]

	reload
	standard_disks
	returns "$serial" -r 64 "$sg" $(vpd 80 64)
	returns "$id" -r 512 "$sg" $(vpd 83)
}

@test "REPORT LUNS lists LUNs in ascending order, each in its addressing format" {
	own_objects
	make_device nullio d5 size=1M
	link_lun t0 5 nullio/d5
	make_target t0 i0
	device=$(wait_for_sg t0 i0 5)
	lun_is_gone t0 i0 0
	equal 0005000000000000 "$(sg_luns -q "$device" | tr -d ' ')"
	for lun in 16383 256 255 0; do
		make_device nullio d$lun size=1M
		link_lun t0 $lun nullio/d$lun
	done
	all='0000000000000000 0005000000000000 00ff000000000000 4100000000000000 7fff000000000000'
	for select in 0 0x11; do
		equal "$all" "$(sg_luns -q -s $select "$device" | tr -d ' ' | xargs)" "select $select"
	done
	equal "$all c101000000000000" "$(sg_luns -q -s 2 "$device" | tr -d ' ' | xargs)"
	equal c101000000000000 "$(sg_luns -q -s 1 "$device" | tr -d ' ' | xargs)"
	for select in 10 12; do
		returns '00 00 00 00 00 00 00 00' \
			-r 64 "$device" a0 00 $select 00 00 00 00 00 00 40 00 00
	done
	for lun in 0 255 256 16383; do
		wait_for_sg t0 i0 $lun
	done
}

@test "REPORT LUNS returns the full list length even if the list is cut" {
	returns '00 00 00 10 00 00 00 00 00 00 00 00 00 00 00 00' \
		-r 16 "$sg" a0 00 00 00 00 00 00 00 00 10 00 00
	refused 'byte 6 bit 7' -r 15 "$sg" a0 00 00 00 00 00 00 00 00 0f 00 00
	refused 'byte 2 bit 7' -r 64 "$sg" a0 00 03 00 00 00 00 00 00 40 00 00
	refused 'byte 2 bit 7' -r 64 "$sg" a0 00 13 00 00 00 00 00 00 40 00 00
}

@test "REPORT SUPPORTED OPERATION CODES matches the golden files" {
	golden opcodes -r 1024 "$sg" a3 0c 00 00 00 00 00 00 04 00 00 00
	golden opcodes-timeouts -r 2048 "$sg" a3 0c 80 00 00 00 00 00 08 00 00 00
}

@test "every reported operation code is supported" {
	good -r 1024 "$sg" a3 0c 00 00 00 00 00 00 04 00 00 00
	list=("${data[@]:4}")
	equal $((66 * 8)) ${#list[@]}
	zeroes=(00 00 00 00 00 00 00 00 00 00 00 00 00 00)
	for ((i = 0; i < ${#list[@]}; i += 8)); do
		length=$((16#${list[i + 7]}))
		scsi -r 512 "$sg" "${list[i]}" "${list[i + 3]}" "${zeroes[@]:0:length - 2}"
		[[ $answer != *'Invalid command operation code' ]]
		[ "${list[i + 5]}" != 01 ] || [[ $answer != *': byte 1 bit 4' ]]
	done
}

@test "a single command is reported with its CDB usage data" {
	returns '00 03 00 0a 28 18 ff ff ff ff 00 ff ff 04' \
		-r 64 "$sg" a3 0c 01 28 00 00 00 00 00 40 00 00
	returns '00 03 00 0a 28 18 ff ff ff ff 00 ff ff 04' \
		-r 64 "$sg" a3 0c 03 28 00 00 00 00 00 40 00 00
	returns '00 83 00 06 00 00 00 00 00 04 00 0a 00 00 00 00 00 00 00 00 00 00' \
		-r 64 "$sg" a3 0c 81 00 00 00 00 00 00 40 00 00
	returns '00 03 00 10 9e 10 00 00 00 00 00 00 00 00 ff ff ff ff 00 04' \
		-r 64 "$sg" a3 0c 02 9e 00 10 00 00 00 40 00 00
	for sa in '00 11' '01 10'; do
		returns '00 01 00 00' -r 64 "$sg" a3 0c 02 9e $sa 00 00 00 40 00 00
	done
	returns '00 01 00 00' -r 64 "$sg" a3 0c 01 c0 00 00 00 00 00 40 00 00
	returns '00 01 00 00' -r 64 "$sg" a3 0c 03 28 00 01 00 00 00 40 00 00
}

@test "REPORT SUPPORTED OPERATION CODES refuses invalid parameters" {
	# a service action that is missing, and one too many; reserved values
	refused 'byte 2 bit 2' -r 64 "$sg" a3 0c 01 9e 00 00 00 00 00 40 00 00
	refused 'byte 2 bit 2' -r 64 "$sg" a3 0c 02 28 00 00 00 00 00 40 00 00
	refused 'byte 2 bit 2' -r 64 "$sg" a3 0c 04 28 00 00 00 00 00 40 00 00
	refused 'byte 1 bit 4' -r 64 "$sg" a3 1f 00 00 00 00 00 00 00 40 00 00
}

@test "REPORT SUPPORTED TASK MANAGEMENT FUNCTIONS has a short and a long format" {
	returns 'fe 07 00 00' -r 64 "$sg" a3 0d 00 00 00 00 00 00 00 40 00 00
	returns 'fe 07 00 0c 00 00 00 00 00 00 00 00 00 00 00 00' \
		-r 64 "$sg" a3 0d 80 00 00 00 00 00 00 40 00 00
	refused 'byte 6 bit 7' -r 3 "$sg" a3 0d 00 00 00 00 00 00 00 03 00 00
}

@test "MODE SENSE data matches the golden files" {
	golden mode-current -r 255 "$sg" $mode_sense
	golden mode-changeable -r 255 "$sg" 1a 00 7f 00 ff 00
	# The current values are still the defaults.
	golden mode-current -r 255 "$sg" 1a 00 bf 00 ff 00
	golden mode-current -r 255 "$sg" 1a 00 3f ff ff 00
	golden mode-10-long -r 255 "$sg" 5a 10 3f 00 00 00 00 00 ff 00
}

@test "MODE SENSE returns single pages, with or without block descriptor" {
	returns '0f 00 10 00 0a 0a 00 10 00 00 00 00 00 00 00 00' -r 255 "$sg" 1a 08 0a 00 ff 00
	returns '00 12 00 10 00 00 00 00 0a 0a 00 10 00 00 00 00 00 00 00 00' \
		-r 255 "$sg" 5a 18 0a ff 00 00 00 00 ff 00
	returns '17 00 10 08' -r 4 "$sg" 1a 00 0a 00 04 00
	refused 'byte 2 bit 5' -r 255 "$sg" 1a 00 07 00 ff 00
	refused 'byte 3 bit 7' -r 255 "$sg" 1a 00 0a 01 ff 00
	ends 'Illegal Request: Saving parameters not supported' \
		scsi -r 255 "$sg" 1a 00 ca 00 ff 00
}

@test "MODE SELECT of the caching page turns the write cache off and on" {
	ends Good mode_select "$sg" "${caching/ 04/ 00}"
	has_page "$sg" "${caching/ 04/ 00}"
	# The default value does not change.
	returns "17 00 10 00 $caching" -r 255 "$sg" 1a 08 88 00 ff 00
	ends Good mode_select "$sg" "$caching"
	has_page "$sg" "$caching"
	disk=$(wait_for_disk t0 i0 0)
	type=$(echo /sys/block/"${disk#/dev/}"/device/scsi_disk/*/cache_type)
	echo 'write through' >"$type"
	equal 'write through' "$(cat "$type")"
	has_page "$sg" "${caching/ 04/ 00}"
	echo 'write back' >"$type"
	has_page "$sg" "$caching"
}

@test "WCE is zero and cannot be changed on a disk without a cache" {
	has_page "$sg_nullio" "${caching/ 04/ 00}"
	bad_parameter 'byte 6 bit 2' mode_select "$sg_nullio" "$caching"
	has_page "$sg_nullio" "${caching/ 04/ 00}"
}

@test "SWP stops writes, and D_SENSE selects descriptor format sense data" {
	head -c 512 /dev/urandom >"$BATS_TEST_TMPDIR/block"
	write="-s 512 -i $BATS_TEST_TMPDIR/block $sg 2a 00 00 00 00 00 00 00 01 00"
	has_wp "$sg" 10
	ends Good mode_select "$sg" "${control/00 10 00/00 10 08}"
	has_wp "$sg" 90
	ends 'Data Protect: Write protected' scsi $write
	good -r 512 "$sg" 28 00 00 00 00 00 00 00 01 00
	ends Good mode_select "$sg" "${control/00 10 00/04 10 00}"
	good $write
	matches '*Descriptor format*byte 2 bit 7*' \
		"$(sg_raw -r 96 "$sg" 12 00 80 00 60 00 2>&1)"
	ends Good mode_select "$sg" "$control"
	matches '*Fixed format*' "$(sg_raw -r 96 "$sg" 12 00 80 00 60 00 2>&1)"
}

@test "MODE SELECT of the control page accepts only values of the standard" {
	# TST, QUEUE ALGORITHM MODIFIER, QERR, UA_INTLCK_CTRL, TAS: byte of the page, an invalid
	# value, valid values
	for row in '2:40:20' '3:20:00' '3:14:12 16' '4:10:20 30' '5:80:40'; do
		IFS=: read -r byte bad values <<<"$row"
		read -r -a page <<<"$control"
		for value in $values; do
			page[byte]=$value
			ends Good mode_select "$sg" "${page[*]}"
			has_page "$sg" "${page[*]}"
		done
		page[byte]=$bad
		mode_select "$sg" "${page[*]}"
		matches "*parameter list: Data parameters: byte $((byte + 4)) bit *" "$answer"
		ends Good mode_select "$sg" "$control"
	done
}

@test "MODE SELECT changes the informational exceptions page, but refuses TEST" {
	new='1c 0a 00 06 00 00 00 00 00 00 00 00'
	ends Good mode_select "$sg" "$new"
	has_page "$sg" "$new"
	bad_parameter 'byte 7 bit 3' mode_select "$sg" "${new/ 06/ 07}"
	# TEST would have to cause an exception.
	bad_parameter 'byte 6 bit 2' mode_select "$sg" "${new/0a 00/0a 04}"
	has_page "$sg" "$new"
	ends Good mode_select "$sg" "$exceptions"
}

@test "MODE SELECT takes effect as a whole or not at all" {
	bad="${caching/ 04/ 05}"
	bad_parameter 'byte 18 bit 0' mode_select "$sg" "${control/00 10 00/00 10 08}" "$bad"
	has_page "$sg" "$control"
	ends Good mode_select "$sg" "${control/00 10 00/04 10 00}" "${caching/ 04/ 00}" \
		"${exceptions/ 08/ 00}"
	has_page "$sg" "${control/00 10 00/04 10 00}"
	has_page "$sg" "${caching/ 04/ 00}"
	has_page "$sg" "${exceptions/ 08/ 00}"
	# A reset of the logical unit brings the defaults back.
	sg_reset -d "$sg"
	scsi "$sg" 00 00 00 00 00 00
	matches 'Unit Attention: *' "$answer"
	golden mode-current -r 255 "$sg" $mode_sense
}

@test "MODE SELECT refuses unsupported pages and wrong lengths" {
	bad_parameter 'byte 4 bit 5' mode_select "$sg" 07 0a 00 00 00 00 00 00 00 00 00 00
	bad_parameter 'byte 4 bit 6' mode_select "$sg" "4${control#?}"
	bad_parameter 'byte 4 bit 7' mode_select "$sg" "8${control#?}"
	bad_parameter 'byte 5 bit 7' mode_select "$sg" "0a 09 ${control#0a 0a }"
	short='Illegal Request: Parameter list length error: Command: byte 4 bit 7'
	ends "$short" mode_select "$sg" "${control% 00}"
	ends "$short" mode_select "$sg" 0a
	ends "$short" data_out '00 00 00' "$sg" 15 10 00 00 03 00
	has_page "$sg" "$control"
}

@test "MODE SELECT requires PF and refuses SP" {
	ends Good data_out "00 00 00 00" "$sg" 15 10 00 00 04 00
	good "$sg" 15 10 00 00 00 00
	good "$sg" 55 10 00 00 00 00 00 00 00 00
	parameters="00 00 00 00 $control"
	ends 'Illegal Request: Invalid field in cdb: Command: byte 1 bit 4' \
		data_out "$parameters" "$sg" 15 00 00 00 10 00
	ends 'Illegal Request: Invalid field in cdb: Command: byte 1 bit 0' \
		data_out "$parameters" "$sg" 15 11 00 00 10 00
	bad_parameter 'byte 1 bit 7' data_out "00 01 00 00 $control" "$sg" 15 10 00 00 10 00
	ends Good data_out "00 00 00 00 00 00 00 00 $control" "$sg" \
		55 10 00 00 00 00 00 00 14 00
}

@test "MODE SELECT accepts a block descriptor that changes nothing" {
	select='15 10 00 00 0c 00'
	ends Good data_out '00 00 00 08 00 02 00 00 00 00 02 00' "$sg" $select
	ends Good data_out '00 00 00 08 00 00 00 00 00 00 02 00' "$sg" $select
	bad_parameter 'byte 5 bit 0' \
		data_out '00 00 00 08 00 03 00 00 00 00 02 00' "$sg" $select
	bad_parameter 'byte 10 bit 4' \
		data_out '00 00 00 08 00 02 00 00 00 00 10 00' "$sg" $select
	bad_parameter 'byte 3 bit 7' \
		data_out '00 00 00 04 00 02 00 00 00 00 02 00' "$sg" $select
	ends 'Illegal Request: Parameter list length error: Command: byte 4 bit 7' \
		data_out '00 00 00 08 00 02' "$sg" 15 10 00 00 06 00
	long='00 00 00 00 00 02 00 00 00 00 00 00 00 00 02 00'
	ends Good data_out "00 00 00 00 01 00 00 10 $long" "$sg" \
		55 10 00 00 00 00 00 00 18 00
}

@test "changed mode parameters are reported once to each other initiator" {
	other_initiator
	ends Good mode_select "$sg" "$control"
	good "$other" 00 00 00 00 00 00
	ends Good mode_select "$sg" "${exceptions/ 08/ 00}"
	good "$sg" 00 00 00 00 00 00
	# INQUIRY and REPORT LUNS do not report it.
	good -r 36 "$other" 12 00 00 00 24 00
	good -r 64 "$other" a0 00 00 00 00 00 00 00 00 40 00 00
	ends 'Unit Attention: Mode parameters changed' scsi "$other" 00 00 00 00 00 00
	good "$other" 00 00 00 00 00 00
	ends Good mode_select "$sg" "$exceptions"
}

@test "REQUEST SENSE returns the pending unit attention, in either format" {
	other_initiator
	returns '70 00 00 00 00 00 00 0a 00 00 00 00 00 00 00 00 00 00' \
		-r 252 "$sg" 03 00 00 00 fc 00
	returns '72 00 00 00 00 00 00 00' -r 252 "$sg" 03 01 00 00 fc 00
	ends Good mode_select "$other" "${exceptions/ 08/ 00}"
	returns '72 06 2a 01 00 00 00 00' -r 252 "$sg" 03 01 00 00 fc 00
	returns '72 00 00 00 00 00 00 00' -r 252 "$sg" 03 01 00 00 fc 00
	good "$sg" 00 00 00 00 00 00
	ends Good mode_select "$other" "$exceptions"
	returns '70 00 06 00 00 00 00 0a 00 00 00 00 2a 01 00 00 00 00' \
		-r 18 "$sg" 03 00 00 00 12 00
}

@test "write protection of device and LUN is in MODE SENSE data and stops writes" {
	lun=$scst_targets/t0/luns/0
	has_wp "$sg" 10
	attr_set $lun/read_only 1
	for device in "$sg" "$sg_nullio"; do
		has_wp "$device" 90
		ends 'Data Protect: Write protected' scsi -s 512 -i /dev/zero "$device" \
			2a 00 00 00 00 00 00 00 01 00
		good -r 512 "$device" 28 00 00 00 00 00 00 00 01 00
	done
	attr_set $lun/read_only 0
	has_wp "$sg" 10
	good -s 512 -i /dev/zero "$sg" 2a 00 00 00 00 00 00 00 01 00
}

@test "SEND DIAGNOSTIC runs the default self-test and no other" {
	sg_senddiag -t "$sg"
	good "$sg" 1d 00 00 00 00 00
	good "$sg" 1d 07 00 00 00 00
	# a self-test code; a parameter list
	refused 'byte 1 bit 5' "$sg" 1d 20 00 00 00 00
	refused 'byte 4 bit 2' "$sg" 1d 10 00 00 04 00
}

@test "RECEIVE DIAGNOSTIC RESULTS has only the list of supported pages" {
	returns '00 00 00 01 00' -r 512 "$sg" 1c 01 00 02 00 00
	returns '00 00 00 01 00' -r 512 "$sg" 1c 00 00 02 00 00
	returns '00 00' -r 2 "$sg" 1c 01 00 00 02 00
	refused 'byte 2 bit 7' -r 512 "$sg" 1c 01 3f 02 00 00
}

@test "READ BUFFER returns what the same initiator has written to the echo buffer" {
	own_objects
	export_disk nullio size=1M
	disk=$(wait_for_sg t0 i0 0)
	other_initiator
	returns '01 00 02 00' -r 4 "$disk" 3c 0b 00 00 00 00 00 00 04 00
	ends Good data_out '11 22 33 44 55' "$disk" 3b 0a 07 00 00 01 00 00 05 00
	ends Good data_out '66 77' "$other" 3b 0a 00 00 00 00 00 00 02 00
	returns '11 22 33 44 55' -r 512 "$disk" 3c 0a 00 00 00 00 00 02 00 00
	returns '66 77' -r 512 "$other" 3c 0a 00 00 00 00 00 02 00 00
	ends Good data_out '88' "$disk" 3b 0a 00 00 00 00 00 00 01 00
	returns '88' -r 512 "$disk" 3c 0a 00 00 00 00 00 02 00 00
	good -s 512 -i /dev/zero "$disk" 3b 0a 00 00 00 00 00 02 00 00
	good -r 512 "$disk" 3c 0a 00 00 00 00 00 02 00 00
	equal 512 ${#data[@]}
}

@test "WRITE BUFFER and READ BUFFER refuse other modes, and data that was not written" {
	own_objects
	export_disk nullio size=1M
	disk=$(wait_for_sg t0 i0 0)
	ends 'Illegal Request: Command sequence error' \
		scsi -r 512 "$disk" 3c 0a 00 00 00 00 00 02 00 00
	returns '00 00 00 00' -r 4 "$disk" 3c 03 00 00 00 00 00 00 04 00
	refused 'byte 1 bit 4' -r 4 "$disk" 3c 02 00 00 00 00 00 00 04 00
	refused 'byte 1 bit 4' -s 512 -i /dev/zero "$disk" 3b 05 00 00 00 00 00 02 00 00
	refused 'byte 6 bit 7' -s 1024 -i /dev/zero "$disk" 3b 0a 00 00 00 00 00 04 00 00
}

# timestamp_is DEVICE MS ORIGIN: within a minute
timestamp_is() {
	local hex

	good -r 512 "$1" a3 0f 00 00 00 00 00 00 02 00 00 00
	equal "00 0a $3 00" "${data[*]:0:4}"
	printf -v hex %s "${data[@]:4:6}"
	[ $((16#$hex - $2)) -ge 0 ] && [ $((16#$hex - $2)) -lt 60000 ]
}

@test "the timestamp is this machine's until an initiator sets it" {
	own_objects
	export_disk nullio size=1M
	disk=$(wait_for_sg t0 i0 0)
	other_initiator
	timestamp_is "$disk" "${EPOCHREALTIME:0:10}000" 03
	good "$disk" a4 0f 00 00 00 00 00 00 00 00 00 00
	timestamp_is "$disk" "${EPOCHREALTIME:0:10}000" 03
	ends 'Illegal Request: Parameter list length error: Command: byte 6 bit 7' \
		data_out '00 00 00 00 00 00 00 00 00 00 00' "$disk" a4 0f 00 00 00 00 00 00 00 0b 00 00
	ends Good data_out '00 00 00 00 00 12 34 56 78 9a 00 00' "$disk" a4 0f 00 00 00 00 00 00 00 0c 00 00
	timestamp_is "$disk" $((0x123456789a)) 02
	ends 'Unit Attention: Timestamp changed' scsi "$other" 00 00 00 00 00 00
	good "$disk" 00 00 00 00 00 00
}

@test "REPORT ALIASES returns an empty list" {
	returns '00 00 00 04 00 00 00 00' -r 512 "$sg" a3 0b 00 00 00 00 00 00 02 00 00 00
}

@test "unsupported operation codes and fields are refused with a field pointer" {
	ends 'Illegal Request: Invalid command operation code' scsi "$sg" c0 00 00 00 00 00
	refused 'byte 1 bit 4' -r 32 "$sg" 9e 11 00 00 00 00 00 00 00 00 00 00 00 20 00 00
	# NACA is the only supported bit of CONTROL.
	refused 'byte 5 bit 1' "$sg" 00 00 00 00 00 02
	refused 'byte 5 bit 6' "$sg" 00 00 00 00 00 40
	good "$sg" 00 00 00 00 00 04
	refused 'byte 1 bit 5' "$sg" 00 20 00 00 00 00
	good "$sg" 00 00 00 00 00 00
}
