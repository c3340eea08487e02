// SPDX-License-Identifier: GPL-2.0
/* Holds: by each mechanism, how they end, and what must not be held. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "freezelab.h"

#define READER_CPU 0
#define HELD_CPU 1
#define MS 1000000.0
#define NS_A_MS 1000000ULL

static bool forced; /* this kernel has no PREEMPT_COUNT */
static const char *force = "";

static void stay_on(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	sched_setaffinity(0, sizeof(set), &set);
}

/* Ahead of the worker there, and of whatever else wakes up: a hold is short. */
static void come_first(void)
{
	struct sched_param first = { .sched_priority = 1 };

	if (sched_setscheduler(0, SCHED_FIFO | SCHED_RESET_ON_FORK, &first))
		fail("SCHED_FIFO");
}

static int error_of(const char *command, char *reason)
{
	*reason = '\0';
	return try_tell(reason, 256, command);
}

static void expect_error(int expected, const char *command)
{
	char reason[256];
	int error = error_of(command, reason);

	if (error != expected)
		fail("'%s': %d, not %d: %s", command, error, expected, reason);
}

static void prepare(unsigned int watchdog_ms)
{
	load("");
	tell("thresholds watchdog_ms=%u rcu_stall_ms=21000", watchdog_ms);
	tell("reader tgid=%d cpu=%d", 1, READER_CPU); /* not us: our workers are to be held */
}

/* Until a CPU is held. */
static void wait_for_hold(struct framefreeze_header *header)
{
	double limit = seconds() + 10;

	do {
		if (seconds() > limit)
			fail("no hold was seen: %llu hits, %llu held, %llu spent; the last ended by %u"
			     " after %llu of %llu us",
			     header->probes[0].hits, header->probes[0].held,
			     header->probes[0].unheld[FRAMEFREEZE_UNHELD_SPENT],
			     header->hold.ended_by,
			     (header->hold.ended_ns - header->hold.since_ns) / 1000,
			     (header->hold.until_ns - header->hold.since_ns) / 1000);
		read_header(header);
	} while (!header->hold.held);
}

static void wait_for_end(struct framefreeze_header *header)
{
	double limit = seconds() + 10;

	do {
		if (seconds() > limit)
			fail("the hold did not end");
		nap(1);
		read_header(header);
	} while (header->hold.held);
}

static double held_ms(const struct framefreeze_header *header)
{
	return (header->hold.ended_ns - header->hold.since_ns) / MS;
}

static const struct framefreeze_record *held_record(struct ring *ring)
{
	unsigned int slot = ring->header.hold.record % ring->header.record_count;
	const struct framefreeze_record *record = record_at(ring, slot);

	if (record->seq != 2 * ring->header.hold.record + 2 || !(record->flags & FRAMEFREEZE_HELD))
		fail("the held hit has no record");
	return record;
}

/* One hold of a probe in slot 0, to its end by itself. */
static void hold_once(const char *place, const char *name, int mechanism)
{
	struct ring ring = {};
	__u64 calls;
	char key[64];
	double took;

	prepare(10000);
	tell("add 0 %s mode=hold hold_ms=1000%s", place, force);
	tell("arm 0");
	if (mechanism == FRAMEFREEZE_MECHANISM_OPTPROBE)
		wait_for_optimiser(0);
	start_workers(0);
	wait_for_hold(&ring.header);
	calls = workers[HELD_CPU].calls;
	read_ring(&ring);
	if (!ring.header.hold.held)
		fail("%s: the hold was over too early", name);
	if (held_record(&ring)->mechanism != mechanism)
		fail("%s: by mechanism %u", name, held_record(&ring)->mechanism);
	if (ring.header.hold.cpu != HELD_CPU || ring.header.hold.pid != workers[HELD_CPU].tid)
		fail("%s: CPU %u, task %d", name, ring.header.hold.cpu, ring.header.hold.pid);
	expect_error(EBUSY, "disarm 0");
	expect_error(EBUSY, "add 1 __x64_sys_getuid");
	expect_error(EBUSY, "set 0 pid=0");
	if (workers[HELD_CPU].calls > calls + 1)
		fail("%s: the held task went on", name);
	wait_for_end(&ring.header);
	stop_workers();
	took = held_ms(&ring.header);
	if (ring.header.hold.ended_by != FRAMEFREEZE_ENDED_TIMEOUT || took < 1000 || took > 2000)
		fail("%s: ended by %u after %.1f ms", name, ring.header.hold.ended_by, took);
	if (ring.header.probes[0].held != 1)
		fail("%s: held %llu times", name, ring.header.probes[0].held);
	read_header(&ring.header);
	check_sums(&ring.header);
	snprintf(key, sizeof(key), "hold.%s.us", name);
	fact(key, took * 1000);
	unload();
}

