#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# iSCSI: names, portals, discovery and log-in, as open-iscsi sees them.

load lib/scst
load lib/iscsi

# --- names and portals

@test "only valid iSCSI names are accepted for targets" {
	mkdir -p targets/iscsi
	for name in t0 iqn. iqn.2026-11 iqn.2026-11. iqn.26-11.org.example \
		iqn.2026-11.org.Example iqn.2026-11.org.example_t eui.02004567a425678 \
		eui.02004567A425678G naa.52004567ba64678 naa.52004567ba64678d0; do
		expect EINVAL mkdir "targets/iscsi/$name"
	done
	mkdir targets/iscsi/{iqn.2026-11.org.example:t-0.a,eui.02004567A425678D} \
		targets/iscsi/naa.{52004567BA64678D,62004567BA64678D0123456789ABCDEF}
}

@test "only an IP address with a port is accepted as a portal" {
	mkdir -p "$iscsi:t0"
	for name in 127.0.0.1: 127.0.0.1:0 127.0.0.1:65536 127.0.0.1:03260 \
		127.0.0.1:+1 127.0.0:3260 :3260 ::1:3260 '[::1]:' '[::1:3260' '[127.0.0.1]:3260' \
		localhost:3260; do
		expect EINVAL mkdir "$iscsi:t0/portals/$name"
	done
	matches '*localhost:3260*' "$(cat "$iscsi:t0/last_error")"
	mkdir "$iscsi:t0"/portals/{127.0.0.1:3260,127.0.0.1:3261,'[::1]:3260',0.0.0.0:3262,'[::]:3262'}
	expect EEXIST mkdir "$iscsi:t0/portals/[0::1]:3260"
	attr_is "$iscsi:t0/portals/[::1]:3260/state" listening
}

@test "a portal serves several targets, and stops listening after the last one" {
	make_device nullio d0 size=1M
	for name in t0 t1; do
		mkdir -p "$iscsi:$name"
		iscsi_link $name 0 nullio/d0
		iscsi_target $name
	done
	equal "$portal,1 $iqn:t0 $portal,1 $iqn:t1" "$(discover | sort | xargs)"
	rmdir "$iscsi:t0/portals/$portal"
	equal "$portal,1 $iqn:t1" "$(discover)"
	rmdir "$iscsi:t1/portals/$portal"
	run discover
	[ "$status" -ne 0 ]
}

@test "a portal at a TCP port in use is refused" {
	mkdir -p "$iscsi:t0"
	background busybox nc -l -p 3270
	wait_until 10 grep -qi ':0cc6 ' /proc/net/tcp{,6}
	expect EADDRINUSE mkdir "$iscsi:t0/portals/127.0.0.1:3270"
}

@test "a portal answers once its address is added to the host" {
	iscsi_export nullio size=1M
	mkdir "$iscsi:t0/portals/10.77.0.1:3260"
	ip address add 10.77.0.1/32 dev lo
	discover 10.77.0.1:3260 | grep -q "^10.77.0.1:3260,1 $iqn:t0$"
	ip address del 10.77.0.1/32 dev lo
}

@test "IPv6 and wildcard portals work, and so does an eui name" {
	make_device nullio d0 size=1M
	mkdir -p targets/iscsi/eui.02004567A425678D/luns/0
	ln -s devices/nullio/d0 targets/iscsi/eui.02004567A425678D/luns/0/
	mkdir targets/iscsi/eui.02004567A425678D/portals/{'[::]:3260',0.0.0.0:3261}
	attr_set targets/iscsi/eui.02004567A425678D/enable 1
	equal '[::1]:3260,1 eui.02004567A425678D' "$(discover '[::1]:3260')"
	discover 127.0.0.1 2>/dev/null && return 1
	equal '127.0.0.1:3261,1 eui.02004567A425678D' "$(discover 127.0.0.1:3261)"
}

# --- namespaces

netns_up() {
	requires ip nsenter
	modprobe veth
	ip netns add target
	ip link add name i0 type veth peer name t0 netns target
	ip address add 10.78.0.1/24 dev i0
	ip link set i0 up
	nsenter --net=/run/netns/target ip address add 10.78.0.2/24 dev t0
	nsenter --net=/run/netns/target ip link set t0 up
}

commands_ran() {
	local count

	read -r count <"$1/commands" && [ "$count" -gt 100 ]
} 2>/dev/null

