// SPDX-License-Identifier: GPL-2.0
/* Where a mishap happens, beside the process that asked for it. */
#include <linux/delay.h>
#include <linux/hrtimer.h>
#include <linux/interrupt.h>
#include <linux/io.h>
#include <linux/kernel.h>
#include <linux/pci.h>
#include <linux/smp.h>
#include <linux/timer.h>
#include <linux/tracepoint.h>
#include <linux/workqueue.h>
#include <asm/nmi.h>

#include "lab.h"
#include "mishap.h"

#define EDU_VENDOR 0x1234
#define EDU_DEVICE 0x11e8
#define EDU_RAISE 0x60 /* docs/specs/edu.txt of QEMU */
#define SOON_NS 200000
#define WAIT_MS 5000

static void (*happens)(void);
static void __iomem *device;

/* Once: a fault in one of two CPUs' idle loops is enough. */
static void happen_here(void)
{
	void (*happen)(void);

	happen = xchg(&happens, NULL);
	if (happen)
		happen();
}
NOKPROBE_SYMBOL(happen_here);

static enum hrtimer_restart on_hrtimer(struct hrtimer *timer)
{
	happen_here();
	return HRTIMER_NORESTART;
}

static struct hrtimer hrtimer;

static void in_hrtimer(void (*happen)(void))
{
	happens = happen;
	hrtimer_start(&hrtimer, ns_to_ktime(SOON_NS), HRTIMER_MODE_REL_PINNED_HARD);
	mdelay(WAIT_MS);
}

/* A softirq, at the end of an interrupt: on the IRQ stack. */
static void on_timer(struct timer_list *unused)
{
	happen_here();
}

static DEFINE_TIMER(timer, on_timer);

static void in_timer(void (*happen)(void))
{
	happens = happen;
	mod_timer(&timer, jiffies + 1);
	mdelay(WAIT_MS);
}

static irqreturn_t on_device(int irq, void *unused)
{
	happen_here();
	return IRQ_HANDLED;
}

static void in_device(void (*happen)(void))
{
	happens = happen;
	writel(1, device + EDU_RAISE);
	mdelay(WAIT_MS);
}

static void on_call(void *unused)
{
	happen_here();
}

/* Of two CPUs the other one is idle. */
static void in_ipi(void (*happen)(void))
{
	happens = happen;
	smp_call_function_single(!raw_smp_processor_id(), on_call, NULL, 1);
}

static void on_work(struct work_struct *unused)
{
	happen_here();
}

static DECLARE_WORK(work, on_work);

static void in_kworker(void (*happen)(void))
{
	happens = happen;
	schedule_work(&work);
	msleep(WAIT_MS);
}

static int on_nmi(unsigned int type, struct pt_regs *regs)
{
	if (!READ_ONCE(happens))
		return NMI_DONE;
	happen_here();
	return NMI_HANDLED;
}

static void in_nmi_handler(void (*happen)(void))
{
	happens = happen;
	lab_send_nmi(raw_smp_processor_id());
	mdelay(WAIT_MS);
}

/* The idle task itself, in no interrupt: tracepoint cpu_idle. */
static void on_idle(void *unused, unsigned int state, unsigned int cpu)
{
	happen_here();
}

static void attach_to_idle(struct tracepoint *tracepoint, void *failed)
{
	if (!strcmp(tracepoint->name, "cpu_idle"))
		*(int *)failed = tracepoint_probe_register(tracepoint, on_idle, NULL);
}

static void in_idle(void (*happen)(void))
{
	int failed = -ENOENT;

	happens = happen;
	for_each_kernel_tracepoint(attach_to_idle, &failed);
	if (!failed)
		msleep(WAIT_MS);
}

static int on_probe(struct kprobe *kp, struct pt_regs *regs)
{
	happen_here();
	return 0;
}
NOKPROBE_SYMBOL(on_probe);

static void in_kprobe(void (*happen)(void))
{
	happens = happen;
	mishap_probe(on_probe, false);
}

/* While the kernel reports a BUG(). */
static void in_notifier(void (*happen)(void))
{
	mishap_in_notifier(happen);
	BUG();
}

const struct mishap_place mishap_places[] = {
	{ "hrtimer", in_hrtimer },
	{ "timer", in_timer },
	{ "device", in_device },
	{ "ipi", in_ipi },
	{ "kworker", in_kworker },
	{ "nmi", in_nmi_handler },
	{ "idle", in_idle },
	{ "kprobe", in_kprobe },
	{ "notifier", in_notifier },
	{}
};

/* Of guests that have one; the mishaps that are only complaints need none. */
static int claim_device(void)
{
	struct pci_dev *edu = pci_get_device(EDU_VENDOR, EDU_DEVICE, NULL);
	int error;

	if (!edu)
		return 0;
	error = pci_enable_device(edu);
	if (error)
		return error;
	pci_set_master(edu);
	error = pci_alloc_irq_vectors(edu, 1, 1, PCI_IRQ_MSI);
	if (error < 0)
		return error;
	device = pci_iomap(edu, 0, 0);
	if (!device)
		return -ENOMEM;
	return request_irq(pci_irq_vector(edu, 0), on_device, IRQF_NO_THREAD, "edu", NULL);
}

int mishap_places_init(void)
{
	lab_timer_setup(&hrtimer, on_hrtimer);
	return claim_device() ?:
	       register_nmi_handler(NMI_LOCAL, on_nmi, NMI_FLAG_FIRST, "mishap");
}
