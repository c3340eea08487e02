// SPDX-License-Identifier: GPL-2.0
/* What a kernel complains of and survives. */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/bug.h>
#include <linux/delay.h>
#include <linux/irqflags.h>
#include <linux/kernel.h>
#include <linux/kprobes.h>
#include <linux/preempt.h>
#include <linux/sched/task_stack.h>

#include "mishap.h"

#define SPIN_MS 6000

static void (*show)(struct pt_regs *regs);

static void mishap_warn(void)
{
	WARN(1, "mishap: a warning\n");
}

static void mishap_spin(void)
{
	preempt_disable();
	mdelay(SPIN_MS);
	preempt_enable();
}

static void mishap_spin_deaf(void)
{
	local_irq_disable();
	mdelay(SPIN_MS);
	local_irq_enable();
}

static void mishap_show_entry(void)
{
	show(task_pt_regs(current));
}

/* The lines that people write into a handler first. */
static int mishap_print(struct kprobe *kp, struct pt_regs *regs)
{
	pr_info("orig_ax regs:%ld  ax:%lu\n", regs->orig_ax, regs->ax);
	pr_info("ip = %lx, flags = 0x%lx, cs = %lx\n", regs->ip, regs->flags,
		(unsigned long)(u16)regs->cs);
	return 0;
}
NOKPROBE_SYMBOL(mishap_print);

static int mishap_show(struct kprobe *kp, struct pt_regs *regs)
{
	show(regs);
	return 0;
}
NOKPROBE_SYMBOL(mishap_show);

static noinline void mishap_probed(void)
{
	asm volatile("nop; nop; nop; nop; nop");
}

/* The first instruction after the call for ftrace: 9 where ENDBR comes first. */
static int mishap_register(struct kprobe *probe, bool at_entry)
{
	int error;

	probe->addr = (kprobe_opcode_t *)mishap_probed + (at_entry ? 0 : 5);
	error = register_kprobe(probe);
	if (error && !at_entry) {
		probe->addr = (kprobe_opcode_t *)mishap_probed + 9;
		error = register_kprobe(probe);
	}
	return error;
}

void mishap_probe(kprobe_pre_handler_t handler, bool at_entry)
{
	struct kprobe probe = { .pre_handler = handler };

	if (mishap_register(&probe, at_entry)) {
		pr_err("no probe\n");
		return;
	}
	mishap_probed();
	unregister_kprobe(&probe);
}

static void mishap_print_ftrace(void)
{
	mishap_probe(mishap_print, true);
}

static void mishap_print_int3(void)
{
	mishap_probe(mishap_print, false);
}

static void mishap_show_ftrace(void)
{
	mishap_probe(mishap_show, true);
}

static void mishap_show_int3(void)
{
	mishap_probe(mishap_show, false);
}

const struct mishap mishap_complaints[] = {
	{ "warn", mishap_warn },
	{ "spin", mishap_spin },
	{ "spin-deaf", mishap_spin_deaf },
	{ "show-entry", mishap_show_entry },
	{ "print-ftrace", mishap_print_ftrace },
	{ "print-int3", mishap_print_int3 },
	{ "show-ftrace", mishap_show_ftrace },
	{ "show-int3", mishap_show_int3 },
	{}
};

int mishap_complaints_init(void)
{
	struct kprobe finder = { .symbol_name = "show_regs" };
	int error;

	/* show_regs() is not exported; a kprobe knows where it is. */
	error = register_kprobe(&finder);
	if (error)
		return error;
	show = (void (*)(struct pt_regs *))finder.addr;
	unregister_kprobe(&finder);
	return 0;
}
