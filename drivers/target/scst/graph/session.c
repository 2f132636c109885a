// SPDX-License-Identifier: GPL-2.0
/*
 * I_T nexuses: log-in, log-out and the end of their commands.
 */
#include <linux/export.h>
#include <linux/module.h>
#include <linux/percpu.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/timekeeping.h>

#include "cmd/cmd.h"
#include "graph/graph.h"
#include "lu/lu.h"
#include "observe/observe.h"
#include "task/task.h"

/*
 * Time that the aborted commands of a session have to end. Then the session leaves its target
 * without them, and its initiator port may log in again. This is less than SCST_ABORT_GRACE, so
 * that disabling a target sees its sessions leave.
 */
#define SCST_LEAVE_GRACE	(HZ / 2)

/**
 * scst_session_free() - free a session after its last reference was released
 * @sess: the session
 */
void scst_session_free(struct scst_session *sess)
{
	struct scst_plugin *plugin = sess->plugin;

	xa_destroy(&sess->nexuses);
	scst_stats_session_exit(sess);
	scst_tags_exit(sess);
	free_percpu(sess->cmds);
	kfree(sess->initiator);
	kfree(sess);
	scst_plugin_put(plugin);
}

static long scst_session_deferred(struct scst_session *sess)
{
	long deferred = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		deferred += READ_ONCE(per_cpu_ptr(sess->cmds, cpu)->deferred);
	return deferred;
}

static bool scst_session_is_idle(struct scst_session *sess)
{
	const struct scst_cmd_filter any = { };

	return !atomic_read(&sess->pins) && !scst_session_deferred(sess) &&
	       !scst_session_has(sess, &any);
}

/*
 * Remove a session from its target. The initiator port may log in again, and the target may be
 * enabled or removed. Only commands that a backend holds are left. They are aborted, so they are
 * not answered.
 */
static void scst_session_leave(struct scst_session *sess)
{
	struct scst_target *tgt = sess->tgt;

	sess->left = true;
	scst_session_dir_remove(sess);
	mutex_lock(&scst_config_lock);
	list_del(&sess->tgt_entry);
	scst_target_session_left(tgt);
	mutex_unlock(&scst_config_lock);
	if (tgt->ops->session_left)
		tgt->ops->session_left(sess);
}

/*
 * The driver submits no more commands and functions. A command that a tasklet puts on a list after
 * the abort finds no nexus, and ends by itself.
 */
static void scst_session_begin_close(struct scst_session *sess)
{
	const struct scst_cmd_filter any = { };
	LIST_HEAD(dead);

	sess->closing = true;
	mutex_lock(&scst_config_lock);
	scst_lun_map_detach(sess, &dead);
	scst_event_state(sess->sysfs);
	mutex_unlock(&scst_config_lock);
	/* After this all commands of its nexuses are on the lists. */
	synchronize_rcu();
	scst_session_abort(sess, &any, SCST_ABORT_OWN, sess);
	scst_nexus_reap_aborted(&dead);
	sess->close_start = jiffies;
}

/*
 * A session leaves its target when all its commands have ended, or after SCST_LEAVE_GRACE if a
 * backend holds some of them. Returns true when all have ended.
 */
static bool scst_session_is_over(struct scst_session *sess)
{
	long left = scst_time_left(sess->close_start + SCST_LEAVE_GRACE);
	bool idle;

	scst_waiter_watch(&sess->closer, sess);
	idle = scst_session_is_idle(sess);
	if (!sess->left && (idle || !left)) {
		scst_session_leave(sess);
		/* Until it left, scst_target_disconnect() may have pinned it. */
		idle = scst_session_is_idle(sess);
	}
	if (!idle)
		scst_waiter_sleep(&sess->closer, sess->left ? MAX_SCHEDULE_TIMEOUT : left);
	else
		scst_waiter_stop(&sess->closer);
	return idle;
}

static void scst_session_end(struct scst_session *sess)
{
	struct scst_target *tgt = sess->tgt;

	/* The last ops->release() and wake-up are over. */
	synchronize_rcu();
	scst_sysfs_session_del(sess);
	sess->gone(sess->priv);
	scst_session_put(sess);
	scst_target_session_gone(tgt);
}

/* Runs at the start of a log-out, after each wake-up or timeout, and at its end. */
static void scst_session_close_work(struct work_struct *work)
{
	struct scst_session *sess = container_of(to_delayed_work(work), struct scst_session,
						 closer.work);

	if (!sess->closing)
		scst_session_begin_close(sess);
	if (scst_session_is_over(sess))
		scst_session_end(sess);
}

static int scst_session_alloc_lists(struct scst_session *sess)
{
	int cpu;

	sess->cmds = alloc_percpu(struct scst_cmd_list);
	if (!sess->cmds)
		return -ENOMEM;
	for_each_possible_cpu(cpu) {
		struct scst_cmd_list *list = per_cpu_ptr(sess->cmds, cpu);

		spin_lock_init(&list->lock);
		INIT_LIST_HEAD(&list->cmds);
	}
	return 0;
}

/**
 * scst_session_alloc() - allocate a session, unpublished
 * @tgt:       its target port
 * @initiator: the initiator port's name
 * @priv:      the driver's private pointer
 *
 * Context: process context.
 * Return: the session, for scst_session_put(), or NULL.
 */
