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
#define HALF_COMM (TASK_COMM_LEN / 2)

static_assert(sizeof(((struct framefreeze_record *)0)->comm) == TASK_COMM_LEN);
static_assert(sizeof(struct pt_regs) == FRAMEFREEZE_REGS * sizeof(u64));
static_assert(sizeof(atomic64_t) == sizeof(u64));

/* A hit, before it has a record; inlined, its words are registers. */
struct freeze_hit {
	struct freeze_probe *probe;
	struct framefreeze_probe *line;
	const struct pt_regs *regs;
	u64 number; /* of the probe's hits, from 1 */
	u64 return_address; /* 0: not of a return probe */
};

/* In a branch that is seldom taken: gcc 10 would make more instructions of it that always run. */
static __always_inline void stay_a_branch(void)
{
	asm volatile("");
}

/*
 * Returns what is behind the copy. By instruction and unchecked: live stack is full of what
 * KASAN holds to be redzones.
 */
static __always_inline void *copy_words(void *to, u64 from, size_t bytes)
{
	u64 words = bytes / sizeof(u64);

	asm volatile("rep movsq" : "+D"(to), "+S"(from), "+c"(words) : : "memory");
	return to;
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

	/* Rotated, an odd one is beyond every n. */
	return record != READ_ONCE(freeze_pinned) && ror64(old, 1) <= n &&
	       try_cmpxchg(&record->seq, &old, 2 * n + 1);
}

