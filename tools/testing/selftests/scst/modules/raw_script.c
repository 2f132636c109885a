// SPDX-License-Identifier: GPL-2.0
/*
 * scst_raw: commands wait and are completed as a script says.
 */
#include <linux/debugfs.h>
#include <linux/kstrtox.h>
#include <linux/module.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include <scsi/scsi_proto.h>

#include "raw.h"

#define RAW_REQUEST_LEN	640
#define RAW_CDB_LEN	32

/**
 * struct raw_waiting - a command that waits
 * @cmd:	the command
 * @entry:	on its device's list
 */
struct raw_waiting {
	struct scst_cmd *cmd;
	struct list_head entry;
};

/**
 * struct raw_answer - the answer for a command
 * @told:	@status and @sense are valid; else the tape executes the command
 * @status:	SAM status
 * @sense:	sense data
 * @sense_len:	length of the sense data, bytes
 * @sent:	bytes transferred, if @has_sent
 * @has_sent:	@sent is valid
 */
struct raw_answer {
	bool told;
	u8 status;
	u8 sense[SCST_SENSE_BUFFERSIZE];
	int sense_len;
	u32 sent;
	bool has_sent;
};

static struct dentry *raw_root;

static void raw_end(struct scst_cmd *cmd, const struct raw_answer *answer)
{
	if (!answer || !answer->told)
		raw_tape_execute(cmd);
	if (answer && answer->told)
		scst_cmd_set_status(cmd, answer->status, answer->sense, answer->sense_len);
	if (answer && answer->has_sent)
		scst_cmd_set_transferred(cmd, answer->sent);
	scst_cmd_complete(cmd, SCST_CTX_THREAD);
}

/* Returns whether the command waits. Then the caller does not own it any more. */
static bool raw_keep(struct raw_dev *raw, struct scst_cmd *cmd, struct raw_waiting *waiting)
{
	bool keep;

	spin_lock_bh(&raw->lock);
	keep = raw->hold && waiting;
	if (keep) {
		waiting->cmd = cmd;
		list_add_tail(&waiting->entry, &raw->waiting);
	}
	spin_unlock_bh(&raw->lock);
	return keep;
}

/**
 * raw_execute() - execute a command or let it wait
 * @cmd: the command
 *
 * Context: process context.
 */
void raw_execute(struct scst_cmd *cmd)
{
	struct raw_dev *raw = scst_device_priv(cmd->dev);
	struct raw_waiting *waiting = kmalloc(sizeof(*waiting), GFP_NOIO);

	if (raw_keep(raw, cmd, waiting)) {
		/* If it is not aborted yet, a later raw_abort() finds it on the list. */
		if (scst_cmd_aborted(cmd))
			raw_abort(cmd);
		return;
	}
	kfree(waiting);
	raw_end(cmd, NULL);
}

/* Takes the first matching command off the list. Returns NULL if there is none. */
static struct scst_cmd *__raw_take(struct raw_dev *raw, const struct scst_cmd *which,
				   const u64 *tag)
{
	struct raw_waiting *waiting;
	struct scst_cmd *cmd;

	list_for_each_entry(waiting, &raw->waiting, entry) {
		cmd = waiting->cmd;
		if ((which && cmd != which) || (tag && cmd->tag != *tag))
			continue;
		list_del(&waiting->entry);
		kfree(waiting);
		return cmd;
	}
	return NULL;
}

static struct scst_cmd *raw_take(struct raw_dev *raw, const u64 *tag)
{
	struct scst_cmd *cmd;

	spin_lock_bh(&raw->lock);
	cmd = __raw_take(raw, NULL, tag);
	spin_unlock_bh(&raw->lock);
	return cmd;
}

/**
 * raw_abort() - note the abort of a command
 * @cmd: the command; it may not be on the list yet, or not any more
 *
 * Context: thread or softirq, under spinlocks.
 */
void raw_abort(struct scst_cmd *cmd)
{
	struct raw_dev *raw = scst_device_priv(cmd->dev);
	struct scst_cmd *ends = NULL;

	spin_lock_bh(&raw->lock);
	raw->aborts++;
	if (!raw->keeps)
		ends = __raw_take(raw, cmd, NULL);
	spin_unlock_bh(&raw->lock);
	/* SCST_CTX_HARDIRQ defers completion, which takes locks that the caller holds. */
	if (ends)
		scst_cmd_complete(ends, SCST_CTX_HARDIRQ);
}

