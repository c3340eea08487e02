/* SPDX-License-Identifier: GPL-2.0 */
/*
 * framelab: makes every kind of struct pt_regs on purpose and writes down where
 * the kernel itself says it is. For the lab's guests only: a climb never ends.
 */
#ifndef FRAMELAB_H
#define FRAMELAB_H

#include <linux/atomic.h>
#include <linux/ptrace.h>
#include <linux/sched.h>
#include <linux/types.h>

/* The page whose faults the fixtures hold open with userfaultfd. */
#define FRAMELAB_FAULT_PAGE 0x600000000000UL

/* One rung: ends in a handler that is given regs. Its name, and how to get there. */
struct framelab_step {
	const char *name;
	void (*take)(void);
	void (*strike)(int cpu); /* on another CPU, over whatever runs there */
};

/* climb.c */
extern atomic_t framelab_held; /* CPUs that are */
void framelab_climb(const char *steps); /* from the syscall that the caller is in */
int framelab_strike(char *arguments);
int framelab_held_on(int cpu); /* which pid */
bool framelab_awaits(const char *step);
/* In a handler: write the frame down, climb on, and in the end hold the CPU. */
void framelab_reached(const char *origin, struct pt_regs *regs);
void framelab_failed(const char *what);
void framelab_tell_failure(const char *why);

/* targets.S */
void framelab_int3_target(void);
void framelab_step_target(void);
void framelab_optprobe_target(void);
void framelab_return_target(void);

/* truth.c */
const char *framelab_stack_of(const void *address, struct task_struct *task);
void framelab_frame(const char *origin, struct pt_regs *regs, struct task_struct *task);
void framelab_negative(const char *kind, const void *address);
void framelab_told(const char *line);
void framelab_tell_all(void);

/* negatives.c */
void framelab_know_kernel_threads(void);
void framelab_know_entry_stacks(void);
bool framelab_leaves_dead_frame(struct pt_regs *regs);
void framelab_sleep_over_dead_frames(int pads);

/* Where frames come from. */
extern const struct framelab_step framelab_probe_steps[];
extern const struct framelab_step framelab_ftrace_steps[];
extern const struct framelab_step framelab_trap_steps[];
extern const struct framelab_step framelab_interrupt_steps[];
int framelab_probes_init(void);
int framelab_ftrace_init(void);
int framelab_traps_init(void);
int framelab_interrupts_init(void);

#endif
