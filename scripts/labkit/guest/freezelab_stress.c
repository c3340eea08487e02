// SPDX-License-Identifier: GPL-2.0
/* Hits on all CPUs, while everything is changed, read, loaded and unloaded. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "freezelab.h"

#define CALLS 20000
#define TRACING "/sys/kernel/debug/tracing/"
#define READERS 2
#define PROBES 4

static volatile bool stopping;
static volatile __u64 checked, busy;

/*
 * One getppid is seen by ftrace, int3 and a return probe, one getuid by an optimised probe:
 * what follows __fentry__ in getppid is a call, which is not copied out of line.
 */
static void add_probes(void)
{
	tell("add 0 __x64_sys_getppid opens=1");
	tell("add 1 __x64_sys_getppid+%u int3=1", past_fentry);
	tell("add 2 __x64_sys_getuid+%u", past_fentry);
	tell("add 3 __x64_sys_getppid kind=return");
}

static void trace(const char *format)
{
	char line[128];

	snprintf(line, sizeof(line), format, past_fentry);
	write_file(TRACING "kprobe_events", line);
}

static void add_tracefs_probes(void)
{
	trace("p:lab0 __x64_sys_getppid\n");
	trace("p:lab1 __x64_sys_getppid+%u\n");
	trace("p:lab2 __x64_sys_getuid+%u\n");
	trace("r:lab3 __x64_sys_getppid\n");
	write_file(TRACING "events/kprobes/enable", "1\n");
}

static void remove_tracefs_probes(void)
{
	char line[32];
	int i;

	write_file(TRACING "events/kprobes/enable", "0\n");
	for (i = 0; i < PROBES; i++) {
		snprintf(line, sizeof(line), "-:lab%d\n", i);
		write_file(TRACING "kprobe_events", line);
	}
}

/* hits + missed is what the workload did, and what tracefs counts at the same places. */
static void check_counts(const struct framefreeze_header *header, __u64 calls, bool tracefs)
{
	char key[32];
	int i;

	for (i = 0; i < PROBES; i++) {
		const struct framefreeze_probe *line = &header->probes[i];
		__u64 hits = line->hits;

		snprintf(key, sizeof(key), "lab%d", i);
		if (hits + line->missed != calls)
			fail("%s: %llu hits, %llu missed, of %llu", line->name, hits,
			     line->missed, calls);
		if (tracefs && find_in_file(TRACING "kprobe_profile", key, "%ld") != (long)hits)
			fail("%s: %llu hits, and not in tracefs", line->name, hits);
		snprintf(key, sizeof(key), "count.missed.%d", i);
		fact(key, line->missed);
	}
}

static void check_mechanisms(const struct ring *ring)
{
	static const int expected[PROBES] = {
		FRAMEFREEZE_MECHANISM_FTRACE, FRAMEFREEZE_MECHANISM_INT3,
		FRAMEFREEZE_MECHANISM_OPTPROBE, FRAMEFREEZE_MECHANISM_RETURN,
	};
	unsigned int slot, seen = 0;

	for (slot = 0; slot < ring->header.record_count; slot++) {
		const struct framefreeze_record *record = record_at(ring, slot);

		if (!is_whole(record))
			fail("slot %u is not whole at rest", slot);
		check_record(ring, record);
		if (record->mechanism != expected[record->probe])
			fail("probe %u by mechanism %u", record->probe, record->mechanism);
		seen |= 1 << record->probe;
	}
	if (seen != (1 << PROBES) - 1)
		fail("not every probe has a record: %#x", seen);
}

/* Records of one call share their event, and no two calls of getppid do. */
static void check_events(const struct ring *ring)
{
	__u64 pairs = 0, same_call, same_event;
	unsigned int a, b;

	for (a = 0; a < ring->header.record_count; a++) {
		for (b = 0; b < a; b++) {
			const struct framefreeze_record *one = record_at(ring, a), *other = record_at(ring, b);

			if (one->pid != other->pid || one->probe == 2 || other->probe == 2)
				continue;
			same_call = one->entry[14] == other->entry[14];
			same_event = one->event == other->event;
			if (same_call != same_event || !one->event)
				fail("calls %llx and %llx, events %llu and %llu",
				     one->entry[14], other->entry[14],
				     one->event, other->event);
			pairs += same_call;
		}
	}
	if (!pairs)
		fail("no call has two records");
	fact("count.pairs", pairs);
}

static void count_once(bool tracefs)
{
	struct ring ring = {};

	load("ring_slots=256 slice_bytes=1024");
	add_probes();
	if (tracefs)
		add_tracefs_probes();
	tell("arm all");
	wait_for_optimiser(2);
	start_workers(CALLS);
	join_workers();
	read_ring(&ring);
	check_sums(&ring.header);
	check_counts(&ring.header, WORKERS * CALLS, tracefs);
	check_mechanisms(&ring);
	check_events(&ring);
	unload();
	if (tracefs)
		remove_tracefs_probes();
	free(ring.records);
}

void do_count(void)
{
	count_once(false);
	count_once(true);
}

static void *read_always(void *argument)
{
	struct ring ring = {};
	unsigned int slot;
	int fd;

	while (!stopping) {
		fd = open("/proc/framefreeze/ring", O_RDONLY | O_CLOEXEC);
		if (fd < 0) {
			nap(1);
			continue;
		}
		ring.header = *(struct framefreeze_header *)argument;
		while (!stopping && read_ring_from(fd, &ring)) {
			for (slot = 0; slot < ring.header.record_count; slot++) {
				const struct framefreeze_record *record = record_at(&ring, slot);

				if (is_whole(record)) {
					check_record(&ring, record);
					checked++;
				}
				busy += record->seq & 1;
			}
		}
		close(fd);
	}
	free(ring.records);
	return NULL;
}

