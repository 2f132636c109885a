# SPDX-License-Identifier: GPL-2.0
# Loaded after lib/scst, by tests of programs on hosts that use our disks: udevd, with the
# installed rules, and multipathd.
# shellcheck shell=bash

# multipath_conf SETTING: with one more setting, or ''
multipath_conf() {
	cat >/etc/multipath.conf <<-CONF
	defaults {
		polling_interval 1
		max_polling_interval 1
		find_multipaths no
		path_grouping_policy multibus
		path_selector "round-robin 0"
		no_path_retry fail
		fast_io_fail_tmo 1
		$1
	}
	CONF
}

# udevd_start and host_start skip the test if a program is not installed.
udevd_start() {
	requires udevadm
	/lib/systemd/systemd-udevd --daemon 3>&- 2>/dev/null && udevd=up
}

host_start() {
	requires multipath multipathd
	modprobe dm-multipath && multipath_conf '' && udevd_start || return
	scst_start exec multipathd -d >"$BATS_TEST_TMPDIR/multipathd.log" 2>&1
	multipathd_pid=$!
	wait_until 10 multipathd show status >/dev/null
}

multipathd_stop() {
	wait_until 10 multipath -F || return
	multipathd shutdown >/dev/null
	wait_until 10 is_dead "$multipathd_pid"
}

# Stops the daemons. udevd writes to its database until it has settled.
host_stop() {
	local status=0

	[ -z "${multipathd_pid-}" ] || multipathd_stop || status=1
	[ -n "${udevd-}" ] || return "$status"
	udevadm settle --timeout=30
	udevadm control --exit && rm -rf /run/udev || status=1
	return "$status"
}
