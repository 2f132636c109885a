# SPDX-License-Identifier: GPL-2.0
# Loaded by the tests of emulated disks, after lib/scst: file systems for the files behind the
# disks, and the view of an initiator
# shellcheck shell=bash

export DM_DISABLE_UDEV=1
# shellcheck disable=SC2034 # expect() uses it
scst_strerror[ELOOP]='Too many levels of symbolic links'

# --- file systems

# fs_make SIZE [MKFS-OPTION...]: an ext4 file system on $fs. Its medium is $fs_image, through
# $fs_loop and the device mapper, so that parts of it can be made to fail. Its sectors have
# $fs_sector_size bytes, if that is set.
fs_make() {
	local size=$1

	shift
	modprobe -q -a loop dm-mod
	fs=$BATS_TEST_TMPDIR/fs
	fs_image=$BATS_TEST_TMPDIR/medium
	truncate -s "$size" "$fs_image"
	fs_loop=$(losetup -f --show -b "${fs_sector_size:-512}" "$fs_image") || return
	fs_sectors=$(blockdev --getsz "$fs_loop")
	fs_table | dmsetup create scst_fs || return
	mkfs.ext4 -q -b 4096 "$@" /dev/mapper/scst_fs &&
		mkdir "$fs" && mount /dev/mapper/scst_fs "$fs"
}

# fs_table [SECTOR COUNT]: the medium, except these sectors
fs_table() {
	local end=$((${1-0} + ${2-0}))

	[ "${1-0}" = 0 ] || echo "0 $1 linear $fs_loop 0"
	[ "${2-0}" = 0 ] || echo "$1 $2 error"
	echo "$end $((fs_sectors - end)) linear $fs_loop $end"
}

# fs_break FILE SECTOR COUNT: from now on these sectors of the file cannot be read or written.
# fs_repair repairs them.
fs_break() {
	local sector

	sector=$(fs_sector "$1" "$2") && [ -n "$sector" ] &&
		fs_reload "$sector" "$3" && echo 3 >/proc/sys/vm/drop_caches
}

fs_repair() {
	fs_reload
}

fs_reload() {
	fs_table "$@" | dmsetup load scst_fs &&
		dmsetup suspend --nolockfs scst_fs && dmsetup resume scst_fs
}

# The place of sector $2 of file $1 on the medium
fs_sector() {
	filefrag -v -b512 "$1" | awk -v sector="$2" -F '[ .:]+' '
		$2 ~ /^[0-9]+$/ && $3 <= sector && sector <= $4 {
			print $5 + sector - $3
		}'
}

# The text reached the file system's medium.
fs_holds() {
	tr -d '\0' <"$fs_image" | grep -q -a -F "$1"
}

fs_lacks() {
	! fs_holds "$1"
}

# fs_crash: copies the medium as a power failure would leave it now, and recovers it. fs_crashed
# prints a file of the copy.
fs_crash() {
	cp --sparse=always "$fs_image" "$fs_image.crashed" &&
		{ e2fsck -f -y "$fs_image.crashed" >/dev/null || [ $? -le 2 ]; }
}

fs_crashed() {
	debugfs -R "cat /$1" "$fs_image.crashed" 2>/dev/null
}

# Flush requests that the medium has completed.
fs_flushes() {
	awk '{ print $16 }' "/sys/block/${fs_loop#/dev/}/stat"
}

fs_down() {
	[ -n "${fs_loop-}" ] || return 0
	! mountpoint -q "$fs" || umount "$fs" || return
	dmsetup remove --retry scst_fs
	losetup -d "$fs_loop"
}

# A file of $2 bytes in file system $fs, all of it allocated.
fs_file() {
	head -c "$2" /dev/zero >"$fs/$1" && sync "$fs/$1" && echo "$fs/$1"
}

# --- the initiator's side

# add_disk TARGET LUN HANDLER ATTRIBUTE=VALUE...: one more device, dLUN, for
# initiator i0. Prints the disk.
add_disk() {
	local target=$1 lun=$2 handler=$3

	shift 3
	make_device "$handler" "d$lun" "$@" &&
		link_lun "$target" "$lun" "$handler/d$lun" &&
		wait_for_disk "$target" i0 "$lun"
}

# sense_of SG-RAW-ARGUMENTS: prints how the command ends, as
# "sense key: additional sense: information", or "Good".
sense_of() {
	sg_raw "$@" 2>&1 | awk -F ': ' '
		/^SCSI Status: Good/ { good = 1 }
		/Sense key:/ { key = $NF }
		/Additional sense:/ { asc = $NF }
		/Info fld=/ { split($0, part, /[][]/); info = ": " part[2] }
		END { print good ? "Good" : key ": " asc info }'
}

# cdb_10 OPCODE BYTE1 LBA BLOCKS: a CDB of 10 bytes, for sg_raw
cdb_10() {
	printf '%02x %02x %02x %02x %02x %02x 00 %02x %02x 00' "$1" "$2" \
		$(($3 >> 24 & 255)) $(($3 >> 16 & 255)) $(($3 >> 8 & 255)) $(($3 & 255)) \
		$(($4 >> 8)) $(($4 & 255))
}

# read_10 SG LBA BLOCKS [BLOCK-SIZE [BYTE1]]: prints the sense
read_10() {
	# shellcheck disable=SC2046 # a CDB's bytes are words
	sense_of -r $(($3 * ${4-512})) -o /dev/null "$1" $(cdb_10 0x28 "${5-0}" "$2" "$3")
}

# write_10 SG LBA BLOCKS TEXT [BLOCK-SIZE [BYTE1]]: prints the sense. Each block begins with TEXT.
write_10() {
	local bytes=${5-512} i

	for ((i = 0; i < $3; i++)); do
		printf '%-*s' "$bytes" "$4"
	done >"$BATS_TEST_TMPDIR/data-out"
	# shellcheck disable=SC2046
	sense_of -s $(($3 * bytes)) -i "$BATS_TEST_TMPDIR/data-out" "$1" \
		$(cdb_10 0x2a "${6-0}" "$2" "$3")
}

write_10_fua() {
	write_10 "$1" "$2" "$3" "$4" "${5-512}" 8
}

# verify_10 SG LBA BLOCKS BYTCHK FILE: prints the sense
verify_10() {
	local bytes

	bytes=$(stat -c %s "$5")
	# shellcheck disable=SC2046
	sense_of -s "$bytes" -i "$5" "$1" $(cdb_10 0x2f $(($4 << 1)) "$2" "$3")
}

# sync_10 SG: prints the sense
sync_10() {
	# shellcheck disable=SC2046
	sense_of "$1" $(cdb_10 0x35 0 0 0)
}

# cache_type DISK: the value that sd took from the caching mode page
cache_type() {
	cat "/sys/block/${1#/dev/}/device/scsi_disk"/*/cache_type
}

# sg_of DISK
sg_of() {
	printf '/dev/%s\n' "$(ls "/sys/block/${1#/dev/}/device/scsi_generic")"
}

teardown() {
	local status=0

	scst_down || status=1
	fs_down || status=1
	return "$status"
}
