# SPDX-License-Identifier: GPL-2.0
# Loaded by the tests of single commands, after lib/scst: sends a CDB unchanged and returns the
# result. CDBs and data are written in hex, two digits a byte.
#
# A command costs one process, sg_raw: in the beds, processes take most of the time.
# shellcheck shell=bash disable=SC2034

# shellcheck disable=SC2154 # bats sets it
golden=$BATS_TEST_DIRNAME/golden

# --- the disks: the same for all tests of a file, unless a test asks for its own

# Initiator i0 sees through target t0
#   LUN 0  64 MiB of fileio with a volatile cache: $sg, on file $image
#   LUN 1  1 MiB of nullio, write protected: $sg_nullio
standard_disks() {
	image=$BATS_FILE_TMPDIR/image
	if [ ! -d devices/fileio/d0 ]; then
		truncate -s 64M "$image"
		make_device nullio d1 size=1M read_only=1 &&
			link_lun t0 1 nullio/d1 &&
			export_disk fileio "path=$image" >/dev/null &&
			{ wait_for_sg t0 i0 0 && wait_for_sg t0 i0 1; } \
				>"$BATS_FILE_TMPDIR/sg" || return
	fi
	{ read -r sg && read -r sg_nullio; } <"$BATS_FILE_TMPDIR/sg"
}

# own_objects: the test begins without objects, and leaves none.
own_objects() {
	: >"$BATS_FILE_TMPDIR/changed"
	scst_clear && scst_load
}

# reload [MODULE-PARAMETER...]: the test goes on without objects in a newly loaded core.
reload() {
	scst_clear && cd / && scst_is_unused && scst_unload &&
		modprobe scst "$@" && scst_load
}

setup() {
	note_lines_of_tests_only
	kernel_log_mark
	scst_load && standard_disks
}

teardown() {
	if [ -z "${BATS_TEST_COMPLETED-}" ] || [ -e "$BATS_FILE_TMPDIR/changed" ]; then
		rm -f "$BATS_FILE_TMPDIR/changed"
		scst_down
	else
		kernel_log_check
	fi
}

teardown_file() {
	BATS_TEST_TMPDIR=$BATS_FILE_TMPDIR scst_down && scst_unload
}

# --- sending

# cdb OPCODE BYTE1 LBA BLOCKS: sets the array to a CDB of the length that the operation code
# demands.
cdb() {
	local hex i

	case $1 in
	0*) printf -v hex '%s%06x%02x00' "$1" "$3" $(($4 & 255)) ;;
	2* | 3* | 4*) printf -v hex '%s%s%08x00%04x00' "$@" ;;
	a*) printf -v hex '%s%s%08x%08x0000' "$@" ;;
	8* | 9*) printf -v hex '%s%s%016x%08x0000' "$@" ;;
	esac
	cdb=()
	for ((i = 0; i < ${#hex}; i += 2)); do
		cdb+=("${hex:i:2}")
	done
}

# scsi [SG-RAW-OPTION...] DEVICE CDB...: the CDB is bytes, or one word OPCODE:BYTE1:LBA:BLOCKS.
# Sets $answer to "Good", or to sense key, additional sense code and, if there is one, the field
# that is at fault. Sets the array data to the bytes that came.
scsi() {
	local line output hex=
	local -a fields lines

	if [[ ${!#} == *:*:*:* ]]; then
		words fields "${!#}" :
		cdb "${fields[@]}"
		set -- "${@:1:$#-1}" "${cdb[@]}"
	fi
	# The exit status of sg_raw depends on the sense key.
	output=$(sg_raw "$@" 2>&1) || true
	answer="no answer: $output"
	words lines "$output" $'\n'
	for line in "${lines[@]}"; do
		case $line in
		'SCSI Status: Good'*) answer=Good ;;
		*'Sense key: '*) answer=${line##*Sense key: } ;;
		'Additional sense: '*) answer+=": ${line#*: }" ;;
		*'Error in '*) answer+=": ${line#*Error in }" ;;
		' '[0-9a-f][0-9a-f]*) hex+=" ${line:8:49}" ;;
		esac
	done
	answer=${answer%% }
	words data "$hex"
}

# data_out BYTES DEVICE CDB...: scsi with Data-Out
data_out() {
	local file=$BATS_TEST_TMPDIR/data-out escapes
	local -a bytes

	words bytes "$1"
	shift
	printf -v escapes '\\x%s' "${bytes[@]}"
	printf '%b' "$escapes" >"$file"
	scsi -s "${#bytes[@]}" -i "$file" "$@"
}

# --- comparing

# ends ANSWER COMMAND...: COMMAND is scsi, or a function that calls it.
ends() {
	local wanted=$1

	shift
	"$@"
	equal "$wanted" "$answer" "$*"
}

# good SCSI-ARGUMENTS
good() {
	ends Good scsi "$@"
}

# refused FIELD SCSI-ARGUMENTS: INVALID FIELD IN CDB, with a pointer to FIELD
refused() {
	local where=$1

	shift
	ends "Illegal Request: Invalid field in cdb: Command: $where" scsi "$@"
}

# bad_parameter FIELD COMMAND...: INVALID FIELD IN PARAMETER LIST
bad_parameter() {
	local where=$1

	shift
	ends "Illegal Request: Invalid field in parameter list: Data parameters: $where" "$@"
}

# returns BYTES SCSI-ARGUMENTS
returns() {
	local wanted=$1

	shift
	good "$@" && equal "$wanted" "${data[*]}" "$*"
}

# golden NAME SCSI-ARGUMENTS: the data is that of golden/NAME.hex. There, ".." is a byte that
# differs between devices.
golden() {
	local name=$1 line expected=

	shift
	while read -r line; do
		[[ $line == '#'* ]] || expected+=" $line"
	done <"$golden/$name.hex"
	good "$@" || return
	[[ " ${data[*]}" =~ ^$expected$ ]] || {
		diff <(fold -w 48 <<<"${expected# }") <(fold -w 48 <<<"${data[*]}") |
			sed "s,^,$name: ," >&2
		return 1
	}
}