static void hold_by_each_mechanism(void)
{
	char place[64];

	hold_once("__x64_sys_getppid", "ftrace", FRAMEFREEZE_MECHANISM_FTRACE);
	snprintf(place, sizeof(place), "__x64_sys_getppid+%u int3=1", past_fentry);
	hold_once(place, "int3", FRAMEFREEZE_MECHANISM_INT3);
	snprintf(place, sizeof(place), "__x64_sys_getuid+%u", past_fentry);
	hold_once(place, "optimised", FRAMEFREEZE_MECHANISM_OPTPROBE);
	if (!forced)
		hold_once("__x64_sys_getppid kind=return", "return", FRAMEFREEZE_MECHANISM_RETURN);
}

static bool is_before(__u64 ns)
{
	return seconds() * 1e9 < ns;
}

/* Released long before its time: one shot, and a cooldown of 4 s. */
static void release_and_cool_down(struct framefreeze_header *header)
{
	const struct framefreeze_probe *line = &header->probes[0];
	__u64 until;

	wait_for_hold(header);
	tell("release");
	wait_for_end(header);
	until = header->hold.cooldown_until_ns;
	if (header->hold.ended_by != FRAMEFREEZE_ENDED_RELEASED || held_ms(header) >= 1000)
		fail("ended by %u after %.1f ms", header->hold.ended_by, held_ms(header));
	fact("hold.released.us", held_ms(header) * 1000);
	nap(100);
	read_header(header);
	if (!line->unheld[FRAMEFREEZE_UNHELD_SPENT] || line->held != 1)
		fail("not one shot: %llu", line->held);
	if (is_before(until - 500 * NS_A_MS)) /* a busy host may be late */
		expect_error(EAGAIN, "again 0");
	tell("disarm 0");
	tell("arm 0"); /* gives it a shot, but not before the cooldown is over */
	if (is_before(until - 500 * NS_A_MS)) {
		nap(100);
		read_header(header);
		if (!line->unheld[FRAMEFREEZE_UNHELD_COOLDOWN])
			fail("no cooldown is seen");
	}
	wait_for_hold(header);
	if (header->hold.since_ns < until)
		fail("held again %llu ns too early", until - header->hold.since_ns);
}

static void release_and_again(void)
{
	struct framefreeze_header header;
	char reason[256];

	prepare(10000);
	tell("add 0 __x64_sys_getppid mode=hold hold_ms=1000%s", force);
	tell("arm 0");
	start_workers(0);
	release_and_cool_down(&header);
	if (header.probes[0].unheld[FRAMEFREEZE_UNHELD_READER] == 0)
		fail("the worker on the reader's CPU was not spared");
	tell("release");
	wait_for_end(&header);
	while (is_before(header.hold.cooldown_until_ns))
		nap(100);
	if (error_of("again 0", reason))
		fail("no second chance: %s", reason);
	wait_for_hold(&header);
	/* Leaving ends a hold, and is not kept waiting by it. */
	unload();
	stop_workers();
}

static void lower_to_a_quarter(void)
{
	struct framefreeze_header header;

	prepare(1000);
	tell("add 0 __x64_sys_getppid mode=hold hold_ms=2000%s", force);
	tell("arm 0");
	read_header(&header);
	if (header.probes[0].hold_ms != 250)
		fail("a watchdog of 1 s allows %u ms", header.probes[0].hold_ms);
	unload();
}

/* RCU frees what a process leaves: an idle machine may have nothing else for it to do. */
static void come_and_go(void)
{
	pid_t child = fork();

	if (!child)
		_exit(0);
	if (child < 0 || waitpid(child, NULL, 0) != child)
		fail("a child");
}

/* Functions that run with something else waiting: what the module must say of each. */
static void expect_unheld(const char *place, unsigned int reason, unsigned int or_reason)
{
	struct framefreeze_header header;
	const struct framefreeze_probe *line = &header.probes[0];
	double limit = seconds() + 5;
	char key[96];

	prepare(10000);
	/* Everything else is spared: init's children and the workers are on no other CPU. */
	tell("reader tgid=%d cpu=-1", getpid());
	tell("add 0 %s mode=hold hold_ms=1%s", place, force);
	tell("arm 0");
	do {
		come_and_go();
		nap(10);
		read_header(&header);
		if (line->held)
			fail("%s was held", place);
	} while (!line->unheld[reason] && !line->unheld[or_reason] && seconds() < limit);
	snprintf(key, sizeof(key), "unheld.%s", place);
	fact(key, line->unheld[reason] + line->unheld[or_reason]);
	if (!line->unheld[reason] && !line->unheld[or_reason])
		fail("%s: %llu hits, none unheld for reason %u", place, line->hits, reason);
	unload();
}

