#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# The disks as sg3_utils see them, which are an independent implementation.
# shellcheck disable=SC2154 # standard_disks sets sg, sg_nullio and image

load lib/scst
load lib/sg

d0=devices/fileio/d0

# Exit statuses of the utilities
ILLEGAL=5
ATTENTION=6
PROTECTED=7
INVALID_OPCODE=9
MISCOMPARE=14
OUT_OF_RANGE=22
CONFLICT=24

# exits STATUS COMMAND...: sets $said to its output.
exits() {
	local wanted=$1 status=0

	shift
	said=$("$@" 2>&1) || status=$?
	equal "$wanted" "$status" "$* said '$said'"
}

# says PATTERN...: the output of the last command matches each glob.
says() {
	local pattern

	for pattern in "$@"; do
		matches "*$pattern*" "$said" || return
	done
}

# runs COMMAND...: it succeeds.
runs() {
	exits 0 "$@"
}

# The same disks for initiator i1: $other
second_initiator() {
	add_initiator t0 i1
	other=$(wait_for_sg t0 i1 0)
	wait_until 10 sg_turs "$other" 2>/dev/null
}

# hears SG TEXT: a unit attention, and then no other
hears() {
	exits $ATTENTION sg_turs -v "$1" && says "Sense key: Unit Attention" "$2" &&
		runs sg_turs "$1"
}

hears_nothing() {
	runs sg_turs "$1"
}

# data_file BLOCKS: random data. Prints the file.
data_file() {
	head -c $(($1 * 512)) /dev/urandom >"$BATS_TEST_TMPDIR/data"
	echo "$BATS_TEST_TMPDIR/data"
}

# image_has FILE LBA: the file of the disk has this data there.
image_has() {
	cmp -n "$(stat -c %s "$1")" "$1" "$image" 0 $(($2 * 512))
}

# --- identity

@test "sg_inq and sg_vpd: every page has the configured identity" {
	attr_read serial $d0/serial
	attr_read naa $d0/naa_id
	attr_read port "$scst_targets/t0/rel_tgt_id"
	runs sg_inq "$sg"
	says 'PQual=0  PDT=0' 'Vendor identification: SCST' \
		'Product identification: FILEIO' "Unit serial number: $serial"
	runs sg_inq "$sg_nullio"
	says 'Product identification: NULLIO'

	runs sg_vpd -p 0 -r "$sg"
	for page in $(sg_vpd -p 0 -r "$sg" | tail -c +5 | xxd -p -c 1); do
		runs sg_vpd -p "0x$page" "$sg"
		runs sg_inq -p "0x$page" "$sg"
	done
	runs sg_vpd -a "$sg"
	says "Unit serial number: $serial" "0x$naa" 'Block limits' \
		"Relative target port: 0x$(printf %x "$port")" "$scst_driver:t0" \
		'Non-rotating medium' 'Provisioning type: 2'
	runs sg_vpd -p bl "$sg"
	says 'Maximum transfer length: 32768 blocks'
	exits 83 sg_vpd -p 0x89 "$sg"
	runs sg_scan -i "$sg"
	says 'SCST      FILEIO' 'lun=0'
}

@test "sg_luns: the linked LUNs are listed" {
	runs sg_luns "$sg"
	says 'which imples 2 lun entries' 0000000000000000 0001000000000000
	runs sg_luns -s 1 "$sg"
	says 'which imples 1 lun entry' c101000000000000
	runs sg_luns -s 2 "$sg_nullio"
	says 'which imples 3 lun entries' c101000000000000
	exits $ILLEGAL sg_luns -s 0x55 "$sg"
}

