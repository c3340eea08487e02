// SPDX-License-Identifier: GPL-2.0
/* Fixtures that sleep in a syscall, each by another way in. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "zoo.h"

static void run_pause(void)
{
	syscall(SYS_pause);
}

static void make_pause(void)
{
	asleep("pause", run_pause, "S", "syscall");
}

/* 29 is pause in the 32-bit table; shmget in the 64-bit one. */
static void run_int80(void)
{
	long ax = 29;

	__asm__ volatile("int $0x80" : "+a"(ax) : : "memory", "r8", "r9", "r10", "r11");
}

static void make_int80(void)
{
	asleep("int80", run_int80, "S", "int80");
}

struct far_pointer {
	unsigned int offset;
	unsigned short segment;
} __attribute__((packed));

/* Far-jumps into 32-bit code: mov $29, %eax, and then the bytes that are given. */
static void run_32_bit(const unsigned char *enter)
{
	unsigned char code[] = { 0xb8, 29, 0, 0, 0, enter[0], enter[1], 0xf4 };
	unsigned char *low = mmap(NULL, 8192, PROT_READ | PROT_WRITE | PROT_EXEC,
				  MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);

	if (low == MAP_FAILED)
		fail("low memory");
	memcpy(low, code, sizeof(code));
	*(struct far_pointer *)(low + 4096) = (struct far_pointer){ (unsigned long)low, 0x23 };
	/* No far return: emulated, that reads the stack as the kernel would, against SMAP. */
	__asm__ volatile("movq %0, %%rsp\n\tmovl %%esp, %%ebp\n\tljmpl *(%%rsp)"
			 : : "r"(low + 4096) : "memory");
}

static void run_int80_compat(void)
{
	run_32_bit((const unsigned char[]){ 0xcd, 0x80 });
}

static void make_int80_compat(void)
{
	asleep("int80-compat", run_int80_compat, "S", "int80");
}

static void run_syscall32(void)
{
	run_32_bit((const unsigned char[]){ 0x0f, 0x05 });
}

static void make_syscall32(void)
{
	asleep("syscall32", run_syscall32, "S", "syscall32");
}

static void run_sysenter(void)
{
	run_32_bit((const unsigned char[]){ 0x0f, 0x34 });
}

static void make_sysenter(void)
{
	asleep("sysenter", run_sysenter, "S", "syscall32");
}

static void run_vfork(void)
{
	if (vfork() == 0)
		for (;;)
			syscall(SYS_pause);
}

static void make_vfork(void)
{
	pid_t pid = spawn("vfork", run_vfork), child = 0;
	char path[64], text[32] = "";

	wait_for_state(pid, "D");
	know(pid, "syscall");
	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", pid, pid);
	int file = open(path, O_RDONLY);

	if (read(file, text, sizeof(text) - 1) > 0)
		child = atoi(text);
	close(file);
	if (!child)
		fail("vfork's child");
	wait_for_state(child, "S");
	know(child, "syscall");
}

const struct fixture syscall_fixtures[] = {
	{ "pause", make_pause },
	{ "int80", make_int80 },
	{ "int80-compat", make_int80_compat },
	{ "syscall32", make_syscall32 },
	{ "sysenter", make_sysenter },
	{ "vfork", make_vfork },
	{}
};
