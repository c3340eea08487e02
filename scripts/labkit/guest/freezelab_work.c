// SPDX-License-Identifier: GPL-2.0
/*
 * The workload: one thread a CPU calls getppid(2) and getuid(2), with the same unique
 * stamp in all six argument registers of a call, so that a record that mixes two calls shows it.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "freezelab.h"

struct worker workers[WORKERS];
static pthread_t threads[WORKERS];
static volatile bool going, stopping;
static __u64 wanted;

long stamped(long number, __u64 stamp)
{
	register __u64 r10 asm("r10") = stamp;
	register __u64 r8 asm("r8") = stamp;
	register __u64 r9 asm("r9") = stamp;

	asm volatile("syscall" : "+a"(number) : "D"(stamp), "S"(stamp), "d"(stamp), "r"(r10), "r"(r8),
		     "r"(r9) : "rcx", "r11", "memory");
	return number;
}

/* Never small, so that no other register holds one by chance. */
__u64 stamp_of(unsigned int worker, __u64 call)
{
	return (0x5aULL << 56) | ((__u64)worker << 48) | call;
}

static void *work(void *argument)
{
	struct worker *worker = argument;
	unsigned int index = worker - workers;
	__u64 call;
	cpu_set_t cpu;

	CPU_ZERO(&cpu);
	CPU_SET(index, &cpu);
	sched_setaffinity(0, sizeof(cpu), &cpu);
	worker->tid = syscall(SYS_gettid);
	while (!going)
		nap(1);
	for (call = worker->calls; !stopping && (!wanted || call < wanted); call++) {
		stamped(SYS_getppid, stamp_of(index, call));
		stamped(SYS_getuid, stamp_of(index, call));
		worker->calls = call + 1;
	}
	return NULL;
}

void start_workers(__u64 calls)
{
	unsigned int i;

	going = stopping = false;
	wanted = calls;
	for (i = 0; i < WORKERS; i++) {
		workers[i].calls = 0;
		workers[i].tid = 0;
		if (pthread_create(&threads[i], NULL, work, &workers[i]))
			fail("a thread");
	}
	for (i = 0; i < WORKERS; i++)
		while (!workers[i].tid)
			nap(1);
	/* No sooner: one that is held would keep another from getting to its own CPU. */
	going = true;
}

void join_workers(void)
{
	unsigned int i;

	for (i = 0; i < WORKERS; i++)
		pthread_join(threads[i], NULL);
}

void stop_workers(void)
{
	stopping = true;
	join_workers();
}
