// SPDX-License-Identifier: GPL-2.0
/*
 * A hold: the CPU that hits a probe waits inside the handler, so that its real
 * stack can be read from another one. One CPU at a time, for a bounded time, and
 * only where nothing but the probed task waits with it.
 *
 * Lock order of a hold and a change of the kernel's text, each of which must not
 * begin during the other: a hitting CPU takes `holder`, then looks at `changing`;
 * who changes sets `changing`, then looks at `holder`.
 */
#include <linux/atomic.h>
#include <linux/cpumask.h>
#include <linux/delay.h>
#include <linux/minmax.h>
#include <linux/sched.h>
#include <linux/timekeeping.h>
#include <asm/processor-flags.h>
#include <asm/ptrace.h>

#include "compat.h"
#include "framefreeze.h"

#define MIN_COOLDOWN_NS NSEC_PER_SEC
/*
 * What loading leaves to a worker (do_free_init(), kernel/module/main.c) asks all CPUs to flush
 * their TLBs: a reader whose CPU it runs on would wait for the held one.
 */
#define SETTLE_NS (NSEC_PER_SEC / 2)
/*
 * Seldom: a clock outside the CPU (HPET, the PM timer) is shared, and an emulated CPU takes its
 * machine's one lock for that as for cpu_relax(): without it the others stand still, too.
 */
#define LOOPS_A_LOOK 4096
/* Of the loops that it takes by an undisturbed clock: a CPU may have become faster since. */
#define CAP 4
#define CALIBRATION_ROUNDS 8
#define CALIBRATION_LOOPS (4 * LOOPS_A_LOOK)

static atomic_t holder; /* 1: a CPU is held, or about to be */
const struct framefreeze_record *freeze_pinned; /* what it made, not to be written over */
static bool changing; /* text is being changed */
static bool leaving;
static bool released;

/* As told; neither is exported to modules. 0: not told yet. */
static u32 smallest_threshold_ms;
static bool reader_known;
static s32 reader_tgid;
static s32 reader_cpu = -1;

static u64 loops_per_ms; /* of wait(), on an undisturbed CPU */
static u64 settled_ns;

void freeze_loaded(void)
{
	settled_ns = ktime_get_mono_fast_ns() + SETTLE_NS;
}

static void settle(void)
{
	while (ktime_get_mono_fast_ns() < settled_ns)
		msleep(20);
}

/* The softer one of both at least: rcu_stall_ms is never 0. */
void freeze_thresholds(u32 watchdog_ms, u32 rcu_stall_ms)
{
	smallest_threshold_ms = watchdog_ms ? min(watchdog_ms, rcu_stall_ms) : rcu_stall_ms;
}

void freeze_reader(s32 tgid, s32 cpu)
{
	WRITE_ONCE(reader_tgid, tgid);
	WRITE_ONCE(reader_cpu, cpu);
	reader_known = true;
}

/* Never by jiffies: the held CPU may be the one that counts them. */
static __always_inline u8 wait(u64 until, u64 loops, u64 *taken)
{
	u64 i;

	for (i = 0; i < loops; i++) {
		*taken = i;
		if (READ_ONCE(released) || READ_ONCE(leaving))
			return FRAMEFREEZE_ENDED_RELEASED;
		if (i % LOOPS_A_LOOK)
			continue;
		cpu_relax();
		if (ktime_get_mono_fast_ns() >= until)
			return FRAMEFREEZE_ENDED_TIMEOUT;
	}
	return FRAMEFREEZE_ENDED_ITERATIONS;
}

/* The fastest of some rounds: the cap is for a clock that stands still, not for a slow CPU. */
static bool calibrate(void)
{
	u64 best = U64_MAX, taken, start;
	int round;

	if (loops_per_ms)
		return true;
	released = false;
	for (round = 0; round < CALIBRATION_ROUNDS; round++) {
		preempt_disable();
		start = ktime_get_mono_fast_ns();
		wait(U64_MAX, CALIBRATION_LOOPS, &taken);
		best = min(best, ktime_get_mono_fast_ns() - start);
		preempt_enable();
	}
	if (best)
		loops_per_ms = max_t(u64, CALIBRATION_LOOPS * NSEC_PER_MSEC / best, 1);
	return best;
}

