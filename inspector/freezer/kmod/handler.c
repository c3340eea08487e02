// SPDX-License-Identifier: GPL-2.0
/*
 * What happens on a hit. This runs in a trap, an NMI or ftrace, with any lock
 * held: it copies and returns. Nothing here prints, allocates, locks or can
 * fault; the panic that was asked for is the one exception.
 */
#include <linux/atomic.h>
#include <linux/compiler.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/preempt.h>
#include <linux/ptrace.h>
#include <linux/sched.h>
#include <linux/sched/task_stack.h>
#include <linux/smp.h>
#include <linux/string.h>
#include <linux/timekeeping.h>

#include "compat.h"
#include "events.h"
#include "framefreeze.h"

#define BELOW (FRAMEFREEZE_WORDS_BELOW * sizeof(u64))

static_assert(sizeof(struct pt_regs) == FRAMEFREEZE_REGS * sizeof(u64));
static_assert(sizeof(atomic64_t) == sizeof(u64));

/* A hit, before it has a record; inlined, its words are registers. */
struct freeze_hit {
	struct freeze_probe *probe;
	struct framefreeze_probe *line;
	struct task_struct *task;
	const struct pt_regs *regs;
	u64 number; /* of the probe's hits, from 1 */
	u64 return_address;
	u8 mechanism;
	u8 text_byte;
};

/* By instruction and unchecked: live stack is full of what KASAN holds to be redzones. */
static __always_inline void copy_words(void *to, u64 from, size_t bytes)
{
	u64 words = bytes / sizeof(u64);

	asm volatile("rep movsq" : "+D"(to), "+S"(from), "+c"(words) : : "memory");
}

static __always_inline struct framefreeze_record *slot_of(u64 n)
{
	const struct framefreeze_header *header = &framefreeze_header;

	return (void *)header->records + (n % header->record_count) * header->record_size;
}

/*
 * Marks the slot of the n-th hit as being written. Not when the hit is lost: one that
 * this one interrupted (an NMI does) or that another CPU got lapped in still writes there,
 * a later hit has already been there, or a held CPU's is kept there.
 */
static __always_inline bool claim(struct framefreeze_record *record, u64 n)
{
	u64 old = READ_ONCE(record->seq);

	return record != READ_ONCE(freeze_pinned) && !(old & 1) && old <= 2 * n &&
	       cmpxchg(&record->seq, old, 2 * n + 1) == old;
}

/*
 * KPROBE_FLAG_FTRACE is set on every probe at an ftrace site (check_ftrace_location(),
 * kernel/kprobes.c), KPROBE_FLAG_OPTIMIZED only on the aggregate that the probe hangs
 * on and too early there: what the text holds now decides.
 */
u8 freeze_mechanism(const struct kprobe *kp, u8 text_byte)
{
	if (kp->flags & KPROBE_FLAG_FTRACE)
		return FRAMEFREEZE_MECHANISM_FTRACE;
	if (text_byte == 0xcc)
		return FRAMEFREEZE_MECHANISM_INT3;
	if (text_byte == 0xe9)
		return FRAMEFREEZE_MECHANISM_OPTPROBE;
	return FRAMEFREEZE_MECHANISM_UNKNOWN;
}
NOKPROBE_SYMBOL(freeze_mechanism);

static __always_inline bool comm_is(const u8 *comm)
{
	int i;

	for (i = 0; i < TASK_COMM_LEN; i++) {
		if (comm[i] != (u8)current->comm[i])
			return false;
		if (!comm[i])
			break;
	}
	return true;
}

/* The low 32 bits of orig_ax are the number; a kernel thread's words are no frame. */
static __always_inline bool number_is(s32 nr, bool compat)
{
	return !(current->flags & PF_KTHREAD) && freeze_is_compat(current) == compat &&
	       (s32)task_pt_regs(current)->orig_ax == nr;
}

