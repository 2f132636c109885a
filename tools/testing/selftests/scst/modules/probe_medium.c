// SPDX-License-Identifier: GPL-2.0
/*
 * scst_probe: a device's medium, which completes commands as a script says.
 */
#include <linux/debugfs.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/scatterlist.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include <scsi/scsi_proto.h>

#include "probe.h"

#define PROBE_REQUEST_LEN	256

/**
 * struct probe_waiting - a command that waits for its medium
 * @cmd:	the command
 * @entry:	on probe_medium_waiting
 */
struct probe_waiting {
	struct scst_cmd *cmd;
	struct list_head entry;
};

/**
 * struct probe_answer - the answer for a command
 * @cmd:	the command
 * @status:	SAM status, if there is no sense code
 * @sense:	sense code; SCST_SENSE_NONE: none
 * @ctx:	the context of the call that completes the command
 */
struct probe_answer {
	struct scst_cmd *cmd;
	u8 status;
	scst_sense_t sense;
	enum scst_context ctx;
};

/* Waiting commands of all devices in order of arrival. The lock also guards probe_dev.hold. */
static DEFINE_SPINLOCK(probe_medium_lock);
static LIST_HEAD(probe_medium_waiting);

static struct dentry *probe_medium_root;

static const char *probe_io_name(const struct scst_cmd *cmd)
{
	static const char *const names[] = {
		[SCST_IO_NONE] = "none",
		[SCST_IO_READ] = "read",
		[SCST_IO_WRITE] = "write",
		[SCST_IO_VERIFY] = "verify",
		[SCST_IO_COMPARE] = "compare",
		[SCST_IO_SYNC] = "sync",
		[SCST_IO_UNMAP] = "unmap",
	};

	return names[cmd->io];
}

static void probe_medium_compare(struct scst_cmd *cmd, const u8 *data)
{
	struct sg_mapping_iter miter;
	u32 offset = 0;

	sg_miter_start(&miter, cmd->sg, cmd->sg_nents, SG_MITER_ATOMIC | SG_MITER_FROM_SG);
	while (cmd->status == SAM_STAT_GOOD && offset < cmd->data_len && sg_miter_next(&miter)) {
		u32 end = min_t(u64, offset + miter.length, cmd->data_len);
		const u8 *sent = miter.addr;

		while (offset < end && *sent == data[offset]) {
			sent++;
			offset++;
		}
		if (offset < end)
			scst_cmd_set_sense_info(cmd, SCST_SENSE_MISCOMPARE_VERIFY, offset);
	}
	sg_miter_stop(&miter);
}

static void probe_medium_transfer(struct scst_cmd *cmd)
{
	struct probe_dev *probe = scst_device_priv(cmd->dev);
	u8 *data = probe->medium + cmd->lba * cmd->block_size;

	if (cmd->io == SCST_IO_READ)
		sg_copy_from_buffer(cmd->sg, cmd->sg_nents, data, cmd->data_len);
	else if (cmd->io == SCST_IO_WRITE)
		sg_copy_to_buffer(cmd->sg, cmd->sg_nents, data, cmd->data_len);
	else if (cmd->io == SCST_IO_COMPARE)
		probe_medium_compare(cmd, data);
}

static void probe_medium_end(void *arg, enum scst_context ctx)
{
	const struct probe_answer *answer = arg;
	struct scst_cmd *cmd = answer->cmd;

	if (answer->sense != SCST_SENSE_NONE)
		scst_cmd_set_sense(cmd, answer->sense);
	else
		cmd->status = answer->status;
	if (cmd->status == SAM_STAT_GOOD)
		probe_medium_transfer(cmd);
	probe_log("%s %llu complete %02x\n", scst_device_name(cmd->dev), cmd->tag, cmd->status);
	scst_cmd_complete(cmd, ctx);
}

