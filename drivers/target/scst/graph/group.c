// SPDX-License-Identifier: GPL-2.0
/*
 * Groups of initiators, and the choice of an initiator's LUN map.
 *
 * The map is that of the group that lists the initiator's exact name; else of the first group, in
 * order of creation, that has a matching glob and no matching exclusion; else the target's default
 * map.
 *
 * mkdir and rmdir of a pattern run under configfs's su_mutex, and must not wait for commands under
 * it. Nexuses that a pattern removes are freed later: by a work item after mkdir, and by the
 * pattern's release after rmdir.
 */
#include <linux/export.h>
#include <linux/glob.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "graph/graph.h"
#include "observe/observe.h"

static enum scst_pattern_kind scst_pattern_kind(const char *name)
{
	if (name[0] == '!')
		return SCST_PATTERN_EXCLUDE;
	return strpbrk(name, "*?[\\") ? SCST_PATTERN_GLOB : SCST_PATTERN_EXACT;
}

static bool scst_pattern_matches(const struct scst_pattern *pattern, const char *initiator)
{
	if (pattern->kind == SCST_PATTERN_EXACT)
		return !strcmp(pattern->text, initiator);
	return glob_match(pattern->text, initiator);
}

/* The group's matching pattern of a kind, or NULL */
static struct scst_pattern *scst_group_find(struct scst_group *grp, enum scst_pattern_kind kind,
					    const char *initiator)
{
	struct scst_pattern *pattern;

	lockdep_assert_held(&scst_config_lock);
	list_for_each_entry(pattern, &grp->patterns, entry)
		if (pattern->kind == kind && scst_pattern_matches(pattern, initiator))
			return pattern;
	return NULL;
}

/* The group's pattern of the same kind and folded text, or NULL */
static struct scst_pattern *scst_group_find_same(struct scst_group *grp,
						 const struct scst_pattern *pattern)
{
	struct scst_pattern *other;

	lockdep_assert_held(&scst_config_lock);
	list_for_each_entry(other, &grp->patterns, entry)
		if (other->kind == pattern->kind && !strcmp(other->text, pattern->text))
			return other;
	return NULL;
}

static struct scst_pattern *scst_target_find_exact(struct scst_target *tgt, const char *initiator)
{
	struct scst_pattern *pattern;
	struct scst_group *grp;

	list_for_each_entry(grp, &tgt->groups, entry) {
		pattern = scst_group_find(grp, SCST_PATTERN_EXACT, initiator);
		if (pattern)
			return pattern;
	}
	return NULL;
}

static struct scst_pattern *scst_target_find_glob(struct scst_target *tgt, const char *initiator)
{
	struct scst_pattern *pattern;
	struct scst_group *grp;

	list_for_each_entry(grp, &tgt->groups, entry) {
		pattern = scst_group_find(grp, SCST_PATTERN_GLOB, initiator);
		if (pattern && !scst_group_find(grp, SCST_PATTERN_EXCLUDE, initiator))
			return pattern;
	}
	return NULL;
}

/* The pattern that chooses an initiator's map, or NULL */
static struct scst_pattern *scst_target_find_pattern(struct scst_target *tgt, const char *initiator)
{
	return scst_target_find_exact(tgt, initiator) ?:
	       scst_target_find_glob(tgt, initiator);
}

/**
 * scst_target_find_map() - find the LUN map of an initiator
 * @tgt:       the target
 * @initiator: the initiator port's name, folded by scst_target_fold_name()
 *
 * Context: process context, under scst_config_lock.
 * Return: the map.
 */
struct scst_lun_map *scst_target_find_map(struct scst_target *tgt, const char *initiator)
{
	struct scst_pattern *pattern = scst_target_find_pattern(tgt, initiator);

	return pattern ? &pattern->grp->map : &tgt->map;
}

/**
 * scst_target_shows() - whether an initiator would see a device at a target
 * @tgt:       the target
 * @initiator: the initiator port's name, folded if the driver folds names
 *
 * For discovery: an initiator without a device need not know the target.
 *
 * Context: process context; takes scst_config_lock.
 * Return: true if its LUN map has a LUN with a device.
 */
bool scst_target_shows(struct scst_target *tgt, const char *initiator)
{
	struct scst_map_lun *lun;
	unsigned long index;
	bool shows = false;

	mutex_lock(&scst_config_lock);
	xa_for_each(&scst_target_find_map(tgt, initiator)->luns, index, lun)
		shows |= !!lun->dev;
	mutex_unlock(&scst_config_lock);
	return shows;
}
EXPORT_SYMBOL_GPL(scst_target_shows);

