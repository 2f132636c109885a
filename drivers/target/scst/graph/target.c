// SPDX-License-Identifier: GPL-2.0
/*
 * Target drivers and their target ports.
 */
#include <linux/export.h>
#include <linux/module.h>
#include <linux/overflow.h>
#include <linux/slab.h>

#include "cmd/cmd.h"
#include "graph/graph.h"
#include "lu/lu.h"
#include "observe/observe.h"

/**
 * scst_target_priv() - the driver's private data of a target
 * @tgt: the target
 *
 * Context: any.
 * Return: the data: target_priv_size bytes, as the driver's table says.
 */
void *scst_target_priv(struct scst_target *tgt)
{
	return tgt->priv;
}
EXPORT_SYMBOL_GPL(scst_target_priv);

/**
 * scst_target_name() - a target's name
 * @tgt: the target
 *
 * Context: any.
 * Return: the name.
 */
const char *scst_target_name(const struct scst_target *tgt)
{
	return tgt->name;
}
EXPORT_SYMBOL_GPL(scst_target_name);

/**
 * scst_target_enabled() - whether initiators may log in
 * @tgt: the target
 *
 * Context: any; stable only under scst_config_lock.
 * Return: true if the target is enabled.
 */
bool scst_target_enabled(const struct scst_target *tgt)
{
	return READ_ONCE(tgt->enabled);
}
EXPORT_SYMBOL_GPL(scst_target_enabled);

/**
 * scst_target_drain_ms() - time that a removal waits for commands before it aborts them
 * @tgt: the target
 *
 * Context: any.
 * Return: milliseconds.
 */
unsigned int scst_target_drain_ms(const struct scst_target *tgt)
{
	return READ_ONCE(tgt->drain_ms);
}
EXPORT_SYMBOL_GPL(scst_target_drain_ms);

/**
 * scst_target_set_error() - record in last_error why an operation on a target fails
 * @tgt: the target
 * @fmt: one line, no newline
 *
 * Context: process context.
 */
void scst_target_set_error(struct scst_target *tgt, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	scst_error_vset(&tgt->error, fmt, args);
	va_end(args);
}
EXPORT_SYMBOL_GPL(scst_target_set_error);

/**
 * scst_target_op_end() - record the end of an operation on a target
 * @tgt:  the target
 * @what: the operation, a constant string: the name of its attribute or directory. For an event
 *	  without an operation: the operation whose success ends the failure, or "" for none
 * @ret:  0 or an errno
 *
 * Success clears an earlier failure of the same operation from last_error. After a failure
 * without scst_target_set_error(), last_error has the operation and the errno.
 *
 * Context: process context.
 * Return: @ret.
 */
int scst_target_op_end(struct scst_target *tgt, const char *what, int ret)
{
	return scst_error_end(&tgt->error, what, ret);
}
EXPORT_SYMBOL_GPL(scst_target_op_end);

static void scst_target_free(struct scst_target *tgt)
{
	struct scst_plugin *plugin = tgt->plugin;

	scst_event_target_exit(tgt);
	if (tgt->created && tgt->ops->destroy)
		tgt->ops->destroy(tgt);
	scst_lun_map_exit(&tgt->map);
	kfree(tgt->explained);
	kfree(tgt->name);
	kfree(tgt);
	/* Last: the driver's module may be unloaded after this. */
	scst_plugin_put(plugin);
}

/**
 * scst_target_session_left() - count down the sessions of a target when one has left
 * @tgt: the target
 *
 * Context: process context, under scst_config_lock.
 */
void scst_target_session_left(struct scst_target *tgt)
{
	lockdep_assert_held(&scst_config_lock);
	WRITE_ONCE(tgt->session_count, tgt->session_count - 1);
	if (!tgt->session_count && !tgt->enabled)
		scst_event_state(tgt->sysfs);
	wake_up_all(&tgt->waitq);
}

/**
 * scst_target_session_gone() - release a target's reference when a session has ended
 * @tgt: the target; freed if it was removed and this was its last session
 *
 * Context: process context.
 */
void scst_target_session_gone(struct scst_target *tgt)
{
	bool last;

	mutex_lock(&scst_config_lock);
	tgt->session_refs--;
	last = !tgt->session_refs && tgt->removed;
	mutex_unlock(&scst_config_lock);
	if (last)
		scst_target_free(tgt);
}

/**
 * scst_target_remove() - free a target whose directory was removed
 * @tgt: the target; freed now, or when its last session has ended
 *
 * Context: process context.
 */
