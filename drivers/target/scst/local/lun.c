// SPDX-License-Identifier: GPL-2.0
/*
 * The LUNs of a host: the core's events are passed to the SCSI mid-level.
 */
#include <linux/rcupdate.h>
#include <scsi/scsi.h>
#include <scsi/scsi_device.h>

#include "local.h"

/**
 * scst_local_event() - record that a LUN was added, removed or changed
 * @sess:  the I_T nexus
 * @event: the change
 * @lun:   the LUN
 *
 * Context: process context, under the core's configuration lock.
 */
void scst_local_event(struct scst_session *sess, enum scst_event event, u32 lun)
{
	struct scst_local_host *host = scst_session_priv(sess);

	set_bit(lun, event == SCST_EVENT_LUN_REMOVED ? host->removed : host->changed);
	scst_local_kick(host->initiator);
}

static unsigned long scst_local_next_lun(struct scst_local_host *host, unsigned long lun)
{
	struct scst_session *sess;

	rcu_read_lock();
	sess = rcu_dereference(host->sess);
	lun = sess ? scst_session_next_lun(sess, lun) : SCST_LOCAL_LUNS;
	rcu_read_unlock();
	return lun;
}

/**
 * scst_local_find_luns() - record all LUNs that a new session sees
 * @host: the host
 *
 * Context: process context.
 */
void scst_local_find_luns(struct scst_local_host *host)
{
	unsigned long lun = scst_local_next_lun(host, 0);

	while (lun < SCST_LOCAL_LUNS) {
		set_bit(lun, host->changed);
		lun = scst_local_next_lun(host, lun + 1);
	}
}

/*
 * The mid-level's number of a LUN is the first level of the LUN in REPORT LUNS. Above 255 that is
 * flat space addressing, SAM-5 4.7.7.3.
 */
static u64 scst_local_linux_lun(u32 lun)
{
	return lun < 256 ? lun : 0x4000 | lun;
}

static void scst_local_lun_remove(struct scst_local_host *host, u32 lun)
{
	struct scsi_device *sdev;

	sdev = scsi_device_lookup(host->shost, 0, 0, scst_local_linux_lun(lun));
	if (!sdev)
		return;
	scsi_remove_device(sdev);
	scsi_device_put(sdev);
}

static void scst_local_lun_add(struct scst_local_host *host, u32 lun)
{
	struct scsi_device *sdev;

	if (scst_local_next_lun(host, lun) != lun)
		return;
	sdev = scsi_device_lookup(host->shost, 0, 0, scst_local_linux_lun(lun));
	if (!sdev) {
		scsi_add_device(host->shost, 0, 0, scst_local_linux_lun(lun));
		return;
	}
	scsi_rescan_device(sdev);
	scsi_device_put(sdev);
}

/**
 * scst_local_update_luns() - pass the recorded changes of LUNs to the mid-level
 * @host: the host
 *
 * Removals are first: a LUN in both bitmaps was linked to another device. A removed LUN is looked
 * up again afterwards: it may have been added again, and that may have been handled before the
 * removal.
 *
 * Context: process context, called by the initiator's work only.
 */
void scst_local_update_luns(struct scst_local_host *host)
{
	unsigned int lun;

	for_each_set_bit(lun, host->removed, SCST_LOCAL_LUNS)
		if (test_and_clear_bit(lun, host->removed)) {
			scst_local_lun_remove(host, lun);
			set_bit(lun, host->changed);
		}
	for_each_set_bit(lun, host->changed, SCST_LOCAL_LUNS)
		if (test_and_clear_bit(lun, host->changed))
			scst_local_lun_add(host, lun);
}