static void scst_group_explain(struct scst_group *grp, const char *initiator,
			       char *page, ssize_t *len)
{
	struct scst_pattern *exact, *glob, *exclude;

	exact = scst_group_find(grp, SCST_PATTERN_EXACT, initiator);
	glob = scst_group_find(grp, SCST_PATTERN_GLOB, initiator);
	exclude = scst_group_find(grp, SCST_PATTERN_EXCLUDE, initiator);
	if (exact)
		scst_emit_line(page, len, "groups/%s: lists the name\n", scst_group_name(grp));
	else if (exclude)
		scst_emit_line(page, len, "groups/%s: excluded by %s\n", scst_group_name(grp),
			       config_item_name(&exclude->item));
	else if (glob)
		scst_emit_line(page, len, "groups/%s: matches %s\n", scst_group_name(grp),
			       config_item_name(&glob->item));
	else
		scst_emit_line(page, len, "groups/%s: no match\n", scst_group_name(grp));
}

/**
 * scst_target_explain() - print the LUN map of an initiator, and the reason
 * @tgt:       the target
 * @initiator: the initiator port's name, folded by scst_target_fold_name()
 * @page:      the buffer, one page
 *
 * Context: process context, under scst_config_lock.
 * Return: bytes printed.
 */
ssize_t scst_target_explain(struct scst_target *tgt, const char *initiator, char *page)
{
	struct scst_lun_map *map = scst_target_find_map(tgt, initiator);
	struct scst_group *grp;
	ssize_t len = 0;

	if (map->grp)
		scst_emit_line(page, &len, "%s: groups/%s/luns\n", initiator,
			       scst_group_name(map->grp));
	else
		scst_emit_line(page, &len, "%s: luns\n", initiator);
	list_for_each_entry(grp, &tgt->groups, entry)
		scst_group_explain(grp, initiator, page, &len);
	return len;
}

/* Set next_map of all sessions, and prepare those that an added or removed pattern moves. */
static int scst_target_prepare_moves(struct scst_target *tgt, const struct scst_pattern *pattern,
				     struct list_head *fresh)
{
	struct scst_session *sess;
	int ret = 0;

	list_for_each_entry(sess, &tgt->sessions, tgt_entry) {
		sess->next_map = sess->map;
		if (!sess->map || !scst_pattern_matches(pattern, sess->initiator))
			continue;
		sess->next_map = scst_target_find_map(tgt, sess->initiator);
		if (sess->next_map != sess->map && !ret)
			ret = scst_session_prepare_map(sess, sess->next_map, fresh);
	}
	return ret;
}

static void scst_target_commit_moves(struct scst_target *tgt, struct list_head *fresh,
				     struct list_head *dead)
{
	struct scst_session *sess;

	scst_session_publish(fresh, dead);
	list_for_each_entry(sess, &tgt->sessions, tgt_entry)
		if (sess->next_map != sess->map)
			scst_session_set_map(sess, sess->next_map, dead);
}

static int __scst_pattern_check(struct scst_group *grp, const struct scst_pattern *pattern)
{
	struct scst_pattern *other;

	if (!pattern->text || !pattern->item.ci_name)
		return -ENOMEM;
	if (pattern->kind == SCST_PATTERN_EXACT)
		other = scst_target_find_exact(grp->tgt, pattern->text);
	else
		other = scst_group_find_same(grp, pattern);
	if (!other)
		return 0;
	scst_error_set(&grp->error, "initiator %s is in group %s already",
		       config_item_name(&other->item), scst_group_name(other->grp));
	return -EEXIST;
}

static int __scst_pattern_add(struct scst_group *grp, struct scst_pattern *pattern)
{
	LIST_HEAD(fresh);
	int ret = __scst_pattern_check(grp, pattern);

	if (ret)
		return ret;
	list_add_tail(&pattern->entry, &grp->patterns);
	ret = scst_target_prepare_moves(grp->tgt, pattern, &fresh);
	if (ret) {
		scst_error_set(&grp->error, "initiators/%s: out of memory",
			       config_item_name(&pattern->item));
		scst_nexus_cancel(&fresh);
		list_del(&pattern->entry);
		return ret;
	}
	scst_target_commit_moves(grp->tgt, &fresh, &pattern->dead);
	return 0;
}

static void scst_pattern_take_dead(struct scst_pattern *pattern, struct list_head *dead)
{
	mutex_lock(&scst_config_lock);
	list_splice_init(&pattern->dead, dead);
	mutex_unlock(&scst_config_lock);
}

static void scst_pattern_reap_work(struct work_struct *work)
{
	struct scst_pattern *pattern = container_of(work, struct scst_pattern, reap_work);
	LIST_HEAD(dead);

	scst_pattern_take_dead(pattern, &dead);
	scst_nexus_reap(&dead);
	config_item_put(&pattern->item);
}

