// SPDX-License-Identifier: GPL-2.0
/* Each filter, with calls of a known number. */
#define _GNU_SOURCE
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "freezelab.h"

#define CALLS 100

/* How many of CALLS calls of getppid are recorded with that filter. */
static __u64 recorded_with(const char *filter)
{
	struct framefreeze_header before, after;
	int i;

	tell("set 0 pid=0 tgid=0 nr=-1 every=0 limit=0 comm=");
	tell("set 0 %s", filter);
	read_header(&before);
	for (i = 0; i < CALLS; i++)
		stamped(SYS_getppid, stamp_of(0, i));
	read_header(&after);
	check_sums(&after);
	if (after.probes[0].hits - before.probes[0].hits != CALLS)
		fail("%s: not every call was a hit", filter);
	return after.probes[0].recorded - before.probes[0].recorded;
}

static void expect(__u64 expected, const char *filter)
{
	__u64 got = recorded_with(filter);

	if (got != expected)
		fail("%s: %llu recorded, not %llu", filter, got, expected);
}

void do_filters(void)
{
	char own[64];

	load("");
	tell("add 0 __x64_sys_getppid");
	tell("arm 0");
	expect(CALLS, "pid=0");
	snprintf(own, sizeof(own), "pid=%ld", syscall(SYS_gettid));
	expect(CALLS, own);
	expect(0, "pid=1");
	snprintf(own, sizeof(own), "tgid=%d", getpid());
	expect(CALLS, own);
	expect(0, "tgid=1");
	expect(CALLS, "comm=freezelab");
	expect(0, "comm=freezela");
	expect(0, "comm=freezelab2");
	expect(CALLS, "nr=110");
	expect(0, "nr=102");
	expect(0, "nr32=110");
	expect(CALLS / 10, "every=10");
	expect(7, "limit=7");
	expect(5, "comm=freezelab every=10 limit=5");
	unload();
}
