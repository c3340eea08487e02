// SPDX-License-Identifier: GPL-2.0
/*
 * Makes a kernel complain: each word written to /dev/mishap is one mishap, and
 * what the kernel prints then is a log for `inspector explain --oops`.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/bug.h>
#include <linux/delay.h>
#include <linux/fs.h>
#include <linux/irqflags.h>
#include <linux/kernel.h>
#include <linux/kprobes.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/preempt.h>
#include <linux/sched/task_stack.h>
#include <linux/smp.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#define SPIN_MS 6000
#define NONCANONICAL 0xdead000000000122UL

static unsigned long nowhere = 0x58;
static int zero;
static void (*show)(struct pt_regs *regs);

static void mishap_null(void)
{
	WRITE_ONCE(*(int *)READ_ONCE(nowhere), 1);
}

static void mishap_protection(void)
{
	WRITE_ONCE(*(int *)(NONCANONICAL + READ_ONCE(nowhere)), 1);
}

static void mishap_call_null(void)
{
	((void (*)(void))(READ_ONCE(nowhere) - 0x58))();
}

static void mishap_divide(void)
{
	pr_info("%d\n", 1000 / READ_ONCE(zero));
}

static void mishap_int3(void)
{
	asm volatile("int3");
}

static void mishap_bug(void)
{
	BUG_ON(!READ_ONCE(zero));
}

static void mishap_warn(void)
{
	WARN(1, "mishap: a warning\n");
}

static void mishap_panic(void)
{
	panic("mishap");
}

static void mishap_recurse(int depth)
{
	char room[512];

	memset(room, depth, sizeof(room));
	if (depth < 1 << 20) /* the stack ends long before */
		mishap_recurse(depth + 1);
	barrier_data(room);
}

static void mishap_overflow(void)
{
	mishap_recurse(0);
}

static void mishap_in_interrupt(void *unused)
{
	mishap_null();
}

static void mishap_interrupt(void)
{
	smp_call_function_single(!raw_smp_processor_id(), mishap_in_interrupt, NULL, 1);
}

static void mishap_spin(void)
{
	preempt_disable();
	mdelay(SPIN_MS);
	preempt_enable();
}

static void mishap_spin_deaf(void)
{
	local_irq_disable();
	mdelay(SPIN_MS);
	local_irq_enable();
}

static void mishap_show_entry(void)
{
	show(task_pt_regs(current));
}

/* The lines that people write into a handler first. */
static int mishap_print(struct kprobe *kp, struct pt_regs *regs)
{
	pr_info("orig_ax regs:%ld  ax:%lu\n", regs->orig_ax, regs->ax);
	pr_info("ip = %lx, flags = 0x%lx, cs = %lx\n", regs->ip, regs->flags,
		(unsigned long)(u16)regs->cs);
	return 0;
}
NOKPROBE_SYMBOL(mishap_print);

static int mishap_show(struct kprobe *kp, struct pt_regs *regs)
{
	show(regs);
	return 0;
}
NOKPROBE_SYMBOL(mishap_show);

static noinline void mishap_probed(void)
{
	asm volatile("nop; nop; nop; nop; nop");
}

/* The first instruction after the call for ftrace: 9 where ENDBR comes first. */
static int mishap_register(struct kprobe *probe, bool at_entry)
{
	int error;

	probe->addr = (kprobe_opcode_t *)mishap_probed + (at_entry ? 0 : 5);
	error = register_kprobe(probe);
	if (error && !at_entry) {
		probe->addr = (kprobe_opcode_t *)mishap_probed + 9;
		error = register_kprobe(probe);
	}
	return error;
}

static void mishap_probe(kprobe_pre_handler_t handler, bool at_entry)
{
	struct kprobe probe = { .pre_handler = handler };

	if (mishap_register(&probe, at_entry)) {
		pr_err("no probe\n");
		return;
	}
	mishap_probed();
	unregister_kprobe(&probe);
}

static void mishap_print_ftrace(void)
{
	mishap_probe(mishap_print, true);
}

static void mishap_print_int3(void)
{
	mishap_probe(mishap_print, false);
}

static void mishap_show_ftrace(void)
{
	mishap_probe(mishap_show, true);
}

static void mishap_show_int3(void)
{
	mishap_probe(mishap_show, false);
}

static const struct {
	const char *word;
	void (*happen)(void);
} mishaps[] = {
	{ "null", mishap_null },
	{ "protection", mishap_protection },
	{ "call-null", mishap_call_null },
	{ "divide", mishap_divide },
	{ "int3", mishap_int3 },
	{ "bug", mishap_bug },
	{ "warn", mishap_warn },
	{ "panic", mishap_panic },
	{ "overflow", mishap_overflow },
	{ "interrupt", mishap_interrupt },
	{ "spin", mishap_spin },
	{ "spin-deaf", mishap_spin_deaf },
	{ "show-entry", mishap_show_entry },
	{ "print-ftrace", mishap_print_ftrace },
	{ "print-int3", mishap_print_int3 },
	{ "show-ftrace", mishap_show_ftrace },
	{ "show-int3", mishap_show_int3 },
};

static ssize_t mishap_write(struct file *file, const char __user *from, size_t size, loff_t *at)
{
	char word[16] = "";
	int i;

	if (!size || size >= sizeof(word))
		return -EINVAL;
	if (copy_from_user(word, from, size))
		return -EFAULT;
	for (i = 0; i < ARRAY_SIZE(mishaps); i++) {
		if (sysfs_streq(word, mishaps[i].word)) {
			mishaps[i].happen();
			return size;
		}
	}
	return -EINVAL;
}

static const struct file_operations mishap_operations = {
	.owner = THIS_MODULE,
	.write = mishap_write,
};

static struct miscdevice mishap_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "mishap",
	.fops = &mishap_operations,
};

static int __init mishap_init(void)
{
	struct kprobe finder = { .symbol_name = "show_regs" };
	int error;

	/* show_regs() is not exported; a kprobe knows where it is. */
	error = register_kprobe(&finder);
	if (error)
		return error;
	show = (void (*)(struct pt_regs *))finder.addr;
	unregister_kprobe(&finder);
	return misc_register(&mishap_device);
}

static void __exit mishap_exit(void)
{
	misc_deregister(&mishap_device);
}

module_init(mishap_init);
module_exit(mishap_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Makes a kernel complain");
