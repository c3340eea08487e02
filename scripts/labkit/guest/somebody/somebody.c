// SPDX-License-Identifier: GPL-2.0
/*
 * Somebody else's kprobe module: it counts and panics, and knows nothing of
 * framefreeze. What is said about a dump made with it rests on the kernel alone.
 */
#include <linux/atomic.h>
#include <linux/kernel.h>
#include <linux/kprobes.h>
#include <linux/module.h>

static char *symbol = "__x64_sys_fork";
module_param(symbol, charp, 0444);

static unsigned int offset;
module_param(offset, uint, 0444);

static int hits_left = 1;
module_param(hits_left, int, 0444);

static atomic_t left;

static int somebody_pre_handler(struct kprobe *kp, struct pt_regs *regs)
{
	if (atomic_dec_and_test(&left))
		panic("somebody: %s+0x%x was hit\n", symbol, offset);
	return 0;
}
NOKPROBE_SYMBOL(somebody_pre_handler);

static struct kprobe probe = { .pre_handler = somebody_pre_handler };

static int __init somebody_init(void)
{
	atomic_set(&left, hits_left);
	probe.symbol_name = symbol;
	probe.offset = offset;
	return register_kprobe(&probe);
}

static void __exit somebody_exit(void)
{
	unregister_kprobe(&probe);
}

module_init(somebody_init);
module_exit(somebody_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("A kprobe that panics");