/* Only who claimed it changes an odd number. */
static __always_inline void publish(struct framefreeze_record *record,
				    struct framefreeze_probe *line)
{
	/*
	 * A reader that sees the even number sees the whole record: x86 keeps stores in order. What
	 * smp_store_release() does, by one instruction.
	 */
	barrier();
	record->seq++;
	atomic64_inc((atomic64_t *)&line->recorded);
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
	/* First the one whose own way is the shortest. */
	if (likely(text_byte == 0xe9))
		return FRAMEFREEZE_MECHANISM_OPTPROBE;
	if (text_byte == 0xcc)
		return FRAMEFREEZE_MECHANISM_INT3;
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

/* Whether the hit is to be recorded. */
static __always_inline bool passes(struct freeze_probe *probe,
				   const struct framefreeze_probe *line)
{
	/* With freeze_set(): the filters before their values. */
	u32 filters = smp_load_acquire(&line->filters);

	if (!filters)
		return true;
	if (!matches(line, filters))
		return false;
	if (filters & FRAMEFREEZE_FILTER_EVERY && freeze_count(&probe->seen) % line->every)
		return false;
	return !(filters & FRAMEFREEZE_FILTER_LIMIT) ||
	       freeze_count(&probe->limited) < line->limit;
}

static __always_inline void write_probe(struct framefreeze_record *record,
					const struct freeze_hit *hit)
{
	const struct kprobe *kp = &hit->probe->rp.kp;
	u8 text_byte, mechanism;

	if (unlikely(hit->return_address)) {
		text_byte = freeze_text_byte(kp);
		mechanism = FRAMEFREEZE_MECHANISM_RETURN;
	} else { /* what is being executed is there */
		text_byte = READ_ONCE(*(u8 *)kp->addr);
		mechanism = freeze_mechanism(kp, text_byte);
	}

	record->probe_address = (u64)kp->addr;
	record->return_address = hit->return_address;
	record->probe = hit->probe->index;
	record->mechanism = mechanism;
	record->text_byte = text_byte;
}

static __always_inline void write_task(struct framefreeze_record *record,
				       const struct task_struct *task)
{
	s32 pid = task->pid, tgid = task->tgid;

	record->task = (u64)task;
	record->pid = pid;
	record->tgid = tgid;
	record->cpu = raw_smp_processor_id();
	/* By halves: 16 bytes at once would have gcc align the stack, of every hit. */
	memcpy(record->comm, task->comm, HALF_COMM);
	memcpy(record->comm + HALF_COMM, task->comm + HALF_COMM, HALF_COMM);
}

/* A kernel thread never came from user mode: the words at its top are no frame. */
static __always_inline void *write_entry(struct framefreeze_record *record, void *to,
					 struct task_struct *task, u64 entry, u32 *flags)
{
	if (unlikely(task->flags & PF_KTHREAD)) {
		*flags |= FRAMEFREEZE_KTHREAD;
		record->entry_address = 0;
		memset(record->entry, 0, sizeof(record->entry));
		return record->slice;
	}
	if (unlikely(freeze_is_compat(task))) {
		*flags |= FRAMEFREEZE_COMPAT;
		stay_a_branch();
	}
	record->entry_address = entry;
	return copy_words(to, entry, sizeof(record->entry));
}

/*
 * On the task's stack everything from the words below the frame to the end of
 * the entry frame is mapped. On any other stack only the pages under the frame
 * itself are known to be: a stack begins and ends on a page boundary.
 */
static __always_inline void write_slice(struct framefreeze_record *record, void *to, u64 frame,
					u64 stack, u64 entry_end, u32 *flags)
{
	u64 room = entry_end - stack, start = frame - BELOW, end = entry_end;
	u64 length, capacity = framefreeze_header.slice_capacity;

	if (likely(start - stack <= room - BELOW - sizeof(struct pt_regs))) {
		/* as the flags say */
	} else if (frame - stack < BELOW) {
		start = stack;
	} else {
		*flags ^= FRAMEFREEZE_ON_TASK_STACK | FRAMEFREEZE_TRUNCATED;
		start = max(start, frame & PAGE_MASK);
		end = PAGE_ALIGN(frame + sizeof(struct pt_regs));
	}
	length = end - start;
	if (length > capacity) {
		*flags |= FRAMEFREEZE_TRUNCATED;
		length = capacity;
		OPTIMIZER_HIDE_VAR(length);
	}
	record->slice_address = start;
	record->slice_length = length;
	copy_words(to, start, length);
}

/* What calls comes first, and what can be read back is: each word kept over it costs a register. */
static __always_inline void write_record(struct framefreeze_record *record,
					 const struct freeze_hit *hit, u8 mode, u32 flags)
{
	struct task_struct *task;
	u64 frame, stack, entry;
	void *to;

	flags |= FRAMEFREEZE_ON_TASK_STACK; /* until it turns out not to be */
	record->hit = hit->number;
	record->mode = mode;
	record->frame_address = (u64)hit->regs;
	record->time_ns = ktime_get_mono_fast_ns();
	task = current;
	frame = record->frame_address;
	record->preempt_count = preempt_count();
	write_probe(record, hit);
	write_task(record, task);
	stack = (u64)task_stack_page(task);
	entry = (u64)task_pt_regs(task);
	record->stack_address = stack;
	to = copy_words(record->frame, frame, sizeof(record->frame));
	to = write_entry(record, to, task, entry, &flags);
	write_slice(record, to, frame, stack, entry + sizeof(struct pt_regs), &flags);
	record->flags = flags;
	write_event(record, hit->probe, task);
}

static __always_inline void lose(struct framefreeze_probe *line)
{
	freeze_count(&framefreeze_header.lost);
	freeze_count(&line->lost);
}

/* Whether this CPU is now the holder. */
static __always_inline bool claim_hold(struct framefreeze_record *record,
				       const struct freeze_hit *hit)
{
	const struct kprobe *kp = &hit->probe->rp.kp;
	u8 mechanism = hit->return_address ? FRAMEFREEZE_MECHANISM_RETURN :
					     freeze_mechanism(kp, READ_ONCE(*(u8 *)kp->addr));
	struct framefreeze_probe *line = hit->line;

	record->unheld = freeze_hold_claim(hit->probe, hit->regs, mechanism, record);
	freeze_count(record->unheld ? &line->unheld[record->unheld] : &line->held);
	return !record->unheld;
}

static __always_inline void keep(const struct freeze_hit *hit, u8 mode)
{
	u64 n = freeze_count(&framefreeze_header.next);
	struct framefreeze_record *record = slot_of(n);

	if (unlikely(!claim(record, n))) {
		lose(hit->line);
		return;
	}
	record->unheld = FRAMEFREEZE_UNHELD_NONE;
	write_record(record, hit, mode, 0);
	publish(record, hit->probe->line);
}

/* Nothing is to be read of a hit without a record, so its CPU is not held. */
static __always_inline void keep_held(const struct freeze_hit *hit)
{
	u64 n = freeze_count(&framefreeze_header.next);
	struct framefreeze_record *record = slot_of(n);
	bool held;

	if (unlikely(!claim(record, n))) {
		lose(hit->line);
		freeze_count(&hit->line->unheld[FRAMEFREEZE_UNHELD_LOST]);
		return;
	}
	held = claim_hold(record, hit);
	write_record(record, hit, FRAMEFREEZE_MODE_HOLD, held ? FRAMEFREEZE_HELD : 0);
	publish(record, hit->probe->line);
	if (held)
		freeze_hold(hit->probe, hit->regs, n);
}

/*
 * Of a probe that holds or crashes; whether to panic now. Apart: it would cost the others'
 * hits registers.
 */
static noinline bool take_special(struct freeze_probe *probe, const struct pt_regs *regs,
				  u64 number, u64 return_address)
{
	struct freeze_hit hit = {
		.probe = probe,
		.line = probe->line,
		.regs = regs,
		.number = number,
		.return_address = return_address,
	};
	u64 passed;

	if (hit.line->mode == FRAMEFREEZE_MODE_HOLD) {
		keep_held(&hit);
		return false;
	}
	passed = freeze_count(&probe->passed) + 1;
	keep(&hit, FRAMEFREEZE_MODE_CRASH);
	return passed == hit.line->crash_after;
}
NOKPROBE_SYMBOL(take_special);

static __always_inline void take(struct freeze_hit *hit)
{
	struct freeze_probe *probe = hit->probe;
	struct framefreeze_probe *line = probe->line;

	hit->line = line;
	hit->number = freeze_count(&line->hits) + 1;
	if (!passes(probe, line))
		freeze_count(&line->filtered);
	else if (likely(line->mode == FRAMEFREEZE_MODE_RECORD))
		keep(hit, FRAMEFREEZE_MODE_RECORD);
	else if (take_special(probe, hit->regs, hit->number, hit->return_address))
		panic("framefreeze: hit %llu of %s\n", probe->line->crash_after,
		      probe->line->name);
}

/* Of a probe that takes no hits yet. */
void freeze_first_event(struct freeze_probe *probe)
{
	u32 bit = BIT(probe->index);
	bool opens = probe->line->flags & FRAMEFREEZE_OPENS;

	probe->begins = opens ? bit | EVENT_ALWAYS : bit;
	probe->begun = EVENT_ALWAYS | (opens ? EVENT_OPENED : bit);
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
