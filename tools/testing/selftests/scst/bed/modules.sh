# SPDX-License-Identifier: GPL-2.0
# Sourced: builds our modules for a bed's kernel and lays out the module tree that
# the guest sees. Needs common.sh, $scst_repo, and what a bed's function sets.
# shellcheck shell=sh

# Build for kernel headers $1. The Makefile gives every kernel release its own
# directory, so beds do not get in each other's way.
modules_build() {
	# shellcheck disable=SC2086 # a list of words
	quietly make -C "$scst_repo" --no-print-directory -j"$(nproc)" modules KDIR="$1" \
		TEST_MODULES=y $kernel_make ||
		die "cannot build the modules for $1"
}

# Our modules in build directory $1, one a line. Kernels differ in how they list what
# was built: as .ko or .o, from the root or from the build directory.
modules_ours() {
	sed -e 's/\.o$/.ko/' -e "s|^[^/]|$1/&|" "$1/modules.order"
}

# Lay out directory $3 as /lib/modules/RELEASE: the stock modules of tree $1 and
# what was built in directory $2. A machine that does not see the host's files gets copies.
modules_lay_out() {
	rm -rf "$3"
	mkdir -p "$3/updates"
	cp "$1"/modules.order "$1"/modules.builtin* "$3/"
	if [ -n "$kernel_root" ]; then
		cp -a "$1/kernel" "$3/kernel"
	else
		ln -s "$(realpath "$1/kernel")" "$3/kernel"
	fi
	for _mt_module in $(modules_ours "$2"); do
		cp -p "$_mt_module" "$3/updates/"
	done
}

# The names, sizes and times of the built modules, to tell whether they have changed
modules_state() {
	modules_ours "$1" | xargs -r stat -c '%n %s %y'
}

# Build for kernel release $1 with headers $2 and stock modules $3, and copy the
# module tree to directory $4: a run keeps its own, whatever is built meanwhile.
modules_prepare() (
	_mp_dir=$scst_repo/build/$1
	_mp_tree=$_mp_dir/root/lib/modules/$1
	mkdir -p "$_mp_dir" || exit 1
	exec 9>"$_mp_dir/lock"
	flock 9
	modules_build "$2"
	if [ "$(modules_state "$_mp_dir/src")" != "$(cat "$_mp_dir/state" 2>/dev/null)" ]; then
		rm -f "$_mp_dir/state"
		modules_lay_out "$3" "$_mp_dir/src" "$_mp_tree"
		depmod -b "$_mp_dir/root" "$1" || die "depmod failed"
		modules_state "$_mp_dir/src" >"$_mp_dir/state"
	fi
	cp -a "$_mp_tree" "$4"
)
