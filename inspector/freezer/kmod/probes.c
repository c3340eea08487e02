// SPDX-License-Identifier: GPL-2.0
/* Probes: added disarmed, armed, disarmed, removed. All of it sleeps, under freeze_lock. */
#include <linux/kernel.h>
#include <linux/security.h>
#include <linux/string.h>

#include "framefreeze.h"

/* Of every probe and its line, but for what hits count and holds do. */
DEFINE_MUTEX(freeze_lock);

static bool is_registered(const struct freeze_probe *probe)
{
	u32 state = probe->line->state;

	return state == FRAMEFREEZE_DISARMED || state == FRAMEFREEZE_ARMED;
}

static bool returns(const struct freeze_probe *probe)
{
	return probe->line->flags & FRAMEFREEZE_RETURN;
}

/* SYMBOL[+OFF]; a module's symbol is MODULE:SYMBOL, as the kprobe core takes it. */
static int parse_place(struct freeze_probe *probe, const char *place, struct freeze_reason *reason)
{
	char *offset;

	if (strscpy(probe->line->name, place, sizeof(probe->line->name)) < 0)
		return freeze_refuse(reason, -ENAMETOOLONG, "%.32s...: too long a name", place);
	strscpy(probe->symbol, place, sizeof(probe->symbol));
	probe->rp.kp.symbol_name = probe->symbol;
	offset = strchr(probe->symbol, '+');
	if (offset)
		*offset++ = '\0';
	if (!*probe->symbol || (offset && kstrtouint(offset, 0, &probe->rp.kp.offset)))
		return freeze_refuse(reason, -EINVAL, "'%s' is not SYMBOL[+OFF]", place);
	return 0;
}

static int check_spec(const struct freeze_spec *spec, struct freeze_reason *reason)
{
	if (spec->mode == FRAMEFREEZE_MODE_CRASH && !spec->confirmed)
		return freeze_refuse(reason, -EPERM,
				     "%s: crashing the machine needs confirm=1", spec->place);
	if (!spec->crash_after)
		return freeze_refuse(reason, -ERANGE, "crash_after=0: hits are counted from 1");
	if (!spec->hold_ms || spec->hold_ms > FREEZE_MAX_HOLD_MS)
		return freeze_refuse(reason, -ERANGE, "hold_ms=%u is not within 1 to %u",
				     spec->hold_ms, FREEZE_MAX_HOLD_MS);
	if (spec->flags & FRAMEFREEZE_RETURN && strchr(spec->place, '+'))
		return freeze_refuse(reason, -EINVAL, "%s: a return probe takes no offset",
				     spec->place);
	if (spec->flags & FRAMEFREEZE_RETURN && spec->flags & FRAMEFREEZE_KEEP_INT3)
		return freeze_refuse(reason, -EINVAL, "int3=1 is for entry probes");
	return 0;
}

/* The records of the slot's last owner would be taken for the new one's. */
static void forget_records(unsigned int slot)
{
	struct framefreeze_header *header = &framefreeze_header;
	struct framefreeze_record *record;
	u64 seq;
	u32 i;

	for (i = 0; i < header->record_count; i++) {
		record = (void *)header->records + (u64)i * header->record_size;
		seq = READ_ONCE(record->seq);
		if (seq && !(seq & 1) && record->probe == slot)
			cmpxchg(&record->seq, seq, 0);
	}
}

static int prepare(struct freeze_probe *probe, const struct freeze_spec *spec,
		   struct freeze_reason *reason)
{
	struct framefreeze_probe *line = probe->line;
	int ret;

	memset(probe, 0, sizeof(*probe));
	memset(line, 0, sizeof(*line));
	probe->line = line;
	probe->index = probe - freeze_probes;
	ret = parse_place(probe, spec->place, reason);
	if (ret)
		return ret;
	line->mode = spec->mode;
	line->flags = spec->flags;
	freeze_first_event(probe);
	line->hold_ms = spec->mode == FRAMEFREEZE_MODE_HOLD ? spec->hold_ms : 0;
	line->crash_after = spec->mode == FRAMEFREEZE_MODE_CRASH ? spec->crash_after : 0;
	line->nmissed_address = (u64)&probe->rp.kp.nmissed;
	if (returns(probe))
		line->return_nmissed_address = (u64)&probe->rp.nmissed;
	freeze_first_filters(probe, &spec->filters);
	return 0;
}

