// SPDX-License-Identifier: GPL-2.0
/*
 * The lists of targets and connections, and their lock.
 */
#include <linux/list.h>
#include <linux/mutex.h>

#include "iscst.h"

/* Protects what is tagged G: the lists of targets, sessions and connections, and their fields */
DEFINE_MUTEX(iscst_lock);
LIST_HEAD(iscst_targets);
LIST_HEAD(iscst_listening);
LIST_HEAD(iscst_conns);
