// SPDX-License-Identifier: GPL-2.0
/*
 * A sample target driver: a name that is written to targets/sample/<target>/login logs an
 * initiator port of that name in to the target. This file is the driver, sample_wire.c the wire.
 * Documentation/scst/target-driver.rst walks through this file.
 */
#include <linux/blk-mq.h>
#include <linux/module.h>
#include <scsi/scsi_device.h>

#include "sample_wire.h"

/* [objects] */
static DEFINE_MUTEX(sample_lock);
static struct workqueue_struct *sample_wq;

static struct sample_port *sample_port(const struct scsi_cmnd *sc)
{
	return shost_priv(sc->device->host);
}

/* [submit] */
static void sample_cmd_init(struct scst_cmd *cmd, struct scst_session *sess, struct scsi_cmnd *sc)
{
	scst_cmd_init(cmd, sess);
	cmd->driver_priv = sc;
	cmd->cdb = sc->cmnd;
	cmd->cdb_len = sc->cmd_len;
	cmd->tag = blk_mq_unique_tag(scsi_cmd_to_rq(sc));
	cmd->attr = SCST_ATTR_SIMPLE;
	int_to_scsilun(sc->device->lun, &cmd->lun);
	if (sc->sc_data_direction == DMA_TO_DEVICE)
		cmd->expected_dir = SCST_DIR_OUT;
	else if (sc->sc_data_direction == DMA_FROM_DEVICE)
		cmd->expected_dir = SCST_DIR_IN;
	cmd->expected_len = scsi_bufflen(sc);
	/* Data-Out is in there already, and Data-In goes straight to where it belongs. */
	cmd->sg = scsi_sglist(sc);
	cmd->sg_nents = scsi_sg_count(sc);
}

/* A command arrived. Returns false if its port is not logged in. */
bool sample_submit(struct sample_port *port, struct scsi_cmnd *sc)
{
	struct sample_cmd *sample = scsi_cmd_priv(sc);
	struct scst_session *sess;

	/* sample_log_out() waits until this is over. */
	rcu_read_lock();
	sess = rcu_dereference(port->sess);
	if (sess) {
		sample_cmd_init(&sample->cmd, sess, sc);
		/* From here on the command is the core's. When this returns it may be over. */
		scst_cmd_submit(&sample->cmd, irqs_disabled() ? SCST_CTX_HARDIRQ : SCST_CTX_ATOMIC);
	}
	rcu_read_unlock();
	return sess;
}

/* [response] */
static void sample_send_response(struct scst_cmd *cmd)
{
	struct scsi_cmnd *sc = cmd->driver_priv;

	sc->result = cmd->status;
	/* A device's sense data may be longer than Linux has room for. */
	memcpy(sc->sense_buffer, cmd->sense, min_t(size_t, cmd->sense_len, SCSI_SENSE_BUFFERSIZE));
	/* A SCSI host cannot report an overflow: the residual is zero then. */
	scsi_set_resid(sc, max_t(s64, scst_cmd_residual(cmd), 0));
	scst_cmd_sent(cmd, SCST_CTX_ATOMIC);
}

static void sample_release(struct scst_cmd *cmd)
{
	/* The port stays until its session is gone. */
	sample_wire_done(scst_session_priv(cmd->sess), cmd->driver_priv);
}

/* [tmf] */
static void sample_tmf_done(struct scst_tmf *tmf)
{
	complete(&container_of(tmf, struct sample_cmd, tmf)->tmf_done);
}

/* Returns whether the function is complete. The core answers in bounded time. */
bool sample_tmf(struct scsi_cmnd *sc, enum scst_tmf_fn fn)
{
	struct sample_cmd *sample = scsi_cmd_priv(sc);
	struct scst_tmf *tmf = &sample->tmf;

	*tmf = (struct scst_tmf){ .fn = fn, .tag = sample->cmd.tag };
	int_to_scsilun(sc->device->lun, &tmf->lun);
	init_completion(&sample->tmf_done);
	rcu_read_lock();
	tmf->sess = rcu_dereference(sample_port(sc)->sess);
	if (tmf->sess)
		scst_tmf_submit(tmf);
	rcu_read_unlock();
	if (!tmf->sess)
		return false;
	wait_for_completion(&sample->tmf_done);
	return tmf->response == SCST_TMF_COMPLETE;
}

