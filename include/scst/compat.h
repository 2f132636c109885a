/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Every difference between the kernels that are supported, and nothing else:
 * the code is written for the newest, this maps it onto older ones.
 */
#ifndef _SCST_COMPAT_H
#define _SCST_COMPAT_H

#include <linux/base64.h>
#include <linux/bvec.h>
#include <linux/configfs.h>
#include <linux/dcache.h>
#include <linux/net.h>
#include <linux/slab.h>
#include <linux/socket.h>
#include <linux/uio.h>
#include <linux/version.h>
#include <scsi/scsi_proto.h>

#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 12, 0)
#include <crypto/utils.h>
#include <linux/hex.h>
#include <linux/unaligned.h>
#else
#include <crypto/algapi.h>
#include <linux/kernel.h>
#include <asm/unaligned.h>
#endif

#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 3, 0)
#include <kunit/visibility.h>
#else
#define VISIBLE_IF_KUNIT static
#define EXPORT_SYMBOL_IF_KUNIT(symbol)
#endif

/* Workqueues were per CPU unless they said otherwise */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 18, 0)
#define WQ_PERCPU 0
#endif

/* A zeroed object of the type of its argument */
#ifndef kzalloc_obj
#define kzalloc_obj(obj) kzalloc(sizeof(obj), GFP_KERNEL)
#endif

/*
 * configfs takes a hashed dentry as proof that its item lives, and unhashed it only
 * after rmdir had dropped the last reference. What can be the target of a link is
 * therefore unhashed before.
 */
#if LINUX_VERSION_CODE < KERNEL_VERSION(7, 3, 0)
static inline void scst_configfs_unhash(struct config_item *item)
{
	if (item->ci_dentry)
		d_drop(item->ci_dentry);
}
#else
static inline void scst_configfs_unhash(struct config_item *item)
{
}
#endif

/* Operation codes have got the names that the others have */
#ifndef RESERVE_6
#define RESERVE_6 RESERVE
#define RELEASE_6 RELEASE
#endif

/* The type of a host template's queuecommand() */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(7, 0, 0)
#define scst_qc_status_t enum scsi_qc_status
#else
#define scst_qc_status_t int
#endif

/* Classes were written to, and so were the devices that they add variables for */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 4, 0)
#define SCST_CONST_CLASS const
#else
#define SCST_CONST_CLASS
#endif

/* scsi_host_alloc() wrote to the host template */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 4, 0)
#define SCST_CONST_HOST_TEMPLATE const
#else
#define SCST_CONST_HOST_TEMPLATE
#endif

/* Sends a part of @bvecs out of their own pages; returns bytes or an errno. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 5, 0)
static inline int scst_sock_send_bvecs(struct socket *sock, struct bio_vec *bvecs,
				       unsigned int n, size_t len, int flags)
{
	struct msghdr msg = { .msg_flags = flags | MSG_SPLICE_PAGES };

	iov_iter_bvec(&msg.msg_iter, ITER_SOURCE, bvecs, n, len);
	return sock_sendmsg(sock, &msg);
}
#else
static inline int scst_sock_send_bvecs(struct socket *sock, struct bio_vec *bvecs,
				       unsigned int n, size_t len, int flags)
{
	if (n > 1)
		flags |= MSG_MORE | MSG_SENDPAGE_NOTLAST;
	return kernel_sendpage(sock, bvecs->bv_page, bvecs->bv_offset, bvecs->bv_len, flags);
}
#endif

/* There was one alphabet, and padding was optional */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 19, 0)
#define scst_base64_decode(src, len, dst) base64_decode(src, len, dst, true, BASE64_STD)
#else
#define scst_base64_decode(src, len, dst) base64_decode(src, len, dst)
#endif

#endif /* _SCST_COMPAT_H */