static __always_inline bool matches(const struct framefreeze_probe *line, u32 filters)
{
	if (filters & FRAMEFREEZE_FILTER_ALL)
		return false;
	if (filters & FRAMEFREEZE_FILTER_PID && current->pid != line->pid)
		return false;
	if (filters & FRAMEFREEZE_FILTER_TGID && current->tgid != line->tgid)
		return false;
	if (filters & FRAMEFREEZE_FILTER_COMM && !comm_is(line->comm))
		return false;
	if (filters & FRAMEFREEZE_FILTER_NR && !number_is(line->nr, false))
		return false;
	if (filters & FRAMEFREEZE_FILTER_NR32 && !number_is(line->nr, true))
		return false;
	return true;
}

/* Whether the hit is to be recorded; `passed` counts it if so, where somebody asks. */
static __always_inline bool passes(struct freeze_probe *probe,
				   const struct framefreeze_probe *line, u64 *passed)
{
	/* With freeze_set(): the filters before their values. */
	u32 filters = smp_load_acquire(&line->filters);

	if (filters && !matches(line, filters))
		return false;
	if (filters & FRAMEFREEZE_FILTER_EVERY && freeze_count(&probe->seen) % line->every)
		return false;
	if (!(filters & FRAMEFREEZE_FILTER_LIMIT) && line->mode != FRAMEFREEZE_MODE_CRASH)
		return true;
	*passed = freeze_count(&probe->passed) + 1;
	return !(filters & FRAMEFREEZE_FILTER_LIMIT && *passed > line->limit);
}

static __always_inline void write_probe(struct framefreeze_record *record,
					const struct freeze_hit *hit)
{
	record->hit = hit->number;
	record->probe_address = (u64)hit->probe->rp.kp.addr;
	record->return_address = hit->return_address;
	record->probe = hit->probe->index;
	record->mode = hit->line->mode;
	record->text_byte = hit->text_byte;
	record->mechanism = hit->mechanism;
}

static __always_inline void write_task(struct framefreeze_record *record,
				       struct task_struct *task)
{
	record->task = (u64)task;
	record->stack_address = (u64)task_stack_page(task);
	record->pid = task->pid;
	record->tgid = task->tgid;
	record->cpu = raw_smp_processor_id();
	record->preempt_count = preempt_count();
	memcpy(record->comm, task->comm, sizeof(record->comm));
}

/* A kernel thread never came from user mode: the words at its top are no frame. */
static __always_inline void write_entry(struct framefreeze_record *record,
					struct task_struct *task)
{
	if (task->flags & PF_KTHREAD) {
		record->flags |= FRAMEFREEZE_KTHREAD;
		record->entry_address = 0;
		memset(record->entry, 0, sizeof(record->entry));
		return;
	}
	if (freeze_is_compat(task))
		record->flags |= FRAMEFREEZE_COMPAT;
	record->entry_address = (u64)task_pt_regs(task);
	copy_words(record->entry, record->entry_address, sizeof(record->entry));
}

/*
 * On the task's stack everything from the words below the frame to the end of
 * the entry frame is mapped. On any other stack only the pages under the frame
 * itself are known to be: a stack begins and ends on a page boundary.
 */
static __always_inline void write_slice(struct framefreeze_record *record, u64 frame,
					struct task_struct *task)
{
	u64 frame_end = frame + sizeof(struct pt_regs);
	u64 low = (u64)task_stack_page(task), entry_end = (u64)(task_pt_regs(task) + 1);
	u64 high = entry_end, start, length;

	if (likely(frame >= low && frame_end <= entry_end)) {
		record->flags |= FRAMEFREEZE_ON_TASK_STACK;
	} else {
		low = frame & PAGE_MASK;
		high = PAGE_ALIGN(frame_end);
	}
	start = max(frame - BELOW, low);
	length = min_t(u64, high - start, framefreeze_header.slice_capacity);
	if (start > entry_end || start + length < entry_end)
		record->flags |= FRAMEFREEZE_TRUNCATED;
	record->slice_address = start;
	record->slice_length = length;
	copy_words(record->slice, start, length);
}

