#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# A large graph is built and taken down in time proportional to its size.
# SCST_SCALE is its size: DEVICES SESSIONS LUNS, where SESSIONS is even.
#
# Each session has a group and a LUN map of its own. Every other one is logged in while its LUNs
# come and go. The others log in after their LUNs are there, and log out before these go.

load lib/scst
load lib/probe

target=targets/probe/t0
read -r devices sessions luns <<<"${SCST_SCALE:-30 4 10}"
declare -gA seconds

# stopwatch NAME COMMAND...: adds to ${seconds[NAME]}, in microseconds.
stopwatch() {
	local name=$1 start=${EPOCHREALTIME/./}

	shift
	"$@" && seconds[$name]=$((${seconds[$name]-0} + ${EPOCHREALTIME/./} - start))
}

# Memory that the kernel itself uses, in KiB
kernel_memory() {
	awk '/^(Slab|Percpu|VmallocUsed):/ { sum += $2 } END { print sum }' /proc/meminfo
}

make_devices() {
	local n

	mkdir -p devices/nullio
	eval "mkdir devices/nullio/d{0..$((devices - 1))}"
	for ((n = 0; n < devices; n++)); do
		attr_write devices/nullio/d$n/size 1M
		attr_write devices/nullio/d$n/enable 1
	done
}

# LUN maps as templates, which have all devices between them
draw_maps() {
	local n

	maps=$BATS_TEST_TMPDIR/maps
	eval "mkdir -p $maps/{0..$((devices / luns - 1))}/{0..$((luns - 1))}"
	for ((n = 0; n < devices; n++)); do
		ln -s "$scst_root/devices/nullio/d$n" "$maps/$((n / luns))/$((n % luns))/"
	done
}

make_map() {
	cp -dr "$maps/$(($1 % (devices / luns)))/." "$target/groups/g$1/luns/"
}

build() {
	local grp=$target/groups/g$1

	mkdir -p "$grp/initiators/i$1"
	[ $(($1 % 2)) -eq 1 ] || make_map "$1"
	probe_login "i$1"
	[ $(($1 % 2)) -eq 0 ] || make_map "$1"
}

take_down() {
	local grp=$target/groups/g$1

	[ $(($1 % 2)) -eq 1 ] || probe_logout
	find "$grp/luns" -type l -delete
	[ $(($1 % 2)) -eq 0 ] || probe_logout
	rmdir "$grp"/luns/* "$grp"/initiators/* "$grp"
}

# Every fourth device from d$1 on
disable_some() {
	local n

	for ((n = $1; n < devices; n += 4)); do
		attr_write devices/nullio/d$n/enable 0
	done
}

# Disabling a device is mostly one RCU grace period of waiting, so several shells are faster
# than one.
remove_devices() {
	local n

	for n in 0 1 2 3; do
		background disable_some $n
	done
	jobs_end 60
	rmdir devices/nullio/*/
}

sessions_see_all() {
	for ((n = 0; n < sessions; n++)); do
		attr_is "$target/sessions/i$n/luns" "$luns" || return
	done
} 2>/dev/null

# seconds_of NAME...: prints their sum.
seconds_of() {
	local name sum=0

	for name in "$@"; do
		sum=$((sum + seconds[$name]))
	done
	printf '%d.%03d s\n' $((sum / 1000000)) $((sum / 1000 % 1000))
}

@test "a large graph is built and taken down in time proportional to its size" {
	devices=$((devices / luns * luns))
	draw_maps
	mkdir -p $target
	attr_set $target/enable 1
	stopwatch build make_devices
	before=$(kernel_memory)
	for ((n = 0; n < sessions; n++)); do
		stopwatch "build$((2 * n / sessions))" build "$n"
		built+=("$probe")
	done
	wait_until 10 sessions_see_all
	bytes=$((($(kernel_memory) - before) * 1024 / (sessions * luns)))
	for ((n = 0; n < sessions; n++)); do
		probe_use "${built[n]}"
		stopwatch "down$((2 * n / sessions))" take_down "$n"
	done
	stopwatch down remove_devices
	echo "# $devices devices, $sessions sessions of $luns LUNs:" \
		"built in $(seconds_of build build0 build1)," \
		"taken down in $(seconds_of down down0 down1)," \
		"$bytes bytes a mapping" >&3
	for way in build down; do
		[ "${seconds[${way}1]}" -lt $((2 * seconds[${way}0] + 2000000)) ]
		[ $((seconds[$way] + seconds[${way}0] + seconds[${way}1])) -lt 60000000 ]
	done
}
