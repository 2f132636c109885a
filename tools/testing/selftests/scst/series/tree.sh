# SPDX-License-Identifier: GPL-2.0
# Sourced by series.sh: lays out the series. Each file beside this whose name is a number and a
# topic is a patch: its files, as git ls-files takes them, then the message. A line that names a
# file or directory comes with the patch that adds it, or not at all. Needs newest.sh.
# shellcheck shell=sh

# The kernel's own files that change
tree_joined='MAINTAINERS drivers/Makefile drivers/target/Kconfig drivers/target/Makefile
	Documentation/subsystem-apis.rst tools/testing/selftests/Makefile'

tree_git() {
	git -C "$series_work/git" -c user.name="$(git config user.name || echo nobody)" \
		-c user.email="$(git config user.email || echo nobody@example.org)" \
		-c commit.gpgsign=false "$@"
}

# The files of patch $1, one a line
tree_files() {
	# shellcheck disable=SC2046 # a list of patterns
	(set -f && git ls-files -- $(sed -n 's/^Files: //p' "$1")) |
		grep -v -e /compat.h$ | while read -r _tf_file; do
			[ ! -f "$_tf_file" ] || printf '%s\n' "$_tf_file"
		done
}

# Where file $1 stands in a kernel
tree_place() {
	case $1 in
	Documentation/index.rst) echo Documentation/scst/index.rst ;;
	drivers/*/Kbuild) echo "${1%Kbuild}Makefile" ;;
	*) printf '%s\n' "$1" ;;
	esac
}

# Whether directory $1 has files that match pattern $2
tree_has() {
	# shellcheck disable=SC2086 # a pattern
	(cd "$1" && ls -d $2) >/dev/null 2>&1
}

# Standard input without lines that name missing files. $1 is the directory of the file.
tree_known_lines() {
	while IFS= read -r _tk_line; do
		_tk_path=
		case $_tk_line in
		'source "'*) _tk_path=${_tk_line#*\"} && _tk_path=${_tk_path%\"} ;;
		obj-*/) _tk_path=$1/${_tk_line##*[= 	]} ;;
		'   '*[a-z]) [ "${1#Documentation}" = "$1" ] || _tk_path=$1/${_tk_line##* }.rst ;;
		F:*) _tk_path=${_tk_line##*	} ;;
		esac
		tree_has "$series_work/git" "${_tk_path:-.}" || tree_has "$series_linux" "$_tk_path" ||
			continue
		printf '%s\n' "$_tk_line"
	done
}

# File $1 as it is in a kernel, for place $2
tree_content() {
	case $2 in
	*.[ch]) newest_source "$1" ;;
	*/Makefile | */Kbuild) grep -v '^ccflags-y += -I.*/include$' "$1" ;;
	Documentation/scst/index.rst) sed 's|^   scst/|   |' "$1" ;;
	*) cat "$1" ;;
	esac
}

# Add file $1 to the tree. References to other files are left to tree_refer().
tree_add() {
	_ta_place=$(tree_place "$1")
	_ta_to=$series_work/git/$_ta_place
	mkdir -p "${_ta_to%/*}" || return
	tree_content "$1" "$_ta_place" >"$_ta_to" || return
	[ ! -x "$1" ] || chmod 755 "$_ta_to"
	case $_ta_place in
	*/Kconfig | drivers/*/Makefile | */scst/index.rst)
		cp "$_ta_to" "$series_work/whole/$(echo "$_ta_place" | tr / %)"
		;;
	esac
}

# Insert line $2 into the sorted list in file $1 that consists of lines like it, up to its
# last word.
tree_insert() {
	awk -v new="$2" '
		BEGIN { like = new; sub(/[^ ]*$/, "", like) }
		!done && index($0, like) == 1 && $0 > new { print new; done = 1 }
		{ print }' "$series_linux/$1"
}

