// SPDX-License-Identifier: GPL-2.0
/*
 * The lists of targets and connections, and their lock.
 */
#include <linux/list.h>
#include <linux/mutex.h>

#include "iscst.h"

/* What is tagged G: targets, sessions and connections, as they come and go */
DEFINE_MUTEX(iscst_lock);
LIST_HEAD(iscst_targets);
LIST_HEAD(iscst_listening);
LIST_HEAD(iscst_conns);
