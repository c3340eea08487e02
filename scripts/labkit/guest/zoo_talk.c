// SPDX-License-Identifier: GPL-2.0
/* What the driver and every fixture need: the module's ear, processes, and patience. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include "zoo.h"

#define TRIES 3000 /* 30 s: the host may be busy */

void nap(void)
{
	struct timespec time = { .tv_nsec = 10000000 };

	nanosleep(&time, NULL);
}

int obeyed(const char *line)
{
	int device = open("/dev/framelab", O_WRONLY | O_CLOEXEC);
	ssize_t written = write(device, line, strlen(line));

	close(device);
	return written > 0;
}

void command(const char *format, ...)
{
	char line[256];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(line, sizeof(line), format, arguments);
	va_end(arguments);
	if (!obeyed(line))
		fail(line);
}

/* By the module: the console may need a CPU that is held. */
void fail(const char *what)
{
	char line[256];

	snprintf(line, sizeof(line), "failed %s: %m", what);
	obeyed(line);
	for (;;)
		pause();
}

void know(pid_t pid, const char *origin)
{
	command("know %d %s", pid, origin);
}

void run_on(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		fail("affinity");
}

pid_t spawn(const char *name, void (*run)(void))
{
	pid_t pid = fork();

	if (pid < 0)
		fail("fork");
	if (pid)
		return pid;
	prctl(PR_SET_NAME, name);
	run();
	fail(name);
	return 0;
}

void wait_for_state(pid_t pid, const char *states)
{
	char path[64], text[512], *state;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	for (int i = 0; i < TRIES; i++) {
		int file = open(path, O_RDONLY);
		ssize_t size = read(file, text, sizeof(text) - 1);

		close(file);
		text[size < 0 ? 0 : size] = '\0';
		state = strrchr(text, ')');
		if (state && strchr(states, state[2]))
			return;
		nap();
	}
	fail("a fixture did not come to rest");
}

void asleep(const char *name, void (*run)(void), const char *states, const char *origin)
{
	pid_t pid = spawn(name, run);

	wait_for_state(pid, states);
	know(pid, origin);
}
