// SPDX-License-Identifier: GPL-2.0
/*
 * What a hit costs, in instructions: the guest has one CPU, emulated with -icount shift=0,
 * whose TSC counts the instructions that it executed.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "freezelab.h"

#define SAMPLES 2000
#define SLOTS 64 /* of the ring, by default */

static __u64 now(void)
{
	uint32_t low, high;

	asm volatile("lfence; rdtsc" : "=a"(low), "=d"(high) : : "memory");
	return (__u64)high << 32 | low;
}

static int compare(const void *left, const void *right)
{
	__u64 a = *(const __u64 *)left, b = *(const __u64 *)right;

	return a < b ? -1 : a > b;
}

/* The median over SAMPLES calls: an interrupt now and then does not count. */
static __u64 instructions_of(long number)
{
	static __u64 took[SAMPLES];
	__u64 start;
	int i;

	for (i = 0; i < SAMPLES; i++) {
		start = now();
		stamped(number, stamp_of(0, i));
		took[i] = now() - start;
	}
	qsort(took, SAMPLES, sizeof(*took), compare);
	return took[SAMPLES / 2];
}

static void load_empty(const char *parameters)
{
	int fd = open("/modules/emptyprobe.ko", O_RDONLY | O_CLOEXEC);

	if (syscall(SYS_finit_module, fd, parameters, 0))
		fail("emptyprobe %s", parameters);
	close(fd);
}

static void unload_empty(void)
{
	if (syscall(SYS_delete_module, "emptyprobe", O_NONBLOCK))
		fail("unload emptyprobe");
}

/* Its own text is nowhere to be read, but the table of kprobes says it. */
static void wait_for_empty(void)
{
	char line[256];
	int tries = 1500;
	bool done = false;

	while (!done && --tries) {
		FILE *list = fopen("/sys/kernel/debug/kprobes/list", "re");

		while (list && fgets(line, sizeof(line), list))
			done |= strstr(line, "getuid") && strstr(line, "[OPTIMIZED]");
		if (list)
			fclose(list);
		nap(10);
	}
	if (!done)
		fail("emptyprobe was not optimised");
	nap(2000); /* the table says it as soon as it is queued */
}

/*
 * That a record's copies moved: both frames and the slice. The median, as above: a kernel that
 * offsets each syscall's stack at random leaves some slices shorter.
 */
static __u64 copied_words(void)
{
	static __u64 lengths[SLOTS];
	struct ring ring = {};
	unsigned int slot;

	read_ring(&ring);
	for (slot = 0; slot < SLOTS; slot++)
		lengths[slot] = record_at(&ring, slot)->slice_length;
	qsort(lengths, SLOTS, sizeof(*lengths), compare);
	free(ring.records);
	return 2 * FRAMEFREEZE_REGS + lengths[SLOTS / 2] / sizeof(__u64);
}

static void measure(const char *mechanism, long number, const char *empty, const char *probe)
{
	bool optimised = !strcmp(mechanism, "optimised");
	__u64 bare = instructions_of(number), cost[3], words;
	char key[64];

	load_empty(empty);
	if (optimised)
		wait_for_empty();
	cost[0] = instructions_of(number) - bare;
	unload_empty();

	load("slice_bytes=512");
	tell("add 0 %s pid=1", probe);
	tell("arm 0");
	if (optimised)
		wait_for_optimiser(0);
	cost[1] = instructions_of(number) - bare;
	tell("set 0 pid=0");
	cost[2] = instructions_of(number) - bare;
	words = copied_words();
	unload();

	snprintf(key, sizeof(key), "cost.%s.empty", mechanism);
	fact(key, cost[0]);
	snprintf(key, sizeof(key), "cost.%s.filtered", mechanism);
	fact(key, cost[1]);
	snprintf(key, sizeof(key), "cost.%s.recorded", mechanism);
	fact(key, cost[2]);
	snprintf(key, sizeof(key), "cost.%s.words", mechanism);
	fact(key, words);
}

void do_cost(void)
{
	char empty[96], probe[96];

	measure("ftrace", SYS_getppid, "symbol=__x64_sys_getppid", "__x64_sys_getppid");
	snprintf(empty, sizeof(empty), "symbol=__x64_sys_getppid offset=%u int3=1", past_fentry);
	snprintf(probe, sizeof(probe), "__x64_sys_getppid+%u int3=1", past_fentry);
	measure("int3", SYS_getppid, empty, probe);
	snprintf(empty, sizeof(empty), "symbol=__x64_sys_getuid offset=%u", past_fentry);
	snprintf(probe, sizeof(probe), "__x64_sys_getuid+%u", past_fentry);
	measure("optimised", SYS_getuid, empty, probe);
	measure("return", SYS_getppid, "symbol=__x64_sys_getppid returns=1",
		"__x64_sys_getppid kind=return");
}
