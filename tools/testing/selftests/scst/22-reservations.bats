#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# Persistent reservations, SPC-5 5.14, and RESERVE and RELEASE.

load lib/scst
load lib/probe
load lib/pr

read_1='dir=in len=512 cdb=28000000000000000100'
write_1='dir=out len=512 cdb=2a000000000000000100'
turn='cdb=000000000000'

setup() {
	scst_up
	make_device nullio d0 size=1M
	probe_target nullio/d0
	pr_ports_are a b c
}

@test "REGISTER requires the registered key, REGISTER AND IGNORE takes any" {
	as a
	pr_keys_are 0
	pr_register 18 1 2
	pr_register 00 0 0
	pr_keys_are 0
	pr_register 00 0 a
	pr_keys_are 1 a
	pr_register 18 0 b
	pr_register 18 b c
	pr_register 00 a b
	pr_keys_are 2 b
	as b
	pr_out 00 6 0 77 c
	pr_keys_are 3 b c
	pr_out 00 6 0 0 d
	pr_keys_are 4 b d
	pr_out 00 6 0 5 0
	pr_keys_are 5 b
	as a
	pr_register 00 b 0
	pr_keys_are 6
	pr_hears_nothing a b c
}

@test "other service actions require a registration and its key" {
	for action in 1 2 3 4 5 7; do
		as b
		pr_out 18 $action 1 0 0
		pr_out 18 $action 1 1 1
	done
	as a
	pr_register 00 0 a
	for action in 1 2 3 4 5 7; do
		pr_out 18 $action 1 b a
	done
	pr_keys_are 1 a
	pr_reservation_is none
}

@test "invalid parameters are refused" {
	as a
	pr_register 00 0 a
	# Invalid types, a scope, lengths, a service action and flags
	for type in 00 02 04 09 0f; do
		pr_cdb 1 $((16#$type))
		expect_sense 05 24 00 "$pr_out" data=000000000000000a
	done
	pr_cdb 1 $((16#11))
	expect_sense 05 24 00 "$pr_out" data=000000000000000a
	pr_cdb 0 0 16
	expect_sense 05 1a 00 "$pr_out" data=000000000000000a
	pr_cdb 0 0 25
	expect_sense 05 1a 00 "$pr_out" data=000000000000000a
	pr_cdb 31 0
	expect_sense 05 24 00 "$pr_out" data=000000000000000a
	pr_out 02 6 0 a a 8
	matches '*sense=7000050*2600*' "$reply"
	pr_keys_are 1 a
}

@test "each type of reservation has its holder, conflicts and unit attentions" {
	pr_register_each 0 a b c
	for type in 1 3 5 6 7 8; do
		as a
		pr_reserve 00 $type a
		pr_reserve 00 $type a
		pr_reserve 18 $((type == 1 ? 3 : 1)) a
		[ $type -lt 7 ] && key=a || key=0
		pr_reservation_is $type "$key"
		as b
		# All registrants hold a reservation of types 7 and 8.
		pr_reserve "$([ $type -lt 7 ] && echo 18 || echo 00)" $type b
		if [ $type -lt 7 ]; then
			pr_release 00 $type b
			pr_reservation_is $type "$key"
			as a
		fi
		pr_out 02 2 $((type == 1 ? 3 : 1)) "$([ $type -lt 7 ] && echo a || echo b)" 0
		matches '*sense=7000050*2604*' "$reply"
		pr_release 00 $type "$([ $type -lt 7 ] && echo a || echo b)"
		pr_reservation_is none
		case $type in
		1 | 3) pr_hears_nothing a b c ;;
		5 | 6) pr_hears 2a 04 b c && pr_hears_nothing a ;;
		*) pr_hears 2a 04 a c && pr_hears_nothing b ;;
		esac
	done
	pr_keys_are 3 a b c
}

@test "unregistering the holder, or the last registrant, ends the reservation" {
	for type in 1 5 7; do
		pr_register_each 0 a b
		as a
		pr_reserve 00 $type a
		pr_register 00 a 0
		case $type in
		1) pr_hears_nothing b ;;
		5) pr_hears 2a 04 b ;;
		7) as b && pr_reservation_is 7 0 && pr_hears_nothing b ;;
		esac
		as b
		pr_register 00 b 0
		pr_reservation_is none
	done
	pr_hears_nothing a b c
}

