#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# Log pages: LOG SENSE, LOG SELECT, and what the counters count.
# shellcheck disable=SC2046 # the bytes of a CDB are words
# shellcheck disable=SC2154,SC2030,SC2031 # the libraries set reply and fs; a test is a subshell

load lib/scst
load lib/sg
load lib/vdisk
load lib/probe
load lib/pr

setup() {
	scst_up
}

teardown() {
	local status=0

	probe_logout_all
	scst_down || status=1
	fs_down || status=1
	return "$status"
}

list_length='Illegal Request: Parameter list length error: Command: byte 7 bit 7'
not_changed='Illegal Request: Invalid field in parameter list: Data parameters'

# log_disk [ATTRIBUTE=VALUE...]: 64 MiB of fileio with nothing allocated. Sets $image and $sg.
log_disk() {
	image=$BATS_TEST_TMPDIR/image
	truncate -s 64M "$image"
	sg=$(sg_of "$(export_disk fileio "path=$image" "$@")")
}

# log PAGE [SUBPAGE [POINTER [LENGTH]]]: the CDB of LOG SENSE, current cumulative values
log() {
	local pointer=${3-0} length=${4-256}

	printf '4d 00 %02x %s 00 %02x %02x %02x %02x 00' $((0x40 | 0x$1)) "${2-00}" \
		$((pointer >> 8)) $((pointer & 255)) $((length >> 8)) $((length & 255))
}

# select_log BYTE1 BYTE2 [SUBPAGE [LENGTH]]: the CDB of LOG SELECT
select_log() {
	printf '4c %s %s %s 00 00 00 00 %s 00' "$1" "$2" "${3-00}" "${4-00}"
}

# errors_are SG WRITE READ VERIFY: the numbers in the pages of error counters
errors_are() {
	local page

	for page in 02 03 05; do
		good -r 256 "$1" $(log $page) || return
		equal "00 06 22 08 00 00 00 00 00 00 00 $(printf %02x "$2")" "${data[*]:4}" \
			"page $page" || return
		set -- "$1" "${@:3}"
	done
}

