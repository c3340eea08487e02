// SPDX-License-Identifier: GPL-2.0
/*
 * framefreeze: kprobes that copy the struct pt_regs their handler is given, the
 * task's entry frame and the stack between them into a ring (framefreeze_abi.h).
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
	.probe_size = sizeof(struct framefreeze_probe),
};

static struct freeze_probe probes[FRAMEFREEZE_MAX_PROBES];

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
	if (!crash_after) {
		pr_err("crash_after=0: hits are counted from 1\n");
		return -EINVAL;
	}
	return 0;
}

/* SYMBOL[+OFF]; a module's symbol is MODULE:SYMBOL, as the kprobe core takes it. */
static int __init parse_place(struct freeze_probe *probe, const char *place)
{
	char *offset;

	strscpy(probe->symbol, place, sizeof(probe->symbol));
	probe->kp.symbol_name = probe->symbol;
	offset = strchr(probe->symbol, '+');
	if (!offset)
		return 0;
	*offset++ = '\0';
	return kstrtouint(offset, 0, &probe->kp.offset);
}

static int __init add_probe(const char *place, enum framefreeze_mode mode)
{
	struct freeze_probe *probe = &probes[framefreeze_header.probe_count];
	int ret;

	if (framefreeze_header.probe_count == FRAMEFREEZE_MAX_PROBES) {
		pr_err("more than %u probes\n", FRAMEFREEZE_MAX_PROBES);
		return -E2BIG;
	}
	probe->entry = &framefreeze_header.probes[framefreeze_header.probe_count];
	if (strscpy(probe->entry->name, place, sizeof(probe->entry->name)) < 0) {
		pr_err("%s: name too long\n", place);
		return -ENAMETOOLONG;
	}
	ret = parse_place(probe, place);
	if (ret || !*probe->symbol) {
		pr_err("'%s' is not SYMBOL[+OFF]\n", place);
		return ret ?: -EINVAL;
	}
	probe->entry->mode = mode;
	probe->entry->crash_after = mode == FRAMEFREEZE_MODE_CRASH ? crash_after : 0;
	probe->entry->nmissed_address = (u64)&probe->kp.nmissed;
	framefreeze_header.probe_count++;
	return 0;
}

static int __init add_recorders(void)
{
	char *list = kstrdup(record, GFP_KERNEL);
	char *rest = list, *place;
	int ret = list ? 0 : -ENOMEM;

	while (!ret && (place = strsep(&rest, ",")))
		ret = add_probe(place, FRAMEFREEZE_MODE_RECORD);
	kfree(list);
	return ret;
}

static int __init add_probes(void)
{
	int ret = 0;

	if (!*record && !*crash) {
		pr_err("nothing to probe: record= or crash= is needed\n");
		return -EINVAL;
	}
	if (*record)
		ret = add_recorders();
	if (!ret && *crash)
		ret = add_probe(crash, FRAMEFREEZE_MODE_CRASH);
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

static void unregister_probes(unsigned int n)
{
	while (n--)
		unregister_kprobe(&probes[n].kp);
}

/* Disabled, so that no hit is taken, and no panic either, before all are accepted. */
static int __init register_probes(void)
{
	unsigned int n;
	int ret;

	for (n = 0; n < framefreeze_header.probe_count; n++) {
		probes[n].kp.pre_handler = framefreeze_pre_handler;
		probes[n].kp.flags = KPROBE_FLAG_DISABLED;
		ret = register_kprobe(&probes[n].kp);
		if (ret) {
			pr_err("%s: cannot be probed (%d)\n", probes[n].entry->name, ret);
			unregister_probes(n);
			return ret;
		}
		probes[n].entry->address = (u64)probes[n].kp.addr;
	}
	return 0;
}

static int __init enable_probes(void)
{
	unsigned int n;
	int ret;

	for (n = 0; n < framefreeze_header.probe_count; n++) {
		ret = enable_kprobe(&probes[n].kp);
		if (ret) {
			pr_err("%s: cannot be enabled (%d)\n", probes[n].entry->name, ret);
			return ret;
		}
	}
	return 0;
}

static int __init framefreeze_init(void)
{
	int ret;

	ret = check_parameters();
	if (!ret)
		ret = add_probes();
	if (ret)
		return ret;
	ret = make_ring();
	if (ret)
		return ret;
	ret = register_probes();
	if (ret)
		goto err_ring;
	ret = enable_probes();
	if (ret)
		goto err_probes;
	pr_info("%u probes, %u slots\n", framefreeze_header.probe_count, ring_slots);
	return 0;

err_probes:
	unregister_probes(framefreeze_header.probe_count);
err_ring:
	free_ring();
	return ret;
}

/* unregister_kprobe() waits for handlers in flight: then nobody writes the ring. */
static void __exit framefreeze_exit(void)
{
	unsigned int n;

	unregister_probes(framefreeze_header.probe_count);
	for (n = 0; n < framefreeze_header.probe_count; n++)
		pr_info("%s: %llu hits, %lu missed\n", probes[n].entry->name,
			probes[n].entry->hits, probes[n].kp.nmissed);
	free_ring();
}

module_init(framefreeze_init);
module_exit(framefreeze_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Freezes the register frames that kprobes see");
