#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# iSCSI: faults of other targets that initiators have met in the field. Each test names the clause
# of the standard.
# shellcheck disable=SC2016 # it is Perl's to expand

load lib/scst
load lib/iscsi

# sg_of DISK
sg_of() {
	printf '/dev/%s\n' "$(ls "/sys/block/${1#/dev/}/device/scsi_generic")"
}

# wait_for_lun LUN: prints the disk of target t0's LUN. Linux has flat space addressing in
# the number, as libiscsi and QEMU do.
wait_for_lun() {
	wait_for_iscsi_disk t0 "$(wire_lun "$1")"
}

wire_lun() {
	echo $(($1 < 256 ? $1 : $1 | 0x4000))
}

# --- data

# RFC 7143 11.4.5: there is no residual if all data was transferred.
@test "a write with immediate, unsolicited and solicited data is complete" {
	image=$BATS_TEST_TMPDIR/image
	truncate -s 1M "$image"
	iscsi_export fileio "path=$image"
	raw 'my $data = join "", map { pack("N", $_) x 128 } 1 .. 34;
	sub whole { my $p = expect(0x21, itt => $_[0], b3 => 0);
		$p->{flags} == 0x80 or fail sprintf "flags %02x, residual %d", $p->{flags}, $p->{w44}; }
	# all but the first 8 KiB is solicited
	login_ready("InitialR2T=Yes", "ImmediateData=Yes", "FirstBurstLength=262144");
	my $tag = scsi(0xa0, 17408, write_10(100, 34), substr $data, 0, 8192);
	my $p = expect(0x31, itt => $tag, w40 => 8192, w44 => 9216);
	data_out($tag, $p->{ttt}, 0, 8192, substr($data, 8192), 1);
	whole($tag);
	close_conn();
	# the rest is unsolicited, in one PDU or in PDUs of a block
	login_ready("InitialR2T=No", "ImmediateData=Yes", "FirstBurstLength=65536");
	$tag = scsi(0x20, 17408, write_10(200, 34), substr $data, 0, 8192);
	data_out($tag, 0xffffffff, 0, 8192, substr($data, 8192), 1);
	whole($tag);
	$tag = scsi(0x20, 17408, write_10(300, 34), substr $data, 0, 512);
	data_out($tag, 0xffffffff, $_ - 1, 512 * $_, substr($data, 512 * $_, 512), $_ == 33)
		for 1 .. 33;
	whole($tag)'
	perl -e 'print map { pack("N", $_) x 128 } 1 .. 34' >"$BATS_TEST_TMPDIR/wanted"
	for lba in 100 200 300; do
		cmp -n 17408 "$image" "$BATS_TEST_TMPDIR/wanted" $((lba * 512)) 0
	done
}

# RFC 7143 11.4.7, 11.2.3: sense data and odd lengths have a digest like all data.
@test "sense data and Data-In of odd lengths work with every digest" {
	requires sg_raw sg_opcodes
	iscsi_export nullio size=1M
	for digests in 'CRC32C CRC32C' 'None CRC32C' 'CRC32C None'; do
		login t0 "node.conn[0].iscsi.HeaderDigest=${digests% *}" \
			"node.conn[0].iscsi.DataDigest=${digests#* }"
		disk=$(wait_for_lun 0)
		sg=$(sg_of "$disk")
		read -r tsih <"$iscsi:t0/sessions/$iqn:i0/tsih"
		for length in 1 2 3 5 7 37 73; do
			sg_raw -r $length -o "$BATS_TEST_TMPDIR/in" "$sg" 12 0 0 0 \
				"$(printf %02x $length)" 0 2>/dev/null
			equal $length "$(stat -c %s "$BATS_TEST_TMPDIR/in")" "$digests: INQUIRY"
		done
		while read -ra cdb; do
			matches '*Illegal Request*' "$(sg_raw -r 512 "$sg" "${cdb[@]}" 2>&1)" \
				"$digests: ${cdb[*]}"
		done <<-REFUSED
		28 00 ff ff ff 00 00 00 01 00
		85 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00
		1a 00 11 00 08 00
		REFUSED
		sg_opcodes -q "$sg" >/dev/null
		dd if="$disk" of=/dev/null bs=64k count=4 iflag=direct status=none
		attr_is "$iscsi:t0/sessions/$iqn:i0/tsih" "$tsih"
		equal '' "$(kernel_log | grep -e 'conn error' -e 'digest error')"
		logout t0
	done
}

# --- LUNs

# SAM-5 4.7.4, SPC-4 6.6.2, 6.33: LUN 0 answers INQUIRY and REPORT LUNS even if it is absent.
@test "the LUNs of a target without a LUN 0 are found" {
	for lun in 0 20 40; do
		make_device nullio d$lun size=1M
		iscsi_link t0 "$lun" "nullio/d$lun"
	done
	iscsi_target t0
	login t0
	for lun in 0 20 40; do
		wait_for_lun "$lun"
	done
	logout t0
	rm "$iscsi:t0/luns/0/d0"
	login t0
	for lun in 20 40; do
		wait_for_lun "$lun"
	done
	ln -s devices/nullio/d0 "$iscsi:t0/luns/0/"
	wait_for_lun 0
	logout t0
	rm "$iscsi:t0/luns/0/d0"
	raw 'login(); my $tag = scsi(0xc0, 96, pack("Cxx n x", 0x12, 96));
	my $data = expect(0x25, itt => $tag)->{data};
	$data =~ /^\x7f.{7} *[A-Z]/s && length $data >= 36 or fail unpack "H*", $data;
	$tag = scsi(0xc0, 64, pack("C x5 N xx", 0xa0, 64));
	$data = unpack "H*", expect(0x25, itt => $tag)->{data};
	$data eq "0000001000000000" . "0014000000000000" . "0028000000000000" or fail $data;
	fails(scsi(0x80, 0, "\0" x 6), "052500");
	$tag = scsi(0xc0, 18, pack("C x3 C x", 3, 18));
	my $sense = sprintf "%02x%02x%02x", unpack "xx C x9 CC", expect(0x25, itt => $tag)->{data};
	$sense eq "052500" or fail "REQUEST SENSE: $sense"'
}

# SAM-5 4.7.7: peripheral device and flat space addressing. An absent LUN is no other LUN.
@test "open-iscsi and libiscsi find the LUNs of both addressing methods" {
	requires iscsi-inq sg_luns
	luns=(0 255 256 300 511 16383)
	for lun in "${luns[@]}"; do
		make_device nullio "d$lun" size=$((lun + 1))M "serial=serial-$lun"
		iscsi_link t0 "$lun" "nullio/d$lun"
	done
	iscsi_target t0
	login t0
	for lun in "${luns[@]}"; do
		equal $(((lun + 1) << 20)) "$(disk_size "$(wait_for_lun "$lun")")" "LUN $lun"
		matches "*serial-$lun]*" "$(iscsi-inq -e 1 -c 128 \
			"iscsi://$portal/$iqn:t0/$(wire_lun "$lun")")"
	done
	equal ${#luns[@]} "$(sg_luns -d "$(sg_of "$(wait_for_lun 0)")" | grep -c 'lun=')"
	raw 'login();
	for my $bytes ("0002", "00fe", "0100", "0101", "4002", "41fe", "7ffe", "8000", "c102", "ffff") {
		my $lun = pack "H*", $bytes . "0" x 12;
		my $tag = scsi(0xc0, 36, $inquiry, "", "", $lun);
		my $data = expect(0x25, itt => $tag)->{data};
		unpack("C", $data) == 0x7f or fail "LUN $bytes is there: ", unpack "H*", $data;
		fails(scsi(0x80, 0, "\0" x 6, "", "", $lun), "052500");
	}
	for (["4100", 256], ["0000", 0], ["4000", 0], ["40ff", 255]) {
		my ($bytes, $n) = @$_;
		my $tag = scsi(0xc0, 64, pack("CCC n x", 0x12, 1, 0x80, 64), "", "",
			pack "H*", $bytes . "0" x 12);
		my $data = expect(0x25, itt => $tag)->{data};
		substr($data, 4) eq "serial-$n" or fail "LUN $bytes is $data";
	}'
}

# scsi_host: prints the number of the session's SCSI host.
scsi_host() {
	local device

	device=$(readlink -f /sys/class/iscsi_session/*/device) &&
		device=${device%/*} && echo "${device##*/host}"
}

seen() {
	find /sys/class/scsi_device -name "$1:0:0:*" -printf '%f\n' | sed 's/.*://' |
		sort -n | xargs
}

# SAM-5 4.7.4, SPC-4 6.6.2. The script waits half a minute for a LUN that is becoming ready.
@test "rescan-scsi-bus.sh finds LUNs added to an empty target without a LUN 0" {
	requires rescan-scsi-bus.sh
	iscsi_target t0
	login t0 node.session.scan=manual
	for lun in 5 6; do
		make_device nullio d$lun size=1M
		iscsi_link t0 $lun nullio/d$lun
	done
	host=$(scsi_host)
	bounded 120 rescan-scsi-bus.sh -a "--hosts=$host" --channels=0 --ids=0 \
		>"$BATS_TEST_TMPDIR/rescan" 2>&1
	equal '5 6' "$(seen "$host")" "$(tail -n 3 "$BATS_TEST_TMPDIR/rescan")"
}

# --- NOP-Ins

# RFC 7143 11.19: a NOP-In of the target does not advance StatSN, and has a Target Transfer Tag.
# An initiator that counts it nevertheless is one ahead in ExpStatSN, and is not dropped.
@test "a NOP-In takes no StatSN, and its answer may have any LUN and ExpStatSN" {
	iscsi_export nullio size=1M
	attr_set "$iscsi:t0/nop_interval_ms" 300
	attr_set "$iscsi:t0/nop_timeout_ms" 5000
	raw 'sub answer { my ($p, $lun, $statsn) = @_;
		put(pdu(0x40, 0x80, pack("a8 N N N N", $lun, 0xffffffff, $p->{ttt}, $cmdsn, $statsn),
			$p->{data})); }
	sub served { my $p = receive() // fail "the end";
		until ($p->{opcode} == 0x25) { $p = receive() // fail "the end"; }
		return $p; }
	login_ready();
	scsi(0xc0, 36, $inquiry);
	my $next = served()->{statsn} + 1;
	for my $copied (1, 0, 1) {
		my $p = expect(0x20, itt => 0xffffffff, flags => 0x80, statsn => $next);
		$p->{ttt} != 0xffffffff or fail "the reserved tag";
		answer($p, $copied ? substr($p->{header}, 8, 8) : "", $next);
	}
	scsi(0xc0, 36, $inquiry);
	my $got = served()->{statsn};
	$got == $next or fail "after pings: StatSN $got, expected $next";
	$next++;
	answer(expect(0x20), "", $next + 1);
	scsi(0xc0, 36, $inquiry);
	served()'
}

# Commands are signs of life as well.
@test "an initiator that sends commands stays, even if it answers no NOP-In" {
	iscsi_export nullio size=1M
	attr_set "$iscsi:t0/nop_interval_ms" 300
	attr_set "$iscsi:t0/nop_timeout_ms" 1000
	raw 'login_ready();
	for (1 .. 8) {
		select undef, undef, undef, 0.3;
		scsi(0xc0, 36, $inquiry);
		my $p = { opcode => 0 };
		$p = receive() // fail "the end, in spite of commands" until $p->{opcode} == 0x25;
	}'
}
