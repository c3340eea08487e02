// SPDX-License-Identifier: GPL-2.0
/* Exceptions of the CPU, caught where the kernel announces them. */
#include <linux/kdebug.h>
#include <linux/kernel.h>
#include <linux/kprobes.h>
#include <linux/string.h>
#include <linux/tracepoint.h>
#include <linux/uaccess.h>
#include <asm/traps.h>

#include "compat.h"
#include "framelab.h"

static void take_int3(void)
{
	asm volatile("int3" : : : "memory");
}

/* The trap flag: #DB after the next instruction. */
static void take_debug(void)
{
	asm volatile("pushfq\n\torl $0x100, (%%rsp)\n\tpopfq\n\tnop\n\tnop" : : : "memory", "cc");
}

static void take_undefined(void)
{
	asm volatile(".byte 0x0f, 0x20, 0xc8" : : : "rax"); /* mov %cr1, %rax; ud2 is BUG() */
}

static void take_divide(void)
{
	asm volatile("xorl %%edx, %%edx\n\txorl %%ecx, %%ecx\n\tdivl %%ecx" : : :
		     "eax", "ecx", "edx", "cc");
}

static void take_general_protection(void)
{
	asm volatile("movq (%0), %%rax" : : "r"(1UL << 63) : "rax", "memory");
}

static void take_page_fault(void)
{
	asm volatile("movq (%0), %%rax" : : "r"(8UL) : "rax", "memory");
}

/* The low end of the stack in use: below it is a guard page, for every kind of stack. */
static unsigned long stack_low(unsigned long sp)
{
	unsigned long page = sp & PAGE_MASK;
	u8 byte;

	while (!copy_from_kernel_nofault(&byte, (void *)(page - 1), 1))
		page -= PAGE_SIZE;
	return page;
}

/*
 * The stack runs over, into its guard page: no stack to push a frame to, so #PF
 * becomes #DF, which has a stack of its own. What lies between is zeroed, all
 * but the canary, for then nothing old does. By xchg, because objtool watches
 * what else loads rsp.
 */
static void take_double_fault(void)
{
	unsigned long sp = current_stack_pointer, low = stack_low(sp);

	memset((void *)low + sizeof(long), 0, sp - 64 - low - sizeof(long));
	asm volatile("xchgq %0, %%rsp\n\tmovq (%%rsp), %%rax"
		     : : "r"(low - 64) : "rax", "memory");
}

static const struct {
	const char *step;
	const char *origin;
	enum die_val announced;
	int vector; /* what DIE_TRAP goes by */
} traps[] = {
	{ "int3", "int3", DIE_INT3 },
	{ "debug", "debug", DIE_DEBUG },
	{ "general-protection", "general-protection", DIE_GPF },
	{ "divide", "exception", DIE_TRAP, X86_TRAP_DE },
	{ "undefined", "exception", DIE_TRAP, X86_TRAP_UD },
	{ "double-fault", "double-fault", DIE_TRAP, X86_TRAP_DF },
};

static int on_die(struct notifier_block *block, unsigned long announced, void *data)
{
	struct die_args *args = data;
	int i;

	for (i = 0; i < ARRAY_SIZE(traps); i++) {
		if (traps[i].announced != announced || !framelab_awaits(traps[i].step))
			continue;
		if (announced != DIE_TRAP || args->trapnr == traps[i].vector)
			framelab_reached(traps[i].origin, args->regs);
	}
	if (announced == DIE_INT3 && framelab_leaves_dead_frame(args->regs))
		return NOTIFY_STOP;
	return NOTIFY_DONE;
}
NOKPROBE_SYMBOL(on_die);

static struct notifier_block die_block = { .notifier_call = on_die, .priority = INT_MAX };

/* A fixture whose fault userfaultfd holds open: written down, and left alone. */
static void on_user_fault(void *unused, unsigned long address, struct pt_regs *regs,
			  unsigned long error_code)
{
	if ((address & PAGE_MASK) == FRAMELAB_FAULT_PAGE)
		framelab_frame("page-fault", regs, current);
}

static void on_kernel_fault(void *unused, unsigned long address, struct pt_regs *regs,
			    unsigned long error_code)
{
	if (framelab_awaits("page-fault"))
		framelab_reached("page-fault", regs);
	on_user_fault(unused, address, regs, error_code);
}

static void attach(struct tracepoint *tracepoint, void *failed)
{
	int ret = 0;

	if (!strcmp(tracepoint->name, "page_fault_user"))
		ret = tracepoint_probe_register(tracepoint, on_user_fault, NULL);
	else if (!strcmp(tracepoint->name, "page_fault_kernel"))
		ret = tracepoint_probe_register(tracepoint, on_kernel_fault, NULL);
	if (ret)
		*(int *)failed = ret;
}

const struct framelab_step framelab_trap_steps[] = {
	{ "int3", take_int3 },
	{ "debug", take_debug },
	{ "general-protection", take_general_protection },
	{ "divide", take_divide },
	{ "undefined", take_undefined },
	{ "page-fault", take_page_fault },
	{ "double-fault", take_double_fault },
	{}
};

int framelab_traps_init(void)
{
	int failed = 0;

	for_each_kernel_tracepoint(attach, &failed);
	return failed ?: register_die_notifier(&die_block);
}