static bool probe_medium_add(struct scst_cmd *cmd, struct probe_waiting *waiting)
{
	struct probe_dev *probe = scst_device_priv(cmd->dev);
	unsigned long flags;
	bool hold;

	spin_lock_irqsave(&probe_medium_lock, flags);
	probe_log("%s %llu %s %llu %llu\n", scst_device_name(cmd->dev), cmd->tag,
		  probe_io_name(cmd), cmd->lba, cmd->nblocks);
	hold = probe->hold && waiting;
	if (hold) {
		waiting->cmd = cmd;
		list_add_tail(&waiting->entry, &probe_medium_waiting);
	}
	spin_unlock_irqrestore(&probe_medium_lock, flags);
	return hold;
}

/* Executes a command or lets it wait, in any context. */
static void probe_medium_execute(struct scst_cmd *cmd)
{
	struct probe_waiting *waiting = kmalloc(sizeof(*waiting), GFP_ATOMIC);
	struct probe_answer answer = {
		.cmd = cmd,
		.status = waiting ? SAM_STAT_GOOD : SAM_STAT_BUSY,
	};

	if (probe_medium_add(cmd, waiting))
		return;
	kfree(waiting);
	probe_medium_end(&answer, probe_context());
}

const struct scst_block_ops probe_medium_ops = {
	.read = probe_medium_execute,
	.write = probe_medium_execute,
	.verify = probe_medium_execute,
	.compare = probe_medium_execute,
	.sync = probe_medium_execute,
	.unmap = probe_medium_execute,
};

/**
 * probe_medium_has() - check whether a command waits for its medium
 * @cmd: the command
 *
 * Context: any.
 * Return: true if the command waits.
 */
bool probe_medium_has(const struct scst_cmd *cmd)
{
	struct probe_waiting *waiting;
	unsigned long flags;
	bool found = false;

	spin_lock_irqsave(&probe_medium_lock, flags);
	list_for_each_entry(waiting, &probe_medium_waiting, entry)
		found |= waiting->cmd == cmd;
	spin_unlock_irqrestore(&probe_medium_lock, flags);
	return found;
}

/* Takes the first waiting command of a device, or the first one with @tag. */
static struct scst_cmd *probe_medium_take(struct scst_device *dev, const u64 *tag)
{
	struct scst_cmd *cmd = NULL;
	struct probe_waiting *waiting;

	spin_lock_irq(&probe_medium_lock);
	list_for_each_entry(waiting, &probe_medium_waiting, entry) {
		if (waiting->cmd->dev != dev || (tag && waiting->cmd->tag != *tag))
			continue;
		cmd = waiting->cmd;
		list_del(&waiting->entry);
		kfree(waiting);
		break;
	}
	spin_unlock_irq(&probe_medium_lock);
	return cmd;
}

static void probe_medium_set_hold(struct probe_dev *probe, bool hold)
{
	spin_lock_irq(&probe_medium_lock);
	probe->hold = hold;
	spin_unlock_irq(&probe_medium_lock);
}

static void probe_medium_let_go(struct scst_device *dev)
{
	struct probe_answer answer = { .status = SAM_STAT_GOOD };

	probe_medium_set_hold(scst_device_priv(dev), false);
	while ((answer.cmd = probe_medium_take(dev, NULL)))
		probe_medium_end(&answer, SCST_CTX_THREAD);
}

static int probe_parse_sense(const char *value, scst_sense_t *sense)
{
	u8 code[3];

	if (probe_parse_hex(value, code, sizeof(code)) != sizeof(code))
		return -EINVAL;
	*sense = SCST_SENSE(code[0], code[1], code[2]);
	return 0;
}

static int probe_parse_answer_arg(const char *key, const char *value, struct probe_answer *answer)
{
	if (!strcmp(key, "status"))
		return kstrtou8(value, 16, &answer->status);
	if (!strcmp(key, "sense"))
		return probe_parse_sense(value, &answer->sense);
	if (!strcmp(key, "ctx"))
		return probe_parse_ctx(value, &answer->ctx);
	return -EINVAL;
}