/**
 * raw_reset() - reset a device; wait if a script holds resets
 * @dev: the device
 *
 * Context: process context.
 */
void raw_reset(struct scst_device *dev)
{
	struct raw_dev *raw = scst_device_priv(dev);
	bool hold;

	spin_lock_bh(&raw->lock);
	raw->resets++;
	hold = raw->hold_reset;
	spin_unlock_bh(&raw->lock);
	if (hold)
		wait_for_completion(&raw->reset_go);
}

static void raw_set_hold(struct raw_dev *raw, bool hold)
{
	spin_lock_bh(&raw->lock);
	raw->hold = hold;
	spin_unlock_bh(&raw->lock);
}

static void raw_let_go(struct raw_dev *raw)
{
	struct scst_cmd *cmd;

	raw_set_hold(raw, false);
	while ((cmd = raw_take(raw, NULL)))
		raw_end(cmd, NULL);
}

static int raw_parse_sense(const char *value, struct raw_answer *answer)
{
	answer->sense_len = strlen(value) / 2;
	if (answer->sense_len > sizeof(answer->sense))
		return -EINVAL;
	answer->told = true;
	answer->status = SAM_STAT_CHECK_CONDITION;
	return hex2bin(answer->sense, value, answer->sense_len);
}

static int raw_parse_arg(const char *key, const char *value, struct raw_answer *answer)
{
	if (!strcmp(key, "sense"))
		return raw_parse_sense(value, answer);
	if (!strcmp(key, "sent")) {
		answer->has_sent = true;
		return kstrtou32(value, 0, &answer->sent);
	}
	if (strcmp(key, "status"))
		return -EINVAL;
	answer->told = true;
	return kstrtou8(value, 16, &answer->status);
}

static int raw_parse_answer(char *args, struct raw_answer *answer)
{
	while (args) {
		char *value = strsep(&args, " ");
		char *key = strsep(&value, "=");

		if (!value || raw_parse_arg(key, value, answer))
			return -EINVAL;
	}
	return 0;
}

static int raw_complete(struct raw_dev *raw, char *args)
{
	const char *word = strsep(&args, " ");
	bool next = word && !strcmp(word, "next");
	struct raw_answer *answer;
	struct scst_cmd *cmd;
	u64 tag;
	int ret;

	if (!word || (!next && kstrtou64(word, 0, &tag)))
		return -EINVAL;
	answer = kzalloc_obj(*answer);
	if (!answer)
		return -ENOMEM;
	ret = raw_parse_answer(args, answer);
	if (!ret) {
		cmd = raw_take(raw, next ? NULL : &tag);
		ret = cmd ? 0 : -ENOENT;
	}
	if (!ret)
		raw_end(cmd, answer);
	kfree(answer);
	return ret;
}

static int raw_patience(struct raw_dev *raw, char *args)
{
	const char *word = strsep(&args, " ");
	struct raw_waiting *waiting;
	int ret = -ENOENT;
	u64 tag;
	u32 ms;

	if (!word || !args || kstrtou64(word, 0, &tag) || kstrtou32(args, 0, &ms))
		return -EINVAL;
	spin_lock_bh(&raw->lock);
	list_for_each_entry(waiting, &raw->waiting, entry) {
		if (waiting->cmd->tag != tag)
			continue;
		scst_cmd_set_patience(waiting->cmd, ms);
		ret = 0;
	}
	spin_unlock_bh(&raw->lock);
	return ret;
}

static int raw_script_reset(struct raw_dev *raw, const char *args)
{
	bool hold = args && !strcmp(args, "hold");

	if (!hold && (!args || strcmp(args, "go")))
		return -EINVAL;
	spin_lock_bh(&raw->lock);
	raw->hold_reset = hold;
	spin_unlock_bh(&raw->lock);
	if (hold)
		reinit_completion(&raw->reset_go);
	else
		complete_all(&raw->reset_go);
	return 0;
}