@test "sg_readcap: the capacity is the configured one" {
	runs sg_readcap "$sg"
	says 'Number of logical blocks=131072' 'Logical block length=512 bytes' \
		'Device size: 67108864 bytes'
	runs sg_readcap -l "$sg"
	says 'Last LBA=131071' 'Logical block length=512 bytes' 'lbpme=1'
	make_device nullio d2 block_size=4096 blocks=4294967297
	link_lun t0 2 nullio/d2
	large=$(wait_for_sg t0 i0 2)
	wait_until 10 sg_turs "$large"
	runs sg_readcap --brief "$large"
	equal '0x100000001 0x1000' "${said##*$'\n'}"
	unlink_lun t0 2
	remove "$scst_targets/t0/luns/2"
	remove_device nullio/d2
	hears "$sg" 'Reported luns data has changed'
}

# --- capabilities

@test "sg_opcodes: commands and task management functions are described" {
	runs sg_opcodes "$sg"
	says ' 12                  6    0,0    Inquiry' \
		' 28                 10    0,0    Read(10)' \
		' 5f        4        10    0,0    Persistent reserve out, preempt' \
		' a0                 12    0,0    Report luns'
	runs sg_opcodes -o 0x28 "$sg"
	says 'Command is supported' 'Usage data: 28 18 ff ff ff ff 00 ff ff 04'
	runs sg_opcodes -o 0x5e,1 "$sg"
	says 'Command is supported' 'Usage data: 5e 01 '
	runs sg_opcodes -o 0xff "$sg"
	says 'Command is NOT supported'
	runs sg_opcodes -R "$sg"
	says 'Nominal'
	runs sg_opcodes -t "$sg"
	says 'Abort task
' 'Abort task set' 'Clear task set' 'Logical unit reset' 'Query task' \
		'Target reset' 'I_T nexus reset'
}

# The utility's command is refused with INVALID COMMAND OPERATION CODE where
# sg_opcodes does not list it, and only there.
@test "commands that sg_opcodes does not list, and only these, are unsupported" {
	opcodes=$(sg_opcodes "$sg")
	while read -r opcode command; do
		wanted=$INVALID_OPCODE
		[[ $opcodes != *$'\n'" $opcode "* ]] || wanted='[!9]*'
		status=0
		# shellcheck disable=SC2086 # words
		said=$($command "$sg" 2>&1) || status=$?
		matches "$wanted" "$status" "$command said '$said'"
	done <<'TEXT'
3c sg_read_buffer
3e sg_read_long
41 sg_write_same --lba=0 --num=1 --in=/dev/zero
42 sg_unmap --force --lba=0 --num=1
95 sg_rep_zones
TEXT
	exits $INVALID_OPCODE sg_raw "$sg" ff 00 00 00 00 00
}

# --- mode pages

@test "sg_modes: every page has current, changeable and default values" {
	for control in 0 1 2; do
		runs sg_modes -a -c $control "$sg"
		says 'WP=0, DpoFua=1' '00 02 00 00 00 00 02 00' \
			'Read-Write error recovery' 'Disconnect-Reconnect' 'Caching' \
			'Control' 'Informational exceptions control'
	done
	for page in 1 2 8 0xa 0x1c; do
		runs sg_modes -6 -p $page "$sg"
		says '00 02 00 00 00 00 02 00' "$(printf '\n 00     %02x ' $page)"
	done
	exits $ILLEGAL sg_modes -vv -p 8 -c 3 "$sg"
	says 'Saving parameters not supported'
	exits $ILLEGAL sg_modes -vv -p 0x2f "$sg"
	says 'Invalid field in cdb'
	runs sg_modes -p 8 "$sg_nullio"
	says 'WP=1' '00 00 08 00 00 00 02 00'
}

