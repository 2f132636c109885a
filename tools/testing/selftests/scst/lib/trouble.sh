# SPDX-License-Identifier: GPL-2.0
# Sourced: the lines of a kernel log that report a problem
# shellcheck shell=sh

# An extended regular expression
trouble_pattern='WARNING:|BUG:|BUG at|Oops|Kernel panic|KASAN:|KFENCE:|UBSAN:'
trouble_pattern=$trouble_pattern'|ODEBUG:|KCSAN:|general protection|Unable to handle'
trouble_pattern=$trouble_pattern'|Segfault with no mm|INFO: task .* blocked|INFO: possible'
trouble_pattern=$trouble_pattern'|rcu: INFO:|possible recursive locking'
trouble_pattern=$trouble_pattern'|possible circular locking|inconsistent lock state'
trouble_pattern=$trouble_pattern'|held lock freed|lock held when returning to user space'
trouble_pattern=$trouble_pattern'|suspicious RCU|refcount_t: |scheduling while atomic'
trouble_pattern=$trouble_pattern'|sleeping function called|list_(add|del) corruption'
trouble_pattern=$trouble_pattern'|kmem_cache_destroy .*: |hung task|soft lockup|nobody cared'
trouble_pattern=$trouble_pattern'|DEBUG_LOCKS_WARN_ON'

# Reports of faults of the kernels that the tests run on, by two expressions that both occur in the
# report. No module of the project has a part in them.
#
# check_flush_dependency: open-iscsi's kernel part removes a session's disks in a worker with
# WQ_MEM_RECLAIM. If runtime power management has just looked at one of them, that worker waits for
# a work item of a workqueue without, Linux 6.12.
foreign_place='check_flush_dependency'
foreign_task='Workqueue: iscsi_ctrl_.* __iscsi_unbind_session \\[scsi_transport_iscsi\\]'

# Print the lines of standard input that report trouble; fail if there are none.
trouble() {
	awk -v pattern="$trouble_pattern" -v place="$foreign_place" -v task="$foreign_task" '
		function report() {
			if (lines != "" && !(has_place && has_task)) {
				printf "%s", lines
				found = 1
			}
			lines = ""
			open = has_place = has_task = 0
		}
		/-\[ cut here \]-/ { report(); open = 1 }
		$0 ~ pattern { lines = lines $0 "\n" }
		$0 ~ place { has_place = 1 }
		$0 ~ task { has_task = 1 }
		!open || /-\[ end trace / { report() }
		END { report(); exit !found }'
}
