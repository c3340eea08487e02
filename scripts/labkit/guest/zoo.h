/* SPDX-License-Identifier: GPL-2.0 */
/* The programs whose frames are known: the driver and its fixtures. */
#ifndef ZOO_H
#define ZOO_H

#include <stddef.h>
#include <sys/types.h>

#define FAULT_PAGE 0x600000000000UL /* framelab.h */

/* zoo_talk.c */
int obeyed(const char *line); /* by the module */
void nap(void);
void command(const char *format, ...); /* that must be obeyed */
void know(pid_t pid, const char *origin);
void fail(const char *what);
pid_t spawn(const char *name, void (*run)(void)); /* it must never return */
/* One that sleeps in the kernel, and what its frame is. */
void asleep(const char *name, void (*run)(void), const char *states, const char *origin);
void wait_for_state(pid_t pid, const char *states);
void run_on(int cpu);

/* One that sleeps, or was stopped: makes it and says what its frame is. */
struct fixture {
	const char *name;
	void (*make)(void);
};

extern const struct fixture syscall_fixtures[];
extern const struct fixture sleeping_fixtures[];
extern const struct fixture stopped_fixtures[];

#endif
