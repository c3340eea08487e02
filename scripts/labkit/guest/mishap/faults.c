// SPDX-License-Identifier: GPL-2.0
/* What a kernel dies of. */
#include <linux/bug.h>
#include <linux/irqflags.h>
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/sched.h>
#include <linux/sched/task_stack.h>
#include <linux/string.h>

#include "mishap.h"

#define NONCANONICAL 0xdead000000000122UL
#define BELOW_STACK 0x58

static unsigned long nowhere = 0x58;
static int zero;
static unsigned char data[] = { 0xc3 }; /* ret, if it could be executed */

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

static void mishap_call_data(void)
{
	((void (*)(void))((unsigned long)data + READ_ONCE(nowhere) - 0x58))();
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

static void mishap_list(void)
{
	static LIST_HEAD(list);
	static struct list_head entry;

	list_add(&entry, &list);
	WRITE_ONCE(list.prev, NULL);
	list_del(&entry);
}

static void mishap_panic(void)
{
	panic("mishap");
}

static void mishap_panic_irqs_off(void)
{
	local_irq_disable();
	panic("mishap with interrupts off");
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

/* A large local variable: the guard page is touched while sp is still above it. */
static void mishap_guard(void)
{
	WRITE_ONCE(*(long *)(task_stack_page(current) - BELOW_STACK), 0);
}

/* In state D, for ever. */
static void mishap_hang(void)
{
	for (;;) {
		set_current_state(TASK_UNINTERRUPTIBLE);
		schedule();
	}
}

/* Until an NMI: no interrupt is taken. */
static void mishap_deaf(void)
{
	local_irq_disable();
	mishap_tell_spinning();
	for (;;)
		cpu_relax();
}

const struct mishap mishap_faults[] = {
	{ "null", mishap_null },
	{ "protection", mishap_protection },
	{ "call-null", mishap_call_null },
	{ "call-data", mishap_call_data },
	{ "divide", mishap_divide },
	{ "int3", mishap_int3 },
	{ "bug", mishap_bug },
	{ "list", mishap_list },
	{ "panic", mishap_panic },
	{ "panic-irqs-off", mishap_panic_irqs_off },
	{ "overflow", mishap_overflow },
	{ "guard", mishap_guard },
	{ "hang", mishap_hang },
	{ "deaf", mishap_deaf },
	{}
};