@test "sg_wr_mode: a changeable bit changes, the others do not" {
	second_initiator
	rest=00,00,00,00,00,00,00,00,00,00,00,00,00,00,00,00,00
	runs sg_wr_mode -p 8 -c "08,12,00,$rest" "$sg"
	runs sg_modes -p 8 "$sg"
	says ' 00     08 12 00 00'
	hears "$other" 'Mode parameters changed'
	hears_nothing "$sg"
	runs sg_wr_mode -p 8 -c "08,12,04,$rest" "$sg"
	hears "$other" 'Mode parameters changed'
	runs sg_modes -p 8 "$other"
	says ' 00     08 12 04 00'
	exits $ILLEGAL sg_wr_mode -vv -p 8 -c "08,12,05,$rest" "$sg"
	says 'Invalid field in parameter list'
	runs sg_modes -p 8 "$sg"
	says ' 00     08 12 04 00'
}

# --- data

@test "sg_dd: written data is read back, with CDBs of every length" {
	data=$(data_file 300)
	seek=1000
	for length in 6 10 12 16; do
		runs sg_dd "if=$data" "of=$sg" bs=512 bpt=64 cdbsz=$length seek=$seek
		image_has "$data" $seek
		runs sg_dd "if=$sg" "of=$data.read" bs=512 bpt=100 cdbsz=$length skip=$seek \
			count=300
		cmp "$data" "$data.read"
		seek=$((seek + 1000))
	done
	runs sg_dd "if=$data" "of=$sg" bs=512 seek=7000 fua=3
	image_has "$data" 7000
	exits $OUT_OF_RANGE sg_dd "if=$sg" of=/dev/null bs=512 skip=131000 count=100 bpt=100
	exits $PROTECTED sg_dd if=/dev/zero "of=$sg_nullio" bs=512 count=1
	says 'Write protected'
}

@test "sg_raw: data is transferred in both directions" {
	data=$(data_file 2)
	runs sg_raw -s 1024 -i "$data" "$sg" 2a 00 00 00 20 00 00 00 02 00
	image_has "$data" 8192
	runs sg_raw -r 1024 -o "$data.read" "$sg" 28 00 00 00 20 00 00 00 02 00
	cmp "$data" "$data.read"
	runs sg_raw -r 36 "$sg" 12 00 00 00 24 00
	says 'Received 36 bytes' 'SCST'
}

@test "sg_verify and sg_write_verify: data is compared with the medium" {
	data=$(data_file 8)
	runs sg_write_verify -l 500 -n 8 -i "$data" "$sg"
	image_has "$data" 500
	runs sg_write_verify -S -l 600 -n 8 -i "$data" "$sg"
	image_has "$data" 600
	runs sg_verify -l 500 -c 8 -n 4096 -i "$data" "$sg"
	runs sg_verify -S -l 600 -c 8 -n 4096 -i "$data" "$sg"
	exits $MISCOMPARE sg_verify -l 501 -c 8 -n 4096 -i "$data" "$sg"
	runs sg_verify -l 0 -c 131072 -b 1000 "$sg"
	runs sg_verify -S -l 131071 -c 1 "$sg"
	exits $OUT_OF_RANGE sg_verify -l 131071 -c 2 "$sg"
	exits $OUT_OF_RANGE sg_write_verify -l 131071 -n 8 -i "$data" "$sg"
}

@test "sg_compare_and_write: equal blocks are replaced, others are left" {
	data=$(data_file 4)
	head -c 1024 "$data" >"$data.old"
	tail -c 1024 "$data" >"$data.new"
	runs sg_dd "if=$data.old" "of=$sg" bs=512 seek=700
	caw=(sg_compare_and_write "-i$data" -n2 -x2048)
	runs "${caw[@]}" -l700 "$sg"
	image_has "$data.new" 700
	exits $MISCOMPARE "${caw[@]}" -l700 "$sg"
	image_has "$data.new" 700
	runs sg_dd "if=$data.old" "of=$sg" bs=512 seek=700
	runs "${caw[@]}" --fua --dpo -l700 "$sg"
	image_has "$data.new" 700
	exits $OUT_OF_RANGE "${caw[@]}" -l131071 "$sg"
	exits $PROTECTED "${caw[@]}" -l0 "$sg_nullio"
	runs sg_vpd -p bl "$sg"
	says 'Maximum compare and write length: 255 blocks'
}