static void start_readers(pthread_t *readers, struct framefreeze_header *header)
{
	int i;

	stopping = false;
	checked = busy = 0;
	for (i = 0; i < READERS; i++)
		if (pthread_create(&readers[i], NULL, read_always, header))
			fail("a reader");
}

static void stop_readers(pthread_t *readers)
{
	int i;

	stopping = true;
	for (i = 0; i < READERS; i++)
		pthread_join(readers[i], NULL);
}

static void change_arming(unsigned int slot)
{
	tell("disarm %u", slot);
	tell("arm %u", slot);
}

static void change_filter(unsigned int slot)
{
	switch (rand() % 5) {
	case 1:
		tell("set %u every=%d", slot, rand() % 3);
		break;
	case 2:
		tell("set %u pid=%d", slot, rand() % 2 ? workers[0].tid : 0);
		break;
	case 3:
		tell("set %u nr=%d", slot, rand() % 2 ? GETPPID : -1);
		break;
	case 4:
		tell("set %u comm=%s", slot, rand() % 2 ? "freezelab" : "");
		break;
	default:
		nap(1);
	}
}

static void storm_fact(const char *name, const char *what, __u64 value)
{
	char key[32];

	snprintf(key, sizeof(key), "%s.%s", name, what);
	fact(key, value);
}

/* Filters, and if `arming` what is armed too, change under load while readers look. */
static void storm(const char *name, double duration, bool arming)
{
	struct framefreeze_header header;
	pthread_t readers[READERS];
	double end = seconds() + duration;
	__u64 changes = 0, hits = 0;
	int i;

	load("ring_slots=8 slice_bytes=1024");
	add_probes();
	tell("arm all");
	read_header(&header);
	start_workers(0);
	start_readers(readers, &header);
	for (; seconds() < end; changes++) {
		if (arming)
			change_arming(rand() % PROBES);
		change_filter(rand() % PROBES);
	}
	stop_workers();
	stop_readers(readers);
	read_header(&header);
	check_sums(&header);
	for (i = 0; i < PROBES; i++)
		hits += header.probes[i].hits;
	storm_fact(name, "hits", hits);
	storm_fact(name, "lost", header.lost);
	storm_fact(name, "changes", changes);
	storm_fact(name, "checked", checked);
	storm_fact(name, "busy", busy);
	unload();
}

/* No text is changed: for a guest whose CPUs are emulated each by its own thread. */
void do_storm(double duration)
{
	storm("storm", duration, false);
}

void do_churn(double duration)
{
	storm("churn", duration, true);
}

static long vmalloc_used(void)
{
	return find_in_file("/proc/meminfo", "VmallocUsed:", "%ld");
}

static void check_nothing_left(void)
{
	if (access("/proc/framefreeze", F_OK) == 0)
		fail("its files are left");
	if (find_in_file("/proc/modules", "framefreeze ", "%ld") >= 0)
		fail("it is still loaded");
}

static void *ask_always(void *argument)
{
	struct framefreeze_header header;
	__u64 *asked = argument;

	for (; !stopping; ++*asked)
		read_header(&header);
	return NULL;
}

/* One coming and going of a module with probes in it. */
static __u64 come_and_go(void)
{
	struct framefreeze_header header;

	errno = try_insert("/modules/emptyprobe.ko", "symbol=__x64_sys_getuid");
	if (errno)
		fail("emptyprobe");
	tell("add 0 emptyprobe:emptyprobe_exit");
	tell("add 1 emptyprobe:emptyprobe_exit kind=return");
	tell("arm all");
	if (syscall(SYS_delete_module, "emptyprobe", O_NONBLOCK))
		fail("emptyprobe stays");
	read_header(&header);
	if (header.probes[0].text_byte ||
	    header.probes[0].mechanism_now != FRAMEFREEZE_MECHANISM_UNKNOWN)
		fail("%#x is read where there is no text", header.probes[0].text_byte);
	tell("remove all");
	return header.probes[0].hits + header.probes[1].hits;
}

/* The header asks what the text of each probe holds, also when its module is on its way out. */
void do_gone(double duration)
{
	double end = seconds() + duration;
	__u64 loads = 0, hits = 0, asked = 0;
	pthread_t reader;

	load("");
	stopping = false;
	if (pthread_create(&reader, NULL, ask_always, &asked))
		fail("a reader");
	for (; seconds() < end || loads < 2; loads++)
		hits += come_and_go();
	stopping = true;
	pthread_join(reader, NULL);
	unload();
	fact("gone.loads", loads);
	fact("gone.hits", hits);
	fact("gone.asked", asked);
}

static void one_reload(void)
{
	load("ring_slots=1024 slice_bytes=512");
	add_probes();
	tell("arm all");
	nap(rand() % 20);
	unload();
}

/* Loaded and unloaded under load, with its files held open. */
void do_reload(double duration)
{
	struct framefreeze_header header = { .record_size = 472 + 512, .record_count = 1024 };
	double end = seconds() + duration;
	pthread_t readers[READERS];
	__u64 loads = 0;
	long before, after;

	one_reload(); /* what the kernel keeps for itself, it takes now */
	before = vmalloc_used();
	start_workers(0);
	start_readers(readers, &header);
	for (; seconds() < end || loads < 2; loads++)
		one_reload();
	stop_readers(readers);
	stop_workers();
	check_nothing_left();
	after = vmalloc_used();
	/* One ring is 984 KiB. */
	if (after - before > 512)
		fail("%llu loads, and vmalloc grew from %ld to %ld KiB", loads, before, after);
	fact("reload.loads", loads);
	fact("reload.checked", checked);
}
