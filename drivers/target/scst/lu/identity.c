// SPDX-License-Identifier: GPL-2.0
/*
 * A device's identity: the same after every reboot, and different from that of every other
 * device.
 *
 * By default, serial number and NAA designator are a hash of the machine's identity and of the
 * device's name. The hash must never change: a change renames every existing disk.
 */
#include <linux/ctype.h>
#include <linux/dmi.h>
#include <linux/moduleparam.h>
#include <linux/siphash.h>
#include <linux/string.h>

#include "lu/lu.h"

#define SCST_VENDOR		"SCST"
#define SCST_REVISION		"0100"

/* NAA 3h: a locally assigned identifier, SPC-6 7.7.6.6.4 */
#define SCST_NAA_LOCAL_ID	(3ULL << 60)
#define SCST_NAA_LOCAL_MASK	GENMASK_ULL(59, 0)

/* The NAA field, SPC-6 7.7.6.6.1 */
#define SCST_NAA_EXTENDED	0x2
#define SCST_NAA_LOCAL		0x3
#define SCST_NAA_REGISTERED	0x5
#define SCST_NAA_REGISTERED_EXT	0x6

static char *scst_system_id;
module_param_named(system_id, scst_system_id, charp, 0444);
MODULE_PARM_DESC(system_id,
		 "Text unique to this machine, for device identifiers (default: DMI product UUID)");

static const siphash_key_t scst_identity_keys[] = {
	{ { 0x5cb5d1a6e3f04c29ULL, 0x9d3ab0f7c2e61845ULL } },
	{ { 0x31f7c8e0d94ba652ULL, 0xe80d5f1b7a36c493ULL } },
};

/* Firmware without a UUID reports all zeros or all ones. */
static bool scst_uuid_unset(const char *uuid)
{
	char first = tolower(*uuid);

	if (first != '0' && first != 'f')
		return false;
	while (*uuid == '-' || tolower(*uuid) == first)
		uuid++;
	return !*uuid;
}

static const char *scst_machine_id(void)
{
	const char *uuid;

	if (scst_system_id && *scst_system_id)
		return scst_system_id;
	uuid = dmi_get_system_info(DMI_PRODUCT_UUID);
	return uuid && *uuid && !scst_uuid_unset(uuid) ? uuid : "";
}

/*
 * The hash of the machine's identity is the key for the hash of the name, so no part of one can
 * be mistaken for a part of the other.
 */
static u64 scst_identity_hash(const char *machine, const char *name, const siphash_key_t *key)
{
	siphash_key_t inner = *key;

	inner.key[0] ^= siphash(machine, strlen(machine), key);
	return siphash(name, strlen(name), &inner);
}

/**
 * scst_naa_len() - get the length of an NAA designator
 * @naa: its first byte, whose high four bits are the NAA field
 *
 * Context: any.
 * Return: bytes, or 0 if the NAA field has no valid value.
 */
unsigned int scst_naa_len(const u8 *naa)
{
	switch (*naa >> 4) {
	case SCST_NAA_EXTENDED:
	case SCST_NAA_LOCAL:
	case SCST_NAA_REGISTERED:
		return 8;
	case SCST_NAA_REGISTERED_EXT:
		return 16;
	default:
		return 0;
	}
}

/**
 * scst_identity_init() - set a device's default identity
 * @dev: the device, with its name and handler set
 *
 * Context: process context, before the device is published.
 */
void scst_identity_init(struct scst_device *dev)
{
	struct scst_identity *id = &dev->id;
	const char *machine = scst_machine_id();
	u64 high = scst_identity_hash(machine, dev->name, &scst_identity_keys[0]);
	u64 low = scst_identity_hash(machine, dev->name, &scst_identity_keys[1]);

	strscpy(id->vendor, SCST_VENDOR, sizeof(id->vendor));
	strscpy(id->product, dev->handler->product ?: dev->handler->name, sizeof(id->product));
	strscpy(id->revision, SCST_REVISION, sizeof(id->revision));
	snprintf(id->serial, sizeof(id->serial), "%016llx%016llx", high, low);
	put_unaligned_be64(SCST_NAA_LOCAL_ID | (high & SCST_NAA_LOCAL_MASK), id->naa_id);
}
