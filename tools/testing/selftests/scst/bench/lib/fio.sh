# SPDX-License-Identifier: GPL-2.0
# Sourced in the guest: fio, controlled by lines "OP BYTES DEPTH SMALL LARGE" on standard input.
# SMALL and LARGE are numbers of commands.
# shellcheck shell=sh

# Starting fio takes longer than the measurement; on 9p it would even wait for the host.
fio_warm() {
	_fw_fio=$(command -v fio)
	{
		echo "$_fw_fio"
		ldd "$_fw_fio" | grep -o '/[^ ]*'
		find /usr/lib -path '*/fio/*' -name '*.so'
	} | xargs realpath | while read -r _fw_file; do
		: >>"$_fw_file"
	done
}

fio_pattern() {
	case $1-$2 in
	read-4096) echo randread ;;
	write-4096) echo randwrite ;;
	*) echo "$1" ;;
	esac
}

# fio_job OP BYTES DEPTH LAST-PART-OF-ITS-NAME: the part that all jobs have
fio_job() {
	cat <<-JOB
		[$1-$2-$3-$4]
		stonewall
		rw=$(fio_pattern "$1" "$2")
		bs=$2
		iodepth=$3
	JOB
}

# One process for each job, one after the other. The time that the job itself consumes is the
# difference of two readings of how long tasks have run, in nanoseconds, which fio keeps as
# JOB.prerun.txt and JOB.postrun.txt.
fio_counted_job() {
	fio_job "$@"
	cat <<-JOB
		number_ios=$4
		exec_prerun=cat /proc/schedstat
		exec_postrun=cat /proc/schedstat
	JOB
}

fio_global() {
	cat <<-JOB
		[global]
		filename=$1
		direct=1
		ioengine=libaio
		norandommap
	JOB
}

fio_counted_jobs() {
	fio_global "$1"
	while read -r _fc_op _fc_bytes _fc_depth _fc_small _fc_large; do
		fio_counted_job "$_fc_op" "$_fc_bytes" "$_fc_depth" "$_fc_small"
		fio_counted_job "$_fc_op" "$_fc_bytes" "$_fc_depth" "$_fc_large"
	done
}

# How long the only CPU has not been idle, at the time of file $1
fio_busy() {
	awk '$1 == "cpu0" { print $8 }' "$1"
}

fio_used() {
	echo $(($(fio_busy "$1.postrun.txt") - $(fio_busy "$1.prerun.txt")))
}

# fio_count SIDE ROUND DISK LINES: with one CPU whose clock counts instructions
fio_count() {
	printf '%s\n' "$4" | fio_counted_jobs "$3" >fio.jobs
	fio --output=fio.log fio.jobs || fail "fio: $(cat fio.log)"
	printf '%s\n' "$4" | while read -r _fn_op _fn_bytes _fn_depth _fn_small _fn_large; do
		for _fn_count in "$_fn_small" "$_fn_large"; do
			row "$_fn_op" "$_fn_bytes" "$_fn_depth" 1 instructions "$1" "$2" "$_fn_count" \
				"$(fio_used "$_fn_op-$_fn_bytes-$_fn_depth-$_fn_count")"
		done
	done
}

# --- by the clock on the wall

fio_timed_job() {
	fio_job "$@"
	echo "numjobs=$4"
}

fio_timed_jobs() {
	fio_global "$1"
	cat <<-JOB
		group_reporting
		time_based
		ramp_time=500ms
		runtime=1500ms
	JOB
	while read -r _ft_op _ft_bytes _ft_depth _ft_jobs _ft_metric; do
		fio_timed_job "$_ft_op" "$_ft_bytes" "$_ft_depth" "$_ft_jobs"
	done
}

# fio_result NAME METRIC: out of the terse output, of version 3
fio_result() {
	awk -F ';' -v name="$1" -v metric="$2" '$3 == name {
		split($0, field)
		first = name ~ /^write/ ? 48 : 7
		print metric == "iops" ? field[first + 1] : field[first] * 1024
	}' fio.log
}

# fio_time SIDE ROUND DISK LINES: lines are "OP BYTES DEPTH JOBS METRIC".
fio_time() {
	printf '%s\n' "$4" | fio_timed_jobs "$3" >fio.jobs
	fio --output=fio.log --output-format=terse fio.jobs || fail "fio: $(cat fio.log)"
	printf '%s\n' "$4" | while read -r _fi_op _fi_bytes _fi_depth _fi_jobs _fi_metric; do
		row "$_fi_op" "$_fi_bytes" "$_fi_depth" "$_fi_jobs" "$_fi_metric" "$1" "$2" 0 \
			"$(fio_result "$_fi_op-$_fi_bytes-$_fi_depth-$_fi_jobs" "$_fi_metric")"
	done
}
