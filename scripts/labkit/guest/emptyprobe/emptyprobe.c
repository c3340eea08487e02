// SPDX-License-Identifier: GPL-2.0
/* One probe whose handler does nothing: what a hit costs at least. */
#include <linux/init.h>
#include <linux/kprobes.h>
#include <linux/module.h>
#include <linux/moduleparam.h>

static char *symbol;
module_param(symbol, charp, 0444);

static unsigned int offset;
module_param(offset, uint, 0444);

static bool int3;
module_param(int3, bool, 0444);

static bool returns;
module_param(returns, bool, 0444);

static int on_entry(struct kprobe *kp, struct pt_regs *regs)
{
	return 0;
}
NOKPROBE_SYMBOL(on_entry);

static void after_int3(struct kprobe *kp, struct pt_regs *regs, unsigned long flags)
{
}
NOKPROBE_SYMBOL(after_int3);

static int on_return(struct kretprobe_instance *instance, struct pt_regs *regs)
{
	return 0;
}
NOKPROBE_SYMBOL(on_return);

static struct kretprobe probe = { .maxactive = 256 };

static int __init emptyprobe_init(void)
{
	probe.kp.symbol_name = symbol;
	probe.kp.offset = offset;
	if (returns) {
		probe.handler = on_return;
		return register_kretprobe(&probe);
	}
	probe.kp.pre_handler = on_entry;
	if (int3)
		probe.kp.post_handler = after_int3;
	return register_kprobe(&probe.kp);
}

static void __exit emptyprobe_exit(void)
{
	if (returns)
		unregister_kretprobe(&probe);
	else
		unregister_kprobe(&probe.kp);
}

module_init(emptyprobe_init);
module_exit(emptyprobe_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("A kprobe with an empty handler");
