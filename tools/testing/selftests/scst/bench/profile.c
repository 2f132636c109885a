// SPDX-License-Identifier: GPL-2.0
/*
 * A plugin for QEMU: counts the instructions that the guest executes, by where their
 * basic block begins. What user space executes is one number.
 *
 * The guest asks for a snapshot: it makes file snap.NAME in a folder that it shares with
 * the host, and the counts come in counts.NAME there. Two snapshots can be subtracted.
 */
#include <dirent.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "qemu_plugin.h"

/* --- counting */

/* A power of two; blocks that find no room are counted as user space's. */
#define SLOTS	0x100000U

/* Addresses from here on are the kernel's. */
#define KERNEL	0x8000000000000000ULL

int qemu_plugin_version = 4;

static struct qemu_plugin_scoreboard *counts;
static uint64_t blocks[SLOTS];
static const char *folder;

static struct qemu_plugin_u64 counter(unsigned int slot)
{
	return (struct qemu_plugin_u64){ .score = counts, .offset = slot * sizeof(uint64_t) };
}

/* The slot of the block at an address; slot 0 is user space's. */
static unsigned int slot_of(uint64_t vaddr)
{
	unsigned int slot = (vaddr * 0x9e3779b97f4a7c15ULL) >> 44;
	unsigned int tries;

	if (vaddr < KERNEL)
		return 0;
	for (tries = 0; tries < SLOTS; tries++, slot = (slot + 1) % SLOTS) {
		if (slot && !blocks[slot])
			blocks[slot] = vaddr;
		if (slot && blocks[slot] == vaddr)
			return slot;
	}
	return 0;
}

static void translated(uint64_t id, struct qemu_plugin_tb *tb)
{
	unsigned int slot = slot_of(qemu_plugin_tb_vaddr(tb));

	(void)id;
	qemu_plugin_register_vcpu_tb_exec_inline_per_vcpu(tb, QEMU_PLUGIN_INLINE_ADD_U64,
							  counter(slot),
							  qemu_plugin_tb_n_insns(tb));
}

/* --- snapshots */

static void write_counts(FILE *file)
{
	unsigned int slot;

	for (slot = 0; slot < SLOTS; slot++) {
		uint64_t count = qemu_plugin_u64_sum(counter(slot));

		if (count)
			fprintf(file, "%016llx %llu\n", (unsigned long long)blocks[slot],
				(unsigned long long)count);
	}
}

/* Under another name first: who sees the file sees all of it. */
static void answer(const char *entry)
{
	char unready[4096], ready[4096];
	FILE *file;

	if (strncmp(entry, "snap.", 5))
		return;
	snprintf(unready, sizeof(unready), "%s/unready", folder);
	snprintf(ready, sizeof(ready), "%s/counts.%s", folder, entry + 5);
	if (!access(ready, F_OK))
		return;
	file = fopen(unready, "w");
	if (!file)
		return;
	write_counts(file);
	fclose(file);
	rename(unready, ready);
}

static void *watch(void *arg)
{
	struct dirent *entry;
	DIR *dir;

	for (;;) {
		dir = opendir(folder);
		while (dir && (entry = readdir(dir)))
			answer(entry->d_name);
		if (dir)
			closedir(dir);
		usleep(10000);
	}
	return arg;
}

__attribute__((visibility("default")))
int qemu_plugin_install(uint64_t id, const void *info, int argc, char **argv)
{
	pthread_t thread;

	(void)info;
	if (argc != 1 || strncmp(argv[0], "folder=", 7))
		return -1;
	folder = strdup(argv[0] + 7);
	counts = qemu_plugin_scoreboard_new(SLOTS * sizeof(uint64_t));
	qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
	return pthread_create(&thread, NULL, watch, NULL);
}
