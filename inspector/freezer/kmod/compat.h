/* SPDX-License-Identifier: GPL-2.0 */
/* What differs between 5.10 and 7.2. Kbuild looks for what HAS_* say. */
#ifndef FRAMEFREEZE_COMPAT_H
#define FRAMEFREEZE_COMPAT_H

#include <linux/kprobes.h>
#include <linux/preempt.h>
#include <linux/sched.h>
#include <asm/thread_info.h>

/* commit d741bf41d7c7: the instance no longer points to its kretprobe. */
static __always_inline struct kretprobe *freeze_kretprobe(struct kretprobe_instance *instance)
{
#ifdef HAS_GET_KRETPROBE
	return get_kretprobe(instance);
#else
	return instance->rp;
#endif
}

static __always_inline unsigned long freeze_return_address(struct kretprobe_instance *instance)
{
#ifdef HAS_GET_KRETPROBE_RETADDR
	return get_kretprobe_retaddr(instance);
#else
	return (unsigned long)instance->ret_addr;
#endif
}

/*
 * Up to 5.10 a kretprobe's handler runs with interrupts off, under the lock of its
 * task's hash bucket (__kretprobe_trampoline_handler(), kernel/kprobes.c): a CPU held
 * there would hold every CPU whose task falls into the same bucket.
 */
#ifdef HAS_KRETPROBE_LOCK
#define FREEZE_RETURN_IS_LOCKED true
#else
#define FREEZE_RETURN_IS_LOCKED false
#endif

/* On PREEMPT_RT a task counts the soft IRQs that it runs and holds off (kernel/softirq.c). */
static __always_inline u32 freeze_softirq_count(u32 interrupted)
{
#if defined(CONFIG_PREEMPT_RT) && defined(HAS_SOFTIRQ_DISABLE_CNT)
	return current->softirq_disable_cnt & SOFTIRQ_MASK;
#else
	return interrupted & SOFTIRQ_MASK;
#endif
}

/*
 * On PREEMPT_RT spin_lock() leaves the preempt count alone; its owner may not migrate
 * (rt_spin_lock(), kernel/locking/spinlock_rt.c).
 */
static __always_inline bool freeze_may_own_lock(const struct task_struct *task)
{
#if defined(CONFIG_PREEMPT_RT) && defined(HAS_MIGRATION_DISABLED)
	return task->migration_disabled;
#else
	return false;
#endif
}

static __always_inline bool freeze_is_compat(const struct task_struct *task)
{
#ifdef CONFIG_COMPAT
	return task->thread_info.status & TS_COMPAT;
#else
	return false;
#endif
}

#endif
