// SPDX-License-Identifier: GPL-2.0
/*
 * A sample target driver: a name that is written to targets/sample/<target>/login logs an
 * initiator port of that name in to the target, as a SCSI host of this machine. The host stands
 * for the wire of other drivers. Documentation/scst/target-driver.rst walks through this file.
 */
#include <linux/blk-mq.h>
#include <linux/module.h>
#include <scsi/scsi_cmnd.h>
#include <scsi/scsi_device.h>
#include <scsi/scsi_host.h>
#include <scst/compat.h>
#include <scst/target.h>

/* [objects] */
/* An initiator port, from its log-in to its last use: shost_priv() */
struct sample_port {
	struct Scsi_Host *shost;
	struct scst_session __rcu *sess;	/* written under sample_lock */
	struct list_head entry;			/* sample_lock */
	struct work_struct luns_work, end_work;
	struct completion gone;			/* the core has forgotten it */
	wait_queue_head_t idle;
	atomic_t busy;				/* commands that the core has */
	DECLARE_BITMAP(lost, SCST_MAX_LUN + 1);
	DECLARE_BITMAP(changed, SCST_MAX_LUN + 1);
};

/* A command: scsi_cmd_priv() */
struct sample_cmd {
	struct scst_cmd cmd;
	bool busy;				/* the core has it */
	struct scst_tmf tmf;			/* for error handling */
	struct completion tmf_done;
};

static DEFINE_MUTEX(sample_lock);
static struct workqueue_struct *sample_wq;

/* [submit] */
static void sample_submit(struct sample_port *port, struct scst_session *sess,
			  struct scsi_cmnd *sc)
{
	struct sample_cmd *sample = scsi_cmd_priv(sc);
	struct scst_cmd *cmd = &sample->cmd;

	/* The result if the command is aborted and has no response: try again. */
	sc->result = DID_RESET << 16;
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

	WRITE_ONCE(sample->busy, true);
	atomic_inc(&port->busy);
	/* From here on the command is the core's. When this returns it may be over. */
	scst_cmd_submit(cmd, irqs_disabled() ? SCST_CTX_HARDIRQ : SCST_CTX_ATOMIC);
}

static scst_qc_status_t sample_queuecommand(struct Scsi_Host *shost, struct scsi_cmnd *sc)
{
	struct sample_port *port = shost_priv(shost);
	struct scst_session *sess;

	/* sample_log_out() waits until we are through. */
	rcu_read_lock();
	sess = rcu_dereference(port->sess);
	if (sess) {
		sample_submit(port, sess, sc);
	} else {
		sc->result = DID_NO_CONNECT << 16;
		scsi_done(sc);
	}
	rcu_read_unlock();
	return 0;
}

/* [response] */
static void sample_send_response(struct scst_cmd *cmd)
{
	struct scsi_cmnd *sc = cmd->driver_priv;

	sc->result = cmd->status;
	/* A device's sense data may be longer than Linux has room for. */
	memcpy(sc->sense_buffer, cmd->sense,
	       min_t(size_t, cmd->sense_len, SCSI_SENSE_BUFFERSIZE));
	/* A SCSI host cannot report an overflow: the residual is zero then. */
	scsi_set_resid(sc, max_t(s64, scst_cmd_residual(cmd), 0));
	scst_cmd_sent(cmd, SCST_CTX_ATOMIC);
}

static void sample_release(struct scst_cmd *cmd)
{
	struct sample_cmd *sample = container_of(cmd, struct sample_cmd, cmd);
	struct sample_port *port = scst_session_priv(cmd->sess);

	WRITE_ONCE(sample->busy, false);
	scsi_done(cmd->driver_priv);
	/* The command may be a new one already. The port stays until its session is gone. */
	if (atomic_dec_and_test(&port->busy))
		wake_up_all(&port->idle);
}

/* [tmf] */
static void sample_tmf_done(struct scst_tmf *tmf)
{
	complete(&container_of(tmf, struct sample_cmd, tmf)->tmf_done);
}

/* Returns whether the function is complete. The core answers in bounded time. */
static bool sample_tmf(struct scsi_cmnd *sc, enum scst_tmf_fn fn)
{
	struct sample_port *port = shost_priv(sc->device->host);
	struct sample_cmd *sample = scsi_cmd_priv(sc);
	struct scst_tmf *tmf = &sample->tmf;

	*tmf = (struct scst_tmf){ .fn = fn, .tag = sample->cmd.tag };
	int_to_scsilun(sc->device->lun, &tmf->lun);
	init_completion(&sample->tmf_done);
	rcu_read_lock();
	tmf->sess = rcu_dereference(port->sess);
	if (tmf->sess)
		scst_tmf_submit(tmf);
	rcu_read_unlock();
	if (!tmf->sess)
		return false;
	wait_for_completion(&sample->tmf_done);
	return tmf->response == SCST_TMF_COMPLETE;
}

