/* SPDX-License-Identifier: GPL-2.0 */
/* What main.c (parameters, memory, registration) shares with handler.c (a hit). */
#ifndef FRAMEFREEZE_H
#define FRAMEFREEZE_H

#include <linux/kprobes.h>

#include "framefreeze_abi.h"

struct freeze_probe {
	struct kprobe kp;
	struct framefreeze_probe *entry; /* its line in the header */
	char symbol[FRAMEFREEZE_NAME_LEN]; /* kp.symbol_name */
};

/* Global, so that it is in the module's kallsyms and not optimised away. */
extern struct framefreeze_header framefreeze_header;

int framefreeze_pre_handler(struct kprobe *kp, struct pt_regs *regs);

#endif
