// SPDX-License-Identifier: GPL-2.0
/*
 * scst_probe: commands and functions on their way through the core.
 */
#include <linux/scatterlist.h>
#include <linux/slab.h>

#include "probe.h"

static struct probe_cmd *to_probe(struct scst_cmd *cmd)
{
	return container_of(cmd, struct probe_cmd, cmd);
}

static void probe_submit_list(struct llist_head *list, enum scst_context ctx)
{
	struct llist_node *first = llist_reverse_order(llist_del_all(list));
	struct probe_cmd *probe, *next;

	llist_for_each_entry_safe(probe, next, first, submit_entry)
		scst_cmd_submit(&probe->cmd, ctx);
}

static void probe_submit_hardirq(struct irq_work *work)
{
	struct probe_submitter *submitter =
		container_of(work, struct probe_submitter, irq_work);

	WARN_ON_ONCE(!in_hardirq());
	probe_submit_list(&submitter->hardirq, SCST_CTX_HARDIRQ);
}

static void probe_submit_softirq(struct tasklet_struct *tasklet)
{
	struct probe_submitter *submitter =
		container_of(tasklet, struct probe_submitter, tasklet);

	probe_submit_list(&submitter->softirq, SCST_CTX_ATOMIC);
}

/**
 * probe_submitter_init - a session begins
 * @submitter: its submitter
 */
void probe_submitter_init(struct probe_submitter *submitter)
{
	init_llist_head(&submitter->hardirq);
	init_llist_head(&submitter->softirq);
	init_irq_work(&submitter->irq_work, probe_submit_hardirq);
	tasklet_setup(&submitter->tasklet, probe_submit_softirq);
}

/**
 * probe_submitter_end - wait until everything is submitted
 * @submitter: the submitter, that gets nothing more
 *
 * Context: process context.
 */
void probe_submitter_end(struct probe_submitter *submitter)
{
	irq_work_sync(&submitter->irq_work);
	tasklet_kill(&submitter->tasklet);
}

static void probe_start(struct probe_cmd *probe)
{
	struct probe_submitter *submitter = &probe->session->submitter;

	switch (probe->ctx) {
	case PROBE_THREAD:
		scst_cmd_submit(&probe->cmd, SCST_CTX_THREAD);
		break;
	case PROBE_SOFTIRQ:
		llist_add(&probe->submit_entry, &submitter->softirq);
		tasklet_schedule(&submitter->tasklet);
		break;
	case PROBE_HARDIRQ:
		llist_add(&probe->submit_entry, &submitter->hardirq);
		irq_work_queue(&submitter->irq_work);
		break;
	}
}

static void probe_cmd_free(struct probe_cmd *probe)
{
	kfree(probe->result);
	kfree(probe);
}

static struct probe_cmd *probe_cmd_alloc(struct probe_session *session)
{
	struct probe_cmd *probe = kzalloc_obj(*probe);

	if (!probe)
		return NULL;
	probe->result = kzalloc_obj(*probe->result);
	if (!probe->result) {
		kfree(probe);
		return NULL;
	}
	probe->session = session;
	scst_cmd_init(&probe->cmd, session->sess);
	return probe;
}

static void probe_pending(struct probe_session *session)
{
	spin_lock_irq(&session->lock);
	session->pending++;
	spin_unlock_irq(&session->lock);
}

/**
 * probe_submit_cmd - a script's "cmd" line
 * @session: its initiator port, logged in
 * @args:    what follows the word
 *
 * Return: 0 or an errno.
 */
int probe_submit_cmd(struct probe_session *session, char *args)
{
	struct probe_cmd *probe = probe_cmd_alloc(session);

	if (!probe)
		return -ENOMEM;
	if (probe_parse_cmd(args, probe)) {
		probe_cmd_free(probe);
		return -EINVAL;
	}
	probe_pending(session);
	probe_start(probe);
	return 0;
}

static void probe_fill(struct probe_cmd *probe)
{
	struct scst_cmd *cmd = &probe->cmd;
	u32 offset = 0;

	while (probe->data_len && offset < cmd->data_len) {
		u32 len = min(probe->data_len, cmd->data_len - offset);

		sg_pcopy_from_buffer(cmd->sg, cmd->sg_nents, probe->data, len,
				     offset);
		offset += len;
	}
}

/* Where the core calls us from follows from where we called it. */
static enum scst_context probe_context(const struct probe_cmd *probe)
{
	return probe->ctx == PROBE_THREAD && !in_softirq() ? SCST_CTX_THREAD :
	       SCST_CTX_ATOMIC;
}

