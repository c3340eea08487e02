/* SPDX-License-Identifier: GPL-2.0 */
/* Ways of sleeping: see sleeping.c. */
#ifndef SLEEPING_H
#define SLEEPING_H

#include <stdbool.h>
#include <stddef.h>

struct way {
	const char *comm;	/* of a task that sleeps so */
	void (*sleep)(void);	/* does not return */
	bool crowded;		/* any number of threads of one process can */
};

extern const struct way ways[];
extern const size_t number_of_ways;

void in_loop(void);

#endif