/* [event] */
static void sample_event(struct scst_session *sess, enum scst_event event, u32 lun)
{
	sample_wire_lun_changed(scst_session_priv(sess), lun, event == SCST_EVENT_LUN_REMOVED);
}

/* [log out] */
static void sample_session_gone(void *priv)
{
	struct sample_port *port = priv;

	complete(&port->gone);
}

/* This may wait for a backend. Nothing waits for this. */
static void sample_end_work(struct work_struct *work)
{
	struct sample_port *port = container_of(work, struct sample_port, end_work);

	sample_wire_remove(port);
	wait_for_completion(&port->gone);
	/* From here on the core makes no calls with this port. */
	sample_wire_free(port);
}

static void sample_log_out(struct scst_session *sess)
{
	struct sample_port *port = scst_session_priv(sess);

	mutex_lock(&sample_lock);
	sess = rcu_replace_pointer(port->sess, NULL, lockdep_is_held(&sample_lock));
	mutex_unlock(&sample_lock);
	if (!sess)
		return;
	/* After this there are no submissions any more. */
	synchronize_rcu();
	scst_session_unregister(sess, sample_session_gone);
	queue_work(sample_wq, &port->end_work);
}

/* [log in] */
static int sample_port_log_in(struct sample_port *port, struct scst_target *tgt, const char *name)
{
	struct scst_session *sess;
	unsigned long lun;

	INIT_WORK(&port->end_work, sample_end_work);
	init_completion(&port->gone);
	/* sample_log_out() of the session comes after this. */
	mutex_lock(&sample_lock);
	sess = scst_session_register(tgt, name, port);
	if (!IS_ERR(sess)) {
		rcu_assign_pointer(port->sess, sess);
		/* LUNs that are there already: later ones are notified by sample_event(). */
		for (lun = scst_session_next_lun(sess, 0); lun <= SCST_MAX_LUN;
		     lun = scst_session_next_lun(sess, lun + 1))
			sample_wire_lun_changed(port, lun, false);
	}
	mutex_unlock(&sample_lock);
	return PTR_ERR_OR_ZERO(sess);
}

static int sample_log_in(struct scst_target *tgt, const char *name)
{
	struct sample_port *port = sample_wire_add();
	int ret;

	if (IS_ERR(port))
		return PTR_ERR(port);
	ret = sample_port_log_in(port, tgt, name);
	if (ret) {
		sample_wire_remove(port);
		sample_wire_free(port);
	}
	return ret;
}

/* [attribute] */
static ssize_t sample_login_store(struct config_item *item, const char *page, size_t count)
{
	struct scst_target *tgt = scst_target_from_item(item);
	char *name = kstrndup(page, count, GFP_KERNEL);
	int ret = name ? sample_log_in(tgt, strim(name)) : -ENOMEM;

	kfree(name);
	return scst_target_op_end(tgt, "login", ret) ?: count;
}
CONFIGFS_ATTR_WO(sample_, login);

static struct configfs_attribute *const sample_attrs[] = {
	&sample_attr_login,
	NULL,
};

/* [administrator] */
static void sample_address(struct scst_session *sess, char *address)
{
	struct sample_port *port = scst_session_priv(sess);

	snprintf(address, SCST_ADDRESS_LEN, "host%u", port->shost->host_no);
}

/* [registration] */
static const struct scst_target_ops sample_ops = {
	.name = "sample",
	.owner = THIS_MODULE,
	.protocol_id = SCSI_PROTOCOL_UNSPEC,
	.unique_tags = true,
	.attrs = sample_attrs,
	.send_response = sample_send_response,
	.release = sample_release,
	.tmf_done = sample_tmf_done,
	.event = sample_event,
	.address = sample_address,
	.disconnect = sample_log_out,
};

static int __init sample_init(void)
{
	int ret;

	sample_wq = alloc_workqueue("scst_sample", WQ_UNBOUND, 0);
	if (!sample_wq)
		return -ENOMEM;
	ret = scst_target_driver_register(&sample_ops);
	if (ret)
		destroy_workqueue(sample_wq);
	return ret;
}
module_init(sample_init);

/* Targets and sessions pin the module: only work that is about to end is left. */
static void __exit sample_exit(void)
{
	scst_target_driver_unregister(&sample_ops);
	destroy_workqueue(sample_wq);
}
module_exit(sample_exit);

MODULE_ALIAS("scst-target-sample");
MODULE_DESCRIPTION("Sample SCSI target driver");
MODULE_LICENSE("GPL");