void scst_target_remove(struct scst_target *tgt)
{
	bool last;

	mutex_lock(&scst_config_lock);
	tgt->removed = true;
	last = !tgt->session_refs;
	mutex_unlock(&scst_config_lock);
	if (last)
		scst_target_free(tgt);
}

/**
 * scst_target_fold_name() - fold a port's name, if the target's driver folds names
 * @tgt:  the target
 * @name: the name, or a pattern of names; changed in place to the form that is compared
 *
 * Context: any.
 */
void scst_target_fold_name(const struct scst_target *tgt, char *name)
{
	if (tgt->ops->folds_names)
		scst_name_fold(name, strlen(name));
}

/**
 * scst_target_set_rel_id() - set the relative target port identifier of a target
 * @tgt: the target, disabled
 * @id:  1 to 65535
 *
 * Context: process context, under scst_config_lock.
 * Return: 0, -EBUSY if the target is enabled, -EEXIST if another target has it.
 */
int scst_target_set_rel_id(struct scst_target *tgt, u16 id)
{
	struct scst_target *other = __scst_port_by_id(id);

	if (tgt->enabled) {
		scst_target_set_error(tgt, "the target is enabled: disable it first");
		return -EBUSY;
	}
	if (other && other != tgt) {
		scst_target_set_error(tgt, "target %s/%s has identifier %u already",
				      other->ops->name, other->name, id);
		return -EEXIST;
	}
	__scst_port_set_id(tgt, id);
	return 0;
}

static int __scst_target_publish(struct scst_target *tgt)
{
	const struct scst_target *same = __scst_port_same_name(tgt);
	int ret;

	if (same) {
		scst_target_set_error(tgt, "target %s exists already; case is ignored",
				      same->name);
		return -EEXIST;
	}
	tgt->rel_tgt_id = __scst_port_free_id();
	if (!tgt->rel_tgt_id) {
		scst_target_set_error(tgt, "all relative target port identifiers are taken");
		return -ENOSPC;
	}
	ret = scst_sysfs_target_add(tgt);
	if (!ret)
		__scst_port_add(tgt);
	return ret;
}

static struct scst_target *scst_target_alloc(struct scst_plugin *plugin, const char *name)
{
	const struct scst_target_ops *ops = plugin->ops;
	struct scst_target *tgt;

	tgt = kzalloc(struct_size(tgt, priv, DIV_ROUND_UP(ops->target_priv_size,
							  sizeof(u64))),
		      GFP_KERNEL);
	if (!tgt)
		return NULL;
	tgt->name = kstrdup(name, GFP_KERNEL);
	if (!tgt->name) {
		kfree(tgt);
		return NULL;
	}
	tgt->plugin = plugin;
	tgt->ops = ops;
	tgt->drain_ms = SCST_DEFAULT_DRAIN_MS;
	mutex_init(&tgt->enable_lock);
	init_waitqueue_head(&tgt->waitq);
	scst_error_init(&tgt->error);
	scst_lun_map_init(&tgt->map, tgt, NULL, &tgt->error);
	scst_event_target_init(tgt);
	INIT_LIST_HEAD(&tgt->groups);
	INIT_LIST_HEAD(&tgt->sessions);
	mutex_init(&tgt->dirs_lock);
	__module_get(plugin->owner);
	return tgt;
}

static int scst_target_begin(struct scst_target *tgt)
{
	int ret;

	config_group_init(&tgt->group);
	tgt->group.cg_item.ci_type = &tgt->plugin->type;
	mutex_lock(&scst_config_lock);
	ret = tgt->ops->create ? tgt->ops->create(tgt, &tgt->group) : 0;
	tgt->created = !ret;
	if (!ret)
		ret = __scst_target_publish(tgt);
	mutex_unlock(&scst_config_lock);
	return ret;
}

/**
 * scst_target_create() - mkdir targets/<driver>/<target>
 * @plugin: the driver, pinned by the caller
 * @name:   the target's name
 * @why:    last_error of the parent directory: gets the reason of a failure
 *
 * Context: process context.
 * Return: the target, disabled, or an ERR_PTR: -EINVAL, -ENOMEM, -ENOSPC without a free
 * relative target port identifier, -EEXIST if a target has the same name in another
 * case and the driver folds names, or an errno of the driver.
 */
