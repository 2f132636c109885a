/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Every difference between the kernels that are supported, and nothing else:
 * the code is written for the newest, this maps it onto older ones.
 */
#ifndef _SCST_COMPAT_H
#define _SCST_COMPAT_H

#include <linux/slab.h>
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

/* For the functions below */
#if LINUX_VERSION_CODE < KERNEL_VERSION(7, 3, 0)
#include <linux/blkdev.h>
#include <linux/bvec.h>
#include <linux/configfs.h>
#include <linux/dcache.h>
#include <linux/err.h>
#include <linux/fcntl.h>
#include <linux/fs.h>
#include <linux/fs_struct.h>
#include <linux/hrtimer.h>
#include <linux/mount.h>
#include <linux/namei.h>
#include <linux/socket.h>
#include <linux/string.h>
#include <linux/uio.h>
#include <net/net_namespace.h>
#include <net/sock.h>
#include <net/tcp.h>
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

/* A timer's function was set apart from the rest */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 13, 0)
static inline void hrtimer_setup(struct hrtimer *timer,
				 enum hrtimer_restart (*function)(struct hrtimer *),
				 clockid_t clock_id, enum hrtimer_mode mode)
{
	hrtimer_init(timer, clock_id, mode);
	timer->function = function;
}
#endif

/*
 * configfs takes a hashed dentry as proof that its item lives, and unhashed it only
 * after rmdir had dropped the last reference. An item that can be the target of a
 * link is therefore unhashed before.
 */
#if LINUX_VERSION_CODE < KERNEL_VERSION(7, 3, 0)
static inline void scst_configfs_unhash(struct config_item *item)
{
	if (item->ci_dentry)
		d_drop(item->ci_dentry);
}

#define scst_configfs_unhash scst_configfs_unhash
#endif

/* Kernel threads had the root directory of process 1 without asking for it */
#ifndef scoped_with_init_fs
#define scoped_with_init_fs()
#endif

/* Changes of a directory had to find and lock by themselves what they change */
#if LINUX_VERSION_CODE < KERNEL_VERSION(7, 0, 0)
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 3, 0)
#define scst_idmap(mnt) mnt_idmap(mnt)
#define scst_old_idmap old_mnt_idmap
#define scst_new_idmap new_mnt_idmap
#else
#define scst_idmap(mnt) mnt_user_ns(mnt)
#define scst_old_idmap old_mnt_userns
#define scst_new_idmap new_mnt_userns
#endif

static inline int scst_dir_rename(struct file *dir, const char *from, const char *to)
{
	struct dentry *parent = dir->f_path.dentry;
	struct renamedata rd = {
		.scst_old_idmap = scst_idmap(dir->f_path.mnt),
		.scst_new_idmap = scst_idmap(dir->f_path.mnt),
		.old_dir = d_inode(parent),
		.new_dir = d_inode(parent),
	};
	int ret;

	lock_rename(parent, parent);
	rd.old_dentry = lookup_one_len(from, parent, strlen(from));
	ret = PTR_ERR_OR_ZERO(rd.old_dentry);
	if (ret)
		goto out_unlock;
	rd.new_dentry = lookup_one_len(to, parent, strlen(to));
	ret = PTR_ERR_OR_ZERO(rd.new_dentry);
	if (ret)
		goto out_put_old;
	ret = d_is_negative(rd.old_dentry) ? -ENOENT : vfs_rename(&rd);
	dput(rd.new_dentry);
out_put_old:
	dput(rd.old_dentry);
out_unlock:
	unlock_rename(parent, parent);
	return ret;
}

static inline int scst_dir_unlink(struct file *dir, const char *name)
{
	struct inode *inode = file_inode(dir);
	struct dentry *dentry;
	int ret;

	inode_lock_nested(inode, I_MUTEX_PARENT);
	dentry = lookup_one_len(name, dir->f_path.dentry, strlen(name));
	ret = PTR_ERR_OR_ZERO(dentry);
	if (ret)
		goto out_unlock;
	ret = d_is_negative(dentry) ? -ENOENT :
	      vfs_unlink(scst_idmap(dir->f_path.mnt), inode, dentry, NULL);
	dput(dentry);
out_unlock:
	inode_unlock(inode);
	return ret;
}

static inline int scst_mkdir(const char *name, umode_t mode)
{
	struct dentry *dentry;
	struct path path;
	int ret;

	dentry = kern_path_create(AT_FDCWD, name, &path, LOOKUP_DIRECTORY);
	if (IS_ERR(dentry))
		return PTR_ERR(dentry);
	ret = vfs_mkdir(scst_idmap(path.mnt), d_inode(path.dentry), dentry, mode);
	done_path_create(&path, dentry);
	return ret;
}

#define scst_dir_rename scst_dir_rename
#define scst_dir_unlink scst_dir_unlink
#define scst_mkdir scst_mkdir
#endif

/* Disks were asked whether they do not spin */
#if LINUX_VERSION_CODE < KERNEL_VERSION(7, 3, 0)
static inline bool bdev_rot(struct block_device *bdev)
{
	return !bdev_nonrot(bdev);
}
#endif

/* The way from a file to its block device was not a function's */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 9, 0)
static inline struct block_device *file_bdev(struct file *file)
{
	return I_BDEV(file->f_mapping->host);
}
#endif

/* The error of a block device that another host has reserved had another name */
#ifdef BLK_STS_NEXUS
#define BLK_STS_RESV_CONFLICT BLK_STS_NEXUS
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

/* Pages were sent one by one */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 5, 0)
static inline int scst_tcp_send_bvecs(struct sock *sk, struct bio_vec *bvecs, unsigned int n,
				      size_t len, int flags)
{
	if (n > 1)
		flags |= MSG_MORE | MSG_SENDPAGE_NOTLAST;
	return tcp_sendpage_locked(sk, bvecs->bv_page, bvecs->bv_offset, bvecs->bv_len, flags);
}

#define scst_tcp_send_bvecs scst_tcp_send_bvecs
#endif

/*
 * A kernel's socket comes to keep its network namespace, as those of processes do: from then
 * on TCP's timers outlive its release. There were trackers for kernel's sockets before there
 * was a function.
 */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 12, 18)
static inline void scst_sk_untrack(struct sock *sk)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 2, 0)
	__netns_tracker_free(sock_net(sk), &sk->ns_tracker, false);
#endif
}

static inline void sk_net_refcnt_upgrade(struct sock *sk)
{
	scst_sk_untrack(sk);
	sk->sk_net_refcnt = 1;
	get_net_track(sock_net(sk), &sk->ns_tracker, GFP_KERNEL);
	sock_inuse_add(sock_net(sk), 1);
}
#endif

/* Before there was a choice of fragments, GFP_ATOMIC meant the socket's. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 1, 191)
#define scst_sk_no_task_frag scst_sk_no_task_frag
#endif

/* The source of a tracepoint's string had to be named twice */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 10, 0)
#define SCST_ASSIGN_STR(field, source) __assign_str(field)
#else
#define SCST_ASSIGN_STR(field, source) __assign_str(field, source)
#endif

/* There was one alphabet, and padding was optional */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 19, 0)
#define base64_decode(src, len, dst, padding, variant) base64_decode(src, len, dst)
#endif

#endif /* _SCST_COMPAT_H */
