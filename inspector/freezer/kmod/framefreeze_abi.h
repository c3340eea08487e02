/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The ABI of framefreeze's ring, version 1.
 *
 * A reader needs no type information: it finds the symbol framefreeze_header
 * (or the magic), and every field below at its offset. All words are
 * little-endian, naturally aligned, and never padded by the compiler; the
 * _Static_asserts hold that. inspector/record/abi.py decodes the same layout.
 *
 * A change of any offset, size or meaning raises FRAMEFREEZE_ABI_VERSION.
 */
#ifndef FRAMEFREEZE_ABI_H
#define FRAMEFREEZE_ABI_H

#include <linux/build_bug.h>
#include <linux/types.h>

#define FRAMEFREEZE_MAGIC "FRMFRZ\r\n" /* 8 bytes, no NUL */
#define FRAMEFREEZE_ABI_VERSION 1

#define FRAMEFREEZE_MAX_PROBES 8
#define FRAMEFREEZE_NAME_LEN 96
/* Words copied below the frame: the one at regs - 8 is the decisive evidence. */
#define FRAMEFREEZE_WORDS_BELOW 8
#define FRAMEFREEZE_REGS 21 /* struct pt_regs, as 64-bit words */

enum framefreeze_mode {
	FRAMEFREEZE_MODE_RECORD = 0,
	FRAMEFREEZE_MODE_CRASH = 1,
};

/* What the kprobe core had registered when the hit came. */
enum framefreeze_mechanism {
	FRAMEFREEZE_MECHANISM_UNKNOWN = 0,
	FRAMEFREEZE_MECHANISM_INT3 = 1,
	FRAMEFREEZE_MECHANISM_FTRACE = 2,
	FRAMEFREEZE_MECHANISM_OPTPROBE = 3,
};

/* framefreeze_record.flags */
/* The slice does not reach the entry frame's end; never does off the task stack. */
#define FRAMEFREEZE_TRUNCATED 0x1
#define FRAMEFREEZE_ON_TASK_STACK 0x2 /* the frame lies on current's task stack */
#define FRAMEFREEZE_KTHREAD 0x4 /* current has no entry frame: entry is zero */

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
	__u8 reserved[3];
	__u8 comm[16]; /* task->comm, NUL-terminated by the kernel */
	__u64 frame[FRAMEFREEZE_REGS];
	__u64 entry[FRAMEFREEZE_REGS];
	__u8 slice[]; /* framefreeze_header.slice_capacity bytes */
};

struct framefreeze_probe {
	__u64 address; /* struct kprobe.addr; 0: this slot is free */
	__u64 nmissed_address; /* of an unsigned long that the kprobe core counts in */
	__u64 hits;
	__u32 mode; /* enum framefreeze_mode */
	__u32 crash_after; /* panic on this hit, counted from 1 */
	char name[FRAMEFREEZE_NAME_LEN]; /* SYMBOL[+OFF] as asked for */
};

struct framefreeze_header {
	__u8 magic[8];
	__u32 abi_version;
	__u32 header_size; /* sizeof(struct framefreeze_header) */
	__u32 record_size; /* stride of the ring, slice included */
	__u32 record_count; /* slots in the ring */
	__u32 slice_offset; /* offsetof(struct framefreeze_record, slice) */
	__u32 slice_capacity;
	__u32 probe_count;
	__u32 probe_size; /* sizeof(struct framefreeze_probe) */
	__u64 records; /* kernel virtual address of the ring */
	__u64 next; /* hits that asked for a slot so far; hit n takes slot n % record_count */
	/* Hits whose slot was still being written by another, or has a later one already. */
	__u64 lost;
	struct framefreeze_probe probes[FRAMEFREEZE_MAX_PROBES];
};

static_assert(offsetof(struct framefreeze_record, slice_length) == 72);
static_assert(offsetof(struct framefreeze_record, probe) == 96);
static_assert(offsetof(struct framefreeze_record, comm) == 104);
static_assert(offsetof(struct framefreeze_record, frame) == 120);
static_assert(offsetof(struct framefreeze_record, entry) == 288);
static_assert(offsetof(struct framefreeze_record, slice) == 456);
static_assert(sizeof(struct framefreeze_probe) == 128);
static_assert(offsetof(struct framefreeze_header, records) == 40);
static_assert(offsetof(struct framefreeze_header, probes) == 64);

#endif
