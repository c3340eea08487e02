// SPDX-License-Identifier: GPL-2.0
/* Ways of sleeping, each in one syscall, and of running for ever. */
#include <linux/futex.h>
#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "sleeping.h"

static int pipe_end(void)
{
	int ends[2];

	return pipe(ends) ? -1 : ends[0];
}

static void in_nanosleep(void)
{
	struct timespec day = { .tv_sec = 86400 };

	syscall(SYS_nanosleep, &day, NULL);
}

static void in_clock_nanosleep(void)
{
	struct timespec day = { .tv_sec = 86400 };

	syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, &day, NULL);
}

static void in_read(void)
{
	char byte;

	read(pipe_end(), &byte, 1);
}

static void in_write(void)
{
	static char megabyte[1 << 20];
	int ends[2];

	if (pipe(ends) == 0)
		write(ends[1], megabyte, sizeof(megabyte));
}

static void in_poll(void)
{
	struct pollfd fd = { .fd = pipe_end(), .events = POLLIN };

	syscall(SYS_poll, &fd, 1, -1);
}

static void in_pselect6(void)
{
	int fd = pipe_end();
	fd_set set;

	FD_ZERO(&set);
	FD_SET(fd, &set);
	syscall(SYS_pselect6, fd + 1, &set, NULL, NULL, NULL, NULL);
}

static void in_epoll_wait(void)
{
	int epoll = epoll_create1(0);
	struct epoll_event event = { .events = EPOLLIN };

	epoll_ctl(epoll, EPOLL_CTL_ADD, pipe_end(), &event);
	syscall(SYS_epoll_wait, epoll, &event, 1, -1);
}

static void in_futex(void)
{
	int word = 0;

	syscall(SYS_futex, &word, FUTEX_WAIT, 0, NULL, NULL, 0);
}

static void in_pause(void)
{
	syscall(SYS_pause);
}

static void in_wait4(void)
{
	pid_t child = fork();

	if (child == 0) {
		prctl(PR_SET_NAME, "wait4-child");
		syscall(SYS_pause);
	}
	syscall(SYS_wait4, child, NULL, 0, NULL);
}

static void in_rt_sigtimedwait(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	syscall(SYS_rt_sigtimedwait, &set, NULL, NULL, 8);
}

static void in_recvfrom(void)
{
	char byte;
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0)
		recv(ends[0], &byte, 1, 0);
}

/* Stopped while it delivers a signal: no longer -ENOSYS in ax. */
static void in_stop(void)
{
	raise(SIGSTOP);
}

/* Runs in user mode for ever: an interrupt's frame at the top of its stack. */
void in_loop(void)
{
	for (;;)
		__asm__ volatile("pause");
}

static void in_int80_pause(void)
{
	long ax = 29; /* pause in the 32-bit table; shmget in the 64-bit one */

	__asm__ volatile("int $0x80" : "+a"(ax) : : "memory", "r8", "r9", "r10", "r11");
}

const struct way ways[] = {
	{ "nanosleep", in_nanosleep, .crowded = true },
	{ "clock_nanosleep", in_clock_nanosleep, .crowded = true },
	{ "read", in_read, .crowded = true },
	{ "write", in_write },
	{ "poll", in_poll, .crowded = true },
	{ "pselect6", in_pselect6, .crowded = true },
	{ "epoll_wait", in_epoll_wait, .crowded = true },
	{ "futex", in_futex, .crowded = true },
	{ "pause", in_pause, .crowded = true },
	{ "wait4", in_wait4 },
	{ "rt_sigtimedwait", in_rt_sigtimedwait, .crowded = true },
	{ "recvfrom", in_recvfrom, .crowded = true },
	{ "stop", in_stop },
	{ "loop", in_loop },
	{ "int80-pause", in_int80_pause, .crowded = true },
};

const size_t number_of_ways = sizeof(ways) / sizeof(ways[0]);
