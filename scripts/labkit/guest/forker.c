// SPDX-License-Identifier: GPL-2.0
/* Calls fork(2) itself: glibc's fork() is clone(2), and never reaches the handler of 57. */
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

int main(void)
{
	raise(SIGSTOP); /* until the probes are in place */
	for (;;) {
		long child = syscall(SYS_fork);

		if (child == 0)
			_exit(0);
		if (child < 0 || waitpid(child, NULL, 0) != child)
			return 1;
		usleep(10000);
	}
}
