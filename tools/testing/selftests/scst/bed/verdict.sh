# SPDX-License-Identifier: GPL-2.0
# Sourced by run_vm.sh: runs the machine, passes the command's output on, and reports the result.
# Needs the run_ variables and lib/trouble.sh.
# shellcheck shell=sh

# tail ends by itself once the machine has.
follow() {
	tail -c +1 -f -s 0.2 --pid="$run_pid" "$run_dir/stdout" &
	_fo_out=$!
	tail -c +1 -f -s 0.2 --pid="$run_pid" "$run_dir/stderr" >&2 &
	_fo_err=$!
}

run_machine() {
	start </dev/null >"$run_dir/host" 2>&1 &
	run_pid=$!
	follow
	wait "$run_pid"
	run_rc=$?
	run_pid=
	wait "$_fo_out" "$_fo_err"
}

# Print the last $1 lines of the console.
show_console() {
	say "--- the end of the kernel's log:"
	tail -n "$1" "$run_dir/host" "$run_dir/console" | tr -d '\r' >&2
}

show_trouble() {
	show_console 60
	say "--- errors and leaks:"
	trouble <"$run_dir/console" | head -n 20 >&2
	head -n 60 "$run_dir/problems" >&2
}

is_troubled() {
	[ -s "$run_dir/problems" ] || trouble <"$run_dir/console" >/dev/null
}

# The log of the last run of each bed is kept.
keep_console() {
	: >>"$run_dir/console"
	: >>"$run_dir/problems"
	cp "$run_dir/console" "$run_out/console-$run_bed${run_kernel:+-$run_kernel}"
}

# The exit status of the whole run.
verdict() {
	keep_console
	if [ "$run_rc" -eq 137 ]; then
		say "run_vm.sh: timeout after $run_timeout s"
		show_console 60
		return 124
	elif is_troubled; then
		say "run_vm.sh: the kernel reported errors" \
			"(command's exit status: $(cat "$run_dir/status" 2>/dev/null))"
		show_trouble
		return 99
	elif [ ! -s "$run_dir/status" ]; then
		say "run_vm.sh: the machine ended without an exit status of the command"
		show_console 20
		return 98
	fi
	return "$(cat "$run_dir/status")"
}