# The kernel's MAINTAINERS with the first section of ours
tree_maintainers() {
	awk '/^---/ { on = 1; next } on && /^SCST/ { n++ } n == 1' MAINTAINERS |
		sed '/^$/d' | tree_known_lines . >"$series_work/section"
	# The sections are not all in order: ours follows the last one that it has to.
	LC_ALL=C awk -v section="$series_work/section" -v title="$(head -n 1 "$series_work/section")" '
		FNR == 1 { on = 0 }
		/^Maintainers List$/ { on = 1 }
		is_title = on && last == "" && /^[A-Z0-9][^:]/ { }
		NR == FNR && is_title && $0 < title && $0 > before { before = $0 }
		NR != FNR && is_title && found {
			while ((getline line <section) > 0) print line
			print ""
		}
		NR != FNR { print }
		is_title { found = $0 == before }
		{ last = $0 }' "$series_linux/MAINTAINERS" "$series_linux/MAINTAINERS"
}

# File $1 of the kernel, with all of ours in it
tree_join() {
	case $1 in
	MAINTAINERS) tree_maintainers ;;
	drivers/Makefile)
		# shellcheck disable=SC2016 # it is make that expands it
		sed 's/^obj-\$(CONFIG_TARGET_CORE)\(.*target\/\)$/obj-y\t\t\t\1/' "$series_linux/$1"
		;;
	drivers/target/Kconfig)
		cat "$series_linux/$1"
		echo
		printf 'source "drivers/target/%s/Kconfig"\n' scst iscsi_scst
		;;
	drivers/target/Makefile)
		cat "$series_linux/$1"
		echo
		echo '# The generic SCSI target mid-level, and what it comes with'
		# shellcheck disable=SC2016 # it is make that expands them
		printf 'obj-$(CONFIG_%s\t+= %s/\n' 'SCST)	' scst 'ISCSI_SCST)' iscsi_scst
		;;
	Documentation/subsystem-apis.rst)
		sed 's|^   target/index$|&\n   scst/index|' "$series_linux/$1"
		;;
	tools/testing/selftests/Makefile) tree_insert "$1" 'TARGETS += scst' ;;
	esac
}

# Update the files that refer to others to the files that are there now.
tree_refer() {
	for _tr_whole in "$series_work"/whole/*; do
		_tr_place=$(echo "${_tr_whole##*/}" | tr % /)
		tree_known_lines "${_tr_place%/*}" <"$_tr_whole" >"$series_work/git/$_tr_place"
	done
	for _tr_file in $tree_joined; do
		case $_tr_file in
		tools/*) [ -d "$series_work/git/tools/testing/selftests/scst" ] || continue ;;
		Documentation/*) [ -d "$series_work/git/Documentation/scst" ] || continue ;;
		esac
		tree_join "$_tr_file" >"$series_work/joined"
		case $_tr_file in
		drivers/target/*) tree_known_lines drivers/target ;;
		*) cat ;;
		esac <"$series_work/joined" >"$series_work/git/$_tr_file"
	done
}

tree_base() {
	rm -rf "$series_work/git" "$series_work/whole" "$series_work/patches"
	mkdir -p "$series_work/git" "$series_work/whole" || return
	tree_git init -q || return
	for _tb_file in $tree_joined; do
		mkdir -p "$series_work/git/$(dirname "$_tb_file")"
		cp "$series_linux/$_tb_file" "$series_work/git/$_tb_file" || return
	done
	tree_git add -A && tree_git commit -q -m 'the kernel as it is' && tree_git tag base
}

tree_patch() {
	for _tp_file in $(tree_files "$1"); do
		tree_add "$_tp_file" || return
	done
	tree_refer
	tree_git add -A && sed -e '/^#/d' -e '/^Files: /d' "$1" | tree_git commit -q -s -F - &&
		tree_git tag "${1##*/}"
}

# The patches' names, in order
tree_patches() {
	find "$scst_tests/series" -name '[0-9]-*' | sort
}

# The series, as commits of a repository, and its patches
compose() {
	newest_setup && tree_base || return
	for _co_patch in $(tree_patches); do
		tree_patch "$_co_patch" || return
	done
	tree_git format-patch -q --zero-commit -o "$series_work/patches" base
}
