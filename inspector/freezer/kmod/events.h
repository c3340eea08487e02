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

#include <linux/bits.h>
#include <linux/hash.h>
#include <linux/kprobes.h>

#include "compat.h"
#include "framefreeze.h"

#define EVENT_BITS 10
#define EVENT_WAYS 4
/* In freeze_event.ends, above the bits of the probes. */
#define EVENT_OPENED BIT(30) /* by a probe that opens events: the others end nothing */
#define EVENT_ALWAYS BIT(31) /* a probe that opens events ends every other */

struct freeze_event {
	struct task_struct *task;
	u64 stay; /* in the kernel: a mark of the entry frame */
	u64 number;
	u32 ends; /* with these of freeze_probe.begins */
};

static struct freeze_event freeze_events[BIT(EVENT_BITS)];

/*
 * The kernel leaves the entry frame alone, ax apart, until it returns to user mode. A kernel
 * thread, whose frame is recorded as zeros, never leaves.
 */
static __always_inline u64 stay(const struct framefreeze_record *record)
{
	const struct pt_regs *entry = (const void *)record->entry;
	u64 mark = record->pid ^ entry->ip;

	mark = mark * GOLDEN_RATIO_32 + entry->sp;
	mark = mark * GOLDEN_RATIO_32 + entry->orig_ax;
	mark = mark * GOLDEN_RATIO_32 + entry->di;
	mark = mark * GOLDEN_RATIO_32 + entry->si;
	return mark * GOLDEN_RATIO_32 + entry->dx;
}

/* The task's first line is another's: the one it has, an unused one, or one to be forgotten. */
static __always_inline struct freeze_event *other_line(struct task_struct *task, u64 now)
{
	struct freeze_event *line, *found = NULL;
	u32 way, first = task->pid;

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
	found->stay = ~now; /* an event begins */
	return found;
}

static __always_inline u64 number_in(struct freeze_event *line, const struct freeze_probe *probe,
				     u64 now)
{
	u64 number = line->number;

	if (line->stay != now || line->ends & probe->begins) {
		number = freeze_count(&framefreeze_header.events) + 1;
		line->number = number;
		line->stay = now;
		line->ends = probe->begun;
	} else if (!(line->ends & EVENT_OPENED)) {
		line->ends |= probe->begins;
	}
	return number;
}

/* Apart: its call would cost those that find their line registers. */
static noinline u64 number_in_other_line(const struct freeze_probe *probe,
					 struct task_struct *task, u64 now)
{
	return number_in(other_line(task, now), probe, now);
}
NOKPROBE_SYMBOL(number_in_other_line);

/* When all else is recorded. */
static __always_inline void write_event(struct framefreeze_record *record,
					const struct freeze_probe *probe,
					struct task_struct *task)
{
	u32 interrupted = freeze_interrupted_count(record->preempt_count, record->mechanism);
	struct freeze_event *line = &freeze_events[(u32)task->pid % BIT(EVENT_BITS)];
	u64 now;

	OPTIMIZER_HIDE_VAR(line); /* one address, not an offset for each member */

	if (unlikely(interrupted & (NMI_MASK | HARDIRQ_MASK) ||
		     freeze_softirq_count(interrupted) & SOFTIRQ_OFFSET)) {
		record->event = 0; /* an interrupt is no task's */
		return;
	}
	now = stay(record);
	if (likely(READ_ONCE(line->task) == task))
		record->event = number_in(line, probe, now);
	else
		record->event = number_in_other_line(probe, task, now);
}

#endif
