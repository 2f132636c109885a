// SPDX-License-Identifier: GPL-2.0
/*
 * Overlapped commands, SAM-5 5.11: a session's commands by their tags, so that one is
 * noticed whose tag belongs to another already. Drivers whose tags cannot repeat do
 * without.
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
 * scst_tags_init() - a new session has no commands
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

/* A command without a logical unit overlaps with nothing. */
static bool __scst_tag_is_taken(const struct scst_tag_bucket *bucket,
				const struct scst_cmd *cmd)
{
	const struct scst_cmd *other;

	lockdep_assert_held(&bucket->lock);
	hlist_for_each_entry(other, &bucket->cmds, tag_entry)
		if (other->tag == cmd->tag && other->nexus == cmd->nexus)
			return true;
	return false;
}

/**
 * scst_tag_add() - take note of a command's tag
 * @cmd: a command after LUN translation
 *
 * Context: thread or atomic.
 * Return: false if another command of its I_T_L nexus has the same.
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
 * scst_tag_del() - a command is about to be answered: its tag may come again
 * @cmd: the command
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
