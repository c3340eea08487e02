// SPDX-License-Identifier: GPL-2.0
/* A climb: step upon step, each inside the handler of the one before, until the CPU is held. */
#include <linux/atomic.h>
#include <linux/cpumask.h>
#include <linux/delay.h>
#include <linux/kernel.h>
#include <linux/preempt.h>
#include <linux/sched/task_stack.h>
#include <linux/string.h>

#include "compat.h"
#include "framelab.h"

#define MAX_CPUS 64
#define STRIKES 100

struct climber {
	char text[192];
	char *rest;
	const char *awaited;
	bool over_user; /* the first step is to befall user code */
	int held; /* the pid */
};

static struct climber climbers[MAX_CPUS];
atomic_t framelab_held;
static bool let_go; /* never: objtool wants to be told of what does not return */

static const struct framelab_step *const all_steps[] = {
	framelab_probe_steps,
	framelab_ftrace_steps,
	framelab_trap_steps,
	framelab_interrupt_steps,
};

static const struct framelab_step *step_named(const char *name)
{
	const struct framelab_step *step;
	int i;

	for (i = 0; i < ARRAY_SIZE(all_steps); i++)
		for (step = all_steps[i]; step->name; step++)
			if (!strcmp(step->name, name))
				return step;
	return NULL;
}

bool framelab_awaits(const char *step)
{
	const char *awaited = READ_ONCE(climbers[raw_smp_processor_id()].awaited);

	return awaited && !strcmp(awaited, step);
}

static void hold(void)
{
	local_irq_disable();
	climbers[raw_smp_processor_id()].held = current->pid;
	if (atomic_inc_return(&framelab_held) == num_online_cpus())
		framelab_tell_all();
	while (!READ_ONCE(let_go))
		framelab_halt();
}

void framelab_failed(const char *what)
{
	framelab_told(what);
	hold();
}

static void climb(void)
{
	struct climber *climber = &climbers[raw_smp_processor_id()];
	const struct framelab_step *step;
	char *name = strsep(&climber->rest, " ");

	if (!name || !strcmp(name, "hold"))
		hold();
	step = step_named(name);
	if (!step)
		framelab_failed(name);
	climber->awaited = step->name;
	step->take();
	framelab_failed(name);
}

void framelab_reached(const char *origin, struct pt_regs *regs)
{
	/* A perfect copy, on live stack; every other one with the word below it too. */
	struct {
		unsigned long below;
		struct pt_regs regs;
	} copy = { .regs = *regs };
	struct climber *climber = &climbers[raw_smp_processor_id()];
	static atomic_t parity;
	bool whole = atomic_inc_return(&parity) & 1;

	if (climber->over_user && !user_mode(regs))
		return; /* over a tick, say, whose frame nobody writes down: it is struck again */
	WRITE_ONCE(climber->over_user, false);
	WRITE_ONCE(climber->awaited, NULL);
	if (whole)
		copy.below = ((unsigned long *)regs)[-1];
	framelab_frame(origin, regs, current);
	framelab_negative(whole ? "live-copy-with-return-address" : "live-copy", &copy.regs);
	barrier_data(&copy);
	climb();
}

void framelab_climb(const char *steps)
{
	struct climber *climber;

	preempt_disable();
	climber = &climbers[smp_processor_id()];
	strscpy(climber->text, steps, sizeof(climber->text));
	climber->rest = climber->text;
	framelab_frame("syscall", task_pt_regs(current), current);
	climb();
}

int framelab_strike(char *arguments)
{
	char *cpu_text = strsep(&arguments, " "), *name;
	const struct framelab_step *step;
	struct climber *climber;
	unsigned int cpu, tries;

	if (kstrtouint(cpu_text, 0, &cpu) || !arguments || cpu >= MAX_CPUS)
		return -EINVAL;
	climber = &climbers[cpu];
	strscpy(climber->text, arguments, sizeof(climber->text));
	climber->rest = climber->text;
	name = strsep(&climber->rest, " ");
	step = step_named(name);
	if (!step || !step->strike)
		return -ENOENT;
	WRITE_ONCE(climber->over_user, true);
	WRITE_ONCE(climber->awaited, step->name);
	for (tries = 0; READ_ONCE(climber->over_user) && tries < STRIKES; tries++) {
		step->strike(cpu);
		msleep(20);
	}
	return READ_ONCE(climber->over_user) ? -ETIMEDOUT : 0;
}

int framelab_held_on(int cpu)
{
	return climbers[cpu].held;
}

void framelab_tell_failure(const char *why)
{
	char line[96];
	int cpu;

	framelab_told(why);
	for (cpu = 0; cpu < MAX_CPUS; cpu++) {
		if (!climbers[cpu].awaited)
			continue;
		snprintf(line, sizeof(line), "CPU %d awaits %s", cpu, climbers[cpu].awaited);
		framelab_told(line);
	}
	framelab_told("end");
}