@test "sg_sync: ranges are synchronized, and one out of range is refused" {
	runs sg_sync "$sg"
	runs sg_sync -l 10 -c 4 "$sg"
	runs sg_sync -S -l 131071 -c 1 "$sg"
	exits $OUT_OF_RANGE sg_sync -l 131072 -c 1 "$sg"
	runs sg_sync "$sg_nullio"
}

# --- states

@test "sg_turs and sg_start: a stopped disk stays ready for all initiators" {
	second_initiator
	runs sg_turs -n 100 "$sg"
	says 'Completed 100 Test Unit Ready commands with 0 errors'
	runs sg_start --stop "$sg"
	for initiator in "$sg" "$other"; do
		runs sg_turs "$initiator"
		runs sg_dd "if=$initiator" of=/dev/null bs=512 count=1
	done
	runs sg_start --start "$other"
	runs sg_start --pc=1 "$sg"
	exits $ILLEGAL sg_start --eject "$sg"
	exits $ILLEGAL sg_start --pc=3 "$sg"
	runs sg_turs "$sg"
}

@test "sg_requests, sg_senddiag, sg_prevent: the disk is healthy" {
	runs sg_requests "$sg"
	says 'Fixed format, current; Sense key: No Sense'
	runs sg_requests -d "$sg"
	says 'Descriptor format, current; Sense key: No Sense'
	runs sg_senddiag -t "$sg"
	says 'Default self-test returned GOOD status'
	exits $ILLEGAL sg_senddiag -s 1 "$sg"
	runs sg_prevent "$sg"
	runs sg_prevent --allow "$sg"
	exits $ILLEGAL sg_prevent -p 3 "$sg"
}

@test "sg_reset: affected initiators get one unit attention, and I/O goes on" {
	second_initiator
	data=$(data_file 64)
	runs sg_dd "if=$data" "of=$sg" bs=512
	for kind in -d -t -b; do
		runs sg_reset -N $kind "$sg"
		hears "$other" 'Bus device reset function occurred'
		hears "$sg" 'Bus device reset function occurred'
		runs sg_dd "if=$sg" "of=$data.read" bs=512 count=64
		cmp "$data" "$data.read"
	done
	runs sg_reset -N -H "$sg"
	hears_nothing "$other"
	hears "$sg" 'I_T nexus loss occurred'
	# without -N, so that the initiator may escalate
	runs sg_reset -d "$sg"
	runs sg_requests "$other"
	says 'Sense key: Unit Attention' 'Bus device reset function occurred'
	hears_nothing "$other"
	hears "$sg" 'Bus device reset function occurred'
	runs sg_dd "if=$sg" "of=$data.read" bs=512 count=64
	cmp "$data" "$data.read"
}

# --- reservations

# pr STATUS SG ARGUMENTS...
pr() {
	local wanted=$1 device=$2

	shift 2
	exits "$wanted" sg_persist -n "$@" "$device"
}

# Frees the disk of earlier reservations, and registers both initiators.
two_registrants() {
	second_initiator
	pr 0 "$sg" -o -I -S abc
	pr 0 "$sg" -o -C -K abc
	wait_until 5 sg_turs "$other" 2>/dev/null
	pr 0 "$sg" -o -G -S abc
	pr 0 "$other" -o -G -S def
}

writes() { # STATUS SG
	exits "$1" sg_raw -s 512 -i /dev/zero "$2" 2a 00 00 00 00 00 00 00 01 00
}

reads() {
	exits "$1" sg_raw -r 512 -o /dev/null "$2" 28 00 00 00 00 00 00 00 01 00
}

