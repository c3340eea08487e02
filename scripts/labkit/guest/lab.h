/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the lab's modules share: lines on the second serial port, and calls that
 * differ between 5.10 and 7.3. Kbuild looks for what HAS_* say.
 */
#ifndef LAB_H
#define LAB_H

#include <linux/cpumask.h>
#include <linux/hrtimer.h>
#include <asm/apic.h>
#include <asm/io.h>
#include <asm/irq_vectors.h>
#include <asm/processor.h>

#define LAB_PORT 0x2f8 /* COM2 */

/* Polled: it works in any context, and whatever locks the console needs may be held. */
static inline void lab_tell(const char *text)
{
	for (; *text; text++) {
		while (!(inb(LAB_PORT + 5) & 0x20))
			cpu_relax();
		outb(*text, LAB_PORT);
	}
}

static inline void lab_timer_setup(struct hrtimer *timer,
				   enum hrtimer_restart (*function)(struct hrtimer *))
{
#ifdef HAS_HRTIMER_SETUP /* 6.13 */
	hrtimer_setup(timer, function, CLOCK_MONOTONIC, HRTIMER_MODE_REL_PINNED_HARD);
#else
	hrtimer_init(timer, CLOCK_MONOTONIC, HRTIMER_MODE_REL_PINNED_HARD);
	timer->function = function;
#endif
}

static inline void lab_send_nmi(int cpu)
{
#ifdef HAS_APIC_CALLS /* 6.6 */
	__apic_send_IPI_mask(cpumask_of(cpu), NMI_VECTOR);
#else
	apic->send_IPI_mask(cpumask_of(cpu), NMI_VECTOR);
#endif
}

#endif
