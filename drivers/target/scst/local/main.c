// SPDX-License-Identifier: GPL-2.0
/*
 * scst_local: the module and its ops table.
 */
#include <linux/device.h>
#include <linux/dma-mapping.h>
#include <linux/module.h>

#include "local.h"

struct workqueue_struct *scst_local_wq;
struct device *scst_local_root;

static const struct scst_target_ops scst_local_ops = {
	.name = "local",
	.owner = THIS_MODULE,
	/* No wire, so there is no transport protocol whose formats would apply. */
	.protocol_id = SCSI_PROTOCOL_UNSPEC,
	.unique_tags = true,
	.target_priv_size = sizeof(struct scst_local_target),
	.create = scst_local_create,
	.enable = scst_local_enable,
	.disable = scst_local_disable,
	.send_response = scst_local_send_response,
	.release = scst_local_release,
	.tmf_done = scst_local_tmf_done,
	.address = scst_local_address,
	.disconnect = scst_local_disconnect,
	.event = scst_local_event,
};

/*
 * The parent device of the hosts. Nothing is mapped for DMA, but without a mask the block layer
 * would limit transfers to the bounce buffers of a 32-bit device. On a machine without DMA the call
 * fails, and there is no such limit.
 */
static int __init scst_local_root_init(void)
{
	scst_local_root = root_device_register("scst_local");
	if (IS_ERR(scst_local_root))
		return PTR_ERR(scst_local_root);
	dma_coerce_mask_and_coherent(scst_local_root, DMA_BIT_MASK(64));
	return 0;
}

static int __init scst_local_init(void)
{
	int ret = scst_local_root_init();

	if (ret)
		return ret;
	ret = -ENOMEM;
	scst_local_wq = alloc_workqueue("scst_local", WQ_UNBOUND, 0);
	if (!scst_local_wq)
		goto out_root;
	ret = scst_target_driver_register(&scst_local_ops);
	if (ret)
		goto out_wq;
	return 0;

out_wq:
	destroy_workqueue(scst_local_wq);
out_root:
	root_device_unregister(scst_local_root);
	return ret;
}

/* Targets pin the module, so only work items that are about to return can be left. */
static void __exit scst_local_exit(void)
{
	scst_target_driver_unregister(&scst_local_ops);
	destroy_workqueue(scst_local_wq);
	root_device_unregister(scst_local_root);
}

module_init(scst_local_init);
module_exit(scst_local_exit);

MODULE_ALIAS("scst-target-local");
MODULE_DESCRIPTION("SCSI target driver for initiators on the same machine");
MODULE_LICENSE("GPL");
