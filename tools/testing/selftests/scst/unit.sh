#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Runs the KUnit tests in the bed with the checkers; prints TAP.

set -u

tests=$(cd "$(dirname "$0")" && pwd) || exit 1
exec "$tests/run_vm.sh" --bed uml --timeout 300 -- "$tests/vm/kunit"
