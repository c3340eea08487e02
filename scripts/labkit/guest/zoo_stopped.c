// SPDX-License-Identifier: GPL-2.0
/* Fixtures that a signal or their tracer has stopped. */
#define _GNU_SOURCE
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "zoo.h"

#define SPIN_CPU 1

static void wait_for_stop(pid_t pid)
{
	int status;

	if (waitpid(pid, &status, WUNTRACED | __WALL) != pid || !WIFSTOPPED(status))
		fail("waiting for a stop");
	wait_for_state(pid, "Tt");
}

static void run_pause(void)
{
	syscall(SYS_pause);
}

static void make_stopped(void)
{
	pid_t pid = spawn("stopped", run_pause);

	wait_for_state(pid, "S");
	kill(pid, SIGSTOP);
	wait_for_stop(pid);
	know(pid, "syscall");
}

static void run_spin(void)
{
	run_on(SPIN_CPU);
	raise(SIGSTOP);
	for (;;)
		;
}

/* In user mode on a CPU of its own: the IPI that brings the signal makes its frame. */
static void make_spin_stopped(void)
{
	pid_t pid = spawn("spin-stopped", run_spin);

	wait_for_stop(pid);
	kill(pid, SIGCONT);
	wait_for_state(pid, "R");
	usleep(50000);
	kill(pid, SIGSTOP);
	wait_for_stop(pid);
	know(pid, "sysvec");
}

/* Traced; its exception has become a signal, and that a stop. */
static void trapped(const char *name, void (*run)(void), const char *origin)
{
	pid_t pid = spawn(name, run);

	wait_for_stop(pid);
	know(pid, origin);
}

static void traced(void)
{
	if (ptrace(PTRACE_TRACEME, 0, NULL, NULL))
		fail("traceme");
}

static void run_int3(void)
{
	traced();
	__asm__ volatile("int3");
}

static void make_int3(void)
{
	trapped("user-int3", run_int3, "int3");
}

static void run_divide(void)
{
	traced();
	__asm__ volatile("xorl %%edx, %%edx\n\txorl %%ecx, %%ecx\n\tdivl %%ecx" : : :
			 "eax", "ecx", "edx");
}

static void make_divide(void)
{
	trapped("user-divide", run_divide, "exception");
}

static void run_undefined(void)
{
	traced();
	__asm__ volatile("ud2");
}

static void make_undefined(void)
{
	trapped("user-undefined", run_undefined, "exception");
}

static void run_protection(void)
{
	traced();
	__asm__ volatile("hlt");
}

static void make_protection(void)
{
	trapped("user-protection", run_protection, "general-protection");
}

static void run_segv(void)
{
	traced();
	__asm__ volatile("movb $0, 8");
}

static void make_segv(void)
{
	trapped("user-segv", run_segv, "page-fault");
}

/* One step beyond an int3: the trap flag's #DB. */
static void make_debug(void)
{
	pid_t pid = spawn("user-debug", run_int3);

	wait_for_stop(pid);
	if (ptrace(PTRACE_SINGLESTEP, pid, NULL, NULL))
		fail("singlestep");
	wait_for_stop(pid);
	know(pid, "debug");
}

static void run_fork(void)
{
	traced();
	raise(SIGSTOP);
	syscall(SYS_fork);
	for (;;)
		pause();
}

static void run_exec(void)
{
	traced();
	raise(SIGSTOP);
	execl("/bin/zoo", "zoo", NULL);
}

/* Up to the event that is asked for. */
static pid_t up_to(const char *name, void (*run)(void), long option)
{
	pid_t pid = spawn(name, run);

	wait_for_stop(pid);
	if (ptrace(PTRACE_SETOPTIONS, pid, NULL, option) || ptrace(PTRACE_CONT, pid, NULL, NULL))
		fail("to the event");
	wait_for_stop(pid);
	return pid;
}

static void make_fork_child(void)
{
	pid_t pid = up_to("fork-parent", run_fork, PTRACE_O_TRACEFORK);
	unsigned long child;

	know(pid, "syscall");
	if (ptrace(PTRACE_GETEVENTMSG, pid, NULL, &child))
		fail("the child's pid");
	wait_for_stop(child);
	know(child, "fork-child");
}

static void make_exec(void)
{
	know(up_to("exec", run_exec, PTRACE_O_TRACEEXEC), "exec");
}

const struct fixture stopped_fixtures[] = {
	{ "stopped", make_stopped },
	{ "spin-stopped", make_spin_stopped },
	{ "user-int3", make_int3 },
	{ "user-divide", make_divide },
	{ "user-undefined", make_undefined },
	{ "user-protection", make_protection },
	{ "user-segv", make_segv },
	{ "user-debug", make_debug },
	{ "fork-child", make_fork_child },
	{ "exec", make_exec },
	{}
};
