#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# Every task management function, and every error under QErr, meets a command at every point of
# its way: SAM-5 5.6 and 7, SPC-6 7.5.10.

load lib/scst
load lib/probe
load lib/pr
load lib/matrix

points=(translate decode admit check prepare data execute backend medium complete respond
	send finish parked blocked)
# Emulation is slow: only points at which a command may stay for long.
[ "$SCST_BED" != vm ] || points=(data medium complete send parked blocked)

# A command of port a is in flight when a or b sends a function.
#
# command	its fate: goes-on; none, it ends without a status; TASK-ABORTED,
#		it ends with that status if TAS is 1, without one otherwise
# response	of the function, while the command is in the task set, and when it is not:
#		not received yet, or answered (0 FUNCTION COMPLETE, 1 FUNCTION SUCCEEDED)
# a hears	the unit attentions of a with TAS 0 and with TAS 1; 2f00 only if it lost
#		a command
# b hears	those of b
#
# parked is a command that waits for an ORDERED one, blocked one that has been executed but may
# not complete under the ACA condition of its own nexus, which CLEAR ACA ends.
table='
#                            command       response  a hears    b hears
# function          fn by TST              in  out   TAS 0 1
ABORT-TASK           0 a 0   none          0   0     -    -     -
ABORT-TASK           0 b 0   goes-on       0   0     -    -     -
ABORT-TASK-SET       1 a 0   none          0   0     -    -     -
ABORT-TASK-SET       1 b 0   goes-on       0   0     -    -     -
CLEAR-TASK-SET       2 a 0   none          0   0     -    -     -
CLEAR-TASK-SET       2 b 0   TASK-ABORTED  0   0     2f00 -     -
CLEAR-TASK-SET       2 a 1   none          0   0     -    -     -
CLEAR-TASK-SET       2 b 1   goes-on       0   0     -    -     -
CLEAR-ACA            3 a 0   goes-on       0   0     -    -     -
CLEAR-ACA            3 b 0   goes-on       0   0     -    -     -
LOGICAL-UNIT-RESET   4 a 0   none          0   0     2903 2903  2903
LOGICAL-UNIT-RESET   4 b 0   TASK-ABORTED  0   0     2903 2903  2903
LOGICAL-UNIT-RESET   4 b 1   TASK-ABORTED  0   0     2903 2903  2903
TARGET-RESET         5 a 0   none          0   0     2903 2903  2903
TARGET-RESET         5 b 0   TASK-ABORTED  0   0     2903 2903  2903
I-T-NEXUS-RESET      6 a 0   none          0   0     2907 2907  -
I-T-NEXUS-RESET      6 b 0   goes-on       0   0     -    -     2907
QUERY-TASK           7 a 0   goes-on       1   0     -    -     -
QUERY-TASK           7 b 0   goes-on       0   0     -    -     -
QUERY-TASK-SET       8 a 0   goes-on       1   0     -    -     -
QUERY-TASK-SET       8 b 0   goes-on       0   0     -    -     -
QUERY-ASYNC-EVENT    9 a 0   goes-on       0   0     -    -     -
QUERY-ASYNC-EVENT    9 b 0   goes-on       0   0     -    -     -
COLD-RESET          10 a 0   none          0   0     2900 2900  2900
COLD-RESET          10 b 0   TASK-ABORTED  0   0     2900 2900  2900
'

# The same if a or b sends a command that ends with CHECK CONDITION. Without an ACA condition
# nothing is blocked.
errors='
#            command       a hears
# QErr TST by              TAS 0 1
  0    0   a goes-on       -    -
  0    0   b goes-on       -    -
  1    0   a none          -    -
  1    0   b TASK-ABORTED  2f00 -
  1    1   a none          -    -
  1    1   b goes-on       -    -
  3    0   a none          -    -
  3    0   b goes-on       -    -
'

setup() {
	scst_up
	matrix_setup
}

# each RUN TAS ROWS FIRST-WORD: every row that begins so, at every point
each() {
	local row point

	while read -r -a row; do
		[[ ${row[0]} = "$4" ]] || continue
		for point in "${points[@]}"; do
			"$1" "$point" "$2" "${row[@]}"
		done
	done <<<"$3"
}

every_point() {
	each matrix_tmf 0 "$table" "$1"
	each matrix_tmf 1 "$table" "$1"
	matrix_is_as_expected
}

every_error() {
	unset "points[-1]"
	each matrix_error 0 "$errors" "$1"
	each matrix_error 1 "$errors" "$1"
	matrix_is_as_expected
}

@test "ABORT TASK takes effect at every point of a command" {
	every_point ABORT-TASK
}

@test "ABORT TASK SET takes effect at every point of a command" {
	every_point ABORT-TASK-SET
}

@test "CLEAR TASK SET takes effect at every point of a command" {
	every_point CLEAR-TASK-SET
}

@test "CLEAR ACA takes effect at every point of a command" {
	every_point CLEAR-ACA
}

@test "LOGICAL UNIT RESET takes effect at every point of a command" {
	every_point LOGICAL-UNIT-RESET
}

@test "TARGET RESET takes effect at every point of a command" {
	every_point TARGET-RESET
}

@test "I_T NEXUS RESET takes effect at every point of a command" {
	every_point I-T-NEXUS-RESET
}

@test "QUERY TASK is answered for a command at every point" {
	every_point QUERY-TASK
}

@test "QUERY TASK SET is answered for a command at every point" {
	every_point QUERY-TASK-SET
}

@test "QUERY ASYNCHRONOUS EVENT leaves a command alone at every point" {
	every_point QUERY-ASYNC-EVENT
}

@test "COLD RESET takes effect at every point of a command" {
	every_point COLD-RESET
}

@test "QErr 00b takes effect at every point of a command" {
	every_error 0
}

@test "QErr 01b takes effect at every point of a command" {
	every_error 1
}

@test "QErr 11b takes effect at every point of a command" {
	every_error 3
}
