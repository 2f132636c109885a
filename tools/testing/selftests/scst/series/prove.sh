# SPDX-License-Identifier: GPL-2.0
# Sourced by series.sh: the checks that a maintainer would make. Prints TAP. Needs tree.sh,
# mirror.sh and lib/tap.sh.
# shellcheck shell=sh

# Sources in a kernel's own tree have no branches for other kernels.
prove_no_versions() {
	grep -r -n -E 'KERNEL_VERSION|LINUX_VERSION|compat\.h|SCST_CONST|#ifn?def scst_' \
		"$series_work/git/drivers/target/scst" "$series_work/git/drivers/target/iscsi_scst" \
		"$series_work/git/include" "$series_work/git/tools" --include='*.[ch]'
	[ $? -eq 1 ]
}

# Exceptions beyond those of static.sh: prove_maintainers() checks the maintainers of new files.
# Tests are programs; their data may have repeated words and blanks.
prove_style() {
	_ps_macros='COMPLEX_MACRO|MULTISTATEMENT_MACRO_USE_DO_WHILE|MACRO_ARG_REUSE'
	_ps_macros="$_ps_macros|MACRO_ARG_UNUSED|OPEN_ENDED_LINE|PARENTHESIS_ALIGNMENT"
	_ps_data='EXECUTE_PERMISSIONS|REPEATED_WORD|TRAILING_WHITESPACE'
	(cd "$series_linux" && scripts/checkpatch.pl --strict --terse --showfile --show-types \
		--no-summary --ignore FILE_PATH_CHANGES "$1") \
		>"$series_work/style" 2>"$series_work/style.err"
	[ $? -le 1 ] || {
		tail "$series_work/style.err"
		return 1
	}
	! grep -v -E -e "/trace\.h:[0-9]+: [A-Z]+:($_ps_macros):" \
		-e "^tools/.*\.(bats|bash|pm):[0-9]+: [A-Z]+:($_ps_data):" "$series_work/style"
}

# get_maintainer.pl names our section for each kind of file.
prove_maintainers() {
	for _pm_file in include/scst/cmd.h drivers/target/scst/main.c drivers/target/iscsi_scst/main.c \
		Documentation/scst/core.rst Documentation/ABI/testing/sysfs-scst \
		tools/testing/selftests/scst/10-export.bats; do
		(cd "$mirror_src" &&
			scripts/get_maintainer.pl --nogit --nogit-fallback --no-keywords -f "$_pm_file") |
			grep -q 'open list:SCST, A GENERIC SCSI TARGET' || {
			echo "$_pm_file"
			return 1
		}
	done
}

# As the kernel's own conf.py has it, with these pages alone. Nothing is written into the source.
prove_docs() {
	srctree=$series_linux PYTHONPATH=$series_linux/Documentation/sphinx \
		PYTHONDONTWRITEBYTECODE=1 sphinx-build -q -E -C -W -b html \
		-D extensions=kerneldoc,automarkup -D kerneldoc_srctree="$series_work/git" \
		"$series_work/git/Documentation/scst" "$series_work/html"
}

# make ARGUMENT... must succeed and have nothing to say.
prove_make() {
	mirror_make "$@" >"$series_work/log" 2>&1 &&
		! grep -q -i -e 'warning:' -e 'error:' "$series_work/log" && return 0
	tail -n 60 "$series_work/log"
	return 1
}

prove_patch() {
	mirror_sync "$1" && mirror_configure m && prove_make drivers/target/
}

prove_modules() {
	mirror_configure m && prove_make modules &&
		ls "$mirror_obj"/drivers/target/scst/scst.ko \
			"$mirror_obj"/drivers/target/scst/handlers/*/scst_vdisk.ko \
			"$mirror_obj"/drivers/target/scst/*/scst_local.ko \
			"$mirror_obj"/drivers/target/iscsi_scst/iscsi_scst.ko
}

prove_test_modules() {
	prove_make W=1 M="$mirror_src/tools/testing/selftests/scst/modules" modules
}

# Built in, the start of each is part of the kernel.
prove_built_in() {
	mirror_sync HEAD && mirror_configure y && prove_make all || return
	for _pb_function in scst_init scst_vdisk_init scst_local_init iscst_init; do
		nm "$mirror_obj/vmlinux" | grep " t $_pb_function\$" || {
			echo "no $_pb_function in the kernel"
			return 1
		}
	done
}

# That kernel starts, its KUnit tests pass, and one of each can be made.
prove_boots() {
	initramfs_make "$series_work/initramfs" "$scst_tests/vm/built_in" </dev/null
	TMPDIR=${TMPDIR:-/dev/shm} timeout -s KILL 120 "$mirror_obj/linux" mem=512M \
		initrd="$series_work/initramfs" con=null con0=null,fd:1 panic=-1 noreboot \
		seccomp=on >"$series_work/console" 2>&1 </dev/null
	grep -q 'built_in: one of each' "$series_work/console" &&
		[ "$(grep -c '\] ok [0-9]* \(iscst\|scst\)_' "$series_work/console")" -ge 4 ] &&
		! grep '\] not ok' "$series_work/console" &&
		! trouble <"$series_work/console" && return
	tail -n 40 "$series_work/console"
	return 1
}

prove_quick() {
	tap_check 'no branches for other kernels' prove_no_versions
	tap_check 'the manual' prove_docs
	tap_end
}

# Everything, or that patch $1 builds
prove_all() {
	mirror_setup || die "cannot make the kernel tree"
	if [ -n "$1" ]; then
		tap_check "$1 builds" prove_patch "$1"
		tap_end
		return
	fi
	tap_check 'no branches for other kernels' prove_no_versions
	tap_check 'the manual' prove_docs
	for _pa_patch in $(tree_patches); do
		tap_check "${_pa_patch##*/} builds" prove_patch "${_pa_patch##*/}"
	done
	for _pa_patch in "$series_work"/patches/*; do
		tap_check "${_pa_patch##*/}: checkpatch" prove_style "$_pa_patch"
	done
	tap_check 'maintainers of each kind of file' prove_maintainers
	tap_check 'modules' prove_modules
	tap_check 'modules of the tests' prove_test_modules
	# Last: modpost takes the symbols of this kernel for those that modules are linked with.
	mirror_spoil
	tap_check 'built in' prove_built_in
	tap_check 'built in, it works' prove_boots
	tap_end
}
