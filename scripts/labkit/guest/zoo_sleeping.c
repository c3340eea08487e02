// SPDX-License-Identifier: GPL-2.0
/* Fixtures that sleep in a fault or in the module, workers, and what leaves dead frames. */
#define _GNU_SOURCE
#include <dirent.h>
#include <linux/io_uring.h>
#include <linux/userfaultfd.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "zoo.h"

/* FAULT_PAGE, whose faults nobody will answer. */
static void hold_faults(void)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register page = {
		.range = { FAULT_PAGE, 4096 },
		.mode = UFFDIO_REGISTER_MODE_MISSING,
	};
	int fd = syscall(SYS_userfaultfd, 0);

	if (mmap((void *)FAULT_PAGE, 4096, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED ||
	    ioctl(fd, UFFDIO_API, &api) || ioctl(fd, UFFDIO_REGISTER, &page))
		fail("userfaultfd");
}

/* The module sees the faults of that page itself: nothing to say of them. */
static void run_user_fault(void)
{
	hold_faults();
	*(volatile char *)FAULT_PAGE = 1;
}

static void make_user_fault(void)
{
	wait_for_state(spawn("user-fault", run_user_fault), "SD");
}

static void run_kernel_fault(void)
{
	int ends[2];

	hold_faults();
	if (pipe(ends) == 0)
		write(ends[1], (const void *)FAULT_PAGE, 1);
}

static void make_kernel_fault(void)
{
	asleep("kernel-fault", run_kernel_fault, "SD", "syscall");
}

static void run_sqpoll(void)
{
	struct io_uring_params params = { .flags = IORING_SETUP_SQPOLL, .sq_thread_idle = 1 };

	if (syscall(SYS_io_uring_setup, 4, &params) < 0)
		fail("io_uring_setup");
	syscall(SYS_pause);
}

/* The kernel's thread in a user's process. */
static void make_worker(void)
{
	pid_t pid = spawn("sqpoll", run_sqpoll);
	char path[64];
	struct dirent *entry;

	wait_for_state(pid, "S");
	know(pid, "syscall");
	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	DIR *tasks = opendir(path);

	while (tasks && (entry = readdir(tasks))) {
		int thread = atoi(entry->d_name);

		if (thread && thread != pid) {
			wait_for_state(thread, "S");
			know(thread, "worker");
		}
	}
	closedir(tasks);
}

static void run_dead(void)
{
	command("dead");
}

static void run_hole(void)
{
	command("hole");
}

static void make_dead(void)
{
	asleep("dead", run_dead, "D", "syscall");
}

static void make_hole(void)
{
	asleep("hole", run_hole, "D", "syscall");
}

const struct fixture sleeping_fixtures[] = {
	{ "user-fault", make_user_fault },
	{ "kernel-fault", make_kernel_fault },
	{ "worker", make_worker },
	{ "dead", make_dead },
	{ "hole", make_hole },
	{}
};