/* What calls comes first: fewer words are alive then. */
static __always_inline void write_record(struct framefreeze_record *record,
					 const struct freeze_hit *hit)
{
	u64 frame = (u64)hit->regs;

	record->time_ns = ktime_get_mono_fast_ns();
	record->frame_address = frame;
	write_probe(record, hit);
	write_task(record, hit->task);
	record->event = freeze_event(hit->probe, hit->task, hit->mechanism);
	copy_words(record->frame, frame, sizeof(record->frame));
	write_entry(record, hit->task);
	write_slice(record, frame, hit->task);
}

/* Nothing is to be read of a hit without a record, so its CPU is not held. */
static __always_inline void lose(struct framefreeze_probe *line)
{
	freeze_count(&framefreeze_header.lost);
	freeze_count(&line->lost);
	if (line->mode == FRAMEFREEZE_MODE_HOLD)
		freeze_count(&line->unheld[FRAMEFREEZE_UNHELD_LOST]);
}

static __always_inline bool claim_hold(struct framefreeze_record *record,
				       const struct freeze_hit *hit)
{
	record->unheld = freeze_hold_claim(hit->probe, hit->regs, hit->mechanism, record);
	if (record->unheld) {
		freeze_count(&hit->line->unheld[record->unheld]);
		return false;
	}
	record->flags |= FRAMEFREEZE_HELD;
	freeze_count(&hit->line->held);
	return true;
}

static __always_inline void keep(const struct freeze_hit *hit)
{
	u64 n = freeze_count(&framefreeze_header.next);
	struct framefreeze_record *record = slot_of(n);
	bool held = false;

	if (unlikely(!claim(record, n))) {
		lose(hit->line);
		return;
	}
	record->flags = 0;
	record->unheld = FRAMEFREEZE_UNHELD_NONE;
	if (unlikely(hit->line->mode == FRAMEFREEZE_MODE_HOLD))
		held = claim_hold(record, hit);
	write_record(record, hit);
	/* A reader that sees the even number sees the whole record. */
	smp_store_release(&record->seq, 2 * n + 2);
	freeze_count(&hit->line->recorded);
	if (unlikely(held))
		freeze_hold(hit->probe, hit->regs, n);
}

static __always_inline void take(struct freeze_hit *hit)
{
	struct framefreeze_probe *line = hit->probe->line;
	u64 passed = 0;

	hit->line = line;
	hit->task = current;
	hit->number = freeze_count(&line->hits) + 1;
	if (!passes(hit->probe, line, &passed)) {
		freeze_count(&line->filtered);
		return;
	}
	hit->text_byte = READ_ONCE(*(u8 *)hit->probe->rp.kp.addr);
	if (hit->mechanism != FRAMEFREEZE_MECHANISM_RETURN)
		hit->mechanism = freeze_mechanism(&hit->probe->rp.kp, hit->text_byte);
	keep(hit);
	if (line->mode == FRAMEFREEZE_MODE_CRASH && passed == line->crash_after)
		panic("framefreeze: hit %llu of %s\n", passed, line->name);
}

int freeze_pre_handler(struct kprobe *kp, struct pt_regs *regs)
{
	struct freeze_hit hit = {
		.probe = container_of(kp, struct freeze_probe, rp.kp),
		.regs = regs,
	};

	take(&hit);
	return 0;
}
NOKPROBE_SYMBOL(freeze_pre_handler);

int freeze_return_handler(struct kretprobe_instance *instance, struct pt_regs *regs)
{
	struct kretprobe *rp = freeze_kretprobe(instance);
	struct freeze_hit hit = {
		.regs = regs,
		.return_address = freeze_return_address(instance),
		.mechanism = FRAMEFREEZE_MECHANISM_RETURN,
	};

	/* Unregistered while the function ran. */
	if (!rp)
		return 0;
	hit.probe = container_of(rp, struct freeze_probe, rp);
	take(&hit);
	return 0;
}
NOKPROBE_SYMBOL(freeze_return_handler);

/* That it is there keeps a probe int3 (optimize_kprobe(), kernel/kprobes.c). */
void freeze_post_handler(struct kprobe *kp, struct pt_regs *regs, unsigned long flags)
{
}
NOKPROBE_SYMBOL(freeze_post_handler);