static void probe_hold(struct probe_cmd *probe)
{
	struct probe_session *session = probe->session;
	unsigned long flags;

	spin_lock_irqsave(&session->lock, flags);
	list_add_tail(&probe->held_entry, &session->held);
	spin_unlock_irqrestore(&session->lock, flags);
}

static struct probe_cmd *probe_unhold(struct probe_session *session,
				      const u64 *tag)
{
	struct probe_cmd *probe;

	spin_lock_irq(&session->lock);
	list_for_each_entry(probe, &session->held, held_entry) {
		if (tag && probe->cmd.tag != *tag)
			continue;
		list_del(&probe->held_entry);
		spin_unlock_irq(&session->lock);
		return probe;
	}
	spin_unlock_irq(&session->lock);
	return NULL;
}

/**
 * probe_go - a script's "go" line: a held transfer is done
 * @session: its initiator port
 * @tag:     the command's tag
 *
 * Return: 0, -EINVAL, or -ENOENT if no such command is held.
 */
int probe_go(struct probe_session *session, const char *tag)
{
	struct probe_cmd *probe;
	u64 number;

	if (kstrtou64(tag, 0, &number))
		return -EINVAL;
	probe = probe_unhold(session, &number);
	if (!probe)
		return -ENOENT;
	probe_fill(probe);
	scst_cmd_data_ready(&probe->cmd, true, SCST_CTX_THREAD);
	return 0;
}

/**
 * probe_fail_held - all held transfers fail
 * @session: the initiator port
 */
void probe_fail_held(struct probe_session *session)
{
	struct probe_cmd *probe;

	while ((probe = probe_unhold(session, NULL)))
		scst_cmd_data_ready(&probe->cmd, false, SCST_CTX_THREAD);
}

void probe_receive_data(struct scst_cmd *cmd)
{
	struct probe_cmd *probe = to_probe(cmd);

	if (probe->hold) {
		probe_hold(probe);
		return;
	}
	probe_fill(probe);
	scst_cmd_data_ready(cmd, !probe->fail, probe_context(probe));
}

static void probe_print(struct probe_cmd *probe)
{
	struct probe_result *result = probe->result;
	struct scst_cmd *cmd = &probe->cmd;
	u8 data[PROBE_DATA_LEN] = { };
	u32 len = 0;

	if (cmd->dir == SCST_DIR_IN)
		len = min3(cmd->data_len, probe->show, (u32)sizeof(data));
	if (len)
		sg_copy_to_buffer(cmd->sg, cmd->sg_nents, data, len);
	result->len = scnprintf(result->line, sizeof(result->line),
				"%llu status=%02x residual=%lld sense=%*phN data=",
				cmd->tag, cmd->status, scst_cmd_residual(cmd),
				min_t(int, cmd->sense_len, 64), cmd->sense);
	bin2hex(result->line + result->len, data, len);
	result->len += 2 * len;
	result->line[result->len++] = '\n';
}

void probe_send_response(struct scst_cmd *cmd)
{
	struct probe_cmd *probe = to_probe(cmd);

	probe->answered = true;
	probe_print(probe);
	scst_cmd_sent(cmd, probe_context(probe));
}

void probe_release(struct scst_cmd *cmd)
{
	struct probe_cmd *probe = to_probe(cmd);
	struct probe_result *result = probe->result;

	if (!probe->answered)
		result->len = scnprintf(result->line, sizeof(result->line),
					"%llu aborted\n", cmd->tag);
	probe->result = NULL;
	probe_result_add(probe->session, result);
	probe_cmd_free(probe);
}

/**
 * probe_submit_tmf - a script's "tmf" line
 * @session: its initiator port, logged in
 * @args:    what follows the word
 *
 * Return: 0 or an errno.
 */
int probe_submit_tmf(struct probe_session *session, char *args)
{
	struct probe_tmf *probe = kzalloc_obj(*probe);
	int ret = -ENOMEM;

	if (!probe)
		return ret;
	probe->result = kzalloc_obj(*probe->result);
	if (!probe->result)
		goto out_free;
	ret = probe_parse_tmf(args, probe);
	if (ret)
		goto out_free;
	probe->session = session;
	probe->tmf.sess = session->sess;
	probe_pending(session);
	scst_tmf_submit(&probe->tmf);
	return 0;

out_free:
	kfree(probe->result);
	kfree(probe);
	return ret;
}

void probe_tmf_done(struct scst_tmf *tmf)
{
	struct probe_tmf *probe = container_of(tmf, struct probe_tmf, tmf);
	struct probe_result *result = probe->result;

	result->len = scnprintf(result->line, sizeof(result->line),
				"%llu response=%u\n", probe->tag, tmf->response);
	probe_result_add(probe->session, result);
	kfree(probe);
}
