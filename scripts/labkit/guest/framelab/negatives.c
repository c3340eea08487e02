// SPDX-License-Identifier: GPL-2.0
/* What looks like a frame and is none, or lies where one would be. */
#include <linux/kdebug.h>
#include <linux/kernel.h>
#include <linux/rcupdate.h>
#include <linux/sched/signal.h>
#include <linux/sched/task_stack.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <asm/processor.h>

#include "compat.h"
#include "framelab.h"

/* error_entry builds a user frame there first, and moves it: what it leaves. */
void framelab_know_entry_stacks(void)
{
	int cpu;

	for_each_online_cpu(cpu)
		framelab_negative("entry-stack", (void *)(per_cpu(cpu_tss_rw, cpu).x86_tss.sp0 -
							  sizeof(struct pt_regs)));
}

void framelab_know_kernel_threads(void)
{
	struct task_struct *task;

	rcu_read_lock();
	for_each_process(task)
		if (task->flags & PF_KTHREAD)
			framelab_negative("kernel-thread", task_pt_regs(task));
	rcu_read_unlock();
}

#define PAD 1024

#if __has_attribute(uninitialized) /* Debian builds with -ftrivial-auto-var-init */
#define left_as_it_is __attribute__((uninitialized))
#else
#define left_as_it_is
#endif

static struct task_struct *trapping;

/* In the die notifier: an int3 that returns, and leaves its frame where it was. */
bool framelab_leaves_dead_frame(struct pt_regs *regs)
{
	if (READ_ONCE(trapping) != current)
		return false;
	framelab_negative("dead-frame", regs);
	return true;
}

static noinline void trap_below(int pads)
{
	char pad[PAD] left_as_it_is;

	barrier_data(pad);
	if (pads)
		trap_below(pads - 1);
	else
		asm volatile("int3" : : : "memory");
	barrier_data(pad);
}

static noinline void sleep_below(int pads)
{
	char pad[PAD] left_as_it_is;

	barrier_data(pad);
	if (pads)
		sleep_below(pads - 1);
	else
		schedule_timeout_killable(MAX_SCHEDULE_TIMEOUT);
	barrier_data(pad);
}

/*
 * The deeper trap first: the other's handler must not reach down to its frame.
 * With pads the sleeper's own stack spans them: as local variables that nobody wrote.
 */
void framelab_sleep_over_dead_frames(int pads)
{
	WRITE_ONCE(trapping, current);
	trap_below(6);
	trap_below(2);
	WRITE_ONCE(trapping, NULL);
	if (pads)
		sleep_below(pads);
	else
		schedule_timeout_killable(MAX_SCHEDULE_TIMEOUT);
}
