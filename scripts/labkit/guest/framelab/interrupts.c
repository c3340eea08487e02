// SPDX-License-Identifier: GPL-2.0
/* What comes from outside: the local timer, QEMU's `edu` device, NMIs. */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/delay.h>
#include <linux/hrtimer.h>
#include <linux/interrupt.h>
#include <linux/io.h>
#include <linux/irq.h>
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/smp.h>
#include <asm/irq_regs.h>
#include <asm/nmi.h>

#include "compat.h"
#include "framelab.h"

#define MAX_CPUS 64
#define EDU_VENDOR 0x1234
#define EDU_DEVICE 0x11e8
#define EDU_RAISE 0x60 /* docs/specs/edu.txt of QEMU */
#define SOON_NS 200000
#define SETTLE_TRIES 250
#define TURNS 1000000

static struct hrtimer timers[MAX_CPUS];
static void __iomem *devices[MAX_CPUS]; /* one a CPU: affinity changes only at an interrupt */
static bool arrives[MAX_CPUS]; /* where it is meant to */

/*
 * Not over a softirq at the end of a tick: the tick's frame would be there too, and nobody
 * would have written it down.
 */
static void came_of(const char *step)
{
	struct pt_regs *regs = get_irq_regs();

	if (framelab_awaits(step) && (user_mode(regs) || within_module(regs->ip, THIS_MODULE)))
		framelab_reached(step, regs);
}

static enum hrtimer_restart on_timer(struct hrtimer *timer)
{
	came_of("sysvec");
	return HRTIMER_NORESTART;
}

static void start_timer(void *unused)
{
	hrtimer_start(&timers[raw_smp_processor_id()], ns_to_ktime(SOON_NS),
		      HRTIMER_MODE_REL_PINNED_HARD);
}

/*
 * It waits in code of its own, and asks again where what came was not what it waits for. What is
 * asked for may come at once, and then not in a thunk of the kernel's on the way back.
 */
static void wait_for(void (*ask)(void *), void *cpu)
{
	int turns;

	for (;;) {
		local_irq_disable();
		ask(cpu);
		local_irq_enable();
		for (turns = 0; turns < TURNS; turns++)
			cpu_relax();
	}
}

static void take_sysvec(void)
{
	wait_for(start_timer, NULL);
}

static void strike_sysvec(int cpu)
{
	smp_call_function_single(cpu, start_timer, NULL, 1);
}

static irqreturn_t on_device(int irq, void *cpu)
{
	if (raw_smp_processor_id() == (long)cpu)
		WRITE_ONCE(arrives[(long)cpu], true);
	came_of("irq");
	return IRQ_HANDLED;
}

static void strike_irq(int cpu)
{
	if (devices[cpu])
		writel(1, devices[cpu] + EDU_RAISE);
}

static void raise_irq(void *cpu)
{
	strike_irq((long)cpu);
}

static void take_irq(void)
{
	wait_for(raise_irq, (void *)(long)raw_smp_processor_id());
}

static int on_nmi(unsigned int type, struct pt_regs *regs)
{
	if (!framelab_awaits("nmi"))
		return NMI_DONE;
	framelab_reached("nmi", regs);
	return NMI_HANDLED;
}

static void take_nmi(void)
{
	lab_send_nmi(raw_smp_processor_id());
	for (;;)
		cpu_relax();
}

const struct framelab_step framelab_interrupt_steps[] = {
	{ "sysvec", take_sysvec, strike_sysvec },
	{ "irq", take_irq, strike_irq },
	{ "nmi", take_nmi, lab_send_nmi },
	{}
};

/*
 * A new affinity is taken up at an interrupt, which still goes where the one before said. That
 * CPU may be held later on, and would keep it for ever: until one has come to its own CPU.
 */
static int settle(int cpu)
{
	int tries;

	for (tries = 0; tries < SETTLE_TRIES; tries++) {
		strike_irq(cpu);
		msleep(20);
		if (READ_ONCE(arrives[cpu]))
			return 0;
	}
	pr_err("interrupts do not come to CPU %d\n", cpu);
	return -ETIMEDOUT;
}

static int claim(struct pci_dev *device, int cpu)
{
	int ret = pci_enable_device(device);

	if (ret)
		return ret;
	pci_set_master(device);
	ret = pci_alloc_irq_vectors(device, 1, 1, PCI_IRQ_MSI);
	if (ret < 0)
		return ret;
	ret = request_irq(pci_irq_vector(device, 0), on_device,
			  IRQF_NOBALANCING | IRQF_NO_THREAD, "edu", (void *)(long)cpu);
	if (ret)
		return ret;
	ret = irq_set_affinity_hint(pci_irq_vector(device, 0), cpumask_of(cpu));
	devices[cpu] = pci_iomap(device, 0, 0);
	if (ret || !devices[cpu])
		return ret ?: -ENOMEM;
	return settle(cpu);
}

static int claim_all(void)
{
	struct pci_dev *device = NULL;
	int cpu, ret = 0;

	for_each_online_cpu(cpu) {
		device = pci_get_device(EDU_VENDOR, EDU_DEVICE, device);
		if (!device || ret)
			break;
		ret = claim(device, cpu);
	}
	return ret;
}

int framelab_interrupts_init(void)
{
	int cpu;

	for_each_online_cpu(cpu)
		lab_timer_setup(&timers[cpu], on_timer);
	return register_nmi_handler(NMI_LOCAL, on_nmi, NMI_FLAG_FIRST, "framelab") ?: claim_all();
}