@test "CLEAR removes the reservation and all registrations" {
	pr_register_each 0 a b
	as a
	pr_reserve 00 3 a
	as b
	pr_clear 00 b
	pr_keys_are 3
	pr_reservation_is none
	pr_hears 2a 03 a
	pr_hears_nothing b c
}

@test "PREEMPT removes registrations, and takes over their reservation" {
	pr_register_each 0 a b c
	# An unregistered key, and key zero
	as a
	pr_preempt 18 1 a f
	pr_out 02 4 1 a 0
	matches '*sense=7000050*2600*' "$reply"
	# A key that is only registered: the type does not matter
	pr_reserve 00 1 a
	as b
	pr_preempt 00 9 b c
	pr_keys_are 4 a b
	pr_reservation_is 1 a
	pr_hears 2a 05 c
	pr_hears_nothing a b
	# The key of the reservation's holder
	as c
	pr_register 00 0 c
	as b
	pr_out 02 4 9 b a
	pr_preempt 00 6 b a
	pr_keys_are 6 b c
	pr_reservation_is 6 b
	pr_hears 2a 05 a
	pr_hears 2a 04 c
	# The holder's own key: the type changes
	as b
	pr_preempt 00 6 b b
	pr_hears_nothing b c
	as b
	pr_preempt 00 8 b b
	pr_keys_are 8 b c
	pr_reservation_is 8 0
	pr_hears 2a 04 c
	# A reservation of all registrants: one key, and then key zero, which removes all others
	as a
	pr_register 00 0 a
	as c
	pr_preempt 00 1 c a
	pr_keys_are 10 b c
	pr_reservation_is 8 0
	pr_hears 2a 05 a
	as c
	pr_preempt 00 1 c 0
	pr_keys_are 11 c
	pr_reservation_is 1 c
	pr_hears 2a 05 b
	pr_hears_nothing a c
}

@test "PREEMPT AND ABORT aborts commands in flight before it is answered" {
	as a
	pr_register 00 0 a
	pr_reserve 00 1 a
	echo "cmd 7 $write_1 data=11 data=hold" >&"$probe"
	as c
	echo "cmd 8 $read_1" >&"$probe"
	probe_next '8 status=00 *'
	as b
	pr_register 00 0 b
	pr_cdb 5 3
	echo "cmd 9 $pr_out data=000000000000000b000000000000000a0000000000000000" >&"$probe"
	# It has taken effect, and waits for the aborted command.
	as c
	wait_until 5 pr_reservation_is 3 b 2>/dev/null
	as a
	echo "go 7" >&"$probe"
	probe_next '7 aborted'
	as b
	probe_next '9 status=00 *'
	pr_reservation_is 3 b
	pr_hears 2a 05 a
	as a
	expect_status 18 "$write_1"
}

@test "a PREEMPT AND ABORT that is aborted by another one ends in time" {
	as a
	pr_register 00 0 a
	echo "cmd 7 $write_1 data=11 data=hold" >&"$probe"
	pr_register_each 0 b c
	# b aborts a's write, c aborts b.
	as b
	pr_reserve 00 1 b
	pr_cdb 5 3
	echo "cmd 8 $pr_out data=000000000000000b000000000000000a0000000000000000" >&"$probe"
	as a
	wait_until 5 pr_keys_are 4 b c 2>/dev/null
	as c
	echo "cmd 9 $pr_out data=000000000000000c000000000000000b0000000000000000" >&"$probe"
	as a
	wait_until 5 pr_reservation_is 3 c 2>/dev/null
	# RELEASE takes the lock under which the commands were aborted.
	send cdb=170000000000
	start=$SECONDS
	echo "go 7" >&"$probe"
	probe_next '7 aborted'
	as b
	probe_next '8 aborted'
	as c
	probe_next '9 status=00 *'
	[ $((SECONDS - start)) -lt 5 ]
}