static void scst_pattern_init(struct scst_pattern *pattern, struct scst_group *grp,
			      const char *name, const struct config_item_type *type)
{
	config_item_init_type_name(&pattern->item, name, type);
	pattern->grp = grp;
	pattern->kind = scst_pattern_kind(name);
	pattern->text = kstrdup(name + (pattern->kind == SCST_PATTERN_EXCLUDE), GFP_KERNEL);
	if (pattern->text)
		scst_target_fold_name(grp->tgt, pattern->text);
	INIT_LIST_HEAD(&pattern->dead);
	INIT_WORK(&pattern->reap_work, scst_pattern_reap_work);
}

/**
 * scst_pattern_create() - mkdir groups/<group>/initiators/<pattern>
 * @grp:  the group
 * @name: the pattern
 * @type: type of the directory
 *
 * Live sessions that the pattern matches are moved to their new map at once. The LUNs that they
 * lose are drained in the background.
 *
 * Context: process context.
 * Return: the pattern, or an ERR_PTR: -EEXIST if a group of the target lists the same exact name,
 * or this group has the same glob or exclusion; -ENOMEM.
 */
struct scst_pattern *scst_pattern_create(struct scst_group *grp, const char *name,
					 const struct config_item_type *type)
{
	struct scst_pattern *pattern = kzalloc_obj(*pattern);
	int ret;

	if (!pattern)
		return ERR_PTR(-ENOMEM);
	scst_pattern_init(pattern, grp, name, type);
	mutex_lock(&scst_config_lock);
	ret = __scst_pattern_add(grp, pattern);
	if (!ret && !list_empty(&pattern->dead)) {
		config_item_get(&pattern->item);
		queue_work(scst_tmf_wq, &pattern->reap_work);
	}
	mutex_unlock(&scst_config_lock);
	if (!ret)
		return pattern;
	config_item_put(&pattern->item);
	return ERR_PTR(ret);
}

/**
 * scst_pattern_unpublish() - rmdir groups/<group>/initiators/<pattern>
 * @pattern: the pattern
 *
 * Live sessions that the pattern matched are moved to their new map at once. If there is no
 * memory, they still lose the LUNs that they may no longer see, but lack some of the new ones. The
 * target's last_error says so.
 *
 * Context: process context.
 */
void scst_pattern_unpublish(struct scst_pattern *pattern)
{
	struct scst_target *tgt = pattern->grp->tgt;
	LIST_HEAD(fresh);

	mutex_lock(&scst_config_lock);
	list_del(&pattern->entry);
	if (scst_target_prepare_moves(tgt, pattern, &fresh)) {
		scst_target_set_error(tgt,
				      "out of memory: initiators of %s do not see all their LUNs",
				      pattern->text);
		scst_target_op_end(tgt, "", -ENOMEM);
	}
	scst_target_commit_moves(tgt, &fresh, &pattern->dead);
	mutex_unlock(&scst_config_lock);
}

/**
 * scst_pattern_free() - free a pattern after its last reference was released
 * @pattern: the pattern
 *
 * LUNs that sessions lost with it are drained first, see scst_nexus_retire().
 *
 * Context: process context without locks; may sleep.
 */
void scst_pattern_free(struct scst_pattern *pattern)
{
	LIST_HEAD(dead);

	scst_pattern_take_dead(pattern, &dead);
	scst_nexus_retire(&dead);
	kfree(pattern->text);
	kfree(pattern);
}

/**
 * scst_group_create() - mkdir groups/<group>
 * @tgt:  the target
 * @name: the group's name
 * @type: type of the directory
 *
 * Context: process context.
 * Return: an empty group, or NULL if there is no memory.
 */
struct scst_group *scst_group_create(struct scst_target *tgt, const char *name,
				     const struct config_item_type *type)
{
	struct scst_group *grp = kzalloc_obj(*grp);

	if (!grp)
		return NULL;
	config_group_init_type_name(&grp->group, name, type);
	if (!scst_group_name(grp)) {
		kfree(grp);
		return NULL;
	}
	grp->tgt = tgt;
	INIT_LIST_HEAD(&grp->patterns);
	scst_error_init(&grp->error);
	scst_lun_map_init(&grp->map, tgt, grp, &grp->error);
	mutex_lock(&scst_config_lock);
	list_add_tail(&grp->entry, &tgt->groups);
	mutex_unlock(&scst_config_lock);
	return grp;
}

/**
 * scst_group_unpublish() - rmdir groups/<group>
 * @grp: the group, which has no pattern, and so no session
 *
 * Context: process context.
 */
void scst_group_unpublish(struct scst_group *grp)
{
	mutex_lock(&scst_config_lock);
	list_del(&grp->entry);
	mutex_unlock(&scst_config_lock);
}

/**
 * scst_group_free() - free a group after its last reference was released
 * @grp: the group
 */
void scst_group_free(struct scst_group *grp)
{
	scst_lun_map_exit(&grp->map);
	kfree(grp);
}
