// SPDX-License-Identifier: GPL-2.0
/*
 * Overlapped commands, SAM-5 5.11: a table of a session's commands by their tags, to find a
 * command whose tag is in use. There is no table for drivers whose tags cannot repeat.
 */
#include <linux/hash.h>
#include <linux/slab.h>

#include "cmd/cmd.h"

#define SCST_TAG_BITS	6

/**
 * struct scst_tag_bucket - commands whose tags have the same hash
 * @lock:	guards @cmds; taken last
 * @cmds:	struct scst_cmd.tag_entry
 */
struct scst_tag_bucket {
	spinlock_t lock;		/* guards cmds */
	struct hlist_head cmds;
};

struct scst_tags {
	struct scst_tag_bucket buckets[1 << SCST_TAG_BITS];
};

/**
 * scst_tags_init() - allocate the tag table of a new session
 * @sess: the session
 *
 * Context: process context.
 * Return: 0 or -ENOMEM.
 */
int scst_tags_init(struct scst_session *sess)
{
	unsigned int i;

	if (sess->tgt->ops->unique_tags)
		return 0;
	sess->tags = kzalloc_obj(*sess->tags);
	if (!sess->tags)
		return -ENOMEM;
	for (i = 0; i < ARRAY_SIZE(sess->tags->buckets); i++)
		spin_lock_init(&sess->tags->buckets[i].lock);
	return 0;
}

/**
 * scst_tags_exit() - undo scst_tags_init()
 * @sess: the session
 */
void scst_tags_exit(struct scst_session *sess)
{
	kfree(sess->tags);
}

static struct scst_tag_bucket *scst_tag_bucket(const struct scst_cmd *cmd)
{
	return &cmd->sess->tags->buckets[hash_64(cmd->tag, SCST_TAG_BITS)];
}

/* Tags are compared within an I_T_L nexus. Commands without a logical unit are not in the table. */
static bool __scst_tag_is_taken(const struct scst_tag_bucket *bucket, const struct scst_cmd *cmd)
{
	const struct scst_cmd *other;

	lockdep_assert_held(&bucket->lock);
	hlist_for_each_entry(other, &bucket->cmds, tag_entry)
		if (other->tag == cmd->tag && other->nexus == cmd->nexus)
			return true;
	return false;
}

/**
 * scst_tag_add() - put a command into the tag table
 * @cmd: a command after LUN translation
 *
 * Context: thread or atomic.
 * Return: false if another command of its I_T_L nexus has the same tag.
 */
bool scst_tag_add(struct scst_cmd *cmd)
{
	struct scst_tag_bucket *bucket;
	bool taken;

	if (!cmd->sess->tags || !cmd->nexus)
		return true;
	bucket = scst_tag_bucket(cmd);
	spin_lock_bh(&bucket->lock);
	taken = __scst_tag_is_taken(bucket, cmd);
	if (!taken)
		hlist_add_head(&cmd->tag_entry, &bucket->cmds);
	spin_unlock_bh(&bucket->lock);
	return !taken;
}

/**
 * scst_tag_del() - remove a command from the tag table
 * @cmd: the command, about to be answered: then the initiator may use its tag again
 *
 * Context: thread or atomic.
 */
void scst_tag_del(struct scst_cmd *cmd)
{
	struct scst_tag_bucket *bucket;

	if (hlist_unhashed(&cmd->tag_entry))
		return;
	bucket = scst_tag_bucket(cmd);
	spin_lock_bh(&bucket->lock);
	hlist_del_init(&cmd->tag_entry);
	spin_unlock_bh(&bucket->lock);
}