# pr_list STATUS KEY FLAGS NAME...: REGISTER with key 10 for all of these ports
pr_list() {
	local wanted=$1 key=$2 flags=$3 ids='' name len

	shift 3
	for name in "$@"; do
		ids+=$(tid "$name")
	done
	len=$((${#ids} / 2))
	pr_cdb 0 0 $((28 + len))
	expect_status "$wanted" "$pr_out" \
		"data=$(printf '%016x%016x00000000%02x000000%08x%s' "0x$key" 10 "$flags" $len "$ids")"
}

@test "REGISTER registers other ports with SPEC_I_PT, all ports with ALL_TG_PT" {
	mkdir -p targets/probe/t1
	as a
	pr_list 00 0 8 b
	pr_keys_are 1 a a
	as b
	pr_register 18 0 b
	pr_register 00 a b
	# A port that is registered already, or one without a name: nothing changes.
	as c
	pr_list 18 0 8 b
	pr_cdb 0 0 52
	expect_status 02 "$pr_out" \
		"data=0000000000000000000000000000000a0000000008000000000000180f000014$(printf '%040d' 0)"
	pr_keys_are 2 a b
	# Through both targets, with ALL_TG_PT
	pr_register 00 0 c 4
	pr_keys_are 3 a b c c
	pr_register 00 c d
	pr_keys_are 4 a b d c
	pr_register 00 d 0 4
	pr_keys_are 5 a b
	as a
	pr_list 02 a 8 c
}

@test "READ FULL STATUS lists keys, the holder, ports and TransportIDs" {
	as a
	pr_list 00 0 8 g
	pr_reserve 00 5 a
	pr_in 3
	local port
	port=$(printf '%04x' "$(cat targets/probe/t0/rel_tgt_id)")
	equal "$(printf '%08x%08x' 1 96)$(printf '%016x00000000%s00000000%s%08x%s' 10 0105 "$port" 24 "$(tid a)")" \
		"${data:0:112}"
	equal "$(printf "%016x00000000%s00000000%s%08x%s" 10 0000 "$port" 24 "$(tid g)")" "${data:112:96}"
}

@test "REPORT CAPABILITIES returns the supported flags and types" {
	as a
	pr_in 2
	equal 00089da0ea010000 "${data:0:16}"
}

@test "REGISTER AND MOVE moves the reservation to another port" {
	local port
	port=$(cat targets/probe/t0/rel_tgt_id)
	as a
	pr_register 00 0 a
	pr_move 02 a b 0 "$port" b
	pr_reserve 00 1 a
	pr_move 02 a 0 0 "$port" b
	pr_move 02 a b 0 "$port" a
	pr_move 00 a b 0 "$port" b
	pr_keys_are 2 a b
	pr_reservation_is 1 b
	expect_status 18 "$write_1"
	as b
	expect_status 00 "$write_1"
	pr_move 00 b c 2 "$port" c
	pr_keys_are 3 a c
	pr_reservation_is 1 c
	as c
	pr_release 00 1 c
	pr_reserve 00 7 c
	pr_move 18 c d 0 "$port" a
	pr_hears_nothing a b c
}

@test "registrations and reservations survive log-outs and changes of group" {
	mkdir -p targets/probe/t0/groups/g/luns/5
	ln -s devices/nullio/d0 targets/probe/t0/groups/g/luns/5/
	as a
	pr_register 00 0 a
	pr_reserve 00 3 a
	probe_logout
	wait_until 10 eval '[ ! -d targets/probe/t0/sessions/a ]'
	as b
	expect_status 18 "$read_1"
	pr_ports_are a
	pr_reservation_is 3 a
	expect_status 00 "$write_1"
	# The same device, behind another LUN
	mkdir targets/probe/t0/groups/g/initiators/b
	as b
	expect_sense 06 29 00 "$turn lun=0005000000000000"
	send "$turn lun=0005000000000000"
	expect_status 18 "$read_1 lun=0005000000000000"
	mkdir targets/probe/t0/groups/g/initiators/a
	as a
	send "$turn lun=0005000000000000"
	send "$turn lun=0005000000000000"
	expect_status 00 "$write_1 lun=0005000000000000"
}

@test "RESERVE of a LUN survives when its session moves and keeps the LUN" {
	mkdir -p targets/probe/t0/groups/g/luns/0
	ln -s devices/nullio/d0 targets/probe/t0/groups/g/luns/0/
	as a
	expect_status 00 cdb=160000000000
	for change in mkdir rmdir; do
		$change targets/probe/t0/groups/g/initiators/a
		as b
		expect_status 18 "$read_1"
		as a
		expect_status 00 "$read_1"
	done
}

@test "RESERVE is exclusive until RELEASE, log-out or reset" {
	for reserve in 160000000000 56000000000000000000; do
		release=${reserve:0:1}$((${reserve:1:1} + 1))${reserve:2}
		as a
		expect_status 00 cdb=$reserve
		expect_status 00 cdb=$reserve
		expect_status 00 "$write_1"
		as b
		expect_status 18 cdb=$reserve
		expect_status 18 "$read_1"
		expect_status 00 "cdb=$release"
		expect_status 18 "$turn"
		as a
		expect_status 00 "cdb=$release"
		as b
		expect_status 00 "$read_1"
	done
	# RESERVE and persistent reservations exclude each other.
	as a
	expect_status 00 cdb=160000000000
	pr_register 18 0 a
	expect_status 18 'dir=in len=512 cdb=5e000000000000020000'
	probe_logout
	as b
	wait_until 10 expect_status 00 "$turn" 2>/dev/null
	pr_ports_are a
	expect_status 00 cdb=160000000000
	as b
	expect_status 18 "$read_1"
	echo "tmf 5 fn=4" >&"$probe"
	probe_next '5 response=0'
	probe_ready
	expect_status 00 "$read_1"
	as a
	probe_ready
	pr_register 00 0 a
	expect_status 18 cdb=160000000000
	pr_reserve 00 5 a
	expect_status 00 cdb=160000000000
	expect_status 00 cdb=170000000000
	pr_reservation_is 5 a
	as b
	expect_status 18 cdb=160000000000
	expect_status 18 cdb=170000000000
}

@test "commands conflict with reservations as the tables of the standards say" {
	as a
	expect_status 00 cdb=160000000000
	pr_matrix b 0
	as a
	expect_status 00 cdb=170000000000
	pr_register_each 0 a b
	for type in 1 3 5 6 7 8; do
		as a
		pr_reserve 00 $type a
		pr_matrix a -
		case $type in
		1) pr_matrix b 1 && pr_matrix c 1 ;;
		3) pr_matrix b 2 && pr_matrix c 2 ;;
		5 | 7) pr_matrix b 3 && pr_matrix c 4 ;;
		6 | 8) pr_matrix b 3 && pr_matrix c 5 ;;
		esac
		as a
		pr_release 00 $type a
		for port in b c; do
			as $port
			probe_ready
		done
	done
}

