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

#include "framefreeze.h"

#define BELOW (FRAMEFREEZE_WORDS_BELOW * sizeof(u64))

static_assert(sizeof(struct pt_regs) == FRAMEFREEZE_REGS * sizeof(u64));
static_assert(sizeof(atomic64_t) == sizeof(u64));

/* The ABI has plain words; the counters among them are only touched through these. */
static __always_inline u64 count(__u64 *word)
{
	return atomic64_fetch_inc((atomic64_t *)word);
}

/* By word and unchecked: live stack is full of what KASAN holds to be redzones. */
static __always_inline void copy_words(void *to, u64 from, size_t bytes)
{
	unsigned long *word = to;
	size_t i;

	for (i = 0; i < bytes / sizeof(*word); i++)
		WRITE_ONCE(word[i], READ_ONCE_NOCHECK(((unsigned long *)from)[i]));
}

/*
 * The slot of the n-th hit, marked as being written; NULL when it is lost: a
 * hit that this one interrupted (an NMI does) or that another CPU got lapped in
 * still writes there, or a later hit has already been there.
 */
static __always_inline struct framefreeze_record *claim(u64 n)
{
	struct framefreeze_header *header = &framefreeze_header;
	u64 offset = (n % header->record_count) * header->record_size;
	struct framefreeze_record *record = (void *)header->records + offset;
	u64 old = READ_ONCE(record->seq);

	if (old & 1 || old > 2 * n || cmpxchg(&record->seq, old, 2 * n + 1) != old) {
		count(&header->lost);
		return NULL;
	}
	return record;
}

/*
 * KPROBE_FLAG_FTRACE is set on every probe at an ftrace site (check_ftrace_location(),
 * kernel/kprobes.c), KPROBE_FLAG_OPTIMIZED only on the aggregate that the probe hangs
 * on and too early there: what the text holds now decides.
 */
static __always_inline u8 mechanism(const struct kprobe *kp, u8 text_byte)
{
	if (kp->flags & KPROBE_FLAG_FTRACE)
		return FRAMEFREEZE_MECHANISM_FTRACE;
	if (text_byte == 0xcc)
		return FRAMEFREEZE_MECHANISM_INT3;
	if (text_byte == 0xe9)
		return FRAMEFREEZE_MECHANISM_OPTPROBE;
	return FRAMEFREEZE_MECHANISM_UNKNOWN;
}

static __always_inline void write_probe(struct framefreeze_record *record,
					const struct freeze_probe *probe, u64 hit)
{
	const struct framefreeze_header *header = &framefreeze_header;

	record->hit = hit;
	record->probe_address = (u64)probe->kp.addr;
	record->probe = probe->entry - header->probes;
	record->mode = probe->entry->mode;
	record->text_byte = READ_ONCE(*(u8 *)probe->kp.addr);
	record->mechanism = mechanism(&probe->kp, record->text_byte);
}

static __always_inline void write_task(struct framefreeze_record *record)
{
	record->time_ns = ktime_get_mono_fast_ns();
	record->task = (u64)current;
	record->stack_address = (u64)task_stack_page(current);
	record->pid = current->pid;
	record->tgid = current->tgid;
	record->cpu = raw_smp_processor_id();
	record->preempt_count = preempt_count();
	memcpy(record->comm, current->comm, sizeof(record->comm));
}

/* A kernel thread never came from user mode: the words at its top are no frame. */
static __always_inline void write_entry(struct framefreeze_record *record)
{
	if (current->flags & PF_KTHREAD) {
		record->flags |= FRAMEFREEZE_KTHREAD;
		record->entry_address = 0;
		memset(record->entry, 0, sizeof(record->entry));
		return;
	}
	record->entry_address = (u64)task_pt_regs(current);
	copy_words(record->entry, record->entry_address, sizeof(record->entry));
}

/*
 * On the task's stack everything from the words below the frame to the end of
 * the entry frame is mapped. On any other stack only the pages under the frame
 * itself are known to be: a stack begins and ends on a page boundary.
 */
static __always_inline void write_slice(struct framefreeze_record *record, u64 frame)
{
	u64 frame_end = frame + sizeof(struct pt_regs);
	u64 entry_end = (u64)(task_pt_regs(current) + 1);
	u64 low = frame & PAGE_MASK, high = PAGE_ALIGN(frame_end), start;

	if (frame >= record->stack_address && frame_end <= entry_end) {
		record->flags |= FRAMEFREEZE_ON_TASK_STACK;
		low = record->stack_address;
		high = entry_end;
	}
	start = max(frame - BELOW, low);
	record->slice_address = start;
	record->slice_length = min_t(u64, high - start, framefreeze_header.slice_capacity);
	if (start > entry_end || start + record->slice_length < entry_end)
		record->flags |= FRAMEFREEZE_TRUNCATED;
	copy_words(record->slice, start, record->slice_length);
}

static __always_inline void write_record(const struct freeze_probe *probe, u64 hit, u64 frame)
{
	u64 n = count(&framefreeze_header.next);
	struct framefreeze_record *record = claim(n);

	if (!record)
		return;
	record->flags = 0;
	record->frame_address = frame;
	copy_words(record->frame, frame, sizeof(record->frame));
	write_probe(record, probe, hit);
	write_task(record);
	write_entry(record);
	write_slice(record, frame);
	/* A reader that sees the even number sees the whole record. */
	smp_store_release(&record->seq, 2 * n + 2);
}

int framefreeze_pre_handler(struct kprobe *kp, struct pt_regs *regs)
{
	struct freeze_probe *probe = container_of(kp, struct freeze_probe, kp);
	u64 hit = count(&probe->entry->hits) + 1;

	write_record(probe, hit, (u64)regs);
	if (probe->entry->mode == FRAMEFREEZE_MODE_CRASH && hit == probe->entry->crash_after)
		panic("framefreeze: hit %llu of %s\n", hit, probe->entry->name);
	return 0;
}
NOKPROBE_SYMBOL(framefreeze_pre_handler);
