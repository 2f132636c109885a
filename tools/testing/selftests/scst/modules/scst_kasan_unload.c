// SPDX-License-Identifier: GPL-2.0
/*
 * KASAN poisons the gaps between a module's globals when it is loaded. Where the
 * architecture does not give modules a shadow of their own (User-Mode-Linux), the
 * poison outlives the module, and whoever gets the memory next is reported. This
 * wipes it off when a module goes.
 */
#include <linux/kasan.h>
#include <linux/module.h>
#include <linux/notifier.h>

static void scst_kasan_wipe(const struct module_memory *mem)
{
	u8 *shadow = kasan_mem_to_shadow(mem->base);
	u8 *end = kasan_mem_to_shadow(mem->base + mem->size);

	while (shadow < end)
		WRITE_ONCE(*shadow++, 0);
}

static int scst_kasan_notify(struct notifier_block *nb, unsigned long state,
			     void *data)
{
	struct module *mod = data;

	if (state != MODULE_STATE_GOING)
		return NOTIFY_OK;
	for_each_mod_mem_type(type)
		if (mod->mem[type].base)
			scst_kasan_wipe(&mod->mem[type]);
	return NOTIFY_OK;
}

/* After everybody else who may look at the module. */
static struct notifier_block scst_kasan_notifier = {
	.notifier_call = scst_kasan_notify,
	.priority = INT_MIN,
};

static int __init scst_kasan_init(void)
{
	return register_module_notifier(&scst_kasan_notifier);
}
module_init(scst_kasan_init);

static void __exit scst_kasan_exit(void)
{
	unregister_module_notifier(&scst_kasan_notifier);
}
module_exit(scst_kasan_exit);

MODULE_DESCRIPTION("Lets modules come and go under KASAN in User-Mode-Linux");
MODULE_LICENSE("GPL");