@test "the conflict tables cover every reported command" {
	as a
	send 'dir=in len=4096 show=1024 cdb=a30c00000000000010000000'
	data=${reply#*data=}
	count=$((16#${data:0:8} / 8))
	for ((n = 0; n < count; n++)); do
		one=${data:$((8 + 16 * n)):16}
		code=${one:0:2}
		case $code in
		16 | 17 | 56 | 57 | 5f) continue ;;
		esac
		[ $((16#${one:10:2} & 1)) -eq 0 ] || code+=${one:6:2}
		[[ "${pr_commands[*]}" == *"cdb=$code"* ]] || fail "no $code"
	done
	[ "$count" -gt 40 ]
}

@test "sg_persist registers, reserves and preempts on real disks" {
	requires sg_persist
	make_target l x y
	link_lun l 0 nullio/d0
	x=$(wait_for_disk l x 0)
	y=$(wait_for_disk l y 0)
	sg_persist --out --register --param-sark=0x1 "$x"
	sg_persist --out --reserve --param-rk=0x1 --prout-type=1 "$x"
	dd if=/dev/zero of="$x" bs=4k count=1 oflag=direct conv=nocreat
	expect EBADE dd if=/dev/zero of="$y" bs=4k count=1 oflag=direct conv=nocreat \
		status=none
	dd if="$y" of=/dev/null bs=4k count=1 iflag=direct
	sg_persist --out --register --param-sark=0x2 "$y"
	sg_persist --out --preempt --param-rk=0x2 --param-sark=0x1 --prout-type=1 "$y"
	dd if=/dev/zero of="$y" bs=4k count=1 oflag=direct conv=nocreat
	run sg_persist --in --read-full-status "$y"
	matches '*Key=0x2*' "$output"
	[[ $output != *Key=0x1* ]]
	sg_persist --out --clear --param-rk=0x2 "$y"
}
