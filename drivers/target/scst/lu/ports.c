// SPDX-License-Identifier: GPL-2.0
/*
 * All target ports and their RELATIVE TARGET PORT IDENTIFIERs. A registration for persistent
 * reservations may cover all of them.
 */
#include <linux/list.h>
#include <linux/slab.h>

#include "lu/lu.h"

static LIST_HEAD(scst_targets);		/* C and scst_targets_lock; read under either */
static unsigned int scst_target_count;	/* likewise */

/* PERSISTENT RESERVE OUT reads the list, and no command takes scst_config_lock. */
static DEFINE_SPINLOCK(scst_targets_lock);

/**
 * __scst_port_same_name() - find a target port whose name differs only in case
 * @tgt: a target that is not listed yet
 *
 * Names in configfs are case-sensitive; those of the target's driver may not be.
 *
 * Context: process context, under scst_config_lock.
 * Return: another target of the driver, or NULL; always NULL if the driver does not fold names.
 */
const struct scst_target *__scst_port_same_name(const struct scst_target *tgt)
{
	const struct scst_target *other;

	lockdep_assert_held(&scst_config_lock);
	list_for_each_entry(other, &scst_targets, entry)
		if (other->ops == tgt->ops && tgt->ops->folds_names &&
		    !strcasecmp(other->name, tgt->name))
			return other;
	return NULL;
}

/**
 * __scst_port_by_id() - find a target port
 * @id: its relative identifier
 *
 * Context: process context, under scst_config_lock.
 * Return: the target, or NULL.
 */
struct scst_target *__scst_port_by_id(u16 id)
{
	struct scst_target *tgt;

	lockdep_assert_held(&scst_config_lock);
	list_for_each_entry(tgt, &scst_targets, entry)
		if (tgt->rel_tgt_id == id)
			return tgt;
	return NULL;
}

/**
 * __scst_port_free_id() - choose a relative identifier
 *
 * Context: process context, under scst_config_lock.
 * Return: the lowest one that no target port has, or 0 if all are taken.
 */
u16 __scst_port_free_id(void)
{
	u16 id = 1;

	while (id && __scst_port_by_id(id))
		id++;
	return id;
}

/* @count is set to the number of target ports. Return: false if @ids has no room for all. */
static bool scst_port_list_ids(u16 *ids, unsigned int room, unsigned int *count)
{
	struct scst_target *tgt;
	unsigned int n = 0;
	bool fits;

	spin_lock(&scst_targets_lock);
	*count = scst_target_count;
	fits = *count <= room;
	if (fits)
		list_for_each_entry(tgt, &scst_targets, entry)
			ids[n++] = tgt->rel_tgt_id;
	spin_unlock(&scst_targets_lock);
	return fits;
}

/**
 * scst_port_ids() - copy the relative identifiers of all target ports
 * @count: set to the number of identifiers
 *
 * Context: process context; may sleep.
 * Return: the identifiers, to be freed with kfree(), or NULL if there is no memory or no target
 * port.
 */
u16 *scst_port_ids(unsigned int *count)
{
	unsigned int room = 0;
	u16 *ids = NULL;

	while (!scst_port_list_ids(ids, room, count)) {
		kfree(ids);
		room = *count;
		ids = kmalloc_array(room, sizeof(*ids), GFP_KERNEL);
		if (!ids)
			return NULL;
	}
	return ids;
}

/**
 * __scst_port_set_id() - change the relative identifier of a target port
 * @tgt: the target
 * @id:  the identifier, which no other target port has
 *
 * Context: process context, under scst_config_lock.
 */
void __scst_port_set_id(struct scst_target *tgt, u16 id)
{
	lockdep_assert_held(&scst_config_lock);
	spin_lock(&scst_targets_lock);
	tgt->rel_tgt_id = id;
	spin_unlock(&scst_targets_lock);
}

/**
 * __scst_port_add() - add a target port to the list
 * @tgt: the target, with a relative identifier of its own
 *
 * Context: process context, under scst_config_lock.
 */
void __scst_port_add(struct scst_target *tgt)
{
	lockdep_assert_held(&scst_config_lock);
	spin_lock(&scst_targets_lock);
	list_add_tail(&tgt->entry, &scst_targets);
	scst_target_count++;
	spin_unlock(&scst_targets_lock);
}

/**
 * __scst_port_del() - remove a target port from the list
 * @tgt: the target
 *
 * Context: process context, under scst_config_lock.
 */
void __scst_port_del(struct scst_target *tgt)
{
	lockdep_assert_held(&scst_config_lock);
	spin_lock(&scst_targets_lock);
	list_del(&tgt->entry);
	scst_target_count--;
	spin_unlock(&scst_targets_lock);
}
