# SPDX-License-Identifier: GPL-2.0
# Sourced by series.sh: sources as they are for the newest kernel alone. compat.h maps the code onto
# older ones, which a kernel's own tree has no use for: its mappings are applied to the sources, and
# then there is no compat.h. Needs $scst_repo, $series_work and $series_linux.
# shellcheck shell=sh

newest_compat=$scst_repo/include/scst/compat.h

# The kernel's own tool
newest_setup() {
	newest_tool=$series_work/unifdef
	[ -x "$newest_tool" ] || cc -O -o "$newest_tool" "$series_linux/scripts/unifdef.c" || return
	newest_header >"$series_work/compat.h"
	newest_rules >"$series_work/newest.sed"
}

# The newest kernel has everything that older ones may lack, and no substitutes for it.
newest_options() {
	sed -n -e 's/^#ifndef \([A-Za-z_0-9]*[^H]\)$/-D\1/p' \
		-e 's/^#define \(scst_[a-z_]*\) \1$/-U\1/p' "$newest_compat"
}

# Standard input without branches that the newest kernel does not take
newest_branches() {
	# shellcheck disable=SC2046 # a list of words
	"$newest_tool" "$@" $(newest_options)
	[ $? -le 1 ]
}

# unifdef does not calculate: KERNEL_VERSION() becomes a number.
newest_header() {
	awk '{
		while (match($0, /KERNEL_VERSION\([0-9, ]*\)/)) {
			split(substr($0, RSTART + 15, RLENGTH - 16), part, ",")
			$0 = substr($0, 1, RSTART - 1) part[1] * 65536 + part[2] * 256 + part[3] \
				substr($0, RSTART + RLENGTH)
		}
		print
	}' "$newest_compat" | newest_branches "-DLINUX_VERSION_CODE=$((255 << 16))"
}

# The rest of compat.h is includes, and macros that are other names. A tracepoint's string does not
# name its source any more.
newest_rules() {
	sed -n -e 's|^#define \([A-Za-z_]*\) \([a-z].*\)$|s/\\<\1\\>/\2/g|p' \
		"$series_work/compat.h"
	printf '%s\n' 's/\<SCST_ASSIGN_STR(\([a-z_]*\), .*);/__assign_str(\1);/' \
		'/^#include <scst\/compat.h>$/c\'
	sed -n 's/^#include.*/&\\/p' "$series_work/compat.h" | grep -v linux/version.h |
		sed '$s/\\$//'
}

# Source file $1 on standard output
newest_source() {
	newest_branches <"$1" | sed -f "$series_work/newest.sed"
}