/* What must be so before a probe that holds is armed; lowers its hold_ms to what is allowed. */
int freeze_may_hold(struct freeze_probe *probe, struct freeze_reason *reason)
{
	struct framefreeze_probe *line = probe->line;

	if (num_online_cpus() < 2)
		return freeze_refuse(reason, -EOPNOTSUPP,
				     "%s: one CPU is online: nobody could read while it is held",
				     line->name);
	if (!IS_ENABLED(CONFIG_PREEMPT_COUNT) && !(line->flags & FRAMEFREEZE_FORCE))
		return freeze_refuse(reason, -EOPNOTSUPP,
				     "%s: no PREEMPT_COUNT here: locks cannot be seen; force=1 holds",
				     line->name);
	if (IS_ENABLED(CONFIG_PREEMPT_RT) && !(line->flags & FRAMEFREEZE_FORCE))
		return freeze_refuse(reason, -EOPNOTSUPP,
				     "%s: PREEMPT_RT: not every lock can be seen; force=1 holds",
				     line->name);
	if (FREEZE_RETURN_IS_LOCKED && line->flags & FRAMEFREEZE_RETURN)
		return freeze_refuse(reason, -EOPNOTSUPP,
				     "%s: this kernel runs return handlers under a lock",
				     line->name);
	if (!smallest_threshold_ms)
		return freeze_refuse(reason, -ENODATA, "%s: 'thresholds' was not told yet",
				     line->name);
	if (!reader_known)
		return freeze_refuse(reason, -ENODATA, "%s: 'reader' was not told yet", line->name);
	if (!calibrate())
		return freeze_refuse(reason, -EOPNOTSUPP, "%s: the clock stands still", line->name);
	line->hold_ms = min(line->hold_ms, smallest_threshold_ms / 4);
	if (!line->hold_ms)
		return freeze_refuse(reason, -ERANGE, "%s: a threshold of %u ms leaves no time",
				     line->name, smallest_threshold_ms);
	settle();
	WRITE_ONCE(probe->shot, 1);
	return 0;
}

int freeze_again(unsigned int slot, struct freeze_reason *reason)
{
	struct freeze_probe *probe = &freeze_probes[slot];
	u64 until = framefreeze_header.hold.cooldown_until_ns, now = ktime_get_mono_fast_ns();

	if (probe->line->state != FRAMEFREEZE_ARMED || probe->line->mode != FRAMEFREEZE_MODE_HOLD)
		return freeze_refuse(reason, -EINVAL, "slot %u has no armed probe that holds",
				     slot);
	if (atomic_read(&holder))
		return freeze_refuse(reason, -EBUSY, "a CPU is held");
	if (now < until)
		return freeze_refuse(reason, -EAGAIN, "the last hold was too recent: %llu ms more",
				     (until - now) / NSEC_PER_MSEC + 1);
	WRITE_ONCE(probe->shot, 1);
	return 0;
}

/* Until freeze_quiet_end(), no CPU is held: a change of text needs them all. */
int freeze_quiet_begin(struct freeze_reason *reason)
{
	WRITE_ONCE(changing, true);
	smp_mb(); /* against the one in freeze_hold_claim()'s cmpxchg */
	if (!atomic_read(&holder))
		return 0;
	WRITE_ONCE(changing, false);
	return freeze_refuse(reason, -EBUSY, "a CPU is held: 'release' it first");
}

void freeze_quiet_end(void)
{
	WRITE_ONCE(changing, false);
}

/* Without a lock and without an IPI: the held CPU looks. */
void freeze_release(void)
{
	WRITE_ONCE(released, true);
}

/* Ends a hold and forbids another: then text can be changed for good. */
void freeze_leave(void)
{
	WRITE_ONCE(leaving, true);
	smp_mb(); /* as in freeze_quiet_begin() */
	while (atomic_read(&holder))
		usleep_range(50, 200);
}

