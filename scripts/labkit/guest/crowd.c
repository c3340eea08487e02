// SPDX-License-Identifier: GPL-2.0
/*
 * Many threads, asleep in many syscalls, and a few that run or were interrupted: a dump
 * that is large in tasks and in little else. Ends when all are on their way to sleep.
 *
 * crowd TASKS
 */
#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "sleeping.h"

#define THREADS 128 /* of a process */
#define STACK (16 << 10)
#define LOOPS 6 /* more than there are CPUs: the rest is interrupted in user mode */

/* The way of the task with this number. */
static const struct way *way_of(int number)
{
	size_t at = 0;

	for (;; at = (at + 1) % number_of_ways)
		if (ways[at].crowded && number-- == 0)
			return &ways[at];
}

static void *sleeper(void *arg)
{
	const struct way *way = arg;

	prctl(PR_SET_NAME, way->comm);
	way->sleep();
	_exit(1); /* woke up: nothing was to wake it */
}

/* Becomes a process of so many threads, itself one of them; says so with a byte to `made`. */
static void become_crowd(int first, int threads, int made)
{
	pthread_attr_t attributes;
	pthread_t thread;
	char *stacks = mmap(NULL, (size_t)threads * STACK, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	pthread_attr_init(&attributes);
	for (int i = 1; i < threads; i++) {
		pthread_attr_setstack(&attributes, stacks + (size_t)i * STACK, STACK);
		if (pthread_create(&thread, &attributes, sleeper, (void *)way_of(first + i)))
			_exit(1);
	}
	if (write(made, "", 1) != 1)
		_exit(1);
	sleeper((void *)way_of(first));
}

static int make_crowd(int tasks)
{
	int made[2];
	char byte;

	if (pipe(made))
		return 1;
	for (int first = 0; first < tasks; first += THREADS) {
		int threads = tasks - first < THREADS ? tasks - first : THREADS;
		pid_t pid = fork();

		if (pid < 0)
			return 1;
		if (pid == 0)
			become_crowd(first, threads, made[1]);
		if (read(made[0], &byte, 1) != 1)
			return 1;
	}
	return 0;
}

static int make_loops(void)
{
	for (int i = 0; i < LOOPS; i++) {
		pid_t pid = fork();

		if (pid < 0)
			return 1;
		if (pid == 0) {
			prctl(PR_SET_NAME, "loop");
			in_loop();
		}
	}
	return 0;
}

int main(int argc, char **argv)
{
	int tasks = argc == 2 ? atoi(argv[1]) : 0;

	if (tasks <= 0)
		return 1;
	return make_crowd(tasks) || make_loops();
}
