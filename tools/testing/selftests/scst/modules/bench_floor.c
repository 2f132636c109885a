// SPDX-License-Identifier: GPL-2.0
/*
 * scst_bench_floor: a SCSI host that does nothing. Its only disk completes each read and write at
 * once, so it measures the minimum cost of any SCSI host.
 */
#include <linux/module.h>
#include <scsi/scsi.h>
#include <scsi/scsi_cmnd.h>
#include <scsi/scsi_device.h>
#include <scsi/scsi_host.h>
#include <scst/compat.h>

#define FLOOR_BLOCKS	(SZ_256M / 512)

static struct Scsi_Host *floor_host;

static void floor_data_in(struct scsi_cmnd *sc, const void *buf, size_t len)
{
	len = min_t(size_t, len, scsi_bufflen(sc));
	scsi_set_resid(sc, scsi_bufflen(sc) - scsi_sg_copy_from_buffer(sc, buf, len));
}

/* Reports SCSI-2: then the kernel sends few other commands. */
static void floor_inquiry(struct scsi_cmnd *sc)
{
	u8 data[36] = { TYPE_DISK, 0, 2, 2, sizeof(data) - 5 };

	memcpy(&data[8], "SCST    FLOOR           0000", 28);
	floor_data_in(sc, data, sizeof(data));
}

static void floor_read_capacity(struct scsi_cmnd *sc)
{
	u8 data[8];

	put_unaligned_be32(FLOOR_BLOCKS - 1, &data[0]);
	put_unaligned_be32(512, &data[4]);
	floor_data_in(sc, data, sizeof(data));
}

static scst_qc_status_t floor_queuecommand(struct Scsi_Host *shost, struct scsi_cmnd *sc)
{
	sc->result = 0;
	switch (sc->cmnd[0]) {
	case READ_10:
	case WRITE_10:
	case TEST_UNIT_READY:
		break;
	case INQUIRY:
		floor_inquiry(sc);
		break;
	case READ_CAPACITY:
		floor_read_capacity(sc);
		break;
	default:
		scsi_build_sense(sc, 0, ILLEGAL_REQUEST, 0x20, 0);
	}
	scsi_done(sc);
	return 0;
}

static SCST_CONST_HOST_TEMPLATE struct scsi_host_template floor_template = {
	.module = THIS_MODULE,
	.name = "scst_bench_floor",
	.proc_name = "scst_bench_floor",
	.queuecommand = floor_queuecommand,
	.can_queue = 256,
	.cmd_per_lun = 256,
	.this_id = -1,
	.sg_tablesize = SG_MAX_SEGMENTS,
	.max_sectors = SG_MAX_SEGMENTS << (PAGE_SHIFT - SECTOR_SHIFT),
	.max_segment_size = UINT_MAX,
	.dma_boundary = ULONG_MAX,
};

static int __init floor_init(void)
{
	int ret;

	floor_host = scsi_host_alloc(&floor_template, 0);
	if (!floor_host)
		return -ENOMEM;
	floor_host->max_id = 1;
	floor_host->max_lun = 1;
	floor_host->nr_hw_queues = num_online_cpus();
	floor_host->no_scsi2_lun_in_cdb = 1;
	ret = scsi_add_host(floor_host, NULL);
	if (ret) {
		scsi_host_put(floor_host);
		return ret;
	}
	scsi_scan_host(floor_host);
	return 0;
}

static void __exit floor_exit(void)
{
	scsi_remove_host(floor_host);
	scsi_host_put(floor_host);
}

module_init(floor_init);
module_exit(floor_exit);
MODULE_DESCRIPTION("A SCSI host that does nothing, for benchmarks");
MODULE_LICENSE("GPL");
