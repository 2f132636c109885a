// SPDX-License-Identifier: GPL-2.0
/*
 * scst_probe: task management functions.
 */
#include <linux/slab.h>

#include "probe.h"

static void probe_tmf_begin(struct probe_session *session)
{
	spin_lock_irq(&session->lock);
	session->pending++;
	session->tmfs++;
	spin_unlock_irq(&session->lock);
}

/**
 * probe_submit_tmf() - execute a script's "tmf" line
 * @session: the initiator port, logged in
 * @args:    the text after "tmf"
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
	probe_tmf_begin(session);
	probe_log("%s %llu tmf %u\n", session->name, probe->tag, probe->tmf.fn);
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
	struct probe_session *session = probe->session;
	struct probe_result *result = probe->result;

	result->len = scnprintf(result->line, sizeof(result->line),
				"%llu response=%u", probe->tag, tmf->response);
	if (tmf->fn == SCST_TMF_QUERY_ASYNC_EVENT)
		result->len += scnprintf(result->line + result->len,
					 sizeof(result->line) - result->len, " info=%*phN",
					 (int)sizeof(tmf->info), tmf->info);
	result->line[result->len++] = '\n';
	spin_lock_irq(&session->lock);
	probe_log("%s %llu response %u\n", session->name, probe->tag, tmf->response);
	session->tmfs--;
	__probe_result_add(session, result);
	spin_unlock_irq(&session->lock);
	kfree(probe);
}
