// SPDX-License-Identifier: GPL-2.0
/*
 * What the kernel itself says of its death, over the second serial port before
 * anything is saved. CPUs and pids are decimal, other
 * numbers hexadecimal.
 *
 *	die ADDRESS CPU PID ERROR CR2 COMM	the frame that a die notifier is given
 *	nmi ADDRESS CPU PID			the frame of an NMI that nobody knows
 *	irq ADDRESS CPU PID			get_irq_regs()
 *	words ADDRESS WORD...			21 of each of these
 *	panic CPU PID CALLER COMM		panic() is entered
 *	message TEXT				its format
 *	task PID ADDRESS			task_pt_regs() of a user task
 *	mce ADDRESS CPU				where a machine check pushes its frame
 *	spinning CPU PID COMM
 *	end
 *
 * A die notifier and a probe on panic() hear of every death, but for one: a
 * machine check is only announced by its panic().
 */
#include <linux/kdebug.h>
#include <linux/kernel.h>
#include <linux/kprobes.h>
#include <linux/notifier.h>
#include <linux/sched/signal.h>
#include <linux/sched/task_stack.h>
#include <linux/string.h>
#include <asm/irq_regs.h>
#include <asm/nmi.h>
#include <asm/special_insns.h>
#if __has_include("linux/panic_notifier.h") /* 5.14; in kernel.h before */
#include <linux/panic_notifier.h>
#endif

#include "lab.h"
#include "mishap.h"

#define PVPANIC_PORT 0x505 /* QEMU's: docs/specs/pvpanic.txt */
#define PVPANIC_PANICKED 1

static void (*in_notifier)(void);

/* No buffer: the stack at hand may be all but used up. */
static void tell_number(unsigned long value, unsigned int base)
{
	unsigned long place = 1;
	char digit[] = " ";

	lab_tell(digit);
	while (value / place >= base)
		place *= base;
	for (; place; place /= base) {
		digit[0] = "0123456789abcdef"[value / place % base];
		lab_tell(digit);
	}
}
NOKPROBE_SYMBOL(tell_number);

static void tell_who(void)
{
	tell_number(raw_smp_processor_id(), 10);
	tell_number(current->pid, 10);
}
NOKPROBE_SYMBOL(tell_who);

static void tell_comm(void)
{
	lab_tell(" ");
	lab_tell(current->comm);
	lab_tell("\n");
}
NOKPROBE_SYMBOL(tell_comm);

static void tell_words(const struct pt_regs *regs)
{
	const unsigned long *word = (const unsigned long *)regs;

	lab_tell("words");
	tell_number((unsigned long)regs, 16);
	for (; word < (const unsigned long *)(regs + 1); word++)
		tell_number(*word, 16);
	lab_tell("\n");
}
NOKPROBE_SYMBOL(tell_words);

static void tell_frame(const char *what, const struct pt_regs *regs)
{
	lab_tell(what);
	tell_number((unsigned long)regs, 16);
	tell_who();
	lab_tell("\n");
	tell_words(regs);
}
NOKPROBE_SYMBOL(tell_frame);

static void tell_surroundings(void)
{
	struct task_struct *process, *task;
	const struct pt_regs *regs = get_irq_regs();

	if (regs)
		tell_frame("irq", regs);
	rcu_read_lock();
	for_each_process_thread(process, task) {
		if (task->flags & PF_KTHREAD)
			continue;
		lab_tell("task");
		tell_number(task->pid, 10);
		tell_number((unsigned long)task_pt_regs(task), 16);
		lab_tell("\n");
	}
	rcu_read_unlock();
	lab_tell("end\n");
}
NOKPROBE_SYMBOL(tell_surroundings);

static int on_die(struct notifier_block *block, unsigned long announced, void *data)
{
	void (*happen)(void) = in_notifier;
	struct die_args *args = data;

	if (announced != DIE_OOPS)
		return NOTIFY_DONE;
	lab_tell("die");
	tell_number((unsigned long)args->regs, 16);
	tell_who();
	tell_number(args->err, 16);
	tell_number(read_cr2(), 16);
	tell_comm();
	tell_words(args->regs);
	tell_surroundings();
	in_notifier = NULL;
	if (happen)
		happen();
	return NOTIFY_DONE;
}
NOKPROBE_SYMBOL(on_die);

static struct notifier_block die_block = { .notifier_call = on_die, .priority = INT_MAX };

/* With a crash kernel panic() comes to no notifier; its entry is ftrace's, where nothing traps. */
static int on_panic(struct kprobe *kp, struct pt_regs *regs)
{
	lab_tell("panic");
	tell_who();
	tell_number(*(unsigned long *)regs->sp, 16);
	tell_comm();
	lab_tell("message ");
	lab_tell((const char *)regs->di);
	lab_tell("\n");
	tell_surroundings();
	return 0;
}
NOKPROBE_SYMBOL(on_panic);

static struct kprobe panic_probe = { .symbol_name = "panic", .pre_handler = on_panic };

/* The last of all: the others have printed what they have to. QEMU may pause the guest. */
static int on_panic_notifier(struct notifier_block *block, unsigned long event, void *message)
{
	outb(PVPANIC_PANICKED, PVPANIC_PORT);
	return NOTIFY_DONE;
}

static struct notifier_block panic_block = {
	.notifier_call = on_panic_notifier,
	.priority = INT_MIN,
};

static int on_unknown_nmi(unsigned int type, struct pt_regs *regs)
{
	tell_frame("nmi", regs);
	return NMI_DONE;
}
NOKPROBE_SYMBOL(on_unknown_nmi);

void mishap_tell_spinning(void)
{
	lab_tell("spinning");
	tell_who();
	tell_comm();
}

void mishap_in_notifier(void (*happen)(void))
{
	in_notifier = happen;
}

static void tell_machine_check_slots(void)
{
#ifdef CONFIG_X86_MCE
	int cpu;

	for_each_online_cpu(cpu) {
		unsigned long top = per_cpu(cpu_tss_rw, cpu).x86_tss.ist[IST_INDEX_MCE];

		lab_tell("mce");
		tell_number(top - sizeof(struct pt_regs), 16);
		tell_number(cpu, 10);
		lab_tell("\n");
	}
#endif
}

int mishap_witness_init(void)
{
	tell_machine_check_slots();
	atomic_notifier_chain_register(&panic_notifier_list, &panic_block);
	return register_nmi_handler(NMI_UNKNOWN, on_unknown_nmi, 0, "mishap") ?:
	       register_die_notifier(&die_block) ?: register_kprobe(&panic_probe);
}

void mishap_witness_exit(void)
{
	unregister_kprobe(&panic_probe);
	unregister_die_notifier(&die_block);
	unregister_nmi_handler(NMI_UNKNOWN, "mishap");
	atomic_notifier_chain_unregister(&panic_notifier_list, &panic_block);
}