static void what_must_not_be_held(void)
{
	expect_unheld("update_process_times", FRAMEFREEZE_UNHELD_HARDIRQ, FRAMEFREEZE_UNHELD_HARDIRQ);
	expect_unheld("rcu_core", FRAMEFREEZE_UNHELD_SOFTIRQ, FRAMEFREEZE_UNHELD_SOFTIRQ);
	expect_unheld("tick_nohz_idle_enter", FRAMEFREEZE_UNHELD_IDLE, FRAMEFREEZE_UNHELD_PREEMPT);
	expect_unheld("enqueue_task_fair", FRAMEFREEZE_UNHELD_IRQS_OFF, FRAMEFREEZE_UNHELD_HARDIRQ);
}

static void what_must_be_told(void)
{
	char command[128];

	load("");
	snprintf(command, sizeof(command), "add 0 __x64_sys_getppid mode=hold%s", force);
	tell("%s", command);
	expect_error(ENODATA, "arm 0");
	tell("thresholds watchdog_ms=0 rcu_stall_ms=21000");
	expect_error(ENODATA, "arm 0");
	tell("reader tgid=1 cpu=0");
	write_file("/sys/devices/system/cpu/cpu1/online", "0");
	expect_error(EOPNOTSUPP, "arm 0");
	write_file("/sys/devices/system/cpu/cpu1/online", "1");
	tell("arm 0");
	unload();
}

static void find_preempt_count(void)
{
	char reason[256];

	prepare(10000);
	tell("add 0 __x64_sys_getppid mode=hold");
	forced = error_of("arm 0", reason) == EOPNOTSUPP;
	if (forced) {
		force = " force=1";
		printf("refused %d: %s\n", EOPNOTSUPP, reason);
		tell("add 1 __x64_sys_getppid mode=hold kind=return force=1");
		expect_error(EOPNOTSUPP, "arm 1");
	}
	fact("hold.forced", forced);
	unload();
}

/* As long as it may be, so that somebody outside can look. */
void do_show(void)
{
	struct framefreeze_header header;

	stay_on(READER_CPU);
	prepare(10000);
	tell("add 0 __x64_sys_getppid+%u int3=1 mode=hold hold_ms=2000 force=1", past_fentry);
	tell("arm 0");
	come_first();
	start_workers(0);
	wait_for_hold(&header);
	/* Before anything that may wait for the held CPU, as the disk and the console's tty do. */
	write_file("/dev/kmsg", "<1>HELD\n");
	fact("show.pid", header.hold.pid);
	fact("show.frame", header.hold.frame_address);
	wait_for_end(&header);
	stop_workers();
	unload();
}

/* Two locks a turn: set_current_blocked() takes sighand->siglock, a spinlock_t. */
static pid_t start_locking(void)
{
	pid_t child = fork();
	sigset_t set;

	if (child < 0)
		fail("a child");
	if (child)
		return child;
	stay_on(HELD_CPU);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	for (;;) {
		sigprocmask(SIG_BLOCK, &set, NULL);
		sigprocmask(SIG_UNBLOCK, &set, NULL);
	}
}

/* recalc_sigpending() runs with siglock held: its CPU is not to be. */
static void spare_a_lock(void)
{
	struct framefreeze_header header;
	const struct framefreeze_probe *line = &header.probes[0];
	double limit = seconds() + 10;
	pid_t child = start_locking();

	prepare(10000);
	tell("add 0 recalc_sigpending mode=hold hold_ms=1 force=1 tgid=%d", child);
	tell("arm 0");
	do {
		nap(10);
		read_header(&header);
	} while (!line->held && line->unheld[FRAMEFREEZE_UNHELD_PREEMPT] < 100 &&
		 seconds() < limit);
	fact("realtime.lock.held", line->held);
	fact("realtime.lock.unheld", line->unheld[FRAMEFREEZE_UNHELD_PREEMPT]);
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	unload();
}

void do_realtime(void)
{
	char reason[256];

	stay_on(READER_CPU);
	prepare(10000);
	tell("add 0 __x64_sys_getppid mode=hold");
	fact("realtime.refused", error_of("arm 0", reason));
	printf("reason %s\n", reason);
	unload();
	spare_a_lock();
	force = " force=1";
	expect_unheld("run_timer_softirq", FRAMEFREEZE_UNHELD_SOFTIRQ, FRAMEFREEZE_UNHELD_SOFTIRQ);
	hold_once("__x64_sys_getppid", "ftrace", FRAMEFREEZE_MECHANISM_FTRACE);
}

void do_hold(void)
{
	stay_on(READER_CPU);
	find_preempt_count();
	what_must_be_told();
	lower_to_a_quarter();
	hold_by_each_mechanism();
	release_and_again();
	what_must_not_be_held();
}