/* [abort] */
/* The owner of the command's memory counts: SUCCESS gives it to the mid-level. */
static int sample_eh_abort(struct scsi_cmnd *sc)
{
	struct sample_cmd *sample = scsi_cmd_priv(sc);

	sample_tmf(sc, SCST_TMF_ABORT_TASK);
	if (READ_ONCE(sample->busy))
		return FAILED;
	/* sample_release() may not have returned yet. */
	synchronize_rcu();
	return SUCCESS;
}

/* [wire: resets] */
/*
 * While the error handler runs, only commands that have timed out are busy. A reset without it,
 * by sg_reset for one, takes no memory back: there only the answer counts.
 */
static int sample_reset(struct scsi_cmnd *sc, enum scst_tmf_fn fn)
{
	struct sample_port *port = shost_priv(sc->device->host);
	bool done = sample_tmf(sc, fn);

	if (current == port->shost->ehandler) {
		/* The last resort: a backend may still write to the commands' pages. */
		if (fn == SCST_TMF_NEXUS_RESET)
			wait_event_idle(port->idle, !atomic_read(&port->busy));
		done = !atomic_read(&port->busy);
	}
	return done ? SUCCESS : FAILED;
}

static int sample_eh_device_reset(struct scsi_cmnd *sc)
{
	return sample_reset(sc, SCST_TMF_LUN_RESET);
}

static int sample_eh_target_reset(struct scsi_cmnd *sc)
{
	return sample_reset(sc, SCST_TMF_TARGET_RESET);
}

static int sample_eh_host_reset(struct scsi_cmnd *sc)
{
	return sample_reset(sc, SCST_TMF_NEXUS_RESET);
}

/* [event] */
static void sample_event(struct scst_session *sess, enum scst_event event, u32 lun)
{
	struct sample_port *port = scst_session_priv(sess);

	if (event == SCST_EVENT_LUN_REMOVED)
		set_bit(lun, port->lost);
	set_bit(lun, port->changed);
	queue_work(sample_wq, &port->luns_work);
}

/* [wire: LUNs] */
/* Where a LUN was lost, there may be another device by now. */
static void sample_update_lun(struct sample_port *port, u32 lun)
{
	struct scsi_device *sdev;
	struct scsi_lun wire;

	scst_lun_encode(lun, &wire);
	sdev = scsi_device_lookup(port->shost, 0, 0, scsilun_to_int(&wire));
	if (test_and_clear_bit(lun, port->lost) && sdev) {
		scsi_remove_device(sdev);
		scsi_device_put(sdev);
		sdev = NULL;
	}
	if (sdev) {
		scsi_rescan_device(sdev);
		scsi_device_put(sdev);
	} else {
		scsi_add_device(port->shost, 0, 0, scsilun_to_int(&wire));
	}
}

static void sample_luns_work(struct work_struct *work)
{
	struct sample_port *port = container_of(work, struct sample_port, luns_work);
	unsigned int lun;

	for_each_set_bit(lun, port->changed, SCST_MAX_LUN + 1)
		if (test_and_clear_bit(lun, port->changed))
			sample_update_lun(port, lun);
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

	scsi_remove_host(port->shost);
	wait_for_completion(&port->gone);
	/* From here on the core makes no calls with this port. */
	cancel_work_sync(&port->luns_work);
	scsi_host_put(port->shost);
}

static void sample_log_out(struct sample_port *port)
{
	struct scst_session *sess;

	lockdep_assert_held(&sample_lock);
	sess = rcu_replace_pointer(port->sess, NULL, lockdep_is_held(&sample_lock));
	if (!sess)
		return;
	list_del(&port->entry);
	/* After this there are no submissions any more. */
	synchronize_rcu();
	scst_session_unregister(sess, sample_session_gone);
	queue_work(sample_wq, &port->end_work);
}

