// SPDX-License-Identifier: GPL-2.0
/*
 * /dev/framelab takes one command a write:
 *
 *	reserve			whether the writer may be held in a kretprobe
 *	climb STEP...		the writer climbs, and its CPU is never seen again
 *	strike CPU STEP...	the first step befalls that CPU, which climbs on
 *	know PID ORIGIN		the frame at the top of that task's stack
 *	threads			kernel threads have no frame at the top of their stacks
 *	dead			the writer sleeps above frames of traps that have returned
 *	hole			the same, the frames inside its local variables
 *	failed WHY		told, with the steps that did not get where they should
 *
 * The last CPU to be held tells the truth over the second serial port.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/pid.h>
#include <linux/sched/task_stack.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "compat.h"
#include "framelab.h"

/* The driver waits until it has grown. */
static int held_get(char *buffer, const struct kernel_param *param)
{
	return sprintf(buffer, "%d\n", atomic_read(&framelab_held));
}

static const struct kernel_param_ops held_ops = { .get = held_get };
module_param_cb(held, &held_ops, NULL, 0444);

static int know(char *arguments)
{
	char *pid_text = strsep(&arguments, " ");
	struct task_struct *task;
	int pid;

	if (kstrtoint(pid_text, 0, &pid) || !arguments)
		return -EINVAL;
	task = get_pid_task(find_vpid(pid), PIDTYPE_PID);
	if (!task)
		return -ESRCH;
	framelab_frame(arguments, task_pt_regs(task), task);
	put_task_struct(task);
	return 0;
}

static int obey(char *line)
{
	char *command = strsep(&line, " ");

	if (!strcmp(command, "climb"))
		framelab_climb(line ?: "");
	if (!strcmp(command, "strike") && line)
		return framelab_strike(line);
	if (!strcmp(command, "know") && line)
		return know(line);
	if (!strcmp(command, "reserve"))
		return framelab_reserve(current) ? 0 : -EAGAIN;
	if (!strcmp(command, "threads"))
		framelab_know_kernel_threads();
	else if (!strcmp(command, "failed"))
		framelab_tell_failure(line ?: "");
	else if (!strcmp(command, "dead"))
		framelab_sleep_over_dead_frames(0);
	else if (!strcmp(command, "hole"))
		framelab_sleep_over_dead_frames(7);
	else
		return -EINVAL;
	return 0;
}

static ssize_t framelab_write(struct file *file, const char __user *from, size_t size, loff_t *at)
{
	char *line = memdup_user_nul(from, size);
	int ret;

	if (IS_ERR(line))
		return PTR_ERR(line);
	ret = obey(line);
	kfree(line);
	return ret ?: size;
}

static const struct file_operations framelab_fops = {
	.owner = THIS_MODULE,
	.write = framelab_write,
};

static struct miscdevice framelab_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "framelab",
	.fops = &framelab_fops,
};

/* No exit: what is held cannot be let go. A failed start ends the guest, too. */
static int __init framelab_init(void)
{
	return framelab_probes_init() ?: framelab_ftrace_init() ?: framelab_traps_init() ?:
	       framelab_interrupts_init() ?: misc_register(&framelab_device);
}

module_init(framelab_init);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Frames of every origin, made on purpose");
