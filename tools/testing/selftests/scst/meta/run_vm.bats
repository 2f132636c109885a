#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# run_vm.sh, as its callers see it.

bats_require_minimum_version 1.5.0

setup() {
	run_vm=$BATS_TEST_DIRNAME/../run_vm.sh
	out=$BATS_TEST_TMPDIR/out
	err=$BATS_TEST_TMPDIR/err
}

# bed ARGUMENT...: runs the quick bed with output and messages in files.
bed() {
	"$run_vm" --bed uml-smp --timeout 60 "$@" >"$out" 2>"$err"
}

# start_bed SCRIPT: the same in the background; $pid is run_vm.sh itself.
start_bed() {
	"$run_vm" --bed uml-smp --timeout 60 -- sh -c "$1" >"$out" 2>"$err" 3>&- &
	pid=$!
}

wait_for_output() {
	for _ in $(seq 1200); do
		! grep -q "$1" "$out" || return 0
		sleep 0.1
	done
	return 1
}

@test "the command's exit status is returned" {
	bed -- true
	run bed -- sh -c 'exit 7'
	[ "$status" -eq 7 ]
	run -127 bed -- no-such-command
}

@test "arguments arrive unchanged" {
	bed -- printf '<%s>' 'two words' "it's" '' '#* ?' '"'
	[ "$(cat "$out")" = "<two words><it's><><#* ?><\">" ]
}

@test "standard output and error stay apart from each other and the console" {
	bed -- sh -c 'echo to-out; echo to-err >&2; echo again >/dev/stderr'
	[ "$(cat "$out")" = to-out ]
	[ "$(cat "$err")" = "to-err
again" ]
}

@test "output appears while the command runs" {
	start_bed 'echo early; sleep 20'
	wait_for_output early
	kill "$pid"
}

@test "a command that takes too long ends with 124" {
	run bed --timeout 5 -- sleep 100
	[ "$status" -eq 124 ]
	grep -q timeout "$err"
}

@test "a machine that ends without a status gives 98" {
	run bed -- sh -c 'echo o >/proc/sysrq-trigger; sleep 30'
	[ "$status" -eq 98 ]
}

@test "a kernel that warns gives 99 and its log" {
	run bed -- sh -c 'modprobe lkdtm; echo WARNING >/sys/kernel/debug/provoke-crash/DIRECT'
	[ "$status" -eq 99 ]
	grep -q 'WARNING: .*lkdtm' "$err"
}

@test "a kernel that crashes gives 99 and its log" {
	run bed -- sh -c 'modprobe lkdtm; echo BUG >/sys/kernel/debug/provoke-crash/DIRECT'
	[ "$status" -eq 99 ]
	grep -q 'lkdtm' "$err"
}

@test "data flushed to a disk survives the sudden death of the machine" {
	truncate -s 1M "$BATS_TEST_TMPDIR/disk"
	run bed --disk "$BATS_TEST_TMPDIR/disk" -- \
		"$BATS_TEST_DIRNAME/fixtures/die_after_flush"
	[ "$status" -eq 98 ]
	[ "$(head -c 7 "$BATS_TEST_TMPDIR/disk")" = flushed ]
}

@test "the host's files do not change, except in SCST_OUT" {
	bed -- sh -c 'echo x >Makefile; echo y >/etc/hostname; echo z >build/out/meta'
	run ! grep -qx x "$BATS_TEST_DIRNAME/../../../../../Makefile"
	run ! grep -qx y /etc/hostname
	grep -qx z "$BATS_TEST_DIRNAME/../../../../../build/out/meta"
}

@test "two machines at once do not disturb each other" {
	(bed -- sh -c 'sleep 2; exit 3') &
	run "$run_vm" --bed uml-smp --timeout 60 -- sh -c 'sleep 1; exit 4'
	[ "$status" -eq 4 ]
	wait $! || status=$?
	[ "$status" -eq 3 ]
}

@test "an interrupted run stops its machine" {
	start_bed 'echo started; sleep 50'
	wait_for_output started
	machine=$(pgrep -P "$(pgrep -P "$pid" timeout)")
	kill "$pid"
	wait "$pid" || true
	sleep 0.2
	# A process that only waits to be reaped has no executable any more.
	run ! test -e "/proc/$machine/exe"
}

@test "with --icount a CPU executes an instruction in a nanosecond" {
	"$run_vm" --bed vm --icount --timeout 120 -- \
		sh -c 'nproc; grep MHz /proc/cpuinfo' >"$out" 2>"$err"
	grep -qx 1 "$out"
	grep -Eqx 'cpu MHz.*: (999|1000)\.[0-9]*' "$out"
}

@test "wrong usage is reported and starts nothing" {
	for arguments in '--bed none -- true' '--smp x -- true' '--bed uml --smp 2 -- true' \
		'--kernel 6.1 -- true' '--bed vm --kernel 5.0 -- true' \
		'--bed s390x --kernel 6.1 -- true' '--bed s390x --icount -- true' \
		'--bed s390x --net user -- true' '--disk /nonexistent -- true' '--what -- true' ''; do
		# shellcheck disable=SC2086 # lists of words
		run "$run_vm" $arguments
		[ "$status" -eq 125 ]
	done
}
