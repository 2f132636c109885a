// SPDX-License-Identifier: GPL-2.0
/*
 * Files that store persistent reservations, regardless of their content.
 *
 * A device has the file <device>.pr. A new version is written to <device>.new, made durable, and
 * renamed to <device>.pr. After a failure <device>.pr has either the old or the new content. No
 * other file is ever read: an older version could bring back a reservation that a later change
 * removed.
 *
 * Paths are looked up from the root directory of the machine's first process, with the kernel's
 * own credentials. The process that changes the configuration may run in a container, and
 * commands of initiators have no file system root at all.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/err.h>
#include <linux/fcntl.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/init.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mount.h>
#include <linux/namei.h>
#include <linux/slab.h>
#include <linux/stat.h>

#include "lu/pr_file.h"
#include "scst_priv.h"

char *scst_pr_dir = "/var/lib/scst/pr";
module_param_named(pr_dir, scst_pr_dir, charp, 0444);
MODULE_PARM_DESC(pr_dir,
		 "Directory for reservations kept across power loss (default: /var/lib/scst/pr)");

/**
 * scst_pr_dir_check() - check that pr_dir is an absolute path
 *
 * Return: 0, or -EINVAL if it is not.
 */
int __init scst_pr_dir_check(void)
{
	if (*scst_pr_dir == '/')
		return 0;
	pr_err("pr_dir: must be a path that begins with /\n");
	return -EINVAL;
}

/*
 * The last fput() in a kernel thread is deferred. But the file system may be unmounted as soon as
 * a command or the enabling of a device completes, so the last reference is released
 * synchronously.
 */
static int scst_pr_file_close(struct file *file)
{
	int ret;

	get_file(file);
	ret = filp_close(file, NULL);
	__fput_sync(file);
	return ret;
}

/* Make the entry of directory @path in its parent directory durable. */
static int scst_pr_sync_above(const char *path)
{
	char *above = kasprintf(GFP_KERNEL, "%s/..", path);
	struct file *dir;
	int ret;

	if (!above)
		return -ENOMEM;
	dir = filp_open(above, O_RDONLY | O_DIRECTORY, 0);
	kfree(above);
	if (IS_ERR(dir))
		return PTR_ERR(dir);
	ret = vfs_fsync(dir, 0);
	scst_pr_file_close(dir);
	return ret;
}

#ifndef scst_mkdir
static int scst_mkdir(const char *name, umode_t mode)
{
	struct dentry *dentry;
	struct path path;
	int ret;

	dentry = start_creating_path(AT_FDCWD, name, &path, LOOKUP_DIRECTORY);
	if (IS_ERR(dentry))
		return PTR_ERR(dentry);
	dentry = vfs_mkdir(mnt_idmap(path.mnt), d_inode(path.dentry), dentry, mode, NULL);
	ret = PTR_ERR_OR_ZERO(dentry);
	end_creating_path(&path, dentry);
	return ret;
}
#endif

static int scst_pr_dir_make_one(const char *path)
{
	int ret = scst_mkdir(path, 0700);

	if (ret == -EEXIST)
		return 0;
	return ret ?: scst_pr_sync_above(path);
}

static int scst_pr_dir_make(void)
{
	char *path = kstrdup(scst_pr_dir, GFP_KERNEL);
	char *end = path;
	int ret = 0;

	if (!path)
		return -ENOMEM;
	while (!ret && (end = strchr(end + 1, '/'))) {
		*end = '\0';
		ret = scst_pr_dir_make_one(path);
		*end = '/';
	}
	if (!ret)
		ret = scst_pr_dir_make_one(path);
	kfree(path);
	return ret;
}

static struct file *scst_pr_dir_open(bool make)
{
	struct file *dir = filp_open(scst_pr_dir, O_RDONLY | O_DIRECTORY, 0);
	int ret;

	if (!make || dir != ERR_PTR(-ENOENT))
		return dir;
	ret = scst_pr_dir_make();
	if (ret)
		return ERR_PTR(ret);
	return filp_open(scst_pr_dir, O_RDONLY | O_DIRECTORY, 0);
}

/**
 * scst_pr_files_open() - find the files of a device
 * @files:  filled in
 * @device: its name, which is that of a directory in configfs and so has no slash; with a suffix
 *	    appended, it differs from the names of other devices' files
 * @make:   create the directory if it does not exist
 *
 * Context: a worker thread, within scoped_with_init_fs().
 * Return: 0; -ENOENT if there is no directory and @make is false; -ENOMEM; or an errno of the
 * file system.
 */
int scst_pr_files_open(struct scst_pr_files *files, const char *device, bool make)
{
	files->failing = false;
	files->kept = kasprintf(GFP_KERNEL, "%s.pr", device);
	files->fresh = kasprintf(GFP_KERNEL, "%s.new", device);
	if (files->kept && files->fresh)
		files->dir = scst_pr_dir_open(make);
	else
		files->dir = ERR_PTR(-ENOMEM);
	if (!IS_ERR(files->dir))
		return 0;
	scst_pr_files_close(files);
	return PTR_ERR(files->dir);
}

/**
 * scst_pr_files_close() - release the files of a device
 * @files: filled in by scst_pr_files_open()
 *
 * Context: a worker thread.
 */
void scst_pr_files_close(struct scst_pr_files *files)
{
	if (!IS_ERR(files->dir))
		scst_pr_file_close(files->dir);
	kfree(files->kept);
	kfree(files->fresh);
}

/*
 * Changes of the directory, with the credentials of the current thread. The caller has write
 * access to the mount.
 */
