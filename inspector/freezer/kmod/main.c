// SPDX-License-Identifier: GPL-2.0
/*
 * framefreeze: kprobes that copy the struct pt_regs their handler is given, the
 * task's entry frame and the stack between them into a ring (framefreeze_abi.h).
 * They are added and armed through /proc/framefreeze/control, or as it is loaded.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/init.h>
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/overflow.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/vmalloc.h>

#include "framefreeze.h"

#define MAX_RING_SLOTS 4096
#define MIN_SLICE_BYTES 64
#define MAX_SLICE_BYTES 16384

static char *record = "";
module_param(record, charp, 0444);
MODULE_PARM_DESC(record, "SYMBOL[+OFF],...: record each hit of these");

static char *crash = "";
module_param(crash, charp, 0444);
MODULE_PARM_DESC(crash, "SYMBOL[+OFF]: record each hit of this, panic on hit crash_after");

static bool crash_confirm;
module_param(crash_confirm, bool, 0444);
MODULE_PARM_DESC(crash_confirm, "that the machine is to crash is meant");

static unsigned int crash_after = 1;
module_param(crash_after, uint, 0444);
MODULE_PARM_DESC(crash_after, "the hit that panics, counted from 1 (default 1)");

static unsigned int ring_slots = 64;
module_param(ring_slots, uint, 0444);
MODULE_PARM_DESC(ring_slots, "records kept, 1 to 4096 (default 64)");

static unsigned int slice_bytes = 2048;
module_param(slice_bytes, uint, 0444);
MODULE_PARM_DESC(slice_bytes, "bytes of stack in a record, 64 to 16384, whole words (default 2048)");

static_assert(sizeof(FRAMEFREEZE_MAGIC) - 1 == 8);

struct framefreeze_header framefreeze_header = {
	.magic = { 'F', 'R', 'M', 'F', 'R', 'Z', '\r', '\n' },
	.abi_version = FRAMEFREEZE_ABI_VERSION,
	.header_size = sizeof(struct framefreeze_header),
	.slice_offset = offsetof(struct framefreeze_record, slice),
	.probe_count = FRAMEFREEZE_MAX_PROBES,
	.probe_size = sizeof(struct framefreeze_probe),
};

struct freeze_probe freeze_probes[FRAMEFREEZE_MAX_PROBES];

/* Returns the error; keeps why. */
int freeze_refuse(struct freeze_reason *reason, int error, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(reason->text, sizeof(reason->text), format, arguments);
	va_end(arguments);
	return error;
}

static int __init check_parameters(void)
{
	if (ring_slots < 1 || ring_slots > MAX_RING_SLOTS) {
		pr_err("ring_slots=%u is not within 1 to %u\n", ring_slots, MAX_RING_SLOTS);
		return -EINVAL;
	}
	if (slice_bytes < MIN_SLICE_BYTES || slice_bytes > MAX_SLICE_BYTES ||
	    slice_bytes % sizeof(u64)) {
		pr_err("slice_bytes=%u is not a multiple of 8 within %u to %u\n",
		       slice_bytes, MIN_SLICE_BYTES, MAX_SLICE_BYTES);
		return -EINVAL;
	}
	return 0;
}

static int __init add_probe(unsigned int slot, const char *place, enum framefreeze_mode mode,
			    struct freeze_reason *reason)
{
	struct freeze_spec spec = {
		.place = place,
		.mode = mode,
		.hold_ms = FREEZE_HOLD_MS,
		.crash_after = crash_after,
		.confirmed = crash_confirm,
	};

	if (slot >= FRAMEFREEZE_MAX_PROBES)
		return freeze_refuse(reason, -E2BIG, "more than %u probes", FRAMEFREEZE_MAX_PROBES);
	return freeze_add(slot, &spec, reason);
}

static int __init add_probes(struct freeze_reason *reason)
{
	char *list = kstrdup(record, GFP_KERNEL);
	char *rest = *record ? list : NULL, *place;
	int ret = list ? 0 : -ENOMEM;
	unsigned int slot = 0;

	while (!ret && (place = strsep(&rest, ",")))
		ret = add_probe(slot++, place, FRAMEFREEZE_MODE_RECORD, reason);
	if (!ret && *crash)
		ret = add_probe(slot++, crash, FRAMEFREEZE_MODE_CRASH, reason);
	kfree(list);
	return ret;
}

/* When all have been accepted. */
static int __init arm_probes(struct freeze_reason *reason)
{
	unsigned int slot;
	int ret = 0;

	for (slot = 0; !ret && slot < FRAMEFREEZE_MAX_PROBES; slot++)
		if (freeze_probes[slot].line->state == FRAMEFREEZE_DISARMED)
			ret = freeze_arm(slot, reason);
	return ret;
}

static int __init start_probes(void)
{
	struct freeze_reason reason = {};
	int ret;

	mutex_lock(&freeze_lock);
	ret = add_probes(&reason);
	if (!ret)
		ret = arm_probes(&reason);
	if (ret) {
		pr_err("%s (%d)\n", reason.text, ret);
		freeze_remove_all();
	}
	mutex_unlock(&freeze_lock);
	return ret;
}

static int __init make_ring(void)
{
	struct framefreeze_header *header = &framefreeze_header;
	void *records;

	header->record_count = ring_slots;
	header->slice_capacity = slice_bytes;
	header->record_size = header->slice_offset + slice_bytes;
	records = vzalloc(array_size(header->record_size, header->record_count));
	if (!records)
		return -ENOMEM;
	header->records = (u64)records;
	return 0;
}

static void free_ring(void)
{
	vfree((void *)framefreeze_header.records);
}

static int __init framefreeze_init(void)
{
	unsigned int slot;
	int ret;

	freeze_loaded();
	for (slot = 0; slot < FRAMEFREEZE_MAX_PROBES; slot++)
		freeze_probes[slot].line = &framefreeze_header.probes[slot];
	ret = check_parameters();
	if (ret)
		return ret;
	ret = make_ring();
	if (ret)
		return ret;
	ret = start_probes();
	if (ret)
		goto err_ring;
	ret = freeze_make_files();
	if (ret)
		goto err_probes;
	return 0;

err_probes:
	freeze_leave();
	freeze_remove_all();
err_ring:
	free_ring();
	return ret;
}

/* When the last probe is out, nobody writes the ring: unregistering waits for handlers. */
static void __exit framefreeze_exit(void)
{
	freeze_remove_files();
	freeze_leave();
	freeze_remove_all();
	free_ring();
}

module_init(framefreeze_init);
module_exit(framefreeze_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Freezes the register frames that kprobes see");