static int probe_parse_answer(char *args, struct probe_answer *answer)
{
	while (args) {
		char *value = strsep(&args, " ");
		char *key = strsep(&value, "=");

		if (!value || probe_parse_answer_arg(key, value, answer))
			return -EINVAL;
	}
	return 0;
}

static int probe_medium_complete(struct scst_device *dev, char *args)
{
	struct probe_answer answer = { .status = SAM_STAT_GOOD };
	const char *word = strsep(&args, " ");
	bool next = word && !strcmp(word, "next");
	u64 tag;

	if (!word || (!next && kstrtou64(word, 0, &tag)))
		return -EINVAL;
	if (probe_parse_answer(args, &answer))
		return -EINVAL;
	answer.cmd = probe_medium_take(dev, next ? NULL : &tag);
	if (!answer.cmd)
		return -ENOENT;
	probe_call_in(answer.ctx, probe_medium_end, &answer);
	return 0;
}

static int probe_medium_request(struct scst_device *dev, char *line)
{
	const char *word = strsep(&line, " ");

	if (!strcmp(word, "hold"))
		probe_medium_set_hold(scst_device_priv(dev), true);
	else if (!strcmp(word, "auto"))
		probe_medium_let_go(dev);
	else if (!strcmp(word, "complete"))
		return probe_medium_complete(dev, line);
	else
		return -EINVAL;
	return 0;
}

static ssize_t probe_medium_write(struct file *file, const char __user *buf,
				  size_t count, loff_t *pos)
{
	struct scst_device *dev = file_inode(file)->i_private;
	char line[PROBE_REQUEST_LEN];
	int ret;

	if (count >= sizeof(line))
		return -EINVAL;
	if (copy_from_user(line, buf, count))
		return -EFAULT;
	line[count] = '\0';
	ret = probe_medium_request(dev, strim(line));
	return ret ?: count;
}

static int probe_medium_show(struct seq_file *seq, void *unused)
{
	const struct scst_device *dev = seq->private;
	const struct probe_waiting *waiting;

	spin_lock_irq(&probe_medium_lock);
	list_for_each_entry(waiting, &probe_medium_waiting, entry) {
		const struct scst_cmd *cmd = waiting->cmd;

		if (cmd->dev == dev)
			seq_printf(seq, "%llu %s %llu %llu\n", cmd->tag,
				   probe_io_name(cmd), cmd->lba, cmd->nblocks);
	}
	spin_unlock_irq(&probe_medium_lock);
	return 0;
}

static int probe_medium_open_file(struct inode *inode, struct file *file)
{
	return single_open(file, probe_medium_show, inode->i_private);
}

static const struct file_operations probe_medium_fops = {
	.owner = THIS_MODULE,
	.open = probe_medium_open_file,
	.read = seq_read,
	.write = probe_medium_write,
	.llseek = seq_lseek,
	.release = single_release,
};

/**
 * probe_medium_open() - open a medium: no command waits for it
 * @dev: the device
 *
 * Return: 0 or an errno.
 */
int probe_medium_open(struct scst_device *dev)
{
	struct probe_dev *probe = scst_device_priv(dev);

	probe->hold = false;
	probe->file = debugfs_create_file(scst_device_name(dev), 0600, probe_medium_root, dev,
					  &probe_medium_fops);
	return PTR_ERR_OR_ZERO(probe->file);
}

/**
 * probe_medium_close() - close a medium
 * @dev: the device, without commands
 */
void probe_medium_close(struct scst_device *dev)
{
	struct probe_dev *probe = scst_device_priv(dev);

	debugfs_remove(probe->file);
}

/**
 * probe_medium_init() - create the directory of the devices' files
 * @root: the module's debugfs directory
 */
void probe_medium_init(struct dentry *root)
{
	probe_medium_root = debugfs_create_dir("devices", root);
}
