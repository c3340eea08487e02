// SPDX-License-Identifier: GPL-2.0
/*
 * Plants secrets wherever a kernel keeps other people's data, each a string that stands
 * nowhere else; tests/guest/test_secrets.py reads them from this file. Ends when all are there.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#define FREED_STACKS 64

static void check(int result)
{
	if (result < 0) {
		fprintf(stderr, "secrets: %s\n", strerror(errno));
		_exit(1);
	}
}

static void planted(const char *file, const char *secret)
{
	int fd = open(file, O_WRONLY | O_CREAT, 0600);

	check(fd);
	check(write(fd, secret, strlen(secret)));
	close(fd);
}

static socklen_t abstract(struct sockaddr_un *address, const char *name)
{
	memset(address, 0, sizeof(*address));
	address->sun_family = AF_UNIX;
	strcpy(address->sun_path + 1, name);
	return offsetof(struct sockaddr_un, sun_path) + 1 + strlen(name);
}

/* __sys_connect() holds the address on its stack, and waits: the backlog is full. */
static void sleep_with_secret_on_stack(void)
{
	struct sockaddr_un address;
	socklen_t size = abstract(&address, "S3CRET-live-stack-0e5b41c2");
	int server = socket(AF_UNIX, SOCK_STREAM, 0);

	check(bind(server, (void *)&address, size));
	check(listen(server, 0));
	for (;;)
		connect(socket(AF_UNIX, SOCK_STREAM, 0), (void *)&address, size);
}

static void *leave_secret_on_stack(void *unused)
{
	struct sockaddr_un address;
	socklen_t size = abstract(&address, "S3CRET-freed-stack-7d20f3a8");

	connect(socket(AF_UNIX, SOCK_STREAM, 0), (void *)&address, size);
	return unused;
}

static void free_stacks(void)
{
	pthread_t threads[FREED_STACKS];

	for (int i = 0; i < FREED_STACKS; i++)
		check(-pthread_create(&threads[i], NULL, leave_secret_on_stack, NULL));
	for (int i = 0; i < FREED_STACKS; i++)
		pthread_join(threads[i], NULL);
}

static unsigned long word(const char *eight)
{
	unsigned long value;

	memcpy(&value, eight, sizeof(value));
	return value;
}

/* In registers while it sleeps, or while it runs. */
static void with_registers(int running)
{
	unsigned long one = word("S3CRETr1"), two = word("S3CRETr2"), three = word("S3CRETr3");

	asm volatile("mov %0, %%rbx; mov %1, %%r12; mov %2, %%r13; movq %%r12, %%xmm7\n"
		     "mov %1, %%r14; mov %2, %%r15; mov %0, %%rdx; mov %1, %%r8\n"
		     "1: test %3, %3; jnz 1b\n"
		     "mov $34, %%eax; syscall\n" /* pause */
		     :
		     : "r"(one), "r"(two), "r"(three), "r"((long)running)
		     : "rax", "rbx", "rcx", "rdx", "r8", "r11", "r12", "r13", "r14", "r15", "xmm7",
		       "memory");
}

static void slabs(void)
{
	struct { long type; char text[64]; } message = { 1, "S3CRET-message-queue-c81f6e03" };
	int pair[2], pipe_ends[2];

	check(syscall(SYS_add_key, "user", "mine", "S3CRET-key-3b94d7f1", 19, -4));
	check(msgsnd(msgget(IPC_PRIVATE, 0600), &message, sizeof(message.text), 0));
	check(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
	check(write(pair[0], "S3CRET-socket-buffer-59a2e06d", 29));
	check(pipe(pipe_ends));
	check(write(pipe_ends[1], "S3CRET-pipe-buffer-e47c1b92", 27));
}

static void child(void (*act)(void))
{
	pid_t pid = fork();

	check(pid);
	if (pid == 0) {
		act();
		for (;;)
			pause();
	}
}

static void asleep(void) { with_registers(0); }
static void running(void) { with_registers(1); }
static void named(void) { prctl(PR_SET_NAME, "S3CRET-name-41"); }

static void in_heap(void)
{
	char *heap = strdup("S3CRET-heap-a6f03d58");

	mlock(heap, strlen(heap));
}

static void with_environment(void)
{
	char *argv[] = { "secrets", "S3CRET-argument-18c7e5b4", NULL };
	char *env[] = { "PASSWORD=S3CRET-environment-f2906ad3", NULL };

	execve("/proc/self/exe", argv, env);
	_exit(1);
}

int main(int argc, char **argv)
{
	if (argc > 1 && strstr(argv[1], "argument"))
		for (;;)
			pause();
	planted("/tmp/file", "S3CRET-page-cache-60d8b2e7");
	planted("/dev/kmsg", "S3CRET-kernel-log-9c35a1f4\n");
	free_stacks();
	child(sleep_with_secret_on_stack);
	child(asleep);
	child(running);
	child(named);
	child(in_heap);
	child(slabs);
	child(with_environment);
	sleep(1);
	return 0;
}
