# SPDX-License-Identifier: GPL-2.0
# Sourced: what in a kernel log means that something is wrong.
# shellcheck shell=sh

# Print the lines of standard input that report trouble; fail if there are none.
trouble() {
	grep -E -a \
		-e 'WARNING:' -e 'BUG:' -e 'BUG at' -e 'Oops' -e 'Kernel panic' \
		-e 'KASAN:' -e 'KFENCE:' -e 'UBSAN:' -e 'ODEBUG:' -e 'KCSAN:' \
		-e 'general protection' -e 'Unable to handle' -e 'Segfault with no mm' \
		-e 'INFO: task .* blocked' -e 'INFO: possible' -e 'rcu: INFO:' \
		-e 'possible recursive locking' -e 'possible circular locking' \
		-e 'inconsistent lock state' -e 'held lock freed' \
		-e 'lock held when returning to user space' \
		-e 'suspicious RCU' -e 'refcount_t: ' -e 'scheduling while atomic' \
		-e 'sleeping function called' -e 'list_(add|del) corruption' \
		-e 'kmem_cache_destroy .*: ' -e 'hung task' -e 'soft lockup' \
		-e 'nobody cared' -e 'DEBUG_LOCKS_WARN_ON'
}
