/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The ABI of framefreeze's ring, version 2.
 *
 * A reader needs no type information: it finds the symbol framefreeze_header
 * (or the magic), or reads /proc/framefreeze/header and ring, and has every
 * field below at its offset. All words are little-endian, naturally aligned,
 * and never padded by the compiler; the static_asserts hold that.
 * inspector/formats/ring.py decodes the same layout.
 *
 * A change of any offset, size or meaning raises FRAMEFREEZE_ABI_VERSION.
 */
#ifndef FRAMEFREEZE_ABI_H
#define FRAMEFREEZE_ABI_H

#include <linux/types.h>
#ifdef __KERNEL__
#include <linux/build_bug.h>
#else
#include <assert.h>
#include <stddef.h>
#endif

#define FRAMEFREEZE_MAGIC "FRMFRZ\r\n" /* 8 bytes, no NUL */
#define FRAMEFREEZE_ABI_VERSION 2

#define FRAMEFREEZE_MAX_PROBES 8
#define FRAMEFREEZE_NAME_LEN 96
/* Words copied below the frame: the one at regs - 8 is the decisive evidence. */
#define FRAMEFREEZE_WORDS_BELOW 8
#define FRAMEFREEZE_REGS 21 /* struct pt_regs, as 64-bit words */
#define FRAMEFREEZE_UNHELD_REASONS 16

enum framefreeze_mode {
	FRAMEFREEZE_MODE_RECORD = 0,
	FRAMEFREEZE_MODE_CRASH = 1,
	FRAMEFREEZE_MODE_HOLD = 2,
};

/* How the handler was reached; for an entry probe, what its text held at the hit. */
enum framefreeze_mechanism {
	FRAMEFREEZE_MECHANISM_UNKNOWN = 0,
	FRAMEFREEZE_MECHANISM_INT3 = 1,
	FRAMEFREEZE_MECHANISM_FTRACE = 2,
	FRAMEFREEZE_MECHANISM_OPTPROBE = 3,
	FRAMEFREEZE_MECHANISM_RETURN = 4, /* kretprobe, by trampoline or rethook */
};

/* Why a hit of a probe in hold mode was recorded only. */
enum framefreeze_unheld {
	FRAMEFREEZE_UNHELD_NONE = 0,
	FRAMEFREEZE_UNHELD_IRQS_OFF = 1, /* the interrupted code had interrupts off */
	FRAMEFREEZE_UNHELD_HARDIRQ = 2,
	FRAMEFREEZE_UNHELD_SOFTIRQ = 3, /* in a soft IRQ, or they are held off */
	FRAMEFREEZE_UNHELD_NMI = 4,
	FRAMEFREEZE_UNHELD_PREEMPT = 5, /* beyond the mechanism's own; on RT, migration is off */
	FRAMEFREEZE_UNHELD_IDLE = 6, /* the idle task */
	FRAMEFREEZE_UNHELD_READER = 7, /* the reader, or on its CPU */
	FRAMEFREEZE_UNHELD_ONE_CPU = 8, /* no other CPU is online */
	FRAMEFREEZE_UNHELD_BUSY = 9, /* another CPU is held */
	FRAMEFREEZE_UNHELD_SPENT = 10, /* the one shot is gone */
	FRAMEFREEZE_UNHELD_COOLDOWN = 11,
	FRAMEFREEZE_UNHELD_CHANGING = 12, /* a probe is being armed or disarmed */
	FRAMEFREEZE_UNHELD_LEAVING = 13, /* the module is on its way out */
	FRAMEFREEZE_UNHELD_MECHANISM = 14, /* the handler runs under a lock, or is unknown */
	FRAMEFREEZE_UNHELD_LOST = 15, /* there is no record of this hit */
};