@test "a portal belongs to the network namespace of its creator" {
	netns_up
	iscsi_export nullio size=64M
	nsenter --net=/run/netns/target mkdir "$iscsi:t0/portals/10.78.0.2:3260"
	equal "10.78.0.2:3260,1 $iqn:t0" "$(discover 10.78.0.2)"
	equal "$portal,1 $iqn:t0" "$(discover)"

	# It goes with its namespace, even under I/O.
	background iscsi-perf "iscsi://10.78.0.2/$iqn:t0/0"
	wait_until 20 has_session t0
	wait_until 20 commands_ran "$iscsi:t0/sessions"/*
	ip netns del target
	wait_until 20 grep -q gone "$iscsi:t0/portals/10.78.0.2:3260/state"
	wait_until 20 no_session t0
	bounded 10 rmdir "$iscsi:t0/portals/10.78.0.2:3260"
	discover | grep -q "$iqn:t0"
}

# --- discovery

@test "discovery shows an initiator the enabled targets where it has a LUN" {
	make_device nullio d0 size=1M
	mkdir -p "$iscsi:t0" "$iscsi:t1" "$iscsi:t2"/groups/g/{initiators/"$iqn:i1",luns/0}
	iscsi_link t0 0 nullio/d0
	ln -s devices/nullio/d0 "$iscsi:t2/groups/g/luns/0/"
	for name in t0 t1 t2; do
		iscsi_target $name
	done
	equal "$portal,1 $iqn:t0" "$(discover)"
	initiator_is i1
	equal "$portal,1 $iqn:t0 $portal,1 $iqn:t2" "$(discover | sort | xargs)"
	initiator_is i0
	attr_set "$iscsi:t0/enable" 0
	run discover
	matches '*No portals found*' "$output"
}

# --- log-in

@test "a log-in creates a session, and a log-out removes it" {
	iscsi_export nullio size=1M
	login t0
	attr_is "$iscsi:t0/sessions/$iqn:i0/initiator" "$iqn:i0"
	attr_is "$iscsi:t0/sessions/$iqn:i0/state" active
	matches '127.0.0.1:*' "$(cat "$iscsi:t0/sessions/$iqn:i0/address")"
	logout t0
	[ ! -d "$iscsi:t0/sessions/$iqn:i0" ]
}

@test "a log-in to an absent or a disabled target fails" {
	iscsi_export nullio size=1M
	run login t1
	matches '*login failure*' "$output"
	attr_set "$iscsi:t0/enable" 0
	# A disabled target may be back soon: open-iscsi would retry for two minutes.
	run login t0 node.session.initial_login_retry_max=1 'node.conn[0].timeo.login_timeout=2'
	[ "$status" -ne 0 ]
	equal '' "$(ls "$iscsi:t0/sessions")"
}

@test "a target with a redirect sends its initiators to the other portal" {
	iscsi_export nullio size=1M
	mkdir "$iscsi:t0/portals/127.0.0.1:3261"
	attr_set "$iscsi:t0/redirect" 127.0.0.1:3261
	equal "$portal,1 $iqn:t0 127.0.0.1:3261,1 $iqn:t0" "$(discover | sort | xargs)"
	login t0
	attr_is "$iscsi:t0/sessions/$iqn:i0/portal" 127.0.0.1:3261
	logout t0
	attr_set "$iscsi:t0/redirect" ''
	login t0
	attr_is "$iscsi:t0/sessions/$iqn:i0/portal" "$portal"
}

# session_has ATTRIBUTE...
session_has() {
	(cd "$iscsi:t0/sessions/$iqn:i0" && cat "$@" | xargs)
}

@test "negotiated values respect the settings of both sides" {
	iscsi_export nullio size=1M
	attr_set "$iscsi:t0/max_burst_length" 65536
	attr_set "$iscsi:t0/first_burst_length" 16384
	login t0 node.session.iscsi.ImmediateData=No
	equal '65536 16384 0 0 1' "$(session_has max_burst_length first_burst_length initial_r2t \
		immediate_data max_outstanding_r2t)"
	equal '65536 16384 0 0' "$(negotiated max_burst_len) $(negotiated first_burst_len) $(
		negotiated initial_r2t) $(negotiated immediate_data)"
	logout t0
	attr_set "$iscsi:t0/initial_r2t" 1
	login t0 node.session.iscsi.ImmediateData=Yes \
		node.session.iscsi.MaxBurstLength=32768 node.session.iscsi.FirstBurstLength=8192
	equal '32768 8192 1 1' "$(session_has max_burst_length first_burst_length initial_r2t \
		immediate_data)"
	equal '127.0.0.1:3260' "$(session_has portal)"
	matches '0x????????????' "$(session_has isid)"
	equal '32768 8192 1 1' "$(negotiated max_burst_len) $(negotiated first_burst_len) $(
		negotiated initial_r2t) $(negotiated immediate_data)"
}

@test "attributes refuse invalid values" {
	mkdir -p "$iscsi:t0"
	for pair in queue_depth=0 queue_depth=1025 nop_interval_ms=-1 nop_timeout_ms=999 \
		initial_r2t=2 immediate_data=Yes max_outstanding_r2t=0 max_burst_length=511 \
		first_burst_length=1048577 alias=$'\t' redirect_permanent=2 redirect=127.0.0.1: \
		redirect=127.0.0.1:0 redirect='[::1' redirect='[example.org]:1' redirect=:3260 \
		redirect=::1:3260 redirect=127.0.0.1:3260,1 redirect='a b:3260'; do
		attr_refuses EINVAL "$iscsi:t0/${pair%%=*}" "${pair#*=}"
	done
	attr_round_trip "$iscsi:t0/queue_depth" 1 1024
	attr_round_trip "$iscsi:t0/nop_interval_ms" 0 3600000
	attr_round_trip "$iscsi:t0/alias" 'Two words' ''
	attr_round_trip "$iscsi:t0/redirect" 127.0.0.1:3260 '[2001:db8::1]:3260' \
		a-host.example.org:3260 ''
}

# --- authentication

chap=(node.session.auth.authmethod=CHAP node.session.auth.username=me
	node.session.auth.password=a-secret-of-mine)

require_chap() {
	mkdir "$iscsi:t0/auth/$1"
	attr_set "$iscsi:t0/auth/$1/user" me
	attr_set "$iscsi:t0/auth/$1/secret" a-secret-of-mine
}

refused_login() {
	matches '*authorization failure*' "$(login t0 "$@" 2>&1)" "$*"
	equal '' "$(ls "$iscsi:t0/sessions")"
}

@test "CHAP works with every algorithm" {
	iscsi_export nullio size=1M
	require_chap "$iqn:i0"
	expect EACCES cat "$iscsi:t0/auth/$iqn:i0/secret" || [ "$(id -u)" = 0 ]
	for alg in MD5 SHA1 SHA256 SHA3-256; do
		login t0 "${chap[@]}" node.session.auth.chap_algs=$alg
		logout t0
	done
}

@test "CHAP refuses a wrong secret, a wrong user and an unlisted initiator" {
	iscsi_export nullio size=1M
	require_chap "$iqn:i0"
	refused_login node.session.auth.authmethod=None
	refused_login "${chap[@]}" node.session.auth.password=a-secret-of-yours
	refused_login "${chap[@]}" node.session.auth.username=you
	initiator_is i1
	refused_login "${chap[@]}"
	initiator_is i0
	login t0 "${chap[@]}"
	logout t0
	rmdir "$iscsi:t0/auth/$iqn:i0"
	require_chap "$iqn:i[1-9]"
	refused_login "${chap[@]}"
	require_chap "$iqn:*"
	login t0 "${chap[@]}"
}

# discover_as USER SECRET
discover_as() {
	local record=(iscsiadm -m discoverydb -t sendtargets -p "$portal")

	"${record[@]}" -o new >/dev/null
	"${record[@]}" -o update -n discovery.sendtargets.auth.authmethod -v CHAP
	"${record[@]}" -o update -n discovery.sendtargets.auth.username -v "$1"
	"${record[@]}" -o update -n discovery.sendtargets.auth.password -v "$2"
	"${record[@]}" --discover
}

@test "discovery_auth hides a target from discovery without CHAP" {
	iscsi_export nullio size=1M
	iscsi_link t1 0 nullio/d0
	iscsi_target t1
	require_chap "$iqn:i0"
	equal "$portal,1 $iqn:t0 $portal,1 $iqn:t1" "$(discover | sort | xargs)"
	attr_set "$iscsi:t0/discovery_auth" 1
	equal "$portal,1 $iqn:t1" "$(discover)"
	equal "$portal,1 $iqn:t0 $portal,1 $iqn:t1" \
		"$(discover_as me a-secret-of-mine | sort | xargs)"
	run discover_as me a-secret-of-yours
	[ "$status" -ne 0 ]
}

@test "mutual CHAP needs the right target secret, different from the initiator's" {
	local mutual=("${chap[@]}" node.session.auth.username_in=target
		node.session.auth.password_in=a-secret-of-its-own)

	iscsi_export nullio size=1M
	require_chap "$iqn:i0"
	run login t0 "${mutual[@]}"
	[ "$status" -ne 0 ]
	attr_set "$iscsi:t0/auth/$iqn:i0/target_user" target
	attr_set "$iscsi:t0/auth/$iqn:i0/target_secret" another-secret
	run login t0 "${mutual[@]}"
	[ "$status" -ne 0 ]
	attr_set "$iscsi:t0/auth/$iqn:i0/target_secret" a-secret-of-its-own
	login t0 "${mutual[@]}"
	logout t0
	# The same secret both ways proves nothing.
	attr_set "$iscsi:t0/auth/$iqn:i0/target_secret" a-secret-of-mine
	run login t0 "${mutual[@]}" node.session.auth.password_in=a-secret-of-mine
	[ "$status" -ne 0 ]
}