struct scst_session *scst_session_alloc(struct scst_target *tgt, const char *initiator, void *priv)
{
	struct scst_session *sess = kzalloc(sizeof(*sess), GFP_KERNEL);

	if (!sess)
		return NULL;
	sess->tgt = tgt;
	sess->initiator = kstrdup(initiator, GFP_KERNEL);
	if (!sess->initiator || scst_tags_init(sess) || scst_session_alloc_lists(sess)) {
		scst_tags_exit(sess);
		kfree(sess->initiator);
		kfree(sess);
		return NULL;
	}
	scst_target_fold_name(tgt, sess->initiator);
	sess->plugin = tgt->plugin;
	__module_get(sess->plugin->owner);
	sess->priv = priv;
	xa_init(&sess->nexuses);
	scst_stats_session_init(sess);
	init_waitqueue_head(&sess->waitq);
	INIT_LIST_HEAD(&sess->map_entry);
	INIT_DELAYED_WORK(&sess->closer.work, scst_session_close_work);
	scst_waiter_init(&sess->closer, scst_session_wq);
	sess->login_time = ktime_get_real_seconds();
	scst_error_init(&sess->error);
	scst_transport_id_init(sess);
	scst_session_dir_init(sess);
	return sess;
}

static int __scst_session_show(struct scst_session *sess)
{
	int ret = scst_sysfs_session_add(sess);

	if (ret)
		return ret;
	ret = scst_lun_map_attach(scst_target_find_map(sess->tgt, sess->initiator), sess);
	if (ret)
		scst_sysfs_session_del(sess);
	return ret;
}

static int __scst_session_log_in(struct scst_session *sess)
{
	struct scst_target *tgt = sess->tgt;
	int ret;

	lockdep_assert_held(&scst_config_lock);
	if (!tgt->enabled)
		return -ESHUTDOWN;
	ret = scst_session_dir_name(sess);
	if (ret)
		return ret;
	ret = __scst_session_show(sess);
	if (ret)
		return ret;
	list_add_tail(&sess->tgt_entry, &tgt->sessions);
	tgt->session_refs++;
	WRITE_ONCE(tgt->session_count, tgt->session_count + 1);
	scst_sysfs_session_announce(sess);
	scst_session_dir_make(sess);
	return 0;
}

/**
 * scst_session_register() - create the session of an initiator port that logged in
 * @tgt:       the target port
 * @initiator: the initiator port's name
 * @priv:      the driver's private pointer
 *
 * Commands may be submitted as soon as this returns.
 *
 * Context: process context; takes scst_config_lock.
 * Return: the session, or an ERR_PTR: -ENOMEM, -ESHUTDOWN if the target is not
 * enabled, -EINVAL without a name, -ENAMETOOLONG if the name does not fit into
 * SCST_PORT_NAME_LEN.
 */
struct scst_session *scst_session_register(struct scst_target *tgt,
					   const char *initiator, void *priv)
{
	struct scst_session *sess;
	int ret;

	if (!*initiator)
		return ERR_PTR(-EINVAL);
	/* The name of its directory has room for this and for a number. */
	if (strnlen(initiator, SCST_PORT_NAME_LEN) == SCST_PORT_NAME_LEN)
		return ERR_PTR(-ENAMETOOLONG);
	sess = scst_session_alloc(tgt, initiator, priv);
	if (!sess)
		return ERR_PTR(-ENOMEM);
	mutex_lock(&scst_config_lock);
	ret = __scst_session_log_in(sess);
	mutex_unlock(&scst_config_lock);
	if (!ret)
		return sess;
	scst_session_put(sess);
	return ERR_PTR(ret);
}
EXPORT_SYMBOL_GPL(scst_session_register);

/**
 * scst_session_unregister() - end the session of an initiator port
 * @sess: the session; the caller submits nothing more on it
 * @gone: called with the session's priv when the last command and the last task
 *	  management function have ended
 *
 * All commands of the session are aborted; the driver gets each back through ops->release(). The
 * caller does not wait for them.
 *
 * Context: process context.
 */
void scst_session_unregister(struct scst_session *sess, void (*gone)(void *priv))
{
	sess->gone = gone;
	scst_waiter_start(&sess->closer);
}
EXPORT_SYMBOL_GPL(scst_session_unregister);

/**
 * scst_session_priv() - the driver's private pointer of a session
 * @sess: the session
 *
 * Context: any.
 * Return: the pointer that scst_session_register() got.
 */
void *scst_session_priv(const struct scst_session *sess)
{
	return sess->priv;
}
EXPORT_SYMBOL_GPL(scst_session_priv);

/**
 * scst_session_target() - the target port of a session
 * @sess: the session
 *
 * Context: any.
 * Return: the target port.
 */
struct scst_target *scst_session_target(const struct scst_session *sess)
{
	return sess->tgt;
}
EXPORT_SYMBOL_GPL(scst_session_target);

/**
 * scst_session_next_lun() - find the next LUN that a session sees
 * @sess: the session
 * @lun:  the first LUN to look at
 *
 * Context: any but hard interrupts.
 * Return: the lowest LUN not below @lun, or ULONG_MAX if there is none.
 */
unsigned long scst_session_next_lun(struct scst_session *sess, unsigned long lun)
{
	return xa_find(&sess->nexuses, &lun, SCST_MAX_LUN, XA_PRESENT) ? lun :
	       ULONG_MAX;
}
EXPORT_SYMBOL_GPL(scst_session_next_lun);