/* framefreeze_record.flags */
/* The slice does not reach the entry frame's end; never does off the task stack. */
#define FRAMEFREEZE_TRUNCATED 0x1
#define FRAMEFREEZE_ON_TASK_STACK 0x2 /* the frame lies on current's task stack */
#define FRAMEFREEZE_KTHREAD 0x4 /* current has no entry frame: entry is zero */
#define FRAMEFREEZE_COMPAT 0x8 /* TS_COMPAT: orig_ax counts in the 32-bit table */
#define FRAMEFREEZE_HELD 0x10 /* the CPU is, or was, held in this hit */

struct framefreeze_record {
	/*
	 * 2n+1 while the n-th hit is being written here, 2n+2 when it is whole.
	 * Zero: never used.
	 */
	__u64 seq;
	__u64 time_ns; /* ktime_get_mono_fast_ns() */
	__u64 hit; /* the n-th hit of this probe, from 1 */
	__u64 probe_address; /* struct kprobe.addr */
	__u64 frame_address; /* the struct pt_regs * the handler was given */
	__u64 entry_address; /* task_pt_regs(current); 0 for a kernel thread */
	__u64 task; /* struct task_struct * */
	__u64 stack_address; /* task->stack, its lowest address */
	__u64 slice_address; /* where slice[0] was */
	/*
	 * Records with the same number were made by one task in one event: from a
	 * hit of a probe that opens events to the next, and never across two stays
	 * in the kernel. 0: in an interrupt, which is no task's.
	 */
	__u64 event;
	__u64 return_address; /* the real one, of a return probe; else 0 */
	__u32 slice_length; /* bytes of slice that were copied */
	__u32 flags;
	__s32 pid;
	__s32 tgid;
	__u32 cpu;
	__u32 preempt_count; /* as read in the handler */
	__u16 probe; /* index into framefreeze_header.probes */
	__u8 mechanism; /* enum framefreeze_mechanism */
	__u8 mode; /* enum framefreeze_mode */
	__u8 text_byte; /* the byte at probe_address during the hit */
	__u8 unheld; /* enum framefreeze_unheld */
	__u8 reserved[2];
	__u8 comm[16]; /* task->comm, NUL-terminated by the kernel */
	__u64 frame[FRAMEFREEZE_REGS];
	__u64 entry[FRAMEFREEZE_REGS];
	__u8 slice[]; /* framefreeze_header.slice_capacity bytes */
};

enum framefreeze_state {
	FRAMEFREEZE_FREE = 0,
	FRAMEFREEZE_DISARMED = 1,
	FRAMEFREEZE_ARMED = 2,
	FRAMEFREEZE_REMOVED = 3, /* its line stays, for its records */
};

/* framefreeze_probe.flags */
#define FRAMEFREEZE_RETURN 0x1 /* a kretprobe */
#define FRAMEFREEZE_KEEP_INT3 0x2 /* never optimised */
#define FRAMEFREEZE_OPENS 0x4 /* each hit begins an event */
#define FRAMEFREEZE_FORCE 0x8 /* hold without PREEMPT_COUNT, or on PREEMPT_RT */

/* framefreeze_probe.filters: which of the values below count */
#define FRAMEFREEZE_FILTER_PID 0x1
#define FRAMEFREEZE_FILTER_TGID 0x2
#define FRAMEFREEZE_FILTER_COMM 0x4
#define FRAMEFREEZE_FILTER_NR 0x8 /* of the 64-bit table */
#define FRAMEFREEZE_FILTER_NR32 0x10 /* of the 32-bit table */
#define FRAMEFREEZE_FILTER_EVERY 0x20
#define FRAMEFREEZE_FILTER_LIMIT 0x40
#define FRAMEFREEZE_FILTER_ALL 0x80 /* nothing passes: the filters are being changed */

