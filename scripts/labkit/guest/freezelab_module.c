// SPDX-License-Identifier: GPL-2.0
/* Loading, telling and reading framefreeze, and what else the guest's files say. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "freezelab.h"

#define MODULE "/modules/framefreeze.ko"
#define FILES "/proc/framefreeze/"

int try_insert(const char *path, const char *parameters)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	int error = syscall(SYS_finit_module, fd, parameters, 0) ? errno : 0;

	close(fd);
	return error;
}

int try_load(const char *parameters)
{
	return try_insert(MODULE, parameters);
}

void load(const char *parameters)
{
	errno = try_load(parameters);
	if (errno)
		fail("load with '%s'", parameters);
}

int try_unload(void)
{
	return syscall(SYS_delete_module, "framefreeze", O_NONBLOCK) ? errno : 0;
}

void unload(void)
{
	errno = try_unload();
	if (errno)
		fail("unload");
}

int try_tell(char *reason, size_t size, const char *command)
{
	int fd = open(FILES "control", O_RDWR | O_CLOEXEC), error = 0;
	ssize_t length;

	if (fd < 0)
		return errno;
	if (write(fd, command, strlen(command)) < 0) {
		error = errno;
		length = read(fd, reason, size - 1);
		reason[length > 0 ? length : 0] = '\0';
	}
	close(fd);
	return error;
}

void tell(const char *format, ...)
{
	char command[256], reason[256] = "";
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(command, sizeof(command), format, arguments);
	va_end(arguments);
	errno = try_tell(reason, sizeof(reason), command);
	if (errno)
		fail("'%s': %s", command, reason);
}

static int open_file(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		fail("%s", path);
	return fd;
}

void read_header(struct framefreeze_header *header)
{
	int fd = open_file(FILES "header");

	if (read(fd, header, sizeof(*header)) != sizeof(*header))
		fail("a short header");
	close(fd);
}

/* The optimiser waits until every task has been seen outside the text that it changes. */
void wait_for_optimiser(unsigned int slot)
{
	struct framefreeze_header header;
	int tries = 1500;

	do {
		nap(10);
		read_header(&header);
	} while (header.probes[slot].mechanism_now != FRAMEFREEZE_MECHANISM_OPTPROBE && --tries);
	if (!tries)
		fail("not optimised: the text byte is %#x", header.probes[slot].text_byte);
}

bool read_ring_from(int fd, struct ring *ring)
{
	size_t size = (size_t)ring->header.record_size * ring->header.record_count, done = 0;
	ssize_t length;

	ring->records = realloc(ring->records, size);
	while (done < size) {
		length = pread(fd, ring->records + done, size - done, done);
		if (length <= 0)
			return false;
		done += length;
	}
	return true;
}

void read_ring(struct ring *ring)
{
	int fd = open_file(FILES "ring");

	read_header(&ring->header);
	if (!read_ring_from(fd, ring))
		fail("a short ring");
	close(fd);
}

const struct framefreeze_record *record_at(const struct ring *ring, unsigned int slot)
{
	return (const void *)(ring->records + (size_t)slot * ring->header.record_size);
}

void write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC | O_APPEND);

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		fail("%s: '%s'", path, text);
	close(fd);
}

/* The number that `format` finds in the line that begins with `start`; -1 without such a line. */
long find_in_file(const char *path, const char *start, const char *format)
{
	FILE *file = fopen(path, "re");
	char line[512];
	long value = -1;

	if (!file)
		return -1;
	while (value < 0 && fgets(line, sizeof(line), file))
		if (!strncmp(line + strspn(line, " "), start, strlen(start)))
			sscanf(line + strspn(line, " ") + strlen(start), format, &value);
	fclose(file);
	return value;
}

void scan_log(void)
{
	static const char * const bad[] = {
		"WARNING:", "BUG:", "stall", "lockup", "csd: ", "Call Trace", "Oops:",
		"scheduling while", "blocked for more than",
	};
	int fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	char line[8192];
	ssize_t length;
	size_t i;

	for (;;) {
		length = read(fd, line, sizeof(line) - 1);
		if (length < 0 && errno == EPIPE)
			continue; /* overwritten meanwhile */
		if (length <= 0)
			break;
		line[length] = '\0';
		for (i = 0; i < sizeof(bad) / sizeof(*bad); i++)
			if (strstr(line, bad[i]))
				fail("the kernel's log: %s", line);
	}
	close(fd);
}
