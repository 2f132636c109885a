# SPDX-License-Identifier: GPL-2.0
# Sourced: counts test results. A missing result counts as a failure, so that a bed that dies
# half-way cannot look like a success.
# shellcheck shell=sh

# Print "PASSED FAILED SKIPPED" for TAP file $1, whose producer exited with $2.
summary_count() {
	awk -v status="$2" '
		/^1\.\.[0-9]+/ { planned = substr($1, 4); plans++ }
		/^ok .*# *[Ss][Kk][Ii][Pp]/ { skipped++; next }
		/^ok / { passed++ }
		/^not ok / { failed++ }
		END {
			missing = planned - passed - failed - skipped
			if (missing > 0) failed += missing
			if ((!plans || status != 0) && !failed) failed++
			print passed + 0, failed + 0, skipped + 0
		}' "$1"
}

# Print the failed tests of TAP file $1, and their output.
summary_failures() {
	awk '
		/^(not )?ok / { failed = /^not/ }
		failed && /^(not ok|#)/ { print "    " $0 }' "$1"
}
