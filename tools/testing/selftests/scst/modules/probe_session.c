// SPDX-License-Identifier: GPL-2.0
/*
 * scst_probe: initiator ports, which are open files.
 */
#include <linux/fs.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "probe.h"

/* Limit of the wait for a result: the shell has no timeout for reading files. */
#define PROBE_PATIENCE	(30 * HZ)

/* Guards log-in, log-out and submission */
DEFINE_MUTEX(probe_lock);

/* Enabled targets, guarded by probe_lock */
LIST_HEAD(probe_targets);

/* The target may have been disabled since the file was looked up. */
static int probe_session_attach(struct probe_session *session, void *wanted)
{
	struct probe_target *target;

	list_for_each_entry(target, &probe_targets, entry) {
		if (target != wanted)
			continue;
		session->target = target;
		list_add_tail(&session->entry, &target->sessions);
		return 0;
	}
	return -ENODEV;
}

static int probe_open(struct inode *inode, struct file *file)
{
	struct probe_session *session = kzalloc_obj(*session);
	int ret;

	if (!session)
		return -ENOMEM;
	init_completion(&session->gone);
	spin_lock_init(&session->lock);
	INIT_LIST_HEAD(&session->results);
	INIT_LIST_HEAD(&session->cmds);
	init_waitqueue_head(&session->waitq);
	mutex_lock(&probe_lock);
	ret = probe_session_attach(session, inode->i_private);
	mutex_unlock(&probe_lock);
	if (ret) {
		kfree(session);
		return ret;
	}
	file->private_data = session;
	return 0;
}

static void probe_session_gone(void *priv)
{
	struct probe_session *session = priv;

	probe_log("%s - gone\n", session->name);
	complete_all(&session->gone);
}

/* Logs out. Held commands remain held. */
static int probe_logout(struct probe_session *session)
{
	lockdep_assert_held(&probe_lock);
	if (session->logged_out)
		return -ESHUTDOWN;
	session->logged_out = true;
	probe_log("%s - logout\n", session->name);
	scst_session_unregister(session->sess, probe_session_gone);
	return 0;
}

/**
 * probe_session_end() - log out and continue all held commands
 * @session: the initiator port
 *
 * Context: process context, under probe_lock.
 */
void probe_session_end(struct probe_session *session)
{
	lockdep_assert_held(&probe_lock);
	if (session->ending)
		return;
	session->ending = true;
	list_del(&session->entry);
	if (!session->sess)
		return;
	probe_logout(session);
	probe_release_all(session);
}

static void probe_results_free(struct probe_session *session)
{
	struct probe_result *result, *next;

	list_for_each_entry_safe(result, next, &session->results, entry)
		kfree(result);
}

static int probe_close(struct inode *inode, struct file *file)
{
	struct probe_session *session = file->private_data;

	mutex_lock(&probe_lock);
	probe_session_end(session);
	mutex_unlock(&probe_lock);
	if (session->sess)
		wait_for_completion(&session->gone);
	probe_results_free(session);
	kfree(session->reading);
	kfree(session);
	return 0;
}

static int probe_login(struct probe_session *session, const char *name)
{
	struct scst_session *sess;

	lockdep_assert_held(&probe_lock);
	if (session->sess)
		return -EEXIST;
	/* The copy for the log may be truncated. */
	strscpy(session->name, name, sizeof(session->name));
	sess = scst_session_register(session->target->tgt, name, session);
	if (IS_ERR(sess))
		return PTR_ERR(sess);
	session->sess = sess;
	probe_log("%s - login\n", name);
	return 0;
}

static int probe_request_new(struct probe_session *session, const char *word, char *args)
{
	if (session->logged_out)
		return -ESHUTDOWN;
	if (!strcmp(word, "cmd"))
		return probe_submit_cmd(session, args);
	if (!strcmp(word, "tmf"))
		return probe_submit_tmf(session, args);
	return -EINVAL;
}

static int probe_request(struct probe_session *session, char *line)
{
	char *word = strsep(&line, " ");
	char *args = line ?: strchr(word, '\0');

	lockdep_assert_held(&probe_lock);
	if (session->ending)
		return -ESHUTDOWN;
	if (!strcmp(word, "login"))
		return probe_login(session, args);
	if (!strcmp(word, "sync"))
		return probe_sync();
	if (!strcmp(word, "settled"))
		return probe_settled();
	if (!session->sess)
		return -ENOTCONN;
	if (!strcmp(word, "go"))
		return probe_go(session, args);
	if (!strcmp(word, "where"))
		return probe_where(session, args);
	if (!strcmp(word, "logout"))
		return probe_logout(session);
	return probe_request_new(session, word, args);
}

static ssize_t probe_write(struct file *file, const char __user *buf, size_t count, loff_t *pos)
{
	struct probe_session *session = file->private_data;
	char *line;
	int ret;

	if (count >= PROBE_LINE_LEN)
		return -EINVAL;
	line = memdup_user_nul(buf, count);
	if (IS_ERR(line))
		return PTR_ERR(line);
	/* Held during submission, so that the session is not logged out meanwhile. */
	mutex_lock(&probe_lock);
	ret = probe_request(session, strim(line));
	mutex_unlock(&probe_lock);
	kfree(line);
	return ret ?: count;
}

/**
 * __probe_result_add() - add a result for the reader
 * @session: the initiator port; a reader that sees the result may close the file
 * @result:  the result
 *
 * Context: any, under @session->lock.
 */
void __probe_result_add(struct probe_session *session, struct probe_result *result)
{
	lockdep_assert_held(&session->lock);
	list_add_tail(&result->entry, &session->results);
	session->pending--;
	wake_up(&session->waitq);
}

static bool probe_is_ready(struct probe_session *session)
{
	bool ready;

	spin_lock_irq(&session->lock);
	ready = !list_empty(&session->results) || !session->pending;
	spin_unlock_irq(&session->lock);
	return ready;
}

static struct probe_result *probe_result_take(struct probe_session *session)
{
	struct probe_result *result;

	spin_lock_irq(&session->lock);
	result = list_first_entry_or_null(&session->results, struct probe_result, entry);
	if (result)
		list_del(&result->entry);
	spin_unlock_irq(&session->lock);
	return result;
}

/* A line may be read in parts: shells read byte by byte. */
static ssize_t probe_read(struct file *file, char __user *buf, size_t count, loff_t *pos)
{
	struct probe_session *session = file->private_data;
	struct probe_result *result = session->reading;
	size_t len;
	long left;

	if (file->f_flags & O_NONBLOCK && !result && !probe_is_ready(session))
		return -EAGAIN;
	left = wait_event_interruptible_timeout(session->waitq, result ||
						probe_is_ready(session),
						PROBE_PATIENCE);
	if (left <= 0)
		return left ?: -ETIMEDOUT;
	if (!result)
		result = probe_result_take(session);
	session->reading = result;
	if (!result)
		return 0;
	len = min_t(size_t, count, result->len - result->pos);
	if (copy_to_user(buf, result->line + result->pos, len))
		return -EFAULT;
	result->pos += len;
	if (result->pos == result->len) {
		session->reading = NULL;
		kfree(result);
	}
	return len;
}

/* A shell reads byte by byte where it cannot seek. A read() returns one line, so it never does. */
const struct file_operations probe_session_fops = {
	.owner = THIS_MODULE,
	.open = probe_open,
	.release = probe_close,
	.write = probe_write,
	.read = probe_read,
	.llseek = noop_llseek,
};
