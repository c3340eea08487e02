// SPDX-License-Identifier: GPL-2.0
/* What must be refused: with which errno, with a reason, and with nothing changed. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "freezelab.h"

struct refused {
	int error;
	const char *command;
};

static const struct refused commands[] = {
	{ EINVAL, "" },
	{ EINVAL, "dance" },
	{ EINVAL, "add" },
	{ EINVAL, "add 8 __x64_sys_getuid" },
	{ EINVAL, "add x __x64_sys_getuid" },
	{ EINVAL, "add 1" },
	{ EINVAL, "add 1 +5" },
	{ EINVAL, "add 1 __x64_sys_getuid+x" },
	{ EINVAL, "add 1 __x64_sys_getuid tempo=1" },
	{ EINVAL, "add 1 __x64_sys_getuid opens" },
	{ EINVAL, "add 1 __x64_sys_getuid mode=dance" },
	{ EINVAL, "add 1 __x64_sys_getuid+5 kind=return" },
	{ EINVAL, "add 1 __x64_sys_getuid pid=x" },
	{ ERANGE, "add 1 __x64_sys_getuid pid=-1" },
	{ ERANGE, "add 1 __x64_sys_getuid comm=longer_than_a_comm" },
	{ ERANGE, "add 1 __x64_sys_getuid mode=hold hold_ms=0" },
	{ ERANGE, "add 1 __x64_sys_getuid mode=hold hold_ms=2001" },
	{ ERANGE, "add 1 __x64_sys_getuid mode=crash confirm=1 crash_after=0" },
	{ EPERM, "add 1 __x64_sys_getuid mode=crash" },
	{ ENOENT, "add 1 no_such_symbol" },
	{ ENOENT, "add 1 no_such_module:no_such_symbol" },
	{ EINVAL, "add 1 do_int3" },
	{ EINVAL, "add 1 do_int3 kind=return" },
	{ EILSEQ, "add 1 __x64_sys_getuid+1" },
	{ EOPNOTSUPP, "add 1 __x64_sys_getuid int3=1" },
	{ EBUSY, "add 0 __x64_sys_getuid" },
	{ EINVAL, "set 1 pid=1" },
	{ EINVAL, "set 0 tempo=1" },
	{ EINVAL, "arm 1" },
	{ EINVAL, "disarm 1" },
	{ EINVAL, "remove 1" },
	{ EINVAL, "arm all of them" },
	{ EINVAL, "again 0" },
	{ EINVAL, "thresholds" },
	{ EINVAL, "thresholds watchdog_ms=10000" },
	{ EINVAL, "reader cpu=0" },
};

static const char * const parameters[] = {
	"ring_slots=0", "ring_slots=4097", "ring_slots=4294967295", "slice_bytes=0", "slice_bytes=65",
	"slice_bytes=16392", "record=no_such_symbol", "record=__x64_sys_getuid,do_int3", "record=+",
	"crash=__x64_sys_getuid", "ring_slots=many",
};

static void refuse_commands(void)
{
	struct framefreeze_header before, after;
	char reason[256];
	size_t i;
	int error;

	read_header(&before);
	for (i = 0; i < sizeof(commands) / sizeof(*commands); i++) {
		*reason = '\0';
		error = try_tell(reason, sizeof(reason), commands[i].command);
		if (error != commands[i].error || (error && !*reason))
			fail("'%s': %d, not %d: %s", commands[i].command, error, commands[i].error, reason);
		printf("refused %d '%s': %s\n", error, commands[i].command, reason);
	}
	read_header(&after);
	if (memcmp(&before, &after, sizeof(before)))
		fail("a refused command changed something");
}

static void refuse_long_command(void)
{
	char command[300], reason[256] = "";

	memset(command, 'a', sizeof(command));
	command[sizeof(command) - 1] = '\0';
	if (try_tell(reason, sizeof(reason), command) != ENOBUFS)
		fail("a long command: %s", reason);
}

static int error_of_opening(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return errno;
	close(fd);
	return 0;
}

static void expect(int expected, int error, const char *what)
{
	if (error != expected)
		fail("%s: %d, not %d", what, error, expected);
}

/* For the last scene: a lockdown is for good. What was loaded before it asks as the kernel does. */
void do_lockdown(void)
{
	static const char * const memory[] = { "/proc/framefreeze/ring", "/proc/framefreeze/header" };
	char reason[256] = "";
	size_t i;

	load("");
	tell("add 0 __x64_sys_getppid");
	for (i = 0; i < 2; i++)
		expect(0, error_of_opening(memory[i]), memory[i]);
	write_file("/sys/kernel/security/lockdown", "confidentiality");
	for (i = 0; i < 2; i++) {
		fact(i ? "lockdown.header" : "lockdown.ring", error_of_opening(memory[i]));
	}
	fact("lockdown.add", try_tell(reason, sizeof(reason), "add 1 __x64_sys_getuid"));
	printf("reason %s\n", reason);
	fact("lockdown.arm", try_tell(reason, sizeof(reason), "arm 0"));
	tell("remove 0");
	unload();
}

void do_refuse(void)
{
	size_t i;

	for (i = 0; i < sizeof(parameters) / sizeof(*parameters); i++) {
		errno = try_load(parameters[i]);
		if (!errno || access("/proc/framefreeze", F_OK) == 0)
			fail("loaded with '%s'", parameters[i]);
	}
	load("");
	if (try_load("") != EEXIST)
		fail("loaded twice");
	tell("add 0 __x64_sys_getppid");
	refuse_commands();
	refuse_long_command();
	unload();
}
