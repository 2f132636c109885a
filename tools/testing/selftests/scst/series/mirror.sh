# SPDX-License-Identifier: GPL-2.0
# Sourced by series.sh: a kernel tree with the series in it, and a copy of the build directory of
# the bed's kernel. The tree is links to the kernel's source but where the series has files of its
# own. Unchanged files keep their time, so that make does not build them again. Needs tree.sh.
# shellcheck shell=sh

mirror_src=$series_work/src
mirror_obj=$series_work/obj
mirror_parked=$series_work/parked

# Directories of our own come before any links: nothing is to be written through a link.
mirror_dir() {
	[ ! -L "$mirror_src/$1" ] || rm "$mirror_src/$1"
	mkdir -p "$mirror_src/$1" "$mirror_parked/$1" || return
	[ "$(realpath "$mirror_src/$1")" = "$(realpath "$mirror_src")${1:+/$1}" ] ||
		die "$mirror_src/$1: a link leads out of the tree"
}

# Links in directory $1 to the files of the kernel's source there
mirror_links() {
	for _ml_entry in "$series_linux/$1"/* "$series_linux/$1"/.[!.]*; do
		_ml_link=$mirror_src/$1/${_ml_entry##*/}
		[ -e "$_ml_link" ] || [ ! -e "$_ml_entry" ] || ln -s "$_ml_entry" "$_ml_link" ||
			return
	done
}

# The build directory knows where it and the source are: that is what make compares.
mirror_build_dir() {
	_mb_from=$("$setup" uml-smp) || return
	[ "$(cat "$series_work/obj-from" 2>/dev/null)" != "$_mb_from" ] || return 0
	rm -rf "$mirror_obj" "$series_work/obj-from"
	mkdir -p "$mirror_obj" && (cd "$_mb_from" && tar -c --exclude=./root .) |
		tar -x -C "$mirror_obj" || return
	find "$mirror_obj" \( -name '*.cmd' -o -path "$mirror_obj/Makefile" \) -type f \
		-exec sed -i -e "s|$series_linux|$mirror_src|g" -e "s|$_mb_from|$mirror_obj|g" {} +
	ln -sfn "$mirror_src" "$mirror_obj/source"
	cp "$mirror_obj/.config" "$series_work/config"
	printf '%s\n' "$_mb_from" >"$series_work/obj-from"
}

# The next run begins with a new copy of the build directory.
mirror_spoil() {
	rm -f "$series_work/obj-from"
}

mirror_setup() {
	mirror_build_dir || return
	# parents come before what is in them
	_ms_dirs=$(tree_git ls-tree -r -d --name-only HEAD) || return
	for _ms_dir in '' $_ms_dirs; do
		mirror_dir "$_ms_dir" || return
	done
	for _ms_dir in '' $_ms_dirs; do
		mirror_links "$_ms_dir" || return
	done
}

# Update file $1 from directory stage. It may be a link, or parked.
mirror_put() {
	_mp_to=$mirror_src/$1
	[ -e "$_mp_to" ] || [ ! -e "$mirror_parked/$1" ] || mv "$mirror_parked/$1" "$_mp_to"
	[ ! -L "$_mp_to" ] && cmp -s "$series_work/stage/$1" "$_mp_to" && return
	rm -f "$_mp_to" && cp "$series_work/stage/$1" "$_mp_to"
}

# Update the tree to commit $1. Files of later patches are parked.
mirror_sync() {
	rm -rf "$series_work/stage"
	mkdir "$series_work/stage" &&
		tree_git archive "$1" | tar -x -C "$series_work/stage" || return
	(cd "$mirror_src" && find . -type f) | while read -r _my_file; do
		[ -e "$series_work/stage/$_my_file" ] ||
			mv "$mirror_src/$_my_file" "$mirror_parked/$_my_file" || return
	done
	tree_git ls-tree -r --name-only "$1" | while read -r _my_file; do
		mirror_put "$_my_file" || return
	done
}

# The options of gcc for W=1
mirror_warnings() {
	sed -n '/findstring 1,/,/findstring 2,/{
		/IS_CLANG/,/^endif/d
		s/^KBUILD[A-Z_]* += [^#]*-W\(no-\)\?\([a-z-]*\).*/-W\2/p
	}' "$series_linux/scripts/Makefile.warn"
}

# make ARGUMENT... in the tree. W=1 is for directories of our own: everything else stays as it was
# built before.
mirror_make() {
	# shellcheck disable=SC2016 # it is make that expands it
	_mm_ours='$(if $(findstring scst,$(obj)),'$(mirror_warnings | tr '\n' ' ')')'
	make --no-print-directory -s -C "$mirror_src" O="$mirror_obj" ARCH=um -j"$(nproc)" \
		CFLAGS_KERNEL="$_mm_ours" CFLAGS_MODULE="$_mm_ours" "$@"
}

# The options that the series has so far, with the value that $1 means for each: y or m, but a
# bool is always y.
mirror_options() {
	find "$mirror_src/drivers/target/scst" "$mirror_src/drivers/target/iscsi_scst" -name Kconfig \
		-exec awk -v value="$1" '
			/^config / { name = $2 }
			/^\ttristate/ { print "CONFIG_" name "=" value }
			/^\tbool/ { print "CONFIG_" name "=y" }' {} + 2>/dev/null
}

# Set all of them to $1, and check that they are in effect.
mirror_configure() {
	{
		cat "$series_work/config"
		mirror_options "$1"
	} >"$mirror_obj/.config"
	mirror_make olddefconfig || return
	for _mc_option in $(mirror_options "$1"); do
		grep -x "$_mc_option" "$mirror_obj/.config" >"$series_work/in-effect" || {
			echo "$_mc_option is not in effect"
			return 1
		}
	done
}
