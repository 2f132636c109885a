# SPDX-License-Identifier: GPL-2.0
# Loaded by 26-tmf-matrix.bats, after lib/pr. In each cell of its tables command 7 of port a is
# stopped at a point, something happens, and then the command may go on. The log of scst_probe has
# the order of events.
# shellcheck shell=bash
# shellcheck disable=SC2154 # of lib/probe and lib/pr

matrix_write='cmd 7 dir=out len=512 cdb=2a000000000000000100 data=a5'
matrix_turn=cdb=000000000000
matrix_bad=cdb=000000000080 # CONTROL has no such bit
matrix_naca=cdb=000000000084

matrix_setup() {
	make_device probe d0
	probe_target probe/d0
	pr_ports_are a b
	matrix_mode=
	failed=
}

# tell PORT REQUEST...
tell() {
	echo "${*:2}" >&"${pr_ports[$1]}"
}

# sense_code LINE: sets $code to ASC and ASCQ of a result.
sense_code() {
	code=${1#*sense=}
	code=${code:24:4}
}

# ask PORT: takes its unit attentions; sets $attentions to their codes, in order, or to -. A code
# that command 7 reported comes first.
ask() {
	local line code i

	attentions=
	for ((i = 0; i < 8; i++)); do
		tell "$1" cmd 9 $matrix_turn
		while read -r line <&"${pr_ports[$1]}"; do
			sense_code "$line"
			[[ $line != "7 status=02 "* ]] || attentions=$code
			[[ $line != "9 "* ]] || break
		done
		[[ $line == "9 status=02 "* ]] || break
		attentions+=${attentions:+,}$code
	done
	attentions=${attentions:--}
	[[ $line == "9 status=00 "* ]] || attentions+=" and then $line"
}

# ask_both: sets $heard to the unit attentions of a and b.
ask_both() {
	ask a
	heard=$attentions
	ask b
	heard+=" $attentions"
}

# matrix_set_mode TST QERR TAS, of the control mode page
matrix_set_mode() {
	local page

	[ "$matrix_mode" != "$*" ] || return 0
	printf -v page '000000000a0a%02x%02x00%02x000000000000' \
		$(($1 << 5)) $((0x10 | $2 << 1)) $(($3 << 6))
	tell a "cmd 8 dir=out len=16 cdb=151000001000 data=$page"
	ask_both
	matrix_mode=$*
}

# matrix_stop POINT: command 7 comes to this point and no further.
matrix_stop() {
	case $1 in
	medium)
		medium d0 hold
		tell a "$matrix_write"
		;;
	parked)
		tell a cmd 6 attr=ordered $matrix_turn hold=check
		tell a "$matrix_write"
		;;
	blocked)
		medium d0 hold
		tell a "$matrix_write"
		tell a cmd 6 $matrix_naca
		medium d0 complete 7
		;;
	*)
		tell a "$matrix_write" hold="$1"
		;;
	esac
	tell a sync
	matrix_is_at "$1"
}

matrix_is_at() {
	probe_use "${pr_ports[a]}"
	case $1 in
	parked) probe_is 7 admit 0 0 ;;
	blocked) probe_is 7 complete 0 0 ;;
	*) probe_is 7 "$1" 1 0 ;;
	esac
}

# matrix_go POINT: command 7 goes on, if it is still there.
matrix_go() {
	case $1 in
	medium) medium d0 complete 7 ;;
	parked) tell a go 6 ;;
	blocked) tell a tmf 101 fn=3 ;;
	*) tell a go 7 ;;
	esac
	tell a sync
	medium d0 auto
}

# matrix_lines POINT: sets $go to the line of that in the log.
matrix_lines() {
	case $1 in
	medium) go='d0 7 complete 00' ;;
	parked) go='a 6 go' ;;
	blocked) go='a 101 tmf 3' ;;
	*) go='a 7 go' ;;
	esac
}

# matrix_end POINT COMMAND TAS HEARS: sets $end to how command 7 ends. A command that was stopped
# before TRANSLATE has not been received yet. A command that was given to the driver with its
# status has ended already.
matrix_end() {
	case $1:$2:$3 in
	translate:*)
		end='a 7 status 00'
		[ "$4" = - ] || end='a 7 status 02'
		;;
	send:* | finish:* | *:goes-on:*) end='a 7 status 00' ;;
	*:TASK-ABORTED:1) end='a 7 status 40' ;;
	*) end='a 7 aborted' ;;
	esac
}

