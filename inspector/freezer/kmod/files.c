// SPDX-License-Identifier: GPL-2.0
/*
 * /proc/framefreeze: control, header, ring; for root alone. In procfs, because there an
 * open file does not pin the module: removing an entry waits for the calls that are in it
 * (proc_entry_rundown(), fs/proc/inode.c), and the module can always be unloaded.
 */
#include <linux/capability.h>
#include <linux/fs.h>
#include <linux/minmax.h>
#include <linux/proc_fs.h>
#include <linux/sched.h>
#include <linux/security.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "framefreeze.h"

#define COMMAND_LEN 256
#define READ_TRIES 4

static struct proc_dir_entry *directory;

static int open_privileged(struct inode *inode, struct file *file)
{
	return capable(CAP_SYS_ADMIN) ? 0 : -EPERM;
}

/* As /proc/kcore: the kernel's memory, of which addresses are a part. */
static int open_memory(struct inode *inode, struct file *file)
{
	return open_privileged(inode, file) ?: security_locked_down(LOCKDOWN_KCORE);
}

static int open_control(struct inode *inode, struct file *file)
{
	int ret = open_privileged(inode, file);
	struct freeze_reason *reason;

	if (ret)
		return ret;
	reason = kzalloc(sizeof(*reason), GFP_KERNEL);
	file->private_data = reason;
	return reason ? 0 : -ENOMEM;
}

static int release_control(struct inode *inode, struct file *file)
{
	kfree(file->private_data);
	return 0;
}

static ssize_t write_control(struct file *file, const char __user *from, size_t length,
			     loff_t *position)
{
	struct freeze_reason *reason = file->private_data;
	char text[COMMAND_LEN];
	int ret;

	if (length >= sizeof(text))
		return freeze_refuse(reason, -ENOBUFS, "a command of %zu bytes; %zu is the most",
				     length, sizeof(text) - 1);
	if (copy_from_user(text, from, length))
		return -EFAULT;
	text[length] = '\0';
	*reason->text = '\0';
	ret = freeze_command(text, reason);
	return ret ?: length;
}

/* Why the last command written here was refused: from wherever the position is. */
static ssize_t read_control(struct file *file, char __user *to, size_t length, loff_t *position)
{
	struct freeze_reason *reason = file->private_data;
	loff_t start = 0;

	return simple_read_from_buffer(to, length, &start, reason->text, strlen(reason->text));
}

static ssize_t read_header(struct file *file, char __user *to, size_t length, loff_t *position)
{
	if (!*position) {
		mutex_lock(&freeze_lock);
		freeze_refresh();
		mutex_unlock(&freeze_lock);
	}
	return simple_read_from_buffer(to, length, position, &framefreeze_header,
				       sizeof(framefreeze_header));
}

/* Whole, or with an odd sequence number. */
static int copy_record(char __user *to, const struct framefreeze_record *record)
{
	u32 size = framefreeze_header.record_size;
	int tries;
	u64 seq;

	for (tries = 0; tries < READ_TRIES; tries++) {
		/* Before the copy; the barrier after it is the other half. */
		seq = smp_load_acquire(&record->seq);
		if (copy_to_user(to, record, size))
			return -EFAULT;
		smp_rmb(); /* the copy before the second look */
		if (!(seq & 1) && READ_ONCE(record->seq) == seq)
			return 0;
		cpu_relax();
	}
	return put_user(seq | 1, (u64 __user *)to);
}

static ssize_t read_ring(struct file *file, char __user *to, size_t length, loff_t *position)
{
	const struct framefreeze_header *header = &framefreeze_header;
	u64 size = (u64)header->record_count * header->record_size;
	size_t done = 0;
	int ret;

	if (*position % header->record_size || length < header->record_size)
		return -EINVAL;
	while (*position < size && done + header->record_size <= length) {
		ret = copy_record(to + done, (void *)header->records + *position);
		if (ret)
			return done ?: ret;
		done += header->record_size;
		*position += header->record_size;
		if (signal_pending(current))
			break;
		cond_resched();
	}
	return done;
}

static const struct proc_ops control_ops = {
	.proc_open = open_control,
	.proc_read = read_control,
	.proc_write = write_control,
	.proc_lseek = noop_llseek,
	.proc_release = release_control,
};

static const struct proc_ops header_ops = {
	.proc_open = open_memory,
	.proc_read = read_header,
	.proc_lseek = default_llseek,
};

static const struct proc_ops ring_ops = {
	.proc_open = open_memory,
	.proc_read = read_ring,
	.proc_lseek = default_llseek,
};

int freeze_make_files(void)
{
	directory = proc_mkdir_mode(KBUILD_MODNAME, 0500, NULL);
	if (!directory)
		return -ENOMEM;
	if (proc_create("header", 0400, directory, &header_ops) &&
	    proc_create("ring", 0400, directory, &ring_ops) &&
	    proc_create("control", 0600, directory, &control_ops))
		return 0;
	freeze_remove_files();
	return -ENOMEM;
}

void freeze_remove_files(void)
{
	proc_remove(directory);
}
