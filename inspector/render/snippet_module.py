# SPDX-License-Identifier: LGPL-2.1-or-later
"""A kprobe module that keeps the number of each hit, to be read while it is loaded."""

from __future__ import annotations

from inspector.model.snippet import SnippetPlan

_SOURCE = """\
// SPDX-License-Identifier: GPL-2.0
/*
 * The syscall number at {place}, on Linux {release} (x86-64).
 * The handler's own orig_ax is no number: {own_orig_ax}.
 *
 * Save it as number.c in an empty directory, and there, as root:
 *	echo 'obj-m := number.o' >Kbuild
 *	make -C /lib/modules/$(uname -r)/build M=$PWD
 *	insmod number.ko
 *	cat /sys/module/number/parameters/numbers
 *	rmmod number
 * A negative number is no system call (a page fault, an interrupt); after a 32-bit system call
 * it is one of the 32-bit table, and bit 30 (0x40000000) marks one of x32.
 */
#include <linux/atomic.h>
#include <linux/kernel.h>
#include <linux/kprobes.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/sched/task_stack.h>

static int numbers[64]; /* of the first hits */
static unsigned int count;
module_param_array(numbers, int, &count, 0444);

static atomic_t hits = ATOMIC_INIT(0);

/* Runs in a trap or in ftrace, with any lock held: it copies and returns. */
static int keep_number(struct kprobe *kp, struct pt_regs *regs)
{{
	unsigned int hit;

	if (current->flags & PF_KTHREAD) /* never came from user mode: no frame */
		return 0;
	hit = atomic_inc_return(&hits) - 1;
	if (hit < ARRAY_SIZE(numbers)) {{
		numbers[hit] = (int)task_pt_regs(current)->orig_ax;
		count = hit + 1;
	}}
	return 0;
}}
NOKPROBE_SYMBOL(keep_number);

static struct kprobe probe = {{
	.symbol_name = "{symbol}",
	.offset = {offset:#x},
	.pre_handler = keep_number,
}};

static int __init number_init(void)
{{
	return register_kprobe(&probe);
}}

static void __exit number_exit(void)
{{
	unregister_kprobe(&probe);
}}

module_init(number_init);
module_exit(number_exit);
MODULE_LICENSE("GPL");
"""


def module_snippet(plan: SnippetPlan) -> str:
    """The whole source file."""
    return _SOURCE.format(
        place=plan.probed,
        release=plan.release,
        own_orig_ax=plan.own_orig_ax,
        symbol=plan.symbol,
        offset=plan.place.offset,
    )
