/* SPDX-License-Identifier: GPL-2.0 */
/* What differs between 5.10 and 7.3, beside what lab.h has. */
#ifndef FRAMELAB_COMPAT_H
#define FRAMELAB_COMPAT_H

#include <linux/bitops.h>
#include <linux/ftrace.h>
#include <linux/hash.h>
#include <linux/sched.h>

#include "lab.h"

/* ftrace's handlers take pt_regs up to 5.10, ftrace_regs since (commit d19ad0775dcd). */
#ifndef CONFIG_DYNAMIC_FTRACE_WITH_ARGS
#define ftrace_regs pt_regs
#define framelab_any_regs(fregs) (fregs)
#elif defined(arch_ftrace_regs) /* 6.13 (commit 7888af4166d4), and Debian's 6.12 */
#define framelab_any_regs(fregs) (&arch_ftrace_regs(fregs)->regs)
#else
#define framelab_any_regs(fregs) (&(fregs)->regs)
#endif

/*
 * Up to 5.10 a kretprobe's handler runs under the lock of its task's hash bucket:
 * only one task a bucket can be held there.
 */
static inline bool framelab_reserve(const struct task_struct *task)
{
#ifdef HAS_KRETPROBE_LOCK
	static unsigned long taken; /* of 64: KPROBE_HASH_BITS, kernel/kprobes.c */

	return !test_and_set_bit(hash_ptr(task, 6), &taken);
#else
	return true;
#endif
}

/* native_halt() warns about idle states on recent kernels. */
static inline void framelab_halt(void)
{
	asm volatile("hlt" : : : "memory");
}

#endif
