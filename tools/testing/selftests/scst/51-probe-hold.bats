#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# scst_probe can hold a command at any stage. Other tests rely on it.

load lib/scst
load lib/probe
: "${probe=}" # of lib/probe

before_medium=(translate decode admit check prepare data execute backend)
after_medium=(complete respond send finish)
contexts=(thread task softirq hardirq)
write_1=cdb=2a000000000000000100
read_1=cdb=28000000000000000100

# A device d0, and an initiator port that sees it
hold_setup() {
	make_device probe d0
	probe_target probe/d0
	probe_login me
	probe_ready
}

# hold_write POINT[,POINT...] [ARGUMENT...]: command 7 writes a5, and stops there.
hold_write() {
	local points=$1

	shift
	echo "cmd 7 dir=out len=512 $write_1 data=a5 hold=$points $*" >&"$probe" &&
		probe_wait_held 7 "${points%%,*}"
}

go() {
	probe_request go "$@"
}

# The medium begins with these bytes, HEX.
medium_is() {
	probe_gives "* data=$1" 99 dir=in len=512 show=4 $read_1
}

@test "a command can be held at each stage, and resumes in every context" {
	local ctx point

	hold_setup
	for ctx in "${contexts[@]}"; do
		for point in "${before_medium[@]}" "${after_medium[@]}"; do
			hold_write "$point" ctx="$ctx"
			equal "stage=$point held=1 aborted=0" "$(probe_where 7)"
			go 7 ctx="$ctx"
			probe_next '7 status=00 residual=0 sense= data='
			wait_until 5 probe_is_gone 7
		done
	done
	medium_is a5a5a5a5
}

@test "a command can be held at several stages in turn" {
	hold_setup
	hold_write decode,data,backend,respond,finish
	for point in data backend respond finish; do
		expect EINVAL go 7 nowhere
		go 7 ctx=softirq
		probe_wait_held 7 "$point"
	done
	# answered, but not gone
	probe_next '7 status=00 residual=0 sense= data='
	go 7
	equal none "$(probe_where 7)"
	expect ENOENT go 7
}

@test "a command aborted before it reaches the medium does not change it" {
	local ctx point

	hold_setup
	for ctx in "${contexts[@]}"; do
		for point in "${before_medium[@]:1}"; do
			hold_write "$point" ctx="$ctx"
			echo "tmf 100 fn=0 ref=7" >&"$probe"
			wait_until 5 probe_is 7 "$point" 1 1
			go 7 ctx="$ctx"
			probe_next '7 aborted'
			probe_next '100 response=0'
		done
	done
	medium_is 00000000
}

@test "an executed command that is aborted gets no response unless one is being sent" {
	hold_setup
	for point in complete respond; do
		hold_write "$point"
		echo "tmf 100 fn=0 ref=7" >&"$probe"
		wait_until 5 probe_is 7 "$point" 1 1
		go 7
		probe_next '7 aborted'
		probe_next '100 response=0'
	done
	hold_write send
	echo "tmf 100 fn=0 ref=7" >&"$probe"
	wait_until 5 probe_is 7 send 1 1
	go 7
	probe_next '7 status=00 *'
	probe_next '100 response=0'
	medium_is a5a5a5a5
}

@test "a log-out releases commands that are held, at any stage" {
	local ctx point

	hold_setup
	probe_logout
	for ctx in "${contexts[@]}"; do
		for point in "${before_medium[@]}" "${after_medium[@]}"; do
			probe_login "$ctx-$point"
			probe_ready
			hold_write "$point" ctx="$ctx"
			probe_logout
		done
	done
	probe_login me
	probe_ready
	probe_gives '1 status=00 *' 1 cdb=000000000000
}

@test "a session outlives its log-out until its held commands have ended" {
	local session

	hold_setup
	session=targets/probe/t0/sessions/me
	for point in translate backend finish; do
		[ "$point" != translate ] || wait_until 5 test -d $session
		hold_write "$point,finish"
		echo logout >&"$probe"
		expect ESHUTDOWN probe_request cmd 8 cdb=000000000000
		wait_until 5 eval "[ ! -d $session ]"
		# The log-out aborts it, unless its LUN has not been translated yet.
		[ "$point" = translate ] || probe_is 7 "$point" 1 1
		go 7
		[ "$point" = finish ] || { probe_wait_held 7 finish && go 7; }
		probe_next '7 *'
		probe_logout
		probe_login me
		probe_ready
	done
}

@test "a response that cannot be delivered is reported to the core" {
	local point

	hold_setup
	probe_gives '1 undelivered' 1 send=fail cdb=000000000000
	hold_write check,send
	expect EINVAL go 7 fail
	go 7
	probe_wait_held 7 send
	go 7 fail ctx=hardirq
	probe_next '7 undelivered'
	hold_write data
	go 7 fail
	probe_next "7 status=02 * sense=$(sense 0b 4b 00)* data="
	probe_gives '8 status=00 *' 8 cdb=000000000000
}

@test "sync returns when every command and function is held or has ended" {
	local ctx point

	hold_setup
	for ctx in "${contexts[@]}"; do
		for point in "${before_medium[@]:1}"; do
			probe_request cmd 7 ctx="$ctx" dir=out len=512 $write_1 hold="$point"
			probe_request sync
			equal "stage=$point held=1 aborted=0" "$(probe_where 7)"
			probe_request tmf 100 fn=0 ref=7
			probe_request sync
			equal "stage=$point held=1 aborted=1" "$(probe_where 7)"
			probe_request go 7 ctx="$ctx"
			probe_request sync
			equal none "$(probe_where 7)"
			probe_next '7 aborted'
			probe_next '100 response=0'
		done
	done
}

@test "sync also waits for other initiators, but not for held commands" {
	local one two

	hold_setup
	medium d0 hold
	one=$probe
	probe_login two
	two=$probe
	probe_request cmd 1 cdb=000000000000
	probe_request sync
	probe_next "1 status=02 * sense=$(sense 06 29 00)* data="
	probe_use "$one"
	hold_write data,finish
	probe_request cmd 8 dir=in len=512 $read_1
	probe_request cmd 9 cdb=000000000000 hold=finish
	probe_use "$two"
	probe_request tmf 100 fn=4
	probe_request sync
	probe_use "$one"
	probe_is 7 data 1 1
	probe_is 8 medium 1 1
	probe_is 9 finish 1 1
	probe_request logout
	probe_request go 7
	medium d0 complete 8
	probe_request sync
	equal "stage=finish held=1 aborted=1" "$(probe_where 7)"
	equal none "$(probe_where 8)"
	probe_request go 7
	probe_request go 9
	probe_request sync
	[ ! -d targets/probe/t0/sessions/me ]
	probe_use "$two"
	probe_next '100 response=0'
}