static int raw_attention(struct raw_dev *raw, const char *args)
{
	u8 code[3];

	if (!args || strlen(args) != 6 || hex2bin(code, args, sizeof(code)))
		return -EINVAL;
	scst_device_attention(raw->dev, SCST_SENSE(code[0], code[1], code[2]));
	return 0;
}

static int raw_request(struct raw_dev *raw, char *line)
{
	const char *word = strsep(&line, " ");

	if (!strcmp(word, "hold"))
		raw_set_hold(raw, true);
	else if (!strcmp(word, "auto"))
		raw_let_go(raw);
	else if (!strcmp(word, "complete"))
		return raw_complete(raw, line);
	else if (!strcmp(word, "patience"))
		return raw_patience(raw, line);
	else if (!strcmp(word, "ends") || !strcmp(word, "keeps"))
		WRITE_ONCE(raw->keeps, !strcmp(word, "keeps"));
	else if (!strcmp(word, "reset"))
		return raw_script_reset(raw, line);
	else if (!strcmp(word, "attention"))
		return raw_attention(raw, line);
	else if (!strcmp(word, "lost"))
		scst_device_lost(raw->dev);
	else if (!strcmp(word, "own"))
		return raw_own_request(raw, line);
	else
		return -EINVAL;
	return 0;
}

static ssize_t raw_write(struct file *file, const char __user *buf, size_t count, loff_t *pos)
{
	char *line;
	int ret;

	if (count >= RAW_REQUEST_LEN)
		return -EINVAL;
	line = memdup_user_nul(buf, count);
	if (IS_ERR(line))
		return PTR_ERR(line);
	ret = raw_request(file_inode(file)->i_private, strim(line));
	kfree(line);
	return ret ?: count;
}

static void raw_show_waiting(struct seq_file *seq, struct raw_dev *raw)
{
	static const char *const dirs[] = {
		[SCST_DIR_NONE] = "none", [SCST_DIR_OUT] = "out", [SCST_DIR_IN] = "in",
	};
	const struct raw_waiting *waiting;

	list_for_each_entry(waiting, &raw->waiting, entry) {
		const struct scst_cmd *cmd = waiting->cmd;

		seq_printf(seq, "%llu %*phN %s %u\n", cmd->tag,
			   min_t(int, cmd->cdb_len, RAW_CDB_LEN), cmd->cdb, dirs[cmd->dir],
			   cmd->data_len);
	}
}

static int raw_show(struct seq_file *seq, void *unused)
{
	struct raw_dev *raw = seq->private;
	char own[256];

	spin_lock_bh(&raw->lock);
	raw_show_waiting(seq, raw);
	seq_printf(seq, "aborts %u\nresets %u\nbuffers %u\n", raw->aborts, raw->resets,
		   raw->buffers);
	spin_unlock_bh(&raw->lock);
	raw_own_print(raw, own, sizeof(own));
	seq_puts(seq, own);
	return 0;
}

static int raw_open_file(struct inode *inode, struct file *file)
{
	return single_open(file, raw_show, inode->i_private);
}

static const struct file_operations raw_fops = {
	.owner = THIS_MODULE,
	.open = raw_open_file,
	.read = seq_read,
	.write = raw_write,
	.llseek = seq_lseek,
	.release = single_release,
};

/**
 * raw_script_open() - begin control by scripts: no command waits
 * @raw: the device
 *
 * Return: 0 or an errno.
 */
int raw_script_open(struct raw_dev *raw)
{
	raw->hold = false;
	raw->keeps = false;
	raw->hold_reset = false;
	raw->file = debugfs_create_file(scst_device_name(raw->dev), 0600, raw_root, raw, &raw_fops);
	return PTR_ERR_OR_ZERO(raw->file);
}

/**
 * raw_script_close() - end control by scripts
 * @raw: the device, without commands
 */
void raw_script_close(struct raw_dev *raw)
{
	debugfs_remove(raw->file);
}

void raw_script_init(void)
{
	raw_root = debugfs_create_dir("scst_raw", NULL);
}

void raw_script_exit(void)
{
	debugfs_remove(raw_root);
}