/* [wire: the host] */
static SCST_CONST_HOST_TEMPLATE struct scsi_host_template sample_template = {
	.module = THIS_MODULE,
	.name = "scst_sample",
	.proc_name = "scst_sample",
	.queuecommand = sample_queuecommand,
	.change_queue_depth = scsi_change_queue_depth,
	.eh_abort_handler = sample_eh_abort,
	.eh_device_reset_handler = sample_eh_device_reset,
	.eh_target_reset_handler = sample_eh_target_reset,
	.eh_bus_reset_handler = sample_eh_target_reset,
	.eh_host_reset_handler = sample_eh_host_reset,
	.skip_settle_delay = 1,
	.cmd_size = sizeof(struct sample_cmd),
	.can_queue = 64,
	.cmd_per_lun = 64,
	.this_id = -1,
	.sg_tablesize = SG_MAX_SEGMENTS,
	.max_sectors = SG_MAX_SEGMENTS << (PAGE_SHIFT - SECTOR_SHIFT),
	.dma_boundary = ULONG_MAX,
};

static struct sample_port *sample_port_alloc(void)
{
	struct Scsi_Host *shost = scsi_host_alloc(&sample_template, sizeof(struct sample_port));
	struct sample_port *port;

	if (!shost)
		return NULL;
	shost->max_id = 1;
	shost->max_lun = U16_MAX + 1;
	shost->max_cmd_len = sizeof_field(struct scsi_cmnd, cmnd);
	shost->no_scsi2_lun_in_cdb = 1;
	port = shost_priv(shost);
	port->shost = shost;
	INIT_WORK(&port->luns_work, sample_luns_work);
	INIT_WORK(&port->end_work, sample_end_work);
	init_completion(&port->gone);
	init_waitqueue_head(&port->idle);
	return port;
}

/* [log in] */
static int sample_port_register(struct sample_port *port, struct scst_target *tgt,
				const char *name)
{
	struct list_head *ports = scst_target_priv(tgt);
	struct scst_session *sess;
	unsigned long lun;

	lockdep_assert_held(&sample_lock);
	sess = scst_session_register(tgt, name, port);
	if (IS_ERR(sess))
		return PTR_ERR(sess);
	list_add(&port->entry, ports);
	rcu_assign_pointer(port->sess, sess);
	/* LUNs that are there already: later ones are notified by sample_event(). */
	for (lun = scst_session_next_lun(sess, 0); lun <= SCST_MAX_LUN;
	     lun = scst_session_next_lun(sess, lun + 1))
		set_bit(lun, port->changed);
	queue_work(sample_wq, &port->luns_work);
	return 0;
}

static int sample_log_in(struct scst_target *tgt, const char *name)
{
	struct sample_port *port = sample_port_alloc();
	int ret;

	if (!port)
		return -ENOMEM;
	ret = scsi_add_host(port->shost, NULL);
	if (ret)
		goto out_put;
	/* One step for sample_disable(): it finds the port, or the target is not enabled. */
	mutex_lock(&sample_lock);
	ret = sample_port_register(port, tgt, name);
	mutex_unlock(&sample_lock);
	if (!ret)
		return 0;
	scsi_remove_host(port->shost);
out_put:
	scsi_host_put(port->shost);
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

/* [target] */
static int sample_create(struct scst_target *tgt, struct config_group *group)
{
	INIT_LIST_HEAD(scst_target_priv(tgt));
	return 0;
}

/* scst_session_register() lets initiators in from now on: that will do. */
static int sample_enable(struct scst_target *tgt)
{
	return 0;
}

static void sample_disable(struct scst_target *tgt)
{
	struct list_head *ports = scst_target_priv(tgt);
	struct sample_port *port, *next;

	mutex_lock(&sample_lock);
	list_for_each_entry_safe(port, next, ports, entry)
		sample_log_out(port);
	mutex_unlock(&sample_lock);
}

/* [administrator] */
static void sample_address(struct scst_session *sess, char *address)
{
	struct sample_port *port = scst_session_priv(sess);

	snprintf(address, SCST_ADDRESS_LEN, "host%u", port->shost->host_no);
}

static void sample_disconnect(struct scst_session *sess)
{
	mutex_lock(&sample_lock);
	sample_log_out(scst_session_priv(sess));
	mutex_unlock(&sample_lock);
}

/* [registration] */
static const struct scst_target_ops sample_ops = {
	.name = "sample",
	.owner = THIS_MODULE,
	.protocol_id = SCSI_PROTOCOL_UNSPEC,
	.unique_tags = true,
	.target_priv_size = sizeof(struct list_head),
	.attrs = sample_attrs,
	.create = sample_create,
	.enable = sample_enable,
	.disable = sample_disable,
	.send_response = sample_send_response,
	.release = sample_release,
	.tmf_done = sample_tmf_done,
	.event = sample_event,
	.address = sample_address,
	.disconnect = sample_disconnect,
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