# resource CODE: a parameter of the page 0Ch in the array data, number of blocks
resource() {
	local at

	for ((at = 4; at < ${#data[@]}; at += 12)); do
		[ "${data[*]:at:2}" != "00 $1" ] || printf '%d\n' "0x$(printf %s "${data[@]:at+4:4}")"
	done
}

# used_is BLOCKS: the file behind $sg uses these, and its file system has what statfs() returns.
used_is() {
	good -r 256 "$sg" $(log 0c) && equal "$1" "$(resource 02)" 'used blocks' &&
		equal "$(stat -f -c %a "$fs")" "$(resource 01)" 'available blocks'
}

# A second initiator of target t0, with nothing pending. Sets $other.
other_initiator() {
	add_initiator t0 i1
	other=$(wait_for_sg t0 i1 0)
	wait_until 10 sg_turs "$other" 2>/dev/null
}

# --- LOG SENSE

@test "log pages match the golden files" {
	log_disk
	for page in 00 02 03 05 0c 10 2f; do
		golden log-$page -r 512 "$sg" $(log $page 00 0 512)
	done
	golden log-00-ff -r 256 "$sg" $(log 00 ff)
}

@test "each log page and subpage is returned, or refused if it is not listed" {
	pr_device_on
	attr_set targets/probe/t0/enable 1
	probe_login me
	take_attentions
	send dir=in len=255 show=255 cdb=4d0040ff00000000ff00
	list=" $(fold -w 4 <<<"${reply#*data=}" | tail -n +3 | xargs) "
	equal ' 0000 00ff 0200 0300 0500 1000 2f00 ' "$list"
	for subpage in 00 01 ff; do
		for page in {0..63}; do
			printf -v code %02x "$page"
			printf -v cdb '4d00%02x%s00000000ff00' $((0x40 | page)) $subpage
			send dir=in len=255 show=255 "cdb=$cdb"
			case $list in
			*" $code$subpage "*) equal 00 "$scsi_status" "$code $subpage: $reply" ;;
			*" ${code}00 "*) matches '*sense=700005*2400*cf0003*' "$reply" ;;
			*) matches '*sense=700005*2400*cd0002*' "$reply" ;;
			esac
		done
	done
	pr_device_off
}

@test "LOG SENSE refuses pages, values and parameters that do not exist" {
	log_disk
	refused 'byte 1 bit 0' -r 64 "$sg" 4d 01 40 00 00 00 00 00 40 00
	refused 'byte 1 bit 1' -r 64 "$sg" 4d 02 40 00 00 00 00 00 40 00
	refused 'byte 4 bit 7' -r 64 "$sg" 4d 00 40 00 80 00 00 00 40 00
	refused 'byte 2 bit 5' -r 64 "$sg" $(log 0d)
	refused 'byte 2 bit 5' -r 64 "$sg" $(log 3f ff)
	refused 'byte 3 bit 7' -r 64 "$sg" $(log 2f 01)
	# thresholds and default thresholds of counters
	refused 'byte 2 bit 7' -r 64 "$sg" 4d 00 03 00 00 00 00 00 40 00
	refused 'byte 2 bit 7' -r 64 "$sg" 4d 00 83 00 00 00 00 00 40 00
	# PARAMETER POINTER behind the last parameter
	refused 'byte 5 bit 7' -r 64 "$sg" $(log 03 00 7)
	refused 'byte 5 bit 7' -r 64 "$sg" $(log 0c 00 3)
	refused 'byte 5 bit 7' -r 64 "$sg" $(log 2f 00 1)
	refused 'byte 5 bit 7' -r 64 "$sg" $(log 00 00 1)
}

@test "PARAMETER POINTER leaves the parameters before it out" {
	log_disk
	good -r 256 "$sg" $(log 0c 00 2)
	equal '8c 00 00 0c 00 02' "${data[*]:0:6}"
	equal 16 ${#data[@]}
	returns '83 00 00 0c 00 06 22 08 00 00 00 00 00 00 00 00' -r 64 "$sg" $(log 03 00 6)
	# PC does not matter to lists.
	returns '82 00 00 0c 00 06 22 08 00 00 00 00 00 00 00 00' -r 64 "$sg" \
		4d 00 c2 00 00 00 00 00 40 00
	returns 'af 00 00 08 00 00 23 04 00 00 ff ff' -r 64 "$sg" 4d 00 2f 00 00 00 00 00 40 00
}

@test "log data is cut to the allocation length, its length field is not" {
	log_disk
	returns 'af 00 00 08' -r 4 "$sg" $(log 2f 00 0 4)
	returns '8c 00 00 18 00' -r 5 "$sg" $(log 0c 00 0 5)
	returns '' "$sg" $(log 2f 00 0 0)
}

# --- thin provisioning

@test "page 0Ch has the blocks that the file uses, and those that its file system has" {
	fs_make 24M
	truncate -s 16M "$fs/file"
	sg=$(sg_of "$(export_disk fileio "path=$fs/file" block_size=4096)")
	before=$(($(stat -c %b "$fs/file") / 8))
	used_is "$before"
	good -s 65536 -i /dev/zero "$sg" 2a 00 00 00 00 40 00 00 10 00
	good "$sg" 35 00 00 00 00 00 00 00 00 00
	used_is $((before + 16))
	data_out '00 16 00 10 00 00 00 00 00 00 00 00 00 00 00 40 00 00 00 08 00 00 00 00' \
		"$sg" 42 00 00 00 00 00 00 00 18 00
	equal Good "$answer"
	used_is $((before + 8))
}

@test "a disk has no page 0Ch if it is fully provisioned, or nobody knows" {
	log_disk thin=0
	returns '80 00 00 06 00 02 03 05 10 2f' -r 64 "$sg" $(log 00)
	refused 'byte 2 bit 5' -r 64 "$sg" $(log 0c)
	make_device nullio d1 size=1M
	link_lun t0 1 nullio/d1
	other=$(wait_for_sg t0 i0 1)
	wait_until 10 sg_turs "$other" 2>/dev/null
	returns '80 00 00 06 00 02 03 05 10 2f' -r 64 "$other" $(log 00)
	refused 'byte 2 bit 5' -r 64 "$other" $(log 0c)
}

# --- error counters

@test "reads, writes and verifications that failed are counted, each in its page" {
	fs_make 24M
	file=$(fs_file file 8388608)
	sg=$(sg_of "$(export_disk fileio "path=$file" direct=1)")
	errors_are "$sg" 0 0 0
	fs_break "$file" 803 1
	equal 'Medium Error: Unrecovered read error: 803' "$(read_10 "$sg" 700 256)"
	errors_are "$sg" 0 1 0
	equal 'Medium Error: Write error: 803' "$(write_10 "$sg" 700 256 new)"
	equal 'Medium Error: Write error: 803' "$(write_10 "$sg" 803 1 new)"
	errors_are "$sg" 2 1 0
	matches 'Medium Error: *' "$(sense_of "$sg" 2f 00 00 00 03 00 00 00 40 00)"
	errors_are "$sg" 2 1 1
	fs_repair
	# Neither a difference nor a refusal is an error of the medium.
	head -c 512 /dev/urandom >"$BATS_TEST_TMPDIR/random"
	matches 'Miscompare: *' "$(verify_10 "$sg" 500 1 1 "$BATS_TEST_TMPDIR/random")"
	matches 'Illegal Request: *' "$(read_10 "$sg" 16384 1)"
	errors_are "$sg" 2 1 1
}

@test "a loss of cached writes is counted once, not once for each initiator" {
	fs_make 24M
	file=$(fs_file file 8388608)
	sg=$(sg_of "$(export_disk fileio "path=$file" block_size=4096)")
	other_initiator
	fs_break "$file" 800 8
	equal Good "$(write_10 "$sg" 100 1 lost 4096)"
	equal 'Hardware Error: Write error' "$(sync_10 "$sg")"
	fs_repair
	equal 'Hardware Error: Write error' "$(sync_10 "$other")"
	errors_are "$sg" 1 0 0
	errors_are "$other" 1 0 0
}

# --- LOG SELECT

# A disk on which a write and a read have failed. Sets $sg and $other.
worn_disk() {
	fs_make 24M
	file=$(fs_file file 8388608)
	sg=$(sg_of "$(export_disk fileio "path=$file" direct=1)")
	other_initiator
	fs_break "$file" 803 1
	matches 'Medium Error: *' "$(read_10 "$sg" 803 1)"
	matches 'Medium Error: *' "$(write_10 "$sg" 803 1 new)"
	fs_repair
	errors_are "$sg" 1 1 0
}

@test "LOG SELECT resets the selected counters, and tells other initiators once" {
	worn_disk
	changed='Unit Attention: Log parameters changed'
	# no reset: thresholds, current values; a page without counters; one that is zero already
	for select in '00 00' '00 80' '00 40' '02 6f' '02 45' '02 40 ff'; do
		# shellcheck disable=SC2086
		good "$sg" $(select_log $select)
	done
	good "$other" 00 00 00 00 00 00
	errors_are "$sg" 1 1 0
	good "$sg" $(select_log 02 43)
	ends "$changed" scsi "$other" 00 00 00 00 00 00
	errors_are "$sg" 1 0 0
	# PC for default cumulative values, page 02h and its subpages
	good "$sg" $(select_log 00 c2 ff)
	ends "$changed" scsi "$other" 00 00 00 00 00 00
	errors_are "$sg" 0 0 0
	good "$other" 00 00 00 00 00 00
	good "$sg" 00 00 00 00 00 00
}

@test "LOG SELECT of page 00h resets all counters" {
	worn_disk
	good "$sg" $(select_log 02 40)
	errors_are "$sg" 0 0 0
	# A page with a value of its own is not the default one.
	good -r 64 "$sg" 4d 00 c2 00 00 00 00 00 40 00
}

@test "LOG SELECT refuses to save, to change parameters, and pages that do not exist" {
	log_disk
	refused 'byte 1 bit 0' "$sg" $(select_log 03 40)
	refused 'byte 2 bit 5' "$sg" $(select_log 02 4d)
	refused 'byte 3 bit 7' "$sg" $(select_log 02 42 01)
	empty='02 00 00 00'
	ends 'Illegal Request: Invalid field in cdb: Command: byte 1 bit 1' \
		data_out "$empty" "$sg" $(select_log 02 40 00 04)
	ends 'Illegal Request: Invalid field in cdb: Command: byte 2 bit 5' \
		data_out "$empty" "$sg" $(select_log 00 42 00 04)
	ends 'Illegal Request: Invalid field in cdb: Command: byte 3 bit 7' \
		data_out "$empty" "$sg" $(select_log 00 40 ff 04)
	# pages without parameters change nothing, in ascending order
	ends Good data_out "$empty 03 00 00 00 2f 00 00 00" "$sg" $(select_log 00 40 00 0c)
	ends "$not_changed: byte 4 bit 5" data_out "03 00 00 00 $empty" "$sg" $(select_log 00 40 00 08)
	ends "$not_changed: byte 4 bit 5" data_out "$empty 0d 00 00 00" "$sg" $(select_log 00 40 00 08)
	ends "$not_changed: byte 1 bit 7" data_out '02 01 00 00' "$sg" $(select_log 00 40 00 04)
	counter='03 00 00 0c 00 06 02 08 00 00 00 00 00 00 00 01'
	ends "$not_changed: byte 4 bit 7" data_out "$counter" "$sg" $(select_log 00 40 00 10)
	ends "$list_length" data_out "${counter% 01}" "$sg" $(select_log 00 40 00 0f)
	ends "$list_length" data_out '02 00 00' "$sg" $(select_log 00 40 00 03)
	errors_are "$sg" 0 0 0
}

# --- other implementations

@test "sg_logs and sg_vpd decode every page, and smartctl finds a healthy disk" {
	log_disk
	output=$(sg_logs -a "$sg")
	for line in 'Supported log pages *' 'Write error counter page *' 'Read error counter page *' \
		'Verify error counter page *' '*Total uncorrected errors = 0' \
		'Logical block provisioning page *' '*Used LBA mapping*resource count: 0' \
		'Informational Exceptions page *' '*IE asc = 0x0, ascq = 0x0'; do
		matches "*$line*" "$output"
	done
	sg_logs -p 0,0xff "$sg"
	output=$(sg_vpd -a "$sg")
	for line in '*HEADSUP=1 ORDSUP=1 SIMPSUP=1*' '*V_SUP=1*' '*LUICLR=1*' '*FUAB=1*VBULS=1*' \
		'*Policy page code: 0x3f,*Policy: shared*'; do
		matches "*$line*" "$output"
	done
	requires smartctl
	output=$(smartctl -a "$sg")
	for line in 'SMART Health Status:*OK' 'Error counter log:' 'No Self-tests have been logged'; do
		matches "*$line*" "$output"
	done
}
