// SPDX-License-Identifier: GPL-2.0
/*
 * The files that persistent reservations are kept in, without regard to what is in
 * them.
 *
 * A device has <device>.pr. A new one is written as <device>.new, made durable, and
 * takes its place by a rename. Whatever is lost on the way, what is found afterwards as
 * <device>.pr is the content before or the new one. Nothing else is ever read: what was
 * there before the last change may be what that has taken from somebody.
 *
 * Paths are looked up from the root directory of the machine's first process, with the
 * kernel's own credentials: who changes the configuration may live in a container,
 * and initiators have no file system at all.
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
		 "Where reservations that persist through power loss are kept (default: /var/lib/scst/pr)");

/**
 * scst_pr_dir_check() - whether pr_dir can be a directory
 *
 * Return: 0 or -EINVAL.
 */
int __init scst_pr_dir_check(void)
{
	if (*scst_pr_dir == '/')
		return 0;
	pr_err("pr_dir: not a path that begins with /\n");
	return -EINVAL;
}

/*
 * Worker threads put off the last fput(), but whoever is told that a command is done
 * or a device enabled may unmount the file system: do it here and now.
 */
static int scst_pr_file_close(struct file *file)
{
	int ret;

	get_file(file);
	ret = filp_close(file, NULL);
	__fput_sync(file);
	return ret;
}

/* Make it durable that directory @path stands in the one above. */
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
	dentry = vfs_mkdir(mnt_idmap(path.mnt), d_inode(path.dentry), dentry, mode,
			   NULL);
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
 * @files:  to be filled in
 * @device: its name, which had to be that of a directory in configfs: it has no
 *	    slash, and what is appended makes it no other device's
 * @make:   make the directory if it is not there
 *
 * Context: a worker thread, within scoped_with_init_fs().
 * Return: 0, -ENOENT if there is no directory and none is made, or what the file
 * system says.
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
 * scst_pr_files_close() - be done with the files of a device
 * @files: what scst_pr_files_open() filled in
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
 * Changes of the directory, by the caller's credentials. The caller has write access to the
 * mount.
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

/* That it is gone already is no error. */
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

/* Names are looked up below the directory, which they cannot leave. */
static struct file *scst_pr_file_open(struct scst_pr_files *files, const char *name,
				      int flags)
{
	return file_open_root(&files->dir->f_path, name,
			      flags | O_NOFOLLOW | O_NONBLOCK | O_LARGEFILE, 0600);
}

static int scst_pr_sync_fresh(struct scst_pr_files *files, struct file *file)
{
	int ret = vfs_fsync(file, 0);

	return files->failing ? 0 : ret;
}

static int scst_pr_write_fresh(struct scst_pr_files *files, const void *data,
			       size_t len)
{
	struct file *file = scst_pr_file_open(files, files->fresh,
					      O_WRONLY | O_CREAT | O_TRUNC);
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
 * scst_pr_files_put() - give a device another file
 * @files: the device's
 * @data:  its content
 * @len:   bytes
 *
 * The content is durable then. That the file has it is so after scst_pr_files_sync().
 *
 * Context: a worker thread; waits for the medium.
 * Return: 0, or what the file system says: nothing has changed.
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
 * @files: the device's
 *
 * That is durable after scst_pr_files_sync().
 *
 * Context: a worker thread; waits for the medium.
 * Return: 0, or what the file system says: nothing has changed.
 */
int scst_pr_files_remove(struct scst_pr_files *files)
{
	return scst_pr_unlink(files, files->kept);
}

/**
 * scst_pr_files_sync() - make durable which file a device has, or that it has none
 * @files: the device's
 *
 * Context: a worker thread; waits for the medium.
 * Return: 0, or what the file system says: nobody knows.
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
 * @files: the device's
 * @max:   bytes that it can have
 * @len:   set to those that it has
 *
 * Context: a worker thread; waits for the medium.
 * Return: the content, to be freed with kvfree(), or an ERR_PTR: -ENOENT, -EBADMSG
 * if it is empty or longer than @max or no file, -ENOMEM, or what the file system
 * says.
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
