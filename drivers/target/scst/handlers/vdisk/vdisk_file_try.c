// SPDX-License-Identifier: GPL-2.0
/*
 * fileio: reads of cached data in the context in which the command arrives, without a worker.
 *
 * The caller may be a task that writes back dirty pages of another file system, and may hold locks
 * and a journal handle of that. So a read here only copies: it allocates no memory, submits no I/O,
 * waits for no lock, and does not update the time of access, which would need a transaction.
 */
#include <linux/bvec.h>
#include <linux/fcntl.h>
#include <linux/fs.h>
#include <linux/scatterlist.h>
#include <linux/sizes.h>
#include <linux/uio.h>

#include "vdisk_file.h"

/* The caller has other work. Longer transfers gain little, and workers copy several at a time. */
#define SCST_FILEIO_TRY_MAX	SZ_64K

/* The entries of a transfer of that length, if each is a page */
#define SCST_FILEIO_TRY_NENTS	16

/**
 * scst_fileio_try_prepare() - allow reads that do not wait
 * @file: the newly opened file
 *
 * Context: process.
 */
void scst_fileio_try_prepare(struct file *file)
{
	spin_lock(&file->f_lock);
	file->f_flags |= O_NOATIME;
	spin_unlock(&file->f_lock);
}

static bool scst_fileio_may_try(const struct scst_cmd *cmd, const struct scst_fileio *fio)
{
	return (fio->file->f_mode & FMODE_NOWAIT) && !fio->direct && !cmd->fua && cmd->data_len &&
	       cmd->data_len <= SCST_FILEIO_TRY_MAX && cmd->sg_nents <= SCST_FILEIO_TRY_NENTS;
}

/**
 * scst_fileio_try_read() - read from the page cache, if everything is there
 * @cmd: a READ
 *
 * Context: process context; does not wait.
 * Return: true if the data was read; false if the command has to be executed in a worker.
 */
bool scst_fileio_try_read(struct scst_cmd *cmd)
{
	struct scst_fileio *fio = scst_device_priv(cmd->dev);
	struct bio_vec bvec[SCST_FILEIO_TRY_NENTS];
	struct iov_iter iter;
	struct kiocb iocb;

	if (!scst_fileio_may_try(cmd, fio))
		return false;
	iov_iter_bvec(&iter, ITER_DEST, bvec, scst_vdisk_map(cmd, bvec), cmd->data_len);
	init_sync_kiocb(&iocb, fio->file);
	iocb.ki_pos = cmd->lba << fio->disk.block_shift;
	iocb.ki_flags |= IOCB_NOWAIT | IOCB_NOIO;
	return fio->file->f_op->read_iter(&iocb, &iter) == cmd->data_len;
}
