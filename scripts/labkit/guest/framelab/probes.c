// SPDX-License-Identifier: GPL-2.0
/* kprobes: int3, the end of the single step, the optimised jump, the return. */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/delay.h>
#include <linux/kernel.h>
#include <linux/kprobes.h>
#include <linux/string.h>

#include "compat.h"
#include "framelab.h"

#define JUMP_OPCODE 0xe9
#define OPTIMIZER_TRIES 4000 /* it waits for every task: long, where the host is busy */

static int int3_pre(struct kprobe *kp, struct pt_regs *regs)
{
	if (framelab_awaits("kprobe"))
		framelab_reached("int3", regs);
	return 0;
}

/*
 * The step ended in #DB, which has a stack of its own, up to 5.12, and in int3 since
 * (commit 6256e668b7af) and where that was backported: Debian's 5.10.
 */
static void step_post(struct kprobe *kp, struct pt_regs *regs, unsigned long flags)
{
	bool is_debug = !strcmp(framelab_stack_of(regs, current), "debug");

	if (framelab_awaits("step"))
		framelab_reached(is_debug ? "debug" : "int3-step", regs);
}

/* A post-handler keeps the optimiser away. */
static void no_post(struct kprobe *kp, struct pt_regs *regs, unsigned long flags)
{
}

static int optprobe_pre(struct kprobe *kp, struct pt_regs *regs)
{
	if (framelab_awaits("optprobe"))
		framelab_reached("optprobe", regs);
	return 0;
}

static int return_handler(struct kretprobe_instance *instance, struct pt_regs *regs)
{
	if (framelab_awaits("kretprobe"))
		framelab_reached("kretprobe", regs);
	return 0;
}

static struct kprobe int3_probe = {
	.symbol_name = "framelab_int3_target",
	.pre_handler = int3_pre,
	.post_handler = no_post,
};

static struct kprobe step_probe = {
	.symbol_name = "framelab_step_target",
	.post_handler = step_post,
};

static struct kprobe optprobe = {
	.symbol_name = "framelab_optprobe_target",
	.pre_handler = optprobe_pre,
};

static struct kretprobe return_probe = {
	.kp.symbol_name = "framelab_return_target",
	.handler = return_handler,
	.maxactive = 64,
};

/* By a direct call: nothing else may point at a function without ENDBR. */
static void take_kprobe(void)
{
	framelab_int3_target();
}

static void take_step(void)
{
	framelab_step_target();
}

static void take_optprobe(void)
{
	framelab_optprobe_target();
}

static void take_kretprobe(void)
{
	framelab_return_target();
}

const struct framelab_step framelab_probe_steps[] = {
	{ "kprobe", take_kprobe },
	{ "step", take_step },
	{ "optprobe", take_optprobe },
	{ "kretprobe", take_kretprobe },
	{}
};

static int wait_for_the_jump(void)
{
	int tries;

	for (tries = 0; tries < OPTIMIZER_TRIES; tries++) {
		if (READ_ONCE(*(u8 *)optprobe.addr) == JUMP_OPCODE)
			return 0;
		msleep(20);
	}
	pr_err("the probe was not optimised\n");
	return -ETIMEDOUT;
}

int framelab_probes_init(void)
{
	return register_kprobe(&int3_probe) ?: register_kprobe(&step_probe) ?:
	       register_kprobe(&optprobe) ?: register_kretprobe(&return_probe) ?:
	       wait_for_the_jump();
}
