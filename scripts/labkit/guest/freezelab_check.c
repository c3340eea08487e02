// SPDX-License-Identifier: GPL-2.0
/* Whether a record is of one hit, and whether the counters agree with each other. */
#include <string.h>
#include <unistd.h>

#include "freezelab.h"

/* struct pt_regs, as words */
enum { R10 = 7, R9 = 8, R8 = 9, DX = 12, SI = 13, DI = 14, ORIG_AX = 15 };

bool is_whole(const struct framefreeze_record *record)
{
	return record->seq && !(record->seq & 1);
}

static void check_stamp(const struct framefreeze_record *record)
{
	static const int others[] = { SI, DX, R10, R8, R9 };
	__u64 stamp = record->entry[DI];
	unsigned int worker = stamp >> 48 & 0xff, i;

	for (i = 0; i < sizeof(others) / sizeof(*others); i++)
		if (record->entry[others[i]] != stamp)
			fail("torn: record %llu mixes calls", record->seq);
	if (worker >= WORKERS || workers[worker].tid != record->pid)
		fail("torn: record %llu is of task %d, its stamp of worker %u", record->seq,
		     record->pid, worker);
	if (record->mechanism != FRAMEFREEZE_MECHANISM_RETURN && record->frame[DI] != record->entry_address)
		fail("torn: record %llu: di is %#llx", record->seq, record->frame[DI]);
}

/* What the slice holds of a frame must be what was copied of it. */
static void check_copy(const struct framefreeze_record *record, __u64 address, const __u64 *words)
{
	__u64 at = address - record->slice_address;

	if (at + FRAMEFREEZE_REGS * 8 <= record->slice_length &&
	    memcmp(record->slice + at, words, FRAMEFREEZE_REGS * 8))
		fail("torn: record %llu: its slice is of another hit", record->seq);
}

void check_record(const struct ring *ring, const struct framefreeze_record *record)
{
	unsigned int slot = ((const uint8_t *)record - ring->records) / ring->header.record_size;
	__u64 n = record->seq / 2 - 1;

	if (n % ring->header.record_count != slot)
		fail("record %llu lies in slot %u", n, slot);
	check_copy(record, record->frame_address, record->frame);
	if (record->flags & FRAMEFREEZE_KTHREAD)
		return;
	check_copy(record, record->entry_address, record->entry);
	if (record->tgid == getpid())
		check_stamp(record);
}

/* At rest: nobody hits. */
void check_sums(const struct framefreeze_header *header)
{
	const struct framefreeze_probe *line;
	__u64 lost = 0, kept = 0;
	int i;

	for (i = 0; i < FRAMEFREEZE_MAX_PROBES; i++) {
		line = &header->probes[i];
		if (line->hits != line->recorded + line->filtered + line->lost)
			fail("%s: %llu hits, %llu recorded, %llu filtered, %llu lost",
			     line->name, line->hits, line->recorded,
			     line->filtered, line->lost);
		lost += line->lost;
		kept += line->recorded;
	}
	/* A line that was added anew has forgotten what it counted before. */
	if (header->lost < lost || header->next < lost + kept)
		fail("the lines count more than the header");
}
