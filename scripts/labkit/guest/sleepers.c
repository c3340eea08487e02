// SPDX-License-Identifier: GPL-2.0
/*
 * One process a way of sleeping, each named after its syscall, so that a dump
 * has entry frames of many kinds. Ends when all are on their way to sleep.
 */
#include <sys/prctl.h>
#include <unistd.h>

#include "sleeping.h"

int main(void)
{
	for (size_t i = 0; i < number_of_ways; i++) {
		pid_t pid = fork();

		if (pid < 0)
			return 1;
		if (pid == 0) {
			prctl(PR_SET_NAME, ways[i].comm);
			ways[i].sleep();
			_exit(1); /* woke up: nothing was to wake it */
		}
	}
	return 0;
}
