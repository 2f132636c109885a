#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# The documentation is true: its commands work, and its lists are complete.
# bats file_tags=local

load lib/scst
: "${scst_root:?}"

docs=$BATS_TEST_DIRNAME/../../../../Documentation

# The literal blocks of section $2 of file $1
session_of() {
	awk -v title="$2" '
		wanted && /^[=-]+$/ && !/^ / && seen++ { exit }
		$0 == title { wanted = 1; next }
		/^[^ ]/ { literal = /::$/ && !/^\.\./ }
		wanted && literal && /^    / { print substr($0, 5) }' "$1"
}

# The indented blocks of the README between two lines
readme_between() {
	awk -v from="$1" -v to="$2" '
		index($0, to) == 1 { on = 0 }
		on && /^    / { print substr($0, 5) }
		index($0, from) == 1 { on = 1 }' "$docs/../README.md"
}

# documented ROOT: What: lines as regular expressions of paths below it
documented() {
	sed -n "s,^What:[[:space:]]*$1/,,p" "$docs"/ABI/testing/*-scst* |
		sed -E 's/<[^>]*>/[^\/]+/g; s/\{([^}]*)\}/(\1)/g; :a; s/(\([^)]*),/\1|/; ta; s,/$,,'
}

@test "every session in the manual works when it is pasted" {
	for page in "$docs"/scst/*.rst; do
		grep -q '^A session that works$' "$page" || continue
		session_of "$page" 'A session that works' >"$BATS_TEST_TMPDIR/session"
		[ -s "$BATS_TEST_TMPDIR/session" ]
		bounded 60 sh -eu "$BATS_TEST_TMPDIR/session" || fail "$page"
		equal '' "$(find devices targets -mindepth 2 -type d)" "$page leaves"
	done
}

# Output that section $2 of file $1 shows: code blocks, which are indented by three blanks
output_of() {
	awk -v title="$2" '
		wanted && /^[=-]+$/ && !/^ / && seen++ { exit }
		$0 == title { wanted = 1; next }
		/^[^ ]/ { shown = 0 }
		wanted && shown && /^   [^ ]/ { print substr($0, 4) }
		/^\.\. code-block:: none$/ { shown = 1 }' "$1"
}

# Addresses are different in each run.
without_addresses() {
	sed -E 's/(cmd|tmf)=[0-9a-f]{16}/\1=/'
}

debugging_sections() {
	printf '%s\n' 'An initiator in a shell' 'State and errors' 'A wrong answer' \
		'A command that hangs' 'A fenced device' 'A process that hangs' \
		'A race that is made slow' 'Clean up'
}

@test "the debugging guide works when it is pasted, and shows the real output" {
	local page=$docs/scst/debugging.rst

	[ -d /sys/kernel/tracing/events/scst ] || skip 'the kernel traces nothing'
	# A command that fails must not leave anything held.
	echo "trap 'echo go >\$probe/stall; echo auto >\$probe/devices/d0' EXIT" \
		>"$BATS_TEST_TMPDIR/session"
	debugging_sections | while read -r section; do
		session_of "$page" "$section" >>"$BATS_TEST_TMPDIR/session"
		output_of "$page" "$section" >>"$BATS_TEST_TMPDIR/shown"
	done
	echo 'trap - EXIT' >>"$BATS_TEST_TMPDIR/session"
	[ "$(wc -l <"$BATS_TEST_TMPDIR/shown")" -gt 20 ]
	bounded 60 sh -eu "$BATS_TEST_TMPDIR/session" >"$BATS_TEST_TMPDIR/output" 2>&1 ||
		fail "$(cat "$BATS_TEST_TMPDIR/output")"
	without_addresses <"$BATS_TEST_TMPDIR/output" >"$BATS_TEST_TMPDIR/came"
	without_addresses <"$BATS_TEST_TMPDIR/shown" |
		grep -Fxv -f "$BATS_TEST_TMPDIR/came" >"$BATS_TEST_TMPDIR/missing" || true
	equal '' "$(cat "$BATS_TEST_TMPDIR/missing")" "$(cat "$BATS_TEST_TMPDIR/came")"
}

@test "the commands of the README export a disk, show it and take it down" {
	scst_clear
	cd /
	scst_unload
	readme_between 'Export a disk' 'See it:' >"$BATS_TEST_TMPDIR/up"
	readme_between 'See it:' 'Take it' >"$BATS_TEST_TMPDIR/see"
	readme_between 'Take it' 'When a write' >"$BATS_TEST_TMPDIR/down"
	sh -eu "$BATS_TEST_TMPDIR/up"
	cd "$scst_root"
	wait_for_disk t1 me 0
	run sh -eu "$BATS_TEST_TMPDIR/see"
	equal 0 "$status" "$output"
	matches '*FILEIO*active*targets/local/t1/luns/0*' "$output"
	sh -eu "$BATS_TEST_TMPDIR/down"
	cd /
	[ ! -d "$scst_root" ]
	rm /var/tmp/disk1.img
}

make_iscsi_session() {
	local target=targets/iscsi/iqn.2026-11.org.example:t0

	mkdir -p $target/portals/127.0.0.1:3260
	attr_set $target/enable 1
	background perl "$BATS_TEST_DIRNAME/lib/iscsi_pdu.pl" 'login(); sleep'
	wait_until 10 sessions_are_there $target/sessions/iqn.2026-11.org.example:raw
	mkdir $target/auth/name
}

# A tree with one of everything
make_everything() {
	mkdir -p devices/nullio/null devices/fileio/file devices/blockio/block devices/cdrom/drive \
		targets/local/t0/luns/0 targets/local/t0/groups/g/luns/1 \
		targets/local/t0/groups/g/initiators/name
	make_target t0 i0
	make_iscsi_session
	wait_until 10 sessions_are_there targets/local/t0/sessions/i0
}

@test "every attribute and directory has an ABI entry" {
	make_everything
	documented "$scst_root" | sort -u >"$BATS_TEST_TMPDIR/known"
	find . -mindepth 3 ! -type l -printf '%P\n' |
		grep -Evx -f "$BATS_TEST_TMPDIR/known" -e 'targets/[^/]+/[^/]+/(groups/[^/]+/)?(luns|initiators|groups|sessions|portals|auth|failures)' \
			>"$BATS_TEST_TMPDIR/unknown" || true
	equal '' "$(cat "$BATS_TEST_TMPDIR/unknown")" 'without an ABI entry'
}

@test "every configfs path with an ABI entry exists" {
	make_everything
	find . -printf '%P\n' >"$BATS_TEST_TMPDIR/paths"
	while read -r entry; do
		grep -Eqx "$entry" "$BATS_TEST_TMPDIR/paths" || fail "no $entry"
	done < <(documented "$scst_root")
}

# The directories that are objects, except those that only one driver has
objects() {
	find devices/*/* targets/*/* -type d |
		grep -Ev -e '/(luns|initiators|groups|sessions|portals|auth|failures)$' \
			-e '^targets/[^/]+/[^/]+/(initiators|portals|auth)/'
}

@test "every object has last_error and holders" {
	make_everything
	while read -r object; do
		equal "" "$(comm -13 <(ls "$object") <(printf '%s\n' holders last_error))" \
			"$object lacks"
	done < <(objects)
}

# Our paths in sysfs. A class contains links, and the driver core's own links lead out again.
sysfs_paths() {
	(cd /sys/class && find scst_*/*/ ! -type l | sed 's,/$,,')
}

session_has_lun() {
	find_there /sys/class/scst_session/*/lun0
}

@test "sysfs has exactly the paths with an ABI entry" {
	make_everything
	link_lun t0 0 nullio/null
	wait_until 20 session_has_lun
	documented /sys/class | sort -u >"$BATS_TEST_TMPDIR/known"
	sysfs_paths >"$BATS_TEST_TMPDIR/paths"
	equal '' "$(grep -Evx -f "$BATS_TEST_TMPDIR/known" "$BATS_TEST_TMPDIR/paths")" \
		'without an ABI entry'
	while read -r entry; do
		grep -Eqx "$entry" "$BATS_TEST_TMPDIR/paths" || fail "no $entry"
	done <"$BATS_TEST_TMPDIR/known"
}
