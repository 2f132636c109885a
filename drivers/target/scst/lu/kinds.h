/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Peripheral device types: the commands and pages of their logical units.
 */
#ifndef _SCST_KINDS_H
#define _SCST_KINDS_H

#include <linux/types.h>

#include "cmd/opcode.h"

/* Limits of a type: rows, and opcode sets besides those of all types */
#define SCST_KIND_ROWS	96
#define SCST_KIND_SETS	8

/**
 * struct scst_vpd_page - a vital product data page
 * @code:	PAGE CODE
 * @fill:	fill in a zeroed page behind its header, and return the bytes behind the header
 */
struct scst_vpd_page {
	u8 code;
	unsigned int (*fill)(const struct scst_cmd *cmd, u8 *page);
};

/* The longest page, without its header */
#define SCST_VPD_MAX_LEN	320
#define SCST_VPD_HEADER_LEN	4

#define SCST_MODE_PAGE_MAX	22

/**
 * struct scst_mode_page - the constant part of a mode page
 * @len:	bytes
 * @image:	the page, with zeroes in fields that can change
 * @fill:	fill in what the device's state decides, and MODE SELECT does not; or NULL. Atomic,
 *		maybe under the device's lock.
 */
struct scst_mode_page {
	u8 len;
	u8 image[SCST_MODE_PAGE_MAX];
	void (*fill)(const struct scst_device *dev, u8 *page);
};

/* The longest log page, without its header */
#define SCST_LOG_MAX_LEN	400

/*
 * Parameter control bytes, SPC-6 7.3.2: TSD, as nothing is saved, and FORMAT AND LINKING: a counter
 * that stays at its largest value, or a list of fields
 */
#define SCST_LOG_COUNTER	0x22
#define SCST_LOG_LIST		0x23

/**
 * struct scst_log_page - a log page
 * @code:	PAGE CODE
 * @subpage:	SUBPAGE CODE
 * @sleeps:	@fill asks the handler, and may sleep
 * @arg:	for @fill and @reset
 * @last:	greatest PARAMETER CODE
 * @has:	optional; whether a device has the page. All others have it.
 * @fill:	write the parameters into zeroed memory, and return their length in bytes
 * @reset:	for a page of counters: set them to zero, and return whether they were not
 */
struct scst_log_page {
	u8 code;
	u8 subpage;
	bool sleeps;
	u8 arg;
	u16 last;
	bool (*has)(const struct scst_device *dev);
	unsigned int (*fill)(const struct scst_cmd *cmd, const struct scst_log_page *page, u8 *out);
	bool (*reset)(struct scst_device *dev, const struct scst_log_page *page);
};

/**
 * struct scst_kind - a peripheral device type, SPC-6 6.7.2
 * @known:	devices of the type are supported
 * @sets:	its opcode sets besides those of all types
 * @fifo:	commands are executed one at a time, in order of arrival
 * @blocks:	a handler may execute its commands as block operations
 * @mmc:	an MM drive: the medium is removable, see medium.c
 * @claim:	version descriptor of its command set, SPC-6 6.7.2; 0: none
 * @vpd:	its VPD pages besides those of all types, in ascending order
 * @vpd_count:	number of @vpd
 * @mode:	mode pages, in ascending order
 * @mode_count:	number of @mode
 * @log:	its log pages besides those of all types, in ascending order
 * @log_count:	number of @log
 * @type:	PERIPHERAL DEVICE TYPE
 * @rows:	all rows, in ascending order of operation code and service action
 * @count:	number of @rows
 * @first:	for each operation code, the index of its first row in @rows, plus one; 0: no row
 */
struct scst_kind {
	const struct scst_opcode_set *sets[SCST_KIND_SETS];
	bool known;
	bool fifo;
	bool blocks;
	bool mmc;
	u16 claim;
	const struct scst_vpd_page *vpd;
	unsigned int vpd_count;
	const struct scst_mode_page *mode;
	unsigned int mode_count;
	const struct scst_log_page *log;
	unsigned int log_count;

	/* filled in by scst_kinds_init() */
	u8 type;
	const struct scst_opcode *rows[SCST_KIND_ROWS];
	unsigned int count;
	u8 first[256];
};

extern const struct scst_opcode_set scst_report_opcodes;	/* spc_report.c */
extern const struct scst_opcode_set scst_diagnostic_opcodes;	/* spc_diagnostic.c */
extern const struct scst_opcode_set scst_buffer_opcodes;	/* spc_buffer.c */
extern const struct scst_opcode_set scst_timestamp_opcodes;	/* spc_timestamp.c */
extern const struct scst_opcode_set scst_inquiry_opcodes;	/* spc_inquiry.c */
extern const struct scst_opcode_set scst_mode_opcodes;		/* spc_mode.c */
extern const struct scst_opcode_set scst_log_opcodes;		/* spc_log.c */
extern const struct scst_opcode_set scst_reserve_opcodes;	/* reserve.c */
extern const struct scst_opcode_set scst_pr_in_opcodes;		/* pr_in.c */
extern const struct scst_opcode_set scst_pr_out_opcodes;	/* pr_out.c */
extern const struct scst_opcode_set scst_sbc_opcodes;		/* sbc.c */
extern const struct scst_opcode_set scst_sbc_io_opcodes;	/* sbc_io.c */
extern const struct scst_opcode_set scst_sbc_compare_opcodes;	/* sbc_compare.c */
extern const struct scst_opcode_set scst_sbc_orwrite_opcodes;	/* sbc_orwrite.c */
extern const struct scst_opcode_set scst_sbc_defect_opcodes;	/* sbc_defects.c */
extern const struct scst_opcode_set scst_thin_opcodes;		/* sbc_thin.c */
extern const struct scst_opcode_set scst_ssc_opcodes;		/* ssc.c */
extern const struct scst_opcode_set scst_mmc_opcodes;		/* mmc.c */
extern const struct scst_opcode_set scst_mmc_disc_opcodes;	/* mmc_disc.c */
extern const struct scst_opcode_set scst_mmc_feature_opcodes;	/* mmc_features.c */

/* sbc_pages.c */
#define SCST_SBC_VPD_COUNT	4
#define SCST_SBC_MODE_COUNT	5
extern const struct scst_vpd_page scst_sbc_vpd_pages[SCST_SBC_VPD_COUNT];
extern const struct scst_mode_page scst_sbc_mode_pages[SCST_SBC_MODE_COUNT];

/* mmc_features.c */
#define SCST_MMC_MODE_COUNT	4
extern const struct scst_mode_page scst_mmc_mode_pages[SCST_MMC_MODE_COUNT];

/* sbc_log.c */
#define SCST_SBC_LOG_COUNT	6
extern const struct scst_log_page scst_sbc_log_pages[SCST_SBC_LOG_COUNT];

int scst_kinds_init(void);
const struct scst_kind *scst_kind_find(u8 type);
const struct scst_opcode *scst_kind_opcode(const struct scst_kind *kind, const u8 *cdb,
					   unsigned int len, bool *known);

#endif /* _SCST_KINDS_H */
