// SPDX-License-Identifier: GPL-2.0
/*
 * configfs: auth/ of a target.
 */
#include <linux/configfs.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "iscst.h"

static struct iscst_auth *iscst_auth_from_item(struct config_item *item)
{
	return container_of(item, struct iscst_auth, item);
}

static ssize_t iscst_auth_store_text(struct config_item *item, const char *name,
				     const char *page, char *text, size_t size)
{
	struct scst_target *tgt = iscst_auth_from_item(item)->target->tgt;
	int ret = iscst_parse_text(page, text, size);

	if (ret)
		scst_target_set_error(tgt, "auth/%s/%s: must be one line of up to %zu bytes",
				      config_item_name(item), name, size - 1);
	return scst_target_op_end(tgt, name, ret);
}

#define ISCST_AUTH_ATTRS(_prefix, _field)					\
static struct iscst_secret *iscst_##_field##_from(struct config_item *item)	\
{										\
	return (void *)iscst_auth_from_item(item) +				\
	       offsetof(struct iscst_auth, _field);				\
}										\
static ssize_t iscst_auth_##_prefix##user_show(struct config_item *item, char *page)	\
{										\
	return iscst_show_text(iscst_##_field##_from(item)->user, page);	\
}										\
static ssize_t iscst_auth_##_prefix##user_store(struct config_item *item,	\
						const char *page, size_t count)	\
{										\
	return iscst_auth_store_text(item, #_prefix "user", page,		\
				     iscst_##_field##_from(item)->user,		\
				     ISCST_VALUE_LEN) ?: count;			\
}										\
static ssize_t iscst_auth_##_prefix##secret_store(struct config_item *item,	\
						  const char *page, size_t count)	\
{										\
	return iscst_auth_store_text(item, #_prefix "secret", page,		\
				     iscst_##_field##_from(item)->secret,	\
				     ISCST_SECRET_LEN) ?: count;		\
}										\
CONFIGFS_ATTR(iscst_auth_, _prefix##user);					\
CONFIGFS_ATTR_WO(iscst_auth_, _prefix##secret)

ISCST_AUTH_ATTRS(, initiator);
ISCST_AUTH_ATTRS(target_, ours);

static struct configfs_attribute *iscst_auth_attrs[] = {
	&iscst_auth_attr_user,
	&iscst_auth_attr_secret,
	&iscst_auth_attr_target_user,
	&iscst_auth_attr_target_secret,
	NULL,
};

static void iscst_auth_release(struct config_item *item)
{
	kfree_sensitive(iscst_auth_from_item(item));
}

static struct configfs_item_operations iscst_auth_item_ops = {
	.release = iscst_auth_release,
};

static const struct config_item_type iscst_auth_type = {
	.ct_item_ops = &iscst_auth_item_ops,
	.ct_attrs = iscst_auth_attrs,
	.ct_owner = THIS_MODULE,
};

/* Names of directories that differ in case are distinct for configfs, but not here. */
static int iscst_auth_publish(struct iscst_auth *auth)
{
	struct iscst_auth *other;
	int ret = 0;

	mutex_lock(&iscst_lock);
	list_for_each_entry(other, &auth->target->auths, entry)
		if (!strcmp(other->pattern, auth->pattern))
			ret = -EEXIST;
	if (!ret)
		list_add_tail(&auth->entry, &auth->target->auths);
	mutex_unlock(&iscst_lock);
	return ret;
}

static struct iscst_auth *iscst_auth_add(struct iscst_target *target, const char *name)
{
	struct iscst_auth *auth;

	if (strlen(name) >= SCST_PORT_NAME_LEN) {
		scst_target_set_error(target->tgt, "auth/%s: the name has more than %u bytes",
				      name, SCST_PORT_NAME_LEN - 1);
		return ERR_PTR(-ENAMETOOLONG);
	}
	auth = kzalloc_obj(*auth);
	if (!auth)
		return ERR_PTR(-ENOMEM);
	auth->target = target;
	strscpy(auth->pattern, name, sizeof(auth->pattern));
	scst_name_fold(auth->pattern, strlen(name));
	if (iscst_auth_publish(auth)) {
		scst_target_set_error(target->tgt,
				      "auth/%s: the name exists already; case is ignored", name);
		kfree(auth);
		return ERR_PTR(-EEXIST);
	}
	return auth;
}

static struct config_item *iscst_make_auth(struct config_group *group, const char *name)
{
	struct iscst_target *target = container_of(group, struct iscst_target, auth_group);
	struct iscst_auth *auth = iscst_auth_add(target, name);

	scst_target_op_end(target->tgt, "auth", PTR_ERR_OR_ZERO(auth));
	if (IS_ERR(auth))
		return ERR_CAST(auth);
	config_item_init_type_name(&auth->item, name, &iscst_auth_type);
	return &auth->item;
}

static void iscst_drop_auth(struct config_group *group, struct config_item *item)
{
	mutex_lock(&iscst_lock);
	list_del(&iscst_auth_from_item(item)->entry);
	mutex_unlock(&iscst_lock);
	config_item_put(item);
}

static struct configfs_group_operations iscst_auths_group_ops = {
	.make_item = iscst_make_auth,
	.drop_item = iscst_drop_auth,
};

const struct config_item_type iscst_auths_type = {
	.ct_group_ops = &iscst_auths_group_ops,
	.ct_owner = THIS_MODULE,
};
