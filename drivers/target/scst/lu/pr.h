/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Persistent reservations, SPC-5 5.14: a device's registrations and who reserved
 * it.
 *
 * A table never changes: PERSISTENT RESERVE OUT changes a copy, which then takes its place. A
 * reader needs RCU only, and a command that fails has changed nothing.
 */
#ifndef _SCST_PR_H
#define _SCST_PR_H

#include <linux/rcupdate.h>
#include <linux/types.h>

#include "cmd/opcode.h"
#include "scst_priv.h"

/* TYPE, SPC-5 6.16.3.4 */
#define SCST_PR_NONE		0	/* ours: not reserved */
#define SCST_PR_WE		1	/* Write Exclusive */
#define SCST_PR_EA		3	/* Exclusive Access */
#define SCST_PR_WE_RO		5	/* the same, Registrants Only */
#define SCST_PR_EA_RO		6
#define SCST_PR_WE_AR		7	/* the same, All Registrants */
#define SCST_PR_EA_AR		8

/* PERSISTENT RESERVE IN service actions, SPC-5 6.16.1 */
#define SCST_PR_READ_KEYS	0x00
#define SCST_PR_READ_RESERVATION	0x01
#define SCST_PR_REPORT_CAPABILITIES	0x02
#define SCST_PR_READ_FULL_STATUS	0x03

/* Registrations that a device takes: more are refused */
#define SCST_PR_MAX_REGS	1024

/**
 * struct scst_pr_reg - one registration: an I_T nexus and its key
 * @id:		the initiator port
 * @port:	RELATIVE TARGET PORT IDENTIFIER
 * @ua:		what the table that this stands in is news of, for the nexus:
 *		a unit attention condition, or SCST_SENSE_NONE
 * @key:	reservation key; 0: it is registered no more
 */
struct scst_pr_reg {
	struct scst_transport_id id;
	u16 port;
	scst_sense_t ua;
	u64 key;
};

/**
 * struct scst_pr - a device's persistent reservation state
 * @rcu:	frees it
 * @generation:	PRGENERATION
 * @type:	SCST_PR_*
 * @aptpl:	it persists through power loss: what changes it changes its file too
 * @lost:	what it was could not be read; until that is replaced nobody has access
 * @holder:	index of who holds the reservation; unused unless it is of a
 *		kind that one registrant holds
 * @count:	used entries of @regs
 * @room:	entries of @regs
 * @regs:	registrations
 */
struct scst_pr {
	struct rcu_head rcu;
	u32 generation;
	u8 type;
	bool aptpl;
	bool lost;
	unsigned int holder;
	unsigned int count;
	unsigned int room;
	struct scst_pr_reg regs[];
};

static inline bool scst_pr_all_registrants(u8 type)
{
	return type == SCST_PR_WE_AR || type == SCST_PR_EA_AR;
}

static inline bool scst_pr_registrants_only(u8 type)
{
	return type == SCST_PR_WE_RO || type == SCST_PR_EA_RO;
}

/* The registration after @reg, or the first if that is NULL. NULL: no more */
static inline struct scst_pr_reg *scst_pr_next(const struct scst_pr *pr,
					       const struct scst_pr_reg *reg)
{
	unsigned int count = pr ? pr->count : 0;
	unsigned int i = reg ? reg - pr->regs + 1 : 0;

	while (i < count && !pr->regs[i].key)
		i++;
	return i < count ? (struct scst_pr_reg *)&pr->regs[i] : NULL;
}

bool scst_pr_type_is_valid(u8 type);
bool scst_pr_holds(const struct scst_pr *pr, const struct scst_pr_reg *reg);
unsigned int scst_pr_keys(const struct scst_pr *pr);
struct scst_pr_reg *scst_pr_find(struct scst_pr *pr,
				 const struct scst_transport_id *id, u16 port);
struct scst_pr_reg *scst_pr_find_nexus(struct scst_pr *pr,
				       const struct scst_nexus *nexus);
struct scst_pr_reg *scst_pr_add(struct scst_pr *pr,
				const struct scst_transport_id *id, u16 port,
				u64 key);
struct scst_pr *scst_pr_copy(const struct scst_pr *old, unsigned int more);
bool scst_pr_claim(struct scst_device *dev);
void scst_pr_unclaim(struct scst_device *dev);
bool scst_pr_publish(struct scst_device *dev, const struct scst_cmd *by,
		     struct scst_pr *pr, bool abort);
void scst_pr_replace(struct scst_device *dev, struct scst_pr *pr);

/* pr_queue.c */
bool scst_pr_save_begin(struct scst_cmd *cmd);
struct scst_cmd *scst_pr_save_end(struct scst_device *dev);

/* pr_store.c */
bool scst_pr_needs_save(const struct scst_pr *old, const struct scst_pr *pr);
int scst_pr_save(struct scst_device *dev, const struct scst_pr *old,
		 const struct scst_pr *pr);

#endif /* _SCST_PR_H */
