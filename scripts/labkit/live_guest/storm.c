// SPDX-License-Identifier: GPL-2.0
/*
 * Forks, executes and exits as fast as it can, $1 processes wide: for readers of
 * a kernel that runs. Every syscall tells in registers that the kernel keeps in
 * its frame who made it and which it is: r15 is the pid, r14 the number, each
 * below a mark. A frame that is torn, stale or somebody else's contradicts itself.
 */
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define PID_MARK 0x5707a5700000000UL
#define NUMBER_MARK 0x5707a5800000000UL

static long marked(long number, long pid, long first, long second, long third)
{
	long result = number;

	__asm__ volatile("mov %[pid], %%r15; mov %[mark], %%r14; syscall"
			 : "+a"(result), "+D"(first), "+S"(second), "+d"(third)
			 : [pid] "r"(PID_MARK | pid), [mark] "r"(NUMBER_MARK | number)
			 : "rcx", "r11", "r14", "r15", "memory");
	return result;
}

static void child(char **argv, long round)
{
	struct timespec moment = { .tv_nsec = 200000 };
	long self = syscall(SYS_getpid);

	if (round % 3 == 0)
		marked(SYS_nanosleep, self, (long)&moment, 0, 0);
	if (round % 5 == 0) {
		char *again[] = { argv[0], NULL };

		marked(SYS_execve, self, (long)argv[0], (long)again, 0);
	}
	marked(SYS_exit_group, self, 0, 0, 0);
}

static void parent(char **argv)
{
	long self = syscall(SYS_getpid);

	for (long round = 0;; round++) {
		long pid = marked(SYS_fork, self, 0, 0, 0);

		if (pid == 0)
			child(argv, round);
		marked(SYS_wait4, self, pid, 0, 0);
	}
}

int main(int argc, char **argv)
{
	if (argc < 2) /* executed by a child of the storm */
		marked(SYS_exit_group, syscall(SYS_getpid), 0, 0, 0);
	prctl(PR_SET_NAME, "storm");
	for (int width = atoi(argv[1]); width > 1; width--)
		if (fork() == 0)
			break;
	parent(argv);
}
