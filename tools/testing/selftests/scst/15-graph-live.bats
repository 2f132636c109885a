#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# Changes of the graph under I/O: the affected initiators see them at once, and a bystander on the
# same target sees nothing, not even a pause.
# shellcheck disable=SC2086 # no name has blanks

load lib/scst

target=$scst_targets/t0

# bystander DISK FIGURES: verified I/O until $stop exists, at a limited rate, so that others get
# to run. Each run leaves a line in FIGURES.
bystander() {
	while [ ! -e "$stop" ]; do
		fio --name=bystander --filename="$1" --direct=1 --ioengine=libaio \
			--iodepth=4 --rw=randwrite --bs=4k,16k,64k --size=8M --rate_iops=300 \
			--verify=crc32c --verify_fatal=1 --verify_state_save=0 --minimal ||
			echo failed
	done >>"$2"
}

# bystander_at TARGET NAME: its disk is in a group of its own.
bystander_at() {
	local group=$scst_targets/$1/groups/by

	truncate -s 16M "$BATS_TEST_TMPDIR/$2"
	make_device fileio "$2" "path=$BATS_TEST_TMPDIR/$2"
	mkdir -p "$group/initiators/$2" "$group/luns/0"
	ln -s "devices/fileio/$2" "$group/luns/0/"
}

# bystander_starts INITIATOR...: these are on t0 beside the bystander. A second bystander is on a
# target that does not change.
bystander_starts() {
	requires fio
	stop=$BATS_TEST_TMPDIR/stop
	figures=$BATS_TEST_TMPDIR/figures
	bystander_at t0 by
	bystander_at t9 far
	make_target t0 by "$@"
	make_target t9 far
	background bystander "$(wait_for_disk t0 by 0)" "$figures.by"
	background bystander "$(wait_for_disk t9 far 0)" "$figures.far"
	wait_until 60 test -s "$figures.by" -a -s "$figures.far"
}

# pauses FIGURES: the longest of each run, in microseconds, ascending. Fields of fio's terse
# format: 5 error, 15 and 56 the longest read and write.
pauses() {
	awk -F ';' '
		NF < 56 || $5 { print "failed"; exit }
		{ print ($15 > $56 ? $15 : $56) }' "$1" | sort -n
}

# The machine itself causes pauses, usually of both bystanders, now and then of one of them.
# Pauses that changes cause would be in most runs, so the medians are compared.
bystander_ends() {
	local usual at_most limit=100000
	local -a pauses far

	: >"$stop"
	jobs_end 60
	[ "$SCST_BED" != vm ] || limit=1000000
	mapfile -t pauses < <(pauses "$figures.by")
	mapfile -t far < <(pauses "$figures.far")
	[[ "${pauses[0]} ${far[0]}" != *failed* ]]
	usual=${pauses[${#pauses[@]} / 2]}
	at_most=$((2 * far[${#far[@]} / 2]))
	[ "$at_most" -gt "$limit" ] || at_most=$limit
	echo "# pauses of the bystander: usually $usual us, at most ${pauses[-1]} us;" \
		"far away usually ${far[${#far[@]} / 2]} us" >&3
	[ "$usual" -lt "$at_most" ] || fail "usually a pause of $usual us, expected $at_most us"
	[ "${pauses[-1]}" -lt 2000000 ] || fail "a pause of ${pauses[-1]} us"
	attr_is $target/sessions/by/group by
}

# groups_are v1=GROUP v2=GROUP: the sessions have these groups.
groups_are() {
	local expected

	for expected in "$@"; do
		attr_is "$target/sessions/${expected%%=*}/group" "${expected#*=}" || return
	done
}

# with mkdir|rmdir GROUP:PATTERN...: adds or removes the patterns.
with() {
	local verb=$1 pattern

	shift
	for pattern in "$@"; do
		$verb "$target/groups/${pattern%%:*}/initiators/${pattern#*:}" || return
	done
}

@test "adding and removing patterns does not pause I/O of a bystander" {
	make_device nullio a size=1M
	make_device nullio b size=1M
	mkdir -p $target/groups/{g1,g2}/luns/0
	ln -s devices/nullio/a $target/groups/g1/luns/0/
	ln -s devices/nullio/b $target/groups/g2/luns/0/
	bystander_starts v1 v2
	wait_until 10 sessions_are_there $target/sessions/{v1,v2}
	# the groups of v1 and v2, - for none, and the patterns that cause this
	while read -r one two patterns; do
		set -f
		# shellcheck disable=SC2086 # a list
		set -- $patterns
		set +f
		with mkdir "$@"
		groups_are v1="${one#-}" v2="${two#-}" || fail "with $patterns"
		attr_is $target/sessions/v1/luns "$([ "$one" = - ] && echo 0 || echo 1)"
		with rmdir "$@"
		groups_are v1= v2= || fail "after $patterns"
	done <<-CASES
	g1 - g1:v1
	g1 g1 g1:v1 g1:v2
	g1 g2 g1:v1 g2:v2
	g2 g1 g2:v1 g1:v2
	g1 g1 g1:v*
	g1 g1 g1:v* g2:v*
	g1 g1 g2:v* g1:v*
	g2 g1 g1:v* g2:v1
	g2 g1 g2:v1 g1:v*
	g1 g2 g1:v1 g2:*2
	g2 g2 g2:?[12]
	g2 - g2:?[!2]
	- - g1:V*
	- - g1:v
	- - g1:?
	g1 g1 g1:??
	- g1 g1:v* g1:!v1
	g2 g1 g1:v* g1:!v1 g2:*
	g2 g2 g1:v* g1:!* g2:v?
	g1 - g1:v1 g1:!v1
	g1 g1 g1:v1 g1:v* g1:!v1
	- - g1:!v1
	g2 g2 g2:v1 g2:v2 g1:*
	g1 g2 g2:v2 g1:* g1:!by
	g2 g2 g1:*1 g1:!?1 g2:v*
	g1 g2 g1:v[1] g2:v[!1]
	g2 g2 g1:!v* g2:v*
	g1 g1 g1:* g1:!by
	- g2 g2:*2
	g1 g1 g1:v? g2:v1*
	g1 g2 g1:\v1 g2:v2
	- g1 g2:[!v]* g1:*2
	g2 g2 g1:?? g1:!v? g2:v[12]
	CASES
	bystander_ends
}

# ro_of DISK 0|1: the initiator has noticed the LUN's read_only.
ro_of() {
	wait_until 10 attr_is "/sys/block/${1#/dev/}/ro" "$2"
}

# The disk behind v1's LUN has so many MiB.
capacity_is() {
	disk_is_ready t0 v1 0 && [ "$(disk_size "$scst_node")" = $(($1 << 20)) ]
} 2>/dev/null

@test "changes of read_only and of devices do not pause I/O of a bystander" {
	for n in 1 2 3; do
		make_device nullio d$n size=${n}M
	done
	mkdir -p $target/luns/0
	ln -s devices/nullio/d1 $target/luns/0/
	bystander_starts v1
	disk=$(wait_for_disk t0 v1 0)
	for _ in 1 2 3 4 5 6; do
		for ro in 1 0; do
			attr_set $target/luns/0/read_only $ro
			ro_of "$disk" $ro
		done
		for n in 2 3 1; do
			unlink_lun t0 0
			ln -s devices/nullio/d$n $target/luns/0/
			wait_until 10 capacity_is $n
		done
	done
	bystander_ends
}
