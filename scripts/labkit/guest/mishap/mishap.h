/* SPDX-License-Identifier: GPL-2.0 */
/*
 * mishap: makes a kernel complain, or die, in a chosen way and place. For the
 * lab's guests only.
 */
#ifndef MISHAP_H
#define MISHAP_H

#include <linux/kprobes.h>

/* Every list ends with an entry without a word. */
struct mishap {
	const char *word;
	void (*happen)(void);
};

struct mishap_place {
	const char *word;
	void (*take)(void (*happen)(void)); /* happen() there */
};

extern const struct mishap mishap_complaints[]; /* complaints.c: the kernel survives */
extern const struct mishap mishap_faults[]; /* faults.c: the kernel dies of it */
extern const struct mishap_place mishap_places[]; /* places.c */

/* complaints.c */
int mishap_complaints_init(void);
void mishap_probe(kprobe_pre_handler_t handler, bool at_entry); /* a probe's hit, then none */

/* places.c */
int mishap_places_init(void);

/* witness.c: writes the truth to the second serial port. */
int mishap_witness_init(void);
void mishap_witness_exit(void);
void mishap_tell_spinning(void);
void mishap_in_notifier(void (*happen)(void)); /* happen() in the next oops's die notifier */

#endif