# matrix_order POINT COMMAND ANSWER: sets $order to the lines that the log must have, in this
# order. A function that affects the command is answered after that has ended, another one before
# it goes on. For functions of another nexus, a command that was given to the driver with its
# status has ended. A command that waits without being held ends at once.
matrix_order() {
	case $1:$2:$3 in
	finish:goes-on:* | finish:*:'b '*) order=("$end" "$3" "$go") ;;
	finish:*) order=("$end" "$go" "$3") ;;
	translate:* | *:goes-on:* | send:*:'b '*) order=("$3" "$go" "$end") ;;
	parked:* | blocked:*) order=("$end" "$3") ;;
	*) order=("$go" "$end" "$3") ;;
	esac
}

# matrix_order_of_error POINT COMMAND ANSWER: the same for an error, which does not wait.
matrix_order_of_error() {
	case $1:$2 in
	finish:*) order=("$end" "$3" "$go") ;;
	parked:none | parked:TASK-ABORTED) order=("$end" "$go") ;;
	*) order=("$3" "$go" "$end") ;;
	esac
}

# An aborted command does not get any further on its way to the medium.
matrix_is_unwritten() {
	case $1:$2 in
	*:goes-on | medium:* | complete:* | respond:* | send:* | finish:* | translate:* | \
		blocked:*) ;;
	*) [[ $3 != *'d0 7 write'* ]] ;;
	esac
}

# matrix_judge CELL HEARD: $log must have the lines of $order, and $heard must be HEARD.
matrix_judge() {
	local pattern=$'*\n' line

	for line in "${order[@]}"; do
		pattern+="$line"$'\n*'
	done
	# shellcheck disable=SC2053 # a pattern
	if [[ $'\n'$log$'\n' != $pattern ]]; then
		failed+="$1: expected, in this order: $(printf '%s; ' "${order[@]}")"
		failed+=$'\n'"$log"$'\n'
	fi
	[ "$2" = "$heard" ] ||
		failed+="$1: expected that a and b hear '$2', they heard '$heard'"$'\n'
}

# matrix_cell CELL POINT COMMAND HEARD PORT REQUEST...: compares a cell with $end, $go and $order.
matrix_cell() {
	local log

	probe_log_start
	matrix_stop "$2" || failed+="$1: $(probe_where 7)"$'\n'
	tell "${@:5}"
	tell a sync
	matrix_go "$2"
	attr_read log "$probe_root/log"
	ask_both
	matrix_judge "$1" "$4"
	matrix_is_unwritten "$2" "$3" "$log" || failed+="$1: written"$'\n'
}

# matrix_tmf POINT TAS ROW...: ROW is one of the table of functions.
matrix_tmf() {
	local point=$1 tas=$2 fn=$4 by=$5 tst=$6 command=$7 response=$8 hears_a=${10}
	local end go order

	[ "$tas" = 0 ] || hears_a=${11}
	case $point in
	translate | send | finish)
		response=$9
		# Port a lost no command, so it gets no unit attention for that.
		[ "$hears_a" != 2f00 ] || hears_a=-
		;;
	esac
	matrix_set_mode "$tst" 0 "$tas"
	matrix_lines "$point"
	matrix_end "$point" "$command" "$tas" "$hears_a"
	matrix_order "$point" "$command" "$by 100 response $response"
	# CLEAR ACA is what the blocked command waits for.
	[ "$point $fn $by" != 'blocked 3 a' ] || order=('a 100 tmf 3' "$end")
	matrix_cell "${*:3} at $point, TAS $tas" "$point" "$command" \
		"$hears_a ${12}" "$by" tmf 100 fn="$fn" ref=7
	# Resets restore the mode parameters, too.
	[[ $fn != [45] && $fn != 10 ]] || matrix_mode='0 0 0'
}

# matrix_error POINT TAS ROW...: ROW is one of the table of errors.
matrix_error() {
	local point=$1 tas=$2 qerr=$3 tst=$4 by=$5 command=$6 hears_a=$7
	local end go order

	[ "$tas" = 0 ] || hears_a=$8
	case $point in
	translate | send | finish) hears_a=- ;;
	esac
	matrix_set_mode "$tst" "$qerr" "$tas"
	matrix_lines "$point"
	matrix_end "$point" "$command" "$tas" "$hears_a"
	matrix_order_of_error "$point" "$command" "$by 100 status 02"
	matrix_cell "QErr ${*:3} at $point, TAS $tas" "$point" "$command" \
		"$hears_a -" "$by" cmd 100 $matrix_bad
}

matrix_is_as_expected() {
	[ -z "$failed" ] || fail "$failed"
}
