// SPDX-License-Identifier: GPL-2.0
/* freezelab PAST_FENTRY SCENE[=SECONDS]…: plays scenes with framefreeze; the result is on stdout. */
#define _GNU_SOURCE
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "freezelab.h"

unsigned int past_fentry;

void fact(const char *key, __u64 value)
{
	printf("%s=%llu\n", key, value);
	fflush(stdout);
}

void fail(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	printf("FAIL ");
	vprintf(format, arguments);
	printf(" (errno %d, %s)\n", errno, strerror(errno));
	fflush(stdout);
	exit(1);
}

double seconds(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec + time.tv_nsec * 1e-9;
}

void nap(unsigned int milliseconds)
{
	struct timespec time = { milliseconds / 1000, milliseconds % 1000 * 1000000L };

	nanosleep(&time, NULL);
}

static void play(const char *scene)
{
	const char *equals = strchr(scene, '=');
	double duration = equals ? atof(equals + 1) : 0, start = seconds();
	char name[32];

	snprintf(name, sizeof(name), "%.*s", (int)strcspn(scene, "="), scene);
	if (!strcmp(name, "count"))
		do_count();
	else if (!strcmp(name, "filters"))
		do_filters();
	else if (!strcmp(name, "storm"))
		do_storm(duration);
	else if (!strcmp(name, "churn"))
		do_churn(duration);
	else if (!strcmp(name, "reload"))
		do_reload(duration);
	else if (!strcmp(name, "refuse"))
		do_refuse();
	else if (!strcmp(name, "hold"))
		do_hold();
	else if (!strcmp(name, "show"))
		do_show();
	else if (!strcmp(name, "cost"))
		do_cost();
	else if (!strcmp(name, "realtime"))
		do_realtime();
	else if (!strcmp(name, "gone"))
		do_gone(duration);
	else if (!strcmp(name, "lockdown"))
		do_lockdown();
	else
		fail("no scene %s", name);
	printf("%s.ms=%.0f\n", name, (seconds() - start) * 1000);
	fflush(stdout);
}

int main(int count, char **words)
{
	int i;

	if (count < 3)
		return 2;
	past_fentry = atoi(words[1]);
	for (i = 2; i < count; i++)
		play(words[i]);
	scan_log();
	puts("done");
	return 0;
}