#ifndef scst_dir_rename
static int scst_dir_rename(struct file *dir, const char *from, const char *to)
{
	struct renamedata rd = {
		.mnt_idmap = file_mnt_idmap(dir),
		.old_parent = dir->f_path.dentry,
		.new_parent = dir->f_path.dentry,
	};
	int ret = start_renaming(&rd, 0, &QSTR(from), &QSTR(to));

	if (ret)
		return ret;
	ret = vfs_rename(&rd);
	end_renaming(&rd);
	return ret;
}
#endif

#ifndef scst_dir_unlink
static int scst_dir_unlink(struct file *dir, const char *name)
{
	struct dentry *dentry;
	int ret;

	dentry = start_removing(file_mnt_idmap(dir), dir->f_path.dentry, &QSTR(name));
	if (IS_ERR(dentry))
		return PTR_ERR(dentry);
	ret = vfs_unlink(file_mnt_idmap(dir), file_inode(dir), dentry, NULL);
	end_removing(dentry);
	return ret;
}
#endif

static int scst_pr_rename(struct scst_pr_files *files)
{
	struct vfsmount *mnt = files->dir->f_path.mnt;
	int ret = mnt_want_write(mnt);

	if (ret)
		return ret;
	ret = scst_dir_rename(files->dir, files->fresh, files->kept);
	mnt_drop_write(mnt);
	return ret;
}

/* A file that does not exist is no error. */
static int scst_pr_unlink(struct scst_pr_files *files, const char *name)
{
	struct vfsmount *mnt = files->dir->f_path.mnt;
	int ret = mnt_want_write(mnt);

	if (ret)
		return ret;
	ret = scst_dir_unlink(files->dir, name);
	mnt_drop_write(mnt);
	return ret == -ENOENT ? 0 : ret;
}

/* @name is looked up with the directory as root, so the lookup cannot leave the directory. */
static struct file *scst_pr_file_open(struct scst_pr_files *files, const char *name, int flags)
{
	return file_open_root(&files->dir->f_path, name,
			      flags | O_NOFOLLOW | O_NONBLOCK | O_LARGEFILE, 0600);
}

static int scst_pr_sync_fresh(struct scst_pr_files *files, struct file *file)
{
	int ret = vfs_fsync(file, 0);

	return files->failing ? 0 : ret;
}

static int scst_pr_write_fresh(struct scst_pr_files *files, const void *data, size_t len)
{
	struct file *file = scst_pr_file_open(files, files->fresh, O_WRONLY | O_CREAT | O_TRUNC);
	loff_t pos = 0;
	ssize_t ret;
	int err;

	if (IS_ERR(file))
		return PTR_ERR(file);
	ret = kernel_write(file, data, len, &pos);
	if (ret >= 0)
		ret = ret == len ? scst_pr_sync_fresh(files, file) : -ENOSPC;
	err = scst_pr_file_close(file);
	return ret ?: err;
}

/**
 * scst_pr_files_put() - replace a device's file
 * @files: the device's files
 * @data:  the new content
 * @len:   bytes in @data
 *
 * On return the content is durable, unless @files->failing is set. The rename is durable after
 * scst_pr_files_sync().
 *
 * Context: a worker thread; waits for the medium.
 * Return: 0; or an errno of the file system, and the file has not changed.
 */
int scst_pr_files_put(struct scst_pr_files *files, const void *data, size_t len)
{
	int ret = scst_pr_write_fresh(files, data, len) ?: scst_pr_rename(files);

	if (ret)
		scst_pr_unlink(files, files->fresh);
	return ret;
}

/**
 * scst_pr_files_remove() - remove a device's file
 * @files: the device's files
 *
 * The removal is durable after scst_pr_files_sync().
 *
 * Context: a worker thread; waits for the medium.
 * Return: 0, also if there was no file; or an errno of the file system, and the file has not
 * changed.
 */
int scst_pr_files_remove(struct scst_pr_files *files)
{
	return scst_pr_unlink(files, files->kept);
}

/**
 * scst_pr_files_sync() - make a replacement or removal of a device's file durable
 * @files: the device's files
 *
 * Context: a worker thread; waits for the medium.
 * Return: 0; or an errno of the file system, and the change may be durable or not.
 */
int scst_pr_files_sync(struct scst_pr_files *files)
{
	return vfs_fsync(files->dir, 0);
}

static void *scst_pr_file_content(struct file *file, size_t max, size_t *len)
{
	loff_t size = i_size_read(file_inode(file));
	loff_t pos = 0;
	ssize_t got;
	void *data;

	if (!S_ISREG(file_inode(file)->i_mode) || !size || size > max)
		return ERR_PTR(-EBADMSG);
	data = kvmalloc(size, GFP_KERNEL);
	if (!data)
		return ERR_PTR(-ENOMEM);
	got = kernel_read(file, data, size, &pos);
	if (got == size) {
		*len = size;
		return data;
	}
	kvfree(data);
	return ERR_PTR(got < 0 ? got : -EBADMSG);
}

/**
 * scst_pr_files_read() - read a device's file
 * @files: the device's files
 * @max:   greatest valid length in bytes
 * @len:   set to the length in bytes
 *
 * Context: a worker thread; waits for the medium.
 * Return: the content, to be freed with kvfree(), or an ERR_PTR: -ENOENT; -EBADMSG if the file is
 * empty, longer than @max, shortened while it is read, or not a regular file; -ENOMEM; or another
 * errno of the file system.
 */
void *scst_pr_files_read(struct scst_pr_files *files, size_t max, size_t *len)
{
	struct file *file = scst_pr_file_open(files, files->kept, O_RDONLY);
	void *data;

	if (IS_ERR(file))
		return ERR_CAST(file);
	data = scst_pr_file_content(file, max, len);
	scst_pr_file_close(file);
	return data;
}
