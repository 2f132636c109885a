#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# The pages for contributors match the tree.

setup() {
	repo=$(git -C "$BATS_TEST_DIRNAME" rev-parse --show-toplevel)
	tests=$repo/tools/testing/selftests/scst
}

# shellcheck disable=SC2016 # Markdown
# The numbers that the README has a row for, one a line
known_numbers() {
	sed -n -e 's/^| `\([0-9][0-9]\)-` to `\([0-9][0-9]\)-` |.*/\1 \2/p' \
		-e 's/^| `\([0-9][0-9]\)-` |.*/\1 \1/p' "$tests/README.md" |
		while read -r from to; do
			seq -w "$from" "$to"
		done
}

# Files of standard input that no section of MAINTAINERS covers
unmaintained() {
	sed -n 's/^F:\t//p' "$repo/MAINTAINERS" >"$BATS_TEST_TMPDIR/patterns"
	while read -r file; do
		while read -r pattern; do
			# shellcheck disable=SC2254 # a pattern
			case $file in
			${pattern%/}/* | $pattern) continue 2 ;;
			esac
		done <"$BATS_TEST_TMPDIR/patterns"
		echo "$file"
	done
}

@test "the README of the tests names the range of each file" {
	known_numbers >"$BATS_TEST_TMPDIR/known"
	[ "$(wc -l <"$BATS_TEST_TMPDIR/known")" -gt 30 ]
	for file in "$tests"/[0-9][0-9]-*.bats; do
		number=${file##*/}
		grep -qx "${number%%-*}" "$BATS_TEST_TMPDIR/known" || echo "${file##*/}"
	done >"$BATS_TEST_TMPDIR/unknown"
	diff /dev/null "$BATS_TEST_TMPDIR/unknown"
}

@test "the README of the tests names each library and directory" {
	for path in "$tests"/lib/*.bash "$tests"/*/; do
		path=${path#"$tests/"}
		grep -qF "\`$path" "$tests/README.md" || echo "$path"
	done >"$BATS_TEST_TMPDIR/unknown"
	diff /dev/null "$BATS_TEST_TMPDIR/unknown"
}

@test "each file has a section in MAINTAINERS" {
	git -C "$repo" ls-files | unmaintained >"$BATS_TEST_TMPDIR/files"
	diff /dev/null "$BATS_TEST_TMPDIR/files"
	[ "$(echo drivers/planted/x.c | unmaintained)" = drivers/planted/x.c ]
}

@test "each pattern of MAINTAINERS has files" {
	sed -n 's/^F:\t//p' "$repo/MAINTAINERS" | while read -r pattern; do
		[ -n "$(git -C "$repo" ls-files -- "$pattern")" ] || echo "$pattern"
	done >"$BATS_TEST_TMPDIR/patterns"
	diff /dev/null "$BATS_TEST_TMPDIR/patterns"
}

@test "make help names each target that README and CONTRIBUTING mention" {
	make -s -C "$repo" help >"$BATS_TEST_TMPDIR/help"
	sed -n 's/.*\(`\|^    \)\(make [a-z][a-z-]*\).*/\2/p' "$repo/README.md" \
		"$repo/CONTRIBUTING.md" | grep -vx 'make help' | sort -u |
		while read -r target; do
			grep -q "^$target\b" "$BATS_TEST_TMPDIR/help" || echo "$target"
		done >"$BATS_TEST_TMPDIR/unknown"
	diff /dev/null "$BATS_TEST_TMPDIR/unknown"
}

# shellcheck disable=SC2016 # reStructuredText
# The sources that the map has a row for, one a line
mapped() {
	sed -n 's/^   \* - ``\(.*\.c\)``$/\1/p' "$repo/Documentation/scst/map.rst"
}

@test "the map has a row for each source, and no other" {
	mapped | sed 's|.*/||' | sort >"$BATS_TEST_TMPDIR/mapped"
	[ "$(wc -l <"$BATS_TEST_TMPDIR/mapped")" -gt 70 ]
	find "$repo"/drivers/target/*scst -name '*.c' ! -name '*_kunit.c' -printf '%f\n' | sort |
		diff - "$BATS_TEST_TMPDIR/mapped"
}

@test "each planted fault can be planted" {
	for patch in "$tests"/planted/*.patch; do
		patch --dry-run -s -f -p1 -d "$repo" -r - <"$patch" >&2 || echo "${patch##*/}"
	done >"$BATS_TEST_TMPDIR/stale"
	diff /dev/null "$BATS_TEST_TMPDIR/stale"
}

@test "each planted fault names tests that exist" {
	for patch in "$tests"/planted/*.patch; do
		test=$(sed -n 's/^Test: //p' "$patch")
		grep '^@test' "$tests/${test%%: *}" | grep -qE -- "${test#*: }" || echo "${patch##*/}"
	done >"$BATS_TEST_TMPDIR/unnamed"
	diff /dev/null "$BATS_TEST_TMPDIR/unnamed"
}

@test "each sample has less than 300 lines, and looks into no CDB" {
	for sample in sample_target.c scst_ram.c; do
		[ "$(wc -l <"$repo/samples/scst/$sample")" -lt 300 ]
		[ "$(grep -cE 'cdb\[|sense\[' "$repo/samples/scst/$sample")" -eq 0 ]
	done
}