static void unregister(struct freeze_probe *probe)
{
	if (returns(probe))
		unregister_kretprobe(&probe->rp);
	else
		unregister_kprobe(&probe->rp.kp);
}

/* Disarmed, so that no hit is taken, and no panic either, before all are accepted. */
static int do_register(struct freeze_probe *probe, u32 maxactive)
{
	struct kprobe *kp = &probe->rp.kp;

	kp->flags = KPROBE_FLAG_DISABLED;
	if (returns(probe)) {
		probe->rp.handler = freeze_return_handler;
		probe->rp.maxactive = maxactive;
		return register_kretprobe(&probe->rp);
	}
	kp->pre_handler = freeze_pre_handler;
	if (probe->line->flags & FRAMEFREEZE_KEEP_INT3)
		kp->post_handler = freeze_post_handler;
	return register_kprobe(kp);
}

/* register_kprobe()'s errors, kernel/kprobes.c. */
static const char *why_not(int error)
{
	switch (error) {
	case -ENOENT:
		return "there is no such symbol";
	case -EILSEQ:
		return "not the first byte of an instruction";
	case -EINVAL:
		return "the kernel allows no probe there";
	case -EADDRNOTAVAIL:
		return "several symbols have that name";
	case -EBUSY:
		return "something else has changed the text there";
	case -ENOMEM:
		return "out of memory";
	default:
		return "the kernel refused the probe";
	}
}

static int register_new(struct freeze_probe *probe, const struct freeze_spec *spec,
			struct freeze_reason *reason)
{
	int ret = do_register(probe, spec->maxactive);

	if (ret)
		return freeze_refuse(reason, ret, "%s: %s", spec->place, why_not(ret));
	if (spec->flags & FRAMEFREEZE_KEEP_INT3 && probe->rp.kp.flags & KPROBE_FLAG_FTRACE) {
		unregister(probe);
		return freeze_refuse(reason, -EOPNOTSUPP,
				     "%s: an ftrace site, where no probe is int3", spec->place);
	}
	probe->line->address = (u64)probe->rp.kp.addr;
	return 0;
}

/* As tracefs asks: a signed module is no way around it. */
static int check_lockdown(const char *place, struct freeze_reason *reason)
{
	int ret = security_locked_down(LOCKDOWN_KPROBES);

	if (ret)
		return freeze_refuse(reason, ret, "%s: the kernel is locked down: no kprobes",
				     place);
	return 0;
}

int freeze_add(unsigned int slot, const struct freeze_spec *spec, struct freeze_reason *reason)
{
	struct freeze_probe *probe = &freeze_probes[slot];
	int ret;

	if (is_registered(probe))
		return freeze_refuse(reason, -EBUSY, "slot %u is in use by %s", slot,
				     probe->line->name);
	ret = check_lockdown(spec->place, reason) ?: check_spec(spec, reason);
	if (ret)
		return ret;
	ret = freeze_quiet_begin(reason);
	if (ret)
		return ret;
	forget_records(slot);
	ret = prepare(probe, spec, reason);
	if (!ret)
		ret = register_new(probe, spec, reason);
	if (ret)
		memset(probe->line, 0, sizeof(*probe->line));
	else
		probe->line->state = FRAMEFREEZE_DISARMED;
	freeze_quiet_end();
	return ret;
}

static int enable(struct freeze_probe *probe)
{
	return returns(probe) ? enable_kretprobe(&probe->rp) : enable_kprobe(&probe->rp.kp);
}

static int disable(struct freeze_probe *probe)
{
	return returns(probe) ? disable_kretprobe(&probe->rp) : disable_kprobe(&probe->rp.kp);
}