/* Why the interrupted code must not be kept waiting; NONE if it may. */
static __always_inline u8 unfit(const struct pt_regs *regs, u8 mechanism)
{
	u32 count = freeze_interrupted_count(preempt_count(), mechanism);

	if (mechanism == FRAMEFREEZE_MECHANISM_UNKNOWN)
		return FRAMEFREEZE_UNHELD_MECHANISM;
	if (count & NMI_MASK)
		return FRAMEFREEZE_UNHELD_NMI;
	if (count & HARDIRQ_MASK)
		return FRAMEFREEZE_UNHELD_HARDIRQ;
	if (freeze_softirq_count(count))
		return FRAMEFREEZE_UNHELD_SOFTIRQ;
	if (!(regs->flags & X86_EFLAGS_IF))
		return FRAMEFREEZE_UNHELD_IRQS_OFF;
	if (count)
		return FRAMEFREEZE_UNHELD_PREEMPT;
	if (freeze_may_own_lock(current))
		return FRAMEFREEZE_UNHELD_PREEMPT;
	if (is_idle_task(current))
		return FRAMEFREEZE_UNHELD_IDLE;
	return FRAMEFREEZE_UNHELD_NONE;
}

static __always_inline u8 unwanted(const struct freeze_probe *probe)
{
	if (current->tgid == READ_ONCE(reader_tgid) ||
	    raw_smp_processor_id() == READ_ONCE(reader_cpu))
		return FRAMEFREEZE_UNHELD_READER;
	if (num_online_cpus() < 2)
		return FRAMEFREEZE_UNHELD_ONE_CPU;
	if (!READ_ONCE(probe->shot))
		return FRAMEFREEZE_UNHELD_SPENT;
	if (ktime_get_mono_fast_ns() < READ_ONCE(framefreeze_header.hold.cooldown_until_ns))
		return FRAMEFREEZE_UNHELD_COOLDOWN;
	return FRAMEFREEZE_UNHELD_NONE;
}

/* With the holder taken: what may have changed before it was. */
static __always_inline u8 too_late(const struct freeze_probe *probe)
{
	if (READ_ONCE(leaving))
		return FRAMEFREEZE_UNHELD_LEAVING;
	if (READ_ONCE(changing))
		return FRAMEFREEZE_UNHELD_CHANGING;
	return unwanted(probe); /* another CPU's hold may have begun and ended since */
}

/* FRAMEFREEZE_UNHELD_NONE: this CPU is now the holder, and must call freeze_hold(). */
u8 freeze_hold_claim(struct freeze_probe *probe, const struct pt_regs *regs, u8 mechanism,
		     const struct framefreeze_record *record)
{
	u8 why = unfit(regs, mechanism);

	if (!why)
		why = unwanted(probe);
	if (why)
		return why;
	if (atomic_cmpxchg(&holder, 0, 1))
		return FRAMEFREEZE_UNHELD_BUSY;
	why = too_late(probe);
	if (why) {
		atomic_set_release(&holder, 0);
		return why;
	}
	WRITE_ONCE(probe->shot, 0);
	WRITE_ONCE(freeze_pinned, record);
	WRITE_ONCE(released, false);
	return FRAMEFREEZE_UNHELD_NONE;
}
NOKPROBE_SYMBOL(freeze_hold_claim);

void freeze_hold(const struct freeze_probe *probe, const struct pt_regs *regs, u64 record)
{
	struct framefreeze_hold *hold = &framefreeze_header.hold;
	u64 allowed = (u64)probe->line->hold_ms * NSEC_PER_MSEC, taken = 0, rest;

	hold->record = record;
	hold->frame_address = (u64)regs;
	hold->task = (u64)current;
	hold->cpu = raw_smp_processor_id();
	hold->pid = current->pid;
	hold->probe = probe - freeze_probes;
	hold->ended_ns = 0;
	hold->ended_by = FRAMEFREEZE_ENDED_NONE;
	hold->since_ns = ktime_get_mono_fast_ns();
	hold->until_ns = hold->since_ns + allowed;
	/* Who sees it held sees where. */
	smp_store_release(&hold->held, 1);

	hold->ended_by = wait(hold->until_ns, CAP * loops_per_ms * probe->line->hold_ms, &taken);

	hold->iterations = taken;
	hold->ended_ns = ktime_get_mono_fast_ns();
	rest = max_t(u64, MIN_COOLDOWN_NS, 4 * allowed);
	WRITE_ONCE(hold->cooldown_until_ns, hold->ended_ns + rest);
	WRITE_ONCE(freeze_pinned, NULL);
	/* Who sees it ended sees how, and the next holder sees the cooldown. */
	smp_store_release(&hold->held, 0);
	atomic_set_release(&holder, 0);
}
NOKPROBE_SYMBOL(freeze_hold);
