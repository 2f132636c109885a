/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Persistent reservations, SPC-5 5.14: the registrations of a device and the holder of its
 * reservation.
 *
 * A published table never changes: PERSISTENT RESERVE OUT changes a copy, which then replaces the
 * table. Readers need only RCU, and a command that fails leaves the table unchanged.
 */
#ifndef _SCST_PR_H
#define _SCST_PR_H

#include <linux/rcupdate.h>
#include <linux/types.h>

#include "cmd/opcode.h"
#include "scst_priv.h"

/* TYPE, SPC-5 6.16.3.4 */
#define SCST_PR_NONE		0	/* not in the standard: no reservation */
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

/* Most registrations of a device; more are refused */
#define SCST_PR_MAX_REGS	1024

/**
 * struct scst_pr_reg - one registration: an I_T nexus and its key
 * @id:		the initiator port
 * @port:	RELATIVE TARGET PORT IDENTIFIER
 * @ua:		unit attention condition to establish for the nexus when the table is published,
 *		or SCST_SENSE_NONE
 * @key:	reservation key; 0: this table ended the registration
 */
struct scst_pr_reg {
	struct scst_transport_id id;
	u16 port;
	scst_sense_t ua;
	u64 key;
};

/**
 * struct scst_pr - a device's persistent reservation state
 * @rcu:	frees the table after a grace period
 * @generation:	PRGENERATION
 * @type:	SCST_PR_*
 * @aptpl:	APTPL: the table persists through power loss, and each change is saved in a file
 * @lost:	the saved table could not be read; all but a few commands are refused until it is
 *		replaced
 * @holder:	index of the reservation holder in @regs; unused without a reservation and for All
 *		Registrants types
 * @count:	used entries of @regs
 * @room:	entries of @regs
 * @regs:	registrations, and those that this table ended
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

/* Return: the registration after @reg, or the first if @reg is NULL; NULL if there is none */
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
struct scst_pr_reg *scst_pr_find(struct scst_pr *pr, const struct scst_transport_id *id, u16 port);
struct scst_pr_reg *scst_pr_find_nexus(struct scst_pr *pr, const struct scst_nexus *nexus);
struct scst_pr_reg *scst_pr_add(struct scst_pr *pr, const struct scst_transport_id *id, u16 port,
				u64 key);
struct scst_pr *scst_pr_copy(const struct scst_pr *old, unsigned int more);
bool scst_pr_claim(struct scst_device *dev);
void scst_pr_unclaim(struct scst_device *dev);
bool scst_pr_publish(struct scst_device *dev, const struct scst_cmd *by,
		     struct scst_pr *pr, bool abort);
void scst_pr_replace(struct scst_device *dev, struct scst_pr *pr);

/* pr_queue.c */
enum scst_stage scst_pr_save_begin(struct scst_cmd *cmd);
struct scst_cmd *scst_pr_save_end(struct scst_device *dev);

/* pr_store.c */
bool scst_pr_needs_save(const struct scst_pr *old, const struct scst_pr *pr);
int scst_pr_save(struct scst_device *dev, const struct scst_pr *old, const struct scst_pr *pr);

#endif /* _SCST_PR_H */
