// SPDX-License-Identifier: GPL-2.0
/* Filters, changed while hits are taken. */
#include <linux/rcupdate.h>
#include <linux/string.h>

#include "framefreeze.h"

static void write_values(struct freeze_probe *probe, const struct freeze_filters *asked)
{
	struct framefreeze_probe *line = probe->line;

	if (asked->given & FRAMEFREEZE_FILTER_PID)
		line->pid = asked->pid;
	if (asked->given & FRAMEFREEZE_FILTER_TGID)
		line->tgid = asked->tgid;
	if (asked->given & (FRAMEFREEZE_FILTER_NR | FRAMEFREEZE_FILTER_NR32))
		line->nr = asked->nr;
	if (asked->given & FRAMEFREEZE_FILTER_COMM)
		memcpy(line->comm, asked->comm, sizeof(line->comm));
	if (asked->given & FRAMEFREEZE_FILTER_EVERY)
		line->every = asked->every;
	if (asked->given & FRAMEFREEZE_FILTER_LIMIT)
		line->limit = asked->limit;
	if (asked->given & (FRAMEFREEZE_FILTER_EVERY | FRAMEFREEZE_FILTER_LIMIT)) {
		probe->seen = 0;
		probe->limited = 0;
		probe->passed = 0;
	}
}

static u32 filters_after(const struct freeze_probe *probe, const struct freeze_filters *asked)
{
	return (probe->line->filters & ~asked->given) | asked->on;
}

/* Of a probe that takes no hits yet. */
void freeze_first_filters(struct freeze_probe *probe, const struct freeze_filters *asked)
{
	write_values(probe, asked);
	probe->line->filters = filters_after(probe, asked);
}

/*
 * A handler sees the filters of before, nothing that passes, or those of after. It runs
 * with preemption off: once synchronize_rcu() returns, all of them see that nothing passes.
 */
int freeze_set(unsigned int slot, const struct freeze_filters *asked, struct freeze_reason *reason)
{
	struct freeze_probe *probe = &freeze_probes[slot];
	u32 after = filters_after(probe, asked);
	int ret;

	if (probe->line->state != FRAMEFREEZE_DISARMED && probe->line->state != FRAMEFREEZE_ARMED)
		return freeze_refuse(reason, -EINVAL, "slot %u has no probe", slot);
	ret = freeze_quiet_begin(reason); /* a held CPU would make it wait */
	if (ret)
		return ret;
	WRITE_ONCE(probe->line->filters, FRAMEFREEZE_FILTER_ALL);
	synchronize_rcu();
	write_values(probe, asked);
	/* With passes(): the values before the filters that use them. */
	smp_store_release(&probe->line->filters, after);
	freeze_quiet_end();
	return 0;
}
