#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# The API pages of the manual: each function that drivers and handlers can call is there.

load copy

repo=$BATS_TEST_DIRNAME/../../../../..

# The functions and macros with parameters that the public headers have, one a line
declared() {
	(cd "$repo/include/scst" && ls ./*.h) | grep -v compat.h | while read -r header; do
		perl -0777 -ne 's,/\*.*?\*/,,gs; s/^(#define [\w(]+)(.*\\\n)*.*/$1/gm;
			print "$1\n" while /^(?:#define |[a-z].*?[ *])((?i:scst_)\w+)\(/gm' \
			"$repo/include/scst/$header"
	done | sort -u
}

# Their names in the manual in directory $1, where a description follows
described() {
	cat "$1"/scst/api-*.html | perl -0777 -ne '
		print "$1\n" while /<dt [^>]*id="c\.(\w+)">(?:(?!<dt ).)*?<dd><p>\s*\S/gs' | sort -u
}

@test "the manual describes each function of the public headers" {
	declared >"$BATS_TEST_TMPDIR/declared"
	[ "$(wc -l <"$BATS_TEST_TMPDIR/declared")" -gt 70 ]
	sphinx-build -q -W -b html "$repo/Documentation" "$BATS_TEST_TMPDIR/html"
	described "$BATS_TEST_TMPDIR/html" >"$BATS_TEST_TMPDIR/described"
	comm -23 "$BATS_TEST_TMPDIR/declared" "$BATS_TEST_TMPDIR/described" >"$BATS_TEST_TMPDIR/lacks"
	diff /dev/null "$BATS_TEST_TMPDIR/lacks"
}

@test "a page that takes a description from a missing file is refused" {
	copy_tree "$BATS_TEST_TMPDIR/tree"
	cd "$BATS_TEST_TMPDIR/tree"
	mv drivers/target/scst/tmf.c drivers/target/scst/moved.c
	run sphinx-build -q -W -b html Documentation "$BATS_TEST_TMPDIR/html"
	[ "$status" -ne 0 ]
	[[ $output == *drivers/target/scst/tmf.c* ]]
}
