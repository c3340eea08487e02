// SPDX-License-Identifier: GPL-2.0
/*
 * /dev/mishap takes "WORD" or "WORD PLACE": what is to happen, and where. Without
 * a place it happens in the process that writes. The parameter `fault` is a word
 * for the module's own init function.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "mishap.h"

static char *fault;
module_param(fault, charp, 0444);

static void (*find_mishap(const char *word))(void)
{
	const struct mishap *mishap;

	for (mishap = mishap_complaints; mishap->word; mishap++)
		if (!strcmp(word, mishap->word))
			return mishap->happen;
	for (mishap = mishap_faults; mishap->word; mishap++)
		if (!strcmp(word, mishap->word))
			return mishap->happen;
	return NULL;
}

static int obey(char *line)
{
	char *word = strsep(&line, " ");
	const struct mishap_place *place;
	void (*happen)(void);

	happen = find_mishap(word);
	if (!happen)
		return -EINVAL;
	if (!line) {
		happen();
		return 0;
	}
	for (place = mishap_places; place->word; place++) {
		if (!strcmp(line, place->word)) {
			place->take(happen);
			return 0;
		}
	}
	return -EINVAL;
}

static ssize_t mishap_write(struct file *file, const char __user *from, size_t size, loff_t *at)
{
	char line[32] = "";

	if (!size || size >= sizeof(line))
		return -EINVAL;
	if (copy_from_user(line, from, size))
		return -EFAULT;
	return obey(strim(line)) ?: size;
}

static const struct file_operations mishap_operations = {
	.owner = THIS_MODULE,
	.write = mishap_write,
};

static struct miscdevice mishap_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "mishap",
	.fops = &mishap_operations,
};

static int __init mishap_init(void)
{
	void (*happen)(void) = fault ? find_mishap(fault) : NULL;
	int error = mishap_complaints_init() ?: mishap_places_init() ?: mishap_witness_init();

	if (error)
		return error;
	if (happen)
		happen();
	error = misc_register(&mishap_device);
	if (error)
		mishap_witness_exit();
	return error;
}

/* No exit: what a place has registered stays. */
module_init(mishap_init);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Makes a kernel complain, or die");
