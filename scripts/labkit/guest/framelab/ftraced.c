// SPDX-License-Identifier: GPL-2.0
/* ftrace: with all registers, with the arguments only, by its own trampoline or the shared one. */
#include <linux/ftrace.h>
#include <linux/kernel.h>
#include <linux/kprobes.h>

#include "compat.h"
#include "framelab.h"

#define TRACED(name)					\
	static noinline void name(void)			\
	{						\
		asm volatile("" : : : "memory");	\
	}

TRACED(framelab_own_trampoline)
TRACED(framelab_shared_trampoline)
TRACED(framelab_arguments_only)
TRACED(framelab_kprobe_at_entry)

/* The word below it is the return into the trampoline: it is the frame that was built. */
static void notrace full_handler(unsigned long ip, unsigned long parent_ip,
				 struct ftrace_ops *ops, struct ftrace_regs *fregs)
{
	if (framelab_awaits("ftrace") || framelab_awaits("ftrace-shared") ||
	    framelab_awaits("ftrace-args"))
		framelab_reached("ftrace", framelab_any_regs(fregs));
}

static struct ftrace_ops own = { .func = full_handler, .flags = FTRACE_OPS_FL_SAVE_REGS };
static struct ftrace_ops first = { .func = full_handler, .flags = FTRACE_OPS_FL_SAVE_REGS };
static struct ftrace_ops second = { .func = full_handler, .flags = FTRACE_OPS_FL_SAVE_REGS };

#ifdef CONFIG_DYNAMIC_FTRACE_WITH_ARGS
#define ARGUMENTS_FLAGS 0
static void notrace arguments_handler(unsigned long ip, unsigned long parent_ip,
				      struct ftrace_ops *ops, struct ftrace_regs *fregs)
{
	if (framelab_awaits("ftrace-args"))
		framelab_reached("ftrace-args", framelab_any_regs(fregs));
}

#else
/* Up to 5.10 a handler without all registers is given none. */
#define arguments_handler full_handler
#define ARGUMENTS_FLAGS FTRACE_OPS_FL_SAVE_REGS
#endif

static struct ftrace_ops arguments = { .func = arguments_handler, .flags = ARGUMENTS_FLAGS };

static int entry_pre(struct kprobe *kp, struct pt_regs *regs)
{
	if (framelab_awaits("kprobe-ftrace"))
		framelab_reached("ftrace", regs);
	return 0;
}

static struct kprobe entry_probe = { .pre_handler = entry_pre };

const struct framelab_step framelab_ftrace_steps[] = {
	{ "ftrace", framelab_own_trampoline },
	{ "ftrace-shared", framelab_shared_trampoline },
	{ "kprobe-ftrace", framelab_kprobe_at_entry },
	{ "ftrace-args", framelab_arguments_only },
	{}
};

static int trace(struct ftrace_ops *ops, void (*function)(void))
{
	return ftrace_set_filter_ip(ops, (unsigned long)function, 0, 0) ?:
	       register_ftrace_function(ops);
}

int framelab_ftrace_init(void)
{
	int ret = trace(&own, framelab_own_trampoline) ?:
		  trace(&first, framelab_shared_trampoline) ?:
		  trace(&second, framelab_shared_trampoline) ?:
		  trace(&arguments, framelab_arguments_only);

	entry_probe.addr = (kprobe_opcode_t *)framelab_kprobe_at_entry;
	return ret ?: register_kprobe(&entry_probe);
}