struct scst_target *scst_target_create(struct scst_plugin *plugin,
				       const char *name, struct scst_error *why)
{
	int ret = scst_name_check(name, why);
	struct scst_target *tgt;

	if (ret)
		return ERR_PTR(ret);
	tgt = scst_target_alloc(plugin, name);
	if (!tgt)
		return ERR_PTR(-ENOMEM);
	ret = scst_target_begin(tgt);
	if (ret) {
		scst_error_pass(&tgt->error, why);
		scst_target_free(tgt);
		return ERR_PTR(ret);
	}
	/* Only now, because the directory's release frees the name. */
	config_item_set_name(&tgt->group.cg_item, "%s", name);
	return tgt;
}

/**
 * scst_target_unpublish() - rmdir: remove a target from sysfs and free its identifier
 * @tgt: the target
 *
 * Context: process context.
 */
void scst_target_unpublish(struct scst_target *tgt)
{
	mutex_lock(&scst_config_lock);
	scst_sysfs_target_del(tgt);
	__scst_port_del(tgt);
	mutex_unlock(&scst_config_lock);
}

static void scst_target_set_enabled(struct scst_target *tgt, bool enabled)
{
	mutex_lock(&scst_config_lock);
	WRITE_ONCE(tgt->enabled, enabled);
	scst_event_state(tgt->sysfs);
	mutex_unlock(&scst_config_lock);
}

static int __scst_target_enable(struct scst_target *tgt)
{
	int ret;

	lockdep_assert_held(&tgt->enable_lock);
	if (tgt->enabled) {
		scst_target_set_error(tgt, "the target is enabled already");
		return -EBUSY;
	}
	if (READ_ONCE(tgt->session_count)) {
		scst_target_set_error(tgt, "earlier sessions have not ended yet; try again later");
		return -EBUSY;
	}
	/* First: initiators may log in before the driver returns. */
	scst_target_set_enabled(tgt, true);
	ret = tgt->ops->enable ? tgt->ops->enable(tgt) : 0;
	if (ret)
		scst_target_set_enabled(tgt, false);
	return ret;
}

/**
 * scst_target_enable() - let initiators log in
 * @tgt: the target
 *
 * Context: process context without locks.
 * Return: 0, -EBUSY if the target is enabled or still has sessions, or an errno of the driver.
 */
int scst_target_enable(struct scst_target *tgt)
{
	int ret;

	mutex_lock(&tgt->enable_lock);
	ret = __scst_target_enable(tgt);
	mutex_unlock(&tgt->enable_lock);
	return ret;
}

/* The next session that was not asked to end yet, pinned, or NULL. Those asked are the last. */
static struct scst_session *scst_target_pin_next(struct scst_target *tgt)
{
	struct scst_session *sess;

	mutex_lock(&scst_config_lock);
	sess = list_first_entry_or_null(&tgt->sessions, struct scst_session, tgt_entry);
	if (sess && sess->disconnected)
		sess = NULL;
	if (sess) {
		sess->disconnected = true;
		list_move_tail(&sess->tgt_entry, &tgt->sessions);
		scst_session_pin(sess);
	}
	mutex_unlock(&scst_config_lock);
	return sess;
}

/* A pinned session does not end, and the driver may look at what it registered it with. */
static void scst_target_disconnect(struct scst_target *tgt)
{
	struct scst_session *sess;

	while ((sess = scst_target_pin_next(tgt))) {
		tgt->ops->disconnect(sess);
		scst_session_unpin(sess);
	}
}

static int __scst_target_disable(struct scst_target *tgt)
{
	long timeout = msecs_to_jiffies(scst_target_drain_ms(tgt)) + SCST_ABORT_GRACE;

	lockdep_assert_held(&tgt->enable_lock);
	if (!tgt->enabled)
		return 0;
	scst_target_set_enabled(tgt, false);
	if (tgt->ops->disable)
		tgt->ops->disable(tgt);
	else
		scst_target_disconnect(tgt);
	if (wait_event_idle_timeout(tgt->waitq, !READ_ONCE(tgt->session_count), timeout))
		return 0;
	scst_target_set_error(tgt, "%u sessions have not ended yet", READ_ONCE(tgt->session_count));
	return -ETIMEDOUT;
}

/**
 * scst_target_disable() - refuse further log-ins and end all sessions
 * @tgt: the target
 *
 * Context: process context without locks; may sleep.
 * Return: 0, or -ETIMEDOUT if a session has not left after drain_ms and SCST_ABORT_GRACE; it
 * leaves later.
 */
int scst_target_disable(struct scst_target *tgt)
{
	int ret;

	mutex_lock(&tgt->enable_lock);
	ret = __scst_target_disable(tgt);
	mutex_unlock(&tgt->enable_lock);
	return ret;
}
