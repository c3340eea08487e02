// SPDX-License-Identifier: GPL-2.0
/* What is known: frames and what is none, told over the second serial port. */
#include <linux/atomic.h>
#include <linux/kernel.h>
#include <linux/sched/task_stack.h>
#include <linux/uaccess.h>
#include <asm/processor.h>

#include "compat.h"
#include "framelab.h"

#define MAX_ENTRIES 4096

struct entry {
	char name[32]; /* an origin, or why it is none */
	bool frame;
	const char *stack;
	struct pt_regs *address;
	int pid;
	int cpu;
	struct pt_regs copy; /* at the time: a negative of its own */
};

static struct entry entries[MAX_ENTRIES];
static atomic_t used;

/* x86_hw_tss.ist[], 5.10 and later; each of two pages (EXCEPTION_STACK_ORDER). */
static const char *const ist_names[] = { "double-fault", "nmi", "debug", "machine-check" };

const char *framelab_stack_of(const void *address, struct task_struct *task)
{
	unsigned long at = (unsigned long)address;
	unsigned long low = (unsigned long)task_stack_page(task);
	int i;

	if (at >= low && at < low + THREAD_SIZE)
		return "task";
	for (i = 0; i < ARRAY_SIZE(ist_names); i++) {
		unsigned long top = this_cpu_read(cpu_tss_rw.x86_tss.ist[i]);

		if (at < top && at >= top - 2 * PAGE_SIZE)
			return ist_names[i];
	}
	return "irq";
}

static struct entry *new_entry(const char *name, const void *address)
{
	int index = atomic_inc_return(&used) - 1;
	struct entry *entry = &entries[min(index, MAX_ENTRIES - 1)];

	strscpy(entry->name, name, sizeof(entry->name));
	entry->address = (struct pt_regs *)address;
	entry->cpu = raw_smp_processor_id();
	memcpy(&entry->copy, address, sizeof(entry->copy));
	return entry;
}

void framelab_frame(const char *origin, struct pt_regs *regs, struct task_struct *task)
{
	struct entry *entry = new_entry(origin, regs);

	entry->pid = task->pid;
	entry->stack = framelab_stack_of(regs, task);
	entry->frame = true;
}

void framelab_negative(const char *kind, const void *address)
{
	new_entry(kind, address);
}

void framelab_told(const char *line)
{
	lab_tell(line);
	lab_tell("\n");
}

static bool replaced_by_a_frame(const struct entry *negative)
{
	const struct entry *entry;

	for (entry = entries; entry < entries + atomic_read(&used); entry++)
		if (entry->frame && entry->address == negative->address)
			return true;
	return false;
}

/* Whether what made it look like a frame is still there: a user's may have moved on. */
static bool still_there(const struct entry *negative)
{
	struct pt_regs now;

	if (copy_from_kernel_nofault(&now, negative->address, sizeof(now)))
		return false;
	return now.cs == negative->copy.cs && now.ss == negative->copy.ss &&
	       (user_mode(&now) || now.ip == negative->copy.ip);
}

static void tell_frame(const struct entry *entry)
{
	const struct pt_regs *regs = entry->address;
	char line[192];

	snprintf(line, sizeof(line), "frame %lx %s %s %d %d %lx %lx %lx %lx", (unsigned long)regs,
		 entry->name, entry->stack, entry->pid, entry->cpu, regs->orig_ax, regs->ip,
		 regs->sp, regs->cx);
	framelab_told(line);
}

static void tell_negative(const char *kind, const void *address)
{
	char line[96];

	snprintf(line, sizeof(line), "none %lx %s", (unsigned long)address, kind);
	framelab_told(line);
}

static void tell(const struct entry *entry)
{
	if (entry->frame) {
		tell_frame(entry);
		tell_negative("module-memory", &entry->copy);
	} else if (!replaced_by_a_frame(entry) && still_there(entry)) {
		tell_negative(entry->name, entry->address);
	}
}

/* What is held can still be told of broken hardware, from outside: where the frame will lie. */
static void tell_machine_check_slots(void)
{
#ifdef CONFIG_X86_MCE
	char line[96];
	int cpu;

	for_each_online_cpu(cpu) {
		unsigned long top = per_cpu(cpu_tss_rw, cpu).x86_tss.ist[IST_INDEX_MCE];

		snprintf(line, sizeof(line), "mce %lx %d %d", top - sizeof(struct pt_regs), cpu,
			 framelab_held_on(cpu));
		framelab_told(line);
	}
#endif
}

void framelab_tell_all(void)
{
	int i;

	framelab_know_entry_stacks();
	tell_machine_check_slots();
	if (atomic_read(&used) > MAX_ENTRIES)
		framelab_told("failed: more entries than room");
	for (i = 0; i < min(atomic_read(&used), MAX_ENTRIES); i++)
		tell(&entries[i]);
	framelab_told("end");
}
