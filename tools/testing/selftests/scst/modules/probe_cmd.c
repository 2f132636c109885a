// SPDX-License-Identifier: GPL-2.0
/*
 * scst_probe: the calls between driver and core for a command.
 */
#include <linux/scatterlist.h>
#include <linux/slab.h>
#include <scst/inject.h>

#include "probe.h"

static struct probe_cmd *to_probe(struct scst_cmd *cmd)
{
	return container_of(cmd, struct probe_cmd, cmd);
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

static void probe_start(void *arg, enum scst_context ctx)
{
	struct probe_cmd *probe = arg;
	struct probe_session *session = probe->session;
	unsigned long flags;

	spin_lock_irqsave(&session->lock, flags);
	session->pending++;
	list_add_tail(&probe->entry, &session->cmds);
	probe_log("%s %llu submit\n", session->name, probe->cmd.tag);
	spin_unlock_irqrestore(&session->lock, flags);
	scst_cmd_submit(&probe->cmd, ctx);
}

/**
 * probe_submit_cmd() - execute a script's "cmd" line
 * @session: the initiator port, logged in
 * @args:    the text after "cmd"
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
	probe_call_in(probe->ctx, probe_start, probe);
	return 0;
}

/* The pattern continues over the pieces of the buffer. */
static u32 probe_fill_piece(const struct probe_cmd *probe, u8 *piece, u32 size, u32 offset)
{
	u32 done = 0;

	while (done < size) {
		u32 at = (offset + done) % probe->data_len;
		u32 len = min(probe->data_len - at, size - done);

		memcpy(piece + done, probe->data + at, len);
		done += len;
	}
	return size;
}

static void probe_fill(struct probe_cmd *probe)
{
	struct scst_cmd *cmd = &probe->cmd;
	struct sg_mapping_iter miter;
	u32 offset = 0;

	if (!probe->data_len)
		return;
	sg_miter_start(&miter, cmd->sg, cmd->sg_nents, SG_MITER_ATOMIC | SG_MITER_TO_SG);
	while (offset < cmd->data_len && sg_miter_next(&miter))
		offset += probe_fill_piece(probe, miter.addr,
					   min_t(u32, miter.length, cmd->data_len - offset),
					   offset);
	sg_miter_stop(&miter);
}

/**
 * probe_transfer() - end the Data-Out transfer, with an error if probe->fail
 * @probe: the command
 * @ctx:   the caller's context
 *
 * Context: as @ctx says.
 */
void probe_transfer(struct probe_cmd *probe, enum scst_context ctx)
{
	bool received = !probe->fail;

	probe->fail = false;
	if (received)
		probe_fill(probe);
	probe_log("%s %llu data %s\n", probe->session->name, probe->cmd.tag,
		  received ? "received" : "failed");
	scst_cmd_data_ready(&probe->cmd, received, ctx);
}

void probe_receive_data(struct scst_cmd *cmd)
{
	struct probe_cmd *probe = to_probe(cmd);

	if (probe_hold(probe, PROBE_DATA))
		return;
	probe->fail = probe->data_fails;
	probe_transfer(probe, probe_context());
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
				"%llu status=%02x residual=%lld sense=",
				cmd->tag, cmd->status, scst_cmd_residual(cmd));
	bin2hex(result->line + result->len, cmd->sense, cmd->sense_len);
	result->len += 2 * cmd->sense_len;
	result->len += scnprintf(result->line + result->len,
				 sizeof(result->line) - result->len, " data=");
	bin2hex(result->line + result->len, data, len);
	result->len += 2 * len;
	result->line[result->len++] = '\n';
}

static void probe_print_end(struct probe_cmd *probe, const char *what)
{
	struct probe_result *result = probe->result;

	probe_log("%s %llu %s\n", probe->session->name, probe->cmd.tag, what);
	result->len = scnprintf(result->line, sizeof(result->line), "%llu %s\n",
				probe->cmd.tag, what);
}

/**
 * probe_respond() - end the delivery of the response, with an error if probe->fail
 * @probe: the command
 * @ctx:   the caller's context
 *
 * Context: as @ctx says.
 */
void probe_respond(struct probe_cmd *probe, enum scst_context ctx)
{
	probe->answered = true;
	if (probe->fail) {
		probe_print_end(probe, "undelivered");
		scst_cmd_set_undelivered(&probe->cmd);
	} else {
		probe_log("%s %llu status %02x\n", probe->session->name,
			  probe->cmd.tag, probe->cmd.status);
		probe_print(probe);
	}
	scst_cmd_sent(&probe->cmd, ctx);
}

void probe_send_response(struct scst_cmd *cmd)
{
	struct probe_cmd *probe = to_probe(cmd);

	scst_stall(SCST_STALL_SEND);
	if (probe_hold(probe, PROBE_SEND))
		return;
	probe->fail = probe->send_fails;
	probe_respond(probe, probe_context());
}

static void __probe_cmd_deliver(struct probe_cmd *probe)
{
	struct probe_result *result = probe->result;

	probe->result = NULL;
	if (result)
		__probe_result_add(probe->session, result);
}

/**
 * probe_cmd_deliver() - add a command's result before the core releases the command
 * @probe: the command
 *
 * Context: any.
 */
void probe_cmd_deliver(struct probe_cmd *probe)
{
	struct probe_session *session = probe->session;
	unsigned long flags;

	spin_lock_irqsave(&session->lock, flags);
	__probe_cmd_deliver(probe);
	spin_unlock_irqrestore(&session->lock, flags);
}

void probe_release(struct scst_cmd *cmd)
{
	struct probe_cmd *probe = to_probe(cmd);
	struct probe_session *session = probe->session;
	unsigned long flags;

	scst_stall(SCST_STALL_RELEASE);
	if (!probe->answered)
		probe_print_end(probe, "aborted");
	spin_lock_irqsave(&session->lock, flags);
	list_del(&probe->entry);
	__probe_cmd_deliver(probe);
	spin_unlock_irqrestore(&session->lock, flags);
	probe_cmd_free(probe);
	scst_stall(SCST_STALL_RELEASED);
}
