/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Which records belong together: a number for each event of a task. Only handler.c
 * includes this.
 *
 * A task's line is written by hits in that task alone. Two tasks that are given one
 * line at the same time take each other's number; a reader tells them apart by task.
 */
#ifndef FRAMEFREEZE_EVENTS_H
#define FRAMEFREEZE_EVENTS_H

#include <linux/bitops.h>
#include <linux/hash.h>

#include "framefreeze.h"

#define EVENT_BITS 10
#define EVENT_WAYS 4
#define EVENT_OPENED BIT(31) /* by a probe that opens events; the bits below: who hit in it */

struct freeze_event {
	struct task_struct *task;
	u64 stay; /* in the kernel: a mark of the entry frame */
	u64 number;
	u32 seen;
};

static struct freeze_event freeze_events[BIT(EVENT_BITS)];

/* The kernel leaves the entry frame alone, ax apart, until it returns to user mode. */
static __always_inline u64 stay(struct task_struct *task)
{
	const struct pt_regs *entry = task_pt_regs(task);

	if (task->flags & PF_KTHREAD)
		return task->pid;
	return task->pid ^ entry->ip ^ rol64(entry->sp, 11) ^ rol64(entry->orig_ax, 22) ^
	       rol64(entry->di, 33) ^ rol64(entry->si, 44) ^ rol64(entry->dx, 55);
}

/* The task's line, an unused one, or the one whose turn it is to be forgotten. */
static __always_inline struct freeze_event *line_of(struct task_struct *task)
{
	u32 first = hash_ptr(task, EVENT_BITS), way;
	struct freeze_event *line = &freeze_events[first], *found = NULL;

	if (likely(READ_ONCE(line->task) == task))
		return line;
	for (way = 0; way < EVENT_WAYS; way++) {
		line = &freeze_events[(first + way) % BIT(EVENT_BITS)];
		if (READ_ONCE(line->task) == task)
			return line;
		if (!found && !READ_ONCE(line->task))
			found = line;
	}
	if (!found) {
		way = framefreeze_header.events % EVENT_WAYS;
		found = &freeze_events[(first + way) % BIT(EVENT_BITS)];
	}
	WRITE_ONCE(found->task, task);
	found->number = 0;
	return found;
}

static __always_inline bool begins(const struct freeze_event *line, u64 now, u32 flags, u32 bit)
{
	if (!line->number || line->stay != now || flags & FRAMEFREEZE_OPENS)
		return true;
	return line->seen & bit && !(line->seen & EVENT_OPENED);
}

/* The number of the event that this hit belongs to; 0 in an interrupt, which is no task's. */
static __always_inline u64 freeze_event(const struct freeze_probe *probe,
					struct task_struct *task, u8 mechanism)
{
	u32 interrupted = freeze_interrupted_count(mechanism);
	u32 flags = probe->line->flags, bit = BIT(probe->index);
	struct freeze_event *line;
	u64 now;

	if (interrupted & (NMI_MASK | HARDIRQ_MASK | SOFTIRQ_OFFSET))
		return 0;
	line = line_of(task);
	now = stay(task);
	if (begins(line, now, flags, bit)) {
		line->number = freeze_count(&framefreeze_header.events) + 1;
		line->stay = now;
		line->seen = flags & FRAMEFREEZE_OPENS ? EVENT_OPENED : 0;
	}
	line->seen |= bit;
	return line->number;
}

#endif
