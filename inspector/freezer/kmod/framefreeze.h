/* SPDX-License-Identifier: GPL-2.0 */
/* What the module's files share. */
#ifndef FRAMEFREEZE_H
#define FRAMEFREEZE_H

#include <linux/atomic.h>
#include <linux/kprobes.h>
#include <linux/mutex.h>
#include <linux/uaccess.h>

#include "framefreeze_abi.h"

#define FREEZE_REASON_LEN 200
#define FREEZE_HOLD_MS 500
#define FREEZE_MAX_HOLD_MS 2000
#define FREEZE_MAXACTIVE 256

/* A probe and what only the module needs to know of it. */
struct freeze_probe {
	struct kretprobe rp; /* an entry probe is its kp alone */
	struct framefreeze_probe *line; /* in the header */
	u32 index; /* in freeze_probes */
	u32 begins; /* with any of these in freeze_event.ends, a hit begins another event */
	u32 begun; /* freeze_event.ends when it did */
	u64 seen; /* hits that reached `every` */
	u64 limited; /* hits that reached `limit` */
	u64 passed; /* hits that passed, where one of them is to panic */
	u32 shot; /* one while it may hold */
	char symbol[FRAMEFREEZE_NAME_LEN]; /* kp.symbol_name */
};

/* What `set` asks for; a filter that is not in `given` stays as it is. */
struct freeze_filters {
	u32 given, on; /* FRAMEFREEZE_FILTER_* */
	s32 pid, tgid, nr;
	u64 every, limit;
	char comm[16];
};

/* What `add` asks for. */
struct freeze_spec {
	const char *place; /* SYMBOL[+OFF] */
	enum framefreeze_mode mode;
	u32 flags; /* of struct framefreeze_probe */
	u32 hold_ms;
	u32 maxactive;
	u64 crash_after;
	bool confirmed;
	struct freeze_filters filters;
};

/* One line for a person: why a command was refused. */
struct freeze_reason {
	char text[FREEZE_REASON_LEN];
};

/* main.c. The header is global, so that it is in kallsyms and not optimised away. */
extern struct framefreeze_header framefreeze_header;
extern struct freeze_probe freeze_probes[FRAMEFREEZE_MAX_PROBES];

__printf(3, 4) int freeze_refuse(struct freeze_reason *reason, int error, const char *format, ...);

/* The ABI has plain words; the counters among them are only touched through this. */
static __always_inline u64 freeze_count(__u64 *word)
{
	return atomic64_fetch_inc((atomic64_t *)word);
}

/* files.c */
int freeze_make_files(void);
void freeze_remove_files(void);

/* control.c; the text is taken apart in place */
int freeze_command(char *text, struct freeze_reason *reason);

/* probes.c; all under freeze_lock */
extern struct mutex freeze_lock;
int freeze_add(unsigned int slot, const struct freeze_spec *spec, struct freeze_reason *reason);
int freeze_arm(unsigned int slot, struct freeze_reason *reason);
int freeze_disarm(unsigned int slot, struct freeze_reason *reason);
int freeze_remove(unsigned int slot, struct freeze_reason *reason);
void freeze_remove_all(void);
void freeze_refresh(void);

/* filter.c */
int freeze_set(unsigned int slot, const struct freeze_filters *asked, struct freeze_reason *reason);
void freeze_first_filters(struct freeze_probe *probe, const struct freeze_filters *asked);

/* hold.c */
void freeze_loaded(void);
void freeze_thresholds(u32 watchdog_ms, u32 rcu_stall_ms);
void freeze_reader(s32 tgid, s32 cpu);
int freeze_may_hold(struct freeze_probe *probe, struct freeze_reason *reason);
int freeze_again(unsigned int slot, struct freeze_reason *reason);
int freeze_quiet_begin(struct freeze_reason *reason);
void freeze_quiet_end(void);
void freeze_release(void);
void freeze_leave(void);
extern const struct framefreeze_record *freeze_pinned;
u8 freeze_hold_claim(struct freeze_probe *probe, const struct pt_regs *regs, u8 mechanism,
		     const struct framefreeze_record *record);
void freeze_hold(const struct freeze_probe *probe, const struct pt_regs *regs, u64 record);

/* handler.c */
void freeze_first_event(struct freeze_probe *probe);
int freeze_pre_handler(struct kprobe *kp, struct pt_regs *regs);
int freeze_return_handler(struct kretprobe_instance *instance, struct pt_regs *regs);
void freeze_post_handler(struct kprobe *kp, struct pt_regs *regs, unsigned long flags);
u8 freeze_mechanism(const struct kprobe *kp, u8 text_byte);

/*
 * What the text holds at a probe, 0 where it is gone: a module's text goes before a probe in it
 * is removed, and a return is hit when its function has been left.
 */
static __always_inline u8 freeze_text_byte(const struct kprobe *kp)
{
	u8 byte;

	__get_kernel_nofault(&byte, kp->addr, u8, gone);
	return byte;
gone:
	return 0;
}

/*
 * Of the preempt count, what was there before the mechanism added its own: int3 enters as an
 * NMI does (irqentry_nmi_enter(), kernel/entry/common.c), the others with preemption off.
 */
static __always_inline u32 freeze_interrupted_count(u32 count, u8 mechanism)
{
	if (mechanism == FRAMEFREEZE_MECHANISM_INT3)
		return count - (NMI_OFFSET + HARDIRQ_OFFSET);
	return count - PREEMPT_DISABLE_OFFSET;
}

#endif
