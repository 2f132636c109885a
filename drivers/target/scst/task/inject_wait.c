// SPDX-License-Identifier: GPL-2.0
/*
 * Injection, for tests: waiters for aborted commands are counted, so that a test can detect that
 * nothing makes progress any more.
 */
#include <linux/export.h>
#include <linux/list.h>
#include <linux/spinlock.h>
#include <scst/inject.h>

#include "cmd/cmd.h"
#include "task/task.h"

/* Guards the list; taken before a command list's lock */
static DEFINE_SPINLOCK(scst_inject_waits_lock);

static LIST_HEAD(scst_inject_waits);

/**
 * scst_inject_wait_begin() - count a waiter for aborted commands
 * @wait:   the waiter; valid until scst_inject_wait_end()
 * @sess:   the session of the commands
 * @filter: selects the commands
 *
 * Context: process context.
 */
void scst_inject_wait_begin(struct scst_inject_wait *wait, struct scst_session *sess,
			    const struct scst_cmd_filter *filter)
{
	INIT_LIST_HEAD(&wait->entry);
	if (!static_branch_unlikely(&scst_inject_key))
		return;
	wait->sess = sess;
	wait->filter = filter;
	spin_lock_bh(&scst_inject_waits_lock);
	list_add(&wait->entry, &scst_inject_waits);
	spin_unlock_bh(&scst_inject_waits_lock);
}

/**
 * scst_inject_wait_end() - undo scst_inject_wait_begin()
 * @wait: the waiter
 *
 * Context: process context.
 */
void scst_inject_wait_end(struct scst_inject_wait *wait)
{
	if (list_empty(&wait->entry))
		return;
	spin_lock_bh(&scst_inject_waits_lock);
	list_del_init(&wait->entry);
	spin_unlock_bh(&scst_inject_waits_lock);
}

/**
 * scst_inject_count_waits() - count the waiters whose aborted commands have not ended
 *
 * Task management functions wait for aborted commands, and so do commands that abort others. A
 * waiter that can continue and only has not been scheduled yet is not counted.
 *
 * Context: thread or atomic.
 * Return: the number of waiters.
 */
unsigned int scst_inject_count_waits(void)
{
	struct scst_inject_wait *wait;
	unsigned int count = 0;

	spin_lock_bh(&scst_inject_waits_lock);
	list_for_each_entry(wait, &scst_inject_waits, entry)
		count += scst_session_has(wait->sess, wait->filter);
	spin_unlock_bh(&scst_inject_waits_lock);
	return count;
}
EXPORT_SYMBOL_GPL(scst_inject_count_waits);