struct framefreeze_probe {
	__u64 address; /* struct kprobe.addr; 0: this slot is free */
	__u64 nmissed_address; /* of an unsigned long that the kprobe core counts in */
	__u64 return_nmissed_address; /* of an int, struct kretprobe.nmissed; else 0 */
	/* At rest: hits = filtered + recorded + lost. */
	__u64 hits;
	__u64 filtered;
	__u64 recorded;
	__u64 lost;
	__u64 missed; /* both of the above, when /proc/framefreeze/header was last read */
	__u64 held;
	__u64 unheld[FRAMEFREEZE_UNHELD_REASONS]; /* by enum framefreeze_unheld */
	__u64 every; /* of the hits that the filters before it let pass: the first, … */
	__u64 limit; /* at most so many are recorded */
	__u64 crash_after; /* panic on this hit of those that pass, counted from 1 */
	__u32 hold_ms; /* as asked for until it is armed, then as allowed */
	__u32 flags;
	__u32 state; /* enum framefreeze_state */
	__u32 mode; /* enum framefreeze_mode */
	__u32 filters;
	__s32 pid;
	__s32 tgid;
	__s32 nr;
	__u8 comm[16];
	/* When /proc/framefreeze/header was last read. */
	__u8 mechanism_now; /* enum framefreeze_mechanism */
	__u8 text_byte;
	__u8 reserved[6];
	char name[FRAMEFREEZE_NAME_LEN]; /* SYMBOL[+OFF] as asked for */
};

enum framefreeze_ended {
	FRAMEFREEZE_ENDED_NONE = 0,
	FRAMEFREEZE_ENDED_RELEASED = 1,
	FRAMEFREEZE_ENDED_TIMEOUT = 2,
	FRAMEFREEZE_ENDED_ITERATIONS = 3, /* the clock stood still */
};

/* The one hold: of now, or the last. */
struct framefreeze_hold {
	__u64 record; /* n of its record's seq */
	__u64 since_ns;
	__u64 until_ns; /* at the latest */
	__u64 ended_ns;
	__u64 cooldown_until_ns;
	__u64 frame_address;
	__u64 task;
	__u64 iterations; /* that it took */
	__u32 held; /* 1: now */
	__u32 cpu;
	__s32 pid;
	__u32 probe;
	__u32 ended_by; /* enum framefreeze_ended */
	__u32 reserved;
};

struct framefreeze_header {
	__u8 magic[8];
	__u32 abi_version;
	__u32 header_size; /* sizeof(struct framefreeze_header) */
	__u32 record_size; /* stride of the ring, slice included */
	__u32 record_count; /* slots in the ring */
	__u32 slice_offset; /* offsetof(struct framefreeze_record, slice) */
	__u32 slice_capacity;
	__u32 probe_count; /* lines of probes; some may be free */
	__u32 probe_size; /* sizeof(struct framefreeze_probe) */
	__u64 records; /* kernel virtual address of the ring */
	__u64 next; /* hits that asked for a slot so far; hit n takes slot n % record_count */
	/* Hits whose slot was being written, has a later one already, or keeps a held hit. */
	__u64 lost;
	__u64 events; /* begun so far */
	struct framefreeze_hold hold;
	struct framefreeze_probe probes[FRAMEFREEZE_MAX_PROBES];
};

static_assert(offsetof(struct framefreeze_record, slice_length) == 88);
static_assert(offsetof(struct framefreeze_record, probe) == 112);
static_assert(offsetof(struct framefreeze_record, comm) == 120);
static_assert(offsetof(struct framefreeze_record, frame) == 136);
static_assert(offsetof(struct framefreeze_record, entry) == 304);
static_assert(offsetof(struct framefreeze_record, slice) == 472);
static_assert(offsetof(struct framefreeze_probe, every) == 200);
static_assert(offsetof(struct framefreeze_probe, hold_ms) == 224);
static_assert(offsetof(struct framefreeze_probe, comm) == 256);
static_assert(sizeof(struct framefreeze_probe) == 376);
static_assert(sizeof(struct framefreeze_hold) == 88);
static_assert(offsetof(struct framefreeze_header, records) == 40);
static_assert(offsetof(struct framefreeze_header, hold) == 72);
static_assert(offsetof(struct framefreeze_header, probes) == 160);
static_assert(sizeof(struct framefreeze_header) == 3168);

#endif
