#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# Visibility of LUNs: groups, patterns, rights, and changes of them while initiators are logged in

load lib/scst
load lib/probe
: "${probe=}" # of lib/probe

target=targets/probe/t0
groups=$target/groups

# devices NAME...: nullio disks of 1 MiB
devices() {
	local name

	for name in "$@"; do
		make_device nullio "$name" size=1M || return
	done
}

# lun MAP N DEVICE: DEVICE becomes LUN N of a luns directory
lun() {
	mkdir -p "$1/$2" && ln -s "devices/nullio/$3" "$1/$2/"
}

unlun() {
	find "$1" -type l -delete
}

# group NAME DEVICE...: group NAME sees the devices as LUNs 0 and up
group() {
	local map=$groups/$1/luns n=0

	mkdir -p "$groups/$1"
	shift
	while [ $# -gt 0 ]; do
		lun "$map" $((n++)) "$1" || return
		shift
	done
}

# port NAME: logs in, and takes the unit attentions on LUN 0.
port() {
	probe_login "$1" && hear >/dev/null
}

# hear: takes the unit attentions on LUN 0; prints how often REPORTED LUNS DATA HAS
# CHANGED was among them.
hear() {
	local count=0 result

	while result=$(tur) && [[ $result == *sense=700006* ]]; do
		[[ $result != *sense=$(sense 06 3f 0e)* ]] || count=$((count + 1))
	done
	echo $count
}

# luns_are N...: REPORT LUNS of $probe lists these, at most 7.
luns_are() {
	local n list=

	for n in "$@"; do
		list+=$(printf '%04x000000000000' $((n < 256 ? n : n | 0x4000)))
	done
	matches "* status=00 * data=$(printf '%08x' $(($# * 8)))00000000$list" \
		"$(probe_cmd 9 dir=in len=$((8 + $# * 8)) \
			"cdb=a00000000000$(printf '%08x' 256)0000")" "LUNs $*"
}

# ready [LUN]: TEST UNIT READY is good
ready() {
	matches '* status=00 *' "$(tur "$@")"
}

# attention ASC ASCQ [LUN]
attention() {
	matches "* status=02 * sense=$(sense 06 "$1" "$2")*" "$(tur "${3-0}")"
}

tur() {
	probe_cmd 8 "lun=$(printf '%04x000000000000' "${1-0}")" cdb=000000000000
}

# write_block: prints the result of writing a block to LUN 0
write_block() {
	probe_cmd 7 dir=out len=512 cdb=2a000000000000000100 data=00
}

explained() {
	local said

	attr_set $target/explain "$1" && attr_read said $target/explain &&
		equal "$2" "${said%%$'\n'*}" "$said"
}

@test "initiators of one target see the devices of their groups, read-only or not" {
	for name in Da Db Dc; do
		truncate -s 8M "$BATS_TEST_TMPDIR/$name"
		make_device fileio $name "path=$BATS_TEST_TMPDIR/$name"
	done
	t=$scst_targets/t0
	mkdir -p "$t"/groups/{A,B} "$t"/groups/A/{initiators/A,luns/0,luns/1} \
		"$t"/groups/B/{initiators/B,luns/0,luns/1}
	ln -s devices/fileio/Da "$t"/groups/A/luns/0/
	ln -s devices/fileio/Db "$t"/groups/A/luns/1/
	attr_set "$t"/groups/B/luns/0/read_only 1
	ln -s devices/fileio/Db "$t"/groups/B/luns/0/
	ln -s devices/fileio/Dc "$t"/groups/B/luns/1/
	make_target t0 A B

	a1=$(wait_for_disk t0 A 1)
	b0=$(wait_for_disk t0 B 0)
	b1=$(wait_for_disk t0 B 1)
	printf '%-512s' 'from A' | dd of="$a1" bs=512 oflag=direct status=none
	matches 'from A*' "$(dd if="$b0" bs=512 count=1 iflag=direct status=none)"
	equal 1 "$(blockdev --getro "$b0")"
	matches '*Write protected*' "$(sg_raw -s 512 -i /dev/zero \
		"$(node_of t0 B 0 scsi_generic)" 2a 00 00 00 00 00 00 00 01 00 2>&1)"
	matches 'from A*' "$(head -c 16 "$BATS_TEST_TMPDIR/Db")"
	printf '%-512s' 'from B' | dd of="$b1" bs=512 oflag=direct status=none
	matches 'from B*' "$(head -c 16 "$BATS_TEST_TMPDIR/Dc")"
	host=$(host_of t0 B)
	equal 2 "$(find /sys/class/scsi_device -name "${host#host}:*" | wc -l)" 'what B sees'
}

@test "an exact name wins, then the first matching glob, then the default map" {
	mkdir -p $target
	group g1
	group g2
	group g3
	mkdir "$groups"/g1/initiators/{'iqn.2026-01.org:*','!*:secret*'} \
		"$groups"/g2/initiators/{'iqn.*',iqn.2026-01.org:a,'[0-9]?:*','x\*y'} \
		"$groups"/g3/initiators/{'*:secret1','!*'}
	# an initiator port, and the group whose LUNs it sees
	while read -r name map; do
		explained "$name" "$name: ${map:+groups/$map/}luns"
	done <<-CASES
	iqn.2026-01.org:b g1
	iqn.2026-01.org: g1
	iqn.2026-01.org:a g2
	iqn.2026-01.org:ab g1
	iqn.2026-01.org:A g1
	iqn.2026-01.org:secret1 g2
	iqn.2026-01.org:secretary g2
	iqn.2026-01.net:b g2
	iqn.2026-01 g2
	iqn
	IQN.2026-01.org:b
	00:11 g2
	0a:11 g2
	a0:11
	0:11
	x*y g2
	xay
	y:secret1
	:
	CASES
	mkdir "$groups/g3/initiators/y:secret1"
	explained y:secret1 'y:secret1: groups/g3/luns'
	attr_set $target/explain iqn.2026-01.org:secret1
	equal "iqn.2026-01.org:secret1: groups/g2/luns
groups/g1: excluded by !*:secret*
groups/g2: matches iqn.*
groups/g3: excluded by !*" "$(attr_get $target/explain)"
	attr_refuses EINVAL $target/explain ''
	attr_refuses EINVAL $target/explain "$(printf 'x%.0s' {1..224})"

	expect EEXIST mkdir "$groups/g1/initiators/iqn.2026-01.org:a"
	matches '*group g2 already*' "$(attr_get $groups/g1/last_error)"
	mkdir "$groups/g2/initiators/iqn.2026-01.org:*"
	for name in '!' 'a b' $'a\tb' "$(printf 'x%.0s' {1..224})"; do
		expect EINVAL mkdir "$groups/g1/initiators/$name"
	done
	expect EINVAL mkdir "$groups/a b"
	expect EEXIST mkdir $groups/g1
	matches "*$groups/g1/initiators/iqn.2026-01.org:\\**" "$(attr_get $groups/g1/holders)"
	matches "*$groups/g3*" "$(attr_get $target/holders)"
	expect ENOTEMPTY rmdir $groups/g1
	expect ENOTEMPTY rmdir $target
	expect EPERM rmdir $groups/g1/luns
}

@test "a session moved by a pattern gets one unit attention, other sessions none" {
	devices a b c d
	mkdir -p $target
	lun $target/luns 0 a
	group g1 a b
	group g2 c
	lun $groups/g2/luns 1 b
	lun $groups/g2/luns 300 d
	attr_set $target/enable 1
	port two
	two=$probe
	port one
	one=$probe
	luns_are 0
	for step in 'mkdir g1/initiators/one:0 1' 'mkdir g2/initiators/o*:0 1' \
		'rmdir g1/initiators/one:0 1 300' 'mkdir g2/initiators/!one:0' \
		'rmdir g2/initiators/!one:0 1 300' 'mkdir g1/initiators/o*:0 1' \
		'mkdir g2/initiators/one:0 1 300' 'rmdir g1/initiators/o*:0 1 300' \
		'rmdir g2/initiators/one:0 1 300' 'rmdir g2/initiators/o*:0'; do
		probe_use "$one"
		luns_before=${luns-0}
		luns=${step#*:}
		path=${step#* }
		${step%% *} "$groups/${path%%:*}"
		if [ "$luns" = "$luns_before" ]; then
			equal 0 "$(hear)" "$step"
		else
			equal 1 "$(hear)" "$step"
		fi
		# shellcheck disable=SC2086 # a list
		luns_are $luns
		probe_use "$two"
		ready
	done
	probe_use "$two"
	luns_are 0
}

@test "a moved session keeps commands of LUNs that stay, others drain or abort" {
	devices keep lose
	attr_set devices/nullio/lose/drain_ms 400
	mkdir -p $target
	lun $target/luns 0 keep
	lun $target/luns 1 lose
	group g keep
	attr_set $target/enable 1
	port me
	ready 1 || ready 1
	echo "cmd 1 dir=out len=512 cdb=2a000000000000000100 data=hold" >&"$probe"
	echo "cmd 2 lun=0001000000000000 dir=out len=512 cdb=2a000000000000000100 data=hold" >&"$probe"
	mkdir $groups/g/initiators/me
	probe_gives "3 status=02 * sense=$(sense 05 25 00)*" \
		3 lun=0001000000000000 cdb=000000000000
	attention 3f 0e
	ready
	echo "go 1" >&"$probe"
	probe_next '1 status=00 *'
	sleep 0.8
	echo "go 2" >&"$probe"
	probe_next "2 status=02 * sense=$(sense 0b 2f 02)*"
	ready

	# A command that ends within drain_ms is not aborted.
	rmdir $groups/g/initiators/me
	equal 1 "$(hear)"
	ready 1 || ready 1
	echo "cmd 4 lun=0001000000000000 dir=out len=512 cdb=2a000000000000000100 data=hold" >&"$probe"
	mkdir $groups/g/initiators/me
	echo "go 4" >&"$probe"
	probe_next '4 status=00 *'
}

@test "read_only of a LUN changes at once, and the affected sessions are notified" {
	devices a
	mkdir -p $target
	lun $target/luns 0 a
	group g a
	mkdir $groups/g/initiators/two
	attr_set $target/enable 1
	port two
	two=$probe
	port one
	matches '* status=00 *' "$(write_block)"
	attr_set $target/luns/0/read_only 1
	attention 2a 01
	matches "* status=02 * sense=$(sense 07 27 00)*" "$(write_block)"
	# MODE SENSE(6): WP
	probe_gives '* data=??00[89a-f]*' 1 dir=in len=4 cdb=1a083f000400
	attr_set $target/luns/0/read_only 1
	ready
	# The session moves to a group that may write, and back.
	mkdir $groups/g/initiators/one
	attention 2a 01
	ready
	matches '* status=00 *' "$(write_block)"
	rmdir $groups/g/initiators/one
	attention 2a 01
	matches "* status=02 * sense=$(sense 07 27 00)*" "$(write_block)"
	attr_set $target/luns/0/read_only 0
	attention 2a 01
	matches '* status=00 *' "$(write_block)"
	probe_use "$two"
	ready
	matches '* status=00 *' "$(write_block)"
	attr_refuses EINVAL $target/luns/0/read_only 2
}

@test "a LUN with another device reports changed INQUIRY data and capacity" {
	devices a b
	make_device nullio large size=2M
	mkdir -p $target
	lun $target/luns 5 a
	group g a
	mkdir $groups/g/initiators/two
	attr_set $target/enable 1
	port two
	two=$probe
	port one
	ready 5 || ready 5
	unlun $target/luns/5
	ln -s devices/nullio/b $target/luns/5/
	attention 3f 03 5
	attention 3f 0e 5
	ready 5
	unlun $target/luns/5
	ln -s devices/nullio/large $target/luns/5/
	attention 2a 09 5
	attention 3f 03 5
	attention 3f 0e 5
	ready 5
	# READ CAPACITY(10): the last of 4096 blocks
	probe_gives '* status=00 * data=00000fff00000200' \
		1 lun=0005000000000000 dir=in len=8 cdb=25000000000000000000
	# the same device again
	unlun $target/luns/5
	ln -s devices/nullio/large $target/luns/5/
	attention 29 00 5
	probe_use "$two"
	ready
}

@test "a LUN becomes ready and not ready as its backend arrives and disappears" {
	mkdir -p devices/probe/p
	attr_set devices/probe/p/present 0
	expect ENODEV attr_write devices/probe/p/enable 1
	attr_is devices/probe/p/state waiting
	attr_is devices/probe/p/enable 0
	probe_target probe/p
	probe_login me
	matches "* sense=$(sense 06 29 00)*" "$(tur)"
	matches "* sense=$(sense 02 04 03)*" "$(tur)"
	expect ENODEV attr_write devices/probe/p/enable 1

	attr_set devices/probe/p/present 1
	attr_set devices/probe/p/enable 1
	attr_is devices/probe/p/state active
	attention 2a 09
	attention 28 00
	ready
	probe_gives '* status=00 *' 1 dir=in len=512 cdb=28000000000000000100

	echo "cmd 2 dir=out len=512 cdb=2a000000000000000100 data=hold" >&"$probe"
	attr_set devices/probe/p/drain_ms 200
	attr_set devices/probe/p/present 0
	wait_until 5 attr_is devices/probe/p/state draining
	matches "* sense=$(sense 02 04 03)*" "$(tur)"
	sleep 0.4
	echo "go 2" >&"$probe"
	probe_next "2 status=02 * sense=$(sense 0b 2f 02)*"
	wait_until 5 attr_is devices/probe/p/state waiting
	[ -L $target/luns/0/p ]
	attr_set devices/probe/p/present 1
	attr_set devices/probe/p/enable 1
	attention 28 00
	ready

	# The administrator gives the backend up.
	attr_set devices/probe/p/present 0
	wait_until 5 attr_is devices/probe/p/state waiting
	attr_set devices/probe/p/enable 0
	attr_is devices/probe/p/state idle
}

@test "every LUN addressing format works, also without a LUN 0" {
	devices a b c
	mkdir -p $target
	lun $target/luns 1 a
	lun $target/luns 255 b
	lun $target/luns 16383 c
	attr_set $target/enable 1
	probe_login me
	# peripheral, flat space and extended flat space addressing; the first command to each
	# reports POWER ON
	for lun in 0001 4001 d2000001 00ff 40ff d20000ff 7fff d2003fff; do
		lun=$(printf '%s%.*s' $lun $((16 - ${#lun})) 0000000000000000)
		probe_cmd 1 "lun=$lun" cdb=000000000000 >/dev/null
		matches '* status=00 *' "$(probe_cmd 2 "lun=$lun" cdb=000000000000)" "$lun"
	done
	for lun in 0000 0101 80ff d2000000 d2004000 d200000100000001 0001000100000000; do
		lun=$(printf '%s%.*s' $lun $((16 - ${#lun})) 0000000000000000)
		matches "* sense=$(sense 05 25 00)*" \
			"$(probe_cmd 3 "lun=$lun" cdb=000000000000)" "$lun"
	done
	# LUN 0 answers REPORT LUNS, INQUIRY (qualifier 3) and REQUEST SENSE
	luns_are 1 255 16383
	probe_gives '* status=00 * data=7f0006*' 4 dir=in len=36 cdb=120000002400
	# the REPORT LUNS well known logical unit
	wlun=lun=c101000000000000
	probe_gives '* status=00 *' 5 $wlun cdb=000000000000
	probe_gives '* status=00 * data=1e0006*' 5 $wlun dir=in len=36 cdb=120000002400
	probe_gives '* status=00 * data=0000001800000000*' \
		5 $wlun dir=in len=64 cdb=a00000000000000100000000
	probe_gives "* sense=$(sense 05 25 00)*" \
		5 $wlun dir=in len=512 cdb=28000000000000000100
	# SELECT REPORT: well known ones, all, administrative ones, subsidiary ones
	while read -r select data; do
		matches "* status=00 * data=$data" "$(probe_cmd 6 dir=in len=64 \
			"cdb=a000${select}000000000001000000")" "SELECT REPORT $select"
	done <<-CASES
	00 0000001800000000*
	01 0000000800000000c101000000000000
	02 0000002000000000*7fff000000000000c101000000000000
	10 0000000000000000
	11 0000001800000000*
	12 0000000000000000
	CASES
	probe_gives '* sense=70000500000000??????????2400*' \
		6 dir=in len=64 cdb=a00003000000000001000000
}

# The session on this host has ended; the next one may have begun.
host_is_left() {
	find_host t0 i0
	[ "$scst_host" != "$1" ]
}

@test "every session has a directory with its state and a way to end it" {
	devices a b
	mkdir -p $target
	lun $target/luns 0 a
	group g a b
	attr_set $target/enable 1
	probe_login me
	one=$probe
	sessions=$target/sessions
	wait_until 5 sessions_are_there $sessions/me
	attr_is $sessions/me/initiator me
	attr_is $sessions/me/group ''
	attr_is $sessions/me/luns 1
	attr_is $sessions/me/state active
	[ $(($(date +%s) - $(attr_get $sessions/me/login_time))) -lt 100 ]
	ready || ready
	probe_gives '1 status=00 *' 1 dir=in len=512 cdb=28000000000000000100
	probe_gives '2 status=00 *' 2 dir=out len=1024 cdb=2a000000000000000200
	# the unit attention, TEST UNIT READY, READ, WRITE
	attr_is $sessions/me/commands 4
	attr_is $sessions/me/read_bytes 512
	attr_is $sessions/me/write_bytes 1024
	attr_is $sessions/me/errors 1
	attr_is $sessions/me/aborts 0
	probe_login me
	wait_until 5 sessions_are_there $sessions/me~2
	attr_is $sessions/me~2/initiator me
	mkdir $groups/g/initiators/me
	attr_is $sessions/me/group g
	attr_is $sessions/me~2/luns 2
	expect EBUSY rmdir $target
	matches "*$sessions/me~2*" "$(attr_get $target/holders)"
	expect EPERM mkdir $sessions/x
	expect EPERM rmdir $sessions/me
	expect EOPNOTSUPP attr_write $sessions/me/disconnect 1
	matches '*cannot end*' "$(attr_get $sessions/me/last_error)"
	expect EINVAL attr_write $sessions/me/disconnect 0
	probe_logout
	wait_until 5 test ! -e $sessions/me~2
	probe_use "$one"
	probe_logout
	wait_until 5 test ! -e $sessions/me

	session=$scst_targets/t0/sessions/i0
	link_lun t0 0 nullio/a
	make_target t0 i0
	disk=$(wait_for_disk t0 i0 0)
	host=$(host_of t0 i0)
	attr_is "$session/address" "$host"
	# while the old disk is open, the new host gets another number
	exec {old}<"$disk"
	attr_set "$session/disconnect" 1
	wait_until 20 host_is_left "$host"
	add_initiator t0 i0
	wait_for_disk t0 i0 0
	exec {old}<&-
	remove_initiator t0 i0
	[ ! -e "$session" ]
}