@test "sg_persist: registrations are made, listed and removed" {
	two_registrants
	pr 0 "$other" -i -k
	says '2 registered reservation keys' 0xabc 0xdef
	pr 0 "$sg" -i -r
	says 'there is NO reservation held'
	pr $CONFLICT "$sg" -o -G -K 1 -S 2
	pr 0 "$sg" -o -I -S 123
	pr 0 "$sg" -i -k
	says 0x123 0xdef
	pr 0 "$sg" -i -s
	says 'Key=0x123' 'Key=0xdef' 'not reservation holder' \
		"Relative port address: 0x$(printf %x "$(<"$scst_targets/t0/rel_tgt_id")")"
	pr 0 "$sg" -i -c
	says 'Type Mask Valid(TMV): 1' 'Write Exclusive: 1' 'Exclusive Access: 1' \
		'Write Exclusive, all registrants: 1' \
		'Exclusive Access, registrants only: 1'
	pr 0 "$sg" -o -G -K 123 -S 0
	pr 0 "$sg" -i -k
	says '1 registered reservation key follows' 0xdef
	pr 0 "$other" -o -G -K def -S 0
	pr 0 "$sg" -i -k
	says 'there are NO registered reservation keys'
}

@test "sg_persist: reservations of types 3, 5 and 8 conflict as defined" {
	two_registrants
	for type in 3 5 8; do
		pr 0 "$sg" -o -R -K abc -T $type
		pr 0 "$other" -i -r
		# no key, for all registrants hold it
		case $type in
		8) says 'Key=0x0' ;;
		*) says 'Key=0xabc' ;;
		esac
		pr 0 "$other" -i -s
		says '<< Reservation holder >>'
		writes 0 "$sg"
		reads 0 "$sg"
		# Type 3 excludes other registrants, too.
		case $type in
		3) writes $CONFLICT "$other" ;;
		*) writes 0 "$other" ;;
		esac
		case $type in
		3) reads $CONFLICT "$other" ;;
		*) reads 0 "$other" ;;
		esac
		pr 0 "$sg" -o -L -K abc -T $type
		case $type in
		3) hears_nothing "$other" ;;
		*) hears "$other" 'Reservations released' ;;
		esac
		writes 0 "$other"
	done
	pr 0 "$sg" -o -C -K abc
	hears "$other" 'Reservations preempted'
	hears_nothing "$sg"
}

@test "sg_persist: reservations are preempted and cleared" {
	two_registrants
	pr 0 "$sg" -o -R -K abc -T 1
	pr $CONFLICT "$other" -o -R -K def -T 1
	pr 0 "$other" -o -L -K def -T 1
	writes $CONFLICT "$other"
	pr 0 "$other" -o -P -K def -S abc -T 3
	hears "$sg" 'Registrations preempted'
	writes $CONFLICT "$sg"
	reads $CONFLICT "$sg"
	pr 0 "$sg" -i -r
	says 'Key=0xdef' 'type: Exclusive Access'
	pr 0 "$sg" -o -G -S abc
	pr 0 "$sg" -o -A -K abc -S def -T 5
	hears "$other" 'Registrations preempted'
	pr 0 "$sg" -i -k
	says '1 registered reservation key follows' 0xabc
	pr 0 "$sg" -i -r
	says 'Key=0xabc' 'type: Write Exclusive, registrants only'
	writes $CONFLICT "$other"
	reads 0 "$other"
	pr 0 "$sg" -o -C -K abc
	writes 0 "$other"
	pr 0 "$sg" -i -k
	says 'there are NO registered reservation keys'
	hears_nothing "$other"
}

@test "a persistent reservation survives resets" {
	two_registrants
	pr 0 "$sg" -o -R -K abc -T 3
	for kind in -d -t -H; do
		runs sg_reset -N $kind "$other"
		wait_until 5 sg_turs "$other" 2>/dev/null
		wait_until 5 sg_turs "$sg" 2>/dev/null
		writes $CONFLICT "$other"
		writes 0 "$sg"
	done
	pr 0 "$sg" -o -C -K abc
	hears "$other" 'Reservations preempted'
}
