// SPDX-License-Identifier: GPL-2.0
/*
 * Fills a guest with frames that are known. Its argument is a file of lines:
 *
 *	make COUNT FIXTURE
 *	climb CPU STEP...	a process climbs on that CPU
 *	strike CPU STEP...	one spins there in user mode, and the first step befalls it
 *	last STEP...		the driver itself climbs, on CPU 0
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "zoo.h"

#define TRIES 3000 /* 30 s: the host may be busy */

/* Of a climber, in memory shared with it. */
static volatile enum { NONE, READY, REFUSED } *verdict;

static int held(void)
{
	char text[16] = "";
	int file = open("/sys/module/framelab/parameters/held", O_RDONLY);

	if (read(file, text, sizeof(text) - 1) < 0)
		fail("held");
	close(file);
	return atoi(text);
}

static void wait_until_held(int count, const char *line)
{
	for (int i = 0; i < TRIES; i++) {
		if (held() >= count)
			return;
		nap();
	}
	fail(line);
}

/* One that climbs says so itself: its write never returns. */
static void run_climber(int cpu, const char *steps, int is_struck)
{
	struct sched_param first = { .sched_priority = 1 };

	if (strstr(steps, "kretprobe") && !obeyed("reserve")) {
		*verdict = REFUSED;
		for (;;)
			pause();
	}
	run_on(cpu);
	sched_setscheduler(0, SCHED_FIFO, &first);
	*verdict = READY;
	while (is_struck)
		;
	command("climb %s", steps);
}

static void climb(int cpu, const char *steps, int is_struck)
{
	int before = held();

	do {
		*verdict = NONE;
		pid_t pid = fork();

		if (pid == 0) {
			prctl(PR_SET_NAME, is_struck ? "struck" : "climber");
			run_climber(cpu, steps, is_struck);
		}
		while (*verdict == NONE)
			nap();
		if (*verdict == REFUSED) {
			wait_for_state(pid, "S");
			know(pid, "syscall");
		}
	} while (*verdict != READY);
	if (is_struck)
		command("strike %d %s", cpu, steps);
	wait_until_held(before + 1, steps);
}

static void make(int count, const char *name)
{
	const struct fixture *const all[] = {
		syscall_fixtures, sleeping_fixtures, stopped_fixtures,
	};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		for (const struct fixture *fixture = all[i]; fixture->name; fixture++)
			if (strcmp(fixture->name, name) == 0) {
				while (count-- > 0)
					fixture->make();
				return;
			}
	fail(name);
}

static void spin(void)
{
	struct sched_param none = {};

	sched_setscheduler(0, SCHED_IDLE, &none);
	for (;;)
		;
}

/*
 * An idle CPU leaves its timers and the timekeeping to one that is not, which here may be held and
 * keep them for ever. So CPU 0 is not idle while others are being held.
 */
static void busy(int start)
{
	static pid_t spinner;

	if (start) {
		spinner = spawn("spinner", spin);
	} else {
		kill(spinner, SIGKILL);
		waitpid(spinner, NULL, 0);
	}
}

static void obey(const char *line)
{
	char text[256];
	int number;

	if (sscanf(line, "make %d %255s", &number, text) == 2)
		make(number, text);
	else if (sscanf(line, "climb %d %255[^\n]", &number, text) == 2)
		climb(number, text, 0);
	else if (sscanf(line, "strike %d %255[^\n]", &number, text) == 2)
		climb(number, text, 1);
	else if (sscanf(line, "last %255[^\n]", text) == 1) {
		busy(0);
		command("climb %s", text);
	} else
		fail(line);
}

int main(int argc, char **argv)
{
	FILE *lines = argc == 2 ? fopen(argv[1], "r") : NULL;
	char line[256];

	if (!lines)
		fail("which lines?");
	verdict = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	run_on(0);
	busy(1);
	know(1, "syscall"); /* the shell waits for us */
	command("threads");
	while (fgets(line, sizeof(line), lines))
		obey(line);
	return 1;
}
