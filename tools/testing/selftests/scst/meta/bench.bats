#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# The benchmark's arithmetic, and the formats of its results.

bats_require_minimum_version 1.5.0

setup() {
	report=$BATS_TEST_DIRNAME/../bench/report.pl
	raw=$BATS_TEST_TMPDIR/raw
	json=$BATS_TEST_TMPDIR/json
}

# value SIDE ROUND COUNT VALUE [METRIC [DEPTH]]: a row of measured values
value() {
	printf '%s\t' vm 6.1.0 local null read 4096 "${6-1}" 1 "${5-us}" "$1" "$2" "$3"
	printf '%s\n' "$4"
}

# field KEY...: of each result in the JSON file, a line
field() {
	"$report" --json "$json" "$raw" >/dev/null &&
		perl -MJSON::PP -0777 -ne '
			BEGIN { @keys = splice @ARGV, 0, -1 }
			for my $result (@{ decode_json($_) }) {
				print join(" ", map { $_ // "null" } @$result{@keys}), "\n";
			}' "$@" "$json"
}

@test "the instructions of a command are the difference of two runs" {
	{
		value ours 1 300 1300000 instructions
		value ours 1 1300 14300000 instructions
		value lio 1 300 1500000 instructions
		value lio 1 1300 21500000 instructions
	} >"$raw"
	[ "$(field ours)" = 13000 ]
	[ "$(field lio)" = 20000 ]
	[ "$(field ratio)" = 0.65 ]
}

@test "a single run of instructions is refused" {
	value ours 1 300 1300000 instructions >"$raw"
	run ! "$report" "$raw"
	[[ $output = *"nothing to subtract"* ]]
}

@test "a result is the median of the rounds" {
	for round in 1 2 3 4 5; do
		value ours $round 0 $((round * round))
		value lio $round 0 $((round * 10))
	done >"$raw"
	[ "$(field ours)" = 9 ]
	[ "$(field lio)" = 30 ]
	[ "$(field ratio)" = 0.3 ]
}

@test "the spread is the range of the rounds' ratios, relative to their median" {
	{
		value ours 1 0 10
		value lio 1 0 20
		value ours 2 0 12
		value lio 2 0 20
		value ours 3 0 9
		value lio 3 0 20
	} >"$raw"
	[ "$(field spread)" = 0.3 ]
}

@test "a value that LIO does not have is null" {
	value ours 1 0 7 >"$raw"
	[ "$(field lio)" = null ]
	[ "$(field ratio)" = null ]
	[ "$(field ours)" = 7 ]
}

@test "each result has all keys, once" {
	{
		value ours 1 0 7
		value lio 1 0 14
		value ours 1 0 8 us 32
		value lio 1 0 8 us 32
	} >"$raw"
	"$report" --json "$json" "$raw"
	[ "$(perl -MJSON::PP -0777 -ne '
		print "@{[ sort keys %$_ ]}\n" for @{ decode_json($_) }' "$json" | sort -u)" = \
		"backing bed block_bytes depth jobs kernel lio metric op ours ratio spread transport" ]
	[ "$(field depth)" = $'1\n32' ]
}

@test "an invalid value is an error that names its line" {
	{
		value ours 1 0 7
		value lio 1 0 ''
	} >"$raw"
	run ! "$report" "$raw"
	[[ $output = *"line 2"* ]]
}

@test "the plot and the page are well-formed" {
	{
		value ours 1 0 7
		value lio 1 0 14
	} >"$raw"
	"$report" --svg "$BATS_TEST_TMPDIR/svg" --rst "$BATS_TEST_TMPDIR/rst" "$raw"
	perl -0777 -ne '
		for (/<(.*?)>/gs) {
			next if m{/$};
			m{^/(.*)} ? $1 eq pop @open || die : push @open, /^(\w+)/;
		}
		die if @open || !/<rect.*>0\.50</s' "$BATS_TEST_TMPDIR/svg"
	grep -q '^     - 0.500$' "$BATS_TEST_TMPDIR/rst"
}

# within TRANSPORT OP DEPTH INSTRUCTIONS RATIO
within() {
	local ours ratio

	read -r _ _ _ ours ratio < <(field transport op depth ours ratio | grep "^$1 $2 $3 ")
	echo "$1 $2, depth $3: $ours instructions, $ratio of what LIO takes"
	awk "BEGIN { exit !($ours > 5000 && $ours <= $4 && $ratio <= $5) }"
}

@test "a command stays within its budget of instructions" {
	"$BATS_TEST_DIRNAME/../run_vm.sh" --bed vm --icount --real-waits --timeout 600 -- \
		"$BATS_TEST_DIRNAME/../bench/guest" budget >"$raw"
	within local read 32 13500 0.7
	within local write 32 13500 0.7
	within iscsi read 1 50600 0.7
	within iscsi read 32 50600 0.65
	within iscsi write 1 60000 0.75
	within iscsi write 32 60000 0.75
}
