# SPDX-License-Identifier: GPL-2.0
# Loaded by the harness's own tests: a copy of the tree, to change.
# shellcheck shell=bash

# copy_tree DIR: the files that git knows, as they are here, in a repository of their own
copy_tree() {
	mkdir -p "$1" &&
		git -C "$BATS_TEST_DIRNAME" ls-files --full-name :/ |
		(cd "$(git -C "$BATS_TEST_DIRNAME" rev-parse --show-toplevel)" &&
			xargs -d '\n' cp --parents -t "$1") &&
		git -C "$1" init -q && git -C "$1" add -A
}