int freeze_arm(unsigned int slot, struct freeze_reason *reason)
{
	struct freeze_probe *probe = &freeze_probes[slot];
	int ret;

	if (probe->line->state == FRAMEFREEZE_ARMED)
		return 0;
	if (probe->line->state != FRAMEFREEZE_DISARMED)
		return freeze_refuse(reason, -EINVAL, "slot %u has no probe", slot);
	ret = check_lockdown(probe->line->name, reason) ?: freeze_quiet_begin(reason);
	if (ret)
		return ret;
	if (probe->line->mode == FRAMEFREEZE_MODE_HOLD)
		ret = freeze_may_hold(probe, reason);
	if (!ret) {
		ret = enable(probe);
		if (ret)
			freeze_refuse(reason, ret, "%s: cannot be armed", probe->line->name);
		else
			probe->line->state = FRAMEFREEZE_ARMED;
	}
	freeze_quiet_end();
	return ret;
}

int freeze_disarm(unsigned int slot, struct freeze_reason *reason)
{
	struct freeze_probe *probe = &freeze_probes[slot];
	int ret;

	if (!is_registered(probe))
		return freeze_refuse(reason, -EINVAL, "slot %u has no probe", slot);
	if (probe->line->state == FRAMEFREEZE_DISARMED)
		return 0;
	ret = freeze_quiet_begin(reason);
	if (ret)
		return ret;
	ret = disable(probe);
	if (ret)
		freeze_refuse(reason, ret, "%s: cannot be disarmed", probe->line->name);
	else
		probe->line->state = FRAMEFREEZE_DISARMED;
	freeze_quiet_end();
	return ret;
}

static void count_missed(struct freeze_probe *probe)
{
	probe->line->missed = probe->rp.kp.nmissed + (returns(probe) ? probe->rp.nmissed : 0);
}

/* Its line stays: it names the records that are still in the ring. */
static void take_out(struct freeze_probe *probe)
{
	unregister(probe); /* waits for handlers in flight */
	count_missed(probe);
	probe->line->nmissed_address = 0;
	probe->line->return_nmissed_address = 0;
	probe->line->state = FRAMEFREEZE_REMOVED;
}

int freeze_remove(unsigned int slot, struct freeze_reason *reason)
{
	int ret;

	if (!is_registered(&freeze_probes[slot]))
		return freeze_refuse(reason, -EINVAL, "slot %u has no probe", slot);
	ret = freeze_quiet_begin(reason);
	if (ret)
		return ret;
	take_out(&freeze_probes[slot]);
	freeze_quiet_end();
	return 0;
}

/* All at once: each unregistering waits until no handler can run any more. */
void freeze_remove_all(void)
{
	struct kretprobe *rps[FRAMEFREEZE_MAX_PROBES];
	struct kprobe *kps[FRAMEFREEZE_MAX_PROBES];
	unsigned int slot = FRAMEFREEZE_MAX_PROBES;
	int entries = 0, exits = 0;

	while (slot--) {
		if (!is_registered(&freeze_probes[slot]))
			continue;
		if (returns(&freeze_probes[slot]))
			rps[exits++] = &freeze_probes[slot].rp;
		else
			kps[entries++] = &freeze_probes[slot].rp.kp;
		freeze_probes[slot].line->state = FRAMEFREEZE_REMOVED;
	}
	unregister_kretprobes(rps, exits);
	unregister_kprobes(kps, entries);
}

/* What the header says of the kprobe core's own. */
void freeze_refresh(void)
{
	struct freeze_probe *probe;
	unsigned int slot;
	u8 byte;

	for (slot = 0; slot < FRAMEFREEZE_MAX_PROBES; slot++) {
		probe = &freeze_probes[slot];
		if (!is_registered(probe))
			continue;
		count_missed(probe);
		byte = freeze_text_byte(&probe->rp.kp);
		smp_rmb(); /* GONE is set before the text goes: what was read was its module's */
		if (READ_ONCE(probe->rp.kp.flags) & KPROBE_FLAG_GONE)
			byte = 0;
		probe->line->text_byte = byte;
		probe->line->mechanism_now = byte ? freeze_mechanism(&probe->rp.kp, byte) :
						    FRAMEFREEZE_MECHANISM_UNKNOWN;
	}
}
