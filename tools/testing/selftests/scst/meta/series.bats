#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# The patch series: what is in it, and what it refuses. soak/series.bats builds it.

load copy

setup() {
	tree=$BATS_TEST_TMPDIR/tree
	work=$BATS_TEST_TMPDIR/work
	copy_tree "$tree"
}

# series COMMAND: of the copy
series() {
	"$tree/tools/testing/selftests/scst/series.sh" --work "$work" "$@"
}

# patched FILE: the file with all patches applied
patched() {
	cat "$work/git/$1"
}

@test "the patches add all sources to a kernel, and nothing for other kernels" {
	series quick
	linux=$("$BATS_TEST_DIRNAME/../setup.sh" source)
	mkdir "$BATS_TEST_TMPDIR/kernel"
	for file in MAINTAINERS drivers/Makefile drivers/target/Kconfig drivers/target/Makefile \
		Documentation/subsystem-apis.rst tools/testing/selftests/Makefile; do
		(cd "$linux" && cp --parents -t "$BATS_TEST_TMPDIR/kernel" "$file")
	done
	cat "$work"/patches/* | patch -s -p1 -d "$BATS_TEST_TMPDIR/kernel"
	diff -r --exclude=.git "$work/git" "$BATS_TEST_TMPDIR/kernel"
	[ "$(find "$tree/drivers/target" -name '*.c' | wc -l)" = \
		"$(find "$work/git/drivers/target" -name '*.c' | wc -l)" ]
	[ ! -e "$work/git/include/scst/compat.h" ]
	patched drivers/target/scst/lu/pr_file.c | grep -q start_renaming
}

@test "a patch does not refer to files of later patches" {
	series patches
	git -C "$work/git" show 1-core:drivers/target/scst/Kconfig >"$BATS_TEST_TMPDIR/kconfig"
	! grep handlers "$BATS_TEST_TMPDIR/kconfig" || false
	git -C "$work/git" show 2-vdisk:drivers/target/scst/Kconfig >"$BATS_TEST_TMPDIR/kconfig"
	grep handlers "$BATS_TEST_TMPDIR/kconfig"
	! grep local "$BATS_TEST_TMPDIR/kconfig" || false
	patched drivers/target/scst/Kconfig | grep local
}

@test "a file that asks for the kernel's version is refused" {
	printf '#if LINUX_VERSION_CODE >= KERNEL_VERSION(7, 0, 0)\nint planted;\n#endif\n' \
		>>"$tree/drivers/target/scst/cmd/sense.c"
	run series quick
	[ "$status" -ne 0 ]
	[[ $output == *"not ok "*"no branches for other kernels"*sense.c*LINUX_VERSION_CODE* ]]
}

@test "a page with a broken reference is refused" {
	# shellcheck disable=SC2016 # reStructuredText
	echo 'See :doc:`planted`.' >>"$tree/Documentation/scst/core.rst"
	run series quick
	[ "$status" -ne 0 ]
	[[ $output == *"not ok "*"the manual"*planted* ]]
}
